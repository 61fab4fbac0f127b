"""What tells of single households or persons is nowhere in what a viewer gets, however it is asked for."""

import gzip
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import mapbox_vector_tile
import pandas as pd
import pytest
from starlette.testclient import TestClient

from api.accounts.rights import HOUSEHOLD_COLUMNS, Caller
from api.editing.board import PlanBoard
from api.server import Server
from api.storage.records import DocumentWrite, FeatureWrite, FileWrite
from geo.study import Study
from tests.api.accounts.conftest import client_as
from tests.api.editing.conftest import small_plan
from tests.api.served import STUDY_ID, serve, small_study

HOME = f"/studies/{STUDY_ID}"
HOUSEHOLDS, DWELLINGS = 98_765, 87_654
"""Figures that are nowhere else: of house JZ001; of block B0001, which has 7 households and so is not told of."""
NAMES = ("李四", "王五")
SECRETS = (str(HOUSEHOLDS), str(DWELLINGS), *NAMES)
BUILDINGS, BLOCKS = f"{HOME}/collections/buildings", f"{HOME}/collections/blocks"


def _town() -> Study:
    study = small_study()
    buildings, blocks = study["buildings"].copy(), study["blocks"].copy()
    buildings.loc["JZ001", ["households", "dwellings"]] = HOUSEHOLDS, DWELLINGS
    blocks.loc["B0001", "households"] = 7.0
    history, first = study["finding_history"], "building:JZ002:1b:1#1"  # somebody else surveyed, as it turned out
    again = history.loc[[first]].assign(number=2, column="surveyor", before=NAMES[0], after=NAMES[1])
    history = pd.concat([history, again.rename(index={first: "building:JZ002:1b:1#2"})])
    return replace(study, tables={**study.tables, "buildings": buildings, "blocks": blocks, "finding_history": history})


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = serve(_town(), tmp_path_factory.mktemp("privacy"))
    store = made.storage.open(STUDY_ID)
    before = store.rows("buildings", ids=["JZ001"]).to_pylist()[0]
    kept = {name: value for name, value in before.items() if name not in ("id", "version", "tx", "geometry")}
    store.commit([FeatureWrite("buildings", "JZ001", "replace", kept | {"floors": 9.0}, before["geometry"])],
                 by="王五", action="feature updated")  # fmt: skip
    outcome = {"process": "gaps", "summary": {}, "collections": [], "files": {"map": "jobs/g1/map.html"}, "by": "王五"}
    store.commit([FileWrite("jobs/g1/map.html", "text/html", f"JZ001: {HOUSEHOLDS}".encode()),
                  FileWrite("findings/f1/p.jpg", "image/jpeg", b"\xff\xd8\xff"), DocumentWrite("job", "g1", outcome)],
                 by="王五", action="gaps")  # fmt: skip
    yield made
    made.close()


@pytest.fixture(scope="module")
def viewer(server: Server) -> TestClient:
    return client_as(server, Caller("zhao", {STUDY_ID: "viewer"}))


@pytest.fixture(scope="module")
def planner(server: Server) -> TestClient:
    return client_as(server, Caller("wang", {STUDY_ID: "planner"}))


def _words(content: bytes) -> str:
    """Return everything that can be read in an answer, packed or not."""
    if content[:2] == b"\x1f\x8b":
        content = gzip.decompress(content)
    if content[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            content = b"\n".join(packed.read(name) for name in packed.namelist())
    return "\n".join(content.decode(each, "ignore") for each in ("utf-8", "gb18030"))


def _found(content: bytes) -> list[str]:
    said = _words(content)
    return [secret for secret in SECRETS if re.search(rf"(?<![\d.]){secret}(?!\d)", said)]


def _links(told: Any) -> Iterator[str]:
    if isinstance(told, dict):
        for key, value in told.items():
            if isinstance(value, str) and key in ("href", "url", "sprite", "style", "tiles"):
                yield value
            else:
                yield from _links(value)
    elif isinstance(told, list):
        for each in told:
            yield from ([each] if isinstance(each, str) and each.startswith("http") else _links(each))


# ── everything that links lead to ────────────────────────────────────────────────────────────────────────────────────
MOST = 150


def _crawl(client: TestClient) -> dict[str, bytes]:
    """Return what is answered under every address of the study that answers link to, from its landing page on."""
    begin = ("", "/layers", "/styles", "/rasters", "/jobs", "/plans", "/api", "/collections?f=html", "/map",
             "/processes", "/jobs/g1/results", "/freshness?since=0")  # fmt: skip
    waiting = [HOME + each for each in begin]
    seen: dict[str, bytes] = {}
    kinds: dict[str, int] = {}
    while waiting and len(seen) < MOST:
        path = waiting.pop(0)
        kind = re.sub(r"\?.*|\d+", "", path)
        if path in seen or kinds.get(kind, 0) >= 2:
            continue
        kinds[kind] = kinds.get(kind, 0) + 1
        with client.stream("GET", path) as answer:
            if "event-stream" in answer.headers.get("content-type", ""):
                continue
            answer.read()
        assert answer.status_code < 500, path
        seen[path] = answer.content
        if "json" in answer.headers.get("content-type", ""):
            for href in _links(answer.json()):
                parts = urlsplit(href)
                if "127.0.0.1" in parts.netloc and parts.path.startswith(HOME):
                    waiting.append(re.sub(r"\{.*", "", parts.path) + (f"?{parts.query}" if parts.query else ""))
    return seen


def test_no_link_leads_a_viewer_to_what_is_not_theirs(viewer: TestClient, planner: TestClient) -> None:
    seen = _crawl(viewer)
    assert len(seen) > 60, sorted(seen)
    leaks = {path: found for path, content in seen.items() if (found := _found(content))}
    assert leaks == {}
    assert any(_found(content) for content in _crawl(planner).values())  # the crawl would have seen them


# ── features ─────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("frame", ["buildings", "findings", "observations", "finding_history"])
def test_columns_of_households_are_no_column_to_a_viewer(viewer: TestClient, planner: TestClient, frame: str) -> None:
    for part in ("queryables", "schema"):
        shown = viewer.get(f"{HOME}/collections/{frame}/{part}").json()["properties"]
        whole = planner.get(f"{HOME}/collections/{frame}/{part}").json()["properties"]
        assert not HOUSEHOLD_COLUMNS[frame] & set(shown)
        assert HOUSEHOLD_COLUMNS[frame] & set(whole)
    hidden = sorted(HOUSEHOLD_COLUMNS[frame] & set(whole))
    for form, column in product(("json", "html", "csv"), hidden):
        told = viewer.get(f"{HOME}/collections/{frame}/items?f={form}&limit=1000")
        assert f'"{column}"' not in told.text
        assert f">{column}<" not in told.text
        assert not _found(told.content)


_JSON = '{"op": "=", "args": [{"property": "households"}, 1]}'
_ASKED = [
    "filter=households%3D98765", "filter=households%20IS%20NOT%20NULL", "properties=households", "households=98765",
    "sortby=households", "sortby=-households", "filter=CASEI(dwellings)%3D'1'", "filter=households%2B1%3E2",
    f"filter-lang=cql2-json&filter={quote(_JSON)}", "properties=name,dwellings",
]  # fmt: skip


@pytest.mark.parametrize("asked", _ASKED)
def test_nor_can_they_be_asked_about(viewer: TestClient, asked: str) -> None:
    for place in (f"{BUILDINGS}/items", f"{BUILDINGS}/items/JZ001", f"{BUILDINGS}/export"):
        told = viewer.get(f"{place}?{asked}")
        assert told.status_code == 400, told.text[:300]
        assert not _found(told.content)
        unknown = viewer.get(f"{place}?{asked.replace('households', 'nonsense').replace('dwellings', 'nonsense')}")
        assert unknown.status_code == 400  # as for a column that there is not


def test_earlier_states_and_versions_hide_them_too(viewer: TestClient, planner: TestClient) -> None:
    for path in (f"{BUILDINGS}/items/JZ001?as_of=1", f"{BUILDINGS}/items/JZ001/versions", f"{BUILDINGS}/items?as_of=1"):
        told = viewer.get(path)
        assert told.status_code == 200, told.text
        assert not _found(told.content)
        assert _found(planner.get(path).content)
    assert viewer.get(f"{HOME}/transactions").status_code == 403
    assert viewer.get(f"{HOME}/transactions/2").status_code == 403
    assert viewer.get(f"{HOME}/backup").status_code == 403


def test_a_refusal_does_not_tell_them(server: Server) -> None:
    surveyor = client_as(server, Caller("chen", {STUDY_ID: "surveyor"}))
    finding = f"{HOME}/collections/findings/items/building:JZ001:3a:1"
    stale = {"content-type": "application/merge-patch+json", "if-match": '"9"'}
    told = surveyor.patch(finding, content='{"properties": {"note": "x"}}', headers=stale)
    assert told.status_code == 412
    assert not _found(told.content)


def test_who_surveyed_is_not_told_by_the_history_of_a_finding(viewer: TestClient, planner: TestClient) -> None:
    history, table = f"{HOME}/findings/building:JZ002:1b:1/history", f"{HOME}/collections/finding_history"
    row = f"{table}/items/{quote('building:JZ002:1b:1#2', safe='')}"
    for path in (
        history,
        f"{table}/items",
        row,
        f"{row}/versions",
        f"{table}/export?f=geojson",
        f"{table}/items?f=html",
    ):
        assert _found(planner.get(path).content), path
        told = viewer.get(path)
        assert told.status_code == 200, path
        assert not _found(told.content), path
    for asked in ("before='李四'", "after LIKE '王%'", "NOT before IS NULL AND column = 'surveyor'"):
        assert viewer.get(f"{table}/items", params={"filter": asked}).json()["numberMatched"] == 0
        assert planner.get(f"{table}/items", params={"filter": asked}).json()["numberMatched"] == 1


# ── few households ───────────────────────────────────────────────────────────────────────────────────────────────────
def test_counts_of_few_households_are_null_everywhere(viewer: TestClient, planner: TestClient) -> None:
    shown = viewer.get(f"{BLOCKS}/items/B0001").json()["properties"]
    assert planner.get(f"{BLOCKS}/items/B0001").json()["properties"]["households"] == 7
    assert shown["households"] is None
    assert shown.get("people") is None
    assert viewer.get(f"{BLOCKS}/items/B0002").json()["properties"]["households"] >= 10
    for asked in ("households=7", "filter=households%3C10", "filter=households%20BETWEEN%206%20AND%208"):
        assert viewer.get(f"{BLOCKS}/items?{asked}").json()["numberMatched"] == 0
        assert planner.get(f"{BLOCKS}/items?{asked}").json()["numberMatched"] == 1
    told = viewer.get(f"{BLOCKS}/tiles/WebMercatorQuad/{_tile_of_the_town(viewer)}?properties=id,households")
    told_of = {
        each["properties"]["id"]: each["properties"]
        for each in mapbox_vector_tile.decode(told.content)["blocks"]["features"]
    }
    assert "households" not in told_of["B0001"]
    assert told_of["B0002"]["households"] >= 10


# ── tiles, styles, files ─────────────────────────────────────────────────────────────────────────────────────────────
def _tile_of_the_town(client: TestClient) -> str:
    west, south, east, north = client.get(BUILDINGS).json()["extent"]["spatial"]["bbox"][0]
    import morecantile

    tile = morecantile.tms.get("WebMercatorQuad").tile((west + east) / 2, (south + north) / 2, 10)
    return f"{tile.z}/{tile.y}/{tile.x}"


def test_tiles_hold_no_column_of_households(viewer: TestClient, planner: TestClient) -> None:
    place = _tile_of_the_town(viewer)
    for path in (
        f"{BUILDINGS}/tiles/WebMercatorQuad/{place}",
        f"{HOME}/tiles/WebMercatorQuad/{place}?collections=buildings",
    ):
        whole = planner.get(path)  # first: what is kept of a tile is kept for each right
        shown = viewer.get(path)
        assert (whole.status_code, shown.status_code) == (200, 200)
        keys = {
            key
            for each in mapbox_vector_tile.decode(shown.content)["buildings"]["features"]
            for key in each["properties"]
        }
        assert not keys & HOUSEHOLD_COLUMNS["buildings"]
        assert whole.headers["etag"] != shown.headers["etag"]
        again = viewer.get(path, headers={"if-none-match": whole.headers["etag"]})
        assert again.status_code == 200
        more = f"{path}{'&' if '?' in path else '?'}properties=id,households"
        assert viewer.get(more).status_code == 400
        assert planner.get(more).status_code == 200


def test_no_legend_is_drawn_by_a_column_of_households(viewer: TestClient) -> None:
    layers = [
        each for each in viewer.get(f"{HOME}/layers").json()["layers"].values() if each["collection"] == "buildings"
    ]
    assert layers
    for layer in layers:
        assert layer["style"] is None or not HOUSEHOLD_COLUMNS["buildings"] & set(
            re.findall(r"\w+", str(layer["style"]))
        )
    for style in viewer.get(f"{HOME}/styles").json()["styles"]:
        drawn = viewer.get(f"{HOME}/styles/{style['id']}").json()
        parts = str([layer for layer in drawn["layers"] if layer.get("source-layer") == "buildings"])
        assert not HOUSEHOLD_COLUMNS["buildings"] & set(re.findall(r"\w+", parts))


def test_files_are_not_for_viewers(viewer: TestClient, planner: TestClient) -> None:
    assert planner.get(f"{HOME}/files/jobs/g1/map.html").status_code == 200
    for path in ("files/jobs/g1/map.html", "files/findings/f1/p.jpg", "files", "findings/f1/photos/p.jpg", "uploads"):
        assert viewer.get(f"{HOME}/{path}").status_code == 403, path


@pytest.mark.parametrize("kind", ["geojson", "gpkg", "xlsx", "fgb", "parquet"])
def test_exports_hold_what_items_do(viewer: TestClient, planner: TestClient, kind: str, tmp_path: Path) -> None:
    import geopandas as gpd
    import pyogrio

    columns = []
    for number, client in enumerate((viewer, planner)):
        told = client.get(f"{BUILDINGS}/export?f={kind}")
        assert told.status_code == 200, told.text[:300]
        file = tmp_path / f"{number}.{kind}"
        file.write_bytes(told.content)
        if kind == "xlsx":
            read = pd.read_excel(file, engine="openpyxl")
        else:
            read = gpd.read_parquet(file) if kind == "parquet" else pyogrio.read_dataframe(file, layer=0)
        columns.append(set(map(str, read.columns)))
        assert bool(_found(told.content)) <= (client is planner)
    assert columns[1] - columns[0], "what a planner gets more"
    if kind != "xlsx":
        assert not columns[0] & HOUSEHOLD_COLUMNS["buildings"]


def test_the_whole_study_in_one_file_holds_them_no_more(viewer: TestClient, tmp_path: Path) -> None:
    import sqlite3

    told = viewer.get(f"{HOME}/export")
    assert told.status_code == 200
    file = tmp_path / "town.gpkg"
    file.write_bytes(told.content)
    assert not _found(told.content)
    with sqlite3.connect(file) as db:
        tables = [name for (name,) in db.execute("SELECT table_name FROM gpkg_contents")]
        said = {name: {row[1] for row in db.execute(f'PRAGMA table_info("{name}")')} for name in tables}
        assert not any("shequ_" in name for (name,) in db.execute("SELECT name FROM sqlite_master"))
    db.close()
    for frame, hidden in HOUSEHOLD_COLUMNS.items():
        assert not said.get(frame, set()) & hidden


def test_search_tells_of_names_alone(viewer: TestClient) -> None:
    for asked in ("98765", "李四", "1-1号楼"):
        assert not _found(viewer.get(f"{HOME}/search", params={"q": asked}).content)


# ── another town with the same sums ──────────────────────────────────────────────────────────────────────────────────
def _everything(study: Study, folder: Path) -> dict[str, str]:
    """Return what a viewer gets of a study, with a plan, by address; without the times of writing."""
    folder.mkdir()
    server = serve(study, folder)
    PlanBoard().create(server.storage.open(STUDY_ID), "p1", small_plan(), title=("方案", ""), by="王五")
    web = client_as(server, Caller("zhao", {STUDY_ID: "viewer"}))
    tile = f"tiles/WebMercatorQuad/{_tile_of_the_town(web)}"
    paths = ["/layers", "/plans", "/plans/p1", "/plans/p1/texts", "/styles/default", f"/{tile}?collections=buildings"]
    for each in web.get(f"{HOME}/collections").json()["collections"]:
        here, listed = f"/collections/{each['id']}", "items?limit=1000"
        parts = ("", "/queryables", "/schema", f"/{listed}", f"/{listed}&f=html", f"/{tile}", "/export?f=geojson")
        paths += [here + part for part in parts]
    told = {path: web.get(HOME + path) for path in paths}
    server.close()
    assert {answer.status_code for answer in told.values()} <= {200, 204, 404}  # tables have no tiles
    return {path: re.sub(r"\d{4}-\d\d-\d\dT[\d:.+Z]+", "", answer.content.hex() if "tiles" in path else answer.text)
            for path, answer in told.items()}  # fmt: skip


def test_whose_the_households_are_makes_no_difference_to_a_viewer(tmp_path: Path) -> None:
    """Two towns in which two houses of a block have changed their households look the same."""
    one = small_study()
    houses, pair, columns = one["buildings"], ["JZ037", "JZ038"], ["dwellings", "households", "people"]
    assert len({*houses.loc[pair, "block_id"]}) == 1
    other = houses.copy()
    other.loc[pair, columns] = houses.loc[pair[::-1], columns].to_numpy()
    assert not other["households"].equals(houses["households"])
    first = _everything(one, tmp_path / "one")
    second = _everything(replace(one, tables={**one.tables, "buildings": other}), tmp_path / "other")
    assert len(first) > 80
    assert [path for path in first if first[path] != second[path]] == []
