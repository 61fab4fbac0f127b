"""Redraws proven: against every way to divide towns small enough to try them all, heirs as the engine settles them."""

import math
from collections.abc import Iterator

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import InfeasibleError
from geo.partition.atoms import Town, build_town
from geo.partition.objective import measure_terms
from geo.partition.plan import PlanOptions
from geo.partition.solve import make_plan
from geo.standards import Profile
from tests.geo.partition.towns import grid, random_grid, register

PROFILE = Profile(
    name="test", title_zh="试验", title_en="Test", edition="1", min_households=900, target_households=1200,
    max_households=1500, source="hand",
)  # fmt: skip


def divisions(town: Town) -> Iterator[tuple[np.ndarray, list[list[int]]]]:
    """Yield every division of the atoms into connected parts: the part of each block, and the atoms of each part."""
    graph = nx.Graph()
    graph.add_nodes_from(range(town.atoms_count))
    graph.add_edges_from(zip(town.atom[town.seam_a].tolist(), town.atom[town.seam_b].tolist(), strict=True))

    def grow(part: list[int]) -> Iterator[list[int]]:
        if len(part) == town.atoms_count:
            yield part
            return
        for p in range(max(part, default=-1) + 2):
            yield from grow([*part, p])

    for labels in grow([]):
        parts = [[v for v, p in enumerate(labels) if p == q] for q in range(max(labels) + 1)]
        if all(nx.is_connected(graph.subgraph(mine)) for mine in parts):
            yield np.array(labels)[town.atom], parts


def a_town(seed: int) -> tuple[tuple, PlanOptions]:
    """Return a town of two rows of three or four, its communities drawn at random, some of them villages."""
    rng = np.random.default_rng(seed)
    columns = int(rng.integers(3, 5))
    numbers = rng.choice([0, 100, 200, 300, 450], size=(2, columns)).tolist()
    today = ["".join(rng.choice(list("ABC."), columns)) for _ in range(2)]
    blocks, seams = grid(numbers, communities=today, features={("v", "2"): ("primary", "Main Road")})
    here = sorted(set("".join(today)) - {"."})
    town = register({name: str(rng.choice(["community", "community", "village"])) for name in here})
    town["office_x"], town["office_y"] = rng.random(len(here)) * 300, -rng.random(len(here)) * 200
    middle = max(1, sum(map(sum, numbers)) // int(rng.integers(2, 4)))
    said: dict[str, object] = {
        "effort": "quick", "keep_villages": bool(rng.integers(0, 2)), "weights": {"service": int(rng.integers(0, 2))},
        "min_households": middle // 2, "target_households": middle, "max_households": 2 * middle,
    }  # fmt: skip
    if rng.random() < 0.5 and here:
        at = str(rng.choice(blocks.index.to_numpy()))
        said["conditions"] = [{"kind": "has", "community": str(rng.choice(here)), "ids": [at]}]
    return (blocks, seams, town if here else None), PlanOptions.read(said)


@given(seed=st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=35)
def test_no_division_of_a_small_town_is_better_than_the_bound(seed: int) -> None:
    tables, wishes = a_town(seed)
    town = build_town(*tables, profile=PROFILE, options=wishes)
    best = math.inf
    for part, parts in divisions(town):
        load = np.bincount(part, town.households)
        inside = (load >= town.limits.min_households).all() and (load <= town.limits.max_households).all()
        pinned = [set(part[town.pin == label].tolist()) for label in range(len(town.labels))]
        if inside and all(len(mine) <= 1 for mine in pinned):
            best = min(best, sum(t.weighted for t in measure_terms(town, part, len(parts)).values()))
    try:
        plan = make_plan(*tables, profile=PROFILE, options=wishes)
    except InfeasibleError:
        assert best == math.inf
        return
    assert plan.lower_bound is not None
    assert plan.lower_bound <= best + 1e-9
    assert plan.objective >= best - 1e-9
    assert plan.proven
    assert plan.objective == pytest.approx(best)


@pytest.mark.parametrize("old", [0, 2, 4])
def test_a_town_of_25_blocks_is_proven_with_communities_of_today(old: int) -> None:
    blocks, seams = random_grid(np.random.default_rng(1), 5, old=old)
    today = register(dict.fromkeys("ABCD"[:old], "community")) if old else None
    plan = make_plan(blocks, seams, today, profile=PROFILE, options=PlanOptions(effort="quick"))
    assert plan.proven
    assert plan.lower_bound == pytest.approx(plan.objective)


def test_a_town_with_too_many_possible_communities_is_not_called_proven() -> None:
    blocks, seams = random_grid(np.random.default_rng(1), 6, old=4)
    blocks["households"] //= 3
    plan = make_plan(
        blocks,
        seams,
        register(dict.fromkeys("ABCD", "community")),
        profile=PROFILE,
        options=PlanOptions(effort="quick"),
    )
    assert (plan.proven, plan.lower_bound, plan.gap) == (False, None, None)
