"""A renovation programme as an Excel workbook."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd

from geo.programme.programme import summarise
from layers.programme.facts import (
    CLASSES,
    PAYERS,
    bound_sentence,
    class_word,
    grouped_measures,
    in_language,
    left_sentence,
    money_wan,
    named_reason,
    payer_words,
    price_word,
    programme_provenance,
    programme_sites,
    programme_summary,
    with_years,
    year_sentences,
    years_text,
)
from layers.sheets import COUNT, NUMBER, SHARE, Sheet, book_of, plain, save_book, sum_known, text_or_none
from layers.words import Lang, fullwidth, heading, is_missing, study_name, value_word, word

if TYPE_CHECKING:
    from geo.programme.curve import Curve
    from geo.programme.programme import Programme
    from geo.study import Study

_MONEY = ("cost_yuan", *(f"{payer}_yuan" for payer in PAYERS))
_MONEY_HEADS = (("cost_wan", NUMBER), ("public_wan", NUMBER), ("residents_wan", NUMBER), ("social_wan", NUMBER))
_EXAMPLE_FILL = "FBEDBF"


def write_programme_xlsx(
    programme: Programme,
    measures: gpd.GeoDataFrame,
    path: Path,
    *,
    study: Study,
    curve: Curve | None = None,
    lang: Lang = "zh",
) -> None:
    """Write a programme as an Excel workbook, whole or not at all; the same programme gives the same bytes.

    Summary; by year, payer and class; site by site (一区一策); every measure; what was not chosen and why; what more
    money buys; bound and gap in plain words; prices with their sources, examples marked. Money is in 10,000 yuan.

    Parameters
    ----------
    programme
        As `geo.programme.choose.make_programme` returns it.
    measures
        What it chose from, as `geo.programme.measures.measures` returns it.
    path
        The file; one that is there is replaced.
    study
        The study it was made for.
    curve
        What more money buys (`geo.programme.curve.marginal_curve`); sheets of its own.
    lang
        Language of sheets, headings and sentences.
    """
    table = pd.DataFrame(with_years(programme, measures).drop(columns=measures.geometry.name))
    sites = programme_sites(measures, study, lang)
    sheets = [
        _overview(programme, measures, lang), _years(programme, lang), _payers(programme, measures, lang),
        _classes(programme, measures, lang), _sites(table, sites, lang), _items(table, sites, lang),
        _left(table, sites, lang),
    ]  # fmt: skip
    if curve is not None:
        sheets += _curve(curve, table, sites, lang)
    sheets += [_bound(programme, lang), _prices(table, lang), _provenance(programme, study, lang)]
    name = study_name(study, lang)
    mark = f"{name} · {word('page.mark', lang)} · {years_text(programme, lang)}"
    save_book(book_of(sheets, mark, f"{name} {word('report.programme', lang)}"), path)


def _heads(lang: Lang, *keys: tuple[str, str]) -> list[tuple[str, str]]:
    return [(heading(key, lang), form) for key, form in keys]


def _overview(programme: Programme, measures: pd.DataFrame, lang: Lang) -> Sheet:
    rows = [[text] for text in _story(programme, measures, lang)]
    return Sheet(word("sheet.prog_overview", lang), [(word("note", lang), "@")], rows)


def _years(programme: Programme, lang: Lang) -> Sheet:
    columns = _heads(
        lang, ("year", "0"), ("budget_wan", NUMBER), ("carried_wan", NUMBER), ("public_wan", NUMBER),
        ("left_wan", NUMBER), ("residents_wan", NUMBER), ("social_wan", NUMBER), ("cost_wan", NUMBER),
        ("basic_wan", NUMBER),
        ("improve_wan", NUMBER), ("upgrade_wan", NUMBER), ("sites_count", COUNT), ("measures_count", COUNT),
        ("safety_count", COUNT), ("elder_child", COUNT), ("need_met", COUNT),
    )  # fmt: skip
    money = ("budget", "carried", "spent", "left", "residents", "social", "cost", *CLASSES)
    rows = [
        [int(str(year)), *(money_wan(row[f"{name}_yuan"]) for name in money),
         *(plain(row[name]) for name in ("sites", "measures", "safety", "elder_child")),
         round(float(row["need_met"]), 1)]
        for year, row in programme.years.iterrows()
    ]  # fmt: skip
    total: list[Any] = [word("total", lang), *(sum_known(row[n] for row in rows) for n in range(1, len(columns)))]
    total[2] = total[11] = None  # carried money and sites under works in several years do not add up
    return Sheet(word("sheet.prog_years", lang), columns, rows, total=total)


def _payers(programme: Programme, measures: pd.DataFrame, lang: Lang) -> Sheet:
    table = summarise(programme, measures, by="payer")
    columns = _heads(lang, ("who_pays", "@"), ("cost_wan", NUMBER), ("share", SHARE))
    rows = [[word(f"payer_{who}", lang), money_wan(table.loc[who, "yuan"]), plain(table.loc[who, "share"])]
            for who in PAYERS]  # fmt: skip
    total = [word("total", lang), money_wan(table.loc["all", "yuan"]), plain(table.loc["all", "share"])]
    return Sheet(word("sheet.prog_payers", lang), columns, rows, total=total)


def _classes(programme: Programme, measures: pd.DataFrame, lang: Lang) -> Sheet:
    table = summarise(programme, measures, by="class_")
    columns = _heads(lang, ("class_works", "@"), ("measures_count", COUNT), ("measures_all", COUNT), *_MONEY_HEADS,
                     ("need_share", SHARE))  # fmt: skip
    rows = [
        [class_word(name, lang), plain(table.loc[name, "measures"]), plain(table.loc[name, "measures_all"]),
         *(money_wan(table.loc[name, column]) for column in _MONEY), plain(table.loc[name, "need_share"])]
        for name in CLASSES if name in table.index
    ]  # fmt: skip
    total = [word("total", lang), *(sum_known(row[n] for row in rows) for n in range(1, 7)), None]
    return Sheet(word("sheet.prog_classes", lang), columns, rows, total=total)


def _sites(table: pd.DataFrame, sites: dict[str, str], lang: Lang) -> Sheet:
    """Return one plan per site: its measures by year, summed by kind, each site under a line with its sum."""
    columns = _heads(
        lang, ("site", "@"), ("year", "0"), ("programme_measure", "@"), ("class_works", "@"), ("remedy", "@"),
        ("safety", "@"), ("places_count", COUNT), ("quantity", NUMBER), ("unit", "@"), *_MONEY_HEADS,
        ("price_kind", "@"), ("who_pays", "@"),
    )  # fmt: skip
    kinds = grouped_measures(table[table["year"].notna()])
    rows: list[list[Any]] = []
    fills: dict[tuple[int, int], str] = {}
    for site, part in kinds.groupby("site_id", sort=True):
        fills |= {(len(rows), n): "F0EDE5" for n in range(len(columns))}
        sums = [money_wan(part[name].sum(min_count=1)) for name in _MONEY]
        years = ", ".join(str(int(year)) for year in sorted(part["year"].unique()))
        named = sites.get(str(site), str(site))
        rows.append([named, None, years, None, None, None, int(part["places"].sum()), None, None, *sums, None, None])
        for row in part.to_dict("records"):
            if row["example_cost"]:
                fills[len(rows), 13] = _EXAMPLE_FILL
            rows.append([
                named, int(row["year"]), row[f"title_{lang}"], class_word(row["class_"], lang),
                value_word("remedy", row["remedy"], lang), word("yes" if row["safety"] else "no", lang),
                int(row["places"]), plain(row["quantity"]), value_word("extent_unit", row["unit"], lang),
                *(money_wan(row[name]) for name in _MONEY), price_word(row, lang), payer_words(row, lang),
            ])  # fmt: skip
    rows = rows or [[word("report.prog_nothing", lang), *[None] * (len(columns) - 1)]]
    return Sheet(word("sheet.prog_sites", lang), columns, rows, fills=fills)


def _items(table: pd.DataFrame, sites: dict[str, str], lang: Lang) -> Sheet:
    columns = _heads(
        lang, ("year", "0"), ("site", "@"), ("programme_measure", "@"), ("subject", "@"), ("building_id", "@"),
        ("class_works", "@"), ("quantity", NUMBER), ("unit", "@"), ("quantity_source", "@"), ("unit_yuan", NUMBER),
        ("price_kind", "@"), *_MONEY_HEADS, ("code", "@"), ("why", "@"),
    )  # fmt: skip
    chosen = table[table["year"].notna()].sort_values(["year", "site_id", "key", "subject_id"], kind="stable")
    rows = [
        [
            int(row["year"]), sites.get(str(row["site_id"]), str(row["site_id"])), row[f"title_{lang}"],
            value_word("subject", row["subject"], lang), str(row["subject_id"]), class_word(row["class_"], lang),
            plain(row["quantity"]), value_word("extent_unit", row["unit"], lang),
            _said(row.get(f"quantity_source_{lang}"), lang), plain(row["unit_yuan"]), price_word(row, lang),
            *(money_wan(row[name]) for name in _MONEY), text_or_none(row["codes"]), _said(row[f"why_{lang}"], lang),
        ]
        for row in chosen.to_dict("records")
    ]  # fmt: skip
    rows = rows or [[None, word("report.prog_nothing", lang), *[None] * (len(columns) - 2)]]
    return Sheet(word("sheet.prog_items", lang), columns, rows, frozen_columns=3)


def _left(table: pd.DataFrame, sites: dict[str, str], lang: Lang) -> Sheet:
    columns = _heads(
        lang, ("site", "@"), ("programme_measure", "@"), ("subject", "@"), ("building_id", "@"), ("class_works", "@"),
        ("safety", "@"), ("cost_wan", NUMBER), ("public_wan", NUMBER), ("price_kind", "@"), ("need", NUMBER),
        ("why", "@"),
    )  # fmt: skip
    left = table[table["year"].isna()].sort_values(["need"], ascending=False, kind="stable")
    rows = [
        [
            sites.get(str(row["site_id"]), str(row["site_id"])), row[f"title_{lang}"],
            value_word("subject", row["subject"], lang), str(row["subject_id"]), class_word(row["class_"], lang),
            word("yes" if row["safety"] else "no", lang), money_wan(row["cost_yuan"]), money_wan(row["public_yuan"]),
            price_word(row, lang), plain(round(float(row["need"]), 1)) if not is_missing(row["need"]) else None,
            named_reason(row[f"why_{lang}"], table, lang) or _said(row.get(f"why_not_{lang}"), lang),
        ]
        for row in left.to_dict("records")
    ]  # fmt: skip
    rows = rows or [[word("report.prog_left_none", lang), *[None] * (len(columns) - 1)]]
    return Sheet(word("sheet.prog_left", lang), columns, rows, frozen_columns=2)


def _curve(curve: Curve, table: pd.DataFrame, sites: dict[str, str], lang: Lang) -> list[Sheet]:
    columns = _heads(
        lang, ("extra_wan", "+#,##0.0;-#,##0.0;0"), ("budget_wan", NUMBER), ("feasible", "@"), ("public_wan", NUMBER),
        ("need_met", COUNT), ("need_more", "+#,##0.0;-#,##0.0;0"), ("need_per_million", NUMBER),
        ("measures_count", COUNT),        ("measures_more", "+#,##0;-#,##0;0"), ("proven", "@"), ("why", "@"),
    )  # fmt: skip
    rows = [
        [
            money_wan(extra), money_wan(row["budget_yuan"]), word("yes" if row["feasible"] else "no", lang),
            money_wan(row["spent_yuan"]), plain(row["need_met"]), plain(row["need_met_more"]),
            plain(row["need_per_million"]), plain(row["measures"]), plain(row["measures_more"]),
            None if is_missing(row["proven"]) else word("yes" if row["proven"] else "no", lang),
            _said(row[f"reason_{lang}"], lang),
        ]
        for extra, row in curve.points.iterrows()
    ]  # fmt: skip
    others = _heads(lang, ("site", "@"), ("programme_measure", "@"), ("need", NUMBER), ("public_wan", NUMBER),
                    ("enters_wan", NUMBER))  # fmt: skip
    names = table[["site_id", f"title_{lang}"]]
    told = [
        [sites.get(str(names.loc[key, "site_id"]), ""), names.loc[key, f"title_{lang}"], plain(row["need"]),
         money_wan(row["public_yuan"]), money_wan(row["enters_at_yuan"])]
        for key, row in curve.break_even.iterrows() if key in names.index
    ]  # fmt: skip
    return [
        Sheet(word("sheet.prog_curve", lang), columns, rows),
        Sheet(word("sheet.prog_break_even", lang), others, told or [[word("report.none", lang)]], frozen_columns=2),
    ]


def _bound(programme: Programme, lang: Lang) -> Sheet:
    columns = _heads(
        lang, ("stage", "@"), ("value", NUMBER), ("bound", NUMBER), ("gap_share", "0.00%"), ("proven", "@")
    )
    rows: list[list[Any]] = [
        [stage.title_zh if lang == "zh" else stage.title_en, stage.value, stage.bound, stage.gap,
         word("yes" if stage.proven else "no", lang)]
        for stage in programme.stages
    ]  # fmt: skip
    rows.append([bound_sentence(programme, lang), None, None, None, None])
    return Sheet(word("sheet.prog_bound", lang), columns, rows)


def _prices(table: pd.DataFrame, lang: Lang) -> Sheet:
    """Return every price that was used, once, with its source; examples are coloured and say so."""
    columns = _heads(lang, ("programme_measure", "@"), ("class_works", "@"), ("unit", "@"), ("unit_yuan", NUMBER),
                     ("price_kind", "@"), ("price_source", "@"), ("measures_count", COUNT))  # fmt: skip
    keys = ["key", "unit", "unit_yuan", "price_source"]
    grouped = table.groupby(keys, dropna=False, sort=True)
    first = grouped[["title_zh", "title_en", "class_", "priced", "example_cost", "remedy", "cost_yuan"]].first()
    first["count"] = grouped.size()
    rows: list[list[Any]] = []
    fills: dict[tuple[int, int], str] = {}
    for row in first.reset_index().to_dict("records"):
        if row["example_cost"]:
            fills |= {(len(rows), n): _EXAMPLE_FILL for n in (3, 4, 5)}
        rows.append([
            row[f"title_{lang}"], class_word(row["class_"], lang), value_word("extent_unit", row["unit"], lang),
            plain(row["unit_yuan"]), price_word(row, lang), in_language(row["price_source"], lang), int(row["count"]),
        ])  # fmt: skip
    return Sheet(word("sheet.prog_prices", lang), columns, rows, fills=fills)


def _provenance(programme: Programme, study: Study, lang: Lang) -> Sheet:
    side = int(lang == "en")
    rows = [[row.label[side], row.value[side]] for row in programme_provenance(programme, study)]
    return Sheet(word("sheet.prog_provenance", lang), _heads(lang, ("item", "@"), ("value", "@")), rows)


def _said(text: object, lang: Lang) -> str | None:
    if is_missing(text) or not str(text):
        return None
    return fullwidth(str(text)) if lang == "zh" else str(text)


def _story(programme: Programme, measures: gpd.GeoDataFrame, lang: Lang) -> list[str]:
    """Return the programme in sentences: the whole, year by year, what is left and why."""
    left = left_sentence(programme, measures, lang)
    return [*programme_summary(programme, measures, lang), *year_sentences(programme, measures, lang),
            *([left] if left else [])]  # fmt: skip
