"""Lifts and farm houses from the command line, on the demo town: its own buildings, ledgers and registers made here."""

import shutil
import zipfile
from pathlib import Path

import geopandas as gpd
import openpyxl
import pytest

from geo.study import read_study
from tests.command import done, here, refused

NAMES = ("欧阳海", "司马光", "诸葛明", "上官云", "皇甫嵩", "尉迟恭")


@pytest.fixture
def study(demo: Path) -> Path:
    return demo / "study.gpkg"


@pytest.fixture
def owners(study: Path, tmp_path: Path) -> Path:
    """Two stairs of a six-storey building of the town: one carried at the edge, one short of a vote."""
    buildings = read_study(study)["buildings"]
    fits = buildings[(buildings["use"] == "residential") & (buildings["floors"] == 6)]
    book = openpyxl.Workbook()
    page = book.active
    page.append(["楼栋编号", "单元", "房号", "所在层", "专有面积(平方米)", "业主", "表决意见"])
    for unit, answers in (
        ("1", ["同意"] * 6 + ["弃权", "不同意"] + [None] * 4),
        ("2", ["同意"] * 6 + ["不同意"] + [None] * 5),
    ):
        for i, answer in enumerate(answers):
            page.append(
                [fits.index[0], unit, f"{1 + i // 2}0{1 + i % 2}", 1 + i // 2, 80, f"{NAMES[i % 6]}{unit}-{i}", answer]
            )
    facts = book.create_sheet("楼栋")
    facts.append(["楼栋编号", "已有电梯", "楼梯形式", "列入拆迁计划"])
    facts.append([fits.index[0], "否", "单元式", "否"])
    path = tmp_path / "owners.xlsx"
    book.save(path)
    return path


def texts(path: Path) -> str:
    """All text of an office file."""
    with zipfile.ZipFile(path) as packed:
        return " ".join(packed.read(name).decode("utf-8") for name in packed.namelist() if name.endswith(".xml"))


def test_the_screen_needs_nothing_but_the_study(study: Path, tmp_path: Path) -> None:
    said = done("lifts", study, "--lang", "en", "--out", tmp_path / "lifts")
    assert "go on to a design 0" in said, "without a survey nothing is known to fit"
    assert "not to be pulled down" in said
    assert [file.name for file in (tmp_path / "lifts").iterdir()] == ["lifts.xlsx"]


def test_votes_shares_and_lists_without_a_single_name(study: Path, owners: Path, tmp_path: Path) -> None:
    out = tmp_path / "lifts"
    said = done(
        "lifts", study, "--ledger", owners, "--cost", "650000", "--public", "200000", "--out", out, "--lang", "en"
    )
    assert "carried 1 not reached 1" in said
    assert "article 278" in said
    assert "Of those who have not voted at least 1 more must agree, with 80.00 m² or more" in said
    whole = said + texts(out / "lifts.xlsx") + texts(out / "lifts.docx")
    assert not any(name in whole for name in NAMES)
    book = openpyxl.load_workbook(out / "lifts.xlsx")
    assert book.sheetnames == [
        "Votes",
        "To sign",
        "Cost shares",
        "By floor",
        "Screen",
        "Rule by rule",
        "Sources and notes",
    ]
    assert book["To sign"].max_row == 3 + 24
    total = [cell.value for cell in book["Cost shares"][book["Cost shares"].max_row]]
    assert total[-1] == 900_000, "two lifts, 450,000 each for the flats"
    assert all(cell.data_type != "f" for page in book for row in page.iter_rows() for cell in row)


def test_the_same_in_chinese_gives_the_same_bytes_twice(study: Path, owners: Path, tmp_path: Path) -> None:
    said = done("lifts", study, "--ledger", owners, "--out", tmp_path / "a", "--scope", "building")
    assert "表决单位" in said
    done("lifts", study, "--ledger", owners, "--out", tmp_path / "b", "--scope", "building")
    for name in ("lifts.xlsx", "lifts.docx"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_an_owners_table_and_article_283(study: Path, owners: Path, tmp_path: Path) -> None:
    table = tmp_path / "floors.csv"
    table.write_text("楼层,系数\n" + "".join(f"{n},{n - 1}\n" for n in range(1, 7)), "utf-8")
    command = ("lifts", study, "--ledger", owners, "--cost", "300000", "--out", tmp_path / "out")
    done(*command, "--coefficients", table)
    assert paid(tmp_path / "out") == [n * 10_000 for n in range(6) for _ in "ab"] * 2, (
        "of 30 parts 0 to 5 for each flat"
    )
    done(*command, "--share", "area")
    assert paid(tmp_path / "out") == [25_000] * 24


def paid(folder: Path) -> list[float]:
    """What the flats pay, by the sheet of shares, without its total."""
    page = openpyxl.load_workbook(folder / "lifts.xlsx")["费用分摊"]
    return [row[-1] for row in page.iter_rows(min_row=4, max_row=page.max_row - 1, values_only=True)]


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--ledger", "nowhere.xlsx"], ["no such file"]),
        (["--cost", "650000"], ["--ledger"]),
        (["--ledger", "OWNERS", "--cost", "much"], ["no sum of money"]),
        (["--ledger", "OWNERS", "--cost", "1", "--public", "2"], ["others pay"]),
        (["--ledger", "OWNERS", "--coefficients", "nowhere.csv"], ["no such file"]),
        (["--ledger", "OWNERS", "--buildings", "nowhere.csv"], ["no such file"]),
    ],
)
def test_what_cannot_be_counted_is_refused(flags: list[str], words: list[str], study: Path, owners: Path) -> None:
    refused(here("lifts", study, *(str(owners) if flag == "OWNERS" else flag for flag in flags)), *words)


def test_a_rule_that_is_not_there_is_refused(study: Path) -> None:
    run = here("lifts", study, "--rules", "nowhere")
    assert run.returncode == 2
    assert "there is no lifts 'nowhere'" in run.stderr


@pytest.fixture
def village(study: Path, tmp_path: Path) -> tuple[Path, Path]:
    """A copy of the study, and a register of every house of the village 石桥村, every third joined by its place."""
    copy = tmp_path / "town.gpkg"
    shutil.copy(study, copy)
    buildings = read_study(copy)["buildings"]
    houses = buildings[(buildings["community_id"] == "CU06") & (buildings["use"] == "residential")].sort_index()
    places = gpd.GeoSeries(houses.geometry.representative_point()).to_crs(4326)
    book = openpyxl.Workbook()
    page = book.active
    page.append(["房屋编号", "宗地编号", "户编号", "户主", "建筑编号", "所在村", "家庭人口", "宅基地面积", "鉴定等级",
                 "经批准", "有人居住", "受保护", "规划保留", "经度", "纬度"])  # fmt: skip
    for i, key in enumerate(houses.index):
        by_place = i % 3 == 0
        page.append([
            f"F{i:03d}", f"Z{i:03d}", f"H{i:03d}", NAMES[i % 6], None if by_place else key, "石桥村", 3, 120,
            ["A", "B", "C", "D", None][i % 5], "是", "否" if i % 4 == 0 else "是", "否", "是",
            places[key].x if by_place else None, places[key].y if by_place else None,
        ])  # fmt: skip
    register = tmp_path / "register.xlsx"
    book.save(register)
    return copy, register


def test_a_village_is_decided_and_kept_in_the_study(village: tuple[Path, Path], tmp_path: Path) -> None:
    copy, register = village
    out = tmp_path / "houses.xlsx"
    command = ("farmhouses", copy, "--register", register, "--parcel-cap", "140", "--on", "2026-03-01", "--out", out,
               "--override", "F003=用：租作民宿", "--by", "村民会议", "--lang", "en")  # fmt: skip
    said = done(*command)
    table = read_study(copy)["farmhouses"]
    count = len(table)
    assert f"Shiqiao Village │ {count}" in said.replace(",", "") or f"│ {count} │ {3 * count} │" in said
    assert table["joined"].value_counts().to_dict() == {"id": count - -(-count // 3), "place": -(-count // 3)}
    assert table["decision"].value_counts().to_dict() == decisions(count)
    assert table.loc["F003", "reason_zh"] == "人工决定(村民会议):租作民宿;规则原判:拆"
    assert read_study(copy).notes["farmhouses"]["overridden"] == 1
    assert not any(name in said + texts(out) + table.to_csv() for name in NAMES)
    book = openpyxl.load_workbook(out)
    assert book.sheetnames == ["Houses", "By village", "What does not fit", "Rules and notes"]
    assert book["Houses"].max_row == 3 + count
    first = (copy.read_bytes(), out.read_bytes())
    done(*command)
    assert read_study(copy)["farmhouses"].equals(table)
    assert out.read_bytes() == first[1]


def decisions(count: int) -> dict[str, int]:
    """By hand: D is pulled down (F003 apart), C altered, A and B used, no grade unknown."""
    grades = [i % 5 for i in range(count)]
    return {"use": sum(g in (0, 1) for g in grades) + 1, "demolish": grades.count(3) - 1, "alter": grades.count(2),
            "unknown": grades.count(4)}  # fmt: skip


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--register", "nowhere.xlsx"], ["no such file"]),
        (["--override", "F001"], ["ID=DECISION:REASON"]),
        (["--override", "F999=用:x"], ["no farm house F999"]),
        (["--on", "soon"], ["2026-03-01"]),
        (["--out", "houses.txt"], [".xlsx"]),
        (["--parcels", "nowhere.gpkg"], ["no such file"]),
    ],
)
def test_what_cannot_be_sorted_is_refused_and_nothing_is_written(
    flags: list[str], words: list[str], village: tuple[Path, Path]
) -> None:
    copy, register = village
    before = copy.read_bytes()
    given = flags if flags[0] == "--register" else ["--register", register, *flags]
    refused(here("farmhouses", copy, *given), *words)
    assert copy.read_bytes() == before
