"""ETags: an answer that still holds is not sent twice, and each representation has its own."""

import pytest

from api.accounts.rights import Caller
from api.features.freshness import feature_etag, unchanged, version_in
from api.server import Server
from tests.api.features.conftest import Api
from tests.api.served import client

PATHS = ["/collections", "/collections/roads", "/collections/roads/items", "/collections/roads/items/R1",
         "/collections/roads/queryables", "/collections/roads/schema"]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_what_still_holds_is_not_sent_again(api: Api, path: str) -> None:
    first = api.get(path, "*/*")
    again = api.get(path, "*/*", {"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert again.headers["cache-control"] == "private, max-age=0, must-revalidate"
    assert "Accept" in again.headers["vary"]
    assert api.get(path, "*/*", {"if-none-match": '"other", W/"more"'}).status_code == 200
    assert api.get(path, "*/*", {"if-none-match": f'"other", {first.headers["etag"]}'}).status_code == 304


@pytest.mark.parametrize("path", PATHS)
def test_each_representation_has_its_own(api: Api, path: str) -> None:
    asked = [{}, {"f": "html"}, {"lang": "en"}, {"f": "html", "lang": "en"}]
    if "items" in path:
        asked += [{"crs": "EPSG:4490"}, {"properties": "name"}, {"skipGeometry": "true"}]
    tags = [api.get(path, "*/*", **each).headers["etag"] for each in asked]
    assert len(set(tags)) == len(tags)


class As:
    """The application as somebody else uses it."""

    def __init__(self, app: object, caller: Caller) -> None:
        self.app, self.caller = app, caller

    async def __call__(self, scope: dict, receive: object, send: object) -> None:
        if scope["type"] == "http":
            scope.setdefault("state", {})["caller"] = self.caller
        await self.app(scope, receive, send)  # type: ignore[operator]


@pytest.fixture
def viewer(town: Server) -> Api:
    web = client(town)
    web._transport.app = As(web._transport.app, Caller("wang", {"town": "viewer"}))
    return Api(web)


def test_viewers_have_their_own_and_see_no_households(api: Api, viewer: Api) -> None:
    """Neither in answers nor in schemas, filters and parameters."""
    for path in ("/collections/buildings/items", "/collections/buildings/items/JZ001"):
        assert viewer.get(path, "*/*").headers["etag"] != api.get(path, "*/*").headers["etag"]
    house = viewer.json("/collections/buildings/items/JZ001")["properties"]
    assert {"households", "people", "dwellings", "children", "elders"}.isdisjoint(house)
    assert "households" in api.json("/collections/buildings/items/JZ001")["properties"]
    for what in ("queryables", "schema"):
        assert "households" not in viewer.json(f"/collections/buildings/{what}")["properties"]
    assert "no property households" in viewer.refused("/collections/buildings/items", filter="households > 3")
    assert "no parameter households" in viewer.refused("/collections/buildings/items", households="3")
    assert "no property people" in viewer.refused("/collections/buildings/items", properties="people")
    assert 'title="households"' not in viewer.get("/collections/buildings/items", "text/html").text
    whole = {each["id"]: each["properties"]["households"] for each in api.items("blocks")["features"]}
    shown = {each["id"]: each["properties"]["households"] for each in viewer.items("blocks")["features"]}
    assert shown == {name: told if told is not None and told >= 10 else None for name, told in whole.items()}
    small = [told for told in whole.values() if told is not None and told < 10]
    assert viewer.items("blocks", filter="households < 10")["numberMatched"] == 0, small


def test_strangers_are_told_there_is_nothing(town: Server) -> None:
    web = client(town)
    web._transport.app = As(web._transport.app, Caller("zhao", {"elsewhere": "admin"}))
    assert "there is no study town" in Api(web).refused("/collections/roads/items", 404)


@pytest.mark.parametrize(
    ("header", "version"), [('"7"', 7), ('"7-5f3a9c"', 7), ('W/"7"', 7), (' "12" ', 12), ("7", None), ('"x"', None),
                            ('"7-A B"', None), ("*", None), ("", None)],
)  # fmt: skip
def test_version_in_an_etag(header: str, version: int | None) -> None:
    assert version_in(header) == version


def test_etag_of_a_version() -> None:
    assert (feature_etag(3), feature_etag(3, "ab12")) == ('"3"', '"3-ab12"')
    assert version_in(feature_etag(3, "ab12")) == 3
    assert unchanged("*", '"3"')
    assert not unchanged(None, '"3"')
    assert unchanged('W/"3"', '"3"'), "compared weakly, as If-None-Match is"
