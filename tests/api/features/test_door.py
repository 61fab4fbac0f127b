"""Pages that are answered before the application is asked are those that it would write."""

import pytest

from api.features import door
from tests.api.served import STUDY_ID, client, serve, small_study

ITEMS = f"/studies/{STUDY_ID}/collections/buildings/items"
USUAL = ("", "?limit=7", "?bbox=110,20,120,40&limit=3", "?properties=name&skipGeometry=true", "?limit=0", "?bbox=1,2")


@pytest.fixture(scope="module")
def web(tmp_path_factory):
    server = serve(small_study(), tmp_path_factory.mktemp("door"))
    yield client(server)
    server.close()


@pytest.mark.parametrize("asked", [*USUAL, "?f=html", "?filter=floors>3", "?nothing=1", "?lang=en"])
@pytest.mark.parametrize("headers", [{}, {"accept-language": "en"}, {"accept": "text/html"}])
def test_the_short_way_says_what_the_long_one_says(web, monkeypatch, asked, headers) -> None:
    web.get(ITEMS)  # the table is at hand
    short = web.get(ITEMS + asked, headers=headers)
    with monkeypatch.context() as closed:
        closed.setattr(door, "_is_usual", lambda _: False)
        long = web.get(ITEMS + asked, headers=headers)
    assert short.status_code == long.status_code
    own = {"x-request-id", "date"}
    assert {n: v for n, v in short.headers.items() if n not in own} == {
        n: v for n, v in long.headers.items() if n not in own
    }
    if short.headers["content-type"] == "application/geo+json":
        assert {**short.json(), "timeStamp": ""} == {**long.json(), "timeStamp": ""}
    elif "json" in short.headers["content-type"]:
        assert short.json() == long.json()


def test_what_is_not_changed_is_not_sent_again(web) -> None:
    first = web.get(ITEMS)
    assert web.get(ITEMS, headers={"if-none-match": first.headers["etag"]}).status_code == 304


def test_requests_are_counted_under_their_route(web) -> None:
    web.get(ITEMS)
    assert 'route="/studies/{study_id}/collections/{collection_id}/items",status="200"' in web.get("/metrics").text
