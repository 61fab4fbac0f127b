/* The page of an answer of siting: homes by cover or by walk, before and after; sites chosen and not, with reasons; what
   each further site adds; premises with what goes in; options side by side. Works on `town_map.js`. */
function shequSitingMap(map, data) {
  const town = shequTown(map, data), { $, t, pick, str, known, count, percent, el, state, line, latlngs, point, unpack, inPane, renew, show, check } = town;
  const placed = data.kind === "placed", compared = data.kind === "whatif", scenes = data.scenes, areas = data.areas;
  const asked = town.asked, first = scenes.findIndex((each) => each.key === asked.get("scene"));
  const own = {
    scene: first >= 0 ? first : 0, when: town.oneOf("when", ["before", "after"], "after"),
    theme: town.oneOf("theme", ["state", "walk", "saved"], "state"), site: -1, reason: "", search: "", off: new Set(),
  };
  const now = () => scenes[own.scene];
  const facilityCount = data.facilities.at.length;
  const homes = town.places(data.homes, "fill");
  const named = (style, value) => data.styles[style].find((each) => each.value === value);
  const ranged = (style, value) => data.styles[style].find((each) => !["unknown", "first"].includes(each.value)
    && (each.lower === null || value >= each.lower) && (each.upper === null || value < each.upper));
  const faded = { value: "faded", label: ["", ""], symbol: { ...named("state", "covered").symbol, fill: "#dcd8cd", stroke: "#ffffff" } };
  const STATE = { c: "covered", n: "new", u: "unreached" };
  /* `not` and `new` begin with the same letter on the page: "-" is still not covered. */
  const stateOf = (sign) => (sign === "-" ? "not" : STATE[sign]);

  /* ---- homes ---- */
  function classOf(i) {
    const scene = now(), before = own.when === "before";
    if (scene.overview) return named("gained", String(Math.min(3, scenes.reduce((sum, each) => sum + (!each.overview && each.state[i] === "n"), 0))));
    if (own.site >= 0 && !before && !compared && unpack(scene.near_after)[i] !== facilityCount + own.site) return faded;
    const walks = [unpack(scene.before)[i], unpack(scene.after)[i]];
    if (own.theme === "walk") {
      const walk = walks[before ? 0 : 1];
      return walk === null ? named("walk", "unknown") : ranged("walk", walk);
    }
    if (own.theme === "saved") {
      if (walks[1] === null) return named("saved", "unknown");
      if (walks[0] === null) return named("saved", "first");
      return ranged("saved", Math.max(0, walks[0] - walks[1]));
    }
    const sign = stateOf(scene.state[i]);
    if (before && sign === "new") return walks[0] === null ? named("state", "unreached") : named("state", "not");
    return named("state", sign);
  }
  let counts = new Map();
  const QUIET = new Set(["not", "unreached", "faded", "none", "unknown", "0"]);

  /* ---- sites and facilities ---- */
  const chosen = (each, k) => now().sites.includes(k);
  const everTaken = new Set(scenes.flatMap((scene) => scene.sites));
  const takenFill = (each) => named("taken", each.taken).symbol.fill;
  function pin(k) {
    const each = data.candidates[k], mine = now().sites.indexOf(k);
    const text = each.rank !== null ? String(each.rank) : mine >= 0 ? String(mine + 1) : "";
    const faint = mine < 0 || own.when === "before" ? " sq-faint" : "", size = map.getZoom() < 12.5 ? 19 : 25;
    const node = el("div", { class: "sq-pin" + faint + (own.site === k ? " sq-on" : "") }, text);
    node.style.cssText = `width:${size}px;height:${size}px;background:${takenFill(each)}`;
    const mark = L.marker(point(each.at), { icon: L.divIcon({ html: node, className: "", iconSize: [size, size] }), keyboard: true,
      title: pick(each.name), alt: pick(each.name), zIndexOffset: mine >= 0 ? 500 : 0, bubblingMouseEvents: false });
    mark.on("click", () => visit(k, false));
    return mark;
  }
  const dot = (radius) => radius * Math.min(1, Math.max(0.55, town.near()));
  function marks() {
    const scene = now(), facility = named("facility", "") || data.styles.facility[0];
    renew("pins", true, () => L.layerGroup(data.candidates.map((each, k) => k).filter((k) => (placed ? everTaken : new Set(scene.sites)).has(k)).map(pin)));
    renew("outlines", true, () => L.layerGroup(data.candidates.map((each, k) => [each, k]).filter(([each, k]) => each.shape.length && (state.shown.unchosen || scene.sites.includes(k)))
      .map(([each]) => L.polygon(latlngs(each.shape), { ...inPane("lines"), fill: true, fillColor: takenFill(each), fillOpacity: 0.2, color: each.taken === "yes" ? takenFill(each) : "#5b6673", weight: 1.4 }))));
    renew("unchosen", !!state.shown.unchosen, () => L.layerGroup(data.candidates.map((each, k) => [each, k])
      .filter(([each, k]) => !(placed ? everTaken.has(k) : scene.sites.includes(k)) && !(compared && !["yes", "hand"].includes(each.taken)) && (!own.reason || each.reason === own.reason))
      .map(([each]) => L.circleMarker(point(each.at), { ...inPane("marks"), radius: dot(4.6), fill: true, fillColor: each.taken === "unfit" ? named("taken", "unfit").symbol.fill : "#ffffff",
        fillOpacity: 1, color: "#5b6673", weight: 1.3 }))));
    renew("facilities", !!state.shown.facilities, () => L.layerGroup(mine().map((i) => L.circleMarker(point(data.facilities.at[i]), { ...inPane("points"),
      radius: dot(facility.symbol.radius), fill: true, fillColor: facility.symbol.fill, fillOpacity: 1, color: "#fff", weight: 1.2 }))));
    show("areas", !!state.shown.areas && !!areas.shapes, () => L.layerGroup(areas.shapes.map((shape) => L.polygon(latlngs(shape),
      { ...inPane("land"), fill: false, color: "#7a7467", weight: 1.3, dashArray: "6 4", opacity: 0.9 }))));
  }
  const mine = () => data.facilities.at.map((_, i) => i).filter((i) => now().overview || data.facilities.scenes[i].includes(own.scene));
  const facilityName = (i) => pick([str(data.facilities.name[i]), str(data.facilities.name_en[i])]) || str(data.facilities.category[i]);

  function draw() {
    counts = !data.homes.length ? new Map() : homes.colour(classOf, { off: own.off, specks: true, quiet: QUIET });
    marks();
    said();
    town.segments($("when"), "when", t("siting.when"), [["before", t("siting.before")], ["after", t("siting.after")]], own.when,
      (value) => { own.when = value; own.off.clear(); map.closePopup(); town.again(); const back = document.querySelector(`#sq-when input[value="${value}"]`); if (back) back.focus(); });
    $("when").style.display = own.theme === "saved" || now().overview ? "none" : "";
  }
  function said() {
    const scene = now(), box = $("now");
    box.replaceChildren(el("b", {}, pick(scene.title)), el("span", {}, ` ${t("siting.covered_share")} ${scene.share[0]} → ${scene.share[1]}`));
  }

  /* ---- clicks ---- */
  const nearTo = (spot, at, reach) => map.latLngToContainerPoint(spot).distanceTo(map.latLngToContainerPoint(at)) <= reach;
  function click(at) {
    const pickable = data.candidates.map((each, k) => k).filter((k) => state.shown.unchosen && nearTo(point(data.candidates[k].at), at, 10));
    if (pickable.length) { visit(pickable[0], false); return; }
    const place = state.shown.facilities ? mine().find((i) => nearTo(point(data.facilities.at[i]), at, 9)) : undefined;
    if (place !== undefined) { openFacility(place); return; }
    const home = homes.under(at);
    if (home >= 0) { openHome(home, at); return; }
    map.closePopup();
    if (own.site >= 0) { own.site = -1; town.again(); }
  }
  function visit(k, move = true) {
    const each = data.candidates[k];
    own.site = chosen(each, k) && !compared && !now().overview ? k : -1;
    if (placed && everTaken.has(k) && !chosen(each, k)) { const scene = scenes.findIndex((one) => !one.overview && one.sites.includes(k)); if (scene >= 0) { own.scene = scene; own.site = k; } }
    if (move) { own.when = "after"; map.setView(point(each.at), Math.max(map.getZoom(), 15), { animate: false }); }
    town.again();
    openSite(k);
  }
  const unitOf = (key) => ({ floor_area: " m²", ground: " m²", used: " m²", spare: " m²" }[key] || "");
  const bare = (text) => text.replace(/[（(](m²|米|m)[）)]$/, "").trim();
  function facts(each) {
    return el("dl", {}, line(t("siting.kind"), pick(each.kind)), line(t("siting.community"), pick(each.community)),
      each.facts.map(([key, zh, en]) => line(unitOf(key) ? bare(t("siting." + key)) : t("siting." + key), (state.lang === "zh" ? zh : en) + unitOf(key))));
  }
  function openSite(k) {
    const each = data.candidates[k], rank = each.rank !== null ? `${each.rank} · ` : "";
    const taken = everTaken.has(k);
    town.tell(point(each.at), rank + pick(each.name),
      el("p", { style: "margin:0 0 2px" }, el("span", { class: "sq-chip" + (taken ? " created" : "") }, each.taken === "hand" ? t("siting.chosen.hand") : taken ? t("siting.chosen.yes")
        : each.reason ? pick(data.reasons[each.reason]) : t("siting.chosen.no"))),
      each.search ? el("p", { class: "sq-note", style: "margin:0" }, t("siting.search_point")) : null,
      pick(each.why) && !taken ? el("p", { style: "margin:6px 0 0" }, pick(each.why)) : null,
      facts(each),
      each.rooms.length ? el("h4", {}, t("siting.in_premises")) : null,
      each.rooms.map((room) => el("div", { class: "sq-room" }, el("b", {}, pick(room.title)), data.example ? [" ", el("span", { class: "sq-mark-example" }, t("siting.example"))] : null,
        el("small", {}, `${room.m2 === null ? "" : count(room.m2) + " m² · "}${pick(room.cost)}`),
        el("small", {}, `${t("siting.people_new")} ${pick(room.new)} · ${t("siting.users")} ${pick(room.users)}`), el("small", {}, pick(room.walk)))),
      each.refused.length ? el("details", {}, el("summary", {}, `${t("siting.not_possible")} (${each.refused.length})`),
        el("ul", {}, each.refused.map((row) => el("li", {}, pick([row[0], row[1]]), el("small", {}, pick([row[2], row[3]])))))) : null,
      own.site === k ? el("p", { class: "sq-said" }, t("siting.served")) : null);
  }
  function openFacility(i) {
    const here = data.facilities;
    town.tell(point(here.at[i]), facilityName(i), el("dl", {}, line(t("category"), str(here.category[i])), line(t("capacity"), here.capacity[i] === null ? t("unknown") : count(here.capacity[i]))));
  }
  const walk = (value) => (value === null ? t("siting.no_way") : t("siting.metres", { m: count(value) }));
  function nearest(n) {
    if (n === null) return "";
    return n < facilityCount ? facilityName(n) : pick(data.candidates[n - facilityCount].name);
  }
  function openHome(i, at) {
    const scene = now(), area = data.home_area[i];
    if (scene.overview) {
      town.tell(at, t("siting.home"), el("dl", {}, area >= 0 ? line(t("community"), pick(areas.name[area])) : [], scenes.filter((each) => !each.overview).map((each) => {
        const symbol = named("state", stateOf(each.state[i]));
        return [el("dt", {}, pick(each.title)), el("dd", {}, town.chip(symbol.symbol), pick(symbol.label))];
      })));
      return;
    }
    const sign = stateOf(scene.state[i]);
    town.tell(at, t("siting.home"), el("dl", {}, el("dt", {}, t("siting.state")), el("dd", {}, town.chip(named("state", sign).symbol), pick(named("state", sign).label)),
      line(t("siting.requirement"), compared ? pick(data.title).split("·").pop() : pick(scene.title)),
      area >= 0 ? line(t("community"), pick(areas.name[area])) : [],
      line(t("siting.walk_before"), walk(unpack(scene.before)[i])), line(t("siting.nearest_before"), nearest(unpack(scene.near_before)[i])),
      line(t("siting.walk_after"), walk(unpack(scene.after)[i])), line(t("siting.nearest_after"), nearest(unpack(scene.near_after)[i]))));
  }

  /* ---- the panel ---- */
  function setScene(n) { own.scene = n; own.site = -1; own.off.clear(); map.closePopup(); town.again(); }
  const chooser = () => scenes.length < 2 ? null : [el("h2", {}, placed ? t("siting.requirement") : t("siting.option")),
    town.select("scene", t("siting.look_at"), [["", scenes.map((scene, n) => [String(n), `${pick(scene.title)}${placed && !scene.overview ? ` (${scene.sites.length})` : ""}`])]], String(own.scene), (value) => setScene(Number(value)))];
  function figures() {
    const scene = now(), mean = scene.mean.map((value) => (value === null ? "—" : count(value)));
    const box = (big, small) => el("div", {}, el("b", {}, big), el("span", {}, small));
    if (scene.overview) return el("div", { class: "sq-sum" }, data.figures.map(([value, told]) => box(pick(value), pick(told))),
      box(pick(scene.new), t("siting.value")), box(`${scene.share[0]} → ${scene.share[1]}`, t("siting.share_weighted")));
    return el("div", { class: "sq-sum" }, data.figures.map(([value, told]) => box(pick(value), pick(told))),
      box(pick(scene.new), t("siting.figure_new", { who: pick(scene.who) })), box(`${scene.share[0]} → ${scene.share[1]}`, t("siting.figure_share")), box(`${mean[0]} → ${mean[1]}`, t("siting.figure_walk")));
  }
  function panelMap() {
    const theme = town.segments(el("fieldset", { class: "sq-seg" }), "theme", t("siting.theme"),
      [["state", t("siting.theme_state")], ["walk", t("siting.theme_walk")], ["saved", t("siting.theme_saved")]], own.theme,
      (value) => { own.theme = value; own.off.clear(); town.again(); const back = document.querySelector(`input[name="sq-theme"][value="${value}"]`); if (back) back.focus(); });
    const overview = now().overview, shown = data.styles[overview ? "gained" : own.theme], points = [["yes", chosenThere("yes")], ["hand", chosenThere("hand")], ["no", data.candidates.some((each) => each.taken === "no") && state.shown.unchosen],
      ["unfit", data.candidates.some((each) => each.taken === "unfit") && state.shown.unchosen]].filter(([, there]) => there);
    return [figures(), el("div", { class: "sq-noprint" }, chooser(), overview ? null : [el("h2", {}, t("siting.theme")), theme]),
      el("h2", {}, overview ? t("siting.gained") : t("siting.legend_homes")), town.legend(shown, counts, own.off), counts.has("unreached") || counts.has("unknown") ? el("p", { class: "sq-note" }, t("siting.unreached_said")) : null,
      own.site >= 0 ? el("p", { class: "sq-note" }, t("siting.served"), " ", el("button", { type: "button", class: "sq-link", onclick: () => { own.site = -1; map.closePopup(); town.again(); } }, t("siting.clear"))) : null,
      el("h2", {}, t("siting.legend_points")), el("ul", { class: "sq-legend" }, points.map(([value]) => el("li", {}, town.swatch(named("taken", value).symbol, "point"), pick(named("taken", value).label))),
        facilityCount && state.shown.facilities ? el("li", {}, town.swatch(data.styles.facility[0].symbol, "point"), t("siting.show_facilities"), el("span", { class: "sq-n" }, count(mine().length))) : null),
      el("div", { class: "sq-noprint" }, el("h2", {}, t("page.layers")), check("unchosen", t("siting.show_unchosen"), !compared), check("facilities", t("siting.show_facilities"), facilityCount > 0),
        check("areas", t("siting.show_communities"), !!areas.shapes), check("names", t("siting.show_names"), !!areas.shapes), town.layerChecks())];
  }
  const chosenThere = (kind) => now().sites.some((k) => data.candidates[k].taken === kind);
  const small = (k, text) => { const each = data.candidates[k], mark = el("i", { class: "sq-pin-small" }, text); mark.style.background = takenFill(each); mark.style.fontStyle = "normal"; return mark; };
  const warned = () => (data.example ? el("p", { class: "sq-warn" }, t("siting.costs_example")) : null);
  function panelSites() {
    if (compared) return panelOptions();
    const most = Math.max(1, ...data.steps.map((step) => step.bar));
    return [warned(), el("div", { class: "sq-answer" }, (state.lang === "zh" ? data.summary[0] : data.summary[1]).map((text) => el("p", {}, text))),
      data.steps.length ? [el("h2", {}, t("siting.steps")), el("p", { class: "sq-note" }, t(placed ? "siting.steps_said_value" : "siting.steps_said"))] : el("p", {}, t("siting.nothing_chosen")),
      data.steps.map((step) => {
        const bar = el("i"), each = data.candidates[step.site];
        bar.style.width = `${Math.max(1, 100 * step.bar / most)}%`;
        return el("button", { type: "button", class: "sq-step", id: "sq-step-" + step.n, onclick: () => visit(step.site) }, small(step.site, String(step.n)),
          el("span", {}, pick(each.name)), el("b", {}, pick(step.added)), el("span", { class: "sq-step-bar" }, bar), el("span", {}, pick(step.beside)));
      }),
      el("h2", {}, t("siting.about_proof")), (state.lang === "zh" ? data.proof[0] : data.proof[1]).map((text) => el("p", { class: "sq-note" }, text))];
  }
  function panelOptions() {
    return [el("p", { class: "sq-note" }, t("siting.compare_said")), el("ul", { class: "sq-rows" }, scenes.map((scene, n) => {
      const reference = scene.key.startsWith("best ");
      return el("li", { class: n === own.scene ? "sq-picked" : "" }, el("button", { type: "button", class: "sq-link", id: "sq-option-" + n, "aria-pressed": String(n === own.scene), onclick: () => setScene(n) },
        el("span", {}, el("b", {}, pick(scene.title)), reference ? [" ", el("span", { class: "sq-chip" }, t("siting.reference"))] : null), el("span", {}, pick(scene.new))),
      bars(parseFloat(scene.share[0]) / 100, parseFloat(scene.share[1]) / 100),
      el("p", { class: "sq-note" }, `${t("siting.covered_share")} ${scene.share[0]} → ${scene.share[1]} · ${t("siting.mean_m")} ${scene.mean.map((value) => (value === null ? "—" : count(value))).join(" → ")}`),
      el("p", { class: "sq-note" }, scene.sites.map((k) => pick(data.candidates[k].name)).join(town.comma())));
    })), el("h2", {}, t("siting.said")), (state.lang === "zh" ? data.summary[0] : data.summary[1]).map((text) => el("p", { class: "sq-note" }, text))];
  }
  function bars(before, after) {
    const [one, two] = [el("i"), el("i")];
    one.style.width = `${100 * (after || 0)}%`; two.style.width = `${100 * (before || 0)}%`;
    return el("div", { class: "sq-cover-bar" }, one, two);
  }
  const searchBox = (id, key) => el("div", { class: "sq-find" }, el("input", { id, type: "search", placeholder: t(key), "aria-label": t(key), value: own.search,
    oninput: (event) => { own.search = event.target.value; town.fillTab(state.tab); } }));
  const fits = (names) => !own.search.trim() || names.some((text) => String(text).toLowerCase().includes(own.search.trim().toLowerCase()));
  function panelCandidates() {
    const rest = data.candidates.map((each, k) => k).filter((k) => !everTaken.has(k)), tally = new Map();
    for (const k of rest) tally.set(data.candidates[k].reason, (tally.get(data.candidates[k].reason) || 0) + 1);
    const options = [["", t("siting.all_reasons", { n: rest.length })], ...[...tally].filter(([reason]) => reason).sort((a, b) => b[1] - a[1]).map(([reason, n]) => [reason, `${pick(data.reasons[reason])} (${n})`])];
    const found = rest.filter((k) => (!own.reason || data.candidates[k].reason === own.reason) && fits([...data.candidates[k].name, data.candidates[k].id, ...data.candidates[k].community]));
    return [el("p", { class: "sq-note" }, t("siting.candidates_said")), town.select("reason", t("siting.why"), [["", options]], own.reason, (value) => { own.reason = value; town.again(); }),
      el("div", { style: "height:8px" }), searchBox("sq-search-candidates", "siting.search"),
      found.length ? el("ul", { class: "sq-rows" }, found.map((k) => { const each = data.candidates[k]; return el("li", {}, el("button", { type: "button", class: "sq-link", onclick: () => { state.shown.unchosen = true; visit(k); } },
        el("span", {}, pick(each.name)), el("span", { class: "sq-dark" }, pick(data.reasons[each.reason]))), el("p", { class: "sq-note" }, pick(each.why))); })) : el("p", {}, t("siting.search_none"))];
  }
  function panelAreas() {
    const rows = now().areas.filter((row) => fits(areas.name[row[0]]));
    return [chooser(), el("p", { class: "sq-note", style: "margin-top:8px" }, t("siting.communities_said")), searchBox("sq-search-areas", "siting.search"), el("ul", { class: "sq-rows" }, rows.map(([n, zh, en, before, after, mean0, mean1]) =>
      el("li", {}, el("button", { type: "button", class: "sq-link", onclick: () => town.goTo(L.latLngBounds(latlngs(areas.shapes[n]).flat(2)), 16) }, el("span", {}, pick(areas.name[n])),
        el("span", {}, after === null ? "—" : percent(after))), bars(before, after),
      el("p", { class: "sq-note" }, `${before === null ? "—" : percent(before)} → ${after === null ? "—" : percent(after)}` + (now().overview ? "" : ` · ${pick(now().who)} ${pick([zh, en])} · ${mean0 === null ? "—" : count(mean0)} → ${mean1 === null ? "—" : count(mean1)} m`)))))];
  }
  function panel(name) {
    if (name === "map") return panelMap();
    if (name === "sites") return panelSites();
    if (name === "candidates") return panelCandidates();
    if (name === "communities") return panelAreas();
    return town.about(warned());
  }
  const names = () => (areas.shapes ? areas.at : []).map((at, n) => ({ at, text: pick(areas.name[n]) }));
  const tabs = [["sites", compared ? "siting.tab_options" : "siting.tab_sites"], ["map", "siting.tab_map"], ...(compared ? [] : [["candidates", "siting.tab_candidates"]]),
    ...(areas.shapes ? [["communities", "siting.tab_communities"]] : []), ["about", "siting.tab_about"]];
  map.on("zoomend", marks);
  town.start({ tabs, draw, panel, names, click, usual: { unchosen: !compared, facilities: true, areas: true },
    link: () => ({ scene: now().key, when: own.when, theme: own.theme }) });
}
