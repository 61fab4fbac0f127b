/** What the page shows: one value, changed in one place, watched by whoever draws a part of it. */

import type { Catalogue, Lang, Layer, Section } from "./catalogue";
import { isGround, layersOf, masterOf, plansOf, sectionOf } from "./catalogue";
import type { Shown } from "./sides";
import { plansShown, shownOf, TODAY } from "./sides";

export type View = "before" | "after" | "swipe";

export interface Camera {
  readonly lng: number;
  readonly lat: number;
  readonly zoom: number;
}

export interface Selection {
  readonly collection: string;
  readonly id: string;
}

export interface State {
  readonly lang: Lang;
  /** null: the whole study. */
  readonly camera: Camera | null;
  /** Section of the plan that is shown; empty for none. */
  readonly plan: string;
  readonly view: View;
  /** What the swipe has at the left: today, or section of a plan; when it is the plan itself, today is at the right. */
  readonly left: string;
  /** Where the swipe stands, from 0 at the left to 1. */
  readonly swipe: number;
  /** Sections and layers switched on or off by hand, by id; what is absent is as the catalogue has it. */
  readonly switched: Readonly<Record<string, boolean>>;
  /** Layer → its opacity, where it is not whole. */
  readonly opacity: Readonly<Record<string, number>>;
  readonly selected: Selection | null;
  readonly tab: string;
  /** What the list lists: id of a layer; empty for the first there is. */
  readonly listed: string;
  /** The panel is unfolded. */
  readonly open: boolean;
}

export const FIRST: State = {
  lang: "zh", camera: null, plan: "", view: "after", left: TODAY, swipe: 0.5, switched: {}, opacity: {}, selected: null,
  tab: "layers", listed: "", open: true,
};

type Watcher = (state: State, before: State) => void;

/** Holds the state. Watchers are told once after each change of something they watch. */
export class Store {
  #state: State;
  readonly #watchers: { readonly keys: readonly (keyof State)[]; readonly told: Watcher }[] = [];

  constructor(state: State) {
    this.#state = state;
  }

  get now(): State {
    return this.#state;
  }

  set(patch: Partial<State>): void {
    const before = this.#state;
    const after = { ...before, ...patch };
    const changed = (Object.keys(patch) as (keyof State)[]).filter((key) => before[key] !== after[key]);
    if (!changed.length) return;
    this.#state = after;
    for (const { keys, told } of this.#watchers) if (keys.some((key) => changed.includes(key))) told(this.#state, before);
  }

  watch(keys: readonly (keyof State)[], told: Watcher): void {
    this.#watchers.push({ keys, told });
  }
}

/** Tell whether a section is on: the plans that are shown, the study itself, rasters, and results switched on by hand. */
export function sectionOn(catalogue: Catalogue, state: State, id: string): boolean {
  const section = sectionOf(catalogue, id);
  if (section === undefined) return false;
  if (section.source === "plan") return plansShown(state).includes(section.id);
  return state.switched[id] ?? (section.source === "study" || section.source === "rasters");
}

/** Return the layer whose switch counts: of twins one for both, and of two plans that are compared the one at the right. */
export function switchOf(catalogue: Catalogue, state: State, layer: Layer): Layer {
  const master = masterOf(catalogue, layer);
  if (!ofAnotherPlan(catalogue, state, master)) return master;
  return catalogue.layers[state.plan + master.id.slice(master.section.length)] ?? master;
}

function ofAnotherPlan(catalogue: Catalogue, state: State, layer: Layer): boolean {
  return layer.section !== state.plan && sectionOf(catalogue, layer.section)?.source === "plan";
}

/** Tell whether a layer is switched on, whatever its section and side. */
export function layerOn(catalogue: Catalogue, state: State, layer: Layer): boolean {
  const master = switchOf(catalogue, state, layer);
  return state.switched[master.id] ?? byItself(state, master);
}

/** Tell whether a layer is on by itself: today's communities only where no plan covers them. */
function byItself(state: State, layer: Layer): boolean {
  return layer.section === "study" && state.plan ? layer.shown : layer.usual;
}

/** Tell whether a layer is drawn on a map that shows this. */
export function drawn(catalogue: Catalogue, state: State, layer: Layer, shown: Shown): boolean {
  if (layer.side !== "" && layer.side !== shown.side) return false;
  const section = sectionOf(catalogue, layer.section);
  if (section?.source === "plan" && section.id !== shown.plan) return false;
  return sectionOn(catalogue, state, layer.section) && layerOn(catalogue, state, layer);
}

/** Tell whether a layer is drawn anywhere. */
export function drawnAnywhere(catalogue: Catalogue, state: State, layer: Layer): boolean {
  return shownOf(state).some((shown) => drawn(catalogue, state, layer, shown));
}

/** Return the patch that switches a layer on or off; where only one of several may be on, the others go off. */
export function switching(catalogue: Catalogue, state: State, layer: Layer, on: boolean): Partial<State> {
  const switched: Record<string, boolean> = { ...state.switched };
  const turn = (each: Layer, yes: boolean): void => {
    if (byItself(state, each) === yes) delete switched[each.id];
    else switched[each.id] = yes;
  };
  const master = switchOf(catalogue, state, layer);
  if (on) for (const each of rivals(catalogue, state, master)) turn(each, false);
  turn(master, on);
  return { switched };
}

/** Return the layers that go off when this one goes on; those of other plans follow the plan that is shown. */
function rivals(catalogue: Catalogue, state: State, layer: Layer): readonly Layer[] {
  const ground = isGround(layer);
  return Object.values(catalogue.layers).filter((each) => each !== layer && masterOf(catalogue, each) === each && !ofAnotherPlan(catalogue, state, each)
    && ((layer.exclusive !== "" && each.exclusive === layer.exclusive) || (ground && isGround(each))));  // prettier-ignore
}

/** Return the patch that switches a section on or off; when the last layer that colours communities goes, theirs return. */
export function switchingSection(catalogue: Catalogue, state: State, section: Section, on: boolean): Partial<State> {
  const switched: Record<string, boolean> = { ...state.switched };
  for (const layer of layersOf(catalogue, section)) if (!on) delete switched[layer.id];
  if (on) switched[section.id] = true;
  else delete switched[section.id];
  let next: State = { ...state, switched };
  if (on) {
    const usual = layersOf(catalogue, section).filter((layer) => layer.usual && isGround(layer));
    for (const layer of usual.slice(0, 1)) next = { ...next, ...switching(catalogue, next, layer, true) };
  }
  const plan = sectionOf(catalogue, state.plan);
  const grounds = (each: Section): readonly Layer[] => layersOf(catalogue, each).filter((layer) => isGround(layer) && layer.side !== "before");
  const any = catalogue.sections.some((each) => sectionOn(catalogue, next, each.id) && grounds(each).some((layer) => layerOn(catalogue, next, layer)));
  if (!on && plan && !any) {
    const back = grounds(plan).find((layer) => layer.usual);
    if (back) next = { ...next, ...switching(catalogue, next, back, true) };
  }
  return { switched: next.switched, view: comparable(catalogue, next) ? next.view : "after" };
}

/** Tell whether what is shown has a state of today to be compared with. */
export function comparable(catalogue: Catalogue, state: State): boolean {
  return Object.values(catalogue.layers).some((layer) => layer.side === "before" && sectionOn(catalogue, state, layer.section));
}

/** Return the state with what the catalogue does not have (any more) left out, and a plan chosen where there is one. */
export function settled(catalogue: Catalogue, state: State, planAsked: boolean): State {
  const plans = plansOf(catalogue);
  const plan = plans.some((each) => each.id === state.plan) ? state.plan : planAsked && !state.plan ? "" : (plans[0]?.id ?? "");
  const left = plan && plans.some((each) => each.id === state.left) ? state.left : TODAY;
  const listed = catalogue.layers[state.listed] ? state.listed : "";
  let made: State = { ...state, plan, left, listed };
  for (const layer of Object.values(catalogue.layers))
    if (state.switched[layer.id] && !ofAnotherPlan(catalogue, made, layer)) made = { ...made, ...switching(catalogue, made, layer, true) };
  return { ...made, view: comparable(catalogue, made) ? state.view : "after" };
}
