"""What a refusal says: what, where, remedy; every fault; never more ids than one can read."""

from geo.errors import Fault, InfeasibleError, InputError


def test_a_fault_says_what_where_and_what_to_do() -> None:
    fault = Fault("households holds -6", "correct it", table="buildings", ids=("b2",), file="town.gpkg", layer="建筑")
    assert str(fault) == (
        "households holds -6\n  where:  file town.gpkg, layer 建筑, table buildings, rows b2\n  remedy: correct it"
    )


def test_many_ids_are_counted_not_listed() -> None:
    text = str(Fault("x", "y", ids=tuple(f"b{i}" for i in range(100))))
    assert "b7 and 92 more" in text
    assert "b8" not in text


def test_an_input_error_carries_every_fault() -> None:
    faults = [Fault("one", "a"), Fault("two", "b")]
    error = InputError(iter(faults))
    assert error.faults == tuple(faults)
    assert "one" in str(error)
    assert "two" in str(error)
    assert InputError(faults[0]).faults == (faults[0],)


def test_an_infeasible_request_keeps_its_reasons_apart() -> None:
    error = InfeasibleError(["a is too large.", "b is too small."], table="blocks", ids=iter(["B1"]))
    assert error.reasons == ("a is too large.", "b is too small.")
    assert (error.table, error.ids) == ("blocks", ("B1",))
