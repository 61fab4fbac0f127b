"""What a plan does, in tables and in the words of an official text: who is kept, abolished, set up, what moves where.

`explain_plan` turns a plan (block → community) into `PlanTables`, the one source of every map, table and report of it.
A community that lives on keeps its id and its name; everything that leaves an id for another one is a move: the whole
community, or parcels told by their four bounds (see `transfers`). Who carries on which id is the engine's rule, unless
the planner says otherwise (see `heirs`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import geopandas as gpd
import pandas as pd

from geo.boundary_text import describe_bounds
from geo.errors import Fault, InputError
from geo.partition.actions.heirs import explain_heirs, with_heirs
from geo.partition.actions.names import Words, block_of, new_names, old_names, outer_border
from geo.partition.actions.transfers import COUNTS, UNASSIGNED, action, moves_table, outcome, union
from geo.partition.plan import Plan
from geo.partition.rules import check_plan
from geo.schema import OUTSIDE

__all__ = [
    "TERM_MEANINGS",
    "UNASSIGNED",
    "PlanTables",
    "explain_heirs",
    "explain_plan",
    "transfer_matrix",
    "with_heirs",
]

TOTAL = "total"
"""Row and column of sums in a wide transfer matrix."""
NO_COMMUNITY = "none"
"""Its row for land that belongs to no community today."""

Value = Literal["households", "people", "area_m2", "buildings_count"]

TERM_MEANINGS: Mapping[str, tuple[str, str]] = {
    "seam": ("边界沿支路小巷、干道水系落在社区内部的长度(按等级折算)",
             "borders along lanes, and wide roads or water inside communities, weighted by class"),
    "change": ("更换所属社区的户数", "households whose community changes"),
    "land": ("更换所属社区的土地面积", "land whose community changes"),
    "mixed": ("划入村的社区居民户数", "households of communities that come to a village"),
    "abolished": ("撤销的社区数", "communities that disappear"),
    "size": ("各社区户数与目标户数之差", "households above or below the target"),
    "shape": ("社区边界总长", "total length of the borders between communities"),
    "service": ("居民到社区服务用房的距离", "distance to the community's office"),
}  # fmt: skip


@dataclass(frozen=True)
class PlanTables:
    """Everything a map, a table or a report shows of one plan.

    Attributes
    ----------
    blocks : GeoDataFrame
        Index block_id; households, people, dwellings, area_m2 [m²], group_id, community_id (after),
        community_id_before, moved, geometry.
    seams : GeoDataFrame
        The seams table with community_a and community_b (after; missing outside), cut (part of a community's border
        after), cut_before.
    communities : GeoDataFrame
        After. Index community_id; name, name_en, kind, households, people, area_m2, blocks_count, buildings_count,
        estates_count, households_before, people_before (missing when new), status (kept, changed, created: its
        range), fate (as below, or created), renamed, the four bounds in four texts, bounds_agreement (the share of land
        that they give back when they are read), text_zh, text_en (what happens to it and what it is made of),
        name_source (kept, decided, proposed), name_proposed (it waits for a decision), note_zh, note_en, geometry.
    communities_before : GeoDataFrame
        Today. Index community_id; name, name_en, kind, locked, households, people, area_m2, blocks_count,
        buildings_count, fate (one of kept, renamed, received, gave, exchanged, abolished; `renamed` when only the name
        changes), renamed (its name changes, whatever else does), heir_id (the id that carries on its name; missing
        when abolished), text_zh, text_en (its action, as the plan states it), geometry.
    moves : GeoDataFrame
        Index move_id; from_id (missing for land of no community), from_name, to_id, to_name, households, people,
        area_m2, buildings_count, whole, bounds_zh, bounds_en (half-plane form, north-east-south-west), place_zh,
        place_en (how the sentence says where it is: the bounds, or the estates or block numbers where those say it
        better), text_zh, text_en, geometry. One row per contiguous parcel; a whole transfer is one row.
    matrix : DataFrame
        The transfer matrix: community_id_before, community_id, households, people, area_m2, buildings_count; every
        pair that shares a block. `transfer_matrix` makes it wide.
    violations : DataFrame
        rule, community_id, measured, allowed, text_zh, text_en.
    terms : DataFrame
        term, value, unit, weight, weighted, meaning_zh, meaning_en.
    plan : Plan
    """

    blocks: gpd.GeoDataFrame
    seams: gpd.GeoDataFrame
    communities: gpd.GeoDataFrame
    communities_before: gpd.GeoDataFrame
    moves: gpd.GeoDataFrame
    matrix: pd.DataFrame
    violations: pd.DataFrame
    terms: pd.DataFrame
    plan: Plan


def explain_plan(
    plan: Plan,
    *,
    blocks: gpd.GeoDataFrame,
    seams: gpd.GeoDataFrame,
    communities: gpd.GeoDataFrame | None = None,
    buildings: gpd.GeoDataFrame | None = None,
    estates: gpd.GeoDataFrame | None = None,
    names: Mapping[str, tuple[str, str]] | None = None,
    heirs: Mapping[str, str | None] | None = None,
    outside: tuple[str, str] | None = None,
) -> PlanTables:
    """Return what a plan does, in tables and words.

    Old and new communities are compared by whole blocks: a block that straddles today's borders counts for the
    community in `blocks.community_id`, so that nothing is counted twice or lost.

    Parameters
    ----------
    plan
        Its assignment names every block; an id of today's communities is the heir of that community.
    blocks, seams, communities, buildings, estates
        Tables of the study (`geo.schema`), one metric CRS. Buildings and estates are counted by an inner point; where
        there is no table of buildings, the count of the blocks stands, and none at all is unknown.
    names
        Community id → (Chinese, English) name that was decided: for new communities, or to rename one. The ids are
        those after `heirs`. They add to the plan's own, and `PlanTables.plan` keeps them.
    heirs
        Community of today → the plan's community that shall carry it on (see `with_heirs`); `PlanTables.plan` is then
        the plan with these ids.
    outside
        What the study's unnamed outer edge is called, in Chinese and English. By default after the town that all of
        today's communities lie in (清河镇 → 镇界, 西屯区 → 区界); 镇界 where they name none or several; and the edge
        of the study area where there are no communities, for then it may be any frame.

    Returns
    -------
    PlanTables
        Rows sorted by id; the inputs are not changed.

    Raises
    ------
    InputError
        When the plan and the blocks do not name the same blocks, or names or heirs name what is not there.
    """
    if heirs:
        plan = with_heirs(plan, heirs, blocks=blocks)
    living = set(plan.assignment.values())
    decided = {i: name for i, name in plan.names.items() if i in living} | dict(names or {})
    ledger = _ledger(plan, blocks, seams, buildings, estates)
    old = old_names(ledger, communities)
    new = new_names(ledger, old, seams, estates, decided)
    plan = plan.model_copy(update={"names": MappingProxyType(decided)})
    words = Words(seams, old, new, estates, outside or outer_border(communities))
    moves = moves_table(ledger, words)
    return PlanTables(
        blocks=_blocks_table(ledger),
        seams=_seams_table(seams, ledger),
        communities=_communities_table(ledger, words, moves),
        communities_before=_before_table(ledger, communities, words, moves),
        moves=moves,
        matrix=_matrix(ledger),
        violations=check_plan(plan, blocks, seams, communities),
        terms=_terms(plan),
        plan=plan,
    )


# ── the ledger: every block, before and after ────────────────────────────────────────────────────────────────────────
def _ledger(
    plan: Plan,
    blocks: gpd.GeoDataFrame,
    seams: gpd.GeoDataFrame,
    buildings: gpd.GeoDataFrame | None,
    estates: gpd.GeoDataFrame | None,
) -> gpd.GeoDataFrame:
    """Return the blocks, sorted by id, with `after`, `before` ("" for no community) and the counts."""
    ids = {str(block) for block in blocks.index}
    neighbours = (set(seams["block_a"].astype(str)) | set(seams["block_b"].astype(str))) - {OUTSIDE}
    faults = [
        Fault(f"{len(strangers)} {what}", remedy, table=table, ids=tuple(sorted(strangers)))
        for strangers, what, remedy, table in (
            (ids - set(plan.assignment), "blocks have no community in the plan",
             "make the plan anew from these blocks", "blocks"),
            (set(plan.assignment) - ids, "blocks of the plan are not in the blocks table",
             "use the blocks the plan was made from, or make it anew", "blocks"),
            (neighbours - ids, "blocks named by seams are not in the blocks table",
             "make blocks and seams together (shequ blocks)", "seams"),
        )
        if strangers
    ]  # fmt: skip
    if faults:
        raise InputError(faults)
    ledger = blocks.set_axis(blocks.index.astype(str), axis=0).sort_index()
    ledger["after"] = [plan.assignment[block] for block in ledger.index]
    ledger["before"] = ledger["community_id"].astype("object").where(ledger["community_id"].notna(), "").astype(str)
    if buildings is not None and len(buildings):
        ledger["buildings_count"] = _count_inside(buildings, ledger)
    elif "buildings_count" not in ledger.columns or not ledger["buildings_count"].fillna(0).any():
        ledger["buildings_count"] = pd.array([pd.NA] * len(ledger), dtype="Int64")  # no buildings mapped is not none
    unknown = pd.array([pd.NA] * len(ledger), dtype="Int64")
    ledger["estates_count"] = unknown if estates is None else _count_inside(estates, ledger)
    ledger["area_m2"] = ledger.geometry.area
    for column in ("households", "people", "buildings_count"):
        ledger[column] = ledger[column].astype("Int64")
    return ledger


def _count_inside(things: gpd.GeoDataFrame, ledger: gpd.GeoDataFrame) -> pd.Series:
    """Return how many things have their inner point in each block; on a common border the first block counts it."""
    counts = pd.Series(0, index=ledger.index, dtype="Int64")
    block = block_of(things, ledger)
    found = pd.Series(block[block >= 0]).value_counts()
    counts.iloc[found.index.to_numpy()] = found.to_numpy()
    return counts


def _totals(ledger: gpd.GeoDataFrame, by: Sequence[str], columns: Iterable[str] = COUNTS) -> pd.DataFrame:
    """Return sums by group; a sum of nothing but unknowns is unknown."""
    return ledger.groupby(list(by), sort=True)[list(columns)].sum(min_count=1)


def _matrix(ledger: gpd.GeoDataFrame) -> pd.DataFrame:
    pairs = _totals(ledger, ["before", "after"]).reset_index()
    pairs = pairs.rename(columns={"before": "community_id_before", "after": "community_id"})
    pairs["community_id_before"] = _no_text(pairs["community_id_before"])
    return pairs


def transfer_matrix(tables: PlanTables, value: Value = "households") -> pd.DataFrame:
    """Return the transfer matrix as a wide table with its sums.

    Parameters
    ----------
    tables
    value
        What is counted: households, people, buildings_count, or area_m2 [m²].

    Returns
    -------
    DataFrame
        Rows: communities of today by id, then `none` (land of no community, where there is any) and `total`; columns:
        communities of the plan by id, and `total`. 0 where two share no block; missing where they do and the number is
        unknown. A sum is that of its known numbers, missing when none is known; the corner is the town's total.
    """
    pairs = tables.matrix.assign(old=tables.matrix["community_id_before"].astype("object").fillna(NO_COMMUNITY))
    olds = [*tables.communities_before.index, *([NO_COMMUNITY] if (pairs["old"] == NO_COMMUNITY).any() else [])]
    news = list(tables.communities.index)
    dtype = "float64" if value == "area_m2" else "Int64"
    wide = pd.DataFrame(0, index=olds, columns=news, dtype=dtype)
    for old, new, amount in zip(pairs["old"], pairs["community_id"], pairs[value], strict=True):
        wide.loc[old, new] = amount
    wide[TOTAL] = _known_sum(pairs, "old", value).reindex(olds, fill_value=0).astype(dtype)
    foot = _known_sum(pairs, "community_id", value).reindex(news)
    foot[TOTAL] = pairs[value].sum(min_count=1)
    wide.loc[TOTAL] = foot
    wide = wide.astype(dtype)
    wide.index, wide.columns = pd.Index(wide.index, name="community_id_before"), pd.Index(wide.columns, name=value)
    return wide


def _known_sum(pairs: pd.DataFrame, by: str, value: str) -> pd.Series:
    return pairs.groupby(by)[value].sum(min_count=1)


def _blocks_table(ledger: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    table = ledger[["households", "people", "dwellings", "area_m2", "group_id"]].copy()
    table["community_id"] = ledger["after"].astype("str")
    table["community_id_before"] = _no_text(ledger["before"])
    table["moved"] = (ledger["before"] != ledger["after"]) & bool((ledger["before"] != "").any())
    return _framed(table, ledger.geometry, "block_id")


def _seams_table(seams: gpd.GeoDataFrame, ledger: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    table = seams.sort_index()
    a, b = table["block_a"].astype(str), table["block_b"].astype(str)
    table["community_a"] = a.map(ledger["after"]).astype("str")
    table["community_b"] = b.map(ledger["after"]).astype("str")
    table["cut"] = (table["community_a"] != table["community_b"]).to_numpy(dtype=bool)
    table["cut_before"] = (a.map(ledger["before"]).fillna("") != b.map(ledger["before"]).fillna("")).to_numpy(
        dtype=bool
    )
    return table


def _shapes(ledger: gpd.GeoDataFrame, by: pd.Series) -> gpd.GeoSeries:
    """Return the exact union of the blocks of each group."""
    parts = ledger.geometry.groupby(by.to_numpy(), sort=True)
    unions = {group: union(part.to_numpy()) for group, part in parts}
    return gpd.GeoSeries(list(unions.values()), index=pd.Index(list(unions), dtype="str"), crs=ledger.crs)


# ── the two lists of communities ─────────────────────────────────────────────────────────────────────────────────────
def _communities_table(ledger: gpd.GeoDataFrame, words: Words, moves: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    shapes = _shapes(ledger, ledger["after"])
    bounds = describe_bounds(
        gpd.GeoDataFrame(geometry=shapes), words.seams, ledger["after"],
        names=words.new, outside=words.outside, estates=words.estates, blocks=ledger,
    )  # fmt: skip
    now = _totals(ledger, ["after"], (*COUNTS, "estates_count"))
    before = _totals(ledger, ["before"], ("households", "people")).reindex(now.index)
    table = _named(words.new)
    table[["households", "people", "area_m2"]] = now[["households", "people", "area_m2"]]
    table["blocks_count"] = ledger.groupby("after").size().astype("Int64")
    table[["buildings_count", "estates_count"]] = now[["buildings_count", "estates_count"]]
    table[["households_before", "people_before"]] = before.astype("Int64")
    table["status"] = [_status(ledger, identity) for identity in table.index]
    table[list(bounds.columns)] = bounds
    table["fate"] = [_fate(ledger, str(i), words) for i in table.index]
    table["renamed"] = [_renamed(str(i), words) for i in table.index]
    texts = [
        outcome(str(i), created=status == "created", changed=status == "changed", bounds=bounds.loc[i], moves=moves,
                words=words)
        for i, status in table["status"].items()
    ]  # fmt: skip
    table["text_zh"], table["text_en"] = [zh for zh, _ in texts], [en for _, en in texts]
    table["name_source"] = words.new["name_source"].astype("str")
    table["name_proposed"] = (words.new["name_source"] == "proposed").astype(bool)
    table["note_zh"], table["note_en"] = _no_text(words.new["note_zh"]), _no_text(words.new["note_en"])
    return _framed(table, shapes, "community_id")


def _status(ledger: gpd.GeoDataFrame, identity: object) -> str:
    then, now = ledger["before"] == identity, ledger["after"] == identity
    if not then.any():
        return "created"
    return "kept" if then.equals(now) else "changed"


def _before_table(
    ledger: gpd.GeoDataFrame, communities: gpd.GeoDataFrame | None, words: Words, moves: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    old = words.old
    shapes = _shapes(ledger[ledger["before"] != ""], ledger.loc[ledger["before"] != "", "before"]).reindex(old.index)
    locks = pd.Series(pd.NA, index=old.index, dtype="boolean")
    if communities is not None:
        known = communities.set_axis(communities.index.astype(str), axis=0)
        blockless = shapes.index[shapes.isna()]
        shapes.loc[blockless] = known.geometry.reindex(blockless)
        if "locked" in known.columns:
            locks = known["locked"].reindex(old.index).astype("boolean")
    table = _named(old)
    table["locked"] = locks
    totals = _totals(ledger, ["before"]).reindex(old.index)
    table[["households", "people", "area_m2"]] = totals[["households", "people", "area_m2"]]
    table["blocks_count"] = ledger.groupby("before").size().reindex(old.index, fill_value=0).astype("Int64")
    table["buildings_count"] = totals["buildings_count"]
    fates = [_fate(ledger, identity, words) for identity in old.index]
    table["fate"] = pd.Series(fates, index=old.index, dtype="str")
    table["heir_id"] = pd.Series([i if fate != "abolished" else None for i, fate in zip(old.index, fates, strict=True)],
                                 index=old.index, dtype="str")  # fmt: skip
    table["renamed"] = pd.Series([_renamed(identity, words) for identity in old.index], index=old.index, dtype="bool")
    texts = [action(identity, fate, moves, words) for identity, fate in zip(old.index, fates, strict=True)]
    table["text_zh"] = pd.Series([zh for zh, _ in texts], index=old.index, dtype="str")
    table["text_en"] = pd.Series([en for _, en in texts], index=old.index, dtype="str")
    return _framed(table, shapes, "community_id")


def _fate(ledger: gpd.GeoDataFrame, identity: str, words: Words) -> str:
    """Return what becomes of an id: one word, the same in both tables."""
    then, now = ledger["before"] == identity, ledger["after"] == identity
    if not now.any():
        return "abolished"
    if not then.any():
        return "created"
    gave, received = bool((then & ~now).any()), bool((now & ~then).any())
    stays = "renamed" if _renamed(identity, words) else "kept"
    return {(False, False): stays, (False, True): "received", (True, False): "gave", (True, True): "exchanged"}[
        gave, received
    ]


def _renamed(identity: str, words: Words) -> bool:
    """Return whether a community lives on under another name."""
    both = identity in words.old.index and identity in words.new.index
    return both and words.today(identity)[0] != words.then(identity)[0]


# ── rules, terms, frames ─────────────────────────────────────────────────────────────────────────────────────────────
def _terms(plan: Plan) -> pd.DataFrame:
    rows = [
        (name, term.value, term.unit, term.weight, term.weighted, *TERM_MEANINGS.get(name, (name, name)))
        for name, term in plan.terms.items()
    ]
    return pd.DataFrame(rows, columns=["term", "value", "unit", "weight", "weighted", "meaning_zh", "meaning_en"])


def _named(naming: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {column: _no_text(naming[column]) for column in ("name", "name_en", "kind")}, index=naming.index
    )


def _no_text(values: pd.Series) -> pd.Series:
    return values.astype("str").where(values != "")


def _framed(table: pd.DataFrame, geometry: gpd.GeoSeries, index: str) -> gpd.GeoDataFrame:
    """Return the table with its geometry last and its index named."""
    frame = gpd.GeoDataFrame(pd.DataFrame(table), geometry=geometry.reindex(table.index), crs=geometry.crs)
    frame.index = pd.Index(frame.index.astype(str), dtype="str", name=index)
    return frame
