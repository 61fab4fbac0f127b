"""Plans asked for in every way, several at once, written again; and requests without an answer, with ways out."""

import json
import re
from pathlib import Path

import openpyxl
import pytest

from geo.partition.plan import Plan
from tests.command import done, here, refused

QUICK = ("--effort", 20_000)


@pytest.fixture
def study(demo: Path) -> Path:
    return demo / "study.gpkg"


@pytest.fixture
def plan(demo: Path) -> Path:
    return demo / "plan.json"


def read(path: Path) -> Plan:
    return Plan.from_json(path.read_bytes())


def test_options_come_from_a_file_and_flags_go_before_it(study: Path, plan: Path, tmp_path: Path) -> None:
    block = next(iter(read(plan).assignment))
    file = tmp_path / "options.toml"
    file.write_text(
        'effort = 20000\nseed = 3\nmax_households = 3800\nweights = { size = 2.0 }\n'
        '[[locks]]\nkind = "whole"\nids = ["SQ01"]\n'
    )  # fmt: skip
    out = tmp_path / "plan"
    asked = ["--options", file, "--max", 4000, "--lock", "SQ02", "--weight", "shape=0.7", "--together", block]
    said = done("plan", study, "--out", out, *asked)
    options = read(out / "plan.json").options
    assert (options.effort, options.seed, options.max_households) == (20_000, 3, 4000)
    assert (options.weights.size, options.weights.shape) == (2.0, 0.7)
    assert [lock.ids for lock in options.locks] == [("SQ01",), ("SQ02",), (block,)]
    assert "households change community" in said
    assert "proven" in said, "what is known of how good the plan is must be said"


def test_a_plan_begins_from_another_and_changes_as_little_as_asked(study: Path, plan: Path, tmp_path: Path) -> None:
    base = read(plan)
    mover = next(b for b in sorted(base.assignment) if base.assignment[b] == "SQ02")
    out = tmp_path / "plan"
    done("plan", study, "--out", out, "--minimal-change", "--start", plan, "--stay", f"SQ02={mover}", *QUICK)
    after = read(out / "plan.json")
    assert after.started_from == base.digest
    assert after.options.minimal_change
    assert after.assignment[mover] == "SQ02"
    assert after.digest == base.digest, "nothing was outside the limits, so nothing may move"


def test_conditions_of_every_kind_are_asked_for_and_kept(study: Path, plan: Path, tmp_path: Path) -> None:
    old = json.loads(plan.read_text("utf-8"))["assignment"]
    mine = [block for block in sorted(old) if old[block] == "SQ03"][:2]
    out = tmp_path / "plan"
    done("plan", study, "--out", out, "--stay", f"SQ03={mine[0]}", "--without", f"SQ01={mine[1]}",
         "--not-touching", "CU05=SQ03", *QUICK)  # fmt: skip
    after = read(out / "plan.json")
    assert after.assignment[mine[0]] == "SQ03"
    assert after.assignment[mine[1]] != "SQ01"
    assert [one.kind for one in after.options.conditions] == ["has", "lacks", "not_touching"]


def test_names_and_heirs_that_were_decided_are_in_the_report(study: Path, plan: Path, tmp_path: Path) -> None:
    fresh = sorted(set(read(plan).assignment.values()))
    new = next(name for name in fresh if name.startswith("N"))
    said = done("report", study, plan, "--out", tmp_path, "--heir", f"SQ03={new}", "--name",
                f"{new}=北新社区/Beixin", "--lang", "en")  # fmt: skip
    assert "Beixin" in said
    book = openpyxl.load_workbook(tmp_path / "report.xlsx", read_only=True)
    assert any("北新社区" in str(cell) for row in book.worksheets[0].iter_rows(values_only=True) for cell in row)
    before, after = read(plan).assignment, read(tmp_path / "plan.json").assignment
    assert {b for b in after if after[b] == "SQ03"} == {b for b in before if before[b] == new}


def test_several_plans_are_compared(study: Path, tmp_path: Path) -> None:
    out = tmp_path / "choose"
    (out / "Z").mkdir(parents=True)
    (out / "Z" / "plan.json").write_text("{}")
    said = done("alternatives", study, "--count", 2, "--out", out, "--lang", "en", "--effort", 2000)
    plans = sorted(path.parent.name for path in out.glob("*/plan.json") if path.parent.name != "Z")
    assert plans == ["A", "B"]
    a, b = (read(out / name / "plan.json") for name in plans)
    assert a.digest != b.digest
    assert a.objective <= b.objective
    assert all((out / name / "map.html").is_file() for name in plans)
    assert "weighted sum" in said
    assert "It gives up" in said or "gives up nothing" in said
    assert "Z in" in said, "a plan of an earlier run must be pointed out"
    book = openpyxl.load_workbook(out / "alternatives.xlsx", read_only=True)
    cells = [cell for row in book.worksheets[0].iter_rows(values_only=True) for cell in row]
    assert {"A", "B"} <= set(cells)
    assert a.objective == pytest.approx(min(x for x in cells if isinstance(x, float) and abs(x - a.objective) < 1e-3))


def test_too_many_alternatives_are_refused(study: Path, tmp_path: Path) -> None:
    refused(here("alternatives", study, "--count", 200, "--out", tmp_path / "x"), "200 plans", "--count")
    assert not (tmp_path / "x").exists()


def test_a_request_without_an_answer_is_told_the_flags_that_have_one(study: Path, tmp_path: Path) -> None:
    asked = ["plan", study, "--out", tmp_path / "plan", "--mode", "merge", "--min", 100, "--max", 4000, "--lock",
             "SQ01:as-is", "--max-people", 30_000, "--split-villages"]  # fmt: skip
    run = here(*asked)
    refused(run, "no rule was relaxed", "8,980 households; the maximum is 4,000", "上限是4000户", "limits: min house",
            "rules in conflict", "the nearest first", "cost: ", code=3)  # fmt: skip
    assert not (tmp_path / "plan").exists()
    flags = re.search(r"ask with: (.*)", run.stderr)
    assert flags
    assert "--max 8980" in flags[1]
    assert here(*asked, *flags[1].split(), "--effort", "quick").returncode == 0


def test_without_advice_only_the_reasons_are_told(study: Path, tmp_path: Path) -> None:
    run = here("plan", study, "--out", tmp_path / "plan", "--mode", "merge", "--no-advice")
    refused(run, "8,980 households; the maximum is 3,600", "ask for other limits", code=3)
    assert "ask with" not in run.stderr


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--stay", "SQ01"], ["--stay SQ01 is not understood", "--stay CU01=B003,B004"]),
        (["--stay", "SQ01=none-such"], ["none-such", "blocks"]),
        (["--not-touching", "SQ01=SQ01"], ["cannot keep away from itself"]),
        (["--name", "N01"], ["--name N01 is not understood"]),
        (["--heir", "SQ01"], ["--heir SQ01 is not understood"]),
        (["--weight", "seam"], ["seam=2.5"]),
        (["--effort", "much"], ["--effort much"]),
        (["--start", "nowhere.json"], ["no such file", "nowhere.json"]),
        (["--options", "nowhere.toml"], ["no such file", "nowhere.toml"]),
    ],
)
def test_flags_that_make_no_sense_are_refused(flags: list[str], words: list[str], study: Path, tmp_path: Path) -> None:
    refused(here("plan", study, "--out", tmp_path / "plan", *flags), *words)
    assert not (tmp_path / "plan").exists()
