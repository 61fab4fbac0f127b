"""The page's own files, and what an open page asks every few seconds."""

import gzip

import pytest

from api.errors import NotFoundError
from api.storage.records import FeatureWrite
from api.viewer.freshness import changed_since
from api.viewer.parts import map_page, part
from tests.api.served import STUDY_ID


@pytest.fixture
def built(tmp_path):
    (tmp_path / "index.html").write_text("<html>", "utf-8")
    (tmp_path / "index-AbCd_123.js").write_text("code", "utf-8")
    (tmp_path / "index-AbCd_123.js.gz").write_bytes(gzip.compress(b"code"))
    (tmp_path / "licences.md").write_text("BSD", "utf-8")
    (tmp_path.parent / "secret.js").write_text("secret", "utf-8")
    return tmp_path


def test_the_page_may_run_only_scripts_of_this_server(built):
    page = map_page(built)
    assert page.body == b"<html>"
    policy = page.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert page.headers["cache-control"] == "no-cache"


def test_a_page_that_was_never_built_names_the_command(tmp_path):
    with pytest.raises(NotFoundError, match="has not been built") as refused:
        map_page(tmp_path)
    assert "python -m layers.assets" in refused.value.fault.remedy


def test_parts_named_by_their_content_are_kept_for_good_and_sent_compressed(built):
    plain, zipped = (part("index-AbCd_123.js", zipped=yes, folder=built) for yes in (False, True))
    assert "immutable" in plain.headers["cache-control"]
    assert (plain.media_type, zipped.media_type) == ("text/javascript", "text/javascript")
    assert zipped.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert part("licences.md", zipped=True, folder=built).headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("name", ["../secret.js", "index-AbCd_123.js.gz", "nothing.js", "index.html"])
def test_nothing_else_is_given_out(built, name):
    with pytest.raises(NotFoundError, match="no part"):
        part(name, zipped=False, folder=built)


def test_over_http(town):
    page = town.get("/studies/town/map")
    if page.status_code == 404:
        pytest.skip("the map page has not been built: python -m layers.assets")
    assert page.headers["content-type"].startswith("text/html")
    script = page.text.split('src="../../viewer/')[1].split('"')[0]
    assert town.get(f"/viewer/{script}").headers["content-type"].startswith("text/javascript")
    assert town.get("/viewer/..%2f..%2fmain.py").status_code in (400, 404)
    assert town.get("/studies/none/map").status_code == 404


def test_an_open_page_hears_which_collections_were_edited(town, server):
    store = server.storage.open(STUDY_ID)
    before = town.get("/studies/town/freshness").json()
    assert before == {"tx": store.head(), "collections": []}
    row = store.rows("facilities", ids=["F1"]).to_pylist()[0]
    properties = {key: value for key, value in row.items() if key not in ("id", "version", "tx", "geometry")}
    store.commit([FeatureWrite("facilities", "F1", "replace", properties | {"name": "新名"}, row["geometry"])],
                 by="a", action="edit")  # fmt: skip
    after = town.get("/studies/town/freshness", params={"since": before["tx"]}).json()
    assert after == {"tx": before["tx"] + 1, "collections": ["facilities"]}
    assert changed_since(store, after["tx"]) == (after["tx"], [])
    assert town.get("/studies/town/freshness", params={"since": -1}).status_code == 400
