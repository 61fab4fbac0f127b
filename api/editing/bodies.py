"""Features as clients send them: media type, JSON, members; nothing is believed that was not looked at."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from api.errors import BadRequestError, WrongTypeError
from geo.errors import Fault, InputError

GEOJSON = "application/geo+json"
MERGE_PATCH = "application/merge-patch+json"
POSTED = (GEOJSON, "application/json")
PATCHED = (MERGE_PATCH, GEOJSON, "application/json")

MOST_BYTES = 16 * 1024 * 1024
"""Most bytes of one feature."""
LONGEST_ID = 200


@dataclass(frozen=True)
class Given:
    """A feature, or a change of one, as it was sent.

    Attributes
    ----------
    id
        Empty where none was given.
    properties
        By name; with a change a None takes the value away.
    geometry
        As GeoJSON; None where it was null.
    has_geometry
        Whether there was one, be it null.
    """

    id: str = ""
    properties: Mapping[str, Any] = field(default_factory=dict)
    geometry: object = None
    has_geometry: bool = False


def require_type(content_type: str | None, allowed: tuple[str, ...], header: str) -> None:
    """Refuse a body whose media type is not said (400) or not understood (415).

    `header` is the response header that lists those that are: Accept-Post, Accept-Patch.
    """
    if not content_type:
        raise BadRequestError(Fault("the request says nothing of its media type",
                                    f"send Content-Type: {allowed[0]}"))  # fmt: skip
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in allowed:
        raise WrongTypeError(f"{kind[:100]} is not understood", f"send one of: {', '.join(allowed)}",
                             headers={header: ", ".join(allowed)})  # fmt: skip


def read_feature(body: bytes, *, whole: bool) -> Given:
    """Return the feature in a body; `whole` where it must be one, not a change of one.

    Raises
    ------
    BadRequestError
        When it is no JSON, or no GeoJSON feature.
    """
    if len(body) > MOST_BYTES:
        raise _bad(f"a feature of {len(body):,} bytes is too large", f"send at most {MOST_BYTES:,}")
    try:
        sent = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise _bad(f"the body is no JSON ({error})", "send one GeoJSON feature") from error
    if not isinstance(sent, dict):
        raise _bad("the body is no JSON object", "send one GeoJSON feature")
    kind = sent.get("type", None if whole else "Feature")
    if kind != "Feature":
        raise _bad(f"the body is {_short(kind)}, not a Feature", "send one GeoJSON feature at a time")
    if sent.get("crs") is not None:
        raise _bad("the feature has a member crs, which GeoJSON no longer knows",
                   "name the system of the coordinates in the header Content-Crs")  # fmt: skip
    properties = sent.get("properties")
    if properties is None:
        properties = {}
    if not isinstance(properties, dict):
        raise _bad("properties is no JSON object", "send the properties by their names")
    if whole and "geometry" not in sent:
        raise _bad("the feature has no member geometry", "send one, null where there is none")
    return Given(_id(sent.get("id")), properties, sent.get("geometry"), "geometry" in sent)


def take_id(given: Given, index: str) -> Given:
    """Return the feature with the property that is its id (`building_id`) taken out.

    Raises
    ------
    InputError
        When both are given, and are not the same.
    """
    if index not in given.properties:
        return given
    named = _id(given.properties[index])
    if given.id and named and named != given.id:
        raise InputError(Fault(f"the feature has two ids: id {given.id} and {index} {named}", "leave one of them out"))
    rest = {name: value for name, value in given.properties.items() if name != index}
    return Given(given.id or named, rest, given.geometry, given.has_geometry)


def require_id(feature_id: str) -> None:
    """Refuse what cannot be an id in an address."""
    if len(feature_id) > LONGEST_ID or not feature_id.isprintable() or "/" in feature_id:
        raise InputError(Fault(f"{_short(feature_id)} cannot be the id of a feature",
                               f"use at most {LONGEST_ID} characters, none of them a slash"))  # fmt: skip


def _id(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise _bad(f"id {_short(value)} is neither text nor a whole number", "send text, or leave it out")
    return str(value)


def _bad(what: str, remedy: str) -> BadRequestError:
    return BadRequestError(Fault(what, remedy))


def _short(value: object) -> str:
    told = repr(value)
    return told if len(told) <= 60 else f"{told[:57]}…"
