"""The door: which studies there are, each one's landing page, what the API conforms to, whether the server is well."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from api import openapi
from api.conformance import CONFORMANCE
from api.deps import Language, Viewer, base_url, caller_of, server_of
from api.errors import NotAllowedError, UnauthenticatedError
from api.features.representation import AsPage
from api.gateway import Metrics
from api.pages import Crumb, as_html, page, trail
from api.schemas import AS_HTML, ConformanceDeclaration, Health, LandingPage, Studies
from api.storage import StudyStore
from layers.words import Lang

router = APIRouter(tags=["studies"])


def title_of(store: StudyStore, lang: Lang) -> str:
    """Return the name of a study."""
    return (store.name_en or store.name) if lang == "en" else store.name


@router.get("/", response_model=Studies, responses=AS_HTML, operation_id="root")
@router.get("/studies", response_model=Studies, responses=AS_HTML, operation_id="list_studies")
def list_studies(request: Request, lang: Language, as_page: AsPage) -> Response:
    """Return the studies that the caller may look at; each is an OGC API of its own."""
    server, caller, base = server_of(request), caller_of(request), base_url(request)
    if caller is None:
        raise UnauthenticatedError("nobody is signed in", "sign in, or send an API key")
    everybody = server.settings.anonymous_viewers
    stores = [server.storage.open(each) for each in server.storage.studies() if everybody or caller.may(each, "viewer")]
    studies = [{"id": s.study_id, "title": title_of(s, lang), "href": f"{base}/studies/{s.study_id}"} for s in stores]
    title = "规划项目" if lang == "zh" else "Studies"
    if as_page:
        return as_html(page("studies.html", lang, {
            "title": title, "crumbs": [], "here": f"{base}/studies", "base": base, "studies": studies,
            "team": server.settings.team, "who": "" if caller.public else caller.name,
        }))  # fmt: skip
    links = [
        _link(f"{base}/studies", "self", "application/json", title),
        _link(f"{base}/api", "service-desc", openapi.MEDIA_TYPE, "OpenAPI 3.0"),
        _link(f"{base}/docs", "service-doc", "text/html", "API"),
        _link(f"{base}/conformance", "conformance", "application/json", "Conformance"),
        *(_link(each["href"], "item", "application/json", each["title"]) for each in studies),
    ]
    return JSONResponse({"title": title, "studies": studies, "links": links})


@router.get("/studies/{study_id}", response_model=LandingPage, responses=AS_HTML)
def landing_page(request: Request, at: Viewer, lang: Language, as_page: AsPage) -> Response:
    """Return the study's landing page."""
    title, base, here = title_of(at.store, lang), base_url(request), at.base
    if as_page:
        return as_html(page("study.html", lang, {
            "title": title, "crumbs": [(f"{base}/studies", "规划项目" if lang == "zh" else "Studies")], "here": here,
            "base": base, "study_id": at.study_id, "collections": len(at.store.collections()),
            "crs": at.store.crs.name, "planner": at.caller.may(at.study_id, "planner"),
        }))  # fmt: skip
    rel = "http://www.opengis.net/def/rel/ogc/1.0"
    links = [
        _link(here, "self", "application/json", title),
        _link(f"{here}?f=html", "alternate", "text/html", title),
        _link(f"{here}/api", "service-desc", openapi.MEDIA_TYPE, "OpenAPI 3.0"),
        _link(f"{base}/docs?study={at.study_id}", "service-doc", "text/html", "API"),
        _link(f"{here}/conformance", "conformance", "application/json", "Conformance"),
        _link(f"{here}/conformance", f"{rel}/conformance", "application/json", "Conformance"),
        _link(f"{here}/collections", "data", "application/json", "Collections"),
        _link(f"{here}/collections", f"{rel}/data", "application/json", "Collections"),
        _link(f"{here}/processes", f"{rel}/processes", "application/json", "Processes"),
        _link(f"{here}/jobs", f"{rel}/job-list", "application/json", "Jobs"),
        _link(f"{here}/tiles", f"{rel}/tilesets-vector", "application/json", "Tiles"),
        _link(f"{base}/tileMatrixSets", f"{rel}/tiling-schemes", "application/json", "Tile matrix sets"),
        _link(f"{here}/styles", f"{rel}/styles", "application/json", "Styles"),
        _link(f"{here}/map", "related", "text/html", "Map"),
    ]
    return JSONResponse({"title": title, "description": at.store.crs.name, "links": links})


@router.get("/conformance", response_model=ConformanceDeclaration, responses=AS_HTML)
def conformance(request: Request, lang: Language, as_page: AsPage) -> Response:
    """Return the conformance classes that the API keeps."""
    base = base_url(request)
    return _conformance(base, [(f"{base}/studies", "规划项目" if lang == "zh" else "Studies")], lang, as_page=as_page)


@router.get(
    "/studies/{study_id}/conformance", response_model=ConformanceDeclaration, responses=AS_HTML
)  # fmt: skip
def study_conformance(at: Viewer, lang: Language, as_page: AsPage) -> Response:
    """Return the conformance classes that the study's API keeps."""
    return _conformance(at.base, trail(at, lang), lang, as_page=as_page)


def _conformance(base: str, crumbs: list[Crumb], lang: Lang, *, as_page: bool) -> Response:
    if not as_page:
        return JSONResponse({"conformsTo": list(CONFORMANCE)})
    return as_html(page("conformance.html", lang, {
        "title": "符合的标准类" if lang == "zh" else "Conformance", "crumbs": crumbs, "here": f"{base}/conformance",
        "classes": sorted(CONFORMANCE),
    }))  # fmt: skip


@router.get("/health", response_model=Health, responses={503: {"model": Health, "description": "What is wrong"}})
def health(request: Request) -> Response:
    """Tell whether the server can read and write: 200, or 503 with what is wrong. Versions and studies: to an admin."""
    told, caller = server_of(request).storage.health(), caller_of(request)
    well = bool(told.get("ok"))
    shown = {name: value for name, value in told.items()
             if name in ("ok", "storage", "why") or (caller is not None and caller.may("*", "admin"))}  # fmt: skip
    return JSONResponse({"status": "ok" if well else "failing", "storage": shown}, 200 if well else 503)


@router.get("/metrics", response_class=PlainTextResponse)
def metrics(request: Request) -> Response:
    """Return counts and times of requests, for Prometheus; a team's server tells them to an admin's key."""
    caller = caller_of(request)
    if caller is None:
        raise UnauthenticatedError("only an admin of the server sees how it is used", "send the API key of one")
    if not caller.may("*", "admin"):
        raise NotAllowedError("only an admin of the server sees how it is used", "ask one")
    return Response(generate_latest(server_of(request).part(Metrics).registry), media_type=CONTENT_TYPE_LATEST)


def _link(href: str, rel: str, kind: str, title: str) -> dict[str, str]:
    return {"href": href, "rel": rel, "type": kind, "title": title}
