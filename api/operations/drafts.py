"""Hand edits that outlive a command: a draft file keeps the plan it began from, every step, and where it stands.

Opening a draft does its steps again on the study, which takes milliseconds each and gives the same plan again; when it
does not, the study was changed in between, and the draft is refused.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

import pandas as pd
import shapely
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from api.operations.files import LARGEST_PLAN, placed, read_json, read_plan, require_file_place, write_file
from api.operations.plans import Heirs, Names, Planned, explained, units
from geo.errors import Fault, InputError, ShequError
from geo.partition import edits
from geo.partition.edits import Answer, Draft
from geo.partition.plan import Plan
from geo.partition.steps import MOST_STEPS, Cut, Locked, Merge, Move, Split, Step
from geo.study import Study, read_study

FORMAT: Literal[1] = 1
"""Version of the draft file. A file from a newer version is refused politely."""
KIND: Literal["shequ draft"] = "shequ draft"


class _File(BaseModel):
    """What a draft file holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["shequ draft"] = KIND
    format: Literal[1] = FORMAT
    plan: Plan
    steps: Annotated[tuple[Annotated[Step, Field(discriminator="do")], ...], Field(max_length=MOST_STEPS)] = ()
    cursor: Annotated[int, Field(ge=0)] = 0
    digest: str


@dataclass(frozen=True)
class Edited:
    """A draft after a command: where it stands, and what the last edit did (None when nothing was edited)."""

    draft: Draft
    study: Study
    answer: Answer | None = None


def create_draft(study: Path, plan: Path, draft: Path) -> Edited:
    """Begin a draft of a plan, in a file of its own.

    Raises
    ------
    InputError
        When plan and study do not belong together, or something lies at `draft` already.
    """
    require_file_place(draft)
    if draft.exists():
        raise InputError(Fault("there is a file of that name already", "choose another name, or delete it",
                               file=str(draft)))  # fmt: skip
    read, base = read_study(study), read_plan(plan)
    opened = _open(read, base)
    _write(draft, base, (), opened)
    return Edited(opened, read)


def open_saved(study: Path, draft: Path) -> Edited:
    """Return a draft as it stands in its file; its edits can be undone and redone.

    Raises
    ------
    InputError
        When the file is no draft, or was made on another study, or the study was changed since.
    """
    read, _, opened = _read(study, draft)
    return Edited(opened, read)


def edit_draft(study: Path, draft: Path, step: Step) -> Edited:
    """Make one edit and write the draft; what was undone before can no longer be redone.

    Raises
    ------
    InputError, InfeasibleError
        As the edit itself (see `geo.partition.edits`); the file is then left as it is.
    """
    read, kept, opened = _read(study, draft)
    after, answer = do_step(opened, step)
    _write(draft, kept.plan, (*kept.steps[: kept.cursor], step), after)
    return Edited(after, read, answer)


def undo_draft(study: Path, draft: Path) -> Edited:
    """Take back the last edit of a draft, and write it."""
    return _turned(study, draft, edits.undo)


def redo_draft(study: Path, draft: Path) -> Edited:
    """Do again the edit of a draft that was undone last, and write it."""
    return _turned(study, draft, edits.redo)


def diff_draft(study: Path, draft: Path, plan: Path | None = None) -> pd.DataFrame:
    """Return the blocks that are in another community in the draft than in a plan; by default the one it began from.

    Returns
    -------
    DataFrame
        As `geo.partition.edits.diff`.
    """
    read, _, opened = _read(study, draft)
    first = opened.opened if plan is None else _open(read, read_plan(plan))
    return edits.diff(first, opened)


def explain_draft(saved: Edited, *, names: Names | None = None, heirs: Heirs | None = None) -> Planned:
    """Return the draft as a plan with everything that explains it, ready for `write_outputs`."""
    return explained(saved.study, saved.draft.plan, names=names, heirs=heirs)


# ── the file ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def _read(study: Path, draft: Path) -> tuple[Study, _File, Draft]:
    read = read_study(study)
    content = read_json(draft, LARGEST_PLAN)
    kept = placed(draft, lambda: _checked(content))
    opened = _open(read, kept.plan)
    for number, step in enumerate(kept.steps, start=1):
        try:
            opened = do_step(opened, step)[0]
        except ShequError as error:
            why = error.faults[0].what if isinstance(error, InputError) else str(error)
            raise InputError(Fault(f"step {number} of the draft cannot be done on this study: {why}",
                                   "use the study that the draft was made on, or open a new one", file=str(draft))
                             ) from error  # fmt: skip
    if not kept.cursor <= len(kept.steps):
        raise InputError(Fault(f"the draft stands at step {kept.cursor} of {len(kept.steps)}", "use a file that shequ "
                               "wrote as a draft", file=str(draft)))  # fmt: skip
    opened = replace(opened, cursor=kept.cursor)
    if opened.plan.digest != kept.digest:
        raise InputError(Fault("the draft's steps give another plan now: the study was changed since it was made",
                               "open a new draft: shequ edit open STUDY PLAN DRAFT", file=str(draft)))  # fmt: skip
    return read, kept, opened


def _checked(content: object) -> _File:
    """Return what a draft file holds; every fault is named."""
    if not isinstance(content, dict) or content.get("kind") != KIND:
        raise InputError(Fault("this is no draft", "make one of a plan: shequ edit open STUDY PLAN DRAFT"))
    version = content.get("format")
    if isinstance(version, int) and version > FORMAT:
        raise InputError(Fault(f"the draft was written by a newer shequ (format {version}, this one reads {FORMAT})",
                               "update shequ"))  # fmt: skip
    plan = Plan.from_json(json.dumps(content.get("plan")))
    try:
        return _File.model_validate({**content, "plan": plan})
    except ValidationError as error:
        raise InputError([
            Fault(f"the draft: {'.'.join(str(part) for part in one['loc'])}: {one['msg']}",
                  "use a file that shequ wrote as a draft")
            for one in error.errors()[:8]
        ]) from error  # fmt: skip


def _write(path: Path, plan: Plan, steps: tuple[Step, ...], draft: Draft) -> None:
    kept = _File(plan=plan, steps=steps, cursor=draft.cursor, digest=draft.plan.digest)
    text = json.dumps(kept.model_dump(mode="json"), ensure_ascii=False, sort_keys=True, indent=1, allow_nan=False)
    write_file(path, (text + "\n").encode())


def _turned(study: Path, draft: Path, turn: Callable[[Draft], tuple[Draft, Answer]]) -> Edited:
    read, kept, opened = _read(study, draft)
    after, answer = turn(opened)
    _write(draft, kept.plan, kept.steps, after)
    return Edited(after, read, answer)


# ── on the study ─────────────────────────────────────────────────────────────────────────────────────────────────────
def _open(study: Study, plan: Plan) -> Draft:
    return edits.open_draft(plan, *units(study, plan.options))


def do_step(draft: Draft, step: Step) -> tuple[Draft, Answer]:
    """Return the draft after one step, and what it did.

    Raises
    ------
    InputError, InfeasibleError
        As the edit itself (see `geo.partition.edits`).
    """
    match step:
        case Move():
            return edits.move_blocks(draft, step.blocks, step.to)
        case Merge():
            return edits.merge_communities(draft, step.a, step.b, heir=step.heir)
        case Split():
            return edits.split_community(draft, step.community, along=step.along, parts=step.parts)
        case Cut():
            return edits.cut_by_line(draft, step.community, shapely.LineString(step.line))
        case Locked(do="lock"):
            return edits.lock(draft, step.wish)
        case _:
            return edits.unlock(draft, step.wish)
