"""From a request to a plan: can it be answered at all, how many communities, which blocks to each."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from geo.errors import InfeasibleError
from geo.partition.atoms import build_town
from geo.partition.divide import Answer, Task, divide
from geo.partition.landmass import Region, problem_of, range_of, regions_of
from geo.partition.objective import heirs_of, measure_terms
from geo.partition.plan import ENGINE_VERSION, Note, Plan, PlanOptions, Progress
from geo.partition.refusal.conflicts import find_conflicts
from geo.partition.refusal.relaxations import Diagnosis, refusal
from geo.partition.rules import Proposal, violations
from geo.partition.starts import begin_from, weighed_for
from geo.partition.town import Ints, Town, pieces
from geo.standards import Profile

Small = npt.NDArray[np.int32]

PROPOSALS = {"quick": 20_000, "normal": 100_000, "thorough": 1_000_000}
"""Proposals for each atom."""
SMALLEST_EFFORT = 200
"""Atoms that even a smaller town is counted as: a small search is cheap, and must be sure."""
HAND_BACK = 0.01
"""A transfer that gains less than this of the sum is not made: it is about half a kilometre of border in a town of ten
communities, or the change of one household in a hundred."""


def make_plan(
    blocks: gpd.GeoDataFrame,
    seams: gpd.GeoDataFrame,
    communities: gpd.GeoDataFrame | None = None,
    *,
    profile: Profile,
    options: PlanOptions | None = None,
    start: Plan | None = None,
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
    start : Plan, optional
        A plan of the same blocks to begin from. With `minimal_change` what moves is counted from it, not from today.
    progress : callable, optional
        Told how far it is; what it raises ends the work and passes through.

    Raises
    ------
    InputError
        When a table is unusable, or options contradict each other or name what is not there.
    InfeasibleError
        When the request has no answer, or none was found: `reasons` say which rules collide, in sentences. What would
        have an answer instead is found by `geo.partition.refusal.relaxations.explain_conflict`.
    """
    wishes = PlanOptions() if options is None else options
    started = time.monotonic()
    deadline = None if wishes.time_limit_s is None else started + wishes.time_limit_s
    tell = progress or _silent
    tell(Progress("atoms", 0.0, {}))
    town = build_town(blocks, seams, communities, profile=profile, options=wishes)
    regions = regions_of(town)
    _refuse_impossible(town)
    begun = begin_from(town, start)
    try:
        answers = _search(town, regions, begun, tell, deadline)
    except InfeasibleError:
        _refuse_impossible(town, thorough=True)  # which rules it is, where that can be proven
        raise
    plan = _plan(town, regions, answers, profile, tell)
    return plan if start is None else plan.model_copy(update={"started_from": start.digest})


def _silent(_: Progress) -> None:
    """Hear nothing."""


def _refuse_impossible(town: Town, *, thorough: bool = False) -> None:
    """Refuse what can be seen, or with `thorough` be proven, to have no answer; with every conflict at once."""
    conflicts = find_conflicts(town, thorough=thorough)
    if conflicts:
        raise refusal(Diagnosis(conflicts))


def _counts(town: Town, regions: list[Region]) -> list[list[int]]:
    """Return the numbers of communities to try in each region, the most promising first."""
    target = town.limits.target_households
    ranges = [range_of(town, region) for region in regions]

    def distance(region: Region, k: int) -> float:
        return abs(region.households - k * target)

    tries = [sorted(range(low, high + 1), key=lambda k, r=region: (distance(r, k), k))  # type: ignore[misc]
             for region, (low, high) in zip(regions, ranges, strict=True)]  # fmt: skip
    wanted = town.options.k
    if wanted is None:
        return tries
    chosen = [t[0] for t in tries]
    least, most = (sum(column) for column in zip(*ranges, strict=True))
    if not least <= wanted <= most:
        raise InfeasibleError(
            [f"k = {wanted} communities are asked for, but limits and conditions allow {least} to {most}."],
            reasons_zh=[f"要求共{wanted}个社区,但按上下限和各社区应当满足的条件只能是{least}至{most}个。"],
        )
    while sum(chosen) != wanted:
        step = 1 if sum(chosen) < wanted else -1
        movable = [r for r, (low, high) in enumerate(ranges) if low <= chosen[r] + step <= high]
        best = min(movable, key=lambda r: (distance(regions[r], chosen[r] + step) - distance(regions[r], chosen[r]), r))
        chosen[best] += step
    return [[k] for k in chosen]


def _search(
    town: Town, regions: list[Region], begun: Ints | None, tell: Callable[[Progress], None], deadline: float | None
) -> list[Answer]:
    atoms = sum(len(region.atoms) for region in regions)
    effort = town.options.effort
    budget = effort if isinstance(effort, int) else PROPOSALS[effort] * max(atoms, SMALLEST_EFFORT)
    weighed = weighed_for(town, begun)
    answers: list[Answer] = []
    done = 0
    for number, (region, tries) in enumerate(zip(regions, _counts(town, regions), strict=True)):
        share = max(2000, int(budget * len(region.atoms) / atoms))
        watch = _Watch(town, regions, answers, tell, done / atoms, len(region.atoms) / atoms)
        seed = np.random.SeedSequence([town.options.seed, number]).generate_state(1, np.uint64)[0] >> np.uint64(1)
        if region.fixed or region.island:
            answers.append(Answer(np.zeros(len(region.atoms), dtype=np.int32), 1, gap=0.0, pairs_checked=True))
        else:
            answers.append(
                divide(
                    Task(town, weighed, region, problem_of(town, region, weighed), tries, begun, share, int(seed),
                         watch, deadline)
                )
            )  # fmt: skip
        done += len(region.atoms)
    return answers


@dataclass
class _Watch:
    """Turns what the search tells of one region into progress of the whole plan."""

    town: Town
    regions: list[Region]
    answers: list[Answer]
    tell: Callable[[Progress], None]
    start: float
    share: float
    furthest: float = 0.0

    def __call__(self, fraction: float, part: Small) -> None:
        if self.tell is _silent:
            return
        now = [*self.answers, Answer(part, int(part.max()) + 1)]
        rest = self.regions[len(now) :]
        now += [Answer(np.zeros(len(region.atoms), dtype=np.int32), 1) for region in rest]
        blocks, k = _on_blocks(self.town, self.regions, now)
        load = np.bincount(blocks, self.town.households, minlength=k)
        limits = self.town.limits
        outside = int(((load < limits.min_households) | (load > limits.max_households)).sum())
        terms = {name: term.value for name, term in measure_terms(self.town, blocks, k).items()}
        # Further numbers of communities are tried when the first ones fail; the bar waits meanwhile.
        self.furthest = max(self.furthest, min(1.0, self.start + self.share * fraction))
        self.tell(Progress("search", self.furthest, terms, outside))


def _on_blocks(town: Town, regions: list[Region], answers: list[Answer]) -> tuple[Ints, int]:
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
    town: Town, regions: list[Region], answers: list[Answer], profile: Profile, tell: Callable[[Progress], None]
) -> Plan:
    part, k = _on_blocks(town, regions, answers)
    islet = [int(np.flatnonzero(np.isin(town.atom, region.atoms))[0]) for region in regions if region.island]
    notes = list(town.notes)
    loose = [i for i, region in enumerate(regions) if not region.fixed]
    # Regions share heirs, and a minimal change is weighed differently: only a single region's proof is the plan's.
    gap = answers[loose[0]].gap if len(loose) == 1 and not town.options.minimal_change else None
    bound = None if gap is None else _sum(town, part, k) - gap
    proven = gap is not None and answers[loose[0]].proven
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
        proven=proven, lower_bound=bound, pairs_checked=all(a.pairs_checked or a.proven for a in answers),
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
        heir = heirs_of(town, part, k)
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
    heir = heirs_of(town, part, k)
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
