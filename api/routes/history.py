"""Routes: the log of a study, undo, versions of features, backup."""

import tempfile
from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Path, Query
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel, ConfigDict

from api.deps import Admin, Here, Language, Planner, Viewer
from api.editing import log, pages
from api.editing.features import collection_at
from api.features.representation import AsPage
from api.pages import as_html
from api.schemas import AS_HTML, Link

router = APIRouter(tags=["history"])

LOG = "/studies/{study_id}/transactions"
Tx = Annotated[int, Path(description="number of the transaction", ge=1, le=2**53)]
_CHUNK = 1 << 20


class _Told(BaseModel):
    model_config = ConfigDict(extra="allow")


class TransactionTold(_Told):
    """One line of the log: everything in it was written together."""

    tx: int
    at: str
    by: str
    action: str
    note: str
    undoes: int | None
    counts: dict[str, int]


class Transactions(_Told):
    """The log, newest first; `next` among the links is where it goes on."""

    transactions: list[TransactionTold]
    links: list[Link]


class ChangeTold(_Told):
    """One feature that a transaction changed; `bbox` in longitude and latitude holds its shape before and after."""

    collection: str
    id: str
    version: int
    op: Literal["create", "replace", "delete"]
    bbox: list[float] | None


class TransactionWhole(TransactionTold):
    """A transaction with what it changed."""

    changes: list[ChangeTold]
    truncated: bool


class VersionTold(_Told):
    """One version of a feature, with who made it; `columns` are those that are not as in the version before."""

    version: int
    tx: int
    at: str
    by: str
    action: str
    op: Literal["create", "replace", "delete"]
    columns: list[str]
    properties: dict[str, Any]
    geometry: dict[str, Any] | None


class Versions(_Told):
    """Every version of a feature, oldest first."""

    id: str
    collection: str
    versions: list[VersionTold]


def _json(value: object) -> Response:
    headers = {"Cache-Control": "private, max-age=0, must-revalidate"}
    return Response(orjson.dumps(value), 200, headers, "application/json")


@router.get(LOG, response_model=Transactions, responses=AS_HTML)
def list_transactions(  # noqa: PLR0917 - FastAPI gives them by name
    at: Planner,
    lang: Language,
    as_page: AsPage,
    before: Annotated[int | None, Query(description="only those with smaller numbers", ge=1, le=2**53)] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    collection: Annotated[str | None, Query(description="only those that changed it", max_length=200)] = None,
    by: Annotated[str | None, Query(description="only those by this person", max_length=200)] = None,
) -> Response:
    """Return who changed what and when, newest first."""
    collection, by = collection or None, by or None  # as an empty field of the page's form sends them
    made = log.listed(at, before=before, limit=limit, collection=collection, by=by)
    return as_html(pages.transactions(at, made, {"collection": collection, "by": by}, lang)) if as_page else _json(made)


@router.get(LOG + "/{tx}", response_model=TransactionWhole, responses=AS_HTML)
def get_transaction(at: Planner, lang: Language, as_page: AsPage, tx: Tx) -> Response:
    """Return a transaction with every feature that it changed."""
    made = log.whole(at, tx)
    return as_html(pages.transaction(at, made, lang)) if as_page else _json(made)


@router.post(LOG + "/{tx}/undo", response_model=TransactionTold)
def undo_transaction(at: Planner, tx: Tx) -> Response:
    """Take back a transaction, as one of its own; refused when something that it changed was changed again since."""
    return _json(log.undone(at, tx))


@router.get(
    "/studies/{study_id}/collections/{collection_id}/items/{feature_id}/versions", response_model=Versions,
    responses=AS_HTML,
)  # fmt: skip
def feature_versions(
    at: Viewer,
    lang: Language,
    as_page: AsPage,
    collection_id: Annotated[str, Path(description="the collection", max_length=200)],
    feature_id: Annotated[str, Path(description="the feature", max_length=400)],
) -> Response:
    """Return every version of a feature, with who made it and when."""
    made = log.versions(at, collection_id, feature_id)
    return as_html(pages.versions(at, collection_at(at, collection_id), made, lang)) if as_page else _json(made)


@router.get("/studies/{study_id}/backup", responses={200: {"content": {"application/geopackage+sqlite3": {}}}})
def backup(at: Admin) -> StreamingResponse:
    """Return the whole study with its history as one file, consistent while others go on writing."""
    name = f'attachment; filename="{at.study_id}.gpkg"'
    return StreamingResponse(_backup(at), headers={"Content-Disposition": name},
                             media_type="application/geopackage+sqlite3")  # fmt: skip


def _backup(at: Here) -> Iterator[bytes]:
    with tempfile.TemporaryDirectory(prefix="shequ-") as folder:
        path = FilePath(folder) / "backup.gpkg"
        at.store.backup(path)
        with path.open("rb") as copy:
            while part := copy.read(_CHUNK):
                yield part
