"""A whole study, with its log and history, from one kind of storage to the other: what backups are made of."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pyproj import CRS
from sqlalchemy import Connection, Table, insert, select, update

from api.storage import log
from api.storage.backend import Backend
from api.storage.tables import collections, documents, files, job_log, jobs, transactions, versions

if TYPE_CHECKING:  # reading and serving need no pandas
    from geo.raster import Raster
    from geo.study import Study

_COPIED: tuple[Table, ...] = (transactions, versions, collections, documents, files, jobs, job_log)
"""Check-outs stay behind: whoever holds one holds it in the study that goes on."""

_AT_ONCE = 500


def copy_study(source: Backend, db: Connection, target: Backend, out: Connection, study: "Study") -> None:
    """Copy everything of a study into one that is empty.

    Parameters
    ----------
    source, db
        From where, and the transaction in which it is read: what is copied was there at one moment.
    target, out
        Whereto, and the transaction in which it is written: all of it arrives or nothing.
    study
        Name, CRS, notes, repairs and rasters of it; its tables are not looked at.
    """
    for table in _COPIED:
        rows = db.execute(select(table).where(table.c.study == source.key).execution_options(yield_per=_AT_ONCE))
        for several in rows.mappings().partitions():
            out.execute(insert(table), [{**row, "study": target.key} for row in several])
    out.execute(
        update(jobs)
        .where(jobs.c.study == target.key, jobs.c.status.in_(("accepted", "running")))
        .values(status="failed", message="it had not ended when the backup was made", worker=None, lease_until=None)
    )
    target.put_about(out, study)
    for each in log.known(db, source.key).values():
        target.make(out, each.collection)
        target.write(out, each.collection, source.read(db, each.collection))


def bare_study(about: Mapping[str, Any], rasters: Mapping[str, "Raster"]) -> "Study":
    """Return a study without its tables, from what a `Backend` tells of it."""
    from geo.study import Repair, Study  # noqa: PLC0415 - as above

    repairs = tuple(Repair(**each) for each in about["repairs"])
    crs = CRS.from_user_input(about["crs"])
    return Study(about["name"], crs, {}, about["name_en"], rasters, repairs, about["notes"])
