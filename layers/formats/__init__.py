"""One table as a file of any of the formats that offices use."""

from layers.formats.formats import FORMATS, Format, Written, write_table

__all__ = ["FORMATS", "Format", "Written", "write_table"]
