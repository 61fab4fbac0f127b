"""A town of four blocks, as files.

            x = 0        500       1000
    y 1000   +-- north --+---------+        roads: north, middle, south (west to east), west, cross, east
             |   c1      |   c2    |        communities: c1 (west half), c2 (east half)
    y  500   +-- middle -+---------+        buildings: b1 … b4, one in each block, 20 m x 10 m
             |           |         |        facilities: a shop in the middle of c1
    y    0   +-- south --+---------+

Coordinates are EPSG:4549, from (500000, 3500000).
"""

from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pytest
from shapely.geometry import LineString, Point, box

X0, Y0 = 500_000.0, 3_500_000.0
Frames = dict[str, gpd.GeoDataFrame]
Save = Callable[..., Path]


def at(x: float, y: float) -> tuple[float, float]:
    """Return town coordinates [m] as map coordinates."""
    return X0 + x, Y0 + y


def line(*points: tuple[float, float]) -> LineString:
    """Return a line through points of the town."""
    return LineString([at(*point) for point in points])


def patch(west: float, south: float, east: float, north: float) -> object:
    """Return a rectangle of the town."""
    return box(X0 + west, Y0 + south, X0 + east, Y0 + north)


def table(index: str, ids: list[object], shapes: list[object], **columns: list[object]) -> gpd.GeoDataFrame:
    """Return a layer with its id column among the others, as files have it."""
    return gpd.GeoDataFrame({index: ids, **columns}, geometry=shapes, crs=4549)


@pytest.fixture
def frames() -> Frames:
    """The town's layers with our own names and columns."""
    return {
        "roads": table(
            "road_id",
            ["south", "middle", "north", "west", "cross", "east"],
            [
                line((0, 0), (1000, 0)),
                line((0, 500), (1000, 500)),
                line((0, 1000), (1000, 1000)),
                line((0, 0), (0, 1000)),
                line((500, 0), (500, 1000)),
                line((1000, 0), (1000, 1000)),
            ],
            name=["南路", "中路", "北路", "西街", "正街", "东街"],
            road_class=["primary", "secondary", "primary", "residential", "tertiary", "residential"],
        ),
        "communities": table(
            "community_id",
            ["c1", "c2"],
            [patch(0, 0, 500, 1000), patch(500, 0, 1000, 1000)],
            name=["城西社区", "城东社区"],
            kind=["community", "community"],
            households=[900, 1100],
            people=[2600, 3000],
        ),
        "buildings": table(
            "building_id",
            ["b1", "b2", "b3", "b4"],
            [patch(x, y, x + 20, y + 10) for x, y in ((100, 100), (600, 100), (100, 600), (600, 600))],
            use=["residential", "residential", "office", "mixed"],
            floors=[6, 11, 4, 3],
        ),
        "facilities": table(
            "facility_id", ["f1"], [Point(*at(250, 250))], category=["convenience_store"], name=["便利店"]
        ),
    }


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Write layers into one GeoPackage: `save(frames)` or `save(frames, "name.gpkg")`."""

    def write(layers: Frames, name: str = "town.gpkg") -> Path:
        path = tmp_path / name
        for layer, frame in layers.items():
            frame.to_file(path, layer=layer, driver="GPKG")
        return path

    return write
