"""A plan as an Excel workbook, and plans to choose from as one: a sheet for each of their tables."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from openpyxl.formatting.rule import CellIsRule
from openpyxl.styles import PatternFill
from openpyxl.worksheet.worksheet import Worksheet

from geo.conversion import Conversions, procedure
from geo.partition.actions import PlanTables
from geo.partition.alternatives import Alternatives
from geo.partition.plan import Limits
from geo.partition.scorecard import SIX_ONES, Scorecard
from geo.study import Study
from layers.comparison import SHARES, alternative_columns, conversion_reasons
from layers.evaluation import VERDICT_FILLS
from layers.facts import change_words, matrix, names, note, old_name, repair_sentence, table_word
from layers.features import typeset
from layers.provenance import figures, limits_told, plan_limits, provenance
from layers.review import Review, typeset_review
from layers.sheets import (
    AREA,
    COUNT,
    HEAD_ROW,
    NUMBER,
    SHARE,
    SUM,
    Sheet,
    book_of,
    plain,
    save_book,
    sum_known,
    text_or_none,
    unit_heading,
)
from layers.styles import AGAINST_FILLS, against
from layers.words import Lang, fullwidth, is_missing, name_in, study_name, value_word, word

_SAME = "E8EEF4"

MATRIX_VALUES = ("households", "people", "area_m2", "buildings_count")
"""What a transfer matrix counts, a sheet each; areas are written in km²."""


def write_plan_xlsx(
    tables: PlanTables, path: Path, *, study: Study, lang: Lang = "zh", review: Review | None = None
) -> None:
    """Write a plan as an Excel workbook, whole or not at all; the same plan gives the same bytes.

    Text from data is always text, never a formula. Units stand in the headings; areas are km².

    Parameters
    ----------
    tables
        The plan's tables.
    path
        The file; one that is there is replaced.
    study
        The study it was made for: its name, repairs and notes are told.
    lang
        Language of sheets, headings and sentences. Names appear in both.
    review
        What else is known of the plan (`layers.review.review_plan`): a sheet for each thing it holds.
    """
    tables, review = typeset(tables), typeset_review(review)
    limits = plan_limits(tables)
    mark = f"{study_name(study, lang)} · {word('page.mark', lang)} · {limits_told(tables)[lang == 'en']}"
    communities = _communities(tables, limits, lang)
    same = {(i, j + 1): _SAME for i, j in matrix(tables, "households", lang).attrs["same"]}
    sheets = [
        communities,
        _bounds(tables, lang),
        *(_matrix(tables, column, same, lang) for column in MATRIX_VALUES),
        _moves(tables, lang),
    ]
    if review.heirs is not None:
        sheets.append(_heirs(review.heirs, tables, lang))
    if review.scorecard is not None:
        sheets += [_scorecard(review.scorecard, lang), _six_ones(review.scorecard, lang)]
    if review.conversions is not None:
        sheets += [_conversions(review.conversions, lang), _procedures(review.conversions, lang)]
    if review.alternatives is not None:
        sheets += _alternatives(review.alternatives, lang)
    sheets += [
        _violations(tables, lang),
        _assumptions(study, lang),
        _provenance(tables, study, lang),
        _terms(tables, lang),
    ]
    book = book_of(sheets, mark, f"{study_name(study, lang)}{word('report.title', lang)}")
    _colour_limits(book[communities.title], communities, limits)
    save_book(book, path)


def write_alternatives_xlsx(found: Alternatives, path: Path, *, study: Study, lang: Lang = "zh") -> None:
    """Write plans to choose from as an Excel workbook, whole or not at all; the same plans give the same bytes.

    Term by term beside each other, what each gains and gives up, how far they lie from each other, what else was tried.

    Parameters
    ----------
    found
        As `geo.partition.alternatives.make_alternatives` returns them.
    path
        The file; one that is there is replaced.
    study
        The study they were made for.
    lang
        Language of sheets, headings and sentences.
    """
    found = typeset_review(Review(alternatives=found)).alternatives or found
    name = study_name(study, lang)
    book = book_of(_alternatives(found, lang), f"{name} · {word('page.mark', lang)}",
                 f"{name} {word('report.alternatives', lang)}")  # fmt: skip
    save_book(book, path)


def _communities(tables: PlanTables, limits: Limits, lang: Lang) -> Sheet:
    hh, people, km2 = (word(f"unit.{unit}", lang) for unit in ("households", "people", "km2"))
    columns = [
        (word("number", lang), "0"), (word("name", lang), "@"), (word("name_en", lang), "@"),
        (word("community_id", lang), "@"), (word("kind", lang), "@"), (word("status", lang), "@"),
        (unit_heading("households", hh, lang), COUNT), (unit_heading("households_before", hh, lang), COUNT),
        (unit_heading("households_change", hh, lang), "+#,##0;-#,##0;0"), (word("against_limits", lang), "@"),
        (unit_heading("people", people, lang), COUNT), (unit_heading("people_before", people, lang), COUNT),
        (unit_heading("area_km2", km2, lang), AREA), (word("blocks_count", lang), COUNT),
        (word("buildings_count", lang), COUNT), (word("estates_count", lang), COUNT),
        (word("name_source", lang), "@"),
    ]  # fmt: skip
    rows = []
    for number, (key, row) in enumerate(tables.communities.sort_index().iterrows(), start=1):
        now, was = plain(row["households"]), plain(row["households_before"])
        rows.append([
            number, name_in(row, "zh", or_else=str(key)), name_in(row, "en", or_else=str(key)), str(key),
            value_word("kind", row["kind"], lang), change_words(row, lang), now, was,
            None if now is None or was is None else now - was,
            value_word("limits", against(now, limits.min_households, limits.max_households), lang),
            plain(row["people"]), plain(row["people_before"]), row["area_m2"] / 1e6, plain(row["blocks_count"]),
            plain(row["buildings_count"]), plain(row["estates_count"]),
            value_word("name_source", row["name_source"], lang),
        ])  # fmt: skip
    total: list[Any] = [None, word("total", lang), *[None] * (len(columns) - 2)]
    for position in (6, 10, 12, 13, 14, 15):
        total[position] = sum_known(row[position] for row in rows)
    return Sheet(word("sheet.communities", lang), columns, rows, frozen_columns=2, total=total)


def _bounds(tables: PlanTables, lang: Lang) -> Sheet:
    columns = [(word(key, lang), "@") for key in ("name", "bounds_to", "bounds_of", "text", "note")]
    rows = [
        [
            name_in(row, lang, or_else=str(key)),
            *(text_or_none(row.get(f"{column}_{lang}")) for column in ("bounds_to", "bounds_of", "text")),
            note(row, lang) or None,
        ]
        for key, row in tables.communities.sort_index().iterrows()
    ]
    return Sheet(word("sheet.bounds", lang), columns, rows)


def _matrix(tables: PlanTables, column: str, same: Mapping[tuple[int, int], str], lang: Lang) -> Sheet:
    grid = matrix(tables, column, lang)
    form, unit = (AREA, 1e6) if column == "area_m2" else (COUNT, 1)
    columns = [
        (word("report.old_new", lang), "@"),
        *((str(name), form) for name in grid.columns),
        (word("total", lang), form),
    ]
    rows = []
    for name, row in zip(grid.index, grid.to_numpy() / unit, strict=True):
        values = [plain(value) for value in row]
        rows.append([name, *values, sum_known(values)])
    total = [word("total", lang), *(sum_known(row[position] for row in rows) for position in range(1, len(columns)))]
    return Sheet(word(f"sheet.matrix_{column}", lang), columns, rows, total=total, fills=same)


def _moves(tables: PlanTables, lang: Lang) -> Sheet:
    hh, people, km2 = (word(f"unit.{unit}", lang) for unit in ("households", "people", "km2"))
    called = names(tables, lang)
    columns = [
        (word("number", lang), "0"), (word("from", lang), "@"), (word("to", lang), "@"), (word("whole", lang), "@"),
        (unit_heading("households", hh, lang), COUNT), (unit_heading("people", people, lang), COUNT),
        (unit_heading("area_km2", km2, lang), AREA), (word("buildings_count", lang), COUNT), (word("text", lang), "@"),
        (word("bounds", lang), "@"),
    ]  # fmt: skip
    rows = [
        [
            number, old_name(tables, row["from_id"], lang), called.get(str(row["to_id"])),
            word("yes" if row["whole"] else "no", lang), plain(row["households"]), plain(row["people"]),
            row["area_m2"] / 1e6, plain(row["buildings_count"]), text_or_none(row[f"text_{lang}"]),
            text_or_none(row[f"bounds_{lang}"]),
        ]
        for number, (_, row) in enumerate(tables.moves.sort_index().iterrows(), start=1)
    ]  # fmt: skip
    total = [
        None,
        word("total", lang),
        None,
        None,
        *(sum_known(row[i] for row in rows) for i in (4, 5, 6, 7)),
        None,
        None,
    ]
    return Sheet(word("sheet.moves", lang), columns, rows, frozen_columns=3, total=total)


def _heirs(heirs: pd.DataFrame, tables: PlanTables, lang: Lang) -> Sheet:
    columns = [(word(key, lang), form) for key, form in (
        ("community_before", "@"), ("heir", "@"), ("share_in_heir", SHARE), ("rule_heir", "@"), ("by_planner", "@"),
        ("largest_part", "@"), ("share_largest", SHARE), ("why", "@"))]  # fmt: skip
    called = names(tables, lang)

    def name(key: object) -> str | None:
        return None if is_missing(key) else called.get(str(key), str(key))

    rows = [
        [old_name(tables, key, lang), name(row["heir_id"]) or value_word("fate", "abolished", lang),
         plain(row["heir_share"]), name(row["rule_heir_id"]), word("yes" if row["overridden"] else "no", lang),
         name(row["largest_id"]), plain(row["largest_share"]), text_or_none(row[f"text_{lang}"])]
        for key, row in heirs.iterrows()
    ]  # fmt: skip
    return Sheet(word("sheet.heirs", lang), columns, rows)


def _scorecard(card: Scorecard, lang: Lang) -> Sheet:
    keys = (
        "number",
        "principle",
        "measure",
        "before",
        "after",
        "unit",
        "verdict",
        "better",
        "formula",
        "source",
        "note",
    )
    columns = [(word(key, lang), "0" if key == "number" else NUMBER if key in ("before", "after") else "@")
               for key in keys]  # fmt: skip
    numbers = {name: number for number, name in enumerate(card.measures["measure"].drop_duplicates(), start=1)}
    rows: list[list[Any]] = []
    forms: dict[tuple[int, int], str] = {}
    fills: dict[tuple[int, int], str] = {}
    for position, row in enumerate(card.measures.to_dict("records")):
        form = {"share": SHARE, "index": NUMBER, "km": "#,##0.0", "km²": NUMBER}.get(row["unit"], COUNT)
        forms |= {(position, 3): form, (position, 4): form}
        if fill := VERDICT_FILLS.get(row["verdict"]):
            fills[position, 6] = fill
        rows.append([
            numbers[row["measure"]], card.summary.loc[row["principle"], f"name_{lang}"], row[f"title_{lang}"],
            plain(row["before"]), plain(row["after"]), value_word("unit", row["unit"], lang),
            value_word("verdict", row["verdict"], lang), value_word("better", row["better"], lang),
            row[f"formula_{lang}"], row[f"source_{lang}"], text_or_none(row[f"note_{lang}"]),
        ])  # fmt: skip
    return Sheet(word("sheet.scorecard", lang), columns, rows, frozen_columns=3, forms=forms, fills=fills)


def _six_ones(card: Scorecard, lang: Lang) -> Sheet:
    kinds = {one: zh if lang == "zh" else en for one, (zh, en, _) in SIX_ONES.items()}
    columns = [(word("before", lang) + " / " + word("after", lang), "@"), (word("community", lang), "@"),
               *((name, COUNT) for name in kinds.values())]  # fmt: skip
    rows = [
        [word(row["when"], lang), name_in(row, lang, or_else=row["community_id"]),
         *(plain(row[one]) for one in kinds)]
        for row in card.six_ones.to_dict("records")
    ]  # fmt: skip
    lacking = {
        (i, j + 2): VERDICT_FILLS["worse"] for i, row in enumerate(rows) for j, n in enumerate(row[2:]) if n == 0
    }
    return Sheet(word("sheet.six_ones", lang), columns, rows, frozen_columns=2, fills=lacking)


def _conversions(found: Conversions, lang: Lang) -> Sheet:
    conditions = [f"condition_{number}" for number in range(1, 5)]
    keys = ("name", "subject", "conversion_type", "households", "people", "mixed_share", "eligible", *conditions,
            "why", "evidence", "asks", "proposal", "overridden")  # fmt: skip
    forms = {"households": COUNT, "people": COUNT, "mixed_share": SHARE}
    columns = [(word(key, lang), forms.get(key, "@")) for key in keys]
    rows = [
        [name_in(row, lang, or_else=str(key)), value_word("subject", row["subject"], lang),
         value_word("conversion", row["type"], lang), plain(row["households"]), plain(row["people"]),
         plain(row["mixed_share"]),
         *(None if is_missing(row[name]) else value_word("eligible", row[name], lang)
           for name in ("eligible", *conditions)),
         conversion_reasons(row, lang), *(text_or_none(row[f"{name}_{lang}"]) for name in ("evidence", "plan", "text")),
         word("yes" if row["overridden"] else "no", lang)]
        for key, row in pd.DataFrame(found.table).iterrows()
    ]  # fmt: skip
    return Sheet(word("sheet.conversions", lang), columns, rows)


def _procedures(found: Conversions, lang: Lang) -> Sheet:
    columns = [(word(key, lang), form) for key, form in (
        ("name", "@"), ("number", "0"), ("step", "@"), ("who", "@"), ("requirement", "@"), ("papers", "@"),
        ("day", COUNT))]  # fmt: skip
    rows: list[list[Any]] = []
    for key, row in pd.DataFrame(found.table).iterrows():
        if row["type"] == "none":
            continue
        for step in procedure(row).steps:
            texts = [getattr(step, f"{name}_{lang}") for name in ("title", "who", "rule")]
            papers = ("、" if lang == "zh" else ", ").join(getattr(each, lang) for each in step.documents)
            said = [fullwidth(each) if lang == "zh" else each for each in (*texts, papers)]
            rows.append([name_in(row, lang, or_else=str(key)), step.number, *said, step.day])
    return Sheet(word("sheet.procedures", lang), columns, rows or [[word("report.conversions_no", lang)]],
                  frozen_columns=2)  # fmt: skip


def _alternatives(found: Alternatives, lang: Lang) -> list[Sheet]:
    """Return the plans side by side with what each gives up, their distances, what was tried, and notes."""
    shown = alternative_columns(found, lang)
    columns = [(word("alternative", lang), "@"), *((heading, _form(column)) for column, heading, _ in shown)]
    rows = [
        [str(plan), *(_cell_value(row[column], lang) for column, _, _ in shown)] for plan, row in found.table.iterrows()
    ]
    given = [[str(plan), text] for plan, text in found.gives_up[f"text_{lang}"].items()]
    plans = list(found.distances.columns)
    distances = [[str(plan), *(float(value) for value in row)] for plan, row in
                 zip(plans, found.distances.to_numpy(), strict=True)]  # fmt: skip
    tried = [
        [
            row[f"name_{lang}"],
            plain(row["seed"]),
            plain(row["objective"]),
            text_or_none(row["plan_id"]),
            row[f"why_{lang}"],
        ]
        for row in found.tried.to_dict("records")
    ]  # fmt: skip
    sheets = [
        Sheet(word("sheet.alternatives", lang), columns, rows, frozen_columns=2),
        Sheet(word("gives_up", lang), [(word(key, lang), "@") for key in ("alternative", "gives_up")], given),
        Sheet(word("sheet.distances", lang), [(word("alternative", lang), "@"), *((str(p), SHARE) for p in plans)],
               distances),
        Sheet(word("sheet.tried", lang), [(word(key, lang), form) for key, form in (
            ("aim", "@"), ("chance", "0"), ("objective", SUM), ("alternative", "@"), ("why", "@"))], tried),
    ]  # fmt: skip
    if found.notes:
        notes = [[fullwidth(note.zh) if lang == "zh" else note.en] for note in found.notes]
        sheets.append(Sheet(word("note", lang), [(word("note", lang), "@")], notes))
    return sheets


def _form(column: str) -> str:
    if column in SHARES:
        return SHARE
    if column == "objective":
        return SUM
    return AREA if column.endswith("_km2") else "@" if column.startswith("name_") or column == "pareto" else COUNT


def _cell_value(value: Any, lang: Lang) -> Any:  # noqa: ANN401 - a value of a table, as a cell wants it
    if isinstance(value, str):
        return value
    return word("yes" if value else "no", lang) if isinstance(value, bool | np.bool_) else plain(value)


def _violations(tables: PlanTables, lang: Lang) -> Sheet:
    columns = [(word(key, lang), form) for key, form in (
        ("rule", "@"), ("community", "@"), ("measured", NUMBER), ("allowed", NUMBER), ("note", "@"))]  # fmt: skip
    called = names(tables, lang)
    rows = [
        [value_word("rule", row["rule"], lang), called.get(str(row["community_id"]), text_or_none(row["community_id"])),
         plain(row["measured"]), plain(row["allowed"]), text_or_none(row[f"text_{lang}"])]
        for row in tables.violations.to_dict("records")
    ]  # fmt: skip
    return Sheet(word("sheet.violations", lang), columns, rows or [[word("page.no_violations", lang)]])


def _assumptions(study: Study, lang: Lang) -> Sheet:
    columns = [(word(key, lang), "@") for key in ("table", "row", "what", "reason", "note")]
    rows = [
        [table_word(each.table, lang), each.row_id, value_word("action", each.action, lang), each.code,
         repair_sentence(each, lang)]
        for each in study.repairs
    ]  # fmt: skip
    return Sheet(word("sheet.assumptions", lang), columns, rows or [[word("report.none", lang)]])


def _provenance(tables: PlanTables, study: Study, lang: Lang) -> Sheet:
    side = int(lang == "en")
    columns = [(word(key, lang), "@") for key in ("item", "value")]
    rows = [[row.label[side], row.value[side]] for row in (*figures(tables), *provenance(tables, study))]
    return Sheet(word("sheet.provenance", lang), columns, rows)


def _terms(tables: PlanTables, lang: Lang) -> Sheet:
    columns = [(word(key, lang), NUMBER if key in ("value", "weight", "weighted") else "@")
               for key in ("term", "value", "unit", "weight", "weighted", "meaning")]  # fmt: skip
    rows = [
        [value_word("term", term["term"], lang), plain(term["value"]), value_word("unit", term["unit"], lang),
         plain(term["weight"]), plain(term["weighted"]), text_or_none(term[f"meaning_{lang}"])]
        for term in tables.terms.to_dict("records")
    ]  # fmt: skip
    return Sheet(word("sheet.terms", lang), columns, rows)


def _colour_limits(page: Worksheet, sheet: Sheet, limits: Limits) -> None:
    """Colour the households by rule, so that colours follow when a figure is edited."""
    cells = f"G{HEAD_ROW + 1}:G{HEAD_ROW + len(sheet.rows)}"
    below, above = (PatternFill("solid", bgColor=AGAINST_FILLS[name][1:]) for name in ("below", "above"))
    page.conditional_formatting.add(cells, CellIsRule("lessThan", [str(limits.min_households)], fill=below))
    page.conditional_formatting.add(cells, CellIsRule("greaterThan", [str(limits.max_households)], fill=above))
