"""Statistics of renovation: a year's plan against starts and completions, quantities, investment, and indicator 60.

Start rates (开工率) are told twice, by communities and by households, as the national statistics do. Only what is
reported counts: a quantity nobody reported is unknown, and every sum stands beside how many projects reported it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final, Literal

import numpy as np
import pandas as pd

from geo.errors import Fault, InputError
from geo.ingest.sheets import Field, read_sheet
from geo.standards.indicators import Catalogue

DONE: Final = ("done", "checked")
"""The statuses of a finding that has been put right."""

QUANTITIES: Final[Mapping[str, tuple[str, str, str, str]]] = {
    "pipe_km": ("管线改造", "pipes and lines renewed", "公里", "km"),
    "lifts": ("加装电梯", "lifts added", "部", "lifts"),
    "parking_bays": ("新增停车位", "parking bays added", "个", "bays"),
    "ev_chargers": ("新能源汽车充电桩", "car chargers", "个", "chargers"),
    "ebike_chargers": ("电动自行车充电桩", "e-bike chargers", "个", "chargers"),
    "elder_facilities": ("养老设施", "facilities for the old", "个", "facilities"),
    "child_facilities": ("托育设施", "facilities for children", "个", "facilities"),
    "energy_m2": ("节能改造", "energy retrofit", "平方米", "m²"),
    "culture_sport_m2": ("文体场地", "grounds for culture and sport", "平方米", "m²"),
}
"""What the statistics count: Chinese and English title, Chinese and English unit."""

PAYERS: Final[Mapping[str, tuple[str, str]]] = {
    "central_yuan": ("中央补助", "central government"),
    "local_yuan": ("地方财政", "local government"),
    "residents_yuan": ("居民出资", "residents"),
    "social_yuan": ("社会资本", "others"),
}
"""Who pays, in yuan."""

_COUNTS: Final = ("lifts", "parking_bays", "ev_chargers", "ebike_chargers", "elder_facilities", "child_facilities")

PROJECT_FIELDS: Final = (
    Field("site_id", ("小区编号", "编号"), required=True, filled=True),
    Field("name", ("名称", "小区名称")),
    Field("community_id", ("社区编号",)),
    Field("planned_year", ("计划年度",), "year", required=True, filled=True, minimum=1990, maximum=2100),
    Field("started_on", ("开工日期",), "day"),
    Field("completed_on", ("完工日期", "竣工日期"), "day"),
    Field("households", ("户数",), "count", minimum=0),
    Field("buildings", ("楼栋数",), "count", minimum=0),
    Field("area_m2", ("建筑面积(平方米)", "建筑面积"), "number", minimum=0),
    *(
        Field(key, (f"{zh}({unit})", zh), "count" if key in _COUNTS else "number", minimum=0)
        for key, (zh, _, unit, _) in QUANTITIES.items()
    ),
    *(Field(key, (f"{zh}(元)", zh), "number", minimum=0) for key, (zh, _) in PAYERS.items()),
    Field("source", ("来源",)),
)
"""Columns of the list of projects; a row is one site in one year's plan, an empty cell is not reported."""

_DTYPES: Final = {"text": "str", "day": "str", "count": "Int64", "year": "Int64", "number": "float64"}


@dataclass(frozen=True)
class Remedied:
    """问题整治完成率 (indicator 60): what was put right of what was due, in all and by problem class.

    Attributes
    ----------
    rates : DataFrame
        Index `all`, `timed` (限时), `best_effort` (尽力); columns due, remedied (findings that were due), share (0 to
        1, NaN when nothing is due), findings and done (all there are, due or not, and those put right).
    basis : str
        `due_on` (findings due by the day), `all` (no finding has a day on which it is due), or `none` (no findings).
    value : float
        The share over all, 0 to 1; NaN when it is unknown.
    note_zh, note_en : str
        What was counted, and what was left out.
    """

    rates: pd.DataFrame
    basis: Literal["due_on", "all", "none"]
    value: float
    note_zh: str
    note_en: str


@dataclass(frozen=True)
class Progress:
    """Statistics of the renovation of one plan, as they stand on one day.

    Attributes
    ----------
    figures : DataFrame
        Index key; title_zh, title_en, unit_zh, unit_en; planned (NaN where nothing was planned), value (NaN when
        nobody reported it), share (value / planned, or a payer's share of the money; 0 to 1), known and total (projects
        that report it, of those that should), note_zh, note_en.
    communities : DataFrame
        Index community_id ("" where none is given): sites_planned, sites_started, sites_completed, households_planned,
        households_started, households_completed (sums of those known), start_share_sites, start_share_households.
    year : int or None
        The year of the plan; None for all years.
    as_of : str
        The day for which it holds, as ISO text.
    remedied : Remedied or None
        Indicator 60, where findings were given.
    notes : tuple of (str, str)
        What is unknown, in Chinese and English.
    """

    figures: pd.DataFrame
    communities: pd.DataFrame
    year: int | None
    as_of: str
    remedied: Remedied | None = None
    notes: tuple[tuple[str, str], ...] = ()


# ── indicator 60 ─────────────────────────────────────────────────────────────────────────────────────────────────────
def remedied(findings: pd.DataFrame | None, catalogue: Catalogue, today: str) -> Remedied:
    """Return indicator 60: findings put right of those that were due by a day, in all and by problem class.

    Parameters
    ----------
    findings : DataFrame or None
        The table of `geo.schema`. Those surveyed after the day are left out. Where any has a due day, those due by
        `today` are what was due, and those without one are left out; where none has, all of them are.
    catalogue : Catalogue
        Says which codes are 限时 and which 尽力.
    today : str
        ISO day.
    """
    _require_day(today)
    none = pd.DataFrame(
        {"due": 0, "remedied": 0, "share": np.nan, "findings": 0, "done": 0}, index=["all", "timed", "best_effort"]
    )
    if findings is None or not len(findings):
        return Remedied(none, "none", np.nan, "没有问题台账", "there are no findings")
    seen = findings[~(_days(findings, "surveyed_on") > today)]
    due_on = _days(seen, "due_on")
    dated = due_on != ""
    basis: Literal["due_on", "all"] = "due_on" if dated.any() else "all"
    due = dated & (due_on <= today) if basis == "due_on" else pd.Series(data=True, index=seen.index)
    done = seen["status"].isin(DONE) & ~(_days(seen, "done_on") > today)
    problem = seen["code"].map({code: each.problem for code, (_, each) in catalogue.codes.items()})
    rows = {"all": pd.Series(data=True, index=seen.index), "timed": problem == "timed",
            "best_effort": problem == "best_effort"}  # fmt: skip
    counted = {"due": due, "remedied": due & done, "findings": rows["all"], "done": done}
    rates = pd.DataFrame({
        name: {each: int((part & which).sum()) for each, part in rows.items()} for name, which in counted.items()
    })  # fmt: skip
    rates.insert(2, "share", rates["remedied"] / rates["due"].replace(0, np.nan).astype("float64"))
    undated = int((~dated).sum()) if basis == "due_on" else 0
    strange = int(problem.isna().sum())
    return Remedied(
        rates, basis, float(rates.loc["all", "share"]), *_remedied_words(rates, basis, today, undated, strange)
    )


def _remedied_words(rates: pd.DataFrame, basis: str, today: str, undated: int, strange: int) -> tuple[str, str]:
    due, done = rates["due"], rates["remedied"]
    zh = f"截至{today}应整治的问题(按整治期限)" if basis == "due_on" else "全部问题(均未填整治期限)"
    en = f"findings due by {today}" if basis == "due_on" else "all findings (none has a day on which it is due)"
    zh += (
        f"{due['all']}个,已整治{done['all']}个;其中限时解决{due['timed']}个、已整治{done['timed']}个,"
        f"尽力解决{due['best_effort']}个、已整治{done['best_effort']}个"
    )
    en += (f": {due['all']:,}, put right {done['all']:,}; of these within a set time {due['timed']:,} and "
           f"{done['timed']:,}, best effort {due['best_effort']:,} and {done['best_effort']:,}")  # fmt: skip
    if undated:
        zh, en = f"{zh};另有{undated}个未填整治期限,未计入", f"{en}; {undated:,} without a due day are left out"
        zh += f"(台账共{rates['findings']['all']}个,已整治{rates['done']['all']}个)"
        en += f" (of all {rates['findings']['all']:,} findings {rates['done']['all']:,} are put right)"
    if strange:
        zh = f"{zh};{strange}个的代码不在本指标体系中,不分类"
        en = f"{en}; {strange:,} have codes of another edition, and no class"
    if not due["all"]:
        zh, en = f"{zh};尚无到期问题,完成率未知", f"{en}; nothing is due yet, so the rate is unknown"
    return zh, en


def _days(frame: pd.DataFrame, column: str) -> pd.Series:
    """Return ISO days as text, empty where there is none: such texts sort by time, and "" comes before them all."""
    if column not in frame.columns:
        return pd.Series("", index=frame.index, dtype="object")
    return frame[column].astype("object").where(frame[column].notna(), "")


def _require_day(day: str) -> None:
    try:
        date.fromisoformat(day)
    except ValueError as error:
        raise InputError(Fault(f"{day!r} is no day", "write it like 2026-03-01")) from error


# ── projects ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def read_projects(path: Path) -> pd.DataFrame:
    """Return the list of projects in a CSV or Excel file: columns of `PROJECT_FIELDS`, index row of the file.

    Raises
    ------
    InputError
        With every wrong cell at once, by sheet, row and column; when a site stands twice in a year's plan, or was
        completed before it was started.
    """
    read = read_sheet(path, PROJECT_FIELDS)
    table = pd.DataFrame({
        each.name: pd.Series(read.table[each.name].to_numpy(dtype=object), index=read.table.index).astype(
            _DTYPES[each.kind])
        for each in PROJECT_FIELDS
    })  # fmt: skip
    unread = {int(row.removeprefix("row ")) for fault in read.faults for row in fault.ids}
    checked = table.copy()  # where a cell of the row cannot be read, it may have been the day of its start
    checked.loc[table.index.isin(unread) & table["started_on"].isna(), "completed_on"] = np.nan
    faults = [*read.faults, *(read.fault(what, remedy, (f"row {row}" for row in rows))
                              for what, remedy, rows in _contradictions(checked))]  # fmt: skip
    if faults:
        raise InputError(faults)
    return table


def check_projects(projects: pd.DataFrame) -> list[Fault]:
    """Return every way in which a table cannot be a list of projects."""
    missing = [each.name for each in PROJECT_FIELDS if each.required and each.name not in projects.columns]
    if missing:
        return [Fault(f"the projects have no column {', '.join(missing)}", "add it", table="projects")]
    return [Fault(what, remedy, table="projects", ids=tuple(map(str, rows)))
            for what, remedy, rows in _contradictions(projects)]  # fmt: skip


def _contradictions(projects: pd.DataFrame) -> Iterable[tuple[str, str, pd.Index]]:
    twice = projects.duplicated(["site_id", "planned_year"], keep=False) & projects["site_id"].notna()
    if twice.any():
        yield "a site stands twice in the plan of a year", "keep one row for each site and year", projects.index[twice]
    started, completed = _days(projects, "started_on"), _days(projects, "completed_on")
    unstarted = (completed != "") & (started == "")
    if unstarted.any():
        yield "a project was completed but never started", "fill in started_on (开工日期)", projects.index[unstarted]
    backwards = (completed != "") & (started != "") & (completed < started)
    if backwards.any():
        yield "a project was completed before it was started", "correct one of the days", projects.index[backwards]


def progress(
    projects: pd.DataFrame, *, as_of: str, year: int | None = None, findings: pd.DataFrame | None = None,
    catalogue: Catalogue | None = None,
) -> Progress:  # fmt: skip
    """Return the statistics of the projects of one year's plan, as they stand on a day.

    Parameters
    ----------
    projects
        Columns of `PROJECT_FIELDS`; those that are not there are not reported.
    as_of
        ISO day. What started or was completed later has not happened yet.
    year
        The plan's year; None takes the plans of all years.
    findings, catalogue
        Where both are given, indicator 60 is among the figures.

    Raises
    ------
    InputError
        When the table is no list of projects, or `as_of` is no day.
    """
    _require_day(as_of)
    if faults := check_projects(projects):
        raise InputError(faults)
    plan = projects if year is None else projects[projects["planned_year"] == year]
    plan = plan.reindex(columns=[each.name for each in PROJECT_FIELDS])
    days = {name: _days(plan, f"{name}_on") for name in ("started", "completed")}
    done = {name: (each != "") & (each <= as_of) for name, each in days.items()}
    lines = _Lines()
    _rates(lines, plan, done)
    _quantities(lines, plan[done["started"]])
    _money(lines, plan[done["started"]])
    sixty = remedied(findings, catalogue, as_of) if findings is not None and catalogue is not None else None
    if sixty is not None:
        for key, zh, en in (
            ("all", "问题整治完成率", "problems put right"),
            ("timed", "其中限时解决", "within a set time"),
            ("best_effort", "其中尽力解决", "best effort"),
        ):
            row = sixty.rates.loc[key]
            lines.add(f"remedied_{key}", (zh, en), ("个", "findings"), value=row["remedied"], planned=row["due"],
                      note=(sixty.note_zh, sixty.note_en) if key == "all" else ("", ""))  # fmt: skip
    notes = () if len(plan) else ((f"{year}年度计划中没有项目", f"the plan of {year} has no projects"),)
    return Progress(lines.table(), _by_community(plan, done), year, as_of, sixty, notes)


@dataclass
class _Lines:
    """Rows of `Progress.figures` as they are found."""

    rows: dict[str, dict[str, object]] = field(default_factory=dict)

    def add(
        self, key: str, title: tuple[str, str], unit: tuple[str, str], *, value: float, planned: float = np.nan,
        share: float | None = None, known: int = 0, total: int = 0, note: tuple[str, str] = ("", ""),
    ) -> None:  # fmt: skip
        if share is None:
            share = value / planned if planned > 0 else np.nan
        self.rows[key] = {
            "title_zh": title[0], "title_en": title[1], "unit_zh": unit[0], "unit_en": unit[1],
            "planned": float(planned), "value": float(value), "share": float(share), "known": known, "total": total,
            "note_zh": note[0], "note_en": note[1],
        }  # fmt: skip

    def table(self) -> pd.DataFrame:
        return pd.DataFrame.from_dict(self.rows, orient="index").rename_axis("key")


def _rates(lines: _Lines, plan: pd.DataFrame, done: Mapping[str, pd.Series]) -> None:
    """Add start and completion, by communities and by households; unknown households are in neither number."""
    known = plan["households"].notna()
    households = plan["households"].astype("float64")
    left = int((~known).sum())
    note = (f"{left}个项目户数未知,未计入", f"projects of unknown households, left out: {left:,}") if left else ("", "")
    for key, zh, en in (("started", "开工", "started"), ("completed", "完工", "completed")):
        lines.add(f"{key}_sites", (f"{zh}小区数", f"communities {en}"), ("个", "communities"),
                  value=int(done[key].sum()), planned=len(plan), known=len(plan), total=len(plan))  # fmt: skip
        lines.add(f"{key}_households", (f"{zh}户数", f"households {en}"), ("户", "households"),
                  value=households[done[key]].sum() if known.any() else np.nan,
                  planned=households.sum() if known.any() else np.nan, known=int(known.sum()), total=len(plan),
                  note=note)  # fmt: skip


def _quantities(lines: _Lines, started: pd.DataFrame) -> None:
    for key, (zh, en, unit_zh, unit_en) in QUANTITIES.items():
        told = started[key].astype("float64")
        lines.add(key, (zh, en), (unit_zh, unit_en), value=told.sum(min_count=1), known=int(told.notna().sum()),
                  total=len(started), note=_reported(told))  # fmt: skip


def _money(lines: _Lines, started: pd.DataFrame) -> None:
    money = started[list(PAYERS)].astype("float64")
    total = float(money.sum(min_count=1).sum(min_count=1)) if len(money) else np.nan
    any_told = money.notna().any(axis=1)
    lines.add("investment_yuan", ("完成投资", "investment"), ("元", "yuan"), value=total, known=int(any_told.sum()),
              total=len(started), note=_reported(money.sum(axis=1, min_count=1)))  # fmt: skip
    for key, (zh, en) in PAYERS.items():
        paid = money[key].sum(min_count=1)
        lines.add(key, (f"其中{zh}", f"of which {en}"), ("元", "yuan"), value=paid,
                  share=paid / total if total > 0 else np.nan, known=int(money[key].notna().sum()),
                  total=len(started), note=_reported(money[key]))  # fmt: skip
    both = any_told & started["households"].notna()
    households = started.loc[both, "households"].astype("float64").sum()
    scale = scale_of(float(money[both].sum().sum()), households, np.nan)
    lines.add("yuan_per_household", ("户均投资", "investment per household"), ("元/户", "yuan/household"),
              value=scale["per_household"], known=int(both.sum()), total=len(started))  # fmt: skip
    lines.add("yuan_per_site", ("小区均投资", "investment per community"), ("元/个", "yuan/community"),
              value=scale_of(total, np.nan, float(any_told.sum()))["per_community"], known=int(any_told.sum()),
              total=len(started))  # fmt: skip


def _reported(told: pd.Series) -> tuple[str, str]:
    silent = int(told.isna().sum())
    if not silent:
        return "", ""
    return f"{silent}个已开工项目未填报", f"projects under way that have not reported it: {silent:,}"


def _by_community(plan: pd.DataFrame, done: Mapping[str, pd.Series]) -> pd.DataFrame:
    place = plan["community_id"].astype("object").where(plan["community_id"].notna(), "").astype(str)
    households = plan["households"].astype("float64")
    parts = {"planned": pd.Series(data=True, index=plan.index), **done}
    sites = {f"sites_{name}": part.groupby(place).sum().astype("int64") for name, part in parts.items()}
    homes = {f"households_{name}": households.where(part, 0.0).where(households.notna()).groupby(place).sum(min_count=1)
             for name, part in parts.items()}  # fmt: skip
    table = pd.DataFrame({**sites, **homes}).sort_index().rename_axis("community_id")
    for what in ("sites", "households"):
        planned = table[f"{what}_planned"].astype("float64")
        table[f"start_share_{what}"] = table[f"{what}_started"] / planned.where(planned > 0)
    return table


# ── money ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def scale_of(yuan: float, households: float, communities: float) -> dict[str, float]:
    """Return money per household and per community [yuan]; NaN where the number is unknown or zero.

    Examples
    --------
    The country in 2023: nearly 240 billion yuan, 8.97 million households, 53,700 communities (国家统计, as reported).

    >>> {key: round(each) for key, each in scale_of(240e9, 8.97e6, 53_700).items()}
    {'per_household': 26756, 'per_community': 4469274}
    """
    return {
        "per_household": yuan / households if households > 0 else np.nan,
        "per_community": yuan / communities if communities > 0 else np.nan,
    }


@dataclass(frozen=True)
class FundWeights:
    """Weights by which central money for old communities is shared out: factor → weight, summing to 1, and the source.

    Factors are area_m2, households, buildings, communities, each times the region's difficulty, and performance.
    """

    edition: str
    weights: Mapping[str, float]
    source_zh: str
    source_en: str


_FUND_SOURCE: Final = (
    "《中央财政城镇保障性安居工程专项资金管理办法》(财政部、住房城乡建设部,2019年8月29日)第八条,据四川省财政厅2020年10月答复",
    "Measures for the special central funds for urban affordable housing (Ministry of Finance and Ministry of Housing, "
    "29 August 2019), article 8, as told by the finance department of Sichuan in October 2020",
)
FUND_WEIGHTS: Final[Mapping[str, FundWeights]] = {
    "2019": FundWeights(
        "2019", {"area_m2": 0.4, "households": 0.4, "buildings": 0.1, "communities": 0.1}, *_FUND_SOURCE
    ),
    "2020": FundWeights(
        "2020", {"area_m2": 0.4, "households": 0.3, "buildings": 0.1, "communities": 0.1, "performance": 0.1},
        *_FUND_SOURCE,
    ),
}  # fmt: skip
"""Editions by the first year they hold for. The measures of April 2024 keep the four factors and state no weights."""


def fund_shares(regions: pd.DataFrame, weights: FundWeights) -> pd.DataFrame:
    """Return each region's share of the central money, and what each factor gives it.

    For every factor but performance a region's part is its amount times its difficulty, over the sum of these of all
    regions, times the weight; for performance its score over the sum of scores, times the weight.

    Parameters
    ----------
    regions
        One row per region: a column for every factor with a weight, and difficulty (财政困难程度系数).
    weights
        One of `FUND_WEIGHTS`, or the user's own.

    Returns
    -------
    DataFrame
        Index of `regions`; a column for every factor, and share, their sum. Shares of all regions sum to 1.

    Raises
    ------
    InputError
        When a column is missing, a value is unknown or negative, a factor is zero everywhere, or weights do not sum
        to 1.
    """
    factors = list(weights.weights)
    faults = []
    if abs(sum(weights.weights.values()) - 1) > 1e-9:
        faults.append(Fault(f"the weights sum to {sum(weights.weights.values()):g}", "let them sum to 1"))
    for column in (*factors, "difficulty"):
        if column not in regions.columns:
            faults.append(Fault(f"the regions have no column {column}", "add it", table="regions"))
            continue
        values = regions[column].astype("float64")
        wrong = values.isna() | (values < 0)
        if wrong.any():
            faults.append(Fault(f"column {column} holds unknown or negative values",
                                "fill them in; nobody's share can be told without", table="regions",
                                ids=tuple(map(str, regions.index[wrong]))))  # fmt: skip
        elif values.sum() <= 0:
            faults.append(Fault(f"column {column} is zero everywhere", "correct it, or give it no weight", "regions"))
    if faults:
        raise InputError(faults)
    parts = {}
    for name in factors:
        amount = regions[name].astype("float64") * (1.0 if name == "performance" else regions["difficulty"])
        parts[name] = weights.weights[name] * amount / amount.sum()
    table = pd.DataFrame(parts, index=regions.index)
    table["share"] = table.sum(axis=1)
    return table
