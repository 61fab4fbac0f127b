/** The page round the map: title, search, tools, panels, and what is told about drafts. */

import { sectionOf } from "./catalogue";
import { el, icon, ICONS, refill } from "./dom";
import { controls } from "./map/stage";
import { versus } from "./map/versus";
import { printedLegend, stateChip } from "./panels/layers";
import type { Desk, Panel } from "./panels/panel";
import { plansCompared, plansShown } from "./sides";
import type { State, View } from "./state";
import { comparable } from "./state";
import { moment } from "./values";
import { pick, say } from "./words";

const NARROW = "(max-width: 720px)";
const LOW = 96;

export class Page {
  readonly node: HTMLElement;
  readonly #desk: Desk;
  readonly #panels: readonly Panel[];
  readonly #title = el("h1", {});
  readonly #subtitle = el("p", {});
  readonly #views = el("div", { class: "segments views", role: "radiogroup" });
  readonly #viewbar = el("div", { class: "viewbar" }, this.#views);
  readonly #mark = el("div", { class: "mark" });
  readonly #tools = el("div", { class: "tools" });
  readonly #tabs = el("div", { class: "tabs", role: "tablist" });
  readonly #bodies = new Map<string, HTMLElement>();
  readonly #panel: HTMLElement;
  readonly #fold: HTMLButtonElement;
  readonly #legend = el("div", { class: "print-only" });

  constructor(desk: Desk, panels: readonly Panel[], search: HTMLElement, card: HTMLElement) {
    this.#desk = desk;
    this.#panels = panels;
    this.#fold = el("button", { type: "button", class: "fold", "aria-controls": "panel", onclick: () => desk.store.set({ open: !desk.store.now.open }) });
    this.#panel = el("aside", { class: "panel", id: "panel" }, this.#grip(), this.#tabs, this.#panelBodies());
    const stage = el("div", { class: "stage" },
      desk.stage?.node ?? el("div", { class: "maps blank" }, el("p", {}, say("no_webgl", desk.store.now.lang))),
      this.#viewbar, card, desk.stage && controls(desk.stage, desk.store), this.#north(), this.#mark, desk.notices.node);  // prettier-ignore
    this.node = el("div", { class: "page" },
      el("header", { class: "top" }, el("div", { class: "titles" }, this.#title, this.#subtitle), search, this.#tools),
      el("main", { class: "main" }, stage, this.#panel),
      this.#legend);  // prettier-ignore
    desk.store.watch(["lang", "plan", "view", "left", "switched", "tab", "open"], () => this.draw());
    desk.store.watch(["lang", "plan", "view", "left", "switched", "listed", "selected", "tab", "open"], () => this.drawPanel());
    window.addEventListener("beforeprint", () => this.#print(true));
    window.addEventListener("afterprint", () => this.#print(false));
  }

  // ── drawing ──

  draw(): void {
    const state = this.#desk.store.now;
    const { lang } = state;
    const catalogue = this.#desk.catalogue();
    const plans = (plansCompared(state) ?? [state.plan]).flatMap((id) => sectionOf(catalogue, id) ?? []);
    const name = pick(catalogue.study.name, lang) || catalogue.study.id;
    document.documentElement.lang = lang === "zh" ? "zh-CN" : "en";
    document.title = [name, plans.map((each) => pick(each.title, lang)).join(" ↔ ")].filter(Boolean).join(" · ");
    this.#title.textContent = name;
    const told = plans.flatMap((each, n) => [n ? " ↔ " : "", pick(each.title, lang), " ", stateChip(each, state) ?? ""]);
    const [only] = plans;
    if (only?.at && plans.length === 1) told.push(el("span", { class: "date" }, ` ${moment(only.at, lang)}`));
    this.#subtitle.replaceChildren(...(plans.length ? told : [say("before", lang)]));
    this.#drawViews(state);
    this.#drawMark(state);
    this.#drawTools(state);
    this.#drawTabs(state);
  }

  drawPanel(): void {
    const { tab } = this.#desk.store.now;
    for (const panel of this.#panels) {
      const body = this.#bodies.get(panel.id)!;
      body.hidden = panel.id !== tab;
      if (body.hidden) {
        body.replaceChildren();
        continue;
      }
      const { scrollTop } = body;
      const key = body.contains(document.activeElement) ? (document.activeElement as HTMLElement).dataset["key"] : undefined;
      panel.draw(body);
      body.scrollTop = scrollTop;
      if (key) body.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
    }
  }

  #drawViews(state: State): void {
    const catalogue = this.#desk.catalogue();
    const hidden = !this.#desk.stage || !comparable(catalogue, state);
    this.#viewbar.hidden = this.#views.hidden = hidden;
    this.#views.setAttribute("aria-label", say("view", state.lang));
    if (hidden) return;
    refill(this.#viewbar, this.#views, versus(this.#desk.store, catalogue));
    const had = this.#views.contains(document.activeElement);
    this.#views.replaceChildren(...(["before", "after", "swipe"] as const).map((view: View) =>
      el("label", {},
        el("input", { type: "radio", name: "view", value: view, ...(state.view === view && { checked: true }), onchange: () => this.#desk.store.set({ view }) }),
        el("span", {}, say(view, state.lang)))));  // prettier-ignore
    if (had) this.#views.querySelector<HTMLElement>("input:checked")?.focus();
  }

  /** A map that has not been reviewed is a draft and says so, on the map itself; a published one shows its number. */
  #drawMark(state: State): void {
    const shown = plansShown(state).flatMap((id) => sectionOf(this.#desk.catalogue(), id) ?? []);
    const published = shown.length > 0 && shown.every((plan) => plan.state === "published");
    const numbers = shown.flatMap((plan) => plan.review_number || []);
    this.#mark.classList.toggle("published", published);
    this.#mark.textContent = !published
      ? say("mark_draft", state.lang)
      : numbers.length === shown.length ? say("review", state.lang, { n: numbers.join(" / ") }) : say("review_pending", state.lang);  // prettier-ignore
  }

  #drawTools(state: State): void {
    const { lang } = state;
    const had = (document.activeElement as HTMLElement | null)?.dataset["key"];
    const tool = (key: string, text: string, hint: string, act: () => void, path?: string): HTMLElement =>
      el("button", { type: "button", class: `tool ${key}`, "data-key": `tool-${key}`, title: hint, ...(path && { "aria-label": text }), onclick: act },
        path && icon(path, 18), el("span", {}, text));  // prettier-ignore
    this.#tools.replaceChildren(
      tool("share", say("share", lang), say("share_hint", lang), () => void this.#share(), ICONS.link),
      tool("print", say("print", lang), say("print", lang), () => void this.#printNow(), ICONS.print),
      tool("lang", say("language", lang), say("language_hint", lang), () => this.#desk.store.set({ lang: lang === "zh" ? "en" : "zh" })),
    );
    if (had) this.#tools.querySelector<HTMLElement>(`[data-key="${had}"]`)?.focus();
  }

  #drawTabs(state: State): void {
    const { lang, tab, open } = state;
    const had = (document.activeElement as HTMLElement | null)?.dataset["key"];
    const tabs = this.#panels.map((panel) =>
      el("button", {
        type: "button", role: "tab", id: `tab-${panel.id}`, "data-key": `tab-${panel.id}`, "aria-controls": `panel-${panel.id}`,
        "aria-selected": String(panel.id === tab), tabindex: panel.id === tab ? 0 : -1,
        onclick: () => this.#desk.store.set({ tab: panel.id, open: true }),
        onkeydown: (event: KeyboardEvent) => this.#tabKey(event, panel),
      }, icon(panel.icon, 17), el("span", {}, say(panel.title, lang))));  // prettier-ignore
    this.#tabs.replaceChildren(...tabs, this.#fold);
    this.#tabs.setAttribute("aria-label", say("panel", lang));
    this.#panel.setAttribute("aria-label", say("panel", lang));
    this.#panel.classList.toggle("folded", !open);
    const narrow = window.matchMedia(NARROW).matches;
    this.#fold.replaceChildren(icon(narrow ? (open ? ICONS.down : ICONS.up) : open ? ICONS.right : ICONS.left, 18));
    this.#fold.setAttribute("aria-expanded", String(open));
    this.#fold.setAttribute("aria-label", say(open ? "fold" : "unfold", lang));
    this.#fold.title = say(open ? "fold" : "unfold", lang);
    if (had?.startsWith("tab-")) this.#tabs.querySelector<HTMLElement>(`[data-key="${had}"]`)?.focus();
  }

  #tabKey(event: KeyboardEvent, panel: Panel): void {
    const ids = this.#panels.map((each) => each.id);
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const to = event.key === "Home" ? 0 : event.key === "End" ? ids.length - 1
      : step ? (ids.indexOf(panel.id) + step + ids.length) % ids.length : -1;  // prettier-ignore
    const next = ids[to];
    if (next === undefined) return;
    event.preventDefault();
    this.#desk.store.set({ tab: next, open: true });
    this.#tabs.querySelector<HTMLElement>(`#tab-${CSS.escape(next)}`)?.focus();
  }

  #panelBodies(): HTMLElement[] {
    return this.#panels.map((panel) => {
      const body = el("div", { class: "body", role: "tabpanel", id: `panel-${panel.id}`, "aria-labelledby": `tab-${panel.id}`, tabindex: 0, hidden: true });
      this.#bodies.set(panel.id, body);
      return body;
    });
  }

  #north(): HTMLElement {
    const word = el("span", {}, say("north", this.#desk.store.now.lang));
    this.#desk.store.watch(["lang"], ({ lang }) => {
      word.textContent = say("north", lang);
    });
    return el("div", { class: "north", "aria-hidden": "true" }, icon("M12 2l6 19-6-4.5L6 21z", 26), word);
  }

  /** On a phone the panel is a sheet that is drawn up and down. */
  #grip(): HTMLElement {
    const grip = el("div", { class: "grip", "aria-hidden": "true" });
    grip.addEventListener("pointerdown", (event) => {
      grip.setPointerCapture(event.pointerId);
      const bottom = this.#panel.getBoundingClientRect().bottom;
      let high = this.#panel.offsetHeight;
      const move = (each: PointerEvent): void => {
        high = Math.min(window.innerHeight * 0.82, Math.max(LOW / 2, bottom - each.clientY));
        this.#panel.style.setProperty("--sheet", `${high}px`);
        this.#panel.classList.remove("folded");
      };
      const end = (): void => {
        grip.removeEventListener("pointermove", move);
        const open = high > LOW;
        if (!open) this.#panel.style.removeProperty("--sheet");
        this.#panel.classList.toggle("folded", !open);
        this.#desk.store.set({ open });
      };
      grip.addEventListener("pointermove", move);
      for (const over of ["pointerup", "pointercancel"]) grip.addEventListener(over, end, { once: true });
    });
    return grip;
  }

  async #share(): Promise<void> {
    const { lang } = this.#desk.store.now;
    try {
      await navigator.clipboard.writeText(window.location.href);
      this.#desk.notices.tell(say("shared", lang));
    } catch {
      this.#desk.notices.tell(say("share_self", lang));
    }
  }

  /** Lay out the sheet, wait for the map to be drawn on it, then hand it to the printer. */
  async #printNow(): Promise<void> {
    this.#print(true);
    await this.#desk.stage?.drawn();
    window.print();
    this.#print(false);
  }

  #print(now: boolean): void {
    this.node.classList.toggle("printing", now);
    this.#legend.replaceChildren(...(now ? [printedLegend(this.#desk)] : []));
    this.#desk.stage?.print(now);
  }
}

export function isNarrow(): boolean {
  return window.matchMedia(NARROW).matches;
}
