"""One region divided into communities: searched, re-split pair by pair, and proven where it is small enough."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from geo.errors import InfeasibleError
from geo.partition.exact import improve_pairs, solve_exactly
from geo.partition.landmass import Region, labels_of
from geo.partition.objective import SetCosts, heirs, overlap, part_costs
from geo.partition.search import PinsApartError, partition_graph
from geo.partition.search.problem import Problem, Result, measure
from geo.partition.search.seeding import joined_down
from geo.partition.starts import first_parts
from geo.partition.town import Floats, Ints, Town, capital

Small = npt.NDArray[np.int32]

FIRST_LOOK = 0.3
"""Share of the proposals that goes into comparing numbers of communities."""
SMALL_TOWN = 500
"""With so few atoms the two best numbers of communities are followed, not one: a first look is easily mistaken."""
SEARCHED = 0.85
"""Share of the progress bar that the search takes; the rest is for proofs."""
PAIR_BRANCHES = 1_000_000
"""Branches for parting one pair of communities anew, at most; a few thousand are the rule."""
PAIR_SHARE, FEWEST_BRANCHES = 3, 1_000
"""A branch costs what a hundred proposals do: with one pair's branches for so many of a community's proposals, checking
all pairs of a large town ends soon after a short search; but a pair always has a few."""
TINY = 14
"""So few atoms are solved exactly without any search."""
SMALL_REDRAW = 40
"""A redraw of so many atoms is solved exactly where its possible communities can be listed; a merge always there."""
REDRAW_SETS, MERGE_SETS = 150_000, 1_500_000
"""Possible communities to list at most."""
FIRST_BUDGET = 200_000
"""Proposals of a search for a plan to begin a proof with."""


@dataclass(frozen=True)
class Answer:
    """A region's communities.

    Attributes
    ----------
    part : array over the region's atoms
    k : int
        Number of communities.
    gap : float, optional
        How much the sum of the best division could be below this one's at most; None where nothing is known.
    pairs_checked : bool
        No two neighbouring communities can be parted better between them.
    stopped_early : bool
        The time limit ended the work.
    """

    part: Small
    k: int
    gap: float | None = None
    pairs_checked: bool = False
    stopped_early: bool = False

    @property
    def proven(self) -> bool:
        """Whether no division is better."""
        return self.gap is not None and self.gap <= 1e-9


@dataclass(frozen=True)
class Task:
    """A region, what may be tried, and what it may cost.

    Attributes
    ----------
    town : Town
        As it was asked.
    weighed : Town
        As the search weighs it (see `geo.partition.starts`).
    tries : list of int
        Numbers of communities to try, the most promising first.
    begun : array over blocks, optional
        The community each block is in at the start.
    budget : int
        Proposals.
    watch : callable
        Told the share of this region's work that is done, and where it stands.
    """

    town: Town
    weighed: Town
    region: Region
    problem: Problem
    tries: list[int]
    begun: Ints | None
    budget: int
    seed: int
    watch: Callable[[float, Small], None]
    deadline: float | None

    def table(self, part: Small, k: int) -> Floats:
        """Return what having each atom in each part costs, as the heirs of this division are."""
        return part_costs(self.weighed, self.region.atoms)(part, k)

    def worth(self, part: Small, k: int) -> float:
        """Return what the division adds to the sum, with its true heirs; comparable between numbers of communities."""
        cost, _, _ = measure(self.problem, part, k, self.table(part, k))
        town = self.weighed
        if not town.old_ids:
            return cost
        shares = overlap(town, town.atom, town.atoms_count)
        mine, land = (np.zeros((k, len(town.old_ids))) for _ in range(2))
        np.add.at(mine, part, shares[0][self.region.atoms])
        np.add.at(land, part, shares[1][self.region.atoms])
        local = np.full(town.atoms_count, -1, dtype=np.int64)
        local[self.region.atoms] = np.arange(len(part))
        at = local[town.atom[town.anchor]]
        known = {int(part[a]): old for a, old in zip(at.tolist(), town.labels, strict=True) if a >= 0}
        survivors = int((heirs(mine, land, known) >= 0).sum())
        return cost - town.options.weights.abolished * survivors / len(town.old_ids)

    def set_costs(self) -> SetCosts:
        """Return what each set of atoms adds as a part, borders and size apart."""
        labels = labels_of(self.town, self.region)
        pin = self.problem.pin.astype(np.int64)
        return SetCosts(self.weighed, self.region.atoms, pin, tuple(self.weighed.labels[i] for i in labels))


def divide(task: Task) -> Answer:
    """Return the region's communities, as good as the effort allows, with what could be proven of them.

    Raises
    ------
    InfeasibleError
        When every way was tried and none keeps all rules, or none was found.
    """
    small = task.problem.n <= SMALL_REDRAW
    proof = None
    if small:
        first = None if task.problem.n <= TINY else _searched(replace(task, budget=min(task.budget, FIRST_BUDGET)))
        if first is None or first.result.feasible:
            proof = _prove(task, first)
    if proof is not None and proof.answer is not None and proof.answer.proven:
        return proof.answer
    found = _searched(task)
    if not small and task.town.options.mode == "merge":
        proof = _prove(task, found)
    candidates = [] if proof is None or proof.answer is None else [proof.answer]
    if found.result.feasible:
        candidates.append(Answer(found.result.part, found.k))
    if not candidates:
        raise _not_found(task, found)
    best = min(candidates, key=lambda answer: task.worth(answer.part, answer.k))
    if not best.proven and not found.result.stopped_early:
        best = _with_pairs(task, best)
    bound = -math.inf if proof is None else proof.bound
    gap = None if bound == -math.inf else max(0.0, task.worth(best.part, best.k) - bound)
    stopped = found.result.stopped_early or (proof is not None and proof.stopped_early)
    return replace(best, gap=gap, stopped_early=stopped)


# ── the search ───────────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class _Found:
    k: int
    result: Result
    tried: tuple[int, ...]


def _searched(task: Task) -> _Found:
    """Return the best division the search finds, and its number of communities."""
    if task.begun is not None:
        found = _from_start(task, task.begun)
        if task.town.options.minimal_change and (found.result.feasible or found.result.stopped_early):
            return found
    else:
        found = None
    fresh = _from_nothing(task)
    return fresh if found is None or _rank(task, fresh) < _rank(task, found) else found


def _rank(task: Task, found: _Found) -> tuple[bool, float, float]:
    result = found.result
    return (*result.key[:2], task.worth(result.part, found.k) if result.feasible else 0.0)


def _from_start(task: Task, begun: Ints) -> _Found:
    """Return what becomes of the start: its own number of communities first, then those next to it."""
    first, own = first_parts(task.town, task.region, begun)
    labels = len(labels_of(task.town, task.region))
    order = sorted(task.tries, key=lambda k: (abs(k - own), k))[:5]
    found = []
    for i, k in enumerate(order):
        fitted = joined_down(task.problem, first, k, labels=labels)
        result = _look(task, k, share=0.3, begin=0.3 * min(i, 2), seed=task.seed + k, first=fitted)
        found.append((k, result))
        if result.feasible or result.stopped_early:
            break
    k, result = min(found, key=lambda pair: pair[1].key)
    return _Found(k, result, tuple(k for k, _ in found))


def _from_nothing(task: Task) -> _Found:
    """Return the best of the numbers of communities at a first look, followed with the rest of the effort."""
    found: list[tuple[int, Result]] = []
    for shortlist in _shortlists(task.tries):
        share = 1.0 if len(task.tries) == 1 else FIRST_LOOK / max(1, len(shortlist))
        for i, k in enumerate(shortlist):
            result = _look(task, k, share=share, begin=share * i, seed=task.seed + k)
            found.append((k, result))
            if result.stopped_early:
                break
        if any(result.feasible or result.stopped_early for _, result in found):
            break
    worths = {k: task.worth(r.part, k) if r.feasible else r.cost for k, r in found}
    found.sort(key=lambda pair: (*pair[1].key[:2], worths[pair[0]]))
    k, result = found[0]
    stopped = any(r.stopped_early for _, r in found)
    if len(task.tries) > 1 and result.feasible and not stopped:
        looked = []
        for k, first in [pair for pair in found if pair[1].feasible][: 2 if task.problem.n <= SMALL_TOWN else 1]:
            again = _look(task, k, share=1 - FIRST_LOOK, begin=FIRST_LOOK, seed=task.seed)
            looked.append((k, first, again))
        stopped = any(again.stopped_early for _, _, again in looked)
        if len(looked) > 1 and not stopped:  # only parted as well as can be do they compare
            pairs = [(k, _with_pairs(task, Answer(r.part, k)).part) for k, *both in looked for r in both if r.feasible]
            k, part = min(pairs, key=lambda pair: task.worth(pair[1], pair[0]))
            result = Result(part, *measure(task.problem, part, k, task.table(part, k)))
        else:
            k, result = min(((k, r) for k, *both in looked for r in both),
                            key=lambda pair: (*pair[1].key[:2], task.worth(pair[1].part, pair[0])))  # fmt: skip
    return _Found(k, replace(result, stopped_early=stopped), tuple(k for k, _ in found))


def _look(task: Task, k: int, *, share: float, begin: float, seed: int, first: Small | None = None) -> Result:
    """Search with k communities for that share of the budget."""

    def watch(fraction: float, part: Small) -> None:
        task.watch(SEARCHED * (begin + share * fraction), part)

    costs = part_costs(task.weighed, task.region.atoms)
    try:
        return partition_graph(
            task.problem, k, proposals=int(task.budget * share), seed=seed, first=first,
            linear=lambda part: costs(part, k), watch=watch, deadline=task.deadline,
        )  # fmt: skip
    except PinsApartError as error:
        old = task.town.labels[labels_of(task.town, task.region)[error.label]]
        raise InfeasibleError(
            [f"What must be in {task.town.names_en[old]} cannot be connected without what must be elsewhere."],
            reasons_zh=[f"必须划入{task.town.names_zh[old]}的地块被必须划入他处的地块隔断,无法连成一片。"],
        ) from error


def _shortlists(tries: list[int]) -> list[list[int]]:
    """Return the numbers of communities in the order of trying: the nearest to the target, their neighbours, the rest.

    Of a long rest only eight are tried, spread evenly.
    """
    rest = tries[9:]
    spread = sorted({round(i * (len(rest) - 1) / 7) for i in range(8)}) if rest else []
    return [tries[:3], tries[3:9], [rest[i] for i in spread]]


# ── proofs ───────────────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class _Proof:
    answer: Answer | None
    bound: float
    stopped_early: bool


def _prove(task: Task, found: _Found | None) -> _Proof:
    """Return the best division of all, or a bound that no division is below, over every connected set of atoms."""
    start = None
    if found is not None and found.result.feasible:
        start = (task.worth(found.result.part, found.k), found.result.part)

    def watch(fraction: float, part: Small) -> None:
        task.watch((SEARCHED if found else 0.0) + (1 - SEARCHED) * fraction, part)

    optimum = solve_exactly(
        task.problem, task.tries, extra=task.set_costs(), worth=task.worth, start=start, watch=watch,
        most_sets=MERGE_SETS if task.town.options.mode == "merge" else REDRAW_SETS, deadline=task.deadline,
    )  # fmt: skip
    if optimum.part is None or optimum.lower_bound == -math.inf:
        if optimum.part is None and optimum.proven:
            raise InfeasibleError(
                [f"{capital(task.region.name)} consists of {task.problem.n} whole units; every way to divide them into "
                 "contiguous communities was tried, and none keeps all limits."],
                reasons_zh=[f"共{task.problem.n}个整体单元,一切连续的划分均已试过,没有一种满足全部上下限。"],
            )  # fmt: skip
        return _Proof(None, optimum.lower_bound, optimum.stopped_early)
    k = int(optimum.part.max()) + 1
    gap = max(0.0, task.worth(optimum.part, k) - optimum.lower_bound)
    return _Proof(Answer(optimum.part, k, gap=gap), optimum.lower_bound, optimum.stopped_early)


def _with_pairs(task: Task, answer: Answer) -> Answer:
    """Return the division after every two neighbours were parted as well as can be, and whether that is proven.

    Heirs stand still while pairs are parted; new heirs mean new costs, so it is done again until both stand.
    """
    best, worth, checked = answer.part, task.worth(answer.part, answer.k), False
    branches = min(PAIR_BRANCHES, max(FEWEST_BRANCHES, task.budget // (PAIR_SHARE * answer.k)))
    for _ in range(4):
        table = task.table(best, answer.k)

        def watch(fraction: float, part: Small) -> None:
            task.watch(SEARCHED + (1 - SEARCHED) * fraction, part)

        part, checked = improve_pairs(
            task.problem, best, answer.k, table=table, most_nodes=branches, watch=watch, deadline=task.deadline
        )
        now = task.worth(part, answer.k)
        if now >= worth - 1e-12:
            checked = checked and bool((part == best).all())
            break
        best, worth, checked = part, now, False
    return replace(answer, part=best, pairs_checked=checked)


# ── nothing found ────────────────────────────────────────────────────────────────────────────────────────────────────
def _not_found(task: Task, found: _Found) -> InfeasibleError:
    """Return the refusal of a search without result: what was tried and how close it came."""
    town, region, result, k = task.town, task.region, found.result, found.k
    limits = town.limits
    load = np.bincount(result.part, town.by_atom(town.households)[region.atoms], minlength=k).astype(np.int64)
    far = np.maximum(limits.min_households - load, load - limits.max_households)
    worst = int(far.argmax())
    tried = [str(t) for t in sorted(set(found.tried))]
    late = result.stopped_early
    said = [(
        f"{'到达时间限制前' if late else ''}未找到方案,但并未证明方案不存在(试过的社区数:{'、'.join(tried)})。",
        f"No plan was found for {region.name}{' before the time limit' if late else ''}, although nothing proves that "
        f"there is none (numbers of communities tried: {', '.join(tried)}).",
    )]  # fmt: skip
    if far[worst] > 0:
        first, short = int(region.atoms[result.part == worst][0]), bool(load[worst] < limits.min_households)
        side_zh = f"下限为{limits.min_households}户" if short else f"上限为{limits.max_households}户"
        side = f"the minimum is {limits.min_households:,}" if short else f"the maximum is {limits.max_households:,}"
        said.append((
            f"最接近的方案有{k}个社区,其中{town.atom_name(first, chinese=True)}一带有{int(load[worst])}户,{side_zh}。",
            f"The best one found has {k} communities; the one around {town.atom_name(first)} has "
            f"{int(load[worst]):,} households, and {side}.",
        ))  # fmt: skip
    elif result.conflicts:
        said.append((f"最接近的方案把{result.conflicts}对应当分开的单元放在一起。",
                     f"The best one found unites {result.conflicts} pairs of units that must be apart."))  # fmt: skip
    else:
        said.append(("最接近的方案户数合规,人口不合规。",
                     "The best one found keeps the limits of households, but not those of people."))  # fmt: skip
    said.append(("请放宽上下限、解除锁定,或增加搜索量。", "Widen the limits, release a lock, or give more effort."))
    return InfeasibleError([en for _, en in said], reasons_zh=[zh for zh, _ in said])
