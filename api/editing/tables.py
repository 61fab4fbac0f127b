"""The tables that a plan is opened with, read from the store: no more of the study than that takes."""

from collections.abc import Iterable

from api.storage import StudyStore
from api.storage.frames import to_frame
from geo.partition.plan import PlanOptions
from geo.schema import conform
from geo.study import Study

_REDRAW = ("blocks", "seams", "communities", "buildings", "estates")
_MERGE = (*_REDRAW, "roads", "barriers")

MOST_LOOKED_AT = 200
"""After more transactions than this the tables are read anew without asking what changed."""


def planning_study(store: StudyStore, options: PlanOptions) -> Study:
    """Return the study with the tables that a plan of these options reads; the whole one where walks count."""
    if options.weights.service > 0:
        return store.study()
    return partial_study(store, _tables(options))


def partial_study(store: StudyStore, names: Iterable[str]) -> Study:
    """Return the study with some of its tables only, without rasters."""
    kept = store.collections()
    tables = {name: conform(to_frame(store.rows(name), kept[name], store.crs), name) for name in names if name in kept}
    return Study(store.name, store.crs, tables, store.name_en)


def untouched(store: StudyStore, since: int, options: PlanOptions) -> bool:
    """Tell whether no transaction after `since` changed a table that a plan of these options reads."""
    names = {*_tables(options), "document:about"}
    newest = store.transactions(limit=MOST_LOOKED_AT)
    later = [made for made in newest if made.tx > since]
    seen_all = len(later) < MOST_LOOKED_AT
    return seen_all and not any(names & set(made.counts) for made in later)


def _tables(options: PlanOptions) -> tuple[str, ...]:
    if options.weights.service > 0:
        return (*_MERGE, "facilities", "passages")
    return _MERGE if options.mode == "merge" else _REDRAW
