"""Collections as files of a job: of any format, one file, or one for each in a zip."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from api.accounts.rights import OWNER
from api.deps import Here
from api.exports.collections import file_name, frame_of, geojson, styles_of, write_collections_gpkg
from api.exports.sheets import Asked, map_sheet
from api.features.answers import snapshot_for
from api.features.snapshot import Snapshots
from api.server import Server
from api.settings import Settings
from api.storage.embedded import EmbeddedStorage
from api.styles.tree import Tree
from geo.errors import Fault, InputError

if TYPE_CHECKING:
    from api.storage import StudyStore
    from layers.formats.shapefile import Encoding
    from layers.map_sheet import Paper
    from layers.words import Lang

Kind = Literal["gpkg", "geojson", "fgb", "parquet", "shp", "dxf", "xlsx", "pmtiles", "mbtiles", "pdf"]
Notes = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Wanted:
    """What is to be taken away.

    Attributes
    ----------
    collections
        Ids; of a map sheet (`pdf`) the collections whose usual layers are drawn.
    kind
        gpkg: layers of one file, drawn by QGIS as on the map; pmtiles, mbtiles: layers of one archive of tiles; pdf: a
        map sheet. Others: a file for each, zipped together where there are several (shapefiles always are). GeoJSON is
        in longitude and latitude, all others in the study's CRS.
    encoding
        Of a shapefile's texts.
    maxzoom
        Deepest level of an archive of tiles.
    paper, scale, title, lang
        Of a map sheet; `lang` also of legends in other files.
    """

    collections: tuple[str, ...]
    kind: Kind = "gpkg"
    encoding: Encoding = "utf-8"
    maxzoom: int = 16
    paper: Paper = "A3"
    scale: int | None = None
    title: str = ""
    lang: Lang = "zh"


def here_of(store: StudyStore) -> Here:
    """Return a study as a job sees it: all of it (who may take a job's files is asked when they are fetched)."""
    settings = Settings()
    return Here(
        Server(settings, EmbeddedStorage({}), {Snapshots: Snapshots(settings.snapshot_bytes)}), store, OWNER, ""
    )


def write_collections(
    at: Here, wanted: Wanted, out: Path, told: Callable[[float], None] = lambda _: None
) -> tuple[Path, Notes]:
    """Write collections into the folder `out`; return the one file that holds them, and what it could not hold.

    Raises
    ------
    NotFoundError
        When there is no such collection.
    InputError
        When the format cannot hold one: no place, or too many rows.
    """
    ids = [*dict.fromkeys(wanted.collections)]
    for each in ids:  # all are looked for before anything is written
        snapshot_for(at, each)
    path = out / f"{at.study_id}.{wanted.kind}"
    if wanted.kind == "gpkg":
        write_collections_gpkg(at, ids, path, wanted.lang)
        return path, ()
    if wanted.kind in ("pmtiles", "mbtiles"):
        from api.tiles.sources import sources  # noqa: PLC0415 - few jobs need tiles, and what makes them
        from layers.tiles.archives import archive  # noqa: PLC0415 - as above

        layers, kind = sources(at.server, at.store, at.caller, ids), cast("Any", wanted.kind)
        archive(layers, path, kind=kind, maxzoom=wanted.maxzoom, name=at.store.name, told=told)
        return path, ()
    if wanted.kind == "pdf":
        path.write_bytes(map_sheet(at, _sheet(at, ids, wanted)))
        return path, ()
    return _files(at, ids, wanted, out, told)


def _files(
    at: Here, ids: Sequence[str], wanted: Wanted, out: Path, told: Callable[[float], None]
) -> tuple[Path, Notes]:
    from layers.formats import FORMATS, write_table  # noqa: PLC0415 - loads GDAL

    kind: Any = wanted.kind
    suffix = FORMATS[kind][0]
    files: list[Path] = []
    notes: list[tuple[str, str]] = []
    for number, each in enumerate(ids):
        told(number / len(ids))
        snapshot = snapshot_for(at, each)
        name = file_name(each)
        path = out / f"{name}.{suffix}"
        if kind == "geojson":
            with path.open("wb") as opened:
                opened.writelines(geojson(snapshot))
            files.append(path)
            continue
        frame = frame_of(snapshot, drawn=kind == "dxf")
        written = write_table(frame, name, path, kind=kind, styles=styles_of(at, snapshot), encoding=wanted.encoding,
                              lang=wanted.lang)  # fmt: skip
        files.append(written.path)
        many = len(ids) > 1
        notes += [(f"{name}：{zh}", f"{name}: {en}") if many else (zh, en) for zh, en in written.notes]
    if len(files) == 1:
        return files[0], tuple(notes)
    path = out / f"{at.study_id}-{wanted.kind}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for file in files:
            packed.write(file, file.name)
    return path, tuple(notes)


def _sheet(at: Here, ids: Sequence[str], wanted: Wanted) -> Asked:
    layers = tuple(key for key, each in Tree(at).drawn.items() if each.collection in ids and each.usual)
    if not layers:
        raise InputError(Fault(f"{', '.join(ids)} cannot be drawn", "name collections with places"))
    return Asked(layers, paper=wanted.paper, scale=wanted.scale, title=wanted.title, lang=wanted.lang)
