"""Plans on the map page: what they measure and do, two of them beside each other, and those that are not there."""

import json
import urllib.request

import pytest

from tests.web.conftest import PLAN, settled
from tests.web.test_map_page import CENTRE, HAN, colour, middle, pytestmark  # noqa: F401 - marks every test here too

OTHER = "plan.one"
"""The plan of two communities with both merged into one that is too large."""


@pytest.fixture(scope="module")
def planned(running):
    """The server with a second plan."""
    at = f"http://127.0.0.1:{running.port}/studies/town/plans"

    def send(path, body, **headers):
        kinds = {"Content-Type": "application/json", "Accept": "application/json"}
        asked = urllib.request.Request(at + path, json.dumps(body).encode(), {**kinds, **headers})
        with urllib.request.urlopen(asked) as answer:
            return json.load(answer), answer.headers["ETag"]

    made, version = send("/p1/branches", {"id": "one", "title_zh": "一社区方案", "title_en": "One"})
    first, second = (each["id"] for each in made["communities"])
    send("/one/edits", {"do": "merge", "a": first, "b": second}, **{"If-Match": version})
    return running


def panel(tab):
    found = tab.locator("#panel-plan")
    found.locator("table").first.wait_for()
    return found


def line(found, name):
    """The figures of one line of the table of measures."""
    row = found.locator(".figures tr", has=found.page.get_by_role("rowheader", name=name))
    return row.locator("td").all_inner_texts()


def test_what_a_plan_measures_and_does_is_told_and_every_line_leads_to_its_place(visit, planned):
    tab = visit(planned, f"{CENTRE}&plan={PLAN}&tab=plan")
    found = panel(tab)
    assert "两社区方案" in found.locator(".plan-head").inner_text()
    assert "草案" in found.locator(".plan-head").inner_text()
    assert "300—900户" in found.locator(".limits").inner_text()
    assert line(found, "社区数") == ["4", "2"]
    assert line(found, "违反规则") == ["—", "0"]
    homes = [int(each) for each in found.locator(".communities .count").all_inner_texts()]
    assert line(found, "最少户数")[1] == str(min(homes))
    assert homes == sorted(homes, reverse=True)
    tab.get_by_role("button", name="户数").click()
    assert found.locator(".communities .count").all_inner_texts() == [str(each) for each in sorted(homes)]
    assert found.get_by_role("columnheader", name="户数").get_attribute("aria-sort") == "ascending"
    rows = found.locator(".communities tbody button")
    rows.first.focus()
    tab.keyboard.press("ArrowDown")
    name = rows.nth(1).inner_text()
    tab.keyboard.press("Enter")
    tab.locator(".card h2").get_by_text(name).wait_for()
    assert f"pick={PLAN}.communities/" in tab.url
    tab.wait_for_function("document.activeElement.classList.contains('card')")
    tab.keyboard.press("Escape")
    assert rows.nth(1).evaluate("(each) => each === document.activeElement")
    action = found.locator(".actions button").first
    words = action.inner_text()
    assert "划入" in words or "撤销" in words
    assert "," not in words
    action.click()
    tab.locator(".card h2").wait_for()
    tab.wait_for_function("(words) => document.querySelector('.card').innerText.includes(words)", arg=words)
    assert action.get_attribute("aria-pressed") == "true"
    assert f"pick={PLAN}.moves/" in tab.url
    tab.get_by_role("button", name="English").click()
    assert not HAN.search(found.inner_text().replace("中文", ""))


def test_two_plans_lie_beside_each_other_and_the_way_back_is_kept(visit, planned):
    tab = visit(planned, f"{CENTRE}&plan={PLAN}&tab=plan")
    found = panel(tab)
    settled(tab)
    x, y = middle(tab)
    spots = [(x + dx, y + dy) for dx in (-110, 110) for dy in (-110, 110)]
    first = [colour(tab, *spot) for spot in spots]
    found.get_by_label("卷帘对比").select_option(label="一社区方案")
    tab.locator(".versus").wait_for()
    assert f"plan={PLAN}&view=swipe&left={OTHER}" in tab.url
    found.get_by_text("归属不同的街坊").wait_for()
    assert line(found, "社区数") == ["1", "2", "+1"]
    assert line(found, "超过900户") == ["1", "0", "−1"]
    assert found.locator(".broken").get_by_text("消除").count() >= 1
    settled(tab)
    both = [colour(tab, *spot) for spot in spots]
    assert both[2:] == first[2:]
    tab.get_by_role("button", name="左右互换").click()
    assert line(found, "社区数") == ["2", "1", "−1"]
    tab.reload()
    panel(tab)
    assert tab.get_by_label("左侧").input_value() == PLAN
    assert tab.get_by_label("右侧").input_value() == OTHER
    tab.get_by_label("右侧").select_option(label="现状")
    assert f"plan={PLAN}&view=swipe&left={PLAN}" in tab.url
    tab.go_back()
    tab.wait_for_function("() => location.hash.includes('plan=plan.one&view=swipe&left=plan.p1')")
    tab.go_back()
    tab.go_back()
    tab.wait_for_function("() => !location.hash.includes('swipe')")
    assert tab.locator(".versus").count() == 0
    assert line(found, "社区数") == ["4", "2"]


def test_a_plan_that_is_not_there_is_told(visit, planned):
    tab = visit(planned, "#plan=plan.none&tab=plan&lang=en")
    assert "no longer there" in tab.locator(".toast").text_content()
    tab.forgiven = ["404"]
    tab.route("**/plans/one", lambda route: route.fulfill(status=404, content_type="text/html", body="<h1>404</h1>"))
    tab.goto(f"{planned.page}#plan={OTHER}&tab=plan&lang=en")
    tab.reload()
    tab.locator("#panel-plan").get_by_text("not open to you").wait_for()


def test_a_study_without_plans_says_so_and_asks_for_none(visit, planned):
    asked = []
    tab = visit(planned, "#lang=zh")

    def without(route):
        told = route.fetch().json()
        told["sections"] = [each for each in told["sections"] if each["source"] != "plan"]
        route.fulfill(json=told)

    tab.on("request", lambda each: asked.append(each.url))
    tab.route("**/layers", without)
    tab.reload()
    tab.get_by_role("tab", name="方案").click()
    tab.get_by_role("heading", name="还没有可查看的方案").wait_for()
    assert not [each for each in asked if "/plans/" in each]
    assert tab.locator(".viewbar").is_hidden()


def test_on_a_phone_a_line_of_the_plan_gives_way_to_the_place(visit, planned):
    tab = visit(planned, f"{CENTRE}&plan={PLAN}", width=360, height=740, has_touch=True, is_mobile=True)
    tab.get_by_role("tab", name="方案").tap()
    found = panel(tab)
    assert tab.evaluate("document.documentElement.scrollWidth") <= 360
    assert found.evaluate("(each) => each.scrollWidth <= each.clientWidth")
    found.locator(".communities tbody button").first.tap()
    tab.locator(".card h2").wait_for()
    assert found.is_hidden()
