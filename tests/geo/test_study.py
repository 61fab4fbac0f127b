"""The study file: what is written comes back; nothing is half written; strange files are refused."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from affine import Affine
from geopandas.testing import assert_geodataframe_equal
from pyproj import CRS

from geo.errors import InputError
from geo.raster import Raster
from geo.study import Repair, Study, read_study, write_study
from geo.study_file import FORMAT


@pytest.fixture
def study() -> Study:
    """Two roads, one building, one raster with a hole."""
    roads = gpd.GeoDataFrame(
        {"road_class": ["primary", "service"], "name": ["中山路", None], "oneway": [True, None]},
        index=["r1", "r2"],
        geometry=[shapely.LineString([(0, 0), (9, 1)]), shapely.LineString([(0, 5), (2, 5)])],
        crs=4549,
    )
    buildings = gpd.GeoDataFrame(
        {"floors": [6.0], "households": pd.array([None], dtype="Int64")},
        index=["b1"], geometry=[shapely.box(1, 1, 2, 3)], crs=4549,
    )  # fmt: skip
    values = np.arange(12, dtype="float32").reshape(3, 4)
    values[1, 2] = np.nan
    raster = Raster(values, Affine(50, 0, 500_000, 0, -50, 3_000_000), CRS(4549))
    made = Study("清河镇", CRS(4549), {}, name_en="Qinghe").having(
        {"roads": roads, "buildings": buildings},
        repairs=[Repair("roads", "r2", "repaired", "duplicate_vertices", "one vertex removed", "删除一个重复顶点")],
        step="import",
        note={"files": ["town.gpkg"]},
    )
    return replace(made, rasters={"population": raster})


def test_what_is_written_comes_back(study: Study, tmp_path: Path) -> None:
    write_study(study, tmp_path / "town.gpkg")
    back = read_study(tmp_path / "town.gpkg")
    assert (back.name, back.name_en, back.crs.to_epsg()) == ("清河镇", "Qinghe", 4549)
    assert back.repairs == study.repairs
    assert dict(back.notes) == dict(study.notes)
    for name in study.tables:
        assert_geodataframe_equal(back[name], study[name], check_like=True, check_crs=True)
    assert back["buildings"]["households"].isna().all(), "an unknown count must not become zero"
    raster = back.rasters["population"]
    np.testing.assert_array_equal(raster.values, study.rasters["population"].values)
    assert raster.transform.almost_equals(study.rasters["population"].transform)


def test_every_table_is_a_layer_of_the_file(study: Study, tmp_path: Path) -> None:
    write_study(study, tmp_path / "town.gpkg")
    layers = dict(pyogrio.list_layers(tmp_path / "town.gpkg"))
    assert {"roads", "buildings"} <= set(layers)
    assert pyogrio.read_info(tmp_path / "town.gpkg", layer="roads")["crs"] == "EPSG:4549"


def test_a_failed_write_leaves_the_old_file(study: Study, tmp_path: Path) -> None:
    path = tmp_path / "town.gpkg"
    write_study(study, path)
    before = path.read_bytes()
    broken = replace(study, notes={"x": object()})
    with pytest.raises(TypeError):
        write_study(broken, path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["town.gpkg"], "no draft may stay behind"


def test_having_checks_and_does_not_change_the_study(study: Study) -> None:
    degrees = study["roads"].to_crs(4326)
    with pytest.raises(InputError, match="not in metres"):
        study.having({"roads": degrees}, step="import")
    more = study.having({"roads": study["roads"].iloc[:1]}, step="import")
    assert (len(study["roads"]), len(more["roads"])) == (2, 1)


def test_a_missing_table_names_the_command(study: Study) -> None:
    with pytest.raises(InputError, match="shequ blocks"):
        study["blocks"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "no such study"),
        (lambda path: path.write_text("not a database"), "not a GeoPackage"),
        (lambda path: path.write_bytes(b""), "not a GeoPackage"),
        (lambda path: path.mkdir(), "a folder"),
        (lambda path: path.write_bytes(b"SQLite format 3\0" + b"x" * 200), "cannot be read"),
        (lambda path: gpd.GeoDataFrame(geometry=[shapely.Point(0, 0)], crs=4549).to_file(path), "not a study"),
    ],
)  # fmt: skip
def test_strange_files_are_refused(make, message: str, tmp_path: Path) -> None:
    path = tmp_path / "town.gpkg"
    make(path)
    with pytest.raises(InputError, match=message) as error:
        read_study(path)
    assert error.value.faults[0].file == str(path)


def test_a_truncated_study_is_refused(study: Study, tmp_path: Path) -> None:
    path = tmp_path / "town.gpkg"
    write_study(study, path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(InputError, match=r"damaged|cannot be read"):
        read_study(path)


def test_a_study_from_a_newer_version_is_refused_politely(study: Study, tmp_path: Path) -> None:
    path = tmp_path / "town.gpkg"
    write_study(study, path)
    db = sqlite3.connect(path)
    db.execute("UPDATE shequ_meta SET value = ? WHERE key = 'format'", (str(FORMAT + 1),))
    db.commit()
    db.close()
    with pytest.raises(InputError, match="newer shequ"):
        read_study(path)


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("UPDATE shequ_meta SET value = 'new' WHERE key = 'format'", "format is 'new'"),
        ("DELETE FROM shequ_meta WHERE key = 'crs'", "lacks crs"),
        ("UPDATE shequ_meta SET value = 'moon' WHERE key = 'crs'", "changed by another program"),
        ("UPDATE shequ_meta SET value = '{' WHERE key = 'notes'", "changed by another program"),
        ("DELETE FROM gpkg_contents WHERE table_name = 'shequ_repairs'; DROP TABLE shequ_repairs", "shequ_repairs"),
        ("ALTER TABLE shequ_repairs ADD COLUMN remark TEXT", "changed by another program"),
        ("ALTER TABLE roads DROP COLUMN road_id", "changed by another program"),
        ("ALTER TABLE roads DROP COLUMN road_class", "road_class"),
    ],
)
def test_a_study_changed_by_hand_is_refused(study: Study, statement: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "town.gpkg"
    write_study(study, path)
    db = sqlite3.connect(path)
    db.executescript(statement)
    db.commit()
    db.close()
    with pytest.raises(InputError, match=message) as error:
        read_study(path)
    assert error.value.faults[0].file == str(path)


def test_nothing_but_a_study_is_overwritten(study: Study, tmp_path: Path) -> None:
    town = tmp_path / "town.gpkg"
    study["roads"].to_file(town, layer="roads")
    before = town.read_bytes()
    with pytest.raises(InputError, match="is no study, and would be overwritten"):
        write_study(study, town)
    assert town.read_bytes() == before
    with pytest.raises(InputError, match="is a folder"):
        write_study(study, tmp_path)
    with pytest.raises(InputError, match="is a file, not a folder"):
        write_study(study, town / "more" / "town.gpkg")
    assert [file.name for file in tmp_path.iterdir()] == ["town.gpkg"]


def test_a_step_done_again_forgets_what_it_said_before(study: Study) -> None:
    once = study.having({}, step="blocks", repairs=[Repair("blocks", "B1", "repaired", "thin", "joined", "合并")])
    again = once.having({}, step="blocks", repairs=[Repair("blocks", "B2", "repaired", "thin", "joined", "合并")])
    assert [(r.step, r.row_id) for r in again.repairs] == [("import", "r2"), ("blocks", "B2")]


def test_record_tables_come_back_as_they_were_written(tmp_path: Path) -> None:
    seen = pd.DataFrame(
        {"subject": "town", "subject_id": "town", "item": "value_football", "state": "measured", "value": [0.4],
         "surveyed_on": "2026-03-01"}, index=["o1"],
    )  # fmt: skip
    study = Study("清河", CRS.from_epsg(4549), {}).having({"observations": seen})
    write_study(study, tmp_path / "s.gpkg")
    back = read_study(tmp_path / "s.gpkg")["observations"]
    pd.testing.assert_frame_equal(back, study["observations"])
