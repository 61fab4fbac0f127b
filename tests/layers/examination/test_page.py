"""The examination's page: what it holds, and how it behaves in a browser without a network."""

import json
import re

import pytest

from layers.examination import examination_map
from layers.examination.page import page_data
from layers.maps import save
from tests.layers.examination import examined


@pytest.fixture(scope="module")
def data(examination, surveyed):
    return page_data(examination, study=surveyed)


@pytest.fixture(scope="module")
def page(examination, surveyed, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "examination.html"
    save(examination_map(examination, study=surveyed), path)
    return path


def _indicator(data, number):
    return next(each for each in data["indicators"] if each["n"] == number)


def test_every_indicator_is_there_with_value_and_coverage(data):
    assert [each["n"] for each in data["indicators"]] == list(range(1, 61))
    structure = _indicator(data, 1)
    assert structure["value"][0] == "1栋"
    assert structure["coverage"] == 0.475
    assert _indicator(data, 10)["value"] == ["不详", "not known"]
    assert _indicator(data, 30)["status"] == "entered"
    assert _indicator(data, 30)["source"] == ["清河区水务局 2025年度统计"] * 2


def test_signs_of_places_are_those_of_the_survey(data):
    ids = data["places"]["building"]["ids"]
    signs = dict(zip(ids, _indicator(data, 3)["states"], strict=True))
    assert (signs["e0-1"], signs["e0-2"], signs["e0-8"], signs["e2-1"]) == ("f", "d", "c", "u")
    severity = dict(zip(ids, data["places"]["building"]["severity"], strict=True))
    before = dict(zip(ids, data["places"]["building"]["severity_before"], strict=True))
    assert (severity["e0-1"], severity["e2-1"]) == ("v", "u")
    assert (severity["e0-2"], before["e0-2"]) == ("n", "g")


def test_shapes_come_back_within_the_tolerance(data, examination):
    steps = data["places"]["building"]["shapes"][0][0][0]
    x, y = data["origin"]
    points = []
    for dx, dy in zip(steps[::2], steps[1::2], strict=True):
        x, y = x + dx, y + dy
        points.append((x / data["scale"], y / data["scale"]))
    true = examination.buildings.sort_index().to_crs("EPSG:4326").geometry.iloc[0].bounds
    seen = (min(p[0] for p in points), min(p[1] for p in points), max(p[0] for p in points), max(p[1] for p in points))
    assert seen == pytest.approx(true, abs=2e-6)


def test_nothing_private_is_on_the_page(data):
    text = json.dumps(data, ensure_ascii=False)
    assert "李调查" not in text
    assert "302室" not in text
    block = data["places"]["block"]
    assert block["households"][block["ids"].index("b00")] is None
    assert "households" not in data["places"]["building"]


def test_the_same_examination_gives_the_same_page(examination, surveyed, page, tmp_path):
    save(examination_map(examination, study=surveyed), tmp_path / "again.html")
    assert (tmp_path / "again.html").read_bytes() == page.read_bytes()


# ---- in a browser ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def page_with_houses(examination, surveyed, tmp_path_factory):
    path = tmp_path_factory.mktemp("houses") / "examination.html"
    save(examination_map(examination, study=examined.with_farmhouses(surveyed)), path)
    return path


@pytest.fixture
def opened(browser, page):
    contexts = []

    def visit(width=1440, height=900, fragment="", page=page):
        context = browser.new_context(viewport={"width": width, "height": height}, offline=True)
        contexts.append(context)
        tab = context.new_page()
        tab.asked, tab.said = [], []
        tab.on("request", lambda request: tab.asked.append(request.url))
        tab.on("console", lambda message: tab.said.append(message.text))
        tab.on("pageerror", lambda error: tab.said.append(str(error)))
        tab.goto(f"{page.as_uri()}#{fragment}")
        tab.wait_for_selector(".sq[data-ready=yes]", timeout=20_000)
        return tab

    yield visit
    for context in contexts:
        context.close()


@pytest.mark.parametrize(("width", "height"), [(360, 640), (390, 844), (1440, 900), (2560, 1300)])
def test_it_opens_without_a_network_and_fits(opened, width, height):
    tab = opened(width, height)
    assert (len(tab.asked), tab.said) == (1, [])
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.evaluate("document.documentElement.scrollHeight") <= height


def test_the_legend_counts_what_is_known_and_what_is_not(opened):
    tab = opened(fragment="theme=1")
    legend = tab.locator("#sq-tab-map .sq-legend").first.inner_text()
    assert re.search(r"存在问题\s*1\b", legend)
    assert re.search(r"已查，无问题\s*18\b", legend)
    assert re.search(r"未知（未调查）\s*21\b", legend)
    assert "19 / 40（47.5%）" in tab.locator("#sq-tab-map").inner_text()


def test_before_works_shows_what_has_been_put_right(opened):
    tab = opened(fragment="theme=3")
    count = lambda: tab.locator("#sq-tab-map .sq-legend li", has_text="存在问题").inner_text()  # noqa: E731
    assert re.search(r"存在问题\s*2$", count().strip())
    tab.check("input[value=before]", force=True)
    assert re.search(r"存在问题\s*3$", count().strip())


def test_chooser_blocks_search_popup_and_language(opened):
    tab = opened()
    assert tab.locator("#sq-theme option").count() == 62
    tab.select_option("#sq-theme", "2")
    tab.check("input[value=block]", force=True)
    legend = tab.locator("#sq-tab-map .sq-legend").first.inner_text()
    assert re.search(r"25%—50%\s*1\b", legend), "two of the six buildings that were surveyed in block b12"
    tab.click("#sq-to-estates")
    tab.fill("#sq-search", "河口")
    rows = tab.locator("#sq-tab-estates .sq-rows .sq-link")
    assert rows.count() == 1
    rows.first.click()
    said = tab.locator(".sq-pop").inner_text()
    assert "河口花园" in said
    assert "12 / 12 栋已调查" in said
    tab.click("#sq-lang")
    tab.click("#sq-to-map")
    assert tab.locator("h1").inner_text() == "Qinghe Town · Map of the physical examination"
    assert not re.search("[\u4e00-\u9fff]", tab.locator("#sq-tab-map").inner_text().replace("手册", ""))
    for name in ("map", "indicators", "estates", "about"):
        assert not re.search(r"null|undefined|NaN|\{\w+\}", tab.locator(f"#sq-tab-{name}").text_content())
    assert tab.said == []


def test_a_click_on_a_building_tells_its_findings_but_no_place_in_a_home(opened):
    tab = opened()
    tab.click("#sq-to-estates")
    tab.fill("#sq-search", "e0-7")
    tab.locator("#sq-tab-estates .sq-rows .sq-link", has_text="7号楼").first.click()
    tab.locator(".leaflet-popup-close-button").click()
    tab.locator(".sq-pop").wait_for(state="detached")
    box = tab.locator(".folium-map").bounding_box()
    tab.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    said = tab.locator(".sq-pop").inner_text()
    assert said.startswith("7号楼")
    assert "没有独立厨房或卫生间" in said
    assert "302室" not in said
    tab.fill("#sq-search", "e0-1")
    tab.locator("#sq-tab-estates .sq-rows .sq-link", has_text="1号楼").first.click()
    said = tab.locator(".sq-pop").inner_text()
    assert "2单元承重墙" in said
    assert "e0-1_1b.jpg" in said


def test_farm_houses_are_off_until_asked_for_and_tell_their_decision(opened, page, page_with_houses):
    assert opened().locator("#sq-check-farmhouses").count() == 0
    tab = opened(page=page_with_houses)
    assert not tab.is_checked("#sq-check-farmhouses")
    assert tab.locator("#sq-houses").count() == 0
    tab.check("#sq-check-farmhouses")
    legend = tab.locator("#sq-houses").inner_text()
    assert [re.search(f"{word}\\s*1", legend) is not None for word in ("拆除退出", "改造整改", "保留利用")] == [
        True
    ] * 3
    assert "待定" not in legend
    assert "另有1处农房位置不明" in tab.locator("#sq-tab-map").inner_text()
    tab.click("#sq-lang")
    assert "Demolish" in tab.locator("#sq-houses").inner_text()
    assert tab.said == []


def test_farm_houses_on_the_page_have_reasons_and_no_household(examination, surveyed):
    data = page_data(examination, study=examined.with_farmhouses(surveyed))
    houses, strings = data["farmhouses"], data["strings"]
    assert houses["ids"] == ["NF1", "NF2", "NF3"]
    assert (houses["nowhere"], houses["decision"]) == (1, ["demolish", "alter", "use"])
    assert [strings[n] for n in houses["reason"][0]] == ["鉴定为D级危房：拆除", "graded D"]
    assert (houses["parcel_m2"][0], strings[houses["danger_grade"][0]]) == (150.5, "D")
    assert "H77" not in json.dumps(data, ensure_ascii=False)
    assert "farmhouses" not in page_data(examination, study=surveyed)
