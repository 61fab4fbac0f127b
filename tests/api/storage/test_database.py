"""The database as such: which one is served, its revisions, and what is told when it fails."""

import threading

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from api.errors import BusyError
from api.storage.database import SCHEMA, alembic_config, connect, open_database, revision_of, upgrade
from api.storage.postgis_tables import own
from api.storage.tables import metadata
from geo.errors import InputError

REVISIONS = [each.revision for each in ScriptDirectory.from_config(alembic_config()).walk_revisions()][::-1]


@pytest.fixture
def engine(database):
    made = open_database(database)
    yield made
    made.dispose()


def tables(engine) -> list[str]:
    with engine.connect() as db:
        asked = text("SELECT tablename FROM pg_tables WHERE schemaname = :schema ORDER BY 1")
        return list(db.scalars(asked, {"schema": SCHEMA}))


# ── revisions ────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_the_newest_revision_has_just_the_tables_that_the_code_uses(engine) -> None:
    ours = {*metadata.tables, *own.tables}

    def looked_at(name, kind, parents) -> bool:
        return kind != "table" or name in ours

    with engine.connect() as db:
        context = MigrationContext.configure(db, opts={
            "include_name": looked_at, "include_object": lambda *_: True, "compare_type": True,
        })  # fmt: skip
        assert compare_metadata(context, [metadata, own]) == []
        db.execute(text("ALTER TABLE shequ_files DROP COLUMN bytes"))
        assert [told[0] for told in compare_metadata(context, [metadata, own])] == ["add_column"]
    assert ours <= set(tables(engine))


@pytest.mark.parametrize("place", range(len(REVISIONS)), ids=REVISIONS)
def test_every_revision_is_reached_from_the_one_before(database, place) -> None:
    engine = connect(database)
    for revision in REVISIONS[: place + 1]:
        upgrade(engine, revision)
    with engine.connect() as db:
        assert revision_of(db) == REVISIONS[place]
    upgrade(engine)
    with engine.connect() as db:
        assert revision_of(db) == REVISIONS[-1]
    engine.dispose()


def test_a_database_of_a_newer_version_is_refused_and_left_alone(database) -> None:
    engine = open_database(database)
    with engine.begin() as db:
        db.execute(text("UPDATE shequ_revision SET version_num = '9999'"))
    with pytest.raises(InputError, match=r"written by a newer shequ \(revision 9999\)") as refused:
        open_database(database)
    assert refused.value.faults[0].remedy == "update shequ"
    with engine.connect() as db:
        assert revision_of(db) == "9999"
    engine.dispose()


def test_servers_that_start_at_once_make_the_tables_once(database) -> None:
    failed = []

    def start() -> None:
        try:
            open_database(database).dispose()
        except Exception as error:  # noqa: BLE001 - told below
            failed.append(error)

    several = [threading.Thread(target=start) for _ in range(4)]
    for each in several:
        each.start()
    for each in several:
        each.join()
    assert failed == []


# ── which databases are served ───────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("url", ["sqlite:///x.db", "not an address", "http://127.0.0.1/x"])
def test_an_address_that_is_none_of_postgresql_is_refused(url) -> None:
    with pytest.raises(InputError, match="no address of a PostgreSQL database") as refused:
        connect(url)
    assert "postgresql://user:password@host/name" in refused.value.faults[0].remedy


def test_without_postgis_the_command_for_the_superuser_is_told(cluster) -> None:
    cluster.run("CREATE DATABASE bare OWNER planner")
    with pytest.raises(InputError, match="has no PostGIS, and this role may not add it") as refused:
        open_database(cluster.url("bare"))
    assert "CREATE EXTENSION postgis" in refused.value.faults[0].remedy
    open_database(cluster.url("bare", role="postgres")).dispose()  # a superuser's server puts it in by itself
    cluster.drop(cluster.url("bare"))


def test_postgis_in_a_schema_of_its_own_is_found(cluster) -> None:
    cluster.run("CREATE DATABASE apart OWNER planner")
    cluster.run("CREATE SCHEMA gis", "GRANT USAGE ON SCHEMA gis TO planner", "CREATE EXTENSION postgis SCHEMA gis",
                database="apart")  # fmt: skip
    engine = open_database(cluster.url("apart"))
    with engine.connect() as db:
        assert db.scalar(text("SELECT ST_AsText(ST_Point(1, 2))")) == "POINT(1 2)"
    engine.dispose()
    cluster.drop(cluster.url("apart"))


def test_a_database_that_cannot_hold_chinese_is_refused(cluster) -> None:
    cluster.run("CREATE DATABASE latin OWNER planner TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    with pytest.raises(InputError, match="keeps text as LATIN1, which cannot hold Chinese"):
        open_database(cluster.url("latin"))
    cluster.drop(cluster.url("latin"))


# ── failures ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_database_that_is_not_there_is_busy(cluster) -> None:
    with pytest.raises(BusyError, match="the database does not answer") as told:
        open_database(cluster.url("nowhere"))
    assert told.value.headers["Retry-After"]


def test_a_lost_connection_is_told_and_the_next_request_works(cluster, engine) -> None:
    with engine.connect() as db:
        own_process = db.scalar(text("SELECT pg_backend_pid()"))
        cluster.run(f"SELECT pg_terminate_backend({own_process})")
        with pytest.raises(BusyError, match="the database does not answer") as told:
            db.execute(text("SELECT 1"))
        assert "look first whether it has arrived" in told.value.fault.remedy
    with engine.connect() as db:
        assert db.scalar(text("SELECT 1")) == 1


def test_connections_lost_while_nobody_used_them_are_not_even_noticed(cluster, engine) -> None:
    with engine.connect() as one, engine.connect() as other:
        processes = [db.scalar(text("SELECT pg_backend_pid()")) for db in (one, other)]
    for process in processes:
        cluster.run(f"SELECT pg_terminate_backend({process})")
    with engine.connect() as one, engine.connect() as other:
        assert one.scalar(text("SELECT 1")) == other.scalar(text("SELECT 1")) == 1


@pytest.mark.parametrize(("command", "said"), [
    ("SET LOCAL statement_timeout = 20; SELECT pg_sleep(5)", "the database took too long"),
    ("SET TRANSACTION READ ONLY; CREATE TABLE x ()", "the database takes no writes now"),
])  # fmt: skip
def test_what_the_database_cannot_do_now_is_told(engine, command, said) -> None:
    first, second = command.split("; ")
    with engine.connect() as db:
        db.execute(text(first))
        with pytest.raises(BusyError, match=said):
            db.execute(text(second))


def test_a_value_that_the_database_cannot_hold_is_the_datas_fault(engine) -> None:
    with engine.connect() as db, pytest.raises(InputError, match="cannot keep a value"):
        db.execute(text("SELECT 10000000000 :: integer"))


def test_mistakes_of_ours_stay_what_they_are(engine) -> None:
    with engine.connect() as db, pytest.raises(Exception, match="no_such_table") as told:
        db.execute(text("SELECT * FROM no_such_table"))
    assert not isinstance(told.value, BusyError | InputError)
