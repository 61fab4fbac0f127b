"""Boundaries in words, both ways: the four bounds (四至) of any set of blocks as an official plan states them.

From bottom to top: `words` (the structure and its four texts), `trace` (shapes to structure), `describe` (shapes to
texts).
"""

from geo.boundary_text.describe import describe_bounds
from geo.boundary_text.trace import trace_bounds
from geo.boundary_text.words import (
    CLOCKWISE,
    SIDES,
    TOWN_BORDER,
    ZH,
    Bounds,
    Chain,
    Edge,
    Note,
    Side,
    bounds_of_en,
    bounds_of_zh,
    bounds_to_en,
    bounds_to_zh,
    unit_name,
)

__all__ = [
    "CLOCKWISE",
    "SIDES",
    "TOWN_BORDER",
    "ZH",
    "Bounds",
    "Chain",
    "Edge",
    "Note",
    "Side",
    "bounds_of_en",
    "bounds_of_zh",
    "bounds_to_en",
    "bounds_to_zh",
    "describe_bounds",
    "trace_bounds",
    "unit_name",
]
