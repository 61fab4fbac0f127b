"""Fixtures that every test may use."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.command import shequ

ROOT = Path(__file__).resolve().parent.parent

settings.register_profile("new", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.register_profile("same", settings.get_profile("new"), derandomize=True, database=None)
settings.load_profile("same")
"""Hypothesis tries the same towns in every run, however slow the machine; `--hypothesis-profile=new` tries others."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let golden results be written anew (see CONTRIBUTING.md)."""
    parser.addoption("--golden-update", action="store_true", help="write the golden results of the demo town anew")


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's folder."""
    return ROOT


@pytest.fixture(scope="session")
def cases() -> Path:
    """The folder of real towns beside the project; tests that need it are skipped without it."""
    folder = ROOT.parent / "shared" / "cases"
    if not folder.is_dir():
        pytest.skip("the folder of real towns (../shared/cases) is not there")
    return folder


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `shequ demo` fills."""
    out = tmp_path_factory.mktemp("demo") / "qinghe"
    run = shequ("demo", "--out", out)
    assert run.returncode == 0, run.stderr
    assert "communities" in run.stdout
    return out


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Debian's Chromium, driven by Playwright; tests that need it are skipped where it is absent."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no Chromium on this machine")
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with sync_api.sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
        opened = playwright.chromium.launch(executable_path=program, args=flags)
        yield opened
        opened.close()
