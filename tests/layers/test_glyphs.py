"""Glyphs: files that decode, letters that look like themselves, fields that know inside from outside."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layers.glyphs import _FINE, BORDER, TOP, Glyphs, field_of

GLYPHS = Glyphs(chinese=False)


def fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """Yield the fields of a protocol buffer: whole numbers, or bytes."""
    at = 0

    def number() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        key = number()
        if key & 7 == 0:
            yield key >> 3, number()
        else:
            assert key & 7 == 2
            size = number()
            yield key >> 3, data[at : at + size]
            at += size
    assert at == len(data)


def signed(value: int) -> int:
    return (value >> 1) ^ -(value & 1)


def read(pbf: bytes) -> tuple[str, str, dict[int, dict[str, Any]]]:
    """Return the name, the range and the glyphs of a file."""
    ((tag, stack),) = fields(pbf)
    assert tag == 1
    parts = list(fields(stack))
    glyphs = {}
    for number, body in parts:
        if number == 3:
            each = dict(fields(body))
            glyphs[each[1]] = {"bitmap": each.get(2), "width": each[3], "height": each[4], "left": signed(each[5]),
                               "top": signed(each[6]), "advance": each[7]}  # fmt: skip
    said = dict(parts[:2])
    return said[1].decode(), said[2].decode(), glyphs


def test_a_file_of_latin_letters_decodes() -> None:
    name, span, glyphs = read(GLYPHS.pbf("DejaVu Sans Book", 0))
    assert (name, span) == ("DejaVu Sans Book", "0-255")
    assert {ord(letter) for letter in "AZaz09 ,.²é"} <= set(glyphs)
    for each in glyphs.values():
        if each["bitmap"] is not None:
            assert len(each["bitmap"]) == (each["width"] + 2 * BORDER) * (each["height"] + 2 * BORDER)
        assert 0 <= each["advance"] <= 40
    assert glyphs[ord(" ")]["bitmap"] is None
    assert glyphs[ord(" ")]["advance"] == 8


def test_letters_stand_on_one_line() -> None:
    _, _, glyphs = read(GLYPHS.pbf("DejaVu Sans Book", 0))

    def bottom(letter: str) -> int:
        each = glyphs[ord(letter)]
        return each["top"] + TOP - each["height"]

    assert [bottom(letter) for letter in "AEH1"] == [0, 0, 0, 0]
    assert bottom("g") <= -5
    assert glyphs[ord("A")]["top"] + TOP == 18  # cap height of DejaVu: 0.729 of 24 px


def test_the_middle_of_a_stroke_is_inside_and_the_rim_outside() -> None:
    _, _, glyphs = read(GLYPHS.pbf("DejaVu Sans Bold", 0))
    stem = glyphs[ord("l")]
    field = np.frombuffer(stem["bitmap"], dtype=np.uint8).reshape(stem["height"] + 6, stem["width"] + 6)
    assert field[field.shape[0] // 2].max() > 191
    assert field[0].max() < 191
    assert field[:, 0].max() < 191


def test_bold_is_bolder() -> None:
    inked = {}
    for stack in ("DejaVu Sans Book", "DejaVu Sans Bold"):
        _, _, glyphs = read(GLYPHS.pbf(stack, 0))
        inked[stack] = sum((np.frombuffer(each["bitmap"], dtype=np.uint8) >= 191).sum()
                           for each in glyphs.values() if each["bitmap"] is not None)  # fmt: skip
    assert inked["DejaVu Sans Bold"] > 1.3 * inked["DejaVu Sans Book"]


def test_any_stack_is_answered_under_its_own_name() -> None:
    name, _, glyphs = read(GLYPHS.pbf("Open Sans Regular,Arial Unicode MS Regular", 0))
    assert name == "Open Sans Regular,Arial Unicode MS Regular"
    assert glyphs == read(GLYPHS.pbf("DejaVu Sans Book", 0))[2]


def test_characters_that_no_font_has_make_a_valid_empty_file() -> None:
    _, span, glyphs = read(GLYPHS.pbf("DejaVu Sans Book", 0x4E00))
    assert (span, glyphs) == ("19968-20223", {})


def test_chinese_comes_from_a_font_of_the_machine() -> None:
    _, _, glyphs = read(Glyphs().pbf("DejaVu Sans Book", 0x4E00))
    if not glyphs:
        pytest.skip("no font with Chinese characters on this machine")
    middle = glyphs[ord("中")]
    assert middle["advance"] == 24
    assert 18 <= middle["width"] <= 24


@pytest.mark.parametrize("first", [1, -256, 65536, 255])
def test_what_begins_no_range_is_refused(first: int) -> None:
    with pytest.raises(ValueError, match="use a multiple of 256 up to 65280"):
        GLYPHS.pbf("DejaVu Sans Book", first)


@given(st.integers(4, 16), st.integers(4, 16), st.integers(1, 6), st.integers(1, 6))
def test_a_field_falls_evenly_away_from_a_box(rows: int, columns: int, high: int, wide: int) -> None:
    size = (rows + high + rows, columns + wide + columns)
    ink = np.zeros((size[0] * _FINE, size[1] * _FINE), dtype=np.uint8)
    ink[rows * _FINE : (rows + high) * _FINE, columns * _FINE : (columns + wide) * _FINE] = 255
    field = field_of(ink).astype(int)
    assert field.shape == size
    middle = field[rows + high // 2]
    assert (np.diff(middle[: columns + 1]) >= 0).all()
    assert (middle == middle[::-1]).all()
    assert middle[columns] >= 191 > middle[columns - 1]
