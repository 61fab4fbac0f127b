"""Search by name over the named tables of a study and of its results."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from api.features.crs import CRS84, references
from api.features.snapshot import Box, Snapshot
from api.storage.records import Collection
from layers.styles import facility_group
from layers.words import WORDS

NAMES = ("name", "name_en", "title_zh", "title_en")
"""Columns that hold names."""

ORDER = ("communities", "communities_before", "estates", "facilities", "buildings", "roads", "barriers", "premises")
"""What people mean by a name, most likely first; other tables follow."""

MOST = 200
"""Names of one table that are looked at more closely than whether they match."""

_STREET_PARTS = frozenset({"roads", "barriers"})
"""Tables in which one thing is many rows of the same name."""


@dataclass(frozen=True)
class Found:
    """One thing whose name was asked for.

    Attributes
    ----------
    collection, id
        The feature; of a street in many parts the largest one.
    name
    kind
        What it is, in Chinese and English.
    context
        The plan or run it belongs to, in Chinese and English; empty for a study's own tables.
    bbox
        West, south, east, north [degrees], of all parts.
    parts
    """

    collection: str
    id: str
    name: str
    kind: tuple[str, str]
    context: tuple[str, str]
    bbox: Box
    parts: int = 1


def searched(collections: Mapping[str, Collection], asked: Sequence[str]) -> list[Collection]:
    """Return the collections to search: a study's own named tables, and those of results that were asked for.

    A study's own communities are left out where a plan's are asked for: they would say every name twice.
    """
    named = [each for each in collections.values() if any(column.name in NAMES for column in each.columns)]
    frames = {collections[each].frame for each in asked if each in collections}
    chosen = [
        each for each in named
        if each.id in asked or (each.source == "study" and each.geometry != "None" and each.frame not in frames)
    ]  # fmt: skip
    place = {frame: n for n, frame in enumerate(ORDER)}
    return sorted(chosen, key=lambda each: (place.get(each.frame, len(ORDER)), each.id))


def search(
    text: str,
    collections: Sequence[Collection],
    read: Callable[[str], Snapshot],
    titles: Mapping[str, tuple[str, str]],
    *,
    limit: int = 20,
) -> tuple[list[Found], bool]:
    """Return what has `text` in its name, the likeliest first, and whether there is more.

    A name that is the text comes before one that begins with it, and that before one that holds it; then by table in
    the order of `ORDER`, shorter names first.

    Parameters
    ----------
    read
        Gives a collection as the caller may see it.
    titles
        `source.result` → titles of plans and runs, in both languages.
    """
    asked = fold(text)
    if not asked:
        return [], False
    ranked: list[tuple[tuple[int, int, int, str], Found]] = []
    seen: set[tuple[str, str]] = set()
    for n, collection in enumerate(collections):
        for found in _in_table(read(collection.id), asked, titles):
            key = (collection.frame.removesuffix("_before"), found.name)
            if collection.frame.startswith("communities"):
                if key in seen:
                    continue
                seen.add(key)
            ranked.append(((_rank(found.name, asked), n, len(found.name), found.name), found))
    ranked.sort(key=lambda each: each[0])
    return [found for _, found in ranked[:limit]], len(ranked) > limit


def fold(text: str) -> str:
    """Return text as it is compared: full-width letters and digits as the usual ones, small letters, no space round it.

    Examples
    --------
    >>> fold(" Ｑinghe１ ")
    'qinghe1'
    """
    folded: str = _folded(pa.scalar(text)).as_py()
    return folded.strip()


def _folded(texts: pa.Scalar | pa.ChunkedArray) -> pa.Scalar | pa.ChunkedArray:
    return pc.utf8_lower(pc.utf8_normalize(texts, form="NFKC"))


def _rank(name: str, asked: str) -> int:
    known = fold(name)
    return 0 if known == asked else 1 if known.startswith(asked) else 2


def _in_table(snapshot: Snapshot, asked: str, titles: Mapping[str, tuple[str, str]]) -> Iterator[Found]:
    """Yield what one table has."""
    columns = [name for name in NAMES if name in snapshot.table.column_names]
    groups: dict[str, list[int]] = {}
    for column in columns:
        values = snapshot.table[column]
        if not pa.types.is_string(values.type):
            continue
        for at in _matching(snapshot.once(("folded", column), partial(_folded, values)), asked):
            place = int(at)
            name = values[place].as_py()
            if not np.isnan(snapshot.boxes[place, 0]) and not any(place in each for each in groups.values()):
                key = name if snapshot.collection.frame in _STREET_PARTS else f"{name}\0{snapshot.ids[place]}"
                groups.setdefault(key, []).append(place)
    if not groups:
        return
    usual, context = _kind(snapshot.collection), titles.get(_result(snapshot.collection), ("", ""))
    categories = snapshot.table["category"] if "category" in snapshot.table.column_names else None
    extents = []
    for places in groups.values():
        least, most = snapshot.boxes[places, :2].min(axis=0), snapshot.boxes[places, 2:].max(axis=0)
        extents.append(shapely.box(*least, *most))
    boxes = shapely.bounds(references(snapshot.crs)[CRS84].told(np.array(extents, dtype=object)))
    for (key, places), box in zip(groups.items(), boxes, strict=True):
        largest = places[int(np.argmax(shapely.length(snapshot.geometry[places])))]
        kind = usual if categories is None else WORDS[f"facility.{facility_group(categories[largest].as_py())}"]
        yield Found(
            collection=snapshot.collection.id, id=str(snapshot.ids[largest]), name=key.split("\0")[0], kind=kind,
            context=context, bbox=tuple(box.tolist()), parts=len(places),
        )  # fmt: skip


def _matching(folded: pa.ChunkedArray, asked: str) -> npt.NDArray[np.intp]:
    """Return the positions of the texts that hold what was asked, those that begin with it first."""
    held = pc.fill_null(pc.match_substring(folded, asked), False).to_numpy()
    begins = pc.fill_null(pc.starts_with(folded, asked), False).to_numpy()
    at = np.flatnonzero(held)
    return at[np.argsort(~begins[at], kind="stable")][:MOST]


def _kind(collection: Collection) -> tuple[str, str]:
    told: tuple[str, str] | None = WORDS.get(f"layer.{collection.frame}") if collection.source != "study" else None
    return told or WORDS.get(_KINDS.get(collection.frame, f"layer.{collection.frame}")) or (
        collection.title_zh or collection.frame, collection.title_en or collection.frame)  # fmt: skip


_KINDS = {"communities": "community", "estates": "estate", "facilities": "facility"}


def _result(collection: Collection) -> str:
    return f"{collection.source}.{collection.result_id}"
