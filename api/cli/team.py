"""The commands of `shequ team`: the accounts, roles, keys and studies of a database that a team shares."""
# ruff: noqa: PLC0415, PLR0917 - commands import late, so that --help is quick; their options are given by name

import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.console import say, show_table, tell
from geo.errors import Fault, InputError

if TYPE_CHECKING:
    from api.accounts.accounts import Accounts, Grant
    from api.accounts.rights import Role as RoleName
    from api.storage.postgis import PostgisStorage

team = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="""
A team's database: who may come in, with which role in which study.

* `shequ team add-account li --role admin` the first account: it keeps the others
* `shequ team add qinghe.gpkg --study qinghe` puts a study file into the database
* `shequ team grant wang planner --study qinghe` lets somebody work on it
* `shequ team add-key wang --label QGIS` makes the key that QGIS takes as password

The database is named by --database or SHEQU_DATABASE. What is done here is kept in the accounts' log.
""",
)

Database = Annotated[
    str, typer.Option(help="postgresql://user:password@host/name", envvar="SHEQU_DATABASE", show_envvar=True)
]
Account = Annotated[str, typer.Argument(metavar="ACCOUNT", help="The account's name, as the log keeps it.")]


class Role(StrEnum):
    """What somebody may do; each may do what those before it may."""

    viewer = "viewer"
    surveyor = "surveyor"
    planner = "planner"
    approver = "approver"
    admin = "admin"


class Granted(StrEnum):
    """A role, or that it is taken away."""

    viewer = "viewer"
    surveyor = "surveyor"
    planner = "planner"
    approver = "approver"
    admin = "admin"
    none = "none"


PasswordFile = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Read the password from the first line of a file, or of stdin with -; "
                                      "by default it is asked for."),
]  # fmt: skip


@team.command("add-account")
def add_account(
    account: Account,
    database: Database,
    role: Annotated[
        Role | None,
        typer.Option(help="Role in every study; admin keeps accounts too. Default: none but what is granted."),
    ] = None,
    password_file: PasswordFile = None,
    no_password: Annotated[
        bool, typer.Option("--no-password", help="No password: it comes in by API keys, or through the provider.")
    ] = False,
    issuer: Annotated[str | None, typer.Option(help="OpenID Connect: the provider, as SHEQU_OIDC_ISSUER.")] = None,
    subject: Annotated[str | None, typer.Option(help="OpenID Connect: whose account it is (sub).")] = None,
) -> None:
    """Add an account; the password is asked for.

    Example: `shequ team add-account li --role admin`
    """
    if (issuer is None) != (subject is None):
        raise InputError(Fault("an identity is issuer and subject", "give --issuer and --subject, or none of them"))
    identity = (issuer, subject) if issuer is not None and subject is not None else None
    password = None if no_password or identity else _password(account, password_file)
    with _accounts(database) as (accounts, _):
        made = accounts.add(account, by=_by(), password=password, role=_role(role), identity=identity)
    say(f"account {made.name}" + (f", {made.role} in every study" if made.role else ", without a role as yet"))
    if not made.role:
        tell(f"give it one: shequ team grant {made.name} viewer --study STUDY")


@team.command("set-password")
def set_password(account: Account, database: Database, password_file: PasswordFile = None) -> None:
    """Give an account a new password; whoever is signed in by the old one is no longer.

    Example: `shequ team set-password li`
    """
    password = _password(account, password_file)
    with _accounts(database) as (accounts, _):
        accounts.change(account, by=_by(), password=password)
    say(f"account {account} has a new password")


@team.command("shut")
def shut(
    account: Account,
    database: Database,
    again: Annotated[bool, typer.Option("--open", help="Let it come in again.")] = False,
) -> None:
    """Let an account come in no more: its keys and sessions are worth nothing, what it did stays.

    Example: `shequ team shut li`
    """
    with _accounts(database) as (accounts, _):
        accounts.change(account, by=_by(), active=again)
    say(f"account {account} is {'open' if again else 'shut'}")


@team.command("grant")
def grant(
    account: Account,
    role: Annotated[Granted, typer.Argument(help="What it may do; none takes the role away.")],
    database: Database,
    study: Annotated[str | None, typer.Option(help="In this study; by default in every study.")] = None,
    area: Annotated[
        str | None,
        typer.Option(metavar="COLLECTION=ID", help="Edits must lie in this feature, e.g. communities=SQ01."),
    ] = None,
) -> None:
    """Give an account a role, in one study or in all.

    Example: `shequ team grant wang surveyor --study qinghe --area communities=SQ01`
    """
    name = _role(role)
    if area is not None and (study is None or "=" not in area):
        raise InputError(Fault(f"{area} is no area of a study", "give --study, and --area COLLECTION=ID"))
    with _accounts(database) as (accounts, storage):
        if study is None:
            accounts.change(account, by=_by(), role=name)
        elif name is None:
            accounts.revoke(account, study, by=_by())
        else:
            accounts.grant(account, study, name, by=_by(), area=_area(storage, study, area))
    where = f"in {study}" if study else "in every study"
    say(f"{account} is {name} {where}" if name else f"{account} has no role of its own {where} any more")


@team.command("add-key")
def add_key(
    account: Account,
    database: Database,
    label: Annotated[str, typer.Option(help="What it is for: shown in lists.")] = "",
    study: Annotated[str | None, typer.Option(help="Good for this study alone.")] = None,
    role: Annotated[Role | None, typer.Option(help="Good for what this role may do, and no more.")] = None,
    days: Annotated[int, typer.Option(min=1, max=3 * 365, help="Good for so many days.")] = 365,
) -> None:
    """Make an API key, and print it this once: for QGIS (as password) and for programs.

    Example: `shequ team add-key wang --label QGIS --study qinghe`
    """
    with _accounts(database) as (accounts, _):
        kept, key = accounts.add_key(account, by=_by(), label=label, study=study, role=_role(role), days=days)
    typer.echo(key)
    tell(
        f"it cannot be shown again; it holds until {kept.expires[:10]}; in QGIS: user {kept.account}, password the key"
    )


@team.command("revoke-key")
def revoke_key(
    prefix: Annotated[str, typer.Argument(metavar="PREFIX", help="The middle part of the key, as `list` shows it.")],
    database: Database,
) -> None:
    """Revoke an API key; servers that run notice within 30 seconds.

    Example: `shequ team revoke-key 0a1b2c3d4e5f`
    """
    with _accounts(database) as (accounts, _):
        accounts.remove_key(prefix, by=_by())
    say(f"key {prefix} is revoked")


@team.command("add")
def add_study(
    file: Annotated[Path, typer.Argument(metavar="STUDY.gpkg", help="A study file, or a backup.")],
    database: Database,
    study: Annotated[
        str | None, typer.Option(help="Its id in addresses; by default as `shequ serve` names it.")
    ] = None,
) -> None:
    """Put a study file into the database, with all its history. The file stays as it is.

    Example: `shequ team add out/qinghe/study.gpkg --study qinghe`
    """
    from api.cli.serving import name_studies

    if not file.is_file():
        raise InputError(Fault("there is no such file", "check the path", file=str(file)))
    name = study or next(iter(name_studies([str(file)])))
    with _accounts(database) as (_, storage):
        kept = storage.restore(name, file, by=_by())
        say(f"study {name}: {kept.name}, {len(kept.collections())} collections, transaction {kept.head()}")
    tell(f"let people see it: shequ team grant ACCOUNT viewer --study {name}")


@team.command("list")
def show(database: Database) -> None:
    """Show the studies, accounts, roles and keys of a database.

    Example: `shequ team list`
    """
    with _accounts(database) as (accounts, storage):
        studies, people, keys = storage.studies(), accounts.all(), accounts.keys()
    show_table(["study"], [[each] for each in studies])
    rows = [
        [each.name, each.role or "", ", ".join(_told(grant) for grant in each.grants),
         "shut" if not each.active else each.signs_in or "keys"]
        for each in people
    ]  # fmt: skip
    show_table(["account", "every study", "studies", "comes in by"], rows)
    show_table(["key", "account", "for", "study", "role", "until"], [
        [key.prefix, key.account, key.label, key.study or "", key.role or "", key.expires[:10]]
        for key in keys
    ])  # fmt: skip


@team.command("log")
def show_log(
    database: Database,
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, max=1_000, help="The last so many.")] = 40,
) -> None:
    """Show what was done to accounts, and who signed in.

    Example: `shequ team log -n 100`
    """
    with _accounts(database) as (accounts, _):
        entries = accounts.log(limit=lines)
    show_table(["when", "who", "what", "account", "study", ""], [
        [each.at[:19], each.by, each.action, each.account, each.study or "",
         each.note] for each in reversed(entries)
    ])  # fmt: skip


@contextmanager
def _accounts(database: str) -> "Iterator[tuple[Accounts, PostgisStorage]]":
    from api.accounts.accounts import open_accounts
    from api.storage.postgis import PostgisStorage

    storage = PostgisStorage(database)
    try:
        yield open_accounts(storage), storage
    finally:
        storage.close()


def _by() -> str:
    return f"{getpass.getuser()} (command line)"


def _role(role: StrEnum | None) -> "RoleName | None":
    return None if role is None or role.value == "none" else role.value  # type: ignore[return-value]


def _area(storage: "PostgisStorage", study: str, area: str | None) -> tuple[str, str] | None:
    if area is None:
        return None
    collection, _, area_id = area.partition("=")
    store = storage.open(study)
    if collection not in store.collections() or not store.rows(collection, ids=[area_id]).num_rows:
        raise InputError(Fault(f"there is no area {area_id} in {collection}", "name a feature of the study",
                               table=collection, ids=(area_id,)))  # fmt: skip
    return collection, area_id


def _told(grant: "Grant") -> str:
    return f"{grant.study}: {grant.role}" + (f" in {'='.join(grant.area)}" if grant.area else "")


def _password(account: str, file: Path | None) -> str:
    if file is not None:
        if str(file) == "-":
            return sys.stdin.readline().rstrip("\r\n")
        return file.read_text(encoding="utf-8").split("\n", 1)[0].rstrip("\r")
    if not sys.stdin.isatty():
        raise InputError(Fault("there is nobody to ask for the password", "give it with --password-file, - is stdin"))
    return str(typer.prompt(f"password of {account}", hide_input=True, confirmation_prompt=True))
