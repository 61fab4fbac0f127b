"""Gaps: what a community, an estate or a building lacks by a standard, and for how many people."""

from geo.gaps.before_after import before_after
from geo.gaps.demand import demand
from geo.gaps.gaps import GapOptions, find_gaps, gaps_of
from geo.gaps.result import CHANGES, LACKING, STATE_WORDS, STATES, GapChange, Gaps

__all__ = [
    "CHANGES", "LACKING", "STATES", "STATE_WORDS", "GapChange", "GapOptions", "Gaps", "before_after", "demand",
    "find_gaps", "gaps_of",
]  # fmt: skip
