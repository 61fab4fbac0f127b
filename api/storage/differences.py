"""What differs between two states of a collection: which rows came, changed and went. Arrow and numpy, no loops."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray


@dataclass(frozen=True)
class Differences:
    """Rows that are not the same: `before` those changed or gone, `after` those changed or new; each ordered by id."""

    before: pa.Table
    after: pa.Table


def differences(before: pa.Table, after: pa.Table) -> Differences:
    """Return the rows that differ between two tables of rows: `id`, `geometry`, columns; each id once in each.

    A column that only one of them has counts as missing in the other, so that rows with a value in it differ.
    """
    before, after = by_id(before), by_id(after)
    there = pc.index_in(after["id"], value_set=before["id"]).combine_chunks()
    both = np.flatnonzero(there.is_valid().to_numpy(zero_copy_only=False))
    old = there.drop_null().to_numpy(zero_copy_only=False).astype(np.int64)
    same = np.ones(len(both), dtype=bool)
    for name in dict.fromkeys((*before.column_names, *after.column_names)):
        if name != "id":
            same &= _equal(_column(before, name, old), _column(after, name, both))
    kept_old, kept_new = np.zeros(len(before), dtype=bool), np.zeros(len(after), dtype=bool)
    kept_old[old[same]] = True
    kept_new[both[same]] = True
    return Differences(before.filter(pa.array(~kept_old)), after.filter(pa.array(~kept_new)))


def by_id(rows: pa.Table) -> pa.Table:
    """Return rows ordered by id (by code point)."""
    ids = rows["id"].combine_chunks() if rows["id"].num_chunks != 1 else rows["id"].chunk(0)
    if len(ids) < 2 or pc.all(pc.less(ids[:-1], ids[1:])).as_py():
        return rows
    return rows.take(pc.sort_indices(ids))


def _column(rows: pa.Table, name: str, positions: NDArray[np.int64]) -> Any:  # noqa: ANN401 - an Arrow array
    if name not in rows.column_names:
        return pa.nulls(len(positions))
    taken = rows[name].take(pa.array(positions))
    return taken.combine_chunks() if isinstance(taken, pa.ChunkedArray) else taken


def _equal(a: Any, b: Any) -> NDArray[np.bool_]:  # noqa: ANN401 - Arrow arrays
    """Return where two arrays are the same; what is missing in both is the same."""
    missing_a, missing_b = pc.is_null(a), pc.is_null(b)
    equal = pc.and_(missing_a, missing_b)
    if not (pa.types.is_null(a.type) or pa.types.is_null(b.type)):
        equal = pc.or_(equal, pc.fill_null(pc.equal(a, b.cast(a.type)), False))
    found: NDArray[np.bool_] = equal.to_numpy(zero_copy_only=False)
    return found
