"""Which format an answer has."""

import pytest

from api.errors import BadRequestError, NotAcceptableError
from api.features.representation import GEOJSON, SCHEMA, form_of

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize(
    ("f", "accept", "json", "form"),
    [
        (None, None, GEOJSON, "json"),
        (None, "", GEOJSON, "json"),
        (None, "*/*", GEOJSON, "json"),
        (None, BROWSER, GEOJSON, "html"),
        ("json", BROWSER, GEOJSON, "json"),
        ("html", "application/json", GEOJSON, "html"),
        (None, "application/geo+json, application/json", GEOJSON, "json"),
        (None, "application/json", GEOJSON, "json"),
        (None, "application/schema+json", SCHEMA, "json"),
        (None, "application/*;q=0.5, text/html;q=0.4", GEOJSON, "json"),
        (None, "application/json;q=0.2, text/html;q=0.9", GEOJSON, "html"),
        (None, "text/*", GEOJSON, "html"),
        (None, "text/html;q=0, */*", GEOJSON, "json"),
        (None, "TEXT/HTML", GEOJSON, "html"),
        (None, "text/html;q=x, application/json;q=0.1", GEOJSON, "json"),
    ],
)
def test_form(f: str | None, accept: str | None, json: str, form: str) -> None:
    assert form_of(f, accept, json) == form


def test_what_is_not_offered() -> None:
    with pytest.raises(NotAcceptableError, match="image/png is not offered"):
        form_of(None, "image/png")
    with pytest.raises(NotAcceptableError):
        form_of(None, "application/geo+json")
    with pytest.raises(BadRequestError, match="f: 'xml' is not offered"):
        form_of("xml", None)
