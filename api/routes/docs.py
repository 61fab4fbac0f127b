"""The API described: OpenAPI 3.0 as a document, and as a page that works without a network."""

from pathlib import Path as File
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, Response

from api import openapi
from api.deps import Language, Viewer, base_url
from api.errors import NotFoundError
from api.features.definitions import with_collections
from api.pages import page
from api.routes.studies import title_of

router = APIRouter(tags=["description"])

STATIC = File(__file__).resolve().parents[1] / "static" / "docs"
_DOCUMENT: dict[int | str, dict[str, Any]] = {200: {"content": {openapi.MEDIA_TYPE: {"schema": {"type": "object"}}}}}
_START = """SwaggerUIBundle({
  url: document.body.dataset.document, dom_id: "#docs", deepLinking: true, validatorUrl: null,
  docExpansion: "none", defaultModelsExpandDepth: 0, tryItOutEnabled: true,
})
"""


@router.get("/api", response_class=Response, responses=_DOCUMENT)
def api_document(request: Request) -> Response:
    """Return the whole API in OpenAPI 3.0."""
    return JSONResponse(openapi.document(request.app, base_url(request)), media_type=openapi.MEDIA_TYPE)


@router.get("/studies/{study_id}/api", response_class=Response, responses=_DOCUMENT)
def study_api_document(request: Request, at: Viewer, lang: Language) -> Response:
    """Return the API of the study alone; its paths begin at the landing page."""
    made: dict[str, Any] = openapi.study_document(request.app, base_url(request), at.study_id, title_of(at.store, lang))
    return JSONResponse(with_collections(made, at), media_type=openapi.MEDIA_TYPE)


@router.get("/docs", response_class=HTMLResponse)
def docs_page(
    request: Request,
    lang: Language,
    study: Annotated[str | None, Query(max_length=64, pattern="^[A-Za-z0-9_-]+$", description="one alone")] = None,
) -> Response:
    """Return the page that shows the document and tries requests."""
    base = base_url(request)
    document = f"{base}/studies/{study}/api" if study else f"{base}/api"
    title = "接口文档" if lang == "zh" else "API documentation"
    return HTMLResponse(page("docs.html", lang, {"title": title, "base": base, "document": document}))


@router.get("/docs/{name}", include_in_schema=False)
def docs_part(
    name: Annotated[Literal["swagger-ui.css", "swagger-ui-bundle.js", "start.js", "LICENSE"], Path()],
) -> Response:
    """Return a script or style sheet of the page."""
    if name == "start.js":
        return Response(_START, media_type="text/javascript")
    if not (STATIC / name).is_file():
        raise NotFoundError(
            "the documentation page has not been built", "run once, with npm at hand: python -m layers.assets"
        )
    return FileResponse(STATIC / name, headers={"cache-control": "public, max-age=86400"})
