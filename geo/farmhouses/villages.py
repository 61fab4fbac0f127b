"""Totals of farm houses by village: houses, households, people and areas by decision, and what the land gives back."""

import geopandas as gpd
import numpy as np
import pandas as pd

from geo.schema import HOUSE_DECISIONS

ALL = "all"
"""The last row: the whole register."""

NOWHERE = "unknown"
"""The row of houses of which no village is known."""


def village_totals(houses: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return the totals of every village, and of all.

    A household is counted once, with its people, however many houses it has; beside each decision it is counted once
    for that decision, so that decisions may add up to more than the whole. A parcel comes back when every house on it
    is pulled down, and once. Sums are those of what is known, and beside them stands of how many it is not; where
    nothing is known the sum is NaN, not zero.

    Returns
    -------
    DataFrame
        Index `community_id`, sorted, then `unknown` where houses have no village, and `all`. Columns: houses,
        households, people, households_without_people; for each decision `{d}_houses`, `{d}_households`, `{d}_people`,
        `{d}_footprint_m2`, `{d}_footprint_unknown`, `{d}_parcel_m2`, `{d}_parcel_unknown`; land_back_m2,
        land_back_parcels, land_back_unknown (parcels).
    """
    table = pd.DataFrame(houses.drop(columns="geometry"))
    village = table["community_id"].fillna(NOWHERE).astype(str)
    parts = {str(name): table[village == name] for name in sorted(set(village) - {NOWHERE})}
    if (village == NOWHERE).any():
        parts[NOWHERE] = table[village == NOWHERE]
    parts[ALL] = table
    totals = pd.DataFrame({name: _totals(part) for name, part in parts.items()}).T
    totals.index = pd.Index(totals.index.astype(str), name="community_id", dtype="str")
    counts = [column for column in totals.columns if not column.endswith("_m2") and not column.endswith("people")]
    return totals.astype({**dict.fromkeys(counts, "int64"), **{c: "float64" for c in totals if c not in counts}})


def _totals(houses: pd.DataFrame) -> dict[str, float]:
    people, silent = _people(houses)
    result: dict[str, float] = {"houses": len(houses), "households": _households(houses), "people": people,
                                "households_without_people": silent}  # fmt: skip
    for decision in HOUSE_DECISIONS:
        some = houses[houses["decision"] == decision]
        result[f"{decision}_houses"] = len(some)
        result[f"{decision}_households"] = _households(some)
        result[f"{decision}_people"] = _people(some)[0]
        for column, areas in (("footprint", some["footprint_m2"]), ("parcel", _parcels(some)["parcel_m2"])):
            result[f"{decision}_{column}_m2"] = _sum(areas)
            result[f"{decision}_{column}_unknown"] = int(areas.isna().sum())
    gone = houses["decision"] == "demolish"
    place = _place(houses)
    whole = houses[gone.groupby(place).transform("all") & gone]
    back = _parcels(whole)["parcel_m2"]
    return {**result, "land_back_m2": _sum(back), "land_back_parcels": len(back),
            "land_back_unknown": int(back.isna().sum())}  # fmt: skip


def _place(houses: pd.DataFrame) -> pd.Series:
    """Return the parcel of every house, by village; a house without one stands for a parcel of its own."""
    own = "house " + houses.index.to_series().astype(str)
    parcel = houses["community_id"].fillna("").astype(str) + " " + houses["parcel_id"].astype("str")
    return own.where(houses["parcel_id"].isna(), parcel)


def _parcels(houses: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each parcel; the area that any of its houses tells."""
    return houses.assign(place=_place(houses)).groupby("place")[["parcel_m2"]].first()


def _households(houses: pd.DataFrame) -> int:
    return len(houses[houses["household_id"].notna()].drop_duplicates(["community_id", "household_id"]))


def _people(houses: pd.DataFrame) -> tuple[float, int]:
    """Return the people of distinct households, and of how many households they are not known."""
    there = houses[houses["household_id"].notna()]
    known = there.groupby(["community_id", "household_id"], dropna=False)["people"].max()
    return _sum(known), int(known.isna().sum())


def _sum(values: pd.Series) -> float:
    known = pd.to_numeric(values).astype("float64").to_numpy()
    if not len(known):
        return 0.0
    return float("nan") if np.isnan(known).all() else round(float(np.nansum(known)), 2)
