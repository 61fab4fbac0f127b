"""Siting: where one more facility helps most, what premises should take, and what a site set by hand would give."""

from geo.siting.candidates import CandidateOptions, candidate_sites
from geo.siting.choice import Choice
from geo.siting.options import EXAMPLE_COSTS, FittingCosts, PlacingOptions
from geo.siting.placing import place, placing_of
from geo.siting.result import MODELS, REASONS, Placed, Sited, WhatIf
from geo.siting.site import requirement_of, site, sites_of
from geo.siting.what_if import what_if, what_if_of

__all__ = [
    "EXAMPLE_COSTS", "MODELS", "REASONS", "CandidateOptions", "Choice", "FittingCosts", "Placed", "PlacingOptions",
    "Sited", "WhatIf", "candidate_sites", "place", "placing_of", "requirement_of", "site", "sites_of", "what_if",
    "what_if_of",
]  # fmt: skip
