"""Systems of coordinates that features are told in."""

import numpy as np
import pytest
import shapely
from pyproj import CRS, Transformer

from api.errors import BadRequestError
from api.features.crs import CRS84, OFFERED, reference, references, storage_crs, transformer_between

EPSG = "http://www.opengis.net/def/crs/EPSG/0/"


@pytest.mark.parametrize(("code", "northing_first"), [(4549, True), (4527, True), (32650, False), (2154, False)])
def test_the_study_own_system_comes_last_with_its_own_order(code: int, northing_first: bool) -> None:
    known = references(CRS.from_epsg(code))
    assert [*known] == [*OFFERED, f"{EPSG}{code}"]
    own = known[f"{EPSG}{code}"]
    assert own.own
    assert own.flipped is northing_first
    assert storage_crs(CRS.from_epsg(code)) == f"{EPSG}{code}"
    told = own.told(np.array([shapely.Point(500_000.12345, 3_000_000.5)], dtype=object))[0]
    x, y = (told.y, told.x) if northing_first else (told.x, told.y)
    assert (x, y) == (500_000.1234, 3_000_000.5)


def test_a_study_whose_system_nobody_numbered() -> None:
    odd = CRS.from_proj4("+proj=tmerc +lat_0=0 +lon_0=119.3 +k=1 +x_0=500000 +y_0=0 +ellps=GRS80 +units=m")
    assert [*references(odd)] == [*OFFERED]
    assert storage_crs(odd) == ""


@pytest.mark.parametrize("code", [4549, 32650, 2154, 27700])
@pytest.mark.parametrize("target", ["OGC:CRS84", "EPSG:4490", "EPSG:3857"])
def test_the_pipeline_is_what_proj_takes(code: int, target: str) -> None:
    """Somebody else: PROJ's own choice between two systems."""
    study = CRS.from_epsg(code)
    area = study.area_of_use
    assert area is not None
    middle = Transformer.from_crs("OGC:CRS84", study, always_xy=True).transform(
        (area.west + area.east) / 2, (area.south + area.north) / 2
    )
    x, y = np.array(middle)[:, None] + np.random.default_rng(1).uniform(-9000, 9000, (2, 50))
    wanted = Transformer.from_crs(study, target, always_xy=True).transform(x, y)
    assert np.array_equal(transformer_between(study, CRS.from_user_input(target)).transform(x, y), wanted)


def test_there_and_back_again() -> None:
    x, y = np.random.default_rng(2).uniform((480_000, 3_300_000), (520_000, 3_400_000), (99, 2)).T
    for each in references(CRS.from_epsg(4549)).values():
        assert np.allclose(each.to_study(*each.from_study(x, y)), [x, y], rtol=0, atol=1e-6)


def test_what_is_told_leaves_the_study_as_it_is() -> None:
    shapes = np.array([shapely.Point(500_000, 3_340_000), None, shapely.Polygon()], dtype=object)
    told = references(CRS.from_epsg(4549))[CRS84].told(shapes)
    assert (round(told[0].x, 6), told[1]) == (120.0, None)
    assert shapes[0].x == 500_000


def test_a_system_that_is_not_offered() -> None:
    with pytest.raises(BadRequestError, match=r"crs: EPSG:2154 is not offered\n.*\n.*use one of: http") as caught:
        reference("EPSG:2154", CRS.from_epsg(4549), "crs")
    assert EPSG + "4549" in caught.value.faults[0].remedy
