"""A team's server of the small town, and people who come to it with keys."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from starlette.testclient import TestClient

from api.accounts.accounts import Accounts, open_accounts
from api.accounts.rights import Caller, Role
from api.main import create_app, open_server
from api.server import Server
from api.settings import Settings
from api.storage.postgis import PostgisStorage
from tests.api.editing.conftest import As
from tests.api.postgis import Cluster
from tests.api.served import STUDY_ID, small_study

BASE = "http://127.0.0.1:8000"
HOME = f"/studies/{STUDY_ID}"
PASSWORD = "wide river, old bridge"
OWN_PAGE = {"Origin": BASE}


def client_as(server: Server, caller: Caller | None) -> TestClient:
    """Return a client whose every request is one person's, or (None) of somebody who has not said who they are."""
    app = create_app(server.settings, server)
    app.add_middleware(As, caller=caller)
    return TestClient(app, base_url=BASE, follow_redirects=False)


@pytest.fixture(scope="session")
def team_database(cluster: Cluster) -> str:
    """Give the address of a database with the small town and li, its admin: to be copied, nobody may open it."""
    url = cluster.database()
    storage = PostgisStorage(url)
    storage.create(STUDY_ID, small_study(), by="root")
    open_accounts(storage).add("li", by="root", password=PASSWORD, role="admin")
    storage.close()
    return url


@pytest.fixture
def url(cluster: Cluster, team_database: str) -> Iterator[str]:
    """Give the address of a copy of it."""
    made = cluster.database(team_database)
    yield made
    cluster.drop(made)


@dataclass
class Team:
    """A server and its accounts."""

    server: Server
    accounts: Accounts

    @cached_property
    def app(self) -> FastAPI:
        """The application of the server."""
        return create_app(self.server.settings, self.server)

    def client(self, **headers: str) -> TestClient:
        """Return a client that sends these headers, and keeps cookies."""
        return TestClient(self.app, base_url=BASE, headers=headers, follow_redirects=False)

    def member(self, name: str, role: Role | None = None, *, area: tuple[str, str] | None = None, **key: Any) -> str:
        """Add somebody with a role in the town; return a key of theirs."""
        self.accounts.add(name, by="test")
        if role is not None:
            self.accounts.grant(name, STUDY_ID, role, by="test", area=area)
        return self.accounts.add_key(name, by="test", **key)[1]

    def who(self, name: str, role: Role | None = None, **more: Any) -> TestClient:
        """Add somebody, and return a client of theirs."""
        return self.client(Authorization=f"Bearer {self.member(name, role, **more)}")

    def signed_in(self, name: str = "li", password: str = PASSWORD) -> TestClient:
        """Return a client of somebody who signed in on the page."""
        client = self.client(**OWN_PAGE)
        assert client.post("/login", data={"name": name, "password": password}).status_code == 303
        return client


@pytest.fixture
def make_team(url: str) -> Iterator[Callable[..., Team]]:
    """Give the function that starts a server of the database, with these settings."""
    made: list[Server] = []

    def make(**settings: Any) -> Team:
        server = open_server(Settings(database=SecretStr(url), **{"session_secret": SecretStr("s" * 40), **settings}))
        made.append(server)
        return Team(server, server.part(Accounts))

    yield make
    for each in made:
        each.close()


@pytest.fixture(scope="module")
def shared_team(cluster: Cluster, team_database: str) -> Iterator[Team]:
    """Give a server that all tests of a module share, which change nothing but who is signed in."""
    url = cluster.database(team_database)
    server = open_server(Settings(database=SecretStr(url), session_secret=SecretStr("s" * 40)))
    yield Team(server, server.part(Accounts))
    server.close()
    cluster.drop(url)


@pytest.fixture
def team(make_team: Callable[..., Team]) -> Team:
    """Give a server of the database."""
    return make_team()
