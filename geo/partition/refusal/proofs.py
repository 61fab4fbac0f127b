"""Proofs that no plan can keep some demands all at once, and plans that show that one can.

A proof looks as deep as it is told: at contradictions and single units, at sums, at narrow necks of the town, at last
at every way to divide its small parts. That nothing is proven does not mean that there is a plan.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from geo.partition.exact import MOST_ATOMS, best_partitions, solve_exactly
from geo.partition.refusal.demands import NUMBERS, anchor_of, demands_of
from geo.partition.search import partition_graph
from geo.partition.search.problem import Problem, make_problem
from geo.partition.town import Flags, Ints, Town, pieces

UNLIMITED = 2**62
WITNESS_PROPOSALS = 40_000
"""Moves with which the search looks for a plan that shows a set of demands to be possible."""
TRIES = 5
"""Numbers of communities that the search tries for it."""
MOST_NODES = 24
MOST_SETS = 20_000
"""Units of a part, and connected sets of them, up to which it is proven exactly that a part cannot be divided."""
MOST_TOUCHING = 9
"""Units whose every division is looked at where communities must not touch."""

Asked = frozenset[str]
"""Ids of demands."""

DIRECT, SUMS, NECKS, LAST = 1, 2, 3, 4
"""How deep a proof looks: contradictions and single units; sums; narrow necks; every way to divide."""


@dataclass(frozen=True)
class Proof:
    """Why demands cannot all hold: the kind, the blocks it is about, figures, and demands that surely suffice."""

    kind: str
    depth: int
    blocks: tuple[int, ...]
    facts: Mapping[str, Any]
    support: Asked | None = None


@dataclass(frozen=True)
class _Part:
    """A connected part of the town under some demands: its nodes' blocks, weights and links."""

    blocks: Ints
    nodes: tuple[tuple[int, ...], ...]
    bonds: tuple[int, ...]
    weights: Ints
    links: frozenset[tuple[int, int]]
    borders: frozenset[tuple[int, int]]
    cut_off: bool
    islet: bool


@dataclass(frozen=True)
class _Layout:
    """The town under some demands: what is bonded, what is apart, the parts, and what stays as it is."""

    bond: Ints
    apart: frozenset[tuple[int, int]]
    touch: frozenset[tuple[int, int]]
    anchors: Mapping[int, int]
    parts: tuple[_Part, ...]
    fixed: tuple[int, ...]


class Board:
    """A town with its demands, and what has been proven of sets of them; `watch` may raise to stop."""

    def __init__(self, town: Town, watch: Callable[[], None] | None = None) -> None:
        self.town = town
        self.watch = watch
        self.demands = {demand.id: demand for demand in demands_of(town)}
        self.order = {name: i for i, name in enumerate(self.demands)}
        self.all: Asked = frozenset(self.demands)
        self.numbers: dict[str, int] = {
            kind: getattr(town.limits, kind) for kind in NUMBERS if kind in self.demands
        } | ({"k": int(town.options.k)} if town.options.k is not None else {})
        self.load = [town.households.astype(np.int64), town.people.astype(np.int64)]
        self.pairs = {
            d.id: np.array([(g[0], b) for g in d.held for b in g[1:]], dtype=np.int64).reshape(-1, 2)
            for d in self.demands.values()
        }
        self.parted = {
            d.id: np.array(d.parted, dtype=np.int64).reshape(-1, 2) for d in self.demands.values() if d.parted
        }
        self._proofs: dict[Any, tuple[Proof, ...]] = {}
        self._possible: dict[Asked, bool] = {}
        self.questions = 0

    def sorted(self, asked: Iterable[str]) -> list[str]:
        """Return demands in the order of the request."""
        return sorted(asked, key=self.order.__getitem__)

    def proofs(self, asked: Asked, depth: int = LAST, numbers: Mapping[str, int] | None = None) -> tuple[Proof, ...]:
        """Return the proofs that these demands cannot all hold: all of the first depth that has any."""
        values = self.numbers | dict(numbers or {})
        key = (asked, depth, tuple(sorted(values.items())))
        if key not in self._proofs:
            self.questions += 1
            if self.watch is not None:
                self.watch()
            self._proofs[key] = tuple(_prove(self, asked, depth, values))
        return self._proofs[key]

    def possible(self, asked: Asked) -> bool:
        """Return whether a plan that keeps these demands was seen; without one nothing is known."""
        if asked not in self._possible:
            self._possible[asked] = not self.proofs(asked) and _witnessed(self, asked)
        return self._possible[asked]


def _limits(asked: Asked, numbers: Mapping[str, int]) -> tuple[Ints, Ints]:
    """Return the least and most of households and people under these demands."""
    low = [numbers[kind] if kind in asked else 0 for kind in ("min_households", "min_people")]
    high = [numbers[kind] if kind in asked else UNLIMITED for kind in ("max_households", "max_people")]
    return np.array(low, dtype=np.int64), np.array(high, dtype=np.int64)


WHAT = (("households", "户"), ("people", "人"))


def _prove(board: Board, asked: Asked, depth: int, numbers: Mapping[str, int]) -> list[Proof]:
    low, high = _limits(asked, numbers)
    found = [*_contradictions(board, asked), *_single_units(board, asked, low, high)]
    if found or depth <= DIRECT:
        return found
    layout = _lay(board, asked, low)
    for part in layout.parts:
        found += _part_sums(board, asked, part, low, high)
    found += _unreachable(layout)
    if not found and "k" in asked:
        found += _k_sums(layout, low, high, k=numbers["k"])
    if found or depth <= SUMS:
        return found
    for part in layout.parts:
        found += _necks(board, asked, part, low, high)
    if found or depth <= NECKS:
        return found
    return _exhausted(layout, low, high, numbers["k"] if "k" in asked else None)


def bonds(board: Board, asked: Asked) -> Ints:
    """Return the bond of each block: blocks of one bond are in one community, whatever happens."""
    pairs = [board.pairs[name] for name in board.sorted(asked)] or [np.zeros((0, 2), dtype=np.int64)]
    every = np.concatenate(pairs)
    return pieces(len(board.town.block_ids), every[:, 0], every[:, 1])[1]


def held_in(board: Board, asked: Asked, blocks: Iterable[int]) -> list[str]:
    """Return the demands that hold any of these blocks."""
    inside = set(blocks)
    return [
        name for name in board.sorted(asked)
        if any(len(group) > 1 and not inside.isdisjoint(group) for group in board.demands[name].held)
    ]  # fmt: skip


def _separations(board: Board, asked: Asked) -> Iterator[tuple[int, int, str, tuple[str, ...]]]:
    """Yield (block, block, why, demands) for every two blocks that must not be in one community."""
    for name in board.sorted(asked):
        demand = board.demands[name]
        for a, b in demand.parted:
            yield a, b, demand.kind, (name,)
    yield from _label_separations(board, asked)


def _label_separations(board: Board, asked: Asked) -> Iterator[tuple[int, int, str, tuple[str, ...]]]:
    town = board.town
    who: dict[int, str] = {}
    for name in board.sorted(asked):
        for old in board.demands[name].labels:
            who.setdefault(old, name)
    for one, two in itertools.combinations(sorted(who), 2):
        yield anchor_of(town, one), anchor_of(town, two), "labels", tuple(dict.fromkeys((who[one], who[two])))


def _contradictions(board: Board, asked: Asked) -> list[Proof]:
    """Return what is held together although it must not be."""
    town = board.town
    bond = bonds(board, asked)
    found: list[Proof] = []
    seen: set[tuple[int, tuple[str, ...]]] = set()

    def clash(a: int, b: int, why: str, who: tuple[str, ...]) -> None:
        if bond[a] != bond[b] or (int(bond[a]), who) in seen:
            return
        seen.add((int(bond[a]), who))
        inside = np.flatnonzero(bond == bond[a]).tolist()
        support = frozenset(held_in(board, asked, inside)) | frozenset(who)
        found.append(Proof("clash", DIRECT, tuple(inside), {"pair": (a, b), "why": why, "who": who}, support))

    for a, b, why, who in _separations(board, asked):
        clash(a, b, why, who)
    if "town" in asked:
        for name in board.sorted(asked):
            for group in board.demands[name].held:
                for b in group[1:]:
                    if town.town[b] != town.town[group[0]]:
                        clash(group[0], b, "town", ("town",))
    for name in board.sorted(asked):
        if board.demands[name].kind == "as_is":
            own = town.old == board.demands[name].at
            first = int(np.flatnonzero(own)[0])
            for b in np.flatnonzero((bond == bond[first]) & ~own)[:1].tolist():
                clash(first, b, "as_is", (name,))
    shunned = {tuple(sorted((anchor_of(town, a), anchor_of(town, b)))): name for name in board.sorted(asked)
               for a, b in board.demands[name].shun}  # fmt: skip
    for (a, b), name in shunned.items():
        beside = town.touching & (((bond[town.seam_a] == bond[a]) & (bond[town.seam_b] == bond[b]))
                         | ((bond[town.seam_a] == bond[b]) & (bond[town.seam_b] == bond[a])))  # fmt: skip
        for seam in np.flatnonzero(beside)[:1].tolist():
            blocks = (int(town.seam_a[seam]), int(town.seam_b[seam]))
            inside = np.flatnonzero((bond == bond[a]) | (bond == bond[b])).tolist()
            found.append(Proof("touch", DIRECT, blocks, {"who": (name,)},
                                frozenset(held_in(board, asked, inside)) | {name}))  # fmt: skip
    return found


def _single_units(board: Board, asked: Asked, low: Ints, high: Ints) -> list[Proof]:
    """Return the units above a maximum, and what stays as it is outside the limits."""
    town = board.town
    bond = bonds(board, asked)
    found = []
    settled = np.zeros(len(bond), dtype=bool)
    for name in board.sorted(asked):
        demand = board.demands[name]
        if demand.kind != "as_is":
            continue
        own = np.flatnonzero(town.old == demand.at)
        settled[own] = True
        for d, (what, _) in enumerate(WHAT):
            total = int(board.load[d][own].sum())
            for limit, broken, side in ((low[d], total < low[d], "min"), (high[d], total > high[d], "max")):
                if broken:
                    found.append(Proof("as_is", DIRECT, tuple(own.tolist()),
                                        {"dim": d, "total": total, "limit": int(limit), "side": side, "who": (name,)},
                                        frozenset({name, f"{side}_{what}"})))  # fmt: skip
    for d, (what, _) in enumerate(WHAT):
        total_of = np.bincount(bond, board.load[d]).astype(np.int64)
        for v in np.flatnonzero(total_of > high[d]).tolist():
            blocks = tuple(np.flatnonzero(bond == v).tolist())
            if not settled[list(blocks)].all():
                support = frozenset({f"max_{what}", *held_in(board, asked, blocks)})
                found.append(Proof("too_large", DIRECT, blocks,
                                    {"dim": d, "total": int(total_of[v]), "limit": int(high[d])}, support))  # fmt: skip
    return found


def _near(board: Board, asked: Asked) -> Flags:
    """Return the seams that a community could span as far as rivers, roads and towns are concerned."""
    town = board.town
    near = np.ones(len(town.seam_a), dtype=bool)
    if "town" in asked:
        near &= town.town[town.seam_a] == town.town[town.seam_b]
    crossed = [board.parted[n] for n in board.sorted(asked) if n in board.parted
               and board.demands[n].kind == "forbid_cross"]  # fmt: skip
    if crossed:
        n, pairs = len(town.block_ids), np.concatenate(crossed)
        near &= ~np.isin(_keys(town.seam_a, town.seam_b, n), _keys(pairs[:, 0], pairs[:, 1], n))
    return near


def _keys(a: Ints, b: Ints, n: int) -> Ints:
    return np.minimum(a, b) * n + np.maximum(a, b)


def _lay(board: Board, asked: Asked, low: Ints) -> _Layout:
    """Return the town's parts under these demands, which contradict each other nowhere."""
    town = board.town
    n = len(town.block_ids)
    bond = bonds(board, asked)
    fixed = tuple(board.demands[name].at for name in board.sorted(asked) if board.demands[name].kind == "as_is")
    settled = np.isin(town.old, fixed)
    near = _near(board, asked) & ~settled[town.seam_a] & ~settled[town.seam_b]
    # What counts as touching is said once, by the whole request; with fewer rules the others would seem to get harder.
    touching = town.touching & ~settled[town.seam_a] & ~settled[town.seam_b]
    a, b = town.seam_a, town.seam_b
    pairs = [(bond[x], bond[y]) for x, y, _, _ in _separations(board, asked)]
    anchors = {old: int(bond[anchor_of(town, old)]) for name in asked for old in board.demands[name].labels}
    shun = {pair for name in asked for pair in board.demands[name].shun}
    for one, two in [*shun, *((y, x) for x, y in shun)]:
        if one in fixed and two not in fixed:  # who must not touch it cannot have its neighbours
            sides = town.touching & ((town.old[a] == one) ^ (town.old[b] == one))
            beside = np.where(town.old[a[sides]] == one, b[sides], a[sides])
            pairs += [(anchors[two], bond[x]) for x in beside.tolist()]
    apart = frozenset((int(min(x, y)), int(max(x, y))) for x, y in pairs)
    touch = frozenset((anchors[x], anchors[y]) for x, y in shun if x not in fixed and y not in fixed)
    closed = np.array(sorted(x * n + y for x, y in apart), dtype=np.int64)
    links = near & ~np.isin(_keys(bond[a], bond[b], n), closed)
    bonded = near & (bond[a] == bond[b])
    _, node = pieces(n, a[bonded], b[bonded])
    _, region = pieces(n, a[near], b[near])
    _, comp = pieces(n, a[links], b[links])
    loose = np.flatnonzero(~settled)
    # A small part that is cut off is one community, so nothing in it can be apart.
    islands = np.bincount(region, board.load[0]) < (low[0] if "islands" not in asked else 0)
    first = np.unique(bond, return_index=True)[1]
    islands[[region[first[x]] for x, y in apart if region[first[x]] == region[first[y]]]] = False
    parts = []
    many = len(np.unique(comp[loose])) > 1
    for c in np.unique(comp[loose]).tolist():
        blocks = loose[comp[loose] == c]
        names, local = np.unique(node[blocks], return_inverse=True)
        place = np.full(n, -1, dtype=np.int64)
        place[blocks] = local
        ends, borders = (
            frozenset((int(min(x, y)), int(max(x, y))) for x, y in zip(place[a[on]], place[b[on]], strict=True))
            for on in (
                seams & (place[a] >= 0) & (place[b] >= 0) & (place[a] != place[b]) for seams in (links, touching)
            )
        )
        weights = np.stack([np.bincount(local, load[blocks], minlength=len(names)) for load in board.load], axis=1)
        groups: list[list[int]] = [[] for _ in names]
        for x, where in zip(blocks.tolist(), local.tolist(), strict=True):
            groups[where].append(x)
        parts.append(
            _Part(blocks, tuple(map(tuple, groups)), tuple(int(bond[g[0]]) for g in groups), weights.astype(np.int64),
                  ends, borders, many, bool(islands[region[blocks[0]]]))
        )  # fmt: skip
    return _Layout(bond, apart, touch, anchors, tuple(parts), fixed)


def cuts_islands(board: Board) -> bool:
    """Return whether rules of the request, and not water alone, cut off parts that would be accepted as islands."""
    if not any(demand.kind in ("forbid_cross", "town", "as_is") for demand in board.demands.values()):
        return False
    asked = board.all - {"islands"}
    if board.proofs(asked, DIRECT):
        return True  # no parts to look at: nothing is sure
    return any(part.islet for part in _lay(board, asked, _limits(asked, board.numbers)[0]).parts)


def _range(part: _Part, low: Ints, high: Ints) -> tuple[int, int]:
    """Return the fewest and most communities that the sums and the units of a part allow."""
    if part.islet:
        return 1, 1
    total = part.weights.sum(axis=0)
    least = max(1, *(int(-(-total // high)[d]) for d in (0, 1)))
    most = len(set(part.bonds))
    for d in (0, 1):
        if low[d]:
            most = min(most, int(total[d] // low[d]))
    return least, most


def _cutting(board: Board, asked: Asked) -> Asked:
    """Return the demands that can matter to a sum over a part: all but those that only hold things together."""
    return frozenset(
        name for name in asked
        if not board.demands[name].held or board.demands[name].kind == "as_is" or board.demands[name].labels
    )  # fmt: skip


def _part_sums(board: Board, asked: Asked, part: _Part, low: Ints, high: Ints) -> list[Proof]:
    """Return why a part cannot be divided: too little in all, or no number of communities fits."""
    if part.islet:
        return []
    total = part.weights.sum(axis=0)
    blocks = tuple(part.blocks.tolist())
    facts: dict[str, Any] = {"cut_off": part.cut_off}
    support = _cutting(board, asked)
    found = []
    for d in (0, 1):
        value, least, most = int(total[d]), int(low[d]), int(high[d])
        few = max(1, -(-value // most))
        now = facts | {"dim": d, "total": value, "least": least, "most": most, "few": few}
        if value < least:
            found.append(Proof("too_small", SUMS, blocks, now, support))
        elif least * few > value:
            found.append(Proof("no_count", SUMS, blocks, now, support))
    fewest, most_k = _range(part, low, high)
    if not found and fewest > most_k:
        both = facts | {"fewest": fewest, "most": most_k, "units": len(set(part.bonds)),
                        "households": int(total[0]), "people": int(total[1])}  # fmt: skip
        found.append(Proof("few_units" if most_k == len(set(part.bonds)) else "people_households", SUMS, blocks, both))
    return found


def _unreachable(layout: _Layout) -> list[Proof]:
    """Return what must be in one community but cannot be joined up."""
    seen: dict[int, int] = {}
    found, said = [], set()
    for number, part in enumerate(layout.parts):
        for bond, node in zip(part.bonds, part.nodes, strict=True):
            first = seen.setdefault(bond, number)
            if first != number and bond not in said:
                said.add(bond)
                inside = tuple(np.flatnonzero(layout.bond == bond).tolist())
                found.append(Proof("unreachable", SUMS, inside, {"pair": (inside[0], node[0])}))
    return found


def _k_sums(layout: _Layout, low: Ints, high: Ints, *, k: int) -> list[Proof]:
    ranges = [_range(part, low, high) for part in layout.parts]
    least = sum(few for few, _ in ranges) + len(layout.fixed)
    most = sum(many for _, many in ranges) + len(layout.fixed)
    if least <= k <= most:
        return []
    return [Proof("k", SUMS, (), {"k": k, "least": least, "most": most,
                                    "parts": len(layout.parts)})]  # fmt: skip


class _Knots:
    """A part's units, joined further and further as it is seen that they must be in one community."""

    def __init__(self, part: _Part) -> None:
        self.blocks = {i: part.nodes[i] for i in range(len(part.nodes))}
        self.weight = {i: part.weights[i] for i in self.blocks}
        self.links: dict[int, set[int]] = {i: set() for i in self.blocks}
        for a, b in part.links:
            self.links[a].add(b)
            self.links[b].add(a)

    def total(self, units: Iterable[int]) -> Ints:
        """Return the households and people of some units."""
        return np.asarray(sum(self.weight[i] for i in units), dtype=np.int64)

    def all_blocks(self, units: Iterable[int]) -> tuple[int, ...]:
        """Return their blocks."""
        return tuple(sorted(itertools.chain.from_iterable(self.blocks[i] for i in units)))

    def join(self, keep: int, gone: Iterable[int]) -> None:
        """Make one unit of several."""
        for v in gone:
            self.blocks[keep] = (*self.blocks[keep], *self.blocks.pop(v))
            self.weight[keep] = self.weight[keep] + self.weight.pop(v)
            for u in self.links.pop(v) - {keep}:
                self.links[u].discard(v)
                self.links[u].add(keep)
                self.links[keep].add(u)
            self.links[keep].discard(v)


def _necks(board: Board, asked: Asked, part: _Part, low: Ints, high: Ints) -> list[Proof]:
    """Return a piece too small alone and too large with what it must join; joins that are forced are followed.

    A piece that hangs on a single unit and is below a minimum lies in that unit's community, all of it. A unit below a
    minimum joins one of its neighbours; when all of them but one are too large for it, that one.
    """
    if part.islet or not low.any():
        return []
    knots = _Knots(part)

    def proof(small: Sequence[Sequence[int]], hub: int, kind: str) -> Proof:
        every = [*itertools.chain.from_iterable(small), hub]
        total = knots.total(every)
        alone = [knots.total(one) for one in small]
        d = 0 if total[0] > high[0] else 1
        e = 0 if all(one[0] < low[0] for one in alone) else 1
        inside = knots.all_blocks(every)
        beside = knots.all_blocks(knots.links[small[0][0]] - {hub}) if kind == "no_partner" else ()
        facts = {
            "small": tuple(knots.all_blocks(one) for one in small), "hub": knots.all_blocks([hub]),
            "alone": tuple(int(one[e]) for one in alone), "low": int(low[e]), "dim_low": e, "total": int(total[d]),
            "limit": int(high[d]), "dim": d,
        }  # fmt: skip
        return Proof(
            kind, NECKS, inside, facts, _cutting(board, asked) | set(held_in(board, asked, (*inside, *beside)))
        )

    joined = True
    while joined:
        joined = False
        for hub, branches in _hanging(knots, low):
            every = list(itertools.chain.from_iterable(branches))
            if not {hub, *every} <= set(knots.blocks):
                continue  # joined to something a moment ago; seen again in the next round
            if (knots.total([hub, *every]) > high).any():
                return [proof(branches, hub, "tight")]
            knots.join(hub, every)
            joined = True
        for v in sorted(knots.blocks):
            if v not in knots.blocks or not knots.links[v] or not (knots.weight[v] < low).any():
                continue
            partners = [u for u in sorted(knots.links[v]) if not (knots.weight[v] + knots.weight[u] > high).any()]
            if not partners:
                smallest = min(knots.links[v], key=lambda u: (int(knots.weight[u][0]), u))
                return [proof([[v]], smallest, "tight" if len(knots.links[v]) == 1 else "no_partner")]
            if len(partners) == 1:
                knots.join(partners[0], [v])
                joined = True
    return []


def _hanging(knots: _Knots, low: Ints) -> list[tuple[int, list[list[int]]]]:
    """Return units with the pieces below a minimum that hang on them alone, found by a depth-first walk.

    A subtree that reaches no further up than its parent is a piece of its own without the parent (Tarjan 1972).
    """
    links, weight = knots.links, knots.weight
    root = min(links)
    rank, parent, order = {root: 0}, {root: -1}, [root]
    reach: dict[int, int] = {}
    stack = [(root, iter(sorted(links[root])))]
    while stack:
        v, rest = stack[-1]
        u = next((u for u in rest if u not in rank), None)
        if u is not None:
            rank[u], parent[u] = len(order), v
            order.append(u)
            stack.append((u, iter(sorted(links[u]))))
            continue
        stack.pop()
        others = [rank[u] for u in links[v] if u != parent[v]]
        reach[v] = min([rank[v], *others, *(reach[u] for u in links[v] if parent[u] == v)])
    size = dict.fromkeys(order, 1)
    load = dict(weight)
    for v in reversed(order[1:]):
        size[parent[v]] += size[v]
        load[parent[v]] = load[parent[v]] + load[v]
    below: dict[int, list[int]] = {}
    for v in order[1:]:
        if reach[v] >= rank[parent[v]]:
            below.setdefault(parent[v], []).append(v)
    found = []
    for v in sorted(below):
        small = [order[rank[u] : rank[u] + size[u]] for u in below[v] if (load[u] < low).any()]
        above = load[root] - weight[v] - sum((load[u] for u in below[v]), np.zeros(2, dtype=np.int64))
        if v != root and (above < low).any():
            under = {i for u in below[v] for i in order[rank[u] : rank[u] + size[u]]}
            small.append([i for i in order if i != v and i not in under])
        if small:
            found.append((v, sorted(small, key=min)))
    return found


def _exhausted(layout: _Layout, low: Ints, high: Ints, k: int | None) -> list[Proof]:
    """Return that every way to divide the parts was tried, where they are small enough to try."""
    single = [part for part in layout.parts if not part.islet]
    asked = None if k is None or len(single) > 1 else k - len(layout.fixed) - (len(layout.parts) - len(single))
    counts: list[set[int] | None] = []
    for part in layout.parts:
        possible = {1} if part.islet else _possible_counts(layout, part, low, high, k=asked)
        if possible is not None and not possible:
            return [Proof("exhausted", LAST, tuple(part.blocks.tolist()),
                           {"units": len(set(part.bonds)), "cut_off": part.cut_off})]  # fmt: skip
        counts.append(possible)
    if k is None or any(one is None for one in counts):
        return []
    sums = {len(layout.fixed)}
    for one in counts:
        sums = {a + b for a in sums for b in one or ()}
    if k in sums or (len(single) > 1 and any(len(part.nodes) > MOST_ATOMS for part in single)):
        return []
    units = sum(len(set(part.bonds)) for part in layout.parts)
    return [Proof("exhausted", LAST, (), {"units": units, "cut_off": False, "k": k})]


def _possible_counts(layout: _Layout, part: _Part, low: Ints, high: Ints, *, k: int | None) -> set[int] | None:
    """Return the numbers of communities a part can be divided into; None where there is too much to try.

    Of a part of more than 14 units only whether k is possible is found out, or, without k, whether any number is; any
    number then stands for all.
    """
    n = len(part.nodes)
    touch = [pair for pair in layout.touch if set(pair) <= set(part.bonds)]
    if n > MOST_ATOMS:
        joined = len(set(part.bonds)) == n
        if n > MOST_NODES or not joined or touch:
            return None
        best = solve_exactly(_problem(layout, part, low, high), None if k is None else [k], most_sets=MOST_SETS)
        return {best.k} if best.k is not None else (set() if best.proven else None)
    problem = _problem(layout, part, low, high)
    bits = (np.arange(1 << n)[:, None] >> np.arange(n)[None, :]) & 1
    barred = np.zeros(1 << n, dtype=bool)
    for i, j in itertools.combinations(range(n), 2):
        pair = (min(part.bonds[i], part.bonds[j]), max(part.bonds[i], part.bonds[j]))
        if pair[0] == pair[1]:
            barred |= bits[:, i] != bits[:, j]
        elif pair in layout.apart:
            barred |= (bits[:, i] & bits[:, j]) == 1
    found = set(best_partitions(problem, n, np.where(barred, np.inf, 0.0)))
    if touch and found:
        found = _untouching(part, problem, barred, touch) if n <= MOST_TOUCHING else found
    return found if k is None else found & {k}


def _problem(layout: _Layout, part: _Part, low: Ints, high: Ints) -> Problem:
    """Return the part as a graph without costs: its links, and the pairs that must be apart."""
    place: dict[int, list[int]] = {}
    for i, bond in enumerate(part.bonds):
        place.setdefault(bond, []).append(i)
    away = {(min(i, j), max(i, j)) for a, b in layout.apart for i in place.get(a, ()) for j in place.get(b, ())}
    ends = sorted(part.links)
    pairs = np.array([*ends, *sorted(away - part.links)], dtype=np.int64).reshape(-1, 2)
    parted = np.arange(len(pairs)) >= len(ends)
    return make_problem(part.weights, pairs, np.zeros(len(pairs)), low, high, apart=parted)


def _untouching(part: _Part, problem: Problem, barred: Flags, touch: list[tuple[int, int]]) -> set[int]:
    """Return the numbers of communities of all divisions in which these two units' communities do not touch."""
    n = problem.n
    beside = [sum(1 << int(u) for u in problem.neighbour[problem.start[v] : problem.link[v]]) for v in range(n)]
    borders = [sum(1 << (i + j - v) for i, j in part.borders if v in (i, j)) for v in range(n)]
    full = (1 << n) - 1

    def whole(mask: int) -> bool:
        load = sum((part.weights[v] for v in range(n) if mask >> v & 1), np.zeros(2, dtype=np.int64))
        if barred[mask] or (load < problem.low).any() or (load > problem.high).any():
            return False
        reached = mask & -mask
        while True:
            more = reached
            for v in range(n):
                if reached >> v & 1:
                    more |= beside[v] & mask
            if more == reached:
                return reached == mask
            reached = more

    fits = [mask for mask in range(1, full + 1) if whole(mask)]
    found: set[int] = set()

    def divide(rest: int, parts: list[int]) -> None:
        if not rest:
            mine = {part.bonds[v]: p for p, mask in enumerate(parts) for v in range(n) if mask >> v & 1}
            near = [0] * len(parts)
            for p, mask in enumerate(parts):
                for v in range(n):
                    near[p] |= borders[v] if mask >> v & 1 else 0
            if not any(near[mine[a]] & parts[mine[b]] for a, b in touch):
                found.add(len(parts))
            return
        first = rest & -rest
        for mask in fits:
            if mask & first and not mask & ~rest:
                divide(rest & ~mask, [*parts, mask])

    divide(full, [])
    return found


# Plans that show a set of demands to be possible


def _witnessed(board: Board, asked: Asked) -> bool:
    """Return whether the demands, of which no proof says the contrary, are seen to have a plan."""
    low, high = _limits(asked, board.numbers)
    layout = _lay(board, asked, low)
    joined = all(len(set(part.bonds)) == len(part.bonds) for part in layout.parts)
    k = board.numbers["k"] if "k" in asked else None
    if k is None and not layout.touch:
        if joined and not low.any():
            return True  # every unit is a community
        if not layout.apart and (high >= UNLIMITED).all():
            return True  # every part is a community
    if joined and not low.any() and (high >= UNLIMITED).all() and not layout.apart and not layout.touch:
        return True  # parts can be divided one unit at a time, and the sums allow k
    if layout.touch and any(not _one_part(layout, pair) for pair in layout.touch):
        return False
    if all(part.islet or len(part.nodes) <= (MOST_TOUCHING if layout.touch else MOST_ATOMS) for part in layout.parts):
        return True  # every way was tried, and no proof came of it
    if layout.touch or not joined:
        return False
    single = None if k is None or len(layout.parts) > 1 else k - len(layout.fixed)
    counts = [_found_counts(layout, part, low, high, k=single, every=k is not None) for part in layout.parts]
    if k is None:
        return all(counts)
    sums = {len(layout.fixed)}
    for one in counts:
        sums = {a + b for a in sums for b in one}
    return k in sums


def _one_part(layout: _Layout, pair: tuple[int, int]) -> bool:
    return any(set(pair) <= set(part.bonds) for part in layout.parts)


def _found_counts(layout: _Layout, part: _Part, low: Ints, high: Ints, *, k: int | None, every: bool) -> set[int]:
    """Return numbers of communities for which the search finds a plan of a part: the first, or some."""
    if part.islet:
        return {1}
    if len(part.nodes) <= MOST_ATOMS:
        return _possible_counts(layout, part, low, high, k=None) or set()
    few, many = _range(part, low, high)
    problem = _problem(layout, part, low, high)
    # A little more room than the fewest communities have, or the most: where plans are easiest to find.
    easy = min(many, -(-few * 5 // 4)) if (high < UNLIMITED).any() else max(few, many * 3 // 4)
    found: set[int] = set()
    tries = [k] if k is not None else sorted(range(few, many + 1), key=lambda n: (abs(n - easy), n))[:TRIES]
    for count in tries:
        if partition_graph(problem, count, proposals=WITNESS_PROPOSALS, starts=2).feasible:
            found.add(count)
            if not every:
                break
    return found
