"""Shapes of the answers about styles, as they stand in the OpenAPI document."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from api.schemas import Link


class _Open(BaseModel):
    model_config = ConfigDict(extra="allow")


class Text(BaseModel):
    """A text in both languages."""

    zh: str
    en: str


class LayerTree(_Open):
    """Every layer of a study; docs/map_styles.md tells each member."""

    study: dict[str, Any]
    tx: int
    bounds: list[float] | None
    sprite: str
    glyphs: str
    words: dict[str, Text]
    results: list[dict[str, Any]]
    sources: dict[str, dict[str, Any]]
    sections: list[dict[str, Any]]
    layers: dict[str, dict[str, Any]]
    order: list[str]


class StyleEntry(_Open):
    """One style in the list."""

    id: str
    title: str
    links: list[Link]


class StyleList(_Open):
    """The styles of a study."""

    default: str
    styles: list[StyleEntry]
    links: list[Link]


class StyleMetadata(_Open):
    """What a style is for."""

    id: str
    title: str
    stylesheets: list[dict[str, Any]]
    layers: list[dict[str, Any]]
    links: list[Link]


class StyleDocument(_Open):
    """A style document (MapLibre style specification)."""

    version: int
    name: str
    sources: dict[str, dict[str, Any]]
    layers: list[dict[str, Any]]


class FeaturePoints(_Open):
    """GeoJSON."""

    type: str
    features: list[dict[str, Any]]


class SpriteIndex(BaseModel):
    """Where each image lies in the sheet."""

    model_config = ConfigDict(extra="allow")


class RasterEntry(_Open):
    """One raster: its classes, unit and where its tiles are."""

    id: str
    title: str
    unit: str
    bounds: list[float]
    legend: list[dict[str, Any]]
    links: list[Link]


class RasterList(_Open):
    """The rasters of a study."""

    rasters: list[RasterEntry]
    links: list[Link]


class TileJson(_Open):
    """Where tiles are (TileJSON 3.0)."""

    tilejson: str
    tiles: list[str]
    minzoom: int
    maxzoom: int


class RasterValue(_Open):
    """The value of a raster at a position."""

    lon: float
    lat: float
    value: float | None
    unit: str
    label: str
