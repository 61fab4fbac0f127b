"""Jobs as OGC API Processes tells them: status, list, results."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any
from urllib.parse import quote, urlencode

from api.accounts.rights import Role
from api.errors import BadRequestError
from api.jobs.processes import JSON, MEDIA_TYPES, PROCESSES, Output
from api.jobs.queue import STATUSES, Job, Line, Queue
from geo.errors import Fault
from layers.words import Lang

_REL = "http://www.opengis.net/def/rel/ogc/1.0"
_EXCEPTION = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0"
NOT_READY = f"{_EXCEPTION}/result-not-ready"


class NoResultsError(Exception):
    """A job has no results: it has not ended, or it failed; `document` is what is answered, with its status."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        super().__init__(str(document["detail"]))
        self.document = document


def status(job: Job, base: str, lang: Lang, *, private: bool) -> dict[str, Any]:
    """Return the status of a job (statusInfo); with what it was asked only to those who may know (`private`).

    To others it tells neither what it says nor why it failed: both may quote tables and files.
    """
    here = f"{base}/jobs/{job.id}"
    process = PROCESSES.get(job.process)
    told: dict[str, Any] = {
        "processID": job.process, "type": "process", "jobID": job.id, "status": job.status,
        "message": job.message if private else job.status,
        "created": job.created, "updated": job.updated, "progress": int(job.progress * 100),
        "title": process.title(lang) if process else job.process, "attempts": job.attempts, "cancelling":
        job.cancel and not job.ended,
    }  # fmt: skip
    told |= {key: value for key, value in (("started", job.started), ("finished", job.finished)) if value}
    if private:
        told |= {"by": job.by, "request": dict(job.request)}
    if job.status == "failed" and job.outcome is not None:
        told["exception"] = dict(job.outcome) if private else _briefly(job)
    links = [
        _link(here, "self", JSON, "状态" if lang == "zh" else "Status"),
        *(
            _link(f"{here}/events", "monitor", "text/event-stream", "进展" if lang == "zh" else "Progress"),
            _link(f"{here}/log", "related", JSON, "日志" if lang == "zh" else "Log"),
        )[: 2 * private],
        _link(f"{base}/processes/{job.process}", f"{_REL}/process", JSON, told["title"]),
    ]
    if job.status == "successful":
        links.append(_link(f"{here}/results", f"{_REL}/results", JSON, "结果" if lang == "zh" else "Results"))
    elif job.status == "failed":
        links.append(_link(f"{here}/results", f"{_REL}/exceptions", "application/problem+json",
                           "原因" if lang == "zh" else "Why"))  # fmt: skip
    return told | {"links": links}


def results(job: Job, base: str, lang: Lang, *, private: bool) -> dict[str, Any]:
    """Return the results of a job: links to files and layers; values (`summary`) to those who may know (`private`).

    Raises
    ------
    NoResultsError
        When it has not ended, or not well.
    """
    outcome = require_outcome(job, private=private)
    return {each.id: told for each in wanted(job) if (told := _output(each, outcome, base, lang)) is not None}


def wanted(job: Job) -> Sequence[Output]:
    """Return the outputs that were asked for; all where none was named."""
    asked = job.request.get("outputs") or {}
    return [each for each in PROCESSES[job.process].outputs if not asked or each.id in asked]


def require_outcome(job: Job, *, private: bool) -> Mapping[str, Any]:
    """Return what a job gave; NoResultsError tells why there is nothing."""
    if job.status == "successful" and job.outcome is not None:
        return job.outcome if private else {**job.outcome, "summary": {}}
    if job.status == "failed":
        whole = job.outcome or {"status": 500, "title": "Server error", "detail": job.message}
        raise NoResultsError(whole if private else _briefly(job))
    if job.status == "dismissed":
        raise NoResultsError({"type": f"{_EXCEPTION}/no-such-job", "title": "Not found", "status": 404,
                              "detail": f"the job {job.id} was dismissed, and has no results"})  # fmt: skip
    raise NoResultsError({"type": NOT_READY, "title": "Not found", "status": 404,
                          "detail": f"the job {job.id} is {job.status}, and has no results yet"})  # fmt: skip


def _briefly(job: Job) -> dict[str, Any]:
    """Return that a job failed, without the reason."""
    whole = job.outcome or {}
    return {"type": whole.get("type", "about:blank"), "title": whole.get("title", "Server error"),
            "status": whole.get("status", 500), "detail": "the job failed; planners of the study see why"}  # fmt: skip


def _output(each: Output, outcome: Mapping[str, Any], base: str, lang: Lang) -> Any:  # noqa: ANN401 - JSON
    if each.id == "summary":
        return {"value": outcome["summary"], "mediaType": JSON}
    if each.id == "collections":
        return [_link(f"{base}/collections/{name}", "item", JSON, name) for name in outcome["collections"]]
    key = outcome["files"].get(each.id)
    if key is None:
        return None
    title = each.title_zh if lang == "zh" else each.title_en
    return {"href": file_href(base, key), "type": kind_of(key), "title": title}


def file_href(base: str, key: str) -> str:
    """Return the address of a kept file."""
    return f"{base}/files/{quote(key)}"


def kind_of(key: str) -> str:
    """Return the media type that a file's name tells."""
    end = f".{key.rpartition('.')[2].lower()}"
    return MEDIA_TYPES.get(end, "application/octet-stream")


def line(each: Line) -> dict[str, Any]:
    """Return one line of a log."""
    told: dict[str, Any] = {"number": each.number, "at": each.at, "text": each.text}
    return told if each.progress is None else told | {"progress": int(each.progress * 100)}


def _link(href: str, rel: str, kind: str, title: str) -> dict[str, str]:
    return {"href": href, "rel": rel, "type": kind, "title": title}


# ── what is asked of the list ────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class JobQuery:
    """Which jobs are asked for."""

    processes: Sequence[str]
    statuses: Sequence[str]
    since: str | None
    until: str | None
    least: float | None
    most: float | None
    nothing: bool
    """No job can be meant: jobs of another type, or of processes that there are not."""
    given: Mapping[str, str]
    """The parameters as given, for the links to other pages."""

    @classmethod
    def read(
        cls, *, kind: str | None, process: str | None, status: str | None, when: str | None,
        least: float | None, most: float | None,
    ) -> "JobQuery":  # fmt: skip
        """Return what parameters ask for; BadRequestError with everything that is wrong with them."""
        statuses = [each for each in (status or "").split(",") if each]
        faults = [
            Fault(f"status: there is no status {each}", f"use some of {', '.join(STATUSES)}")
            for each in statuses if each not in STATUSES
        ]  # fmt: skip
        since, until = _span(when, faults)
        for name, value in (("minDuration", least), ("maxDuration", most)):
            if value is not None and not math.isfinite(value):
                faults.append(Fault(f"{name} is {value}", "give a number of seconds"))
        if faults:
            raise BadRequestError(faults)
        kinds = [each for each in (kind or "").split(",") if each]
        processes = [each for each in (process or "").split(",") if each]
        known = [each for each in processes if each in PROCESSES]
        given = {"type": kind, "processID": process, "status": status, "datetime": when,
                 "minDuration": least, "maxDuration": most}  # fmt: skip
        return cls(
            known, statuses, since, until, least, most,
            (bool(kinds) and "process" not in kinds) or (bool(processes) and not known),
            {name: f"{value}" for name, value in given.items() if value is not None},
        )  # fmt: skip

    def ask(self, queue: Queue, *, offset: int, limit: int) -> tuple[Sequence[Job], int]:
        """Return one page of the jobs, and how many there are in all."""
        if self.nothing:
            return [], 0
        return queue.list(
            processes=self.processes, statuses=self.statuses, since=self.since, until=self.until,
            min_seconds=self.least, max_seconds=self.most, offset=offset, limit=limit,
        )  # fmt: skip


def pages(here: str, given: Mapping[str, str], *, offset: int, limit: int, matched: int) -> list[dict[str, str]]:
    """Return links to this page of a list, the one before and the one after."""

    def page(rel: str, first: int) -> dict[str, str]:
        said = {**given, "limit": str(limit)} | ({"offset": str(first)} if first else {})
        return _link(f"{here}?{urlencode(said)}", rel, JSON, rel)

    links = [page("self", offset)]
    if offset:
        links.append(page("prev", max(0, offset - limit)))
    if offset + limit < matched:
        links.append(page("next", offset + limit))
    return links


def _span(text: str | None, faults: list[Fault]) -> tuple[str | None, str | None]:
    """Return begin and end of an instant or interval (RFC 3339, days too), as the queue writes times."""
    if not text:
        return None, None
    begin, sign, end = text.partition("/")
    try:
        since = _time(begin, last=False)
        until = _time(end, last=True) if sign else _time(begin, last=True)
    except (ValueError, OverflowError):
        faults.append(Fault(f"datetime: {text} is neither a time nor an interval",
                            "write 2026-11-22, 2026-11-22T08:00:00Z, or two of them with / between"))  # fmt: skip
        return None, None
    return since, until


def _time(text: str, *, last: bool) -> str | None:
    """Return the first or the last moment of a day or time; None where it is left open."""
    if text in ("", ".."):
        return None
    found = datetime.fromisoformat(text)
    if len(text) == len("2026-11-22"):
        found = datetime.combine(found.date(), time.max if last else time.min)
    elif last and not found.microsecond:
        found = found.replace(microsecond=999_999)
    elif last and not found.microsecond % 1000:
        found = found.replace(microsecond=found.microsecond + 999)
    aware = found if found.tzinfo else found.replace(tzinfo=UTC)
    finer = last or found.microsecond % 1000  # jobs of earlier versions have milliseconds, which sort before these
    return aware.astimezone(UTC).isoformat(timespec="microseconds" if finer else "milliseconds")


def linked_key(study_id: str, href: str, what: str) -> str:
    """Return the key of the file of this study that a link leads to; `what` is told when it leads elsewhere."""
    marker = f"/studies/{study_id}/files/"
    _, found, key = href.partition(marker)
    if not found or not key:
        raise BadRequestError(Fault(f"{what}: {href[:200]} is not fetched",
                                    f"give a link to a file of this study (…{marker}KEY), or its key"))  # fmt: skip
    return key


def role_for(key: str) -> Role:
    """Return who may have a file: photos are for surveyors, all else may hold figures of single households."""
    return "surveyor" if key.startswith("findings/") else "planner"
