"""Styles: what a MapLibre map draws of a feature is what the catalogue says of it, whatever its values."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layers.catalogue import Layer
from layers.maplibre import BOLD, REGULAR, SLOTS, Drawn, background, hatch_name, in_order, raster_layer, style_layers
from layers.served import layers_of
from layers.sprites import sprite_sheet
from layers.styles import COMMUNITY_COLOURS
from tests.layers.style_reading import applies, value_of

LIMITS = {"min_households": 1000, "target_households": 2000, "max_households": 3000, "min_people": None,
          "max_people": None}  # fmt: skip
PARAMS: dict[str, dict[str, Any]] = {
    "study": {}, "plan": {"limits": LIMITS}, "conversion": {}, "programme": {"years": [2027, 2028, 2029]},
    "siting": {"scenes": [["1", ["食堂", "canteen"]], ["2", ["托育", "nursery"]]]},
    "examination": {"catalogue": "examination-2025"},
    "gaps": {"requirements": [["s_shop", ["店", "shop"]]], "standards": [["s", ["标准", "standard"]]], "after": True},
}  # fmt: skip
MIXED = ("barriers", "facilities", "premises", "farmhouses")
EVERY = [(source, layer) for source, params in PARAMS.items() for layer in layers_of(source, params)]
NAMED = pytest.mark.parametrize(("source", "layer"), EVERY, ids=[f"{source}.{layer.id}" for source, layer in EVERY])


def drawn(source: str, layer: Layer, **more: Any) -> Drawn:
    begin = "" if source == "study" else f"{source}.x."
    return Drawn(layer, begin + layer.id, begin + layer.table, mixed=layer.table in MIXED, **more)


def values(layer: Layer) -> st.SearchStrategy[Any]:
    classes = layer.style.classes
    if layer.style.kind == "ranges":
        edges = [each.lower for each in classes if each.lower is not None]
        return st.none() | st.floats(-1e4, 1e4) | st.sampled_from(edges) | st.integers(-100, 3000)
    return st.sampled_from([each.value for each in classes]) | st.none() | st.text(max_size=5)


@NAMED
@settings(max_examples=20)
@given(data=st.data())
def test_a_feature_looks_as_its_class_says(source: str, layer: Layer, data: st.DataObject) -> None:
    if layer.id == "communities" and source == "study":
        return  # coloured by their ids, see below
    value = data.draw(values(layer))
    feature = {layer.style.column: value} if layer.style.column else {}
    symbol = layer.style.classes[layer.style.class_of(value)].symbol
    kind = {"polygon": "Polygon", "line": "LineString", "point": "Point"}[layer.geometry]
    made = [each for each in style_layers(drawn(source, layer)) if applies(each, feature, kind=kind)
            and each["source"] == drawn(source, layer).collection]  # fmt: skip
    fills = [each["paint"] for each in made if each["type"] == "fill"]
    lines = [each["paint"] for each in made if each["type"] == "line" and "casing" not in each["id"]]
    if layer.geometry == "polygon":
        assert [value_of(each.get("fill-color"), feature) for each in fills if "fill-color" in each] == (
            [symbol.fill] if symbol.fill and symbol.pattern == "solid" else [])  # fmt: skip
        assert [each["fill-pattern"] for each in fills if "fill-pattern" in each] == (
            [hatch_name(symbol)] if symbol.pattern == "hatch" else [])  # fmt: skip
        for each in fills:
            if "fill-color" in each:
                assert value_of(each["fill-opacity"], feature) == symbol.fill_opacity
    if layer.geometry == "point":
        discs = [each["paint"] for each in made if each["type"] == "circle"]
        assert [value_of(each["circle-color"], feature) for each in discs] == [symbol.fill]
        assert [value_of(each["circle-radius"], feature) for each in discs] == [
            pytest.approx(0.9 * symbol.radius, abs=0.01)
        ]
    else:
        assert [value_of(each["line-color"], feature) for each in lines] == ([symbol.stroke] if symbol.stroke else [])
        for each in lines:
            assert ("line-dasharray" in each) == bool(symbol.dash)


@NAMED
def test_every_pattern_is_a_sprite_and_every_layer_names_its_source(source: str, layer: Layer) -> None:
    sprites = sprite_sheet().index
    one = drawn(source, layer)
    made = style_layers(one)
    assert made
    for each in made:
        images = [each["paint"].get("fill-pattern"), each["layout"].get("icon-image")]
        assert {image for image in images if image} <= set(sprites)
        assert each["source"] in {one.collection, one.labels, one.arrows}
        assert ("source-layer" in each) == (each["source"] == one.collection)
        assert each["id"].startswith(f"{one.id}/")
        assert each["metadata"]["shequ:slot"] in SLOTS.values()
        assert set(each["layout"].get("text-font", [])) <= {REGULAR, BOLD}
    assert len({each["id"] for each in made}) == len(made)


def test_communities_of_today_are_coloured_by_their_ids() -> None:
    layer = next(layer for source, layer in EVERY if source == "study" and layer.id == "communities")
    colours = {"SQ01": 0, "SQ02": 3, "SQ03": 0, "it's": 9}
    fill = next(each for each in style_layers(drawn("study", layer, colours=colours)) if each["type"] == "fill")
    for key, colour in colours.items():
        assert value_of(fill["paint"]["fill-color"], {"id": key}) == COMMUNITY_COLOURS[colour]


def test_places_of_other_kinds_among_areas_are_drawn_too() -> None:
    by_table = {layer.table: layer for source, layer in EVERY if source == "study"}
    house = style_layers(drawn("study", by_table["farmhouses"]))
    assert [each["type"] for each in house if applies(each, {"decision": "use"}, kind="Point")].count("circle") == 1
    assert not [each for each in house if each["type"] == "circle" and applies(each, {}, kind="Polygon")]
    assert not [each for each in house if each["type"] == "fill" and applies(each, {"decision": "use"}, kind="Point")]
    river = [each for each in style_layers(drawn("study", by_table["barriers"]))
             if applies(each, {"barrier_group": "water"}, kind="MultiLineString")]  # fmt: skip
    assert [each["type"] for each in river] == ["line"]
    park = style_layers(drawn("study", by_table["facilities"]))
    assert [each["type"] for each in park if applies(each, {"facility_group": "culture"}, kind="Polygon")] == [
        "fill", "symbol"]  # fmt: skip


def test_the_edges_of_roads_lie_under_all_roads_and_names_on_top() -> None:
    roads = next(layer for source, layer in EVERY if source == "study" and layer.id == "roads")
    plan = next(layer for source, layer in EVERY if source == "plan" and layer.id == "communities")
    order = [each["id"] for each in in_order([background(), *style_layers(drawn("study", roads)),
                                              *style_layers(drawn("plan", plan))])]  # fmt: skip
    assert order == ["background", "plan.x.communities/fill", "roads/casing", "roads/line", "roads/line-3-3",
                     "plan.x.communities/line", "roads/label", "plan.x.communities/label"]  # fmt: skip


def test_seams_that_are_no_border_are_thinner_and_fainter() -> None:
    seams = next(layer for source, layer in EVERY if source == "plan" and layer.id == "seams")
    looks = {}
    for cut in (True, False, None):
        feature = {"seam_group": "primary", "cut": cut}
        (line,) = [each for each in style_layers(drawn("plan", seams)) if applies(each, feature, kind="LineString")]
        looks[cut] = [value_of(line["paint"][name], feature) for name in ("line-width", "line-opacity")]
    assert looks == {True: [4.0, 1.0], False: [2.4, 0.45], None: [2.4, 0.45]}


def test_names_are_said_in_either_language_and_fall_back() -> None:
    roads = next(layer for source, layer in EVERY if source == "study" and layer.id == "roads")
    label = next(each for each in style_layers(drawn("study", roads)) if each["type"] == "symbol")
    texts = label["metadata"]["shequ:text"]
    assert value_of(texts["zh"], {"name": "中山路", "name_en": "Zhongshan Road"}) == "中山路"
    assert value_of(texts["en"], {"name": "中山路", "name_en": "Zhongshan Road"}) == "Zhongshan Road"
    assert value_of(texts["en"], {"name": "中山路"}) == "中山路"
    ground = next(layer for source, layer in EVERY if source == "plan" and layer.id == "communities")
    once = next(each for each in style_layers(drawn("plan", ground)) if each["type"] == "symbol")
    assert once["source"] == "labels:plan.x.communities"
    told = {"name_zh": "鼓楼社区", "sum_zh": "\n1,200户"}
    assert value_of(once["metadata"]["shequ:text"]["zh"], told) == "鼓楼社区\n1,200户"
    plain = [each for each in style_layers(drawn("plan", ground, points=False)) if each["type"] == "symbol"]
    assert [each["source"] for each in plain] == ["plan.x.communities"]


def document() -> dict[str, Any]:
    """Return one style with every layer there is."""
    every = [drawn(source, layer) for source, layer in EVERY]
    sources: dict[str, Any] = {"raster:dem": {"type": "raster", "tiles": ["http://127.0.0.1/{z}/{y}/{x}.png"]}}
    for each in every:
        sources[each.collection] = {"type": "vector", "tiles": ["http://127.0.0.1/{z}/{y}/{x}"]}
        sources |= {key: {"type": "geojson", "data": "http://127.0.0.1/"} for key in (each.labels, each.arrows) if key}
    communities = next(layer for source, layer in EVERY if source == "study" and layer.id == "communities")
    coloured = replace(drawn("study", communities, colours={"SQ01": 0, "SQ02": 1}), id="coloured")
    parts = [part for each in (*every, coloured) for part in style_layers(each)]
    parts.append(raster_layer("raster.dem", "raster:dem", opacity=0.7, shown=True))
    return {"version": 8, "sources": sources, "sprite": "http://127.0.0.1/sprites/shequ",
            "glyphs": "http://127.0.0.1/fonts/{fontstack}/{range}.pbf",
            "layers": in_order([background(), *parts])}  # fmt: skip


def test_the_style_specification_has_nothing_against_it(tmp_path: Path) -> None:
    checker = Path("web/node_modules/@maplibre/maplibre-gl-style-spec/dist/index.mjs").resolve()
    node = shutil.which("node") or shutil.which("node", path=str(Path(sys.executable).parent))  # or set-up's own
    if node is None or not checker.exists():
        pytest.skip("node or web/node_modules is not there: run ./setup.sh")
    (tmp_path / "style.json").write_text(json.dumps(document()))
    (tmp_path / "check.mjs").write_text(
        f"import {{validateStyleMin}} from {json.dumps(checker.as_uri())};\nimport fs from 'fs';\n"
        "const found = validateStyleMin(JSON.parse(fs.readFileSync(process.argv[2])));\n"
        "console.log(JSON.stringify(found.map((each) => each.message)));\n"
    )
    ran = subprocess.run([node, str(tmp_path / "check.mjs"), str(tmp_path / "style.json")], capture_output=True,
                         text=True, check=True, timeout=60)  # fmt: skip
    assert json.loads(ran.stdout) == []


QGIS = """
import json, sys
from qgis.core import QgsApplication, QgsMapBoxGlStyleConversionContext, QgsMapBoxGlStyleConverter
app = QgsApplication([], False); app.initQgis()
made, context = QgsMapBoxGlStyleConverter(), QgsMapBoxGlStyleConversionContext()
done = made.convert(json.load(open(sys.argv[1])), context)
print(json.dumps([int(done), made.errorMessage(), [each for each in made.warnings() if "sprite" not in each],
                  [each.layerName() for each in made.renderer().styles()]]))
sys.stdout.flush(); import os; os._exit(0)
"""


def test_qgis_reads_every_layer_without_a_warning(tmp_path: Path) -> None:
    python = "/usr/bin/python3"
    if not Path("/usr/lib/python3/dist-packages/qgis").is_dir():
        pytest.skip("no python3-qgis on this machine")
    every = [replace(drawn(source, layer), points=False) for source, layer in EVERY]
    style = {"version": 8, "sources": {}, "layers": [part for each in every for part in style_layers(each)]}
    (tmp_path / "style.json").write_text(json.dumps(style))
    (tmp_path / "read.py").write_text(QGIS)
    quiet = {"QT_QPA_PLATFORM": "offscreen", "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    ran = subprocess.run([python, str(tmp_path / "read.py"), str(tmp_path / "style.json")], capture_output=True,
                         text=True, check=True, timeout=120, env=quiet)  # fmt: skip
    result, error, warnings, names = json.loads(ran.stdout.strip().splitlines()[-1])
    assert (result, error) == (0, "")
    assert sorted(each for each in warnings if "font" not in each)[:3] == []
    assert {each.collection for each in every} == set(names)
