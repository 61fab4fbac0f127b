"""What a planner does in QGIS with a served study; run by the Python that QGIS belongs to, tells what it saw as JSON.

/usr/bin/python3 qgis_session.py STUDY_ADDRESS STUDY_FILE FOLDER LAYER…
"""

import json
import os
import sys

from qgis.core import (
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsFeatureRequest,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsVectorLayer,
    QgsVectorTileLayer,
)
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor

study, file, folder, *names = sys.argv[1:]
app = QgsApplication([], True)
app.initQgis()
told = {}
kept = []


def open_features(name, more=""):
    """Open a collection of the study, seven features a page."""
    layer = QgsVectorLayer(f"url='{study}' typename='{name}' pageSize='7' {more}", name, "OAPIF")
    assert layer.isValid(), name
    kept.append(layer)
    return layer


def draw(layers, name):
    """Draw layers as on the canvas, over the town; return how many colours there are."""
    settings = QgsMapSettings()
    settings.setLayers(layers)
    settings.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:3857"))
    there = QgsCoordinateTransform(
        QgsCoordinateReferenceSystem("EPSG:4326"), settings.destinationCrs(), QgsProject.instance()
    )
    settings.setExtent(there.transformBoundingBox(QgsRectangle(119.9995, 30.1785, 120.0090, 30.1870)))
    settings.setOutputSize(QSize(900, 900))
    settings.setBackgroundColor(QColor("white"))
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    picture = job.renderedImage()
    picture.save(os.path.join(folder, name))
    colours = {}
    for x in range(0, 900, 3):
        for y in range(0, 900, 3):
            colour = QColor(picture.pixel(x, y)).name()
            colours[colour] = colours.get(colour, 0) + 1
    return colours


# every collection, over the API
told["layers"] = {}
for name in names:
    layer = open_features(name)
    found = list(layer.getFeatures())
    told["layers"][name] = {
        "counted": layer.featureCount(), "read": len({each["id"] for each in found}),
        "fields": [each.name() for each in layer.fields()], "crs": layer.crs().authid(),
        "invalid": sum(not each.geometry().isGeosValid() for each in found if each.hasGeometry()),
    }  # fmt: skip

# a filter, as in the layer's properties; an expression; what the canvas shows
layer = open_features("buildings")
assert layer.setSubsetString("floors > 5 AND use = 'residential'")
told["filtered"] = sorted(each["id"] for each in layer.getFeatures())
layer = open_features("buildings")
asked = QgsFeatureRequest().setFilterExpression('"floors" > 5 and "use" = \'residential\'')
told["expression"] = sorted(each["id"] for each in layer.getFeatures(asked))
asked = QgsFeatureRequest().setFilterRect(QgsRectangle(120.0, 30.179, 120.0040, 30.1830))
told["box"] = sorted(each["id"] for each in layer.getFeatures(asked))

# vector tiles with the style of the server, raster tiles
tiles = f"{study}/tiles/WebMercatorQuad/%7Bz%7D/%7By%7D/%7Bx%7D"
collections = "study_area,buildings,roads,plan.p1.communities"
style = f"{study}/styles/default?one_source%3Dtrue%26lang%3Dzh"
layer = QgsVectorTileLayer(f"styleUrl={style}&type=xyz&url={tiles}?collections%3D{collections}&zmin=0&zmax=16", "tiles")
assert layer.isValid()
told["style"] = layer.loadDefaultStyle()
told["styled"] = sorted({each.layerName() for each in layer.renderer().styles()})
told["labelled"] = sorted({each.layerName() for each in layer.labeling().styles()})
told["tiles"] = draw([layer], "tiles.png")
kept.append(layer)
layer = QgsRasterLayer(
    f"type=xyz&url={study}/rasters/dem/tiles/WebMercatorQuad/%7Bz%7D/%7By%7D/%7Bx%7D.png&zmax=18", "dem", "wms"
)
assert layer.isValid()
told["raster"] = draw([layer], "raster.png")
kept.append(layer)

# the study file itself, while it is served: read, then edited
layer = QgsVectorLayer(f"{file}|layername=buildings", "buildings", "ogr")
assert layer.isValid()
told["file"] = layer.featureCount()
house = next(layer.getFeatures(QgsFeatureRequest().setFilterExpression("\"building_id\" = 'JZ003'")))
assert layer.startEditing()
assert layer.changeAttributeValue(house.id(), layer.fields().indexOf("name"), "在 QGIS 中改名")
told["committed"] = layer.commitChanges()
told["errors"] = layer.commitErrors()
sys.stdout.write(json.dumps(told) + "\n")
sys.stdout.flush()
os._exit(0)  # QGIS 3.22 is at odds with Python over who deletes layers at the end
