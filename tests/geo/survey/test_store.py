"""Storing a survey: updates by id, nothing doubles, history of every change, the second time changes nothing."""

from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from geo.errors import InputError
from geo.standards.indicators import Catalogue
from geo.study import Study, read_study, write_study
from geo.survey.read import SurveyRead, read_survey
from geo.survey.store import store
from tests.geo.survey.towns import TODAY, Book, small_catalogue, small_study

Read = Callable[..., SurveyRead]
WHO = {"surveyed_on": "2026-03-01", "surveyor": "张三"}
ROW = {**WHO, "subject": "住宅楼", "subject_id": "B4", "code": "4a", "extent": 12, "location": "东山墙"}
RECORDS = ("findings", "observations", "finding_history")


def same(one: Study, two: Study) -> None:
    """Assert that two studies have the same records, row by row."""
    for name in RECORDS:
        pd.testing.assert_frame_equal(pd.DataFrame(one[name]), pd.DataFrame(two[name]))


def filled(book: Book) -> Book:
    book.put("问题明细", 0, ROW)
    book.put("问题明细", 1, {**ROW, "finding_id": "F2", "code": "3a", "extent": 2, "x": 500125, "y": 3500004})
    book.put("停车与充电", 0, {**WHO, "parking_spaces": 150})
    return book


def test_the_second_import_changes_nothing(book: Book, read: Read, study: Study) -> None:
    got = read(filled(book))
    once, first = store(study, got, on=TODAY)
    assert (first.new, first.changed, first.unchanged) == (3, 0, 0)
    assert (first.observations_new, first.observations_changed) == (3, 0)
    assert len(once["finding_history"]) == 3
    twice, second = store(once, read(book, study=once), on="2026-07-30")
    same(once, twice)
    assert twice is once
    assert (second.new, second.changed, second.unchanged, second.observations_unchanged) == (0, 0, 3, 3)
    assert (second.observations_new, second.observations_changed, second.older, second.absent) == (0, 0, 0, ())


def test_it_survives_the_file(book: Book, read: Read, study: Study, tmp_path: Path) -> None:
    once, _ = store(study, read(filled(book)), on=TODAY)
    write_study(once, tmp_path / "s.gpkg")
    kept = read_study(tmp_path / "s.gpkg")
    again, told = store(kept, read(book, study=kept), on=TODAY)
    same(kept, again)
    assert told.unchanged == 3


def test_changes_are_kept(book: Book, read: Read, study: Study) -> None:
    """Extent 2 to 3, status open to done, a new place: one finding, three changes, numbered on."""
    once, _ = store(study, read(filled(book)), on=TODAY)
    book.put("问题明细", 1, {"extent": 3, "status": "已整治", "done_on": "2026-05-01", "x": 500126, "note": None})
    later, told = store(once, read(book, study=once), on=TODAY)
    assert (told.new, told.changed, told.unchanged) == (0, 1, 2)
    history = later["finding_history"]
    mine = history[history["finding_id"] == "F2"]
    assert mine.index.tolist() == ["F2#1", "F2#2", "F2#3", "F2#4", "F2#5"]
    assert mine[["column", "before", "after"]].iloc[1:].to_numpy().tolist() == [
        ["extent", "2", "3"],
        ["status", "open", "done"],
        ["done_on", None, "2026-05-01"]
        if mine["before"].iloc[3] is None
        else ["done_on", mine["before"].iloc[3], "2026-05-01"],
        ["place", "500125.00 3500004.00", "500126.00 3500004.00"],
    ]
    assert pd.isna(mine["before"].iloc[3])
    assert mine["changed_on"].tolist() == ["2026-03-01", "2026-03-01", "2026-05-01", "2026-05-01", "2026-03-01"]
    assert later["findings"].loc["F2", ["extent", "status", "place_given"]].tolist() == [3.0, "done", True]
    assert later["findings"].geometry["F2"].x == 500126
    same(later, store(later, read(book, study=later), on=TODAY)[0])


@pytest.mark.parametrize("own", ["F1", None])
def test_an_older_row_does_not_undo_what_came_later(book: Book, read: Read, study: Study, own: str | None) -> None:
    """The first workbook, brought again after the works, fills in at most what is missing."""
    first = {**ROW, "finding_id": own, "status": "待整治"}
    book.put("问题明细", 0, first)
    once, _ = store(study, read(book), on=TODAY)
    book.put("问题明细", 0, {**first, "status": "已整治", "done_on": "2026-06-01", "extent": 14})
    done, _ = store(once, read(book, study=once), on=TODAY)
    book.put("问题明细", 0, {**first, "done_on": None, "note": "有脚手架"})
    got = read(book, study=done)
    assert [f.kind for f in got.warnings] == ["status_older"] * (own is not None)
    again, told = store(done, got, on=TODAY)
    row = again["findings"].iloc[0]
    assert (row["status"], row["done_on"], row["extent"], row["note"]) == ("done", "2026-06-01", 14, "有脚手架")
    assert (told.changed, told.older) == (1, 0)
    book.put("问题明细", 0, {"note": None})
    same_again, told = store(again, read(book, study=again), on=TODAY)
    same(again, same_again)
    assert (told.changed, told.older, told.unchanged) == (0, 1, 1)


def test_one_that_came_back_is_open_and_no_longer_done(book: Book, read: Read, study: Study) -> None:
    row = {**ROW, "finding_id": "F1"}
    book.put("问题明细", 0, {**row, "status": "已整治", "done_on": "2026-04-01"})
    done, _ = store(study, read(book), on=TODAY)
    book.put("问题明细", 0, {**row, "status": "待整治", "done_on": None, "surveyed_on": "2026-05-01"})
    back, _ = store(done, read(book, study=done), on=TODAY)
    assert back["findings"].loc["F1", "status"] == "open"
    assert pd.isna(back["findings"].loc["F1", "done_on"])
    told = back["finding_history"].query("column == 'done_on'")
    assert told[["before", "after"]].fillna("").to_numpy().tolist() == [["2026-04-01", ""]]


def test_a_larger_extent_makes_it_graver(book: Book, read: Read, study: Study) -> None:
    """12 m2 is serious, 35 m2 very serious; a smaller one does not make it milder by itself."""
    for extent, severity in ((12, "serious"), (35, "very_serious"), (5, "very_serious")):
        book.put("问题明细", 0, {**ROW, "finding_id": "F1", "extent": extent})
        study, _ = store(study, read(book, study=study), on=TODAY)
        assert study["findings"].loc["F1", "severity"] == severity


def test_what_is_left_empty_removes_nothing(book: Book, read: Read, study: Study) -> None:
    once, _ = store(study, read(filled(book)), on=TODAY)
    book.put("问题明细", 0, {"location": "东山墙", "extent": None, "severity": None, "status": None})
    same(once, store(once, read(book, study=once), on=TODAY)[0])


def test_a_status_that_is_not_given_reopens_nothing(book: Book, read: Read, study: Study) -> None:
    book.put("问题明细", 0, {**ROW, "finding_id": "F1", "status": "已整治", "done_on": "2026-05-01"})
    once, _ = store(study, read(book), on=TODAY)
    book.put("问题明细", 0, {"status": None, "done_on": None})
    again, _ = store(once, read(book, study=once), on=TODAY)
    assert again["findings"].loc["F1", "status"] == "done"


def test_findings_that_a_later_survey_omits_are_kept_and_told(book: Book, read: Read, study: Study) -> None:
    once, _ = store(study, read(filled(book)), on=TODAY)
    book.put("问题明细", 1, dict.fromkeys([*ROW, "finding_id", "x", "y"]))
    again, told = store(once, read(book, study=once), on=TODAY)
    assert told.absent == ("F2",)
    assert "F2" in again["findings"].index


def test_clear_where_a_finding_is_open_leaves_it_open(book: Book, read: Read, study: Study) -> None:
    once, _ = store(study, read(book), on=TODAY)
    book.put("楼道", 0, {"3a": "无", "surveyed_on": "2026-05-01"})
    got = read(book, study=once)
    assert [each.kind for each in got.warnings] == ["clear_but_open"]
    again, told = store(once, got, on=TODAY)
    assert again["findings"].loc["building:B1:3a:1", "status"] == "open"
    assert again["observations"].loc["building:B1:3a", "state"] == "clear"
    assert (told.observations_changed, told.absent) == (2, ("building:B1:3a:1",))


def test_details_that_come_later_are_the_same_finding(book: Book, read: Read, study: Study) -> None:
    """有 first, details later: one finding, under its first id, also at the third import."""
    once, _ = store(study, read(book), on=TODAY)
    book.put(
        "问题明细", 0, {**WHO, "subject": "住宅楼", "subject_id": "B1", "code": "3a", "extent": 2, "location": "2 层"}
    )
    twice, told = store(once, read(book, study=once), on=TODAY)
    assert (told.new, told.changed) == (0, 1)
    assert twice["findings"]["location"].to_dict() == {"building:B1:3a:1": "2 层"}
    same(twice, store(twice, read(book, study=twice), on=TODAY)[0])


def test_found_without_details_is_no_second_finding(book: Book, read: Read, study: Study) -> None:
    book.put(
        "问题明细", 0, {**WHO, "finding_id": "F1", "subject": "住宅楼", "subject_id": "B1", "code": "3a", "extent": 2}
    )
    once, _ = store(study, read(book), on=TODAY)
    book.put("问题明细", 0, dict.fromkeys(["finding_id", "subject", "subject_id", "code", "extent", *WHO]))
    again, told = store(once, read(book, study=once), on=TODAY)
    assert again["findings"].index.tolist() == ["F1"]
    assert told.absent == ()


def test_found_again_after_it_was_put_right_is_a_new_finding(book: Book, read: Read, study: Study) -> None:
    once, _ = store(study, read(book), on=TODAY)
    done = {**WHO, "finding_id": "building:B1:3a:1", "subject": "住宅楼", "subject_id": "B1", "code": "3a", "extent": 1,
            "status": "已整治", "done_on": "2026-04-01"}  # fmt: skip
    book.put("问题明细", 0, done)
    twice, _ = store(once, read(book, study=once), on=TODAY)
    book.put("问题明细", 0, dict.fromkeys(done))
    book.put("楼道", 0, {"surveyed_on": "2026-06-01"})
    third, told = store(twice, read(book, study=twice), on=TODAY)
    assert told.new == 1
    assert third["findings"]["status"].to_dict() == {"building:B1:3a:1": "done", "building:B1:3a:2": "open"}
    same(third, store(third, read(book, study=third), on=TODAY)[0])


def test_an_older_answer_does_not_replace_a_newer_one(book: Book, read: Read, study: Study) -> None:
    book.put("停车与充电", 0, {**WHO, "parking_spaces": 150})
    once, _ = store(study, read(book), on=TODAY)
    book.put("停车与充电", 0, {"surveyed_on": "2025-03-01", "parking_spaces": 90})
    again, told = store(once, read(book, study=once), on=TODAY)
    assert told.older == 1
    assert again["observations"].loc["estate:E1:parking_spaces", "value"] == 150


def test_a_survey_with_faults_is_not_stored(book: Book, read: Read, study: Study) -> None:
    book.put("楼道", 1, {**WHO, "3a": "也许"})
    with pytest.raises(InputError, match="none of the list"):
        store(study, read(book), on=TODAY)
    stored, told = store(study, read(book, valid_rows_only=True), on=TODAY)
    assert told.new == 1
    assert isinstance(stored["findings"], gpd.GeoDataFrame)


answers = st.lists(
    st.tuples(st.sampled_from([f"B{k}" for k in range(1, 13)]), st.sampled_from(["3a", "4a"]),
              st.integers(1, 9), st.sampled_from(["", "东", "西"]), st.sampled_from(["", "open", "done"])),
    max_size=12,
)  # fmt: skip


@settings(max_examples=12, deadline=None, phases=(Phase.explicit, Phase.generate))
@given(surveys=st.lists(answers, min_size=1, max_size=3))
def test_importing_again_never_changes_anything(surveys: list[list[tuple[str, str, int, str, str]]]) -> None:
    """Law: whatever came before, a survey stored twice is as good as once, and findings are never lost."""
    import tempfile

    study, catalogue = small_study(), small_catalogue()
    with tempfile.TemporaryDirectory() as folder:
        for number, rows in enumerate(surveys):
            path = Path(folder) / f"{number}.csv"
            lines = [
                f"{b},{c},{e},{w},{s},{'2026-05-01' if s == 'done' else ''},2026-03-0{number + 1},张三"
                for b, c, e, w, s in rows
            ]
            path.write_text(
                "\n".join(["building_id,code,extent,location,status,done_on,date,surveyor", *lines]), "utf-8"
            )
            before = study.get("findings")
            study, _ = store(study, read_once(path, study, catalogue), on=TODAY)
            again, told = store(study, read_once(path, study, catalogue), on=TODAY)
            if rows:
                same(study, again) if "observations" in study.tables else None
                pd.testing.assert_frame_equal(pd.DataFrame(study["findings"]), pd.DataFrame(again["findings"]))
                pd.testing.assert_frame_equal(study["finding_history"], again["finding_history"])
            assert (told.new, told.changed) == (0, 0)
            if before is not None:
                assert set(before.index) <= set(study["findings"].index)


def read_once(path: Path, study: Study, catalogue: Catalogue) -> SurveyRead:
    return read_survey(path, study, catalogue, today=TODAY)
