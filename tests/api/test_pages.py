"""Pages: everything that a person reaches from the landing page by clicking, in both languages, from a hostile study.

The small town with a plan, its branch, edits, and four jobs (waiting, running, successful, failed), all of them named
as somebody would who wants scripts to run in other people's browsers.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.testclient import TestClient

from api.accounts.rights import Caller, Role
from api.editing.board import PlanBoard
from api.jobs.pages import asked_with, kind_of, values_of
from api.jobs.processes import PROCESSES, description
from api.jobs.queue import Queue
from api.main import create_app
from api.rasters.pages import picture
from api.server import Server
from api.storage.records import FIXED, DocumentWrite, FeatureWrite, FileWrite
from geo.partition.steps import Move
from layers.words import LANGS
from tests.api.editing.conftest import As, small_plan
from tests.api.served import STUDY_ID, client, serve, small_study

HOSTILE = '<script>alert("x")</script>\'&<img src=x onerror=alert(1)>'
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
ROOT = "http://127.0.0.1:8000"
HERE = f"/studies/{STUDY_ID}"


@dataclass(frozen=True)
class Town:
    """The served town, a client of it, and the ids of its jobs by status."""

    server: Server
    web: TestClient
    jobs: dict[str, str]

    def page(self, path: str, lang: str = "zh") -> str:
        """Return a page as a browser gets it."""
        sign = "&" if "?" in path else "?"
        answer = self.web.get(f"{path}{sign}lang={lang}", headers={"accept": BROWSER})
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "text/html; charset=utf-8", path
        return answer.text


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    server = serve(small_study(), tmp_path_factory.mktemp("pages"))
    try:
        _fill(server)
        yield Town(server, client(server), _jobs(server))
    finally:
        server.close()


def _fill(server: Server) -> None:
    store, board = server.storage.open(STUDY_ID), PlanBoard()
    board.create(store, "p1", small_plan(), title=(HOSTILE, "Plan one"), by=HOSTILE)
    opened, _ = board.branch(store, "p1", "p2", title=("方案二", HOSTILE), by="li")
    (block, *_) = store.rows("blocks")["id"].to_pylist()
    board.edit(store, "p2", Move(blocks=(block,), to=None), seen=opened.version, by="li")
    (row,) = store.rows("communities", ids=["SQ01"]).to_pylist()
    kept = {name: value for name, value in row.items() if name not in FIXED}
    changed = FeatureWrite("communities", "SQ01", "replace", {**kept, "name": HOSTILE}, row["geometry"], expected=1)
    store.commit([changed], by=HOSTILE, action="feature updated", note=HOSTILE)


def _jobs(server: Server) -> dict[str, str]:
    store = server.storage.open(STUDY_ID)
    queue = Queue(store.backend)  # type: ignore[attr-defined]
    ids = {}
    outcome = {"process": "plan", "by": "li", "summary": {"seats": {"value": 12345.5, "unit": "m"}, "said_zh": HOSTILE,
               "said_en": HOSTILE, "notes": [{"zh": "甲", "en": "A"}], "none": []}, "collections": ["plan.p1.blocks"],
               "files": {"map": "jobs/{}/map.html"}}  # fmt: skip
    fault = {"title": "Unusable input", "status": 422, "detail": HOSTILE, "faults": [{"what": HOSTILE}]}
    for status in ("successful", "failed", "running", "accepted"):
        job = queue.put("plan", {"inputs": {"title": HOSTILE}}, by=HOSTILE)
        ids[status] = job.id
        if status != "accepted":
            assert queue.take("w", job_id=job.id) is not None
            queue.tell(job.id, "w", HOSTILE, 0.4)
        if status == "successful":
            key = f"jobs/{job.id}/map.html"
            told = {**outcome, "files": {"map": key}}
            store.commit([FileWrite(key, "text/html", b"<p>map</p>"), DocumentWrite("job", job.id, told)],
                         by="li", action="plan")  # fmt: skip
            assert queue.end(job.id, "w", "successful", "done", told)
        if status == "failed":
            assert queue.end(job.id, "w", "failed", HOSTILE, fault)
    return ids


def _pages(town: Town) -> list[str]:
    return [
        "", "/conformance", "/processes", "/processes/plan", "/processes/siting", "/jobs",
        "/jobs?status=failed&limit=1",
        *(f"/jobs/{each}" for each in town.jobs.values()), "/files", "/plans", "/plans/p1", "/plans/p2",
        "/plans/p1/texts", "/plans/p1/compare?with=p2", "/transactions", "/transactions?limit=1&by=li",
        "/transactions?collection=&by=", "/transactions/2", "/collections/communities/items/SQ01/versions",
        "/collections/communities/items/SQ01", "/tiles", "/tiles/WebMercatorQuad", "/tiles/CGCS2000Quad",
        "/collections/buildings/tiles", "/collections/buildings/tiles/WebMercatorQuad", "/tileMatrixSets",
        "/tileMatrixSets/CGCS2000Quad", "/styles", "/styles/default", "/styles/plan.p1", "/rasters",
        "/rasters/population", "/rasters/dem",
    ]  # fmt: skip


@pytest.mark.parametrize("lang", LANGS)
def test_every_page_stands_alone_says_its_language_and_lets_no_script_in(town: Town, lang: str) -> None:
    for path in _pages(town):
        page = town.page(HERE + path, lang)
        assert f'<html lang="{"zh-CN" if lang == "zh" else "en"}">' in page, path
        assert ("English" if lang == "zh" else "中文") in page, path
        assert not re.search(r"<script|<img src=x|onerror=alert\(1\)>|javascript:", page), path
        assert not re.findall(rf'(?:src|href|action)="(?!{ROOT}|data:,|/)', page), path
        assert len(page) < 200_000, path


@pytest.mark.parametrize("lang", LANGS)
def test_texts_of_pages_are_in_their_language(town: Town, lang: str) -> None:
    """Headings, heads of tables and links that go through the translator: none is left empty or in the other one."""
    for path in ("/processes", "/jobs", "/tiles", "/styles", "/rasters", "/transactions", "/files", "/conformance"):
        title = re.search(r"<title>(.*?) · shequ", town.page(HERE + path, lang))
        assert title is not None
        assert bool(re.search("[\u4e00-\u9fff]", title[1])) == (lang == "zh"), path
    assert {"zh": "排队中", "en": "waiting"}[lang] in town.page(f"{HERE}/jobs", lang)


def test_hostile_names_are_shown_as_they_are(town: Town) -> None:
    for path in ("/plans", "/plans/p1", f"/jobs/{town.jobs['failed']}", f"/jobs/{town.jobs['running']}",
                 "/transactions", "/collections/communities/items/SQ01/versions"):  # fmt: skip
        page = town.page(HERE + path)
        assert "&lt;script&gt;" in page, path
        assert HOSTILE in unescape(page) or "\\u003c" in page or 'alert(\\"x\\")' in unescape(page), path


def test_whoever_clicks_never_meets_json_that_is_not_called_so(town: Town) -> None:
    """From the landing page on, every link that is not to JSON, the map, a file or the API document is a page."""
    seen: set[str] = set()
    waiting = [f"{ROOT}{HERE}?f=html&lang=en"]
    aside = re.compile(r"/(map|api|docs|files/.+|plan\.json)$")
    while waiting:
        address = waiting.pop()
        page = town.web.get(address, headers={"accept": BROWSER})
        assert page.status_code == 200, f"{address}: {page.text[:300]}"
        assert page.headers["content-type"].startswith("text/html"), address
        for found in re.findall(r'<a [^>]*href="([^"]*)"[^>]*>([^<]*)', page.text):
            link, text = unescape(found[0]), unescape(found[1])
            parts = urlsplit(link)
            assert parts.netloc == "127.0.0.1:8000", link
            shape = re.sub(r"(items|transactions|blocks|jobs)/[^/?]+", r"\1/…", parts.path)
            shape = re.sub(r"plan\.p\d\.\w+", "plan.…", shape)
            if shape in seen or text in ("JSON", "TileJSON", "GeoJSON", "中文", "English") or aside.search(parts.path):
                continue
            seen.add(shape)
            waiting.append(link)
    for path in ("/processes/gaps", "/plans/p2", "/tiles/CGCS2000Quad", "/styles/default", "/rasters/dem", "/jobs/…",
                 "/transactions/…", "/collections/communities/items/…/versions", "/files"):  # fmt: skip
        assert HERE + path in seen, path


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/json, text/html;q=0.5", ""])
def test_programs_get_json(town: Town, accept: str) -> None:
    for path in _pages(town):
        if "/items/" in path and not path.endswith("versions"):
            continue
        answer = town.web.get(HERE + path, headers={"accept": accept})
        assert answer.status_code == 200, path
        assert re.match(r"application/(vnd.mapbox.style\+)?json", answer.headers["content-type"]), path
        assert town.web.get(HERE + path, params={**_query(path), "f": "json"}, headers={"accept": BROWSER}).json()


def _query(path: str) -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in urlsplit(path).query.split("&") if pair)


def test_what_is_not_offered_is_refused(town: Town) -> None:
    for path in _pages(town):
        answer = town.web.get(HERE + path, headers={"accept": "image/png"})
        assert answer.status_code == 406, path
        assert "image/png is not offered" in answer.json()["detail"]
    assert town.web.get(f"{HERE}/jobs", params={"f": "xml"}).status_code == 400


def test_the_api_document_tells_of_pages(town: Town) -> None:
    paths = town.web.get("/api").json()["paths"]
    for path in ("processes", "processes/{process_id}", "jobs", "jobs/{job_id}", "files", "plans", "plans/{plan_id}",
                 "plans/{plan_id}/texts", "plans/{plan_id}/compare", "transactions", "transactions/{tx}", "tiles",
                 "collections/{collection_id}/items/{feature_id}/versions", "tiles/{tileMatrixSetId}",
                 "tileMatrixSets", "styles", "styles/{style_id}", "rasters", "rasters/{name}"):  # fmt: skip
        told = paths[f"/studies/{{study_id}}/{path}"]["get"]
        assert "text/html" in told["responses"]["200"]["content"], path
        assert len(told["responses"]["200"]["content"]) == 2, path
        (f,) = [each for each in told["parameters"] if each["name"] == "f"]
        assert "html" in f["schema"]["enum"], path


# ── jobs ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_the_page_of_a_job_asks_for_itself_until_it_has_ended(town: Town) -> None:
    for status, job in town.jobs.items():
        page = town.page(f"{HERE}/jobs/{job}", "en")
        assert ('http-equiv="refresh"' in page) == (status in ("accepted", "running")), status
        assert ("<progress" in page) == (status in ("accepted", "running")), status
    assert "40 %" in town.page(f"{HERE}/jobs/{town.jobs['running']}")


def test_the_page_of_a_job_leads_to_what_it_gave(town: Town) -> None:
    page = town.page(f"{HERE}/jobs/{town.jobs['successful']}", "en")
    (file,) = re.findall(r'href="([^"]*/files/[^"]*)"', page)
    assert town.web.get(file).content == b"<p>map</p>"
    assert f"{ROOT}{HERE}/collections/plan.p1.blocks?f=html" in page
    assert "12,345.5 m" in page
    assert "said_en" in page
    assert "said_zh" not in page
    assert "Why it failed" in town.page(f"{HERE}/jobs/{town.jobs['failed']}", "en")


@pytest.mark.parametrize("role", ["viewer", "surveyor"])
def test_rights_are_those_of_the_json(town: Town, role: Role) -> None:
    app = create_app(town.server.settings, town.server)
    web = TestClient(As(app, Caller("zhao", {STUDY_ID: role})), base_url=ROOT)
    other = Town(town.server, web, town.jobs)
    for job in town.jobs.values():
        page = other.page(f"{HERE}/jobs/{job}", "en")
        assert "<h2>Request</h2>" not in page
        assert "Asked by" not in page
    assert "/files/" not in other.page(f"{HERE}/jobs/{town.jobs['successful']}")
    assert "To begin a job one must be a planner" in other.page(f"{HERE}/processes/plan", "en")
    for path in ("/transactions", "/transactions/2", "/files"):
        assert web.get(HERE + path, headers={"accept": BROWSER}).status_code == 403, path
    assert "transactions" not in other.page(HERE)
    versions = other.page(f"{HERE}/collections/communities/items/SQ01/versions", "en")
    assert "/transactions/" not in versions
    assert "another program" not in versions


# ── processes ────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("process", PROCESSES.values(), ids=lambda process: process.id)
def test_every_process_has_an_example_that_it_takes(process: Any) -> None:
    assert process.read(process.example).model_dump()
    for lang in LANGS:
        rows = list(asked_with(description(process, lang, "")["inputs"], lang))
        assert {each.name for each in rows if "." not in each.name} == set(process.inputs.model_fields)
        assert all(each.kind for each in rows)


@pytest.mark.parametrize(
    ("schema", "kind", "values"),
    [
        ({"type": "integer", "minimum": 1}, "whole number", "≥ 1"),
        ({"type": "number", "minimum": 0, "exclusiveMinimum": True}, "number", "> 0"),
        ({"type": "number", "minimum": 0, "maximum": 9000, "exclusiveMinimum": True}, "number", "> 0, ≤ 9,000"),
        ({"type": "array", "items": {"type": "string", "enum": ["a", "b"]}, "minItems": 1, "maxItems": 8},
         "list: text", "a, b; 1 – 8 items"),
        ({"anyOf": [{"type": "string", "enum": ["none"]}, {"type": "number", "minimum": 0, "maximum": 1}]},
         "text / number", "none; 0 – 1"),
        ({}, "JSON", ""),
    ],
)  # fmt: skip
def test_schemas_are_said_in_words(schema: dict[str, Any], kind: str, values: str) -> None:
    assert (kind_of(schema, "en"), values_of(schema, "en")) == (kind, values)


# ── rasters ──────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("bounds", [(119.9, 30.1, 120.1, 30.2), (-180, -85, 180, 85), (120.0, 30.0, 120.0001, 30.1)])
def test_the_picture_of_a_raster_is_covered_by_few_tiles(bounds: tuple[float, float, float, float]) -> None:
    aspect, pieces = picture(bounds)
    assert 1 <= len(pieces) <= 16
    assert min(each.left for each in pieces) <= 1e-9
    assert min(each.top for each in pieces) <= 1e-9
    assert max(each.left + each.width for each in pieces) >= 1 - 1e-9
    assert max(each.top + each.height for each in pieces) >= 1 - 1e-9
    assert all(each.height == pytest.approx(each.width * aspect) for each in pieces)


def test_tiles_of_the_picture_are_there(town: Town) -> None:
    for address in re.findall(r'<img src="([^"]*)"', town.page(f"{HERE}/rasters/population")):
        assert town.web.get(address).headers["content-type"] == "image/png"
