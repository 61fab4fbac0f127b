/** What this map is, where it comes from, and how to use it elsewhere. */

import { sectionOf } from "../catalogue";
import type { Child } from "../dom";
import { el, ICONS } from "../dom";
import { moment } from "../values";
import { pick, say } from "../words";
import { stateChip } from "./layers";
import type { Desk, Panel } from "./panel";

export function aboutPanel(desk: Desk): Panel {
  function draw(target: HTMLElement): void {
    const state = desk.store.now;
    const { lang } = state;
    const catalogue = desk.catalogue();
    const plan = sectionOf(catalogue, state.plan);
    const { study } = desk.server;
    const line = (label: string, value: Child): Child => value && [el("dt", {}, label), el("dd", {}, value)];
    const link = (address: string, text: string): HTMLElement => el("li", {}, el("a", { href: address }, text));
    target.replaceChildren(
      ...(plan?.state === "published" ? [] : [el("p", { class: "warning" }, say("mark_note", lang))]),
      ...(plan
        ? [
            el("h2", {}, say("about_plan", lang)),
            el("p", { class: "plan-title" }, pick(plan.title, lang), " ", stateChip(plan, state)),
            el("dl", { class: "lines" },
              line(say("made", lang), plan.at && moment(plan.at, lang)),
              line(say("made_by", lang), plan.by)),
          ]
        : []),
      el("h2", {}, say("services", lang)),
      el("ul", { class: "links" }, link(`${study}?lang=${lang}`, say("landing", lang)), link(`${study}/styles`, say("style", lang)),
        link(`${desk.server.root}/studies?lang=${lang}`, say("all_studies", lang))),
      el("p", { class: "note" }, say("services_note", lang)),
      el("h2", {}, say("keys", lang)),
      el("p", { class: "note" }, say("keys_text", lang)),
      el("h2", {}, say("software", lang)),
      el("p", { class: "note" }, "MapLibre GL JS (BSD-3-Clause) · ", el("a", { href: "../../viewer/licences.md" }, say("licences", lang))),
    );  // prettier-ignore
  }

  return { id: "about", title: "tab_about", icon: ICONS.info, draw };
}
