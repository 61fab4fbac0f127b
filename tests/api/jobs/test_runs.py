"""Every process done for real on the small town: what it writes into the study, in one transaction."""

import base64
import json
import re
from pathlib import Path
from typing import Any, get_type_hints

import geopandas as gpd
import pytest
import shapely

from api.errors import OutOfDateError
from api.jobs import Queue
from api.jobs import inputs as inputs_of
from api.jobs.orders import OUTCOME, Orders
from api.jobs.processes import PROCESSES, Process
from api.jobs.requests import checked
from api.jobs.runs import NoAnswerError
from api.jobs.worker import do
from api.storage import StudyStore
from api.storage.records import FeatureWrite, FileWrite
from geo.errors import InputError
from layers.survey_book import write_survey_xlsx
from tests.api.jobs.conftest import Handing
from tests.api.served import SOUTH, STUDY_ID, WEST, small_study
from tests.api.surveyed import fill

WHO = "server"


def orders(folder: Path, job_id: str) -> Orders:
    """Return orders for work in a folder."""
    place = folder / job_id
    place.mkdir()
    return Orders(STUDY_ID, job_id, WHO, place, 0, 0, 0, {}, None)


@pytest.fixture
def done(store: StudyStore, queue: Queue, tmp_path: Path) -> Any:
    """Give a function that does a process in this process, and returns its outcome."""

    def run(process: str, **inputs: Any) -> Any:
        made = checked(store, process, {"inputs": inputs}).put(queue, by="li")
        job = queue.take(WHO)
        assert job is not None
        assert job.id == made.id
        known = PROCESSES[process]
        outcome = do(store, queue, job, orders(tmp_path, job.id), Handing(known) if known.confined else None)
        queue.end(job.id, WHO, "successful", "done", outcome)
        return outcome

    return run


def _names(outcome: Any) -> set[str]:
    return {each.rsplit(".", 1)[-1] for each in outcome["collections"]}


def test_blocks_and_households_change_the_study_in_one_transaction_each(done: Any, store: StudyStore) -> None:
    before, head = store.rows("blocks").num_rows, store.head()

    cut = done("blocks", roads=["primary", "secondary"], borders="none")
    assert store.head() == head + 1
    placed = done("households")

    assert store.rows("blocks").num_rows == cut["summary"]["tables"]["blocks"] < before
    assert sum(row["households"] for row in placed["summary"]["sources"]) > 0
    rows = store.rows("blocks").to_pylist()
    assert sum(row["households"] for row in rows) == pytest.approx(small_study()["blocks"]["households"].sum())
    (last, first) = store.transactions(limit=2)
    assert (first.by, first.action, last.action) == ("li", "blocks", "households")
    assert store.study().notes["blocks"] == {"made_from": "roads"}


def test_a_plan_is_a_draft_with_its_layers_and_files_and_others_can_build_on_it(done: Any, store: StudyStore) -> None:
    asked = {"min_households": 200, "target_households": 300, "max_households": 600, "effort": "quick"}

    made = done("plan", id="first", options=asked, title="方案一", lang="en", advice=False)

    assert made["collections"] == [f"plan.first.{frame}" for frame in
                                   ("communities", "communities_before", "blocks", "seams", "moves")]  # fmt: skip
    assert made["summary"]["communities"] == store.rows("plan.first.communities").num_rows
    result = store.document("result", "plan.first")
    assert result is not None
    assert (result.body["title_zh"], result.body["by"]) == ("方案一", "li")
    assert set(made["files"]) == {"map", "workbook", "document", "geopackage", "plan"}
    kept = store.file(made["files"]["plan"])
    assert kept is not None
    assert kept[0] == "application/json"
    assert json.loads(kept[1])["assignment"]

    with pytest.raises(OutOfDateError, match="there is a plan first already"):
        done("plan", id="first", options=asked)

    report = done("report", plan="first", lang="en", names={"SQ01": ["新鼓楼社区", "New Gulou"]})
    assert report["summary"]["plan"] == "first"
    assert b"New Gulou" in (store.file(report["files"]["map"]) or ("", b""))[1]

    lacking = done("gaps", id="after", plan="first", standards=["six-ones"])
    assert "gap_communities_after" in _names(lacking)


def test_alternatives_are_plans_of_their_own(done: Any, store: StudyStore) -> None:
    asked = {"min_households": 200, "target_households": 300, "max_households": 600, "effort": "quick"}

    made = done("alternatives", id="choice", options=asked, count=2)

    plans = [each["plan"] for each in made["summary"]["plans"]]
    assert plans[0] == "choice-a"
    assert all(store.document("plan", each) is not None for each in plans)
    assert set(made["files"]) == {"workbook"}


def test_a_plan_without_an_answer_tells_the_nearest_that_have_one(done: Any, store: StudyStore) -> None:
    head = store.head()

    with pytest.raises(NoAnswerError) as told:
        done("plan", options={"min_households": 800, "max_households": 810, "k": 4, "effort": "quick"})

    assert told.value.reasons
    assert {"conflicts", "ways"} <= set(told.value.ways)
    assert store.head() == head


def test_gaps_are_kept_as_layers_and_a_second_run_takes_their_place(done: Any, store: StudyStore) -> None:
    made = done("gaps", id="today", standards=["six-ones"])

    assert {"gap_communities", "gap_homes", "gap_facilities", "gap_network"} <= _names(made)
    result = store.document("result", "gaps.today")
    assert result is not None
    assert {"requirements", "standards", "labels", "after"} == set(result.body["params"])
    homes = store.collections()["gaps.today.gap_homes"]
    assert (homes.source, homes.result_id, homes.editable) == ("gaps", "today", False)
    assert homes.title_zh == "住宅可达设施"
    assert {row["requirement"] for row in made["summary"]["standards"]["six-ones"]} >= {"station", "elders"}
    versions = set(store.rows("gaps.today.gap_homes")["version"].to_pylist())

    done("gaps", id="today", standards=["six-ones"])

    assert set(store.rows("gaps.today.gap_homes")["version"].to_pylist()) == versions == {1}


def test_siting_answers_each_of_its_three_questions(done: Any, store: StudyStore) -> None:
    one = done("siting", id="one", needs=["elders"], count=1, seconds=2)
    several = done("siting", needs=["elders", "childcare"], count=2, seconds=2)
    here = done("siting", needs=["elders"], here={"校园": [[WEST + 400, SOUTH + 400]]}, seconds=2)

    assert len(one["summary"]["sites"]) == 1
    assert "，" in one["summary"]["text_zh"]
    assert ", " not in one["summary"]["text_zh"]
    assert several["summary"]["sites"]
    assert "校园" in {row["option"] for row in here["summary"]["options"]}
    assert {"homes", "candidates"} <= _names(one)
    result = store.document("result", "siting.one")
    assert result is not None
    assert result.body["params"]["scenes"][0][0] == "1"


def test_an_examination_gives_the_study_its_units_and_a_programme_follows(done: Any, store: StudyStore) -> None:
    made = done("examine", id="now", today="2026-10-01")

    assert "units" in store.collections()
    assert {"buildings", "blocks", "findings"} <= _names(made)
    assert made["summary"]["indicators"][0]["number"] == 1

    asked = {"years": [2027, 2028], "budgets_yuan": [1e7, 1e7], "unpriced_safety": "report", "time_limit_s": 5}
    first = done("programme", id="works", today="2026-10-01", options=asked)
    again = done("programme", id="works-2", today="2026-10-01", options=asked, start="works")

    assert [row["year"] for row in first["summary"]["years"]] == [2027, 2028]
    assert {"sites", "measures"} == _names(again)
    assert "programme" in first["files"]


def test_villages_are_sorted(done: Any) -> None:
    made = done("convert", id="villages", overrides=[])

    assert _names(made) == {"conversions"}
    assert isinstance(made["summary"]["options"], dict)


def test_a_survey_that_was_filled_in_is_read_back(done: Any, store: StudyStore, tmp_path: Path) -> None:
    from geo.standards import load_catalogue

    book = tmp_path / "survey.xlsx"
    write_survey_xlsx(small_study(), load_catalogue("examination-2025"), book)
    fill(book, "楼道", 6, surveyed_on="2026-09-06", surveyor="王工", **{"3b": "有"})
    store.commit([FileWrite("uploads/survey.xlsx", "", book.read_bytes())], by="li", action="upload")

    head = store.head()
    made = done("survey", files=["uploads/survey.xlsx"], today="2026-10-01")

    assert made["summary"]["surveys"][0]["file"] == "survey.xlsx"
    news, history = ([row for row in store.rows(table).to_pylist() if row["tx"] > head]
                     for table in ("findings", "finding_history"))  # fmt: skip
    assert [(row["code"], row["surveyor"]) for row in news] == [("3b", "王工")]
    assert [(row["finding_id"], row["number"], row["after"]) for row in history] == [(news[0]["id"], 1, "open")]
    assert {row["tx"] for row in (*news, *history)} == {head + 1}, "in one transaction"

    store.commit([FileWrite("uploads/torn.xlsx", "", b"PK no workbook")], by="li", action="upload")
    with pytest.raises(InputError) as told:
        done("survey", files=["uploads/torn.xlsx"])
    assert "torn.xlsx" in str(told.value)


def test_a_file_in_the_request_is_imported_in_place_of_the_tables(done: Any, store: StudyStore) -> None:
    square = gpd.GeoDataFrame(
        {"community_id": ["A1"], "name": ["甲社区"], "kind": ["community"]},
        geometry=[shapely.box(WEST, SOUTH, WEST + 500, SOUTH + 500)], crs=4549,
    )  # fmt: skip
    content = base64.b64encode(square.to_crs(4326).to_json().encode()).decode()
    file = {"value": content, "encoding": "base64", "mediaType": "application/geo+json", "name": "communities.geojson"}

    made = done("import", files=[file], crs="EPSG:4549", name="新镇")

    assert made["summary"]["tables"]["communities"] == 1
    assert store.rows("communities")["name"].to_pylist() == ["甲社区"]
    assert "findings" in store.collections(), "what surveys brought stays"
    assert store.name == "新镇"


@pytest.mark.parametrize("path", ["/etc/passwd", "../other.gpkg", "elsewhere/town.geojson"])
def test_a_mapping_reaches_no_file_that_was_not_given(done: Any, store: StudyStore, path: str) -> None:
    mapping = f'[[source]]\ntable = "communities"\nfile = "{path}"\n'
    store.commit([FileWrite("uploads/mapping.toml", "", mapping.encode())], by="li", action="upload")

    with pytest.raises(InputError, match="the mapping names files that were not given"):
        done("import", mapping="uploads/mapping.toml")


@pytest.mark.parametrize(("kind", "end"), [("gpkg", ".gpkg"), ("geojson", ".geojson"), ("fgb", ".fgb"),
                                           ("parquet", ".parquet"), ("shp", ".zip")])  # fmt: skip
@pytest.mark.filterwarnings("ignore:Normalized/laundered field name:RuntimeWarning")
def test_an_export_holds_every_feature(done: Any, store: StudyStore, tmp_path: Path, kind: str, end: str) -> None:
    made = done("export", collections=["communities"], format=kind)

    kept = store.file(made["files"]["file"])
    assert kept is not None
    path = tmp_path / f"taken{end}"
    path.write_bytes(kept[1])
    layer = {"layer": "communities"} if kind == "gpkg" else {}
    read = gpd.read_parquet(path) if kind == "parquet" else gpd.read_file(path, **layer)
    assert len(read) == 4
    assert read.to_crs(4549).area.sum() == pytest.approx(800 * 800, rel=1e-3)


def test_what_a_file_could_not_hold_stands_in_the_log_and_in_the_summary(
    done: Any, queue: Queue, store: StudyStore
) -> None:
    made = done("export", collections=["communities"], format="shp", encoding="gb18030")

    told = "Names were shortened: community_id → communi_id."
    assert made["summary"]["notes"] == [{"zh": "列名缩短：community_id → communi_id。", "en": told}]
    (job,) = [each for each in queue.list()[0] if each.process == "export"][:1]
    assert f"note: {told}" in [line.text for line in queue.log(job.id)]
    sheet = done("export", collections=["communities"], format="pdf", paper="A4", title="社区图")
    assert store.file(sheet["files"]["file"])[0] == "application/pdf"  # type: ignore[index]


def test_every_process_is_told_once_and_whole() -> None:
    """What it is asked with, what does it and what is shown of it belong together."""
    for process in PROCESSES.values():
        assert get_type_hints(process.does, vars(inputs_of) | {"inputs": inputs_of})["given"] is process.inputs
        assert process.read(process.example).model_dump()
        assert bool(process.confined) == bool(process.inputs.FILES), "who reads users' files is confined"
    assert len({process.does for process in PROCESSES.values()}) == len(PROCESSES)
    told = (Path(__file__).parents[3] / "docs" / "jobs.md").read_text().split("## Processes")[1].split("\n\n")[1]
    assert set(re.findall(r"`(\w+)`", told.replace("`examine` gives", ""))) == set(PROCESSES)


# ── edits made while a job runs ──────────────────────────────────────────────────────────────────────────────────────
def test_an_edit_made_meanwhile_is_not_overwritten_the_job_is_done_again(
    store: StudyStore, queue: Queue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = checked(store, "households", {"inputs": {}}).put(queue, by="li")
    job = queue.take(WHO)
    edits: list[Any] = []
    assert job is not None

    def run_while_edited(process: Process, inputs: Any, work: Any) -> Any:
        if not edits:  # somebody renames a building while the first run works
            row = store.rows("buildings", ids=["JZ001"]).to_pylist()[0]
            kept = {k: v for k, v in row.items() if k not in ("id", "version", "tx", "geometry")} | {"name": "改名楼"}
            edits.append(store.commit([FeatureWrite("buildings", "JZ001", "replace", kept, row["geometry"])],
                                      by="wang", action="edit"))  # fmt: skip
        return run(process, inputs, work)

    run = Process.run
    monkeypatch.setattr(Process, "run", run_while_edited)
    outcome = do(store, queue, job, orders(tmp_path, made.id))

    assert outcome["summary"]["sources"]
    assert store.rows("buildings", ids=["JZ001"])["name"].to_pylist() == ["改名楼"]
    assert [line.text for line in queue.log(made.id) if "again" in line.text] == ["again: buildings changed meanwhile"]


def test_a_job_that_is_done_twice_is_written_once(store: StudyStore, queue: Queue, tmp_path: Path) -> None:
    made = checked(store, "export", {"inputs": {"collections": ["roads"]}}).put(queue, by="li")
    job = queue.take(WHO)
    assert job is not None

    first = do(store, queue, job, orders(tmp_path, made.id))
    head = store.head()
    second = do(store, queue, job, orders(tmp_path / made.id, made.id))

    assert second == first
    assert store.head() == head
    assert store.document(OUTCOME, made.id) is not None
