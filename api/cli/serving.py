"""The command `serve`: studies as map layers for browsers, QGIS and notebooks."""
# ruff: noqa: PLC0415 - commands import late, so that --help is quick

import gc
import os
import re
import socket
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.console import say, tell
from geo.errors import Fault, InputError, ShequError

if TYPE_CHECKING:
    from api.settings import Settings

_COLLECT_AFTER = 20_000
"""Objects made beyond those let go of, after which Python looks for cycles: a page of features is some thousands."""

_WAITING = 2_048
"""Connections that may wait to be taken."""

_NAMED = re.compile(r"^(?P<id>[A-Za-z0-9][A-Za-z0-9_-]{0,63})=(?P<path>.+)$")


def serve_studies(
    studies: Annotated[
        list[str] | None,
        typer.Argument(metavar="STUDY…", help="Study files; NAME=FILE gives one the name it has in its address."),
    ] = None,
    database: Annotated[
        str | None,
        typer.Option(
            help="Serve a PostgreSQL database with PostGIS instead, for a team with accounts.", envvar="SHEQU_DATABASE"
        ),
    ] = None,
    host: Annotated[
        str,
        typer.Option(help="Address to listen on; this machine only unless a database is served.", envvar="SHEQU_HOST"),
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.", envvar="SHEQU_PORT")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Server processes, with --database.")] = 1,
) -> None:
    """Serve studies as OGC API layers, with a map page, editing, jobs and history; prints the address.

    Each study has an address of its own: give it to QGIS, GDAL or `geopandas.read_file("OAPIF:…")`. A study file is
    served in place: what is edited is in it at once, with its history. Other settings are environment variables
    (docs/serving.md).

    Examples: `shequ serve out/qinghe/study.gpkg` · `shequ serve east=a.gpkg west=b.gpkg --port 8080`
    """  # fmt: skip
    from pydantic import SecretStr

    from api.gateway import log_as_json
    from api.settings import read_settings, require_safe

    files = name_studies(studies or []) or ({} if database else dict(read_settings().studies))
    if not files and not database:
        raise InputError(Fault("there is nothing to serve", "name study files, or a database with --database URL"))
    if files and database:
        raise InputError(Fault("study files and a database cannot be served at once",
                               "put the files into the database first: shequ team add FILE"))  # fmt: skip
    absent = [path for path in files.values() if not path.is_file()]
    if absent:
        raise InputError([Fault("there is no such file", "check the path", file=str(path)) for path in absent])
    if workers > 1 and not database:
        raise InputError(Fault("study files are served by one process", "leave --workers out, or use a database"))
    settings = read_settings(studies=files, database=SecretStr(database) if database else None, host=host, port=port)
    require_safe(settings)
    with _listen(host, port) as listening:
        settings = settings.model_copy(update={"port": listening.getsockname()[1]})
        log_as_json()
        if workers == 1:
            _serve(settings, listening)
        else:
            _serve_by(workers, settings, str(database), listening)


def _serve(settings: "Settings", listening: socket.socket) -> None:
    """Serve in this process."""
    from api.ahead import begin, read_ahead

    begun = begin(settings)
    try:
        for study_id in settings.studies:
            begun.storage.open(study_id)  # what is no study is told now, not to who asks for it
    except ShequError:
        begun.close()
        raise
    _announce(settings)
    read_ahead(begun)
    from uvicorn import Config, Server

    from api.main import create_app, open_server

    app = create_app(settings, open_server(settings, begun))
    gc.freeze()  # what stands now stays: the collector need not look at it again and again
    gc.set_threshold(_COLLECT_AFTER, 20, 20)
    server = Server(Config(app, **_options(settings)))
    with suppress(KeyboardInterrupt):
        server.run(sockets=[listening])
    if not server.started:
        raise typer.Exit(3)


def _serve_by(workers: int, settings: "Settings", database: str, listening: socket.socket) -> None:
    """Serve a database in several processes."""
    from uvicorn import Config
    from uvicorn.supervisors import Multiprocess

    _announce(settings)
    os.environ |= {"SHEQU_DATABASE": database, "SHEQU_HOST": settings.host, "SHEQU_PORT": str(settings.port)}
    config = Config("api.main:app_from_environment", factory=True, workers=workers, **_options(settings))
    with suppress(KeyboardInterrupt):
        Multiprocess(config, sockets=[listening]).run()


def _options(settings: "Settings") -> dict[str, Any]:
    return {
        "host": settings.host, "port": settings.port, "http": "api.protocol:Protocol", "loop": "uvloop",
        "access_log": False, "log_level": "warning", "timeout_graceful_shutdown": 3, "server_header": False,
    }  # fmt: skip


def name_studies(given: list[str]) -> dict[str, Path]:
    """Return the files by the name each has in its address.

    NAME=FILE names one; else it is the file's name, or its folder's where the file is called study.gpkg.

    Raises
    ------
    InputError
        When two would have the same name.

    Examples
    --------
    >>> {name: str(file) for name, file in name_studies(["out/qinghe/study.gpkg", "b=x.gpkg", "河 西.gpkg"]).items()}
    {'qinghe': 'out/qinghe/study.gpkg', 'b': 'x.gpkg', 'study-3': '河 西.gpkg'}
    """
    named: dict[str, Path] = {}
    for number, each in enumerate(given, start=1):
        match = _NAMED.match(each)
        path = Path(match["path"] if match else each)
        own = path.absolute().parent.name if path.stem == "study" else path.stem
        name = match["id"] if match else re.sub(r"[^a-z0-9_]+", "-", own.lower()).strip("-_")[:64] or f"study-{number}"
        if name in named:
            raise InputError(Fault(f"two studies are named {name}", f"name one of them: other={path}", file=str(path)))
        named[name] = path
    return named


def _announce(settings: "Settings") -> None:
    shown = f"[{settings.host}]" if ":" in settings.host else settings.host
    base = settings.public_url.rstrip("/") or f"http://{shown}:{settings.port}"
    for name, file in settings.studies.items():
        say(f"{base}/studies/{name}/map   {file}")
        say(f"{base}/studies/{name}       the same as OGC API layers, for QGIS and others", indent=0)
    if settings.team:
        say(f"{base}/studies")
    tell("Ctrl-C ends the server; what was edited is kept")


def _listen(host: str, port: int) -> socket.socket:
    """Return the socket that is listened on: who comes before the server stands waits, and is not refused."""
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(_WAITING)
    except OSError as error:
        listening.close()
        raise InputError(Fault(f"cannot listen on {host}:{port} ({error.strerror})",
                               "choose another port with --port, 0 for a free one")) from error  # fmt: skip
    return listening
