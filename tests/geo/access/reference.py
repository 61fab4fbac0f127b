"""Networks drawn by hand, and every walk on them by scipy's Dijkstra on a graph in which each place is a node."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import shapely
from pyproj import CRS
from scipy import sparse
from scipy.sparse.csgraph import connected_components, dijkstra

from geo.network import SPEEDS, Joins, Network

METRIC = CRS.from_epsg(4549)


def network_of_lines(
    lines: Sequence[shapely.LineString], *, crs: CRS = METRIC, slow: np.ndarray | None = None, **more
) -> Network:
    """Return a network of lines that meet at their ends.

    `slow` says how many times longer than on level ground an edge takes, from a to b and from b to a.
    """
    shapes = np.empty(len(lines), dtype=object)
    shapes[:] = list(lines)
    count = len(lines)
    ends = shapely.get_coordinates([shapely.get_point(shapes, 0), shapely.get_point(shapes, -1)])
    node_xy, node = np.unique(ends, axis=0, return_inverse=True)
    a, b = node[:count].astype(np.int64), node[count:].astype(np.int64)
    length_m = shapely.length(shapes)
    slow = np.ones((count, 2)) if slow is None else slow
    linked = sparse.coo_array((np.ones(count), (a, b)), shape=(len(node_xy),) * 2)
    pieces, piece = connected_components(linked.tocsr(), directed=False)
    total = np.bincount(piece[a], weights=length_m, minlength=pieces)
    rank = np.empty(pieces, dtype=np.int64)
    rank[np.argsort(-total, kind="stable")] = np.arange(pieces)
    fields = {
        "crs": crs,
        "node_xy": node_xy,
        "edge_a": a,
        "edge_b": b,
        "length_m": length_m,
        "minutes": {
            key: (length_m / s.metres_per_minute * slow[:, 0], length_m / s.metres_per_minute * slow[:, 1])
            for key, s in SPEEDS.items()
        },
        "lines": shapes,
        "kind": np.zeros(count, dtype=np.int64),
        "side": np.zeros(count, dtype=np.int64),
        "estate": np.full(count, -1, dtype=np.int64),
        "component": rank[piece],
        "road_id": np.array([f"r{k}" for k in range(count)], dtype=object),
    }
    return Network(**(fields | more))


def shapes(*each) -> np.ndarray:
    """Return shapes as an array of objects."""
    out = np.empty(len(each), dtype=object)
    out[:] = each
    return out


def walks_by_scipy(network: Network, origins: Joins, goals: Joins, by: str, speed: str = "adult") -> pd.DataFrame:
    """Return the cost of the shortest walk from every origin (row) to every goal (column), infinite where none.

    Every place is a node, and cuts its edge in two; ways off the network are arcs of their own.
    """
    cost = network.costs("metres" if by == "metres" else speed)
    pace = 1.0 if by == "metres" else 1 / SPEEDS[speed].metres_per_minute
    nodes, rows = len(network.node_xy), len(origins.place) + len(goals.place)
    edge = np.concatenate([origins.edge, goals.edge])
    along = np.concatenate([origins.along_m, goals.along_m])
    tail, head, weight = [], [], []

    def arc(u, v, w):
        tail.append(u), head.append(v), weight.append(w)

    order = np.lexsort((along, edge))
    bounds = np.searchsorted(edge[order], np.arange(len(network.edge_a) + 1))
    for e in range(len(network.edge_a)):
        on = order[bounds[e] : bounds[e + 1]]
        chain = [network.edge_a[e], *(nodes + on), network.edge_b[e]]
        long = network.length_m[e]
        share = np.concatenate([[0.0], along[on] / long if long else along[on], [1.0]])
        for u, v, part in zip(chain[:-1], chain[1:], np.diff(share), strict=True):
            arc(u, v, part * cost[0][e])
            arc(v, u, part * cost[1][e])
    for k, place in enumerate(origins.place):
        arc(nodes + rows + place, nodes + k, origins.off_m[k] * pace)
    for k, place in enumerate(goals.place):
        arc(nodes + len(origins.place) + k, nodes + rows + len(origins) + place, goals.off_m[k] * pace)
    size = nodes + rows + len(origins) + len(goals)
    # a dense scipy matrix takes 0 for "no arc", a sparse one adds what is given twice: keep the least, and never 0
    table = pd.DataFrame({"u": tail, "v": head, "w": np.maximum(weight, 1e-12)}).groupby(["u", "v"])["w"].min()
    u, v = (table.index.get_level_values(name).to_numpy() for name in ("u", "v"))
    graph = sparse.csr_array((table.to_numpy(), (u, v)), shape=(size, size))
    start = nodes + rows + np.arange(len(origins))
    found = dijkstra(graph, directed=True, indices=start)[:, nodes + rows + len(origins) :]
    return pd.DataFrame(found, index=origins.index, columns=goals.index)
