"""A plan's layers after an edit: only the rows that the edit changes, so that it is on the map at once.

`layer_writes` of the operations describes a whole plan with all its texts, which takes seconds. Here what is measured
and drawn is brought up to date - shapes, counts, what moved - and what is told in words of a community that changed
says that it is to be told anew; the next explanation does so. A test holds both to the same shapes and figures.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from api.storage import StudyStore
from api.storage.records import Collection, FeatureWrite, Write
from geo.partition.actions.names import block_of
from geo.partition.actions.transfers import SHOWN_BLOCKS, UNASSIGNED, union
from geo.partition.edits import Draft, State, called
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
    near
        The neighbours of each block.
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
    near: tuple[tuple[int, ...], ...]
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
    a, b = (np.array([place[str(block)] for block in seams[side]], dtype=np.int64) for side in ("block_a", "block_b"))
    near: list[set[int]] = [set() for _ in range(len(rows))]
    for one, other in zip(a.tolist(), b.tolist(), strict=True):
        if one >= 0 and other >= 0:
            near[one].add(other)
            near[other].add(one)
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
        seam_a=a,
        seam_b=b,
        near=tuple(tuple(sorted(each)) for each in near),
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


# ── the rows that are there ──────────────────────────────────────────────────────────────────────────────────────────
Row = Mapping[str, Any]
"""Columns, `id` and `geometry` (WKB) of one feature."""


class Layers:
    """The rows of a plan's layers at one version: read once, then kept in step with what is written."""

    def __init__(self, store: StudyStore, plan_id: str, rows: Mapping[str, Mapping[str, Row]] | None = None) -> None:
        self._store = store
        self._plan_id = plan_id
        self._rows = dict(rows or {})

    def rows(self, frame: str) -> Mapping[str, Row]:
        """Return the rows of one layer by id."""
        if frame not in self._rows:
            table = self._store.rows(f"plan.{self._plan_id}.{frame}").drop_columns(["version", "tx"])
            self._rows[frame] = {str(row["id"]): row for row in table.to_pylist()}
        return self._rows[frame]

    def collection(self, frame: str) -> Collection:
        """Return the collection that a layer is."""
        return self._store.collections()[f"plan.{self._plan_id}.{frame}"]

    def forget(self) -> None:
        """Have the rows read anew: another program may have written them."""
        self._rows.clear()

    def after(self, writes: Sequence[Write]) -> "Layers":
        """Return the layers after some writes."""
        rows = {frame: dict(kept) for frame, kept in self._rows.items()}
        for write in writes:
            if not isinstance(write, FeatureWrite):
                continue
            frame = write.collection.rsplit(".", 1)[-1]
            if frame not in rows:
                continue
            if write.op == "delete":
                rows[frame].pop(write.id, None)
            else:
                rows[frame][write.id] = {**write.properties, "id": write.id, "geometry": write.geometry}
        return Layers(self._store, self._plan_id, rows)


# ── from one state to the next ───────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, eq=False)
class _Redrawing:
    """One edit: the sheet, the rows that are there, and the communities of the blocks before and after it."""

    plan_id: str
    sheet: Sheet
    layers: Layers
    now: State
    old: Objects
    new: Objects

    def write(self, frame: str, row: Row, **changes: Any) -> FeatureWrite:  # noqa: ANN401 - JSON values
        """Return a row with some columns changed, as it is to be written."""
        made = {**row, **changes}
        identity, shape = str(made.pop("id")), made.pop("geometry")
        op: Literal["create", "replace"] = "replace" if identity in self.layers.rows(frame) else "create"
        return FeatureWrite(f"plan.{self.plan_id}.{frame}", identity, op, made, shape)

    def delete(self, frame: str, identity: str) -> FeatureWrite:
        """Return the deletion of a row."""
        return FeatureWrite(f"plan.{self.plan_id}.{frame}", identity, "delete")


def redrawn(plan_id: str, sheet: Sheet, layers: Layers, was: State, now: State) -> list[Write]:
    """Return what brings a plan's layers from one state of its draft to another; nothing when nobody moves."""
    old, new = (np.array(state.ids, dtype=object)[state.part] for state in (was, now))
    moved = np.flatnonzero(old != new)
    if not len(moved):
        return []
    edit = _Redrawing(plan_id, sheet, layers, now, old, new)
    touched = sorted({*old[moved], *new[moved]})
    today = sorted(({*touched, *sheet.before[moved]}) - {""})
    return [
        *_blocks(edit, moved),
        *_seams(edit, moved),
        *_communities(edit, touched),
        *_today(edit, today),
        *_moves(edit),
    ]


def _blocks(edit: _Redrawing, moved: Ints) -> list[Write]:
    sheet, anybody = edit.sheet, bool((edit.sheet.before != "").any())
    rows = edit.layers.rows("blocks")
    return [
        edit.write("blocks", rows[sheet.ids[i]], community_id=edit.new[i],
                     moved=anybody and bool(sheet.before[i] != edit.new[i]))
        for i in moved.tolist()
    ]  # fmt: skip


def _seams(edit: _Redrawing, moved: Ints) -> list[Write]:
    sheet, new = edit.sheet, edit.new
    met = np.flatnonzero(np.isin(sheet.seam_a, moved) | np.isin(sheet.seam_b, moved))
    rows = edit.layers.rows("seams")
    writes: list[Write] = []
    for i in met.tolist():
        a, b = (new[p] if p >= 0 else None for p in (sheet.seam_a[i], sheet.seam_b[i]))
        row = rows[sheet.seam_ids[i]]
        if (row["community_a"], row["community_b"]) != (a, b):
            writes.append(edit.write("seams", row, community_a=a, community_b=b, cut=a != b))
    return writes


def _communities(edit: _Redrawing, touched: list[str]) -> list[Write]:
    sheet, new = edit.sheet, edit.new
    limits = edit.now.town.limits
    rows, before = edit.layers.rows("communities"), edit.layers.rows("communities_before")
    colours = {identity: row["colour"] for identity, row in rows.items()}
    writes: list[Write] = []
    for identity in touched:
        own = np.flatnonzero(new == identity)
        if not len(own):
            writes.append(edit.delete("communities", identity))
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
        writes.append(edit.write("communities", {**row, "id": identity}, **changed))
    return writes


def _today(edit: _Redrawing, today: list[str]) -> list[Write]:
    writes: list[Write] = []
    rows = edit.layers.rows("communities_before")
    for identity, row in ((each, rows[each]) for each in today if each in rows):
        then, own = (np.flatnonzero(ids == identity) for ids in (edit.sheet.before, edit.new))
        fate = _fate(then, own, row)
        writes.append(
            edit.write("communities_before", row, fate=fate, heir_id=None if fate == "abolished" else identity,
                         renamed=bool(row["renamed"]) and fate != "abolished", text_zh=RETOLD[0], text_en=RETOLD[1])
        )  # fmt: skip
    return writes


def _newcomer(
    edit: _Redrawing, identity: str, own: Ints, *, today: Row | None, colours: Mapping[str, str]
) -> dict[str, Any]:
    """Return the row of a community that was not there before the edit; one of today's keeps its name and colour."""
    sheet = edit.sheet
    columns = edit.layers.collection("communities").columns
    row: dict[str, Any] = dict.fromkeys(column.name for column in columns)
    row |= {"renamed": False, "colour": _free_colour(edit, own, colours)}
    if today is not None:
        return row | {name: today[name] for name in ("name", "name_en", "kind", "colour")} | {
            "name_source": "kept", "name_proposed": False,
        }  # fmt: skip
    zh, en = called(edit.now.town, identity)
    origins = sorted(set(sheet.before[own]) - {""})
    before = edit.layers.rows("communities_before")
    kinds = {before[origin]["kind"] for origin in origins if origin in before}
    kind = kinds.pop() if len(kinds) == 1 else "community"
    return row | {"name": zh, "name_en": en, "kind": kind, "name_source": "proposed", "name_proposed": True}


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


def _fate(then: Ints, own: Ints, row: Row) -> str:
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
    """Return blocks as contiguous pieces."""
    left, found = dict.fromkeys(part.tolist()), []
    while left:
        piece, edge = [], [next(iter(left))]
        left.pop(edge[0])
        while edge:
            here = edge.pop()
            piece.append(here)
            for near in sheet.near[here]:
                if near in left:
                    left.pop(near)
                    edge.append(near)
        found.append(np.array(sorted(piece), dtype=np.int64))
    return found


def _moves(edit: _Redrawing) -> list[Write]:
    """Return what brings the layer of moves up to date; a parcel that is the same as before keeps its texts."""
    sheet, rows = edit.sheet, edit.layers.rows("moves")
    told = {parcel: rows[number] for number, parcel in parcels(sheet, edit.old).items() if number in rows}
    now = parcels(sheet, edit.new)
    sizes, living = Counter(sheet.before), set(edit.new)
    writes: list[Write] = []
    for number, parcel in now.items():
        row = {
            **(told.get(parcel) or _move(edit, parcel, sizes[parcel[0]], lives_on=parcel[0] in living)),
            "id": number,
        }
        if rows.get(number) != row:
            writes.append(edit.write("moves", row))
    return [*writes, *(edit.delete("moves", number) for number in rows if number not in now)]


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
    columns = edit.layers.collection("moves").columns
    return dict.fromkeys(column.name for column in columns) | {
        "geometry": shapely.to_wkb(sheet.shape(blocks), flavor="iso"), "from_id": origin or None, "from_name": a,
        "to_id": target, "to_name": b, "households": _sum(sheet.households[blocks]),
        "people": _sum(sheet.people[blocks]), "area_m2": float(sheet.area_m2[blocks].sum()),
        "buildings_count": _sum(sheet.buildings[blocks]), "whole": whole, "place_zh": zh, "place_en": en,
        "text_zh": text[0], "text_en": text[1],
    }  # fmt: skip
