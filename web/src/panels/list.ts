/** Features as a list: names with their first figures, to be sorted, searched and found on the map. */

import type { Catalogue, Field, Layer } from "../catalogue";
import { el, ICONS, refill } from "../dom";
import type { ItemPage, Properties } from "../server";
import { gaveUp, Refusal } from "../server";
import type { State } from "../state";
import { sectionOn } from "../state";
import { swatch } from "../swatch";
import { classOf, isNumber, nameOf, number, shownValue } from "../values";
import { pick, say } from "../words";
import type { Desk, Panel } from "./panel";

const PAGE = 200;
const MOST = 10_000;
const FIGURES = 2;
const CHIPS = 2;

interface Row {
  readonly id: string;
  readonly name: string;
  readonly properties: Properties;
}

export function listPanel(desk: Desk): Panel {
  const { store, server } = desk;
  let target: HTMLElement | null = null;
  let read: { key: string; page: ItemPage } | null = null;
  let trouble = "";
  let limit = PAGE;
  let sort = { by: "", up: true };
  let filter = "";
  let asking = new AbortController();

  /** One layer for each collection of what is on: the one that names its features and says most of them. */
  function choices(catalogue: Catalogue, state: State): readonly Layer[] {
    const best = new Map<string, Layer>();
    for (const section of catalogue.sections) {
      if (!sectionOn(catalogue, state, section.id)) continue;
      for (const id of section.groups.flatMap((group) => group.layers)) {
        const layer = catalogue.layers[id];
        if (!layer?.collection) continue;
        const old = best.get(layer.collection);
        if (!old || worth(layer) > worth(old)) best.set(layer.collection, layer);
      }
    }
    return [...best.values()].filter((layer) => worth(layer) > 0);
  }

  function worth(layer: Layer): number {
    return (layer.name.length ? 2 : 0) + Math.min(1, layer.fields.length) + (layer.shown ? 0.5 : 0);
  }

  function listedOf(state: State): Layer | undefined {
    const all = choices(desk.catalogue(), state);
    return all.find((each) => each.id === state.listed) ?? all.find((each) => each.collection.includes("communities")) ?? all[0];
  }

  function draw(into: HTMLElement): void {
    target = into;
    const layer = listedOf(store.now);
    const key = layer ? `${layer.collection}#${limit}` : "";
    if (layer && read?.key !== key) void ask(layer, key);
    show();
  }

  async function ask(layer: Layer, key: string): Promise<void> {
    asking.abort();
    asking = new AbortController();
    trouble = "";
    const named = [...layer.name, layer.column, "from_id", "to_id", ...layer.fields.flatMap((each) => [each.column, each.column_en])];
    try {
      const page = await server.items(layer.collection, limit, [...new Set(named.filter(Boolean))], asking.signal);
      read = { key, page };
    } catch (error) {
      if (gaveUp(error)) return;
      read = { key, page: { type: "FeatureCollection", features: [] } };
      trouble = error instanceof Refusal ? error.message : say("no_server", store.now.lang);
    }
    show();
  }

  function show(): void {
    if (!target) return;
    const state = store.now;
    const { lang } = state;
    const catalogue = desk.catalogue();
    const layers = choices(catalogue, state);
    const layer = listedOf(state);
    if (!layer) {
      refill(target, el("p", { class: "note" }, say("list_empty", lang)));
      return;
    }
    const rows = rowsOf(catalogue, layer, state);
    const all = read?.page.numberMatched ?? rows.length;
    const counted = (read?.page.features.length ?? 0) < all
      ? say("list_shown", lang, { n: number(read?.page.features.length ?? 0), all: number(all) })
      : say("list_rows", lang, { n: number(rows.length) });  // prettier-ignore
    refill(target,
      el("div", { class: "list-head" },
        el("label", {}, el("span", { class: "unseen" }, say("list_of", lang)),
          el("select", { "data-key": "list-of", onchange: (event: Event) => choose((event.target as HTMLSelectElement).value) },
            layers.map((each) => el("option", { value: each.id, ...(each === layer && { selected: true }) }, titleOf(catalogue, each, layers, state))))),
        el("div", { class: "list-tools" },
          el("input", { type: "search", placeholder: say("list_filter", lang), "aria-label": say("list_filter", lang), value: filter, "data-key": "list-filter",
            oninput: (event: Event) => { filter = (event.target as HTMLInputElement).value; body(catalogue, layer); } }),
          sortChoice(layer, state)),
        el("p", { class: "note", role: "status" }, trouble || (read ? counted : "…"))),
      el("div", { class: "list-columns", "aria-hidden": "true" }),
      el("ol", { class: "list" }),
      read && read.page.features.length < all && limit < MOST && el("button", { type: "button", class: "more", "data-key": "list-more", onclick: more },
        say("list_more", lang, { n: number(Math.min(PAGE * 5, all - read.page.features.length)) })));  // prettier-ignore
    body(catalogue, layer);
  }

  /** Redraw only the lines, so that the box one is typing in stays. */
  function body(catalogue: Catalogue, layer: Layer): void {
    const list = target?.querySelector("ol");
    if (!list) return;
    const state = store.now;
    const asked = filter.trim().toLowerCase();
    const rows = rowsOf(catalogue, layer, state).filter((row) => !asked || row.name.toLowerCase().includes(asked) || row.id.toLowerCase().includes(asked));
    const figures = figuresOf(layer, rows);
    const chips = layer.fields.filter((each) => each.format === "choice").slice(0, CHIPS);
    const { selected } = state;
    target?.querySelector(".list-columns")?.replaceChildren(
      el("span", {}, say("list_name", state.lang)), el("span", {}, figures.map((field) => el("span", {}, pick(field.label, state.lang)))));  // prettier-ignore
    refill(list, rows.map((row) => {
      const drawnIn = layer.kind === "single" ? undefined : classOf(layer, row.properties);
      const here = selected?.collection === layer.collection && selected.id === row.id;
      return el("li", {},
        el("button", { type: "button", "data-key": `row-${row.id}`, class: here ? "here" : "", "aria-pressed": String(here), title: say("on_map", state.lang),
          onclick: () => desk.visit(layer, row.id) },
          el("span", { class: "list-name" }, drawnIn && swatch(layer, drawnIn, "small"), row.name),
          el("span", { class: "list-chips" }, chips.map((field) => {
            const text = shownValue(catalogue, layer, field, row.properties, state.lang);
            return text && el("span", { class: "chip" }, text);
          })),
          el("span", { class: "list-figures" }, figures.map((field) =>
            el("span", { title: pick(field.label, state.lang) }, shownValue(catalogue, layer, field, row.properties, state.lang) || "—")))));
    }));  // prettier-ignore
  }

  function rowsOf(catalogue: Catalogue, layer: Layer, state: State): readonly Row[] {
    const rows = (read?.page.features ?? []).map((each): Row => {
      const id = String(each.id ?? "");
      return { id, properties: each.properties, name: nameOf(layer, each.properties, id, state.lang, catalogue) };
    });
    const collator = new Intl.Collator(state.lang === "zh" ? "zh-CN" : "en", { numeric: true });
    const value = (row: Row): unknown => (sort.by ? row.properties[sort.by] : row.name);
    return rows.sort((a, b) => {
      const [x, y] = [value(a), value(b)];
      if (x === y || (x == null && y == null)) return collator.compare(a.id, b.id);
      if (x == null) return 1;
      if (y == null) return -1;
      const way = typeof x === "number" && typeof y === "number" ? x - y : collator.compare(String(x), String(y));
      return sort.up ? way : -way;
    });
  }

  function sortChoice(layer: Layer, state: State): HTMLElement {
    const fields = figuresOf(layer, []);
    const options = [["", say("list_name", state.lang)] as const, ...fields.map((each) => [each.column, pick(each.label, state.lang)] as const)];
    return el("select", { "aria-label": say("list_sort", state.lang), title: say("list_sort", state.lang), "data-key": "list-sort",
      onchange: (event: Event) => {
        const by = (event.target as HTMLSelectElement).value;
        sort = { by, up: by === "" };
        show();
      } }, options.map(([column, text]) => el("option", { value: column, ...(column === sort.by && { selected: true }) }, text)));  // prettier-ignore
  }

  function choose(id: string): void {
    limit = PAGE;
    sort = { by: "", up: true };
    filter = "";
    store.set({ listed: id });
  }

  function more(): void {
    limit = Math.min(MOST, limit + PAGE * 5);
    if (target) draw(target);
  }

  return {
    id: "list",
    title: "tab_list",
    icon: ICONS.list,
    draw,
    edited: (collections) => {
      const layer = listedOf(store.now);
      if (layer && (collections === "all" || collections.includes(layer.collection))) read = null;
    },
  };
}

/** The figures that stand at the right: the first of them by which one would sort. */
function figuresOf(layer: Layer, rows: readonly Row[]): readonly Field[] {
  const numbers = layer.fields.filter(isNumber);
  const told = rows.length ? numbers.filter((field) => rows.some((row) => row.properties[field.column] != null)) : numbers;
  return told.slice(0, FIGURES);
}

function titleOf(catalogue: Catalogue, layer: Layer, all: readonly Layer[], state: State): string {
  const title = pick(layer.title, state.lang);
  const section = catalogue.sections.find((each) => each.id === layer.section);
  const twice = all.some((each) => each !== layer && pick(each.title, state.lang) === title);
  return twice ? `${title} · ${pick(section?.title, state.lang)}` : title;
}
