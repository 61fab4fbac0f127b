/** What there is to show, as `/studies/{study}/layers` tells it: sections, groups, layers, legends, fields. */

import type { LayerSpecification, SourceSpecification } from "maplibre-gl";

export type Lang = "zh" | "en";
export type Side = "before" | "after";

/** A text in both languages. */
export interface Words {
  readonly zh: string;
  readonly en: string;
}

export type Format =
  | "text" | "count" | "year" | "km2" | "metres" | "density" | "flag" | "choice" | "community" | "share" | "yuan";

/** One line of a card. */
export interface Field {
  readonly column: string;
  readonly column_en: string;
  readonly label: Words;
  readonly format: Format;
  readonly optional: boolean;
  readonly words: Readonly<Record<string, Words>>;
  readonly unit?: Words | null;
}

/** How one class is drawn. Widths and radius in CSS pixels. */
export interface Symbology {
  readonly fill: string;
  readonly fill_opacity: number;
  readonly pattern: "solid" | "hatch" | "none";
  readonly stroke: string;
  readonly width: number;
  readonly stroke_opacity: number;
  readonly dash: readonly number[];
  readonly radius: number;
}

/** One line of a legend; one without a label is not shown. */
export interface LegendClass {
  readonly value: string;
  readonly lower: number | null;
  readonly upper: number | null;
  readonly label: Words;
  readonly symbol: Symbology;
}

export interface Layer {
  readonly id: string;
  readonly section: string;
  readonly group: string;
  /** Where its items are; empty for a raster. */
  readonly collection: string;
  readonly title: Words;
  readonly geometry: "polygon" | "line" | "point" | "raster";
  /** Drawn when the page opens. */
  readonly shown: boolean;
  /** Drawn when its section is switched on. */
  readonly usual: boolean;
  /** Of all layers with this word at most one is shown. */
  readonly exclusive: string;
  /** On which side of a comparison it stands; none: on both. */
  readonly side: "" | Side;
  readonly column: string;
  readonly kind: "single" | "categories" | "ranges";
  readonly legend: readonly LegendClass[];
  readonly fields: readonly Field[];
  /** Columns of its name in Chinese and English. */
  readonly name: readonly string[];
  readonly source: string;
  readonly style: readonly LayerSpecification[];
  readonly unit?: Words | null;
  /** Where the value of a raster at a point is told. */
  readonly point?: string;
}

export interface Group {
  readonly id: string;
  readonly title: Words;
  /** Ids of layers, the topmost first. */
  readonly layers: readonly string[];
}

export interface Section {
  readonly id: string;
  /** study, plan, gaps, siting, examination, programme, conversion or rasters. */
  readonly source: string;
  readonly result: string;
  readonly title: Words;
  readonly at?: string;
  readonly by?: string;
  /** Of a plan: draft, proposed, approved, published. */
  readonly state?: string;
  readonly review_number?: string;
  readonly communities?: Readonly<Record<string, Words>>;
  readonly groups: readonly Group[];
}

export interface Catalogue {
  readonly study: { readonly id: string; readonly name: Words };
  readonly bounds: readonly [number, number, number, number] | null;
  readonly sprite?: string;
  readonly colours: { readonly paper: string; readonly ink: string; readonly seal: string };
  readonly background: LayerSpecification;
  readonly words: Readonly<Record<string, Words>>;
  readonly sources: Readonly<Record<string, SourceSpecification>>;
  readonly sections: readonly Section[];
  readonly layers: Readonly<Record<string, Layer>>;
  /** Ids of all style layers, bottom first. */
  readonly order: readonly string[];
}

export function plansOf(catalogue: Catalogue): readonly Section[] {
  return catalogue.sections.filter((each) => each.source === "plan");
}

export function sectionOf(catalogue: Catalogue, id: string): Section | undefined {
  return catalogue.sections.find((each) => each.id === id);
}

export function layersOf(catalogue: Catalogue, section: Section): readonly Layer[] {
  return section.groups.flatMap((group) => group.layers.flatMap((id) => catalogue.layers[id] ?? []));
}

/** The catalogue as the server sends it. */
export interface Told extends Omit<Catalogue, "layers"> {
  readonly layers: Readonly<Record<string, Omit<Layer, "side" | "usual"> & { readonly role?: string; readonly usual?: boolean }>>;
  readonly results?: readonly (Partial<Section> & { readonly id: string })[];
}

/** Return the catalogue as the page uses it: sections know who made them and when, layers on which side they stand. */
export function understood(told: Told): Catalogue {
  const results = new Map((told.results ?? []).map((each) => [each.id, each] as const));
  const layers = Object.values(told.layers).map(({ role, ...layer }): Layer =>
    ({ ...layer, usual: layer.usual ?? layer.shown, side: role === "before" ? "before" : role === "after" || role === "moves" ? "after" : "" }));  // prettier-ignore
  const usual = new Set(layers.filter((layer) => layer.usual).map(bareId));
  return {
    ...told,
    sections: told.sections.map((section) => ({ ...results.get(section.id), ...section })),
    layers: Object.fromEntries(layers.map((layer) => [layer.id, layer.side ? { ...layer, usual: usual.has(bareId(layer)) } : layer])),
  };
}

/** What the ids of twins, one for today and one for the plan, have in common. */
function bareId(layer: Layer): string {
  return layer.id.replace(/_before|_after/, "");
}

const twins = new WeakMap<Catalogue, ReadonlyMap<string, Layer>>();

/** Return the layer that shows on the other side of a comparison what this one shows on its own. */
export function twinOf(catalogue: Catalogue, layer: Layer): Layer | undefined {
  let known = twins.get(catalogue);
  if (!known) {
    const sided = Object.values(catalogue.layers).filter((each) => each.side);
    const after = new Map(sided.filter((each) => each.side === "after").map((each) => [bareId(each), each] as const));
    const pairs = sided.flatMap((before) => {
      const twin = before.side === "before" ? after.get(bareId(before)) : undefined;
      return twin ? ([[before.id, twin], [twin.id, before]] as const) : [];
    });
    twins.set(catalogue, (known = new Map(pairs)));
  }
  return known.get(layer.id);
}

/** Return the layer whose switch counts: of twins the one of the plan, for both. */
export function masterOf(catalogue: Catalogue, layer: Layer): Layer {
  return (layer.side === "before" && twinOf(catalogue, layer)) || layer;
}

/** Where the fills of whole communities lie among all that is drawn, and where the base map begins above them. */
const GROUND = 20;
const BASE = 30;

function slotOf(part: LayerSpecification): number {
  return (part.metadata as { "shequ:slot"?: number } | undefined)?.["shequ:slot"] ?? 0;
}

/** Tell whether a layer colours whole communities: of such layers one is enough, whatever they belong to. */
export function isGround(layer: Layer): boolean {
  return layer.style.some((part) => part.type === "fill" && slotOf(part) === GROUND);
}

/** Return the ids of all parts in the order in which the page draws them: rasters over coloured communities. */
export function drawingOrder(catalogue: Catalogue): readonly string[] {
  const parts = Object.values(catalogue.layers).flatMap((layer) => layer.style);
  const rasters = new Set(parts.filter((part) => part.type === "raster").map((part) => part.id));
  const above = new Set(parts.filter((part) => slotOf(part) >= BASE).map((part) => part.id));
  const rest = catalogue.order.filter((id) => !rasters.has(id));
  const at = rest.findIndex((id) => above.has(id));
  const place = at < 0 ? rest.length : at;
  return [...rest.slice(0, place), ...catalogue.order.filter((id) => rasters.has(id)), ...rest.slice(place)];
}

/** Return the collection behind a source: labels and arrows are made from one too. */
export function collectionOf(source: string): string {
  return source.replace(/^[a-z]+:/, "");
}
