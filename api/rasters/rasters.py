"""The rasters of all studies of one server, ready to be cut into tiles. A part of the server."""

from __future__ import annotations

import threading
import zlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from pyproj import CRS, Transformer

from api.accounts.public import whole
from api.errors import BadRequestError, NotFoundError
from api.storage import StudyStore
from geo.crs import bounds_in
from geo.errors import Fault
from geo.raster import Raster
from layers.rasters import DERIVED, NAMES, OPACITY, SMOOTH, UNITS, Look, Name, look, paint
from layers.sprites import Pixels, png
from layers.styles import Style
from layers.tiles.grids import GRIDS, Tile, matrix_set

if TYPE_CHECKING:
    from rasterio.io import DatasetReader, MemoryFile

SIDE = 256
"""Pixels along one side of a tile."""

PEOPLE_A_HOUSEHOLD = 3
"""Cells with fewer people than so many times k are drawn as the lowest class to those without the right to more."""

KEPT_STUDIES = 16
_OTHERS = "another program"
_LOADING = threading.Lock()
"""rio-tiler's modules import each other: two threads that load it at once may each see half of it."""
_CGCS2000, _WGS84 = 4490, 4326


@dataclass(eq=False)
class Served:
    """One raster as it is served: classes, values, and GDAL's view of it, made when a tile is first asked for."""

    name: Name
    source: Raster
    tag: str
    """Changes when the study's raster does."""
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _open: dict[tuple[bool, str], tuple[MemoryFile, DatasetReader]] = field(default_factory=dict, repr=False)

    _systems: dict[str, str] = field(default_factory=dict, repr=False)

    @cached_property
    def look(self) -> Look:
        """Its values and classes."""
        return look(self.name, self.source)

    @property
    def style(self) -> Style:
        """Its classes."""
        return self.look.style

    @property
    def unit(self) -> str:
        """Word key of its unit."""
        return UNITS[self.name]

    @property
    def opacity(self) -> float:
        """How strongly it is drawn over the paper, 0 to 1."""
        return OPACITY[self.name]

    @cached_property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north [degrees]."""
        step, (rows, columns) = self.source.transform, self.source.values.shape
        corners = [step @ at for at in ((0, 0), (columns, 0), (0, rows), (columns, rows))]
        xs, ys = zip(*corners, strict=True)
        box = (min(xs), min(ys), max(xs), max(ys))
        return bounds_in(box, self.source.crs, "OGC:CRS84")

    @cached_property
    def _from_degrees(self) -> Transformer:
        return Transformer.from_crs(CRS.from_epsg(4326), self.source.crs, always_xy=True)

    def tile(self, tile: Tile, *, few: float | None) -> bytes:
        """Return a tile as PNG, transparent where nothing is known.

        Parameters
        ----------
        tile
        few
            Cells with fewer people than this are drawn as the lowest class; None: every one as it is.
        """
        with _LOADING:
            from rio_tiler.errors import TileOutsideBounds  # noqa: PLC0415 - half a second that only rasters wait for
            from rio_tiler.io import Reader  # noqa: PLC0415 - as above

        hidden = few is not None and self.name == "population"
        with self._lock:
            dataset = self._dataset(few if hidden else None, tile.grid.crs)
            try:
                with Reader("", dataset=dataset, tms=matrix_set(tile.grid)) as reader:
                    method: Any = "bilinear" if self.name in SMOOTH else "nearest"
                    image = reader.tile(tile.column, tile.row, tile.level, tilesize=SIDE, resampling_method=method,
                                        reproject_method=method)  # fmt: skip
            except TileOutsideBounds:
                return png(np.zeros((SIDE, SIDE, 4), dtype=np.uint8))
        values = np.asarray(image.array.filled(np.nan)[0], dtype=np.float64)
        pixels: Pixels = paint(values, self.style)
        return png(pixels)

    def at(self, lon: float, lat: float, *, few: float | None) -> dict[str, Any]:
        """Return the value of the cell at a position [degrees] with its class; value None where it is not told.

        Raises
        ------
        NotFoundError
            When the position lies outside.
        """
        place = self._from_degrees.transform(lon, lat)
        column, row = (int(np.floor(each)) for each in ~self.source.transform @ place)
        rows, columns = self.source.values.shape
        if not (0 <= row < rows and 0 <= column < columns):
            west, south, east, north = (round(each, 5) for each in self.bounds)
            raise NotFoundError(f"{lon:g}, {lat:g} lies outside the raster {self.name}",
                                f"ask between {west}, {south} and {east}, {north}")  # fmt: skip
        value = float(self.look.raster.values[row, column])
        if not np.isfinite(value):
            return {"value": None, "class": None}
        if few is not None and self.name == "population" and 0 < float(self.source.values[row, column]) < few:
            return {"value": None, "class": self.style.class_of(0.0)}
        return {"value": round(value, 2), "class": self.style.class_of(value)}

    def close(self) -> None:
        """Let go of GDAL's view of it."""
        with self._lock:
            for memory, dataset in self._open.values():
                dataset.close()
                memory.close()
            self._open.clear()

    def _dataset(self, few: float | None, target: str) -> DatasetReader:
        from rasterio.io import MemoryFile  # noqa: PLC0415 - as above

        if target not in self._systems:
            self._systems[target] = datum_of(self.source.crs, CRS.from_user_input(target)).to_wkt()
        key = (few is not None, self._systems[target])
        if key not in self._open:
            values = self.look.raster.values
            if few is not None:
                values = np.where((self.source.values < few) & np.isfinite(values), 0.0, values)
            memory = MemoryFile()
            rows, columns = values.shape
            with memory.open(driver="GTiff", width=columns, height=rows, count=1, dtype="float32", nodata=np.nan,
                             crs=key[1], transform=self.source.transform) as out:  # fmt: skip
                out.write(values.astype("float32"), 1)
            self._open[key] = (memory, memory.open())
        return self._open[key][1]


@dataclass
class _Kept:
    """The rasters of one study, with what tells that they are still the same."""

    store: StudyStore
    head: int
    mark: int
    served: tuple[Served, ...]


class Rasters:
    """Rasters by study, read again only when a transaction may have changed them. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    def of(self, store: StudyStore) -> tuple[Served, ...]:
        """Return the rasters of a study: people, heights, and what follows from heights; none where it has none."""
        store = whole(store)
        head = store.head()
        with self._lock:
            kept = self._kept.get(store.study_id)
            if kept is not None and kept.store is store and kept.head == head:
                return kept.served
            mark = _mark(store)
            if kept is not None and kept.store is store and kept.mark == mark:
                kept.head = head
                return kept.served
            served = _served(store.rasters(), () if kept is None else kept.served)
            gone = [] if kept is None else [each for each in kept.served if each not in served]
            self._kept[store.study_id] = _Kept(store, head, mark, served)
            self._kept.move_to_end(store.study_id)
            while len(self._kept) > KEPT_STUDIES:
                gone += self._kept.popitem(last=False)[1].served
        for each in gone:
            each.close()
        return served

    def get(self, store: StudyStore, name: str) -> Served:
        """Return one raster.

        Raises
        ------
        NotFoundError
            When the study has none of that name.
        """
        found = {each.name: each for each in self.of(store)}
        for key, each in found.items():
            if key == name:
                return each
        known = ", ".join(found) or "none"
        raise NotFoundError(f"the study has no raster {name}", f"rasters of this study: {known}")

    def close(self) -> None:
        """Let all of them go."""
        with self._lock:
            for kept in self._kept.values():
                for each in kept.served:
                    each.close()
            self._kept.clear()


def tile_of(grid: str, level: int, row: int, column: int) -> Tile:
    """Return a tile by the numbers in its address.

    Raises
    ------
    NotFoundError
        When there is no such tile matrix set, or it has no such tile.
    """
    if grid not in GRIDS:
        raise NotFoundError(f"there is no tile matrix set {grid}", f"use one of: {', '.join(GRIDS)}")
    if not GRIDS[grid].has(level, row, column):
        raise NotFoundError(f"{grid} has no tile {level}/{row}/{column}", "see the limits of the tile set")
    return Tile(GRIDS[grid], level, row, column)


def datum_of(crs: CRS, target: CRS) -> CRS:
    """Return a system of CGCS2000 on the datum of WGS 84 where tiles are; others as they are.

    The two differ by centimetres, and no operation between them is known better than none; but PROJ looks for one at
    every tile, for a fifth of a second.
    """
    own, wanted = crs.geodetic_crs, target.geodetic_crs
    if own is None or wanted is None or own.to_epsg() != _CGCS2000 or wanted.to_epsg() != _WGS84:
        return crs
    if crs.is_geographic:
        return wanted
    parts = crs.to_json_dict()
    parts.pop("id", None)
    return CRS.from_json_dict({**parts, "name": f"{parts['name']} (WGS 84)", "base_crs": wanted.to_json_dict()})


def position(lon: float, lat: float) -> tuple[float, float]:
    """Return a position that was asked for.

    Raises
    ------
    BadRequestError
        When it is none on earth.
    """
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise BadRequestError(Fault(f"lon={lon:g}, lat={lat:g} is no position", "give degrees, longitude first"))
    return lon, lat


def _served(rasters: Mapping[str, Raster], before: tuple[Served, ...]) -> tuple[Served, ...]:
    tags = {name: _tag(raster) for name, raster in rasters.items()}
    same = {(each.name, each.tag): each for each in before}
    made = []
    for name in NAMES:
        source = DERIVED[name]
        if source in rasters and rasters[source].values.size:
            tag = tags[source]
            made.append(same.get((name, tag)) or Served(name, rasters[source], tag))
    return tuple(made)


def _tag(raster: Raster) -> str:
    values: npt.NDArray[np.float32] = np.ascontiguousarray(raster.values)
    head = f"{values.shape}{tuple(raster.transform)}{raster.crs.to_wkt()}".encode()
    return f"{zlib.crc32(values.tobytes(), zlib.crc32(head)):08x}"


def _mark(store: StudyStore) -> int:
    """Return the last transaction that may have changed rasters."""
    found = (*store.transactions(limit=1, collection="rasters"), *store.transactions(limit=1, by=_OTHERS))
    return max((each.tx for each in found), default=0)


def people_of_few(fewest: int) -> float:
    """Return below how many people a cell is one of few."""
    return float(PEOPLE_A_HOUSEHOLD * fewest)
