/** Keeps the page as new as the data: asks now and then what was changed, and tells when the server cannot be reached. */

import type { Server } from "./server";
import { gaveUp, Refusal } from "./server";

const EVERY_MS = 3000;
const HIDDEN_MS = 30_000;

export class FreshnessWatch {
  readonly #server: Server;
  #tx = 0;
  #reachable = true;
  #timer = 0;

  onEdited: (collections: readonly string[]) => void = () => undefined;
  onReachable: (reachable: boolean) => void = () => undefined;

  constructor(server: Server) {
    this.#server = server;
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.#soon(0);
    });
    window.addEventListener("online", () => this.#soon(0));
  }

  /** Begin; `tx` is the last transaction before whatever the page shows was read. */
  start(tx: number): void {
    this.#tx = tx;
    this.#soon(0);
  }

  #soon(wait: number): void {
    window.clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => void this.#ask(), wait);
  }

  async #ask(): Promise<void> {
    try {
      const { tx, collections } = await this.#server.freshness(this.#tx);
      const edited = tx !== this.#tx;
      this.#tx = tx;
      this.#reach(true);
      if (edited) this.onEdited(collections);
    } catch (error) {
      if (!gaveUp(error)) this.#reach(error instanceof Refusal && error.status < 500);
    }
    this.#soon(document.hidden ? HIDDEN_MS : EVERY_MS);
  }

  #reach(yes: boolean): void {
    if (yes === this.#reachable) return;
    this.#reachable = yes;
    this.onReachable(yes);
  }
}
