"""Check-outs: for some minutes only one person edits a collection, and need not name versions.

For clients that send no If-Match, as QGIS: who holds the collection cannot overwrite what others did, because others
cannot write.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, insert, select

from api.accounts.rights import Caller
from api.errors import HeldError, NotFoundError
from api.storage import StudyStore
from api.storage.backend import Backend
from api.storage.tables import holds

MOST_MINUTES = 8 * 60


@dataclass(frozen=True)
class Hold:
    """Who holds a collection, until when (UTC, ISO 8601), and since which transaction."""

    collection: str
    by: str
    until: str
    since_tx: int


def hold(store: StudyStore, collection: str, caller: Caller, minutes: int) -> Hold:
    """Hold a collection for so many minutes from now on, or for longer where it is held already.

    Raises
    ------
    NotFoundError
        When there is no such collection.
    HeldError
        When somebody else holds it.
    """
    if collection not in store.collections():
        raise NotFoundError(f"there is no collection {collection}", "see the list of collections")
    backend, until = _backend(store), time.time() + 60 * minutes
    since = store.head()
    with backend.begin() as db:
        there = _row(db, backend.key, collection)
        if there is not None and there["by"] != caller.name:
            raise _held(there)
        if there is not None:
            since = int(there["since_tx"])
        db.execute(delete(holds).where(holds.c.study == backend.key, holds.c.collection == collection))
        db.execute(insert(holds).values(study=backend.key, collection=collection, by=caller.name, until=until,
                                        since_tx=since))  # fmt: skip
    return Hold(collection, caller.name, _told(until), since)


def release(store: StudyStore, collection: str, caller: Caller) -> None:
    """Let a collection go.

    Raises
    ------
    HeldError
        When somebody else holds it, and the caller is no admin.
    """
    backend = _backend(store)
    with backend.begin() as db:
        there = _row(db, backend.key, collection)
        if there is not None and there["by"] != caller.name and not caller.may(store.study_id, "admin"):
            raise _held(there)
        db.execute(delete(holds).where(holds.c.study == backend.key, holds.c.collection == collection))


def held(store: StudyStore) -> list[Hold]:
    """Return the collections that are held now."""
    backend = _backend(store)
    with backend.reading() as db:
        rows = db.execute(
            select(holds).where(holds.c.study == backend.key, holds.c.until > time.time()).order_by(holds.c.collection)
        ).mappings()
        return [Hold(row["collection"], row["by"], _told(row["until"]), row["since_tx"]) for row in rows]


def holds_it(store: StudyStore, collection: str, caller: Caller) -> bool:
    """Tell whether the caller holds the collection.

    Raises
    ------
    HeldError
        When somebody else does.
    """
    backend = _backend(store)
    with backend.reading() as db:
        there = _row(db, backend.key, collection)
    if there is None:
        return False
    if there["by"] != caller.name:
        raise _held(there)
    return True


def _backend(store: StudyStore) -> Backend:
    backend: Backend = store.backend  # type: ignore[attr-defined]  # every store is a `Store` over one
    return backend


def _row(db: Any, key: str, collection: str) -> Mapping[str, Any] | None:  # noqa: ANN401 - a connection
    found = db.execute(
        select(holds).where(holds.c.study == key, holds.c.collection == collection, holds.c.until > time.time())
    )
    row: Mapping[str, Any] | None = found.mappings().first()
    return row


def _held(row: Mapping[str, Any]) -> HeldError:
    until = _told(row["until"])
    return HeldError(f"{row['by']} has checked out {row['collection']} until {until}",
                     "wait until then, or ask for it to be released", by=row["by"], until=until)  # fmt: skip


def _told(until: float) -> str:
    return datetime.fromtimestamp(until, UTC).isoformat(timespec="seconds")
