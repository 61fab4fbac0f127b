/** What a plan does, in its official words, by the community of today that it is done to; a click lights up the place. */

import type { Lang } from "../catalogue";
import { el } from "../dom";
import { pick, say, sayIfKnown } from "../words";
import type { PlanFacts } from "./book";
import type { CommunityText, MoveText, PlanTexts } from "./told";

export interface ActionsList {
  readonly facts: PlanFacts;
  readonly texts: PlanTexts;
  readonly lang: Lang;
  /** `moves/…` or `communities/…`. */
  readonly selected: string;
  readonly onVisit: (table: "moves" | "communities", id: string) => void;
}

interface Action {
  readonly table: "moves" | "communities";
  readonly id: string;
  readonly text: string;
}

interface Actions {
  readonly key: string;
  readonly name: string;
  readonly fate: string;
  readonly actions: readonly Action[];
}

/** Return how many things a plan does, and the list of them. */
export function actionsList({ facts, texts, lang, selected, onVisit }: ActionsList): { readonly count: number; readonly node: HTMLElement } {
  const groups = groupsOf(facts, texts, lang);
  const item = ({ table, id, text }: Action): HTMLElement => {
    const here = selected === `${table}/${id}`;
    return el("li", {}, el("button", { type: "button", class: here ? "here" : "", "data-key": `action-${table}-${id}`, "data-step": "",
      "aria-pressed": String(here), title: say("on_map", lang), onclick: () => onVisit(table, id) }, text));
  };  // prettier-ignore
  const node = el("div", { class: "actions" }, groups.map(({ name, fate, actions }) =>
    el("section", {},
      el("h3", {}, el("span", {}, name), sayIfKnown(`fate_${fate}`, lang) && el("span", { class: `chip ${fate}` }, sayIfKnown(`fate_${fate}`, lang))),
      el("ul", {}, actions.map(item)))));  // prettier-ignore
  return { count: groups.reduce((sum, group) => sum + group.actions.length, 0), node };
}

/** Communities that land is taken from, those that are given up first; then the new ones. */
function groupsOf({ plan, today }: PlanFacts, texts: PlanTexts, lang: Lang): readonly Actions[] {
  const fates = new Map(today.map((each) => [each.id, each.fate] as const));
  const spoken = (each: CommunityText | MoveText): string => pick({ zh: each.text_zh ?? "", en: each.text_en ?? "" }, lang);
  const kept = new Set(plan.communities.map((each) => each.id));
  const given: Actions[] = texts.today.flatMap((community) => {
    const moves = texts.moves.filter((move) => move.from_id === community.id);
    const fate = fates.get(community.id) || (kept.has(community.id) ? "" : "abolished");
    const actions = moves.map((move): Action => ({ table: "moves", id: move.id, text: spoken(move) }));
    return actions.length ? [{ key: community.id, name: nameOf(community, lang), fate, actions }] : [];
  });
  const there = new Set(texts.today.map((each) => each.id));
  const made: Actions[] = texts.communities.filter((each) => !there.has(each.id)).map((each) => (
    { key: each.id, name: nameOf(each, lang), fate: "created", actions: [{ table: "communities", id: each.id, text: spoken(each) }] }));  // prettier-ignore
  const nobodys = texts.moves.filter((move) => !move.from_id || !there.has(move.from_id));
  const taken: Actions[] = nobodys.length
    ? [{ key: "", name: say("plan_nobodys", lang), fate: "", actions: nobodys.map((move) => ({ table: "moves", id: move.id, text: spoken(move) })) }]
    : [];  // prettier-ignore
  const abolished = (each: Actions): boolean => each.fate === "abolished";
  return [...given.filter(abolished), ...given.filter((each) => !abolished(each)), ...taken, ...made];
}

function nameOf(each: CommunityText, lang: Lang): string {
  return pick({ zh: each.name ?? "", en: each.name_en ?? "" }, lang) || each.id;
}
