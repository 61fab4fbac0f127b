/** Plans as the server tells them: each asked for once, and again when it was edited. */

import type { Section } from "../catalogue";
import type { Server } from "../server";
import { gaveUp, Refusal } from "../server";
import type { Against, CommunityText, Compared, MoveText, PlanTexts, PlanTold } from "./told";

/** One community of today, as the plan's tables have it. */
export interface TodayRow extends CommunityText {
  readonly households: number | null;
  readonly against_limits: Against;
  readonly fate: string;
}

/** A plan and its tables; those that cannot be read are empty. */
export interface PlanFacts {
  readonly plan: PlanTold;
  readonly today: readonly TodayRow[];
  readonly communities: readonly CommunityText[];
  readonly moves: readonly MoveText[];
}

/** What is known of something that was asked for; `read` may be older than the last edit for a moment. */
export type Reading<T> = { readonly is: "reading" } | { readonly is: "read"; readonly value: T }
  | { readonly is: "refused"; readonly status: number } | { readonly is: "unreachable" };  // prettier-ignore

const MOST = 10_000;
const SPOKEN = ["name", "name_en", "text_zh", "text_en"] as const;

export class PlanBook {
  readonly #server: Server;
  readonly #told: () => void;
  readonly #readings = new Map<string, Reading<unknown>>();
  readonly #fresh = new Set<string>();

  /** `told` is called whenever an answer has come. */
  constructor(server: Server, told: () => void) {
    this.#server = server;
    this.#told = told;
  }

  facts(section: Section): Reading<PlanFacts> {
    return this.#read(section.id, async () => {
      const table = (name: string, columns: readonly string[]): Promise<readonly Row[]> => this.#table(`${section.id}.${name}`, columns);
      const [plan, before, after, moves] = await Promise.all([
        this.#server.plan(section.result),
        table("communities_before", [...SPOKEN, "households", "against_limits", "fate"]),
        table("communities", SPOKEN),
        table("moves", ["from_id", "to_id", "text_zh", "text_en"]),
      ]);
      const today = before.map((row): TodayRow => ({
        ...spoken(row), households: typeof row["households"] === "number" ? row["households"] : null,
        against_limits: (text(row["against_limits"]) ?? "unknown") as Against, fate: text(row["fate"]) ?? "" }));  // prettier-ignore
      return {
        plan, today, communities: after.map(spoken),
        moves: moves.map((row) => ({ ...spoken(row), from_id: text(row["from_id"]), to_id: text(row["to_id"]) ?? "" })),
      };  // prettier-ignore
    });
  }

  /** The official words: of a plan as it stands its tables have them, after an edit the server has to find them first. */
  texts(section: Section, facts: PlanFacts): Reading<PlanTexts> {
    if (facts.plan.explained && facts.communities.length) return { is: "read", value: facts };
    return this.#read(`${section.id}|texts`, () => this.#server.planTexts(section.result));
  }

  compared(left: Section, right: Section): Reading<Compared> {
    return this.#read(`${left.id}|${right.id}`, () => this.#server.compared(left.result, right.result));
  }

  /** Ask again for what may have been edited; until the answer has come the old one is shown. */
  forget(collections: readonly string[] | "all"): void {
    const edited = (key: string): boolean =>
      collections === "all" || collections.some((each) => each.startsWith("document:") || key.split("|").some((id) => each.startsWith(`${id}.`)));
    for (const key of [...this.#fresh]) if (edited(key)) this.#fresh.delete(key);
  }

  async #table(collection: string, columns: readonly string[]): Promise<readonly Row[]> {
    try {
      const page = await this.#server.items(collection, MOST, columns);
      return page.features.map(({ id, properties }) => ({ ...properties, id: String(id ?? "") }));
    } catch (error) {
      if (error instanceof Refusal) return [];
      throw error;
    }
  }

  #read<T>(key: string, ask: () => Promise<T>): Reading<T> {
    if (!this.#fresh.has(key)) {
      this.#fresh.add(key);
      ask().then(
        (value) => this.#keep(key, { is: "read", value }),
        (error: unknown) => {
          if (gaveUp(error)) return;
          this.#keep(key, error instanceof Refusal ? { is: "refused", status: error.status } : { is: "unreachable" });
        },
      );
    }
    return (this.#readings.get(key) ?? { is: "reading" }) as Reading<T>;
  }

  #keep(key: string, reading: Reading<unknown>): void {
    this.#readings.set(key, reading);
    this.#told();
  }
}

type Row = Readonly<Record<string, unknown>>;

function spoken(row: Row): CommunityText {
  const [name, name_en, text_zh, text_en] = SPOKEN.map((column) => text(row[column])) as [string | null, string | null, string | null, string | null];
  return { id: String(row["id"]), name, name_en, text_zh, text_en };
}

function text(value: unknown): string | null {
  return typeof value === "string" && value ? value : null;
}
