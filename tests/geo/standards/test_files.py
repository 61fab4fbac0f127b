"""Norms as files: found by name or path, read whole or refused with a way forward."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict

from geo.errors import StandardError
from geo.standards.files import read_standard, shipped


class Row(BaseModel):
    model_config = ConfigDict(extra="forbid")

    key: str


class Small(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str
    rows: tuple[Row, ...] = ()


def odd(small: Small) -> Iterator[str]:
    if len(small.rows) % 2:
        yield "an odd number of rows\n  remedy: add one"


def read(folder: Path, text: str) -> Small:
    path = folder / "own.toml"
    path.write_text(text, "utf-8")
    return read_standard(path, "small", Small, rows={"row": "rows"}, check=odd)


def test_the_table_and_its_rows(tmp_path: Path) -> None:
    small = read(tmp_path, '[small]\nname = "a"\n[[row]]\nkey = "x"\n[[row]]\nkey = "y"\n')
    assert [row.key for row in small.rows] == ["x", "y"]


def test_every_kind_that_ships_is_found_by_its_table() -> None:
    kinds = {
        kind: [path.stem for path in shipped(kind)]
        for kind in ("catalogue", "menu", "costs", "site_rules", "farm_house_rules")
    }
    assert kinds == {
        "catalogue": ["examination-2023", "examination-2025"],
        "menu": ["renovation-menu-2020"],
        "costs": ["example-costs"],
        "site_rules": ["old-estates-2021"],
        "farm_house_rules": ["farm-houses"],
    }
    assert "seed-3000" in [path.stem for path in shipped("profile")]
    assert shipped("nothing") == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[small]\nname = "a"\n[[row]]\nkey = "x"\n', "an odd number of rows"),
        ('[small]\nname = "a"\n[[line]]\nkey = "x"\n', "unknown table or key line"),
        ('[[small]]\nname = "a"\n', r"no table \[small\]"),
        ('[small]\nname = "a"\n[[row]]\nkey = 1\n', r"field rows\.0\.key = 1"),
        ('[small]\nname = "a"\n[[row]]\nkey = "x"\nold = 1\n', r"unknown field rows\.0\.old = 1\n  remedy: remove it"),
        ('[small]\nname = "a"\nold = 1\n', "unknown field old = 1\n  remedy: use one of name, rows"),
        ("[small]\n", "field name is missing"),
        ("[small", "not TOML"),
    ],
)
def test_what_is_wrong_is_named_with_file_field_and_remedy(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(StandardError, match=message) as caught:
        read(tmp_path, text)
    assert str(tmp_path / "own.toml") in str(caught.value)
    assert "remedy:" in str(caught.value)


def test_a_name_of_another_kind_is_unknown() -> None:
    with pytest.raises(StandardError, match="there is no menu 'examination-2025'"):
        read_standard("examination-2025", "menu", Small)


def test_a_name_is_never_a_path() -> None:
    with pytest.raises(StandardError, match=r"there is no menu '\.\./files'"):
        read_standard("../files", "menu", Small)
