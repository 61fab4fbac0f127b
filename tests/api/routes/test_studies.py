"""The door: studies, landing pages, conformance, health; as JSON and as pages in both languages."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from api.editing import conformance as editing
from api.features import conformance as features
from api.jobs import conformance as jobs
from api.styles import conformance as styles
from api.tiles import conformance as tiles
from tests.api.served import STUDY_ID, client, serve, small_study

HERE = f"/studies/{STUDY_ID}"


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    server = serve(small_study(), tmp_path_factory.mktemp("studies"))
    yield client(server)
    server.close()


@pytest.mark.parametrize("path", ["/", "/studies"])
def test_the_studies_are_listed(web: TestClient, path: str) -> None:
    told = web.get(path, params={"lang": "en"}).json()
    assert told["studies"] == [{"id": STUDY_ID, "title": "Small Town", "href": f"http://127.0.0.1:8000{HERE}"}]


def test_every_link_of_a_landing_page_leads_somewhere(web: TestClient) -> None:
    links = web.get(HERE).json()["links"]
    assert {"self", "service-desc", "service-doc", "conformance", "data"} <= {each["rel"] for each in links}
    for each in links:
        answer = web.get(each["href"])
        if each["href"].endswith("/map") and answer.status_code == 404:
            continue  # the map page has not been built
        assert answer.status_code == 200, each
        assert answer.headers["content-type"].startswith(each["type"].split(";")[0]), each


@pytest.mark.parametrize("path", ["/studies", HERE])
@pytest.mark.parametrize(("lang", "words"), [("zh", "小镇"), ("en", "Small Town")])
def test_pages_are_in_both_languages(web: TestClient, path: str, lang: str, words: str) -> None:
    page = web.get(path, headers={"accept": "text/html", "accept-language": lang})
    assert page.headers["content-type"].startswith("text/html")
    assert words in page.text
    assert f'lang="{"en" if lang == "en" else "zh-CN"}"' in page.text
    assert "http://" not in page.text.replace("http://127.0.0.1:8000", ""), "nothing from elsewhere"
    assert web.get(path, params={"f": "json"}, headers={"accept": "text/html"}).json()["title"]


def test_conformance_is_what_the_packages_declare(web: TestClient) -> None:
    declared = web.get(f"{HERE}/conformance").json()["conformsTo"]
    assert declared == web.get("/conformance").json()["conformsTo"]
    assert len(declared) == len(set(declared))
    for package in (features, editing, tiles, styles, jobs):
        assert set(package.CONFORMANCE) <= set(declared)


@pytest.mark.parametrize(("accept", "status"), [("image/png", 406), ("application/json", 200), ("*/*", 200)])
def test_what_is_not_offered_is_told(web: TestClient, accept: str, status: int) -> None:
    assert web.get(HERE, headers={"accept": accept}).status_code == status


def test_a_study_that_is_not_there(web: TestClient) -> None:
    told = web.get("/studies/elsewhere")
    assert told.status_code == 404
    assert "elsewhere" in told.json()["detail"]
    assert told.json()["faults"][0]["remedy"]


def test_health(web: TestClient) -> None:
    told = web.get("/health").json()
    assert (told["status"], told["storage"]["ok"]) == ("ok", True)
