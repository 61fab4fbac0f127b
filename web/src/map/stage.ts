/** The map: one, or two laid over each other for the swipe, and the controls that stand on it. */

import type { GeoJSONSource, LngLatBoundsLike, MapGeoJSONFeature, MapMouseEvent, PointLike, StyleSpecification } from "maplibre-gl";
import { Map as MapView, ScaleControl, setWorkerUrl } from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-csp-worker.js?url";
import type { Catalogue, Layer } from "../catalogue";
import { collectionOf } from "../catalogue";
import { el, icon, ICONS } from "../dom";
import type { Item, Properties, Server } from "../server";
import type { Shown } from "../sides";
import { nameOfShown, shownOf } from "../sides";
import type { State, Store } from "../state";
import { drawn, sectionOn } from "../state";
import { nameOf } from "../values";
import { say } from "../words";
import { dressed, SELECTED, styleOf } from "./style";
import { Swipe } from "./swipe";

/** A feature under the pointer. */
export interface Pick {
  readonly layer: Layer;
  readonly id: string;
  readonly properties: Properties;
}

export interface Place {
  readonly lng: number;
  readonly lat: number;
}

type Box = readonly [number, number, number, number];

const NEAR_PX = 4;
const NEAR_TOUCH_PX = 11;
const RETRY_MS = 8000;
const LOOK_MS = 150;
const DRAWN_MS = 5000;

/** One of the two maps with what was last drawn on it, so that only what changed is changed. */
interface Half {
  readonly view: MapView;
  readonly drawnAs: Map<string, string>;
  shown: Shown;
  ready: boolean;
}

export class Stage {
  readonly node: HTMLElement;
  readonly #store: Store;
  readonly #server: Server;
  readonly #tip = el("div", { class: "tip", hidden: true });
  readonly #cross = el("div", { class: "cross", "aria-hidden": "true" });
  readonly #boxes = { main: el("div", { class: "map" }), left: el("div", { class: "map left", hidden: true }) };
  readonly #swipe: Swipe;
  #catalogue: Catalogue;
  #main: Half;
  #left: Half | null = null;
  #item: Item | null = null;
  #layerOfPart = new Map<string, Layer>();
  #cover: HTMLElement | null = null;
  #sections = "";
  /** The address said where to look. */
  readonly #placed: boolean;
  #moving = false;
  #hovering = 0;
  #attempt = 0;
  #beforePrint: { lng: number; lat: number; zoom: number } | null = null;
  #retry = 0;

  onPick: (picks: readonly Pick[], at: Place) => void = () => undefined;
  onFailedTiles: (failed: boolean) => void = () => undefined;

  /** Throws where the browser has no WebGL. */
  constructor(store: Store, server: Server, catalogue: Catalogue) {
    this.#store = store;
    this.#server = server;
    this.#catalogue = catalogue;
    this.#placed = store.now.camera !== null;
    this.#swipe = new Swipe(store, () => this.#catalogue);
    this.node = el("div", { class: "maps" }, this.#boxes.main, this.#boxes.left, this.#swipe.node, this.#cross, this.#tip);
    setWorkerUrl(workerUrl);
    this.#index();
    this.#main = this.#make(this.#boxes.main, this.#shown().right, true);
    store.watch(["lang", "plan", "view", "left", "switched", "opacity"], () => this.#update());
    this.#sections = this.#sectionsOn();
    this.#update();
  }

  /** Call once the map stands in the page and has its size; `cover` is what may lie over a part of it. */
  begin(cover: HTMLElement): void {
    this.#cover = cover;
    this.resize();
    if (!this.#placed) this.whole(false);
    this.#main.view.setMinZoom(Math.max(2, this.#zoomOfWhole() - 2.5));
  }

  // ── moving about ──

  whole(slowly = true): void {
    const { bounds } = this.#catalogue;
    if (bounds) this.#fit(bounds, slowly, 22);
    else this.#main.view.jumpTo({ center: [104, 35], zoom: 3 });
  }

  zoom(by: number): void {
    this.#main.view.zoomTo(this.#main.view.getZoom() + by);
  }

  /** Bring a box into view; a point is looked at from near by. */
  show(box: Box): void {
    this.#fit(box, true, 60, 17);
  }

  /** Move so far that a box that has been picked can be seen, and not at all where it can be already. */
  reveal(box: Box): void {
    const { view } = this.#main;
    const room = this.#room(0);
    const [west, south] = [view.project([box[0], box[1]]), view.project([box[2], box[3]])];
    const { clientWidth, clientHeight } = this.node;
    const inside = Math.min(west.x, south.x) >= room.left && Math.max(west.x, south.x) <= clientWidth - room.right
      && Math.min(west.y, south.y) >= room.top && Math.max(west.y, south.y) <= clientHeight - room.bottom;  // prettier-ignore
    if (!inside) this.show(box);
  }

  get camera(): { lng: number; lat: number; zoom: number } {
    const { lng, lat } = this.#main.view.getCenter();
    return { lng, lat, zoom: this.#main.view.getZoom() };
  }

  /** Go where an address says. */
  go(camera: { lng: number; lat: number; zoom: number }): void {
    this.#main.view.jumpTo({ center: [camera.lng, camera.lat], zoom: camera.zoom });
  }

  #fit(box: Box, slowly: boolean, padding: number, maxZoom = 19): void {
    const bounds: LngLatBoundsLike = [[box[0], box[1]], [box[2], box[3]]];
    const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.#main.view.fitBounds(bounds, { padding: this.#room(padding), maxZoom, animate: slowly && !calm, duration: 700 });
  }

  /** The edges that stay free when the map is moved to show something: as much as asked, and what the card covers. */
  #room(padding: number): { top: number; bottom: number; left: number; right: number } {
    const { clientWidth, clientHeight } = this.node;
    const edge = Math.max(0, Math.min(padding, clientWidth / 6, clientHeight / 6));
    const room = { top: edge, bottom: edge, left: edge, right: edge };
    if (!this.#cover || this.#cover.hidden) return room;
    const { offsetWidth, offsetHeight, offsetLeft, offsetTop } = this.#cover;
    const most = clientHeight * 0.7 - edge;
    if (offsetWidth < clientWidth * 0.6) room.left += offsetLeft + offsetWidth;
    else if (offsetTop + offsetHeight / 2 < clientHeight / 2) room.top += Math.min(most, offsetTop + offsetHeight);
    else room.bottom += Math.min(most, clientHeight - offsetTop);
    return room;
  }

  #zoomOfWhole(): number {
    const { bounds } = this.#catalogue;
    if (!bounds) return 3;
    return this.#main.view.cameraForBounds([[bounds[0], bounds[1]], [bounds[2], bounds[3]]], { padding: 20 })?.zoom ?? 3;
  }

  // ── what is drawn ──

  /** Take another catalogue: results have come or gone, colours or names have changed. */
  recatalogue(catalogue: Catalogue): void {
    this.#catalogue = catalogue;
    this.#index();
    this.#sections = "";
    this.#update();
  }

  #sectionsOn(): string {
    return this.#catalogue.sections.filter((each) => sectionOn(this.#catalogue, this.#store.now, each.id)).map((each) => each.id).join();
  }

  /** Fetch again what is made from these collections; what has not changed comes from the browser's cache. */
  refresh(collections: readonly string[] | "all"): void {
    for (const half of this.#halves())
      for (const [id, source] of Object.entries(this.#catalogue.sources)) {
        if (collections !== "all" && !collections.includes(collectionOf(id))) continue;
        const held = half.view.getSource(id);
        if (source.type === "geojson" && typeof source.data === "string") (held as GeoJSONSource | undefined)?.setData(this.#server.here(source.data));
        else if (held && source.type === "vector") half.view.refreshTiles(id);
      }
    if (collections === "all") this.#renewRasters();
  }

  /** Pictures are fetched by making their sources anew: MapLibre cannot draw one that it fetches again after a failure. */
  #renewRasters(): void {
    this.#attempt += 1;
    for (const half of this.#halves()) if (half.ready) this.#restyle(half);
  }

  /** Mark a feature on the map; null takes the mark away. */
  mark(item: Item | null): void {
    this.#item = item;
    for (const half of this.#halves()) this.#mark(half);
  }

  #mark(half: Half): void {
    const source = half.view.getSource<GeoJSONSource>(SELECTED);
    const features = this.#item?.geometry ? [{ ...this.#item, geometry: this.#item.geometry, id: undefined }] : [];
    source?.setData({ type: "FeatureCollection", features: features.map(({ geometry }) => ({ type: "Feature", geometry, properties: {} })) });
  }

  #style(shown: Shown): StyleSpecification {
    return styleOf(this.#catalogue, this.#store.now, shown, this.#server, this.#attempt);
  }

  #update(): void {
    const swiping = this.#store.now.view === "swipe";
    const { left, right } = this.#shown();
    if (swiping && !this.#left) this.#left = this.#make(this.#boxes.left, left, false);
    this.#boxes.left.hidden = !swiping;
    this.#swipe.show(swiping);
    this.#main.shown = right;
    if (this.#left) this.#left.shown = left;
    if (swiping && this.#left) {
      this.#left.view.resize();
      this.#follow(this.#main.view, this.#left.view);
    }
    const sections = this.#sectionsOn();
    const others = sections !== this.#sections;
    this.#sections = sections;
    for (const half of this.#halves()) {
      if (others && half.ready) this.#restyle(half);
      else this.#dress(half);
    }
  }

  /** Layers have come or gone: hand MapLibre the whole style, it finds out what is different. */
  #restyle(half: Half): void {
    half.drawnAs.clear();
    half.view.setStyle(this.#style(half.shown), { diff: true });
    this.#mark(half);
  }

  /** What the two maps show; outside the swipe there is only the right one. */
  #shown(): { left: Shown; right: Shown } {
    const [left, right] = shownOf(this.#store.now);
    return { left, right: right ?? left };
  }

  #halves(): Half[] {
    return this.#left ? [this.#main, this.#left] : [this.#main];
  }

  #dress(half: Half): void {
    if (!half.ready) return;
    for (const layer of Object.values(this.#catalogue.layers))
      for (const part of layer.style) {
        if (!half.view.getLayer(part.id)) continue;
        const now = dressed(this.#catalogue, this.#store.now, half.shown, layer, part);
        const written = JSON.stringify([now.layout, now.paint]);
        if (half.drawnAs.get(part.id) === written) continue;
        half.drawnAs.set(part.id, written);
        for (const [name, value] of Object.entries(now.layout ?? {})) half.view.setLayoutProperty(part.id, name, value);
        for (const [name, value] of Object.entries(now.paint ?? {})) half.view.setPaintProperty(part.id, name, value);
      }
    const { lang } = this.#store.now;
    half.view.getCanvas().setAttribute("aria-label", half === this.#main ? say("map_keys", lang) : nameOfShown(this.#catalogue, half.shown, lang));
  }

  #index(): void {
    this.#layerOfPart = new Map(
      Object.values(this.#catalogue.layers).flatMap((layer) => layer.style.map((part) => [part.id, layer] as const)),
    );
  }

  #make(box: HTMLElement, shown: Shown, main: boolean): Half {
    const { camera } = this.#store.now;
    const from = main ? camera : this.camera;
    const view = new MapView({
      container: box,
      style: this.#style(shown),
      center: from ? [from.lng, from.lat] : [104, 35],
      zoom: from?.zoom ?? 3,
      attributionControl: false,
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      maxPitch: 0,
      renderWorldCopies: false,
      fadeDuration: 120,
      localIdeographFontFamily: false,
      canvasContextAttributes: { preserveDrawingBuffer: true },  // else a printed map is empty
      keyboard: main,
    });
    view.touchZoomRotate.disableRotation();
    view.keyboard.disableRotation();
    const half: Half = { view, drawnAs: new Map(), shown, ready: false };
    view.on("style.load", () => {
      half.ready = true;
      this.#dress(half);
      this.#mark(half);
    });
    view.on("move", () => {
      const other = main ? this.#left?.view : this.#main.view;
      if (other && this.#store.now.view === "swipe") this.#follow(view, other);
    });
    view.on("click", (event) => this.#click(half, event));
    view.on("mousemove", (event) => this.#hover(half, event));
    view.on("mouseout", () => this.#untip());
    view.on("movestart", () => this.#untip());
    tellBusy(view, box);
    view.on("error", (event) => this.#failed(event.error));
    const canvas = view.getCanvas();
    if (main) {
      view.addControl(new ScaleControl({ maxWidth: 120, unit: "metric" }), "bottom-left");
      view.on("moveend", () => this.#store.set({ camera: this.camera }));
      canvas.addEventListener("keydown", (event) => {
        if (event.key === "Enter") this.#pickMiddle(half);
      });
    } else {
      canvas.tabIndex = -1;
    }
    return half;
  }

  #follow(leader: MapView, follower: MapView): void {
    if (this.#moving) return;
    this.#moving = true;
    follower.jumpTo({ center: leader.getCenter(), zoom: leader.getZoom() });
    this.#moving = false;
  }

  // ── what lies under the pointer ──

  #click(half: Half, event: MapMouseEvent): void {
    const touch = (event.originalEvent as PointerEvent).pointerType === "touch" || !window.matchMedia("(hover: hover)").matches;
    this.onPick(this.#under(half, event.point, touch ? NEAR_TOUCH_PX : NEAR_PX), event.lngLat);
  }

  #pickMiddle(half: Half): void {
    const middle = half.view.project(half.view.getCenter());
    this.onPick(this.#under(half, middle, NEAR_TOUCH_PX), half.view.getCenter());
  }

  #hover(half: Half, event: MapMouseEvent): void {
    if (this.#hovering || !window.matchMedia("(hover: hover)").matches) return;
    this.#hovering = requestAnimationFrame(() => {
      this.#hovering = 0;
      if (half.view.isMoving()) return;
      const [first] = this.#under(half, event.point, NEAR_PX);
      half.view.getCanvas().style.cursor = first ? "pointer" : "";
      this.#tip.hidden = !first;
      if (!first) return;
      this.#tip.textContent = nameOf(first.layer, first.properties, first.id, this.#store.now.lang, this.#catalogue);
      const { clientWidth } = this.node;
      this.#tip.classList.toggle("turned", event.point.x > clientWidth - 220);
      this.#tip.style.translate = `${event.point.x}px ${event.point.y}px`;
    });
  }

  #untip(): void {
    cancelAnimationFrame(this.#hovering);
    this.#hovering = 0;
    this.#tip.hidden = true;
  }

  /** Return the features at a point, what is drawn on top first; lines and points are met from a little way off. */
  #under(half: Half, point: { x: number; y: number }, near: number): Pick[] {
    const { x, y } = point;
    const around: [PointLike, PointLike] = [[x - near, y - near], [x + near, y + near]];
    const parts = { area: [] as string[], fine: [] as string[] };
    for (const layer of Object.values(this.#catalogue.layers)) {
      if (!layer.collection || !drawn(this.#catalogue, this.#store.now, layer, half.shown)) continue;
      const filled = layer.style.some((part) => part.type === "fill");
      for (const part of layer.style) {
        if (!half.view.getLayer(part.id)) continue;
        if (part.type === "fill") parts.area.push(part.id);
        else if (layer.geometry !== "polygon" || (part.type === "line" && !filled)) parts.fine.push(part.id);
      }
    }
    const met: MapGeoJSONFeature[] = [
      ...(parts.fine.length ? half.view.queryRenderedFeatures(around, { layers: parts.fine }) : []),
      ...(parts.area.length ? half.view.queryRenderedFeatures([x, y], { layers: parts.area }) : []),
    ];
    const picks = new Map<string, Pick>();
    for (const feature of met) {
      const layer = this.#layerOfPart.get(feature.layer.id);
      const id: unknown = feature.properties["id"];
      if (!layer || (typeof id !== "string" && typeof id !== "number")) continue;
      const key = `${layer.collection}/${id}`;
      if (!picks.has(key)) picks.set(key, { layer, id: String(id), properties: feature.properties });
    }
    return [...picks.values()];
  }

  /** Tiles that failed are asked for again after a while. */
  #failed(error: unknown): void {
    const { status } = (error ?? {}) as { status?: number };
    if (status === 404 || status === 204) return;
    this.onFailedTiles(true);
    window.clearTimeout(this.#retry);
    this.#retry = window.setTimeout(() => {
      this.onFailedTiles(false);
      this.refresh("all");
    }, RETRY_MS);
  }

  /**
   * Draw what is seen now at the size of the printed sheet, and go back afterwards. Printers take a picture of the page
   * before WebGL shows what it has just drawn, so a plain copy is laid over the map.
   */
  print(now: boolean): void {
    const { view } = this.#main;
    for (const copy of this.node.querySelectorAll(".printed")) copy.remove();
    if (!now && !this.#beforePrint) return;
    const seen = view.getBounds();
    const before = this.#beforePrint ?? this.camera;
    this.resize();
    if (now) view.fitBounds(seen, { animate: false, padding: 0 });
    else this.go(before);
    this.#beforePrint = now ? before : null;
    for (const half of this.#halves()) {
      half.view.redraw();
      const canvas = half.view.getCanvas();
      const copy = el("canvas", { class: "printed", width: canvas.width, height: canvas.height });
      copy.getContext("2d")?.drawImage(canvas, 0, 0);
      if (now) half.view.getContainer().append(copy);
    }
  }

  /** Wait until all that is in view has been fetched and drawn, though not for ever. */
  async drawn(): Promise<void> {
    const end = performance.now() + DRAWN_MS;
    const wait = (): Promise<void> => new Promise((done) => window.setTimeout(done, LOOK_MS));
    do await wait();
    while (performance.now() < end && this.#halves().some((half) => !half.view.areTilesLoaded()));
    await wait();
  }

  /** The map's box has another size. */
  resize(): void {
    for (const half of this.#halves()) half.view.resize();
  }
}

/** Say on the map's box whether it is still being drawn. No event follows when tiles turn out to be unchanged: look. */
function tellBusy(view: MapView, box: HTMLElement): void {
  let looking = 0;
  const look = (): void => {
    if (view.isMoving() || !view.areTilesLoaded()) return;
    box.setAttribute("aria-busy", "false");
    window.clearInterval(looking);
    looking = 0;
  };
  const begin = (): void => {
    box.setAttribute("aria-busy", "true");
    looking ||= window.setInterval(look, LOOK_MS);
  };
  view.on("dataloading", begin);
  view.on("movestart", begin);
}

/** The buttons on the map. */
export function controls(stage: Stage, store: Store): HTMLElement {
  const made = [
    { word: "zoom_in", path: ICONS.plus, act: () => stage.zoom(1) },
    { word: "zoom_out", path: ICONS.minus, act: () => stage.zoom(-1) },
    { word: "whole", path: ICONS.whole, act: () => stage.whole() },
  ] as const;
  const buttons = made.map(({ path, act }) => el("button", { type: "button", onclick: act }, icon(path)));
  const name = (state: State): void =>
    buttons.forEach((button, n) => {
      const text = say(made[n]!.word, state.lang);
      button.setAttribute("aria-label", text);
      button.title = text;
    });
  store.watch(["lang"], name);
  name(store.now);
  return el("div", { class: "controls" }, el("div", { class: "pair" }, buttons[0], buttons[1]), el("div", { class: "pair" }, buttons[2]));
}
