"""What workbook, document and page say of measures and programmes: money, classes, payers, sites by year."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from layers.provenance import Row
from layers.words import (
    LANGS,
    WORDS,
    Lang,
    fullwidth,
    heading,
    is_missing,
    name_in,
    number,
    study_name,
    value_word,
    word,
)

if TYPE_CHECKING:
    from geo.programme.programme import Programme
    from geo.study import Study

PAYERS = ("public", "residents", "social")
CLASSES = ("basic", "improve", "upgrade")
WAN = 10_000.0


def money_wan(yuan: object) -> float | None:
    """Return yuan as 万元 with two decimals; None where it is missing."""
    return None if is_missing(yuan) else round(float(str(yuan)) / WAN, 2)


def wan_text(yuan: object, lang: Lang) -> str:
    """Return yuan as 万元, in words where it is unknown."""
    return word("unknown", lang) if is_missing(yuan) else number(float(str(yuan)) / WAN, lang, digits=1)


def in_language(text: object, lang: Lang) -> str | None:
    """Return the half of a text "中文 / English" that is in `lang`; another text as it is; None where it is empty.

    Examples
    --------
    >>> in_language("示例,非正式单价 / example, not an official price", "en")
    'example, not an official price'
    """
    if is_missing(text) or not str(text):
        return None
    zh, mark, en = str(text).partition(" / ")
    chosen = en if lang == "en" and mark else zh if mark else str(text)
    return fullwidth(chosen) if lang == "zh" else chosen


def class_word(name: object, lang: Lang) -> str:
    """Return 基础类, 完善类 or 提升类."""
    return value_word("class", name, lang)


def price_word(row: Mapping[str, Any] | pd.Series, lang: Lang) -> str:
    """Return what kind of price a measure has: an example, one that was supplied, none."""
    free = is_missing(row.get("cost_yuan")) or float(str(row["cost_yuan"])) == 0
    if row.get("remedy") == "management" and free:
        return word("price.management", lang)
    if not is_missing(row.get("priced")) and bool(row["priced"]):
        return word("price.example" if bool(row["example_cost"]) else "price.user", lang)
    return word("price.none", lang)


def payer_words(row: Mapping[str, Any] | pd.Series, lang: Lang) -> str | None:
    """Return who pays which share of a measure; None without a cost."""
    total = row.get("cost_yuan")
    if is_missing(total) or float(str(total)) <= 0:
        return None
    shares = [(payer, float(str(row[f"{payer}_yuan"])) / float(str(total))) for payer in PAYERS
              if not is_missing(row[f"{payer}_yuan"]) and float(str(row[f"{payer}_yuan"])) > 0]  # fmt: skip
    gap, comma = ("", "、") if lang == "zh" else (" ", ", ")
    return comma.join(f"{word(f'payer_{payer}', lang)}{gap}{share:.0%}" for payer, share in shares)


def quantity_text(row: Mapping[str, Any] | pd.Series, lang: Lang) -> str:
    """Return a measure's quantity with its unit."""
    if is_missing(row["quantity"]):
        return word("unknown", lang)
    value = float(str(row["quantity"]))
    shown = number(value, lang, digits=0 if value.is_integer() or value >= 100 else 1)
    return f"{shown}{'' if lang == 'zh' else ' '}{value_word('extent_unit', row['unit'], lang)}"


def programme_sites(measures: pd.DataFrame, study: Study, lang: Lang) -> dict[str, str]:
    """Return what every site of the measures is called: an estate, a block with its community, a unit."""
    named: dict[str, str] = {}
    tables = {kind: study.tables.get(kind) for kind in ("estates", "units", "communities")}
    first = measures.drop_duplicates("site_id").set_index("site_id")
    for site, row in first.iterrows():
        kind, _, key = str(site).rpartition(":")
        given = "" if is_missing(row.get("site_name")) else str(row["site_name"])
        table = tables["units" if kind == "unit" else "estates"]
        if kind != "block" and table is not None and key in table.index:
            named[str(site)] = name_in(table.loc[key], lang, or_else=given or key)
            continue
        community, areas = row.get("community_id"), tables["communities"]
        where = ""
        if areas is not None and not is_missing(community) and community in areas.index:
            where = name_in(areas.loc[str(community)], lang, or_else=str(community))
        label = given or key
        if kind == "block" or (kind == "unit" and (lang == "en" or not given)):
            label = f"{heading('block' if kind == 'block' else 'subject.unit', lang)} {key}"
        named[str(site)] = (f"{where}{label}" if lang == "zh" else f"{where}, {label}") if where else label
    return named


def with_years(programme: Programme, measures: pd.DataFrame) -> pd.DataFrame:
    """Return the measures with `year` (Int64, missing where not chosen), `phase` and the reasons of the choice.

    `phase` is the year as text, or `not_chosen`: what styles classify by.
    """
    choice = programme.choice.reindex(measures.index)
    year = choice["year"].astype("Int64")
    phase = year.astype("str").where(year.notna(), "not_chosen")
    return measures.assign(year=year, phase=phase, why_zh=choice["why_zh"], why_en=choice["why_en"])


def site_frame(programme: Programme, measures: gpd.GeoDataFrame, study: Study) -> gpd.GeoDataFrame:
    """Return one row per site, in the measures' CRS: the site's own area, or the hull of what is done there.

    Returns
    -------
    GeoDataFrame
        Index site_id, sorted. `name`, `name_en`, `first_year`,
        `last_year` (Int64; of works, management put aside), `main_year` (in which most of its cost falls), `phase`
        (the main year, or not_chosen), `years` (joined by ;), `measures`, `measures_all`,
        `safety`, `cost_yuan`, `public_yuan`, `residents_yuan`, `social_yuan` (of what is chosen), `need_met`,
        `need_all`.
    """
    table = with_years(programme, measures)
    chosen = table["year"].notna()
    sums = {name: table[name].where(chosen, 0.0).fillna(0.0) for name in ("cost_yuan", *(f"{p}_yuan" for p in PAYERS))}
    work = pd.DataFrame({
        "site_id": table["site_id"].astype(str), "year": table["year"].astype("float64"),
        "measures": chosen.astype("int64"), "measures_all": 1,
        "safety": (chosen & table["safety"].astype(bool)).astype("int64"), **sums,
        "need_met": table["need"].where(chosen, 0.0), "need_all": table["need"],
    })  # fmt: skip
    grouped = work.groupby("site_id", sort=True)
    made = grouped.sum().drop(columns="year")
    built = work["year"].where((table["remedy"] != "management").to_numpy()).groupby(work["site_id"], sort=True)
    made["first_year"] = built.min().fillna(grouped["year"].min()).astype("Int64")
    made["last_year"] = built.max().fillna(grouped["year"].max()).astype("Int64")
    made["years"] = grouped["year"].agg(lambda values: ";".join(str(int(v)) for v in sorted(values.dropna().unique())))
    spent = (
        work[work["year"].notna() & (work["cost_yuan"] > 0)].groupby(["site_id", "year"], sort=True)["cost_yuan"].sum()
    )
    most = spent.sort_values(ascending=False, kind="stable").reset_index().drop_duplicates("site_id")
    made["main_year"] = most.set_index("site_id")["year"].reindex(made.index).fillna(made["first_year"]).astype("Int64")
    made["phase"] = made["main_year"].astype("str").where(made["main_year"].notna(), "not_chosen")
    for column, lang in zip(("name", "name_en"), LANGS, strict=True):
        made[column] = made.index.map(programme_sites(measures, study, lang))
    hulls = table.geometry.groupby(table["site_id"].astype(str)).agg(lambda shapes: shapes.union_all().convex_hull)
    areas = {
        prefix: study.tables.get(name) for prefix, name in (("", "estates"), ("block", "blocks"), ("unit", "units"))
    }
    shapes = []
    for site in made.index:
        kind, _, key = str(site).rpartition(":")
        own = areas.get(kind)
        shapes.append(own.geometry[key] if own is not None and key in own.index else hulls[site])
    return gpd.GeoDataFrame(made, geometry=np.asarray(shapes, dtype=object), crs=measures.crs)


def grouped_measures(table: pd.DataFrame) -> pd.DataFrame:
    """Return measures summed by site, year and kind: what a plan for one site lists (一区一策).

    Returns
    -------
    DataFrame
        `site_id`, `year`, `key`, `title_zh`, `title_en`, `class_`, `remedy`, `safety`, `unit`, `places` (of them),
        `quantity`, `cost_yuan` and its parts (missing where none is known), `priced`, `example_cost`, `codes`.
    """
    if table.empty:
        return table.assign(places=0)
    money = ["cost_yuan", *(f"{payer}_yuan" for payer in PAYERS)]
    keys = ["site_id", "year", "key", "unit"]
    grouped = table.groupby(keys, dropna=False, sort=True)
    made = grouped[["title_zh", "title_en", "class_", "remedy", "safety"]].first()
    made["places"] = grouped.size()
    made[["quantity", *money]] = grouped[["quantity", *money]].sum(min_count=1)
    made["priced"], made["example_cost"] = grouped["priced"].all(), grouped["example_cost"].any()
    made["codes"] = grouped["codes"].agg(
        lambda values: ";".join(sorted({c for v in values.dropna() for c in str(v).split(";")}))
    )
    return made.reset_index()


def programme_totals(programme: Programme, measures: pd.DataFrame) -> dict[str, float]:
    """Return what a programme comes to: measures and sites chosen, money by payer, safety, unpriced, need."""
    table = with_years(programme, measures)
    chosen = table[table["year"].notna()]
    safety = table["safety"].astype(bool)
    return {
        "measures": float(len(chosen)), "measures_all": float(len(table)),
        "sites": float(chosen["site_id"].nunique()), "sites_all": float(table["site_id"].nunique()),
        **{name: float(chosen[f"{name}_yuan"].sum()) for name in ("cost", *PAYERS)},
        "safety": float(chosen["safety"].astype(bool).sum()), "safety_all": float(safety.sum()),
        "unpriced": float((~table["priced"].astype(bool)).sum()), "need_met": programme.need_met,
        "need_total": programme.need_total,
    }  # fmt: skip


def years_text(programme: Programme, lang: Lang) -> str:
    """Return the years of a programme: 2027—2031年."""
    first, last = programme.options.years[0], programme.options.years[-1]
    if first == last:
        return f"{first}年" if lang == "zh" else str(first)
    return f"{first}—{last}年" if lang == "zh" else f"{first}–{last}"


def bound_sentence(programme: Programme, lang: Lang) -> str:
    """Return in plain words how good the programme is known to be."""
    gap = f"{programme.gap:.1%}" if programme.gap >= 0.001 else "<0.1%"
    if programme.proven and programme.gap == 0:
        return word("report.prog_best", lang)
    return word("report.prog_proven" if programme.proven else "report.prog_unproven", lang, gap=gap)


def programme_summary(programme: Programme, measures: pd.DataFrame, lang: Lang) -> list[str]:
    """Return the paragraphs that a programme begins with."""
    told = programme_totals(programme, measures)
    count = {name: number(told[name], lang) for name in ("measures", "measures_all", "sites", "safety", "safety_all")}
    share = told["need_met"] / told["need_total"] if told["need_total"] else 0.0
    said = [
        word("report.prog_said", lang, years=years_text(programme, lang), sites=count["sites"],
             measures=count["measures"], all=count["measures_all"],
             **{name: wan_text(told[name], lang) for name in ("cost", *PAYERS)}),
        word("report.prog_safety", lang, chosen=count["safety"], all=count["safety_all"])
        + ("" if lang == "zh" else " ")
        + word("report.prog_need", lang, met=number(told["need_met"], lang), all=number(told["need_total"], lang),
               share=f"{share:.1%}"),
        bound_sentence(programme, lang),
    ]  # fmt: skip
    if bool(measures["example_cost"].fillna(False).astype(bool).any()):
        said.append(word("report.prog_example", lang))
    if told["unpriced"]:
        said.append(word("report.prog_unpriced", lang, n=number(told["unpriced"], lang)))
    return said


def year_sentences(programme: Programme, measures: pd.DataFrame, lang: Lang) -> list[str]:
    """Return a sentence for every year: sites, measures, money, and the kinds of works that most of it goes to."""
    table = with_years(programme, measures)
    made = []
    for year, row in programme.years.iterrows():
        part = table[(table["year"] == int(str(year))).fillna(False).to_numpy(bool)]
        if part.empty:
            made.append(word("report.prog_year_none", lang, year=year))
            continue
        costs = part.groupby(f"title_{lang}", sort=True)["cost_yuan"].sum()
        dear = costs[costs > 0].sort_values(ascending=False, kind="stable").head(3)
        works = ("、" if lang == "zh" else ", ").join(
            word("report.prog_year_work", lang, title=str(title), cost=wan_text(cost, lang))
            for title, cost in dear.items()
        )
        safe = word("report.prog_year_safety", lang, n=number(row["safety"], lang))
        said = word("report.prog_year", lang, year=year, sites=number(row["sites"], lang),
                    measures=number(row["measures"], lang),
                    safety=safe if row["safety"] else "",
                    cost=wan_text(row["cost_yuan"], lang), public=wan_text(row["spent_yuan"], lang))  # fmt: skip
        made.append(said + (word("report.prog_year_works", lang, works=works) if works else ""))
    return made


_LEFT_KINDS = (
    ("money", ("未列入:需政府资金",)), ("met", ("已由", "未列入:已选")), ("order", ("未列入:受能力",)),
    ("hand", ("未列入:人工排除",)), ("none", ("未列入:没有加权需求",)),
)  # fmt: skip
"""How the reasons of `geo.programme.reasons` begin; every other one says why a measure could not be chosen at all."""


def left_sentence(programme: Programme, measures: pd.DataFrame, lang: Lang) -> str:
    """Return how many measures were not chosen, by kind of reason; "" where all were."""
    left = with_years(programme, measures).query("year.isna()")
    if left.empty:
        return ""
    why = left["why_zh"].fillna("").astype(str)
    kinds = pd.Series("barred", index=left.index)
    for kind, starts in _LEFT_KINDS:
        kinds[why.str.startswith(starts)] = kind
    counts = kinds.value_counts()
    parts = [word(f"left.{kind}", lang, n=number(counts[kind], lang))
             for kind in (*(name for name, _ in _LEFT_KINDS), "barred") if counts.get(kind, 0)]  # fmt: skip
    return word("report.prog_left_said", lang, n=number(len(left), lang),
                parts=("；" if lang == "zh" else "; ").join(parts))  # fmt: skip


def named_reason(text: object, measures: pd.DataFrame, lang: Lang) -> str:
    """Return a reason with the titles of the measures it names in place of their ids."""
    if is_missing(text):
        return ""
    said = fullwidth(str(text)) if lang == "zh" else str(text)
    for one in re.findall(r"[a-z][a-z0-9_]*:[a-z]+:[\w:.-]*[\w]", said):
        if one in measures.index:
            said = said.replace(one, f"“{measures.loc[one, f'title_{lang}']}”")
    return said


def asked(programme: Programme) -> list[Row]:
    """Return what was asked of the programme, where it differs from what holds unless told otherwise, and its years."""
    options = programme.options
    given = options.model_dump(mode="json")
    rows = [
        Row(WORDS["years"], (years_text(programme, "zh"), years_text(programme, "en"))),
        Row(WORDS["budget_wan"], tuple(", ".join(number(b / WAN, lang, digits=1) for b in options.budgets_yuan)
                                       for lang in LANGS)),  # type: ignore[arg-type]
    ]  # fmt: skip
    for name, field in type(options).model_fields.items():
        if name in ("years", "budgets_yuan", "weights", "time_limit_s") or f"option.{name}" not in WORDS:
            continue
        default = field.get_default(call_default_factory=True)
        if getattr(options, name) != default:
            shown = given[name]
            told = (f"{shown:.3g}", f"{shown:.3g}") if isinstance(shown, float) else _both(shown)
            if name in _SHARES and isinstance(shown, float):
                told = (f"{shown:.1%}", f"{shown:.1%}")
            words = WORDS.get(f"option.{name}.{shown}") if isinstance(shown, str) else None
            rows.append(Row(WORDS[f"option.{name}"], words or told))
    return rows


def programme_provenance(programme: Programme, study: Study) -> list[Row]:
    """Return study, what was asked, what was proven, notes, and the digest of the measures."""
    rows = [Row(WORDS["about.study"], (study_name(study, "zh"), study_name(study, "en"))), *asked(programme)]
    for stage in programme.stages:
        shown = f"{stage.value:,.1f} / {stage.bound:,.1f} ({stage.gap:.2%})"
        rows.append(
            Row((f"{stage.title_zh}（数值 / 界限，差距）", f"{stage.title_en} (value / bound, gap)"), (shown, shown))
        )
    rows += [Row(WORDS["notes"], (fullwidth(zh), en)) for zh, en in programme.notes]
    if programme.fingerprint:
        rows.append(Row(WORDS["fingerprint"], (programme.fingerprint, programme.fingerprint)))
    return rows


_SHARES = ("gap", "equity_floor", "elder_child_min", "max_share_per_community", "safety_slack")


def _both(value: object) -> tuple[str, str]:
    if isinstance(value, bool):
        return WORDS["yes" if value else "no"]
    if isinstance(value, dict):
        shown = ", ".join(f"{key} {each}" for key, each in sorted(value.items()))
        return shown, shown
    if isinstance(value, list):
        shown = ", ".join(str(each) for each in value)
        return shown, shown
    return str(value), str(value)
