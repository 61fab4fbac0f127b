"""Open a survey workbook: is it one, whole, not too large, of this study and edition; its sheets as grids."""

import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import python_calamine as calamine

from geo.standards.indicators import Catalogue
from geo.study import Study
from geo.survey.forms import (
    FINDING_FIELDS,
    FINDINGS,
    FINDINGS_TITLES,
    FIRST_ROW,
    FORMAT,
    GUIDE,
    HEAD_ROW,
    KEY_ROW,
    LISTS_SHEET,
    MARK,
    META_SHEET,
    TOWN,
    TOWN_FIELDS,
    TOWN_TITLES,
    Field,
    Form,
    fields_on,
    study_mark,
)
from geo.survey.grid import Grid, Notes, letter, shown

LARGEST_BYTES, LARGEST_UNPACKED, LARGEST_PART = 150_000_000, 2_000_000_000, 900_000_000
MOST_ROWS, MOST_COLUMNS = 500_000, 400
_BOMB_RATIO, _BOMB_FROM = 200, 50_000_000
"""A part that unpacks to more than so many times its size, and to more than so many bytes, is refused."""

_OLE, _ZIP = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"PK\x03\x04"
_FAR = re.compile(rb"""\br\s*=\s*["']([A-Z]{3,}|[A-Z]{1,2}(?=\d{7}))\d""")
_LAST = re.compile(rb"""<row\b[^>]*\br\s*=\s*["'](\d{6,})["']""")
_CELL = re.compile(rb"""<c\b([^>]*?)(?:/>|>(.*?)</c>)""", re.DOTALL)
_PLACE, _ERROR = re.compile(rb"""\br=["']([A-Z]+)(\d+)["']"""), re.compile(rb"""\bt=["']e["']""")


@dataclass(frozen=True)
class _Odd:
    """Cells of a sheet that calamine hands over as empty: spreadsheet errors, formulas without a value."""

    errors: frozenset[tuple[int, int]] = frozenset()
    uncomputed: frozenset[tuple[int, int]] = frozenset()


def read_book(path: Path, study: Study, catalogue: Catalogue, asked: tuple[Form, ...], notes: Notes) -> list[int]:
    """Return the positions of the grids that a workbook gives to `notes`; what is wrong with it is told there."""
    content = _content(path, notes)
    if content is None:
        return []
    try:
        odd = _parts(content, notes)
        if odd is None:
            return []
        with calamine.CalamineWorkbook.from_object(io.BytesIO(content)) as book:
            names = book.sheet_names
            if META_SHEET not in names:
                notes.file("meta_missing")
                return []
            made = _meta(book, study, catalogue, notes)
            optional = {form.key: fields_on(form, catalogue) for form in asked}
            return _sheets(book, names, [form for form in asked if form.key in made], optional, odd, notes)
    except calamine.PasswordError:
        notes.file("encrypted")
    except (calamine.CalamineError, zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, OSError, EOFError,
            KeyError, RuntimeError, ValueError) as error:  # fmt: skip
        notes.file("damaged", f"{type(error).__name__}: {shown(str(error))}")
    return []


def _content(path: Path, notes: Notes) -> bytes | None:
    with path.open("rb") as opened:
        content = opened.read(min(path.stat().st_size, LARGEST_BYTES) + 1)
    if len(content) > LARGEST_BYTES:
        notes.file("too_large", f"> {LARGEST_BYTES // 1_000_000} MB")
        return None
    if content.startswith(_OLE):
        notes.file("encrypted" if "EncryptedPackage".encode("utf-16-le") in content else "old_xls")
        return None
    if not content.startswith(_ZIP):
        notes.file("not_workbook")
        return None
    return content


def _parts(content: bytes, notes: Notes) -> Mapping[str, _Odd] | None:
    """Return the odd cells of every sheet by its title, after looking at all parts; None when one is too much."""
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        parts = packed.infolist()
        if "xl/workbook.xml" not in {part.filename for part in parts}:
            notes.file("not_workbook")
            return None
        total = 0
        for part in parts:
            total += part.file_size
            ratio = part.file_size / max(part.compress_size, 1)
            if part.file_size > LARGEST_PART or (part.file_size > _BOMB_FROM and ratio > _BOMB_RATIO):
                notes.file("zip_bomb", f"{part.filename}: {part.file_size / 1e6:,.0f} MB")
                return None
        if total > LARGEST_UNPACKED:
            notes.file("zip_bomb", f"{total / 1e6:,.0f} MB")
            return None
        odd = {}
        for part in parts:
            if part.filename.startswith("xl/worksheets/") and part.filename.endswith(".xml"):
                xml = _part(packed, part)
                if _FAR.search(xml) or any(int(row) > MOST_ROWS for row in _LAST.findall(xml)):
                    notes.file("too_many_rows", f"{MOST_ROWS:,} × {MOST_COLUMNS}", sheet=part.filename)
                    return None
                odd[part.filename] = _odd(xml)
        return _titled(packed, odd)


def _part(packed: zipfile.ZipFile, part: zipfile.ZipInfo) -> bytes:
    """Return a part, of no more than the size it states: one that holds more is damaged."""
    with packed.open(part) as opened:
        return opened.read(part.file_size)


def _odd(xml: bytes) -> _Odd:
    """Return the cells that hold an error, or a formula without a value; most sheets have none, and are not parsed."""
    if not any(mark in xml for mark in (b't="e"', b"t='e'", b"<f>", b"<f ", b"<f/")):
        return _Odd()
    errors, uncomputed = set(), set()
    for attributes, inside in _CELL.findall(xml):
        place = _PLACE.search(attributes)
        if place is None:
            continue
        where = (int(place[2]), _position(place[1].decode()))
        if _ERROR.search(attributes):
            errors.add(where)
        elif b"<f" in inside and not re.search(rb"<v>[^<]|<v [^>]*>[^<]|<is>", inside):
            uncomputed.add(where)
    return _Odd(frozenset(errors), frozenset(uncomputed))


def _titled(packed: zipfile.ZipFile, odd: Mapping[str, _Odd]) -> Mapping[str, _Odd]:
    """Return the same by the sheets' titles, as the workbook relates them to its parts."""
    texts = {}
    for name in ("xl/workbook.xml", "xl/_rels/workbook.xml.rels"):
        texts[name] = _part(packed, packed.getinfo(name))
        if b"<!DOCTYPE" in texts[name] or b"<!ENTITY" in texts[name]:
            raise zipfile.BadZipFile("document types are not read")
    try:
        relations = ElementTree.fromstring(texts["xl/_rels/workbook.xml.rels"])  # noqa: S314
        book = ElementTree.fromstring(texts["xl/workbook.xml"])  # noqa: S314
    except ElementTree.ParseError as error:
        raise zipfile.BadZipFile(str(error)) from error
    target = {each.get("Id"): (each.get("Target") or "").removeprefix("/xl/").removeprefix("/") for each in relations}
    titled = {}
    for each in book.iter():
        if each.tag.endswith("}sheet"):
            related = next((value for key, value in each.attrib.items() if key.endswith("}id")), None)
            titled[each.get("name") or ""] = odd.get(f"xl/{target.get(related, '')}", _Odd())
    return titled


def _position(letters: str) -> int:
    number = 0
    for each in letters:
        number = number * 26 + ord(each) - 64
    return number - 1


def _meta(book: calamine.CalamineWorkbook, study: Study, catalogue: Catalogue, notes: Notes) -> set[str]:
    """Tell when the workbook is of a newer format, another study or another edition; return the forms made for it."""
    rows = book.get_sheet_by_name(META_SHEET).to_python(skip_empty_area=False, nrows=200)
    meta = {str(row[0]): row[1] for row in rows if len(row) > 1}
    version = meta.get("format", "")
    if not isinstance(version, float | int) or version < 1:
        notes.file("meta_missing")
        return set()
    if version > FORMAT:
        notes.file("newer_format", f"{version:g}")
        return set()
    if meta.get("study_mark") != study_mark(study):
        notes.file("other_study", shown(meta.get("study", "")))
    if meta.get("catalogue") != catalogue.name or str(meta.get("edition")) != str(catalogue.edition):
        notes.file("wrong_edition", f"{shown(meta.get('catalogue', ''))} ({shown(meta.get('edition', ''))})")
    return {str(row[1]) for row in rows if len(row) > 1 and row[0] == "form"}


def _sheets(  # noqa: PLR0917 - a book and what is looked for in it
    book: calamine.CalamineWorkbook, names: list[str], asked: list[Form], optional: Mapping[str, tuple[Field, ...]],
    odd: Mapping[str, _Odd], notes: Notes,
) -> list[int]:  # fmt: skip
    wanted: dict[str, tuple[tuple[str, str], tuple[Field, ...]]] = {
        **{form.key: ((form.title_zh, form.title_en), form.columns) for form in asked},
        TOWN: (TOWN_TITLES, TOWN_FIELDS),
        FINDINGS: (FINDINGS_TITLES, FINDING_FIELDS),
    }
    seen: dict[str, str] = {}
    numbers = []
    for name in names:
        if name in (META_SHEET, LISTS_SHEET):
            continue
        sheet = book.get_sheet_by_name(name)
        if sheet.total_height > MOST_ROWS or sheet.total_width > MOST_COLUMNS:
            notes.file("too_many_rows", f"{MOST_ROWS:,} × {MOST_COLUMNS}", sheet=name)
            continue
        rows = sheet.to_python(skip_empty_area=False)
        mark = str(rows[0][0]) if rows and rows[0] else ""
        key = mark.removeprefix(MARK) if mark.startswith(MARK) else ""
        if key == GUIDE:
            continue
        if key not in wanted:
            lost = next((k for k, (titles, _) in wanted.items() if name in titles and k not in seen), None)
            notes.file("sheet_unknown" if lost is None else "keys_missing", sheet=name)
            if lost is not None:
                seen[lost] = name
            continue
        titles, fields = wanted[key]
        if key in seen:
            notes.file("sheet_twice", seen[key], sheet=name)
            continue
        seen[key] = name
        if name not in titles:
            notes.file("sheet_renamed", titles, sheet=name)
        grid = _grid(key, name, rows, fields, optional.get(key, ()), notes)
        if grid is not None:
            number = notes.take(grid)
            numbers.append(number)
            _tell_odd(number, odd.get(name, _Odd()), sheet.merged_cell_ranges or [], notes)
    for key, (titles, _) in wanted.items():
        if key not in seen:
            notes.file("sheet_missing", titles)
    return numbers


def _grid(  # noqa: PLR0917 - a sheet and what is looked for in it
    key: str, name: str, rows: list[list[Any]], fields: tuple[Field, ...], optional: tuple[Field, ...], notes: Notes
) -> Grid | None:
    """Return a sheet as a grid, its columns told by the hidden keys; None when they are gone."""
    keys = [str(cell).strip() for cell in rows[KEY_ROW - 1]] if len(rows) >= KEY_ROW else []
    wanted, also = {each.key: each for each in fields}, {each.key for each in optional}
    if fields[0].key not in keys or sum(each in wanted for each in keys) < 2:
        notes.file("keys_missing", sheet=name)
        return None
    heads = rows[HEAD_ROW - 1] if len(rows) >= HEAD_ROW else []
    body = rows[FIRST_ROW - 1 :]
    places: dict[str, int] = {}
    for position, each in enumerate(keys):
        heading = shown(heads[position]) if position < len(heads) else ""
        if each in places:
            notes.file("column_twice", " ".join(f"{letter(position)} {heading}".split()), sheet=name)
        elif each in wanted or each in also:
            places[each] = position
        elif each or heading:
            notes.file("column_unknown", sheet=name, value=" ".join(f"{letter(position)} {heading or each}".split()))
    for each, known in wanted.items():
        if each not in places:
            notes.file("column_missing", (known.title_zh, known.title_en), sheet=name)
    columns = list(zip(*body, strict=True)) if body else [()] * len(keys)
    cells = {}
    for each, position in places.items():
        column = np.empty(len(body), dtype=object)
        column[:] = columns[position]
        cells[each] = column
    return Grid(
        key, name, cells, np.arange(FIRST_ROW, FIRST_ROW + len(body)),
        {each: letter(position) for each, position in places.items()},
        {each: shown(heads[position]) if position < len(heads) else "" for each, position in places.items()},
    )  # fmt: skip


def _tell_odd(number: int, odd: _Odd, merged: list[tuple[tuple[int, int], tuple[int, int]]], notes: Notes) -> None:
    """Tell errors, uncomputed formulas and merged cells that lie in the table."""
    grid = notes.grids[number]
    keys = {name: key for key, name in grid.letters.items()}
    for kind, cells in (("error_cell", odd.errors), ("formula_unevaluated", odd.uncomputed)):
        for row, position in sorted(cells):
            key = keys.get(letter(position))
            if key is not None and FIRST_ROW <= row < FIRST_ROW + len(grid):
                notes.cell(kind, number, key, np.array([row - FIRST_ROW]))
    for (top, left), (bottom, right) in merged:
        for key, rows in _covered(top, left, bottom, right, keys, len(grid)):
            notes.cell("merged_cells", number, key, rows, f"{letter(left)}{top + 1}:{letter(right)}{bottom + 1}")


def _covered(  # noqa: PLR0917 - a sheet, and where to tell
    top: int, left: int, bottom: int, right: int, keys: Mapping[str, str], rows: int
) -> Iterator[tuple[str, Any]]:
    """Yield the first column of a merged range that is ours, with its rows in the table."""
    first, last = max(top + 1, FIRST_ROW) - FIRST_ROW, min(bottom + 1, FIRST_ROW + rows - 1) - FIRST_ROW
    mine = [keys[letter(at)] for at in range(left, right + 1) if letter(at) in keys]
    if mine and first <= last:
        yield mine[0], np.arange(first, last + 1)
