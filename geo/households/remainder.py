"""Whole numbers in proportion, by largest remainder, so that totals are kept to the last household."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Words = NDArray[np.object_]


def rounded(values: Floats) -> Floats:
    """Return whole numbers, halves upward."""
    return np.floor(values + 0.5)


def sums(values: NDArray[np.generic], group: Ints, n: int) -> Floats:
    """Return the sums of `values` in groups 0 to n - 1; group -1 is left out."""
    inside = group >= 0
    return np.bincount(group[inside], np.asarray(values, dtype="float64")[inside], minlength=n).astype("float64")


def apportion(totals: Floats, group: Ints, weight: Floats) -> Floats:
    """Return whole shares of each group's total in proportion to `weight`, by largest remainder; ties to the first."""
    weights = sums(weight, group, len(totals))
    fair = np.divide(totals[group] * weight, weights[group], out=np.zeros(len(group)), where=weights[group] > 0)
    whole = np.floor(fair + 1e-9)
    remainder = np.round(fair - whole, 6)  # equal floor areas must tie although their coordinates differ
    left = np.where(weights > 0, totals - sums(whole, group, len(totals)), 0)
    order = np.lexsort((np.arange(len(group)), weight <= 0, -remainder, group))
    in_order = group[order]
    place = np.arange(len(group)) - np.searchsorted(in_order, in_order)
    whole[order[place < left[in_order]]] += 1
    return whole


def spread(expected: Floats, block: Ints) -> Floats:
    """Return whole numbers for fractional expectations: right overall, then within one per block, then per atom."""
    blocks, within = np.unique(block, return_inverse=True)
    hoped = sums(expected, within, len(blocks))
    overall = rounded(np.array([hoped.sum()]))
    return apportion(apportion(overall, np.zeros(len(blocks), dtype=np.int64), hoped), within, expected)
