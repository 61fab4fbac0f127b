"""Requests over raw sockets on a running server: too long an address, too many headers, no HTTP at all."""

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import uvicorn

from api.gateway import LONGEST_ADDRESS, MOST_HEADERS
from api.main import create_app
from api.protocol import MOST_HEAD
from tests.api.served import serve, small_study

HOST = b"Host: 127.0.0.1\r\n"


@dataclass(frozen=True)
class Told:
    """A raw answer."""

    status: int
    headers: dict[str, str]
    body: bytes


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    server = serve(small_study(), tmp_path_factory.mktemp("protocol"))
    config = uvicorn.Config(
        create_app(server.settings, server), port=0, http="api.protocol:Protocol", log_level="critical",
        timeout_graceful_shutdown=1,
    )  # fmt: skip
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    while not running.started:
        assert thread.is_alive(), "the server ended"
        thread.join(0.02)
    yield int(running.servers[0].sockets[0].getsockname()[1])
    running.should_exit = True
    thread.join(20)


def ask(port: int, *parts: bytes) -> Told:
    """Send these bytes, and return what comes until the server hangs up."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(b"".join(parts))
        return _told(connection)


def _told(connection: socket.socket) -> Told:
    came = b""
    while (part := connection.recv(65_536)) != b"":
        came += part
    head, _, body = came.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    return Told(int(first.split()[1]), dict(line.lower().split(": ", 1) for line in lines), body)


def problem(told: Told) -> dict[str, object]:
    assert told.headers["content-type"] == "application/problem+json"
    assert int(told.headers["content-length"]) == len(told.body)
    document: dict[str, object] = json.loads(told.body)
    assert document["status"] == told.status
    assert document["faults"][0]["remedy"]  # type: ignore[index]
    return document


def get(address: bytes, headers: bytes = b"") -> bytes:
    return b"GET " + address + b" HTTP/1.1\r\n" + HOST + headers + b"Connection: close\r\n\r\n"


@pytest.mark.parametrize("address", [b"/studies", b"http://127.0.0.1/studies", b"/studies?q=" + b"a" * 59_900])
def test_an_address_with_room_is_answered(port: int, address: bytes) -> None:
    assert ask(port, get(address)).status == 200


@pytest.mark.parametrize("length", [LONGEST_ADDRESS, 65_500, 65_600, 300_000])
@pytest.mark.parametrize("before", [b"/studies?q=", b"/", b"http://127.0.0.1/studies?q=", b"http://"])
def test_too_long_an_address_is_414(port: int, before: bytes, length: int) -> None:
    """Below and above what the parser itself can hold (65,535 bytes); the shortest leaves the host out of the count."""
    told = ask(port, get(before + b"a" * length))
    said = problem(told)
    assert told.status == 414
    assert f"{LONGEST_ADDRESS:,} bytes" in str(said["detail"])
    assert told.headers["x-content-type-options"] == "nosniff", "it passed the gateway"
    assert len(told.body) < 2_000


@pytest.mark.parametrize(
    "headers",
    [b"X-A: " + b"a" * MOST_HEADERS + b"\r\n", b"Cookie: " + b"a" * 300_000 + b"\r\n",
     b"".join(b"X-%d: a\r\n" % number for number in range(9_000))],
    ids=["one", "cookie", "many"],
)  # fmt: skip
def test_too_large_headers_are_431(port: int, headers: bytes) -> None:
    told = ask(port, get(b"/studies", headers))
    assert told.status == 431
    assert f"{MOST_HEADERS:,} bytes" in str(problem(told)["detail"])


def test_large_headers_with_room_are_answered(port: int) -> None:
    assert ask(port, get(b"/studies", b"X-A: " + b"a" * 60_000 + b"\r\n")).status == 200


@pytest.mark.parametrize(("begin", "status"), [(b"GET /", 414), (b"GET / HTTP/1.1\r\n" + HOST + b"X-A: ", 431)])
def test_nobody_waits_for_an_end_that_does_not_come(port: int, begin: bytes, status: int) -> None:
    """The server hangs up after a megabyte; until then nothing has been answered."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(begin)
        connection.sendall(b"a" * (MOST_HEAD + 1 - len(begin)))
        told = _told(connection)
    assert told.status == status
    assert f"{MOST_HEAD:,} bytes" in str(problem(told)["detail"])


@pytest.mark.parametrize("said", [b"HELLO\r\n\r\n", b"GET /a b HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00"])
def test_what_is_not_http_is_told_as_a_problem(port: int, said: bytes) -> None:
    told = ask(port, said)
    assert told.status == 400
    assert "HTTP" in str(problem(told)["detail"])


def test_a_refused_request_leaves_the_connection_for_others(port: int) -> None:
    """The next connection, and the next request on one that was kept open, are answered."""
    assert ask(port, get(b"/" + b"a" * 200_000)).status == 414
    two = b"GET /health HTTP/1.1\r\n" + HOST + b"\r\n" + get(b"/health")
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(two)
        came = b""
        while (part := connection.recv(65_536)) != b"":
            came += part
    assert came.count(b"HTTP/1.1 200 OK") == 2
