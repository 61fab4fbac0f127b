/** What the page asks the server; every address is worked out from the page's own, so a proxy may stand in front. */

import type { Feature, FeatureCollection, Geometry } from "geojson";
import type { Catalogue, Lang, Told, Words } from "./catalogue";
import { understood } from "./catalogue";
import type { Compared, PlanTexts, PlanTold } from "./plans/told";

export type Properties = Readonly<Record<string, unknown>>;
export type Item = Feature<Geometry | null, Record<string, unknown>>;

export interface Found {
  readonly collection: string;
  readonly id: string;
  readonly name: string;
  readonly kind: Words;
  readonly context: Words;
  /** West, south, east, north. */
  readonly bbox: readonly [number, number, number, number];
  /** How many features of this name the line stands for: a road is many. */
  readonly parts: number;
}

export interface FoundList {
  readonly results: readonly Found[];
  readonly more: boolean;
}

export interface Freshness {
  readonly tx: number;
  /** What changed since the transaction that was asked for. */
  readonly collections: readonly string[];
}

export interface RasterValue {
  readonly value: number | null;
  readonly unit?: string;
  readonly label?: string;
}

export interface KeptPhoto {
  readonly name: string;
  readonly href: string;
}

/** The server said no: its status, and what its problem document says. */
export class Refusal extends Error {
  readonly status: number;

  constructor(status: number, detail: string) {
    super(detail);
    this.status = status;
  }
}

/** The server could not be reached. */
export class Unreachable extends Error {}

export class Server {
  /** Address of the study, without a slash at its end. */
  readonly study: string;
  /** Address of the server, without a slash at its end. */
  readonly root: string;

  constructor(page: URL) {
    this.study = page.origin + page.pathname.replace(/\/map\/?$/, "");
    this.root = this.study.replace(/\/studies\/[^/]+$/, "");
  }

  /** Return an address of this server as the page reaches it, whatever host it was written with. */
  here(address: string): string {
    const found = /\/(studies|sprites|fonts)\/.*$/.exec(address);
    return found ? this.root + found[0] : address;
  }

  async catalogue(signal?: AbortSignal): Promise<Catalogue> {
    return understood(await this.#json<Told>(`${this.study}/layers`, signal));
  }

  item(collection: string, id: string, signal?: AbortSignal): Promise<Item> {
    return this.#json(`${this.#items(collection)}/${encodeURIComponent(id)}?f=json`, signal);
  }

  /** Return features without their shapes, and of these columns those that the collection has. */
  async items(collection: string, limit: number, columns: readonly string[], signal?: AbortSignal): Promise<ItemPage> {
    const known = (await this.#json<{ properties: object }>(`${this.#collection(collection)}/queryables`, signal)).properties;
    const asked = new URLSearchParams({ f: "json", limit: String(limit), skipGeometry: "true" });
    asked.set("properties", columns.filter((each) => each in known && each !== "geometry").join(","));
    if (!asked.get("properties")) asked.delete("properties");
    return this.#json(`${this.#items(collection)}?${asked}`, signal);
  }

  search(text: string, collections: readonly string[], signal?: AbortSignal): Promise<FoundList> {
    const asked = new URLSearchParams({ q: text });
    if (collections.length) asked.set("collections", collections.join(","));
    return this.#json(`${this.study}/search?${asked}`, signal);
  }

  freshness(since: number | null, signal?: AbortSignal): Promise<Freshness> {
    return this.#json(`${this.study}/freshness${since === null ? "" : `?since=${since}`}`, signal);
  }

  rasterValue(point: string, lng: number, lat: number, lang: Lang, signal?: AbortSignal): Promise<RasterValue> {
    return this.#json(`${this.here(point)}?lon=${lng.toFixed(6)}&lat=${lat.toFixed(6)}&lang=${lang}`, signal);
  }

  /** Return the photos of a finding that may be looked at: names and addresses. */
  async photos(finding: string, signal?: AbortSignal): Promise<readonly KeptPhoto[]> {
    const told = await this.#json<{ photos: readonly KeptPhoto[] }>(`${this.study}/findings/${encodeURIComponent(finding)}/photos`, signal);
    return told.photos.map(({ name, href }) => ({ name, href: this.here(href) }));
  }

  /** Return a plan as it stands. */
  plan(id: string, signal?: AbortSignal): Promise<PlanTold> {
    return this.#json(this.#plan(id), signal);
  }

  /** Return a plan in the words of an official text. */
  planTexts(id: string, signal?: AbortSignal): Promise<PlanTexts> {
    return this.#json(`${this.#plan(id)}/texts`, signal);
  }

  /** Return what is different in the second plan. */
  compared(first: string, second: string, signal?: AbortSignal): Promise<Compared> {
    return this.#json(`${this.#plan(first)}/compare?${new URLSearchParams({ with: second })}`, signal);
  }

  #plan(id: string): string {
    return `${this.study}/plans/${encodeURIComponent(id)}`;
  }

  #collection(collection: string): string {
    return `${this.study}/collections/${encodeURIComponent(collection)}`;
  }

  #items(collection: string): string {
    return `${this.#collection(collection)}/items`;
  }

  async #json<T>(address: string, signal?: AbortSignal): Promise<T> {
    let answer: Response;
    try {
      answer = await fetch(address, { headers: { accept: "application/geo+json, application/json" }, ...(signal && { signal }) });
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") throw error;
      throw new Unreachable(address);
    }
    if (!answer.ok) throw new Refusal(answer.status, await detailOf(answer));
    return (await answer.json()) as T;
  }
}

export type ItemPage = FeatureCollection<Geometry | null, Record<string, unknown>> & {
  readonly numberMatched?: number;
  readonly numberReturned?: number;
};

async function detailOf(answer: Response): Promise<string> {
  try {
    const problem = (await answer.json()) as { detail?: unknown };
    return typeof problem.detail === "string" ? problem.detail : answer.statusText;
  } catch {
    return answer.statusText;
  }
}

/** Tell whether a request ended because the page gave it up itself. */
export function gaveUp(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}
