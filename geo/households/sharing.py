"""Totals shared out over the town in the order of their trust: counts, totals, raster, and floor area at last."""

from dataclasses import dataclass, field

import numpy as np

from geo.households.options import HouseholdOptions
from geo.households.remainder import Flags, Floats, Ints, Words, apportion, rounded, spread, sums
from geo.households.report import Report
from geo.households.town import Town
from geo.households.zones import TABLES, Zones

_COUNTED = 10
"""Rank of a count per building. Ranks order trust: a total may move amounts of a lower rank, never its own or above."""
_CONVERTED = 1
"""Rank of households per building made from dwellings or people: a total of any kind may correct them."""
_OPEN_SHARE = 0.05
"""Share of an area's land that must be free of smaller totals to take what they leave; less is a digitising gap."""


@dataclass
class Amounts:
    """One measure over the atoms: value (NaN unknown), rank of trust (0 open), source; and what did not fit."""

    value: Floats
    fair: Floats
    """The value before it was rounded: what a more trusted total scales."""
    rank: Ints
    source: Words
    left: dict[str, Floats] = field(default_factory=dict)
    """By kind, per area: what could not be placed (positive), or what is known beyond the total (negative)."""
    direct: dict[str, Floats] = field(default_factory=dict)
    """By kind, per area: what went onto blocks for want of a home."""

    @property
    def filled(self) -> Floats:
        """The value, 0 where it is unknown."""
        return np.nan_to_num(self.value)


@dataclass(frozen=True)
class Heard:
    """What the raster said where it was the only one to speak."""

    people: Floats
    """Per block."""
    weight: Floats
    """Per atom: its weight within its block."""


def share_households(town: Town, report: Report) -> tuple[Amounts, Heard | None]:
    """Return households over all atoms: counts, totals from the most local, raster, estimate; and the raster's people.

    The raster's people are None where there is no raster.
    """
    households = _counts(town, "households")
    _convert_counts(households, town, report)
    for kind in town.zones:
        _share_totals(households, kind, town, report)
    heard = None if town.land.population is None else _hear_raster(households, town, report)
    if report.options.estimate:
        _estimate(households, town, report)
    return households, heard


def share_people(town: Town, households: Amounts, heard: Heard | None, report: Report) -> Amounts:
    """Return people over all atoms: counts, totals shared by households, the raster's own, the household size."""
    people = _counts(town, "people")
    for kind in town.zones:
        _share_totals(people, kind, town, report, households)
    if heard is not None:
        _settle_heard(people, households, heard, town)
    _follow(people, households, town, report)
    return people


def share_dwellings(town: Town, households: Amounts, report: Report) -> Amounts:
    """Return dwellings over all atoms: known ones kept, others from the households."""
    out = _counts(town, "dwellings")
    rest = np.isnan(out.value) & ~np.isnan(households.value)
    out.value[rest] = spread(households.value[rest].clip(0) / report.options.occupancy, town.block[rest])
    out.source[rest] = "households"
    amount = int(out.value[rest].sum())
    if amount:
        ids = town.blocks_of(rest & (out.value > 0))
        report.tell("dwellings_from_households", "blocks", ids, option="occupancy", amount=amount)
    return out


# --- counts ---------------------------------------------------------------------------------------------------------


def _counts(town: Town, measure: str) -> Amounts:
    """Start from the counts per building."""
    size, homes = len(town.block), town.homes
    amounts = Amounts(
        np.full(size, np.nan), np.zeros(size), np.zeros(size, dtype=np.int64), np.full(size, "none", dtype=object)
    )
    amounts.value[:homes] = town.known[measure]
    counted = ~np.isnan(amounts.value)
    amounts.rank[counted] = _COUNTED
    amounts.source[counted] = "building"
    return amounts


def _convert_counts(households: Amounts, town: Town, report: Report) -> None:
    """Let dwellings, else people, of a building become its households where those are unknown."""
    homes, options = town.homes, report.options
    value, people = households.value[:homes], town.known["people"]
    for origin, factor, option in (
        ("dwellings", options.occupancy, "occupancy"),
        ("people", 1 / options.household_size, "household_size"),
    ):
        known = town.known[origin]
        make = np.isnan(value) & ~np.isnan(known)
        if not make.any():
            continue
        value[make] = spread(known[make] * factor, town.block[:homes][make])
        many = make & (people < value)
        value[many] = people[many]  # never more households than people
        households.fair[:homes][make] = np.where(many, value, np.nan_to_num(known) * factor)[make]
        households.rank[:homes][make] = _CONVERTED
        households.source[:homes][make] = "building"
        report.tell(f"households_from_{origin}", "buildings", town.names[make], option=option)


# --- totals of areas ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Standing:
    """How the atoms stand to the totals of one kind of areas."""

    zone: Ints
    """The area, -1 in none."""
    n: int
    """How many areas there are."""
    limit: Ints
    """The rank of the total that reaches the atom."""
    inside: Flags
    """A total reaches it."""
    hard: Flags
    """Its amount is trusted at least as much as the total."""
    soft: Flags
    """Its amount is trusted less: the total may scale it."""
    free: Flags
    """Nothing is known of it, and it can take a share."""
    open_land: Flags
    """A face, which takes what finds no home."""

    def sums(self, values: Floats | Flags, atoms: Flags) -> Floats:
        """Return the sums per area over the chosen atoms."""
        return sums(values, np.where(atoms, self.zone, -1), self.n)

    def of(self, areas: Flags) -> Flags:
        """Return which atoms lie in the chosen areas."""
        return _spread_flags(areas, self.zone)


@dataclass(frozen=True)
class _Fate:
    """What becomes of each area's total: one of the four, or nothing where there is no total."""

    over: Flags
    """More is known than the total: what is known stays."""
    keep: Flags
    """What is known stays, free atoms share the rest."""
    scale: Flags
    """What is known contradicts the total and is scaled to it."""
    ground: Flags
    """There is no atom to take it, but there is land."""
    to_place: Floats
    left: Floats
    """What could not be placed (positive), or is known beyond the total (negative)."""
    direct: Floats
    """What goes onto land."""


def _share_totals(amounts: Amounts, kind: str, town: Town, report: Report, households: Amounts | None = None) -> None:
    """Share out the totals of one kind of areas, of households or (where these are given) of people."""
    zones = town.zones[kind]
    total, rank = _household_totals(zones, report) if households is None else _people_totals(zones, report.options)
    weight, expected = _weights(amounts, town, kind, households, report.options)
    atoms = _standing(amounts, town, town.zone[kind], weight, total=total, rank=rank)
    fate = _fate(amounts, town, atoms, total)

    free, soft = atoms.free, atoms.soft
    filling, scaled = free & atoms.of(fate.keep), (soft | free) & atoms.of(fate.scale)
    grounded = atoms.open_land & atoms.of(fate.ground)
    share = np.select(
        [filling, scaled & soft, scaled, grounded],
        [weight, amounts.fair, expected, _land_weight(town, atoms, grounded)], default=0.0,
    )  # fmt: skip
    takes = filling | scaled | grounded
    amounts.value[takes] = amounts.fair[takes] = apportion(fate.to_place, atoms.zone[takes], share[takes])

    closed = atoms.inside & (amounts.rank == 0) & ~takes
    if households is not None and kind != "block":  # a household has people, whatever the area's total says
        closed &= ~(atoms.of(fate.over) & (weight > 0))
    amounts.value[closed] = 0
    amounts.source[takes | closed] = kind
    held_fast = atoms.inside & ~np.isnan(amounts.value)
    amounts.rank[held_fast] = np.maximum(amounts.rank[held_fast], atoms.limit[held_fast])
    amounts.left[kind], amounts.direct[kind] = fate.left, fate.direct
    if kind == "block":
        _balance(amounts, town, fate.left)


def _people_totals(zones: Zones, options: HouseholdOptions) -> tuple[Floats, Ints]:
    """Return the totals of people of one kind and their ranks."""
    total = zones.used("people")
    return total, np.full(len(total), 6 + _trust(zones.kind, options))


def _household_totals(zones: Zones, report: Report) -> tuple[Floats, Ints]:
    """Return the totals of households and their ranks; where only people are known, households follow from them."""
    options, trust = report.options, _trust(zones.kind, report.options)
    total, people = zones.used("households"), zones.used("people")
    only = np.isnan(total) & ~np.isnan(people)
    if only.any():
        report.tell("area_households", TABLES[zones.kind], zones.ids[only], option="household_size")
    return np.where(only, rounded(people / options.household_size), total), np.where(only, 2 + trust, 6 + trust)


def _trust(kind: str, options: HouseholdOptions) -> int:
    """Return the kind's place in the order of trust, 0 the least."""
    first = options.trust == "communities"
    return {"census": 0 if first else 1, "community": 1 if first else 0, "estate": 2, "block": 3}[kind]


def _weights(
    amounts: Amounts, town: Town, kind: str, households: Amounts | None, options: HouseholdOptions
) -> tuple[Floats, Floats]:
    """Return what free atoms weigh in a share, and the amount to expect on them beside amounts that are scaled.

    Households go by floor area; people by households, or by floor area in an area where nobody open to a share lives.
    """
    if households is None:
        return town.floor, town.hoped
    zone, n = town.zone[kind], len(town.zones[kind].ids)
    settled = households.filled.clip(0)
    peopled = sums(np.where(amounts.rank == 0, settled, 0), zone, n) > 0
    return np.where(_spread_flags(peopled, zone), settled, town.floor), settled * options.household_size


def _standing(amounts: Amounts, town: Town, zone: Ints, weight: Floats, *, total: Floats, rank: Ints) -> _Standing:
    """Tell how each atom stands to the total that reaches it."""
    limit = np.append(rank, 0)[zone]
    inside = (zone >= 0) & ~np.isnan(np.append(total, np.nan)[zone])
    return _Standing(
        zone, len(total), limit, inside,
        hard=inside & (amounts.rank >= limit),
        soft=inside & (amounts.rank > 0) & (amounts.rank < limit),
        free=inside & (amounts.rank == 0) & (weight > 0),
        open_land=inside & town.is_face & (amounts.rank < limit),
    )  # fmt: skip


def _fate(amounts: Amounts, town: Town, atoms: _Standing, total: Floats) -> _Fate:
    """Decide what becomes of each total."""
    rest = total - atoms.sums(amounts.filled, atoms.hard)
    held = atoms.sums(amounts.filled, atoms.soft)
    over = rest < 0
    keep = ~over & (held <= rest) & ((atoms.sums(atoms.free, atoms.free) > 0) | (held == rest))
    scale = ~over & ~keep & (held > 0)
    homeless = ~over & ~keep & ~scale & ~np.isnan(rest)
    roomy = atoms.sums(town.open_m2, atoms.open_land) >= _OPEN_SHARE * atoms.sums(town.open_m2, atoms.inside)
    ground = homeless & roomy & (atoms.sums(atoms.open_land, atoms.open_land) > 0)
    return _Fate(
        over, keep, scale, ground,
        to_place=np.nan_to_num(np.where(keep, np.maximum(rest - held, 0), np.where(scale | ground, rest, 0))),
        left=np.where(over, rest - held, np.where(homeless & ~ground, rest, 0)),
        direct=np.where(ground, rest, 0),
    )  # fmt: skip


def _land_weight(town: Town, atoms: _Standing, land: Flags) -> Floats:
    """Return the weight of faces: people in the raster where it knows any in the area, else land."""
    weight = np.where(land, town.open_m2, 0.0)
    if town.land.population is not None and land.any():
        people = np.zeros(len(land))
        people[land] = np.nan_to_num(town.people_on(land))
        weight = np.where(atoms.of(atoms.sums(people, land) > 0), people, weight)
    return weight


def _balance(amounts: Amounts, town: Town, left: Floats) -> None:
    """Keep a block's own total when its buildings exceed it: its largest face takes the (negative) rest."""
    for wrong in np.flatnonzero(left):
        faces = np.flatnonzero((town.zone["block"] == wrong) & town.is_face)
        amounts.value[faces[np.argmax(town.open_m2[faces])]] += left[wrong]


def _spread_flags(areas: Flags, zone: Ints) -> Flags:
    """Return the areas' flags for their atoms; atoms in no area (-1) get False."""
    return np.asarray(np.append(areas, False)[zone], dtype=bool)


# --- raster, floor area, household size -----------------------------------------------------------------------------


def _hear_raster(households: Amounts, town: Town, report: Report) -> Heard:
    """Let the raster fill what no total covers: people less those already counted, by floor area in each block."""
    n, block, size = len(town.land.blocks), town.block, report.options.household_size
    bare = town.is_face & (households.rank == 0)
    heard = np.full(len(bare), np.nan)
    heard[bare] = town.people_on(bare)
    speaks = ~np.isnan(heard)
    known = ~town.is_face & ~town.covered & (households.rank > 0)
    people = sums(np.nan_to_num(heard), np.where(speaks, block, -1), n)
    people = np.maximum(people - _people_counted(households, known, town, size), 0)

    spoken = sums(speaks, np.where(speaks, block, -1), n) > 0
    free = ~town.is_face & (households.rank == 0) & (town.floor > 0) & spoken[block]
    has_home = (sums(free, block, n) > 0) | (sums(known, block, n) > 0)
    weight = np.where(town.is_face, np.nan_to_num(heard), town.floor)
    takes = (free | (speaks & ~has_home[block])) & (weight > 0)
    silent = (free | speaks) & ~takes

    used = np.where(sums(takes, block, n) > 0, people, 0)
    together = np.zeros(n, dtype=np.int64)
    per_block = apportion(rounded(np.array([used.sum()])), together, used)
    total = rounded(np.array([per_block.sum() / size]))
    households.value[takes] = apportion(apportion(total, together, per_block), block[takes], weight[takes])
    households.value[silent] = 0
    households.source[takes | silent] = "raster"
    if takes.any():
        ids, amount = town.land.ids[used > 0], int(per_block.sum())
        report.tell("population_raster", "blocks", ids, option="household_size", amount=amount)
    return Heard(per_block, np.where(takes, weight, 0))


def _people_counted(households: Amounts, known: Flags, town: Town, household_size: float) -> Floats:
    """Return per block the people of these homes: as counted, else by their households."""
    heads = np.full(len(known), np.nan)
    heads[: town.homes] = town.known["people"]
    heads = np.where(np.isnan(heads), households.value * household_size, heads)
    return sums(np.nan_to_num(heads), np.where(known, town.block, -1), len(town.land.blocks))


def _estimate(households: Amounts, town: Town, report: Report) -> None:
    """Estimate the buildings nothing else speaks of from their floor area."""
    blank = np.isnan(households.value) & ~town.is_face & (town.floor > 0)
    if not blank.any():
        return
    households.value[blank] = spread(town.hoped[blank], town.block[blank])
    households.source[blank] = "floor_area"
    names, amount = town.names[blank[: town.homes]], int(households.value[blank].sum())
    options = report.options
    report.tell("floor_area", "buildings", names, option="occupancy", amount=amount, flat=options.flat_m2,
                house=options.house_m2, low=options.house_floors,
                why_flat=report.provenance("flat_m2"), why_house=report.provenance("house_m2"))  # fmt: skip


def _settle_heard(people: Amounts, households: Amounts, heard: Heard, town: Town) -> None:
    """Give the raster's people to the households it made, where no total of people reaches."""
    takes = (households.source == "raster") & (people.rank == 0)
    if not takes.any():
        return
    settled = sums(households.filled, np.where(takes, town.block, -1), len(town.land.blocks)) > 0
    weight = np.where(settled[town.block], households.filled, heard.weight)
    people.value[takes] = apportion(heard.people, town.block[takes], weight[takes])
    people.source[takes] = "raster"


def _follow(people: Amounts, households: Amounts, town: Town, report: Report) -> None:
    """Let people follow households by the household size where nothing else is known."""
    rest = np.isnan(people.value) & ~np.isnan(households.value)
    if not rest.any():
        return
    settled = np.where(rest, households.value, 0).clip(0)
    people.value[rest] = spread(settled[rest] * report.options.household_size, town.block[rest])
    people.source[rest] = "household_size"
    people.source[rest & (households.source == "floor_area")] = "floor_area"
    amount = int(settled.sum())
    if amount:
        ids = town.blocks_of(rest & (settled > 0))
        report.tell("people_from_households", "blocks", ids, option="household_size", amount=amount)
