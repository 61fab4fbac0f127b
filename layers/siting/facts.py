"""What an answer of siting says, whichever of the three kinds it is: the same for map, workbook and document.

An answer is looked at in scenes: a `Sited` has one, a `Placed` one for every requirement, a `WhatIf` one for every
option. In a scene every home is covered today, newly covered, still not covered, or no way leads from it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd

from geo.errors import InputError
from geo.gaps.demand import demand
from geo.siting.candidates import KIND_TITLES, candidate_sites
from geo.siting.result import MODELS, Placed, Sited, WhatIf
from geo.standards.facilities import Requirement, plain_category
from layers.features import FEWEST_SHOWN, typeset_frame
from layers.paper import first_up
from layers.provenance import Row
from layers.siting_words import METHODS_ZH
from layers.styles import GAINED_FILLS
from layers.words import LANGS, Lang, fullwidth, is_missing, name_in, number, study_name, word

if TYPE_CHECKING:
    from geo.study import Study

Answer: TypeAlias = Sited | Placed | WhatIf

FEWEST_PEOPLE: Final = 3 * FEWEST_SHOWN
"""Fewer people than this are not told exactly: they live in fewer than about `FEWEST_SHOWN` households (our reading;
an answer counts people, not households)."""

HOME_STATES: Final = ("covered", "new", "not", "unreached")

UNFIT: Final = frozenset({"not_allowed", "category", "too_small", "area_unknown", "room_unknown", "cost_unknown",
                          "over_budget", "unreachable"})  # fmt: skip
"""Reasons for which a candidate could not be taken at all."""

_DISC_M = 9.0
"""Homes without an outline are drawn as discs of this radius [m]."""

_SMALL = rf"([1-9]|[1-{FEWEST_PEOPLE // 10 - 1}]\d)"
_FEW: Final = {
    "zh": (re.compile(rf"(?<![\d.,]){_SMALL}(?=名|人(?!次))"),
           re.compile(rf"(?:(?<=老年人)|(?<=儿童)|(?<=居民)){_SMALL}(?![\d.,%])"),
           re.compile(rf"(?<=[（(]){_SMALL}(?=[）)])")),
    "en": (re.compile(rf"(?<![\d.,]){_SMALL}(?= (?:people|elders|children|residents)\b)"),
           re.compile(rf"(?<=\(){_SMALL}(?=\))")),
}  # fmt: skip
"""Where small numbers of people stand in an answer's sentences."""


@dataclass(frozen=True)
class Scene:
    """One way to look at an answer.

    Attributes
    ----------
    key : str
        The requirement's key, or the name of the option.
    title : tuple of (str, str)
    requirement : Requirement
    limit_m, limit_min : float
        Within which a home is covered; NaN where there is no such limit.
    sites : tuple of str
        Ids of the sites it adds to today's facilities, in their order.
    homes : DataFrame
        Index demand_id: people, community_id, estate_id, walk_before_m, walk_after_m, state (one of `HOME_STATES`),
        nearest_before, nearest_after (missing where the answer does not know).
    """

    key: str
    title: tuple[str, str]
    requirement: Requirement
    limit_m: float
    limit_min: float
    sites: tuple[str, ...]
    homes: pd.DataFrame


def scenes_of(answer: Answer) -> list[Scene]:
    """Return the scenes of an answer; what is best or asked first comes first."""
    if isinstance(answer, Sited):
        sites = tuple(str(key) for key in answer.sites.index)
        homes = pd.DataFrame(answer.homes.drop(columns=answer.homes.geometry.name))
        return [_scene(answer.requirement, homes, limits=(answer.limit_m, answer.limit_min), sites=sites)]
    if isinstance(answer, Placed):
        made = []
        for requirement in answer.requirements:
            limits = answer.limits.loc[requirement.key]
            sites = tuple(str(site) for site, key in answer.rooms.index if key == requirement.key)
            homes = pd.DataFrame(answer.homes.xs(requirement.key, level="requirement"))
            reach = (float(limits["limit_m"]), float(limits["limit_min"]))
            made.append(_scene(requirement, homes, limits=reach, sites=sites))
        return sorted(made, key=lambda each: not each.sites)  # those that are placed first
    return [_option_scene(answer, str(option)) for option in answer.options.index if option != "today"]


def _titles(requirement: Requirement) -> tuple[str, str]:
    return (requirement.title_zh, first_up(requirement.title_en, "en"))


def _scene(
    requirement: Requirement,
    homes: pd.DataFrame,
    *,
    limits: tuple[float, float],
    sites: tuple[str, ...],
    named: tuple[str, tuple[str, str]] | None = None,
) -> Scene:
    key, title = named or (requirement.key, _titles(requirement))
    before, after = homes["covered_before"].astype(bool), homes["covered_after"].astype(bool)
    state = np.select([before, after, homes["walk_after_m"].isna()], ["covered", "new", "unreached"], "not")
    columns = ("people", "community_id", "estate_id", "walk_before_m", "walk_after_m", "nearest_before",
               "nearest_after")  # fmt: skip
    kept = homes.reindex(columns=list(columns)).assign(state=state).sort_index()
    return Scene(key, title, requirement, *limits, sites, kept)


def _option_scene(answer: WhatIf, option: str) -> Scene:
    homes = answer.homes
    rows = pd.DataFrame({
        **{name: homes[name] for name in ("people", "community_id", "estate_id")},
        "walk_before_m": homes["walk_m today"], "walk_after_m": homes[f"walk_m {option}"],
        "covered_before": homes["covered today"], "covered_after": homes[f"covered {option}"],
    })  # fmt: skip
    sites = tuple(listed(answer.options.loc[option, "site_ids"]))
    title = (option_title(option, "zh"), option_title(option, "en"))
    limits = (answer.limit_m, answer.limit_min)
    return _scene(answer.requirement, rows, limits=limits, sites=sites, named=(option, title))


def option_title(option: str, lang: Lang) -> str:
    """Return what an option is called: today, the best choice of so many, or the name it was given."""
    if option == "today":
        return word("siting.option_today", lang)
    if best := re.fullmatch(r"best (\d+)", option):
        return word("siting.option_best", lang, n=best[1])
    return word("siting.option_named", lang, name=option)


def together(answer: Placed) -> tuple[Scene, pd.Series]:
    """Return a scene of all premises, and by how many facilities each home is newly covered (`gained_style`)."""
    scenes = scenes_of(answer)
    first = scenes[0]
    gained = sum((scene.homes["state"].eq("new").astype(int) for scene in scenes[1:]),
                 start=first.homes["state"].eq("new").astype(int))  # fmt: skip
    titles = (word("siting.overview", "zh"), word("siting.overview", "en"))
    sites = tuple(str(key) for key in answer.sites.index)
    scene = Scene("all", titles, first.requirement, float("nan"), float("nan"), sites, first.homes)
    return scene, gained.clip(upper=len(GAINED_FILLS) - 1)


def requirements_of(answer: Answer) -> tuple[Requirement, ...]:
    """Return what was asked for."""
    return answer.requirements if isinstance(answer, Placed) else (answer.requirement,)


def title_of(answer: Answer, lang: Lang) -> str:
    """Return the title of a paper about the answer."""
    if isinstance(answer, Placed):
        return word("siting.title_placed", lang)
    what = answer.requirement.title_zh if lang == "zh" else answer.requirement.title_en
    return word("siting.title_sited" if isinstance(answer, Sited) else "siting.title_whatif", lang, what=what)


def who_word(requirement: Requirement, lang: Lang) -> str:
    """Return whom a requirement is for."""
    return word(f"siting.who.{requirement.who}", lang)


def reach_word(limit_m: float, limit_min: float, lang: Lang) -> str:
    """Return within what a home is covered, in words."""
    metres, minutes = number(limit_m, lang), number(limit_min, lang)
    if not np.isnan(limit_m) and not np.isnan(limit_min):
        return word("siting.reach_both", lang, m=metres, n=minutes)
    if not np.isnan(limit_m):
        return word("siting.reach_m", lang, m=metres)
    if not np.isnan(limit_min):
        return word("siting.reach_min", lang, n=minutes)
    return word("siting.reach_community", lang)


# what may be told of people


def people_text(value: object, lang: Lang) -> str:
    """Return how many people, few of them only as "fewer than".

    Examples
    --------
    >>> people_text(1234.4, "en"), people_text(7.0, "en"), people_text(0.0, "en"), people_text(None, "zh")
    ('1,234', 'fewer than 30', '0', '不详')
    """
    if is_few(value):
        return word("siting.fewer", lang, n=FEWEST_PEOPLE)
    return number(value, lang)


def people_cell(value: object, lang: Lang) -> float | str | None:
    """Return how many people as a cell of a sheet holds it: a whole number, or "fewer than" where they are few."""
    if is_missing(value):
        return None
    return people_text(value, lang) if is_few(value) else round(float(str(value)))


def is_few(value: object) -> bool:
    """Tell whether so many people are too few to be told."""
    return not is_missing(value) and 0.5 <= float(str(value)) < FEWEST_PEOPLE - 0.5


def told(text: object, lang: Lang) -> str:
    """Return a sentence of an answer as it may leave: Chinese punctuation, small numbers of people not told.

    Examples
    --------
    >>> told("Alone it would newly cover 2,115 elders, beyond what was chosen only 7 elders.", "en")
    'Alone it would newly cover 2,115 elders, beyond what was chosen only fewer than 30 elders.'
    >>> told("新增覆盖12人;鼓楼社区(8)、中山社区(1,108)", "zh")
    '新增覆盖少于30人；鼓楼社区（少于30）、中山社区（1,108）'
    """
    if is_missing(text):
        return ""
    shown = fullwidth(str(text)) if lang == "zh" else str(text)
    few = word("siting.fewer", lang, n=FEWEST_PEOPLE)
    for pattern in _FEW[lang]:
        shown = pattern.sub(few, shown)
    return shown


def share_text(value: object) -> str:
    """Return a share in percent, a dash where there is none."""
    return "—" if is_missing(value) else f"{float(str(value)):.1%}"


def metres_text(value: object, lang: Lang) -> str:
    """Return a walk in metres, or that there is no way."""
    return word("siting.no_way", lang) if is_missing(value) else word("siting.metres", lang, m=number(value, lang))


# places


def kind_word(kind: object, lang: Lang) -> str:
    """Return what a kind of candidate is called."""
    titles = KIND_TITLES.get(str(kind), (str(kind), str(kind)))
    return titles[lang == "en"]


def place_name(row: Mapping[str, Any] | pd.Series, key: object, lang: Lang) -> str:
    """Return the name of a site, its id where it has none."""
    return name_in(row, lang, str(key))


def site_frame(answer: Answer, study: Study) -> gpd.GeoDataFrame:
    """Return all candidates and points of an answer: where they lie, and whether they were taken.

    Returns
    -------
    GeoDataFrame
        Index site_id, sorted, CRS of the answer, geometry Point (inside outlines): kind, name, name_en, community_id
        (where known), rank (missing for who was not chosen), taken (`yes`, `no`, `unfit`, `hand`), reason, reason_zh,
        reason_en.
    """
    if isinstance(answer, WhatIf):
        return _compared(answer, study)
    ranks = answer.sites["rank"]
    rows = answer.candidates.reindex(columns=[*_SITE_COLUMNS, answer.candidates.geometry.name]).sort_index()
    taken = np.select([rows.index.isin(ranks.index), rows["reason"].isin(UNFIT)], ["yes", "unfit"], "no")
    frame = rows.assign(rank=ranks.reindex(rows.index).astype("Int64"), taken=taken)
    return _points(typeset_frame(frame))


_SITE_COLUMNS = ("kind", "name", "name_en", "community_id", "reason", "reason_zh", "reason_en")


def _compared(answer: WhatIf, study: Study) -> gpd.GeoDataFrame:
    """Return the sites of all options: those set by hand, and those of the best choices."""
    by_hand = answer.points.reset_index(level="option", drop=True)
    by_hand = by_hand[~by_hand.index.duplicated()]
    wanted = {site for ids in answer.options["site_ids"] for site in listed(ids)} - set(by_hand.index.astype(str))
    parts = [by_hand]
    if wanted:
        found = _candidates_of(study)
        parts.append(found[found.index.isin(wanted)].to_crs(by_hand.crs))
    rows = pd.concat([part.reindex(columns=[*_SITE_COLUMNS, "geometry"]).astype({"reason": object}) for part in parts])
    taken = np.where(rows["kind"].eq("by_hand"), "hand", "yes")
    frame = gpd.GeoDataFrame(rows, geometry="geometry", crs=by_hand.crs).assign(
        rank=pd.array([pd.NA] * len(rows), dtype="Int64"), taken=taken)  # fmt: skip
    return _points(typeset_frame(frame.sort_index().rename_axis("site_id")))


def _candidates_of(study: Study) -> gpd.GeoDataFrame:
    """Return the premises of a study, or its search points; nothing where it has neither (they were given by hand)."""
    try:
        return candidate_sites(study)
    except InputError:
        return gpd.GeoDataFrame(geometry=gpd.GeoSeries([], crs=study.crs))


def _points(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    spots = frame.geometry.where(frame.geom_type.eq("Point"), frame.geometry.representative_point())
    return frame.set_geometry(spots)


def home_frame(answer: Answer, study: Study) -> gpd.GeoDataFrame:
    """Return where the homes of an answer stand: index demand_id, geometry the building's outline, or a disc."""
    ids = scenes_of(answer)[0].homes.index
    crs = answer.points.crs if isinstance(answer, WhatIf) else answer.candidates.crs
    shapes = gpd.GeoSeries([None] * len(ids), index=ids, crs=crs)
    buildings = study.get("buildings")
    if buildings is not None:
        outlines = buildings[buildings.geom_type.isin(("Polygon", "MultiPolygon"))].to_crs(crs).geometry
        shapes = outlines.reindex(ids)
    if shapes.isna().any():
        spots = _spots(answer, study).to_crs(crs).geometry
        shapes = shapes.where(shapes.notna(), spots.reindex(ids).buffer(_DISC_M, quad_segs=4))
    known = shapes[shapes.notna() & ~shapes.is_empty]
    return gpd.GeoDataFrame(geometry=known, crs=crs).rename_axis("demand_id").sort_index()


def _spots(answer: Answer, study: Study) -> gpd.GeoDataFrame:
    """Return where the homes of an answer are; a `Placed` does not hold it: where the study does not know, nothing."""
    if isinstance(answer, (Sited, WhatIf)):
        return answer.homes
    try:
        return demand(study)
    except InputError:
        return gpd.GeoDataFrame(geometry=gpd.GeoSeries([], crs=study.crs))


def facility_frame(answer: Answer, study: Study) -> gpd.GeoDataFrame:
    """Return today's facilities that count for what was asked.

    Returns
    -------
    GeoDataFrame
        Index facility_id, sorted, in the answer's CRS, geometry Point: category, name, name_en, capacity (where the
        table has them), counts (keys of the requirements it counts for, joined by ;).
    """
    crs = answer.points.crs if isinstance(answer, WhatIf) else answer.candidates.crs
    columns = ["category", "name", "name_en", "capacity"]
    facilities = study.get("facilities")
    if facilities is None or facilities.empty:
        empty = pd.DataFrame({name: [] for name in (*columns, "counts")})
        return gpd.GeoDataFrame(empty, geometry=gpd.GeoSeries([], crs=crs)).rename_axis("facility_id")
    plain = facilities["category"].map(plain_category)
    keys = {each.key: set(each.categories) for each in requirements_of(answer)}
    counts = plain.map(lambda category: ";".join(key for key, taken in keys.items() if category in taken))
    rows = facilities.to_crs(crs).reindex(columns=[*columns, facilities.geometry.name]).assign(counts=counts)
    return _points(rows[rows["counts"].ne("")].sort_index().rename_axis("facility_id"))


def community_names(study: Study, lang: Lang) -> dict[str, str]:
    """Return community id → name."""
    table = study.get("communities")
    if table is None:
        return {}
    return {str(key): name_in(row, lang, str(key)) for key, row in table.iterrows()}


def community_frame(answer: Answer, study: Study, scene: Scene) -> gpd.GeoDataFrame | None:
    """Return the communities of today with whom a scene covers, or None where the study has no communities.

    Returns
    -------
    GeoDataFrame
        Index community_id, the worst share after first: name, name_en, people, covered_before, covered_after (people),
        share_before, share_after, mean_before_m, mean_after_m (of those who reach any).
    """
    table = study.get("communities")
    if table is None:
        return None
    crs = answer.points.crs if isinstance(answer, WhatIf) else answer.candidates.crs
    sums = area_sums(scene, "community_id")
    frame = table.to_crs(crs).reindex(columns=["name", "name_en", table.geometry.name]).join(sums, how="inner")
    order = frame.sort_values(["share_after", "people"], ascending=[True, False], kind="stable")
    return order.rename_axis("community_id")


def area_sums(scene: Scene, column: str) -> pd.DataFrame:
    """Return people, who of them is covered and how far they walk, by the community or estate they live in."""
    homes = scene.homes[scene.homes[column].notna()]
    people = homes["people"]
    parts = pd.DataFrame({
        "people": people, "covered_before": people.where(homes["state"].eq("covered"), 0.0),
        "covered_after": people.where(homes["state"].isin(("covered", "new")), 0.0),
    })  # fmt: skip
    for when in ("before", "after"):
        reached = homes[f"walk_{when}_m"].notna()
        parts[f"walked_{when}"] = (people * homes[f"walk_{when}_m"]).where(reached, 0.0)
        parts[f"reached_{when}"] = people.where(reached, 0.0)
    sums = parts.groupby(homes[column].astype(str)).sum()
    lived = sums["people"].where(sums["people"] > 0)
    made = sums[["people", "covered_before", "covered_after"]].copy()
    for when in ("before", "after"):
        made[f"share_{when}"] = sums[f"covered_{when}"] / lived
        made[f"mean_{when}_m"] = sums[f"walked_{when}"] / sums[f"reached_{when}"].where(sums[f"reached_{when}"] > 0)
    return made


def totals_of(scene: Scene) -> dict[str, float]:
    """Return people of a scene, how many are covered before and after, and their mean walk."""
    homes = scene.homes.assign(_all="all")
    row = area_sums(Scene(scene.key, scene.title, scene.requirement, scene.limit_m, scene.limit_min, scene.sites,
                          homes), "_all").loc["all"]  # fmt: skip
    return {str(name): float(value) for name, value in row.items()}


# what the answer rests on


def summary(answer: Answer, lang: Lang) -> list[str]:
    """Return the answer in sentences."""
    if isinstance(answer, WhatIf):
        return [first_up(told(text, lang), lang) for text in answer.options[f"text_{lang}"]]
    return sentences(told(getattr(answer, f"text_{lang}"), lang), lang)


def sentences(text: str, lang: Lang) -> list[str]:
    """Return a text sentence by sentence.

    Examples
    --------
    >>> sentences("One. Two is 2.5 m.", "en")
    ['One.', 'Two is 2.5 m.']
    """
    parts = re.split(r"(?<=。)" if lang == "zh" else r"(?<=\.) (?=[A-Z0-9])", text)
    return [first_up(part, lang) for part in (each.strip() for each in parts) if part]


def proof(answer: Answer, lang: Lang) -> list[str]:
    """Return how good the answer is known to be, in plain words."""
    if isinstance(answer, WhatIf):
        return [word("siting.proof_whatif", lang)]
    found = answer.choice if isinstance(answer, Sited) else answer
    value, bound = (number(each, lang, digits=1) for each in (found.value, found.bound))
    if found.proven:
        lines = [word("siting.proven", lang, value=value, bound=bound)]
    else:
        lines = [word("siting.not_proven", lang, value=value, bound=bound, gap=f"{found.gap:.2%}")]
    if isinstance(answer, Placed) and answer.value_without_equity - answer.value > 0.5:
        most, less = answer.value_without_equity, answer.value_without_equity - answer.value
        lines.append(word("siting.equity_cost", lang, value=number(answer.value, lang), most=number(most, lang),
                          less=number(less, lang)))  # fmt: skip
    return lines


def basis(answer: Answer, study: Study) -> list[Row]:
    """Return what the answer rests on: requirements with their clauses, aim, method, proof, costs, assumptions."""
    pairs: list[tuple[str, list[str]]] = [
        ("siting.about_study", [study_name(study, lang) for lang in LANGS]),
        ("siting.about_crs", [str(study.crs)] * 2),
    ]
    for requirement in requirements_of(answer):
        limits = _limits(answer, requirement.key)
        said = [
            f"{title}{gap}{reach_word(*limits, lang)}{gap}{who_word(requirement, lang)}"
            for title, lang, gap in zip(_titles(requirement), LANGS, ("，", ", "), strict=True)
        ]
        pairs.append(("siting.about_requirement", said))
        clause = [fullwidth(f"{requirement.clause}{requirement.note_zh}"),
                  " ".join(part for part in (requirement.clause_en, requirement.note_en) if part)]  # fmt: skip
        if any(clause):
            pairs.append(("siting.about_source", clause))
    if isinstance(answer, Sited):
        pairs.append(("siting.about_model", list(MODELS[answer.model])))
    if isinstance(answer, Placed):
        limit = [money_words(answer.budget, lang) for lang in LANGS]
        pairs.append(("siting.about_budget", limit))
        pairs.append(("siting.about_spent", [money_words(answer.spent, lang) for lang in LANGS]))
        source = "siting.about_costs_given" if answer.costs_given else "siting.about_costs_example"
        pairs.append(("siting.about_costs", [word(source, lang) for lang in LANGS]))
    if not isinstance(answer, WhatIf):
        found = answer.choice if isinstance(answer, Sited) else answer
        pairs.append(("siting.about_method", [_method_zh(found.method), found.method]))
    pairs.append(("siting.about_proof", [" ".join(proof(answer, lang)) for lang in LANGS]))
    pairs.append(("siting.about_speed", [word(f"siting.speed.{answer.speed}", lang) for lang in LANGS]))
    pairs.append(("siting.about_walks", [word("siting.about_walks_said", lang) for lang in LANGS]))
    pairs += [("siting.about_note", [told(zh, "zh"), told(en, "en")]) for zh, en in answer.notes]
    private = [word("siting.about_privacy_said", lang, n=FEWEST_PEOPLE, households=FEWEST_SHOWN) for lang in LANGS]
    pairs.append(("siting.about_privacy", private))
    return [Row((word(key, "zh"), word(key, "en")), (said[0], said[1])) for key, said in pairs]


def _method_zh(method: str) -> str:
    """Return how an answer was found in Chinese, part by part; what has no translation stays."""
    parts = []
    for part in method.split(", "):
        counted = re.fullmatch(r"(\d+) (\w+)", part)
        parts.append(METHODS_ZH.get(counted[2], part).format(n=counted[1]) if counted else METHODS_ZH.get(part, part))
    return "，".join(parts)


def _limits(answer: Answer, key: str) -> tuple[float, float]:
    if isinstance(answer, Placed):
        return float(answer.limits.loc[key, "limit_m"]), float(answer.limits.loc[key, "limit_min"])
    return answer.limit_m, answer.limit_min


def money_words(yuan: float, lang: Lang) -> str:
    """Return an amount of money in words: endless and unknown too."""
    if np.isinf(yuan):
        return word("siting.no_limit", lang)
    if np.isnan(yuan):
        return word("siting.cost_unknown", lang)
    return word("siting.wan", lang, n=number(yuan / 10_000, lang, digits=1))


def listed(value: object) -> list[str]:
    """Return ids joined by ; as a list."""
    return [] if is_missing(value) else [each for each in str(value).split(";") if each]


def joined(texts: Sequence[str], lang: Lang) -> str:
    """Return texts as one list."""
    return ("、" if lang == "zh" else ", ").join(texts)
