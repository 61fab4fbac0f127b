"""Grades of the city dimension: 很好, 较好, 一般, 不足 for each indicator, 优, 良, 中, 差 for the whole."""

from collections.abc import Sequence
from typing import Literal

Grade = Literal["very_good", "good", "fair", "insufficient"]
"""很好, 较好, 一般, 不足."""

Overall = Literal["excellent", "good", "medium", "poor"]
"""优, 良, 中, 差."""


def overall_grade(grades: Sequence[Grade]) -> Overall | None:
    """Return the grade of the whole; None when nothing is graded."""
    raise NotImplementedError
