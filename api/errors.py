"""What the web adds to the error tree, and the one table from error class to HTTP status.

ShequError
├── InputError            422   the data is unusable
│   └── BadRequestError        400   a parameter of the request is
├── StandardError         422
├── InfeasibleError       409   the question has no answer
└── WebError
    ├── NotFoundError          404
    ├── NotAcceptableError     406
    ├── UnauthenticatedError   401
    ├── NotAllowedError        403
    ├── OutOfDateError         412   the version that was seen is not the one that is there
    ├── VersionNeededError     428   an edit must say which version it saw
    ├── HeldError              423   somebody else has checked this out
    ├── TooLargeError          413
    ├── LongAddressError       414
    ├── WrongTypeError         415
    ├── TooManyError           429
    ├── LongHeadersError       431
    └── BusyError              503
"""

from collections.abc import Mapping, Sequence
from typing import Any

from geo.errors import Fault, InfeasibleError, InputError, ShequError, StandardError

PROBLEM = "application/problem+json"


class BadRequestError(InputError):
    """A parameter of the request is unknown or has a wrong value."""


class WebError(ShequError):
    """What can be wrong with a request rather than with the data."""

    def __init__(
        self,
        what: str,
        remedy: str = "",
        *,
        headers: Mapping[str, str] | None = None,
        **more: Any,  # noqa: ANN401 - JSON
    ) -> None:
        self.fault = Fault(what, remedy)
        self.headers = dict(headers or {})
        self.more = more
        """Further members of the problem document (RFC 9457)."""
        super().__init__(what)


class NotFoundError(WebError):
    """There is no such thing."""


class NotAcceptableError(WebError):
    """The representation that was asked for is not offered."""


class UnauthenticatedError(WebError):
    """Who asks is not known."""


class NotAllowedError(WebError):
    """Who asks is known, and has not the right."""


class OutOfDateError(WebError):
    """Somebody changed it since it was read; `more["changes"]` tells who, when, and what is there now."""


class VersionNeededError(WebError):
    """An edit must name the version it saw (If-Match)."""


class HeldError(WebError):
    """Somebody else has checked it out."""


class TooLargeError(WebError):
    """The request is larger than allowed."""


class LongAddressError(WebError):
    """The address, with its query, is longer than allowed."""


class WrongTypeError(WebError):
    """The media type is not understood."""


class TooManyError(WebError):
    """Too many requests."""


class LongHeadersError(WebError):
    """The headers are larger than allowed."""


class BusyError(WebError):
    """The server cannot do this now."""


STATUS: dict[type[ShequError], int] = {
    BadRequestError: 400,
    UnauthenticatedError: 401,
    NotAllowedError: 403,
    NotFoundError: 404,
    NotAcceptableError: 406,
    InfeasibleError: 409,
    OutOfDateError: 412,
    TooLargeError: 413,
    LongAddressError: 414,
    WrongTypeError: 415,
    InputError: 422,
    StandardError: 422,
    HeldError: 423,
    VersionNeededError: 428,
    TooManyError: 429,
    LongHeadersError: 431,
    BusyError: 503,
}
"""A test fails when a class of the tree has no status."""

TITLES: dict[int, str] = {
    400: "Bad request", 401: "Not signed in", 403: "Not allowed", 404: "Not found", 405: "Method not allowed",
    406: "Not acceptable", 409: "No answer", 412: "Out of date", 413: "Too large", 414: "Address too long",
    415: "Unsupported media type", 422: "Unusable input", 423: "Checked out", 428: "Version needed",
    429: "Too many requests", 431: "Headers too large", 500: "Server error", 503: "Busy",
}  # fmt: skip


def status_of(error: ShequError) -> int:
    """Return the HTTP status of an error: its class's, or that of the nearest base which has one."""
    return next(STATUS[base] for base in type(error).__mro__ if base in STATUS)


def problem(error: ShequError, instance: str = "") -> dict[str, Any]:
    """Return the error as a problem document (RFC 9457): what, where and what to do, as `faults`."""
    status = status_of(error)
    body: dict[str, Any] = {"type": "about:blank", "title": TITLES[status], "status": status, "detail": str(error)}
    if instance:
        body["instance"] = instance
    if isinstance(error, InputError):
        body["faults"] = [fault_told(fault) for fault in error.faults]
        body["detail"] = "; ".join(fault.what for fault in error.faults[:3])
    elif isinstance(error, InfeasibleError):
        body["reasons"] = list(error.reasons)
        body["reasons_zh"] = list(error.reasons_zh)
        body["ids"] = list(error.ids)
    elif isinstance(error, WebError):
        body["faults"] = [fault_told(error.fault)]
        body |= error.more
    return body


def faults_of(found: Sequence[Mapping[str, Any]], remedy: str, *, about: str = "", most: int = 8) -> list[Fault]:
    """Return what pydantic found (`error.errors()`) as faults: where, and what is wrong there.

    Parameters
    ----------
    found
    remedy
        What to do, the same for all.
    about
        What is meant where the whole is wrong.
    most
        So many are told.

    Examples
    --------
    >>> faults_of([{"loc": ("query", "limit"), "msg": "too small"}, {"loc": (), "msg": "no object"}], "", about="body")
    [Fault(what='query.limit: too small', ...), Fault(what='body: no object', ...)]
    """
    return [
        Fault(f"{'.'.join(str(part) for part in one['loc']) or about}: {one['msg']}", remedy) for one in found[:most]
    ]


def fault_told(fault: Fault) -> dict[str, Any]:
    """Return a fault as it stands in documents, without what it does not say."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in vars(fault).items() if value}
