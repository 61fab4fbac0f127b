"""Premises filled with several requirements, on a street that can be checked by hand."""

import numpy as np
import pandas as pd
import pytest

from geo.errors import InfeasibleError, InputError
from geo.siting import FittingCosts, PlacingOptions, place
from geo.siting.result import (
    GAINED_COLUMNS,
    PLACED_SITE_COLUMNS,
    PLACED_STEP_COLUMNS,
    REASONS,
    ROOM_COLUMNS,
)
from geo.standards.facilities import Complex
from tests.geo.siting.street_town import PEOPLE, candidates, communities, facilities, homes, network, requirement

STREET = network()
WHERE = {"c1": 150.0, "c2": 500.0, "c3": 900.0}
COSTS = FittingCosts(1000.0, 3000.0, 100.0)
MEALS = requirement(radius_m=225.0)
CHILDCARE = requirement(key="childcare", title_zh="托育", title_en="childcare", categories=("nursery",), who="children",
                        group="child", need_m2=300.0, radius_m=325.0)  # fmt: skip
PITCH = requirement(key="pitch", title_zh="球场", title_en="pitch", categories=("pitch",), group="sport", need_m2=None,
                    need_site_m2=500.0, radius_m=325.0, shared=False)  # fmt: skip


def street(*requirements, sites=None, costs=COSTS, **options):
    return place(homes(), candidates(WHERE) if sites is None else sites, facilities({"f": 0.0}), STREET,
                 requirements=requirements or (MEALS, CHILDCARE), options=PlacingOptions(**options), costs=costs,
                 communities=communities())  # fmt: skip


def test_two_share_the_premises():
    """One place: c3 takes meals (74 people anew) and childcare (h06 to h10: 6 + 7 + 8 + 9 + 10 = 40 children)."""
    found = street(count=1)
    assert found.proven
    assert found.value == pytest.approx(114.0)
    assert found.sites.index.tolist() == ["c3"]
    row = found.sites.loc["c3"]
    assert (row["requirements"], row["functions"], row["complex"]) == ("meals;childcare", 2, False)
    assert (row["used_m2"], row["spare_m2"]) == (400.0, 100.0)
    assert (row["site_cost"], row["fitting_cost"], row["cost"]) == (1000.0, 400_000.0, 401_000.0)
    assert found.spent == 401_000.0
    # instead, c2 would give 75 people, and the children of h02 to h08: 2 + 3 + … + 8 = 35
    assert (row["next_id"], row["next_value"]) == ("c2", 110.0)
    assert found.rooms.loc[("c3", "meals"), "people_new"] == 74.0
    assert found.rooms.loc[("c3", "childcare"), "people_new"] == 40.0
    assert found.rooms.loc[("c3", "childcare"), "unit_cost"] == 1000.0
    assert found.gains.loc["meals", ["covered_before", "covered_after", "rooms"]].tolist() == [33.0, 107.0, 1]
    assert found.candidates["reason"].to_dict() == {"c1": "less", "c2": "less", "c3": "chosen"}
    assert found.candidates.loc["c2", "value_alone"] == pytest.approx(110.0)


def test_tables_have_their_columns():
    found = street()
    assert found.sites.columns.tolist() == list(PLACED_SITE_COLUMNS)
    assert found.rooms.columns.tolist() == list(ROOM_COLUMNS)
    assert found.gains.columns.tolist() == list(GAINED_COLUMNS)
    assert found.steps.columns.tolist() == list(PLACED_STEP_COLUMNS)
    assert found.sites.crs == STREET.crs
    assert set(found.candidates["reason"]) <= set(REASONS)
    assert len(found.homes) == 2 * len(homes())
    assert found.limits.loc["meals", ["limit_m", "need_m2"]].tolist() == [225.0, 100.0]
    assert found.steps["value_total"].iloc[-1] == pytest.approx(found.value)
    assert found.sites["cost"].sum() == pytest.approx(found.spent)
    assert found.rooms["people_new"].groupby("requirement").sum().to_dict() == found.gains["people_new"].to_dict()


def test_a_room_too_small_for_both():
    """In 350 m² only one of the two fits."""
    found = street(sites=candidates(WHERE, floor_area_m2=350.0), count=1)
    assert found.value == 75.0
    assert found.sites.loc["c2", "requirements"] == "meals"


def test_what_may_not_share_stands_alone():
    alone = MEALS.model_copy(update={"shared": False})
    found = street(alone, CHILDCARE, count=1)
    assert found.value == 75.0
    assert len(found.rooms) == 1


def test_money_decides():
    """A canteen costs 101,000 yuan anywhere: two of them for 202,000; childcare costs 301,000."""
    found = street(budget=202_000.0)
    assert sorted(found.sites.index) == ["c2", "c3"]
    assert found.value == 132.0
    assert found.spent == 202_000.0
    assert found.refused["reason"].eq("over_budget").all()
    assert found.refused.index.get_level_values("requirement").unique().tolist() == ["childcare"]
    assert "预算" in found.text_zh
    assert street(budget=100.0).value == 0.0
    assert "没有可行的安排" in street(budget=100.0).text_zh


def test_example_prices_are_told():
    assert street().costs_given
    told = place(homes(), candidates(WHERE), None, STREET, requirements=[MEALS])
    assert not told.costs_given
    assert "示例单价" in told.notes[0][0]
    assert "example" in told.notes[0][1]


def test_new_building_costs_more_than_rooms():
    sites = candidates({"land": 500.0}, kind="idle_land", floor_area_m2=200.0, site_area_m2=200.0)
    assert street(MEALS, sites=sites).sites.loc["land", "fitting_cost"] == 300_000.0
    own = FittingCosts(1000.0, 3000.0, 100.0, by_requirement={"meals": 10.0})
    assert street(MEALS, sites=sites, costs=own).sites.loc["land", "fitting_cost"] == 1000.0


def test_ground_goes_on_land():
    sites = candidates({**WHERE, "plot": 800.0}, kind=["idle_building"] * 3 + ["public_land"],
                       floor_area_m2=[500.0] * 3 + [np.nan], site_area_m2=[np.nan] * 3 + [600.0])  # fmt: skip
    found = street(MEALS, PITCH, sites=sites)
    assert found.rooms.loc[("plot", "pitch"), ["need_m2", "need_site_m2", "cost"]].tolist() == [0.0, 500.0, 50_000.0]
    assert found.refused.loc[("c1", "pitch"), "reason"] == "area_unknown"
    assert found.refused.loc[("plot", "meals"), "reason"] == "area_unknown"


def test_a_station_grows_by_what_it_lacks():
    """The nursery of 250 m² takes a canteen of 100 m² in its extension of 120; as childcare it would need only 50."""
    today = facilities({"n": 900.0}, category="nursery")
    today["floor_area_m2"] = 250.0
    sites = candidates({"more": 900.0}, kind="growing", facility_id="n", floor_area_m2=120.0)
    found = place(homes(), sites, today, STREET, requirements=[MEALS, CHILDCARE], costs=COSTS,
                  communities=communities())  # fmt: skip
    assert found.rooms.index.tolist() == [("more", "meals")]  # the nursery covers its children already
    assert found.rooms.loc[("more", "meals"), "cost"] == 300_000.0
    assert found.refused.empty


def test_search_points_are_as_large_as_what_goes_there():
    sites = candidates({"p": 500.0}, kind="search_point", floor_area_m2=np.nan, area_source="to_find", cost=0.0)
    found = street(sites=sites)
    assert found.sites.loc["p", "requirements"] == "meals;childcare"
    assert np.isnan(found.sites.loc["p", "spare_m2"])
    assert "选址参考点" in found.sites.loc["p", "text_zh"]
    assert any("search around" in en for _, en in found.notes)


def test_unknown_areas_and_costs_are_refused():
    sites = candidates(WHERE, floor_area_m2=[np.nan, 500.0, 500.0], cost=[1.0, np.nan, 1.0])
    found = street(sites=sites, budget=1e6)
    assert found.candidates["reason"].tolist() == ["area_unknown", "cost_unknown", "chosen"]
    free = street(sites=sites)
    assert sorted(free.sites.index) == ["c2", "c3"]
    assert np.isnan(free.spent)
    assert any("unknown cost" in en for _, en in free.notes)


def test_the_worst_off_community_first():
    """Money for one canteen. A is covered to 33 of 60, B not at all: c3 covers 74 of B's 105, c2 48 of them."""
    most = street(MEALS, count=1)
    fair = street(MEALS, count=1, equity="worst_first")
    assert most.sites.index.tolist() == ["c2"]
    assert fair.sites.index.tolist() == ["c3"]
    assert fair.value == 74.0
    assert fair.value_without_equity == 75.0
    assert fair.communities.loc[("B", "all"), "share_after"] == pytest.approx(74 / 105)
    assert fair.steps["worst_id"].tolist() == ["B", "A"]
    assert fair.steps["worst_share"].tolist() == pytest.approx([0.0, 33 / 60])
    assert "不优先照顾" in fair.text_zh


def test_a_floor_for_every_community():
    found = street(MEALS, equity=0.6)
    shares = found.communities.xs("all", level="requirement")["share_after"]
    assert (shares >= 0.6).all()
    with pytest.raises(InfeasibleError, match="out of reach of Yi") as refused:
        street(MEALS, equity=0.6, sites=candidates({"c1": 150.0}))
    assert refused.value.ids == ("B",)
    assert "乙社区" in refused.value.reasons_zh[0]
    with pytest.raises(InfeasibleError, match="takes 2 premises at least, 1 are allowed"):
        street(MEALS, equity=0.6, count=1)
    with pytest.raises(InfeasibleError, match="costs 202,000 yuan at least, the budget is 150,000"):
        street(MEALS, equity=0.6, budget=150_000.0)


def test_a_complex_of_embedded_services():
    """600 m², three functions, two of them core: only `big` can be one; by itself it is not worth most."""
    elders = requirement(key="elder_care", title_zh="养老", title_en="care", categories=("day_care",), radius_m=225.0,
                         need_m2=350.0)  # fmt: skip
    sites = candidates({**WHERE, "big": 0.0}, floor_area_m2=[500.0] * 3 + [800.0])
    free = street(MEALS, CHILDCARE, elders, sites=sites, count=1)
    assert free.sites.index.tolist() != ["big"]
    found = street(MEALS, CHILDCARE, elders, sites=sites, count=1, complexes=1)
    assert found.sites.index.tolist() == ["big"]
    assert found.sites["complex"].tolist() == [True]
    assert found.sites.loc["big", "functions"] == 3
    assert "综合体" in found.sites.loc["big", "text_zh"]
    with pytest.raises(InfeasibleError, match="cannot take 2 embedded complexes"):
        street(MEALS, CHILDCARE, elders, sites=sites, complexes=2)
    easy = Complex(area_min_m2=300, area_better_m2=300, functions_min=2, core=("meals",), core_min=1)
    assert street(complexes=1, count=1, complex_rule=easy).sites["complex"].tolist() == [True]


def test_kept_left_out_and_counted():
    assert "c1" in street(MEALS, keep=("c1",), count=2).sites.index
    assert "c2" not in street(MEALS, leave_out=("c2",)).sites.index
    assert street(MEALS, leave_out=("c2",)).candidates.loc["c2", "reason"] == "not_allowed"
    assert (street(count_by_requirement={"meals": 1}).gains.loc["meals", "rooms"]) == 1


def test_weights_count():
    """With meals weighing nothing much, childcare alone decides where its one place goes."""
    heavy = CHILDCARE.model_copy(update={"weight": 10.0})
    found = street(MEALS, heavy, count=1)
    assert found.value == pytest.approx(74 + 400)
    assert found.gains.loc["childcare", "people_new"] == 40.0


REFUSED = {
    "nothing": ([], {}, "nothing to place"),
    "twice": ([MEALS, MEALS], {}, "given twice"),
    "no room known": ([MEALS.model_copy(update={"need_m2": None})], {}, "nobody knows what room"),
    "budget": ([MEALS], {"budget": -1.0}, "budget is -1"),
    "count": ([MEALS], {"count": 0}, "count is 0"),
    "count by requirement": ([MEALS], {"count_by_requirement": {"meals": -1}}, "count_by_requirement of meals is -1"),
    "strange requirement": ([MEALS], {"count_by_requirement": {"x": 1}}, "names what is not placed"),
    "equity": ([MEALS], {"equity": "all"}, "no equity 'all'"),
    "floor": ([MEALS], {"equity": 1.2}, "equity is 1.2"),
    "levels": ([MEALS], {"equity_levels": 0}, "equity_levels is 0"),
    "complexes": ([MEALS], {"complexes": -1}, "complexes is -1"),
    "kept is not there": ([MEALS], {"keep": ("x",)}, "keep names premises that are not there"),
    "kept and left out": ([MEALS], {"keep": ("c1",), "leave_out": ("c1",)}, "kept and left out at once"),
    "kept too many": ([MEALS], {"keep": ("c1", "c2"), "count": 1}, "2 premises are kept, but count is 1"),
    "kept for nothing": ([PITCH], {"keep": ("c1",)}, "can take none"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_placings(case):
    requirements, options, words = REFUSED[case]
    with pytest.raises(InputError, match=words):
        place(homes(), candidates(WHERE), None, STREET, requirements=requirements, options=PlacingOptions(**options))


def test_wrong_prices_are_refused():
    with pytest.raises(InputError, match="the cost rooms_m2 is -1"):
        street(MEALS, costs=FittingCosts(-1.0, 1.0, 1.0))


def test_the_order_of_rows_and_requirements_plays_no_part():
    rng = np.random.default_rng(3)

    def mixed(table):
        return table.iloc[rng.permutation(len(table))]

    given = {"costs": COSTS, "options": PlacingOptions(budget=650_000.0, equity="worst_first")}
    straight = place(homes(), candidates(WHERE), facilities({"f": 0.0}), STREET, requirements=[MEALS, CHILDCARE],
                     communities=communities(), **given)  # fmt: skip
    shuffled = place(mixed(homes()), mixed(candidates(WHERE)), facilities({"f": 0.0}), STREET,
                     requirements=[MEALS, CHILDCARE], communities=mixed(communities()), **given)  # fmt: skip
    pd.testing.assert_frame_equal(straight.sites, shuffled.sites)
    pd.testing.assert_frame_equal(straight.rooms, shuffled.rooms)
    assert straight.value == shuffled.value
    turned = place(homes(), candidates(WHERE), facilities({"f": 0.0}), STREET, requirements=[CHILDCARE, MEALS],
                   communities=communities(), **given)  # fmt: skip
    assert turned.value == pytest.approx(straight.value)


def test_one_requirement_is_most_people_covered():
    """Without money and rooms, placing one requirement answers as `site` does."""
    found = street(MEALS, count=2)
    assert found.value == 132.0
    assert found.gains.loc["meals", "covered_after"] == PEOPLE.sum()
