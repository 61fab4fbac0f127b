"""Boundaries in words, both ways: the four bounds (四至) of any set of blocks as an official plan states them.

From bottom to top: `words` (the structure and its four texts), `trace` (shapes to structure) and `parse` (texts to
structure), `locate` (structure to blocks), `describe` (shapes to texts that are read back).
"""

from geo.boundary_text.describe import Told, describe_bounds, tell_bounds
from geo.boundary_text.locate import Ground, Located, locate_bounds
from geo.boundary_text.parse import Action, Area, ParsedBounds, parse_bounds
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
    Remark,
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
    "Action",
    "Area",
    "Bounds",
    "Chain",
    "Edge",
    "Ground",
    "Located",
    "Note",
    "ParsedBounds",
    "Remark",
    "Side",
    "Told",
    "bounds_of_en",
    "bounds_of_zh",
    "bounds_to_en",
    "bounds_to_zh",
    "describe_bounds",
    "locate_bounds",
    "parse_bounds",
    "tell_bounds",
    "trace_bounds",
    "unit_name",
]
