"""Sprites: whole pictures, every hatching there is, without a seam."""

import io

import numpy as np
import pytest
from PIL import Image

from layers import styles
from layers.maplibre import ARROW, hatch_name
from layers.sprites import HATCHED, hatch, png, sprite_sheet
from layers.styles import Symbol


@pytest.mark.parametrize("ratio", [1, 2])
def test_the_index_says_where_each_image_lies(ratio: int) -> None:
    sheet = sprite_sheet(ratio)
    pixels = np.asarray(Image.open(io.BytesIO(sheet.png)))
    assert set(sheet.index) == {ARROW, *(hatch_name(symbol) for symbol in HATCHED)}
    free = np.ones(pixels.shape[:2], dtype=bool)
    for place in sheet.index.values():
        rows = slice(place["y"], place["y"] + place["height"])
        columns = slice(place["x"], place["x"] + place["width"])
        assert place["pixelRatio"] == ratio
        assert pixels[rows, columns, 3].any()
        assert free[rows, columns].all(), "two images lie on each other"
        free[rows, columns] = False
    assert not pixels[free][:, 3].any(), "ink outside the images"
    assert sprite_sheet(ratio).png == sheet.png


def test_every_hatched_symbol_of_the_catalogue_is_drawn() -> None:
    symbols = [each for each in vars(styles).values() if isinstance(each, Symbol) and each.pattern == "hatch"]
    assert {hatch_name(each) for each in symbols} == {hatch_name(each) for each in HATCHED}


@pytest.mark.parametrize("symbol", HATCHED, ids=hatch_name)
def test_hatching_goes_on_across_its_edges(symbol: Symbol) -> None:
    tile = hatch(symbol).astype(int)
    side = len(tile)
    wide = np.tile(tile, (2, 2, 1))
    for row in range(side):  # lines at 45 degrees: one up is one to the right, over the seam as well
        assert (wide[row + 1, : 2 * side - 1, 3] == wide[row, 1:, 3]).all()
    red, green, blue = (int(symbol.fill[n : n + 2], 16) for n in (1, 3, 5))
    assert (tile[..., :3] == [red, green, blue]).all()


def test_pixels_come_back_from_png() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (3, 5, 4), dtype=np.uint8)
    assert (np.asarray(Image.open(io.BytesIO(png(pixels)))) == pixels).all()
