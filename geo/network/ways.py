"""Ways between nodes while a network is built: cut in places, unhooked from each other, added to."""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import shapely

from geo.network.network import Floats, Ints, Shapes

NOTHING = -1


@dataclass(frozen=True)
class Ways:
    """Pieces of line between nodes; the vertices of all ways stand in one array.

    Attributes
    ----------
    node_xy : array (nodes, 2)
        [m]
    xy : array (vertices, 2)
        [m]
    first : array (ways + 1)
        Way w has the vertices first[w] to first[w + 1] - 1.
    a, b : arrays over ways
        The nodes at both ends.
    road : array over ways
        Row of the roads, -1 for none.
    over : array over ways of bool
        On a bridge, in a tunnel, or on another level than the ground.
    yard : array over ways of bool
        Drawn by us, from a gate.
    estate : array over ways
        Position of the closed estate it lies in, -1 for none.
    """

    node_xy: Floats
    xy: Floats
    first: Ints
    a: Ints
    b: Ints
    road: Ints
    over: np.ndarray
    yard: np.ndarray
    estate: Ints

    def __len__(self) -> int:
        """Return the number of ways."""
        return len(self.a)

    def shapes(self, chosen: Ints | None = None) -> Shapes:
        """Return the lines of the chosen ways (all: None)."""
        if chosen is None:
            chosen = np.arange(len(self))
        counts = self.first[chosen + 1] - self.first[chosen]
        vertices = ranges(self.first[chosen], counts)
        with without_collector():
            return np.asarray(shapely.linestrings(self.xy[vertices], indices=np.repeat(np.arange(len(chosen)), counts)))

    def length_m(self) -> Floats:
        """Return the length of each way [m]."""
        step = self.steps_m()
        total = np.concatenate([[0.0], np.cumsum(step)])
        inner = total[self.first[1:] - 1] - total[self.first[:-1]]
        return np.asarray(inner, dtype=np.float64)

    def steps_m(self) -> Floats:
        """Return the distance from each vertex to the next of its way [m]; 0 from a way's last one."""
        step = np.zeros(len(self.xy))
        if len(step):
            step[:-1] = np.hypot(*np.diff(self.xy, axis=0).T)
            step[self.first[1:] - 1] = 0.0
        return step

    def middle(self) -> Floats:
        """Return the point half way along each way [m]."""
        return self.at(np.arange(len(self)), self.length_m() / 2)

    def at(self, way: Ints, along_m: Floats) -> Floats:
        """Return the points on some ways, so far from their ends a [m]."""
        before, total = self._where(way, along_m)
        step = self.steps_m()[before]
        share = np.divide(total[1] - total[0][before], step, out=np.zeros(len(step)), where=step > 0)
        nearest = np.clip(share, 0.0, 1.0)[:, None]
        after = np.minimum(before + 1, len(self.xy) - 1)
        return np.asarray(self.xy[before] * (1 - nearest) + self.xy[after] * nearest, dtype=np.float64)

    def _where(self, way: Ints, along_m: Floats) -> tuple[Ints, tuple[Floats, Floats]]:
        """Return the vertex before each place, and the running length at every vertex and at the places."""
        step = self.steps_m()
        step[self.first[1:] - 1] = 1.0  # a metre between ways keeps them apart
        total = np.concatenate([[0.0], np.cumsum(step)[:-1]])
        place = total[self.first[way]] + along_m
        before = np.searchsorted(total, place, side="right") - 1
        before = np.clip(before, self.first[way], self.first[way + 1] - 2)
        return before.astype(np.int64), (total, place)

    def kept(self, mask: np.ndarray) -> "Ways":
        """Return some of the ways; all nodes stay."""
        counts = (self.first[1:] - self.first[:-1])[mask]
        vertices = ranges(self.first[:-1][mask], counts)
        first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return replace(
            self, xy=self.xy[vertices], first=first, a=self.a[mask], b=self.b[mask], road=self.road[mask],
            over=self.over[mask], yard=self.yard[mask], estate=self.estate[mask],
        )  # fmt: skip

    def without_lonely_nodes(self) -> "Ways":
        """Drop the nodes that no way has, and keep the order of the others."""
        used = np.zeros(len(self.node_xy), bool)
        used[self.a] = used[self.b] = True
        number = np.cumsum(used) - 1
        return replace(self, node_xy=self.node_xy[used], a=number[self.a], b=number[self.b])

    def with_yards(self, node_xy: Floats, a: Ints, b: Ints, estate: Ints) -> "Ways":
        """Return the ways with straight lines added between nodes; `node_xy` are new nodes behind the old ones."""
        nodes = np.concatenate([self.node_xy, node_xy.reshape(-1, 2)])
        n = len(a)
        first = self.first[-1] + 2 * np.arange(1, n + 1)
        return Ways(
            nodes, np.concatenate([self.xy, nodes[np.column_stack([a, b]).ravel()]]),
            np.concatenate([self.first, first]).astype(np.int64),
            np.concatenate([self.a, a]).astype(np.int64), np.concatenate([self.b, b]).astype(np.int64),
            np.concatenate([self.road, np.full(n, NOTHING)]), np.concatenate([self.over, np.zeros(n, bool)]),
            np.concatenate([self.yard, np.ones(n, bool)]), np.concatenate([self.estate, estate]).astype(np.int64),
        )  # fmt: skip


def dots(xy: Floats) -> Shapes:
    """Return a point at each place."""
    return np.asarray(shapely.points(xy), dtype=object).reshape(-1)


def straight(start: Floats, end: Floats) -> Shapes:
    """Return the straight lines between places."""
    with without_collector():
        return np.asarray(shapely.linestrings(np.stack([start, end], axis=1)), dtype=object).reshape(-1)


@contextmanager
def without_collector() -> Iterator[None]:
    """Let Python look for cycles of objects afterwards: while 100,000 lines are made, it would look six times as long.

    Lines hold no other objects, so that nothing is missed.
    """
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()


def ranges(first: Ints, counts: Ints) -> Ints:
    """Return first[0], first[0] + 1 … (counts[0] of them), then those from first[1], and so on."""
    before = np.cumsum(counts) - counts
    return np.asarray(np.arange(int(counts.sum())) + np.repeat(first - before, counts), dtype=np.int64)


def pieces(node_xy: Floats, xy: Floats, line: Ints, node: Ints, attributes: Sequence[np.ndarray]) -> Ways:
    """Return the ways that lie between vertices which are nodes.

    Parameters
    ----------
    node_xy
        [m]
    xy, line, node
        Over vertices: where it is, the line it belongs to (ascending), the node that it is, -1 for none. The first and
        last vertex of every line are nodes.
    attributes
        Of the lines: road, over, yard, estate.
    """
    at = np.flatnonzero(node >= 0)
    begin, end = at[:-1], at[1:]
    same = line[begin] == line[end]
    begin, end = begin[same], end[same]
    counts = end - begin + 1
    taken = ranges(begin, counts)
    coordinates = xy[taken]
    first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    a, b = node[begin], node[end]
    coordinates[first[:-1]], coordinates[first[1:] - 1] = node_xy[a], node_xy[b]
    road, over, yard, estate = (values[line[begin]] for values in attributes)
    return Ways(node_xy, coordinates, first, a, b, road, over, yard, estate)


def cut_at(ways: Ways, way: Ints, along_m: Floats, near_m: float) -> tuple[Ways, Ints, Ints]:
    """Return the ways cut at some places, the node at each place, and the old number of every new way.

    A place closer than `near_m` to an end of the way, or to a place before it, is that end or place.
    """
    length = ways.length_m()[way]
    node = np.where(along_m <= near_m, ways.a[way], np.where(along_m >= length - near_m, ways.b[way], NOTHING))
    inner = np.flatnonzero(node < 0)
    inner = inner[np.lexsort((along_m[inner], way[inner]))]
    here, there = way[inner], along_m[inner]
    gap = np.ones(len(inner), bool)
    gap[1:] = (here[1:] != here[:-1]) | (there[1:] - there[:-1] > near_m)
    node[inner] = len(ways.node_xy) + np.cumsum(gap) - 1
    new, made = inner[gap], len(ways.node_xy) + np.arange(int(gap.sum()))
    places = ways.at(way[new], along_m[new])
    before, _ = ways._where(way[new], along_m[new])
    line = np.repeat(np.arange(len(ways)), np.diff(ways.first))
    marks = np.full(len(ways.xy), NOTHING)
    marks[ways.first[:-1]], marks[ways.first[1:] - 1] = ways.a, ways.b
    cut = pieces(
        np.concatenate([ways.node_xy, places]), np.insert(ways.xy, before + 1, places, axis=0),
        np.insert(line, before + 1, way[new]), np.insert(marks, before + 1, made),
        (ways.road, ways.over, ways.yard, ways.estate),
    )  # fmt: skip
    pieces_of = np.ones(len(ways), np.int64) + np.bincount(way[new], minlength=len(ways))
    return cut, node.astype(np.int64), np.repeat(np.arange(len(ways)), pieces_of)


def unhooked(ways: Ways, nodes: Ints) -> Ways:
    """Return the ways with each end at these nodes on a node of its own: nobody goes from one to the other there."""
    loose = np.zeros(len(ways.node_xy), bool)
    loose[nodes] = True
    a, b, more = ways.a.copy(), ways.b.copy(), len(ways.node_xy)
    at_a, at_b = np.flatnonzero(loose[a]), np.flatnonzero(loose[b])
    xy = np.concatenate([ways.node_xy, ways.node_xy[a[at_a]], ways.node_xy[b[at_b]]])
    a[at_a] = more + np.arange(len(at_a))
    b[at_b] = more + len(at_a) + np.arange(len(at_b))
    return replace(ways, node_xy=xy, a=a, b=b)
