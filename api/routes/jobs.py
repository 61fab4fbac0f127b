"""Routes: jobs. How far they are, what they gave, ending them; and the files kept with a study."""

import hashlib
from collections.abc import Sequence
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Header, Path, Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, ConfigDict

from api.deps import Here, Language, Planner, Viewer, require
from api.errors import BadRequestError, NotFoundError
from api.features.representation import AsPage
from api.jobs import documents, pages
from api.jobs.events import events
from api.jobs.processes import HTML
from api.jobs.queue import Job, Queue, no_such_job
from api.jobs.supervisor import Jobs
from api.pages import as_html
from api.routes.processes import StatusInfo
from api.schemas import AS_HTML, Link, Problem
from geo.errors import Fault

router = APIRouter(tags=["jobs"])

JobId = Annotated[str, Path(max_length=64, pattern=r"^[A-Za-z0-9-]+$", description="the job")]
_PRINTED = r"^[^\x00-\x1f]*$"
_PROBLEM = "application/problem+json"
_PAGE_OF_MAPS = (
    "sandbox allow-scripts allow-popups; default-src 'none'; script-src 'unsafe-inline'; "
    "style-src 'unsafe-inline'; img-src data: blob:; font-src data:"
)
"""A kept page may run the scripts in it, and nothing else: it is nobody's session, and reaches no server."""


class JobList(BaseModel):
    """Jobs, newest first."""

    jobs: list[StatusInfo]
    links: list[Link]
    numberMatched: int  # noqa: N815 - as in Features
    numberReturned: int  # noqa: N815 - as above


class LogLines(BaseModel):
    """Lines of a job's log."""

    lines: list[dict[str, Any]]
    links: list[Link]


class KeptFile(BaseModel):
    """A file kept with the study."""

    model_config = ConfigDict(extra="allow")

    key: str
    type: str
    bytes: int
    href: str


class KeptFiles(BaseModel):
    """The files kept with the study."""

    files: list[KeptFile]


def _queue(at: Here, job_id: str) -> Queue:
    """Return the queue that has a job; jobs are for people with a role, and for the public there is none."""
    if at.caller.public:
        raise no_such_job(job_id)
    return at.server.part(Jobs).queue(at.store)


@router.get("/studies/{study_id}/jobs", response_model=JobList, responses=AS_HTML)
def list_jobs(  # noqa: PLR0917 - FastAPI gives them by name
    at: Viewer,
    lang: Language,
    as_page: AsPage,
    kind: Annotated[str | None, Query(alias="type", max_length=100, description="process")] = None,
    process_id: Annotated[
        str | None, Query(alias="processID", max_length=500, description="ids of processes, by comma")
    ] = None,
    status: Annotated[
        str | None, Query(max_length=100, description="accepted, running, successful, failed, dismissed, by comma")
    ] = None,
    datetime: Annotated[
        str | None, Query(max_length=100, description="created then: an instant, or an interval a/b, a/.. or ../b")
    ] = None,
    min_duration: Annotated[
        float | None, Query(alias="minDuration", ge=0, description="ran so many seconds, at least")
    ] = None,
    max_duration: Annotated[
        float | None, Query(alias="maxDuration", ge=0, description="ran so many seconds, at most")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="at most so many")] = 100,
    offset: Annotated[int, Query(ge=0, le=10_000_000, description="leave out so many")] = 0,
) -> Response:
    """Return the jobs of a study, newest first."""
    query = documents.JobQuery.read(
        kind=kind, process=process_id, status=status, when=datetime, least=min_duration, most=max_duration
    )
    found: Sequence[Job] = []
    matched = 0
    if not at.caller.public:
        found, matched = query.ask(at.server.part(Jobs).queue(at.store), offset=offset, limit=limit)
    private = at.caller.may(at.study_id, "planner")
    told = [documents.status(job, at.base, lang, private=private) for job in found]
    links = documents.pages(f"{at.base}/jobs", query.given, offset=offset, limit=limit, matched=matched)
    made = {"jobs": told, "links": links, "numberMatched": matched, "numberReturned": len(told)}
    return as_html(pages.jobs(at, made, lang)) if as_page else JSONResponse(made)


@router.get("/studies/{study_id}/jobs/{job_id}", response_model=StatusInfo, responses=AS_HTML)
def job_status(at: Viewer, lang: Language, as_page: AsPage, job_id: JobId) -> Response:
    """Return how far a job is."""
    queue = _queue(at, job_id)
    job = queue.get(job_id)
    made = documents.status(job, at.base, lang, private=at.caller.may(at.study_id, "planner"))
    if as_page:
        return as_html(pages.job(at, job, made, queue.log(job.id, after=0, limit=pages.LINES), lang))
    return JSONResponse(made)


@router.delete("/studies/{study_id}/jobs/{job_id}", response_model=StatusInfo)
def dismiss_job(at: Planner, lang: Language, job_id: JobId) -> Response:
    """End a job; one that has ended is taken off the list, and what it gave stays with the study."""
    job = at.server.part(Jobs).dismiss(at.store, job_id)
    return JSONResponse(documents.status(job, at.base, lang, private=True))


@router.get(
    "/studies/{study_id}/jobs/{job_id}/results",
    responses={
        200: {"description": "Values, and links to files and layers", "content": {"application/json": {}}},
        204: {"description": "The one output that was asked for raw, by a link"},
        409: {"model": Problem, "description": "The request has no answer"},
        412: {"model": Problem, "description": "What it read was changed meanwhile"},
        413: {"model": Problem, "description": "It needed more than it may have"},
        422: {"model": Problem, "description": "The data is unusable"},
        500: {"model": Problem, "description": "It failed without its own fault"},
    },
)  # fmt: skip
def job_results(at: Viewer, lang: Language, job_id: JobId) -> Response:
    """Return what a job gave; of one that failed why, under the status of the failure. Values are for planners."""
    job = _queue(at, job_id).get(job_id)
    try:
        told = documents.results(job, at.base, lang, private=at.caller.may(at.study_id, "planner"))
    except documents.NoResultsError as error:
        return JSONResponse(dict(error.document), int(error.document["status"]), media_type=_PROBLEM)
    if job.request.get("response") != "raw":
        return JSONResponse(told)
    (output,) = told.items() if told else ((None, None),)
    return _raw(at, job.request["outputs"], *output)


def _raw(at: Here, asked: dict[str, Any], output: Any, told: Any) -> Response:  # noqa: ANN401 - JSON
    """Return the one output itself, or a link to it where that was asked for."""
    if not isinstance(told, dict) or "href" not in told:
        return JSONResponse(told["value"] if isinstance(told, dict) else told)
    if (asked[output] or {}).get("transmissionMode") == "reference":
        return Response(status_code=204, headers={"link": f'<{told["href"]}>; rel="{output}"; type="{told["type"]}"'})
    return _file(at, told["href"].partition("/files/")[2])


@router.get("/studies/{study_id}/jobs/{job_id}/log", response_model=LogLines)
def job_log(
    at: Viewer, job_id: JobId, after: Annotated[int, Query(ge=0, le=2**31, description="lines behind this number")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 500,
) -> Response:  # fmt: skip
    """Return lines of a job's log, which may quote tables and files: for planners."""
    queue = _queue(at, job_id)
    require(at, "planner")
    job = queue.get(job_id)
    lines = [documents.line(each) for each in queue.log(job.id, after=after, limit=limit)]
    here = f"{at.base}/jobs/{job.id}/log"
    links = [{"href": here, "rel": "self", "type": "application/json"}]
    if len(lines) == limit:
        links.append({"href": f"{here}?after={lines[-1]['number']}&limit={limit}", "rel": "next",
                      "type": "application/json"})  # fmt: skip
    return JSONResponse({"lines": lines, "links": links})


@router.get(
    "/studies/{study_id}/jobs/{job_id}/events",
    responses={200: {"description": "Server-sent events", "content": {"text/event-stream": {}}}},
)
def job_events(
    at: Viewer, job_id: JobId, last_event_id: Annotated[str | None, Header(max_length=9)] = None
) -> Response:
    """Return a job's log and state as they change, until it ends (server-sent events): for planners."""
    if last_event_id and not last_event_id.isdecimal():
        raise BadRequestError(Fault(f"Last-Event-ID {last_event_id} is no number", "send the id of the last event"))
    jobs = at.server.part(Jobs)
    queue = _queue(at, job_id)
    require(at, "planner")
    queue.get(job_id)
    stream = events(queue, job_id, after=int(last_event_id or 0), closing=lambda: jobs.closing)
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(stream, media_type="text/event-stream", headers=headers)


# ── files ────────────────────────────────────────────────────────────────────────────────────────────────────────────
@router.get("/studies/{study_id}/files", response_model=KeptFiles, responses=AS_HTML)
def list_files(
    at: Planner, lang: Language, as_page: AsPage,
    prefix: Annotated[str, Query(max_length=300, pattern=_PRINTED, description="keys that begin so")] = "",
) -> Response:  # fmt: skip
    """Return the files kept with a study."""
    told = [
        {"key": key, "type": kind, "bytes": size, "href": documents.file_href(at.base, key)}
        for key, (kind, size) in sorted(at.store.files(prefix).items())
    ]
    return as_html(pages.files(at, {"files": told}, lang)) if as_page else JSONResponse({"files": told})


@router.get(
    "/studies/{study_id}/files/{key:path}", response_class=Response,
    responses={
        200: {"description": "The file", "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}},
        304: {"description": "It is as the client has it"},
    },
)  # fmt: skip
def download_file(
    at: Viewer,
    request: Request,
    key: Annotated[str, Path(max_length=300, pattern=_PRINTED, description="the key of the file")],
    disposition: Annotated[Literal["inline", "attachment"] | None, Query(description="shown, or saved")] = None,
) -> Response:
    """Return a file kept with a study."""
    return _file(at, key, disposition=disposition, seen=request.headers.get("if-none-match", ""))


def _file(at: Here, key: str, *, disposition: str | None = None, seen: str = "") -> Response:
    if not at.caller.public:  # to whom the study has no files
        require(at, documents.role_for(key))
    kept = at.store.file(key)
    if kept is None:
        raise NotFoundError(f"there is no file {key}", "see the list of files")
    kind, content = kept
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    made = key.startswith("jobs/") and "/in/" not in key
    shown = disposition or ("inline" if made and kind == HTML else "attachment")
    headers = {
        "etag": tag, "cache-control": "private, max-age=0, must-revalidate",
        "content-disposition": f"{shown if made else 'attachment'}; filename*=UTF-8''{quote(key.rpartition('/')[2])}",
        "content-security-policy": _PAGE_OF_MAPS if made else "sandbox; default-src 'none'",
    }  # fmt: skip
    if tag in seen:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=kind, headers=headers)
