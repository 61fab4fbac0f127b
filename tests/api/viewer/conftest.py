import pytest
from starlette.testclient import TestClient

from tests.api.served import client, serve, small_study


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    made = serve(small_study(), tmp_path_factory.mktemp("town"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def town(server) -> TestClient:
    return client(server)
