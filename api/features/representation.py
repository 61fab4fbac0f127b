"""Which of the offered formats an answer is given in: the parameter `f`, else what the client accepts."""

from typing import Annotated, Literal

from fastapi import Depends, Query, Request

from api.errors import BadRequestError, NotAcceptableError
from api.pages import preferred
from geo.errors import Fault

Form = Literal["json", "html"]

JSON = "application/json"
GEOJSON = "application/geo+json"
SCHEMA = "application/schema+json"
HTML = "text/html"


def form_of(f: str | None, accept: str | None, json: str = JSON) -> Form:
    """Return the format of the answer; `json` is the media type of the JSON one.

    Raises
    ------
    BadRequestError
        When `f` names another format.
    NotAcceptableError
        When the client accepts neither.

    Examples
    --------
    >>> form_of(None, "text/html,application/xhtml+xml,*/*;q=0.8"), form_of(None, "application/geo+json", GEOJSON)
    ('html', 'json')
    """
    if f is not None:
        if f not in ("json", "html"):
            raise BadRequestError(Fault(f"f: {f[:40]!r} is not offered", "use json or html"))
        return f  # type: ignore[return-value]
    offered: dict[Form, tuple[str, ...]] = {"json": (json, JSON), "html": (HTML,)}
    best = preferred(accept, offered)
    if best is None:
        raise NotAcceptableError(f"{(accept or '')[:80]} is not offered", f"accept {json} or {HTML}")
    return best


def _is_page(
    request: Request,
    f: Annotated[Form | None, Query(description="json or html; by default what the client accepts")] = None,
) -> bool:
    return form_of(f, request.headers.get("accept")) == "html"


AsPage = Annotated[bool, Depends(_is_page)]
"""Whether a route's answer is a page for people rather than JSON for programs."""
