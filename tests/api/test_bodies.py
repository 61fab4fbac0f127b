"""JSON from outside: counted before it is parsed, and refused with the place."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.bodies import MOST_DEEP, MOST_VALUES, read_json
from api.errors import BadRequestError, TooLargeError

SOUND = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@given(SOUND)
def test_what_is_sound_comes_through_as_it_is(value: object) -> None:
    for text in (json.dumps(value), json.dumps(value, indent=1)):
        try:
            text.encode()
        except UnicodeEncodeError:
            continue
        assert read_json(text.encode()) == json.loads(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "no JSON"),
        (b"{", "no JSON: unexpected end of data: line 1 column 2"),
        (b'{"a": NaN}', "line 1 column 7"),
        (b'{"a": -Infinity}', "no JSON"),
        (b'{"a": 1e999}', "infinity"),
        (b'{"a": {"b": 1, "b": 2}}', "the member 'b' twice"),
        (b'{"a": "\\ud800"}', "surrogate"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "400 digits or more, 999999999999"),
        (b"[" * 1_000_000, "more than 64 levels deep, from byte 65"),
        (b'{"a":' * 100_000, "more than 64 levels deep, from byte 321"),
        (b'["]]]]",\n"\\"[[[",\n' + b"[" * 70, "from line 3, byte"),
        ('{"a": 1}'.encode("utf-16"), "no JSON"),
        (b'\xef\xbb\xbf{"a": 1}', "no JSON"),
        (b'{"a": "\xff"}', "no JSON"),
    ],
)
def test_what_is_not_is_refused_with_its_place(text: bytes, said: str) -> None:
    with pytest.raises(BadRequestError) as refused:
        read_json(text)
    assert said in str(refused.value)
    assert refused.value.faults[0].remedy


def test_too_much_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(TooLargeError, match="values"):
        read_json(b"[" + b"[]," * MOST_VALUES + b"[]]")
    with pytest.raises(TooLargeError, match="bytes"):
        read_json(b"1" * 11, most_bytes=10)


def test_brackets_in_texts_do_not_count() -> None:
    text = json.dumps({"a": "[" * 1_000, "b\\": '"{"' * 100})
    assert read_json(text.encode())["a"] == "[" * 1_000
    assert read_json(b"[" * MOST_DEEP + b"]" * MOST_DEEP)
