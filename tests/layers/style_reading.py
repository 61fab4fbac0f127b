"""What a MapLibre style says of one feature: as much of the expression language as our styles use, read plainly."""

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Any


def value_of(expression: Any, feature: Mapping[str, Any], *, zoom: float = 14, kind: str = "Polygon") -> Any:
    """Return what an expression gives for a feature's properties; a missing property is None."""
    if not isinstance(expression, list):
        return expression

    def at(part: Any) -> Any:
        return value_of(part, feature, zoom=zoom, kind=kind)

    name, *rest = expression
    match name:
        case "get":
            return feature.get(rest[0])
        case "has":
            return feature.get(rest[0]) is not None
        case "zoom":
            return zoom
        case "geometry-type":
            return kind
        case "literal":
            return rest[0]
        case "!":
            return not at(rest[0])
        case "any":
            return any(at(each) for each in rest)
        case "all":
            return all(at(each) for each in rest)
        case "==":
            return at(rest[0]) == at(rest[1])
        case "!=":
            return at(rest[0]) != at(rest[1])
        case ">=":
            return at(rest[0]) >= at(rest[1])
        case "<":
            return at(rest[0]) < at(rest[1])
        case "coalesce":
            return next((found for each in rest if (found := at(each)) is not None), None)
        case "format":
            return "".join(str(at(each)) for each in rest[::2])
        case "match":
            found, pairs, otherwise = at(rest[0]), rest[1:-1], rest[-1]
            for labels, outcome in zip(pairs[::2], pairs[1::2], strict=True):
                if found in (labels if isinstance(labels, list) else [labels]):
                    return at(outcome)
            return at(otherwise)
        case "case":
            for condition, outcome in zip(rest[:-1:2], rest[1::2], strict=True):
                if at(condition) is True:
                    return at(outcome)
            return at(rest[-1])
        case "step":
            found, made = at(rest[0]), rest[1]
            for edge, outcome in zip(rest[2::2], rest[3::2], strict=True):
                if found >= edge:
                    made = outcome
            return at(made)
        case "interpolate":
            return _between(at(rest[1]), [(edge, at(each)) for edge, each in zip(rest[2::2], rest[3::2], strict=True)])
    raise AssertionError(f"our styles use no {name}")


def applies(layer: Mapping[str, Any], feature: Mapping[str, Any], **more: Any) -> bool:
    """Tell whether a layer draws a feature."""
    return "filter" not in layer or value_of(layer["filter"], feature, **more) is True


def _between(at: float, stops: list[tuple[float, float]]) -> float:
    if at <= stops[0][0]:
        return stops[0][1]
    for (low, a), (high, b) in pairwise(stops):
        if at <= high:
            return a + (b - a) * (at - low) / (high - low)
    assert math.isfinite(stops[-1][1])
    return stops[-1][1]
