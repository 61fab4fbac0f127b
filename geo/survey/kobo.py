"""Surveys from phones: CSV and GeoJSON as KoboToolbox and its like export them.

A row is one subject with its answers, or one finding. Columns are told by their names - machine keys, headings of the
workbook, codes, group paths - or by a mapping. Columns of the phone itself (`_uuid`, `start`) are passed over.
"""

import csv
import io
import json
import re
import tomllib
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, ValidationError

from geo.errors import Fault, InputError
from geo.survey.cells import as_text, present
from geo.survey.forms import FINDING_FIELDS, FINDINGS, WHEN, Field, Form, all_fields
from geo.survey.grid import Cells, Detail, Grid, Notes, letter, shown
from geo.survey.known import Known
from geo.survey.words import UNKNOWN, plain

LARGEST_BYTES, MOST_COLUMNS = 150_000_000, 2_000

SUBJECTS_KEY = "subjects"
"""Form of a grid whose rows are subjects with their answers."""

_SUBJECT_IDS = {
    "building": ("building_id", "building", "楼栋编号", "楼编号", "building id", "住宅楼编号"),
    "estate": ("estate_id", "estate", "小区编号", "estate id"),
    "unit": ("unit_id", "unit", "单元编号", "体检单元编号", "unit id"),
    "block": ("block_id", "block", "街坊编号", "block id"),
}
_ALIASES: Mapping[str, tuple[str, ...]] = {
    "subject_id": ("subject_id", "id", "编号", "对象编号"),
    "surveyed_on": ("date", "survey_date", "day", "日期"),
    "surveyor": ("surveyor_name", "enumerator", "inspector", "调查员", "巡查员", "username", "_submitted_by"),
    "code": ("finding", "finding_code", "problem", "问题", "代码"),
    "photo": ("photos", "image", "picture", "照片", "图片"),
    "note": ("notes", "remark", "remarks", "comment", "说明"),
    "location": ("place", "position", "位置", "部位"),
    "extent": ("quantity", "amount", "数量"),
    "x": ("lon", "longitude", "经度", "_geolocation_longitude", "_location_longitude"),
    "y": ("lat", "latitude", "纬度", "_geolocation_latitude", "_location_latitude"),
}
_PLACE_NAMES = ("_geolocation", "geolocation", "location_gps", "gps", "geopoint", "_location", "point")
_TIME, _UUID = "_submission_time", "_uuid"
_PHONE = re.compile(r"^(_.*|start|end|today|deviceid|subscriberid|simserial|phonenumber|instanceid|uuid|.*_url|index)$")
_NONE = ("none", "无", "没有", "ok", "正常", "0", "no")
_TOKENS = re.compile(r"[\s,;，；、]+")


class SurveyMapping(BaseModel):
    """Which column of a CSV or GeoJSON is what, where its names do not say.

    Attributes
    ----------
    rows : str
        What a row is: one `subject` with its answers, or one `finding`; `auto`: a finding when there is a code column.
    subject : str
        What the rows are about, when no column says it.
    columns : mapping of str to str
        Our column or code → theirs.
    values : mapping of str to mapping of str to str
        Our column → their value → ours.
    options : mapping of str to tuple of str
        Their select_multiple column → the codes that it offers: those not chosen are clear.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: Literal["auto", "subject", "finding"] = "auto"
    subject: Literal["building", "estate", "unit", "block", "town"] = "building"
    columns: Mapping[str, str] = {}
    values: Mapping[str, Mapping[str, str]] = {}
    options: Mapping[str, tuple[str, ...]] = {}

    @classmethod
    def load(cls, path: Path) -> "SurveyMapping":
        """Return the mapping in a TOML file.

        Raises
        ------
        InputError
            When there is no such file, it is no TOML, or a field is unknown or wrong.
        """
        try:
            return cls.model_validate(tomllib.loads(path.read_text("utf-8")))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise InputError(Fault(f"the mapping cannot be read ({error})", "give a TOML file in UTF-8", file=str(path))
                             ) from error  # fmt: skip
        except ValidationError as error:
            raise InputError([
                Fault(f"{'.'.join(map(str, one['loc']))} = {shown(one['input'])}: {one['msg']}",
                      f"fields are {', '.join(cls.model_fields)}", file=str(path))
                for one in error.errors()
            ]) from error  # fmt: skip


def read_rows(path: Path, known: Known, mapping: SurveyMapping, notes: Notes) -> tuple[list[int], tuple[Form, ...]]:
    """Return the position of the grid that a CSV or GeoJSON gives to `notes`, and the form it answers, if it is one."""
    table = _csv(path, notes) if path.suffix.lower() == ".csv" else _geojson(path, notes)
    if table is None:
        return [], ()
    return _understood(path.name, table, known, mapping, notes)


def _bytes(path: Path, notes: Notes) -> bytes | None:
    with path.open("rb") as opened:
        content = opened.read(min(path.stat().st_size, LARGEST_BYTES) + 1)
    if len(content) > LARGEST_BYTES:
        notes.file("too_large", f"> {LARGEST_BYTES // 1_000_000} MB")
        return None
    return content


def _csv(path: Path, notes: Notes) -> pd.DataFrame | None:
    """Return the rows of a CSV as text, "" where empty."""
    content = _bytes(path, notes)
    if content is None:
        return None
    try:
        text = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = content.decode("gb18030")
        except UnicodeDecodeError as error:
            notes.file("text_encoding", f"byte {error.start}")
            return None
    if "\x00" in text:
        notes.file("not_table", ("含有空字符，是二进制文件", "it holds NUL characters, as binary files do"))
        return None
    head = text[: text.find("\n") if "\n" in text else len(text)]
    divider = max(",;\t", key=head.count)
    try:
        names = next(csv.reader(io.StringIO(text, newline=""), delimiter=divider), [])
        if len(names) > MOST_COLUMNS:
            notes.file("too_many_rows", f"{MOST_COLUMNS}")
            return None
        _tell_twice(names, notes)
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # cells beyond the headings would be lost
            return pd.read_csv(
                io.StringIO(text, newline=""), sep=divider, dtype="str", keep_default_na=False, na_filter=False,
                skip_blank_lines=False, header=None, skiprows=1, names=range(len(names)), index_col=False,
            ).set_axis(names, axis=1)  # fmt: skip
    except (pd.errors.ParserWarning, pd.errors.ParserError, pd.errors.EmptyDataError, csv.Error, ValueError) as error:
        notes.file("not_table", _too_long(text, divider, error))
        return None


def _too_long(text: str, divider: str, error: Exception) -> Detail:
    """Return the first row that has more cells than there are headings, in words; else what the parser says."""
    try:
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=divider)
        wanted = len(next(rows))
        row, has = next((number, len(row)) for number, row in enumerate(rows, start=2) if len(row) > wanted)
    except (StopIteration, csv.Error):
        return " ".join(shown(str(error)).split())
    return (
        f"第 {row} 行有 {has} 格，标题只有 {wanted} 列；内容中的分隔符须加引号",
        f"row {row} has {has} cells, the headings are {wanted}; quote a cell that holds the divider",
    )


def _tell_twice(names: Iterable[str], notes: Notes) -> None:
    seen: set[str] = set()
    for position, name in enumerate(names):
        if name and name in seen:
            notes.file("column_twice", f"{letter(position)} {name}")
        seen.add(name)


def _geojson(path: Path, notes: Notes) -> pd.DataFrame | None:
    """Return the features of a GeoJSON, their points as columns x and y [degrees]."""
    content = _bytes(path, notes)
    if content is None:
        return None
    try:
        data = json.loads(content.decode("utf-8-sig"), parse_constant=lambda name: name)
        features = data["features"]
        rows = [
            {_whole(str(key)): cell for key, cell in dict(feature.get("properties") or {}).items()}
            for feature in features
        ]
        shapes = [feature.get("geometry") or {} for feature in features]
        points = [shape.get("coordinates") if shape.get("type") == "Point" else None for shape in shapes]
        crs = str(((data.get("crs") or {}).get("properties") or {}).get("name", "CRS84"))
    except (ValueError, RecursionError):
        notes.file("not_table", ("不是完整的 UTF-8 编码 JSON", "no complete JSON in UTF-8"))
        return None
    except (KeyError, TypeError, AttributeError):
        notes.file("not_table", ("不是 GeoJSON 要素集合（FeatureCollection）", "no FeatureCollection of GeoJSON"))
        return None
    if not any(each in crs for each in ("CRS84", "4326", "4490")):
        told = shown(crs)
        zh = f"坐标系为 {told}，应为经纬度（WGS 84 或 CGCS2000）"
        en = f"its CRS is {told}, it should be longitude and latitude (WGS 84 or CGCS2000)"
        notes.file("not_table", (zh, en))
        return None
    table = pd.DataFrame(rows, dtype="object")
    for column in table.columns:
        table[column] = [_flat(cell) for cell in table[column]]
    if any(points) and not {"x", "y"} & set(table.columns):
        for position, key in enumerate(("x", "y")):
            table[key] = [
                _flat(point[position]) if isinstance(point, list) and len(point) > 1 else "" for point in points
            ]
    return table


def _whole(text: str) -> str:
    """Return text with "?" for halves of characters, which JSON may hold and no file can."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _flat(cell: Any) -> Any:  # noqa: ANN401 - a value of JSON
    """Return a value as a cell: lists joined, what is missing empty."""
    if isinstance(cell, list):
        return ";".join(as_text(each) for each in cell if not isinstance(each, dict | list))
    if cell is None or isinstance(cell, dict) or cell != cell:  # noqa: PLR0124
        return ""
    if isinstance(cell, str):
        return _whole(cell)
    if isinstance(cell, int) and not isinstance(cell, bool):
        return float(cell) if abs(cell) < 1e300 else str(cell)
    return cell


def _understood(
    title: str, table: pd.DataFrame, known: Known, mapping: SurveyMapping, notes: Notes
) -> tuple[list[int], tuple[Form, ...]]:
    """Return the grid of a table and its form, its columns told by names and mapping."""
    names = [str(name) for name in table.columns]
    fields = all_fields(known.catalogue)
    places = _columns(names, fields, mapping, known)
    subject = next((each for each in _SUBJECT_IDS if f"{each}:id" in places), mapping.subject)
    of_subject = places.pop(f"{subject}:id", None)
    if of_subject is not None:
        places.setdefault("subject_id", of_subject)
    of_findings = mapping.rows == "finding" or (mapping.rows == "auto" and "code" in places)
    cells = {key: table.iloc[:, position].to_numpy(dtype=object) for key, position in places.items() if ":" not in key}
    for position, options in _multiple(names, mapping, known).items():
        chosen = _chosen(table.iloc[:, position].to_numpy(dtype=object), options)
        for code, column in chosen.items():
            places.setdefault(f"multiple:{position}", position)
            if code not in cells and not of_findings:
                cells[code], places[code] = column, position
    _from_phone(table, names, cells, places, of_findings=of_findings)
    for key, meant in mapping.values.items():
        if key in cells:
            cells[key] = np.array([meant.get(as_text(cell), cell) for cell in cells[key]], dtype=object)
    used = set(places.values())
    for position, name in enumerate(names):
        if position not in used and name and not _PHONE.match(_last(name)):
            notes.file("column_unknown", sheet=title, value=f"{letter(position)} {shown(name)}")
    has = shown(", ".join(names[:20]))
    if "subject_id" not in cells and subject != "town":
        notes.file("id_column_missing", has)
        return [], ()
    if of_findings:
        cells.setdefault("subject", np.full(len(table), subject, dtype=object))
        return [notes.take(_grid(FINDINGS, title, table, cells, places))], ()
    asked = tuple(fields[key] for key in cells if key in fields)
    if not asked:
        notes.file("nothing_asked", has)
        return [], ()
    cells["id"], places["id"] = cells.pop("subject_id"), places.pop("subject_id")
    number = notes.take(_grid(SUBJECTS_KEY, title, table, cells, places))
    _supersede(number, table, notes)
    rows = pd.DataFrame({"name": [], "estate": [], "address": []}, index=pd.Index([], dtype="str"))
    return [number], (Form(SUBJECTS_KEY, title, title, subject, rows, asked),)


def _grid(form: str, title: str, table: pd.DataFrame, cells: Mapping[str, Cells], places: Mapping[str, int]) -> Grid:
    names = [str(name) for name in table.columns]
    return Grid(
        form, title, dict(cells), np.arange(2, 2 + len(table)),
        {key: letter(places[key]) for key in cells if key in places},
        {key: shown(names[places[key]]) for key in cells if key in places}, typed=False,
    )  # fmt: skip


def _columns(
    names: list[str], fields: Mapping[str, Field], mapping: SurveyMapping, known: Known
) -> dict[str, int]:  # fmt: skip
    """Return key → position of every column whose name is understood; `building:id` for the id of a building."""
    columns = (*FINDING_FIELDS, *WHEN, *fields.values())
    called = {
        **{f"{start}{code}": code for code in known.catalogue.codes for start in ("q", "code_", "c")},
        **{_narrow(name): key for key, more in _ALIASES.items() for name in more},
        **{_narrow(name): each.key for each in columns for name in (each.key, each.title_zh, each.title_en)},
        **{_narrow(name): f"{subject}:id" for subject, more in _SUBJECT_IDS.items() for name in more},
    }
    stated = {theirs: ours for ours, theirs in mapping.columns.items()}
    places: dict[str, int] = {}
    for position, name in enumerate(names):
        last = _narrow(_last(name))
        known_as = called.get(_narrow(name)) or called.get(last) or called.get(last.split(" ")[0])
        meant = stated.get(name) or (None if name in mapping.options else known_as)
        if meant is not None:
            places.setdefault(meant, position)
    return places


def _narrow(name: str) -> str:
    return plain(name).casefold()


def _last(name: str) -> str:
    """Return the last part of a group path."""
    return re.split(r"[/.:]", name.rstrip("/.:"))[-1].strip().casefold()


def _multiple(names: list[str], mapping: SurveyMapping, known: Known) -> dict[int, tuple[str, ...]]:
    """Return position → codes of every select_multiple column: as the mapping says, or named after an indicator."""
    found: dict[int, tuple[str, ...]] = {}
    for position, name in enumerate(names):
        indicator = known.catalogue.by_key(_last(name))
        if name in mapping.options:
            found[position] = mapping.options[name]
        elif indicator is not None and indicator.codes and name not in mapping.columns.values():
            found[position] = tuple(code.code for code in indicator.codes)
    return found


def _chosen(column: Cells, options: tuple[str, ...]) -> dict[str, Cells]:
    """Return a column of words for every code that a select_multiple offers; what is no code stays, to be told."""
    out = {code: np.full(len(column), "", dtype=object) for code in options}
    for row in np.flatnonzero(present(column)):
        text = plain(as_text(column[row])).casefold()
        tokens = {each for each in _TOKENS.split(text) if each}
        if not tokens or text in UNKNOWN:
            continue
        strange = tokens - set(options) - set(_NONE)
        for code in options:
            out[code][row] = " ".join(sorted(strange)) if strange else "found" if code in tokens else "clear"
    return out


def _from_phone(
    table: pd.DataFrame, names: list[str], cells: dict[str, Cells], places: dict[str, int], *, of_findings: bool
) -> None:
    """Put in what the phone itself knows where the form says nothing: day, place, id."""
    last = {_last(name): position for position, name in reversed(list(enumerate(names)))}
    if "surveyed_on" not in cells and _TIME in last:
        cells["surveyed_on"], places["surveyed_on"] = table.iloc[:, last[_TIME]].to_numpy(dtype=object), last[_TIME]
    where = next((last[name] for name in _PLACE_NAMES if name in last), None)
    if of_findings and "x" not in cells and where is not None:
        pairs = [[*_TOKENS.split(as_text(each).strip("[]() ")), ""][:2] for each in table.iloc[:, where]]
        for key, position in (("y", 0), ("x", 1)):
            cells[key], places[key] = np.array([pair[position] for pair in pairs], dtype=object), where
    if of_findings and "finding_id" not in cells and _UUID in last:
        cells["finding_id"] = table.iloc[:, last[_UUID]].to_numpy(dtype=object)
        places["finding_id"] = last[_UUID]


def _supersede(number: int, table: pd.DataFrame, notes: Notes) -> None:
    """Tell the rows that a later submission of the same subject replaces, and empty them."""
    grid = notes.grids[number]
    times = next((position for position, name in enumerate(table.columns) if _last(str(name)) == _TIME), None)
    if times is None:
        return
    ids = pd.Series([plain(as_text(each)) for each in grid.column("id")])
    order = pd.Series([as_text(each) for each in table.iloc[:, times]]).sort_values(kind="stable").index
    latest = ~ids.loc[order].duplicated(keep="last").reindex(ids.index).to_numpy(dtype=bool)
    rows = np.flatnonzero(~latest & (ids != "").to_numpy())
    notes.cell("row_superseded", number, "id", rows)
    for column in grid.cells.values():
        column[rows] = ""
