"""A walking network: ways between nodes, their lengths and walking times, and the places joined to them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from pyproj import CRS

from geo.network.options import WalkOptions
from geo.study import Repair

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Shapes = npt.NDArray[np.object_]

KINDS: Final = ("street", "steps", "yard")
"""What an edge is: a street or path, stairs, or a line drawn from a gate into an estate whose own paths are unknown."""

BOTH, LEFT, RIGHT = 0, 1, 2
"""The side of an arterial that an edge stands for, seen from its end a; places join their own side only."""


@dataclass(frozen=True)
class Network:
    """Streets and paths as people walk them, in metres and minutes.

    An arterial that can be crossed only here and there stands as two edges, its left and its right side, on the same
    line; they meet where there is a crossing. Islands are kept: `component` tells which edges hang together.

    Attributes
    ----------
    crs : CRS
        Metric.
    node_xy : array (nodes, 2)
        [m]
    edge_a, edge_b : arrays over edges
        The nodes at both ends.
    length_m : array over edges
        Along the line, on the plan [m].
    minutes : mapping from speed to two arrays over edges
        Walking time from a to b, and from b to a [min], for each of `geo.network.SPEEDS`.
    lines : array over edges of LineString
        From a to b.
    kind : array over edges
        Position in `KINDS`.
    side : array over edges
        `BOTH`, `LEFT` or `RIGHT`.
    estate : array over edges
        Position in `estate_ids` of the closed estate it lies in, -1 elsewhere.
    component : array over nodes
        Pieces of the network by decreasing total length: 0 is the town's own, the others are islands.
    road_id : array over edges of str
        The row of the roads table it comes from; empty where there is none.
    estate_ids : tuple of str
        Closed estates with known gates: they are left through these only.
    estate_shapes : array over estate_ids
        Their outlines.
    walls : array of LineString
        What a place may not be joined across: barriers, arterials, walls of closed estates.
    options : WalkOptions
    repairs : tuple of Repair
        What was assumed, left out, or looks wrong: islands, estates without gates, arterials without crossings …
    over : array over edges of bool
        On a bridge, in a tunnel, or on another level than the ground: people get on and off at its ends only. Empty
        where all are on the ground.
    """

    crs: CRS
    node_xy: Floats
    edge_a: Ints
    edge_b: Ints
    length_m: Floats
    minutes: Mapping[str, tuple[Floats, Floats]]
    lines: Shapes
    kind: Ints
    side: Ints
    estate: Ints
    component: Ints
    road_id: Shapes
    estate_ids: tuple[str, ...] = ()
    estate_shapes: Shapes = field(default_factory=lambda: np.empty(0, dtype=object))
    walls: Shapes = field(default_factory=lambda: np.empty(0, dtype=object))
    options: WalkOptions = field(default_factory=WalkOptions)
    repairs: tuple[Repair, ...] = ()
    over: npt.NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, dtype=bool))

    def costs(self, by: str) -> tuple[Floats, Floats]:
        """Return what walking each edge costs from a to b, and from b to a: `metres`, or minutes at a speed's key."""
        return (self.length_m, self.length_m) if by == "metres" else self.minutes[by]


@dataclass(frozen=True)
class Joins:
    """Places (homes, facilities, candidates) joined to a network.

    A place stands on the edge at its nearest point that can be reached: not across a wall, a river, or an arterial
    without crossing, and inside a closed estate on that estate's own paths. An outline (a park) has a row for every
    way that comes near it. Bridges, tunnels and islands are joined only where nothing else can be reached.

    Attributes
    ----------
    index : Index
        The places' ids.
    place : array over rows
        Position in `index`, ascending.
    edge : array over rows
    along_m : array over rows
        From the edge's end a to the point on it [m].
    off_m : array over rows
        From the place to that point, straight [m].
    why_not : Series over places that could not be joined
        `far` (no way within `join_m`), `cut_off` (only across walls); empty where all are joined.
    """

    index: pd.Index
    place: Ints
    edge: Ints
    along_m: Floats
    off_m: Floats
    why_not: pd.Series

    def __len__(self) -> int:
        """Return the number of places."""
        return len(self.index)
