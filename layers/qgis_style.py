"""A layer of the catalogue as a QGIS style (QML), for QGIS 3.4 and later.

Every property is written twice, as an `Option` (QGIS 3.18 and later) and as a `prop` (earlier), the way QGIS itself did
in the versions between. Sizes are millimetres: a CSS pixel is 1/96 inch.
"""

from collections.abc import Mapping
from xml.etree import ElementTree as Xml

from layers.catalogue import Layer
from layers.styles import INK, Symbol
from layers.words import WORDS, Lang, word

MM_PER_PX = 25.4 / 96
FAINT = 0.5
"""Rows without the layer's `strong` flag are drawn this thin."""

_FONT = "Noto Sans CJK SC"
_TYPES = {"polygon": "fill", "line": "line", "point": "marker"}


def qml(layer: Layer, columns: list[str], lang: Lang) -> str:
    """Return the style of `layer` as QML text.

    Parameters
    ----------
    layer
        One entry of the catalogue.
    columns
        The columns of the written table: those with a word get it as their alias.
    lang
        Language of the legend and the aliases.
    """
    root = Xml.Element("qgis", {
        "version": "3.22.16", "styleCategories": "Symbology|Labeling|Fields|Forms",
        "labelsEnabled": "1" if layer.label else "0",
    })  # fmt: skip
    root.append(_renderer(layer, lang))
    if layer.label:
        root.append(_labeling(layer, lang))
    aliases = Xml.SubElement(root, "aliases")
    called = _aliases(layer, lang)
    for position, column in enumerate(columns):
        name = called.get(column) or (word(column, lang) if column in WORDS else "")
        if name:
            Xml.SubElement(aliases, "alias", {"index": str(position), "field": column, "name": name})
    Xml.indent(root)
    return (
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n" + Xml.tostring(root, encoding="unicode") + "\n"
    )


def _aliases(layer: Layer, lang: Lang) -> dict[str, str]:
    """Return what the layer's own columns are called; a text in two languages says in which."""
    called = {}
    for field in layer.fields:
        label = word(field.label, lang)
        called[field.column] = label
        if field.column_en:
            zh, en = ("（中文）", "（英文）") if lang == "zh" else (" (Chinese)", " (English)")
            called |= {field.column: label + zh, field.column_en: label + en}
    if "area_m2" in called:
        called["area_m2"] = "面积（平方米）" if lang == "zh" else "Area (m²)"
    if layer.table == "moves":  # the names stand beside the ids
        ids = "（编号）" if lang == "zh" else " (id)"
        for end in ("from", "to"):
            called |= {f"{end}_name": word(end, lang), f"{end}_id": word(end, lang) + ids}
    return called


def _renderer(layer: Layer, lang: Lang) -> Xml.Element:
    style = layer.style
    kind = {"single": "singleSymbol", "categories": "categorizedSymbol", "ranges": "graduatedSymbol"}[style.kind]
    renderer = Xml.Element("renderer-v2", {
        "type": kind, "symbollevels": "0", "enableorderby": "0", "forceraster": "0",
        **({"attr": style.column} if style.column else {}),
        **({"graduatedMethod": "GraduatedColor"} if style.kind == "ranges" else {}),
    })  # fmt: skip
    labels = [each.label_zh if lang == "zh" else each.label_en for each in style.classes]
    ruled = [
        each for each in style.classes if style.kind != "ranges" or each.lower is not None or each.upper is not None
    ]
    if style.kind != "single":
        many, one = ("categories", "category") if style.kind == "categories" else ("ranges", "range")
        parent = Xml.SubElement(renderer, many)
        for position, each in enumerate(ruled):
            common = {"symbol": str(position), "label": labels[position], "render": "true"}
            if one == "category":
                Xml.SubElement(parent, one, {**common, "value": each.value, "type": "string"})
            else:
                lower, upper = each.lower if each.lower is not None else 0.0, each.upper or 1e9
                Xml.SubElement(parent, one, {**common, "lower": f"{lower:.6f}", "upper": f"{upper:.6f}"})
    symbols = Xml.SubElement(renderer, "symbols")
    for position, each in enumerate(ruled):
        symbols.append(_symbol(layer, each.symbol, str(position)))
    return renderer


def _symbol(layer: Layer, symbol: Symbol, name: str) -> Xml.Element:
    kind = _TYPES[layer.geometry]
    element = Xml.Element("symbol", {"name": name, "type": kind, "alpha": "1", "clip_to_extent": "1", "force_rhr": "0"})
    if kind == "fill" and symbol.pattern == "hatch":
        element.append(_hatch(symbol, name))
        element.append(_part("SimpleLine", _line(symbol)))
    elif kind == "fill":
        element.append(_part("SimpleFill", {
            "color": _rgba(symbol.fill or "#FFFFFF", symbol.fill_opacity),
            "style": "no" if symbol.pattern == "none" or not symbol.fill else "solid",
            "outline_color": _rgba(symbol.stroke or INK, symbol.stroke_opacity),
            "outline_style": "solid" if symbol.stroke else "no", "outline_width": _mm(symbol.width),
            "outline_width_unit": "MM", "joinstyle": "round",
        }))  # fmt: skip
    elif kind == "line":
        element.append(_part("SimpleLine", _line(symbol), faint=layer.strong))
    else:
        element.append(_part("SimpleMarker", {
            "name": "circle", "color": _rgba(symbol.fill, symbol.fill_opacity), "size": _mm(2 * symbol.radius),
            "size_unit": "MM", "outline_color": _rgba(symbol.stroke or INK, 1.0), "outline_style": "solid",
            "outline_width": _mm(symbol.width), "outline_width_unit": "MM",
        }))  # fmt: skip
    return element


def _hatch(symbol: Symbol, name: str) -> Xml.Element:
    part = _part("LinePatternFill", {
        "angle": "45", "distance": "2.2", "distance_unit": "MM", "line_width": "0.4", "line_width_unit": "MM",
        "color": _rgba(symbol.fill, symbol.fill_opacity),
    })  # fmt: skip
    inner = Xml.SubElement(part, "symbol", {"name": f"@{name}@0", "type": "line", "alpha": "1", "clip_to_extent": "1",
                                            "force_rhr": "0"})  # fmt: skip
    inner.append(_part("SimpleLine", _line(Symbol(stroke=symbol.fill, width=1.5, stroke_opacity=symbol.fill_opacity))))
    return part


def _line(symbol: Symbol) -> dict[str, str]:
    return {
        "line_color": _rgba(symbol.stroke or INK, symbol.stroke_opacity), "line_width": _mm(symbol.width),
        "line_width_unit": "MM", "line_style": "solid", "capstyle": "flat" if symbol.dash else "round",
        "joinstyle": "round", "use_custom_dash": "1" if symbol.dash else "0",
        "customdash": ";".join(_mm(px) for px in symbol.dash) or "5;2", "customdash_unit": "MM",
    }  # fmt: skip


def _part(kind: str, properties: Mapping[str, str], *, faint: str = "") -> Xml.Element:
    """Return one symbol layer; with `faint`, lines are thinner where that flag is not set."""
    part = Xml.Element("layer", {"class": kind, "pass": "0", "enabled": "1", "locked": "0"})
    _option_map(part, properties)
    for key, value in properties.items():
        Xml.SubElement(part, "prop", {"k": key, "v": value})
    if faint:
        width = properties["line_width"]
        defined = Xml.SubElement(part, "data_defined_properties")
        outer = _option_map(defined, {"name": ""})
        inner = Xml.SubElement(outer, "Option", {"name": "properties", "type": "Map"})
        rule = Xml.SubElement(inner, "Option", {"name": "outlineWidth", "type": "Map"})
        expression = f'if("{faint}", {width}, {float(width) * FAINT:.3f})'
        for name, kind_of, value in (
            ("active", "bool", "true"),
            ("expression", "QString", expression),
            ("type", "int", "3"),
        ):
            Xml.SubElement(rule, "Option", {"name": name, "type": kind_of, "value": value})
        Xml.SubElement(outer, "Option", {"name": "type", "type": "QString", "value": "collection"})
    return part


def _option_map(parent: Xml.Element, properties: Mapping[str, str]) -> Xml.Element:
    options = Xml.SubElement(parent, "Option", {"type": "Map"})
    for key, value in properties.items():
        Xml.SubElement(options, "Option", {"name": key, "type": "QString", "value": value})
    return options


def _labeling(layer: Layer, lang: Lang) -> Xml.Element:
    """Return labels: the name, and the households below it where the table has them."""
    name = f'"{layer.label}"' if lang == "zh" else f'coalesce("{layer.label}_en", "{layer.label}")'
    unit = WORDS["unit.households"][0] if lang == "zh" else " hh"
    text = f"{name} || coalesce('\\n' || format_number(\"households\", 0) || '{unit}', '')" if layer.fields else name
    labeling = Xml.Element("labeling", {"type": "simple"})
    settings = Xml.SubElement(labeling, "settings", {"calloutType": "simple"})
    style = Xml.SubElement(settings, "text-style", {
        "fieldName": text, "isExpression": "1", "fontFamily": _FONT, "namedStyle": "Bold", "fontWeight": "75",
        "fontSize": "9", "fontSizeUnit": "Point", "textColor": _rgba(INK, 1.0), "textOpacity": "1",
        "multilineHeight": "1", "allowHtml": "0", "useSubstitutions": "0",
    })  # fmt: skip
    Xml.SubElement(style, "text-buffer", {
        "bufferDraw": "1", "bufferSize": "0.9", "bufferSizeUnits": "MM", "bufferColor": "255,255,255,255",
        "bufferOpacity": "0.9", "bufferNoFill": "1", "bufferJoinStyle": "128",
    })  # fmt: skip
    Xml.SubElement(settings, "text-format", {"multilineAlign": "1", "wrapChar": "", "formatNumbers": "0"})
    Xml.SubElement(settings, "placement", {
        "placement": "1", "centroidInside": "1", "centroidWhole": "0", "polygonPlacementFlags": "2", "priority": "8",
    })  # fmt: skip
    Xml.SubElement(
        settings, "rendering", {"obstacle": "0", "drawLabels": "1", "displayAll": "0", "fontLimitPixelSize": "0"}
    )
    return labeling


def _rgba(colour: str, opacity: float) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"{red},{green},{blue},{round(255 * opacity)}"


def _mm(pixels: float) -> str:
    return f"{pixels * MM_PER_PX:.3f}"
