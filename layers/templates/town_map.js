/* What pages of a whole town have in common: words, shapes on one canvas, base map, names, popups, panel with tabs,
   link, print. Text from data is only ever set as textContent, never as HTML.

   const town = shequTown(map, data);           // data as `layers.town_page.town_data` makes it, and what a page adds
   town.start({ tabs: [["map", "page.tab_map"], …], draw, panel, names, link, click });
     draw()        colours and layers again; called after each change of language and state
     panel(name)   returns the nodes of a tab
     names()       returns [{ at: [lat, lon], text, strong }], the most important first
     link()        returns { key: value } to be kept in the address
     click(latlng) a click on the map                                                                             */
"use strict";
function shequTown(map, data) {
  const root = document.querySelector(".sq"), $ = (id) => document.getElementById("sq-" + id);
  const asked = new URLSearchParams(location.hash.slice(1));
  const oneOf = (key, allowed, otherwise) => (allowed.includes(asked.get(key)) ? asked.get(key) : otherwise);
  const state = { lang: oneOf("lang", ["zh", "en"], data.lang), tab: "", shown: { roads: true, road_labels: true, barriers: true, others: true, names: true } };
  for (const name of (asked.get("on") || "").split(".").filter(Boolean)) state.shown[name] = true;
  for (const name of (asked.get("off") || "").split(".").filter(Boolean)) state.shown[name] = false;

  /* ---- words ---- */
  const side = () => (state.lang === "zh" ? 0 : 1);
  const t = (key, values) => {
    let text = (data.words[key] || [key, key])[side()];
    for (const name in values || {}) text = text.replace("{" + name + "}", values[name]);
    return text;
  };
  const pick = (pair) => (pair ? pair[side()] || pair[1 - side()] || "" : "");
  const str = (n) => data.strings[n];
  const known = (value) => value !== null && value !== undefined && value === value;
  const count = (value, digits) => (known(value) ? value.toLocaleString("en-US", { maximumFractionDigits: digits || 0 }) : t("unknown"));
  const percent = (share) => {
    if (!known(share)) return t("unknown");
    const value = share > 0 && share < 1 ? Math.min(0.999, Math.max(0.001, share)) : share;  // never rounded up to the whole
    return (100 * value).toFixed(1) + "%";
  };
  const comma = () => (state.lang === "zh" ? "、" : ", "), colon = () => (state.lang === "zh" ? "：" : ": ");

  /* ---- building blocks of the page ---- */
  function el(tag, options, ...children) {
    const node = document.createElement(tag);
    for (const [key, value] of Object.entries(options || {})) {
      if (value === null || value === undefined) continue;
      if (key === "class") node.className = value;
      else if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
      else node.setAttribute(key, value);
    }
    for (const child of children.flat(4)) if (child !== null && child !== undefined && child !== false && child !== "") node.append(child);
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
    return target;
  }
  function select(id, label, groups, chosen, choose) {
    const node = el("select", { class: "sq-choose", id: "sq-" + id, "aria-label": label, onchange: (event) => choose(event.target.value) });
    const option = ([value, text]) => { const one = el("option", { value }, text); one.selected = value === chosen; return one; };
    for (const [title, options] of groups) title ? node.append(el("optgroup", { label: title }, options.map(option))) : node.append(...options.map(option));
    return node;
  }
  function check(id, text, there = true) {
    if (!there) return null;
    const input = el("input", { type: "checkbox", id: "sq-check-" + id, onchange: () => { state.shown[id] = input.checked; again(); } });
    input.checked = !!state.shown[id];
    return el("label", { class: "sq-check" }, input, text);
  }
  function swatch(symbol, geometry) {
    const box = svg("svg", { width: 30, height: 17, viewBox: "0 0 30 17", "aria-hidden": "true" });
    const hatched = symbol.pattern === "hatch";
    const pen = { stroke: hatched ? "#5f6772" : symbol.stroke || "none", "stroke-width": geometry === "line" ? symbol.width : 1, "stroke-dasharray": symbol.dash.join(" ") };
    if (geometry === "line") box.append(svg("line", { x1: 1, x2: 29, y1: 8.5, y2: 8.5, ...pen }));
    else if (geometry === "point") box.append(svg("circle", { cx: 15, cy: 8.5, r: 5, fill: symbol.fill, ...pen }));
    else box.append(svg("rect", { x: 3, y: 2, width: 24, height: 13, rx: 1.5, "fill-opacity": hatched ? 1 : symbol.fill_opacity,
      fill: symbol.pattern === "none" ? "none" : hatched ? "url(#sq-grey)" : symbol.fill, ...pen, stroke: hatched ? "#5f6772" : symbol.pattern === "none" ? symbol.stroke : "#9a958a" }));
    return box;
  }
  const chip = (symbol) => {
    const mark = el("i", { class: "sq-sev" + (symbol.pattern === "hatch" ? " u" : "") });
    if (symbol.pattern !== "hatch") mark.style.background = symbol.fill;
    return mark;
  };
  const line = (label, text) => (text === "" || text === null || text === undefined ? [] : [el("dt", {}, label), el("dd", {}, text)]);

  /* ---- shapes: whole numbers from an origin, each point as its step from the one before ---- */
  const [west, south] = data.origin;
  const ring = (steps) => {
    const points = [];
    let x = west, y = south;
    for (let i = 0; i < steps.length; i += 2) { x += steps[i]; y += steps[i + 1]; points.push([y / data.scale, x / data.scale]); }
    return points;
  };
  const latlngs = (shape) => shape.map((part) => part.map(ring));
  const point = (xy) => [(south + xy[1]) / data.scale, (west + xy[0]) / data.scale];
  /* numbers of 16 bits, base64; 65535 is not known */
  const packs = new Map();
  function unpack(text) {
    if (!packs.has(text)) {
      const bytes = atob(text), numbers = new Array(bytes.length / 2);
      for (let i = 0; i < numbers.length; i += 1) {
        const value = bytes.charCodeAt(2 * i) + 256 * bytes.charCodeAt(2 * i + 1);
        numbers[i] = value === 65535 ? null : value;
      }
      packs.set(text, numbers);
    }
    return packs.get(text);
  }

  /* Grey lines for what is not known, on the canvas. */
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
  const order = { base: 310, others: 320, land: 335, fill: 350, top: 380, lines: 400, points: 440, marks: 450, "road-names": 590, names: 600 };
  const renderers = {};
  for (const [name, z] of Object.entries(order)) {
    const pane = map.createPane("sq-" + name);
    pane.style.zIndex = z; pane.style.pointerEvents = "none";
    if (!name.endsWith("names")) renderers[name] = new Hatching({ pane: "sq-" + name, padding: 0.35 });
  }
  const inPane = (name) => ({ pane: "sq-" + name, renderer: renderers[name], interactive: false });
  const pathOf = (symbol) => symbol.pattern === "hatch"
    ? { hatch: true, fill: true, fillOpacity: 0.95 * symbol.fill_opacity, stroke: true, color: "#5f6772", weight: 0.6, opacity: 0.9, dashArray: null }
    : { hatch: false, fill: symbol.pattern !== "none" && !!symbol.fill, fillColor: symbol.fill, fillOpacity: symbol.fill_opacity,
      stroke: !!symbol.stroke, color: symbol.stroke || "#000", weight: symbol.width, opacity: symbol.stroke_opacity,
      dashArray: symbol.dash.length ? symbol.dash.join(" ") : null };
  /* Seen from afar a building is a speck: it gets a rim of its own colour. */
  const NEAR = 15.5;
  const speck = (symbol) => {
    const colour = symbol.pattern === "hatch" ? "#a3a9b1" : symbol.fill, wide = symbol.pattern === "hatch" ? 0.8 : 1.6;
    return { hatch: false, fill: true, fillColor: colour, fillOpacity: 1, stroke: true, color: colour, weight: map.getZoom() < 14 ? wide + 0.5 : wide, opacity: 1, dashArray: null };
  };
  /* Places of one kind, drawn once; `colour(i)` gives the class of a place, or null, and what has `quiet` lies below. */
  function places(shapes, pane, points) {
    const parts = shapes.map((shape, i) => shape.length ? L.polygon(latlngs(shape), { ...inPane(pane), weight: 0.6 })
      : L.circleMarker(point(points[i]), { ...inPane(pane), radius: 3.4, weight: 0.6 }));
    const group = L.layerGroup(parts);
    let boxes = null;
    return {
      group, parts,
      colour(classOf, { off = new Set(), specks = false, quiet = new Set() } = {}) {
        const counts = new Map(), small = specks && map.getZoom() < NEAR, found = parts.map((_, i) => classOf(i));
        found.forEach((each, i) => {
          if (each) counts.set(each.value, (counts.get(each.value) || 0) + 1);
          const hidden = !each || off.has(each.value);
          Object.assign(parts[i].options, hidden ? { fill: false, stroke: false, hatch: false } : small ? speck(each.symbol) : pathOf(each.symbol));
        });
        if (!map.hasLayer(group)) group.addTo(map);
        if (small) found.forEach((each, i) => { if (each && !quiet.has(each.value)) parts[i].bringToFront(); });
        renderers[pane]._redrawBounds = null; renderers[pane]._redraw();  // all at once: thousands of calls of setStyle are slow
        return counts;
      },
      under(at) {
        if (!boxes) boxes = parts.map((part) => (part.getBounds ? part.getBounds() : L.latLngBounds([part.getLatLng(), part.getLatLng()]).pad(0.1)));
        const hit = boxes.findIndex((box, i) => shapes[i].length && box.contains(at) && latlngs(shapes[i]).some((part) => inside(at, part)));
        if (hit >= 0 || !points) return hit;
        const here = map.latLngToContainerPoint(at);
        return parts.findIndex((part, i) => !shapes[i].length && map.latLngToContainerPoint(part.getLatLng()).distanceTo(here) < 7);
      },
      bounds: (i) => (parts[i].getBounds && shapes[i].length ? parts[i].getBounds() : L.latLngBounds([parts[i].getLatLng(), parts[i].getLatLng()])),
      middle: (i) => (shapes[i].length ? parts[i].getBounds().getCenter() : parts[i].getLatLng()),
    };
  }
  const inside = (at, rings) => {
    let odd = false;
    for (const border of rings) for (let i = 0, j = border.length - 1; i < border.length; j = i++) {
      const [y1, x1] = border[i], [y2, x2] = border[j];
      if ((y1 > at.lat) !== (y2 > at.lat) && at.lng < (x2 - x1) * (at.lat - y1) / (y2 - y1) + x1) odd = !odd;
    }
    return odd;
  };

  /* ---- layers that are there or not ---- */
  const groups = {};
  function show(key, yes, make) {
    if (yes && !groups[key]) groups[key] = make();
    const group = groups[key];
    if (group && yes !== map.hasLayer(group)) yes ? group.addTo(map) : group.remove();
  }
  function renew(key, yes, make) {
    if (groups[key]) { groups[key].remove(); delete groups[key]; }
    show(key, yes, make);
  }
  const scaled = [];
  function base(name) {
    if (name === "others") return L.layerGroup(data.base.others.map((shape) => L.polygon(latlngs(shape), { ...inPane("others"),
      stroke: true, color: "#b9b4a6", weight: 0.5, fillColor: "#dedacf", fillOpacity: 0.75 })));
    const group = L.layerGroup(), widths = { expressway: 5, primary: 4.2, secondary: 3.4, tertiary: 2.6, street: 1.6, path: 1 };
    const fills = { expressway: "#FBE2A6", primary: "#FFF1C9" };
    const add = (row, style) => {
      const path = L.geoJSON(row.geometry, { ...inPane("base"), style: () => style });
      if (row.geometry.type.endsWith("LineString")) scaled.push([path, style.weight]);
      group.addLayer(path);
    };
    if (name === "barriers") for (const row of data.base.barriers) {
      const border = row.geometry.type.endsWith("LineString"), water = row.barrier_group === "water";
      add(row, border ? { fill: false, color: water ? "#8FBDE0" : "#5A5F66", weight: water ? 3 : 1.8, dashArray: water ? null : "8 5" }
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
  function baseMap() {
    for (const name of ["barriers", "roads", "others"]) show(name, !!state.shown[name] && !!data.base[name], () => base(name));
    scaleBase();
  }
  const scaleBase = () => { for (const [path, weight] of scaled) path.eachLayer((part) => { part.options.weight = Math.max(0.5, weight * near()); }); };

  /* ---- names ---- */
  const ruler = document.createElement("canvas").getContext("2d"), family = getComputedStyle(document.body).fontFamily;
  const widthOf = (text, font) => { ruler.font = font + " " + family; return ruler.measureText(text).width; };
  const free = (taken, box) => taken.every((b) => box.x2 < b.x1 || box.x1 > b.x2 || box.y2 < b.y1 || box.y1 > b.y2);
  function writeNames() {
    const size = map.getSize(), taken = [], target = map.getPane("sq-names"), roads = map.getPane("sq-road-names");
    target.replaceChildren(); roads.replaceChildren();
    if (state.shown.names && own.names) for (const each of own.names()) {
      const spot = map.latLngToContainerPoint(each.at);
      if (spot.x < -60 || spot.y < -20 || spot.x > size.x + 60 || spot.y > size.y + 20) continue;
      const w = widthOf(each.text, "700 12.5px") / 2 + 3, more = each.more ? 13 : 0;
      for (const dy of [0, -14, 14]) {
        const box = { x1: spot.x - w, x2: spot.x + w, y1: spot.y + dy - 9, y2: spot.y + dy + 9 + more };
        if (!free(taken, box)) continue;
        taken.push(box);
        const at = map.containerPointToLayerPoint([spot.x, spot.y + dy]);
        const label = el("div", { class: "sq-label" }, el("b", {}, each.text), each.more ? el("span", {}, each.more) : null);
        label.style.transform = `translate(${at.x}px,${at.y}px) translate(-50%,-50%)`;
        target.append(label);
        break;
      }
    }
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

  /* ---- popups ---- */
  const popup = L.popup({ maxWidth: Math.min(380, innerWidth - 50), minWidth: Math.min(270, innerWidth - 80),
    autoPanPaddingTopLeft: [14, 90], autoPanPaddingBottomRight: [62, 14] });
  function tell(at, title, ...parts) {
    popup.options.maxHeight = Math.max(150, Math.min(0.56 * map.getSize().y, map.getSize().y - 130));
    popup.setLatLng(at).setContent(el("div", { class: "sq-pop" }, el("h3", {}, title), parts)).openOn(map);
    const close = popup.getElement().querySelector(".leaflet-popup-close-button");
    if (close) close.setAttribute("aria-label", t("page.close"));
  }
  function goTo(bounds, zoom = 18) {
    map.fitBounds(bounds, { padding: [70, 70], maxZoom: zoom, animate: false });
  }

  /* ---- the panel ---- */
  let own = {}, tabs = [];
  /* A legend whose rows hide and show their class: `off` holds the hidden ones. */
  function legend(classes, counts, off) {
    return el("ul", { class: "sq-legend" }, classes.filter((each) => counts.has(each.value)).map((each) => el("li", { class: off.has(each.value) ? "sq-off" : "" },
      el("button", { type: "button", "aria-pressed": String(!off.has(each.value)), onclick: () => { off.has(each.value) ? off.delete(each.value) : off.add(each.value); again(); } },
        swatch(each.symbol, "polygon"), pick(each.label), el("span", { class: "sq-n" }, count(counts.get(each.value)))))));
  }
  const layerChecks = () => [check("roads", t("layer.roads"), !!data.base.roads), check("road_labels", t("page.road_labels"), data.road_labels.length > 0),
    check("barriers", t("layer.barriers"), !!data.base.barriers), check("others", t("page.other_buildings"), !!data.base.others)];
  function about(...more) {
    return [el("p", { class: "sq-warn" }, t("page.mark_note")), el("p", { class: "sq-note" }, t("page.town_privacy", { n: data.fewest })), ...more,
      el("h2", {}, t("page.about_data")), el("dl", { class: "sq-about" }, data.about.map((row) => [el("dt", {}, pick(row.label)), el("dd", {}, pick(row.value))])),
      el("p", { class: "sq-note" }, "Leaflet © Volodymyr Agafonkin, CloudMade (BSD-2-Clause)")];
  }
  function fillTab(name) {
    const box = $("tab-" + name), focus = document.activeElement, at = focus && box.contains(focus) ? focus.id : "";
    const spot = at && focus.selectionStart, scroll = box.scrollTop;
    box.replaceChildren(...[own.panel(name)].flat(4).filter((node) => node !== null && node !== undefined && node !== ""));
    box.scrollTop = scroll;
    const back = at && document.getElementById(at);
    if (back) { back.focus(); if (typeof spot === "number" && back.setSelectionRange) try { back.setSelectionRange(spot, spot); } catch { /* not a text field */ } }
  }
  function frame() {
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
    for (const [name, key] of tabs) {
      const chosen = state.tab === name, button = $("to-" + name);
      button.textContent = t(key);
      button.setAttribute("aria-selected", String(chosen));
      button.tabIndex = chosen ? 0 : -1;
      $("tab-" + name).hidden = !chosen;
    }
    const folded = $("panel").classList.contains("sq-folded");
    $("fold").textContent = folded ? "▲" : "▼";
    $("fold").setAttribute("aria-expanded", String(!folded));
    $("fold").setAttribute("aria-label", t("page.panel"));
  }
  let started = false;
  function keep() {
    if (!started) return;
    const c = map.getCenter(), told = new URLSearchParams({ lang: state.lang, tab: state.tab, ...(own.link ? own.link() : {}) });
    const on = Object.keys(state.shown).filter((name) => state.shown[name] && !usual[name]), off = Object.keys(usual).filter((name) => usual[name] && !state.shown[name]);
    if (on.length) told.set("on", on.join("."));
    if (off.length) told.set("off", off.join("."));
    told.set("at", [c.lat.toFixed(5), c.lng.toFixed(5), map.getZoom().toFixed(2)].join(","));
    try { history.replaceState(null, "", "#" + told); } catch { /* a page without an address */ }
  }
  let usual = {};
  /* Everything again, after any change of state. */
  function again() { baseMap(); own.draw(); writeNames(); frame(); for (const [name] of tabs) fillTab(name); keep(); }
  function openTab(name) {
    state.tab = name;
    $("panel").classList.remove("sq-folded");
    frame(); fillTab(name); keep(); map.invalidateSize({ animate: false });
  }

  function start(page) {
    own = page; tabs = page.tabs; usual = { ...page.usual, roads: true, road_labels: true, barriers: true, others: true, names: true };
    state.shown = { ...usual, ...Object.fromEntries((asked.get("on") || "").split(".").filter(Boolean).map((name) => [name, true])),
      ...Object.fromEntries((asked.get("off") || "").split(".").filter(Boolean).map((name) => [name, false])) };
    state.tab = oneOf("tab", tabs.map(([name]) => name), tabs[0][0]);
    for (const [name] of tabs) {
      const button = el("button", { type: "button", role: "tab", id: "sq-to-" + name, "aria-controls": "sq-tab-" + name, onclick: () => openTab(name), onkeydown: (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key], names = tabs.map(([each]) => each);
        if (!step) return;
        openTab(names[(names.indexOf(name) + step + names.length) % names.length]);
        $("to-" + state.tab).focus();
      } });
      $("tabs").insertBefore(button, $("fold"));
      $("panel").append(el("div", { class: "sq-body", id: "sq-tab-" + name, role: "tabpanel", "aria-labelledby": "sq-to-" + name, hidden: "" }));
    }
    $("fold").addEventListener("click", () => { $("panel").classList.toggle("sq-folded"); frame(); map.invalidateSize({ animate: false }); });
    $("lang").addEventListener("click", () => { state.lang = state.lang === "zh" ? "en" : "zh"; map.closePopup(); again(); });
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
      root.classList.add("sq-printing"); map.closePopup(); map.invalidateSize({ animate: false }); fit(); writeNames();
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
    let wasNear = map.getZoom() >= NEAR;
    map.on("zoomstart", () => root.classList.add("sq-zooming"));
    map.on("zoomend", () => {
      root.classList.remove("sq-zooming"); scaleBase();
      if ((map.getZoom() >= NEAR) !== wasNear) { wasNear = !wasNear; own.draw(); }
    });
    map.on("moveend zoomend resize", () => { writeNames(); keep(); });
    map.on("click", (event) => own.click(event.latlng));
    again();
    map.invalidateSize({ animate: false });
    const at = (asked.get("at") || "").split(",").map(Number);
    if (at.length === 3 && at.every(Number.isFinite)) map.setView([at[0], at[1]], at[2], { animate: false }); else fit();
    started = true;
    root.dataset.ready = "yes";
  }
  return { root, $, asked, oneOf, state, side, t, pick, str, known, count, percent, comma, colon, el, svg, segments, select, check, swatch, chip, line,
    latlngs, point, unpack, inPane, pathOf, places, show, renew, near, tell, goTo, legend, layerChecks, about, again, openTab, fillTab, start, NEAR };
}
