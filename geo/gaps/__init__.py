"""Gaps: what a community, an estate or a building lacks by a standard, and for how many people."""
