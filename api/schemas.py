"""Shapes of answers that several routes give, as they stand in the OpenAPI document."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class _Open(BaseModel):
    model_config = ConfigDict(extra="allow")


class Link(_Open):
    """A link (RFC 8288)."""

    href: str
    rel: str
    type: str | None = None
    title: str | None = None


class LandingPage(_Open):
    """Where everything begins."""

    title: str
    links: list[Link]


class StudyEntry(_Open):
    """One study in the list."""

    id: str
    title: str
    href: str


class Studies(_Open):
    """The studies that the caller may look at."""

    studies: list[StudyEntry]
    links: list[Link]


class ConformanceDeclaration(BaseModel):
    """The conformance classes that the API keeps."""

    conformsTo: list[str]  # noqa: N815 - the standard's name


class Health(_Open):
    """Whether the server is well."""

    status: str
    storage: dict[str, Any]


class FaultTold(_Open):
    """What is wrong, where, and what to do."""

    what: str
    remedy: str | None = None


class Problem(_Open):
    """A problem document (RFC 9457)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    instance: str | None = None
    faults: list[FaultTold] = Field(default_factory=list)


def _told(text: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"model": Problem, "description": text, "content": {"application/problem+json": {"schema": schema}}}


PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: _told("A parameter is unknown or has a wrong value"),
    401: _told("Nobody is signed in"),
    403: _told("The caller has not the right"),
    404: _told("There is no such thing"),
    406: _told("The representation is not offered"),
    429: _told("Too many requests"),
    503: _told("The server cannot do this now"),
}
"""What any reading request may be told."""

AS_HTML: dict[int | str, dict[str, Any]] = {200: {"content": {"text/html": {"schema": {"type": "string"}}}}}
"""An answer that browsers get as a page."""

_BINARY = {"schema": {"type": "string", "format": "binary"}}
WRITE_PROBLEMS: dict[int | str, dict[str, Any]] = PROBLEMS | {
    405: _told("It is not edited this way, or not by this caller"),
    409: _told("The request has no answer, or contradicts what is there"),
    412: _told("Somebody changed it since it was read"),
    413: _told("The request is too large"),
    415: _told("The media type is not understood"),
    422: _told("The data is unusable"),
    423: _told("Somebody else has checked it out"),
    428: _told("The version that was seen must be named"),
}
"""What any writing request may be told besides."""
