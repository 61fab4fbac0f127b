"""Tests of norms as data."""
