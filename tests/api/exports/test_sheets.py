"""Map sheets and reports over HTTP, and files of jobs."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import docx
import openpyxl
import pytest
from starlette.testclient import TestClient

from api.errors import BusyError
from api.exports.desk import Desk, ExportDesk
from api.exports.takeaway import Wanted, here_of, write_collections
from api.server import Server
from geo.errors import InputError
from tests.api.exports.conftest import HERE
from tests.api.served import STUDY_ID


def test_a_sheet_is_a_page_of_its_paper(owner: TestClient) -> None:
    answer = owner.get(f"{HERE}/sheet?paper=A4&orientation=portrait")

    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"].startswith("inline")
    assert b"/MediaBox [ 0 0 595.2755905512 841.8897637795 ]" in answer.content
    assert owner.get(f"{HERE}/sheet?f=png&lang=en").content.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("query", "told"),
    [("layers=comunities", "did you mean communities"), ("layers=pie", "/layers"), ("paper=A0", "paper"),
     ("scale=99", "scale"), ("bbox=1,2,3", "four numbers"), ("bbox=a,b,c,d", "are no numbers"),
     ("bbox=1e999,0,1,1", "four numbers"), ("bbox=121,30,119,31", "west, south, east, north"),
     ("bbox=1,1,2,2", "the study lies elsewhere"), ("bbox=-170,-80,170,80", "no part"),
     ("title=" + "x" * 121, "title")],
)  # fmt: skip
def test_a_sheet_that_cannot_be_drawn_is_refused(owner: TestClient, query: str, told: str) -> None:
    answer = owner.get(f"{HERE}/sheet?{query}")

    assert answer.status_code == 400, answer.text
    assert told in answer.text


def test_sheets_are_drawn_one_after_the_other_and_who_waits_too_long_is_told() -> None:
    desk = Desk()

    with (
        desk.taken(),
        pytest.raises(BusyError, match="other sheets, reports and exports"),
        desk.taken(0.01),
    ):
        pass

    with desk.taken(0.01):
        pass


def test_who_comes_when_too_many_wait_is_told_at_once(owner: TestClient, server: Server) -> None:
    """Those who wait have threads that answer everybody else."""
    desk = Desk(seats=1, waiting=0)
    with desk.taken(), pytest.raises(BusyError) as refused, desk.taken(60.0):
        pass
    assert refused.value.headers["Retry-After"] == "30"

    exports = server.parts[ExportDesk] = ExportDesk(seats=1, waiting=0)
    with exports.taken():
        for path in ("/export", "/collections/roads/export?f=xlsx"):
            answer = owner.get(HERE + path)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
        assert owner.get(f"{HERE}/collections/roads/export?f=geojson").status_code == 200, "sent as it is written"
    assert owner.get(f"{HERE}/collections/roads/export?f=xlsx").status_code == 200


def test_a_viewer_may_draw_a_sheet_and_take_no_report(viewer: TestClient) -> None:
    assert viewer.get(f"{HERE}/sheet?f=png&paper=A4").status_code == 200
    refused = viewer.get(f"{HERE}/plans/p1/report")
    assert refused.status_code == 403
    assert "this needs the role planner" in refused.json()["detail"]


def test_the_report_of_a_plan_is_a_document_or_a_workbook(as_: Callable[[str], TestClient]) -> None:
    planner = as_("planner")

    paper = planner.get(f"{HERE}/plans/p1/report?f=docx&lang=en")
    book = planner.get(f"{HERE}/plans/p1/report?f=xlsx")

    assert paper.status_code == book.status_code == 200
    assert "Small Town" in "\n".join(each.text for each in docx.Document(io.BytesIO(paper.content)).paragraphs)
    assert len(openpyxl.load_workbook(io.BytesIO(book.content)).sheetnames) > 3
    assert planner.get(f"{HERE}/plans/nothing/report").status_code == 404


@pytest.mark.parametrize(("kind", "name", "begins"), [
    ("gpkg", "town.gpkg", b"SQLite format 3"), ("geojson", "town-geojson.zip", b"PK"), ("dxf", "town-dxf.zip", b"PK"),
    ("xlsx", "town-xlsx.zip", b"PK"), ("pmtiles", "town.pmtiles", b"PMTiles"),
    ("mbtiles", "town.mbtiles", b"SQLite format 3"), ("pdf", "town.pdf", b"%PDF"),
])  # fmt: skip
def test_a_job_takes_collections_away_in_one_file(
    server: Server, tmp_path: Path, kind: str, name: str, begins: bytes
) -> None:
    at = here_of(server.storage.open(STUDY_ID))

    path, _ = write_collections(at, Wanted(("communities", "facilities"), kind, maxzoom=14), tmp_path)  # type: ignore[arg-type]

    assert path.name == name
    assert path.read_bytes().startswith(begins)


def test_a_job_tells_what_a_format_could_not_hold(server: Server, tmp_path: Path) -> None:
    at = here_of(server.storage.open(STUDY_ID))

    path, notes = write_collections(at, Wanted(("communities", "facilities"), "shp", encoding="gb18030"), tmp_path)

    assert ("communities：列名缩短：community_id → communi_id。",
            "communities: Names were shortened: community_id → communi_id.") in notes  # fmt: skip
    with zipfile.ZipFile(path) as packed:
        assert packed.namelist() == ["communities.shp.zip", "facilities.shp.zip"]
    with pytest.raises(InputError, match="observations cannot be drawn"):
        write_collections(at, Wanted(("observations",), "pdf"), tmp_path)
