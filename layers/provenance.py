"""Where a plan's numbers come from, as rows that the page, the workbook and the document all show."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from geo.partition.actions import PlanTables
from geo.partition.plan import Limits, PlanOptions, limits_of
from geo.standards import Profile
from geo.study import Study
from layers.facts import proof_sentence, register_gap, sources_sentence
from layers.requirements import requirements
from layers.words import LANGS, WORDS, Lang, fullwidth, number, value_word, word

Pair = tuple[str, str]


@dataclass(frozen=True)
class Row:
    """One line of provenance: a label and a value, each in Chinese and English."""

    label: Pair
    value: Pair


def plan_limits(tables: PlanTables) -> Limits:
    """Return the limits that held for the plan [households, people]."""
    return limits_of(tables.plan.profile, tables.plan.options)


def provenance(tables: PlanTables, study: Study) -> list[Row]:
    """Return study, profile with edition and source, limits, options, seed, engine version and notes of a plan."""
    plan, profile = tables.plan, tables.plan.profile
    rows = [
        _row("about.study", (study.name, study.name_en or study.name)),
        _row("about.crs", _same(study.crs.name + _code(study))),
        _row("about.profile", (profile.title_zh, profile.title_en)),
        _row("about.edition", _same(f"{profile.name} · {profile.edition}")),
        _row("about.source", _source(profile)),
        _row("about.limits", limits_told(tables)),
    ]
    limits = plan_limits(tables)
    if limits.min_people is not None or limits.max_people is not None:
        rows.append(_row("about.people_limits", _people(limits)))
    if profile.note_zh or profile.note_en:
        rows.append(
            _row("about.profile_note", (profile.note_zh or profile.note_en, profile.note_en or profile.note_zh))
        )
    sources = tuple(sources_sentence(tables, study, lang) for lang in LANGS)
    if all(sources):
        rows.append(_row("about.households_from", (sources[0], sources[1])))
    gap = register_gap(tables, study)
    if gap:
        shown = f"{gap[0]:,.0f} ({-gap[1]:+,.0f})"
        rows.append(_row("about.register", _same(shown)))
    rows += [Row(_titled("about.options", name), value) for name, value in _said(tables)]
    rows += [_row("about.seed", _same(str(plan.seed))), _row("about.engine", _same(plan.engine_version))]
    rows.append(_row("about.proof", proof_told(tables)))
    if plan.lower_bound is not None:
        rows.append(_row("about.lower_bound", _same(f"{plan.objective:,.4f} ≥ {plan.lower_bound:,.4f}")))
    if plan.started_from is not None:
        rows.append(_row("about.started", _phrase("about.started_plan", digest=plan.started_from)))
    if plan.islands:
        rows.append(_row("about.islands", _same(", ".join(plan.islands))))
    rows += [_row("about.notes", (note.zh, note.en)) for note in plan.notes]
    said = (note.get("attribution") for note in study.notes.values() if isinstance(note, Mapping))
    rows += [_row("about.attribution", _same(str(text))) for text in sorted({str(each) for each in said if each})]
    return rows


def proof_told(tables: PlanTables) -> Pair:
    """Return in plain words how good the plan is known to be."""
    return proof_sentence(tables.plan, "zh"), proof_sentence(tables.plan, "en")


def profile_title(tables: PlanTables) -> Pair:
    """Return the profile's title, with its edition unless the title says it already."""
    profile = tables.plan.profile
    year = len(profile.edition) >= len("2000")
    if year and profile.edition in profile.title_zh and profile.edition in profile.title_en:
        return (fullwidth(profile.title_zh), profile.title_en)
    return (
        f"{fullwidth(profile.title_zh)}{word('page.edition', 'zh', edition=profile.edition)}",
        f"{profile.title_en}{word('page.edition', 'en', edition=profile.edition)}",
    )


def limits_told(tables: PlanTables) -> Pair:
    """Return the household limits as a phrase that says whether they are the profile's or were set for the plan."""
    zh, en = limits_sentence(plan_limits(tables))
    if not limits_set(tables):
        return zh, en
    added = WORDS["page.limits_set"]
    return zh + added[0], en + added[1]


def limits_set(tables: PlanTables) -> bool:
    """Tell whether the plan's household limits differ from those of its profile."""
    own, used = limits_of(tables.plan.profile, PlanOptions()), plan_limits(tables)
    return (own.min_households, own.max_households) != (used.min_households, used.max_households)


def limits_sentence(limits: Limits) -> Pair:
    """Return the household limits as a phrase."""
    low, high = number(limits.min_households, "en"), number(limits.max_households, "en")
    if not limits.min_households:
        return _phrase("page.limits_max", high=high)
    return _phrase("page.limits", low=low, high=high)


def _people(limits: Limits) -> Pair:
    low, high = (number(n or 0, "en") for n in (limits.min_people, limits.max_people))
    if limits.min_people is None:
        return (f"不超过{high}人", f"at most {high} people")
    if limits.max_people is None:
        return (f"不少于{low}人", f"at least {low} people")
    return (f"{low}—{high}人", f"{low}–{high} people")


def figures(tables: PlanTables) -> list[Row]:
    """Return the few numbers a reader wants first: communities before and after, households, who changes community."""
    moved, total = moved_households(tables), _total(tables.communities["households"])
    share = f"{moved / total:.1%}" if moved is not None and total and len(tables.communities_before) else "—"
    before, after = len(tables.communities_before), len(tables.communities)
    return [
        Row(WORDS["page.figure_communities"], _same(f"{before} → {after}" if before else f"{after}")),
        Row(WORDS["page.figure_households"], _same("—" if total is None else number(total, "en"))),
        Row(WORDS["page.figure_moved"], _same(share)),
    ]


def moved_households(tables: PlanTables) -> float | None:
    """Return how many households come to another community; None when no household is known."""
    return _total(tables.moves["households"]) if len(tables.moves) else 0.0


def change_sentence(tables: PlanTables, lang: Lang) -> str:
    """Return 18个调整为15个, or that the number stays."""
    before, after = len(tables.communities_before), len(tables.communities)
    if not before:
        return word("page.summary_first", lang, after=after)
    return word("page.summary" if before != after else "page.summary_kept", lang, before=before, after=after)


def _total(values: pd.Series) -> float | None:
    known = pd.to_numeric(values).dropna()
    return float(known.sum()) if len(known) else None


def _said(tables: PlanTables) -> list[tuple[str, Pair]]:
    """Return the options that differ from the defaults, as text in both languages."""
    options = tables.plan.options
    default = PlanOptions().model_dump(mode="json")
    given = options.model_dump(mode="json")
    asked = requirements(tables)
    said: list[tuple[str, Pair]] = []
    for name, value in given.items():
        if value == default[name] or name == "seed":
            continue
        mine = [one for one in asked if one.option == name]
        if mine:
            said.append((name, ("；".join(one.text_zh for one in mine), "; ".join(one.text_en for one in mine))))
        else:
            said.append((name, _value(name, value, default[name])))
    return said


def _value(name: str, value: object, default: object) -> Pair:
    if isinstance(value, bool):
        return WORDS["yes" if value else "no"]
    if isinstance(value, str):
        return (value_word(name, value, "zh"), value_word(name, value, "en"))
    if isinstance(value, int) and value >= 1000:
        return _same(f"{value:,}")
    if isinstance(value, dict) and isinstance(default, dict):  # weights, costs of borders: those that were set
        changed = {key: number for key, number in value.items() if number != default.get(key)}
        words = "term" if name == "weights" else "cost"
        zh, en = (
            [f"{value_word(words, key, lang)} {number:g}" for key, number in sorted(changed.items())] for lang in LANGS
        )
        return "、".join(zh), ", ".join(en)
    return _same(json.dumps(value, ensure_ascii=False, sort_keys=True))


def _code(study: Study) -> str:
    code = study.crs.to_epsg()
    return f" (EPSG:{code})" if code else ""


def _source(profile: Profile) -> Pair:
    """Return where a profile comes from and what it says; a user's own may know it in one language only."""
    zh = " · ".join(part for part in (profile.source, profile.clause) if part)
    return zh, " · ".join(part for part in (profile.source_en, profile.clause_en) if part) or zh


def _row(key: str, value: Pair) -> Row:
    return Row(WORDS[key], (fullwidth(value[0]), value[1]))


def _titled(key: str, name: str) -> Pair:
    (zh, en), (named, named_en) = WORDS[key], WORDS[f"option.{name}"]
    return (f"{zh}：{named}", f"{en}: {named_en}")


def _phrase(key: str, **values: object) -> Pair:
    return (word(key, "zh", **values), word(key, "en", **values))


def _same(text: str) -> Pair:
    return (text, text)
