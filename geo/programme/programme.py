"""A programme: which measures are done in which year, what that costs whom, and how good it is proven to be."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from geo.errors import Fault, InputError
from geo.programme.options import ProgrammeOptions

FORMAT = 1
"""Version of a programme's file. A file from a newer version is refused politely."""

KIND = "shequ programme"

By = Literal["year", "class_", "payer", "site_id", "community_id", "indicator", "key"]
"""What a summary has a row for each of."""


@dataclass(frozen=True)
class Stage:
    """One step of the choice: what it settled, how well, and what is proven.

    Attributes
    ----------
    key : {"safety", "need", "stay"}
        Safety as early as possible; need met; as little changed as possible.
    value, bound : float
        What was reached, and what nothing can do better than. `safety`: need × years that safety measures wait (small
        is good). `need`: weighted need met, later years discounted (large is good). `stay`: measures that change
        (small).
    gap : float
        |value − bound| / |value|; 0 is the best itself.
    proven : bool
        The gap is within what was asked for.
    seconds : float
    """

    key: Literal["safety", "need", "stay"]
    title_zh: str
    title_en: str
    value: float
    bound: float
    gap: float
    proven: bool
    seconds: float


@dataclass(frozen=True)
class Programme:
    """A renovation programme (改造计划).

    Attributes
    ----------
    options : ProgrammeOptions
        What was asked.
    choice : DataFrame
        Index measure_id, all measures that were given. `year` (Int64; missing: not chosen), `met_by` (id of the measure
        that is done instead and meets this one's need; "" where none), `why_zh`, `why_en`.
    years : DataFrame
        Index year. `budget_yuan`, `carried_yuan` (from earlier years), `spent_yuan` (public money), `left_yuan`,
        `residents_yuan`, `social_yuan`, `cost_yuan` (all payers), `basic_yuan`, `improve_yuan`, `upgrade_yuan` (all
        payers), `measures`, `safety`, `elder_child` (counts of measures), `sites` (under works), `need_met`.
    need_met, need_total : float
        Weighted need of what is chosen or met by what is chosen, and of all measures that were given, unpriced ones
        included; not discounted.
    bound : float
        No programme for these options has a larger sum of (discounted) need; the value of the last `need` stage.
    gap, proven
        Of the stage `need`.
    seconds : float
    stages : tuple of Stage
    notes : tuple of (Chinese, English)
        What a reader must know: unpriced measures, estimates, what was left out.
    fingerprint : str
        Digest of the measures it was made for.
    """

    options: ProgrammeOptions
    choice: pd.DataFrame
    years: pd.DataFrame
    need_met: float
    need_total: float
    bound: float
    gap: float
    proven: bool
    seconds: float
    stages: tuple[Stage, ...] = ()
    notes: tuple[tuple[str, str], ...] = ()
    fingerprint: str = ""

    def to_json(self) -> bytes:
        """Return the programme as UTF-8 JSON with its format's version; the same programme gives the same bytes."""
        choice = {
            str(one): [None if pd.isna(row.year) else int(row.year), row.met_by, row.why_zh, row.why_en]
            for one, row in zip(self.choice.index, self.choice.itertuples(index=False), strict=True)
        }
        data = {
            "kind": KIND, "format": FORMAT, "options": self.options.model_dump(mode="json"), "choice": choice,
            "years": {str(y): {k: float(v) for k, v in row.items()} for y, row in self.years.iterrows()},
            **{name: getattr(self, name) for name in _PLAIN},
            "stages": [asdict(stage) for stage in self.stages], "notes": [list(note) for note in self.notes],
        }  # fmt: skip
        return (json.dumps(data, ensure_ascii=False, sort_keys=True, indent=1, allow_nan=False) + "\n").encode()

    @classmethod
    def from_json(cls, text: bytes | str) -> "Programme":
        """Return the programme written by `to_json`.

        Raises
        ------
        InputError
            When it is something else, damaged, or of a newer version.
        """
        try:
            data = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise _damaged(f"it is not JSON ({error})") from error
        if not isinstance(data, dict) or data.get("kind") != KIND:
            raise _damaged("it is something else")
        version = data.get("format")
        if not isinstance(version, int) or version < 1:
            raise _damaged(f"its format is {version!r}")
        if version > FORMAT:
            raise InputError(Fault(f"the programme was written by a newer shequ (format {version}; this one reads up "
                                   f"to {FORMAT})", "update shequ, or make the programme anew"))  # fmt: skip
        options = ProgrammeOptions.read(_part(data, "options", dict))
        try:
            return _read(data, options)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise _damaged(f"{type(error).__name__}: {error}") from error


_PLAIN = ("need_met", "need_total", "bound", "gap", "proven", "seconds", "fingerprint")

YEAR_COLUMNS = (
    "budget_yuan", "carried_yuan", "spent_yuan", "left_yuan", "residents_yuan", "social_yuan", "cost_yuan",
    "basic_yuan", "improve_yuan", "upgrade_yuan", "measures", "safety", "elder_child", "sites", "need_met",
)  # fmt: skip
_COUNTS = ("measures", "safety", "elder_child", "sites")


def _damaged(why: str) -> InputError:
    return InputError(Fault(f"this is no programme: {why}", "give the file that shequ wrote as a programme"))


def _part(data: Mapping[str, Any], name: str, kind: type) -> Any:  # noqa: ANN401
    part = data.get(name)
    if not isinstance(part, kind):
        raise _damaged(f"{name} is missing or no {kind.__name__}")
    return part


def _read(data: Mapping[str, Any], options: ProgrammeOptions) -> Programme:
    strangers = sorted(set(data) - {f.name for f in fields(Programme)} - {"kind", "format"})
    if strangers:
        raise _damaged(f"it has unknown parts: {', '.join(strangers)}")
    rows = _part(data, "choice", dict)
    for one, row in rows.items():
        if len(row) != 4 or not (row[0] is None or row[0] in options.years) or not all(
            isinstance(text, str) for text in row[1:]
        ):  # fmt: skip
            raise _damaged(f"the choice of {one} is wrong: {row!r}"[:200])
    index = pd.Index(list(rows), dtype="str", name="measure_id")
    choice = pd.DataFrame({
        "year": pd.array([row[0] for row in rows.values()], dtype="Int64"),
        **{name: pd.array([row[i] for row in rows.values()], dtype="str")
           for i, name in enumerate(("met_by", "why_zh", "why_en"), start=1)},
    }, index=index)  # fmt: skip
    table = _part(data, "years", dict)
    if sorted(table) != sorted(map(str, options.years)):
        raise _damaged("its years are not those of its options")
    years = pd.DataFrame([[float(table[str(y)][c]) for c in YEAR_COLUMNS] for y in options.years],
                         index=pd.Index(options.years, name="year"), columns=list(YEAR_COLUMNS))  # fmt: skip
    plain = {name: data[name] for name in _PLAIN}
    for name in ("need_met", "need_total", "bound", "gap", "seconds"):
        plain[name] = float(plain[name])
        if not math.isfinite(plain[name]):
            raise _damaged(f"{name} is no number")
    if not isinstance(plain["proven"], bool) or not isinstance(plain["fingerprint"], str):
        raise _damaged("proven or fingerprint is wrong")
    return Programme(
        options=options, choice=choice, years=years.astype(dict.fromkeys(_COUNTS, "int64")), **plain,
        stages=tuple(Stage(**stage) for stage in data["stages"]),
        notes=tuple((str(zh), str(en)) for zh, en in data["notes"]),
    )  # fmt: skip


def year_table(
    measures: pd.DataFrame, year: pd.Series, options: ProgrammeOptions, met: Mapping[str, int]
) -> pd.DataFrame:
    """Return the table `Programme.years` of a choice.

    Parameters
    ----------
    year
        The year of every measure, missing where it is not done.
    met
        Years in which the need of measures that are not done is met by others.
    """
    table = _with_costs(measures)
    when = year.reindex(table.index)
    rows = pd.DataFrame(0.0, index=pd.Index(options.years, name="year"), columns=list(YEAR_COLUMNS))
    rows["budget_yuan"] = list(map(float, options.budgets_yuan))
    done = table[when.notna().to_numpy()]
    by = when.dropna().astype("int64").to_numpy()
    sums = done[["public_yuan", "residents_yuan", "social_yuan", "cost_yuan", "need"]].groupby(by).sum()
    sums = sums.reindex(rows.index, fill_value=0.0)
    rows["spent_yuan"] = sums["public_yuan"].round(2)
    rows["need_met"] = sums["need"]
    for one, when_met in met.items():
        rows.loc[when_met, "need_met"] += table.loc[one, "need"]
    for name in ("residents_yuan", "social_yuan", "cost_yuan"):
        rows[name] = sums[name].round(2)
    for name in ("basic", "improve", "upgrade"):
        of = done["class_"].to_numpy() == name
        rows[f"{name}_yuan"] = done["cost_yuan"][of].groupby(by[of]).sum().reindex(rows.index, fill_value=0.0).round(2)
    rows["measures"] = pd.Series(by).value_counts().reindex(rows.index, fill_value=0)
    for name in ("safety", "elder_child"):
        flag = table[name].astype("boolean").fillna(False).to_numpy(bool)[when.notna().to_numpy()]
        rows[name] = pd.Series(by[flag]).value_counts().reindex(rows.index, fill_value=0)
    works = (done["remedy"] != "management").to_numpy()
    rows["sites"] = done["site_id"][works].groupby(by[works]).nunique().reindex(rows.index, fill_value=0)
    carried = 0.0
    for one in rows.index:
        rows.loc[one, "carried_yuan"] = carried
        left = round(rows.loc[one, "budget_yuan"] + carried - rows.loc[one, "spent_yuan"], 2)
        rows.loc[one, "left_yuan"] = left
        carried = left if options.carry_over else 0.0
    return rows.astype(dict.fromkeys(_COUNTS, "int64"))


def summarise(programme: Programme, measures: pd.DataFrame, *, by: By) -> pd.DataFrame:
    """Return what a programme does, a row for each year, class, payer, site, community, indicator or kind of measure.

    Parameters
    ----------
    programme : Programme
    measures : DataFrame
        Those it was made of.
    by : {"year", "class_", "payer", "site_id", "community_id", "indicator", "key"}
        `indicator` counts a measure once for each indicator it answers, so its rows do not add up. `payer` has the rows
        public, residents, social and all, and the columns `yuan` and `share`.

    Returns
    -------
    DataFrame
        Index `by` (with `year`, measures that are not done are under the missing year; where there is no site or
        community: ""). `measures`, `measures_all` (chosen, given), `safety`, `elder_child` (chosen), `unpriced`
        (given), `cost_yuan`, `public_yuan`, `residents_yuan`, `social_yuan` (chosen), `need_met`, `need_all`,
        `need_share` (NaN where there is no need); with `key` also `quantity`, `quantity_all`, `unit`, `title_zh`,
        `title_en`.

    Raises
    ------
    InputError
        When the measures are not those the programme was made of.
    """
    if by not in get_args(By):
        raise InputError(Fault(f"there is no summary by {by!r}", f"use one of {', '.join(get_args(By))}"))
    table = _with_costs(measures)
    if set(table.index) != set(programme.choice.index):
        raise InputError(Fault("the measures are not those that the programme was made of",
                               "make the measures, or the programme, anew", table="measures"))  # fmt: skip
    table["year"] = programme.choice["year"].reindex(table.index)
    table["chosen"] = table["year"].notna()
    table["met"] = table["chosen"] | (programme.choice["met_by"].reindex(table.index) != "")
    if by == "payer":
        done = table[table["chosen"]]
        sums = {who: float(done[f"{who}_yuan"].sum()) for who in ("public", "residents", "social")}
        total = sum(sums.values())
        rows = {**sums, "all": total}
        return pd.DataFrame({"yuan": rows, "share": {k: v / total if total else np.nan for k, v in rows.items()}}
                            ).rename_axis("payer")  # fmt: skip
    if by == "indicator":
        table["indicator"] = table.get("numbers", pd.Series("", table.index)).fillna("").astype(str).str.split(";")
        table = table.explode("indicator")
        table = table[table["indicator"] != ""]
        table["indicator"] = table["indicator"].astype("int64")
    elif by != "year":
        table[by] = table[by].astype("object").where(table[by].notna(), "")
    chosen = table["chosen"].astype(float)
    parts = pd.DataFrame({
        by: table[by], "measures": chosen, "measures_all": 1.0,
        "safety": chosen * table["safety"].astype(float),
        "elder_child": chosen * table["elder_child"].astype("boolean").fillna(False).astype(float),
        "unpriced": (~table["priced"].astype("boolean").fillna(True)).astype(float),
        **{name: chosen * table[name] for name in ("cost_yuan", "public_yuan", "residents_yuan", "social_yuan")},
        "need_met": table["met"].astype(float) * table["need"], "need_all": table["need"],
    })  # fmt: skip
    rows = parts.groupby(by, dropna=False, sort=True).sum()
    rows["need_share"] = (rows["need_met"] / rows["need_all"]).where(rows["need_all"] > 0)
    for name in ("measures", "measures_all", "safety", "elder_child", "unpriced"):
        rows[name] = rows[name].astype("int64")
    if by == "key":
        quantity = pd.to_numeric(table.get("quantity", pd.Series(np.nan, table.index)))
        rows["quantity"] = (quantity * chosen).groupby(table["key"]).sum()
        rows["quantity_all"] = quantity.groupby(table["key"]).sum()
        for name in ("unit", "title_zh", "title_en"):
            if name in table:
                rows[name] = table.groupby("key")[name].first()
    return rows


def _with_costs(measures: pd.DataFrame) -> pd.DataFrame:
    """Return what tables read of the measures; what is optional and not there is empty."""
    table = pd.DataFrame(measures.drop(columns="geometry", errors="ignore"))
    table.index = pd.Index(table.index.astype(str), name="measure_id")
    for name in ("residents_yuan", "social_yuan"):
        table[name] = pd.to_numeric(table[name]).fillna(0.0) if name in table else 0.0
    table["public_yuan"] = pd.to_numeric(table["public_yuan"]).fillna(0.0)
    if "cost_yuan" not in table:
        table["cost_yuan"] = table["public_yuan"] + table["residents_yuan"] + table["social_yuan"]
    table["cost_yuan"] = pd.to_numeric(table["cost_yuan"]).fillna(0.0)
    table["need"] = pd.to_numeric(table["need"]).fillna(0.0)
    for name, missing in (("elder_child", False), ("remedy", "works"), ("priced", True), ("community_id", None)):
        if name not in table:
            table[name] = missing
    return table
