"""Routes: uploads. Files from outside, looked at before they are kept; processes and tables take them by their id."""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any, Literal
from urllib.parse import quote

import orjson
from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from api.deps import Here, Surveyor
from api.editing.many import Row, appendable, create_many
from api.errors import BadRequestError, NotFoundError, WrongTypeError
from api.storage.records import Document
from api.uploads import keeping
from api.uploads.keeping import Part, Uploads
from geo.errors import Fault

router = APIRouter(tags=["uploads"])

Scalar = str | int | float | bool

UploadId = Annotated[str, Path(max_length=64, pattern=r"^[A-Za-z0-9-]+$", description="the upload")]
_FORM = "multipart/form-data"
_MOST_PARTS = 12
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            _FORM: {
                "schema": {
                    "type": "object", "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            }
        },
    }
}  # fmt: skip


class UploadTold(BaseModel):
    """A file that was looked at and kept: what is in it."""

    model_config = ConfigDict(extra="allow")

    id: str
    name: str
    format: str
    kind: Literal["vector", "raster", "osm", "workbook", "list", "plan", "mapping"]
    bytes: int
    by: str
    at: str
    until: str
    layers: list[dict[str, Any]]
    links: list[dict[str, Any]]


class UploadList(BaseModel):
    """The uploads of a study, newest first."""

    uploads: list[UploadTold]


class AppendAsked(BaseModel):
    """Which layer's rows are added, and which column is which: as in a mapping file."""

    model_config = ConfigDict(extra="forbid")

    layer: Annotated[str | None, Field(max_length=200, description="where the file has several")] = None
    crs: Annotated[str | None, Field(max_length=2_000, description="of the layer, where it states none")] = None
    encoding: Annotated[str | None, Field(max_length=40, description="of a shapefile's text")] = None
    columns: Annotated[dict[str, str], Field(max_length=200, description="our column → the layer's")] = {}
    values: Annotated[dict[str, dict[str, Scalar]], Field(max_length=200, description="translated words")] = {}
    fixed: Annotated[dict[str, Scalar], Field(max_length=200, description="the same for every row")] = {}
    filter: Annotated[dict[str, list[Scalar]], Field(max_length=50, description="rows that are taken")] = {}


class Appended(BaseModel):
    """Rows that were added."""

    collection: str
    rows: int
    tx: int
    ids: list[str]
    repairs: list[dict[str, Any]]


def uploads_of(at: Here) -> Uploads:
    """Return the part of the server that looks at files."""
    return at.server.part_or_new(Uploads)


async def form(at: Surveyor, request: Request) -> AsyncIterator[Sequence[Part]]:  # noqa: ARG001 - rights before the body
    """Give the files of a form; they lie in temporary files, not in memory."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != _FORM:
        raise WrongTypeError(f"{kind[:100] or 'a body without a media type'} is not understood",
                             f"send the file as the part `file` of a form ({_FORM})", headers={"Accept-Post": _FORM}
                             )  # fmt: skip
    try:
        sent = await request.form(max_files=_MOST_PARTS, max_fields=_MOST_PARTS, max_part_size=65_536)
    except HTTPException as error:
        raise BadRequestError(Fault(f"the form cannot be read: {error.detail}", "send the file as the part `file`")
                              ) from error  # fmt: skip
    try:
        yield _parts(sent)
    finally:
        await sent.close()


def _parts(sent: FormData) -> Sequence[Part]:
    strange = sorted({name for name, each in sent.multi_items() if name != "file" or not isinstance(each, UploadFile)})
    if strange:
        raise BadRequestError(Fault(f"the form has fields that are not known: {', '.join(strange)[:200]}",
                                    "send the file as `file`; mend stands in the address"))  # fmt: skip
    files = [each for _, each in sent.multi_items() if isinstance(each, UploadFile)]
    return [Part(each.filename or "upload", each.file) for each in files]


@router.post(
    "/studies/{study_id}/uploads",
    status_code=201,
    response_model=UploadTold,
    openapi_extra=_BODY,
)
def upload_file(
    at: Surveyor,
    parts: Annotated[Sequence[Part], Depends(form)],
    mend: Annotated[bool, Query(description="take shapes that cross themselves: import mends them")] = False,
) -> Response:
    """Take in a file, or the parts of one shapefile: it is looked at, and kept when it is sound."""
    kept = uploads_of(at).take(at.store, parts, by=at.caller.name, mend=mend)
    told = _told(at, kept)
    return JSONResponse(told, 201, {"Location": f"{at.base}/uploads/{kept.id}"})


@router.get("/studies/{study_id}/uploads", response_model=UploadList)
def list_uploads(at: Surveyor) -> Response:
    """Return the uploads that the caller may use, newest first."""
    known = [each for each in at.store.documents(keeping.UPLOAD) if keeping.may(each, at.caller, at.study_id)]
    known.sort(key=lambda each: (str(each.body["at"]), each.tx), reverse=True)
    return JSONResponse({"uploads": [_told(at, each) for each in known]})


@router.get("/studies/{study_id}/uploads/{upload_id}", response_model=UploadTold)
def get_upload(at: Surveyor, upload_id: UploadId) -> Response:
    """Return what is in an upload."""
    return JSONResponse(_told(at, _own(at, upload_id)))


@router.delete("/studies/{study_id}/uploads/{upload_id}", status_code=204, response_class=Response)
def delete_upload(at: Surveyor, upload_id: UploadId) -> Response:
    """Delete an upload with its file; tables and results that were made of it stay."""
    keeping.delete(at.store, _own(at, upload_id).id, by=at.caller.name)
    return Response(status_code=204)


@router.post("/studies/{study_id}/uploads/{upload_id}/append", response_model=Appended)
def append_rows(
    at: Surveyor,
    upload_id: UploadId,
    collection: Annotated[str, Query(max_length=200, description="the table that gets the rows")],
    asked: AppendAsked | None = None,
) -> Response:
    """Add the rows of a layer to a table, in one transaction: mapped, mended and checked as import does it."""
    document, wanted = _own(at, upload_id), asked or AppendAsked()
    table = appendable(at, collection)
    if table.geometry == "None" or table.source != "study":
        raise BadRequestError(Fault(f"collection: {collection} is no table of shapes", "import the file instead"))
    given = wanted.model_dump(exclude={"crs"}) | {
        "table": collection, "source_crs": wanted.crs, "crs": at.store.crs.to_wkt(), "prefix": upload_id,
    }  # fmt: skip
    made = uploads_of(at).rows(at.store, document.id, given)
    rows = [
        Row(each["id"], each["properties"], None if each["geometry"] is None else bytes.fromhex(each["geometry"]))
        for each in made["rows"]
    ]
    done = create_many(at, collection, rows, note=f"upload {document.id} {document.body['name']}")
    told = {"collection": collection, "rows": len(rows), "tx": done.tx, "ids": [row.id for row in rows[:1_000]],
            "repairs": made["repairs"]}  # fmt: skip
    return Response(orjson.dumps(told), media_type="application/json", headers={"Transaction": str(done.tx)})


def _own(at: Here, upload_id: str) -> Document:
    document = keeping.require(at.store, upload_id)
    if not keeping.may(document, at.caller, at.study_id):
        raise NotFoundError(f"there is no upload {upload_id}", "see the list of uploads; old ones are deleted")
    return document


def _told(at: Here, document: Document) -> dict[str, Any]:
    here, body = f"{at.base}/uploads/{document.id}", dict(document.body)
    links = [
        {"href": here, "rel": "self", "type": "application/json"},
        {"href": f"{at.base}/files/{quote(str(body['key']))}", "rel": "enclosure", "type": body["media_type"]},
        {"href": f"{at.base}/processes", "rel": "http://www.opengis.net/def/rel/ogc/1.0/processes",
         "type": "application/json"},
    ]  # fmt: skip
    return {"id": document.id} | body | {"links": links}
