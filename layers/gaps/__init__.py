"""Gaps of facilities on the map, in Excel, in Word and in QGIS."""

from layers.gaps.document import write_gaps_docx
from layers.gaps.geopackage import write_gaps_gpkg
from layers.gaps.page import gaps_map
from layers.gaps.workbook import write_gaps_xlsx

__all__ = ["gaps_map", "write_gaps_docx", "write_gaps_gpkg", "write_gaps_xlsx"]
