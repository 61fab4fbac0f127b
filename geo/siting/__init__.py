"""Siting: where one more facility helps most."""
