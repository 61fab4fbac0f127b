"""What goes into which premises, against trying everything."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from geo.errors import InfeasibleError
from geo.siting.filling import Offer, best_use, fill, value_of
from geo.siting.options import PlacingOptions
from geo.standards.facilities import Complex

RULE = Complex(area_min_m2=300, area_better_m2=400, functions_min=2, core=("a", "b"), core_min=1)
NONE = np.zeros(0, dtype=np.int64)


def offer(rng: np.random.Generator, homes: int = 7, premises: int = 3, requirements: int = 3) -> Offer:
    """Return a small town by chance: three communities, whole people, some premises endless."""
    people = rng.integers(0, 9, (homes, requirements)).astype(float)
    covered = rng.random((homes, requirements)) < 0.2
    community = rng.integers(-1, 3, homes)
    inside = community >= 0
    endless = rng.random(premises) < 0.2
    return Offer(
        open=people * ~covered,
        cover=tuple(
            sparse.csr_array((rng.random((homes, premises)) < 0.4).astype(np.int8)) for _ in range(requirements)
        ),
        allowed=rng.random((premises, requirements)) < 0.85,
        floor_m2=np.tile(rng.choice([0.0, 100.0, 150.0, 200.0], requirements), (premises, 1)),
        ground_m2=np.tile(rng.choice([0.0, 0.0, 50.0], requirements), (premises, 1)),
        cost=np.tile(rng.integers(1, 6, requirements) * 10_000.0, (premises, 1)),
        site_cost=rng.integers(0, 4, premises) * 10_000.0,
        floor_room=np.where(endless, np.inf, rng.choice([100.0, 300.0, 450.0], premises)),
        ground_room=np.where(endless, np.inf, rng.choice([0.0, 60.0], premises)),
        open_ended=endless, shared=rng.random(requirements) < 0.8, core=np.array([True, True, False])[:requirements],
        community=community.astype(np.int64),
        communities=(("A", "甲", "Jia"), ("B", "乙", "Yi"), ("C", "丙", "Bing")),
        whole=np.bincount(community[inside], weights=people[inside].sum(axis=1), minlength=3),
        covered=np.bincount(community[inside], weights=(people * covered)[inside].sum(axis=1), minlength=3),
        most=np.where(rng.random(requirements) < 0.3, 1.0, np.inf),
    )  # fmt: skip


def shares(town: Offer, rooms: np.ndarray) -> np.ndarray:
    """Return the covered share of every community that has people, worst first."""
    new = np.zeros(len(town.community))
    for r in range(rooms.shape[1]):
        new += town.open[:, r] * (town.cover[r].toarray()[:, rooms[:, r]].any(axis=1))
    covered = town.covered.copy()
    np.add.at(covered, town.community[town.community >= 0], new[town.community >= 0])
    some = town.whole > 0
    return np.sort(covered[some] / town.whole[some])


def money(town: Offer, rooms: np.ndarray) -> float:
    return float((town.cost * rooms).sum() + town.site_cost[rooms.any(axis=1)].sum())


def is_complex(town: Offer, rooms: np.ndarray, j: int) -> bool:
    functions = rooms[j] & (town.floor_m2[j] > 0)
    area = float(town.floor_m2[j, rooms[j]].sum()) if town.open_ended[j] else town.floor_room[j]
    return functions.sum() >= 2 and (functions & town.core).sum() >= 1 and area >= 300


def allowed(town: Offer, rooms: np.ndarray, options: PlacingOptions, keep: np.ndarray) -> bool:
    """Say in plain words whether a filling may be."""
    if (rooms & ~town.allowed).any() or (rooms.sum(axis=0) > town.most).any():
        return False
    for j in range(len(rooms)):
        if (town.floor_m2[j] * rooms[j]).sum() > town.floor_room[j]:
            return False
        if (town.ground_m2[j] * rooms[j]).sum() > town.ground_room[j]:
            return False
        if (rooms[j] & ~town.shared).any() and rooms[j].sum() > 1:
            return False
        if j in keep and not rooms[j].any():
            return False
    if money(town, rooms) > options.budget + 1e-6:
        return False
    if options.count is not None and rooms.any(axis=1).sum() > options.count:
        return False
    if not isinstance(options.equity, str) and (shares(town, rooms) < options.equity - 1e-9).any():
        return False
    return sum(is_complex(town, rooms, j) for j in range(len(rooms))) >= options.complexes


def everything(town: Offer, options: PlacingOptions, keep: np.ndarray) -> list[np.ndarray]:
    pairs = np.argwhere(town.allowed)
    found = []
    for taken in itertools.product((False, True), repeat=len(pairs)):
        rooms = np.zeros(town.allowed.shape, dtype=bool)
        rooms[tuple(pairs[np.array(taken, dtype=bool)].T)] = True
        if allowed(town, rooms, options, keep):
            found.append(rooms)
    return found


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    budget=st.sampled_from([np.inf, 60_000.0, 120_000.0]),
    count=st.sampled_from([None, 1, 2]),
    equity=st.sampled_from(["none", "worst_first", 0.25, 0.5]),
    complexes=st.sampled_from([0, 0, 1]),
    kept=st.booleans(),
)
def test_filling_is_as_good_as_the_best_of_all(seed, budget, count, equity, complexes, kept):
    """Trying everything finds nothing better: by value, by the worst shares, and by money among equals."""
    town = offer(np.random.default_rng(seed), premises=2 if complexes else 3)
    options = PlacingOptions(budget=budget, count=count, equity=equity, complexes=complexes)
    keep = np.array([0]) if kept and town.allowed[0].any() else NONE
    all_of_them = everything(town, options, keep)
    if not all_of_them:
        with pytest.raises(InfeasibleError) as refused:
            fill(town, options, RULE, keep, seconds=120, gap=0)
        assert refused.value.reasons
        assert len(refused.value.reasons) == len(refused.value.reasons_zh)
        return
    found = fill(town, options, RULE, keep, seconds=120, gap=0)
    assert allowed(town, found.rooms, options, keep)
    if equity == "worst_first":
        best_shares = max(tuple(shares(town, rooms).round(6)) for rooms in all_of_them)
        assert shares(town, found.rooms) == pytest.approx(best_shares, abs=1e-5)
        all_of_them = [r for r in all_of_them if np.allclose(shares(town, r), best_shares, atol=2e-6)]
    best = max(value_of(town, rooms) for rooms in all_of_them)
    assert found.value == pytest.approx(best)
    assert found.value_without_equity >= found.value - 1e-9
    assert found.bound == pytest.approx(best, abs=1e-4)
    cheapest = min(money(town, rooms) for rooms in all_of_them if value_of(town, rooms) >= best - 1e-9)
    assert money(town, found.rooms) == pytest.approx(
        cheapest, abs=15
    )  # a yuan for each use, in the choice among equals


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), budget=st.sampled_from([np.inf, 50_000.0, 90_000.0]))
def test_the_best_use_of_one_premises_is_that_of_filling_it_alone(seed, budget):
    town = offer(np.random.default_rng(seed), premises=1)
    gives = np.array([float((cover.T @ town.open[:, r])[0]) for r, cover in enumerate(town.cover)])
    what, value = best_use(town, 0, gives, budget)
    alone = fill(town, PlacingOptions(budget=budget), RULE, NONE, seconds=120, gap=0)
    assert value == pytest.approx(alone.value)
    assert gives[what].sum() == pytest.approx(value)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_more_money_never_covers_fewer(seed):
    town = offer(np.random.default_rng(seed))
    values = [fill(town, PlacingOptions(budget=b), RULE, NONE, seconds=120, gap=0).value for b in (3e4, 8e4, 2e5)]
    assert values == sorted(values)


def test_the_worst_off_come_first():
    """Two communities of 10 and 100 people, one of the premises in each, money for one: the most people are 100 in the
    large one; worst first has no choice that helps both, so the larger second share decides, the same for both: 100%
    and 0%; a third place that reaches half of each is what it takes."""
    town = Offer(
        open=np.array([[5.0], [5.0], [50.0], [50.0]]),
        cover=(sparse.csr_array(np.array([[1, 0, 1], [1, 0, 0], [0, 1, 1], [0, 1, 0]], dtype=np.int8)),),
        allowed=np.ones((3, 1), dtype=bool), floor_m2=np.full((3, 1), 100.0), ground_m2=np.zeros((3, 1)),
        cost=np.full((3, 1), 1e5), site_cost=np.zeros(3), floor_room=np.full(3, 100.0), ground_room=np.zeros(3),
        open_ended=np.zeros(3, dtype=bool), shared=np.ones(1, dtype=bool), core=np.zeros(1, dtype=bool),
        community=np.array([0, 0, 1, 1]), communities=(("A", "甲", "Jia"), ("B", "乙", "Yi")),
        whole=np.array([10.0, 100.0]), covered=np.zeros(2), most=np.array([np.inf]),
    )  # fmt: skip
    most = fill(town, PlacingOptions(budget=1e5), RULE, NONE, seconds=120, gap=0)
    fair = fill(town, PlacingOptions(budget=1e5, equity="worst_first"), RULE, NONE, seconds=120, gap=0)
    assert most.rooms[:, 0].tolist() == [False, True, False]
    assert most.value == 100.0
    assert fair.rooms[:, 0].tolist() == [False, False, True]
    assert fair.value == 55.0
    assert fill(town, PlacingOptions(budget=1e5, equity=0.5), RULE, NONE, seconds=120, gap=0).rooms[2, 0]


def test_what_collides_is_told():
    town = offer(np.random.default_rng(3))
    with pytest.raises(InfeasibleError, match="covered share of 100% is out of reach of"):
        fill(town, PlacingOptions(equity=1.0), RULE, NONE, seconds=120, gap=0)
    with pytest.raises(InfeasibleError, match="cannot take 9 embedded complexes"):
        fill(town, PlacingOptions(complexes=9), RULE, NONE, seconds=120, gap=0)
    keep = np.flatnonzero(town.allowed.any(axis=1))[:1]
    with pytest.raises(InfeasibleError, match=r"costs [\d,]+ yuan at least, the budget is 1"):
        fill(town, PlacingOptions(budget=1.0), RULE, keep, seconds=120, gap=0)
