/* The page of an examination: many thousand places on one canvas, a chooser of what they are coloured by, popups with
   findings and works. Text from data is only ever set as textContent, never as HTML. */
"use strict";
function shequExaminationMap(map, data) {
  const root = document.querySelector(".sq");
  const $ = (id) => document.getElementById("sq-" + id);
  const asked = new URLSearchParams(location.hash.slice(1));
  const oneOf = (key, allowed, otherwise) => (allowed.includes(asked.get(key)) ? asked.get(key) : otherwise);
  const KINDS = ["building", "estate", "unit", "block"], plan = data.programme;
  const themes = ["severity", "coverage", ...(plan ? ["programme"] : []), ...data.indicators.map((each) => String(each.n))];
  const tabs = ["map", "indicators", "estates", ...(plan ? ["programme"] : []), "about"];
  const state = {
    lang: oneOf("lang", ["zh", "en"], data.lang), theme: oneOf("theme", themes, themes.includes(data.theme) ? data.theme : "severity"),
    by: oneOf("by", ["place", "block"], "place"), when: oneOf("when", ["before", "today", ...(plan ? ["after"] : [])], "today"),
    tab: oneOf("tab", tabs, data.theme === "programme" && plan ? "programme" : "map"), year: 0, search: "", off: new Set(),
    shown: { farmhouses: asked.get("show") === "farmhouses" && !!data.farmhouses, findings: false, units: false, estates: true, names: true, roads: true, barriers: true, others: true, road_labels: true },
  };

  /* ---- words ---- */
  const side = () => (state.lang === "zh" ? 0 : 1);
  const t = (key, values) => {
    let text = (data.words[key] || [key, key])[side()];
    for (const name in values || {}) text = text.replace("{" + name + "}", values[name]);
    return text;
  };
  const pick = (pair) => (pair ? pair[side()] || pair[1 - side()] || "" : "");
  const str = (n) => data.strings[n];
  const count = (value, digits) => value === null || value === undefined ? t("unknown")
    : value.toLocaleString("en-US", { maximumFractionDigits: digits || 0 });
  const percent = (share) => {
    const value = share > 0 && share < 1 ? Math.min(0.999, Math.max(0.001, share)) : share;  // never rounded up to the whole
    return (100 * value).toFixed(1) + "%";
  };

  /* ---- building blocks of the page ---- */
  function el(tag, options, ...children) {
    const node = document.createElement(tag);
    for (const [key, value] of Object.entries(options || {})) {
      if (value === null || value === undefined) continue;
      if (key === "class") node.className = value;
      else if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
      else node.setAttribute(key, value);
    }
    for (const child of children.flat(4)) if (child !== null && child !== undefined && child !== false) node.append(child);
    return node;
  }
  function svg(tag, attributes, ...children) {
    const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    node.append(...children);
    return node;
  }
  function segments(target, name, legend, choices, chosen, choose) {
    target.replaceChildren(el("legend", { class: "sq-sr" }, legend), ...choices.map(([value, text]) => {
      const input = el("input", { type: "radio", name: "sq-" + name, value, onchange: () => choose(value) });
      input.checked = value === chosen;
      return el("label", {}, input, el("span", {}, text));
    }));
  }

  /* ---- places ---- */
  const [west, south] = data.origin;
  const ring = (steps) => {
    const points = [];
    let x = west, y = south;
    for (let i = 0; i < steps.length; i += 2) {
      x += steps[i]; y += steps[i + 1];
      points.push([y / data.scale, x / data.scale]);
    }
    return points;
  };
  const latlngs = (shape) => shape.map((part) => part.map(ring));
  const places = data.places;
  const nameOf = (kind, i) => {
    const here = places[kind], named = [str(here.name[i]), str(here.name_en[i])];
    const told = pick(named);
    if (kind === "block") return t("block") + " " + here.ids[i];
    return told || (kind === "unit" ? here.ids[i] : here.ids[i]);
  };
  const indicator = () => data.indicators.find((each) => String(each.n) === state.theme) || null;

  /* Grey lines for what nobody looked at, on the canvas. */
  let grey = null;
  const pattern = (ctx) => {
    if (grey) return grey;
    const tile = document.createElement("canvas");
    tile.width = tile.height = 6;
    const pen = tile.getContext("2d");
    pen.fillStyle = "#d5d8dc"; pen.fillRect(0, 0, 6, 6);
    pen.strokeStyle = "#5f6772"; pen.lineWidth = 1.5;
    pen.beginPath();
    for (const d of [-6, 0, 6]) { pen.moveTo(d - 1, 7); pen.lineTo(d + 7, -1); }
    pen.stroke();
    grey = ctx.createPattern(tile, "repeat");
    return grey;
  };
  const Hatching = L.Canvas.extend({
    _fillStroke(ctx, layer) {
      const options = layer.options;
      if (!options.hatch) { L.Canvas.prototype._fillStroke.call(this, ctx, layer); return; }
      ctx.globalAlpha = options.fillOpacity;
      ctx.fillStyle = pattern(ctx);
      ctx.fill(options.fillRule || "evenodd");
      if (options.stroke && options.weight) {
        ctx.globalAlpha = options.opacity; ctx.lineWidth = options.weight; ctx.strokeStyle = options.color; ctx.stroke();
      }
    },
  });
  const order = { base: 310, others: 320, fill: 350, top: 380, lines: 400, points: 440, "road-names": 590, names: 600 };
  const renderers = {};
  for (const [name, z] of Object.entries(order)) {
    map.createPane("sq-" + name).style.zIndex = z;
    if (!["fill", "top", "points"].includes(name)) map.getPane("sq-" + name).style.pointerEvents = "none";
    else map.getPane("sq-" + name).style.pointerEvents = "none";
  }
  for (const name of ["base", "others", "fill", "top", "lines", "points"])
    renderers[name] = new Hatching({ pane: "sq-" + name, padding: 0.35 });
  const inPane = (name) => ({ pane: "sq-" + name, renderer: renderers[name] });

  const drawn = {};
  function shapesOf(kind, paneName) {
    const key = kind + "-" + paneName;
    if (!drawn[key]) {
      const here = places[kind], parts = here.shapes.map((shape, i) => {
        const part = L.polygon(latlngs(shape), { ...inPane(paneName), interactive: false, stroke: true, weight: 0.6 });
        part.place = i;
        return part;
      });
      drawn[key] = { group: L.layerGroup(parts), parts, boxes: null };
    }
    return drawn[key];
  }
  const pathOf = (symbol) => symbol.pattern === "hatch"
    ? { hatch: true, fill: true, fillOpacity: 0.95, stroke: true, color: "#5f6772", weight: 0.6, opacity: 0.9 }
    : { hatch: false, fill: symbol.pattern !== "none" && !!symbol.fill, fillColor: symbol.fill, fillOpacity: symbol.fill_opacity,
      stroke: !!symbol.stroke, color: symbol.stroke || "#000", weight: symbol.width, opacity: symbol.stroke_opacity,
      dashArray: symbol.dash.length ? symbol.dash.join(" ") : null };

  /* ---- what places are coloured by ---- */
  const classesOf = (id) => data.layers[id].style.classes;
  const named = (id, value) => classesOf(id).find((each) => each.value === value);
  const SEVERE = { v: "very_serious", s: "serious", g: "general", n: "none", u: "unknown" };
  const STATE = { f: "found", c: "clear", u: "unknown", n: "not_applicable", d: "remedied" };
  const planned = { value: "planned", label: data.words["state.planned"],
    symbol: { ...named("indicator_01", "remedied").symbol, fill: "#8E7CC3" } };
  const worse = { u: 0, n: 1, r: 2, g: 3, s: 4, v: 5 };

  function severityOf(i) {
    const here = places.building;
    return (state.when === "before" ? here.severity_before : state.when === "after" ? here.severity_after : here.severity)[i];
  }
  const curedIn = new Map();
  for (const each of data.indicators) {
    const years = new Map();
    for (let k = 0; k < (each.cured || []).length; k += 2) years.set(each.cured[k], each.cured[k + 1]);
    curedIn.set(each.n, years);
  }
  function signOf(each, i) {
    const sign = each.states[i];
    if (state.when === "before" && sign === "d") return "f";
    if (state.when === "after" && sign === "f" && curedIn.get(each.n).has(i)) return "p";
    return sign;
  }
  const shareClass = (share) => share === null ? named("share_blocks", "unknown")
    : classesOf("share_blocks").find((each) => each.value !== "unknown" && (each.lower === null || share >= each.lower)
      && (each.upper === null || share < each.upper));
  const coverClass = (share) => named("coverage", share >= 100 ? "all" : share >= 50 ? "most" : share > 0 ? "part" : "none");

  function blockTallies(each) {
    const tallies = places.block.ids.map(() => ({ found: 0, known: 0, all: 0 })), here = places[each.subject];
    here.ids.forEach((_, i) => {
      const at = here.block ? here.block[i] : -1, sign = signOf(each, i);
      if (at < 0 || sign === "n") return;
      tallies[at].all += 1;
      if (sign !== "u") tallies[at].known += 1;
      if (sign === "f") tallies[at].found += 1;
    });
    return tallies;
  }
  function blockSeverity() {
    const worst = places.block.ids.map(() => "");
    places.building.block.forEach((at, i) => {
      if (at < 0) return;
      const sign = severityOf(i), before = worst[at];
      if (before === "" || worse[sign] > worse[before] && !(before === "u" && worse[sign] < 3)
        || (sign === "u" && worse[before] < 3)) worst[at] = sign;
    });
    return worst;
  }
  const severityClass = (sign) => sign === "r" ? planned : named("severity", SEVERE[sign]);

  /* programme */
  const siteMeasures = new Map(), mainYear = { building: new Map(), estate: new Map(), unit: new Map(), block: new Map() };
  const anyMeasure = { building: new Set(), estate: new Set(), unit: new Set(), block: new Set() };
  if (plan) {
    plan.measures.forEach((row) => {
      const site = row[0], year = row[4], kind = KINDS[row[11]], at = row[12];
      if (!siteMeasures.has(site)) siteMeasures.set(site, []);
      siteMeasures.get(site).push(row);
      const mark = (kind, at) => {
        if (at < 0 || kind === undefined) return;
        anyMeasure[kind].add(at);
        if (!year) return;
        const spent = mainYear[kind].get(at) || new Map(), told = spent.get(year) || [0, 0];
        spent.set(year, [told[0] + (row[9] || 0), told[1] + row[13]]);
        mainYear[kind].set(at, spent);
      };
      mark(kind, at);
      if (kind === "building") mark("block", places.building.block[at]);
      if (kind === "estate") mark("block", places.estate.block ? places.estate.block[at] : -1);
      const where = plan.sites[site];
      if (where.kind !== kind) mark(where.kind, where.place);
    });
  }
  /* A place is coloured by the year in which most of its money is spent; without any, by that of most works, the earliest first. */
  for (const kind of KINDS) for (const [at, spent] of mainYear[kind])
    mainYear[kind].set(at, [...spent].sort((a, b) => b[1][0] - a[1][0] || (b[1][1] > 0) - (a[1][1] > 0) || a[0] - b[0])[0][0]);
  const yearsOf = (kind, i) => {
    const own = new Set();
    if (kind === "estate" || kind === "unit" || kind === "block") {
      const n = plan.sites.findIndex((site) => site.kind === kind && site.place === i);
      for (const row of siteMeasures.get(n) || []) if (row[4] && row[13]) own.add(row[4]);
    }
    return [...own].sort();
  };
  const phaseNamed = (value) => plan.style.find((each) => each.value === String(value));
  const buildingYears = new Map();
  if (plan) for (const row of plan.measures) if (KINDS[row[11]] === "building" && row[4]) {
    if (!buildingYears.has(row[12])) buildingYears.set(row[12], new Set());
    buildingYears.get(row[12]).add(row[4]);
  }
  const siteYears = new Map();
  if (plan) plan.sites.forEach((site, n) => siteYears.set(site.kind + site.place,
    new Set((siteMeasures.get(n) || []).map((row) => row[4]).filter(Boolean))));
  function phaseClass(kind, i) {
    if (!anyMeasure[kind].has(i)) return kind === "building" && places.building.severity[i] === "u" ? named("severity", "unknown") : phaseNamed("nothing");
    const first = mainYear[kind].get(i) || 0;
    if (!state.year) return first ? phaseNamed(first) : phaseNamed("not_chosen");
    const years = kind === "building" ? buildingYears.get(i) : kind === "block" ? null : siteYears.get(kind + i);
    const yes = years ? years.has(state.year) : first === state.year;
    return yes ? phaseNamed(state.year) : phaseNamed("nothing");
  }

  /* What is drawn: kind of place, and its class by position; `null` draws nothing. */
  function view() {
    const each = indicator();
    if (state.theme === "coverage") return state.by === "block"
      ? { kind: "block", of: (i) => places.block.buildings[i] ? coverClass(places.block.share[i]) : null, classes: classesOf("coverage") }
      : { kind: "building", of: (i) => coverClass(places.building.share[i]), classes: classesOf("coverage") };
    if (state.theme === "programme") return { kind: state.by === "block" ? "block" : "building", classes: [...plan.style, named("severity", "unknown")],
      of: (i) => state.by === "block" && !anyMeasure.block.has(i) ? null : phaseClass(state.by === "block" ? "block" : "building", i) };
    if (state.theme === "severity") {
      const classes = [...classesOf("severity").slice(0, 4), ...(state.when === "after" ? [planned] : []), classesOf("severity")[4]];
      if (state.by !== "block") return { kind: "building", of: (i) => severityClass(severityOf(i)), classes };
      const worst = blockSeverity();
      return { kind: "block", of: (i) => worst[i] ? severityClass(worst[i]) : null, classes };
    }
    if (!each.states) return { kind: null, of: () => null, classes: [] };
    if (state.by === "block" && each.subject !== "unit") {
      const tallies = blockTallies(each);
      return { kind: "block", classes: classesOf("share_blocks"), tallies,
        of: (i) => tallies[i].all ? shareClass(tallies[i].known ? tallies[i].found / tallies[i].known : null) : null };
    }
    const states = classesOf("indicator_01"), classes = [states[0], ...(state.when === "after" ? [planned] : []), ...states.slice(1)];
    return { kind: each.subject, classes, of: (i) => {
      const sign = signOf(each, i);
      return sign === "p" ? planned : named("indicator_01", STATE[sign]);
    } };
  }

  /* Seen from afar a building is a speck: it gets a rim of its own colour, and what has a problem lies on top. */
  const NEAR = 15.5, QUIET = new Set(["none", "unknown", "clear", "not_applicable", "nothing", "not_chosen"]);
  const speck = (symbol) => {
    const colour = symbol.pattern === "hatch" ? "#a3a9b1" : symbol.fill, wide = symbol.pattern === "hatch" ? 0.8 : 1.6;
    return { hatch: false, fill: true, fillColor: colour, fillOpacity: 1, stroke: true, color: colour, weight: map.getZoom() < 14 ? wide + 0.5 : wide, opacity: 1 };
  };
  let now = null, onMap = null, wasNear = false;
  function redraw() {
    now = view();
    const wanted = now.kind ? shapesOf(now.kind, "fill") : null;
    if (onMap && onMap !== wanted) onMap.group.remove();
    onMap = wanted;
    now.counts = new Map();
    if (wanted) {
      const found = wanted.parts.map((part) => now.of(part.place)), small = now.kind === "building" && map.getZoom() < NEAR;
      found.forEach((each, i) => {
        if (each) now.counts.set(each.value, (now.counts.get(each.value) || 0) + 1);
        const hidden = !each || state.off.has(each.value);
        Object.assign(wanted.parts[i].options, hidden ? { fill: false, stroke: false, hatch: false } : small ? speck(each.symbol) : pathOf(each.symbol));
      });
      if (!map.hasLayer(wanted.group)) wanted.group.addTo(map);
      if (small) for (const each of [...now.classes].reverse().filter((one) => !QUIET.has(one.value)))
        found.forEach((one, i) => { if (one === each) wanted.parts[i].bringToFront(); });
      renderers.fill._redrawBounds = null; renderers.fill._redraw();  // all at once: 6,000 calls of setStyle are slow
    }
    wasNear = map.getZoom() >= NEAR;
    backdrop(); outlines(); points(); placeNames(); said();
  }
  /* Where an estate, a unit or a site is coloured, its buildings stand above it as outlines. */
  function backdrop() {
    const on = now.kind && now.kind !== "building";
    show("above", on, () => L.layerGroup(places.building.shapes.map((shape) => L.polygon(latlngs(shape), {
      ...inPane("top"), interactive: false, fill: true, fillColor: "#1f2a37", fillOpacity: 0.16, stroke: false }))));
    const sites = state.theme === "programme" && state.by === "place";
    show("sites", false);
    delete groups.sites;
    if (sites) show("sites", true, () => L.layerGroup([...plan.sites].filter((site) => site.place >= 0 && places[site.kind] && site.kind !== "unit")
      .sort((x, y) => (x.kind === "block" ? 0 : 1) - (y.kind === "block" ? 0 : 1)).map((site) => {
        const found = phaseClass(site.kind, site.place);
        if (["nothing", "unknown"].includes(found.value) || state.off.has(found.value)) return null;
        return L.polygon(latlngs(places[site.kind].shapes[site.place]), { ...inPane("others"), interactive: false, fill: true, fillColor: found.symbol.fill,
          fillOpacity: site.kind === "block" ? 0.1 : 0.3, stroke: true, color: found.symbol.fill, weight: site.kind === "block" ? 0.8 : 1.3 });
      }).filter(Boolean)));
  }
  const groups = {};
  function show(key, yes, make) {
    if (yes && !groups[key]) groups[key] = make();
    const group = groups[key];
    if (group && yes !== map.hasLayer(group)) yes ? group.addTo(map) : group.remove();
  }
  function outlines() {
    show("estates", state.shown.estates, () => L.layerGroup(places.estate.shapes.map((shape) => L.polygon(latlngs(shape),
      { ...inPane("lines"), interactive: false, fill: false, color: "#4b5563", weight: 1.1, dashArray: "4 2", opacity: 0.9 }))));
    show("blocks", state.by === "block" && now.kind === "block", () => L.layerGroup(places.block.shapes.map((shape) => L.polygon(latlngs(shape),
      { ...inPane("lines"), interactive: false, fill: false, color: "#9a958a", weight: 0.7, opacity: 0.9 }))));
    show("units", state.shown.units || (indicator() && indicator().subject === "unit"), () => {
      const symbol = classesOf("units")[0].symbol;
      return L.layerGroup(places.unit.shapes.map((shape) => L.polygon(latlngs(shape), { ...inPane("lines"), interactive: false, fill: false,
        color: symbol.stroke, weight: symbol.width, dashArray: symbol.dash.join(" ") })));
    });
    show("farmhouses", state.shown.farmhouses, () => L.layerGroup(data.farmhouses.shapes.map((shape, i) =>
      L.polygon(latlngs(shape), { ...inPane("top"), interactive: false, ...houseStyle(i) }))));
    for (const name of ["barriers", "roads", "others"]) show(name, state.shown[name] && !!data.base[name], () => base(name));
    scaleBase();
  }
  const houseStyle = (i) => {
    const symbol = named("farmhouses", data.farmhouses.decision[i]).symbol;
    return map.getZoom() < NEAR ? speck(symbol) : pathOf(symbol);
  };
  const scaled = [];
  function base(name) {
    if (name === "others") return L.layerGroup(data.base.others.map((shape) => L.polygon(latlngs(shape), { ...inPane("others"), interactive: false,
      stroke: true, color: "#b9b4a6", weight: 0.5, fillColor: "#dedacf", fillOpacity: 0.75 })));
    const group = L.layerGroup(), widths = { expressway: 5, primary: 4.2, secondary: 3.4, tertiary: 2.6, street: 1.6, path: 1 };
    const fills = { expressway: "#FBE2A6", primary: "#FFF1C9" };
    const add = (row, style) => {
      const path = L.geoJSON(row.geometry, { ...inPane("base"), interactive: false, style: () => style });
      if (row.geometry.type.endsWith("LineString")) scaled.push([path, style.weight]);
      group.addLayer(path);
    };
    if (name === "barriers") for (const row of data.base.barriers) {
      const line = row.geometry.type.endsWith("LineString"), water = row.barrier_group === "water";
      add(row, line ? { fill: false, color: water ? "#8FBDE0" : "#5A5F66", weight: water ? 3 : 1.8, dashArray: water ? null : "8 5" }
        : { stroke: false, fill: true, fillColor: "#B9D6EB", fillOpacity: 1 });
    } else for (const pass of ["casing", "road"]) for (const row of [...data.base.roads].reverse()) {
      if (row.road_group === "path") continue;
      const wide = widths[row.road_group] || 1.6;
      add(row, { fill: false, color: pass === "casing" ? data.casing : fills[row.road_group] || "#fff", weight: pass === "casing" ? wide + 1.1 : wide,
        opacity: pass === "casing" ? 0.8 : 1 });
    }
    return group;
  }
  const near = () => Math.min(1.15, Math.max(0.25, (map.getZoom() - 10.4) / 3.6));
  function scaleBase() {
    for (const [path, weight] of scaled) path.eachLayer((part) => { part.options.weight = Math.max(0.5, weight * near()); });
    if (groups.farmhouses) groups.farmhouses.getLayers().forEach((part, i) => part.setStyle({ dashArray: null, ...houseStyle(i) }));
    if (groups.estates) groups.estates.eachLayer((part) => { part.options.weight = 1.1 * near() ** 2; part.options.opacity = near() < 0.8 ? 0.55 : 0.9; });
  }
  map.on("zoomend", () => { scaleBase(); if (now && (map.getZoom() >= NEAR) !== wasNear) redraw(); });

  /* ---- findings as points ---- */
  const PAST = new Set(["d", "k"]);
  const findingsOf = KINDS.map(() => new Map());
  for (const row of data.findings.rows) {
    const mine = findingsOf[row[0]];
    if (!mine.has(row[1])) mine.set(row[1], []);
    mine.get(row[1]).push(row);
  }
  const middle = (kind, i) => {
    if (places[kind].at) return L.latLng(places[kind].at[i]);
    return L.latLngBounds(latlngs(places[kind].shapes[i]).flat(2)).getCenter();
  };
  function points() {
    show("findings", false);
    delete groups.findings;
    if (!state.shown.findings) return;
    const each = indicator(), fills = Object.fromEntries(classesOf("findings").map((one) => [one.value, one.symbol.fill]));
    show("findings", true, () => {
      const group = L.layerGroup();
      findingsOf.forEach((mine, kind) => {
        for (const [i, rows] of mine) {
          const live = rows.filter((row) => (state.when === "before" || !PAST.has(row[4])) && (!each || data.findings.codes[row[2]][5] === each.n));
          if (!live.length) continue;
          const worst = live.reduce((a, b) => worse[b[3]] > worse[a[3]] ? b : a)[3];
          group.addLayer(L.circleMarker(middle(KINDS[kind], i), { ...inPane("points"), interactive: false, radius: Math.min(8, 2.6 + Math.sqrt(live.length)),
            fillColor: fills[SEVERE[worst]], fillOpacity: 0.95, color: "#fff", weight: 0.9 }));
        }
      });
      return group;
    });
  }

  /* ---- names ---- */
  const ruler = document.createElement("canvas").getContext("2d"), family = getComputedStyle(document.body).fontFamily;
  const widthOf = (text, font) => { ruler.font = font + " " + family; return ruler.measureText(text).width; };
  const free = (taken, box) => taken.every((b) => box.x2 < b.x1 || box.x1 > b.x2 || box.y2 < b.y1 || box.y1 > b.y2);
  function placeNames() {
    const size = map.getSize(), taken = [], target = map.getPane("sq-names"), roads = map.getPane("sq-road-names");
    target.replaceChildren(); roads.replaceChildren();
    const each = indicator(), kind = each && each.subject === "unit" || state.shown.units ? "unit" : "estate";
    if (state.shown.names && (kind === "unit" || map.getZoom() >= 14)) places[kind].ids.forEach((_, i) => {
      if (!places[kind].at) return;
      const spot = map.latLngToContainerPoint(places[kind].at[i]), name = nameOf(kind, i);
      if (spot.x < -60 || spot.y < -20 || spot.x > size.x + 60 || spot.y > size.y + 20) return;
      const w = widthOf(name, "700 12.5px") / 2 + 3;
      for (const dy of [0, -14, 14]) {
        const box = { x1: spot.x - w, x2: spot.x + w, y1: spot.y + dy - 9, y2: spot.y + dy + 9 };
        if (!free(taken, box)) continue;
        taken.push(box);
        const at = map.containerPointToLayerPoint([spot.x, spot.y + dy]), label = el("div", { class: "sq-label" }, el("b", {}, name));
        label.style.transform = `translate(${at.x}px,${at.y}px) translate(-50%,-50%)`;
        target.append(label);
        break;
      }
    });
    if (!state.shown.road_labels || !state.shown.roads) return;
    const zoom = map.getZoom(), metres = 40075016.686 * Math.cos(map.getCenter().lat * Math.PI / 180) / 2 ** (zoom + 8), often = new Map();
    for (const road of data.road_labels) {
      if (road.group === "path") continue;
      const name = pick([road.name, road.name_en]), spot = map.latLngToContainerPoint(road.at);
      if (spot.x < 0 || spot.y < 0 || spot.x > size.x || spot.y > size.y) continue;
      const wide = widthOf(name, "400 11px") + name.length * 0.7;
      if (road.length_m / metres < wide * 0.95) continue;
      const close = often.get(name) || [];
      if (close.some((other) => other.distanceTo(spot) < 420)) continue;
      const turn = -road.angle * Math.PI / 180, c = Math.abs(Math.cos(turn)), s = Math.abs(Math.sin(turn));
      const box = { x1: spot.x - (c * wide + s * 13) / 2, x2: spot.x + (c * wide + s * 13) / 2, y1: spot.y - (s * wide + c * 13) / 2, y2: spot.y + (s * wide + c * 13) / 2 };
      if (!free(taken, box)) continue;
      taken.push(box);
      often.set(name, [...close, spot]);
      const at = map.containerPointToLayerPoint(spot), label = el("div", { class: "sq-road" }, name);
      label.style.transform = `translate(${at.x}px,${at.y}px) translate(-50%,-50%) rotate(${-road.angle}deg)`;
      roads.append(label);
    }
  }
  map.on("zoomstart", () => root.classList.add("sq-zooming"));
  map.on("zoomend", () => root.classList.remove("sq-zooming"));
  map.on("moveend zoomend resize", placeNames);

  /* ---- clicks: which place lies under the pointer ---- */
  const inside = (point, rings) => {
    let odd = false;
    for (const line of rings) for (let i = 0, j = line.length - 1; i < line.length; j = i++) {
      const [y1, x1] = line[i], [y2, x2] = line[j];
      if ((y1 > point.lat) !== (y2 > point.lat) && point.lng < (x2 - x1) * (point.lat - y1) / (y2 - y1) + x1) odd = !odd;
    }
    return odd;
  };
  const finders = {};
  function under(kind, at) {
    if (!finders[kind]) finders[kind] = (kind === "farmhouse" ? data.farmhouses : places[kind]).shapes.map((shape) => {
      const parts = latlngs(shape);
      return { parts, box: L.latLngBounds(parts.flat(2)) };
    });
    return finders[kind].findIndex((each) => each.box.contains(at) && each.parts.some((part) => inside(at, part)));
  }
  map.on("click", (event) => {
    const house = state.shown.farmhouses ? under("farmhouse", event.latlng) : -1;
    if (house >= 0) { openHouse(house, event.latlng); return; }
    const kinds = now.kind && now.kind !== "building" ? [now.kind, "building"] : ["building", ...(plan && state.theme === "programme" ? ["estate", "block"] : ["estate", "block"])];
    for (const kind of kinds) {
      const i = under(kind, event.latlng);
      if (i >= 0) { openPopup(kind, i, event.latlng); return; }
    }
    map.closePopup();
  });

  /* ---- popups ---- */
  const popup = L.popup({ maxWidth: Math.min(380, innerWidth - 50), minWidth: Math.min(270, innerWidth - 80),
    autoPanPaddingTopLeft: [14, 90], autoPanPaddingBottomRight: [62, 14] });
  const line = (label, text) => (text === "" || text === null || text === undefined ? [] : [el("dt", {}, label), el("dd", {}, text)]);
  const chip = (sign) => {
    const mark = el("i", { class: "sq-sev " + sign });
    if (sign === "r") mark.style.background = planned.symbol.fill;
    else if (sign !== "u") mark.style.background = named("severity", SEVERE[sign]).symbol.fill;
    return mark;
  };
  const withWord = (n, key) => state.lang === "zh" ? count(n) + t(key) : `${count(n)} ${t(key)}`;
  function openPopup(kind, i, at) {
    const here = places[kind], each = indicator(), list = el("dl"), parts = [];
    if (kind !== "building" && !here.buildings[i]) { tell(at, nameOf(kind, i), [el("p", { style: "margin:0" }, t("page.no_homes")), ...rank(kind, i), ...works(kind, i), ...seen(kind, i)]); return; }
    const sign = here.severity[i];
    if (kind === "building") {
      const estate = here.estate ? here.estate[i] : -1;
      list.append(...line(t("estate"), estate >= 0 ? nameOf("estate", estate) : t("page.outside_estates")),
        ...line(t("year_built"), here.year[i] ?? t("unknown")), ...line(t("floors"), here.floors[i] ?? t("unknown")),
        ...line(t("housing_group"), t("housing_group." + str(here.group[i]))));
    } else {
      list.append(...line(t("buildings_surveyed"), t("page.buildings_said", { surveyed: count(here.surveyed[i]), all: count(here.buildings[i]) })));
      if (kind === "estate") list.append(...line(t("year_built"), here.year[i] ?? t("unknown")));
      if (kind === "unit") list.append(...line(t("people"), here.people[i] === null ? t("unknown") : withWord(here.people[i], "unit.people")),
        ...line(t("unit_size"), here.size ? t("limits." + str(here.size[i])) : ""));
      else if (here.households[i] !== null) list.append(...line(t("households"), withWord(here.households[i], "unit.households")));
    }
    list.append(el("dt", {}, t("severity")), el("dd", {}, chip(sign), t("severity." + SEVERE[sign])),
      ...line(t("surveyed_share"), here.share[i] + "%"),
      ...line(t("findings_open"), t("page.open_done", { open: count(here.open[i]), done: count(here.done[i]) })));
    parts.push(list);
    if (each && each.states && now.kind === kind && now.kind !== "block") {
      const one = signOf(each, i), told = one === "p" ? t("state.planned") : t("state." + STATE[one]);
      const value = each.values && each.values[i] !== undefined ? " · " + each.values[i] : "";
      parts.push(el("h4", {}, `${each.n} ${pick(each.title)}`), el("p", { style: "margin:0" }, told + value));
    }
    if (each && now.tallies && kind === "block" && now.tallies[i].all) {
      const tally = now.tallies[i];
      parts.push(el("h4", {}, `${each.n} ${pick(each.title)}`), el("p", { style: "margin:0" }, tally.known
        ? `${t("state.found")} ${tally.found} / ${tally.known} · ` : "",
      t("page.coverage_said", { surveyed: tally.known, total: tally.all, share: percent(tally.known / tally.all) })));
    }
    parts.push(...dark(kind, i), ...rank(kind, i), ...works(kind, i), ...seen(kind, i));
    tell(at, nameOf(kind, i), parts);
  }
  function openHouse(i, at) {
    const here = data.farmhouses, list = el("dl"), square = (value) => value === null ? t("unknown") : count(value, 1);
    const mark = el("i", { class: "sq-sev " + (here.decision[i] === "unknown" ? "u" : "") }), symbol = named("farmhouses", here.decision[i]).symbol;
    if (symbol.pattern !== "hatch") mark.style.background = symbol.fill;
    list.append(el("dt", {}, t("decision")), el("dd", {}, mark, t("house_decision." + here.decision[i])),
      ...line(t("why"), pick(here.reason[i].map(str))), ...line(t("parcel_id"), str(here.parcel_id[i]) || t("unknown")),
      ...line(t("parcel_m2"), square(here.parcel_m2[i])), ...line(t("footprint_m2"), square(here.footprint_m2[i])),
      ...line(t("floors"), here.floors[i] ?? t("unknown")), ...line(t("danger_grade"), str(here.danger_grade[i]) || t("unknown")),
      ...line(t("decided_on"), str(here.decided_on[i])));
    tell(at, t("page.house", { id: here.ids[i] }), [list]);
  }
  function tell(at, title, parts) {
    popup.options.maxHeight = Math.max(150, Math.min(0.56 * map.getSize().y, map.getSize().y - 130));
    popup.setLatLng(at).setContent(el("div", { class: "sq-pop" }, el("h3", {}, title), parts)).openOn(map);
    const close = popup.getElement().querySelector(".leaflet-popup-close-button");
    if (close) close.setAttribute("aria-label", t("page.close"));
  }
  function dark(kind, i) {
    const none = data.indicators.filter((each) => each.states && each.subject === kind && each.states[i] === "u").map((each) => each.n);
    return none.length ? [el("p", { class: "sq-note" }, t("page.not_looked", { list: none.join(state.lang === "zh" ? "、" : ", ") }))] : [];
  }
  function rank(kind, i) {
    const id = kind === "estate" ? places.estate.ids[i] : kind === "block" ? "block:" + places.block.ids[i] : "";
    const told = (data.candidates || {})[id];
    return told ? [el("h4", {}, t("candidate_group." + told[1]) + (told[0] === null ? "" : ` · ${t("rank")} ${told[0]}`)),
      el("p", { style: "margin:0" }, pick([told[2], told[3]]))] : [];
  }
  function seen(kind, i) {
    const rows = [...(findingsOf[KINDS.indexOf(kind)].get(i) || [])].sort((a, b) => PAST.has(a[4]) - PAST.has(b[4]) || worse[b[3]] - worse[a[3]]);
    if (!rows.length) return [];
    const unit = (row) => row[8] === null ? "" : `${count(row[8], 1)}${state.lang === "zh" ? "" : " "}${t("extent_unit." + str(row[9]))}`;
    return [el("h4", {}, t("page.findings_of", { n: rows.length })), el("ul", {}, rows.slice(0, 40).map((row) => {
      const code = data.findings.codes[row[2]];
      const more = [t("severity." + SEVERE[row[3]]), t("finding_status." + { o: "open", s: "scheduled", d: "done", k: "checked" }[row[4]]),
        t("problem." + code[3]), str(row[5]), unit(row), str(row[7])].filter(Boolean);
      return el("li", { class: PAST.has(row[4]) ? "sq-past" : "" }, chip(row[3]), `${code[0]} ${pick([code[1], code[2]])}`, el("small", {}, more.join(" · ")),
        row[6] ? el("small", {}, `${t("photo")}: ${str(row[6])}`) : null);
    })), rows.length > 40 ? el("p", { class: "sq-note" }, t("page.more_findings", { n: rows.length - 40 })) : null];
  }
  const wan = (n) => n === null ? "—" : t("page.cost_wan", { n: count(n, 1) });
  function works(kind, i) {
    if (!plan) return [];
    let rows = kind === "building" ? plan.measures.filter((row) => KINDS[row[11]] === "building" && row[12] === i)
      : siteMeasures.get(plan.sites.findIndex((site) => site.kind === kind && site.place === i)) || [];
    rows = [...rows].sort((a, b) => (a[4] || 9999) - (b[4] || 9999));
    if (!rows.length) return [];
    const groups = new Map();
    for (const row of rows) {
      const key = row[4] + "|" + row[1];
      const sum = groups.get(key) || { row, n: 0, cost: 0, quantity: 0, priced: false };
      sum.n += 1; sum.cost += row[9] || 0; sum.priced = sum.priced || row[9] !== null; sum.quantity += row[7] || 0;
      groups.set(key, sum);
    }
    return [el("h4", {}, t("page.measures_of", { n: rows.length })), el("ul", {}, [...groups.values()].slice(0, 30).map(({ row, n, cost, quantity, priced }) => {
      const mark = el("i", { class: "sq-sev" });
      mark.style.background = phaseNamed(row[4] || "not_chosen").symbol.fill;
      return el("li", { class: row[4] ? "" : "sq-past" }, mark, pick([str(row[1]), str(row[2])]) + (n > 1 ? ` × ${n}` : ""), " ",
        row[10] ? el("span", { class: "sq-mark-example" }, t("page.example_mark")) : null,
        el("small", {}, [row[4] ? t("page.works_in", { year: row[4] }) : t("page.not_in"), t("class." + row[3]), row[5] ? t("safety") : "",
          quantity ? `${count(quantity, 1)} ${t("extent_unit." + str(row[8]))}` : "", priced && cost ? wan(cost) : ""].filter(Boolean).join(" · ")));
    }))];
  }
  function visit(kind, i) {
    const box = L.latLngBounds(latlngs(places[kind].shapes[i]).flat(2));
    map.fitBounds(box, { padding: [70, 70], maxZoom: 18, animate: false });
    openPopup(kind, i, middle(kind, i));
  }

  /* ---- the panel ---- */
  function swatch(symbol, geometry) {
    const box = svg("svg", { width: 30, height: 17, viewBox: "0 0 30 17", "aria-hidden": "true" });
    const pen = { stroke: symbol.pattern === "hatch" ? "#5f6772" : symbol.stroke || "none", "stroke-width": geometry === "line" ? symbol.width : 1, "stroke-dasharray": symbol.dash.join(" ") };
    if (geometry === "line") box.append(svg("line", { x1: 1, x2: 29, y1: 8.5, y2: 8.5, ...pen }));
    else if (geometry === "point") box.append(svg("circle", { cx: 15, cy: 8.5, r: 5, fill: symbol.fill, ...pen }));
    else box.append(svg("rect", { x: 3, y: 2, width: 24, height: 13, rx: 1.5, "fill-opacity": symbol.pattern === "hatch" ? 1 : symbol.fill_opacity,
      fill: symbol.pattern === "none" ? "none" : symbol.pattern === "hatch" ? "url(#sq-grey)" : symbol.fill,
      ...pen, stroke: symbol.pattern === "hatch" ? "#5f6772" : "#9a958a" }));
    return box;
  }
  function setTheme(theme) {
    state.theme = theme; state.off.clear(); map.closePopup();
    if (theme === "programme") state.when = "after";
    else if (state.when === "after" && theme === "coverage") state.when = "today";
    redraw(); panel();
  }
  function chooser() {
    const select = el("select", { class: "sq-choose", id: "sq-theme", "aria-label": t("page.theme"), onchange: (event) => setTheme(event.target.value) });
    const option = (value, text) => { const node = el("option", { value }, text); node.selected = value === state.theme; return node; };
    const overall = el("optgroup", { label: t("page.theme_overall") }, option("severity", t("page.theme_severity")), option("coverage", t("page.theme_coverage")),
      plan ? option("programme", t("page.theme_programme")) : null);
    select.append(overall);
    for (const dimension of ["housing", "residential", "block", "city", "overall"]) {
      const mine = data.indicators.filter((each) => each.dimension === dimension);
      if (mine.length) select.append(el("optgroup", { label: t("dimension." + dimension) }, mine.map((each) => option(String(each.n),
        `${each.n} ${pick(each.title)} — ${pick(each.value)}` + (each.coverage === null ? "" : state.lang === "zh" ? `（${percent(each.coverage)}）` : ` (${percent(each.coverage)})`)))));
    }
    return select;
  }
  function coverBar(each) {
    if (each.coverage === null) return [];
    const bar = el("i");
    bar.style.width = 100 * each.coverage + "%";
    return [el("div", { class: "sq-cover", role: "img", "aria-label": t("coverage") }, bar),
      el("p", { class: "sq-note" }, each.coverage ? t("page.coverage_said", { surveyed: count(each.surveyed), total: count(each.total), share: percent(each.coverage) }) : t("page.coverage_none"))];
  }
  function card(each) {
    const facts = [];
    if (pick(each.bounds)) facts.push(pick(each.bounds));
    if (pick(each.before) !== pick(each.value)) facts.push(t("page.before_value", { value: pick(each.before) }));
    if (each.target) facts.push(`${t("target")} ${pick(each.target)} · ${t("target_met." + each.verdict)}`);
    return el("div", { class: "sq-card" }, el("h3", {}, `${each.n} ${pick(each.title)}`),
      el("div", { class: "sq-value" + (each.status === "unknown" ? " sq-dark" : "") }, pick(each.value), each.status === "entered" ? " " : null,
        each.status === "entered" ? el("span", { class: "sq-chip" }, t("page.entered")) : null),
      ...coverBar(each), facts.map((text) => el("p", { class: "sq-note" }, text)), pick(each.sentence) ? el("p", {}, pick(each.sentence)) : null,
      each.states ? null : el("p", { class: "sq-note" }, t("page.no_places")),
      pick(each.note) ? el("p", { class: "sq-note" }, pick(each.note)) : null, el("p", { class: "sq-note" }, `${t("source")}${state.lang === "zh" ? "：" : ": "}${pick(each.source)}`));
  }
  function legend() {
    const rows = now.classes.filter((each) => now.counts.has(each.value)).map((each) => el("li", { class: state.off.has(each.value) ? "sq-off" : "" },
      el("button", { type: "button", "aria-pressed": String(!state.off.has(each.value)), onclick: () => {
        state.off.has(each.value) ? state.off.delete(each.value) : state.off.add(each.value); redraw(); panelMap();
      } }, swatch(each.symbol, "polygon"), pick(each.label), el("span", { class: "sq-n" }, count(now.counts.get(each.value))))));
    return el("ul", { class: "sq-legend" }, rows);
  }
  function searchBox(id) {
    return el("div", { class: "sq-find" }, el("input", { id, type: "search", placeholder: t("page.search"), "aria-label": t("page.search"), value: state.search, oninput: (event) => {
      state.search = event.target.value; estates(); } }));
  }
  function panelMap() {
    const by = el("fieldset", { class: "sq-seg" });
    segments(by, "by", t("page.by"), [["place", t("page.by_place")], ["block", t("page.by_block")]], state.by, (value) => { state.by = value; map.closePopup(); redraw(); panel(); });
    const check = (id, text, yes) => {
      if (!yes) return null;
      const input = el("input", { type: "checkbox", id: "sq-check-" + id, onchange: () => { state.shown[id] = input.checked; redraw(); panelMap(); } });
      input.checked = state.shown[id];
      return el("label", { class: "sq-check" }, input, text);
    };
    const focus = document.activeElement && document.activeElement.id, each = indicator();
    const years = state.theme !== "programme" ? null : el("div", { class: "sq-years" }, [0, ...plan.years].map((year) => el("button", { type: "button",
      "aria-pressed": String(state.year === year), onclick: () => { state.year = year; redraw(); panelMap(); panelProgramme(); } }, year ? String(year) : t("page.all_years"))));
    const byBlock = state.by === "block" && now.kind === "block" && each;
    $("tab-map").replaceChildren(
      el("div", { class: "sq-noprint" }, el("h2", {}, t("page.theme")), chooser(), years,
        state.theme === "programme" ? el("p", { class: "sq-note" }, t("page.programme_said")) : null,
        state.theme === "programme" && plan.example ? el("p", { class: "sq-note" }, t("page.example_prices")) : null,
        el("h2", {}, t("page.by")), by),
      now.kind ? el("h2", {}, t("page.legend")) : "", now.kind ? legend() : "", now.kind ? el("p", { class: "sq-note" }, t("page.unknown_said")) : "",
      byBlock ? el("p", { class: "sq-note" }, t("page.blocks_said")) : "",
      each ? card(each) : "",
      el("div", { class: "sq-noprint" }, el("h2", {}, t("page.layers")),
        check("findings", t("layer.findings"), data.findings.rows.length), check("farmhouses", t("layer.farmhouses"), !!data.farmhouses), check("units", t("layer.units"), places.unit.ids.length),
        check("estates", t("layer.estates"), places.estate.ids.length), check("names", t("page.estate_names"), places.estate.ids.length),
        check("roads", t("layer.roads"), !!data.base.roads), check("road_labels", t("page.road_labels"), data.road_labels.length),
        check("barriers", t("layer.barriers"), !!data.base.barriers), check("others", t("page.other_buildings"), !!data.base.others)),
      state.shown.farmhouses ? houses() : "",
      state.shown.findings ? el("ul", { class: "sq-legend" }, classesOf("findings").map((one) => el("li", {}, swatch({ ...one.symbol, stroke: "#9a958a" }, "point"), pick(one.label)))) : "");
    if (focus && (focus.startsWith("sq-check-") || focus === "sq-theme") && document.getElementById(focus)) document.getElementById(focus).focus();
  }
  function houses() {
    const counts = new Map(), here = data.farmhouses;
    for (const each of here.decision) counts.set(each, (counts.get(each) || 0) + 1);
    return el("div", { style: "margin-top: 16px" }, el("h2", {}, t("layer.farmhouses")), el("ul", { class: "sq-legend", id: "sq-houses" }, classesOf("farmhouses").filter((each) => counts.has(each.value))
      .map((each) => el("li", {}, swatch(each.symbol, "polygon"), pick(each.label), el("span", { class: "sq-n" }, count(counts.get(each.value)))))),
    here.nowhere ? el("p", { class: "sq-note" }, t("page.houses_nowhere", { n: here.nowhere })) : "");
  }
  function panelIndicators() {
    $("tab-indicators").replaceChildren(el("p", { class: "sq-note" }, t("report.exam_caution")), ...["housing", "residential", "block", "city", "overall"].map((dimension) => {
      const mine = data.indicators.filter((each) => each.dimension === dimension);
      return mine.length ? [el("h2", {}, t("dimension." + dimension)), el("ul", { class: "sq-rows" }, mine.map((each) => el("li", { class: String(each.n) === state.theme ? "sq-on" : "" },
        el("button", { type: "button", class: "sq-link", onclick: () => { openTab("map"); setTheme(String(each.n)); } }, el("span", { class: "sq-no" }, String(each.n)),
          el("span", {}, pick(each.title)), el("span", { class: each.status === "unknown" ? "sq-dark" : "" }, pick(each.value))), ...coverBar(each))))] : [];
    }).flat());
  }
  function panelEstates() {
    const box = $("tab-estates");
    if (!box.querySelector("input")) box.replaceChildren(searchBox("sq-search"), el("div", { id: "sq-found" }));
    const input = box.querySelector("input");
    input.placeholder = t("page.search"); input.setAttribute("aria-label", t("page.search"));
    estates();
  }
  function estates() {
    const wanted = state.search.trim().toLowerCase(), target = $("found");
    if (!target) return;
    const fits = (kind, i) => [str(places[kind].name[i]), str(places[kind].name_en[i]), places[kind].ids[i]].some((text) => text.toLowerCase().includes(wanted));
    const mine = places.estate.ids.map((_, i) => i).filter((i) => !wanted || fits("estate", i))
      .sort((a, b) => (places.estate.open[b] || 0) - (places.estate.open[a] || 0) || (nameOf("estate", a) < nameOf("estate", b) ? -1 : 1));
    const houses = wanted.length < 2 ? [] : places.building.ids.map((_, i) => i).filter((i) => fits("building", i)).slice(0, 40);
    const row = (kind, i, told) => el("li", {}, el("button", { type: "button", class: "sq-link", onclick: () => visit(kind, i) }, chip(places[kind].severity[i]), el("span", {}, nameOf(kind, i)), el("span", {}, told)),
      kind === "estate" ? el("p", { class: "sq-note", style: "margin:0" }, t("page.buildings_said", { surveyed: count(places.estate.surveyed[i]), all: count(places.estate.buildings[i]) }),
        plan ? ` · ${(yearsOf("estate", i).join(state.lang === "zh" ? "、" : ", ")) || t("page.not_in")}` : "") : null);
    target.replaceChildren(el("p", { class: "sq-note" }, t("page.sorted_by")),
      el("ul", { class: "sq-rows" }, mine.map((i) => row("estate", i, count(places.estate.open[i])))),
      houses.length ? el("h2", {}, t("building")) : "", el("ul", { class: "sq-rows" }, houses.map((i) => row("building", i, count(places.building.open[i])))),
      mine.length || houses.length ? "" : el("p", {}, t("page.search_none")));
  }
  function panelProgramme() {
    if (!plan) return;
    const rows = plan.years.map((year, n) => {
      const mark = el("span", { class: "sq-dot" }), [budget, , cost, measures, sites] = plan.sums[n];
      mark.style.background = phaseNamed(year).symbol.fill;
      return el("tr", {}, el("td", {}, el("button", { class: "sq-link", type: "button", onclick: () => { state.year = state.year === year ? 0 : year; setTheme("programme"); } }, mark, String(year))),
        el("td", {}, count(sites)), el("td", {}, count(measures)), el("td", {}, count(cost, 1)), el("td", {}, count(budget, 1)));
    });
    const list = plan.sites.map((site, n) => {
      const mine = siteMeasures.get(n) || [], chosen = mine.filter((row) => row[4] && (!state.year || row[4] === state.year));
      return { site, chosen, cost: chosen.reduce((sum, row) => sum + (row[9] || 0), 0), years: [...new Set((chosen.some((row) => row[13]) ? chosen.filter((row) => row[13]) : chosen).map((row) => row[4]))].sort() };
    }).filter((each) => each.chosen.length).sort((a, b) => a.years[0] - b.years[0] || b.cost - a.cost);
    const head = ["year", "sites_count", "measures_count", "cost", "budget_wan"].map((key) => el("th", { scope: "col" }, key === "cost" ? t("cost") : t(key).split(/[（(]/)[0]));
    $("tab-programme").replaceChildren(plan.example ? el("p", { class: "sq-warn" }, t("report.prog_example")) : "",
      el("table", { class: "sq-table" }, el("thead", {}, el("tr", {}, head)), el("tbody", {}, rows)), el("p", { class: "sq-note" }, state.lang === "zh" ? "金额单位：万元" : "Money in 10,000 yuan"),
      el("h2", {}, (state.year ? state.year + " · " : "") + t("sites_count") + ` ${list.length}`),
      el("ul", { class: "sq-rows" }, list.slice(0, 300).map(({ site, chosen, cost, years }) => {
        const mark = el("i", { class: "sq-sev" });
        mark.style.background = phaseNamed(state.year || (mainYear[site.kind] || new Map()).get(site.place) || years[0]).symbol.fill;
        return el("li", {}, el("button", { type: "button", class: "sq-link", onclick: () => { if (site.place >= 0) { if (state.theme !== "programme") setTheme("programme"); visit(site.kind, site.place); } } }, mark, el("span", {}, pick(site.name)), el("span", {}, wan(Math.round(10 * cost) / 10))),
          el("p", { class: "sq-note", style: "margin:0" }, `${years.join(state.lang === "zh" ? "、" : ", ")} · ${t("measures_count")} ${chosen.length}`));
      })));
  }
  function panelAbout() {
    $("tab-about").replaceChildren(el("p", { class: "sq-warn" }, t("page.mark_note")), el("p", { class: "sq-note" }, t("page.privacy", { n: data.fewest })),
      el("h2", {}, t("report.exam_sources")), el("dl", { class: "sq-about" }, data.about.map((row) => [el("dt", {}, pick(row.label)), el("dd", {}, pick(row.value))])),
      el("p", { class: "sq-note" }, "Leaflet © Volodymyr Agafonkin, CloudMade (BSD-2-Clause)"));
  }
  function said() {
    const each = indicator(), box = $("now");
    const title = each ? `${each.n} ${pick(each.title)}` : t("page.theme_" + state.theme);
    const more = each ? `${pick(each.value)}` + (each.coverage === null ? "" : ` · ${t("coverage")} ${percent(each.coverage)}`) : "";
    box.replaceChildren(el("b", {}, title), more ? el("span", {}, ` ${more}`) : "");
  }
  function panel() {
    document.documentElement.lang = state.lang === "zh" ? "zh-CN" : "en";
    root.classList.toggle("sq-en", state.lang === "en");
    document.title = pick(data.title);
    $("title").textContent = pick(data.title);
    $("subtitle").textContent = pick(data.subtitle);
    $("mark").textContent = t("page.mark");
    $("lang").textContent = t("page.language");
    $("print").textContent = t("page.print");
    $("panel").setAttribute("aria-label", t("page.panel"));
    $("north-word").textContent = t("page.north");
    for (const [name, key] of [["in", "page.zoom_in"], ["out", "page.zoom_out"]]) {
      const node = document.querySelector(".leaflet-control-zoom-" + name);
      if (node) { node.title = t(key); node.setAttribute("aria-label", t(key)); }
    }
    const home = document.querySelector(".sq-home");
    home.title = t("page.whole_town"); home.setAttribute("aria-label", t("page.whole_town"));
    $("when").style.display = state.theme === "coverage" || state.theme === "programme" ? "none" : "";
    segments($("when"), "when", t("page.when"), [["before", t("page.when_before")], ["today", t("page.when_today")], ...(plan ? [["after", t("page.when_after")]] : [])],
      state.when, (value) => { state.when = value; state.off.clear(); map.closePopup(); redraw(); panel(); document.querySelector(`#sq-when input[value="${value}"]`).focus(); });
    for (const name of tabs) {
      const chosen = state.tab === name, button = $("to-" + name);
      button.textContent = t("page.tab_" + name);
      button.setAttribute("aria-selected", String(chosen));
      button.tabIndex = chosen ? 0 : -1;
      $("tab-" + name).hidden = !chosen;
    }
    const folded = $("panel").classList.contains("sq-folded");
    $("fold").textContent = folded ? "▲" : "▼";
    $("fold").setAttribute("aria-expanded", String(!folded));
    $("fold").setAttribute("aria-label", t("page.panel"));
    said(); panelMap(); panelIndicators(); panelEstates(); panelProgramme(); panelAbout();
  }
  if (!plan) { $("to-programme").remove(); $("tab-programme").remove(); }
  function openTab(name) { state.tab = name; if ($("panel").classList.contains("sq-folded")) $("panel").classList.remove("sq-folded"); panel(); map.invalidateSize({ animate: false }); }
  for (const name of tabs) {
    $("to-" + name).addEventListener("click", () => openTab(name));
    $("to-" + name).addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      openTab(tabs[(tabs.indexOf(name) + step + tabs.length) % tabs.length]);
      $("to-" + state.tab).focus();
    });
  }
  $("fold").addEventListener("click", () => { $("panel").classList.toggle("sq-folded"); panel(); map.invalidateSize({ animate: false }); });
  $("lang").addEventListener("click", () => { state.lang = state.lang === "zh" ? "en" : "zh"; map.closePopup(); panel(); placeNames(); });

  /* ---- controls on the map, print, start ---- */
  const whole = L.latLngBounds(data.bounds), fit = () => map.fitBounds(whole, { padding: [18, 18], animate: false });
  L.control.zoom({ position: "topright" }).addTo(map);
  const corner = L.control({ position: "topright" });
  corner.onAdd = () => {
    const home = el("a", { class: "sq-home", href: "#", role: "button", onclick: (event) => { event.preventDefault(); fit(); } }, "⤢");
    const box = el("div", { class: "leaflet-bar leaflet-control-zoom" }, home);
    L.DomEvent.disableClickPropagation(box);
    return box;
  };
  corner.addTo(map);
  const north = L.control({ position: "topright" });
  north.onAdd = () => svg("svg", { class: "sq-north", viewBox: "0 0 34 44", "aria-hidden": "true" },
    svg("path", { d: "M17 1 L26 29 L17 23 Z", fill: data.ink }), svg("path", { d: "M17 1 L8 29 L17 23 Z", fill: "#fff", stroke: data.ink }),
    svg("text", { x: 17, y: 42, "text-anchor": "middle", "font-size": 12, "font-weight": 700, fill: data.ink, id: "sq-north-word" }));
  north.addTo(map);
  L.control.scale({ imperial: false, maxWidth: 130 }).addTo(map);
  let before = null;
  addEventListener("beforeprint", () => {
    before = { centre: map.getCenter(), zoom: map.getZoom() };
    root.classList.add("sq-printing"); map.closePopup(); map.invalidateSize({ animate: false }); fit(); placeNames();
  });
  addEventListener("afterprint", () => {
    root.classList.remove("sq-printing"); map.invalidateSize({ animate: false });
    if (before) map.setView(before.centre, before.zoom, { animate: false });
  });
  $("print").addEventListener("click", () => print());
  new ResizeObserver(() => { map.invalidateSize({ animate: false }); }).observe(map.getContainer());
  if (matchMedia("(max-width: 720px)").matches && !asked.get("tab")) $("panel").classList.add("sq-folded");
  map.invalidateSize({ animate: false });
  fit();
  map.setMinZoom(Math.max(3, map.getZoom() - 2));
  if (state.theme === "programme") state.when = "after";
  redraw();
  panel();
  map.invalidateSize({ animate: false });
  fit();
  if (asked.get("at")) { const i = places.estate.ids.indexOf(asked.get("at")); if (i >= 0) visit("estate", i); }
  root.dataset.ready = "yes";
}
