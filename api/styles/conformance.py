"""What styles conform to."""

CONFORMANCE: tuple[str, ...] = (
    "http://www.opengis.net/spec/ogcapi-styles-1/0.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-styles-1/0.0/conf/mapbox-style",
)
"""OGC API Styles is a draft (20-009): styles of a study as Mapbox or MapLibre style documents, with their metadata."""
