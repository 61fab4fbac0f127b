/** What is different between two plans beside their measures: rules, sizes of communities, land that lies elsewhere. */

import type { Lang } from "../catalogue";
import type { Child } from "../dom";
import { el } from "../dom";
import { number } from "../values";
import { pick, say, sayIfKnown } from "../words";
import type { PlanFacts } from "./book";
import type { Compared } from "./told";

export interface Differences {
  readonly told: Compared;
  readonly left: PlanFacts;
  readonly right: PlanFacts;
  readonly names: readonly [string, string];
  readonly lang: Lang;
  readonly onVisit: (side: "left" | "right", id: string) => void;
}

export function differences(options: Differences): HTMLElement[] {
  const { told, lang } = options;
  const rules = told.violations.filter((each) => each.state !== "stays");
  const title = (text: string, n: number): HTMLElement => el("h2", {}, text, el("span", { class: "tally" }, number(n)));
  return [
    ...(rules.length
      ? [
          title(say("compare_rules", lang), rules.length),
          el("ul", { class: "broken" }, rules.map((each) =>
            el("li", {}, el("span", { class: `chip ${each.state}` }, sayIfKnown(`rule_${each.state}`, lang)), " ", pick({ zh: each.text_zh, en: each.text_en }, lang)))),
        ]
      : []),
    title(say("compare_sizes", lang), told.communities.length),
    told.communities.length ? sizes(options) : el("p", { class: "note" }, say("compare_same", lang)),
    title(say("compare_land", lang), told.blocks.length),
    told.pairs.length ? land(options) : el("p", { class: "note" }, say("compare_same", lang)),
  ];  // prettier-ignore
}

function sizes({ told, left, right, names, lang, onVisit }: Differences): HTMLElement {
  const inRight = new Set(right.plan.communities.map((each) => each.id));
  return el("table", { class: "figures of-3 visited" },
    el("thead", {}, el("tr", {}, el("td", {}), ([["left", names[0]], ["right", names[1]], ["difference", ""]] as const).map(([word, hint]) => el("th", { scope: "col", title: hint }, say(word, lang))))),
    el("tbody", {}, told.communities.map(({ community_id: id, households_before: a, households_after: b }) => {
      const side = inRight.has(id) ? "right" : "left";
      return el("tr", {},
        el("th", { scope: "row" }, goes(`size-${id}`, nameOf(side === "right" ? right : left, id, lang), () => onVisit(side, id), lang)),
        el("td", {}, count(a)), el("td", {}, count(b)), el("td", {}, a === null || b === null ? "—" : signed(b - a)));
    })));  // prettier-ignore
}

function land({ told, left, right, lang, onVisit }: Differences): HTMLElement {
  return el("ul", { class: "pairs" }, told.pairs.map((pair) => {
    const named = { from: nameOf(left, pair.from_id, lang), to: nameOf(right, pair.to_id, lang) };
    const said = pair.households === null ? "" : say("pair_households", lang, { n: number(pair.households) });
    return el("li", {},
      goes(`pair-${pair.from_id}-${pair.to_id}`, say("pair", lang, named), () => onVisit("right", pair.to_id), lang),
      el("span", { class: "note" }, [say("pair_blocks", lang, { n: number(pair.blocks) }), said].filter(Boolean).join(lang === "zh" ? "，" : ", ")));
  }));  // prettier-ignore
}

function goes(key: string, text: string, act: () => void, lang: Lang): Child {
  return el("button", { type: "button", class: "go", "data-key": key, "data-step": "", title: say("on_map", lang), onclick: act }, text);
}

function count(value: number | null): string {
  return value === null ? "—" : number(value);
}

function signed(by: number): string {
  return by === 0 ? "0" : `${by > 0 ? "+" : "−"}${number(Math.abs(by))}`;
}

function nameOf({ communities, plan }: PlanFacts, id: string, lang: Lang): string {
  const own = communities.find((each) => each.id === id);
  const spoken = plan.communities.find((each) => each.id === id);
  return pick({ zh: own?.name ?? "", en: own?.name_en ?? "" }, lang) || pick({ zh: spoken?.text_zh ?? "", en: spoken?.text_en ?? "" }, lang) || id;
}
