"""A study laid side by side with copies of itself, examined: what a town of tens of thousands of buildings takes.

    shequ import ../shared/cases/nanjing_gulou/nanjing_gulou.gpkg --out nanjing.gpkg
    shequ blocks nanjing.gpkg && shequ households nanjing.gpkg
    python bench/towns.py nanjing.gpkg --copies 43 --out large.gpkg

The copies stand half a kilometre apart and share nothing; `--out` keeps the study, for `shequ survey make` and
`shequ examine`.
"""

import argparse
import math
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import geopandas as gpd
import pandas as pd

from geo.examination.candidates import candidates
from geo.examination.examine import examine
from geo.examination.units import examination_units
from geo.programme.measures import measures
from geo.programme.quantities import building_quantities
from geo.schema import OUTSIDE
from geo.standards import load_catalogue, load_costs, load_menu, load_site_rules
from geo.study import Study, read_study, write_study

T = TypeVar("T")

REFERS = {
    "buildings": ("estate_id", "block_id", "community_id"),
    "blocks": ("group_id", "community_id"),
    "seams": ("block_a", "block_b"),
    "estates": ("community_id",),
}
"""Columns that name rows of other tables."""

APART_M = 500.0


def copied(study: Study, copies: int) -> Study:
    """Return the study with copies of its tables in a square, every id told apart by the number of the copy."""
    left, low, right, high = study["study_area"].total_bounds
    side = math.ceil(math.sqrt(copies))
    tables = {}
    for name, table in study.tables.items():
        if table.empty or not isinstance(table, gpd.GeoDataFrame) or name == "units":
            continue
        parts = []
        for copy in range(copies):
            x, y = copy % side * (right - left + APART_M), copy // side * (high - low + APART_M)
            columns = {"geometry": table.geometry.translate(x, y).to_numpy()}
            for column in set(REFERS.get(name, ())) & set(table.columns):
                told = table[column].astype("object")
                named = (told.notna() & (told != OUTSIDE)).to_numpy()
                columns[column] = told.where(~named, told + f"-{copy}").to_numpy()
            ids = pd.Index([f"{each}-{copy}" for each in table.index], name=table.index.name)
            part = table.set_axis(ids)
            parts.append(part.assign(**columns, **({"unit_id": pd.NA} if name == "blocks" else {})))
        tables[name] = gpd.GeoDataFrame(pd.concat(parts), crs=study.crs)
    return Study(f"{study.name} × {copies}", study.crs, {}).having(tables)


def timed(what: str, do: Callable[[], T]) -> T:
    """Do it, and print its seconds of CPU and the peak memory of the process so far."""
    start = time.process_time()
    done = do()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{what:12} {time.process_time() - start:6.1f} s  {peak:6,} MB", flush=True)
    return done


def main() -> None:
    """Copy the study, and examine it."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("study", type=Path)
    asked.add_argument("--copies", type=int, default=43)
    asked.add_argument("--out", type=Path)
    given = asked.parse_args()
    study = copied(read_study(given.study), given.copies)
    catalogue = load_catalogue("examination-2025")
    print({name: len(table) for name, table in study.tables.items()})
    units, of_block, _ = timed("units", lambda: examination_units(study, catalogue=catalogue))
    study = study.having({"units": units, "blocks": study["blocks"].assign(unit_id=of_block)})
    print(units["size"].value_counts().to_dict())
    found = timed("examine", lambda: examine(study, catalogue=catalogue, today="2026-11-22"))
    timed("candidates", lambda: candidates(study, found, rules=load_site_rules("old-estates-2021")))
    timed("quantities", lambda: building_quantities(found.buildings))
    menu, costs = load_menu("renovation-menu-2020"), load_costs("example-costs")
    timed("measures", lambda: measures(found, study, menu=menu, costs=costs))
    if given.out:
        write_study(study, given.out)


if __name__ == "__main__":
    main()
