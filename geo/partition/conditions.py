"""What single communities must have, lack or keep away from, as labels that the search and the rules obey.

A community with a condition carries a label: it lives on in the part that holds its anchor. Blocks it must have are
pinned to the label, blocks it must lack are barred from it, and two labels that must not touch shun each other.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import shapely

from geo.errors import Fault, InputError
from geo.partition.plan import Condition
from geo.partition.town import Flags, Ints, Town, capital


def bind_conditions(town: Town, shapes: Sequence[shapely.Geometry]) -> Town:
    """Return the town with `labels`, `pin`, `bar`, `shun` and `office`; what collides is added to `conflicts`.

    Parameters
    ----------
    town : Town
        With its atoms.
    shapes : polygons over blocks
        To find the block that an office stands in.

    Raises
    ------
    InputError
        When a condition names a community, block or estate that is not there, or an office whose place is unknown.
    """
    conditions = town.options.conditions
    if not conditions:
        return town
    offices = _office_blocks(town, shapes)
    _refuse_strangers(town, offices)
    number = {name: i for i, name in enumerate(town.old_ids)}
    named = {number[c.community] for c in conditions}
    named |= {number[i] for c in conditions if c.kind == "not_touching" for i in c.ids}
    labels = tuple(sorted(named))
    label = {old: i for i, old in enumerate(labels)}
    pin = np.full(len(town.block_ids), -1, dtype=np.int64)
    bar = np.zeros((len(pin), len(labels)), dtype=bool)
    shun = np.zeros((len(labels), len(labels)), dtype=bool)
    conflicts: list[str] = []

    def hold(block: int, mine: int, why: str) -> None:
        other = int(pin[block])
        if other not in (-1, mine):
            conflicts.append(
                f"Block {town.block_ids[block]} must be in {town.names_en[labels[other]]} and in "
                f"{town.names_en[labels[mine]]} ({why})."
            )
        pin[block] = mine

    away_from: dict[int, set[int]] = {old: set() for old in labels}
    for c in conditions:
        for other in (number[i] for i in c.ids if c.kind == "not_touching"):
            away_from[number[c.community]].add(other)
            away_from[other].add(number[c.community])
    anchor = []
    for old in labels:
        keeps_office = any(c.kind == "office" and c.community == town.old_ids[old] for c in conditions)
        own = [int(offices[old])] if keeps_office else _stays(town, old, away_from[old])
        anchor.append(own[0])
        for block in own:
            hold(block, label[old], "office" if keeps_office else "its own")
    for c in conditions:
        mine = label[number[c.community]]
        if c.kind == "has":
            for block in blocks_of(town, c):
                hold(block, mine, str(c))
        elif c.kind == "lacks":
            bar[blocks_of(town, c), mine] = True
        elif c.kind == "not_touching":
            for other in (label[number[i]] for i in c.ids):
                shun[mine, other] = shun[other, mine] = True
    anchors = np.array(anchor, dtype=np.int64)
    bound = replace(town, labels=labels, anchor=anchors, pin=pin, bar=bar, shun=shun, office=offices)
    return replace(bound, conflicts=(*town.conflicts, *conflicts, *_collisions(bound)))


def blocks_of(town: Town, condition: Condition) -> list[int]:
    """Return the positions of the blocks that a condition's ids mean."""
    if condition.of == "estates":
        wanted = set(condition.ids)
        return [i for i, group in enumerate(town.groups) if group in wanted]
    if condition.of == "communities":
        return []
    return [bisect_left(town.block_ids, i) for i in dict.fromkeys(condition.ids)]


def _stays(town: Town, old: int, away_from: set[int]) -> list[int]:
    """Return the blocks that stay with a community: its most populous unit, or all of it when it stays as it is.

    A unit with a border towards land of communities it must not touch, or barred from it, is taken only for want of
    another.
    """
    own = np.flatnonzero(town.old == old)
    if old in town.fixed:
        return [int(b) for b in own]
    near = town.touching
    a, b = town.seam_a[near], town.seam_b[near]
    foreign = np.isin(town.old, sorted(away_from))
    beside = set(town.atom[a[foreign[b]]].tolist()) | set(town.atom[b[foreign[a]]].tolist())
    for c in town.options.conditions:
        if c.kind == "lacks" and c.community == town.old_ids[old]:
            beside |= set(town.atom[blocks_of(town, c)].tolist())
    atoms = town.atom[own]
    households = np.bincount(atoms, town.households[own])
    area = np.bincount(atoms, town.area_m2[own])
    best = min(set(atoms.tolist()), key=lambda v: (v in beside, -households[v], -area[v], v))
    return [int(own[atoms == best][0])]


def _office_blocks(town: Town, shapes: Sequence[shapely.Geometry]) -> Ints:
    found = np.full(len(town.old_ids), -1, dtype=np.int64)
    known = np.flatnonzero(np.isfinite(town.office_xy).all(axis=1)) if len(town.office_xy) else np.zeros(0, dtype=int)
    if len(known):
        points = shapely.points(town.office_xy[known])
        which, block = shapely.STRtree(list(shapes)).query(points, predicate="intersects")
        for i, b in sorted(zip(which.tolist(), block.tolist(), strict=True), reverse=True):
            found[known[i]] = b
    return found


def _refuse_strangers(town: Town, offices: Ints) -> None:
    number = {name: i for i, name in enumerate(town.old_ids)}
    ids = {"blocks": set(town.block_ids), "estates": {g for g in town.groups if g}, "communities": set(town.old_ids)}
    faults = []
    for c in town.options.conditions:
        landless = [
            i for i in (c.community, *(c.ids if c.of == "communities" else ()))
            if i not in number or not (town.old == number[i]).any()
        ]  # fmt: skip
        strange = [i for i in dict.fromkeys(c.ids) if i not in ids[c.of]]
        if landless or strange:
            missing = list(dict.fromkeys([*landless, *strange]))
            table = "communities" if landless else ("blocks" if c.of == "blocks" else c.of)
            faults.append(Fault(f"{c}: there is no such id, or it has no land here: {', '.join(missing)}",
                                f"use ids of the table {table}", table=table, ids=tuple(missing)))  # fmt: skip
        elif c.kind == "office" and offices[number[c.community]] < 0:
            known = bool(np.isfinite(town.office_xy[number[c.community]]).all())
            where = "stands outside all blocks" if known else "has no known place (office_x, office_y)"
            faults.append(Fault(f"{c}: its office {where}", "give the office's place in the communities table",
                                table="communities", ids=(c.community,)))  # fmt: skip
    if faults:
        raise InputError(faults)


def _collisions(town: Town) -> Iterator[str]:
    """Yield a sentence for every two conditions, or condition and lock, that cannot both hold."""
    names = [town.names_en[old] for old in town.labels]
    pinned: dict[int, int] = {}
    for block in np.flatnonzero(town.pin >= 0).tolist():
        atom, mine = int(town.atom[block]), int(town.pin[block])
        if pinned.setdefault(atom, mine) != mine:
            yield (
                f"{capital(town.atom_name(atom))} is kept together, but one part of it must be in {names[mine]}, "
                f"another in {names[pinned[atom]]}."
            )
        home = int(town.old[block])
        if home in town.fixed and home != town.labels[mine]:
            stays = capital(town.names_en[home])
            yield f"{stays} stays as it is, but block {town.block_ids[block]} of it must be in {names[mine]}."
        if town.labels[mine] in town.fixed and home != town.labels[mine]:
            yield f"{capital(names[mine])} stays as it is, but must receive block {town.block_ids[block]}."
    for atom, mine in sorted(pinned.items()):
        if town.bar[town.atom == atom, mine].any():
            yield f"{capital(town.atom_name(atom))} must be in {names[mine]} and must not be in it."
    by_label: dict[int, set[int]] = {}
    for atom, mine in pinned.items():
        by_label.setdefault(mine, set()).add(int(town.town[np.flatnonzero(town.atom == atom)[0]]))
    for mine, places in sorted(by_label.items()):
        if len(places) > 1:
            where = ", ".join(town.town_names[t] for t in sorted(places))
            yield f"{capital(names[mine])} must have land in {len(places)} towns ({where}), which no community does."
    near = town.touching
    said = set()
    for a, b in zip(town.atom[town.seam_a[near]].tolist(), town.atom[town.seam_b[near]].tolist(), strict=True):
        one, two = pinned.get(a, -1), pinned.get(b, -1)
        if min(one, two) >= 0 and town.shun[one, two] and (pair := (min(one, two), max(one, two))) not in said:
            said.add(pair)
            yield (
                f"{capital(names[pair[0]])} must not touch {names[pair[1]]}, but {town.atom_name(a)} and "
                f"{town.atom_name(b)}, which stay with them, have a common border."
            )


def barred_atoms(town: Town) -> Flags:
    """Return (atoms, labels): whether an atom must not be in the label's community; also next to who stays as it is."""
    barred = np.zeros((town.atoms_count, len(town.labels)), dtype=bool)
    np.logical_or.at(barred, town.atom, town.bar)
    near = town.touching
    a, b = town.atom[town.seam_a[near]], town.atom[town.seam_b[near]]
    for i, old in enumerate(town.labels):
        if old not in town.fixed:
            continue
        own = np.zeros(town.atoms_count, dtype=bool)
        own[town.atom[town.old == old]] = True
        beside = np.zeros_like(own)
        beside[a[own[b]]] = True
        beside[b[own[a]]] = True
        beside &= ~own
        barred[np.ix_(beside, town.shun[i])] = True
    return barred
