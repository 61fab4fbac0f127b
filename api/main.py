"""The web application. Nothing happens at import: `create_app` makes one."""

import contextlib
from collections.abc import AsyncIterator
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from api.accounts.callers import Callers
from api.ahead import begin
from api.bodies import Bodies
from api.errors import PROBLEM, TITLES, BadRequestError, WebError, faults_of, problem, status_of
from api.features.door import Door as ItemsDoor
from api.gateway import Gateway, Metrics, log_as_json
from api.jobs import Jobs
from api.rasters.rasters import Rasters
from api.routes import (
    accounts,
    collections,
    docs,
    exports,
    findings,
    history,
    jobs,
    plans,
    processes,
    rasters,
    studies,
    styles,
    tiles,
    transactions,
    uploads,
    viewer,
)
from api.server import Server
from api.settings import Settings, read_settings, require_safe
from api.styles.answers import Answers
from api.tiles.door import Door
from api.tiles.tiles import Tiles
from geo.errors import ShequError
from layers.glyphs import Glyphs

ROUTES = (
    studies, collections, transactions, tiles, styles, rasters, processes, jobs, plans, findings, history, accounts,
    uploads, exports, docs, viewer,
)  # fmt: skip

_SHOWN = 300
"""Characters of an address that is told again."""

EXPOSED = ["ETag", "Location", "Link", "Content-Crs", "X-Request-Id", "Preference-Applied"]
"""Headers that scripts of other origins may read."""


def create_app(settings: Settings, server: Server | None = None) -> FastAPI:
    """Return the application that serves what `settings` names; `server` where one is at hand already (tests)."""
    made = server or open_server(settings)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        made.part(Tiles).start()
        made.part(Jobs).start()
        yield
        made.close()

    app = FastAPI(
        title="shequ 社区", version="0.1.0", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None,
        telemetry={"tracing": False, "metrics": False, "logs": False},
        description="Communities, facilities and renovation of a town as OGC API layers.",
    )  # fmt: skip
    app.state.server = made
    for each in ROUTES:
        app.include_router(each.router)
    app.add_middleware(Bodies, most_bytes=settings.body_bytes)
    app.add_middleware(ItemsDoor, server=made)
    app.add_middleware(Door, server=made)
    app.add_middleware(Callers, server=made)
    app.add_middleware(Gateway, settings=settings, metrics=made.part(Metrics))
    if settings.cors_origins:
        app.add_middleware(CORSMiddleware, allow_origins=list(settings.cors_origins), allow_methods=["*"],
                           allow_headers=["*"], expose_headers=EXPOSED, max_age=600)  # fmt: skip
    app.add_exception_handler(ShequError, _told)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    return app


def app_from_environment() -> FastAPI:
    """Return the application of one of several server processes; settings come from the environment."""
    settings = read_settings()
    require_safe(settings)
    log_as_json()
    return create_app(settings)


def open_server(settings: Settings, begun: Server | None = None) -> Server:
    """Open the storage that the settings name, and make the parts that requests share; `begun` may have some."""
    server = begun or begin(settings)
    server.parts[Metrics] = Metrics()
    server.parts[Glyphs] = Glyphs()
    server.parts[Answers] = Answers()
    server.parts[Rasters] = Rasters()
    server.parts[Jobs] = Jobs(server)
    if settings.team:
        from api.accounts.accounts import Accounts, open_accounts  # noqa: PLC0415 - needs PostgreSQL's client
        from api.accounts.signing import SignIn  # noqa: PLC0415 - as above

        server.parts[Accounts] = open_accounts(server.storage)
        server.parts[SignIn] = SignIn(settings, server.part(Accounts))
    return server


async def _told(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ShequError)  # noqa: S101 - the handler is registered for this class
    headers = error.headers if isinstance(error, WebError) else {}
    body = problem(error, str(request.url.path))
    return JSONResponse(body, status_of(error), headers, PROBLEM)


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - as above
    sent = request.headers.get("content-type", "").split(";")[0].strip().lower()
    as_form = "application/x-www-form-urlencoded"  # what curl -d says where nobody says otherwise
    remedy = "correct the value, see the API document"
    if sent == as_form and any(one["loc"] == ("body",) for one in error.errors()):
        remedy = f"it was sent as {as_form}: send the header Content-Type: application/json"
    told = problem(BadRequestError(faults_of(error.errors(), remedy)), str(request.url.path))
    return JSONResponse(told, 400, media_type=PROBLEM)


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - as above
    status, path = error.status_code, str(request.url.path)[:_SHOWN]
    what, remedy = str(error.detail), ""
    by_router = what == HTTPStatus(status).phrase  # who knows no more
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = {name.lower(): value for name, value in (error.headers or {}).items()}.get("allow")
        what, remedy = f"{request.method} is not offered at {path}" if by_router else what, f"use {allowed}"
    elif status == HTTPStatus.NOT_FOUND and by_router:
        what, remedy = f"there is nothing at {path}", "see /studies for what there is, and /docs for every address"
    body = {"type": "about:blank", "title": TITLES.get(status, what), "status": status, "detail": what,
            "instance": path, "faults": [{"what": what, **({"remedy": remedy} if remedy else {})}]}  # fmt: skip
    return JSONResponse(body, status, error.headers, PROBLEM)
