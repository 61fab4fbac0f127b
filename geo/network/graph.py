"""The network as searches walk it: stretches between junctions, what they cost, and where places stand on them."""

# numba infers the types of the compiled function from the arrays it is called with, so it carries none:
# mypy: disable-error-code="no-untyped-def, untyped-decorator, no-untyped-call"
# ruff: noqa: ANN001, ANN202
# Splitting a hot loop would only hide it:
# ruff: noqa: PLR0912

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, Literal, NamedTuple, Self

import numba
import numpy as np
import numpy.typing as npt

from geo.network.network import Floats, Ints, Joins, Network
from geo.network.options import SPEEDS

By = Literal["metres", "minutes"]
"""What is shortest: the way on the plan, or the time with slopes and stairs."""

Int32s = npt.NDArray[np.int32]

EXACT: Final = 2.0**20
"""Costs are kept in about millionths (of a metre, of a minute), so that their sums are exact, in whatever order."""


class Arcs(NamedTuple):
    """Stretches as seen from the junctions they leave.

    A search runs along the walk, or against it (from facilities, to find who walks to them): then `cost` is that of
    walking towards the junction. Every cost has two columns: what is shortest, and what comes with it.
    """

    start: Int32s
    head: Int32s
    stretch: Int32s
    end: Int32s
    """0 where the arc leaves the stretch at its end a, 1 at its end b."""
    cost: Floats
    ends: Int32s
    """Both junctions of each stretch."""
    across: Floats
    """A search from place s to t on one stretch costs s to a and b to t, less `across` [:, 0], or s to b and a to t,
    less [:, 1], whichever is more (the other is negative); [:, 2:] are the same of what comes with it."""


class Stops(NamedTuple):
    """Places on stretches, a row per join; `first` tells where the rows of a place begin."""

    first: Int32s
    place: Int32s
    stretch: Int32s
    cost: Floats
    """Between the place and end a, and end b, the way off the network included; [:, 2:] what comes with it."""
    off: Floats
    """Of the way off the network alone, two columns."""


class Beads(NamedTuple):
    """Stretches edge by edge, from end a to end b; `first` tells where the edges of a stretch begin."""

    first: Int32s
    ahead: Floats
    """Cost from end a to the far end of each edge."""
    back: Floats
    """Cost from end b to the near end of each edge."""
    length_m: Floats
    whole_m: Floats
    """Length of each stretch [m]."""


@dataclass(frozen=True)
class Graph:
    """A network without the nodes where nothing branches off, with the costs of one kind of walking.

    Attributes
    ----------
    junctions : int
    ends : array (stretches, 2)
        Junctions at the ends a and b of a stretch; the same one twice at a ring.
    first, order : arrays
        The edges of stretch s from a to b are order[first[s]:first[s + 1]].
    stretch : array over edges
    turned : array over edges of bool
        Whether the stretch runs from the edge's end b to its end a.
    cost : array (edges, 4)
        Along the edge from the stretch's a towards b: what is shortest, and what comes with it; then both from b to a.
    before : array (edges, 4)
        The same from the stretch's end a to the beginning of the edge.
    total : array (stretches, 4)
        The same of the whole stretch.
    pace : array (2)
        Cost, and what comes with it, of a metre off the network.
    length_m : array over edges
    """

    junctions: int
    ends: Int32s
    first: Int32s
    order: Int32s
    stretch: Ints
    turned: npt.NDArray[np.bool_]
    cost: Floats
    before: Floats
    total: Floats
    pace: Floats
    length_m: Floats

    @classmethod
    def of(cls, network: Network, by: By, speed: str) -> Self:
        """Return the graph of a network for one kind of walking."""
        ends, first, order, turned, junctions = _stretches(
            len(network.node_xy), network.edge_a.astype(np.int32), network.edge_b.astype(np.int32)
        )
        stretch = np.empty(len(order), dtype=np.int64)
        stretch[order] = np.repeat(np.arange(len(ends)), np.diff(first))
        metres, minutes = network.costs("metres"), network.costs(speed)
        one, two = (metres, minutes) if by == "metres" else (minutes, metres)
        cost = _exact(np.stack([one[0], two[0], one[1], two[1]], axis=1))
        cost[turned] = cost[turned][:, [2, 3, 0, 1]]
        # sums of such costs are exact, so that a difference of two of them is the sum between
        run = np.concatenate([np.zeros((1, 4)), np.cumsum(cost[order], axis=0)])
        before = np.empty_like(cost)
        before[order] = run[:-1] - run[first[:-1]][stretch[order]]
        slow = 1.0 / SPEEDS[speed].metres_per_minute
        pace = np.array([1.0, slow] if by == "metres" else [slow, 1.0])
        return cls(
            junctions, ends, first, order, stretch, turned, cost, before, run[first[1:]] - run[first[:-1]], pace,
            network.length_m,
        )  # fmt: skip

    def arcs(self, *, against: bool) -> Arcs:
        """Return the arcs for searches along walks, or against them."""
        count = len(self.ends)
        tail = self.ends.T.ravel()
        order = np.argsort(tail, kind="stable")
        there, back = self.total[:, :2], self.total[:, 2:]
        # leaving a along the walk costs `there`; coming to a, which a search against it does, costs `back`
        cost = np.concatenate([back, there] if against else [there, back])
        across = np.stack([there, back] if against else [back, there], axis=1)
        return Arcs(
            np.searchsorted(tail[order], np.arange(self.junctions + 1)).astype(np.int32),
            self.ends[:, ::-1].T.ravel()[order], (order % max(count, 1)).astype(np.int32),
            (order // max(count, 1)).astype(np.int32), np.ascontiguousarray(cost[order]), self.ends,
            np.concatenate([across[:, :, 0], across[:, :, 1]], axis=1),
        )  # fmt: skip

    def stops(self, joins: Joins, *, leaving: bool) -> Stops:
        """Return places as those who leave them see the network, or as those who come to them."""
        edge = joins.edge
        long = self.length_m[edge]
        share = np.divide(joins.along_m, long, out=np.zeros(len(edge)), where=long > 0).clip(0.0, 1.0)
        share = np.where(self.turned[edge], 1.0 - share, share)
        stretch = self.stretch[edge]
        from_a = self.before[edge, :2] + _exact(share[:, None] * self.cost[edge, :2])
        to_a = self.before[edge, 2:] + _exact(share[:, None] * self.cost[edge, 2:])
        a, b = (to_a, self.total[stretch, :2] - from_a) if leaving else (from_a, self.total[stretch, 2:] - to_a)
        off = _exact(joins.off_m[:, None] * self.pace)
        cost = np.stack([a[:, 0] + off[:, 0], b[:, 0] + off[:, 0], a[:, 1] + off[:, 1], b[:, 1] + off[:, 1]], axis=1)
        first = np.searchsorted(joins.place, np.arange(len(joins) + 1)).astype(np.int32)
        return Stops(first, joins.place.astype(np.int32), stretch.astype(np.int32), cost, off)

    def beads(self) -> Beads:
        """Return the stretches edge by edge, for searches along walks."""
        order = self.order
        ahead = self.before[order, 0] + self.cost[order, 0]
        back = self.total[self.stretch[order], 2] - self.before[order, 2]
        length_m = self.length_m[order]
        whole_m = np.bincount(self.stretch[order], weights=length_m, minlength=len(self.ends)).astype(np.float64)
        return Beads(self.first, ahead, back, length_m, whole_m)


def _exact(cost: Floats) -> Floats:
    return np.rint(cost * EXACT) / EXACT


@numba.njit(cache=True, nogil=True)
def _stretches(nodes, edge_a, edge_b):
    """Return the junctions at both ends of each stretch, its edges in order, which run against it, and how many
    junctions there are: nodes where ways end or branch off, and one on each ring that has none.
    """
    count = len(edge_a)
    start = np.zeros(nodes + 1, np.int32)
    for e in range(count):
        start[edge_a[e]] += 1
        start[edge_b[e]] += 1
    junction = np.full(nodes, -1, np.int32)
    junctions = 0
    for v in range(nodes):
        if start[v] != 2:
            junction[v] = junctions
            junctions += 1
    for v in range(nodes):
        start[v + 1] += start[v]
    touching = np.empty(start[nodes], np.int32)
    for e in range(count):
        for v in (edge_a[e], edge_b[e]):
            start[v] -= 1
            touching[start[v]] = e
    ends = np.empty((count, 2), np.int32)
    first = np.zeros(count + 1, np.int32)
    order = np.empty(count, np.int32)
    turned = np.zeros(count, np.bool_)
    seen = np.zeros(count, np.bool_)
    stretches = 0
    done = 0
    for turn in range(2):
        for begin in range(count):
            for end in range(2):
                v = edge_a[begin] if end == 0 else edge_b[begin]
                if seen[begin] or (turn == 0 and junction[v] < 0):
                    continue
                if junction[v] < 0:
                    junction[v] = junctions
                    junctions += 1
                ends[stretches, 0] = junction[v]
                e = begin
                while True:
                    seen[e] = True
                    order[done] = e
                    turned[e] = edge_a[e] != v
                    done += 1
                    v = edge_a[e] if turned[e] else edge_b[e]
                    if junction[v] >= 0:
                        break
                    e = touching[start[v]] if touching[start[v]] != e else touching[start[v] + 1]
                ends[stretches, 1] = junction[v]
                stretches += 1
                first[stretches] = done
    return ends[:stretches].copy(), first[: stretches + 1].copy(), order, turned, junctions


def split(count: int, parts: int) -> list[tuple[int, int]]:
    """Return where to cut so many places into about equal parts."""
    cuts: Any = np.linspace(0, count, parts + 1).astype(int)
    return [(int(low), int(high)) for low, high in pairwise(cuts) if low < high]
