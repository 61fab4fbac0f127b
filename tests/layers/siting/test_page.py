"""The page of siting: what it holds, and how it behaves in a browser without a network."""

import json

import pytest

from geo.study import Study
from layers.maps import save
from layers.siting import siting_map
from layers.siting.page import page_data


def test_states_walks_and_nearest(sited, town):
    data = page_data(sited, study=town)
    (scene,) = data["scenes"]
    assert scene["state"] == "ccc--nnnnnn"  # codespell:ignore
    assert (scene["new"], scene["share"]) == (["4,530", "4,530"], ["5.7%", "87.2%"])
    assert [data["candidates"][k]["id"] for k in scene["sites"]] == ["s2", "s3"]
    assert [step["bar"] for step in data["steps"]] == [3525.0, 1005.0]
    assert data["candidates"][0]["reason"] == "less"


def test_people_of_one_home_are_nowhere(answer, town):
    data = page_data(answer, study=town)
    assert "people" not in data["homes"]
    for scene in data["scenes"]:
        assert set(scene) <= {"key", "overview", "title", "sites", "who", "reach", "state", "before", "after",
                              "near_before", "near_after", "new", "people", "covered_before", "covered_after", "share",
                              "mean", "areas"}  # fmt: skip
    assert "儿童10）" not in json.dumps(data, ensure_ascii=False)


def test_rooms_with_costs_that_are_examples(placed, town):
    data = page_data(placed, study=town)
    assert data["example"]
    assert data["scenes"][0]["key"] == "all"
    rooms = [room for each in data["candidates"] for room in each["rooms"]]
    assert len(rooms) == len(placed.rooms)
    assert all("万元" in room["cost"][0] for room in rooms)


def test_the_same_answer_gives_the_same_page(answer, town, tmp_path):
    for name in ("one", "two"):
        save(siting_map(answer, study=town), tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


# ---- in a browser ---------------------------------------------------------------------------------------------------


@pytest.fixture
def opened(browser, tmp_path):
    contexts = []

    def visit(answer, study, width=1440, height=900, fragment=""):
        save(siting_map(answer, study=study), tmp_path / "map.html")
        context = browser.new_context(viewport={"width": width, "height": height}, offline=True)
        contexts.append(context)
        tab = context.new_page()
        tab.said = []
        tab.on("console", lambda message: tab.said.append(message.text))
        tab.on("pageerror", lambda error: tab.said.append(str(error)))
        tab.goto(f"{(tmp_path / 'map.html').as_uri()}#{fragment}")
        tab.wait_for_selector(".sq[data-ready=yes]", timeout=20_000)
        return tab

    yield visit
    for context in contexts:
        context.close()


def test_it_opens_without_a_network_and_fits(opened, answer, town):
    tab = opened(answer, town)
    for width, height in ((2560, 1300), (1440, 900), (360, 640)):
        tab.set_viewport_size({"width": width, "height": height})
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
    tab.click("#sq-lang")
    assert tab.said == []


def test_it_opens_for_a_study_of_nothing_else(opened, placed, compared, town):
    assert opened(compared, Study("街", town.crs, {})).said == []
    assert opened(placed, Study("街", town.crs, {})).said == []


def test_a_site_tells_what_it_adds(opened, sited, town):
    tab = opened(sited, town)
    tab.click("#sq-step-1")
    card = tab.locator(".sq-pop").inner_text()
    assert "房s2" in card
    assert "3,525" in card
    tab.click("#sq-to-candidates")
    assert "房s1" in tab.locator("#sq-tab-candidates").inner_text()


def test_before_shows_who_was_not_covered(opened, sited, town):
    tab = opened(sited, town, fragment="tab=map")
    row = tab.locator("#sq-tab-map .sq-legend li", has_text="仍未覆盖")
    assert row.inner_text().split()[-1] == "2"
    tab.check("#sq-when input[value=before]", force=True)
    assert row.inner_text().split()[-1] == "8"
    assert "when=before" in tab.url


def test_options_are_switched(opened, compared, town):
    tab = opened(compared, town)
    names = tab.locator("#sq-tab-sites .sq-rows .sq-link").all_inner_texts()
    assert any("方案“here”" in name for name in names)
    at = next(n for n, name in enumerate(names) if "here" in name)
    tab.click(f"#sq-option-{at}")
    assert "方案“here”" in tab.locator("#sq-now").inner_text()
    assert "scene=here" in tab.url
