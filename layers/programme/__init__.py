"""A renovation programme on the map, in Excel, in Word and in QGIS."""

from layers.programme.document import write_programme_docx
from layers.programme.geopackage import write_programme_gpkg
from layers.programme.page import programme_map
from layers.programme.workbook import write_programme_xlsx

__all__ = ["programme_map", "write_programme_docx", "write_programme_gpkg", "write_programme_xlsx"]
