"""The accounts of a team's database: who there is, with which roles and keys, and who is signed in."""

import re
import threading
import time
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, select, update

from api.accounts.credentials import ApiKey, Passwords, digest, new_key, new_token, read_key, require_password
from api.accounts.rights import ROLES, Caller, Role
from api.accounts.sessions import SESSION_HOURS
from api.accounts.tables import accounts, audit, grants, keys, sessions
from api.errors import NotFoundError
from api.storage import Storage
from api.storage.postgis import PostgisStorage
from api.storage.postgis_tables import studies
from geo.errors import Fault, InputError

EVERY_STUDY = "*"
KEY_DAYS = 365
LONGEST_KEY_DAYS = 3 * 365

_TRUSTED_S = 30.0
"""For so long what was looked up of a key or session holds; what this process changes holds at once."""
_MOST_TRUSTED = 10_000

_NAME = re.compile(r"[\w.@+-]{1,64}")
_RESERVED = frozenset({"owner", "anonymous", "root", "system", "shequ"})

Area = tuple[str, str]


@dataclass(frozen=True)
class Grant:
    """A role in one study; edits must lie in `area`, a collection and an id in it, where there is one."""

    study: str
    role: Role
    area: Area | None = None


@dataclass(frozen=True)
class Account:
    """Somebody who may come in.

    Attributes
    ----------
    name
        As the log keeps it.
    role
        In every study that grants none of its own; None: only where one is granted.
    active
        Whether they may come in now.
    signs_in
        How: "password", "oidc", or "" with keys alone.
    """

    name: str
    role: Role | None
    active: bool
    signs_in: str
    created: str
    grants: tuple[Grant, ...] = ()


@dataclass(frozen=True)
class Key:
    """What is kept of an API key."""

    prefix: str
    account: str
    label: str
    study: str | None
    role: Role | None
    created: str
    expires: str


@dataclass(frozen=True)
class Audited:
    """One thing that was done to accounts."""

    number: int
    at: str
    by: str
    action: str
    account: str
    study: str | None
    note: str


class Accounts:
    """Part of a team's server; also what `shequ team` works with. Safe to use from several threads and processes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._passwords = Passwords()
        self._trusted = _Trusted()

    # ── who asks ──
    def by_key(self, text: str, name: str | None = None) -> Caller | None:
        """Return whose key it is and what may be done by it; None for one unknown, expired, or not `name`'s."""
        return self._trusted.get(("key", digest(text), name), lambda: self._by_key(text, name))

    def by_session(self, token: str) -> Caller | None:
        """Return who is signed in with this token; None when nobody is any more."""
        return self._trusted.get(("session", digest(token), None), lambda: self._by_session(token))

    def known_by_key(self, text: str, name: str | None = None) -> Caller | None:
        """Return what `by_key` would, where that was asked just now: at once; None otherwise."""
        return self._trusted.known(("key", digest(text), name))

    def known_by_session(self, token: str) -> Caller | None:
        """Return what `by_session` would, where that was asked just now: at once; None otherwise."""
        return self._trusted.known(("session", digest(token), None))

    def _by_key(self, text: str, name: str | None) -> tuple[Caller, str] | None:
        key = read_key(text)
        if key is None:
            return None
        with self._engine.connect() as db:
            row = db.execute(select(keys).where(keys.c.prefix == key.prefix)).one_or_none()
            if row is None or not key.fits(row.hash) or row.expires <= now():
                return None
            if name is not None and folded(name) != folded(row.account):
                return None
            caller = _caller(db, row.account)
        return None if caller is None else (narrowed(caller, row.study, row.role), row.expires)

    def _by_session(self, token: str) -> tuple[Caller, str] | None:
        with self._engine.connect() as db:
            row = db.execute(select(sessions).where(sessions.c.hash == digest(token))).one_or_none()
            if row is None or row.expires <= now():
                return None
            caller = _caller(db, row.account)
        return None if caller is None else (caller, row.expires)

    # ── signing in ──
    def check_password(self, name: str, password: str) -> str | None:
        """Return the account's name when the password is its own; takes as long when there is no such account."""
        with self._engine.connect() as db:
            asked = select(accounts.c.name, accounts.c.password, accounts.c.active).where(
                accounts.c.folded == folded(name)
            )
            row = db.execute(asked).one_or_none()
        if not self._passwords.fits(password, row.password if row is not None and row.active else None):
            return None
        assert row is not None  # noqa: S101 - nobody's password fits nobody
        if self._passwords.outdated(row.password):
            with self._engine.begin() as db:
                db.execute(_account(row.name).values(password=self._passwords.hash(password)))
        return str(row.name)

    def begin_session(self, name: str, *, how: str, ends: str | None = None) -> str:
        """Sign somebody in: return a new token, and end the session of the token `ends`."""
        token, expires = new_token(), _later(hours=SESSION_HOURS)
        with self._changing(name, f"signed in ({how})", name) as db:
            db.execute(delete(sessions).where(sessions.c.expires <= now()))
            if ends:
                db.execute(delete(sessions).where(sessions.c.hash == digest(ends)))
            db.execute(insert(sessions).values(hash=digest(token), account=name, created=now(), expires=expires))
        return token

    def end_session(self, token: str) -> None:
        """Sign out."""
        with self._engine.begin() as db:
            db.execute(delete(sessions).where(sessions.c.hash == digest(token)))
        self._trusted.forget()

    def by_identity(self, issuer: str, subject: str, wished: str) -> str:
        """Return the account of an OpenID Connect identity; one that is new gets an account without any role.

        It is called as it wishes, unless somebody is called so already: nobody gets into an account by choosing a name.

        Raises
        ------
        NotFoundError
            When the account may not come in.
        """
        asked = select(accounts.c.name, accounts.c.active).where(
            accounts.c.issuer == issuer, accounts.c.subject == subject
        )
        with self._engine.begin() as db:
            row = db.execute(asked).one_or_none()
            if row is None:
                name = _free_name(db, wished, digest(f"{issuer} {subject}")[:6])
                _add(db, name, issuer=issuer, subject=subject)
                _note(db, name, "account added", name, note=f"first sign-in through {issuer}")
                return name
        if not row.active:
            raise NotFoundError(f"the account {row.name} is shut", "ask an admin")
        return str(row.name)

    # ── accounts ──
    def all(self) -> list[Account]:
        """Return every account, by name."""
        with self._engine.connect() as db:
            given: dict[str, list[Grant]] = {}
            for row in db.execute(select(grants).order_by(grants.c.study)):
                given.setdefault(row.account, []).append(_grant(row))
            rows = db.execute(select(accounts).order_by(accounts.c.name)).all()
        return [_told(row, tuple(given.get(row.name, ()))) for row in rows]

    def get(self, name: str) -> Account:
        """Return an account; NotFoundError when there is none of that name."""
        with self._engine.connect() as db:
            own = _name(db, name)
            row = db.execute(select(accounts).where(accounts.c.name == own)).one()
            given = db.execute(select(grants).where(grants.c.account == own).order_by(grants.c.study)).all()
        return _told(row, tuple(map(_grant, given)))

    def add(
        self, name: str, *, by: str, password: str | None = None, role: Role | None = None,
        identity: tuple[str, str] | None = None,
    ) -> Account:  # fmt: skip
        """Add an account; `identity` is issuer and subject of OpenID Connect.

        Raises
        ------
        InputError
            When the name is taken, or none that can be told apart; or the password is too weak.
        """
        own = require_name(name)
        hashed = self._passwords.hash(require_password(password, own)) if password is not None else None
        issuer, subject = identity or (None, None)
        with self._changing(by, "account added", own, note=f"role {role}" if role else "") as db:
            if db.scalar(select(accounts.c.name).where(accounts.c.folded == folded(own))) is not None:
                raise InputError(Fault(f"there is an account {own} already", "choose another name"))
            _add(db, own, password=hashed, role=role, issuer=issuer, subject=subject)
        return self.get(own)

    def change(self, name: str, *, by: str, **to: Any) -> Account:  # noqa: ANN401 - three columns
        """Change `role` (None takes it away), `active` or `password` of an account.

        A new password and shutting the account end its sessions. The last active admin stays one.

        Raises
        ------
        NotFoundError
            When there is none of that name.
        InputError
            When nobody would be left to keep the accounts, or the password is too weak.
        """
        assert to.keys() <= {"role", "active", "password"}  # noqa: S101 - our own callers
        values = dict(to)
        if "password" in values:
            values["password"] = self._passwords.hash(require_password(values["password"], name))
        told = ", ".join("password" if key == "password" else f"{key} {value}" for key, value in to.items())
        with self._changing(by, "account changed", name, note=told) as db:
            own, admins = _name(db, name), _admins(db)
            db.execute(_account(own).values(**values))
            if own in admins and not _admins(db):
                raise _nobody_left()
            if "password" in to or to.get("active") is False:
                db.execute(delete(sessions).where(sessions.c.account == own))
        return self.get(name)

    def remove(self, name: str, *, by: str) -> None:
        """Delete an account with its roles, keys and sessions; what it did stays in the logs.

        Raises
        ------
        NotFoundError, InputError
            As `change`.
        """
        with self._changing(by, "account removed", name) as db:
            own, admins = _name(db, name), _admins(db)
            db.execute(delete(accounts).where(accounts.c.name == own))
            if admins == {own}:
                raise _nobody_left()

    # ── roles ──
    def members(self, study_id: str) -> list[tuple[str, Grant]]:
        """Return who has which role in a study, those with a role in every study too."""
        with self._engine.connect() as db:
            given = {row.account: _grant(row) for row in db.execute(select(grants).where(grants.c.study == study_id))}
            everywhere = db.execute(select(accounts.c.name, accounts.c.role).where(accounts.c.role.is_not(None)))
            for row in everywhere:
                given.setdefault(row.name, Grant(EVERY_STUDY, row.role))
        return sorted(given.items())

    def grant(self, name: str, study_id: str, role: Role, *, by: str, area: Area | None = None) -> None:
        """Give an account a role in a study, in place of the one it has there.

        Raises
        ------
        NotFoundError
            When there is no such account or study.
        """
        note = f"role {role}" + (f" in {area[0]} {area[1]}" if area else "")
        with self._changing(by, "role granted", name, study=study_id, note=note) as db:
            own = _name(db, name)
            _require_study(db, study_id)
            collection, area_id = area or (None, None)
            db.execute(delete(grants).where(grants.c.account == own, grants.c.study == study_id))
            db.execute(insert(grants).values(account=own, study=study_id, role=role, area_collection=collection,
                                             area_id=area_id))  # fmt: skip

    def revoke(self, name: str, study_id: str, *, by: str) -> None:
        """Take away an account's role in a study; NotFoundError when it has none."""
        with self._changing(by, "role taken away", name, study=study_id) as db:
            own = _name(db, name)
            gone = db.execute(delete(grants).where(grants.c.account == own, grants.c.study == study_id))
            if not gone.rowcount:
                raise NotFoundError(f"{own} has no role of its own in {study_id}", "see who has one")

    # ── keys ──
    def keys(self, name: str | None = None) -> list[Key]:
        """Return the keys of an account, or all, newest last."""
        asked = select(keys).order_by(keys.c.created, keys.c.prefix)
        with self._engine.connect() as db:
            if name is not None:
                asked = asked.where(keys.c.account == _name(db, name))
            return [Key(row.prefix, row.account, row.label, row.study, row.role, row.created, row.expires)
                    for row in db.execute(asked)]  # fmt: skip

    def add_key(
        self, name: str, *, by: str, label: str = "", study: str | None = None, role: Role | None = None,
        days: int = KEY_DAYS,
    ) -> tuple[Key, str]:  # fmt: skip
        """Make a key; return what is kept of it, and the key itself, which nobody can tell later.

        Raises
        ------
        NotFoundError
            When there is no such account or study.
        InputError
            When it would hold for too long.
        """
        if not 1 <= days <= LONGEST_KEY_DAYS:
            raise InputError(Fault(f"a key cannot hold for {days} days", f"choose 1 to {LONGEST_KEY_DAYS}"))
        key: ApiKey = new_key()
        with self._changing(by, "key added", name, study=study, note=f"{key.prefix} {label}".strip()) as db:
            own = _name(db, name)
            if study is not None:
                _require_study(db, study)
            kept = Key(key.prefix, own, label, study, role, now(), _later(days=days))
            db.execute(insert(keys).values(hash=key.hash, **vars(kept)))
        return kept, key.text

    def remove_key(self, prefix: str, *, by: str, of: str | None = None) -> None:
        """Revoke a key; NotFoundError when there is none, or it is not that of the account `of`."""
        with self._engine.connect() as db:
            whose = db.scalar(select(keys.c.account).where(keys.c.prefix == prefix))
        if whose is None or (of is not None and of != whose):
            raise NotFoundError(f"there is no key {prefix}", "see the list of keys")
        with self._changing(by, "key revoked", whose, note=prefix) as db:
            db.execute(delete(keys).where(keys.c.prefix == prefix))

    # ── what was done ──
    def log(self, *, before: int | None = None, limit: int = 100) -> list[Audited]:
        """Return what was done to accounts, newest first."""
        asked = select(audit).order_by(audit.c.number.desc()).limit(limit)
        if before is not None:
            asked = asked.where(audit.c.number < before)
        with self._engine.connect() as db:
            return [Audited(*row) for row in db.execute(asked)]

    @contextmanager
    def _changing(
        self, by: str, action: str, account: str, *, study: str | None = None, note: str = ""
    ) -> Iterator[Connection]:
        """Give a transaction that is noted, and forget what was looked up when it is through."""
        with self._engine.begin() as db:
            yield db
            _note(db, by, action, account, study=study, note=note)
        self._trusted.forget()


def open_accounts(storage: Storage) -> Accounts:
    """Return the accounts that a team's database keeps beside its studies."""
    assert isinstance(storage, PostgisStorage)  # noqa: S101 - what the settings of a team open
    return Accounts(storage.engine)


# ── names ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def folded(name: str) -> str:
    """Return a name as it is told apart from others.

    Examples
    --------
    >>> folded("Li.Ming") == folded("ｌi.ming")
    True
    """
    return unicodedata.normalize("NFKC", name).casefold()


def require_name(name: str) -> str:
    """Return a name that an account may have; InputError otherwise."""
    own = unicodedata.normalize("NFKC", name)
    if not _NAME.fullmatch(own):
        raise InputError(Fault(f"{name[:80]!r} is no name of an account",
                               "use 1 to 64 letters (Chinese too), digits, and . _ @ + -"))  # fmt: skip
    if folded(own) in _RESERVED:
        raise InputError(Fault(f"{own} is a name of the server's own", "choose another name"))
    return own


def _free_name(db: Connection, wished: str, mark: str) -> str:
    own = re.sub(r"[^\w.@+-]", "", unicodedata.normalize("NFKC", wished))[:50] or "account"
    taken = db.scalar(select(accounts.c.name).where(accounts.c.folded == folded(own)))
    return f"{own}-{mark}" if taken is not None or folded(own) in _RESERVED else own


def _name(db: Connection, name: str) -> str:
    """Return the name of an account as it is kept; NotFoundError when there is none."""
    own = db.scalar(select(accounts.c.name).where(accounts.c.folded == folded(name)))
    if own is None:
        raise NotFoundError(f"there is no account {name}", "see the list of accounts")
    return str(own)


# ── rows ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def now() -> str:
    """Return the time, UTC, ISO 8601."""
    return _later()


def _later(**by: int) -> str:
    return (datetime.now(UTC) + timedelta(**by)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def narrowed(caller: Caller, study_id: str | None, role: Role | None) -> Caller:
    """Return a caller who may do no more than in this study and by this role.

    Examples
    --------
    >>> narrowed(Caller("li", {"*": "planner", "east": "admin"}), "east", "viewer").roles
    {'east': 'viewer'}
    >>> narrowed(Caller("li", {"*": "planner"}), "west", None).roles
    {'west': 'planner'}
    """
    roles = dict(caller.roles)
    if study_id is not None:
        own = caller.role(study_id)
        roles = {} if own is None else {study_id: own}
    if role is not None:
        roles = {study: ROLES[min(ROLES.index(own), ROLES.index(role))] for study, own in roles.items()}
    return Caller(caller.name, roles, caller.area)


def _caller(db: Connection, name: str) -> Caller | None:
    """Return what an account may do; None when it may not come in."""
    row = db.execute(select(accounts.c.role, accounts.c.active).where(accounts.c.name == name)).one_or_none()
    if row is None or not row.active:
        return None
    given = [_grant(each) for each in db.execute(select(grants).where(grants.c.account == name))]
    roles: dict[str, Role] = {each.study: each.role for each in given}
    if row.role is not None:
        roles[EVERY_STUDY] = row.role
    return Caller(name, roles, {each.study: each.area for each in given if each.area is not None})


def _grant(row: Any) -> Grant:  # noqa: ANN401 - a row
    area = None if row.area_collection is None else (row.area_collection, row.area_id)
    return Grant(row.study, row.role, area)


def _told(row: Any, given: tuple[Grant, ...]) -> Account:  # noqa: ANN401 - a row
    how = "password" if row.password is not None else "oidc" if row.subject is not None else ""
    return Account(row.name, row.role, row.active, how, row.created, given)


def _add(db: Connection, name: str, **values: str | None) -> None:
    db.execute(insert(accounts).values(name=name, folded=folded(name), active=True, created=now(), **values))


def _account(name: str) -> Any:  # noqa: ANN401 - an UPDATE
    return update(accounts).where(accounts.c.name == name)


def _note(db: Connection, by: str, action: str, account: str, *, study: str | None = None, note: str = "") -> None:
    db.execute(insert(audit).values(at=now(), by=by, action=action, account=account, study=study, note=note))


def _require_study(db: Connection, study_id: str) -> None:
    if db.scalar(select(studies.c.study).where(studies.c.study == study_id)) is None:
        raise NotFoundError(f"there is no study {study_id}", "see the list of studies")


def _admins(db: Connection) -> set[str]:
    """Return who keeps the accounts; whoever else would change that waits."""
    asked = select(accounts.c.name).where(accounts.c.role == "admin", accounts.c.active)
    return set(db.scalars(asked.order_by(accounts.c.name).with_for_update()))


def _nobody_left() -> InputError:
    return InputError(Fault("nobody would be left who keeps the accounts", "make somebody else an admin first"))


@dataclass
class _Trusted:
    """What was looked up of keys and sessions, for some seconds."""

    kept: dict[Any, tuple[Caller, float]] = field(default_factory=dict)
    turn: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, key: Any, ask: Callable[[], tuple[Caller, str] | None]) -> Caller | None:  # noqa: ANN401 - hashable
        there = self.kept.get(key)
        if there is not None and there[1] > time.monotonic():
            return there[0]
        turn = self.turn
        found = ask()
        if found is None:
            self.kept.pop(key, None)
            return None
        caller, expires = found
        left = (datetime.fromisoformat(expires) - datetime.now(UTC)).total_seconds()
        with self.lock:
            if turn == self.turn:  # nothing was changed while it was looked up
                if len(self.kept) >= _MOST_TRUSTED:
                    self.kept.clear()
                self.kept[key] = caller, time.monotonic() + min(_TRUSTED_S, left)
        return caller

    def known(self, key: Any) -> Caller | None:  # noqa: ANN401 - hashable
        """Return who it is where that is known without asking."""
        there = self.kept.get(key)
        return there[0] if there is not None and there[1] > time.monotonic() else None

    def forget(self) -> None:
        with self.lock:
            self.turn += 1
            self.kept = {}
