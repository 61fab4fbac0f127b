"""What is redrawn after an edit is what an explanation of the whole plan draws; edits that do not touch commute."""

import itertools
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from api.editing.merging import touched
from api.editing.redrawing import Layers, parcels, redrawn, sheet_of
from api.operations.drafts import do_step
from api.operations.plan_results import layer_writes
from api.operations.plans import explained
from api.storage.plans import FRAMES, PlanRecord
from api.storage.records import Collection, CollectionWrite
from geo.errors import ShequError
from geo.partition.edits import Draft, open_draft
from geo.partition.steps import Merge, Move, Split, Step
from tests.api.editing.conftest import small_plan
from tests.api.served import small_study

BLOCKS = [f"B{i:04}" for i in range(1, 17)]
QUARTERS = ["SQ01", "SQ02", "SQ03", "SQ04", "N01"]

TOLD_LATER = {
    "bounds_to_zh", "bounds_of_zh", "bounds_to_en", "bounds_of_en", "bounds_agreement", "note_zh", "note_en",
    "text_zh", "text_en", "bounds_zh", "bounds_en", "place_zh", "place_en", "name", "name_en", "name_source",
    "name_proposed", "colour", "from_name", "to_name", "kind",
}  # fmt: skip
"""What only an explanation says; the kind of a mixture too."""

STEPS = st.one_of(
    st.builds(Move, blocks=st.lists(st.sampled_from(BLOCKS), min_size=1, max_size=4, unique=True).map(tuple),
              to=st.sampled_from([*QUARTERS, None])),
    st.builds(Merge, a=st.sampled_from(QUARTERS), b=st.sampled_from(QUARTERS)),
    st.builds(Split, community=st.sampled_from(QUARTERS), parts=st.just(2)),
)  # fmt: skip


class Kept(Layers):
    """The layers of a plan in memory, without a store."""

    def __init__(self, rows: dict[str, dict[str, Any]], collections: dict[str, Collection]) -> None:
        self._rows = rows
        self._collections = collections

    def collection(self, frame: str) -> Collection:
        return self._collections[frame]

    def after(self, writes: Any) -> "Kept":
        made = {frame: dict(kept) for frame, kept in self._rows.items()}
        for write in writes:
            frame = write.collection.rsplit(".", 1)[-1]
            if write.op == "delete":
                del made[frame][write.id]
            else:
                assert (write.id in made[frame]) == (write.op == "replace")
                made[frame][write.id] = {**write.properties, "id": write.id, "geometry": write.geometry}
        return Kept(made, self._collections)


def opened() -> Draft:
    study = small_study()
    return open_draft(small_plan(), study["blocks"], study["seams"], study["communities"])


def explained_layers(draft: Draft) -> Kept:
    planned = explained(small_study(), draft.plan)
    writes = [w for w in layer_writes(planned, "p", PlanRecord(digest="")) if isinstance(w, CollectionWrite)]
    rows = {w.collection.frame: {row["id"]: row for row in w.rows.to_pylist()} for w in writes if w.rows is not None}
    return Kept(rows, {w.collection.frame: w.collection for w in writes})


def done(draft: Draft, steps: list[Step]) -> list[Draft]:
    """The states after each step that can be done."""
    states = [draft]
    for step in steps:
        try:
            states.append(do_step(states[-1], step)[0])
        except ShequError:
            continue
    return states


@settings(max_examples=8, deadline=None)
@given(st.lists(STEPS, min_size=1, max_size=4))
def test_what_is_redrawn_is_what_an_explanation_draws(steps: list[Step]) -> None:
    study = small_study()
    states = done(opened(), steps)
    sheet = sheet_of(states[0], study["blocks"], study["seams"], study["buildings"], study["estates"])
    layers = explained_layers(states[0])
    for was, now in itertools.pairwise(states):
        layers = layers.after(redrawn("p", sheet, layers, was.state, now.state))
    wanted = explained_layers(states[-1])
    for frame in FRAMES:
        mine, theirs = layers.rows(frame), wanted.rows(frame)
        assert mine.keys() == theirs.keys(), frame
        for identity, row in theirs.items():
            shapes = [shapely.from_wkb(each["geometry"]) for each in (mine[identity], row)]
            assert shapely.equals(*shapes), (frame, identity)
            for column in row.keys() - TOLD_LATER - {"geometry"}:
                here, there = mine[identity][column], row[column]
                same = here == there or (isinstance(there, float) and np.isclose(here, there))
                assert same, (frame, identity, column, here, there)


@settings(max_examples=20, deadline=None)
@given(STEPS, STEPS)
def test_steps_that_do_not_touch_can_be_made_in_either_order(one: Step, other: Step) -> None:
    start = opened()
    try:
        a, b = do_step(start, one)[0], do_step(start, other)[0]
    except ShequError:
        return
    if touched(start.state, a.state, one).meets(touched(start.state, b.state, other)):
        return
    first, second = do_step(a, other)[0], do_step(b, one)[0]
    assert first.plan.digest == second.plan.digest
    assert first.state.objective == pytest.approx(second.state.objective)


def test_parcels_are_numbered_as_an_explanation_numbers_them() -> None:
    study = small_study()
    states = done(opened(), [Move(blocks=("B0014",), to="SQ02"), Move(blocks=("B0009", "B0013"), to="SQ02"),
                             Merge(a="SQ03", b="SQ02")])  # fmt: skip
    assert len(states) == 4
    sheet = sheet_of(states[0], study["blocks"], study["seams"], study["buildings"], study["estates"])
    state = states[-1].state
    mine = parcels(sheet, np.array(state.ids, dtype=object)[state.part])
    theirs = explained(study, states[-1].plan).tables.moves
    assert list(mine) == list(theirs.index)
    assert [(origin, target) for origin, target, _ in mine.values()] == list(
        zip(theirs["from_id"], theirs["to_id"], strict=True)
    )
