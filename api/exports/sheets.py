"""Map sheets: layers of the study as the caller may see them, on paper."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import shapely
from pyproj import CRS
from starlette.responses import Response

from api.accounts.public import whole
from api.errors import BadRequestError
from api.exports.desk import Desk
from api.features.crs import CRS84, reference
from api.features.snapshot import Box, Snapshot
from api.styles.tree import Section, Tree, lonlat
from geo.errors import Fault
from layers.maplibre import GROUNDS, Drawn
from layers.served import style_columns
from layers.words import Lang, is_missing, word

if TYPE_CHECKING:
    from api.deps import Here
    from layers.catalogue import Layer
    from layers.map_frame import Shown
    from layers.map_sheet import Orientation, Paper, Sheet

BASE = ("barriers", "roads", "buildings", "study_area")
"""The study's own tables under every map."""
MOST_SHAPES = 300_000
"""More features than these on one sheet are a black spot that takes minutes."""
MOST_NAMED_POINTS = 120
SCALE_RANGE = (100, 5_000_000)
WIDEST_M = 2_000_000.0
"""A study is no continent."""


@dataclass(frozen=True)
class Asked:
    """What a sheet is asked to be.

    Attributes
    ----------
    layers
        Ids of layers as in `/layers`; empty: those that the page shows when it opens.
    bbox
        West, south, east, north [degrees]; None: the whole study.
    paper, scale, lang, title, office, number
        As `layers.map_sheet.Sheet` has them; an empty title: that of the plan, or "map of today".
    orientation
        None: the one that the map is larger in.
    base
        Whether roads, water and buildings are drawn below.
    """

    layers: tuple[str, ...] = ()
    bbox: tuple[float, ...] | None = None
    paper: Paper = "A3"
    orientation: Orientation | None = None
    scale: int | None = None
    lang: Lang = "zh"
    title: str = ""
    office: str = ""
    number: str = ""
    base: bool = True


def map_sheet(at: Here, asked: Asked, *, kind: Literal["pdf", "png"] = "pdf") -> bytes:
    """Return a map sheet of the study as a PDF, or a picture of it (`png`).

    Raises
    ------
    BadRequestError
        When there is no such layer, or box or scale make no sense.
    """
    from layers.map_sheet import extent_of, sheet_file  # noqa: PLC0415 - drawing takes matplotlib, serving does not

    tree = Tree(at)
    drawn = _chosen(tree, asked)
    sections = [section for section in tree.sections if any(each in section.drawn for each in drawn)]
    sheet = _sheet(at, tree, sections, asked)
    extent = extent_of(sheet)
    shown = [one for each in drawn if (one := _shown(tree, each, extent, asked.lang)) is not None]
    if sum(len(each.shapes) for each in shown) > MOST_SHAPES:
        raise _bad(f"there are more than {MOST_SHAPES:,} features on this sheet",
                                    "ask for a larger scale, a smaller bbox, or fewer layers")  # fmt: skip
    return sheet_file(sheet, shown, kind=kind)


def _chosen(tree: Tree, asked: Asked) -> list[Drawn]:
    """Return the layers to draw, bottom first."""
    known = tree.drawn
    for each in asked.layers:
        if each not in known:
            near = difflib.get_close_matches(each, known, 3, 0.5)
            raise _bad(f"layers: there is no layer {each[:80]}",
                                        f"did you mean {' or '.join(near)}?" if near
                                        else f"see {tree.at.base}/layers")  # fmt: skip
    wanted = set(asked.layers) or {key for key, each in known.items() if each.shown}
    if asked.base:
        wanted |= {each for each in BASE if each in known}
    else:
        wanted -= set(BASE) - set(asked.layers)
    return [each for key, each in known.items() if key in wanted]


def _sheet(at: Here, tree: Tree, sections: Sequence[Section], asked: Asked) -> Sheet:
    from layers.map_sheet import Sheet, larger  # noqa: PLC0415 - as above

    if asked.scale is not None and not SCALE_RANGE[0] <= asked.scale <= SCALE_RANGE[1]:
        raise _bad(f"scale: 1:{asked.scale} is out of range",
                                    f"give a number from {SCALE_RANGE[0]} to {SCALE_RANGE[1]:,}")  # fmt: skip
    result = next((each for each in sections if each.source != "study"), None)
    plan: Mapping[str, Any] = next((each.document for each in sections if each.source == "plan"), {})
    crs, head = at.store.crs, at.store.head()
    authority = crs.to_authority()
    name = at.store.name if asked.lang == "zh" else at.store.name_en or at.store.name
    made = Sheet(
        study=name,
        title=asked.title or (result.title[asked.lang] if result else word("sheet.map", asked.lang)),
        bounds=_bounds(tree, asked),
        crs=crs.name + (f" ({':'.join(authority)})" if authority else ""),
        drawn_on=datetime.now(UTC).date().isoformat(),
        version=word("sheet.version", asked.lang, tx=head),
        paper=asked.paper, lang=asked.lang, scale=asked.scale,
        sources=_sources(at), office=asked.office, review_number=asked.number or str(plan.get("review_number") or ""),
        lonlat=lambda x, y: _lonlat(crs, x, y),
        published=bool(plan.get("state") == "published" and plan.get("review_number")),
    )  # fmt: skip
    return replace(made, orientation=asked.orientation or larger(made))


def _bounds(tree: Tree, asked: Asked) -> Box:
    """Return what is to be seen, in the study's CRS."""
    boxes = [tree.snapshot(name).bounds for name in ("study_area", "communities", "blocks", "roads", "buildings")
             if name in tree.collections]  # fmt: skip
    boxes += [tree.snapshot(each.collection).bounds for each in tree.drawn.values()] if not any(boxes) else []
    found = next((each for each in boxes if each is not None), None)
    if found is None:
        raise _bad("nothing in this study has a place", "import tables with places first")
    if asked.bbox is not None:
        box = _box_m(tree.store.crs, asked.bbox)
        if not shapely.box(*box).intersects(shapely.box(*found)):
            raise _bad("bbox: the study lies elsewhere", f"its places are listed at {tree.at.base}/collections")
        return box
    west, south, east, north = found
    rim = 0.02 * max(east - west, north - south, 50.0)
    return west - rim, south - rim, east + rim, north + rim


def _box_m(crs: CRS, bbox: Sequence[float]) -> Box:
    """Return a box in degrees as one around it in the study's CRS."""
    if len(bbox) != 4 or not all(math.isfinite(each) for each in bbox):
        raise _bad("bbox: four numbers are needed", "give west,south,east,north in degrees")
    west, south, east, north = bbox
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise _bad("bbox: these are no west, south, east, north in degrees", "give them in this order")
    rim = shapely.get_coordinates(
        shapely.segmentize(shapely.box(west, south, east, north), (east - west) / 20 + (north - south) / 20)
    )
    x, y = reference(CRS84, crs, "bbox").to_study(rim[:, 0], rim[:, 1])
    found = float(np.min(x)), float(np.min(y)), float(np.max(x)), float(np.max(y))
    if not all(math.isfinite(each) for each in found) or max(found[2] - found[0], found[3] - found[1]) > WIDEST_M:
        raise _bad("bbox: this box is no part of the study's surroundings", "give a box around the study")
    return found


def _shown(tree: Tree, drawn: Drawn, extent: Box, lang: Lang) -> Shown | None:
    """Return what is to be drawn of a layer inside the map."""
    from layers.map_frame import Shown  # noqa: PLC0415 - as above

    snapshot = tree.snapshot(drawn.collection)
    layer, table = drawn.layer, snapshot.table
    positions = _seen(snapshot, layer, extent)
    if not len(positions):
        return None
    columns = {name: table[name] for name in table.column_names} | style_columns(snapshot.collection.frame, table)
    taken = {name: _taken(values, positions) for name, values in columns.items()
             if name in {layer.style.column, layer.strong, layer.label, "name", "name_en", "households"}}  # fmt: skip
    communities = not any(each.label_zh for each in layer.style.classes) and layer.style.kind == "categories"
    if drawn.colours:
        values: Sequence[Any] = [drawn.colours.get(snapshot.ids[each], 0) for each in positions]
    else:
        values = taken.get(layer.style.column, [None] * len(positions))
    classes = np.array([layer.style.class_of(value) for value in values], dtype=np.intp)
    strong = None
    if layer.strong in taken:
        strong = np.array([value is True or value == 1 for value in taken[layer.strong]], dtype=bool)
    names = _names(layer.label, taken, lang, len(positions))
    if layer.geometry == "point" and len(positions) > MOST_NAMED_POINTS:
        names = [""] * len(positions)
    sums = [word("page.households_unit", lang, n=f"{value:,.0f}") if value is not None else ""
            for value in taken.get("households", ())] if layer.table in GROUNDS or communities else []  # fmt: skip
    made = Shown(layer, snapshot.geometry[positions], classes, names, sums, strong, communities)
    return replace(made, names=(), road_names=_road_names(made, taken, extent, tree.store.crs, lang)) if (
        layer.table == "roads") else made  # fmt: skip


def _seen(snapshot: Snapshot, layer: Layer, extent: Box) -> npt.NDArray[np.intp]:
    """Return the positions of what can be seen on the map; of areas that are not filled only the outline can."""
    near = snapshot.within(extent)
    shapes, frame = snapshot.geometry[near], shapely.box(*extent)
    hollow = all(each.symbol.pattern == "none" for each in layer.style.classes)
    looked_at = np.where(shapely.get_dimensions(shapes) == 2, shapely.boundary(shapes), shapes) if hollow else shapes
    return near[shapely.intersects(looked_at, frame)]


def _taken(values: pa.ChunkedArray | pa.Array, positions: npt.NDArray[np.intp]) -> list[Any]:
    said: list[Any] = values.take(pa.array(positions)).to_pylist()
    return said


def _names(label: str, taken: Mapping[str, list[Any]], lang: Lang, count: int) -> list[str]:
    if not label:
        return [""] * count
    order = (
        (label,) if label not in ("name", "title_zh") else ("name", "name_en") if lang == "zh" else ("name_en", "name")
    )
    columns = [taken[each] for each in order if each in taken]
    return [next((str(value) for value in row if not is_missing(value)), "") for row in zip(*columns, strict=True)] if (
        columns) else [""] * count  # fmt: skip


def _road_names(
    shown: Shown,
    taken: Mapping[str, list[Any]],
    extent: Box,
    crs: CRS,
    lang: Lang,
) -> list[dict[str, Any]]:
    """Return where names of roads can be written inside the map."""
    import geopandas as gpd  # noqa: PLC0415 - as above

    from layers.features import road_labels  # noqa: PLC0415 - as above

    if "name" not in taken:
        return []
    inside = shapely.intersection(shown.shapes, shapely.box(*extent))
    columns = {name: taken[name] for name in ("name", "name_en", "road_group") if name in taken}
    frame = gpd.GeoDataFrame(columns, geometry=inside, crs=crs)
    frame = frame[shapely.length(inside) > 0]
    if frame.empty or frame["name"].isna().all():
        return []
    return [each | {"text": (each["name_en"] or each["name"]) if lang == "en" else each["name"]}
            for each in road_labels(frame)]  # fmt: skip


def _sources(at: Here) -> list[str]:
    """Return whom the study's data are from, as its imports noted it."""
    notes = whole(at.store).backend.about()["notes"]  # type: ignore[attr-defined]
    said = (note.get("attribution") for note in notes.values() if isinstance(note, Mapping))
    return sorted({str(each) for each in said if each})


def _lonlat(crs: CRS, x: float, y: float) -> tuple[float, float]:
    lon, lat = lonlat(crs, np.array([[x, y]]))
    return float(lon[0]), float(lat[0])


def _bad(what: str, remedy: str) -> BadRequestError:
    return BadRequestError(Fault(what, remedy))


def sheet_answer(at: Here, asked: Asked, *, kind: Literal["pdf", "png"]) -> Response:
    """Return a map sheet as an answer, which browsers show."""
    with at.server.part_or_new(Desk).taken():
        body = map_sheet(at, asked, kind=kind)
    name = quote(f"{at.study_id}-{asked.paper}.{kind}")
    headers = {"content-disposition": f"inline; filename*=UTF-8''{name}", "cache-control": "private, no-store"}
    return Response(body, media_type="application/pdf" if kind == "pdf" else "image/png", headers=headers)
