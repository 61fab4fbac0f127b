"""Sites by hand against each other, on a street that can be checked by hand."""

import numpy as np
import pytest
from shapely import Point

from geo.errors import InputError
from geo.siting import what_if
from geo.siting.result import OPTION_COLUMNS
from tests.geo.siting.street_town import candidates, communities, facilities, homes, network, requirement

STREET = network()
WHERE = {"c1": 150.0, "c2": 500.0, "c3": 900.0}


def ask(options, **more):
    given = {"requirement": requirement(radius_m=225.0), "communities": communities(), **more}
    sites = given.pop("sites", candidates(WHERE))
    return what_if(homes(), sites, facilities({"f": 0.0}), STREET, options=options, **given)


def test_what_if_here():
    """A point at 700 covers h05 to h09: 15 + 16 + 17 + 18 + 19 = 85, more than c2 (75); c1 and c3 together 87."""
    found = ask({"here": [Point(700, -5)], "pair": ["c1", "c3"]})
    options = found.options
    assert options.columns.tolist() == list(OPTION_COLUMNS)
    assert options.index.tolist() == ["best 2", "pair", "here", "best 1", "today"]
    assert options["people_new"].tolist() == [132.0, 87.0, 85.0, 75.0, 0.0]
    assert options["rank"].tolist() == [1, 2, 3, 4, 5]
    assert options.loc["best 2", "site_ids"] == "c2;c3"
    assert options.loc["here", "share_of_best"] == pytest.approx(85 / 75)
    assert options.loc["pair", "share_of_best"] == pytest.approx(87 / 132)
    assert options.loc["pair", "cost"] == 2000.0
    assert np.isnan(options.loc["here", "cost"])
    assert np.isnan(options.loc["today", "share_of_best"])
    assert options.loc["today", "worst_community_id"] == "B"
    assert "85" in options.loc["here", "text_zh"]
    assert "113%" in options.loc["here", "text_en"]
    assert found.points.loc[("here", "here:1"), ["people_reach", "people_alone", "reason"]].tolist() == [85.0, 85.0, ""]
    assert found.points.crs == STREET.crs
    assert found.homes.loc["h07", "walk_m here"] == pytest.approx(15.0)
    assert found.homes.loc["h07", ["covered here", "covered today"]].tolist() == [True, False]


def test_points_that_do_nothing_say_why():
    found = ask({"far": [Point(500, 900)], "near": [Point(0, -5)], "both": [Point(0, -5), "c2"]}, best=False)
    assert found.points["reason"].to_dict() == {
        ("far", "far:1"): "unreachable", ("near", "near:1"): "nobody_new", ("both", "both:1"): "nobody_new",
        ("both", "c2"): "",
    }  # fmt: skip
    assert "500" in found.points.loc[("far", "far:1"), "reason_en"]
    assert found.options.index.tolist()[0] == "both"
    assert found.options["share_of_best"].isna().all()


def test_points_alone_need_no_candidates():
    found = ask({"here": [Point(700, -5)]}, sites=None)
    assert found.options.index.tolist() == ["here", "today"]


def test_a_hand_is_free_and_the_best_is_not():
    """A candidate too small may be looked at by hand; the best choice does not take it."""
    small = candidates({"c2": 500.0, "c3": 900.0}, floor_area_m2=[10.0, 500.0])
    found = ask({"small": ["c2"]}, sites=small)
    assert found.options.loc["small", "people_new"] == 75.0
    assert found.options.loc["best 1", "site_ids"] == "c3"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "nothing to compare"),
        ({"today": ["c1"]}, "named 'today'"),
        ({"best 1": ["c1"]}, "named 'best 1'"),
        ({"none": []}, "has no sites"),
        ({"strange": ["x"]}, "not there"),
    ],
)
def test_refused_options(options, words):
    with pytest.raises(InputError, match=words):
        ask(options)
