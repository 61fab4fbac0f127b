/* The page of gaps: homes by their walk, communities by state and score, land within reach, before and after a plan. */
function shequGapsMap(map, data) {
  const town = shequTown(map, data);
  const { $, oneOf, asked, state, t, pick, str, known, count, percent, comma, colon, el, svg, segments, select, check, swatch, chip, line, latlngs, point,
    unpack, inPane, pathOf, places, show, renew, near, tell, goTo, legend, again, openTab } = town;
  const view = { standard: Math.max(0, data.standards.findIndex((each) => each.name === asked.get("standard"))), need: asked.get("need") || "",
    by: oneOf("by", ["home", "community", "access"], "home"), when: oneOf("when", ["today", ...(data.change ? ["plan"] : [])], "today"), off: new Set(), search: "" };
  const standard = () => data.standards[view.standard];
  const need = () => standard().requirements.find((each) => each.key === view.need) || null;
  const lacking = (each) => ["missing", "far", "small", "full"].reduce((sum, key) => sum + (each.sides.today.counts[key] || 0), 0);
  if (!asked.get("need")) view.need = standard().requirements.reduce((worst, each) => (lacking(each) > lacking(worst) ? each : worst)).key;
  if (asked.get("need") === "score") view.need = "";
  const side = (each) => each.sides[view.when] || each.sides.today;
  const areas = () => data.areas[view.when] || data.areas.today;
  const pack = (n) => unpack(data.packs[n]);

  const GAP = { m: "missing", f: "far", s: "small", l: "full", u: "unknown", k: "met", n: "not_asked" };
  const WALK = { n: "near", w: "within", b: "beyond", f: "far", u: "unknown" };
  const ACCESS = { 0: "none", l: "low", d: "under", o: "over", h: "high", u: "unknown" };
  const RANK = "mfslukn";
  const found = (classes, value) => classes.find((each) => each.value === value);
  const ofScore = (classes, score) => (!known(score) ? found(classes, "unknown")
    : classes.find((each) => each.value !== "unknown" && (each.lower === null || score >= each.lower) && (each.upper === null || score < each.upper)));
  const walkClasses = (each) => data.styles.walk.filter((one) => each.labels[one.value]).map((one) => ({ ...one, label: each.labels[one.value] }));
  const nameOf = (here, i) => pick([str(here.name[i]), str(here.name_en[i])]) || here.ids[i];
  const homeName = (i) => (data.homes.name.length && pick([str(data.homes.name[i]), str(data.homes.name_en[i])])) || t("gaps.home", { id: data.homes.ids[i] });
  const points = (score) => (known(score) ? t("gaps.points", { n: Math.round(100 * score) }) : t("unknown"));

  /* ---- drawing ---- */
  const homes = places(data.homes.shapes, "fill", data.homes.points);
  const grounds = Object.fromEntries(Object.entries(data.areas).map(([when, each]) => [when, places(each.shapes, "fill")]));
  const estates = places(data.estates.shapes, "top");
  const QUIET = new Set(["near", "within", "met", "unknown", "over", "high", "s4", "s3"]);
  let now = null;
  function looks() {
    const each = need();
    if (view.by === "access" && !(each && each.access)) view.by = "home";
    if (view.by === "community") {
      const here = each && side(each), scores = (standard().sides[view.when] || standard().sides.today).scores;
      return { on: grounds[view.when] || grounds.today, unit: "community", classes: each ? data.styles.gap : data.styles.ground,
        of: (i) => (each ? found(data.styles.gap, GAP[here.states[i]]) : ofScore(data.styles.ground, scores[i])) };
    }
    if (view.by === "access") return { on: homes, unit: "home", classes: data.styles.access, of: (i) => found(data.styles.access, ACCESS[each.access.signs[i]]) };
    if (!each) {
      const scores = pack((standard().sides[view.when] || standard().sides.today).homes);
      return { on: homes, unit: "home", classes: data.styles.score, of: (i) => ofScore(data.styles.score, scores[i] === null ? null : scores[i] / 1000) };
    }
    const classes = walkClasses(each), here = side(each);
    return { on: homes, unit: "home", classes, of: (i) => found(classes, WALK[here.signs[i]]) || found(classes, "far") };
  }
  function draw() {
    const next = looks();
    if (now && now.on !== next.on) now.on.group.remove();
    now = next;
    now.counts = now.on.colour(now.of, { off: view.off, specks: now.unit === "home", quiet: QUIET });
    const each = need(), here = each && side(each);
    show("above", view.by === "community", () => L.layerGroup(data.homes.shapes.filter((shape) => shape.length).map((shape) => L.polygon(latlngs(shape),
      { ...inPane("top"), fill: true, fillColor: "#1f2a37", fillOpacity: 0.2, stroke: false }))));
    renew("land", !!(state.shown.land && each && each.land), () => L.polygon(latlngs(each.land), { ...inPane("land"), ...pathOf(data.styles.land) }));
    renew("areas", state.shown.areas && view.by !== "community", () => L.layerGroup(areas().shapes.map((shape) => L.polygon(latlngs(shape),
      { ...inPane("lines"), fill: false, color: "#1f2a37", weight: 1.6, dashArray: "7 4", opacity: 0.75 }))));
    show("estates", !!state.shown.estates, () => L.layerGroup(data.estates.shapes.map((shape) => L.polygon(latlngs(shape),
      { ...inPane("lines"), fill: false, color: "#4b5563", weight: 1, dashArray: "3 2", opacity: 0.8 }))));
    renew("lost", !!(state.shown.lost && here && here.lost.length), () => L.layerGroup(here.lost.map(([x, y, people]) => L.circleMarker(point([x, y]),
      { ...inPane("points"), ...pathOf(data.styles.lost), radius: circle(people) }))));
    renew("counted", !!(state.shown.counted && each), () => L.layerGroup(each.facilities.map((i) => L.circleMarker(point(data.facilities.points[i]),
      { ...inPane("marks"), ...pathOf(data.styles.counted), radius: each.facilities.length > 60 ? 4 : data.styles.counted.radius, fillColor: data.facilities.colour[i] }))));
    segments($("when"), "when", t("page.when"), data.change ? [["today", t("gaps.when_today")], ["plan", t("gaps.when_plan")]] : [], view.when, (value) => {
      view.when = value; map.closePopup(); again(); document.querySelector(`#sq-when input[value="${value}"]`).focus();
    });
    $("when").style.display = data.change ? "" : "none";
    said();
  }
  const circle = (people) => Math.max(3, Math.sqrt(people) * 0.45 * near());
  map.on("zoomend", () => { if (state.shown.lost && need()) draw(); });
  function said() {
    const each = need(), title = each ? pick(each.title) : t("gaps.all_needs");
    const more = each ? (known(side(each).share) ? `${percent(side(each).share)} ${t("gaps.covered_of", { who: t("gap_who." + each.who) })}` : t("unknown")) : pick(standard().title);
    $("now").replaceChildren(el("b", {}, title), el("span", {}, " " + more));
    $("now").classList.toggle("sq-alone", !data.change);
  }
  const names = () => {
    const here = areas(), each = need(), scores = (standard().sides[view.when] || standard().sides.today).scores;
    return here.ids.map((_, i) => ({ at: here.at[i], text: nameOf(here, i),
      more: view.by !== "community" ? "" : each ? t("gap_state." + GAP[side(each).states[i]]) : points(scores[i]) }));
  };

  /* ---- clicks ---- */
  function click(at) {
    const each = need(), spot = map.latLngToContainerPoint(at);
    if (state.shown.counted && each) {
      const hit = each.facilities.map((i) => [i, map.latLngToContainerPoint(point(data.facilities.points[i])).distanceTo(spot)]).filter(([, far]) => far < 10).sort((a, b) => a[1] - b[1])[0];
      if (hit) { openFacility(hit[0]); return; }
    }
    if (view.by !== "community") {
      const i = homes.under(at);
      if (i >= 0) { openHome(i, at); return; }
      const k = state.shown.estates ? estates.under(at) : -1;
      if (k >= 0) { openEstate(k, at); return; }
    }
    const k = (grounds[view.when] || grounds.today).under(at);
    if (k >= 0) openArea(k, at); else map.closePopup();
  }
  const stateRows = (sign, told) => el("ul", { class: "sq-states" }, standard().requirements.map((each, n) => el("li", { class: each.key === view.need ? "sq-on" : "" },
    chip(sign(each)), el("span", {}, pick(each.title)), el("span", {}, told(each, n)))));
  function openHome(i, at) {
    const each = need(), list = el("dl"), scores = pack((standard().sides[view.when] || standard().sides.today).homes);
    const area = (data.homes.community[view.when] || data.homes.community.today)[i], estate = data.homes.estate[i];
    list.append(...line(t("community"), area >= 0 ? nameOf(areas(), area) : t("gaps.outside")), ...line(t("estate"), estate >= 0 ? nameOf(data.estates, estate) : ""),
      ...line(t("people"), known(data.homes.people[i]) ? count(data.homes.people[i]) : ""), ...line(t("gaps.score_of"), points(known(scores[i]) ? scores[i] / 1000 : null)));
    const parts = [list];
    if (each) {
      const here = side(each), f = pack(here.f)[i], m = pack(here.m)[i], min = pack(here.min)[i];
      const classes = walkClasses(each), mine = found(classes, WALK[here.signs[i]]) || found(classes, "far");
      parts.push(el("h4", {}, pick(each.title)), el("p", { style: "margin:0" }, chip(mine.symbol), pick(mine.label)),
        el("dl", {}, line(t("gaps.walk_to"), f === null ? t(mine.value === "unknown" ? "gaps.walk_unknown" : "gaps.walk_none") : `${nameOf(data.facilities, f)} · ${walkTold(m, min)}`),
          each.access && each.access.signs[i] !== "u" ? line(t("gaps.supply"), supply(each, i)) : []));
    }
    parts.push(el("h4", {}, t("gaps.all_of")), stateRows((one) => found(data.styles.walk, WALK[side(one).signs[i]]).symbol, (one) => {
      const m = pack(side(one).m)[i];
      return m === null ? t(side(one).signs[i] === "u" ? "gaps.walk_unknown" : "gaps.walk_none") : t("gaps.m", { n: count(m) });
    }));
    tell(at, homeName(i), parts);
  }
  const walkTold = (m, min) => (m === null ? t("gaps.walk_unknown") : t("gaps.walk_told", { m: count(m), min: min === null ? "—" : count(min / 10, min < 100 ? 1 : 0) }));
  const supply = (each, i) => { const value = pack(each.access.values)[i]; return value === null ? "" : `${count(value / 100, 2)} ${t("gap_unit." + each.access.unit)}`; };
  function openArea(i, at) {
    const here = areas(), each = need(), scores = standard().sides[view.when] || standard().sides.today;
    const parts = [el("dl", {}, line(t("people"), known(here.people[i]) ? count(here.people[i]) : ""), line(t("gaps.score_of"), points(scores.scores[i])))];
    if (each) parts.push(el("h4", {}, pick(each.title)), el("p", { style: "margin:0" }, chip(found(data.styles.gap, GAP[side(each).states[i]]).symbol), pick(side(each).texts[i].map(str))));
    else parts.push(el("p", { style: "margin:6px 0 0" }, pick(scores.texts[i].map(str))));
    parts.push(el("h4", {}, t("gaps.all_of")), stateRows((one) => found(data.styles.gap, GAP[side(one).states[i]]).symbol, (one) => t("gap_state." + GAP[side(one).states[i]])));
    tell(at, nameOf(here, i), parts);
  }
  function openEstate(i, at) {
    const here = data.estates, scores = standard().sides.today.estates;
    tell(at, nameOf(here, i), el("dl", {}, line(t("people"), known(here.people[i]) ? count(here.people[i]) : ""), line(t("gaps.score_of"), points(scores[i]))),
      el("h4", {}, t("gaps.all_of")), stateRows((one) => found(data.styles.gap, GAP[one.sides.today.estates[i]] || "unknown").symbol, (one) => t("gap_state." + (GAP[one.sides.today.estates[i]] || "unknown"))));
  }
  function openFacility(i) {
    const here = data.facilities, size = (value, key) => (known(value) ? t(key, { n: count(value) }) : t("gaps.size_unknown"));
    const mine = standard().requirements.filter((each) => each.facilities.includes(i)).map((each) => pick(each.title));
    tell(L.latLng(point(here.points[i])), nameOf(here, i), el("dl", {}, line(t("gaps.floor_area"), size(here.area[i], "gaps.m2")),
      line(t("gaps.places"), known(here.places[i]) ? count(here.places[i]) : t("gaps.size_unknown")), line(t("gaps.counts_for"), mine.join(comma()))));
  }
  function visitArea(i) { openArea(i, L.latLng(areas().at[i])); goTo((grounds[view.when] || grounds.today).bounds(i), 16); openArea(i, L.latLng(areas().at[i])); }
  function visitHome(i) { goTo(homes.bounds(i)); openHome(i, homes.middle(i)); }
  function visitEstate(i) { goTo(estates.bounds(i)); openEstate(i, estates.middle(i)); }
  function visitFacility(i) { goTo(L.latLngBounds([point(data.facilities.points[i])]), 17); openFacility(i); }
  function setNeed(key, std = view.standard) { view.standard = std; view.need = key; view.off.clear(); map.closePopup(); again(); }

  /* ---- the panel ---- */
  const grouped = () => {
    const groups = new Map();
    for (const each of standard().requirements) { const key = pick(each.group); if (!groups.has(key)) groups.set(key, []); groups.get(key).push(each); }
    return [...groups];
  };
  const limits = (each) => [each.limit_m ? t("gaps.limit_m", { n: count(each.limit_m) }) : "", each.limit_min ? t("gaps.limit_min", { n: count(each.limit_min, 1) }) : "",
    each.limit_m || each.limit_min ? "" : t(each.scope === "town" ? "gaps.no_limit_town" : "gaps.no_limit")].filter(Boolean).join(" / ");
  const shown = (each) => (known(side(each).share) ? percent(side(each).share) : t("unknown"));
  function bar(each) {
    const here = side(each);
    if (!known(here.share)) return el("div", { class: "sq-bar sq-dark" });
    const part = el("i");
    part.style.width = 100 * here.share + "%";
    return el("div", { class: "sq-bar", role: "img", "aria-label": percent(here.share) }, part);
  }
  function curve(each) {
    if (!each.curve) return [];
    const w = 320, h = 104, left = 30, below = 16, most = data.curve_m[data.curve_m.length - 1];
    const x = (m) => left + (w - left - 8) * m / most, y = (share) => 6 + (h - below - 6) * (1 - share);
    const path = ["M" + [x(0), y(0)].join(" "), ...data.curve_m.map((m, i) => "L" + [x(m).toFixed(1), y(each.curve[i]).toFixed(1)].join(" "))].join("");
    const box = svg("svg", { class: "sq-curve", viewBox: `0 0 ${w} ${h}`, role: "img", "aria-label": t("gaps.curve") });
    for (const share of [0, 0.5, 1]) box.append(svg("line", { x1: left, x2: w - 8, y1: y(share), y2: y(share), stroke: "#ddd8cc" }), svg("text", { x: left - 4, y: y(share) + 3.5, "text-anchor": "end" }, `${100 * share}%`));
    for (const m of [0, 1000, 2000, 3000]) box.append(svg("text", { x: x(m), y: h - 3, "text-anchor": m === most ? "end" : "middle" }, m.toLocaleString("en-US")));
    if (each.limit_m) box.append(svg("line", { x1: x(each.limit_m), x2: x(each.limit_m), y1: 6, y2: y(0), stroke: data.seal, "stroke-dasharray": "4 3" }));
    box.append(svg("path", { d: path, fill: "none", stroke: "#2b6ca3", "stroke-width": 2 }));
    return [el("p", { class: "sq-note", style: "margin-top:8px" }, t("gaps.curve")), box, el("p", { class: "sq-note" }, t(each.limit_m ? "gaps.curve_said_limit" : "gaps.curve_said"))];
  }
  function access(each) {
    if (!each.access) return [];
    const a = each.access, unit = t("gap_unit." + a.unit), value = (n) => (known(n) ? count(n, n < 1 ? 3 : 1) : t("unknown"));
    return [el("p", {}, `${t("gaps.access")}${colon()}${t("gaps.access_said", { p50: value(a.p50_per_1000), p10: value(a.p10_per_1000), p90: value(a.p90_per_1000), unit, without: count(a.people_without) })}`),
      el("p", { class: "sq-note" }, [known(a.gini) ? t("gaps.gini", { gini: count(a.gini, 2) }) : "", a.unknown ? t("gaps.of_unknown_size", { n: a.unknown }) : ""].filter(Boolean).join(" · "))];
  }
  const counts = (here) => el("ul", { class: "sq-counts" }, Object.entries(here.counts).filter(([, n]) => n).map(([key, n]) =>
    el("li", {}, chip(found(data.styles.gap, key).symbol), `${t("gap_state." + key)} ${n}`)));
  function card() {
    const each = need();
    if (!each) {
      const scores = (standard().sides[view.when] || standard().sides.today).scores.filter(known), mean = scores.reduce((sum, one) => sum + one, 0) / scores.length;
      const worst = standard().requirements.map((one) => [one, ["missing", "far", "small", "full"].reduce((sum, key) => sum + (side(one).counts[key] || 0), 0)]).filter(([, n]) => n).sort((a, b) => b[1] - a[1]).slice(0, 6);
      return el("div", { class: "sq-card" }, el("h3", {}, pick(standard().title)), scores.length ? el("div", { class: "sq-value" }, t("gaps.mean_score", { n: Math.round(100 * mean) })) : "",
        worst.length ? el("p", { class: "sq-note" }, t("gaps.worst_needs")) : "", el("ul", { class: "sq-rows" }, worst.map(([one, n]) => el("li", {}, el("button", { type: "button", class: "sq-link", onclick: () => setNeed(one.key) },
          el("span", {}, pick(one.title)), el("span", {}, `${n} / ${areas().ids.length}`))))),
        sources(standard()));
    }
    const here = side(each), unknown = !known(here.share);
    const facts = [limits(each), t("gaps.count_facilities", { n: each.facilities.length }), each.land_km2 ? t("gaps.land_area", { km2: count(each.land_km2, 2) }) : ""].filter(Boolean);
    return el("div", { class: "sq-card" }, el("h3", {}, pick(each.title)),
      el("div", { class: "sq-value" + (unknown ? " sq-dark" : "") }, unknown ? t("unknown") : percent(here.share), unknown ? "" : el("span", { class: "sq-note" }, " " + t("gaps.covered_of", { who: t("gap_who." + each.who) }))),
      bar(each), known(here.covered) && !unknown ? el("p", {}, t("gaps.covered_people", { who: t("gap_who." + each.who), covered: count(here.covered), uncovered: count(here.uncovered) })) : "",
      each.facilities.length ? "" : el("p", { class: "sq-warn" }, t("gaps.no_facilities")),
      el("p", { class: "sq-note" }, facts.join(" · ")), known(here.mean) ? el("p", { class: "sq-note" }, t("gaps.mean_walk", { m: count(here.mean), far: count(here.farthest) })) : "",
      counts(here), curve(each), access(each), sources(each));
  }
  const sources = (each) => el("details", {}, el("summary", {}, t("source") + (each.confirmed === false ? ` · ${t("gaps.unconfirmed")}` : "")),
    el("p", { class: "sq-note" }, pick(each.source)), pick(each.note) ? el("p", { class: "sq-note" }, pick(each.note)) : null);
  function panelMap() {
    const each = need(), by = el("fieldset", { class: "sq-seg" });
    segments(by, "by", t("gaps.by"), [["home", t("gaps.by_home")], ["community", t("gaps.by_community")], ...(each && each.access ? [["access", t("gaps.by_access")]] : [])], view.by,
      (value) => { view.by = value; view.off.clear(); map.closePopup(); again(); document.querySelector(`[name="sq-by"][value="${value}"]`).focus(); });
    const lost = each && side(each).lost.length > 0;
    return [el("div", { class: "sq-noprint" },
      data.standards.length > 1 ? [el("h2", {}, t("gaps.standard")), el("div", { class: "sq-need" }, select("standard", t("gaps.standard"), [["", data.standards.map((one, n) => [String(n), pick(one.title)])]], String(view.standard), (value) => {
        const next = data.standards[Number(value)].requirements;
        setNeed(view.need === "" ? "" : (next.find((one) => one.key === view.need) || next[0]).key, Number(value)); }))] : "",
      el("h2", {}, t("gaps.need")), el("div", { class: "sq-need" }, select("need", t("gaps.need"), [["", [["", t("gaps.all_needs")]]], ...grouped().map(([title, mine]) => [title, mine.map((one) => [one.key, `${pick(one.title)} — ${shown(one)}`])])], view.need, (value) => setNeed(value))),
      by),
    el("h2", {}, `${t("page.legend")}${state.lang === "zh" ? "（" : " ("}${t("gaps.counted_" + now.unit)}${state.lang === "zh" ? "）" : ")"}`), legend(now.classes, now.counts, view.off),
    el("ul", { class: "sq-legend" }, state.shown.land && each && each.land ? el("li", {}, swatch(data.styles.land, "polygon"), t("gaps.layer_land")) : null,
      state.shown.counted && each && each.facilities.length ? el("li", {}, swatch({ ...data.styles.counted, fill: data.facilities.colour[each.facilities[0]] }, "point"), t("gaps.layer_counted"), el("span", { class: "sq-n" }, count(each.facilities.length))) : null,
      state.shown.lost && lost ? el("li", {}, swatch({ ...data.styles.lost, fill: "#e7b9b5" }, "point"), t("gaps.layer_lost")) : null),
    state.shown.lost && lost ? el("p", { class: "sq-note" }, t("gaps.lost_said", { cell: 250, n: data.few_people })) : "",
    card(),
    el("div", { class: "sq-noprint" }, el("h2", {}, t("page.layers")), check("land", t("gaps.layer_land"), !!(each && each.land)), check("counted", t("gaps.layer_counted"), !!(each && each.facilities.length)),
      check("lost", t("gaps.layer_lost"), !!lost), check("areas", t("gaps.layer_areas"), data.areas.today.ids.length > 0), check("estates", t("gaps.layer_estates"), data.estates.ids.length > 0),
      check("names", t("gaps.names"), data.areas.today.ids.length > 0), town.layerChecks())];
  }
  function panelNeeds() {
    return [el("p", { class: "sq-note" }, `${pick(standard().title)} · ${standard().edition}`), grouped().map(([title, mine]) => [el("h2", {}, title), el("ul", { class: "sq-rows" }, mine.map((each) =>
      el("li", { class: each.key === view.need ? "sq-on" : "" }, el("button", { type: "button", class: "sq-link", onclick: () => { openTab("map"); setNeed(each.key); } }, el("span", {}, pick(each.title)),
        el("span", { class: known(side(each).share) ? "" : "sq-dark" }, shown(each))), bar(each), el("p", { class: "sq-note" }, pick(side(each).text)))))])];
  }
  function panelAreas() {
    const box = el("div"), input = el("input", { id: "sq-search", type: "search", placeholder: t("page.search_town"), "aria-label": t("page.search_town"), value: view.search,
      oninput: () => { view.search = input.value; fill(); } });
    const fill = () => {
      const wanted = view.search.trim().toLowerCase(), here = areas(), each = need(), scores = standard().sides[view.when] || standard().sides.today;
      const fits = (kind, i) => [str(kind.name[i] || 0), str(kind.name_en[i] || 0), kind.ids[i]].some((text) => text && text.toLowerCase().includes(wanted));
      const rank = (i) => (each ? RANK.indexOf(side(each).states[i]) : known(scores.scores[i]) ? scores.scores[i] : 2);
      const mine = here.ids.map((_, i) => i).filter((i) => !wanted || fits(here, i)).sort((a, b) => rank(a) - rank(b) || (nameOf(here, a) < nameOf(here, b) ? -1 : 1));
      const row = (symbol, name, told, note, go) => el("li", {}, el("button", { type: "button", class: "sq-link", onclick: go }, chip(symbol), el("span", {}, name), el("span", {}, told)), note ? el("p", { class: "sq-note", style: "margin:0" }, note) : null);
      const other = (kind) => (wanted.length < 1 ? [] : kind.ids.map((_, i) => i).filter((i) => fits(kind, i)).slice(0, 30));
      const e = other(data.estates), f = other(data.facilities), h = wanted.length < 2 ? [] : other({ ...data.homes, name: data.homes.name.length ? data.homes.name : data.homes.ids.map(() => 0), name_en: data.homes.name_en.length ? data.homes.name_en : data.homes.ids.map(() => 0) });
      const list = (title, rows) => (rows.length ? [el("h2", {}, title), el("ul", { class: "sq-rows" }, rows)] : []);
      box.replaceChildren(...[mine.length ? el("p", { class: "sq-note" }, `${each ? pick(each.title) + " · " + t("gaps.state_first") : pick(standard().title) + " · " + t("gaps.worst_first")}`) : "",
        el("ul", { class: "sq-rows" }, mine.map((i) => (each ? row(found(data.styles.gap, GAP[side(each).states[i]]).symbol, nameOf(here, i), t("gap_state." + GAP[side(each).states[i]]), pick(side(each).texts[i].map(str)), () => visitArea(i))
          : row(ofScore(data.styles.score, scores.scores[i]).symbol, nameOf(here, i), points(scores.scores[i]), pick(scores.texts[i].map(str)), () => visitArea(i))))),
        ...list(t("gaps.found_estates"), e.map((i) => row(ofScore(data.styles.score, standard().sides.today.estates[i]).symbol, nameOf(data.estates, i), points(standard().sides.today.estates[i]), "", () => visitEstate(i)))),
        ...list(t("gaps.found_facilities"), f.map((i) => row({ fill: data.facilities.colour[i] }, nameOf(data.facilities, i), "", "", () => visitFacility(i)))),
        ...list(t("gaps.found_homes"), h.map((i) => row({ fill: "#9a958a" }, homeName(i), "", "", () => visitHome(i)))),
        mine.length + e.length + f.length + h.length ? "" : el("p", {}, t("page.search_none"))].filter((node) => node !== ""));
    };
    fill();
    return [el("div", { class: "sq-find" }, input), box];
  }
  function panelChange() {
    const moved = data.change.requirements.filter((row) => row.standard === view.standard);
    const two = (row) => [0, 1].map((i) => `${known(row.lacking[i]) ? row.lacking[i] : "?"} / ${row.of[i]}`).join(" → ");
    const title = (key) => pick((standard().requirements.find((each) => each.key === key) || { title: [key, key] }).title);
    const areasOf = data.change.communities.filter((row) => row.standard === view.standard);
    return [el("p", { class: "sq-note" }, t("gaps.change_said")), el("p", { class: "sq-note" }, pick(standard().title)),
      moved.length ? el("table", { class: "sq-table" }, el("thead", {}, el("tr", {}, [t("gaps.need"), t("gaps.lacking_change"), t("gaps.gain"), t("gaps.lose")].map((text) => el("th", { scope: "col" }, text)))),
        el("tbody", {}, moved.map((row) => el("tr", {}, el("td", {}, el("button", { type: "button", class: "sq-link", onclick: () => { view.when = "plan"; view.by = "community"; setNeed(row.key); } }, pick(row.title))),
          el("td", {}, two(row)), el("td", {}, count(row.gain)), el("td", {}, count(row.lose)))))) : el("p", {}, t("gaps.change_none")),
      areasOf.length ? [el("h2", {}, t("gaps.change_areas")), el("ul", { class: "sq-rows" }, areasOf.slice(0, 200).map((row) => el("li", {}, el("button", { type: "button", class: "sq-link", onclick: () => {
        view.when = "plan"; view.by = "community"; setNeed(row.key); const i = areas().ids.indexOf(row.id); if (i >= 0) visitArea(i); } },
      el("span", {}, title(row.key)), el("span", { class: "sq-chip " + row.change }, t("gap_change." + row.change))), el("p", { class: "sq-note", style: "margin:0" }, pick(row.text)))))] : "",
      data.change.sharing.length ? [el("h2", {}, t("gaps.change_sharing")), el("ul", { class: "sq-rows" }, data.change.sharing.slice(0, 100).map((text) => el("li", {}, pick(text))))] : ""];
  }
  town.start({
    tabs: [["map", "gaps.tab_map"], ["needs", "gaps.tab_needs"], ["areas", "gaps.tab_areas"], ...(data.change ? [["change", "gaps.tab_change"]] : []), ["about", "page.tab_about"]],
    usual: { land: true, counted: true, areas: true },
    panel: (name) => ({ map: panelMap, needs: panelNeeds, areas: panelAreas, change: panelChange, about: () => town.about() })[name](),
    link: () => ({ standard: standard().name, need: view.need || "score", by: view.by, when: view.when }),
    draw, names, click,
  });
}
