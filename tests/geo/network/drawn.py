"""Small towns drawn by hand: coordinates are metres east and north of one corner."""

from collections.abc import Mapping, Sequence

import geopandas as gpd
import numpy as np
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from geo.network import Network

EAST, NORTH = 500_000.0, 3_500_000.0
CRS = "EPSG:4549"

Way = tuple[str, Sequence[tuple[float, float]]] | tuple[str, Sequence[tuple[float, float]], Mapping[str, object]]


def shifted(shape: shapely.Geometry) -> shapely.Geometry:
    return shapely.transform(shape, lambda xy: xy + np.array([EAST, NORTH]))


def roads(**ways: Way) -> gpd.GeoDataFrame:
    """Draw roads: id=(class, points, {other columns})."""
    rows = [{"road_class": way[0], **(way[2] if len(way) == 3 else {})} for way in ways.values()]
    shapes = [shifted(shapely.LineString(way[1])) for way in ways.values()]
    return gpd.GeoDataFrame(rows, index=list(ways), geometry=shapes, crs=CRS)


def table(columns: Mapping[str, Sequence[object]], shapes: Mapping[str, shapely.Geometry]) -> gpd.GeoDataFrame:
    """Draw a table of shapes by id, with its columns."""
    return gpd.GeoDataFrame(
        dict(columns), index=list(shapes), geometry=[shifted(shape) for shape in shapes.values()], crs=CRS
    )


def barrier(kind: str, shape: shapely.Geometry, **columns: object) -> gpd.GeoDataFrame:
    return table({"kind": [kind], **{name: [value] for name, value in columns.items()}}, {"b1": shape})


def passages(*spots: tuple[str, float, float]) -> gpd.GeoDataFrame:
    return table(
        {"kind": [kind for kind, _, _ in spots]},
        {f"p{n}": shapely.Point(x, y) for n, (_, x, y) in enumerate(spots, start=1)},
    )


def walk(network: Network, start: tuple[float, float], end: tuple[float, float], *, by: str = "metres") -> float:
    """Return the shortest walk between the nodes at two places; infinite where there is none.

    Where several nodes stand at one place (the sides of an arterial), the nearest pair.
    """
    ahead, back = network.costs(by)
    a = np.concatenate([network.edge_a, network.edge_b])
    b = np.concatenate([network.edge_b, network.edge_a])
    cost = np.concatenate([ahead, back])
    order = np.lexsort((cost, b, a))  # of ways side by side the shortest
    a, b, cost = a[order], b[order], cost[order]
    first = np.ones(len(a), bool)
    first[1:] = (a[1:] != a[:-1]) | (b[1:] != b[:-1])
    nodes = len(network.node_xy)
    graph = coo_array((cost[first], (a[first], b[first])), shape=(nodes, nodes)).tocsr()
    return float(dijkstra(graph, indices=at(network, *start))[:, at(network, *end)].min())


def at(network: Network, x: float, y: float) -> np.ndarray:
    """Return the nodes at a place."""
    found = np.flatnonzero(np.hypot(*(network.node_xy - [EAST + x, NORTH + y]).T) < 0.02)
    assert len(found), f"no node at {x}, {y}: {(network.node_xy - [EAST, NORTH]).round(2).tolist()}"
    return found


def said(network: Network, code: str) -> list[tuple[str, str]]:
    """Return table and row of every repair of this code."""
    return [(repair.table, repair.row_id) for repair in network.repairs if repair.code == code]
