"""Sites for one requirement, on a street that can be checked by hand and against trying everything."""

import itertools

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Point

from geo.errors import InfeasibleError, InputError
from geo.siting import MODELS, REASONS, site
from geo.siting.result import AREA_COLUMNS, HOME_COLUMNS, SITE_COLUMNS, STEP_COLUMNS, TOTAL_COLUMNS
from tests.geo.siting.street_town import (
    PEOPLE,
    candidates,
    communities,
    facilities,
    homes,
    network,
    requirement,
)

STREET = network()
WHERE = {"c1": 150.0, "c2": 500.0, "c3": 900.0}
CANTEEN = {"f": 0.0}


def street(model="mclp", *, sites=None, today=CANTEEN, **more):
    """Ask on the street, within 225 m, unless told otherwise."""
    given = {"requirement": requirement(radius_m=225.0), "communities": communities(), "model": model, **more}
    return site(homes(), candidates(WHERE) if sites is None else sites,
                facilities(today) if today is not None else None, STREET, **given)  # fmt: skip


def test_most_people_with_one_more():
    """The canteen at 0 covers h00 to h02 (10 + 11 + 12 people). c2 adds h03 to h07: 13 + 14 + 15 + 16 + 17 = 75."""
    found = street()
    assert found.choice.proven
    assert found.choice.value == found.choice.bound == 75.0
    assert found.sites.index.tolist() == ["c2"]
    row = found.sites.loc["c2"]
    assert (row["rank"], row["people_reach"], row["people_new"], row["people_only"]) == (1, 75.0, 75.0, 75.0)
    assert (row["elders_new"], row["children_new"], row["residents_new"]) == (10.0, 25.0, 75.0)
    # c2 is the nearest for h03 (200 + 20 m away, 320 before) to h10; the walk of h10 goes from 1,020 to 520 m
    assert row["users"] == PEOPLE[3:].sum()
    before = np.arange(3, 11) * 100.0 + 20
    after = np.abs(np.arange(3, 11) * 100.0 - 500) + 20
    assert row["mean_before_m"] == pytest.approx(np.average(before, weights=PEOPLE[3:]))
    assert row["mean_after_m"] == pytest.approx(np.average(after, weights=PEOPLE[3:]))
    assert (row["p95_before_m"], row["p95_after_m"]) == (pytest.approx(1020), pytest.approx(520))
    # without c2, c3 would cover h07 to h10: 17 + 18 + 19 + 20 = 74
    assert (row["next_id"], row["next_people"]) == ("c3", 74.0)
    assert row["communities_zh"] == "乙社区(48)、甲社区(27)"
    assert row["communities_en"] == "Yi (48), Jia (27)"
    for text in (row["text_zh"], row["text_en"]):
        assert "75" in text
        assert "74" in text
    assert found.totals.loc["before", "people_covered"] == 33.0
    assert found.totals.loc["after", "people_covered"] == 108.0
    assert found.totals.loc["after", "covered_share"] == pytest.approx(108 / 165)
    assert "65.5%" in found.text_zh
    assert "65.5%" in found.text_en


def test_tables_have_their_columns_and_keep_their_ids():
    found = street("lscp")
    assert found.sites.columns.tolist() == list(SITE_COLUMNS)
    assert found.communities.columns.tolist() == found.estates.columns.tolist() == list(AREA_COLUMNS)
    assert found.totals.columns.tolist() == list(TOTAL_COLUMNS)
    assert found.steps.columns.tolist() == list(STEP_COLUMNS)
    assert found.homes.columns.tolist() == [*HOME_COLUMNS, "geometry"]
    assert found.homes.index.tolist() == homes().index.tolist()
    assert found.sites.crs == found.homes.crs == found.candidates.crs == STREET.crs
    assert set(found.candidates["reason"]) <= set(REASONS)
    assert found.communities.loc["A", ["people", "covered_before", "covered_after"]].tolist() == [60.0, 33.0, 60.0]
    assert found.estates.loc["E", "share_before"] == 1.0


def test_everybody_with_the_fewest():
    """c2 and c3 reach all whom the canteen does not; their marginal values are 75 and 57."""
    found = street("lscp")
    assert found.sites.index.tolist() == ["c2", "c3"]
    assert found.choice.value == 2
    assert found.steps["people_new"].tolist() == [0.0, 75.0, 57.0]
    assert found.steps["people_covered"].tolist() == [33.0, 108.0, 165.0]
    assert found.steps["cost_total"].tolist() == [0.0, 1000.0, 2000.0]
    assert found.totals.loc["after", "covered_share"] == 1.0


def test_everybody_as_cheaply_as_can_be():
    """One of the premises at 700 reaches h05 to h09 and the one at 400 h02 to h06; the dear one is not needed."""
    sites = candidates({"c1": 350.0, "c2": 650.0, "c3": 850.0, "dear": 500.0}, cost=[1.0, 1.0, 1.0, 90.0])
    few = street("lscp", sites=sites, budget=float("inf"))
    assert few.choice.value == 3.0
    assert sorted(few.sites.index) == ["c1", "c2", "c3"]


def test_who_cannot_be_covered_is_told():
    found = street("lscp", sites=candidates({"c1": 300.0}))
    assert found.sites.index.tolist() == ["c1"]
    assert any("90" in en for _, en in found.notes)  # h06 to h10: 16 + 17 + 18 + 19 + 20


def test_least_walking():
    """c3 saves more walking than c2, though c2 covers more people."""
    found = street("p_median")
    walk = {k: np.minimum(np.arange(11) * 100.0, np.abs(np.arange(11) * 100.0 - u)) + 20 for k, u in WHERE.items()}
    best = min(walk, key=lambda k: PEOPLE @ walk[k])
    assert found.sites.index.tolist() == [best] == ["c3"]
    assert found.choice.value == pytest.approx(PEOPLE @ walk[best])
    assert found.sites.loc["c3", "next_id"] == "c2"


def test_the_farthest_walk_is_least():
    found = street("p_center", sites=candidates({"c1": 150.0, "c2": 600.0, "c3": 900.0}))
    assert found.sites.index.tolist() == ["c2"]
    assert found.choice.value == pytest.approx(420.0)  # h10 to c2; with c3 h04 or h05 would walk 420 or 470
    assert found.totals.loc["after", "farthest_m"] == pytest.approx(420.0)


def test_room_is_limited():
    """The canteen serves 30 people, c2 and c3 at most 20 and 60: c3 with more room is worth more than c2."""
    sites = candidates(WHERE, capacity=[10.0, 20.0, 60.0])
    today = facilities(CANTEEN)
    today["capacity"] = pd.array([30], "Int64")
    found = site(homes(), sites, today, STREET, requirement=requirement(radius_m=225.0), model="capacitated_mclp")
    assert found.sites.index.tolist() == ["c3"]
    assert found.choice.value == pytest.approx(90.0)
    assert found.sites.loc["c3", "users"] == pytest.approx(60.0)
    assert any("1,000" in en for _, en in found.notes)


def test_everybody_goes_where_there_is_room():
    """All 165 people need a place: 60 at the canteen, 130 at c3; each home goes to one of them as a whole."""
    sites = candidates(WHERE, capacity=[10.0, 20.0, 130.0])
    today = facilities(CANTEEN)
    today["capacity"] = pd.array([60], "Int64")
    found = site(homes(), sites, today, STREET, requirement=requirement(radius_m=225.0), model="capacitated_p_median")
    assert found.sites.index.tolist() == ["c3"]
    assert 105.0 <= found.sites.loc["c3", "users"] <= 130.0
    with pytest.raises(InfeasibleError):
        site(homes(), sites.drop(index="c3"), today, STREET, requirement=requirement(), model="capacitated_p_median")


def test_a_budget_in_place_of_a_number():
    sites = candidates(WHERE, cost=[300.0, 1000.0, 700.0])
    found = street(sites=sites, budget=1000.0)
    assert sorted(found.sites.index) == ["c1", "c3"]  # 13 + 74 people against 75
    assert found.steps["cost_total"].iloc[-1] == 1000.0
    assert street(sites=sites, budget=1000.0, count=1).sites.index.tolist() == ["c2"]


def test_why_candidates_were_not_chosen():
    """One reason each, with its numbers, in both languages."""
    at = {"a_other": 450.0, "b_small": 450.0, "c_left": 450.0, "d_near": 50.0, "e_less": 300.0, "f_best": 500.0,
          "g_dear": 450.0, "h_price": 450.0, "i_far": 500.0, "j_growing": 0.0}  # fmt: skip
    sites = candidates(at)
    sites.loc["a_other", "categories"] = "pharmacy;bank"
    sites.loc["b_small", "floor_area_m2"] = 60.0
    sites.loc["g_dear", "cost"] = 9e6
    sites.loc["h_price", "cost"] = np.nan
    sites.loc["i_far", "geometry"] = Point(500, 900)
    sites.loc["j_growing", ["kind", "facility_id"]] = ["growing", "f"]
    found = street(sites=sites, budget=1000.0, leave_out=["c_left"]).candidates
    assert found["reason"].to_dict() == {
        "a_other": "category", "b_small": "too_small", "c_left": "not_allowed", "d_near": "nobody_new",
        "e_less": "less", "f_best": "chosen", "g_dear": "over_budget", "h_price": "cost_unknown",
        "i_far": "unreachable", "j_growing": "nobody_new",
    }  # fmt: skip
    assert found["chosen"].sum() == 1
    for site_id, number in {"a_other": "药店、bank", "b_small": "60", "d_near": "33", "e_less": "42", "g_dear": "900.0",
                            "i_far": "500", "j_growing": "33"}.items():  # fmt: skip
        assert number in found.loc[site_id, "reason_zh"], found.loc[site_id, "reason_zh"]
    assert "60 m²" in found.loc["b_small", "reason_en"]
    assert "100 m²" in found.loc["b_small", "reason_en"]
    assert "grows" in found.loc["j_growing", "reason_en"]
    assert found.loc[["a_other", "b_small", "c_left", "i_far"], "people_reach"].isna().all()


def test_unknown_area_is_allowed_and_said():
    sites = candidates({"c": 500.0}, floor_area_m2=np.nan, area_source="unknown")
    found = street(sites=sites)
    assert found.sites.index.tolist() == ["c"]
    assert "面积未知" in found.sites.loc["c", "text_zh"]
    assert any("unknown" in en for _, en in found.notes)


def test_ground_is_asked_of_rooms_too():
    """A ground for sports does not go into rooms whose ground nobody knows; a plot of unknown size may be looked at."""
    sites = candidates({"rooms": 500.0, "plot": 600.0}, kind=["idle_building", "idle_land"], floor_area_m2=np.nan)
    found = street(sites=sites, requirement=requirement(radius_m=225.0, need_m2=None, need_site_m2=800.0))
    assert found.candidates["reason"].to_dict() == {"rooms": "area_unknown", "plot": "chosen"}


def test_nobody_gains():
    found = street(sites=candidates({"c": 0.0}))
    assert not len(found.sites)
    assert found.choice.value == 0.0
    assert found.sites.columns.tolist() == list(SITE_COLUMNS)
    assert "没有备选点" in found.text_zh
    assert found.totals.loc["before"].equals(found.totals.loc["after"])


def test_none_stands_yet():
    found = street(today=None)
    assert found.homes["nearest_before"].isna().all()
    assert found.sites.index.tolist() == ["c2"]
    assert "原无" in found.sites.loc["c2", "text_zh"]
    assert np.isnan(found.totals.loc["before", "mean_m"])
    for model in ("p_median", "p_center"):
        assert street(model, today=None).totals.loc["after", "people_unreached"] == 0


def test_who_lives_beyond_the_gap_is_not_reached():
    """The street has a gap from 420 to 990. h10 lives on the far piece (20 people), which no canteen's walk reaches;
    h05 to h09 come to the near piece across the fields."""
    town = network(gap=(420.0, 990.0))
    sites = candidates({"c1": 400.0, "c3": 1020.0})
    given = (homes(), sites, facilities(CANTEEN), town)
    found = site(*given, requirement=requirement(radius_m=225.0), count=2)
    assert found.sites.loc["c3", ["people_reach", "people_new", "users"]].tolist() == [20.0, 20.0, 20.0]
    assert "原无可步行到达者" in found.sites.loc["c3", "text_zh"]
    assert found.homes.loc["h10", ["walk_before_m", "nearest_before"]].isna().all()
    assert found.totals["people_unreached"].tolist() == [20.0, 0.0]
    least = site(*given, requirement=requirement(radius_m=225.0), model="p_median")
    assert least.sites.index.tolist() == ["c1"]
    assert least.totals.loc["after", "people_unreached"] == 20.0
    assert any("twice the farthest" in en for _, en in least.notes)


def test_minutes_and_metres_are_either_enough():
    """3 minutes of an elder are 150 m, of an adult 210; with 225 m besides, metres decide."""
    sites = candidates({"c": 500.0})
    adult = street(sites=sites, requirement=requirement(radius_m=None, minutes=3.0))
    elder = street(sites=sites, requirement=requirement(radius_m=None, minutes=3.0), speed="elder")
    both = street(sites=sites, requirement=requirement(radius_m=225.0, minutes=3.0), speed="elder")
    assert adult.choice.value == PEOPLE[4:7].sum()
    assert elder.choice.value == PEOPLE[4:7].sum()
    assert both.choice.value == PEOPLE[3:8].sum()
    assert (adult.limit_min, np.isnan(adult.limit_m)) == (3.0, True)
    slow = street(sites=sites, requirement=requirement(radius_m=None, minutes=2.0), speed="elder")
    assert slow.choice.value == PEOPLE[5]  # 100 m are 2 minutes, and 20 m more


def test_elders_count_where_it_is_for_them():
    """Two elders in each home: c2 covers five homes anew, c3 four."""
    found = street(requirement=requirement(radius_m=225.0, who="elders"))
    assert found.choice.value == 10.0
    assert found.sites.loc["c2", ["people_new", "residents_new"]].tolist() == [10.0, 75.0]
    assert "名老年人" in found.sites.loc["c2", "text_zh"]
    unknown = homes().drop(columns="elders")
    told = site(unknown, candidates(WHERE), None, STREET, requirement=requirement(radius_m=225.0, who="elders"))
    assert told.choice.value == 75.0
    assert "elders" not in told.text_en  # all residents are counted, and called so
    assert any("all residents count" in en for _, en in told.notes)
    part = homes()
    part.loc["h05":, "elders"] = np.nan  # 10 elders of 60 residents are known
    guessed = site(part, candidates(WHERE), None, STREET, requirement=requirement(radius_m=225.0, who="elders"))
    assert guessed.choice.value == pytest.approx(PEOPLE[7:].sum() / 6)
    assert any("16.7%" in en for _, en in guessed.notes)


def test_one_in_every_community():
    """The canteen at 0 is community A's: only what stands in B (105 people) helps."""
    found = street(requirement=requirement(radius_m=None, scope="community"))
    assert found.choice.value == 105.0
    assert found.candidates.loc["c1", "reason"] == "nobody_new"
    assert found.sites.index.tolist() == ["c2"]
    assert "本社区内" in found.sites.loc["c2", "text_zh"]
    assert found.communities["share_after"].tolist() == [1.0, 1.0]


def test_one_for_the_town():
    found = street(today=None, requirement=requirement(radius_m=None, scope="town"))
    assert found.choice.value == PEOPLE.sum()
    assert len(found.sites) == 1
    assert not len(street(requirement=requirement(radius_m=None, scope="town")).sites)


def test_kept_and_left_out():
    found = street(keep=["c1"], count=2)
    assert sorted(found.sites.index) == ["c1", "c3"]  # 13 of c1 are those of c2 too: 13 + 74 against 13 + 62
    assert street(leave_out=["c2"]).sites.index.tolist() == ["c3"]


REFUSED = {
    "no model": ({"model": "best"}, "there is no model 'best'"),
    "no count": ({"count": 0}, "count is 0"),
    "lscp counts itself": ({"model": "lscp", "count": 2}, "lscp finds the number"),
    "budget elsewhere": ({"model": "p_median", "budget": 5.0}, "p_median knows no budget"),
    "budget below nothing": ({"budget": -1.0}, "budget is -1.0"),
    "lscp with a budget": ({"model": "lscp", "budget": 5.0}, "lscp keeps no budget"),
    "no room": ({"model": "capacitated_mclp", "capacity": 0.0}, "capacity is 0.0"),
    "room of today unknown": ({"model": "capacitated_mclp"}, "capacity of facilities of today is unknown"),
    "kept is not there": ({"keep": ["x"]}, "keep names candidates that are not there"),
    "kept and left out": ({"keep": ["c1"], "leave_out": ["c1"]}, "kept and left out at once"),
    "kept too many": ({"keep": ["c1", "c2"]}, "2 candidates are kept, but count is 1"),
    "no reach": ({"requirement": requirement(radius_m=None)}, "says no reach"),
    "no communities": (
        {"requirement": requirement(radius_m=None, scope="community"), "communities": None},
        "communities are not known",
    ),
    "no speed": ({"speed": "tortoise"}, "no speed 'tortoise'"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_questions(case):
    options, words = REFUSED[case]
    with pytest.raises(InputError, match=words):
        street(**options)


def test_kept_candidates_have_to_fit():
    sites = candidates(WHERE)
    sites.loc["c1", "floor_area_m2"] = 5.0
    with pytest.raises(InputError, match="too small") as refused:
        street(sites=sites, keep=["c1"])
    assert refused.value.faults[0].ids == ("c1",)


def test_tables_are_checked_at_once():
    wrong = homes().to_crs("EPSG:4548")
    twice = pd.concat([candidates(WHERE), candidates({"c1": 1.0})])
    with pytest.raises(InputError) as refused:
        site(wrong, twice, facilities(CANTEEN).drop(columns="category"), STREET, requirement=requirement())
    told = str(refused.value)
    for words in ("4548", "ids appear twice", "column category is missing"):
        assert words in told
    with pytest.raises(InputError, match="no homes"):
        site(homes([]), candidates({}), None, STREET, requirement=requirement())
    with pytest.raises(InputError, match="no home has people"):
        site(homes([np.nan, 0.0]), candidates(WHERE), None, STREET, requirement=requirement())
    negative = homes([5.0, -1.0])
    with pytest.raises(InputError, match="column people is negative"):
        site(negative, candidates(WHERE), None, STREET, requirement=requirement())
    empty = candidates(WHERE)
    empty.loc["c1", "geometry"] = shapely.Point()
    with pytest.raises(InputError, match="rows without geometry"):
        site(homes(), empty, None, STREET, requirement=requirement())


def _cost(where, people, today):
    """Return people, whether today covers them, and the walks to sites, in plain numbers."""
    x = 100.0 * np.arange(len(people))
    return np.abs(x[:, None] - np.array(where)[None, :]) + 20, (np.abs(x[:, None] - np.array(today)[None, :]) + 20).min(
        1
    )


towns = st.fixed_dictionaries(
    {
        "where": st.lists(st.integers(0, 100), min_size=2, max_size=6, unique=True),
        "people": st.lists(st.integers(0, 30), min_size=4, max_size=11).filter(lambda p: sum(p) > 0),
        "today": st.lists(st.integers(0, 100), min_size=1, max_size=2, unique=True),
        "count": st.integers(1, 3),
        "radius": st.sampled_from([131.0, 227.0, 413.0]),
    }
)


@settings(max_examples=15, deadline=None)
@given(towns)
def test_no_other_sites_are_better(town):
    """Coverage and walking of the chosen sites are those of the best of all sets."""
    where = [10.0 * u for u in town["where"]]
    people = np.array(town["people"], dtype=float)
    walk, today = _cost(where, people, [10.0 * u for u in town["today"]])
    given = (homes(people.tolist()), candidates({f"c{k}": u for k, u in enumerate(where)}),
             facilities({f"f{k}": 10.0 * u for k, u in enumerate(town["today"])}), STREET)  # fmt: skip
    sought = requirement(radius_m=town["radius"])
    sets = [list(each) for k in range(town["count"] + 1) for each in itertools.combinations(range(len(where)), k)]
    new = [people @ ((today > town["radius"]) & (walk[:, each] <= town["radius"]).any(axis=1)) for each in sets]
    found = site(*given, requirement=sought, count=town["count"])
    assert found.choice.value == pytest.approx(max(new))
    assert found.sites["people_new"].sum() == pytest.approx(max(new))
    assert found.steps["people_new"].iloc[1:].is_monotonic_decreasing
    walked = [people @ np.minimum(today, walk[:, each].min(axis=1, initial=np.inf)) for each in sets]
    least = site(*given, requirement=sought, count=min(town["count"], len(where)), model="p_median")
    assert least.choice.value == pytest.approx(min(walked))
    far = [np.minimum(today, walk[:, each].min(axis=1, initial=np.inf))[people > 0].max() for each in sets]
    centre = site(*given, requirement=sought, count=town["count"], model="p_center")
    assert centre.totals.loc["after", "farthest_m"] == pytest.approx(min(far))
    for answer in (found, least, centre):
        assert (answer.homes["walk_after_m"] <= answer.homes["walk_before_m"] + 1e-9).all()
        assert (answer.homes["covered_after"] >= answer.homes["covered_before"]).all()


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 10**6))
def test_the_order_of_rows_plays_no_part(seed):
    rng = np.random.default_rng(seed)

    def mixed(table):
        return table.iloc[rng.permutation(len(table))]

    sites = candidates({**WHERE, "c4": 700.0, "c5": 500.0})
    for model in ("mclp", "p_median", "lscp"):
        straight = street(model, sites=sites, today={"f": 0.0, "g": 300.0})
        shuffled = site(mixed(homes()), mixed(sites), mixed(facilities({"f": 0.0, "g": 300.0})), STREET, model=model,
                        requirement=requirement(radius_m=225.0), communities=mixed(communities()))  # fmt: skip
        pd.testing.assert_frame_equal(straight.sites, shuffled.sites)
        pd.testing.assert_frame_equal(straight.candidates, shuffled.candidates)
        pd.testing.assert_frame_equal(straight.homes, shuffled.homes)
        pd.testing.assert_frame_equal(straight.communities, shuffled.communities)


def test_every_model_has_a_test():
    """All of `MODELS` answer on the street."""
    today = facilities(CANTEEN)
    today["capacity"] = pd.array([100], "Int64")
    for model in MODELS:
        found = site(homes(), candidates(WHERE, capacity=100.0), today, STREET, model=model,
                     requirement=requirement(radius_m=225.0))  # fmt: skip
        assert found.model == model
        assert len(found.sites)
        assert found.text_zh
        assert found.text_en
