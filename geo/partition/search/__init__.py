"""Contiguous parts of a weighted graph, found by annealing: nothing here knows about towns."""

from geo.partition.search.annealing import partition_graph
from geo.partition.search.problem import Linear, Problem, Result, Small, make_problem, measure, pieces_of
from geo.partition.search.seeding import PinsApartError

__all__ = [
    "Linear",
    "PinsApartError",
    "Problem",
    "Result",
    "Small",
    "make_problem",
    "measure",
    "partition_graph",
    "pieces_of",
]
