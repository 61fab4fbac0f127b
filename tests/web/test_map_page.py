"""The map page as people use it: in a real browser, against a real server, in both languages and on every screen."""

import re
from io import BytesIO

import pytest
from PIL import Image

from api.storage.records import FeatureWrite
from tests.web.conftest import PLAN, settled

# the server runs in this process: what its libraries warn of is no business of the page, and what they silence in one
# thread another thread may undo
pytestmark = pytest.mark.filterwarnings("ignore")

CENTRE = "#map=15.6/30.183/120.00415"
"""The middle of the town; the quarters round it are 800 m wide together, some 590 pixels."""
HAN = re.compile("[\u4e00-\u9fff]")


def colour(tab, x, y):
    """The colour of one spot of the window."""
    picture = Image.open(BytesIO(tab.screenshot(clip={"x": x, "y": y, "width": 1, "height": 1})))
    return picture.convert("RGB").getpixel((0, 0))


def middle(tab):
    box = tab.locator(".stage").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


@pytest.mark.parametrize(("width", "height", "lang"), [
    (360, 740, "en"), (768, 1024, "zh"), (1440, 900, "en"), (2560, 1440, "zh"),
])  # fmt: skip
def test_it_opens_and_fits_on_every_screen(visit, running, width, height, lang):
    tab = visit(running, f"#lang={lang}", width=width, height=height)
    settled(tab)
    assert tab.locator("h1").inner_text() == ("小镇" if lang == "zh" else "Small Town")
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.evaluate("document.documentElement.scrollHeight") <= height
    assert len({colour(tab, x, height * 0.4) for x in range(20, int(width * 0.6), 23)}) > 3
    for name in ("图层", "清单", "说明") if lang == "zh" else ("Layers", "Lists", "About"):
        assert tab.get_by_role("tab", name=name).is_visible()
    assert tab.locator(".mark").inner_text() == ("内部资料 · 工作草图" if lang == "zh" else "Internal working draft")


def test_everything_it_is_made_of_comes_from_this_server_and_nothing_is_run_from_strings(visit, running):
    tab = visit(running)
    settled(tab)
    policy = tab.request.get(running.page).headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    tab.evaluate("document.head.append(Object.assign(document.createElement('script'), {textContent: 'window.x = 1'}))")
    assert tab.evaluate("window.x") is None
    tab.forgiven = ["Content Security Policy"]


def test_all_the_page_says_is_in_the_language_that_was_chosen(visit, running):
    tab = visit(running, locale="en-GB")
    assert tab.locator("h1").inner_text() == "Small Town"
    for name in ("Layers", "Lists", "About"):
        tab.get_by_role("tab", name=name).click()
        assert not HAN.search(tab.locator("#panel").inner_text())
    assert tab.evaluate("document.documentElement.lang") == "en"
    tab.get_by_role("button", name="中文").click()
    assert tab.evaluate("document.documentElement.lang") == "zh-CN"
    assert tab.get_by_role("tab", name="说明").get_attribute("aria-selected") == "true"
    assert "lang=zh" in tab.url
    labels = tab.evaluate("[...document.querySelectorAll('[aria-label]')].map((each) => each.ariaLabel)")
    assert [each for each in labels if not HAN.search(each)] == []


def test_today_the_plan_and_the_swipe_between_them(visit, running):
    tab = visit(running, CENTRE)
    settled(tab)
    x, y = middle(tab)
    spots = [(x + dx, y + dy) for dx in (-110, 110) for dy in (-110, 110)]
    after = [colour(tab, *spot) for spot in spots]
    tab.get_by_role("radio", name="现状", exact=True).check(force=True)
    settled(tab)
    before = [colour(tab, *spot) for spot in spots]
    assert before != after
    tab.get_by_role("radio", name="卷帘对比").check(force=True)
    settled(tab)
    handle = tab.get_by_role("slider", name="左右拖动")
    assert handle.get_attribute("aria-valuenow") == "50"
    left = tab.locator(".map.left").bounding_box()
    assert [colour(tab, *spot) for spot in spots] == [*before[:2], *after[2:]]
    handle.press("End")
    assert handle.get_attribute("aria-valuenow") == "98"
    assert [colour(tab, *spot) for spot in spots] == before
    box = handle.bounding_box()
    tab.mouse.move(box["x"] + 20, box["y"] + 20)
    tab.mouse.down()
    tab.mouse.move(left["x"] + left["width"] * 0.1, box["y"], steps=4)
    tab.mouse.up()
    assert [colour(tab, *spot) for spot in spots] == after
    assert "swipe=10" in tab.url


def test_both_maps_of_the_swipe_move_together(visit, running):
    tab = visit(running, f"{CENTRE}&view=swipe")
    settled(tab)
    x, y = middle(tab)
    tab.mouse.move(x - 200, y)
    tab.mouse.down()
    tab.mouse.move(x - 100, y + 50, steps=5)
    tab.mouse.up()
    settled(tab)
    tab.wait_for_function("() => !location.hash.includes('30.183/')")
    moved = re.search(r"map=([\d./]+)", tab.url)[1]
    tab.mouse.move(x + 200, y)
    tab.mouse.down()
    tab.mouse.move(x + 100, y - 50, steps=5)
    tab.mouse.up()
    tab.wait_for_function(f"() => !location.hash.includes('{moved}')")


def test_a_click_opens_a_card_and_arrow_buttons_turn_through_what_lies_there(visit, running):
    tab = visit(running, "#map=17.5/30.17982/120.00083&on=facilities")
    settled(tab)
    card = tab.locator(".card")
    assert card.is_hidden()
    tab.mouse.click(*middle(tab))
    card.wait_for()
    first = card.locator("h2").inner_text()
    assert "常住户数" in card.inner_text() or "用途" in card.inner_text() or "类型" in card.inner_text()
    seen = {first}
    while card.get_by_role("button", name="下一个").is_visible():
        card.get_by_role("button", name="下一个").click()
        if card.locator("h2").inner_text() in seen:
            break
        seen.add(card.locator("h2").inner_text())
    assert len(seen) > 1
    tab.get_by_role("button", name="English").click()
    assert not HAN.search(card.locator(".kind").inner_text())
    tab.keyboard.press("Escape")
    assert card.is_hidden()
    assert "pick=" not in tab.url


def test_long_official_wording_is_read_in_the_card_though_tiles_do_not_carry_it(visit, running):
    communities = running.store.rows(f"{PLAN}.communities").to_pylist()
    tab = visit(running, f"#pick={PLAN}.communities/{communities[0]['id']}&plan={PLAN}")
    tab.locator(".card h2").wait_for()
    words = communities[0]["text_zh"]
    tab.wait_for_function("(words) => document.querySelector('.card').innerText.includes(words)", arg=words[:20])
    assert tab.locator(".card h2").inner_text() == communities[0]["name"]


def test_search_finds_a_name_and_goes_there_by_keyboard_alone(visit, running):
    tab = visit(running, f"{CENTRE}&plan=")
    tab.keyboard.press("/")
    box = tab.get_by_role("combobox", name="按名称搜索")
    assert box.evaluate("(each) => each === document.activeElement")
    box.type("东门")
    tab.get_by_role("option").first.wait_for()
    names = tab.get_by_role("option").all_inner_texts()
    assert names[0].startswith("东门社区")
    assert any(name.startswith("东门小学") and "教育托幼" in name for name in names)
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("Enter")
    tab.locator(".card h2").get_by_text("东门小学").wait_for()
    assert box.get_attribute("aria-expanded") == "false"
    assert "pick=facilities/F2" in tab.url
    box.fill("没有这个名字")
    tab.locator(".found").get_by_text("没有名称含").wait_for()


def test_a_link_leads_to_exactly_this_view(visit, running):
    tab = visit(running, f"#map=15.4/30.1829/120.0041&view=swipe&swipe=30&lang=en&on=facilities,raster.population"
                         f"&see=raster.population~40&pick=facilities/F1&tab=list&plan={PLAN}")  # fmt: skip
    tab.locator(".card h2").get_by_text("Gulou Kindergarten").wait_for()
    settled(tab)
    again = visit(running, "#" + tab.url.split("#")[1])
    again.locator(".card h2").get_by_text("Gulou Kindergarten").wait_for()
    settled(again)
    assert again.url == tab.url
    for part in ("map=15.4/30.1829/120.0041", "view=swipe", "swipe=30", "lang=en", "pick=facilities/F1", "tab=list",
                 "raster.population~40"):  # fmt: skip
        assert part in again.url.replace("%7E", "~")
    x, y = middle(tab)
    assert [colour(tab, x + d, y) for d in (-100, 60, 110)] == [colour(again, x + d, y) for d in (-100, 60, 110)]
    again.get_by_role("tab", name="Layers").click()
    assert again.get_by_role("checkbox", name="Facilities").is_checked()
    again.evaluate("location.hash = '#map=15/30.18/120&lang=zh'")
    again.get_by_role("button", name="English").wait_for()
    assert again.locator(".card").is_hidden()


def test_layers_are_switched_and_rasters_made_paler(visit, running):
    tab = visit(running, CENTRE)
    settled(tab)
    x, y = middle(tab)
    spot = (x - 110, y - 110)
    plain = colour(tab, *spot)
    tab.get_by_role("checkbox", name="人口密度").check()
    settled(tab)
    strong = colour(tab, *spot)
    assert strong != plain
    slider = tab.get_by_role("slider", name="人口密度")
    slider.fill("30")
    settled(tab)
    pale = colour(tab, *spot)
    assert sum(abs(a - b) for a, b in zip(pale, plain, strict=True)) < sum(
        abs(a - b) for a, b in zip(strong, plain, strict=True)
    )
    tab.mouse.click(*spot)
    tab.locator(".card .rasters").wait_for()
    assert "人口密度" in tab.locator(".card .rasters").inner_text()
    assert tab.locator("#panel-layers .row", has_text="人口密度").locator(".legend li").count() >= 3


def test_one_colouring_of_communities_at_a_time(visit, running):
    tab = visit(running)
    tab.locator(".segments.views").wait_for()
    tab.get_by_role("radio", name="对照标准").check(force=True)
    assert not tab.get_by_role("radio", name="调整后社区").is_checked()
    assert tab.locator("#panel-layers .legend").first.inner_text()
    tab.get_by_role("radio", name="不显示方案").check()
    assert tab.locator(".segments.views").is_hidden()
    assert tab.get_by_role("checkbox", name="现状社区").is_checked()


def test_the_list_is_sorted_filtered_and_shows_on_the_map(visit, running):
    tab = visit(running, "#tab=list&plan=")
    rows = tab.locator(".list li")
    tab.wait_for_function("() => document.querySelectorAll('.list li').length === 4")
    names = tab.locator(".list-name")
    by_name = names.all_text_contents()
    assert sorted(by_name) == sorted(["鼓楼社区", "东门社区", "西门社区", "学院社区"])
    tab.get_by_label("筛选").type("门")
    assert names.all_text_contents() == [name for name in by_name if "门" in name]
    rows.filter(has_text="东门社区").get_by_role("button").click()
    tab.locator(".card h2").get_by_text("东门社区").wait_for()
    assert rows.filter(has_text="东门社区").get_by_role("button").get_attribute("aria-pressed") == "true"
    tab.get_by_label("列出").select_option(label="建筑")
    tab.wait_for_function("() => document.querySelectorAll('.list li').length > 40")


def test_everything_is_reached_and_named_by_keyboard(visit, running):
    tab = visit(running, CENTRE)
    settled(tab)
    tab.evaluate("document.body.focus()")
    reached = []
    for _ in range(40):
        tab.keyboard.press("Tab")
        reached.append(tab.evaluate("(document.activeElement.ariaLabel || document.activeElement.innerText "
                                    "|| document.activeElement.labels?.[0]?.innerText || '').trim()"))  # fmt: skip
    assert all(reached), reached
    joined = " ".join(reached)
    for part in ("按名称搜索", "复制链接", "English", "地图。", "放大", "图层", "方案"):
        assert part in joined, part
    unnamed = tab.evaluate("""[...document.querySelectorAll('button, input, select, a')].filter((each) =>
        !(each.ariaLabel || each.innerText || each.labels?.[0]?.innerText || '').trim()).length""")
    assert unnamed == 0
    tab.locator(".map canvas").first.focus()
    tab.keyboard.press("Enter")
    tab.locator(".card h2").wait_for()


def test_an_edit_of_somebody_else_is_seen_without_a_reload(visit, own):
    tab = visit(own, "#pick=communities/SQ01&plan=")
    tab.locator(".card h2").get_by_text("鼓楼社区").wait_for()
    row = own.store.rows("communities", ids=["SQ01"]).to_pylist()[0]
    properties = {key: value for key, value in row.items() if key not in ("id", "version", "tx", "geometry")}
    own.store.commit(
        [FeatureWrite("communities", "SQ01", "replace", {**properties, "name": "钟楼社区"}, row["geometry"])],
        by="other", action="edit",
    )  # fmt: skip
    tab.get_by_text("数据刚被修改").wait_for()  # first: it goes by itself
    tab.locator(".card h2").get_by_text("钟楼社区").wait_for()


def test_a_server_that_is_gone_is_told_and_so_is_its_return(visit, own):
    tab = visit(own, CENTRE)
    settled(tab)
    tab.forgiven = ["net::ERR_"]  # whatever a browser may say of a server that goes while it answers
    own.stop()
    tab.get_by_role("alert").get_by_text("服务器没有回应").wait_for()
    own.start()
    tab.get_by_text("已重新连接").wait_for()
    assert tab.get_by_role("alert").is_hidden()
    settled(tab)


def test_a_browser_without_webgl_still_lists_and_says_why_there_is_no_map(visit, running):
    tab = visit(running, "#tab=list&plan=", script="HTMLCanvasElement.prototype.getContext = () => null")
    tab.get_by_text("WebGL 不可用").wait_for()
    tab.locator(".list li").get_by_text("东门社区").click()
    tab.locator(".card h2").get_by_text("东门社区").wait_for()


def test_a_study_that_cannot_be_opened_is_told_with_a_way_on(visit, running):
    tab = visit(running, "#lang=en")
    tab.route("**/layers", lambda route: route.fulfill(status=503, body="{}"))
    tab.reload()
    tab.forgiven = ["503"]
    tab.get_by_role("alert").get_by_text("The server failed (503)").wait_for()
    tab.unroute("**/layers")
    tab.get_by_role("button", name="Try again").click()
    tab.get_by_role("heading", name="Small Town").wait_for()


def test_on_a_phone_the_panel_is_a_sheet_and_the_card_covers_the_map_only_in_part(visit, running):
    tab = visit(running, width=360, height=740, has_touch=True, is_mobile=True)
    settled(tab)
    assert tab.locator("#panel-layers").is_hidden()
    tab.get_by_role("tab", name="图层").tap()
    assert tab.locator("#panel-layers").is_visible()
    tab.get_by_role("button", name="收起面板").tap()
    settled(tab)
    tab.touchscreen.tap(*middle(tab))
    card = tab.locator(".card")
    card.wait_for()
    assert card.bounding_box()["height"] < tab.locator(".stage").bounding_box()["height"] * 0.62
    assert card.bounding_box()["x"] >= 0
    buttons = tab.evaluate("[...document.querySelectorAll('button')].filter((each) => each.checkVisibility())"
                           ".map((each) => Math.min(each.offsetWidth, each.offsetHeight))")  # fmt: skip
    assert min(buttons) >= 24


def test_the_printed_sheet_has_map_legend_and_mark(visit, running):
    tab = visit(running, CENTRE)
    settled(tab)
    address = tab.url
    tab.evaluate("() => dispatchEvent(new Event('beforeprint'))")
    assert tab.locator(".print-legend").is_visible()
    assert "道路" in tab.locator(".print-legend").inner_text()
    assert tab.locator(".mark").is_visible()
    for hidden in (".panel", ".search", ".controls"):
        assert tab.locator(hidden).is_hidden()
    copy = tab.locator("canvas.printed")
    colours = "(each) => new Set(new Uint32Array(each.getContext('2d').getImageData(0, 0, 300, 300).data.buffer)).size"
    assert copy.evaluate(colours) > 3
    assert tab.locator(".page").bounding_box()["width"] == pytest.approx(277 / 25.4 * 96, abs=1)
    tab.evaluate("() => dispatchEvent(new Event('afterprint'))")
    assert copy.count() == 0
    assert tab.locator(".panel").is_visible()
    settled(tab)
    assert tab.url == address
    assert tab.pdf(prefer_css_page_size=True)[:5] == b"%PDF-"
