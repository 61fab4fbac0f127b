"""What a reader hands over: a source file with its layers, and the layers with what was noticed while reading."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import geopandas as gpd
from pyproj import CRS

from geo.study import Repair


@dataclass(frozen=True)
class Layer:
    """One layer as read: source columns, source coordinates.

    `stated` says whether the file itself states `crs`; GeoJSON is in degrees by its standard without saying so.
    `tagged` says that the columns are OpenStreetMap keys. `repairs` still carry an empty table name.
    `extent` [degrees: west, south, east, north] is what an OpenStreetMap file says it covers.
    """

    file: str
    name: str
    frame: gpd.GeoDataFrame
    crs: CRS | None
    stated: bool = True
    tagged: bool = False
    repairs: tuple[Repair, ...] = ()
    remarks: tuple[str, ...] = ()
    extent: tuple[float, float, float, float] | None = None


@dataclass(frozen=True)
class SourceFile:
    """An opened file: the names of its layers, and how to read one of them (with a text encoding, or None)."""

    file: str
    layers: tuple[str, ...]
    read: Callable[[str, str | None], Layer] = field(repr=False)
    skipped: Mapping[str, str] = field(default_factory=dict)
    """Layers that are never read, with the reason."""


Reader = Callable[[Path, str], SourceFile]
"""Opens one kind of file: its path, and the name messages use for it. InputError when the ending lies."""


def remark_repair(action: str, code: str, detail: str, detail_zh: str, row_id: str = "") -> Repair:
    """Return a repair whose table is not known yet."""
    return Repair("", row_id, action, code, detail, detail_zh)  # type: ignore[arg-type]
