"""What a siting model answers."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Choice:
    """The sites that a model chose, and how good the choice is known to be.

    Attributes
    ----------
    sites : array
        Positions of the chosen sites, ascending, those that had to stay included.
    served_by : array over demand
        Position of the site that serves each demand point, -1 where none does.
    value : float
        The model's objective: weight covered (to be large), or weighted cost, cost of the farthest, number or cost of
        sites (to be small).
    bound : float
        No choice is better than this.
    seconds : float
    method : str
        How it was found, in a few words.
    progress : tuple of (seconds, value, bound)
        How value and bound came together.
    """

    sites: Ints
    served_by: Ints
    value: float
    bound: float
    seconds: float
    method: str
    progress: tuple[tuple[float, float, float], ...] = field(default=(), repr=False)

    @property
    def gap(self) -> float:
        """How far value and bound lie apart, as a share of the value (0 where both are 0)."""
        apart = abs(self.value - self.bound)
        return 0.0 if apart == 0 else apart / max(abs(self.value), 1e-12)

    @property
    def proven(self) -> bool:
        """Whether no choice is better, to a millionth."""
        return self.gap <= 1e-6
