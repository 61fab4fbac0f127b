"""Which layers a study has now: its own tables, its plans and runs, its rasters, in sections and groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import shapely
from pyproj import CRS

from api.accounts.rights import HOUSEHOLD_COLUMNS
from api.deps import Here
from api.features.crs import CRS84, references
from api.features.snapshot import Snapshot, Snapshots
from api.features.visible import visible
from api.storage.records import Collection, arrow_schema
from geo.errors import InputError
from layers.catalogue import Layer
from layers.maplibre import Drawn
from layers.served import layers_of, style_columns, usual
from layers.styles import COMMUNITY_COLOURS, neighbour_colours
from layers.words import WORDS

Pair = dict[str, str]
"""A text in both languages: {"zh", "en"}."""

STUDY, RASTERS = "study", "rasters"
_ROLES = {"communities": "after", "communities_limits": "after", "communities_before": "before",
          "communities_before_limits": "before", "moves": "moves"}  # fmt: skip
_EXTENT_FROM = ("study_area", "communities", "blocks", "estates", "barriers", "roads", "facilities", "buildings")
"""What tells where a study lies, best first: the small tables before the large."""

MOST_COLOURED = 1_500
"""With more communities than this, colours go round without looking at neighbours."""


@dataclass(frozen=True)
class Section:
    """A branch of the tree: the study's own tables, or one plan or run."""

    id: str
    source: str
    result: str
    title: Pair
    drawn: Sequence[Drawn]
    """Bottom first."""
    document: Mapping[str, Any] = field(default_factory=dict)


class Tree:
    """The layers of one study as one caller sees it, at one moment."""

    def __init__(self, at: Here) -> None:
        self.at = at
        self.store = at.store
        self.collections = at.store.collections()

    def snapshot(self, collection: str) -> Snapshot:
        """Return a collection as the caller may see it."""
        return seen(self.at, collection)

    @cached_property
    def results(self) -> list[Mapping[str, Any]]:
        """The documents of results that have collections, newest first."""
        there = {(each.source, each.result_id) for each in self.collections.values()}
        found = [each.body for each in self.store.documents("result")]
        known = [each for each in found if (each.get("source"), each.get("id")) in there]
        return sorted(known, key=lambda each: (str(each.get("at", "")), str(each.get("id"))), reverse=True)

    @cached_property
    def sections(self) -> list[Section]:
        """The newest plan first, other results, the study."""
        plans = [each for each in self.results if each["source"] == "plan"]
        first = plans[0] if plans else None
        order = [*plans, *(each for each in self.results if each["source"] != "plan")]
        made = [self._result(each, opened=each is first) for each in order]
        return [*(each for each in made if each.drawn), self._study(planned=first is not None)]

    @cached_property
    def drawn(self) -> dict[str, Drawn]:
        """Every layer by its id; those of the study lie at the bottom."""
        return {each.id: each for section in reversed(self.sections) for each in section.drawn}

    def community_names(self, section: Section) -> dict[str, Pair]:
        """Return the names behind ids of communities in a section."""
        wanted = [f"{section.id}.communities_before", f"{section.id}.communities"] if section.source == "plan" else []
        names: dict[str, Pair] = {}
        for each in [*wanted, *(() if wanted else ("communities",))]:
            if each in self.collections:
                names |= names_of(self.snapshot(each))
        return names

    def bounds(self) -> list[float] | None:
        """Return west, south, east, north of the study [degrees]; None where nothing has a place."""
        for name in _EXTENT_FROM:
            if name in self.collections and (box := self.snapshot(name).bounds) is not None:
                west, south, east, north = box
                rim = shapely.segmentize(shapely.box(west, south, east, north), max(east - west, north - south) / 20)
                x, y = lonlat(self.store.crs, shapely.get_coordinates(rim))
                return [round(float(each), 6) for each in (x.min(), y.min(), x.max(), y.max())]
        return None

    def _study(self, *, planned: bool) -> Section:
        drawn = []
        layers = list(self._there(STUDY, {}, ""))
        first = usual(STUDY, layers)
        for layer in layers:
            colours = self._colours() if layer.table == "communities" else {}
            shown = layer.id in first and not (planned and layer.table == "communities")
            drawn.append(self._drawn(layer, "", shown=shown, usual=layer.id in first, colours=colours))
        title = {"zh": self.store.name, "en": self.store.name_en or self.store.name}
        return Section(STUDY, STUDY, "", title, drawn)

    def _result(self, body: Mapping[str, Any], *, opened: bool) -> Section:
        source, key = str(body["source"]), str(body["id"])
        begin = f"{source}.{key}."
        layers = list(self._there(source, body.get("params", {}), begin))
        first = usual(source, layers)
        drawn = [self._drawn(layer, begin, shown=opened and layer.id in first, usual=layer.id in first)
                 for layer in layers]  # fmt: skip
        zh, en = WORDS[f"source.{source}"]
        title = {"zh": str(body.get("title_zh") or f"{zh} {key}"), "en": str(body.get("title_en") or f"{en} {key}")}
        return Section(begin.rstrip("."), source, key, title, drawn, body)

    def _drawn(
        self, layer: Layer, begin: str, *, shown: bool, usual: bool, colours: Mapping[str, int] | None = None
    ) -> Drawn:
        mixed = self.collections[begin + layer.table].geometry == "Mixed"
        return Drawn(layer, begin + layer.id, begin + layer.table, mixed=mixed, shown=shown, usual=usual,
                     colours=colours or {})  # fmt: skip

    def _there(self, source: str, params: Mapping[str, Any], begin: str) -> Iterator[Layer]:
        """Yield the catalogue's layers whose tables are there with the column they are coloured by."""
        try:
            layers = layers_of(source, params)
        except InputError:  # a document of another version: its collections can still be read
            return
        for layer in layers:
            collection = self.collections.get(begin + layer.table)
            if collection is None or collection.geometry == "None":
                continue
            if not layer.style.column or layer.style.column in self.columns(collection) or _coloured_by_id(layer):
                yield layer

    def columns(self, collection: Collection) -> set[str]:
        """Return the columns of a collection in tiles for the caller, computed ones included."""
        hidden = HOUSEHOLD_COLUMNS.get(collection.frame, frozenset())
        may = self.at.caller.sees_households(self.at.study_id)
        own = {each.name for each in collection.columns if may or each.name not in hidden}
        empty = pa.Table.from_pylist([], schema=arrow_schema(collection)).select(sorted(own))
        return own | set(style_columns(collection.frame, empty))

    def _colours(self) -> dict[str, int]:
        snapshot = self.snapshot("communities")
        return snapshot.once("colours", lambda: colours_of(snapshot))


def seen(at: Here, collection: str) -> Snapshot:
    """Return a collection as the caller may see it."""
    snapshot = at.server.part(Snapshots).get(at.store, collection)
    return visible(snapshot, at.caller, at.server.settings.fewest_households)


def lonlat(crs: CRS, xy: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return longitudes and latitudes [degrees] of places of a study [m]."""
    lon, lat = references(crs)[CRS84].from_study(xy[:, 0], xy[:, 1])
    return np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)


def role_of(section: Section, layer: Layer) -> str:
    """Return what a layer is in a comparison: before, after, moves, or nothing of it."""
    if section.source == "plan":
        return _ROLES.get(layer.id, "")
    if section.source == "gaps" and layer.table.startswith("gap_communities"):
        has_after = any(each.layer.table == "gap_communities_after" for each in section.drawn)
        return "" if not has_after else "after" if layer.table.endswith("_after") else "before"
    return ""


def exclusive_of(section: Section, layer: Layer) -> str:
    """Return the word that layers share of which one at most is shown: those that colour the same places."""
    alike = [each for each in section.drawn if each.layer.table == layer.table]
    return f"{section.id}/{layer.table}" if len(alike) > 1 else ""


def names_of(snapshot: Snapshot) -> dict[str, Pair]:
    """Return what each feature is called in both languages: its id where it has no name."""
    there = snapshot.table.column_names
    columns = [snapshot.table[name].to_pylist() if name in there else [None] * len(snapshot)
               for name in ("name", "name_en")]  # fmt: skip
    return {
        str(key): {"zh": zh or en or str(key), "en": en or zh or str(key)}
        for key, zh, en in zip(snapshot.ids, *columns, strict=True)
    }


def colours_of(snapshot: Snapshot) -> dict[str, int]:
    """Return a colour of the palette for each community, neighbours (within 1 m of each other) apart."""
    ids = [str(each) for each in snapshot.ids]
    if len(ids) > MOST_COLOURED:
        return {each: n % len(COMMUNITY_COLOURS) for n, each in enumerate(ids)}
    there = np.array([shape is not None for shape in snapshot.geometry], dtype=bool)
    places = np.flatnonzero(there)
    shapes = snapshot.geometry[there]
    near = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=1.0)
    edges = [(ids[places[a]], ids[places[b]]) for a, b in near.T if a < b]
    return neighbour_colours(ids, edges, len(COMMUNITY_COLOURS))


def _coloured_by_id(layer: Layer) -> bool:
    return layer.id == "communities" and layer.group == "group.today"
