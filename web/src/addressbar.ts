/** Keeps the address of the page as the state is. Another plan or view is a step that the browser's back button takes back. */

import type { Asked } from "./address";
import { readAddress, writeAddress } from "./address";
import type { State, Store } from "./state";

const KEYS = ["lang", "camera", "plan", "view", "left", "swipe", "switched", "opacity", "selected", "tab", "listed"] as const;
const STEPS: readonly (keyof State)[] = ["plan", "view", "left"];

export class AddressBar {
  readonly #store: Store;
  readonly #plans: () => boolean;
  #written = "";
  /** The state that the address tells of. */
  #told: State | null = null;
  /** What changes now was asked for by the address itself. */
  #following = false;

  /** Somebody went back or forth, or wrote another address. */
  onFollowed: (asked: Asked) => void = () => undefined;

  /** `plans`: there are plans to choose among. */
  constructor(store: Store, plans: () => boolean) {
    this.#store = store;
    this.#plans = plans;
  }

  begin(): void {
    this.#write();
    this.#store.watch(KEYS, () => this.#write());
    window.addEventListener("hashchange", () => this.#follow());
    window.addEventListener("popstate", () => this.#follow());
  }

  /** What was written last decides what is a step: while one change is told to all, another may follow from it. */
  #write(): void {
    const { now } = this.#store;
    const before = this.#told;
    const step = before !== null && !this.#following && STEPS.some((key) => now[key] !== before[key]);
    this.#told = now;
    this.#written = writeAddress(now, this.#plans());
    if (window.location.hash === this.#written) return;
    if (step) window.history.pushState(null, "", this.#written);
    else window.history.replaceState(null, "", this.#written);
  }

  #follow(): void {
    if (window.location.hash === this.#written) return;
    this.#following = true;
    this.onFollowed(readAddress(window.location.hash));
    this.#following = false;
    this.#write();
  }
}
