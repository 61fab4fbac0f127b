"""Norms as data: named, cited editions in TOML files, read into frozen models."""

from geo.standards.indicators import Catalogue, Code, Indicator, Item, Steps, Threshold, list_catalogues, load_catalogue
from geo.standards.profiles import Profile, list_profiles, load_profile

__all__ = [
    "Catalogue", "Code", "Indicator", "Item", "Profile", "Steps", "Threshold", "list_catalogues", "list_profiles",
    "load_catalogue", "load_profile",
]  # fmt: skip
