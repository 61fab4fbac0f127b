/** What the page has to tell: a strip that stays while something is wrong, a line that goes by itself, words read aloud. */

import { el, icon, ICONS } from "./dom";

const STAY_MS = 4500;

export class Notices {
  readonly node: HTMLElement;
  readonly #strip = el("div", { class: "strip", role: "alert", hidden: true });
  readonly #toast = el("div", { class: "toast", role: "status", hidden: true });
  readonly #aloud = el("div", { class: "unseen", role: "status", "aria-live": "polite" });
  #timer = 0;

  constructor() {
    this.node = el("div", { class: "notices" }, this.#strip, this.#toast, this.#aloud);
  }

  /** Show what is wrong until it is taken back with an empty text. */
  trouble(text: string): void {
    if (this.#strip.textContent === text) return;
    this.#strip.replaceChildren(...(text ? [icon(ICONS.info, 18), text] : []));
    this.#strip.hidden = !text;
  }

  /** Show a line for a while. */
  tell(text: string): void {
    this.#toast.textContent = text;
    this.#toast.hidden = false;
    window.clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => {
      this.#toast.hidden = true;
    }, STAY_MS);
  }

  /** Say something to people who listen to the page. */
  say(text: string): void {
    this.#aloud.textContent = text;
  }
}
