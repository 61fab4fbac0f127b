"""Dwellings, households and people onto buildings and blocks, every number with its source.

What is known is used in the order of its trust: counts per building; totals of blocks, estates, census areas and
communities, shared out by residential floor area; the population raster; at last an estimate from floor area. Totals
are kept to the last household by largest remainder. `docs/households.md` tells the method with an example.

From bottom to top: `options` (what is assumed, and where it comes from), `remainder` (whole numbers in proportion),
`report` (the sentences), `zones` (areas with totals laid on the blocks), `buildings` (where each lies, its floor area),
`town` (homes and land in one row), `sharing` (the order of trust), `account` (tables out, checks, summary), `place`
(the function that everybody calls).
"""

from geo.households.options import SOURCES, HouseholdOptions
from geo.households.place import Placement, place_households

__all__ = ["SOURCES", "HouseholdOptions", "Placement", "place_households"]
