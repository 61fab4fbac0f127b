"""A plan on paper: the workbook and the document."""

from layers.document import write_plan_docx
from layers.workbook import write_alternatives_xlsx, write_plan_xlsx

__all__ = ["write_alternatives_xlsx", "write_plan_docx", "write_plan_xlsx"]
