"""Examine a study: every indicator of a catalogue, counted from what surveys brought in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd

from geo.errors import Fault, InputError
from geo.examination.buildings import Places, first_area, locate, sites
from geo.examination.district import district_values
from geo.examination.housing import judge_housing
from geo.examination.judging import (
    CLEAR,
    FOUND,
    NOT_APPLICABLE,
    UNKNOWN,
    WORDS,
    Judged,
    read_findings,
    read_observations,
)
from geo.examination.progress import remedied
from geo.examination.residential import judge_residential
from geo.examination.result import AREAS, HOUSING_GROUPS, INDICATOR_COLUMNS, STATE_COLUMNS, Examination
from geo.examination.sentences import Names, names_of, sentences
from geo.examination.severity import summarise_areas, summarise_homes
from geo.schema import SEVERITIES, empty
from geo.standards.indicators import Catalogue, Indicator
from geo.study import Study

Told = Callable[[str, float], None]
"""Is told the name of the step and the share that is done, 0 to 1."""

Notes = tuple[tuple[str, str], ...]

_AREA_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "building": AREAS, "estate": AREAS, "unit": ("unit",),
}  # fmt: skip
"""By which areas an indicator is told that counts buildings, estates or units."""


def examine(study: Study, *, catalogue: Catalogue, today: str, told: Told | None = None) -> Examination:
    """Return every indicator of the catalogue for the study, as it stands on that day.

    Parameters
    ----------
    study : Study
        With `buildings`; `findings` and `observations` where there was a survey. Not changed.
    catalogue : Catalogue
        The edition to count by.
    today : str
        ISO day: findings are open for so many years until then.
    told : callable, optional
        Is told each step (`units`, `housing`, `residential`, `district`, `tables`, `done`) and the share that is done.

    Raises
    ------
    InputError
        When the study has no buildings that people live in, `today` is no day, or a value entered by hand has no
        source.
    """
    tell = told or _silent
    _require_day(today)
    tell("units", 0.0)
    places = locate(study, catalogue)
    observations, facilities = read_observations(study.get("observations")), study.get("facilities")
    findings = read_findings(study.get("findings"), catalogue, today)
    tell("housing", 0.3)
    housing, recorded = judge_housing(places, findings, observations, catalogue)
    earlier, _ = judge_housing(places, findings, observations, catalogue, before=True)
    tell("residential", 0.5)
    residential, _ = judge_residential(places, findings, observations, facilities, catalogue)
    earlier_areas, _ = judge_residential(places, findings, observations, facilities, catalogue, before=True)
    tell("district", 0.7)
    district = district_values(study, catalogue)
    tell("tables", 0.8)
    judged = (*housing, *residential)
    ledger, said = _ledger(study.get("findings"), findings, places, catalogue)
    subjects = {kind: _subjects(kind, places) for kind in ("building", "estate", "unit")}
    states = _states(judged, subjects)
    homes = summarise_homes(places.buildings, housing, recorded).drop(columns=["year", "lift", "heated"])
    homes = _with_findings(homes, ledger)
    areas = {
        kind: summarise_areas(frame, f"{kind}_id", homes, states, ledger)
        for kind, frame in (("estate", places.estates), ("unit", places.units), ("block", places.blocks))
    }
    if places.estates_are_units:
        areas["unit"] = areas["unit"].assign(**areas["estate"].set_axis(areas["unit"].index)[["severity"]])
    indicators = _indicators(judged, subjects, ledger, district, study=study, catalogue=catalogue, today=today)
    tell("done", 1.0)
    return Examination(
        catalogue=catalogue,
        indicators=indicators,
        groups=_groups(housing, places),
        areas=_areas(judged, subjects),
        states=states[list(STATE_COLUMNS)],
        buildings=homes,
        estates=areas["estate"].drop(columns=["homes", "households_known"]),
        units=areas["unit"],
        blocks=areas["block"],
        findings=ledger,
        before=_before((*earlier, *earlier_areas), indicators),
        today=today,
        notes=(*places.notes, *said),
    )


def _silent(_: str, __: float) -> None:
    """Hear nothing."""


def _require_day(today: str) -> None:
    try:
        date.fromisoformat(today)
    except (TypeError, ValueError) as error:
        raise InputError(Fault(f"the day of the examination is {today!r}", "write it like 2026-03-01")) from error


# ── the ledger of findings ───────────────────────────────────────────────────────────────────────────────────────────
def _ledger(
    findings: gpd.GeoDataFrame | None, read: pd.DataFrame, places: Places, catalogue: Catalogue
) -> tuple[gpd.GeoDataFrame, Notes]:
    """Return the findings with indicator, problem and place, sorted by id, and what was not counted."""
    frame = empty("findings", places.buildings.crs) if findings is None else findings.sort_index()
    read = read.reindex(frame.index)
    told = catalogue.codes
    by_code = pd.DataFrame(
        {
            "number": {code: each.number for code, (each, _) in told.items()},
            "key": {code: each.key for code, (each, _) in told.items()},
            "title_zh": {code: each.title_zh for code, (each, _) in told.items()},
            "title_en": {code: each.title_en for code, (each, _) in told.items()},
            "problem_zh": {code: one.title_zh for code, (_, one) in told.items()},
            "problem_en": {code: one.title_en for code, (_, one) in told.items()},
            "problem": {code: one.problem for code, (_, one) in told.items()},
            "remedy": {code: one.remedy for code, (_, one) in told.items()},
        }
    ).reindex(frame["code"]).set_index(frame.index)  # fmt: skip
    where = _where(frame, places)
    fits = _fits(frame, places, catalogue)
    done, duplicate = (read[name].to_numpy(dtype=bool) for name in ("done", "duplicate"))
    ledger = frame.assign(
        **{name: by_code[name] for name in by_code.columns if name != "number"},
        number=by_code["number"].astype("Int64"),
        open=~done,
        duplicate=duplicate,
        counted=~done & ~duplicate & fits,
        years_open=read["years_open"].astype("float64"),
        **where,
    )
    return ledger, _uncounted(ledger, fits)


def _fits(frame: gpd.GeoDataFrame, places: Places, catalogue: Catalogue) -> np.ndarray:
    """Return which findings are of a subject that there is and that the indicator of their code counts."""
    dimension = frame["code"].map({code: each.dimension for code, (each, _) in catalogue.codes.items()})
    of_home = ((frame["subject"] == "building") & frame["subject_id"].isin(places.buildings.index)).to_numpy(dtype=bool)
    in_estate = of_home & frame["subject_id"].map(places.buildings["estate_id"]).notna().to_numpy(dtype=bool)
    of_estate = ((frame["subject"] == "estate") & frame["subject_id"].isin(places.estates.index)).to_numpy(dtype=bool)
    of_unit = ((frame["subject"] == "unit") & frame["subject_id"].isin(places.units.index)).to_numpy(dtype=bool)
    asked_of_unit = frame["code"].map({code: each.subject == "unit" for code, (each, _) in catalogue.codes.items()})
    by_area = of_estate | in_estate | (of_unit & asked_of_unit.fillna(value=False).to_numpy(dtype=bool))
    return np.select([dimension == "housing", dimension == "residential"], [of_home, by_area], default=False)


def _uncounted(ledger: gpd.GeoDataFrame, fits: np.ndarray) -> Notes:
    notes = []
    twice = int(ledger["duplicate"].sum())
    if twice:
        notes.append(
            (
                f"{twice}条问题与另一条完全相同,只计一次。",
                f"{twice:,} findings are written down twice in all points; they count once.",
            )
        )
    strange = ledger["number"].isna()
    if strange.any():
        codes = ", ".join(sorted(set(ledger.loc[strange, "code"]))[:8])
        notes.append(
            (
                f"{int(strange.sum())}条问题的编码({codes})不在本版指标体系中,未计入。",
                f"{int(strange.sum()):,} findings have codes that this edition does not have ({codes}); "
                "they are not counted.",
            )
        )
    misplaced = int((~strange.to_numpy(dtype=bool) & ~fits).sum())
    if misplaced:
        notes.append(
            (
                f"{misplaced}条问题的对象不存在、不是住宅,或与该指标的统计对象不符,未计入,列在台账中。",
                f"{misplaced:,} findings are of something that is not there, is no home, or that their indicator "
                "does not count; they stand in the ledger, uncounted.",
            )
        )
    return tuple(notes)


def _where(frame: gpd.GeoDataFrame, places: Places) -> dict[str, pd.Series]:
    """Return where findings lie - estate, block, unit, community, site: where their subject does, else their point."""
    columns = ("estate_id", "block_id", "unit_id", "community_id")
    out = {name: frame["estate_id"].astype("object") if name == "estate_id" else pd.Series(np.nan, frame.index, object)
           for name in columns}  # fmt: skip
    tables: dict[str, pd.DataFrame] = {
        "building": places.buildings,
        "estate": places.estates.assign(estate_id=places.estates.index),
        "unit": places.units.assign(unit_id=places.units.index),
        "block": places.blocks.assign(block_id=places.blocks.index),
    }
    for kind, table in tables.items():
        rows = (frame["subject"] == kind) & frame["subject_id"].isin(table.index)
        for name in columns:
            if name in table.columns and rows.any():
                said = table[name].astype("object").reindex(frame.loc[rows, "subject_id"]).set_axis(frame.index[rows])
                out[name] = out[name].where(~rows | out[name].notna(), said.reindex(frame.index))
    lost = out["block_id"].isna() & (frame["subject"] != "unit") & (frame["subject"] != "town")
    if lost.any() and len(places.blocks):
        block = pd.Series(first_area(frame.geometry[lost].to_numpy(), places.blocks), frame.index[lost])
        out["block_id"] = out["block_id"].where(~lost, block.reindex(frame.index))
        for name in ("unit_id", "community_id"):
            said = places.blocks[name].astype("object").reindex(out["block_id"]).set_axis(frame.index)
            out[name] = out[name].where(out[name].notna(), said)
    out["site_id"] = pd.Series(
        sites(out["estate_id"].to_numpy(dtype=object), out["block_id"].to_numpy(dtype=object)), frame.index
    )
    return {name: values.astype("str") for name, values in out.items()}


def _with_findings(homes: gpd.GeoDataFrame, ledger: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the homes with their open and done findings."""
    real = (ledger["subject"] == "building") & ~ledger["duplicate"]
    counts = {}
    for name, which in (("findings_open", ledger["open"]), ("findings_done", ~ledger["open"])):
        number = ledger.loc[real & which, "subject_id"].value_counts()
        counts[name] = number.reindex(homes.index, fill_value=0).astype("Int64")
    return homes.assign(**counts)


# ── tables of the result ─────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class _Subjects:
    """Subjects of one kind: their ids, names, and for each area the position of theirs among its ids ("" is none)."""

    frame: gpd.GeoDataFrame
    names: Names
    areas: Mapping[str, tuple[np.ndarray, list[str]]]


def _subjects(kind: str, places: Places) -> _Subjects:
    frame = {"building": places.buildings, "estate": places.estates, "unit": places.units}[kind]
    if kind in ("estate", "unit"):
        frame = frame.assign(**{f"{kind}_id": pd.Series(frame.index, frame.index).astype("str")})
    for area in AREAS:
        if f"{area}_id" not in frame.columns:
            frame = frame.assign(**{f"{area}_id": pd.Series(np.nan, frame.index, dtype="str")})
    areas = {}
    for area in AREAS:
        at, ids = pd.factorize(frame[f"{area}_id"].astype("object").fillna(""), sort=True)
        areas[area] = (at, [str(each) for each in ids])
    return _Subjects(frame, names_of(frame, places.estates if kind == "building" else None), areas)


def _states(judged: tuple[Judged, ...], subjects: Mapping[str, _Subjects]) -> pd.DataFrame:
    """Return one row per indicator and subject."""
    parts = []
    for each in judged:
        frame = subjects[each.subject].frame
        group = frame["housing_group"] if each.subject == "building" else pd.Series(np.nan, frame.index, dtype="str")
        parts.append(
            pd.DataFrame(
                {
                    "number": each.indicator.number, "subject": each.subject, "subject_id": frame.index.to_numpy(),
                    "state": WORDS[each.state], "value": each.value, "codes": each.codes, "findings": each.findings,
                    "severity": np.array([np.nan, *SEVERITIES], dtype=object)[each.severity],
                    **{name: frame[name].to_numpy() for name in ("estate_id", "block_id", "unit_id", "community_id")},
                    "housing_group": group.to_numpy(), "pending": each.pending, "rank": each.severity,
                }
            )
        )  # fmt: skip
    return pd.concat(parts, ignore_index=True).astype({"severity": "str", "subject_id": "str"})


def _counts(each: Judged, at: np.ndarray, count: int) -> pd.DataFrame:
    """Return value, surveyed, total and coverage of an indicator by groups of its subjects."""
    asked = each.state != NOT_APPLICABLE
    looked = asked & (each.state != UNKNOWN)
    total, surveyed = np.bincount(at, asked, minlength=count), np.bincount(at, looked, minlength=count)
    value = np.bincount(at, np.nan_to_num(each.value), minlength=count)
    return pd.DataFrame(
        {
            "value": np.where((surveyed == 0) & (total > 0), np.nan, value),
            "surveyed": surveyed.astype(np.int64),
            "total": total.astype(np.int64),
            "coverage": np.divide(surveyed, total, out=np.full(count, np.nan), where=total > 0),
        }
    )


def _groups(housing: tuple[Judged, ...], places: Places) -> pd.DataFrame:
    at = pd.Index(HOUSING_GROUPS).get_indexer(pd.Index(places.buildings["housing_group"]))
    tables = [_counts(each, at, len(HOUSING_GROUPS)) for each in housing]
    index = pd.MultiIndex.from_product(
        [[each.indicator.number for each in housing], HOUSING_GROUPS], names=["number", "housing_group"]
    )
    return pd.concat(tables).set_axis(index)


def _areas(judged: tuple[Judged, ...], subjects: Mapping[str, _Subjects]) -> pd.DataFrame:
    tables, keys = [], []
    for each in judged:
        for area in _AREA_COLUMNS[each.subject]:
            at, ids = subjects[each.subject].areas[area]
            tables.append(_counts(each, at, len(ids)))
            keys += [(each.indicator.number, area, name) for name in ids]
    index = pd.MultiIndex.from_tuples(keys, names=["number", "area", "area_id"])
    return pd.concat(tables).set_axis(index).sort_index()


def _indicators(
    judged: tuple[Judged, ...], subjects: Mapping[str, _Subjects], ledger: gpd.GeoDataFrame, district: pd.DataFrame,
    *, study: Study, catalogue: Catalogue, today: str,
) -> pd.DataFrame:  # fmt: skip
    """Return every indicator of the catalogue, in order."""
    open_ = ledger[ledger["counted"]].groupby(["number", "problem"]).size()
    entered = _entered(study)
    rows: dict[int, dict[str, Any]] = {}
    for each in judged:
        rows[each.indicator.number] = _row_of(each, subjects[each.subject], entered)
    for number, row in district.iterrows():
        rows[int(str(number))] = {**_plain(row["note_zh"], row["note_en"]), **row.drop(["key", "source"]).to_dict(),
                                  "source": row["source"]}  # fmt: skip
    for indicator in catalogue.of("overall"):
        rows[indicator.number] = _overall(study, indicator, catalogue, today)
    table = pd.DataFrame(
        [
            {
                **_described(indicator), **rows[indicator.number],
                "source": rows[indicator.number].get("source") or _source(indicator, catalogue),
                "timed": int(open_.get((indicator.number, "timed"), 0)),
                "best_effort": int(open_.get((indicator.number, "best_effort"), 0)),
            }
            for indicator in catalogue.indicators
        ],
        index=pd.Index([each.number for each in catalogue.indicators], name="number"),
    )  # fmt: skip
    least = pd.Series({each.number: each.target_is == "least" for each in catalogue.indicators})
    table["verdict"] = _verdicts(table, least.to_numpy(dtype=bool))
    numbers = ("value", "lower", "upper", "coverage", "target")
    counts = ("surveyed", "total", "found", "clear", "not_applicable", "unknown")
    return table.astype({**dict.fromkeys(numbers, "float64"), **dict.fromkeys(counts, "Int64")})[
        list(INDICATOR_COLUMNS)
    ]


def _described(indicator: Indicator) -> dict[str, Any]:
    names = ("key", "title_zh", "title_en", "dimension", "group_zh", "group_en", "unit_zh", "unit_en", "rule")
    return {
        **{name: getattr(indicator, name) for name in names},
        "target": np.nan if indicator.target is None else indicator.target,
    }


def _source(indicator: Indicator, catalogue: Catalogue) -> str:
    return f"{catalogue.name} ({catalogue.edition}): {indicator.source}" + (
        f", {indicator.clause}" if indicator.clause else ""
    )


def _plain(note_zh: str, note_en: str) -> dict[str, Any]:
    """Return what a row without subjects has."""
    return {
        "status": "unknown", "value": np.nan, "lower": np.nan, "upper": np.nan, "surveyed": pd.NA, "total": pd.NA,
        "coverage": np.nan, "found": pd.NA, "clear": pd.NA, "not_applicable": pd.NA, "unknown": pd.NA,
        "sentence_zh": "", "sentence_en": "", "note_zh": note_zh, "note_en": note_en, "source": "",
    }  # fmt: skip


def _row_of(each: Judged, subjects: _Subjects, entered: pd.DataFrame) -> dict[str, Any]:
    """Return the row of an indicator that is counted from subjects."""
    found, clear, away, unknown = (
        int((each.state == state).sum()) for state in (FOUND, CLEAR, NOT_APPLICABLE, UNKNOWN)
    )
    total, surveyed = found + clear + unknown, found + clear
    lower = float(np.nansum(each.value))
    upper = float(each.upper.sum()) if len(each.upper) else np.nan
    known = surveyed > 0 or (total == 0 and away > 0)
    notes = list(each.notes)
    kind_zh = {"building": "栋住宅", "estate": "个小区", "unit": "个单元"}[each.subject]
    if not len(each.state):
        notes.append(("没有小区,无法统计。", "There are no estates to count."))
    elif unknown:
        notes.append(
            (
                f"{unknown}{kind_zh}尚未查明,不按没有问题计。",
                f"Of {unknown:,} {each.subject}s too little is known; they do not count as free of it.",
            )
        )
    zh, en = sentences(each, subjects.names)
    note_zh, note_en = "".join(note[0] for note in notes), " ".join(note[1] for note in notes)
    row = {
        **_plain(note_zh, note_en),
        "status": "computed" if known else "unknown", "value": lower if known else np.nan, "lower": lower,
        "upper": upper, "surveyed": surveyed, "total": total, "coverage": surveyed / total if total else np.nan,
        "found": found, "clear": clear, "not_applicable": away, "unknown": unknown, "sentence_zh": zh,
        "sentence_en": en,
    }  # fmt: skip
    key = each.indicator.key
    if not known and key in entered.index:
        value, source = float(entered.loc[key, "value"]), str(entered.loc[key, "source"])
        row |= {
            "status": "entered",
            "value": value,
            "lower": value,
            "upper": value,
            "source": source,
            "note_zh": f"填报值(来源:{source})。{note_zh}",
            "note_en": f"Entered ({source}). {note_en}",
        }
    return row


def _entered(study: Study) -> pd.DataFrame:
    """Return values entered by hand (the source is checked with the others'): index indicator key; value, source."""
    seen = study.get("observations")
    if seen is None or not len(seen):
        return pd.DataFrame({"value": [], "source": []})
    rows = seen[(seen["subject"] == "town") & seen["item"].str.startswith("value_") & seen["value"].notna()]
    return (
        rows.assign(key=rows["item"].str.removeprefix("value_"))
        .drop_duplicates("key")
        .set_index("key")[["value", "source"]]
    )


def _overall(study: Study, indicator: Indicator, catalogue: Catalogue, today: str) -> dict[str, Any]:
    """Return the row of the indicator over all: problems put right."""
    done = remedied(study.get("findings"), catalogue, today)
    value = done.value * (100.0 if indicator.unit_zh == "%" else 1.0)
    parts_zh, parts_en = [], []
    for key, zh, en in (("timed", "限时", "timed"), ("best_effort", "尽力", "best effort")):
        due, put_right = int(done.rates.loc[key, "due"]), int(done.rates.loc[key, "remedied"])
        parts_zh.append(f"{zh}{put_right}/{due}")
        parts_en.append(f"{en} {put_right:,} of {due:,}")
    note_zh = f"{';'.join(parts_zh)}。{done.note_zh}"
    note_en = f"{'; '.join(parts_en)}. {done.note_en}"
    status = "unknown" if np.isnan(value) else "computed"
    return {**_plain(note_zh, note_en), "status": status, "value": value, "lower": value, "upper": value}


def _verdicts(table: pd.DataFrame, least: np.ndarray) -> np.ndarray:
    """Return whether each target is met for certain, missed for certain, open, or absent."""
    target, lower, upper = (table[name].to_numpy(dtype=np.float64) for name in ("target", "lower", "upper"))
    met = np.where(least, lower >= target, upper <= target)
    missed = np.where(least, upper < target, lower > target)
    return np.select([np.isnan(target), met, missed], ["none", "met", "missed"], "unknown")


def _before(judged: tuple[Judged, ...], indicators: pd.DataFrame) -> pd.DataFrame:
    """Return value and bounds of every indicator with what has been put right counted as still there."""
    table = indicators[["value", "lower", "upper"]].copy()
    table.loc[table.index[indicators["dimension"] == "overall"]] = 0.0
    for each in judged:
        number = each.indicator.number
        if indicators.loc[number, "status"] == "entered":
            continue
        lower = float(np.nansum(each.value))
        surveyed = bool((each.state >= CLEAR).any()) or bool(len(each.state) and (each.state == NOT_APPLICABLE).all())
        upper = float(each.upper.sum()) if len(each.upper) else np.nan
        table.loc[number] = [lower if surveyed else np.nan, lower, upper]
    return table
