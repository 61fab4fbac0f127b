"""Edge lines: the roads, rivers, railways and borders that may be a block's edge, and what each is called.

`Features` says for every feature how much it matters (its rank), what it is and what it is called. `Lines` are the
straight pieces drawn from them. `name_along` says which feature runs along a given piece: it names edges drawn by
somebody else.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geo.blocks.tiling import NOTHING, Flags, Floats, Ints, Shapes, as_lines, segments_of

EDGE_ROAD_CLASSES = (
    "motorway", "motorway_link", "trunk", "trunk_link", "primary", "primary_link", "secondary", "secondary_link",
    "tertiary", "tertiary_link", "unclassified", "residential", "living_street",
)  # fmt: skip
EDGE_BARRIER_KINDS = ("river", "canal", "stream", "railway")
WATERWAYS = ("river", "canal", "stream", "drain")

RANKS = {
    "study_edge": 100.0,
    "motorway": 60.0, "railway": 56.0, "river": 54.0, "canal": 53.0, "trunk": 50.0, "primary": 46.0, "secondary": 42.0,
    "tertiary": 38.0, "unclassified": 34.0, "residential": 34.0, "road": 34.0, "living_street": 32.0, "stream": 31.0,
    "pedestrian": 30.0, "drain": 28.0, "busway": 26.0,
    "motorway_link": 24.0, "trunk_link": 23.0, "primary_link": 22.0, "secondary_link": 21.0, "tertiary_link": 20.0,
    "service": 16.0, "track": 14.0, "bridleway": 12.0, "cycleway": 12.0, "footway": 10.0, "path": 10.0, "steps": 10.0,
    "corridor": 8.0, "water": 7.0, "cliff": 6.0, "construction": 5.0, "proposed": 5.0,
    "border": 4.0, "wall": 3.0, "other": 2.0,
}  # fmt: skip
"""How much a line matters where two stand for one edge. Slip roads stand below every street they lead to."""

DIVIDED = tuple(c for c in EDGE_ROAD_CLASSES if RANKS[c] >= RANKS["tertiary"])
"""Classes which may be divided roads when nothing is known of their direction."""

UNDERPASS_M = 100.0
"""A tunnel up to this long between two streets is an underpass: the street stays an edge."""

ALONG_DEGREES = 30.0
ALONG_PIECE_M = 10.0

COLUMNS = ["kind", "name", "name_en", "barrier", "oneway", "roundabout", "origin", "row"]
"""Columns of a table of features."""

Origin = Literal["road", "barrier", "border", "wall", "edge"]
Names = NDArray[Any]


@dataclass(frozen=True)
class Features:
    """What lines were drawn from. Arrays of one length, plus a last entry that stands for nothing (index -1)."""

    rank: Floats
    kind: Names
    """The seam's feature_class."""
    name: Names
    name_en: Names
    """Text, '' when unknown."""
    barrier: Flags
    oneway: Ints
    """1 yes, 0 no, -1 unknown."""
    roundabout: Flags
    origin: Names
    row: Names
    """The id of the row in its table."""

    @property
    def count(self) -> int:
        """Number of features, the last entry not counted."""
        return len(self.rank) - 1


@dataclass(frozen=True)
class Lines:
    """Straight pieces of features."""

    start: Floats
    end: Floats
    feature: Ints

    def joined(self, other: "Lines") -> "Lines":
        """Return these and the others."""
        return Lines(np.concatenate([self.start, other.start]), np.concatenate([self.end, other.end]),
                     np.concatenate([self.feature, other.feature]))  # fmt: skip


@dataclass(frozen=True)
class Drawn:
    """Features, their lines, and the water they cover (polygons of rivers and canals with the feature of each)."""

    features: Features
    lines: Lines
    water: Shapes
    water_feature: Ints


def text(frame: pd.DataFrame, column: str) -> Names:
    """Return a text column with '' for missing, also when there is no such column."""
    if column not in frame.columns:
        return np.full(len(frame), "", dtype=object)
    values = frame[column].astype("object")
    return np.array([v.strip() if isinstance(v, str) else "" for v in values], dtype=object)


def flag(frame: pd.DataFrame, column: str) -> Ints:
    """Return a yes/no column as 1, 0, and -1 for unknown, also when there is no such column."""
    if column not in frame.columns:
        return np.full(len(frame), -1)
    values = frame[column].astype("boolean").astype("Int64").fillna(-1)
    return np.asarray(values.to_numpy(np.int64), dtype=np.int64)


def features_of(parts: Iterable[pd.DataFrame]) -> Features:
    """Return features from tables with the columns kind, name, name_en, barrier, oneway, roundabout, origin, row."""
    nothing = pd.DataFrame([("none", "", "", False, -1, False, "", "")], columns=COLUMNS)
    rows = pd.concat([*(part for part in parts if len(part)), nothing], ignore_index=True)
    kind = rows["kind"].to_numpy(object)
    return Features(
        rank=np.array([RANKS.get(k, 0.0) for k in kind]),
        kind=kind,
        name=rows["name"].to_numpy(object),
        name_en=rows["name_en"].to_numpy(object),
        barrier=rows["barrier"].to_numpy(bool),
        oneway=rows["oneway"].to_numpy(np.int64),
        roundabout=rows["roundabout"].to_numpy(bool),
        origin=rows["origin"].to_numpy(object),
        row=rows["row"].to_numpy(object),
    )


def _table(index: Names, kind: Names | str, origin: Origin, **columns: Names | Ints | Flags) -> pd.DataFrame:
    """Return a table of features; what is not given is unknown."""
    unknown = {"name": "", "name_en": "", "barrier": False, "oneway": -1, "roundabout": False}
    data = {**unknown, **columns, "kind": kind, "origin": origin, "row": index}
    return pd.DataFrame(data, index=range(len(index)))[COLUMNS]


def draw(
    roads: gpd.GeoDataFrame | None,
    barriers: gpd.GeoDataFrame | None,
    borders: tuple[pd.DataFrame, Lines] | None,
    *,
    road_classes: tuple[str, ...],
    barrier_kinds: tuple[str, ...],
) -> Drawn:
    """Return the features and lines of the chosen classes; tunnels are left out. `borders` comes from `borders_of`."""
    tables: list[pd.DataFrame] = []
    lines: list[Lines] = []
    water: Shapes = np.empty(0, dtype=object)
    water_feature = np.empty(0, np.int64)
    count = 0
    if roads is not None and len(roads):
        chosen = roads[roads["road_class"].isin(road_classes).to_numpy()]
        chosen = chosen[(flag(chosen, "tunnel") != 1) | _underpasses(chosen)]
        kind = chosen["road_class"].to_numpy(object)
        tables.append(_table(chosen.index.astype(str).to_numpy(object), kind, "road", name=text(chosen, "name"),
                             name_en=text(chosen, "name_en"), barrier=kind == "motorway", oneway=flag(chosen, "oneway"),
                             roundabout=flag(chosen, "roundabout") == 1))  # fmt: skip
        lines.append(_pieces(chosen.geometry.to_numpy(), np.arange(len(chosen))))
        count += len(chosen)
    if barriers is not None and len(barriers):
        chosen = barriers[barriers["kind"].isin(barrier_kinds).to_numpy() & (flag(barriers, "tunnel") != 1)]
        kind = chosen["kind"].to_numpy(object)
        crossable = flag(chosen, "crossable")
        barrier = (crossable == 0) | ((crossable == -1) & np.isin(kind, ("river", "canal", "railway")))
        shapes = chosen.geometry.to_numpy()
        names, names_en = text(chosen, "name"), text(chosen, "name_en")
        areal = np.isin(shapely.get_type_id(shapes), (3, 6))
        wet = areal & np.isin(kind, WATERWAYS)
        _name_water(shapes, kind, names, names_en, wet)
        ids = chosen.index.astype(str).to_numpy(object)
        tables.append(_table(ids, kind, "barrier", name=names, name_en=names_en, barrier=barrier))
        outlines = shapes.copy()
        outlines[areal] = shapely.boundary(shapes[areal])
        lines.append(_pieces(outlines, count + np.arange(len(chosen))))
        water, water_feature = shapes[wet], count + np.flatnonzero(wet)
        count += len(chosen)
    if borders is not None:
        tables.append(borders[0])
        lines.append(Lines(borders[1].start, borders[1].end, borders[1].feature + count))
    start = np.concatenate([np.empty((0, 2)), *(part.start for part in lines)])
    end = np.concatenate([np.empty((0, 2)), *(part.end for part in lines)])
    feature = np.concatenate([np.empty(0, np.int64), *(part.feature for part in lines)])
    return Drawn(features_of(tables), Lines(start, end, feature), water, water_feature)


def _underpasses(roads: gpd.GeoDataFrame) -> Flags:
    """Say which tunnels are short and join two streets: a street that dives under a railway is still one."""
    shapes = roads.geometry.to_numpy()
    tunnel = flag(roads, "tunnel") == 1
    short = np.flatnonzero(tunnel & (shapely.length(shapes) <= UNDERPASS_M) & (shapely.get_type_id(shapes) == 1))
    result = np.zeros(len(roads), bool)
    if not len(short) or tunnel.all():
        return result
    street = shapely.get_parts(shapes[~tunnel])
    tree = shapely.STRtree(np.concatenate([shapely.get_point(street, 0), shapely.get_point(street, -1)]))
    joined = np.ones(len(short), bool)
    for end in (0, -1):
        near = tree.query(shapely.get_point(shapes[short], end), predicate="dwithin", distance=1.0)[0]
        joined &= np.isin(np.arange(len(short)), near)
    result[short[joined]] = True
    return result


def _pieces(shapes: Shapes, feature: Ints) -> Lines:
    parts, of = shapely.get_parts(shapely.force_2d(shapes), return_index=True)
    start, end, line = segments_of(parts)
    return Lines(start, end, feature[of[line]])


def _name_water(shapes: Shapes, kind: Names, names: Names, names_en: Names, wet: Flags) -> None:
    """Give nameless water polygons the name of the longest waterway line inside them."""
    nameless = np.flatnonzero(wet & (names == ""))
    lines = np.flatnonzero(~wet & np.isin(kind, WATERWAYS) & (names != ""))
    if not len(nameless) or not len(lines):
        return
    polygon, line = shapely.STRtree(shapes[lines]).query(shapes[nameless], predicate="intersects")
    inside = shapely.length(shapely.intersection(shapes[nameless[polygon]], shapes[lines[line]]))
    order = np.lexsort((names[lines[line]].astype(str), inside))
    for i in order[inside[order] > 0]:  # the longest is written last
        names[nameless[polygon[i]]] = names[lines[line[i]]]
        names_en[nameless[polygon[i]]] = names_en[lines[line[i]]]


def borders_of(communities: gpd.GeoDataFrame, chosen: Flags) -> tuple[pd.DataFrame, Lines]:
    """Return the borders of the chosen communities as features named "X与Y界", one for each pair, and their lines.

    A border with nobody known on its other side is named after the one community.
    """
    shapes = communities.geometry.to_numpy()
    ids = communities.index.astype(str).to_numpy(object)
    names, names_en = text(communities, "name"), text(communities, "name_en")
    names = np.where(names == "", ids, names)
    names_en = np.where(names_en == "", names, names_en)
    polygons, of = shapely.get_parts(shapely.force_2d(shapes), return_index=True)
    rings, ring_of = shapely.get_rings(shapely.orient_polygons(polygons), return_index=True)
    start, end, ring = segments_of(rings)
    mine = of[ring_of[ring]]
    along = end - start
    side = np.column_stack([along[:, 1], -along[:, 0]]) / np.hypot(*along.T)[:, None]
    points = shapely.points((start + end) / 2 + side)  # 1 m to the right, where the neighbour is
    piece, other = shapely.STRtree(shapes).query(points, predicate="dwithin", distance=2.0)
    foreign = other != mine[piece]
    piece, other = piece[foreign], other[foreign]
    far = shapely.distance(points[piece], shapes[other])
    rank = np.argsort(np.argsort(ids.astype(str)))
    best = np.lexsort((-rank[other], -far))  # the nearest is written last
    theirs = np.full(len(start), NOTHING)
    theirs[piece[best]] = other[best]
    keep = chosen[mine] | ((theirs >= 0) & chosen[theirs])
    start, end, mine, theirs = start[keep], end[keep], mine[keep], theirs[keep]
    with_nobody = np.append(rank, len(rank))
    low = np.where(with_nobody[theirs] < rank[mine], theirs, mine)
    high = np.where(with_nobody[theirs] < rank[mine], mine, theirs)
    pairs, feature = np.unique(np.column_stack([low, high]), axis=0, return_inverse=True)
    rows = [
        (f"{ids[x]}|{ids[y]}", border_name(names[x], names[y]), border_name_en(names_en[x], names_en[y])) if y >= 0
        else (ids[x], border_name(names[x], ""), border_name_en(names_en[x], ""))
        for x, y in pairs
    ]  # fmt: skip
    index, name, name_en = (np.array([row[i] for row in rows], dtype=object) for i in range(3))
    table = _table(index, "border", "border", name=name, name_en=name_en)
    return table, Lines(start, end, feature.ravel().astype(np.int64))


def border_name(one: str, two: str) -> str:
    """Return what a border between two communities is called in Chinese."""
    return f"{one}与{two}界" if two else f"{one}界"


def border_name_en(one: str, two: str) -> str:
    """Return what a border between two communities is called in English."""
    return f"{one}–{two} border" if two else f"{one} border"


def walls_of(estates: gpd.GeoDataFrame) -> tuple[pd.DataFrame, Lines]:
    """Return the outlines of estates as features of class wall."""
    ids, name, name_en = estates.index.astype(str).to_numpy(object), text(estates, "name"), text(estates, "name_en")
    table = _table(ids, "wall", "wall", name=name, name_en=name_en)
    return table, _pieces(shapely.boundary(estates.geometry.to_numpy()), np.arange(len(estates)))


def best_on(lines: Lines, rank: Floats, points: Floats, within_m: float = 1e-3) -> Ints:
    """Return for each point the line piece it lies on (the one that matters most), or NOTHING."""
    result = np.full(len(points), NOTHING)
    if not len(lines.feature) or not len(points):
        return result
    tree = shapely.STRtree(as_lines(lines.start, lines.end))
    point, piece = tree.query(shapely.points(points), predicate="dwithin", distance=within_m)
    feature = lines.feature[piece]
    best = np.lexsort((-feature, rank[feature]))  # the best is written last
    result[point[best]] = piece[best]
    return result


def name_along(start: Floats, end: Floats, drawn: Drawn, within_m: float) -> tuple[Floats, Floats, Ints, Ints]:
    """Return straight pieces cut short, with the feature that runs along each.

    Parameters
    ----------
    start, end
        Ends of straight pieces [m].
    drawn
        Features that may give the name.
    within_m
        How far a feature may lie from the piece [m]; it must also run in its direction, within 30 degrees. Of several
        the nearest counts, with a handicap for lesser streets, so that a pavement does not hide the avenue.

    Returns
    -------
    tuple
        Starts, ends, the given piece each belongs to, and the feature (NOTHING when none runs along it).
    """
    along = end - start
    parts = np.maximum(np.ceil(np.hypot(*along.T) / ALONG_PIECE_M), 1).astype(np.int64)
    of = np.repeat(np.arange(len(start)), parts)
    number = np.arange(len(of)) - np.repeat(np.cumsum(parts) - parts, parts)
    low, high = (number / parts[of])[:, None], ((number + 1) / parts[of])[:, None]
    short_start, short_end = start[of] + along[of] * low, start[of] + along[of] * high
    short_end[number == parts[of] - 1] = end
    middle = shapely.points((short_start + short_end) / 2)
    feature = np.full(len(of), NOTHING)
    lines, features = drawn.lines, drawn.features
    point, source, cost = np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
    if len(lines.feature) and len(of):
        shapes = as_lines(lines.start, lines.end)
        point, piece = shapely.STRtree(shapes).query(middle, predicate="dwithin", distance=within_m)
        one, two = along[of[point]], lines.end[piece] - lines.start[piece]
        cosine = np.abs((one * two).sum(axis=1)) / np.maximum(np.hypot(*one.T) * np.hypot(*two.T), 1e-12)
        parallel = cosine >= np.cos(np.radians(ALONG_DEGREES))
        point, piece = point[parallel], piece[parallel]
        source = lines.feature[piece]
        cost = shapely.distance(middle[point], shapes[piece]) + _handicap(features.rank[source], within_m)
    if len(drawn.water) and len(of):
        wet, polygon = shapely.STRtree(drawn.water).query(middle, predicate="intersects")
        parallel = _with_the_stream(middle[wet], along[of[wet]], drawn)
        wet, polygon = wet[parallel], polygon[parallel]
        point, source = np.concatenate([point, wet]), np.concatenate([source, drawn.water_feature[polygon]])
        cost = np.concatenate([cost, np.zeros(len(wet))])
    best = np.lexsort((source, features.rank[source], -cost))  # the best is written last
    feature[point[best]] = source[best]
    return short_start, short_end, of, feature


def _with_the_stream(points: Shapes, along: Floats, drawn: Drawn) -> Flags:
    """Say which pieces in the water run as its nearest bank does, and do not cross it."""
    banks = np.flatnonzero(np.isin(drawn.lines.feature, drawn.water_feature))
    result = np.zeros(len(points), bool)
    if not len(banks) or not len(points):
        return result
    shapes = as_lines(drawn.lines.start[banks], drawn.lines.end[banks])
    point, bank = shapely.STRtree(shapes).query_nearest(points, all_matches=False)
    two = drawn.lines.end[banks[bank]] - drawn.lines.start[banks[bank]]
    one = along[point]
    cosine = np.abs((one * two).sum(axis=1)) / np.maximum(np.hypot(*one.T) * np.hypot(*two.T), 1e-12)
    result[point] = cosine >= np.cos(np.radians(1.5 * ALONG_DEGREES))
    return result


def _handicap(rank: Floats, within_m: float) -> Floats:
    return np.where(rank >= RANKS["tertiary"], 0.0, np.where(rank >= RANKS["busway"], 0.2, 0.5)) * within_m
