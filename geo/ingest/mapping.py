"""The mapping file: which source column is which. TOML, parsed into frozen models; every fault named at once."""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator
from pydantic_core import ErrorDetails

from geo.crs import parse_crs
from geo.errors import Fault, InputError
from geo.schema import RECORDED, TABLES

IMPORTABLE = tuple(name for name in TABLES if name not in ("seams", *RECORDED))
"""Tables that may be read from map files; seams are traced from blocks, records come from surveys and registers."""

RASTERS = ("population", "dem")
"""Rasters a study holds: people per cell, and ground height [m]."""

_MAX_BYTES = 1_000_000
Scalar = str | int | float | bool


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class StudyEntry(_Entry):
    """`[study]`: names, and the CRS everything is brought into (picked from the place when not given)."""

    name: str | None = None
    name_en: str | None = None
    crs: str | None = None


class SourceEntry(_Entry):
    """`[[source]]`: one layer of one file that feeds one table.

    `columns` maps our column to the source's; `values` translates source values per column of ours; `fixed` gives every
    row the same value; `filter` keeps the rows whose source column holds one of the listed values. `crs` speaks only
    when the file states none. `encoding` is for shapefiles.
    """

    table: str
    file: str
    layer: str | None = None
    crs: str | None = None
    encoding: str | None = None
    columns: dict[str, str] = Field(default_factory=dict)
    values: dict[str, dict[str, Scalar]] = Field(default_factory=dict)
    fixed: dict[str, Scalar] = Field(default_factory=dict)
    filter: dict[str, list[Scalar]] = Field(default_factory=dict)

    @field_validator("table")
    @classmethod
    def _known_table(cls, table: str, info: ValidationInfo) -> str:
        tables = info.context["tables"] if info.context else IMPORTABLE
        if table not in tables:
            raise ValueError(f"{table!r} is no table; possible: {', '.join(tables)}")
        return table

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, encoding: str | None) -> str | None:
        if encoding is not None:
            try:
                "".encode(encoding)
            except LookupError as error:
                raise ValueError(f"{encoding!r} is no text encoding; possible: GB18030, UTF-8, Big5 …") from error
        return encoding


class RasterEntry(_Entry):
    """`[rasters]`: the files of the two rasters, relative to the mapping file."""

    population: str | None = None
    dem: str | None = None


class ImportMapping(_Entry):
    """A whole mapping file. `folder` is where its file names start; `origin` is how messages call it."""

    study: StudyEntry = Field(default_factory=StudyEntry)
    source: tuple[SourceEntry, ...] = Field(default=(), strict=False)
    rasters: RasterEntry = Field(default_factory=RasterEntry)
    folder: Path | None = Field(default=None, exclude=True)
    origin: str = Field(default="the mapping", exclude=True)


def load_mapping(path: Path) -> ImportMapping:
    """Return the mapping written in a TOML file.

    Raises
    ------
    InputError
        When there is no such file, it is not TOML, or an entry is wrong; one fault per wrong key, each naming the
        entry, the key and what is possible.
    """
    where = str(path)
    if not path.is_file():
        raise InputError(Fault("there is no such mapping file", "give the path of a .toml file", file=where))
    if path.stat().st_size > _MAX_BYTES:
        raise InputError(Fault("this is too large for a mapping file (over 1 MB)", "give the .toml file", file=where))
    try:
        content = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise InputError(
            Fault("the mapping file is not written in UTF-8", "save it again in the encoding UTF-8", file=where)
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise InputError(
            Fault(f"this is not TOML: {error}", "correct that line; text stands in quotes", file=where)
        ) from error
    return parse_mapping(content, folder=path.parent, origin=where)


def parse_mapping(
    content: dict[str, Any],
    *,
    folder: Path | None = None,
    origin: str = "the mapping",
    tables: Sequence[str] = IMPORTABLE,
) -> ImportMapping:
    """Return a mapping from its parsed TOML.

    Parameters
    ----------
    content
        What the TOML file holds: `study`, `source` (a list), `rasters`.
    folder
        Where relative file names start.
    origin
        How messages call the mapping.
    tables
        The tables that sources may feed.

    Raises
    ------
    InputError
        With one fault per wrong key.
    """
    for reserved in ("folder", "origin"):
        if reserved in content:
            raise InputError(Fault(f"{reserved}: no such key", "possible: study, source, rasters", file=origin))
    try:
        mapping = ImportMapping.model_validate(
            {**content, "folder": folder, "origin": origin}, context={"tables": tables}
        )
    except ValidationError as error:
        raise InputError([_fault(each, content, origin) for each in error.errors()]) from error
    faults = [fault for number, entry in enumerate(mapping.source, 1) for fault in _entry_faults(entry, number, origin)]
    for place, text in (
        ("crs of [study]", mapping.study.crs),
        *((f"crs of source {n}", e.crs) for n, e in enumerate(mapping.source, 1)),
    ):
        if text is not None:
            try:
                parse_crs(text, where=place)
            except InputError as error:
                faults += [Fault(f.what, f.remedy, file=origin) for f in error.faults]
    if faults:
        raise InputError(faults)
    return mapping


def _entry_faults(entry: SourceEntry, number: int, origin: str) -> list[Fault]:
    """Return what is wrong with the columns an entry speaks of."""
    table = TABLES[entry.table]
    ours = (table.index, *(column.name for column in table.columns))
    faults = []
    for key, named in (("columns", entry.columns), ("values", entry.values), ("fixed", entry.fixed)):
        strange = [name for name in named if name not in ours]
        if strange:
            faults.append(
                Fault(
                    f"source {number}, key {key}: table {entry.table} has no column {', '.join(strange)}",
                    f"use our column names on the left; possible: {', '.join(ours)}",
                    file=origin,
                    layer=entry.layer,
                )
            )
    if table.index in entry.fixed:
        faults.append(
            Fault(
                f"source {number}, key fixed: {table.index} is the id and differs in every row",
                "map it to a column, or leave it out and ids are made",
                file=origin,
            )
        )
    both = sorted(set(entry.columns) & set(entry.fixed))
    if both:
        faults.append(
            Fault(
                f"source {number}: {', '.join(both)} stands under columns and under fixed",
                "keep one of the two",
                file=origin,
            )
        )
    for name, listed in entry.filter.items():
        if not listed:
            faults.append(
                Fault(
                    f"source {number}, key filter: no value is listed for {name}",
                    f'list the values to keep, e.g. {name} = ["…"]',
                    file=origin,
                )
            )
    return faults


_SECTIONS: dict[str, type[BaseModel]] = {"study": StudyEntry, "rasters": RasterEntry}


def _fault(error: ErrorDetails, content: dict[str, Any], origin: str) -> Fault:
    """Turn one of pydantic's errors into a fault that names entry, key and what is possible."""
    place = [part for part in error["loc"] if part not in ("str", "int", "float", "bool")]
    table = None
    label, keys = "", place
    model: type[BaseModel] = ImportMapping
    if len(place) >= 2 and place[0] == "source" and isinstance(place[1], int):
        entry = content["source"][place[1]]
        written = entry.get("table") if isinstance(entry, dict) else None
        table = written if isinstance(written, str) else None
        label, keys, model = f"source {place[1] + 1}", place[2:], SourceEntry
    elif len(place) > 1 and place[0] in _SECTIONS:
        label, keys, model = f"[{place[0]}]", place[1:], _SECTIONS[str(place[0])]
    key = ".".join(str(part) for part in keys)
    fields = ", ".join(name for name in model.model_fields if name not in ("folder", "origin"))
    spot = ", ".join(part for part in (label, f"key {key}" if key else "") if part) or "the file"
    if error["type"] == "extra_forbidden":
        return Fault(f"{spot}: no such key", f"possible: {fields}", file=origin, table=table)
    if error["type"] == "missing":
        return Fault(
            f"{spot}: it is missing",
            f"add it; every source needs table and file (possible: {fields})",
            file=origin,
            table=table,
        )
    if error["type"] == "value_error":
        return Fault(f"{spot}: {error['ctx']['error']}", "use one of the possible values", file=origin, table=table)
    return Fault(
        f"{spot}: {error['input']!r} does not fit ({error['msg'].lower()})",
        f"write it as in docs/import.md (keys: {fields})",
        file=origin,
        table=table,
    )
