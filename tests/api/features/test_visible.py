"""Who sees which figures."""

import pytest

from api.accounts.rights import OWNER, Caller
from api.features.snapshot import Snapshot
from api.features.visible import visible, visible_properties
from tests.api.features.made import snapshot

VIEWER = Caller("wang", {"town": "viewer"})


def told(made: Snapshot) -> dict[str, list]:
    return {name: made.table[name].to_pylist() for name in made.table.column_names[3:]}


def test_planners_see_everything() -> None:
    made = snapshot({"households": ("count", [3]), "name": ("text", ["a"])}, name="buildings")
    for caller in (OWNER, Caller("li", {"town": "planner"})):
        assert visible(made, caller, 10) is made


def test_columns_of_households_are_left_out() -> None:
    made = snapshot({"name": ("text", ["a"]), "households": ("count", [300]), "people": ("count", [900]),
                     "floors": ("number", [3.0])}, name="buildings")  # fmt: skip
    shown = visible(made, VIEWER, 10)
    assert told(shown) == {"name": ["a"], "floors": [3.0]}
    assert [column.name for column in shown.collection.columns] == ["name", "floors"]
    assert visible(made, Caller("surveyor", {"town": "surveyor"}), 10) is shown, "made once for all"
    assert "surveyor" not in told(visible(snapshot({"surveyor": ("text", ["李四"])}, name="findings"), VIEWER, 10))


def test_small_counts_are_not_told() -> None:
    made = snapshot(
        {"name": ("text", list("abcde")), "households": ("count", [9, 10, 0, None, None]),
         "people": ("count", [30, 31, 0, 49, 50]), "households_before": ("count", [9, 9, 9, 9, 9]),
         "density_per_ha": ("number", [1.0, 2.0, 3.0, 4.0, 5.0]), "area_m2": ("number", [1.0] * 5)},
        name="communities",
    )  # fmt: skip
    assert told(visible(made, VIEWER, 10)) == {
        "name": list("abcde"), "households": [None, 10, None, None, None], "people": [None, 31, None, None, 50],
        "households_before": [None] * 5, "density_per_ha": [None, 2.0, None, None, 5.0],
        "area_m2": [1.0] * 5,
    }  # fmt: skip


def test_people_alone_stand_for_households() -> None:
    made = snapshot({"people": ("count", [49, 50, None])}, name="census")
    assert told(visible(made, VIEWER, 10)) == {"people": [None, 50, None]}
    other = snapshot({"dwellings": ("count", [900])}, name="census")
    assert told(visible(other, VIEWER, 10)) == {"dwellings": [None]}, "nobody knows of how many households"


def test_what_was_before_is_told_where_it_was_enough_then() -> None:
    made = snapshot(
        {"households": ("count", [300, 300, 300]), "households_before": ("count", [4, 250, None]),
         "people_before": ("count", [9, 700, 8])}, name="plan.p1.communities", source="plan",
    )  # fmt: skip
    shown = visible(made, VIEWER, 10)
    assert told(shown) == {
        "households": [300] * 3, "households_before": [None, 250, None], "people_before": [None, 700, None],
    }  # fmt: skip
    for row, properties in enumerate(made.table.drop(["id", "version", "tx"]).to_pylist()):
        assert visible_properties(made.collection, properties, 10) == {
            name: values[row] for name, values in told(shown).items()
        }


def test_a_part_of_many_is_told_where_it_is_enough_itself() -> None:
    """Forty-nine people without a service in a large community: one house, maybe, whose place is known."""
    made = snapshot(
        {"people": ("count", [900] * 5), "office_people": ("number", [49.0, 50.0, 0.0, None, 900.0])}, name="gaps",
    )  # fmt: skip
    shown = visible(made, VIEWER, 10)
    assert told(shown) == {"people": [900] * 5, "office_people": [None, 50.0, 0.0, None, 900.0]}
    for row, properties in enumerate(made.table.drop(["id", "version", "tx"]).to_pylist()):
        assert visible_properties(made.collection, properties, 10) == {
            name: values[row] for name, values in told(shown).items()
        }


TOLD_BY_ROWS = {
    "finding_history": (
        {"column": ("text", ["surveyor", "status", None]), "before": ("text", ["李四", "open", None]),
         "after": ("text", ["王五", "done", "open"])},
        {"column": ["surveyor", "status", None], "before": [None, "open", None], "after": [None, "done", "open"]},
    ),
    "observations": (
        {"item": ("text", ["residents", "residents", "respondents", "respondents", "ev_public"]),
         "value": ("number", [39.0, 50.0, 6.0, 10.0, 1.0])},
        {"item": ["residents", "residents", "respondents", "respondents", "ev_public"],
         "value": [None, 50.0, None, 10.0, 1.0]},
    ),
    "measures": (
        {"unit": ("text", ["flats", "flats", "spaces", "m2", "flats"]),
         "quantity": ("number", [3.0, 10.0, 2.0, 2.0, None]), "unit_yuan": ("number", [10.0] * 5),
         "cost_yuan": ("number", [30.0, 100.0, 20.0, 20.0, None]),
         "public_yuan": ("number", [30.0, 100.0, 20.0, 20.0, None]), "residents_yuan": ("number", [0.0] * 5),
         "social_yuan": ("number", [0.0] * 5), "need": ("number", [9.0] * 5), "why_zh": ("text", ["每万元9.0"] * 5),
         "why_en": ("text", ["9.0 for each 10,000 yuan"] * 5)},
        {"unit": ["flats", "flats", "spaces", "m2", "flats"], "quantity": [None, 10.0, None, 2.0, None],
         "unit_yuan": [10.0] * 5, "cost_yuan": [None, 100.0, None, 20.0, None],
         "public_yuan": [None, 100.0, None, 20.0, None], "residents_yuan": [None, 0.0, None, 0.0, 0.0],
         "social_yuan": [None, 0.0, None, 0.0, 0.0]},
    ),
    "sites": (
        {"need_met": ("number", [9.0]), "need_all": ("number", [9.0]), "cost_yuan": ("number", [5.0])},
        {"cost_yuan": [5.0]},
    ),
}  # fmt: skip


@pytest.mark.parametrize("frame", TOLD_BY_ROWS)
def test_rows_that_tell_of_persons_or_few_households_keep_it_to_themselves(frame: str) -> None:
    columns, expected = TOLD_BY_ROWS[frame]
    made = snapshot(columns, name=frame)
    assert told(visible(made, VIEWER, 10)) == expected
    for row, properties in enumerate(made.table.drop(["id", "version", "tx"]).to_pylist()):
        assert visible_properties(made.collection, properties, 10) == {
            name: values[row] for name, values in expected.items()
        }, "versions of one feature are told alike"
    assert visible(made, OWNER, 10) is made


def test_nothing_to_hide() -> None:
    made = snapshot({"name": ("text", ["a"]), "households_source": ("text", ["register"])}, name="roads")
    assert visible(made, VIEWER, 10) is made


@pytest.mark.parametrize("frame", ["gaps.g1.gap_homes", "plan.p1.buildings"])
def test_results_are_looked_at_too(frame: str) -> None:
    made = snapshot({"people": ("count", [4])}, name=frame, source="plan")
    assert told(visible(made, VIEWER, 10)).get("people", [None]) == [None]
