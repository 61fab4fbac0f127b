/** Each community of a plan against the limits: a table that sorts, with a bar for each; a click goes there. */

import type { Lang, Layer } from "../catalogue";
import type { Child } from "../dom";
import { el, svg } from "../dom";
import { number } from "../values";
import { say } from "../words";
import type { PlanFacts } from "./book";
import type { Against } from "./told";

export type SortBy = "name" | "households" | "people";
export interface Sort {
  readonly by: SortBy;
  readonly up: boolean;
}

interface Row {
  readonly id: string;
  readonly name: string;
  readonly households: number | null;
  readonly people: number | null;
  readonly against: Against;
}

/** Bars reach beyond the upper limit by this much of it, so that what is too large is seen to be. */
const BEYOND = 1.15;

export interface CommunitiesTable {
  readonly facts: PlanFacts;
  /** The layer that colours communities by the limits: bars have its colours. */
  readonly limits: Layer | undefined;
  readonly lang: Lang;
  readonly sort: Sort;
  readonly selected: string;
  readonly onSort: (sort: Sort) => void;
  readonly onVisit: (id: string) => void;
}

export function communitiesTable(options: CommunitiesTable): HTMLElement {
  const { facts, lang, sort, onSort } = options;
  const rows = sorted(rowsOf(facts, lang), sort, lang);
  const peopled = rows.some((row) => row.people !== null);
  const columns = [["name", say("community", lang)], ["households", say("households", lang)], ...(peopled ? [["people", say("people", lang)] as const] : [])] as const;
  const head = ([by, text]: readonly [SortBy, string]): Child =>
    el("th", { scope: "col", class: by, "aria-sort": sort.by === by ? (sort.up ? "ascending" : "descending") : "none" },
      el("button", { type: "button", "data-key": `sort-${by}`, title: say("sort_by", lang, { what: text }),
        onclick: () => onSort({ by, up: sort.by === by ? !sort.up : by === "name" }) }, text));  // prettier-ignore
  return el("table", { class: "communities" },
    el("caption", { class: "unseen" }, say("plan_against", lang)),
    el("thead", {}, el("tr", {}, columns.map(head))),
    el("tbody", {}, rows.map((row) => line(row, options, peopled))));  // prettier-ignore
}

function line(row: Row, { facts, limits, lang, selected, onVisit }: CommunitiesTable, peopled: boolean): HTMLElement {
  const { plan } = facts;
  const tooMany = plan.max_people != null && row.people !== null && row.people > plan.max_people;
  const tooFew = plan.min_people != null && row.people !== null && row.people < plan.min_people;
  const state = row.against === "unknown" ? "" : say(`against_${row.against}`, lang);
  return el("tr", { class: row.id === selected ? "here" : "" },
    el("th", { scope: "row", class: "name" },
      el("button", { type: "button", "data-key": `community-${row.id}`, "data-step": "", "aria-pressed": String(row.id === selected), title: say("on_map", lang),
        onclick: () => onVisit(row.id) }, row.name)),
    el("td", { class: `households ${row.against}`, title: state },
      bar(row, facts, limits),
      el("span", { class: "count" }, row.households === null ? say("few", lang) : number(row.households)),
      row.against !== "within" && el("span", { class: "unseen" }, ` ${state}`)),
    peopled && el("td", { class: tooMany || tooFew ? "people fault" : "people" }, row.people === null ? "—" : number(row.people)));  // prettier-ignore
}

/** The households of a community, and where they should lie. */
function bar(row: Row, { plan }: PlanFacts, limits: Layer | undefined): SVGElement {
  const most = Math.max(plan.max_households, ...plan.communities.map((each) => each.households ?? 0));
  const whole = Math.max(plan.max_households * BEYOND, most);
  const at = (households: number): number => (100 * households) / whole;
  const symbol = limits?.legend.find((each) => each.value === row.against)?.symbol;
  const [low, high] = [at(plan.min_households), at(plan.max_households)];
  return svg("svg", { class: "bar", viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("rect", { class: "within", x: low, y: 0, width: high - low, height: 10 }),
    svg("rect", { class: "filled", x: 0, y: 2.5, width: at(row.households ?? 0), height: 5, fill: row.against === "within" ? "var(--within)" : symbol?.fill }),
    [low, high].map((x) => svg("line", { x1: x, x2: x, y1: 0, y2: 10, "vector-effect": "non-scaling-stroke" })));  // prettier-ignore
}

function rowsOf({ plan, communities }: PlanFacts, lang: Lang): readonly Row[] {
  const names = new Map(communities.map((each) => [each.id, each] as const));
  return plan.communities.map((each) => {
    const own = names.get(each.id);
    const spoken = lang === "zh" ? [own?.name, own?.name_en, each.text_zh] : [own?.name_en, own?.name, each.text_en];
    return { id: each.id, name: spoken.find(Boolean) ?? each.id, households: each.households, people: each.people, against: each.against_limits };
  });
}

function sorted(rows: readonly Row[], { by, up }: Sort, lang: Lang): readonly Row[] {
  const collator = new Intl.Collator(lang === "zh" ? "zh-CN" : "en", { numeric: true });
  const named = (a: Row, b: Row): number => collator.compare(a.name, b.name) || collator.compare(a.id, b.id);
  return [...rows].sort((a, b) => {
    if (by === "name") return up ? named(a, b) : named(b, a);
    const [x, y] = [a[by], b[by]];
    if (x === y) return named(a, b);
    if (x === null) return up ? -1 : 1;  // what is not told is few
    if (y === null) return up ? 1 : -1;
    return up ? x - y : y - x;
  });
}
