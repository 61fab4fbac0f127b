"""Each rule finds what breaks it, says where and how much, and is silent otherwise."""

import pandas as pd
import pytest

from geo.errors import InputError
from geo.partition.plan import ENGINE_VERSION, Plan, PlanOptions
from geo.partition.rules import COLUMNS, check_plan
from geo.standards import Profile
from tests.geo.partition.towns import grid, register

PROFILE = Profile(
    name="test", title_zh="试验", title_en="Test", edition="1", min_households=200, target_households=300,
    max_households=400, source="hand",
)  # fmt: skip


def drawn(letters: list[str], **said: object) -> Plan:
    """Return a plan drawn by hand: one letter a block."""
    assignment = {f"{r}-{c}": letter for r, line in enumerate(letters) for c, letter in enumerate(line)}
    return Plan(
        assignment=assignment, profile=PROFILE, options=PlanOptions.read(said), seed=0, engine_version=ENGINE_VERSION,
        min_households=200, max_households=400, k=len(set(assignment.values())),
    )  # fmt: skip


def found(table: pd.DataFrame) -> list[tuple[str, str, float, float]]:
    return [tuple(row) for row in table[["rule", "community_id", "measured", "allowed"]].itertuples(index=False)]


def test_a_sound_plan_has_no_violations_but_the_columns() -> None:
    table = check_plan(drawn(["AAABBB"]), *grid([[100] * 6]))
    assert table.empty
    assert tuple(table.columns) == COLUMNS


def test_a_community_in_two_pieces() -> None:
    table = check_plan(drawn(["ABBBAA"]), *grid([[100] * 6]))
    assert found(table) == [("contiguity", "A", 2, 1)]
    assert table["text_en"][0] == "New community (A) lies in 2 pieces that do not touch."
    assert table["text_zh"][0] == "新社区(A)由互不相连的2块组成。"


def test_corners_do_not_connect() -> None:
    assert found(check_plan(drawn(["AB", "BA"]), *grid([[100, 100], [100, 100]]))) == [
        ("contiguity", "A", 2, 1), ("contiguity", "B", 2, 1),
    ]  # fmt: skip


def test_too_few_and_too_many_households() -> None:
    town = grid([[100] * 6], communities=["AAAAAA"])
    table = check_plan(drawn(["AAAAAB"]), *town)
    assert found(table) == [("households_max", "A", 500, 400), ("households_min", "B", 100, 200)]
    assert table["text_en"][0] == "Community A has 500 households; the maximum is 400."
    assert "有100户,少于下限200户" in table["text_zh"][1]


def test_people_are_checked_where_they_are_known() -> None:
    plan = drawn(["AAABBB"], max_people=800, min_people=100)
    assert found(check_plan(plan, *grid([[100] * 6], people=3))) == [
        ("people_max", "A", 900, 800), ("people_max", "B", 900, 800),
    ]  # fmt: skip
    assert check_plan(plan, *grid([[100] * 6])).empty


def test_islands_may_be_small() -> None:
    plan = drawn(["AAAAAB"], max_households=600)
    assert found(check_plan(plan, *grid([[100] * 6]))) == [("households_min", "B", 100, 200)]
    assert check_plan(plan.model_copy(update={"islands": ("B",)}), *grid([[100] * 6])).empty


def test_estates_and_villages_that_are_divided() -> None:
    town = grid([[100] * 6], communities=["VVVVAA"], groups={"0-1": "锦园", "0-2": "锦园"})
    table = check_plan(drawn(["VVAAAA"]), *town, register({"V": "village", "A": "community"}))
    assert found(table) == [("whole", "A", 2, 1), ("whole", "A", 2, 1)]
    assert table["text_en"].tolist() == [
        "Village Vville (V) is divided among 2 communities; it must stay whole.",
        "Estate 锦园 is divided among 2 communities; it must stay whole.",
    ]


def test_locks_that_are_broken() -> None:
    town = grid([[100] * 6], communities=["AAABBB"])
    locked = drawn(["AABBBB"], locks=[{"kind": "as_is", "ids": ["A"]}])
    assert found(check_plan(locked, *town)) == [("as_is", "A", 1, 0)]
    gone = drawn(["CCCBBB"], locks=[{"kind": "as_is", "ids": ["A"]}])
    assert found(check_plan(gone, *town)) == [("as_is", "A", 3, 0)]
    together = drawn(["AAABBB"], locks=[{"kind": "together", "ids": ["0-2", "0-3"], "of": "blocks"}])
    assert found(check_plan(together, *town)) == [("together", "A", 2, 1)]
    apart = drawn(["AAABBB"], locks=[{"kind": "apart", "ids": ["0-1", "0-2"], "of": "blocks"}])
    assert found(check_plan(apart, *town)) == [("apart", "A", 2, 1)]


def test_forbidden_seams() -> None:
    town = grid([[100] * 6], features={("v", "3"): ("river", "清河"), ("v", "1"): ("railway", "京广线")})
    cut = drawn(["AAABBB"], seams=[{"rule": "forbid_cut", "feature_name": "清河"}])
    table = check_plan(cut, *town)
    assert found(table) == [("forbid_cut", "A", 1, 0)]
    assert "清河" in table["text_zh"][0]
    spanned = drawn(["AAABBB"], seams=[{"rule": "forbid_cross", "feature_class": "railway"}])
    assert found(check_plan(spanned, *town)) == [("contiguity", "A", 2, 1), ("forbid_cross", "A", 1, 0)]


def test_two_towns() -> None:
    town = grid([[100] * 6], communities=["AAABBB"])
    table = register({"A": "community", "B": "community"}, town=["东镇", "西镇"])
    result = check_plan(drawn(["AABBBB"]), *town, table)
    assert found(result) == [("town", "B", 2, 1)]
    assert "东镇" in result["text_zh"][0]
    assert result["community_id"].tolist() == ["B"]


def test_a_plan_of_other_blocks_is_refused() -> None:
    blocks, seams = grid([[100] * 6])
    with pytest.raises(InputError, match="says nothing of 1 blocks") as caught:
        check_plan(drawn(["AAAAA"]), blocks, seams)
    assert caught.value.faults[0].ids == ("0-5",)
    with pytest.raises(InputError, match="names unknown 1 blocks"):
        check_plan(drawn(["AAABBBB"]), blocks, seams)
