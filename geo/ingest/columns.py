"""Turn source columns into our columns: names, ids, types, translated values, what is missing.

A value is changed only when its meaning is sure, and every change is listed. Values that cannot be understood stay as
they are, so that the table's contract refuses them with their row ids.
"""

import re
import unicodedata
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from geo.errors import Fault, InputError
from geo.ingest.mapping import SourceEntry
from geo.ingest.osm import year_repairs
from geo.ingest.source import Layer
from geo.schema import TABLES, Column, Table
from geo.study import Action, Repair

UNKNOWN_WORDS = (
    "-",
    "--",
    "—",
    "——",
    "/",
    "?",
    "?",
    "不详",
    "未知",
    "不明",
    "n/a",
    "na",
    "null",
    "none",
    "nan",
    "unknown",
)
"""Texts that stand for a missing number, year or flag (compared in lower case)."""

MAX_YEAR = 2100
MAX_FLOORS = 200.0
MAX_HEIGHT_M = 1000.0
LISTED = 100
"""Harmless changes of the same kind are listed row by row up to this many, and beyond as one line."""

_YES = ("true", "yes", "y", "t", "1", "是", "有")
_NO = ("false", "no", "n", "f", "0", "否")
_DATE = re.compile(r"^(\d{4})(?:[-/.年].*)?$")


@dataclass(frozen=True)
class Draft:
    """Rows for one table out of one layer: our columns, unique text index, still the source's coordinates.

    `crs` is what the layer says (`stated`) or what its format means; `written` is what the mapping says. `faults` were
    found on the way; `settled` are the columns they speak of, so that nothing is reported twice. `left_out` counts the
    source rows that were not meant, by reason; `how` says how the layer was understood.
    """

    table: str
    file: str
    layer: str
    frame: gpd.GeoDataFrame
    crs: CRS | None
    rows_read: int
    rows_used: int
    stated: bool = True
    written: str | None = None
    columns: dict[str, str] = field(default_factory=dict)
    repairs: tuple[Repair, ...] = ()
    faults: tuple[Fault, ...] = ()
    settled: frozenset[str] = frozenset()
    left_out: dict[str, int] = field(default_factory=dict)
    how: str = "mapping"

    def fault(self, what: str, remedy: str, ids: Iterable[object] = ()) -> Fault:
        """Return a fault that knows its file, layer and table."""
        rows = tuple(str(each) for each in ids)
        return Fault(what, remedy, table=self.table, ids=rows, file=self.file, layer=self.layer)


def listed(  # noqa: PLR0917 - the order is that of Repair
    table: str, ids: Iterable[object], action: Action, code: str, detail: str, detail_zh: str, *, always: bool = False
) -> list[Repair]:
    """Return one repair per row, or a single one for all when there are more than `LISTED` (unless `always`)."""
    rows = sorted(str(each) for each in ids)
    if len(rows) > LISTED and not always:
        some, many = ", ".join(rows[:5]), len(rows)
        return [
            Repair(table, "", action, code, f"{detail} ({many} rows: {some} …)", f"{detail_zh}(共 {many} 行:{some} 等)")
        ]
    return [Repair(table, row, action, code, detail, detail_zh) for row in rows]


def as_text(values: pd.Series) -> pd.Series:
    """Return values as text: numbers without a decimal zero, trimmed, empty text as missing (None).

    >>> as_text(pd.Series([12.0, 7, None, " 3a ", ""], dtype="object")).tolist()
    ['12', '7', None, '3a', None]
    """
    return pd.Series([_text(value) for value in values], index=values.index, dtype="object")


def _text(value: object) -> str | None:
    if isinstance(value, str):
        return value.strip("\ufeff\x00 \t\r\n\u3000") or None
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return None
    if isinstance(value, list | dict | np.ndarray):
        return str(value)
    if pd.isna(value):
        return None
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)


def draft_columns(layer: Layer, table_name: str, entry: SourceEntry | None, *, how: str = "mapping") -> Draft:
    """Return the rows a layer gives to a table, its columns chosen, translated and typed.

    Without an entry, columns that are named like ours are taken. With one, mapped and fixed columns come first and
    columns named like ours fill the rest.

    Raises
    ------
    InputError
        When the mapping names source columns the layer does not have; the remedy lists those it has.
    """
    table = TABLES[table_name]
    source = layer.frame
    read = len(source)
    if not read:
        raise InputError(
            Fault(
                "the layer is empty: it has no rows",
                "export it again, or leave it out",
                table=table_name,
                file=layer.file,
                layer=layer.name,
            )
        )
    if entry is not None:
        _require_columns(layer, entry)
        source = _filtered(layer, entry)
    available = {str(name): name for name in source.columns if name != source.geometry.name}
    chosen = {} if entry is None else dict(entry.columns)
    fixed = {} if entry is None else dict(entry.fixed)
    for ours in (table.index, *(column.name for column in table.columns)):
        if ours not in chosen and ours not in fixed and ours in available:
            chosen[ours] = ours
    data: dict[str, object] = {ours: source[available[theirs]] for ours, theirs in chosen.items()}
    data |= {ours: pd.Series([value] * len(source), index=source.index) for ours, value in fixed.items()}
    frame = gpd.GeoDataFrame(data, index=source.index, geometry=source.geometry.values, crs=layer.crs)
    translations = {} if entry is None else entry.values
    for ours, words in translations.items():
        if ours in frame.columns:
            texts = as_text(frame[ours])
            frame[ours] = pd.Series(
                [words.get(text, value) for text, value in zip(texts, frame[ours], strict=True)],
                index=frame.index,
                dtype="object",
            )
    ids = frame[table.index] if table.index in frame.columns else None
    frame = frame.drop(columns=[table.index] if ids is not None else [])
    columns = {**chosen, **{ours: f"= {value}" for ours, value in fixed.items()}}
    draft = Draft(
        table_name,
        layer.file,
        layer.name,
        frame,
        layer.crs,
        rows_read=read,
        rows_used=len(frame),
        stated=layer.stated,
        written=None if entry is None else entry.crs,
        columns=columns,
        repairs=tuple(replace(repair, table=table_name) for repair in layer.repairs),
        how=how,
    )
    return _typed(_numbered(draft, ids, table, unique=True), table, layer)


def draft_tags(layer: Layer, table_name: str, made: gpd.GeoDataFrame, left_out: dict[str, int]) -> Draft:
    """Return the rows OpenStreetMap tags gave to a table, with unique ids and our types."""
    table = TABLES[table_name]
    frame = made.drop(columns=["osm", "start_date"], errors="ignore")
    said = tuple(repair for repair in layer.repairs if repair.table == table_name)
    if "start_date" in made:
        said += tuple(year_repairs(table_name, made["start_date"]))
    draft = Draft(
        table_name,
        layer.file,
        layer.name,
        frame,
        layer.crs,
        rows_read=len(layer.frame),
        rows_used=len(frame),
        stated=layer.stated,
        repairs=said,
        left_out=left_out,
        how="tags",
    )
    return _typed(_numbered(draft, made["osm"], table, unique=False), table, layer)


def _require_columns(layer: Layer, entry: SourceEntry) -> None:
    has = [str(name) for name in layer.frame.columns if name != layer.frame.geometry.name]
    faults = [
        Fault(
            f"the mapping's {key} names column {theirs}, which the layer does not have",
            f"the layer has: {', '.join(has) or 'no columns'}",
            table=entry.table,
            file=layer.file,
            layer=layer.name,
        )
        for key, names in (("columns", entry.columns.values()), ("filter", entry.filter))
        for theirs in names
        if theirs not in has
    ]
    if faults:
        raise InputError(faults)


def _filtered(layer: Layer, entry: SourceEntry) -> gpd.GeoDataFrame:
    frame = layer.frame
    for name, wanted in entry.filter.items():
        column = next(c for c in frame.columns if str(c) == name)
        texts = as_text(frame[column])
        kept = texts.isin([_text(value) for value in wanted])
        if not kept.any():
            values = ", ".join(sorted({str(t) for t in texts if t is not None})[:12])
            raise InputError(
                Fault(
                    f"no row has {name} = {' or '.join(map(str, wanted))}, as the mapping's filter asks",
                    f"{name} holds: {values}",
                    table=entry.table,
                    file=layer.file,
                    layer=layer.name,
                )
            )
        frame = frame[kept]
    return frame


# --- ids --------------------------------------------------------------------------------------------------------------


def _numbered(draft: Draft, ids: pd.Series | None, table: Table, *, unique: bool) -> Draft:
    """Give every row a unique text id: the source's where it has one, else made from where the row lies."""
    frame, word = draft.frame, table.index.removesuffix("_id")
    labels: list[str | None] = [None] * len(frame) if ids is None else as_text(ids).tolist()
    faults, repairs = list(draft.faults), list(draft.repairs)
    known = pd.Series([label for label in labels if label is not None], dtype="object")
    repeated = sorted(known[known.duplicated()].unique())
    if repeated and unique:
        what = f"{table.index} is not unique: ids that stand on several rows: {len(repeated)}"
        remedy = "make every id unique in the source, or map no column to it and ids are made"
        faults.append(draft.fault(what, remedy, repeated))
    order = sorted(range(len(frame)), key=_Place(frame)) if repeated or None in labels else []
    if repeated:
        taken = set(known)
        counts: dict[str, int] = {}
        for row in order:
            label = labels[row]
            if label is not None and label in repeated:
                labels[row] = free_id(label, taken, counts)
        if not unique:
            detail = f"layer {draft.layer} repeats this id on several rows; they are numbered -1, -2 …"
            detail_zh = f"图层 {draft.layer} 多行使用同一编号,已加后缀 -1、-2 …"
            repairs += listed(draft.table, repeated, "assumed", "ids_numbered", detail, detail_zh)
    missing = [row for row in order if labels[row] is None]
    if missing:
        taken = {label for label in labels if label is not None}
        counts = {}
        for row in missing:
            labels[row] = free_id(word, taken, counts)
        if len(missing) == len(frame):
            detail = f"layer {draft.layer} has no ids; they are made from where the rows lie: {word}-1, {word}-2 …"
            detail_zh = f"图层 {draft.layer} 没有编号,已按位置编为 {word}-1、{word}-2 …"
            repairs.append(Repair(draft.table, "", "assumed", "ids_made", detail, detail_zh))
        else:
            detail = f"the row had no id in layer {draft.layer}; one is made"
            detail_zh = f"图层 {draft.layer} 中该行没有编号,已新编"
            made = [labels[row] for row in missing]
            repairs += listed(draft.table, made, "assumed", "ids_made", detail, detail_zh)
    index = pd.Index(pd.array(labels, dtype="str"), name=table.index)
    named = frame.set_axis(index)
    return replace(
        draft,
        frame=named,
        repairs=tuple(repairs),
        faults=tuple(faults),
        settled=draft.settled | ({table.index} if repeated and unique else frozenset()),
    )


def free_id(stem: str, taken: set[str], counts: dict[str, int]) -> str:
    """Return `stem-1`, `stem-2` …: the next that nobody has, which is then taken."""
    while True:
        counts[stem] = counts.get(stem, 0) + 1
        label = f"{stem}-{counts[stem]}"
        if label not in taken:
            taken.add(label)
            return label


class _Place:
    """Sort key of a row: from west to east, then by its whole shape and values, so that row order does not matter."""

    def __init__(self, frame: gpd.GeoDataFrame) -> None:
        shapes = frame.geometry.values
        self.west = np.nan_to_num(shapely.bounds(shapes)[:, 0], nan=np.inf)
        self.wkb = shapely.to_wkb(shapes)
        columns = [frame[column].tolist() for column in frame.columns if column != frame.geometry.name]
        self.values = list(zip(*columns, strict=True)) if columns else [()] * len(frame)

    def __call__(self, row: int) -> tuple[float, bytes, str]:
        return float(self.west[row]), self.wkb[row] or b"", repr(self.values[row])


# --- types ------------------------------------------------------------------------------------------------------------


def _typed(draft: Draft, table: Table, layer: Layer) -> Draft:
    """Convert every column to its kind; collect repairs and faults."""
    frame = draft.frame.copy()
    repairs, faults, settled = list(draft.repairs), list(draft.faults), set(draft.settled)
    for column in table.columns:
        if column.name not in frame.columns:
            if column.required:
                has = ", ".join(str(c) for c in layer.frame.columns if c != layer.frame.geometry.name) or "no columns"
                possible = f" (possible: {', '.join(column.allowed)})" if column.allowed else ""
                remedy = f"map a source column to it or fix its value{possible}; the layer has: {has}"
                faults.append(draft.fault(f"column {column.name} ({column.meaning}) is missing", remedy))
                settled.add(column.name)
            continue
        values, changes = _convert(frame[column.name], column)
        frame[column.name] = values
        for (action, code, detail, detail_zh), rows in changes.items():
            repairs += listed(draft.table, rows, action, code, detail, detail_zh)
        if column.allowed and column.kind == "text":
            strange = values.notna() & ~values.isin(column.allowed)
            if strange.any():
                counts = values[strange].value_counts().sort_index()
                some = ", ".join(f"{value} ({n} rows)" for value, n in list(counts.items())[:10])
                what = f"column {column.name} holds values that are none of ours: {some}"
                known = ", ".join(column.allowed)
                remedy = f"translate them in the mapping's values.{column.name}; possible: {known}"
                faults.append(draft.fault(what, remedy, frame.index[strange]))
                settled.add(column.name)
    return replace(draft, frame=frame, repairs=tuple(repairs), faults=tuple(faults), settled=frozenset(settled))


_Change = tuple[Action, str, str, str]
_Changes = dict[_Change, list[Hashable]]


def _convert(values: pd.Series, column: Column) -> tuple[pd.Series, _Changes]:
    changes: _Changes = {}
    if column.kind == "text":
        texts = as_text(values)
        if column.name == "use":
            texts = _known_use(texts, column.allowed, changes)
        return texts.astype("str"), changes
    if column.kind == "flag":
        return _flags(values, column.name, changes), changes
    if column.kind == "day":
        return _days(values), changes
    return _numbers(values, column, changes), changes


def _days(values: pd.Series) -> pd.Series:
    """Return days as texts (ISO 8601), where a file holds them as dates; texts stay as they are."""
    if pd.api.types.is_datetime64_any_dtype(values):
        return values.dt.strftime("%Y-%m-%d").astype("str")
    days = values.map(lambda value: value.isoformat()[:10] if isinstance(value, date) else value)
    return as_text(days).astype("str")


def _known_use(texts: pd.Series, allowed: Sequence[str], changes: _Changes) -> pd.Series:
    strange = texts.notna() & ~texts.isin(allowed)
    for row, text in texts[strange].items():
        changes.setdefault(
            (
                "repaired",
                "unknown_use",
                f"use {text!r} is none of ours; taken as unknown",
                f"用途“{text}”不在可用值之列,记为未知",
            ),
            [],
        ).append(row)
    return texts.mask(strange, "unknown")


def _blank(text: str | None, row: Hashable, name: str, changes: _Changes) -> str | None:
    """Return the text in plain digits and letters, or None where it is a word for unknown (which is listed)."""
    if text is None:
        return None
    plain = unicodedata.normalize("NFKC", text).strip()
    if plain.lower() in UNKNOWN_WORDS:
        changes.setdefault(
            ("repaired", "unknown_word", f"{name} is {text!r}; read as unknown", f"{name} 为“{text}”,按未知处理"), []
        ).append(row)
        return None
    return plain


def _flags(values: pd.Series, name: str, changes: _Changes) -> pd.Series:
    out: list[object] = []
    for row, text in as_text(values).items():
        plain = _blank(text, row, name, changes)
        word = (plain or "").lower()
        out.append(None if plain is None else True if word in _YES else False if word in _NO else plain)
    understood = all(each is None or isinstance(each, bool) for each in out)
    return pd.Series(out, index=values.index, dtype="boolean" if understood else "object")


def _numbers(values: pd.Series, column: Column, changes: _Changes) -> pd.Series:
    if not pd.api.types.is_numeric_dtype(values.dtype) or pd.api.types.is_bool_dtype(values.dtype):
        out: list[object] = []
        for row, text in as_text(values).items():
            plain = _blank(text, row, column.name, changes)
            if plain is not None and column.kind == "year" and (day := _DATE.match(plain)):
                plain = day[1]
            try:
                out.append(None if plain is None else float(plain))
            except ValueError:
                out.append(text)
        values = pd.Series(out, index=values.index, dtype="object")
    numbers = pd.to_numeric(values, errors="coerce").astype("float64")
    if (values.notna() & numbers.isna()).any():
        return values  # text that is no number: the contract refuses it, with its rows
    for low, high, code, what, what_zh in _plausible(column):
        odd = numbers.notna() & np.isfinite(numbers) & ~numbers.between(low, high)
        for row, value in numbers[odd].items():
            changes.setdefault(
                (
                    "repaired",
                    code,
                    f"{what} {value:g} cannot be; taken as unknown",
                    f"{what_zh} {value:g} 不可能,按未知处理",
                ),
                [],
            ).append(row)
        numbers = numbers.mask(odd)
    return numbers


def _plausible(column: Column) -> list[tuple[float, float, str, str, str]]:
    """Return the range in which a value is believed; outside it the value is a stand-in for unknown (0, 999, 9999)."""
    if column.kind == "year":
        return [(float(column.minimum or 1000), MAX_YEAR, "implausible_year", "year", "年份")]
    if column.name == "floors":
        return [(0.5, MAX_FLOORS, "implausible_floors", "floors", "层数")]
    if column.name == "height_m":
        return [(0.5, MAX_HEIGHT_M, "implausible_height", "height [m]", "高度(米)")]
    return []
