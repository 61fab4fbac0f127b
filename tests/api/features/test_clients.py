"""Clients of others read the features: GDAL (in pyogrio) and OWSLib, over HTTP."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import httpx
import pyogrio
import pytest
import shapely
from owslib.ogcapi.features import Features

from geo.study import write_study
from tests.api.served import STUDY_ID, small_study

OWN = "http://www.opengis.net/def/crs/EPSG/0/4549"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The town served by a process of its own: GDAL lets no other thread of its process run while it reads."""
    path = tmp_path_factory.mktemp("clients") / f"{STUDY_ID}.gpkg"
    write_study(small_study(), path)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "api.cli", "serve", str(path), "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield _ready(f"http://127.0.0.1:{port}", process)
        finally:
            process.terminate()
            process.wait(60)


def _ready(base: str, process: subprocess.Popen[bytes]) -> str:
    for _ in range(600):
        assert process.poll() is None, "the server ended"
        try:
            if httpx.get(f"{base}/health").status_code == 200:
                return f"{base}/studies/{STUDY_ID}"
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError("the server did not start within a minute")


def test_gdal_opens_every_layer(address: str) -> None:
    layers = {name for name, _ in pyogrio.list_layers(f"OAPIF:{address}")}
    town = small_study()
    assert layers == set(town.tables)
    for name in layers:
        info = pyogrio.read_info(f"OAPIF:{address}", layer=name, force_feature_count=True)
        assert info["features"] == len(town[name]), name


def test_gdal_reads_the_study_as_it_is(address: str) -> None:
    """In the study's own system, where northing comes first in the authority's order: every shape in its place."""
    town = small_study()
    for name in ("communities", "roads", "facilities"):
        frame = pyogrio.read_dataframe(f"OAPIF:{address}", layer=name, CRS=OWN).set_index("id").sort_index()
        assert frame.crs.to_epsg() == 4549
        wanted = town[name].sort_index()
        assert frame.index.tolist() == wanted.index.tolist()
        assert shapely.equals_exact(frame.geometry.values, wanted.geometry.values, 0.001, normalize=True).all()
        assert frame["name"].fillna("").tolist() == wanted["name"].fillna("").tolist()


@pytest.mark.parametrize("crs", ["http://www.opengis.net/def/crs/OGC/1.3/CRS84",
                                 "http://www.opengis.net/def/crs/EPSG/0/4490",
                                 "http://www.opengis.net/def/crs/EPSG/0/3857"])  # fmt: skip
def test_gdal_reads_every_system(address: str, crs: str) -> None:
    frame = pyogrio.read_dataframe(f"OAPIF:{address}", layer="buildings", CRS=crs)
    assert len(frame) == 51
    moved = frame.to_crs(4549).set_index("id").sort_index()
    apart = shapely.hausdorff_distance(moved.geometry.values, small_study()["buildings"].sort_index().geometry.values)
    assert apart.max() < 0.001


def test_gdal_pages_and_filters(address: str) -> None:
    every = pyogrio.read_dataframe(f"OAPIF:{address}", layer="buildings", PAGE_SIZE="7")
    assert every["id"].nunique() == 51
    some = pyogrio.read_dataframe(f"OAPIF:{address}", layer="buildings", where="use = 'residential' AND floors > 5")
    houses = small_study()["buildings"]
    assert set(some["id"]) == set(houses.index[(houses["use"] == "residential") & (houses["floors"] > 5)])
    left, bottom, right, top = every.to_crs(4326).total_bounds
    boxed = pyogrio.read_dataframe(f"OAPIF:{address}", layer="buildings", CRS="http://www.opengis.net/def/crs/OGC/1.3/CRS84",
                                   bbox=(left, bottom, (left + right) / 2, top))  # fmt: skip
    assert 0 < len(boxed) < 51


def test_owslib(address: str) -> None:
    features = Features(address)
    assert "communities" in features.feature_collections()
    assert features.collection("communities")["storageCrs"] == OWN
    assert features.collection_items("buildings", limit=5)["numberMatched"] == 51
    assert features.collection_items("buildings", filter="floors > 5", limit=5)["numberMatched"] < 51
    assert features.collection_items("roads", bbox=[0, 0, 1, 1])["numberMatched"] == 0
    assert features.collection_item("roads", "R5")["properties"]["name"] == "人民路"
    assert "road_class" in features.collection_queryables("roads")["properties"]
