"""The register of farm houses (摸家底): parcel, house and household, from one sheet or from three.

Names of people, identity and telephone numbers are not read. What a cell does not say is unknown.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from geo.errors import Fault, InputError
from geo.ingest.sheets import Field, SheetRead, read_sheet, sheet_names

_GRADES = {"A": "A", "B": "B", "C": "C", "D": "D", "A级": "A", "B级": "B", "C级": "C", "D级": "D"}

_PARCEL = (
    Field("parcel_m2", ("宅基地面积(平方米)", "宅基地面积", "宗地面积"), "number", minimum=0.01, maximum=1_000_000),
    Field("titled", ("宅基地已确权", "已确权", "已登记"), "flag"),
    Field("in_plan", ("规划保留", "规划宅基地", "在规划内"), "flag"),
)
_HOUSEHOLD = (Field("people", ("家庭人口", "人口", "家庭成员数"), "count", minimum=0, maximum=200),)
_HOUSE = (
    Field("house_id", ("农房编号", "房屋编号")),
    Field("parcel_id", ("宗地编号", "宗地号", "宅基地编号")),
    Field("household_id", ("户编号", "农户编号"), private=True),
    Field("building_id", ("建筑编号", "楼栋编号")),
    Field("community_id", ("村编号", "所在村", "村", "行政村", "village")),
    Field("footprint_m2", ("占地面积(平方米)", "建筑占地面积", "占地面积"), "number", minimum=0.01, maximum=100_000),
    Field("floors", ("层数", "地上层数"), "number", minimum=0.5, maximum=50),
    Field("year_built", ("建成年份", "建造年份", "建房年份"), "year", minimum=1000, maximum=2200),
    Field("structure", ("结构", "结构类型")),
    Field("danger_grade", ("危房鉴定等级", "鉴定等级", "危房等级"), "word", words=_GRADES),
    Field("permitted", ("经批准", "建房审批", "有审批手续"), "flag"),
    Field("occupied", ("有人居住", "居住"), "flag"),
    Field("heritage", ("受保护", "保护建筑", "历史保护"), "flag"),
    Field("houses_of_household", ("户内房屋数", "该户房屋数"), "count", minimum=0, maximum=100),
    Field("valid_from", ("登记日期", "生效日期", "有效起始日"), "day"),
    Field("x", ("经度", "x坐标", "横坐标", "lon"), "number"),
    Field("y", ("纬度", "y坐标", "纵坐标", "lat"), "number"),
)

HOUSE_FIELDS = (*_HOUSE, *_PARCEL, *_HOUSEHOLD)
"""Columns of the register in one sheet; in three, the last belong to 宗地 (by parcel_id) and 户 (by household_id)."""

SHEETS = {"房屋": "houses", "农房": "houses", "houses": "houses", "宗地": "parcels", "宅基地": "parcels",
          "parcels": "parcels", "户": "households", "农户": "households", "households": "households"}  # fmt: skip

_IDENTITY = re.compile(r"^\d{17}[\dXx]$")


@dataclass(frozen=True)
class Register:
    """A register as it was read.

    Attributes
    ----------
    houses : DataFrame
        Index `house_id`, sorted; the columns of `HOUSE_FIELDS` (None is unknown) and `source` (sheet and row).
    parcels, households : tuple of str
        Ids that the register lists on sheets of their own, with a house or without.
    file : str
        Name of the file, without its folder.
    notes : tuple of (str, str)
        What was passed over on reading, in Chinese and English.
    """

    houses: pd.DataFrame
    parcels: tuple[str, ...]
    households: tuple[str, ...]
    file: str
    notes: tuple[tuple[str, str], ...]


def read_register(path: Path, *, on: str) -> Register:
    """Return the register in a CSV or Excel file, as it stood on a day.

    Parameters
    ----------
    path
        One sheet with a row for each house; or a workbook of sheets 房屋 (houses), 宗地 (parcels), 户 (households).
        A house without an id of its own is called by its building, else its parcel, else its household.
    on
        The day (ISO). Of several rows of a house the newest that is not after it counts.

    Raises
    ------
    InputError
        With every fault at once: cells that cannot be read, houses that stand twice for the same day, rows that name
        nothing, identity numbers where a household's number belongs, and parcels or households that stand twice.
    """
    found: dict[str, SheetRead] = {}
    if path.suffix.lower() != ".csv":
        for name in sheet_names(path):
            part = SHEETS.get(name.strip().lower())
            if part and part not in found:
                fields = {
                    "houses": HOUSE_FIELDS,
                    "parcels": (_HOUSE[1], *_PARCEL),
                    "households": (_HOUSE[2], *_HOUSEHOLD),
                }
                found[part] = read_sheet(path, [_required(one, part) for one in fields[part]], sheet=name)
    if "houses" not in found:
        found = {"houses": read_sheet(path, HOUSE_FIELDS)}
    read = found["houses"]
    faults = [fault for one in found.values() for fault in one.faults]
    houses = read.table.assign(source=[f"{read.sheet} {row}".strip() for row in read.table.index])
    lists: dict[str, tuple[str, ...]] = {"parcels": (), "households": ()}
    for part, key, own in (("parcels", "parcel_id", _PARCEL), ("households", "household_id", _HOUSEHOLD)):
        if part in found:
            faults += _twice(found[part], key)
            told = found[part].table.dropna(subset=[key]).drop_duplicates(key).set_index(key)
            lists[part] = tuple(sorted(map(str, told.index)))
            for one in own:
                houses[one.name] = houses[one.name].where(houses[one.name].notna(), houses[key].map(told[one.name]))
    for part, each in found.items():
        if "household_id" in each.table:
            faults += _identities(each, part)
    if houses.empty:
        faults.append(read.fault("the register has no houses", "give a row for each house"))
    named = _named(houses)
    if named.isna().any():
        faults.append(read.fault("rows name neither house, building, parcel nor household", "give one of the ids",
                                 [f"row {row}" for row in named.index[named.isna()]]))  # fmt: skip
    houses, passed = _newest(houses.assign(house_id=named), on)
    faults += _doubled(houses, read)
    if faults:
        raise InputError(faults)
    houses = houses.set_index("house_id").sort_index().astype("object")
    return Register(houses.where(houses.notna(), None), lists["parcels"], lists["households"], path.name,
                    tuple(_notes(found, passed)))  # fmt: skip


def _required(one: Field, part: str) -> Field:
    key = {"parcels": "parcel_id", "households": "household_id"}.get(part)
    return (
        Field(one.name, one.headings, one.kind, required=True, filled=True, private=one.private)
        if one.name == key
        else one
    )


def _named(houses: pd.DataFrame) -> pd.Series:
    """Return the id of every house: its own, else its building's, parcel's or household's, numbered where shared.

    Rows without an id that name the same building, parcel and household are one house.
    """
    ids = [tuple(str(one) if pd.notna(one) else "" for one in some) for some in
           zip(*(houses[key] for key in ("building_id", "parcel_id", "household_id")), strict=True)]  # fmt: skip
    sharing: dict[str, set[tuple[str, ...]]] = {}
    for own, some in zip(houses["house_id"], ids, strict=True):
        if pd.isna(own):
            sharing.setdefault(next(filter(None, some), ""), set()).add(some)
    names = {
        some: name if len(group) == 1 else f"{name}-{number}"
        for name, group in sharing.items() if name
        for number, some in enumerate(sorted(group), start=1)
    }  # fmt: skip
    named = [names.get(some) if pd.isna(own) else str(own) for own, some in zip(houses["house_id"], ids, strict=True)]
    return pd.Series(named, index=houses.index, dtype="object")


def _newest(houses: pd.DataFrame, on: str) -> tuple[pd.DataFrame, int]:
    """Return the rows that hold on a day, and how many older or later ones were passed over."""
    since = houses["valid_from"].fillna("")
    now = houses[since <= on]
    now = now.assign(since=since)
    last = now.groupby("house_id")["since"].transform("max")
    kept = now[now["since"].eq(last) | now["house_id"].isna()].drop(columns="since")
    return kept, len(houses) - len(kept)


def _doubled(houses: pd.DataFrame, read: SheetRead) -> Iterator[Fault]:
    twice = houses[houses["house_id"].notna() & houses["house_id"].duplicated(keep=False)]
    for key, rows in twice.groupby("house_id", sort=True).groups.items():
        yield read.fault(f"house {key} stands twice for the same day", "keep one row, or give each its day (登记日期)",
                         [f"row {row}" for row in rows])  # fmt: skip


def _twice(read: SheetRead, key: str) -> Iterator[Fault]:
    for name, rows in read.table.groupby(key, sort=True).groups.items():
        if len(rows) > 1:
            shown = "a household" if key == "household_id" else f"parcel {name}"
            yield read.fault(f"{shown} stands on several rows", "keep one", [f"row {row}" for row in rows])


def _identities(read: SheetRead, part: str) -> Iterator[Fault]:
    wrong = [f"row {row}" for row, said in read.table["household_id"].items() if said and _IDENTITY.match(str(said))]
    if wrong:
        yield read.fault(f"the households' numbers ({part}) are identity numbers of people",
                         "give the household's number in the register; nothing of a person is kept", wrong)  # fmt: skip


def _notes(found: dict[str, SheetRead], passed: int) -> Iterator[tuple[str, str]]:
    if passed:
        yield (
            f"{passed}行早于现行登记或尚未生效,未采用",
            f"rows passed over: {passed}; they are older than the present entry, or not yet valid",
        )
    unread = sum(len(one.unread) for one in found.values())
    if unread:
        yield (
            f"{unread}列未读取(本功能不需要;姓名、证件号不入库)",
            f"columns that were not read: {unread}; they are not needed, and names of people are never kept",
        )
