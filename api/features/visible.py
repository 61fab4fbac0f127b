"""What a caller may see of a collection: one function for items, filters, tiles and exports."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
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


@dataclass(frozen=True)
class Telling:
    """Rows of a frame that tell of single households or persons, whose columns do not.

    Attributes
    ----------
    column, words
        Those rows in which the column holds one of the words.
    hides
        Columns that are null in them.
    counts
        Where there is one: only in rows in which this column, a number, stands for fewer than k households.
    of_one
        How much of it one household is.
    """

    column: str
    words: frozenset[str]
    hides: tuple[str, ...]
    counts: str = ""
    of_one: int = 1


TELLING: Mapping[str, tuple[Telling, ...]] = {
    "finding_history": (Telling("column", frozenset({"surveyor"}), ("before", "after")),),
    "observations": (
        Telling("item", frozenset({"residents"}), ("value",), "value", PEOPLE_A_HOUSEHOLD),
        Telling("item", frozenset({"respondents"}), ("value",), "value"),
    ),
    "measures": (
        Telling("unit", frozenset({"flats", "spaces"}),
                ("quantity", "cost_yuan", "public_yuan", "residents_yuan", "social_yuan"), "quantity"),
    ),
}  # fmt: skip
"""Frame → its rows that tell. What works cost follows from their quantity, and this from the flats of a house."""


def visible(snapshot: Snapshot, caller: Caller, fewest: int) -> Snapshot:
    """Return the snapshot as `caller` may see it.

    Who has no right to household data gets neither the columns and rows (`TELLING`) that tell of single households or
    persons, nor counts and densities of a feature with fewer than `fewest` households.
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
    telling = [
        each for each in TELLING.get(collection.frame, ()) if {each.column, *each.hides} <= {*table.column_names}
    ]
    if not counted and not telling and len(shown) == len(collection.columns):
        return snapshot
    whole, enough = table, _enough(table, fewest)
    for name in counted:
        table = _where(table, name, _and_then(enough, whole, name, fewest))
    for each in telling:
        told = pc.invert(_telling(table, each, fewest))
        for name in each.hides:
            table = _where(table, name, told)
    return snapshot.showing(table.combine_chunks(), replace(collection, columns=shown))


def visible_properties(collection: Collection, properties: Mapping[str, Any], fewest: int) -> dict[str, Any]:
    """Return one feature's properties as `visible` shows them to who has no right to household data."""
    hidden = HOUSEHOLD_COLUMNS.get(collection.frame, frozenset())
    shown = {name: value for name, value in properties.items() if name not in hidden}
    for each in TELLING.get(collection.frame, ()):
        many = shown.get(each.counts)
        if shown.get(each.column) in each.words and (
            not each.counts or (many is not None and many < fewest * each.of_one)
        ):
            shown |= {name: None for name in each.hides if name in shown}
    homes, people = shown.get("households"), shown.get("people")
    enough = (homes is not None and homes >= fewest) or (
        homes is None and people is not None and people >= fewest * PEOPLE_A_HOUSEHOLD
    )
    return {name: value if not isinstance(value, int | float) or not _counts(name)
            or (enough and _at_least(shown.get(_households_of(name)), fewest)
                and (value == 0 or value >= fewest * _part_of(name))) else None
            for name, value in shown.items()}  # fmt: skip


def _at_least(homes: Any, fewest: int) -> bool:  # noqa: ANN401 - a number, or None
    return homes is None or homes >= fewest


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


def _and_then(
    enough: pa.Scalar | pa.ChunkedArray, table: pa.Table, name: str, fewest: int
) -> pa.Scalar | pa.ChunkedArray:
    """Return where a count may be told: of another time (`people_before`) or a part (`office_people`) where enough.

    The people of a large community that one thing is too far from may be those of a single house.
    """
    homes, least = _households_of(name), fewest * _part_of(name)
    if homes != "households" and homes in table.column_names:
        enough = pc.and_(enough, pc.coalesce(pc.greater_equal(table[homes], number(fewest)), flag(True)))
    if not least:
        return enough
    nobody, many = pc.equal(table[name], number(0)), pc.greater_equal(table[name], number(least))
    return pc.and_(enough, pc.coalesce(pc.or_(nobody, many), flag(True)))


def _part_of(name: str) -> int:
    """Return how many of what a column counts one household is, where it counts a part of the feature's; else 0.

    Examples
    --------
    >>> _part_of("six_ones_office_people"), _part_of("households_before"), _part_of("people")
    (5, 1, 0)
    """
    words = set(name.split("_"))
    if name in COUNTS or "density" in words or not words & COUNTS:
        return 0
    return PEOPLE_A_HOUSEHOLD if words & {"people", "children", "elders"} else 1


def _households_of(name: str) -> str:
    """Return the column of the households that a count is about.

    Examples
    --------
    >>> _households_of("people_before"), _households_of("density_per_ha")
    ('households_before', 'households')
    """
    word, _, rest = name.partition("_")
    return f"households_{rest}" if word in COUNTS and rest else "households"


def _telling(table: pa.Table, rows: Telling, fewest: int) -> pa.ChunkedArray:
    """Return which rows tell of fewer than `fewest` households."""
    found = pc.is_in(table[rows.column], pa.array(sorted(rows.words)))
    if not rows.counts:
        return found
    few = pc.coalesce(pc.less(table[rows.counts], number(fewest * rows.of_one)), flag(False))
    return pc.and_(found, few)


def _where(table: pa.Table, name: str, told: pa.Scalar | pa.ChunkedArray) -> pa.Table:
    """Return the table with a column that is null where it is not told."""
    at = table.schema.get_field_index(name)
    field = table.schema.field(name)
    return table.set_column(at, field, pc.if_else(told, table[name], pa.nulls(1, field.type)[0]))
