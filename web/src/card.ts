/** The card of what was clicked: its name, its lines, the values of rasters there, and what else lies under it. */

import type { Catalogue, Layer, Words } from "./catalogue";
import { el, icon, ICONS } from "./dom";
import { boxOf } from "./map/boxes";
import type { Pick, Place, Stage } from "./map/stage";
import { photosOf, pictures, unkept } from "./photos";
import type { Item, KeptPhoto, Properties, RasterValue, Server } from "./server";
import { gaveUp, Refusal } from "./server";
import type { Selection, State, Store } from "./state";
import { drawnAnywhere } from "./state";
import { swatch } from "./swatch";
import { classOf, isNumber, nameOf, number, shownValue } from "./values";
import { pick, say } from "./words";

const LONG = 60;

interface RasterLine {
  readonly title: Words;
  readonly value: RasterValue;
}

export class Card {
  readonly node = el("section", { class: "card", hidden: true, tabindex: -1 });
  readonly #store: Store;
  readonly #server: Server;
  readonly #stage: Stage | null;
  readonly #catalogue: () => Catalogue;
  #picks: readonly Pick[] = [];
  #at = 0;
  #item: Item | null = null;
  #photos: readonly KeptPhoto[] = [];
  #gone = false;
  #rasters: readonly RasterLine[] = [];
  #place: Place | null = null;
  /** Go near the feature that is asked for, even where it is to be seen already. */
  #near = false;
  /** What had the focus when the card took it: it gets it back. */
  #from = "";
  #asking = new AbortController();
  #askingRasters = new AbortController();

  constructor(store: Store, server: Server, stage: Stage | null, catalogue: () => Catalogue) {
    this.#store = store;
    this.#server = server;
    this.#stage = stage;
    this.#catalogue = catalogue;
    store.watch(["selected"], (now, before) => this.#select(now.selected, now.camera === before.camera));
    store.watch(["lang"], () => {
      this.#draw();
      if (this.#place && this.#rasters.length) void this.#askRasters(this.#place);
    });
    this.node.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.close();
    });
  }

  /** Show what lies at a place on the map: features one over the other, and the values of rasters. */
  open(picks: readonly Pick[], at: Place): void {
    this.#picks = picks;
    this.#at = 0;
    this.#rasters = [];
    void this.#askRasters(at);
    const [first] = picks;
    if (first) this.#store.set({ selected: { collection: first.layer.collection, id: first.id } });
    else this.#store.set({ selected: null });
    this.#draw();
  }

  /** Show a feature that was chosen in a panel. */
  visit(selected: Selection, near: boolean, patch: Partial<State>): void {
    this.#from = (document.activeElement as HTMLElement | null)?.dataset["key"] ?? "";
    this.#store.set({ ...patch, selected: null });
    this.#near = near;
    this.#store.set({ selected });
  }

  close(): void {
    const focused = this.node.contains(document.activeElement);
    this.#askingRasters.abort();
    this.#picks = [];
    this.#rasters = [];
    this.#store.set({ selected: null });
    this.#draw();
    if (focused && this.#from) document.querySelector<HTMLElement>(`[data-key="${CSS.escape(this.#from)}"]`)?.focus();
    this.#from = "";
  }

  /** Ask again for what is shown: it may have been edited. */
  refresh(): void {
    const { selected } = this.#store.now;
    if (selected) void this.#ask(selected, false, false);
  }

  /** Show what an address names, as if it had been clicked; go there unless the address says where to look. */
  begin(placed: boolean): void {
    this.#select(this.#store.now.selected, !placed);
  }

  #select(selected: Selection | null, reveal = true): void {
    this.#asking.abort();
    this.#item = null;
    this.#photos = [];
    this.#gone = false;
    const near = this.#near;
    this.#near = false;
    if (!selected) {
      this.#picks = [];
      this.#stage?.mark(null);
      this.#draw();
      return;
    }
    const known = this.#picks.findIndex((each) => each.layer.collection === selected.collection && each.id === selected.id);
    if (known >= 0) {
      this.#at = known;
    } else {
      const layer = this.#layerOf(selected.collection);
      this.#picks = layer ? [{ layer, id: selected.id, properties: {} }] : [];
      this.#at = 0;
      this.#rasters = [];
    }
    this.#draw();
    void this.#ask(selected, known < 0 && (near || reveal), known < 0, near);
  }

  /** Return the layer whose fields tell of a collection: one that is drawn, if there is. */
  #layerOf(collection: string): Layer | undefined {
    const catalogue = this.#catalogue();
    const layers = Object.values(catalogue.layers).filter((each) => each.collection === collection);
    return layers.find((each) => drawnAnywhere(catalogue, this.#store.now, each)) ?? layers[0];
  }

  async #ask(selected: Selection, reveal: boolean, focus: boolean, near = false): Promise<void> {
    this.#asking.abort();
    this.#asking = new AbortController();
    try {
      const item = await this.#server.item(selected.collection, selected.id, this.#asking.signal);
      this.#item = item;
      this.#gone = false;
      this.#stage?.mark(item);
    } catch (error) {
      if (gaveUp(error)) return;
      this.#gone = error instanceof Refusal && (error.status === 404 || error.status === 410);
      this.#stage?.mark(null);
    }
    this.#draw();
    const box = boxOf(this.#item?.geometry);
    if (reveal && box) this.#stage?.[near ? "show" : "reveal"](box);
    if (focus && this.#item) this.node.focus({ preventScroll: true });
    await this.#askPhotos(selected);
  }

  async #askPhotos({ collection }: Selection): Promise<void> {
    if (!this.#item) return;
    try {
      this.#photos = await photosOf(this.#server, collection, this.#item, this.#asking.signal);
    } catch {
      return;  // another feature was chosen meanwhile
    }
    if (this.#photos.length) this.#draw();
  }

  async #askRasters(at: Place): Promise<void> {
    this.#place = at;
    this.#askingRasters.abort();
    this.#askingRasters = new AbortController();
    const catalogue = this.#catalogue();
    const asked = Object.values(catalogue.layers).filter((each) => each.point && drawnAnywhere(catalogue, this.#store.now, each));
    const lines = await Promise.all(
      asked.map(async (layer): Promise<RasterLine | null> => {
        try {
          const value = await this.#server.rasterValue(layer.point!, at.lng, at.lat, this.#store.now.lang, this.#askingRasters.signal);
          return { title: layer.title, value };
        } catch (error) {
          return gaveUp(error) ? null : { title: layer.title, value: { value: null } };
        }
      }),
    );
    if (this.#askingRasters.signal.aborted) return;
    this.#rasters = lines.filter((each) => each !== null);
    this.#draw();
  }

  // ── drawing ──

  #draw(): void {
    const shown = this.#picks[this.#at];
    this.node.hidden = !shown && !this.#rasters.length;
    if (this.node.hidden) return;
    const focused = this.node.contains(document.activeElement) ? (document.activeElement as HTMLElement).dataset["key"] : undefined;
    const { lang } = this.#store.now;
    this.node.setAttribute("aria-label", say("card", lang));
    this.node.replaceChildren(this.#bar(), ...(shown ? this.#feature(shown) : []), ...this.#rasterLines());
    if (focused) this.node.querySelector<HTMLElement>(`[data-key="${focused}"]`)?.focus({ preventScroll: true });
  }

  #bar(): HTMLElement {
    const { lang } = this.#store.now;
    const shown = this.#picks[this.#at];
    const button = (key: string, text: string, path: string, act: () => void): HTMLElement =>
      el("button", { type: "button", class: "quiet", "data-key": key, "aria-label": text, title: text, onclick: act }, icon(path, 18));
    const several = this.#picks.length > 1;
    const item = this.#item;
    return el("div", { class: "card-bar" },
      shown ? this.#kind(shown) : el("span", { class: "kind" }, say("here", lang)),
      el("span", { class: "grow" }),
      several && button("previous", say("previous", lang), ICONS.left, () => this.#turn(-1)),
      several && el("span", { class: "count", title: say("several", lang, { n: this.#picks.length }) },
        say("of", lang, { i: this.#at + 1, n: this.#picks.length })),
      several && button("next", say("next", lang), ICONS.right, () => this.#turn(1)),
      item && boxOf(item.geometry) && button("zoom", say("zoom_to", lang), ICONS.target, () => this.#stage?.show(boxOf(item.geometry)!)),
      button("close", say("close", lang), ICONS.close, () => this.close()),
    );  // prettier-ignore
  }

  #kind(shown: Pick): HTMLElement {
    const drawnIn = classOf(shown.layer, this.#properties(shown));
    return el("span", { class: "kind" }, drawnIn && swatch(shown.layer, drawnIn, "small"), pick(shown.layer.title, this.#store.now.lang));
  }

  #turn(by: number): void {
    const n = this.#picks.length;
    const next = this.#picks[(this.#at + by + n) % n];
    if (next) this.#store.set({ selected: { collection: next.layer.collection, id: next.id } });
  }

  #properties(shown: Pick): Properties {
    return this.#item && String(this.#item.id ?? "") === shown.id ? { ...shown.properties, ...this.#item.properties } : shown.properties;
  }

  #feature(shown: Pick): HTMLElement[] {
    const { lang } = this.#store.now;
    const catalogue = this.#catalogue();
    const properties = this.#properties(shown);
    if (this.#gone) return [el("h2", {}, `${pick(shown.layer.title, lang)} ${shown.id}`), el("p", { class: "note" }, say("gone", lang))];
    const short: HTMLElement[] = [];
    const long: HTMLElement[] = [];
    for (const field of shown.layer.fields) {
      const told = shownValue(catalogue, shown.layer, field, properties, lang);
      const value = field.column === "photo" ? unkept(told, this.#photos) : told;
      if (!value || !Object.keys(properties).length) continue;
      const label = el("dt", {}, pick(field.label, lang));
      const words = el("dd", { class: isNumber(field) ? "figure" : "" }, value);
      if (value.length > LONG || value.includes("\n")) long.push(el("div", {}, label, words));
      else short.push(label, words);
    }
    const drawnIn = classOf(shown.layer, properties);
    const themed = shown.layer.kind !== "single" && !shown.layer.fields.some((each) => each.column === shown.layer.column);
    const label = drawnIn && themed && Object.keys(properties).length ? pick(drawnIn.label, lang) : "";
    if (label) short.unshift(el("dt", {}, say("class", lang)), el("dd", {}, label));
    const waiting = !this.#item && !Object.keys(shown.properties).length;
    return [
      el("h2", {}, waiting ? shown.id : nameOf(shown.layer, properties, shown.id, lang, catalogue)),
      el("div", { class: "card-body", tabindex: 0, role: "group", "aria-label": pick(shown.layer.title, lang) },
        short.length > 0 && el("dl", { class: "lines" }, short),
        pictures(this.#photos, lang),
        long.length > 0 && el("dl", { class: "texts" }, long)),
    ];  // prettier-ignore
  }

  #rasterLines(): HTMLElement[] {
    if (!this.#rasters.length) return [];
    const { lang } = this.#store.now;
    const lines = this.#rasters.flatMap(({ title, value }) => [el("dt", {}, pick(title, lang)), el("dd", { class: "figure" }, rasterText(value, lang))]);
    return [el("dl", { class: "lines rasters" }, lines)];
  }
}

function rasterText(told: RasterValue, lang: "zh" | "en"): string {
  const { value, unit = "", label = "" } = told;
  if (value === null || value === undefined) return label || say("no_value", lang);
  return `${number(value, Number.isInteger(value) ? 0 : 1)} ${unit}`.trim();
}
