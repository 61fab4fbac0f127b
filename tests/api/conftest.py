"""Fixtures of the whole API: a database of our own."""

from tests.api.postgis import cluster, database

__all__ = ["cluster", "database"]
