/** What the server tells of plans: `/plans/{plan}`, its texts, and two plans compared. Counts of few homes are null. */

export type Against = "below" | "within" | "above" | "unknown";

export interface Violation {
  readonly rule: string;
  readonly community_id: string;
  readonly text_zh: string;
  readonly text_en: string;
}

export interface PlanCommunity {
  readonly id: string;
  readonly text_zh: string;
  readonly text_en: string;
  readonly blocks: number;
  readonly households: number | null;
  readonly people: number | null;
  readonly against_limits: Against;
}

export interface Term {
  readonly value: number;
  readonly unit: string;
  readonly weighted: number;
}

export interface PlanTold {
  readonly id: string;
  readonly title_zh: string;
  readonly title_en: string;
  readonly state: string;
  readonly version: number;
  readonly at: string;
  readonly review_number: string;
  /** The texts of its tables tell of it as it stands. */
  readonly explained: boolean;
  readonly min_households: number;
  readonly target_households: number;
  readonly max_households: number;
  readonly min_people?: number | null;
  readonly max_people?: number | null;
  readonly terms: Readonly<Record<string, Term>>;
  readonly violations: readonly Violation[];
  readonly communities: readonly PlanCommunity[];
  readonly notes: readonly { readonly zh: string; readonly en: string }[];
}

export interface CommunityText {
  readonly id: string;
  readonly name: string | null;
  readonly name_en: string | null;
  readonly text_zh: string | null;
  readonly text_en: string | null;
}

export interface MoveText {
  readonly id: string;
  readonly from_id: string | null;
  readonly to_id: string;
  readonly text_zh: string | null;
  readonly text_en: string | null;
}

export interface PlanTexts {
  readonly communities: readonly CommunityText[];
  readonly today: readonly CommunityText[];
  readonly moves: readonly MoveText[];
}

export interface Compared {
  readonly first: string;
  readonly second: string;
  readonly blocks: readonly unknown[];
  readonly pairs: readonly {
    readonly from_id: string;
    readonly to_id: string;
    readonly blocks: number;
    readonly households: number | null;
    readonly area_m2: number;
  }[];
  readonly violations: readonly (Violation & { readonly state: "new" | "changed" | "stays" | "healed" })[];
  readonly communities: readonly {
    readonly community_id: string;
    readonly households_before: number | null;
    readonly households_after: number | null;
  }[];
}
