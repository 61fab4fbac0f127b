"""Refusals: pages for people who opened a wrong address, problem documents for programs; the same status for both."""

import re
from collections.abc import Iterator
from html import unescape

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

import api.errors as web_errors
from api.accounts.rights import Caller
from api.main import create_app
from api.refusals import MEANT, in_chinese, refusal_page
from api.server import Server
from tests.api.editing.conftest import As
from tests.api.served import STUDY_ID, client, serve, small_study

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
HERE = f"/studies/{STUDY_ID}"
ROOT = "http://127.0.0.1:8000"
WRONG = [
    ("/nowhere", 404), ("/studies/nope", 404), ("/studies/nope/map", 404), (f"{HERE}/collections/nope", 404),
    (f"{HERE}/collections/nope/items", 404), (f"{HERE}/collections/buildings/items?f=xml", 400), (f"{HERE}?f=xml", 400),
    (f"{HERE}/collections/buildings/items?limit=x", 400), (f"{HERE}/jobs/nope", 404), (f"{HERE}/tiles/None/0/0/0", 404),
    ("/login", 404), (f"{HERE}/processes/gaps/execution", 405),
]  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = serve(small_study(), tmp_path_factory.mktemp("refusals"))
    yield server
    server.close()


@pytest.fixture(scope="module")
def web(server: Server) -> TestClient:
    return client(server)


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize(("address", "status"), WRONG)
def test_people_get_a_page(web: TestClient, address: str, status: int, lang: str) -> None:
    told = web.get(address, headers={"accept": BROWSER, "accept-language": lang})
    assert told.status_code == status
    assert told.headers["content-type"] == "text/html; charset=utf-8"
    assert "accept" in told.headers["vary"].lower()
    assert "default-src 'self'" in told.headers["content-security-policy"]
    title = MEANT[status][0] if lang == "zh" else web_errors.TITLES[status]
    assert f"<title>{title} · shequ" in told.text
    assert f'<html lang="{"zh-CN" if lang == "zh" else "en"}">' in told.text
    assert told.headers["x-request-id"] in told.text
    assert f'href="/studies?f=html&amp;lang={lang}"' in told.text
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', told.text), "nothing of another server"
    assert "<script" not in told.text
    same = web.get(address).json()
    assert same["status"] == status
    for fault in same["faults"]:
        for said in (fault["what"], fault["remedy"]):
            assert ((in_chinese(said) if lang == "zh" else None) or said) in unescape(told.text)


@pytest.mark.parametrize("accept", ["*/*", "", "application/json", "application/geo+json", "image/png,*/*;q=0.8",
                                    "application/geo+json, application/json, text/html;q=0.5",
                                    "application/vnd.mapbox-vector-tile"])  # fmt: skip
def test_programs_get_a_problem(web: TestClient, accept: str) -> None:
    for address, status in WRONG:
        told = web.get(address, headers={"accept": accept})
        assert told.status_code in (status, 406), address
        assert told.headers["content-type"] == "application/problem+json", address
        assert told.headers["vary"] == "Accept, Accept-Language", address
        assert told.json()["faults"][0]["what"], address


def test_f_says_which(web: TestClient) -> None:
    address = f"{HERE}/collections/nope"
    asked = {"accept": BROWSER}
    assert web.get(address, params={"f": "json"}, headers=asked).headers["content-type"] == "application/problem+json"
    assert web.get(address, params={"f": "html"}).headers["content-type"].startswith("text/html")


_SCRIPT = "%3Cscript%3Ealert(1)%3C/script%3E"


@pytest.mark.parametrize(
    "hostile",
    ["/nowhere/<script>alert(1)</script>", "//evil.example/%22onload=alert(1)",
     "/studies/%3Cimg src=x onerror=alert(1)%3E", f'{HERE}/collections/"><script>alert(1)</script>',
     f"{HERE}?f=%3Cscript%3E&x=%22%3E{_SCRIPT}", f"{HERE}/collections/buildings/items?filter={_SCRIPT}"],
)  # fmt: skip
def test_what_is_told_again_is_text(web: TestClient, hostile: str) -> None:
    page = web.get(hostile, headers={"accept": BROWSER}).text
    assert "<html" in page
    assert "<script" not in page
    assert "<img" not in page
    assert 'onload=alert(1)"' not in page
    links = [unescape(each) for each in re.findall(r'href="([^"]*)"', page)]
    assert all(each.startswith(("/studies", "/docs", "?", "data:,")) for each in links), links


def test_the_page_leads_one_step_up_within_a_study(web: TestClient) -> None:
    page = web.get(f"{HERE}/collections/nope", headers={"accept": BROWSER}).text
    assert f'href="{HERE}/collections?f=html&amp;lang=zh"' in page
    page = web.get("/studies/nope", headers={"accept": BROWSER}).text
    assert "上一级" not in page


def test_links_begin_with_the_public_address(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Behind a proxy that serves more than this below one name."""
    server = serve(small_study(), tmp_path_factory.mktemp("behind"), public_url="https://map.town.cn/gis")
    told = client(server).get("/studies/nope/map?lang=en", headers={"accept": BROWSER})
    server.close()
    assert 'href="https://map.town.cn/gis/studies?f=html&amp;lang=en"' in told.text
    assert 'href="https://map.town.cn/gis/studies/nope?f=html&amp;lang=en"' in told.text


def test_reasons_are_told_in_the_language_of_the_page() -> None:
    told = web_errors.problem(web_errors.InfeasibleError(["<too many>"], reasons_zh=["太多"], ids=["A"]))
    scope = {"type": "http", "method": "GET", "path": "/x", "query_string": b"lang=zh", "headers": []}
    assert "太多" in refusal_page(told, scope, "")
    assert "&lt;too many&gt;" not in refusal_page(told, scope, "")
    assert "&lt;too many&gt;" in refusal_page(told, scope | {"query_string": b"lang=en"}, "")


def test_places_of_faults_are_told() -> None:
    fault = web_errors.Fault(
        "no name", "give one", table="estates", ids=tuple(f"E{n}" for n in range(20)), file="a.gpkg"
    )
    scope = {"type": "http", "method": "GET", "path": "/x", "query_string": b"lang=en", "headers": []}
    page = refusal_page(web_errors.problem(web_errors.InputError([fault] * 30)), scope, "")
    assert "<code>a.gpkg</code>" in page
    assert "E7" in page
    assert "E8" not in page
    assert "and 10 more." in page


def test_who_has_not_the_right_is_told_on_a_page(server: Server) -> None:
    app = create_app(server.settings, server)
    web = TestClient(As(app, Caller("zhao", {STUDY_ID: "viewer"})), base_url=ROOT)
    told = web.get(f"{HERE}/files", headers={"accept": BROWSER})
    assert told.status_code == 403
    assert "没有权限" in told.text


def test_every_status_of_ours_has_words_in_both_languages() -> None:
    assert set(MEANT) == set(web_errors.TITLES)
    assert all(re.search("[\u4e00-\u9fff]", zh) and re.search("[\u4e00-\u9fff]", why) for zh, why, _ in MEANT.values())
    assert all(en.isascii() and en.endswith(".") for _, _, en in MEANT.values())


@pytest.mark.parametrize("accept", ["*/*", BROWSER])
def test_what_nobody_foresaw_tells_its_number_and_no_more(server: Server, accept: str) -> None:
    app: FastAPI = create_app(server.settings, server)

    @app.get("/broken")
    def broken() -> None:
        raise RuntimeError("a secret")

    web = TestClient(app, base_url=ROOT, raise_server_exceptions=False)
    told = web.get("/broken", headers={"accept": accept})
    assert told.status_code == 500
    assert "secret" not in told.text
    assert told.headers["x-request-id"] in told.text
    assert told.headers["x-content-type-options"] == "nosniff"
    assert told.headers["content-type"].startswith("text/html" if accept == BROWSER else "application/problem+json")
    with pytest.raises(RuntimeError):
        TestClient(app, base_url=ROOT).get("/broken")
