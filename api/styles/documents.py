"""The tree of layers with its legends as JSON for pages, and MapLibre style documents, both made from one `Tree`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Any
from urllib.parse import quote

from api.deps import Here
from api.errors import NotFoundError
from api.rasters.rasters import Rasters, Served
from api.styles.tree import RASTERS, STUDY, Pair, Section, Tree, exclusive_of, role_of
from layers.catalogue import Field
from layers.maplibre import Drawn, background, hatch_name, in_order, raster_layer, style_layers
from layers.sprites import NAME
from layers.styles import INK, PAPER, SEAL, Style
from layers.words import LANGS, WORDS, Lang

TILES = "WebMercatorQuad"
VECTOR_ZOOM, RASTER_ZOOM = 16, 18
"""Deepest level of tiles that is asked for; beyond, maps enlarge those."""

WHOLE = "default"
"""The style of the whole study."""

_UNITS = {"households": "unit.households", "households_before": "unit.households", "people": "unit.people",
          "dwellings": "dwellings", "children": "unit.people", "elders": "unit.people",
          "buildings_count": "unit.buildings"}  # fmt: skip
_FORMAT_UNITS = {"km2": "unit.km2", "metres": "unit.m", "density": "unit.per_hectare"}
_WORDS = ("yes", "no", "unknown", "unit.km2", "unit.m", "unit.households", "unit.people", "unit.per_hectare",
          "page.mark", "page.mark_note", "page.no_community")  # fmt: skip
_BASE = ("study_area", "barriers", "buildings", "roads")
"""Layers of the study under those of a result, in the result's own style."""

_GROUPS_FROM_TOP = ("group.plan", "group.gaps", "siting.group", "group.programme", "group.today", "group.examination",
                    "group.figures", "group.lines", "group.base")  # fmt: skip


# ── the tree of layers ───────────────────────────────────────────────────────────────────────────────────────────────
def layer_tree(at: Here) -> dict[str, Any]:
    """Return every layer of a study with its legend, the fields of its card and its MapLibre layers.

    What each member means is in docs/map_styles.md.
    """
    tree = Tree(at)
    bounds = tree.bounds()
    rasters = at.server.part(Rasters).of(at.store)
    drawn = tree.drawn
    made = {section.id: section for section in tree.sections}
    layers = {each.id: _layer(section, each) for section in tree.sections for each in section.drawn}
    layers |= {f"raster.{each.name}": _raster(at, each) for each in rasters}
    bottom_first = [*(f"raster.{each.name}" for each in rasters), *drawn]
    objects = in_order([background(), *(part for key in bottom_first for part in layers[key]["style"])])
    sections = [_section(tree, each) for each in made.values()]
    if rasters:
        sections.append({
            "id": RASTERS, "source": RASTERS, "result": "", "title": _pair("group.rasters"), "communities": {},
            "groups": [{"id": "group.rasters", "title": _pair("group.rasters"),
                        "layers": [f"raster.{each.name}" for each in rasters]}],
        })  # fmt: skip
    return {
        "study": {"id": at.study_id, "name": {"zh": at.store.name, "en": at.store.name_en or at.store.name}},
        "tx": at.store.head(),
        "bounds": bounds,
        "sprite": f"{_root(at)}/sprites/{NAME}",
        "glyphs": f"{_root(at)}/fonts/{{fontstack}}/{{range}}.pbf",
        "colours": {"paper": PAPER, "ink": INK, "seal": SEAL},
        "background": background(),
        "words": {key: _pair(key) for key in _WORDS},
        "results": [_told(made[f"{each['source']}.{each['id']}"]) for each in tree.results
                    if f"{each['source']}.{each['id']}" in made],
        "sources": _sources(at, drawn.values(), rasters, bounds),
        "sections": sections,
        "layers": layers,
        "order": [each["id"] for each in objects],
    }  # fmt: skip


def _section(tree: Tree, section: Section) -> dict[str, Any]:
    groups: dict[str, list[str]] = {}
    for each in reversed(section.drawn):  # the tree is read from the top, layers are drawn from the bottom
        groups.setdefault(each.layer.group, []).append(each.id)
    order = sorted(groups, key=lambda key: _GROUPS_FROM_TOP.index(key) if key in _GROUPS_FROM_TOP else 0)
    return {
        "id": section.id, "source": section.source, "result": section.result, "title": section.title,
        "communities": tree.community_names(section),
        "groups": [{"id": key, "title": _pair(key), "layers": groups[key]} for key in order],
    }  # fmt: skip


def _told(section: Section) -> dict[str, Any]:
    body = section.document
    return {"id": section.id, "source": section.source, "title": section.title, "by": body.get("by", ""),
            "at": body.get("at", ""), "state": body.get("state", ""),
            "review_number": body.get("review_number", "")}  # fmt: skip


def _layer(section: Section, drawn: Drawn) -> dict[str, Any]:
    layer = drawn.layer
    name = ["name", "name_en"] if layer.label in ("", "name", "title_zh") else [layer.label, layer.label]
    return {
        "id": drawn.id, "section": section.id, "group": layer.group, "collection": drawn.collection,
        "title": {lang: layer.title_in(lang) for lang in LANGS}, "geometry": layer.geometry, "shown": drawn.shown,
        "usual": drawn.usual,
        "exclusive": exclusive_of(section, layer), "role": role_of(section, layer),
        "column": layer.style.column, "kind": layer.style.kind, "legend": legend(layer.style),
        "fields": [_field(each) for each in layer.fields],
        "name": name, "source": drawn.collection, "style": style_layers(drawn),
    }  # fmt: skip


def legend(style: Style) -> list[dict[str, Any]]:
    """Return the classes of a style with their symbols and words."""
    return [
        {"value": each.value, "lower": each.lower, "upper": each.upper,
         "label": {"zh": each.label_zh, "en": each.label_en}, "symbol": asdict(each.symbol),
         "pattern": hatch_name(each.symbol)}
        for each in style.classes
    ]  # fmt: skip


def _field(field: Field) -> dict[str, Any]:
    begin = f"{field.words}."
    words = {key.removeprefix(begin): _pair(key) for key in WORDS if key.startswith(begin)} if field.words else {}
    unit = _UNITS.get(field.column) if field.format == "count" else _FORMAT_UNITS.get(field.format)
    return {
        "column": field.column, "column_en": field.column_en, "label": _pair(field.label), "format": field.format,
        "optional": field.optional, "words": words, "unit": _pair(unit) if unit in WORDS else {"zh": "", "en": ""},
    }  # fmt: skip


def _raster(at: Here, served: Served) -> dict[str, Any]:
    layer_id = f"raster.{served.name}"
    return {
        "id": layer_id, "section": RASTERS, "group": "group.rasters", "collection": "",
        "title": _pair(f"raster.{served.name}"), "geometry": "raster", "shown": False, "usual": False,
        "exclusive": "", "role": "",
        "column": "", "kind": "ranges", "legend": legend(served.style), "fields": [], "name": [],
        "unit": _pair(served.unit), "point": f"{at.base}/rasters/{served.name}/point", "opacity": served.opacity,
        "source": f"raster:{served.name}",
        "style": [raster_layer(layer_id, f"raster:{served.name}", opacity=served.opacity, shown=False)],
    }  # fmt: skip


# ── style documents ──────────────────────────────────────────────────────────────────────────────────────────────────
def style_ids(tree: Tree) -> dict[str, Pair]:
    """Return every style of a study with its title: the whole, one for each result, collection and layer."""
    name = tree.store.name
    made = {WHOLE: {"zh": name, "en": tree.store.name_en or name}}
    for section in tree.sections:
        if section.source != STUDY:
            made[section.id] = section.title
        for each in section.drawn:
            title: Pair = {lang: each.layer.title_in(lang) for lang in LANGS}
            made.setdefault(each.collection, title)
            made.setdefault(each.id, title)
    return made


def style_document(at: Here, style_id: str, lang: Lang, *, one_source: bool = False) -> dict[str, Any]:
    """Return a MapLibre style document.

    Parameters
    ----------
    at
    style_id
        One of `style_ids`.
    lang
        Language of names.
    one_source
        All layers read one source of tiles that hold several collections, names come from the tiles, and what is not
        shown is left out: for programs that know but one source (QGIS before 3.40).

    Raises
    ------
    NotFoundError
        When there is no such style.
    """
    tree = Tree(at)
    titles = style_ids(tree)
    if style_id not in titles:
        raise NotFoundError(f"there is no style {style_id}", f"see {at.base}/styles")
    whole = style_id == WHOLE
    rasters = at.server.part(Rasters).of(at.store) if whole else ()
    chosen = _chosen(tree, style_id)
    if one_source:  # QGIS 3.22 draws layers that are not visible too
        chosen = [replace(each, points=False) for each in chosen if each.shown]
    parts = [raster_layer(f"raster.{each.name}", f"raster:{each.name}", opacity=each.opacity, shown=False)
             for each in rasters]  # fmt: skip
    parts += [part for each in chosen for part in style_layers(each)]
    alone = not whole and style_id not in {section.id for section in tree.sections}
    bounds = tree.bounds()
    sources = _sources(at, chosen, rasters, bounds)
    if one_source and not alone:
        sources = {key: each for key, each in sources.items() if each["type"] == "raster"}
        sources[STUDY] = _tiles(at, chosen, bounds)
        parts = [each if each["type"] == "raster" else {**each, "source": STUDY} for each in parts]
    layers = [_in_language(each, lang) for each in in_order(parts if alone else [background(), *parts])]
    title = titles[style_id][lang]
    study = titles[WHOLE][lang]
    made: dict[str, Any] = {
        "version": 8, "name": title if whole else f"{study} · {title}",
        "metadata": {"shequ:study": at.study_id, "shequ:style": style_id, "shequ:language": lang},
        "sprite": f"{_root(at)}/sprites/{NAME}", "glyphs": f"{_root(at)}/fonts/{{fontstack}}/{{range}}.pbf",
        "sources": sources, "layers": layers,
    }  # fmt: skip
    if bounds is not None:
        made |= {"center": [round((bounds[0] + bounds[2]) / 2, 6), round((bounds[1] + bounds[3]) / 2, 6)], "zoom": 12}
    return made


def style_list(at: Here, lang: Lang) -> dict[str, Any]:
    """Return the list of styles (OGC API Styles, draft)."""
    media = MEDIA_TYPE
    return {
        "default": WHOLE,
        "styles": [
            {"id": key, "title": title[lang], "links": [
                {"href": f"{at.base}/styles/{quote(key)}", "rel": "stylesheet", "type": media},
                {"href": f"{at.base}/styles/{quote(key)}/metadata", "rel": "describedby", "type": "application/json"},
            ]}
            for key, title in style_ids(Tree(at)).items()
        ],
        "links": [{"href": f"{at.base}/styles", "rel": "self", "type": "application/json"},
                  {"href": f"{at.base}/layers", "rel": "related", "type": "application/json"}],
    }  # fmt: skip


MEDIA_TYPE = "application/vnd.mapbox.style+json"


def style_metadata(at: Here, style_id: str, lang: Lang) -> dict[str, Any]:
    """Return what a style is for and which collections it draws; NotFoundError when there is no such style."""
    tree = Tree(at)
    titles = style_ids(tree)
    if style_id not in titles:
        raise NotFoundError(f"there is no style {style_id}", f"see {at.base}/styles")
    used = {each.collection: each.layer.geometry for each in _chosen(tree, style_id)}
    kinds = {"polygon": "polygon", "line": "line", "point": "point"}
    href = f"{at.base}/styles/{quote(style_id)}"
    return {
        "id": style_id, "title": titles[style_id][lang], "scope": "style", "version": str(at.store.head()),
        "stylesheets": [{"title": "MapLibre", "version": "8", "native": True, "specification":
                         "https://maplibre.org/maplibre-style-spec/",
                         "link": {"href": href, "rel": "stylesheet", "type": MEDIA_TYPE}}],
        "layers": [{"id": key, "type": kinds[kind], "sampleData":
                    {"href": f"{at.base}/collections/{quote(key)}/items", "rel": "data",
                     "type": "application/geo+json"}} for key, kind in used.items()],
        "links": [{"href": f"{href}/metadata", "rel": "self", "type": "application/json"}],
    }  # fmt: skip


def _chosen(tree: Tree, style_id: str) -> list[Drawn]:
    """Return the layers of a style, bottom first, shown as the style wants them."""
    if style_id == WHOLE:
        return list(tree.drawn.values())
    by_id = {section.id: section for section in tree.sections if section.source != STUDY}
    if style_id in by_id:
        base = [each for each in tree.sections[-1].drawn if each.id in _BASE]
        return [*base, *(replace(each, shown=each.usual) for each in by_id[style_id].drawn)]
    if style_id in tree.drawn:
        return [replace(tree.drawn[style_id], shown=True)]
    alike = [each for each in tree.drawn.values() if each.collection == style_id]
    first = next((each for each in alike if each.usual), alike[0])
    return [replace(each, shown=each is first) for each in alike]


def _in_language(part: dict[str, Any], lang: Lang) -> dict[str, Any]:
    texts = part.get("metadata", {}).get("shequ:text")
    return part if texts is None else {**part, "layout": {**part["layout"], "text-field": texts[lang]}}


# ── sources ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def _sources(
    at: Here, drawn: Iterable[Drawn], rasters: Iterable[Served], bounds: list[float] | None
) -> dict[str, dict[str, Any]]:
    box = {} if bounds is None else {"bounds": bounds}
    made: dict[str, dict[str, Any]] = {}
    for each in drawn:
        name = quote(each.collection)
        made[each.collection] = {
            "type": "vector", "tiles": [f"{at.base}/collections/{name}/tiles/{TILES}/{{z}}/{{y}}/{{x}}"],
            "minzoom": 0, "maxzoom": VECTOR_ZOOM,
        }  # fmt: skip
        if each.labels:
            made[each.labels] = {"type": "geojson", "data": f"{at.base}/labels/{name}"}
        if each.arrows:
            made[each.arrows] = {"type": "geojson", "data": f"{at.base}/arrows/{name}"}
    for raster in rasters:
        made[f"raster:{raster.name}"] = {
            "type": "raster", "tiles": [f"{at.base}/rasters/{raster.name}/tiles/{TILES}/{{z}}/{{y}}/{{x}}.png"],
            "tileSize": 256, "minzoom": 0, "maxzoom": RASTER_ZOOM, **box,
        }  # fmt: skip
    return made


def _tiles(at: Here, drawn: Iterable[Drawn], bounds: list[float] | None) -> dict[str, Any]:
    names = ",".join(dict.fromkeys(quote(each.collection) for each in drawn if each.shown))
    made = {"type": "vector", "tiles": [f"{at.base}/tiles/{TILES}/{{z}}/{{y}}/{{x}}?collections={names}"],
            "minzoom": 0, "maxzoom": VECTOR_ZOOM}  # fmt: skip
    return made if bounds is None else {**made, "bounds": bounds}


def _root(at: Here) -> str:
    return at.base.rsplit("/studies/", 1)[0]


def _pair(key: str) -> Pair:
    zh, en = WORDS[key]
    return {"zh": zh, "en": en}
