"""The conformance classes of OGC API Features, Parts 1 to 3, and of CQL2 that collections keep."""

_FEATURES_1 = "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/"
_FEATURES_2 = "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/"
_FEATURES_3 = "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/"
_CQL2 = "http://www.opengis.net/spec/cql2/1.0/conf/"

CONFORMANCE: tuple[str, ...] = (
    *(_FEATURES_1 + name for name in ("core", "oas30", "html", "geojson")),
    _FEATURES_2 + "crs",
    *(_FEATURES_3 + name for name in ("queryables", "queryables-query-parameters", "filter", "features-filter")),
    *(
        _CQL2 + name
        for name in (
            "cql2-text", "cql2-json", "basic-cql2", "advanced-comparison-operators", "case-insensitive-comparison",
            "accent-insensitive-comparison", "basic-spatial-functions", "basic-spatial-functions-plus",
            "spatial-functions", "temporal-functions", "property-property", "arithmetic",
        )
    ),
)  # fmt: skip
