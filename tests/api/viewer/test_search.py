"""Search by name: what comes first, what counts as the same, and what is left out."""

import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS

from api.features.snapshot import Snapshot
from api.storage.records import Collection, study_collection
from api.viewer.search import fold, search, searched
from geo.schema import Column

CRS_M = CRS.from_epsg(4549)


def snapshot(frame, names, **columns):
    """A table of points 100 m apart with these names."""
    shapes = np.array([shapely.Point(500_000 + 100 * n, 3_340_000) for n in range(len(names))], dtype=object)
    ids = np.array([f"{n:03}" for n in range(len(names))], dtype=object)
    ones, texts = [1] * len(names), pa.array(names, pa.string())
    table = pa.table({"id": ids, "version": ones, "tx": ones, "name": texts, **columns})
    return Snapshot("town", study_collection(frame), 1, CRS_M, ids, shapes, table, shapely.bounds(shapes))


def find(text, *snapshots, limit=20):
    tables = {each.collection.id: each for each in snapshots}
    found, more = search(text, [each.collection for each in snapshots], tables.__getitem__, {}, limit=limit)
    return [(each.name, each.collection) for each in found], more


def test_the_whole_name_first_then_beginnings_then_the_rest():
    estates = snapshot("estates", ["新清河苑", "清河苑", "清河", "河清"])
    assert find("清河", estates)[0] == [("清河", "estates"), ("清河苑", "estates"), ("新清河苑", "estates")]


def test_full_width_and_capital_letters_are_the_usual_ones():
    assert find("ＱＩＮＧhe", snapshot("estates", ["Qinghe Garden"]))[0] == [("Qinghe Garden", "estates")]
    assert find("qinghe", snapshot("estates", ["ＱｉｎｇＨｅ１号"]))[0] == [("ＱｉｎｇＨｅ１号", "estates")]


def test_signs_of_patterns_are_letters_like_others():
    assert find("a.c%_*", snapshot("estates", ["abc", "a.c%_*d"]))[0] == [("a.c%_*d", "estates")]


def test_a_street_of_many_parts_is_one_line_with_its_whole_extent():
    roads = snapshot("roads", ["人民路", "中山路", "人民路", "人民路"])
    (found,), more = search("人民", [roads.collection], lambda _: roads, {})
    assert (found.name, found.parts, more) == ("人民路", 3, False)
    west, _, east, _ = found.bbox
    assert east - west == pytest.approx(300 / (111_320 * np.cos(np.radians(30.18))), rel=0.01)


def test_nothing_for_nothing_and_names_that_are_missing_are_no_names():
    assert find("  ", snapshot("estates", ["甲"])) == ([], False)
    assert find("None", snapshot("estates", [None, "乙"])) == ([], False)


def test_facilities_say_what_they_are():
    facilities = snapshot("facilities", ["东门小学"], category=["primary_school"])
    (found,), _ = search("东门", [facilities.collection], lambda _: facilities, {})
    assert found.kind == ("教育托幼", "education, childcare")


@given(names=st.lists(st.text(min_size=1, max_size=6), min_size=1, max_size=30), text=st.text(min_size=1, max_size=3),
       limit=st.integers(1, 20))  # fmt: skip
def test_whatever_is_found_holds_the_text_and_more_is_told(names, text, limit):
    found, more = find(text, snapshot("estates", names), limit=limit)
    holding = [name for name in names if fold(text) and fold(text) in fold(name)]
    assert all(fold(text) in fold(name) for name, _ in found)
    assert len(found) <= limit
    assert more == (len(holding) > limit)


def test_a_plan_s_communities_stand_for_those_of_the_study():
    name = (Column("name", "text", ""),)
    plan = Collection("plan.p1.communities", "Polygon", name, "community_id", source="plan", result_id="p1")
    there = {each.id: each for each in (study_collection("communities"), study_collection("roads"), plan)}
    assert [each.id for each in searched(there, [])] == ["communities", "roads"]
    assert [each.id for each in searched(there, ["plan.p1.communities"])] == ["plan.p1.communities", "roads"]


def test_over_http(town):
    answer = town.get("/studies/town/search", params={"q": "东门"}).json()
    assert [each["name"] for each in answer["results"]] == ["东门社区", "东门小学"]
    assert answer["results"][0]["kind"] == {"zh": "社区", "en": "community"}
    west, south, east, north = answer["results"][0]["bbox"]
    assert 120.004 < west < east < 120.009
    assert 30.179 < south < north < 30.184
    assert answer["more"] is False


def test_a_collection_that_is_not_there_is_refused(town):
    answer = town.get("/studies/town/search", params={"q": "门", "collections": "plan.none.communities"})
    assert answer.status_code == 400
    assert "there is no collection plan.none.communities" in answer.json()["detail"]
    assert town.get("/studies/none/search", params={"q": "门"}).status_code == 404
    assert town.get("/studies/town/search", params={"q": "门" * 200}).status_code == 400
