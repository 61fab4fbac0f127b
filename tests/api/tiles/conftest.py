"""The small town, served."""

import pytest
from pyproj import Transformer

from api.storage.records import FeatureWrite
from layers.tiles.grids import GRIDS
from tests.api.served import EPSG, SOUTH, STUDY_ID, WEST, client, serve, small_study


@pytest.fixture
def server(tmp_path):
    made = serve(small_study(), tmp_path)
    yield made
    made.close()


@pytest.fixture
def web(server):
    return client(server)


@pytest.fixture
def store(server):
    return server.storage.open(STUDY_ID)


def address(level, x_m, y_m, *, collection="buildings", grid="WebMercatorQuad"):
    """Path of the tile that holds a place of the town [m from its south-west corner]."""
    there = Transformer.from_crs(EPSG, GRIDS[grid].crs, always_xy=True)
    row, column = GRIDS[grid].at(level, *there.transform(WEST + x_m, SOUTH + y_m))
    part = f"/collections/{collection}" if collection else ""
    return f"/studies/{STUDY_ID}{part}/tiles/{grid}/{level}/{row}/{column}"


def renamed(store, building, name="新楼"):
    """Give a building another name; return the transaction."""
    rows = store.rows("buildings", ids=[building]).to_pylist()[0]
    geometry = rows.pop("geometry")
    properties = {key: value for key, value in rows.items() if key not in ("id", "version", "tx")}
    write = FeatureWrite("buildings", building, "replace", properties | {"name": name}, geometry, rows["version"])
    return store.commit([write], by="test", action="edit")
