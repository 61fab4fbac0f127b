"""What would work instead: every offer has a plan, a slightly smaller one has none, and its cost is told."""

from collections import Counter

import geopandas as gpd
import pytest

from geo.errors import InfeasibleError
from geo.partition.atoms import Town, build_town
from geo.partition.plan import Plan, PlanOptions, Progress
from geo.partition.refusal.relaxations import Diagnosis, Relaxation, explain_conflict, reasons, refusal
from geo.partition.rules import check_plan
from geo.partition.solve import make_plan
from geo.standards import Profile
from tests.geo.partition.towns import grid, register

PROFILE = Profile(
    name="test", title_zh="试验", title_en="Test", edition="1", min_households=200, target_households=300,
    max_households=400, source="hand",
)  # fmt: skip
Tables = tuple[gpd.GeoDataFrame, ...]


class Request:
    """A request on a small town, and everything that is asked of it."""

    def __init__(self, tables: Tables, known: gpd.GeoDataFrame | None = None, **said: object) -> None:
        self.blocks, self.seams = tables
        self.known = known
        self.options = PlanOptions.read({"effort": 5000, **said})
        self.tried: list[PlanOptions] = []

    def town(self, options: PlanOptions) -> Town:
        return build_town(self.blocks, self.seams, self.known, profile=PROFILE, options=options)

    def solve(self, options: PlanOptions) -> Plan:
        self.tried.append(options)
        return make_plan(self.blocks, self.seams, self.known, profile=PROFILE, options=options)

    def explained(self) -> Diagnosis:
        """Return the diagnosis; every offer in it is applied, and has a plan that keeps every rule."""
        with pytest.raises(InfeasibleError):
            self.solve(self.options)
        self.tried.clear()
        found = explain_conflict(self.town(self.options), solve=self.solve)
        assert found.solves == len(self.tried) <= 12
        assert [one.nearness for one in found.relaxations] == sorted(one.nearness for one in found.relaxations)
        for one in found.relaxations:
            again = PlanOptions.read({**self.options.model_dump(mode="json"), **one.change})
            assert again == one.options, "the change is all there is"
            plan = self.solve(one.options)
            assert plan.objective == pytest.approx(one.objective)
            assert check_plan(plan, self.blocks, self.seams, self.known).empty
        return found

    def fails(self, **said: object) -> bool:
        """Return whether the request with these changes has no plan."""
        try:
            self.solve(PlanOptions.read({**self.options.model_dump(mode="json"), **said}))
        except InfeasibleError:
            return True
        return False


def offer(found: Diagnosis, *dropped: str) -> Relaxation:
    (one,) = [one for one in found.relaxations if set(one.dropped) == set(dropped)]
    return one


def test_a_village_above_the_maximum() -> None:
    town = grid([[100] * 9], communities=["VVVVVAAAA"])
    request = Request(town, register({"A": "community", "V": "village"}))
    found = request.explained()
    higher, divided = found.relaxations
    assert higher.change == {"max_households": 500}
    assert higher.least
    assert higher.law, "the profile's limit"
    assert request.fails(max_households=499)
    assert higher.text_en == "a maximum of 500 households instead of 400"
    assert higher.text_zh == "上限由400户改为500户"
    assert higher.cost_en == (
        "One community of 500 households, 25% above the maximum of 400; the limit is the profile's.",
    )
    assert higher.cost_zh == ("1个社区高于原上限400户,最大的500户,相差25%,此限为所用标准所定。",)
    assert divided.change == {"locks": [{"kind": "free", "ids": ["V"], "of": "communities"}]}
    assert divided.text_en == "village Vville (V) may be divided"
    plan = request.solve(divided.options)
    shares = Counter(plan.assignment[f"0-{c}"] for c in range(5))
    away = 100 * (5 - max(shares.values()))
    assert divided.cost_en == (
        f"Village Vville (V) would be divided among {len(shares)} communities: {away} households leave it.",
    )
    assert divided.cost_zh == (f"V社(V)将分在{len(shares)}个社区,{away}户离开。",)
    assert set(divided.terms) >= {"seam", "size", "change"}
    assert reasons(found)[0] == "Village Vville (V) is kept whole and has 500 households; the maximum is 400."
    assert reasons(found)[1] == (
        "This would work: a maximum of 500 households instead of 400. One community of 500 households, 25% above the "
        "maximum of 400; the limit is the profile's."
    )
    assert reasons(found, "zh")[1].startswith("可行:上限由400户改为500户。")
    error = refusal(found)
    assert error.table == "blocks"
    assert error.ids == ("0-0", "0-1", "0-2", "0-3", "0-4")
    assert list(error.reasons) == reasons(found)


def test_small_changes_of_numbers_come_first() -> None:
    """A village of 410 of at most 400: ten households more are nearer than dividing it."""
    found = Request(
        grid([[205, 205, 100, 150]], communities=["VVAA"]), register({"A": "community", "V": "village"})
    ).explained()
    assert found.relaxations[0].dropped == ("max_households",)
    assert found.relaxations[0].nearness[0] == 0
    far = Request(grid([[100] * 9], communities=["VVVVVAAAA"]), locks=[{"kind": "together", "ids": ["V"]}]).explained()
    assert [one.dropped for one in far.relaxations] == [("lock:0",), ("max_households",)]


def test_the_nearest_number_of_communities() -> None:
    request = Request(grid([[100] * 9]), k=7)
    found = request.explained()
    assert [one.change for one in found.relaxations[:2]] == [{"k": 4}, {"k": 3}]
    assert request.fails(k=5)
    assert found.relaxations[0].text_en == "4 communities instead of 7"
    assert found.relaxations[0].cost_zh == ("共4个社区,不是7个。",)
    lower = offer(found, "min_households")
    assert request.fails(min_households=lower.change["min_households"] + 1)


def test_limits_that_no_number_of_communities_meets() -> None:
    request = Request(grid([[150, 150, 150]]), min_households=300)
    found = request.explained()
    assert offer(found, "max_households").change == {"max_households": 450}
    lower = offer(found, "min_households")
    assert lower.change == {"min_households": 150}
    assert not lower.law, "the planner's own limit"
    assert request.fails(min_households=151)
    assert request.fails(max_households=449)


def test_two_limits_at_once_where_one_is_not_enough() -> None:
    """Two communities of a row of twenty: every cut leaves both sides outside."""
    request = Request(grid([[90, 130] * 9 + [7, 13]]), k=2, min_households=995, target_households=1000,
                      max_households=1005)  # fmt: skip
    found = request.explained()
    both = offer(found, "max_households", "min_households")
    assert both.change == {"max_households": 1030, "min_households": 970}
    assert request.fails(max_households=1029, min_households=970)
    assert request.fails(max_households=1030, min_households=971)


def test_people_above_their_maximum() -> None:
    request = Request(grid([[100] * 6], people=5), max_people=700)
    found = request.explained()
    more = offer(found, "max_people")
    assert more.change == {"max_people": 1000}
    assert (
        "communities above the maximum of 700, the largest of 1,000 people, 43% above the maximum." in more.cost_en[0]
    )
    assert request.fails(max_people=999)


def test_a_small_part_is_accepted_as_an_island() -> None:
    found = Request(grid([[100, 100, 100], [None] * 3, [50, None, None]])).explained()
    island = offer(found, "islands")
    assert island.change == {"allow_islands": True}
    assert island.cost_en[0].startswith("Below the minimum of 200 households: N0")
    assert "(50 households)" in island.cost_en[0]
    assert "(50户)" in island.cost_zh[0]
    assert offer(found, "min_households").change == {"min_households": 50}


def test_an_estate_across_a_railway() -> None:
    tables = grid([[100] * 6], groups={"0-2": "锦园", "0-3": "锦园"}, features={("v", "3"): ("railway", "京广线")})
    found = Request(tables, seams=[{"rule": "forbid_cross", "feature_name": "京广线"}]).explained()
    spanned, divided = offer(found, "seam:0"), offer(found, "estate:锦园")
    assert spanned.change == {"seams": []}
    assert spanned.text_zh == "不再要求社区不跨越京广线"
    assert spanned.cost_en == ("1 community spans 100 m of it.",)
    assert divided.change == {"keep_estates": False}
    assert divided.cost_en == ("1 estate is divided (estate 锦园).",)
    assert found.relaxations.index(spanned) < found.relaxations.index(divided)


def test_the_limit_of_towns_is_not_offered() -> None:
    tables = grid([[100] * 6], communities=["AAABBB"], groups={"0-2": "锦园", "0-3": "锦园"})
    found = Request(tables, register({"A": "community", "B": "community"}, town=["东镇", "西镇"])).explained()
    assert [one.dropped for one in found.relaxations] == [("estate:锦园",)]


def test_what_stays_as_it_is_may_change() -> None:
    locks = [{"kind": "as_is", "ids": ["A", "B"]}]
    found = Request(grid([[100] * 9], communities=["AAAAABBCC"]), locks=locks).explained()
    free = offer(found, "as_is:A")
    assert free.change == {"locks": [{"kind": "as_is", "ids": ["B"], "of": "communities"}]}, "B still stays as it is"
    assert free.text_en == "community A need not stay as it is"
    assert "loses" in free.cost_en[0]
    assert "户" in free.cost_zh[0]


def test_several_conflicts_are_all_dealt_with() -> None:
    """Two villages of 500: the maximum moves for both, or both are divided."""
    villages = register({"A": "community", "V": "village", "W": "village"})
    found = Request(grid([[100] * 14], communities=["VVVVVAAAAWWWWW"]), villages).explained()
    assert len(found.conflicts) == 2
    assert offer(found, "max_households").change == {"max_households": 500}
    assert offer(found, "whole:V", "whole:W").change == {
        "locks": [{"kind": "free", "ids": ["V", "W"], "of": "communities"}]
    }
    assert all({"max_households"} <= set(one.dropped) or len(one.dropped) == 2 for one in found.relaxations)


def test_a_condition_is_given_up() -> None:
    condition = {"kind": "not_touching", "community": "A", "ids": ["B"]}
    found = Request(grid([[300, 100, 300]], communities=["AAB"]), conditions=[condition]).explained()
    assert offer(found, "condition:0").change == {"conditions": []}
    assert offer(found, "condition:0").text_en == "it is no longer asked that community A does not touch community B"
    assert offer(found, "min_households").change == {"min_households": 100}


def test_a_merge_in_which_a_community_is_too_large() -> None:
    tables = grid([[500, 200, 200]], communities=["ABC"])
    known = register({"A": "community", "B": "community", "C": "community"})
    found = Request(tables, known, mode="merge").explained()
    assert [one.change for one in found.relaxations] == [{"max_households": 500}]


def test_without_proof_the_search_is_quoted_and_what_works_is_offered_all_the_same() -> None:
    """The search is told to find nothing unless the maximum is at least 410."""
    town = grid([[100] * 8])
    request = Request(town, k=2)

    def solve(options: PlanOptions) -> Plan:
        if (options.max_households or 0) < 410:
            raise InfeasibleError(["nothing"])
        return request.solve(options)

    found = explain_conflict(request.town(request.options), solve=solve, sought=(["试过。"], ["It was tried."]))
    (conflict,) = found.conflicts
    assert (conflict.proof, conflict.certainty) == ("search", "not_found")
    assert (conflict.text_zh, conflict.text_en) == ("试过。", "It was tried.")
    (only,) = [one for one in found.relaxations if "max_households" in one.dropped]
    assert 410 <= only.change["max_households"] <= 420
    assert not only.least
    assert found.solves <= 12


def test_work_is_told_bounded_and_can_be_cancelled() -> None:
    tables, known = grid([[100] * 9], communities=["VVVVVAAAA"]), register({"A": "community", "V": "village"})
    request = Request(tables, known)
    told: list[Progress] = []
    town = request.town(request.options)
    explain_conflict(town, solve=request.solve, progress=told.append)
    assert [step.fraction for step in told] == sorted(step.fraction for step in told)
    assert (told[0].stage, told[-1].stage, told[-1].fraction) == ("conflicts", "done", 1.0)
    assert explain_conflict(town, solve=request.solve, most_solves=1).solves == 1
    assert explain_conflict(town, solve=request.solve, most_solves=0).relaxations == ()

    def cancel(step: Progress) -> None:
        if step.stage == "relaxations":
            raise TimeoutError("enough")

    with pytest.raises(TimeoutError, match="enough"):
        explain_conflict(town, solve=request.solve, progress=cancel)


def test_the_same_request_has_the_same_diagnosis() -> None:
    tables, known = grid([[100] * 9], communities=["VVVVVAAAA"]), register({"A": "community", "V": "village"})
    request = Request(tables, known)
    mixed = Request((tables[0].sample(frac=1, random_state=1), tables[1].sample(frac=1, random_state=2)), known)
    assert request.explained() == mixed.explained()
