"""Sites of facilities on the map, in Excel, in Word and in QGIS."""

from layers.siting.document import write_siting_docx
from layers.siting.geopackage import write_siting_gpkg
from layers.siting.page import siting_map
from layers.siting.workbook import write_siting_xlsx

__all__ = ["siting_map", "write_siting_docx", "write_siting_gpkg", "write_siting_xlsx"]
