"""Routes: processes. What can be asked for as a job, and asking for it (OGC API Processes)."""

from collections.abc import Mapping
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from api.deps import Language, Planner, Viewer
from api.errors import BadRequestError, WrongTypeError, faults_of
from api.features.representation import AsPage
from api.jobs import documents, pages
from api.jobs.processes import PROCESSES, description, process_of, summary
from api.jobs.supervisor import Jobs
from api.pages import as_html
from api.routes.uploads import uploads_of
from api.schemas import AS_HTML, Link
from geo.errors import Fault

router = APIRouter(tags=["processes"])


class ProcessSummary(BaseModel):
    """One process in the list."""

    model_config = ConfigDict(extra="allow")

    id: str
    version: str
    title: str
    description: str
    jobControlOptions: list[str]  # noqa: N815 - the standard's name
    outputTransmission: list[str]  # noqa: N815 - as above
    links: list[Link]


class ProcessDescription(ProcessSummary):
    """One process with its inputs and outputs."""

    inputs: dict[str, Any]
    outputs: dict[str, Any]


class ProcessList(BaseModel):
    """What can be asked for."""

    processes: list[ProcessSummary]
    links: list[Link]


class StatusInfo(BaseModel):
    """The status of a job."""

    model_config = ConfigDict(extra="allow")

    processID: str  # noqa: N815 - the standard's name
    type: str
    jobID: str  # noqa: N815 - as above
    status: str
    message: str
    created: str
    updated: str
    started: str | None = None
    finished: str | None = None
    progress: int
    links: list[Link]


class Execute(BaseModel):
    """A request to do something: what it is asked with, and what is wanted of it."""

    model_config = ConfigDict(extra="allow")

    inputs: dict[str, Any] = Field(default_factory=dict)
    outputs: dict[str, Any] | None = None
    response: str = "document"
    subscriber: dict[str, Any] | None = None


async def execute_request(request: Request) -> Mapping[str, Any]:
    """Return the body of an execute request."""
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise WrongTypeError(f"{kind} is not understood", "send application/json")
    try:
        return Execute.model_validate(orjson.loads(await request.body() or b"{}")).model_dump()
    except orjson.JSONDecodeError as error:
        raise BadRequestError(Fault(f"the request is not JSON ({error})", "send an object with inputs")) from error
    except ValidationError as error:
        remedy = "send an object with inputs, and outputs where only some are wanted"
        raise BadRequestError(faults_of(error.errors(), remedy, about="the request")) from error


_BODY = {
    "requestBody": {
        "required": True, "content": {"application/json": {"schema": Execute.model_json_schema()}},
    }
}  # fmt: skip


@router.get("/studies/{study_id}/processes", response_model=ProcessList, responses=AS_HTML)
def list_processes(
    at: Viewer,
    lang: Language,
    as_page: AsPage,
    limit: Annotated[int, Query(ge=1, le=1000, description="at most so many")] = 100,
    offset: Annotated[int, Query(ge=0, le=1000, description="leave out so many")] = 0,
) -> Response:
    """Return the processes of a study."""
    told = [summary(each, lang, at.base) for each in list(PROCESSES.values())[offset : offset + limit]]
    links = documents.pages(f"{at.base}/processes", {}, offset=offset, limit=limit, matched=len(PROCESSES))
    made = {"processes": told, "links": links}
    return as_html(pages.processes(at, made, lang)) if as_page else JSONResponse(made)


@router.get("/studies/{study_id}/processes/{process_id}", response_model=ProcessDescription, responses=AS_HTML)
def describe_process(at: Viewer, lang: Language, as_page: AsPage, process_id: str) -> Response:
    """Return the inputs of a process, with their JSON schemas, and what it gives."""
    made = description(process_of(process_id), lang, at.base)
    return as_html(pages.process(at, made, lang)) if as_page else JSONResponse(made)


@router.post(
    "/studies/{study_id}/processes/{process_id}/execution",
    status_code=201,
    response_model=StatusInfo,
    openapi_extra=_BODY,
)
def execute(
    at: Planner,
    lang: Language,
    process_id: str,
    request: Request,
    asked: Annotated[Mapping[str, Any], Depends(execute_request)],
) -> Response:
    """Begin a job; its status is at Location, its progress at the link `monitor`."""
    job = at.server.part(Jobs).submit(at.store, process_id, asked, by=at.caller.name, judge=uploads_of(at).judge)
    headers = {"location": f"{at.base}/jobs/{job.id}"}
    if "respond-async" in request.headers.get("prefer", ""):
        headers["preference-applied"] = "respond-async"
    return JSONResponse(documents.status(job, at.base, lang, private=True), 201, headers)
