"""Routes: who asks, signing in and out, keys, accounts, and roles in a study. All but `/me` for a team alone."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, Depends, Form, Path, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from api.accounts.rights import Caller, Role
from api.deps import Admin, Language, base_url, caller_of, server_of
from api.errors import NotAllowedError, NotFoundError, TooManyError, UnauthenticatedError, WebError, status_of
from api.pages import page
from geo.errors import Fault, InputError
from layers.words import Lang

if TYPE_CHECKING:  # who serves files needs no accounts
    from api.accounts.accounts import Accounts
    from api.accounts.signing import SignIn

router = APIRouter(tags=["accounts"])

LOGIN = "/login"
HOME = "/studies"
_BACK = "/login/oidc/callback"
_PAGE: dict[int | str, dict[str, Any]] = {200: {"description": "A page", "content": {"text/html": {}}}}
_AWAY: dict[int | str, dict[str, Any]] = {303: {"description": "Go on there"}}

Name = Annotated[str, Path(description="the account", max_length=64)]
Prefix = Annotated[str, Path(description="the beginning of the key", max_length=40)]
Password = Annotated[str, Field(max_length=1_000)]


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Told(BaseModel):
    model_config = ConfigDict(extra="allow")


class AreaTold(_Asked):
    """Where edits must lie: in the feature `id` of a collection."""

    collection: Annotated[str, Field(max_length=200)]
    id: Annotated[str, Field(max_length=400)]


class Me(_Told):
    """Who asks, and what they may do."""

    name: str
    team: bool
    signed_in: bool
    roles: dict[str, str]
    areas: dict[str, AreaTold]


class NewPassword(_Asked):
    """Another password in place of one's own."""

    now: Password
    then: Password


class NewKey(_Asked):
    """What a new key is for; study and role narrow what may be done by it."""

    label: Annotated[str, Field(max_length=100)] = ""
    study: Annotated[str | None, Field(max_length=64)] = None
    role: Role | None = None
    days: Annotated[int, Field(ge=1, le=3 * 365)] = 365
    account: Annotated[str | None, Field(max_length=64, description="whose; by default one's own")] = None


class KeyTold(_Told):
    """What is kept of a key."""

    prefix: str
    account: str
    label: str
    study: str | None
    role: str | None
    created: str
    expires: str


class KeyMade(KeyTold):
    """A new key. It cannot be shown again."""

    key: str


class Keys(BaseModel):
    """Keys, newest last."""

    keys: list[KeyTold]


class NewAccount(_Asked):
    """Somebody new: with a password, or with issuer and subject of OpenID Connect, or with keys alone."""

    name: Annotated[str, Field(max_length=64)]
    password: Password | None = None
    role: Role | None = None
    issuer: Annotated[str | None, Field(max_length=500)] = None
    subject: Annotated[str | None, Field(max_length=500)] = None


class AccountChange(_Asked):
    """What is changed of an account; what is left out stays. The role `null` is none."""

    role: Role | None = None
    active: bool = True
    password: Password = ""


class AccountTold(_Told):
    """An account."""

    name: str
    role: str | None
    active: bool
    signs_in: str
    created: str
    grants: list[dict[str, Any]]


class AccountList(BaseModel):
    """Accounts, by name."""

    accounts: list[AccountTold]


class NewRole(_Asked):
    """A role in a study, for edits in an area of it or everywhere."""

    role: Role
    area: AreaTold | None = None


class RoleTold(_Told):
    """Somebody's role in a study; `everywhere` when it holds in every study."""

    account: str
    role: str
    everywhere: bool
    area: AreaTold | None


class Roles(BaseModel):
    """Who has which role in a study."""

    roles: list[RoleTold]


class AuditLog(BaseModel):
    """What was done to accounts, newest first."""

    entries: list[dict[str, Any]]


# ── what these routes ask for ────────────────────────────────────────────────────────────────────────────────────────
def _sign_in(request: Request) -> "SignIn":
    """Return what signs people in; NotFoundError where no accounts are kept."""
    server = server_of(request)
    if not server.settings.team:
        raise NotFoundError("this server keeps no accounts: it serves study files to this machine alone",
                            "serve a database for a team: shequ serve --database URL")  # fmt: skip
    from api.accounts.signing import SignIn  # noqa: PLC0415 - who serves files needs no accounts

    return server.part(SignIn)


def _known(request: Request) -> Caller:
    caller = caller_of(request)
    if caller is None or caller.name == "anonymous":
        raise UnauthenticatedError("nobody is signed in", "sign in, or send an API key")
    return caller


def _accounts(at: Annotated["SignIn", Depends(_sign_in)], caller: Annotated[Caller, Depends(_known)]) -> "Accounts":
    if not caller.may("*", "admin"):
        raise NotAllowedError(f"{caller.name} is no admin of the server", "ask one")
    return at.accounts


def _own(request: Request, caller: Annotated[Caller, Depends(_known)]) -> Caller:
    """Return who asks where they may change what is their own: a key that leaked makes no further keys."""
    if not getattr(request.state, "signed_in", False) and not caller.may("*", "admin"):
        raise NotAllowedError("this is not done by an API key", f"sign in: {base_url(request)}{LOGIN}")
    return caller


SigningIn = Annotated[Any, Depends(_sign_in)]
Keeping = Annotated[Any, Depends(_accounts)]
Known = Annotated[Caller, Depends(_known)]
Own = Annotated[Caller, Depends(_own)]


# ── who asks ─────────────────────────────────────────────────────────────────────────────────────────────────────────
@router.get("/me", response_model=Me)
def who_am_i(request: Request) -> Response:
    """Return who asks, and their roles by study (`*` is every study)."""
    caller = caller_of(request)
    if caller is None:
        raise UnauthenticatedError("nobody is signed in", "sign in, or send an API key")
    areas = {study: {"collection": area[0], "id": area[1]} for study, area in caller.area.items()}
    told = {"name": caller.name, "team": server_of(request).settings.team,
            "signed_in": bool(getattr(request.state, "signed_in", False)), "roles": dict(caller.roles),
            "areas": areas}  # fmt: skip
    return JSONResponse(told, headers={"cache-control": "no-store"})


@router.post("/me/password", status_code=204)
def change_password(request: Request, at: SigningIn, caller: Own, asked: NewPassword) -> Response:
    """Change one's own password; whoever else is signed in by the old one is no longer."""
    at.require_password(caller.name, asked.now, address=_from(request))
    at.accounts.change(caller.name, by=caller.name, password=asked.then)
    answer = Response(status_code=204)
    at.cookies.give_token(answer, at.accounts.begin_session(caller.name, how="new password", ends=None))
    return answer


# ── signing in and out ───────────────────────────────────────────────────────────────────────────────────────────────
@router.get("/login", response_class=HTMLResponse, responses=_PAGE)
def login_page(
    request: Request, at: SigningIn, lang: Language,
    then: Annotated[str, Query(alias="next", max_length=2_000, description="where to go from here")] = HOME,
) -> Response:  # fmt: skip
    """Return the page on which people sign in."""
    return _login_page(request, at, lang, then)


@router.post("/login", responses=_AWAY | _PAGE)
def login(  # noqa: PLR0917 - FastAPI gives them by name
    request: Request, at: SigningIn, lang: Language, name: Annotated[str, Form(max_length=200)],
    password: Annotated[str, Form(max_length=1_000)], then: Annotated[str, Form(alias="next", max_length=2_000)] = HOME,
) -> Response:  # fmt: skip
    """Sign in by name and password, as the page's form does; goes on to `next`."""
    ends = at.cookies.token(request.headers.get("cookie", ""))
    try:
        own = at.require_password(name, password, address=_from(request))
    except (NotAllowedError, TooManyError) as error:
        return _login_page(request, at, lang, then, error=error, name=name)
    return _come_in(request, at, at.accounts.begin_session(own, how="password", ends=ends), then)


@router.post("/logout", status_code=303, responses=_AWAY)
def logout(request: Request, at: SigningIn) -> Response:
    """Sign out, here and for good: the cookie is worth nothing any more."""
    token = at.cookies.token(request.headers.get("cookie", ""))
    if token is not None:
        at.accounts.end_session(token)
    answer = RedirectResponse(_root(request) + LOGIN, 303)
    at.cookies.take_token(answer)
    return answer


@router.get("/login/oidc", status_code=303, responses=_AWAY)
def leave_to_provider(
    request: Request, at: SigningIn, then: Annotated[str, Query(alias="next", max_length=2_000)] = HOME
) -> Response:
    """Go to the sign-in page of the OpenID Connect provider."""
    address, kept = _provider(at).leave(base_url(request) + _BACK)
    answer = RedirectResponse(address, 303)
    at.cookies.keep_way(answer, kept | {"next": local(then)})
    return answer


@router.get(_BACK, status_code=303, responses=_AWAY | _PAGE)
def come_from_provider(request: Request, at: SigningIn, lang: Language) -> Response:
    """Sign in who comes back from the provider."""
    header = request.headers.get("cookie", "")
    kept: Mapping[str, str] = at.cookies.given_way(header) or {}
    try:
        who = _provider(at).arrive(base_url(request) + _BACK, kept, dict(request.query_params))
        name = at.accounts.by_identity(who.issuer, who.subject, who.name)
    except WebError as error:
        answer = _login_page(request, at, lang, kept.get("next", HOME), error=error)
    else:
        token = at.accounts.begin_session(name, how=f"through {who.issuer}", ends=at.cookies.token(header))
        answer = _come_in(request, at, token, kept["next"])
    at.cookies.take_way(answer)
    return answer


def local(address: str) -> str:
    r"""Return where to go after signing in: nowhere but to a page of this server.

    Examples
    --------
    >>> local("/studies/town/map?lang=en"), local("//evil.example"), local("https://evil.example"), local("/\\evil")
    ('/studies/town/map?lang=en', '/studies', '/studies', '/studies')
    """
    printed = address.isascii() and address.isprintable() and "\\" not in address
    return address if printed and address.startswith("/") and not address.startswith("//") else HOME


def _provider(at: Any) -> Any:  # noqa: ANN401 - SignIn and its provider, imported late
    if at.provider is None:
        raise NotFoundError("people sign in by password here", f"see {LOGIN}")
    return at.provider


def _from(request: Request) -> str:
    return request.client.host if request.client else "local"


def _root(request: Request) -> str:
    """Return the path under which a proxy shows this server; empty where it shows nothing else."""
    return urlsplit(server_of(request).settings.public_url).path.rstrip("/")


def _come_in(request: Request, at: Any, token: str, then: str) -> Response:  # noqa: ANN401 - as above
    answer = RedirectResponse(_root(request) + local(then), 303)
    answer.headers["cache-control"] = "no-store"
    at.cookies.give_token(answer, token)
    return answer


def _login_page(
    request: Request, at: Any, lang: Lang, then: str, *, error: WebError | None = None, name: str = ""  # noqa: ANN401
) -> Response:  # fmt: skip
    made = page("login.html", lang, {
        "title": "登录" if lang == "zh" else "Sign in", "crumbs": [], "root": _root(request),
        "here": f"{_root(request)}{LOGIN}?next={quote(local(then))}", "next": local(then), "name": name,
        "provider": at.provider.name if at.provider else "", "who": caller_of(request), "status": _status(error),
        "wait": error.headers.get("Retry-After", "") if error else "", "why": error.fault.what if error else "",
    })  # fmt: skip
    headers = {"cache-control": "no-store"} | (error.headers if error else {})
    return HTMLResponse(made, _status(error), headers)


def _status(error: WebError | None) -> int:
    return status_of(error) if error is not None else 200


# ── keys ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
@router.get("/keys", response_model=Keys)
def list_keys(
    at: SigningIn, caller: Known, account: Annotated[str | None, Query(max_length=64, description="whose")] = None
) -> Response:
    """Return one's own keys; an admin of the server may ask for those of others."""
    return JSONResponse({"keys": [asdict(key) for key in at.accounts.keys(_whose(caller, account))]})


@router.post("/keys", status_code=201, response_model=KeyMade)
def make_key(at: SigningIn, caller: Own, asked: NewKey) -> Response:
    """Make a key for programs, as QGIS: it is shown this once."""
    kept, key = at.accounts.add_key(
        _whose(caller, asked.account), by=caller.name, label=asked.label, study=asked.study, role=asked.role,
        days=asked.days,
    )  # fmt: skip
    return JSONResponse(asdict(kept) | {"key": key}, 201, {"cache-control": "no-store"})


@router.delete("/keys/{prefix}", status_code=204)
def revoke_key(at: SigningIn, caller: Own, prefix: Prefix) -> Response:
    """Revoke a key."""
    at.accounts.remove_key(prefix, by=caller.name, of=None if caller.may("*", "admin") else caller.name)
    return Response(status_code=204)


def _whose(caller: Caller, account: str | None) -> str:
    if account is not None and account != caller.name and not caller.may("*", "admin"):
        raise NotAllowedError(f"{caller.name} is no admin of the server", "ask one")
    return account or caller.name


# ── accounts ─────────────────────────────────────────────────────────────────────────────────────────────────────────
@router.get("/accounts", response_model=AccountList)
def list_accounts(kept: Keeping) -> Response:
    """Return every account."""
    return JSONResponse({"accounts": [asdict(each) for each in kept.all()]})


@router.post("/accounts", status_code=201, response_model=AccountTold)
def add_account(request: Request, kept: Keeping, caller: Known, asked: NewAccount) -> Response:
    """Add an account."""
    if (asked.issuer is None) != (asked.subject is None):
        raise InputError(Fault("an identity is issuer and subject", "send both, or none"))
    identity = (asked.issuer, asked.subject) if asked.subject is not None else None
    made = kept.add(asked.name, by=caller.name, password=asked.password, role=asked.role, identity=identity)
    return JSONResponse(asdict(made), 201, {"location": f"{base_url(request)}/accounts/{made.name}"}
                        if made.name.isascii() else None)  # fmt: skip


@router.get("/accounts/{name}", response_model=AccountTold)
def get_account(kept: Keeping, name: Name) -> Response:
    """Return an account."""
    return JSONResponse(asdict(kept.get(name)))


@router.patch("/accounts/{name}", response_model=AccountTold)
def change_account(kept: Keeping, caller: Known, name: Name, asked: AccountChange) -> Response:
    """Change an account's role in every study, its password, or whether it may come in."""
    return JSONResponse(asdict(kept.change(name, by=caller.name, **asked.model_dump(exclude_unset=True))))


@router.delete("/accounts/{name}", status_code=204)
def remove_account(kept: Keeping, caller: Known, name: Name) -> Response:
    """Delete an account; what it did stays in the logs."""
    kept.remove(name, by=caller.name)
    return Response(status_code=204)


@router.get("/accounts-log", response_model=AuditLog)
def accounts_log(
    kept: Keeping,
    before: Annotated[int | None, Query(ge=1, le=2**53, description="below this number")] = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> Response:
    """Return what was done to accounts, roles and keys, and who signed in."""
    return JSONResponse({"entries": [asdict(each) for each in kept.log(before=before, limit=limit)]})


# ── roles in a study ─────────────────────────────────────────────────────────────────────────────────────────────────
@router.get("/studies/{study_id}/roles", response_model=Roles)
def list_roles(at: Admin, team: SigningIn) -> Response:
    """Return who has which role in the study."""
    told = [
        {"account": name, "role": grant.role, "everywhere": grant.study == "*", "area": _area(grant.area)}
        for name, grant in team.accounts.members(at.study_id)
    ]
    return JSONResponse({"roles": told})


@router.put("/studies/{study_id}/roles/{name}", response_model=RoleTold)
def grant_role(at: Admin, team: SigningIn, name: Name, asked: NewRole) -> Response:
    """Give somebody a role in the study, in place of the one they have there."""
    area = None
    if asked.area is not None:
        area = asked.area.collection, asked.area.id
        there = at.store.collections()
        if area[0] not in there or not at.store.rows(area[0], ids=[area[1]]).num_rows:
            raise InputError(Fault(f"there is no area {area[1]} in {area[0]}", "name a feature of the study",
                                   table=area[0], ids=(area[1],)))  # fmt: skip
    if not at.caller.may("*", "admin") and team.accounts.get(name).role == "admin":
        raise NotAllowedError(f"{name} is an admin of the server, and not given a role by admins of one study",
                              "ask an admin of the server")  # fmt: skip
    team.accounts.grant(name, at.study_id, asked.role, by=at.caller.name, area=area)
    return JSONResponse({"account": name, "role": asked.role, "everywhere": False, "area": _area(area)})


@router.delete("/studies/{study_id}/roles/{name}", status_code=204)
def revoke_role(at: Admin, team: SigningIn, name: Name) -> Response:
    """Take away somebody's role in the study."""
    team.accounts.revoke(name, at.study_id, by=at.caller.name)
    return Response(status_code=204)


def _area(area: tuple[str, str] | None) -> dict[str, str] | None:
    return None if area is None else {"collection": area[0], "id": area[1]}
