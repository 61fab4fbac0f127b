"""Tables as files of each format: what comes back, what is cut, what is told."""

from pathlib import Path
from typing import Any

import ezdxf
import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import InputError
from layers.catalogue import Layer
from layers.formats import write_table
from layers.formats.shapefile import LONGEST_NAME, LONGEST_TEXT, short_names, write_shapefile
from layers.served import study_layers

SQUARE = shapely.box(500_000, 3_340_000, 500_100, 3_340_100)


def _frame(**columns: Any) -> gpd.GeoDataFrame:
    count = len(next(iter(columns.values())))
    index = pd.Index([f"X{n}" for n in range(count)], name="place_id")
    shapes = [shapely.affinity.translate(SQUARE, 200 * n) for n in range(count)]
    return gpd.GeoDataFrame(columns, index=index, geometry=shapes, crs=4549)


# ── sheets ──
FORMULAS = ["=1+1", '=HYPERLINK("http://x")', "+1", "-1", "@SUM(A1)", "正常", "\x00\x0b坏"]


def test_text_that_looks_like_a_formula_stays_text(tmp_path: Path) -> None:
    frame = _frame(**{"=cmd": FORMULAS})

    write_table(frame, "places", tmp_path / "t.xlsx", kind="xlsx")

    sheet = openpyxl.load_workbook(tmp_path / "t.xlsx")["places"]
    cells = [row[1] for row in sheet.iter_rows(min_row=1)]
    assert [each.data_type for each in cells] == ["s"] * len(cells)
    assert [each.value for each in cells] == ["=cmd", *FORMULAS[:-1], "坏"]


def test_a_sheet_has_a_point_for_each_shape_and_keeps_what_is_missing_empty(tmp_path: Path) -> None:
    frame = _frame(count=pd.array([1, None], dtype="Int64"), share=[0.5, np.nan])

    written = write_table(frame, "places", tmp_path / "t.xlsx", kind="xlsx")

    rows = [*openpyxl.load_workbook(tmp_path / "t.xlsx")["places"].values]
    assert rows[0] == ("place_id", "count", "share", "x", "y")
    assert rows[1] == ("X0", 1, 0.5, 500_050, 3_340_050)
    assert rows[2][1:3] == (None, None)
    assert written.notes[0][1] == "Shapes stand as the x and y of a point inside."


def test_more_rows_than_a_sheet_holds_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("layers.formats.formats.MOST_ROWS_OF_A_SHEET", 2)

    with pytest.raises(InputError, match=r"places has 3 rows, more than a sheet holds \(2\)"):
        write_table(_frame(name=["a", "b", "c"]), "places", tmp_path / "t.xlsx", kind="xlsx")


# ── shapefiles ──
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=20),
                unique=True, max_size=40))  # fmt: skip
def test_short_names_fit_and_differ(names: list[str]) -> None:
    for encoding in ("utf-8", "gb18030"):
        made = short_names(names, encoding)  # type: ignore[arg-type]
        assert all(len(each.encode(encoding)) <= LONGEST_NAME for each in made)
        assert len({each.lower() for each in made}) == len(names)


def test_long_texts_are_cut_between_signs_and_told(tmp_path: Path) -> None:
    frame = _frame(note=["社" * 200, "短"], day=["2026-03-01", None], flag=[True, False])

    notes = write_shapefile(frame, "places", tmp_path, encoding="gb18030")

    read = gpd.read_file(tmp_path / "places.shp")
    assert read["note"].tolist() == ["社" * (LONGEST_TEXT // 2), "短"]
    assert read["flag"].tolist() == [1, 0]
    assert read.crs.to_epsg() == 4549
    assert [en for _, en in notes] == ["1 texts were cut to 254 bytes, or had signs replaced."]


@pytest.mark.parametrize("kind", ["gpkg", "fgb", "shp", "geojson", "parquet", "dxf", "xlsx"])
def test_an_empty_table_is_a_file_too(tmp_path: Path, kind: Any) -> None:
    written = write_table(_frame(name=["a"]).iloc[:0], "places", tmp_path / f"t.{kind}", kind=kind)

    assert written.path.stat().st_size > 0


# ── drawings ──
def _roads() -> Layer:
    return next(each for each in study_layers() if each.id == "roads")


def test_a_drawing_has_a_layer_for_each_class_names_as_text_and_ids_as_data(tmp_path: Path) -> None:
    lines = [shapely.LineString([(500_000, 3_340_000), (500_300, 3_340_000 + 100 * n)]) for n in range(2)]
    frame = gpd.GeoDataFrame({"name": ["中山路", None], "road_group": ["primary", "street"]}, geometry=lines,
                             index=pd.Index(["R1", "R2"], name="road_id"), crs=4549)  # fmt: skip

    written = write_table(frame, "roads", tmp_path / "t.dxf", kind="dxf", styles=(_roads(),))

    drawing = ezdxf.readfile(tmp_path / "t.dxf")  # type: ignore[attr-defined]
    space = drawing.modelspace()
    assert {each.dxf.name for each in drawing.layers} >= {"道路-主干路", "道路-街巷"}
    first, second = space.query("LWPOLYLINE")
    assert (first.dxf.layer, second.dxf.layer) == ("道路-主干路", "道路-街巷")
    assert first.get_xdata("SHEQU")[0].value == "R1"
    assert [tuple(point[:2]) for point in second.get_points()][1] == (500_300, 3_340_100)
    (text,) = space.query("TEXT")
    assert (text.dxf.text, text.dxf.style) == ("中山路", "SHEQU")
    assert drawing.styles.get("SHEQU").dxf.font == "simsun.ttf"
    assert drawing.header["$INSUNITS"] == 6
    assert not drawing.audit().errors
    assert "take gpkg" in written.notes[0][1]


def test_holes_and_parts_are_closed_rings_and_gdal_reads_them(tmp_path: Path) -> None:
    holed = shapely.difference(SQUARE, SQUARE.centroid.buffer(20, quad_segs=2))
    frame = _frame(name=["a", None])
    frame.geometry = [holed, shapely.MultiPolygon([SQUARE, shapely.affinity.translate(SQUARE, 300)])]

    write_table(frame, "places", tmp_path / "t.dxf", kind="dxf")

    rings = list(ezdxf.readfile(tmp_path / "t.dxf").modelspace().query("LWPOLYLINE"))  # type: ignore[attr-defined]
    assert [each.closed for each in rings] == [True] * 4
    assert len(pyogrio.read_dataframe(tmp_path / "t.dxf")) == 5
