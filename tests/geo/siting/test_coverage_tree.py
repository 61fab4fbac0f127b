"""The tree of choices against every possible choice, without swaps to help it."""

import itertools
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from geo.siting.coverage_tree import Search


def as_given(chosen, _kicks):
    """Improve nothing."""
    return chosen


def best_of_all(cover, weight, most):
    return max(
        weight[cover[:, list(one)].any(axis=1)].sum() for one in itertools.combinations(range(cover.shape[1]), most)
    )


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 5), st.sampled_from([0.15, 0.3, 0.5]), st.booleans())
def test_the_tree_alone_finds_the_best_of_all_choices(seed, most, share, whole):
    rng = np.random.default_rng(seed)
    cover = rng.random((60, 11)) < share
    weight = rng.integers(1, 20, 60) / (1.0 if whole else 7.0)
    search = Search(sparse.csr_array(cover, dtype=float), weight, most, as_given, step=float(whole), gap=0.0)
    found = search.run(np.zeros(11, dtype=bool), time.monotonic() + 60)
    assert found.value == pytest.approx(best_of_all(cover, weight, most))
    assert found.value == search.covered(found.chosen)
    assert found.chosen.sum() <= most
    assert found.value <= found.bound < found.value + whole + 1e-6


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 5), st.sampled_from([0.0, 0.02, 0.2]))
def test_bounds_hold_when_the_search_ends_early(seed, most, gap):
    rng = np.random.default_rng(seed)
    cover, weight = rng.random((60, 11)) < 0.3, rng.uniform(1, 20, 60)
    search = Search(sparse.csr_array(cover, dtype=float), weight, most, as_given, step=0.0, gap=gap)
    best = best_of_all(cover, weight, most)
    for until in (time.monotonic() - 1, time.monotonic() + 60):
        found = search.run(np.zeros(11, dtype=bool), until)
        assert found.value <= best + 1e-9
        assert found.bound >= best - 1e-9
    assert found.bound <= found.value * (1 + gap + 1e-6)


def test_the_answer_does_not_depend_on_how_many_look():
    rng = np.random.default_rng(4)
    metres = np.hypot(*(rng.uniform(0, 5000, (400, 1, 2)) - rng.uniform(0, 5000, (1, 60, 2))).transpose(2, 0, 1))
    cover, weight = sparse.csr_array(metres < 700, dtype=float), rng.integers(1, 50, 400).astype(float)
    first, second = (
        Search(cover, weight, 12, as_given, step=1.0, gap=0.0, threads=threads).run(
            np.zeros(60, dtype=bool), time.monotonic() + 60
        )
        for threads in (1, 4)
    )
    assert first.nodes == second.nodes > 1
    assert (first.chosen == second.chosen).all()
    assert first.bound == second.bound
