"""One planted fault for each kind: it is told, with its kind and its cell; and nothing else is."""

import io
import json
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from geo.errors import InputError
from geo.standards.indicators import Catalogue
from geo.study import Study
from geo.survey.faults import KINDS
from geo.survey.forms import FIRST_ROW
from geo.survey.read import SurveyRead, read_survey
from tests.geo.survey.towns import TODAY, Book

Read = Callable[..., SurveyRead]

STAIRS, ENVELOPE, FLATS, PARKING, TOWN, FINDINGS = "楼道", "围护", "成套与管线", "停车与充电", "手工填报", "问题明细"
WHO = {"surveyed_on": "2026-03-01", "surveyor": "张三"}
FINDING = {"subject": "住宅楼", "subject_id": "B4", "code": "4a 外墙脱落", "extent": 12, **WHO}
BLANK = {"surveyed_on": None, "surveyor": None}

CELLS: tuple[tuple[str, str, dict[str, object], str], ...] = (
    # kind, sheet, what is written into its second row, the column that is told
    ("id_edited", STAIRS, {"id": "B99", **WHO, "3a": "无"}, "id"),
    ("id_edited", STAIRS, {"id": "B7", **WHO, "3a": "无"}, "id"),
    ("row_twice", STAIRS, {"id": "B1", "_id": None, **WHO, "3a": "无"}, "id"),
    ("id_missing", STAIRS, {"id": None, "_id": None, **WHO, "3a": "无"}, "id"),
    ("building_unknown", STAIRS, {"id": "B99", "_id": None, **WHO, "3a": "无"}, "id"),
    ("building_use", STAIRS, {"id": "S1", "_id": None, **WHO, "3a": "无"}, "id"),
    ("estate_unknown", PARKING, {"id": "E9", "_id": None, **WHO, "parking_spaces": 3}, "id"),
    ("result_word", STAIRS, {**WHO, "3a": "也许"}, "3a"),
    ("not_applicable_found", STAIRS, {**WHO, "3d": "有"}, "3d"),
    ("date_unreadable", STAIRS, {**WHO, "surveyed_on": "三月一日", "3a": "无"}, "surveyed_on"),
    ("date_unreadable", STAIRS, {**WHO, "surveyed_on": "2026-02-30", "3a": "无"}, "surveyed_on"),
    ("date_future", STAIRS, {**WHO, "surveyed_on": "2026-07-01", "3a": "无"}, "surveyed_on"),
    ("date_before_1990", STAIRS, {**WHO, "surveyed_on": "1989-12-31", "3a": "无"}, "surveyed_on"),
    ("date_missing", STAIRS, {"surveyor": "张三", "3a": "无"}, "surveyed_on"),
    ("surveyor_missing", STAIRS, {"surveyed_on": "2026-03-01", "3a": "无"}, "surveyor"),
    ("value_text", PARKING, {**WHO, "parking_spaces": "很多"}, "parking_spaces"),
    ("value_negative", PARKING, {**WHO, "parking_spaces": -3}, "parking_spaces"),
    ("value_infinite", PARKING, {**WHO, "ground_m2": "inf"}, "ground_m2"),
    ("value_not_whole", PARKING, {**WHO, "parking_spaces": 3.5}, "parking_spaces"),
    ("value_implausible", PARKING, {**WHO, "parking_spaces": 1921}, "parking_spaces"),
    ("share_over_one", PARKING, {**WHO, "support_ageing": 35}, "support_ageing"),
    ("flag_word", PARKING, {**WHO, "fire_lane_occupied": "也许"}, "fire_lane_occupied"),
    ("word_other", STAIRS, {**WHO, "3a": "×"}, "3a"),
    ("word_other", PARKING, {**WHO, "fire_lane_occupied": "√"}, "fire_lane_occupied"),
    ("blanks", STAIRS, {**WHO, "surveyor": " 李四 ", "3a": "无"}, "surveyor"),
    ("controls", STAIRS, {**WHO, "surveyor": "张\t三_x0001_", "3a": "无"}, "surveyor"),
    ("fullwidth", PARKING, {**WHO, "parking_spaces": "３０"}, "parking_spaces"),
    ("number_text", PARKING, {**WHO, "parking_spaces": "30 个"}, "parking_spaces"),
    ("subject_missing", FINDINGS, {**FINDING, "subject": None, "code": "14", "subject_id": "E1"}, "subject"),
    ("subject_word", FINDINGS, {**FINDING, "subject": "桥"}, "subject"),
    ("id_missing", FINDINGS, {**FINDING, "subject_id": None}, "subject_id"),
    ("building_unknown", FINDINGS, {**FINDING, "subject_id": "B99"}, "subject_id"),
    ("building_use", FINDINGS, {**FINDING, "subject_id": "S1"}, "subject_id"),
    ("unit_unknown", FINDINGS, {**FINDING, "subject": "体检单元", "code": "14", "subject_id": "U1"}, "subject_id"),
    ("block_unknown", FINDINGS, {**FINDING, "subject": "街坊", "subject_id": "K1", "code": "26"}, "subject_id"),
    ("code_missing", FINDINGS, {**FINDING, "code": None}, "code"),
    ("code_unknown", FINDINGS, {**FINDING, "code": "9z"}, "code"),
    ("code_subject", FINDINGS, {**FINDING, "subject": "小区", "subject_id": "E1"}, "code"),
    ("not_applicable_found", FINDINGS, {**FINDING, "code": "3d", "extent": None}, "code"),
    ("severity_word", FINDINGS, {**FINDING, "severity": "吓人"}, "severity"),
    ("severity_milder", FINDINGS, {**FINDING, "extent": 35, "severity": "严重"}, "severity"),
    ("severity_graver", FINDINGS, {**FINDING, "extent": 5, "severity": "很严重"}, "severity"),
    ("extent_text", FINDINGS, {**FINDING, "extent": "一大片"}, "extent"),
    ("extent_negative", FINDINGS, {**FINDING, "extent": -2}, "extent"),
    ("extent_infinite", FINDINGS, {**FINDING, "extent": "1e999"}, "extent"),
    ("extent_fraction", FINDINGS, {**FINDING, "code": "3a", "extent": 1.5}, "extent"),
    ("extent_implausible", FINDINGS, {**FINDING, "extent": 50000}, "extent"),
    ("extent_missing", FINDINGS, {**FINDING, "extent": None}, "extent"),
    ("extent_unit", FINDINGS, {**FINDING, "extent_unit": "米"}, "extent_unit"),
    ("extent_unit_word", FINDINGS, {**FINDING, "extent_unit": "斤"}, "extent_unit"),
    ("flats_over", FINDINGS, {**FINDING, "code": "5", "extent": 25}, "extent"),
    ("status_word", FINDINGS, {**FINDING, "status": "差不多"}, "status"),
    ("done_without_date", FINDINGS, {**FINDING, "status": "已整治"}, "done_on"),
    ("done_not_done", FINDINGS, {**FINDING, "done_on": "2026-04-01"}, "done_on"),
    ("done_before_survey", FINDINGS, {**FINDING, "status": "已整治", "done_on": "2026-02-01"}, "done_on"),
    ("due_before_survey", FINDINGS, {**FINDING, "due_on": "2026-02-01"}, "due_on"),
    ("date_future", FINDINGS, {**FINDING, "status": "已整治", "done_on": "2026-08-01"}, "done_on"),
    ("date_before_built", FINDINGS, {**FINDING, "subject_id": "B7", "surveyed_on": "2005-01-01"}, "surveyed_on"),
    ("place_not_number", FINDINGS, {**FINDING, "x": "东", "y": 3500006}, "x"),
    ("place_half", FINDINGS, {**FINDING, "x": 500130}, "y"),
    ("place_swapped", FINDINGS, {**FINDING, "x": 3500006, "y": 500130}, "x"),
    ("place_outside", FINDINGS, {**FINDING, "x": 700000, "y": 3500006}, "x"),
    ("place_far", FINDINGS, {**FINDING, "x": 500399, "y": 3500299}, "x"),
    ("photo_path", FINDINGS, {**FINDING, "photo": "C:\\照片\\1.jpg"}, "photo"),
    ("surveyor_missing", FINDINGS, {**FINDING, "surveyor": None}, "surveyor"),
    ("town_item_unknown", TOWN, {"item": "value_moon", "value": 3, "source": "住建局"}, "item"),
    ("town_source_missing", TOWN, {"value": 3}, "source"),
    ("town_computed", TOWN, {"item": "value_stairs", "value": 3, "source": "住建局"}, "item"),
    ("town_computed_too", TOWN, {"item": "value_road_density", "value": 7.5, "source": "住建局"}, "item"),
    ("percent_range", TOWN, {"item": "value_sewage", "value": 101, "source": "住建局"}, "value"),
    ("percent_as_share", TOWN, {"item": "value_sewage", "value": 0.85, "source": "住建局"}, "value"),
    ("value_not_whole", TOWN, {"item": "value_flood_points", "value": 1.5, "source": "水务局"}, "value"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "sheet", "values", "key"), CELLS, ids=[f"{c[0]}-{c[3]}-{i}" for i, c in enumerate(CELLS)]
)
def test_a_planted_fault_is_told_with_its_cell(
    kind: str, sheet: str, values: dict[str, object], key: str, book: Book, read: Read
) -> None:
    book.put(sheet, 1, values)
    got = read(book)
    assert [each.kind for each in (*got.faults, *got.warnings)] == [kind]
    one = (*got.faults, *got.warnings)[0]
    assert (one.sheet, one.cell) == (sheet, f"{book.column(sheet, key)}{FIRST_ROW + 1}")
    assert one.heading == book.heading(sheet, key)
    assert one.what_zh
    assert one.what_en
    assert one.remedy_zh
    assert one.remedy_en
    assert "{" not in one.what_zh + one.what_en + one.remedy_zh + one.remedy_en
    assert got.usable == (KINDS[kind].level == "warning")


def test_a_finding_against_the_form_is_told_at_the_form(book: Book, read: Read) -> None:
    book.put(ENVELOPE, 3, {**WHO, "4a": "无"})  # B4
    book.put(FINDINGS, 0, FINDING)
    got = read(book)
    assert [(f.kind, f.sheet, f.cell, f.value) for f in got.faults] == [
        ("contradiction", ENVELOPE, f"{book.column(ENVELOPE, '4a')}{FIRST_ROW + 3}", "无")
    ]
    book.put(FINDINGS, 0, {"status": "已整治", "done_on": "2026-05-01"})
    assert not read(book).faults


def test_a_day_before_the_building_was_built(book: Book, read: Read) -> None:
    book.put(STAIRS, 7, {**WHO, "surveyed_on": "2005-01-01", "3a": "无"})  # B8, built 2008
    assert [(f.kind, f.value) for f in read(book).faults] == [("date_before_built", "2005-01-01")]


def test_finding_ids_that_stand_twice_or_belong_elsewhere(book: Book, read: Read, study: Study) -> None:
    from geo.survey.store import store

    book.put(FINDINGS, 0, {**FINDING, "finding_id": "F1"})
    stored, _ = store(study, read(book), on=TODAY)
    book.put(FINDINGS, 1, {**FINDING, "finding_id": "F1"})
    assert [(f.kind, f.row) for f in read(book).faults] == [("finding_twice", FIRST_ROW + 1)]
    book.put(FINDINGS, 1, dict.fromkeys(FINDING) | {"finding_id": None})
    book.put(FINDINGS, 0, {"subject_id": "B5"})
    told = read(book, study=stored).faults
    assert [(f.kind, f.column, f.what_en) for f in told] == [
        ("finding_moved", "A", "the study has this finding id on another subject or code (B4 4a)")
    ]


def test_the_same_row_twice_is_told(book: Book, read: Read) -> None:
    book.put(FINDINGS, 0, FINDING)
    book.put(FINDINGS, 1, FINDING)
    got = read(book)
    assert [(f.kind, f.row) for f in got.warnings] == [("finding_same", FIRST_ROW + 1)]
    assert len(got.findings) == 3


def test_what_the_study_knows_is_told(book: Book, read: Read, study: Study) -> None:
    from geo.survey.store import store

    book.put(FINDINGS, 0, {**FINDING, "finding_id": "F1", "status": "已整治", "done_on": "2026-04-01"})
    stored, _ = store(study, read(book), on=TODAY)
    book.put(FINDINGS, 0, {"status": "待整治", "done_on": None})
    book.put(STAIRS, 0, {"3a": "无", "surveyed_on": "2026-05-01"})
    told = read(book, study=stored).warnings
    assert [(f.kind, f.sheet) for f in told] == [("clear_but_open", STAIRS), ("status_older", FINDINGS)]
    book.put(FINDINGS, 0, {"surveyed_on": "2026-05-01"})
    told = read(book, study=stored).warnings
    assert [(f.kind, f.sheet) for f in told] == [("clear_but_open", STAIRS), ("status_back", FINDINGS)]


@pytest.mark.parametrize(
    ("had", "now", "told"),
    [("待整治", "已列入计划", []), ("已列入计划", "待整治", ["status_back"]), ("已列入计划", None, [])],
)
def test_a_status_that_goes_back_is_told(
    had: str, now: str | None, told: list[str], book: Book, read: Read, study: Study
) -> None:
    from geo.survey.store import store

    book.put(FINDINGS, 0, {**FINDING, "finding_id": "F1", "status": had})
    stored, _ = store(study, read(book), on=TODAY)
    book.put(FINDINGS, 0, {"status": now})
    assert [each.kind for each in read(book, study=stored).warnings] == told


def test_photos(book: Book, read: Read, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("IMG_1.JPG", "ａ２.png", "left.jpg", "two.jpg", "two.png"):
        (folder / name).write_bytes(b"x")
    for row, photo in enumerate(("img_1.jpeg；a2", "none.jpg", "two", "two.jpg")):
        book.put(FINDINGS, row, {**FINDING, "location": f"{row}", "photo": photo})
    got = read(book, photos=folder)
    assert [(f.kind, f.row) for f in got.faults] == [
        ("photo_missing", FIRST_ROW + 1),
        ("photo_ambiguous", FIRST_ROW + 2),
    ]
    assert [(f.kind, f.what_en) for f in got.warnings] == [
        ("photo_unreferenced", "photos that no finding names: left.jpg")
    ]
    assert got.findings["photo"].dropna().tolist() == ["IMG_1.JPG;ａ２.png", "two.jpg"]


def test_photos_of_one_name_in_two_folders(book: Book, read: Read, tmp_path: Path) -> None:
    for folder in ("张三", "李四"):
        (tmp_path / "photos" / folder).mkdir(parents=True)
        (tmp_path / "photos" / folder / "IMG_1.jpg").write_bytes(b"x")
    book.put(FINDINGS, 0, {**FINDING, "photo": "IMG_1.jpg"})
    assert [f.kind for f in read(book, photos=tmp_path / "photos").faults] == ["photo_ambiguous"]


def kinds(got: SurveyRead) -> list[tuple[str, str]]:
    return [(each.kind, each.sheet) for each in (*got.faults, *got.warnings)]


def test_sheets_and_columns(book: Book, read: Read) -> None:
    pages = book.book
    pages["楼道"].title = "我的楼道"
    del pages["围护"]
    pages.copy_worksheet(pages["手工填报"]).title = "手工填报 2"
    pages.create_sheet("草稿")["A1"] = "x"
    stairs, flats, parking = pages["我的楼道"], pages["成套与管线"], pages["停车与充电"]
    stairs["Z5"] = "我加的"
    column = book.column("成套与管线", "5")
    flats[f"{column}2"] = None
    flats[f"{column}5"] = None
    parking.delete_rows(2)
    found = pages["问题明细"]
    found["Y2"] = "code"
    assert sorted(kinds(read(book))) == sorted([
        ("sheet_renamed", "我的楼道"), ("column_unknown", "我的楼道"), ("sheet_missing", ""),
        ("sheet_twice", "手工填报 2"),
        ("sheet_unknown", "草稿"), ("column_missing", "成套与管线"), ("keys_missing", "停车与充电"),
        ("column_twice", "问题明细"),
    ])  # fmt: skip


def test_formulas_errors_and_merged_cells(book: Book, read: Read) -> None:
    page = book.page("停车与充电")
    spaces = book.column("停车与充电", "parking_spaces")
    page[f"{spaces}6"] = "=1+1"
    ground = book.column("停车与充电", "ground_m2")
    page[f"{ground}6"] = "#REF!"
    page[f"{ground}6"].data_type = "e"
    who = book.column("停车与充电", "surveyor")
    page[f"{who}6"], page[f"{book.column('停车与充电', 'surveyed_on')}6"] = "张三", "2026-03-01"
    book.page("楼道").merge_cells("F7:G8")
    assert [(f.kind, f.cell) for f in read(book).faults] == [
        ("merged_cells", "F7"), ("merged_cells", "F8"), ("formula_unevaluated", f"{spaces}6"),
        ("error_cell", f"{ground}6"),
    ]  # fmt: skip


def meta(book: Book, key: str, value: object) -> None:
    page = book.book["_shequ"]
    next(row for row in page.iter_rows() if row[0].value == key)[1].value = value


@pytest.mark.parametrize(
    ("key", "value", "kind"),
    [("format", 2, "newer_format"), ("format", None, "meta_missing"), ("study_mark", "x", "other_study"),
     ("edition", "test 0", "wrong_edition")],
)  # fmt: skip
def test_workbooks_of_something_else(key: str, value: object, kind: str, book: Book, read: Read) -> None:
    meta(book, key, value)
    got = read(book, valid_rows_only=True)
    assert [each.kind for each in got.faults] == [kind]
    assert not got.usable
    assert got.observations.empty
    assert got.findings.empty


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/workbook.xml", "<workbook/>")
        packed.writestr("xl/worksheets/sheet1.xml", b"0" * 60_000_000)
    return out.getvalue()


def far() -> bytes:
    opened = openpyxl.Workbook()
    opened.active["XFD1048576"] = 1
    out = io.BytesIO()
    opened.save(out)
    return out.getvalue()


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@pytest.mark.parametrize(
    ("content", "kind"),
    [(b"hello", "not_workbook"), (OLE + b"x" * 100, "old_xls"),
     (OLE + "EncryptedPackage".encode("utf-16-le"), "encrypted"), (b"PK\x03\x04" + b"x" * 100, "damaged"),
     ("bomb", "zip_bomb"),
     ("far", "too_many_rows"), ("plain", "meta_missing")],
    ids=lambda each: each if isinstance(each, str) else "bytes",
)  # fmt: skip
def test_files_that_are_no_survey(
    content: bytes | str, kind: str, tmp_path: Path, study: Study, catalogue: Catalogue
) -> None:
    path = tmp_path / "x.xlsx"
    if content == "plain":
        openpyxl.Workbook().save(path)
    else:
        path.write_bytes({"bomb": bomb, "far": far}[content]() if isinstance(content, str) else content)
    got = read_survey(path, study, catalogue)
    assert [each.kind for each in got.faults] == [kind]
    with pytest.raises(InputError):
        got.require()


def test_a_file_that_is_too_large(
    blank: Path, study: Study, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("geo.survey.book.LARGEST_BYTES", 1000)
    assert [each.kind for each in read_survey(blank, study, catalogue).faults] == ["too_large"]


def test_files_of_other_kinds_are_refused(tmp_path: Path, study: Study, catalogue: Catalogue) -> None:
    with pytest.raises(InputError, match="there is no such file"):
        read_survey(tmp_path / "none.xlsx", study, catalogue)
    (tmp_path / "a.docx").write_bytes(b"x")
    with pytest.raises(InputError, match=r"\.docx are not read"):
        read_survey(tmp_path / "a.docx", study, catalogue)


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.csv", b"building_id,3a\n\xff\xff,\x81", "text_encoding"),
        ("a.csv", b'building_id,3a\nB1,"x', "not_table"),
        ("a.csv", b"building_id,3a\nB1,1\nB2,1,1", "not_table"),
        ("a.csv", b"building_id,3a\n\x00", "not_table"),
        ("a.csv", b"what,3a\nB1,1", "id_column_missing"),
        ("a.csv", b"building_id,colour\nB1,red", "nothing_asked"),
        ("a.geojson", b"{", "not_table"),
        ("a.geojson", b'{"features": [3]}', "not_table"),
        ("a.geojson", b'{"features": [{"geometry": [1, 2], "properties": {"building_id": "B1"}}]}', "not_table"),
        ("a.geojson", b'{"features": [{"geometry": "POINT"}]}', "not_table"),
        ("a.geojson", b'{"features": [], "crs": {"properties": {"name": "EPSG:3857"}}}', "not_table"),
        ("a.geojson", b"[" * 100_000, "not_table"),
    ],
)
def test_tables_that_cannot_be_read(
    name: str, content: bytes, kind: str, tmp_path: Path, study: Study, catalogue: Catalogue
) -> None:
    (tmp_path / name).write_bytes(content)
    assert [each.kind for each in read_survey(tmp_path / name, study, catalogue).faults] == [kind]


def test_a_row_longer_than_the_headings_is_told(tmp_path: Path, study: Study, catalogue: Catalogue) -> None:
    (tmp_path / "a.csv").write_text("building_id,3a,note\nB1,1,x\nB2,1,wet, cold\n", "utf-8")
    (told,) = read_survey(tmp_path / "a.csv", study, catalogue).faults
    assert "row 3 has 4 cells, the headings are 3" in told.what_en
    assert "第 3 行有 4 格，标题只有 3 列" in told.what_zh


def test_junk_in_a_geojson_is_told_or_left_out(tmp_path: Path, study: Study, catalogue: Catalogue) -> None:
    """A number of 400 digits and halves of characters are no reason to stop."""
    rows = [
        {"building_id": "B4", "code": "4a", "extent": 10**400, "surveyed_on": "2026-03-01", "surveyor": "张三"},
        {"building_id": "B5", "code": "4a", "extent": 12, "surveyed_on": "2026-03-01", "surveyor": "张三",
         "note": "\ud800渗\x01水", "location": {"a": [1]}},
    ]  # fmt: skip
    path = tmp_path / "a.geojson"
    path.write_text(json.dumps({"features": [{"geometry": None, "properties": row} for row in rows]}), "utf-8")
    got = read_survey(path, study, catalogue, valid_rows_only=True)
    assert [(f.kind, f.row) for f in got.faults] == [("extent_infinite", 2)]
    assert got.findings["note"].tolist() == ["?渗水"]


def test_a_part_that_holds_more_than_it_says(blank: Path, tmp_path: Path, study: Study, catalogue: Catalogue) -> None:
    """The size in a zip's list may lie; no more is unpacked than it says."""
    path = tmp_path / "x.xlsx"
    with zipfile.ZipFile(blank) as packed, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as again:
        for name in packed.namelist():
            again.writestr(name, b" " * 90_000_000 if name == "xl/worksheets/sheet2.xml" else packed.read(name))
    content = path.read_bytes()
    path.write_bytes(content.replace(struct.pack("<I", 90_000_000), struct.pack("<I", 1_000)))
    tracemalloc.start()
    got = read_survey(path, study, catalogue)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [each.kind for each in got.faults] == ["damaged"]
    assert most < 40_000_000


def test_a_later_submission_replaces_an_earlier_one(tmp_path: Path, study: Study, catalogue: Catalogue) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        "building_id,3a,surveyor,_submission_time\n"
        "B1,yes,张三,2026-03-01T10:00:00\nB1,no,张三,2026-03-02T10:00:00\n", "utf-8",
    )  # fmt: skip
    got = read_survey(path, study, catalogue)
    assert [(f.kind, f.row) for f in (*got.faults, *got.warnings)] == [("row_superseded", 2)]
    assert got.observations["state"].tolist() == ["clear"]


def test_every_kind_is_tested() -> None:
    """Every kind stands in this file, so that each has a test that plants it."""
    source = Path(__file__).read_text("utf-8")
    assert [kind for kind in KINDS if f'"{kind}"' not in source] == []
    assert len(KINDS) >= 45


def test_all_faults_in_one_pass(book: Book, read: Read) -> None:
    """Every fault of the table at once, each in a row of its own: all are told, and only good rows remain."""
    rows: dict[str, int] = {}
    planted = []
    for kind, sheet, values, key in CELLS:
        if sheet in (STAIRS, PARKING, TOWN) or kind in ("code_subject", "subject_missing"):
            continue
        row = rows[sheet] = rows.get(sheet, -1) + 1
        book.put(sheet, row, {**values, "location": f"{row}"})
        planted.append((kind, f"{book.column(sheet, key)}{FIRST_ROW + row}"))
    got = read(book, valid_rows_only=True)
    assert [(f.kind, f.cell) for f in (*got.faults, *got.warnings)] == [
        *(each for each in planted if KINDS[each[0]].level == "row"),
        *(each for each in planted if KINDS[each[0]].level == "warning"),
    ]
    assert got.usable
    good = [int(source.rpartition("!")[2]) - FIRST_ROW for source in got.findings["source"] if FINDINGS in source]
    assert good == [int(cell.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")) - FIRST_ROW for kind, cell in planted
                    if KINDS[kind].level == "warning"]  # fmt: skip


def test_the_page_lists_every_kind(root: Path) -> None:
    page = (root / "docs" / "survey.md").read_text("utf-8")
    assert [kind for kind in KINDS if f"| `{kind}` |" not in page] == []
