"""An examination as an Excel workbook: 1表 1台账 2清单, and the indicators they are counted into."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd

from geo.examination.result import HOUSING_GROUPS
from layers.examination.facts import (
    area_names,
    between,
    catalogue_title,
    city_grades,
    day,
    percent,
    problem_class,
    problem_rows,
    provenance,
    site_names,
    summary,
    totals,
    unknowns,
)
from layers.examination.frames import building_name, public_findings, state_columns, without_few
from layers.facts import repair_groups, table_word
from layers.features import FEWEST_SHOWN
from layers.programme.facts import class_word, money_wan, payer_words, price_word
from layers.sheets import COUNT, NUMBER, SHARE, Sheet, book_of, plain, save_book, text_or_none
from layers.styles import COVERAGE_FILLS, SEVERITY_PALE
from layers.words import Lang, fullwidth, heading, is_missing, name_in, number, study_name, value_word, word

if TYPE_CHECKING:
    from geo.examination.candidates import Candidates
    from geo.examination.progress import Progress
    from geo.examination.result import Examination
    from geo.study import Study

_UNKNOWN_FILL = "D9D9D9"
_PALE = {"found": "F6CFC4", "remedied": "CFE0EE", "clear": "EAF3E4", "unknown": _UNKNOWN_FILL}


def write_examination_xlsx(
    examination: Examination,
    path: Path,
    *,
    study: Study,
    candidates: Candidates | None = None,
    progress: Progress | None = None,
    measures: gpd.GeoDataFrame | None = None,
    lang: Lang = "zh",
) -> None:
    """Write an examination as an Excel workbook, whole or not at all; the same one gives the same bytes.

    Overview; indicators; the survey table estate by estate (体检调查表); the building ledger (房屋体检台账); the list
    of problems with the fixed sentence (问题清单) and their rows; the list of remedies (整治清单); results by housing
    group and by unit; candidates; progress; what is unknown; provenance. Text from data is always text, never a
    formula. No household, no name of a person; what is about a home has no place (see `layers.examination.frames`).

    Parameters
    ----------
    examination
        As `geo.examination.examine.examine` returns it.
    path
        The file; one that is there is replaced.
    study
        The study that was examined: its name, repairs and notes are told.
    candidates
        Old estates ranked for renovation: sheets of their own.
    progress
        What has been started and completed; a sheet of its own.
    measures
        What would put the problems right (`geo.programme.measures.measures`): the list of remedies.
    lang
        Language of sheets, headings and sentences.
    """
    mark = f"{study_name(study, lang)} · {word('page.mark', lang)} · {catalogue_title(examination.catalogue, lang)}"
    sheets = [
        _overview(examination, study, lang),
        _indicators(examination, lang),
        _survey_table(examination, lang),
        _ledger(examination, study, lang),
        _problems(examination, study, lang),
    ]
    if measures is not None:
        sheets.append(_remedies(measures, examination, site_names(examination, study, lang), lang))
    sheets += [_problem_details(examination, study, lang), _groups(examination, lang), _units(examination, lang)]
    if candidates is not None:
        sheets += _candidates(candidates, lang)
    if progress is not None:
        sheets.append(_progress(progress, lang))
    if examination.catalogue.of("city"):
        sheets.append(_grades(examination, lang))
    sheets += [_unknown(examination, study, lang), _provenance(examination, study, lang)]
    title = f"{study_name(study, lang)} {word('report.examination', lang)}"
    save_book(book_of(sheets, mark, title), path)


def _overview(examination: Examination, study: Study, lang: Lang) -> Sheet:
    told = totals(examination)
    columns = [(word("item", lang), "@"), (word("value", lang), "@")]
    items = [
        ("study", study_name(study, lang)), ("report.catalogue", catalogue_title(examination.catalogue, lang)),
        ("report.today", day(examination.today, lang)),
        ("buildings_in_all", number(told["buildings"], lang)),
        ("buildings_surveyed", f"{number(told['surveyed'], lang)} / {number(told['buildings'], lang)} "
                               f"({percent(told['share'], lang)})"),
        ("estates_count", number(told["estates"], lang)), ("layer.units", number(told["units"], lang)),
        ("findings_open", number(told["open"], lang)), ("findings_done", number(told["done"], lang)),
        *((f"severity.{name}", number(told[name], lang)) for name in ("very_serious", "serious", "general")),
        *((f"problem.{name}", number(told[name], lang)) for name in ("timed", "best_effort")),
    ]  # fmt: skip
    rows = [[word(key, lang), value] for key, value in items]
    rows += [["", text] for text in summary(examination, lang)]
    rows.append(["", word("report.privacy", lang, n=FEWEST_SHOWN)])
    return Sheet(word("sheet.exam_overview", lang), columns, rows)


def _indicators(examination: Examination, lang: Lang) -> Sheet:
    keys = (
        ("indicator_no", "0"), ("dimension", "@"), ("indicator_group", "@"), ("indicator", "@"), ("value", NUMBER),
        ("unit", "@"), ("value_status", "@"), ("surveyed", COUNT), ("total", COUNT), ("coverage", SHARE),
        ("bounds_value", "@"), ("before_works", NUMBER), ("state_found", COUNT), ("state_clear", COUNT),
        ("state_unknown", COUNT), ("state_not_applicable", COUNT), ("timed_count", COUNT),
        ("best_effort_count", COUNT), ("target", NUMBER), ("target_met", "@"), ("rule_class", "@"), ("sentence", "@"),
        ("note", "@"), ("entered_from", "@"),
    )  # fmt: skip
    rows: list[list[Any]] = []
    forms: dict[tuple[int, int], str] = {}
    fills: dict[tuple[int, int], str] = {}
    before = examination.before["value"].reindex(examination.indicators.index)
    for position, (n, row) in enumerate(examination.indicators.iterrows()):
        for column, value in ((4, row["value"]), (11, before[n]), (18, row["target"])):
            forms[position, column] = COUNT if not is_missing(value) and float(value).is_integer() else NUMBER
        if row["status"] == "unknown":
            fills[position, 4] = fills[position, 6] = _UNKNOWN_FILL
        if not is_missing(row["coverage"]) and float(row["coverage"]) < 1:
            fills[position, 9] = _UNKNOWN_FILL if float(row["coverage"]) == 0 else COVERAGE_FILLS["part"][1:]
        rows.append([
            int(str(n)), value_word("dimension", row["dimension"], lang), text_or_none(row[f"group_{lang}"]),
            row[f"title_{lang}"],
            word("unknown", lang) if is_missing(row["value"]) else plain(row["value"]), row[f"unit_{lang}"],
            value_word("value_status", row["status"], lang), plain(row["surveyed"]), plain(row["total"]),
            plain(row["coverage"]), between(row, lang) or None, plain(before[n]),
            *(plain(row[name]) for name in ("found", "clear", "unknown", "not_applicable", "timed", "best_effort")),
            plain(row["target"]), value_word("target_met", row["verdict"], lang),
            value_word("rule_class", row["rule"], lang), _said(row, "sentence", lang), _said(row, "note", lang),
            text_or_none(row["source"]),
        ])  # fmt: skip
    columns = [(heading(key, lang), form) for key, form in keys]
    return Sheet(word("sheet.indicators", lang), columns, rows, frozen_columns=4, forms=forms, fills=fills)


def _survey_table(examination: Examination, lang: Lang) -> Sheet:
    """Return the survey table: for every estate what each indicator of housing and residential areas gave."""
    columns = [(heading(key, lang), form) for key, form in (
        ("estate", "@"), ("estate_surveyed", "@"), ("indicator_no", "0"), ("indicator", "@"), ("value", NUMBER),
        ("unit", "@"), ("surveyed", COUNT), ("total", COUNT), ("coverage", SHARE), ("state", "@"))]  # fmt: skip
    chosen = examination.catalogue.of("housing", "residential")
    areas = examination.areas.xs("estate", level="area") if len(examination.areas) else examination.areas
    states = examination.states[examination.states["subject"].isin(("estate", "unit"))]
    state_of = states.set_index(["number", "subject", "subject_id"])["state"].to_dict()
    rows: list[list[Any]] = []
    forms: dict[tuple[int, int], str] = {}
    fills: dict[tuple[int, int], str] = {}
    for key, estate in examination.estates.sort_index().iterrows():
        name = name_in(estate, lang, or_else=str(key))
        surveyed = word("page.buildings_said", lang, surveyed=number(estate["buildings_surveyed"], lang),
                        all=number(estate["buildings"], lang))  # fmt: skip
        for indicator in chosen:
            place = (indicator.number, str(key))
            found = areas.loc[place] if place in areas.index else None
            subject = "unit" if indicator.subject == "unit" else "estate"
            at = estate.get("unit_id") if subject == "unit" else key
            if indicator.subject == "building":
                state = _of_counts(found)
            else:
                state = str(state_of.get((indicator.number, subject, str(at)), "unknown"))
            values = (
                [None] * 4 if found is None else [found[name] for name in ("value", "surveyed", "total", "coverage")]
            )
            if indicator.subject == "unit":  # the estate shares its unit's result: the unit's value is not the estate's
                values = [None, None, None, None]
            fills[len(rows), 9] = _PALE.get(state, "FFFFFF")
            forms[len(rows), 4] = NUMBER if indicator.counts == "length" else COUNT
            rows.append([
                name, surveyed, indicator.number, indicator.title_zh if lang == "zh" else indicator.title_en,
                plain(values[0]), indicator.unit_zh if lang == "zh" else indicator.unit_en,
                *(plain(value) for value in values[1:]), value_word("state", state, lang),
            ])  # fmt: skip
    rows = rows or [[word("report.exam_no_estates", lang), *[None] * (len(columns) - 1)]]
    return Sheet(word("sheet.estates_survey", lang), columns, rows, fills=fills, forms=forms)


def _of_counts(found: pd.Series | None) -> str:
    """Return what is known of an estate as a whole from the count of its buildings."""
    if found is None or not found["surveyed"]:
        return "unknown"
    if found["value"] > 0:
        return "found"
    return "clear" if found["surveyed"] >= found["total"] else "unknown"


def _ledger(examination: Examination, study: Study, lang: Lang) -> Sheet:
    buildings = examination.buildings.sort_index()
    housing = [each for each in examination.catalogue.of("housing") if each.subject == "building"]
    named = (("estate", "@"), ("building", "@"), ("building_id", "@"), ("community", "@"), ("unit_id", "@"),
             ("year_built", "0"), ("floors", COUNT), ("structure", "@"), ("housing_group", "@"), ("severity", "@"),
             ("findings_open", COUNT), ("findings_done", COUNT), ("surveyed_share", SHARE))  # fmt: skip
    columns = [(heading(key, lang), form) for key, form in named]
    columns += [
        (f"{each.number} {_short(each.title_zh if lang == 'zh' else each.title_en, lang)}", "@") for each in housing
    ]
    estates, communities, units = (
        area_names(examination, study, kind, lang) for kind in ("estate", "community", "unit")
    )
    states = state_columns(examination).get("buildings", {})
    marks = {each.number: states.get(f"i{each.number:02d}", pd.Series(dtype="str")).reindex(buildings.index)
             for each in housing}  # fmt: skip
    told = {
        each: value_word("state", each, lang) for each in ("found", "remedied", "clear", "not_applicable", "unknown")
    }
    grave = {each: value_word("severity", each, lang) for each in SEVERITY_PALE}
    sets = {name: marks[name].fillna("unknown").tolist() for name in marks}
    fills: dict[tuple[int, int], str] = {}
    rows: list[list[Any]] = []
    for position, (key, row) in enumerate(zip(buildings.index, buildings.to_dict("records"), strict=True)):
        known = [sets[each.number][position] for each in housing]
        severity = str(row["severity"])
        fills[position, 9] = SEVERITY_PALE.get(severity, _UNKNOWN_FILL)
        fills |= {(position, len(named) + n): _PALE[state] for n, state in enumerate(known) if state in _PALE}
        rows.append([
            _named(row["estate_id"], estates) or word("page.outside_estates", lang),
            building_name(row.get("name"), key, lang), str(key), _named(row["community_id"], communities),
            _named(row["unit_id"], units), plain(row.get("year_built")), plain(row.get("floors")),
            text_or_none(row.get("structure")), value_word("housing_group", row["housing_group"], lang),
            grave.get(severity, severity), plain(row["findings_open"]), plain(row["findings_done"]),
            plain(row["surveyed_share"]), *(told.get(state, state) for state in known),
        ])  # fmt: skip
    return Sheet(word("sheet.ledger", lang), columns, rows, frozen_columns=2, fills=fills)


def _short(title: str, lang: Lang) -> str:
    return title.removesuffix("的住宅数量").removesuffix("数量") if lang == "zh" else title


def _problems(examination: Examination, study: Study, lang: Lang) -> Sheet:
    columns = [(heading(key, lang), form) for key, form in (
        ("number", "0"), ("site", "@"), ("indicator_no", "0"), ("code", "@"), ("sentence", "@"), ("severity", "@"),
        ("problem", "@"), ("remedy", "@"), ("extent", NUMBER), ("unit", "@"), ("due_on", "@"))]  # fmt: skip
    sites = site_names(examination, study, lang)
    fills: dict[tuple[int, int], str] = {}
    rows: list[list[Any]] = []
    for position, row in enumerate(problem_rows(examination, lang).to_dict("records")):
        if not is_missing(row["severity"]):
            fills[position, 5] = SEVERITY_PALE[str(row["severity"])]
        rows.append([
            position + 1, sites.get(row["site_id"], row["site_id"]), row["number"], row["code"] or None,
            row["sentence"],
            *(None if is_missing(row[name]) else value_word(name, row[name], lang)
              for name in ("severity", "problem", "remedy")),
            plain(row["extent"]),
            None if is_missing(row["extent"]) else value_word("extent_unit", row["extent_unit"], lang),
            text_or_none(row["due_on"]),
        ])  # fmt: skip
    rows = rows or [[None, word("report.exam_no_findings", lang), *[None] * (len(columns) - 2)]]
    return Sheet(word("sheet.problems", lang), columns, rows, frozen_columns=2, fills=fills)


def _problem_details(examination: Examination, study: Study, lang: Lang) -> Sheet:
    columns = [(heading(key, lang), form) for key, form in (
        ("finding_id", "@"), ("site", "@"), ("subject", "@"), ("building", "@"), ("code", "@"), ("finding", "@"),
        ("severity", "@"), ("problem", "@"), ("finding_status", "@"), ("location", "@"), ("extent", NUMBER),
        ("unit", "@"), ("surveyed_on", "@"), ("due_on", "@"), ("done_on", "@"), ("years_open", "0.0"),
        ("photo", "@"))]  # fmt: skip
    sites = site_names(examination, study, lang)
    names = examination.buildings["name"] if "name" in examination.buildings else pd.Series(dtype="str")
    findings = public_findings(examination)
    rows = [
        [
            str(key), _named(row.get("site_id"), sites), value_word("subject", row["subject"], lang),
            building_name(names.get(row["subject_id"]), row["subject_id"], lang), str(row["code"]),
            str(row[f"problem_{lang}"]), value_word("severity", row["severity"], lang),
            value_word("problem", row["problem"], lang), value_word("finding_status", row["status"], lang),
            text_or_none(row.get("location")), plain(row.get("extent")),
            None if is_missing(row.get("extent")) else value_word("extent_unit", row.get("extent_unit"), lang),
            *(text_or_none(row.get(name)) for name in ("surveyed_on", "due_on", "done_on")),
            plain(row.get("years_open")), text_or_none(row.get("photo")),
        ]
        for key, row in zip(findings.index, pd.DataFrame(findings).to_dict("records"), strict=True)
    ]  # fmt: skip
    return Sheet(word("sheet.problem_rows", lang), columns, rows or [[word("report.exam_no_findings", lang)]])


def _remedies(measures: pd.DataFrame, examination: Examination, sites: Mapping[str, str], lang: Lang) -> Sheet:
    """Return the list of remedies (整治清单): what, how much, which class, who pays, at which price."""
    columns = [(heading(key, lang), form) for key, form in (
        ("site", "@"), ("programme_measure", "@"), ("class_works", "@"), ("remedy", "@"), ("problem", "@"),
        ("safety", "@"), ("quantity", NUMBER), ("unit", "@"), ("quantity_source", "@"), ("unit_yuan", NUMBER),
        ("price_kind", "@"), ("cost_wan", NUMBER), ("public_wan", NUMBER), ("residents_wan", NUMBER),
        ("social_wan", NUMBER), ("who_pays", "@"), ("code", "@"), ("why", "@"))]  # fmt: skip
    ordered = measures.sort_values(["site_id", "class_", "key"], kind="stable", na_position="last")
    rows = [
        [
            sites.get(str(row["site_id"]), text_or_none(row.get("site_name")) or text_or_none(row["site_id"])),
            str(row[f"title_{lang}"]), class_word(row["class_"], lang), value_word("remedy", row["remedy"], lang),
            problem_class(row["codes"], examination.catalogue, lang), word("yes" if row["safety"] else "no", lang),
            plain(row["quantity"]), value_word("extent_unit", row["unit"], lang),
            text_or_none(row.get(f"quantity_source_{lang}")), plain(row["unit_yuan"]), price_word(row, lang),
            *(money_wan(row[name]) for name in ("cost_yuan", "public_yuan", "residents_yuan", "social_yuan")),
            payer_words(row, lang), text_or_none(row["codes"]), text_or_none(row.get(f"why_not_{lang}")),
        ]
        for row in pd.DataFrame(ordered).to_dict("records")
    ]  # fmt: skip
    return Sheet(word("sheet.remedies", lang), columns, rows or [[word("report.none", lang)]], frozen_columns=2)


def _groups(examination: Examination, lang: Lang) -> Sheet:
    columns = [(heading(key, lang), form) for key, form in (
        ("indicator_no", "0"), ("indicator", "@"), ("housing_group", "@"), ("value", NUMBER), ("unit", "@"),
        ("surveyed", COUNT), ("total", COUNT), ("coverage", SHARE))]  # fmt: skip
    rows = []
    for indicator in examination.catalogue.of("housing"):
        for group in HOUSING_GROUPS:
            if (indicator.number, group) not in examination.groups.index:
                continue
            row = examination.groups.loc[(indicator.number, group)]
            rows.append([
                indicator.number, indicator.title_zh if lang == "zh" else indicator.title_en,
                value_word("housing_group", group, lang),
                "—" if not row["total"] else word("unknown", lang) if is_missing(row["value"]) else plain(row["value"]),
                indicator.unit_zh if lang == "zh" else indicator.unit_en,
                plain(row["surveyed"]), plain(row["total"]), plain(row["coverage"]),
            ])  # fmt: skip
    return Sheet(
        word("sheet.housing_groups", lang), columns, rows or [[None, word("report.none", lang)]], frozen_columns=2
    )


def _units(examination: Examination, lang: Lang) -> Sheet:
    columns = [(heading(key, lang), form) for key, form in (
        ("unit_id", "@"), ("households", COUNT), ("people", COUNT), ("unit_size", "@"), ("buildings_count", COUNT),
        ("buildings_surveyed", COUNT), ("surveyed_share", SHARE), ("severity", "@"), ("findings_open", COUNT),
        ("findings_done", COUNT), ("findings_per_ha", NUMBER))]  # fmt: skip
    units = without_few(examination.units) if "households" in examination.units else examination.units
    rows = [
        [name_in(row, lang, or_else=str(key)), plain(row.get("households")), plain(row.get("people")),
         value_word("limits", row.get("size"), lang), *(plain(row[name]) for name in (
             "buildings", "buildings_surveyed", "surveyed_share")), value_word("severity", row["severity"], lang),
         *(plain(row[name]) for name in ("findings_open", "findings_done", "findings_per_ha"))]
        for key, row in units.sort_index().iterrows()
    ]  # fmt: skip
    return Sheet(word("sheet.units", lang), columns, rows or [[word("report.none", lang)]])


def _candidates(found: Candidates, lang: Lang) -> list[Sheet]:
    table = found.table
    columns = [(heading(key, lang), form) for key, form in (
        ("rank", "0"), ("candidate_group", "@"), ("site", "@"), ("year_built", "0"), ("households", COUNT),
        ("buildings_count", COUNT), ("points", NUMBER), ("why", "@"))]  # fmt: skip
    shown = without_few(table) if "households" in table else table
    called = {str(key): name_in(row, lang, or_else=str(key)) for key, row in table.iterrows()}
    rows = [
        [plain(row["rank"]), value_word("candidate_group", row["group"], lang), called[str(key)],
         *(plain(row.get(name)) for name in ("year_built", "households", "buildings", "points_total")),
         _said(row, "reasons", lang)]
        for key, row in shown.iterrows()
    ]  # fmt: skip
    parts = [
        [called.get(str(row["site_id"]), str(row["site_id"])), row[f"title_{lang}"], plain(row["raw"]),
         text_or_none(row.get(f"unit_{lang}", row.get("unit"))), plain(row["share"]), plain(row["weight"]),
         plain(row["points"]), word("data.known" if row["known"] else "data.unknown", lang)]
        for row in found.parts.to_dict("records")
    ]  # fmt: skip
    part_columns = [(heading(key, lang), form) for key, form in (
        ("site", "@"), ("part", "@"), ("raw", NUMBER), ("unit", "@"), ("share", SHARE), ("weight", NUMBER),
        ("points", NUMBER), ("known", "@"))]  # fmt: skip
    rules = [
        [called.get(str(row["site_id"]), str(row["site_id"])), value_word("rule_list", row["list"], lang),
         value_word("rule_severity", row["severity"], lang), value_word("rule_verdict", row["verdict"], lang),
         _any(row["measured"]), _any(row["allowed"]), _said(row, "text", lang), text_or_none(row["source"])]
        for row in found.verdicts.to_dict("records")
    ]  # fmt: skip
    rule_columns = [(heading(key, lang), "@") for key in (
        "site", "rule_list", "rule_severity", "verdict", "measured", "allowed", "rule", "source")]  # fmt: skip
    none = [[word("report.none", lang)]]
    return [
        Sheet(word("sheet.candidates", lang), columns, rows or none, frozen_columns=3),
        Sheet(word("sheet.candidate_parts", lang), part_columns, parts or none),
        Sheet(word("sheet.candidate_rules", lang), rule_columns, rules or none),
    ]


def _progress(progress: Progress, lang: Lang) -> Sheet:
    columns = [(heading(key, lang), form) for key, form in (
        ("item", "@"), ("unit", "@"), ("planned", NUMBER), ("value", NUMBER), ("share", SHARE),
        ("note", "@"))]  # fmt: skip
    rows = [
        [row[f"title_{lang}"], text_or_none(row.get(f"unit_{lang}")), plain(row["planned"]),
         word("unknown", lang) if is_missing(row["value"]) else plain(row["value"]), plain(row["share"]),
         _said(row, "note", lang)]
        for _, row in progress.figures.iterrows()
    ]  # fmt: skip
    return Sheet(word("sheet.progress", lang), columns, rows)


def _grades(examination: Examination, lang: Lang) -> Sheet:
    rows, overall, note = city_grades(examination, lang)
    columns = [(heading(key, lang), form) for key, form in (
        ("indicator_no", "0"), ("indicator", "@"), ("value", "@"), ("target", "@"), ("share", SHARE),
        ("grade", "@"))]  # fmt: skip
    told: list[list[Any]] = [[number, *texts[:3], plain(share), texts[3]] for number, share, *texts in rows]
    told += [[None, name, None, None, None, grade] for name, grade in overall]
    told.append([None, note, *[None] * 4])
    return Sheet(word("sheet.grades", lang), columns, told, frozen_columns=2)


def _unknown(examination: Examination, study: Study, lang: Lang) -> Sheet:
    columns = [(word("what", lang), "@"), (word("note", lang), "@")]
    rows: list[list[Any]] = [[None, text] for text in unknowns(examination, lang)]
    rows += [[word("notes", lang), fullwidth(zh) if lang == "zh" else en] for zh, en in examination.notes]
    rows += [
        [f"{table_word(each.table, lang)} · {value_word('action', each.action, lang)} × {number(each.times, lang)}",
         each.sentence] for each in repair_groups(study, lang)
    ]  # fmt: skip
    return Sheet(word("sheet.unknown", lang), columns, rows)


def _provenance(examination: Examination, study: Study, lang: Lang) -> Sheet:
    side = int(lang == "en")
    columns = [(heading(key, lang), "@") for key in ("item", "value")]
    rows = [[row.label[side], row.value[side]] for row in provenance(examination, study)]
    return Sheet(word("sheet.exam_provenance", lang), columns, rows)


def _said(row: Mapping[str, Any] | pd.Series, name: str, lang: Lang) -> str | None:
    """Return a text of two columns in one language, Chinese punctuation put right; None where it is empty."""
    value = row.get(f"{name}_{lang}")
    if is_missing(value) or not str(value):
        return None
    return fullwidth(str(value)) if lang == "zh" else str(value)


def _named(key: object, names: Mapping[str, str]) -> str | None:
    return None if is_missing(key) else names.get(str(key), str(key))


def _any(value: object) -> Any:  # noqa: ANN401 - a cell holds a number or a text
    if is_missing(value):
        return None
    return str(value) if isinstance(value, str) else plain(value) if not isinstance(value, bool) else str(value)
