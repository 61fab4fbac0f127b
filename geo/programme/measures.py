"""Findings turned into measures: what to do, how much of it, at what cost for whom, and how much it is needed."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo.errors import Fault, InputError
from geo.examination.result import Examination
from geo.programme.options import NeedWeights
from geo.programme.quantities import Amount, QuantityOptions, amount, building_quantities, site_run, total
from geo.schema import SEVERITIES
from geo.standards.costs import Costs
from geo.standards.menu import Measure, Menu
from geo.study import Study

COLUMNS = (
    "key", "title_zh", "title_en", "class_", "safety", "trench", "elder_child", "remedy", "subject", "subject_id",
    "site_id", "site_name", "community_id", "finding_ids", "codes", "numbers", "quantity", "quantity_low",
    "quantity_high", "unit", "quantity_source_zh", "quantity_source_en", "unit_yuan", "price_source", "cost_yuan",
    "public_yuan", "residents_yuan", "social_yuan", "need", "severity", "households", "households_known", "years_open",
    "trench_group", "needs", "excludes", "priced", "example_cost", "ready", "why_not_zh", "why_not_en",
)  # fmt: skip
"""Columns of a table of measures, index measure_id (`key:subject:subject_id`), geometry the subject's.

key, title_zh, title_en, class_ (basic, improve, upgrade), safety, trench, elder_child (flags), remedy (works or
management) of the menu; subject, subject_id; site_id (`estate_id`, `block:<block_id>`, `unit:<unit_id>`), site_name,
community_id (missing where none); finding_ids, codes, numbers (of indicators), joined by ;; quantity in `unit`,
between quantity_low and quantity_high (NaN unknown), with its source as a sentence; unit_yuan, price_source; cost_yuan
and its parts public_yuan, residents_yuan, social_yuan (NaN without price or quantity); need and what it is made of
(severity, the gravest; households, households_known; years_open, the longest); trench_group (measures of one group are
done in the same year; missing: none); needs, excludes (keys of the menu joined by ;); priced, example_cost (flags);
ready (it can be chosen), else why_not_zh, why_not_en.
"""

_GAPS = {"bays": ("parking", "停车泊位缺口", "missing parking bays"),
         "chargers": ("ev_charging", "充电桩缺口", "missing chargers")}  # fmt: skip


@dataclass(frozen=True)
class _Problem:
    """One code found on one subject: its findings, the gravest of them, and how much of it there is."""

    code: str
    severity: str
    finding_ids: tuple[str, ...]
    extent: float
    """Sum of the extents; NaN when one is unknown."""
    extent_known: float
    years_open: float


@dataclass(frozen=True)
class _Subject:
    """What a measure is done to."""

    kind: str
    id: str
    site: str | None
    site_name: str
    community: str | None
    households: float
    households_known: bool
    shape: shapely.Geometry
    buildings: tuple[str, ...]


def measures(
    examination: Examination,
    study: Study,
    *,
    menu: Menu,
    costs: Costs,
    weights: NeedWeights | None = None,
    quantities: QuantityOptions | None = None,
    lift_consent: Collection[str] = (),
) -> gpd.GeoDataFrame:
    """Return what is to be done about everything that was found and is still open, one row per measure and subject.

    Parameters
    ----------
    examination : Examination
    study : Study
        The one that was examined: roads, observations, shapes.
    menu : Menu
        What answers which finding.
    costs : Costs
        Unit costs. A measure without one is not free: it has no cost and cannot be chosen. Management costs nothing
        unless it has a price.
    weights : NeedWeights, optional
    quantities : QuantityOptions, optional
    lift_consent : collection of str
        Buildings whose owners have consented to a lift (Civil Code, article 278); a lift anywhere else is not ready.

    Returns
    -------
    GeoDataFrame
        Columns `COLUMNS`, sorted by index. `attrs["notes"]`: what was left out, as (Chinese, English) sentences.

    Raises
    ------
    InputError
        When a price is for another unit than the menu's.
    """
    _require_units(menu, costs)
    places = _Places(examination, study, quantities or QuantityOptions())
    problems, notes = _problems(examination, menu, places)
    rows: list[dict[str, Any]] = []
    for (kind, one), found in sorted(problems.items()):
        subject = places.subject(kind, one)
        rows += _of_subject(subject, found, menu, places, costs, weights or NeedWeights(), examination,
                            frozenset(lift_consent))  # fmt: skip
    index = pd.Index([f"{row['key']}:{row['subject']}:{row['subject_id']}" for row in rows], dtype="str",
                     name="measure_id")  # fmt: skip
    shapes = gpd.GeoSeries([row.pop("geometry") for row in rows], index=index, crs=study.crs)
    table = gpd.GeoDataFrame(pd.DataFrame(rows, index=index, columns=list(COLUMNS)), geometry=shapes).sort_index()
    for name in ("safety", "trench", "elder_child", "households_known", "priced", "example_cost", "ready"):
        table[name] = table[name].astype("bool")
    for name in ("quantity", "quantity_low", "quantity_high", "unit_yuan", "cost_yuan", "public_yuan", "residents_yuan",
                 "social_yuan", "need", "households", "years_open"):  # fmt: skip
        table[name] = table[name].astype("float64")
    for name in sorted(set(COLUMNS) - set(table.select_dtypes(["bool", "float64"]).columns)):
        table[name] = table[name].astype("str").where(table[name].notna())
    table.attrs["notes"] = (*notes, *_said(table))
    return table


def _require_units(menu: Menu, costs: Costs) -> None:
    faults = []
    for each in menu.measures:
        price = costs.of(each.key)
        if price is not None and price.per != each.unit:
            faults.append(Fault(f"the price of {each.key} is per {price.per}; the menu counts it by {each.unit}",
                                f"give it per {each.unit}", table="costs", ids=(each.key,)))  # fmt: skip
    if faults:
        raise InputError(faults)


# ── what was found ───────────────────────────────────────────────────────────────────────────────────────────────────
def _problems(
    examination: Examination, menu: Menu, places: "_Places"
) -> tuple[dict[tuple[str, str], list[_Problem]], list[tuple[str, str]]]:
    """Return the problems of every subject: open findings, and codes that were observed without one."""
    known = examination.catalogue.codes
    states = examination.states
    found = states[states["state"] == "found"]
    asked: dict[tuple[str, str, str], None] = {}
    for number, subject, one, codes in zip(found["number"], found["subject"], found["subject_id"], found["codes"],
                                           strict=True):  # fmt: skip
        listed = [code for code in str(codes).split(";") if code in known] if pd.notna(codes) else []
        own = examination.catalogue[int(number)].codes
        # An indicator of measured quantities has one code: the gap itself.
        for code in listed or [code.code for code in own[:1]]:
            asked[str(subject), str(one), code] = None
    ledger = examination.findings
    ledger = ledger[ledger["open"].astype("boolean").fillna(False).to_numpy(bool)]
    rows: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    lost = 0
    for row, (subject, one, code, estate) in enumerate(
        zip(ledger["subject"], ledger["subject_id"], ledger["code"], ledger["estate_id"], strict=True)
    ):
        if code not in known:
            lost += 1
            continue
        kind, name = str(subject), str(one)
        if known[code][0].subject == "unit" and kind == "estate":
            unit = places.unit_of_estate(str(one) if pd.notna(one) else str(estate))
            kind, name = ("unit", unit) if unit is not None else (kind, name)
        if not places.has(kind, name):
            lost += 1
            continue
        rows[kind, name, code].append(row)
    severity = ledger["severity"].astype("object").to_numpy()
    extent = ledger["extent"].to_numpy(float)
    unit = ledger["extent_unit"].astype("object").to_numpy()
    years = ledger["years_open"].to_numpy(float)
    ids = ledger.index.astype(str).to_numpy()
    problems: dict[tuple[str, str], list[_Problem]] = defaultdict(list)
    for kind, name, code in sorted({*rows, *(key for key in asked if places.has(key[0], key[1]))}):
        told = known[code][1]
        mine = np.array(rows.get((kind, name, code), []), dtype=np.int64)
        grave = max((SEVERITIES.index(severity[i]) for i in mine), default=SEVERITIES.index(told.severity))
        same = np.array([pd.isna(unit[i]) or unit[i] == told.extent for i in mine], dtype=bool)
        known_extent = np.where(same, extent[mine], np.nan) if len(mine) else np.array([np.nan])
        ages = years[mine][~np.isnan(years[mine])]
        problems[kind, name].append(_Problem(
            code, SEVERITIES[grave], tuple(sorted(ids[mine])), float(known_extent.sum()),
            float(np.nansum(known_extent)), float(ages.max()) if len(ages) else np.nan,
        ))  # fmt: skip
    notes = []
    if lost:
        notes.append((f"{lost}条未整治问题不在住宅、小区、单元上,或编码不在本版指标体系中,没有生成措施。",
                      f"{lost:,} open findings are on nothing that was examined, or their code is not in this edition: "
                      "no measure was made of them."))  # fmt: skip
    without = sorted({p.code for some in problems.values() for p in some if not menu.for_code(p.code, p.severity)})
    if without:
        notes.append((f"菜单中没有对应措施的问题编码:{'、'.join(without)}。", "Codes that nothing on the menu answers: "
                      f"{', '.join(without)}."))  # fmt: skip
    return problems, notes


def _of_subject(  # noqa: PLR0917 - it is called once
    subject: _Subject, found: list[_Problem], menu: Menu, places: "_Places", costs: Costs, weights: NeedWeights,
    examination: Examination, lift_consent: frozenset[str],
) -> Iterator[dict[str, Any]]:  # fmt: skip
    """Yield the measures of one subject."""
    answered: dict[str, list[_Problem]] = defaultdict(list)
    for problem in found:
        for each in menu.for_code(problem.code, problem.severity):
            answered[each.key].append(problem)
    # What must be done and makes another needless takes over what that one answers.
    for key in list(answered):
        for other in menu[key].excludes:
            if key in answered and other in answered and menu[key].safety:
                answered[key] += [p for p in answered.pop(other) if p not in answered[key]]
    together = Counter(p.code for some in answered.values() for p in some)
    for key, problems in answered.items():
        measure = menu[key]
        much = _quantity(measure, subject, problems, places)
        price, priced, source, example = _price(measure, costs)
        cost = much.value * price if not np.isnan(much.value) and priced else np.nan
        if priced and price == 0:
            cost = 0.0
        cost = float(np.round(cost, 2))
        public, residents = (
            float(np.round(cost * part, 2)) for part in (measure.shares.public, measure.shares.residents)
        )
        why = _why_not(measure, subject, priced, cost, much, lift_consent)
        years = [p.years_open for p in problems if not np.isnan(p.years_open)]
        yield {
            "key": key, "title_zh": measure.title_zh, "title_en": measure.title_en, "class_": measure.class_,
            "safety": measure.safety, "trench": measure.trench, "elder_child": measure.elder_child,
            "remedy": measure.remedy, "subject": subject.kind, "subject_id": subject.id, "site_id": subject.site,
            "site_name": subject.site_name, "community_id": subject.community,
            "finding_ids": ";".join(sorted({i for p in problems for i in p.finding_ids})),
            "codes": ";".join(sorted({p.code for p in problems})),
            "numbers": ";".join(map(str, sorted({examination.catalogue.codes[p.code][0].number for p in problems}))),
            "quantity": much.value, "quantity_low": much.low, "quantity_high": much.high, "unit": measure.unit,
            "quantity_source_zh": much.source_zh, "quantity_source_en": much.source_en,
            "unit_yuan": price if priced else np.nan, "price_source": source, "cost_yuan": cost, "public_yuan": public,
            "residents_yuan": residents, "social_yuan": float(np.round(cost - public - residents, 2)),
            "need": _need(measure, subject, problems, together, weights, examination),
            "severity": max((p.severity for p in problems), key=SEVERITIES.index),
            "households": subject.households, "households_known": subject.households_known,
            "years_open": max(years, default=np.nan),
            "trench_group": f"trench:{subject.site}" if measure.trench and subject.site is not None else None,
            "needs": ";".join(measure.needs), "excludes": ";".join(measure.excludes), "priced": priced,
            "example_cost": example, "ready": not why[1], "why_not_zh": why[0], "why_not_en": why[1],
            "geometry": subject.shape,
        }  # fmt: skip


def _need(  # noqa: PLR0917 - it is called once
    measure: Measure,
    subject: _Subject,
    problems: list[_Problem],
    together: Mapping[str, int],
    weights: NeedWeights,
    examination: Examination,
) -> float:
    """Return the weighted need: class × households × sum over codes of severity × class of problem × years open.

    `together`: how many measures answer a code here.
    """
    score = 0.0
    for each in problems:
        kind = measure.problem or examination.catalogue.codes[each.code][1].problem
        years = 0.0 if np.isnan(each.years_open) else min(max(each.years_open, 0.0), weights.years_open_max)
        timed = weights.timed if kind == "timed" else 1.0
        one = float(getattr(weights, each.severity)) * timed * (1 + weights.year_open * years)
        # What several measures answer together is shared among them, so that need is not counted twice.
        score += one / max(1, together[each.code])
    return float(np.round(getattr(weights, measure.class_) * max(subject.households, 1.0) * score, 6))


def _price(measure: Measure, costs: Costs) -> tuple[float, bool, str, bool]:
    """Return unit cost, whether there is one, its source, and whether it is an example."""
    price = costs.of(measure.key)
    if price is not None:
        dated = f"({price.dated})" if price.dated else ""
        region = f",{price.region}" if price.region else ""
        return price.yuan, True, f"{price.source}{dated}{region}", price.example
    if measure.remedy == "management":
        return 0.0, True, "管理类措施,不计工程费 / management, no works cost", False
    return np.nan, False, "", False


def _why_not(  # noqa: PLR0917 - it is called once
    measure: Measure, subject: _Subject, priced: bool, cost: float, much: Amount, lift_consent: frozenset[str]
) -> tuple[str, str]:  # fmt: skip
    if subject.site is None:
        return "不在任何小区或街坊内", "it lies in no estate and no block"
    if measure.unlock == "lift_consent" and subject.id not in lift_consent:
        return (
            "业主尚未同意加装电梯(民法典第278条)",
            "the owners have not consented to a lift (Civil Code, article 278)",
        )
    if not priced:
        return "没有单价", "it has no unit price"
    if np.isnan(cost):
        return f"工程量未知:{much.source_zh}", f"its quantity is unknown: {much.source_en}"
    return "", ""


def _said(table: pd.DataFrame) -> list[tuple[str, str]]:
    """Return what must be told of the measures as a whole."""
    notes = []
    counts = (
        (~table["priced"], "项措施没有单价,不能列入计划", "measures have no unit price and cannot be chosen"),
        (table["priced"] & table["cost_yuan"].isna(), "项措施工程量未知,不能列入计划",
         "measures have no known quantity and cannot be chosen"),
        (table["example_cost"], "项措施按示例单价计算", "measures are costed with example prices"),
        (~table["households_known"], "项措施的受益户数是估计的",
         "measures reach a number of households that is estimated"),
        (table["quantity_low"] < table["quantity_high"], "项措施的工程量是估计的",
         "measures have an estimated quantity"),
    )  # fmt: skip
    for which, zh, en in counts:
        if which.any():
            notes.append((f"{int(which.sum())}{zh}。", f"{int(which.sum()):,} {en}."))
    return notes


# ── how much ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def _quantity(measure: Measure, subject: _Subject, problems: list[_Problem], places: "_Places") -> Amount:
    """Return how much of a measure a subject needs."""
    found = _counted(measure.quantity, measure, subject, problems, places)
    if np.isnan(found.value) and measure.fallback:
        instead = _counted(measure.fallback, measure, subject, problems, places)
        if not np.isnan(instead.value):
            return replace(instead, low=np.fmax(instead.low, found.low) if found.low <= instead.high else instead.low,
                           source_zh=f"{found.source_zh},改用{instead.source_zh}",
                           source_en=f"{found.source_en}; instead {instead.source_en}")  # fmt: skip
    return found


def _counted(how: str, measure: Measure, subject: _Subject, problems: list[_Problem], places: "_Places") -> Amount:
    one = Amount(1.0, 1.0, 1.0, "按每处一项计", "one for each")
    if how in ("one", "facility"):
        return one
    if how == "extent":
        value = sum(p.extent for p in problems)
        if np.isnan(value):
            seen = sum(p.extent_known for p in problems)
            return Amount(np.nan, seen, np.nan, "问题范围未填全", "the extent of a finding is not known")
        return Amount(value, value, value, "调查记录的问题范围", "extents as surveyed")
    if how == "households":
        if subject.households_known:
            return Amount(
                subject.households, subject.households, subject.households, "户数:登记", "households: register"
            )
        return Amount(subject.households, 1.0, 2 * subject.households, "户数(估计)", "households (estimate)")
    if how in _GAPS:
        return places.gap(subject, how)
    if how == "spaces":
        return places.ebike_spaces(subject)
    if subject.kind == "building":
        return amount(places.quantities, subject.id, how)
    if how in ("riser_m", "pipe_run_m"):
        return places.run(subject)
    del measure
    return total([amount(places.quantities, b, how) for b in subject.buildings], "各栋", "of its buildings")


class _Places:
    """Where things are: subjects with their site, community, households and buildings."""

    def __init__(self, examination: Examination, study: Study, options: QuantityOptions) -> None:
        self.study = study
        self.tables: Mapping[str, gpd.GeoDataFrame] = {
            "building": examination.buildings, "estate": examination.estates, "unit": examination.units,
            "block": examination.blocks,
        }  # fmt: skip
        self.rows = {kind: _rows(table) for kind, table in self.tables.items()}
        self.quantities = building_quantities(examination.buildings, options=options)
        self.states = examination.states
        self.catalogue = examination.catalogue
        self.by: dict[tuple[str, str], list[str]] = defaultdict(list)
        homes = examination.buildings
        for column, kind in (("estate_id", "estate"), ("unit_id", "unit"), ("block_id", "block"), ("site_id", "site")):
            for one, building in zip(homes[column], homes.index, strict=True):
                if pd.notna(one):
                    self.by[kind, str(one)].append(str(building))
        known = self._homes_of_buildings()
        self.households = dict(zip(map(str, known.index), known.astype(float), strict=True))
        self.flats = dict(zip(map(str, homes.index), self.quantities["flats"].astype(float), strict=True))
        self.usual = float(np.nanmedian(known)) if (~np.isnan(known)).any() else np.nan
        self.found: dict[tuple[str, str], _Subject] = {}

    def _homes_of_buildings(self) -> pd.Series:
        homes = self.tables["building"]
        told = (
            pd.to_numeric(homes["households"]).astype("float64")
            if "households" in homes
            else pd.Series(np.nan, homes.index)
        )
        flats = (
            pd.to_numeric(homes["dwellings"]).astype("float64")
            if "dwellings" in homes
            else pd.Series(np.nan, homes.index)
        )
        return told.where(told > 0, flats.where(flats > 0))

    def has(self, kind: str, one: str) -> bool:
        """Return whether there is such a subject."""
        return kind in self.tables and one in self.tables[kind].index

    def unit_of_estate(self, estate: str) -> str | None:
        """Return the examination unit that an estate lies in."""
        table = self.tables["estate"]
        if estate not in table.index or "unit_id" not in table or pd.isna(table.loc[estate, "unit_id"]):
            return None
        unit = str(table.loc[estate, "unit_id"])
        return unit if unit in self.tables["unit"].index else None

    def subject(self, kind: str, one: str) -> _Subject:
        """Return a subject, with its households: known, or estimated and said so."""
        if (kind, one) not in self.found:
            self.found[kind, one] = self._subject(kind, one)
        return self.found[kind, one]

    def _subject(self, kind: str, one: str) -> _Subject:
        row = self.rows[kind][one]
        inside = (one,) if kind == "building" else tuple(self.by[kind, one])
        site = _text(row.get("site_id")) if kind == "building" else one if kind == "estate" else f"{kind}:{one}"
        parts = [self.households[each] for each in inside]
        households, sure = sum(parts), bool(parts) and not any(map(np.isnan, parts))
        told = row.get("households") if kind != "building" else None
        if told is not None and pd.notna(told) and float(told) > 0:
            households, sure = float(told), True
        elif not sure:
            # Those of unknown buildings are taken as usual ones; where nothing is known, by their estimated flats.
            guesses = [self.flats[each] if np.isnan(self.usual) else self.usual for each in inside]
            likely = [g if np.isnan(p) else p for p, g in zip(parts, guesses, strict=True)]
            households = sum(1.0 if np.isnan(each) else each for each in likely) if parts else 1.0
        return _Subject(kind, one, site, self._site_name(site), self._community(kind, row, inside), float(households),
                        sure, row["geometry"], inside)  # fmt: skip

    def _site_name(self, site: str | None) -> str:
        if site is None:
            return ""
        kind, _, one = site.partition(":")
        table = self.tables["estate"] if not one else self.tables.get(kind)
        if table is not None and (one or site) in table.index and "name" in table:
            name = table.loc[one or site, "name"]
            if pd.notna(name):
                return str(name)
        return {"block": f"街坊{one}", "unit": f"体检单元{one}"}.get(kind, site) if one else site

    def _community(self, kind: str, row: Mapping[str, Any], inside: tuple[str, ...]) -> str | None:
        own = _text(row.get("community_id"))
        if own is not None or kind == "building":
            return own
        homes = self.tables["building"].loc[list(inside), "community_id"].dropna().astype(str)
        counts = homes.value_counts()
        return str(sorted(counts[counts == counts.max()].index)[0]) if len(counts) else None

    def gap(self, subject: _Subject, how: str) -> Amount:
        """Return how many bays or chargers an estate lacks."""
        key, zh, en = _GAPS[how]
        indicator = self.catalogue.by_key(key)
        if indicator is not None:
            rows = self.states[(self.states["number"] == indicator.number) & (self.states["subject_id"] == subject.id)]
            value = pd.to_numeric(rows["value"]).astype(float)
            if len(value) and not np.isnan(value.iloc[0]) and value.iloc[0] > 0:
                count = float(value.iloc[0])
                return Amount(count, count, count, f"{zh}:体检结果", f"{en}: from the examination")
        return Amount.unknown(f"{zh}未知", f"{en}: unknown")

    def ebike_spaces(self, subject: _Subject) -> Amount:
        """Return how many places to charge an e-bike an estate lacks: demand less what there is."""
        observed = self.study.get("observations")
        said: dict[str, float] = {}
        estate = subject.id if subject.kind == "estate" else None
        if observed is not None and estate is not None:
            mine = observed[(observed["subject"] == "estate") & (observed["subject_id"] == estate)]
            said = {str(i): float(v) for i, v in zip(mine["item"], mine["value"], strict=True) if pd.notna(v)}
        if "ebike_demand" in said:
            gap = max(0.0, said["ebike_demand"] - said.get("ebike_spaces", 0.0))
            high = said["ebike_demand"]
            least = gap if "ebike_spaces" in said else 1.0
            return Amount(max(gap, 1.0), max(least, 1.0), max(high if "ebike_spaces" not in said else gap, 1.0),
                          "充电位缺口:需求减现有", "missing charging places: demand less what there is")  # fmt: skip
        half = max(1.0, np.ceil(subject.households / 2))
        return Amount(half, 1.0, max(subject.households, half), "充电位(估计):需求未调查,按每两户一个",
                      "charging places (estimate): demand was not surveyed; one for two households")  # fmt: skip

    def run(self, subject: _Subject) -> Amount:
        """Return the length of lines under a site."""
        homes = self.tables["building"].loc[list(subject.buildings)]
        area = subject.shape if subject.kind == "estate" else None
        return site_run(subject.site or subject.id, homes, area=area, roads=self.study.get("roads"))


def _rows(table: gpd.GeoDataFrame) -> dict[str, dict[str, Any]]:
    """Return id → what is read of a subject, as plain values: thousands of look-ups in a table take seconds."""
    names = [name for name in ("site_id", "community_id", "households") if name in table]
    columns = {name: table[name].astype("object").to_numpy() for name in names}
    rows = pd.DataFrame({**columns, "geometry": table.geometry.to_numpy()})
    return dict(zip(map(str, table.index), rows.to_dict("records"), strict=True))


def _text(value: object) -> str | None:
    return None if value is None or pd.isna(value) else str(value)
