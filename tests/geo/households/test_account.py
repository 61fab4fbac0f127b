"""The account: summary, provenance, today's communities, what is told of crowded homes."""

import pytest
from shapely import box

from geo.households import SOURCES, HouseholdOptions, place_households
from tests.geo.households.towns import square, table, villages, zones

# --- today's communities ---------------------------------------------------------------------------------------------


def test_todays_community_is_where_most_households_live():
    """A third of k1's land but two thirds of its households lie in v2; k2, where nobody lives, goes by land."""
    blocks = table({"k1": box(0, 0, 90, 100), "k2": box(0, 100, 90, 200)})
    rows = table({"a": square(10, 10), "b": square(70, 10)}, use=["residential"] * 2, households=[10, 20])
    shapes = {"v1": box(0, 0, 60, 200), "v2": box(60, 0, 90, 200)}
    placed = place_households(blocks, rows, communities=villages([None, None], [None, None], shapes))
    assert placed.blocks["community_id"].to_dict() == {"k1": "v2", "k2": "v1"}


def test_a_community_whose_blocks_hold_another_number_is_told():
    """The same towns with totals: v1 has 10 households in the block that counts with v2."""
    blocks = table({"k1": box(0, 0, 90, 100), "k2": box(0, 100, 90, 200)})
    rows = table({"a": square(10, 10), "b": square(70, 10)}, use=["residential"] * 2, households=[10, 20])
    shapes = {"v1": box(0, 0, 60, 200), "v2": box(60, 0, 90, 200)}
    placed = place_households(blocks, rows, communities=villages([10, 20], [None, None], shapes))
    told = {r.row_id: r.detail for r in placed.repairs if r.code == "border_straddled"}
    assert told.keys() == {"v1", "v2"}
    assert told["v1"].startswith("it has 10 households")
    assert told["v1"].endswith("its blocks hold 0")
    assert told["v2"].endswith("its blocks hold 30")


def test_without_communities_the_blocks_keep_theirs(blocks, homes):
    blocks["community_id"] = ["old", None]
    assert place_households(blocks, homes).blocks["community_id"].fillna("-").tolist() == ["old", "-"]


# --- summary and provenance ------------------------------------------------------------------------------------------


def test_the_summary_adds_up_to_the_blocks(blocks, homes):
    homes["households"] = [4, None, None, None]
    homes["use"] = ["residential", "residential", "residential", "office"]
    placed = place_households(blocks, homes, estates=zones({"e": box(0, 0, 100, 100)}, [10], [30]))
    rows = placed.summary.set_index("source")
    assert rows["households"].sum() == placed.blocks["households"].sum()
    assert rows["people"].sum() == placed.blocks["people"].sum()
    assert rows["buildings"].sum() == 4
    assert rows.loc["building", ["buildings", "blocks", "households"]].tolist() == [1, 1, 4]
    assert rows.loc["none", "buildings"] == 1
    assert set(rows.index) <= set(SOURCES)
    assert rows["share"].sum() == pytest.approx(1)
    assert rows[["note_zh", "note_en"]].notna().all(axis=None)


def test_assumptions_name_their_source_once(blocks, homes):
    placed = place_households(blocks, homes, communities=villages([100]))
    sizes = [r for r in placed.repairs if "2.62" in r.detail]
    assert len(sizes) == 1
    assert "2020 census" in sizes[0].detail
    assert "人口普查" in sizes[0].detail_zh
    own = HouseholdOptions(household_size=3.0)
    assert "no source given" in next(
        r.detail
        for r in place_households(blocks, homes, communities=villages([100]), options=own).repairs
        if "3 each" in r.detail
    )
    cited = HouseholdOptions(household_size=3.0, sources={"household_size": "Qinghe yearbook 2023"})
    assert cited.provenance("household_size") == ("Qinghe yearbook 2023", "Qinghe yearbook 2023")


def test_too_many_households_for_the_houses_are_reported(blocks, homes):
    placed = place_households(blocks, homes, communities=villages([400]))
    crowded = next(r for r in placed.repairs if r.code == "crowded")
    assert crowded.row_id == "a, b, c, d"
    assert "400" in crowded.detail
