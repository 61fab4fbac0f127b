"""Gaps on the page, in Excel, in Word and in QGIS: the street town, whose figures are counted by hand."""

import base64
import io
import json
import re
import sqlite3
from contextlib import closing
from dataclasses import replace

import docx
import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import pytest
from matplotlib.colors import to_rgb
from matplotlib.text import Text
from PIL import Image

from layers.catalogue import score_style
from layers.gaps import facts, gaps_map, write_gaps_docx, write_gaps_gpkg, write_gaps_xlsx
from layers.gaps.facts import uncovered_places
from layers.gaps.frames import (
    FEWEST_PEOPLE,
    access_classes,
    area_frame,
    facility_frame,
    home_frame,
    out_of_reach,
    walk_classes,
    walk_labels,
)
from layers.gaps.page import page_data
from layers.gaps.picture import TownMaps
from layers.maps import save
from layers.styles import FACILITY_COLOURS, SCORE_FILLS
from layers.town_page import UNKNOWN_16, packed


def _unpacked(text):
    return np.frombuffer(base64.b64decode(text), dtype="<u2").tolist()


# ── rows ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_walks_are_classed_by_their_reach(town):
    # walks to a shop: 100, 0, 100, 250, 150, 50, 150, 250, 350; the reach is 200
    classes = walk_classes(town.gaps["test"])
    assert classes["shop"].tolist() == [
        "near",
        "near",
        "near",
        "beyond",
        "within",
        "near",
        "within",
        "beyond",
        "beyond",
    ]
    # an office in A only, at 100
    assert classes["office"].tolist() == ["near"] * 3 + ["far"] * 6
    assert set(classes["school"]) == {"unknown"}


def test_classes_are_called_with_their_numbers(town):
    shop, office, _ = town.gaps["test"].standard.requirements
    assert walk_labels(shop)["within"] == ("可达，100–200米", "within reach, 100–200 m")
    assert walk_labels(office)["far"] == ("本社区没有", "its community has none")


def test_supply_is_classed_against_the_average():
    supply = pd.Series([0.0, 0.4, 0.9, 1.5, 3.0, np.inf, np.nan])
    assert access_classes(supply, 1.0).tolist() == ["none", "low", "under", "over", "high", "high", "unknown"]
    assert set(access_classes(supply, np.nan)) == {"unknown"}


def test_people_out_of_reach_are_summed_and_few_are_left_out(town):
    gaps = town.gaps["test"]
    lost = out_of_reach(gaps, walk_classes(gaps)["shop"])
    # h4 (100) at 450, h8 (200) at 950, h9 (300) at 1050: squares 250–500, 750–1000, 1000–1250
    assert lost["people"].tolist() == [100, 200, 300]
    office = out_of_reach(gaps, walk_classes(gaps)["office"])
    assert office["people"].min() >= FEWEST_PEOPLE


def test_frames_hold_no_people_of_single_homes(town):
    assert not [column for column in home_frame(town.gaps).columns if "people" in column]
    areas = area_frame(town.gaps)
    assert areas["test_shop"].tolist() == ["met", "far", "far"]
    assert areas["test_office"].tolist() == ["met", "missing", "missing"]


def test_packed_numbers_know_what_is_unknown():
    assert _unpacked(packed([0, 12.4, np.nan, np.inf, 70_000])) == [0, 12, UNKNOWN_16, UNKNOWN_16, UNKNOWN_16]


# ── the page ─────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture(scope="module")
def data(town):
    return page_data(town.gaps, study=town.study, surfaces=town.surfaces)


def test_the_page_knows_walks_states_and_land(data):
    shop, office, school = data["standards"][0]["requirements"]
    today = shop["sides"]["today"]
    assert _unpacked(data["packs"][today["m"]]) == [100, 0, 100, 250, 150, 50, 150, 250, 350]
    assert today["signs"] == "nnnbwnwbb"
    assert shop["land"] is not None
    assert office["land"] is None
    assert office["sides"]["today"]["states"] == "kmm"
    assert set(school["sides"]["today"]["states"]) == {"u"}
    assert school["sides"]["today"]["share"] is None
    assert shop["access"]["unit"] == "places"
    assert [data["facilities"]["ids"][n] for n in shop["facilities"]] == ["f1", "f2"]


def test_the_page_shows_no_people_where_few_live(data):
    assert data["homes"]["people"][0] is None  # nine people
    assert data["homes"]["people"][1] == 200


def test_texts_of_data_cannot_leave_their_script(town, tmp_path):
    save(gaps_map(town.gaps, study=town.study, surfaces=town.surfaces), tmp_path / "map.html")
    text = (tmp_path / "map.html").read_text("utf-8")
    island = re.search(r'<script type="application/json" id="sq-data">(.*?)</script>', text, re.DOTALL)
    assert island is not None
    assert "<" not in island.group(1)
    assert json.loads(island.group(1))["standards"][0]["requirements"][0]["title"][1] == "Shop <b>"
    assert "http://" not in re.sub(r"http://www\.w3\.org", "", text.split("<body>")[1].split("sq-data")[0])


@pytest.mark.parametrize("width", [360, 1440])
def test_the_page_works_in_a_browser_without_a_network(browser, town, tmp_path, width):
    save(gaps_map(town.gaps, study=town.study, surfaces=town.surfaces), tmp_path / "map.html")
    context = browser.new_context(viewport={"width": width, "height": 800}, offline=True)
    tab, said, asked = context.new_page(), [], []
    tab.on("pageerror", lambda error: said.append(str(error)))
    tab.on("console", lambda message: said.append(message.text))
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(f"file://{tmp_path / 'map.html'}#need=shop&tab=map")
    tab.wait_for_selector(".sq[data-ready=yes]")
    assert "便利店" in tab.locator("#sq-now").inner_text()
    assert tab.locator(".sq-legend li").first.inner_text().split() == ["可达，≤100米", "4"]
    tab.locator("#sq-lang").click()
    assert "Shop <b>" in tab.locator("#sq-now").inner_text()
    tab.locator("label:has(input[name='sq-by'][value='community'])").click()
    assert "communities" in tab.locator("#sq-tab-map").inner_text()
    tab.locator("#sq-to-areas").click()
    tab.locator("#sq-search").fill("First")
    assert "First shop" in tab.locator("#sq-tab-areas").inner_text()
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert "lang=en" in tab.url
    assert "by=community" in tab.url
    assert said == []
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    context.close()


# ── workbook, document, GeoPackage ───────────────────────────────────────────────────────────────────────────────────
def test_the_workbook_has_every_table_and_no_formula(town, tmp_path):
    given = {"study": town.study, "surfaces": town.surfaces}
    write_gaps_xlsx(town.gaps, tmp_path / "a.xlsx", **given)
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    assert book.sheetnames == ["总览", "要求汇总", "1 试", "社区明细", "未覆盖清单", "每千人可得", "步行距离覆盖",
                               "标准与出处", "假定与未知", "依据与参数"]  # fmt: skip
    needs = [[cell.value for cell in row] for row in book["要求汇总"].iter_rows(min_row=4)]
    assert needs[0][2] == "便利店"
    assert needs[0][9] == 600  # h4, h8, h9 are beyond 200 m
    matrix = [[cell.value for cell in row] for row in book["1 试"].iter_rows(min_row=4)]
    assert sorted(row[4] for row in matrix) == ["缺", "缺", "达标"]
    lost = [[cell.value for cell in row] for row in book["未覆盖清单"].iter_rows(min_row=4)]
    assert [row[2:5] for row in lost if row[1] == "便利店"] == [["丙", "其余住所", 500], ["乙", "其余住所", 100]]
    assert not [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
    write_gaps_xlsx(town.gaps, tmp_path / "b.xlsx", **given)
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()
    write_gaps_xlsx(town.gaps, tmp_path / "en.xlsx", lang="en", **given)
    assert openpyxl.load_workbook(tmp_path / "en.xlsx").sheetnames[0] == "Overview"


def test_the_list_out_of_reach_folds_what_is_small(town, monkeypatch):
    # beyond reach of a shop: 100 in B (h4), 200 and 300 in C (h8, h9), in no estate; blocks of their own here
    gaps = town.gaps["test"]
    homes = gaps.buildings.assign(block_id=[f"K{n}" for n in range(1, 10)])
    given = {"test": replace(gaps, buildings=homes)}
    shop = [row[2:] for row in uncovered_places(given, town.study, "en") if row[1] == "shop"]
    assert shop == [("C", "block K9", 300, 1), ("C", "block K8", 200, 1), ("B", "block K4", 100, 1)]
    monkeypatch.setattr(facts, "LISTED_PEOPLE", 250)
    shop = [row[2:] for row in uncovered_places(given, town.study, "en") if row[1] == "shop"]
    assert shop == [("C", "block K9", 300, 1), ("", "2 more places together", 300, 2)]
    monkeypatch.setattr(facts, "MOST_PLACES", 0)
    shop = [row[2:] for row in uncovered_places(given, town.study, "en") if row[1] == "shop"]
    assert shop == [("", "3 more places together", 600, 3)]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_document_has_a_page_for_each_community(town, tmp_path, lang):
    write_gaps_docx(town.gaps, tmp_path / "a.docx", study=town.study, surfaces=town.surfaces, lang=lang)
    document = docx.Document(tmp_path / "a.docx")
    text = "\n".join(paragraph.text for paragraph in document.paragraphs)
    names = ("甲", "乙", "丙") if lang == "zh" else ("Community A", "Community B", "Community C")
    headings = [each.text for each in document.paragraphs if each.style.name == "Heading 2"]
    assert headings == list(names)
    assert len(document.inline_shapes) == 2 + 3
    assert ("未知：小学。" if lang == "zh" else "Unknown: Primary school.") in text


def _colours(png):
    """Return how many points of a picture have each colour."""
    picture = Image.open(io.BytesIO(png))
    assert picture.mode == "P"
    return {colour: count for count, colour in picture.convert("RGB").getcolors(1_000_000)}


def test_a_community_is_drawn_with_its_homes_and_the_facilities_that_count(town):
    # A has the three homes west of 400 and two things that count: a shop at 150, an office at 100
    homes, areas = home_frame(town.gaps), area_frame(town.gaps)
    counted = facility_frame(town.gaps, town.study)
    maps = TownMaps({}, areas.total_bounds, lang="en", font=None)
    first = areas.geometry.iloc[0]
    inside = (homes["community_id"] == areas.index[0]).to_numpy()
    given = {"around": first, "inside": inside}
    plain = maps.png(homes, score_style("test_score"), **given)
    shown = maps.png(homes, score_style("test_score"), facilities=counted, **given)
    legend = [text.get_text() for text in maps.axes.findobj(Text)]
    assert "shops (1)" in legend
    assert "≥ 95 of 100 (3)" in legend
    shop, best = (tuple(round(255 * each) for each in to_rgb(colour))
                  for colour in (FACILITY_COLOURS["shop"], SCORE_FILLS[-1]))  # fmt: skip
    assert _colours(shown)[shop] > 20 > _colours(plain).get(shop, 0)
    assert _colours(plain)[best] > 20
    assert max(_colours(plain), key=_colours(plain).__getitem__) == (255, 255, 255)
    # what was drawn before leaves nothing behind
    assert maps.png(homes, score_style("test_score"), **given) == plain
    fresh = TownMaps({}, areas.total_bounds, lang="en", font=None)
    assert fresh.png(homes, score_style("test_score"), **given) == plain


def test_the_geopackage_opens_drawn(town, tmp_path):
    path = tmp_path / "a.gpkg"
    write_gaps_gpkg(town.gaps, path, study=town.study, surfaces=town.surfaces, network=town.network)
    layers = {str(name) for name, _ in pyogrio.list_layers(path)}
    assert {"gap_communities", "gap_homes", "gap_facilities", "gap_reach", "gap_network", "requirements",
            "community_requirements", "supply", "people_by_walk", "notes"} <= layers  # fmt: skip
    homes = pyogrio.read_dataframe(path, layer="gap_homes").set_index("demand_id")
    assert homes.loc["h4", "test_shop"] == "beyond"
    assert homes.loc["h4", "test_shop_m"] == 250
    with closing(sqlite3.connect(path)) as db:
        default = db.execute("SELECT f_table_name FROM layer_styles WHERE useAsDefault ORDER BY 1").fetchall()
    assert [name for (name,) in default] == [
        "gap_communities",
        "gap_facilities",
        "gap_homes",
        "gap_network",
        "gap_reach",
    ]
