"""What users hand in - plans, drafts, options, lines - read with limits; and folders written all or nothing."""

import json
import math
import os
import tempfile
import tomllib
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import geopandas as gpd
import shapely
from pyproj import CRS

from geo.errors import Fault, InputError
from geo.ingest.formats import require_file
from geo.partition.plan import Plan, PlanOptions
from geo.study import require_folder

LARGEST_PLAN = 64_000_000
"""A plan or draft of more bytes is refused: 100,000 blocks need about 3 MB."""
LARGEST_REQUEST = 1_000_000
"""Options, and lines drawn, of more bytes are refused."""
LARGEST_TEXT = 100_000
"""Texts of bounds of more bytes are refused."""

Result = TypeVar("Result")


def read_bytes(path: Path, most: int) -> bytes:
    """Return a file's bytes.

    Raises
    ------
    InputError
        When there is no such file, it is a folder or empty, or it has more than `most` bytes.
    """
    require_file(path)
    with path.open("rb") as opened:
        content = opened.read(most + 1)
    if len(content) > most:
        raise InputError(Fault(f"the file is larger than {most / 1e6:g} MB, which nothing of this kind is",
                               "give the file that shequ wrote", file=str(path)))  # fmt: skip
    return content


def read_json(path: Path, most: int) -> Any:  # noqa: ANN401 - whatever the file holds
    """Return what a JSON file holds; infinite numbers and endless nesting are refused like any other damage."""
    content = read_bytes(path, most)
    try:
        return json.loads(content, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        why = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise InputError(
            Fault(f"the file is not JSON ({why})", "give the file as it was written", file=str(path))
        ) from error


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def placed(path: Path, work: Callable[[], Result]) -> Result:
    """Return what `work` makes; every fault that it finds is said of this file."""
    try:
        return work()
    except InputError as error:
        raise InputError([replace(fault, file=fault.file or str(path)) for fault in error.faults]) from error


def read_plan(path: Path) -> Plan:
    """Return the plan in a file that `shequ plan` wrote.

    Raises
    ------
    InputError
        When it is no such file: each field that is missing, unknown or wrong is named.
    """
    content = read_json(path, LARGEST_PLAN)
    if isinstance(content, dict) and content.get("kind") == "shequ draft":
        raise InputError(Fault("this is a draft, not a plan", "make a plan of it: shequ edit save",
                               file=str(path)))  # fmt: skip
    return placed(path, lambda: Plan.from_json(json.dumps(content)))


def read_options(path: Path) -> dict[str, Any]:
    """Return the options of a plan that a TOML or JSON file holds: those it names, checked.

    Raises
    ------
    InputError
        When it is neither, or an option is unknown or has a wrong value.
    """
    if path.suffix.lower() == ".toml":
        content = read_bytes(path, LARGEST_REQUEST)
        try:
            given: Any = tomllib.loads(content.decode())
        except (ValueError, RecursionError) as error:
            why = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
            raise InputError(Fault(f"the file is not TOML ({why})", "correct the place it names", file=str(path))
                             ) from error  # fmt: skip
    else:
        given = read_json(path, LARGEST_REQUEST)
    if not isinstance(given, dict):
        raise InputError(Fault("the file holds no options", 'write it like {"max_households": 4000}', file=str(path)))
    return placed(path, lambda: PlanOptions.read(given).model_dump(mode="json", exclude_unset=True))


def read_line(path: Path, crs: CRS) -> shapely.LineString:
    """Return the one line of a GeoJSON file (WGS 84), in the coordinates of the study.

    Raises
    ------
    InputError
        When it is no GeoJSON, or holds no line or several.
    """
    content = read_json(path, LARGEST_REQUEST)
    found = [shape for shape in _shapes(content) if shape.get("type") == "LineString"]
    if len(found) != 1:
        raise InputError(Fault(f"the file holds {len(found) or 'no'} lines; one is wanted", "draw one line",
                               file=str(path)))  # fmt: skip
    return placed(path, lambda: line_of(found[0].get("coordinates"), crs, degrees=True))


def _shapes(content: object) -> Iterator[dict[str, Any]]:
    """Yield the geometries of a GeoJSON object, whatever is wrapped around them."""
    if not isinstance(content, dict):
        return
    if content.get("type") == "FeatureCollection" and isinstance(content.get("features"), list):
        for feature in content["features"]:
            yield from _shapes(feature)
    elif content.get("type") == "Feature":
        yield from _shapes(content.get("geometry"))
    else:
        yield content


def line_of(points: object, crs: CRS, *, degrees: bool | None = None) -> shapely.LineString:
    """Return a line through points, in the coordinates of the study.

    Parameters
    ----------
    points : list of (x, y)
        In the study's metres, or longitude and latitude.
    crs
        Of the study.
    degrees
        What they are; by default degrees when all of them could be: a metric grid has none so near to its origin.

    Raises
    ------
    InputError
        When they are no points, or fewer than two.
    """

    def wrong(what: str) -> InputError:
        return InputError(Fault(what, 'write it like "x1,y1 x2,y2", in metres of the study or longitude,latitude'))

    try:
        pairs = [(float(point[0]), float(point[1])) for point in points]  # type: ignore[attr-defined]
    except (TypeError, ValueError, IndexError, OverflowError) as error:
        raise wrong("the line is not made of points x,y") from error
    if len(set(pairs)) < 2:
        raise wrong("the line has fewer than two points")
    if not all(math.isfinite(number) for pair in pairs for number in pair):
        raise wrong("a coordinate of the line is not finite")
    like_degrees = all(abs(x) <= 180 and abs(y) <= 90 for x, y in pairs)
    line = shapely.LineString(pairs)
    if degrees if degrees is not None else like_degrees:
        if not like_degrees:
            raise wrong("the line is not in degrees (longitude, latitude)")
        line = gpd.GeoSeries([line], crs="EPSG:4326").to_crs(crs).iloc[0]
    return line


# ── all or nothing ───────────────────────────────────────────────────────────────────────────────────────────────────
def require_place(out: Path, names: Collection[str]) -> None:
    """Refuse a folder that files of these names cannot be written into; write nothing.

    Raises
    ------
    InputError
        When `out` is a file, lies in a file, holds folders where files go, or must not be written to.
    """
    require_folder(out)
    require_folder(out.parent)
    taken = [name for name in names if (out / name).is_dir()]
    if taken:
        raise InputError(Fault(f"{', '.join(taken)} in it is a folder; a file of that name is written",
                               "name another folder with --out", file=str(out)))  # fmt: skip
    for folder in sorted({Path(name).parent for name in names} - {Path()}):
        require_folder(out / folder)


@contextmanager
def all_or_none(out: Path, names: Collection[str]) -> Iterator[Path]:
    """Give a draft folder whose files are moved into `out` when all of them are made; what else lies there stays."""
    require_place(out, names)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".shequ-") as folder:
        draft = Path(folder)
        yield draft
        for file in sorted(each for each in draft.rglob("*") if each.is_file()):
            target = out / file.relative_to(draft)
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(file, target)


def write_file(path: Path, content: bytes) -> None:
    """Write a file, whole or not at all.

    Raises
    ------
    InputError
        When `path` is a folder, or its folder is a file or must not be written to.
    """
    require_file_place(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".shequ-") as folder:
        draft = Path(folder) / "draft"
        draft.write_bytes(content)
        os.replace(draft, path)


def require_file_place(path: Path) -> None:
    """Refuse a place where no file can be written; write nothing."""
    if path.is_dir():
        raise InputError(Fault(f"{path} is a folder", "give the name of a file", file=str(path)))
    require_folder(path.parent)


def read_text(path: Path) -> str:
    """Return the text in a file, in UTF-8 or GBK.

    Raises
    ------
    InputError
        When it is neither, or too long for a text of bounds.
    """
    content = read_bytes(path, LARGEST_TEXT)
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise InputError(Fault("the file is neither UTF-8 nor GBK text", "save it as UTF-8 text", file=str(path)))
