"""Villages into communities (村改居): types with reasons, conditions, procedure."""

from geo.conversion.classify import (
    MEANINGS,
    ConversionOptions,
    Conversions,
    Override,
    classify_conversions,
    conversion_heirs,
    plan_options,
)
from geo.conversion.procedure import Procedure, Timetable, Vote, check_vote, procedure

__all__ = [
    "MEANINGS",
    "ConversionOptions",
    "Conversions",
    "Override",
    "Procedure",
    "Timetable",
    "Vote",
    "check_vote",
    "classify_conversions",
    "conversion_heirs",
    "plan_options",
    "procedure",
]
