"""Pages of processes and jobs for people in a browser."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.deps import Here
from api.jobs import documents
from api.jobs.processes import PROCESSES
from api.jobs.queue import STATUSES, Job, Line
from api.pages import Crumb, page, trail
from layers.words import Lang

RELOADED_S = 3
"""The page of a job that has not ended asks for itself again after so long [s]."""

LINES = 2_000
"""Lines of a log on the page of a job, at most."""

STATUS_WORDS: Mapping[str, tuple[str, str]] = {
    "accepted": ("排队中", "waiting"), "running": ("进行中", "running"), "successful": ("已完成", "successful"),
    "failed": ("失败", "failed"), "dismissed": ("已取消", "dismissed"),
}  # fmt: skip
_KINDS = {
    "string": ("文本", "text"), "integer": ("整数", "whole number"), "number": ("数值", "number"),
    "boolean": ("是或否", "true or false"), "object": ("对象", "object"), "array": ("列表", "list"),
}  # fmt: skip


# ── processes ────────────────────────────────────────────────────────────────────────────────────────────────────────
def processes(at: Here, made: Mapping[str, Any], lang: Lang) -> str:
    """Return the page of what can be asked for."""
    values = {"title": _process(lang)[1], "crumbs": trail(at, lang), "here": f"{at.base}/processes",
              "processes": made["processes"], "links": _by_rel(made)}  # fmt: skip
    return page("processes.html", lang, values)


def process(at: Here, made: Mapping[str, Any], lang: Lang) -> str:
    """Return the page of one process: what it is asked with, what it gives, and a request that can be sent."""
    here = f"{at.base}/processes/{made['id']}"
    values = {
        "title": made["title"], "crumbs": trail(at, lang, _process(lang)), "here": here, "made": made,
        "inputs": list(asked_with(made["inputs"], lang)), "may": at.caller.may(at.study_id, "planner"),
        "example": _json({"inputs": PROCESSES[made["id"]].example}), "jobs": f"{at.base}/jobs?processID={made['id']}",
    }  # fmt: skip
    return page("process.html", lang, values)


@dataclass(frozen=True)
class Asked:
    """One row of the table of inputs.

    Attributes
    ----------
    name
        With a dot before what stands inside another input: `options.k`.
    title, kind, default
    values
        Which are allowed.
    about
        What it means, in English; `more` is the longer text about what stands in it.
    """

    name: str
    title: str
    kind: str
    values: str
    default: str
    required: bool
    about: str
    more: str = ""


def asked_with(inputs: Mapping[str, Mapping[str, Any]], lang: Lang) -> Iterator[Asked]:
    """Give the rows of the table of inputs; what stands inside an input follows it."""
    for name, each in inputs.items():
        schema = each["schema"]
        required, about = bool(each["minOccurs"]), each["description"]
        title = each["title"] if each["title"] != name else ""
        yield _row(name, schema, lang, title=title, required=required, about="" if about == title else about)
        for inner, within in schema.get("properties", {}).items():
            yield _row(f"{name}.{inner}", within, lang, required=inner in schema.get("required", ()))


def _row(
    name: str, schema: Mapping[str, Any], lang: Lang, *, required: bool, title: str = "", about: str = ""
) -> Asked:  # fmt: skip
    default = schema.get("default")
    plain = required or bool(schema.get("properties")) or default in (None, "", [], {})
    told = "" if plain else json.dumps(default, ensure_ascii=False)
    if len(told) > 60:
        told = f"{told[:60]} …"
    more = schema.get("description", "") if schema.get("properties") else ""
    return Asked(name, title, kind_of(schema, lang), values_of(schema, lang), told, required, about, more)


def kind_of(schema: Mapping[str, Any], lang: Lang) -> str:
    """Return what a value is, in a word or two.

    Examples
    --------
    >>> kind_of({"type": "array", "items": {"type": "string"}}, "en")
    'list: text'
    """
    choices = schema.get("anyOf") or schema.get("oneOf")
    if choices:
        return " / ".join(dict.fromkeys(kind_of(each, lang) for each in choices))
    kind = schema.get("type", "")
    told = _KINDS[kind][lang == "en"] if kind in _KINDS else "JSON"
    within = schema.get("items") if kind == "array" else None
    return f"{told}{'：' if lang == 'zh' else ': '}{kind_of(within, lang)}" if within else told


def values_of(schema: Mapping[str, Any], lang: Lang) -> str:
    """Return which values are allowed.

    Examples
    --------
    >>> values_of({"type": "integer", "minimum": 1, "maximum": 26}, "en"), values_of({"enum": ["zh", "en"]}, "en")
    ('1 – 26', 'zh, en')
    """
    if "enum" in schema:
        return ", ".join(str(each) for each in schema["enum"])
    choices = schema.get("anyOf") or schema.get("oneOf")
    if choices:
        return "; ".join(told for each in choices if (told := values_of(each, lang)))
    if schema.get("type") == "array":
        within = values_of(schema.get("items") or {}, lang)
        count = _between(schema.get("minItems"), schema.get("maxItems"))
        return "; ".join(each for each in (within, count and f"{count}{' 项' if lang == 'zh' else ' items'}") if each)
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is None:
        return f"{'>' if schema.get('exclusiveMinimum') else '≥'} {low:,}"
    told = _between(low, high)
    return f"> {told.partition(' – ')[0]}, ≤ {high:,}" if told and schema.get("exclusiveMinimum") else told


def _between(low: float | None, high: float | None) -> str:
    if low is None:
        return "" if high is None else f"≤ {high:,}"
    if high is None:
        return f"≥ {low:,}"
    return f"{low:,}" if low == high else f"{low:,} – {high:,}"


# ── jobs ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def jobs(at: Here, made: Mapping[str, Any], lang: Lang) -> str:
    """Return the page of jobs."""
    links = _by_rel(made)
    values = {
        "title": _jobs(lang)[1], "crumbs": trail(at, lang), "here": links["self"], "jobs": made["jobs"],
        "matched": made["numberMatched"], "links": links, "words": _words(lang), "statuses": STATUSES,
        "base": at.base, "running": any(each["status"] in ("accepted", "running") for each in made["jobs"]),
        "reloaded": RELOADED_S * 3,
    }  # fmt: skip
    return page("jobs.html", lang, values)


def job(at: Here, each: Job, made: Mapping[str, Any], lines: Sequence[Line], lang: Lang) -> str:
    """Return the page of one job; as long as it has not ended, it asks for itself again."""
    files, layers = _given(at, each, lang)
    planner = at.caller.may(at.study_id, "planner")
    outcome = each.outcome if each.status == "successful" and planner else None
    values = {
        "title": made["title"], "crumbs": trail(at, lang, _jobs(lang)), "here": f"{at.base}/jobs/{each.id}",
        "made": made, "ended": each.ended, "seconds": each.seconds, "words": _words(lang), "reloaded": RELOADED_S,
        "process": f"{at.base}/processes/{each.process}", "fault": made.get("exception"),
        "request": _json(made["request"]) if "request" in made else "", "files": files, "layers": layers,
        "summary": list(_facts(outcome["summary"], lang)) if outcome else [],
        "lines": [documents.line(line) for line in lines if planner],
    }  # fmt: skip
    return page("job.html", lang, values)


def _given(at: Here, each: Job, lang: Lang) -> tuple[list[Mapping[str, Any]], list[Crumb]]:
    """Return the files that the caller may have, and the layers, of a job that has ended well."""
    if each.status != "successful" or each.outcome is None:
        return [], []
    kept = at.store.files(f"jobs/{each.id}/")
    files: list[Mapping[str, Any]] = []
    for output in documents.wanted(each):
        key = each.outcome["files"].get(output.id)
        if key in kept and at.caller.may(at.study_id, documents.role_for(key)):
            kind, size = kept[key]
            files.append({"href": documents.file_href(at.base, key), "name": key.rpartition("/")[2], "type": kind,
                          "bytes": size, "title": output.title_zh if lang == "zh" else output.title_en})  # fmt: skip
    return files, [(f"{at.base}/collections/{name}", name) for name in each.outcome["collections"]]


def files(at: Here, made: Mapping[str, Any], lang: Lang) -> str:
    """Return the page of the files kept with a study."""
    title = "文件" if lang == "zh" else "Files"
    values = {"title": title, "crumbs": trail(at, lang), "here": f"{at.base}/files", "files": made["files"]}
    return page("files.html", lang, values)


def _facts(summary: Mapping[str, Any], lang: Lang, above: str = "") -> Iterator[tuple[str, str]]:
    """Give what came of a job as rows: a name with dots, and its value; of two languages the one asked for."""
    for name, value in summary.items():
        if name.endswith("_en" if lang == "zh" else "_zh"):
            continue
        if isinstance(value, Mapping) and set(value) == {"value", "unit"}:
            yield f"{above}{name}", f"{_told(value['value'])} {value['unit']}"
        elif isinstance(value, Mapping) and value:
            yield from _facts(value, lang, f"{above}{name}.")
        elif isinstance(value, list) and value and all(isinstance(one, Mapping) and lang in one for one in value):
            yield f"{above}{name}", "\n".join(str(one[lang]) for one in value)
        elif isinstance(value, list):
            yield f"{above}{name}", "\n".join(_told(one) for one in value)
        else:
            yield f"{above}{name}", _told(value)


def _told(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.3f}".rstrip("0").rstrip(".")
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}" if abs(value) >= 10_000 else str(value)
    return value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False)


def _words(lang: Lang) -> Mapping[str, str]:
    return {status: words[lang == "en"] for status, words in STATUS_WORDS.items()}


def _process(lang: Lang) -> Crumb:
    return "processes", "处理" if lang == "zh" else "Processes"


def _jobs(lang: Lang) -> Crumb:
    return "jobs", "任务" if lang == "zh" else "Jobs"


def _by_rel(made: Mapping[str, Any]) -> dict[str, str]:
    return {each["rel"]: each["href"] for each in made["links"]}


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, default=dict)
