"""The small town served once for all tests that only read."""

from collections.abc import Iterator
from typing import Any

import pytest

from api.server import Server
from tests.api.served import STUDY_ID, client, serve, small_study


class Api:
    """The API of the study, as a client that was pointed at its landing page sees it."""

    def __init__(self, web: Any, study_id: str = STUDY_ID) -> None:
        self.web = web
        self.base = f"http://127.0.0.1:8000/studies/{study_id}"

    def get(
        self, path: str, accept: str = "application/json", headers: dict[str, str] | None = None, **query: Any
    ) -> Any:
        named = {name.rstrip("_").replace("__", "-"): str(value) for name, value in query.items()}
        url = path if path.startswith("http") else self.base + path
        given = {"params": named} if named else {}
        return self.web.get(url, headers={"accept": accept, **(headers or {})}, **given)

    def json(self, path: str, accept: str = "*/*", **query: Any) -> Any:
        answer = self.get(path, accept, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def items(self, collection: str, **query: Any) -> Any:
        return self.json(f"/collections/{collection}/items", "application/geo+json", **query)

    def ids(self, collection: str, **query: Any) -> list[str]:
        """Return the ids that are found, page after page."""
        made = self.items(collection, **({"limit": 1000} | query))
        found = [each["id"] for each in made["features"]]
        while following := linked(made, "next"):
            made = self.json(following)
            found += [each["id"] for each in made["features"]]
        return found

    def refused(self, path: str, status: int = 400, **query: Any) -> str:
        """Return what a refused request was told, and what to do."""
        answer = self.get(path, "*/*", **query)
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        told = answer.json()
        assert told["status"] == status
        return "; ".join(f"{fault['what']} → {fault['remedy']}" for fault in told["faults"])

    @property
    def collections(self) -> list[dict[str, Any]]:
        made: list[dict[str, Any]] = self.json("/collections")["collections"]
        return made


def linked(made: dict[str, Any], rel: str) -> str | None:
    """Return where the link of that relation leads."""
    return next((each["href"] for each in made["links"] if each["rel"] == rel), None)


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = serve(small_study(), tmp_path_factory.mktemp("town"))
    yield server
    server.close()


@pytest.fixture(scope="session")
def api(town: Server) -> Api:
    return Api(client(town))


__all__ = ["Api", "api", "linked", "town"]
