"""Gaps of the demo town, before and after its plan."""

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from api.operations.files import read_plan
from geo.gaps import LACKING, GapChange, before_after
from geo.gaps.demand import demand
from geo.partition.scorecard import SIX_ONES
from geo.study import Study, read_study

from ...independent import layer


@pytest.fixture(scope="module")
def study(demo: Path) -> Study:
    return read_study(demo / "study.gpkg")


@pytest.fixture(scope="module")
def change(demo: Path, study: Study) -> GapChange:
    return before_after(study, read_plan(demo / "plan.json"))


def counted(facilities: gpd.GeoDataFrame, land: gpd.GeoDataFrame) -> pd.DataFrame:
    """Count the six ones in polygons one by one."""
    points = shapely.point_on_surface(facilities.geometry.to_numpy())
    rows = {}
    for community, shape in land.geometry.items():
        inside = facilities["category"][shapely.contains(shape, points)]
        rows[community] = {one: int(inside.isin(kinds).sum()) for one, (_, _, kinds) in SIX_ONES.items()}
    return pd.DataFrame.from_dict(rows, orient="index")


@pytest.mark.parametrize(("when", "name"), [("before", "communities_before"), ("after", "communities")])
def test_the_six_ones_of_the_demo_town(change: GapChange, study: Study, demo: Path, when: str, name: str) -> None:
    land = layer(demo / "plan.gpkg", name, "community_id")
    expected = counted(study["facilities"], land).sort_index()
    seen = change.six_ones[change.six_ones["when"] == when].set_index("community_id")[list(SIX_ONES)]
    pd.testing.assert_frame_equal(seen.astype(int), expected, check_names=False, check_index_type=False)
    for side in change.six_ones.to_dict("records"):
        none = [one for one in SIX_ONES if side[one] == 0]
        assert side["lacking"] == ";".join(none)


def test_nobody_is_lost_on_the_way(change: GapChange, study: Study) -> None:
    people = demand(study)["people"].sum()
    for gaps in (change.before["six-ones"], change.after["six-ones"]):
        assert gaps.communities["people"].groupby("requirement").sum().max() <= people
        assert gaps.scores["people"].sum() == pytest.approx(people)
    moved = change.residents.groupby("requirement")[["people_gain", "people_lose"]].sum()
    town = change.requirements.loc["six-ones"][["people_gain", "people_lose"]]
    pd.testing.assert_frame_equal(moved.loc[town.index], town, check_names=False)


def test_changes_of_communities_follow_the_states(change: GapChange) -> None:
    rows = change.communities
    both = rows["state_before"].notna() & rows["state_after"].notna()
    mended = both & rows["state_before"].isin(LACKING) & (rows["state_after"] == "met")
    broken = both & (rows["state_before"] == "met") & rows["state_after"].isin(LACKING)
    assert mended.any()
    assert set(rows["change"][mended]) == {"better"}
    assert set(rows["change"][broken]) <= {"worse"}
    assert (rows["change"][rows["fate"] == "created"] == "new").all()
    assert (rows["change"][rows["fate"] == "abolished"] == "ended").all()
