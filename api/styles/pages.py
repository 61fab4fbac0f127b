"""Pages of styles for people in a browser."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from api.deps import Here
from api.features.describe import title_of
from api.pages import page, trail
from layers.words import Lang


def styles(at: Here, made: Mapping[str, Any], lang: Lang) -> str:
    """Return the page of the study's styles: of the whole and of results first, then of single collections."""
    known = at.store.collections()
    listed = [(each, _href(each, "stylesheet")) for each in made["styles"]]
    values = {"title": _styles(lang), "crumbs": trail(at, lang), "here": f"{at.base}/styles", "first": made["default"],
              "whole": [each for each in listed if not _single(each[0]["id"], known)],
              "single": [each for each in listed if _single(each[0]["id"], known)]}  # fmt: skip
    return page("styles.html", lang, values)


def style(at: Here, made: Mapping[str, Any], lang: Lang) -> str:
    """Return the page of one style: how to use it, and which collections it draws."""
    known = at.store.collections()
    here = f"{at.base}/styles/{quote(made['id'])}"
    layers = [(f"{at.base}/collections/{each['id']}", each["id"], each["type"],
               title_of(known[each["id"]], lang) if each["id"] in known else each["id"])
              for each in made["layers"]]  # fmt: skip
    values = {"title": made["title"], "crumbs": trail(at, lang, ("styles", _styles(lang))), "here": here,
              "id": made["id"], "layers": layers, "map": f"{at.base}/map"}  # fmt: skip
    return page("style.html", lang, values)


def _single(style_id: str, known: Mapping[str, Any]) -> bool:
    return style_id in known or style_id.count(".") > 1


def _href(made: Mapping[str, Any], rel: str) -> str:
    return next((str(each["href"]) for each in made["links"] if each["rel"] == rel), "")


def _styles(lang: Lang) -> str:
    return "样式" if lang == "zh" else "Styles"
