/** Search by name: a box with a list under it, worked with the keyboard as well as with the pointer. */

import { el, icon, ICONS } from "./dom";
import type { Stage } from "./map/stage";
import type { Notices } from "./notices";
import type { Found, Server } from "./server";
import { gaveUp } from "./server";
import type { State, Store } from "./state";
import { pick, say } from "./words";

const WAIT_MS = 160;

export class Search {
  readonly node: HTMLElement;
  readonly input: HTMLInputElement;
  readonly #list = el("ul", { class: "found", id: "found", role: "listbox", hidden: true });
  readonly #clear: HTMLButtonElement;
  readonly #store: Store;
  readonly #server: Server;
  readonly #stage: Stage | null;
  readonly #notices: Notices;
  readonly #collections: () => readonly string[];
  #found: readonly Found[] = [];
  #more = false;
  #asked = "";
  #at = -1;
  #timer = 0;
  #asking = new AbortController();

  constructor(store: Store, server: Server, stage: Stage | null, notices: Notices, collections: () => readonly string[]) {
    this.#store = store;
    this.#server = server;
    this.#stage = stage;
    this.#notices = notices;
    this.#collections = collections;
    this.input = el("input", {
      type: "text", role: "combobox", autocomplete: "off", spellcheck: "false", enterkeyhint: "search", maxlength: 100,
      "aria-expanded": "false", "aria-controls": "found", "aria-autocomplete": "list",
      oninput: () => this.#typed(),
      onkeydown: (event: KeyboardEvent) => this.#key(event),
      onfocus: () => this.#open(this.#found.length > 0 && this.input.value.trim() === this.#asked),
    });  // prettier-ignore
    this.#clear = el("button", { type: "button", class: "quiet", hidden: true, onclick: () => this.#empty() }, icon(ICONS.close, 16));
    this.node = el("div", { class: "search", role: "search" }, icon(ICONS.search, 18), this.input, this.#clear, this.#list);
    this.node.addEventListener("focusout", (event) => {
      if (!this.node.contains(event.relatedTarget as Node | null)) this.#open(false);
    });
    store.watch(["lang"], (state) => this.#name(state));
    this.#name(store.now);
  }

  #name({ lang }: State): void {
    this.input.placeholder = say("search", lang);
    this.input.setAttribute("aria-label", say("search", lang));
    this.#clear.setAttribute("aria-label", say("search_clear", lang));
    this.#draw();
  }

  #typed(): void {
    const text = this.input.value.trim();
    this.#clear.hidden = !this.input.value;
    window.clearTimeout(this.#timer);
    this.#asking.abort();
    if (!text) {
      this.#found = [];
      this.#open(false);
      return;
    }
    this.#timer = window.setTimeout(() => void this.#ask(text), WAIT_MS);
  }

  async #ask(text: string): Promise<void> {
    this.#asking = new AbortController();
    try {
      const { results, more } = await this.#server.search(text, this.#collections(), this.#asking.signal);
      this.#found = results;
      this.#more = more;
    } catch (error) {
      if (gaveUp(error)) return;
      this.#notices.tell(say("no_server", this.#store.now.lang));
      return;
    }
    this.#asked = text;
    this.#at = this.#found.length ? 0 : -1;
    this.#draw();
    this.#open(true);
    const { lang } = this.#store.now;
    this.#notices.say(this.#found.length ? say("search_found", lang, { n: this.#found.length }) : say("search_none", lang, { q: text }));
  }

  #draw(): void {
    const { lang } = this.#store.now;
    const lines = this.#found.map((each, n) =>
      el("li", {
        role: "option", id: `found-${n}`, "aria-selected": String(n === this.#at), class: n === this.#at ? "at" : "",
        onpointerdown: (event: PointerEvent) => event.preventDefault(),
        onclick: () => this.#choose(each),
      },
        el("span", { class: "found-name" }, ...marked(each.name, this.#asked)),
        el("span", { class: "found-kind" },
          [pick(each.kind, lang), pick(each.context, lang), each.parts > 1 ? say("parts", lang, { n: each.parts }) : ""].filter(Boolean).join(" · ")),
      ));  // prettier-ignore
    const note = !this.#found.length && this.#asked ? say("search_none", lang, { q: this.#asked }) : this.#more ? say("search_more", lang) : "";
    this.#list.replaceChildren(...lines, ...(note ? [el("li", { class: "note", role: "presentation" }, note)] : []));
    this.#list.setAttribute("aria-label", say("search", lang));
    this.#point();
  }

  #point(): void {
    if (this.#at >= 0 && !this.#list.hidden) this.input.setAttribute("aria-activedescendant", `found-${this.#at}`);
    else this.input.removeAttribute("aria-activedescendant");
    this.#list.children[this.#at]?.scrollIntoView({ block: "nearest" });
  }

  #open(yes: boolean): void {
    this.#list.hidden = !yes;
    this.input.setAttribute("aria-expanded", String(yes));
    this.#point();
  }

  #key(event: KeyboardEvent): void {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const chosen = this.#found[this.#at];
    if (step && this.#found.length) {
      this.#open(true);
      this.#at = (this.#at + step + this.#found.length) % this.#found.length;
      this.#draw();
    } else if (event.key === "Enter" && chosen && !this.#list.hidden && this.input.value.trim() === this.#asked) this.#choose(chosen);
    else if (event.key === "Enter" && this.input.value.trim()) void this.#ask(this.input.value.trim());
    else if (event.key === "Escape" && !this.#list.hidden) this.#open(false);
    else if (event.key === "Escape") this.#empty();
    else return;
    event.preventDefault();
  }

  #choose(found: Found): void {
    this.#open(false);
    this.input.value = found.name;
    this.#asked = found.name;
    this.#clear.hidden = false;
    this.#stage?.show(found.bbox);
    this.#store.set({ selected: { collection: found.collection, id: found.id } });
  }

  #empty(): void {
    this.input.value = "";
    this.#found = [];
    this.#asked = "";
    this.#clear.hidden = true;
    this.#open(false);
    this.input.focus();
  }
}

/** Return the name with the part that was asked for set off. */
function marked(name: string, asked: string): (Node | string)[] {
  const at = name.toLowerCase().indexOf(asked.toLowerCase());
  if (at < 0 || !asked) return [name];
  return [name.slice(0, at), el("b", {}, name.slice(at, at + asked.length)), name.slice(at + asked.length)];
}
