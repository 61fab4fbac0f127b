"""Where layers lie: which CRS each is in, which one the study gets, and whether the coordinates can be that."""

import math
from collections.abc import Sequence
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS, Transformer

from geo.crs import STRETCH_ALLOWED, bounds_in, is_metric, parse_crs, pick_metric_crs, stretch
from geo.errors import Fault, InputError
from geo.ingest.columns import Draft
from geo.ingest.mend import mend
from geo.schema import TABLES, check
from geo.study import Repair

_DEGREES = CRS.from_epsg(4326)
_WORLD_MAPS = (3857, 3395)
_FARTHEST = 1e8
"""No coordinate of any map on Earth, in degrees, metres or feet, reaches this."""
_STRETCH_BELIEVED = 0.05
"""Coordinates at which a metre is further off than this are not the CRS they claim, Web Mercator apart."""


def in_metres(
    drafts: Sequence[Draft], *, given: str | None, of_study: str | None
) -> tuple[list[Draft], CRS, str, list[Repair], list[Fault]]:
    """Bring every draft into one metric CRS, mend it, and hold it against its table's contract.

    Parameters
    ----------
    drafts
        Rows as read, in their sources' coordinates.
    given, of_study
        What the user wrote, and what the mapping's `[study]` says; the user's word wins. It is the study's CRS, and
        that of layers that state none.

    Returns
    -------
    tuple
        The drafts in metres, the CRS, why it was chosen, the repairs that say what was assumed, and every fault.
    """
    faults = [fault for draft in drafts for fault in draft.faults]
    repairs: list[Repair] = []
    chosen, silent, more = _wished(given, of_study)
    faults += more
    placed: list[Draft] = []
    for draft in drafts:
        try:
            own, said = _source_crs(draft, silent)
            _require_sane(draft, own)
        except InputError as error:
            faults += error.faults
            continue
        placed.append(replace(draft, crs=own, frame=draft.frame.set_crs(own, allow_override=True)))
        repairs += said
    if not placed:
        return [], chosen or _DEGREES, "", repairs, faults
    if chosen is None and silent is not None and not more and all(draft.stated or draft.written for draft in placed):
        what = f"the crs given, {_name_of(silent)}, is in degrees; a study is in metres, and every layer states its own"
        faults.append(Fault(what, "leave it out, or choose a metric one, e.g. EPSG:4549 (CGCS2000, 120 degrees east)"))
    try:
        target, why = (chosen, "given") if chosen is not None else _pick(placed)
    except InputError as error:
        return [], _DEGREES, "", repairs, [*faults, *error.faults]
    off = _worst_stretch(placed, target)
    if off > STRETCH_ALLOWED:
        how = f"is off by {off:.0%}" if math.isfinite(off) else "means nothing"
        faults.append(
            Fault(
                f"a metre of {_name_of(target)} {how} at this place",
                f"choose {_name_of(_pick_by_place(placed))}, or leave the CRS out",
            )
        )
    done = []
    for draft in placed:
        moved = replace(draft, frame=draft.frame.to_crs(target), crs=target)
        lost = _lost_rows(moved.frame)
        if len(lost):
            what = f"{len(lost)} rows lie so far away that they cannot be brought into {_name_of(target)}"
            faults.append(draft.fault(what, "correct or delete them", lost))
            continue
        mended = mend(moved)
        faults += _contract_faults(mended)
        done.append(mended)
    return done, target, why, repairs, faults


def _wished(given: str | None, of_study: str | None) -> tuple[CRS | None, CRS | None, list[Fault]]:
    """Return the CRS wished for the study, that of layers that state none, and faults."""
    text, where = (given, "the crs given") if given is not None else (of_study, "crs of [study]")
    if text is None:
        return None, None, []
    try:
        wished = parse_crs(text, where=where)
    except InputError as error:
        return None, None, list(error.faults)
    if is_metric(wished):
        return wished, wished, []
    if wished.is_geographic and given is not None:
        return None, wished, []
    remedy = "choose a metric one, e.g. EPSG:4549 (CGCS2000, 120 degrees east), or leave it out"
    return None, wished, [Fault(f"{where}, {_name_of(wished)}, is not in metres", remedy)]


def _lost_rows(frame: gpd.GeoDataFrame) -> pd.Index:
    """Return the rows with a vertex that is not a number of metres."""
    vertices, rows = shapely.get_coordinates(frame.geometry.values, return_index=True)
    return frame.index[np.unique(rows[~np.isfinite(vertices).all(axis=1)])]


def _source_crs(draft: Draft, silent: CRS | None) -> tuple[CRS, list[Repair]]:
    """Return the CRS a layer is in: what it states, what the mapping says, what the user assumes; never a guess."""
    written = parse_crs(draft.written, where="the mapping's crs") if draft.written else None
    if draft.stated and draft.crs is not None:
        if written is not None and not written.equals(draft.crs, ignore_axis_order=True):
            raise InputError(
                draft.fault(
                    f"the file states {_name_of(draft.crs)}, the mapping says {_name_of(written)}",
                    "leave crs out of the mapping, or correct the file (in QGIS: set the layer's CRS, export it)",
                )
            )
        return draft.crs, []
    if written is not None:
        return written, []
    bounds = draft.frame.total_bounds
    if draft.crs is not None and _like_degrees(bounds):
        return draft.crs, []
    if silent is not None:
        detail = f"layer {draft.layer} states no coordinate system; taken to be in {_name_of(silent)}"
        detail_zh = f"图层 {draft.layer} 未说明坐标系,按 {_name_of(silent)} 处理"
        return silent, [Repair(draft.table, "", "assumed", "crs_assumed", detail, detail_zh)]
    raise InputError(
        draft.fault(
            "the layer states no coordinate reference system",
            f"say which one it is in (--crs, or crs in the mapping); {_hint(bounds)}",
        )
    )


def _require_sane(draft: Draft, crs: CRS) -> None:
    """Refuse coordinates that cannot be what the CRS says: metres called degrees, degrees called metres, infinities."""
    shapes = draft.frame.geometry
    there = (shapes.notna() & ~shapes.is_empty).to_numpy()
    vertices, rows = shapely.get_coordinates(shapes.values, return_index=True)
    broken = np.zeros(len(shapes), dtype=bool)
    broken[rows[~(np.abs(vertices) < _FARTHEST).all(axis=1)]] = True  # not below: NaN is broken too
    if broken.any():
        what = f"{int(broken.sum())} rows have coordinates that are nowhere (infinite, undefined or beyond the Earth)"
        raise InputError(draft.fault(what, "correct or delete them", draft.frame.index[broken]))
    if not there.any():
        return
    bounds = draft.frame.total_bounds
    spread = f"x {bounds[0]:.6g} to {bounds[2]:.6g}, y {bounds[1]:.6g} to {bounds[3]:.6g}"
    what = ""
    if crs.is_geographic and not _like_degrees(bounds):
        what = f"the layer says degrees, {_name_of(crs)}, but its coordinates are {spread}"
    elif crs.is_projected and _like_degrees(bounds):
        what = f"the layer says metres, {_name_of(crs)}, but its coordinates are {spread}"
    elif crs.is_projected and crs.to_epsg() not in _WORLD_MAPS:
        off = stretch(crs, bounds)
        if not off <= _STRETCH_BELIEVED:
            what = f"the coordinates {spread} lie far outside {_name_of(crs)}"
    if what:
        raise InputError(draft.fault(what, f"give it the coordinate system it is really in; {_hint(bounds)}"))


def _like_degrees(bounds: Sequence[float]) -> bool:
    west, south, east, north = bounds
    return bool(-180.001 <= west <= east <= 180.001 and -90.001 <= south <= north <= 90.001)


def _hint(bounds: Sequence[float]) -> str:
    """Return what the size of coordinates suggests; a suggestion to the user, never acted upon."""
    x, y = (bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2
    zone = int(x // 1_000_000) if math.isfinite(x) else 0
    if _like_degrees(bounds):
        return "they look like degrees, e.g. EPSG:4490 (CGCS2000) or EPSG:4326 (WGS 84)"
    if 25 <= zone <= 45:
        return f"they begin with {zone}, as in CGCS2000 3-degree zone {zone}, EPSG:{4513 + zone - 25}"
    if 13 <= zone <= 23:
        return f"they begin with {zone}, as in CGCS2000 6-degree zone {zone}, EPSG:{4491 + zone - 13}"
    if 100_000 <= x < 1_000_000 and 1_500_000 <= y <= 6_000_000:
        return "they look like a Gauss-Kruger zone without prefix, e.g. EPSG:4549 (CGCS2000, 120 degrees east)"
    return "ask whoever made it"


def _name_of(crs: CRS) -> str:
    code = crs.to_epsg()
    return f"EPSG:{code} ({crs.name})" if code else crs.name


def _lonlat_bounds(drafts: Sequence[Draft]) -> tuple[float, float, float, float]:
    """Return west, south, east, north [degrees] of the table that says best where the town is."""
    for table in ("study_area", "communities", "roads", *TABLES):
        boxes = [
            bounds_in(draft.frame.total_bounds, draft.crs, _DEGREES)
            for draft in drafts
            if draft.table == table and draft.crs is not None and np.isfinite(draft.frame.total_bounds).all()
        ]
        if boxes:
            sides = np.array(boxes)
            return (*(float(v) for v in sides[:, :2].min(axis=0)), *(float(v) for v in sides[:, 2:].max(axis=0)))  # type: ignore[return-value]
    raise InputError(Fault("no layer has any geometry", "export the layers again, with their geometry"))


def _pick_by_place(drafts: Sequence[Draft]) -> CRS:
    return pick_metric_crs(_lonlat_bounds(drafts))


def _worst_stretch(drafts: Sequence[Draft], crs: CRS) -> float:
    west, south, east, north = _lonlat_bounds(drafts)
    lon, lat = (west + east) / 2, (south + north) / 2
    x, y = Transformer.from_crs(_DEGREES, crs, always_xy=True).transform(lon, lat)
    return stretch(crs, (x, y, x, y)) if math.isfinite(x) and math.isfinite(y) else math.inf


def _pick(drafts: Sequence[Draft]) -> tuple[CRS, str]:
    """Return the metric CRS all sources share, else the one of the place, and why."""
    first = drafts[0].crs
    shared = first is not None and is_metric(first) and all(draft.crs == first for draft in drafts)
    if first is not None and shared and _worst_stretch(drafts, first) <= STRETCH_ALLOWED:
        return first, "all layers are in it already"
    picked = _pick_by_place(drafts)
    west, south, east, north = _lonlat_bounds(drafts)
    return picked, f"the zone of longitude {(west + east) / 2:.3f}, latitude {(south + north) / 2:.3f}"


def _contract_faults(draft: Draft) -> list[Fault]:
    """Return how the mended rows break their table's contract, with file and layer, leaving out what is known."""
    if not len(draft.frame):
        nothing_meant = draft.how == "tags" and not draft.rows_used
        return [] if nothing_meant else [draft.fault("no row with a usable geometry is left", "export the layer again")]
    out = []
    for column in TABLES[draft.table].columns:
        if column.kind == "flag" and column.name in draft.frame.columns:
            odd = draft.frame[column.name].map(lambda value: isinstance(value, str)).astype(bool)
            if odd.any():
                some = draft.frame[column.name][odd].iloc[0]
                what = f"column {column.name} holds {some!r} where yes or no is needed"
                remedy = f"write true or false, or translate it in the mapping's values.{column.name}"
                out.append(draft.fault(what, remedy, draft.frame.index[odd]))
    known = tuple(start for name in draft.settled for start in (f"column {name} ", f"{name} is not unique"))
    found = (fault for fault in check(draft.frame, draft.table) if not fault.what.startswith(known))
    return [*out, *(replace(fault, file=draft.file, layer=draft.layer) for fault in found)]
