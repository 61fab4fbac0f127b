"""The tables that a plan is opened with, read from the store: no more of the study than that takes."""

from collections.abc import Iterable

from api.storage import StudyStore
from api.storage.frames import to_frame
from geo.partition.plan import PlanOptions
from geo.schema import conform
from geo.study import Study

_REDRAW = ("blocks", "seams", "communities", "buildings", "estates")
_MERGE = (*_REDRAW, "roads", "barriers")


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


def stamp(store: StudyStore, options: PlanOptions) -> tuple[int, ...]:
    """Return what changes when a table changes that a plan of these options reads: their newest transactions."""
    kept = store.collections()
    names = [name for name in _tables(options) if name in kept]
    newest = (store.transactions(collection=name, limit=1) for name in names)
    return tuple(found[0].tx if found else 0 for found in newest)


def _tables(options: PlanOptions) -> tuple[str, ...]:
    if options.weights.service > 0:
        return (*_MERGE, "facilities", "passages")
    return _MERGE if options.mode == "merge" else _REDRAW
