"""The demo town counted a second time: cells of its workbooks and rows of its tables, one by one, in plain Python."""

import io
import math
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest

from geo.examination.examine import examine
from geo.examination.result import Examination
from geo.standards import load_catalogue
from geo.study import read_study

WORDS = {"有": "found", "无": "clear", "不涉及": "n/a", "是": 1, "否": 0}
SUBJECTS = {"住宅楼": "building", "小区": "estate", "体检单元": "unit", "街坊": "block"}
KINDS = {"楼": "building", "小": "estate", "体": "unit"}
"""What a form is about, by the first character of its first heading."""
HEADS = ("id", "name", "estate", "address", "surveyed_on", "surveyor", "_id")

Key = tuple[str, str, str]
Tally = tuple[float | None, int, int]


def day(value: object) -> str:
    return value.date().isoformat() if isinstance(value, datetime) else ""


@dataclass(frozen=True)
class Said:
    """What the workbooks say: answers by subject, id and item with their day, and findings of a code."""

    answers: Mapping[Key, tuple[Any, str]]
    findings: Mapping[Key, list[dict[str, Any]]]

    def code(self, subject: str, who: str, code: str) -> str | None:
        """Found while a finding is open; clear when all are done and nobody found it later; else the answer."""
        listed = self.findings.get((subject, who, code), [])
        answer, on = self.answers.get((subject, who, code), (None, ""))
        if any(not each["done"] for each in listed):
            return "found"
        again = answer == "found" and on > max((each["done_on"] for each in listed), default="")
        return "clear" if listed and answer != "n/a" and not again else answer

    def amount(self, who: str, item: str) -> float | None:
        answer, _ = self.answers.get(("estate", who, item), (None, ""))
        return 0.0 if answer == "n/a" else answer

    def open(self, subject: str, who: str, code: str) -> list[float | None]:
        """The extents of the open findings."""
        return [each.get("extent") for each in self.findings.get((subject, who, code), []) if not each["done"]]


def read(paths: Iterable[Path]) -> Said:
    answers: dict[Key, tuple[Any, str]] = {}
    rows: dict[str, dict[str, Any]] = {}
    for path in paths:
        for sheet in openpyxl.load_workbook(io.BytesIO(path.read_bytes()), read_only=True):
            mark, keys, _, _, heads, *body = list(sheet.iter_rows(values_only=True)) + [()] * 5
            form = str(mark[0]).removeprefix("shequ-form:") if mark else ""
            if form == mark[0] or form in ("guide", "town"):
                continue
            for cells in body:
                row = {key: cell for key, cell in zip(keys, cells, strict=False) if cell not in (None, "")}
                if form == "findings" and row:
                    rows[row["finding_id"]] = rows.get(row["finding_id"], {}) | row
                    continue
                for item, cell in row.items():
                    key = (KINDS.get(str(heads[0])[:1], ""), row.get("id", ""), item)
                    if item not in HEADS and answers.get(key, (0, ""))[1] <= day(row["surveyed_on"]):
                        answers[key] = (WORDS.get(cell, cell), day(row["surveyed_on"]))
    findings: dict[Key, list[dict[str, Any]]] = defaultdict(list)
    for row in rows.values():
        row |= {"done": row["status"] in ("已整治", "已复核"), "done_on": day(row.get("done_on"))}
        findings[SUBJECTS[row["subject"]], row["subject_id"], row["code"].split()[0]].append(row)
    return Said(answers, findings)


def known(value: Any) -> bool:
    return value is not None and not pd.isna(value)


def area_of(points: gpd.GeoSeries, given: pd.Series, areas: gpd.GeoDataFrame) -> dict[str, str]:
    """The area that the building names, else the first that holds its point; "" for none."""
    inside = gpd.sjoin(gpd.GeoDataFrame(geometry=points), areas[["geometry"]], predicate="intersects")
    held = inside.iloc[:, -1].groupby(level=0).min().to_dict()
    return {who: one if one in areas.index else held.get(who, "") for who, one in given.items()}


def homes_of(study: Path) -> pd.DataFrame:
    """Homes with floors, year, group, estate and community, by the rules of the page on examinations."""
    table = {name: gpd.read_file(study, layer=name) for name in ("buildings", "estates", "communities")}
    buildings = table["buildings"].set_index("building_id")
    estates = table["estates"].set_index("estate_id")
    communities = table["communities"].set_index("community_id")
    lived = (buildings[["dwellings", "households", "people"]].fillna(0) > 0).any(axis=1)
    vague = buildings["use"].fillna("unknown").eq("unknown") & (buildings.area >= 20)
    homes = buildings[buildings["use"].isin(["residential", "mixed"]) | vague | lived]
    points = homes.representative_point()
    estate = area_of(points, homes["estate_id"], estates)
    community = area_of(points, homes["community_id"], communities)
    rows = {}
    for who, home in homes.iterrows():
        year, floors = home["year_built"], home["floors"]
        if not known(year) and estate[who]:
            year = estates["year_built"][estate[who]]
        rural = community[who] and communities["kind"][community[who]] in ("village", "converted")
        if known(floors) and known(year) and floors <= 1 and year < 1950:
            group = "historic"
        elif rural and not estate[who] and home["use"] == "residential" and known(floors) and floors <= 4:
            group = "self_built"
        elif not known(year):
            group = "unknown"
        else:
            group = "before_2000" if year < 2000 else "2000_2010" if year <= 2010 else "after_2010"
        rows[who] = {"floors": floors, "year": year, "group": group, "estate": estate[who], "community": community[who],
                     "households": home["households"], "dwellings": home["dwellings"]}  # fmt: skip
    return pd.DataFrame.from_dict(rows, orient="index")


def judge(said: Said, indicator: Mapping[str, Any], who: str, home: Mapping[str, Any]) -> tuple[str | None, float]:
    """State and value of one housing indicator of one home."""
    states = []
    for code in indicator["codes"]:
        state = said.code("building", who, code["code"])
        low = known(home["floors"]) and home["floors"] < code.get("min_floors", 0)
        young = "built_before" in code and known(home["year"]) and home["year"] > code["built_before"]
        apart = home["group"] == "self_built" and (
            indicator["key"] in ("stairs", "ageing") or code["code"] in ("9b", "9c")
        )
        states.append("n/a" if (low or young or apart) and state != "found" else state)
    if "found" not in states:
        return (None if None in states else "clear" if "clear" in states else "n/a"), 0
    value = 1.0
    if indicator.get("counts") == "flats":
        value = sum(1 if each is None else each for each in said.open("building", who, "5")) or 1
    wanted = said.amount(home["estate"], f"support_{indicator['key']}")
    return "found", 0 if indicator.get("rule") == "survey" and wanted is not None and wanted < 0.5 else value


def tally(states: Iterable[tuple[str | None, float]]) -> Tally:
    """Value, looked at, all that it is asked of."""
    asked = [each for each in states if each[0] != "n/a"]
    looked = [each for each in asked if each[0] is not None]
    return (sum(value for _, value in asked) if looked or not asked else None), len(looked), len(asked)


def told(row: pd.Series) -> Tally:
    value = None if math.isnan(row["value"]) else round(float(row["value"]), 6)
    return value, int(row["surveyed"]), int(row["total"])


def gap(said: Said, who: str, code: str, missing: float | None) -> tuple[str | None, float]:
    """What is missing in an estate: measured, or as findings tell it, at least one for those that tell nothing."""
    extents = said.open("estate", who, code)
    state = said.code("estate", who, code)
    if state == "found":
        least = max(sum(each or 0 for each in extents), float(None in extents or not extents))
        missing = max(missing or 0, least)
    if missing is None:
        return state, 0
    return ("found" if missing > 0 else "clear"), max(missing, 0)


def of_estate(said: Said, key: str, who: str, households: float | None) -> tuple[str | None, float]:
    """State and value of one indicator of one estate."""

    @cache
    def has(item: str) -> float | None:
        return said.amount(who, item)

    def less(wanted: float | None, *there: float | None) -> float | None:
        return None if wanted is None or None in there else wanted - sum(each for each in there if each is not None)

    if key == "parking":
        wanted = has("parking_demand")
        return gap(said, who, "14", less(households if wanted is None else wanted, has("parking_spaces")))
    if key == "ev_charging":
        public = has("ev_public")
        return gap(said, who, "15", less(has("ev_demand"), has("ev_private"), None if public is None else 3 * public))
    if key == "footpaths":
        return said.code("estate", who, "18"), sum(each or 0 for each in said.open("estate", who, "18")) / 1000
    code = {"ebike_charging": "16", "waste_sorting": "19", "property_management": "20", "smart_estate": "21"}[key]
    state = said.code("estate", who, code)
    if key == "ebike_charging":
        wanted, spaces, wires = (has(f"ebike_{each}") for each in ("demand", "spaces", "wires"))
        short = spaces == 0 or wires == 1 or (wanted is not None and spaces is not None and spaces < wanted)
        measured = "found" if short else None if None in (wanted, spaces, wires) else "clear"
    elif key == "smart_estate":
        there = [has(each) for each in ("parcel_box", "parcel_locker", "security_system")]
        measured = "found" if 0 in there else None if None in there else "clear"
    else:
        measured = None
    state = "found" if "found" in (state, measured) else measured or state
    return state, float(state == "found")


@pytest.fixture(scope="module")
def said(root: Path) -> Said:
    return read(root / "data" / "qinghe" / f"survey-{year}.xlsx" for year in (2025, 2026))


@pytest.fixture(scope="module")
def homes(demo: Path) -> pd.DataFrame:
    return homes_of(demo / "study.gpkg")


@pytest.fixture(scope="module", params=["examination-2025", "examination-2023"])
def edition(request: pytest.FixtureRequest, demo: Path, root: Path) -> tuple[list[dict[str, Any]], Examination]:
    """The indicators as the file has them, and the examination."""
    plain = tomllib.loads((root / "geo" / "standards" / f"{request.param}.toml").read_text("utf-8"))
    counted = examine(read_study(demo / "study.gpkg"), catalogue=load_catalogue(request.param), today="2026-09-30")
    return plain["indicator"], counted


def test_housing_is_counted_alike(
    said: Said, homes: pd.DataFrame, edition: tuple[list[dict[str, Any]], Examination]
) -> None:
    """Value, surveyed and total of every indicator: in all, by housing group, by community and by estate."""
    indicators, counted = edition
    rows = homes.to_dict("index")
    for indicator in (each for each in indicators if each["dimension"] == "housing"):
        number = indicator["number"]
        states = {who: judge(said, indicator, who, home) for who, home in rows.items()}
        assert told(counted.indicators.loc[number]) == tally(states.values()), indicator["key"]
        for group, ids in homes.groupby("group").groups.items():
            assert told(counted.groups.loc[(number, group)]) == tally(states[each] for each in ids)
        for area in ("community", "estate"):
            for name, ids in homes.groupby(area).groups.items():
                row = counted.areas.loc[(number, area, name)]
                assert told(row) == tally(states[each] for each in ids), (indicator["key"], area, name)


def test_estates_are_counted_alike(
    said: Said, homes: pd.DataFrame, demo: Path, edition: tuple[list[dict[str, Any]], Examination]
) -> None:
    """Each estate by itself; households are its own, else those of its homes, else their dwellings."""
    indicators, counted = edition
    estates = {}
    for who, own in gpd.read_file(demo / "study.gpkg", layer="estates").set_index("estate_id")["households"].items():
        inside = homes[homes["estate"] == who]
        sums = [own, *(inside[each].sum(skipna=False) for each in ("households", "dwellings") if len(inside))]
        estates[who] = next((float(each) for each in sums if known(each)), None)
    keys = ("parking", "ev_charging", "ebike_charging", "footpaths", "waste_sorting", "property_management",
            "smart_estate")  # fmt: skip
    for indicator in (each for each in indicators if each["key"] in keys):
        states = {who: of_estate(said, indicator["key"], who, count) for who, count in estates.items()}
        value, looked, asked = tally(states.values())
        assert told(counted.indicators.loc[indicator["number"]]) == (round(value or 0, 6), looked, asked)
        for who, state in states.items():
            assert told(counted.areas.loc[(indicator["number"], "estate", who)])[1:] == tally([state])[1:], who
