"""What workbook, document and page say of an examination: values with their units, sentences, lists, provenance."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from geo.examination.grading import GRADE_WORDS, OVERALL_WORDS, SOURCE, grade_city
from geo.schema import SEVERITIES
from geo.standards.indicators import Catalogue, Indicator
from layers.examination.frames import building_name
from layers.provenance import Row
from layers.words import LANGS, WORDS, Lang, fullwidth, is_missing, name_in, number, value_word, word

if TYPE_CHECKING:
    from geo.examination.result import Examination
    from geo.study import Study

_POWER = re.compile(r"\b(k?m)([23])\b")

MOST_NAMES = 60
"""A sentence names no more places than this; the ledger names all."""


def digits_of(value: float) -> int:
    """Return how many decimals a value is told with: none for whole numbers, two below ten, one above."""
    if float(value).is_integer():
        return 0
    return 2 if abs(value) < 10 else 1


def amount(value: object, lang: Lang) -> str:
    """Return a number as text, or the word for unknown; it never reads as zero what is not known.

    Examples
    --------
    >>> amount(3.0, "en"), amount(1.25, "en"), amount(float("nan"), "zh")
    ('3', '1.25', '不详')
    """
    return word("unknown", lang) if is_missing(value) else number(value, lang, digits=digits_of(float(str(value))))


def percent(share: object, lang: Lang) -> str:
    """Return a share (0 to 1) as per cent, or the word for unknown.

    Shares just below the whole are not rounded up to it, nor shares just above nothing down to nothing.

    Examples
    --------
    >>> percent(0.5, "en"), percent(0.9999, "en"), percent(0.0001, "en"), percent(1.0, "en")
    ('50.0%', '99.9%', '0.1%', '100.0%')
    """
    if is_missing(share):
        return word("unknown", lang)
    value = float(str(share))
    if 0 < value < 1:
        value = min(0.999, max(0.001, value))
    return f"{value:.1%}"


def with_unit(value: object, row: pd.Series, lang: Lang) -> str:
    """Return an indicator's value with its unit.

    Examples
    --------
    >>> row = pd.Series({"unit_zh": "个", "unit_en": "count"})
    >>> with_unit(5.0, row, "zh"), with_unit(5.0, row, "en")
    ('5个', '5')
    >>> with_unit(0.9, pd.Series({"unit_en": "10,000 m3/h/km2"}), "en")
    '0.90 × 10,000 m³/h/km²'
    """
    if is_missing(value):
        return word("unknown", lang)
    shown, unit = amount(value, lang), str(row[f"unit_{lang}"])
    if lang == "zh" or unit == "%":
        return f"{shown}{unit}"
    if unit == "count":
        return shown
    unit = _POWER.sub(lambda part: part[1] + ("²" if part[2] == "2" else "³"), unit)
    return f"{shown} × {unit}" if unit[:1].isdigit() else f"{shown} {unit}"


def between(row: pd.Series, lang: Lang) -> str:
    """Return between what an indicator's value lies when not everything was surveyed; "" when the value is known."""
    low, high = row["lower"], row["upper"]
    if is_missing(low) or (not is_missing(high) and float(low) == float(high)):
        return ""
    if is_missing(high):
        return word("page.at_least", lang, low=amount(low, lang))
    return f"{amount(low, lang)}–{amount(high, lang)}"


def coverage_text(row: pd.Series, lang: Lang) -> str:
    """Return how many of how many were surveyed; a dash where the question does not arise."""
    total = row["total"]
    if is_missing(row["coverage"]) or is_missing(total) or not total:
        return "—" if is_missing(row["coverage"]) else percent(row["coverage"], lang)
    shown = f"{number(row['surveyed'], lang)} / {number(total, lang)}"
    share = percent(row["coverage"], lang)
    return f"{shown}（{share}）" if lang == "zh" else f"{shown} ({share})"


def catalogue_title(catalogue: Catalogue, lang: Lang) -> str:
    """Return the catalogue's title with its edition, unless the title says it."""
    title = fullwidth(catalogue.title_zh) if lang == "zh" else catalogue.title_en
    edition = "" if catalogue.edition in title else word("page.edition", lang, edition=catalogue.edition)
    return title + edition


def totals(examination: Examination) -> dict[str, Any]:
    """Return the numbers that every summary begins with: buildings, findings by state and class, indicators by status.

    Returns
    -------
    dict
        `buildings`, `surveyed` (at least one indicator), `share`, `estates`, `units`, `findings`, `open`, `done`, the
        open ones of each severity and problem class under their names, `computed`, `entered`, `unknown`, `indicators`.
    """
    buildings, findings = examination.buildings, examination.findings
    surveyed = int((buildings["surveyed_share"].fillna(0) > 0).sum())
    still = findings["open"].astype(bool)
    severities, classes = (findings.loc[still, name].value_counts() for name in ("severity", "problem"))
    statuses = examination.indicators["status"].value_counts()
    return {
        "buildings": len(buildings), "surveyed": surveyed,
        "share": surveyed / len(buildings) if len(buildings) else None,
        "estates": len(examination.estates), "units": len(examination.units), "findings": len(findings),
        "open": int(still.sum()), "done": int((~still).sum()),
        **{name: int(severities.get(name, 0)) for name in SEVERITIES},
        **{name: int(classes.get(name, 0)) for name in ("timed", "best_effort")},
        **{name: int(statuses.get(name, 0)) for name in ("computed", "entered", "unknown")},
        "indicators": len(examination.indicators),
    }  # fmt: skip


def summary(examination: Examination, lang: Lang) -> list[str]:
    """Return the paragraphs that tell what was examined, how far, and what was found."""
    told = totals(examination)
    shown = {key: number(value, lang) for key, value in told.items() if key != "share"}
    return [
        word("report.exam_said", lang, catalogue=catalogue_title(examination.catalogue, lang),
             today=day(examination.today, lang), share=percent(told["share"], lang),
             **{name: shown[name] for name in ("buildings", "surveyed", "estates", "units")}),
        word("report.exam_found", lang, all=shown["findings"], open=shown["open"], done=shown["done"],
             very=shown["very_serious"], serious=shown["serious"], general=shown["general"], timed=shown["timed"],
             effort=shown["best_effort"]) if told["findings"] else word("report.exam_no_findings", lang),
        word("report.exam_statuses", lang, all=shown["indicators"],
             **{name: shown[name] for name in ("computed", "entered", "unknown")}),
        word("report.exam_caution", lang),
    ]  # fmt: skip


def day(text: str, lang: Lang) -> str:
    """Return an ISO day as Chinese papers write it; English ones keep it.

    Examples
    --------
    >>> day("2026-03-01", "zh")
    '2026年3月1日'
    """
    if lang == "en" or len(text) != len("2026-03-01"):
        return text
    year, month, date = text.split("-")
    return f"{year}年{int(month)}月{int(date)}日"


def site_names(examination: Examination, study: Study, lang: Lang) -> dict[str, str]:
    """Return what every site is called: the estate's name, or the block and its community outside estates."""
    estates = examination.estates
    called = {str(key): name_in(row, lang, or_else=str(key)) for key, row in estates.iterrows()}
    communities = area_names(examination, study, "community", lang)
    of_block = examination.blocks["community_id"] if "community_id" in examination.blocks else pd.Series(dtype="str")
    for block in examination.blocks.index:
        community = of_block.get(block)
        where = "" if is_missing(community) else communities.get(str(community), str(community))
        label = f"{word('block', lang)} {block}"
        called[f"block:{block}"] = (f"{where}{label}" if lang == "zh" else f"{where}, {label}") if where else label
    for key, row in examination.units.iterrows():
        called[f"unit:{key}"] = name_in(row, lang, or_else=str(key))
    return called


def area_names(examination: Examination, study: Study, area: str, lang: Lang) -> dict[str, str]:
    """Return id → name of the areas of one kind (`unit`, `community`, `estate`, `block`)."""
    if area == "community":
        frame = study.tables.get("communities")
    else:
        frame = {"unit": examination.units, "estate": examination.estates, "block": examination.blocks}[area]
    if frame is None:
        return {}
    return {str(key): name_in(row, lang, or_else=str(key)) for key, row in frame.iterrows()}


def problem_rows(examination: Examination, lang: Lang) -> pd.DataFrame:
    """Return the problem list: one row per site and kind of problem, with the fixed sentence.

    A problem is told by its code where findings name one, by its indicator where it was only ticked. Findings that have
    been put right are not in it.

    Returns
    -------
    DataFrame
        `site_id`, `number`, `code` ("" where only ticked), `subject`, `places` (distinct), `sentence`, `severity`
        (gravest), `problem`, `remedy`, `extent` (sum, missing without one), `extent_unit`, `due_on` (earliest); the
        gravest and most pressing of a site first.
    """
    findings = examination.findings
    live = findings[findings["counted"].astype(bool) & findings["site_id"].notna()]
    names = examination.buildings["name"] if "name" in examination.buildings else pd.Series(dtype="str")
    codes, rank = examination.catalogue.codes, {name: place for place, name in enumerate(SEVERITIES)}
    rows: list[dict[str, Any]] = []
    subjects, ids, severities, units = (
        live[name].astype("object").to_numpy() for name in ("subject", "subject_id", "severity", "extent_unit")
    )
    extents = pd.to_numeric(live["extent"]).to_numpy("float64", na_value=np.nan)
    dues = live["due_on"].astype("object").to_numpy() if "due_on" in live else np.full(len(live), None, dtype=object)
    groups = live.groupby(["site_id", "code"], sort=True).indices
    for site, code in sorted(groups):
        at = groups[site, code]  # plain arrays: a town has thousands of such groups
        indicator, found = codes[str(code)]
        subject = "building" if "building" in subjects[at] else str(subjects[at[0]])
        places = sorted({str(each) for each in ids[at]}, key=_in_order)
        title = found.title_zh if lang == "zh" else found.title_en
        known = ~np.isnan(extents[at])
        told = [unit for unit in units[at] if not is_missing(unit)]
        rows.append({
            "site_id": str(site), "number": indicator.number, "code": str(code), "subject": subject,
            "places": len(places), "sentence": _sentence(title, subject, places, names, lang),
            "severity": max(severities[at], key=lambda each: rank.get(str(each), -1)), "problem": found.problem,
            "remedy": found.remedy, "extent": np.nan_to_num(extents[at]).sum() if known.any() else np.nan,
            "extent_unit": told[0] if told else None,
            "due_on": min((each for each in dues[at] if not is_missing(each)), default=None),
        })  # fmt: skip
    rows += _ticked(examination, names, lang)
    columns = ["site_id", "number", "code", "subject", "places", "sentence", "severity", "problem", "remedy", "extent",
               "extent_unit", "due_on"]  # fmt: skip
    made = pd.DataFrame(rows, columns=columns)
    made["_grave"] = made["severity"].map(rank).fillna(-1.0)
    made["_timed"] = made["problem"] == "timed"
    ordered = made.sort_values(["site_id", "_timed", "_grave", "number", "code"],
                               ascending=[True, False, False, True, True], ignore_index=True)  # fmt: skip
    return ordered.drop(columns=["_grave", "_timed"])


def _ticked(examination: Examination, names: pd.Series, lang: Lang) -> list[dict[str, Any]]:
    """Return rows for what was marked as found without a finding that says more."""
    states = examination.states
    marked = states[(states["state"] == "found") & (states["findings"].fillna(0) == 0)]
    site_of = examination.buildings["site_id"]
    rows: list[dict[str, Any]] = []
    sites = marked["subject_id"].map(site_of).where(marked["subject"] == "building", marked["subject_id"])
    sites = sites.where(marked["subject"] != "unit", "unit:" + marked["subject_id"].astype(str))
    for (site, n), part in marked.groupby([sites.rename("site"), "number"], sort=True):
        indicator = examination.catalogue[int(n)]
        subject = str(part["subject"].iloc[0])
        places = sorted(part["subject_id"].astype(str), key=_in_order)
        gap = indicator.counts in ("gap", "length", "flats")
        rows.append({
            "site_id": str(site), "number": int(n), "code": "", "subject": subject, "places": len(places),
            "sentence": _shortfall(indicator, part["value"].sum(min_count=1), lang) if gap and subject != "building"
            else _sentence(problem_of(indicator, lang), subject, places, names, lang),
            "severity": None, "problem": None, "remedy": None, "extent": None, "extent_unit": None, "due_on": None,
        })  # fmt: skip
    return rows


def problem_of(indicator: Indicator, lang: Lang) -> str:
    """Return the problem an indicator counts: that of its only code, or what its title says before 的住宅数量."""
    if len(indicator.codes) == 1:
        return indicator.codes[0].title_zh if lang == "zh" else indicator.codes[0].title_en
    if lang == "en":
        return indicator.title_en
    title = indicator.title_zh.removeprefix("存在")
    for end in ("的住宅数量", "的小区数量", "数量"):
        title = title.removesuffix(end)
    return title


def _sentence(title: str, subject: str, places: list[str], names: pd.Series, lang: Lang) -> str:
    """Return the fixed sentence of the problem list: 共X栋住宅存在…的问题，为*号楼、*号楼。"""
    shown = [building_name(names.get(key), key, lang) if subject == "building" else key for key in places[:MOST_NAMES]]
    more = len(places) - len(shown)
    if lang == "zh":
        if subject != "building":
            return f"存在{title}的问题。"
        rest = f"等{len(places)}栋" if more else ""
        return f"共{len(places)}栋住宅存在{title}的问题，为{'、'.join(shown)}{rest}。"
    if subject != "building":
        return f"Problem: {title}."
    rest = word("page.more_findings", "en", n=more) if more else ""
    noun = "residential building has" if len(places) == 1 else "residential buildings have"
    return f"{len(places)} {noun} the problem “{title}”: {', '.join(shown)}{', ' + rest if rest else ''}."


def _shortfall(indicator: Indicator, value: object, lang: Lang) -> str:
    shown = amount(value, lang)
    if lang == "zh":
        return f"{indicator.title_zh}：{shown}{indicator.unit_zh}。"
    return f"{indicator.title_en}: {shown} {indicator.unit_en}."


def _in_order(text: str) -> tuple[Any, ...]:
    """Return a key that puts 2 before 10."""
    digits = "".join(c if c.isdigit() else " " for c in text).split()
    return (tuple(int(each) for each in digits), text)


def city_grades(
    examination: Examination, lang: Lang
) -> tuple[list[tuple[int, float, str, str, str, str]], list[tuple[str, str]], str]:
    """Return the grades of the city dimension: by indicator, of its aspects and the whole, and where they are from.

    Returns
    -------
    tuple
        Rows (number, share of the target attained or NaN, title, value, target, grade; "" without one); pairs of an
        aspect, or the whole, and its grade; the source with what of it is our reading.
    """
    table, grades = grade_city(examination.indicators, examination.catalogue)
    side = int(lang == "en")
    rows = []
    for key, row in table.iterrows():
        number = int(str(key))
        shown = examination.indicators.loc[number]
        grade = "" if is_missing(row["grade"]) else GRADE_WORDS[str(row["grade"])][side]
        target = "—" if is_missing(row["target"]) else with_unit(row["target"], shown, lang)
        value = with_unit(row["value"], shown, lang)
        rows.append((number, float(row["attained"]), str(shown[f"title_{lang}"]), value, target, grade))
    groups = {each.group_zh: each.group_en or each.group_zh for each in examination.catalogue.of("city")}
    overall = [
        (word("report.exam_overall", lang) if not name else name if lang == "zh" else groups.get(name, name),
         word("unknown", lang) if each is None else OVERALL_WORDS[each][side])
        for name, each in grades.items()
    ]  # fmt: skip
    return (
        rows,
        overall,
        word("report.exam_grades_said", lang, source=fullwidth(SOURCE[0]) if lang == "zh" else SOURCE[1]),
    )


def problem_class(codes: object, catalogue: Catalogue, lang: Lang) -> str | None:
    """Return 限时解决 where one of the codes (joined by ;) is to be put right in time, else 尽力解决."""
    known = [catalogue.codes[code][1].problem for code in _listed(codes) if code in catalogue.codes]
    if not known:
        return None
    return value_word("problem", "timed" if "timed" in known else "best_effort", lang)


def _listed(value: object) -> list[str]:
    return [] if is_missing(value) else [each for each in str(value).split(";") if each]


def unknowns(examination: Examination, lang: Lang) -> list[str]:
    """Return the sentences that tell what is not known: indicators without data, half-surveyed ones, whole estates."""
    table = examination.indicators
    title = f"title_{lang}"
    comma = "、" if lang == "zh" else ", "
    said = []
    dark = table[table["status"] == "unknown"]
    if len(dark):
        listed = comma.join(f"{n} {row[title]}" for n, row in dark.iterrows())
        said.append(word("report.exam_unknown_list", lang, list=listed))
    part = table[(table["status"] == "computed") & (table["coverage"].astype("float64") < 1)]
    if len(part):
        listed = comma.join(
            f"{n} {row[title]}{_bracket(percent(row['coverage'], lang), lang)}" for n, row in part.iterrows()
        )
        said.append(word("report.exam_part_list", lang, list=listed))
    estates = examination.estates
    if len(estates):
        none = estates[estates["surveyed_share"].fillna(0) == 0].sort_index()
        if len(none):
            shown = [name_in(row, lang, or_else=str(key)) for key, row in none.head(MOST_NAMES).iterrows()]
            if len(none) > len(shown):
                shown.append(word("page.more_findings", lang, n=len(none) - len(shown)))
            said.append(word("report.exam_unsurveyed", lang, list=comma.join(shown)))
    waiting = examination.states[examination.states["pending"].fillna(False).astype(bool)]["number"].drop_duplicates()
    if len(waiting):
        said.append(word("report.exam_pending", lang, list=comma.join(str(int(n)) for n in sorted(waiting))))
    return said or [word("report.exam_none_unknown", lang)]


def _bracket(text: str, lang: Lang) -> str:
    return f"（{text}）" if lang == "zh" else f" ({text})"


def provenance(examination: Examination, study: Study) -> list[Row]:
    """Return study, catalogue with edition and source, day, notes: where everything in the report is from."""
    catalogue, told = examination.catalogue, totals(examination)
    code = study.crs.to_epsg()
    crs = study.crs.name + (f" (EPSG:{code})" if code else "")
    source = (catalogue.source, catalogue.source_en or catalogue.source)
    shares = tuple(
        word("report.coverage_cover_said", lang, surveyed=number(told["surveyed"], lang),
             all=number(told["buildings"], lang), share=percent(told["share"], lang)) for lang in LANGS
    )  # fmt: skip
    rows = [
        _row("about.study", (study.name, study.name_en or study.name)),
        _row("report.catalogue", (catalogue.title_zh, catalogue.title_en)),
        _row("report.catalogue_edition", (f"{catalogue.name} · {catalogue.edition}",) * 2),
        _row("about.source", source),
        _row("report.today", (examination.today, examination.today)),
        _row("report.coverage_cover", (shares[0], shares[1])),
        _row("about.crs", (crs, crs)),
    ]
    if catalogue.note_zh or catalogue.note_en:
        rows.append(_row("notes", (catalogue.note_zh or catalogue.note_en, catalogue.note_en or catalogue.note_zh)))
    rows += [_row("notes", note) for note in examination.notes]
    return rows


def _row(key: str, value: tuple[str, str]) -> Row:
    return Row(WORDS[key], (fullwidth(value[0]), value[1]))
