"""Collections as files: what is asked for is read as the caller may see it, written aside, and sent in pieces."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import shapely
from pyproj import CRS
from starlette.responses import StreamingResponse

from api.deps import Here
from api.features.answers import snapshot_for
from api.features.items import page_of
from api.features.query import read_query, single
from api.features.snapshot import Snapshot
from api.storage.plans import RESULT
from geo.errors import Fault, InputError
from layers.words import Lang

if TYPE_CHECKING:
    import geopandas as gpd

    from layers.catalogue import Layer
    from layers.formats import Format

PIECE = 256 * 1024
ITEMS = ("bbox", "bbox-crs", "datetime", "filter", "filter-lang", "filter-crs", "properties", "as_of")
"""What may be asked for as at /items; `crs` means the file's own."""
OPTIONS = ("f", "crs", "encoding", "lang")


def export_collection(
    at: Here, collection_id: str, pairs: Sequence[tuple[str, str]], *, kind: "Format", crs: str | None,
    encoding: str, lang: Lang,
) -> StreamingResponse:  # fmt: skip
    """Return a collection, or the part of it that is asked for, as a file.

    Raises
    ------
    NotFoundError
        When there is no such collection.
    BadRequestError
        When a parameter is unknown or wrong.
    InputError
        When the format cannot hold it.
    """
    from layers.formats import FORMATS, write_table  # noqa: PLC0415 - who only reads features loads no pandas

    now = snapshot_for(at, collection_id)
    kinds = {"id": "text"} | {column.name: column.kind for column in now.collection.columns}
    given = single(pairs, (*ITEMS, *OPTIONS), [*kinds])
    asked = {name: value for name, value in given.items() if name not in OPTIONS}
    query = read_query(asked, at.store, kinds, max(len(now), 1))
    snapshot = now if query.told.as_of is None else snapshot_for(at, collection_id, query.told.as_of)
    positions = page_of(snapshot, _whole(query, len(snapshot))).positions
    frame = frame_of(snapshot, positions, query.told.properties)
    name = collection_id.replace(".", "_")
    with _folder() as folder:
        suffix, media_type = FORMATS[kind]
        path = folder.path / f"{name}.{suffix}"
        written = write_table(
            _in(frame, crs), name, path, kind=kind, styles=_styles(at, snapshot, name),
            encoding=cast("Any", encoding), lang=lang,
        )  # fmt: skip
        return sent(folder.keep(), written.path, f"{at.study_id}-{name}.{suffix}", media_type, notes=written.notes)


def export_study(at: Here, *, lang: Lang) -> StreamingResponse:
    """Return every collection that the caller may see in one GeoPackage, drawn as on the map."""
    from layers.geopackage import write_geopackage  # noqa: PLC0415 - as above

    frames: dict[str, Any] = {}
    plain: dict[str, Any] = {}
    styles: list[Layer] = []
    for collection_id in at.store.collections():
        snapshot = snapshot_for(at, collection_id)
        name = collection_id.replace(".", "_")
        frame = frame_of(snapshot, np.arange(len(snapshot)), None)
        if snapshot.collection.geometry == "None":
            plain[name] = frame.reset_index()
        elif len(frame):
            frames[name] = frame
            styles.extend(_styles(at, snapshot, name))
    with _folder() as folder:
        path = folder.path / "study.gpkg"
        write_geopackage(path, frames, styles, plain, lang)
        return sent(folder.keep(), path, f"{at.study_id}.gpkg", "application/geopackage+sqlite3")


def frame_of(
    snapshot: Snapshot,
    positions: npt.NDArray[np.intp],
    properties: Sequence[str] | None,
) -> "gpd.GeoDataFrame":
    """Return features as a table in the study's CRS, its ids as index; columns that were not asked for are left out."""
    from api.storage.frames import to_frame  # noqa: PLC0415 - as above

    rows = snapshot.table.take(pa.array(positions))
    shapes = pa.array(shapely.to_wkb(snapshot.geometry[positions], flavor="iso"), pa.binary())
    frame = to_frame(rows.append_column("geometry", shapes), snapshot.collection, snapshot.crs)
    if properties is None:
        return frame
    kept = [column for column in properties if column != "id"]
    return frame[[*kept, frame.geometry.name]] if snapshot.collection.geometry != "None" else frame[kept]


def sent(
    folder: Path, path: Path, name: str, media_type: str, *, notes: Sequence[tuple[str, str]] = ()
) -> StreamingResponse:
    """Return a file in pieces; its folder is deleted when it has been sent, or the client has gone."""
    headers = {
        "content-disposition": f"attachment; filename*=UTF-8''{quote(name)}",
        "content-length": str(path.stat().st_size),
        "cache-control": "private, no-store",
    }
    if notes:
        headers["x-shequ-notes"] = quote(" ".join(en for _, en in notes)[:2000])
    return StreamingResponse(_pieces(folder, path), media_type=media_type, headers=headers)


def _pieces(folder: Path, path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as opened:
            while piece := opened.read(PIECE):
                yield piece
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _folder:  # noqa: N801 - used as a function
    """A folder that is deleted at the end unless it was kept."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="shequ-export-"))
        self._kept = False

    def __enter__(self) -> "_folder":
        return self

    def __exit__(self, *_: object) -> None:
        if not self._kept:
            shutil.rmtree(self.path, ignore_errors=True)

    def keep(self) -> Path:
        """Return the folder; whoever has it deletes it."""
        self._kept = True
        return self.path


def _whole(query: Any, count: int) -> Any:  # noqa: ANN401 - a Query
    from dataclasses import replace  # noqa: PLC0415

    return replace(query, limit=max(count, 1), after=None)


def _in(frame: "gpd.GeoDataFrame", crs: str | None) -> "gpd.GeoDataFrame":
    if crs is None or not hasattr(frame, "to_crs"):
        return frame
    try:
        target = CRS.from_user_input(crs if ":" in crs else f"EPSG:{crs}")
    except Exception as error:
        raise InputError(Fault(f"there is no CRS {crs[:60]}", "name it like EPSG:4490")) from error
    return frame.to_crs(target)


def _styles(at: Here, snapshot: Snapshot, name: str) -> "tuple[Layer, ...]":
    """Return the catalogue's entries that draw a collection, said of the file's layer."""
    from dataclasses import replace  # noqa: PLC0415

    from layers.served import layers_of  # noqa: PLC0415 - as above

    made = snapshot.collection
    params: Mapping[str, Any] = {}
    if made.source != "study":
        document = at.store.document(RESULT, f"{made.source}.{made.result_id}")
        params = document.body["params"] if document else {}
    there = set(snapshot.table.column_names)
    return tuple(
        replace(layer, table=name)
        for layer in layers_of(made.source, params)
        if layer.table == made.frame and (layer.style.kind == "single" or layer.style.column in there)
    )
