/** Going to a feature from a panel: its layer is switched on, its side of the map is shown, its card opens. */

import type { Catalogue, Layer } from "./catalogue";
import { sectionOf } from "./catalogue";
import { choosingPlan } from "./sides";
import type { State } from "./state";
import { drawnAnywhere, layerOn, switching } from "./state";

/** Return what has to change for a layer to be seen somewhere on the map; nothing where it is to be seen already. */
export function revealing(catalogue: Catalogue, state: State, layer: Layer): Partial<State> {
  const on: Partial<State> = layerOn(catalogue, state, layer) ? {} : switching(catalogue, state, layer, true);
  const next: State = { ...state, ...on };
  if (drawnAnywhere(catalogue, next, layer)) return on;
  const plan = sectionOf(catalogue, layer.section)?.source === "plan" ? choosingPlan(next, layer.section) : {};
  return { ...on, ...plan, ...(layer.side !== "" && { view: layer.side }) };
}
