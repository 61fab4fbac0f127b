"""/layers and /styles: one tree for pages, style documents for maps, both of what there is now and what one may see."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.features.snapshot import Snapshots
from api.server import Server
from api.storage.records import DocumentWrite, FeatureWrite
from api.styles.documents import legend
from geo.standards import load_facility_standard
from layers.gaps.frames import prefix, walk_labels
from layers.served import layers_of, style_columns, tile_columns
from layers.styles import COMMUNITY_COLOURS
from tests.api.served import STUDY_ID
from tests.api.styles.conftest import HOME
from tests.layers.style_reading import value_of


@pytest.fixture(scope="module")
def tree(town: TestClient) -> dict[str, Any]:
    return town.get(f"{HOME}/layers").json()


def test_the_tree_names_every_layer_once_and_every_layer_its_parts(tree: dict[str, Any]) -> None:
    named = [key for section in tree["sections"] for group in section["groups"] for key in group["layers"]]
    assert sorted(named) == sorted(tree["layers"])
    assert len(set(named)) == len(named)
    parts = ["background", *(part["id"] for each in tree["layers"].values() for part in each["style"])]
    assert sorted(parts) == sorted(tree["order"])
    for each in tree["layers"].values():
        assert {part["source"] for part in each["style"]} <= set(tree["sources"])
        assert each["source"] in tree["sources"]
        assert all(text["zh"] and text["en"] for text in (each["title"], *(f["label"] for f in each["fields"])))


def test_sections_stand_as_they_are_read(tree: dict[str, Any]) -> None:
    assert [each["id"] for each in tree["sections"]] == [
        "plan.p1", "examination.e1", "gaps.g1", "study", "rasters"]  # fmt: skip
    assert tree["study"] == {"id": "town", "name": {"zh": "小镇", "en": "Small Town"}}
    assert [each["id"] for each in tree["results"]] == ["examination.e1", "gaps.g1", "plan.p1"]  # newest first
    told = tree["results"][-1]
    assert (told["id"], told["title"]["zh"], told["by"], told["state"]) == ("plan.p1", "推荐方案", "planner", "draft")
    assert tree["sections"][0]["groups"][0]["title"] == {"zh": "调整方案", "en": "The plan"}
    assert tree["sections"][-2]["communities"]["SQ01"] == {"zh": "鼓楼社区", "en": "Gulou"}
    west, south, east, north = tree["bounds"]
    assert 119.99 < west < east < 120.02
    assert 30.17 < south < north < 30.19


def test_what_is_shown_at_first(tree: dict[str, Any]) -> None:
    shown = {key for key, each in tree["layers"].items() if each["shown"]}
    assert shown == {"plan.p1.communities", "plan.p1.moves", "study_area", "buildings", "roads"}
    usual = {key for key, each in tree["layers"].items() if each["usual"]}
    assert {"communities", "gaps.g1.gap_communities_six_ones", "examination.e1.severity"} <= usual
    for each in tree["layers"].values():
        wanted = "visible" if each["shown"] else "none"
        assert {part["layout"]["visibility"] for part in each["style"]} == {wanted}


def test_layers_that_colour_the_same_places_exclude_each_other(tree: dict[str, Any]) -> None:
    groups: dict[str, list[dict[str, Any]]] = {}
    for each in tree["layers"].values():
        groups.setdefault(each["exclusive"], []).append(each)
    assert {each["id"] for each in groups["plan.p1/communities"]} == {
        "plan.p1.communities", "plan.p1.communities_limits"}  # fmt: skip
    for name, members in groups.items():
        if name:
            assert len({each["collection"] for each in members}) == 1
            assert sum(each["usual"] for each in members) <= 1
    roles = {each["id"]: each["role"] for each in tree["layers"].values() if each["role"]}
    assert roles["plan.p1.communities_before"] == "before"
    assert (roles["plan.p1.communities"], roles["plan.p1.moves"]) == ("after", "moves")
    assert roles["gaps.g1.gap_communities_six_ones"] == "before"
    assert roles["gaps.g1.gap_communities_six_ones_after"] == "after"


def test_legends_are_those_of_the_catalogue_and_of_the_gaps_page(tree: dict[str, Any], server: Server) -> None:
    store = server.storage.open(STUDY_ID)
    for source, key in (("plan", "p1"), ("gaps", "g1"), ("examination", "e1")):
        body = store.document("result", f"{source}.{key}").body
        for layer in layers_of(source, body["params"]):
            if f"{source}.{key}.{layer.id}" in tree["layers"]:
                assert tree["layers"][f"{source}.{key}.{layer.id}"]["legend"] == _plain(legend(layer.style))
    rules = load_facility_standard("six-ones").requirements
    for rule in rules:
        drawn = tree["layers"][f"gaps.g1.gap_walks_{prefix('six-ones', rule.key)}"]["legend"]
        assert {each["value"]: (each["label"]["zh"], each["label"]["en"]) for each in drawn} == walk_labels(rule)


def test_every_column_that_is_read_is_in_its_collection(tree: dict[str, Any], server: Server) -> None:
    store = server.storage.open(STUDY_ID)
    for each in tree["layers"].values():
        if each["geometry"] == "raster" or each["column"] in ("", "colour"):
            continue
        snapshot = server.part(Snapshots).get(store, each["collection"])
        made = style_columns(snapshot.collection.frame, snapshot.table)
        there = [*snapshot.table.column_names, *made]
        assert each["column"] in there
        params = store.document("result", each["section"]).body["params"] if each["section"] != "study" else {}
        kept = tile_columns(snapshot.collection.source, snapshot.collection.frame, there, params)
        assert each["column"] in kept, each["id"]
        if each["kind"] == "categories":
            values = (made.get(each["column"]) or snapshot.table[each["column"]].combine_chunks()).unique().to_pylist()
            assert {value for value in values if value is not None} <= {line["value"] for line in each["legend"]}


def test_communities_of_today_are_coloured_apart(tree: dict[str, Any]) -> None:
    fill = next(part for part in tree["layers"]["communities"]["style"] if part["type"] == "fill")
    colours = [value_of(fill["paint"]["fill-color"], {"id": f"SQ0{n}"}) for n in range(1, 5)]
    assert len(set(colours)) == 4  # they all meet in the middle of the town
    assert set(colours) <= set(COMMUNITY_COLOURS)


def test_an_unchanged_tree_is_not_sent_twice(town: TestClient) -> None:
    first = town.get(f"{HOME}/layers")
    assert first.headers["cache-control"] == "private, max-age=0, must-revalidate"
    again = town.get(f"{HOME}/layers", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert first.headers["content-encoding"] == "gzip"
    plain = town.get(f"{HOME}/layers", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.json() == first.json()
    assert plain.headers["etag"] != first.headers["etag"]


def test_a_new_name_and_a_new_result_are_seen_at_once(server: Server, town: TestClient, tree: dict[str, Any]) -> None:
    store = server.storage.open(STUDY_ID)
    before = store.document("result", "gaps.g1")
    etag = town.get(f"{HOME}/layers").headers["etag"]
    body = {**before.body, "title_zh": "缺口（复核）"}
    store.commit([DocumentWrite("result", "gaps.g1", body)], by="planner", action="rename")
    try:
        changed = town.get(f"{HOME}/layers", headers={"If-None-Match": etag})
        assert changed.status_code == 200
        told = {each["id"]: each["title"]["zh"] for each in changed.json()["results"]}
        assert told["gaps.g1"] == "缺口（复核）"
        assert changed.json()["tx"] > tree["tx"]
    finally:
        store.commit([DocumentWrite("result", "gaps.g1", dict(before.body))], by="planner", action="rename")


def test_a_document_of_another_version_takes_no_other_layers_down(server: Server, town: TestClient) -> None:
    store = server.storage.open(STUDY_ID)
    before = store.document("result", "gaps.g1")
    store.commit([DocumentWrite("result", "gaps.g1", {**before.body, "params": {"moon": 1}})], by="x", action="y")
    try:
        sections = [each["id"] for each in town.get(f"{HOME}/layers").json()["sections"]]
        assert sections == ["plan.p1", "examination.e1", "study", "rasters"]
    finally:
        store.commit([DocumentWrite("result", "gaps.g1", dict(before.body))], by="x", action="y")


def test_who_may_not_see_households_gets_no_layer_made_of_them(viewer: TestClient, town: TestClient) -> None:
    label = viewer.get(f"{HOME}/labels/plan.p1.communities").json()["features"][0]["properties"]
    assert label["name_zh"]
    hidden = viewer.get(f"{HOME}/layers")
    assert hidden.status_code == 200
    assert hidden.headers["etag"] == town.get(f"{HOME}/layers").headers["etag"]  # the same tree: figures lie in tiles


# ── style documents ──────────────────────────────────────────────────────────────────────────────────────────────────
def test_the_list_offers_the_whole_each_result_and_each_collection(town: TestClient, tree: dict[str, Any]) -> None:
    told = town.get(f"{HOME}/styles?lang=en").json()
    ids = [each["id"] for each in told["styles"]]
    assert told["default"] == ids[0] == "default"
    collections = {each["collection"] for each in tree["layers"].values()} - {""}
    assert {"default", "plan.p1", "gaps.g1", "examination.e1", *collections} <= set(ids)
    for each in told["styles"]:
        links = {link["rel"]: link["href"] for link in each["links"]}
        assert town.get(links["stylesheet"]).status_code == 200, each["id"]
    about = town.get(f"{HOME}/styles/plan.p1/metadata?lang=en").json()
    assert (about["id"], about["title"]) == ("plan.p1", "Recommended")
    assert "plan.p1.communities" in {each["id"] for each in about["layers"]}


def test_the_whole_style_is_the_tree(town: TestClient, tree: dict[str, Any]) -> None:
    answer = town.get(f"{HOME}/styles/default?lang=zh")
    style = answer.json()
    assert answer.headers["content-type"] == "application/vnd.mapbox.style+json"
    assert [each["id"] for each in style["layers"]] == tree["order"]
    assert style["sources"] == tree["sources"]
    parts = {part["id"]: part for each in tree["layers"].values() for part in each["style"]}
    assert all(parts[each["id"]] == each for each in style["layers"][1:])
    english = {each["id"]: each for each in town.get(f"{HOME}/styles/default?lang=en").json()["layers"]}
    label = english["plan.p1.communities/label"]
    assert label["layout"]["text-field"] == label["metadata"]["shequ:text"]["en"]


def test_a_style_of_one_collection_stands_alone(town: TestClient) -> None:
    style = town.get(f"{HOME}/styles/gaps.g1.gap_homes").json()
    assert set(style["sources"]) == {"gaps.g1.gap_homes"}
    assert "background" not in {each["type"] for each in style["layers"]}
    assert {each["metadata"]["shequ:layer"] for each in style["layers"]
            if each["layout"]["visibility"] == "visible"} == {"gaps.g1.gap_homes_six_ones"}  # fmt: skip
    own = town.get(f"{HOME}/styles/plan.p1.communities_limits").json()
    assert {each["layout"]["visibility"] for each in own["layers"]} == {"visible"}


def test_one_source_for_programs_that_know_but_one(town: TestClient) -> None:
    style = town.get(f"{HOME}/styles/plan.p1?one_source=true").json()
    assert set(style["sources"]) == {"study"}
    (tiles,) = style["sources"]["study"]["tiles"]
    assert "/studies/town/tiles/WebMercatorQuad/{z}/{y}/{x}?collections=study_area,buildings,roads," in tiles
    assert {each["source"] for each in style["layers"][1:]} == {"study"}
    assert all("source-layer" in each for each in style["layers"][1:])
    assert {each["layout"]["visibility"] for each in style["layers"][1:]} == {"visible"}


@pytest.mark.parametrize("path", ["styles/default", "styles/plan.p1?lang=en", "styles/examination.e1?one_source=true",
                                  "styles/gaps.g1.gap_homes"])  # fmt: skip
def test_the_specification_has_nothing_against_served_styles(town: TestClient, path: str, tmp_path: Path) -> None:
    checker = Path("web/node_modules/@maplibre/maplibre-gl-style-spec/dist/index.mjs").resolve()
    node = shutil.which("node")
    if node is None or not checker.exists():
        pytest.skip("node or web/node_modules is not there: run ./setup.sh")
    (tmp_path / "style.json").write_bytes(town.get(f"{HOME}/{path}").content)
    (tmp_path / "check.mjs").write_text(
        f"import {{validateStyleMin}} from {json.dumps(checker.as_uri())};\nimport fs from 'fs';\n"
        "const found = validateStyleMin(JSON.parse(fs.readFileSync(process.argv[2])));\n"
        "console.log(JSON.stringify(found.map((each) => each.message)));\n"
    )
    ran = subprocess.run([node, str(tmp_path / "check.mjs"), str(tmp_path / "style.json")], capture_output=True,
                         text=True, check=True, timeout=60)  # fmt: skip
    assert json.loads(ran.stdout) == []


@pytest.mark.parametrize(("path", "status", "detail"), [
    (f"{HOME}/styles/moon", 404, "there is no style moon"),
    (f"{HOME}/styles/moon/metadata", 404, "there is no style moon"),
    (f"{HOME}/labels/moon", 404, "there is no collection moon"),
    (f"{HOME}/arrows/buildings", 404, "buildings has no arrows"),
    (f"{HOME}/arrows/plan.p9.moves", 404, "there is no collection plan.p9.moves"),
    ("/sprites/moon.png", 404, "there is no sprite sheet moon.png"),
    ("/sprites/shequ@3x.png", 404, "there is no sprite sheet"),
    ("/fonts/DejaVu Sans Book/0-256.pbf", 400, "'0-256' is no range of glyphs"),
    ("/fonts/DejaVu Sans Book/65536-65791.pbf", 400, "is no range of glyphs"),
    ("/fonts/DejaVu Sans Book/a-b.pbf", 400, "is no range of glyphs"),
])  # fmt: skip
def test_refusals_say_what_there_is(town: TestClient, path: str, status: int, detail: str) -> None:
    answer = town.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert detail in answer.json()["detail"]
    assert answer.json()["faults"][0]["remedy"]


# ── names, arrows, sprites, glyphs ───────────────────────────────────────────────────────────────────────────────────
def test_names_stand_once_in_each_area(town: TestClient) -> None:
    answer = town.get(f"{HOME}/labels/communities")
    assert answer.headers["content-type"] == "application/geo+json"
    told = {each["properties"]["id"]: each for each in answer.json()["features"]}
    assert set(told) == {"SQ01", "SQ02", "SQ03", "SQ04"}
    assert told["SQ01"]["properties"]["name_zh"] == "鼓楼社区"
    assert told["SQ01"]["properties"]["name_en"] == "Gulou"
    lon, lat = told["SQ01"]["geometry"]["coordinates"]
    assert (lon, lat) == (pytest.approx(120.00208, abs=3e-4), pytest.approx(30.1812, abs=3e-4))
    sums = town.get(f"{HOME}/labels/plan.p1.communities").json()["features"][0]["properties"]
    assert sums["sum_zh"].startswith("\n")
    assert sums["sum_zh"].endswith("户")
    assert sums["sum_en"].endswith(" hh")


def test_a_new_name_stands_on_the_map_at_once(town: TestClient, server: Server) -> None:
    store = server.storage.open(STUDY_ID)
    row = {name: values[0] for name, values in store.rows("communities", ids=["SQ02"]).to_pydict().items()}
    etag = town.get(f"{HOME}/labels/communities").headers["etag"]
    keys = set(row) - {"id", "version", "tx", "geometry"}

    def named(name: str) -> None:
        store.commit([FeatureWrite("communities", "SQ02", "replace", {**{k: row[k] for k in keys}, "name": name},
                                   row["geometry"])], by="planner", action="rename")  # fmt: skip

    named("新东门社区")
    try:
        answer = town.get(f"{HOME}/labels/communities", headers={"If-None-Match": etag})
        names = {each["properties"]["name_zh"] for each in answer.json()["features"]}
        assert "新东门社区" in names
        tree = town.get(f"{HOME}/layers").json()
        assert tree["sections"][-2]["communities"]["SQ02"]["zh"] == "新东门社区"
    finally:
        named(row["name"])


def test_a_plan_that_moves_nothing_has_no_arrows(town: TestClient) -> None:
    assert town.get(f"{HOME}/arrows/plan.p1.moves").json() == {"type": "FeatureCollection", "features": []}


def test_sprites_and_glyphs_are_there_and_last(town: TestClient) -> None:
    index = town.get("/sprites/shequ@2x.json").json()
    assert index["arrow"]["pixelRatio"] == 2
    picture = town.get("/sprites/shequ@2x.png")
    assert picture.headers["content-type"] == "image/png"
    assert picture.content.startswith(b"\x89PNG")
    glyphs = town.get("/fonts/DejaVu Sans Book/0-255.pbf")
    assert glyphs.headers["content-type"] == "application/x-protobuf"
    assert glyphs.headers["cache-control"].startswith("public, max-age=86400")
    assert len(glyphs.content) > 50_000


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value))
