"""Routes: plans, their edits and their way to publication."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Body, Header, Path, Query
from fastapi.responses import Response

from api.accounts.public import public_record
from api.deps import Here, Language, PlanEditor, Planner, Viewer, require
from api.editing import pages
from api.editing.areas import may_change
from api.editing.plan_models import Comparison, EditTold, NewBranch, NewPlan, Plans, PlanTold, Texts, Titles, TurnAsked
from api.editing.preconditions import etag, require_seen
from api.errors import NotAllowedError
from api.features.representation import AsPage
from api.jobs.plan_files import plan_text
from api.pages import as_html
from api.schemas import AS_HTML, UNCHANGED
from geo.partition.steps import Step

if TYPE_CHECKING:
    from api.editing.board import Edited, Opened, PlanBoard
    from layers.words import Lang

router = APIRouter(tags=["plans"])

PlanPath = Annotated[str, Path(description="the plan", max_length=64)]
IfMatch = Annotated[str | None, Header(description="ETag of the version that was seen")]
NotMatch = Annotated[str | None, Header(description="ETag of what the client has")]


def board_of(at: Here) -> PlanBoard:
    """Return the plans that this server has on the table."""
    from api.editing.board import PlanBoard  # noqa: PLC0415 - the engine is loaded when a plan is first looked at

    return at.server.part_or_new(PlanBoard)


def _plan(at: Here, opened: Opened, status: int = 200, **headers: str) -> Response:
    from api.editing.plan_answers import to_json, told  # noqa: PLC0415 - as above

    return _json(to_json(told(at.base, opened, _fewest(at))), status, ETag=etag(opened.version), **headers)


def _opened(at: Here, plan_id: str) -> Opened:
    """Return a plan as the caller may be told of it."""
    opened = board_of(at).open(at.store, plan_id)
    return replace(opened, record=public_record(opened.record)) if at.caller.public else opened


def _plan_page(at: Here, opened: Opened, lang: Lang) -> Response:
    from api.editing.plan_answers import told  # noqa: PLC0415 - as above

    others = [each.id for each in at.store.documents("plan") if each.id != opened.plan_id]
    return as_html(pages.plan(at, told(at.base, opened, _fewest(at)), others, lang))


def _fewest(at: Here) -> int:
    """Return how many households a count must stand for to be told to the caller."""
    return 0 if at.caller.sees_households(at.study_id) else max(1, at.server.settings.fewest_households)


def _edit(at: Here, done: Edited) -> Response:
    from api.editing.plan_answers import edited, to_json  # noqa: PLC0415 - as above

    return _json(to_json(edited(at.base, done)), ETag=etag(done.opened.version))


def _json(body: bytes, status: int = 200, **headers: str) -> Response:
    kept = {"Cache-Control": "private, max-age=0, must-revalidate", **headers}
    return Response(body, status, kept, "application/json")


# ── reading ──
@router.get("/studies/{study_id}/plans", response_model=Plans, responses=AS_HTML)
def list_plans(at: Viewer, lang: Language, as_page: AsPage) -> Response:
    """Return the study's plans."""
    from api.editing.plan_answers import summary, to_json  # noqa: PLC0415 - as above

    plans = [summary(at.base, each, public=at.caller.public) for each in at.store.documents("plan")]
    links = [{"href": f"{at.base}/plans", "rel": "self", "type": "application/json"}]
    made = {"plans": plans, "links": links}
    return as_html(pages.plans(at, made, lang)) if as_page else _json(to_json(made))


@router.get(
    "/studies/{study_id}/plans/{plan_id}", response_model=PlanTold,
    responses=AS_HTML | UNCHANGED,
)  # fmt: skip
def get_plan(
    at: Viewer, lang: Language, as_page: AsPage, plan_id: PlanPath, if_none_match: NotMatch = None
) -> Response:
    """Return a plan as it stands: its state, measures, broken rules, communities and edits."""
    opened = _opened(at, plan_id)
    if as_page:
        return _plan_page(at, opened, lang)
    if if_none_match is not None and etag(opened.version) in if_none_match:
        return Response(status_code=304, headers={"ETag": etag(opened.version)})
    return _plan(at, opened)


@router.get("/studies/{study_id}/plans/{plan_id}/plan.json")
def download_plan(at: Viewer, plan_id: PlanPath) -> Response:
    """Return a plan as shequ's commands read it."""
    opened = board_of(at).open(at.store, plan_id)
    name = {"Content-Disposition": f'attachment; filename="{plan_id}.plan.json"'}
    return Response(opened.draft.plan.to_json(), 200, {"ETag": etag(opened.version), **name}, "application/json")


@router.get("/studies/{study_id}/plans/{plan_id}/texts", response_model=Texts, responses=AS_HTML)
def plan_texts(at: Viewer, lang: Language, as_page: AsPage, plan_id: PlanPath) -> Response:
    """Return a plan in the words of an official text: what becomes of every community, and every move."""
    from api.editing.plan_answers import texts, to_json  # noqa: PLC0415 - as above

    board = board_of(at)
    opened = board.open(at.store, plan_id)
    made = texts(opened, board.texts(at.store, opened))
    if as_page:
        return as_html(pages.texts(at, plan_id, made, lang))
    return _json(to_json(made), ETag=etag(opened.version))


@router.get("/studies/{study_id}/plans/{plan_id}/compare", response_model=Comparison, responses=AS_HTML)
def compare_plans(
    at: Viewer, lang: Language, as_page: AsPage, plan_id: PlanPath,
    other: Annotated[str, Query(alias="with", description="another plan")],
) -> Response:  # fmt: skip
    """Return what is different in another plan: blocks, sums, measures, broken rules."""
    from api.editing.plan_answers import comparison, to_json  # noqa: PLC0415 - as above

    board = board_of(at)
    made = comparison(board.open(at.store, plan_id), board.open(at.store, other), _fewest(at))
    return as_html(pages.comparison(at, made, lang)) if as_page else _json(to_json(made))


# ── making ──
@router.post("/studies/{study_id}/plans", status_code=201, response_model=PlanTold)
def create_plan(at: Planner, asked: NewPlan) -> Response:
    """Keep a plan that was made elsewhere as a draft, with its layers and texts: the content of its plan.json.

    Or what an upload or a kept file holds, named by its id, key or link.
    """
    from geo.partition.plan import Plan  # noqa: PLC0415 - as above

    plan = Plan.from_json(plan_text(at, asked.plan))
    title = (asked.title_zh, asked.title_en)
    opened, _ = board_of(at).create(at.store, asked.id, plan, title=title, by=at.caller.name)
    return _plan(at, opened, 201, Location=f"{at.base}/plans/{asked.id}")


@router.post("/studies/{study_id}/plans/{plan_id}/branches", status_code=201, response_model=PlanTold)
def branch_plan(at: PlanEditor, plan_id: PlanPath, asked: NewBranch) -> Response:
    """Begin a plan of its own where this one stands."""
    title = (asked.title_zh, asked.title_en)
    opened, _ = board_of(at).branch(at.store, plan_id, asked.id, title=title, by=at.caller.name)
    return _plan(at, opened, 201, Location=f"{at.base}/plans/{asked.id}")


@router.patch("/studies/{study_id}/plans/{plan_id}", response_model=PlanTold)
def entitle_plan(at: Planner, plan_id: PlanPath, asked: Titles, if_match: IfMatch = None) -> Response:
    """Give a plan other titles."""
    seen, title = require_seen(if_match, "a plan"), (asked.title_zh, asked.title_en)
    opened, _ = board_of(at).entitle(at.store, plan_id, title=title, seen=seen, by=at.caller.name)
    return _plan(at, opened)


@router.delete("/studies/{study_id}/plans/{plan_id}", status_code=204)
def delete_plan(at: Planner, plan_id: PlanPath, if_match: IfMatch = None) -> Response:
    """Delete a draft with its layers; the log keeps them, so that it can be undone."""
    board_of(at).delete(at.store, plan_id, seen=require_seen(if_match, "a plan"), by=at.caller.name)
    return Response(status_code=204)


# ── editing ──
@router.post("/studies/{study_id}/plans/{plan_id}/edits", response_model=EditTold)
def edit_plan(
    at: PlanEditor, plan_id: PlanPath, step: Annotated[Step, Body(discriminator="do")], if_match: IfMatch = None
) -> Response:
    """Move blocks, merge, split or cut communities, lock or unlock; the answer tells what that changes and breaks.

    An edit made on an earlier version is put behind what others did since, where the two touch no block and no
    community in common (`merged` says so); otherwise it is refused with what changed (412). Who works in an area may
    change the blocks in it alone (403, with the `blocks` outside).
    """
    seen = require_seen(if_match, "a plan")
    return _edit(
        at, board_of(at).edit(at.store, plan_id, step, seen=seen, by=at.caller.name, may_change=may_change(at))
    )


@router.post("/studies/{study_id}/plans/{plan_id}/undo", response_model=EditTold)
def undo_edit(at: PlanEditor, plan_id: PlanPath, if_match: IfMatch = None) -> Response:
    """Take back the last edit."""
    seen = require_seen(if_match, "a plan")
    return _edit(at, board_of(at).undo(at.store, plan_id, seen=seen, by=at.caller.name, may_change=may_change(at)))


@router.post("/studies/{study_id}/plans/{plan_id}/redo", response_model=EditTold)
def redo_edit(at: PlanEditor, plan_id: PlanPath, if_match: IfMatch = None) -> Response:
    """Do again the edit that was undone last."""
    seen = require_seen(if_match, "a plan")
    return _edit(at, board_of(at).redo(at.store, plan_id, seen=seen, by=at.caller.name, may_change=may_change(at)))


@router.post("/studies/{study_id}/plans/{plan_id}/explain", response_model=PlanTold)
def explain_plan(at: Planner, plan_id: PlanPath) -> Response:
    """Have the texts of the plan's layers told anew."""
    opened, _ = board_of(at).explain(at.store, plan_id, by=at.caller.name)
    return _plan(at, opened)


# ── its way ──
@router.post("/studies/{study_id}/plans/{plan_id}/propose", response_model=PlanTold)
def propose_plan(at: Planner, plan_id: PlanPath, asked: TurnAsked | None = None, if_match: IfMatch = None) -> Response:
    """Propose a draft: it is explained, and no longer edited."""
    return _turned(at, plan_id, "proposed", asked, if_match)


@router.post("/studies/{study_id}/plans/{plan_id}/approve", response_model=PlanTold)
def approve_plan(at: Planner, plan_id: PlanPath, asked: TurnAsked | None = None, if_match: IfMatch = None) -> Response:
    """Approve a proposed plan; where people have accounts, not by who proposed it."""
    require(at, "approver")
    if at.server.settings.team:
        _require_other(at, plan_id)
    return _turned(at, plan_id, "approved", asked, if_match)


@router.post("/studies/{study_id}/plans/{plan_id}/publish", response_model=PlanTold)
def publish_plan(at: Planner, plan_id: PlanPath, asked: TurnAsked | None = None, if_match: IfMatch = None) -> Response:
    """Publish an approved plan, with its 审图号 where it has one."""
    require(at, "approver")
    return _turned(at, plan_id, "published", asked, if_match)


@router.post("/studies/{study_id}/plans/{plan_id}/withdraw", response_model=PlanTold)
def withdraw_plan(at: Planner, plan_id: PlanPath, asked: TurnAsked | None = None, if_match: IfMatch = None) -> Response:
    """Make a plan a draft again: who proposed it may, as long as it is not approved, and approvers."""
    opened = board_of(at).open(at.store, plan_id)
    if opened.record.state != "proposed":
        require(at, "approver")
    return _turned(at, plan_id, "draft", asked, if_match)


def _turned(at: Here, plan_id: str, to: Any, asked: TurnAsked | None, if_match: str | None) -> Response:  # noqa: ANN401
    said = asked or TurnAsked()
    opened, _ = board_of(at).turn(
        at.store, plan_id, to, seen=require_seen(if_match, "a plan"), by=at.caller.name, note=said.note,
        review_number=said.review_number,
    )  # fmt: skip
    return _plan(at, opened)


def _require_other(at: Here, plan_id: str) -> None:
    turns = board_of(at).open(at.store, plan_id).record.turns
    if turns and turns[-1].to == "proposed" and turns[-1].by == at.caller.name:
        raise NotAllowedError(f"{at.caller.name} proposed the plan {plan_id}, and may not approve it",
                              "ask another approver")  # fmt: skip
