"""Pick and require a metric coordinate system: CGCS2000 zones in China, UTM elsewhere. Longitude always comes first."""

import math
import re
from collections.abc import Sequence

import geopandas as gpd
import numpy as np
from pyproj import CRS, Proj, Transformer
from pyproj.exceptions import CRSError, ProjError

from geo.errors import Fault, InputError

CHINA_LONLAT = (73.4, 3.4, 135.1, 53.6)
"""West, south, east, north [degrees] of the range in which CGCS2000 zones are chosen. Neighbours that fall into the
rectangle get a CGCS2000 zone too: it is a transverse Mercator like theirs, on a datum within centimetres of WGS 84."""

STRETCH_ALLOWED = 0.01
"""Share by which one metre on the map may differ from one metre on the ground. UTM and 3-degree zones stay below 0.1 %
inside their zone and below 0.5 % one zone away; Web Mercator is off by 18 % at 32 degrees north."""

_WRITTEN_CRS = re.compile(r"\s*(\d{4,6}\s*$|[A-Za-z]+:\w+\s*$|\+proj=|\w+\[|\{)")
"""How a CRS may be written: 4549, EPSG:4549, a PROJ string, WKT, PROJJSON."""


def pick_metric_crs(bounds: Sequence[float]) -> CRS:
    """Return the metric CRS in which a town at these bounds is measured.

    Within China it is the CGCS2000 3-degree Gauss-Kruger zone without zone prefix (EPSG:4534 to 4554, eastings of six
    digits), elsewhere the WGS 84 UTM zone.

    Parameters
    ----------
    bounds
        West, south, east, north [degrees of longitude and latitude].

    Raises
    ------
    InputError
        When the bounds are not degrees, or lie at a pole, where neither system reaches.

    Notes
    -----
    EPSG code = 4534 + round(lon / 3) - 25 for the 3-degree zones, lon being the middle of the bounds.

    Examples
    --------
    >>> pick_metric_crs((118.76, 32.03, 118.80, 32.05)).to_epsg()  # Nanjing, central meridian 120 E
    4549
    >>> pick_metric_crs((7.40, 43.72, 7.45, 43.75)).to_epsg()  # Monaco
    32632
    """
    west, south, east, north = (float(value) for value in bounds)
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise InputError(
            Fault(
                f"the bounds {west:g}, {south:g}, {east:g}, {north:g} are not longitudes and latitudes",
                "give west, south, east, north in degrees",
            )
        )
    lon, lat = (west + east) / 2, (south + north) / 2
    if CHINA_LONLAT[0] <= lon <= CHINA_LONLAT[2] and CHINA_LONLAT[1] <= lat <= CHINA_LONLAT[3]:
        zone = min(max(math.floor(lon / 3 + 0.5), 25), 45)
        return CRS.from_epsg(4534 + zone - 25)
    if not -80 <= lat <= 84:
        raise InputError(
            Fault(
                f"latitude {lat:g} lies beyond the UTM zones",
                "name a metric coordinate system of the region (--crs EPSG:…)",
            )
        )
    zone = min(math.floor((lon + 180) / 6) + 1, 60)
    return CRS.from_epsg((32600 if lat >= 0 else 32700) + zone)


def parse_crs(text: str, *, where: str) -> CRS:
    """Return the CRS a user wrote (`EPSG:4549`, a WKT or PROJ string); `where` says where it was written.

    Raises
    ------
    InputError
        When there is no such coordinate system.
    """
    refused = InputError(
        Fault(
            f"{where} is {text!r}, which is no coordinate reference system",
            "write an EPSG code, e.g. EPSG:4549 (CGCS2000, 120 degrees east) or EPSG:4326 (longitude, latitude)",
        )
    )
    if not _WRITTEN_CRS.match(text):  # PROJ would take any word for part of a name, and Beijing for Beijing 1954
        raise refused
    try:
        return CRS.from_user_input(text.strip())
    except CRSError as error:
        raise refused from error


def is_metric(crs: CRS | None) -> bool:
    """Return whether the CRS is projected and both its axes are in metres."""
    return crs is not None and crs.is_projected and all(axis.unit_name in ("metre", "meter") for axis in crs.axis_info)


def stretch(crs: CRS, bounds: Sequence[float]) -> float:
    """Return by which share a metre of this CRS differs from a metre on the ground, at the middle of `bounds` [m].

    Infinite where the CRS cannot say (coordinates far outside its reach).
    """
    x, y = (float(bounds[0]) + float(bounds[2])) / 2, (float(bounds[1]) + float(bounds[3])) / 2
    try:
        lon, lat = Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True).transform(x, y)
        factors = Proj(crs).get_factors(lon, lat)
    except ProjError:
        return math.inf
    scales = np.array([factors.meridional_scale, factors.parallel_scale], dtype=float)
    return float(np.abs(scales - 1).max()) if np.isfinite(scales).all() else math.inf


def bounds_in(bounds: Sequence[float], crs: CRS | str, target: CRS | str) -> tuple[float, float, float, float]:
    """Return bounds in another system: left, bottom, right, top around all that lay within, edges bend and all.

    Longitude or easting come first in both. What cannot be said in the target is infinite.

    Raises
    ------
    ProjError
        When there is no way between the two.

    Examples
    --------
    >>> [round(each, 3) for each in bounds_in((500_000, 3_340_000, 500_800, 3_340_800), "EPSG:4549", "OGC:CRS84")]
    [120.0, 30.179, 120.008, 30.187]
    """
    low_x, low_y, high_x, high_y = (float(each) for each in bounds)
    made = Transformer.from_crs(crs, target, always_xy=True).transform_bounds(low_x, low_y, high_x, high_y)
    return float(made[0]), float(made[1]), float(made[2]), float(made[3])


def require_metric(frame: gpd.GeoDataFrame, table: str) -> None:
    """Refuse a table that is not in metres.

    Raises
    ------
    InputError
        When the table has no CRS, when its CRS is in degrees, feet or anything but metres, or when a metre of it is not
        a metre on the ground (Web Mercator).
    """
    crs = frame.crs
    remedy = "project it first (shequ import does), e.g. to EPSG:4549 (CGCS2000, 120 degrees east)"
    if crs is None:
        raise InputError(
            Fault(
                "the table has no coordinate reference system",
                "say which one it is in (--crs, or crs in the mapping)",
                table=table,
            )
        )
    if not is_metric(crs):
        raise InputError(Fault(f"coordinates are in {crs.name}, not in metres", remedy, table=table))
    if len(frame) and np.isfinite(frame.total_bounds).all():
        off = stretch(crs, frame.total_bounds)
        if off > STRETCH_ALLOWED:
            how = f"differs by {off:.0%} from" if math.isfinite(off) else "cannot be compared to"
            raise InputError(Fault(f"here a metre of {crs.name} {how} a metre on the ground", remedy, table=table))
