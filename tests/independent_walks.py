"""Walks counted a second time: docs/network.md in plain Python, edge by edge, with shapely and networkx only.

Nothing here is fast, and nothing is shared with the product: it reads the same tables, and says how far people walk.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import shapely
from shapely import LineString, Point
from shapely.ops import substring

FOOT = {"footway", "path", "steps", "corridor", "pedestrian", "bridleway", "cycleway"}
NEVER = {"motorway", "motorway_link", "busway", "construction", "proposed"}
WIDE = {"trunk", "trunk_link", "primary", "primary_link"}
CROSSED_AT = {"trunk", "primary", "secondary", "tertiary"}
PUBLIC = {"motorway", "motorway_link", "secondary", "secondary_link", "tertiary", "tertiary_link"} | WIDE
SHUT = {"river", "canal", "railway", "wall", "cliff", "water"}
WET = {"river", "canal", "stream", "drain", "water"}
NODE_M, GAP_M, GATE_M, CROSSING_M, JOIN_M, ENTRANCE_M, STEP_M = 0.1, 1.5, 20.0, 15.0, 500.0, 15.0, 20.0
FRONT_M, FRONT_WAY_M = 10.0, 30.0
PACE = {"adult": (70.0, 0.5), "elder": (50.0, 0.35), "child": (60.0, 0.5)}


@dataclass
class Edge:
    """A piece of way between two nodes."""

    a: object
    b: object
    line: LineString
    road: str
    kind: str
    over: bool = False
    estate: str | None = None
    side: int = 0
    yard: bool = False
    minutes: dict[str, tuple[float, float]] = field(default_factory=dict)


def truth(row: pd.Series, name: str) -> bool | None:
    """Return yes, no, or None where the table does not say."""
    value = row.get(name)
    return None if value is None or pd.isna(value) else bool(value)


def lines_of(shape: shapely.Geometry) -> list[LineString]:
    """Return the single lines of a shape, flat."""
    return [part for part in shapely.get_parts(shapely.force_2d(shape)) if part.length > 0]


class Town:
    """Ways, walls, closed estates: everything one needs to say how far it is on foot."""

    def __init__(
        self, roads: gpd.GeoDataFrame, *, barriers: gpd.GeoDataFrame | None = None,
        estates: gpd.GeoDataFrame | None = None, passages: gpd.GeoDataFrame | None = None,
        facilities: gpd.GeoDataFrame | None = None, height: object = None,
    ) -> None:  # fmt: skip
        """Build the ways in the order the rules are told."""
        self.fresh = 0
        self.height = height
        self.xy: dict[object, tuple[float, float]] = {}
        self.walls: list[shapely.Geometry] = []
        self.estates: dict[str, shapely.Geometry] = {}
        through: dict[str, list[Point]] = {"gate": [], "crossing": [], "level_crossing": []}
        for table, column in ((passages, "kind"), (facilities, "category")):
            if table is not None:
                for what, shape in zip(table[column], table.geometry, strict=True):
                    if what in through and (column == "kind" or what == "gate"):
                        through[what].append(shape.centroid)
        self.edges = self._noded(roads)
        if barriers is not None:
            self._barriers(barriers, through["gate"])
        if estates is not None:
            self._estates(estates, through["gate"])
        self._drop_stubs()
        self._arterials(through["crossing"])
        self._times()
        self._ranked()
        self.walls += [edge.line for edge in self.edges if edge.side == 1 and not edge.over]
        self.walls = [part for wall in self.walls for part in shapely.get_parts(wall)]
        self.wall_tree = shapely.STRtree(self.walls)
        self.tree = shapely.STRtree([edge.line for edge in self.edges])

    # ── nodes ──
    def new(self, xy: tuple[float, float]) -> int:
        """Return a node of its own."""
        self.fresh += 1
        self.xy[self.fresh] = xy
        return self.fresh

    def _noded(self, roads: gpd.GeoDataFrame) -> list[Edge]:
        """Put nodes where lines meet."""
        lines, of, key, kind, over = [], [], [], [], []
        for road, row in roads.sort_index().iterrows():
            walkable = truth(row, "walkable")
            if walkable is False or (walkable is None and row["road_class"] in NEVER) or row.geometry is None:
                continue
            level = row.get("level")
            stack = (0 if level is None or pd.isna(level) else int(level), bool(truth(row, "bridge")),
                     bool(truth(row, "tunnel")))  # fmt: skip
            for line in lines_of(row.geometry):
                lines.append(line)
                of.append(str(road))
                key.append(stack)
                kind.append(str(row["road_class"]))
                over.append(stack != (0, False, False))
        spots: list[list[tuple[float, Point, bool]]] = [
            [(0.0, Point(line.coords[0]), True), (line.length, Point(line.coords[-1]), True)] for line in lines
        ]
        tree = shapely.STRtree(lines)
        one, other = tree.query(lines, predicate="dwithin", distance=GAP_M)
        near = defaultdict(list)
        for i, j in zip(one.tolist(), other.tolist(), strict=True):
            if i < j and key[i] == key[j]:
                for point in _meetings(lines[i], lines[j]):
                    spots[i].append((lines[i].project(point), point, False))
                    spots[j].append((lines[j].project(point), point, False))
            if i != j:
                near[i].append(j)
        for i, line in enumerate(lines):
            for x in _self_meetings(line):
                spots[i] += [(at, x, False) for at in _passes(line, x)]
            for point in (Point(line.coords[0]), Point(line.coords[-1])):
                for j in near[i]:
                    if lines[j].distance(point) <= NODE_M:
                        corner = min(map(Point, lines[j].coords), key=point.distance)
                        spots[j].append((lines[j].project(point), point, False))
                        if corner.distance(point) <= NODE_M:
                            spots[j].append((lines[j].project(corner), corner, False))
        self._lead_on(lines, key, near, spots)
        return self._pieces(lines, spots, (of, key, kind, over))

    def _lead_on(self, lines: list[LineString], key: list, near: dict, spots: list) -> None:
        """Lead loose ends on to a line of their level that is near."""
        for i in range(len(lines)):
            for last in (0, -1):
                end = Point(lines[i].coords[last])
                if any(lines[j].distance(end) <= NODE_M for j in near[i]):
                    continue
                if any(not is_end and p.distance(end) <= 1e-3 for _, p, is_end in spots[i]):
                    continue
                found = [(lines[j].distance(end), j) for j in near[i] if key[j] == key[i]]
                found = [each for each in found if each[0] <= GAP_M]
                if found:
                    _, j = min(found)
                    target = lines[j].interpolate(lines[j].project(end))
                    spots[j].append((lines[j].project(target), target, False))
                    coords = list(lines[i].coords)
                    coords[last] = target.coords[0]
                    lines[i] = LineString(coords)
                    # places along the line move with its end
                    spots[i] = [(lines[i].project(p), p, False) for _, p, is_end in spots[i] if not is_end]
                    spots[i] += [(0.0, Point(coords[0]), True), (lines[i].length, Point(coords[-1]), True)]

    def _pieces(self, lines: list[LineString], spots: list, told: tuple[list, list, list, list]) -> list[Edge]:
        of, key, kind, over = told
        flat = [(i, at, p, is_end) for i, each in enumerate(spots) for at, p, is_end in each]
        place = _places([(p.x, p.y) for _, _, p, _ in flat], [is_end for *_, is_end in flat])
        ends, passing = defaultdict(set), defaultdict(set)
        flat = [(i, at, p, is_end or not 1e-9 <= at <= lines[i].length - 1e-9) for i, at, p, is_end in flat]
        for (i, _, _, is_end), n in zip(flat, place, strict=True):
            (ends if is_end else passing)[n].add(key[i])
        node: dict[tuple[int, float], object] = {}
        for (i, at, p, is_end), n in zip(flat, place, strict=True):
            # an end meets what passes on its own level; if nothing does, whatever passes
            meets = is_end or (bool(ends[n]) and (key[i] in ends[n] or not (ends[n] & passing[n])))
            name = (n, "end") if meets else (n, key[i])
            node[i, at] = name
            # of spots that are one place the westernmost stands for all
            self.xy[name] = min(self.xy.get(name, (math.inf, 0.0)), (p.x, p.y))
        edges = []
        for i, line in enumerate(lines):
            stops = sorted({at: node[j, at] for j, at in ((i, s[0]) for s in spots[i])}.items())
            kept = [stops[0]]
            for at, name in stops[1:]:
                if name == kept[-1][1] and at - kept[-1][0] <= 2 * NODE_M:
                    continue
                kept.append((at, name))
            for (low, a), (high, b) in pairwise(kept):
                edges.append(Edge(a, b, self._ended(substring(line, low, high), a, b), of[i], kind[i], over[i]))
        return edges

    def _ended(self, line: LineString, a: object, b: object) -> LineString:
        """Return the line from node to node."""
        return LineString([self.xy[a], *line.coords[1:-1], self.xy[b]])

    def cut(self, edge: Edge, alongs: Iterable[float], near_m: float = 0.01) -> list[Edge]:
        """Return an edge in pieces, with nodes at places along it."""
        stops, nodes = [0.0], [edge.a]
        for at in sorted(alongs):
            if near_m < at < edge.line.length - near_m and at - stops[-1] > near_m:
                point = edge.line.interpolate(at)
                stops.append(at)
                nodes.append(self.new((point.x, point.y)))
        stops.append(edge.line.length)
        nodes.append(edge.b)
        return [
            replace(edge, a=nodes[k], b=nodes[k + 1],
                    line=self._ended(substring(edge.line, stops[k], stops[k + 1]), nodes[k], nodes[k + 1]))
            for k in range(len(nodes) - 1)
        ]  # fmt: skip

    # ── rivers, walls ──
    def _barriers(self, table: gpd.GeoDataFrame, gates: list[Point]) -> None:
        """Cut what does not get across."""
        lines, areas = [], []
        for _, row in table.sort_index().iterrows():
            crossable = truth(row, "crossable")
            if row.geometry is None or truth(row, "tunnel") or not (
                crossable is False or (crossable is None and row["kind"] in SHUT)
            ):  # fmt: skip
                continue
            for part in shapely.get_parts(shapely.force_2d(row.geometry)):
                (areas if part.geom_type == "Polygon" else lines).append((row["kind"], part))
        for kind, area in areas:
            if kind != "railway":
                self._over_area(kind, area, gates)
        for kind, line in lines:
            if kind != "railway":
                self._through(kind, line, gates)
        self.walls += [line for _, line in lines] + [area.boundary for _, area in areas]

    def _over_area(self, kind: str, area: shapely.Polygon, gates: list[Point]) -> None:
        inside, kept = [], []
        for edge in self._split_at([area.boundary], lambda edge: not edge.over):
            deep = not edge.over and area.contains_properly(edge.line.interpolate(0.5, normalized=True))
            (inside if deep else kept).append(edge)
        for stretch in _stretches(inside):
            along = _runs_along(stretch, area.boundary)
            for edge in stretch:
                gate = any(Point(self.xy[edge.a]).distance(gate) <= GATE_M for gate in gates)
                if along or gate:
                    kept.append(edge)
                elif kind in WET and edge.kind not in FOOT:
                    kept.append(replace(edge, over=True))
        self.edges = kept

    def _through(self, kind: str, wall: LineString, gates: list[Point]) -> None:
        def passes(edge: Edge, point: Point) -> bool:
            wet = kind in WET and edge.kind not in FOOT
            stair = kind == "cliff" and edge.kind == "steps"
            return edge.over or wet or stair or any(gate.distance(point) <= GATE_M for gate in gates)

        kept = []
        for edge in self.edges:
            met = [] if edge.over or not edge.line.intersects(wall) else [
                p for p in _points(edge.line.intersection(wall)) if not passes(edge, p)
            ]  # fmt: skip
            kept += self.cut(edge, [edge.line.project(p) for p in met]) if met else [edge]
        self.edges = kept
        # the two sides of the wall at a node on it are two nodes
        at = defaultdict(list)
        for edge in self.edges:
            for is_b, n in enumerate((edge.a, edge.b)):
                at[n].append((edge, is_b))
        for n, met in at.items():
            here = Point(self.xy[n])
            if here.distance(wall) > 0.01 or any(passes(edge, here) for edge, _ in met):
                continue
            along = wall.project(here)
            if not wall.is_ring and not 0.01 < along < wall.length - 0.01:
                continue
            p, q = (wall.interpolate(x % wall.length if wall.is_ring else min(max(x, 0), wall.length))
                    for x in (along - 0.5, along + 0.5))  # fmt: skip
            right = []
            for edge, is_b in met:
                look = min(0.5, edge.line.length / 2)
                x = edge.line.interpolate(edge.line.length - look if is_b else look)
                right.append((q.x - p.x) * (x.y - p.y) - (q.y - p.y) * (x.x - p.x) < 0)
            if any(right) and not all(right):
                other = self.new(self.xy[n])
                for (edge, is_b), beyond in zip(met, right, strict=True):
                    if beyond:
                        setattr(edge, "b" if is_b else "a", other)

    def _split_at(self, walls: list[shapely.Geometry], wanted: object) -> list[Edge]:
        """Cut edges where they meet lines; where they run on them, at both ends of that stretch."""
        tree = shapely.STRtree(walls)
        edges = []
        for edge in self.edges:
            near = tree.query(edge.line, predicate="intersects") if wanted(edge) else []
            points = [p for w in near for p in _points(edge.line.intersection(walls[w]))]
            edges += self.cut(edge, [edge.line.project(p) for p in points]) if points else [edge]
        return edges

    # ── estates ──
    def _estates(self, table: gpd.GeoDataFrame, gates: list[Point]) -> None:
        """Leave closed estates through their gates only."""
        closed = {str(name): shapely.force_2d(row.geometry) for name, row in table.sort_index().iterrows()
                  if truth(row, "closed")}  # fmt: skip
        doors = defaultdict(list)
        for gate in gates:
            away = {name: shape.boundary.distance(gate) for name, shape in closed.items()}
            for name, m in away.items():
                if m <= GATE_M and m <= min(away.values()) + 0.5:
                    doors[name].append(gate)
        self.estates = {name: shape for name, shape in closed.items() if name in doors}
        outlines = {name: shape.boundary for name, shape in self.estates.items()}
        if not outlines:
            return
        self.edges = self._split_at(list(outlines.values()), lambda edge: not edge.over)
        for name, shape in reversed(self.estates.items()):  # where outlines overlap, the first keeps it
            shapely.prepare(shape)
            inside = [edge for edge in self.edges if not edge.over and edge.kind not in PUBLIC
                      and shape.contains_properly(edge.line.interpolate(0.5, normalized=True))]  # fmt: skip
            for stretch in _stretches(inside):
                if not _runs_along(stretch, outlines[name]):
                    for edge in stretch:
                        edge.estate = name
        passed = self._shut(doors)
        for name, own in doors.items():
            for gate in own:
                if not any(gate.distance(Point(self.xy[n])) <= GATE_M for n in passed[name]):
                    self._link(name, gate, outlines)
        self.walls += list(outlines.values())

    def _shut(self, doors: dict[str, list[Point]]) -> dict[str, set]:
        """Give what is inside nodes of its own away from gates; return the nodes at gates."""
        at = defaultdict(list)
        for edge in self.edges:
            at[edge.a].append((edge, "a"))
            at[edge.b].append((edge, "b"))
        open_at = defaultdict(set)
        for n, met in at.items():
            lies = {edge.estate for edge, _ in met}
            for name in lies - {None} if len(lies) > 1 else ():
                if any(gate.distance(Point(self.xy[n])) <= GATE_M for gate in doors[name]):
                    open_at[name].add(n)
                    continue
                own = self.new(self.xy[n])
                for edge, end in met:
                    if edge.estate == name:
                        setattr(edge, end, own)
        return open_at

    def _link(self, name: str, gate: Point, outlines: dict[str, shapely.Geometry]) -> None:
        """Lead a gate that no way passes to the nearest street and to the nearest way inside."""
        outside = sorted((edge.line.distance(gate), k) for k, edge in enumerate(self.edges)
                         if edge.estate is None and not edge.over and not edge.yard)  # fmt: skip
        walls = [*self.walls, *(line for other, line in outlines.items() if other != name)]
        street = None
        for away, k in outside[:12]:
            if away > JOIN_M:
                break
            edge = self.edges[k]
            target = edge.line.interpolate(edge.line.project(gate))
            line = LineString([gate, target])
            own = [p for p in shapely.get_parts(line.intersection(outlines[name])) if p.distance(gate) > 1.0]
            if not any(line.crosses(wall) for wall in walls) and len(own) <= (outlines[name].distance(gate) > 1.0):
                street = edge
                break
        if street is None:
            return
        inner = [edge for edge in self.edges if edge.estate == name and not edge.yard]
        way = min(inner, key=lambda edge: edge.line.distance(gate), default=None)
        middle = self.new((gate.x, gate.y))
        for edge in (street, way):
            if edge is None:
                end = (name, "yard")
                self.xy[end] = self.estates[name].point_on_surface().coords[0]
            else:
                at = edge.line.project(gate)
                pieces = self.cut(edge, [at], NODE_M)
                end = edge.a if at <= NODE_M else edge.b if len(pieces) == 1 else pieces[0].b
                self.edges = [each for each in self.edges if each is not edge] + pieces
            line = LineString([self.xy[middle], self.xy[end]])
            if line.length <= NODE_M:  # the gate stands on the way
                middle = end
            else:
                self.edges.append(Edge(middle, end, line, "", "", estate=None if edge is street else name, yard=True))

    def _drop_stubs(self) -> None:
        graph = nx.MultiGraph((edge.a, edge.b, {"m": edge.line.length}) for edge in self.edges)
        gone = set()
        for piece in nx.connected_components(graph):
            if graph.subgraph(piece).size(weight="m") <= GAP_M:
                gone |= piece
        self.edges = [edge for edge in self.edges if edge.a not in gone]

    # ── wide roads ──
    def _arterials(self, crossings: list[Point]) -> None:
        """Let every wide road stand as its two sides."""
        wide = [edge for edge in self.edges if edge.kind in WIDE]
        mapped = set()
        pieces = [edge for edge in self.edges if edge.kind not in WIDE]
        for edge in wide:
            at = [] if edge.over else [edge.line.project(p) for p in crossings if edge.line.distance(p) <= CROSSING_M]
            parts = self.cut(edge, at, NODE_M)
            if at:
                mapped |= {part.b for part in parts[:-1]}
                mapped |= {edge.a} if min(at) <= NODE_M else set()
                mapped |= {edge.b} if max(at) >= edge.line.length - NODE_M else set()
            pieces += parts
        self.edges = pieces
        at = defaultdict(list)
        for edge in self.edges:
            at[edge.a].append((edge, 0))
            at[edge.b].append((edge, 1))
        split = {}
        for n, met in at.items():
            ends = [each for each in met if each[0].kind in WIDE]
            if len(ends) != 2 or n in mapped:
                continue
            others = [each for each in met if each[0].kind not in WIDE]
            if any(edge.kind in CROSSED_AT for edge, _ in others):
                continue
            first, second = (_angle(*each) for each in ends)
            width = (second - first) % (2 * math.pi)
            left = [(_angle(*each) - first) % (2 * math.pi) < width for each in others]
            if any(left) and not all(left):
                continue
            split[n] = ends[0], self.new(self.xy[n])
            for (edge, is_b), on_left in zip(others, left, strict=True):
                if not on_left:
                    setattr(edge, "b" if is_b else "a", split[n][1])
        for edge in [edge for edge in self.edges if edge.kind in WIDE]:
            twin = replace(edge, side=2)
            ends = (edge.a, edge.b)
            edge.side = 1
            for is_b, n in enumerate(ends):
                if n in split:
                    (first, first_is_b), copy = split[n]
                    is_first = first is edge and first_is_b == is_b
                    # seen from the node, the node itself is on the left of the first end, on the right of the second
                    for each, left in ((edge, True), (twin, False)):
                        if is_first != (left != bool(is_b)):
                            setattr(each, "b" if is_b else "a", copy)
            self.edges.append(twin)

    # ── time ──
    def _times(self) -> None:
        z = self._node_heights() if self.height is not None else {}
        for edge in self.edges:
            length = edge.line.length
            edge.minutes = {}
            worth = [length, length]
            if self.height is not None and length > 0:
                n = max(round(length / STEP_M), 1)
                if edge.over:
                    heights = [z[edge.a] + (z[edge.b] - z[edge.a]) * k / n for k in range(n + 1)]
                else:
                    heights = [self.height(*edge.line.interpolate(length * k / n).coords[0]) for k in range(n + 1)]
                worth = [0.0, 0.0]
                for low, high in pairwise(heights):
                    for k, rise in enumerate((high - low, low - high)):
                        slope = 0.0 if math.isnan(rise) else rise / (length / n)
                        worth[k] += length / n / math.exp(-3.5 * (abs(slope + 0.05) - 0.05))
            for key, (pace, stairs) in PACE.items():
                edge.minutes[key] = (length / (pace * stairs),) * 2 if edge.kind == "steps" else (
                    worth[0] / pace, worth[1] / pace)  # fmt: skip

    def _node_heights(self) -> dict:
        """Return the height of nodes: between the ends of bridges evenly."""
        ground, degree = set(), defaultdict(int)
        for edge in self.edges:
            for n in (edge.a, edge.b):
                degree[n] += 1
                if not edge.over:
                    ground.add(n)
        over = [edge for edge in self.edges if edge.over]
        z = {n: self.height(*self.xy[n]) for edge in over for n in (edge.a, edge.b)}
        free = [n for n in z if (n not in ground and degree[n] > 1) or math.isnan(z[n])]
        links = nx.Graph()
        for edge in over:
            weight = links.get_edge_data(edge.a, edge.b, {"w": 0.0})["w"] + 1 / edge.line.length
            links.add_edge(edge.a, edge.b, w=weight)
        for piece in nx.connected_components(links):
            loose = [n for n in free if n in piece]
            if not loose or len(loose) == len(piece):
                continue
            row = {n: k for k, n in enumerate(loose)}
            matrix, load = np.zeros((len(loose), len(loose))), np.zeros(len(loose))
            for n in loose:
                for m, data in links[n].items():
                    matrix[row[n], row[n]] += data["w"]
                    if m in row:
                        matrix[row[n], row[m]] -= data["w"]
                    else:
                        load[row[n]] += data["w"] * z[m]
            z.update(zip(loose, np.linalg.solve(matrix, load).tolist(), strict=True))
        return z

    def _ranked(self) -> None:
        """Tell the town's own network from islands."""
        graph = nx.MultiGraph((edge.a, edge.b, {"m": edge.line.length}) for edge in self.edges)
        pieces = sorted(nx.connected_components(graph), key=lambda piece: -graph.subgraph(piece).size(weight="m"))
        self.main = pieces[0]

    # ── places ──
    def estate_of(self, point: Point) -> str | None:
        """Return the closed estate a point lies in, the smallest."""
        inside = [(shape.area, name) for name, shape in self.estates.items() if shape.contains(point)]
        return min(inside)[1] if inside else None

    def free(self, point: Point, target: Point) -> bool:
        """Return whether a straight line gets there, looked at from 5 cm off either end."""
        line = LineString([point, target])
        if line.length <= 0.1:
            return True
        seen = substring(line, 0.05, line.length - 0.05)
        return not len(self.wall_tree.query(seen, predicate="intersects"))

    def join(self, point: Point) -> list[tuple[int, float, float]]:
        """Return edge, metres along it, metres off it, where a point joins the ways; nothing where it does not."""
        name = self.estate_of(point)
        near = self.tree.query(point, predicate="dwithin", distance=JOIN_M)
        found = sorted((round(self.edges[k].line.distance(point), 9), self.edges[k].side == 0, k) for k in near)
        island = None
        for off, _, k in found:
            edge = self.edges[k]
            if edge.estate != name:
                continue
            is_main = edge.a in self.main and not edge.over
            if not is_main and island is not None:
                continue
            along = edge.line.project(point)
            target = edge.line.interpolate(along)
            if edge.side and off > 0 and _side(edge.line, along, point) not in {0, edge.side}:
                continue
            if self.free(point, target):
                if is_main:
                    return [(k, along, off)]
                island = (k, along, off)
        return [] if island is None else [island]

    def enter(self, shape: shapely.Geometry) -> list[tuple[int, float, float]]:
        """Return where a facility is entered: its own doors, and the street outside where it fronts on one."""
        return self.doors(shape) + self.fronts(shape)

    def fronts(self, shape: shapely.Geometry) -> list[tuple[int, float, float]]:
        """Return the way outside a closed estate that a place on its outline has its door to."""
        name = self.estate_of(shape.point_on_surface())
        if name is None or shape.geom_type != "Point":
            return []
        line = shapely.shortest_line(shape, self.estates[name].boundary)
        if not 0 < line.length <= FRONT_M:
            return []
        a, b = np.array(line.coords[0]), np.array(line.coords[1])
        door = Point(*(b + (b - a) / line.length * 0.05))
        if self.estate_of(door) is not None:
            return []
        return [
            (k, along, off + line.length + 0.05)
            for k, along, off in self.join(door)
            if off <= FRONT_WAY_M and self.edges[k].a in self.main and not self.edges[k].over
        ]

    def doors(self, shape: shapely.Geometry) -> list[tuple[int, float, float]]:
        """Return where an outline is entered: from every way that comes near, else from the nearest one."""
        if shape.geom_type == "Point":
            return self.join(shape)
        name = self.estate_of(shape.point_on_surface())
        reach, doors = shapely.buffer(shape, ENTRANCE_M), []
        for k in self.tree.query(shape, predicate="dwithin", distance=ENTRANCE_M):
            edge = self.edges[k]
            if edge.estate != name:
                continue
            points = [Point(xy) for part in shapely.get_parts(edge.line.intersection(reach))
                      for xy in shapely.segmentize(part, STEP_M).coords]  # fmt: skip
            points.append(Point(shapely.shortest_line(edge.line, shape).coords[0]))
            for p in points:
                q = Point(shapely.shortest_line(p, shape).coords[1])
                along = edge.line.project(p)
                if self.free(p, q) and (
                    not edge.side or p.distance(q) == 0 or _side(edge.line, along, q) in {0, edge.side}
                ):
                    doors.append((int(k), along, p.distance(q)))
        own = [each for each in doors if self.edges[each[0]].a in self.main and not self.edges[each[0]].over]
        if doors:
            return own or doors
        border = shape if "Line" in shape.geom_type else shape.boundary
        tried = [self.join(Point(xy)) for part in shapely.get_parts(border)
                 for xy in shapely.segmentize(part, STEP_M).coords]  # fmt: skip
        tried.append(self.join(shape.point_on_surface()))
        return min((each for each in tried if each), key=lambda each: each[0][2], default=[])

    def graph(self, by: str) -> nx.DiGraph:
        """Return the ways as a graph, `by` metres or a speed's key (minutes)."""
        graph = nx.DiGraph()
        for edge in self.edges:
            ahead, back = (edge.line.length,) * 2 if by == "metres" else edge.minutes[by]
            for a, b, cost in ((edge.a, edge.b, ahead), (edge.b, edge.a, back)):
                if graph.get_edge_data(a, b, {"cost": math.inf})["cost"] > cost:
                    graph.add_edge(a, b, cost=cost)
        return graph

    def walks(self, homes: dict, places: dict, by: str = "metres") -> pd.DataFrame:
        """Return the walk of every home (rows) to every place (columns), both joined; inf where there is none."""
        graph = self.graph(by).reverse(copy=True)
        pace = 1.0 if by == "metres" else PACE[by][0]
        starts = defaultdict(list)
        for home, rows in homes.items():
            for k, along, off in rows:
                starts[k].append((home, along, off / pace))
        columns = {}
        for place, rows in places.items():
            best = dict.fromkeys(homes, math.inf)
            graph.add_node("goal")
            for k, along, off in rows:
                edge = self.edges[k]
                cost = (edge.line.length,) * 2 if by == "metres" else edge.minutes[by]
                share = min(max(along / edge.line.length, 0.0), 1.0)
                for n, part in ((edge.a, cost[0] * share), (edge.b, cost[1] * (1 - share))):
                    held = graph.get_edge_data("goal", n, {"cost": math.inf})["cost"]
                    graph.add_edge("goal", n, cost=min(held, part + off / pace))
                for home, at, way in starts[k]:
                    moved = (along - at) / edge.line.length
                    best[home] = min(best[home], way + off / pace + abs(moved) * cost[0 if moved > 0 else 1])
            far = nx.single_source_dijkstra_path_length(graph, "goal", weight="cost")
            graph.remove_node("goal")
            for k, at_edge in starts.items():
                edge = self.edges[k]
                cost = (edge.line.length,) * 2 if by == "metres" else edge.minutes[by]
                for home, at, way in at_edge:
                    share = min(max(at / edge.line.length, 0.0), 1.0)
                    best[home] = min(best[home], way + cost[1] * share + far.get(edge.a, math.inf),
                                     way + cost[0] * (1 - share) + far.get(edge.b, math.inf))  # fmt: skip
            columns[place] = best
        return pd.DataFrame(columns, index=list(homes))


# ── geometry ──
def _points(shape: shapely.Geometry) -> list[Point]:
    """Return the points of a meeting; of a stretch its ends."""
    points = []
    for part in shapely.get_parts(shape):
        points += [part] if part.geom_type == "Point" else [Point(part.coords[0]), Point(part.coords[-1])]
    return points


def _meetings(one: LineString, other: LineString) -> list[Point]:
    """Return where two lines meet; where they run on each other, at every vertex there."""
    points = []
    for part in shapely.get_parts(one.intersection(other)):
        points += [Point(xy) for xy in part.coords]
    return points


def _self_meetings(line: LineString) -> Iterator[Point]:
    """Return where a line meets itself."""
    if line.is_simple:
        return
    pieces = [LineString(pair) for pair in pairwise(line.coords)]
    for i, one in enumerate(pieces):
        for j in range(i + 2, len(pieces)):
            for part in shapely.get_parts(one.intersection(pieces[j])):
                if part.geom_type == "Point":
                    yield part


def _passes(line: LineString, point: Point) -> Iterator[float]:
    """Return how far along a line passes a point, each time it does."""
    run = 0.0
    for p, q in pairwise(line.coords):
        piece = LineString([p, q])
        if piece.distance(point) < 1e-3:
            yield run + piece.project(point)
        run += piece.length


def _places(xy: list[tuple[float, float]], is_end: list[bool]) -> list[int]:
    """Return the place of every spot: a millimetre apart, or a tenth of a metre where one is an end."""
    graph = nx.Graph()
    graph.add_nodes_from(range(len(xy)))
    dots = shapely.points(np.array(xy))
    for i, j in zip(*shapely.STRtree(dots).query(dots, predicate="dwithin", distance=NODE_M), strict=True):
        if i < j and (is_end[i] or is_end[j] or dots[i].distance(dots[j]) <= 1e-3):
            graph.add_edge(int(i), int(j))
    place = [0] * len(xy)
    for piece in nx.connected_components(graph):
        for n in piece:
            place[n] = min(piece)
    return place


def _stretches(edges: list[Edge]) -> list[list[Edge]]:
    """Return edges of one class that hang together."""
    graph, held = nx.Graph(), defaultdict(list)
    for edge in edges:
        graph.add_edge((edge.a, edge.kind), (edge.b, edge.kind))
    for number, piece in enumerate(nx.connected_components(graph)):
        for n in piece:
            graph.nodes[n]["piece"] = number
    for edge in edges:
        held[graph.nodes[edge.a, edge.kind]["piece"]].append(edge)
    return list(held.values())


def _runs_along(stretch: list[Edge], border: shapely.Geometry) -> bool:
    """Return whether ways enter an area and leave it again, no deeper than a tenth of the distance between."""
    doors = [Point(xy) for edge in stretch for xy in (edge.line.coords[0], edge.line.coords[-1])]
    doors = [p for p in doors if p.distance(border) <= 0.01]
    between = max((p.distance(q) for p in doors for q in doors), default=0.0)
    depth = max(Point(xy).distance(border) for edge in stretch
                for xy in shapely.segmentize(edge.line, max(edge.line.length / 8, 1e-6)).coords)  # fmt: skip
    return between > 0 and depth <= 0.1 * between


def _angle(edge: Edge, is_b: int) -> float:
    """Return the direction in which an edge leaves its end."""
    p, q = (edge.line.coords[-1], edge.line.coords[-2]) if is_b else edge.line.coords[:2]
    return math.atan2(q[1] - p[1], q[0] - p[0])


def _side(line: LineString, along: float, point: Point) -> int:
    """Return 1 where a point lies left of a line, 2 right, 0 on it; at a bend both pieces there are asked."""
    low, high = (line.interpolate(min(max(along + step, 0.0), line.length)) for step in (-1e-3, 1e-3))
    here = line.interpolate(along)
    cross = (high.x - low.x) * (point.y - here.y) - (high.y - low.y) * (point.x - here.x)
    return 0 if abs(cross) < 1e-9 else 1 if cross > 0 else 2
