"""Who carries on the name of a community: what the rule chose, why, and another choice where the planner makes one.

The rule is the engine's (docs/engine.md, Heirs): every community of today lives on in the part that is matched to it so
that most households stay where they are; where nobody lives, land decides. In short: the largest part keeps the name.
"""

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import pandas as pd

from geo.errors import Fault, InputError
from geo.partition.actions.names import old_names
from geo.partition.objective import heirs as match
from geo.partition.plan import Note, Plan

COLUMNS = (
    "heir_id", "rule_heir_id", "overridden", "by", "amount", "heir_amount", "heir_share", "largest_id",
    "largest_amount", "largest_share", "text_zh", "text_en",
)  # fmt: skip

UNNAMED = ("新社区({})", "new community {}")
"""How a community of the plan is called that carries on no name."""


def with_heirs(plan: Plan, heirs: Mapping[str, str | None], *, blocks: gpd.GeoDataFrame | None = None) -> Plan:
    """Return the plan with other heirs: the same parts, some of them under another id.

    Parameters
    ----------
    plan
    heirs
        Community of today → the plan's community (its id now) that shall carry on its name and id, or None: nobody
        does, and its part counts as new. A part that loses its id to another one takes the id that the other set free
        (A → B alone is a swap of A and B), so no community is lost that was not asked to be; B → None drops it.
    blocks
        With them, an id that no community of today has is refused. Without them such an id is taken on trust, for a
        plan does not name the communities it abolishes.

    Returns
    -------
    Plan
        A new one; its terms are those of the rule's heirs, and a note says so.

    Raises
    ------
    InputError
        An id that is not there, one heir of two communities, or a lock or condition on a community that would change.
    """
    labels = sorted(set(plan.assignment.values()))
    today = None if blocks is None else {str(own) for own in blocks["community_id"].dropna()}
    taken = {heir: old for old, heir in sorted(heirs.items()) if heir is not None}
    faults = [*_strangers(heirs, labels, today), *_doubles(heirs)]
    if faults:
        raise InputError(faults)
    new = {label: taken.get(label, label) for label in labels}
    used = {*labels, *heirs, *(today or ())}
    for label in labels:
        if label in taken or label not in heirs:
            continue
        free = heirs[label]
        while free is not None and free in heirs:
            free = heirs[free]
        new[label] = free if free is not None else _fresh(used)
        used.add(new[label])
    moved = {label: then for label, then in new.items() if label != then}
    if faults := _bound(plan, moved):
        raise InputError(faults)
    if not moved:
        return plan
    said = [f"{label}→{then}" for label, then in sorted(moved.items())]
    note = Note(
        zh=f"社区名称的沿用由规划人员指定({'、'.join(said)});各项数值仍按规则确定的沿用关系计算。",
        en=f"Who carries on which name was decided by the planner ({', '.join(said)}); "
        "the terms are still those of the rule's choice.",
    )
    return Plan(**{
        **dict(plan),
        "assignment": {block: new[label] for block, label in plan.assignment.items()},
        "islands": tuple(sorted(new[label] for label in plan.islands)),
        "names": {new.get(label, label): name for label, name in plan.names.items()},
        "notes": (*plan.notes, note),
    })  # fmt: skip


def _strangers(heirs: Mapping[str, str | None], labels: list[str], today: set[str] | None) -> list[Fault]:
    faults = []
    if today is not None and (olds := tuple(sorted(set(heirs) - today))):
        faults.append(Fault(f"heirs: no community of today has the id {', '.join(olds)}",
                            "use ids of the communities table that have blocks", "communities", olds))  # fmt: skip
    news = tuple(sorted({heir for heir in heirs.values() if heir is not None} - set(labels)))
    if news:
        faults.append(Fault(f"heirs: the plan has no community {', '.join(news)}",
                            f"use one of the plan's: {', '.join(labels)}", "communities", news))  # fmt: skip
    return faults


def _doubles(heirs: Mapping[str, str | None]) -> list[Fault]:
    claims: dict[str, list[str]] = {}
    for old, heir in sorted(heirs.items()):
        if heir is not None:
            claims.setdefault(heir, []).append(old)
    return [
        Fault(f"heirs: {heir} cannot carry on both {' and '.join(olds)}", "keep one of them, give the others None",
              "communities", tuple(olds))
        for heir, olds in claims.items() if len(olds) > 1
    ]  # fmt: skip


def _bound(plan: Plan, moved: Mapping[str, str]) -> list[Fault]:
    """Return a fault for every lock or condition that was said of a community whose part would change."""
    touched = {*moved, *moved.values()}
    said = [(str(lock), lock.ids) for lock in plan.options.locks if lock.kind == "as_is"]
    said += [(f"condition {one.kind} of {one.community}", (one.community,)) for one in plan.options.conditions]
    return [
        Fault(f"{what} was kept by the plan for the community that carries on {', '.join(ids)}; another heir breaks it",
              "leave this heir as it is, or plan anew without it", "communities", ids)
        for what, every in said if (ids := tuple(i for i in every if i in touched))
    ]  # fmt: skip


def _fresh(used: set[str]) -> str:
    number = 1
    while f"N{number:02d}" in used:
        number += 1
    return f"N{number:02d}"


def explain_heirs(plan: Plan, *, blocks: gpd.GeoDataFrame, communities: gpd.GeoDataFrame | None = None) -> pd.DataFrame:
    """Return for every community of today who carries on its name, what the rule says, and why.

    Parameters
    ----------
    plan
        Its ids tell the heirs; after `with_heirs` they may differ from the rule's.
    blocks, communities
        Tables of the study.

    Returns
    -------
    DataFrame
        Index community_id, sorted. heir_id (in the plan) and rule_heir_id, missing when its name ends; overridden;
        by (`households`, or `land` where none of its households is known); amount (households or m²), and how much of
        it, and which share, is in the heir (heir_amount, heir_share) and in its largest part (largest_id, …);
        text_zh, text_en.

    Raises
    ------
    InputError
        When the plan says nothing of some blocks.
    """
    ids = blocks.index.astype(str)
    if lost := tuple(sorted(set(ids) - set(plan.assignment))):
        raise InputError(Fault(f"{len(lost)} blocks have no community in the plan",
                               "make the plan anew from these blocks", table="blocks", ids=lost))  # fmt: skip
    before = blocks["community_id"].astype("object").where(blocks["community_id"].notna(), "").astype(str).to_numpy()
    after = np.array([plan.assignment[block] for block in ids], dtype=object)
    names = old_names(pd.DataFrame({"before": before}), communities)
    labels, olds = sorted(set(after)), list(names.index)
    place = pd.Index(labels).get_indexer(after), pd.Index(olds).get_indexer(before)
    inside = place[1] >= 0
    households, area = np.zeros((len(labels), len(olds))), np.zeros((len(labels), len(olds)))
    homes = pd.to_numeric(blocks["households"]).fillna(0).to_numpy(dtype=np.float64)
    np.add.at(households, (place[0][inside], place[1][inside]), homes[inside])
    np.add.at(area, (place[0][inside], place[1][inside]), blocks.geometry.area.to_numpy()[inside])
    conditions = {one.community for one in plan.options.conditions} & set(labels) & set(olds)
    known = {labels.index(own): olds.index(own) for own in sorted(conditions)}
    rule = {olds[old]: labels[part] for part, old in enumerate(match(households, area, known)) if old >= 0}
    said = {label: tuple(names.loc[label, ["said", "said_en"]]) if label in names.index
            else (UNNAMED[0].format(label), UNNAMED[1].format(label)) for label in labels}  # fmt: skip
    rows = []
    for i, old in enumerate(olds):
        lived_in = households[:, i].sum() > 0
        amounts = households[:, i] if lived_in else area[:, i]
        total = float(amounts.sum())
        heir, best = old if old in labels else None, rule.get(old)
        largest = labels[int(amounts.argmax())] if total else None
        in_heir = float(amounts[labels.index(heir)]) if heir else np.nan
        top = float(amounts.max()) if total else np.nan
        everything = total if total else np.nan
        texts = _why(
            tuple(names.loc[old, ["said", "said_en"]]), lived_in=bool(lived_in), total=total, heir=heir, best=best,
            largest=largest, part=dict(zip(labels, amounts, strict=True)), said=said,
        )  # fmt: skip
        shares = in_heir / everything, top / everything
        rows.append((heir, best, heir != best, "households" if lived_in else "land", everything, in_heir, shares[0],
                     largest, top, shares[1], *texts))  # fmt: skip
    table = pd.DataFrame(rows, columns=list(COLUMNS), index=pd.Index(olds, dtype="str", name="community_id"))
    return table.astype(dict.fromkeys(("heir_id", "rule_heir_id", "largest_id", "by", "text_zh", "text_en"), "str"))


def _why(
    name: tuple[str, str], *, lived_in: bool, total: float, heir: str | None, best: str | None, largest: str | None,
    part: Mapping[str, float], said: Mapping[str, tuple[str, str]],
) -> tuple[str, str]:  # fmt: skip
    """Return in a sentence why a name goes where the rule sends it, and where the planner sends it instead."""
    a, a_en = name
    if largest is None:
        return f"{a}现有范围不足一个完整地块,无从沿用", f"{a_en} holds no whole block today; nothing can carry it on"

    def share(label: str) -> tuple[str, str]:
        amount = part[label]
        if lived_in:
            return f"{amount:.0f}户,占{amount / total:.0%}", f"{amount:,.0f} households, {amount / total:.0%}"
        return f"{amount / 1e6:.2f}平方公里,占{amount / total:.0%}", f"{amount / 1e6:.2f} km², {amount / total:.0%}"

    most, most_en = share(largest)
    (b, b_en) = said[largest]
    other = (",该社区沿用其他名称", ", which keeps another name") if b != UNNAMED[0].format(largest) else ("", "")
    if best == largest:
        zh, en = f"{a}的最大部分({most})沿用其名称", f"the largest part of {a_en} ({most_en}) keeps its name"
    elif best is not None:
        (c, c_en), (less, less_en) = said[best], share(best)
        zh = f"{a}的最大部分({most})划入{b}{other[0]};{a}的名称由在{c}的部分({less})沿用"
        en = (f"the largest part of {a_en} ({most_en}) goes to {b_en}{other[1]}; "
              f"its part in {c_en} ({less_en}) keeps its name")  # fmt: skip
    else:
        zh = f"{a}的最大部分({most})划入{b}{other[0]},{a}的名称不再沿用"
        en = f"the largest part of {a_en} ({most_en}) goes to {b_en}{other[1]}; {a_en} ends"
    if heir != best:
        chosen, chosen_en = (said[heir], share(heir)) if heir else ((("", ""), ("", "")))
        zh += f";规划人员指定由{chosen[0]}({chosen_en[0]})沿用" if heir else ";规划人员指定其名称不再沿用"
        en += f"; the planner gave it to {chosen[1]} ({chosen_en[1]})" if heir else "; the planner ended it"
    return zh, en[:1].upper() + en[1:]
