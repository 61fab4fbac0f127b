"""The log of a study as answers tell it: who changed what and when, versions of features, undo."""

from typing import Any
from urllib.parse import urlencode

import numpy as np
import orjson
import shapely

from api.deps import Here, require
from api.editing.features import collection_at
from api.errors import NotAllowedError, NotFoundError
from api.features.crs import CRS84, references
from api.features.visible import visible_properties
from api.storage.plans import PLAN
from api.storage.records import Change, Transaction

MOST_CHANGES = 2_000
"""Most changes of one transaction in an answer."""

SETTLED = frozenset({"approved", "published"})
"""States of plans that only approvers give and take, by undoing too."""


def listed(at: Here, *, before: int | None, limit: int, collection: str | None, by: str | None) -> dict[str, Any]:
    """Return the log, newest first, with a link to where it goes on."""
    found = at.store.transactions(before=before, limit=limit, collection=collection, by=by)
    here = f"{at.base}/transactions"
    kept = {name: value for name, value in (("limit", limit), ("collection", collection), ("by", by)) if value}
    own = kept | ({"before": before} if before else {})
    links = [{"href": f"{here}?{urlencode(own)}", "rel": "self", "type": "application/json"}]
    if len(found) == limit and found[-1].tx > 1:
        more = urlencode(kept | {"before": found[-1].tx})
        links.append({"href": f"{here}?{more}", "rel": "next", "type": "application/json"})
    return {"transactions": [_transaction(each) for each in found], "links": links}


def whole(at: Here, tx: int) -> dict[str, Any]:
    """Return a transaction with what it changed.

    Raises
    ------
    NotFoundError
        When there is none of that number.
    """
    made = _line(at, tx)
    changed = [change for change in at.store.changes(tx - 1) if change.tx == tx]
    boxes = _lonlat(at, changed[:MOST_CHANGES])
    changes = [
        {"collection": one.collection, "id": one.id, "version": one.version, "op": one.op, "bbox": box}
        for one, box in zip(changed, boxes, strict=False)
    ]
    return {**_transaction(made), "changes": changes, "truncated": len(changed) > MOST_CHANGES}


def undone(at: Here, tx: int) -> dict[str, Any]:
    """Take back a transaction; return the one that did.

    Raises
    ------
    NotFoundError
        When there is none of that number.
    NotAllowedError
        When the caller works in an area of the study only, or lacks the role that doing it took.
    OutOfDateError
        When something that it changed was changed again since.
    """
    made = _line(at, tx)
    if at.caller.area.get(at.study_id) is not None:
        raise NotAllowedError("a transaction is taken back by who may edit the whole study", "ask a planner")
    if _settles(at, made.tx):
        require(at, "approver")
    return _transaction(at.store.undo(tx, by=at.caller.name))


def _settles(at: Here, tx: int) -> bool:
    """Tell whether a transaction gave or took the approval of a plan: itself, or as the undoing of one that did."""
    for plan in at.store.documents(PLAN):
        left, before = (at.store.document(PLAN, plan.id, as_of=when) for when in (tx, tx - 1))
        if left is not None and left.tx == tx:
            states = {str(each.body["state"]) for each in (left, before) if each is not None and each.body is not None}
            if states & SETTLED:
                return True
    return False


def versions(at: Here, collection_id: str, feature_id: str) -> dict[str, Any]:
    """Return every version of a feature, as the caller may see them; who made them only for those who may see that.

    Raises
    ------
    NotFoundError
        When there never was such a feature.
    """
    collection = collection_at(at, collection_id)
    told = at.store.history(collection_id, feature_id)
    if not told:
        raise NotFoundError(f"there never was a feature {feature_id} in {collection_id}",
                            f"see {at.base}/collections/{collection_id}/items")  # fmt: skip
    everything = at.caller.sees_households(at.study_id)
    system = references(at.store.crs)[CRS84]
    made: list[dict[str, Any]] = []
    before: tuple[dict[str, Any], bytes | None] | None = None
    for version in told:
        shown = dict(version.properties)
        if not everything:
            shown = visible_properties(collection, version.properties, at.server.settings.fewest_households)
        last: dict[str, Any] = {} if before is None else before[0]
        columns = sorted(name for name in {*shown, *last} if shown.get(name) != last.get(name))
        if before is not None and before[1] != version.geometry:
            columns.append("geometry")
        before = (shown, version.geometry)
        geometry = None
        if version.geometry is not None:
            shapes = np.array([shapely.from_wkb(version.geometry)], dtype=object)
            geometry = orjson.Fragment(shapely.to_geojson(system.told(shapes))[0])
        made.append({
            "version": version.version, "tx": version.tx, "at": version.at, "by": version.by if everything else "",
            "action": version.action, "op": version.op, "columns": columns, "properties": shown, "geometry": geometry,
        })  # fmt: skip
    return {"id": feature_id, "collection": collection_id, "versions": made}


def _line(at: Here, tx: int) -> Transaction:
    found = at.store.transactions(before=tx + 1, limit=1)
    if not found or found[0].tx != tx:
        raise NotFoundError(f"there is no transaction {tx}", f"see {at.base}/transactions")
    return found[0]


def _transaction(made: Transaction) -> dict[str, Any]:
    return {**vars(made), "counts": dict(made.counts)}


def _lonlat(at: Here, changes: list[Change]) -> list[list[float] | None]:
    system = references(at.store.crs)[CRS84]
    boxes: list[list[float] | None] = []
    for change in changes:
        if change.bbox is None:
            boxes.append(None)
            continue
        left, bottom, right, top = change.bbox
        x, y = system.from_study(np.array([left, right, right, left]), np.array([bottom, bottom, top, top]))
        west, south, east, north = min(x), min(y), max(x), max(y)
        boxes.append([round(float(value), 7) for value in (west, south, east, north)])
    return boxes
