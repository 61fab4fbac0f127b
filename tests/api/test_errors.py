"""The one table from error class to HTTP status."""

import pytest

import api.errors as web
from geo.errors import Fault, InfeasibleError, InputError, ShequError


def every(kind: type[ShequError]) -> set[type[ShequError]]:
    return {kind}.union(*(every(each) for each in kind.__subclasses__()))


def test_every_class_of_the_tree_has_a_status() -> None:
    named = {each for each in every(ShequError) if each.__module__.split(".")[0] in ("geo", "layers", "api")}
    without = [each.__name__ for each in named if not any(base in web.STATUS for base in each.__mro__)]
    assert sorted(without) == ["ShequError", "WebError"]  # the two that are never raised themselves


def test_statuses_have_titles() -> None:
    assert set(web.STATUS.values()) <= set(web.TITLES)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InputError(Fault("bad", "mend it")), 422),
        (web.BadRequestError(Fault("bbox", "four numbers")), 400),
        (InfeasibleError(["too many"], reasons_zh=["太多"], ids=["A"]), 409),
        (web.NotFoundError("no such study", "see /studies"), 404),
        (web.OutOfDateError("somebody was faster", "read again", changes=[{"id": "B1"}]), 412),
        (web.HeldError("checked out", "wait"), 423),
    ],
)
def test_the_nearest_class_decides(error: ShequError, status: int) -> None:
    assert web.status_of(error) == status
    told = web.problem(error, "/studies/x")
    assert told["status"] == status
    assert told["instance"] == "/studies/x"
    assert told["title"] == web.TITLES[status]


def test_a_problem_tells_what_where_and_what_to_do() -> None:
    told = web.problem(InputError(Fault("no name", "give one", table="estates", ids=("E1",), file="a.gpkg")))
    assert told["faults"] == [
        {"what": "no name", "remedy": "give one", "table": "estates", "ids": ["E1"], "file": "a.gpkg"}
    ]
    assert told["detail"] == "no name"


def test_a_request_without_answer_tells_its_reasons_in_both_languages() -> None:
    told = web.problem(InfeasibleError(["too many"], reasons_zh=["太多"], ids=["A"]))
    assert (told["reasons"], told["reasons_zh"], told["ids"]) == (["too many"], ["太多"], ["A"])


def test_further_members_of_a_web_error_are_told() -> None:
    told = web.problem(web.OutOfDateError("stale", "read again", changes=[{"id": "B1", "by": "Li"}]))
    assert told["changes"] == [{"id": "B1", "by": "Li"}]
    assert told["faults"] == [{"what": "stale", "remedy": "read again"}]
