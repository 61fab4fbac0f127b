"""Rows of an uploaded layer as rows of one of the study's tables: mapped, mended and checked as import does it."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely

from api.errors import TooLargeError
from api.uploads.judging import opened
from api.uploads.kinds import recognise
from api.uploads.limits import Limits
from geo.errors import Fault, InputError
from geo.ingest.columns import Draft, draft_columns, draft_tags
from geo.ingest.mapping import IMPORTABLE, parse_mapping
from geo.ingest.osm import is_tagged, tables_from_tags
from geo.ingest.place import in_metres
from geo.schema import TABLES
from geo.study import Repair

APPENDABLE = (*IMPORTABLE, "findings")
"""Tables that rows of an upload may be added to, as far as they are edited at all."""

MOST_ROWS = 20_000
"""Rows that are added in one transaction."""


def table_rows(path: Path, limits: Limits, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the rows that a layer gives to a table, in the CRS of the study, and what was mended.

    Parameters
    ----------
    path
        The file, alone in its folder.
    limits
    asked
        `table`; `crs`, of the study; `prefix`, of ids where the layer has none; `layer`, `columns`, `values`, `fixed`,
        `filter`, `source_crs`, `encoding` as in a mapping file.

    Raises
    ------
    InputError
        With everything that is wrong.
    """
    form = recognise(path)
    if form.name == "JSON":
        raise InputError(Fault("a plan has no rows", "upload a layer", file=path.name))
    if form.kind not in ("vector", "osm"):
        raise InputError(Fault(f"a {form.name} has no rows with shapes", "upload a layer", file=path.name))
    source, _ = opened(path, form, limits)
    named = asked.get("layer")
    if named is None and len(source.layers) != 1:
        raise InputError(Fault(f"the file has {len(source.layers)} layers, and none is chosen",
                               f"name one as layer: {', '.join(source.layers)}", file=path.name))  # fmt: skip
    if named is not None and named not in source.layers:
        raise InputError(Fault(f"the file has no layer {named}", f"it has: {', '.join(source.layers)}",
                               file=path.name))  # fmt: skip
    table = str(asked["table"])
    chosen = {key: asked[key] for key in ("columns", "values", "fixed", "filter", "encoding") if asked.get(key)}
    if asked.get("source_crs"):
        chosen["crs"] = asked["source_crs"]
    source_entry = {"table": table, "file": path.name, **chosen}
    (entry,) = parse_mapping({"source": [source_entry]}, origin="the request", tables=APPENDABLE).source
    layer = source.read(str(named or source.layers[0]), entry.encoding)
    if is_tagged(layer) and not (entry.columns or entry.fixed or entry.values):
        made = tables_from_tags(layer).get(table)
        if made is None or not len(made[0]):
            raise InputError(Fault(f"no OpenStreetMap tag there speaks of {table}", "map its columns", file=path.name,
                                   layer=layer.name))  # fmt: skip
        draft = draft_tags(layer, table, *made)
        own_ids = True
    else:
        draft = draft_columns(layer, table, entry)
        own_ids = TABLES[table].index in {*entry.columns, *(str(name) for name in layer.frame.columns)}
    if len(draft.frame) > MOST_ROWS:
        raise TooLargeError(f"the layer gives {len(draft.frame):,} rows; at most {MOST_ROWS:,} are added at once",
                            "take a part by filter, or import the file")  # fmt: skip
    number = source.layers.index(layer.name) + 1
    prefix = f"{asked['prefix']}-{number}" if len(source.layers) > 1 else str(asked["prefix"])
    return _told(draft, str(asked["crs"]), None if own_ids else prefix)


def _told(draft: Draft, crs: str, prefix: str | None) -> dict[str, Any]:
    """Return the rows of a draft as JSON values; `prefix` begins the ids where the layer has none."""
    done, _, _, repairs, faults = in_metres([draft], given=crs, of_study=None)
    if faults:
        raise InputError(faults[:50])
    (placed,) = done
    frame = placed.frame
    said = [*repairs, *placed.repairs]
    if prefix is not None:  # the ids that import makes could be those of rows that are there
        frame = frame.set_axis([f"{prefix}-{number}" for number in range(1, len(frame) + 1)])
        said = [each for each in said if each.code != "ids_made"]
        said.append(Repair(draft.table, "", "assumed", "ids_made", f"the layer has no ids; they are {prefix}-1 …",
                           f"图层没有编号，已编为{prefix}-1等"))  # fmt: skip
    return {
        "rows": [
            {"id": str(index), "geometry": None if shape is None else shapely.to_wkb(shape, hex=True, flavor="iso"),
             "properties": properties}
            for index, shape, properties in zip(frame.index, frame.geometry.values, _properties(frame), strict=True)
        ],
        "repairs": [{"row": each.row_id, "action": each.action, "code": each.code, "detail": each.detail,
                     "detail_zh": each.detail_zh} for each in said[:200]],
    }  # fmt: skip


def _properties(frame: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    """Return the columns of every row as JSON values, without what is missing."""
    plain = pd.DataFrame(frame.drop(columns=frame.geometry.name)).astype("object")
    return [
        {str(name): _json(value) for name, value in row.items() if not _is_missing(value)}
        for row in plain.to_dict("records")
    ]


def _is_missing(value: Any) -> bool:  # noqa: ANN401 - a cell
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value))


def _json(value: Any) -> Any:  # noqa: ANN401 - a cell
    return value.item() if hasattr(value, "item") else value
