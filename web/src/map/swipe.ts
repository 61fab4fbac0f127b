/** The handle between today and the plan: dragged, or moved with the arrow keys. */

import { el, icon, ICONS } from "../dom";
import type { State, Store } from "../state";
import { say } from "../words";

const EDGE = 0.02;
const STEP = 0.03;

export class Swipe {
  readonly node: HTMLElement;
  readonly #store: Store;
  readonly #handle: HTMLButtonElement;
  readonly #names = [el("span", {}), el("span", {})] as const;

  constructor(store: Store) {
    this.#store = store;
    this.#handle = el("button", {
      type: "button", role: "slider", "aria-orientation": "horizontal", "aria-valuemin": 0, "aria-valuemax": 100,
      onpointerdown: (event: PointerEvent) => this.#drag(event),
      onkeydown: (event: KeyboardEvent) => this.#key(event),
    }, icon(ICONS.left, 16), icon(ICONS.right, 16));  // prettier-ignore
    this.node = el("div", { class: "swipe", hidden: true }, ...this.#names, this.#handle);
    store.watch(["swipe", "lang"], (state) => this.#draw(state));
    this.#draw(store.now);
  }

  show(yes: boolean): void {
    this.node.hidden = !yes;
    if (yes) this.#draw(this.#store.now);
  }

  #draw({ swipe, lang }: State): void {
    const share = Math.round(swipe * 100);
    this.#names[0].textContent = say("before", lang);
    this.#names[1].textContent = say("after", lang);
    this.#handle.setAttribute("aria-label", say("swipe_handle", lang));
    this.#handle.setAttribute("aria-valuenow", String(share));
    this.#handle.setAttribute("aria-valuetext", say("swipe_share", lang, { n: share }));
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
