"""What a study shows to everybody: its base tables, and of plans those that are published.

`may_see` is the rule. `PublicStudy` is a study under that rule: whoever reads through it finds no trace of the rest, as
if it were not there. `api.deps` and the doors hand it to callers who are `public`; everybody else reads the study
itself. What keeps things for all callers (snapshots, tiles, plans on the table) asks the view whether something may be
seen, and keeps what it read of the `whole`.
"""

from collections.abc import Collection as Some
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pyarrow as pa
from pyproj import CRS

from api.accounts.rights import Caller
from api.errors import NotAllowedError, NotFoundError
from api.server import Server
from api.storage import StudyStore
from api.storage.records import Change, Collection, Document, Transaction, Version, Write

if TYPE_CHECKING:
    from api.storage.plans import PlanRecord
    from geo.raster import Raster
    from geo.study import Study

NOT_PUBLIC = frozenset({"findings", "finding_history", "observations", "farmhouses"})
"""The study's own tables that are for people with a role: what surveyors saw, and the state and titles of homes."""

PLAN, BASE, RESULT = "plan", "plan_base", "result"
"""Kinds of documents, as `api.storage.plans` has them, which loads the models of a plan; the start need not."""

_PUBLISHED = "plan published"
"""What the log calls a publication."""


def may_see(caller: Caller, collection: Collection, published: Some[str]) -> bool:
    """Tell whether a caller who may look at the study may look at one of its collections.

    Parameters
    ----------
    caller
    collection
    published
        Ids of the plans that are published.

    Notes
    -----
    People with a role see all of them. The public sees the study's own tables but `NOT_PUBLIC`, and the layers of
    published plans; of what jobs found (gaps, sites, examinations, programmes, villages) nothing.
    """
    if not caller.public:
        return True
    if collection.source == "study":
        return collection.id not in NOT_PUBLIC
    return collection.source == "plan" and collection.result_id in published


def seen_by(server: Server, caller: Caller, store: StudyStore) -> StudyStore:
    """Return a study as a caller may see it."""
    if not caller.public:
        return store
    return server.part_or_new(_Views).of(store, caller)


def whole(store: StudyStore) -> StudyStore:
    """Return the study behind what a caller sees, for what is kept for all callers."""
    return store.behind if isinstance(store, PublicStudy) else store


def require_seen(store: StudyStore, collection: str, as_of: int | None = None) -> None:
    """Refuse a collection that is not shown (as it was after transaction `as_of`), as if it were not there.

    Raises
    ------
    NotFoundError
    """
    if isinstance(store, PublicStudy):
        store.require(collection, as_of)


def public_record(record: "PlanRecord") -> "PlanRecord":
    """Return what the public is told of a published plan: no drafts, names of people, or remarks on its way."""
    turns = [turn.model_copy(update={"by": "", "note": ""}) for turn in record.turns if turn.to == "published"]
    return record.model_copy(update={"steps": (), "cursor": 0, "by": "", "job": "", "branch_of": None,
                                     "turns": tuple(turns[-1:])})  # fmt: skip


class _Views:
    """The views of a server's studies. A part of the server."""

    def __init__(self) -> None:
        self._views: dict[str, PublicStudy] = {}

    def of(self, store: StudyStore, caller: Caller) -> "PublicStudy":
        view = self._views.get(store.study_id)
        if view is None or view.behind is not store:
            view = self._views[store.study_id] = PublicStudy(store, caller)
        return view


class PublicStudy:
    """A `StudyStore` as the public sees it: to read, and never more than `may_see` shows.

    What it does not know of it hides: a kind of document, a file, a source of collections that comes later is not seen
    until it is let through here.
    """

    def __init__(self, behind: StudyStore, caller: Caller) -> None:
        self.behind = behind
        self.study_id = behind.study_id
        self._caller = caller
        self._published: tuple[int, frozenset[str]] = (-1, frozenset())

    # ── the rule ──
    def published(self) -> frozenset[str]:
        """Return the ids of the plans that are published now."""
        head = self.behind.head()
        known = self._published
        if known[0] != head:
            found = frozenset(each.id for each in self.behind.documents(PLAN) if _is_published(each))
            known = self._published = (head, found)
        return known[1]

    def require(self, collection: str, as_of: int | None = None) -> None:
        """Refuse a collection that is not shown: a plan is not shown as it was before it was published."""
        found = self.collections().get(collection)
        if found is None or not self._then(found.result_id, as_of):
            raise NotFoundError(f"there is no collection {collection}", "see the list of collections")

    def _then(self, plan_id: str, as_of: int | None) -> bool:
        """Tell whether a published plan (empty: none at all) was published after a transaction, too."""
        if not plan_id or as_of is None:
            return True
        then = self.behind.document(PLAN, plan_id, as_of=as_of)
        return then is not None and _is_published(then)

    def _since(self, plan_id: str) -> int:
        """Return the transaction since which a published plan is published."""
        there = self.behind.document(PLAN, plan_id)
        tx = 0
        while there is not None and _is_published(there):
            tx = there.tx
            there = self.behind.document(PLAN, plan_id, as_of=tx - 1) if tx > 1 else None
        return tx

    # ── reading ──
    @property
    def name(self) -> str:
        """The name of the town."""
        return self.behind.name

    @property
    def name_en(self) -> str:
        """The name in English or Latin letters; may be empty."""
        return self.behind.name_en

    @property
    def crs(self) -> CRS:
        """The coordinate reference system of the study, in metres."""
        return self.behind.crs

    def head(self) -> int:
        """Return the number of the last transaction."""
        return self.behind.head()

    def collections(self) -> Mapping[str, Collection]:
        """Return the collections that are shown."""
        published = self.published()
        return {name: each for name, each in self.behind.collections().items()
                if may_see(self._caller, each, published)}  # fmt: skip

    def rows(self, collection: str, *, as_of: int | None = None, ids: Sequence[str] | None = None) -> pa.Table:
        """Return a shown collection's rows."""
        self.require(collection, as_of)
        return self.behind.rows(collection, as_of=as_of, ids=ids)

    def changes(self, since: int, collection: str | None = None) -> list[Change]:
        """Return what was changed in shown collections; in a plan only what came after its publication."""
        shown = self.collections()
        if collection is not None and collection not in shown:
            return []
        first = {each.result_id: self._since(each.result_id) for each in shown.values() if each.result_id}
        return [each for each in self.behind.changes(since, collection)
                if each.collection in shown and each.tx >= first.get(shown[each.collection].result_id, 0)]  # fmt: skip

    def transactions(
        self, *, before: int | None = None, limit: int = 100, collection: str | None = None, by: str | None = None
    ) -> list[Transaction]:
        """Return the log without names and remarks: when which shown collections changed, and plans were published."""
        shown = self.collections()
        if by is not None or (collection is not None and collection not in shown):
            return []
        found = self.behind.transactions(before=before, limit=limit, collection=collection)
        return [self._told(each, shown) for each in found]

    def _told(self, made: Transaction, shown: Mapping[str, Collection]) -> Transaction:
        counts = {name: count for name, count in made.counts.items()
                  if name in shown or (name == f"document:{RESULT}" and made.action == _PUBLISHED)}  # fmt: skip
        return replace(made, by="", note="", action=made.action if counts else "", undoes=None, counts=counts)

    def history(self, collection: str, feature_id: str) -> list[Version]:
        """Return the versions of a feature; of a plan's those that stood since it was published."""
        found = self.collections().get(collection)
        if found is None:
            return []
        told = self.behind.history(collection, feature_id)
        if not found.result_id:
            return told
        since = self._since(found.result_id)
        then = [each for each in told if each.tx <= since][-1:]
        return [*(each for each in then if each.op != "delete"), *(each for each in told if each.tx > since)]

    def document(self, kind: str, document_id: str, *, as_of: int | None = None) -> Document | None:
        """Return a document of a published plan; None for every other."""
        plan_id = document_id.removeprefix("plan.") if kind == RESULT else document_id
        if not self._is_shown(kind, document_id) or not self._then(plan_id, as_of):
            return None
        return _nameless(self.behind.document(kind, document_id, as_of=as_of))

    def documents(self, kind: str) -> list[Document]:
        """Return the documents of a kind that belong to published plans."""
        found = [each for each in self.behind.documents(kind) if self._is_shown(kind, each.id)]
        return [each for one in found if (each := _nameless(one)) is not None]

    def _is_shown(self, kind: str, document_id: str) -> bool:
        if kind == RESULT:
            return document_id.startswith("plan.") and document_id.removeprefix("plan.") in self.published()
        return kind in (PLAN, BASE) and document_id in self.published()

    def file(self, key: str) -> tuple[str, bytes] | None:  # noqa: ARG002 - files of jobs, photos and uploads
        """Return nothing: files are for people with a role."""
        return None

    def files(self, prefix: str = "") -> Mapping[str, tuple[str, int]]:  # noqa: ARG002 - as above
        """Return nothing: files are for people with a role."""
        return {}

    def study(self) -> "Study":
        """Refuse: the tables of a study as they are hold figures of single households."""
        _refuse()

    def rasters(self) -> Mapping[str, "Raster"]:
        """Return the study's rasters by name."""
        return self.behind.rasters()

    # ── writing and keeping: never ──
    def commit(self, writes: Sequence[Write], **told: Any) -> Transaction:  # noqa: ANN401, ARG002 - as in `StudyStore`
        """Refuse."""
        _refuse()

    def undo(self, tx: int, *, by: str) -> Transaction:  # noqa: ARG002 - see above
        """Refuse."""
        _refuse()

    def put_study(self, study: "Study", **told: Any) -> Transaction:  # noqa: ANN401, ARG002 - see above
        """Refuse."""
        _refuse()

    def backup(self, path: Path) -> None:  # noqa: ARG002 - see above
        """Refuse."""
        _refuse()

    def close(self) -> None:
        """Do nothing: the study is open for others."""


def _is_published(document: Document) -> bool:
    return document.body.get("state") == "published"


def _nameless(document: Document | None) -> Document | None:
    """Return the document of a result without who made it, by which job."""
    if document is None or document.kind != RESULT:
        return document
    body: dict[str, Any] = {name: value for name, value in document.body.items() if name not in ("by", "job")}
    return replace(document, body=body)


def _refuse() -> NoReturn:
    raise NotAllowedError("this needs a role in the study", "sign in, or send an API key")
