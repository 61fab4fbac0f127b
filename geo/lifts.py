"""Lifts in existing housing: consent under article 278 of the Civil Code, feasibility, cost shares by floor."""
