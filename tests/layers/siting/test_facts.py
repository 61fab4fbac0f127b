"""What answers of siting say: scenes, few people, places."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layers.siting.facts import (
    FEWEST_PEOPLE,
    area_sums,
    basis,
    facility_frame,
    home_frame,
    option_title,
    people_cell,
    people_text,
    proof,
    scenes_of,
    sentences,
    site_frame,
    together,
    told,
    totals_of,
)


def test_one_scene_with_every_home_in_its_state(sited):
    (scene,) = scenes_of(sited)
    # the canteen at 0 reaches 200 m along the street, s2 at 700 and s3 at 1,000 too
    assert scene.homes["state"].tolist() == ["covered"] * 3 + ["not"] * 2 + ["new"] * 6
    assert scene.sites == ("s2", "s3")
    totals = totals_of(scene)
    assert totals["covered_before"] == sited.totals.loc["before", "people_covered"] == 5 + 105 + 205
    assert totals["covered_after"] == sited.totals.loc["after", "people_covered"]
    assert totals["mean_after_m"] == pytest.approx(sited.totals.loc["after", "mean_m"])


def test_sums_by_community_are_those_of_the_answer(sited):
    sums = area_sums(scenes_of(sited)[0], "community_id")
    for column in ("people", "covered_before", "covered_after", "share_after", "mean_before_m", "mean_after_m"):
        assert sums[column].to_dict() == pytest.approx(sited.communities[column].to_dict())


def test_scenes_of_options_and_requirements(compared, placed):
    assert {scene.key for scene in scenes_of(compared)} == {"here", "two", "best 1", "best 2"}
    for scene in scenes_of(compared):
        assert totals_of(scene)["covered_after"] == pytest.approx(compared.options.loc[scene.key, "people_covered"])
    for scene in scenes_of(placed):
        assert totals_of(scene)["covered_after"] == pytest.approx(placed.gains.loc[scene.key, "covered_after"])


def test_all_facilities_together(placed):
    scene, gained = together(placed)
    assert scene.sites == tuple(placed.sites.index)
    new = sum(each.homes["state"].eq("new").astype(int) for each in scenes_of(placed))
    assert gained.tolist() == new.clip(upper=3).tolist()


def test_places(sited, compared, town):
    sites = site_frame(sited, town)
    assert sites["taken"].to_dict() == {"s1": "no", "s2": "yes", "s3": "yes"}
    assert sites["rank"].dropna().to_dict() == {"s2": 1, "s3": 2}
    assert set(site_frame(compared, town)["taken"]) == {"hand", "yes"}
    homes = home_frame(sited, town)
    assert homes.geometry.iloc[0].area == pytest.approx(100.0)  # its house
    assert homes.geometry.iloc[10].area == pytest.approx(250, rel=0.05)  # no house: a disc of 9 m
    assert facility_frame(sited, town)["counts"].to_dict() == {"f": "meals"}


def test_few_people_are_not_told():
    assert people_text(FEWEST_PEOPLE - 1, "zh") == "少于30"
    assert people_text(FEWEST_PEOPLE, "zh") == "30"
    assert people_cell(0.0, "en") == 0
    assert people_cell(float("nan"), "en") is None
    assert (
        told("覆盖8人(其中老年人3、儿童2,806),省12加权人次", "zh")
        == "覆盖少于30人（其中老年人少于30、儿童2,806），省12加权人次"
    )
    assert told("95% walk 29 m to 3 elders", "en") == "95% walk 29 m to fewer than 30 elders"


@given(st.integers(1, 5000))
def test_numbers_of_people_are_masked_when_small_only(people):
    shown = told(f"新增覆盖{people:,}人。", "zh")
    assert (f"{people:,}人" in shown) == (people >= FEWEST_PEOPLE)
    english = told(f"Newly covers {people:,} people, in Jia ({people:,}).", "en")
    assert english.count(f"{people:,}") == (2 if people >= FEWEST_PEOPLE else 0) or english.count("fewer than 30") == 2


def test_words_of_options():
    assert option_title("best 2", "zh") == "最佳选择（2处）"
    assert option_title("today", "en") == "Today"
    assert option_title("here", "en") == "Option here"
    assert sentences("care for 2. By 1.5 m. Done", "en") == ["Care for 2.", "By 1.5 m.", "Done"]


def test_proof_and_basis(answer, town):
    rows = basis(answer, town)
    assert all(row.label[0] and row.label[1] and row.value[0] and row.value[1] for row in rows)
    assert proof(answer, "zh")


def test_example_costs_are_called_so(placed, town):
    assert any("不能用于立项" in row.value[0] for row in basis(placed, town))
