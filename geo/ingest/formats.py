"""Which files are read, told by their ending and proven by their first bytes.

A new kind of file is one reader (`geo.ingest.source.Reader`) and one line in `READERS`.
"""

from pathlib import Path

from geo.errors import Fault, InputError
from geo.ingest.osm import open_osm
from geo.ingest.source import Reader, SourceFile
from geo.ingest.vector import open_flatgeobuf, open_geojson, open_geopackage, open_geoparquet, open_shapefile, open_zip

READERS: dict[str, Reader] = {
    ".gpkg": open_geopackage,
    ".geojson": open_geojson,
    ".json": open_geojson,
    ".shp": open_shapefile,
    ".zip": open_zip,
    ".parquet": open_geoparquet,
    ".geoparquet": open_geoparquet,
    ".fgb": open_flatgeobuf,
    ".osm.pbf": open_osm,
    ".pbf": open_osm,
    ".osm": open_osm,
}
"""Reader by file ending, in lower case; of several that fit, the longest counts."""

RASTER_ENDINGS = (".tif", ".tiff")

_INSTEAD = {
    ".dbf": "give the .shp beside it",
    ".shx": "give the .shp beside it",
    ".prj": "give the .shp beside it",
    ".cpg": "give the .shp beside it",
    ".gdb": "save its layers as a GeoPackage in QGIS or ArcGIS",
    ".kml": "save it as a GeoPackage in QGIS",
    ".dwg": "save it as DXF, or its layers as a GeoPackage in QGIS",
    ".dxf": "save its layers as a GeoPackage in QGIS",
    ".vrt": "give the files it points to",
    ".gz": "unpack it first",
    ".bz2": "unpack it first",
}


def ending(path: Path) -> str:
    """Return the ending of a file name that decides its reader, in lower case; '' when none fits.

    >>> ending(Path("nanjing.osm.PBF")), ending(Path("dem.tif")), ending(Path("town.vrt"))
    ('.osm.pbf', '.tif', '')
    """
    name = path.name.lower()
    fitting = [end for end in (*READERS, *RASTER_ENDINGS) if name.endswith(end)]
    return max(fitting, key=len, default="")


def open_file(path: Path) -> SourceFile:
    """Open a vector file or an OpenStreetMap extract with the reader of its ending.

    Raises
    ------
    InputError
        When there is no such file, its ending is none we read, or its content is not what the ending says.
    """
    require_file(path)
    end = ending(path)
    if end not in READERS:
        instead = _INSTEAD.get(path.suffix.lower(), "save it as a GeoPackage (.gpkg)")
        raise InputError(
            Fault(
                f"files ending in {path.suffix or 'nothing'} are not read",
                f"{instead}; read are {', '.join((*READERS, *RASTER_ENDINGS))}",
                file=str(path),
            )
        )
    return READERS[end](path, str(path))


def require_file(path: Path) -> None:
    """Refuse a path that is no file, or an empty one."""
    if path.is_dir():
        raise InputError(Fault("this is a folder, not a file", "give the files in it", file=str(path)))
    if not path.is_file():
        raise InputError(Fault("there is no such file", "check the path and its spelling", file=str(path)))
    if path.stat().st_size == 0:
        raise InputError(Fault("the file is empty (0 bytes)", "export or copy it again", file=str(path)))
