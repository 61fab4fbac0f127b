"""Answers of siting, counted again with plain numbers from walks of `within`; tables that are not as they should be.

The town is the street of `street_town` with two canteens; whom it counts is drawn by chance, but always the same.
"""

import itertools

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import LineString, Point

from geo.access.reach import within
from geo.errors import InputError
from geo.network.build import walking_network
from geo.siting import FittingCosts, PlacingOptions, place, site, what_if
from geo.siting.reasons import category_words
from tests.geo.siting.street_town import (
    CRS,
    PEOPLE,
    candidates,
    communities,
    facilities,
    homes,
    network,
    requirement,
)

STREET = network()
WHERE = {f"c{k}": 35.0 + 123.0 * k for k in range(8)}
TODAY = {"f0": 0.0, "f1": 940.0}
MEALS = requirement(radius_m=170.0, who="elders")


def town():
    """Homes of whom some elders are not known: 3, 1, 4 … elders, those of h03 and h08 are estimated."""
    found = homes(np.random.default_rng(5).integers(8, 60, 11).astype(float).tolist())
    found["elders"] = [3.0, 1, 4, np.nan, 5, 9, 2, 6, np.nan, 5, 3]
    return found


def elders(demand):
    known = demand["elders"].notna()
    share = demand["elders"][known].sum() / demand["people"][known].sum()
    return demand["elders"].where(known, demand["people"] * share).to_numpy()


def walks(demand, places):
    """Homes × places in metres, from pairs."""
    pairs = within(STREET, demand, places[["geometry"]], np.inf)
    return pairs.matrix().toarray()


def p95(walk, weight):
    """The smallest walk that 95% of the weight does not exceed, by going through all of them."""
    return min(u for u in walk[weight > 0] if weight[walk <= u].sum() >= 0.95 * weight.sum() - 1e-9)


@pytest.mark.parametrize("model", ["mclp", "p_median", "p_center"])
def test_every_number_of_a_site(model):
    demand, sites, today = town(), candidates(WHERE), facilities(TODAY)
    found = site(demand, sites, today, STREET, requirement=MEALS, model=model, count=3, communities=communities())
    people, now = elders(demand), walks(demand, today)
    before, chosen = now.min(axis=1), found.sites.index.tolist()
    new = walks(demand, sites.loc[chosen])
    after = np.minimum(before, new.min(axis=1))
    covered = before <= 170
    assert found.totals.loc["before", "people_covered"] == pytest.approx(people @ covered)
    for rank, site_id in enumerate(chosen):
        row, mine = found.sites.loc[site_id], new[:, rank] <= 170
        others = np.delete(new, rank, axis=1).min(axis=1, initial=np.inf)
        assert row["people_reach"] == pytest.approx(people @ mine)
        assert row["people_new"] == pytest.approx(people @ (mine & ~covered))
        assert row["people_only"] == pytest.approx(people @ (mine & ~((before <= 170) | (others <= 170))))
        using = people * ((new[:, rank] == after) & (new[:, rank] < before) & (new[:, rank] < others))
        assert row["users"] == pytest.approx(using.sum())
        if using.any():
            assert row["mean_before_m"] == pytest.approx(np.average(before, weights=using))
            assert row["mean_after_m"] == pytest.approx(np.average(after, weights=using))
            assert row["p95_after_m"] == pytest.approx(p95(after, using))
        covered |= mine
        assert found.steps.loc[rank + 1, "people_covered"] == pytest.approx(people @ covered)
    last = found.totals.loc["after"]
    assert last["people_covered"] == pytest.approx(people @ covered)
    assert last["mean_m"] == pytest.approx(np.average(after, weights=people))
    assert last["p95_m"] == pytest.approx(p95(after, people))
    for community, row in found.communities.iterrows():
        here = (demand["community_id"] == community).to_numpy()
        assert row["covered_after"] == pytest.approx(people[here] @ covered[here])
        assert row["mean_after_m"] == pytest.approx(np.average(after[here], weights=people[here]))


def test_the_farthest_walk_first_then_the_least_walking():
    """Of all sets of three with the least farthest walk, the one with least walking; with one site nothing is left."""
    demand, sites, today = town(), candidates(WHERE), facilities(TODAY)
    now, new, people = walks(demand, today).min(axis=1), walks(demand, sites), elders(demand)
    best = min(
        (round(float(np.minimum(now, new[:, each].min(axis=1)).max()), 6),
         float(people @ np.minimum(now, new[:, each].min(axis=1))))
        for each in map(list, itertools.combinations(range(len(sites)), 3))
    )  # fmt: skip
    found = site(demand, sites, today, STREET, requirement=MEALS, model="p_center", count=3)
    after = found.homes["walk_after_m"].to_numpy()
    assert (after.max(), people @ after) == (pytest.approx(best[0]), pytest.approx(best[1]))
    assert found.choice.value == pytest.approx(best[0])
    assert len(found.sites) == 3
    assert "最远步行由" in found.text_zh


def test_sites_that_nobody_would_use_are_not_chosen():
    """Everybody has a canteen at the door: walking models choose nothing, unless it must stay."""
    today = facilities({f"f{k}": 100.0 * k for k in range(11)})
    today["capacity"] = 100
    for model in ("p_median", "p_center", "capacitated_p_median"):
        given = {"requirement": requirement(), "model": model, "capacity": 100.0 if "cap" in model else None}
        sites = candidates({"c0": 0.0, "c1": 100.0})
        assert not len(site(homes(), sites, today, STREET, **given).sites)
        assert site(homes(), sites, today, STREET, keep=["c1"], **given).sites.index.tolist() == ["c1"]
    more = site(homes(), candidates(WHERE), None, STREET, requirement=requirement(), model="p_median", count=20)
    assert len(more.sites) == len(WHERE)


def test_placing_is_the_best_of_all_worst_first():
    """Both communities, worst first, then most people: against all fillings of three premises for the money."""
    demand, sites = town(), candidates({"c0": 150.0, "c1": 480.0, "c2": 850.0}, cost=[30_000.0, 20_000.0, 10_000.0])
    care = requirement(key="care", title_zh="照料", title_en="care", categories=("care",), radius_m=260.0,
                       need_m2=420.0, weight=2.0)  # fmt: skip
    meals = requirement(radius_m=170.0, who="all")
    costs, budget, today = FittingCosts(1000.0, 1.0, 1.0), 560_000.0, facilities({"f0": 0.0})
    found = place(demand, sites, today, STREET, requirements=[meals, care], costs=costs, communities=communities(),
                  options=PlacingOptions(budget=budget, equity="worst_first"))  # fmt: skip
    people, walk, now = demand["people"].to_numpy(), walks(demand, sites), walks(demand, today)[:, 0]
    whole = {each: 3.0 * people[(demand["community_id"] == each).to_numpy()].sum() for each in ("A", "B")}
    best = None
    for rooms in itertools.product([(), ("meals",), ("care",), ("meals", "care")], repeat=3):
        m2 = [sum({"meals": 100.0, "care": 420.0}[each] for each in room) for room in rooms]
        money = sum(1000.0 * need + cost for need, cost in zip(m2, sites["cost"], strict=True) if need)
        if money > budget or max(m2) > 500.0:
            continue
        got = np.zeros(len(demand))
        for key, weight, reach, today_ in (("meals", 1.0, 170.0, now <= 170), ("care", 2.0, 260.0, np.zeros(11, bool))):
            there = [k for k, room in enumerate(rooms) if key in room]
            got += weight * people * (today_ | (walk[:, there] <= reach).any(axis=1))
        shares = sorted(float(got[(demand["community_id"] == each).to_numpy()].sum() / whole[each]) for each in whole)
        key = (*(round(each, 5) for each in shares), round(float(got.sum()), 3), -money)
        best = key if best is None or key > best else best
    assert best is not None
    told = found.communities.xs("all", level="requirement")["share_after"].tolist()
    assert told == pytest.approx(list(best[:2]), abs=2e-5)
    assert found.value == pytest.approx(best[2] - people @ (now <= 170), abs=1e-2)
    assert found.spent == pytest.approx(-best[3], abs=0.01)
    assert found.fair
    assert [reached for reached, _ in found.fairness] == pytest.approx([told[0], sum(told)], abs=2e-5)


def test_the_best_choices_of_what_if():
    demand, sites = town(), candidates(WHERE)
    people, new = elders(demand), walks(demand, sites) <= 170
    now = walks(demand, facilities(TODAY)).min(axis=1) <= 170
    told = what_if(demand, sites, facilities(TODAY), STREET, requirement=MEALS,
                   options={"one": ["c3"], "two": [Point(510, -10), "c0"]}).options  # fmt: skip
    for count in (1, 2):
        sets = map(list, itertools.combinations(range(len(sites)), count))
        best = max(people @ (new[:, each].any(axis=1) & ~now) for each in sets)
        assert told.loc[f"best {count}", "people_new"] == pytest.approx(best)
    by_hand = np.abs(100.0 * np.arange(11) - 510) + 20 <= 170
    assert told.loc["two", "people_new"] == pytest.approx(people @ ((by_hand | new[:, 0]) & ~now))
    assert "(1 site)" in told.loc["one", "text_en"]


def test_a_station_that_is_too_small_covers_unless_asked_otherwise():
    """The station at 500 has 20 m² of 300: it covers today, or it does not, and may grow to the size asked for."""
    today = facilities({"f": 500.0}, floor_area_m2=20.0)
    sites = candidates({"near": 480.0, "far": 1040.0}, kind=["growing", "idle_building"], facility_id=["f", None])
    big = requirement(radius_m=225.0, floor_area_min_m2=300.0, need_m2=300.0)
    given = {"requirement": big, "communities": communities()}
    as_is = site(homes(), sites, today, STREET, **given)
    strict = site(homes(), sites, today, STREET, count_small=False, **given)
    assert as_is.sites.index.tolist() == ["far"]
    assert as_is.totals.loc["before", "people_covered"] == PEOPLE[3:8].sum()
    assert strict.sites.index.tolist() == ["near"]
    assert strict.totals.loc["before", "people_covered"] == 0
    assert "仍计为已覆盖" in as_is.notes[0][0]
    assert "不计为覆盖" in strict.notes[0][0]
    assert "另有1处面积不足" in strict.text_zh
    filled = [
        place(homes(), sites, today, STREET, requirements=[big], communities=communities(), costs=FittingCosts(1, 1, 1),
              options=PlacingOptions(count=1, count_small=small)).sites.index.tolist()
        for small in (True, False)
    ]  # fmt: skip
    assert filled == [["far"], ["near"]]
    options = {"grow": ["near"]}
    grown = [what_if(homes(), sites, today, STREET, requirement=big, options=options, count_small=small)
             .options.loc["grow", "people_new"] for small in (True, False)]  # fmt: skip
    assert grown == [0.0, PEOPLE[3:7].sum()]


def test_facilities_and_candidates_of_the_same_ids():
    """Both number from 1: users of candidate 2 are not those of facility 2."""
    found = site(homes(), candidates({"2": 500.0}), facilities({"2": 0.0}), STREET,
                 requirement=requirement(radius_m=225.0))  # fmt: skip
    assert found.sites.loc["2", "users"] == PEOPLE[3:].sum()
    sites = candidates({"1": 150.0, "2": 500.0})
    sites.index = pd.Index([1, 2])
    kept = site(homes(), sites, None, STREET, requirement=requirement(), keep=[1], count=1)  # type: ignore[list-item]
    assert kept.sites.index.tolist() == ["1"]


def test_room_is_counted_in_places_and_people_are_told():
    """Two places for ten people: today's 6 places serve 30 of 33 within reach, c2's 10 serve 50 of 75."""
    today = facilities({"f": 0.0})
    today["capacity"] = pd.array([6], "Int64")
    found = site(homes(), candidates({"c2": 500.0}, capacity=10.0), today, STREET, model="capacitated_mclp",
                 requirement=requirement(radius_m=225.0, places_per_1000=200.0, places_zh="座",
                                         places_en="seats"))  # fmt: skip
    assert (found.served_before, found.served_after) == (pytest.approx(30.0), pytest.approx(80.0))
    assert found.choice.value == pytest.approx(80.0)
    assert found.sites.loc["c2", "users"] == pytest.approx(50.0)
    assert found.sites["next_id"].isna().all()
    assert "有位置的由30增至80人" in found.text_zh
    assert np.isnan(site(homes(), candidates({"c2": 500.0}), today, STREET, requirement=requirement()).served_after)


def test_reasons_are_told_in_the_measure_of_the_model():
    demand, sites = homes(), candidates({"a": 0.0, "b": 480.0, "c": 990.0, "d": 1040.0})
    sites.loc["d", "categories"] = "health_station; 茶室"
    given = (demand, sites, facilities({"f": 0.0}), STREET)
    walking = site(*given, requirement=requirement(), model="p_median").candidates
    assert "平均步行缩短" in walking.loc["b", "reason_zh"]
    assert walking.loc["d", "reason_zh"] == "只可用于社区卫生服务站、茶室,不能设助餐点。"
    assert category_words("茶室") == ("茶室", "茶室")
    far = site(*given, requirement=requirement(), model="p_center").candidates
    assert "最远步行" in far.loc[far["reason"] == "less", "reason_zh"].iloc[0]
    lonely = site(demand.iloc[:2], sites, None, STREET, requirement=requirement()).candidates
    assert lonely.loc["c", "reason_zh"] == "步行220米内无人居住。"
    assert lonely.loc["c", "reason_en"] == "Nobody lives within 220 m on foot."


def test_unknown_ages_are_not_told_as_nobody():
    """In h05 to h10 neither elders nor children are known: estimated for the count, not told as 0."""
    demand = homes()
    demand.loc["h05":, ["elders", "children"]] = np.nan
    found = site(
        demand, candidates({"c": 900.0}), facilities({"f": 0.0}), STREET, requirement=requirement(who="elders")
    )
    row = found.sites.loc["c"]
    assert np.isnan(row["elders_new"])
    assert row["people_new"] > 0
    assert "老年人0" not in row["text_zh"]
    assert "0 elders" not in row["text_en"]
    # of the known ones the 6 within 220 m of 10; the estimate is of all
    assert any("60.0%" in en and "gaps" in en for _, en in found.notes)
    nobody = homes()
    nobody["elders"] = 0.0
    none = site(nobody, candidates(WHERE), None, STREET, requirement=requirement(who="elders"))
    assert none.text_zh == "助餐点:没有老年人居住。"
    assert "nan" not in none.text_en


def test_communities_that_share_or_need_several_are_told():
    small = requirement(radius_m=None, scope="community", people_min=100.0, per_people=100.0)
    told = site(homes(), candidates(WHERE), None, STREET, requirement=small, communities=communities()).notes
    assert any(zh.startswith("1个社区不足100人") for zh, _ in told)  # A has 60 people
    assert any(zh.startswith("1个社区按人口需要不止一处") for zh, _ in told)  # B has 105


def test_none_that_can_be_used_is_told():
    found = site(homes(), candidates(WHERE, cost=np.nan), None, STREET, requirement=requirement(), budget=1e6)
    assert "没有可用的备选点:费用未知8处" in found.text_zh
    assert "cost unknown (8)" in found.text_en


def test_candidates_behind_a_wall():
    """A wall runs between the street and all premises: nobody can walk there, and the answer says so."""
    wall = gpd.GeoDataFrame({"kind": "wall"}, index=pd.Index(["w"], name="barrier_id"),
                            geometry=[LineString([(-100, -5), (1100, -5)])], crs=CRS)  # fmt: skip
    roads = gpd.GeoDataFrame({"road_class": "residential"}, index=pd.Index(["r"], name="road_id"),
                             geometry=[LineString([(-50, 0), (1050, 0)])], crs=CRS)  # fmt: skip
    walled = walking_network(roads, barriers=wall)
    for model in ("mclp", "lscp", "p_median", "p_center"):
        found = site(homes(), candidates(WHERE), None, walled, requirement=requirement(), model=model)
        assert not len(found.sites)
        assert set(found.candidates["reason"]) == {"unreachable"}
        assert "墙" in found.candidates["reason_zh"].iloc[0]
        assert "没有可用的备选点:步行不可达8处" in found.text_zh


WRONG = {
    "endless cost": ({"cost": [np.inf] * 8}, "column cost is endless"),
    "cost in words": ({"cost": ["dear"] * 8}, "column cost is no number"),
    "endless area": ({"floor_area_m2": [np.inf] * 8}, "column floor_area_m2 is endless"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_candidates(case):
    columns, words = WRONG[case]
    with pytest.raises(InputError, match=words):
        site(homes(), candidates(WHERE, **columns), None, STREET, requirement=requirement())


@pytest.mark.parametrize("count", [-1, 1.5, float("nan"), float("inf")])
def test_counts_that_are_none(count):
    with pytest.raises(InputError, match="count is") as refused:
        site(homes(), candidates(WHERE), None, STREET, requirement=requirement(), count=count)
    assert len(refused.value.faults) == 1
    with pytest.raises(InputError, match="count is"):
        place(homes(), candidates(WHERE), None, STREET, requirements=[MEALS], options=PlacingOptions(count=count))


def test_equity_needs_communities():
    with pytest.raises(InputError, match="no home lies in one"):
        place(homes().drop(columns="community_id"), candidates(WHERE), None, STREET, requirements=[MEALS],
              options=PlacingOptions(equity="worst_first"))  # fmt: skip


def test_options_by_hand_are_ids_or_points():
    with pytest.raises(InputError, match="neither an id nor a point"):
        what_if(homes(), candidates(WHERE), None, STREET, requirement=requirement(), options={"a": [2]})  # type: ignore[list-item]


def test_what_fits_to_the_square_metre_and_the_yuan():
    """Rooms of 250.3 + 349.7 m² for a need of 600, a budget of 0.1 + 0.2 yuan."""
    today = facilities({"n": 500.0}, category="other", floor_area_m2=250.3)
    sites = candidates({"c": 500.0}, kind="growing", facility_id="n", floor_area_m2=600.0 - 250.3)
    big = requirement(categories=("canteen", "other"), need_m2=600.0, floor_area_min_m2=600.0, radius_m=225.0)
    found = site(homes(), sites, today, STREET, requirement=big, count_small=False)
    assert found.sites.index.tolist() == ["c"]
    cents = candidates({"a": 150.0, "b": 500.0}, cost=[0.1, 0.2], floor_area_m2=100.0)
    free = FittingCosts(0.0, 0.0, 0.0)
    both = place(homes(), cents, None, STREET, requirements=[requirement()], costs=free,
                 options=PlacingOptions(budget=0.3))  # fmt: skip
    assert len(both.sites) == 2
