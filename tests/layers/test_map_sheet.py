"""Map sheets: true to scale, fonts inside, legend of what is there."""

import io
import re

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.image import imread

from layers.catalogue import single
from layers.drawing import chinese_font
from layers.map_frame import Shown
from layers.map_sheet import (
    PREVIEW_DPI,
    SCALES,
    SIZES_MM,
    Sheet,
    extent_of,
    larger,
    layout_of,
    legend_lines,
    scale_of,
    sheet_file,
)
from layers.served import study_layers
from layers.styles import Symbol

LAYERS = {each.id: each for each in study_layers()}
BOUNDS = (500_000.0, 3_340_000.0, 500_800.0, 3_340_800.0)


def _sheet(**more: object) -> Sheet:
    given = {"bounds": BOUNDS, "study": "小镇", "title": "现状图", "crs": "CGCS2000", "drawn_on": "2026-03-01",
             "version": "数据版本1"}  # fmt: skip
    return Sheet(**(given | more))  # type: ignore[arg-type]


def _shown(layer: str, shape: shapely.Geometry, **more: object) -> Shown:
    return Shown(LAYERS[layer], np.array([shape], dtype=object), np.zeros(1, dtype=np.intp), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(("paper", "orientation", "scale"), [
    ("A4", "landscape", 2000), ("A4", "portrait", 5000), ("A3", "portrait", 1500),
])  # fmt: skip
def test_a_length_on_paper_is_the_length_on_the_ground_by_the_scale(paper: str, orientation: str, scale: int) -> None:
    from dataclasses import replace

    style = single("layer.estates", Symbol(fill="#FF0000"))
    layer = replace(LAYERS["estates"], style=style)
    square = shapely.box(500_350, 3_340_350, 500_450, 3_340_450)
    shown = Shown(layer, np.array([square], dtype=object), np.zeros(1, dtype=np.intp))
    sheet = _sheet(paper=paper, orientation=orientation, scale=scale)

    picture = imread(io.BytesIO(sheet_file(sheet, [shown], kind="png")), format="png")

    _, _, wide, high = layout_of(sheet.paper, sheet.orientation).frame
    x, y = (int(layout_of(sheet.paper, sheet.orientation).frame[n] / 25.4 * PREVIEW_DPI) for n in (0, 1))
    on_map = picture[-y - int(high / 25.4 * PREVIEW_DPI) : -y, x : x + int(wide / 25.4 * PREVIEW_DPI)]
    red = (on_map[..., 0] > 0.9) & (on_map[..., 1] < 0.2)
    across, down = red.any(axis=0).sum(), red.any(axis=1).sum()
    wanted = 100_000 / scale / 25.4 * PREVIEW_DPI
    assert abs(across - wanted) <= 1.5
    assert abs(down - wanted) <= 1.5


def test_letters_are_inside_the_file_and_can_be_read_out() -> None:
    made = sheet_file(_sheet(), [_shown("communities", shapely.box(*BOUNDS), names=["鼓楼社区"], sums=["100户"],
                                        communities=True)])  # fmt: skip

    fonts = re.findall(rb"/Type /Font\b.*?>>", made, re.DOTALL)
    assert fonts
    assert made.count(b"/Type3") + made.count(b"/FontFile") >= len(fonts)
    assert made.count(b"/ToUnicode") >= 1
    if chinese_font():
        assert chinese_font().replace(" ", "").removesuffix("SC").encode() in made  # type: ignore[union-attr]


def test_the_same_sheet_is_the_same_file() -> None:
    shown = [_shown("communities", shapely.box(*BOUNDS), names=["鼓楼"], communities=True)]

    assert sheet_file(_sheet(), shown) == sheet_file(_sheet(), shown)


def test_the_legend_holds_what_is_there_and_nothing_else() -> None:
    road = shapely.LineString([(500_000, 3_340_000), (500_800, 3_340_800)])
    style = LAYERS["roads"].style
    position = [each.value for each in style.classes].index("primary")
    roads = Shown(LAYERS["roads"], np.array([road], dtype=object), np.array([position]))

    zh = legend_lines([roads, _shown("estates", shapely.box(*BOUNDS))], "zh")
    en = legend_lines([roads], "en")

    assert [each.text for each in zh] == ["小区", "道路", "主干路"]
    assert [(each.text, bool(each.symbols)) for each in en] == [("Roads", False), ("primary", True)]


def test_a_published_plan_has_no_mark_of_a_draft() -> None:
    draft, published = (sheet_file(_sheet(published=each, review_number="GS(2026)1号"), []) for each in (False, True))

    assert draft != published


@given(st.floats(20, 400_000), st.floats(20, 400_000), st.sampled_from(["A3", "A4"]))
def test_what_is_to_be_seen_lies_on_the_map_at_the_largest_scale_that_holds_it(
    wide: float, high: float, paper: str
) -> None:
    bounds = (500_000.0, 3_340_000.0, 500_000 + wide, 3_340_000 + high)
    sheet = _sheet(bounds=bounds, paper=paper)
    sheet = _sheet(bounds=bounds, paper=paper, orientation=larger(sheet))

    west, south, east, north = extent_of(sheet)

    assert west <= bounds[0] + 1e-6
    assert south <= bounds[1] + 1e-6
    assert east >= bounds[2] - 1e-6
    assert north >= bounds[3] - 1e-6
    scale = scale_of(sheet)
    if scale in SCALES[1:]:
        smaller = SCALES[SCALES.index(scale) - 1] / scale
        assert (east - west) * smaller < wide or (north - south) * smaller < high


@pytest.mark.parametrize("paper", ["A3", "A4"])
@pytest.mark.parametrize("orientation", ["landscape", "portrait"])
def test_everything_lies_on_the_paper_and_nothing_on_another(paper: str, orientation: str) -> None:
    layout = layout_of(paper, orientation)  # type: ignore[arg-type]

    boxes = [shapely.box(x, y, x + w, y + h) for x, y, w, h in
             (layout.title, layout.frame, layout.legend, layout.block)]  # fmt: skip
    page = shapely.box(0, 0, *layout.page)
    assert sorted(layout.page, reverse=True) == [*SIZES_MM[paper]]  # type: ignore[index]
    assert all(page.buffer(-7).contains(each) for each in boxes)
    assert all(a.intersection(b).area < 1e-6 for n, a in enumerate(boxes) for b in boxes[:n])
