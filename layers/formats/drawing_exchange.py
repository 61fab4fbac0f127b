"""DXF for AutoCAD and the like: metres of the study, a CAD layer for each class of the legend, names as text."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.errors import Fault, InputError
from layers.catalogue import Layer
from layers.styles import INK, ROAD_CASING, Symbol
from layers.words import Lang, is_missing

FONT = "simsun.ttf"
"""Named in the text style; programs without it take another that has Chinese."""
TEXT_M = 12.0
"""Height of names on the ground [m]: 2.4 mm at 1:5000."""
_FORBIDDEN = str.maketrans(dict.fromkeys('<>/\\":;?*|=`,', "_"))


def write_dxf(
    frame: gpd.GeoDataFrame, path: Path, *, styles: tuple[Layer, ...] = (), lang: Lang = "zh"
) -> tuple[tuple[str, str], ...]:
    """Write a table as a DXF drawing (R2018, UTF-8) in the units of its metric CRS.

    Parameters
    ----------
    frame
        In a metric CRS.
    path
    styles
        The first of the catalogue's entries that draws it gives the CAD layers (one a class), colours and names.
    lang
        Of the CAD layers' names.

    Returns
    -------
    tuple of (str, str)
        What a drawing cannot hold: attributes other than id and name.

    Raises
    ------
    InputError
        When the table is in degrees: a drawing has no CRS, so its numbers must be metres.
    """
    from ezdxf import units  # noqa: PLC0415 - only who writes drawings loads it
    from ezdxf.colors import RGB  # noqa: PLC0415 - as above
    from ezdxf.filemanagement import new  # noqa: PLC0415 - as above

    if frame.crs is None or not frame.crs.is_projected:
        raise InputError(
            Fault("a drawing is in metres, and this table is in degrees", "leave crs out, or name a metric one")
        )
    drawing = new("R2018", setup=True, units=units.M)
    drawing.header["$INSUNITS"] = units.M
    drawing.styles.add("SHEQU", font=FONT)
    drawing.appids.add("SHEQU")
    space = drawing.modelspace()
    layer = styles[0] if styles else None
    classes = layer.style.classes if layer else ()
    base = (layer.title_in(lang) if layer else str(frame.index.name or "0")).translate(_FORBIDDEN)
    named: list[str] = []
    for each in classes or (None,):
        label = f"{base}-{each.label_en if lang == 'en' else each.label_zh}" if each and len(classes) > 1 else base
        name = label.translate(_FORBIDDEN)[:255]
        colour = _colour(each.symbol) if each else INK
        if name not in drawing.layers:
            added = drawing.layers.add(name)
            added.rgb = RGB.from_hex(colour)
        named.append(name)
    if layer and layer.style.column in frame.columns:
        kinds = [layer.style.class_of(value) for value in frame[layer.style.column]]
    else:
        kinds = [0] * len(frame)
    labels = frame["name"] if "name" in frame.columns else [None] * len(frame)
    for key, shape, kind, label in zip(frame.index, frame.geometry, kinds, labels, strict=True):
        there = {"layer": named[kind]}
        for entity in _drawn(space, shape, there):
            entity.set_xdata("SHEQU", [(1000, str(key)[:255])])
        if not is_missing(label) and shape is not None and not shape.is_empty:
            at = shape.representative_point()
            text = space.add_text(str(label), height=TEXT_M, dxfattribs={**there, "style": "SHEQU"})
            text.set_placement((at.x, at.y))
    drawing.saveas(path, encoding="utf-8")
    return (("图形只带编号和名称（扩展数据SHEQU），其他属性请用gpkg。",
             "Entities carry id and name only (extended data SHEQU); take gpkg for the other columns."),)  # fmt: skip


def _colour(symbol: Symbol) -> str:
    """Return the colour of a class in lines: white ones would be lost on white paper."""
    seen = [each for each in (symbol.stroke, symbol.fill) if each and each.upper() != "#FFFFFF"]
    return seen[0] if seen else ROAD_CASING


def _drawn(space: Any, shape: BaseGeometry | None, there: dict[str, str]) -> Iterable[Any]:  # noqa: ANN401 - ezdxf's
    """Yield the entities that draw a shape: points, open lines, closed rings."""
    if shape is None:
        return
    for part in shapely.get_parts(shape):
        if part.geom_type == "Point":
            yield space.add_point((part.x, part.y), dxfattribs=there)
        elif part.geom_type == "Polygon":
            for ring in (part.exterior, *part.interiors):
                points = np.asarray(ring.coords)[:-1, :2]
                yield space.add_lwpolyline(points.tolist(), close=True, dxfattribs=there)
        else:
            yield space.add_lwpolyline(np.asarray(part.coords)[:, :2].tolist(), dxfattribs=there)
