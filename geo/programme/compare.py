"""Programmes side by side: what each gains and gives up, measure by measure and in sums."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from geo.errors import Fault, InputError
from geo.programme.programme import By, Programme, summarise

SUMS = (
    "need_met", "need_share", "waiting", "public_yuan", "residents_yuan", "social_yuan", "cost_yuan", "left_yuan",
    "measures", "safety", "elder_child", "sites",
)  # fmt: skip
"""What programmes are compared by, a row each: see `compare`."""


@dataclass(frozen=True)
class Comparison:
    """Several programmes for the same measures.

    Attributes
    ----------
    names : tuple of str
        The first is what the others are held against.
    sums : DataFrame
        Index `SUMS`, a column for each programme. waiting: need × years that safety waits; left_yuan: public money that
        is left over at the end of each year, in all (with carry-over: at the end).
    by : mapping from "year", "site_id", "class_", "community_id", "payer" to DataFrame
        Index what it is by and name; `cost_yuan`, `public_yuan`, `need_met`, `measures`, and their differences to the
        first (`_more`). By payer: `yuan`, `yuan_more`.
    changes : DataFrame
        Index (name, measure_id) for every measure whose year is not that of the first: `change` (`gained`, `given_up`,
        `earlier`, `later`), `year`, `year_before`, `key`, `site_id`, `community_id`, `class_`, `public_yuan`, `need`.
    """

    names: tuple[str, ...]
    sums: pd.DataFrame
    by: Mapping[str, pd.DataFrame]
    changes: pd.DataFrame


def compare(programmes: Mapping[str, Programme], measures: pd.DataFrame) -> Comparison:
    """Return programmes for the same measures side by side, held against the first.

    Raises
    ------
    InputError
        When there are fewer than two, or one was made of other measures.
    """
    names = tuple(programmes)
    if len(names) < 2:
        raise InputError(Fault("one programme cannot be compared", "give two or more"))
    strange = tuple(n for n, p in programmes.items() if set(p.choice.index) != set(measures.index.astype(str)))
    if strange:
        raise InputError(Fault(f"programmes were made of other measures: {', '.join(strange)}",
                               "make them anew of the same measures", table="measures"))  # fmt: skip
    sums = pd.DataFrame({name: _sums(programmes[name], measures) for name in names}).reindex(list(SUMS))
    by: dict[str, pd.DataFrame] = {}
    kinds: tuple[By, ...] = ("year", "site_id", "class_", "community_id", "payer")
    for kind in kinds:
        tables = {name: summarise(programmes[name], measures, by=kind) for name in names}
        kept = ["yuan"] if kind == "payer" else ["cost_yuan", "public_yuan", "need_met", "measures"]
        if kind == "year":
            tables = {name: table[table.index.notna()] for name, table in tables.items()}
        every = sorted(set().union(*(table.index for table in tables.values())))
        filled = {name: table[kept].reindex(every).fillna(0) for name, table in tables.items()}
        for name in names:
            filled[name] = filled[name].join((filled[name][kept] - filled[names[0]][kept]).add_suffix("_more"))
        by[kind] = pd.concat(filled, names=["name", kind]).swaplevel().sort_index(level=0, sort_remaining=False)
    changes = [_changes(programmes[names[0]], programmes[name], measures, name) for name in names[1:]]
    return Comparison(names, sums, by, pd.concat(changes))


def _sums(programme: Programme, measures: pd.DataFrame) -> pd.Series:
    years, chosen = programme.years, programme.choice["year"].notna()
    table = measures.set_axis(measures.index.astype(str))
    safety = table["safety"].astype(bool).reindex(chosen.index)
    waits = (programme.choice["year"].astype("float64") - programme.options.years[0]) * table["need"].reindex(
        chosen.index
    )
    done = table.loc[chosen.index[chosen]]
    works = done["remedy"] != "management" if "remedy" in done else pd.Series(True, done.index)
    left = years["left_yuan"].iloc[-1] if programme.options.carry_over else years["left_yuan"].sum()
    return pd.Series({
        "need_met": programme.need_met,
        "need_share": programme.need_met / programme.need_total if programme.need_total else float("nan"),
        "waiting": float(waits[safety & chosen].sum()), "public_yuan": years["spent_yuan"].sum(),
        **{name: years[name].sum() for name in ("residents_yuan", "social_yuan", "cost_yuan")}, "left_yuan": left,
        **{name: float(years[name].sum()) for name in ("measures", "safety", "elder_child")},
        "sites": float(done.loc[works, "site_id"].nunique()),
    })  # fmt: skip


def _changes(first: Programme, other: Programme, measures: pd.DataFrame, name: str) -> pd.DataFrame:
    before, after = first.choice["year"], other.choice["year"].reindex(first.choice.index)
    a, b = before.astype("float64"), after.astype("float64")
    change = pd.Series("", index=before.index)
    change[a.isna() & b.notna()] = "gained"
    change[a.notna() & b.isna()] = "given_up"
    change[b < a] = "earlier"
    change[b > a] = "later"
    table = measures.set_axis(measures.index.astype(str)).reindex(before.index)
    shown = [c for c in ("key", "site_id", "community_id", "class_", "public_yuan", "need") if c in table]
    rows = pd.DataFrame({"change": change, "year": after, "year_before": before}).join(table[shown])[change != ""]
    rows.index = pd.MultiIndex.from_arrays([[name] * len(rows), rows.index], names=["name", "measure_id"])
    return rows
