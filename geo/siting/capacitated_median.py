"""The p-median whose sites have limited room, each demand point going to one site as a whole."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from geo.siting.choice import Choice


def capacitated_p_median(
    cost: npt.ArrayLike,
    weight: npt.ArrayLike,
    capacity: npt.ArrayLike,
    p: int,
    *,
    load: npt.ArrayLike | None = None,
    fixed: Sequence[int] = (),
    seconds: float = 60.0,
    gap: float = 1e-6,
    rng: np.random.Generator | None = None,
) -> Choice:
    """Return p sites and who uses which, so that no site is overfull and the weighted cost is smallest.

    Parameters
    ----------
    cost : array demand × sites
        What it costs a demand point to use a site [metres, minutes, …], infinite where it cannot.
    weight : array over demand
        How much a point's cost counts, usually people.
    capacity : array over sites
        What a site can take, in the unit of `load`.
    p : int
        Number of sites to choose, those in `fixed` included.
    load : array over demand, optional
        The room that a point takes; `weight` where it is not given.
    fixed : positions of sites that stay
    seconds, gap, rng
        As in `geo.siting.median.p_median`.

    Returns
    -------
    Choice
        `value` is the sum of weight times cost; every demand point is served by one site as a whole.

    Raises
    ------
    InputError
        Sizes do not fit, numbers are negative or unknown, `p` or `fixed` cannot be.
    InfeasibleError
        A demand point has no site it can use or fits into (`ids` are its positions), room is short, or no assignment
        was found in the time given (the message says which, and what is proven).
    """
    raise NotImplementedError
