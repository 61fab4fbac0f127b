"""Several plans that are good and different: what each aims at, what it gains, what it gives up.

Plans are made for deliberately different aims, measured again under the planner's own weights so that they compare, and
few of them are kept: none that another one beats everywhere, and no near-copies.
"""

import itertools
import string
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import linear_sum_assignment

from geo.errors import Fault, InfeasibleError, InputError
from geo.partition.atoms import build_town
from geo.partition.objective import measure_terms
from geo.partition.plan import Note, Plan, PlanOptions, Progress, Term
from geo.partition.solve import make_plan
from geo.standards import Profile

MIN_DISTANCE: Final = 0.05
"""Two plans that give less than this share of the households another community are the same to a reader."""
MAX_LOSS: Final = 0.15
"""A plan whose sum is higher by more than this share of the best one's is not offered."""
EMPHASIS: Final = 6.0
"""How many times its weight an aim's terms count while its plan is made."""
_SAID: Final = 0.005
"""A difference that moves the sum by less than this share is nothing to speak of: no gain, and left to the table."""
_EQUAL: Final = 1e-9


class Planner(Protocol):
    """What makes one plan: `geo.partition.solve.make_plan`, or what stands in for it."""

    def __call__(
        self,
        blocks: gpd.GeoDataFrame,
        seams: gpd.GeoDataFrame,
        communities: gpd.GeoDataFrame | None = None,
        *,
        profile: Profile,
        options: PlanOptions | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> Plan:
        """Return a plan that keeps every hard rule of the options."""


@dataclass(frozen=True)
class Alternatives:
    """Plans to choose from, the best one first; all tables are about the plan ids A, B, C …

    Attributes
    ----------
    plans : mapping from id to Plan
        A is the best under the planner's weights, the others follow by their sums. Every plan carries the planner's own
        options, and its terms are measured under them.
    made_with : mapping from id to PlanOptions
        What each plan was made with: `make_plan` with these finds it again.
    table : DataFrame
        Index plan_id; name_zh, name_en (its aim); k; households_min, households_max (the smallest and the largest
        community); one column per term with its unit in the name (`seam_m`, `change_households` …); objective (the sum
        under the planner's weights); loss (how much higher than A's, as a share); distance (share of the households in
        another community than in A), households_apart (their number); pareto (no plan that was tried is at least
        as good in every term that counts and better in one).
    distances : DataFrame
        Square, plan_id by plan_id: `plan_distance`.
    gives_up : DataFrame
        Index plan_id; text_zh, text_en: what the plan is, what it gains and gives up against A, with numbers.
    tried : DataFrame
        Every plan that was made or asked for, in that order: name_zh, name_en, seed, objective (missing where there is
        none), plan_id (missing where it is not offered), why_zh, why_en.
    notes : tuple of Note
        Why there are fewer than asked for, if so, and what was left out.
    """

    plans: Mapping[str, Plan]
    made_with: Mapping[str, PlanOptions]
    table: pd.DataFrame
    distances: pd.DataFrame
    gives_up: pd.DataFrame
    tried: pd.DataFrame
    notes: tuple[Note, ...] = ()


def plan_distance(a: Plan, b: Plan, blocks: gpd.GeoDataFrame) -> float:
    """Return the share of households that are grouped otherwise in `b` than in `a`, 0 to 1.

    Communities of the two plans are matched one to one so that as many households as possible stay in theirs (Hungarian
    method); the rest differ. Names do not count: two plans that part the homes alike are at distance 0. Land where
    nobody lives decides nothing, so the distance is 0 where nobody lives at all.

    Raises
    ------
    InputError
        When a plan and the blocks do not name the same blocks.

    Notes
    -----
    With the same total on both sides this is a metric on the ways to group the households: symmetric, and no way round
    over a third plan is shorter (the transfer distance of partitions; Gusfield 2002, *Inf. Process. Lett.* 82).
    """
    ids = blocks.index.astype(str)
    faults = [
        Fault(
            f"the plan and the table differ in {len(odd):,} blocks",
            "compare plans that were made from these blocks",
            table="blocks",
            ids=tuple(sorted(odd)),
        )
        for plan in (a, b)
        if (odd := set(ids) ^ set(plan.assignment))
    ]
    if faults:
        raise InputError(faults)
    homes = blocks["households"].fillna(0).to_numpy(dtype=np.float64)
    parts = [pd.factorize(np.array([plan.assignment[i] for i in ids]), sort=True)[0] for plan in (a, b)]
    return _distance(parts[0], parts[1], homes)


def make_alternatives(
    blocks: gpd.GeoDataFrame,
    seams: gpd.GeoDataFrame,
    communities: gpd.GeoDataFrame | None = None,
    *,
    profile: Profile,
    options: PlanOptions | None = None,
    count: int = 4,
    min_distance: float = MIN_DISTANCE,
    max_loss: float = MAX_LOSS,
    progress: Callable[[Progress], None] | None = None,
    plan: Planner = make_plan,
) -> Alternatives:
    """Return up to `count` plans that keep all hard rules, are good under the planner's weights, and differ.

    Parameters
    ----------
    blocks, seams, communities, profile, options
        As for `make_plan`. A `time_limit_s` is shared among the runs; those it does not reach are left out, and said.
    count : int
        Plans wanted, at least 1.
    min_distance : float
        Share of the households that two plans must group differently, 0 to 1.
    max_loss : float
        How much higher than the best one's a plan's sum may be, as a share of it.
    progress : callable, optional
        Told the fraction of all runs; what it raises ends the work and passes through.
    plan : callable
        What makes one plan.

    Returns
    -------
    Alternatives
        The same tables and options give the same plans, in any order of the rows.

    Raises
    ------
    InputError
        As `make_plan`, and when count, min_distance or max_loss make no sense.
    InfeasibleError
        When the planner's own request has no answer. An aim without one is only left out.

    Notes
    -----
    Offered are: the plan with the least sum; then, of all sets of at most `count` - 1 others that no plan tried
    dominates, that gain something to speak of in some term, lose at most `max_loss` and lie at least `min_distance`
    from each other and from the best, one of the largest - the one with the greatest sum of (distance to the nearest
    plan offered - loss).
    """
    own = PlanOptions() if options is None else options
    _check_wishes(count, min_distance, max_loss)
    town = build_town(blocks, seams, communities, profile=profile, options=own)
    order = {block: i for i, block in enumerate(town.block_ids)}

    def measured(found: Plan, aim: "_Aim") -> _Candidate:
        names, part = np.unique([found.assignment[block] for block in order], return_inverse=True)
        terms = measure_terms(town, part.astype(np.int64), len(names))
        return _Candidate(aim, _under_own(found, own, terms, aim), part, np.bincount(part, town.households).astype(int))

    runs = _run(
        lambda wishes, tell: plan(blocks, seams, communities, profile=profile, options=wishes, progress=tell),
        measured, own, today=bool(town.old_ids), tell=progress,
    )  # fmt: skip
    made = [run.candidate for run in runs if run.candidate is not None]
    homes = town.households.astype(np.float64)
    distance = np.array([[_distance(x.part, y.part, homes) for y in made] for x in made])
    kept = _chosen(made, distance, count=count, min_distance=min_distance, max_loss=max_loss)
    ids = dict(zip(kept, _plan_ids(len(kept)), strict=True))
    fates = _Fates(made, distance, ids, min_distance=min_distance, max_loss=max_loss)
    offered, fine = [made[i] for i in kept], _pareto(made)
    between = distance[np.ix_(kept, kept)]
    table = _table(offered, between, float(homes.sum()), names=list(ids.values()), fine=[fine[i] for i in kept])
    tried = _tried(runs, fates)
    return Alternatives(
        plans={name: made[i].plan for i, name in ids.items()},
        made_with={name: made[i].aim.options for i, name in ids.items()},
        table=table,
        distances=pd.DataFrame(between, index=table.index, columns=table.index.rename(None)),
        gives_up=_memo(offered, table, len(made)),
        tried=tried,
        notes=(*_shortfall(len(kept), count, tried), *_hurried(made)),
    )


def _check_wishes(count: int, min_distance: float, max_loss: float) -> None:
    wrong = [
        Fault(f"{name} = {value} is not {allowed}", f"use {allowed}")
        for name, value, fine, allowed in (
            ("count", count, count >= 1, "a whole number from 1"),
            ("min_distance", min_distance, 0 <= min_distance <= 1, "a share from 0 to 1"),
            ("max_loss", max_loss, max_loss >= 0, "a share from 0"),
        )
        if not fine
    ]
    if wrong:
        raise InputError(wrong)


# ── aims ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class _Aim:
    zh: str
    en: str
    options: PlanOptions
    terms: tuple[str, ...] = ()

    def asks(self, own: PlanOptions) -> bool:
        """Return whether it is the planner's own question, be it from another start."""
        return self.options == own.model_copy(update={"seed": self.options.seed})


_EMPHASES: Final[tuple[tuple[str, str, tuple[str, ...]], ...]] = (
    ("界线清晰优先", "clear borders first", ("seam",)),
    ("保持现状优先", "as today first", ("change", "land", "abolished")),
    ("规模均衡优先", "even sizes first", ("size",)),
    ("形状紧凑优先", "compact shapes first", ("shape",)),
)
"""Aims that let some terms count more; `change`, `land` and `abolished` only where there are communities today."""
_OTHER_SEEDS: Final = 2


def _other_aims(own: PlanOptions, k: int, *, today: bool) -> list[_Aim]:
    """Return the other aims, once the planner's own plan has told its number of communities."""
    aims = []
    for zh, en, terms in _EMPHASES:
        if "change" in terms and not today:
            continue
        weights = own.weights.model_copy(
            # A term the planner gave no weight still has to count where it is the aim.
            update={term: min(1000.0, EMPHASIS * (getattr(own.weights, term) or 1.0)) for term in terms}
        )
        aims.append(_Aim(zh, en, own.model_copy(update={"weights": weights}), terms))
    for other in (k - 1, k + 1):
        if own.k is None and other > 0:
            number = "1 community" if other == 1 else f"{other} communities"
            aims.append(_Aim(f"共设{other}个社区", f"{number} in all", own.model_copy(update={"k": other})))
    for i in range(1, _OTHER_SEEDS + 1):
        seed = (own.seed + i) % 2**63
        aims.append(_Aim(f"按给定权重、另一起点{i}", f"the weights as given, another start {i}",
                         own.model_copy(update={"seed": seed})))  # fmt: skip
    return aims


@dataclass(frozen=True)
class _Candidate:
    """One plan under the planner's weights: the part of each block, the households of each part."""

    aim: _Aim
    plan: Plan
    part: npt.NDArray[np.int64]
    load: npt.NDArray[np.int64]

    @property
    def terms_that_count(self) -> Mapping[str, Term]:
        """The terms that the planner gave a weight."""
        return {name: term for name, term in sorted(self.plan.terms.items()) if term.weight > 0}

    @property
    def values(self) -> npt.NDArray[np.float64]:
        """Their values, each in its own unit."""
        return np.array([term.value for term in self.terms_that_count.values()])


@dataclass(frozen=True)
class _Run:
    aim: _Aim
    candidate: _Candidate | None
    why: tuple[str, str] = ("", "")


def _run(
    make: Callable[[PlanOptions, Callable[[Progress], None]], Plan],
    measured: Callable[[Plan, _Aim], _Candidate],
    own: PlanOptions,
    *,
    today: bool,
    tell: Callable[[Progress], None] | None,
) -> list[_Run]:
    """Return what became of every aim, the planner's own first; without a plan of that one there is no answer."""
    deadline = None if own.time_limit_s is None else time.monotonic() + own.time_limit_s
    first = _Aim("按给定权重", "the weights as given", own)
    expected = 1 + len(_other_aims(own, 2, today=today))
    watch = _Watch(tell, expected)
    runs = [_Run(first, measured(make(_timed(own, deadline, expected), watch.of(0)), first))]
    others = _other_aims(own, _k(runs), today=today)
    for number, aim in enumerate(others, start=1):
        if deadline is not None and time.monotonic() >= deadline:
            runs.append(_Run(aim, None, ("时间已到,未计算", "the time was up before it began")))
            continue
        try:
            found = make(_timed(aim.options, deadline, len(others) + 1 - number), watch.of(number))
        except InfeasibleError as error:
            why = ("在硬性条件下无解或未找到", f"no plan: {' '.join(error.reasons)}")
            runs.append(_Run(aim, None, why))
        else:
            runs.append(_Run(aim, measured(found, aim)))
    watch.done()
    return runs


def _k(runs: Sequence[_Run]) -> int:
    candidate = runs[0].candidate
    return 1 if candidate is None else candidate.plan.k


def _timed(options: PlanOptions, deadline: float | None, left: int) -> PlanOptions:
    """Return the options with an equal share of the time that is left."""
    if deadline is None:
        return options
    return options.model_copy(update={"time_limit_s": max(1e-3, (deadline - time.monotonic()) / left)})


@dataclass
class _Watch:
    """Turns the progress of one run into that of all."""

    tell: Callable[[Progress], None] | None
    runs: int
    last: Progress | None = None

    def of(self, number: int) -> Callable[[Progress], None]:
        """Return what listens to that run."""

        def hear(now: Progress) -> None:
            if self.tell is not None:
                stage = "search" if now.stage == "done" else now.stage
                share = min(1.0, (number + now.fraction) / self.runs)
                self.last = Progress(stage, share, now.terms, now.violations)
                self.tell(self.last)

        return hear

    def done(self) -> None:
        """Say that all runs are over."""
        if self.tell is not None:
            self.tell(Progress("done", 1.0, self.last.terms if self.last else {}))


def _under_own(found: Plan, own: PlanOptions, terms: Mapping[str, Term], aim: _Aim) -> Plan:
    """Return the plan as an answer to the planner's own request.

    What was proven was proven for the aim, so it holds only where the aim asks the planner's own question.
    """
    update: dict[str, Any] = {"options": own, "terms": dict(terms)}
    if not aim.asks(own):
        unproven = {"proven": False, "lower_bound": None, "pairs_checked": False}
        update |= {name: value for name, value in unproven.items() if name in Plan.model_fields}
        update["notes"] = (
            *found.notes,
            Note(
                zh=f"本方案的着眼点是“{aim.zh}”,各项指标按给定权重重新计量。",
                en=f"Made with another aim ({aim.en}); its terms are measured under the weights as given.",
            ),
        )
    return Plan.model_validate({**{name: getattr(found, name) for name in Plan.model_fields}, **update})


# ── choosing ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def _distance(a: npt.NDArray[np.int64], b: npt.NDArray[np.int64], homes: npt.NDArray[np.float64]) -> float:
    """Return the share of the households outside the best one-to-one matching of two ways to part the blocks."""
    total = float(homes.sum())
    if total == 0:
        return 0.0
    shared = np.zeros((int(a.max()) + 1, int(b.max()) + 1))
    np.add.at(shared, (a, b), homes)
    rows, columns = linear_sum_assignment(-shared)
    return float(total - shared[rows, columns].sum()) / total


def _dominates(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> bool:
    """Return whether one is at least as good in every term and better in one."""
    slack = _EQUAL * np.maximum(1.0, np.maximum(np.abs(one), np.abs(other)))
    return bool((one <= other + slack).all() and (one < other - slack).any())


def _pareto(made: Sequence[_Candidate]) -> list[bool]:
    values = [candidate.values for candidate in made]
    return [not any(_dominates(other, value) for other in values) for value in values]


def _best(made: Sequence[_Candidate]) -> int:
    """Return the plan with the least sum; of equals the first that nothing dominates."""
    fine = _pareto(made)
    return min(range(len(made)), key=lambda i: (round(made[i].plan.objective, 9), not fine[i], i))


def _loss(made: Sequence[_Candidate], best: int) -> npt.NDArray[np.float64]:
    """Return how much higher each sum is than the best, as a share of it."""
    sums = np.array([candidate.plan.objective for candidate in made])
    return np.asarray((sums - sums[best]) / max(abs(float(sums[best])), _EQUAL))


def _chosen(
    made: Sequence[_Candidate],
    distance: npt.NDArray[np.float64],
    *,
    count: int,
    min_distance: float,
    max_loss: float,
) -> list[int]:
    """Return the plans to offer, the best first, the others by their sums (see `make_alternatives`)."""
    best = _best(made)
    fine, loss = _pareto(made), _loss(made, best)
    useful = [bool(_differences(candidate, made[best])[0]) for candidate in made]
    # At the same distance 0 a plan says nothing new, whatever distance is asked for.
    least = max(min_distance, _EQUAL)
    others = [i for i in range(len(made)) if i != best and fine[i] and useful[i]
              and loss[i] <= max_loss + _EQUAL and distance[best, i] >= least]  # fmt: skip

    def apart(group: tuple[int, ...]) -> bool:
        return all(distance[i, j] >= least for i, j in itertools.combinations(group, 2))

    def worth(group: tuple[int, ...]) -> float:
        together = (best, *group)
        nearest = [min(distance[i, j] for j in together if j != i) for i in group]
        return round(float(sum(nearest) - loss[list(group)].sum()), 9)

    for size in range(min(count - 1, len(others)), 0, -1):
        groups = [group for group in itertools.combinations(others, size) if apart(group)]
        if groups:
            group = max(groups, key=lambda g: (worth(g), tuple(-i for i in g)))
            return [best, *sorted(group, key=lambda i: (round(made[i].plan.objective, 9), i))]
    return [best]


def _differences(other: _Candidate, best: _Candidate) -> tuple[list[str], list[str]]:
    """Return the terms in which a plan is better and worse than the best one, the heaviest first, trifles left out."""
    here, there = other.terms_that_count, best.terms_that_count
    moved = {name: here[name].weighted - there[name].weighted for name in here}
    told = [name for name in sorted(moved, key=lambda n: (-abs(moved[n]), n))
            if abs(moved[name]) >= _SAID * max(abs(best.plan.objective), _EQUAL)]  # fmt: skip
    return [name for name in told if moved[name] < 0], [name for name in told if moved[name] > 0]


def _plan_ids(count: int) -> list[str]:
    """Return A, B … Z, AA, AB …"""
    letters = string.ascii_uppercase
    return [(letters[i // 26 - 1] if i >= 26 else "") + letters[i % 26] for i in range(count)]


@dataclass(frozen=True)
class _Fates:
    """Says of every plan that was made why it is offered or not."""

    made: Sequence[_Candidate]
    distance: npt.NDArray[np.float64]
    ids: Mapping[int, str]
    min_distance: float
    max_loss: float

    def why(self, i: int) -> tuple[str, str]:
        """Return the reason in Chinese and English."""
        if i in self.ids:
            return (f"作为方案{self.ids[i]}提供", f"offered as plan {self.ids[i]}")
        best = next(iter(self.ids))
        loss = float(_loss(self.made, best)[i])
        near = min(self.ids, key=lambda j: (self.distance[i, j], j))
        away, other = float(self.distance[i, near]), self.ids[near]
        if away < _EQUAL:
            return (f"与方案{other}相同", f"the same as plan {other}")
        if away < self.min_distance:
            return (f"与方案{other}仅有{away:.1%}的户归属不同,近似重复",
                    f"a near-copy: only {away:.1%} of the households differ from plan {other}")  # fmt: skip
        if not _pareto(self.made)[i]:
            return ("另有一个候选方案各项都不差、至少一项更好",
                    "another candidate is as good in every term and better in one")  # fmt: skip
        if not _differences(self.made[i], self.made[best])[0]:
            return ("没有一项明显优于方案A", "no term is better than in plan A to speak of")
        if loss > self.max_loss:
            return (f"总和比最优高{loss:.1%},超过{self.max_loss:.0%}",
                    f"its sum is {loss:.1%} above the best, more than {self.max_loss:.0%}")  # fmt: skip
        return ("可用,但其余入选方案差别更大或更优", "usable, but the plans offered differ more or cost less")


def _tried(runs: Sequence[_Run], fates: _Fates) -> pd.DataFrame:
    rows = []
    number = 0
    for run in runs:
        name = objective = None
        zh, en = run.why
        if run.candidate is not None:
            name, objective = fates.ids.get(number), run.candidate.plan.objective
            zh, en = fates.why(number)
            number += 1
        rows.append((run.aim.zh, run.aim.en, run.aim.options.seed, objective, name, zh, en))
    columns = ["name_zh", "name_en", "seed", "objective", "plan_id", "why_zh", "why_en"]
    frame = pd.DataFrame(rows, columns=columns)
    texts = dict.fromkeys(("name_zh", "name_en", "plan_id", "why_zh", "why_en"), "str")
    return frame.astype({**texts, "objective": "float64"})


def _shortfall(found: int, count: int, tried: pd.DataFrame) -> list[Note]:
    """Return a note where fewer plans are offered than were asked for."""
    if found >= count:
        return []
    left = tried[tried["plan_id"].isna()]
    zh = ";".join(f"“{row.name_zh}”({row.why_zh})" for row in left.itertuples())
    en = "; ".join(f"“{row.name_en}” ({str(row.why_en).removesuffix('.')})" for row in left.itertuples())
    return [
        Note(
            zh=f"需要{count}个方案,只找到{found}个良好且互不雷同的方案。其余:{zh}。",
            en=f"{count} plans were asked for, and only {found} that {'are' if found > 1 else 'is'} good and different "
            f"could be found. The others: {en}.",
        )
    ]


def _hurried(made: Sequence[_Candidate]) -> list[Note]:
    """Return a note where the time limit ended searches: the plans may differ the next time."""
    ended = sum(candidate.plan.stopped_early for candidate in made)
    if not ended:
        return []
    return [
        Note(
            zh=f"{len(made)}个候选方案中有{ended}个因时间限制提前结束,重算时结果可能不同。",
            en=f"The time limit ended the search of {ended} of the {len(made)} candidates early; a rerun may differ.",
        )
    ]


# ── words ────────────────────────────────────────────────────────────────────────────────────────────────────────────
_ASCII_UNITS: Final[Mapping[str, str]] = {"km²": "km2"}
_NOUNS: Final[Mapping[str, tuple[str, str]]] = {
    "seam": ("沿小巷的界线与穿过社区的干道水系", "border along lanes, and main roads and water inside communities"),
    "shape": ("社区界线总长", "border between communities in all"),
    "size": ("偏离目标规模的户数", "household{s} above or below the target size"),
    "change": ("更换社区的户数", "household{s} changing community"),
    "land": ("更换社区的土地", "land changing community"),
    "mixed": ("划入村的社区居民户", "household{s} of residents coming to a village"),
    "abolished": ("撤销的社区", "{community} abolished"),
    "service": ("到社区用房的平均距离", "way to the community's office on average"),
}
"""What a term counts, short enough to go with a number; in English one and many are filled in."""
_GAINS: Final[Mapping[str, tuple[str, str]]] = {
    "seam": ("界线更清晰", "clearer borders"),
    "shape": ("形状更紧凑", "more compact shapes"),
    "size": ("规模更均衡", "more even sizes"),
    "change": ("更换社区的户更少", "fewer households changing community"),
    "land": ("更换社区的土地更少", "less land changing community"),
    "mixed": ("划入村的居民更少", "fewer residents coming to a village"),
    "abolished": ("撤销的社区更少", "fewer communities abolished"),
    "service": ("离社区用房更近", "nearer to the office"),
}
_COUNTED: Final = ("households", "communities")


def _table(
    offered: Sequence[_Candidate],
    distance: npt.NDArray[np.float64],
    homes: float,
    *,
    names: list[str],
    fine: list[bool],
) -> pd.DataFrame:
    loss = _loss(offered, 0)
    rows = []
    for i, candidate in enumerate(offered):
        plan = candidate.plan
        zh, en = _offered_name(candidate, offered[0])
        terms = {f"{name}_{_ASCII_UNITS.get(term.unit, term.unit)}": term.value for name, term in plan.terms.items()}
        rows.append(
            {
                "name_zh": zh, "name_en": en, "k": plan.k,
                "households_min": int(candidate.load.min()), "households_max": int(candidate.load.max()), **terms,
                "objective": plan.objective, "loss": float(loss[i]),
                "distance": float(distance[0, i]), "households_apart": round(float(distance[0, i]) * homes),
                "pareto": fine[i],
            }
        )  # fmt: skip
    table = pd.DataFrame(rows, index=pd.Index(names, dtype="str", name="plan_id"))
    return table.astype({"name_zh": "str", "name_en": "str"})


def _offered_name(candidate: _Candidate, best: _Candidate) -> tuple[str, str]:
    """Return what a reader calls a plan: its aim where it comes nearer to it than the best does, else its main gain."""
    if candidate is best:
        return "按给定权重最优", "best under the weights as given"
    gains, _ = _differences(candidate, best)
    aim = candidate.aim
    if set(aim.terms) & set(gains) or (aim.options.k == candidate.plan.k != best.plan.k):
        return aim.zh, aim.en
    return _GAINS[gains[0]]


def _memo(offered: Sequence[_Candidate], table: pd.DataFrame, made: int) -> pd.DataFrame:
    texts = [_portrait(offered[0], table.iloc[0], made)]
    texts += [_against(offered[0], offered[i], table.iloc[i]) for i in range(1, len(offered))]
    return pd.DataFrame(texts, columns=["text_zh", "text_en"], index=table.index, dtype="str")


def _portrait(best: _Candidate, row: pd.Series, made: int) -> tuple[str, str]:
    """Return what the best plan is, in numbers: the heaviest term first."""
    terms = best.terms_that_count
    zh, en = [], []
    for name in sorted(terms, key=lambda n: (-terms[n].weighted, n)):
        term = terms[name]
        amount_zh, amount = _amount(term.value, term.unit)
        noun_zh, noun = _noun(name, one=amount == "1")
        zh.append(f"{noun_zh}{amount_zh}")
        en.append(f"{amount} {noun}" if term.unit in _COUNTED else f"{amount} of {noun}")
    head_zh, head_en = _sizes(row)
    last_zh, last_en = ("仅此一个候选方案。", "It is the only candidate.")
    if made > 1:
        last_zh = f"加权总和在{made}个候选方案中最低,其余方案都与它相比。"
        last_en = f"Its weighted sum is the lowest of {made} candidates; the others are set against it."
    return (
        f"方案A({row['name_zh']}):{head_zh}。{';'.join(zh)}。{last_zh}",
        f"Plan A ({row['name_en']}): {head_en}. It has {'; '.join(en)}. {last_en}",
    )


def _against(best: _Candidate, other: _Candidate, row: pd.Series) -> tuple[str, str]:
    """Return what a plan gains and gives up against the best one, in numbers: the heaviest difference first."""
    here, there = other.terms_that_count, best.terms_that_count
    gains, losses = _differences(other, best)
    gained, lost = ([_difference(n, here[n], there[n]) for n in names] for names in (gains, losses))
    (head_zh, head_en), share, apart = _sizes(row), f"{row['distance']:.0%}", f"{row['households_apart']:,}"
    zh = [
        f"方案{row.name}({row['name_zh']}):{head_zh};与方案A相比,{share}的户({apart}户)归属不同。",
        f"得:{';'.join(t for t, _ in gained)}。",
        f"失:{';'.join(t for t, _ in lost)}。" if lost else "没有明显的损失。",
        f"按给定权重,加权总和高{row['loss']:.1%}。",
    ]
    en = [
        f"Plan {row.name} ({row['name_en']}): {head_en}; {share} of the households ({apart}) are grouped otherwise "
        "than in A.",
        f"It gains {'; '.join(t for _, t in gained)}.",
        f"It gives up {'; '.join(t for _, t in lost)}." if lost else "It gives up nothing to speak of.",
        f"Under the weights as given its weighted sum is {row['loss']:.1%} higher.",
    ]
    if losses:
        (want_zh, want), (cost_zh, cost) = _noun(gains[0]), _noun(losses[0])
        less = "fewer" if here[gains[0]].unit in _COUNTED else "less"
        zh.append(f"看重减少“{want_zh}”、能接受“{cost_zh}”增多时,可选此方案。")
        en.append(f"Choose it for {less} {want}; the main price is more {cost}.")
    return "".join(zh), " ".join(en)


def _difference(name: str, here: Term, there: Term) -> tuple[str, str]:
    """Return one term's difference: 更换社区的户数少1,240户(9,722户,A为10,962户)."""
    change = here.value - there.value
    (by_zh, by), (now_zh, now), (was_zh, was) = (_amount(v, here.unit) for v in (abs(change), here.value, there.value))
    noun_zh, noun = _noun(name, one=by == "1")
    word = "more" if change > 0 else "fewer" if here.unit in _COUNTED else "less"
    return (
        f"{noun_zh}{'多' if change > 0 else '少'}{by_zh}({now_zh},A为{was_zh})",
        f"{by} {word} {noun} ({now}; A {was})",
    )


def _noun(name: str, *, one: bool = False) -> tuple[str, str]:
    zh, en = _NOUNS.get(name, (name, name))
    return zh, en.format(s="" if one else "s", community="community" if one else "communities")


def _sizes(row: pd.Series) -> tuple[str, str]:
    low, high = f"{row['households_min']:,}", f"{row['households_max']:,}"
    zh, en = (low, low) if low == high else (f"{low}至{high}", f"{low} to {high}")
    return (
        f"{row['k']}个社区,每个{zh}户",
        f"{row['k']} {'community' if row['k'] == 1 else 'communities'} of {en} households",
    )


def _amount(value: float, unit: str) -> tuple[str, str]:
    """Return a number with its unit in Chinese and English; lengths from a kilometre on in kilometres."""
    if unit == "m":
        near = abs(value) < 999.5
        text = f"{value:,.0f}" if near else f"{value / 1000:,.1f}"
        return (f"{text}米", f"{text} m") if near else (f"{text}公里", f"{text} km")
    if unit == "km²":
        text = f"{value:,.1f}" if abs(value) >= 10 else f"{value:,.2f}"
        return f"{text}平方公里", f"{text} km²"
    return f"{value:,.0f}{ {'households': '户', 'communities': '个'}.get(unit, unit) }", f"{value:,.0f}"
