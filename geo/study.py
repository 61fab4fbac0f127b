"""A study: one town's checked tables and rasters, kept in one GeoPackage that QGIS opens."""

import json
import os
import sqlite3
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
from affine import Affine
from pyproj import CRS
from pyproj.exceptions import CRSError

from geo.errors import Fault, InputError
from geo.raster import Raster
from geo.schema import TABLES, conform
from geo.study_file import (
    ANEW,
    META,
    REPAIRS,
    at_rest,
    carry_over,
    has_log,
    held_alone,
    is_study,
    read_only,
    require_study,
    require_unused,
    settle,
)

_PLAIN = 1
"""Format of the file that is written; `geo.study_file.FORMAT` is the newest that is read."""

_RASTERS = ("population", "dem")
_NODATA = np.float32(-9999.0)

_MADE_BY = {
    "blocks": "shequ blocks", "seams": "shequ blocks", "units": "shequ examine", "findings": "shequ survey read",
    "observations": "shequ survey read", "finding_history": "shequ survey read", "farmhouses": "shequ farmhouses",
}  # fmt: skip
Action = Literal["repaired", "dropped", "assumed", "estimated"]


@dataclass(frozen=True)
class Repair:
    """One thing that was mended, dropped, assumed or estimated, and on which row."""

    table: str
    row_id: str
    action: Action
    code: str
    """A short key, the same for the same kind of repair: `self_intersection`, `clipped`, `no_households_known` …"""
    detail: str
    """The sentence a reader sees, in English."""
    detail_zh: str = ""
    """The same in Chinese."""
    step: str = "import"
    """The step that did it: `import`, `blocks`, `households`. Doing a step again forgets what it said before."""


@dataclass(frozen=True)
class Study:
    """One town's tables (metres, checked), rasters, and everything that was repaired or assumed on the way."""

    name: str
    crs: CRS
    tables: Mapping[str, gpd.GeoDataFrame]
    name_en: str = ""
    rasters: Mapping[str, Raster] = field(default_factory=dict)
    repairs: tuple[Repair, ...] = ()
    notes: Mapping[str, Any] = field(default_factory=dict)
    """What later steps must know and a report must say: options and assumptions by step, JSON values only."""

    def __getitem__(self, table: str) -> gpd.GeoDataFrame:
        """Return a table; an InputError names the command that makes it when it is not there."""
        if table not in self.tables:
            made_by = _MADE_BY.get(table, f"shequ import with a {table} layer")
            raise InputError(Fault(f"the study has no table {table}", f"make it with: {made_by}", table=table))
        return self.tables[table]

    def get(self, table: str) -> gpd.GeoDataFrame | None:
        """Return a table, or None when the study has none of that name."""
        return self.tables.get(table)

    def having(
        self,
        tables: Mapping[str, gpd.GeoDataFrame],
        *,
        step: str = "import",
        repairs: Iterable[Repair] = (),
        note: Mapping[str, Any] | None = None,
    ) -> "Study":
        """Return a study with these tables put in, each checked, and what `step` says in place of what it said."""
        checked = {name: conform(frame, name) for name, frame in tables.items()}
        said = (*(repair for repair in self.repairs if repair.step != step), *(replace(r, step=step) for r in repairs))
        notes = {**self.notes, step: dict(note)} if note else self.notes
        return replace(self, tables={**self.tables, **checked}, repairs=said, notes=notes)


def write_study(study: Study, path: Path) -> None:
    """Write the study to `path`, whole or not at all: into a file beside it, then renamed over it.

    What a server keeps in a study that is there already (`geo.study_file`) is carried over: the log with all history,
    jobs, and layers that are not the study's own.

    Raises
    ------
    InputError
        When a server has the study open, or it cannot be written to `path`.
    """
    require_study_place(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".shequ-") as folder:
        draft = Path(folder) / "study.gpkg"
        logged = path.exists() and has_log(path)
        for name, frame in study.tables.items():
            _write_table(frame, name, draft, exact=logged)
        meta = meta_rows(study)
        _write_plain(draft, META, pd.DataFrame({"key": list(meta), "value": list(meta.values())}))
        _write_plain(draft, REPAIRS, pd.DataFrame(
            [vars(r) for r in study.repairs],
            columns=[f.name for f in fields(Repair)], dtype="str"))  # fmt: skip
        for name, raster in study.rasters.items():
            write_raster(raster, name, draft)
        with held_alone(path):
            if path.exists():
                settle(path)
                if has_log(path):
                    carry_over(path, draft)
            os.replace(draft, path)


def require_study_place(path: Path) -> None:
    """Refuse a place where no study can be written, or where something lies that is no study; write nothing.

    Raises
    ------
    InputError
        When `path` is a folder or a file that is no study, its folder is a file or cannot be written to, or a server
        has the study open.
    """
    if path.is_dir():
        raise InputError(
            Fault(f"{path} is a folder", f"give the study a name, e.g. {path / 'study.gpkg'}", file=str(path))
        )
    if path.exists() and not is_study(path):
        raise InputError(
            Fault("this file is no study, and would be overwritten", "choose another name (--out)", file=str(path))
        )
    require_folder(path.parent)
    require_unused(path)


def require_folder(folder: Path) -> None:
    """Refuse a folder in which nothing can be written, or that cannot be made; write nothing.

    Raises
    ------
    InputError
        When a file stands where the folder should be, or the rights are missing.
    """
    near = next(each for each in (folder, *folder.absolute().parents) if each.exists())
    if not near.is_dir():
        raise InputError(Fault(f"{near} is a file, not a folder", "choose another folder (--out)", file=str(folder)))
    if not os.access(near, os.W_OK | os.X_OK):
        raise InputError(
            Fault(f"nothing can be written in {near}", "choose another folder (--out), or mend its rights",
                  file=str(folder))
        )  # fmt: skip


def read_study(path: Path) -> Study:
    """Read a study file.

    Raises
    ------
    InputError
        When there is no such file, it is not a study, it is damaged, or it was written by a newer version.
    """
    import pyogrio  # noqa: PLC0415 - who only walks or looks at tables in memory needs no GDAL

    def refuse(what: str, remedy: str) -> InputError:
        return InputError(Fault(what, remedy, file=str(path)))

    rows = require_study(path)
    with at_rest(path) as lies:
        try:
            with read_only(lies) as db:
                broken = db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok"
                contents = db.execute("SELECT table_name FROM gpkg_contents WHERE data_type = '2d-gridded-coverage'")
                kept = {name for (name,) in contents}
            layers = {str(name) for name, _ in pyogrio.list_layers(lies)}
        except (pyogrio.errors.DataSourceError, sqlite3.DatabaseError) as error:
            raise refuse(
                f"the file cannot be read as a GeoPackage ({error})", "copy it again, or import anew"
            ) from error
        if broken:
            raise refuse("the GeoPackage is damaged", "copy it again, or import anew")
        try:
            repairs = pyogrio.read_dataframe(lies, layer=REPAIRS).fillna("")
            return Study(
                name=rows["name"],
                name_en=rows["name_en"],
                crs=CRS.from_user_input(rows["crs"]),
                tables={name: _read_table(lies, name) for name in TABLES if name in layers},
                rasters={name: read_raster(lies, name) for name in _RASTERS if name in kept},
                repairs=tuple(Repair(**row) for row in repairs.to_dict("records")),
                notes=json.loads(rows["notes"]),
            )
        except InputError as error:
            raise InputError([replace(fault, file=fault.file or str(path)) for fault in error.faults]) from error
        except _changed() as error:
            raise refuse(f"the study was changed by another program, and cannot be read ({error})", ANEW) from error


def meta_rows(study: Study) -> dict[str, str]:
    """Return what the file says of the study beside its tables, by key."""
    return {
        "format": str(_PLAIN),
        "name": study.name,
        "name_en": study.name_en,
        "crs": f"EPSG:{code}" if (code := study.crs.to_epsg()) else study.crs.to_wkt(),
        "notes": json.dumps(dict(study.notes), ensure_ascii=False, sort_keys=True),
    }


def _write_plain(path: Path, layer: str, rows: pd.DataFrame) -> None:
    import pyogrio  # noqa: PLC0415 - as above

    pyogrio.write_dataframe(rows, path, layer=layer, driver="GPKG", append=path.exists())


def _write_table(frame: gpd.GeoDataFrame, name: str, path: Path, *, exact: bool) -> None:
    """Write a layer; `exact`: single shapes stay single beside multi ones, for else they would count as changed."""
    import pyogrio  # noqa: PLC0415 - as above

    if not TABLES[name].geometry:
        _write_plain(path, name, frame.reset_index())
        return
    kinds = set(frame.geom_type)
    generic = exact or len({kind.removeprefix("Multi") for kind in kinds}) > 1
    pyogrio.write_dataframe(
        frame.reset_index(), path, layer=name, driver="GPKG", append=path.exists(),
        geometry_type="Unknown" if not kinds or (generic and len(kinds) > 1) else None,
        promote_to_multi=not generic and len(kinds) > 1,
    )  # fmt: skip


def _read_table(path: Path, name: str) -> gpd.GeoDataFrame:
    import pyogrio  # noqa: PLC0415 - as above

    table = TABLES[name]
    frame = pyogrio.read_dataframe(path, layer=name, read_geometry=bool(table.geometry)).set_index(table.index)
    return conform(frame, name)


def _changed() -> tuple[type[Exception], ...]:
    """Return what reading a study raises when its layers are not as they were written."""
    import pyogrio  # noqa: PLC0415 - as above
    from rasterio.errors import RasterioError  # noqa: PLC0415 - only who reads rasters carries GDAL a second time

    return (KeyError, TypeError, ValueError, CRSError, pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError,
            RasterioError)  # fmt: skip


def write_raster(raster: Raster, name: str, path: Path) -> None:
    """Write a raster as a gridded coverage of the GeoPackage: 32-bit floats, its own resolution."""
    import rasterio  # noqa: PLC0415 - as above

    rows, columns = raster.values.shape
    with rasterio.open(
        path, "w", driver="GPKG", width=columns, height=rows, count=1, dtype="float32", nodata=float(_NODATA),
        crs=raster.crs.to_wkt(), transform=raster.transform, RASTER_TABLE=name, APPEND_SUBDATASET="YES",
    ) as out:  # fmt: skip
        out.write(np.where(np.isnan(raster.values), _NODATA, raster.values), 1)


def read_raster(path: Path, name: str) -> Raster:
    """Read a raster of a GeoPackage."""
    import rasterio  # noqa: PLC0415 - as above

    with rasterio.open(f"GPKG:{path}:{name}") as source:
        values = source.read(1).astype("float32")
        values[values == _NODATA] = np.nan  # GDAL does not keep the coverage's own nodata value
        return Raster(values, Affine(*source.transform[:6]), CRS.from_wkt(source.crs.to_wkt()))
