"""The small town with a plan, served for real, and a browser that writes down whatever goes wrong."""

import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import uvicorn

from api.main import create_app, open_server
from api.operations.plan_results import plan_writes
from api.operations.plans import explained
from api.server import Server
from api.settings import Settings
from api.viewer.parts import FOLDER
from geo.partition.plan import PlanOptions
from geo.partition.solve import make_plan
from geo.standards import load_profile
from tests.api.served import STUDY_ID, serve, small_study

PLAN = "plan.p1"


class Running:
    """A server of one study file that can be stopped and started again at the same address."""

    def __init__(self, path: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.settings = Settings(studies={STUDY_ID: path}, port=self.port)
        self.start()

    def start(self) -> None:
        self.server: Server = open_server(self.settings)
        app = create_app(self.settings, self.server)
        config = uvicorn.Config(app, host="127.0.0.1", port=self.port, log_level="error", timeout_graceful_shutdown=1)
        self._uvicorn = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._uvicorn.run, daemon=True)
        self._thread.start()
        end = time.monotonic() + 60
        while not self._uvicorn.started:
            assert self._thread.is_alive(), "the server ended"
            assert time.monotonic() < end, "the server did not start"
            time.sleep(0.02)

    def stop(self) -> None:
        self._uvicorn.should_exit = True
        self._thread.join(60)
        assert not self._thread.is_alive(), "the server does not end"

    @property
    def store(self) -> Any:
        return self.server.storage.open(STUDY_ID)

    @property
    def page(self) -> str:
        return f"http://127.0.0.1:{self.port}/studies/{STUDY_ID}/map"


@cache
def _plan_writes() -> list[Any]:
    """A plan that joins the four quarters to two communities."""
    study = small_study()
    options = PlanOptions(min_households=300, target_households=700, max_households=900, k=2, effort="quick")
    plan = make_plan(study["blocks"], study["seams"], study["communities"], profile=load_profile("statute"),
                     options=options)  # fmt: skip
    return plan_writes(explained(study, plan), "p1", by="owner", at="2026-03-01T08:00:00Z", title=("两社区方案", "Two"))


@pytest.fixture(scope="module")
def town_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("planned")
    made = serve(small_study(), folder)
    made.storage.open(STUDY_ID).commit(_plan_writes(), by="owner", action="plan")
    made.close()
    return folder / f"{STUDY_ID}.gpkg"


@pytest.fixture(scope="module")
def running(town_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One server for the tests that only look."""
    if not (FOLDER / "index.html").is_file():
        pytest.skip("the map page has not been built: python -m layers.assets")
    path = tmp_path_factory.mktemp("served") / town_file.name
    shutil.copyfile(town_file, path)
    made = Running(path)
    yield made
    made.stop()


@pytest.fixture
def own(town_file: Path, tmp_path: Path) -> Iterator[Running]:
    """A server of one's own, to write to and to stop."""
    path = tmp_path / town_file.name
    shutil.copyfile(town_file, path)
    made = Running(path)
    yield made
    made.stop()


@pytest.fixture
def visit(browser: Any) -> Iterator[Callable[..., Any]]:
    """Open the page as a person does; at the end nothing may have failed, come from elsewhere, or been complained of.

    `tab.forgiven` lists parts of messages that a test brings about on purpose.
    """
    contexts, tabs = [], []

    def go(running: Running, fragment: str = "", *, width: int = 1100, height: int = 720, **more: Any) -> Any:
        script = more.pop("script", None)
        context = browser.new_context(viewport={"width": width, "height": height}, **{"locale": "zh-CN", **more})
        contexts.append(context)
        tab = context.new_page()
        tabs.append(tab)
        tab.wrong, tab.forgiven = [], []
        here = urlsplit(running.page).netloc
        tab.on("request", lambda each: None if urlsplit(each.url).netloc in (here, "") else tab.wrong.append(each.url))
        tab.on(
            "console", lambda each: "GL Driver Message" in each.text or tab.wrong.append(f"{each.type}: {each.text}")
        )
        tab.on("pageerror", lambda each: tab.wrong.append(str(each)))
        tab.on("requestfailed", lambda each: _failed(tab, each))
        tab.on("response", lambda each: each.status < 400 or tab.wrong.append(f"{each.status} {each.url}"))
        if script:
            tab.add_init_script(script)
        tab.goto(running.page + fragment)
        tab.wait_for_selector("#app[aria-busy=false]", timeout=60_000)
        return tab

    yield go
    wrong = [each for tab in tabs for each in tab.wrong if not any(part in each for part in tab.forgiven)]
    for context in contexts:
        context.close()
    assert wrong == []


def _failed(tab: Any, request: Any) -> None:
    if "ERR_ABORTED" not in str(request.failure):  # the page gives up tiles itself that it no longer needs
        tab.wrong.append(f"{request.failure} {request.url}")


def settled(tab: Any) -> None:
    """Wait until every map in the page has drawn all it has.

    A picture may take longer than any time to wait: what was asked for has begun with the next one, and has faded in
    with the first after the time that it fades.
    """
    tab.wait_for_timeout(250)
    _drawn(tab)
    tab.wait_for_function("() => [...document.querySelectorAll('.map:not([hidden])')].every("
                          "(each) => each.getAttribute('aria-busy') === 'false')", timeout=60_000)  # fmt: skip
    _drawn(tab)
    tab.wait_for_timeout(300)
    _drawn(tab)


def _drawn(tab: Any) -> None:
    """Wait for two pictures."""
    tab.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
