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


AS_HTML: dict[int | str, dict[str, Any]] = {200: {"content": {"text/html": {"schema": {"type": "string"}}}}}
"""An answer that browsers get as a page."""

UNCHANGED: dict[int | str, dict[str, Any]] = {304: {"description": "The client has it already"}}
"""An answer to who named the state that was seen (If-None-Match)."""
