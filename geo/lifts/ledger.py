"""The ownership ledger of a lift: who owns which flat of which stair, how large it is, and what the owner answered.

Names and other keys of owners stay in the file: they only tell who is the same person, and become numbers by the order
of flats. Columns that are not asked for (telephone, identity number) are not read.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pandas as pd

from geo.errors import Fault, InputError
from geo.ingest.sheets import Field, SheetRead, read_sheet, sheet_names

DEVELOPER = "developer"
"""The one person who holds all flats that are not sold or not handed over."""

ANSWERS = ("agree", "against", "abstain", "none")
"""同意, 不同意, 弃权, 未表决: who abstains takes part, who has not voted does not."""

_ANSWER_WORDS = {
    "同意": "agree", "不同意": "against", "弃权": "abstain", "未表决": "none", "赞成": "agree", "反对": "against",
    "未投票": "none", "未参与": "none", "agree": "agree", "yes": "agree", "against": "against", "no": "against",
    "abstain": "abstain", "none": "none", "not voted": "none",
}  # fmt: skip
_STAIRS = {"单元式": "stair", "梯间式": "stair", "通廊式": "gallery", "外廊式": "gallery", "内廊式": "gallery",
           "塔式": "tower", "stair": "stair", "gallery": "gallery", "tower": "tower"}  # fmt: skip

FLAT_FIELDS = (
    Field("building_id", ("楼栋编号", "建筑编号", "楼栋", "楼幢号", "幢号", "building"), required=True, filled=True),
    Field("unit", ("单元", "单元号", "stair")),
    Field("flat", ("房号", "室号", "户号", "专有部分"), required=True, filled=True),
    Field("floor", ("所在层", "楼层", "层"), "count", minimum=-5, maximum=150),
    Field("area_m2", ("专有面积(平方米)", "专有部分面积(平方米)", "专有部分面积", "专有面积", "建筑面积",
                      "建筑面积(平方米)", "面积", "area"), "number", required=True, minimum=0.01, maximum=100_000),
    Field("owner", ("业主标识", "业主编号", "业主", "权利人", "产权人", "owner_key"), required=True, private=True),
    Field("unsold", ("未售或未交付", "开发商未售", "未售"), "flag"),
    Field("answer", ("表决意见", "意见", "表决", "vote"), "word", required=True, words=_ANSWER_WORDS),
)  # fmt: skip
"""Columns of the ledger."""

BUILDING_FIELDS = (
    Field("building_id", ("楼栋编号", "建筑编号", "楼栋", "楼幢号", "幢号", "building"), required=True, filled=True),
    Field("lift", ("已有电梯", "有电梯", "existing_lift"), "flag"),
    Field("stairs", ("楼梯形式", "平面形式", "stair_type"), "word", words=_STAIRS),
    Field("demolition", ("列入拆迁计划", "列入拆除计划", "demolition_plan"), "flag"),
    Field("floors", ("层数", "地上层数", "storeys"), "count", minimum=1, maximum=150),
)
"""Columns of the sheet about buildings."""

BUILDING_SHEETS = ("楼栋", "楼栋情况", "buildings")


@dataclass(frozen=True)
class Ledger:
    """An ownership ledger as it was read.

    Attributes
    ----------
    flats : DataFrame
        One row for each flat and owner, in the order of buildings, stairs, floors and flats. Columns: building_id, unit
        (empty for a building without named stairs), flat, floor (Int64), area_cm2 (Int64 [cm²]: whole square
        centimetres, missing when unknown), owner (`P0001`, or `developer`), unsold (bool), answer (see `ANSWERS`), row.
    file : str
        Name of the file, without its folder.
    notes : tuple of (str, str)
        What was assumed on reading, in Chinese and English.
    """

    flats: pd.DataFrame
    file: str
    notes: tuple[tuple[str, str], ...]


def read_ledger(path: Path, *, sheet: str | None = None) -> Ledger:
    """Return the ownership ledger in a CSV or Excel file.

    Several owners of a flat stand in one cell, parted by 、 or ;, or on rows of their own. An empty area or floor is
    unknown; an empty answer is 未表决.

    Raises
    ------
    InputError
        With every fault at once: cells that cannot be read, flats whose rows contradict each other, rows that stand
        twice, flats without an owner, buildings of which only some rows name a stair.
    """
    read = read_sheet(path, FLAT_FIELDS, sheet=sheet)
    table = read.table
    faults = [*read.faults]
    if table.empty:
        raise InputError(read.fault("the ledger has no flats", "give a row for each flat"))
    flats = pd.DataFrame({
        "building_id": table["building_id"], "unit": table["unit"].map(_unit), "flat": table["flat"],
        "floor": pd.to_numeric(table["floor"], errors="coerce").astype("Int64"),
        "area_cm2": table["area_m2"].map(lambda m2: None if m2 is None else square_centimetres(m2)).astype("Int64"),
        "unsold": table["unsold"].map(bool), "row": table.index,
        "owner": [DEVELOPER if unsold else _owners(said) for said, unsold in
                  zip(table["owner"], table["unsold"], strict=True)],
        "answer": table["answer"].map(lambda said: said or "none"),
    })  # fmt: skip
    faults += _contradictions(flats[flats["building_id"].notna() & flats["flat"].notna()], read)
    if faults:
        raise InputError(faults)
    flats = flats.assign(owner=flats["owner"].map(lambda said: [said] if isinstance(said, str) else list(said)))
    flats = flats.explode("owner")
    order = sorted(range(len(flats)), key=lambda i: _place(flats.iloc[i]))
    flats = flats.iloc[order].reset_index(drop=True)
    numbers = {key: f"P{i:04d}" for i, key in enumerate(dict.fromkeys(
        key for key in flats["owner"] if key != DEVELOPER), start=1)}  # fmt: skip
    flats["owner"] = flats["owner"].map({**numbers, DEVELOPER: DEVELOPER})
    columns = ["building_id", "unit", "flat", "floor", "area_cm2", "owner", "unsold", "answer", "row"]
    return Ledger(flats[columns], Path(read.file).name, tuple(_notes(read, table)))


def read_building_facts(path: Path, *, sheet: str | None = None) -> pd.DataFrame | None:
    """Return what a sheet says of buildings: whether they have a lift, how their stairs lie, whether they will go.

    The sheet is the named one, or the first that is called 楼栋, 楼栋情况 or buildings; None when a workbook has none.
    A CSV file is read as it is.

    Returns
    -------
    DataFrame
        Index `building_id`; columns lift, demolition (flags), stairs (stair, gallery, tower), floors; None is unknown.

    Raises
    ------
    InputError
        With every wrong cell, and buildings that stand on several rows.
    """
    if sheet is None and path.suffix.lower() != ".csv":
        names = {name.strip().lower(): name for name in sheet_names(path)}
        sheet = next((names[name] for name in BUILDING_SHEETS if name in names), None)
        if sheet is None:
            return None
    read = read_sheet(path, BUILDING_FIELDS, sheet=sheet)
    faults = [*read.faults]
    for key, rows in read.table.groupby("building_id", sort=True).groups.items():
        if len(rows) > 1:
            faults.append(read.fault(f"building {key} stands on several rows", "keep one", [f"row {r}" for r in rows]))
    if faults:
        raise InputError(faults)
    return read.table.set_index("building_id").sort_index()


def square_centimetres(m2: float) -> int:
    """Return an area [m²] in whole square centimetres, from the decimals as they are written.

    Examples
    --------
    >>> square_centimetres(67.85), square_centimetres(0.1 + 0.2)
    (678500, 3000)
    """
    return int((Decimal(repr(m2)) * 10_000).to_integral_value())


def _unit(said: str | None) -> str:
    """Return a stair's name: 2单元 and 2 are the same."""
    return "" if said is None else re.sub(r"(单元|梯|号?门)$", "", said).strip()


def _owners(said: str | None) -> tuple[str, ...]:
    parts = re.split(r"[、;；,，/]", said or "")
    return tuple(dict.fromkeys(part.strip() for part in parts if part.strip()))


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """Return a key by which 2 comes before 10."""
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.findall(r"\d+|\D+", text))


def _place(row: pd.Series) -> tuple[object, ...]:
    floor = -99 if pd.isna(row["floor"]) else int(row["floor"])
    return natural(row["building_id"]), natural(row["unit"]), floor, natural(row["flat"]), row["owner"], row["row"]


def _contradictions(flats: pd.DataFrame, read: SheetRead) -> Iterator[Fault]:
    """Yield what rows of a ledger cannot say together."""

    def rows(some: pd.DataFrame) -> list[str]:
        return [f"row {row}" for row in some["row"]]

    empty = flats[flats["owner"].map(lambda said: said == ())]
    if len(empty):
        yield read.fault(f"{len(empty)} flats name no owner", "give each a key that tells persons apart (a number will "
                         "do), or say 是 under 未售或未交付", rows(empty))  # fmt: skip
    for building, some in flats.groupby("building_id", sort=True):
        bare = some[some["unit"] == ""]
        if 0 < len(bare) < len(some):
            yield read.fault(f"building {building}: some flats name their stair (单元), some do not", "name it for all",
                             rows(bare))  # fmt: skip
    for (building, unit, flat), some in flats.groupby(["building_id", "unit", "flat"], sort=True):
        if len(some) == 1:
            continue
        name = f"flat {building} {unit} {flat}".replace("  ", " ")
        for column, word in (("area_cm2", "areas"), ("floor", "floors"), ("unsold", "words on being unsold")):
            if len(some[column].drop_duplicates()) > 1:
                yield read.fault(f"{name} has rows with different {word}", "give the whole flat's on every row of it",
                                 rows(some))  # fmt: skip
        keys = [key for said in some["owner"] for key in ([said] if isinstance(said, str) else said)]
        if len(set(keys)) < len(keys):
            yield read.fault(f"{name} stands twice for the same owner", "delete the row that is too much", rows(some))


def _notes(read: SheetRead, table: pd.DataFrame) -> Iterator[tuple[str, str]]:
    if blank := int(table["answer"].isna().sum()):
        yield f"{blank}行未填意见,按未表决计", f"rows without an answer: {blank}; they count as not voted"
    if gaps := int(table["area_m2"].isna().sum()):
        yield f"{gaps}行专有面积未知,不作零计", f"rows without an area: {gaps}; it is unknown, not zero"
    if read.unread:
        yield (
            f"未读取的列:{len(read.unread)}列(本功能不需要,也不输出)",
            f"columns that were not read: {len(read.unread)}; they are not needed, and go into no output",
        )
