"""The classes of OGC API – Tiles – Part 1 (20-057) that are served."""

_TILES = "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/"

CONFORMANCE: tuple[str, ...] = tuple(
    _TILES + name
    for name in ("core", "tileset", "tilesets-list", "dataset-tilesets", "geodata-tilesets", "mvt", "tilejson", "oas30")
)
