/** The catalogue as a MapLibre style: which layers are seen on one side, in which language, how opaque. */

import type { ExpressionSpecification, LayerSpecification, SourceSpecification, StyleSpecification } from "maplibre-gl";
import type { Catalogue, Lang, Layer } from "../catalogue";
import { drawingOrder } from "../catalogue";
import type { Server } from "../server";
import type { Shown } from "../sides";
import type { State } from "../state";
import { drawn, sectionOn, switchOf } from "../state";

/** The fonts of names on the map, from the machine: the same as those of the page round it. */
const FONTS = ["Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei",
  "WenQuanYi Micro Hei", "Helvetica Neue", "Arial", "sans-serif"] as const;  // prettier-ignore
const PLAIN = ["Regular", ...FONTS];
const BOLD = ["Bold", ...FONTS];
/* Without an address of glyphs in the style MapLibre draws all letters itself, with these; "Bold" tells it the weight. */

const OPACITY: Partial<Record<LayerSpecification["type"], readonly string[]>> = {
  raster: ["raster-opacity"],
  fill: ["fill-opacity"],
  line: ["line-opacity"],
  circle: ["circle-opacity", "circle-stroke-opacity"],
  symbol: ["text-opacity", "icon-opacity"],
};

export const SELECTED = "selected";

/**
 * Return the style of one map: the layers of the sections that are switched on. `attempt` grows when pictures are to be
 * fetched anew.
 */
export function styleOf(catalogue: Catalogue, state: State, shown: Shown, server: Server, attempt: number): StyleSpecification {
  const sources: Record<string, SourceSpecification> = {};
  sources[SELECTED] = { type: "geojson", data: { type: "FeatureCollection", features: [] } };
  const made = new Map<string, LayerSpecification>([[catalogue.background.id, catalogue.background]]);
  for (const layer of Object.values(catalogue.layers)) {
    if (!sectionOn(catalogue, state, layer.section)) continue;
    for (const part of layer.style) {
      made.set(part.id, dressed(catalogue, state, shown, layer, part));
      const source = "source" in part ? catalogue.sources[part.source] : undefined;
      if (source && "source" in part) sources[part.source] ??= sourceHere(source, server, attempt);
    }
  }
  return {
    version: 8,
    ...(catalogue.sprite && { sprite: server.here(catalogue.sprite) }),
    sources,
    layers: [...drawingOrder(catalogue).flatMap((id) => made.get(id) ?? []), ...selectedLayers(catalogue)],
  };
}

/** Return one part of a layer as it is to be drawn now. */
export function dressed(catalogue: Catalogue, state: State, shown: Shown, layer: Layer, part: LayerSpecification): LayerSpecification {
  const layout: Record<string, unknown> = {
    ...part.layout,
    visibility: drawn(catalogue, state, layer, shown) ? "visible" : "none",
  };
  if (part.type === "symbol" && layout["text-field"] !== undefined) {
    layout["text-field"] = inOurFonts(textOf(part, state.lang) ?? layout["text-field"]);
    layout["text-font"] = fontsFor(layout["text-font"]);
  }
  const paint: Record<string, unknown> = { ...part.paint };
  const share = state.opacity[switchOf(catalogue, state, layer).id] ?? 1;
  if (share < 1)
    for (const name of OPACITY[part.type] ?? []) paint[name] = faded((paint[name] ?? 1) as number | unknown[], share);
  return { ...part, layout, paint } as LayerSpecification;
}

/** Multiply an opacity, be it a number or an expression; those that depend on the zoom keep their form. */
export function faded(value: number | readonly unknown[] | Record<string, unknown>, share: number): unknown {
  if (typeof value === "number") return value * share;
  if (!Array.isArray(value)) return value;
  const [head] = value as readonly unknown[];
  const depends = JSON.stringify(value).includes('"zoom"');
  if (!depends) return ["*", share, value];
  const first = head === "step" ? 2 : 4;
  if (head !== "interpolate" && head !== "step") return value;
  return (value as readonly unknown[]).map((each, n) => {
    const output = head === "step" ? n === 2 || (n > 2 && n % 2 === 0) : n >= first && n % 2 === 0;
    return output ? faded(each as number | unknown[], share) : each;
  });
}

function textOf(part: LayerSpecification, lang: Lang): ExpressionSpecification | string | undefined {
  const both = (part.metadata as { "shequ:text"?: Record<Lang, ExpressionSpecification | string> } | undefined)?.["shequ:text"];
  return both?.[lang];
}

function fontsFor(font: unknown): readonly string[] {
  return JSON.stringify(font ?? "").includes("Bold") ? BOLD : PLAIN;
}

/** A text of several parts may name a font for each. */
function inOurFonts(text: unknown): unknown {
  if (Array.isArray(text)) return text.map(inOurFonts);
  if (typeof text !== "object" || text === null) return text;
  const entries = Object.entries(text).map(([key, value]) => [key, key === "text-font" ? ["literal", fontsFor(value)] : value] as const);
  return Object.fromEntries(entries);
}

function sourceHere(source: SourceSpecification, server: Server, attempt: number): SourceSpecification {
  if (source.type === "geojson" && typeof source.data === "string") return { ...source, data: server.here(source.data) };
  if (source.type === "vector" && source.tiles) return { ...source, tiles: source.tiles.map((each) => server.here(each)) };
  if (source.type === "raster" && source.tiles)
    return { ...source, tiles: source.tiles.map((each) => server.here(each) + (attempt ? `#${attempt}` : "")) };
  return source;
}

/** What marks the feature that was picked: readable on every ground. */
function selectedLayers(catalogue: Catalogue): LayerSpecification[] {
  const { ink } = catalogue.colours;
  const lines: ExpressionSpecification = ["!=", ["geometry-type"], "Point"];
  const points: ExpressionSpecification = ["==", ["geometry-type"], "Point"];
  const round = { "line-cap": "round", "line-join": "round" } as const;
  return [
    { id: "selected/fill", type: "fill", source: SELECTED, filter: ["==", ["geometry-type"], "Polygon"],
      paint: { "fill-color": "#FFD54A", "fill-opacity": 0.14 } },
    { id: "selected/halo", type: "line", source: SELECTED, filter: lines, layout: round,
      paint: { "line-color": "#FFFFFF", "line-width": 7, "line-opacity": 0.9 } },
    { id: "selected/line", type: "line", source: SELECTED, filter: lines, layout: round,
      paint: { "line-color": "#D99A00", "line-width": 3.2 } },
    { id: "selected/ring", type: "circle", source: SELECTED, filter: points,
      paint: { "circle-radius": 10, "circle-color": "rgba(255,213,74,0.35)", "circle-stroke-color": "#D99A00", "circle-stroke-width": 3 } },
    { id: "selected/dot", type: "circle", source: SELECTED, filter: points,
      paint: { "circle-radius": 2, "circle-color": ink } },
  ];
}
