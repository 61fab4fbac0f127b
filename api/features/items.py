"""The features that a query finds, and the page of them that the answer holds."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from api.features.areas import box_area, meeting_positions
from api.features.arrays import text, told_true
from api.features.filters.evaluate import matching
from api.features.query import Query
from api.features.snapshot import Snapshot

_Positions = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Page:
    """One page of what was found.

    Attributes
    ----------
    positions
        Of its features in the snapshot.
    matched
        How many there are on all pages.
    last
        Id behind which the next page begins; None on the last one.
    """

    positions: _Positions
    matched: int
    last: str | None


def page_of(snapshot: Snapshot, query: Query) -> Page:
    """Return one page; pages follow each other by id, so features that come or go between two shift nothing."""
    found = find(snapshot, query)
    start = 0 if query.after is None else snapshot.behind(query.after)
    if found is None:
        positions = np.arange(start, min(start + query.limit, len(snapshot)), dtype=np.intp)
        matched, more = len(snapshot), start + query.limit < len(snapshot)
    else:
        start = int(np.searchsorted(found, start))
        positions = found[start : start + query.limit]
        matched, more = len(found), start + query.limit < len(found)
    return Page(positions, matched, snapshot.ids[positions[-1]] if more else None)


def find(snapshot: Snapshot, query: Query) -> _Positions | None:
    """Return the positions, ascending, of every feature that is asked for; None for all.

    As Part 1 has it, a box is met also by what has no place, and a time by what has no day.
    """
    found: _Positions | None = None
    if query.bbox is not None:
        numbers, system = query.bbox
        found = meeting_positions(snapshot, box_area(snapshot, numbers, system, "bbox"))
        nowhere = snapshot.once("nowhere", lambda: np.flatnonzero(np.isnan(snapshot.boxes[:, 0])))
        if len(nowhere):
            found = np.union1d(found, nowhere)
    if query.days is not None:
        found = _both(found, _on_days(snapshot, *query.days))
    if query.expression is not None:
        found = _both(found, matching(query.expression, snapshot, query.filter_crs))
    return found


def day_column(snapshot: Snapshot) -> str | None:
    """Return the column of days that `datetime` is about: the first one of the collection."""
    return next((column.name for column in snapshot.collection.columns if column.kind == "day"), None)


def _on_days(snapshot: Snapshot, first: str, last: str) -> npt.NDArray[np.bool_]:
    column = day_column(snapshot)
    if column is None:
        return np.ones(len(snapshot), dtype=bool)
    told: pa.ChunkedArray = snapshot.table[column]
    outside = pc.or_(pc.less(told, text(first)), pc.greater(told, text(last)))
    return ~told_true(outside)


def _both(found: _Positions | None, mask: npt.NDArray[np.bool_]) -> _Positions:
    return np.flatnonzero(mask) if found is None else found[mask[found]]
