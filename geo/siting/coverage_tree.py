"""The search for the most weight that so many sites can cover, to a proof: a tree of choices bounded by prices.

At each node some sites are in and some are out. Prices of demand (`geo.siting.coverage_kernels.examined`) bound what
the node can reach, settle the sites that every better choice has or has not, and propose choices, which swaps improve.
The node with the highest bound is parted on its most doubtful site. Nodes are looked at a few at a time on all cores;
what is found does not depend on how many there are.
"""

import heapq
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from geo.siting.asked import Cover
from geo.siting.choice import Floats
from geo.siting.coverage_kernels import IN, OUT, examined

Flags = npt.NDArray[np.bool_]
Improve = Callable[[Flags, int], Flags]

ROUNDS, PART = 1_000, 0.02
"""Changes of the prices at the root, and the weight of the last choice in the average that leads them."""
NODE_ROUNDS, NODE_PART = 100, 0.05
"""The same at other nodes, which begin with the prices and the average of their parent."""
STEP = 0.1
"""Size of the first steps of prices."""
WORK, MORE_KICKS = 2e7, 500
"""Kicks times entries of the cover, and kicks, at most, before the tree."""
KICKS = 3
"""Throws out of the choice that each node proposes."""
TOGETHER = 4
"""Nodes parted at a time."""
OPEN_MOST = 8_000
"""Nodes that wait at most; the search ends with what is known when there are more."""
PACE = 1e8
"""Entries of the cover that one round of prices looks at in a second, for a limit on rounds where time is short."""


@dataclass(frozen=True)
class Found:
    """The best choice (flags over sites), what it covers, and what none can exceed; how many nodes were looked at."""

    chosen: Flags
    value: float
    bound: float
    nodes: int


@dataclass(frozen=True)
class _Node:
    """What is settled, the bound that prices prove, the site to part on (-1: none), and the choice proposed."""

    state: npt.NDArray[np.int8]
    price: npt.NDArray[np.float32]
    mean: npt.NDArray[np.float32]
    share: npt.NDArray[np.float32]
    bound: float
    site: int
    choice: Flags


class Search:
    """One search: the cover by rows, weights, how many sites, and how better a choice must be to be looked for.

    Parameters
    ----------
    cover : sparse array, rows × sites
    weight : array over rows
    most : int
        How many sites.
    improved : callable
        Returns a choice no worse than the one given, with so many kicks.
    step : float
        What all values are multiples of, 0 when that is unknown.
    gap : float
        Relative difference of value and bound that is good enough.
    threads : int, optional
        How many nodes are looked at together; as many as there are cores when left out.
    """

    def __init__(
        self, cover: Cover, weight: Floats, most: int, improved: Improve, *, step: float, gap: float,
        threads: int | None = None,
    ) -> None:  # fmt: skip
        self.cover, self.weight, self.most, self.improved = cover, weight, most, improved
        self.step, self.gap = step, gap
        self.threads = min(threads or os.cpu_count() or 1, 2 * TOGETHER)
        # A set of sites is known by the exclusive or of their keys.
        self.keys = np.random.default_rng(0).integers(1, 2**63, cover.shape[1]).astype(np.uint64)

    def run(self, known: Flags, until: float) -> Found:
        """Search from a known choice until some time by the clock [s]."""
        best, value = known, self.covered(known)
        nodes, size = 1, 1 + self.cover.nnz
        rounds = int(np.clip((until - time.monotonic()) * PACE / size, 1, ROUNDS))
        with ThreadPoolExecutor(self.threads) as pool:
            other = pool.submit(self.improved, known, min(MORE_KICKS, int(WORK / size)))
            root = self._examined(self._nothing_settled(), self._target(value), rounds, PART, carry=False)
            for one in (other.result(), self.improved(root.choice, KICKS)):
                best, value = self._better(best, value, one)
            waiting, number = [(-root.bound, 0, root)] if root.site >= 0 else [], 0
            while waiting and -waiting[0][0] >= self._target(value) and len(waiting) <= OPEN_MOST:
                if time.monotonic() > until:
                    break
                parted = [heapq.heappop(waiting)[2] for _ in range(min(TOGETHER, len(waiting)))]
                children = list(pool.map(self._child, *zip(*self._ways(parted, value), strict=True)))
                for _, choice in children:
                    best, value = self._better(best, value, choice)
                for child, _ in children:
                    nodes += 1
                    if child.site >= 0 and child.bound >= self._target(value):
                        number += 1
                        heapq.heappush(waiting, (-child.bound, number, child))
        bound = min(root.bound, self._target(value))
        if waiting:
            bound = max(bound, -waiting[0][0])
        return Found(best, value, max(bound, value), nodes)

    def covered(self, chosen: Flags) -> float:
        """Return the weight that a choice covers."""
        return float(self.weight[self.cover @ chosen.astype(np.float64) > 0].sum())

    def _target(self, value: float) -> float:
        """Return what a choice must reach to be looked for."""
        return max(value + self.step * (1 - 1e-6), value * (1 + max(self.gap, 1e-9)))

    def _better(self, best: Flags, value: float, other: Flags) -> tuple[Flags, float]:
        worth = self.covered(other)
        return (other, worth) if worth > value else (best, value)

    def _nothing_settled(self) -> _Node:
        rows, sites = self.cover.shape
        return _Node(
            np.zeros(sites, dtype=np.int8), np.full(rows, 0.5, dtype=np.float32), np.zeros(rows, dtype=np.float32),
            np.zeros(sites, dtype=np.float32), np.inf, -1, np.zeros(sites, dtype=bool),
        )  # fmt: skip

    def _ways(self, parted: list[_Node], value: float) -> list[tuple[_Node, float]]:
        """Return for each node to part its two children, in which the doubtful site is in or out."""
        ways = []
        for node in parted:
            for what in (IN, OUT):
                state = node.state.copy()
                state[node.site] = what
                ways.append((replace(node, state=state), self._target(value)))
        return ways

    def _child(self, node: _Node, target: float) -> tuple[_Node, Flags]:
        child = self._examined(node, target, NODE_ROUNDS, NODE_PART, carry=True)
        return child, self.improved(child.choice, KICKS)

    def _examined(self, node: _Node, target: float, rounds: int, part: float, *, carry: bool) -> _Node:
        state, price, mean, share = node.state.copy(), node.price.copy(), node.mean.copy(), node.share.copy()
        bound, site, choice = examined(
            self.cover.indptr, self.cover.indices, self.weight, self.keys, self.most, target, rounds, part, STEP, carry,
            state, price, mean, share,
        )  # fmt: skip
        return _Node(state, price, mean, share, min(float(bound), node.bound), int(site), choice)
