/** What stands on each side of the map: today, or a plan; the swipe has two sides. */

import type { Catalogue, Lang, Section, Side } from "./catalogue";
import { sectionOf } from "./catalogue";
import type { State } from "./state";
import { pick, say } from "./words";

/** What one map shows: a plan (`after`), or today as that plan's tables have it (`before`). */
export interface Shown {
  readonly side: Side;
  /** Section of the plan; empty where there is none. */
  readonly plan: string;
}

/** What is chosen for a side: section of a plan, or this. */
export const TODAY = "";

export interface Sides {
  readonly left: string;
  readonly right: string;
}

/** What the state keeps of the two sides: `left` names a plan or today; when it is the plan itself, today is at the right. */
export type Chosen = Pick<State, "plan" | "left">;

/** Return what is chosen for the two sides of the swipe. */
export function sidesOf({ plan, left }: Chosen): Sides {
  return left !== TODAY && left === plan ? { left, right: TODAY } : { left, right: plan };
}

/** Return what the maps show, from left to right: two in the swipe, else one. */
export function shownOf(state: State): readonly [Shown] | readonly [Shown, Shown] {
  const { plan, view } = state;
  if (view !== "swipe") return [{ side: view, plan }];
  const { left, right } = sidesOf(state);
  const today: Shown = { side: "before", plan };
  return [
    left === TODAY ? today : { side: "after", plan: left },
    right === TODAY && left !== TODAY ? today : { side: "after", plan: right },
  ];
}

/** Return the sections of plans that are shown: one, or both of the swipe. */
export function plansShown(state: State): readonly string[] {
  const all = state.view === "swipe" ? [state.plan, state.left] : [state.plan];
  return [...new Set(all.filter(Boolean))];
}

/** Return both plans where two are compared: the left one first. */
export function plansCompared(state: State): readonly [string, string] | null {
  const { left, right } = sidesOf(state);
  return state.view === "swipe" && left && right ? [left, right] : null;
}

/** Return what changes when a side is given something else; what the other side has changes places with it. */
export function choosingSide(state: Chosen, which: keyof Sides, id: string): Chosen {
  const now = sidesOf(state);
  if (now[which === "left" ? "right" : "left"] === id) return swapped(state);
  return chosen({ ...now, [which]: id });
}

/** Return what changes when the two sides change places. */
export function swapped(state: Chosen): Chosen {
  const { left, right } = sidesOf(state);
  return chosen({ left: right, right: left });
}

function chosen({ left, right }: Sides): Chosen {
  return right === TODAY ? { plan: left, left } : { plan: right, left };
}

/** Return what changes when another plan is looked at: it takes the place that the one before had. */
export function choosingPlan(state: Chosen, id: string): Chosen {
  const { left, right } = sidesOf(state);
  if (!id) return { plan: "", left: TODAY };
  if (left === id || right === id) return left === id && right !== TODAY ? swapped(state) : { plan: id, left: state.left };
  return right === TODAY && left !== TODAY ? { plan: id, left: id } : { plan: id, left };
}

/** Return the name of what a side shows. */
export function nameOfSide(catalogue: Catalogue, id: string, lang: Lang): string {
  return id === TODAY ? say("before", lang) : titleOfPlan(sectionOf(catalogue, id), lang);
}

export function nameOfShown(catalogue: Catalogue, shown: Shown, lang: Lang): string {
  return shown.side === "before" ? say("before", lang) : titleOfPlan(sectionOf(catalogue, shown.plan), lang);
}

function titleOfPlan(section: Section | undefined, lang: Lang): string {
  return pick(section?.title, lang) || section?.result || say("after", lang);
}
