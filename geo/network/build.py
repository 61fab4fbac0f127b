"""From tables to a walking network."""

import geopandas as gpd
import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from geo.crs import require_metric
from geo.network.network import BOTH, Floats, Ints, Network
from geo.network.options import SPEEDS, WalkOptions
from geo.network.streets import noded, walked
from geo.network.ways import Ways
from geo.raster import Raster
from geo.study import Repair, Study


def network_of(study: Study, *, options: WalkOptions = WalkOptions()) -> Network:
    """Return the walking network of a study: of its roads, barriers, estates, passages, facilities and ground height.

    See `walking_network`.
    """
    return walking_network(
        study["roads"], barriers=study.get("barriers"), estates=study.get("estates"), passages=study.get("passages"),
        facilities=study.get("facilities"), dem=study.rasters.get("dem"), options=options,
    )  # fmt: skip


def walking_network(
    roads: gpd.GeoDataFrame,
    *,
    barriers: gpd.GeoDataFrame | None = None,
    estates: gpd.GeoDataFrame | None = None,
    passages: gpd.GeoDataFrame | None = None,
    facilities: gpd.GeoDataFrame | None = None,
    dem: Raster | None = None,
    options: WalkOptions = WalkOptions(),
) -> Network:
    """Return streets and paths as people walk them."""
    require_metric(roads, "roads")
    rows, repairs = walked(roads, options)
    ways, more = noded(rows, options)
    repairs += more
    length = ways.length_m()
    level = {key: (length / speed.metres_per_minute,) * 2 for key, speed in SPEEDS.items()}
    ids = np.append(rows.index.astype(str).to_numpy(dtype=object), "")
    steps = np.append((rows["road_class"] == "steps").to_numpy(), False)
    nodes = len(ways.node_xy)
    return Network(
        roads.crs, ways.node_xy, ways.a, ways.b, length, level, ways.shapes(),
        np.where(ways.yard, 2, steps[ways.road]).astype(np.int64), np.full(len(ways), BOTH), ways.estate,
        _components(ways, length, nodes), ids[ways.road], options=options, repairs=tuple(repairs),
    )  # fmt: skip


def _components(ways: Ways, length: Floats, nodes: int) -> Ints:
    """Return the piece each node belongs to, by decreasing total length."""
    links = coo_array((np.ones(len(ways), np.int8), (ways.a, ways.b)), shape=(nodes, nodes))
    count, piece = connected_components(links, directed=False)
    total = np.bincount(piece[ways.a], length, minlength=count)
    rank = np.empty(count, np.int64)
    rank[np.argsort(-total, kind="stable")] = np.arange(count)
    return rank[piece]
