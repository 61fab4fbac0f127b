/** The little pictures of a legend. */

import type { Layer, LegendClass, Symbology } from "./catalogue";
import { svg } from "./dom";

const CASING = "#A9A294";

/** Draw one class as it looks on the map. */
export function swatch(layer: Layer, each: LegendClass, size: "small" | "usual" = "usual"): SVGSVGElement {
  const [wide, high] = size === "small" ? [18, 14] : [30, 18];
  const box = svg("svg", { width: wide, height: high, viewBox: `0 0 ${wide} ${high}`, class: "swatch", "aria-hidden": "true" });
  const symbol = each.symbol;
  if (layer.geometry === "line") box.append(...line(layer, symbol, wide, high));
  else if (layer.geometry === "point") box.append(point(symbol, wide, high));
  else if (!symbol.fill && symbol.pattern === "solid" && symbol.stroke) box.append(...line(layer, symbol, wide, high));
  else box.append(...area(symbol, wide, high));
  return box;
}

function line(layer: Layer, symbol: Symbology, wide: number, high: number): SVGElement[] {
  const draw = (stroke: string, width: number, dash: readonly number[]): SVGElement =>
    svg("line", { x1: 1, x2: wide - 1, y1: high / 2, y2: high / 2, stroke, "stroke-width": width, "stroke-dasharray": dash.join(" ") || null });
  const pale = /^#f/i.test(symbol.stroke) && layer.geometry === "line";
  if (!pale) return [draw(symbol.stroke, Math.max(1, symbol.width), symbol.dash)];
  return [draw(CASING, symbol.width + 1.6, []), draw(symbol.stroke, Math.max(0.8, symbol.width - 0.2), symbol.dash)];
}

function point(symbol: Symbology, wide: number, high: number): SVGElement {
  return svg("circle", {
    cx: wide / 2, cy: high / 2, r: Math.min(high / 2 - 1, symbol.radius + 0.5), fill: symbol.fill || "none",
    stroke: symbol.stroke || "none", "stroke-width": symbol.width, "fill-opacity": symbol.fill_opacity,
  });
}

function area(symbol: Symbology, wide: number, high: number): SVGElement[] {
  const frame = { x: 2, y: 2, width: wide - 4, height: high - 4, rx: 1.5 };
  const edge = {
    fill: "none", stroke: symbol.stroke || "none", "stroke-width": Math.min(symbol.width, 1.6), "stroke-opacity": symbol.stroke_opacity,
    "stroke-dasharray": symbol.dash.join(" ") || null,
  };
  const made: SVGElement[] = [];
  if (symbol.pattern === "solid")
    made.push(svg("rect", { ...frame, fill: symbol.fill || "none", "fill-opacity": symbol.fill_opacity }));
  if (symbol.pattern === "hatch") {
    made.push(svg("rect", { ...frame, fill: symbol.fill, "fill-opacity": 0.06 }));
    for (let x = 2 - frame.height; x < wide - 2; x += 6) made.push(hatch(symbol.fill, x, frame));
  }
  if (symbol.stroke) made.push(svg("rect", { ...frame, ...edge }));
  return made;
}

/** One slanting line, cut off at the frame. */
function hatch(colour: string, x: number, frame: { x: number; y: number; width: number; height: number }): SVGElement {
  const from = Math.max(x, frame.x);
  const to = Math.min(x + frame.height, frame.x + frame.width);
  return svg("line", {
    x1: from, y1: frame.y + frame.height - (from - x), x2: to, y2: frame.y + frame.height - (to - x),
    stroke: colour, "stroke-width": 1.3, "stroke-opacity": 0.8,
  });
}
