"""The town as one row of atoms: homes, then the faces of land, which take what no home can."""

from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np

from geo.households.buildings import Buildings, read_buildings
from geo.households.remainder import Flags, Floats, Ints, Words
from geo.households.report import Report
from geo.households.zones import Faces, Land, Zones, cut_faces, read_zones
from geo.raster import Raster


@dataclass(frozen=True)
class Town:
    """The atoms everything is placed on: homes first, then faces. Ties are broken in this order."""

    land: Land
    zones: dict[str, Zones]
    """Areas with totals, by kind, from the most local to the widest."""
    buildings: Buildings | None
    faces: Faces
    rows: Ints
    """Which rows of the buildings are homes: lived in, and inside the study."""
    names: Words
    """The homes' ids."""
    known: dict[str, Floats]
    """dwellings, households, people of the homes: counted, NaN where unknown."""
    is_face: Flags
    block: Ints
    """Per atom: the block's place in the table."""
    floor: Floats
    """Per atom: residential floor area [m²]."""
    hoped: Floats
    """Per atom: households expected from the floor area."""
    open_m2: Floats
    """Per atom: land [m²]; 0 for homes."""
    zone: dict[str, Ints]
    """By kind, per atom: the area's place among its `Zones`, -1 in none."""
    covered: Flags
    """Per atom: whether any total reaches it."""

    @property
    def homes(self) -> int:
        """How many homes there are."""
        return len(self.rows)

    def people_on(self, faces: Flags) -> Floats:
        """Return the raster's people on the chosen faces (flags over all atoms), in their order."""
        return self.land.people_under(self.faces.shapes[np.flatnonzero(faces) - self.homes])

    def blocks_of(self, atoms: Flags) -> Words:
        """Return the ids of the blocks that hold any of these atoms."""
        return self.land.ids[np.unique(self.block[atoms])]


def read_town(tables: Mapping[str, gpd.GeoDataFrame], population: Raster | None, report: Report) -> Town:
    """Return the town that the tables (checked, ordered by id) draw."""
    land = Land(tables["blocks"], population)
    zones = read_zones(tables, land, report)
    faces = cut_faces(land, zones)
    return _join(land, zones, faces, read_buildings(tables, land, zones, report))


def _join(land: Land, zones: dict[str, Zones], faces: Faces, buildings: Buildings | None) -> Town:
    """Put homes and faces into one row of atoms."""
    none = np.empty(0, dtype=np.int64)
    if buildings is None:
        rows, names, block = none, np.empty(0, dtype=object), none
        floor = hoped = np.empty(0)
        known = {m: np.empty(0) for m in ("dwellings", "households", "people")}
        zone = dict.fromkeys(zones, none)
    else:
        rows = np.flatnonzero((buildings.block >= 0) & buildings.lived_in)
        names, block = buildings.frame.index.to_numpy("object")[rows], buildings.block[rows]
        floor, hoped = buildings.floor_area[rows], buildings.expected[rows]
        known = {m: value[rows] for m, value in buildings.counted.items()}
        zone = {kind: buildings.zone[kind][rows] for kind in zones}
    no_floor = np.zeros(len(faces.shapes))
    of_atoms = {kind: np.concatenate([zone[kind], faces.zone[kind]]) for kind in zones}
    covered = np.zeros(len(rows) + len(no_floor), dtype=bool)
    for kind, areas in zones.items():
        covered |= np.append(areas.told, False)[of_atoms[kind]]
    return Town(
        land, zones, buildings, faces, rows, names, known,
        is_face=np.arange(len(covered)) >= len(rows),
        block=np.concatenate([block, faces.block]),
        floor=np.concatenate([floor, no_floor]),
        hoped=np.concatenate([hoped, no_floor]),
        open_m2=np.concatenate([np.zeros(len(rows)), faces.area_m2]),
        zone=of_atoms,
        covered=covered,
    )  # fmt: skip
