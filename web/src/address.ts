/** The address says what the page shows, so that a link leads to exactly this view; and the other way round. */

import type { Lang } from "./catalogue";
import type { Camera, Selection, State, View } from "./state";
import { TODAY } from "./sides";
import { FIRST } from "./state";

const VIEWS: readonly View[] = ["before", "after", "swipe"];

/** What an address says. `planAsked`: it names the plan, if only to say that none is shown. */
export interface Asked {
  readonly state: Partial<State>;
  readonly planAsked: boolean;
}

/** Read what comes behind the #; what cannot be read is left as it is. */
export function readAddress(hash: string): Asked {
  const asked = new URLSearchParams(hash.replace(/^#/, ""));
  const state: { -readonly [K in keyof State]?: State[K] } = {};
  const camera = readCamera(asked.get("map"));
  if (camera) state.camera = camera;
  const lang = asked.get("lang");
  if (lang === "zh" || lang === "en") state.lang = lang;
  const view = VIEWS.find((each) => each === asked.get("view"));
  if (view) state.view = view;
  const swipe = number(asked.get("swipe"));
  if (swipe !== null) state.swipe = Math.min(0.98, Math.max(0.02, swipe / 100));
  const plan = asked.get("plan");
  if (plan !== null) state.plan = plan;
  const left = asked.get("left");
  if (left) state.left = left;
  const switched: Record<string, boolean> = {};
  for (const id of words(asked.get("on"))) switched[id] = true;
  for (const id of words(asked.get("off"))) switched[id] = false;
  if (Object.keys(switched).length) state.switched = switched;
  const opacity: Record<string, number> = {};
  for (const each of words(asked.get("see"))) {
    const at = each.lastIndexOf("~");
    const share = number(each.slice(at + 1));
    if (at > 0 && share !== null) opacity[each.slice(0, at)] = Math.min(1, Math.max(0, share / 100));
  }
  if (Object.keys(opacity).length) state.opacity = opacity;
  const selected = readSelection(asked.get("pick"));
  if (selected) state.selected = selected;
  const tab = asked.get("tab");
  if (tab) state.tab = tab;
  const listed = asked.get("list");
  if (listed) state.listed = listed;
  if (asked.has("panel")) state.open = asked.get("panel") !== "off";
  return { state, planAsked: plan !== null };
}

/** Write the state as what comes behind the #; the camera as it is now. */
export function writeAddress(state: State, plans: boolean): string {
  const parts: string[] = [];
  const add = (key: string, value: string): void => {
    parts.push(`${key}=${encodeURIComponent(value).replace(/%2F/g, "/").replace(/%2C/g, ",").replace(/%3A/g, ":")}`);
  };
  if (state.camera) {
    const { zoom, lat, lng } = state.camera;
    add("map", `${round(zoom, 2)}/${round(lat, 5)}/${round(lng, 5)}`);
  }
  add("lang", state.lang);
  if (plans) add("plan", state.plan);
  if (state.view !== FIRST.view) add("view", state.view);
  if (state.view === "swipe" && state.left !== TODAY) add("left", state.left);
  if (state.view === "swipe") add("swipe", String(Math.round(state.swipe * 100)));
  const on = Object.keys(state.switched).filter((id) => state.switched[id]);
  const off = Object.keys(state.switched).filter((id) => !state.switched[id]);
  if (on.length) add("on", on.join(","));
  if (off.length) add("off", off.join(","));
  const opacity = Object.entries(state.opacity).map(([id, share]) => `${id}~${Math.round(share * 100)}`);
  if (opacity.length) add("see", opacity.join(","));
  if (state.selected) add("pick", `${state.selected.collection}/${state.selected.id}`);
  if (state.tab !== FIRST.tab) add("tab", state.tab);
  if (state.listed) add("list", state.listed);
  return `#${parts.join("&")}`;
}

/** The language to begin with: the one asked for, else the browser's, else Chinese. */
export function firstLanguage(query: string, browser: string): Lang {
  const asked = new URLSearchParams(query).get("lang");
  if (asked === "zh" || asked === "en") return asked;
  return browser.toLowerCase().startsWith("en") ? "en" : "zh";
}

function readCamera(text: string | null): Camera | null {
  const [zoom, lat, lng] = (text ?? "").split("/").map((each) => number(each));
  if (zoom == null || lat == null || lng == null) return null;
  if (Math.abs(lat) > 85 || Math.abs(lng) > 180 || zoom < 0 || zoom > 24) return null;
  return { zoom, lat, lng };
}

function readSelection(text: string | null): Selection | null {
  const at = (text ?? "").indexOf("/");
  return text && at > 0 && at < text.length - 1 ? { collection: text.slice(0, at), id: text.slice(at + 1) } : null;
}

function words(text: string | null): string[] {
  return (text ?? "").split(",").filter(Boolean);
}

function number(text: string | null): number | null {
  const value = text === null || text === "" ? NaN : Number(text);
  return Number.isFinite(value) ? value : null;
}

function round(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)));
}
