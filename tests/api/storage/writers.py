"""Processes that write into a study file, for tests that kill them or let them race."""

from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from pathlib import Path

from api.errors import BusyError, OutOfDateError
from api.storage.embedded import EmbeddedStorage
from api.storage.records import DocumentWrite, FeatureWrite


def processes() -> ForkServerContext:
    """Return the context to start them in: quick, and with nothing of this process in them."""
    context = get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


def write_on(path: Path, name: str, told: Connection) -> None:
    """Make buildings `<name>-0`, `<name>-1` … for ever; tell each once it was accepted."""
    store = EmbeddedStorage({"town": path}).open("town")
    shape = store.rows("buildings", ids=["JZ001"])["geometry"].to_pylist()[0]
    for n in range(100_000):
        made = f"{name}-{n}"
        store.commit(
            [FeatureWrite("buildings", made, "create", {"name": made}, shape),
             DocumentWrite("last", "one", {"name": made})], by="writer", action="write",
        )  # fmt: skip
        told.send(made)


def race(path: Path, name: str, count: int, told: Connection) -> None:
    """Write one building again and again, naming the version that was read; tell what became of each write."""
    storage = EmbeddedStorage({"town": path})
    store = storage.open("town")
    for n in range(count):
        row = store.rows("buildings", ids=["JZ001"]).to_pylist()[0]
        write = FeatureWrite("buildings", "JZ001", "replace", {"name": f"{name}-{n}"}, row["geometry"], row["version"])
        try:
            told.send(("accepted", store.commit([write], by=name, action="race").tx))
        except (OutOfDateError, BusyError) as error:
            told.send((type(error).__name__, str(error)))
    storage.close()
