"""Sites for one requirement: where one more facility, or a few, help most."""

import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy import sparse

from geo.errors import Fault, InfeasibleError, InputError
from geo.gaps.demand import demand as homes_of
from geo.network import Network
from geo.network.build import network_of
from geo.siting import explain, reasons
from geo.siting.candidates import candidate_sites
from geo.siting.capacitated_coverage import capacitated_mclp
from geo.siting.capacitated_median import capacitated_p_median
from geo.siting.centre import p_center
from geo.siting.choice import Choice, Floats, Ints
from geo.siting.covering import lscp, mclp
from geo.siting.ground import WHO, Flags, Ground, Objects, Town, ground_of, misfit, town_of
from geo.siting.median import p_median
from geo.siting.result import MODELS, REASONS, SITE_COLUMNS, STEP_COLUMNS, TOTAL_COLUMNS, Model, Sited
from geo.standards.facilities import Requirement, load_facility_standard
from geo.study import Study

_WITH_ROOM = ("capacitated_mclp", "capacitated_p_median")
_BY_WALK = ("p_median", "p_center", "capacitated_p_median")


def site(
    demand: gpd.GeoDataFrame,
    candidates: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame | None,
    network: Network,
    *,
    requirement: Requirement,
    model: Model = "mclp",
    count: int | None = None,
    budget: float | None = None,
    capacity: float | None = None,
    communities: gpd.GeoDataFrame | None = None,
    estates: gpd.GeoDataFrame | None = None,
    keep: Collection[str] = (),
    leave_out: Collection[str] = (),
    count_small: bool = True,
    speed: str = "adult",
    seconds: float = 60.0,
    gap: float = 0.0,
    rng: np.random.Generator | None = None,
) -> Sited:
    """Return the best sites among candidates for a requirement; today's facilities stay and already cover people.

    Parameters
    ----------
    demand
        Homes, as `geo.gaps.demand.demand` gives them.
    candidates
        As `geo.siting.candidates.candidate_sites` gives them; a column `capacity` [places] where it is known.
    facilities
        Those of the requirement's categories count; None or empty: there are none yet.
    network
        As `geo.network.build.walking_network` gives it, in the CRS of the tables.
    requirement
        What is sought: whom it is for, within what reach, how large.
    model
        A key of `MODELS`. Fewer than `count` are chosen where one more gives nothing.
        `lscp` covers all who can be covered with the fewest sites (the cheapest, with costs and a `budget` of inf).
    count
        How many new sites at most; 1 where neither it nor a budget is given. Not for `lscp`.
    budget
        What the chosen premises may cost together [yuan]: `mclp` only, and inf for `lscp` by cost.
    capacity
        Places of a site, or of a facility of today, whose own capacity is unknown (capacitated models).
    communities, estates
        For names, and for the community that facilities and candidates stand in.
    keep, leave_out
        Ids of candidates that must be chosen, that may not be.
    count_small
        Whether facilities of today that are known to be smaller than the requirement asks for cover people all the
        same. Without them, a facility that grows to the size asked for covers people too.
    speed
        Key of `geo.network.SPEEDS`, for minutes.
    seconds, gap, rng
        Of the models: when to stop, what gap is good enough, their chance.

    Raises
    ------
    InputError
        Tables in another CRS, no demand or candidates, options that do not fit the model, ids that are not there.
    InfeasibleError
        No choice keeps what was demanded: room is short, or what must be kept costs more than the budget.
    """
    town = town_of(demand, candidates, facilities, network, communities=communities, estates=estates, speed=speed)
    ground = ground_of(town, requirement, count_small=count_small)
    question = Question(model, count, budget, capacity, tuple(map(str, keep)), tuple(map(str, leave_out)), seconds, gap,
                        rng)  # fmt: skip
    return site_on(ground, question)


def sites_of(
    study: Study,
    *,
    requirement: Requirement | str,
    standard: str | Path = "circle-15min-2021",
    model: Model = "mclp",
    count: int | None = None,
    budget: float | None = None,
    capacity: float | None = None,
    kinds: Collection[str] | None = None,
    candidates: gpd.GeoDataFrame | None = None,
    demand: gpd.GeoDataFrame | None = None,
    network: Network | None = None,
    keep: Collection[str] = (),
    leave_out: Collection[str] = (),
    count_small: bool = True,
    speed: str = "adult",
    seconds: float = 60.0,
) -> Sited:
    """Return `site` of a study: its homes, candidates, facilities and walking network are made where not given.

    `requirement` is a requirement, or the key of one in `standard` (a name or path); `kinds` as in `candidate_sites`.
    """
    sought = requirement_of(requirement, standard)
    return site(
        homes_of(study) if demand is None else demand,
        candidate_sites(study, kinds=kinds) if candidates is None else candidates,
        study.get("facilities"),
        network_of(study) if network is None else network,
        requirement=sought, model=model, count=count, budget=budget, capacity=capacity,
        communities=study.get("communities"), estates=study.get("estates"), keep=keep, leave_out=leave_out,
        count_small=count_small, speed=speed, seconds=seconds,
    )  # fmt: skip


def requirement_of(requirement: Requirement | str, standard: str | Path) -> Requirement:
    """Return a requirement by its key in a standard.

    Raises
    ------
    InputError
        The standard has no requirement of that key.
    """
    if isinstance(requirement, Requirement):
        return requirement
    book = load_facility_standard(standard)
    known = [each.key for each in book.requirements]
    if requirement not in known:
        raise InputError(Fault(f"the standard {book.name} has no requirement {requirement!r}",
                               f"use one of: {', '.join(known)}"))  # fmt: skip
    return book[requirement]


@dataclass(frozen=True)
class Question:
    """What is asked of a ground: the parameters of `site` of the same names."""

    model: Model = "mclp"
    count: int | None = None
    budget: float | None = None
    capacity: float | None = None
    keep: tuple[str, ...] = ()
    leave_out: tuple[str, ...] = ()
    seconds: float = 60.0
    gap: float = 0.0
    rng: np.random.Generator | None = None

    @property
    def most(self) -> int | None:
        """How many new sites at most; None: as many as the budget or the cover needs."""
        if self.model == "lscp" or (self.count is None and self.budget is not None):
            return None
        return 1 if self.count is None else self.count


def site_on(ground: Ground, question: Question) -> Sited:
    """Return the best sites on a ground that was made before."""
    town = ground.town
    _check(ground, question)
    why = _refused(ground, question, misfit(town, ground.requirement, strict=False)[0])
    free = np.flatnonzero(why == "")
    keep = town.candidates.index.get_indexer_for(list(question.keep)).astype(np.int64)
    _require_fit(town, keep, why)
    if question.model not in _BY_WALK:
        new = np.asarray(ground.cover.T @ (ground.people * ~ground.before.covered))
        gives = new[free] > 0 if question.model not in _WITH_ROOM else np.ones(len(free), dtype=np.bool_)
        why[free[~gives & ~np.isin(free, keep)]] = "nobody_new"
        free = np.flatnonzero(why == "")
    answer = _solve(ground, question, free, np.flatnonzero(np.isin(free, keep)))
    chosen = explain.in_order(ground, answer.choice.sites, by_walk=question.model in _BY_WALK)
    others = free[~np.isin(free, chosen.sites)]
    assigned = None
    if answer.share is not None:
        assigned = sparse.csr_array(answer.share[:, chosen.sites])
    gains = explain.gains(ground, chosen, others, cost=_columns(answer.cost, free, others), assigned=assigned)
    after = chosen.states[-1]
    result = Sited(
        requirement=ground.requirement, model=question.model, choice=answer.choice, limit_m=ground.limit_m,
        limit_min=ground.limit_min, speed=town.speed, sites=_sites(town, gains),
        candidates=_candidates(ground, chosen, why, question, (free, answer.cost)),
        homes=explain.homes(ground, ground.before, after),
        communities=explain.areas(ground, ground.before, after, "community_id"),
        estates=explain.areas(ground, ground.before, after, "estate_id"),
        totals=pd.DataFrame([explain.totals(ground, ground.before), explain.totals(ground, after)],
                            index=["before", "after"], columns=list(TOTAL_COLUMNS)),
        steps=_steps(ground, chosen), text_zh="", text_en="",
        notes=(*ground.notes, *answer.notes, *reasons.notes_of(ground, chosen.sites)),
        served_before=answer.served_before, served_after=answer.served_after,
    )  # fmt: skip
    zh, en = reasons.story(ground, result)
    return replace(result, text_zh=zh, text_en=en)


@dataclass(frozen=True)
class _Answer:
    """What a model says: positions of candidates; costs homes × free; shares homes × candidates; people served."""

    choice: Choice
    cost: Floats | None = None
    share: sparse.csr_array | None = None
    notes: tuple[tuple[str, str], ...] = ()
    served_before: float = np.nan
    served_after: float = np.nan


def _check(ground: Ground, question: Question) -> None:
    """Refuse a question that does not fit together."""
    faults = []
    if question.model not in MODELS:
        faults.append(Fault(f"there is no model {question.model!r}", f"use one of: {', '.join(MODELS)}"))
    if question.count is not None and not (question.count >= 1 and float(question.count).is_integer()):
        faults.append(Fault(f"count is {question.count}", "ask for at least one new site"))
    if question.count is not None and question.model == "lscp":
        faults.append(Fault("lscp finds the number of sites itself", "leave out count, or use mclp"))
    if question.capacity is not None and not question.capacity > 0:
        faults.append(Fault(f"capacity is {question.capacity}", "give places, more than 0"))
    if question.model in _WITH_ROOM and question.capacity is None:
        unknown = ground.existing.index[ground.existing["capacity"].isna()]
        if len(unknown):
            faults.append(Fault("the capacity of facilities of today is unknown",
                                "fill in column capacity, or give capacity for those that are unknown",
                                table="facilities", ids=tuple(unknown)))  # fmt: skip
    faults += [*_budget_faults(question), *_id_faults(question, ground.town.candidates.index)]
    if faults:
        raise InputError(faults)


def _budget_faults(question: Question) -> Iterator[Fault]:
    if question.budget is None:
        return
    if question.model not in ("mclp", "lscp"):
        yield Fault(f"{question.model} knows no budget", "use mclp, or give count")
    if not question.budget >= 0:
        yield Fault(f"budget is {question.budget}", "give an amount of 0 or more [yuan]")
    elif question.model == "lscp" and np.isfinite(question.budget):
        yield Fault("lscp keeps no budget", "use mclp with the budget, or inf for the cheapest cover")


def _id_faults(question: Question, index: pd.Index) -> Iterator[Fault]:
    keep, leave_out = set(question.keep), set(question.leave_out)
    for name, ids in (("keep", keep), ("leave_out", leave_out)):
        if strange := sorted(ids - set(index)):
            yield Fault(f"{name} names candidates that are not there", "use ids of the candidates",
                        table="candidates", ids=tuple(strange))  # fmt: skip
    if both := sorted(keep & leave_out):
        yield Fault("candidates are kept and left out at once", "decide for one", ids=tuple(both))
    if keep and question.most is not None and 0 < question.most < len(keep):
        yield Fault(f"{len(keep)} candidates are kept, but count is {question.most}",
                    "let count hold those that are kept too")  # fmt: skip


def _refused(ground: Ground, question: Question, why: Objects) -> Objects:
    """Return why candidates may not be chosen: what does not fit, what the user leaves out, what costs too much."""
    sites = ground.town.candidates
    why = why.copy()
    cost = sites["cost"].to_numpy()
    if question.budget is not None:
        why[(why == "") & np.isnan(cost)] = "cost_unknown"
        why[(why == "") & (cost > question.budget)] = "over_budget"
    if question.model in _WITH_ROOM and question.capacity is None:
        why[(why == "") & sites["capacity"].isna().to_numpy()] = "room_unknown"
    why[sites.index.isin(list(question.leave_out))] = "not_allowed"
    return why


def _require_fit(town: Town, keep: Ints, why: Objects) -> None:
    faults = [
        Fault(f"the candidate must be chosen, but is {REASONS[why[k]][1]}", "do not keep it, or mend its row",
              table="candidates", ids=(str(town.candidates.index[k]),))
        for k in keep.tolist() if why[k]
    ]  # fmt: skip
    if faults:
        raise InputError(faults)


def _solve(ground: Ground, question: Question, free: Ints, keep: Ints) -> _Answer:
    """Return the model's answer; `free` are candidates, `keep` positions in `free`."""
    if not len(free):
        none = np.zeros(0, dtype=np.int64)
        served = np.full(len(ground.people), -1, dtype=np.int64)
        return _Answer(Choice(none, served, 0.0, 0.0, 0.0, "no candidate"))
    if question.model in ("mclp", "lscp"):
        return _cover_most(ground, question, free, keep) if question.model == "mclp" else _cover_all(
            ground, question, free, keep)  # fmt: skip
    if question.model == "capacitated_mclp":
        return _serve_most(ground, question, free, keep)
    return _walk_least(ground, question, free, keep)


def _cover_most(ground: Ground, question: Question, free: Ints, keep: Ints) -> _Answer:
    rows = np.flatnonzero(~ground.before.covered & (ground.people > 0))
    if not len(rows):
        return _Answer(_moved(ground, Choice(keep, np.zeros(0, dtype=np.int64), 0.0, 0.0, 0.0, "all covered"), free,
                              rows))  # fmt: skip
    cost = ground.town.candidates["cost"].to_numpy()[free] if question.budget is not None else None
    found = mclp(
        sparse.csr_array(ground.cover[rows][:, free]), ground.people[rows], question.most, cost=cost,
        budget=question.budget, fixed=keep, seconds=question.seconds, gap=question.gap,
    )  # fmt: skip
    return _Answer(_moved(ground, found, free, rows))


def _cover_all(ground: Ground, question: Question, free: Ints, keep: Ints) -> _Answer:
    cover = sparse.csr_array(ground.cover[:, free])
    some = np.diff(cover.indptr) > 0
    wanted = ~ground.before.covered & (ground.people > 0)
    rows = np.flatnonzero(wanted & some)
    never = float(ground.people @ (wanted & ~some))
    notes = ((f"{explain.people_words(never, ground)[0]}不在任何可用备选点的服务范围内,无法覆盖。",
              f"{explain.people_words(never, ground)[1]} are within reach of no candidate that can be used: "
              "nothing covers them."),) if never > 0 else ()  # fmt: skip
    if not len(rows):
        return _Answer(_moved(ground, Choice(keep, np.zeros(0, dtype=np.int64), float(len(keep)), float(len(keep)), 0.0,
                                             "all covered"), free, rows), notes=notes)  # fmt: skip
    cost = ground.town.candidates["cost"].to_numpy()[free] if question.budget is not None else None
    found = lscp(sparse.csr_array(cover[rows]), cost=cost, fixed=keep, seconds=question.seconds)
    return _Answer(_moved(ground, found, free, rows), notes=notes)


def _walk_least(ground: Ground, question: Question, free: Ints, keep: Ints) -> _Answer:
    """Answer the models of walking; with limited room today's facilities are sites each, else one together."""
    cost = ground.costs(free)
    if question.model == "capacitated_p_median":
        # every facility of today has room of its own, so that its own walks are needed
        today = _walks_today(ground)
    else:
        today = ground.before.cost(ground.by)[:, None] if len(ground.existing) else np.zeros((len(cost), 0))
    both = np.concatenate([today, cost], axis=1)
    rows = np.flatnonzero((ground.people > 0) & np.isfinite(both).any(axis=1))
    if not len(rows):
        none = np.zeros(0, dtype=np.int64)
        return _Answer(_moved(ground, Choice(none, none, 0.0, 0.0, 0.0, "nobody can walk there"), free, rows), cost)
    both = both[rows]
    notes = []
    if not np.isfinite(both).all():
        cap = 2 * float(both[np.isfinite(both)].max()) + 1.0
        both = np.where(np.isfinite(both), both, cap)
        notes.append(("走不到某一处的人,按最远步行的两倍计入该处。",
                      "Who has no way to a site is taken as walking twice the farthest walk to it."))  # fmt: skip
    before = today.shape[1]
    fixed = np.concatenate([np.arange(before), before + keep])
    p = min(before + (question.most or 1), both.shape[1])
    weight = ground.people[rows]
    if question.model == "p_center":
        found = _least_farthest(both, weight, p, fixed, question)
    elif question.model == "p_median":
        found = p_median(both, weight, p, fixed=fixed.tolist(), seconds=question.seconds, gap=max(question.gap, 1e-6),
                         rng=question.rng)  # fmt: skip
    else:
        room, rate = _room(ground, question, free)
        notes.append(_rate_words(ground, rate))
        found = capacitated_p_median(
            both, weight, room, p, load=weight * rate, fixed=fixed.tolist(), seconds=question.seconds,
            gap=max(question.gap, 1e-6), rng=question.rng,
        )  # fmt: skip
    moved = _in_use(_moved(ground, found, free, rows, before=before), free[keep])
    share = _one_each(moved, len(ground.town.candidates)) if question.model in _WITH_ROOM else None
    return _Answer(moved, cost, share, tuple(notes))


def _least_farthest(cost: Floats, weight: Floats, p: int, fixed: Ints, question: Question) -> Choice:
    """Return the sites for which the farthest walk is least, and of these the ones with least walking on the whole.

    Value and bound are those of the farthest walk, which often few sites decide: the others go where they save most.
    """
    begun = time.monotonic()
    centre = p_center(cost, p, fixed=fixed, seconds=question.seconds)
    left = question.seconds - (time.monotonic() - begun)
    try:
        least = p_median(np.where(cost <= centre.value, cost, np.inf), weight, p, fixed=fixed.tolist(),
                         seconds=max(left, 1.0), gap=max(question.gap, 1e-6), rng=question.rng)  # fmt: skip
    except InfeasibleError:  # the search for least walking found no sites that keep the farthest walk
        return centre
    return replace(centre, sites=least.sites, served_by=least.served_by, seconds=time.monotonic() - begun,
                   method=f"{centre.method}; then least walking: {least.method}")  # fmt: skip


def _serve_most(ground: Ground, question: Question, free: Ints, keep: Ints) -> _Answer:
    before = len(ground.existing)
    cover = sparse.hstack([ground.cover_today, ground.cover[:, free]], format="csr")
    room, rate = _room(ground, question, free)
    rows = np.flatnonzero((ground.people > 0) & (np.diff(cover.indptr) > 0))
    if not len(rows):
        none = np.zeros(0, dtype=np.int64)
        return _Answer(_moved(ground, Choice(none, none, 0.0, 0.0, 0.0, "nobody within reach"), free, rows))
    found = capacitated_mclp(
        sparse.csr_array(cover[rows]), ground.people[rows] * rate, room, before + (question.most or 1),
        fixed=np.concatenate([np.arange(before), before + keep]), seconds=question.seconds, gap=question.gap,
    )  # fmt: skip
    moved = _moved(ground, found, free, rows, before=before)
    progress = tuple((at, value / rate, bound / rate) for at, value, bound in moved.progress)
    moved = replace(moved, value=moved.value / rate, bound=moved.bound / rate, progress=progress)
    part = sparse.coo_array(found.share)
    new = part.coords[1] >= before
    share = sparse.csr_array(
        (part.data[new], (rows[part.coords[0][new]], free[part.coords[1][new] - before])),
        shape=(len(ground.people), len(ground.town.candidates)),
    )  # fmt: skip
    return _Answer(moved, None, share, (_rate_words(ground, rate),), _served_today(ground, room[:before], rate),
                   moved.value)  # fmt: skip


def _served_today(ground: Ground, room: Floats, rate: float) -> float:
    """Return how many people today's facilities can take at most, of those within their reach."""
    rows = np.flatnonzero((ground.people > 0) & (np.diff(ground.cover_today.indptr) > 0))
    if not len(rows) or not len(room):
        return 0.0
    every = np.arange(len(room))
    found = capacitated_mclp(sparse.csr_array(ground.cover_today[rows]), ground.people[rows] * rate, room, len(room),
                             fixed=every)  # fmt: skip
    return found.value / rate


def _room(ground: Ground, question: Question, free: Ints) -> tuple[Floats, float]:
    """Return the places of today's facilities and candidates, and the places that a person needs."""
    room = np.concatenate([ground.existing["capacity"].to_numpy(), ground.town.candidates["capacity"].to_numpy()[free]])
    return np.where(np.isnan(room), question.capacity or 0.0, room), (
        ground.requirement.places_per_1000 or 1000.0
    ) / 1000


def _rate_words(ground: Ground, rate: float) -> tuple[str, str]:
    zh, en = WHO[ground.who]
    return (f"容量按每千{zh}{1000 * rate:g}个位置计。", f"Room is counted as {1000 * rate:g} places for 1,000 {en}.")


def _walks_today(ground: Ground) -> Floats:
    m, minutes = ground.walks_to(ground.existing)
    return m if ground.by == "metres" else minutes


def _moved(ground: Ground, found: Choice, free: Ints, rows: Ints, *, before: int = 0) -> Choice:
    """Return a choice over all candidates and homes: columns before `before` are today's facilities."""
    served = np.full(len(ground.people), -1, dtype=np.int64)
    if len(rows):
        new = found.served_by >= before
        served[rows[new]] = free[found.served_by[new] - before]
    sites = np.sort(free[found.sites[found.sites >= before] - before]).astype(np.int64)
    return Choice(sites, served, found.value, found.bound, found.seconds, found.method, found.progress)


def _in_use(choice: Choice, keep: Ints) -> Choice:
    """Return a choice without the sites that serve nobody, but for those that must stay."""
    used = np.union1d(choice.served_by[choice.served_by >= 0], keep)
    return replace(choice, sites=choice.sites[np.isin(choice.sites, used)])


def _one_each(choice: Choice, sites: int) -> sparse.csr_array:
    some = np.flatnonzero(choice.served_by >= 0)
    shape = (len(choice.served_by), sites)
    return sparse.csr_array((np.ones(len(some)), (some, choice.served_by[some])), shape=shape)


def _columns(cost: Floats | None, free: Ints, others: Ints) -> Floats | None:
    return None if cost is None else cost[:, np.searchsorted(free, others)]


def _sites(town: Town, gains: pd.DataFrame) -> gpd.GeoDataFrame:
    rows = town.candidates.loc[gains.index]
    about = [name for name in SITE_COLUMNS if name not in gains.columns and name != "rank"]
    found = gpd.GeoDataFrame(pd.concat([rows[about], gains], axis=1), geometry="geometry", crs=town.network.crs)
    found["rank"] = np.arange(1, len(found) + 1)
    return found[list(SITE_COLUMNS)].rename_axis("site_id")


def _steps(ground: Ground, chosen: explain.Chosen) -> pd.DataFrame:
    town = ground.town
    cost = np.concatenate([[0.0], np.cumsum(town.candidates["cost"].to_numpy()[chosen.sites])])
    ids = [None, *town.candidates.index[chosen.sites]]
    rows, last = [], 0.0
    for k, state in enumerate(chosen.states):
        row = explain.totals(ground, state)
        new = row["people_covered"] - last if k else 0.0
        last = row["people_covered"]
        rows.append({"site_id": ids[k], "people_new": new, "people_covered": last,
                     "covered_share": row["covered_share"], "mean_m": row["mean_m"], "p95_m": row["p95_m"],
                     "cost_total": cost[k]})  # fmt: skip
    return pd.DataFrame(rows, columns=list(STEP_COLUMNS)).rename_axis("number")


def _less_walking(
    ground: Ground, chosen: explain.Chosen, cost: Floats, question: Question
) -> Iterator[tuple[str, str]]:
    """Yield for each column of costs why it was not chosen."""
    after = chosen.states[-1]
    if question.model == "p_center":
        yield from (reasons.less_far(ground, after, cost[:, k]) for k in range(cost.shape[1]))
        return
    saved = [explain.saved_by_each(ground.people, each.cost(ground.by), cost) for each in (ground.before, after)]
    yield from (reasons.less_walking(ground, float(alone), float(beyond)) for alone, beyond in zip(*saved, strict=True))


def _candidates(
    ground: Ground, chosen: explain.Chosen, why: Objects, question: Question, walks: tuple[Ints, Floats | None]
) -> gpd.GeoDataFrame:
    """Return all candidates with what each would give alone, and why it was or was not chosen.

    `walks` are positions of those that could be chosen, and what it costs to reach them where walking decides.
    """
    sites = ground.town.candidates.copy()
    taken: Flags = np.zeros(len(sites), dtype=np.bool_)
    taken[chosen.sites] = True
    why = np.where(taken, "chosen", np.where(why == "", "less", why))
    barred = np.isin(why, ("category", "too_small", "unreachable", "not_allowed"))
    covered = ground.before.covered | chosen.cover.any(axis=1)
    reach, alone, left = (
        np.asarray(ground.cover.T @ people)
        for people in (ground.people, ground.people * ~ground.before.covered, ground.people * ~covered)
    )
    sites["chosen"] = taken
    sites["people_reach"], sites["people_alone"] = np.where(barred, np.nan, reach), np.where(barred, np.nan, alone)
    sites["reason"] = why
    words = [
        reasons.reason_words(ground, k, str(why[k]), (float(reach[k]), float(alone[k]), float(left[k])),
                             budget=question.budget)
        for k in range(len(sites))
    ]  # fmt: skip
    less, (free, cost) = np.flatnonzero(why == "less"), walks
    if cost is not None:
        for k, told in zip(free.tolist(), _less_walking(ground, chosen, cost, question), strict=True):
            words[k] = told if why[k] == "less" else words[k]
    elif question.model in _WITH_ROOM:
        for k in less.tolist():
            words[k] = reasons.less_room(ground, k, float(reach[k]))
    for rank, k in enumerate(chosen.sites.tolist(), start=1):
        words[k] = (f"选中,第{rank}处。", f"Chosen, no. {rank}.")
    sites["reason_zh"], sites["reason_en"] = [zh for zh, _ in words], [en for _, en in words]
    return sites.rename_axis("site_id")
