"""Lifts in existing housing: consent under article 278 of the Civil Code, feasibility, cost shares by floor."""

from geo.lifts.consent import Consents, Missing, count_consent

__all__ = ["Consents", "Missing", "count_consent"]
