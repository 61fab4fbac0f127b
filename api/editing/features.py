"""Features created, replaced, changed and deleted one by one (OGC API Features, Part 4), with optimistic locking."""

import itertools
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry
from starlette.exceptions import HTTPException

from api.accounts.rights import HOUSEHOLD_COLUMNS, Role
from api.deps import Here, require
from api.editing.areas import area_of
from api.editing.bodies import Given, require_id, take_id
from api.editing.findings import FINDINGS, Finding, history_writes, said_by
from api.editing.holds import holds_it
from api.editing.preconditions import etag, seen
from api.editing.shapes import allowed_kinds, study_shape
from api.editing.topology import Doubt, community_doubts
from api.errors import NotAllowedError, NotFoundError, OutOfDateError, VersionNeededError
from api.features.crs import CRS84, Reference, reference, references
from api.features.snapshot import Box, Snapshots
from api.features.visible import visible, visible_properties
from api.storage.records import FIXED, Collection, FeatureWrite, FileWrite, Version, Write
from geo.errors import Fault, InfeasibleError, InputError

_PLACES = ("study_area", "communities", "blocks", "estates", "roads", "buildings")
"""Tables that tell where the study lies; the first that is there does."""

_SUBJECTS = {"building": "buildings", "estate": "estates", "unit": "units", "block": "blocks", "town": "study_area"}
"""Subject of a finding → its table."""


@dataclass(frozen=True)
class Written:
    """A feature as it was written.

    `version` is None for a deleted one; `doubts` are what should be looked at.
    """

    id: str
    version: int | None
    tx: int
    doubts: tuple[Doubt, ...] = ()


@dataclass(frozen=True)
class There:
    """A feature as it stands in the store."""

    version: int
    properties: dict[str, Any]
    shape: BaseGeometry | None


# ── the four operations ──────────────────────────────────────────────────────────────────────────────────────────────
def create(at: Here, collection_id: str, given: Given, *, content_crs: str | None) -> Written:
    """Create a feature, under the id it has if it has one.

    Raises
    ------
    InfeasibleError
        When there is a feature of that id.
    InputError
        When it breaks the contract of its table, or its geometry is unusable.
    HeldError
        When somebody else holds the collection.
    """
    collection = editable(at, collection_id)
    holds_it(at.store, collection_id, at.caller)
    given = take_id(given, collection.index)
    feature_id = given.id or f"e-{secrets.token_hex(6)}"
    require_id(feature_id)
    if _find(at, collection_id, feature_id) is not None:
        raise InfeasibleError(
            [f"There is a feature {feature_id} in {collection_id} already: choose another id, or replace it with PUT."],
            reasons_zh=[f"{collection_id}中已有要素{feature_id}：请换一个编号，或用PUT替换。"],
            table=collection_id, ids=(feature_id,),
        )  # fmt: skip
    shape = _shape(at, collection, given, content_crs)
    properties = dict(given.properties)
    if collection_id == FINDINGS:
        properties = said_by(at, properties, shape)
    write = FeatureWrite(collection_id, feature_id, "create", properties, _wkb(shape))
    return _commit(at, write, None, shape, "feature created")


def replace(
    at: Here, collection_id: str, feature_id: str, given: Given, *, content_crs: str | None, if_match: str | None,
    if_none_match: str | None = None,
) -> tuple[Written, bool]:  # fmt: skip
    """Replace a feature; with `If-None-Match: *` create it under this id. Tells whether it was created.

    Columns that the caller may not see stay as they are.

    Raises
    ------
    NotFoundError
        When there is no such feature, and it is not to be created.
    VersionNeededError
        When If-Match is absent and the caller does not hold the collection.
    OutOfDateError
        When the feature is not at the version that was seen.
    """
    collection = editable(at, collection_id)
    holder = holds_it(at.store, collection_id, at.caller)
    # the id in the address counts; another one in the body is passed over, as the standard permits
    given = take_id(Given("", given.properties, given.geometry, given.has_geometry), collection.index)
    there = _find(at, collection_id, feature_id)
    if if_none_match is not None and if_none_match.strip() == "*":
        if there is not None:
            raise _out_of_date(at, collection, feature_id, there, frozenset())
        return create(
            at, collection_id, Given(feature_id, given.properties, given.geometry, True), content_crs=content_crs
        ), True  # fmt: skip
    there = _required(at, collection, feature_id, there)
    expected = _expected(at, collection, feature_id, there, if_match, holder=holder)
    shape = _shape(at, collection, given, content_crs)
    properties = _kept(at, collection, there) | dict(given.properties)
    write = FeatureWrite(collection_id, feature_id, "replace", properties, _wkb(shape), expected)
    return _commit(at, write, there, shape, "feature replaced"), False


def update(
    at: Here, collection_id: str, feature_id: str, given: Given, *, content_crs: str | None, if_match: str | None
) -> Written:
    """Change some properties of a feature, or its geometry (RFC 7396, on the feature as GeoJSON).

    Raises
    ------
    InputError
        When the change would give the feature another id, take its geometry away, or break its table's contract.
    NotFoundError, VersionNeededError, OutOfDateError
        As `replace`.
    """
    collection = editable(at, collection_id)
    holder = holds_it(at.store, collection_id, at.caller)
    there = _required(at, collection, feature_id, _find(at, collection_id, feature_id))
    expected = _expected(at, collection, feature_id, there, if_match, holder=holder)
    given = take_id(given, collection.index)
    if given.id and given.id != feature_id:
        raise InputError(Fault(f"the feature {feature_id} cannot become {given.id}", "leave the id out; to rename a "
                               "feature, create a new one and delete this one", table=collection_id,
                               ids=(feature_id,)))  # fmt: skip
    changed = there.properties | dict(given.properties)
    shape = there.shape
    if given.has_geometry:
        whole = Given(given.id, given.properties, _merged(given.geometry, there.shape), True)
        shape = _shape(at, collection, whole, content_crs)
        if collection_id == FINDINGS and "place_given" not in given.properties:
            changed["place_given"] = True
    write = FeatureWrite(collection_id, feature_id, "replace", changed, _wkb(shape), expected)
    return _commit(at, write, there, shape, "feature updated")


def delete(at: Here, collection_id: str, feature_id: str, *, if_match: str | None) -> Written:
    """Delete a feature; the log keeps it, so that it can be undone.

    Raises
    ------
    NotFoundError, VersionNeededError, OutOfDateError
        As `replace`.
    """
    collection = editable(at, collection_id)
    holder = holds_it(at.store, collection_id, at.caller)
    there = _required(at, collection, feature_id, _find(at, collection_id, feature_id))
    expected = _expected(at, collection, feature_id, there, if_match, holder=holder)
    write = FeatureWrite(collection_id, feature_id, "delete", expected=expected)
    return _commit(at, write, there, None, "feature deleted")


def create_finding(at: Here, properties: Mapping[str, Any], place: tuple[float, float] | None) -> Written:
    """Create a finding under the id that storing a survey would give it; without a place it lies at its subject.

    Raises
    ------
    InputError
        When there is no such subject, or it breaks the contract of the table.
    """
    from geo.survey.read import finding_id  # noqa: PLC0415 - carries pandas

    require(at, "surveyor")
    named = {**properties, "place_given": place is not None}
    subject, subject_id = str(named["subject"]), str(named["subject_id"])
    table = _SUBJECTS[subject]
    there = at.server.part(Snapshots).get(at.store, table) if table in at.store.collections() else None
    position = there.position(subject_id) if there is not None else None
    if there is None or position is None:
        raise InputError(Fault(f"there is no {subject} {subject_id}", f"use an id of the table {table}",
                               table=table, ids=(subject_id,)))  # fmt: skip
    if subject == "building":
        named.setdefault("building_id", subject_id)
        estate = there.table["estate_id"][position].as_py() if "estate_id" in there.table.column_names else None
        named.setdefault("estate_id", estate)
    elif subject == "estate":
        named.setdefault("estate_id", subject_id)
    named.setdefault("surveyed_on", date.today().isoformat())
    where = (subject, subject_id, str(named["code"]), str(named.get("location") or ""))
    numbers = (finding_id(*where, n) for n in itertools.count(1))
    feature_id = next(each for each in numbers if not exists(at, FINDINGS, each))
    if place is None:
        inner = shapely.get_coordinates(shapely.point_on_surface(there.geometry[position]))
        x, y = references(at.store.crs)[CRS84].from_study(inner[:, 0], inner[:, 1])
        place = float(x[0]), float(y[0])
    given = Given(feature_id, named, {"type": "Point", "coordinates": list(place)}, has_geometry=True)
    return create(at, FINDINGS, given, content_crs=None)


def add_photo(at: Here, feature_id: str, name: str, file: FileWrite, *, if_match: str | None) -> Written:
    """Keep a photo with a finding; a photo that is there already is kept once.

    Raises
    ------
    NotFoundError, VersionNeededError, OutOfDateError
        As `replace`.
    """
    collection = editable(at, FINDINGS)
    holder = holds_it(at.store, FINDINGS, at.caller)
    there = _required(at, collection, feature_id, _find(at, FINDINGS, feature_id))
    expected = _expected(at, collection, feature_id, there, if_match, holder=holder)
    photos = [each for each in str(there.properties.get("photo") or "").split(";") if each]
    changed = there.properties | {"photo": ";".join([*photos, *([name] if name not in photos else [])])}
    write = FeatureWrite(FINDINGS, feature_id, "replace", changed, _wkb(there.shape), expected)
    return _commit(at, write, there, there.shape, "photo added", file)


# ── rights ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def role_for(collection_id: str) -> Role:
    """Return the role that editing a collection needs."""
    return "surveyor" if collection_id == FINDINGS else "planner"


def editable(at: Here, collection_id: str) -> Collection:
    """Return a collection that the caller may edit.

    Raises
    ------
    NotFoundError
        When there is none of that id.
    NotAllowedError
        When the caller has not the role.
    HTTPException
        405, when it is not edited feature by feature.
    """
    collection = collection_at(at, collection_id)
    require(at, role_for(collection_id))
    if not collection.editable:
        raise HTTPException(405, f"{collection_id} follows from other tables, and is not edited feature by feature",
                            {"Allow": "GET, HEAD, OPTIONS"})  # fmt: skip
    return collection


def collection_at(at: Here, collection_id: str) -> Collection:
    """Return a collection; NotFoundError when there is none of that id."""
    found = at.store.collections().get(collection_id)
    if found is None:
        raise NotFoundError(f"there is no collection {collection_id}", f"see {at.base}/collections")
    return found


def methods(at: Here, collection: Collection, *, item: bool) -> list[str]:
    """Return the methods that the caller may use on a collection's items, or on one of them."""
    reading = ["GET", "HEAD", "OPTIONS"]
    if not collection.editable or not at.caller.may(at.study_id, role_for(collection.id)):
        return reading
    return [*reading, *(["PUT", "PATCH", "DELETE"] if item else ["POST"])]


def exists(at: Here, collection_id: str, feature_id: str) -> bool:
    """Tell whether there is such a feature."""
    return collection_id in at.store.collections() and _find(at, collection_id, feature_id) is not None


def require_area(at: Here, shapes: list[BaseGeometry | None]) -> None:
    """Refuse an edit outside of the area that the caller works in."""
    area = area_of(at)
    if area is not None and not area.holds(shapes):
        raise NotAllowedError(f"{at.caller.name} edits in {area.collection} {area.id} only, and this lies outside",
                              "ask who works there, or an admin")  # fmt: skip


# ── what is there ────────────────────────────────────────────────────────────────────────────────────────────────────
def _find(at: Here, collection_id: str, feature_id: str) -> There | None:
    rows = at.store.rows(collection_id, ids=[feature_id]).to_pylist()
    if not rows:
        return None
    row = rows[0]
    shape = None if row["geometry"] is None else shapely.from_wkb(row["geometry"])
    return There(int(row["version"]), {name: value for name, value in row.items() if name not in FIXED}, shape)


def _required(at: Here, collection: Collection, feature_id: str, there: There | None) -> There:
    if there is None:
        raise NotFoundError(f"there is no feature {feature_id} in {collection.id}",
                            f"create it: POST {at.base}/collections/{collection.id}/items")  # fmt: skip
    return there


def _expected(
    at: Here, collection: Collection, feature_id: str, there: There, if_match: str | None, *, holder: bool
) -> int | None:
    """Return the version that the write must find; None where any will do."""
    versions = seen(if_match)
    if versions is None:
        if holder:
            return None
        raise VersionNeededError(
            f"{collection.id} {feature_id} may be changed by others too: the version that was seen must be named",
            f"send its ETag as If-Match, or check the collection out: POST {at.base}/collections/{collection.id}/hold",
        )
    if versions == "any":
        return None
    if there.version not in versions:
        raise _out_of_date(at, collection, feature_id, there, versions)
    return there.version


def _out_of_date(
    at: Here, collection: Collection, feature_id: str, there: There, versions: frozenset[int]
) -> OutOfDateError:
    """Return the refusal that tells what changed since, by whom and when, and what is there now."""
    told = at.store.history(collection.id, feature_id)
    since = max((version for version in versions if version < there.version), default=0)
    changes = _changes(told, since, _hidden(at, collection))
    shown = dict(there.properties)
    if not at.caller.sees_households(at.study_id):
        shown = visible_properties(collection, shown, at.server.settings.fewest_households)
    by = ", ".join(sorted({str(change["by"]) for change in changes}))
    return OutOfDateError(
        f"{collection.id} {feature_id} is at version {there.version}, not at the one that was seen"
        + (f"; it was changed by {by}" if by else ""),
        "read it again, and make the change on what is there now",
        headers={"ETag": etag(there.version)}, version=there.version, changes=changes, now=shown,
    )  # fmt: skip


def _changes(told: list[Version], since: int, hidden: frozenset[str]) -> list[dict[str, Any]]:
    """Return the versions after one, each with the columns it changed."""
    made, before = [], None
    for version in told:
        if version.version > since:
            names = {*version.properties, *(before.properties if before else {})} - hidden
            columns = sorted(
                name for name in names
                if before is None or version.properties.get(name) != before.properties.get(name)
            )  # fmt: skip
            if before is not None and version.geometry != before.geometry:
                columns.append("geometry")
            made.append({"version": version.version, "tx": version.tx, "by": version.by, "at": version.at,
                         "op": version.op, "columns": columns})  # fmt: skip
        before = version
    return made


def _hidden(at: Here, collection: Collection) -> frozenset[str]:
    if at.caller.sees_households(at.study_id):
        return frozenset()
    return HOUSEHOLD_COLUMNS.get(collection.frame, frozenset())


def _kept(at: Here, collection: Collection, there: There) -> dict[str, Any]:
    hidden = _hidden(at, collection)
    return {name: value for name, value in there.properties.items() if name in hidden}


# ── what is written ──────────────────────────────────────────────────────────────────────────────────────────────────
def _shape(at: Here, collection: Collection, given: Given, content_crs: str | None) -> BaseGeometry | None:
    """Return the geometry in the study's coordinates, checked."""
    if given.geometry is None:
        if collection.geometry == "None" and not given.has_geometry:
            return None
        kinds = allowed_kinds(collection)
        if kinds:
            raise InputError(Fault("the feature has no geometry", f"send a {' or '.join(kinds)}", table=collection.id))
        return None
    system = system_of(at, content_crs)
    return study_shape(given.geometry, system, collection, surroundings(at, collection))


def system_of(at: Here, content_crs: str | None) -> Reference:
    """Return the system that a Content-Crs header names; CRS84 where there is none."""
    named = (content_crs or CRS84).strip().removeprefix("<").removesuffix(">")
    return reference(named, at.store.crs, "Content-Crs")


def surroundings(at: Here, collection: Collection) -> Box | None:
    """Return where the study lies: by a table that is not the one being edited, where there is another."""
    there = [name for name in _PLACES if name in at.store.collections()]
    for name in sorted(there, key=lambda name: (name == collection.id, _PLACES.index(name))):
        bounds = at.server.part(Snapshots).get(at.store, name).bounds
        if bounds is not None:
            return bounds
    return None


def _merged(patch: object, there: BaseGeometry | None) -> object:
    """Return the geometry after a patch: one that leaves out its type keeps the type."""
    if isinstance(patch, Mapping) and "type" not in patch and there is not None:
        return {"type": there.geom_type, **patch}
    return patch


def _wkb(shape: BaseGeometry | None) -> bytes | None:
    return None if shape is None else shapely.to_wkb(shape, flavor="iso")


def _commit(
    at: Here, write: FeatureWrite, there: There | None, shape: BaseGeometry | None, action: str, *more: Write
) -> Written:
    """Write a feature with what belongs to it, and return its new version."""
    before = there.shape if there is not None else None
    require_area(at, [before, shape])
    writes: list[Write] = [write, *more]
    if write.collection == FINDINGS and write.op != "delete":
        was = None if there is None else Finding(there.properties, before)
        writes += history_writes(at, {write.id: (was, Finding(write.properties, shape))})
    doubts: tuple[Doubt, ...] = ()
    if write.collection == "communities" and (
        before is None or shape is None or not shapely.equals_exact(before, shape)
    ):
        snapshot = at.server.part(Snapshots).get(at.store, write.collection)
        doubts = tuple(community_doubts(snapshot, write.id, before, shape))
    try:
        transaction = at.store.commit(writes, by=at.caller.name, action=action, note=f"{write.collection} {write.id}")
    except OutOfDateError as error:
        now = _find(at, write.collection, write.id)
        if now is None or write.expected is None:
            raise
        raise _out_of_date(
            at, collection_at(at, write.collection), write.id, now, frozenset({write.expected})
        ) from error
    now = _find(at, write.collection, write.id)
    return Written(write.id, None if now is None else now.version, transaction.tx, doubts)


def representation(at: Here, collection_id: str, feature_id: str, content_crs: str | None) -> bytes:
    """Return a feature as GeoJSON, as the caller may see it, in the system it was sent in."""
    from api.features.geojson import feature_bytes  # noqa: PLC0415 - only where it is asked for
    from api.features.query import Representation  # noqa: PLC0415 - as above

    snapshot = visible(
        at.server.part(Snapshots).get(at.store, collection_id), at.caller, at.server.settings.fewest_households
    )
    position = snapshot.position(feature_id)
    if position is None:
        raise NotFoundError(f"there is no feature {feature_id} in {collection_id}", "it was deleted just now")
    return feature_bytes(snapshot, position, Representation(system_of(at, content_crs), None, True, None))
