/** How values read: numbers with thousands and units, words behind codes, names behind ids. */

import type { Catalogue, Field, Lang, Layer } from "./catalogue";
import { sectionOf } from "./catalogue";
import type { Properties } from "./server";
import { pick, say } from "./words";

/** Return a number with its thousands set apart. */
export function number(value: number, digits = 0): string {
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** Return the name of a feature: its own, else what its kind is called and its id. */
export function nameOf(layer: Layer, properties: Properties, id: string, lang: Lang, catalogue: Catalogue): string {
  const [zh, en] = layer.name;
  const words = { zh: text(properties[zh ?? ""]), en: text(properties[en ?? ""]) };
  const own = pick(words, lang);
  if (own) return own;
  const from = properties["from_id"];
  const to = properties["to_id"];
  if (typeof from === "string" || typeof to === "string")
    return `${communityName(catalogue, layer, from, lang)} → ${communityName(catalogue, layer, to, lang)}`;
  return `${pick(layer.title, lang)} ${id}`;
}

/** Return what a card says for one field; empty where the line is not worth showing. */
export function shownValue(catalogue: Catalogue, layer: Layer, field: Field, properties: Properties, lang: Lang): string {
  const value = properties[field.column];
  if (field.format === "text") return pick({ zh: text(value), en: text(properties[field.column_en]) }, lang);
  if (value === null || value === undefined || value === "") {
    if (field.optional || !(field.column in properties)) return "";
    return field.format === "community" ? communityName(catalogue, layer, value, lang) : say("unknown", lang);
  }
  if (field.optional && value === false) return "";
  switch (field.format) {
    case "count": return withUnit(number(Number(value), Number.isInteger(value) ? 0 : 1), field, lang);
    case "year": return String(value);
    case "km2": return `${number(Number(value) / 1e6, Number(value) < 1e5 ? 3 : 2)} ${unitOf(catalogue, field, "unit.km2", lang)}`;
    case "metres": return `${number(Number(value))} ${unitOf(catalogue, field, "unit.m", lang)}`;
    case "density": return `${number(Number(value), 1)} ${unitOf(catalogue, field, "unit.per_hectare", lang)}`.trim();
    case "share": return `${number(100 * Number(value), 1)}%`;
    case "yuan": return yuan(Number(value), lang);
    case "flag": return pick(catalogue.words[value ? "yes" : "no"], lang) || String(value);
    case "choice": return pick(field.words[String(value)], lang) || String(value);
    case "community": return communityName(catalogue, layer, value, lang);
  }
}

/** Tell whether a value of this field is a number to be set at the right of a column. */
export function isNumber(field: Field): boolean {
  return ["count", "year", "km2", "metres", "density", "share", "yuan"].includes(field.format);
}

/** Return the community's name behind an id. */
function communityName(catalogue: Catalogue, layer: Layer, id: unknown, lang: Lang): string {
  const none = pick(catalogue.words["page.no_community"], lang) || say("unknown", lang);
  if (typeof id !== "string" || !id) return none;
  return pick(sectionOf(catalogue, layer.section)?.communities?.[id], lang) || id;
}

function withUnit(shown: string, field: Field, lang: Lang): string {
  const unit = lang === "zh" ? pick(field.unit, lang) : "";  // in English the label has it
  return unit ? `${shown} ${unit}` : shown;
}

function unitOf(catalogue: Catalogue, field: Field, key: string, lang: Lang): string {
  return pick(field.unit, lang) || pick(catalogue.words[key], lang);
}

function yuan(value: number, lang: Lang): string {
  if (lang === "zh") return value >= 1e4 ? `${number(value / 1e4, value >= 1e6 ? 0 : 1)} 万元` : `${number(value)} 元`;
  return value >= 1e6 ? `CNY ${number(value / 1e6, 2)} million` : `CNY ${number(value)}`;
}

function text(value: unknown): string {
  return value === null || value === undefined ? "" : String(value);
}

/** Return the class of the legend that a feature is drawn in, as the style decides it. */
export function classOf(layer: Layer, properties: Properties): Layer["legend"][number] | undefined {
  if (layer.kind === "single") return layer.legend[0];
  const value = properties[layer.column];
  const last = layer.legend[layer.legend.length - 1];
  if (layer.kind === "categories") return layer.legend.find((each) => each.value === String(value)) ?? last;
  if (typeof value !== "number") return last;
  return (
    layer.legend.find((each) =>
      (each.lower !== null || each.upper !== null) &&
      (each.lower === null || value >= each.lower) && (each.upper === null || value < each.upper)) ?? last
  );
}

/** Return a moment as people write it. */
export function moment(at: string, lang: Lang): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return at;
  return date.toLocaleString(lang === "zh" ? "zh-CN" : "en-GB", { dateStyle: "medium", timeStyle: "short" });
}
