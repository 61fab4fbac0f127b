"""A plan as a study keeps it: the documents and collections that belong to it, and the record of its state.

Three documents, always written together: `plan` (a `PlanRecord`: state, steps, who did what), `plan_base` (the plan it
began from, as `Plan.to_json` says it; never changed), and `result` under `plan.<id>` (what the legends of its layers
need); and the collections `plan.<id>.<frame>` of `FRAMES`.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from geo.partition.steps import MOST_STEPS, Step

FRAMES = ("communities", "communities_before", "blocks", "seams", "moves")
"""The layers of a plan."""

PLAN, BASE, RESULT = "plan", "plan_base", "result"
"""Kinds of the documents."""

RESULT_ID = r"^[a-z0-9][a-z0-9-]{0,63}$"
"""What the id of a plan or run may look like."""

PlanState = Literal["draft", "proposed", "approved", "published"]

Text = Annotated[str, Field(max_length=200)]


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Turn(_Kept):
    """One step of a plan's way to publication: what it became, by whom, when (UTC, ISO 8601)."""

    to: PlanState
    by: str
    at: str
    note: str = ""


class BranchOf(_Kept):
    """What a plan was branched off: another plan, at one version of it."""

    plan: str
    version: int


class PlanRecord(_Kept):
    """The state of a plan.

    Attributes
    ----------
    title_zh, title_en
    state
        Only drafts are edited.
    steps, cursor
        Every edit since the plan it began from, and how many of them hold now; those behind can be redone.
    digest
        Of the plan that the steps give (`Plan.digest`): another one now means that the study was changed since.
    review_number
        审图号, when it was published with one.
    explained
        Digest of the plan that the texts of the layers tell of; where it is another one, edits came since.
    branch_of
    by, at, job
        Who made it and when (UTC, ISO 8601), and by which job.
    turns
        Its way so far.
    """

    title_zh: Text = ""
    title_en: Text = ""
    state: PlanState = "draft"
    steps: Annotated[tuple[Annotated[Step, Field(discriminator="do")], ...], Field(max_length=MOST_STEPS)] = ()
    cursor: Annotated[int, Field(ge=0)] = 0
    digest: str
    explained: str = ""
    review_number: Text = ""
    branch_of: BranchOf | None = None
    by: str = ""
    at: str = ""
    job: str = ""
    turns: tuple[Turn, ...] = ()
