"""Random edits, drops and undoings against a plain dict that keeps every state: now, and as of any time."""

import shutil
import tempfile
from pathlib import Path

import pyarrow as pa
import pytest
import shapely
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from api.errors import NotFoundError, OutOfDateError
from api.storage.embedded import EmbeddedStorage
from api.storage.records import Collection, CollectionWrite, DocumentWrite, FeatureWrite
from geo.contracts import Column
from geo.errors import InputError

IDS = st.sampled_from(["a", "b", "c", "é", "中"])
VALUES = st.one_of(st.none(), st.integers(-5, 5))
PLAIN, SAID = Column("n", "count", ""), Column("said", "text", "")
SHAPES = st.builds(lambda x, y: shapely.Point(x, y).wkb, st.integers(0, 3), st.integers(0, 3))
ROWS = st.dictionaries(IDS, st.tuples(VALUES, st.sampled_from([None, "x", "文"]), SHAPES), max_size=4)
NAME = "gaps.g.homes"

State = dict[str, tuple[int | None, str | None, bytes]]


def collection(*, more: bool) -> Collection:
    return Collection(NAME, "Point", (PLAIN, SAID) if more else (PLAIN,), "home", "gaps", "g")


def write(rows: State, *, more: bool) -> CollectionWrite:
    ids = list(rows)
    data = {"id": ids, "geometry": [rows[i][2] for i in ids], "n": [rows[i][0] for i in ids]}
    kinds = {"id": pa.string(), "geometry": pa.binary(), "n": pa.int64()}
    if more:
        data["said"], kinds["said"] = [rows[i][1] for i in ids], pa.string()
    return CollectionWrite(collection(more=more), pa.table(data, pa.schema(kinds)))


class Histories(RuleBasedStateMachine):
    """A collection and a document, edited at random."""

    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        path = Path(self.folder.name) / "town.gpkg"
        shutil.copy(self.template, path)
        self.storage = EmbeddedStorage({"town": path})
        self.store = self.storage.open("town")
        self.states: dict[int, tuple[State | None, bool, object]] = {self.store.head(): (None, False, None)}

    def teardown(self) -> None:
        self.storage.close()
        self.folder.cleanup()

    @property
    def now(self) -> tuple[State | None, bool, object]:
        return self.states[max(self.states)]

    def done(self, tx: int, rows: State | None, more: bool, said: object) -> None:
        assert tx == max(self.states) + 1
        self.states[tx] = (rows, more, said)

    @initialize(rows=ROWS)
    def begin(self, rows: State) -> None:
        self.put(rows, more=False)

    @rule(rows=ROWS, more=st.booleans())
    def put(self, rows: State, more: bool) -> None:
        made = self.store.commit([write(rows, more=more)], by="a", action="put")
        rows = {i: (n, said if more else None, shape) for i, (n, said, shape) in rows.items()}
        self.done(made.tx, rows, more, self.now[2])

    @precondition(lambda self: self.now[0] is not None)
    @rule()
    def drop(self) -> None:
        made = self.store.commit([CollectionWrite(collection(more=self.now[1]), None)], by="a", action="drop")
        self.done(made.tx, None, self.now[1], self.now[2])

    @precondition(lambda self: self.now[0] is not None)
    @rule(id_=IDS, n=VALUES, shape=SHAPES, op=st.sampled_from(["create", "replace", "delete"]))
    def edit(self, id_: str, n: int | None, shape: bytes, op: str) -> None:
        rows, more, said = self.now
        fits = (id_ in rows) != (op == "create")
        one = FeatureWrite(NAME, id_, op, {"n": n}, shape)
        if not fits:
            with pytest.raises(OutOfDateError):
                self.store.commit([one], by="a", action=op)
            return
        made = self.store.commit([one], by="a", action=op)
        after = dict(rows)
        after.pop(id_, None)
        if op != "delete":
            after[id_] = (n, None, shape)
        self.done(made.tx, after, more, said)

    @rule(body=st.one_of(st.none(), st.dictionaries(st.sampled_from(["a", "b"]), st.integers(0, 3))))
    def say(self, body: object) -> None:
        made = self.store.commit([DocumentWrite("view", "v", body)], by="a", action="say")
        self.done(made.tx, self.now[0], self.now[1], body)

    @rule(data=st.data())
    def undo(self, data: st.DataObject) -> None:
        """The last transaction can always be taken back, unless it changed nothing; earlier ones, or are refused."""
        head = max(self.states)
        tx = data.draw(st.integers(2, head)) if head > 1 else 1
        before = self.states[tx - 1] if tx > 1 else None
        try:
            made = self.store.undo(tx, by="a")
        except InputError:
            assert before is None or before == self.states[tx]
            return
        except OutOfDateError:
            assert tx < head, "the last one can always be taken back"
            return
        if tx == head:
            self.done(made.tx, *before)
        else:  # what is there now must be the present with that one step taken back
            rows = self.rows()
            was, became, now = before[0] or {}, self.states[tx][0] or {}, self.now[0] or {}
            for id_ in {*was, *became, *now}:
                if was.get(id_) != became.get(id_):
                    assert (rows or {}).get(id_) == was.get(id_), id_
                else:
                    assert (rows or {}).get(id_) == now.get(id_), id_
            body = before[2] if before[2] != self.states[tx][2] else self.now[2]
            there = NAME in self.store.collections()
            more = len(self.store.collections()[NAME].columns) == 2 if there else self.now[1]
            self.done(made.tx, rows, more, body)

    def rows(self, as_of: int | None = None) -> State | None:
        try:
            found = self.store.rows(NAME, as_of=as_of).to_pylist()
        except NotFoundError:
            return None
        return {row["id"]: (row["n"], row.get("said"), row["geometry"]) for row in found}

    @invariant()
    def what_is_there_is_what_was_written(self) -> None:
        rows, _, said = self.now
        assert self.store.head() == max(self.states)
        assert self.rows() == rows
        found = self.store.document("view", "v")
        assert (found.body if found else None) == said

    @invariant()
    def every_earlier_state_can_still_be_read(self) -> None:
        for tx, (rows, more, said) in list(self.states.items())[-3:]:
            assert self.rows(as_of=tx) == rows, tx
            if rows is not None:
                assert ("said" in self.store.rows(NAME, as_of=tx).column_names) == more
            found = self.store.document("view", "v", as_of=tx)
            assert (found.body if found else None) == said

    @invariant()
    def changes_lead_from_each_state_to_the_next(self) -> None:
        head = max(self.states)
        (before, _, _), (after, _, _) = self.states.get(head - 1, (None, False, None)), self.states[head]
        changed = {change.id: change.op for change in self.store.changes(head - 1, NAME)}
        for id_ in {*(before or {}), *(after or {})}:
            was, came = (before or {}).get(id_), (after or {}).get(id_)
            if was != came:
                assert changed.get(id_) == ("create" if was is None else "delete" if came is None else "replace"), id_
            elif before is not None and after is not None:
                assert id_ not in changed

    @invariant()
    def versions_are_numbered_without_gaps(self) -> None:
        for id_ in ("a", "中"):
            told = [version.version for version in self.store.history(NAME, id_)]
            assert told == list(range(1, len(told) + 1))


def test_histories_are_kept(town_file: Path) -> None:
    machine = type("Machine", (Histories,), {"template": town_file})
    run_state_machine_as_test(machine, settings=settings(
        max_examples=6, stateful_step_count=10, deadline=None, suppress_health_check=list(HealthCheck)))  # fmt: skip
