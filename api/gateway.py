"""What every request passes before the application: size limits, metrics, a line in the log, secure headers."""

import logging
import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime

import orjson
from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import LongAddressError, LongHeadersError, TooLargeError
from api.refusals import refuse, send_problem, told_to, unforeseen
from api.settings import Settings

LONGEST_ADDRESS = 60_000
"""Bytes of an address with its query, as it is sent (a Chinese character is nine). The parser takes 65,535."""

MOST_HEADERS = 64_000
"""Bytes of all headers of a request together. The parser has no limit of its own."""

SECURE: Mapping[str, str] = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "x-frame-options": "SAMEORIGIN",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "geolocation=(self), camera=(), microphone=()",
    "content-security-policy": (
        "default-src 'self'; img-src 'self' data: blob:; worker-src 'self' blob:; style-src 'self' 'unsafe-inline'; "
        "connect-src 'self'; object-src 'none'; base-uri 'self'; frame-ancestors 'self'; form-action 'self'"
    ),
}
"""Sent with every answer that does not say otherwise. Maps draw in a worker that is a blob of our own script."""

LOG = logging.getLogger("shequ.request")
_ENCODED = [(name.encode(), value.encode()) for name, value in SECURE.items()]
_NAMES = frozenset(name for name, _ in _ENCODED)
_USUAL_S = 0.1
"""Tiles that are answered within this time [s] are counted, but stand in the log only where it is detailed: a map asks
for hundreds of them."""

_SHOWN = 1_000
"""Characters of an address in the log."""

_UPLOAD = "/uploads"


class Metrics:
    """What `/metrics` tells of this process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "shequ_requests_total", "Requests answered", ("route", "method", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "shequ_request_seconds", "Time from request to answer", ("route",), registry=self.registry,
            buckets=(0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0),
        )  # fmt: skip
        self._counters: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def count(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one request."""
        counters = self._counters.get((route, method, status))
        if counters is None:
            counters = self._counters[route, method, status] = (
                self.requests.labels(route, method, str(status)), self.seconds.labels(route),
            )  # fmt: skip
        counters[0].inc()
        counters[1].observe(seconds)


class Gateway:
    """The outermost layer of the application."""

    def __init__(self, app: ASGIApp, *, settings: Settings, metrics: Metrics) -> None:
        self.app = app
        self.settings = settings
        self.metrics = metrics
        self._base = settings.public_url.rstrip("/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status, request_id = time.perf_counter(), 500, os.urandom(6).hex()
        limit = self._limit(scope["path"])
        counted, begun, passed = 0, False, send

        async def received() -> Message:
            nonlocal counted
            message = await receive()
            counted += len(message.get("body", b""))
            if counted > limit:
                raise _too_large(limit)
            return message

        async def answered(message: Message) -> None:
            nonlocal begun, passed, status
            if message["type"] == "http.response.start":
                begun, status = True, message["status"]
                if status >= 400:
                    passed = told_to(scope, send, self._base)
                there = {name for name, _ in message["headers"]}
                more = _ENCODED if there.isdisjoint(_NAMES) else [each for each in _ENCODED if each[0] not in there]
                message["headers"] = [*message["headers"], *more, (b"x-request-id", request_id.encode())]
            await passed(message)

        scope.setdefault("state", {})["request_id"] = request_id
        try:
            _require_size(scope, limit)
            await self.app(scope, received, answered)
        except (TooLargeError, LongAddressError, LongHeadersError) as error:
            if begun:
                raise
            await refuse(answered, error, scope["path"], {"connection": "close"})
        except Exception:  # told as a problem; the trace goes to the log
            if not begun:
                await send_problem(answered, unforeseen(scope["path"], request_id), {"connection": "close"})
            raise
        finally:
            seconds = time.perf_counter() - began
            route = getattr(scope.get("route"), "path", "") or scope.get("door", "other")
            self.metrics.count(route, scope["method"], status, seconds)
            level = logging.DEBUG if scope.get("usual") and seconds < _USUAL_S else logging.INFO
            if LOG.isEnabledFor(level):
                caller = getattr(scope["state"].get("caller"), "name", None)
                said = {"id": request_id, "method": scope["method"], "path": scope["path"][:_SHOWN], "status": status,
                        "ms": round(seconds * 1000, 2), "by": caller}  # fmt: skip
                # made by hand: `LOG.log` would first look where in the code it was called
                LOG.handle(LOG.makeRecord(LOG.name, level, __file__, 0, "request", (), None, extra={"said": said}))

    def _limit(self, path: str) -> int:
        return self.settings.upload_bytes if path.endswith(_UPLOAD) else self.settings.body_bytes


def _too_large(limit: int) -> TooLargeError:
    return TooLargeError(f"the request is larger than {limit:,} bytes", "send less, or in several parts")


def _require_size(scope: Scope, limit: int) -> None:
    """Refuse an address, headers or a body of more bytes than allowed, before anything reads them."""
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    if len(path) + len(scope["query_string"]) >= LONGEST_ADDRESS:
        raise LongAddressError(
            f"the address with its query is longer than {LONGEST_ADDRESS:,} bytes",
            "name less in one request: a shorter filter, or fewer collections, properties or ids",
        )
    if sum(len(name) + len(value) + 4 for name, value in scope["headers"]) > MOST_HEADERS:
        raise LongHeadersError(
            f"the headers are larger than {MOST_HEADERS:,} bytes",
            "send fewer or shorter ones; delete the site's cookies",
        )
    given = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    if given.isdigit() and int(given) > limit:
        raise _too_large(limit)


class _Json(logging.Formatter):
    """One JSON object a line; `extra={"said": {...}}` of a record becomes its members."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(), "logger": record.name, "event": record.getMessage(),
            **getattr(record, "said", {}),
        }  # fmt: skip
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return orjson.dumps(line, default=str).decode()


def log_as_json() -> None:
    """Write what is logged as one JSON object a line to stderr: requests, jobs, errors with their traces."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Json())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("shequ").setLevel(logging.INFO)
