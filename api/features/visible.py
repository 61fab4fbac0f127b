"""What a caller may see of a collection: one function for items, filters, tiles and exports."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from api.accounts.rights import COUNTS, HOUSEHOLD_COLUMNS, Caller
from api.features.arrays import flag, number
from api.features.snapshot import Snapshot
from api.storage.records import Collection
from geo.contracts import Column

PEOPLE_A_HOUSEHOLD = 5
"""Where only people were counted, k households are taken to be this many people each: more than households are."""


def visible(snapshot: Snapshot, caller: Caller, fewest: int) -> Snapshot:
    """Return the snapshot as `caller` may see it.

    Who has no right to household data gets neither the columns that tell of single households or persons, nor counts
    and densities of a feature with fewer than `fewest` households.
    """
    if caller.sees_households(snapshot.study_id):
        return snapshot
    return snapshot.once(("visible", fewest), lambda: _aggregates(snapshot, fewest))


def _aggregates(snapshot: Snapshot, fewest: int) -> Snapshot:
    collection = snapshot.collection
    hidden = HOUSEHOLD_COLUMNS.get(collection.frame, frozenset())
    shown = tuple(column for column in collection.columns if column.name not in hidden)
    table = snapshot.table.select(["id", "version", "tx", *(column.name for column in shown)])
    counted = [column.name for column in shown if tells_counts(column)]
    if counted:
        enough = _enough(table, fewest)
        for name in counted:
            at = table.schema.get_field_index(name)
            told = pc.if_else(enough, table[name], pa.nulls(1, table.schema.field(name).type)[0])
            table = table.set_column(at, table.schema.field(name), told)
    if not counted and len(shown) == len(collection.columns):
        return snapshot
    return snapshot.showing(table.combine_chunks(), replace(collection, columns=shown))


def visible_properties(collection: Collection, properties: Mapping[str, Any], fewest: int) -> dict[str, Any]:
    """Return one feature's properties as `visible` shows them to who has no right to household data."""
    hidden = HOUSEHOLD_COLUMNS.get(collection.frame, frozenset())
    shown = {name: value for name, value in properties.items() if name not in hidden}
    homes, people = shown.get("households"), shown.get("people")
    if (homes is not None and homes >= fewest) or (
        homes is None and people is not None and people >= fewest * PEOPLE_A_HOUSEHOLD
    ):
        return shown
    return {name: None if isinstance(value, int | float) and _counts(name) else value for name, value in shown.items()}


def tells_counts(column: Column) -> bool:
    """Tell whether a column holds counts of households or people, or what they can be worked out from."""
    if column.kind not in ("count", "number"):
        return False
    return _counts(column.name)


def _counts(name: str) -> bool:
    words = set(name.split("_"))
    return bool(words & COUNTS) or "density" in words


def _enough(table: pa.Table, fewest: int) -> pa.Scalar | pa.ChunkedArray:
    """Return for each feature whether it certainly stands for at least `fewest` households."""
    by_people: pa.Scalar | pa.ChunkedArray = flag(False)
    if "people" in table.column_names:
        by_people = pc.coalesce(pc.greater_equal(table["people"], number(fewest * PEOPLE_A_HOUSEHOLD)), by_people)
    if "households" not in table.column_names:
        return by_people
    return pc.coalesce(pc.greater_equal(table["households"], number(fewest)), by_people)
