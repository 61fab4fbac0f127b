"""Texts that say enough to be read back: on a drawn town, on the demo town, and on a real district."""

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.boundary_text import (
    Ground,
    Told,
    bounds_to_zh,
    describe_bounds,
    locate_bounds,
    parse_bounds,
    tell_bounds,
    trace_bounds,
)
from geo.study import Study, read_study
from layers.words import fullwidth
from tests.command import shequ
from tests.geo.grid_town import GridTown, grid_town

TEXTS = ("bounds_to_zh", "bounds_of_zh", "bounds_to_en", "bounds_of_en")


def streets(columns: int, rows: int) -> GridTown:
    return grid_town(
        vertical=[f"纵{i}路" for i in range(columns + 1)], horizontal=[f"横{i}街" for i in range(rows + 1)]
    )


def tell(place: GridTown, drawing: list[str]) -> dict[object, Told]:
    assignment = place.assign(drawing)
    return tell_bounds(place.shapes(assignment), place.seams, assignment, place.blocks)


def test_what_is_understood_says_no_more() -> None:
    told = tell(streets(4, 4), ["AABB", "AABB", "AAAA", "AAAA"])["A"]
    assert (told.agreement, told.besides) == (1.0, 0)
    assert bounds_to_zh(told.bounds) == "东至纵2路、纵4路,南至横0街,西至纵0路,北至横4街、横2街"


def test_where_a_side_jogs_the_street_of_the_jog_is_said() -> None:
    """纵8路—纵9路 alone does not tell where the one street is left for the other."""
    place, drawing = streets(10, 10), ["AAAAAAAABB"] * 5 + ["AAAAAAAAAB"] * 5
    assignment = place.assign(drawing)
    shapes = place.shapes(assignment)
    plain = trace_bounds(shapes, place.seams, assignment)["A"]
    assert bounds_to_zh(plain).startswith("东至纵8路—纵9路,")
    assert set(locate_bounds(plain, place.blocks, place.seams).blocks) != set(assignment.index[assignment == "A"])
    told = tell(place, drawing)["A"]
    assert bounds_to_zh(told.bounds) == "东至纵8路—横5街—纵9路,南至横0街,西至纵0路,北至横10街"
    assert (told.agreement, told.besides) == (1.0, 1)


def test_what_words_cannot_tell_is_measured() -> None:
    """Land of no community goes on where A ends, and no line runs between: nothing says how far A goes."""
    place = grid_town(vertical=[None] * 5, horizontal=[None] * 5)
    told = tell(place, ["AA.."] * 4)["A"]
    assert bounds_to_zh(told.bounds) == "东至地块边界,南至镇界,西至镇界,北至镇界"
    assert 0 < told.agreement < 1
    assert told.besides == 0


def test_the_table_says_how_well_each_text_is_understood() -> None:
    place = streets(4, 4)
    assignment = place.assign(["AABB"] * 4)
    table = describe_bounds(place.shapes(assignment), place.seams, assignment, blocks=place.blocks)
    assert list(table.columns) == [*TEXTS, "bounds_agreement"]
    assert table["bounds_agreement"].tolist() == [1.0, 1.0]
    without = describe_bounds(place.shapes(assignment), place.seams, assignment)
    assert list(without.columns) == list(TEXTS)


def test_a_detached_part_is_told_and_found() -> None:
    told = tell(streets(4, 4), ["BBBA", "AABB", "AABB", "AABB"])["A"]
    assert bounds_to_zh(told.bounds).endswith("(含飞地:东至纵4路,南至横3街,西至纵3路,北至横4街)")
    assert told.agreement == 1.0


def test_a_parcel_is_read_inside_its_community() -> None:
    """The middle street alone bounds it: the rest is the community's own edge, which the text need not say."""
    place = streets(4, 4)
    parcel, today = place.assign(["....", "....", "PP..", "PP.."]), place.assign(["AABB"] * 4)
    shapes = place.shapes(parcel)
    told = tell_bounds(shapes, place.seams, parcel, place.blocks, neighbours=today, within={"P": "A"})["P"]
    assert (told.agreement, told.besides) == (1.0, 0)
    assert bounds_to_zh(told.bounds) == "东至纵2路,南至横0街,西至纵0路,北至横2街"


DRAWINGS = st.lists(st.text(alphabet="AB", min_size=5, max_size=5), min_size=5, max_size=5)


@settings(max_examples=25, deadline=None)
@given(DRAWINGS)
def test_who_agrees_returns_the_same_blocks_in_every_text(drawing: list[str]) -> None:
    place = streets(5, 5)
    assignment = place.assign(drawing)
    table = describe_bounds(place.shapes(assignment), place.seams, assignment, blocks=place.blocks)
    ground = Ground(place.blocks, place.seams, neighbours=assignment)
    for shape in table.index[table["bounds_agreement"] == 1]:
        meant = tuple(sorted(assignment.index[assignment == shape]))
        for text in table.loc[shape, list(TEXTS)]:
            assert ground.locate(parse_bounds(text).bounds).blocks == meant


# ── whole towns ──────────────────────────────────────────────────────────────────────────────────────────────────────
def read_back(study: Study, assignment: pd.Series, names: pd.DataFrame) -> dict[str, list[str]]:
    """Return, for each of the four texts, the communities whose text does not return their blocks, with the text."""
    blocks, seams = study.tables["blocks"], study.tables["seams"]
    assignment = assignment.dropna()
    parts = blocks.geometry.loc[assignment.index].groupby(assignment.to_numpy())
    shapes = gpd.GeoDataFrame(
        geometry=[shapely.coverage_union_all(part.to_numpy()) for _, part in parts], index=list(parts.groups),
        crs=blocks.crs,
    )  # fmt: skip
    told = {"names": names, "estates": study.tables.get("estates")}
    table = describe_bounds(shapes, seams, assignment, blocks=blocks, **told)
    ground = Ground(blocks, seams, neighbours=assignment, **told)
    missed: dict[str, list[str]] = {}
    for column in TEXTS:
        missed[column] = []
        for shape, text in table[column].items():
            meant = tuple(sorted(assignment.index[assignment == shape]))
            parsed = parse_bounds(fullwidth(text) if column.endswith("zh") else text)
            if parsed.remarks or ground.locate(parsed.bounds).blocks != meant:
                missed[column].append(f"{shape} {table.loc[shape, 'bounds_agreement']:.2f} {text}")
    return missed


def of_the_plan(study: Study, plan: Path) -> tuple[pd.Series, pd.DataFrame]:
    communities = pyogrio.read_dataframe(plan, layer="communities").set_index("community_id")
    blocks = pyogrio.read_dataframe(plan, layer="blocks").set_index("block_id")
    return blocks["community_id"], communities[["name", "name_en", "kind"]]


def of_today(study: Study) -> tuple[pd.Series, pd.DataFrame]:
    return study.tables["blocks"]["community_id"], study.tables["communities"][["name", "name_en", "kind"]]


def test_qinghe_is_read_back(demo: Path) -> None:
    """The communities of the plan and those of today together: at least 95 % return their blocks, in each text."""
    study = read_study(demo / "study.gpkg")
    missed = {column: list[str]() for column in TEXTS}
    count = 0
    for assignment, names in (of_the_plan(study, demo / "plan.gpkg"), of_today(study)):
        count += assignment.nunique()
        for column, texts in read_back(study, assignment, names).items():
            missed[column] += texts
    assert all(len(texts) <= 0.05 * count for texts in missed.values()), missed


@pytest.mark.cases
def test_taichung_is_read_back(cases: Path, root: Path, tmp_path: Path) -> None:
    """39 villages today, and the communities of a plan, on census areas; most are bounded by their neighbours."""
    file = tmp_path / "taichung.gpkg"
    for arguments in (
        ("import", cases / "taichung_xitun" / "taichung_xitun.gpkg",
         "--mapping", root / "docs" / "examples" / "taichung_xitun.toml", "--out", file),
        ("blocks", file, "--from", "census"), ("households", file, "--trust", "census"),
        ("plan", file, "--out", tmp_path / "plan"),
    ):  # fmt: skip
        run = shequ(*arguments)
        assert run.returncode == 0, run.stderr
    study = read_study(file)
    for assignment, names in (of_the_plan(study, tmp_path / "plan" / "plan.gpkg"), of_today(study)):
        missed = read_back(study, assignment, names)
        assert all(len(texts) <= 0.05 * assignment.nunique() for texts in missed.values()), missed


def test_every_sentence_of_a_plan_is_understood(demo: Path) -> None:
    for table in ("communities", "communities_before", "moves"):
        for sentence in pyogrio.read_dataframe(demo / "plan.gpkg", layer=table)["text_zh"].dropna():
            parsed = parse_bounds(sentence)
            assert parsed.remarks == (), sentence
            assert parsed.actions, sentence
