"""Filters in CQL2: read (`expression`), evaluated on snapshots (`evaluate`), places and times apart."""
