"""What is known of a plan beyond its tables, gathered once for every output: scorecard, heirs, reasons and more."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pandas as pd

from geo.conversion import Conversions
from geo.network.build import network_of
from geo.partition.actions import PlanTables, explain_heirs
from geo.partition.alternatives import Alternatives
from geo.partition.edits import Draft
from geo.partition.explain import explain_block, explain_community
from geo.partition.scorecard import Scorecard, score_plan
from geo.study import Study
from layers.features import typeset_frame
from layers.words import fullwidth

MOST_EXPLAINED = 1_500
"""Reasons are told of towns of no more blocks than this: more would take longer than all other outputs together."""

Pair = tuple[str, str]


@dataclass(frozen=True)
class Reasons:
    """Why blocks and communities are where they are: id → (Chinese, English)."""

    communities: Mapping[str, Pair]
    blocks: Mapping[str, Pair]


@dataclass(frozen=True)
class Review:
    """What outputs tell of a plan where it is there; what is None is left out.

    Attributes
    ----------
    scorecard : Scorecard, optional
    heirs : DataFrame, optional
        Who keeps which name and why (`geo.partition.actions.heirs.explain_heirs`).
    reasons : Reasons, optional
    conversions : Conversions, optional
    alternatives : Alternatives, optional
        This plan is one of them, or the one they were compared with.
    """

    scorecard: Scorecard | None = None
    heirs: pd.DataFrame | None = None
    reasons: Reasons | None = None
    conversions: Conversions | None = None
    alternatives: Alternatives | None = None


def review_plan(
    tables: PlanTables,
    study: Study,
    *,
    reasons: Reasons | None = None,
    conversions: Conversions | None = None,
    alternatives: Alternatives | None = None,
) -> Review:
    """Return a review of a plan: its scorecard and its heirs, and whatever else was found out about it."""
    given = {name: study.tables.get(name) for name in ("facilities", "buildings", "estates", "roads")}
    heirs = None
    if len(tables.communities_before):
        before = tables.blocks.assign(community_id=tables.blocks["community_id_before"])
        heirs = explain_heirs(tables.plan, blocks=before, communities=tables.communities_before)
    network = network_of(study) if study.get("roads") is not None else None
    card = score_plan(tables, profile=tables.plan.profile, network=network, **given)
    return Review(card, heirs, reasons, conversions, alternatives)


def plan_reasons(draft: Draft, tables: PlanTables) -> Reasons | None:
    """Return why each community, and each block on a border, is where it is; None where that would take too long.

    Parameters
    ----------
    draft
        The plan, opened with `geo.partition.edits.open_draft`.
    tables
        Its tables: their names stand for the ids that the engine says.
    """
    if len(tables.blocks) > MOST_EXPLAINED:
        return None
    plain = _Names(tables)
    communities = {}
    blocks: dict[str, Pair] = {}
    for community in tables.communities.index:
        found = explain_community(draft, str(community))
        communities[str(community)] = plain(found.text_zh, found.text_en)
        for first in found.border.index:
            unit = explain_block(draft, str(first))
            blocks |= dict.fromkeys(unit.blocks, plain(unit.text_zh, unit.text_en))
    return Reasons(communities, blocks)


class _Names:
    """Writes communities by their names alone: 文化社区(SQ04) → 文化社区, 新社区(N01) → the name proposed for it."""

    def __init__(self, tables: PlanTables) -> None:
        self.rows = [
            (str(key), str(row["name"]), str(row["name_en"]) if pd.notna(row["name_en"]) else str(row["name"]))
            for key, row in tables.communities.iterrows()
            if pd.notna(row["name"])
        ]
        self.old = [str(key) for key in tables.communities_before.index]

    def __call__(self, zh: str, en: str) -> Pair:
        for key, name, name_en in self.rows:
            zh = zh.replace(f"新社区({key})", name)
            en = en.replace(f"new community ({key})", name_en).replace(f"New community ({key})", name_en)
        for key in (*self.old, *(key for key, _, _ in self.rows)):
            zh, en = zh.replace(f"({key})", ""), en.replace(f" ({key})", "")
        return fullwidth(zh), en


def typeset_review(review: Review | None) -> Review:
    """Return the review with its Chinese sentences in Chinese punctuation; an empty one for None."""
    if review is None:
        return Review()
    card, found, conversions = review.scorecard, review.alternatives, review.conversions
    return replace(
        review,
        scorecard=card and replace(card, **{
            name: typeset_frame(getattr(card, name)) for name in ("measures", "summary", "sharing")
        }),
        heirs=None if review.heirs is None else typeset_frame(review.heirs),
        conversions=conversions and replace(conversions, table=typeset_frame(conversions.table)),
        alternatives=found and replace(found, **{
            name: typeset_frame(getattr(found, name)) for name in ("table", "gives_up", "tried")
        }),
    )  # fmt: skip
