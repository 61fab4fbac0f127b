"""Contiguous parts proven to be the best there are, or to be as good as a bound says."""

from geo.partition.exact.optimum import MOST_ATOMS, best_partitions, solve_exactly
from geo.partition.exact.pairs import improve_pairs

__all__ = ["MOST_ATOMS", "best_partitions", "improve_pairs", "solve_exactly"]
