"""Which of the offered formats an answer is given in: the parameter `f`, else what the client accepts."""

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import Depends, Query, Request

from api.errors import BadRequestError, NotAcceptableError
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
    if not accept or accept == "*/*":
        return "json"
    best: tuple[float, int, Form] | None = None
    for kind, weight in _accepted(accept):
        for order, (form, offered) in enumerate((("json", (json, JSON)), ("html", (HTML,)))):
            if weight and any(_fits(kind, each) for each in offered):
                found: tuple[float, int, Form] = (weight + (0.0005 if "*" not in kind else 0), -order, form)  # type: ignore[assignment]
                best = found if best is None else max(best, found)
    if best is None:
        raise NotAcceptableError(f"{accept[:80]} is not offered", f"accept {json} or {HTML}")
    return best[2]


def _is_page(
    request: Request,
    f: Annotated[Form | None, Query(description="json or html; by default what the client accepts")] = None,
) -> bool:
    return form_of(f, request.headers.get("accept")) == "html"


AsPage = Annotated[bool, Depends(_is_page)]
"""Whether a route's answer is a page for people rather than JSON for programs."""


def _accepted(accept: str) -> Sequence[tuple[str, float]]:
    found = []
    for each in accept[:2000].lower().split(","):
        kind, _, rest = each.partition(";")
        weight = 1.0
        for parameter in rest.split(";"):
            name, _, value = parameter.strip().partition("=")
            if name == "q":
                try:
                    weight = float(value)
                except ValueError:
                    weight = 0.0
        found.append((kind.strip(), weight))
    return found


def _fits(kind: str, offered: str) -> bool:
    return kind in ("*/*", offered) or kind == f"{offered.partition('/')[0]}/*"
