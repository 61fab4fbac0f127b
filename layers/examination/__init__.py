"""An examination on the map, in Excel, in Word and in QGIS."""

from layers.examination.document import write_examination_docx
from layers.examination.geopackage import write_examination_gpkg
from layers.examination.page import examination_map
from layers.examination.workbook import write_examination_xlsx

__all__ = ["examination_map", "write_examination_docx", "write_examination_gpkg", "write_examination_xlsx"]
