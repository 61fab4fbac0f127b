"""Answers with a file: a collection as the caller may see it, or a whole study, written aside and sent in pieces."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import numpy as np
from pyproj import CRS
from pyproj.exceptions import CRSError, ProjError
from starlette.responses import StreamingResponse

from api.errors import BadRequestError
from api.exports.collections import file_name, frame_of, geojson, styles_of, write_collections_gpkg
from api.exports.desk import ExportDesk
from api.features.answers import snapshot_for
from api.features.items import page_of
from api.features.query import read_query, single
from geo.errors import Fault

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy.typing as npt

    from api.deps import Here
    from api.features.query import Query
    from api.features.snapshot import Snapshot
    from layers.formats import Format
    from layers.formats.shapefile import Encoding
    from layers.words import Lang

PIECE = 256 * 1024
ITEMS = ("bbox", "bbox-crs", "datetime", "filter", "filter-lang", "filter-crs", "properties", "as_of")
"""What may be asked for as at /items; `crs` means the file's own."""
OPTIONS = ("f", "crs", "encoding", "lang")
DRAWN = frozenset({"gpkg", "dxf"})
"""Formats that hold how things are drawn."""
LONGLAT = frozenset({"EPSG:4326", "OGC:CRS84"})
_NAMED = re.compile(
    r"(?:urn:ogc:def:crs:|https?://www\.opengis\.net/def/crs/)?(?P<authority>EPSG|ESRI|OGC)(?::|::|/0/)(?P<code>\w{1,12})\Z",
    re.IGNORECASE,
)
"""EPSG:4490, its URN and its URI: nothing that PROJ would read a file by."""
GPKG = "application/geopackage+sqlite3"


def export_collection(
    at: Here, collection_id: str, pairs: Sequence[tuple[str, str]], *, kind: Format, crs: str | None,
    encoding: Encoding, lang: Lang,
) -> StreamingResponse:  # fmt: skip
    """Return a collection, or the part of it that is asked for, as a file.

    GeoJSON is written while it is sent, row by row; every other format into a file first.

    Raises
    ------
    NotFoundError
        When there is no such collection.
    BadRequestError
        When a parameter is unknown or wrong.
    InputError
        When the format cannot hold it.
    BusyError
        When too many exports are being written.
    """
    snapshot, query, positions = _asked(at, collection_id, pairs)
    properties, name = query.told.properties, file_name(collection_id)
    called = f"{at.study_id}-{name}"
    if kind == "geojson":
        _require_longlat(crs)
        text = geojson(snapshot, positions, query.told)
        return StreamingResponse(text, media_type="application/geo+json", headers=_headers(f"{called}.geojson"))
    from layers.formats import FORMATS, write_table  # noqa: PLC0415 - who only reads features loads no pandas

    with at.server.part_or_new(ExportDesk).taken(), aside() as folder:
        frame = _in(frame_of(snapshot, positions, properties, drawn=kind in DRAWN), crs)
        there = frame.columns
        styles = tuple(each for each in styles_of(at, snapshot) if not each.style.column or each.style.column in there)
        suffix, media_type = FORMATS[kind]
        path = folder / f"{name}.{suffix}"
        written = write_table(frame, name, path, kind=kind, styles=styles, encoding=encoding, lang=lang)
        return sent(folder, written.path, f"{called}.{suffix}", media_type, notes=written.notes)


def export_study(at: Here, *, lang: Lang) -> StreamingResponse:
    """Return every collection that the caller may see in one GeoPackage, drawn as on the map."""
    with at.server.part_or_new(ExportDesk).taken(), aside() as folder:
        path = folder / "study.gpkg"
        write_collections_gpkg(at, [*at.store.collections()], path, lang)
        return sent(folder, path, f"{at.study_id}.gpkg", GPKG)


def sent(
    folder: Path, path: Path, name: str, media_type: str, *, notes: Sequence[tuple[str, str]] = ()
) -> StreamingResponse:
    """Return a file in pieces; its folder is deleted when it has been sent, or the client has gone."""
    headers = _headers(name) | {"content-length": str(path.stat().st_size)}
    if notes:
        headers["x-shequ-notes"] = quote(" ".join(en for _, en in notes)[:2000])
    return StreamingResponse(_pieces(folder, path), media_type=media_type, headers=headers)


@contextmanager
def aside() -> Iterator[Path]:
    """Give an empty folder, which is deleted when the work in it fails; `sent` deletes it otherwise."""
    folder = Path(tempfile.mkdtemp(prefix="shequ-export-"))
    try:
        yield folder
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _headers(name: str) -> dict[str, str]:
    return {"content-disposition": f"attachment; filename*=UTF-8''{quote(name)}", "cache-control": "private, no-store"}


def _pieces(folder: Path, path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as opened:
            while piece := opened.read(PIECE):
                yield piece
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _asked(
    at: Here, collection_id: str, pairs: Sequence[tuple[str, str]]
) -> tuple[Snapshot, Query, npt.NDArray[np.intp]]:
    """Return the collection, what is asked of it, and the positions of the features that are."""
    now = snapshot_for(at, collection_id)
    kinds = {"id": "text"} | {column.name: column.kind for column in now.collection.columns}
    given = single(pairs, (*ITEMS, *OPTIONS), [*kinds])
    asked = {name: value for name, value in given.items() if name not in OPTIONS}
    query = read_query(asked, at.store, kinds, max(len(now), 1))
    snapshot = now if query.told.as_of is None else snapshot_for(at, collection_id, query.told.as_of)
    everything = replace(query, limit=max(len(snapshot), 1), after=None)
    return snapshot, query, page_of(snapshot, everything).positions


def _require_longlat(crs: str | None) -> None:
    if crs is not None and crs.upper() not in LONGLAT:
        raise BadRequestError(Fault(f"crs: GeoJSON is in longitude and latitude, not in {crs[:60]}",
                                    "leave crs out, or take gpkg, fgb or shp"))  # fmt: skip


def _in(frame: gpd.GeoDataFrame, crs: str | None) -> gpd.GeoDataFrame:
    if crs is None:
        return frame
    named = _NAMED.match(crs)
    try:
        target = CRS.from_authority(named["authority"].upper(), named["code"]) if named else None
    except CRSError:
        target = None
    if target is None:
        raise BadRequestError(Fault(f"crs: there is no CRS {crs[:60]}", "name it like EPSG:4490"))
    if len(target.axis_info) != 2:
        raise BadRequestError(Fault(f"crs: {crs[:60]} is not one of maps", "name one of two axes, like EPSG:4490"))
    if not hasattr(frame, "to_crs"):
        return frame
    try:
        moved = frame.to_crs(target)
    except ProjError as error:
        raise _elsewhere(crs) from error
    if not np.isfinite(moved.total_bounds[~np.isnan(frame.total_bounds)]).all():
        raise _elsewhere(crs)
    return moved


def _elsewhere(crs: str) -> BadRequestError:
    return BadRequestError(Fault(f"crs: {crs[:60]} is not made for where the study lies",
                                 "leave crs out, or name one of its country, like EPSG:4490"))  # fmt: skip
