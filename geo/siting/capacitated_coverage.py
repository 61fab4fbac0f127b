"""Where sites of limited room serve the most demand: capacitated maximal covering location.

After Current and Storbeck (1988) and Pirkul and Schilling (1991): a site serves demand within its reach, and no more
than it has room for.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from scipy import sparse

from geo.siting.asked import Cover
from geo.siting.choice import Choice, Floats, Ints


@dataclass(frozen=True)
class ShareChoice(Choice):
    """A choice of sites in which a demand point may be served in part, or by several sites.

    Attributes
    ----------
    share : sparse array, demand × sites
        Which share of the demand point's weight the site serves (0 to 1). `served_by` is the one with the largest.
    """

    share: sparse.csr_array = field(default_factory=lambda: sparse.csr_array((0, 0)), repr=False)


def capacitated_mclp(
    cover: Cover, weight: Floats, capacity: Floats, p: int, *, fixed: Sequence[int] | Ints = (), split: bool = True,
    seconds: float = 60.0, gap: float = 0.0,
) -> ShareChoice:  # fmt: skip
    """Return the at most `p` sites that serve the most weight, none more than it has room for.

    Maximise Σ weight_i x_ij, where Σ_j x_ij <= 1, Σ_i weight_i x_ij <= capacity_j y_j, x_ij <= y_j only where site j
    covers i, Σ y_j <= p, y whole. With `split`, 0 <= x <= 1: the people of one demand point may go to several sites,
    and some of them nowhere. Without, x is 0 or 1: a point is served whole by one site, or not at all.

    Parameters
    ----------
    cover : sparse array, demand × sites
        Where an entry is not 0, the site covers the demand point.
    weight : array over demand
        What is to be served, say people; 0 or more.
    capacity : array over sites
        How much weight the site can serve, 0 or more.
    p : int
        How many sites at most, those that must stay included.
    fixed : sequence of int
        Positions of sites that must stay.
    split : bool
        Whether a demand point may be split.
    seconds : float
        When to stop with what is known [s].
    gap : float
        Relative difference of value and bound that is good enough, 0 for a proof.

    Returns
    -------
    ShareChoice
        `value` is the weight served; `served_by` the site that serves most of the point, -1 where none does.

    Raises
    ------
    InputError
        The matrix, weights, capacities, number or fixed sites are not usable.
    """
    raise NotImplementedError
