"""Tiles over HTTP: kept ones, their freshness, the short way in."""
