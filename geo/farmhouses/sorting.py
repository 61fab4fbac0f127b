"""Farm houses sorted out: the register joined to the map, checked, decided, and summed up by village."""

from collections.abc import Iterator, Mapping
from datetime import date

import pandas as pd

from geo.errors import Fault, InputError
from geo.farmhouses.checking import check_houses
from geo.farmhouses.deciding import decide, overrule
from geo.farmhouses.joining import Ground, join_houses
from geo.farmhouses.register import Register
from geo.farmhouses.result import FarmHouses, HouseOverride
from geo.farmhouses.villages import village_totals
from geo.schema import TABLES, conform
from geo.standards.farmhouse_rules import FarmHouseRules

OWN = ("rule", "missing", "overridden", "decided_by", "decided_on", "joined", "place", "filled", "source")
"""Columns that stand beside those of the table `farmhouses`."""


def sort_houses(
    register: Register,
    ground: Ground,
    *,
    rules: FarmHouseRules,
    on: str,
    overrides: Mapping[str, HouseOverride] | None = None,
) -> FarmHouses:
    """Return the farm houses of a register with a decision each: 拆, 改, 用, or unknown with what is missing.

    Parameters
    ----------
    register
        As it stood on that day (`geo.farmhouses.register.read_register`).
    ground
        The town's buildings and villages, and parcels where there are outlines.
    rules
        Tried in order.
    on
        The day of the decision (ISO).
    overrides
        house_id → a decision taken by hand.

    Raises
    ------
    InputError
        When the day is none, or an override names no house, or does not say who and why.
    """
    try:
        date.fromisoformat(on)
    except ValueError as error:
        raise InputError(Fault(f"{on!r} is no day", "write it like 2026-03-01")) from error
    houses = join_houses(register.houses, ground)
    counted = _counted(pd.DataFrame(houses))
    houses = houses.assign(
        houses_said=houses["houses_of_household"], houses_counted=counted,
        houses_of_household=houses["houses_of_household"].where(houses["houses_of_household"].notna(), counted),
    )  # fmt: skip
    decided = overrule(decide(pd.DataFrame(houses), rules=rules), overrides or {}).assign(decided_on=on)
    columns = [column.name for column in TABLES["farmhouses"].columns if column.name in houses]
    whole = houses[[*columns, "joined", "place", "filled", "source", "geometry"]].join(decided)
    table = conform(whole, "farmhouses")
    named = [column.name for column in TABLES["farmhouses"].columns]
    table = table[[*named, *OWN, "geometry"]]
    checks = check_houses(pd.DataFrame(houses), register, on=on)
    return FarmHouses(table, checks, village_totals(table), (*register.notes, *_notes(table, rules)))


def _counted(houses: pd.DataFrame) -> pd.Series:
    """Return how many houses of the register each house's household has in the village; None without a household."""
    known = houses["household_id"].notna()
    counts = houses[known].groupby(["community_id", "household_id"], dropna=False)["joined"].transform("size")
    return counts.reindex(houses.index).astype("object").where(known, None)


def _notes(table: pd.DataFrame, rules: FarmHouseRules) -> Iterator[tuple[str, str]]:
    yield (
        f"规则:{rules.title_zh}({rules.name},{rules.edition});{rules.source}",
        (f"Rules: {rules.title_en} ({rules.name}, {rules.edition}); {rules.source_en}"),
    )
    yield rules.note_zh, rules.note_en
    if rules.parcel_cap_m2 is None and any(
        each.parameter == "parcel_cap_m2" for rule in rules.rules for each in rule.when
    ):
        yield (
            "未填写宅基地面积上限,超面积一条未采用",
            "The cap on homesteads was not given, so the rule on size was not tried",
        )
    mapped = table["filled"] != ""
    if mapped.any():
        yield (
            f"{int(mapped.sum())}处房屋的部分数据取自地图(见“取自地图”列),以登记和实测为准",
            f"houses with data from the map (column filled): {int(mapped.sum())}; register and survey come first",
        )
    vague = table["place"].isin(("village", "town"))
    if vague.any():
        yield (
            f"{int(vague.sum())}处房屋位置不明,暂标在村(镇)内一点",
            f"houses whose place is not known: {int(vague.sum())}; they are shown at a point inside village or town",
        )
    if (open_ := int((table["decision"] == "unknown").sum())) > 0:
        yield f"{open_}处房屋待定,原因逐户列出", f"houses that are not decided: {open_}; each says why"
    yield "户主姓名、证件号不读取、不保存", "Names and identity numbers of people are neither read nor kept"
