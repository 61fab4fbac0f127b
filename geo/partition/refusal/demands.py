"""Every rule that a request puts in force, one by one: limits, what is kept whole, locks, seams, conditions, towns."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from geo.partition.plan import SeamRule
from geo.partition.town import Flags, Town

DemandKind = Literal[
    "max_households", "min_households", "max_people", "min_people", "k", "islands", "forbid_cross", "forbid_cut",
    "condition", "apart", "together", "as_is", "estate", "whole", "town",
]  # fmt: skip
CLASS_ZH = {
    **dict.fromkeys(("motorway", "motorway_link"), "高速公路"), **dict.fromkeys(("trunk", "trunk_link"), "快速路"),
    **dict.fromkeys(("primary", "primary_link"), "主干路"), **dict.fromkeys(("secondary", "secondary_link"), "次干路"),
    **dict.fromkeys(("tertiary", "tertiary_link"), "支路"),
    **dict.fromkeys(("residential", "living_street", "service", "unclassified", "road"), "街巷"),
    **dict.fromkeys(("pedestrian", "track", "cycleway", "bridleway", "footway", "path", "steps", "corridor"), "小路"),
    "busway": "公交专用道", "construction": "在建道路", "proposed": "规划道路", "river": "河流", "canal": "渠道",
    "stream": "溪流", "drain": "沟渠", "railway": "铁路", "wall": "围墙", "cliff": "陡坎", "water": "水域",
    "border": "旧界", "other": "其他线", "none": "无地物处",
}  # fmt: skip
"""What a rule about a class of features is called in Chinese."""

NUMBERS = ("max_households", "min_households", "max_people", "min_people")


@dataclass(frozen=True)
class Demand:
    """One rule that a request puts in force.

    Attributes
    ----------
    id : str
        `max_households`, `k`, `whole:V05`, `estate:G12`, `as_is:C03`, `lock:0`, `seam:1`, `condition:2`, `town`, …
        The numbers count the locks, seam rules and conditions of the options.
    kind : str
    zh, en : str
        The rule as a clause: "no community has more than 3,600 households".
    name_zh, name_en : str
        What it holds together, for sentences; empty where it holds nothing.
    law : bool
        Not the planner's to change: limits of towns, and limits of size that come from the profile.
    """

    id: str
    kind: DemandKind
    zh: str
    en: str
    name_zh: str = ""
    name_en: str = ""
    law: bool = False
    held: tuple[tuple[int, ...], ...] = field(default=(), repr=False)
    parted: tuple[tuple[int, int], ...] = field(default=(), repr=False)
    labels: tuple[int, ...] = field(default=(), repr=False)
    shun: tuple[tuple[int, int], ...] = field(default=(), repr=False)
    at: int = -1


def demands_of(town: Town) -> tuple[Demand, ...]:
    """Return every rule in force, limits first; what a request does not ask for is not in it."""
    return (*_sizes(town), *_wholes(town), *_locks(town), *_seam_demands(town), *_conditions(town), *_towns(town))


def _sizes(town: Town) -> Iterator[Demand]:
    limits, options = town.limits, town.options
    words = {
        "max_households": ("每个社区不超过{}户", "no community has more than {:,} households"),
        "min_households": ("每个社区不少于{}户", "no community has fewer than {:,} households"),
        "max_people": ("每个社区不超过{}人", "no community has more than {:,} people"),
        "min_people": ("每个社区不少于{}人", "no community has fewer than {:,} people"),
    }
    for kind in NUMBERS:
        value = getattr(limits, kind)
        if value is None or (kind.startswith("min") and not value) or ("people" in kind and not town.people_known):
            continue
        zh, en = words[kind]
        law = getattr(options, kind) is None
        yield Demand(kind, kind, zh.format(value), en.format(value), law=law)  # type: ignore[arg-type]
    if options.k is not None:
        yield Demand("k", "k", f"共{options.k}个社区", f"there are {options.k} communities")
    if not options.allow_islands and limits.min_households:
        yield Demand("islands", "islands", "隔断的小片不单独成社区", "small parts that are cut off are not accepted")


def _wholes(town: Town) -> Iterator[Demand]:
    found: dict[tuple[DemandKind, str], list[tuple[int, ...]]] = {}
    named: dict[tuple[DemandKind, str], tuple[str, str]] = {}
    for whole in town.wholes:
        if whole.kind in ("together", "forbid_cut"):
            continue
        kind: DemandKind = "as_is" if whole.kind == "as_is" else "estate" if whole.kind == "estate" else "whole"
        found.setdefault((kind, whole.id), []).append(whole.blocks)
        named[kind, whole.id] = (whole.zh, whole.en)
        # A village that stays as it is is kept whole all the same when it may change.
        if kind == "as_is" and town.villages[town.old_ids.index(whole.id)]:
            found.setdefault(("whole", whole.id), []).append(whole.blocks)
            named["whole", whole.id] = (whole.zh, whole.en)
    for (kind, name), blocks in found.items():
        if kind != "as_is" and all(len(piece) < 2 for piece in blocks):
            continue
        zh, en = named[kind, name]
        rule = (f"{zh}保持原状", f"{en} stays as it is") if kind == "as_is" else (f"{zh}保持完整", f"{en} stays whole")
        yield Demand(f"{kind}:{name}", kind, *rule, zh, en, held=tuple(blocks),
                     at=town.old_ids.index(name) if kind != "estate" else -1)  # fmt: skip


def _locks(town: Town) -> Iterator[Demand]:
    block_at = {name: i for i, name in enumerate(town.block_ids)}
    of_old = {name: tuple(np.flatnonzero(town.old == i).tolist()) for i, name in enumerate(town.old_ids)}
    for number, lock in enumerate(town.options.locks):
        sets = [(block_at[i],) if lock.of == "blocks" else of_old[i] for i in dict.fromkeys(lock.ids)]
        zh, en = f"地块{'、'.join(lock.ids)}", f"blocks {', '.join(lock.ids)}"
        if lock.of == "communities":
            places = [town.old_ids.index(i) for i in dict.fromkeys(lock.ids)]
            zh, en = "、".join(town.names_zh[i] for i in places), " and ".join(town.names_en[i] for i in places)
        if lock.kind == "together":
            held = (tuple(itertools.chain(*sets)),)
            yield Demand(
                f"lock:{number}", "together", f"{zh}在同一社区", f"{en} are together", zh, en, held=held, at=number
            )
        elif lock.kind == "apart":
            parted = tuple((a, b) for x, y in itertools.combinations(sets, 2) for a in x for b in y)
            yield Demand(f"lock:{number}", "apart", f"{zh}分在不同社区", f"{en} are apart", parted=parted, at=number)


def _seam_demands(town: Town) -> Iterator[Demand]:
    for number, rule in enumerate(town.options.seams):
        if rule.rule == "prefer":
            continue
        mine = (town.cross if rule.rule == "forbid_cross" else town.uncut) & _follows(town, rule)
        pairs = tuple(zip(town.seam_a[mine].tolist(), town.seam_b[mine].tolist(), strict=True))
        what = " ".join(part for part in (rule.feature_class, rule.feature_name) if part)
        zh = rule.feature_name or CLASS_ZH.get(rule.feature_class or "", rule.feature_class)
        if rule.rule == "forbid_cross":
            yield Demand(f"seam:{number}", "forbid_cross", f"社区不跨越{zh}", f"no community spans {what}",
                         parted=pairs, at=number)  # fmt: skip
        else:
            yield Demand(f"seam:{number}", "forbid_cut", f"不以{zh}为界", f"no border runs along {what}",
                         f"{zh}两侧", f"what lies on both sides of {what}", held=pairs, at=number)  # fmt: skip


def _follows(town: Town, rule: SeamRule) -> Flags:
    hit = np.ones(len(town.seam_a), dtype=bool)
    if rule.feature_name is not None:
        hit &= np.array([name == rule.feature_name for name in town.seam_names], dtype=bool)
    if rule.feature_class is not None:
        hit &= np.array([name == rule.feature_class for name in town.seam_classes], dtype=bool)
    return hit


def _conditions(town: Town) -> Iterator[Demand]:
    block_at = {name: i for i, name in enumerate(town.block_ids)}
    number_of = {name: i for i, name in enumerate(town.old_ids)}
    for number, condition in enumerate(town.options.conditions):
        mine = number_of[condition.community]
        zh, en = town.names_zh[mine], town.names_en[mine]
        anchor = anchor_of(town, mine)
        said: dict[str, Any] = {"labels": (mine,), "at": number}
        if condition.of == "estates":
            blocks = [i for i, group in enumerate(town.groups) if group in condition.ids]
            listed = (f"小区{'、'.join(condition.ids)}", f"estates {', '.join(condition.ids)}")
        else:
            blocks = [block_at[i] for i in condition.ids if condition.of == "blocks"]
            listed = (f"地块{'、'.join(condition.ids)}", f"blocks {', '.join(condition.ids)}")
        if condition.kind == "has":
            words = (f"{zh}包含{listed[0]}", f"{en} has {listed[1]}")
            said |= {"held": ((anchor, *blocks),), "name_zh": f"{zh}及{listed[0]}", "name_en": f"{en} with {listed[1]}"}
        elif condition.kind == "lacks":
            words = (f"{zh}不含{listed[0]}", f"{en} lacks {listed[1]}")
            said["parted"] = tuple((anchor, b) for b in blocks)
        elif condition.kind == "office":
            words = (f"{zh}的办公用房在社区内", f"{en} keeps its office inside")
        else:
            others = [number_of[i] for i in condition.ids]
            words = (f"{zh}不与{'、'.join(town.names_zh[i] for i in others)}相邻",
                     f"{en} does not touch {', '.join(town.names_en[i] for i in others)}")  # fmt: skip
            said |= {"labels": (mine, *others), "shun": tuple((mine, other) for other in others)}
        yield Demand(f"condition:{number}", "condition", *words, **said)


def anchor_of(town: Town, old: int) -> int:
    """Return the block that stays with a community of which a condition speaks."""
    return int(town.anchor[town.labels.index(old)])


def _towns(town: Town) -> Iterator[Demand]:
    if len(town.town_names) > 1:
        yield Demand("town", "town", "社区不跨乡镇街道界", "communities do not lie in two towns", law=True)
