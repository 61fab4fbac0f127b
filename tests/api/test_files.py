"""Files that users hand in are not trusted: plans and options that are none are refused, by every command alike."""

import json
from pathlib import Path

import pytest

from api.operations import files
from geo.errors import InputError
from tests.command import here, refused


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", ["empty"]),
        (b"{", ["not JSON"]),
        (b"\xff\xfe", ["not JSON"]),
        (b"[" * 100_000, ["nested too deeply"]),
        (b'{"k": NaN}', ["NaN is no number"]),
        (b"[]", ["the plan"]),
        (b'{"assignment": {"B1": "a"}}', ["profile is missing", "options is missing"]),
        (b'{"kind": "shequ draft"}', ["draft, not a plan", "shequ edit save"]),
    ],
)
def test_a_plan_that_is_none_is_refused(content: bytes, words: list[str], demo: Path, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    file.write_bytes(content)
    refused(here("report", demo / "study.gpkg", file, "--out", tmp_path / "out"), *words, "plan.json")
    assert not (tmp_path / "out").exists()


def test_a_plan_of_other_blocks_is_refused(demo: Path, tmp_path: Path) -> None:
    made = json.loads((demo / "plan.json").read_text("utf-8"))
    made["assignment"]["B9999"] = made["assignment"].pop("B0001")
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(made))
    for command in (["report", demo / "study.gpkg", file, "--out", tmp_path / "out"],
                    ["score", demo / "study.gpkg", file], ["bounds", demo / "study.gpkg", "--check", file],
                    ["explain", demo / "study.gpkg", file, "--community", "SQ03"],
                    ["edit", "open", demo / "study.gpkg", file, tmp_path / "draft.json"]):  # fmt: skip
        refused(here(*command), "B0001")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["plan.json"]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("o.toml", "max_households = ", ["not TOML"]),
        ("o.toml", "max_houses = 3", ["there is no max_houses"]),
        ("o.json", '{"effort": "lazy"}', ["effort"]),
        ("o.json", "[1]", ["no options"]),
        ("o.json", '{"weights": {"seam": -1}}', ["weights.seam"]),
    ],
)
def test_options_that_are_none_are_refused(name: str, content: str, words: list[str], tmp_path: Path) -> None:
    file = tmp_path / name
    file.write_text(content)
    with pytest.raises(InputError) as refusal:
        files.read_options(file)
    for word in [*words, name]:
        assert word in str(refusal.value)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "options.json"
    file.write_bytes(b" " * (files.LARGEST_REQUEST + 1))
    with pytest.raises(InputError, match="larger than 1 MB"):
        files.read_options(file)


def test_a_folder_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with files.all_or_none(out, ["A/plan.json", "x.xlsx"]) as draft:
        (draft / "A").mkdir()
        (draft / "A" / "plan.json").write_text("1")
        (draft / "x.xlsx").write_text("2")
        assert not out.exists()
    assert sorted(path.relative_to(out).as_posix() for path in out.rglob("*.*")) == ["A/plan.json", "x.xlsx"]

    def interrupted() -> None:
        with files.all_or_none(out, ["x.xlsx"]) as draft:
            (draft / "x.xlsx").write_text("new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert (out / "x.xlsx").read_text() == "2"
    assert [path.name for path in tmp_path.iterdir()] == ["out"], "no draft stays behind"


def test_a_place_where_a_file_lies_is_refused(tmp_path: Path) -> None:
    (tmp_path / "A").write_text("x")
    with pytest.raises(InputError, match="is a file, not a folder"):
        files.require_place(tmp_path, ["A/plan.json"])
    (tmp_path / "x.xlsx").mkdir()
    with pytest.raises(InputError, match=r"x\.xlsx in it is a folder"):
        files.require_place(tmp_path, ["x.xlsx"])
