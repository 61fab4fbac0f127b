"""Households, people and dwellings placed on buildings and blocks: the function that everybody calls."""

from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo.errors import Fault, InputError
from geo.households.account import blocks_table, buildings_table, checks_table, summary_table, tell_findings
from geo.households.options import HouseholdOptions
from geo.households.report import Report
from geo.households.sharing import share_dwellings, share_households, share_people
from geo.households.town import read_town
from geo.raster import Raster
from geo.schema import check, conform
from geo.study import Repair


@dataclass(frozen=True)
class Placement:
    """Blocks and buildings with their households, and the account of where every number came from."""

    blocks: gpd.GeoDataFrame
    """The blocks, same index and order, with households, people, dwellings, buildings_count, area_m2, community_id,
    households_source, people_source, dwellings_source (see `SOURCES`)."""
    buildings: gpd.GeoDataFrame | None
    """The buildings, same index and order, with households, people, dwellings, their sources, households_made (made
    from its dwellings or people rather than counted), block_id (missing: outside the study) and residential_m2 (the
    residential floor area used, missing where nobody is taken to live)."""
    summary: pd.DataFrame
    """One row per source: source, buildings, blocks, households, people, share (of the households, 0 to 1), note_zh,
    note_en. Households and people add up to the blocks'."""
    repairs: tuple[Repair, ...]
    """What was assumed or estimated (one row each), and every area whose total could not be kept."""
    checks: pd.DataFrame
    """One row per area with a total: kind, zone_id, inside_share, households_given, households_used (the part inside
    the study), households_placed, households_difference (placed less used), and the same for people."""


def place_households(
    blocks: gpd.GeoDataFrame,
    buildings: gpd.GeoDataFrame | None = None,
    *,
    estates: gpd.GeoDataFrame | None = None,
    communities: gpd.GeoDataFrame | None = None,
    census: gpd.GeoDataFrame | None = None,
    population: Raster | None = None,
    options: HouseholdOptions | None = None,
) -> Placement:
    """Return blocks and buildings with households, people and dwellings, and an account of the sources.

    A number known is never changed. Each other building takes its share of the most local total that covers it, by
    residential floor area; the wider totals then place what is left of them. Where no total reaches, the raster speaks;
    where that is silent too, floor area does, if the options allow it.

    Parameters
    ----------
    blocks
        The table `blocks`. Blocks that bring households or people of their own (census areas taken as blocks) keep them
        exactly.
    buildings
        The table `buildings`. Its `estate_id` and `community_id` outrank the map. Without it all goes onto blocks.
    estates, communities, census
        Areas with totals of households, people or both; all in the CRS of the blocks. Nested areas are welcome.
    population
        People per cell, any CRS.
    options
        Assumptions, each with its provenance, and which of census and communities is trusted more.

    Returns
    -------
    Placement
        Whole households, people and dwellings, conserved exactly per area and overall by largest remainder (ties by
        building and block id), whatever the order of the rows. Placing a placement again gives the same.

    Raises
    ------
    InputError
        When a table breaks its contract (negative, textual or infinite counts among them), tables differ in CRS, there
        is no block, or the raster holds negative or infinite values. Every fault is in the one error.

    Examples
    --------
    Two blocks, one estate of 30 households, a house of 10 x 10 m with one floor and one of two:

    >>> from shapely import box
    >>> blocks = gpd.GeoDataFrame(index=["k1", "k2"], geometry=[box(0, 0, 50, 50), box(50, 0, 99, 50)], crs=4549)
    >>> homes = gpd.GeoDataFrame({"use": "residential", "floors": [1, 2]}, index=["h1", "h2"],
    ...                          geometry=[box(5, 5, 15, 15), box(60, 5, 70, 15)], crs=4549)
    >>> estate = gpd.GeoDataFrame({"households": [30]}, index=["e1"], geometry=[box(0, 0, 99, 50)], crs=4549)
    >>> place_households(blocks, homes, estates=estate).blocks["households"].to_dict()
    {'k1': 10, 'k2': 20}
    """
    tables = _checked(
        {"blocks": blocks, "buildings": buildings, "estates": estates, "communities": communities, "census": census},
        population,
    )
    report = Report(options or HouseholdOptions())
    town = read_town(tables, population, report)
    homes, heard = share_households(town, report)
    people = share_people(town, homes, heard, report)
    amounts = {"households": homes, "people": people, "dwellings": share_dwellings(town, homes, report)}

    buildings_out = buildings_table(town, amounts)
    blocks_out = blocks_table(town, amounts, communities, report.options)
    checks = checks_table(town, homes, people)
    tell_findings(town, homes, people, report, blocks=blocks_out, checks=checks)
    return Placement(
        blocks_out.loc[blocks.index.astype(str)],
        None if buildings is None or buildings_out is None else buildings_out.loc[buildings.index.astype(str)],
        summary_table(town, blocks_out, buildings_out, homes, people),
        tuple(report.repairs),
        checks,
    )


def _checked(given: Mapping[str, gpd.GeoDataFrame | None], population: Raster | None) -> dict[str, gpd.GeoDataFrame]:
    """Return the tables as their contracts have them, or raise every fault found in any of them."""
    tables = {name: frame for name, frame in given.items() if frame is not None}
    faults = [fault for name, frame in tables.items() for fault in check(frame, name)]
    crs = tables["blocks"].crs
    faults += [
        Fault(f"coordinates are in {frame.crs.name}, those of the blocks in {crs.name}", "project one to the other",
              table=name)
        for name, frame in tables.items() if crs is not None and frame.crs is not None and frame.crs != crs
    ]  # fmt: skip
    if not len(tables["blocks"]):
        faults.append(Fault("there are no blocks", "cut them first, with: shequ blocks", table="blocks"))
    if population is not None:
        bad = int((population.values < 0).sum() + np.isinf(population.values).sum())
        if bad:
            faults.append(
                Fault(f"the population raster holds {bad} negative or infinite cells",
                      "set its nodata value when it is imported, so that they count as unknown")
            )  # fmt: skip
    if faults:
        raise InputError(faults)
    return {name: _sorted_valid(conform(frame, name)) for name, frame in tables.items()}


def _sorted_valid(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the rows by id (so that nothing depends on the order given), their shapes without crossings."""
    frame = frame.sort_index()
    shapes = frame.geometry.to_numpy().copy()
    broken = ~shapely.is_valid(shapes)
    shapes[broken] = shapely.make_valid(shapes[broken], method="structure", keep_collapsed=False)
    return frame.set_geometry(gpd.GeoSeries(shapely.force_2d(shapes), frame.index, crs=frame.crs))
