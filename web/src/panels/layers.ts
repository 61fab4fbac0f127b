/** The tree of layers with their legends: what is on the map, and what it means. */

import type { Catalogue, Group, Layer, Section, Side } from "../catalogue";
import { layersOf, plansOf, twinOf } from "../catalogue";
import type { Child } from "../dom";
import { el, icon, ICONS } from "../dom";
import { choosingPlan } from "../sides";
import type { State } from "../state";
import { comparable, drawnAnywhere, layerOn, sectionOn, switching, switchingSection, switchOf } from "../state";
import { swatch } from "../swatch";
import { moment } from "../values";
import { known, pick, say } from "../words";
import type { Desk, Panel } from "./panel";

/** So many letters of choices fit into a row of buttons; more become a list. */
const ROW = { zh: 15, en: 30 } as const;
/** From so many classes on a legend has two columns, where its labels are short. */
const COLUMNS = 5;
const SHORT = { zh: 8, en: 17 } as const;

export function layersPanel(desk: Desk): Panel {
  const { store } = desk;

  function draw(target: HTMLElement): void {
    const catalogue = desk.catalogue();
    const state = store.now;
    const plans = plansOf(catalogue);
    target.replaceChildren();
    if (!catalogue.sections.length) target.append(el("p", { class: "note" }, say("empty", state.lang)));
    if (plans.length) target.append(planChoice(plans, state));
    for (const section of catalogue.sections) {
      if (section.source === "plan" && section.id !== state.plan) continue;
      target.append(sectionNode(catalogue, state, section, plans.length > 0));
    }
    fadeDistant(target, state);
  }

  // ── plans ──

  function planChoice(plans: readonly Section[], state: State): HTMLElement {
    const line = (id: string, ...words: Child[]): HTMLElement =>
      el("label", { class: "choice" },
        el("input", { type: "radio", name: "plan", "data-key": `plan-${id}`, ...(state.plan === id && { checked: true }),
          onchange: () => choosePlan(id) }), words);  // prettier-ignore
    return el("fieldset", { class: "plans" },
      el("legend", {}, say("plans", state.lang)),
      plans.map((plan) => line(plan.id,
        el("span", { class: "choice-name" }, pick(plan.title, state.lang)), stateChip(plan, state),
        plan.at && el("span", { class: "when" }, moment(plan.at, state.lang)))),
      line("", el("span", { class: "choice-name" }, say("plan_none", state.lang))),
      state.plan !== "" && el("button", { type: "button", class: "onward", "data-key": "plan-more", onclick: () => store.set({ tab: "plan" }) },
        say("plan_more", state.lang), icon(ICONS.right, 14)));  // prettier-ignore
  }

  function choosePlan(id: string): void {
    const next = { ...store.now, ...choosingPlan(store.now, id) };
    store.set({ plan: next.plan, left: next.left, view: comparable(desk.catalogue(), next) ? next.view : "after" });
  }

  // ── sections and groups ──

  function sectionNode(catalogue: Catalogue, state: State, section: Section, titled: boolean): HTMLElement {
    const { lang } = state;
    const asked = !["plan", "study", "rasters"].includes(section.source);
    const on = sectionOn(catalogue, state, section.id);
    const groups = section.groups.map((group) => groupNode(catalogue, state, section, group)).filter((each) => each !== null);
    const heading = asked
      ? el("label", { class: "section-head" },
          el("input", { type: "checkbox", role: "switch", class: "switch", "data-key": `section-${section.id}`, ...(on && { checked: true }),
            onchange: (event: Event) => turnSection(section, (event.target as HTMLInputElement).checked) }),
          el("span", { class: "section-title" }, el("span", { title: pick(section.title, lang) }, pick(section.title, lang)),
            section.at && el("span", { class: "when" }, moment(section.at, lang))))
      : titled && section.source !== "plan" && groups.length > 0 && el("div", { class: "section-head" }, pick(section.title, lang));  // prettier-ignore
    return el("section", { class: "tree", "data-section": section.id }, heading, (!asked || on) && groups);
  }

  function groupNode(catalogue: Catalogue, state: State, section: Section, group: Group): HTMLElement | null {
    const made: HTMLElement[] = [];
    for (const layer of rowsOf(catalogue, state, group)) {
      const set = alike(catalogue, state, section, layer);
      if (set.length < 2) made.push(layerRow(state, layer));
      else if (set[0] === layer) made.push(choiceOf(state, layer.exclusive, set));
    }
    if (!made.length) return null;
    const key = `${section.id}/${group.id}`;
    return el("details", { class: "group", ...(!folded.has(key) && { open: true }),
      ontoggle: (event: Event) => ((event.target as HTMLDetailsElement).open ? folded.delete(key) : folded.add(key)) },
      el("summary", { "data-key": `group-${key}` }, pick(group.title, state.lang)), made);  // prettier-ignore
  }

  /** The layers of a section of which only one can be shown, in whatever groups they stand; in the order of the tree. */
  function alike(catalogue: Catalogue, state: State, section: Section, layer: Layer): readonly Layer[] {
    if (!layer.exclusive) return [layer];
    return section.groups.flatMap((group) => rowsOf(catalogue, state, group)).filter((each) => each.exclusive === layer.exclusive);
  }
  const folded = new Set<string>();

  /** The layers of a group that have a line now: of twins, one for today and one for the plan, only one. */
  function rowsOf(catalogue: Catalogue, state: State, group: Group): readonly Layer[] {
    const side: Side = state.view === "before" ? "before" : "after";
    const layers = group.layers.flatMap((id) => catalogue.layers[id] ?? []);
    return layers.filter((layer) =>
      layer.side === "" || layer.side === side || (state.view === "swipe" && !twinOf(catalogue, layer)));
  }

  function turnSection(section: Section, on: boolean): void {
    store.set(switchingSection(desk.catalogue(), store.now, section, on));
  }

  // ── layers ──

  function turn(layer: Layer, on: boolean): void {
    store.set(switching(desk.catalogue(), store.now, layer, on));
  }

  function layerRow(state: State, layer: Layer): HTMLElement {
    const on = layerOn(desk.catalogue(), state, layer);
    const lines = layer.legend.filter((each) => pick(each.label, state.lang));
    const alone = layer.legend.length === 1 ? layer.legend[0] : undefined;
    return el("div", { class: "row", ...far(layer) },
      el("label", { class: "check" },
        el("input", { type: "checkbox", "data-key": `layer-${layer.id}`, ...(on && { checked: true }),
          onchange: (event: Event) => turn(layer, (event.target as HTMLInputElement).checked) }),
        alone && swatch(layer, alone),
        el("span", {}, pick(layer.title, state.lang)),
        el("span", { class: "far" }, say("zoom_closer", state.lang))),
      on && layer.geometry === "raster" && opacity(state, layer),
      on && !alone && lines.length > 0 && legend(state, layer));  // prettier-ignore
  }

  /** Layers of which at most one is shown: radio buttons, or a list where there are many. */
  function choiceOf(state: State, key: string, set: readonly Layer[]): HTMLElement {
    const chosen = set.find((layer) => layerOn(desk.catalogue(), state, layer));
    const choose = (layer: Layer | undefined): void => {
      if (layer) turn(layer, true);
      else if (chosen) turn(chosen, false);
    };
    const { lang } = state;
    const words = [...set.map((layer) => [layer, pick(layer.title, lang)] as const), [undefined, say("none", lang)] as const];
    const inputs = words.reduce((sum, [, text]) => sum + text.length, 0) <= ROW[lang]
      ? el("div", { class: "segments", role: "radiogroup", "aria-label": say("colour_by", lang) }, words.map(([layer, text]) =>
          el("label", {}, el("input", { type: "radio", name: `by-${key}`, "data-key": `by-${key}-${layer?.id ?? ""}`, ...(layer === chosen && { checked: true }),
            onchange: () => choose(layer) }), el("span", {}, text))))
      : el("select", { "aria-label": say("colour_by", lang), "data-key": `by-${key}`,
          onchange: (event: Event) => choose(set.find((each) => each.id === (event.target as HTMLSelectElement).value)) },
          words.map(([layer, text]) => el("option", { value: layer?.id ?? "", ...(layer === chosen && { selected: true }) }, text)));  // prettier-ignore
    return el("div", { class: "row by", ...(chosen && far(chosen)) },
      el("div", { class: "by-head" }, el("span", {}, what(set[0], state)), inputs),
      chosen && opacity(state, chosen),
      chosen && legend(state, chosen));  // prettier-ignore
  }

  function opacity(state: State, layer: Layer): HTMLElement {
    const { lang } = state;
    const master = switchOf(desk.catalogue(), state, layer).id;
    const share = Math.round(100 * (state.opacity[master] ?? 1));
    const told = el("output", {}, `${share}%`);
    const set = (event: Event): void => {
      const value = Number((event.target as HTMLInputElement).value);
      told.textContent = `${value}%`;
      const now = { ...store.now.opacity };
      if (value === 100) delete now[master];
      else now[master] = value / 100;
      store.set({ opacity: now });
    };
    return el("label", { class: "opacity" }, el("span", {}, say("opacity", lang)),
      el("input", { type: "range", min: 0, max: 100, step: 5, value: share, "data-key": `opacity-${layer.id}`,
        "aria-label": say("opacity_of", lang, { name: pick(layer.title, lang) }), oninput: set }), told);  // prettier-ignore
  }

  /** Lines that are only seen from near by say so while the map is far. */
  function fadeDistant(target: HTMLElement, state: State): void {
    const zoom = state.camera?.zoom ?? desk.stage?.camera.zoom ?? 0;
    for (const row of target.querySelectorAll<HTMLElement>("[data-from]")) row.classList.toggle("distant", zoom < Number(row.dataset["from"]));
  }

  store.watch(["camera"], (state) => {
    const target = document.querySelector<HTMLElement>("#panel-layers");
    if (target) fadeDistant(target, state);
  });

  return { id: "layers", title: "tab_layers", icon: ICONS.layers, draw };
}

/** A legend of the layers that are drawn now, for the printed sheet. */
export function printedLegend(desk: Desk): HTMLElement {
  const catalogue = desk.catalogue();
  const state = desk.store.now;
  const shown = catalogue.sections.flatMap((section) => layersOf(catalogue, section))
    .filter((layer) => drawnAnywhere(catalogue, state, layer) && layer.legend.some((each) => pick(each.label, state.lang)));  // prettier-ignore
  const seen = new Set<string>();
  const blocks = shown.flatMap((layer) => {
    const twin = twinOf(catalogue, layer);
    if (twin && seen.has(twin.id)) return [];
    seen.add(layer.id);
    return [el("div", { class: "print-block" }, layer.legend.length > 1 && el("b", {}, pick(layer.title, state.lang)), legend(state, layer))];
  });
  return el("div", { class: "print-legend" }, blocks);
}

function legend(state: State, layer: Layer): HTMLElement {
  const { lang } = state;
  const lines = layer.legend.filter((each) => pick(each.label, lang));
  const unit = pick(layer.unit, lang);
  const short = lines.every((each) => pick(each.label, lang).length <= SHORT[lang]);
  return el("ul", { class: lines.length >= COLUMNS && short ? "legend two" : "legend" },
    unit && el("li", { class: "unit" }, unit),
    lines.map((each) => el("li", {}, swatch(layer, each), el("span", {}, pick(each.label, lang)))));  // prettier-ignore
}

/** What is coloured: homes, communities, estates …, by the table that the layers are made from. */
function what(layer: Layer | undefined, { lang }: State): string {
  const frame = (layer?.collection ?? "").split(".").pop()!.replace(/^gap_|_(before|after)$/g, "");
  const word = `of_${frame}`;
  return known(word) ? say("colour_what", lang, { what: say(word, lang) }) : say("colour_by", lang);
}

/** The zoom from which a layer is seen at all. */
function far(layer: Layer): Record<string, number> {
  const from = Math.min(...layer.style.map((part) => part.minzoom ?? 0));
  return Number.isFinite(from) && from > 0 ? { "data-from": from } : {};
}

export function stateChip(section: Section, { lang }: State): HTMLElement | null {
  const { state: is } = section;
  if (!is) return null;
  const word = `state_${is}`;
  return el("span", { class: `chip ${is}` }, known(word) ? say(word, lang) : is);
}
