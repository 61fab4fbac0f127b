"""Sites for one requirement: where one more facility, or a few, help most."""

from collections.abc import Collection

import geopandas as gpd
import numpy as np

from geo.network import Network
from geo.siting.result import Model, Sited
from geo.standards.facilities import Requirement
from geo.study import Study


def site(
    demand: gpd.GeoDataFrame,
    candidates: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame | None,
    network: Network,
    *,
    requirement: Requirement,
    model: Model = "mclp",
    count: int | None = None,
    budget: float | None = None,
    capacity: float | None = None,
    communities: gpd.GeoDataFrame | None = None,
    estates: gpd.GeoDataFrame | None = None,
    keep: Collection[str] = (),
    leave_out: Collection[str] = (),
    speed: str = "adult",
    seconds: float = 60.0,
    gap: float = 0.0,
    rng: np.random.Generator | None = None,
) -> Sited:
    """Return the best sites among candidates for a requirement; today's facilities stay and already cover people.

    Parameters
    ----------
    demand
        Homes, as `geo.gaps.demand.demand` gives them.
    candidates
        As `geo.siting.candidates.candidate_sites` gives them; a column `capacity` [places] where it is known.
    facilities
        Those of the requirement's categories count; None or empty: there are none yet.
    network
        As `geo.network.build.walking_network` gives it, in the CRS of the tables.
    requirement
        What is sought: whom it is for, within what reach, how large.
    model
        A key of `MODELS`. `mclp` and `capacitated_mclp` may choose fewer than `count` where one more gives nothing.
        `lscp` covers all who can be covered with the fewest sites (the cheapest, with costs and a `budget` of inf).
    count
        How many new sites at most; 1 where neither it nor a budget is given. Not for `lscp`.
    budget
        What the chosen premises may cost together [yuan]: `mclp` only, and inf for `lscp` by cost.
    capacity
        Places of a new site whose own capacity is unknown (capacitated models).
    communities, estates
        For names, and for the community a candidate stands in where the candidates do not say.
    keep, leave_out
        Ids of candidates that must be chosen, that may not be.
    speed
        Key of `geo.network.SPEEDS`, for minutes.
    seconds, gap, rng
        Of the models: when to stop, what gap is good enough, their chance.

    Raises
    ------
    InputError
        Tables in another CRS, no demand or candidates, options that do not fit the model, ids that are not there.
    InfeasibleError
        No choice keeps what was demanded.
    """
    raise NotImplementedError


def sites_of(
    study: Study,
    *,
    requirement: Requirement | str,
    standard: str = "circle-15min-2021",
    model: Model = "mclp",
    count: int | None = None,
    budget: float | None = None,
    kinds: Collection[str] | None = None,
    candidates: gpd.GeoDataFrame | None = None,
    demand: gpd.GeoDataFrame | None = None,
    network: Network | None = None,
    speed: str = "adult",
    seconds: float = 60.0,
) -> Sited:
    """Return `site` of a study: its homes, candidates, facilities and walking network are made where not given.

    `requirement` is a requirement, or the key of one in `standard` (a name or path).
    """
    raise NotImplementedError
