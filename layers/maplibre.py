"""A layer of the catalogue as layers of a MapLibre style (style specification, version 8).

One entry becomes several: fills, hatching, outlines, discs, names; each has its slot, so that the fills of all entries
lie under the roads, their outlines above, names on top. Expressions are of the plain kind that QGIS reads too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from layers.catalogue import Layer
from layers.styles import COMMUNITY_COLOURS, INK, PAPER, ROAD_CASING, SEAL, Style, Symbol

REGULAR: Final = "DejaVu Sans Book"
BOLD: Final = "DejaVu Sans Bold"
"""Stacks of `layers.glyphs`; Chinese is drawn by the map library with a font of the reader's machine."""

ARROW: Final = "arrow"
"""Name of the arrow's head among the sprites."""

SLOTS: Final = {
    "raster": 10, "ground": 20, "above_ground": 24, "water": 30, "buildings": 32, "casing": 34, "roads": 35,
    "homes": 40, "moves": 46, "outlines": 50, "borders": 54, "seams": 58, "arrows": 62, "points": 70, "road_names": 78,
    "names": 80,
}  # fmt: skip
"""What lies above what, from below."""

GROUNDS: Final = frozenset({
    "communities", "communities_before", "communities_cover", "conversions", "gap_communities",
    "gap_communities_after",
})  # fmt: skip
"""Tables that cover the town: the base map is drawn over them."""

OVER_GROUND: Final = frozenset({"blocks", "census", "gap_estates", "gap_reach"})
LABELLED: Final = frozenset({
    *GROUNDS, "estates", "units", "sites", "gap_estates",
})  # fmt: skip
"""Tables of areas whose names stand once in each, at points of their own."""

ONCE: Final = "labels:"
"""Beginning of the source of such points; `arrows:` that of arrows."""

NEAR_ZOOM: Final = 14.0
"""From here on houses are areas; before, they are specks, with a rim of their own colour."""

_SCALED: Final = ((10.3, 0.25), (13.5, 1.15), (16.0, 1.4), (19.0, 3.2))
"""Zoom → share of a line's width, of roads and rivers."""

Json = Any


@dataclass(frozen=True)
class Drawn:
    """One layer as one server shows it.

    Attributes
    ----------
    layer
    id
        Unique in the document: `plan.p1.communities_limits`.
    collection
        The collection it is drawn from; also the name of the layer in vector tiles and of the source.
    mixed
        Whether the collection holds points, lines or areas side by side.
    shown
        Visible when a map opens.
    usual
        Visible when its plan or run is first looked at.
    colours
        Id → position in the palette of communities, where tiles do not hold it.
    points
        Whether there are sources of points for names and of arrows; without, names come from the tiles.
    """

    layer: Layer
    id: str
    collection: str
    mixed: bool = False
    shown: bool = True
    usual: bool = True
    colours: Mapping[str, int] = field(default_factory=dict)
    points: bool = True

    @property
    def labels(self) -> str:
        """The source of its names, where they stand at points of their own."""
        own = self.points and self.layer.label and self.layer.geometry == "polygon" and self.layer.table in LABELLED
        return f"{ONCE}{self.collection}" if own else ""

    @property
    def arrows(self) -> str:
        """The source of its arrows."""
        return f"arrows:{self.collection}" if self.points and self.layer.table == "moves" else ""


def background() -> dict[str, Json]:
    """Return the paper that everything is drawn on."""
    return {"id": "background", "type": "background", "paint": {"background-color": PAPER}}


def hatch_name(symbol: Symbol) -> str:
    """Return the name of the sprite image of a hatched symbol; empty for others.

    Examples
    --------
    >>> hatch_name(Symbol(fill="#6B7280", pattern="hatch"))
    'hatch-6B7280'
    """
    return f"hatch-{symbol.fill.lstrip('#').upper()}" if symbol.pattern == "hatch" else ""


def style_layers(drawn: Drawn) -> list[dict[str, Json]]:
    """Return the MapLibre layers of an entry, bottom first, each with its slot as `metadata["shequ:slot"]`.

    Vector sources are named as the collection, points of names `labels:` and the collection. Every class of the
    entry's style is drawn by one of them, the last class also holds what no other does.
    """
    kinds = {"polygon": _areas, "line": _lines, "point": _discs}
    made = kinds[drawn.layer.geometry](drawn)
    if drawn.mixed and drawn.layer.geometry == "polygon":
        made += _stray(drawn)
    return [*made, *_arrows(drawn), *_names(drawn)]


def raster_layer(layer_id: str, source: str, *, opacity: float, shown: bool) -> dict[str, Json]:
    """Return the MapLibre layer of raster tiles."""
    return {"id": f"{layer_id}/raster", "type": "raster", "source": source, "layout": _visible(shown),
            "paint": {"raster-opacity": opacity, "raster-fade-duration": 0},
            "metadata": {"shequ:slot": SLOTS["raster"], "shequ:layer": layer_id}}  # fmt: skip


def in_order(layers: Iterable[dict[str, Json]]) -> list[dict[str, Json]]:
    """Return layers by their slots, those of one slot in the order they came."""
    return sorted(layers, key=lambda each: each.get("metadata", {}).get("shequ:slot", 0))


# ── areas ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def _areas(drawn: Drawn) -> list[dict[str, Json]]:
    layer, classes = drawn.layer, drawn.layer.style.classes
    made: list[dict[str, Json]] = []
    solid = [n for n, each in enumerate(classes) if each.symbol.fill and each.symbol.pattern == "solid"]
    thin = all(classes[n].symbol.width < 1.0 for n in solid if classes[n].symbol.stroke)
    slot = _slot(layer)
    areas = _of_kind("Polygon") if drawn.mixed else None
    parts = [[n] for n in solid] if layer.style.kind == "ranges" else [solid] if solid else []
    for members in parts:  # a range is a layer of its own: QGIS 3.22 has no steps of colours
        paint: dict[str, Json] = {
            "fill-color": _pick(drawn, lambda symbol: symbol.fill, members),
            "fill-opacity": _pick(drawn, lambda symbol: symbol.fill_opacity, members),
        }
        name = f"fill-{members[0]}" if layer.style.kind == "ranges" else "fill"
        made.append(_layer(drawn, name, "fill", slot, paint, where=[_among(drawn, members), areas]))
    hatched: dict[str, list[int]] = {}
    for n, each in enumerate(classes):
        if each.symbol.pattern == "hatch":
            hatched.setdefault(hatch_name(each.symbol), []).append(n)
    for name, members in hatched.items():
        paint = {"fill-pattern": name, "fill-opacity": classes[members[0]].symbol.fill_opacity + 0.3}
        paint["fill-opacity"] = min(1.0, paint["fill-opacity"])
        made.append(_layer(drawn, f"fill-{name}", "fill", max(slot, SLOTS["moves"] if layer.table == "moves" else slot),
                           paint, where=[_among(drawn, members), areas]))  # fmt: skip
    lined = [n for n, each in enumerate(classes) if each.symbol.stroke]
    rim_slot = SLOTS["borders"] if layer.table in GROUNDS or layer.table == "moves" else SLOTS["outlines"]
    if layer.group == "group.base" and layer.table == "barriers":
        rim_slot = SLOTS["water"]
    for dash, nth, members in _strokes(layer.style, lined):
        widths = (lambda symbol: min(symbol.width, 1.0)) if layer.table == "barriers" else (lambda symbol: symbol.width)
        rim = _stroke(drawn, _line_name(dash, nth), rim_slot, members, width=widths, dash=dash,
                      where=[areas], shrinks=layer.table in GROUNDS)  # fmt: skip
        if thin and layer.table not in GROUNDS:  # before, they are specks, with a rim of their own colour
            rim["minzoom"] = NEAR_ZOOM
        made.append(rim)
    return made


def _stroke(
    drawn: Drawn,
    name: str,
    slot: int,
    members: Sequence[int],
    *,
    width: Callable[[Symbol], float],
    dash: Sequence[float],
    where: Sequence[Json] = (),
    shrinks: bool = False,
) -> dict[str, Json]:
    widths = _pick(drawn, width, members)
    paint: dict[str, Json] = {
        "line-color": _pick(drawn, lambda symbol: symbol.stroke or INK, members),
        "line-opacity": _pick(drawn, lambda symbol: symbol.stroke_opacity, members),
        "line-width": widths,
    }
    if shrinks:
        paint["line-width"] = _by_zoom(drawn, width, members, ((9.0, 0.35), (13.0, 1.0)))
    if dash:
        paint["line-dasharray"] = list(dash)
    return _layer(drawn, name, "line", slot, paint, layout={"line-join": "round"},
                  where=[_among(drawn, members), *where])  # fmt: skip


# ── lines ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def _lines(drawn: Drawn, where: Sequence[Json] = ()) -> list[dict[str, Json]]:
    """Return lines; those of the base map grow with the zoom, roads have an edge."""
    layer, classes = drawn.layer, drawn.layer.style.classes
    slot = {"roads": SLOTS["roads"], "barriers": SLOTS["water"], "gap_network": SLOTS["homes"]}.get(
        layer.table, SLOTS["seams"]
    )
    made: list[dict[str, Json]] = []
    if layer.table == "roads":
        edged = [n for n, each in enumerate(classes) if not each.symbol.dash]
        made.append(_layer(
            drawn, "casing", "line", SLOTS["casing"],
            {"line-color": ROAD_CASING, "line-opacity": 0.8,
             "line-width": _by_zoom(drawn, lambda symbol: symbol.width + 1.1, edged, _SCALED)},
            layout={"line-join": "round", "line-cap": "round"}, where=[_among(drawn, edged)],
        ))  # fmt: skip
    drawable = [n for n, each in enumerate(classes) if each.symbol.stroke]
    flag = ["get", layer.strong]
    for faint in (True, False) if layer.strong else (False,):
        wanted = [*where, *([] if not layer.strong else [["!=" if faint else "==", flag, True]])]
        for dash, nth, members in _strokes(layer.style, drawable):
            paint = _line_paint(drawn, members, faint=faint)
            if dash:
                paint["line-dasharray"] = list(dash)
            layout: dict[str, Json] = {"line-join": "round", "line-cap": "butt" if dash else "round"}
            if layer.table == "roads":  # the wider road on top
                ranks = {each.value: len(classes) - n for n, each in enumerate(classes)}
                layout["line-sort-key"] = _match(drawn, [ranks[each.value] for each in classes], range(len(classes)))
            name = _line_name(dash, nth) + ("-faint" if faint else "")
            made.append(_layer(drawn, name, "line", slot, paint, layout=layout,
                               where=[_among(drawn, members), *wanted]))  # fmt: skip
    return made


def _line_paint(drawn: Drawn, members: Sequence[int], *, faint: bool) -> dict[str, Json]:
    """Return how lines are drawn; those of the base map grow with the zoom, faint ones are thinner and paler."""
    width = _pick(drawn, lambda symbol: symbol.width, members)
    if drawn.layer.table in ("roads", "barriers"):
        width = _by_zoom(drawn, lambda symbol: symbol.width, members, _SCALED)
    elif faint:
        width = _pick(drawn, lambda symbol: max(1.2, symbol.width * 0.6), members)
    opacity = 0.45 if faint else _pick(drawn, lambda symbol: symbol.stroke_opacity, members)
    return {"line-color": _pick(drawn, lambda symbol: symbol.stroke, members), "line-opacity": opacity,
            "line-width": width}  # fmt: skip


# ── points ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def _discs(drawn: Drawn, where: Sequence[Json] = (), radius: float = 0.0) -> list[dict[str, Json]]:
    of_points = [_of_kind("Point")] if drawn.mixed and not where else []
    everything = range(len(drawn.layer.style.classes))

    def size(symbol: Symbol) -> float:
        return symbol.radius or radius or 3.0

    paint = {
        "circle-color": _pick(drawn, lambda symbol: symbol.fill or "#FFFFFF"),
        "circle-opacity": _pick(drawn, lambda symbol: symbol.fill_opacity),
        "circle-stroke-color": _pick(drawn, lambda symbol: symbol.stroke or INK),
        "circle-stroke-width": _by_zoom(drawn, lambda symbol: symbol.width, everything, ((10.0, 0.4), (14.0, 1.0))),
        "circle-radius": _by_zoom(drawn, size, everything, ((10.0, 0.45), (14.0, 0.9), (18.0, 1.5))),
    }
    made = [_layer(drawn, "point", "circle", SLOTS["points"], paint, where=[*of_points, *where])]
    if drawn.mixed and drawn.layer.geometry == "point":  # a facility that is known by its ground
        ground = {"fill-color": paint["circle-color"], "fill-opacity": 0.45}
        made.insert(0, _layer(drawn, "fill", "fill", SLOTS["homes"], ground, where=[_of_kind("Polygon")]))
    return made


def _stray(drawn: Drawn) -> list[dict[str, Json]]:
    """Return how the lines and points among areas are drawn: rivers known by their middle, rooms known by a point."""
    made = []
    if drawn.layer.table == "barriers":
        made += [{**each, "id": f"{each['id']}-only"} for each in _lines(drawn, [_of_kind("LineString")])]
    else:
        made += _discs(drawn, [_of_kind("Point")], radius=4.0)
    return made


# ── names and arrows ─────────────────────────────────────────────────────────────────────────────────────────────────
def text_fields(drawn: Drawn) -> dict[str, Json]:
    """Return the expression of its text in either language."""
    if drawn.labels:
        return {lang: ["format", ["get", f"name_{lang}"], {}, ["get", f"sum_{lang}"], {"font-scale": 0.86,
                       "text-font": ["literal", [REGULAR]]}] for lang in ("zh", "en")}  # fmt: skip
    label = drawn.layer.label
    english = ["coalesce", ["get", "name_en"], ["get", "name"], ""]
    return {"zh": ["get", label], "en": english if label == "name" else ["get", label]}


def _names(drawn: Drawn) -> list[dict[str, Json]]:
    layer = drawn.layer
    if not layer.label:
        return []
    ground = layer.table in GROUNDS
    texts = text_fields(drawn)
    layout: dict[str, Json] = {
        "text-field": texts["zh"], "text-font": [BOLD if ground else REGULAR], "text-size": 14 if ground else 12,
        "text-max-width": 8, "text-padding": 3,
    }  # fmt: skip
    slot, minzoom = SLOTS["names"], 0.0 if ground else 14.0
    if layer.geometry == "line":
        slot, minzoom = SLOTS["road_names"], 13.0
        layout |= {"symbol-placement": "line", "text-size": 11.5, "text-max-angle": 30, "text-letter-spacing": 0.06,
                   "symbol-spacing": 420}  # fmt: skip
    elif layer.geometry == "point":
        layout |= {"text-anchor": "top", "text-offset": [0, 0.7], "text-optional": True}
        minzoom = 12.0 if layer.table == "candidates" else 15.0
    elif not drawn.labels:
        minzoom = 16.0
    paint = {"text-color": INK, "text-halo-color": "#FFFFFF", "text-halo-width": 1.5, "text-halo-blur": 0.4}
    made = _layer(drawn, "label", "symbol", slot, paint, layout=layout)
    if drawn.labels:
        made["source"] = drawn.labels
        del made["source-layer"]
    if minzoom:
        made["minzoom"] = minzoom
    made["metadata"]["shequ:text"] = texts
    return [made]


def _arrows(drawn: Drawn) -> list[dict[str, Json]]:
    if not drawn.arrows:
        return []
    made = []
    for name, colour, width in (("arrow-halo", "#FFFFFF", 5.0), ("arrow", SEAL, 2.4)):
        paint = {"line-color": colour, "line-width": width, "line-opacity": 0.9}
        made.append(_layer(drawn, name, "line", SLOTS["arrows"], paint, layout={"line-cap": "butt"},
                           where=[_of_kind("LineString")]))  # fmt: skip
    head = {"icon-image": ARROW, "icon-rotate": ["get", "bearing"], "icon-rotation-alignment": "map",
            "icon-allow-overlap": True, "icon-ignore-placement": True, "icon-size": 0.8}  # fmt: skip
    made.append(_layer(drawn, "arrow-head", "symbol", SLOTS["arrows"], {}, layout=head, where=[_of_kind("Point")]))
    for each in made:
        each["source"] = drawn.arrows
        del each["source-layer"]
    return made


# ── parts of layers ──────────────────────────────────────────────────────────────────────────────────────────────────
def _layer(
    drawn: Drawn,
    name: str,
    kind: str,
    slot: int,
    paint: Mapping[str, Json],
    *,
    layout: Mapping[str, Json] | None = None,
    where: Sequence[Json] = (),
) -> dict[str, Json]:
    made: dict[str, Json] = {
        "id": f"{drawn.id}/{name}", "type": kind, "source": drawn.collection, "source-layer": drawn.collection,
        "layout": {**(layout or {}), **_visible(drawn.shown)}, "paint": dict(paint),
        "metadata": {"shequ:slot": slot, "shequ:layer": drawn.id},
    }  # fmt: skip
    conditions = [each for each in where if each is not None]
    if conditions:
        made["filter"] = conditions[0] if len(conditions) == 1 else ["all", *conditions]
    if drawn.layer.table == "buildings" and drawn.layer.group == "group.base":
        made["minzoom"] = 12.0
    return made


def _visible(shown: bool) -> dict[str, str]:
    return {"visibility": "visible" if shown else "none"}


def _slot(layer: Layer) -> int:
    if layer.table in GROUNDS:
        return SLOTS["ground"]
    if layer.table in OVER_GROUND:
        return SLOTS["above_ground"]
    if layer.group == "group.base":
        return SLOTS["water"] if layer.table == "barriers" else SLOTS["buildings"]
    return SLOTS["homes"]


def _of_kind(kind: str) -> Json:
    return ["any", ["==", ["geometry-type"], kind], ["==", ["geometry-type"], f"Multi{kind}"]]


def _strokes(style: Style, members: Iterable[int]) -> Iterator[tuple[tuple[float, ...], int, list[int]]]:
    """Yield the classes that one layer of lines can draw: how they are dashed [widths of the line], a number, they.

    Dashes do not follow a feature's values. Ranges of one layer look the same: QGIS 3.22 has no steps of colours.
    """
    groups: dict[tuple[float, ...], dict[object, list[int]]] = {}
    for n in members:
        symbol = style.classes[n].symbol
        dash = tuple(round(each / max(symbol.width, 0.5), 2) for each in symbol.dash)
        look = (symbol.stroke, symbol.width, symbol.stroke_opacity) if style.kind == "ranges" else ()
        groups.setdefault(dash, {}).setdefault(look, []).append(n)
    for dash, looks in groups.items():
        for nth, alike in enumerate(looks.values()):
            yield dash, nth, alike


def _line_name(dash: Sequence[float], nth: int) -> str:
    parts = ["line", *(f"{each:g}" for each in dash)]
    return "-".join(parts if nth == 0 else [*parts, f"and{nth}"])


# ── expressions ──────────────────────────────────────────────────────────────────────────────────────────────────────
def _pick(drawn: Drawn, of: Callable[[Symbol], Json], members: Iterable[int] | None = None) -> Json:
    """Return the value of a property by class: one value where all (of `members`) agree, an expression otherwise."""
    classes = drawn.layer.style.classes
    return _match(drawn, [of(each.symbol) for each in classes], range(len(classes)) if members is None else members)


def _by_zoom(
    drawn: Drawn, of: Callable[[Symbol], float], members: Iterable[int], stops: Sequence[tuple[float, float]]
) -> Json:
    """Return a size by class that grows with the zoom: at every stop a share of it."""
    kept = list(members)
    made: list[Json] = ["interpolate", ["linear"], ["zoom"]]
    for zoom, share in stops:
        made += [zoom, _pick(drawn, lambda symbol, share=share: round(share * of(symbol), 2), kept)]  # type: ignore[misc]
    return made


def _match(drawn: Drawn, values: Sequence[Json], members: Iterable[int]) -> Json:
    style, kept = drawn.layer.style, list(members)
    if len({repr(values[n]) for n in kept}) <= 1:
        return values[kept[0]] if kept else values[-1]
    if style.kind == "ranges":
        return _steps(drawn, values)
    if drawn.colours and style.column == "colour":
        found = _ids_by_colour(drawn.colours)
        keys, column = [(found.get(each.value, []), n) for n, each in enumerate(style.classes)], "id"
    else:
        keys, column = [([each.value], n) for n, each in enumerate(style.classes)], style.column
    other = kept[-1]
    outputs: dict[str, tuple[list[str], Json]] = {}
    for names, n in keys:
        if names and n in kept and repr(values[n]) != repr(values[other]):
            outputs.setdefault(repr(values[n]), ([], values[n]))[0].extend(names)
    made: list[Json] = ["match", ["get", column]]
    for names, value in outputs.values():
        made += [names, value]
    return [*made, values[other]] if len(made) > 2 else values[other]


def _ids_by_colour(colours: Mapping[str, int]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for key, colour in sorted(colours.items()):
        found.setdefault(str(colour % len(COMMUNITY_COLOURS)), []).append(key)
    return found


def _steps(drawn: Drawn, values: Sequence[Json]) -> Json:
    """Return the value by the range a number lies in; that of the last class where there is no number."""
    style = drawn.layer.style
    ranged = sorted((n for n, each in enumerate(style.classes) if each.lower is not None or each.upper is not None),
                    key=lambda n: -1e30 if (low := style.classes[n].lower) is None else low)  # fmt: skip
    made: list[Json] = ["step", ["get", style.column], values[ranged[0]]]
    for n in ranged[1:]:
        made += [style.classes[n].lower, values[n]]
    return ["case", ["has", style.column], made, values[-1]]


def _among(drawn: Drawn, members: Sequence[int]) -> Json:
    """Return the condition that a feature is of one of these classes; None where every one is."""
    style = drawn.layer.style
    every = set(range(len(style.classes)))
    kept = set(members)
    if kept == every or style.kind == "single":
        return None
    last = len(style.classes) - 1
    if style.kind == "ranges":
        return _among_ranges(drawn, kept)
    if drawn.colours and style.column == "colour":
        return None  # the palette's classes differ in nothing but their colour
    if last in kept:
        return ["match", ["get", style.column], [style.classes[n].value for n in sorted(every - kept)], False, True]
    return ["match", ["get", style.column], [style.classes[n].value for n in sorted(kept)], True, False]


def _among_ranges(drawn: Drawn, kept: set[int]) -> Json:
    style = drawn.layer.style
    ranged = {n for n, each in enumerate(style.classes) if each.lower is not None or each.upper is not None}
    if kept == ranged:
        return ["has", style.column]  # a number, if anything
    if not kept & ranged:
        return ["!", ["has", style.column]]
    if len(kept) != 1:
        return ["==", _steps(drawn, [n in kept for n in range(len(style.classes))]), True]
    each = style.classes[next(iter(kept))]
    ends = ((">=", each.lower), ("<", each.upper))
    return ["all", ["has", style.column],
            *([sign, ["get", style.column], end] for sign, end in ends if end is not None)]  # fmt: skip
