"""The plan as one page: complete, offline, escaped, and working in a real browser."""

import json
import re
from dataclasses import replace

import folium
import pytest

from layers.maps import json_in_html, page_data, plan_map, save
from layers.provenance import plan_limits
from layers.review import review_plan
from tests.layers import town

EVIL = '<script>window.pwned = 1</script><img src=x onerror="window.pwned = 1">"\'&社区'


@pytest.fixture(scope="module")
def page(tables, study, tmp_path_factory):
    path = tmp_path_factory.mktemp("map") / "map.html"
    save(plan_map(tables, study=study), path)
    return path


def _data(html):
    return json.loads(re.search(r'<script type="application/json" id="sq-plan">(.*?)</script>', html, re.DOTALL)[1])


def test_the_page_names_nothing_to_fetch(page):
    html = page.read_text("utf-8")
    page_only = re.sub(r'<script type="application/json".*?</script>', "", html, flags=re.DOTALL)
    assert re.findall(r"<(?:script|link|img|iframe)[^>]+(?:src|href)=[\"'](?!data:)[^\"']*", page_only) == []
    assert re.findall(r"url\((?!data:|#)[^)]*\)|@import", page_only) == []
    page_only = re.sub(r"base64,[^)\"]*", "", page_only)
    for name in ("jquery", "bootstrap", "awesome", "cdn", "unpkg"):
        assert name not in page_only.lower()
    assert "default-src 'none'" in html


def test_the_same_plan_gives_the_same_page(tables, study, page, tmp_path):
    save(plan_map(tables, study=study), tmp_path / "again.html")
    assert (tmp_path / "again.html").read_bytes() == page.read_bytes()


def test_the_page_is_a_folium_map_and_shows_in_a_notebook(tables, study):
    made = plan_map(tables, study=study, lang="en")
    assert isinstance(made, folium.Map)
    assert "<iframe srcdoc=" in made._repr_html_()
    assert '<html lang="en">' in made.get_root().render()


def test_only_a_map_with_tiles_may_load_pictures_from_elsewhere(tables, study):
    made = plan_map(tables, study=study)
    assert "https:" not in made.policy()
    folium.TileLayer("https://example.org/{z}/{x}/{y}.png", attr="x").add_to(made)
    assert "img-src data: blob: https:" in made.policy()


def test_all_that_is_shown_is_in_both_languages(tables, study):
    data = page_data(tables, study=study, context=study.tables, lang="zh")
    assert all(len(pair) == 2 and all(pair) for key, pair in data["words"].items() if key != "report.date_blank")
    assert data["title"] == ["清河镇社区优化整合方案", "Qinghe Town · Community boundary plan"]
    assert "1,000—3,000户" in data["subtitle"][0]
    assert "6 become 5" in data["subtitle"][1]
    assert {row["id"] for row in data["tables"]["communities"]["rows"]} == set("BCDNV")
    assert len(data["arrows"]) == 3
    ((south, west), (north, east)) = data["bounds"]
    assert 30 < south < north < 31
    assert 119.9 < west < east < 120.1


def test_few_households_cannot_be_read_from_the_page(tables, study):
    data = page_data(tables, study=study, context=study.tables, lang="zh")
    blocks = {row["id"]: row for row in data["tables"]["blocks"]["rows"]}
    assert tables.blocks["households"]["b00"] == 6
    assert (blocks["b00"]["few"], blocks["b00"]["households"], blocks["b00"]["people"]) == (True, None, None)
    assert blocks["b10"]["households"] == 420
    assert "households" not in json.dumps(data["tables"]["buildings"])


def test_a_study_without_context_and_a_plan_without_moves_still_make_a_page(tables, study, tmp_path):
    still = replace(tables, moves=tables.moves.iloc[:0])
    save(plan_map(still, study=study, context={}), tmp_path / "map.html")
    data = _data((tmp_path / "map.html").read_text("utf-8"))
    assert data["tables"]["moves"]["rows"] == []
    assert "roads" not in {layer["id"] for layer in data["layers"]}


def test_names_from_data_never_become_markup(tables, study):
    html = plan_map(town.named(tables, "B", EVIL), study=replace(study, name=EVIL)).get_root().render()
    assert "<script>window.pwned" not in html
    assert "<img src=x" not in html
    data = _data(html)
    assert next(row for row in data["tables"]["communities"]["rows"] if row["id"] == "B")["name"] == EVIL


def test_json_survives_its_place_in_html():
    text = "</script><!-- \u2028 & 社区"
    written = json_in_html({"a": text})
    assert not set("<>&\u2028") & set(written)
    assert json.loads(written) == {"a": text}


def test_limits_of_the_page_are_those_of_the_plan(tables, study):
    data = page_data(tables, study=study, context={}, lang="en")
    limits = plan_limits(tables)
    assert (data["limits"]["min_households"], data["limits"]["max_households"]) == (
        limits.min_households, limits.max_households,
    )  # fmt: skip


# ---- in a browser ---------------------------------------------------------------------------------------------------


@pytest.fixture
def opened(browser, page):
    """Open the page with everything the browser asks for, says and complains about written down."""
    contexts = []

    def visit(width=1400, height=900, fragment="", path=page):
        context = browser.new_context(viewport={"width": width, "height": height}, offline=True)
        contexts.append(context)
        tab = context.new_page()
        tab.asked, tab.said = [], []
        tab.on("request", lambda request: tab.asked.append(request.url))
        tab.on("console", lambda message: tab.said.append(message.text))
        tab.on("pageerror", lambda error: tab.said.append(str(error)))
        tab.goto(f"{path.as_uri()}#{fragment}")
        tab.wait_for_selector(".sq[data-ready=yes]", timeout=20_000)
        return tab

    yield visit
    for context in contexts:
        context.close()


@pytest.mark.parametrize(("width", "height"), [(360, 640), (390, 844), (1400, 900), (2560, 1300)])
def test_it_opens_without_a_network_a_request_or_an_error_and_fits(opened, width, height):
    tab = opened(width, height)
    assert len(tab.asked) == 1
    assert tab.said == []
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.evaluate("document.documentElement.scrollHeight") <= height
    assert tab.locator(".sq-label b").count() >= 3


def test_language_view_colour_and_layers_switch(opened):
    tab = opened()
    assert tab.locator("h1").inner_text() == "清河镇社区优化整合方案"
    tab.click("#sq-lang")
    assert tab.locator("h1").inner_text() == "Qinghe Town · Community boundary plan"
    assert tab.evaluate("document.documentElement.lang") == "en"
    assert "Transferred parcels" in tab.locator("#sq-tab-map").inner_text()
    assert not re.search("[\u4e00-\u9fff]", tab.locator("#sq-tab-map").inner_text())
    tab.check("input[value=before]", force=True)
    assert "Hekou" in tab.locator(".leaflet-sq-before-names-pane").inner_text()
    tab.check("input[value=limits]", force=True)
    assert "below the minimum (< 1,000)" in tab.locator("#sq-tab-map").inner_text()
    tab.check("#sq-check-seams")
    assert tab.locator(".leaflet-sq-seams-pane path").count() == 40
    tab.uncheck("#sq-check-moves")
    assert tab.locator(".leaflet-sq-moves-pane path").count() == 0
    assert (tab.said, len(tab.asked)) == ([], 1)


@pytest.fixture(scope="module")
def reviewed(tables, study, review, tmp_path_factory):
    path = tmp_path_factory.mktemp("reviewed") / "map.html"
    save(plan_map(tables, study=study, review=review), path)
    return path


def test_the_scorecard_tab_shows_both_numbers_and_the_formula_on_a_tap(opened, reviewed, review):
    tab = opened(path=reviewed, fragment="tab=score")
    once = review.scorecard.measures.drop_duplicates("measure")
    assert tab.locator(".sq-measure").count() == len(once)
    row = tab.locator(".sq-measure", has_text="撤销的社区（村）")
    assert row.locator("summary").inner_text().split("\n")[1:] == ["0个 → 2个", "变差"]
    assert not row.locator("dd").first.is_visible()
    for name in ("map", "communities", "moves", "score", "about"):
        assert not re.search("null|undefined|NaN", tab.locator(f"#sq-tab-{name}").text_content())
    row.locator("summary").click()
    assert "现状" in row.locator("dl").inner_text()
    tab.click("#sq-lang")
    said = tab.locator("#sq-tab-score").inner_text()
    assert "Communities and villages abolished" in said
    assert "There is no composite score." in said
    assert not re.search("[\u4e00-\u9fff]", said)
    assert (tab.said, len(tab.asked)) == ([], 1)


def test_without_a_review_there_is_no_scorecard_and_no_other_plan(opened):
    tab = opened(fragment="tab=score&plan=B")
    assert tab.locator("#sq-to-score").count() == 0
    assert tab.get_attribute("#sq-to-map", "aria-selected") == "true"
    assert tab.locator(".sq-others").count() == 0
    for name in ("map", "communities", "moves", "about"):
        assert not re.search("null|undefined|NaN", tab.locator(f"#sq-tab-{name}").text_content())
    assert tab.locator(".leaflet-sq-other-pane path").count() == 0


def test_another_plan_is_laid_over_and_tells_what_it_gives_up(opened, reviewed):
    tab = opened(path=reviewed)
    assert tab.locator(".leaflet-sq-other-pane path").count() == 0
    assert tab.locator(".sq-others label").all_inner_texts() == ["本方案 A", "B"]
    tab.check("input[name=sq-alternatives][value=B]", force=True)
    assert tab.locator(".leaflet-sq-other-pane path").count() == 2
    said = tab.locator("#sq-tab-map").inner_text()
    for part in ("B · 界线清晰优先", "3,646–4,290", "42.0%", "5.3%", "方案B：得：界线；失：户。", "比选方案B的社区界"):
        assert part in said, part
    tab.check("input[name=sq-alternatives][value='']", force=True)
    assert tab.locator(".leaflet-sq-other-pane path").count() == 0
    assert tab.said == []


def test_popups_tell_why_but_not_of_blocks_with_few_households(tables, study, review, opened, reviewed):
    tab = opened(path=reviewed)
    tab.focus(".leaflet-sq-after-pane path[aria-label='文昌社区']")
    tab.keyboard.press("Enter")
    assert "因为清河。" in tab.locator(".leaflet-popup").inner_text()
    html = reviewed.read_text("utf-8")
    assert "只有6户" not in html
    assert "Only 6 households" not in html
    data = _data(html)["reasons"]
    assert data["texts"][data["blocks"]["b10"]] == ["划入则更长。", "It would be longer."]


def test_how_good_the_plan_is_stands_under_the_figures(tables, study, opened, tmp_path):
    path = tmp_path / "proven.html"
    save(plan_map(replace(tables, plan=tables.plan.model_copy(update={"proven": True})), study=study), path)
    tab = opened(path=path, fragment="tab=communities")
    assert tab.locator(".sq-proof").first.inner_text() == "已证明：满足全部要求的方案中没有更好的"


def test_a_first_division_compares_with_nothing(study, opened, tmp_path):
    first = town.first_division()
    save(plan_map(first, study=study, review=review_plan(first, study)), tmp_path / "map.html")
    tab = opened(path=tmp_path / "map.html", fragment="tab=score")
    assert tab.locator(".sq-measure").count() > 40
    assert tab.locator("#sq-tab-score .sq-chip").count() == 0
    assert "→" not in tab.locator("#sq-tab-score").inner_text()
    assert tab.said == []


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_reviewed_page_fits_a_phone(opened, reviewed, lang):
    tab = opened(360, 640, path=reviewed, fragment=f"tab=score&plan=B&lang={lang}")
    assert tab.evaluate("document.documentElement.scrollWidth") <= 360
    for button in tab.locator(".sq-tabs button").all():
        assert button.evaluate("node => node.scrollWidth <= node.clientWidth")
    assert tab.evaluate("document.querySelector('.sq-tabs').scrollWidth") <= 360
    assert tab.said == []


def test_a_community_with_another_name_is_called_renamed(tables, study, opened, tmp_path):
    communities = tables.communities.assign(renamed=False)
    communities.loc["V", ["fate", "renamed"]] = ["renamed", True]
    save(plan_map(replace(tables, communities=communities), study=study), tmp_path / "map.html")
    tab = opened(path=tmp_path / "map.html", fragment="tab=communities")
    assert tab.locator(".sq-chip.renamed").inner_text() == "更名"


def test_a_town_without_communities_has_nothing_to_compare(tables, study, opened, tmp_path):
    path = tmp_path / "first.html"
    empty = replace(
        tables, communities_before=tables.communities_before.iloc[:0], moves=tables.moves.iloc[:0],
        communities=tables.communities.assign(status="created", fate="created"),
    )  # fmt: skip
    save(plan_map(empty, study=study), path)
    tab = opened(path=path, fragment="view=swipe&tab=moves")
    assert not tab.locator("#sq-view").is_visible()
    assert "现状无社区划分" in tab.locator("#sq-tab-moves").inner_text()
    assert "首次划分为5个" in tab.locator("#sq-subtitle").inner_text()
    tab.click("#sq-to-map")
    assert "现状社区界" not in tab.locator("#sq-tab-map").inner_text()
    assert "新城社区" in tab.locator(".leaflet-sq-after-names-pane").inner_text()
    assert tab.said == []


def test_one_household_is_no_plural_and_new_communities_are_named_first(tables, study, opened, tmp_path):
    path = tmp_path / "one.html"
    save(plan_map(replace(tables, moves=tables.moves.assign(households=1, people=3)), study=study), path)
    tab = opened(path=path, fragment="lang=en&tab=moves")
    said = tab.locator("#sq-tab-moves").inner_text()
    assert "1 household · 3 people" in said
    assert "1 households" not in said
    assert tab.locator(".leaflet-sq-after-names-pane .sq-label b").first.inner_text() == "Xincheng"


def test_the_swipe_moves_by_keyboard_and_clips_both_sides(opened):
    tab = opened(fragment="view=swipe")
    tab.focus("#sq-handle")
    tab.keyboard.press("ArrowRight")
    assert tab.get_attribute("#sq-handle", "aria-valuenow") == "53"
    clips = [
        tab.evaluate(f"document.querySelector('.leaflet-sq-{name}-pane').style.clip") for name in ("before", "after")
    ]
    assert all(clip.startswith("rect(") for clip in clips)


def test_communities_open_by_keyboard_with_figures_bounds_and_words(opened):
    tab = opened()
    tab.focus(".leaflet-sq-after-pane path[aria-label='文昌社区']")
    tab.keyboard.press("Enter")
    said = tab.locator(".leaflet-popup").inner_text()
    for part in ("文昌社区", "2,240 户", "0.54 平方公里", "东至人民路", "人民路以西"):
        assert part in said
    tab.focus(".leaflet-sq-after-pane path[aria-label='新城社区']")
    tab.keyboard.press(" ")
    said = tab.locator(".leaflet-popup").inner_text()
    assert "名称待定" in said
    assert "现状户数" not in said, "a new community has no households today"
    tab.click("#sq-to-moves")
    tab.click(".sq-moves li:last-child .sq-link")
    assert "撤销河口社区，将河口社区整体划入文昌社区管辖" in tab.locator(".leaflet-popup").inner_text()
    assert tab.said == []


def test_tabs_follow_the_arrow_keys_and_the_table_sorts(opened):
    tab = opened()
    tab.focus("#sq-to-map")
    tab.keyboard.press("ArrowRight")
    assert tab.get_attribute("#sq-to-communities", "aria-selected") == "true"
    tab.click(".sq-table th:nth-child(2) button")
    assert tab.locator(".sq-table tbody td:nth-child(2)").all_inner_texts() == ["2,256", "2,240", "2,100", "700", "640"]
    tab.click("#sq-to-about")
    assert "henan-2022" in tab.locator("#sq-tab-about").inner_text()


def test_hostile_names_stay_text_in_the_browser(tables, study, opened, tmp_path):
    path = tmp_path / "evil.html"
    save(plan_map(town.named(tables, "B", EVIL), study=replace(study, name=EVIL)), path)
    tab = opened(path=path, fragment="tab=communities")
    tab.click(".sq-table tbody tr:first-child .sq-link")
    assert EVIL in tab.locator(".leaflet-popup h3").inner_text()
    assert tab.evaluate("window.pwned") is None
    assert tab.said == []


def test_on_a_phone_the_panel_folds_and_unfolds(opened):
    tab = opened(390, 844)
    assert not tab.locator("#sq-tab-map").is_visible()
    tab.click("#sq-to-communities")
    assert tab.locator("#sq-tab-communities").is_visible()
    tab.click("#sq-fold")
    assert not tab.locator("#sq-tab-communities").is_visible()


def test_it_prints_on_one_sheet(opened):
    printed = opened().pdf(prefer_css_page_size=True, print_background=True)
    assert printed.count(b"/Type /Page\n") == 1
