"""What more public money would buy: the programme solved again with more and with less, and the break-even list."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from geo.errors import Fault, InfeasibleError, InputError
from geo.programme.choose import make_programme
from geo.programme.compare import compare
from geo.programme.options import ProgrammeOptions
from geo.programme.programme import Programme

MILLION = 1_000_000.0
STEPS = (-2 * MILLION, -MILLION, 0.0, MILLION, 2 * MILLION, 5 * MILLION, 10 * MILLION)
"""Money that is added to (or taken from) the budgets, by default [yuan]."""

CURVE_COLUMNS = (
    "budget_yuan", "feasible", "spent_yuan", "need_met", "need_met_more", "need_per_million", "need_bound", "waiting",
    "safety_earlier", "measures", "measures_more", "gained", "given_up", "proven", "reason_zh", "reason_en",
)  # fmt: skip


@dataclass(frozen=True)
class Curve:
    """What more or less public money does.

    Attributes
    ----------
    points : DataFrame
        Index extra_yuan, rising. `budget_yuan` (of all years), `feasible`, `spent_yuan`, `need_met`, `need_met_more`
        (than with no extra money), `need_per_million` (from the point before, for each million yuan), `need_bound` (no
        programme has a larger discounted sum), `waiting` (of safety: need × years), `safety_earlier` (what of it is
        saved), `measures`, `measures_more`, `gained`, `given_up` (measures against no extra money), `proven`,
        `reason_zh`, `reason_en` (why it is infeasible).
    break_even : DataFrame
        Measures that are not chosen, dearest need first: index measure_id, `need`, `public_yuan`, `need_per_10k`,
        `enters_at_yuan` (the least extra money on the curve with which it is chosen; NaN: with none of them).
    programmes : tuple of Programme
        Those of the points that are feasible, in order.
    """

    points: pd.DataFrame
    break_even: pd.DataFrame
    programmes: tuple[Programme, ...]


def marginal_curve(
    measures: pd.DataFrame,
    options: ProgrammeOptions,
    *,
    steps: Sequence[float] = STEPS,
    spread: Literal["even", "first"] = "even",
    start: Programme | None = None,
    told: Callable[[float], None] | None = None,
) -> Curve:
    """Return what more or less public money buys, by choosing anew each time, from the programme before.

    More money never makes safety wait longer, and for equal waiting never meets less need. Where it makes safety
    earlier, other need can be met later or, with short campaigns, less of it: the table shows both.

    Parameters
    ----------
    measures, options
        As for `make_programme`. Each point has its whole time limit.
    steps : sequence of float
        Extra money in all [yuan]; 0 is always among them.
    spread : {"even", "first"}
        The same for each year, or all in the first. Money is taken away the same way, a year never below zero.
    start : Programme, optional
        A programme for no extra money, to begin with.
    told : callable, optional
        Is told the share that is done.

    Raises
    ------
    InputError
        When a step takes away more than there is.
    InfeasibleError
        When there is no programme even without a change, and none with more.
    """
    wanted = sorted({0.0, *map(float, steps)})
    faults = [Fault(f"{-step:,.0f} yuan are to be taken from {sum(options.budgets_yuan):,.0f}", "take less")
              for step in wanted if step < 0 and -step > sum(options.budgets_yuan)]  # fmt: skip
    if faults:
        raise InputError(faults)
    made: dict[float, Programme | InfeasibleError] = {}
    near = start
    # From no extra money upwards, then downwards: each begins with its neighbour.
    order = [s for s in wanted if s >= 0] + [s for s in reversed(wanted) if s < 0]
    for count, step in enumerate(order):
        if step < 0 and (0.0 in made and isinstance(made[0.0], Programme)) and (not order[count - 1] < 0):
            near = made[0.0]
        budgets = _budgets(options, step, spread)
        try:
            found = make_programme(measures, options.model_copy(update={"budgets_yuan": budgets, "stay_near": None}),
                                   start=near)  # fmt: skip
        except InfeasibleError as refused:
            made[step] = refused
        else:
            made[step] = near = found
        if told is not None:
            told((count + 1) / len(order))
    programmes = {step: one for step, one in sorted(made.items()) if isinstance(one, Programme)}
    if not programmes:
        raise next(one for one in made.values() if isinstance(one, InfeasibleError))
    return Curve(_points(made, programmes, measures, options), _break_even(programmes, measures),
                 tuple(programmes.values()))  # fmt: skip


def _budgets(options: ProgrammeOptions, extra: float, spread: str) -> tuple[float, ...]:
    """Return budgets with money added, or taken away from what is there."""
    budgets = list(options.budgets_yuan)
    if extra >= 0:
        shares = [1.0 / len(budgets)] * len(budgets) if spread == "even" else [1.0] + [0.0] * (len(budgets) - 1)
        return tuple(b + extra * s for b, s in zip(budgets, shares, strict=True))
    left = -extra
    years = list(range(len(budgets)))
    if spread == "first":
        for t in years:
            taken = min(left, budgets[t])
            budgets[t] -= taken
            left -= taken
        return tuple(budgets)
    while left > 0.005 and years:
        each = left / len(years)
        for t in list(years):
            taken = min(each, budgets[t])
            budgets[t] -= taken
            left -= taken
            if budgets[t] <= 0:
                years.remove(t)
    return tuple(budgets)


def _points(
    made: dict[float, Programme | InfeasibleError], programmes: dict[float, Programme], measures: pd.DataFrame,
    options: ProgrammeOptions,
) -> pd.DataFrame:  # fmt: skip
    base = programmes.get(0.0)
    rows: dict[float, dict[str, object]] = {}
    total = sum(options.budgets_yuan)
    before: tuple[float, float] | None = None
    for step, one in sorted(made.items()):
        row: dict[str, object] = {"budget_yuan": total + step, "feasible": isinstance(one, Programme)}
        if isinstance(one, Programme):
            need, safety = (next(s for s in one.stages if s.key == key) for key in ("need", "safety"))
            chosen = int(one.choice["year"].notna().sum())
            row |= {"spent_yuan": one.years["spent_yuan"].sum(), "need_met": one.need_met, "need_bound": need.bound,
                    "waiting": safety.value, "measures": chosen, "proven": one.proven, "reason_zh": "", "reason_en": ""
                    }  # fmt: skip
            if base is not None:
                change = compare({"base": base, "this": one}, measures).changes["change"]
                base_safety = next(s for s in base.stages if s.key == "safety")
                row |= {"need_met_more": one.need_met - base.need_met,
                        "safety_earlier": base_safety.value - safety.value,
                        "measures_more": chosen - int(base.choice["year"].notna().sum()),
                        "gained": int((change == "gained").sum()), "given_up": int((change == "given_up").sum())
                        }  # fmt: skip
            if before is not None:
                row["need_per_million"] = (one.need_met - before[1]) / (step - before[0]) * MILLION
            before = step, one.need_met
        else:
            row |= {"proven": True, "reason_zh": "".join(one.reasons_zh), "reason_en": " ".join(one.reasons)}
        rows[step] = row
    table = pd.DataFrame.from_dict(rows, orient="index").reindex(columns=list(CURVE_COLUMNS))
    for name in ("measures", "measures_more", "gained", "given_up"):
        table[name] = table[name].astype("Int64")
    return table.astype({"feasible": "bool", "proven": "bool"}).rename_axis("extra_yuan")


def _break_even(programmes: dict[float, Programme], measures: pd.DataFrame) -> pd.DataFrame:
    """Return what is not chosen now, and the least extra money on the curve with which it is."""
    least = min((step for step in programmes if step >= 0), default=max(programmes))
    now = programmes[least]
    ready = measures.set_axis(measures.index.astype(str))
    ready = ready[ready["ready"].astype(bool)]
    out = now.choice.index[now.choice["year"].isna() & (now.choice["met_by"] == "")]
    table = ready.loc[ready.index.intersection(out)]
    enters = pd.Series(float("nan"), index=table.index)
    for step in sorted((s for s in programmes if s > least), reverse=True):
        chosen = programmes[step].choice["year"].reindex(table.index).notna()
        enters[chosen] = step
    shown = [c for c in ("key", "title_zh", "title_en", "site_id", "community_id", "class_") if c in table]
    rows = pd.DataFrame(table[shown])
    rows["need"], rows["public_yuan"] = table["need"].astype(float), table["public_yuan"].astype(float)
    rows["need_per_10k"] = rows["need"] / (rows["public_yuan"] / 1e4).where(rows["public_yuan"] > 0)
    rows["enters_at_yuan"] = enters
    order = rows.assign(id=rows.index).sort_values(["need_per_10k", "id"], ascending=[False, True], na_position="first")
    return rows.loc[order.index].rename_axis("measure_id")
