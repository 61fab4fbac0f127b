"""Plans and results kept with their study, so that a server shows them: what `shequ serve` has beside the tables."""

from datetime import UTC, datetime
from pathlib import Path

from api.operations.plan_results import plan_writes
from api.operations.plans import Planned
from api.operations.results import Result, result_writes
from api.storage.embedded import EmbeddedStorage
from api.storage.plans import PLAN
from geo.errors import Fault, InputError

BY = "shequ"
_SOLE = "study"


def keep_plan(study: Path, planned: Planned, plan_id: str, *, title: tuple[str, str] = ("", "")) -> bool:
    """Put a plan into its study as a draft with its layers; tell whether it was not there already.

    Parameters
    ----------
    study
        The study file.
    planned, plan_id
        The plan, and the id that it has in addresses: lower-case letters, digits, hyphens.
    title
        In Chinese and English; the id where none is given.

    Raises
    ------
    InputError
        When the study has another plan of that id, or is being served.
    """
    storage = EmbeddedStorage({_SOLE: study})
    try:
        store = storage.open(_SOLE)
        kept = store.document(PLAN, plan_id)
        if kept is not None:
            if kept.body.get("digest") == planned.plan.digest:
                return False
            raise InputError(Fault(f"the study has another plan {plan_id} already", "choose another name with --as",
                                   file=str(study)))  # fmt: skip
        titles = (title[0] or plan_id, title[1] or plan_id)
        store.commit(plan_writes(planned, plan_id, by=BY, at=_now(), title=titles), by=BY, action="keep plan")
        return True
    finally:
        storage.close()


def keep_result(study: Path, result: Result, result_id: str) -> None:
    """Put the layers of a run into its study, in place of what was kept under that id before."""
    storage = EmbeddedStorage({_SOLE: study})
    try:
        writes = result_writes(result, result_id, by=BY, at=_now())
        storage.open(_SOLE).commit(writes, by=BY, action=f"keep {result.source}")
    finally:
        storage.close()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
