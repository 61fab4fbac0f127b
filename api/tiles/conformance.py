"""The classes that the tiles keep: OGC API – Tiles – Part 1 (20-057), and of tile matrix sets 2.0 (17-083r4)."""

_TILES = "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/"
_SETS = "http://www.opengis.net/spec/tms/2.0/conf/"

CONFORMANCE: tuple[str, ...] = (
    *(
        _TILES + name
        for name in ("core", "tileset", "tilesets-list", "dataset-tilesets", "geodata-tilesets",
                     "collections-selection", "mvt", "oas30")
    ),
    *(_SETS + name for name in ("tilematrixset", "json-tilematrixset", "tilesetmetadata", "json-tilesetmetadata")),
)  # fmt: skip
