"""What siting stands on: homes, today's facilities, candidates, and who walks how far to which."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from geo.access.reach import within
from geo.errors import Fault, InputError
from geo.network import SPEEDS, Joins, Network
from geo.network.graph import By
from geo.network.joins import join
from geo.siting.candidates import SEARCH_POINT, lying_in
from geo.siting.choice import Floats, Ints
from geo.standards.facilities import Requirement

Flags = npt.NDArray[np.bool_]
Objects = npt.NDArray[np.object_]

WHO: Final = {"all": ("人", "people"), "elders": ("老年人", "elders"), "children": ("儿童", "children")}
"""Whom a requirement is for, in words."""

Limits = tuple[float, float]
"""Metres and minutes, NaN where there is none."""

_BOTH: Final[tuple[By, By]] = ("metres", "minutes")
_WALKS_AT_ONCE = 5_000_000

AREA_TOLERANCE: Final = 1e-6
"""What fits to so many m² fits: areas are sums and differences of what was measured."""

_NUMBERS = ("people", "children", "elders")
_IDS = ("community_id", "estate_id")
_AREAS = ("floor_area_m2", "site_area_m2")
_AMOUNTS: Final = {"demand": _NUMBERS, "candidates": (*_AREAS, "cost", "capacity"), "facilities": (*_AREAS, "capacity")}
"""Columns of numbers that are 0 or more, or unknown."""


@dataclass(frozen=True)
class Town:
    """A town as every requirement looks at it; tables are sorted by id and share the network's CRS.

    Attributes
    ----------
    homes : GeoDataFrame
        Index demand_id; people, children, elders (NaN unknown), community_id, estate_id (missing where in none).
    candidates : GeoDataFrame
        Index site_id, with community_id.
    facilities : GeoDataFrame
    network : Network
    speed : str
    home_joins, candidate_joins : Joins
    communities : GeoDataFrame or None
    names : mapping of `community_id` and `estate_id` to DataFrame
        name, name_en by id: an id that has no name is called by itself.
    """

    homes: gpd.GeoDataFrame
    candidates: gpd.GeoDataFrame
    facilities: gpd.GeoDataFrame
    network: Network
    speed: str
    home_joins: Joins
    candidate_joins: Joins
    communities: gpd.GeoDataFrame | None
    names: dict[str, pd.DataFrame]


@dataclass(frozen=True)
class Walked:
    """Every home's walk to its nearest facility, and whether it is covered.

    Attributes
    ----------
    m, min : arrays over homes
        Infinite where none can be reached.
    nearest : array over homes
        Id of the nearest, None where there is none.
    site : array over homes
        Position of the nearest among the candidates, -1 where it is one of today's or there is none: facilities and
        candidates may have the same ids.
    covered : array over homes
    """

    m: Floats
    min: Floats
    nearest: Objects
    site: Ints
    covered: Flags

    def with_places(
        self, places: pd.Index, m: Floats, minutes: Floats, cover: Flags, by: By, *, sites: Ints | None = None
    ) -> "Walked":
        """Return the walks with more places: columns of `m`, `minutes` and `cover` are theirs; equal ones stay.

        `sites` are their positions among the candidates, None for facilities of today.
        """
        now_m, now_min = self.m.copy(), self.min.copy()
        nearest, site = self.nearest.copy(), self.site.copy()
        for k, place_id in enumerate(places.astype(str)):
            nearer = m[:, k] < now_m if by == "metres" else minutes[:, k] < now_min
            now_m[nearer], now_min[nearer], nearest[nearer] = m[nearer, k], minutes[nearer, k], place_id
            site[nearer] = -1 if sites is None else sites[k]
        return Walked(now_m, now_min, nearest, site, self.covered | cover.any(axis=1))

    def cost(self, by: By) -> Floats:
        """Return what is shortest."""
        return self.m if by == "metres" else self.min


@dataclass(frozen=True)
class Ground:
    """One requirement in a town.

    Attributes
    ----------
    town : Town
    requirement : Requirement
    who : str
        Whom `people` counts: those the requirement is for, or `all` where it is not known how many these are.
    people : array over homes
        0 where unknown.
    existing : GeoDataFrame
        Today's facilities that count, sorted by id.
    small : int
        How many of today's are known to be smaller than the requirement asks for; they count, or do not, as
        `count_small` says.
    count_small : bool
    before : Walked
        With today's facilities.
    cover : csr_array homes × candidates
        Entries 1 where the home is within reach of the candidate.
    cover_today : csr_array homes × existing
    by : str
        What makes a facility the nearest: `metres`, or `minutes` where the requirement knows minutes only.
    limit_m, limit_min : float
        NaN where there is none.
    notes : tuple of (str, str)
    """

    town: Town
    requirement: Requirement
    who: str
    people: Floats
    existing: gpd.GeoDataFrame
    small: int
    count_small: bool
    before: Walked
    cover: sparse.csr_array
    cover_today: sparse.csr_array
    by: By
    limit_m: float
    limit_min: float
    notes: tuple[tuple[str, str], ...]

    def walks(self, sites: Ints) -> tuple[Floats, Floats]:
        """Return metres and minutes from every home to these candidates, homes × sites; infinite where no way."""
        return _walks(self.town, self.town.candidates.iloc[sites], self.by)

    def walks_to(self, places: gpd.GeoDataFrame) -> tuple[Floats, Floats]:
        """Return metres and minutes from every home to these places, homes × places; infinite where no way."""
        return _walks(self.town, places, self.by)

    def costs(self, sites: Ints) -> Floats:
        """Return what is shortest from every home to these candidates; infinite where no way."""
        return _walks(self.town, self.town.candidates.iloc[sites], self.by, other=False)[
            0 if self.by == "metres" else 1
        ]

    def covering(self, sites: Ints) -> Flags:
        """Return homes × sites: who is within reach of these candidates."""
        return np.asarray(self.cover[:, sites].toarray() > 0)


def town_of(
    demand: gpd.GeoDataFrame,
    candidates: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame | None,
    network: Network,
    *,
    communities: gpd.GeoDataFrame | None = None,
    estates: gpd.GeoDataFrame | None = None,
    speed: str = "adult",
) -> Town:
    """Return the town: tables checked and sorted, homes and candidates joined to the network.

    Raises
    ------
    InputError
        All that is wrong with the tables at once: no homes, nobody known to live in them, no candidates, another CRS,
        missing columns, ids that appear twice, an unknown speed.
    """
    given = {"demand": demand, "candidates": candidates, "facilities": facilities, "communities": communities,
             "estates": estates}  # fmt: skip
    faults = [fault for name, table in given.items() if table is not None for fault in _faults(name, table, network)]
    if not len(demand):
        faults.append(
            Fault("there are no homes", "give where people live, as geo.gaps.demand gives it", table="demand")
        )
    elif "people" in demand.columns and not (demand["people"].fillna(0) > 0).any():
        faults.append(Fault("no home has people", "estimate them first with: shequ households", table="demand"))
    if not len(candidates):
        faults.append(Fault("there are no candidates", "give premises, or search points (candidate_sites)",
                            table="candidates"))  # fmt: skip
    if speed not in SPEEDS:
        faults.append(Fault(f"there is no speed {speed!r}", f"use one of: {', '.join(SPEEDS)}"))
    if faults:
        raise InputError(faults)
    homes = _plain(demand, _NUMBERS, _IDS)
    sites = _plain(candidates, ("floor_area_m2", "site_area_m2", "cost", "capacity"),
                   ("name", "name_en", "categories", "facility_id", "community_id"))  # fmt: skip
    standing = lying_in(sites, communities)
    sites["community_id"] = sites["community_id"].where(sites["community_id"].notna(), standing)
    if facilities is None:
        facilities = gpd.GeoDataFrame({"category": []}, geometry=[], crs=network.crs)
    existing = _plain(facilities, ("capacity", "floor_area_m2", "site_area_m2"), ("name", "name_en"))
    return Town(
        homes, sites, existing, network, speed, join(network, homes, entrances=False), join(network, sites),
        None if communities is None else communities.sort_index(),
        {"community_id": _names(homes["community_id"], communities), "estate_id": _names(homes["estate_id"], estates)},
    )  # fmt: skip


def ground_of(town: Town, requirement: Requirement, *, count_small: bool = True) -> Ground:
    """Return who walks how far to today's facilities of a requirement, and whom the candidates reach.

    Parameters
    ----------
    town, requirement
    count_small
        Whether facilities of today that are known to be smaller than the requirement asks for count all the same.

    Raises
    ------
    InputError
        The requirement says no reach, or counts by community and the communities are not known.
    """
    by: By = "metres" if requirement.radius_m or not requirement.minutes else "minutes"
    limited = requirement.scope == "residents"
    limit_m = requirement.radius_m if limited and requirement.radius_m else np.nan
    limit_min = requirement.minutes if limited and requirement.minutes else np.nan
    _require_reach(town, requirement, limit_m, limit_min)
    existing = town.facilities[requirement.counts(town.facilities["category"])]
    small = too_small(existing, requirement)
    if not count_small:
        existing = existing[~small]
    who, people, guessed, notes = _whom(town.homes, requirement)
    before = _nobody(len(town.homes))
    today = sparse.csr_array((len(town.homes), len(existing)), dtype=np.int8)
    if len(existing):
        today = _cover(town, existing, None, requirement, (limit_m, limit_min))
        before = replace(_nearest(town, existing, by), covered=np.diff(today.indptr) > 0)
    cover = _cover(town, town.candidates, town.candidate_joins, requirement, (limit_m, limit_min))
    notes += _guessed_words(requirement, who, people * ~guessed, before.covered, some=bool((people * guessed).any()))
    notes += _community_words(town, requirement)
    return Ground(town, requirement, who, people, existing, int(small.sum()), count_small, before, cover, today, by,
                  limit_m, limit_min, tuple(notes))  # fmt: skip


def too_small(facilities: gpd.GeoDataFrame, requirement: Requirement) -> Flags:
    """Return which facilities are known to have less floor area or ground than the requirement asks of one."""
    floor, ground = requirement.floor_area_min_m2 or 0.0, requirement.site_area_min_m2 or 0.0
    small = (facilities["floor_area_m2"] < floor) | (facilities["site_area_m2"] < ground)
    return np.asarray(small, dtype=np.bool_)


def misfit(town: Town, requirement: Requirement, *, strict: bool) -> tuple[Objects, Floats, Floats]:
    """Return why each candidate cannot take a requirement ("" where it can), and the floor and ground it would need.

    With `strict` an unknown area is a reason. A facility that grows needs what it lacks.

    Returns
    -------
    reasons : array over candidates of str
        "", `category`, `unreachable`, `too_small`, `area_unknown`.
    floor_m2, ground_m2 : arrays over candidates
        0 where the requirement asks for none.
    """
    sites = town.candidates
    floor = np.full(len(sites), requirement.need_m2 or requirement.floor_area_min_m2 or 0.0)
    ground = np.full(len(sites), requirement.need_site_m2 or requirement.site_area_min_m2 or 0.0)
    growing = sites["facility_id"].notna().to_numpy() & sites["kind"].eq("growing").to_numpy()
    same = town.facilities[requirement.counts(town.facilities["category"])]
    standing = sites["facility_id"].map(same["floor_area_m2"]).astype("float64").fillna(0.0).to_numpy()
    floor = np.where(growing, np.maximum(floor - standing, 0.0), floor)
    anywhere = sites["kind"].isin((SEARCH_POINT, "by_hand")).to_numpy()
    rooms = sites["kind"].eq("idle_building").to_numpy()
    has_floor, has_ground = sites["floor_area_m2"].to_numpy(), sites["site_area_m2"].to_numpy()
    small = ~anywhere & ((has_floor < floor - AREA_TOLERANCE) | (has_ground < ground - AREA_TOLERANCE))
    unknown = ((floor > 0) & np.isnan(has_floor)) | ((ground > 0) & np.isnan(has_ground))
    unknown &= ~anywhere & (strict | ((ground > 0) & (floor == 0) & rooms))
    joined = np.zeros(len(sites), dtype=np.bool_)
    joined[town.candidate_joins.place] = True
    words = [categories_of(text) for text in sites["categories"]]
    other = np.array([len(word) > 0 and not requirement.counts(word).any() for word in words], dtype=np.bool_)
    reasons = np.full(len(sites), "", dtype=object)
    for reason, where in (("area_unknown", unknown), ("too_small", small), ("unreachable", ~joined),
                          ("category", other)):  # fmt: skip
        reasons[where] = reason
    return reasons, floor, ground


def categories_of(text: object) -> list[str]:
    """Return the categories that a candidate may take, none where it may take any."""
    return [] if pd.isna(text) else [each.strip() for each in re.split("[;；]", str(text)) if each.strip()]


def _plain(table: gpd.GeoDataFrame, numbers: Iterable[str], words: Iterable[str]) -> gpd.GeoDataFrame:
    """Return a table sorted by its ids as text, with these columns: numbers as floats, words as text or None."""
    plain = table.set_axis(table.index.astype(str)).sort_index()
    for name in numbers:
        known = plain[name] if name in plain.columns else np.nan
        plain[name] = pd.Series(known, plain.index).astype("Float64").to_numpy(dtype="float64", na_value=np.nan)
    for name in words:
        text = plain[name].astype("object") if name in plain.columns else pd.Series(None, plain.index, dtype="object")
        plain[name] = text.where(text.notna(), None)
    return plain


def _faults(name: str, table: gpd.GeoDataFrame, network: Network) -> Iterable[Fault]:
    if table.crs != network.crs:
        yield Fault(f"the table is in {table.crs}, the network in {network.crs}",
                    "bring both into one metric CRS (to_crs)", table=name)  # fmt: skip
    twice = table.index[table.index.duplicated()]
    if len(twice):
        yield Fault("ids appear twice", "give every row an id of its own", table=name, ids=tuple(map(str, twice)))
    empty = table.index[table.geometry.isna() | table.geometry.is_empty]
    if len(empty):
        yield Fault("rows without geometry", "leave them out, or place them", table=name, ids=tuple(map(str, empty)))
    needed = {"demand": ("people",), "candidates": ("kind",), "facilities": ("category",)}.get(name, ())
    for column in needed:
        if column not in table.columns:
            yield Fault(f"column {column} is missing", "see the table's docs", table=name)
    for column in _AMOUNTS.get(name, ()):
        if column in table.columns:
            amount = (
                pd.to_numeric(table[column], errors="coerce").astype("Float64").to_numpy("float64", na_value=np.nan)
            )
            said = table[column].notna().to_numpy()
            for wrong, what in ((amount < 0, "negative"), (np.isinf(amount), "endless"),
                                (said & np.isnan(amount), "no number")):  # fmt: skip
                if wrong.any():
                    yield Fault(f"column {column} is {what}", "give 0 or more, or leave unknown ones empty", table=name,
                                ids=tuple(map(str, table.index[wrong])))  # fmt: skip


def _names(ids: pd.Series, areas: gpd.GeoDataFrame | None) -> pd.DataFrame:
    known = sorted(set(ids.dropna().astype(str)) | set(() if areas is None else areas.index.astype(str)))
    names = pd.DataFrame({"name": known, "name_en": known}, index=pd.Index(known, dtype="object"), dtype="object")
    for column in ("name", "name_en"):
        if areas is not None and column in areas.columns:
            said = pd.Series(areas[column].astype("object").to_numpy(), areas.index.astype(str)).dropna()
            names.loc[said.index, column] = said
            if column == "name":
                names.loc[said.index, "name_en"] = said
    return names


def _require_reach(town: Town, requirement: Requirement, limit_m: float, limit_min: float) -> None:
    title = f"{requirement.title_zh} / {requirement.title_en} ({requirement.key})"
    if requirement.scope == "residents" and np.isnan(limit_m) and np.isnan(limit_min):
        raise InputError(
            Fault(f"the requirement {title} says no reach",
                  "give it radius_m or minutes in a standard of your own (shequ standards)")
        )  # fmt: skip
    if requirement.scope == "community" and town.communities is None:
        raise InputError(
            Fault(f"the requirement {title} is kept by community, and the communities are not known",
                  "import communities, or seek it by a standard that sets a reach (shequ standards)",
                  table="communities")
        )  # fmt: skip


def _whom(homes: gpd.GeoDataFrame, requirement: Requirement) -> tuple[str, Floats, Flags, list[tuple[str, str]]]:
    """Return those whom the requirement is for in each home, which of these are estimated, and notes.

    Unknown homes count by the share of the known ones.
    """
    residents = homes["people"].to_numpy()
    notes = []
    guessed: Flags = np.zeros(len(homes), dtype=np.bool_)
    if unknown := int(np.isnan(residents).sum()):
        notes.append((f"{unknown}个需求点人口未知,未计入。", f"{unknown} homes of unknown people are not counted."))
    counted, who = residents, "all"
    if requirement.who != "all":
        zh, en = WHO[requirement.who]
        some = homes[requirement.who].to_numpy()
        known = ~np.isnan(some) & ~np.isnan(residents)
        if not known.any() or not residents[known].sum():
            notes.append((f"各处{zh}人数未知,按全体居民计。", f"It is not known where {en} live: all residents count."))
        else:
            who = requirement.who
            share = some[known].sum() / residents[known].sum()
            counted, guessed = np.where(known, some, residents * share), ~known
            rest = float(np.nansum(residents[~known]))
            if rest > 0:
                notes.append((f"{rest:,.0f}名居民中{zh}人数未知,按已知部分的比例{share:.1%}估计。",
                              f"Among {rest:,.0f} residents the {en} are not known: estimated by the share of the "
                              f"others, {share:.1%}."))  # fmt: skip
    return who, np.nan_to_num(counted), guessed, notes


def _guessed_words(
    requirement: Requirement, who: str, known: Floats, covered: Flags, *, some: bool
) -> list[tuple[str, str]]:
    """Return what is covered today of the known ones alone, as the gaps count them, where some are estimated."""
    if not some or not known.sum():
        return []
    zh, en = WHO[who]
    share = float(known @ covered) / float(known.sum())
    return [(f"{requirement.title_zh}:只计{zh}人数已知处,现状覆盖率为{share:.1%}(设施缺口表按此口径)。",
             f"{requirement.title_en}: where the {en} are known alone, {share:.1%} are covered today (so gaps "
             "count them).")]  # fmt: skip


def _community_words(town: Town, requirement: Requirement) -> list[tuple[str, str]]:
    """Return what is not looked at where a facility counts for its community: neighbours', and several for many."""
    if requirement.scope != "community":
        return []
    known = town.homes[town.homes["community_id"].notna() & town.homes["people"].notna()]
    people = known.groupby("community_id")["people"].sum()
    notes = []
    if requirement.people_min and (few := int(requirement.neighbour_counts(people).sum())):
        least = requirement.people_min
        notes.append((f"{few}个社区不足{least:,.0f}人,按标准可与相邻社区共用;选址未计相邻社区的设施。",
                      f"{few} communities of fewer than {least:,.0f} people may use their neighbour's by the standard; "
                      "siting looks at what stands in each alone."))  # fmt: skip
    if many := int((requirement.number_needed(people) > 1).sum()):
        notes.append((f"{many}个社区按人口需要不止一处;选址把有一处的社区计为已覆盖。",
                      f"{many} communities need more than one for their people; siting takes a community with one as "
                      "covered."))  # fmt: skip
    return notes


def _nearest(town: Town, places: gpd.GeoDataFrame, by: By) -> Walked:
    """Return the walk to the nearest of these places; of equally near ones the first by id."""
    walked = _nobody(len(town.homes))
    for first in range(0, len(places), _at_once(town)):
        part = places.iloc[first : first + _at_once(town)]
        far, long = _walks(town, part, by)
        walked = walked.with_places(part.index, far, long, np.zeros(far.shape, dtype=np.bool_), by)
    return walked


def _nobody(count: int) -> Walked:
    """Return walks to nothing."""
    endless = np.full(count, np.inf)
    return Walked(endless, endless, np.full(count, None, dtype=object), np.full(count, -1, dtype=np.int64),
                  np.zeros(count, dtype=np.bool_))  # fmt: skip


def _at_once(town: Town) -> int:
    return max(1, _WALKS_AT_ONCE // max(len(town.homes), 1))


def _walks(town: Town, places: gpd.GeoDataFrame, by: By, *, other: bool = True) -> tuple[Floats, Floats]:
    """Return metres and minutes, homes × places; without `other` only what is shortest (the other one is empty)."""
    shape = (len(town.homes), len(places))
    m = np.full(shape if other or by == "metres" else (0, 0), np.inf)
    minutes = np.full(shape if other or by == "minutes" else (0, 0), np.inf)
    for first in range(0, len(places), _at_once(town)):
        part = places.iloc[first : first + _at_once(town)][["geometry"]]
        pairs = within(town.network, town.home_joins, part, np.inf, by=by, speed=town.speed)
        for table, walk in ((m, pairs.walk_m), (minutes, pairs.walk_min)):
            if table.size:
                table[pairs.origin, first + pairs.place] = walk
    return m, minutes


def _cover(
    town: Town, places: gpd.GeoDataFrame, joins: Joins | None, requirement: Requirement, limits: Limits
) -> sparse.csr_array:
    """Return homes × places: who is within reach of which."""
    shape = (len(town.homes), len(places))
    if requirement.scope == "town":
        return sparse.csr_array(np.ones(shape, dtype=np.int8))
    if requirement.scope == "community":
        theirs = places["community_id"] if joins is not None else lying_in(places, town.communities)
        one = sorted(set(town.homes["community_id"].dropna()) & set(theirs.dropna()))
        at = pd.Index(one).get_indexer_for
        rows, columns = (at(ids.to_numpy(dtype=object)) if one else np.full(len(ids), -1) for ids in
                         (town.homes["community_id"], theirs))  # fmt: skip
        in_home, in_place = (
            sparse.csr_array((np.ones((k >= 0).sum(), dtype=np.int8), (np.flatnonzero(k >= 0), k[k >= 0])),
                             shape=(len(k), max(len(one), 1)))
            for k in (rows, columns)
        )  # fmt: skip
        return _ones(in_home @ in_place.T)
    found = sparse.csr_array(shape, dtype=np.int8)
    where = joins if joins is not None else join(town.network, places[["geometry"]])
    for by, limit in zip(_BOTH, limits, strict=True):
        if not np.isnan(limit):
            pairs = within(town.network, town.home_joins, where, limit, by=by, speed=town.speed)
            met = sparse.csr_array((np.ones(len(pairs), dtype=np.int8), (pairs.origin, pairs.place)), shape=shape)
            found = _ones(found + met)
    return found


def _ones(matrix: sparse.csr_array) -> sparse.csr_array:
    matrix = sparse.csr_array(matrix)
    matrix.sum_duplicates()
    matrix.sort_indices()
    matrix.data[:] = 1
    return matrix
