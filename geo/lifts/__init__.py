"""Lifts in existing housing: consent under article 278 of the Civil Code, feasibility, cost shares by floor."""

from geo.lifts.consent import Consents, Counting, Scope, count_consent
from geo.lifts.feasibility import Screen, screen_buildings
from geo.lifts.ledger import Ledger, read_building_facts, read_ledger
from geo.lifts.shares import Basis, Shares, read_coefficients, share_cost

__all__ = [
    "Basis", "Consents", "Counting", "Ledger", "Scope", "Screen", "Shares", "count_consent", "read_building_facts",
    "read_coefficients", "read_ledger", "screen_buildings", "share_cost",
]  # fmt: skip
