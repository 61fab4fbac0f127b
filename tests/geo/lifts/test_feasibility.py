"""The screen: a street of houses whose room, storeys and findings are drawn, each rule passed, failed and unknown."""

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.lifts import screen_buildings
from geo.lifts.feasibility import RULES
from geo.standards.lift_rules import load_lift_rules

LIFT = load_lift_rules()


def homes(**boxes: tuple[float, float, float, float]) -> gpd.GeoDataFrame:
    """Homes of six storeys in brick and concrete at these places [m]."""
    return gpd.GeoDataFrame(
        {"use": "residential", "floors": 6.0, "structure": "砖混", "estate_id": "E"},
        index=pd.Index(list(boxes), name="building_id"),
        geometry=[shapely.box(*box) for box in boxes.values()],
        crs=4549,
    )


def street(x: float, y: float, road_class: str = "residential") -> gpd.GeoDataFrame:
    """A street that runs west to east at y."""
    line = shapely.LineString([(-500, y), (500, y)])
    return gpd.GeoDataFrame({"road_class": [road_class]}, index=["R"], geometry=[line], crs=4549)


FAR = street(0, 400)


def facts(**columns: object) -> pd.DataFrame:
    table = {"lift": None, "stairs": None, "demolition": None, "floors": None, **columns}
    return pd.DataFrame([table], index=pd.Index(["A"], name="building_id"), dtype="object")


def result(rule: str, buildings: gpd.GeoDataFrame, **options: object) -> str:
    return str(screen_buildings(buildings, rules=LIFT, **options).table.loc["A", rule])


def test_a_house_fits_when_every_rule_passes() -> None:
    looked = pd.DataFrame(
        {"subject": "building", "subject_id": "A", "item": ["1a", "1b", "1c", "1d"], "state": "clear"}
    )
    found = screen_buildings(homes(A=(0, 0, 40, 12)), rules=LIFT, roads=FAR, observations=looked,
                             facts=facts(lift=False, stairs="stair", demolition=False))  # fmt: skip
    row = found.table.loc["A"]
    assert row["verdict"] == "fits"
    assert row[list(RULES)].eq("pass").all()
    assert len(found.verdicts) == len(RULES)
    assert found.verdicts[["source_zh", "source_en", "said_zh", "said_en"]].notna().all(axis=None)
    assert found.verdicts["rule"].tolist() == list(RULES)


def test_what_is_not_known_is_said_and_never_passed() -> None:
    found = screen_buildings(homes(A=(0, 0, 40, 12)).assign(floors=float("nan"), structure=None), rules=LIFT)
    row = found.table.loc["A"]
    assert row["verdict"] == "unknown"
    assert row[list(RULES)].eq("unknown").all()
    assert row["reason_zh"].count("未知") >= 5
    assert "not known" in row["reason_en"]


@pytest.mark.parametrize(
    ("floors", "expected"), [(3, "fail"), (4, "pass"), (9, "pass"), (10, "fail"), (float("nan"), "unknown")]
)
def test_storeys(floors: float, expected: str) -> None:
    assert result("storeys", homes(A=(0, 0, 40, 12)).assign(floors=floors)) == expected


def test_storeys_of_the_sheet_come_before_the_map() -> None:
    assert result("storeys", homes(A=(0, 0, 40, 12)), facts=facts(floors=3)) == "fail"


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("砖混", "pass"),
        ("砖混结构", "pass"),
        ("砖木", "fail"),
        ("土木结构", "fail"),
        ("未来", "unknown"),
        (None, "unknown"),
    ],
)
def test_structure(word: str | None, expected: str) -> None:
    assert result("structure", homes(A=(0, 0, 40, 12)).assign(structure=word)) == expected


def test_a_structural_finding_fails_until_it_is_remedied() -> None:
    town = homes(A=(0, 0, 40, 12))
    finding = pd.DataFrame({"building_id": ["A"], "code": ["1b"], "status": ["open"]})
    assert result("safety", town, findings=finding) == "fail"
    assert result("safety", town, findings=finding.assign(status="done")) == "unknown", "1a, 1c, 1d were not looked at"
    clear = pd.DataFrame({"subject": "building", "subject_id": "A", "item": ["1a", "1c", "1d"], "state": "clear"})
    assert result("safety", town, findings=finding.assign(status="done"), observations=clear) == "pass"
    assert result("safety", town, observations=clear.assign(state="found")) == "fail"


def test_a_lift_that_is_there_and_one_that_lacks() -> None:
    town = homes(A=(0, 0, 40, 12))
    assert result("lift", town, facts=facts(lift=True)) == "fail"
    lacking = pd.DataFrame({"building_id": ["A"], "code": ["7a"], "status": ["open"]})
    assert result("lift", town, findings=lacking) == "pass"


@pytest.mark.parametrize(("kind", "expected"), [("stair", "pass"), ("gallery", "fail"), ("tower", "fail")])
def test_stairs(kind: str, expected: str) -> None:
    assert result("stairs", homes(A=(0, 0, 40, 12)), facts=facts(stairs=kind)) == expected


def test_demolition() -> None:
    assert result("demolition", homes(A=(0, 0, 40, 12)), facts=facts(demolition=True)) == "fail"


@pytest.mark.parametrize(
    ("gap", "expected"),
    [(8.4, "unknown"), (8.6, "pass")],
)
def test_room_to_the_next_house_is_shaft_and_fire_gap(gap: float, expected: str) -> None:
    """2.5 m of shaft and 6 m of fire gap: a row at 8.4 m takes one side, at 8.6 m none."""
    assert result("room", homes(A=(0, 0, 40, 12), B=(0, 12 + gap, 40, 30 + gap)), roads=FAR) == expected


def test_houses_on_both_sides_leave_no_room_but_those_at_the_ends_do() -> None:
    close = homes(A=(0, 0, 40, 12), B=(0, 16, 40, 28), C=(0, -16, 40, -4))
    assert result("room", close, roads=FAR) == "fail"
    row = homes(A=(0, 0, 40, 12), B=(40, 0, 80, 12), C=(-40, 0, 0, 12))
    assert result("room", row, roads=FAR) == "pass", "a terrace stands in nobody's way"


def test_a_street_beside_the_wall_takes_a_side_a_footpath_does_not() -> None:
    town = homes(A=(0, 0, 40, 12))
    assert result("room", town, roads=street(0, 16)) == "unknown", "4 m from the wall: less than 2.5 m and half of 4 m"
    assert result("room", town, roads=street(0, 17)) == "pass"
    assert result("room", town, roads=street(0, 13, "footway")) == "pass"
    assert result("room", town) == "unknown", "without roads it is never passed"


def test_only_homes_are_screened() -> None:
    town = homes(A=(0, 0, 40, 12), S=(100, 0, 140, 12))
    town.loc["S", "use"] = "education"
    assert list(screen_buildings(town, rules=LIFT).table.index) == ["A"]


def test_a_town_without_homes() -> None:
    found = screen_buildings(homes(A=(0, 0, 40, 12)).assign(use="office"), rules=LIFT, roads=FAR)
    assert found.table.empty
    assert found.verdicts.empty


@settings(max_examples=25, deadline=None)
@given(st.floats(0, 360), st.floats(-1e5, 1e5), st.randoms())
def test_turning_and_moving_the_town_changes_nothing(angle: float, shift: float, chance: object) -> None:
    town = homes(A=(0, 0, 40, 12), B=(0, 18, 40, 28), C=(200, 0, 240, 12), D=(0, -60, 40, -48), E=(0, -80, 30, -66))
    before = screen_buildings(town, rules=LIFT, roads=FAR).table
    turned = town.set_geometry(town.geometry.rotate(angle, origin=(0, 0)).translate(shift, -shift))
    roads = FAR.set_geometry(FAR.geometry.rotate(angle, origin=(0, 0)).translate(shift, -shift))
    order = list(turned.index)
    chance.shuffle(order)
    after = screen_buildings(turned.loc[order], rules=LIFT, roads=roads).table
    pd.testing.assert_frame_equal(before, after)
