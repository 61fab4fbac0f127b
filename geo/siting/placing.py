"""Premises filled with several requirements: what goes where, under a budget, the worst off first if wished."""

from collections.abc import Collection, Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np

from geo.errors import StandardError
from geo.gaps.demand import demand as homes_of
from geo.network import Network
from geo.network.build import network_of
from geo.siting.board import board_of
from geo.siting.candidates import candidate_sites
from geo.siting.filling import fill
from geo.siting.ground import town_of
from geo.siting.options import EXAMPLE_COSTS, FittingCosts, PlacingOptions
from geo.siting.placed import placed_of
from geo.siting.result import Placed
from geo.siting.site import requirement_of
from geo.standards.facilities import Complex, Requirement, load_facility_standard
from geo.study import Study


def place(
    demand: gpd.GeoDataFrame,
    candidates: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame | None,
    network: Network,
    *,
    requirements: Sequence[Requirement],
    options: PlacingOptions | None = None,
    costs: FittingCosts = EXAMPLE_COSTS,
    communities: gpd.GeoDataFrame | None = None,
    estates: gpd.GeoDataFrame | None = None,
    speed: str = "adult",
    seconds: float = 60.0,
    gap: float = 0.0,
) -> Placed:
    """Return which premises take which requirements, so that most people are newly covered for the money.

    Every requirement takes `need_m2` of floor area and `need_site_m2` of ground (else the least its standard asks for);
    those that are `shared` stand together in premises as long as there is room. People count once for each requirement
    that newly covers them, by its weight. Of choices that cover as many, the cheapest is taken.

    Parameters
    ----------
    demand, candidates, facilities, network, communities, estates, speed
        As `geo.siting.site.site`. Premises of unknown area take nothing; search points are as large as what goes there.
    requirements
        What is to be placed, each key once.
    options
        Budget, numbers, equity, complexes.
    costs
        Yuan per m²; without them an example, which the result says.
    seconds, gap
        When to stop, what gap is good enough.

    Raises
    ------
    InputError
        As `geo.siting.site.site`; requirements given twice, or that need neither floor nor ground; premises that must
        be used and can take nothing.
    InfeasibleError
        No placing keeps what was demanded; the reasons say what collides.

    Notes
    -----
    With `worst_first` or a floor, communities are compared by the covered share over all requirements together,
    weighted; homes outside communities are in none. All of this is our own reading.
    """
    options = options or PlacingOptions()
    town = town_of(demand, candidates, facilities, network, communities=communities, estates=estates, speed=speed)
    rule = options.complex_rule or embedded_complex()
    board = board_of(town, tuple(requirements), options, costs, rule)
    keep = town.candidates.index.get_indexer_for(sorted(options.keep)).astype(np.int64)
    filled = fill(board.offer, options, rule, keep, seconds=seconds, gap=gap)
    return placed_of(board, filled, options, costs, rule)


def placing_of(
    study: Study,
    *,
    requirements: Sequence[Requirement | str],
    standard: str | Path = "embedded-2023",
    options: PlacingOptions | None = None,
    costs: FittingCosts = EXAMPLE_COSTS,
    kinds: Collection[str] | None = None,
    candidates: gpd.GeoDataFrame | None = None,
    demand: gpd.GeoDataFrame | None = None,
    network: Network | None = None,
    speed: str = "adult",
    seconds: float = 60.0,
) -> Placed:
    """Return `place` of a study: its homes, candidates, facilities and walking network are made where not given.

    Requirements are such, or keys in `standard` (a name or path); `kinds` as in `candidate_sites`.
    """
    return place(
        homes_of(study) if demand is None else demand,
        candidate_sites(study, kinds=kinds) if candidates is None else candidates,
        study.get("facilities"),
        network_of(study) if network is None else network,
        requirements=[requirement_of(each, standard) for each in requirements], options=options, costs=costs,
        communities=study.get("communities"), estates=study.get("estates"), speed=speed, seconds=seconds,
    )  # fmt: skip


def embedded_complex() -> Complex:
    """Return what counts as an embedded service complex by the standard `embedded-2023`."""
    rule = load_facility_standard("embedded-2023").complex
    if rule is None:
        raise StandardError("the standard embedded-2023 says nothing of complexes")
    return rule
