"""The four bounds on towns small enough to be checked by eye."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import box

from geo.boundary_text import (
    CLOCKWISE,
    SIDES,
    Bounds,
    bounds_of_en,
    bounds_of_zh,
    bounds_to_en,
    bounds_to_zh,
    describe_bounds,
    trace_bounds,
)
from geo.errors import InputError
from tests.geo.grid_town import GridTown, grid_town

V = ["西一路", "西二路", "中路", "东二路", "东一路"]
H = ["南一街", "南二街", "中街", "北二街", "北一街"]
NAMES = pd.DataFrame(
    {"name": ["清河", "马岗社区", "冠山"], "name_en": ["Qinghe", "Magang", "Guanshan"],
     "kind": ["community", "community", "village"]}, index=["A", "B", "C"])  # fmt: skip


def town(**changes: object) -> GridTown:
    """Return four by four blocks; every line is named unless `changes` say otherwise (v2=None, h0=…)."""
    vertical = [changes.get(f"v{i}", V[i]) for i in range(5)]
    horizontal = [changes.get(f"h{i}", H[i]) for i in range(5)]
    return grid_town(vertical=vertical, horizontal=horizontal, steps=8)  # type: ignore[arg-type]


def sides(bounds: Bounds) -> dict[str, list[list[str]]]:
    return {side: [[edge.name for edge in chain] for chain in bounds.side(side)] for side in SIDES}


def trace(place: GridTown, drawing: list[str], **options: object) -> dict[object, Bounds]:
    assignment = place.assign(drawing)
    return trace_bounds(place.shapes(assignment), place.seams, assignment, names=NAMES, **options)  # type: ignore[arg-type]


WHOLE = ["AAAA"] * 4


# ── sides ────────────────────────────────────────────────────────────────────────────────────────────────────────────
SQUARE = {"east": [["东一路"]], "south": [["南一街"]], "west": [["西一路"]], "north": [["北一街"]]}


def test_a_square() -> None:
    assert sides(trace(town(), WHOLE)["A"]) == SQUARE


@pytest.mark.parametrize("degrees", [-43, -40, -30, -10, 5, 20, 30, 40, 44, 45])
def test_a_turned_square_keeps_four_sides(degrees: float) -> None:
    assert sides(trace(town().turned(degrees), WHOLE)["A"]) == SQUARE


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_square_turned_by_quarters_turns_its_sides(degrees: int) -> None:
    ring = ["east", "north", "west", "south"]
    turned = sides(trace(town().turned(degrees), WHOLE)["A"])
    assert turned == {ring[(i + degrees // 90) % 4]: SQUARE[side] for i, side in enumerate(ring)}


CORNER = st.tuples(st.floats(-0.2, 0.2), st.floats(-0.2, 0.2))


@settings(max_examples=40, deadline=None)
@given(st.tuples(CORNER, CORNER, CORNER, CORNER), st.floats(-10, 10))
def test_any_quadrilateral_near_a_square_keeps_four_sides(
    corners: tuple[tuple[float, float], ...], turn: float
) -> None:
    """Each corner is pulled by up to a fifth of the width, then the town is turned: sides stay right on the map."""
    shift = np.array(corners).reshape(2, 2, 2) * 400

    def pull(points: np.ndarray) -> np.ndarray:
        u, v = (points / 400).T
        near = np.array([(1 - u) * (1 - v), (1 - u) * v, u * (1 - v), u * v]).T.reshape(-1, 2, 2)
        return points + np.einsum("pij,ijk->pk", near, shift)

    assert sides(trace(town().bent(pull).turned(turn), WHOLE)["A"]) == SQUARE


def test_neighbours_in_a_diagonal_grid_agree_on_their_common_road() -> None:
    """A's east road is B's west road, also where the whole town is turned by 45°."""
    traced = trace(town().turned(45), ["AABB"] * 4)
    assert sides(traced["A"])["east"] == sides(traced["B"])["west"] == [["中路"]]


def test_a_skewed_square() -> None:
    place = town().bent(lambda p: np.column_stack([p[:, 0] + 0.5 * p[:, 1], p[:, 1] + 0.1 * p[:, 0]]))
    assert sides(trace(place, WHOLE)["A"]) == SQUARE


def test_an_l_shape_steps_back_in_two_sides() -> None:
    traced = trace(town(), ["AABB", "AABB", "AAAA", "AAAA"])
    assert sides(traced["A"]) == {
        "east": [["中路"], ["东一路"]], "south": [["南一街"]], "west": [["西一路"]], "north": [["北一街"], ["中街"]]
    }  # fmt: skip
    assert bounds_to_zh(traced["A"]) == "东至中路、东一路,南至南一街,西至西一路,北至北一街、中街"


def test_a_short_jog_is_part_of_its_side() -> None:
    """One block of a 4-block side juts out: the side is a chain, and the jogs do not become north or south bounds."""
    place = grid_town(vertical=[f"纵{i}路" for i in range(11)], horizontal=[f"横{i}街" for i in range(11)])
    traced = trace(place, ["AAAAAAAABB"] * 5 + ["AAAAAAAAAB"] * 5)
    assert sides(traced["A"]) == {
        "east": [["纵8路", "纵9路"]], "south": [["横0街"]], "west": [["纵0路"]], "north": [["横10街"]]
    }  # fmt: skip


def test_a_tail_reaches_to_its_end() -> None:
    """A tail one block wide runs five blocks east of the long east road; its end is the east bound too."""
    place = grid_town(vertical=[f"纵{i}路" for i in range(16)], horizontal=[f"横{i}街" for i in range(11)])
    traced = trace(place, ["AAAAAAAAAA....."] * 9 + ["AAAAAAAAAAAAAAA"])
    assert sides(traced["A"])["east"] == [["纵10路"], ["纵15路"]]


def test_a_bay_is_no_bound_of_its_own() -> None:
    """A narrow bay from the north: its west wall faces east but is not the east bound."""
    place = grid_town(vertical=[f"纵{i}路" for i in range(11)], horizontal=[f"横{i}街" for i in range(11)])
    traced = trace(place, ["AAAABAAAAA"] * 3 + ["AAAAAAAAAA"] * 7)
    assert sides(traced["A"])["east"] == [["纵10路"]]
    assert sides(traced["A"])["west"] == [["纵0路"]]
    assert sides(traced["A"])["north"] == [["横10街"]]


def test_a_chain_reads_north_to_south_and_west_to_east() -> None:
    seams = town().seams
    for side, column in ((4, "x"), (0, "x"), (4, "y"), (0, "y")):
        on = seams.bounds[f"min{column}"].eq(side * 100) & seams.bounds[f"max{column}"].eq(side * 100)
        other = seams.bounds["miny" if column == "x" else "minx"]
        seams.loc[on & (other < 200), "feature_name"] = f"{column}{side}低路"
        seams.loc[on & (other >= 200), "feature_name"] = f"{column}{side}高路"
    place = GridTown(town().blocks, seams)
    assert sides(trace(place, WHOLE)["A"]) == {
        "east": [["x4高路", "x4低路"]], "south": [["y0低路", "y0高路"]],
        "west": [["x0高路", "x0低路"]], "north": [["y4低路", "y4高路"]],
    }  # fmt: skip


def test_a_minor_stretch_is_left_out() -> None:
    seams = town().seams
    first = seams.index[seams["feature_name"].eq("东一路")][0]
    seams.loc[first, "feature_name"] = "小巷"
    assert sides(trace(GridTown(town().blocks, seams), WHOLE)["A"])["east"] == [["东一路", "小巷"]], "a quarter counts"
    place = grid_town(vertical=["甲路", "乙路"], horizontal=[f"横{i}街" for i in range(11)])
    first = place.seams.index[place.seams["feature_name"].eq("乙路")][0]
    place.seams.loc[first, "feature_name"] = "小巷"
    assert sides(trace(place, ["A"] * 10)["A"])["east"] == [["乙路"]], "a tenth does not"


def test_a_line_that_comes_again_stands_where_it_runs_longest() -> None:
    """North to south on the east side: 甲 for one block, 乙 for three, 甲 again for six."""
    place = grid_town(vertical=["西路", "甲路"], horizontal=[f"横{i}街" for i in range(11)])
    east = place.seams[place.seams["feature_name"].eq("甲路")]
    place.seams.loc[east.index[east.bounds["miny"].isin([600, 700, 800])], "feature_name"] = "乙路"
    assert sides(trace(place, ["A"] * 10)["A"])["east"] == [["乙路", "甲路"]]


def test_a_curving_river_bounds_two_sides() -> None:
    """A quarter disc between two streets; the river runs round from its east to its north."""
    angles = np.linspace(0, np.pi / 2, 40)
    arc = np.column_stack([500 * np.cos(angles), 500 * np.sin(angles)])
    disc = shapely.Polygon(np.vstack([[0, 0], arc]))
    shapes = gpd.GeoDataFrame(index=["A"], geometry=[disc], crs=32650)
    seams = gpd.GeoDataFrame(
        {"block_a": "b1", "block_b": "outside", "feature_name": ["清河", "南街", "西路"],
         "feature_class": ["river", "primary", "primary"]},
        geometry=[shapely.LineString(arc), shapely.LineString([(0, 0), (500, 0)]),
                  shapely.LineString([(0, 500), (0, 0)])], crs=32650)  # fmt: skip
    traced = trace_bounds(shapes, seams, pd.Series({"b1": "A"}))
    assert sides(traced["A"]) == {"east": [["清河"]], "north": [["清河"]], "south": [["南街"]], "west": [["西路"]]}


def test_a_meandering_river_stays_on_its_side() -> None:
    place = town(v4=("弯河", "river"), h4="北街").bent(
        lambda p: np.column_stack([p[:, 0] + 25 * np.sin(p[:, 1] / 30) * (p[:, 0] / 400), p[:, 1]])
    )
    assert sides(trace(place, WHOLE)["A"]) == {
        "east": [["弯河"]], "south": [["南一街"]], "west": [["西一路"]], "north": [["北街"]]
    }  # fmt: skip


def test_a_triangle_still_has_four_bounds() -> None:
    corners = [(0, 0), (500, 0), (250, 400)]
    shapes = gpd.GeoDataFrame(index=["A"], geometry=[shapely.Polygon(corners)], crs=32650)
    lines = [shapely.LineString([corners[i], corners[(i + 1) % 3]]) for i in range(3)]
    seams = gpd.GeoDataFrame({"block_a": "b1", "block_b": "outside", "feature_name": ["底路", "东坡路", "西坡路"],
                              "feature_class": "primary"}, geometry=lines, crs=32650)  # fmt: skip
    found = sides(trace_bounds(shapes, seams, pd.Series({"b1": "A"}))["A"])
    assert found["east"] == [["东坡路"]]
    assert found["west"] == [["西坡路"]]
    assert found["south"] == [["底路"]]
    assert found["north"] in ([["东坡路"]], [["西坡路"]])


@pytest.mark.parametrize("degrees", [0, 12, -12])
def test_a_strip_is_closed_by_its_short_ends(degrees: float) -> None:
    """Forty metres between two streets, 1,600 m long: the ends are short but they are the east and the west."""
    place = grid_town(vertical=["西端路", *[None] * 39, "东端路"], horizontal=["南街", "北街"], cell_m=40.0)
    found = sides(trace(place.turned(degrees), ["A" * 40])["A"])
    assert found == {"east": [["东端路"]], "south": [["南街"]], "west": [["西端路"]], "north": [["北街"]]}


def test_an_island_in_one_river() -> None:
    place = grid_town(vertical=[("环河", "river")] * 2, horizontal=[("环河", "river")] * 2)
    assert bounds_to_zh(trace(place, ["A"])["A"]) == "东至环河,南至环河,西至环河,北至环河"


# ── lines without a name ─────────────────────────────────────────────────────────────────────────────────────────────
def test_the_edge_of_the_study_is_the_town_border() -> None:
    traced = trace(town(v0=None), WHOLE)
    assert bounds_to_zh(traced["A"]) == "东至东一路,南至南一街,西至镇界,北至北一街"
    assert bounds_to_en(traced["A"]).split(", ")[2] == "west to the town border"
    county = trace(town(v0=None), WHOLE, outside=("县界", "the county border"))
    assert sides(county["A"])["west"] == [["县界"]]


def test_a_neighbour_without_a_line_between() -> None:
    traced = trace(town(v2=None), ["AABB"] * 4)
    assert sides(traced["A"])["east"] == [["马岗社区界"]]
    assert sides(traced["B"])["west"] == [["清河社区界"]]
    assert bounds_of_zh(traced["A"]).startswith("马岗社区界以西、")
    assert bounds_to_en(traced["A"]).startswith("east to the border of Magang")


def test_an_old_border_is_named_after_todays_neighbour() -> None:
    traced = trace(town(v2=("甲社区与乙社区界", "border")), ["AACC"] * 4)
    assert sides(traced["A"])["east"] == [["冠山村界"]]


def test_an_unnamed_road_says_whose_border_it_is() -> None:
    traced = trace(town(v2=(None, "residential")), ["AABB", "AABB", "AACC", "AACC"])
    assert bounds_to_zh(traced["A"]).startswith("东至无名道路(与马岗社区、冠山村交界),")
    assert bounds_to_zh(traced["B"]).split(",")[2] == "西至无名道路(与清河社区交界)"
    assert bounds_to_en(traced["B"]).split(", ")[2] == "west to an unnamed road (border with Qinghe)"


@pytest.mark.parametrize(("kind", "said"), [
    ("railway", "铁路线(镇界)"), ("river", "无名河流(镇界)"), ("wall", "围墙(镇界)"), ("footway", "无名小路(镇界)"),
])  # fmt: skip
def test_other_unnamed_lines(kind: str, said: str) -> None:
    assert bounds_to_zh(trace(town(v4=(None, kind)), WHOLE)["A"]).startswith(f"东至{said},")


def test_a_parcel_beside_its_own_community() -> None:
    """A parcel of A that moves: towards the rest of A, where no line runs, there is only a plot boundary."""
    place = town(v1=None, v3=None)
    parcel = place.assign(["....", ".PP.", ".PP.", "...."])
    today = place.assign(["AAAB"] * 4)
    traced = trace_bounds(place.shapes(parcel), place.seams, parcel, names=NAMES, neighbours=today)
    assert bounds_of_zh(traced["P"], CLOCKWISE) == "北二街以南、马岗社区界以西、南二街以北、地块边界以东"


# ── holes and detached parts ─────────────────────────────────────────────────────────────────────────────────────────
HOLE = ["AAAA", "ABBA", "ABBA", "AAAA"]


def test_a_community_in_a_hole_is_left_out_by_name() -> None:
    traced = trace(town(), HOLE)
    assert sides(traced["A"]) == SQUARE
    assert bounds_to_zh(traced["A"]) == "东至东一路,南至南一街,西至西一路,北至北一街(不含马岗社区)"
    assert bounds_of_en(traced["A"]).endswith("south of 北一街-en (excluding Magang)")
    assert traced["B"].notes == ()


def test_estates_name_holes_and_detached_parts() -> None:
    estates = gpd.GeoDataFrame({"name": ["竹园小区", "福隆花园", None], "name_en": ["Zhuyuan", None, None]},
                               geometry=[box(150, 150, 180, 180), box(320, 320, 380, 380), box(220, 220, 230, 230)],
                               crs=32650)  # fmt: skip
    assert bounds_to_zh(trace(town(), HOLE, estates=estates)["A"]).endswith("北至北一街(不含竹园小区)")
    detached = trace(town(), ["BBBA", "AABB", "AABB", "AABB"], estates=estates)["A"]
    assert bounds_to_zh(detached) == "东至中路,南至南一街,西至西一路,北至北二街(含福隆花园)"
    assert bounds_to_en(detached).endswith("(including 福隆花园)")
    unnamed = trace(town(), ["BBBA", "AABB", "AABB", "AABB"])["A"]
    assert bounds_to_zh(unnamed).endswith("北至北二街(含飞地:东至东一路,南至北二街,西至东二路,北至北一街)"), (
        "no estate names it, so its own bounds do"
    )


def test_a_lake_in_a_hole() -> None:
    place = town()
    lake = place.blocks.index.isin(place.ids((1, 1), (1, 2), (2, 1), (2, 2)))
    seams = place.seams.copy()
    gone = set(place.blocks.index[lake])
    inner = seams["block_a"].isin(gone) & seams["block_b"].isin(gone)
    shore = (seams["block_a"].isin(gone) | seams["block_b"].isin(gone)) & ~inner
    kept = seams["block_a"].where(~seams["block_a"].isin(gone), seams["block_b"])
    seams.loc[shore, ["feature_name", "feature_class"]] = ["镜湖", "water"]
    seams.loc[shore, "block_a"], seams.loc[shore, "block_b"] = kept[shore], "outside"
    dry = GridTown(place.blocks[~lake], seams[~inner])
    assert bounds_to_zh(trace(dry, ["AAAA", "A..A", "A..A", "AAAA"])["A"]).endswith("(不含镜湖)")


# ── laws ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
DRAWINGS = st.lists(st.text(alphabet="ABC", min_size=4, max_size=4), min_size=4, max_size=4)


@settings(max_examples=40, deadline=None)
@given(DRAWINGS, st.randoms(use_true_random=False))
def test_row_order_does_not_matter_and_no_side_is_empty(drawing: list[str], random: object) -> None:
    place = town(v2=None, h1=(None, "residential"))
    assignment = place.assign(drawing)
    shapes = place.shapes(assignment)
    first = trace_bounds(shapes, place.seams, assignment, names=NAMES)
    order = np.random.default_rng(random.randint(0, 99)).permutation  # type: ignore[attr-defined]
    seams = place.seams.iloc[order(len(place.seams))]
    shuffled = assignment.iloc[order(len(assignment))]
    assert trace_bounds(shapes.iloc[::-1], seams, shuffled, names=NAMES) == first
    for bounds in first.values():
        assert all(chain for side in SIDES for chain in bounds.side(side) or [()])


@settings(max_examples=30, deadline=None)
@given(DRAWINGS, st.integers(0, 400), st.floats(-4e5, 4e5), st.floats(-4e5, 4e5))
def test_the_ring_may_start_anywhere_and_the_town_may_move(drawing: list[str], start: int, x: float, y: float) -> None:
    place = town()
    assignment = place.assign(drawing)
    shapes = place.shapes(assignment)
    first = trace_bounds(shapes, place.seams, assignment, names=NAMES)

    def restarted(polygon: shapely.Polygon) -> shapely.Polygon:
        ring = np.array(polygon.exterior.coords)[:-1]
        return shapely.Polygon(np.roll(ring, start, axis=0), [hole.coords for hole in polygon.interiors])

    shapes.geometry = [
        shapely.MultiPolygon([restarted(part) for part in shapely.get_parts(shape)]) for shape in shapes.geometry
    ]
    assert trace_bounds(shapes, place.seams, assignment, names=NAMES) == first
    whole = np.round([x, y])
    moved = place.bent(lambda p: p + whole)
    assert trace_bounds(moved.shapes(assignment), moved.seams, assignment, names=NAMES) == first


def test_outlines_that_lost_vertices_still_find_their_seams() -> None:
    """A simplified outline shares no vertex with the seams but lies on them."""
    place = town()
    assignment = place.assign(["AABB"] * 4)
    shapes = place.shapes(assignment)
    shapes.geometry = shapely.simplify(shapes.geometry.to_numpy(), 0.01)
    traced = trace_bounds(shapes, place.seams, assignment)
    assert sides(traced["A"]) == SQUARE | {"east": [["中路"]]}
    assert sides(traced["B"]) == SQUARE | {"west": [["中路"]]}


def test_shapes_without_seams_are_refused_by_id() -> None:
    place = town()
    shapes = gpd.GeoDataFrame(index=["Z1"], geometry=[box(9000, 9000, 9100, 9100)], crs=32650)
    with pytest.raises(InputError, match="no seam runs along the outline") as caught:
        trace_bounds(shapes, place.seams, pd.Series({"b00": "Z1"}))
    assert caught.value.faults[0].ids == ("Z1",)


def test_inputs_are_left_alone() -> None:
    place = town()
    assignment = place.assign(HOLE)
    shapes = place.shapes(assignment)
    before = [shapes.copy(deep=True), place.seams.copy(deep=True), assignment.copy(deep=True)]
    describe_bounds(shapes, place.seams, assignment, names=NAMES)
    assert all(a.equals(b) for a, b in zip(before, [shapes, place.seams, assignment], strict=True))
