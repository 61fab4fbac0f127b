"""The API described: documents of the whole and of a study, and a page that works without the internet."""

import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import uvicorn

from api.main import create_app
from api.routes.docs import STATIC
from tests.api.served import STUDY_ID, serve, small_study


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server = serve(small_study(), tmp_path_factory.mktemp("docs"))
    app = create_app(server.settings, server)
    running = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    while not running.started:
        assert thread.is_alive(), "the server ended"
        thread.join(0.02)
    yield f"http://127.0.0.1:{running.servers[0].sockets[0].getsockname()[1]}"
    running.should_exit = True
    thread.join(20)


@pytest.mark.parametrize("study", ["", f"?study={STUDY_ID}"])
def test_the_page_works_offline(base: str, browser: Any, study: str) -> None:
    """Operations are listed and open; nothing is asked of another machine, nothing fails."""
    if not (STATIC / "swagger-ui-bundle.js").is_file():
        pytest.skip("the documentation page has not been built: python -m layers.assets")
    tab = browser.new_page()
    wrong: list[str] = []
    tab.on("request", lambda each: urlsplit(each.url).netloc in (urlsplit(base).netloc, "") or wrong.append(each.url))
    tab.on("response", lambda each: each.status < 400 or wrong.append(f"{each.status} {each.url}"))
    tab.on("pageerror", lambda each: wrong.append(str(each)))
    tab.on("console", lambda each: wrong.append(each.text) if each.type == "error" else None)
    tab.goto(f"{base}/docs{study}")
    tab.wait_for_selector(".opblock-tag", timeout=30_000)
    assert tab.locator(".opblock-tag").count() >= 8
    tab.locator(".opblock-tag").first.click()
    tab.wait_for_selector(".opblock-summary-control")
    tab.locator(".opblock-summary-control").first.click()
    tab.wait_for_selector(".opblock.is-open")
    tab.close()
    assert wrong == []
