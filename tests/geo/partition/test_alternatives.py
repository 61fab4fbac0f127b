"""Alternatives on towns small enough to be checked by eye: what is offered, what is left out, and why.

The town of the drawings has four by four blocks of 100 m with about 100 households each. Today community A is the first
column and B the rest; a primary road runs down the middle, all other lines are residential streets.
"""

import itertools
from collections.abc import Callable, Mapping

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import InfeasibleError, InputError
from geo.partition import alternatives as module
from geo.partition.alternatives import Alternatives, make_alternatives, plan_distance
from geo.partition.plan import ENGINE_VERSION, Plan, PlanOptions, Progress, Weights
from geo.partition.rules import check_plan
from geo.partition.solve import make_plan
from geo.standards import load_profile

from .towns import grid, register

PROFILE = load_profile("seed-3000")
OPTIONS = PlanOptions(min_households=0, target_households=800, max_households=10_000, max_people=100_000)
ROAD = {("v", "2"): ("primary", "中山路")}
HOMES = [[100, 60, 100, 100], [100, 100, 100, 100], [100, 100, 100, 100], [100, 140, 100, 100]]

HALVES = ("AABB",) * 4
TODAY = ("ABBB",) * 4
RENAMED = ("BBAA",) * 4
NEAR = ("ABBB", "AABB", "AABB", "AABB")  # 60 of 1,600 households elsewhere than in HALVES
WORSE = ("AABB", "AABB", "AABB", "AAAB")  # 100 elsewhere, longer borders, uneven
THREE = ("ANBB",) * 4


def plan_of(rows: tuple[str, ...], options: PlanOptions = OPTIONS) -> Plan:
    assignment = {f"{r}-{c}": letter for r, row in enumerate(rows) for c, letter in enumerate(row)}
    return Plan(
        assignment=assignment, profile=PROFILE, options=options, seed=options.seed, engine_version=ENGINE_VERSION,
        min_households=0, max_households=10_000, k=len(set(assignment.values())), proven=True,
    )  # fmt: skip


def aim_of(options: PlanOptions) -> str:
    """Return which aim the options are made for, seen from OPTIONS."""
    if options.k is not None:
        return f"k{options.k}"
    heavy = [name for name, weight in options.weights if weight != getattr(Weights(), name)]
    return heavy[0] if heavy else f"seed{options.seed}"


DRAWN: Mapping[str, tuple[str, ...]] = {
    "seed0": HALVES, "seed1": RENAMED, "seed2": HALVES, "seam": WORSE, "change": TODAY, "size": RENAMED,
    "shape": NEAR, "k3": THREE,
}  # fmt: skip


def drawn(
    blocks: gpd.GeoDataFrame, seams: gpd.GeoDataFrame, communities: gpd.GeoDataFrame | None = None, *,
    profile: object, options: PlanOptions | None = None, progress: Callable[[Progress], None] | None = None,
) -> Plan:  # fmt: skip
    """Stand in for the engine: a drawing for each aim, none for a single community."""
    assert options is not None
    assert progress is not None
    progress(Progress("search", 0.5, {"seam": 1.0}))
    aim = aim_of(options)
    if aim == "k1":
        raise InfeasibleError(["One community would be too large."])
    return plan_of(DRAWN[aim], options)


def town(*, today: bool = True) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, gpd.GeoDataFrame | None]:
    blocks, seams = grid(HOMES, communities=TODAY if today else (), features=ROAD)
    return blocks, seams, register({"A": "community", "B": "community"}) if today else None


def choose(*, today: bool = True, options: PlanOptions = OPTIONS, **wishes: object) -> Alternatives:
    return make_alternatives(*town(today=today), profile=PROFILE, options=options, plan=drawn, **wishes)  # type: ignore[arg-type]


# ── distance ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_distance_counts_the_households_that_change_group() -> None:
    blocks, _, _ = town()
    assert plan_distance(plan_of(HALVES), plan_of(NEAR), blocks) == pytest.approx(60 / 1600)
    assert plan_distance(plan_of(HALVES), plan_of(TODAY), blocks) == pytest.approx(400 / 1600)
    assert plan_distance(plan_of(HALVES), plan_of(THREE), blocks) == pytest.approx(400 / 1600)


def test_names_do_not_count() -> None:
    blocks, _, _ = town()
    assert plan_distance(plan_of(HALVES), plan_of(RENAMED), blocks) == 0


def test_land_without_homes_does_not_count() -> None:
    blocks, _, _ = town()
    blocks.loc["0-1", "households"] = 0
    blocks.loc["0-1", "area_m2"] = 1e9
    assert plan_distance(plan_of(HALVES), plan_of(NEAR), blocks) == 0


def test_plans_of_other_blocks_are_refused() -> None:
    blocks, _, _ = town()
    with pytest.raises(InputError, match="differ in 1 blocks") as caught:
        plan_distance(plan_of(HALVES), plan_of(NEAR), blocks.drop(index="0-0"))
    assert caught.value.faults[0].ids == ("0-0",)


PARTITIONS = st.lists(st.integers(0, 2), min_size=5, max_size=5)


@settings(deadline=None, max_examples=40)
@given(PARTITIONS, PARTITIONS, PARTITIONS, st.lists(st.integers(0, 9), min_size=5, max_size=5))
def test_distance_is_a_metric_and_the_best_relabelling(
    a: list[int], b: list[int], c: list[int], homes: list[int]
) -> None:
    blocks, _ = grid([homes])
    plans = [plan_of(("".join("XYZ"[i] for i in labels),)) for labels in (a, b, c)]
    ab, ba, bc, ac = (plan_distance(plans[i], plans[j], blocks) for i, j in ((0, 1), (1, 0), (1, 2), (0, 2)))
    assert ab == pytest.approx(ba)
    assert ac <= ab + bc + 1e-12
    total = sum(homes)
    kept = max(sum(h for x, y, h in zip(a, b, homes, strict=True) if way[x] == y)
               for way in itertools.permutations(range(3)))  # fmt: skip
    assert ab == pytest.approx((total - kept) / total if total else 0)


# ── choosing ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_good_and_different_plans_are_offered() -> None:
    found = choose(max_loss=1.0)
    assert list(found.plans) == ["A", "B"]
    assert found.plans["A"].assignment == plan_of(HALVES).assignment
    assert found.plans["B"].assignment == plan_of(TODAY).assignment
    assert list(found.table["name_en"]) == ["best under the weights as given", "as today first"]
    assert list(found.table["name_zh"]) == ["按给定权重最优", "保持现状优先"]
    assert found.table["pareto"].all()
    assert found.distances.loc["A", "B"] == found.distances.loc["B", "A"] == pytest.approx(0.25)
    assert found.distances.loc["B", "B"] == 0


def test_the_table_is_measured_under_the_planners_weights() -> None:
    table = choose(max_loss=1.0).table
    a, b = table.loc["A"], table.loc["B"]
    assert (a["k"], a["households_min"], a["households_max"]) == (2, 800, 800)
    assert (b["households_min"], b["households_max"], b["households_apart"]) == (400, 1200, 400)
    assert (a["change_households"], b["change_households"]) == (400, 0)
    assert (a["size_households"], b["size_households"]) == (0, 800)
    assert (a["seam_m"], b["seam_m"]) == pytest.approx((0, 400 * 0.4 + 400 * 0.8))
    assert (a["shape_m"], b["shape_m"]) == (400, 400)
    scale = np.sqrt(np.pi * 160_000 * 2)
    assert a["objective"] == pytest.approx(400 / 1600 + 0.5 * 0.25 + 0.5 * 400 / scale)
    assert b["loss"] == pytest.approx(b["objective"] / a["objective"] - 1)


def test_every_plan_answers_the_planners_own_question() -> None:
    found = choose(max_loss=1.0)
    for name, plan in found.plans.items():
        assert plan.options == OPTIONS
        assert plan.objective == pytest.approx(found.table.loc[name, "objective"])
        assert plan.terms["seam"].weight == 1.0
    assert found.plans["A"].proven
    assert not found.plans["B"].proven, "what is proven for another aim is not proven for this one"
    assert "as today first" in found.plans["B"].notes[-1].en
    assert "保持现状优先" in found.plans["B"].notes[-1].zh
    assert found.made_with["B"].weights.change == module.EMPHASIS


def test_what_is_left_out_is_said_with_the_reason() -> None:
    tried = choose(max_loss=1.0).tried.set_index("name_en")
    assert tried.loc["the weights as given", "plan_id"] == "A"
    assert tried.loc["even sizes first", "why_en"] == "the same as plan A"
    assert tried.loc["compact shapes first", "why_en"] == (
        "a near-copy: only 3.8% of the households differ from plan A"
    )
    assert "as good in every term" in tried.loc["clear borders first", "why_en"]
    assert tried.loc["1 community in all", "why_en"] == "no plan: One community would be too large."
    assert np.isnan(tried.loc["1 community in all", "objective"])
    assert tried["why_zh"].notna().all()


def test_too_few_is_said_with_the_reason() -> None:
    found = choose(max_loss=1.0, count=4)
    assert len(found.notes) == 1
    assert found.notes[0].en.startswith(
        "4 plans were asked for, and only 2 that are good and different could be found."
    )
    assert "near-copy" in found.notes[0].en
    assert "只找到2个" in found.notes[0].zh
    assert choose(max_loss=1.0, count=2).notes == ()


def test_a_plan_that_costs_too_much_is_not_offered() -> None:
    found = choose()
    assert list(found.plans) == ["A"]
    assert "above the best, more than 15%" in found.tried.set_index("name_en").loc["as today first", "why_en"]
    assert found.distances.shape == (1, 1)


def test_a_plan_must_gain_something_to_speak_of() -> None:
    """800 and 800 households instead of 799 and 801 are no reason to draw the borders elsewhere."""
    place = town()
    place[0].loc[["0-0", "1-2"], "households"] = [99, 101]

    def swapped(*tables: gpd.GeoDataFrame, options: PlanOptions, **rest: object) -> Plan:
        rows = ("AABB", "ABAB", "AABB", "AABB") if aim_of(options) == "size" else HALVES
        return plan_of(rows, options)

    found = make_alternatives(*place, profile=PROFILE, options=OPTIONS, plan=swapped, max_loss=10.0)
    assert list(found.plans) == ["A"]
    said = found.tried.set_index("name_en").loc["even sizes first", "why_en"]
    assert said == "no term is better than in plan A to speak of"


def test_a_plan_that_misses_its_aim_is_called_by_what_it_gains() -> None:
    def odd(*tables: gpd.GeoDataFrame, options: PlanOptions, **rest: object) -> Plan:
        return plan_of(TODAY if aim_of(options) in ("size", "seed1") else HALVES, options)

    found = make_alternatives(*town(), profile=PROFILE, options=OPTIONS, plan=odd, max_loss=1.0)
    assert found.made_with["B"].weights.size > 1, "made for even sizes, but far from them"
    assert tuple(found.table.loc["B", ["name_zh", "name_en"]]) == (
        "更换社区的户更少",
        "fewer households changing community",
    )


def test_plans_that_the_time_limit_ended_are_told() -> None:
    def hasty(*tables: gpd.GeoDataFrame, options: PlanOptions, **rest: object) -> Plan:
        return plan_of(HALVES, options).model_copy(update={"stopped_early": aim_of(options) in ("seam", "size")})

    notes = make_alternatives(*town(), profile=PROFILE, options=OPTIONS, plan=hasty, count=1).notes
    assert len(notes) == 1
    assert "ended the search of 2 of the 9 candidates early" in notes[0].en
    assert "9个候选方案中有2个" in notes[0].zh


def test_the_distance_asked_for_holds() -> None:
    near = choose(max_loss=1.0, min_distance=0.01).distances.to_numpy()
    far = choose(max_loss=1.0, min_distance=0.3)
    assert near[~np.eye(len(near), dtype=bool)].min() >= 0.01
    assert list(far.plans) == ["A"]


def test_a_decision_memo() -> None:
    texts = choose(max_loss=1.0).gives_up
    assert texts.loc["A", "text_en"].startswith(
        "Plan A (best under the weights as given): 2 communities of 800 households. It has 400 households "
        "changing community; 400 m of border between communities in all; 0.04 km² of land changing community;"
    )
    assert texts.loc["A", "text_en"].endswith(
        "Its weighted sum is the lowest of 8 candidates; the others are set against it."
    )
    english, chinese = texts.loc["B", "text_en"], texts.loc["B", "text_zh"]
    assert "25% of the households (400) are grouped otherwise than in A." in english
    assert "It gains 400 fewer households changing community (0; A 400); 0.04 km² less land" in english
    assert "It gives up 480 m more border along lanes" in english
    assert "800 more households above or below the target size (800; A 0)" in english
    assert english.endswith(
        "Choose it for fewer households changing community; the main price is more border along lanes, and main roads "
        "and water inside communities."
    )
    assert "更换社区的户数少400户(0户,A为400户)" in chinese
    assert "失:沿小巷的界线与穿过社区的干道水系多480米(480米,A为0米)" in chinese


def test_aims_follow_the_request() -> None:
    assert "as today first" not in set(choose(today=False).tried["name_en"])
    fixed = OPTIONS.model_copy(update={"k": 2})

    def halves(*_: object, options: PlanOptions, **__: object) -> Plan:
        assert options.k == 2
        return plan_of(HALVES, options)

    found = make_alternatives(*town(), profile=PROFILE, options=fixed, plan=halves)
    assert list(found.plans) == ["A"]
    assert set(found.tried["why_en"]) == {"offered as plan A", "the same as plan A"}


def test_without_a_plan_of_the_request_itself_there_is_no_answer() -> None:
    def nothing(*_: object, **__: object) -> Plan:
        raise InfeasibleError(["Nothing fits."])

    with pytest.raises(InfeasibleError, match="Nothing fits"):
        make_alternatives(*town(), profile=PROFILE, options=OPTIONS, plan=nothing)


@pytest.mark.parametrize(("wish", "value"), [("count", 0), ("min_distance", 1.5), ("max_loss", -0.1)])
def test_senseless_wishes_are_refused(wish: str, value: float) -> None:
    with pytest.raises(InputError, match=f"{wish} = {value}"):
        choose(**{wish: value})


# ── progress, time ───────────────────────────────────────────────────────────────────────────────────────────────────
def test_progress_goes_from_nothing_to_all() -> None:
    heard: list[Progress] = []
    choose(progress=heard.append)
    fractions = [now.fraction for now in heard]
    assert fractions == sorted(fractions)
    assert 0 < fractions[0] < 0.1
    assert (heard[-1].stage, heard[-1].fraction) == ("done", 1.0)
    assert "done" not in {now.stage for now in heard[:-1]}


def test_a_listener_that_raises_ends_the_work() -> None:
    class CancelledError(Exception):
        pass

    def stop(now: Progress) -> None:
        if now.fraction > 0.3:
            raise CancelledError

    with pytest.raises(CancelledError):
        choose(progress=stop)


def test_the_time_is_shared_and_what_it_does_not_reach_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = {"now": 0.0}
    monkeypatch.setattr(module.time, "monotonic", lambda: clock["now"])
    given_s: list[float] = []

    def slow(*tables: gpd.GeoDataFrame, options: PlanOptions, **rest: object) -> Plan:
        assert options.time_limit_s is not None
        given_s.append(options.time_limit_s)
        clock["now"] += 30.0
        return drawn(*tables, options=options, **rest)  # type: ignore[arg-type]

    timed = OPTIONS.model_copy(update={"time_limit_s": 90.0})
    found = make_alternatives(*town(), profile=PROFILE, options=timed, plan=slow, max_loss=1.0)
    assert given_s == pytest.approx([10, 60 / 8, 30 / 7])
    assert list(found.plans) == ["A", "B"]
    assert list(found.tried["why_en"]).count("the time was up before it began") == 6
    assert found.plans["A"].options.time_limit_s == 90.0


# ── the engine itself ────────────────────────────────────────────────────────────────────────────────────────────────
def test_plans_of_the_engine_keep_every_rule_in_any_row_order() -> None:
    rng = np.random.default_rng(5)
    blocks, seams = grid(rng.integers(50, 150, size=(6, 6)).tolist(), communities=("AAABBB",) * 4 + ("CCCCCC",) * 2,
                         features={("v", "2"): ("primary", "中山路"), ("h", "3"): ("river", "清河")})  # fmt: skip
    communities = register({"A": "community", "B": "community", "C": "community"})
    options = PlanOptions(min_households=600, target_households=900, max_households=1300, effort=4_000)

    def run(mixed: bool) -> Alternatives:
        turn = (lambda table: table.sample(frac=1, random_state=3)) if mixed else (lambda table: table)
        return make_alternatives(turn(blocks), turn(seams), turn(communities), profile=PROFILE, options=options,
                                 count=3, max_loss=1.0, plan=make_plan)  # fmt: skip

    found, again = run(mixed=False), run(mixed=True)
    assert 2 <= len(found.plans) <= 3
    for plan in found.plans.values():
        assert check_plan(plan, blocks, seams, communities).empty
    between = found.distances.to_numpy()[~np.eye(len(found.plans), dtype=bool)]
    assert between.min() >= module.MIN_DISTANCE
    assert found.table["objective"].is_monotonic_increasing
    assert {name: plan.to_json() for name, plan in found.plans.items()} == {
        name: plan.to_json() for name, plan in again.plans.items()
    }
    assert found.table.equals(again.table)
    assert found.gives_up.equals(again.gives_up)
    a = found.made_with["B"]
    assert make_plan(blocks, seams, communities, profile=PROFILE, options=a).assignment == found.plans["B"].assignment
