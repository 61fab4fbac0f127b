"""Reports of a stored plan: the document and the workbook that the command line writes, of the plan as it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from api.editing.board import PlanBoard
from api.exports.desk import Desk
from api.exports.tables import aside, sent
from api.operations.plans import explained

if TYPE_CHECKING:
    from starlette.responses import StreamingResponse

    from api.deps import Here
    from layers.words import Lang

MEDIA_TYPES = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def plan_report(at: Here, plan_id: str, *, kind: Literal["docx", "xlsx"], lang: Lang) -> StreamingResponse:
    """Return the report of a plan, on the study as it is now.

    Raises
    ------
    NotFoundError
        When there is no such plan.
    InputError
        When the study is no longer the one that the plan divides.
    """
    from layers.reports import write_plan_docx, write_plan_xlsx  # noqa: PLC0415 - reports are seldom asked for
    from layers.review import review_plan  # noqa: PLC0415 - as above

    with at.server.part_or_new(Desk).taken():
        opened = at.server.part_or_new(PlanBoard).open(at.store, plan_id)
        study = at.store.study()
        planned = explained(study, opened.draft.plan)
        review = review_plan(planned.tables, study)
        with aside() as folder:
            path = folder / f"report.{kind}"
            write = write_plan_docx if kind == "docx" else write_plan_xlsx
            write(planned.tables, path, study=study, lang=lang, review=review)
            return sent(folder, path, f"{at.study_id}-{plan_id}.{kind}", MEDIA_TYPES[kind])
