"""Coordinate reference systems that features are asked for and told in (OGC API Features, Part 2).

Inside, coordinates are in the study's own system, easting first. Clients name a system by its URI and mean the order of
axes that its authority gives it: latitude first in EPSG:4326 and EPSG:4490, northing first in the CGCS2000 zones,
longitude first in CRS84.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS, Transformer

from api.errors import BadRequestError
from geo.errors import Fault
from layers.tiles.projecting import transformer_between

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
_EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
OFFERED = (CRS84, f"{_EPSG}4326", f"{_EPSG}4490", f"{_EPSG}3857")
"""Beside the study's own: WGS 84 in both orders, CGCS2000 degrees (QGIS, official Chinese data), web maps."""

DEGREE_DECIMALS = 9
METRE_DECIMALS = 4
"""A tenth of a millimetre: what is read and written back unchanged stays in its place."""

_SHORT = re.compile(r"\[?(EPSG|OGC):(\w+)\]?$", re.IGNORECASE)
_URN = re.compile(r"urn:ogc:def:crs:(EPSG|OGC):[\d.]*:(\w+)$", re.IGNORECASE)


@dataclass(frozen=True)
class Reference:
    """One system as clients name it.

    Attributes
    ----------
    uri
        Empty for a study's system that no authority has numbered.
    name
        What PROJ calls it.
    own
        It is the study's own system: nothing is to be computed.
    flipped
        Its authority puts northing or latitude first.
    degrees
        Longitude and latitude rather than metres.
    study
        The study's own system, as PROJ reads it.
    """

    uri: str
    name: str
    own: bool
    flipped: bool
    degrees: bool
    study: str

    @property
    def decimals(self) -> int:
        """Decimals that coordinates are told with."""
        return DEGREE_DECIMALS if self.degrees else METRE_DECIMALS

    def told(self, shapes: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
        """Return shapes of the study in this system, axes in its authority's order, rounded."""
        given = shapely.get_coordinates(shapes)
        if not len(given):
            return shapes
        return shapely.set_coordinates(shapes.copy(), self.places(given))

    def places(self, given: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return coordinates of the study in this system, axes in its authority's order, rounded."""
        x, y = self.from_study(given[:, 0], given[:, 1])
        made = np.empty_like(given)
        made[:, 0], made[:, 1] = (y, x) if self.flipped else (x, y)
        return np.round(made, self.decimals, out=made)

    def to_study(self, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> tuple[Any, Any]:
        """Return coordinates of this system (longitude or easting first) in the study's."""
        return (x, y) if self.own else self._moving.transform(x, y, direction="INVERSE")

    def from_study(self, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> tuple[Any, Any]:
        """Return coordinates of the study in this system, longitude or easting first."""
        return (x, y) if self.own else self._moving.transform(x, y)

    @property
    def _moving(self) -> Transformer:
        return _transformer(self.study, self.uri)


def references(study: CRS) -> dict[str, Reference]:
    """Return the systems that features of a study are offered in, by URI, CRS84 first."""
    return _references(study.srs)


def storage_crs(study: CRS) -> str:
    """Return the URI of the study's own system; empty where no authority has numbered it."""
    return next((each.uri for each in references(study).values() if each.own), "")


def reference(named: str, study: CRS, parameter: str) -> Reference:
    """Return the system that a client named by URI, URN or short (`EPSG:4490`).

    Raises
    ------
    BadRequestError
        When it is not offered; `parameter` is where it was named.
    """
    known = references(study)
    found = known.get(named) or known.get(_uri(named))
    if found is None:
        raise BadRequestError(Fault(f"{parameter}: {named[:200]} is not offered", f"use one of: {', '.join(known)}"))
    return found


def _uri(named: str) -> str:
    short = _SHORT.match(named) or _URN.match(named)
    if short is None:
        return named.replace("https://", "http://", 1)
    authority, code = short[1].upper(), short[2].upper()
    return CRS84 if (authority, code) == ("OGC", "CRS84") else f"{_EPSG}{code}"


@cache
def _references(study: str) -> dict[str, Reference]:
    own = CRS.from_user_input(study)
    authority = own.to_authority()
    uri = f"http://www.opengis.net/def/crs/{authority[0]}/0/{authority[1]}" if authority else ""
    systems = {each: CRS.from_user_input(_pyproj(each)) for each in OFFERED} | ({uri: own} if uri else {})
    return {each: _reference(each, system, study, own=each == uri) for each, system in systems.items()}


def _reference(uri: str, system: CRS, study: str, *, own: bool) -> Reference:
    flipped = system.axis_info[0].direction.lower() in ("north", "south")
    return Reference(uri, system.name, own, flipped, system.is_geographic, study)


@cache
def _transformer(study: str, uri: str) -> Transformer:
    return transformer_between(CRS.from_user_input(study), CRS.from_user_input(_pyproj(uri)))


def _pyproj(uri: str) -> str:
    return "OGC:CRS84" if uri == CRS84 else f"EPSG:{uri.rsplit('/', 1)[-1]}"
