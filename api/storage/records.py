"""What storage keeps and gives: collections of versioned features, documents, transactions. Plain data, no I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pyarrow as pa

from geo.contracts import TABLES, Column

Geometry = Literal["Point", "LineString", "Polygon", "Mixed", "None"]
"""What a collection's features are, single or multi; `None` for records without a place."""

Source = Literal["study", "plan", "gaps", "siting", "examination", "programme", "conversion"]

FIXED = ("id", "version", "tx", "geometry")
"""The leading columns of every table of rows."""


@dataclass(frozen=True)
class Collection:
    """One table of features, as storage knows it: a study's own, or one that a plan or a run made.

    Attributes
    ----------
    id
        `buildings`, or `plan.<plan id>.communities`: source, the id of the plan or run, the frame.
    geometry
    columns
        Without id and geometry.
    index
        What the id is called in the table: `building_id`.
    source, result_id
        Whose it is; `result_id` is empty for a study's own tables.
    editable
        Features may be created, replaced and deleted one by one (OGC API Features Part 4).
    title_zh, title_en
    """

    id: str
    geometry: Geometry
    columns: tuple[Column, ...]
    index: str
    source: Source = "study"
    result_id: str = ""
    editable: bool = False
    title_zh: str = ""
    title_en: str = ""

    @property
    def frame(self) -> str:
        """Its name within the study, plan or run: `communities`."""
        return self.id.rsplit(".", 1)[-1]


EDITABLE = frozenset({
    "study_area", "roads", "barriers", "communities", "estates", "passages", "buildings", "facilities", "premises",
    "findings", "farmhouses",
})  # fmt: skip
"""Tables of a study that people edit; the others follow from them."""

_ARROW = {"text": pa.string(), "count": pa.int64(), "number": pa.float64(), "year": pa.int64(), "flag": pa.bool_(),
          "day": pa.string()}  # fmt: skip


def arrow_schema(collection: Collection) -> pa.Schema:
    """Return the schema of a collection's rows: `id`, `version`, `tx`, `geometry` (WKB, CRS of the study), its columns.

    Text and days are strings, counts and years int64, numbers float64, flags bool; everything but the first three may
    be null.
    """
    return pa.schema([
        pa.field("id", pa.string(), nullable=False),
        pa.field("version", pa.int64(), nullable=False),
        pa.field("tx", pa.int64(), nullable=False),
        pa.field("geometry", pa.binary()),
        *(pa.field(column.name, _ARROW[column.kind]) for column in collection.columns),
    ])  # fmt: skip


def study_collection(table: str, columns: tuple[Column, ...] | None = None) -> Collection:
    """Return the collection of one of a study's own tables; `columns` where it has some of its own behind them."""
    known = TABLES[table]
    kinds = {kind.removeprefix("Multi") for kind in known.geometry}
    geometry: Any = "None" if not kinds else kinds.pop() if len(kinds) == 1 else "Mixed"
    return Collection(table, geometry, columns or known.columns, known.index, editable=table in EDITABLE)


# ── what is written ──────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class FeatureWrite:
    """One feature created, replaced or deleted.

    Attributes
    ----------
    collection, id
    op
    properties
        Every column with a value (JSON types); what is absent is missing. Ignored when deleted.
    geometry
        WKB in the CRS of the study.
    expected
        The version that was seen: another one there is a conflict, and nothing is written. None: whatever is there
        (with `create`: nothing may be there).
    """

    collection: str
    id: str
    op: Literal["create", "replace", "delete"]
    properties: Mapping[str, Any] = field(default_factory=dict)
    geometry: bytes | None = None
    expected: int | None = None


@dataclass(frozen=True)
class CollectionWrite:
    """A whole collection put in place of what is there: rows that are the same keep their version.

    `rows` has `id`, `geometry` (WKB) and the collection's columns; a `None` drops the collection with its history kept.
    """

    collection: Collection
    rows: pa.Table | None


@dataclass(frozen=True)
class DocumentWrite:
    """A JSON document (a plan, the options of a run, a saved view) put in place of what is there; None deletes it."""

    kind: str
    id: str
    body: Mapping[str, Any] | None
    expected: int | None = None
    """As with a feature; 0 means: there must be none yet."""


@dataclass(frozen=True)
class FileWrite:
    """A file that a job made or a user gave, kept with the study; None deletes it."""

    key: str
    media_type: str
    content: bytes | None


Write = FeatureWrite | CollectionWrite | DocumentWrite | FileWrite


# ── what comes back ──────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Transaction:
    """One line of the log: everything in it was written together, or nothing of it.

    `tx` numbers grow by time; `at` is UTC, ISO 8601. `undoes` is the transaction that this one took back.
    """

    tx: int
    at: str
    by: str
    action: str
    note: str = ""
    undoes: int | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    """Collection (or `document:<kind>`) → features changed."""


@dataclass(frozen=True)
class Change:
    """One feature changed by one transaction. `bbox` holds both the old and the new shape, in the CRS of the study."""

    tx: int
    collection: str
    id: str
    version: int
    op: Literal["create", "replace", "delete"]
    bbox: tuple[float, float, float, float] | None


@dataclass(frozen=True)
class Version:
    """One version of one feature, with who made it and when."""

    version: int
    tx: int
    at: str
    by: str
    action: str
    op: Literal["create", "replace", "delete"]
    properties: Mapping[str, Any]
    geometry: bytes | None


@dataclass(frozen=True)
class Document:
    """A JSON document with its version."""

    kind: str
    id: str
    version: int
    tx: int
    body: Mapping[str, Any]


@dataclass(frozen=True)
class Clash:
    """What stood in the way of a write: what was expected, what is there, who put it there and when."""

    collection: str
    """Or `document:<kind>`."""
    id: str
    expected: int | None
    version: int | None
    """None: nothing is there (any more)."""
    by: str = ""
    at: str = ""
