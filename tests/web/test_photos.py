"""Photos of findings on their cards."""

import urllib.request
from io import BytesIO

from PIL import Image

from tests.web.test_map_page import pytestmark  # noqa: F401 - marks the tests here too

FINDING = "building:JZ001:3a:1"


def test_a_kept_photo_is_seen_and_one_that_is_not_is_named(visit, running):
    picture = BytesIO()
    Image.new("RGB", (64, 48), "#b3261e").save(picture, "JPEG")
    at = running.page.removesuffix("/map")
    sent = urllib.request.Request(f"{at}/findings/{FINDING}/photos", picture.getvalue(),
                                  {"Content-Type": "image/jpeg", "If-Match": '"1"'})  # fmt: skip
    urllib.request.urlopen(sent).close()
    tab = visit(running, f"#lang=en&plan=&pick=findings/{FINDING}")
    image = tab.get_by_role("img", name="photo 1 of 1")
    image.wait_for()
    tab.wait_for_function("() => document.querySelector('.photos img').naturalWidth === 64")
    named = running.store.rows("findings", ids=[FINDING]).to_pylist()[0]["photo"]
    assert named not in tab.locator(".card").inner_text()
    tab.route("**/findings/*/photos", lambda route: route.fulfill(json={"photos": []}))
    tab.reload()
    tab.locator(".card").get_by_text(named).wait_for()
    assert tab.locator(".card img").count() == 0
