"""The GeoPackage: layers, ids, styles, and what QGIS makes of them."""

import json
import os
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pyogrio
import pytest

from geo.partition.plan import Lock, PlanOptions
from layers.exports import SPATIAL, write_plan_gpkg
from tests.layers import town

SYSTEM_PYTHON = Path("/usr/bin/python3")


@pytest.fixture(scope="module")
def package(tables, tmp_path_factory):
    path = tmp_path_factory.mktemp("gpkg") / "plan.gpkg"
    write_plan_gpkg(tables, path)
    return path


def _rows(path, question):
    with closing(sqlite3.connect(path)) as db:
        return db.execute(question).fetchall()


def test_layers_keep_ids_rows_and_metres(package, tables):
    for name in SPATIAL:
        layer, source = pyogrio.read_dataframe(package, layer=name), getattr(tables, name)
        assert layer.crs == town.METRES
        assert list(layer[source.index.name]) == sorted(source.index)
        assert layer.geometry.area.sum() == pytest.approx(source.geometry.area.sum())
    blocks = pyogrio.read_dataframe(package, layer="blocks").set_index("block_id")
    assert (blocks.loc["b33", "community_id_before"], blocks.loc["b33", "community_id"]) == ("D", "N")
    assert blocks["households"].sum() == tables.blocks["households"].sum()


def test_the_same_plan_gives_the_same_bytes_whatever_the_row_order(package, tables, tmp_path):
    turned = replace(tables, **{name: getattr(tables, name).iloc[::-1] for name in (*SPATIAL, "matrix", "terms")})
    write_plan_gpkg(turned, tmp_path / "again.gpkg")
    assert (tmp_path / "again.gpkg").read_bytes() == package.read_bytes()
    assert {row[0] for row in _rows(package, "SELECT last_change FROM gpkg_contents")} == {"2000-01-01T00:00:00.000Z"}


def test_every_layer_has_one_default_style_and_the_table_is_registered(package):
    defaults = _rows(package, "SELECT f_table_name, sum(useAsDefault) FROM layer_styles GROUP BY 1 ORDER BY 1")
    assert defaults == [(name, 1) for name in sorted(SPATIAL)]
    assert _rows(package, "SELECT data_type FROM gpkg_contents WHERE table_name = 'layer_styles'") == [("attributes",)]
    for _, text in _rows(package, "SELECT styleName, styleQML FROM layer_styles"):
        assert ElementTree.fromstring(text).tag == "qgis"


def test_a_file_that_is_there_is_replaced_and_nothing_is_left_beside_it(tables, tmp_path):
    path = tmp_path / "plan.gpkg"
    path.write_text("old", "utf-8")
    write_plan_gpkg(tables, path, lang="en")
    assert [each.name for each in tmp_path.iterdir()] == ["plan.gpkg"]
    labels = _rows(path, "SELECT description FROM layer_styles WHERE styleName = 'communities_limits'")
    assert labels == [("Against the limits",)]


def test_a_name_with_quotes_and_angles_is_stored_as_it_is(tables, tmp_path):
    name = "<b>'\";DROP TABLE blocks--"
    write_plan_gpkg(town.named(tables, "B", name), tmp_path / "plan.gpkg")
    assert name in set(pyogrio.read_dataframe(tmp_path / "plan.gpkg", layer="communities")["name"])


def test_a_plan_that_moves_nothing_still_has_all_layers(tables, tmp_path):
    write_plan_gpkg(replace(tables, moves=tables.moves.iloc[:0]), tmp_path / "plan.gpkg")
    assert {name for name, _ in pyogrio.list_layers(tmp_path / "plan.gpkg")} >= {*SPATIAL, "matrix", "layer_styles"}


QGIS_CHECK = """
import json, os, sys
from qgis.core import QgsApplication, QgsMapRendererParallelJob, QgsMapSettings, QgsVectorLayer
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor
path, picture = sys.argv[1:3]
app = QgsApplication([], False)
app.initQgis()
seen, layers = {}, []
for name in ("moves", "seams", "communities", "communities_before", "blocks"):
    layer = QgsVectorLayer(f"{path}|layername={name}", name, "ogr")
    renderer = layer.renderer()
    kind = renderer.type()
    items = getattr(renderer, {"categorizedSymbol": "categories", "graduatedSymbol": "ranges"}.get(kind, ""), list)()
    seen[name] = {"valid": layer.isValid(), "renderer": kind, "labels": layer.labelsEnabled(), "classes": len(items),
                  "alias": layer.attributeAlias(layer.fields().indexOf("households")), "rows": layer.featureCount(),
                  "aliases": {field.name(): layer.attributeAlias(i) for i, field in enumerate(layer.fields())},
                  "styles": layer.listStylesInDatabase()[2]}
    layers.append(layer)
settings = QgsMapSettings()
settings.setLayers(layers[:1] + layers[2:3])
settings.setDestinationCrs(layers[2].crs())
settings.setExtent(layers[2].extent())
settings.setOutputSize(QSize(400, 400))
settings.setBackgroundColor(QColor("white"))
job = QgsMapRendererParallelJob(settings)
job.start()
job.waitForFinished()
image = job.renderedImage()
image.save(picture)
seen["pixels"] = [image.pixelColor(x, y).name() for x, y in ((150, 60), (350, 250), (350, 330))]
print(json.dumps(seen), flush=True)
os._exit(0)  # QGIS 3.22 may crash while it is taken down
"""


def test_qgis_draws_every_layer_with_the_style_inside_the_file(package, tmp_path):
    if (
        not SYSTEM_PYTHON.exists()
        or subprocess.run([SYSTEM_PYTHON, "-c", "import qgis.core"], capture_output=True, check=False).returncode
    ):
        pytest.skip("python3-qgis is not installed")
    run = subprocess.run(
        [SYSTEM_PYTHON, "-c", QGIS_CHECK, package, tmp_path / "qgis.png"], capture_output=True, text=True, check=False,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path)},
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    seen = json.loads(run.stdout.strip().splitlines()[-1])
    assert all(layer["valid"] for name, layer in seen.items() if name != "pixels")
    assert {name: seen[name]["renderer"] for name in SPATIAL} == {
        "communities_before": "categorizedSymbol", "communities": "categorizedSymbol", "blocks": "graduatedSymbol",
        "seams": "categorizedSymbol", "moves": "singleSymbol",
    }  # fmt: skip
    assert (seen["communities"]["labels"], seen["communities"]["alias"]) == (True, "常住户数")
    moves, communities = seen["moves"]["aliases"], seen["communities"]["aliases"]
    assert (moves["from_name"], moves["to_id"], moves["text_en"]) == (
        "划出社区",
        "划入社区（编号）",
        "正式表述（英文）",
    )
    assert (communities["bounds_to_zh"], communities["area_m2"]) == ("四至（中文）", "面积（平方米）")
    assert seen["seams"]["classes"] == 12
    assert {"communities", "communities_limits"} <= set(seen["communities"]["styles"])
    assert len(set(seen["pixels"])) == 3, "three communities have three colours"


def test_columns_are_those_of_the_contract(package):
    blocks = pyogrio.read_dataframe(package, layer="blocks", read_geometry=False)
    assert {"block_id", "households", "people", "community_id", "community_id_before", "moved"} <= set(blocks.columns)
    matrix = pyogrio.read_dataframe(package, layer="matrix", read_geometry=False)
    assert isinstance(matrix, pd.DataFrame)
    assert matrix["households"].sum() == blocks["households"].sum()


def test_a_review_adds_layers_and_tables_with_what_it_holds(tables, review, tmp_path):
    path = tmp_path / "plan.gpkg"
    write_plan_gpkg(tables, path, review=review, lang="en")
    read = {
        name: pyogrio.read_dataframe(path, layer=name) for name in ("scorecard", "heirs", "alternatives", "conversions")
    }
    measures = review.scorecard.measures
    assert len(read["scorecard"]) == len(measures)
    found = read["scorecard"].set_index(["principle", "measure"])["after"].to_dict()
    for row in measures.itertuples():
        assert found[row.principle, row.measure] == pytest.approx(row.after, nan_ok=True)
    assert read["heirs"].set_index("community_id")["heir_id"].dropna().to_dict() == {i: i for i in "BCDV"}
    blocks = read["alternatives"].set_index("block_id")
    assert blocks["plan_A"].to_dict() == dict(tables.plan.assignment)
    assert blocks.loc["b33", "plan_B"] == "D"
    conversions = read["conversions"].set_index("conversion_id")
    assert (conversions.loc["V", "type"], conversions.loc["V", "override_who"]) == ("T2", "张三")
    assert conversions.crs == town.METRES
    [(qml,)] = _rows(path, "SELECT styleQML FROM layer_styles WHERE f_table_name = 'conversions'")
    assert "T2: merged with a neighbourhood" in qml
    assert ElementTree.fromstring(qml.partition("\n")[2]).find("renderer-v2").get("attr") == "type"
    again = tmp_path / "again.gpkg"
    write_plan_gpkg(tables, again, review=review, lang="en")
    assert again.read_bytes() == path.read_bytes()


def test_what_was_asked_is_a_table_and_empty_when_nothing_was(tables, package, tmp_path):
    assert len(pyogrio.read_dataframe(package, layer="requirements")) == 0
    lock = Lock(kind="together", ids=("A", "H"))
    asked = replace(tables, plan=tables.plan.model_copy(update={"options": PlanOptions(locks=(lock,))}))
    write_plan_gpkg(asked, tmp_path / "a.gpkg")
    row = pyogrio.read_dataframe(tmp_path / "a.gpkg", layer="requirements").iloc[0]
    assert (row["option"], row["kind"], row["ids"]) == ("locks", "together", "A, H")
    assert row["text_zh"] == "青石社区、河口社区须在同一社区"
