"""Laws of gaps: one more facility helps, a longer reach covers more, more room is never short of more, rows may mix."""

from typing import Any

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.gaps import Gaps, find_gaps
from geo.gaps.result import STATES

from .street_town import communities, facilities, homes, standard, street

SHOP = {"key": "shop", "scope": "residents", "radius_m": 150, "floor_area_min_m2": 50, "places_per_1000": 20,
        "places_zh": "座", "places_en": "seats"}  # fmt: skip
OWN = {"key": "own", "scope": "community", "radius_m": 250, "area_per_1000_people_m2": 100, "people_max": 700}
POOLED = {"key": "pooled", "scope": "community", "people_min": 5000}
TOWN = {"key": "town", "scope": "town", "per_people": 900}
NETWORK = street()

places = st.integers(0, 120).map(lambda step: step * 10.0)
areas = st.one_of(st.none(), st.integers(0, 200).map(float))
seats = st.one_of(st.none(), st.integers(0, 40))
shops = st.tuples(places, areas, seats)
people = st.lists(st.one_of(st.just(np.nan), st.integers(0, 500).map(float)), min_size=9, max_size=9)


def found(rows: list[tuple[float, float | None, int | None]], who: list[float], **changes: Any) -> Gaps:
    table = facilities(*((x, "shop") for x, _, _ in rows))
    table["floor_area_m2"] = pd.array([area for _, area, _ in rows], dtype="Float64")
    table["capacity"] = pd.array([capacity for _, _, capacity in rows], dtype="Int64")
    rules = standard(SHOP | changes, OWN, POOLED, TOWN)
    return find_gaps(homes(people=who), table, NETWORK, standard=rules, communities=communities())


@settings(max_examples=12, deadline=None)
@given(rows=st.lists(shops, min_size=1, max_size=5), more=shops, who=people)
def test_one_more_facility_never_makes_anyone_worse_off(
    rows: list[tuple[float, float | None, int | None]], more: tuple[float, float | None, int | None], who: list[float]
) -> None:
    before, after = found(rows, who), found([*rows, more], who)
    walks = before.homes["walk_m"].fillna(np.inf), after.homes["walk_m"].fillna(np.inf)
    assert (walks[1] <= walks[0] + 1e-6).all()
    assert (after.homes["reached"] >= before.homes["reached"]).all()
    a, b = before.communities, after.communities
    assert (b["people_uncovered"].fillna(0) <= a["people_uncovered"].fillna(0)).all()
    assert (b["severity_most"].fillna(0) <= a["severity_most"].fillna(0) + 1e-9).loc[:, ["own", "pooled", "town"]].all()


@settings(max_examples=8, deadline=None)
@given(rows=st.lists(shops, min_size=1, max_size=5), who=people, longer=st.integers(150, 900))
def test_a_longer_reach_covers_more(
    rows: list[tuple[float, float | None, int | None]], who: list[float], longer: int
) -> None:
    short, long = found(rows, who), found(rows, who, radius_m=longer)
    share = [one.communities["covered_share"].xs("shop", level="requirement").fillna(0) for one in (short, long)]
    assert (share[1] >= share[0]).all()
    lacking = [one.communities["lacking_reach"].xs("shop", level="requirement").fillna(0) for one in (short, long)]
    assert (lacking[1] <= lacking[0] + 1e-9).all()


@settings(max_examples=8, deadline=None)
@given(rows=st.lists(shops, min_size=1, max_size=5), who=people, extra=st.integers(1, 50))
def test_more_places_are_never_short_of_more(
    rows: list[tuple[float, float | None, int | None]], who: list[float], extra: int
) -> None:
    more = [(x, area, None if capacity is None else capacity + extra) for x, area, capacity in rows]
    a, b = found(rows, who).communities, found(more, who).communities
    assert (b["places_short_most"].fillna(0) <= a["places_short_most"].fillna(0) + 1e-9).all()


@settings(max_examples=8, deadline=None)
@given(rows=st.lists(shops, min_size=1, max_size=6), who=people, seed=st.integers(0, 99))
def test_the_order_of_rows_does_not_matter(
    rows: list[tuple[float, float | None, int | None]], who: list[float], seed: int
) -> None:
    table = facilities(*((x, "shop") for x, _, _ in rows))
    table["floor_area_m2"] = pd.array([area for _, area, _ in rows], dtype="Float64")
    table["capacity"] = pd.array([capacity for _, _, capacity in rows], dtype="Int64")
    rules, demand, land = standard(SHOP, OWN, POOLED, TOWN), homes(people=who), communities()
    a = find_gaps(demand, table, NETWORK, standard=rules, communities=land)
    mixed = [one.sample(frac=1, random_state=seed) for one in (demand, table, land)]
    b = find_gaps(mixed[0], mixed[1], NETWORK, standard=rules, communities=mixed[2])
    for name in ("communities", "homes", "requirements", "circles", "buildings", "scores"):
        pd.testing.assert_frame_equal(getattr(a, name), getattr(b, name))


@settings(max_examples=12, deadline=None)
@given(rows=st.lists(shops, min_size=1, max_size=5), who=people)
def test_figures_add_up_and_stay_within_bounds(
    rows: list[tuple[float, float | None, int | None]], who: list[float]
) -> None:
    one = found(rows, who)
    table = one.communities
    known = table["people"].notna()
    parts = table[["people_covered", "people_uncovered", "people_unknown"]].sum(axis=1)
    assert np.allclose(parts[known], table["people"][known])
    assert table["state"].isin(STATES).all()
    for column in ("covered_share", "severity", "severity_most", "lacking_reach", "lacking_size", "lacking_room"):
        assert table[column].dropna().between(0, 1).all(), column
    both = table["severity"].notna()
    assert (table["severity"][both] <= table["severity_most"][both]).all()
    met = table["state"] == "met"
    assert (table["lacking_size"][met].fillna(0) <= 0.1 + 1e-9).all()
    assert (table["severity"][table["state"] == "missing"] == 1).all()
    # places that are known are shared out to the last one
    known_places = sum(capacity for _, _, capacity in rows if capacity is not None)
    assert table["places"].xs("shop", level="requirement").sum() == np.float64(known_places) or np.isclose(
        table["places"].xs("shop", level="requirement").sum(), known_places
    )
    scores = one.scores[["score", "score_least"]].dropna()
    assert (scores["score_least"] <= scores["score"] + 1e-9).all()
