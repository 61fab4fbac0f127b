"""What can be placed where, at what price, and whom it would reach: the board that premises are filled on."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from geo.errors import Fault, InputError
from geo.siting.candidates import SEARCH_POINT
from geo.siting.choice import Floats, Ints
from geo.siting.filling import MONEY_TOLERANCE, Offer
from geo.siting.ground import Flags, Ground, Objects, Town, ground_of, misfit
from geo.siting.options import FittingCosts, PlacingOptions
from geo.standards.facilities import Complex, Requirement

_NEW_BUILT = ("idle_land", "public_land", "growing")


@dataclass(frozen=True)
class Board:
    """What can be placed where: a ground for each requirement, the offer, why pairs cannot be, and prices per m²."""

    town: Town
    grounds: tuple[Ground, ...]
    offer: Offer
    why: Objects
    unit_cost: Floats

    @property
    def requirements(self) -> tuple[Requirement, ...]:
        """Return what is placed."""
        return tuple(ground.requirement for ground in self.grounds)

    def gives(self, rooms: Flags) -> Floats:
        """Return the weighted people whom each pair would newly cover beyond these rooms, premises × requirements."""
        columns = []
        for r, cover in enumerate(self.offer.cover):
            still = self.offer.open[:, r] * ~(np.asarray(cover @ rooms[:, r].astype(np.float64)) > 0)
            columns.append(np.asarray(cover.T @ still))
        return np.column_stack(columns)

    def spent(self, rooms: Flags) -> Floats:
        """Return what each of the premises costs with what goes in; NaN unknown, 0 where nothing does."""
        used = rooms.any(axis=1)
        return np.asarray(np.where(used, self.offer.site_cost, 0.0) + (self.offer.cost * rooms).sum(axis=1))


def board_of(
    town: Town, requirements: tuple[Requirement, ...], options: PlacingOptions, costs: FittingCosts, rule: Complex
) -> Board:
    """Return what can be placed where.

    Raises
    ------
    InputError
        All that does not fit together at once; a requirement without reach; premises that must be used for nothing.
    """
    _check(town, requirements, options, costs)
    grounds = tuple(ground_of(town, each, count_small=options.count_small) for each in requirements)
    sites = town.candidates
    site_cost = sites["cost"].to_numpy()
    why: list[Objects] = []
    floor: list[Floats] = []
    ground_m2: list[Floats] = []
    unit: list[Floats] = []
    cost: list[Floats] = []
    built = sites["kind"].isin(_NEW_BUILT).to_numpy()
    for ground in grounds:
        reason, needs, earth = misfit(town, ground.requirement, strict=True)
        own = costs.by_requirement.get(ground.requirement.key)
        if needs.any() or (ground.requirement.need_m2 or ground.requirement.floor_area_min_m2):
            per = np.where(built, costs.building_m2, costs.rooms_m2) if own is None else np.full(len(sites), own)
            price = needs * per + earth * costs.ground_m2
        else:
            per = np.full(len(sites), costs.ground_m2 if own is None else own)
            price = earth * per
        if np.isfinite(options.budget):
            reason[(reason == "") & np.isnan(site_cost)] = "cost_unknown"
            dear = np.nan_to_num(site_cost) + price > options.budget + MONEY_TOLERANCE
            reason[(reason == "") & dear] = "over_budget"
        reason[sites.index.isin(list(options.leave_out))] = "not_allowed"
        why.append(reason)
        for each, part in ((floor, needs), (ground_m2, earth), (unit, per), (cost, price)):
            each.append(part)
    open_ended = sites["kind"].isin((SEARCH_POINT, "by_hand")).to_numpy()
    names = sorted(set(town.homes["community_id"].dropna()))
    community = pd.Index(names, dtype="object").get_indexer_for(town.homes["community_id"].to_numpy(dtype=object))
    weighted = np.column_stack([g.people * g.requirement.weight for g in grounds])
    today = np.column_stack([g.before.covered for g in grounds])
    inside = community >= 0
    limits = options.count_by_requirement
    offer = Offer(
        open=weighted * ~today, cover=tuple(g.cover for g in grounds), allowed=np.column_stack(why) == "",
        floor_m2=np.column_stack(floor), ground_m2=np.column_stack(ground_m2), cost=np.column_stack(cost),
        site_cost=site_cost,
        floor_room=np.where(open_ended, np.inf, np.nan_to_num(sites["floor_area_m2"].to_numpy())),
        ground_room=np.where(open_ended, np.inf, np.nan_to_num(sites["site_area_m2"].to_numpy())),
        open_ended=open_ended, shared=np.array([each.shared for each in requirements]),
        core=np.array([each.key in rule.core for each in requirements]), community=community.astype(np.int64),
        communities=tuple((each, *town.names["community_id"].loc[each, ["name", "name_en"]]) for each in names),
        whole=_by(community[inside], weighted[inside].sum(axis=1), len(names)),
        covered=_by(community[inside], (weighted * today)[inside].sum(axis=1), len(names)),
        most=np.array([float(limits.get(each.key, np.inf)) for each in requirements]),
    )  # fmt: skip
    board = Board(town, grounds, offer, np.column_stack(why), np.column_stack(unit))
    idle = [each for each in sorted(options.keep) if not offer.allowed[int(sites.index.get_loc(each))].any()]
    if idle:
        raise InputError(
            Fault("premises must be used, and can take none of the requirements",
                  "do not keep them, or mend their rows", table="candidates", ids=tuple(idle))
        )  # fmt: skip
    return board


def _check(town: Town, requirements: tuple[Requirement, ...], options: PlacingOptions, costs: FittingCosts) -> None:
    """Refuse what does not fit together, all at once."""
    faults = [*options.faults(), *costs.faults()]
    keys = [each.key for each in requirements]
    if not keys:
        faults.append(Fault("there is nothing to place", "name at least one requirement"))
    if twice := sorted({key for key in keys if keys.count(key) > 1}):
        faults.append(Fault("requirements are given twice", "name each once", ids=tuple(twice)))
    faults += [
        Fault(f"nobody knows what room {each.title_zh} / {each.title_en} ({each.key}) takes",
              "give it need_m2 or need_site_m2 in a standard of your own (shequ standards)")
        for each in requirements
        if not any((each.need_m2, each.need_site_m2, each.floor_area_min_m2, each.site_area_min_m2))
    ]  # fmt: skip
    if options.equity != "none" and town.homes["community_id"].isna().all():
        faults.append(Fault("equity compares communities, and no home lies in one",
                            "give homes with community_id, or equity='none'", table="demand"))  # fmt: skip
    for name, ids in (("count_by_requirement", options.count_by_requirement), ("by_requirement", costs.by_requirement)):
        if strange := sorted(set(ids) - set(keys)):
            faults.append(Fault(f"{name} names what is not placed", f"use one of: {', '.join(keys)}",
                                ids=tuple(strange)))  # fmt: skip
    for name, chosen in (("keep", options.keep), ("leave_out", options.leave_out)):
        if missing := sorted(set(chosen) - set(town.candidates.index)):
            faults.append(Fault(f"{name} names premises that are not there", "use ids of the candidates",
                                table="candidates", ids=tuple(missing)))  # fmt: skip
    if faults:
        raise InputError(faults)


def _by(group: Ints, values: Floats, count: int) -> Floats:
    return np.bincount(group, weights=values, minlength=count).astype(np.float64)
