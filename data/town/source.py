"""The town as its office hands it over: a GeoPackage with Chinese layers and columns, and the mapping that reads it."""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import pyogrio
from shapely import Polygon
from shapely.geometry.polygon import orient

from town import passages, plan, premises

FILE = "qinghe.gpkg"
WRITTEN = "2026-01-01T00:00:00.000Z"
"""The date in the GeoPackage: fixed, so that the same town is the same file."""

YES_NO: dict[str, object] = {"是": True, "否": False}
ROAD_CLASSES = {
    "高速公路": "motorway",
    "高速匝道": "motorway_link",
    "主干路": "primary",
    "次干路": "secondary",
    "支路": "tertiary",
    "乡村公路": "unclassified",
    "街坊路": "residential",
    "弄巷": "living_street",
    "内部道路": "service",
    "机耕路": "track",
    "步行道": "footway",
}
BARRIERS = {
    "河流": "river",
    "溪流": "stream",
    "河港": "canal",
    "排水渠": "drain",
    "铁路": "railway",
    "围墙": "wall",
    "湖塘": "water",
}
KINDS = {"社区": "community", "村": "village", "村改居社区": "converted"}
USES = {
    "住宅": "residential",
    "商住": "mixed",
    "商业": "commercial",
    "办公": "office",
    "工业": "industrial",
    "教育": "education",
    "医疗": "health",
    "公共": "public",
    "宗教": "religious",
    "农业": "agricultural",
    "附属": "ancillary",
}


@dataclass(frozen=True)
class Layer:
    """One layer of the source file and how it becomes one of our tables.

    `columns` maps our column to the source's; `values` maps the source's words to ours, by our column.
    """

    name: str
    table: str
    columns: Mapping[str, str]
    values: Mapping[str, Mapping[str, object]]
    geometry: str


def layers(categories: Mapping[str, str]) -> tuple[Layer, ...]:
    """Return the layers in the order of the file; `categories` maps Chinese facility words to our keys."""
    named = {"name": "名称", "name_en": "英文名"}
    water = {"barrier_id": "编号", **named, "kind": "类别"}
    return (
        Layer("规划范围", "study_area", {"area_id": "编号", **named}, {}, "Polygon"),
        Layer(
            "社区村界",
            "communities",
            {
                "community_id": "编号",
                **named,
                "kind": "类别",
                "locked": "锁定",
                "households": "户数",
                "people": "人口",
                "children": "少儿人口",
                "elders": "老年人口",
                "town": "乡镇",
            },
            {"kind": KINDS, "locked": YES_NO},
            "Polygon",
        ),
        Layer(
            "道路",
            "roads",
            {
                "road_id": "编号",
                "name": "路名",
                "name_en": "英文名",
                "road_class": "道路等级",
                "oneway": "单行",
                "roundabout": "环岛",
                "bridge": "桥梁",
                "tunnel": "隧道",
                "level": "层次",
                "walkable": "可步行",
            },
            {
                "road_class": ROAD_CLASSES,
                "oneway": YES_NO,
                "roundabout": YES_NO,
                "bridge": YES_NO,
                "tunnel": YES_NO,
                "walkable": YES_NO,
            },
            "LineString",
        ),
        Layer("河流", "barriers", water, {"kind": BARRIERS}, "LineString"),
        Layer("水面", "barriers", water, {"kind": BARRIERS}, "Polygon"),
        Layer("铁路", "barriers", water, {"kind": BARRIERS}, "LineString"),
        Layer("围墙", "barriers", water, {"kind": BARRIERS}, "LineString"),
        Layer(
            "小区",
            "estates",
            {
                "estate_id": "编号",
                **named,
                "closed": "封闭",
                "year_built": "建成年份",
                "households": "户数",
                "people": "人口",
            },
            {"closed": YES_NO},
            "Polygon",
        ),
        Layer(
            "建筑",
            "buildings",
            {
                "building_id": "编号",
                "name": "名称",
                "use": "用途",
                "floors": "层数",
                "height_m": "高度",
                "year_built": "建成年份",
                "structure": "结构",
                "dwellings": "套数",
                "households": "户数",
                "people": "人口",
                "estate_id": "小区编号",
                "community_id": "社区编号",
            },
            {"use": USES},
            "Polygon",
        ),
        Layer(
            "设施",
            "facilities",
            {"facility_id": "编号", **named, "category": "类别", "capacity": "容量", "floor_area_m2": "建筑面积"},
            {"category": categories},
            "Point",
        ),
        Layer(
            "过街设施", "passages", {"passage_id": "编号", **named, "kind": "类别"}, {"kind": passages.KINDS}, "Point"
        ),
        Layer(
            "闲置房地",
            "premises",
            {
                "premises_id": "编号",
                **named,
                "kind": "类别",
                "floor_area_m2": "可用建筑面积",
                "site_area_m2": "可用场地面积",
                "cost": "整备费用",
                "categories": "可设类别",
                "facility_id": "设施编号",
            },
            {"kind": premises.KINDS},
            "Unknown",
        ),
    )


def in_chinese(layer: Layer, rows: Iterable[Mapping[str, Any]]) -> gpd.GeoDataFrame:
    """Return rows of one of our tables as the source's layer: Chinese columns, Chinese words."""
    rows = list(rows)
    back = {
        column: {ours: theirs for theirs, ours in reversed(list(words.items()))}
        for column, words in layer.values.items()
    }
    data: dict[str, list[Any]] = {}
    for ours, theirs in layer.columns.items():
        words = back.get(ours)
        data[theirs] = [None if row.get(ours) is None else words[row[ours]] if words else row[ours] for row in rows]
    frame = gpd.GeoDataFrame(data, geometry=[row["geometry"] for row in rows], crs=plan.CRS)
    for ours, theirs in layer.columns.items():
        if ours in ("households", "people", "dwellings", "year_built", "level", "capacity", "children", "elders"):
            frame[theirs] = frame[theirs].astype("Int32")
        elif ours in ("floors", "height_m", "floor_area_m2", "site_area_m2", "cost"):
            frame[theirs] = frame[theirs].astype("float64")
        else:
            frame[theirs] = frame[theirs].astype("str")
    return frame


def write_source(frames: Mapping[str, gpd.GeoDataFrame], shapes: Mapping[str, str], path: Path) -> None:
    """Write the layers into one GeoPackage that says nothing about when it was written."""
    path.unlink(missing_ok=True)
    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": WRITTEN})  # the clock decides how often GDAL writes
    try:
        for name, frame in frames.items():
            pyogrio.write_dataframe(
                frame, path, layer=name, driver="GPKG", append=path.exists(), geometry_type=shapes[name]
            )
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})
    with closing(sqlite3.connect(path)) as db:
        db.execute("VACUUM")


def mapping_text(all_layers: Iterable[Layer], name: str, name_en: str) -> str:
    """Return the mapping file (TOML) that turns the layers into our tables."""
    lines = [
        "# How the layers of the town office become the tables of a study.",
        "",
        "[study]",
        f"name = {_toml(name)}",
        f"name_en = {_toml(name_en)}",
        f"crs = {_toml(plan.CRS)}",
        "",
    ]
    for layer in all_layers:
        lines += [
            "[[source]]",
            f"table = {_toml(layer.table)}",
            f"file = {_toml(FILE)}",
            f"layer = {_toml(layer.name)}",
            f"columns = {_toml(layer.columns)}",
        ]
        if layer.values:
            lines += ["[source.values]", *(f"{column} = {_toml(words)}" for column, words in layer.values.items())]
        lines.append("")
    return "\n".join([*lines, "[rasters]", 'population = "population.tif"', 'dem = "dem.tif"', ""])


def _toml(value: object) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(k)} = {_toml(v)}" for k, v in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)


def _key(key: str) -> str:
    return key if key.isascii() and key.replace("_", "").isalnum() else json.dumps(key, ensure_ascii=False)


def upright(shape: Polygon) -> Polygon:
    """Return `shape` with its exterior anticlockwise."""
    return orient(shape)
