"""Norms as data: named, cited editions in TOML files, read into frozen models."""

from geo.standards.profiles import Profile, list_profiles, load_profile

__all__ = ["Profile", "list_profiles", "load_profile"]
