"""What a plan does, in tables and in the words of an official text."""

from geo.partition.actions.heirs import explain_heirs, with_heirs
from geo.partition.actions.tables import TERM_MEANINGS, PlanTables, explain_plan, transfer_matrix
from geo.partition.actions.transfers import UNASSIGNED

__all__ = [
    "TERM_MEANINGS",
    "UNASSIGNED",
    "PlanTables",
    "explain_heirs",
    "explain_plan",
    "transfer_matrix",
    "with_heirs",
]
