/** The handle between the two sides: dragged, or moved with the arrow keys. */

import type { Catalogue } from "../catalogue";
import { el, icon, ICONS } from "../dom";
import { nameOfShown, shownOf } from "../sides";
import type { State, Store } from "../state";
import { say } from "../words";

const EDGE = 0.02;
const STEP = 0.03;

export class Swipe {
  readonly node: HTMLElement;
  readonly #store: Store;
  readonly #handle: HTMLButtonElement;
  readonly #names = [el("span", {}), el("span", {})] as const;

  readonly #catalogue: () => Catalogue;

  constructor(store: Store, catalogue: () => Catalogue) {
    this.#store = store;
    this.#catalogue = catalogue;
    this.#handle = el("button", {
      type: "button", role: "slider", "aria-orientation": "horizontal", "aria-valuemin": 0, "aria-valuemax": 100,
      onpointerdown: (event: PointerEvent) => this.#drag(event),
      onkeydown: (event: KeyboardEvent) => this.#key(event),
    }, icon(ICONS.left, 16), icon(ICONS.right, 16));  // prettier-ignore
    this.node = el("div", { class: "swipe", hidden: true }, ...this.#names, this.#handle);
    store.watch(["swipe", "lang", "plan", "left", "view"], (state) => this.#draw(state));
    this.#draw(store.now);
  }

  show(yes: boolean): void {
    this.node.hidden = !yes;
    if (yes) this.#draw(this.#store.now);
  }

  #draw(state: State): void {
    const { swipe, lang } = state;
    const share = Math.round(swipe * 100);
    const names = shownOf(state).map((each) => nameOfShown(this.#catalogue(), each, lang));
    this.#names.forEach((node, n) => {
      node.textContent = names[n] ?? "";
    });
    this.#handle.setAttribute("aria-label", say("swipe_handle", lang));
    this.#handle.setAttribute("aria-valuenow", String(share));
    this.#handle.setAttribute("aria-valuetext", say("swipe_share", lang, { n: share, left: names[0] ?? "" }));
    (this.node.parentElement ?? this.node).style.setProperty("--swipe", `${swipe * 100}%`);
  }

  #to(share: number): void {
    this.#store.set({ swipe: Math.min(1 - EDGE, Math.max(EDGE, share)) });
  }

  #drag(event: PointerEvent): void {
    const box = this.node.parentElement!.getBoundingClientRect();
    const move = (each: PointerEvent): void => this.#to((each.clientX - box.left) / box.width);
    const end = (): void => this.#handle.removeEventListener("pointermove", move);
    this.#handle.setPointerCapture(event.pointerId);
    this.#handle.addEventListener("pointermove", move);
    for (const over of ["pointerup", "pointercancel"]) this.#handle.addEventListener(over, end, { once: true });
  }

  #key(event: KeyboardEvent): void {
    const step = { ArrowLeft: -STEP, ArrowDown: -STEP, ArrowRight: STEP, ArrowUp: STEP, PageUp: 5 * STEP, PageDown: -5 * STEP }[event.key];
    if (step !== undefined) this.#to(this.#store.now.swipe + step);
    else if (event.key === "Home") this.#to(0);
    else if (event.key === "End") this.#to(1);
    else return;
    event.preventDefault();
  }
}
