"""What sorting farm houses gives: the houses with their decisions, what does not fit in the register, totals."""

from dataclasses import dataclass
from typing import Literal

import geopandas as gpd
import pandas as pd

Decision = Literal["demolish", "alter", "use"]


@dataclass(frozen=True)
class HouseOverride:
    """A decision taken by hand, with who took it and why."""

    decision: Decision
    who: str
    why: str


@dataclass(frozen=True)
class FarmHouses:
    """The farm houses of a town, decided.

    Attributes
    ----------
    table : GeoDataFrame
        The table `farmhouses` of `geo.schema`, index `house_id`, and beside its columns: `rule` (the key of the rule
        that decided; `override` or empty), `missing` (columns that the decision lacks, joined by ;), `overridden`,
        `decided_by`, `joined` (how its building was found: id, place, none), `place` (where its geometry is from:
        building, register, village), `source` (file, sheet and row).
    checks : DataFrame
        One row for everything that does not fit: `check`, `house_ids` (joined by ;), `community_id`, `said_zh`,
        `said_en`.
    villages : DataFrame
        Index `community_id`, and a last row `all`: houses, households, people, and by decision houses, people,
        `footprint_m2`, `parcel_m2`; `land_back_m2` (parcels of houses that are pulled down) with the number of houses
        whose area is unknown beside each sum.
    notes : tuple of (str, str)
        Assumptions and what is unknown, in Chinese and English.
    """

    table: gpd.GeoDataFrame
    checks: pd.DataFrame
    villages: pd.DataFrame
    notes: tuple[tuple[str, str], ...]
