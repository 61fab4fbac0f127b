"""Pages of plans, of the log, and of a feature's versions, for people in a browser."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from api.deps import Here
from api.features.describe import label_of, title_of
from api.pages import Crumb, page, trail
from api.storage.plans import FRAMES
from api.storage.records import Collection
from layers.words import WORDS, Lang, word

STATES: Mapping[str, tuple[str, str]] = {
    "draft": ("草案", "draft"), "proposed": ("已提交", "proposed"), "approved": ("已批准", "approved"),
    "published": ("已公布", "published"),
}  # fmt: skip
AGAINST: Mapping[str, tuple[str, str]] = {
    "below": ("低于标准", "below the limits"), "within": ("符合标准", "within the limits"),
    "above": ("高于标准", "above the limits"), "unknown": ("未知", "unknown"),
}  # fmt: skip
OPS: Mapping[str, tuple[str, str]] = {
    "create": ("新增", "created"), "replace": ("修改", "changed"), "delete": ("删除", "deleted")
}  # fmt: skip


# ── plans ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def plans(at: Here, made: Mapping[str, Any], lang: Lang) -> str:
    """Return the page of the study's plans."""
    values = {"title": _plans(lang)[1], "crumbs": trail(at, lang), "here": f"{at.base}/plans",
              "plans": [_named(each, lang) for each in made["plans"]], "states": _in(STATES, lang)}  # fmt: skip
    return page("plans.html", lang, values)


def plan(at: Here, made: Mapping[str, Any], others: Sequence[str], lang: Lang) -> str:
    """Return the page of one plan; `others` are plans that it can be compared with."""
    here = f"{at.base}/plans/{made['id']}"
    known = at.store.collections()
    layers = [known[name] for name in (f"plan.{made['id']}.{frame}" for frame in FRAMES) if name in known]
    values = {
        "title": _name(made, lang), "crumbs": trail(at, lang, _plans(lang)), "here": here, "made": made,
        "base": at.base, "states": _in(STATES, lang), "against": _in(AGAINST, lang), "others": others,
        "terms": [(_word(f"term.{name}", name, lang), _word(f"unit.{each['unit']}", each["unit"], lang), each)
                  for name, each in made["terms"].items()],
        "rules": {each["rule"]: _word(f"rule.{each['rule']}", each["rule"], lang) for each in made["violations"]},
        "layers": [(f"{at.base}/collections/{each.id}", title_of(each, lang)) for each in layers],
        "log": f"{at.base}/transactions" if at.caller.may(at.study_id, "planner") else "",
    }  # fmt: skip
    return page("plan.html", lang, values)


def texts(at: Here, plan_id: str, made: Mapping[str, Any], lang: Lang) -> str:
    """Return the page of a plan in official words."""
    title = "正式文本" if lang == "zh" else "In official words"
    values = {"title": title, "crumbs": trail(at, lang, _plans(lang), _one(plan_id)), "made": made,
              "here": f"{at.base}/plans/{plan_id}/texts"}  # fmt: skip
    return page("plan_texts.html", lang, values)


def comparison(at: Here, made: Mapping[str, Any], lang: Lang) -> str:
    """Return the page of two plans side by side."""
    here = f"{at.base}/plans/{made['first']}/compare?{urlencode({'with': made['second']})}"
    title = f"{made['first']} ↔ {made['second']}"
    values = {
        "title": title, "crumbs": trail(at, lang, _plans(lang), _one(made["first"])), "here": here, "made": made,
        "terms": [(_word(f"term.{each['name']}", each["name"], lang), _word(f"unit.{each['unit']}", each["unit"], lang),
                   each) for each in made["terms"]],
        "blocks": f"{at.base}/collections/plan.{made['first']}.blocks/items",
    }  # fmt: skip
    return page("plan_compare.html", lang, values)


# ── the log ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def transactions(at: Here, made: Mapping[str, Any], given: Mapping[str, str | None], lang: Lang) -> str:
    """Return the page of the log; `given` are the collection and the person that it was asked for."""
    links = {each["rel"]: each["href"] for each in made["links"]}
    values = {"title": _log(lang)[1], "crumbs": trail(at, lang), "here": links["self"], "links": links,
              "log": f"{at.base}/transactions", "transactions": made["transactions"],
              "collection": given["collection"] or "", "by": given["by"] or ""}  # fmt: skip
    return page("transactions.html", lang, values)


def transaction(at: Here, made: Mapping[str, Any], lang: Lang) -> str:
    """Return the page of one transaction with everything that it changed."""
    title = f"事务 {made['tx']}" if lang == "zh" else f"Transaction {made['tx']}"
    values = {
        "title": title, "crumbs": trail(at, lang, _log(lang)), "here": f"{at.base}/transactions/{made['tx']}",
        "made": made, "log": f"{at.base}/transactions", "ops": _in(OPS, lang),
        "changes": [(each, _feature(at, each["collection"], each["id"])) for each in made["changes"]],
    }  # fmt: skip
    return page("transaction.html", lang, values)


@dataclass(frozen=True)
class Edit:
    """One version of a feature: what it changed, as (column, before, after)."""

    told: Mapping[str, Any]
    columns: Sequence[tuple[str, str, str]]
    moved: bool


def versions(at: Here, collection: Collection, made: Mapping[str, Any], lang: Lang) -> str:
    """Return the page of every version of a feature, the newest first."""
    here = _feature(at, collection.id, made["id"])
    above = f"collections/{quote(collection.id)}"
    labels = {each.name: label_of(each, lang) for each in collection.columns}
    values = {
        "title": "历次修改" if lang == "zh" else "Versions", "here": f"{here}/versions", "id": made["id"],
        "crumbs": [*trail(at, lang, (above, title_of(collection, lang))), (here, made["id"])], "ops": _in(OPS, lang),
        "edits": list(_edits(made["versions"], labels, lang))[::-1], "base": at.base,
        "log": f"{at.base}/transactions" if at.caller.may(at.study_id, "planner") else "",
    }  # fmt: skip
    return page("versions.html", lang, values)


def _edits(made: Sequence[Mapping[str, Any]], labels: Mapping[str, str], lang: Lang) -> Iterator[Edit]:
    before: Mapping[str, Any] = {}
    for each in made:
        now = each["properties"]
        columns = [(labels.get(name, name), _told(before.get(name), lang), _told(now.get(name), lang))
                   for name in each["columns"] if name != "geometry"]  # fmt: skip
        yield Edit(each, columns, "geometry" in each["columns"])
        before = now


def _told(value: object, lang: Lang) -> str:
    if isinstance(value, bool):
        return ("是" if value else "否") if lang == "zh" else ("yes" if value else "no")
    if isinstance(value, float):
        return f"{value:,.2f}".rstrip("0").rstrip(".")
    return "" if value is None else str(value)


def _feature(at: Here, collection: str, feature_id: str) -> str:
    return f"{at.base}/collections/{quote(collection)}/items/{quote(feature_id, safe='')}"


def _named(each: Mapping[str, Any], lang: Lang) -> Mapping[str, Any]:
    return {**each, "title": _name(each, lang)}


def _name(made: Mapping[str, Any], lang: Lang) -> str:
    first, second = (made["title_zh"], made["title_en"]) if lang == "zh" else (made["title_en"], made["title_zh"])
    return str(first or second or made["id"])


def _word(key: str, otherwise: str, lang: Lang) -> str:
    return word(key, lang) if key in WORDS else otherwise


def _in(words: Mapping[str, tuple[str, str]], lang: Lang) -> Mapping[str, str]:
    return {key: pair[lang == "en"] for key, pair in words.items()}


def _plans(lang: Lang) -> Crumb:
    return "plans", "方案" if lang == "zh" else "Plans"


def _one(plan_id: str) -> Crumb:
    return f"plans/{plan_id}", plan_id


def _log(lang: Lang) -> Crumb:
    return "transactions", "修改记录" if lang == "zh" else "Log of changes"
