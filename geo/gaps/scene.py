"""What is judged: the homes of a town, the facilities that count for each requirement, and the areas they lie in."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.errors import Fault, InputError
from geo.network import SPEEDS, Network
from geo.standards.facilities import FacilityStandard, Requirement, plain_category

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.int8]
Texts = npt.NDArray[np.object_]

SMALL, UNSURE, LARGE = 0, 1, 2
"""What is known of a facility's size against what the standard asks of one: too small, not known, large enough."""

_AMOUNTS: Final = {
    "demand": ("people", "households", "elders", "children"),
    "facilities": ("floor_area_m2", "site_area_m2", "capacity"),
}
"""Columns of amounts: 0 and more, or unknown."""

EVERY: Final = "*"
"""Among the surveyed requirements: all of them."""


@dataclass(frozen=True)
class Homes:
    """Where people live; arrays over the rows of the demand, sorted by id.

    Attributes
    ----------
    frame : GeoDataFrame
        The demand, sorted.
    people, households, elders, children : arrays
        NaN unknown.
    community, estate : arrays
        Position among the communities and estates, -1 in none.
    """

    frame: gpd.GeoDataFrame
    people: Floats
    households: Floats
    elders: Floats
    children: Floats
    community: Ints
    estate: Ints

    def of(self, who: str) -> Floats:
        """Return how many of these people live in each home."""
        return {"all": self.people, "elders": self.elders, "children": self.children}[who]

    def known(self, who: str) -> str:
        """Return whom to count: those meant where any of them are known, else all residents."""
        return who if np.isfinite(self.of(who)).any() else "all"


@dataclass(frozen=True)
class Offer:
    """The facilities that count for a requirement or more; arrays over them, sorted by id.

    Attributes
    ----------
    frame : GeoDataFrame
        Index facility_id; category (as standards write it).
    counts : array (facilities, requirements)
        Whether it counts.
    size : array (facilities, requirements)
        `SMALL`, `UNSURE` or `LARGE`.
    floor_m2, site_m2, capacity : arrays
        NaN unknown.
    community, estate : arrays
        Position of the one that it stands in, -1 in none.
    surveyed : array over the requirements
        Whether the town's table names any, so that where there is none, none is there.
    """

    frame: gpd.GeoDataFrame
    counts: Flags
    size: Bytes
    floor_m2: Floats
    site_m2: Floats
    capacity: Floats
    community: Ints
    estate: Ints
    surveyed: Flags

    def area_m2(self, requirement: Requirement) -> Floats:
        """Return the floor or site areas that the requirement speaks of, NaN unknown."""
        return self.site_m2 if requirement.area_of == "site" else self.floor_m2


@dataclass(frozen=True)
class Areas:
    """Communities, or estates, that gaps are told of.

    Attributes
    ----------
    frame : GeoDataFrame
        Sorted by id.
    name, name_en : arrays of text
    home, facility : arrays
        The area of each home, and of each facility, -1 in none.
    people, households : arrays
        Residents of each area as the homes tell, NaN unknown.
    """

    frame: gpd.GeoDataFrame
    name: Texts
    name_en: Texts
    home: Ints
    facility: Ints
    people: Floats
    households: Floats

    def __len__(self) -> int:
        """Return the number of areas."""
        return len(self.frame)


@dataclass(frozen=True)
class Scene:
    """Everything that judging looks at.

    Attributes
    ----------
    standard : FacilityStandard
    network : Network
    homes, offer : Homes, Offer
    communities : Areas
    estates : Areas or None
    near : array (communities, communities)
        Which are neighbours; none is its own.
    notes : tuple of (str, str)
    """

    standard: FacilityStandard
    network: Network
    homes: Homes
    offer: Offer
    communities: Areas
    estates: Areas | None
    near: Flags
    notes: tuple[tuple[str, str], ...]

    def pool(self, requirement: Requirement) -> Flags:
        """Return whose facilities count for each community: its own, and its neighbours' where it is small."""
        small = requirement.neighbour_counts(self.communities.people)
        return np.eye(len(self.communities), dtype=bool) | (self.near & small[:, None])


def read_scene(
    demand: gpd.GeoDataFrame, facilities: gpd.GeoDataFrame, network: Network, *, standard: FacilityStandard,
    communities: gpd.GeoDataFrame, estates: gpd.GeoDataFrame | None, neighbour_m: float, surveyed: Sequence[str],
) -> Scene:  # fmt: skip
    """Return homes, facilities and areas sorted and put together, with what had to be assumed.

    Raises
    ------
    InputError
        Everything that cannot be used, at once.
    """
    tables = {"demand": demand, "facilities": facilities, "communities": communities, "estates": estates}
    if faults := list(_faults(tables, network, standard, surveyed)):
        raise InputError(faults)
    notes: list[tuple[str, str]] = []
    units = communities.set_axis(communities.index.astype(str)).sort_index()
    compounds = None if estates is None else estates.set_axis(estates.index.astype(str)).sort_index()
    homes = _homes(demand, units, compounds, notes)
    offer = _offer(facilities, standard, surveyed, communities=units, estates=compounds, notes=notes)
    return Scene(
        standard=standard,
        network=network,
        homes=homes,
        offer=offer,
        communities=_areas(units, homes, homes.community, offer.community),
        estates=None if compounds is None else _areas(compounds, homes, homes.estate, offer.estate),
        near=_neighbours(units, neighbour_m),
        notes=tuple(notes),
    )


def _faults(
    tables: Mapping[str, gpd.GeoDataFrame | None], network: Network, standard: FacilityStandard, surveyed: Sequence[str]
) -> Iterator[Fault]:
    for name, table in tables.items():
        if table is None:
            continue
        if table.crs != network.crs:
            theirs = table.crs.name if table.crs else "no coordinate reference system"
            yield Fault(
                f"{name} are in {theirs}, the network is in {network.crs.name}",
                "bring all tables into one metric CRS",
                table=name,
            )
        ids = table.index.astype(str)
        if not ids.is_unique:
            twice = tuple(ids[ids.duplicated()].unique())
            yield Fault(f"{len(twice)} ids stand twice", "make every id unique", table=name, ids=twice)
    for name, column, remedy in (
        ("demand", "people", "add it, NaN where unknown"),
        ("facilities", "category", "say what every facility offers"),
    ):
        table = tables[name]
        if table is not None and column not in table.columns:
            yield Fault(f"column {column} is missing", remedy, table=name)
    yield from _amount_faults(tables)
    for name in ("demand", "communities"):
        table = tables[name]
        if table is not None and not len(table):
            yield Fault(f"there are no rows in {name}", "give at least one home and one community", table=name)
    if strange := sorted(set(surveyed) - {EVERY} - {each.key for each in standard.requirements}):
        keys = ", ".join(each.key for each in standard.requirements)
        yield Fault(f"surveyed names {', '.join(strange)}, which {standard.name} does not ask for",
                    f"use its keys: {keys}, or {EVERY} for all of them")  # fmt: skip


def _amount_faults(tables: Mapping[str, gpd.GeoDataFrame | None]) -> Iterator[Fault]:
    """Return numbers of people, areas and places that are negative, infinite, or no numbers."""
    for name, columns in _AMOUNTS.items():
        table = tables[name]
        for column in columns if table is not None else ():
            if table is None or column not in table.columns:
                continue
            values = pd.to_numeric(table[column], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
            wrong = (values < 0) | np.isinf(values) | (np.isnan(values) & table[column].notna().to_numpy(dtype=bool))
            if wrong.any():
                yield Fault(f"column {column} is negative, infinite or no number in {int(wrong.sum())} rows",
                            "correct it, or leave it empty where it is unknown", table=name,
                            ids=tuple(map(str, table.index[wrong])))  # fmt: skip


def require_walk(speed: str, by: str) -> None:
    """Refuse a speed or a measure that does not exist.

    Raises
    ------
    InputError
    """
    faults = []
    if speed not in SPEEDS:
        faults.append(Fault(f"there is no speed {speed!r}", f"use one of: {', '.join(SPEEDS)}"))
    if by not in ("metres", "minutes"):
        faults.append(Fault(f"walks cannot be measured by {by!r}", "use metres or minutes"))
    if faults:
        raise InputError(faults)


def numbers(frame: pd.DataFrame, column: str) -> Floats:
    """Return a column as floats, NaN where it is unknown or the table has none of that name."""
    if column not in frame.columns:
        return np.full(len(frame), np.nan)
    return np.asarray(frame[column].astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan))


def texts(frame: pd.DataFrame, column: str) -> Texts:
    """Return a column as texts, "" where it is missing."""
    if column not in frame.columns:
        return np.full(len(frame), "", dtype=object)
    values = frame[column].astype("object")
    return np.asarray(values.where(values.notna(), "").astype(str).to_numpy(dtype=object))


def sums(values: Floats, area: Ints, count: int) -> Floats:
    """Return the sums over areas of what is known; NaN where something is there and nothing is known, 0 where empty."""
    inside = area >= 0
    known = inside & np.isfinite(values)
    total = np.bincount(area[known], values[known], minlength=count)
    there = np.bincount(area[inside], minlength=count)
    told = np.bincount(area[known], minlength=count)
    return np.where((there > 0) & (told == 0), np.nan, total)


def _homes(
    demand: gpd.GeoDataFrame, communities: gpd.GeoDataFrame, estates: gpd.GeoDataFrame | None,
    notes: list[tuple[str, str]],
) -> Homes:  # fmt: skip
    frame = demand.set_axis(demand.index.astype(str)).sort_index()
    people = numbers(frame, "people")
    unknown = int(np.isnan(people).sum())
    if unknown:
        notes.append((f"{unknown}处住所的人口未知,人数合计不含这些住所。",
                      f"The people of {unknown:,} homes are not known; numbers of people leave them out."))  # fmt: skip
    homes = Homes(
        frame=frame,
        people=people,
        households=numbers(frame, "households"),
        elders=numbers(frame, "elders"),
        children=numbers(frame, "children"),
        community=_member(frame, "community_id", communities),
        estate=_member(frame, "estate_id", estates),
    )
    away = int((homes.community < 0).sum())
    if away:
        lost = float(np.nansum(people[homes.community < 0]))
        notes.append((f"{away}处住所({lost:,.0f}人)不在任何社区内,未计入社区。",
                      f"{away:,} homes ({lost:,.0f} people) lie in no community and count for none."))  # fmt: skip
    return homes


def _member(frame: gpd.GeoDataFrame, column: str, areas: gpd.GeoDataFrame | None) -> Ints:
    """Return the position of each row's area: as its column says, else as its place says."""
    if areas is None:
        return np.full(len(frame), -1, dtype=np.int64)
    found = np.asarray(areas.index.get_indexer(pd.Index(texts(frame, column))), dtype=np.int64)
    lost = np.flatnonzero(found < 0)
    if len(lost):
        found[lost] = place_in(frame.geometry.to_numpy()[lost], areas)
    return found


def place_in(shapes: Texts, areas: gpd.GeoDataFrame) -> Ints:
    """Return the position of the area that holds an inner point of each shape, the first of several, -1 for none."""
    point, area = shapely.STRtree(areas.geometry.to_numpy()).query(
        shapely.point_on_surface(shapes), predicate="intersects"
    )
    first = np.full(len(shapes), len(areas), dtype=np.int64)
    np.minimum.at(first, point, area)
    return np.where(first == len(areas), -1, first)


def _offer(
    facilities: gpd.GeoDataFrame, standard: FacilityStandard, surveyed: Sequence[str], *,
    communities: gpd.GeoDataFrame, estates: gpd.GeoDataFrame | None, notes: list[tuple[str, str]],
) -> Offer:  # fmt: skip
    ordered = facilities.set_axis(facilities.index.astype(str)).sort_index()
    category = np.array([plain_category(each) for each in ordered["category"]], dtype=object)
    counts = np.stack([np.isin(category, each.categories) for each in standard.requirements], axis=1)
    used = counts.any(axis=1) & (ordered.geometry.notna() & ~ordered.geometry.is_empty).to_numpy(dtype=bool)
    frame, counts = ordered[used].assign(category=category[used]), counts[used]
    shapes = frame.geometry.to_numpy()
    drawn = shapely.area(shapes)
    site = numbers(frame, "site_area_m2")
    site = np.where(np.isnan(site) & (drawn > 0), drawn, site)
    floor, capacity = numbers(frame, "floor_area_m2"), numbers(frame, "capacity")
    told = counts.any(axis=0) | np.array([EVERY in surveyed or each.key in surveyed for each in standard.requirements])
    community = place_in(shapes, communities)
    away = int((community < 0).sum())
    if away:
        notes.append((
            f"{away}处设施不在任何社区内,只按步行可达计入,不计入社区拥有的设施。",
            f"{away:,} facilities lie in no community: people may walk to them, but no community has them.",
        ))  # fmt: skip
    if not told.all():
        lost = [each for each, known in zip(standard.requirements, told, strict=True) if not known]
        notes.append((f"设施表中没有这些类别,可能未调查,按未知处理:{'、'.join(each.title_zh for each in lost)}。",
                      "The table of facilities names none of these kinds, so that nobody may have looked; they are "
                      f"unknown: {', '.join(each.title_en for each in lost)}."))  # fmt: skip
    return Offer(
        frame=frame, counts=counts, size=_sizes(standard, floor, site, capacity), floor_m2=floor, site_m2=site,
        capacity=capacity, community=community,
        estate=np.full(len(frame), -1, dtype=np.int64) if estates is None else place_in(shapes, estates),
        surveyed=told,
    )  # fmt: skip


def _sizes(standard: FacilityStandard, floor: Floats, site: Floats, capacity: Floats) -> Bytes:
    """Return for each facility and requirement whether it is as large as one has to be."""
    found = np.full((len(floor), len(standard.requirements)), LARGE, dtype=np.int8)
    for r, each in enumerate(standard.requirements):
        least = ((floor, each.floor_area_min_m2), (site, each.site_area_min_m2), (capacity, each.capacity_min))
        for values, minimum in least:
            if minimum is not None:
                is_large = np.where(np.isnan(values), UNSURE, np.where(values >= minimum, LARGE, SMALL))
                found[:, r] = np.minimum(found[:, r], is_large)
    return found


def _areas(frame: gpd.GeoDataFrame, homes: Homes, home: Ints, facility: Ints) -> Areas:
    name, name_en = texts(frame, "name"), texts(frame, "name_en")
    name = np.where(name == "", frame.index.to_numpy(dtype=object), name)
    count = len(frame)
    empty = np.bincount(home[home >= 0], minlength=count) == 0

    def of(column: str, values: Floats) -> Floats:
        said = numbers(frame, column) if column in frame.columns else np.zeros(count)
        return np.where(empty, said, sums(values, home, count))

    return Areas(
        frame=frame, name=name, name_en=np.where(name_en == "", name, name_en), home=home, facility=facility,
        people=of("people", homes.people), households=of("households", homes.households),
    )  # fmt: skip


def _neighbours(communities: gpd.GeoDataFrame, near_m: float) -> Flags:
    shapes = communities.geometry.to_numpy()
    a, b = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=near_m)
    near = np.zeros((len(shapes), len(shapes)), dtype=bool)
    near[a, b] = True
    np.fill_diagonal(near, val=False)
    return near
