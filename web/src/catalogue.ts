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
  /** Of all layers with this word at most one is shown. */
  readonly exclusive: string;
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
  readonly plan_state?: string;
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

/** Tell whether a plan can be looked at beside what is there today. */
export function hasBefore(catalogue: Catalogue, section: Section | undefined): boolean {
  return section !== undefined && layersOf(catalogue, section).some((layer) => layer.side === "before");
}

/** Return the collection behind a source: labels and arrows are made from one too. */
export function collectionOf(source: string): string {
  return source.replace(/^[a-z]+:/, "");
}
