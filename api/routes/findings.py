"""Routes: findings as surveyors change them in the field, with photos and history."""

import hashlib
import re
from typing import Annotated, Any, Literal
from urllib.parse import quote

import orjson
from fastapi import APIRouter, Depends, Header, Path, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from api.deps import Surveyor, Viewer
from api.editing import features, findings
from api.editing.bodies import Given
from api.editing.preconditions import etag
from api.errors import NotFoundError, WrongTypeError
from api.storage.records import FileWrite
from geo.errors import Fault, InputError

router = APIRouter(tags=["findings"])

FINDING = "/studies/{study_id}/findings/{finding_id}"

PHOTO_TYPES = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}
MOST_PHOTO_BYTES = 20 * 1024 * 1024

FindingPath = Annotated[str, Path(description="the finding", max_length=400)]
IfMatch = Annotated[str | None, Header(description="ETag of the version that was seen")]
Day = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$", description="2026-03-01")]
Text = Annotated[str, Field(max_length=2_000)]


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")


class FindingChange(_Asked):
    """What is changed of a finding; what is left out stays, null takes a value away."""

    status: Literal["open", "scheduled", "done", "checked"] | None = None
    severity: Literal["general", "serious", "very_serious"] | None = None
    extent: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    extent_unit: Literal["m2", "m", "count", "flats"] | None = None
    location: Text | None = None
    note: Text | None = None
    surveyed_on: Day | None = None
    due_on: Day | None = None
    done_on: Day | None = None
    place: tuple[float, float] | None = Field(None, description="longitude and latitude")


class NewFinding(FindingChange):
    """A finding that was seen in the field."""

    subject: Literal["building", "estate", "unit", "block", "town"]
    subject_id: Annotated[str, Field(min_length=1, max_length=200)]
    code: Annotated[str, Field(min_length=1, max_length=40, description="as the catalogue numbers it: 3a")]
    severity: Literal["general", "serious", "very_serious"]
    status: Literal["open", "scheduled", "done", "checked"] = "open"
    building_id: Text | None = None
    estate_id: Text | None = None


class FindingWritten(BaseModel):
    """A finding as it was written."""

    id: str
    version: int
    tx: int


class HistoryRow(BaseModel):
    """One change of a finding."""

    number: int | None
    changed_on: str | None
    column: str | None
    before: str | None
    after: str | None
    source: str | None
    by: str | None = None


class History(BaseModel):
    """Every change of a finding, oldest first."""

    changes: list[HistoryRow]


class KeptPhoto(BaseModel):
    """A photo of a finding, and where it is."""

    name: str
    href: str


class KeptPhotos(BaseModel):
    """The photos of a finding that are kept, by name."""

    photos: list[KeptPhoto]


class PhotoWritten(FindingWritten):
    """A photo that was kept with a finding."""

    name: str
    href: str


async def photo_of(request: Request) -> tuple[str, bytes]:
    """Return media type and bytes of a photo."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in PHOTO_TYPES:
        raise WrongTypeError(f"{kind or 'nothing'} is no photo", f"send one of: {', '.join(PHOTO_TYPES)}",
                             headers={"Accept-Post": ", ".join(PHOTO_TYPES)})  # fmt: skip
    return kind, await request.body()


Photo = Annotated[tuple[str, bytes], Depends(photo_of)]


def _told(made: features.Written, status: int = 200, **more: Any) -> Response:  # noqa: ANN401 - JSON
    body = orjson.dumps({"id": made.id, "version": made.version, "tx": made.tx, **more})
    headers = {"ETag": etag(made.version or 0)}
    return Response(body, status, headers, "application/json")


@router.post("/studies/{study_id}/findings", status_code=201, response_model=FindingWritten)
def create_finding(at: Surveyor, asked: NewFinding) -> Response:
    """Write down what was seen; its place is that of its subject where none is given."""
    made = features.create_finding(at, asked.model_dump(exclude={"place"}, exclude_none=True), asked.place)
    return _told(made, 201)


@router.patch(FINDING, response_model=FindingWritten)
def change_finding(at: Surveyor, finding_id: FindingPath, asked: FindingChange, if_match: IfMatch = None) -> Response:
    """Change a finding: its status, note, severity, extent, days, place. Every change is kept in its history."""
    changed = asked.model_dump(exclude_unset=True)
    place = changed.pop("place", None)
    geometry = None if place is None else {"type": "Point", "coordinates": list(place)}
    given = Given("", changed, geometry, has_geometry=place is not None)
    made = features.update(at, findings.FINDINGS, finding_id, given, content_crs=None, if_match=if_match)
    return _told(made)


@router.get(FINDING + "/history", response_model=History)
def finding_history(at: Viewer, finding_id: FindingPath) -> Response:
    """Return every change of a finding, oldest first."""
    rows = findings.history(at, finding_id)
    if not rows and not features.exists(at, findings.FINDINGS, finding_id):
        raise NotFoundError(f"there is no finding {finding_id}", f"see {at.base}/collections/findings/items")
    return Response(orjson.dumps({"changes": rows}), media_type="application/json")


@router.post(
    FINDING + "/photos", status_code=201, response_model=PhotoWritten,
    openapi_extra={"requestBody": {"required": True, "content": {
        kind: {"schema": {"type": "string", "format": "binary"}} for kind in PHOTO_TYPES}}},
)  # fmt: skip
def add_photo(at: Surveyor, finding_id: FindingPath, photo: Photo, if_match: IfMatch = None) -> Response:
    """Keep a photo with a finding (the image itself is the body); its name is put behind those that are there."""
    kind, content = photo
    _require_photo(kind, content)
    name = f"{hashlib.sha256(content).hexdigest()[:16]}.{PHOTO_TYPES[kind]}"
    file = FileWrite(photo_key(finding_id, name), kind, content)
    made = features.add_photo(at, finding_id, name, file, if_match=if_match)
    href = f"{at.base}/findings/{finding_id}/photos/{name}"
    return _told(made, 201, name=name, href=href)


@router.get(FINDING + "/photos", response_model=KeptPhotos)
def list_photos(at: Viewer, finding_id: FindingPath) -> Response:
    """Return the photos of a finding that are kept; nothing to those who may not look at photos."""
    here = photo_key(finding_id, "")
    keys = sorted(at.store.files(here)) if at.caller.may(at.study_id, "surveyor") else []
    names = [key.removeprefix(here) for key in keys]
    told = [{"name": name, "href": f"{at.base}/findings/{quote(finding_id, safe='')}/photos/{name}"} for name in names]
    return Response(orjson.dumps({"photos": told}), media_type="application/json")


@router.get(FINDING + "/photos/{name}", response_class=Response)
def get_photo(at: Surveyor, finding_id: FindingPath, name: Annotated[str, Path(max_length=200)]) -> Response:
    """Return a photo of a finding."""
    found = at.store.file(photo_key(finding_id, name))
    if found is None:
        raise NotFoundError(f"there is no photo {name} of the finding {finding_id}", "see the column photo")
    kind, content = found
    headers = {"ETag": f'"{name}"', "Cache-Control": "private, max-age=31536000, immutable"}
    return Response(content, 200, headers, kind)


def photo_key(finding_id: str, name: str) -> str:
    """Return the key that a photo is kept under."""
    return f"findings/{re.sub(r'[^0-9A-Za-z_.:-]', '_', finding_id)}/{name}"


_SIGNS = {"image/jpeg": b"\xff\xd8\xff", "image/png": b"\x89PNG\r\n\x1a\n", "image/webp": b"RIFF"}


def _require_photo(kind: str, content: bytes) -> None:
    """Refuse what is larger than a photo, or not of the kind it says."""
    if len(content) > MOST_PHOTO_BYTES:
        raise InputError(Fault(f"the photo has {len(content):,} bytes", f"send at most {MOST_PHOTO_BYTES:,}"))
    if not content.startswith(_SIGNS[kind]):
        raise InputError(Fault(f"this is no {kind}", "send the photo as it is, under its own media type"))
