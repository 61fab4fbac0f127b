/** The map page of a study: opens it, and ties its parts together. */

import "maplibre-gl/dist/maplibre-gl.css";
import "./style/page.css";
import { firstLanguage, readAddress } from "./address";
import { AddressBar } from "./addressbar";
import { Card } from "./card";
import type { Catalogue } from "./catalogue";
import { plansOf, sectionOf } from "./catalogue";
import { el } from "./dom";
import { FreshnessWatch } from "./freshness";
import { Stage } from "./map/stage";
import { Notices } from "./notices";
import { isNarrow, Page } from "./page";
import { aboutPanel } from "./panels/about";
import { layersPanel } from "./panels/layers";
import { listPanel } from "./panels/list";
import { planPanel } from "./panels/plan";
import type { Desk, Panel } from "./panels/panel";
import { Search } from "./search";
import { Refusal, Server, Unreachable } from "./server";
import type { State } from "./state";
import { FIRST, settled, Store } from "./state";
import { revealing } from "./visit";
import { say } from "./words";

async function open(root: HTMLElement): Promise<void> {
  const lang = firstLanguage(window.location.search, navigator.language);
  const server = new Server(new URL(window.location.href));
  const { state: asked, planAsked } = readAddress(window.location.hash);
  const first: State = { ...FIRST, lang, open: !isNarrow(), ...asked };
  root.replaceChildren(el("p", { class: "opening", role: "status" }, say("loading", first.lang)));
  let catalogue: Catalogue, tx: number;
  try {
    ({ tx } = await server.freshness(null)); // first: an edit that comes while the page opens is seen as one
    catalogue = await server.catalogue();
  } catch (error) {
    refuse(root, first, error);
    return;
  }
  const store = new Store(settled(catalogue, first, planAsked));
  build(root, store, server, catalogue, tx, namesLostPlan(catalogue, asked));
}

/** Tell whether an address names a plan that is not there, or not for everybody. */
function namesLostPlan(catalogue: Catalogue, asked: Partial<State>): boolean {
  return [asked.plan, asked.left].some((id) => id && !plansOf(catalogue).some((each) => each.id === id));
}

function build(root: HTMLElement, store: Store, server: Server, opened: Catalogue, tx: number, planLost: boolean): void {
  let catalogue = opened;
  const placed = store.now.camera !== null;
  const notices = new Notices();
  const stage = tryStage(store, server, catalogue);
  const desk: Desk = {
    store, server, notices, stage, catalogue: () => catalogue,
    visit: (layer, id, near = false) => {
      const shown = revealing(catalogue, store.now, layer);
      card.visit({ collection: layer.collection, id }, near, isNarrow() ? { ...shown, open: false } : shown);
    },
  };  // prettier-ignore
  const panels: Panel[] = [layersPanel(desk), planPanel(desk), listPanel(desk), aboutPanel(desk)];
  if (!panels.some((each) => each.id === store.now.tab)) store.set({ tab: FIRST.tab });
  const search = new Search(store, server, stage, notices, () => searched(catalogue, store.now));
  const card = new Card(store, server, stage, desk.catalogue);
  const page = new Page(desk, panels, search.node, card.node);
  root.replaceChildren(page.node);
  page.draw();
  page.drawPanel();
  stage?.begin(card.node);
  card.begin(placed);

  if (stage) {
    stage.onPick = (picks, at) => {
      card.open(picks, at);
      if (picks.length && isNarrow()) store.set({ open: false });
    };
    stage.onFailedTiles = (failed) => trouble({ tiles: failed });
  }
  const now = { server: false, tiles: false };
  const trouble = (patch: Partial<typeof now>): void => {
    Object.assign(now, patch);
    notices.trouble(now.server ? say("offline", store.now.lang) : now.tiles ? say("tiles_failed", store.now.lang) : "");
  };

  const watch = new FreshnessWatch(server);
  const renew = async (collections: readonly string[] | "all"): Promise<void> => {
    const next = await server.catalogue();
    if (JSON.stringify(next) !== JSON.stringify(catalogue)) {
      catalogue = next;
      stage?.recatalogue(next);
      store.set(settled(next, store.now, true));
    }
    stage?.refresh(collections);
    for (const panel of panels) panel.edited?.(collections);
    page.draw();
    page.drawPanel();
    card.refresh();
  };
  watch.onEdited = (collections) => {
    void renew(collections).then(() => notices.tell(say("updated", store.now.lang)), () => trouble({ server: true }));
  };
  watch.onReachable = (reachable) => {
    trouble({ server: !reachable });
    if (reachable) void renew("all").then(() => notices.tell(say("online", store.now.lang)), () => trouble({ server: true }));
  };
  watch.start(tx);

  const bar = new AddressBar(store, () => plansOf(catalogue).length > 0);
  bar.onFollowed = ({ state: asked, planAsked }) => {
    const next = settled(catalogue, { ...FIRST, lang: store.now.lang, open: store.now.open, ...asked }, planAsked);
    store.set(next);
    if (namesLostPlan(catalogue, asked)) notices.tell(say("plan_lost", store.now.lang));
    if (next.camera) stage?.go(next.camera);
    else stage?.whole(false);
  };
  bar.begin();
  window.addEventListener("keydown", (event) => {
    const typing = event.target instanceof HTMLElement && event.target.matches("input, select, textarea");
    if (event.key === "Escape" && !typing) card.close();
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    search.input.focus();
  });
  window.matchMedia("(max-width: 720px)").addEventListener("change", () => page.draw());
  if (planLost) notices.tell(say("plan_lost", store.now.lang));
  root.setAttribute("aria-busy", "false");
}

/** Lists and cards work in a browser that cannot draw maps. */
function tryStage(store: Store, server: Server, catalogue: Catalogue): Stage | null {
  if (!document.createElement("canvas").getContext("webgl2")) return null;
  return new Stage(store, server, catalogue);
}

/** Names are searched in the study's own tables and in what the plan and the results that are shown hold. */
function searched(catalogue: Catalogue, state: State): readonly string[] {
  const plan = sectionOf(catalogue, state.plan);
  const ids = plan ? plan.groups.flatMap((group) => group.layers.flatMap((id) => catalogue.layers[id]?.collection ?? [])) : [];
  return [...new Set(ids)].filter((id) => /communities/.test(id));
}

function refuse(root: HTMLElement, state: State, error: unknown): void {
  const { lang } = state;
  const why = error instanceof Unreachable ? say("no_server", lang)
    : error instanceof Refusal && error.status === 404 ? say("not_found", lang)
    : error instanceof Refusal && (error.status === 401 || error.status === 403) ? say("sign_in", lang)
    : error instanceof Refusal ? say("server_error", lang, { status: error.status })
    : null;  // prettier-ignore
  if (why === null) throw error;
  root.setAttribute("aria-busy", "false");
  root.replaceChildren(
    el("div", { class: "opening", role: "alert" },
      el("h1", {}, say("failed", lang)),
      el("p", {}, why),
      el("p", {},
        el("button", { type: "button", class: "tool", onclick: () => void open(root) }, say("retry", lang)), " ",
        el("a", { href: "../../studies" }, say("all_studies", lang)))));  // prettier-ignore
}

void open(document.querySelector<HTMLElement>("#app")!);
