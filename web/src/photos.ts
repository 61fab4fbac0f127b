/** The photos of a finding: small pictures that open whole; names of photos that are not kept stay words. */

import type { Lang } from "./catalogue";
import { el } from "./dom";
import type { Item, KeptPhoto, Server } from "./server";
import { gaveUp } from "./server";
import { say } from "./words";

const FINDINGS = "findings";

/** Return the kept photos of a feature; none for what is no finding, names no photo, or may not be looked at. */
export async function photosOf(server: Server, collection: string, item: Item, signal: AbortSignal): Promise<readonly KeptPhoto[]> {
  if (collection !== FINDINGS || !item.properties["photo"]) return [];
  try {
    return await server.photos(String(item.id), signal);
  } catch (error) {
    if (gaveUp(error)) throw error;
    return [];
  }
}

/** Return the names of photos that there are no pictures of. */
export function unkept(names: string, kept: readonly KeptPhoto[]): string {
  const there = new Set(kept.map((each) => each.name));
  return names.split(";").filter((name) => !there.has(name.trim())).join("; ");
}

/** Return the pictures, each a link to the whole of it. */
export function pictures(kept: readonly KeptPhoto[], lang: Lang): HTMLElement | null {
  if (!kept.length) return null;
  return el("ul", { class: "photos", "aria-label": say("photos", lang) }, kept.map(({ name, href }, n) => {
    const alt = say("photo", lang, { i: n + 1, n: kept.length });
    const picture = el("img", { src: href, alt, loading: "lazy", decoding: "async" });
    picture.addEventListener("error", () => picture.replaceWith(name));
    return el("li", {}, el("a", { href, target: "_blank", rel: "noopener", title: name }, picture));
  }));
}  // prettier-ignore
