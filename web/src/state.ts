/** What the page shows: one value, changed in one place, watched by whoever draws a part of it. */

import type { Catalogue, Lang, Layer, Side } from "./catalogue";
import { hasBefore, plansOf, sectionOf } from "./catalogue";

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
  lang: "zh", camera: null, plan: "", view: "after", swipe: 0.5, switched: {}, opacity: {}, selected: null,
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

/** Tell whether a section is on: the plan that was chosen, the study itself, rasters, and results switched on by hand. */
export function sectionOn(catalogue: Catalogue, state: State, id: string): boolean {
  const section = sectionOf(catalogue, id);
  if (section === undefined) return false;
  if (section.source === "plan") return section.id === state.plan;
  return state.switched[id] ?? (section.source === "study" || section.source === "rasters");
}

/** Tell whether a layer is switched on, whatever its section and side. */
export function layerOn(state: State, layer: Layer): boolean {
  return state.switched[layer.id] ?? layer.shown;
}

/** Tell whether a layer is drawn on this side of the swipe. */
export function drawn(catalogue: Catalogue, state: State, layer: Layer, side: Side): boolean {
  return layerOn(state, layer) && (layer.side === "" || layer.side === side) && sectionOn(catalogue, state, layer.section);
}

/** Tell whether a layer is drawn anywhere. */
export function drawnAnywhere(catalogue: Catalogue, state: State, layer: Layer): boolean {
  return sidesOf(state).some((side) => drawn(catalogue, state, layer, side));
}

export function sidesOf(state: State): readonly Side[] {
  return state.view === "swipe" ? ["before", "after"] : [state.view];
}

/** Return the patch that switches a layer on or off; where only one of several may be on, the others go off. */
export function switching(catalogue: Catalogue, state: State, layer: Layer, on: boolean): Partial<State> {
  const switched: Record<string, boolean> = { ...state.switched };
  const turn = (each: Layer, yes: boolean): void => {
    if (each.shown === yes) delete switched[each.id];
    else switched[each.id] = yes;
  };
  if (on && layer.exclusive)
    for (const each of Object.values(catalogue.layers))
      if (each !== layer && each.exclusive === layer.exclusive && each.side === layer.side) turn(each, false);
  turn(layer, on);
  return { switched };
}

/** Return the state with what the catalogue does not have (any more) left out, and a plan chosen where there is one. */
export function settled(catalogue: Catalogue, state: State, planAsked: boolean): State {
  const plans = plansOf(catalogue);
  const plan = plans.some((each) => each.id === state.plan) ? state.plan : planAsked && !state.plan ? "" : (plans[0]?.id ?? "");
  const view = hasBefore(catalogue, sectionOf(catalogue, plan)) ? state.view : "after";
  const listed = catalogue.layers[state.listed] ? state.listed : "";
  return { ...state, plan, view, listed };
}
