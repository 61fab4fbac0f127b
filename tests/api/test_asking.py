"""Flags become options, and the difference of two requests becomes flags again."""

import shlex

import pytest

from api.cli.asking import Asked, flags_between, read_heirs, read_names
from geo.errors import InputError
from geo.partition.plan import Condition, Lock, PlanOptions, SeamRule

FIELDS = {
    "--min": "min_households", "--max": "max_households", "--max-people": "max_people", "--k": "k", "--lock": "lock",
    "--together": "together", "--apart": "apart", "--stay": "stay", "--without": "without",
    "--keep-office": "keep_office", "--not-touching": "not_touching", "--prefer": "prefer",
    "--forbid-cut": "forbid_cut", "--forbid-cross": "forbid_cross",
}  # fmt: skip
NUMBERS = ("--min", "--max", "--max-people", "--k")


def asked_by(flags: list[str]) -> PlanOptions:
    """Return the options of flags as `flags_between` tells them."""
    given: dict = {}
    for one in flags:
        flag, *rest = shlex.split(one)
        if not rest:
            name, value = {"--split-estates": ("keep_estates", False), "--allow-islands": ("allow_islands", True),
                           "--split-villages": ("keep_villages", False)}[flag]  # fmt: skip
            given[name] = value
        elif flag in NUMBERS:
            given[FIELDS[flag]] = int(rest[0])
        else:
            given.setdefault(FIELDS[flag], []).append(rest[0])
    return Asked(**given).options()


WANTED = [
    PlanOptions(max_households=4100, min_households=100, k=7, max_people=9),
    PlanOptions(allow_islands=True, keep_estates=False, keep_villages=False),
    PlanOptions(locks=(Lock(kind="free", ids=("CU01",)), Lock(kind="as_is", ids=("CU02",)),
                       Lock(kind="together", ids=("B1", "B2"), of="blocks"))),
    PlanOptions(conditions=(Condition(kind="has", community="A", ids=("B1", "B2")),
                            Condition(kind="lacks", community="A", ids=("G 1",), of="estates"),
                            Condition(kind="office", community="B"),
                            Condition(kind="not_touching", community="A", ids=("B",), of="communities"))),
    PlanOptions(seams=(SeamRule(rule="prefer", feature_class="river"),
                       SeamRule(rule="prefer", feature_name="Main Street", strength=2.5),
                       SeamRule(rule="forbid_cut", feature_name="人民路"))),
]  # fmt: skip


@pytest.mark.parametrize("wanted", WANTED)
def test_the_flags_told_ask_for_the_options_meant(wanted: PlanOptions) -> None:
    add, leave_out = flags_between(PlanOptions(), wanted)
    assert not leave_out
    assert asked_by(add) == wanted


def test_what_is_taken_back_is_told_as_left_out() -> None:
    before = PlanOptions(locks=(Lock(kind="as_is", ids=("CU02",)), Lock(kind="whole", ids=("CU01",))), k=3)
    after = PlanOptions(locks=(Lock(kind="whole", ids=("CU01",)), Lock(kind="free", ids=("CU02",))))
    assert flags_between(before, after) == (["--lock CU02:free"], ["--k", "--lock CU02:as-is"])


def test_compounds_and_blocks_may_be_mixed_and_chinese_commas_are_commas() -> None:
    made = Asked(stay=["CU01=B1,estate:G2、B3"]).options().conditions
    assert made == (Condition(kind="has", community="CU01", ids=("B1", "B3")),
                    Condition(kind="has", community="CU01", ids=("G2",), of="estates"))  # fmt: skip


def test_names_and_heirs_are_read() -> None:
    assert read_names(["N01=北新社区/Beixin", "N02=南新"]) == {"N01": ("北新社区", "Beixin"), "N02": ("南新", "南新")}
    assert read_heirs(["SQ01=N01", "SQ02=none"]) == {"SQ01": "N01", "SQ02": None}
    with pytest.raises(InputError, match="not understood"):
        read_names(["=x"])
