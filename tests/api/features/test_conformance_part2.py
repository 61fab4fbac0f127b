"""OGC 18-058r1, Annex A: the abstract tests of OGC API - Features - Part 2: CRSs by Reference."""

import re
from functools import cache

import numpy as np
import pytest
import shapely
from pyproj import Transformer

from tests.api.features.conftest import Api

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
OWN = EPSG + "4549"
OFFERED = [CRS84, EPSG + "4326", EPSG + "4490", EPSG + "3857", OWN]
FLIPPED = {EPSG + "4326", EPSG + "4490", OWN}
"""Latitude or northing is the first axis."""


def shapes(api: Api, collection: str, **query: str) -> dict[str, shapely.Geometry]:
    made = api.items(collection, limit=1000, **query)
    return {f["id"]: shapely.from_geojson(str(f["geometry"]).replace("'", '"')) for f in made["features"]}


@cache
def between(source: str, target: str) -> Transformer:
    return Transformer.from_crs(source, target, always_xy=True)


def moved(shape: shapely.Geometry, source: str, target: str) -> shapely.Geometry:
    way = between(source, target)
    return shapely.transform(shape, lambda c: np.column_stack(way.transform(c[:, 0], c[:, 1])))


def turned(shape: shapely.Geometry) -> shapely.Geometry:
    return shapely.transform(shape, lambda c: c[:, ::-1])


def short(uri: str) -> str:
    return "OGC:CRS84" if uri == CRS84 else f"EPSG:{uri.rsplit('/', 1)[1]}"


def test_crs_uri(api: Api) -> None:
    """/conf/crs/crs-uri: each is a URI of the OGC."""
    for each in api.collections:
        for uri in [*each["crs"], each["storageCrs"]]:
            assert re.fullmatch(r"http://www\.opengis\.net/def/crs/(OGC/1\.3/CRS84|EPSG/0/\d+)", uri)


def test_fc_md_crs_list(api: Api) -> None:
    """/conf/crs/fc-md-crs-list: each collection tells its systems, and so does the list."""
    assert api.json("/collections")["crs"] == OFFERED
    for each in api.collections:
        assert each["crs"] == OFFERED


def test_default_crs(api: Api) -> None:
    """/conf/crs/default-crs: CRS84 is the first of them."""
    for each in api.collections:
        assert each["crs"][0] == CRS84


def test_storage_crs(api: Api) -> None:
    """/conf/crs/storageCrs: the study's own system, which is one of those offered."""
    for each in api.collections:
        assert each["storageCrs"] == OWN
        assert each["storageCrs"] in each["crs"]
        assert "storageCrsCoordinateEpoch" not in each


def test_crs_parameter(api: Api) -> None:
    """/conf/crs/crs-parameter: the parameter is described, for many and for one."""
    for path in ("/collections/{collection_id}/items", "/collections/{collection_id}/items/{feature_id}"):
        told = {each["name"]: each for each in api.json("/api")["paths"][path]["get"]["parameters"]}
        assert told["crs"]["schema"] == {"type": "string", "format": "uri"}
        assert (told["crs"]["in"], told["crs"]["required"], told["crs"]["explode"]) == ("query", False, False)


def test_crs_parameter_invalid(api: Api) -> None:
    """/conf/crs/crs-parameter-invalid: a system that is not in the list is refused, and those that are are told."""
    for wrong in (EPSG + "99999", EPSG + "32650", "nonsense", "", "EPSG:0", "urn:ogc:def:crs:EPSG::27700"):
        for path in ("/collections/roads/items", "/collections/roads/items/R1"):
            assert f"crs: {wrong} is not offered → use one of: {CRS84}" in api.refused(path, crs=wrong)


@pytest.mark.parametrize("path", ["/collections/roads/items", "/collections/roads/items/R1"])
def test_crs_parameter_default(api: Api, path: str) -> None:
    """/conf/crs/crs-parameter-default: without the parameter CRS84, as if it had been asked for."""
    plain, asked = api.get(path, "*/*"), api.get(path, "*/*", crs=CRS84)
    assert plain.headers["content-crs"] == asked.headers["content-crs"] == f"<{CRS84}>"
    left, right = plain.json(), asked.json()
    assert left.get("features", left.get("geometry")) == right.get("features", right.get("geometry"))


@pytest.mark.parametrize("uri", OFFERED)
@pytest.mark.parametrize("collection", ["communities", "roads", "findings", "facilities"])
def test_crs_parameter_transform(api: Api, collection: str, uri: str) -> None:
    """/conf/crs/crs-parameter-transform: the same places in every system, axes in the order of its authority."""
    told = shapes(api, collection, crs=uri)
    for name, place in shapes(api, collection).items():
        ours = turned(told[name]) if uri in FLIPPED else told[name]
        back = moved(ours, short(uri), "EPSG:4549")
        assert shapely.hausdorff_distance(back, moved(place, "OGC:CRS84", "EPSG:4549")) < 0.001


@pytest.mark.parametrize("uri", OFFERED)
def test_ogc_crs_header(api: Api, uri: str) -> None:
    """/conf/crs/ogc-crs-header and /conf/crs/ogc-crs-header-value: the answer names its system in angle brackets."""
    for path in ("/collections/roads/items", "/collections/roads/items/R1"):
        assert api.get(path, "*/*", crs=uri).headers["content-crs"] == f"<{uri}>"


def test_bbox_crs_parameter(api: Api) -> None:
    """/conf/crs/bbox-crs-parameter: described, and the same box finds the same in every system."""
    told = {p["name"] for p in api.json("/api")["paths"]["/collections/{collection_id}/items"]["get"]["parameters"]}
    assert "bbox-crs" in told
    in_metres = shapely.box(500_150, 3_340_150, 500_420, 3_340_420)
    wanted = api.ids("buildings", bbox="3340150,500150,3340420,500420", bbox__crs=OWN)
    assert 0 < len(wanted) < 51
    for uri in (CRS84, EPSG + "4326", EPSG + "4490", EPSG + "3857"):
        box = moved(in_metres, "EPSG:4549", short(uri))
        left, bottom, right, top = (turned(box) if uri in FLIPPED else box).bounds
        assert api.ids("buildings", bbox=f"{left},{bottom},{right},{top}", bbox__crs=uri) == wanted, uri


def test_bbox_crs_parameter_invalid(api: Api) -> None:
    """/conf/crs/bbox-crs-parameter-invalid"""
    told = api.refused("/collections/roads/items", bbox="1,2,3,4", bbox__crs=EPSG + "99999")
    assert "bbox-crs: http://www.opengis.net/def/crs/EPSG/0/99999 is not offered" in told


def test_bbox_crs_parameter_default(api: Api) -> None:
    """/conf/crs/bbox-crs-parameter-default: without the parameter CRS84."""
    box = "120.0005,30.1795,120.0035,30.1825"
    assert api.ids("buildings", bbox=box) == api.ids("buildings", bbox=box, bbox__crs=CRS84) != []
    # the same numbers are no latitude and longitude
    assert "no latitude, longitude" in api.refused("/collections/buildings/items", bbox=box, bbox__crs=EPSG + "4326")


@pytest.mark.parametrize(
    "name", [EPSG + "4490", "https://www.opengis.net/def/crs/EPSG/0/4490", "EPSG:4490", "[EPSG:4490]",
             "urn:ogc:def:crs:EPSG::4490"],
)  # fmt: skip
def test_other_names(api: Api, name: str) -> None:
    """A system is known by its URI, its URN and in short; the answer names it by its URI."""
    assert api.get("/collections/roads/items", "*/*", crs=name).headers["content-crs"] == f"<{EPSG}4490>"


def test_geojson(api: Api) -> None:
    """/conf/crs/geojson: GeoJSON in another system by prior arrangement: the same media type."""
    answer = api.get("/collections/roads/items", "application/geo+json", crs=OWN)
    assert answer.headers["content-type"] == "application/geo+json"
