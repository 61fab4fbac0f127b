"""Read GeoPackage, GeoJSON, shapefile (also zipped), GeoParquet and FlatGeobuf: only what the ending claims.

A file is opened only after its first bytes show the format of its ending, and its layers are read only when the driver
that opened it is the one expected. So no file can pass itself off as a virtual data source that points elsewhere.
"""

import codecs
import json
import re
import shutil
import sqlite3
import struct
import tempfile
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path, PurePosixPath

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyogrio
import shapely
from geopandas.array import GeometryDtype
from pyproj import CRS
from pyproj.exceptions import CRSError

from geo.errors import Fault, InputError
from geo.ingest.source import Layer, SourceFile, remark_repair
from geo.study import Repair

MAX_UNPACKED_BYTES = 2_000_000_000
"""A zip whose content is larger is refused."""

MAX_GEOJSON_BYTES = 1_000_000_000
"""A GeoJSON file that is larger is refused: it is read whole into memory."""

_DAMAGED = "copy or export it again"
_SIDECARS = (".shp", ".dbf", ".shx", ".prj", ".cpg")
_OWN_LAYERS = ("shequ_meta", "shequ_repairs")
_RFC7946 = CRS.from_epsg(4326)


def _refuse(file: str, what: str, remedy: str, layer: str | None = None) -> InputError:
    return InputError(Fault(what, remedy, file=file, layer=layer))


def _head(path: Path, count: int) -> bytes:
    with path.open("rb") as stream:
        return stream.read(count)


# --- GeoPackage -------------------------------------------------------------------------------------------------------


def open_geopackage(path: Path, file: str) -> SourceFile:
    """Open a GeoPackage: every vector layer; our own notes and tables without geometry are skipped."""
    if not _head(path, 16).startswith(b"SQLite format 3\x00"):
        raise _refuse(file, "the file ends in .gpkg but is no GeoPackage", f"{_DAMAGED}, as GeoPackage")
    try:
        with closing(sqlite3.connect(path.resolve().as_uri() + "?mode=ro", uri=True)) as db:
            sound = db.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok"
            known = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'gpkg_contents'").fetchone()
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        raise _refuse(file, f"the GeoPackage is damaged ({_first_line(error)})", _DAMAGED) from error
    if not sound:
        raise _refuse(file, "the GeoPackage is damaged or cut short", _DAMAGED)
    if known is None:
        raise _refuse(file, "this is a database but no GeoPackage", "export it as a GeoPackage")
    layers = _layers(path, file)
    skipped = {name: "notes of a study file" for name in _OWN_LAYERS if name in layers}
    skipped |= {
        name: "a table without geometry" for name, kind in layers.items() if kind is None and name not in skipped
    }
    return SourceFile(
        file, tuple(name for name in layers if name not in skipped), _gdal_reader(path, file, "GPKG"), skipped
    )


# --- GeoJSON ----------------------------------------------------------------------------------------------------------


def open_geojson(path: Path, file: str) -> SourceFile:
    """Open a GeoJSON file: one layer named after the file. Without a `crs` member it is in degrees, by RFC 7946."""
    if path.stat().st_size > MAX_GEOJSON_BYTES:
        raise _refuse(file, "the GeoJSON file is larger than 1 GB", "save it as a GeoPackage")
    not_geojson = "the file ends in .geojson or .json but is no GeoJSON"
    if not _head(path, 64).removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"{"):
        raise _refuse(file, not_geojson, "export it again as GeoJSON")
    try:
        content = json.loads(path.read_bytes().decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise _refuse(
            file, "the GeoJSON file is not written in UTF-8", "export it again with the encoding UTF-8"
        ) from error
    except (json.JSONDecodeError, RecursionError) as error:
        raise _refuse(file, f"the GeoJSON file is damaged or cut short ({error})", _DAMAGED) from error
    if content.get("type") not in ("FeatureCollection", "Feature"):
        raise _refuse(
            file,
            f"{not_geojson}: its type is {content.get('type')!r}, not 'FeatureCollection'",
            "export it again as GeoJSON",
        )
    stem = path.stem
    read = _gdal_reader(path, file, "GeoJSON", layer=next(iter(_layers(path, file)), stem), stated="crs" in content)
    return SourceFile(file, (stem,), read)


# --- FlatGeobuf -------------------------------------------------------------------------------------------------------


def open_flatgeobuf(path: Path, file: str) -> SourceFile:
    """Open a FlatGeobuf file: one layer named after the file."""
    if not _head(path, 4).startswith(b"fgb\x03"):
        raise _refuse(file, "the file ends in .fgb but is no FlatGeobuf", f"{_DAMAGED}, as FlatGeobuf")
    layer = next(iter(_layers(path, file)), path.stem)
    return SourceFile(file, (path.stem,), _gdal_reader(path, file, "FlatGeobuf", layer=layer))


# --- GeoParquet -------------------------------------------------------------------------------------------------------


def open_geoparquet(path: Path, file: str) -> SourceFile:
    """Open a GeoParquet file: one layer named after the file."""
    with path.open("rb") as stream:
        first = stream.read(4)
        stream.seek(-min(4, path.stat().st_size), 2)
        last = stream.read(4)
    if first != b"PAR1":
        raise _refuse(file, "the file ends in .parquet but is no Parquet file", "export it again as GeoParquet")
    if last != b"PAR1":
        raise _refuse(file, "the Parquet file is cut short", _DAMAGED)

    def read(layer: str, _encoding: str | None) -> Layer:
        try:
            with np.errstate(invalid="ignore"):  # coordinates that are no numbers are refused later, with their rows
                frame = gpd.read_parquet(path)
        except (pa.ArrowException, OSError) as error:
            raise _refuse(file, f"the Parquet file is damaged ({_first_line(error)})", _DAMAGED, layer) from error
        except (ValueError, CRSError, shapely.errors.ShapelyError) as error:
            raise _refuse(
                file,
                f"the Parquet file holds no readable geometry ({_first_line(error)})",
                "export it again as GeoParquet",
                layer,
            ) from error
        _require_text(frame, file, layer)
        frame = _plain(frame if isinstance(frame.index, pd.RangeIndex) else frame.reset_index())
        return Layer(file, layer, frame, frame.crs, stated=frame.crs is not None)

    return SourceFile(file, (path.stem,), read)


# --- Shapefile --------------------------------------------------------------------------------------------------------


def open_shapefile(path: Path, file: str) -> SourceFile:
    """Open a shapefile: text in the encoding of its .cpg, else UTF-8, else GB18030 (said as a repair)."""
    return _shapefile(path, file, path.stem)


def _shapefile(path: Path, file: str, name: str) -> SourceFile:
    head = _head(path, 100)
    if len(head) < 100 or head[:4] != b"\x00\x00\x27\x0a":
        raise _refuse(file, "the file ends in .shp but is no shapefile", f"{_DAMAGED}, as shapefile", name)
    claimed = struct.unpack(">i", head[24:28])[0] * 2
    if claimed != path.stat().st_size:
        raise _refuse(file, f"the shapefile is cut short: {path.stat().st_size} bytes of {claimed}", _DAMAGED, name)
    parts = {each.suffix.lower(): each for each in path.parent.iterdir() if each.stem == path.stem}
    missing = [end for end in (".dbf", ".shx") if end not in parts]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        raise _refuse(
            file,
            f"the shapefile is incomplete: {' and '.join(path.stem + end for end in missing)} {verb} missing",
            "copy the files of the same name and put them beside it (.shp, .shx, .dbf, .prj)",
            name,
        )

    def read(layer: str, encoding: str | None) -> Layer:
        chosen, repairs = _dbf_encoding(parts[".dbf"], parts.get(".cpg"), encoding, file, layer)
        # Latin-1 hands every byte through unchanged; the text is decoded here, where a cut character can be mended.
        raw, remarks = _gdal_read(path, file, "ESRI Shapefile", None, encoding="ISO-8859-1")
        frame, cut = _decoded(raw, chosen)
        if cut:
            repairs = (
                *repairs,
                remark_repair(
                    "repaired",
                    "cut_text",
                    f"{cut} texts ended in half a character (the field was too short); the half is left out",
                    f"{cut} 处文字末尾为半个字符(字段过短),已去掉",
                ),
            )
        return Layer(file, layer, frame, frame.crs, frame.crs is not None, repairs=repairs, remarks=remarks)

    return SourceFile(file, (name,), read)


def _dbf_encoding(
    dbf: Path, cpg: Path | None, given: str | None, file: str, layer: str
) -> tuple[str, tuple[Repair, ...]]:
    """Return the encoding of a shapefile's text and, where it had to be found out, a repair that says so."""
    texts = list(_dbf_texts(dbf, file, layer))
    if all(text.isascii() for text in texts):
        return given or "utf-8", ()
    stated, source = given, "the mapping"
    if stated is None and cpg is not None:
        stated, source = _code_page(cpg.read_text("ascii", errors="replace").strip()), cpg.name
        if stated is None:
            raise _refuse(
                file,
                f"{cpg.name} names an unknown text encoding",
                'write encoding = "GB18030" (or another) into the mapping',
                layer,
            )
    if stated is None and _head(dbf, 30)[29] in (0x4D, 0x7A):
        stated, source = "gb18030", "the .dbf header"
    if stated is not None:
        wrong = next((text for text in texts if _decode(text, stated) is None), None)
        if wrong is not None:
            raise _refuse(
                file,
                f"text is not {stated.upper()} as {source} says, e.g. {wrong[:24]!r}",
                'write the right one into the mapping, e.g. encoding = "GB18030"',
                layer,
            )
        return stated, ()
    for candidate in ("utf-8", "gb18030"):
        if all(_decode(text, candidate) is not None for text in texts):
            sample = next(t for text in texts if not text.isascii() and (t := _decode(text, candidate)) is not None)
            label = candidate.upper()
            return candidate, (
                remark_repair(
                    "assumed",
                    "encoding_found",
                    f"no .cpg file states the text encoding; read as {label}, e.g. {sample!r}",
                    f"没有 .cpg 文件说明编码,按 {label} 读取,例如“{sample}”",
                ),
            )
    raise _refuse(
        file, "the text is neither UTF-8 nor GB18030", 'write encoding = "Big5" (or another) into the mapping', layer
    )


def _dbf_texts(dbf: Path, file: str, layer: str) -> Iterable[bytes]:
    """Yield the field names and every text value of a .dbf, as bytes."""
    content = dbf.read_bytes()
    if len(content) < 33:
        raise _refuse(file, f"{dbf.name} is cut short", _DAMAGED, layer)
    count, start, width = struct.unpack("<IHH", content[4:12])
    fields, offset = [], 1
    for place in range(32, min(start, len(content)) - 1, 32):
        record = content[place : place + 32]
        if record[:1] == b"\r" or len(record) < 32:
            break
        yield record[:11].split(b"\x00")[0]
        if record[11:12] == b"C":
            length = record[16] + 256 * record[17]
            fields.append((offset, length))
            offset += length
        else:
            offset += record[16]
    if start + count * width > len(content):
        raise _refuse(file, f"{dbf.name} is cut short: it announces {count} rows", _DAMAGED, layer)
    for row in range(count):
        begin = start + row * width
        for at, length in fields:
            value = content[begin + at : begin + at + length].rstrip(b" \x00")
            if value:
                yield value


def _code_page(written: str) -> str | None:
    """Return Python's name for what stands in a .cpg file: `UTF-8`, `GBK`, `936`, `ANSI 936`, `65001` …"""
    text = written.strip("\x00\ufeff ").upper()
    number = re.fullmatch(r"(?:ANSI|CP|OEM|LDID/)?\s*(\d+)", text)
    name = {"65001": "utf-8", "936": "gb18030", "54936": "gb18030", "77": "gb18030"}.get(number[1]) if number else None
    if name is None:
        name = {"GBK": "gb18030", "GB2312": "gb18030", "GB18030": "gb18030"}.get(text)
    for candidate in (name, text, f"cp{number[1]}" if number else None):
        if candidate:
            try:
                return codecs.lookup(candidate).name
            except LookupError:
                continue
    return None


def _decode(raw: bytes, encoding: str) -> str | None:
    """Return the text, without a last character that was cut in half; None when it is not in this encoding."""
    try:
        return codecs.getincrementaldecoder(encoding)("strict").decode(raw, final=False)
    except UnicodeDecodeError:
        return None


def _decoded(frame: gpd.GeoDataFrame, encoding: str) -> tuple[gpd.GeoDataFrame, int]:
    """Return the frame with its Latin-1 stand-in text decoded, and how many texts had half a character too much."""
    cut = 0

    def text(value: object) -> object:
        nonlocal cut
        if not isinstance(value, str):
            return value
        raw = value.encode("latin-1")
        good = _decode(raw, encoding) or ""
        cut += len(good.encode(encoding)) < len(raw)
        return good

    names = {c: text(c) for c in frame.columns if c != frame.geometry.name}
    cut = 0  # field names are cut to ten bytes by the format itself
    data = {}
    for column, name in names.items():
        values = frame[column]
        data[name] = values.map(text) if pd.api.types.is_string_dtype(values.dtype) else values
    return gpd.GeoDataFrame(data, geometry=frame.geometry.values, crs=frame.crs), cut


# --- zipped shapefile -------------------------------------------------------------------------------------------------


def open_zip(path: Path, file: str) -> SourceFile:
    """Open a zip that holds one shapefile. It is unpacked into a folder of its own, which is removed again."""
    if not zipfile.is_zipfile(path):
        raise _refuse(file, "the file ends in .zip but is no zip archive, or is cut short", _DAMAGED)
    with tempfile.TemporaryDirectory(prefix="shequ-zip-") as folder:
        stem = _unpack(path, Path(folder), file)
        opened = _shapefile(Path(folder) / "layer.shp", file, stem)

    def read(layer: str, encoding: str | None) -> Layer:
        with tempfile.TemporaryDirectory(prefix="shequ-zip-") as again:
            _unpack(path, Path(again), file)
            return _shapefile(Path(again) / "layer.shp", file, stem).read(layer, encoding)

    return SourceFile(file, opened.layers, read)


def _unpack(path: Path, folder: Path, file: str) -> str:
    """Unpack the one shapefile of a zip as `layer.*`, and return the name it has in there."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = _safe_members(archive, file)
            shapes = [name for name in members if name.lower().endswith(".shp")]
            if len(shapes) != 1:
                found = ", ".join(sorted(members)) or "nothing"
                raise _refuse(
                    file,
                    f"the zip holds {len(shapes)} shapefiles; it must hold exactly one",
                    f"zip one shapefile with its .shx, .dbf and .prj (found: {found})",
                )
            shape = PurePosixPath(shapes[0])
            for name, member in members.items():
                each = PurePosixPath(name)
                same = each.parent == shape.parent and each.stem == shape.stem
                if same and each.suffix.lower() in _SIDECARS:
                    with archive.open(member) as source, (folder / f"layer{each.suffix.lower()}").open("wb") as out:
                        shutil.copyfileobj(source, out)
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError, OSError, ValueError) as error:
        raise _refuse(
            file, f"the zip cannot be unpacked ({_first_line(error)})", "zip the files again, without a password"
        ) from error
    return shape.stem


def _safe_members(archive: zipfile.ZipFile, file: str) -> dict[str, zipfile.ZipInfo]:
    """Return the files of a zip by their name; refuse one that is too large or would write outside its folder."""
    members: dict[str, zipfile.ZipInfo] = {}
    for info in archive.infolist():
        name = info.filename
        if not info.flag_bits & 0x800:  # not marked as UTF-8: Chinese Windows writes GBK
            name = _decode(name.encode("cp437", errors="replace"), "gb18030") or name
        name = name.replace("\\", "/")
        if name.startswith("/") or ":" in name or ".." in PurePosixPath(name).parts:
            raise _refuse(
                file,
                f"the zip holds a file that would be written outside its folder: {name}",
                "zip the shapefile again",
            )
        if not info.is_dir() and "__MACOSX" not in PurePosixPath(name).parts:
            members[name] = info
    total = sum(info.file_size for info in members.values())
    if total > MAX_UNPACKED_BYTES:
        most = MAX_UNPACKED_BYTES / 1e9
        raise _refuse(
            file,
            f"the zip would unpack to {total / 1e9:.1f} GB; at most {most:g} GB are read",
            "cut the data to the town first",
        )
    return members


# --- GDAL -------------------------------------------------------------------------------------------------------------


def _layers(path: Path, file: str) -> dict[str, str | None]:
    """Return the layers of a file in its own order, with their geometry type (None: a plain table)."""
    try:
        return {str(name): kind for name, kind in pyogrio.list_layers(path)}
    except (pyogrio.errors.DataSourceError, UnicodeDecodeError) as error:
        raise _refuse(file, f"the file cannot be read ({_first_line(error)})", _DAMAGED) from error


def _gdal_reader(
    path: Path, file: str, driver: str, *, layer: str | None = None, stated: bool = True
) -> Callable[[str, str | None], Layer]:
    """Return a reader of the layers of one file; `layer` is the one inside when messages call it otherwise."""

    def read(name: str, _encoding: str | None) -> Layer:
        frame, remarks = _gdal_read(path, file, driver, layer or name)
        crs = frame.crs if stated else _RFC7946
        return Layer(file, name, frame, crs, stated and crs is not None, remarks=remarks)

    return read


def _gdal_read(
    path: Path, file: str, driver: str, layer: str | None, *, encoding: str | None = None
) -> tuple[gpd.GeoDataFrame, tuple[str, ...]]:
    """Return one layer with its geometry column called `geometry`, and what GDAL remarked."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            opened_by = pyogrio.read_info(path, layer=layer, encoding=encoding)["driver"]
            if opened_by != driver:
                raise _refuse(
                    file,
                    f"the content is {opened_by}, not {driver} as the ending says",
                    "give the file its right ending, or export it again",
                    layer,
                )
            frame = pyogrio.read_dataframe(path, layer=layer, encoding=encoding, datetime_as_string=True)
        except (CRSError, pyogrio.errors.CRSError) as error:
            raise _refuse(
                file,
                f"the coordinate system it states cannot be read ({_first_line(error)})",
                "mend it (of a shapefile: copy the .prj again); or leave it out and say with --crs which one it is",
                layer,
            ) from error
        except (
            pyogrio.errors.DataSourceError,
            pyogrio.errors.DataLayerError,
            pyogrio.errors.FeatureError,
            shapely.errors.ShapelyError,
            UnicodeDecodeError,
        ) as error:
            raise _refuse(file, f"the layer cannot be read ({_first_line(error)})", _DAMAGED, layer) from error
    if not isinstance(frame, gpd.GeoDataFrame):
        raise _refuse(file, "the layer has no geometry", "choose a layer with points, lines or areas", layer)
    _require_text(frame, file, layer)
    return _plain(frame), tuple(sorted({_first_line(w.message) for w in caught}))


def _require_text(frame: gpd.GeoDataFrame, file: str, layer: str | None) -> None:
    """Refuse text that is not the UTF-8 its format prescribes; it is only found out when it is looked at."""
    for column in frame.columns:
        if pd.api.types.is_string_dtype(frame[column].dtype):
            try:
                frame[column].tolist()
            except (UnicodeDecodeError, pa.ArrowException) as error:
                raise _refuse(file, f"column {column} holds text that is not UTF-8", _DAMAGED, layer) from error


def _plain(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the frame with rows numbered from 0 and one geometry column, called `geometry`."""
    others = [c for c in frame.columns if c != frame.geometry.name and not isinstance(frame[c].dtype, GeometryDtype)]
    data = pd.DataFrame(frame[others]).reset_index(drop=True)
    return gpd.GeoDataFrame(data, geometry=gpd.GeoSeries(frame.geometry.values, crs=frame.crs))


def _first_line(error: object) -> str:
    return str(error).strip().split("\n")[0][:200] or type(error).__name__
