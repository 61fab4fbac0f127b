"""Where everything that is examined lies: homes with their estate, block, unit, community and housing group."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.errors import Fault, InputError
from geo.examination.result import HOUSING_GROUPS
from geo.examination.units import Notes, examination_units, unit_of_areas
from geo.schema import empty
from geo.standards.indicators import Catalogue
from geo.study import Study

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Texts = npt.NDArray[np.object_]

HOMES: Final = ("residential", "mixed")
"""Uses of buildings that people live in; one of unknown use is a home too, unless it is as small as a shed."""

SHED_M2: Final = 20.0
"""Footprint [m²] below which a building of unknown use is a shed, as in `geo.households`."""

SELF_BUILT_FLOORS: Final = 4.0
"""Storeys up to which a home outside every estate in a village is taken as self-built (our reading)."""

HISTORIC_BEFORE: Final = 1950
"""A home of one storey completed before that year is taken as historic (our reading)."""

_GROUP_WORDS: Final[Mapping[str, str]] = {
    **{group: group for group in HOUSING_GROUPS},
    "自建房": "self_built", "自建": "self_built", "历史建筑": "historic", "历史": "historic", "平房": "historic",
    "2000年以前": "before_2000", "2000年至2010年": "2000_2010", "2000-2010年": "2000_2010", "2010年以后": "after_2010",
}  # fmt: skip
"""What a column `housing_group` of the buildings may say."""


@dataclass(frozen=True)
class Places:
    """Everything that can be examined, sorted by id, each with the areas it lies in.

    Attributes
    ----------
    buildings : GeoDataFrame
        The homes of the study, index building_id, the study's columns and estate_id, block_id, unit_id, community_id,
        site_id, housing_group, year (its own year, else its estate's), lift and heated (flags, missing unknown).
    estates : GeoDataFrame
        Index estate_id, the study's columns and unit_id, block_id, community_id, site_id, homes (number of homes in
        it), households_known (its own households, else those of its homes, else their dwellings; NaN unknown).
    units : GeoDataFrame
        Table `units`; the estates themselves where there are no blocks to make units of.
    blocks : GeoDataFrame
        The study's blocks with unit_id; empty without.
    estates_are_units : bool
        Whether each estate stands for a unit.
    notes : tuple of (str, str)
    """

    buildings: gpd.GeoDataFrame
    estates: gpd.GeoDataFrame
    units: gpd.GeoDataFrame
    blocks: gpd.GeoDataFrame
    estates_are_units: bool
    notes: Notes


def locate(study: Study, catalogue: Catalogue) -> Places:
    """Return the homes, estates, units and blocks of a study with the areas each lies in.

    Raises
    ------
    InputError
        When there are no buildings, or none that people live in.
    """
    notes: list[tuple[str, str]] = []
    units, unit_of_block, said = examination_units(study, catalogue=catalogue)
    notes += said
    blocks = study.get("blocks")
    blocks = empty("blocks", study.crs) if blocks is None else blocks.sort_index()
    blocks = blocks.assign(unit_id=unit_of_block.reindex(blocks.index).astype("str"))
    homes = _homes(study["buildings"], notes)
    estates = study.get("estates")
    estates = empty("estates", study.crs) if estates is None else estates.sort_index()
    homes = _placed(homes, estates, blocks, study.get("communities"))
    estates = _estates(estates, homes, blocks, study.get("communities"))
    estates_are_units = not len(units)
    if estates_are_units:
        units = _units_of(estates, homes)
        estates = estates.assign(unit_id=pd.Series(estates.index, estates.index).astype("str"))
        homes = homes.assign(unit_id=homes["estate_id"])
    homes = _grouped(homes, estates, study.get("communities"), notes)
    outside = int(homes["estate_id"].isna().sum())
    if outside:
        notes.append(
            (
                f"{outside}栋住宅不在任何小区内,只计入住房指标。",
                f"{outside:,} residential buildings are in no estate; only the housing indicators count them.",
            )
        )
    return Places(homes, estates, units, blocks, estates_are_units, tuple(notes))


def first_area(points: Texts, areas: gpd.GeoDataFrame) -> Texts:
    """Return the id of the first area that holds each point; missing in none."""
    out = np.full(len(points), np.nan, dtype=object)
    if len(areas) and len(points):
        row, area = shapely.STRtree(areas.geometry.to_numpy()).query(points, predicate="intersects")
        first = np.full(len(points), len(areas), dtype=np.int64)
        np.minimum.at(first, row, area)
        held = first < len(areas)
        out[held] = areas.index.to_numpy(dtype=object)[first[held]]
    return out


def numbers(frame: pd.DataFrame, column: str) -> Floats:
    """Return a column as floats, NaN where unknown or where there is no such column."""
    if column not in frame.columns:
        return np.full(len(frame), np.nan)
    values = pd.to_numeric(frame[column], errors="coerce")
    return np.asarray(values.astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan))


def _homes(buildings: gpd.GeoDataFrame, notes: list[tuple[str, str]]) -> gpd.GeoDataFrame:
    """Return the buildings that people live in."""
    frame = buildings.sort_index()
    use = frame["use"].astype("object").fillna("unknown").to_numpy(dtype=object)
    vague = (use == "unknown") & (shapely.area(frame.geometry.to_numpy()) >= SHED_M2)
    counted = np.zeros(len(frame), dtype=bool)
    for column in ("dwellings", "households", "people"):
        counted |= numbers(frame, column) > 0
    home = np.isin(use, HOMES) | vague | counted
    if not home.any():
        raise InputError(
            Fault("the study has no building that people live in", "import buildings with their use, or with dwellings",
                  table="buildings")
        )  # fmt: skip
    told = int((vague & ~counted).sum())
    if told:
        notes.append(
            (
                f"{told}栋建筑用途未知,按住宅计(占地{SHED_M2:g}平方米以上)。",
                f"{told:,} buildings of unknown use count as residential ({SHED_M2:g} m² of ground or more).",
            )
        )
    return frame[home]


def _placed(
    homes: gpd.GeoDataFrame, estates: gpd.GeoDataFrame, blocks: gpd.GeoDataFrame, communities: gpd.GeoDataFrame | None
) -> gpd.GeoDataFrame:
    """Return the homes with estate_id, block_id, unit_id, community_id and site_id."""
    points = shapely.point_on_surface(homes.geometry.to_numpy())
    registered = homes["estate_id"].astype("object").to_numpy(dtype=object)
    estate = np.where(pd.Series(registered).isin(estates.index), registered, first_area(points, estates))
    block = first_area(points, blocks)
    lost = pd.isna(block)
    if lost.any() and len(blocks):
        tree = shapely.STRtree(blocks.geometry.to_numpy())
        row, near = tree.query_nearest(points[lost], max_distance=100.0)
        at = np.flatnonzero(lost)[row[::-1]]
        block[at] = blocks.index.to_numpy(dtype=object)[near[::-1]]  # of several as near the first
    of_block = blocks.reindex(block)
    community = homes["community_id"].astype("object").to_numpy(dtype=object)
    if communities is not None:
        community = np.where(
            pd.Series(community).isin(communities.index), community, first_area(points, communities.sort_index())
        )
    community = np.where(pd.isna(community), of_block["community_id"].to_numpy(dtype=object), community)
    return homes.assign(
        estate_id=_text(estate, homes.index),
        block_id=_text(block, homes.index),
        unit_id=_text(of_block["unit_id"].to_numpy(dtype=object), homes.index),
        community_id=_text(community, homes.index),
        site_id=_text(sites(estate, block), homes.index),
    )


def sites(estate: Texts, block: Texts) -> Texts:
    """Return the site of works: the estate, `block:<block_id>` outside estates, missing outside both."""
    outside = np.array([f"block:{one}" if isinstance(one, str) else np.nan for one in block.tolist()], dtype=object)
    return np.asarray(np.where(pd.isna(estate), outside, estate))


def _text(values: Texts, index: "pd.Index[str]") -> "pd.Series[str]":
    return pd.Series(values, index=index, dtype="str")


def _estates(
    estates: gpd.GeoDataFrame, homes: gpd.GeoDataFrame, blocks: gpd.GeoDataFrame, communities: gpd.GeoDataFrame | None
) -> gpd.GeoDataFrame:
    """Return the estates with the areas they lie in, their homes and their households."""
    by_estate = homes.groupby("estate_id")
    households = numbers(estates, "households")
    homes_in = by_estate.size().reindex(estates.index, fill_value=0)
    for column in ("households", "dwellings"):
        known = pd.Series(numbers(homes, column), homes.index).groupby(homes["estate_id"])
        told = known.sum().where(known.count() == known.size()).reindex(estates.index)
        households = np.where(np.isnan(households), told.to_numpy(dtype=np.float64), households)
    community = unit_of_areas(estates, blocks, "community_id")
    if communities is not None:
        named = communities.assign(community_id=communities.index)
        community = unit_of_areas(estates, named.sort_index(), "community_id")
    block = unit_of_areas(estates, blocks.assign(block_id=blocks.index), "block_id")
    return estates.assign(
        unit_id=unit_of_areas(estates, blocks), block_id=block, community_id=community,
        site_id=pd.Series(estates.index, estates.index).astype("str"), homes=homes_in.astype("Int64"),
        households_known=households,
    )  # fmt: skip


def _units_of(estates: gpd.GeoDataFrame, homes: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the estates as units of their own, where there are no blocks to make units of."""
    people = numbers(estates, "people")
    told = pd.Series(numbers(homes, "people"), homes.index).groupby(homes["estate_id"])
    made = told.sum().where(told.count() == told.size()).reindex(estates.index).to_numpy(dtype=np.float64)
    people = np.where(np.isnan(people), made, people)
    frame = gpd.GeoDataFrame(
        {
            "name": estates["name"], "name_en": estates["name_en"], "households": estates["households"],
            "people": pd.Series(people, estates.index).round().astype("Int64"),
            "estates_count": pd.Series(1, estates.index, dtype="Int64"),
            "community_ids": estates["community_id"], "size": "unknown",
        },
        geometry=estates.geometry.to_numpy(), crs=estates.crs,
    )  # fmt: skip
    return frame.rename_axis("unit_id")


def _grouped(
    homes: gpd.GeoDataFrame, estates: gpd.GeoDataFrame, communities: gpd.GeoDataFrame | None,
    notes: list[tuple[str, str]],
) -> gpd.GeoDataFrame:  # fmt: skip
    """Return the homes with year, housing_group, lift and heated."""
    own = numbers(homes, "year_built")
    of_estate = (
        estates["year_built"].reindex(homes["estate_id"]).astype("Float64").to_numpy(np.float64, na_value=np.nan)
    )
    year = np.where(np.isnan(own), of_estate, own)
    floors = numbers(homes, "floors")
    rural = np.zeros(len(homes), dtype=bool)
    if communities is not None:
        kind = communities["kind"].reindex(homes["community_id"]).to_numpy(dtype=object)
        rural = np.isin(kind.astype(str), ("village", "converted"))
    historic = (floors <= 1) & (year < HISTORIC_BEFORE)
    use = homes["use"].astype("object").to_numpy(dtype=object)
    self_built = rural & homes["estate_id"].isna().to_numpy() & (floors <= SELF_BUILT_FLOORS) & (use == "residential")
    group = np.select(
        [historic, self_built, year < 2000, year <= 2010, year > 2010],
        ["historic", "self_built", "before_2000", "2000_2010", "after_2010"], "unknown",
    ).astype(object)  # fmt: skip
    said = np.zeros(len(homes), dtype=bool)
    if "housing_group" in homes.columns:
        words = homes["housing_group"].astype("object").map(_GROUP_WORDS)
        said = words.notna().to_numpy()
        group = np.where(said, words.to_numpy(dtype=object), group)
    if (self_built & ~said).any():
        count = int((self_built & ~said).sum())
        notes.append(
            (
                f"{count}栋位于村(含村改居)、小区之外、不超过{SELF_BUILT_FLOORS:g}层的住宅按自建房计(本软件的理解)。",
                f"{count:,} homes in villages (converted ones too), outside estates and of at most "
                f"{SELF_BUILT_FLOORS:g} storeys, count as self-built (our reading).",
            )
        )
    if (historic & ~said).any():
        count = int((historic & ~said).sum())
        notes.append(
            (
                f"{count}栋{HISTORIC_BEFORE}年以前建成的一层住宅按历史建筑(平房)计(本软件的理解)。",
                f"{count:,} homes of one storey from before {HISTORIC_BEFORE} count as historic (our reading).",
            )
        )
    inherited = int((np.isnan(own) & ~np.isnan(of_estate)).sum())
    if inherited:
        notes.append(
            (
                f"{inherited}栋住宅建成年份未知,取所在小区的年份。",
                f"{inherited:,} homes have no year of their own; their estate's stands for it.",
            )
        )
    heated = flags(homes, ("heated", "heating"))
    if len(estates):
        of_estate_heated = pd.Series(flags(estates, ("heated", "heating")), estates.index).reindex(homes["estate_id"])
        heated = np.where(np.isnan(heated), of_estate_heated.to_numpy(dtype=np.float64), heated)
    return homes.assign(
        year=year, housing_group=pd.Series(group, homes.index, dtype="str"),
        lift=pd.array(flags(homes, ("lifts", "lift")), dtype="Float64"), heated=pd.array(heated, dtype="Float64"),
    )  # fmt: skip


_YES: Final = ("是", "有", "yes", "true", "y")
_NO: Final = ("否", "无", "没有", "no", "false", "n")


def flags(frame: pd.DataFrame, columns: tuple[str, ...]) -> Floats:
    """Return 1, 0 or NaN (unknown) from the first of these columns that there is: flags, counts or words."""
    column = next((name for name in columns if name in frame.columns), None)
    if column is None:
        return np.full(len(frame), np.nan)
    words = frame[column].astype("object").map(lambda value: str(value).strip().lower(), na_action="ignore")
    number = pd.to_numeric(words.replace({**dict.fromkeys(_YES, "1"), **dict.fromkeys(_NO, "0")}), errors="coerce")
    number = number.astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan)
    return np.asarray(np.where(np.isnan(number), np.nan, (number > 0).astype(np.float64)))
