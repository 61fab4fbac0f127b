"""Filters are counted before they are parsed: nothing that a client writes ends the process."""

import threading
import time

import orjson
import pytest

from api.errors import BadRequestError
from api.features.filters.expression import read_filter
from tests.api.features.conftest import Api

DEEP = [
    "(" * 2000 + "a=1" + ")" * 2000,
    "(" * 65 + "a=1" + ")" * 65,
    "(" * 8000,
    "casei(" * 1000 + "a" + ")" * 1000 + "='x'",
    "NOT " * 1900 + "a=1",
    "not(" * 60 + "not(a=1)" + ")" * 60,
    "-" * 8000 + "a > 1",
    "- " * 40 + "a > 1",
    "a" + "+1" * 4000 + " > 1",
    "a" + "^2" * 900 + " > 1",
    "a" + "=1" * 4000,
    "a" + " like b" * 1100,
    "a" + "-1" * 300 + " > 1",
    "a in (" * 70 + "1" + ")" * 70,
    "S_INTERSECTS(geometry, " + "GEOMETRYCOLLECTION(" * 70 + "POINT(1 1)" + ")" * 71,
]


@pytest.mark.parametrize("text", DEEP, ids=lambda text: text[:12])
def test_deep_filters_are_refused(text: str) -> None:
    """In a thread, as the server reads them: its stack is smaller than that of the process."""
    caught: list[BaseException] = []

    def read() -> None:
        try:
            read_filter(text, "cql2-text")
        except BadRequestError as error:
            caught.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    thread.join()
    assert len(caught) == 1
    assert any(told in str(caught[0]) for told in ("nested too deeply", "1,000 operators", "8,192 bytes", "no CQL2"))


@pytest.mark.parametrize(
    "text",
    [
        "[" * 4000,
        "[" * 500 + "]" * 500,
        '{"op":"not","args":[' * 80 + "true" + "]}" * 80,
        '{"a":' * 1200 + "1" + "}" * 1200,
        '"' + "x" * 9000 + '"',
        "{",
        "nul",
        "\ud800",
    ],
    ids=lambda text: ascii(text[:8]),
)
def test_deep_json_is_refused(text: str) -> None:
    with pytest.raises((BadRequestError, UnicodeEncodeError)):
        read_filter(text, "cql2-json")


def test_the_server_lives_on(api: Api) -> None:
    """The request that ended tipg: 2,000 parentheses."""
    told = api.refused("/collections/roads/items", filter="(" * 2000 + "level=1" + ")" * 2000)
    assert "filter: it is nested too deeply → use at most 64 levels" in told
    told = api.refused("/collections/roads/items", filter="x" * 8193)
    assert "more than 8,192 bytes" in told
    assert api.get("/collections/roads/items").status_code == 200


@pytest.mark.parametrize(
    "text",
    [
        "(" * 60 + "a=1" + ")" * 60,
        " AND ".join(["a=1"] * 300),
        "a IN (" + ",".join(["1"] * 3000) + ")",
        "a" + "+1" * 60 + " > 1",
        "S_INTERSECTS(geometry, LINESTRING(" + ",".join(["-1.5 -2.5"] * 400) + "))",
        "name = '" + "(" * 500 + "'",
        '"(((((" = 1',
        "NOT " * 30 + "a=1",
    ],
    ids=lambda text: text[:12],
)
def test_what_people_write_is_read(text: str) -> None:
    read_filter(text, "cql2-text")


@pytest.mark.parametrize("text", ["'" * 8191, "''" * 4000 + "'", '"' * 8001, "- " * 4000, "((-" * 2700, "not(" * 2000])
def test_counting_takes_no_time(text: str) -> None:
    """What looks dangerous to regular expressions is counted at once: well within a test's patience."""
    began = time.process_time()
    with pytest.raises(BadRequestError):
        read_filter(text, "cql2-text")
    assert time.process_time() - began < 5


def test_where_it_went_wrong() -> None:
    with pytest.raises(BadRequestError, match="it is no CQL2 text, at line 1, column 12"):
        read_filter("floors > 6 &&& name = 'x'", "cql2-text")
    with pytest.raises(BadRequestError, match="it is no JSON"):
        read_filter("floors > 6", "cql2-json")


def test_both_forms_are_one() -> None:
    written = {"op": "and", "args": [{"op": "=", "args": [{"property": "a"}, 1.0]}, True]}
    assert read_filter("a = 1 AND true", "cql2-text") == read_filter(orjson.dumps(written).decode(), "cql2-json")
