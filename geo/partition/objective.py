"""What a good plan is: the terms of the sum, each in a unit of its own, and the scales that make them comparable."""

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_array

from geo.partition.plan import Term
from geo.partition.town import Town

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SERVICE_SCALE_M = 500.0
"""A mean distance to the office of 500 m counts as 1."""


def border_scale_m(town: Town) -> float:
    """Return the border length that counts as 1 [m].

    Notes
    -----
    Round communities of the target's size over the town's area A would be k = H / target in number, and every border
    between two of them is shared: sqrt(pi * A * k).
    """
    k = max(1.0, town.households.sum() / town.limits.target_households)
    return float(max(1.0, np.sqrt(np.pi * town.area_m2.sum() * k)))


def overlap(town: Town, part: Ints, k: int) -> tuple[Floats, Floats]:
    """Return households and m2 shared by each part (rows, over blocks' parts) and each community of today (columns)."""
    inside, count = town.old >= 0, len(town.old_ids)
    cell = part[inside] * count + town.old[inside]
    households, area = (
        np.bincount(cell, values[inside], minlength=k * count).astype(np.float64).reshape(k, count)
        for values in (town.households, town.area_m2)
    )
    return households, area


def heirs(households: Floats, area: Floats, known: Mapping[int, int] | None = None) -> Ints:
    """Return the community of today that each part continues, -1 for a new one.

    The matching that keeps most households in their community; where households do not decide, most land. `known`
    says of some parts which one they continue (a condition was set on it), whatever the households say.
    """
    k, old = households.shape
    found = np.full(k, -1, dtype=np.int64)
    if not old:
        return found
    gain = households + area / max(1.0, area.sum()) * 1e-3
    for part, heir in (known or {}).items():
        gain[part] = 0.0
        gain[:, heir] = 0.0
        gain[part, heir] = 4.0 * (1.0 + households.sum())
    rows, columns = linear_sum_assignment(-gain)
    real = gain[rows, columns] > 0
    found[rows[real]] = columns[real]
    return found


def heirs_of(town: Town, part: Ints, k: int) -> Ints:
    """Return the community of today that each part of the blocks continues, -1 for a new one."""
    return heirs(*overlap(town, part, k), _labelled(town, part))


def _labelled(town: Town, part: Ints) -> dict[int, int]:
    return dict(zip(part[town.anchor].tolist(), town.labels, strict=True))


def edge_costs(town: Town) -> Floats:
    """Return what cutting each inner seam adds to the sum: seam and shape together."""
    weights = town.options.weights
    return np.asarray(town.seam_m * (weights.seam * town.seam_cost + weights.shape) / border_scale_m(town))


def size_cost(town: Town) -> float:
    """Return what one household above or below the target adds to the sum."""
    return town.options.weights.size / max(1.0, float(town.households.sum()))


def has_service(town: Town) -> bool:
    """Return whether distances to offices are known and wanted."""
    return town.options.weights.service > 0 and bool(np.isfinite(town.way_m).any())


def part_costs(town: Town, atoms: Ints) -> Callable[[npt.NDArray[np.int32], int], Floats]:
    """Return a function from an assignment of these atoms to what having each of them in each part adds to the sum.

    Change, land, mixing and service are such costs: they follow from the heirs, which follow from the assignment.
    """
    weights = town.options.weights
    total, ground = max(1.0, float(town.households.sum())), max(1e-9, float(town.area_m2.sum()))
    by_old, by_area = overlap(town, town.atom, town.atoms_count)
    mine, my_area = by_old[atoms], by_area[atoms]
    # A community of today that lies mostly elsewhere has its heir there.
    at_home = mine.sum(axis=0) + 1e-9 * my_area.sum(axis=0) > 0.5 * (by_old.sum(axis=0) + 1e-9 * by_area.sum(axis=0))
    olds = mine.shape[1]
    row, old = np.nonzero((mine > 0) | (my_area > 0))
    kept, kept_area = mine[row, old], my_area[row, old]
    claim, claim_area = kept * at_home[old], kept_area * at_home[old]
    settled, settled_area = mine.sum(axis=1), my_area.sum(axis=1)

    def changed(households: Floats, area: Floats) -> Floats:
        return np.asarray(weights.change * households / total + weights.land * area / ground)

    moved, stayed = changed(settled, settled_area), changed(settled[row] - kept, settled_area[row] - kept_area)
    urban = mine[:, ~town.villages].sum(axis=1)
    household = town.by_atom(town.households)[atoms]
    mass = np.maximum(household, 1e-9)
    place = np.full(town.atoms_count, -1, dtype=np.int64)
    place[atoms] = np.arange(len(atoms))
    anchors = place[town.atom[town.anchor]]  # of labels in these atoms; -1 elsewhere
    x, y = (values[atoms] for values in _middles(town))
    service = has_service(town)
    way = _ways(town)[atoms] if service else np.zeros((0, 0))

    def costs(part: npt.NDArray[np.int32], k: int) -> Floats:
        cell = part[row].astype(np.int64) * olds + old
        shared, land = (
            np.bincount(cell, values, minlength=k * olds).astype(np.float64).reshape(k, olds)
            for values in (claim, claim_area)
        )
        known = {int(part[a]): old for a, old in zip(anchors.tolist(), town.labels, strict=True) if a >= 0}
        heir = heirs(shared, land, known)
        # Where an atom was never in the part's community, all of it changes: only the few other places are worked out.
        at = np.full(olds, -1, dtype=np.int64)
        at[heir[heir >= 0]] = np.flatnonzero(heir >= 0)
        table = np.repeat(moved[:, None], k, axis=1)
        here = at[old] >= 0
        table[row[here], at[old[here]]] = stayed[here]
        table[:, _village_led(town, heir)] += (weights.mixed * urban / total)[:, None]
        if service:
            own_x, own_y = _centres(x, y, mass, part, k)
            distance = town.detour * np.hypot(x[:, None] - own_x[None, :], y[:, None] - own_y[None, :])
            office = _with_office(town, heir)
            distance[:, office] = way[:, heir[office]]
            table = table + weights.service * household[:, None] * distance / total / SERVICE_SCALE_M
        return np.ascontiguousarray(table)

    return costs


def measure_terms(town: Town, part: Ints, k: int) -> dict[str, Term]:
    """Return every term of a plan.

    Parameters
    ----------
    town : Town
    part : array over blocks
        The part of each block, 0 to k - 1.
    k : int
        Number of parts.

    Returns
    -------
    dict from name to Term
        `seam` and `shape` in m, `change`, `mixed` and `size` in households, `land` in km², `abolished` in communities,
        `service` in m; `change`, `land`, `mixed` and `abolished` only where there are communities today, `service`
        only where offices are known.
    """
    weights = town.options.weights
    total = max(1.0, float(town.households.sum()))
    border = border_scale_m(town)
    cut = part[town.seam_a] != part[town.seam_b]
    paid = np.where(cut, np.maximum(town.seam_cost, 0), np.maximum(-town.seam_cost, 0))
    load = np.bincount(part, town.households, minlength=k)
    found = {
        "seam": _term(float((paid * town.seam_m).sum()), "m", weights.seam, border),
        "shape": _term(float(town.seam_m[cut].sum()), "m", weights.shape, border),
        "size": _term(float(np.abs(load - town.limits.target_households).sum()), "households", weights.size, total),
    }
    if not town.old_ids:
        return found
    shared, land = overlap(town, part, k)
    heir = heirs(shared, land, _labelled(town, part))
    kept, kept_land = (float(table[np.arange(k), heir][heir >= 0].sum()) for table in (shared, land))
    gone = len(town.old_ids) - int((heir >= 0).sum())
    found["change"] = _term(float(shared.sum()) - kept, "households", weights.change, total)
    found["land"] = _term((float(land.sum()) - kept_land) / 1e6, "km²", weights.land, float(town.area_m2.sum()) / 1e6)
    mixed = float(shared[_village_led(town, heir)][:, ~town.villages].sum())
    found["mixed"] = _term(mixed, "households", weights.mixed, total)
    found["abolished"] = _term(float(gone), "communities", weights.abolished, float(len(town.old_ids)))
    if has_service(town):
        mean = float((office_ways(town, part, heir) * town.households).sum()) / total
        found["service"] = _term(mean, "m", weights.service, SERVICE_SCALE_M)
    return found


def _village_led(town: Town, heir: Ints) -> npt.NDArray[np.bool_]:
    """Return the parts that continue a village."""
    led = np.zeros(len(heir), dtype=bool)
    led[heir >= 0] = town.villages[heir[heir >= 0]]
    return led


def _term(value: float, unit: str, weight: float, scale: float) -> Term:
    return Term(value=value, unit=unit, weight=weight, scale=scale, weighted=weight * value / scale)


def _middles(town: Town) -> tuple[Floats, Floats]:
    """Return the middle of each atom's households [m]."""
    mass = np.maximum(town.households, 1e-9).astype(np.float64)
    whole = town.by_atom(mass)
    return town.by_atom(town.x_m * mass) / whole, town.by_atom(town.y_m * mass) / whole


def office_ways(town: Town, part: Ints, heir: Ints) -> Floats:
    """Return the way from each block to the office of its part [m].

    That is the office of the community of today that the part continues; where it is unknown, the middle of the part's
    households stands for it.
    """
    mass = np.maximum(town.households, 1e-9).astype(np.float64)
    own_x, own_y = _centres(town.x_m, town.y_m, mass, part, len(heir))
    straight = town.detour * np.hypot(town.x_m - own_x[part], town.y_m - own_y[part])
    office = np.flatnonzero(_with_office(town, heir)[part])
    straight[office] = town.way_m[office, heir[part[office]]]
    return np.asarray(straight)


def _with_office(town: Town, heir: Ints) -> npt.NDArray[np.bool_]:
    """Return the parts whose heir has an office that is known."""
    known = np.asarray(np.isfinite(town.way_m).all(axis=0))
    return np.asarray((heir >= 0) & known[heir], dtype=np.bool_)


def _centres(x: Floats, y: Floats, mass: Floats, part: npt.NDArray[np.signedinteger], k: int) -> tuple[Floats, Floats]:
    """Return the middle of each part's households."""
    whole = np.maximum(np.bincount(part, mass, minlength=k), 1e-12)
    return np.bincount(part, x * mass, minlength=k) / whole, np.bincount(part, y * mass, minlength=k) / whole


def _ways(town: Town) -> Floats:
    """Return the mean way of each atom's households to each office [m], NaN where the office is unknown."""
    mass = np.maximum(town.households, 1e-9).astype(np.float64)
    sums = np.column_stack([town.by_atom(town.way_m[:, i] * mass) for i in range(town.way_m.shape[1])])
    return np.asarray(sums / town.by_atom(mass)[:, None])


class SetCosts:
    """What sets of atoms add to the sum as parts of their own, borders and size apart.

    Change, land, mixing, abolishing and service follow from the heir, and a community of today has one heir only. So a
    set comes at several costs: one without a claim on anything that another part could claim too, and one for each
    community of today that it might carry on at a lower cost.

    Parameters
    ----------
    town : Town
    atoms : array (n,)
        The atoms that sets are made of.
    pin : array (n,)
        The position in `labels` that each atom is pinned to, -1 for none.
    labels : tuple of int
        The community of today (position) of each label.

    Notes
    -----
    Heirs are matched to keep most households (`heirs`). A set that holds a whole community of today would never carry
    on one of which it holds less: nobody else can claim the whole one. Where all communities of today are whole (a
    merge) every set's heir is known from the set alone.
    """

    def __init__(self, town: Town, atoms: Ints, pin: Ints, labels: tuple[int, ...]) -> None:
        by_old, by_area = overlap(town, town.atom, town.atoms_count)
        held = by_old + by_area > 0
        self._town, self._pin, self._labels = town, pin, np.array(labels, dtype=np.int64)
        # 1e-300 keeps the places of households without land, and of land without households
        self._mine = csr_array(by_old[atoms] + 1e-300 * held[atoms])
        self._area = csr_array(by_area[atoms] + 1e-300 * held[atoms])
        self._held, self._whole = csr_array(held[atoms].astype(np.float64)), held.sum(axis=0)
        self._settled, self._settled_area = by_old[atoms].sum(axis=1), by_area[atoms].sum(axis=1)
        self._urban = by_old[atoms][:, ~town.villages].sum(axis=1)
        self._households = town.by_atom(town.households)[atoms]
        self._x, self._y = (values[atoms] for values in _middles(town))
        self._way = _ways(town)[atoms] if has_service(town) else np.zeros((0, 0))

    def __call__(self, first: Ints, member: npt.NDArray[np.signedinteger]) -> tuple[Ints, Ints, Floats]:
        """Return what the sets can cost, as (set, claim, cost); set i is `member[first[i]:first[i + 1]]`.

        Every set is there once without a claim (-1); with one only where that is cheaper.
        """
        town, weights = self._town, self._town.options.weights
        total, ground = max(1.0, float(town.households.sum())), max(1e-9, float(town.area_m2.sum()))
        count = len(first) - 1
        inside = csr_array((np.ones(len(member)), np.asarray(member), np.asarray(first)),
                           shape=(count, len(self._settled)))  # fmt: skip
        settled, settled_area, urban = (inside @ values for values in (self._settled, self._settled_area, self._urban))
        alone = weights.change * settled / total + weights.land * settled_area / ground
        every = np.arange(count)
        if not town.old_ids:
            return every, np.full(count, -1), alone
        shares, land, held = (_sorted(inside @ table) for table in (self._mine, self._area, self._held))
        at, heir = np.repeat(every, np.diff(shares.indptr)), shares.indices.astype(np.int64)
        kept, kept_land = np.floor(shares.data), land.data

        def carried(sets: Ints, old: Ints, households: Floats, area: Floats) -> Floats:
            cost = alone[sets] - weights.change * households / total - weights.land * area / ground
            return np.asarray(
                cost + weights.mixed * urban[sets] * town.villages[old] / total - weights.abolished / len(town.old_ids)
            )

        cost = carried(at, heir, kept, kept_land)
        own, base = np.full(count, -1, dtype=np.int64), alone.copy()
        # 1. what a condition names is carried on by the set that has the label's atoms, whatever it holds of it
        label = np.full(count, -1, dtype=np.int64)
        if len(self._labels):
            np.maximum.at(label, np.repeat(every, np.diff(first)), self._pin[member])
        named = label >= 0
        wanted = np.where(named, self._labels[label] if len(self._labels) else -1, -1)
        its = wanted[at] == heir
        households, area = np.zeros(count), np.zeros(count)
        households[at[its]], area[at[its]] = kept[its], kept_land[its]
        own[named] = wanted[named]
        base[named] = carried(every[named], wanted[named], households[named], area[named])
        # 2. of the communities that it holds whole, a set carries on the largest; none that is smaller
        free = ~named[at] & ~np.isin(heir, self._labels)
        whole = free & (held.data > self._whole[heir] - 0.5)
        most, most_land = np.full(count, -1.0), np.full(count, -1.0)
        np.maximum.at(most, at[whole], kept[whole])
        first_rank = whole & (kept == most[at])
        np.maximum.at(most_land, at[first_rank], kept_land[first_rank])
        largest = (kept > most[at]) | ((kept == most[at]) & (kept_land >= (1 - 1e-9) * most_land[at]))
        best = _first_of_rows(at, np.where(whole & largest, cost, np.inf), count)
        found = best >= 0
        own[found], base[found] = heir[best[found]], cost[best[found]]
        # 3. of the others, whichever brings the cost down
        if has_service(town):
            base = base + self._service(first, member, every, own)
            known = np.flatnonzero(free & ~whole & largest)
            cost[known] += self._service(first, member, at[known], heir[known])
        claims = np.flatnonzero(free & ~whole & largest & (cost < base[at] - 1e-12))
        return (
            np.concatenate([every, at[claims]]), np.concatenate([np.full(count, -1), heir[claims]]),
            np.concatenate([base, cost[claims]]),
        )  # fmt: skip

    def _service(self, first: Ints, member: npt.NDArray[np.signedinteger], sets: Ints, heir: Ints) -> Floats:
        """Return what the way to the office costs in these sets with these heirs."""
        weights, total, count = self._town.options.weights, max(1.0, float(self._town.households.sum())), len(sets)
        size = np.diff(first)[sets]
        begin = np.concatenate([[0], np.cumsum(size)])
        mine = member[np.repeat(first[sets] - begin[:-1], size) + np.arange(begin[-1])]
        row = np.repeat(np.arange(count), size)
        mass = np.maximum(self._households, 1e-9)[mine]
        whole = np.maximum(np.bincount(row, mass, minlength=count), 1e-12)
        at_x = np.bincount(row, self._x[mine] * mass, minlength=count) / whole
        at_y = np.bincount(row, self._y[mine] * mass, minlength=count) / whole
        distance = self._town.detour * np.hypot(self._x[mine] - at_x[row], self._y[mine] - at_y[row])
        office = _with_office(self._town, heir)[row]
        distance[office] = self._way[mine[office], heir[row[office]]]
        walked = np.bincount(row, distance * self._households[mine], minlength=count)
        return np.asarray(weights.service * walked / total / SERVICE_SCALE_M)


def _sorted(table: csr_array) -> csr_array:
    """Return the table with the columns of each row in ascending order."""
    table = csr_array(table)
    table.sort_indices()
    return table


def _first_of_rows(row: Ints, value: Floats, count: int) -> Ints:
    """Return, for each row, the place of its smallest finite value, -1 where there is none."""
    order = np.lexsort((np.arange(len(row)), value, row))
    order = order[np.isfinite(value[order])]
    rows, first = np.unique(row[order], return_index=True)
    found = np.full(count, -1, dtype=np.int64)
    found[rows] = order[first]
    return found
