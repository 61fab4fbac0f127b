"""Renovation programmes: measures for findings, chosen and phased under budgets, safety first."""

from geo.programme.choose import make_programme
from geo.programme.compare import Comparison, compare
from geo.programme.costs import CostsRead, read_cost_sheet, write_cost_sheet
from geo.programme.curve import Curve, marginal_curve
from geo.programme.measures import measures
from geo.programme.options import NeedWeights, ProgrammeOptions
from geo.programme.programme import Programme, summarise
from geo.programme.quantities import QuantityOptions, building_quantities

__all__ = [
    "Comparison", "CostsRead", "Curve", "NeedWeights", "Programme", "ProgrammeOptions", "QuantityOptions",
    "building_quantities", "compare", "make_programme", "marginal_curve", "measures", "read_cost_sheet", "summarise",
    "write_cost_sheet",
]  # fmt: skip
