/** A plan in figures and words: how large its communities are against the limits, what it does; or two plans compared. */

import type { Section } from "../catalogue";
import { plansOf, sectionOf } from "../catalogue";
import type { Child } from "../dom";
import { el, ICONS, refill, steps } from "../dom";
import { actionsList } from "../plans/actions";
import type { PlanFacts, Reading } from "../plans/book";
import { PlanBook } from "../plans/book";
import type { Sort } from "../plans/communities";
import { communitiesTable } from "../plans/communities";
import { differences } from "../plans/differences";
import { comparedFigures, planFigures, planTerms } from "../plans/figures";
import { blocksOf, changedOf } from "../plans/measures";
import type { Compared, PlanTexts } from "../plans/told";
import { choosingPlan, choosingSide, plansCompared, sidesOf, TODAY } from "../sides";
import type { State } from "../state";
import { comparable } from "../state";
import { moment, number } from "../values";
import type { Word } from "../words";
import { pick, say } from "../words";
import { stateChip } from "./layers";
import type { Desk, Panel } from "./panel";

const NOT_COMPARED = "-";
/** What the server answers where plans were made of other blocks: nothing can be compared block by block. */
const OTHER_BLOCKS = { is: "refused", status: 422 } as const;

export function planPanel(desk: Desk): Panel {
  const { store } = desk;
  let target: HTMLElement | null = null;
  let sort: Sort = { by: "households", up: false };
  let termsOpen = false;
  const book = new PlanBook(desk.server, () => {
    if (target?.isConnected && !target.hidden) draw(target);
  });

  function draw(into: HTMLElement): void {
    target = into;
    const state = store.now;
    const catalogue = desk.catalogue();
    const plans = plansOf(catalogue);
    const plan = sectionOf(catalogue, state.plan);
    const compared = plansCompared(state);
    const [left, right] = (compared ?? []).map((id) => sectionOf(catalogue, id));
    if (!plans.length) refill(into, nothing(state));
    else if (!plan) refill(into, el("p", { class: "note" }, say("plan_choose", state.lang)), el("ul", { class: "plan-list" }, plans.map((each) => offer(each, state))));
    else if (left && right) refill(into, heads([left, right], state), comparing(plans, state), known(both(left, right), state, (all) => comparison(all, left, right, state)));
    else refill(into, heads([plan], state), comparing(plans, state), known(book.facts(plan), state, (facts) => measures(facts, plan, state)));
    into.querySelectorAll<HTMLElement>("table, .actions, .pairs").forEach(steps);
  }

  // ── which plan ──

  function nothing({ lang }: State): Child {
    return el("div", { class: "nothing" }, el("h2", {}, say("plan_nothing", lang)), el("p", {}, say("plan_nothing_text", lang)));
  }

  function offer(plan: Section, state: State): HTMLElement {
    return el("li", {}, el("button", { type: "button", "data-key": `offer-${plan.id}`, onclick: () => choose(plan.id) },
      el("b", {}, pick(plan.title, state.lang)), stateChip(plan, state), plan.at && el("span", { class: "when" }, moment(plan.at, state.lang))));
  }  // prettier-ignore

  function heads(plans: readonly Section[], state: State): Child {
    const { lang } = state;
    const side = (n: number): Child => plans.length > 1 && el("span", { class: "side" }, say(n ? "right" : "left", lang));
    return plans.map((plan, n) => el("div", { class: "plan-head" },
      side(n), el("strong", {}, pick(plan.title, lang)), stateChip(plan, state),
      el("span", { class: "when" }, [
        plan.review_number && say("review", lang, { n: plan.review_number }), plan.at && moment(plan.at, lang)].filter(Boolean).join(" · "))));
  }  // prettier-ignore

  /** Another plan to look at, and what to compare it with; in the swipe this is chosen on the map. */
  function comparing(plans: readonly Section[], state: State): Child {
    const { lang } = state;
    if (state.view === "swipe" && desk.stage) return null;
    const { left, right } = sidesOf(state);
    const against = state.view !== "swipe" ? NOT_COMPARED : right === TODAY ? TODAY : left;
    const choice = (key: string, label: string, value: string, options: readonly (readonly [string, string])[], act: (id: string) => void): Child =>
      el("label", {}, el("span", {}, label), el("select", { "data-key": key, onchange: (event: Event) => act((event.target as HTMLSelectElement).value) },
        options.map(([id, text]) => el("option", { value: id, ...(id === value && { selected: true }) }, text))));
    const named = plans.map((each) => [each.id, pick(each.title, lang) || each.result] as const);
    return el("div", { class: "plan-choice" },
      plans.length > 1 && choice("plan-of", say("after", lang), state.plan, named, choose),
      comparable(desk.catalogue(), state) && choice("plan-against", say("compare_with", lang), against,
        [[NOT_COMPARED, say("compare_not", lang)], [TODAY, say("before", lang)], ...named.filter(([id]) => id !== state.plan)], compare));
  }  // prettier-ignore

  function choose(id: string): void {
    store.set(choosingPlan(store.now, id));
  }

  function compare(id: string): void {
    const { plan, left } = store.now;
    const mirrored = left === plan;
    if (id === NOT_COMPARED) store.set({ view: "after", left: TODAY });
    else store.set({ ...(mirrored ? { left: id } : choosingSide(store.now, "left", id)), view: "swipe" });
    document.querySelector<HTMLElement>("[data-key=side-left]")?.focus();
  }

  // ── what is known ──

  /** Draw what was asked for, or say why it is not there. */
  function known<T>(reading: Reading<T>, { lang }: State, shown: (value: T) => Child, waiting: Word = "reading"): Child {
    switch (reading.is) {
      case "reading": return el("p", { class: "note", role: "status" }, say(waiting, lang));
      case "read": return shown(reading.value);
      case "unreachable": return el("p", { class: "note", role: "alert" }, say("no_server", lang));
      case "refused": {
        if (reading.status === OTHER_BLOCKS.status) return el("p", { class: "note" }, say("compare_other_blocks", lang));
        const closed = [401, 403, 404, 410].includes(reading.status);
        return el("p", { class: "note", role: "alert" }, closed ? say("plan_closed", lang) : say("server_error", lang, { status: reading.status }));
      }
    }
  }

  interface Both {
    readonly left: PlanFacts;
    readonly right: PlanFacts;
    readonly told: Reading<Compared>;
  }

  function both(left: Section, right: Section): Reading<Both> {
    const [first, second] = [book.facts(left), book.facts(right)];
    if (first.is !== "read") return first;
    if (second.is !== "read") return second;
    const told = blocksOf(first.value) === blocksOf(second.value) ? book.compared(left, right) : OTHER_BLOCKS;
    return { is: "read", value: { left: first.value, right: second.value, told } };
  }

  // ── one plan, two plans ──

  function measures(facts: PlanFacts, section: Section, state: State): Child {
    const { lang } = state;
    const { plan } = facts;
    const changed = changedOf(facts);
    const here = (table: string): string => (state.selected?.collection === `${section.id}.${table}` ? state.selected.id : "");
    const doing = (texts: PlanTexts): Child => {
      const { count, node } = actionsList({
        facts, texts, lang, selected: here("moves") ? `moves/${here("moves")}` : `communities/${here("communities")}`,
        onVisit: (table, id) => visit(section, table, id),
      });
      return [
        el("h2", {}, say("plan_actions", lang), el("span", { class: "tally" }, number(count))),
        count ? node : el("p", { class: "note" }, say("plan_no_actions", lang)),
      ];
    };
    return [
      el("p", { class: "limits" }, say("plan_limits", lang, { min: number(plan.min_households), max: number(plan.max_households), target: number(plan.target_households) }),
        plan.max_people != null && (lang === "zh" ? "" : " ") + say("plan_limits_people", lang, { n: number(plan.max_people) })),
      planFigures(facts, lang),
      changed && el("p", { class: "changed" }, changed.share === null ? say("plan_changes", lang, { n: number(changed.households) })
        : say("plan_changes_share", lang, { n: number(changed.households), share: number(100 * changed.share, 1) })),
      plan.violations.length > 0 && [
        el("h2", {}, say("plan_violations", lang), el("span", { class: "tally" }, number(plan.violations.length))),
        el("ul", { class: "broken" }, plan.violations.map((each, n) => el("li", {}, el("button", {
          type: "button", class: "go", "data-key": `broken-${n}`, title: say("on_map", lang), onclick: () => visit(section, "communities", each.community_id) },
          pick({ zh: each.text_zh, en: each.text_en }, lang)))))],
      el("h2", {}, say("plan_against", lang), el("span", { class: "tally" }, number(plan.communities.length))),
      communitiesTable({
        facts, lang, sort, selected: here("communities"), limits: desk.catalogue().layers[`${section.id}.communities_limits`],
        onSort: (by) => { sort = by; if (target) draw(target); }, onVisit: (id) => visit(section, "communities", id) }),
      known(book.texts(section, facts), state, doing, "plan_wording"),
      plan.notes.length > 0 && el("ul", { class: "notes" }, plan.notes.map((each) => el("li", {}, pick(each, lang)))),
      el("details", { class: "group", ...(termsOpen && { open: true }), ontoggle: (event: Event) => { termsOpen = (event.target as HTMLDetailsElement).open; } },
        el("summary", { "data-key": "terms" }, say("plan_terms", lang)), planTerms(facts, lang)),
    ];
  }  // prettier-ignore

  function comparison({ left, right, told }: Both, first: Section, second: Section, state: State): Child {
    const { lang } = state;
    const names = [first, second].map((each) => pick(each.title, lang) || each.result) as [string, string];
    const onVisit = (side: "left" | "right", id: string): void => visit(side === "left" ? first : second, "communities", id);
    return [
      comparedFigures(left, right, names, lang),
      known(told, state, (value) => differences({ told: value, left, right, names, lang, onVisit })),
    ];
  }

  function visit(section: Section, table: string, id: string): void {
    const layer = desk.catalogue().layers[`${section.id}.${table}`];
    if (layer) desk.visit(layer, id, true);
  }

  return { id: "plan", title: "tab_plan", icon: ICONS.plan, draw, edited: (collections) => book.forget(collections) };
}
