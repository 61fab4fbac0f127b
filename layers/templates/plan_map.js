/* The page of a plan map: draws the layers of `plan` on a Leaflet map, and everything around it.
   Text from data is only ever set as textContent, never as HTML. */
"use strict";
function shequPlanMap(map, plan) {
  const root = document.querySelector(".sq");
  const $ = (id) => document.getElementById("sq-" + id);
  const asked = new URLSearchParams(location.hash.slice(1));
  const oneOf = (key, allowed, otherwise) => (allowed.includes(asked.get(key)) ? asked.get(key) : otherwise);
  const state = {
    lang: oneOf("lang", ["zh", "en"], plan.lang),
    view: oneOf("view", ["before", "after", "swipe"], "after"),
    colour: oneOf("colour", ["communities", "limits", "density"], "communities"),
    tab: oneOf("tab", ["map", "communities", "moves", ...(plan.score ? ["score"] : []), "about"], "map"),
    other: oneOf("plan", plan.alternatives.filter((each) => !each.mine).map((each) => each.id), ""),
    swipe: 0.5,
    sort: { key: "", up: false },
    shown: { labels: true, road_labels: true, old_borders: true },
  };
  for (const layer of plan.layers) state.shown[layer.id] = layer.shown;
  const first = !plan.tables.communities_before.rows.length;  // no communities today: nothing to compare the plan with
  if (first) { state.view = "after"; state.shown.old_borders = false; }

  /* ---- words ---- */
  const side = () => (state.lang === "zh" ? 0 : 1);
  const t = (key, values) => {
    let text = (plan.words[key] || [key, key])[side()];
    for (const name in values || {}) text = text.replace("{" + name + "}", values[name]);
    return text;
  };
  const pick = (pair) => (pair ? pair[side()] || pair[1 - side()] || "" : "");
  const count = (value, digits) => value === null || value === undefined ? t("unknown")
    : value.toLocaleString("en-US", { minimumFractionDigits: digits || 0, maximumFractionDigits: digits || 0 });
  const units = { household: "unit.households", person: "unit.people" };
  const counted = (value, one) => `${count(value)} ${t(value === 1 ? "unit." + one : units[one])}`;
  const nameOf = (row) => pick([row.name, row.name_en]) || row.id;
  const rowsOf = (table) => (plan.tables[table] || { rows: [] }).rows;
  const communityNames = new Map();
  for (const table of ["communities_before", "communities"])
    for (const row of rowsOf(table)) communityNames.set(row.id, row);
  const communityName = (id) => id === null ? t("page.no_community")
    : communityNames.has(id) ? nameOf(communityNames.get(id)) : id;

  function shownValue(field, row) {
    const value = row[field.column];
    switch (field.format) {
      case "count": return row.few && (field.column === "households" || field.column === "people")
        ? t("page.fewer", { n: plan.fewest }) : withUnit(count(value), field.column, value);
      case "km2": return value === null ? t("unknown") : count(value / 1e6, value < 1e5 ? 3 : 2) + " " + t("unit.km2");
      case "metres": return count(value) + " " + t("unit.m");
      case "density": return row.few || value === null ? t("unknown") : count(value) + " " + t("unit.per_hectare");
      case "flag": return value === null ? t("unknown") : t(value ? "yes" : "no");
      case "year": return value === null ? t("unknown") : String(value);
      case "choice": return value === null ? t("unknown") : t(field.words + "." + value);
      case "community": return communityName(value);
      default: return field.column_en ? pick([value, row[field.column_en]]) : value === null ? "" : String(value);
    }
  }
  function withUnit(text, column, value) {
    const unit = { households: "unit.households", people: "unit.people", buildings_count: "unit.buildings" }[
      column.replace("_before", "")];
    return unit && value !== null && state.lang === "zh" ? text + " " + t(unit) : text;
  }

  /* ---- building blocks of the page ---- */
  function el(tag, options, ...children) {
    const node = document.createElement(tag);
    for (const [key, value] of Object.entries(options || {})) {
      if (key === "class") node.className = value;
      else if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
      else node.setAttribute(key, value);
    }
    for (const child of children.flat()) if (child !== null && child !== undefined) node.append(child);
    return node;
  }
  function svg(tag, attributes, ...children) {
    const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    node.append(...children);
    return node;
  }

  /* ---- layers on the map ---- */
  const byId = Object.fromEntries(plan.layers.map((layer) => [layer.id, layer]));
  const order = { before: 310, after: 320, density: 330, base: 350, estates: 400, "before-lines": 410, "after-lines": 412,
    moves: 405, seams: 420, old: 425, other: 430, facilities: 440, "road-names": 590, "before-names": 600, "after-names": 601 };
  for (const [name, z] of Object.entries(order)) {
    map.createPane("sq-" + name).style.zIndex = z;
    if (["base", "before-lines", "after-lines", "old", "other", "road-names", "before-names", "after-names"].includes(name))
      map.getPane("sq-" + name).style.pointerEvents = "none";
  }
  const pane = (name) => map.getPane("sq-" + name);
  const inPane = (name) => {
    const options = { pane: "sq-" + name, padding: 0.6 };
    return { pane: "sq-" + name, renderer: L.svg(options) };
  };

  function classOf(layer, row) {
    const style = layer.style, value = row[style.column];
    if (style.kind === "single") return style.classes[0];
    const found = style.classes.find((each) => style.kind === "categories" ? each.value === String(value)
      : typeof value === "number" && (each.lower === null || value >= each.lower) && (each.upper === null || value < each.upper));
    return found || style.classes[style.classes.length - 1];
  }
  function pathStyle(symbol) {
    return {
      stroke: !!symbol.stroke, color: symbol.stroke || "#000", weight: symbol.width, opacity: symbol.stroke_opacity,
      dashArray: symbol.dash.length ? symbol.dash.join(" ") : null,
      fill: !!symbol.fill && symbol.pattern !== "none",
      fillColor: symbol.pattern === "hatch" ? "url(#sq-hatch)" : symbol.fill,
      fillOpacity: symbol.fill_opacity, radius: symbol.radius, lineJoin: "round",
    };
  }

  const shapes = {};
  function addShapes(id, paneName, style, options) {
    const layer = byId[id];
    if (!layer) return;
    const group = L.featureGroup();
    const where = inPane(paneName);
    for (const row of rowsOf(layer.table)) {
      const path = L.geoJSON(row.geometry, {
        ...where, interactive: !!layer.fields.length && !(options || {}).still,
        style: () => style(layer, row),
        pointToLayer: (_, at) => L.circleMarker(at, { ...where, ...style(layer, row) }),
      });
      if (layer.fields.length && !(options || {}).still) {
        path.on("click", (event) => { L.DomEvent.stop(event); openPopup(id, row, event.latlng); });
        path.on("add", () => path.eachLayer((part) => reachable(part, id, row)));
      }
      row.shapes = row.shapes || {};
      if (!(options || {}).key) row.shapes[id] = path;
      group.addLayer(path);
    }
    shapes[id + ((options || {}).key || "")] = group;
  }
  function reachable(part, id, row) {
    const node = part.getElement && part.getElement();
    if (!node || !["communities", "communities_before", "moves"].includes(id)) return;
    node.setAttribute("tabindex", "0");
    node.setAttribute("role", "button");
    node.setAttribute("aria-label", titleOf(id, row));
    node.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); openPopup(id, row, placeOf(row)); }
    });
  }
  const placeOf = (row) => L.latLng(row.at || L.geoJSON(row.geometry).getBounds().getCenter());

  const ground = (limits) => (layer, row) => {
    const symbol = classOf(state.colour === "limits" ? byId[layer.id + "_limits"] : layer, row).symbol;
    return { ...pathStyle(symbol), stroke: false, fillOpacity: state.colour === "density" ? 0.001 : symbol.fill_opacity };
  };
  const border = (layer, row) => ({ ...pathStyle(classOf(layer, row).symbol), fill: false });
  addShapes("communities_before", "before", ground());
  addShapes("communities", "after", ground());
  addShapes("communities_before", "before-lines", border, { still: true, key: "-lines" });
  addShapes("communities", "after-lines", border, { still: true, key: "-lines" });
  addShapes("communities_before", "old", () => ({ fill: false, color: plan.ink, weight: 1.4, dashArray: "5 4", opacity: 0.8 }),
    { still: true, key: "-old" });
  addShapes("blocks", "density", (layer, row) => pathStyle(classOf(layer, row.few ? { ...row, density_per_ha: row.floor_density } : row).symbol));
  addShapes("estates", "estates", (layer, row) => pathStyle(classOf(layer, row).symbol), { still: true });
  addShapes("seams", "seams", (layer, row) => {
    const style = pathStyle(classOf(layer, row).symbol);
    return row[layer.strong] ? style : { ...style, weight: Math.max(1.2, style.weight * 0.6), opacity: 0.45 };
  });
  addShapes("moves", "moves", (layer, row) => pathStyle(classOf(layer, row).symbol));
  addShapes("facilities", "facilities", (layer, row) => pathStyle(classOf(layer, row).symbol));

  if (shapes.moves) {
    for (const arrow of plan.arrows) {
      const options = { ...inPane("moves"), renderer: shapes.moves.getLayers()[0].options.renderer, interactive: false, lineCap: "butt" };
      shapes.moves.addLayer(L.polyline(arrow, { ...options, color: "#fff", weight: 5, opacity: 0.9 }));
      shapes.moves.addLayer(L.polyline(arrow, { ...options, color: plan.seal, weight: 2.4, className: "sq-arrow" }));
    }
  }
  for (const each of plan.alternatives) {
    const where = inPane("other"), draw = (style) => L.geoJSON(each.geometry, { ...where, interactive: false, style: () => style });
    shapes["plan-" + each.id] = L.layerGroup([draw({ color: "#fff", weight: 5, opacity: 0.85 }), draw({ color: plan.other, weight: 2.6 })]);
  }
  const base = inPane("base");
  const scaled = [];
  for (const id of ["barriers", "buildings", "roads"]) {
    if (!byId[id] || !plan.tables[id]) continue;
    const group = L.layerGroup();
    const passes = id === "roads" ? ["casing", "road"] : ["shape"];
    for (const pass of passes) for (const row of [...rowsOf(id)].reverse()) {
      const style = pathStyle(classOf(byId[id], row).symbol);
      if (pass === "casing") Object.assign(style, { color: plan.casing, weight: style.weight + 1.1, dashArray: null,
        opacity: row.road_group === "path" ? 0 : 0.8 });
      const path = L.geoJSON(row.geometry, { ...base, interactive: false, style: () =>
        row.geometry.type.endsWith("LineString") ? { ...style, fill: false } : { ...style, stroke: id !== "buildings", weight: Math.min(style.weight, 1) } });
      if (row.geometry.type.endsWith("LineString")) scaled.push([path, style.weight]);
      group.addLayer(path);
    }
    shapes[id] = group;
  }

  /* Lines of the base map are thinner on a small-scale map, and buildings would only be specks there. */
  const near = () => Math.min(1.15, Math.max(0.25, (map.getZoom() - 10.4) / 3.6));
  function scaleBase() {
    for (const [path, weight] of scaled) path.setStyle({ weight: Math.max(0.5, weight * near()) });
    show("buildings", state.shown.buildings && map.getZoom() >= 13);
  }
  map.on("zoomend", scaleBase);

  function show(key, yes) {
    const group = shapes[key];
    if (group && yes !== map.hasLayer(group)) yes ? group.addTo(map) : group.remove();
  }
  function redraw() {
    const before = state.view !== "after", after = state.view !== "before";
    show("communities_before", before); show("communities_before-lines", before);
    show("communities", after); show("communities-lines", after);
    show("communities_before-old", state.view === "after" && state.shown.old_borders);
    show("blocks", state.colour === "density");
    for (const id of ["barriers", "buildings", "roads", "estates", "seams", "moves", "facilities"]) show(id, state.shown[id]);
    for (const each of plan.alternatives) show("plan-" + each.id, each.id === state.other);
    for (const id of ["communities", "communities_before"])
      for (const row of rowsOf(id)) if (row.shapes[id]) row.shapes[id].setStyle(ground()(byId[id], row));
    pane("density").style.pointerEvents = "none";
    scaleBase();
    $("swipe").hidden = state.view !== "swipe";
    clip();
    placeNames();
  }

  /* ---- the swipe ---- */
  function clip() {
    const size = map.getSize(), corner = map.containerPointToLayerPoint([0, 0]), far = map.containerPointToLayerPoint(size);
    const x = corner.x + size.x * state.swipe;
    const box = (left, right) => state.view === "swipe" ? `rect(${corner.y}px,${right}px,${far.y}px,${left}px)` : "";
    for (const name of ["before", "before-lines", "before-names"]) pane(name).style.clip = box(corner.x, x);
    for (const name of ["after", "after-lines", "after-names", "moves"]) pane(name).style.clip = box(x, far.x);
    $("swipe").style.left = state.swipe * 100 + "%";
    $("handle").setAttribute("aria-valuenow", String(Math.round(state.swipe * 100)));
  }
  function swipeTo(share) { state.swipe = Math.min(0.98, Math.max(0.02, share)); clip(); }
  $("handle").addEventListener("pointerdown", (event) => {
    $("handle").setPointerCapture(event.pointerId);
    const box = map.getContainer().getBoundingClientRect();
    const drag = (each) => swipeTo((each.clientX - box.left) / box.width);
    const end = () => { $("handle").removeEventListener("pointermove", drag); };
    $("handle").addEventListener("pointermove", drag);
    $("handle").addEventListener("pointerup", end, { once: true });
    $("handle").addEventListener("pointercancel", end, { once: true });
  });
  $("handle").addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -0.03, ArrowDown: -0.03, ArrowRight: 0.03, ArrowUp: 0.03 }[event.key];
    if (step) { event.preventDefault(); swipeTo(state.swipe + step); }
  });
  map.on("move zoom resize viewreset", clip);

  /* ---- names that do not run into each other ---- */
  const ruler = document.createElement("canvas").getContext("2d");
  const family = getComputedStyle(document.body).fontFamily;
  const widthOf = (text, font) => { ruler.font = font + " " + family; return ruler.measureText(text).width; };
  const free = (taken, box) => taken.every((b) => box.x2 < b.x1 || box.x1 > b.x2 || box.y2 < b.y1 || box.y1 > b.y2);

  function placeNames() {
    const road = pane("road-names");
    road.replaceChildren();
    const size = map.getSize(), taken = [];
    for (const [table, name, on] of [["communities_before", "before-names", state.view !== "after"],
      ["communities", "after-names", state.view !== "before"]]) {
      const mine = [];
      pane(name).replaceChildren();
      if (on && state.shown.labels) placeCommunities(table, pane(name), mine, size);
      taken.push(...mine);
    }
    if (state.shown.road_labels) placeRoads(road, taken, size);
  }
  function placeCommunities(table, target, taken, size) {
    const old = (row) => (row.status === "created" ? 0 : 1);  // new ones first: they are what one looks for
    const rows = [...rowsOf(table)].sort((a, b) => old(a) - old(b) || b.area_m2 - a.area_m2 || (a.id < b.id ? -1 : 1));
    for (const row of rows) {
      const spot = map.latLngToContainerPoint(row.at);
      if (spot.x < -80 || spot.y < -40 || spot.x > size.x + 80 || spot.y > size.y + 40) continue;
      const name = nameOf(row), sum = row.households === null ? "" : t("page.households_unit", { n: count(row.households) });
      const wide = widthOf(name, "700 13.5px"), low = sum ? widthOf(sum, "400 12px") : 0;
      const tries = [];
      for (const two of sum ? [true, false] : [false])
        for (const [dx, dy] of [[0, 0], [0, -14], [0, 14], [0, -26], [0, 26], [-26, 0], [26, 0], [-26, -14], [26, -14], [-26, 14], [26, 14]])
          tries.push([two, dx, dy]);
      for (const [two, dx, dy] of tries) {
        const w = Math.max(wide, two ? low : 0) / 2 + 3, h = (two ? 32 : 17) / 2 + 1;
        const box = { x1: spot.x + dx - w, x2: spot.x + dx + w, y1: spot.y + dy - h, y2: spot.y + dy + h };
        if (!free(taken, box)) continue;
        taken.push(box);
        const label = el("div", { class: "sq-label" }, el("b", {}, name), two ? el("span", {}, sum) : null);
        const at = map.containerPointToLayerPoint([spot.x + dx, spot.y + dy]);
        label.style.transform = `translate(${at.x}px,${at.y}px) translate(-50%,-50%)`;
        target.append(label);
        break;
      }
    }
  }
  function placeRoads(target, taken, size) {
    const middle = map.getCenter(), zoom = map.getZoom();
    const metres = 40075016.686 * Math.cos((middle.lat * Math.PI) / 180) / 2 ** (zoom + 8);
    const often = new Map();
    for (const road of plan.road_labels) {
      if (road.group === "path" && zoom < 17) continue;
      const name = pick([road.name, road.name_en]), spot = map.latLngToContainerPoint(road.at);
      if (spot.x < 0 || spot.y < 0 || spot.x > size.x || spot.y > size.y) continue;
      const wide = widthOf(name, "400 11px") + name.length * 0.7;
      if (road.length_m / metres < wide * 0.95) continue;
      const near = often.get(name) || [];
      if (near.some((each) => each.distanceTo(spot) < 420)) continue;
      const turn = (-road.angle * Math.PI) / 180, c = Math.abs(Math.cos(turn)), s = Math.abs(Math.sin(turn));
      const boxes = [-0.36, 0, 0.36].map((share) => {
        const x = spot.x + Math.cos(turn) * wide * share, y = spot.y + Math.sin(turn) * wide * share;
        const w = (c * wide * 0.3 + s * 13) / 2 + 2, h = (s * wide * 0.3 + c * 13) / 2 + 2;
        return { x1: x - w, x2: x + w, y1: y - h, y2: y + h };
      });
      if (!boxes.every((box) => free(taken, box))) continue;
      taken.push(...boxes);
      often.set(name, [...near, spot]);
      const at = map.containerPointToLayerPoint(spot), label = el("div", { class: "sq-road" }, name);
      label.style.transform = `translate(${at.x}px,${at.y}px) translate(-50%,-50%) rotate(${-road.angle}deg)`;
      target.append(label);
    }
  }
  map.on("zoomstart", () => root.classList.add("sq-zooming"));
  map.on("zoomend", () => root.classList.remove("sq-zooming"));
  map.on("moveend zoomend resize", placeNames);

  /* ---- popups ---- */
  const popup = L.popup({ maxWidth: Math.min(360, innerWidth - 60), autoPanPadding: [14, 60] });
  const moveTitle = (row) => communityName(row.from_id) + " → " + communityName(row.to_id);
  function titleOf(id, row) {
    if (id === "moves") return moveTitle(row);
    if (id === "seams") return pick([row.feature_name, row.feature_name_en]) || t("seam." + row.seam_group);
    if (id === "blocks") return t("block") + " " + row.id;
    return nameOf(row);
  }
  function openPopup(id, row, at) {
    const layer = byId[id], list = el("dl");
    for (const field of layer.fields) {
      const text = shownValue(field, row);
      if (text === "" || (field.optional && [null, false].includes(row[field.column]))) continue;
      list.append(el("dt", {}, t(field.label)), el("dd", { class: field.format === "text" ? "" : "sq-num" }, text));
    }
    popup.options.maxHeight = Math.max(130, map.getSize().y - 110);
    const bar = layer.table.startsWith("communities") ? limitsBar(row) : null;
    const told = plan.reasons.texts[(plan.reasons[layer.table] || {})[row.id]];
    const why = told ? el("p", { class: "sq-why" }, el("b", {}, t("page.why")), pick(told)) : null;
    popup.setLatLng(at).setContent(el("div", { class: "sq-pop" }, el("h3", {}, titleOf(id, row)), bar, list, why)).openOn(map);
    const close = popup.getElement().querySelector(".leaflet-popup-close-button");
    if (close) close.setAttribute("aria-label", t("page.close"));
  }
  function limitsBar(row) {
    const { min_households: low, max_households: high } = plan.limits;
    if (row.households === null || (low === null && high === null)) return null;
    const end = Math.max(row.households, high || low * 2) * 1.15, share = (x) => (100 * x / end).toFixed(1) + "%";
    const band = el("i"), mark = el("b"), against = row.against_limits;
    band.style.left = share(low || 0); band.style.right = (100 - 100 * (high || end) / end).toFixed(1) + "%";
    mark.style.left = share(row.households);
    return el("div", { class: "sq-bar " + against, role: "img", "aria-label": t("limits." + against), title: t("limits." + against) }, band, mark);
  }
  function visit(id, row) {
    const shape = L.geoJSON(row.geometry);
    if (id === "communities" && state.view === "before") setView("after");
    if (id === "communities_before" && state.view === "after") setView("before");
    if (id === "moves" && !state.shown.moves) { state.shown.moves = true; redraw(); panel(); }
    map.fitBounds(shape.getBounds(), { padding: [60, 60], maxZoom: 17, animate: false });
    openPopup(id, row, placeOf(row));
  }

  /* ---- the panel ---- */
  function segments(target, name, choices, chosen, choose) {
    target.replaceChildren(el("legend", { class: "sq-sr" }, t("page." + name)), ...choices.map(([value, text]) => {
      const input = el("input", { type: "radio", name: "sq-" + name, value, onchange: () => choose(value) });
      input.checked = value === chosen;
      return el("label", {}, input, el("span", {}, text));
    }));
  }
  function setView(value) { state.view = value; map.closePopup(); panel(); redraw(); }
  function swatch(symbol, geometry) {
    const box = svg("svg", { width: 30, height: 17, viewBox: "0 0 30 17", "aria-hidden": "true" });
    const pen = { stroke: symbol.stroke || "none", "stroke-width": geometry === "polygon" ? Math.min(symbol.width, 1.6) : symbol.width,
      "stroke-opacity": symbol.stroke_opacity, "stroke-dasharray": symbol.dash.join(" ") };
    if (geometry === "line") box.append(svg("line", { x1: 1, x2: 29, y1: 8.5, y2: 8.5, ...pen }));
    else if (geometry === "point") box.append(svg("circle", { cx: 15, cy: 8.5, r: symbol.radius + 1, fill: symbol.fill, ...pen }));
    else box.append(svg("rect", { x: 3, y: 2, width: 24, height: 13, rx: 1.5, "fill-opacity": symbol.fill_opacity,
      fill: symbol.pattern === "none" ? "none" : symbol.pattern === "hatch" ? "url(#sq-hatch)" : symbol.fill, ...pen }));
    return box;
  }
  function legendOf(layer, short) {
    const used = new Set(rowsOf(layer.table).map((row) => classOf(layer, row)));
    const lines = layer.style.classes.filter((each) => (used.has(each) || layer.style.kind === "ranges") && pick(each.label)
      && !(each.value === "unknown" && !used.has(each)));
    return el("ul", { class: "sq-legend" + (short ? " sq-two" : "") },
      lines.length > 1 ? el("li", { class: "sq-legend-title" }, t(layer.title)) : null,
      lines.map((each) => {
        const lines = (row) => row.geometry.type.endsWith("LineString") && classOf(layer, row) === each;
        const mark = layer.id === "barriers" && rowsOf(layer.table).some(lines) ? "line" : layer.geometry;
        const symbol = layer.id === "roads" ? { ...each.symbol, stroke: plan.casing, width: each.symbol.width + 1.4 } : each.symbol;
        const box = swatch(symbol, mark);
        if (layer.id === "roads") box.append(svg("line", { x1: 1, x2: 29, y1: 8.5, y2: 8.5, stroke: each.symbol.stroke,
          "stroke-width": Math.max(each.symbol.width - 0.4, 0.8) }));
        return el("li", {}, box, pick(each.label));
      }));
  }
  function panelMap() {
    const colours = el("fieldset", { class: "sq-seg" });
    segments(colours, "colour", [["communities", t("page.colour_communities")], ["limits", t("page.colour_limits")],
      ["density", t("page.colour_density")]], state.colour, (value) => { state.colour = value; panel(); redraw(); });
    const check = (id, text) => {
      const input = el("input", { type: "checkbox", onchange: () => { state.shown[id] = input.checked; panelMap(); redraw(); } });
      input.checked = state.shown[id];
      input.id = "sq-check-" + id;
      return el("label", { class: "sq-check" }, input, text);
    };
    const has = (id) => byId[id] && rowsOf(byId[id].table).length;
    const title = (id) => t(byId[id].title);
    const groups = [
      ["group.plan", [["moves", has("moves")], ["old_borders", !first], ["labels", true]]],
      ["group.lines", [["seams", has("seams")], ["road_labels", plan.road_labels.length]]],
      ["group.base", ["roads", "barriers", "buildings", "estates", "facilities"].map((id) => [id, has(id)])],
    ];
    const legends = [];
    if (state.colour === "limits") legends.push(legendOf(byId[state.view === "before" ? "communities_before_limits" : "communities_limits"]));
    if (state.colour === "density") legends.push(legendOf(byId.blocks, true),
      el("p", { class: "sq-note" }, t("page.block_note", { n: plan.fewest })));
    if (state.shown.moves && has("moves")) legends.push(legendOf(byId.moves));
    if (state.shown.seams && has("seams")) legends.push(legendOf(byId.seams, true));
    for (const id of ["roads", "barriers", "facilities", "estates"])
      if (state.shown[id] && has(id)) legends.push(legendOf(byId[id], id !== "estates"));
    const focus = document.activeElement && (document.activeElement.id
      || (document.activeElement.name === "sq-alternatives" ? "sq-check-alternatives" : ""));
    $("tab-map").replaceChildren(
      el("div", { class: "sq-noprint" }, el("h2", {}, t("page.colour")), colours,
        groups.filter(([, items]) => items.some(([, yes]) => yes)).map(([name, items]) => [el("h2", {}, t(name)),
          items.filter(([, yes]) => yes).map(([id]) => check(id, byId[id] ? title(id) : t("page." + id)))])
          .flat(3)),
      ...otherPlans(), el("h2", {}, t("page.legend")), borderLegend(), ...legends);
    if (focus && focus.startsWith("sq-check-") && document.getElementById(focus)) document.getElementById(focus).focus();
    else if (focus === "sq-check-alternatives") document.querySelector(`#sq-tab-map input[name="sq-alternatives"][value="${state.other}"]`).focus();
  }
  function otherPlans() {
    if (!plan.alternatives.some((each) => !each.mine)) return [];
    const choices = el("fieldset", { class: "sq-seg" }), mine = plan.alternatives.find((each) => each.mine);
    const others = plan.alternatives.filter((each) => !each.mine);
    segments(choices, "alternatives", [["", t("page.this_plan") + (mine ? " " + mine.id : "")], ...others.map((each) => [each.id, each.id])],
      state.other, (value) => { state.other = value; panelMap(); redraw(); });
    const shown = others.find((each) => each.id === state.other);
    return [el("div", { class: "sq-others sq-noprint" }, el("h2", {}, t("page.alternatives")), choices, shown ? el("div", { class: "sq-plan" },
      el("p", {}, el("b", {}, `${shown.id} · ${pick(shown.name)}`)),
      el("dl", {}, el("dt", {}, t("k")), el("dd", {}, shown.k),
        shown.figures.map(([label, value]) => [el("dt", {}, pick(label)), el("dd", {}, value)]).flat()),
      el("p", {}, pick(shown.text))) : null)];
  }
  function borderLegend() {
    const line = (symbol, text) => el("li", {}, swatch(symbol, "line"), text);
    const solid = { stroke: plan.ink, width: 2.2, stroke_opacity: 0.85, dash: [] };
    return el("ul", { class: "sq-legend" },
      line(solid, t(state.view === "before" ? "cut_before" : state.view === "after" ? "cut" : "page.community_border")),
      state.view === "after" && state.shown.old_borders ? line({ ...solid, width: 1.4, dash: [5, 4] }, t("cut_before")) : null,
      state.other ? line({ stroke: plan.other, width: 2.6, stroke_opacity: 1, dash: [] }, t("page.alternative_borders", { name: state.other })) : null);
  }
  function panelCommunities() {
    const table = state.view === "before" ? "communities_before" : "communities";
    const layer = byId[table], change = (row) => row.households === null || row.households_before == null ? null
      : row.households - row.households_before;
    const columns = table === "communities"
      ? [["name", nameOf], ["households", (row) => row.households], ["households_change", change], ["people", (row) => row.people]]
      : [["name", nameOf], ["households", (row) => row.households], ["people", (row) => row.people]];
    const rows = [...rowsOf(table)], by = columns.find(([key]) => key === state.sort.key);
    if (by) rows.sort((a, b) => {
      const x = by[1](a), y = by[1](b);
      const way = x === y ? 0 : x === null ? 1 : y === null ? -1
        : typeof x === "string" ? x.localeCompare(y, state.lang === "zh" ? "zh-CN" : "en") : x - y;
      return state.sort.up ? way : -way;
    });
    const head = el("tr", {}, columns.map(([key]) => el("th", {
      scope: "col", "aria-sort": state.sort.key === key ? (state.sort.up ? "ascending" : "descending") : "none",
    }, el("button", { onclick: () => { state.sort = { key, up: state.sort.key === key ? !state.sort.up : key === "name" }; panelCommunities(); } },
      t(key)))));
    const body = rows.map((row) => {
      const dot = el("span", { class: "sq-dot" });
      dot.style.background = classOf(state.colour === "limits" ? byId[table + "_limits"] : layer, row).symbol.fill;
      const told = row.fate === "renamed" || !row.status ? row.fate : row.status, words = told === row.status ? "status." : "fate.";
      const off = row.against_limits === "below" || row.against_limits === "above";
      return el("tr", {}, el("td", {}, el("button", { class: "sq-link", onclick: () => visit(table, row), title: t("page.find") }, dot, nameOf(row)),
        limitsBar(row), el("span", { class: "sq-chip " + told }, t(words + told)),
        off ? [" ", el("span", { class: "sq-chip " + row.against_limits }, t("limits." + row.against_limits))] : null),
      columns.slice(1).map(([key, value]) => {
        const n = value(row);
        return el("td", {}, key === "households_change" ? (n === null ? "—" : n === 0 ? "0" : (n > 0 ? "+" : "−") + count(Math.abs(n))) : count(n));
      }));
    });
    $("tab-communities").replaceChildren(figures(), el("table", { class: "sq-table" }, el("thead", {}, head), el("tbody", {}, body)));
  }
  function figures() {
    return el("div", {}, el("div", { class: "sq-sum" }, plan.figures.map((each) => el("div", {}, el("b", {}, pick(each.value)), el("span", {}, pick(each.label))))),
      el("p", { class: "sq-note sq-proof" }, pick(plan.proof)));
  }
  function panelMoves() {
    const rows = rowsOf("moves");
    $("tab-moves").replaceChildren(figures(), rows.length ? el("ol", { class: "sq-moves" }, rows.map((row) => el("li", {},
      el("button", { class: "sq-link", onclick: () => visit("moves", row), title: t("page.find") }, moveTitle(row)),
      el("span", { class: "sq-note" }, `${counted(row.households, "household")} · ${counted(row.people, "person")}`),
      el("p", {}, pick([row.text_zh, row.text_en]))))) : el("p", {}, t(first ? "page.no_before" : "page.no_moves")));
  }
  function panelScore() {
    if (!plan.score) return;
    const list = state.lang === "zh" ? "、" : ", ";
    const chips = (counts) => first ? [] : ["better", "worse", "unchanged", "changed", "unknown"].filter((each) => counts[each])
      .map((each) => el("span", { class: "sq-chip " + each }, `${t("verdict." + each)} ${counts[each]}`));
    const line = (label, text) => (pick(text) ? [el("dt", {}, t(label)), el("dd", {}, pick(text))] : []);
    const measure = (each) => el("details", { class: "sq-measure" },
      el("summary", { title: `${t("formula")}: ${pick(each.formula)}` }, el("span", {}, `${each.number}. ${pick(each.title)}`),
        el("span", {}, first ? pick(each.after) : `${pick(each.before)} → ${pick(each.after)}`),
        first ? null : el("span", { class: "sq-chip " + each.verdict }, t("verdict." + each.verdict))),
      el("dl", {}, line("formula", each.formula), line("source", each.source), line("note", each.note)));
    $("tab-score").replaceChildren(el("div", { class: "sq-score" }, el("p", {}, ...chips(plan.score.counts).map((chip) => [chip, " "]).flat()),
      el("p", { class: "sq-note" }, t("page.score_note")),
      plan.score.groups.map((group) => [el("h2", {}, t(group.title)), group.headings.map((heading) => [
        el("h3", {}, pick(heading.name), ...chips(heading.counts)), heading.measures.map(measure),
        heading.also.length ? el("p", { class: "sq-note" }, t("report.scorecard_see", { list: heading.also.join(list) })) : null])]).flat(4)));
  }
  function panelAbout() {
    const bad = rowsOf("violations");
    $("tab-about").replaceChildren(
      el("p", { class: "sq-warn" }, t("page.mark_note")),
      el("h2", {}, t("report.violations")),
      bad.length ? el("ul", {}, bad.map((row) => el("li", {}, pick([row.text_zh, row.text_en])))) : el("p", {}, t("page.no_violations")),
      el("h2", {}, t("report.sources")),
      el("dl", { class: "sq-about" }, plan.about.map((row) => [el("dt", {}, pick(row.label)), el("dd", {}, pick(row.value))]).flat()),
      el("p", { class: "sq-note" }, "Leaflet © Volodymyr Agafonkin, CloudMade (BSD-2-Clause)"));
  }
  function panel() {
    document.documentElement.lang = state.lang === "zh" ? "zh-CN" : "en";
    root.classList.toggle("sq-en", state.lang === "en");
    document.title = pick(plan.title);
    $("title").textContent = pick(plan.title);
    $("subtitle").textContent = pick(plan.subtitle);
    $("mark").textContent = t("page.mark");
    $("lang").textContent = t("page.language");
    $("print").textContent = t("page.print");
    $("panel").setAttribute("aria-label", t("page.panel"));
    $("handle").setAttribute("aria-label", t("page.swipe_handle"));
    $("swipe").querySelectorAll("span").forEach((node, i) => { node.textContent = t(i ? "page.after" : "page.before"); });
    $("north-word").textContent = t("page.north");
    for (const [name, key] of [["in", "page.zoom_in"], ["out", "page.zoom_out"]]) {
      const node = document.querySelector(".leaflet-control-zoom-" + name);
      if (node) { node.title = t(key); node.setAttribute("aria-label", t(key)); }
    }
    const home = document.querySelector(".sq-home");
    home.title = t("page.whole_town"); home.setAttribute("aria-label", t("page.whole_town"));
    $("view").style.display = first ? "none" : "";
    segments($("view"), "view", [["before", t("page.before")], ["after", t("page.after")], ["swipe", t("page.swipe")]], state.view, (value) => {
      setView(value);
      document.querySelector(`.sq-view input[value="${value}"]`).focus();
    });
    for (const name of names) {
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
    panelMap(); panelCommunities(); panelMoves(); panelScore(); panelAbout();
  }
  const names = ["map", "communities", "moves", "score", "about"].filter((name) => name !== "score" || plan.score);
  if (!plan.score) $("to-score").remove();
  function openTab(name) { state.tab = name; if ($("panel").classList.contains("sq-folded")) fold(false); panel(); }
  function fold(yes) { $("panel").classList.toggle("sq-folded", yes); panel(); map.invalidateSize(); }
  for (const name of names) {
    $("to-" + name).addEventListener("click", () => openTab(name));
    $("to-" + name).addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      openTab(names[(names.indexOf(name) + step + names.length) % names.length]);
      $("to-" + state.tab).focus();
    });
  }
  $("fold").addEventListener("click", () => fold(!$("panel").classList.contains("sq-folded")));
  $("lang").addEventListener("click", () => {
    state.lang = state.lang === "zh" ? "en" : "zh";
    map.closePopup(); panel(); redraw();
    for (const id of ["communities", "communities_before", "moves"]) for (const row of rowsOf(id))
      if (row.shapes[id]) row.shapes[id].eachLayer((part) => part.getElement() && part.getElement().setAttribute("aria-label", titleOf(id, row)));
  });

  /* ---- controls on the map, print, start ---- */
  const whole = L.latLngBounds(plan.bounds);
  const fit = () => map.fitBounds(whole, { padding: [18, 18], animate: false });
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
  north.onAdd = () => {
    const text = svg("text", { x: 17, y: 42, "text-anchor": "middle", "font-size": 12, "font-weight": 700, fill: plan.ink, id: "sq-north-word" });
    return svg("svg", { class: "sq-north", viewBox: "0 0 34 44", "aria-hidden": "true" },
      svg("path", { d: "M17 1 L26 29 L17 23 Z", fill: plan.ink }), svg("path", { d: "M17 1 L8 29 L17 23 Z", fill: "#fff", stroke: plan.ink }), text);
  };
  north.addTo(map);
  L.control.scale({ imperial: false, maxWidth: 130 }).addTo(map);

  let seen = null;
  addEventListener("beforeprint", () => {
    seen = { centre: map.getCenter(), zoom: map.getZoom() };
    root.classList.add("sq-printing"); map.closePopup(); map.invalidateSize({ animate: false }); fit(); placeNames();
  });
  addEventListener("afterprint", () => {
    root.classList.remove("sq-printing"); map.invalidateSize({ animate: false });
    if (seen) map.setView(seen.centre, seen.zoom, { animate: false });
  });
  $("print").addEventListener("click", () => print());
  new ResizeObserver(() => { map.invalidateSize({ animate: false }); }).observe(map.getContainer());
  if (matchMedia("(max-width: 720px)").matches && !asked.get("tab")) $("panel").classList.add("sq-folded");
  panel();
  map.invalidateSize({ animate: false });
  fit();
  map.setMinZoom(Math.max(3, map.getZoom() - 2));
  redraw();
  root.dataset.ready = "yes";
}
