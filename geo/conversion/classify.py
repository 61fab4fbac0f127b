"""Villages turned into communities (村改居): which way each goes, whether it may, and what that asks of a plan.

Three ways, after a county-level city's plan of 2010 (Jinjiang; docs/conversion.md):

T1  one village, one community, in place (一村改一社居): range and size unchanged, integrated later
T2  village and neighbourhood are mixed: they merge
T3  a new community for a newly built, relatively closed compound above a size

`classify_conversions` gives every village and every compound its type with the numbers behind it; a planner may
overrule any of them. `plan_options` makes the engine follow. `procedure` lists the steps, papers and votes of one case.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo.boundary_text import unit_name
from geo.conversion.eligibility import Finding, Thresholds, check_survey, conditions_of
from geo.conversion.procedure import Document, Procedure, Step, Timetable, Vote, VoteResult, check_vote, procedure
from geo.conversion.village_facts import (
    Facts,
    Mixed,
    count_of,
    home_of,
    known_sum,
    mixing,
    neighbour_of,
    overlaps,
    read_facts,
)
from geo.errors import Fault, InputError
from geo.partition.actions.transfers import pieces
from geo.partition.plan import Limits, Lock, Plan, PlanOptions, limits_of
from geo.standards import Profile

__all__ = [
    "ConversionOptions", "Conversions", "Document", "Override", "Procedure", "Step", "Timetable", "Vote", "VoteResult",
    "check_vote", "classify_conversions", "conversion_heirs", "plan_options", "procedure",
]  # fmt: skip

ConversionType = Literal["T1", "T2", "T3", "none"]

MEANINGS: Mapping[ConversionType, tuple[str, str]] = MappingProxyType({
    "T1": ("一村改一社居(原地改制,范围和规模不变)", "one village, one community, in place"),
    "T2": ("村居混杂,合并设立", "village and neighbourhood are mixed: they merge"),
    "T3": ("新建相对封闭小区,单独设立社区", "a new community for a newly built, relatively closed compound"),
    "none": ("不改", "no conversion"),
})  # fmt: skip
"""What each type is called."""


@dataclass(frozen=True)
class ConversionOptions(Thresholds):
    """Thresholds of the classification and of the four conditions, with their sources.

    Attributes
    ----------
    mixed_share : float
        From this share of the households in a village's range on, village and neighbourhood are mixed (混杂): they
        belong to a neighbourhood by the register, or live in a residential compound. The plan of 2010 gives no number;
        0.3 is our reading.
    overlap_share : float
        So are they when the ranges of neighbourhoods overlap this share of the village's range (our reading).
    built_since : int
        A compound completed in this year or later is newly built. 2001: housing up to 2000 counts as old in the
        renovation of old compounds (国办发〔2020〕23号).
    min_households : int, optional
        A compound with fewer households gets no community of its own; the profile's minimum when not given.
    arable_m2_per_head, nonfarm_share, inside_share : float
        Of the four conditions (`eligibility.Thresholds`).
    """

    mixed_share: float = 0.3
    overlap_share: float = 0.1
    built_since: int = 2001
    min_households: int | None = None

    def __post_init__(self) -> None:
        faults = [
            Fault(f"{name} is {value:g}; a share lies between 0 and 1", "write 30 % as 0.3")
            for name in ("mixed_share", "overlap_share", "nonfarm_share", "inside_share")
            if not 0 <= (value := getattr(self, name)) <= 1
        ]
        faults += [
            Fault(f"{name} is {value:g}; it cannot be negative", "correct the value")
            for name in ("arable_m2_per_head", "min_households")
            if (value := getattr(self, name)) is not None and value < 0
        ]
        if faults:
            raise InputError(faults)


@dataclass(frozen=True)
class Override:
    """Another type than the rule's: who decided it and why; for T2, with which neighbourhood."""

    type: ConversionType
    who: str
    why: str
    neighbour_id: str | None = None


@dataclass(frozen=True)
class Conversions:
    """The villages, converted villages and compounds of a town, each with its type.

    Attributes
    ----------
    table : GeoDataFrame
        One row each, villages first. Index conversion_id: the community's or estate's id (`estate:ID` where a
        community has the same). subject (village, converted, compound), subject_id, name, name_en; type (T1, T2, T3,
        none), type_by_rule, overridden, override_who, override_why; households, people; mixed_share (of the
        households in the range, those that are not the village's own), mixed_households, overlap_share, neighbour_id
        (with whom a village would merge); home_id (the community a compound lies in), closed, year_built,
        in_construction_share; condition_1, condition_2, condition_3, condition_4 and eligible (pass, fail, unknown;
        missing for what is no village), evidence_zh, evidence_en; reasons_zh, reasons_en; plan_zh, plan_en (what it
        asks of a plan); text_zh, text_en (the proposal); geometry. What is not known is missing.
    locks : mapping from conversion_id to locks
        What a plan must keep for it.
    options : ConversionOptions
    profile : Profile
    """

    table: gpd.GeoDataFrame
    locks: Mapping[str, tuple[Lock, ...]]
    options: ConversionOptions
    profile: Profile


def plan_options(conversions: Conversions, options: PlanOptions) -> PlanOptions:
    """Return the options with the locks that the types ask for.

    The request goes before: a community or block that one of its own locks or conditions names is left to it, and no
    lock of a type is added for it.
    """
    own: set[tuple[str, str]] = {(lock.of, i) for lock in options.locks for i in lock.ids}
    own |= {("communities", one.community) for one in options.conditions}
    own |= {(one.of, i) for one in options.conditions for i in one.ids}
    more = [
        lock
        for key in conversions.table.index
        for lock in conversions.locks.get(str(key), ())
        if not any((lock.of, i) in own for i in lock.ids)
    ]
    return PlanOptions.model_validate({**dict(options), "locks": (*options.locks, *dict.fromkeys(more))})


def conversion_heirs(conversions: Conversions, plan: Plan, blocks: gpd.GeoDataFrame) -> dict[str, str | None]:
    """Return the heirs (see `with_heirs`) that leave a name with the old community where a T3 compound has taken it.

    The rule gives a name to the largest part, and that may be the compound. The name goes to the part with the core
    that the compound was kept apart from; where that part carries another name already, it ends.
    """
    before = blocks.set_axis(blocks.index.astype(str), axis=0)["community_id"]
    heirs: dict[str, str | None] = {}
    table = conversions.table
    for key, home in table.loc[(table["type"] == "T3") & table["home_id"].notna(), "home_id"].items():
        cores = [lock.ids for lock in conversions.locks.get(str(key), ()) if lock.kind == "apart"]
        for seed, core in cores:
            if before[core] == home and plan.assignment[seed] == home:
                part = plan.assignment[core]
                heirs[str(home)] = None if part in set(before.dropna()) else part
    return heirs


def classify_conversions(
    blocks: gpd.GeoDataFrame,
    seams: gpd.GeoDataFrame,
    communities: gpd.GeoDataFrame,
    *,
    profile: Profile,
    estates: gpd.GeoDataFrame | None = None,
    buildings: gpd.GeoDataFrame | None = None,
    survey: pd.DataFrame | None = None,
    construction_land: gpd.GeoDataFrame | None = None,
    options: ConversionOptions | None = None,
    overrides: Mapping[str, Override] | None = None,
) -> Conversions:
    """Return the type of every village and compound, with reasons, evidence and the four conditions.

    Parameters
    ----------
    blocks, seams, communities
        Tables of the study (`geo.schema`), one metric CRS; blocks with households.
    profile
        Its limits say which community is too small or too large.
    estates
        With closed, year_built, households: without them there is no T3.
    buildings
        With households, and community_id where the register says so: who lives in a village's range. Without them
        the estates' households say it.
    survey
        What was found in the villages. Index community_id; any of arable_m2_per_head, nonfarm_share, assets_settled,
        reform_done, property_clear (true or false), mixed_share, source (where it stands). Missing is unknown.
    construction_land
        The town's construction land or urban development boundary (城镇开发边界), same CRS.
    options
    overrides
        conversion_id → `Override`.

    Returns
    -------
    Conversions
        Rows sorted; the inputs are not changed.

    Raises
    ------
    InputError
        Every survey value, override or CRS that cannot be, at once.

    Notes
    -----
    1. A compound is T3 when it is closed, built since `built_since`, has the households and no more than the maximum,
       lies neither in a converted nor in a locked community, and is not already most of its community. What is not
       known does not speak for it.
    2. A village that fails one of the four conditions is not converted. Unknown conditions are reported, not assumed.
    3. A village is T2 when it is mixed (compounds of type T3 left out) and a neighbourhood adjoins; otherwise T1.
    4. A converted village stays whole (原则上村改居不变).
    """
    options = options or ConversionOptions()
    survey = pd.DataFrame() if survey is None else survey.set_axis(survey.index.astype(str), axis=0)
    _check(blocks, communities, survey, construction_land)
    town = read_facts(blocks, seams, communities, estates, buildings)
    decided = dict(overrides or {})
    _check_overrides(decided, town)
    limits = limits_of(profile, PlanOptions())
    least = limits.min_households if options.min_households is None else options.min_households
    compounds = [
        _compound(key, estate, town, limits=limits, least=least, options=options, override=decided.get(key))
        for key, estate in sorted(_compound_keys(town).items())
    ]
    taken = {case.subject_id: case for case in compounds if case.type == "T3"}
    land = None if construction_land is None else shapely.union_all(construction_land.geometry.to_numpy())
    villages = []
    for village in _villages(town.communities):
        found = conditions_of(town.communities.geometry[village], survey, village, land=land, limits=options)
        villages.append(
            _village(village, town, found, survey=survey, taken=taken, options=options, override=decided.get(village))
        )
    if alone := tuple(case.key for case in villages if case.type == "T2" and case.neighbour is None):
        raise InputError(Fault(f"overrides: with whom is {', '.join(alone)} to merge? No neighbourhood adjoins",
                               "give neighbour_id", ids=alone))  # fmt: skip
    cases = [*villages, *compounds]
    locks = _locks(cases, town, limits)
    rows = [case.row(*_asks(case, locks[case.key], cases, town, limits)) for case in cases]
    index = pd.Index([case.key for case in cases], dtype="str", name="conversion_id")
    table = pd.DataFrame(rows, index=index, columns=list(_DTYPES)).astype(_DTYPES)
    shapes = gpd.GeoSeries([case.shape for case in cases], index=index, crs=blocks.crs)
    frame = gpd.GeoDataFrame(table, geometry=shapes, crs=blocks.crs)
    return Conversions(frame, MappingProxyType({key: each for key, each in locks.items() if each}), options, profile)


_TEXT = (
    "subject", "subject_id", "name", "name_en", "type", "type_by_rule", "override_who", "override_why", "neighbour_id",
    "home_id", "condition_1", "condition_2", "condition_3", "condition_4", "eligible", "evidence_zh", "evidence_en",
    "reasons_zh", "reasons_en", "plan_zh", "plan_en", "text_zh", "text_en",
)  # fmt: skip
_DTYPES = {
    **dict.fromkeys(_TEXT[:6], "str"), "overridden": "bool", **dict.fromkeys(_TEXT[6:8], "str"),
    **dict.fromkeys(("households", "people", "mixed_households"), "Int64"),
    **dict.fromkeys(("mixed_share", "overlap_share", "in_construction_share"), "float64"),
    **dict.fromkeys(_TEXT[8:10], "str"), "closed": "boolean", "year_built": "Int64",
    **dict.fromkeys(_TEXT[10:], "str"),
}  # fmt: skip


# ── checks ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def _villages(communities: gpd.GeoDataFrame) -> list[str]:
    """Return the ids of villages and converted villages, sorted."""
    return sorted(str(i) for i in communities.index[communities["kind"].isin(("village", "converted"))])


def _compound_keys(town: Facts) -> dict[str, str]:
    ids = [] if town.estates is None else list(town.estates.index)
    return {f"estate:{i}" if i in town.communities.index else str(i): str(i) for i in ids}


def _check(
    blocks: gpd.GeoDataFrame, communities: gpd.GeoDataFrame, survey: pd.DataFrame,
    construction_land: gpd.GeoDataFrame | None,
) -> None:  # fmt: skip
    faults = check_survey(survey, _villages(communities))
    if construction_land is not None and construction_land.crs != blocks.crs:
        faults.append(Fault(f"the construction land is in {construction_land.crs}, the blocks are in {blocks.crs}",
                            "project it to the study's coordinates first", table="construction_land"))  # fmt: skip
    ids = {str(i) for i in communities.index}
    lost = tuple(sorted({str(i) for i in blocks["community_id"].dropna()} - ids))
    if lost:
        faults.append(Fault(f"blocks name communities that are not in the table: {', '.join(lost)}",
                            "use the communities the blocks were made with", "communities", lost))  # fmt: skip
    if faults:
        raise InputError(faults)


def _check_overrides(decided: Mapping[str, Override], town: Facts) -> None:
    keys = {*_villages(town.communities), *_compound_keys(town)}
    faults = []
    for key, override in sorted(decided.items()):
        if key not in keys:
            faults.append(Fault(f"overrides: there is no village or compound {key}", "use ids of the conversions table",
                                ids=(key,)))  # fmt: skip
            continue
        subject = {"village": "village", "converted": "converted village"}.get(town.kinds.get(key, ""), "compound")
        allowed = {"village": ("T1", "T2", "none"), "converted village": ("T2", "none")}.get(subject, ("T3", "none"))
        if override.type not in allowed:
            faults.append(Fault(f"overrides: {key} is a {subject}, it cannot be {override.type}",
                                f"use one of {', '.join(allowed)}", ids=(key,)))  # fmt: skip
        if not override.who.strip() or not override.why.strip():
            faults.append(Fault(f"overrides: who decided on {key}, and why, is not said", "give who and why",
                                ids=(key,)))  # fmt: skip
        other = override.neighbour_id
        if other is not None and town.kinds.get(other) != "community":
            faults.append(Fault(f"overrides: {key} cannot merge with {other}, which is no neighbourhood of the table",
                                "name a community of kind community", ids=(key, other)))  # fmt: skip
    if faults:
        raise InputError(faults)


# ── one village, one compound ────────────────────────────────────────────────────────────────────────────────────────
NOT_MIXED = Mixed("", "")


@dataclass(frozen=True)
class _Case:
    """One row on its way: what is known of it, its type and why."""

    key: str
    subject: Literal["village", "converted", "compound"]
    subject_id: str
    name: tuple[str, str]
    shape: shapely.Geometry
    blocks: tuple[str, ...]
    households: int | None
    people: int | None
    type: ConversionType
    type_by_rule: ConversionType
    reasons: tuple[tuple[str, str], ...]
    override: Override | None = None
    neighbour: str | None = None
    home: str | None = None
    mixed: Mixed = NOT_MIXED
    overlap_share: float = np.nan
    conditions: tuple[Finding, ...] = ()
    inside_share: float = np.nan
    closed: bool | None = None
    year_built: int | None = None
    compounds: tuple[str, ...] = ()
    """Keys of the T3 compounds inside a village's range."""

    def row(self, plan: tuple[str, str], text: tuple[str, str]) -> dict[str, object]:
        results = [finding.result for finding in self.conditions]
        worst = next((r for r in ("fail", "unknown") if r in results), "pass") if results else None
        said = [*self.reasons]
        if self.override:
            was, now = MEANINGS[self.type_by_rule], MEANINGS[self.type]
            said.append((f"由{self.override.who}改定为{self.type}({now[0]}):{self.override.why}(按规则为{was[0]})",
                         f"set to {self.type} ({now[1]}) by {self.override.who}: {self.override.why} "
                         f"(by the rule: {was[1]})"))  # fmt: skip
        return {
            "subject": self.subject, "subject_id": self.subject_id, "name": self.name[0], "name_en": self.name[1],
            "type": self.type, "type_by_rule": self.type_by_rule, "overridden": self.override is not None,
            "override_who": self.override.who if self.override else None,
            "override_why": self.override.why if self.override else None,
            "households": self.households, "people": self.people, "mixed_share": self.mixed.share,
            "mixed_households": self.mixed.households, "overlap_share": self.overlap_share,
            "neighbour_id": self.neighbour, "home_id": self.home, "closed": self.closed, "year_built": self.year_built,
            "in_construction_share": self.inside_share,
            **{f"condition_{i}": results[i - 1] if results else None for i in range(1, 5)}, "eligible": worst,
            "evidence_zh": ";".join(f"条件{i}:{f.zh}" for i, f in enumerate(self.conditions, 1)) or None,
            "evidence_en": "; ".join(f"condition {i}: {f.en}" for i, f in enumerate(self.conditions, 1)) or None,
            "reasons_zh": ";".join(zh for zh, _ in said), "reasons_en": "; ".join(en for _, en in said),
            "plan_zh": plan[0], "plan_en": plan[1], "text_zh": text[0] or None, "text_en": text[1] or None,
        }  # fmt: skip


def _decide(case: _Case, override: Override | None) -> _Case:
    if override is None:
        return case
    return replace(case, type=override.type, override=override, neighbour=override.neighbour_id or case.neighbour)


def _compound(
    key: str, estate: str, town: Facts, *, limits: Limits, least: int, options: ConversionOptions,
    override: Override | None,
) -> _Case:  # fmt: skip
    """Return whether a compound gets a community of its own: every test, passed or not, with its number."""
    assert town.estates is not None  # noqa: S101 - a key exists only with the table
    row, blocks = town.estates.loc[estate], town.estate_blocks[estate]
    households, people = count_of(row, "households"), count_of(row, "people")
    if households is None and town.homes is not None:
        own = town.homes.loc[town.homes["estate"] == estate, "households"]
        households = int(own.sum()) if len(own) and own.notna().all() else None
    closed, year = row.get("closed"), row.get("year_built")
    closed, year = None if pd.isna(closed) else bool(closed), None if pd.isna(year) else int(year)
    home = home_of(estate, blocks, town)
    tests: list[tuple[bool, tuple[str, str], tuple[str, str]]] = [
        (closed is True, ("相对封闭", "it is closed"),
         ("封闭情况未知,不认定", "whether it is closed is not known") if closed is None
         else ("不封闭", "it is not closed")),
        (year is not None and year >= options.built_since, (f"{year}年建成", f"built in {year}"),
         ("建成年份未知,不认定", "its year is not known") if year is None
         else (f"{year}年建成,早于{options.built_since}年", f"built in {year}, before {options.built_since}")),
        (households is not None and households >= least,
         (f"{households}户,达到{least}户", f"{households} households, at least {least:,}"),
         ("户数未知,不认定", "its households are not known") if households is None
         else (f"{households}户,不足{least}户", f"{households} households, fewer than {least:,}")),
        (households is None or households <= limits.max_households, ("", ""),
         (f"{households}户,超过上限{limits.max_households}户,须划分为几个社区",
          f"{households} households, above the maximum of {limits.max_households:,}: it needs several communities")),
    ]  # fmt: skip
    if home is not None:
        a, a_en = town.called(home)
        flag = town.communities.loc[home].get("locked")
        held = pd.notna(flag) and bool(flag)
        total = town.households(town.inside(home))
        most = households is not None and bool(total) and households >= 0.8 * (total or 0)
        tests += [
            (town.kinds[home] != "converted", ("", ""),
             (f"位于村改居社区{a}内,村改居原则上不变", f"it lies in {a_en}, a converted village: it stays as it is")),
            (not held, ("", ""), (f"所在{a}已锁定", f"it lies in {a_en}, which is locked")),
            (not most, ("", ""), (f"已占{a}的大部分户数({households}/{total}户),本身即为一个社区",
                                  f"it is most of {a_en} already ({households} of {total} households)")),
        ]  # fmt: skip
    passed = all(ok for ok, _, _ in tests)
    reasons = [yes if ok else no for ok, yes, no in tests]
    kind: ConversionType = "T3" if passed else "none"
    name, english = row.get("name"), row.get("name_en")
    zh = estate if pd.isna(name) else str(name)
    case = _Case(
        key=key, subject="compound", subject_id=estate, name=(zh, zh if pd.isna(english) else str(english)),
        shape=row.geometry, blocks=blocks, households=households, people=people, type=kind, type_by_rule=kind,
        reasons=tuple(each for each in reasons if each[0]), home=home, closed=closed, year_built=year,
    )  # fmt: skip
    return _decide(case, override)


def _village(
    village: str, town: Facts, found: tuple[tuple[Finding, ...], float], *, survey: pd.DataFrame,
    taken: Mapping[str, _Case], options: ConversionOptions, override: Override | None,
) -> _Case:  # fmt: skip
    """Return which way a village goes."""
    row, blocks = town.communities.loc[village], town.inside(village)
    households = town.households(blocks) if blocks else None
    households = count_of(row, "households") if households is None else households
    people = known_sum(town.blocks.loc[blocks, "people"]) if blocks else None
    seeds = tuple(sorted(case.key for case in taken.values() if set(case.blocks) & set(blocks)))
    mixed = mixing(village, blocks, households, town, survey=survey, taken=set(taken))
    overlap = overlaps(village, town)
    overlap_share = min(1.0, sum(overlap.values()) / row.geometry.area)
    neighbour = neighbour_of(village, blocks, mixed.residents, overlap, town)
    case = _Case(
        key=village, subject="village" if town.kinds[village] == "village" else "converted", subject_id=village,
        name=town.called(village), shape=row.geometry, blocks=tuple(blocks), households=households,
        people=count_of(row, "people") if people is None else people, type="none", type_by_rule="none", reasons=(),
        neighbour=neighbour, mixed=mixed, overlap_share=overlap_share, compounds=seeds,
    )  # fmt: skip
    if case.subject == "converted":
        reasons = [("已是村改居社区,原则上不变,整体保留",
                    "it is a converted village already: it stays whole, as it is")]  # fmt: skip
        return _decide(replace(case, reasons=tuple(reasons)), override)
    conditions, inside = found
    case = replace(case, conditions=conditions, inside_share=inside)
    if failed := [i for i, finding in enumerate(conditions, 1) if finding.result == "fail"]:
        many = "、".join(str(i) for i in failed)
        many_en = " and ".join(str(i) for i in failed)
        why = [
            (f"不具备村改居条件{many}", f"condition{'s' if len(failed) > 1 else ''} {many_en} for conversion not met")
        ]
        why += [(conditions[i - 1].zh, conditions[i - 1].en) for i in failed]
        return _decide(replace(case, reasons=tuple(why)), override)
    reasons = [(mixed.zh, mixed.en)]
    is_mixed = mixed.share >= options.mixed_share
    limit, limit_en = f"{options.mixed_share:.0%}", f"the threshold is {options.mixed_share:.0%}"
    if not np.isnan(mixed.share):
        reasons.append((f"{'达到' if is_mixed else '未达'}混居标准{limit}",
                        f"{'mixed' if is_mixed else 'not mixed'}: {limit_en}"))  # fmt: skip
    if overlap_share >= options.overlap_share:
        names, english = zip(*(town.called(i) for i in sorted(overlap)), strict=True)
        reasons.append((f"与{'、'.join(names)}的范围重叠{overlap_share:.0%}",
                        f"{overlap_share:.0%} of its range overlaps {', '.join(english)}"))  # fmt: skip
        is_mixed = True
    kind: ConversionType = "T2" if is_mixed and neighbour else "T1"
    if is_mixed and not neighbour:
        reasons.append(("没有相邻社区可供合并,在原范围改制", "no neighbourhood adjoins it, so it converts in place"))
    if kind == "T2" and neighbour:
        b, b_en = town.called(neighbour)
        reasons.append((f"与{b}合并,须视双方群众意愿", f"to merge with {b_en}, if residents of both accept it"))
    if unknown := [i for i, finding in enumerate(conditions, 1) if finding.result == "unknown"]:
        many = "、".join(str(i) for i in unknown)
        reasons.append((f"条件{many}待核", f"conditions still to be shown: {', '.join(map(str, unknown))}"))
    return _decide(replace(case, type=kind, type_by_rule=kind, reasons=tuple(reasons)), override)


# ── what it asks of a plan ───────────────────────────────────────────────────────────────────────────────────────────
def _locks(cases: Sequence[_Case], town: Facts, limits: Limits) -> dict[str, tuple[Lock, ...]]:
    """Return the locks of every case."""
    locks: dict[str, tuple[Lock, ...]] = {}
    seeds = {case.key: case for case in cases if case.type == "T3"}
    merges: dict[str, list[_Case]] = {}
    for case in cases:
        if case.type == "T2" and case.neighbour:
            merges.setdefault(case.neighbour, []).append(case)
    for case in cases:
        if case.subject == "compound":
            locks[case.key] = _seed_locks(case, seeds, town, limits) if case.type == "T3" else ()
        elif case.compounds:
            locks[case.key] = _opened(case, seeds, town)
        elif case.type == "T1":
            fits = case.households is not None and limits.min_households <= case.households <= limits.max_households
            locks[case.key] = (Lock(kind="as_is" if fits else "whole", ids=(case.key,)),) if case.blocks else ()
        elif case.type == "T2" and case.neighbour and case.blocks:
            whole = [each for each in merges[case.neighbour] if each.blocks and not each.compounds]
            parts = [each.households for each in whole] + [town.households(town.inside(case.neighbour))]
            if sum(part or 0 for part in parts) <= limits.max_households:
                locks[case.key] = (Lock(kind="together", ids=(case.neighbour, *(each.key for each in whole))),)
            else:
                locks[case.key] = _opened(case, seeds, town)
        elif case.subject == "converted" and case.blocks:
            locks[case.key] = (Lock(kind="whole", ids=(case.key,)),)
        else:
            locks[case.key] = ()
    return locks


def _seed_locks(case: _Case, seeds: Mapping[str, _Case], town: Facts, limits: Limits) -> tuple[Lock, ...]:
    """Return what makes a compound a community of its own: its blocks together, apart from every core around it."""
    if not case.blocks:
        return ()
    first, locks = case.blocks[0], []
    load = town.households(case.blocks) or 0
    if len(case.blocks) > 1 and len(pieces(list(case.blocks), town.seams)) == 1 and load <= limits.max_households:
        locks.append(Lock(kind="together", ids=case.blocks, of="blocks"))
    others = {block for seed in seeds.values() for block in seed.blocks}
    around = {*town.borders(case.blocks), *([case.home] if case.home else [])}
    for community in sorted(around):
        core = [block for block in town.inside(community) if block not in others]
        if core:
            homes = town.blocks.loc[core, "households"].fillna(0)
            best = min(core, key=lambda block: (-int(homes[block]), block))
            locks.append(Lock(kind="apart", ids=(first, best), of="blocks"))
    locks += [
        Lock(kind="apart", ids=(first, seed.blocks[0]), of="blocks")
        for key, seed in sorted(seeds.items()) if key > case.key and seed.blocks and seed.blocks[0] != first
    ]  # fmt: skip
    return tuple(locks)


def _opened(case: _Case, seeds: Mapping[str, _Case], town: Facts) -> tuple[Lock, ...]:
    """Return the locks of a village that compounds leave, or mixed blocks may leave.

    The rest of it stays together, piece by piece: nobody asked to divide the village itself.
    """
    gone = {block for key in case.compounds for block in seeds[key].blocks}
    if case.type == "T2":
        gone |= set(case.mixed.blocks) or set(case.blocks)
    rest = [block for block in case.blocks if block not in gone]
    parts = [part for part in pieces(rest, town.seams) if len(part) > 1]
    return (
        Lock(kind="free", ids=(case.key,)),
        *(Lock(kind="together", ids=tuple(part), of="blocks") for part in parts),
    )


def _asks(
    case: _Case, locks: tuple[Lock, ...], cases: Sequence[_Case], town: Facts, limits: Limits
) -> tuple[tuple[str, str], tuple[str, str]]:
    """Return what a type asks of a plan, and the proposal, in both languages."""
    if case.subject == "compound":
        plan = _asks_of_compound(case, locks)
    else:
        plan = _asks_of_village(case, locks, {each.key: each.name for each in cases}, town, limits)
    return plan, _proposal(case, town)


def _asks_of_compound(case: _Case, locks: tuple[Lock, ...]) -> tuple[str, str]:
    if case.type != "T3":
        return "无", "nothing"
    if not locks:
        return "小区未占满任何地块,对方案不设限", "it fills no block, so nothing is asked of the plan"
    return (
        "小区地块为一个整体,与周边社区核心地块分开,自成一个社区",
        "its blocks stay together and apart from the cores of the communities around it",
    )


def _asks_of_village(
    case: _Case, locks: tuple[Lock, ...], names: Mapping[str, tuple[str, str]], town: Facts, limits: Limits
) -> tuple[str, str]:
    kinds = {lock.kind for lock in locks}
    if case.compounds:
        zh, en = "、".join(names[i][0] for i in case.compounds), ", ".join(names[i][1] for i in case.compounds)
        more = (",混居地块准许划出", "; its mixed blocks may leave") if case.type == "T2" else ("", "")
        return (
            f"{zh}划出单设社区{more[0]},其余部分保持完整",
            f"{en} leaves it for a community of its own{more[1]}; the rest stays together",
        )
    if case.type == "T1" and "as_is" in kinds:
        return "范围不变", "its range stays as it is"
    if case.type == "T1":
        return (
            f"整体保留:户数不在{limits.min_households}至{limits.max_households}户之间,整合时整体与相邻单位合并",
            f"it stays whole: outside {limits.min_households:,} to {limits.max_households:,} households, it joins its "
            "neighbours as a whole when communities are integrated",
        )
    if case.type == "T2" and case.neighbour:
        b, b_en = town.called(case.neighbour)
        if "free" not in kinds:
            return f"与{b}同在一个社区", f"in one community with {b_en}"
        zh = f"与{b}合计超过上限{limits.max_households}户"
        en = f"with {b_en} it is above the maximum of {limits.max_households:,} households"
        if number := len(case.mixed.blocks):
            return (
                f"{zh},{number}个混居地块准许划入{b}等,其余部分保持完整",
                f"{en}: its {number} mixed blocks may go to {b_en} or others, the rest stays together",
            )
        return f"{zh},准许划分后与{b}等合并", f"{en}: it may be divided and merged with {b_en} and others"
    if case.subject == "converted":
        return "整体保留", "it stays whole"
    return "仍为村,按标准整体保留", "it stays a village, whole where the profile says so"


def _proposal(case: _Case, town: Facts) -> tuple[str, str]:
    """Return the sentence of a plan that says what is proposed; empty where nothing is."""
    a, a_en = case.name
    size = "" if case.households is None else f",共{case.households}户"
    size_en = "" if case.households is None else f", {case.households:,} households"
    if case.type == "T3":
        base = unit_name(a.removesuffix("小区") or a)
        return f"为{a}单独设立{base}{size}", f"Set up a community of its own for {a_en}{size_en}"
    if case.type == "T1":
        base = unit_name(a.removesuffix("村") or a)
        if base in set(town.said["said"]):
            base += "(与现有社区重名,名称另定)"
        return (
            f"撤销{a}村民委员会,在原范围设立{base}居民委员会,范围和规模不变{size}",
            f"Abolish the villagers' committee of {a_en} and set up a residents' committee in the same range{size_en}",
        )
    if case.type == "T2" and case.neighbour:
        b, b_en = town.called(case.neighbour)
        own = "" if case.households is None else f"({case.households}户)"  # its own, not those of both
        own_en = "" if case.households is None else f" ({case.households:,} households)"
        if case.subject == "converted":
            return f"将{a}{own}与{b}合并为一个社区", f"Merge {a_en}{own_en} with {b_en} into one community"
        return (
            f"撤销{a}村民委员会{own},与{b}合并设立一个居民委员会",
            f"Abolish the villagers' committee of {a_en}{own_en} and merge it with {b_en} under one residents' "
            "committee",
        )
    return "", ""
