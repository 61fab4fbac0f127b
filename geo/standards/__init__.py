"""Norms as data: named, cited editions in TOML files, read into frozen models."""

from geo.standards.costs import Costs, UnitCost, list_costs, load_costs
from geo.standards.facilities import (
    GROUPS,
    LEVELS,
    Complex,
    FacilityStandard,
    Requirement,
    list_facility_standards,
    load_facility_standard,
    plain_category,
)  # fmt: skip
from geo.standards.farmhouse_rules import (
    Condition,
    FarmHouseRules,
    HouseRule,
    list_farm_house_rules,
    load_farm_house_rules,
)  # fmt: skip
from geo.standards.indicators import (
    Catalogue,
    Code,
    Indicator,
    Item,
    Steps,
    Threshold,
    list_catalogues,
    load_catalogue,
)  # fmt: skip
from geo.standards.menu import Measure, Menu, Shares, list_menus, load_menu
from geo.standards.profiles import Profile, list_profiles, load_profile
from geo.standards.rules import SITE_TESTS, SiteRule, SiteRules, list_site_rules, load_site_rules

__all__ = [
    "GROUPS", "LEVELS", "SITE_TESTS", "Catalogue", "Code", "Complex", "Condition", "Costs", "FacilityStandard",
    "FarmHouseRules", "HouseRule", "Indicator", "Item", "Measure", "Menu", "Profile", "Requirement", "Shares",
    "SiteRule", "SiteRules", "Steps", "Threshold", "UnitCost", "list_catalogues", "list_costs",
    "list_facility_standards", "list_farm_house_rules", "list_menus", "list_profiles", "list_site_rules",
    "load_catalogue", "load_costs", "load_facility_standard", "load_farm_house_rules", "load_menu", "load_profile",
    "load_site_rules", "plain_category",
]  # fmt: skip
