"""Judging: reach, size and room of every requirement in every area, and how much of each is lacking.

Each part is judged by what is known: it is kept when even what is unknown could not break it, lacking when even what
is unknown could not mend it, and unknown in between.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.gaps.result import STATES
from geo.gaps.scene import UNSURE, Areas, Flags, Floats, Ints, Scene, sums
from geo.gaps.walks import Walks, has_limit, shares_number, shares_room
from geo.standards.facilities import Requirement

Codes = npt.NDArray[np.int8]
"""Positions in `STATES`."""

MISSING, FAR, SMALL, FULL, UNKNOWN, MET, NOT_ASKED = range(len(STATES))
ENOUGH = 1e-9
"""Sums of areas and places this close are equal."""


@dataclass(frozen=True)
class Part:
    """One part of a judgement over the areas: its state, and between what shares it is lacking (0 to 1)."""

    state: Codes
    low: Floats
    high: Floats

    @property
    def lacking(self) -> Floats:
        """How much is lacking, NaN where that is not known or nothing is asked."""
        known = (self.high - self.low < ENOUGH) & (self.state != NOT_ASKED) & (self.state != UNKNOWN)
        return np.where(known, self.low, np.nan)


@dataclass(frozen=True)
class Amount:
    """How much areas have of what they need: what is known to be there, of how many it is not known, what is needed."""

    known: Floats
    unmeasured: Ints
    needed: Floats

    @property
    def short_most(self) -> Floats:
        """The shortfall if what is not known were nothing."""
        return np.maximum(0.0, self.needed - self.known)

    @property
    def short(self) -> Floats:
        """The shortfall, NaN where what is not known leaves it open."""
        return np.where((self.unmeasured > 0) & (self.short_most > ENOUGH), np.nan, self.short_most)

    def part(self, lacking: int) -> Part:
        """Return whether it is enough; `lacking` is the state where it is not."""
        share = np.divide(self.short_most, self.needed, out=np.zeros_like(self.needed), where=self.needed > 0)
        open_ = np.isnan(self.needed) | ((self.unmeasured > 0) & (self.short_most > ENOUGH))
        state = np.select([self.needed == 0, open_, self.short_most > ENOUGH], [NOT_ASKED, UNKNOWN, lacking], MET)
        high = np.where(np.isnan(self.needed), 1.0, share)
        return Part(state.astype(np.int8), np.where(open_, 0.0, share), high)


@dataclass(frozen=True)
class Counted:
    """Whom numbers count in the areas: by home, and as weights that are there even where people are not known."""

    who: str
    people: Floats
    weight: Floats


class Judge:
    """Judges one kind of areas: communities, or estates."""

    def __init__(self, scene: Scene, walks: Walks, areas: Areas, *, whole: bool) -> None:
        """Read the scene; `whole` areas are communities, which have facilities of their own to answer for."""
        self.scene, self.walks, self.areas, self.whole = scene, walks, areas, whole
        self.count = len(areas)

    @cached_property
    def lived_in(self) -> Flags:
        """Areas in which homes are known."""
        home = self.areas.home
        return np.asarray(np.bincount(home[home >= 0], minlength=self.count) > 0)

    @cached_property
    def counted(self) -> Mapping[str, Counted]:
        """Whom to count, by whom a requirement is for."""
        return {who: self._counted(self.scene.homes.known(who)) for who in ("all", "elders", "children")}

    def _counted(self, who: str) -> Counted:
        """Return people, and weights: people where any of the area are known, else households, else homes alike."""
        homes, area = self.scene.homes, self.areas.home
        weight = np.zeros(len(area))
        open_ = np.ones(self.count, dtype=bool)
        for values in (homes.of(who), homes.people, homes.households, np.ones(len(area))):
            told = np.isfinite(sums(values, area, self.count)) & self.lived_in & open_
            here = (area >= 0) & told[area]
            weight[here] = np.nan_to_num(values[here])
            open_ &= ~told
        return Counted(who, homes.of(who), weight)

    def table(self) -> pd.DataFrame:
        """Return a row for each area and requirement, by area: `AREA_COLUMNS` without the texts."""
        columns = [self._one(r, each) for r, each in enumerate(self.scene.standard.requirements)]
        keys = [each.key for each in self.scene.standard.requirements]
        index = pd.MultiIndex.from_product(
            [self.areas.frame.index, keys], names=[self.areas.frame.index.name or "area_id", "requirement"]
        )
        data = {name: _interleaved([column[name] for column in columns]) for name in columns[0]}
        frame = pd.DataFrame(data, index=index)
        for name in ("count", "needed", "unmeasured"):
            frame[name] = frame[name].astype("Float64").astype("Int64")
        words = np.array(STATES, dtype=object)
        for name in ("state", "reach_state", "size_state", "room_state"):
            frame[name] = words[frame[name].to_numpy(dtype=np.int64)]
        text = ("name", "name_en", "title_zh", "title_en", "group", "scope", "state", "reach_state", "size_state",
                "room_state", "who", "neighbour_id")  # fmt: skip
        frame = frame.astype(dict.fromkeys(text, "str"))
        frame["weight"] = frame["weight"].astype("float64")
        return frame

    def _one(self, r: int, each: Requirement) -> dict[str, npt.NDArray[Any]]:
        """Return one requirement's columns over the areas."""
        counted = self.counted[each.who]
        number = self._number(r, each)
        area, places = self._area(r, each), self._places(r, each)
        reach = self._reach(r, each, counted, number)
        size = _graver(self._size(r, each, counted), area.part(SMALL), lacking=SMALL)
        asks_number = (each.per_people or each.people_max) is not None
        room = places.part(FULL)
        if asks_number:
            room = _graver(room, number.part(FULL), lacking=FULL)
        nobody = self._nobody(counted)
        parts = reach, size, room = tuple(_hushed(part, nobody) for part in (reach, size, room))
        state = np.minimum.reduce([part.state for part in parts])
        severity = np.maximum.reduce([part.low for part in parts])
        most = np.maximum.reduce([part.high for part in parts])
        silent = state == NOT_ASKED
        settled = np.logical_or.reduce([(part.state < NOT_ASKED) & (part.state != UNKNOWN) for part in parts])
        blank = ~settled & (severity == 0) & (most >= 1 - ENOUGH)
        return {
            "name": self.areas.name, "name_en": self.areas.name_en, "title_zh": self._said(each.title_zh),
            "title_en": self._said(each.title_en), "group": self._said(each.group), "scope": self._said(each.scope),
            "state": state, "reach_state": reach.state, "size_state": size.state, "room_state": room.state,
            "who": self._said(counted.who), **self._people(r, counted), **self._walk(r, counted),
            "count": self._count(r), **self._needed(each, number),
            **_amounts("area", "m2", area, asked=each.asks_area), **_amounts("places", "", places,
                                                                            asked=each.asks_places),
            "unmeasured": np.maximum.reduce([area.unmeasured, places.unmeasured, self._unmeasured(r, each)]),
            "neighbour_id": self._neighbour(r, each), "weight": self._said(each.weight),
            "lacking_reach": reach.lacking, "lacking_size": size.lacking, "lacking_room": room.lacking,
            "severity": np.where(silent | blank, np.nan, severity),
            "severity_most": np.where(silent, np.nan, np.maximum(severity, most)),
        }  # fmt: skip

    def _said(self, value: object) -> npt.NDArray[np.object_] | Floats:
        return np.full(self.count, value, dtype=np.float64 if isinstance(value, float) else object)

    def _nobody(self, counted: Counted) -> Flags:
        """Return the areas in which, as far as is known, nobody lives whom it is for."""
        people = sums(counted.people, self.areas.home, self.count)
        empty = np.where(self.lived_in, people == 0, self.areas.people == 0)
        unknown = np.bincount(self.areas.home[(self.areas.home >= 0) & np.isnan(counted.people)], minlength=self.count)
        return np.asarray(empty & (unknown == 0))

    # ── reach ──
    def _reach(self, r: int, each: Requirement, counted: Counted, number: Amount) -> Part:
        if not self.scene.offer.surveyed[r]:
            return self._all(UNKNOWN, 0.0, 1.0)
        area, reached, weight = self.areas.home, self.walks.reached[:, r], counted.weight
        whole = sums(weight, area, self.count)
        covered = sums(weight * (reached == 1), area, self.count)
        unknown = sums(weight * np.isnan(reached), area, self.count)
        there = whole > 0
        share = np.divide(covered, whole, out=np.zeros_like(whole), where=there)
        share_most = np.divide(covered + unknown, whole, out=np.zeros_like(whole), where=there)
        has = self._has(r, each, number)
        none = ~has & (share_most == 0)
        least = each.covered_share_min
        if not has_limit(each):
            state = np.where(has, MET, MISSING)
            lacking = np.where(state == MET, 0.0, 1.0)
            return Part(state.astype(np.int8), lacking, lacking)
        state = np.select(
            [~there & has, ~there, none, share >= least - ENOUGH, share_most < least - ENOUGH],
            [MET, MISSING if each.scope == "community" and self.whole else NOT_ASKED, MISSING, MET, FAR],
            UNKNOWN,
        )
        if each.scope == "community" and self.whole:
            state = np.where(has, state, MISSING)
        harm = np.where(reached == 0, 0.5 + 0.5 * self.walks.beyond[:, r], 0.0)
        low = np.divide(sums(weight * harm, area, self.count), whole, out=np.zeros_like(whole), where=there)
        low = np.where(state == MISSING, 1.0, low)
        high = np.where(state == MISSING, 1.0, low + np.where(there, share_most - share, 0.0))
        return Part(state.astype(np.int8), low, high)

    def _has(self, r: int, each: Requirement, number: Amount) -> Flags:
        """Return the areas of which nobody can say that there is none."""
        if each.scope == "town":
            return np.full(self.count, bool(self.scene.offer.counts[:, r].any()))
        if self.whole:
            return np.asarray(number.known > 0)
        if each.scope == "residents":
            return np.asarray(self._count_in(r) > 0)
        served = (self.areas.home >= 0) & ((self.walks.facility[:, r] >= 0) | (self.walks.reached[:, r] == 1))
        return np.asarray(np.bincount(self.areas.home[served], minlength=self.count) > 0)

    def _all(self, state: int, low: float, high: float) -> Part:
        return Part(np.full(self.count, state, np.int8), np.full(self.count, low), np.full(self.count, high))

    # ── size of one ──
    def _size(self, r: int, each: Requirement, counted: Counted) -> Part:
        """Return whether those within reach of one are within reach of one that is large enough."""
        if not any((each.floor_area_min_m2, each.site_area_min_m2, each.capacity_min)):
            return self._all(NOT_ASKED, 0.0, 0.0)
        area, walks = self.areas.home, self.walks
        any_, maybe, large = (
            sums(counted.weight * (reached[:, r] == 1), area, self.count)
            for reached in (walks.reached, walks.reached_maybe, walks.reached_large)
        )
        there = any_ > 0
        share, share_most = (np.divide(part, any_, out=np.zeros_like(any_), where=there) for part in (large, maybe))
        least = each.covered_share_min
        state = np.select(
            [~there, share >= least - ENOUGH, share_most < least - ENOUGH], [NOT_ASKED, MET, SMALL], UNKNOWN
        )
        return Part(state.astype(np.int8), np.where(there, 1 - share_most, 0.0), np.where(there, 1 - share, 0.0))

    # ── amounts ──
    def _count_in(self, r: int) -> Ints:
        """Return how many facilities of the requirement's kinds stand in each area."""
        inside = self.scene.offer.counts[:, r] & (self.areas.facility >= 0)
        return np.bincount(self.areas.facility[inside], minlength=self.count)

    def _count(self, r: int) -> Floats:
        if not self.scene.offer.surveyed[r]:
            return np.full(self.count, np.nan)
        if self.scene.standard.requirements[r].scope == "town":
            return np.full(self.count, float(self.scene.offer.counts[:, r].sum()))
        return self._count_in(r).astype(np.float64)

    def _needed(self, each: Requirement, number: Amount) -> dict[str, Floats]:
        """Return how many facilities an area may use and how many it needs, NaN where reach alone is asked."""
        asked = self._asks_number(each) & ((number.needed > 0) | np.isnan(number.needed))
        asked |= self._asks_number(each) & (each.scope != "residents")
        return {
            "offered": np.where(asked, number.known, np.nan),
            "needed": np.where(asked, np.ceil(number.needed), np.nan),
        }

    def _asks_number(self, each: Requirement) -> bool:
        return self.whole and (each.scope != "residents" or shares_number(each))

    def _number(self, r: int, each: Requirement) -> Amount:
        """Return how many facilities each area has, or may use, and needs.

        What residents share is counted by their share in it, against a need that is not rounded up: one that two
        communities use equally is half of one for either. Up to `people_max` reach alone is asked of them.
        """
        if not self._asks_number(each):
            zero = np.zeros(self.count)
            return Amount(self._count_in(r).astype(np.float64), zero.astype(np.int64), zero)
        people = self._residents(each)
        needed = each.number_needed(people)
        if each.scope == "residents":
            for_each = each.per_people or each.people_max or np.inf
            asked = ~(people <= (0.0 if each.per_people else for_each))
            needed = np.where(asked, people / for_each, 0.0)
        if each.people_min is not None:
            needed = np.where(each.neighbour_counts(self.areas.people), np.minimum(needed, 1.0), needed)
        known, unmeasured = self._offered(r, each, np.ones(len(self.scene.offer.frame)))
        if not self.scene.offer.surveyed[r]:
            unmeasured = np.ones_like(unmeasured)
        return Amount(known, unmeasured, needed)

    def _area(self, r: int, each: Requirement) -> Amount:
        if not each.asks_area:
            return _nothing(self.count)
        needed = each.area_needed_m2(self._residents(each), self._households(each))
        return self._amount(r, each, self.scene.offer.area_m2(each), needed)

    def _places(self, r: int, each: Requirement) -> Amount:
        if not each.asks_places:
            return _nothing(self.count)
        needed = each.places_needed(self._residents(each), self._households(each))
        return self._amount(r, each, self.scene.offer.capacity, needed)

    def _amount(self, r: int, each: Requirement, values: Floats, needed: Floats) -> Amount:
        if not self.whole and each.scope != "residents":
            return _nothing(self.count)
        known, unmeasured = self._offered(r, each, values)
        if not self.scene.offer.surveyed[r]:
            unmeasured = np.ones_like(unmeasured)
        return Amount(known, unmeasured, needed)

    def _residents(self, each: Requirement) -> Floats:
        return self._town(self.areas.people) if each.scope == "town" else self.areas.people

    def _households(self, each: Requirement) -> Floats:
        return self._town(self.areas.households) if each.scope == "town" else self.areas.households

    def _town(self, values: Floats) -> Floats:
        return np.full(self.count, np.nan if np.isnan(values).all() else np.nansum(values))

    def _offered(self, r: int, each: Requirement, values: Floats) -> tuple[Floats, Ints]:
        """Return how much of a facility's values is for each area, and of how many facilities it is not known.

        A community answers with what it has, and with its neighbours' where it is small; the town with everything.
        What residents share falls to the areas by the people within reach of it; what nobody reaches, to where it is.
        """
        offer = self.scene.offer
        counts = offer.counts[:, r]
        known, unknown = np.where(counts & np.isfinite(values), values, 0.0), counts & np.isnan(values)
        if each.scope == "town":
            lost = np.full(self.count, int(unknown.sum()), dtype=np.int64)
            return np.full(self.count, known.sum()), lost
        if each.scope == "community":
            pool = self.scene.pool(each)
            at = offer.community
            has = np.bincount(at[at >= 0], known[at >= 0], minlength=self.count)
            lost = np.bincount(at[(at >= 0) & unknown], minlength=self.count)
            return np.asarray(pool @ has, dtype=np.float64), np.asarray(pool.astype(np.int64) @ lost, dtype=np.int64)
        if not shares_room(each):
            return np.zeros(self.count), np.zeros(self.count, dtype=np.int64)
        pairs = self.walks.catchments[r]
        weight = self.counted[each.who].weight[pairs.home]
        total = np.bincount(pairs.facility, weight, minlength=len(counts))
        useful = total[pairs.facility] > 0
        facility, home = pairs.facility[useful], pairs.home[useful]
        share = weight[useful] / total[facility]
        area = self.areas.home[home]
        inside = area >= 0
        alone = counts & (total == 0) & (self.areas.facility >= 0)
        has = np.bincount(area[inside], (share * known[facility])[inside], minlength=self.count).astype(np.float64)
        has = has + np.bincount(self.areas.facility[alone], known[alone], minlength=self.count)
        hit = np.zeros((self.count, len(counts)), dtype=bool)
        hit[area[inside], facility[inside]] = True
        hit[self.areas.facility[alone], np.flatnonzero(alone)] = True
        return np.asarray(has), np.asarray((hit & unknown).sum(axis=1), dtype=np.int64)

    def _unmeasured(self, r: int, each: Requirement) -> Ints:
        """Return of how many facilities in each area it is not known whether one is large enough."""
        offer = self.scene.offer
        unsure = offer.counts[:, r] & (offer.size[:, r] == UNSURE)
        if each.scope == "town":
            return np.full(self.count, int(unsure.sum()), dtype=np.int64)
        inside = unsure & (self.areas.facility >= 0)
        return np.bincount(self.areas.facility[inside], minlength=self.count)

    def _neighbour(self, r: int, each: Requirement) -> npt.NDArray[np.object_]:
        """Return the first neighbour whose facility stands in for one of a small community's own."""
        found = np.full(self.count, None, dtype=object)
        if not self.whole or each.scope != "community" or each.people_min is None:
            return found
        has = self._count_in(r) > 0
        helps = self.scene.pool(each) & has
        lent = ~has & helps.any(axis=1)
        found[lent] = self.areas.frame.index.to_numpy(dtype=object)[helps.argmax(axis=1)[lent]]
        return found

    # ── people and walks ──
    def _people(self, r: int, counted: Counted) -> dict[str, Floats]:
        homes, area, reached = self.scene.homes, self.areas.home, self.walks.reached[:, r]
        yes, no, open_ = reached == 1, reached == 0, np.isnan(reached)

        def of(values: Floats, which: Flags) -> Floats:
            return sums(np.where(np.isnan(values), np.nan, values * which), area, self.count)

        whole = sums(counted.weight, area, self.count)
        covered = sums(counted.weight * yes, area, self.count)
        known = sums(counted.weight * ~open_, area, self.count)
        share = np.divide(covered, whole, out=np.full_like(whole, np.nan), where=(whole > 0) & (known > 0))
        return {
            "people": of(counted.people, np.ones_like(yes)), "people_covered": of(counted.people, yes),
            "people_uncovered": of(counted.people, no), "people_unknown": of(counted.people, open_),
            "covered_share": share, "residents_uncovered": of(homes.people, no),
            "elders_uncovered": of(homes.elders, no), "children_uncovered": of(homes.children, no),
        }  # fmt: skip

    def _walk(self, r: int, counted: Counted) -> dict[str, Floats]:
        walk, area = self.walks.walk_m[:, r], self.areas.home
        told = np.isfinite(walk) & (counted.weight > 0) & (area >= 0)
        weight = np.bincount(area[told], counted.weight[told], minlength=self.count)
        total = np.bincount(area[told], (counted.weight * np.nan_to_num(walk))[told], minlength=self.count)
        farthest = np.full(self.count, -np.inf)
        np.maximum.at(farthest, area[told], walk[told])
        mean = np.divide(total, weight, out=np.full(self.count, np.nan), where=weight > 0)
        return {"mean_m": mean, "farthest_m": np.where(np.isfinite(farthest), farthest, np.nan)}


def _graver(a: Part, b: Part, *, lacking: int) -> Part:
    """Return two tests of the same part together: lacking where one is, unknown where one is, kept where both are."""
    state = np.select(
        [(a.state == lacking) | (b.state == lacking), (a.state == UNKNOWN) | (b.state == UNKNOWN),
         (a.state == MET) | (b.state == MET)],
        [lacking, UNKNOWN, MET], NOT_ASKED,
    )  # fmt: skip
    return Part(state.astype(np.int8), np.maximum(a.low, b.low), np.maximum(a.high, b.high))


def _hushed(part: Part, nobody: Flags) -> Part:
    return Part(
        np.where(nobody, NOT_ASKED, part.state).astype(np.int8), np.where(nobody, 0.0, part.low),
        np.where(nobody, 0.0, part.high),
    )  # fmt: skip


def _nothing(count: int) -> Amount:
    return Amount(np.zeros(count), np.zeros(count, dtype=np.int64), np.zeros(count))


def _amounts(name: str, unit: str, amount: Amount, *, asked: bool) -> dict[str, Floats]:
    end = f"_{unit}" if unit else ""
    figures = {
        f"{name}{end}": amount.known, f"{name}_needed{end}": amount.needed, f"{name}_short{end}": amount.short,
        f"{name}_short_most{end}": amount.short_most,
    }  # fmt: skip
    return {key: values if asked else np.full_like(values, np.nan) for key, values in figures.items()}


def _interleaved(columns: list[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """Return columns over areas, one for each requirement, as one column by area, then by requirement."""
    return np.stack(columns, axis=1).reshape(-1)
