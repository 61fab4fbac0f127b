"""A throw-away PostgreSQL with PostGIS, from Debian's packages: one for a test run, one database for a test."""

import contextlib
import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg
import pytest

TEMPLATE = "ready"
"""A database with PostGIS in it, from which the others are copied."""

ROLE = "planner"
"""Owns the databases and is no superuser: a server needs no more than that."""

_LOCALE = "LOCALE_PROVIDER icu ICU_LOCALE 'en-US'"
"""Orders text as dictionaries do, which no order of ours may depend on."""

_PACKAGES = "postgresql postgresql-postgis"

_SETTINGS = {
    "listen_addresses": "127.0.0.1", "max_connections": "200", "log_min_messages": "error",
    "log_min_error_statement": "panic",
}  # fmt: skip
_HASTY = {"fsync": "off", "full_page_writes": "off", "autovacuum": "off", "max_wal_size": "256MB"}

_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG


@dataclass
class Cluster:
    """A running PostgreSQL of our own.

    Attributes
    ----------
    programs
        PostgreSQL's.
    folder
        Its data and socket.
    port
        On 127.0.0.1; the socket is in the folder.
    settings
        PostgreSQL's, of this cluster.
    """

    programs: Path
    folder: Path
    port: int
    settings: Mapping[str, str]
    process: "subprocess.Popen[bytes] | None" = None
    _numbers: Iterator[int] = field(default_factory=count)

    def url(self, database: str, *, role: str = ROLE) -> str:
        """Return the address of a database, over the socket."""
        return f"postgresql://{role}@/{database}?host={self.folder}&port={self.port}"

    def database(self, copied_from: str | None = None) -> str:
        """Make a database with PostGIS, empty or a copy of one that nobody is connected to; return its address."""
        name = f"test_{next(self._numbers)}"
        template = _name_of(copied_from) if copied_from else TEMPLATE
        self.run(f"CREATE DATABASE {name} OWNER {ROLE} TEMPLATE {template} STRATEGY file_copy")
        return self.url(name)

    def drop(self, url: str) -> None:
        """Delete a database, whoever is connected to it."""
        self.run(f"DROP DATABASE IF EXISTS {_name_of(url)} WITH (FORCE)")

    def run(self, *commands: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Run commands as superuser; return the rows of the last one."""
        with psycopg.connect(self.url(database, role="postgres"), autocommit=True) as db:
            rows: list[tuple[object, ...]] = []
            for command in commands:
                cursor = db.execute(command)
                rows = cursor.fetchall() if cursor.description else []
            return rows

    def resume(self) -> None:
        """Start it, and wait until it answers."""
        settings = [f"--{name}={value}" for name, value in {**_SETTINGS, **self.settings}.items()]
        where = ["-D", self.folder / "data", "-k", self.folder, "-p", str(self.port)]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.programs / "postgres", *where, *settings],
                stdout=log, stderr=log, user=_unprivileged(), cwd=self.folder, env=_environment(),
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - one call, no lock
            )  # fmt: skip
        for _ in range(1200):
            if self.process.poll() is not None:
                break
            with contextlib.suppress(psycopg.OperationalError):
                self.run("SELECT 1")
                return
            time.sleep(0.05)
        raise RuntimeError("PostgreSQL does not start: " + (self.folder / "log").read_text())

    def halt(self) -> None:
        """End it at once, as a crash would."""
        if self.process is not None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(60)

    def stop(self) -> None:
        """End it and delete its folder."""
        self.halt()
        shutil.rmtree(self.folder, ignore_errors=True)


def programs() -> Path | None:
    """Return the folder of PostgreSQL's programs that have PostGIS beside them; None where they are not installed."""
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda each: -int(each.parent.name)):
        shared = Path("/usr/share/postgresql") / folder.parent.name / "extension" / "postgis.control"
        if (folder / "initdb").exists() and shared.exists():
            return folder
    return None


def start(*, durable: bool = False) -> Cluster:
    """Start a cluster in a folder of its own; it ends with this process at the latest.

    Unless it is to be `durable` (for benches) it does not wait for the disk.
    """
    found = programs()
    assert found is not None, f"install {_PACKAGES}"
    user = _unprivileged()
    folder = Path(tempfile.mkdtemp(prefix="shequ-postgis-"))
    if user is not None:
        os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
    data = folder / "data"
    subprocess.run(
        [found / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"],
        check=True, capture_output=True, user=user, cwd=folder, env=_environment(),
    )  # fmt: skip
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    cluster = Cluster(found, folder, port, {} if durable else _HASTY)
    try:
        cluster.resume()
        cluster.run(
            f"CREATE ROLE {ROLE} LOGIN", f"CREATE DATABASE {TEMPLATE} OWNER {ROLE} TEMPLATE template0 {_LOCALE}"
        )
        cluster.run("CREATE EXTENSION postgis", f"GRANT INSERT ON spatial_ref_sys TO {ROLE}", database=TEMPLATE)
    except BaseException:
        cluster.stop()
        raise
    return cluster


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """One PostgreSQL with PostGIS for the whole run (one for each worker of pytest-xdist)."""
    if programs() is None:
        pytest.skip(f"PostgreSQL with PostGIS is not installed (Debian: {_PACKAGES})")
    made = start()
    yield made
    made.stop()


@pytest.fixture
def database(cluster: Cluster) -> Iterator[str]:
    """The address of an empty database with PostGIS."""
    url = cluster.database()
    yield url
    cluster.drop(url)


def _name_of(url: str) -> str:
    return url.split("?", maxsplit=1)[0].rsplit("/", 1)[-1]


def _unprivileged() -> str | None:
    """Return whose process it must be: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    with contextlib.suppress(KeyError):
        return pwd.getpwnam("postgres").pw_name
    return "nobody"


def _environment() -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGQUIT)
