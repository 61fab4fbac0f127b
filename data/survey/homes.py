"""What stands there, as a surveyor sees it: also where the register has forgotten year, storeys, structure."""

import numpy as np
import pandas as pd

from geo.study import Study

LIVED_IN = ("residential", "mixed")

BRICK, TIMBER, FRAME, WALL = "砖混", "砖木", "框架", "剪力墙"


def homes(study: Study, rng: np.random.Generator) -> pd.DataFrame:
    """Return the buildings that people live in, sorted by id, with what a surveyor would see of each.

    Parameters
    ----------
    study : Study
        With buildings, estates, blocks (households placed).
    rng : Generator
        Chance: what the register has forgotten is drawn from neighbours of the same block or estate.

    Returns
    -------
    DataFrame
        Index building_id. Columns: name, estate_id, estate, block_id, community_id, year, floors, structure (never
        missing), self_built (flag: a farmer's own house), dwellings, households, people, area_m2 (footprint), stairs
        (stairwells), lift, gas (piped), setting ("estate", "village", "old_core", "single"), care (how well the place
        is kept: 1 is ordinary, 2 is badly kept).
    """
    buildings = study["buildings"].sort_index()
    buildings = buildings[buildings["use"].isin(LIVED_IN)]
    estates, blocks, communities = study["estates"], study["blocks"], study["communities"]
    estate = buildings["estate_id"].where(buildings["estate_id"].isin(estates.index))
    block = buildings["block_id"]
    community = block.map(blocks["community_id"]).fillna(buildings["community_id"])
    kind = community.map(communities["kind"])
    place = estate.fillna(block).fillna("")

    seen = pd.DataFrame(
        {
            "name": buildings["name"],
            "estate_id": estate,
            "estate": estate.map(estates["name"]),
            "block_id": block,
            "community_id": community,
            "self_built": kind.isin(["village", "converted"]) & estate.isna() & buildings["use"].eq("residential"),
            "dwellings": buildings["dwellings"].fillna(buildings["households"]).fillna(1).astype(int).clip(lower=1),
            "households": buildings["households"].fillna(0).astype(int),
            "people": buildings["people"].fillna(0).astype(int),
            "area_m2": buildings.area.round(1),
        }
    )
    year = buildings["year_built"].astype("float64")
    seen["year"] = _filled(year.fillna(estate.map(estates["year_built"]).astype("float64")), place, rng).astype(int)
    seen["floors"] = _filled(buildings["floors"], place, rng).round().astype(int).clip(lower=1)
    seen["structure"] = buildings["structure"].fillna(pd.Series(_structure(seen), index=seen.index))
    seen["setting"] = np.select(
        [estate.notna(), kind.isin(["village", "converted"]), seen["year"] < 1970],
        ["estate", "village", "old_core"],
        default="single",
    )
    seen["stairs"] = np.where(
        seen["floors"] >= 3, np.clip(np.round(seen["dwellings"] / (seen["floors"] * 2.0)), 1, 6), 1
    ).astype(int)
    tall, modern = seen["floors"] >= 8, (seen["floors"] >= 7) & (seen["year"] >= 2012)
    seen["lift"] = (tall | modern) & (seen["setting"] == "estate")
    piped = seen["setting"].map({"estate": 1.0, "single": 0.8, "old_core": 0.35, "village": 0.0})
    seen["gas"] = rng.random(len(seen)) < piped.mask(kind.eq("converted") & estate.isna(), 0.4)
    places = place.unique()
    kept = pd.Series(np.exp(rng.normal(0.0, 0.35, len(places))), index=places)
    age = np.clip((2026 - seen["year"]) / 35.0, 0.25, 1.6)
    seen["care"] = (place.map(kept) * age).round(3)
    return seen


def _filled(known: pd.Series, place: pd.Series, rng: np.random.Generator) -> pd.Series:
    """Return the values with gaps filled from the same place, else from anywhere."""
    everywhere = known.dropna().to_numpy()
    near = known.groupby(place).transform("median")
    drawn = pd.Series(rng.choice(everywhere, len(known)), index=known.index)
    return known.fillna(near).fillna(drawn)


def _structure(seen: pd.DataFrame) -> np.ndarray:
    return np.select(
        [seen["floors"] >= 12, seen["floors"] >= 7, seen["year"] < 1965, seen["year"] < 2000],
        [WALL, FRAME, TIMBER, BRICK],
        default=np.where(seen["estate_id"].notna(), FRAME, BRICK),
    )
