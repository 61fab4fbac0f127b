"""Where the farthest demand point is nearest: the p-center (Hakimi 1964; Minieka 1970).

The value is one of the costs given, so it is searched among them: with each, covering everything tells whether p sites
are enough.
"""

from collections.abc import Sequence

from geo.siting.choice import Choice, Floats, Ints


def p_center(cost: Floats, p: int, *, fixed: Sequence[int] | Ints = (), seconds: float = 60.0) -> Choice:
    """Return at most `p` sites for which the demand point farthest from its nearest site is as near as possible.

    Parameters
    ----------
    cost : array, demand × sites
        Metres or minutes on foot from each demand point to each site, 0 or more; inf where there is no way.
    p : int
        How many sites, those that must stay included.
    fixed : sequence of int
        Positions of sites that must stay.
    seconds : float
        When to stop with what is known [s].

    Returns
    -------
    Choice
        `value` is the cost of the farthest demand point; `served_by` the nearest chosen site of each.

    Raises
    ------
    InputError
        The matrix, the number or the fixed sites are not usable.
    InfeasibleError
        Some demand point reaches no site at all (`ids`), or p sites cannot reach all.
    """
    raise NotImplementedError
