/** What the swipe has at the left and at the right: chosen on the map itself, above the side it is about. */

import type { Catalogue } from "../catalogue";
import { plansOf } from "../catalogue";
import { el, icon, ICONS } from "../dom";
import { choosingSide, nameOfSide, sidesOf, swapped, TODAY } from "../sides";
import type { Store } from "../state";
import { say } from "../words";

/** Return the two choices with the button between them that makes the sides change places; null without a plan. */
export function versus(store: Store, catalogue: Catalogue): HTMLElement | null {
  const state = store.now;
  const { lang } = state;
  if (state.view !== "swipe" || !state.plan) return null;
  const sides = sidesOf(state);
  const ids = [TODAY, ...plansOf(catalogue).map((each) => each.id)];
  const choice = (which: "left" | "right"): HTMLElement =>
    el("select", { "aria-label": say(`side_${which}`, lang), title: nameOfSide(catalogue, sides[which], lang), "data-key": `side-${which}`,
      onchange: (event: Event) => store.set(choosingSide(store.now, which, (event.target as HTMLSelectElement).value)) },
      ids.map((id) => el("option", { value: id, ...(id === sides[which] && { selected: true }) }, nameOfSide(catalogue, id, lang))));  // prettier-ignore
  return el("div", { class: "versus", role: "group", "aria-label": say("versus", lang) },
    choice("left"),
    el("button", { type: "button", class: "quiet", "data-key": "side-swap", "aria-label": say("side_swap", lang), title: say("side_swap", lang),
      onclick: () => store.set(swapped(store.now)) }, icon(ICONS.swap, 18)),
    choice("right"));  // prettier-ignore
}
