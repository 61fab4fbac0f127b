"""Streets and paths as people walk them, meeting in nodes where one can step from one onto the other."""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from geo.network.network import Floats, Ints, Shapes
from geo.network.options import WalkOptions
from geo.network.ways import NOTHING, Ways, pieces, straight
from geo.study import Repair

GRID_M = 1e-3
"""Vertices are one when they are the same to a millimetre."""

_AT_ONCE = 2**15
"""So many pairs of segments are looked at in one piece."""

TOLD_M = 0.1
"""A gap smaller than this is drawing, and closing it is no news [m]."""


def walked(roads: gpd.GeoDataFrame, options: WalkOptions) -> tuple[gpd.GeoDataFrame, list[Repair]]:
    """Return the roads people walk along, in the order of their ids, and what was left out.

    `walkable` decides; where it says nothing, the class does.
    """
    ordered = roads if roads.index.is_monotonic_increasing else roads.sort_index()
    never = ordered["road_class"].isin(options.never_walked).to_numpy()
    walkable = flag(ordered, "walkable")
    left = (walkable == 0) | ((walkable < 0) & never)
    shapes = ordered.geometry
    gone = (shapes.isna() | shapes.is_empty).to_numpy()
    repairs = [
        Repair("roads", str(row), "dropped", "not_walked", "nobody walks along it: it is not walkable, or its class is "
               "not walked", "不可步行,或该等级道路不供步行")
        for row in ordered.index[left & ~gone]
    ]  # fmt: skip
    return ordered[~left & ~gone], repairs


def levels(roads: gpd.GeoDataFrame) -> tuple[Ints, np.ndarray]:
    """Return a number for each combination of level, bridge and tunnel, and whether it is off the ground."""
    level = pd.to_numeric(column(roads, "level"), errors="coerce").fillna(0).to_numpy(dtype=np.int64)
    bridge, tunnel = flag(roads, "bridge") > 0, flag(roads, "tunnel") > 0
    _, key = np.unique((level + 100) * 4 + bridge * 2 + tunnel, return_inverse=True)
    return key.astype(np.int64), bridge | tunnel | (level != 0)


def noded(roads: gpd.GeoDataFrame, options: WalkOptions) -> tuple[Ways, list[Repair]]:
    """Return the ways between the places where lines meet, and what was joined although the drawing does not say so.

    Lines meet at an end that lies on another line, whatever the level (on the line of its own level, where there is
    one); at inner vertices they share, and where they cross without a vertex, only on the same level, on the ground, on
    a bridge or in a tunnel alike.
    """
    key, over = levels(roads)
    parts, row = _parts(np.asarray(roads.geometry.array, dtype=object))
    ids = roads.index
    xy, line = shapely.get_coordinates(parts, return_index=True)
    drawn = _Drawing(*_places(xy), line.astype(np.int64), key[row])
    drawn = drawn.without_repeats()
    drawn, led, crossings = drawn.met(options)
    repairs = [
        Repair("roads", str(ids[row[n]]), "repaired", "gap_closed",
               f"an end stopped {gap:.2f} m short of the next line and was led on to it",
               f"线端距相邻线{gap:.2f}米,已延长相接")
        for n, gap in led if gap >= TOLD_M
    ]  # fmt: skip
    if crossings:
        repairs.append(Repair(
            "roads", "", "assumed", "crossing_joined",
            f"lines cross on one level without a shared point in {crossings} places: they are taken as junctions; "
            "where one of them is a bridge, mark it",
            f"{crossings}处道路在同一层相交而无公共节点:按路口处理;若为立交,请标明桥梁"))  # fmt: skip
    drawn = drawn.one_place(options.node_m).without_repeats()
    node_of, node_xy = drawn.nodes()
    ways = pieces(
        node_xy, drawn.places[drawn.place], drawn.line, node_of,
        (row, over[row], np.zeros(len(parts), bool), np.full(len(parts), NOTHING)),
    )  # fmt: skip
    # a loop shorter than what is one place is no way
    return ways.kept((ways.a != ways.b) | (ways.length_m() > 2 * options.node_m)), repairs


class _Drawing:
    """Lines whose vertices are places: two vertices at one place have the same number."""

    def __init__(self, places: Floats, place: Ints, line: Ints, key: Ints) -> None:
        self.places = places
        self.place = place
        self.line = line
        self.key = key
        """Of each line: its level."""

    def without_repeats(self) -> "_Drawing":
        """Drop a vertex that stands where the one before it stands, and lines of one vertex."""
        again = np.zeros(len(self.line), bool)
        again[1:] = (self.line[1:] == self.line[:-1]) & (self.place[1:] == self.place[:-1])
        place, line = self.place[~again], self.line[~again]
        enough = np.bincount(line, minlength=len(self.key))[line] > 1
        return _Drawing(self.places, place[enough], line[enough], self.key)

    def ends(self) -> np.ndarray:
        """Return which vertices are the first or last of their line."""
        end = np.ones(len(self.line), bool)
        if len(end):
            turn = self.line[1:] != self.line[:-1]
            end[1:-1] = turn[:-1] | turn[1:]
        return end

    def segments(self) -> Ints:
        """Return the vertices at which a segment begins; it ends at the next."""
        return np.flatnonzero(self.line[1:] == self.line[:-1])

    def met(self, options: WalkOptions) -> tuple["_Drawing", list[tuple[int, float]], int]:
        """Put a vertex into lines where another ends on them, touches them or crosses them on the same level.

        A loose end close to a line of its level is led on to it. Returned are also the lines so led and how far, and
        the number of crossings.
        """
        begin = self.segments()
        if not len(begin):
            return self, [], 0
        p, q = self.places[self.place[begin]], self.places[self.place[begin + 1]]
        # the diagonals of boxes wide enough to hold what is near: the tree looks at their bounds only
        wide = max(options.gap_m, options.node_m)
        diagonals = straight(np.minimum(p, q) - wide / 2, np.maximum(p, q) + wide / 2)
        one, other = shapely.STRtree(diagonals).query(diagonals).astype(np.int64)
        one, other = one[one != other], other[one != other]
        del diagonals
        level = self.key[self.line[begin]]
        same = level[one] == level[other]
        segment_m = np.hypot(*(q - p).T)
        # an end on the inside of another line, or an inner vertex on it on the same level; each pair comes both ways
        end = self.ends()
        found, near = [], []
        for vertex in (begin[one], begin[one] + 1):
            reach = np.where(end[vertex], options.node_m, np.where(same, GRID_M, -1.0))
            off, share = _to_segments(self.places, self.place[vertex], p, q, other)
            length = segment_m[other]
            inner = (share * length > reach) & ((1 - share) * length > reach)
            hit = np.flatnonzero((off <= reach) & inner)
            found.append((other[hit], share[hit], self.place[vertex[hit]]))
            led = np.flatnonzero(
                end[vertex] & same & (off <= options.gap_m) & (self.line[vertex] != self.line[begin[other]])
            )
            near.append((vertex[led], other[led], off[led], np.clip(share[led], 0.0, 1.0)))
        # crossings without a vertex
        meets = np.flatnonzero(same & (one < other))
        crossed = [
            (part[true], share[true], along[true])
            for part in _few_at_a_time(meets)
            for share, along in [_crossing(p[one[part]], q[one[part]], p[other[part]], q[other[part]], GRID_M)]
            for true in [np.flatnonzero(~np.isnan(share))]
        ]
        meets, share, along = (np.concatenate(each) for each in zip(*crossed, strict=True))
        point = p[one[meets]] + share[:, None] * (q[one[meets]] - p[one[meets]])
        new = len(self.places) + np.arange(len(meets))
        found += [(one[meets], share, new), (other[meets], along, new)]
        loose, told = self._loose(tuple(np.concatenate(each) for each in zip(*near, strict=True)), found, options)
        places = np.concatenate([self.places, point])
        vertex, onto, _, share = loose
        places[self.place[vertex]] = p[onto] + share[:, None] * (q[onto] - p[onto])
        found.append((onto, share, self.place[vertex]))
        segment, share, place = (np.concatenate(each) for each in zip(*found, strict=True))
        drawn = _Drawing(places, self.place, self.line, self.key)
        return drawn._with(begin[segment], share, place), told, len(meets)

    def _loose(
        self, near: tuple[np.ndarray, ...], found: list[tuple[Ints, Floats, Ints]], options: WalkOptions
    ) -> tuple[tuple[np.ndarray, ...], list[tuple[int, float]]]:
        """Return for each loose end the nearest segment: vertex, segment, metres off, share; and what to tell."""
        vertex, onto, off, share = near
        begin = self.segments()
        held = np.bincount(self.place, minlength=len(self.places)) > 1
        held[np.concatenate([place[place < len(held)] for _, _, place in found])] = True
        held[self.place[vertex[off <= options.node_m]]] = True  # one place with it soon
        free = ~held[self.place[vertex]]
        vertex, onto, off, share = vertex[free], onto[free], off[free], share[free]
        order = np.lexsort((onto, off, vertex))
        _, first = np.unique(vertex[order], return_index=True)
        vertex, onto, off, share = (each[order][first] for each in (vertex, onto, off, share))
        # of two loose ends that look for each other, one comes
        target = np.where(share <= 0, begin[onto], np.where(share >= 1, begin[onto] + 1, NOTHING))
        looks = np.full(len(self.line) + 1, NOTHING)
        looks[vertex] = target
        stays = (target >= 0) & (looks[target] == vertex) & (target < vertex)
        comes = tuple(each[~stays] for each in (vertex, onto, off, share))
        return comes, [(int(n), float(gap)) for n, gap in zip(self.line[comes[0]], comes[2], strict=True)]

    def _with(self, before: Ints, share: Floats, place: Ints) -> "_Drawing":
        """Put vertices at places behind others, on their segment by share."""
        order = np.lexsort((place, share, before))
        before, place = before[order], place[order]
        return _Drawing(
            self.places, np.insert(self.place, before + 1, place), np.insert(self.line, before + 1, self.line[before]),
            self.key,
        )  # fmt: skip

    def one_place(self, near_m: float) -> "_Drawing":
        """Make one place of ends, and of ends and vertices, that lie closer than this, and of what is the same."""
        is_end = np.zeros(len(self.places), bool)
        is_end[self.place[self.ends()]] = True
        pairs = cKDTree(self.places).query_pairs(max(near_m, GRID_M), output_type="ndarray")
        apart = np.hypot(*(self.places[pairs[:, 0]] - self.places[pairs[:, 1]]).T)
        pairs = pairs[is_end[pairs].any(axis=1) | (apart <= GRID_M)]
        if not len(pairs):
            return self
        n = len(self.places)
        links = coo_array((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
        _, group = connected_components(links, directed=False)
        _, head = np.unique(group, return_index=True)
        return _Drawing(self.places, head[group][self.place].astype(np.int64), self.line, self.key)

    def nodes(self) -> tuple[Ints, Floats]:
        """Return the node that each vertex is (-1: none), and where the nodes are."""
        count = int(self.key.max()) + 1 if len(self.key) else 1
        level, end, n = self.key[self.line], self.ends(), len(self.places)
        group = self.place * count + level
        ends_at = np.zeros(n, bool)
        ends_at[self.place[end]] = True
        # an end meets the lines of its own level that pass; if none does, whatever passes
        ends_of = np.zeros(n * count, bool)
        ends_of[group[end]] = True
        own = ~end & ends_of[group]
        own_at = np.zeros(n, bool)
        own_at[self.place[own]] = True
        at_end = end | (ends_at[self.place] & (own | ~own_at[self.place]))
        name = self.place * (count + 1) + np.where(at_end, count, level)
        seen = np.bincount(name, minlength=0)
        is_node = end | (seen[name] > 1)
        names, number = np.unique(name[is_node], return_inverse=True)
        node = np.full(len(name), NOTHING)
        node[is_node] = number
        return node, self.places[names // (count + 1)]


def _parts(shapes: Shapes) -> tuple[Shapes, Ints]:
    """Return the single lines, and the row each one is of."""
    if (shapely.get_type_id(shapes) == 1).all():  # most towns: nothing to take apart, which takes its time
        return shapes, np.arange(len(shapes))
    parts, row = shapely.get_parts(shapes, return_index=True)
    return parts, row.astype(np.int64)


def _places(xy: Floats) -> tuple[Floats, Ints]:
    """Return the different places, ordered by x, then y, and which of them each vertex is at."""
    if not len(xy):
        return xy, np.empty(0, np.int64)
    on_grid = np.round(xy / GRID_M).astype(np.int64)
    on_grid -= on_grid.min(axis=0)
    code = on_grid[:, 0] * (int(on_grid[:, 1].max()) + 1) + on_grid[:, 1]
    _, first, place = np.unique(code, return_index=True, return_inverse=True)
    return xy[first], place.astype(np.int64)


def _to_segment(point: Floats, start: Floats, end: Floats) -> tuple[Floats, Floats]:
    """Return how far points are from segments [m], and at which share of the segment (unbounded)."""
    (x, y), (from_x, from_y) = (point - start).T, (end - start).T
    share = (x * from_x + y * from_y) / np.maximum(from_x * from_x + from_y * from_y, 1e-18)
    on = np.clip(share, 0.0, 1.0)
    return np.hypot(x - on * from_x, y - on * from_y), share


def _few_at_a_time(rows: Ints) -> list[Ints]:
    """Return so many rows at a time that what is computed of them stays small; at least one part."""
    return np.array_split(rows, len(rows) // _AT_ONCE + 1)


def _to_segments(places: Floats, point: Ints, p: Floats, q: Floats, segment: Ints) -> tuple[Floats, Floats]:
    """Return the same of places and segments by number, of which there may be many, in parts."""
    off, share = np.empty(len(point)), np.empty(len(point))
    for low in range(0, len(point), _AT_ONCE):
        part = slice(low, low + _AT_ONCE)
        off[part], share[part] = _to_segment(places[point[part]], p[segment[part]], q[segment[part]])
    return off, share


def _crossing(p: Floats, q: Floats, r: Floats, s: Floats, clear_m: float) -> tuple[Floats, Floats]:
    """Return the shares of both segments p-q and r-s at which they cross, clear of their ends; NaN where not."""
    one, other, between = q - p, s - r, r - p
    turn = one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (between[:, 0] * other[:, 1] - between[:, 1] * other[:, 0]) / turn
        along = (between[:, 0] * one[:, 1] - between[:, 1] * one[:, 0]) / turn
        clear = clear_m / np.hypot(*one.T), clear_m / np.hypot(*other.T)
        inside = (share > clear[0]) & (share < 1 - clear[0]) & (along > clear[1]) & (along < 1 - clear[1])
    return np.where(inside, share, np.nan), np.where(inside, along, np.nan)


def column(table: gpd.GeoDataFrame, name: str) -> pd.Series:
    """Return a column, all unknown where the table has none of that name."""
    return table[name] if name in table.columns else pd.Series(np.nan, table.index)


def flag(table: gpd.GeoDataFrame, name: str) -> Ints:
    """Return 1 for yes, 0 for no, -1 for unknown."""
    if name not in table.columns:
        return np.full(len(table), -1, dtype=np.int64)
    values = table[name].astype("boolean").astype("Int64").fillna(-1)
    return np.asarray(values.to_numpy(dtype=np.int64))
