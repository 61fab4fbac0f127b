"""The whole examination: the twelve buildings by hand, what a missing survey means, and the laws of counting."""

import re
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import InputError
from geo.examination.examine import examine
from geo.examination.result import AREAS, HOUSING_GROUPS, INDICATOR_COLUMNS, STATE_COLUMNS, Examination
from geo.standards import load_catalogue
from geo.standards.indicators import Catalogue
from geo.study import Study
from tests.geo.examination import twelve as by_hand

EDITIONS = ("examination-2025", "examination-2023")
KEYS = {name: [each.key for each in load_catalogue(name).of("housing", "residential")] for name in EDITIONS}


def counted(study: Study, catalogue: Catalogue) -> Examination:
    return examine(study, catalogue=catalogue, today=by_hand.TODAY)


@pytest.fixture(scope="module")
def results(town: Study) -> dict[str, Examination]:
    return {name: counted(town, load_catalogue(name)) for name in EDITIONS}


def row(result: Examination, key: str) -> pd.Series:
    return result.indicators.loc[result.indicators["key"] == key].iloc[0]


@pytest.mark.parametrize(("name", "key"), [(name, key) for name in EDITIONS for key in KEYS[name]])
def test_every_indicator_equals_the_count_by_hand(results: dict[str, Examination], name: str, key: str) -> None:
    expected = {**by_hand.HOUSING, **by_hand.RESIDENTIAL}[key]
    if (name, key) == ("examination-2023", "incomplete_flats"):
        expected = by_hand.FLATS_2023
    found = row(results[name], key)
    value, upper, surveyed, total = expected
    assert found["status"] == "computed"
    assert (found["value"], found["lower"]) == pytest.approx((value, value))
    assert found["upper"] == pytest.approx(upper, nan_ok=True)
    assert (found["surveyed"], found["total"], found["coverage"]) == (surveyed, total, pytest.approx(surveyed / total))
    assert found["found"] + found["clear"] + found["unknown"] == total


def test_nothing_is_left_out(results: dict[str, Examination]) -> None:
    for name, result in results.items():
        catalogue = load_catalogue(name)
        assert list(result.indicators.index) == [each.number for each in catalogue.indicators]
        assert tuple(result.indicators.columns) == INDICATOR_COLUMNS
        assert tuple(result.states.columns) == STATE_COLUMNS
        assert result.indicators["source"].ne("").all()
        assert set(result.groups.index.get_level_values("housing_group")) == set(HOUSING_GROUPS)
        assert set(result.areas.index.get_level_values("area")) == set(AREAS)


def test_by_housing_group(results: dict[str, Examination]) -> None:
    """Stairs: T01 and T03 before 2000 (of 01 02 03 05 12), T04 of 04 06, none of 07 08 09, T11 clear, T10 not asked."""
    stairs = results["examination-2025"].groups.loc[3]
    told = {group: tuple(stairs.loc[group, ["value", "surveyed", "total"]]) for group in HOUSING_GROUPS}
    assert told == {
        "before_2000": (2, 3, 5), "2000_2010": (1, 2, 2), "after_2010": (0, 3, 3), "self_built": (0, 0, 0),
        "historic": (0, 1, 1), "unknown": (0, 0, 0),
    }  # fmt: skip


def test_by_area(results: dict[str, Examination]) -> None:
    """Structure: T01 in E1, C1 and U01; T10 outside estates, in V1 and U01; T12, unknown, in C1 and U02."""
    areas = results["examination-2025"].areas["value"]
    assert areas.loc[(1, "estate")].to_dict() == {"": 1, "E1": 1, "E2": 0}
    assert areas.loc[(1, "community")].to_dict() == {"C1": 1, "V1": 1}
    assert areas.loc[(1, "unit")].to_dict() == {"U01": 2, "U02": 0}
    assert areas.loc[(14, "estate")].to_dict() == {"E1": 140, "E2": 0}
    assert results["examination-2025"].areas.loc[(1, "unit", "U02"), "coverage"] == pytest.approx(3 / 4)


def test_what_is_done_counts_before_the_works_and_not_today(results: dict[str, Examination]) -> None:
    """4d of T03 and 80 m of footpath are done; everything else is as today."""
    result = results["examination-2025"]
    today, before = result.indicators["value"], result.before["value"]
    assert (today[4], before[4]) == (2, 3)
    assert (today[18], before[18]) == pytest.approx((0.12, 0.20))
    same = [number for number in range(1, 22) if number not in (4, 18)]
    pd.testing.assert_series_equal(today[same], before[same])
    assert (today[60], before[60]) == pytest.approx((100 * 2 / len(result.findings), 0))


def test_the_fixed_sentence(results: dict[str, Examination]) -> None:
    sentence = results["examination-2025"].indicators["sentence_zh"]
    assert sentence[2] == "共1栋住宅存在燃气立管、引入管或水平管锈蚀破损的问题,为幸福里2号楼。"
    assert sentence[6].startswith("共3栋住宅存在")
    assert sentence[6].endswith("的问题,为幸福里2号楼、5号楼,T11。")
    assert "合计7套,为幸福里1号楼,T11。" in sentence[5]
    assert "合计缺140个,为幸福里。" in sentence[14]
    assert "合计0.12千米" in sentence[18]
    assert sentence[12] == ""
    english = results["examination-2025"].indicators["sentence_en"]
    assert english[2] == (
        "1 residential building: gas riser, service or horizontal pipe rusted or broken. Xingfu Lane No. 2."
    )


def test_every_sentence_tells_the_number_it_lists(results: dict[str, Examination]) -> None:
    for result in results.values():
        for number, told in result.indicators.iterrows():
            if not told["sentence_zh"]:
                continue
            rows = result.states[(result.states["number"] == number) & (result.states["value"] > 0)]
            assert re.match(r"共(\d+)", told["sentence_zh"]).group(1) == str(len(rows))


def test_residents_decide_what_is_an_improvement(results: dict[str, Examination]) -> None:
    """Ageing: 0.4 of E1 want it, so T01 and T06 are shown, not counted. Energy: nobody was asked, so pending."""
    states = results["examination-2025"].states.set_index(["number", "subject_id"])
    assert states.loc[(7, "T01"), ["state", "value", "pending"]].tolist() == ["found", 0.0, False]
    assert states.loc[(7, "T09"), ["state", "value", "pending"]].tolist() == ["found", 1.0, False]
    assert states.loc[(8, "T01"), ["state", "value", "pending"]].tolist() == ["found", 1.0, True]
    notes = results["examination-2025"].indicators["note_zh"]
    assert "2栋有问题,但居民问卷支持率不足50%" in notes[7]
    assert "2栋尚未做居民问卷" in notes[8]


def test_buildings_and_findings_know_their_place(results: dict[str, Examination]) -> None:
    result = results["examination-2025"]
    homes = result.buildings
    assert homes.loc["T01", ["site_id", "block_id", "unit_id", "community_id"]].tolist() == ["E1", "B1", "U01", "C1"]
    assert homes.loc["T11", ["site_id", "unit_id", "community_id"]].tolist() == ["block:B1", "U01", "V1"]
    assert homes.loc["T03", ["findings_open", "findings_done"]].tolist() == [2, 1]
    assert homes.loc["T01", "indicators_found"] == "1;3;4;5;7;8"
    assert homes.loc["T07", ["severity", "score", "surveyed_share"]].tolist() == ["none", 0.0, 1.0]
    assert homes.loc["T12", "severity"] == "unknown"
    assert np.isnan(homes.loc["T12", "score"])
    footpath = result.findings[result.findings["code"] == "18"]
    assert set(footpath["site_id"]) == {"E1"}
    assert footpath["open"].tolist() == [True, False]
    assert result.findings.loc["F01", "years_open"] == pytest.approx(213 / 365.25)
    assert result.findings["counted"].sum() == result.findings["open"].sum() - 1  # 10w is not in the edition of 2025
    assert any("10w" in note[0] for note in result.notes)


def test_severity_by_hand(results: dict[str, Examination]) -> None:
    """T10: two serious findings open for 213 days: 2 x 3 x (1 + 0.583/10). Its block holds T01..T06, T10, T11."""
    result = results["examination-2025"]
    assert result.buildings.loc["T10", "score"] == pytest.approx(6 * (1 + 213 / 365.25 / 10))
    inside = result.buildings[result.buildings["block_id"] == "B1"]
    assert result.blocks.loc["B1", "score"] == pytest.approx(inside["score"].mean())
    assert result.blocks.loc["B1", ["buildings", "buildings_surveyed"]].tolist() == [8, 8]
    assert result.blocks.loc["B1", "severity"] == "serious"
    assert result.estates.loc["E1", "findings_per_ha"] == pytest.approx(result.estates.loc["E1", "findings_open"] / 4)


# ── unknown is not zero ──────────────────────────────────────────────────────────────────────────────────────────────
def without(study: Study, codes: set[str], items: set[str]) -> Study:
    findings, seen = study["findings"], study["observations"]
    tables = {
        "findings": findings[~findings["code"].isin(codes)],
        "observations": seen[~seen["item"].isin(codes | items)],
    }
    return replace(study, tables={**study.tables, **tables})


@pytest.mark.parametrize("half", [0, 1])
@pytest.mark.parametrize("name", EDITIONS)
def test_removing_a_survey_turns_zeros_into_unknowns(
    town: Study, results: dict[str, Examination], name: str, half: int
) -> None:
    """Every second indicator loses its survey, then the others: those know nothing, the rest is as before."""
    catalogue = load_catalogue(name)
    surveyed = catalogue.of("housing", "residential")
    lost, kept = surveyed[half::2], surveyed[1 - half :: 2]
    codes = {code.code for each in lost for code in each.codes}
    items = {item.key for each in lost for item in each.items} - {item.key for each in kept for item in each.items}
    told = counted(without(town, codes, items), catalogue).indicators
    for each in lost:
        found = told.loc[each.number]
        assert (found["status"], found["found"], found["clear"], found["surveyed"]) == ("unknown", 0, 0, 0), each.key
        assert np.isnan(found["value"])
        assert (found["lower"], found["coverage"]) == (0, 0)
        assert found["unknown"] == found["total"] > 0
        assert found["sentence_zh"] == ""
    rest = [each.number for each in kept]
    pd.testing.assert_frame_equal(told.loc[rest], results[name].indicators.loc[rest])


def test_a_study_without_any_survey_knows_nothing(town: Study, edition_2025: Catalogue) -> None:
    bare = replace(town, tables={k: v for k, v in town.tables.items() if k not in ("findings", "observations")})
    result = counted(bare, edition_2025)
    told = result.indicators.loc[1:21]
    assert told["status"].eq("unknown").all()
    assert told["value"].isna().all()
    assert set(result.buildings["severity"]) == {"unknown"}
    assert not len(result.findings)


def test_only_buildings_are_enough(town: Study, edition_2025: Catalogue) -> None:
    kept = ("buildings", "findings", "observations")
    result = counted(replace(town, tables={k: v for k, v in town.tables.items() if k in kept}), edition_2025)
    assert result.indicators.loc[1, "value"] == 2
    assert result.indicators.loc[14, "status"] == "unknown"
    assert "没有小区" in result.indicators.loc[14, "note_zh"]


def test_without_blocks_estates_are_units(town: Study, edition_2025: Catalogue) -> None:
    """E1 and E2 have no number of people then; 240 households do not tell one. Gaps need none."""
    kept = {k: v for k, v in town.tables.items() if k not in ("blocks", "seams")}
    result = counted(replace(town, tables=kept), edition_2025)
    assert result.units.index.tolist() == ["E1", "E2"]
    assert result.indicators.loc[14, "value"] == 140
    assert result.indicators.loc[10, ["value", "found"]].tolist() == [1, 1]
    assert any("以小区为单元" in note[0] for note in result.notes)


# ── what is refused ──────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_day_that_is_none_is_refused(town: Study, edition_2025: Catalogue) -> None:
    with pytest.raises(InputError, match="day of the examination"):
        examine(town, catalogue=edition_2025, today="30.9.2026")


def test_a_study_nobody_lives_in_is_refused(town: Study, edition_2025: Catalogue) -> None:
    shops = town["buildings"].assign(use="commercial", dwellings=pd.NA)
    with pytest.raises(InputError, match="no building that people live in"):
        counted(replace(town, tables={**town.tables, "buildings": shops}), edition_2025)


def test_progress_is_told(town: Study, edition_2025: Catalogue) -> None:
    heard: list[tuple[str, float]] = []
    examine(town, catalogue=edition_2025, today=by_hand.TODAY, told=lambda step, share: heard.append((step, share)))
    assert [step for step, _ in heard] == ["units", "housing", "residential", "district", "tables", "done"]
    assert [share for _, share in heard] == sorted(share for _, share in heard)


# ── laws ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
CODES = [code.code for each in load_catalogue("examination-2025").of("housing", "residential") for code in each.codes]
one_finding = st.fixed_dictionaries(
    {
        "where": st.sampled_from([*(f"T{i:02d}" for i in range(1, 13)), "E1", "E2"]),
        "code": st.sampled_from(CODES),
        "severity": st.sampled_from(["general", "serious", "very_serious"]),
        "status": st.sampled_from(["open", "scheduled", "done", "checked"]),
        "extent": st.one_of(st.none(), st.floats(0, 50)),
    }
)


def with_findings(study: Study, rows: list[dict[str, object]]) -> Study:
    catalogue = load_catalogue("examination-2025")
    own = study["findings"]
    more = pd.DataFrame(rows, index=pd.Index([f"X{i}" for i in range(len(rows))], dtype="str"))
    frame = gpd.GeoDataFrame(
        {
            "subject": np.where(more["where"].str.startswith("T"), "building", "estate"),
            "subject_id": more["where"], "code": more["code"], "severity": more["severity"],
            "status": more["status"], "extent": more["extent"].astype("float64"),
            "extent_unit": [catalogue.codes[code][1].extent or None for code in more["code"]],
            "surveyed_on": "2026-04-01",
        },
        geometry=[own.geometry.iloc[0]] * len(more), crs=own.crs,
    )  # fmt: skip
    return study.having({"findings": pd.concat([own, frame])})


@settings(max_examples=6, deadline=None)
@given(rows=st.lists(one_finding, min_size=1, max_size=6))
def test_another_finding_never_lowers_a_count(rows: list[dict[str, object]]) -> None:
    catalogue = load_catalogue("examination-2025")
    town = by_hand.twelve()
    less = counted(town, catalogue)
    more = counted(with_findings(town, [{**each, "status": "open"} for each in rows]), catalogue)
    low, high = (each.indicators.loc[1:21, "lower"] for each in (less, more))
    assert (high >= low).all()
    assert (more.before["lower"].loc[1:21] >= less.before["lower"].loc[1:21]).all()


@settings(max_examples=6, deadline=None)
@given(rows=st.lists(one_finding, min_size=1, max_size=6), seed=st.integers(0, 2**31), data=st.data())
def test_laws_of_counting(rows: list[dict[str, object]], seed: int, data: st.DataObject) -> None:
    """Whatever was seen of whatever part of the town."""
    catalogue = load_catalogue("examination-2025")
    town = with_findings(by_hand.twelve(), rows)
    seen = town["observations"]
    kept = data.draw(st.lists(st.booleans(), min_size=20, max_size=20))
    town = replace(town, tables={**town.tables, "observations": seen[np.resize(kept, len(seen))]})
    result = counted(town, catalogue)
    told = result.indicators.loc[1:21]

    share = told["coverage"].dropna()
    assert share.between(0, 1).all()
    known = told["value"].notna()
    assert (told["lower"] <= told["value"])[known].all()
    assert ((told["value"] <= told["upper"]) | told["upper"].isna())[known].all()
    assert (told["found"] + told["clear"] + told["unknown"] == told["total"]).all()

    for number in range(1, 10):
        whole = (told.loc[number, "lower"], told.loc[number, "surveyed"], told.loc[number, "total"])
        assert tuple(result.groups.loc[number, ["value", "surveyed", "total"]].sum()) == pytest.approx(whole)
    for (number, _), part in result.areas.groupby(level=["number", "area"]):
        whole = (told.loc[number, "lower"], told.loc[number, "surveyed"], told.loc[number, "total"])
        assert tuple(part[["value", "surveyed", "total"]].sum()) == pytest.approx(whole)

    rng = np.random.default_rng(seed)
    mixed = {name: frame.iloc[rng.permutation(len(frame))] for name, frame in town.tables.items()}
    again = counted(replace(town, tables=mixed), catalogue)
    twice = pd.concat([town["findings"], town["findings"].add_prefix("", axis=0).set_axis(
        [f"Z{name}" for name in town["findings"].index])])  # fmt: skip
    doubled = counted(town.having({"findings": twice}), catalogue)
    for name in ("indicators", "groups", "areas", "states", "before"):
        pd.testing.assert_frame_equal(getattr(result, name), getattr(again, name))
    columns = [name for name in told.columns if not name.startswith("note")]
    pd.testing.assert_frame_equal(told[columns], doubled.indicators.loc[1:21, columns])
    pd.testing.assert_frame_equal(result.states, doubled.states)
    for name in ("buildings", "blocks"):
        pd.testing.assert_frame_equal(
            pd.DataFrame(getattr(result, name)).drop(columns="geometry"),
            pd.DataFrame(getattr(again, name)).drop(columns="geometry"),
        )
