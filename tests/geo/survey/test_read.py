"""What a survey says: workbooks in both languages, CSV, GeoJSON and exports of phones give the same tables."""

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from pyproj import Transformer

from geo.schema import check
from geo.standards.indicators import Catalogue, load_catalogue
from geo.study import Study
from geo.survey.forms import FIRST_ROW, forms
from geo.survey.kobo import SurveyMapping
from geo.survey.read import SurveyRead, finding_id, read_survey
from layers.survey_book import write_survey_xlsx
from tests.geo.survey.towns import TODAY, Book, small_catalogue

Read = Callable[..., SurveyRead]
WHO = {"surveyed_on": "2026-03-01", "surveyor": "张三"}


def told(read: SurveyRead) -> list[str]:
    return [each.kind for each in (*read.faults, *read.warnings)]


def test_forms_follow_from_the_catalogue(study: Study, catalogue: Catalogue) -> None:
    """Four sheets; without examination units none for them; the shop is not on the list."""
    found = forms(study, catalogue)
    assert [(f.key, f.subject, len(f.rows), [x.key for x in f.fields]) for f in found] == [
        ("stairs", "building", 12, ["3a", "3d"]),
        ("envelope", "building", 12, ["4a"]),
        ("pipes", "building", 12, ["5"]),
        ("parking", "estate", 2, ["14", "parking_spaces", "fire_lane_occupied", "ground_m2", "support_ageing"]),
    ]
    assert found[0].rows.loc["B9", "estate"] == "清河二村"


def test_an_empty_workbook_says_nothing(blank: Path, study: Study, catalogue: Catalogue) -> None:
    read = read_survey(blank, study, catalogue, today=TODAY)
    assert (len(read.observations), len(read.findings), told(read)) == (0, 0, [])


def test_one_workbook_by_hand(book: Book, read: Read, study: Study) -> None:
    """B1: 3a found without details, 3d not applicable. B2: clear. B4: 4a with details. E1: 150 bays, no fire lane."""
    book.put("楼道", 4, {**WHO, "3a": "无"})
    book.put("围护", 3, {**WHO, "4a": "有"})
    book.put("问题明细", 0, {**WHO, "subject": "住宅楼", "subject_id": "B4", "code": "4a 外墙脱落", "extent": 12,
                            "location": "东山墙", "x": 500130.0, "y": 3500006.0, "due_on": "2026-12-31"})  # fmt: skip
    book.put("停车与充电", 0, {**WHO, "parking_spaces": 150, "fire_lane_occupied": "否", "support_ageing": 0.35,
                              "ground_m2": "不涉及"})  # fmt: skip
    sewage = book.row_of("手工填报", "value_sewage") - FIRST_ROW
    book.put("手工填报", sewage, {"value": 72.5, "source": "水务局 2025 年报"})
    got = read(book)
    assert told(got) == []
    assert check(got.findings, "findings") == []
    assert check(got.observations, "observations") == []
    seen = got.observations
    assert {key: (row.state, None if pd.isna(row.value) else row.value) for key, row in seen.iterrows()} == {
        "building:B1:3a": ("found", None),
        "building:B1:3d": ("not_applicable", None),
        "building:B5:3a": ("clear", None),
        "building:B4:4a": ("found", None),
        "estate:E1:parking_spaces": ("measured", 150.0),
        "estate:E1:fire_lane_occupied": ("measured", 0.0),
        "estate:E1:ground_m2": ("not_applicable", None),
        "estate:E1:support_ageing": ("measured", 0.35),
        "town:town:value_sewage": ("measured", 72.5),
    }
    assert seen.loc["town:town:value_sewage", "source"] == "水务局 2025 年报"
    assert seen.loc["building:B1:3a", "source"] == "survey.xlsx#楼道!6"
    assert got.findings.index.tolist() == [finding_id("building", "B4", "4a", "东山墙", 1), "building:B1:3a:1"]
    full, bare = got.findings.iloc[0], got.findings.iloc[1]
    assert (full.severity, full.extent, full.extent_unit, full.status, full.estate_id) == (
        "serious",
        12,
        "m2",
        "open",
        "E1",
    )
    assert (full.geometry.x, full.geometry.y, full.place_given) == (500130, 3500006, True)
    assert (bare.severity, bare.surveyed_on, bare.surveyor, bare.place_given) == (
        "general",
        "2026-03-01",
        "张三",
        False,
    )
    assert study["buildings"].geometry["B1"].contains(bare.geometry)
    assert got.made == {"building:B1:3a:1"}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_answers_written_are_read_again(
    lang: str, book: Book, read: Read, study: Study, catalogue: Catalogue, tmp_path: Path
) -> None:
    """A workbook filled in by shequ gives the same answers, in either language."""
    book.put("问题明细", 0, {**WHO, "subject": "住宅楼", "subject_id": "B4", "code": "4a", "extent": 12.5,
                            "x": 500130.25, "y": 3500006.5, "photo": "a.jpg；b.jpg", "note": "=1+1", "status": "已整治",
                            "done_on": "2026-05-01", "location": "东"})  # fmt: skip
    book.put("停车与充电", 1, {**WHO, "parking_spaces": 80, "fire_lane_occupied": "是", "support_ageing": 0.5})
    book.put("手工填报", 1, {"value": 72.5, "source": "水务局"})
    first = read(book)
    path = tmp_path / "again.xlsx"
    write_survey_xlsx(study, catalogue, path, lang=lang, answers=first)  # type: ignore[arg-type]
    again = read_survey(path, study, catalogue, today=TODAY)
    assert again.faults == ()
    drop = ["source"]
    one, two = first.observations.drop(columns=drop), again.observations.drop(columns=drop)
    pd.testing.assert_frame_equal(one.sort_index(), two.sort_index())
    pd.testing.assert_frame_equal(
        pd.DataFrame(first.findings.drop(columns=drop).sort_index()),
        pd.DataFrame(again.findings.drop(columns=drop).sort_index()),
    )


def test_valid_rows_only(book: Book, read: Read) -> None:
    """B2's bad row is left out with all its answers; B1's stays."""
    book.put("楼道", 1, {**WHO, "3a": "也许", "3d": "无"})
    assert not read(book).usable
    got = read(book, valid_rows_only=True)
    assert got.usable
    assert set(got.observations["subject_id"]) == {"B1"}
    assert told(got) == ["result_word"]


def test_new_rows_beside_ids_given_before(book: Book, read: Read) -> None:
    """A new finding never takes the id that another row was given."""
    row = {**WHO, "subject": "住宅楼", "subject_id": "B4", "code": "4a", "extent": 3}
    book.put("问题明细", 0, {**row, "finding_id": "building:B4:4a:1"})
    book.put("问题明细", 1, {**row, "extent": 4})
    got = read(book).findings
    assert got["extent"].drop("building:B1:3a:1").to_dict() == {"building:B4:4a:1": 3.0, "building:B4:4a:2": 4.0}


FINDINGS_CSV = (
    "问题编号,对象,对象编号,问题代码,规模,具体位置,调查日期,调查人\n"
    "F1,住宅楼,B4,4a,12,东山墙,2026/3/1,张三\n"
    ",住宅楼,B5,3a,２,,2026年3月2日,李四\n"
)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16"])
def test_findings_in_csv(encoding: str, tmp_path: Path, study: Study, catalogue: Catalogue) -> None:
    path = tmp_path / "f.csv"
    path.write_text(FINDINGS_CSV, encoding)
    got = read_survey(path, study, catalogue, today=TODAY)
    assert [(f.kind, f.cell) for f in (*got.faults, *got.warnings)] == [("fullwidth", "E3")]
    assert got.findings.index.tolist() == ["F1", "building:B5:3a:1"]
    assert got.findings["extent"].tolist() == [12.0, 2.0]
    assert got.findings["surveyed_on"].tolist() == ["2026-03-01", "2026-03-02"]
    assert got.findings["severity"].tolist() == ["serious", "general"]


def test_a_phone_export_by_building(tmp_path: Path, study: Study, catalogue: Catalogue) -> None:
    """Group paths, a select_multiple with and without its own columns, columns of the phone, a day from its clock."""
    path = tmp_path / "k.csv"
    path.write_text(
        "start,basics/building_id,basics/enumerator,checks/stairs,checks/stairs/3a,checks/stairs/3d,checks/envelope,"
        "extra/colour,_submission_time,_uuid,_geolocation\n"
        "2026-03-01T09:00:00,B7,王五,3a,1,0,,red,2026-03-01T10:00:00,u1,31.6 117.0 0 0\n"
        "2026-03-01T09:00:00,B8,王五,,0,0,none,,2026-03-01T11:00:00,u2,\n"
        "2026-03-01T09:00:00,B9,王五,,,,4a,,2026-03-01T11:00:00,u3,\n",
        "utf-8",
    )
    got = read_survey(path, study, catalogue, today=TODAY)
    assert [(f.kind, f.value) for f in (*got.faults, *got.warnings)] == [("column_unknown", "H extra/colour")]
    assert got.observations["state"].to_dict() == {
        "building:B7:3a": "found", "building:B7:3d": "clear", "building:B8:3a": "clear", "building:B8:3d": "clear",
        "building:B8:4a": "clear", "building:B9:4a": "found",
    }  # fmt: skip
    assert set(got.observations["surveyed_on"]) == {"2026-03-01"}
    assert set(got.observations["surveyor"]) == {"王五"}


def test_a_mapping_says_what_names_do_not(tmp_path: Path, study: Study, catalogue: Catalogue) -> None:
    path = tmp_path / "m.csv"
    path.write_text("haus,wer,wann,probleme\nB7,王五,2026-03-01,a b\nB8,王五,2026-03-01,none\n", "utf-8")
    toml = tmp_path / "m.toml"
    toml.write_text(
        'rows = "subject"\n[columns]\nsubject_id = "haus"\nsurveyor = "wer"\nsurveyed_on = "wann"\n'
        '[options]\nprobleme = ["3a", "4a"]\n',
        "utf-8",
    )
    mapping = SurveyMapping.load(toml)
    got = read_survey(path, study, catalogue, mapping=mapping)
    assert {f.kind for f in got.faults} == {"result_word"}
    path.write_text("haus,wer,wann,probleme\nB7,王五,2026-03-01,3a\nB8,王五,2026-03-01,none\n", "utf-8")
    states = read_survey(path, study, catalogue, mapping=mapping).observations["state"].to_dict()
    assert states == {"building:B7:3a": "found", "building:B7:4a": "clear", "building:B8:3a": "clear",
                      "building:B8:4a": "clear"}  # fmt: skip


@pytest.mark.parametrize("text", ["rows = 3", "colums = {}", "rows ="])
def test_a_wrong_mapping_is_refused(text: str, tmp_path: Path) -> None:
    from geo.errors import InputError

    path = tmp_path / "m.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(InputError):
        SurveyMapping.load(path)
    with pytest.raises(InputError, match="cannot be read"):
        SurveyMapping.load(tmp_path / "none.toml")


def test_findings_in_geojson(tmp_path: Path, study: Study, catalogue: Catalogue) -> None:
    lon, lat = Transformer.from_crs(32650, 4326, always_xy=True).transform(500130.0, 3500006.0)
    path = tmp_path / "f.geojson"
    path.write_text(
        json.dumps({"type": "FeatureCollection", "features": [
            {"type": "Feature", "geometry": {"type": "Point", "coordinates": [lon, lat]},
             "properties": {"building_id": "B4", "code": "4a", "extent": 12, "surveyor": "张三", "date": "2026-03-01",
                            "photo": ["a.jpg", "b.jpg"], "note": None}},
        ]}), "utf-8",
    )  # fmt: skip
    got = read_survey(path, study, catalogue, today=TODAY)
    assert told(got) == []
    one = got.findings.iloc[0]
    assert (one.severity, one.photo, one.place_given) == ("serious", "a.jpg;b.jpg", True)
    assert one.geometry.distance(study["buildings"].geometry["B4"]) == 0
    assert abs(one.geometry.x - 500130) < 0.01


def test_editions_differ(book: Book, read: Read, study: Study, tmp_path: Path) -> None:
    path = book.save(tmp_path / "x.xlsx")
    assert told(read_survey(path, study, small_catalogue("test 2"))) == ["wrong_edition"]


def test_a_workbook_made_before_the_units_is_read_after_them(study: Study, tmp_path: Path) -> None:
    """School places were asked of estates then; units are there now, and nothing is missing or unknown."""
    catalogue = load_catalogue("examination-2025")
    write_survey_xlsx(study, catalogue, tmp_path / "a.xlsx")
    book = Book(tmp_path / "a.xlsx")
    book.put("养老托育教育", 0, {**WHO, "primary_demand": 120, "elder_care_m2": 400})
    path = book.save(tmp_path / "b.xlsx")
    units = study["estates"][["name", "households", "people", "geometry"]].iloc[:1].set_axis(["U1"])
    later = study.having({"units": units})
    got = read_survey(path, later, catalogue, today=TODAY)
    assert told(got) == []
    assert got.observations["value"].to_dict() == {"estate:E1:elder_care_m2": 400.0, "estate:E1:primary_demand": 120.0}
    write_survey_xlsx(later, catalogue, tmp_path / "c.xlsx")
    assert told(read_survey(tmp_path / "c.xlsx", later, catalogue)) == []
    assert [form.key for form in forms(later, catalogue)][-1] == "services_unit"
