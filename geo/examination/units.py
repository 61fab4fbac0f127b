"""Examination units (体检单元): 5,000 to 12,000 people, cut or joined from blocks and estates along arterial roads."""

import geopandas as gpd
import pandas as pd

from geo.standards.indicators import Catalogue
from geo.study import Study


def examination_units(
    study: Study, *, catalogue: Catalogue, seed: int = 0
) -> tuple[gpd.GeoDataFrame, pd.Series, tuple[tuple[str, str], ...]]:
    """Return the examination units of a study, the unit of each block, and what has to be said about them.

    Parameters
    ----------
    study : Study
        With `blocks` (people known) and `seams`; `estates` are kept whole, `communities` are named in the units.
    catalogue : Catalogue
        Its `unit_min_people` and `unit_max_people` are the limits.
    seed : int
        Chance: the same study with the same seed has the same units.

    Returns
    -------
    units : GeoDataFrame
        The table `units` of `geo.schema` in the study's CRS, index unit_id (`U01` …); empty without blocks.
    of_block : Series
        Index block_id: unit_id; missing for blocks that are in none.
    notes : tuple of (str, str)
        In Chinese and English.
    """
    raise NotImplementedError
