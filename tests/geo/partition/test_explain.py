"""Reasons on towns drawn by hand, and their law: what is told of an alternative is what making it answers."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import InputError
from geo.partition.edits import Draft, merge_communities, move_blocks, open_draft
from geo.partition.explain import contributions, explain_block, explain_community
from tests.geo.partition.test_edits import any_edit, opened, random_town
from tests.geo.partition.towns import grid, register

TERMS = ["seam", "shape", "size"]


# 1. Blocks


def test_a_block_stays_because_every_neighbour_is_worse_or_forbidden() -> None:
    """Nine blocks in a row, three communities. 0-2 could only go to B, which would then have 400 of at most 400
    households: allowed, no border grows, but sizes leave the target by 100 each. From there 0-3 may not go to A."""
    draft = opened(["AAABBBCCC"])
    why = explain_block(draft, "0-2")
    assert (why.block, why.community_id, why.blocks) == ("0-2", "A", ("0-2",))
    assert why.alternatives.index.tolist() == ["B"]
    assert why.alternatives.loc["B", TERMS].tolist() == [0, 0, 200]
    assert why.alternatives.loc["B", "total"] == pytest.approx(0.5 * 200 / 900)
    assert bool(why.alternatives.loc["B", "allowed"])
    assert why.text_en == (
        "Block 0-2 stays with new community (A): moving it to new community (B) would take sizes 200 households "
        "further from the target."
    )
    assert why.text_zh == "地块 0-2属于新社区(A):划入新社区(B)将使户数偏离目标增加200户。"
    grown, _ = move_blocks(draft, ["0-2"], "B")
    why = explain_block(grown, "0-1")
    assert not why.alternatives.loc["B", "allowed"]
    assert why.alternatives.loc["B", "forbidden_en"] == (
        "New community (A) has 100 households; the minimum is 200. "
        "New community (B) has 500 households; the maximum is 400."
    )
    assert why.text_en == (
        "Block 0-1 stays with new community (A): moving it to new community (B) breaks a rule (New community (A) has "
        "100 households; the minimum is 200)."
    )
    assert "则违反规则:新社区(A)有100户,少于下限200户。" in why.text_zh


def test_better_and_equal_alternatives_are_told_as_such() -> None:
    draft = opened(["AABBBB"])  # the third block would bring both to the target
    why = explain_block(draft, "0-2")
    assert why.alternatives.loc["A", "total"] < 0
    assert why.text_en.endswith("bring sizes 200 households nearer to the target (the plan would be better).")
    empty = opened(["AAABBB"], *grid([[150, 150, 0, 0, 150, 150]]))
    why = explain_block(empty, "0-2")
    assert bool(why.alternatives.loc["B", "near_tie"])
    assert why.text_en.endswith("moving it to new community (B) would change nothing (almost as good).")


def test_several_neighbours_are_sorted_allowed_first() -> None:
    """0-1 of A borders B below; 1-0, left of it, belongs to C and is full."""
    draft = opened(["AAA", "CBB", "CBB"], *grid([[100, 100, 100], [200, 50, 50], [200, 50, 50]]))
    why = explain_block(draft, "0-0")
    assert why.alternatives.index.tolist() == ["C"]
    assert why.alternatives["allowed"].tolist() == [False]
    wide = explain_block(draft, "1-1")
    assert wide.community_id == "B"
    assert wide.alternatives.index.tolist() == ["A", "C"]
    assert wide.alternatives["allowed"].tolist() == [False, False]
    assert wide.alternatives["total"].is_monotonic_increasing


def test_an_estate_moves_as_one_and_says_why_it_is_one() -> None:
    draft = opened(["AAABBB"], *grid([[100] * 6], groups={"0-3": "锦园", "0-4": "锦园"}))
    why = explain_block(draft, "0-4")
    assert why.blocks == ("0-3", "0-4")
    assert why.unit_en == "estate 锦园 (2 blocks: an estate is kept whole)"
    assert why.unit_zh == "小区锦园(2个地块,小区保持完整)"
    assert why.alternatives.loc["A", "size"] == 400


def test_a_unit_that_is_torn_apart_can_be_made_whole() -> None:
    draft = opened(["AAABBB"], *grid([[100] * 6], groups={"0-2": "锦园", "0-3": "锦园"}))
    why = explain_block(draft, "0-2")
    assert why.community_id == "A"
    assert why.alternatives.index.tolist() == ["A", "B"]
    assert why.alternatives["allowed"].all()
    assert why.text_en.startswith(
        "Estate 锦园 (2 blocks: an estate is kept whole) is divided among new community (A), "
    )
    assert "小区锦园(2个地块,小区保持完整)分属新社区(A)、新社区(B):划入新社区(A)将使" in why.text_zh


def test_a_block_inside_has_no_alternative() -> None:
    why = explain_block(opened(["AAABBB"]), "0-0")
    assert why.alternatives.empty
    assert why.alternatives["near_tie"].dtype == bool
    assert why.text_en == "Block 0-0 lies inside new community (A): no other community is beside it."
    assert why.text_zh == "地块 0-0位于新社区(A)内部:周围没有别的社区。"


def test_what_is_not_there_has_no_reasons() -> None:
    draft = opened(["AAABBB"])
    with pytest.raises(InputError) as caught:
        explain_block(draft, "7-7")
    assert caught.value.faults[0].ids == ("7-7",)
    with pytest.raises(InputError) as caught:
        explain_community(draft, "Z")
    assert caught.value.faults[0].what.startswith("there is no community Z")


# 2. Communities


def test_a_community_tells_whom_it_carries_on_and_what_it_adds() -> None:
    """A of today had four blocks, one of which is B's now: A keeps 75% of its households and nobody else's."""
    tables = (*grid([[100] * 6], communities=["AAAABB"]), register({"A": "community", "B": "community"}))
    draft = opened(["AAABBB"], *tables)
    why = explain_community(draft, "A")
    assert (why.heir_of, why.kept_share, why.own_share) == ("A", 0.75, 1.0)
    assert why.terms.loc["shape", ["value", "share"]].tolist() == [50, 0.5]  # half of the one border
    assert why.terms.loc["change", "value"] == 0
    assert explain_community(draft, "B").terms.loc["change", "value"] == 100
    assert why.text_en == (
        "Community Aville (A) has 300 households (the target is 300). It carries on community Aville (A): 75% of its "
        "households stay here and are 100% of those here. Merging it with community Bville (B) breaks a rule "
        "(Community Bville (B) has 600 households; the maximum is 400)."
    )
    assert "其居民的75%仍在此" in why.text_zh


def test_a_new_community_tells_where_its_households_come_from() -> None:
    tables = (*grid([[100] * 6], communities=["AAAAAA"]), register({"A": "community"}))
    draft, _ = move_blocks(opened(["AAAAAA"], *tables), ["0-4", "0-5"], None)
    why = explain_community(draft, "N01")
    assert why.heir_of is None
    assert "It is new: 100% of its households come from community Aville (A)." in why.text_en


def test_the_border_lists_the_best_alternative_of_every_unit() -> None:
    draft = opened(["AAABBBCCC"])
    why = explain_community(draft, "B")
    assert why.border[["to_id", "blocks", "allowed"]].to_numpy().tolist() == [["A", 1, True], ["C", 1, True]]
    assert why.border.index.tolist() == ["0-3", "0-5"]
    assert why.border["size"].tolist() == [200, 200]
    assert why.merges.index.tolist() == ["A", "C"]
    assert not why.merges["allowed"].any()


def test_near_ties_are_pointed_out() -> None:
    draft = opened(["AAABBB"], *grid([[150, 150, 0, 0, 150, 150]]))
    why = explain_community(draft, "A")
    assert why.border["near_tie"].tolist() == [True]
    assert why.text_en.endswith("These units would be almost as good with a neighbour: block 0-2.")
    assert "以下单元划入邻社区几乎同样好:地块 0-2" in why.text_zh


def test_a_community_that_is_one_unit_has_no_movable_border() -> None:
    tables = (*grid([[100] * 6], communities=["AAABBB"]), register({"A": "village", "B": "community"}))
    why = explain_community(opened(["AAABBB"], *tables), "A")
    assert why.border.empty
    alone = explain_community(opened(["AAA"]), "A")
    assert alone.merges.empty
    assert "No community is beside it" in alone.text_en


# 3. Laws


def edited(seed: int) -> tuple[Draft, np.random.Generator]:
    tables, plan = random_town(seed)
    rng = np.random.default_rng(seed)
    draft = open_draft(plan, *tables)
    for _ in range(3):
        draft = any_edit(draft, rng)
    return draft, rng


def same(row: pd.Series, changes: dict[str, float], weighted: dict[str, float], new: set[str]) -> None:
    assert {name: row[name] for name in changes} == pytest.approx(changes, abs=1e-9)
    assert row["total"] == pytest.approx(sum(weighted.values()), abs=1e-12)
    assert all(text in row["forbidden_en"] for text in new)
    assert not (new and row["allowed"])


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_an_alternative_is_what_making_it_answers(seed: int) -> None:
    draft, rng = edited(seed)
    block = str(rng.choice(draft.state.town.block_ids))
    why = explain_block(draft, block)
    sizes = pd.Series(draft.assignment).value_counts()
    for to, row in why.alternatives.iterrows():
        if any((pd.Series(draft.assignment)[list(why.blocks)] == c).sum() == n for c, n in sizes.items()):
            continue  # a community would be empty: an edit refuses, see the merger below
        _, answer = move_blocks(draft, why.blocks, str(to))
        same(row, {c.name: c.difference for c in answer.terms}, {c.name: c.weighted for c in answer.terms},
             {v.text_en for v in answer.broken})  # fmt: skip
    community = str(rng.choice(draft.state.ids))
    of = explain_community(draft, community)
    for to, row in of.merges.iterrows():
        _, answer = merge_communities(draft, community, str(to), heir=str(to))
        same(row, {c.name: c.difference for c in answer.terms}, {c.name: c.weighted for c in answer.terms},
             {v.text_en for v in answer.broken})  # fmt: skip
    for first, row in of.border.iterrows():
        best = explain_block(draft, str(first))
        assert best.alternatives.drop(index=community, errors="ignore").index[0] == row["to_id"]
        assert len(best.blocks) == row["blocks"]


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_what_communities_add_sums_to_the_terms(seed: int) -> None:
    draft, _ = edited(seed)
    state = draft.state
    parts = contributions(state.town, state.part, len(state.ids))
    assert set(parts) == set(state.terms)
    assert {name: float(values.sum()) for name, values in parts.items()} == pytest.approx(
        {name: term.value for name, term in state.terms.items()}, abs=1e-6
    )
    assert all((values >= -1e-9).all() for values in parts.values())
