"""A renovation programme as a Word document (老旧小区改造计划)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd

from geo.programme.programme import summarise
from layers.catalogue import phase_style
from layers.drawing import chinese_font, classes_png
from layers.features import FEWEST_SHOWN, context_frames
from layers.paper import Paper, stopped
from layers.programme.facts import (
    CLASSES,
    PAYERS,
    asked,
    bound_sentence,
    class_word,
    grouped_measures,
    in_language,
    left_sentence,
    named_reason,
    payer_words,
    price_word,
    programme_provenance,
    programme_sites,
    programme_summary,
    programme_totals,
    quantity_text,
    site_frame,
    wan_text,
    with_years,
    year_sentences,
    years_text,
)
from layers.words import Lang, fullwidth, heading, is_missing, number, study_name, value_word, word

if TYPE_CHECKING:
    from geo.programme.curve import Curve
    from geo.programme.programme import Programme
    from geo.study import Study

MOST_SITES, MOST_LEFT = 15, 30
"""Longer lists stand in the workbook; the document says how many more there are."""

_MONEY = ("cost_yuan", *(f"{payer}_yuan" for payer in PAYERS))


def write_programme_docx(
    programme: Programme,
    measures: gpd.GeoDataFrame,
    path: Path,
    *,
    study: Study,
    curve: Curve | None = None,
    lang: Lang = "zh",
) -> None:
    """Write a programme as a Word document, whole or not at all; the same one gives the same bytes on one machine.

    Cover, summary, year by year, who pays, classes, map of the years, sites with their plans (一区一策), what was not
    chosen and why, what more money buys, how good it is, prices, what was asked. Parameters as of
    `layers.programme.workbook.write_programme_xlsx`.
    """
    report = _Report(programme, measures, study, lang)
    report.title_page()
    report.section("report.prog_overview", programme_summary(programme, measures, lang))
    report.years()
    report.payers()
    report.map()
    report.sites()
    report.left()
    if curve is not None:
        report.curve(curve)
    report.bound()
    report.prices()
    report.sources()
    report.save(path)


class _Report(Paper):
    """The document while it is written."""

    def __init__(self, programme: Programme, measures: gpd.GeoDataFrame, study: Study, lang: Lang) -> None:
        super().__init__(lang, title=f"{study_name(study, lang)} {word('report.programme', lang)}")
        self.programme, self.measures, self.study = programme, measures, study
        self.plan = pd.DataFrame(with_years(programme, measures).drop(columns=measures.geometry.name))
        self.names = programme_sites(measures, study, lang)

    def title_page(self) -> None:
        told = programme_totals(self.programme, self.measures)
        rows = [
            (word("years", self.lang), years_text(self.programme, self.lang)),
            (word("sites_count", self.lang), number(told["sites"], self.lang)),
            (word("cost_wan", self.lang), wan_text(told["cost"], self.lang)),
            (word("report.author", self.lang), ""),
            (word("report.date", self.lang), word("report.date_blank", self.lang)),
            (word("page.review_number", self.lang), word("page.review_pending", self.lang)),
        ]
        note = word("page.mark_note", self.lang)
        if bool(self.measures["example_cost"].fillna(False).astype(bool).any()):
            note += ("" if self.lang == "zh" else " ") + word("report.prog_example", self.lang)
        self.cover(study_name(self.study, self.lang), word("report.programme", self.lang), rows, note)

    def years(self) -> None:
        """Write what each year costs whom, and how much is done."""
        self.section("report.prog_years", year_sentences(self.programme, self.measures, self.lang))
        keys = ("year", "budget_wan", "public_wan", "residents_wan", "social_wan", "cost_wan", "sites_count",
                "measures_count", "safety_count")  # fmt: skip
        money = ("budget_yuan", "spent_yuan", "residents_yuan", "social_yuan", "cost_yuan")
        table = self.programme.years
        rows = [
            [str(year), *(wan_text(row[name], self.lang) for name in money),
             *(number(row[name], self.lang) for name in ("sites", "measures", "safety"))]
            for year, row in table.iterrows()
        ]  # fmt: skip
        rows.append([word("total", self.lang), *(wan_text(table[name].sum(), self.lang) for name in money), "",
                     *(number(table[name].sum(), self.lang) for name in ("measures", "safety"))])  # fmt: skip
        self.table("report.prog_years", [heading(key, self.lang) for key in keys], rows, total=True, size=8.5,
                   widths=(1.4, 2.1, 2.1, 2.0, 2.0, 2.1, 1.4, 1.5, 1.6), numbers=range(1, 9))  # fmt: skip

    def payers(self) -> None:
        """Write who pays, and the classes 基础, 完善, 提升."""
        self.section("report.prog_payers")
        payers = summarise(self.programme, self.measures, by="payer")
        rows = [[word(f"payer_{who}", self.lang), wan_text(payers.loc[who, "yuan"], self.lang),
                 "—" if is_missing(payers.loc[who, "share"]) else f"{payers.loc[who, 'share']:.1%}"]
                for who in PAYERS]  # fmt: skip
        rows.append([word("total", self.lang), wan_text(payers.loc["all", "yuan"], self.lang), ""])
        self.table("report.prog_payers", [heading(key, self.lang) for key in ("who_pays", "cost_wan", "share")], rows,
                   widths=(5.0, 5.0, 4.0), numbers=(1, 2), total=True)  # fmt: skip
        classes = summarise(self.programme, self.measures, by="class_")
        told = [
            [class_word(name, self.lang), f"{classes.loc[name, 'measures']:,} / {classes.loc[name, 'measures_all']:,}",
             *(wan_text(classes.loc[name, column], self.lang) for column in _MONEY),
             "—" if is_missing(classes.loc[name, "need_share"]) else f"{classes.loc[name, 'need_share']:.1%}"]
            for name in CLASSES if name in classes.index
        ]  # fmt: skip
        keys = ("class_works", "measures_count", "cost_wan", "public_wan", "residents_wan", "social_wan", "need_share")
        heads = [heading(key, self.lang) for key in keys]
        self.table("report.prog_classes", heads, told, widths=(2.6, 2.8, 2.2, 2.2, 2.2, 2.0, 2.0), numbers=range(1, 7),
                   size=9)  # fmt: skip

    def map(self) -> None:
        """Draw the sites by the year in which most of their money is spent."""
        self.section("report.prog_map")
        font = chinese_font()
        if font is None:
            self.paragraph(word("report.no_font", self.lang))
        frame = site_frame(self.programme, self.measures, self.study)
        behind = context_frames({name: self.study.tables[name] for name in ("roads", "barriers")
                                 if name in self.study.tables}, frame.crs)  # fmt: skip
        # units lie under blocks under estates: the smaller site is drawn on top
        frame = frame.assign(_area=frame.area).sort_values("_area", ascending=False)
        shown = frame[~frame.index.str.startswith("unit:")]
        if shown.empty:
            self.paragraph(word("report.prog_nothing", self.lang))
            return
        picture = classes_png(shown, phase_style([int(y) for y in self.programme.years.index]), context=behind,
                              lang=self.lang, font=font)  # fmt: skip
        self.picture(picture, word("report.prog_map", self.lang))
        self.paragraph(word("report.prog_map_said", self.lang))

    def sites(self) -> None:
        """Write the sites, dearest first, and for each its plan: what, how much, when, at whose cost."""
        chosen = self.plan[self.plan["year"].notna()]
        self.section("report.prog_sites")
        if chosen.empty:
            self.paragraph(word("report.prog_nothing", self.lang))
            return
        frame = pd.DataFrame(site_frame(self.programme, self.measures, self.study)).query("measures > 0")
        ordered = frame.sort_values(["first_year", "cost_yuan"], ascending=[True, False], kind="stable")
        dear = frame.sort_values("cost_yuan", ascending=False, kind="stable").head(MOST_SITES).index
        money = ("cost_wan", "public_wan", "residents_wan", "social_wan")
        heads = [heading(key, self.lang) for key in ("site", "year", "measures_count", "safety_count", *money)]
        rows = [
            [self.names[str(site)], row["years"].replace(";", "、" if self.lang == "zh" else ", "),
             number(row["measures"], self.lang), number(row["safety"], self.lang),
             *(wan_text(row[name], self.lang) for name in _MONEY)]
            for site, row in ordered[ordered.index.isin(dear)].iterrows()
        ]  # fmt: skip
        self.table("report.prog_site_list", heads, rows, widths=(3.7, 3.1, 1.5, 1.5, 1.8, 1.7, 1.7, 1.6),
                   numbers=range(2, 8), size=8.5, together=False)  # fmt: skip
        if len(frame) > len(rows):
            self.paragraph(word("report.prog_site_more", self.lang, n=number(len(frame) - len(rows), self.lang)))
        kinds = grouped_measures(chosen)
        for site in dear:
            part = kinds[kinds["site_id"] == site]
            sums = frame.loc[site]
            self._site(str(site), part, sums)

    def _site(self, site: str, part: pd.DataFrame, sums: pd.Series) -> None:
        """Write the plan of one site."""
        comma = "、" if self.lang == "zh" else ", "
        title = word(
            "report.prog_site_title", self.lang, name=self.names[site], years=comma.join(sums["years"].split(";"))
        )
        said = word("report.prog_site_said", self.lang, n=number(sums["measures"], self.lang),
                    **{name: wan_text(sums[f"{name}_yuan"], self.lang) for name in ("cost", *PAYERS)})  # fmt: skip
        rows = [
            [str(int(row["year"])), str(row[f"title_{self.lang}"]), class_word(row["class_"], self.lang),
             number(row["places"], self.lang), quantity_text(row, self.lang), _cost(row["cost_yuan"], self.lang),
             price_word(row, self.lang), payer_words(row, self.lang) or "—"]
            for row in part.sort_values(["year", "class_", "key"], kind="stable").to_dict("records")
        ]  # fmt: skip
        rows.append([said, *[""] * 7])
        keys = (
            "year",
            "programme_measure",
            "class_works",
            "places_count",
            "quantity",
            "cost_wan",
            "price_kind",
            "who_pays",
        )
        heads = [heading(key, self.lang) for key in keys]
        self.table(title, heads, rows, widths=(1.1, 3.5, 2.4, 1.1, 2.1, 1.5, 2.4, 2.5), numbers=(3, 4, 5), size=8,
                   bands=(len(rows) - 1,), together=False)  # fmt: skip

    def left(self) -> None:
        """Write what was not chosen, most needed first, and why."""
        left = self.plan[self.plan["year"].isna()].sort_values("need", ascending=False, kind="stable")
        said = left_sentence(self.programme, self.measures, self.lang)
        self.section("report.prog_left", [said] if said else [])
        if left.empty:
            self.paragraph(word("report.prog_left_none", self.lang))
            return
        rows = [
            [self.names.get(str(row["site_id"]), str(row["site_id"])), str(row[f"title_{self.lang}"]),
             class_word(row["class_"], self.lang),
             "—" if is_missing(row["cost_yuan"]) else wan_text(row["cost_yuan"], self.lang),
             named_reason(row[f"why_{self.lang}"], self.plan, self.lang)]
            for row in left.head(MOST_LEFT).to_dict("records")
        ]  # fmt: skip
        heads = [heading(key, self.lang) for key in ("site", "programme_measure", "class_works", "cost_wan", "why")]
        self.table("report.prog_left", heads, rows, widths=(3.0, 3.5, 2.4, 1.6, 5.9), numbers=(3,), size=8.5,
                   together=False)  # fmt: skip
        if len(left) > len(rows):
            self.paragraph(word("report.candidates_more", self.lang, n=number(len(left) - len(rows), self.lang)))

    def curve(self, curve: Curve) -> None:
        """Write what more (and less) public money does."""
        self.section("report.prog_curve", [word("report.prog_curve_said", self.lang)])
        rows = []
        for extra, row in curve.points.iterrows():
            sign = "" if float(str(extra)) == 0 else "+" if float(str(extra)) > 0 else "−"
            shown = sign + wan_text(abs(float(str(extra))), self.lang)
            if not row["feasible"]:
                reason = row[f"reason_{self.lang}"]
                said = "" if is_missing(reason) else fullwidth(str(reason)) if self.lang == "zh" else str(reason)
                rows.append([shown, wan_text(row["budget_yuan"], self.lang), word("no", self.lang), "—", "—", said])
                continue
            rows.append([shown, wan_text(row["budget_yuan"], self.lang), number(row["need_met"], self.lang),
                         "—" if is_missing(row["need_met_more"]) else f"{row['need_met_more']:+,.0f}",
                         "—" if is_missing(row["need_per_million"]) else number(row["need_per_million"], self.lang),
                         number(row["measures"], self.lang)])  # fmt: skip
        heads = [heading(key, self.lang) for key in (
            "extra_wan", "budget_wan", "need_met", "need_more", "need_per_million", "measures_count")]  # fmt: skip
        self.table("report.prog_curve", heads, rows, widths=(2.6, 2.8, 2.6, 2.6, 2.9, 2.5), numbers=range(6), size=9)

    def bound(self) -> None:
        """Write in plain words how good the programme is known to be, step by step."""
        self.section("report.prog_bound", [bound_sentence(self.programme, self.lang)])
        rows = [
            [stage.title_zh if self.lang == "zh" else stage.title_en, number(stage.value, self.lang, digits=1),
             number(stage.bound, self.lang, digits=1), f"{stage.gap:.2%}",
             word("yes" if stage.proven else "no", self.lang)]
            for stage in self.programme.stages
        ]  # fmt: skip
        if rows:
            heads = [heading(key, self.lang) for key in ("stage", "value", "bound", "gap_share", "proven")]
            self.table("report.prog_bound", heads, rows, widths=(5.4, 3.0, 3.0, 2.0, 2.6), numbers=(1, 2, 3), size=9)

    def prices(self) -> None:
        """Write every price once, with its source; examples say so."""
        self.section("report.prog_prices")
        keys = ["key", "unit", "unit_yuan", "price_source"]
        grouped = self.plan.groupby(keys, dropna=False, sort=True)
        first = grouped[["title_zh", "title_en", "priced", "example_cost", "remedy", "cost_yuan"]].first().reset_index()
        shade = {(n, 3): "FBEDBF" for n, mark in enumerate(first["example_cost"].fillna(False)) if mark}
        rows = [
            [str(row[f"title_{self.lang}"]), value_word("extent_unit", row["unit"], self.lang),
             _price(row["unit_yuan"], self.lang),
             price_word(row, self.lang),
             in_language(row["price_source"], self.lang) or ""]
            for row in first.to_dict("records")
        ]  # fmt: skip
        heads = [heading(key, self.lang) for key in (
            "programme_measure", "unit", "unit_yuan", "price_kind", "price_source")]  # fmt: skip
        self.table("report.prog_prices", heads, rows, widths=(5.2, 1.8, 2.4, 2.0, 5.0), numbers=(2,), size=8.5,
                   shade=shade, together=False)  # fmt: skip

    def sources(self) -> None:
        """Write what was asked, what is proven, and the notes."""
        side = int(self.lang == "en")
        self.section("report.prog_options")
        for row in programme_provenance(self.programme, self.study):
            if row.label[0] == word("notes", "zh"):
                self.paragraph(stopped(row.value[side], self.lang))
        rows = [[row.label[side], row.value[side]] for row in asked(self.programme)]
        self.table(
            "report.prog_options", [heading(key, self.lang) for key in ("item", "value")], rows, widths=(5.0, 11.0)
        )
        self.paragraph(word("report.privacy", self.lang, n=FEWEST_SHOWN))


def _price(yuan: object, lang: Lang) -> str:
    """Return a unit price; a dash where nothing is paid or nobody gave one, decimals only where it has any."""
    if is_missing(yuan) or float(str(yuan)) == 0:
        return "—"
    value = float(str(yuan))
    return number(value, lang, digits=0 if value.is_integer() else 2)


def _cost(yuan: object, lang: Lang) -> str:
    """Return a cost as 万元; a dash where nothing is paid or nothing is known (its price says which)."""
    return "—" if is_missing(yuan) or float(str(yuan)) == 0 else wan_text(yuan, lang)
