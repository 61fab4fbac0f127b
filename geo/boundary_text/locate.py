"""From words to blocks: the land that four bounds mean on a study, found as the cheapest walk around it.

Whoever reads 东至A路,南至B路,西至C路,北至D路 with a finger on the map goes round clockwise: along D, down A, back along
B, up C, and across by the shortest way where a line ends before the next begins. `Ground.locate` does the same on the
graph of the seams: a closed walk through the lines in their order, along which the lines said are nearly free, anything
else costs its length, and a line walked against its side costs too.
"""

import difflib
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import product

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from geo.boundary_text.parse import Area, ParsedBounds
from geo.boundary_text.words import (
    CLOCKWISE,
    EXCLAVE,
    ISLAND,
    OUTER_BORDERS,
    PLOT,
    SIDES,
    TOWN_BORDER,
    UNNAMED,
    Bounds,
    Edge,
    Remark,
    Side,
    unit_name,
)

_TOWARDS: dict[Side, tuple[float, float]] = {
    "east": (1.0, 0.0), "south": (0.0, -1.0), "west": (-1.0, 0.0), "north": (0.0, 1.0)
}  # fmt: skip
_SAID = 0.01
"""What a metre along a line costs that the text names on this side: enough to prefer the shorter of two ways."""
_AGAINST = 0.5
"""What a metre costs more that runs straight against its side, as an east line walked on the land's west."""
_NEARLY = 0.05
"""A metre that fits the words but for the kind of line: a neighbour's border along a road the text leaves out."""
_VAGUE = 0.1
"""A metre of what has no name to be found by (地块边界)."""
_ELSEWHERE = 0.3
"""A metre of a line the text names on another stretch, or of the outline of the community the land is part of."""
_SIDE_STEP_M = 0.05
"""How far beside an arc its blocks are looked for, where their vertices do not tell."""
_NODE_M = 0.001
_LEVEL = 0.3
"""Sine of how far a line may lean against its side and still be walked again as one that was named."""
_DEEPENING = (60.0, 250.0, 1000.0, 4000.0, np.inf)
"""The search looks for walks of at most this cost first, so that most texts are found without a view of the town."""
_MOST_ORDERS = 24
"""Sides that step back may be joined in several orders; at most so many are tried."""
_SIMPLE = str.maketrans(
    "區鎮縣臺東號國門馬灣車場園莊橋鐵總體學業龍鳳廣華寶興義連環",
    "区镇县台东号国门马湾车场园庄桥铁总体学业龙凤广华宝兴义连环",
)
_ENDINGS = ("大道", "公路", "大街", "东路", "西路", "路", "街", "道", "巷", "河", "线", "江", "山")
_KINDS: dict[str, frozenset[str]] = {}
for _kind, (_zh, _en) in UNNAMED.items():
    for _word in (_zh, _en):
        _KINDS[_word] = _KINDS.get(_word, frozenset()) | {_kind}
_AREA_WORD = re.compile(r"(?:片区|区域|范围|一带|地块)$")
_BARE = frozenset({"border", "study_edge", "none"})


@dataclass(frozen=True)
class Located:
    """The land that a text means."""

    blocks: tuple[str, ...]
    """Block ids, sorted; empty when nothing of the text is on this study."""
    geometry: shapely.Geometry
    """Their union."""
    unsaid_m: float
    """Length of its outline that follows no line the text names [m]: the reader's own guess."""
    remarks: tuple[Remark, ...]
    """What could not be found, each with the nearest names there are."""


class Ground:
    """A study, ready for many texts to be read on it.

    Parameters
    ----------
    blocks, seams
        Tables of the study (`geo.schema`), one metric CRS.
    neighbours
        Block id → id of the community that holds it: what 马岗社区界 means. Only communities named in a text are
        looked at. Default: `blocks.community_id`.
    names
        Index: ids as in `neighbours`; columns name, name_en, kind.
    estates, places
        Land that notes (含X小区), landmarks, and lines that are no lines (北倚骆驼山) may name: any tables with name,
        name_en.
    outside
        What the study's outer edge is called besides 镇界, 区界 …
    """

    def __init__(
        self,
        blocks: gpd.GeoDataFrame,
        seams: gpd.GeoDataFrame,
        *,
        neighbours: pd.Series | None = None,
        names: pd.DataFrame | None = None,
        estates: gpd.GeoDataFrame | None = None,
        places: gpd.GeoDataFrame | None = None,
        outside: tuple[str, str] = TOWN_BORDER,
    ) -> None:
        seams = seams.sort_index()
        self.ids = [str(block) for block in blocks.index]
        self._shapes = blocks.geometry.to_numpy()
        self._place = place = {block: i for i, block in enumerate(self.ids)}
        if neighbours is None and "community_id" in blocks.columns:
            neighbours = blocks["community_id"]
        self._communities: dict[str, set[int]] = {}
        for block, unit in () if neighbours is None else neighbours.items():
            if str(block) in place and not pd.isna(unit):
                self._communities.setdefault(str(unit), set()).add(place[str(block)])
        self._units = _unit_names(self._communities, names)
        self._estates = self._land_of(places) | self._land_of(estates)
        self._outer = {*OUTER_BORDERS, *OUTER_BORDERS.values(), *outside}
        self.arcs = _arcs(seams, self._shapes, place)
        self._names = [_said(value) for value in seams["feature_name"]]
        english = seams["feature_name_en"] if "feature_name_en" in seams.columns else [None] * len(seams)
        self._english = [_said(value) for value in english]
        self._classes = np.array([str(kind) for kind in seams["feature_class"]], dtype=object)
        self._by_name = self._index_names()

    # ── names ────────────────────────────────────────────────────────────────────────────────────────────────────────
    def _land_of(self, estates: gpd.GeoDataFrame | None) -> dict[str, set[int]]:
        """Return name → the blocks that hold the inner points of the estates so called."""
        land: dict[str, set[int]] = {}
        if estates is None or len(estates) == 0:
            return land
        points = shapely.point_on_surface(estates.geometry.to_numpy())
        which, block = shapely.STRtree(self._shapes).query(points, predicate="intersects")
        english = estates["name_en"].tolist() if "name_en" in estates.columns else [None] * len(estates)
        for i, j in zip(which.tolist(), block.tolist(), strict=True):
            for name in (_said(estates["name"].iloc[i]), _said(english[i])):
                if name:
                    land.setdefault(name, set()).add(j)
        return land

    def _index_names(self) -> dict[str, NDArray[np.bool_]]:
        """Return name in either language → which seams carry it."""
        found: dict[str, list[int]] = {}
        for row, (zh, en, kind) in enumerate(zip(self._names, self._english, self._classes.tolist(), strict=True)):
            if kind not in _BARE:
                for name in {zh, en} - {""}:
                    found.setdefault(name, []).append(row)
        rows = {}
        for name, members in found.items():
            rows[name] = np.zeros(len(self._names), dtype=bool)
            rows[name][members] = True
        return rows

    def _matching(self, name: str, known: Collection[str]) -> str | None:
        """Return the one known name meant: the same, the same but for its script and spaces, or but for its ending."""
        if name in known:
            return name
        for alike in (_plain, _stem):
            same = [other for other in sorted(known) if alike(other) == alike(name)]
            if len(same) == 1:
                return same[0]
        return None

    def _line_of(self, edge: Edge) -> str | None:
        """Return the name the study gives a line; 凤翔大道北, when nothing is called so, is part of 凤翔大道."""
        if not edge.named:
            return None
        for name in (edge.name, edge.name_en, *edge.aliases):
            found = self._matching(name, self._by_name.keys())
            if found is not None:
                return found
        if self._land(edge.name) or self._land(edge.name_en):
            return None
        return max(
            (line for line in self._by_name if len(line) > 1 and edge.name.startswith(line)), key=len, default=None
        )

    def _community(self, name: str) -> str | None:
        found = self._matching(name, self._units)
        return None if found is None else self._units[found]

    # ── one line of a text ───────────────────────────────────────────────────────────────────────────────────────────
    def _line_costs(self, edge: Edge, within: set[int] | None) -> NDArray[np.float64] | None:
        """Return for every directed arc what a metre of it costs as this line (inf: it is not this line); or None."""
        arcs = self.arcs
        costs = np.full(len(arcs.row), np.inf)
        kinds = self._classes[arcs.row]
        bare = np.isin(kinds, list(_BARE))
        line_name = self._line_of(edge)
        if line_name is not None:
            return np.where(self._by_name[line_name][arcs.row], _SAID, np.inf)
        beyond = {i for zh, en in edge.beyond for i in self._blocks_of(zh) | self._blocks_of(en)}
        border = next((self._blocks_of(name) for name in _bordering(edge) if self._blocks_of(name)), set())
        if border:
            left = np.isin(arcs.left, list(border))
            costs[left] = np.where(bare[left], _SAID, _NEARLY)
            return costs
        line, outer = _line_and_border(edge)
        if {line, edge.name, edge.name_en} & self._outer:
            left = arcs.left < 0
            costs[left] = np.where(bare[left], _SAID, _NEARLY)
            return costs
        if line in _KINDS:
            unnamed = np.array([not name for name in self._names])[arcs.row]
            fits = unnamed & np.isin(kinds, list(_KINDS[line]))
            fits &= (arcs.left < 0) if outer in self._outer else (arcs.left >= 0)
            costs[fits] = _SAID
            if beyond:
                left = np.isin(arcs.left, list(beyond))
                costs[fits & ~left] = _ELSEWHERE
            return costs if fits.any() else None
        if line in PLOT:
            costs[bare & (arcs.left >= 0)] = _VAGUE
            if within is not None:
                costs[~np.isin(arcs.left, list(within))] = np.inf
            return costs
        land = self._land(edge.name) or self._land(edge.name_en)
        if land:
            costs[np.isin(arcs.left, list(land))] = _SAID
            return costs
        return None

    def _blocks_of(self, community: str) -> set[int]:
        unit = self._community(community)
        return set() if unit is None else self._communities[unit]

    def _strangers(self, bounds: Bounds) -> set[int]:
        """Return the blocks of every community that the text names as a neighbour: none of them is meant."""
        edges = [edge for side in SIDES for chain in bounds.side(side) for edge in chain]
        called = [name for edge in edges for name in _bordering(edge)]
        called += [name for edge in edges for pair in edge.beyond for name in pair]
        called += [edge.name for edge in edges if edge.named and not self._matching(edge.name, self._by_name.keys())]
        return {block for name in called for block in self._blocks_of(name)}

    # ── the walk ─────────────────────────────────────────────────────────────────────────────────────────────────────
    def locate(self, meant: Bounds | Area) -> Located:
        """Return the land that bounds, or whatever else an area is told by, mean on this study."""
        area = meant if isinstance(meant, Area) else Area(meant)
        bounds, remarks = area.bounds, []
        home = self._blocks_of(area.within) if area.within else None
        if area.within and not home:
            remarks.append(self._not_found(area.within, self._units))
            home = None
        costs: dict[tuple[Edge, Side], NDArray[np.float64]] = {}
        for side in SIDES:
            for edge in dict.fromkeys(edge for chain in bounds.side(side) for edge in chain):
                line = self._line_costs(edge, home)
                if line is None or not np.isfinite(line).any():
                    remarks.append(self._not_found(edge.name, [*self._by_name, *self._units, *self._estates]))
                    continue
                costs[edge, side] = line
                used = self._line_of(edge)
                if used is not None and _plain(used) not in map(_plain, (edge.name, edge.name_en, *edge.aliases)):
                    remarks.append(_read_as(edge.name, used))
        walked = self._walk(bounds, costs, home)
        chosen, unsaid_m = (set[int](), 0.0) if walked is None else walked
        if not costs:
            chosen |= self._told_by_name(area, remarks)
        elif area.limits:
            remarks += [_unused(edge.name) for edge in area.limits]
        remarks += [_unused(door) for door in area.doors]
        for note in bounds.notes:
            land = self._land(note.name) or self._land(note.name_en)
            if note.bounds is not None:
                inner = self.locate(Area(note.bounds, within=area.within))
                land = {self._place[block] for block in inner.blocks}
                remarks += inner.remarks
            if not land:
                remarks.append(self._not_found(note.name, [*self._units, *self._estates]))
            elif note.included:
                chosen |= land
            else:
                chosen -= land
        members = sorted(chosen)
        union = shapely.normalize(shapely.coverage_union_all(self._shapes[members])) if members else shapely.Polygon()
        told = (*dict.fromkeys(remarks), *_between_nothing(costs, members))
        return Located(tuple(sorted(self.ids[i] for i in members)), union, unsaid_m, told)

    def _told_by_name(self, area: Area, remarks: list[Remark]) -> set[int]:
        """Return the land between landmarks, or of the community or estate that is only called by its name."""
        found: set[int] = set()
        for name in area.landmarks or ((area.name,) if area.name else ()):
            land = self._land(name) or self._land(_AREA_WORD.sub("", name))
            found |= land
            if not land:
                remarks.append(self._not_found(name, [*self._units, *self._estates]))
        if not area.landmarks or not found:
            return found
        remarks.append(Remark("—".join(area.landmarks), 0, "按各地标之间的地块理解,边界待核",
                              "read as the blocks between these places; its border is to be checked"))  # fmt: skip
        around = shapely.union_all(shapely.point_on_surface(self._shapes[sorted(found)])).convex_hull
        inner = shapely.intersects(shapely.point_on_surface(self._shapes), around)
        return found | set(np.flatnonzero(inner).tolist())

    def _walk(
        self, bounds: Bounds, costs: dict[tuple[Edge, Side], NDArray[np.float64]], home: set[int] | None
    ) -> tuple[set[int], float] | None:
        if not costs:
            return None
        arcs = self.arcs
        strangers = self._strangers(bounds)
        allowed = (arcs.right >= 0) & ~np.isin(arcs.right, list(strangers))
        if home is not None:
            allowed &= np.isin(arcs.right, list(home))
        named = np.min(np.vstack(list(costs.values())), axis=0)
        partial = len({side for _, side in costs}) < len(SIDES)
        edge_m = _NEARLY if partial else _ELSEWHERE  # a side that is not told is the community's or the study's edge
        elsewhere = np.ones(len(arcs.row))
        if home is not None:
            elsewhere[~np.isin(arcs.left, list(home))] = edge_m
        elif partial:
            elsewhere[arcs.left < 0] = edge_m
        steps = {}
        for (edge, side), line in costs.items():
            against = np.maximum(0.0, -arcs.outward @ np.array(_TOWARDS[side]))
            no_way_back = partial & (against > _LEVEL)  # or the cheapest ring is out and home again on one line
            steps[edge, side] = np.where(allowed & ~no_way_back, line + _AGAINST * against, np.inf) * arcs.length
            again = np.isfinite(line) & (against <= _LEVEL)
            elsewhere[again] = np.minimum(elsewhere[again], _ELSEWHERE)
            elsewhere[np.isfinite(line) & no_way_back] = np.inf
        other = np.where(allowed, elsewhere, np.inf) * arcs.length
        best: tuple[float, list[int]] | None = None
        for order in _orders(bounds, set(costs)):
            found = arcs.cheapest_ring([steps[key] for key in order], other, np.inf if best is None else best[0])
            if found is not None and (best is None or found[0] < best[0] - 1e-6):
                best = found
        if best is None:
            return None
        walked = np.array(best[1], dtype=np.int64)
        unsaid = walked[~np.isfinite(named[walked])]
        return arcs.enclosed(walked, len(self.ids)), float(arcs.length[unsaid].sum())

    def _land(self, name: str) -> set[int]:
        """Return the blocks of the estate, place, community or block of that name; none where nothing is called so."""
        estate = self._matching(name, self._estates.keys())
        if estate is not None:
            return self._estates[estate]
        return self._blocks_of(name) or ({self._place[name]} if name in self._place else set())

    def _not_found(self, name: str, known: Iterable[str]) -> Remark:
        if name in (*EXCLAVE, *ISLAND):
            return Remark(name, 0, f"“{name}”没有名称,无法定位", f"{name!r} has no name to be found by")
        near = difflib.get_close_matches(name, sorted(set(known)), n=3, cutoff=0.5)
        zh = f",相近的有{'、'.join(near)}" if near else ""
        en = f"; near it: {', '.join(near)}" if near else ""
        return Remark(name, 0, f"本区域内没有“{name}”{zh}", f"there is no {name!r} on this study{en}")


def locate_bounds(
    parsed: ParsedBounds | Area | Bounds,
    blocks: gpd.GeoDataFrame,
    seams: gpd.GeoDataFrame,
    *,
    neighbours: pd.Series | None = None,
    names: pd.DataFrame | None = None,
    estates: gpd.GeoDataFrame | None = None,
    places: gpd.GeoDataFrame | None = None,
    outside: tuple[str, str] = TOWN_BORDER,
) -> Located:
    """Return the land that a text means on a study, and what of the text was not found there.

    Parameters
    ----------
    parsed
        A text understood (its `land` is looked for), an area of one of its actions, or bounds.
    blocks, seams, neighbours, names, estates, places, outside
        As in `Ground`; make one of these to read many texts.

    Returns
    -------
    Located

    Examples
    --------
    >>> from shapely import LineString, box
    >>> from geo.boundary_text import parse_bounds
    >>> blocks = gpd.GeoDataFrame(index=["b1", "b2"], geometry=[box(0, 0, 9, 9), box(9, 0, 18, 9)], crs=32650)
    >>> lines = {"甲路": [(0, 9), (0, 0)], "乙路": [(0, 0), (9, 0)], "中街": [(9, 0), (9, 9)], "丁路": [(9, 9), (0, 9)],
    ...          "丙路": [(9, 0), (18, 0), (18, 9), (9, 9)]}
    >>> seams = gpd.GeoDataFrame(
    ...     {"block_a": ["b1", "b1", "b1", "b1", "b2"], "block_b": ["outside", "outside", "b2", "outside", "outside"],
    ...      "feature_class": "residential", "feature_name": list(lines)},
    ...     geometry=[LineString(points) for points in lines.values()], crs=32650)
    >>> locate_bounds(parse_bounds("东至中街,南至乙路,西至甲路,北至丁路"), blocks, seams).blocks
    ('b1',)
    >>> found = locate_bounds(parse_bounds("中街以西、乙路以北、甲路以东、丁路以南(含戊园)"), blocks, seams)
    >>> found.blocks, [remark.fragment for remark in found.remarks]
    (('b1',), ['戊园'])
    """
    ground = Ground(blocks, seams, neighbours=neighbours, names=names, estates=estates, places=places, outside=outside)
    located = ground.locate(parsed.land if isinstance(parsed, ParsedBounds) else parsed)
    if isinstance(parsed, ParsedBounds):
        return Located(located.blocks, located.geometry, located.unsaid_m, (*parsed.remarks, *located.remarks))
    return located


# ── the graph of the seams ───────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class _Arcs:
    """The seams as directed arcs between junctions, both ways; arc i and i + half are the same line."""

    tail: NDArray[np.int64]
    head: NDArray[np.int64]
    left: NDArray[np.int64]
    """Block on the left, -1 outside."""
    right: NDArray[np.int64]
    length: NDArray[np.float64]
    outward: NDArray[np.float64]
    """Unit vector to the left of the arc's chord: away from land that is walked round clockwise."""
    row: NDArray[np.int64]
    """Seam, by position."""
    nodes: int

    def cheapest_ring(
        self, steps: Sequence[NDArray[np.float64]], other: NDArray[np.float64], limit: float
    ) -> tuple[float, list[int]] | None:
        """Return the cost and the arcs of the cheapest closed walk that uses an arc of every step, in order.

        The graph has a layer per step: a layer is entered by an arc of its line, and left by one of the next.
        """
        reach = [np.unique(self.tail[np.isfinite(step)]) for step in steps]
        if any(len(tails) == 0 for tails in reach):
            return None
        first = min(range(len(steps)), key=lambda i: (len(reach[i]), i))
        steps = [*steps[first:], *steps[:first]]
        n, layers = self.nodes, len(steps)
        rows, columns, weights, ids = [], [], [], []
        for layer, step in enumerate(steps, start=1):
            into = np.flatnonzero(np.isfinite(step))
            along = np.flatnonzero(np.isfinite(np.minimum(step, other)))
            rows += [(layer - 1) * n + self.tail[into], layer * n + self.tail[along]]
            columns += [layer * n + self.head[into], layer * n + self.head[along]]
            weights += [step[into], np.minimum(step, other)[along]]
            ids += [into, along]
        size = (layers + 1) * n
        row, column, weight, arc = map(np.concatenate, (rows, columns, weights, ids))
        key = row * size + column
        order = np.lexsort((arc, weight, key))
        order = order[np.unique(key[order], return_index=True)[1]]
        row, column, weight, arc, key = row[order], column[order], weight[order], arc[order], key[order]
        starts = np.searchsorted(row, np.arange(size + 1))
        graph = csr_array((weight + 1e-9, column, starts), shape=(size, size))
        origin = reach[first]
        for depth in _DEEPENING:
            bound = min(depth, limit)
            far, before = dijkstra(graph, indices=origin, return_predecessors=True, limit=bound)
            ends = far[np.arange(len(origin)), layers * n + origin]
            i = int(np.argmin(np.round(ends, 6)))
            if np.isfinite(ends[i]):
                node, path = int(layers * n + origin[i]), []
                while node != origin[i]:
                    previous = int(before[i, node])
                    path.append(int(arc[np.searchsorted(key, previous * size + node)]))
                    node = previous
                return float(ends[i]), path[::-1]
            if bound >= limit:
                return None
        return None

    def enclosed(self, walked: NDArray[np.int64], blocks: int) -> set[int]:
        """Return the blocks that a closed walk has on its right, once or more."""
        half = len(self.row) // 2
        turns = np.zeros(half, dtype=np.int64)
        np.add.at(turns, walked % half, np.where(walked < half, 1, -1))
        beside: list[list[tuple[int, int]]] = [[] for _ in range(blocks + 1)]  # the last is the outside
        for i, turn in enumerate(turns.tolist()):
            left, right = int(self.left[i]) % (blocks + 1), int(self.right[i]) % (blocks + 1)
            beside[left].append((right, turn))
            beside[right].append((left, -turn))
        level = {blocks: 0}
        stack = [blocks]
        while stack:
            here = stack.pop()
            for there, rise in beside[here]:
                if there not in level:
                    level[there] = level[here] + rise
                    stack.append(there)
        return {block for block, height in level.items() if height > 0 and block < blocks}


def _arcs(seams: gpd.GeoDataFrame, shapes: NDArray[np.object_], place: dict[str, int]) -> _Arcs:
    parts, row = shapely.get_parts(shapely.line_merge(seams.geometry.to_numpy()), return_index=True)
    a = np.array([place.get(str(block), -1) for block in seams["block_a"]], dtype=np.int64)[row]
    b = np.array([place.get(str(block), -1) for block in seams["block_b"]], dtype=np.int64)[row]
    ends = np.array([shapely.get_coordinates(shapely.get_point(parts, i)) for i in (0, -1)])
    nodes, node = np.unique(np.rint(ends.reshape(-1, 2) / _NODE_M), axis=0, return_inverse=True)
    start, end = node.reshape(2, -1)
    lengths = shapely.length(parts)
    left_is_a = _has_on_its_left(parts, shapes[a])
    left, right = np.where(left_is_a, a, b), np.where(left_is_a, b, a)
    chord = ends[1] - ends[0]
    width = np.hypot(*chord.T)
    unit = np.divide(chord, width[:, None], out=np.zeros_like(chord), where=width[:, None] > 0)
    outward = np.column_stack([-unit[:, 1], unit[:, 0]])
    return _Arcs(
        tail=np.concatenate([start, end]), head=np.concatenate([end, start]),
        left=np.concatenate([left, right]), right=np.concatenate([right, left]),
        length=np.tile(lengths, 2), outward=np.vstack([outward, -outward]), row=np.tile(row, 2), nodes=len(nodes),
    )  # fmt: skip


def _has_on_its_left(lines: NDArray[np.object_], areas: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Return whether each area lies to the left of its line, looked at beside the middle of the longest segment."""
    points, line = shapely.get_coordinates(lines, return_index=True)
    segment = np.flatnonzero(line[1:] == line[:-1])
    vector = points[segment + 1] - points[segment]
    size = np.hypot(*vector.T)
    order = np.lexsort((-size, line[segment]))
    longest = order[np.searchsorted(line[segment][order], np.arange(len(lines)))]
    middle = (points[segment[longest]] + points[segment[longest] + 1]) / 2
    aside = np.column_stack([-vector[longest, 1], vector[longest, 0]]) / size[longest, None]
    return np.asarray(shapely.contains_xy(areas, *(middle + _SIDE_STEP_M * aside).T))


# ── orders ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def _orders(bounds: Bounds, known: set[tuple[Edge, Side]]) -> list[list[tuple[Edge, Side]]]:
    """Return the orders in which the lines may follow each other clockwise.

    A side told in several chains steps back: at which of its two corners, the text leaves open. At a corner the
    chains of its two sides take turns, as the treads and risers of a stair do.
    """
    sides = []
    for side in CLOCKWISE:
        chains = [[(edge, side) for edge in chain if (edge, side) in known] for chain in bounds.side(side)]
        chains = [chain for chain in chains if chain]
        if side in ("south", "west"):  # clockwise is east to west in the south, and south to north in the west
            chains = [chain[::-1] for chain in chains[::-1]]
        sides.append(chains)
    orders = []
    for main in product(*(range(max(1, len(chains))) for chains in sides)):
        walk: list[tuple[Edge, Side]] = []
        for i, chains in enumerate(sides):
            walk += chains[main[i]] if chains else []
            after, following = chains[main[i] + 1 :], sides[(i + 1) % len(sides)]
            ahead = following[: main[(i + 1) % len(sides)]]
            for j in range(max(len(after), len(ahead))):
                walk += (ahead[j] if j < len(ahead) else []) + (after[j] if j < len(after) else [])
        orders.append(walk)
    unique = list(dict.fromkeys(map(tuple, orders)))
    return [list(order) for order in unique[:_MOST_ORDERS]]


# ── small things ─────────────────────────────────────────────────────────────────────────────────────────────────────
def _unit_names(communities: Iterable[str], names: pd.DataFrame | None) -> dict[str, str]:
    """Return every name a community may be called by → its id; a name that two communities bear is left out."""
    called: dict[str, set[str]] = {}
    rows = (
        {} if names is None else {str(row["_id"]): row for row in names.reset_index(names=["_id"]).to_dict("records")}
    )
    for identity in communities:
        row = rows.get(identity, {})
        zh = _said(row.get("name")) or identity
        said = unit_name(zh, _said(row.get("kind")) or "community")
        for name in (identity, zh, said, _said(row.get("name_en"))):
            if name:
                called.setdefault(name, set()).add(identity)
    return {name: next(iter(ids)) for name, ids in called.items() if len(ids) == 1}


def _bordering(edge: Edge) -> list[str]:
    """Return the community whose border an edge is (马岗社区界), in either language."""
    found = []
    if not edge.named:
        found += [edge.name.removesuffix("界")] if edge.name.endswith("界") else []
        found += [edge.name_en.removeprefix("the border of ")] if edge.name_en.startswith("the border of ") else []
    return found


def _line_and_border(edge: Edge) -> tuple[str, str]:
    """Return 铁路线 and 镇界 of 铁路线(镇界)."""
    line, _, rest = (edge.name if edge.name.endswith(")") else edge.name_en).partition("(")
    return (line.strip(), rest.removesuffix(")")) if rest else (edge.name, "")


def _plain(name: str) -> str:
    return "".join(name.translate(_SIMPLE).casefold().rstrip(".").split())


def _stem(name: str) -> str:
    plain = _plain(name)
    ending = next((ending for ending in _ENDINGS if plain.endswith(ending)), "")
    return plain.removesuffix(ending) if len(plain) > len(ending) + 1 else plain


def _read_as(name: str, used: str) -> Remark:
    return Remark(name, 0, f"“{name}”按“{used}”理解", f"{name!r} is read as {used!r}")


def _unused(name: str) -> Remark:
    return Remark(name, 0, f"“{name}”未用于定位", f"{name!r} was not used to find the land")


def _said(value: object) -> str:
    return "" if value is None or value is pd.NA or value != value else str(value).strip()  # noqa: PLR0124 - NaN


def _between_nothing(costs: Iterable[tuple[Edge, Side]], members: list[int]) -> list[Remark]:
    """Return what to say when every line was found and no land lies between them."""
    lines = "、".join(dict.fromkeys(edge.name for edge, _ in costs))
    if members or not lines:
        return []
    return [Remark(lines, 0, "各线都能找到,但没有地块按文中所说的方位处在它们之间,请核对方位是否写反",
                   "no land lies between these lines on the sides that the text says: check the sides")]  # fmt: skip
