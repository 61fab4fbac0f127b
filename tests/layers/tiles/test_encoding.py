"""The encoder, read back by mapbox-vector-tile and by GDAL."""

import mapbox_vector_tile
import numpy as np
import pyarrow as pa
import pyogrio
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS, Transformer

from layers.tiles.encoding import encode, feature_ids
from layers.tiles.grids import BUFFER, EXTENT, GRIDS, Tile
from layers.tiles.projecting import Projection

UTM = CRS("EPSG:4549")
CENTRE = (500_000.0, 3_400_000.0)
WEB = GRIDS["WebMercatorQuad"]
TO_WEB = Transformer.from_crs(UTM, "EPSG:3857", always_xy=True)
PROJECTION = Projection(UTM, WEB, (490_000.0, 3_390_000.0, 510_000.0, 3_410_000.0))
BOX = shapely.box(-BUFFER, -BUFFER, EXTENT + BUFFER, EXTENT + BUFFER)


def tile_at(level, x=CENTRE[0], y=CENTRE[1]):
    return Tile(WEB, level, *WEB.at(level, *TO_WEB.transform(x, y)))


def table_of(count, **columns):
    ids = pa.array([f"f{n}" for n in range(count)])
    return ids, pa.table({"id": ids, **columns})


def encoded(shapes, tile, projection=PROJECTION, **columns):
    ids, attributes = table_of(len(shapes), **columns)
    return encode("layer", np.array(shapes, object), ids, attributes, tile=tile, projection=projection)


def decoded(tile_bytes):
    """Features by text id: (kind, shape in tile units y down, number, properties)."""
    if not tile_bytes:
        return {}
    layer = mapbox_vector_tile.decode(tile_bytes, default_options={"y_coord_down": True})["layer"]
    assert layer["extent"] == EXTENT
    assert layer["version"] == 2
    return {
        each["properties"]["id"]: (shapely.geometry.shape(each["geometry"]), each["id"], each["properties"])
        for each in layer["features"]
    }


def in_units(shape, tile):
    """A shape in tile units, projected point by point by pyproj."""
    left, bottom, right, top = tile.bounds()

    def to_units(xy):
        x, y = TO_WEB.transform(xy[:, 0], xy[:, 1])
        return np.stack([(x - left) / (right - left), (top - y) / (top - bottom)], axis=1) * EXTENT

    return shapely.transform(shape, to_units)


def square(x, y, side):
    return shapely.box(CENTRE[0] + x, CENTRE[1] + y, CENTRE[0] + x + side, CENTRE[1] + y + side)


@st.composite
def stars(draw):
    """Rings with few or many corners, deep notches, perhaps a hole, around the corner where four tiles meet."""
    x, y = draw(st.floats(-900, 900)), draw(st.floats(-900, 900))
    corners = draw(st.integers(3, 90))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    size = draw(st.sampled_from([0.5, 4.0, 30.0, 400.0]))
    turn = np.sort(rng.uniform(0, 2 * np.pi, corners))
    reach = size * rng.uniform(0.15, 1.0, corners)
    shell = np.stack([CENTRE[0] + x + reach * np.cos(turn), CENTRE[1] + y + reach * np.sin(turn)], axis=1)
    shape = shapely.make_valid(shapely.Polygon(shell), method="structure", keep_collapsed=False)
    if draw(st.booleans()):
        shape = shape - shapely.buffer(shapely.point_on_surface(shape), size / 20)
    return shape


@settings(max_examples=120, deadline=None)
@given(st.lists(stars(), min_size=1, max_size=8), st.sampled_from([11, 13, 15, 16, 17]))
def test_areas_are_all_there_valid_and_near(shapes, level):
    tile = tile_at(level)
    found = decoded(encoded(shapes, tile))
    slack = 1.0 if level >= 16 else 3.0
    for number, shape in enumerate(shapes):
        name, truth = f"f{number}", in_units(shape, tile)
        clipped = shapely.intersection(truth, BOX)
        if name not in found:
            assert clipped.area < 1e-6, f"{name} is missing at level {level}"
            continue
        drawn = found[name][0]
        assert drawn.geom_type in {"Polygon", "MultiPolygon"}
        assert drawn.is_valid, shapely.is_valid_reason(drawn)
        assert drawn.area > 0
        assert BOX.covers(drawn) or truth.area < 4
        if truth.area > 1:
            far = shapely.difference(drawn, shapely.buffer(clipped, slack))
            assert far.area < 1e-6, f"{name} is drawn {shapely.hausdorff_distance(drawn, clipped):.1f} units away"
            assert abs(drawn.area - clipped.area) <= slack * clipped.length + 8


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.lists(st.tuples(st.floats(-3000, 3000), st.floats(-3000, 3000)), min_size=2, max_size=12, unique=True),
        min_size=1, max_size=6,
    ),
    st.sampled_from([12, 15, 17]),
)  # fmt: skip
def test_lines_are_cut_at_the_box_and_lose_nothing(lines, level):
    tile = tile_at(level)
    shapes = [shapely.LineString(np.array(line) + CENTRE) for line in lines]
    found = decoded(encoded(shapes, tile))
    for number, shape in enumerate(shapes):
        clipped = shapely.intersection(in_units(shape, tile), BOX)
        if clipped.length > 4:
            drawn = found[f"f{number}"][0]
            assert shapely.hausdorff_distance(drawn, clipped) < 4
            assert BOX.covers(drawn)


def test_points_keep_their_places_and_neighbours_draw_those_near_their_edge():
    tile = tile_at(16)
    left, _, right, top = tile.bounds()
    side = right - left
    back = Transformer.from_crs("EPSG:3857", UTM, always_xy=True)
    shares = np.array([[0.25, 0.5], [0.999, 0.5], [1.01, 0.5], [1.02, 0.5]])
    xs, ys = back.transform(left + side * shares[:, 0], top - side * shares[:, 1])
    points = list(shapely.points(xs, ys))
    here = decoded(encoded(points, tile))
    assert {name: (shape.x, shape.y) for name, (shape, *_) in here.items()} == {
        "f0": (1024, 2048), "f1": (4092, 2048), "f2": (4137, 2048),
    }  # fmt: skip
    beside = decoded(encoded(points, Tile(WEB, 16, tile.row, tile.column + 1)))
    assert set(beside) == {"f1", "f2", "f3"}


def test_ten_thousand_houses_are_all_there_from_afar():
    rng = np.random.default_rng(1)
    shapes = [square(x, y, 9.0) for x, y in rng.uniform(-2000, 2000, (10_000, 2))]
    for level in (6, 9, 12):
        found = decoded(encoded(shapes, tile_at(level)))
        assert len(found) == 10_000
        assert all(shape.area >= 1 and shape.is_valid for shape, *_ in found.values())


def test_thin_shapes_do_not_vanish():
    long = shapely.box(CENTRE[0], CENTRE[1] + 50, CENTRE[0] + 900, CENTRE[1] + 50.2)
    short = shapely.LineString([(CENTRE[0] + 30, CENTRE[1] + 30), (CENTRE[0] + 30.1, CENTRE[1] + 30)])
    found = decoded(encoded([long, short], tile_at(12)))  # one unit is two metres
    assert found["f0"][0].area > 0
    assert found["f0"][0].bounds[2] - found["f0"][0].bounds[0] > 300
    assert found["f1"][0].length == 1


def test_a_hole_and_an_island_stay_what_they_are():
    ring = square(0, 0, 100) - square(20, 20, 60)
    both = shapely.union_all([ring, square(40, 40, 20)])
    ((drawn, *_),) = decoded(encoded([both], tile_at(16))).values()
    assert drawn.geom_type == "MultiPolygon"
    assert sorted(len(part.interiors) for part in drawn.geoms) == [0, 1]
    assert abs(drawn.area / in_units(both, tile_at(16)).area - 1) < 0.01


def test_a_bow_tie_is_put_right():
    x, y = CENTRE
    tie = shapely.Polygon([(x, y), (x + 80, y + 80), (x + 80, y), (x, y + 80)])
    assert not tie.is_valid
    ((drawn, *_),) = decoded(encoded([tie], tile_at(16))).values()
    assert drawn.is_valid
    assert drawn.area == pytest.approx(in_units(shapely.make_valid(tie), tile_at(16)).area, rel=0.01)


def test_mixed_empty_and_absent_shapes():
    mixed = shapely.GeometryCollection([square(0, 0, 50), shapely.Point(CENTRE)])
    shapes = [None, shapely.Polygon(), mixed, shapely.Point(), shapely.Point(CENTRE)]
    found = decoded(encoded(shapes, tile_at(15)))
    assert {name: shape.geom_type for name, (shape, *_) in found.items()} == {"f2": "Polygon", "f4": "Point"}
    assert encoded([None, shapely.Polygon()], tile_at(15)) == b""
    assert encoded([], tile_at(15)) == b""


def test_attributes_of_every_kind_and_missing_ones():
    columns = {
        "name": pa.array(["楼一", None, "", "楼一"]),
        "floors": pa.array([3, None, -7, 2**40]),
        "share": pa.array([0.1, None, float("inf"), -0.5]),
        "flag": pa.array([True, False, None, True]),
        "nothing": pa.array([None] * 4, pa.string()),
    }
    shapes = [square(10 * n, 0, 8) for n in range(4)]
    found = decoded(encoded(shapes, tile_at(15), **columns))
    assert [found[f"f{n}"][2] for n in range(4)] == [
        {"id": "f0", "name": "楼一", "floors": 3, "share": 0.1, "flag": True},
        {"id": "f1", "flag": False},
        {"id": "f2", "name": "", "floors": -7, "share": float("inf")},
        {"id": "f3", "name": "楼一", "floors": 2**40, "share": -0.5, "flag": True},
    ]


def test_numbers_of_features_come_from_their_ids_alone():
    def by_hand(text):
        h = 0xCBF29CE484222325
        for byte in text.encode():
            h = ((h ^ byte) * 0x100000001B3) % 2**64
        h = ((h ^ (h >> 33)) * 0xFF51AFD7ED558CCD) % 2**64
        return (h ^ (h >> 33)) >> 11

    ids = ["SQ01", "楼000123", "", "b" * 300]
    assert feature_ids(pa.array(ids)).tolist() == [by_hand(each) for each in ids]
    assert feature_ids(pa.array(["", *ids]).slice(1)).tolist() == [by_hand(each) for each in ids]
    many = feature_ids(pa.array([f"building-{n}" for n in range(300_000)]))
    assert len(np.unique(many)) == 300_000
    assert many.max() < 2**53
    everywhere = {number for level in (10, 14, 17) for _, number, _ in decoded(encoded([square(0, 0, 9)],
                  tile_at(level))).values()}  # fmt: skip
    assert everywhere == {by_hand("f0")}


def test_gdal_reads_the_same(tmp_path):
    shapes = [square(0, 0, 100) - square(20, 20, 60), square(150, 0, 40)]
    tile = tile_at(16)
    path = tmp_path / str(tile.level) / str(tile.column) / f"{tile.row}.pbf"
    path.parent.mkdir(parents=True)
    path.write_bytes(encoded(shapes, tile, floors=pa.array([4, 5])))
    read = pyogrio.read_dataframe(f"MVT:{path}", layer="layer", fid_as_index=True)
    assert list(read["floors"]) == [4, 5]
    assert str(read.crs) == "EPSG:3857"
    truth = shapely.transform(np.array(shapes), lambda xy: np.stack(TO_WEB.transform(*xy.T), axis=1))
    unit = WEB.span / 2**16 / EXTENT
    assert all(shapely.hausdorff_distance(read.geometry.array, truth) < 2 * unit)
    assert all(read.geometry.is_valid)


def test_tiles_of_one_moment_are_equal_byte_for_byte():
    shapes = [square(n, 0, 8) for n in range(0, 500, 10)]
    assert encoded(shapes, tile_at(14)) == encoded(shapes, tile_at(14))


def test_the_other_grid_draws_the_same_places():
    grid = GRIDS["CGCS2000Quad"]
    to_degrees = Transformer.from_crs(UTM, "EPSG:4490", always_xy=True)
    tile = Tile(grid, 15, *grid.at(15, *to_degrees.transform(*CENTRE)))
    left, _, right, top = tile.bounds()
    projection = Projection(UTM, grid, PROJECTION.bounds)
    ((drawn, *_),) = decoded(encoded([shapely.Point(CENTRE)], tile, projection)).values()
    lon, lat = to_degrees.transform(*CENTRE)
    assert drawn.x == round((lon - left) / (right - left) * EXTENT)
    assert drawn.y == round((top - lat) / (right - left) * EXTENT)
