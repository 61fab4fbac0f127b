"""The p-median: p sites so that everybody's way to the nearest one is short on the whole."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from geo.siting.choice import Choice


def p_median(
    cost: npt.ArrayLike,
    weight: npt.ArrayLike,
    p: int,
    *,
    fixed: Sequence[int] = (),
    seconds: float = 60.0,
    gap: float = 1e-6,
    rng: np.random.Generator | None = None,
) -> Choice:
    """Return the p sites whose weighted cost to the nearest one is smallest.

    Parameters
    ----------
    cost : array demand × sites
        What it costs a demand point to use a site [metres, minutes, …], infinite where it cannot.
    weight : array over demand
        How much a point counts, usually people. A point of weight 0 is served if it can be and never in the way.
    p : int
        Number of sites to choose, those in `fixed` included.
    fixed : positions of sites that stay
    seconds : float
        The search ends then, whatever is known by then.
    gap : float
        The search ends when value and bound lie no farther apart than this share of the value.
    rng : Generator, optional
        Chance of the search; without one the same every time.

    Returns
    -------
    Choice
        `value` is the sum of weight times cost; `bound` is a Lagrangian bound, valid for the whole problem.

    Raises
    ------
    InputError
        Sizes do not fit, costs or weights are negative or unknown, `p` or `fixed` cannot be.
    InfeasibleError
        A demand point has no site it can use (`ids` are its positions), or no p sites serve everybody.
    """
    raise NotImplementedError
