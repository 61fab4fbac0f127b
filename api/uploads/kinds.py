"""What a file is: its ending says so, and its first bytes must agree."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from api.errors import WrongTypeError
from geo.errors import Fault, InputError

Kind = Literal["vector", "raster", "osm", "workbook", "list", "plan", "mapping"]


@dataclass(frozen=True)
class Format:
    """One format that may be uploaded.

    Attributes
    ----------
    name
    kind
        What it is for.
    heads
        How such a file begins; empty: it is text, and is looked at as a whole.
    media_type
    """

    name: str
    kind: Kind
    heads: tuple[bytes, ...]
    media_type: str


_TIFF = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_PBF = Format("OpenStreetMap PBF", "osm", (), "application/vnd.openstreetmap.data+pbf")
_PARQUET = Format("GeoParquet", "vector", (b"PAR1",), "application/vnd.apache.parquet")
_GEOTIFF = Format("GeoTIFF", "raster", _TIFF, "image/tiff")

FORMATS: Mapping[str, Format] = {
    ".gpkg": Format("GeoPackage", "vector", (b"SQLite format 3\x00",), "application/geopackage+sqlite3"),
    ".geojson": Format("GeoJSON", "vector", (), "application/geo+json"),
    ".zip": Format("zipped shapefile", "vector", (b"PK\x03\x04",), "application/zip"),
    ".parquet": _PARQUET,
    ".geoparquet": _PARQUET,
    ".fgb": Format("FlatGeobuf", "vector", (b"fgb\x03",), "application/flatgeobuf"),
    ".osm.pbf": _PBF,
    ".pbf": _PBF,
    ".osm": Format("OpenStreetMap XML", "osm", (), "application/vnd.openstreetmap.data+xml"),
    ".tif": _GEOTIFF,
    ".tiff": _GEOTIFF,
    ".xlsx": Format("workbook", "workbook", (b"PK\x03\x04",), _XLSX),
    ".csv": Format("list", "list", (), "text/csv"),
    ".toml": Format("mapping", "mapping", (), "application/toml"),
    ".json": Format("JSON", "plan", (), "application/json"),
}
"""By ending, in lower case; of several that fit the longest counts. A .json file is a plan or GeoJSON, by its content.
"""

_ODD: Mapping[bytes, str] = {
    b"SQLite format 3": "a database", b"PK\x03\x04": "a zip", b"\x1f\x8b": "packed with gzip", b"%PDF": "a PDF",
    b"<": "XML or HTML", b"{": "JSON", b"[": "JSON", b"PAR1": "Parquet", b"fgb": "FlatGeobuf", b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture", b"\xd0\xcf\x11\xe0": "an old Office file, or one with a password",
    b"\xff\xfe": "text in UTF-16", b"\xfe\xff": "text in UTF-16", b"\x00\x00\x27\x0a": "a shapefile", **dict.fromkeys(
        _TIFF, "a TIFF"), b"MZ": "a program", b"\x7fELF": "a program", b"Rar!": "a RAR archive", b"7z": "a 7z archive",
}  # fmt: skip


def ending(name: str) -> str:
    """Return the ending of a file's name that says what it is; '' when none is known.

    >>> ending("nanjing.osm.PBF"), ending("town.vrt")
    ('.osm.pbf', '')
    """
    return max((each for each in FORMATS if name.lower().endswith(each)), key=len, default="")


def require_known(name: str) -> Format:
    """Return the format that a name stands for.

    Raises
    ------
    WrongTypeError
        When files of that ending are not read.
    """
    end = ending(name)
    if not end:
        said = Path(name).suffix[:12]
        raise WrongTypeError(f"{name[:80]}: files ending in {said or 'nothing'} are not read",
                             f"save it as a GeoPackage (.gpkg); read are {', '.join(FORMATS)}, and the parts of one "
                             "shapefile together")  # fmt: skip
    return FORMATS[end]


def recognise(path: Path) -> Format:
    """Return what a file is, by its ending and its first bytes.

    Raises
    ------
    WrongTypeError
        When files of that ending are not read.
    InputError
        When it is empty, or its content is not what its ending says.
    """
    form = require_known(path.name)
    with path.open("rb") as opened:
        head = opened.read(4_096)
    if not head:
        raise InputError(Fault("the file is empty (0 bytes)", "export or copy it again", file=path.name))
    if form.heads and not head.startswith(form.heads):
        raise _lies(path, form, head)
    if form is _PBF and not (head[:3] == b"\x00\x00\x00" and b"OSMHeader" in head[:64]):
        raise _lies(path, form, head)
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if form.name == "OpenStreetMap XML" and not text.startswith((b"<?xml", b"<osm")):
        raise _lies(path, form, head)
    if form.name in ("GeoJSON", "JSON") and not text.startswith(b"{"):
        raise _lies(path, form, head)
    if form.kind in ("list", "mapping") and (b"\x00" in head or _called(head) not in ("", "JSON")):
        raise _lies(path, form, head)
    return form


def _called(head: bytes) -> str:
    return next((said for begins, said in _ODD.items() if head.lstrip().startswith(begins)), "")


def _lies(path: Path, form: Format, head: bytes) -> InputError:
    found = _called(head)
    what = f"it is {found}" if found else f"it begins with {json.dumps(head[:8].decode('latin-1'))}"
    return InputError(Fault(f"the file ends in {ending(path.name)} but is no {form.name}: {what}",
                            "give the file its right ending, or export it again", file=path.name))  # fmt: skip
