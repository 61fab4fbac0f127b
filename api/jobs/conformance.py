"""What the jobs conform to."""

_PART_1 = "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf"

CONFORMANCE: tuple[str, ...] = tuple(
    f"{_PART_1}/{name}" for name in ("core", "ogc-process-description", "json", "oas30", "job-list", "dismiss")
)
