"""Renovation programmes: measures for findings, chosen and phased under budgets, safety first."""
