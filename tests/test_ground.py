"""What everything stands on: our packages are ours, the lock holds pins only, the demo data stay small."""

import importlib
import re
from pathlib import Path

import pytest

from geo.errors import InfeasibleError, InputError, ShequError, StandardError


@pytest.mark.parametrize("name", ["geo", "layers", "api"])
def test_each_package_comes_from_this_repository(name: str, root: Path) -> None:
    """The names are ordinary words: another distribution might bring a package of the same name."""
    package = importlib.import_module(name)
    assert package.__file__ is not None
    assert Path(package.__file__).resolve().parent == root / name


def test_the_lock_holds_pins_and_nothing_else(root: Path) -> None:
    lines = (root / "requirements.lock").read_text(encoding="utf-8").splitlines()
    assert len(lines) > 50
    assert [line for line in lines if not re.fullmatch(r"[a-z0-9._-]+==[\w.+!-]+( ; .+)?", line)] == []
    assert '"resolved"' not in (root / "web" / "package-lock.json").read_text(encoding="utf-8")


def test_the_demo_town_stays_below_six_megabytes(root: Path) -> None:
    assert sum(file.stat().st_size for file in (root / "data").rglob("*") if file.is_file()) < 6_000_000


def test_every_error_is_one_of_ours() -> None:
    here = {each for each in ShequError.__subclasses__() if each.__module__.startswith("geo.")}
    assert here == {InputError, StandardError, InfeasibleError}
