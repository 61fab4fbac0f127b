"""Studies in a PostgreSQL database with PostGIS: a schema for each, and one log for all."""

import re
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select, text

from api.errors import BusyError, NotFoundError
from api.storage import log
from api.storage.backend import Backend
from api.storage.copying import bare_study, copy_study
from api.storage.database import REVISIONS, SCHEMA, open_database
from api.storage.postgis_study import PostgisBackend, taken
from api.storage.postgis_tables import studies
from api.storage.records import Transaction
from api.storage.store import Store
from api.storage.tables import transactions
from geo.errors import Fault, InputError

if TYPE_CHECKING:  # reading and serving need no pandas
    from geo.study import Study

_HEALTH = f"""
SELECT pg_is_in_recovery() AS standby, current_setting('server_version') AS postgresql,
  (SELECT extversion FROM pg_extension WHERE extname = 'postgis') AS postgis,
  (SELECT version_num FROM {SCHEMA}.{REVISIONS}) AS revision, (SELECT count(*) FROM shequ_studies) AS studies
"""  # noqa: S608 - our own names

_ID = "[A-Za-z0-9_-]{1,64}"

_TRUSTED_S = 1.0
"""For so long a study that was there is taken to be there still."""


@dataclass
class _Opened:
    store: Store
    created: str
    seen: float


class PostgisStorage:
    """All studies of one database. Several servers may share it: each sees the others' edits at once.

    Parameters
    ----------
    url
        postgresql://user:password@host/name; options of libpq behind a question mark.

    Raises
    ------
    InputError
        When the address is none of PostgreSQL, PostGIS is missing, or the database was written by a newer version.
    BusyError
        When the database does not answer.
    """

    def __init__(self, url: str) -> None:
        self.engine = open_database(url)
        self._opened: dict[str, _Opened] = {}
        self._lock = threading.Lock()

    def studies(self) -> Sequence[str]:
        """Return the ids of all studies."""
        with self.engine.connect() as db:
            return list(db.scalars(select(studies.c.study).order_by(studies.c.study)))

    def open(self, study_id: str) -> Store:
        """Return one study; NotFoundError when there is none of that id. The same object for the same id.

        Another server may have deleted the study, or put another one in its place: that is looked up once a second.
        """
        with self._lock:
            kept = self._opened.get(study_id)
        if kept is not None and time.monotonic() - kept.seen < _TRUSTED_S:
            return kept.store
        with self.engine.connect() as db:
            created = db.scalar(select(studies.c.created).where(studies.c.study == study_id))
        if created is None:
            self._forget(study_id)
            raise NotFoundError(f"there is no study {study_id}", "see the list of studies")
        with self._lock:
            kept = self._opened.get(study_id)
            if kept is None or kept.created != created:
                store = Store(study_id, PostgisBackend(self.engine, study_id))
                kept = self._opened[study_id] = _Opened(store, created, 0.0)
            kept.seen = time.monotonic()
            return kept.store

    def create(self, study_id: str, study: "Study", *, by: str) -> Store:
        """Keep a new study; InputError when the id is taken."""
        self._require_free(study_id)
        backend = PostgisBackend(self.engine, study_id)
        store = Store(study_id, backend)
        backend.fresh = study
        store.put_study(study, by=by, action="create")
        self._forget(study_id)
        return self.open(study_id)

    def drop(self, study_id: str, *, by: str) -> None:
        """Delete a study with everything that belongs to it; the log keeps one line that says who did.

        A study that gets the id later goes on from that line's number, so that nothing which somebody keeps of the
        old one can pass for something of the new one.
        """
        backend = PostgisBackend(self.engine, study_id)
        with backend.begin() as db:
            if db.scalar(select(studies.c.study).where(studies.c.study == study_id)) is None:
                raise NotFoundError(f"there is no study {study_id}", "see the list of studies")
            head = log.head(db, study_id)
            backend.erase(db)
            log.add_transaction(db, study_id, Transaction(head + 1, log.now(), by, "drop"))
        self._forget(study_id)

    def restore(self, study_id: str, path: Path, *, by: str) -> Store:
        """Take in a backup as a study with all its history; InputError when the id is taken or it is no study.

        What was being done when the backup was made (jobs, check-outs) is not taken up again.
        """
        from api.storage.embedded import EmbeddedStorage  # noqa: PLC0415 - only backups are read from files

        self._require_free(study_id)
        with tempfile.TemporaryDirectory(prefix="shequ-restore-") as folder:
            files = EmbeddedStorage({study_id: Path(folder) / "study.gpkg"})
            try:
                self._take_in(study_id, files.restore(study_id, path, by=by).backend, by=by, note=path.name)
            finally:
                files.close()
        self._forget(study_id)
        return self.open(study_id)

    def _take_in(self, study_id: str, source: Backend, *, by: str, note: str) -> None:
        study = bare_study(source.about(), source.rasters())
        target = PostgisBackend(self.engine, study_id, fresh=study)
        with source.reading() as db, target.begin() as out:
            before = log.head(out, study_id)
            out.execute(delete(transactions).where(transactions.c.study == study_id))
            copy_study(source, db, target, out, study)
            if before >= log.head(out, study_id):  # a study that had this id went further: no number is used again
                log.add_transaction(out, study_id, Transaction(before + 1, log.now(), by, "restore", note))

    def health(self) -> Mapping[str, Any]:
        """Return whether it can be read and written, as /health tells it."""
        try:
            with self.engine.connect() as db:
                found = db.execute(text(_HEALTH)).one()
        except BusyError as error:
            return {"ok": False, "storage": "postgis", "why": error.fault.what}
        told_of = {"storage": "postgis", "postgresql": found.postgresql, "postgis": found.postgis,
                   "revision": found.revision, "studies": found.studies}  # fmt: skip
        if found.standby:
            return {"ok": False, **told_of, "why": "the database is a standby and takes no writes"}
        return {"ok": True, **told_of}

    def close(self) -> None:
        """Let go of every connection."""
        with self._lock:
            opened = [kept.store for kept in self._opened.values()]
            self._opened.clear()
        for store in opened:
            store.close()
        self.engine.dispose()

    def _forget(self, study_id: str) -> None:
        with self._lock:
            self._opened.pop(study_id, None)

    def _require_free(self, study_id: str) -> None:
        """Refuse an id that is taken, before any work; `begin` looks again where nobody can come between."""
        if not re.fullmatch(_ID, study_id):
            raise InputError(
                Fault(f"{study_id!r} is no id of a study", "use up to 64 letters, digits, - and _ (of ASCII)")
            )
        if study_id in self.studies():
            raise InputError(taken(study_id))
