"""What does not fit in a register of farm houses: with itself, with the map, with one household one homestead."""

from collections.abc import Iterator, Sequence

import pandas as pd

from geo.farmhouses.register import Register

CHECKS: dict[str, tuple[str, str]] = {
    "parcel_twice": ("一宗多宅", "several houses on one parcel"),
    "household_many": ("一户多宅", "a household has several houses"),
    "house_without_parcel": ("房屋无宗地编号", "house without a parcel"),
    "house_without_household": ("房屋无户编号", "house without a household"),
    "parcel_without_house": ("宗地上无登记房屋", "parcel without a house"),
    "household_without_house": ("农户无登记房屋", "household without a house"),
    "building_unknown": ("登记的建筑不在图上", "the building named is not on the map"),
    "building_twice": ("数处房屋登记为同一建筑", "several houses are one building"),
    "building_none": ("未关联到图上建筑", "joined to no building of the map"),
    "village_unknown": ("登记的村不在图上", "the village named is not on the map"),
    "village_differs": ("登记的村与所在位置不符", "it lies in another village than it is registered with"),
    "footprint_above_parcel": ("占地面积大于宅基地面积", "the house covers more than its parcel"),
    "people_differ": ("同一户人口登记不一致", "one household is said to have different numbers of people"),
    "count_differs": ("登记的户内房屋数与册内不符", "the number of houses of a household is not that of the register"),
    "year_later": ("建成年份晚于登记时点", "completed after the day of the register"),
}
"""Checks in the order in which they are told, with their titles."""

COLUMNS = ("check", "house_ids", "other_id", "community_id", "said_zh", "said_en")


def check_houses(houses: pd.DataFrame, register: Register, *, on: str) -> pd.DataFrame:
    """Return everything that does not fit, one row each, in the order of `CHECKS` and of ids.

    Parameters
    ----------
    houses
        Joined (`geo.farmhouses.joining.join_houses`), with `houses_counted` and `houses_said` (of the household).
    register
        Parcels and households that it lists on sheets of their own.
    on
        The day of the register (ISO).

    Returns
    -------
    DataFrame
        Columns check, house_ids (joined by ;), other_id (the parcel, building or household), community_id, said_zh,
        said_en. A finding here never changes a house; rules and people do.
    """
    rows = [*_by_group(houses), *_by_house(houses, on), *_lists(houses, register)]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    order = {name: i for i, name in enumerate(CHECKS)}
    key = table["check"].map(order)
    return table.assign(key=key).sort_values(["key", "house_ids", "other_id"], ignore_index=True).drop(columns="key")


def _row(check: str, ids: Sequence[str], other: object, community: object, more: str = "") -> tuple[object, ...]:
    zh, en = CHECKS[check]
    rest_zh, rest_en = (f":{more}", f": {more}") if more else ("", "")
    village = None if pd.isna(community) else community
    return check, ";".join(sorted(ids)), None if other is None else str(other), village, zh + rest_zh, en + rest_en


def _by_group(houses: pd.DataFrame) -> Iterator[tuple[object, ...]]:
    """Yield what several houses have in common that one should have: parcel, household, building."""
    shared_keys = {"parcel_twice": ["community_id", "parcel_id"], "household_many": ["community_id", "household_id"],
                   "building_twice": ["building_id"]}  # fmt: skip
    for check, columns in shared_keys.items():
        there = houses[houses[columns[-1]].notna()]
        shared = there[there.duplicated(columns, keep=False)]
        for _, some in shared.groupby(columns, sort=True, dropna=False):
            first = some.iloc[0]
            yield _row(check, list(map(str, some.index)), first[columns[-1]], first["community_id"],
                       f"{first[columns[-1]]} ×{len(some)}")  # fmt: skip
    there = houses[houses["household_id"].notna() & houses["people"].notna()]
    for _, some in there.groupby(["community_id", "household_id"], sort=True, dropna=False):
        if len(set(some["people"])) > 1:
            first = some.iloc[0]
            said = " / ".join(str(int(n)) for n in sorted(some["people"].unique()))
            yield _row("people_differ", list(map(str, some.index)), first["household_id"], first["community_id"], said)


def _by_house(houses: pd.DataFrame, on: str) -> Iterator[tuple[object, ...]]:
    """Yield what does not fit in one house."""
    ground, parcel = (pd.to_numeric(houses[c]).astype("float64") for c in ("footprint_m2", "parcel_m2"))
    year = pd.to_numeric(houses["year_built"]).astype("float64")
    said = pd.to_numeric(houses["houses_said"]).astype("float64")
    counted = pd.to_numeric(houses["houses_counted"]).astype("float64")
    named, village = houses["building_said"].notna(), houses["community_said"].notna()
    found = houses["village_id"].notna()
    differs = found & houses["lies_in"].notna() & (houses["village_id"] != houses["lies_in"])
    tests: tuple[tuple[str, pd.Series, str | None], ...] = (
        ("house_without_parcel", houses["parcel_id"].isna(), None),
        ("house_without_household", houses["household_id"].isna(), None),
        ("building_unknown", named & (houses["building_id"] != houses["building_said"]), "building_said"),
        ("building_none", houses["building_id"].isna(), None),
        ("village_unknown", village & ~found, "community_said"),
        ("village_differs", differs, "lies_in"),
        ("footprint_above_parcel", ground > parcel, None),
        ("count_differs", said.notna() & counted.notna() & (said != counted), None),
        ("year_later", year > int(on[:4]), None),
    )
    for check, wrong, column in tests:
        for key, row in houses[wrong.to_numpy(dtype=bool)].iterrows():
            other = None if column is None else row[column]
            yield _row(check, [str(key)], other, row["community_id"], "" if other is None else str(other))


def _lists(houses: pd.DataFrame, register: Register) -> Iterator[tuple[object, ...]]:
    for check, ids, column in (("parcel_without_house", register.parcels, "parcel_id"),
                               ("household_without_house", register.households, "household_id")):  # fmt: skip
        for key in sorted(set(ids) - set(houses[column].dropna().astype(str))):
            yield _row(check, [], key, None, key)
