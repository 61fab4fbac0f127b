"""Places joined to the walking network: each on the nearest way that can be reached from it."""

import geopandas as gpd
import numpy as np
import pandas as pd

from geo.network.network import Ints, Joins, Network


def join(network: Network, places: gpd.GeoDataFrame | gpd.GeoSeries, *, entrances: bool = True) -> Joins:
    """Return where places stand on the network.

    A place joins the nearest point of a way of the town's own network (component 0) within `join_m` that a straight
    line reaches without crossing a wall; inside a closed estate that estate's own ways only, outside only others; an
    arterial on the place's own side. An island is joined only where nothing else can be reached.

    Parameters
    ----------
    network : Network
    places : GeoDataFrame or GeoSeries
        Points or outlines in the network's CRS; unique index.
    entrances : bool
        Outlines are entered from every way within `entrance_m` (parks, schools; a row at most every 20 m of such a
        way); where there is none, from the nearest one. With False a home is joined from its inner point.

    Raises
    ------
    InputError
        Another CRS, ids that appear twice, or places without geometry.
    """
    raise NotImplementedError


def at_nodes(network: Network, nodes: Ints | None = None) -> Joins:
    """Return nodes of the network as places standing on them (all by default); the index is the nodes' numbers."""
    raise NotImplementedError


def islanders(network: Network, joins: Joins) -> pd.Index:
    """Return the ids of places that are joined to islands only."""
    main = np.zeros(len(joins), dtype=bool)
    joined = main.copy()
    on_main = network.component[network.edge_a[joins.edge]] == 0
    joined[joins.place] = True
    main[joins.place[on_main]] = True
    return joins.index[joined & ~main]
