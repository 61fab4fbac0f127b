"""A plan's layers after an edit: only the rows that the edit changes, so that it is on the map at once.

`layer_writes` of the operations describes a whole plan with all its texts, which takes seconds. Here what is measured
and drawn is brought up to date - shapes, counts, what moved - and what is told in words of a community that changed
says that it is to be told anew; the next explanation does so. A test holds both to the same shapes and figures.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import shapely

from api.storage import StudyStore
from api.storage.records import CollectionWrite, FeatureWrite, Write, arrow_schema
from geo.partition.actions.names import block_of
from geo.partition.actions.transfers import SHOWN_BLOCKS, UNASSIGNED, union
from geo.partition.edits import Draft, State, called
from geo.partition.town import pieces
from geo.schema import OUTSIDE
from layers.styles import COMMUNITY_COLOURS, against

Objects = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

RETOLD = ("范围已由人工调整，说明待更新。", "Changed by hand; its description is to be written anew.")
"""What a community that was edited is told as, until the plan is explained."""

_TOLD = ("bounds_to_zh", "bounds_of_zh", "bounds_to_en", "bounds_of_en", "bounds_agreement", "note_zh", "note_en")
"""Columns of communities that only an explanation can fill."""


@dataclass(frozen=True, eq=False)
class Sheet:
    """What every drawing of one plan needs: its blocks with their counts and shapes, and the seams between.

    Attributes
    ----------
    ids, households, people, buildings, estates, area_m2, before, shapes
        Arrays over the blocks in the order of the town; unknown counts are NaN, `before` is "" where a block belongs to
        no community today.
    north, west
        Of each block [m].
    seam_ids, seam_a, seam_b
        Seams with the positions of the blocks on both sides, -1 outside.
    unions
        Shapes that were drawn before, by the blocks they are of.
    """

    ids: Objects
    households: Floats
    people: Floats
    buildings: Floats
    estates: Floats
    area_m2: Floats
    before: Objects
    shapes: Objects
    north: Floats
    west: Floats
    seam_ids: Objects
    seam_a: Ints
    seam_b: Ints
    unions: dict[bytes, shapely.Geometry] = field(default_factory=dict)

    def shape(self, blocks: Ints) -> shapely.Geometry:
        """Return the exact union of blocks."""
        key = blocks.tobytes()
        if key not in self.unions:
            self.unions[key] = union(self.shapes[blocks])
        return self.unions[key]


def sheet_of(
    draft: Draft,
    blocks: gpd.GeoDataFrame,
    seams: gpd.GeoDataFrame,
    buildings: gpd.GeoDataFrame | None,
    estates: gpd.GeoDataFrame | None,
) -> Sheet:
    """Return the sheet of a plan on the tables that it was opened with."""
    rows = blocks.loc[list(draft.state.town.block_ids)]
    known = rows["community_id"]
    place = {str(block): i for i, block in enumerate(rows.index)} | {OUTSIDE: -1}
    box = rows.geometry.bounds
    return Sheet(
        ids=rows.index.astype(str).to_numpy(dtype=object),
        households=_numbers(rows["households"]),
        people=_numbers(rows["people"]),
        buildings=_buildings(rows, buildings),
        estates=np.full(len(rows), np.nan) if estates is None else _inside(estates, rows),
        area_m2=rows.geometry.area.to_numpy(),
        before=known.astype("object").where(known.notna(), "").astype(str).to_numpy(dtype=object),
        shapes=rows.geometry.to_numpy(),
        north=box["maxy"].round(3).to_numpy(),
        west=box["minx"].round(3).to_numpy(),
        seam_ids=seams.index.astype(str).to_numpy(dtype=object),
        seam_a=np.array([place[str(block)] for block in seams["block_a"]], dtype=np.int64),
        seam_b=np.array([place[str(block)] for block in seams["block_b"]], dtype=np.int64),
    )


def _numbers(values: pd.Series) -> Floats:
    numbers: Floats = values.to_numpy(dtype="float64", na_value=np.nan)
    return numbers


def _buildings(rows: gpd.GeoDataFrame, buildings: gpd.GeoDataFrame | None) -> Floats:
    if buildings is not None and len(buildings):
        return _inside(buildings, rows)
    if "buildings_count" in rows.columns and rows["buildings_count"].fillna(0).any():
        return _numbers(rows["buildings_count"])
    return np.full(len(rows), np.nan)


def _inside(things: gpd.GeoDataFrame, rows: gpd.GeoDataFrame) -> Floats:
    block = block_of(things, rows)
    return np.bincount(block[block >= 0], minlength=len(rows)).astype(np.float64)


# ── from one state to the next ───────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, eq=False)
class _Redrawing:
    """One edit: the sheet, the communities of the blocks before and after it, and what it touches."""

    store: StudyStore
    plan_id: str
    sheet: Sheet
    was: State
    now: State

    @property
    def old(self) -> Objects:
        return np.array(self.was.ids, dtype=object)[self.was.part]

    @property
    def new(self) -> Objects:
        return np.array(self.now.ids, dtype=object)[self.now.part]

    def rows(self, frame: str, ids: Iterable[str] | None = None) -> dict[str, dict[str, Any]]:
        """Return rows as they are in the store, by id; the wanted ones."""
        wanted = None if ids is None else sorted(set(ids))
        table = self.store.rows(f"plan.{self.plan_id}.{frame}", ids=wanted)
        return {str(row["id"]): row for row in table.to_pylist()}

    def replace(self, frame: str, row: Mapping[str, Any], **changes: Any) -> FeatureWrite:  # noqa: ANN401 - JSON values
        """Return a row with some columns changed."""
        kept = {name: value for name, value in row.items() if name not in ("id", "version", "tx", "geometry")}
        shape = changes.pop("geometry", row["geometry"])
        return FeatureWrite(f"plan.{self.plan_id}.{frame}", str(row["id"]), "replace", kept | changes, shape)


def redrawn(store: StudyStore, plan_id: str, sheet: Sheet, was: State, now: State) -> list[Write]:
    """Return what brings a plan's layers from one state of its draft to another; nothing when nobody moves."""
    edit = _Redrawing(store, plan_id, sheet, was, now)
    moved = np.flatnonzero(edit.old != edit.new)
    if not len(moved):
        return []
    touched = sorted({*edit.old[moved], *edit.new[moved]})
    today = sorted(({*touched, *sheet.before[moved]}) - {""})
    return [
        *_blocks(edit, moved),
        *_seams(edit, moved),
        *_communities(edit, touched),
        *_today(edit, today),
        _moves(edit),
    ]


def _blocks(edit: _Redrawing, moved: Ints) -> list[Write]:
    sheet, anybody = edit.sheet, bool((edit.sheet.before != "").any())
    rows = edit.rows("blocks", sheet.ids[moved])
    return [
        edit.replace("blocks", rows[sheet.ids[i]], community_id=edit.new[i],
                     moved=anybody and bool(sheet.before[i] != edit.new[i]))
        for i in moved.tolist()
    ]  # fmt: skip


def _seams(edit: _Redrawing, moved: Ints) -> list[Write]:
    sheet, new = edit.sheet, edit.new
    met = np.flatnonzero(np.isin(sheet.seam_a, moved) | np.isin(sheet.seam_b, moved))
    rows = edit.rows("seams", sheet.seam_ids[met])
    writes: list[Write] = []
    for i in met.tolist():
        a, b = (new[p] if p >= 0 else None for p in (sheet.seam_a[i], sheet.seam_b[i]))
        row = rows[sheet.seam_ids[i]]
        if (row["community_a"], row["community_b"]) != (a, b):
            writes.append(edit.replace("seams", row, community_a=a, community_b=b, cut=a != b))
    return writes


def _communities(edit: _Redrawing, touched: list[str]) -> list[Write]:
    sheet, new = edit.sheet, edit.new
    limits = edit.now.town.limits
    rows = edit.rows("communities")
    before = edit.rows("communities_before", touched)
    colours = {identity: row["colour"] for identity, row in rows.items()}
    collection = f"plan.{edit.plan_id}.communities"
    writes: list[Write] = []
    for identity in touched:
        own = np.flatnonzero(new == identity)
        if not len(own):
            writes.append(FeatureWrite(collection, identity, "delete"))
            continue
        then = np.flatnonzero(sheet.before == identity)
        row = rows.get(identity) or _newcomer(edit, identity, own, today=before.get(identity), colours=colours)
        colours[identity] = row["colour"]
        homes = _sum(sheet.households[own])
        changed: dict[str, Any] = {
            "households": homes, "people": _sum(sheet.people[own]), "area_m2": float(sheet.area_m2[own].sum()),
            "blocks_count": len(own), "buildings_count": _sum(sheet.buildings[own]),
            "estates_count": _sum(sheet.estates[own]), "households_before": _sum(sheet.households[then]),
            "people_before": _sum(sheet.people[then]), "status": _status(then, own), "fate": _fate(then, own, row),
            "against_limits": against(homes, limits.min_households, limits.max_households),
            "text_zh": RETOLD[0], "text_en": RETOLD[1], **dict.fromkeys(_TOLD),
            "geometry": shapely.to_wkb(sheet.shape(own), flavor="iso"),
        }  # fmt: skip
        write = edit.replace("communities", {**row, "id": identity}, **changed)
        writes.append(write if identity in rows else _created(write))
    return writes


def _today(edit: _Redrawing, today: list[str]) -> list[Write]:
    writes: list[Write] = []
    for identity, row in edit.rows("communities_before", today).items():
        then, own = (np.flatnonzero(ids == identity) for ids in (edit.sheet.before, edit.new))
        fate = _fate(then, own, row)
        writes.append(
            edit.replace("communities_before", row, fate=fate, heir_id=None if fate == "abolished" else identity,
                         renamed=bool(row["renamed"]) and fate != "abolished", text_zh=RETOLD[0], text_en=RETOLD[1])
        )  # fmt: skip
    return writes


def _newcomer(
    edit: _Redrawing, identity: str, own: Ints, *, today: Mapping[str, Any] | None, colours: Mapping[str, str]
) -> dict[str, Any]:
    """Return the row of a community that was not there before the edit; one of today's keeps its name and colour."""
    sheet = edit.sheet
    columns = edit.store.collections()[f"plan.{edit.plan_id}.communities"].columns
    row: dict[str, Any] = dict.fromkeys(column.name for column in columns)
    row |= {"renamed": False, "colour": _free_colour(edit, own, colours)}
    if today is not None:
        return row | {name: today[name] for name in ("name", "name_en", "kind", "colour")} | {
            "name_source": "kept", "name_proposed": False,
        }  # fmt: skip
    zh, en = called(edit.now.town, identity)
    origins = sorted(set(sheet.before[own]) - {""})
    kinds = {row["kind"] for row in edit.rows("communities_before", origins).values()} if origins else set()
    kind = kinds.pop() if len(kinds) == 1 else "community"
    return row | {"name": zh, "name_en": en, "kind": kind, "name_source": "proposed", "name_proposed": True}


def _created(write: FeatureWrite) -> FeatureWrite:
    return FeatureWrite(write.collection, write.id, "create", write.properties, write.geometry)


def _free_colour(edit: _Redrawing, own: Ints, colours: Mapping[str, str]) -> str:
    """Return the colour that fewest neighbours of these blocks have; the first of them."""
    sheet, mine = edit.sheet, np.zeros(len(edit.sheet.ids), dtype=bool)
    mine[own] = True
    inner = (sheet.seam_a >= 0) & (sheet.seam_b >= 0)
    a, b = sheet.seam_a[inner], sheet.seam_b[inner]
    border = np.concatenate([b[mine[a] & ~mine[b]], a[mine[b] & ~mine[a]]])
    used = Counter(colours.get(str(identity), "") for identity in set(edit.new[border]))
    return min((str(i) for i in range(len(COMMUNITY_COLOURS))), key=lambda colour: (used[colour], int(colour)))


def _status(then: Ints, own: Ints) -> str:
    if not len(then):
        return "created"
    return "kept" if np.array_equal(then, own) else "changed"


def _fate(then: Ints, own: Ints, row: Mapping[str, Any]) -> str:
    """Return what becomes of an id (see `geo.partition.actions.PlanTables`)."""
    if not len(own):
        return "abolished"
    if not len(then):
        return "created"
    gave, received = bool(len(np.setdiff1d(then, own))), bool(len(np.setdiff1d(own, then)))
    stays = "renamed" if row["renamed"] else "kept"
    return {(False, False): stays, (False, True): "received", (True, False): "gave", (True, True): "exchanged"}[
        gave, received
    ]


def _sum(values: Floats) -> int | None:
    known = values[~np.isnan(values)]
    return int(known.sum()) if len(known) else None


# ── what moves ───────────────────────────────────────────────────────────────────────────────────────────────────────
Parcel = tuple[str, str, tuple[int, ...]]
"""From, to, blocks."""


def parcels(sheet: Sheet, after: Objects) -> dict[str, Parcel]:
    """Return every move by its id, numbered as the explained plan numbers them."""
    before = sheet.before
    if not (before != "").any():
        return {}
    sizes, found = Counter(before), list[Parcel]()
    homes = np.nan_to_num(sheet.households)
    moved = np.flatnonzero(before != after)
    for origin, target in sorted({(before[i], after[i]) for i in moved.tolist()}):
        part = moved[(before[moved] == origin) & (after[moved] == target)]
        whole = bool(origin) and len(part) == sizes[origin]
        groups = [part] if whole else _pieces(sheet, part)
        groups.sort(key=lambda p: (-int(homes[p].sum()), -sheet.north[p].max(), sheet.west[p].min(), sheet.ids[p[0]]))
        found += [(origin, target, tuple(group.tolist())) for group in groups]
    width = max(2, len(str(len(found))))
    return {f"M{number:0{width}}": parcel for number, parcel in enumerate(found, start=1)}


def _pieces(sheet: Sheet, part: Ints) -> list[Ints]:
    place = np.full(len(sheet.ids) + 1, -1, dtype=np.int64)  # the last is the outside
    place[part] = np.arange(len(part))
    a, b = place[sheet.seam_a], place[sheet.seam_b]
    joined = (a >= 0) & (b >= 0)
    count, label = pieces(len(part), a[joined], b[joined])
    return [part[label == one] for one in range(count)]


def _moves(edit: _Redrawing) -> CollectionWrite:
    """Return the layer of moves; a parcel that is the same as before keeps its texts."""
    sheet = edit.sheet
    collection = edit.store.collections()[f"plan.{edit.plan_id}.moves"]
    rows = edit.rows("moves")
    told = {parcel: rows.get(number) for number, parcel in parcels(sheet, edit.old).items()}
    now = parcels(sheet, edit.new)
    sizes = Counter(sheet.before)
    living = set(edit.new)
    made = []
    for number, parcel in now.items():
        kept = told.get(parcel)
        row = kept or _move(edit, parcel, sizes[parcel[0]], lives_on=parcel[0] in living)
        made.append({**row, "id": number})
    names = ["id", "geometry", *(column.name for column in collection.columns)]
    schema = pa.schema([arrow_schema(collection).field(name) for name in names])
    return CollectionWrite(collection, pa.Table.from_pylist(made, schema=schema))


def _move(edit: _Redrawing, parcel: Parcel, size: int, *, lives_on: bool) -> dict[str, Any]:
    sheet, (origin, target, part) = edit.sheet, parcel
    blocks = np.array(part, dtype=np.int64)
    whole = bool(origin) and len(part) == size
    town = edit.now.town
    (a, a_en), (b, b_en) = called(town, origin) if origin else UNASSIGNED, called(town, target)
    shown, more = list(sheet.ids[blocks[:SHOWN_BLOCKS]]), len(part) > SHOWN_BLOCKS
    zh = f"地块{'、'.join(shown)}{f'等{len(part)}个地块' if more else ''}"
    en = f"block{'s' if len(part) > 1 else ''} {', '.join(shown)}{f', … ({len(part)} blocks)' if more else ''}"
    if whole and lives_on:
        text = f"将{a}现有范围整体划入{b}管辖", f"All of today's {a_en} passes to {b_en}"
    elif whole:
        text = f"撤销{a}，将{a}整体划入{b}管辖", f"Abolish {a_en}; all of {a_en} passes to {b_en}"
    else:
        text = f"将{a}内{zh}划入{b}管辖", f"The part of {a_en} {en} passes to {b_en}"
    return {
        "geometry": shapely.to_wkb(sheet.shape(blocks), flavor="iso"), "from_id": origin or None, "from_name": a,
        "to_id": target, "to_name": b, "households": _sum(sheet.households[blocks]),
        "people": _sum(sheet.people[blocks]), "area_m2": float(sheet.area_m2[blocks].sum()),
        "buildings_count": _sum(sheet.buildings[blocks]), "whole": whole, "place_zh": zh, "place_en": en,
        "text_zh": text[0], "text_en": text[1],
    }  # fmt: skip
