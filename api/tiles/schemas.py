"""Shapes of what describes tiles, as they stand in the OpenAPI document."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from api.schemas import Link


class _Open(BaseModel):
    model_config = ConfigDict(extra="allow")


class MatrixSetEntry(_Open):
    """One tile matrix set in the list."""

    id: str
    title: str
    links: list[Link]


class MatrixSets(_Open):
    """The tile matrix sets."""

    tileMatrixSets: list[MatrixSetEntry]  # noqa: N815 - the standard's name


class MatrixSet(_Open):
    """The definition of a tile matrix set (OGC 17-083r4)."""

    id: str
    title: str
    crs: str
    tileMatrices: list[dict[str, Any]]  # noqa: N815 - as above


class TilesetEntry(_Open):
    """One tileset in the list."""

    title: str
    dataType: str  # noqa: N815 - as above
    crs: str
    links: list[Link]


class Tilesets(_Open):
    """The tilesets of a study or a collection."""

    tilesets: list[TilesetEntry]
    links: list[Link]


class Tileset(_Open):
    """The metadata of a tileset (OGC 17-083r4); with f=tilejson a TileJSON document instead."""
