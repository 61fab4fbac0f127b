"""Every conformance class that the API keeps: each package declares its own, here they stand together."""

from api.editing import conformance as editing
from api.features import conformance as features
from api.jobs import conformance as jobs
from api.styles import conformance as styles
from api.tiles import conformance as tiles

COMMON: tuple[str, ...] = (
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/landing-page",
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/html",
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/json",
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/oas30",
    "http://www.opengis.net/spec/ogcapi-common-2/1.0/conf/collections",
)

CONFORMANCE: tuple[str, ...] = tuple(dict.fromkeys((
    *COMMON, *features.CONFORMANCE, *editing.CONFORMANCE, *tiles.CONFORMANCE, *styles.CONFORMANCE, *jobs.CONFORMANCE,
)))  # fmt: skip
