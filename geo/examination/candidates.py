"""Which old estates come first: candidates for renovation with visible points, and the rules each meets or breaks.

A site is an estate, or the homes of one block outside estates (`block:<block_id>`). Every rule answers pass, fail or
unknown. A `must` that fails excludes a site, one that is unknown keeps it to be confirmed; nothing is dropped. Points
add up what is certain; `points_most` is what they would be if everything unknown turned out at its worst.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.errors import Fault, InputError
from geo.examination.result import Examination
from geo.ingest.sheets import Field, read_sheet
from geo.standards.rules import SiteRule, SiteRules
from geo.study import Study

Floats = npt.NDArray[np.float64]
Texts = npt.NDArray[np.object_]
Pair = tuple[str, str]
Group = Literal["candidate", "to_confirm", "unknown_year", "excluded"]

GROUPS: Final[Mapping[str, Pair]] = {
    "candidate": ("候选", "candidate"), "to_confirm": ("待核实", "to be confirmed"),
    "unknown_year": ("年代不详", "year not known"), "excluded": ("不列入", "excluded"),
}  # fmt: skip
"""In the order of the table: all `must` rules pass; some are unknown; the year is; one fails."""

WEIGHTS: Final[Mapping[str, float]] = {
    "safety": 30.0, "condition": 20.0, "facilities": 20.0, "consent": 20.0, "age": 10.0,
}  # fmt: skip
"""Points of each part at its fullest (our reading, to be edited; no official text gives points)."""

PARTS: Final[Mapping[str, Pair]] = {
    "safety": ("有安全隐患的住宅占比", "share of homes with a safety problem"),
    "condition": ("住房问题占应查项的比例", "share of housing questions answered with a problem"),
    "facilities": ("未达标的小区指标占比", "share of residential-area indicators below standard"),
    "consent": ("居民同意率", "residents' consent"),
    "age": ("房龄", "age"),
}
AGE_SPAN: Final = 40.0
"""Years before the rule's year at which the points for age are full (our reading)."""

BLOCK: Final = "block:"
"""What the id of a site begins with when it is no estate."""


@dataclass(frozen=True)
class Candidates:
    """Sites for renovation in their order.

    Attributes
    ----------
    table : GeoDataFrame
        Index site_id, best first: the groups in the order of `GROUPS`, in each by points. Columns: group; rank (Int64,
        from 1 in each group, missing for excluded ones); name, name_en, community_id; year_built (the median of its
        homes' known years, missing when none is known); buildings, households (missing unless all are known),
        findings_open, surveyed_share (of the housing questions, 0 to 1), indicators_found, facilities_missing (numbers
        of housing and residential indicators joined by ;), consent (0 to 1, NaN unknown), points_total, points_most,
        failed, to_confirm (keys of `must` rules joined by ;), reasons_zh, reasons_en; the site's geometry, metric.
    parts : DataFrame
        One row per site and part, sites in the table's order: site_id, part, title_zh, title_en, raw (in unit, NaN
        unknown), unit (`share` or `years`), unit_zh, unit_en, share and share_most (of the part's points: what is
        certain, and with everything unknown at its worst), weight, points (weight x share), known (raw is), text_zh,
        text_en.
    verdicts : DataFrame
        One row per site and rule, sites in the table's order: site_id, rule, list, severity, title_zh, title_en,
        verdict (`pass`, `fail`, `unknown`), measured, allowed (NaN where there is no number), text_zh, text_en (the
        rule, and what was measured against what is allowed), source, source_en.
    notes : tuple of (str, str)
        What is unknown, in Chinese and English.
    """

    table: gpd.GeoDataFrame
    parts: pd.DataFrame
    verdicts: pd.DataFrame
    notes: tuple[Pair, ...] = ()


def candidates(
    study: Study,
    examination: Examination,
    *,
    rules: SiteRules,
    consent: pd.Series | None = None,
    declared: pd.DataFrame | None = None,
    weights: Mapping[str, float] | None = None,
) -> Candidates:
    """Return the sites for renovation, ranked, with the rules each meets or breaks.

    Parameters
    ----------
    study : Study
        The one that was examined: the kinds of its communities are read.
    examination : Examination
        What was found; it may know nothing at all.
    rules : SiteRules
        Positive and negative list, year and consent asked for.
    consent : Series, optional
        Index site_id: the share of owners who want the works, 0 to 1. A site that is not in it is unknown.
    declared : DataFrame, optional
        Index site_id, a column for each rule of the test `declared` by its key: True, False, or missing.
    weights : Mapping, optional
        Points of each part of `PARTS`; those left out keep `WEIGHTS`.

    Returns
    -------
    Candidates
        The inputs are not changed; the order of their rows does not matter.

    Raises
    ------
    InputError
        When consent or declarations name no site, stand twice, or are no share or yes and no; when a weight is
        negative or of an unknown part.
    """
    points = {**WEIGHTS, **(weights or {})}
    index = site_ids(examination)
    if faults := _faults(index, rules, consent, declared, weights or {}):
        raise InputError(faults)
    sites = _Sites(study, examination, rules, index=index, consent=consent, declared=declared)
    shares = {name: _PARTS[name](sites) for name in PARTS}
    verdicts = {rule.key: _TESTS[rule.test](sites, rule) for rule in rules.rules}
    table = _table(sites, shares, verdicts, points)
    return Candidates(
        table=table,
        parts=_parts_table(sites, shares, points, table.index),
        verdicts=_verdicts_table(sites, verdicts, table.index),
        notes=_notes(table, examination),
    )


def site_ids(examination: Examination) -> "pd.Index[str]":
    """Return the ids of all sites: every estate, then the blocks that have homes outside estates; each sorted."""
    estates = sorted(examination.estates.index.astype(str))
    homes = examination.buildings["site_id"].dropna().astype(str)
    return pd.Index([*estates, *sorted(set(homes) - set(estates))], name="site_id", dtype="str")


# ── what is known of each site ───────────────────────────────────────────────────────────────────────────────────────
class _Sites:
    """Every site with its homes and what was found in them, sorted by id; counts are aligned with `index`."""

    def __init__(
        self, study: Study, examination: Examination, rules: SiteRules, *, index: "pd.Index[str]",
        consent: pd.Series | None, declared: pd.DataFrame | None,
    ) -> None:  # fmt: skip
        self.study, self.examination, self.rules, self.index = study, examination, rules, index
        homes = examination.buildings
        self.homes = homes[homes["site_id"].notna()].sort_index()
        estates = examination.estates
        self.count = len(self.index)
        self.estates = estates.set_axis(estates.index.astype(str)).reindex(self.index)
        self.is_block = np.array([site.startswith(BLOCK) for site in self.index], dtype=bool)
        of_block = pd.Series([site.removeprefix(BLOCK) for site in self.index], index=self.index)
        self.blocks = examination.blocks.reindex(of_block).set_axis(self.index)
        self.consent = np.full(self.count, np.nan) if consent is None else _by_site(consent, index).to_numpy("float64")
        self.declared = pd.DataFrame(index=index) if declared is None else _by_site(declared, index)
        self.place = self.index.get_indexer(self.homes["site_id"].astype(str))
        self.buildings = np.asarray(np.bincount(self.place, minlength=self.count), dtype=np.float64)

    def summed(self, amounts: Floats) -> Floats:
        """Return the sum of a number of the homes by site."""
        return np.asarray(np.bincount(self.place, amounts, self.count), dtype=np.float64)

    @cached_property
    def years(self) -> Floats:
        """Year of completion of each home, its estate's where it has none of its own."""
        own = _floats(self.homes["year_built"])
        return np.where(np.isnan(own), _floats(self.estates["year_built"])[self.place], own)

    @cached_property
    def year(self) -> Floats:
        """The median of the known years of each site's homes; of an estate without homes its own year."""
        told = pd.Series(self.years).groupby(self.place).median().reindex(range(self.count)).to_numpy("float64")
        return np.where(np.isnan(told) & (self.buildings == 0), _floats(self.estates["year_built"]), told)

    @cached_property
    def community_id(self) -> Texts:
        """The community each site lies in; missing where none is known."""
        own = self.estates["community_id"].astype("object")
        of_block = self.blocks["community_id"].astype("object") if "community_id" in self.blocks else own
        told = self.homes.assign(place=self.place).dropna(subset=["community_id"])
        most = told.groupby("place")["community_id"].agg(lambda ids: ids.value_counts().sort_index().idxmax())
        found = own.where(own.notna(), of_block).to_numpy(dtype=object)
        return np.asarray(
            np.where(pd.isna(found), most.reindex(range(self.count)).to_numpy(dtype=object), found), dtype=object
        )

    @cached_property
    def households(self) -> Floats:
        """Households of each site: the estate's own number, else the sum of its homes' when all are known."""
        homes = _floats(self.homes["households"])
        told = np.where(self.buildings > 0, self.summed(homes), np.nan)
        own = _floats(self.estates["households"])
        return np.where(np.isnan(own), told, own)

    @cached_property
    def housing(self) -> pd.DataFrame:
        """How many homes of each site are in each state, by indicator: index (place, number)."""
        states = self.examination.states
        numbers = [each.number for each in self.examination.catalogue.of("housing")]
        rows = states[states["number"].isin(numbers) & (states["subject"] == "building")]
        place = pd.Series(self.place, index=self.homes.index.astype(str)).reindex(rows["subject_id"].astype(str))
        return _counted(place.to_numpy("float64"), rows)

    @cached_property
    def residential(self) -> pd.DataFrame:
        """The state of each residential indicator at each site, its own or its unit's: index (place, number)."""
        states = self.examination.states
        numbers = [each.number for each in self.examination.catalogue.of("residential")]
        rows = states[states["number"].isin(numbers)]
        own = rows[rows["subject"] == "estate"]
        where = self.index.get_indexer(own["subject_id"].astype(str)).astype(np.float64)
        found = [_counted(np.where(where < 0, np.nan, where), own)]
        units = pd.DataFrame({"unit_id": self.unit_id, "place": range(self.count)}).dropna()
        of_unit = rows[rows["subject"] == "unit"].merge(units, left_on="subject_id", right_on="unit_id")
        found.append(_counted(of_unit["place"].to_numpy("float64"), of_unit))
        return pd.concat(found)

    @cached_property
    def unit_id(self) -> Texts:
        """The examination unit each site lies in; missing where none is known."""
        own = self.estates["unit_id"].astype("object").to_numpy()
        if "unit_id" not in self.blocks:
            return np.asarray(own, dtype=object)
        return np.asarray(np.where(pd.isna(own), self.blocks["unit_id"].astype("object").to_numpy(), own), dtype=object)

    def totals(self, counts: pd.DataFrame) -> pd.DataFrame:
        """Return the sums of found, clear and unknown of each site."""
        return counts.groupby(level="place").sum().reindex(range(self.count), fill_value=0)

    def numbers(self, counts: pd.DataFrame) -> tuple[Texts, Floats, Floats]:
        """Return the numbers of the indicators found at each site (joined by ;), how many, and how many are unknown."""
        found = counts[counts["found"] > 0].reset_index().sort_values(["place", "number"])
        joined = found["number"].astype(str).groupby(found["place"]).agg(";".join).reindex(range(self.count))
        unknown = ((counts["found"] == 0) & (counts["unknown"] > 0)).groupby(level="place").sum()
        return (
            joined.fillna("").to_numpy(dtype=object),
            found.groupby("place").size().reindex(range(self.count), fill_value=0).to_numpy("float64"),
            unknown.reindex(range(self.count), fill_value=0).to_numpy("float64"),
        )

    @cached_property
    def found_homes(self) -> tuple[Floats, Floats]:
        """How many homes of each site certainly have a safety problem, and how many may have one besides."""
        vetoes = [each.number for each in self.examination.catalogue.of("housing") if each.rule == "veto"]
        states = self.examination.states
        rows = states[states["number"].isin(vetoes) & (states["subject"] == "building")]
        home = self.homes.index.astype(str).get_indexer(rows["subject_id"].astype(str))
        known, state = home >= 0, rows["state"].to_numpy(dtype=object)
        seen = np.bincount(home[known & (state == "found")], minlength=len(self.homes)) > 0
        open_ = np.bincount(home[known & (state == "unknown")], minlength=len(self.homes)) > 0
        return self.summed(seen.astype(np.float64)), self.summed((open_ & ~seen).astype(np.float64))


def _by_site(given: Any, index: "pd.Index[str]") -> Any:  # noqa: ANN401 - a Series or a DataFrame, and the same back
    return given.set_axis(given.index.astype(str)).reindex(index)


def _counted(place: Floats, rows: pd.DataFrame) -> pd.DataFrame:
    """Return how many rows of each site and indicator are found, clear and unknown: index (place, number)."""
    known = ~np.isnan(place)
    keys = [
        pd.Index(place[known].astype(np.int64), name="place"),
        pd.Index(rows["number"].to_numpy()[known], name="number"),
    ]
    state = rows["state"].to_numpy(dtype=object)[known]
    flags = pd.DataFrame({name: (state == name).astype(np.int64) for name in ("found", "clear", "unknown")},
                         index=pd.MultiIndex.from_arrays(keys, names=["place", "number"]))  # fmt: skip
    return flags.groupby(level=["place", "number"]).sum()


def _floats(values: pd.Series) -> Floats:
    return np.asarray(pd.to_numeric(values).astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan))


# ── points ───────────────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class _Share:
    """One part of every site: the raw value, between which shares of its points it lies, and words."""

    raw: Floats
    lower: Floats
    upper: Floats
    zh: list[str]
    en: list[str]


def _between(found: Floats, unknown: Floats, total: Floats, zh: str, en: str) -> _Share:
    """Return found / total, and the most it can be; sites of which there is nothing to ask lie between 0 and 1."""
    asked = total > 0
    safe = np.where(asked, total, 1.0)
    lower, upper = np.where(asked, found / safe, 0.0), np.where(asked, (found + unknown) / safe, 1.0)
    rows = list(zip(found.astype(int).tolist(), unknown.astype(int).tolist(), total.astype(int).tolist(), strict=True))
    raw = np.where(asked & (unknown < total), lower, np.nan)
    words_zh = [_known(f, u, t, zh + "{f}/{t}" + (",{u}未知" if u else ""), "未知") for f, u, t in rows]
    words_en = [_known(f, u, t, en + "{f} of {t}" + (", {u} unknown" if u else ""), "unknown") for f, u, t in rows]
    return _Share(raw, lower, upper, words_zh, words_en)


def _known(found: int, unknown: int, total: int, words: str, otherwise: str) -> str:
    return words.format(f=found, u=unknown, t=total) if total and unknown < total else otherwise


def _safety(sites: _Sites) -> _Share:
    found, unknown = sites.found_homes
    return _between(found, unknown, sites.buildings, "有安全隐患的住宅(栋)", "homes with a safety problem: ")


def _condition(sites: _Sites) -> _Share:
    totals = sites.totals(sites.housing).astype("float64")
    return _between(
        totals["found"].to_numpy(), totals["unknown"].to_numpy(), totals.sum(axis=1).to_numpy(),
        "应查住房问题中查出(栋·项)", "housing questions with a problem: ",
    )  # fmt: skip


def _facilities(sites: _Sites) -> _Share:
    totals = sites.totals(sites.residential).astype("float64")
    return _between(
        totals["found"].to_numpy(), totals["unknown"].to_numpy(), totals.sum(axis=1).to_numpy(),
        "未达标的小区指标(项)", "residential-area indicators below standard: ",
    )  # fmt: skip


def _consent(sites: _Sites) -> _Share:
    raw = sites.consent
    unknown = np.isnan(raw)
    zh = ["同意率未知" if gone else f"同意率{share:.0%}" for gone, share in zip(unknown, raw, strict=True)]
    en = ["consent not known" if gone else f"consent {share:.0%}" for gone, share in zip(unknown, raw, strict=True)]
    return _Share(raw, np.where(unknown, 0.0, raw), np.where(unknown, 1.0, raw), zh, en)


def _age(sites: _Sites) -> _Share:
    raw = sites.rules.built_by - sites.year
    unknown = np.isnan(raw)
    share = np.clip(np.where(unknown, 0.0, raw) / AGE_SPAN, 0.0, 1.0)
    zh = ["建成年份未知" if gone else f"约{year:.0f}年建成" for gone, year in zip(unknown, sites.year, strict=True)]
    en = [
        "year not known" if gone else f"built about {year:.0f}" for gone, year in zip(unknown, sites.year, strict=True)
    ]
    return _Share(raw, share, np.where(unknown, 1.0, share), zh, en)


_PARTS: Final[Mapping[str, Callable[[_Sites], _Share]]] = {
    "safety": _safety, "condition": _condition, "facilities": _facilities, "consent": _consent, "age": _age,
}  # fmt: skip


# ── rules ────────────────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class _Verdict:
    """The answers of one rule: 1 pass, 0 fail, NaN unknown; the number measured; words without the rule's title."""

    answer: Floats
    measured: Floats
    zh: list[str]
    en: list[str]


def _answer(passed: npt.NDArray[np.bool_], failed: npt.NDArray[np.bool_]) -> Floats:
    return np.where(passed, 1.0, np.where(failed, 0.0, np.nan))


def _limit(rule: SiteRule) -> float:
    assert rule.limit is not None  # noqa: S101 - `load_site_rules` refuses a test that needs a limit and has none
    return rule.limit


def _built_by(sites: _Sites, rule: SiteRule) -> _Verdict:
    """Most of the homes were completed by the end of the year; where too many years are unknown, that is."""
    limit = _limit(rule)
    lone = sites.buildings == 0  # an estate without homes in the table stands for one
    old = np.where(
        lone, _floats(sites.estates["year_built"]) <= limit, sites.summed((sites.years <= limit).astype(np.float64))
    )
    unknown = np.where(
        lone, np.isnan(_floats(sites.estates["year_built"])), sites.summed(np.isnan(sites.years).astype(np.float64))
    )
    total = np.where(lone, 1.0, sites.buildings)
    rows = list(zip(old.astype(int).tolist(), unknown.astype(int).tolist(), total.astype(int).tolist(), strict=True))
    zh, en = [], []
    for o, u, t in rows:
        zh.append(
            f"{t}栋中{o}栋在{limit:.0f}年底前建成" + (f",{u}栋年份未知" if u else "") if u < t else "建成年份未知"
        )
        said = f"{o} of {t} completed by the end of {limit:.0f}" + (f", {u} of unknown year" if u else "")
        en.append(said if u < t else "year not known")
    return _Verdict(_answer(2 * old > total, 2 * (old + unknown) <= total), sites.year, zh, en)


def _in_town(sites: _Sites, rule: SiteRule) -> _Verdict:  # noqa: ARG001 - every test reads sites and rule
    communities = sites.study.get("communities")
    kinds = {} if communities is None else communities["kind"].astype(str).to_dict()
    kind = np.array([kinds.get(each, "") if isinstance(each, str) else "" for each in sites.community_id], dtype=object)
    words = {"": ("所在社区未知", "its community is not known"), "village": ("位于村", "lies in a village"),
             "converted": ("位于村改居社区", "lies in a converted village"),
             "community": ("位于社区", "lies in a community")}  # fmt: skip
    answer = _answer(np.isin(kind, ["community", "converted"]), kind == "village")
    none = np.full(sites.count, np.nan)
    return _Verdict(answer, none, [words[each][0] for each in kind], [words[each][1] for each in kind])


def _self_built(sites: _Sites, rule: SiteRule) -> _Verdict:
    homes = sites.homes
    told = sites.study.get("communities") is not None or "housing_group" in sites.study["buildings"].columns
    self_built = sites.summed((homes["housing_group"] == "self_built").to_numpy("float64"))
    share = np.where(told & (sites.buildings > 0), self_built / np.maximum(sites.buildings, 1), np.nan)
    return _against(share, rule, most=True, zh="自建房占{:.0%}", en="{:.0%} self-built", unknown=(
        "自建房情况未知", "whether homes are self-built is not known"))  # fmt: skip


def _consent_min(sites: _Sites, rule: SiteRule) -> _Verdict:
    return _against(sites.consent, rule, most=False, zh="同意率{:.0%}", en="{:.0%} consent",
                    unknown=("同意率未知", "consent is not known"))  # fmt: skip


def _surveyed_min(sites: _Sites, rule: SiteRule) -> _Verdict:
    return _against(_surveyed(sites), rule, most=False, zh="住房问题已查{:.0%}",
                    en="{:.0%} of the housing questions answered",
                    unknown=("没有应查的住宅", "there are no homes to examine"))  # fmt: skip


def _surveyed(sites: _Sites) -> Floats:
    totals = sites.totals(sites.housing).astype("float64")
    asked = totals.sum(axis=1).to_numpy()
    return np.where(asked > 0, 1.0 - totals["unknown"].to_numpy() / np.maximum(asked, 1.0), np.nan)


def _against(value: Floats, rule: SiteRule, *, most: bool, zh: str, en: str, unknown: Pair) -> _Verdict:
    limit = _limit(rule)
    known = ~np.isnan(value)
    good = value <= limit if most else value >= limit
    asked = ("不高于", "at most") if most else ("不低于", "at least")
    both = list(zip(value.tolist(), known.tolist(), strict=True))
    words_zh = [f"{zh.format(each)},要求{asked[0]}{limit:.0%}" if told else unknown[0] for each, told in both]
    words_en = [f"{en.format(each)}; {asked[1]} {limit:.0%} is asked" if told else unknown[1] for each, told in both]
    return _Verdict(_answer(known & good, known & ~good), value, words_zh, words_en)


def _has_findings(sites: _Sites, rule: SiteRule) -> _Verdict:
    return _count(sites, sites.housing, rule, ("住房", "housing"))


def _missing_facilities(sites: _Sites, rule: SiteRule) -> _Verdict:
    return _count(sites, sites.residential, rule, ("小区", "residential-area"))


def _count(sites: _Sites, counts: pd.DataFrame, rule: SiteRule, called: Pair) -> _Verdict:
    """At least so many indicators are found; not when even the unknown ones together could not reach it."""
    limit = _limit(rule)
    _, found, unknown = sites.numbers(counts)
    asked = sites.totals(counts).sum(axis=1).to_numpy() > 0
    rows = list(zip(found.astype(int).tolist(), unknown.astype(int).tolist(), asked.tolist(), strict=True))
    zh = [
        f"查出{f}项{called[0]}问题" + (f",{u}项未查清" if u else "") if a else f"没有{called[0]}体检数据"
        for f, u, a in rows
    ]
    en = [f"{called[1]} indicators found: {f}" + (f", not settled: {u}" if u else "") if a
          else f"nothing was examined ({called[1]})" for f, u, a in rows]  # fmt: skip
    return _Verdict(_answer(found >= limit, asked & (found + unknown < limit)), np.where(asked, found, np.nan), zh, en)


def _declared(sites: _Sites, rule: SiteRule) -> _Verdict:
    none = np.full(sites.count, np.nan)
    said = none if rule.key not in sites.declared.columns else _floats(sites.declared[rule.key].astype("boolean"))
    answer = said if rule.list == "positive" else 1.0 - said
    words = {1.0: ("申报:是", "declared: yes"), 0.0: ("申报:否", "declared: no")}
    told = [words.get(each, ("未申报", "not declared")) for each in said.tolist()]
    return _Verdict(answer, said, [zh for zh, _ in told], [en for _, en in told])


_TESTS: Final[Mapping[str, Callable[[_Sites, SiteRule], _Verdict]]] = {
    "built_by": _built_by, "in_town": _in_town, "self_built_share_max": _self_built, "consent_min": _consent_min,
    "surveyed_min": _surveyed_min, "has_findings": _has_findings, "missing_facilities": _missing_facilities,
    "declared": _declared,
}  # fmt: skip
"""How each test of `geo.standards.rules` is answered."""


# ── tables ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def _table(
    sites: _Sites, shares: Mapping[str, _Share], verdicts: Mapping[str, _Verdict], weights: Mapping[str, float]
) -> gpd.GeoDataFrame:
    must = [rule for rule in sites.rules.rules if rule.severity == "must"]
    failed = _keys(sites, [(rule.key, verdicts[rule.key].answer == 0) for rule in must])
    unknown = [(rule, np.isnan(verdicts[rule.key].answer)) for rule in must]
    to_confirm = _keys(sites, [(rule.key, which) for rule, which in unknown])
    by_year = [which for rule, which in unknown if rule.test == "built_by"]
    no_year = np.logical_or.reduce(by_year) if by_year else np.isnan(sites.year)
    group = np.select(
        [failed != "", no_year, to_confirm != ""], ["excluded", "unknown_year", "to_confirm"], "candidate"
    ).astype(object)
    geometry = np.where(sites.is_block, sites.blocks.geometry.to_numpy(), sites.estates.geometry.to_numpy())
    found = sites.numbers(sites.housing)[0], sites.numbers(sites.residential)[0]
    table = gpd.GeoDataFrame(
        {
            "group": group,
            "name": _names(sites, "name", "街坊{}"), "name_en": _names(sites, "name_en", "block {}"),
            "community_id": sites.community_id,
            "year_built": pd.array(np.floor(sites.year), dtype="Int64"),
            "buildings": sites.buildings.astype(np.int64),
            "households": pd.array(sites.households, dtype="Int64"),
            "findings_open": sites.summed(_floats(sites.homes["findings_open"])).astype(np.int64),
            "surveyed_share": _surveyed(sites), "indicators_found": found[0], "facilities_missing": found[1],
            "consent": sites.consent,
            "points_total": sum(weights[name] * each.lower for name, each in shares.items()),
            "points_most": sum(weights[name] * each.upper for name, each in shares.items()),
            "failed": failed, "to_confirm": to_confirm,
        },
        index=sites.index, geometry=geometry, crs=sites.examination.buildings.crs,
    )  # fmt: skip
    table["reasons_zh"], table["reasons_en"] = _reasons(sites, shares, verdicts, table)
    order = table.assign(
        group=table["group"].map({name: number for number, name in enumerate(GROUPS)}),
        households=table["households"].fillna(-1),
    ).sort_values(["group", "points_total", "points_most", "households", "site_id"],
                  ascending=[True, False, False, False, True])  # fmt: skip
    table = table.loc[order.index]
    rank = table.groupby("group").cumcount() + 1
    table.insert(1, "rank", rank.where(table["group"] != "excluded").astype("Int64"))
    return table


def _names(sites: _Sites, column: str, of_block: str) -> Texts:
    """Return the name of each estate, and of blocks what they are called."""
    blocks = [of_block.format(site.removeprefix(BLOCK)) for site in sites.index]
    return np.asarray(np.where(sites.is_block, blocks, sites.estates[column].to_numpy(dtype=object)), dtype=object)


def _keys(sites: _Sites, which: list[tuple[str, npt.NDArray[np.bool_]]]) -> Texts:
    """Return the keys that are true of each site, joined by ;."""
    out = np.full(sites.count, "", dtype=object)
    for key, true in which:
        out[true] = np.where(out[true] == "", key, out[true] + f";{key}")
    return out


def _reasons(
    sites: _Sites, shares: Mapping[str, _Share], verdicts: Mapping[str, _Verdict], table: pd.DataFrame
) -> tuple[list[str], list[str]]:
    """Return why each site stands where it does, in Chinese and English."""
    rules = {rule.key: rule for rule in sites.rules.rules}
    year = next((rule.key for rule in sites.rules.rules if rule.test == "built_by"), None)
    why_zh, why_en = [], []
    rows = table[["failed", "to_confirm", "indicators_found", "facilities_missing"]].itertuples(index=False)
    for i, (failed, open_, found, missing) in enumerate(rows):
        said = [(verdicts[year].zh[i], verdicts[year].en[i]) if year else (shares["age"].zh[i], shares["age"].en[i])]
        if shares["safety"].lower[i] > 0:
            said.append((shares["safety"].zh[i], shares["safety"].en[i]))
        if found:
            said.append(
                (f"住房指标{found.replace(';', '、')}有问题", f"housing indicators found: {found.replace(';', ', ')}")
            )
        if missing:
            said.append((f"小区指标{missing.replace(';', '、')}未达标",
                         f"residential-area indicators below standard: {missing.replace(';', ', ')}"))  # fmt: skip
        said.append((shares["consent"].zh[i], shares["consent"].en[i]))
        said.extend(
            (f"不符合{_called(rules[key])[0]}" + (f":{verdicts[key].zh[i]}" if key != year else ""),
             f"breaks {_called(rules[key])[1]}" + (f": {verdicts[key].en[i]}" if key != year else ""))
            for key in failed.split(";") if key
        )  # fmt: skip
        keys = [key for key in open_.split(";") if key]
        measured = [_called(rules[key]) for key in keys if rules[key].test != "declared"]
        if measured:
            said.append((f"待核实:{'、'.join(zh for zh, _ in measured)}",
                         f"to be confirmed: {', '.join(en for _, en in measured)}"))  # fmt: skip
        if len(keys) > len(measured):
            count = len(keys) - len(measured)
            said.append((f"{count}项规则待申报", f"rules to be declared: {count}"))
        why_zh.append(";".join(one for one, _ in said))
        why_en.append("; ".join(other for _, other in said))
    return why_zh, why_en


def _called(rule: SiteRule) -> Pair:
    """Return how a rule is called in a sentence."""
    if rule.list == "positive":
        return f"“{rule.title_zh}”", f"“{rule.title_en}”"
    return f"负面清单“{rule.title_zh}”", f"the negative list, “{rule.title_en}”"


def _parts_table(
    sites: _Sites, shares: Mapping[str, _Share], weights: Mapping[str, float], order: "pd.Index[str]"
) -> pd.DataFrame:
    frames = [
        pd.DataFrame({
            "site_id": sites.index, "part": name, "title_zh": PARTS[name][0], "title_en": PARTS[name][1],
            "raw": each.raw, "unit": "years" if name == "age" else "share",
            "unit_zh": "年" if name == "age" else "比例", "unit_en": "years" if name == "age" else "share",
            "share": each.lower, "share_most": each.upper, "weight": weights[name],
            "points": weights[name] * each.lower,
            "known": ~np.isnan(each.raw), "text_zh": each.zh, "text_en": each.en,
        })
        for name, each in shares.items()
    ]  # fmt: skip
    return _in_order(pd.concat(frames), order)


def _verdicts_table(sites: _Sites, verdicts: Mapping[str, _Verdict], order: "pd.Index[str]") -> pd.DataFrame:
    frames = []
    for rule in sites.rules.rules:
        each = verdicts[rule.key]
        verdict = np.where(np.isnan(each.answer), "unknown", np.where(each.answer == 1, "pass", "fail")).astype(object)
        frames.append(pd.DataFrame({
            "site_id": sites.index, "rule": rule.key, "list": rule.list, "severity": rule.severity,
            "title_zh": rule.title_zh, "title_en": rule.title_en, "verdict": verdict, "measured": each.measured,
            "allowed": np.nan if rule.limit is None else rule.limit,
            "text_zh": [f"{rule.title_zh}:{words}" for words in each.zh],
            "text_en": [f"{rule.title_en}: {words}" for words in each.en],
            "source": rule.source, "source_en": rule.source_en,
        }))  # fmt: skip
    return _in_order(pd.concat(frames), order)


def _in_order(rows: pd.DataFrame, order: "pd.Index[str]") -> pd.DataFrame:
    """Return the rows by site in that order; those of one site stay as they are."""
    return rows.iloc[np.argsort(order.get_indexer(rows["site_id"]), kind="stable")].reset_index(drop=True)


def _notes(table: pd.DataFrame, examination: Examination) -> tuple[Pair, ...]:
    counts = table["group"].value_counts()
    said = [
        (f"{zh}{int(counts.get(name, 0))}个", f"{en}: {int(counts.get(name, 0)):,}")
        for name, (zh, en) in GROUPS.items()
    ]
    notes = [("、".join(zh for zh, _ in said), ", ".join(en for _, en in said))]
    for column, zh, en in (("consent", "同意率", "consent"), ("year_built", "建成年份", "the year"),
                           ("households", "户数", "households")):  # fmt: skip
        gone = int(table[column].isna().sum())
        if gone:
            notes.append((f"{gone}个小区(地块){zh}未知", f"sites of which {en} is not known: {gone:,}"))
    homeless = int(examination.buildings["site_id"].isna().sum())
    if homeless:
        notes.append((f"{homeless}栋住宅不在任何小区和街坊内,不属于任何地块",
                      f"homes in no estate and no block, and so in no site: {homeless:,}"))  # fmt: skip
    return tuple(notes)


# ── input ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def read_sites(path: Path, rules: SiteRules) -> tuple[pd.Series, pd.DataFrame]:
    """Return consent and declarations from a CSV or Excel list: one row per site.

    Columns site_id (小区编号), consent (同意率, 0 to 1), and for each rule of the test `declared` its key or its
    Chinese title, yes or no. An empty cell is unknown.

    Raises
    ------
    InputError
        With every wrong cell at once, by sheet, row and column; when a site stands twice.
    """
    declared = [rule for rule in rules.rules if rule.test == "declared"]
    fields = [
        Field("site_id", ("小区编号", "编号"), required=True, filled=True),
        Field("consent", ("同意率",), "number", minimum=0, maximum=1),
        *(Field(rule.key, (rule.title_zh, rule.title_en), "flag") for rule in declared),
    ]
    read = read_sheet(path, fields)
    faults = list(read.faults)
    twice = read.table["site_id"].duplicated(keep=False) & read.table["site_id"].notna()
    if twice.any():
        faults.append(
            read.fault("a site stands twice", "keep one row", (f"row {row}" for row in read.table.index[twice]))
        )
    if faults:
        raise InputError(faults)
    table = read.table.set_index("site_id")
    return table["consent"].astype("float64"), table[[rule.key for rule in declared]].astype("boolean")


def _faults(
    index: "pd.Index[str]", rules: SiteRules, consent: pd.Series | None, declared: pd.DataFrame | None,
    weights: Mapping[str, float],
) -> list[Fault]:  # fmt: skip
    faults = []
    for what, given in (("consent", consent), ("declarations", declared)):
        if given is None:
            continue
        ids = given.index.astype(str)
        if strangers := tuple(sorted(set(ids) - set(index))):
            faults.append(Fault(f"{what}: ids that are no site: {len(strangers)}",
                                f"use ids of estates, or {BLOCK}ID for homes elsewhere", what, strangers))  # fmt: skip
        if ids.duplicated().any():
            faults.append(Fault(f"{what}: sites stand twice", "keep one row of each", what,
                                tuple(sorted(set(ids[ids.duplicated()])))))  # fmt: skip
    if consent is not None:
        wrong = consent.notna() & ~consent.astype("float64").between(0, 1)
        if wrong.any():
            faults.append(Fault(f"consent holds {consent[wrong].iloc[0]}", "write 86 % as 0.86", "consent",
                                tuple(map(str, consent.index[wrong]))))  # fmt: skip
    if declared is not None:
        keys = {rule.key for rule in rules.rules if rule.test == "declared"}
        if odd := tuple(sorted(set(map(str, declared.columns)) - keys)):
            faults.append(Fault(f"declarations: no rule is called {', '.join(odd)}", f"use {', '.join(sorted(keys))}",
                                "declarations"))  # fmt: skip
    for name, weight in weights.items():
        if name not in PARTS or not weight >= 0:
            faults.append(Fault(f"the weight {name} = {weight!r} cannot be",
                                f"give numbers from 0 for {', '.join(PARTS)}"))  # fmt: skip
    return faults
