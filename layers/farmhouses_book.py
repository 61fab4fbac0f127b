"""Farm houses as a workbook: the ledger with its decisions, totals by village, what does not fit, rules and notes."""

from pathlib import Path
from typing import Any

import pandas as pd

from geo.farmhouses import FarmHouses
from geo.farmhouses.checking import CHECKS
from geo.farmhouses.villages import ALL, NOWHERE
from geo.schema import HOUSE_DECISIONS
from geo.study import Study
from layers.sheets import COUNT, NUMBER, Sheet, book_of, plain, save_book, text_or_none
from layers.words import Lang, fullwidth, is_missing, word

FILLS = {"demolish": "F6DCD3", "alter": "FBEFCB", "use": "D7E8D4"}
"""Colours of decisions; what is not decided stays white."""

DECISIONS: dict[str, tuple[str, str]] = {"demolish": ("拆", "demolish"), "alter": ("改", "alter"), "use": ("用", "use"),
                                         "unknown": ("待定", "undecided")}  # fmt: skip

_COLUMNS: tuple[tuple[str, str, str, str], ...] = (
    ("house_id", "农房编号", "house", "@"), ("village", "所在村", "village", "@"),
    ("decision", "决定", "decision", "@"),
    ("reason", "理由", "reason", "@"), ("parcel_id", "宗地编号", "parcel", "@"),
    ("household_id", "户编号", "household", "@"), ("building_id", "建筑编号", "building", "@"),
    ("people", "家庭人口", "people", COUNT), ("parcel_m2", "宅基地面积(平方米)", "parcel (m²)", NUMBER),
    ("footprint_m2", "占地面积(平方米)", "ground covered (m²)", NUMBER), ("floors", "层数", "storeys", "0.#"),
    ("year_built", "建成年份", "completed", "0"), ("structure", "结构", "structure", "@"),
    ("danger_grade", "危房鉴定等级", "safety grade", "@"), ("titled", "已确权", "titled", "@"),
    ("permitted", "经批准", "permitted", "@"), ("occupied", "有人居住", "lived in", "@"),
    ("heritage", "受保护", "protected", "@"), ("in_plan", "规划保留", "in the plan", "@"),
    ("houses_of_household", "该户房屋数", "houses of the household", COUNT),
    ("valid_from", "登记日期", "valid from", "@"),
    ("decided_by", "决定人", "decided by", "@"), ("decided_on", "决定日期", "decided on", "@"),
    ("filled", "取自地图", "taken from the map", "@"), ("source", "来源", "source", "@"),
)  # fmt: skip
_TITLES = {"houses": ("农房台账", "Houses"), "villages": ("按村汇总", "By village"),
           "checks": ("核查清单", "What does not fit"),
           "notes": ("规则与说明", "Rules and notes"), "title": ("农房拆改用", "Farm houses"), "all": ("合计", "total"),
           "unknown": ("村不明", "village unknown"), "check": ("核查项", "check"), "ids": ("农房编号", "houses"),
           "said": ("情况", "what was found"), "village": ("所在村", "village"), "note": ("说明", "note"),
           "none": ("未发现", "nothing found"), "rules": ("规则", "rules")}  # fmt: skip
_TOTALS: tuple[tuple[str, str, str, str], ...] = (
    ("houses", "农房(处)", "houses", COUNT), ("households", "户数", "households", COUNT),
    ("people", "人口", "people", COUNT),
    ("households_without_people", "人口未知户数", "households of unknown size", COUNT),
)  # fmt: skip
_PARTS: tuple[tuple[str, str, str, str], ...] = (
    ("houses", "处数", "houses", COUNT), ("people", "涉及人口", "people", COUNT),
    ("footprint_m2", "占地(平方米)", "ground (m²)", NUMBER),
    ("footprint_unknown", "占地未知处数", "of unknown ground", COUNT),
)  # fmt: skip
_BACK: tuple[tuple[str, str, str, str], ...] = (
    ("land_back_m2", "腾退宅基地(平方米)", "homesteads given back (m²)", NUMBER),
    ("land_back_parcels", "腾退宗地数", "parcels given back", COUNT),
    ("land_back_unknown", "面积未知宗地数", "parcels of unknown area", COUNT),
)  # fmt: skip


def write_farmhouses_xlsx(path: Path, found: FarmHouses, *, study: Study, lang: Lang = "zh") -> None:
    """Write the farm houses of a town as an Excel workbook, whole or not at all; it holds no names of people.

    Parameters
    ----------
    path
        The file; one that is there is replaced.
    found
        The houses decided (`geo.farmhouses.sort_houses`).
    study
        The town: its name, and the names of its villages.
    lang
        Language of sheets, headings and sentences.
    """
    town = study.name if lang == "zh" else study.name_en or study.name
    names = _village_names(study, lang)
    sheets = [
        _houses(found, names, lang),
        _villages(found, names, lang),
        _checks(found, names, lang),
        _notes(found, lang),
    ]
    save_book(book_of(sheets, f"{town} · {word('page.mark', lang)}", f"{town} {_title('title', lang)}"), path)


def _houses(found: FarmHouses, names: dict[str, str], lang: Lang) -> Sheet:
    rows: list[list[Any]] = []
    fills: dict[tuple[int, int], str] = {}
    for position, (key, row) in enumerate(pd.DataFrame(found.table.drop(columns="geometry")).iterrows()):
        values: list[Any] = [str(key)]
        for name, _, _, form in _COLUMNS[1:]:
            values.append(_cell(row, name, form, names, lang))
        if row["decision"] in FILLS:
            fills[position, 2] = FILLS[row["decision"]]
        rows.append(values)
    return Sheet(_title("houses", lang), _headings(_COLUMNS, lang), rows, frozen_columns=3, fills=fills)


def _cell(row: pd.Series, name: str, form: str, names: dict[str, str], lang: Lang) -> Any:  # noqa: ANN401 - a cell's value
    if name == "village":
        village = text_or_none(row["community_id"])
        return None if village is None else names.get(village, village)
    if name == "reason":
        return fullwidth(row["reason_zh"]) if lang == "zh" else row["reason_en"]
    if name == "decision":
        return DECISIONS[row["decision"]][lang == "en"]
    value = row[name]
    if is_missing(value):
        return None
    if isinstance(value, bool) or str(value) in ("True", "False"):
        return word("yes" if value else "no", lang)
    if name == "decided_by" and value == "rules":
        return _title("rules", lang)
    return str(value) if form == "@" else plain(value)


def _villages(found: FarmHouses, names: dict[str, str], lang: Lang) -> Sheet:
    side = int(lang == "en")
    columns = [(_title("village", lang), "@"), *_headings(_TOTALS, lang)]
    keys = [key for key, *_ in _TOTALS]
    for decision in HOUSE_DECISIONS:
        for key, *heading, form in _PARTS:
            sign = "·" if lang == "zh" else ": "
            columns.append((_said(f"{DECISIONS[decision][side]}{sign}{heading[side]}", lang), form))
            keys.append(f"{decision}_{key}")
    columns += _headings(_BACK, lang)
    keys += [key for key, *_ in _BACK]
    called = {**names, ALL: _title("all", lang), NOWHERE: _title("unknown", lang)}
    rows = [
        [called.get(str(key), str(key)), *(plain(row[name]) for name in keys)] for key, row in found.villages.iterrows()
    ]
    return Sheet(_title("villages", lang), columns, rows[:-1], total=rows[-1])


def _checks(found: FarmHouses, names: dict[str, str], lang: Lang) -> Sheet:
    side = int(lang == "en")
    columns = [(_title(key, lang), "@") for key in ("check", "ids", "village", "said")]
    rows = [
        [_said(CHECKS[row["check"]][side], lang), row["house_ids"],
         None if is_missing(row["community_id"]) else names.get(str(row["community_id"]), str(row["community_id"])),
         _said(row[f"said_{lang}"], lang)]
        for row in found.checks.to_dict("records")
    ]  # fmt: skip
    return Sheet(_title("checks", lang), columns, rows or [[_title("none", lang), None, None, None]])


def _notes(found: FarmHouses, lang: Lang) -> Sheet:
    rows = [[_said(zh if lang == "zh" else en, lang)] for zh, en in found.notes]
    return Sheet(_title("notes", lang), [(_title("note", lang), "@")], rows)


def _village_names(study: Study, lang: Lang) -> dict[str, str]:
    table = study["communities"]
    columns = ("name", "name_en") if lang == "zh" else ("name_en", "name")
    return {
        str(key): next((str(row[c]) for c in columns if not is_missing(row[c]) and row[c]), str(key))
        for key, row in pd.DataFrame(table.drop(columns="geometry")).iterrows()
    }


def _headings(columns: tuple[tuple[str, str, str, str], ...], lang: Lang) -> list[tuple[str, str]]:
    return [(_said(zh if lang == "zh" else en, lang), form) for _, zh, en, form in columns]


def _title(key: str, lang: Lang) -> str:
    return _said(_TITLES[key][lang == "en"], lang)


def _said(text: str, lang: Lang) -> str:
    return fullwidth(text) if lang == "zh" else text
