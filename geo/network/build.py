"""From tables to a walking network."""

from collections.abc import Mapping
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from geo.crs import is_metric, require_metric
from geo.errors import Fault, InputError
from geo.network.arterials import with_sides
from geo.network.barriers import passages_of, with_barriers
from geo.network.gates import Estates, closed_estates, with_gates
from geo.network.joins import nowhere
from geo.network.network import KINDS, LEFT, Floats, Ints, Network, Shapes
from geo.network.options import WalkOptions
from geo.network.streets import noded, walked
from geo.network.terrain import minutes
from geo.network.ways import Ways
from geo.raster import Raster
from geo.schema import TABLES
from geo.study import Repair, Study

STREET, STEPS, YARD = (KINDS.index(kind) for kind in ("street", "steps", "yard"))
_NONE = np.empty(0, dtype=object)
NO_ESTATES: Final = Estates((), _NONE, _NONE, np.empty((0, 2)), np.empty(0, np.int64))
_TYPES: Final = ("Point", "LineString", "LinearRing", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon")
_FLAGS: Final = ("walkable", "bridge", "tunnel", "crossable", "closed")
_AS_USUAL: Final = WalkOptions()


def network_of(study: Study, *, options: WalkOptions = _AS_USUAL) -> Network:
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
    options: WalkOptions = _AS_USUAL,
) -> Network:
    """Return streets and paths as people walk them, in metres and minutes.

    Lines meet where one can step from one onto the other; barriers, closed estates and arterials are crossed only where
    there is a way across; slope and stairs cost time. `docs/network.md` tells every rule and its source.

    Parameters
    ----------
    roads
        Table `roads`: `road_class`, and where known `walkable`, `bridge`, `tunnel`, `level`. One way makes no
        difference on foot.
    barriers
        Table `barriers`: rivers, railways, walls.
    estates
        Table `estates`; those with `closed` true and a gate nearby are left through their gates only.
    passages
        Table `passages`: gates, crossings of roads, level crossings.
    facilities
        Table `facilities`, of which those of category `gate` are gates too.
    dem
        Ground height [m]; without it, ways are level.
    options
        What is a way on foot, and what is near.

    Returns
    -------
    Network
        In the roads' CRS; `repairs` says what was assumed. The same whatever the order of the rows.

    Raises
    ------
    InputError
        When a table is not in metres, the tables are not in one CRS, lack a column or hold other shapes or values, ids
        stand twice, or nothing can be walked along.

    Examples
    --------
    >>> from shapely import LineString
    >>> roads = gpd.GeoDataFrame(
    ...     {"road_class": ["residential", "footway"]}, index=["r1", "r2"], crs=4549,
    ...     geometry=[LineString([(5e5, 35e5), (500100, 35e5)]), LineString([(500060, 35e5), (500060, 3500070)])],
    ... )
    >>> network = walking_network(roads)
    >>> network.length_m.tolist(), network.minutes["adult"][0].round(2).tolist()
    ([60.0, 40.0, 70.0], [0.86, 0.57, 1.0])
    """
    tables = {"roads": roads, "barriers": barriers, "estates": estates, "passages": passages, "facilities": facilities}
    _require_usable({name: table for name, table in tables.items() if table is not None})
    rows, repairs = walked(roads, options)
    ways, told = noded(rows, options)
    if not len(ways):
        raise InputError(
            Fault("no road can be walked along", "import streets and paths, or correct `walkable`", "roads")
        )
    through = passages_of(passages, facilities)
    walls = np.empty(0, dtype=object)
    repairs += told
    if barriers is not None and len(barriers):
        ways, walls, told = with_barriers(ways, barriers, through, rows, options)
        repairs += told
    closed = NO_ESTATES
    if estates is not None and len(estates):
        closed, told = closed_estates(estates, through.gates, options)
        repairs += told
        ways, told = with_gates(ways, closed, walls, rows, options)
        repairs += told
    ways = _without_stubs(ways, options.gap_m)
    ways, side, told = with_sides(ways, through.crossings, rows, options)
    repairs += told
    steps = np.append((rows["road_class"] == "steps").to_numpy(dtype=bool), False)[ways.road]
    times, told = minutes(ways, steps, dem, roads.crs, options)
    repairs += told
    ids = np.append(rows.index.astype(str).to_numpy(dtype=object), "")
    length, lines = ways.length_m(), ways.shapes()
    walls = np.concatenate([walls, shapely.get_parts(closed.outlines), lines[(side == LEFT) & ~ways.over]])
    component, told = _components(ways, length, ids)
    return Network(
        crs=roads.crs, node_xy=ways.node_xy, edge_a=ways.a, edge_b=ways.b, length_m=length, minutes=times,
        lines=lines, kind=np.where(ways.yard, YARD, np.where(steps, STEPS, STREET)), side=side,
        estate=ways.estate, component=component, road_id=ids[ways.road], estate_ids=closed.ids,
        estate_shapes=closed.shapes, walls=walls,
        options=options, repairs=(*repairs, *told), over=ways.over,
    )  # fmt: skip


def _require_usable(tables: Mapping[str, gpd.GeoDataFrame]) -> None:
    """Refuse tables without a column, with other shapes, not in metres or not alike, or whose ids stand twice."""
    faults: list[Fault] = []
    crs = tables["roads"].crs
    for name, frame in tables.items():
        try:
            require_metric(frame, name)
        except InputError as error:
            faults += error.faults
        else:
            if frame.crs != crs and is_metric(crs):
                faults.append(Fault(f"coordinates are in {frame.crs.name}, those of the roads in {crs.name}",
                                    "project all tables alike", name))  # fmt: skip
        if not frame.index.is_unique:
            twice = frame.index[frame.index.duplicated()].unique().astype(str)
            faults.append(Fault(f"{len(twice)} ids stand on several rows", "make every id unique", name, tuple(twice)))
        contract = TABLES[name]
        faults += [
            Fault(f"column {column.name} ({column.meaning}) is missing", "add it", name)
            for column in contract.columns if column.required and column.name not in frame.columns
        ]  # fmt: skip
        kinds = shapely.get_type_id(np.asarray(frame.geometry.array, dtype=object))
        kinds[kinds == _TYPES.index("LinearRing")] = _TYPES.index("LineString")
        wrong = (kinds >= 0) & ~np.isin(kinds, [_TYPES.index(kind) for kind in contract.geometry])
        if wrong.any():
            faults.append(Fault(f"{int(wrong.sum())} rows are not {' or '.join(contract.geometry)}",
                                "choose the layer of the right geometry", name,
                                tuple(frame.index[wrong].astype(str))))  # fmt: skip
        lost = nowhere(np.asarray(frame.geometry.array, dtype=object))
        if lost.any():
            faults.append(Fault(f"{int(lost.sum())} rows have coordinates that are no numbers", "correct them",
                                name, tuple(frame.index[lost].astype(str))))  # fmt: skip
        faults += [
            Fault(f"column {column} holds other values than yes, no and unknown", "use true, false or nothing", name)
            for column in _FLAGS if column in frame.columns and not _is_flag(frame[column])
        ]  # fmt: skip
    if faults:
        raise InputError(faults)


def _is_flag(values: pd.Series) -> bool:
    """Return whether a column says yes, no or nothing."""
    try:
        values.astype("boolean")
    except (TypeError, ValueError):
        return False
    return True


def _without_stubs(ways: Ways, short_m: float) -> Ways:
    """Drop what is left of lines drawn a little too far, beyond the wall that cut them off, and nodes without ways."""
    _, piece, total = _pieces(ways, ways.length_m())
    return ways.kept(total[piece[ways.a]] > short_m).without_lonely_nodes()


def _pieces(ways: Ways, length: Floats) -> tuple[int, Ints, Floats]:
    """Return how many pieces hang together, which of them each node is in, and their length [m]."""
    nodes = len(ways.node_xy)
    links = coo_array((np.ones(len(ways), np.int8), (ways.a, ways.b)), shape=(nodes, nodes))
    count, piece = connected_components(links, directed=False)
    total = np.bincount(piece[ways.a], length, minlength=count)
    return int(count), np.asarray(piece, dtype=np.int64), total.astype(np.float64)


def _components(ways: Ways, length: Floats, ids: Shapes) -> tuple[Ints, list[Repair]]:
    """Return the piece each node belongs to, by decreasing total length, and the islands."""
    count, piece, total = _pieces(ways, length)
    rank = np.empty(count, np.int64)
    rank[np.argsort(-total, kind="stable")] = np.arange(count)
    component = rank[piece].astype(np.int64)
    longest = np.lexsort((np.arange(len(ways)), -length, component[ways.a]))
    of, at = np.unique(component[ways.a][longest], return_index=True)
    repairs = [
        Repair("roads", str(ids[ways.road[longest[n]]]), "assumed", "island",
               f"{total_m:.0f} m of ways hang together with it, but not with the town's other ways",
               f"与其相连的{total_m:.0f}米道路不与其余路网相通")
        for n, total_m in zip(at[of > 0], np.sort(total)[::-1][of[of > 0]], strict=True)
    ]  # fmt: skip
    return component, repairs
