"""Land that hangs together, planned each on its own, and each of it as a graph for the search."""

from dataclasses import dataclass, replace

import numpy as np

from geo.partition.conditions import barred_atoms
from geo.partition.objective import edge_costs, size_cost
from geo.partition.search.problem import Problem, make_problem
from geo.partition.town import Ints, Town, pieces

UNLIMITED = 2**62


@dataclass(frozen=True)
class Region:
    """Atoms that can reach each other without crossing what may not be crossed; planned on its own."""

    name: str
    atoms: Ints
    households: int
    people: int
    fixed: bool = False
    island: bool = False


def regions_of(town: Town) -> list[Region]:
    """Return the regions of a town, in the order of their first atoms; together they hold every atom once."""
    usable = town.touching
    # A community that stays as it is may lie in pieces: all its atoms are one region.
    of_fixed = np.full(town.atoms_count, -1, dtype=np.int64)
    for i in town.fixed:
        of_fixed[town.atom[town.old == i]] = i
    a, b = town.atom[town.seam_a[usable]], town.atom[town.seam_b[usable]]
    free = (of_fixed[a] < 0) & (of_fixed[b] < 0)
    own = [(np.flatnonzero(of_fixed == i)[0], v) for i in town.fixed for v in np.flatnonzero(of_fixed == i)]
    extra = np.array(own, dtype=np.int64).reshape(-1, 2)
    count, label = pieces(
        town.atoms_count, np.concatenate([a[free], extra[:, 0]]), np.concatenate([b[free], extra[:, 1]])
    )
    households, people = town.by_atom(town.households), town.by_atom(town.people)
    found = []
    loose = len(set(label[of_fixed < 0].tolist()))
    for r in range(count):
        atoms = np.flatnonzero(label == r)
        fixed = bool(of_fixed[atoms[0]] >= 0)
        total = int(households[atoms].sum())
        first = int(np.flatnonzero(np.isin(town.atom, atoms))[0])
        town_name = town.town_names[town.town[first]]
        if fixed:
            name = town.names_en[of_fixed[atoms[0]]]
        elif loose == 1:
            name = "the town" if not town.fixed else "the town without what stays as it is"
        else:
            place = f" of {town_name}" if town_name else ""
            blocks = int(np.isin(town.atom, atoms).sum())
            name = f"the part{place} around block {town.block_ids[first]} ({blocks:,} blocks, cut off from the rest)"
        small = total < town.limits.min_households and not fixed
        found.append(
            Region(name, atoms, total, int(people[atoms].sum()), fixed, island=small and town.options.allow_islands)
        )
    return found


def range_of(town: Town, region: Region) -> tuple[int, int]:
    """Return the fewest and most communities the totals allow."""
    if region.fixed or region.island:
        return 1, 1
    limits = town.limits
    low, high = max(1, len(labels_of(town, region)), -(-region.households // limits.max_households)), len(region.atoms)
    if limits.min_households:
        high = min(high, region.households // limits.min_households)
    if town.people_known:
        if limits.max_people is not None:
            low = max(low, -(-region.people // limits.max_people))
        if limits.min_people:
            high = min(high, region.people // limits.min_people)
    return low, high


def labels_of(town: Town, region: Region) -> list[int]:
    """Return the labels whose anchors lie in the region: its first parts, in this order, are theirs."""
    here = np.zeros(town.atoms_count, dtype=bool)
    here[region.atoms] = not region.fixed
    return [i for i, block in enumerate(town.anchor.tolist()) if here[town.atom[block]]]


def problem_of(town: Town, region: Region, weighed: Town) -> Problem:
    """Return the region as a graph: seams between two atoms added up, what must be apart marked, conditions as labels.

    `weighed` is the town with the weights that the search goes by (see `geo.partition.starts`).
    """
    local = np.full(town.atoms_count, -1, dtype=np.int64)
    local[region.atoms] = np.arange(len(region.atoms))
    a, b = local[town.atom[town.seam_a]], local[town.atom[town.seam_b]]
    cost, cross = edge_costs(weighed), town.cross
    rows = [(a, b, cost, cross, town.touching)]
    for _, sets in town.apart:
        for i, one in enumerate(sets):
            for two in sets[i + 1 :]:
                pairs = np.array([(x, y) for x in sorted(one) for y in sorted(two)], dtype=np.int64).reshape(-1, 2)
                rows.append((local[town.atom[pairs[:, 0]]], local[town.atom[pairs[:, 1]]], np.zeros(len(pairs)),
                             np.ones(len(pairs), dtype=bool), np.zeros(len(pairs), dtype=bool)))  # fmt: skip
    a, b, cost, cross, touching = (np.concatenate(column) for column in zip(*rows, strict=True))
    inside = (a >= 0) & (b >= 0) & (a != b)
    low, high = np.minimum(a, b)[inside], np.maximum(a, b)[inside]
    n = len(region.atoms)
    keys, which = np.unique(low * n + high, return_inverse=True)
    columns = [town.by_atom(town.households)[region.atoms]]
    limits = town.limits
    least, most = [limits.min_households], [limits.max_households]
    if town.people_known and (limits.min_people is not None or limits.max_people is not None):
        columns.append(town.by_atom(town.people)[region.atoms])
        least.append(limits.min_people or 0)
        most.append(UNLIMITED if limits.max_people is None else limits.max_people)
    problem = make_problem(
        np.stack(columns, axis=1).astype(np.int64),
        np.stack([keys // n, keys % n], axis=1),
        np.bincount(which, cost[inside], minlength=len(keys)),
        least,
        most,
        apart=np.bincount(which, cross[inside], minlength=len(keys)) > 0,
        touch=np.bincount(which, touching[inside], minlength=len(keys)) > 0,
        size_cost=size_cost(weighed),
        target=float(limits.target_households),
    )
    return _labelled(problem, town, region)


def _labelled(problem: Problem, town: Town, region: Region) -> Problem:
    """Return the problem with the conditions on its communities."""
    labels = np.array(labels_of(town, region), dtype=np.int64)
    if not len(labels):
        return problem
    rank = np.full(len(town.labels) + 1, -1, dtype=np.int32)
    rank[labels] = np.arange(len(labels))
    pin = np.full(town.atoms_count, -1, dtype=np.int32)
    held = town.pin >= 0
    pin[town.atom[held]] = rank[town.pin[held]]
    return replace(
        problem,
        pin=pin[region.atoms],
        bar=np.ascontiguousarray(barred_atoms(town)[np.ix_(region.atoms, labels)]),
        shun=np.ascontiguousarray(town.shun[np.ix_(labels, labels)]),
    )
