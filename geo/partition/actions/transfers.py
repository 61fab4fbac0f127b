"""What moves from which community to which, parcel by parcel, and the sentences of an official plan that say so.

A whole transfer is one sentence (撤销A社区,将A社区整体划入B社区管辖); a parcel is told by its four bounds (将P路以南、
Q路以西、R路以北、S路以东划入B社区管辖); several parcels to one target are joined and counted (…三个区域划入B社区管辖).
"""

from collections.abc import Hashable, Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from geo.boundary_text import CLOCKWISE, SIDES, Bounds, bounds_of_en, bounds_of_zh, tell_bounds
from geo.boundary_text.words import PLOT
from geo.partition.actions.names import Words, block_of

COUNTS = ("households", "people", "area_m2", "buildings_count")
"""What is counted of everything that moves."""

UNASSIGNED = ("未划入社区的区域", "land of no community")
"""How land is called that belongs to no community today."""

LONG_BOUNDS = 60
"""Bounds of more characters than this are hard to follow for a small parcel."""
SMALL_PARCEL = 3
"""A parcel of so many blocks is small."""
VAGUE_SIDES = 2
"""A parcel with so many of its four sides along nothing but plot boundaries cannot be found by its bounds."""
SHOWN_BLOCKS = 3
ESTATES_SHARE = 0.6
"""Estates that make up this share of a parcel's land stand for it."""

_NUMERALS = dict(enumerate("两三四五六七八九十", start=2))
_WORDS = dict(enumerate(("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"), start=2))
_TEXTS = ("from_id", "from_name", "to_id", "to_name", "bounds_zh", "bounds_en", "place_zh", "place_en", "text_zh",
          "text_en")  # fmt: skip


def union(shapes: np.ndarray) -> shapely.Geometry:
    """Return the exact union of blocks."""
    return shapely.normalize(shapely.coverage_union_all(shapes))


# ── the parcels ──────────────────────────────────────────────────────────────────────────────────────────────────────
def moves_table(ledger: gpd.GeoDataFrame, words: Words) -> gpd.GeoDataFrame:
    """Return one row per parcel that changes hands, with its texts (see `PlanTables.moves`)."""
    parcels = _parcels(ledger, words.seams)
    ids = [f"M{i:0{max(2, len(str(len(parcels))))}}" for i in range(1, len(parcels) + 1)]
    place = pd.Series(
        {block: move for move, (_, _, part) in zip(ids, parcels, strict=True) for block in part}, dtype="str"
    )
    shapes = gpd.GeoDataFrame(
        geometry=gpd.GeoSeries(
            [union(ledger.geometry.loc[list(part)].to_numpy()) for _, _, part in parcels], crs=ledger.crs
        )
    ).set_axis(pd.Index(ids, dtype="str"))
    today = ledger["before"].where(ledger["before"] != "")
    origins: dict[Hashable, str] = {move: origin for move, (origin, _, _) in zip(ids, parcels, strict=True) if origin}
    told = tell_bounds(
        shapes, words.seams, place, ledger, names=words.old, neighbours=today, outside=words.outside,
        estates=words.estates, within=origins,
    )  # fmt: skip
    bounds = {move: one.bounds for move, one in told.items()}
    amounts, sizes = pd.DataFrame(ledger[list(COUNTS)]), ledger["before"].value_counts()
    compounds, living = _compounds(ledger, words.estates), set(ledger["after"])
    rows = []
    for move, (origin, target, part) in zip(ids, parcels, strict=True):
        whole = bool(origin) and len(part) == sizes[origin]
        giver, taker = words.today(origin) if origin else UNASSIGNED, words.then(target)
        zh, en = bounds_of_zh(bounds[move], CLOCKWISE), bounds_of_en(bounds[move], CLOCKWISE)
        spot = _spot(bounds[move], (zh, en), ledger.loc[list(part)], compounds)
        texts = _move_texts(whole=whole, lives_on=origin in living, origin=giver, target=taker, spot=spot)
        counts = amounts.loc[list(part)].sum(min_count=1)
        rows.append((origin or None, giver[0], target, taker[0], *counts, whole, zh, en, *spot, *texts))
    columns = ["from_id", "from_name", "to_id", "to_name", *COUNTS, "whole", *_TEXTS[4:]]
    table = pd.DataFrame(rows, columns=columns, index=shapes.index)
    numbers = {"households": "Int64", "people": "Int64", "buildings_count": "Int64", "area_m2": "float64"}
    table = table.astype({**numbers, "whole": "bool", **dict.fromkeys(_TEXTS, "str")})
    return gpd.GeoDataFrame(table, geometry=shapes.geometry, crs=ledger.crs).rename_axis("move_id")


def _parcels(ledger: gpd.GeoDataFrame, seams: gpd.GeoDataFrame) -> list[tuple[str, str, tuple[str, ...]]]:
    """Return (from, to, blocks) of every move: whole communities in one, the others by contiguous piece."""
    if not (ledger["before"] != "").any():
        return []
    plain = pd.DataFrame(ledger[["before", "after"]])
    homes = ledger["households"].fillna(0)
    west, north = ledger.geometry.bounds["minx"].round(3), ledger.geometry.bounds["maxy"].round(3)
    sizes = plain["before"].value_counts()
    parcels = []
    for (origin, target), part in plain[plain["before"] != plain["after"]].groupby(["before", "after"], sort=True):
        whole = bool(origin) and len(part) == sizes[origin]
        found = [list(part.index)] if whole else pieces(list(part.index), seams)
        found.sort(key=lambda p: (-int(homes[p].sum()), -north[p].max(), west[p].min(), p[0]))
        parcels += [(str(origin), str(target), tuple(piece)) for piece in found]
    return parcels


def pieces(ids: list[str], seams: gpd.GeoDataFrame) -> list[list[str]]:
    """Return the blocks as contiguous pieces; blocks are neighbours when a seam lies between them."""
    place = {block: i for i, block in enumerate(ids)}
    a, b = seams["block_a"].map(place), seams["block_b"].map(place)
    joined = (a.notna() & b.notna()).to_numpy()
    rows, columns = a[joined].to_numpy(dtype=np.int64), b[joined].to_numpy(dtype=np.int64)
    graph = coo_array((np.ones(len(rows)), (rows, columns)), shape=(len(ids), len(ids)))
    count, label = connected_components(graph, directed=False)
    return [[ids[i] for i in np.flatnonzero(label == piece)] for piece in range(count)]


def _compounds(ledger: gpd.GeoDataFrame, estates: gpd.GeoDataFrame | None) -> pd.DataFrame:
    """Return the named estates: block of the inner point, name, name_en, area_m2; largest first."""
    columns = ["block", "name", "name_en", "area_m2"]
    if estates is None or len(estates) == 0 or "name" not in estates.columns:
        return pd.DataFrame(columns=columns)
    place = block_of(estates, ledger)
    english = estates["name_en"] if "name_en" in estates.columns else pd.Series(None, index=estates.index)
    table = pd.DataFrame({
        "block": [str(ledger.index[i]) if i >= 0 else "" for i in place], "name": estates["name"].to_numpy(),
        "name_en": english.to_numpy(), "area_m2": estates.geometry.area.to_numpy(),
    })  # fmt: skip
    named = table[table["name"].notna() & (table["block"] != "")]
    return named.sort_values(["area_m2", "name"], ascending=[False, True])


def _spot(bounds: Bounds, told: tuple[str, str], part: gpd.GeoDataFrame, compounds: pd.DataFrame) -> tuple[str, str]:
    """Return how a sentence says where a parcel is: by its bounds; by its estates where those say it better.

    Bounds that run along unnamed plot boundaries on two sides or more cannot be followed on a map, and long ones are
    no help with a small parcel: then the estates that make it up are named, or else its blocks are numbered.
    """
    vague = sum(all(edge.name == PLOT[0] for chain in bounds.side(side) for edge in chain) for side in SIDES)
    if vague < VAGUE_SIDES and not (len(part) <= SMALL_PARCEL and len(told[0]) > LONG_BOUNDS):
        return told
    here = compounds[compounds["block"].isin(part.index)]
    if len(here) and here["area_m2"].sum() >= ESTATES_SHARE * part["area_m2"].sum():
        names = [str(name) for name in here["name"]]
        english = [str(zh) if pd.isna(en) else str(en) for zh, en in zip(here["name"], here["name_en"], strict=True)]
        return f"{'、'.join(names)}所在区域", f"where {_and(english)} {'are' if len(names) > 1 else 'is'}"
    if vague < VAGUE_SIDES:
        return told
    shown = [str(block) for block in part.index[:SHOWN_BLOCKS]]
    more = len(part) > SHOWN_BLOCKS
    zh = f"地块{'、'.join(shown)}{f'等{len(part)}个地块' if more else ''}"
    en = f"block{'s' if len(part) > 1 else ''} {', '.join(shown)}{f', … ({len(part)} blocks)' if more else ''}"
    return f"{told[0]}({zh})", f"{told[1]} ({en})"


# ── sentences ────────────────────────────────────────────────────────────────────────────────────────────────────────
def _move_texts(
    *, whole: bool, lives_on: bool, origin: tuple[str, str], target: tuple[str, str], spot: tuple[str, str]
) -> tuple[str, str]:
    """Return one move as a sentence that stands alone."""
    (a, a_en), (b, b_en), (zh, en) = origin, target, spot
    if whole and lives_on:  # its name was given to other land
        return f"将{a}现有范围整体划入{b}管辖", f"All of today's {a_en} passes to {b_en}"
    if whole:
        return f"撤销{a},将{a}整体划入{b}管辖", f"Abolish {a_en}; all of {a_en} passes to {b_en}"
    return f"将{a}内{zh}划入{b}管辖", f"The part of {a_en} {en} passes to {b_en}"


def action(identity: str, fate: str, moves: pd.DataFrame, words: Words) -> tuple[str, str]:
    """Return what happens to one old community, as the plan states it: its end or its name, what leaves, what comes."""
    a, a_en = words.today(identity)
    own = moves[moves["from_id"] == identity]
    if fate == "abolished" and len(own) == 0:
        return f"撤销{a}(现有范围不足一个完整地块)", f"Abolish {a_en} (it holds no whole block today)"
    if fate == "abolished" and own["whole"].iloc[0]:
        return str(own["text_zh"].iloc[0]), str(own["text_en"].iloc[0])
    name, name_en = words.then(identity) if identity in words.new.index else (a, a_en)
    if fate == "abolished":
        head, head_en = f"撤销{a}", f"Abolish {a_en}"
    elif name != a:
        head, head_en = f"{a}更名为{name}", f"{a_en} is renamed {name_en}"
    else:
        head, head_en = f"保留{a}", f"Keep {a_en}"
    homes = own.groupby("to_id")["households"].sum()
    targets = sorted(homes.index, key=lambda target: (-int(homes[target]), target))
    owner = "" if fate == "abolished" else f"{a}内"
    clauses, clauses_en = [], []
    for target in targets:
        parcels = own[own["to_id"] == target]
        zh, en = list(parcels["place_zh"]), list(parcels["place_en"])
        b, b_en = words.then(target)
        many = len(parcels)
        if parcels["whole"].iloc[0]:
            clauses.append(str(parcels["text_zh"].iloc[0]))
            clauses_en.append(str(parcels["text_en"].iloc[0]))
        elif many == 1:
            clauses.append(f"将{owner}{zh[0]}划入{b}管辖")
            clauses_en.append(f"its land {en[0]} passes to {b_en}")
        else:
            joined = "、".join(zh[:-1]) + "和" + zh[-1]
            clauses.append(f"将{owner}{joined}{_NUMERALS.get(many, many)}个区域划入{b}管辖")
            listed = "; ".join(f"({i}) {text}" for i, text in enumerate(en, start=1))
            clauses_en.append(f"{_WORDS.get(many, many)} areas of it pass to {b_en}: {listed}")
    if fate != "abolished" and (came := _sources(identity, moves, words)):
        clauses.append(f"同时将{came[0]}列入{name}管理")
        clauses_en.append(f"It takes in {came[1]}")
    if not clauses:
        return head, head_en
    return f"{head},{';'.join(clauses)}", sentences_en([head_en, *clauses_en])


def outcome(
    identity: str, *, created: bool, changed: bool, bounds: pd.Series, moves: pd.DataFrame, words: Words
) -> tuple[str, str]:
    """Return what one community of the plan is: kept, renamed, changed or set up, what it is made of, its range."""
    b, b_en = words.then(identity)
    reach, reach_en = bounds["bounds_to_zh"], bounds["bounds_to_en"]
    came = _sources(identity, moves, words)
    if created:
        made = f"由{came[0]}组成," if came else ""
        made_en = f" from {came[1]}" if came else ""
        return f"设立{b},{made}范围为{reach}", f"Set up {b_en}{made_en}: {reach_en}"
    a, a_en = words.today(identity)
    renamed = a != b
    if not changed and renamed:
        return f"{a}更名为{b},范围不变:{reach}", f"{a_en} is renamed {b_en}; its range stays: {reach_en}"
    if not changed:
        return f"保留{b},范围不变:{reach}", f"Keep {b_en} unchanged: {reach_en}"
    head, head_en = (f"{a}更名为{b},", [f"{a_en} is renamed {b_en}"]) if renamed else ("", [])
    taken = f"将{came[0]}列入管理," if came else ""
    taken_en = f", taking in {came[1]}" if came else ""
    return (
        f"{head}调整{b}范围,{taken}调整后{reach}",
        sentences_en([*head_en, f"Adjust {b_en}{taken_en}; it then reaches {reach_en}"]),
    )


def _sources(identity: str, moves: pd.DataFrame, words: Words) -> tuple[str, str] | None:
    """Return what comes to a community: whole communities, parts of others, land of none; None when nothing does."""
    own = moves[moves["to_id"] == identity]
    if len(own) == 0:
        return None
    homes = own.assign(key=own["from_id"].fillna("")).groupby("key")[["households", "area_m2"]].sum()
    order = sorted(homes.index, key=lambda key: (-int(homes.loc[key, "households"]), -homes.loc[key, "area_m2"], key))
    entire = set(own.loc[own["whole"], "from_id"])
    wholes = [words.today(key) for key in order if key in entire]
    parts = [words.today(key) for key in order if key and key not in entire]
    zh, en = [], []
    if wholes:
        zh.append("、".join(a for a, _ in wholes) + "整体")
        en.append(f"all of {_and([a for _, a in wholes])}")
    if parts:
        zh.append("、".join(a for a, _ in parts) + "的部分区域")
        en.append(f"part{'s' if len(parts) > 1 else ''} of {_and([a for _, a in parts])}")
    if "" in order:
        zh.append(UNASSIGNED[0])
        en.append(UNASSIGNED[1])
    return "、".join(zh[:-1]) + ("和" if len(zh) > 1 else "") + zh[-1], _and(en)


def _and(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def sentences_en(sentences: Sequence[str]) -> str:
    """Return English sentences in a row, the last without its full stop; Vil. at an end has one full stop, not two."""
    *first, last = (text[:1].upper() + text[1:] for text in sentences)
    return " ".join([*(f"{text.removesuffix('.')}." for text in first), last])
