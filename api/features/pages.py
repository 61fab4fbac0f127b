"""Pages for people who open a collection in a browser."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from api.deps import Here
from api.features.describe import label_of, title_of
from api.features.items import Page
from api.features.query import Query
from api.features.snapshot import Snapshot
from api.pages import page
from layers.words import Lang

Crumbs = list[tuple[str, str]]


def collections(at: Here, made: Mapping[str, Any], lang: Lang) -> str:
    """Return the page of all collections."""
    return page("collections.html", lang, {**made, "crumbs": _crumbs(at, lang, 1), "here": f"{at.base}/collections"})


def described(at: Here, snapshot: Snapshot, made: Mapping[str, Any], what: str, lang: Lang) -> str:
    """Return the page of one collection, of its queryables, or of its schema."""
    here = f"{at.base}/collections/{snapshot.collection.id}"
    title = title_of(snapshot.collection, lang)
    if what == "collection":
        values = {"title": title, "crumbs": _crumbs(at, lang, 2), "here": here, "made": made}
        return page("collection.html", lang, values)
    heading = {"queryables": ("可查询的属性", "Queryables"), "schema": ("字段结构", "Schema")}[what]
    values = {"title": heading[lang == "en"], "crumbs": _crumbs(at, lang, 3, snapshot), "here": f"{here}/{what}",
              "made": made}  # fmt: skip
    return page("schema.html", lang, values)


def items(
    at: Here,
    snapshot: Snapshot,
    made: Sequence[Mapping[str, Any]],
    *,
    query: Query,
    found: Page,
    links: Sequence[Mapping[str, str]],
    lang: Lang,
) -> str:
    """Return the page of some features."""
    here = f"{at.base}/collections/{snapshot.collection.id}/items"
    shown = query.told.properties
    columns = [each for each in snapshot.collection.columns if shown is None or each.name in shown]
    values = {
        "title": "要素" if lang == "zh" else "Features", "crumbs": _crumbs(at, lang, 3, snapshot), "here": here,
        "columns": [(each.name, label_of(each, lang), each.kind) for each in columns], "features": made,
        "matched": found.matched, "cut": query.asked, "links": {each["rel"]: each["href"] for each in links},
        "told": _teller(lang),
    }  # fmt: skip
    return page("items.html", lang, values)


def item(at: Here, snapshot: Snapshot, made: Mapping[str, Any], here: str, lang: Lang) -> str:
    """Return the page of one feature."""
    shape = made["geometry"]
    values = {
        "title": made["id"], "crumbs": _crumbs(at, lang, 4, snapshot), "here": here, "made": made,
        "labels": {each.name: label_of(each, lang) for each in snapshot.collection.columns},
        "meanings": {each.name: each.meaning for each in snapshot.collection.columns},
        "shape": "" if shape is None else orjson.dumps(shape, option=orjson.OPT_SERIALIZE_NUMPY).decode(),
        "told": _teller(lang),
    }  # fmt: skip
    return page("item.html", lang, values)


def _crumbs(at: Here, lang: Lang, depth: int, snapshot: Snapshot | None = None) -> Crumbs:
    name = (at.store.name_en or at.store.name) if lang == "en" else at.store.name
    made = [(at.base, name), (f"{at.base}/collections", "数据图层" if lang == "zh" else "Collections")]
    if snapshot is not None:
        above = f"{at.base}/collections/{snapshot.collection.id}"
        made += [(above, title_of(snapshot.collection, lang)),
                 (f"{above}/items", "要素" if lang == "zh" else "Features")]  # fmt: skip
    return made[:depth]


def _teller(lang: Lang) -> Any:  # noqa: ANN401 - a function for templates
    def told(value: object) -> str:
        if value is None:
            return ""
        if isinstance(value, bool):
            return {("zh", True): "是", ("zh", False): "否", ("en", True): "yes", ("en", False): "no"}[lang, value]
        if isinstance(value, float):
            return f"{value:,.2f}".rstrip("0").rstrip(".")
        return str(value)

    return told
