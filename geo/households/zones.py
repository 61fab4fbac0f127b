"""Areas with totals, laid on the blocks: who lies where, how much of each lies in the study, and the faces between.

A face is a piece of one block that lies in one (or no) area of each kind.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo.households.options import HouseholdOptions
from geo.households.remainder import Flags, Floats, Ints, Words, rounded, sums
from geo.households.report import Report
from geo.raster import Raster, sum_under

KINDS = ("estate", "block", "census", "community")
"""Kinds of areas with totals, from the most local to the widest: the order in which they are shared out."""
TABLES = {"estate": "estates", "block": "blocks", "census": "census", "community": "communities"}
"""The table that holds each kind."""


@dataclass(frozen=True)
class Land:
    """The blocks, and the raster of people over them."""

    blocks: gpd.GeoDataFrame
    population: Raster | None

    @property
    def ids(self) -> Words:
        """The blocks' ids."""
        return np.asarray(self.blocks.index.to_numpy("object"))

    @property
    def shapes(self) -> Words:
        """The blocks' shapes."""
        return np.asarray(self.blocks.geometry.to_numpy())

    @property
    def measure(self) -> tuple[str, str]:
        """What shares out among land, in Chinese and English."""
        return ("面积", "area") if self.population is None else ("人口栅格", "the population raster")

    def people_under(self, shapes: Words) -> Floats:
        """Return the raster's people under each shape: NaN off the raster, or where there is none."""
        if self.population is None:
            return np.full(len(shapes), np.nan)
        return np.asarray(sum_under(self.population, gpd.GeoSeries(shapes, crs=self.blocks.crs)), dtype="float64")


@dataclass(frozen=True)
class Zones:
    """The areas of one kind that have a total, disjoint, in the order of their ids."""

    kind: str
    ids: Words
    shapes: Words
    given: dict[str, Floats]
    """households, people: as in the table, NaN where missing."""
    inside: Floats
    """Share of each area whose total is placed: 1, or the part inside the blocks."""

    def used(self, measure: str) -> Floats:
        """Return the totals to place: the part inside the study, in whole units; NaN for areas outside it."""
        part = np.where(self.inside < 1, rounded(self.given[measure] * self.inside), self.given[measure])
        return np.where(self.inside > 0, part, np.nan)

    @property
    def told(self) -> Flags:
        """Which areas have a total to place."""
        return ~np.isnan(self.used("households")) | ~np.isnan(self.used("people"))


@dataclass(frozen=True)
class Faces:
    """The land between all borders, in the order of block and areas."""

    shapes: Words
    area_m2: Floats
    block: Ints
    """The block's place in the table."""
    zone: dict[str, Ints]
    """By kind: the area's place among its `Zones`, -1 in none."""


# --- areas ----------------------------------------------------------------------------------------------------------


def read_zones(tables: Mapping[str, gpd.GeoDataFrame], land: Land, report: Report) -> dict[str, Zones]:
    """Return the areas by kind, from the most local to the widest; kinds that tell no total are left out."""
    zones = {}
    for kind in KINDS:
        frame = tables.get(TABLES[kind])
        if frame is None:
            continue
        counts = _totals(frame, kind)
        # communities without totals are kept: blocks want to know their community
        told = ~np.isnan(counts["households"]) | ~np.isnan(counts["people"]) | (kind == "community")
        if not told.any():
            continue
        shapes, ids = frame.geometry.to_numpy()[told], frame.index.to_numpy("object")[told]
        inside = np.ones(len(ids))
        if kind != "block":
            shapes = _disjoint(shapes, ids, kind, report)
            inside = _inside(shapes, land, report.options)
        zones[kind] = Zones(kind, ids, shapes, {m: c[told] for m, c in counts.items()}, inside)
        cut = (inside < 1) & zones[kind].told
        if cut.any():
            report.tell("area_partly_outside", TABLES[kind], ids[cut], how=land.measure)
    return zones


def _totals(frame: gpd.GeoDataFrame, kind: str) -> dict[str, Floats]:
    """Return households and people as given; of blocks only those that are not themselves the result of a placement."""
    counts = {m: frame[m].to_numpy("float64", na_value=np.nan) for m in ("households", "people")}
    if kind == "block":
        for measure, value in counts.items():
            value[~own(frame, f"{measure}_source", "block")] = np.nan
    return counts


def _disjoint(shapes: Words, ids: Words, kind: str, report: Report) -> Words:
    """Return the areas without the smaller ones that lie on them, so that a place is in one area of a kind."""
    area = shapely.area(shapes)
    size_order = np.lexsort((np.arange(len(ids)), area))
    place = np.empty(len(ids), dtype=np.int64)
    place[size_order] = np.arange(len(ids))
    large, small = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    pair = place[large] > place[small]
    large, small = large[pair], small[pair]
    common = shapely.area(shapely.intersection(shapes[large], shapes[small]))
    large, small, common = large[common > 1], small[common > 1], common[common > 1]
    out = shapes.copy()
    for zone in np.unique(large):
        out[zone] = shapely.difference(shapes[zone], shapely.union_all(shapes[small[large == zone]]))
    serious = common > 0.01 * area[small]
    if serious.any():
        pairs = [f"{ids[a]}/{ids[b]}" for a, b in zip(large[serious], small[serious], strict=True)]
        report.tell("areas_overlap", TABLES[kind], pairs)
    return out


def _inside(shapes: Words, land: Land, options: HouseholdOptions) -> Floats:
    """Return the share of each area that lies in the study: of its people by the raster, else of its land."""
    area, blocks = shapely.area(shapes), land.shapes
    zone, block = shapely.STRtree(blocks).query(shapes, predicate="intersects")
    covered = np.bincount(zone, shapely.area(shapely.intersection(shapes[zone], blocks[block])), len(shapes))
    share: Floats = np.divide(covered, area, out=np.zeros(len(shapes)), where=area > 0)
    partial = np.flatnonzero((share < options.whole_share) & (share > 0))
    if len(partial):
        inner = _polygonal(shapely.intersection(shapes[partial], _outline(blocks, options.nearest_m / 2)))
        share[partial] = shapely.area(inner) / area[partial]
        if land.population is not None:
            whole = land.people_under(shapes[partial])
            heard = whole > 0
            share[partial[heard]] = land.people_under(inner[heard]) / whole[heard]
    share[share >= options.whole_share] = 1
    return share


# --- faces ----------------------------------------------------------------------------------------------------------


def cut_faces(land: Land, zones: Mapping[str, Zones]) -> Faces:
    """Return the blocks cut along the borders of all areas."""
    pieces = land.shapes
    block = np.arange(len(pieces))
    member: dict[str, Ints] = {}
    for kind, areas in zones.items():
        if kind == "block":
            continue
        piece, zone, pieces = _overlay(pieces, areas.shapes)
        block = block[piece]
        member = {k: m[piece] for k, m in member.items()} | {kind: zone}
    if "block" in zones:
        member["block"] = lookup(zones["block"].ids, land.ids)[block]
    order = np.lexsort((*reversed(list(member.values())), block))
    shapes = pieces[order]
    return Faces(shapes, shapely.area(shapes), block[order], {kind: zone[order] for kind, zone in member.items()})


def _overlay(pieces: Words, zones: Words) -> tuple[Ints, Ints, Words]:
    """Return the pieces cut along the zones: index of the piece, of its zone (-1: in none), and the part."""
    piece, zone = shapely.STRtree(zones).query(pieces, predicate="intersects")
    part = _polygonal(shapely.intersection(pieces[piece], zones[zone]))
    solid = shapely.area(part) > 0.01
    piece, zone, part = piece[solid], zone[solid], part[solid]
    rest = shapely.area(pieces) - sums(shapely.area(part), piece, len(pieces))
    open_ = np.flatnonzero(rest > 0.01)
    touched = np.isin(open_, piece)
    left = pieces[open_].copy()
    by_piece = pd.Series(zone).groupby(piece).agg(list)
    left[touched] = _polygonal(
        np.array([shapely.difference(pieces[i], shapely.union_all(zones[by_piece[i]])) for i in open_[touched]],
                 dtype=object)
    )  # fmt: skip
    filled = shapely.area(left) > 0
    open_, left = open_[filled], left[filled]
    whole = np.setdiff1d(np.arange(len(pieces)), np.concatenate([piece, open_]))  # smaller than any tolerance
    return (
        np.concatenate([piece, open_, whole]),
        np.concatenate([zone, np.full(len(open_) + len(whole), -1)]),
        np.concatenate([part, left, pieces[whole]]),
    )


def _polygonal(shapes: Words) -> Words:
    """Return the shapes without the points and lines that an intersection may leave beside the areas."""
    out = shapes.copy()
    for i in np.flatnonzero(shapely.get_type_id(shapes) == shapely.GeometryType.GEOMETRYCOLLECTION):
        parts = shapely.get_parts(shapes[i])
        out[i] = shapely.union_all(parts[shapely.get_dimensions(parts) == 2])
    return out


def _outline(land: Words, reach: float) -> shapely.Geometry:
    """Return the study's land with the gaps between blocks closed, up to twice `reach` wide, and no holes."""
    closed = shapely.union_all(land)
    for step in (reach, -reach):
        closed = shapely.buffer(closed, step, join_style="mitre")
    return shapely.union_all(shapely.polygons(shapely.get_exterior_ring(shapely.get_parts(closed))))


# --- finding rows ---------------------------------------------------------------------------------------------------


def first_match(tree: shapely.STRtree, points: Words) -> Ints:
    """Return for each point the first area of the tree that holds it, or -1."""
    out = np.full(len(points), -1, dtype=np.int64)
    point, area = tree.query(points, predicate="intersects")
    order = np.lexsort((-area, point))  # the last to be written is the first in the order of ids
    out[point[order]] = area[order]
    return out


def lookup(ids: Words, wanted: Words) -> Ints:
    """Return where each wanted id stands in `ids`, or -1."""
    return np.asarray(pd.Index(ids.astype(str)).get_indexer(pd.Index(wanted.astype(str))), dtype=np.int64)


def own(frame: gpd.GeoDataFrame, column: str, source: str) -> Flags:
    """Return the rows whose numbers are the table's own rather than a result of an earlier placement."""
    if column not in frame.columns:
        return np.ones(len(frame), dtype=bool)
    said = frame[column]
    return np.asarray((said.isna() | (said == source)).to_numpy(), dtype=bool)
