"""Indicators of housing, one rule at a time."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from geo.examination.buildings import locate
from geo.examination.housing import judge_housing
from geo.examination.judging import CLEAR, FOUND, NOT_APPLICABLE, UNKNOWN, Judged, read_findings, read_observations
from geo.standards.indicators import Catalogue
from geo.study import Study
from tests.geo.examination.twelve import TODAY, findings, observations, twelve


def judged(catalogue: Catalogue, study: Study | None = None) -> dict[str, Judged]:
    study = twelve() if study is None else study
    land = ("blocks", "seams")  # housing needs no units
    study = replace(study, tables={name: table for name, table in study.tables.items() if name not in land})
    read = read_findings(study.get("findings"), catalogue, TODAY)
    looked = read_observations(study.get("observations"))
    told, _ = judge_housing(locate(study, catalogue), read, looked, catalogue)
    return {each.indicator.key: each for each in told}


def without(*records: str) -> Study:
    """Return the town without these observations."""
    seen = observations()
    kept = seen[~seen.index.isin(records)]
    assert len(kept) == len(seen) - len(records)
    return twelve().having({"observations": kept})


def of(each: Judged, home: str) -> tuple[int, float]:
    at = int(home[1:]) - 1
    return int(each.state[at]), float(each.value[at])


def test_three_findings_of_one_indicator_are_one_building(edition_2025: Catalogue) -> None:
    stairs = judged(edition_2025)["stairs"]
    assert of(stairs, "T01") == (FOUND, 1.0)
    assert (stairs.codes[0], stairs.findings[0]) == ("3a;3e;3g", 3)


def test_one_code_nobody_looked_at_leaves_the_indicator_open(edition_2025: Catalogue) -> None:
    assert of(judged(edition_2025)["stairs"], "T07") == (CLEAR, 0.0)
    open_question = judged(edition_2025, without("building:T07:3f"))["stairs"]
    assert open_question.state[6] == UNKNOWN
    assert np.isnan(open_question.value[6])
    assert open_question.upper[6] == 1


def test_a_code_that_does_not_apply_need_not_be_looked_at(edition_2025: Catalogue) -> None:
    """T09 has 6 storeys: 3c is asked from 10 on, 3d from 8 on."""
    study = without("building:T09:3c", "building:T09:3d")
    assert of(judged(edition_2025, study)["stairs"], "T09") == (CLEAR, 0.0)
    floors = study["buildings"].assign(floors=study["buildings"]["floors"].mask(study["buildings"].index == "T09"))
    unknown = judged(edition_2025, study.having({"buildings": floors}))["stairs"]
    assert unknown.state[8] == UNKNOWN


def test_heating_is_asked_only_where_there_is_any(edition_2025: Catalogue) -> None:
    study = without("building:T10:6b", "building:T07:6b")
    pipes = judged(edition_2025, study)["pipes"]
    assert (pipes.state[9], pipes.state[6]) == (UNKNOWN, UNKNOWN)  # nobody knows of T10; E2 is heated
    cold = study.having({"estates": study["estates"].assign(heated=False)})
    assert judged(edition_2025, cold)["pipes"].state[6] == CLEAR


def test_self_built_homes_are_not_asked_about_stairs_and_ageing(edition_2025: Catalogue) -> None:
    told = judged(edition_2025)
    assert [told[key].state[9] for key in ("stairs", "ageing", "digital")] == [NOT_APPLICABLE, NOT_APPLICABLE, CLEAR]
    assert judged(edition_2025, without("building:T10:9b", "building:T10:9c"))["digital"].state[9] == CLEAR
    assert judged(edition_2025, without("building:T10:9a"))["digital"].state[9] == UNKNOWN
    assert any("不适用" in zh for zh, _ in told["stairs"].notes)


def test_what_a_surveyor_saw_counts_even_where_it_is_not_collected(edition_2025: Catalogue) -> None:
    seen = findings()
    seen.loc[seen["subject_id"] == "T10", "code"] = "3a"
    assert of(judged(edition_2025, twelve().having({"findings": seen}))["stairs"], "T10") == (FOUND, 1.0)


@pytest.mark.parametrize(
    ("extents", "flats", "upper"),
    [([6.0], 6, 6), ([6.0, 3.0], 9, 9), ([None], 1, 24), ([6.0, None], 7, 24), ([0.0], 1, 1), ([30.0, None], 31, 31)],
)
def test_flats_are_counted(edition_2025: Catalogue, extents: list[float | None], flats: float, upper: float) -> None:
    """T01 has 24 flats; a finding without a number is one flat at least, and leaves the rest of them open."""
    own = findings()
    rows = own[(own["subject_id"] == "T01") & (own["code"] == "5")]
    more = pd.concat([rows] * len(extents)).assign(extent=extents, location=[str(i) for i in range(len(extents))])
    more.index = [f"G{i}" for i in range(len(extents))]
    study = twelve().having({"findings": pd.concat([own.drop(rows.index), more])})
    told = judged(edition_2025, study)["incomplete_flats"]
    assert of(told, "T01") == (FOUND, flats)
    assert told.upper[0] == upper


def test_unknown_flats_are_bounded_by_the_flats_there_are(edition_2025: Catalogue) -> None:
    told = judged(edition_2025)["incomplete_flats"]
    assert told.upper[4] == 24
    assert told.upper[11] == 20
    study = twelve()
    silent = judged(edition_2025, study.having({"buildings": study["buildings"].assign(dwellings=pd.NA)}))
    assert np.isnan(silent["incomplete_flats"].upper[[4, 10, 11]]).all()


def test_in_2023_the_same_is_counted_in_buildings(edition_2023: Catalogue) -> None:
    told = judged(edition_2023)["incomplete_flats"]
    assert of(told, "T01") == (FOUND, 1.0)
    assert float(np.nansum(told.value)) == 2


def test_half_of_the_residents_is_enough(edition_2025: Catalogue) -> None:
    """E2: 0.5 want digital works. What counts is the share, not who is in it."""
    assert of(judged(edition_2025)["digital"], "T08") == (FOUND, 1.0)
    seen = observations()
    seen.loc["estate:E2:support_digital", "value"] = 0.49
    told = judged(edition_2025, twelve().having({"observations": seen}))["digital"]
    assert of(told, "T08") == (FOUND, 0.0)
    assert not told.pending.any()
    asked_nobody = judged(edition_2025, without("estate:E2:support_digital"))["digital"]
    assert of(asked_nobody, "T08") == (FOUND, 1.0)
    assert asked_nobody.pending[7]


def test_a_danger_needs_no_survey(edition_2025: Catalogue) -> None:
    """底线型: what residents want does not matter for safety."""
    seen = pd.concat([
        observations(),
        pd.DataFrame({"subject": "estate", "subject_id": "E1", "item": "support_structure", "state": "measured",
                      "value": 0.0}, index=["estate:E1:support_structure"]),
    ])  # fmt: skip
    assert of(judged(edition_2025, twelve().having({"observations": seen}))["structure"], "T01") == (FOUND, 1.0)


def test_severity_is_the_gravest(edition_2025: Catalogue) -> None:
    told = judged(edition_2025)
    assert told["structure"].severity[0] == 2  # written down as serious
    assert told["energy"].severity[2] == 1  # observed without a finding: the catalogue's own, general
    assert told["structure"].severity[6] == 0


def test_order_of_rows_does_not_matter(edition_2025: Catalogue) -> None:
    study = twelve()
    mixed = replace(study, tables={name: frame.iloc[::-1] for name, frame in study.tables.items()})
    for one, other in zip(judged(edition_2025, study).values(), judged(edition_2025, mixed).values(), strict=True):
        np.testing.assert_array_equal(one.state, other.state)
        np.testing.assert_array_equal(one.value, other.value)
