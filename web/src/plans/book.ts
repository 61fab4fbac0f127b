/** Plans as the server tells them: each asked for once, and again when it was edited. */

import type { Section } from "../catalogue";
import type { Server } from "../server";
import { gaveUp, Refusal } from "../server";
import type { Against, Compared, PlanTexts, PlanTold } from "./told";

/** One community of today, as the plan's tables have it. */
export interface TodayRow {
  readonly id: string;
  readonly households: number | null;
  readonly against_limits: Against;
  readonly fate: string;
}

export interface PlanFacts {
  readonly plan: PlanTold;
  readonly texts: PlanTexts;
  /** Empty where the table cannot be read. */
  readonly today: readonly TodayRow[];
}

/** What is known of something that was asked for; `read` may be older than the last edit for a moment. */
export type Reading<T> = { readonly is: "reading" } | { readonly is: "read"; readonly value: T }
  | { readonly is: "refused"; readonly status: number } | { readonly is: "unreachable" };  // prettier-ignore

const MOST = 10_000;
const COLUMNS = ["households", "against_limits", "fate"];

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
      const [plan, texts, today] = await Promise.all([
        this.#server.plan(section.result), this.#server.planTexts(section.result), this.#today(section.id)]);  // prettier-ignore
      return { plan, texts, today };
    });
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

  async #today(id: string): Promise<readonly TodayRow[]> {
    try {
      const page = await this.#server.items(`${id}.communities_before`, MOST, COLUMNS);
      return page.features.map(({ id: own, properties }) => ({
        id: String(own ?? ""),
        households: typeof properties["households"] === "number" ? properties["households"] : null,
        against_limits: String(properties["against_limits"] ?? "unknown") as Against,
        fate: String(properties["fate"] ?? ""),
      }));
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
