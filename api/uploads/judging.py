"""What is in a file from outside, and whether it can be used: looked at in a process that can do nothing else.

Every refusal says where (file, layer, rows) and what to do. What is told of a good file is what a planner needs to say
which layer and column is which: layers, columns, coordinate systems, counts, where it lies, and what import would mend.
"""

import math
import mmap
import re
import sqlite3
import tomllib
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pyogrio
import pyogrio.raw
import rasterio
import shapely
from pyproj import CRS
from pyproj.exceptions import ProjError
from python_calamine import CalamineError, CalamineWorkbook, PasswordError

from api.bodies import read_json
from api.errors import TooLargeError, fault_told
from api.uploads.archives import require_plain_book, unpack_shapefile
from api.uploads.kinds import FORMATS, Format, recognise
from api.uploads.limits import Limits
from geo.crs import bounds_in
from geo.errors import Fault, InputError
from geo.ingest.formats import open_file
from geo.ingest.grids import check_raster, raster_kind
from geo.ingest.mapping import IMPORTABLE, load_mapping
from geo.ingest.osm import is_tagged
from geo.ingest.source import Layer, SourceFile
from geo.partition.plan import Plan
from geo.schema import TABLES
from geo.survey.forms import META_SHEET

_FARTHEST = 1e8
"""No coordinate of any map on Earth, in degrees, metres or feet, reaches this."""
_SHOWN_ROWS = 20
_SHOWN_NAMES = 20
_GPKG_TRIGGERS = re.compile(r"^(rtree_|trigger_|gpkg_|fgs_|ggm_)", re.IGNORECASE)
_WRITES = re.compile(r"\b(insert|update|delete|replace|attach|load_extension|create|drop)\b\s*[\w(\"]", re.IGNORECASE)
_CRS_NAME = re.compile(
    r"urn:(x-)?ogc:def:crs:(EPSG|OGC):[\w.]*:\w+|(EPSG|OGC|CRS):\w+|https?://www\.opengis\.net/def/crs/(EPSG|OGC)/[\w.]+/\w+",
    re.IGNORECASE,
)
_MODULES = re.compile(r"^\s*create\s+virtual\s+table\s+.+?\busing\s+(\w+)", re.IGNORECASE | re.DOTALL)
_NOT_SOUND = "mend them in QGIS (Fix geometries), or upload with mend=true: import mends them and lists how"


def judge(path: Path, limits: Limits, *, mend: bool) -> dict[str, Any]:
    """Return what is in a file.

    Parameters
    ----------
    path
        The file, alone in its folder, under its own name.
    limits
    mend
        Shapes that cross themselves are told, not refused: import mends them.

    Raises
    ------
    WrongTypeError
        When files of that ending are not read.
    TooLargeError
        When it has more than the limits allow.
    InputError
        With everything that is wrong with it.
    """
    form = recognise(path)
    if form.name in ("GeoJSON", "JSON"):
        form = _json_format(path, form, limits)
    told: dict[str, Any] = {"format": form.name, "kind": form.kind, "media_type": form.media_type, "layers": []}
    match form.kind:
        case "vector" | "osm":
            return told | _vector(path, form, limits, mend=mend)
        case "raster":
            return told | _raster(path, limits)
        case "workbook":
            return told | _book(path, limits)
        case "list":
            return told | _list(path, limits)
        case "mapping":
            return told | _mapping(path, limits)
        case "plan":
            return told
    raise AssertionError(form.kind)


def _refuse(path: Path, what: str, remedy: str, layer: str | None = None, rows: Sequence[object] = ()) -> InputError:
    return InputError(Fault(what, remedy, file=path.name, layer=layer, ids=tuple(str(row) for row in rows)))


def _require_size(path: Path, most: int, what: str, remedy: str) -> None:
    size = path.stat().st_size
    if size > most:
        raise TooLargeError(f"{path.name}: {what} of {size / 1e6:,.0f} MB is too large; at most {most / 1e6:,.0f} MB "
                            "are read", remedy)  # fmt: skip


# ── text ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def _json_format(path: Path, form: Format, limits: Limits) -> Format:
    """Return whether JSON is GeoJSON or a plan, after looking at all of it; refuse what is unsound."""
    _require_size(path, limits.json_bytes, f"a {form.name} file", "save it as a GeoPackage (.gpkg)")
    content = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    made = _placed(path, lambda: read_json(content, what="the file", most_bytes=limits.json_bytes,
                                           most_values=limits.json_values))  # fmt: skip
    kind = made.get("type")
    if kind in ("FeatureCollection", "Feature"):
        _require_geojson(path, made)
        return FORMATS[".geojson"]
    if form.name == "GeoJSON" or isinstance(kind, str):
        raise _refuse(path, f"the file is no GeoJSON: its type is {str(kind)[:40]!r}, not 'FeatureCollection'",
                      "export it again as GeoJSON")  # fmt: skip
    _placed(path, lambda: Plan.from_json(content))
    return FORMATS[".json"]


def _placed(path: Path, work: Any) -> Any:  # noqa: ANN401 - whatever it makes
    """Return what `work` makes; what it refuses is said of this file."""
    try:
        return work()
    except InputError as error:
        raise InputError([replace(each, file=each.file or path.name) for each in error.faults]) from error


def _require_geojson(path: Path, made: Mapping[str, Any]) -> None:
    """Refuse GeoJSON whose shapes are none, row by row; and a coordinate system that is an address."""
    crs = made.get("crs")
    if crs is not None and (not isinstance(crs, Mapping) or crs.get("type") != "name"):
        raise _refuse(path, "its crs is no name but a link or something else; links are not followed",
                      'write {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4490"}}')  # fmt: skip
    named = crs["properties"].get("name") if crs is not None and isinstance(crs.get("properties"), Mapping) else None
    if crs is not None and not (isinstance(named, str) and _CRS_NAME.fullmatch(named)):
        raise _refuse(path, f"its crs is named {_short(named)!r}, which is no coordinate reference system",
                      "name it like urn:ogc:def:crs:EPSG::4490, or leave crs out where it is in degrees of WGS 84"
                      )  # fmt: skip
    features = made.get("features") if made["type"] == "FeatureCollection" else [made]
    if not isinstance(features, list):
        raise _refuse(path, "features is no array", "export it again as GeoJSON")
    wrong: dict[str, list[int]] = {}
    for row, feature in enumerate(features):
        what = _feature_fault(feature)
        if what:
            wrong.setdefault(what, []).append(row)
    if wrong:
        raise InputError([
            Fault(f"{what}, {len(rows)} rows", "correct them, or export the layer again", file=path.name,
                  layer=path.stem, ids=tuple(str(row) for row in rows[:_SHOWN_ROWS]))
            for what, rows in list(wrong.items())[:20]
        ])  # fmt: skip


_DEPTHS = {"Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}


def _feature_fault(feature: object) -> str:
    """Return what is wrong with a feature; '' for nothing."""
    if not isinstance(feature, Mapping) or feature.get("type") != "Feature":
        return "there are members of features that are no Feature"
    properties, shape = feature.get("properties"), feature.get("geometry")
    if properties is not None and not isinstance(properties, Mapping):
        return "there are properties that are no object"
    if shape is None:
        return ""
    if not isinstance(shape, Mapping):
        return "there are geometries that are no object"
    kind = shape.get("type")
    if kind == "GeometryCollection":
        return "there are collections of geometries, which no table holds"
    if kind not in _DEPTHS:
        return f"there are geometries of the unknown type {str(kind)[:40]!r}"
    return _coordinates_fault(shape.get("coordinates"), _DEPTHS[kind], kind)


def _coordinates_fault(given: object, depth: int, kind: str) -> str:
    level = [given]
    for step in range(depth):
        if not all(isinstance(each, list) for each in level):
            return f"there are coordinates of a {kind} that are no arrays"
        if depth - step == 1 and kind.endswith(("Polygon", "LineString")):
            least, word = (4, "rings") if kind.endswith("Polygon") else (2, "lines")
            for each in level:
                if 0 < len(each) < least:  # type: ignore[arg-type]
                    return f"there are {word} of fewer than {least} positions"
                if word == "rings" and each and each[0] != each[-1]:  # type: ignore[index]
                    return "there are rings that are not closed"
        level = [one for each in level for one in each]  # type: ignore[attr-defined]
    for position in level:
        if not isinstance(position, list) or (len(position) < 2 and (position or depth)):
            return "there are positions that are no two numbers"
        if any(isinstance(number, bool) or not isinstance(number, int | float) for number in position):
            return "there are positions that are no two numbers"
        if any(not abs(number) < _FARTHEST for number in position[:2]):
            return "there are coordinates that are nowhere (infinite, undefined or beyond the Earth)"
    return ""


def _text(path: Path, limits: Limits, most: int) -> tuple[str, str]:
    """Return a text and its encoding, UTF-8 or GB18030."""
    _require_size(path, min(most, limits.text_bytes), "a text", "leave out what is not wanted")
    content = path.read_bytes()
    if b"\x00" in content:
        raise _refuse(path, "the text holds zero bytes: it is UTF-16, or no text", "save it as UTF-8 text")
    for encoding in ("utf-8-sig", "gb18030"):
        with suppress(UnicodeDecodeError):
            return content.decode(encoding), encoding
    raise _refuse(path, "the text is neither UTF-8 nor GB18030 throughout", "save it as UTF-8 text")


def _list(path: Path, limits: Limits) -> dict[str, Any]:
    text, encoding = _text(path, limits, 32_000_000)
    first = text.partition("\n")[0]
    divider = max(",;\t", key=first.count)
    names = [each.strip(' "\r') for each in first.split(divider)]
    if len(names) > limits.columns:
        raise _refuse(path, f"the list has {len(names):,} columns", f"keep at most {limits.columns}")
    rows = max(text.count("\n") + (not text.endswith("\n")) - 1, 0)
    columns = [{"name": _short(name)} for name in names]
    return {"layers": [{"name": path.stem, "rows": rows, "columns": columns, "encoding": encoding}]}


def _mapping(path: Path, limits: Limits) -> dict[str, Any]:
    text, _ = _text(path, limits, 1_000_000)
    if _nested(text) > 32:
        raise _refuse(path, "the file is nested too deeply", "write it as in docs/import.md")
    try:
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise _refuse(path, f"this is not TOML: {str(error)[:160]}", "correct that place; text stands in quotes"
                      ) from error  # fmt: skip
    told: dict[str, Any] = {"sections": sorted(_short(name) for name in content)[:_SHOWN_NAMES]}
    if "source" in content or "rasters" in content:
        read = load_mapping(path)
        named = {each.file for each in read.source} | {read.rasters.population, read.rasters.dem} - {None}
        odd = sorted(str(each) for each in named if Path(str(each)).name != each)
        if odd:
            raise _refuse(path, f"the mapping names files in folders: {', '.join(odd[:5])}",
                          "name files without folders; they are uploaded beside it")  # fmt: skip
        told["files"] = sorted(str(each) for each in named)
    return told


def _nested(text: str) -> int:
    deepest = depth = 0
    for sign in text:
        depth += (sign in "[{") - (sign in "]}")
        deepest = max(deepest, depth)
    return deepest


# ── workbooks ────────────────────────────────────────────────────────────────────────────────────────────────────────
def _book(path: Path, limits: Limits) -> dict[str, Any]:
    _require_size(path, 32_000_000, "a workbook", "leave out sheets that are not wanted")
    require_plain_book(path, limits)
    try:
        with CalamineWorkbook.from_path(path) as book:
            names = list(book.sheet_names)
            layers = []
            for name in names[: limits.layers]:
                sheet = book.get_sheet_by_name(name)
                rows = sheet.to_python(skip_empty_area=False, nrows=1)
                heading = [_short(cell) for cell in (rows[0] if rows else [])[: limits.columns]]
                layers.append({"name": _short(name), "rows": max(int(sheet.total_height) - 1, 0),
                               "columns": [{"name": each} for each in heading if each]})  # fmt: skip
    except PasswordError as error:
        raise _refuse(path, "the workbook is locked with a password", "save it without one") from error
    except (CalamineError, OSError, EOFError, KeyError, RuntimeError, ValueError) as error:
        raise _refuse(path, f"the workbook is damaged ({_line(error)})", "save it again as .xlsx") from error
    return {"layers": layers, "survey": META_SHEET in names}


# ── rasters ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def _raster(path: Path, limits: Limits) -> dict[str, Any]:
    crs = check_raster(path)
    try:
        with rasterio.open(path, driver="GTiff") as source:
            wide, high = source.width, source.height
            block = max(a * b for a, b in source.block_shapes)
            bounds, kind = tuple(float(side) for side in source.bounds), source.dtypes[0]
            if wide * high > limits.cells or block > limits.cells // 10:
                raise _refuse(path, f"the raster has {wide:,} × {high:,} cells, more than {limits.cells:,}, or is not "
                              "tiled", "cut it to the town")  # fmt: skip
            for row, column in ((0, 0), (high - 1, wide - 1)):  # cut short, damaged: the last cell tells
                source.read(1, window=rasterio.windows.Window(column, row, 1, 1))
    except rasterio.errors.RasterioError as error:
        raise _refuse(path, f"the raster is damaged or cut short ({_line(error)})", "copy or export it again"
                      ) from error  # fmt: skip
    if not all(abs(side) < _FARTHEST for side in bounds):
        raise _refuse(path, "the raster lies nowhere on Earth", "export it again with its place")
    layer = {"name": path.stem, "width": wide, "height": high, "cell": kind, "crs": _crs(crs),
             "bbox": _bbox(crs, bounds), "bounds": list(bounds), "means": raster_kind(path)}  # fmt: skip
    return {"layers": [layer]}


# ── vector files ─────────────────────────────────────────────────────────────────────────────────────────────────────
def _vector(path: Path, form: Format, limits: Limits, *, mend: bool) -> dict[str, Any]:
    source, inner = opened(path, form, limits)
    _require_counts(inner, form, source, limits)
    layers: list[dict[str, Any]] = []
    faults: list[Fault] = []
    for name in source.layers:
        try:
            layer = source.read(name, None)
        except InputError as error:
            faults += _rows_of(error, path, inner, None if form.name == "zipped shapefile" else name)
            continue
        except (ValueError, ArithmeticError, LookupError, TypeError, RuntimeError) as error:
            faults.append(Fault(f"the layer cannot be read ({_line(error)})", "export it again", file=path.name,
                                layer=name))  # fmt: skip
            continue
        told, wrong = _layer(path, layer, limits, mend=mend)
        layers.append(told)
        faults += wrong
    if faults:
        raise InputError(faults[:50])
    skipped = [{"name": _short(name), "why": why} for name, why in source.skipped.items()]
    return {"layers": layers, "skipped": skipped[: limits.layers]}


def opened(path: Path, form: Format, limits: Limits) -> tuple[SourceFile, Path]:
    """Open a vector file with geo's reader; return it, and the path that GDAL opens."""
    inner = path
    if form.name == "zipped shapefile":
        inner = unpack_shapefile(path, path.parent / "unpacked", limits)
        source = replace(open_file(inner), file=path.name)
    else:
        _before(path, form, limits)
        try:
            source = open_file(path)
        except (RuntimeError, ValueError, OSError) as error:
            raise _refuse(path, f"the file is damaged ({_line(error)})", "export or copy it again") from error
    if len(source.layers) > limits.layers:
        raise TooLargeError(f"{path.name} has {len(source.layers):,} layers; at most {limits.layers} are read",
                            "leave out what is not wanted")  # fmt: skip
    if not source.layers:
        raise _refuse(path, "the file has no layer with shapes", "export the layers again, with their geometry")
    return source, inner


def _before(path: Path, form: Format, limits: Limits) -> None:
    """Look at what a format could hide, before its reader does."""
    if form.name == "GeoPackage":
        _require_plain_database(path)
    elif form.name == "GeoParquet":
        try:
            meta = pq.read_metadata(path)
        except (OSError, ValueError, KeyError) as error:
            raise _refuse(path, f"the Parquet file is damaged ({_line(error)})", "copy or export it again") from error
        whole = sum(meta.row_group(i).total_byte_size for i in range(min(meta.num_row_groups, 10_000)))
        if whole > limits.unpacked_bytes or meta.num_rows > limits.rows or meta.num_columns > limits.columns:
            raise TooLargeError(f"{path.name} holds {meta.num_rows:,} rows of {meta.num_columns} columns, "
                                f"{whole / 1e6:,.0f} MB unpacked", "cut the data to the town first")  # fmt: skip
    elif form.name == "OpenStreetMap XML":
        _require_size(path, limits.text_bytes, "an .osm file", "give it as .osm.pbf")
        with path.open("rb") as text, mmap.mmap(text.fileno(), 0, access=mmap.ACCESS_READ) as seen:
            if seen.find(b"<!DOCTYPE") >= 0 or seen.find(b"<!ENTITY") >= 0:
                raise _refuse(path, "the file defines entities, which no extract does", "export it again")


def _require_plain_database(path: Path) -> None:
    """Refuse a GeoPackage with views, code of its own in triggers, or tables that are kept elsewhere."""
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as db:
            db.execute("PRAGMA trusted_schema = OFF")
            db.execute("PRAGMA cell_size_check = ON")
            made = db.execute("SELECT type, name, sql FROM sqlite_master LIMIT 20000").fetchall()
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise _refuse(path, f"the GeoPackage is damaged ({_line(error)})", "copy or export it again") from error
    odd = []
    for kind, name, text in made:
        module = _MODULES.match(str(text or ""))
        if kind == "view":
            odd.append(f"the view {_short(name)}")
        elif kind == "trigger" and not (_GPKG_TRIGGERS.match(str(name)) or _only_refuses(str(text))):
            odd.append(f"the trigger {_short(name)}")
        elif module and not module[1].lower().startswith("rtree"):
            odd.append(f"the virtual table {_short(name)} ({_short(module[1])})")
    if odd:
        raise _refuse(path, f"the GeoPackage holds what is no plain layer: {', '.join(odd[:8])}",
                      "export the layers into a new GeoPackage")  # fmt: skip


def _only_refuses(text: str) -> bool:
    """Tell whether a trigger does nothing but refuse rows, as those of tile tables do."""
    body = re.split(r"\bbegin\b", text, maxsplit=1, flags=re.IGNORECASE)[-1]
    return "raise" in body.lower() and not _WRITES.search(body)


def _require_counts(inner: Path, form: Format, source: SourceFile, limits: Limits) -> None:
    """Refuse too many rows or columns by what GDAL says of them, before they are read."""
    if form.kind == "osm" or form.name == "GeoParquet":
        return
    for name in source.layers:
        only = name if form.name == "GeoPackage" else None
        try:
            info = pyogrio.read_info(inner, layer=only, encoding="ISO-8859-1" if inner.suffix == ".shp" else None)
        except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, UnicodeDecodeError, ValueError,
                pyogrio.errors.CRSError):  # fmt: skip
            continue  # reading says it better
        if info["features"] > limits.rows or len(info["fields"]) > limits.columns:
            raise TooLargeError(f"{source.file}: layer {name} has {info['features']:,} rows of {len(info['fields'])} "
                                f"columns; at most {limits.rows:,} of {limits.columns} are read",
                                "cut the data to the town first")  # fmt: skip


def _rows_of(error: InputError, path: Path, inner: Path, layer: str | None) -> list[Fault]:
    """Return the faults of a layer that could not be read, with the rows whose shapes are none where that is why."""
    faults = [replace(each, file=path.name) for each in error.faults]
    if not any("cannot be read" in each.what for each in error.faults):
        return faults
    try:
        _, _, shapes, _ = pyogrio.raw.read(inner, layer=layer if inner.suffix == ".gpkg" else None, columns=[])
        made = shapely.from_wkb(shapes, on_invalid="ignore")
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, pyogrio.errors.FeatureError, ValueError,
            shapely.errors.ShapelyError, pyogrio.errors.CRSError):  # fmt: skip
        return faults
    rows = np.flatnonzero([each is not None for each in shapes] & np.array([each is None for each in made]))
    if not len(rows):
        return faults
    return [Fault(f"{len(rows)} rows have shapes that are none: rings are not closed or have too few points",
                  "mend them in QGIS (Fix geometries), and export the layer again", file=path.name, layer=layer,
                  ids=tuple(str(row) for row in rows[:_SHOWN_ROWS]))]  # fmt: skip


def _layer(path: Path, layer: Layer, limits: Limits, *, mend: bool) -> tuple[dict[str, Any], list[Fault]]:
    """Return what a layer holds, and what is wrong with it."""
    frame = layer.frame
    shapes = np.asarray(frame.geometry.values)
    if len(frame) > limits.rows or int(shapely.get_num_coordinates(shapes).sum()) > limits.positions:
        raise TooLargeError(f"{path.name}: layer {layer.name} has {len(frame):,} rows, or too many vertices",
                            "cut the data to the town first")  # fmt: skip
    faults = _shape_faults(path, layer, shapes)
    notes: list[dict[str, Any]] = []
    if not faults:
        unsound = _unsound(path, layer, shapes)
        if unsound and not mend:
            faults += unsound
        notes += [fault_told(each) for each in unsound]
    kinds, counts = np.unique([each.geom_type for each in shapes if each is not None], return_counts=True)
    there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    bounds = [float(side) for side in shapely.total_bounds(shapes[there])] if there.any() else []
    names = [each for each in frame.columns if each != frame.geometry.name]
    told = {
        "name": _short(layer.name), "rows": len(frame), "without_shape": int((~there).sum()),
        "shapes": {str(kind): int(count) for kind, count in zip(kinds, counts, strict=True)},
        "crs": _crs(layer.crs) | {"stated": layer.stated}, "bounds": bounds if not faults else [],
        "bbox": _bbox(layer.crs, bounds) if layer.crs is not None and bounds and not faults else None,
        "columns": [_column(frame, name) for name in names[: limits.columns]],
        "fits": _fits(layer, {str(name) for name in names}), "tagged": is_tagged(layer),
        "repairs": [{"action": each.action, "code": each.code, "detail": each.detail, "detail_zh": each.detail_zh}
                    for each in layer.repairs[:_SHOWN_ROWS]],
        "faults": notes,
    }  # fmt: skip
    return told, faults


def _shape_faults(path: Path, layer: Layer, shapes: np.ndarray) -> list[Fault]:
    """Return coordinates that are nowhere: not finite, beyond the Earth, or no degrees where degrees are said."""
    positions, rows = shapely.get_coordinates(shapes, return_index=True)
    with np.errstate(invalid="ignore"):
        off = ~(np.abs(positions) < _FARTHEST).all(axis=1)
        what = "coordinates that are nowhere (infinite, undefined or beyond the Earth)"
        if not off.any() and layer.crs is not None and layer.crs.is_geographic:
            off = (np.abs(positions[:, 0]) > 180.001) | (np.abs(positions[:, 1]) > 90.001)
            what = f"coordinates that are no degrees, though the layer is in {layer.crs.name}"
    if not off.any():
        return []
    wrong = np.unique(rows[off])
    at = positions[int(np.flatnonzero(off)[0])].tolist()
    return [Fault(f"{len(wrong)} rows have {what}, e.g. {at[0]:g}, {at[1]:g}",
                  "correct or delete them, or state the coordinate system they are really in", file=path.name,
                  layer=layer.name, ids=tuple(str(row) for row in wrong[:_SHOWN_ROWS]))]  # fmt: skip


def _unsound(path: Path, layer: Layer, shapes: np.ndarray) -> list[Fault]:
    """Return shapes that cross themselves, with the first place."""
    wrong = np.flatnonzero(~(shapely.is_valid(shapes) | shapely.is_missing(shapes)))
    if not len(wrong):
        return []
    why = str(shapely.is_valid_reason(shapes[wrong[0]]))[:120]
    return [Fault(f"{len(wrong)} rows have shapes that are not valid, e.g. row {wrong[0]}: {why.lower()}", _NOT_SOUND,
                  file=path.name, layer=layer.name, ids=tuple(str(row) for row in wrong[:_SHOWN_ROWS]))]  # fmt: skip


def _column(frame: gpd.GeoDataFrame, name: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever names a column
    values = frame[name]
    there = values.dropna()
    if pd.api.types.is_bool_dtype(values.dtype):
        kind = "flag"
    elif pd.api.types.is_integer_dtype(values.dtype):
        kind = "count"
    elif pd.api.types.is_float_dtype(values.dtype):
        kind = "number"
    elif pd.api.types.is_datetime64_any_dtype(values.dtype):
        kind = "time"
    else:
        kind = "text"
    told: dict[str, Any] = {"name": _short(name), "kind": kind, "filled": len(there)}
    if kind in ("count", "number") and len(there):
        with np.errstate(invalid="ignore"):
            least, most = float(there.min()), float(there.max())
        if math.isfinite(least) and math.isfinite(most):
            told |= {"least": least, "most": most}
    elif kind == "text" and len(there):
        some = there.iloc[:2_000].map(_short).unique()
        told["values"] = [str(each) for each in some[:5]]
    return told


def _fits(layer: Layer, columns: set[str]) -> list[str]:
    """Return the tables whose name the layer has, or whose columns are mostly there."""
    called = layer.name.lower()
    fitting = [name for name in IMPORTABLE if name == called]
    for name in IMPORTABLE:
        required = {each.name for each in TABLES[name].columns if each.required}
        if name != called and required and columns >= required:
            fitting.append(name)
    return fitting


def _crs(crs: CRS | None) -> dict[str, Any]:
    if crs is None:
        return {"code": None, "name": None}
    code = crs.to_epsg()
    return {"code": f"EPSG:{code}" if code else None, "name": _short(crs.name)}


def _bbox(crs: CRS, bounds: Sequence[float]) -> list[float] | None:
    """Return west, south, east, north [degrees]; None where that cannot be said."""
    try:
        found = bounds_in(bounds, crs, "OGC:CRS84")
    except ProjError:
        return None
    return [round(side, 6) for side in found] if all(math.isfinite(side) for side in found) else None


def _short(value: object) -> str:
    text = str(value).replace("\x00", "")
    text = "".join(sign if sign.isprintable() else " " for sign in text[:120]).strip()
    return text if len(text) <= 80 else f"{text[:79]}…"


def _line(error: object) -> str:
    return _short(str(error).strip().split("\n")[0]) or type(error).__name__
