"""Every term against a sum done by hand, and heirs against every matching."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from geo.access.offices import WALK_COLUMN
from geo.partition.atoms import Town, build_town
from geo.partition.objective import (
    border_scale_m,
    edge_costs,
    heirs,
    measure_terms,
    part_costs,
    size_cost,
)
from geo.partition.plan import CUT_COSTS, PlanOptions, cut_costs_of
from geo.partition.search import make_problem, measure
from geo.schema import FEATURE_CLASSES
from geo.standards import Profile
from tests.geo.partition.towns import grid, register

PROFILE = Profile(
    name="test", title_zh="试验", title_en="Test", edition="1", min_households=200, target_households=300,
    max_households=400, source="hand",
)  # fmt: skip


def six(**said: object) -> Town:
    """Six blocks of 100 in a row, AAAABB today; a primary road left of the third, a lane elsewhere."""
    town = grid([[100] * 6], communities=["AAAABB"], features={("v", "2"): ("primary", "中山路")})
    table = register({"A": "community", "B": "community"})
    table["office_x"], table["office_y"] = [50.0, 450.0], [-50.0, -50.0]
    return build_town(*town, table, profile=PROFILE, options=PlanOptions.read(said))


def test_every_feature_class_has_a_cost_and_wide_roads_and_water_are_rewarded() -> None:
    assert set(CUT_COSTS) == set(FEATURE_CLASSES)
    assert all(CUT_COSTS[c] < 0 for c in ("motorway", "trunk", "primary", "river", "railway"))
    assert all(CUT_COSTS[c] > 0 for c in ("residential", "service", "footway", "none"))
    assert cut_costs_of(PlanOptions(cut_costs={"river": 0.5}))["river"] == 0.5


def test_terms_by_hand() -> None:
    """Cut between third and fourth: 100 m of lane at 0.4, and 100 m of primary road spanned at 0.8."""
    town = six(weights={"service": 1})
    terms = measure_terms(town, np.array([0, 0, 0, 1, 1, 1]), 2)
    assert {name: term.value for name, term in terms.items()} == {
        "seam": pytest.approx(0.4 * 100 + 0.8 * 100), "shape": 100, "size": 0, "change": 100, "abolished": 0,
        "land": pytest.approx(0.01), "mixed": 0,
        "service": pytest.approx((0 + 100 + 200 + 100 + 0 + 100) / 6),
    }  # fmt: skip
    assert border_scale_m(town) == pytest.approx(np.sqrt(np.pi * 60_000 * 2))
    for name, term in terms.items():
        assert term.weighted == pytest.approx(term.value / term.scale * term.weight), name


def walked(walks: dict[str, list[float]], *, offices: bool = True, **said: object) -> Town:
    """The town of `six` in which walks to the offices are known."""
    blocks, seams = grid([[100] * 6], communities=["AAAABB"], features={("v", "2"): ("primary", "中山路")})
    for community, metres in walks.items():
        blocks[f"{WALK_COLUMN}{community}"] = metres
    table = register({"A": "community", "B": "community"})
    if offices:
        table["office_x"], table["office_y"] = [50.0, 450.0], [-50.0, -50.0]
    return build_town(blocks, seams, table, profile=PROFILE, options=PlanOptions.read(said))


def test_walks_stand_for_straight_lines_where_they_are_known() -> None:
    """A: twice the straight way of 0, 100 … 500 m, one block unknown; B: unknown, so straight times the detour of 2."""
    town = walked({"A": [0, 200, 400, 600, np.nan, 1000]}, weights={"service": 1})
    assert town.detour == 2
    assert town.way_m[:, 0].tolist() == [0, 200, 400, 600, 800, 1000]
    assert town.way_m[:, 1].tolist() == [800, 600, 400, 200, 0, 200]
    terms = measure_terms(town, np.array([0, 0, 0, 1, 1, 1]), 2)
    assert terms["service"].value == pytest.approx((0 + 200 + 400 + 200 + 0 + 200) / 6)


def test_walks_are_enough_without_the_place_of_an_office() -> None:
    """A river makes the west half of B walk far; a part that carries nobody on has its office in its middle."""
    town = walked({"B": [900, 900, 900, 900, 50, 60]}, offices=False, weights={"service": 1})
    part = np.array([0, 0, 0, 1, 1, 1])
    assert np.isnan(town.way_m[:, 0]).all()
    assert measure_terms(town, part, 2)["service"].value == pytest.approx((100 + 0 + 100 + 900 + 50 + 60) / 6)


@given(st.integers(1, 2**6 - 2), st.lists(st.floats(0, 5000), min_size=12, max_size=12))
@settings(max_examples=40, deadline=None)
def test_walks_cost_the_search_what_they_measure(number: int, metres: list[float]) -> None:
    town = walked({"A": metres[:6], "B": metres[6:]}, weights={"service": 3, "seam": 0})
    part = np.array([number >> i & 1 for i in range(6)], dtype=np.int32)
    costs = part_costs(town, np.arange(6))(part, 2)[np.arange(6), part].sum()
    terms = measure_terms(town, part.astype(np.int64), 2)
    assert costs == pytest.approx(sum(terms[name].weighted for name in ("change", "land", "mixed", "service")))


def test_without_communities_nothing_can_change() -> None:
    town = build_town(*grid([[100] * 6]), None, profile=PROFILE, options=PlanOptions())
    assert set(measure_terms(town, np.array([0, 0, 0, 1, 1, 1]), 2)) == {"seam", "shape", "size"}


def test_a_barrier_counts_as_one_whatever_its_class() -> None:
    blocks, seams = grid([[100] * 6])
    seams["barrier"] = True
    town = build_town(blocks, seams, None, profile=PROFILE, options=PlanOptions())
    assert (town.seam_cost == -1).all()


@given(st.integers(0, 2**12))
@settings(max_examples=40, deadline=None)
def test_the_search_adds_up_the_same_sum_but_for_a_constant(number: int) -> None:
    """Two assignments differ in the search's cost by what they differ in the objective (heirs settled alike)."""
    town = six(weights={"abolished": 0})
    a = np.array([number >> i & 1 for i in range(6)], dtype=np.int32)
    b = np.array([number >> (i + 6) & 1 for i in range(6)], dtype=np.int32)
    a[0], b[0], a[5], b[5] = 0, 0, 1, 1

    def both(part: np.ndarray) -> tuple[float, float]:
        atoms = np.arange(6)
        pairs = np.stack([town.seam_a, town.seam_b], axis=1)
        problem = make_problem(
            town.households, pairs, edge_costs(town), 0, 10**6, size_cost=size_cost(town), target=300
        )
        cost = measure(problem, part, 2, part_costs(town, atoms)(part, 2))[0]
        return cost, sum(t.weighted for t in measure_terms(town, part.astype(np.int64), 2).values())

    (cost_a, sum_a), (cost_b, sum_b) = both(a), both(b)
    assert cost_a - cost_b == pytest.approx(sum_a - sum_b, abs=1e-9)


@given(arrays(np.int64, (3, 4), elements=st.integers(0, 50)))
def test_heirs_keep_as_many_households_as_any_matching_could(shared: np.ndarray) -> None:
    found = heirs(shared.astype(float), np.zeros((3, 4)))
    named = [h for h in found.tolist() if h >= 0]
    assert len(named) == len(set(named))
    kept = sum(shared[p, h] for p, h in enumerate(found.tolist()) if h >= 0)
    assert kept == max(sum(shared[p, h] for p, h in enumerate(m)) for m in itertools.permutations(range(4), 3))


def test_land_decides_where_nobody_lives() -> None:
    assert heirs(np.zeros((2, 2)), np.array([[1.0, 9.0], [0.0, 0.0]])).tolist() == [1, -1]
    assert heirs(np.zeros((2, 0)), np.zeros((2, 0))).tolist() == [-1, -1]


def test_costs_of_atoms_in_parts_add_up_to_the_terms() -> None:
    """Change, land and mixing of a division are the costs of its atoms in their parts, with heirs anew each time."""
    rng = np.random.default_rng(3)
    numbers = rng.integers(0, 90, size=(5, 6)).tolist()
    blocks, seams = grid(numbers, communities=["AAABB.", "AACBBB", "CCCBDD", "CCCDDD", ".CCDDD"])
    kinds = register({"A": "village", "B": "community", "C": "community", "D": "village"})
    town = build_town(blocks, seams, kinds, profile=PROFILE, options=PlanOptions(keep_villages=False))
    costs = part_costs(town, np.arange(town.atoms_count))
    for k in (1, 3, 6):
        for _ in range(5):
            part = np.concatenate([np.arange(k), rng.integers(0, k, size=30 - k)]).astype(np.int32)
            table = costs(part, k)
            assert table.shape == (30, k)
            terms = measure_terms(town, part.astype(np.int64), k)
            wanted = sum(terms[name].weighted for name in ("change", "land", "mixed"))
            assert table[np.arange(30), part].sum() == pytest.approx(wanted)
