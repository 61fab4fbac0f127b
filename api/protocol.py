"""HTTP as uvicorn reads it, with an end: addresses and headers that are too long reach the gateway cut short.

The gateway refuses them there (414, 431) as it refuses anything. Beyond that the parser would keep whatever somebody
sends before a request is whole, and tell what it does not understand in plain text.
"""

import orjson
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from api.errors import PROBLEM, LongAddressError, LongHeadersError, WebError, problem
from api.gateway import LONGEST_ADDRESS, MOST_HEADERS

MOST_HEAD = 1_000_000
"""Bytes of address and headers together after which nobody waits for their end."""


class Protocol(HttpToolsProtocol):
    """One connection."""

    _head = False
    """Whether a request has begun whose headers are not complete."""
    _came = 0
    _cut = False
    _room = 0

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self._head, self._came, self._cut, self._room = True, 0, False, MOST_HEADERS

    def on_url(self, url: bytes) -> None:
        """Take a part of the address, as long as there is room."""
        room = LONGEST_ADDRESS + 1 - len(self.url)
        super().on_url(url[:room])
        if len(url) > room and not self._cut:
            self._cut = True
            if not self.url.startswith(b"/"):  # with scheme and host: what is left of it must be too long, too
                self.url = b"/".ljust(LONGEST_ADDRESS + 1, b"-")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; when there was no room for one, the others are dropped."""
        if self._room >= 0:
            self._room -= len(name) + len(value) + 4
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Pass the request on."""
        self._head = False
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Read on, unless a request begins without an end."""
        if self.transport.is_closing():
            return
        super().data_received(data)
        if self._head:
            self._came += len(data)
            if self._came > MOST_HEAD and not self.transport.is_closing():
                self._tell(_endless(self._cut))

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP."""
        self._tell({
            "type": "about:blank", "title": "Bad request", "status": 400, "detail": msg,
            "faults": [{"what": msg, "remedy": "send HTTP/1.1; encode spaces and other characters of the address"}],
        })  # fmt: skip

    def _tell(self, document: dict[str, object]) -> None:
        """Answer before there is a request, and hang up."""
        body = orjson.dumps(document)
        headers = [*self.server_state.default_headers, (b"content-type", PROBLEM.encode()),
                   (b"content-length", str(len(body)).encode()), (b"connection", b"close")]  # fmt: skip
        told = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
        self.transport.write(STATUS_LINE[int(str(document["status"]))] + told + b"\r\n" + body)
        self.transport.close()


def _endless(in_address: bool) -> dict[str, object]:
    error: WebError = LongHeadersError(f"the headers do not end within {MOST_HEAD:,} bytes", "send fewer")
    if in_address:
        error = LongAddressError(f"the address does not end within {MOST_HEAD:,} bytes", "send a shorter one")
    return problem(error)
