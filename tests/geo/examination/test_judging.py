"""From records to states: a code of a subject, in three values."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import Point

from geo.examination.judging import (
    CLEAR,
    FOUND,
    NOT_APPLICABLE,
    UNKNOWN,
    Evidence,
    applies,
    found_codes,
    gather,
    quantities,
    read_findings,
    read_observations,
    together,
    wanted,
    where_it_applies,
)
from geo.schema import conform
from geo.standards.indicators import Catalogue, Code

IDS = pd.Index(["a", "b"], dtype="str")
TODAY = "2026-09-30"


def finding(code: str = "4a", status: str = "open", **more: object) -> dict[str, object]:
    return {"subject": "building", "subject_id": "a", "code": code, "severity": "serious", "status": status, **more}


def seen(item: str, state: str, who: str = "a", **more: object) -> dict[str, object]:
    return {"subject": "building", "subject_id": who, "item": item, "state": state, **more}


def evidence(
    catalogue: Catalogue, findings: list[dict[str, object]], looked: list[dict[str, object]], *, before: bool = False
) -> Evidence:
    codes = [code for each in catalogue.of("housing") for code in each.codes]
    frame = None
    if findings:
        points = [Point(i, 0) for i in range(len(findings))]
        index = [f"F{i}" for i in range(len(findings))]
        frame = conform(gpd.GeoDataFrame(findings, index=index, geometry=points, crs=4549), "findings")
    table = None
    if looked:
        table = conform(pd.DataFrame(looked, index=[f"o{i}" for i in range(len(looked))]), "observations")
    read = read_findings(frame, catalogue, TODAY)
    return gather(IDS, "building", codes, read, read_observations(table), before=before)


def state(told: Evidence, code: str, who: int = 0) -> int:
    return int(told.state[who, told.codes.index(code)])


OPEN, DONE = finding(), finding(status="done", done_on="2026-06-01")
LOOKED_FOUND = seen("4a", "found", surveyed_on="2026-05-01")
FOUND_AGAIN = seen("4a", "found", surveyed_on="2026-07-01")


@pytest.mark.parametrize(
    ("findings", "looked", "expected", "before"),
    [
        ([], [], UNKNOWN, UNKNOWN),
        ([], [seen("4a", "clear")], CLEAR, CLEAR),
        ([], [LOOKED_FOUND], FOUND, FOUND),
        ([], [seen("4a", "not_applicable")], NOT_APPLICABLE, NOT_APPLICABLE),
        ([], [seen("4a", "measured", value=3.0)], UNKNOWN, UNKNOWN),
        ([], [seen("4a", "clear", who="b")], UNKNOWN, UNKNOWN),
        ([OPEN], [], FOUND, FOUND),
        ([OPEN], [seen("4a", "clear")], FOUND, FOUND),
        ([finding(status="scheduled")], [], FOUND, FOUND),
        ([DONE], [], CLEAR, FOUND),
        ([finding(status="checked")], [LOOKED_FOUND], CLEAR, FOUND),
        ([DONE], [LOOKED_FOUND], CLEAR, FOUND),
        ([DONE], [FOUND_AGAIN], FOUND, FOUND),
        ([DONE, OPEN], [], FOUND, FOUND),
        ([finding(subject="estate")], [], UNKNOWN, UNKNOWN),
        ([finding(subject_id="nobody")], [], UNKNOWN, UNKNOWN),
        ([finding(code="99")], [], UNKNOWN, UNKNOWN),
    ],
)
def test_state_of_a_code(
    edition_2025: Catalogue,
    findings: list[dict[str, object]],
    looked: list[dict[str, object]],
    expected: int,
    before: int,
) -> None:
    assert state(evidence(edition_2025, findings, looked), "4a") == expected
    assert state(evidence(edition_2025, findings, looked, before=True), "4a") == before


def test_what_findings_tell(edition_2025: Catalogue) -> None:
    """Extents of one unit add up; one in another unit, or none, is unmeasured; the gravest and oldest are kept."""
    told = evidence(
        edition_2025,
        [
            finding(extent=10.0, extent_unit="m2", severity="general", surveyed_on="2026-03-31"),
            finding(extent=5.0, severity="very_serious", surveyed_on="2025-09-30"),
            finding(extent=3.0, extent_unit="m"),
            finding(),
        ],
        [],
    )
    at = (0, told.codes.index("4a"))
    assert (told.open[at], told.extent[at], told.unmeasured[at], told.severity[at]) == (4, 15.0, 2, 3)
    assert told.years[at] == pytest.approx(365 / 365.25)


def test_observed_without_a_finding_has_the_usual_severity(edition_2025: Catalogue) -> None:
    told = evidence(edition_2025, [], [seen("1b", "found")])
    at = (0, told.codes.index("1b"))
    assert (told.open[at], told.unmeasured[at], told.severity[at]) == (0, 1, 3)


def test_the_same_finding_twice_is_one(edition_2025: Catalogue) -> None:
    rows = [finding(extent=10.0, surveyed_on="2026-03-31") for _ in range(2)]
    frame = conform(
        gpd.GeoDataFrame(rows, index=["F2", "F1"], geometry=[Point(0, 0)] * 2, crs=4549), "findings"
    )  # fmt: skip
    read = read_findings(frame, edition_2025, TODAY)
    assert read["duplicate"].to_dict() == {"F2": True, "F1": False}
    other_place = frame.set_geometry([Point(0, 0), Point(1, 0)], crs=4549)
    assert not read_findings(other_place, edition_2025, TODAY)["duplicate"].any()


def test_a_single_code_marks_the_indicator() -> None:
    states = np.array(
        [
            [FOUND, UNKNOWN, CLEAR],
            [CLEAR, UNKNOWN, CLEAR],
            [CLEAR, NOT_APPLICABLE, CLEAR],
            [NOT_APPLICABLE] * 3,
            [UNKNOWN, NOT_APPLICABLE, NOT_APPLICABLE],
        ],
        dtype=np.int8,
    )
    assert together(states).tolist() == [FOUND, UNKNOWN, CLEAR, NOT_APPLICABLE, UNKNOWN]
    assert together(np.zeros((2, 0), dtype=np.int8)).tolist() == [UNKNOWN, UNKNOWN]


def test_found_codes_are_named(edition_2025: Catalogue) -> None:
    told = evidence(edition_2025, [finding("3g"), finding("3a")], [seen("3e", "clear"), seen("3c", "clear", who="b")])
    assert found_codes(told.of(edition_2025[3])).tolist() == ["3a;3g", ""]


def code(**more: object) -> Code:
    return Code(code="1a", title_zh="问题", title_en="problem", problem="timed", **more)


@pytest.mark.parametrize(
    ("rule", "building", "expected"),
    [
        ({"min_floors": 10}, {"floors": 10}, 1),
        ({"min_floors": 10}, {"floors": 9}, 0),
        ({"min_floors": 10}, {}, np.nan),
        ({"max_floors": 6}, {"floors": 7}, 0),
        ({"built_before": 2000}, {"year": 2000}, 1),
        ({"built_before": 2000}, {"year": 2001}, 0),
        ({"built_before": 2000}, {}, np.nan),
        ({"built_after": 2000}, {"year": 2000}, 0),
        ({"without_lift": True}, {"lift": 0}, 1),
        ({"without_lift": True}, {"lift": 1}, 0),
        ({"without_lift": True}, {}, np.nan),
        ({"heated": True}, {"heated": 1}, 1),
        ({"heated": True}, {"heated": 0}, 0),
        ({"min_floors": 4, "without_lift": True}, {"floors": 3}, 0),
        ({"min_floors": 4, "without_lift": True}, {"lift": 1}, 0),
        ({"min_floors": 4, "without_lift": True}, {"floors": 5}, np.nan),
        ({}, {}, 1),
    ],
)
def test_whether_a_question_arises(rule: dict[str, object], building: dict[str, float], expected: float) -> None:
    """Unknown storeys leave it open; a plain no settles it, whatever else is unknown."""
    row = pd.DataFrame([{"floors": np.nan, "year": np.nan, "lift": np.nan, "heated": np.nan, **building}])
    assert applies([code(**rule)], row)[0, 0] == pytest.approx(expected, nan_ok=True)


def test_what_is_found_stays_found_where_it_should_not_arise() -> None:
    states = np.array([[FOUND], [CLEAR], [UNKNOWN]], dtype=np.int8)
    assert where_it_applies(states, np.zeros((3, 1))).ravel().tolist() == [FOUND, NOT_APPLICABLE, NOT_APPLICABLE]
    open_question = np.full((3, 1), np.nan)
    assert where_it_applies(states, open_question).ravel().tolist() == [FOUND, CLEAR, UNKNOWN]


def test_measured_values() -> None:
    rows = [
        {"subject": "estate", "subject_id": "a", "item": "parking_spaces", "state": "measured", "value": 30.0},
        {"subject": "estate", "subject_id": "b", "item": "parking_spaces", "state": "not_applicable"},
        {"subject": "building", "subject_id": "a", "item": "ev_demand", "state": "measured", "value": 9.0},
    ]
    table = read_observations(conform(pd.DataFrame(rows, index=["1", "2", "3"]), "observations"))
    values = quantities(IDS, "estate", ["parking_spaces", "ev_demand"], table)
    assert values["parking_spaces"].tolist() == [30.0, 0.0]
    assert values["ev_demand"].isna().all()


def test_what_residents_decide() -> None:
    states = np.array([FOUND, FOUND, FOUND, CLEAR, UNKNOWN], dtype=np.int8)
    value, pending = wanted(states, np.array([0.5, 0.49, np.nan, 0.9, 0.9]), 0.5)
    assert value.tolist()[:4] == [1, 0, 1, 0]
    assert np.isnan(value[4])
    assert pending.tolist() == [False, False, True, False, False]


def test_areas_from_what_lies_in_them(edition_2025: Catalogue) -> None:
    """a and b lie in the first area: one found and one clear is found; clear and unknown is unknown."""
    told = evidence(
        edition_2025, [finding("2")], [seen("2", "clear", who="b"), seen("5", "clear"), *both("8", "clear")]
    )  # fmt: skip
    area = told.summed(np.array([0, 0]), 2)
    assert [state(area, code) for code in ("2", "5", "8")] == [FOUND, UNKNOWN, CLEAR]
    assert [state(area, code, 1) for code in ("2", "5", "8")] == [UNKNOWN] * 3
    assert area.open[0, area.codes.index("2")] == 1
    assert told.summed(np.array([-1, 0]), 1).open.sum() == 0


def both(item: str, word: str) -> list[dict[str, object]]:
    return [seen(item, word), seen(item, word, who="b")]
