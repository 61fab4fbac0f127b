/** What a plan measures, worked out from what the server tells of it. */

import type { PlanFacts } from "./book";
import type { Against } from "./told";

/** How large communities are. A size that is not told, or would give away one that is not, is null. */
export interface Sizes {
  readonly communities: number;
  readonly fewest: number | null;
  readonly mean: number | null;
  readonly most: number | null;
  readonly below: number;
  readonly above: number;
}

interface Sized {
  readonly households: number | null;
  readonly against_limits: Against;
}

/** Return the sizes of communities; null without any. */
export function sizesOf(rows: readonly Sized[]): Sizes | null {
  if (!rows.length) return null;
  const known = rows.flatMap(({ households }) => (households === null ? [] : [households]));
  const all = known.length === rows.length;
  return {
    communities: rows.length,
    fewest: all ? Math.min(...known) : null,
    mean: all ? known.reduce((sum, each) => sum + each, 0) / known.length : null,
    most: known.length ? Math.max(...known) : null,
    below: rows.filter((each) => each.against_limits === "below").length,
    above: rows.filter((each) => each.against_limits === "above").length,
  };
}

/** Households whose community changes, and their share of all; null where it is not told. */
export function changedOf({ plan }: PlanFacts): { readonly households: number; readonly share: number | null } | null {
  const change = plan.terms["change"];
  if (!change) return null;
  const homes = plan.communities.map((each) => each.households);
  const all = homes.every((each) => each !== null) ? homes.reduce((sum, each) => sum + each, 0) : 0;
  return { households: change.value, share: all > 0 ? change.value / all : null };
}

/** Return of how many blocks a plan is made. */
export function blocksOf({ plan }: PlanFacts): number {
  return plan.communities.reduce((sum, each) => sum + each.blocks, 0);
}
