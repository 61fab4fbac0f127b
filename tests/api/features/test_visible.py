"""Who sees which figures."""

import pytest

from api.accounts.rights import OWNER, Caller
from api.features.snapshot import Snapshot
from api.features.visible import visible
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
        "households_before": [None, 9, None, None, 9], "density_per_ha": [None, 2.0, None, None, 5.0],
        "area_m2": [1.0] * 5,
    }  # fmt: skip


def test_people_alone_stand_for_households() -> None:
    made = snapshot({"people": ("count", [49, 50, None])}, name="census")
    assert told(visible(made, VIEWER, 10)) == {"people": [None, 50, None]}
    other = snapshot({"dwellings": ("count", [900])}, name="census")
    assert told(visible(other, VIEWER, 10)) == {"dwellings": [None]}, "nobody knows of how many households"


def test_nothing_to_hide() -> None:
    made = snapshot({"name": ("text", ["a"]), "households_source": ("text", ["register"])}, name="roads")
    assert visible(made, VIEWER, 10) is made


@pytest.mark.parametrize("frame", ["gaps.g1.gap_homes", "plan.p1.buildings"])
def test_results_are_looked_at_too(frame: str) -> None:
    made = snapshot({"people": ("count", [4])}, name=frame, source="plan")
    assert told(visible(made, VIEWER, 10)).get("people", [None]) == [None]
