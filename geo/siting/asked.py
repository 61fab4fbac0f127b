"""What a siting model is asked, checked once: everything that is wrong with it is told together."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from scipy import sparse

from geo.errors import Fault, InputError
from geo.siting.choice import Floats, Ints

Cover: TypeAlias = sparse.csr_array
"""Demand points × sites, sorted, every stored entry 1."""


@dataclass
class Asked:
    """The parts of a question as they are read, and what is wrong with them."""

    faults: list[Fault] = field(default_factory=list)

    def cover(self, given: Any) -> Cover:  # noqa: ANN401 - any matrix of scipy or numpy
        """Return who can be served by which site; zeros and False are no cover."""
        try:
            cover = sparse.csr_array(given)
        except (TypeError, ValueError):
            cover = sparse.csr_array((0, 0))
        if cover.ndim != 2 or 0 in cover.shape:
            self._say(f"cover has shape {np.shape(given)}", "give a matrix demand × sites with at least one of each")
            return sparse.csr_array((1, 1))
        if cover.dtype.kind == "f" and np.isnan(cover.data).any():
            self._say("cover holds NaN", "say of every pair whether the site covers the demand point")
        cover = sparse.csr_array((cover.data != 0, cover.indices, cover.indptr), shape=cover.shape, dtype=np.float64)
        cover.sum_duplicates()
        cover.eliminate_zeros()
        cover.data[:] = 1.0
        return cover

    def costs(self, given: Any) -> Floats:  # noqa: ANN401
        """Return what it costs each demand point to reach each site; unreachable is inf."""
        cost = np.asarray(given, dtype=np.float64)
        if cost.ndim != 2 or 0 in cost.shape:
            self._say(f"cost has shape {cost.shape}", "give a matrix demand × sites with at least one of each")
            return np.zeros((1, 1))
        if np.isnan(cost).any() or (cost < 0).any():
            self._say("cost holds NaN or negative values", "give 0 or more for every pair, inf where there is no way")
            return np.zeros_like(cost)
        return cost

    def amounts(self, given: Any, size: int, name: str, *, positive: bool = False) -> Floats:  # noqa: ANN401
        """Return weights, capacities or costs: one finite number, 0 or more, for each row or site."""
        values = np.asarray(given, dtype=np.float64)
        if values.shape != (size,):
            self._say(f"{name} has shape {values.shape}, not ({size},)", f"give one {name} for each row")
            return np.ones(size)
        wrong = ~np.isfinite(values) | ((values <= 0) if positive else (values < 0))
        if wrong.any():
            self._say(
                f"{name} is negative, endless or unknown{', or 0' if positive else ''}",
                "leave out what is unknown, or say how much it is", np.flatnonzero(wrong),
            )  # fmt: skip
            return np.ones(size)
        return values

    def fixed(self, given: Sequence[int] | Ints, sites: int) -> Ints:
        """Return the sites that must stay, ascending, each once."""
        fixed = np.unique(np.asarray(given, dtype=np.int64)) if len(given) else np.zeros(0, dtype=np.int64)
        wrong = fixed[(fixed < 0) | (fixed >= sites)]
        if len(wrong):
            self._say(f"there are {sites} sites, numbered from 0", "name sites that exist as fixed", wrong)
            return np.zeros(0, dtype=np.int64)
        return fixed

    def count(self, p: int, sites: int, fixed: Ints) -> int:
        """Return how many sites there may be, the fixed ones included."""
        if p != int(p) or p < 1:
            self._say(f"p is {p}", "ask for at least one site")
        elif p < len(fixed):
            self._say(f"p is {p}, but {len(fixed)} sites must stay", "let p count the fixed sites too")
        return min(int(p), sites) if p >= 1 else 1

    def either(self, p: int | None, budget: float | None, cost: Any) -> None:  # noqa: ANN401
        """Ask for a number of sites or a budget, and for costs with the latter."""
        if p is None and budget is None:
            self._say("neither a number of sites nor a budget is given", "give p, or budget and cost")
        if budget is not None and cost is None:
            self._say("a budget is given, but not what sites cost", "give cost, one for each site")

    def limit(self, given: float, name: str) -> float:
        """Return a limit that is a number, 0 or more."""
        if not given >= 0:
            self._say(f"{name} is {given}", f"give {name} as a number, 0 or more")
        return float(given)

    def done(self) -> None:
        """Refuse when something is wrong.

        Raises
        ------
        InputError
            All faults together.
        """
        if self.faults:
            raise InputError(self.faults)

    def _say(self, what: str, remedy: str, where: Ints | None = None) -> None:
        ids = () if where is None else tuple(str(i) for i in where.tolist())
        self.faults.append(Fault(what, remedy, ids=ids))
