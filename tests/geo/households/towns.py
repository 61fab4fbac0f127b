"""Makers of small towns: tables from shapes, totals of areas, rasters."""

import geopandas as gpd
import numpy as np
from affine import Affine
from pyproj import CRS
from shapely import box

from geo.households import HouseholdOptions
from geo.raster import Raster

CRS_M = CRS.from_epsg(4549)
NO_OPTIONS = HouseholdOptions()
SILENT = HouseholdOptions(estimate=False)


def table(shapes, **columns):
    """A table from {id: shape} and columns in the order of the shapes."""
    return gpd.GeoDataFrame(columns, index=list(shapes), geometry=list(shapes.values()), crs=CRS_M)


def square(x, y, side=10.0):
    return box(x, y, x + side, y + side)


def villages(households, people=(None,), shapes=None, kind="village"):
    shapes = shapes or {"v1": box(0, 0, 200, 100)}
    return table(shapes, kind=[kind] * len(shapes), households=list(households), people=list(people))


def zones(shapes, households, people=None):
    return table(shapes, households=households, people=people or [None] * len(shapes))


def flat_raster(people_per_cell, *, cell=50.0, columns=4, rows=2):
    values = np.full((rows, columns), people_per_cell, dtype="float32")
    return Raster(values, Affine(cell, 0, 0, 0, -cell, rows * cell), CRS_M)


def codes(placement):
    return [repair.code for repair in placement.repairs]
