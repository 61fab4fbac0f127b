"""From a request to a plan: can it be answered at all, how many communities, which blocks to each."""

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from geo.errors import InfeasibleError
from geo.partition.atoms import Town, build_town, capital, pieces
from geo.partition.exact import MOST_ATOMS, best_partitions
from geo.partition.objective import edge_costs, has_service, heirs, measure_terms, overlap, part_costs, size_cost
from geo.partition.plan import ENGINE_VERSION, Note, Plan, PlanOptions, Progress
from geo.partition.rules import Proposal, violations
from geo.partition.search import Problem, Result, make_problem, measure, partition_graph
from geo.standards import Profile

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Small = npt.NDArray[np.int32]

PROPOSALS = {"quick": 20_000, "normal": 100_000, "thorough": 1_000_000}
"""Proposals for each atom."""
SMALLEST_EFFORT = 200
"""Atoms that even a smaller town is counted as: a small search is cheap, and must be sure."""
UNLIMITED = 2**62
HAND_BACK = 0.01
"""A transfer that gains less than this of the sum is not made: it is about half a kilometre of border in a town of ten
communities, or the change of one household in a hundred."""

FIRST_LOOK = 0.3
"""Share of the proposals that goes into comparing numbers of communities."""


def make_plan(
    blocks: gpd.GeoDataFrame,
    seams: gpd.GeoDataFrame,
    communities: gpd.GeoDataFrame | None = None,
    *,
    profile: Profile,
    options: PlanOptions | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Plan:
    """Return a plan: contiguous communities within the limits, as good as the effort allows.

    Blocks joined into atoms (estates, kept villages, locks) are divided among communities so that the weighted sum of
    docs/engine.md is small. Every hard rule holds in what comes back: contiguity, size, whole atoms, locks, forbidden
    seams, town limits. The same tables, options and seed give the same plan, in any order of the rows.

    Parameters
    ----------
    blocks, seams : GeoDataFrame
        Tables of `geo.schema`, in metres; `households` must be placed.
    communities : GeoDataFrame, optional
        Today's communities: names, kinds (villages are kept whole), locks, towns.
    profile : Profile
        The thresholds.
    options : PlanOptions, optional
        What else is asked.
    progress : callable, optional
        Told how far it is; what it raises ends the work and passes through.

    Raises
    ------
    InputError
        When a table is unusable, or options contradict each other or name what is not there.
    InfeasibleError
        When the request has no answer, or none was found: `reasons` say which, in sentences.
    """
    wishes = PlanOptions() if options is None else options
    started = time.monotonic()
    deadline = None if wishes.time_limit_s is None else started + wishes.time_limit_s
    tell = progress or _silent
    tell(Progress("atoms", 0.0, {}))
    town = build_town(blocks, seams, communities, profile=profile, options=wishes)
    regions = _regions(town)
    _refuse_impossible(town, regions)
    counts = _counts(town, regions)
    answers = _search(town, regions, counts, tell, deadline)
    return _plan(town, regions, answers, profile, tell)


def _silent(_: Progress) -> None:
    """Hear nothing."""


@dataclass(frozen=True)
class _Region:
    """Atoms that can reach each other without crossing what may not be crossed; planned on its own."""

    name: str
    atoms: Ints
    households: int
    people: int
    fixed: bool = False
    island: bool = False


@dataclass(frozen=True)
class _Answer:
    part: Small
    k: int
    stopped_early: bool = False
    proven: bool = False


def _regions(town: Town) -> list[_Region]:
    usable = ~town.cross & (town.town[town.seam_a] == town.town[town.seam_b])
    # A community that stays as it is may lie in pieces: all its atoms are one region.
    of_fixed = np.full(town.atoms_count, -1, dtype=np.int64)
    for i in town.fixed:
        of_fixed[town.atom[town.old == i]] = i
    a, b = town.atom[town.seam_a[usable]], town.atom[town.seam_b[usable]]
    free = (of_fixed[a] < 0) & (of_fixed[b] < 0)
    own = [(np.flatnonzero(of_fixed == i)[0], v) for i in town.fixed for v in np.flatnonzero(of_fixed == i)]
    extra = np.array(own, dtype=np.int64).reshape(-1, 2)
    count, label = pieces(
        town.atoms_count, np.concatenate([a[free], extra[:, 0]]), np.concatenate([b[free], extra[:, 1]])
    )
    households, people = town.by_atom(town.households), town.by_atom(town.people)
    found = []
    loose = len(set(label[of_fixed < 0].tolist()))
    for r in range(count):
        atoms = np.flatnonzero(label == r)
        fixed = bool(of_fixed[atoms[0]] >= 0)
        total = int(households[atoms].sum())
        first = int(np.flatnonzero(np.isin(town.atom, atoms))[0])
        town_name = town.town_names[town.town[first]]
        if fixed:
            name = town.names_en[of_fixed[atoms[0]]]
        elif loose == 1:
            name = "the town" if not town.fixed else "the town without what stays as it is"
        else:
            place = f" of {town_name}" if town_name else ""
            blocks = int(np.isin(town.atom, atoms).sum())
            name = f"the part{place} around block {town.block_ids[first]} ({blocks:,} blocks, cut off from the rest)"
        small = total < town.limits.min_households and not fixed
        found.append(
            _Region(name, atoms, total, int(people[atoms].sum()), fixed, island=small and town.options.allow_islands)
        )
    return found


def _refuse_impossible(town: Town, regions: list[_Region]) -> None:
    """Refuse what can be seen to have no answer, with every reason at once."""
    limits = town.limits
    reasons = list(town.conflicts)
    ids: list[str] = []
    households, people = town.by_atom(town.households), town.by_atom(town.people)
    limited = [("households", households, limits.max_households)]
    if town.people_known and limits.max_people is not None:
        limited.append(("people", people, limits.max_people))
    fixed = {int(v) for region in regions if region.fixed for v in region.atoms}
    for what, load, most in limited:
        for v in np.flatnonzero(load > most).tolist():
            if v not in fixed:
                name = town.atom_name(v)
                whole = " is kept whole and" if int((town.atom == v).sum()) > 1 else ""
                reasons.append(f"{capital(name)}{whole} has {int(load[v]):,} {what}; the maximum is {most:,}.")
                ids += [town.block_ids[b] for b in np.flatnonzero(town.atom == v)]
    for region in regions:
        reasons += _fixed_reasons(town, region) if region.fixed else _size_reasons(town, region)
    if not reasons:
        ranges = [_range(town, region) for region in regions]
        least, most = sum(low for low, _ in ranges), sum(high for _, high in ranges)
        k = town.options.k
        if k is not None and not least <= k <= most:
            between = f"{least}" if least == most else f"{least} to {most}"
            reasons.append(
                f"k = {k} communities are asked for, but {int(households.sum()):,} households within "
                f"{limits.min_households:,} to {limits.max_households:,} each make {between}."
            )
    if reasons:
        raise InfeasibleError(reasons, table="blocks" if ids else None, ids=ids)


def _fixed_reasons(town: Town, region: _Region) -> list[str]:
    """Return why a community that stays as it is cannot: its households or people are outside the limits."""
    limits = town.limits
    reasons = []
    checks = [("households", region.households, limits.min_households, limits.max_households)]
    if town.people_known:
        checks.append(("people", region.people, limits.min_people or 0, limits.max_people or UNLIMITED))
    for what, value, low, high in checks:
        if value < low:
            reasons.append(f"{capital(region.name)} stays as it is and has {value:,} {what}; the minimum is {low:,}.")
        elif value > high:
            reasons.append(f"{capital(region.name)} stays as it is and has {value:,} {what}; the maximum is {high:,}.")
    return reasons


def _size_reasons(town: Town, region: _Region) -> list[str]:
    """Return why a region cannot be divided: too few households in all, or no number of communities fits."""
    limits = town.limits
    if region.island:
        return []
    name = capital(region.name)
    totals = [("households", region.households, limits.min_households, limits.max_households)]
    if town.people_known:
        totals.append(("people", region.people, limits.min_people or 0, limits.max_people or UNLIMITED))
    reasons = []
    for what, total, least, most in totals:
        few = max(1, -(-total // most))
        if total < least:
            hint = (
                " Allow islands to accept it as a community of its own." if region.name.startswith("the part") else ""
            )
            reasons.append(f"{name} has {total:,} {what} in all; the minimum for one community is {least:,}.{hint}")
        elif least * few > total:
            reasons.append(
                f"{name} has {total:,} {what}, which no number of communities divides: {_average(total, few - 1)} is "
                f"above the maximum of {most:,}, {_average(total, few)} is below the minimum of {least:,}."
            )
    low, high = _range(town, region)
    if reasons or low <= high:
        return reasons
    if high == len(region.atoms):
        return [
            f"{name} consists of {high} whole units, but its {region.households:,} households need at least {low} "
            "communities."
        ]
    return [
        f"{name} has {region.households:,} households and {region.people:,} people: the maxima ask for at least {low} "
        f"communities, the minima for at most {high}."
    ]


def _average(total: int, k: int) -> str:
    return f"one community of {total:,}" if k == 1 else f"the average of {k} communities, {total // k:,},"


def _range(town: Town, region: _Region) -> tuple[int, int]:
    """Return the fewest and most communities the totals allow."""
    if region.fixed or region.island:
        return 1, 1
    limits = town.limits
    low, high = max(1, -(-region.households // limits.max_households)), len(region.atoms)
    if limits.min_households:
        high = min(high, region.households // limits.min_households)
    if town.people_known:
        if limits.max_people is not None:
            low = max(low, -(-region.people // limits.max_people))
        if limits.min_people:
            high = min(high, region.people // limits.min_people)
    return low, high


def _counts(town: Town, regions: list[_Region]) -> list[list[int]]:
    """Return the numbers of communities to try in each region, the most promising first."""
    target = town.limits.target_households
    ranges = [_range(town, region) for region in regions]

    def distance(region: _Region, k: int) -> float:
        return abs(region.households - k * target)

    tries = [sorted(range(low, high + 1), key=lambda k, r=region: (distance(r, k), k))  # type: ignore[misc]
             for region, (low, high) in zip(regions, ranges, strict=True)]  # fmt: skip
    wanted = town.options.k
    if wanted is None:
        return tries
    chosen = [t[0] for t in tries]
    while sum(chosen) != wanted:
        step = 1 if sum(chosen) < wanted else -1
        movable = [r for r, (low, high) in enumerate(ranges) if low <= chosen[r] + step <= high]
        best = min(movable, key=lambda r: (distance(regions[r], chosen[r] + step) - distance(regions[r], chosen[r]), r))
        chosen[best] += step
    return [[k] for k in chosen]


def _search(
    town: Town,
    regions: list[_Region],
    counts: list[list[int]],
    tell: Callable[[Progress], None],
    deadline: float | None,
) -> list[_Answer]:
    atoms = sum(len(region.atoms) for region in regions)
    effort = town.options.effort
    budget = effort if isinstance(effort, int) else PROPOSALS[effort] * max(atoms, SMALLEST_EFFORT)
    answers: list[_Answer] = []
    done = 0
    for number, (region, tries) in enumerate(zip(regions, counts, strict=True)):
        share = max(2000, int(budget * len(region.atoms) / atoms))
        watch = _Watch(town, regions, answers, tell, done / atoms, len(region.atoms) / atoms)
        seed = np.random.SeedSequence([town.options.seed, number]).generate_state(1, np.uint64)[0] >> np.uint64(1)
        if region.fixed or region.island:
            answers.append(_Answer(np.zeros(len(region.atoms), dtype=np.int32), 1, proven=True))
        else:
            task = _Task(town, region, _problem(town, region), tries, share, int(seed), watch, deadline)
            answers.append(_solve_region(task))
        done += len(region.atoms)
    return answers


@dataclass
class _Watch:
    """Turns what the search tells of one region into progress of the whole plan."""

    town: Town
    regions: list[_Region]
    answers: list[_Answer]
    tell: Callable[[Progress], None]
    start: float
    share: float
    base: float = 0.0
    span: float = 1.0
    furthest: float = 0.0

    def __call__(self, fraction: float, part: Small) -> None:
        if self.tell is _silent:
            return
        now = [*self.answers, _Answer(part, int(part.max()) + 1)]
        rest = self.regions[len(now) :]
        now += [_Answer(np.zeros(len(region.atoms), dtype=np.int32), 1) for region in rest]
        blocks, k = _on_blocks(self.town, self.regions, now)
        load = np.bincount(blocks, self.town.households, minlength=k)
        limits = self.town.limits
        outside = int(((load < limits.min_households) | (load > limits.max_households)).sum())
        terms = {name: term.value for name, term in measure_terms(self.town, blocks, k).items()}
        # Further numbers of communities are tried when the first ones fail; the bar waits meanwhile.
        self.furthest = max(self.furthest, min(1.0, self.start + self.share * (self.base + self.span * fraction)))
        self.tell(Progress("search", self.furthest, terms, outside))


@dataclass(frozen=True)
class _Task:
    """One region's search: its graph, the numbers of communities to try, and what it may cost."""

    town: Town
    region: _Region
    problem: Problem
    tries: list[int]
    budget: int
    seed: int
    watch: _Watch
    deadline: float | None

    def look(self, k: int, *, share: float, begin: float, seed: int, starts: int) -> Result:
        """Search with k communities for that share of the budget."""
        self.watch.base, self.watch.span = begin, share
        costs = part_costs(self.town, self.region.atoms)
        return partition_graph(
            self.problem, k, proposals=int(self.budget * share), seed=seed, starts=starts,
            linear=lambda part: costs(part, k), watch=self.watch, deadline=self.deadline,
        )  # fmt: skip

    def value(self, k: int, result: Result) -> tuple[bool, float, float]:
        """Return what compares results with different numbers of communities; smaller is better."""
        return (*result.key[:2], result.cost - _survivors(self.town, k))


def _survivors(town: Town, k: int) -> float:
    """Return what the sum saves at most when k communities continue one of today's."""
    olds = len(town.old_ids)
    return town.options.weights.abolished * min(k, olds) / max(1, olds)


def _solve_region(task: _Task) -> _Answer:
    """Return the region's communities: exactly when it is small, else the best number of them, then the best plan."""
    town, region = task.town, task.region
    if task.problem.n <= MOST_ATOMS and not has_service(town):
        exact = _solve_exactly(town, region, task.problem, task.tries)
        if exact is not None:
            return exact
    k, result = _first_look(task)
    if len(task.tries) > 1 and result.feasible and not result.stopped_early:
        again = task.look(k, share=1 - FIRST_LOOK, begin=FIRST_LOOK, seed=task.seed, starts=2)
        best = min(result, again, key=lambda r: r.key)
        result = replace(best, stopped_early=again.stopped_early)
    if not result.feasible:
        raise InfeasibleError(_not_found(task, result, k))
    return _Answer(result.part, k, result.stopped_early)


def _shortlists(tries: list[int]) -> list[list[int]]:
    """Return the numbers of communities in the order of trying: the nearest to the target, their neighbours, the rest.

    Of a long rest only eight are tried, spread evenly.
    """
    rest = tries[9:]
    spread = sorted({round(i * (len(rest) - 1) / 7) for i in range(8)}) if rest else []
    return [tries[:3], tries[3:9], [rest[i] for i in spread]]


def _first_look(task: _Task) -> tuple[int, Result]:
    """Return the most promising number of communities and its result; with a single number, all effort goes there."""
    found: list[tuple[int, Result]] = []
    for shortlist in _shortlists(task.tries):
        share = 1.0 if len(task.tries) == 1 else FIRST_LOOK / max(1, len(shortlist))
        for i, k in enumerate(shortlist):
            result = task.look(k, share=share, begin=share * i, seed=task.seed + k, starts=3)
            found.append((k, result))
            if result.stopped_early:
                break
        if any(result.feasible or result.stopped_early for _, result in found):
            break
    k, best = min(found, key=lambda pair: task.value(*pair))
    return k, replace(best, stopped_early=any(result.stopped_early for _, result in found))


def _solve_exactly(town: Town, region: _Region, problem: Problem, tries: list[int]) -> _Answer | None:
    """Return the best of all plans of a small region; None when what is best there need not be best with true heirs."""
    n = problem.n
    weights = town.options.weights
    bits = (np.arange(1 << n)[:, None] >> np.arange(n)[None, :]) & 1
    least_moved = np.zeros(1 << n)  # whoever the heir is, at least this much of each set of atoms changes community
    for shares, weight, whole in zip(
        overlap(town, town.atom, town.atoms_count),
        (weights.change, weights.land),
        (town.households.sum(), town.area_m2.sum()),
        strict=True,
    ):
        inside = bits @ shares[region.atoms]
        moved = inside.sum(axis=1) - (inside.max(axis=1) if inside.shape[1] else 0.0)
        least_moved += weight * moved / max(1e-9, float(whole))
    found = best_partitions(problem, max(tries), least_moved)
    found = {k: pair for k, pair in found.items() if k in tries}
    if not found:
        name = capital(region.name)
        raise InfeasibleError(
            [f"{name} consists of {n} whole units; every way to divide them into contiguous communities was tried, and "
             "none keeps all limits."]
        )  # fmt: skip
    linear = part_costs(town, region.atoms)
    save = _survivors(town, 1)
    plans = []
    bound = np.inf
    for k, (least, part) in sorted(found.items()):
        table = linear(part, k)
        true, _, _ = measure(problem, part, k, table)
        survivors = int((heirs(*_shared(town, region, part, k)) >= 0).sum())
        bound = min(bound, least - _survivors(town, k))
        plans.append((true - save * survivors, k, part))
    value, k, part = min(plans, key=lambda plan: plan[:2])
    if value > bound + 1e-9:
        return None
    return _Answer(part, k, proven=True)


def _shared(town: Town, region: _Region, part: Small, k: int) -> tuple[Floats, Floats]:
    households, area = overlap(town, town.atom, town.atoms_count)
    shared, land = np.zeros((k, households.shape[1])), np.zeros((k, households.shape[1]))
    np.add.at(shared, part, households[region.atoms])
    np.add.at(land, part, area[region.atoms])
    return shared, land


def _problem(town: Town, region: _Region) -> Problem:
    """Return the region as a graph: seams between two atoms added up, and what must be apart marked."""
    local = np.full(town.atoms_count, -1, dtype=np.int64)
    local[region.atoms] = np.arange(len(region.atoms))
    a, b = local[town.atom[town.seam_a]], local[town.atom[town.seam_b]]
    cost, cross = edge_costs(town), town.cross
    rows = [(a, b, cost, cross)]
    for _, sets in town.apart:
        for i, one in enumerate(sets):
            for two in sets[i + 1 :]:
                pairs = np.array([(x, y) for x in sorted(one) for y in sorted(two)], dtype=np.int64).reshape(-1, 2)
                rows.append((local[town.atom[pairs[:, 0]]], local[town.atom[pairs[:, 1]]], np.zeros(len(pairs)),
                             np.ones(len(pairs), dtype=bool)))  # fmt: skip
    a, b, cost, cross = (np.concatenate(column) for column in zip(*rows, strict=True))
    inside = (a >= 0) & (b >= 0) & (a != b)
    low, high = np.minimum(a, b)[inside], np.maximum(a, b)[inside]
    n = len(region.atoms)
    keys, which = np.unique(low * n + high, return_inverse=True)
    columns = [town.by_atom(town.households)[region.atoms]]
    limits = town.limits
    least, most = [limits.min_households], [limits.max_households]
    if town.people_known and (limits.min_people is not None or limits.max_people is not None):
        columns.append(town.by_atom(town.people)[region.atoms])
        least.append(limits.min_people or 0)
        most.append(UNLIMITED if limits.max_people is None else limits.max_people)
    return make_problem(
        np.stack(columns, axis=1).astype(np.int64),
        np.stack([keys // n, keys % n], axis=1),
        np.bincount(which, cost[inside], minlength=len(keys)),
        least,
        most,
        apart=np.bincount(which, cross[inside], minlength=len(keys)) > 0,
        size_cost=size_cost(town),
        target=float(limits.target_households),
    )


def _not_found(task: _Task, result: Result, k: int) -> list[str]:
    """Return sentences for a search without result: what was tried and how close it came."""
    town, region, tries = task.town, task.region, task.tries
    limits = town.limits
    load = np.bincount(result.part, town.by_atom(town.households)[region.atoms], minlength=k).astype(np.int64)
    far = np.maximum(limits.min_households - load, load - limits.max_households)
    worst = int(far.argmax())
    tried = ", ".join(str(t) for t in sorted(itertools.chain.from_iterable(_shortlists(tries))))
    ended = " before the time limit" if result.stopped_early else ""
    reasons = [
        f"No plan was found for {region.name}{ended}, although nothing proves that there is none "
        f"(numbers of communities tried: {tried})."
    ]
    if far[worst] > 0:
        first = int(region.atoms[result.part == worst][0])
        side = (f"the minimum is {limits.min_households:,}" if load[worst] < limits.min_households
                else f"the maximum is {limits.max_households:,}")  # fmt: skip
        reasons.append(f"The best one found has {k} communities; the one around {town.atom_name(first)} has "
                       f"{int(load[worst]):,} households, and {side}.")  # fmt: skip
    elif result.conflicts:
        reasons.append(f"The best one found unites {result.conflicts} pairs of units that must be apart.")
    else:
        reasons.append("The best one found keeps the limits of households, but not those of people.")
    reasons.append("Widen the limits, release a lock, or give more effort.")
    return reasons


def _on_blocks(town: Town, regions: list[_Region], answers: list[_Answer]) -> tuple[Ints, int]:
    """Return the part of each block, numbered through all regions in the order of their first blocks."""
    of_atom = np.zeros(town.atoms_count, dtype=np.int64)
    k = 0
    for region, answer in zip(regions, answers, strict=True):
        of_atom[region.atoms] = answer.part + k
        k += answer.k
    part = of_atom[town.atom]
    _, first = np.unique(part, return_index=True)
    rank = np.empty(k, dtype=np.int64)
    rank[np.argsort(first, kind="stable")] = np.arange(k)
    return rank[part], k


def _plan(
    town: Town, regions: list[_Region], answers: list[_Answer], profile: Profile, tell: Callable[[Progress], None]
) -> Plan:
    part, k = _on_blocks(town, regions, answers)
    islet = [int(np.flatnonzero(np.isin(town.atom, region.atoms))[0]) for region in regions if region.island]
    notes = list(town.notes)
    proven = len([r for r in regions if not r.fixed]) <= 1 and all(answer.proven for answer in answers)
    if not proven:
        part, left = _left_where_it_is(town, part, k, islet)
        if left:
            notes.append(
                Note(
                    zh=f"{left}处划转得益甚微,维持现状。",
                    en=f"{left} transfers would have gained next to nothing; their land stays where it is.",
                )
            )
    names = _community_ids(town, part, k)
    islands = [names[int(part[block])] for block in islet]
    for region, name in ((r, n) for r, n in zip((r for r in regions if r.island), islands, strict=True)):
        notes.append(
            Note(
                zh=f"{name}与其余部分隔断,只有{region.households}户,低于下限{town.limits.min_households}户,按孤岛保留。",
                en=f"{name} is cut off and has only {region.households:,} households, below the minimum of "
                f"{town.limits.min_households:,}; it is accepted as an island.",
            )
        )
    stopped = any(answer.stopped_early for answer in answers)
    if stopped:
        notes.append(Note(zh="到达时间限制,搜索提前结束。", en="The time limit ended the search early."))
    proposal = Proposal(town, part, tuple(names), frozenset(islands))
    broken = violations(proposal)
    assert broken.empty, f"the engine broke its own rules: {broken['text_en'].tolist()}"  # noqa: S101 - our own logic
    terms = measure_terms(town, part, k)
    tell(Progress("done", 1.0, {name: term.value for name, term in terms.items()}))
    return Plan(
        assignment={block: names[p] for block, p in zip(town.block_ids, part.tolist(), strict=True)},
        profile=profile, options=town.options, seed=town.options.seed, engine_version=ENGINE_VERSION,
        min_households=town.limits.min_households, max_households=town.limits.max_households, k=k, terms=terms,
        notes=tuple(notes), stopped_early=stopped,
        proven=proven,
        islands=tuple(sorted(islands)),
    )  # fmt: skip


def _left_where_it_is(town: Town, part: Ints, k: int, islet: list[int]) -> tuple[Ints, int]:
    """Return the plan without transfers that gain less than HAND_BACK, and how many those were.

    Every parcel that changes community must be voted on, written down and explained; the search does not know that. The
    parcels are tried from the fewest households upwards, each as it lies between the others.
    """
    left, least = 0, _sum(town, part, k)
    known = town.old >= 0
    tried: set[tuple[int, ...]] = set()
    while True:
        heir = heirs(*overlap(town, part, k))
        home = np.full(len(town.old_ids) + 1, -1, dtype=np.int64)
        home[heir[heir >= 0]] = np.flatnonzero(heir >= 0)
        away = known & (home[town.old] >= 0) & (home[town.old] != part)
        same = (part[town.seam_a] == part[town.seam_b]) & (town.old[town.seam_a] == town.old[town.seam_b])
        _, label = pieces(len(part), town.seam_a[same], town.seam_b[same])
        parcels = [np.flatnonzero(label == one) for one in np.unique(label[away])]
        parcels = sorted(parcels, key=lambda blocks: (int(town.households[blocks].sum()), tuple(blocks)))
        parcel = next((blocks for blocks in parcels if tuple(blocks) not in tried), None)
        if parcel is None:
            return part, left
        tried.add(tuple(parcel))
        back = part.copy()
        back[parcel] = home[town.old[parcel[0]]]
        if len(np.unique(back)) < k or (now := _sum(town, back, k)) > least + HAND_BACK:
            continue
        names = _community_ids(town, back, k)
        if violations(Proposal(town, back, tuple(names), frozenset(names[int(back[b])] for b in islet))).empty:
            part, left, least = back, left + 1, now


def _sum(town: Town, part: Ints, k: int) -> float:
    return sum(term.weighted for term in measure_terms(town, part, k).values())


def _community_ids(town: Town, part: Ints, k: int) -> list[str]:
    """Return each part's id: its heir's, or N01, N02 … in the order of first blocks."""
    heir = heirs(*overlap(town, part, k))
    taken = set(town.old_ids)
    names = []
    number = 0
    for h in heir.tolist():
        if h >= 0:
            names.append(town.old_ids[h])
            continue
        number += 1
        while f"N{number:02d}" in taken:
            number += 1
        names.append(f"N{number:02d}")
    return names
