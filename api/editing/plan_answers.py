"""Plans and edits as answers tell them: plain values for JSON."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import orjson
import pandas as pd

from api.accounts.public import public_record
from api.editing.board import Edited, Opened
from api.features.visible import PEOPLE_A_HOUSEHOLD
from api.storage.plans import PlanRecord
from api.storage.records import Document
from geo.partition import edits
from geo.partition.actions import PlanTables
from geo.partition.edits import Answer, Draft, State
from layers.features import typeset
from layers.styles import against
from layers.words import fullwidth, is_missing


def to_json(value: object) -> bytes:
    """Return plain values as JSON; numbers that are not finite are null."""
    return orjson.dumps(value, default=_plain, option=orjson.OPT_SERIALIZE_NUMPY)


def summary(base: str, document: Document, *, public: bool = False) -> dict[str, Any]:
    """Return one plan as the list shows it (to the `public`); `base` is the address of the study."""
    record = PlanRecord.model_validate(document.body)
    return _summary(base, document.id, document.version, public_record(record) if public else record)


def told(base: str, opened: Opened, fewest: int = 0) -> dict[str, Any]:
    """Return a plan as it stands; for others than planners without counts of fewer than `fewest` households.

    What was edited is told in sentences that count the households of single blocks: only planners read it.
    """
    record, draft = opened.record, opened.draft
    state = draft.state
    limits = state.town.limits
    return {
        **_summary(base, opened.plan_id, opened.version, record),
        "explained": record.explained == record.digest,
        "digest": record.digest,
        "min_households": limits.min_households,
        "target_households": limits.target_households,
        "max_households": limits.max_households,
        "min_people": limits.min_people,
        "max_people": limits.max_people,
        "objective": state.objective,
        "terms": {name: term.model_dump() for name, term in state.terms.items()},
        "violations": [_without_few_broken(vars(violation), fewest) for violation in state.violations],
        "communities": [_without_few(one, fewest) for one in communities(state)],
        "history": [] if fewest else _history(draft),
        "can_undo": record.state == "draft" and draft.cursor > 0,
        "can_redo": record.state == "draft" and draft.cursor + 1 < len(draft.states),
        "notes": [_said(note.model_dump()) for note in draft.plan.notes],
        "turns": [turn.model_dump() for turn in record.turns],
    }


def communities(state: State) -> list[dict[str, Any]]:
    """Return the communities of a plan with what they count."""
    town, proposal = state.town, state.proposal
    homes, people = proposal.sums(town.households).tolist(), proposal.sums(town.people).tolist()
    blocks = np.bincount(state.part, minlength=len(state.ids)).tolist()
    limits = town.limits
    return [
        {
            "id": identity, "text_zh": proposal.name(p, chinese=True), "text_en": proposal.name(p, chinese=False),
            "blocks": blocks[p], "households": homes[p], "people": people[p] if town.people_known else None,
            "against_limits": against(homes[p], limits.min_households, limits.max_households),
        }
        for p, identity in enumerate(state.ids)
    ]  # fmt: skip


def edited(base: str, done: Edited) -> dict[str, Any]:
    """Return what an edit did, and the plan after it."""
    return {
        "version": done.opened.version,
        "tx": done.transaction.tx,
        "merged": vars(done.merged) if done.merged else None,
        "answer": answer(done.answer),
        "plan": told(base, done.opened),
    }


def answer(made: Answer) -> dict[str, Any]:
    """Return what an edit did."""
    return {
        **_said(vars(made)),
        **{name: [_said(vars(row)) for row in getattr(made, name)] for name in ("terms", "violations", "offers")},
        "communities": [vars(row) for row in made.communities],
        "notes": [_said(note.model_dump()) for note in made.notes],
    }


def _said(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with its Chinese sentences in Chinese punctuation."""
    zh = {name: fullwidth(row[name]) for name in ("zh", "text_zh") if isinstance(row.get(name), str)}
    return {**row, **zh}


def comparison(first: Opened, second: Opened, fewest: int = 0) -> dict[str, Any]:
    """Return what is different in the second plan; without counts of fewer than `fewest` households.

    Raises
    ------
    InputError
        When they are not of the same blocks.
    """
    a, b = first.draft.state, second.draft.state
    moved = edits.diff(first.draft, second.draft)
    return {
        "first": first.plan_id,
        "second": second.plan_id,
        "blocks": [_without_few(one, fewest) for one in moved.reset_index().to_dict("records")],
        "pairs": [_without_few(one, fewest) for one in edits.diff_pairs(moved).to_dict("records")],
        "terms": [vars(row) for row in edits.changes_of(a.terms, b.terms)],
        "objective_first": a.objective,
        "objective_second": b.objective,
        "violations": [_without_few_broken(vars(row), fewest) for row in edits.findings(a.violations, b.violations)],
        "communities": [_without_few(one, fewest) for one in _sizes(a, b)],
    }


def _without_few(row: Mapping[str, Any], fewest: int) -> dict[str, Any]:
    """Return a row without its counts where any of them stands for fewer households than may be told."""
    homes = [value for name, value in row.items() if name.startswith("households") and value is not None]
    if not any(value < fewest for value in homes):
        return dict(row)
    return {name: None if name.startswith(("households", "people")) else value for name, value in row.items()}


_COUNTING = {"households": 1, "people": PEOPLE_A_HOUSEHOLD}
"""What the rules of size count, and how many of it one household is."""


def _without_few_broken(row: Mapping[str, Any], fewest: int) -> dict[str, Any]:
    """Return a broken rule without what was measured where that stands for fewer households than may be told."""
    counted, _, end = str(row["rule"]).rpartition("_")
    if counted not in _COUNTING or end not in ("min", "max"):
        return _said(row)
    measured = {name: value for name, value in row.items() if name.startswith("measured") and value is not None}
    few = {name: None for name, value in measured.items() if value < fewest * _COUNTING[counted]}
    if not few:
        return _said(row)
    zh = "户数" if counted == "households" else "人口"
    return {
        **row, **few, "text_zh": f"{zh}不符合标准（{row['allowed']:g}），数目过小，不予列出。",
        "text_en": f"Its {counted} are against the limit of {row['allowed']:,g}; so small a number is not told.",
    }  # fmt: skip


def _sizes(a: State, b: State) -> list[dict[str, Any]]:
    """Return the communities whose counts are not the same."""
    sizes = [{one["id"]: (one["households"], one["people"]) for one in communities(state)} for state in (a, b)]
    pairs = [(identity, *(size.get(identity, (None, None)) for size in sizes)) for identity in sorted({*a.ids, *b.ids})]
    return [
        {
            "community_id": identity, "households_before": was[0], "households_after": now[0],
            "people_before": was[1], "people_after": now[1],
        }
        for identity, was, now in pairs if was != now
    ]  # fmt: skip


def texts(opened: Opened, tables: PlanTables) -> dict[str, Any]:
    """Return the plan in the words of an official text."""
    names, tables = ("name", "name_en", "text_zh", "text_en"), typeset(tables)
    return {
        "version": opened.version,
        "communities": _records(tables.communities, names),
        "today": _records(tables.communities_before, names),
        "moves": _records(tables.moves, ("from_id", "to_id", "text_zh", "text_en")),
    }


def _summary(base: str, plan_id: str, version: int, record: PlanRecord) -> dict[str, Any]:
    here = f"{base}/plans/{plan_id}"
    links = [
        {"href": here, "rel": "self", "type": "application/json"},
        {"href": f"{base}/collections/plan.{plan_id}.communities", "rel": "data", "type": "application/json"},
        {"href": f"{here}/texts", "rel": "related", "type": "application/json", "title": "texts"},
        {"href": f"{here}/plan.json", "rel": "enclosure", "type": "application/json", "title": "plan.json"},
    ]
    return {
        "id": plan_id, "title_zh": record.title_zh, "title_en": record.title_en, "state": record.state,
        "version": version, "steps": record.cursor,
        "branch_of": record.branch_of.model_dump() if record.branch_of else None, "by": record.by, "at": record.at,
        "review_number": record.review_number, "links": links,
    }  # fmt: skip


def _history(draft: Draft) -> list[dict[str, Any]]:
    return [
        _said({"text_zh": state.text_zh, "text_en": state.text_en, "done": number <= draft.cursor})
        for number, state in enumerate(draft.states)
        if number
    ]


def _records(frame: pd.DataFrame, columns: Sequence[str]) -> list[Mapping[str, Any]]:
    kept = {name: [None if is_missing(value) else str(value) for value in frame[name]] for name in columns}
    return [
        {"id": str(identity), **{name: kept[name][i] for name in columns}} for i, identity in enumerate(frame.index)
    ]


def _plain(value: object) -> Any:  # noqa: ANN401 - JSON values
    if isinstance(value, (tuple, set, frozenset)):
        return list(value)
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value)} is no JSON")
