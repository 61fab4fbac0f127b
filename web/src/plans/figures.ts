/** The measures as a small table: today and a plan, or two plans and what is different. */

import type { Lang } from "../catalogue";
import type { Child } from "../dom";
import { el } from "../dom";
import { number } from "../values";
import { known, say, sayIfKnown } from "../words";
import type { PlanFacts } from "./book";
import type { Sizes } from "./measures";
import { changedOf, sizesOf } from "./measures";
import type { PlanTold } from "./told";

interface Line {
  readonly label: string;
  readonly values: readonly (number | null | undefined)[];
  readonly digits: number;
  readonly unit?: string;
  /** More than none of it is a fault. */
  readonly fault?: boolean;
}

/** Return the table of one plan beside today. */
export function planFigures(facts: PlanFacts, lang: Lang): HTMLElement {
  const { plan } = facts;
  const [today, now] = [sizesOf(facts.today), sizesOf(plan.communities)];
  const lines = [...sizeLines([today, now], facts.plan, lang), rules([null, plan.violations.length], lang)];
  return table(lines, [{ text: say("before", lang) }, { text: say("after", lang) }]);
}

/** Return the table of two plans and their difference. */
export function comparedFigures(left: PlanFacts, right: PlanFacts, names: readonly [string, string], lang: Lang): HTMLElement {
  const pair = [left, right] as const;
  const alike = left.plan.min_households === right.plan.min_households && left.plan.max_households === right.plan.max_households;
  const lines: Line[] = [
    ...sizeLines(pair.map(({ plan }) => sizesOf(plan.communities)), alike ? right.plan : null, lang),
    { label: say("plan_changed", lang), digits: 0, values: pair.map((each) => changedOf(each)?.households) },
    rules(pair.map(({ plan }) => plan.violations.length), lang),
    ...termLines(pair, lang),
  ];
  return table(lines, [{ text: say("left", lang), hint: names[0] }, { text: say("right", lang), hint: names[1] }, { text: say("difference", lang) }]);
}

/** Return what the plan keeps small, term by term, in the units of each. */
export function planTerms(facts: PlanFacts, lang: Lang): HTMLElement {
  return table(termLines([facts], lang), [{ text: say("after", lang) }]);
}

/** `limits`: where they are the same for all. */
function sizeLines(sizes: readonly (Sizes | null)[], limits: PlanTold | null, lang: Lang): Line[] {
  const of = (key: keyof Sizes): readonly (number | null | undefined)[] => sizes.map((each) => each?.[key]);
  return [
    { label: say("plan_communities", lang), digits: 0, values: of("communities") },
    { label: say("plan_fewest", lang), digits: 0, values: of("fewest") },
    { label: say("plan_mean", lang), digits: 0, values: of("mean") },
    { label: say("plan_most", lang), digits: 0, values: of("most") },
    { label: limits ? say("plan_below", lang, { n: number(limits.min_households) }) : say("plan_below_own", lang), digits: 0, values: of("below"), fault: true },
    { label: limits ? say("plan_above", lang, { n: number(limits.max_households) }) : say("plan_above_own", lang), digits: 0, values: of("above"), fault: true },
  ];
}

function rules(values: readonly (number | null)[], lang: Lang): Line {
  return { label: say("plan_violations", lang), digits: 0, values, fault: true };
}

function termLines(all: readonly PlanFacts[], lang: Lang): Line[] {
  const names = [...new Set(all.flatMap(({ plan }) => Object.keys(plan.terms)))].filter((name) => name !== "change" && known(`term_${name}`));
  return names.map((name) => {
    const terms = all.map(({ plan }) => plan.terms[name]);
    const unit = terms.find(Boolean)?.unit ?? "";
    const [scale, shown, digits] = unit === "m" ? [1e-3, "km", 1] : unit === "km²" ? [1, "km2", 2] : [1, unit, 0];
    return {
      label: sayIfKnown(`term_${name}`, lang),
      values: terms.map((each) => (each ? each.value * scale : null)),
      digits,
      unit: sayIfKnown(`unit_${shown}`, lang),
    };
  });
}

interface Head {
  readonly text: string;
  readonly hint?: string;
}

/** One column for each value, and where there is one more head, their difference. */
function table(lines: readonly Line[], heads: readonly Head[]): HTMLElement {
  const cell = (value: number | null | undefined, { digits, fault }: Line): Child =>
    el("td", { class: fault && value ? "fault" : "" }, value === null || value === undefined ? "—" : number(value, digits));
  const difference = ({ values: [a, b], digits, fault }: Line): Child => {
    const by = a == null || b == null ? null : Number((rounded(b, digits) - rounded(a, digits)).toFixed(digits));
    return el("td", { class: by === null || by === 0 ? "same" : fault && by > 0 ? "fault" : "" },
      by === null ? "—" : by === 0 ? "0" : `${by > 0 ? "+" : "−"}${number(Math.abs(by), digits)}`);
  };  // prettier-ignore
  return el("table", { class: `figures of-${heads.length}` },
    el("thead", {}, el("tr", {}, el("td", {}), heads.map(({ text, hint }) => el("th", { scope: "col", title: hint }, text)))),
    el("tbody", {}, lines.map((line) => el("tr", {},
      el("th", { scope: "row" }, line.label, line.unit ? el("span", { class: "unit" }, ` ${line.unit}`) : null),
      line.values.map((value) => cell(value, line)), heads.length > line.values.length && difference(line)))));  // prettier-ignore
}

/** Differences are of what is read, not of digits behind it. */
function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
