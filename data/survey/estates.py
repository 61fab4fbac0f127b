"""What was counted in the compounds: parking, chargers, grounds, green, waste, management; and what residents want."""

import numpy as np
import pandas as pd

from geo.study import Study

FACTORY = "宿舍|家属院|新村"
"""Compounds that employers built in the 1970s and 1980s: small, open, without bays."""


def sheets(study: Study, seen: pd.DataFrame, surveyed: pd.Series, rng: np.random.Generator) -> pd.DataFrame:
    """Return the sheet of every compound whose buildings were looked at, wholly or in part.

    Parameters
    ----------
    study : Study
        With estates.
    seen : DataFrame
        Its homes (`survey.homes.homes`).
    surveyed : Series
        Index building_id: whether somebody looked at it.
    rng : Generator
        Chance.

    Returns
    -------
    DataFrame
        Index estate_id; one column for each item of the catalogue that is asked of a compound (NaN: left empty), in the
        item's unit, flags 0 or 1, shares 0 to 1; and the columns footpath_m [m], unsorted, unmanaged (flags).
    """
    inside = seen[seen["estate_id"].notna()]
    groups = inside.groupby("estate_id")
    estates = study["estates"].loc[sorted(inside.loc[surveyed.reindex(inside.index), "estate_id"].unique())]
    n = len(estates)
    year = estates["year_built"].astype("float64").to_numpy()
    homes = groups["households"].sum().reindex(estates.index).to_numpy().astype(float)
    people = groups["people"].sum().reindex(estates.index).to_numpy().astype(float)
    care = groups["care"].mean().reindex(estates.index).to_numpy()
    lifts = groups["lift"].any().reindex(estates.index).to_numpy()
    land = estates.area.to_numpy()
    old, new = year < 2000, year >= 2010
    factory = estates["name"].str.contains(FACTORY).to_numpy()

    def yes(chance: np.ndarray | float) -> np.ndarray:
        return (rng.random(n) < chance).astype(float)

    def about(value: np.ndarray | float, spread: float = 0.2) -> np.ndarray:
        return np.maximum(np.round(np.asarray(value) * np.exp(rng.normal(0, spread, n))), 0.0)

    demand = about(homes * np.where(new, 1.05, np.where(old, 0.45, 0.75)), 0.1)
    ev = about(demand * np.where(new, 0.28, 0.10), 0.2)
    bikes = about(homes * 0.9, 0.15)
    charging = yes(np.where(old, 0.35, 0.7))
    green = about(land * np.where(new, 0.30, np.where(old, 0.07, 0.18)), 0.3)
    grounds = yes(np.where(old, 0.6, 0.95))
    run = yes(np.where(factory, 0.35, np.where(old, 0.65, 0.97)))
    respondents = np.maximum(about(people * 0.012, 0.3), 6.0)
    support = np.clip(
        rng.normal(0.62, 0.12, (n, 3)) + np.column_stack([0.12 * ~lifts, 0.08 * old, -0.05 * old]), 0.15, 0.97
    )
    sheet = pd.DataFrame(
        {
            "residents": people,
            "elder_care_m2": np.where(yes(0.12), about(420, 0.3), 0.0),
            "childcare_m2": np.where(yes(0.07), about(230, 0.2), 0.0),
            "kindergarten_classes": (has := yes(np.where(homes > 400, 0.3, 0.03))) * about(8, 0.25),
            "kindergarten_m2": has * about(2600, 0.2),
            "kindergarten_site_m2": has * about(3900, 0.2),
            "parking_demand": np.where(yes(0.75), demand, np.nan),
            "parking_spaces": about(homes * np.where(new, 1.1, np.where(old, 0.22, 0.6)), 0.2),
            "fire_lane_occupied": yes(np.where(old, 0.4, 0.12)),
            "ev_demand": ev,
            "ev_private": about(ev * np.where(new, 0.7, 0.25), 0.3),
            "ev_public": about(ev * np.where(new, 0.12, 0.14), 0.8),
            "ebike_demand": bikes,
            "ebike_spaces": charging * about(bikes * np.where(new, 1.3, 0.95), 0.35),
            "ebike_wires": yes(np.where(old, 0.3, 0.08)),
            "ground_m2": grounds * about(np.where(new, 900, np.where(old, 140, 420)), 0.4),
            "green_m2": green,
            "green_count": np.where(green > 400, np.round(1 + green / 4000), 0.0),
            "green_width_m": np.where(green > 400, about(np.sqrt(np.maximum(green, 1)) * 0.35, 0.2), 0.0),
            "parcel_box": yes(np.where(old, 0.4, 0.8)),
            "parcel_locker": yes(np.where(old, 0.35, 0.9)),
            "security_system": yes(np.where(old, 0.4, 0.92)),
            "respondents": respondents,
            "support_ageing": support[:, 0].round(2),
            "support_energy": support[:, 1].round(2),
            "support_digital": support[:, 2].round(2),
            "footpath_m": yes(np.clip(0.45 * care, 0.05, 0.9)) * about(np.sqrt(land) * 0.7, 0.4),
            "unsorted": 1 - yes(np.where(run > 0, 0.9, 0.55)),
            "unmanaged": 1 - run,
        },
        index=pd.Index(estates.index, name="estate_id"),
    )
    unasked = np.flatnonzero(rng.random(n) < 0.2)
    sheet.iloc[unasked, [sheet.columns.get_loc(c) for c in sheet if c.startswith("support_") or c == "respondents"]] = (
        np.nan
    )
    return sheet


def school_places(units: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return demand for and places in primary schools, by examination unit; one unit in six was not told.

    Parameters
    ----------
    units : DataFrame
        The table `units`, with people.

    Returns
    -------
    DataFrame
        Index unit_id; primary_demand, primary_places, counts.
    """
    told = units.sort_index()
    told = told[rng.random(len(told)) < 5 / 6]
    demand = np.round(told["people"].astype(float) * rng.normal(0.061, 0.006, len(told)))
    places = np.round(demand * rng.normal(0.97, 0.14, len(told)) / 45) * 45
    return pd.DataFrame({"primary_demand": demand, "primary_places": places}, index=told.index)
