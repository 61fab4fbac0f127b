"""Questions of cover made smaller without changing their answer.

Demand points that the same sites cover are one; where every site that covers one also covers another, the other is
covered for nothing; a site that covers only what a site no dearer covers too is not needed.
"""

# numba infers the types of these functions from the arrays they are called with, so they carry none:
# mypy: disable-error-code="no-untyped-def, untyped-decorator, no-untyped-call"

import numba
import numpy as np
import numpy.typing as npt
from scipy import sparse

from geo.siting.asked import Cover
from geo.siting.choice import Floats, Ints

Words = npt.NDArray[np.uint64]
"""Sets as rows of bits."""

CHUNK = 4_000
"""Rows unpacked at a time."""


def bits(cover: Cover) -> Words:
    """Return the rows of a cover as sets of bits."""
    rows, columns = cover.shape
    words = np.zeros((rows, columns // 64 + 1), dtype=np.uint64)
    for first in range(0, rows, CHUNK):
        dense = np.zeros((min(CHUNK, rows - first), words.shape[1] * 64), dtype=np.uint8)
        dense[:, :columns] = cover[first : first + CHUNK].toarray() > 0
        words[first : first + CHUNK] = np.packbits(dense, axis=1).view(np.uint64)
    return words


def merged(cover: Cover, weight: Floats) -> tuple[Cover, Floats]:
    """Return each different row once, in an order of its own, with the weight of all that are like it.

    Neither depends on the order of the rows given, to the last digit: weights are added in order of their size.
    """
    if not cover.shape[0]:
        return cover, weight
    words = bits(cover)
    _, first, group = np.unique(words.view(f"V{words.shape[1] * 8}").ravel(), return_index=True, return_inverse=True)
    order = np.lexsort([weight, group])
    start = np.concatenate([[0], np.cumsum(np.bincount(group))[:-1]])
    return cover[first], np.add.reduceat(weight[order], start)


def needed_sites(cover: Cover, cost: Floats, fixed: Ints) -> Ints:
    """Return the sites that a best choice can be made of: all but those that another, no dearer, makes useless.

    Sites that must stay are kept by their position only; of equal ones the first stays.
    """
    words = bits(sparse.csr_array(cover.T))
    size = np.bincount(cover.indices, minlength=cover.shape[1])
    order = np.lexsort([np.arange(len(cost)), cost, -size])
    useless = np.zeros(len(cost), dtype=bool)
    useless[order] = _inside_another(words[order], cost[order])
    useless[size == 0] = True
    useless[fixed] = False
    return np.flatnonzero(~useless)


def hard_rows(cover: Cover) -> Ints:
    """Return the rows that must be looked at when all are to be covered: none of them holds another."""
    words = bits(cover)
    size = np.diff(cover.indptr)
    order = np.lexsort([np.arange(len(size)), size])
    easy = np.zeros(len(size), dtype=bool)
    easy[order] = _holds_another(words[order])
    return np.flatnonzero(~easy)


def cover_core(cover: Cover, cost: Floats) -> tuple[Ints, Ints]:
    """Return the rows and sites to which covering everything comes down."""
    rows, sites = np.arange(cover.shape[0]), np.arange(cover.shape[1])
    while True:
        kept_rows = hard_rows(cover)
        rows, cover = rows[kept_rows], cover[kept_rows]
        kept_sites = needed_sites(cover, cost, np.zeros(0, dtype=np.int64))
        if len(kept_sites) == len(sites):
            return rows, sites
        sites, cost, cover = sites[kept_sites], cost[kept_sites], cover[:, kept_sites]


@numba.njit(cache=True, nogil=True)
def _inside_another(words, cost):  # noqa: ANN001, ANN202
    """Return which sets lie inside an earlier, larger or equal one that costs no more."""
    count, width = words.shape
    inside = np.zeros(count, dtype=np.bool_)
    for one in range(count):
        for other in range(one):
            if inside[other] or cost[other] > cost[one]:
                continue
            within = True
            for word in range(width):
                if words[one, word] & ~words[other, word]:
                    within = False
                    break
            if within:
                inside[one] = True
                break
    return inside


@numba.njit(cache=True, nogil=True)
def _holds_another(words):  # noqa: ANN001, ANN202
    """Return which sets hold an earlier, smaller or equal one."""
    count, width = words.shape
    holds = np.zeros(count, dtype=np.bool_)
    kept = np.empty(count, dtype=np.int64)
    number = 0
    for one in range(count):
        for place in range(number):
            other = kept[place]
            within = True
            for word in range(width):
                if words[other, word] & ~words[one, word]:
                    within = False
                    break
            if within:
                holds[one] = True
                break
        if not holds[one]:
            kept[number] = one
            number += 1
    return holds
