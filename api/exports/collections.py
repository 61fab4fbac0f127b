"""Collections as tables for files: what is in them, and the catalogue's entries that draw them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import shapely

from api.features.answers import snapshot_for
from api.features.crs import CRS84, reference
from api.features.geojson import features
from api.features.query import Representation
from api.storage.plans import RESULT
from geo.errors import InputError
from layers.served import layers_of, style_columns

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd

    from api.deps import Here
    from api.features.snapshot import Snapshot
    from layers.catalogue import Layer
    from layers.words import Lang

NUMPY = orjson.OPT_SERIALIZE_NUMPY
ROWS = 1_000
"""Features of GeoJSON that are in memory at a time."""


def file_name(collection_id: str) -> str:
    """Return what a collection's layer is called in a file: dots are taken for schemas there."""
    return collection_id.replace(".", "_")


def frame_of(
    snapshot: Snapshot,
    positions: npt.NDArray[np.intp] | None = None,
    properties: Sequence[str] | None = None,
    *,
    drawn: bool = False,
) -> gpd.GeoDataFrame:
    """Return features as a table in the study's CRS, its ids as index.

    Columns that were not asked for are left out; `drawn`: those that styles classify by, and that it does not hold
    itself, are added.
    """
    from api.storage.frames import to_frame  # noqa: PLC0415 - who only reads features loads no pandas

    rows, shapes = snapshot.table, snapshot.geometry
    if positions is not None:
        rows, shapes = rows.take(pa.array(positions)), shapes[positions]
    placed = pa.array(shapely.to_wkb(shapes, flavor="iso"), pa.binary())
    frame = to_frame(rows.append_column("geometry", placed), snapshot.collection, snapshot.crs)
    if drawn:
        made = style_columns(snapshot.collection.frame, rows)
        frame = frame.assign(**{name: values.to_numpy(zero_copy_only=False) for name, values in made.items()})
    if properties is None:
        return frame
    kept = [column for column in properties if column != "id"]
    return frame[[*kept, frame.geometry.name]] if snapshot.collection.geometry != "None" else frame[kept]


def geojson(
    snapshot: Snapshot, positions: npt.NDArray[np.intp] | None = None, told: Representation | None = None
) -> Iterator[bytes]:
    """Yield features as a collection (RFC 7946, longitude and latitude), some at a time: never all in memory."""
    told = told or Representation(reference(CRS84, snapshot.crs, "crs"), None, geometry=True, as_of=None)
    positions = np.arange(len(snapshot), dtype=np.intp) if positions is None else positions
    yield b'{"type":"FeatureCollection","name":' + orjson.dumps(snapshot.collection.id) + b',"features":[\n'
    for start in range(0, len(positions), ROWS):
        made = features(snapshot, positions[start : start + ROWS], told)
        yield (b",\n" if start else b"") + b",\n".join(orjson.dumps(each, option=NUMPY) for each in made)
    yield b"\n]}\n"


def styles_of(at: Here, snapshot: Snapshot) -> tuple[Layer, ...]:
    """Return the catalogue's entries that draw a collection, said of its layer in a file."""
    made = snapshot.collection
    params: Mapping[str, Any] = {}
    if made.source != "study":
        document = at.store.document(RESULT, f"{made.source}.{made.result_id}")
        params = document.body.get("params", {}) if document else {}
    try:
        layers = layers_of(made.source, params)
    except InputError:  # a document of another version: its collections can still be taken away
        return ()
    there = set(snapshot.table.column_names) | set(style_columns(made.frame, snapshot.table))
    return tuple(
        replace(layer, table=file_name(made.id))
        for layer in layers
        if layer.table == made.frame and (layer.style.kind == "single" or layer.style.column in there)
    )


def write_collections_gpkg(at: Here, ids: Sequence[str], path: Path, lang: Lang) -> None:
    """Write collections, as the caller may see them, into one GeoPackage that QGIS opens drawn."""
    from layers.geopackage import write_geopackage  # noqa: PLC0415 - as above

    frames: dict[str, Any] = {}
    plain: dict[str, Any] = {}
    styles: list[Layer] = []
    for collection_id in ids:
        snapshot = snapshot_for(at, collection_id)
        frame = frame_of(snapshot, drawn=True)
        if snapshot.collection.geometry == "None":
            plain[file_name(collection_id)] = frame.reset_index()
        else:
            frames[file_name(collection_id)] = frame
            styles.extend(styles_of(at, snapshot))
    write_geopackage(path, frames, styles, plain, lang)
