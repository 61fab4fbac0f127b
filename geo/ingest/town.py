"""Read a town: files in, one checked study in one metric CRS out, with everything that was mended or assumed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import geopandas as gpd
from pyproj import CRS

from geo.errors import Fault, InputError
from geo.ingest.columns import Draft, draft_columns, draft_tags
from geo.ingest.formats import RASTER_ENDINGS, ending, open_file
from geo.ingest.grids import check_raster, raster_kind, read_raster
from geo.ingest.mapping import IMPORTABLE, ImportMapping, Scalar, SourceEntry, load_mapping
from geo.ingest.osm import is_tagged, tables_from_tags
from geo.ingest.place import in_metres
from geo.ingest.source import Layer, SourceFile
from geo.ingest.tables import MARGIN_M, Extent, believable_estates, join, known_references, overlaps, with_area, within
from geo.raster import Raster
from geo.schema import TABLES
from geo.study import Study

Told = Callable[[str, float], None]
"""Told what is being done and the share that is done (0 to 1); it may raise to cancel."""


@dataclass
class _Work:
    """What has been gathered so far; lives for one import."""

    drafts: list[Draft] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    ignored: list[dict[str, str]] = field(default_factory=list)
    remarks: set[str] = field(default_factory=set)
    extents: list[Extent] = field(default_factory=list)
    opened: dict[Path, SourceFile | None] = field(default_factory=dict)
    layers: dict[tuple[Path, str, str | None], Layer | None] = field(default_factory=dict)


def import_files(
    paths: Sequence[Path | str],
    *,
    mapping: Path | ImportMapping | None = None,
    crs: str | None = None,
    name: str | None = None,
    name_en: str | None = None,
    area: Path | None = None,
    progress: Told | None = None,
) -> Study:
    """Return the study that these files make: checked tables and rasters in one metric CRS, with every repair.

    Nothing is returned half: when anything is wrong, all faults of all layers are raised together.

    Parameters
    ----------
    paths
        Vector files (.gpkg, .geojson, .shp, .zip, .parquet, .fgb), OpenStreetMap extracts (.osm.pbf, .osm), rasters
        (.tif). Files the mapping names need not be listed; files it does not name are read by default: OpenStreetMap
        tags, layers named like our tables, villages, census areas.
    mapping
        Which source column is which (see docs/import.md). Its files must lie in its own folder or be listed in `paths`.
    crs
        The metric CRS of the study; layers that state none are taken to be in it. When it is in degrees, it speaks for
        the silent layers only, and the study's CRS is picked.
    name, name_en
        Name of the study; without one the mapping's, else the first file's.
    area
        A file whose areas are the study area, instead of any study_area layer.
    progress
        Told what is being done and the share that is done (0 to 1); it may raise to cancel.

    Raises
    ------
    InputError
        With every fault found: file, layer, table, row ids, and what to do about each.
    """
    tell = progress or _say_nothing
    plan = load_mapping(mapping) if isinstance(mapping, Path) else (mapping or ImportMapping())
    work = _Work()
    files = [Path(path) for path in paths]
    vectors, rasters = _choose_rasters(files, plan, work)
    tell("reading files", 0.0)
    _read_all(vectors, plan, area, work, tell)
    if not work.drafts and not work.faults:
        work.faults.append(_nothing_used(work, files))
    tell("checking and mending", 0.5)
    drafts, target, why, repairs, faults = in_metres(work.drafts, given=crs, of_study=plan.study.crs)
    if work.faults or faults:
        raise InputError(dict.fromkeys([*work.faults, *faults]))
    tell("joining layers", 0.7)
    tables, mended = join(believable_estates(drafts))
    joined = {table: len(frame) for table, frame in tables.items()}
    of_overlaps, faults = overlaps(tables)
    if faults:
        raise InputError(faults)
    tables, of_area, area_from = with_area(tables, work.extents, target)
    tables, of_edge, outside = within(tables)
    tables, of_ids = known_references(tables)
    tell("reading rasters", 0.9)
    grids = _read_rasters(rasters, tables["study_area"])
    notes = _notes(drafts, work, target, why)
    rows = {table: {"read": joined.get(table, 0), "kept": len(frame)} for table, frame in tables.items()}
    notes |= {
        "rows": rows,
        "area": area_from,
        "outside": outside,
        "rasters": {kind: rasters[kind].name for kind in sorted(rasters)},
    }
    first = files[0] if files else Path(plan.source[0].file)
    label = name or plan.study.name or first.name[: len(first.name) - len(ending(first))]
    study = Study(name=label, crs=target, tables={}, name_en=name_en or plan.study.name_en or "", rasters=grids)
    ordered = {table: tables[table].sort_index() for table in TABLES if table in tables}
    tell("done", 1.0)
    return study.having(ordered, repairs=[*repairs, *mended, *of_overlaps, *of_area, *of_edge, *of_ids], note=notes)


def _read_rasters(rasters: dict[str, Path], area: gpd.GeoDataFrame) -> dict[str, Raster]:
    """Return the rasters around the study area; every fault at once."""
    west, south, east, north = (float(side) for side in area.total_bounds)
    bounds = (west - MARGIN_M, south - MARGIN_M, east + MARGIN_M, north + MARGIN_M)
    grids: dict[str, Raster] = {}
    faults: list[Fault] = []
    for kind, path in sorted(rasters.items()):
        try:
            grids[kind] = read_raster(path, bounds, area.crs)
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(faults)
    return grids


def _say_nothing(_what: str, _share: float) -> None:
    """Take no notice of progress."""


# --- reading ----------------------------------------------------------------------------------------------------------


def _choose_rasters(files: Sequence[Path], plan: ImportMapping, work: _Work) -> tuple[list[Path], dict[str, Path]]:
    """Return the vector files, and the raster file of each kind (the mapping's word wins over the file's name)."""
    vectors = [path for path in files if ending(path) not in RASTER_ENDINGS]
    chosen: dict[str, Path] = {}
    for kind, written in (("population", plan.rasters.population), ("dem", plan.rasters.dem)):
        if written is not None:
            try:
                chosen[kind] = _located(written, plan, files)
            except InputError as error:
                work.faults += error.faults
    named = {path.resolve() for path in chosen.values()}
    for path in files:
        if ending(path) not in RASTER_ENDINGS or path.resolve() in named:
            continue
        guess = raster_kind(path)
        if guess is None or guess in chosen:
            reason = (
                f"there is a {guess} raster already"
                if guess
                else ("its name says neither population nor dem; name it under [rasters] in the mapping")
            )
            work.ignored.append({"file": path.name, "layer": "", "reason": reason})
        else:
            chosen[guess] = path
    for path in chosen.values():
        try:
            check_raster(path)
        except InputError as error:
            work.faults += error.faults
    return vectors, chosen


def _located(written: str, plan: ImportMapping, files: Sequence[Path]) -> Path:
    """Return the file a mapping speaks of: one of the files given, or one in the mapping's own folder.

    A mapping may come from someone else, so it cannot reach files outside its folder by itself.
    """
    given = [path for path in files if path.name == Path(written).name]
    folder = plan.folder
    if folder is not None:
        target = (folder / written).resolve()
        if any(path.resolve() == target for path in given):
            return target
        if target.is_relative_to(folder.resolve()) and (target.exists() or not given):
            return target
    if len(given) == 1:
        return given[0]
    raise InputError(
        Fault(
            f"the mapping speaks of {written}, which is neither in its folder nor among the files given",
            "put the file beside the mapping, or list it with the other files",
            file=plan.origin,
        )
    )


def _read_all(vectors: Sequence[Path], plan: ImportMapping, area: Path | None, work: _Work, tell: Told) -> None:
    """Gather drafts from every source: the mapping's entries, then the files it does not speak of, then the area."""
    mapped: set[Path] = set()
    for number, entry in enumerate(plan.source, 1):
        try:
            path = _located(entry.file, plan, vectors)
            mapped.add(path.resolve())
            _read_entry(path, entry, number, work)
        except InputError as error:
            work.faults += error.faults
        tell(f"read {entry.file}", 0.5 * number / (len(plan.source) + len(vectors) + 1))
    for number, path in enumerate(vectors, 1):
        if path.resolve() not in mapped:
            try:
                _read_default(path, work)
            except InputError as error:
                work.faults += error.faults
        tell(f"read {path.name}", 0.5 * (len(plan.source) + number) / (len(plan.source) + len(vectors) + 1))
    if area is not None:
        try:
            _read_area(Path(area), work)
        except InputError as error:
            work.faults += error.faults


def _open(path: Path, work: _Work) -> SourceFile | None:
    """Open a file once; None when it was refused before (its faults are known already)."""
    key = path.resolve()
    if key not in work.opened:
        work.opened[key] = None
        work.opened[key] = open_file(path)
    return work.opened[key]


def _layer(source: SourceFile, path: Path, name: str, encoding: str | None, work: _Work) -> Layer | None:
    """Read a layer once; None when it was refused before."""
    key = (path.resolve(), name, encoding)
    if key not in work.layers:
        work.layers[key] = None
        layer = source.read(name, encoding)
        work.layers[key] = layer
        work.remarks.update(f"{path.name}, {name}: {remark}" for remark in layer.remarks)
        if layer.extent is not None and layer.extent not in work.extents:
            work.extents.append(layer.extent)
    return work.layers[key]


def _read_entry(path: Path, entry: SourceEntry, number: int, work: _Work) -> None:
    source = _open(path, work)
    if source is None:
        return
    if entry.layer is not None and entry.layer not in source.layers:
        raise InputError(
            Fault(
                f"source {number}: the file has no layer {entry.layer}",
                f"it has: {', '.join(source.layers) or 'none'}",
                table=entry.table,
                file=str(path),
            )
        )
    by_tags = not (entry.columns or entry.fixed or entry.values)
    names = (entry.layer,) if entry.layer else source.layers
    layers = [layer for name in names if (layer := _layer(source, path, name, entry.encoding, work)) is not None]
    if by_tags and layers and all(is_tagged(layer) for layer in layers):
        found = False
        for layer in layers:
            made = tables_from_tags(layer).get(entry.table)
            if made is not None and len(made[0]):
                found = True
                work.drafts.append(replace(draft_tags(layer, entry.table, *made), written=entry.crs))
        if not found:
            raise InputError(
                Fault(
                    f"source {number}: no OpenStreetMap tag there speaks of {entry.table}",
                    "choose another file or layer, or map its columns",
                    table=entry.table,
                    file=str(path),
                    layer=entry.layer,
                )
            )
        return
    if entry.layer is None and len(source.layers) != 1:
        raise InputError(
            Fault(
                f"source {number}: the file has {len(source.layers)} layers, and none is chosen",
                f'add layer = "…"; it has: {", ".join(source.layers)}',
                table=entry.table,
                file=str(path),
            )
        )
    for layer in layers:
        work.drafts.append(draft_columns(layer, entry.table, entry))


def _read_default(path: Path, work: _Work) -> None:
    source = _open(path, work)
    if source is None:
        return
    for name, reason in source.skipped.items():
        work.ignored.append({"file": path.name, "layer": name, "reason": reason})
    faults: list[Fault] = []
    for name in source.layers:
        try:
            layer = _layer(source, path, name, None, work)
            if layer is not None:
                drafts, reason = _default_drafts(layer)
                work.drafts += drafts
                if reason:
                    work.ignored.append({"file": path.name, "layer": name, "reason": reason})
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(faults)


def _default_drafts(layer: Layer) -> tuple[list[Draft], str]:
    """Return what a layer gives without a mapping, or the reason why it gives nothing."""
    columns = {str(name) for name in layer.frame.columns}
    called = layer.name.lower()
    ours = called if called in IMPORTABLE else None
    required = [c.name for c in TABLES[ours].columns if c.required] if ours else []
    if ours and (not is_tagged(layer) or (required and columns.issuperset(required))):
        return [draft_columns(layer, ours, None, how="layer named like the table")], ""
    if not len(layer.frame):
        return [], "it has no rows"
    if is_tagged(layer):
        made = tables_from_tags(layer)
        drafts = [draft_tags(layer, table, frame, left) for table, (frame, left) in made.items()]
        return [draft for draft in drafts if len(draft.frame) or draft.left_out], "" if drafts else (
            "no OpenStreetMap tag in it speaks of our tables"
        )
    known = _known_layer(layer, columns)
    if known is not None:
        return [draft_columns(layer, known.table, known, how="known column names")], ""
    shown = ", ".join(sorted(columns - {layer.frame.geometry.name})[:12]) or "none"
    return [], f"neither its name nor its columns say what it is (columns: {shown}); map it"


def _known_layer(layer: Layer, columns: set[str]) -> SourceEntry | None:
    """Return how to read a layer of villages or census areas by the column names their publishers use.

    Of Taiwan's lowest units, a 村 is a village and a 里 a neighbourhood of a town, so a community.
    """
    fixed: dict[str, Scalar] = {}
    values: dict[str, dict[str, Scalar]] = {}
    if columns & {"codebase"} or (
        layer.name.lower() in ("population_grid", "stat_areas") and columns & {"population", "households"}
    ):
        table = "census"
        key = "codebase" if "codebase" in columns else "id"
        wanted = {"census_id": key, "name": "name", "households": "households", "people": "population"}
    elif columns & {"villname", "villcode"}:
        table, fixed = "communities", {"kind": "community"}
        wanted = {
            "community_id": "villcode",
            "name": "villname",
            "name_en": "villeng",
            "households": "households",
            "people": "population",
            "children": "age_0_14",
            "elders": "age_65p",
            "town": "townname",
        }
        if "villname" in columns:
            names = [str(name) for name in layer.frame["villname"].dropna().unique()]
            wanted, fixed = {**wanted, "kind": "villname"}, {}
            values = {"kind": {name: "village" if name.endswith("村") else "community" for name in names}}
    else:
        return None
    return SourceEntry(
        table=table,
        file=layer.file,
        layer=layer.name,
        fixed=fixed,
        values=values,
        columns={our: their for our, their in wanted.items() if their in columns},
    )


def _read_area(path: Path, work: _Work) -> None:
    source = _open(path, work)
    if source is None:
        return
    names = [name for name in source.layers if name.lower() == "study_area"] or list(source.layers)
    if len(names) != 1:
        raise InputError(
            Fault(
                f"the area file has {len(names)} layers",
                f"give a file with one layer, or call the layer study_area; it has: {', '.join(names)}",
                file=str(path),
            )
        )
    layer = _layer(source, path, names[0], None, work)
    if layer is not None:
        work.drafts = [draft for draft in work.drafts if draft.table != "study_area"]
        plain = replace(layer, frame=layer.frame[[layer.frame.geometry.name]])
        work.drafts.append(draft_columns(plain, "study_area", None, how="area file"))


def _nothing_used(work: _Work, files: Sequence[Path]) -> Fault:
    if not files:
        return Fault("no file was given", "name the files to read, or a mapping that names them")
    seen = "; ".join(f"{each['file']} {each['layer']}: {each['reason']}".replace("  ", " ") for each in work.ignored)
    return Fault(
        f"nothing in the files can be used ({seen or 'they have no layers'})",
        "write a mapping file that says which layer is which table",
        file=", ".join(map(str, files)),
    )


def _notes(drafts: Sequence[Draft], work: _Work, crs: CRS, why: str) -> dict[str, Any]:
    """Return what a report says about the import, in JSON values."""
    sources = [
        {
            "file": Path(d.file).name,
            "layer": d.layer,
            "table": d.table,
            "how": d.how,
            "rows_read": d.rows_read,
            "rows_used": d.rows_used,
            "columns": d.columns,
            "left_out": d.left_out,
        }
        for d in drafts
    ]
    return {
        "sources": sources,
        "ignored": work.ignored,
        "remarks": sorted(work.remarks),
        "crs": {"name": crs.name, "epsg": crs.to_epsg(), "why": why},
    }
