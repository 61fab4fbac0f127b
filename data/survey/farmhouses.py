"""The register of farm houses, one row a house, with the holes and contradictions of a real one."""

import numpy as np
import pandas as pd

from geo.study import Study
from survey.homes import TIMBER

VILLAGES = ("CU01", "CU02", "CU03", "CU04", "CU05", "CU06", "CU07")

HEADINGS = {
    "house_id": "农房编号",
    "parcel_id": "宗地编号",
    "household_id": "户编号",
    "building_id": "建筑编号",
    "community_id": "村编号",
    "people": "家庭人口",
    "parcel_m2": "宅基地面积(平方米)",
    "footprint_m2": "占地面积(平方米)",
    "floors": "层数",
    "year_built": "建成年份",
    "structure": "结构",
    "danger_grade": "危房鉴定等级",
    "titled": "宅基地已确权",
    "permitted": "经批准",
    "occupied": "有人居住",
    "heritage": "受保护",
    "houses_of_household": "户内房屋数",
    "in_plan": "规划保留",
    "valid_from": "登记日期",
}
"""Column of the study's table → heading of the register."""


def register(study: Study, seen: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return the register of the seven villages, one row a house, under `HEADINGS`; an empty cell is not known.

    Parameters
    ----------
    study : Study
        With buildings.
    seen : DataFrame
        Its homes (`survey.homes.homes`); houses outside estates in the villages are registered.
    rng : Generator
        Chance.
    """
    there = seen[seen["community_id"].isin(VILLAGES) & seen["estate_id"].isna()]
    registered = study["buildings"].loc[there.index]
    n = len(there)
    ids = np.arange(1, n + 1)
    again = rng.random(n) < 0.06  # the same household as the row above: one household, two houses
    household = ids - np.cumsum(again)
    houses = pd.Series(household).map(pd.Series(household).value_counts()).to_numpy()
    care, year = there["care"].to_numpy(), there["year"].to_numpy()
    bad = rng.random(n) * np.where(there["structure"] == TIMBER, 0.75, 1.0) / np.maximum(care, 0.3)
    grade = np.select([bad < 0.03, bad < 0.11, bad < 0.45], ["D", "C", "B"], default="A")
    permitted = rng.random(n) < np.where(year < 1988, 0.6, 0.9)
    occupied = rng.random(n) < np.where(houses > 1, 0.55, np.where(year < 1975, 0.72, 0.93))
    footprint = there["area_m2"].to_numpy()
    people = np.where(occupied, 1 + rng.binomial(6, 0.42, n), np.where(rng.random(n) < 0.5, 0, 2))
    rows = pd.DataFrame(
        {
            "house_id": [f"NF{i:05d}" for i in ids],
            "parcel_id": [f"ZD{i:05d}" for i in ids],
            "household_id": [f"H{i:05d}" for i in household],
            "building_id": there.index,
            "community_id": there["community_id"].to_numpy(),
            "people": people,
            "parcel_m2": np.round(footprint * rng.uniform(1.05, 1.9, n), 1),
            "footprint_m2": footprint,
            "floors": registered["floors"].to_numpy(),
            "year_built": registered["year_built"].astype("float64").to_numpy(),
            "structure": registered["structure"].to_numpy(),
            "danger_grade": grade,
            "titled": rng.random(n) < 0.83,
            "permitted": permitted,
            "occupied": occupied,
            "heritage": (year < 1950) & (rng.random(n) < 0.35),
            "houses_of_household": houses,
            "in_plan": rng.random(n) < 0.86,
            "valid_from": [f"20{16 + int(r * 9):02d}-{1 + int(r * 997) % 12:02d}-01" for r in rng.random(n)],
        }
    ).astype(object)
    _holes(rows, rng)
    _contradictions(rows, rng)
    for flag in ("titled", "permitted", "occupied", "heritage", "in_plan"):
        rows[flag] = rows[flag].map({True: "是", False: "否"})
    return rows.rename(columns=HEADINGS)


def _holes(rows: pd.DataFrame, rng: np.random.Generator) -> None:
    """Empty what registers do not know: appraisals of whole villages, years, permits of the old houses."""
    for column, share in (("danger_grade", 0.18), ("permitted", 0.12), ("occupied", 0.07), ("in_plan", 0.05),
                          ("people", 0.06), ("parcel_m2", 0.08), ("houses_of_household", 0.04),
                          ("household_id", 0.01)):  # fmt: skip
        rows.loc[rng.random(len(rows)) < share, column] = None
    rows.loc[rows["community_id"] == "CU07", "danger_grade"] = None


def _contradictions(rows: pd.DataFrame, rng: np.random.Generator) -> None:
    """Plant what cannot be so: a few of each kind."""
    picked = iter(rng.permutation(len(rows)).tolist())

    def some(number: int) -> list[int]:
        return [next(picked) for _ in range(number)]

    for row in some(5):  # a house larger than its parcel
        rows.loc[row, "parcel_m2"] = round(float(rows.loc[row, "footprint_m2"]) * 0.7, 1)
    for row in some(4):  # a household counted with one house that has two
        rows.loc[row, "houses_of_household"] = 1
        rows.loc[(row + 1) % len(rows), "household_id"] = rows.loc[row, "household_id"]
    for row in some(4):  # two houses on one parcel
        rows.loc[row, "parcel_id"] = rows.loc[(row + 1) % len(rows), "parcel_id"]
    for row in some(4):  # two rows for one building
        rows.loc[row, "building_id"] = rows.loc[(row + 1) % len(rows), "building_id"]
    for row in some(3):  # a building that is not on the map
        rows.loc[row, "building_id"] = f"JZ8{row:04d}"
    for row in some(3):  # another village than the building's
        rows.loc[row, "community_id"] = "CU01" if rows.loc[row, "community_id"] != "CU01" else "CU02"
    for row in some(4):  # lived in by nobody
        rows.loc[row, ["people", "occupied"]] = [0, True]
    for row in some(3):  # registered before it was built
        rows.loc[row, ["year_built", "valid_from"]] = [2019.0, "2017-05-01"]
    for row in some(4):  # no key of the building: it has to be found by its village
        rows.loc[row, "building_id"] = None
