"""Blocks joined into atoms: what a plan may not take apart, and what lies between.

An atom is one block, or the blocks that an estate, a village that is kept whole, a lock or a forbidden cut hold
together.
"""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo.access.offices import WALK_COLUMN
from geo.errors import Fault, InputError
from geo.partition.conditions import bind_conditions
from geo.partition.plan import Lock, Note, PlanOptions, SeamRule, cut_costs_of, limits_of
from geo.partition.town import Flags, Floats, Ints, Town, Whole, WholeKind, capital, pieces
from geo.schema import OUTSIDE, conform
from geo.standards import Profile

__all__ = ["CONTACT_M", "Town", "Whole", "build_town", "capital", "pieces"]

CONTACT_M = 1.0
"""Two blocks sharing less border than this [m] meet at a corner; a community does not hold together by a corner."""

NEAR_OFFICE_M = 50.0
"""Blocks nearer to an office than this say nothing of how much longer walks are than straight lines [m]."""

_KIND_WORDS = {
    "village": ("村", "village"),
    "converted": ("村改居社区", "converted village"),
    "community": ("社区", "community"),
    "estate": ("小区", "estate"),
}


def build_town(
    blocks: gpd.GeoDataFrame,
    seams: gpd.GeoDataFrame,
    communities: gpd.GeoDataFrame | None,
    *,
    profile: Profile,
    options: PlanOptions,
) -> Town:
    """Return the town as the engine reads it; the order of the rows does not matter.

    Parameters
    ----------
    blocks, seams, communities : GeoDataFrame
        Tables of `geo.schema`. Without communities, today's are known by their id alone. The term `service` reads
        `office_x`, `office_y` of the communities [m], and columns `office_walk_m:<community_id>` of the blocks, where
        they are there (`geo.access.offices.with_office_walks`).
    profile : Profile
    options : PlanOptions

    Raises
    ------
    InputError
        When a table breaks its contract, tables do not fit each other, or options contradict each other or name what
        is not there. Collisions between options and the town itself stand in `Town.conflicts`.
    """
    limits = limits_of(profile, options)
    blocks = conform(blocks, "blocks").sort_index()
    seams = conform(seams, "seams").sort_index()
    known = None if communities is None else conform(communities, "communities").sort_index()
    _check_tables(blocks, seams, known)
    notes: list[Note] = []
    households = _counts(blocks, "households", "户数", notes)
    people_known = bool(blocks["people"].notna().any())
    limited = limits.min_people is not None or limits.max_people is not None
    if limited and not people_known:
        notes.append(
            Note(
                zh="地块没有人口数据,人口上下限未检查。",
                en="No block has a number of people, so the limits of people were not applied.",
            )
        )
    people = _counts(blocks, "people", "人口", notes if people_known and limited else [])
    inner = seams[(seams["block_b"] != OUTSIDE) & (seams["block_a"] != seams["block_b"])]
    inner = inner[inner.groupby(["block_a", "block_b"])["length_m"].transform("sum") >= CONTACT_M]
    position = pd.Series(np.arange(len(blocks)), index=blocks.index)
    old_ids, old = _old(blocks, known)
    names_zh, names_en, kinds = _names(old_ids, known)
    points = blocks.geometry.representative_point()
    area = blocks["area_m2"].fillna(blocks.geometry.area).to_numpy(dtype=np.float64)
    cost, cross, uncut = _seam_wishes(inner, seams, options)
    office_xy = _offices(old_ids, known)
    way_m, detour = _ways(blocks, old_ids, np.column_stack([points.x, points.y]), office_xy)
    town = Town(
        limits=limits, options=options, block_ids=tuple(blocks.index), households=households, people=people,
        area_m2=area, people_known=people_known, x_m=points.x.to_numpy(), y_m=points.y.to_numpy(),
        old_ids=old_ids, old=old, villages=np.array([kind == "village" for kind in kinds], dtype=bool),
        names_zh=names_zh, names_en=names_en, office_xy=office_xy, way_m=way_m, detour=detour,
        groups=tuple(g if isinstance(g, str) else "" for g in blocks["group_id"]),
        town=np.zeros(len(blocks), dtype=np.int64), town_names=("",),
        seam_a=position.loc[inner["block_a"]].to_numpy(), seam_b=position.loc[inner["block_b"]].to_numpy(),
        seam_m=inner["length_m"].to_numpy(dtype=np.float64), seam_cost=cost, cross=cross, uncut=uncut,
        seam_names=tuple(n if isinstance(n, str) else f"a {c}" for n, c in
                         zip(inner["feature_name"], inner["feature_class"], strict=True)),
        seam_classes=tuple(inner["feature_class"]), wholes=(), fixed=(), apart=(), atom=np.arange(len(blocks)),
    )  # fmt: skip
    towns, town_names = _towns(town, known, notes)
    town = _moored(replace(town, town=towns, town_names=town_names), blocks, notes)
    return bind_conditions(_joined(town, known, kinds, profile, notes), list(blocks.geometry))


def _moored(town: Town, blocks: gpd.GeoDataFrame, notes: list[Note]) -> Town:
    """Tie land that touches nothing and where nobody lives to the nearest block of its town by a seam of no length.

    A pier or a rock in the lake belongs somewhere; land that people live on and that touches nothing is another matter:
    it is planned on its own (see `PlanOptions.allow_islands`).
    """
    count, label = pieces(len(town.block_ids), town.seam_a, town.seam_b)
    lived_in = np.bincount(label, town.households + town.people, minlength=count) > 0
    shapes = blocks.geometry.to_numpy()
    tied: list[tuple[int, int]] = []
    for piece in np.flatnonzero(~lived_in):
        own = np.flatnonzero(label == piece)
        near = np.flatnonzero(lived_in[label] & (town.town == town.town[own[0]]))
        if not len(near):
            continue
        away = shapely.distance(shapely.union_all(shapes[own]), shapes[near])
        tied.append((int(own[0]), int(near[np.argmin(away)])))
        name, other = town.block_ids[own[0]], town.block_ids[tied[-1][1]]
        notes.append(
            Note(
                zh=f"地块{name}等{len(own)}块与其他地块不相连且无人居住,随最近的地块{other}。",
                en=f"Block {name} ({len(own)} in all) touches no other land and nobody lives there; "
                f"it goes with the nearest block, {other}.",
            )
        )
    if not tied:
        return town
    more = np.array(tied, dtype=np.int64)
    none = np.zeros(len(tied), dtype=bool)
    return replace(
        town,
        seam_a=np.concatenate([town.seam_a, more[:, 0]]),
        seam_b=np.concatenate([town.seam_b, more[:, 1]]),
        seam_m=np.concatenate([town.seam_m, np.zeros(len(tied))]),
        seam_cost=np.concatenate([town.seam_cost, np.zeros(len(tied))]),
        seam_names=(*town.seam_names, *("open water or foreign land" for _ in tied)),
        seam_classes=(*town.seam_classes, *("water" for _ in tied)),
        cross=np.concatenate([town.cross, none]),
        uncut=np.concatenate([town.uncut, none]),
    )


def _check_tables(blocks: gpd.GeoDataFrame, seams: gpd.GeoDataFrame, known: gpd.GeoDataFrame | None) -> None:
    faults = []
    if not len(blocks):
        faults.append(Fault("there are no blocks", "make them with: shequ blocks", table="blocks"))
    elif blocks["households"].isna().all():
        faults.append(Fault("no block has households", "place them first with: shequ households", table="blocks"))
    for column in ("block_a", "block_b"):
        strange = ~seams[column].isin(blocks.index) & ~((column == "block_b") & (seams[column] == OUTSIDE))
        if strange.any():
            faults.append(
                Fault(f"{column} names blocks that do not exist, e.g. {seams.loc[strange, column].iloc[0]!r}",
                      "use blocks and seams that were made together", table="seams", ids=tuple(seams.index[strange]))
            )  # fmt: skip
    if known is not None:
        own = blocks["community_id"]
        lost = own.notna() & ~own.isin(known.index)
        if lost.any():
            faults.append(
                Fault(f"community_id names communities that do not exist, e.g. {own[lost].iloc[0]!r}",
                      "use the communities the blocks were made with", table="blocks", ids=tuple(blocks.index[lost]))
            )  # fmt: skip
    if faults:
        raise InputError(faults)


def _counts(blocks: gpd.GeoDataFrame, column: str, zh: str, notes: list[Note]) -> Ints:
    missing = int(blocks[column].isna().sum())
    if missing:
        notes.append(
            Note(
                zh=f"{missing}个地块{zh}未知,按0计。",
                en=f"{missing:,} blocks have no known {column}; they count as 0.",
            )
        )
    return np.asarray(blocks[column].fillna(0).to_numpy(dtype=np.int64))


def _old(blocks: gpd.GeoDataFrame, known: gpd.GeoDataFrame | None) -> tuple[tuple[str, ...], Ints]:
    present = blocks["community_id"].dropna().unique()
    ids = sorted(set(present) if known is None else set(known.index))
    lookup = {name: i for i, name in enumerate(ids)}
    own = [lookup.get(c, -1) if isinstance(c, str) else -1 for c in blocks["community_id"]]
    return tuple(ids), np.array(own, dtype=np.int64)


def _names(
    ids: Sequence[str], known: gpd.GeoDataFrame | None
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    zh, en, kinds = [], [], []
    for i in ids:
        kind, name, latin = "community", "", ""
        if known is not None:
            row = known.loc[i]
            kind = row["kind"]
            name = row["name"] if isinstance(row["name"], str) else ""
            latin = row["name_en"] if isinstance(row["name_en"], str) else name
        words = _KIND_WORDS[kind]
        zh.append(f"{name or words[0]}({i})")
        en.append(f"{words[1]} {latin + ' ' if latin else ''}({i})" if latin else f"{words[1]} {i}")
        kinds.append(kind)
    return tuple(zh), tuple(en), tuple(kinds)


def _offices(ids: Sequence[str], known: gpd.GeoDataFrame | None) -> Floats:
    if known is None or not {"office_x", "office_y"} <= set(known.columns):
        return np.full((len(ids), 2), np.nan)
    frame = known.loc[list(ids), ["office_x", "office_y"]].apply(pd.to_numeric, errors="coerce")
    return np.asarray(frame.to_numpy(dtype=np.float64))


def _ways(blocks: gpd.GeoDataFrame, ids: Sequence[str], at: Floats, office_xy: Floats) -> tuple[Floats, float]:
    """Return the way from each block to each office [m], NaN where that is unknown, and the detour of walks."""
    straight = np.hypot(at[:, None, 0] - office_xy[None, :, 0], at[:, None, 1] - office_xy[None, :, 1])
    walked = np.full(straight.shape, np.nan)
    for i, community in enumerate(ids):
        if (column := WALK_COLUMN + community) in blocks.columns:
            walked[:, i] = pd.to_numeric(blocks[column], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    told = np.isfinite(walked) & (straight > NEAR_OFFICE_M)
    detour = float(np.median(walked[told] / straight[told])) if told.any() else 1.0
    return np.where(np.isfinite(walked), walked, detour * straight), detour


def _seam_wishes(inner: gpd.GeoDataFrame, seams: gpd.GeoDataFrame, options: PlanOptions) -> tuple[Floats, Flags, Flags]:
    """Return each inner seam's cost of a metre, whether it may not be spanned, and whether it may not be cut."""
    costs = cut_costs_of(options)
    cost = inner["feature_class"].map(costs).to_numpy(dtype=np.float64)
    cost = np.where(inner["barrier"].fillna(value=False).to_numpy(dtype=bool), np.minimum(cost, -1.0), cost)
    rules: dict[str, list[tuple[SeamRule, Flags]]] = {"prefer": [], "forbid_cut": [], "forbid_cross": []}
    faults = []
    for rule in options.seams:
        if rule.feature_name is not None and not (seams["feature_name"] == rule.feature_name).any():
            names = sorted(set(seams["feature_name"].dropna()))
            near = difflib.get_close_matches(rule.feature_name, names, n=3, cutoff=0.3)
            hint = f"; similar names: {', '.join(near)}" if near else ""
            faults.append(Fault(f"{rule}: no seam follows {rule.feature_name!r}{hint}",
                                "correct the name, or leave the rule out", table="seams"))  # fmt: skip
            continue
        hit = np.ones(len(inner), dtype=bool)
        if rule.feature_class is not None:
            hit &= (inner["feature_class"] == rule.feature_class).to_numpy(dtype=bool)
        if rule.feature_name is not None:
            hit &= (inner["feature_name"] == rule.feature_name).to_numpy(dtype=bool)
        rules[rule.rule].append((rule, hit))
    for cut_rule, cut in rules["forbid_cut"]:
        for cross_rule, crossed in rules["forbid_cross"]:
            both = cut & crossed
            if both.any():
                faults.append(
                    Fault(f"{cut_rule} and {cross_rule} contradict each other on {int(both.sum())} seams",
                          "keep one of the two", table="seams", ids=tuple(inner.index[both]))
                )  # fmt: skip
    if faults:
        raise InputError(faults)
    for rule, hit in rules["prefer"]:
        cost = cost - rule.strength * hit
    none = np.zeros(len(inner), dtype=bool)
    cross = np.logical_or.reduce([none, *(hit for _, hit in rules["forbid_cross"])])
    uncut = np.logical_or.reduce([none, *(hit for _, hit in rules["forbid_cut"])])
    return cost, cross, uncut


def _towns(town: Town, known: gpd.GeoDataFrame | None, notes: list[Note]) -> tuple[Ints, tuple[str, ...]]:
    """Return the town of each block; blocks of no known town go with the neighbour of the longest seam."""
    everywhere = np.zeros(len(town.block_ids), dtype=np.int64)
    if known is None or known["town"].dropna().nunique() < 2:
        return everywhere, ("",)
    names = tuple(sorted(known["town"].dropna().unique()))
    of_old = np.array([names.index(t) if isinstance(t, str) else -1 for t in known.loc[list(town.old_ids), "town"]])
    label = np.where(town.old >= 0, of_old[town.old], -1)
    unknown = int((label < 0).sum())
    while (label < 0).any():
        length: dict[tuple[int, int], float] = {}
        for a, b, m in zip(town.seam_a.tolist(), town.seam_b.tolist(), town.seam_m.tolist(), strict=True):
            for x, y in ((a, b), (b, a)):
                if label[x] < 0 <= label[y]:
                    length[(x, int(label[y]))] = length.get((x, int(label[y])), 0.0) + m
        if not length:
            label[label < 0] = 0
            break
        block, joined = min(length, key=lambda pair: (-length[pair], pair))
        label[block] = joined
    if unknown:
        notes.append(
            Note(
                zh=f"{unknown}个地块不知属于哪个乡镇街道,按最长边线归入相邻乡镇街道。",
                en=f"{unknown:,} blocks belong to no known town; they go with the neighbour of the longest seam.",
            )
        )
    return label.astype(np.int64), names


def _joined(
    town: Town, known: gpd.GeoDataFrame | None, kinds: Sequence[str], profile: Profile, notes: list[Note]
) -> Town:
    """Return the town with its blocks joined into atoms; what collides is in `conflicts`."""
    options = town.options
    _check_locks(town)
    by_old = {i: tuple(np.flatnonzero(town.old == i).tolist()) for i in range(len(town.old_ids))}
    lookup = {name: i for i, name in enumerate(town.old_ids)}
    locked = {kind: {lookup[i] for k in options.locks if k.kind == kind for i in k.ids if k.of == "communities"}
              for kind in ("whole", "as_is", "free")}  # fmt: skip
    kept = set(locked["whole"])
    keep_villages = profile.keep_villages if options.keep_villages is None else options.keep_villages
    if keep_villages and known is not None:
        held = known.loc[list(town.old_ids), "locked"].fillna(value=False).to_numpy(dtype=bool)
        kept |= {i for i, kind in enumerate(kinds) if kind in ("village", "converted") or held[i]}
    elif keep_villages and town.old_ids:
        notes.append(
            Note(
                zh="没有社区表,不知哪些是村,无法按村保持完整。",
                en="Without a table of communities nobody knows which are villages, so none is kept whole.",
            )
        )
    if options.mode == "merge":
        kept |= set(by_old)
        if (town.old < 0).any():
            lone = int((town.old < 0).sum())
            notes.append(
                Note(
                    zh=f"{lone}个地块今天不属于任何社区,合并时各自作为一个单元。",
                    en=f"{lone:,} blocks belong to no community today; in a merge each is a unit of its own.",
                )
            )
    kept -= locked["free"]
    wholes: list[Whole] = []
    for i in sorted(kept | locked["as_is"]):
        if not by_old[i]:
            continue
        kind: WholeKind = "as_is" if i in locked["as_is"] else kinds[i]  # type: ignore[assignment]
        wholes.append(Whole(kind, town.old_ids[i], town.names_zh[i], town.names_en[i], by_old[i]))
    wholes = _pieces_of(town, wholes, notes)
    return _with_locks(town, wholes, by_old, as_is=locked["as_is"], profile=profile, notes=notes)


def _with_locks(
    town: Town, wholes: list[Whole], by_old: dict[int, tuple[int, ...]], *, as_is: set[int], profile: Profile,
    notes: list[Note],
) -> Town:  # fmt: skip
    options = town.options
    block_at = {name: i for i, name in enumerate(town.block_ids)}
    lookup = {name: i for i, name in enumerate(town.old_ids)}

    def blocks_of(lock: Lock) -> list[frozenset[int]]:
        if lock.of == "blocks":
            return [frozenset([block_at[i]]) for i in dict.fromkeys(lock.ids)]
        return [frozenset(by_old[lookup[i]]) for i in dict.fromkeys(lock.ids)]

    for lock in options.locks:
        if lock.kind == "together":
            every = tuple(sorted(frozenset().union(*blocks_of(lock))))
            wholes.append(Whole("together", "+".join(lock.ids), f"“{'、'.join(lock.ids)}”", str(lock), every))
    for a, b in zip(town.seam_a[town.uncut].tolist(), town.seam_b[town.uncut].tolist(), strict=True):
        pair = (town.block_ids[a], town.block_ids[b])
        wholes.append(Whole("forbid_cut", "+".join(pair), "、".join(pair), f"blocks {' and '.join(pair)}, joined by "
                            "a seam that may not be cut,", (a, b)))  # fmt: skip
    keep_estates = profile.keep_estates if options.keep_estates is None else options.keep_estates
    fixed_blocks = {b for i in as_is for b in by_old[i]}
    if keep_estates:
        wholes += _estates(town, notes, fixed_blocks)
    pairs = np.array([(w.blocks[0], b) for w in wholes for b in w.blocks], dtype=np.int64).reshape(-1, 2)
    _, atom = pieces(len(town.block_ids), pairs[:, 0], pairs[:, 1])
    apart = tuple((lock, tuple(blocks_of(lock))) for lock in options.locks if lock.kind == "apart")
    joined = replace(
        town, wholes=tuple(wholes), fixed=tuple(sorted(i for i in as_is if by_old[i])), apart=apart, atom=atom,
        notes=tuple(notes),
    )  # fmt: skip
    _check_joined(joined)
    return replace(joined, conflicts=tuple(_collisions(joined)))


def _pieces_of(town: Town, wholes: Sequence[Whole], notes: list[Note]) -> list[Whole]:
    """Return one `Whole` per connected piece of each; no two may share a block. More than one piece is noted."""
    owner = np.full(len(town.block_ids), -1, dtype=np.int64)
    for i, whole in enumerate(wholes):
        owner[list(whole.blocks)] = i
    inside = (owner[town.seam_a] >= 0) & (owner[town.seam_a] == owner[town.seam_b])
    _, label = pieces(len(owner), town.seam_a[inside], town.seam_b[inside])
    found = []
    for whole in wholes:
        parts: dict[int, list[int]] = {}
        for block in whole.blocks:
            parts.setdefault(int(label[block]), []).append(block)
        if len(parts) > 1:
            notes.append(
                Note(
                    zh=f"{whole.zh}由互不相连的{len(parts)}块组成,每块各自保持完整。",
                    en=f"{capital(whole.en)} lies in {len(parts)} pieces that do not touch; each piece is kept whole.",
                )
            )
        found += [replace(whole, blocks=tuple(part), pieces=len(parts)) for part in parts.values()]
    return found


def _estates(town: Town, notes: list[Note], fixed: set[int]) -> list[Whole]:
    """Return the estates' blocks; those in a community that stays as it is are held by it already."""
    groups: dict[str, list[int]] = {}
    for i, group in enumerate(town.groups):
        if group:
            groups.setdefault(group, []).append(i)
    found = []
    for name, every in sorted(groups.items()):
        blocks = [b for b in every if b not in fixed]
        if 0 < len(blocks) < len(every):
            notes.append(
                Note(
                    zh=f"小区{name}有一部分在保持原状的社区内,只有其余部分保持完整。",
                    en=f"Estate {name} lies partly in a community that stays as it is; only the rest is kept whole.",
                )
            )
        if len(blocks) > 1:
            found.append(Whole("estate", name, f"小区{name}", f"estate {name}", tuple(blocks)))
    return _pieces_of(town, found, notes)


_EXCLUDING = (("as_is", "free"), ("whole", "free"), ("as_is", "together"))


def _check_locks(town: Town) -> None:
    """Refuse locks on what is not there, and locks that contradict each other."""
    ids = {"communities": set(town.old_ids), "blocks": set(town.block_ids)}
    faults = [
        Fault(f"{lock}: there is no such id: {', '.join(strange)}", f"use ids of the table {lock.of}", table=lock.of,
              ids=tuple(strange))
        for lock in town.options.locks
        if (strange := [i for i in dict.fromkeys(lock.ids) if i not in ids[lock.of]])
    ]  # fmt: skip
    for i, one in enumerate(town.options.locks):
        for two in town.options.locks[i:]:
            shared = sorted(set(one.ids) & set(two.ids)) if one.of == two.of else []
            kinds = {one.kind, two.kind}
            if any(kinds == set(pair) for pair in _EXCLUDING) and shared:
                if "together" in kinds and len(set(one.ids if one.kind == "together" else two.ids)) < 2:
                    continue
                faults.append(Fault(f"{one} and {two} contradict each other on {', '.join(shared)}",
                                    "keep one of the two", table=one.of, ids=tuple(shared)))  # fmt: skip
    if faults:
        raise InputError(faults)


def _check_joined(town: Town) -> None:
    """Refuse options that contradict each other once everything they join is joined."""
    faults = []
    for whole in town.wholes:
        if whole.kind != "together":
            continue
        atom = town.atom[whole.blocks[0]]
        parts = _loose(town, np.flatnonzero(town.atom == atom))
        if len(parts) > 1:
            shown = [town.block_ids[part[0]] for part in parts]
            faults.append(
                Fault(f"{whole.en}: what is to be together lies in {len(parts)} pieces that do not touch "
                      f"(one block of each: {', '.join(shown[:5])})",
                      "add the blocks between them to the lock", table="blocks", ids=tuple(shown))
            )  # fmt: skip
    for text, ids, asked in _clashes(town):
        if asked:
            faults.append(Fault(text, "keep one of the two", table="blocks", ids=ids))
    if faults:
        raise InputError(faults)


def _collisions(town: Town) -> Iterator[str]:
    """Yield a sentence for every place where what must stay together must not be together."""
    for text, _, asked in _clashes(town):
        if not asked:
            yield f"{text}."


def _loose(town: Town, blocks: Ints) -> list[list[int]]:
    """Return the connected pieces of some blocks."""
    own = np.zeros(len(town.block_ids), dtype=bool)
    own[blocks] = True
    inside = own[town.seam_a] & own[town.seam_b]
    _, label = pieces(len(own), town.seam_a[inside], town.seam_b[inside])
    parts: dict[int, list[int]] = {}
    for b in blocks.tolist():
        parts.setdefault(int(label[b]), []).append(b)
    return list(parts.values())


def _clashes(town: Town) -> Iterator[tuple[str, tuple[str, ...], bool]]:
    """Yield (sentence, blocks, whether both sides come from options) for every atom that must not be one."""
    seen = set()
    for a, b, name in _parted(town):
        atom = int(town.atom[a])
        if atom != town.atom[b] or (atom, name) in seen:
            continue
        seen.add((atom, name))
        holding = [w for w in town.wholes if town.atom[w.blocks[0]] == atom and (a in w.blocks or b in w.blocks)]
        held = " with ".join(dict.fromkeys(w.en for w in holding)) or town.atom_name(atom)
        asked = all(w.kind in ("together", "forbid_cut", "as_is") for w in holding)
        ids = (town.block_ids[a], town.block_ids[b])
        yield (
            f"{capital(held)} is kept together, but {name} between blocks {ids[0]} and {ids[1]}",
            ids,
            asked,
        )


def _parted(town: Town) -> Iterator[tuple[int, int, str]]:
    """Yield every pair of blocks that must not be in one community, and why."""
    for i in np.flatnonzero(town.cross).tolist():
        reason = f"no community may span {town.seam_names[i]}, which runs"
        yield int(town.seam_a[i]), int(town.seam_b[i]), reason
    for lock, sets in town.apart:
        for i, one in enumerate(sets):
            for two in sets[i + 1 :]:
                for a in sorted(one):
                    for b in sorted(two):
                        yield a, b, f"{lock} stands"
    for whole in town.wholes:
        for b in whole.blocks[1:]:
            if town.town[b] != town.town[whole.blocks[0]]:
                yield whole.blocks[0], b, "the limit of two towns runs"
    for i in town.fixed:
        inside = town.old == i
        first = int(np.flatnonzero(inside)[0])
        joined = np.flatnonzero((town.atom == town.atom[first]) & ~inside)
        for b in joined[:1].tolist():
            yield first, b, f"{town.names_en[i]} stays exactly as it is, so its border stands"
