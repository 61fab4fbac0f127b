"""Collections as files to take away: one GeoPackage, or a file for each in a zip."""

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import geopandas as gpd

from api.errors import NotFoundError
from api.storage import StudyStore
from api.storage.frames import to_frame
from geo.errors import Fault, InputError

Format = Literal["gpkg", "geojson", "fgb", "parquet", "shp"]

_DRIVERS = {"geojson": "GeoJSON", "fgb": "FlatGeobuf", "shp": "ESRI Shapefile"}


def write_collections(store: StudyStore, ids: Sequence[str], kind: Format, out: Path) -> Path:
    """Write collections into the folder `out`, and return the one file that holds them.

    Parameters
    ----------
    store, ids
    kind
        gpkg: layers of one file. Others: a file for each, zipped together where there are several (shapefiles always
        are: they are several files). GeoJSON is in longitude and latitude, all others in the study's CRS.
    out

    Raises
    ------
    NotFoundError
        When there is no such collection.
    InputError
        When the format cannot hold one: no place, or several kinds of shapes.
    """
    known = store.collections()
    if unknown := [each for each in ids if each not in known]:
        raise NotFoundError(f"there is no collection {', '.join(unknown)}", "see the list of collections")
    frames = {each: to_frame(store.rows(each), known[each], store.crs).reset_index() for each in dict.fromkeys(ids)}
    if kind == "gpkg":
        path = out / f"{store.study_id}.gpkg"
        for name, frame in frames.items():
            _write_layer(frame, name, path)
        return path
    files = [file for name, frame in frames.items() for file in _write_one(frame, name, kind, out)]
    if len(files) == 1:
        return files[0]
    path = out / f"{store.study_id}-{kind}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for file in files:
            packed.write(file, file.name)
    return path


def _write_layer(frame: gpd.GeoDataFrame, name: str, path: Path) -> None:
    import pyogrio  # noqa: PLC0415 - only exports need GDAL

    kinds = {str(each).removeprefix("Multi") for each in frame.geom_type.dropna()} if _placed(frame) else set()
    generic = len(kinds) > 1
    pyogrio.write_dataframe(
        frame if kinds else frame.drop(columns="geometry", errors="ignore"), path, layer=name.replace(".", "_"),
        driver="GPKG", append=path.exists(), promote_to_multi=bool(kinds) and not generic,
        **({"geometry_type": "Unknown"} if generic else {}),
    )  # fmt: skip


def _write_one(frame: gpd.GeoDataFrame, name: str, kind: Format, out: Path) -> list[Path]:
    import pyogrio  # noqa: PLC0415 - as above

    if not _placed(frame):
        raise InputError(Fault(f"{name} has no places, which {kind} cannot hold", "take it as gpkg"))
    path = out / f"{name}.{kind}"
    if kind == "parquet":
        frame.to_parquet(path)
        return [path]
    shown = frame.to_crs("EPSG:4326") if kind == "geojson" else frame
    if kind == "shp" and len({str(each).removeprefix("Multi") for each in shown.geom_type.dropna()}) > 1:
        raise InputError(Fault(f"{name} has several kinds of shapes, which shapefiles cannot hold", "take it as gpkg"))
    options = {"ENCODING": "UTF-8"} if kind == "shp" else {"RFC7946": "YES"} if kind == "geojson" else {}
    pyogrio.write_dataframe(shown, path, driver=_DRIVERS[kind], promote_to_multi=kind == "fgb", **options)
    return sorted(each for each in out.glob(f"{name}.*") if each.suffix != ".zip") if kind == "shp" else [path]


def _placed(frame: gpd.GeoDataFrame) -> bool:
    return isinstance(frame, gpd.GeoDataFrame) and "geometry" in frame.columns and bool(frame.geometry.notna().any())
