"""What a route may ask for, named once: this server, this study if this caller may, the language."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Path, Query, Request

from api.accounts.public import seen_by
from api.accounts.rights import ANONYMOUS, OWNER, Caller, Role
from api.errors import NotAllowedError, NotFoundError, UnauthenticatedError
from api.pages import language_of
from api.server import Server
from api.storage import StudyStore
from layers.words import Lang


def server_of(request: Request) -> Server:
    """Return the running server."""
    server: Server = request.app.state.server
    return server


def caller_of(request: Request) -> Caller | None:
    """Return who asks: everybody is the owner where no accounts are kept; None when nobody said who they are."""
    caller: Caller | None = getattr(request.state, "caller", OWNER)
    return caller


@dataclass(frozen=True)
class Here:
    """One study as one caller sees it."""

    server: Server
    store: StudyStore
    caller: Caller
    base: str
    """Address of the study's landing page, without a slash at its end."""

    @property
    def study_id(self) -> str:
        """The id of the study."""
        return self.store.study_id


def base_url(request: Request) -> str:
    """Return the address of this server as clients see it, without a slash at its end."""
    public: str = server_of(request).settings.public_url
    return public.rstrip("/") or str(request.base_url).rstrip("/")


def here(
    request: Request,
    study_id: Annotated[str, Path(description="the study", max_length=64, pattern="^[A-Za-z0-9_-]+$")],
) -> Here:
    """Return the study; a caller who may not look at it is told the same as if it were not there."""
    server, caller = server_of(request), caller_of(request)
    if caller is None:
        raise UnauthenticatedError("nobody is signed in", "sign in, or send an API key")
    if not caller.may(study_id, "viewer"):
        if not server.settings.anonymous_viewers:
            raise NotFoundError(f"there is no study {study_id}", f"see {base_url(request)}/studies")
        caller = ANONYMOUS  # signing in takes nothing away from who has no role here
    store = seen_by(server, caller, server.storage.open(study_id))
    return Here(server, store, caller, f"{base_url(request)}/studies/{study_id}")


def require(at: Here, role: Role) -> Here:
    """Return `at` when its caller has at least this role; NotAllowedError otherwise."""
    if not at.caller.may(at.study_id, role):
        own = at.caller.role(at.study_id)
        raise NotAllowedError(f"this needs the role {role}; {at.caller.name} is {own}", "ask an admin of the study")
    return at


def _require_whole(request: Request, at: Here) -> Here:
    """Refuse to let somebody who works in an area write what is not one feature: plans, jobs, roles."""
    area = at.caller.area.get(at.study_id)
    if area is not None and request.method not in {"GET", "HEAD", "OPTIONS"}:
        raise NotAllowedError(f"{at.caller.name} edits in {area[0]} {area[1]} only, and this is of the whole study",
                              "ask somebody whose role holds in all of it")  # fmt: skip
    return at


def _surveyor(at: Annotated[Here, Depends(here)]) -> Here:
    return require(at, "surveyor")


def _planner(request: Request, at: Annotated[Here, Depends(here)]) -> Here:
    return _require_whole(request, require(at, "planner"))


def _plan_editor(at: Annotated[Here, Depends(here)]) -> Here:
    return require(at, "planner")


def _approver(request: Request, at: Annotated[Here, Depends(here)]) -> Here:
    return _require_whole(request, require(at, "approver"))


def _admin(request: Request, at: Annotated[Here, Depends(here)]) -> Here:
    return _require_whole(request, require(at, "admin"))


Viewer = Annotated[Here, Depends(here)]
Surveyor = Annotated[Here, Depends(_surveyor)]
Planner = Annotated[Here, Depends(_planner)]
PlanEditor = Annotated[Here, Depends(_plan_editor)]
"""A planner, also one who works in an area: what a step may change there is looked at when it is made."""
Approver = Annotated[Here, Depends(_approver)]
Admin = Annotated[Here, Depends(_admin)]


def language(
    request: Request, lang: Annotated[Lang | None, Query(description="language of titles and pages")] = None
) -> Lang:
    """Return the language asked for: `lang`, else what the client accepts, else Chinese."""
    if lang is not None:
        return lang
    return language_of(request.headers.get("accept-language"))


Language = Annotated[Lang, Depends(language)]
