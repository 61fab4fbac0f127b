"""Examination and renovation on real towns, with what their files hold: years, storeys and surveys are mostly missing.

Each README in ../shared/cases tells source and licence. What a town does not know has to stay unknown on every page.
"""

import re
import zipfile
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import pytest
import shapely

from geo.examination.candidates import candidates
from geo.examination.examine import examine
from geo.examination.result import Examination
from geo.lifts import screen_buildings
from geo.programme.measures import measures
from geo.programme.quantities import building_quantities
from geo.standards import load_catalogue, load_costs, load_menu, load_site_rules
from geo.standards.lift_rules import load_lift_rules
from geo.study import Study, read_study
from tests.command import done, here, refused

pytestmark = pytest.mark.cases

TODAY: Final = "2026-11-22"
CATALOGUE: Final = load_catalogue("examination-2025")
HOUSING: Final = range(1, 10)
SURVEYED: Final = 40
"""So many homes of Helsinki are looked at, the first of the workbook."""

XITUN: Final = """
[study]
name = "西屯區"
name_en = "Xitun District"
crs = "EPSG:3826"

[[source]]
table = "communities"
file = "taichung_xitun.gpkg"
layer = "villages"
columns = { community_id = "villcode", name = "villname", households = "households", people = "population" }
fixed = { kind = "community" }
filter = { townname = ["西屯區"] }

[[source]]
table = "roads"
file = "taichung_xitun.gpkg"
layer = "roads"
columns = { road_id = "osm_id", name = "name", name_en = "name_en", road_class = "highway" }
values = { bridge = { viaduct = true } }

[[source]]
table = "buildings"
file = "taichung_xitun.gpkg"
layer = "buildings"

[[source]]
table = "facilities"
file = "taichung_xitun.gpkg"
layer = "facilities"

[[source]]
table = "facilities"
file = "taichung_xitun.gpkg"
layer = "landuse"

[[source]]
table = "estates"
file = "taichung_xitun.gpkg"
layer = "landuse"
"""
"""The whole district with its villages; streets, buildings and facilities are mapped on 2.7 of its 39 km²."""


def town(path: Path, *sources: object) -> Study:
    """Import a town, cut it into blocks and place its households, as a user would; return the study."""
    done("import", *sources, "--out", path)
    done("blocks", path)
    done("households", path)
    return read_study(path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("towns")


@pytest.fixture(scope="module")
def helsinki(cases: Path, folder: Path) -> Study:
    return town(folder / "helsinki.gpkg", cases / "helsinki_centre" / "helsinki_centre.gpkg")


@pytest.fixture(scope="module")
def nanjing(cases: Path, folder: Path) -> Study:
    return town(folder / "nanjing.gpkg", cases / "nanjing_gulou" / "nanjing_gulou.gpkg")


@pytest.fixture(scope="module")
def taichung(cases: Path, folder: Path) -> Study:
    mapping = folder / "xitun.toml"
    mapping.write_text(XITUN, encoding="utf-8")
    source = cases / "taichung_xitun" / "taichung_xitun.gpkg"
    return town(folder / "taichung.gpkg", source, "--mapping", mapping)


@pytest.fixture(scope="module")
def unsurveyed(helsinki: Study) -> Examination:
    return examined(helsinki)


@pytest.fixture(scope="module")
def surveyed(helsinki: Study, folder: Path) -> tuple[Path, Study]:
    """Helsinki after one day of surveys: the workbook filled in, read back; and the files of its examination."""
    path = folder / "helsinki.gpkg"
    done("survey", "make", path, "--out", folder / "survey.xlsx")
    fill(folder / "survey.xlsx")
    done("survey", "read", path, folder / "survey.xlsx", "--today", TODAY)
    done("examine", path, "--out", folder / "examination", "--today", TODAY)
    return folder / "examination", read_study(path)


def examined(study: Study, edition: str = "examination-2025") -> Examination:
    return examine(study, catalogue=load_catalogue(edition), today=TODAY)


def fill(book: Path) -> None:
    """Fill in the first homes: all for structure and gas, half for stairs; every seventh has 1d, every fifth 2.

    Two façades are told with their extent [m²], a roof without one.
    """
    workbook = openpyxl.load_workbook(book)

    def answer(form: str, codes: list[str], rows: range, found: dict[str, list[int]]) -> None:
        sheet = workbook[form]
        at = {cell.value: cell.column for cell in sheet[2]}
        for row in rows:
            sheet.cell(row + 6, at["surveyed_on"]).value = "2026-10-12"
            sheet.cell(row + 6, at["surveyor"]).value = "王玉兰"
            for code in codes:
                sheet.cell(row + 6, at[code]).value = "有" if row in found.get(code, []) else "无"

    answer("结构安全", ["1a", "1b", "1c", "1d", "1e"], range(SURVEYED), {"1d": list(range(0, SURVEYED, 7))})
    answer("燃气", ["2"], range(SURVEYED), {"2": list(range(1, SURVEYED, 5))})
    answer("楼道", [f"3{each}" for each in "abcdefgh"], range(SURVEYED // 2), {})
    answer("围护", [f"4{each}" for each in "abcde"], range(SURVEYED), {"4a": [0, 1], "4d": [2]})
    homes = [workbook["围护"].cell(row + 6, 1).value for row in range(3)]
    codes = [str(row[0].value) for row in workbook["_lists"].iter_rows(min_row=2, min_col=7, max_col=7)]
    sheet = workbook["问题明细"]
    at = {cell.value: cell.column for cell in sheet[2]}
    for row, (code, grade, extent) in enumerate((("4a", "严重", 22), ("4a", "很严重", 65), ("4d", "一般", None))):
        told = {"subject": "住宅楼", "subject_id": homes[row], "code": next(c for c in codes if c.split()[0] == code),
                "severity": grade, "extent": extent, "extent_unit": "平方米" if extent else None, "status": "待整治",
                "surveyed_on": "2026-10-12", "surveyor": "王玉兰"}  # fmt: skip
        for key, value in told.items():
            sheet.cell(row + 6, at[key]).value = value
    workbook.save(book)


def text_of(document: Path) -> str:
    """The words of a .docx, without its markup."""
    with zipfile.ZipFile(document) as archive:
        return re.sub(r"<[^>]+>", "", archive.read("word/document.xml").decode("utf-8"))


# ── laws that hold in every town ─────────────────────────────────────────────────────────────────────────────────────
def assert_unknown_is_not_zero(found: Examination) -> None:
    """No indicator that nobody looked at has a value, and no share of what was looked at is made up."""
    table = found.indicators
    unknown = table["status"] == "unknown"
    assert table.loc[unknown, "value"].isna().all()
    assert table.loc[~unknown, "value"].notna().all()
    counted = table.loc[list(HOUSING)]
    nobody = counted["surveyed"] == 0
    assert counted.loc[nobody, "value"].isna().all(), "not surveyed, yet counted"
    assert (counted["unknown"] + counted["surveyed"] == counted["total"]).all()
    states = found.states[found.states["state"] == "unknown"]
    assert (states["findings"] == 0).all()
    assert states["value"].isna().all()


def assert_units(study: Study, found: Examination) -> pd.Series:
    """Units tile the blocks, hang together, hold all people, and each is within the limits or marked; their people."""
    units, blocks = found.units, found.blocks
    assert blocks["unit_id"].notna().all()
    assert set(blocks["unit_id"]) == set(units.index)
    assert (shapely.get_num_geometries(units.geometry.to_numpy()) == 1).all(), "a unit lies in pieces"
    people = study["blocks"]["people"].astype("float64").groupby(blocks["unit_id"]).sum()
    assert people.to_dict() == units["people"].astype("float64").to_dict()
    limits = pd.cut(people, [0, CATALOGUE.unit_min_people, CATALOGUE.unit_max_people + 1, np.inf], right=False,
                    labels=["below", "within", "above"])  # fmt: skip
    assert limits.astype(str).to_dict() == units["size"].to_dict()
    above = units.index[units["size"] == "above"]
    inhabited = study["blocks"].loc[study["blocks"]["people"] > 0]
    single = blocks.loc[inhabited.index, "unit_id"].value_counts()
    assert (single[above] == 1).all(), "only a unit of a single inhabited block cannot be cut"
    return people


def assert_quantities(homes: gpd.GeoDataFrame) -> pd.DataFrame:
    """Façades and roofs of ten homes measured again from their rings; storeys that nobody knows lie between bounds."""
    table = building_quantities(homes)
    unknown = homes["floors"].isna() & homes["height_m"].isna()
    assert (table["floors_low"][~unknown] == table["floors_high"][~unknown]).all()
    assert (table["floors_low"][unknown] < table["floors_high"][unknown]).all(), "an estimate needs a range"
    assert table["floors_zh"][unknown].str.startswith("层数估计:未登记").all()
    assert (table["facade_m2_low"] <= table["facade_m2"]).all()
    assert (table["facade_m2"] <= table["facade_m2_high"]).all()
    shapes = homes.geometry.to_numpy()
    for i in np.linspace(0, len(homes) - 1, 10).astype(int):
        rings = [ring for part in shapely.get_parts(shapes[i]) for ring in (part.exterior, *part.interiors)]
        free = sum(ring.length for ring in rings)
        for other in np.delete(shapes, i)[shapely.distance(np.delete(shapes, i), shapes[i]) == 0]:
            free -= shapely.boundary(shapes[i]).intersection(shapely.boundary(other)).length
        row = table.iloc[i]
        told = homes["height_m"].iloc[i]
        height = told if told >= 2 else 3.0 * row["floors"]
        assert row["facade_m2"] == pytest.approx(max(free, 0.0) * height * 0.75, rel=1e-6, abs=1e-6), homes.index[i]
        rings_m2 = [float(shapely.Polygon(ring).area) for ring in rings]
        holes = sum(
            float(shapely.Polygon(hole).area) for part in shapely.get_parts(shapes[i]) for hole in part.interiors
        )
        assert row["roof_m2"] == pytest.approx(sum(rings_m2) - 2 * holes, rel=1e-9), homes.index[i]
    return table


# ── Helsinki: years and storeys of some buildings ────────────────────────────────────────────────────────────────────
def test_helsinki_knows_the_years_that_its_file_tells_plainly(
    helsinki: Study, unsurveyed: Examination, cases: Path
) -> None:
    raw = pyogrio.read_dataframe(cases / "helsinki_centre" / "helsinki_centre.gpkg", layer="buildings")
    plain = raw["start_date"].str.fullmatch(r"\d{4}(-\d\d(-\d\d)?)?").fillna(False).sum()
    assert helsinki["buildings"]["year_built"].notna().sum() >= plain > 50
    homes = unsurveyed.buildings
    assert homes["housing_group"].value_counts()["unknown"] == homes["year_built"].isna().sum()
    groups = unsurveyed.groups.loc[1, "total"]
    assert groups.sum() == len(homes)
    assert groups["unknown"] > 0.8 * len(homes)
    dated = homes["year_built"].dropna()
    assert groups["before_2000"] + groups["historic"] == (dated < 2000).sum()


def test_helsinki_before_any_survey_says_nothing_of_its_homes(unsurveyed: Examination) -> None:
    table = unsurveyed.indicators.loc[list(HOUSING)]
    assert (table["status"] == "unknown").all()
    assert (table["lower"] == 0).all()
    assert table.loc[[1, 2, 3], "upper"].tolist() == [len(unsurveyed.buildings)] * 3
    assert (unsurveyed.buildings["severity"] == "unknown").all()
    assert any("建筑用途未知" in zh for zh, _ in unsurveyed.notes)
    assert_unknown_is_not_zero(unsurveyed)


def test_helsinki_no_site_is_a_candidate_while_years_and_consent_are_unknown(
    helsinki: Study, unsurveyed: Examination
) -> None:
    ranked = candidates(helsinki, unsurveyed, rules=load_site_rules("old-estates-2021")).table
    assert set(ranked["group"]) <= {"unknown_year", "to_confirm", "excluded"}
    homes = unsurveyed.buildings
    dated = homes.groupby("site_id")["year_built"].apply(lambda years: years.notna().any())
    nothing = ranked.loc[dated.index[~dated]]
    assert nothing["reasons_zh"].str.contains("建成年份未知").all()
    assert nothing["reasons_en"].str.contains("year not known").all()
    assert (nothing["group"] == "unknown_year").all()
    assert ranked["reasons_zh"].str.contains("同意率未知").all()


def test_helsinki_units_and_quantities(helsinki: Study, unsurveyed: Examination) -> None:
    assert assert_units(helsinki, unsurveyed).between(5_000, 12_000).all()
    table = assert_quantities(unsurveyed.buildings)
    assert table["facade_m2"].between(0, 40_000).all()


def test_helsinki_lifts_fit_nowhere_while_the_structure_is_unknown(helsinki: Study) -> None:
    screen = screen_buildings(helsinki["buildings"], rules=load_lift_rules("lift-consent")).table
    assert "fits" not in set(screen["verdict"])
    assert "unknown" in set(screen["verdict"])


def test_helsinki_one_day_of_surveys_is_counted_and_no_more(surveyed: tuple[Path, Study]) -> None:
    out, study = surveyed
    found = examined(study)
    table = found.indicators
    assert table.loc[[1, 2, 4], "value"].tolist() == [6, 8, 3]
    assert table.loc[3, "value"] == 0, "twenty homes were looked at, and are in order"
    assert table.loc[[1, 2, 3, 4], "surveyed"].tolist() == [SURVEYED, SURVEYED, SURVEYED // 2, SURVEYED]
    assert table.loc[3, "upper"] == len(found.buildings) - SURVEYED // 2
    assert table.loc[[5, 6, 7, 8, 9], "status"].tolist() == ["unknown"] * 5
    assert_unknown_is_not_zero(found)
    words = text_of(out / "report.docx")
    assert "未调查不等于没有问题" in words
    assert f"{SURVEYED} / {len(found.buildings)}" in words
    assert "不详" in words


def test_helsinki_measures_cost_what_is_known_and_leave_the_rest_open(surveyed: tuple[Path, Study]) -> None:
    _, study = surveyed
    found = examined(study)
    needed = measures(found, study, menu=load_menu("renovation-menu-2020"), costs=load_costs("example-costs"))
    told = needed[needed["key"] == "facade_repair"]
    assert told["quantity"].tolist() == [22.0]
    renewed = needed[needed["key"] == "facade_renewal"].iloc[0]
    quantities = building_quantities(found.buildings)
    assert renewed["quantity"] == pytest.approx(quantities["facade_m2"][renewed["subject_id"]])
    open_ = needed["quantity"].isna()
    assert open_.any(), "the roof that leaks has no extent"
    assert needed.loc[open_, "cost_yuan"].isna().all()
    priced = needed[~open_ & (needed["remedy"] == "works")]
    assert np.allclose(priced["cost_yuan"], priced["quantity"] * priced["unit_yuan"])
    assert needed.loc[needed["remedy"] == "works", "example_cost"].all()


# ── Nanjing: no year of any building ─────────────────────────────────────────────────────────────────────────────────
def test_nanjing_without_a_year_has_one_group_and_no_candidate(nanjing: Study) -> None:
    found = examined(nanjing)
    assert nanjing["buildings"]["year_built"].isna().all()
    assert set(found.buildings["housing_group"]) == {"unknown"}
    assert_unknown_is_not_zero(found)
    ranked = candidates(nanjing, found, rules=load_site_rules("old-estates-2021")).table
    assert set(ranked["group"]) == {"unknown_year"}
    assert set(ranked.index) == set(found.buildings["site_id"]) | set(nanjing["estates"].index)
    people = assert_units(nanjing, found)
    assert len(people) == 16
    assert (people > CATALOGUE.unit_max_people).sum() == 1
    table = assert_quantities(found.buildings)
    assert (table["floors_low"] == table["floors_high"]).sum() < 0.2 * len(table)


def test_nanjing_by_the_earlier_edition_and_in_english(nanjing: Study) -> None:
    found = examined(nanjing, "examination-2023")
    assert len(found.indicators) == 61
    assert_unknown_is_not_zero(found)
    assert found.indicators.loc[found.indicators["value"].isna(), "status"].eq("unknown").all()


# ── Taichung: a whole district of which a fourteenth is mapped ───────────────────────────────────────────────────────
def test_taichung_units_hold_the_people_of_all_39_villages(taichung: Study) -> None:
    found = examined(taichung)
    people = assert_units(taichung, found)
    assert people.sum() == 231_730
    assert taichung["communities"]["people"].sum() == 231_730
    assert (people > CATALOGUE.unit_max_people).sum() == 2
    assert_quantities(found.buildings)


def test_taichung_says_nothing_of_the_ground_that_was_not_mapped(taichung: Study) -> None:
    found = examined(taichung)
    assert_unknown_is_not_zero(found)
    parks, density = found.indicators.loc[25], found.indicators.loc[35]
    assert (parks["status"], density["status"]) == ("unknown", "unknown")
    assert parks["upper"] > 90, "where nobody drew parks there may be some"
    assert parks["coverage"] < 0.2
    assert "不能代表全域" in parks["note_zh"]
    assert "does not speak for the town" in density["note_en"]


def test_taichung_without_buildings_is_refused_in_words(cases: Path, root: Path, tmp_path: Path) -> None:
    study = tmp_path / "villages.gpkg"
    mapping = root / "docs" / "examples" / "taichung_xitun.toml"
    done("import", cases / "taichung_xitun" / "taichung_xitun.gpkg", "--mapping", mapping, "--out", study)
    refused(here("examine", study, "--out", tmp_path / "never"), "no table buildings")
    assert not (tmp_path / "never").exists()
