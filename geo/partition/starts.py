"""Where a search begins when it does not begin from nothing: today's communities, or a plan made before."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from geo.errors import Fault, InputError
from geo.partition.landmass import Region, labels_of
from geo.partition.plan import Plan, Weights
from geo.partition.town import Ints, Town

Small = npt.NDArray[np.int32]

STAY = Weights(seam=1.0, change=1000.0, land=100.0, mixed=1.0, abolished=50.0, size=0.0, shape=0.5, service=0.0)
"""Weights of a minimal change: what moves counts first, borders only between plans that move the same."""


def begin_from(town: Town, start: Plan | None) -> Ints | None:
    """Return the community that each block is in at the start, as numbers; None for a search from nothing.

    A previous plan, or with `minimal_change` today's communities; land of no community goes with a neighbour.

    Raises
    ------
    InputError
        When the previous plan was made of other blocks, or there are no communities today.
    """
    if start is not None:
        missing = [b for b in town.block_ids if b not in start.assignment]
        strange = sorted(set(start.assignment) - set(town.block_ids))
        if missing or strange:
            raise InputError(
                [Fault(f"the plan to start from {what} {len(ids):,} blocks", "start from a plan of the same blocks",
                       table="blocks", ids=tuple(ids))
                 for what, ids in (("says nothing of", missing), ("names unknown", strange)) if ids]
            )  # fmt: skip
        names = sorted(set(start.assignment.values()))
        number = {name: i for i, name in enumerate(names)}
        return np.array([number[start.assignment[b]] for b in town.block_ids], dtype=np.int64)
    if not town.options.minimal_change:
        return None
    if not (town.old >= 0).any():
        raise InputError(
            Fault("a minimal change needs communities of today to change, and no block has one",
                  "give communities, start from a plan, or leave minimal_change out", table="blocks")
        )  # fmt: skip
    return _adopted(town)


def weighed_for(town: Town, begun: Ints | None) -> Town:
    """Return the town as the search weighs it: for a minimal change, what moves away from the start counts first."""
    if begun is None or not town.options.minimal_change:
        return town
    options = town.options.model_copy(update={"weights": STAY})
    if (begun == town.old)[town.old >= 0].all():
        return replace(town, options=options)
    return _as_if_today(replace(town, options=options), begun)


def first_parts(town: Town, region: Region, begun: Ints) -> tuple[Small, int]:
    """Return the part of each atom of the region at the start, and how many parts there are; labels come first.

    An atom whose blocks start in several communities goes where most of its households are.
    """
    place = np.full(town.atoms_count, -1, dtype=np.int64)
    place[region.atoms] = np.arange(len(region.atoms))
    inside = place[town.atom] >= 0
    count = int(begun.max()) + 1
    shares = np.zeros((len(region.atoms), count))
    mass = town.households + town.area_m2 / max(1.0, float(town.area_m2.sum())) * 1e-3
    np.add.at(shares, (place[town.atom[inside]], begun[inside]), mass[inside])
    home = shares.argmax(axis=1)
    anchors = [int(place[town.atom[town.anchor[label]]]) for label in labels_of(town, region)]
    order = list(dict.fromkeys([int(home[a]) for a in anchors] + home.tolist()))
    rank = {name: i for i, name in enumerate(order)}
    part = np.array([rank[h] for h in home.tolist()], dtype=np.int32)
    k = len(order)
    for label, atom in enumerate(anchors):  # two labels that begin in one community: the second begins with its anchor
        if part[atom] == label:
            continue
        part[part == label] = k
        part[atom] = label
        k = int(part.max()) + 1
    return part, k


def _adopted(town: Town) -> Ints:
    """Return today's community of each block; land of none goes with the neighbour of the longest seam."""
    begun = town.old.copy()
    near = town.touching
    ends = [(town.seam_a[near], town.seam_b[near]), (town.seam_b[near], town.seam_a[near])]
    a, b = (np.concatenate(column) for column in zip(*ends, strict=True))
    length = np.tile(town.seam_m[near], 2)
    while True:
        open_ = (begun[a] < 0) & (begun[b] >= 0)
        if not open_.any():
            break
        longest = np.lexsort((b[open_], -length[open_], a[open_]))
        blocks, first = np.unique(a[open_][longest], return_index=True)
        begun[blocks] = begun[b[open_][longest][first]]
    begun[begun < 0] = begun.max() + 1  # land that nothing touches
    return begun


def _as_if_today(town: Town, begun: Ints) -> Town:
    """Return the town as if the start were today's communities, so that changes are counted from there."""
    count = int(begun.max()) + 1
    shared = np.zeros((count, len(town.old_ids)))
    known = town.old >= 0
    np.add.at(shared, (begun[known], town.old[known]), town.households[known] + 1e-9 * town.area_m2[known])
    heir = shared.argmax(axis=1) if len(town.old_ids) else np.zeros(count, dtype=np.int64)
    lived_on = shared.max(axis=1, initial=0.0) > 0
    villages = np.zeros(count, dtype=bool)
    villages[lived_on] = town.villages[heir[lived_on]]
    names = tuple(f"{i:06d}" for i in range(count))
    return replace(
        town, old_ids=names, old=begun, villages=villages, names_zh=names, names_en=names,
        office_xy=np.full((count, 2), np.nan), way_m=np.full((len(town.block_ids), count), np.nan), fixed=(),
        labels=tuple(int(begun[block]) for block in town.anchor),
    )  # fmt: skip
