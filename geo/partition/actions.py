"""What a plan does, in tables and in the words of an official text: who is kept, abolished, set up, what moves where.

`explain_plan` turns a plan (block → community) into `PlanTables`, the one source of every map, table and report of it.
A community that lives on keeps its id and its name; everything that leaves an id for another one is a move: the whole
community (撤销A社区,将A社区整体划入B社区管辖), or parcels told by their four bounds.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from geo.boundary_text import (
    CLOCKWISE,
    TOWN_BORDER,
    bounds_of_en,
    bounds_of_zh,
    describe_bounds,
    trace_bounds,
    unit_name,
)
from geo.errors import Fault, InputError
from geo.partition.plan import Plan
from geo.partition.rules import check_plan
from geo.schema import OUTSIDE, ROAD_CLASSES

UNASSIGNED = ("未划入社区的区域", "land of no community")
"""How land is called that belongs to no community today."""

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

STUDY_BORDER = ("规划范围界", "the edge of the study area")
"""How the outer edge is called where no community says what town it is."""

_TOWN_BORDERS = (
    (("街道", "街道办事处"), ("街道界", "the subdistrict border")),
    (("乡",), ("乡界", "the township border")),
    (("区", "區"), ("区界", "the district border")),
    (("县", "縣"), ("县界", "the county border")),
    (("市",), ("市界", "the city border")),
)
_COUNTS = ("households", "people", "area_m2", "buildings_count")
_UNIT = re.compile(r"(社区|居民委员会|村民委员会|居委会|村委会|小区|村)$")
_UNIT_EN = re.compile(r"\s+(Residential Community|Community|Village|Vil\.|Estate|Neighbou?rhood)$", re.IGNORECASE)
_ALLEY_UNIT = re.compile(r"(?<=..)里$")
"""里 is a unit of its own (何安里), but not in names of two characters (万里)."""
_EIGHT = (("东", "East"), ("东北", "North-East"), ("北", "North"), ("西北", "North-West"),
          ("西", "West"), ("西南", "South-West"), ("南", "South"), ("东南", "South-East"))  # fmt: skip
_NUMERALS = dict(enumerate("两三四五六七八九十", start=2))
_WORDS = dict(enumerate(("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"), start=2))
_MAIN_ESTATE_SHARE = 0.3
"""An estate with this share of a new community's land gives it its name."""
_MAIN_ORIGIN_SHARE = 0.5
"""So does the old community that most of its households come from, with a direction."""


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
        estates_count, households_before, people_before (missing when new), status (kept, changed, created), the four
        bounds in four texts, text_zh, text_en (what happens to it), name_proposed (the name follows a rule and waits
        for a decision), note_zh, note_en, geometry.
    communities_before : GeoDataFrame
        Today. Index community_id; name, name_en, kind, locked, households, people, area_m2, fate (kept, received,
        gave, exchanged, abolished), heir_id (the id that carries on its name; missing when abolished), text_zh,
        text_en (its action, as the plan states it), geometry.
    moves : GeoDataFrame
        Index move_id; from_id (missing for land of no community), from_name, to_id, to_name, households, people,
        area_m2, buildings_count, whole, bounds_zh, bounds_en (half-plane form, north-east-south-west), text_zh,
        text_en, geometry. One row per contiguous parcel; a whole transfer is one row.
    matrix : DataFrame
        The transfer matrix: community_id_before, community_id, households, people, area_m2, buildings_count; every
        pair that shares a block.
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
        Community id → (Chinese, English) name that was decided: for new communities, or to rename one.
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
        When the plan and the blocks do not name the same blocks.
    """
    ledger = _ledger(plan, blocks, seams, buildings, estates)
    old = _old_names(ledger, communities)
    new = _new_names(ledger, old, seams, estates, dict(names or {}))
    words = _Words(seams, old, new, estates, outside or _outer_border(communities))
    moves = _moves(ledger, words)
    return PlanTables(
        blocks=_blocks_table(ledger),
        seams=_seams_table(seams, ledger),
        communities=_communities_table(ledger, words),
        communities_before=_before_table(ledger, communities, words, moves),
        moves=moves.drop(columns="blocks_key"),
        matrix=_matrix(ledger),
        violations=check_plan(plan, blocks, seams, communities),
        terms=_terms(plan),
        plan=plan,
    )


def _outer_border(communities: gpd.GeoDataFrame | None) -> tuple[str, str]:
    """Return what the study's outer edge is called, after the town that all communities lie in."""
    if communities is None or len(communities) == 0:
        return STUDY_BORDER
    towns = set(communities["town"].dropna().astype(str).str.strip()) if "town" in communities.columns else set()
    town = towns.pop() if len(towns) == 1 else ""
    return next((called for endings, called in _TOWN_BORDERS if town.endswith(endings)), TOWN_BORDER)


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
    if buildings is not None:
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
    block = _block_of(things, ledger)
    found = pd.Series(block[block >= 0]).value_counts()
    counts.iloc[found.index.to_numpy()] = found.to_numpy()
    return counts


def _block_of(things: gpd.GeoDataFrame, ledger: gpd.GeoDataFrame) -> np.ndarray:
    """Return the position of the block that holds each thing's inner point, -1 for none."""
    points = shapely.point_on_surface(things.geometry.to_numpy())
    thing, block = shapely.STRtree(ledger.geometry.to_numpy()).query(points, predicate="intersects")
    first = np.full(len(things), len(ledger), dtype=np.int64)
    np.minimum.at(first, thing, block)
    return np.where(first == len(ledger), -1, first)


def _totals(ledger: gpd.GeoDataFrame, by: Sequence[str], columns: Iterable[str] = _COUNTS) -> pd.DataFrame:
    """Return sums by group; a sum of nothing but unknowns is unknown."""
    return ledger.groupby(list(by), sort=True)[list(columns)].sum(min_count=1)


def _matrix(ledger: gpd.GeoDataFrame) -> pd.DataFrame:
    pairs = _totals(ledger, ["before", "after"]).reset_index()
    pairs = pairs.rename(columns={"before": "community_id_before", "after": "community_id"})
    pairs["community_id_before"] = _no_text(pairs["community_id_before"])
    return pairs


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
    unions = {group: _union(part.to_numpy()) for group, part in parts}
    return gpd.GeoSeries(list(unions.values()), index=pd.Index(list(unions), dtype="str"), crs=ledger.crs)


def _union(shapes: np.ndarray) -> shapely.Geometry:
    return shapely.normalize(shapely.coverage_union_all(shapes))


# ── names ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def _old_names(ledger: gpd.GeoDataFrame, communities: gpd.GeoDataFrame | None) -> pd.DataFrame:
    """Return today's communities: name, name_en, kind, and how a text calls them (said, said_en)."""
    rows = {}
    if communities is not None:
        kinds = communities["kind"] if "kind" in communities.columns else pd.Series("community", communities.index)
        english = communities["name_en"] if "name_en" in communities.columns else pd.Series(None, communities.index)
        known = communities["name"] if "name" in communities.columns else pd.Series(None, communities.index)
        for identity, name, name_en, kind in zip(communities.index, known, english, kinds, strict=True):
            zh = str(identity) if pd.isna(name) else str(name).strip()
            en = "" if pd.isna(name_en) else str(name_en).strip()
            rows[str(identity)] = _naming(zh, en, str(kind))
    for identity in sorted(set(ledger["before"]) - {""}):
        rows.setdefault(identity, _naming(identity, "", "community"))
    return pd.DataFrame.from_dict(dict(sorted(rows.items())), orient="index", columns=_NAMING, dtype="object")


@dataclass(frozen=True)
class _Words:
    """What sentences are made from: lines, names before and after, estates, the name of the outer edge."""

    seams: gpd.GeoDataFrame
    old: pd.DataFrame
    new: pd.DataFrame
    estates: gpd.GeoDataFrame | None
    outside: tuple[str, str]

    def today(self, identity: str) -> tuple[str, str]:
        """Return how today's community is called, in Chinese and English."""
        return str(self.old.loc[identity, "said"]), str(self.old.loc[identity, "said_en"])

    def then(self, identity: str) -> tuple[str, str]:
        """Return how a community of the plan is called, in Chinese and English."""
        return str(self.new.loc[identity, "said"]), str(self.new.loc[identity, "said_en"])


_NAMING = ["name", "name_en", "kind", "said", "said_en"]


def _naming(name: str, name_en: str, kind: str) -> tuple[str, str, str, str, str]:
    said = unit_name(name, kind)
    return name, name_en, kind, said, name_en or said


def _new_names(
    ledger: gpd.GeoDataFrame,
    old: pd.DataFrame,
    seams: gpd.GeoDataFrame,
    estates: gpd.GeoDataFrame | None,
    decided: dict[str, tuple[str, str]],
) -> pd.DataFrame:
    """Return the communities after: the columns of `_old_names`, whether the name is a proposal, and notes."""
    taken = {*old["said"], *(unit_name(zh) for zh, _ in decided.values())}
    rows = {}
    for identity, part in ledger.groupby("after", sort=True):
        origins = sorted(set(part["before"]) - {""})
        kind = _kind([str(old.loc[origin, "kind"]) for origin in origins])
        proposed = False
        if identity in decided:
            zh, en = decided[str(identity)]
        elif identity in old.index:
            zh, en = old.loc[identity, "name"], old.loc[identity, "name_en"]
        else:
            zh, en = next(
                (zh, en)
                for zh, en in _proposals(part, ledger, old, seams, estates, kind=kind)
                if unit_name(zh, kind) not in taken
            )
            proposed = True
        naming = _naming(zh, en, kind)
        taken.add(naming[3])
        rows[identity] = (*naming, proposed, *_note(kind, origins, old, heir=str(identity)))
    columns = [*_NAMING, "name_proposed", "note_zh", "note_en"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns, dtype="object")


def _kind(kinds: list[str]) -> str:
    """Return the kind of a result: what all of its land is, else a community."""
    return kinds[0] if len(set(kinds)) == 1 else "community"


def _note(kind: str, origins: list[str], old: pd.DataFrame, *, heir: str) -> tuple[str, str]:
    """Return what a mixture asks for: consent for village land (村委会组织法 art. 3), collective assets left alone."""
    zh, en = [], []
    villages = [origin for origin in origins if old.loc[origin, "kind"] == "village"]
    said, said_en = _called(villages, old)
    if kind == "village" and len(villages) > 1:
        zh.append(f"由{said}合并而成,村的撤并须分别经村民会议同意并报县级政府批准")
        en.append(f"a merger of {said_en}: each needs its villagers' meeting's consent and the county's approval")
    elif heir in villages and kind != "village":
        strangers, strangers_en = _called([origin for origin in origins if origin not in villages], old)
        zh.append(f"{said}划入了{strangers}的土地,须先经村民会议同意并完成村改居、另定名称")
        en.append(f"{said_en} takes in land of {strangers_en}: "
                  "it needs the villagers' meeting's consent, conversion and a new name first")  # fmt: skip
    elif villages and kind != "village":
        zh.append(f"含{said}的土地,并入社区须先经村民会议同意并完成村改居")
        en.append(f"contains land of {said_en}: it needs the villagers' meeting's consent and conversion first")
    converted = [origin for origin in origins if old.loc[origin, "kind"] == "converted"]
    if converted and (kind != "converted" or len(origins) > 1):
        said, said_en = _called(converted, old)
        zh.append(f"含村改居社区{said}的土地,原集体资产与成员权益不变")
        en.append(f"contains land of {said_en}, converted from villages: "
                  "collective assets and members' rights stay as they are")  # fmt: skip
    return ";".join(zh), "; ".join(en)


def _called(communities: list[str], old: pd.DataFrame) -> tuple[str, str]:
    """Return what a text calls several communities of today."""
    names, english = old.loc[communities, "said"], old.loc[communities, "said_en"]
    return "、".join(names), ", ".join(english)


def _proposals(
    part: gpd.GeoDataFrame,
    ledger: gpd.GeoDataFrame,
    old: pd.DataFrame,
    seams: gpd.GeoDataFrame,
    estates: gpd.GeoDataFrame | None,
    *,
    kind: str,
) -> Iterable[tuple[str, str]]:
    """Yield names for a new community, the best first: main estate, old community and direction, main road, number."""
    unit, unit_en = ("村", "Village") if kind == "village" else ("社区", "Community")
    bases = [*_estate_names(part, ledger, estates), *_origin_names(part, ledger, old), *_road_names(part, seams)]
    for zh, en in bases:
        chinese = _is_chinese(zh) and not _ALLEY_UNIT.search(zh)
        yield (f"{zh}{unit}" if chinese else zh), (f"{en} {unit_en}" if en and chinese and zh != en else en)
    yield from ((f"新设第{i}{unit}", f"New {unit_en} {i}") for i in range(1, len(ledger) + 2))


def _estate_names(
    part: gpd.GeoDataFrame, ledger: gpd.GeoDataFrame, estates: gpd.GeoDataFrame | None
) -> list[tuple[str, str]]:
    """Return the name of the largest estate when it makes up a good share of the part."""
    if estates is None or len(estates) == 0:
        return []
    block = _block_of(estates, ledger)
    here = estates[np.isin(block, ledger.index.get_indexer(part.index)) & (block >= 0) & estates["name"].notna()]
    size = pd.Series(here.geometry.area.to_numpy(), index=here.index)
    if len(here) == 0 or size.max() < _MAIN_ESTATE_SHARE * part["area_m2"].sum():
        return []
    main = min(here.index[size == size.max()])
    english = here.loc[main, "name_en"] if "name_en" in here.columns else None
    return [(_base(str(here.loc[main, "name"])), "" if pd.isna(english) else _base_en(str(english)))]


def _origin_names(part: gpd.GeoDataFrame, ledger: gpd.GeoDataFrame, old: pd.DataFrame) -> list[tuple[str, str]]:
    """Return the name of the old community most households come from, with the part's direction in it."""
    homes = part["households"].fillna(0).astype(float) + part["area_m2"] * 1e-9  # land decides where nobody lives
    origins = homes.groupby(part["before"]).sum().drop("", errors="ignore")
    if len(origins) == 0 or origins.max() < _MAIN_ORIGIN_SHARE * homes.sum():
        return []
    origin = str(origins.idxmax())
    name, name_en = str(old.loc[origin, "name"]), str(old.loc[origin, "name_en"])
    where = _directions(part, ledger[ledger["before"] == origin])
    if not _is_chinese(name):
        return [(f"{_base(name)} {en}", f"{_base_en(name_en or name)} {en}") for _, en in where]
    if _ALLEY_UNIT.search(name):  # 惠來里 → 惠來南里, Huilai Vil. → Huilai South Vil.
        unit = _UNIT_EN.search(name_en)
        after = unit[0] if unit else ""
        return [(f"{name[:-1]}{zh}里", f"{_base_en(name_en)} {en}{after}" if name_en else "") for zh, en in where]
    return [(f"{_base(name)}{zh}", f"{_base_en(name_en)} {en}" if name_en else "") for zh, en in where]


def _directions(part: gpd.GeoDataFrame, origin: gpd.GeoDataFrame) -> list[tuple[str, str]]:
    """Return where a part lies in its old community: the nearest of four directions, then of eight."""
    here, there = _centre(part), _centre(origin)
    turn = math.degrees(math.atan2(here[1] - there[1], here[0] - there[0]))
    eighth = _EIGHT[round(turn / 45) % 8]
    quarter = _EIGHT[round(turn / 90) % 4 * 2]
    return [quarter] if eighth == quarter else [quarter, eighth]


def _centre(part: gpd.GeoDataFrame) -> tuple[float, float]:
    centres, areas = part.geometry.centroid, part.geometry.area
    return float((centres.x * areas).sum() / areas.sum()), float((centres.y * areas).sum() / areas.sum())


def _road_names(part: gpd.GeoDataFrame, seams: gpd.GeoDataFrame) -> list[tuple[str, str]]:
    """Return the longest named roads in and around a part."""
    near = seams[seams["block_a"].isin(part.index) | seams["block_b"].isin(part.index)]
    near = near[near["feature_name"].notna() & near["feature_class"].isin(ROAD_CLASSES)]
    lengths = near.groupby("feature_name")["length_m"].sum().round(3)
    english = near.dropna(subset=["feature_name_en"]).groupby("feature_name")["feature_name_en"].min()
    longest = sorted(lengths.index, key=lambda name: (-lengths[name], name))
    return [(str(name), str(english.get(name, ""))) for name in longest]


def _base(name: str) -> str:
    return _UNIT.sub("", name.strip()) or name


def _base_en(name: str) -> str:
    return _UNIT_EN.sub("", name.strip()) or name


def _is_chinese(name: str) -> bool:
    return any("\u3400" <= letter <= "\u9fff" for letter in name)


# ── moves ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def _moves(ledger: gpd.GeoDataFrame, words: _Words) -> gpd.GeoDataFrame:
    """Return one row per parcel that changes hands, with its texts; `blocks_key` lists its blocks."""
    parcels = _parcels(ledger, words.seams)
    ids = [f"M{i:0{max(2, len(str(len(parcels))))}}" for i in range(1, len(parcels) + 1)]
    place = pd.Series(
        {block: move for move, (_, _, part) in zip(ids, parcels, strict=True) for block in part}, dtype="str"
    )
    shapes = gpd.GeoDataFrame(
        geometry=gpd.GeoSeries(
            [_union(ledger.geometry.loc[list(part)].to_numpy()) for _, _, part in parcels], crs=ledger.crs
        )
    ).set_axis(pd.Index(ids, dtype="str"))
    today = ledger["before"].where(ledger["before"] != "")
    bounds = trace_bounds(
        shapes, words.seams, place, names=words.old, neighbours=today, outside=words.outside, estates=words.estates
    )
    amounts, sizes = pd.DataFrame(ledger[list(_COUNTS)]), ledger["before"].value_counts()
    rows = []
    for move, (origin, target, part) in zip(ids, parcels, strict=True):
        whole = bool(origin) and len(part) == sizes[origin]
        giver, taker = words.today(origin) if origin else UNASSIGNED, words.then(target)
        zh, en = bounds_of_zh(bounds[move], CLOCKWISE), bounds_of_en(bounds[move], CLOCKWISE)
        texts = _move_texts(whole=whole, origin=giver, target=taker, parcel=(zh, en))
        counts = amounts.loc[list(part)].sum(min_count=1)
        rows.append((origin or None, giver[0], target, taker[0], *counts, whole, zh, en, *texts, tuple(part)))
    columns = ["from_id", "from_name", "to_id", "to_name", *_COUNTS, "whole", "bounds_zh", "bounds_en", "text_zh",
               "text_en", "blocks_key"]  # fmt: skip
    table = pd.DataFrame(rows, columns=columns, index=shapes.index)
    dtypes = {
        "households": "Int64",
        "people": "Int64",
        "buildings_count": "Int64",
        "area_m2": "float64",
        "whole": "bool",
    }
    texts_ = dict.fromkeys(
        ("from_id", "from_name", "to_id", "to_name", "bounds_zh", "bounds_en", "text_zh", "text_en"), "str"
    )
    return _framed(table.astype({**dtypes, **texts_}), shapes.geometry, "move_id")


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
        pieces = [list(part.index)] if whole else _pieces(list(part.index), seams)
        pieces.sort(key=lambda p: (-int(homes[p].sum()), -north[p].max(), west[p].min(), p[0]))
        parcels += [(str(origin), str(target), tuple(piece)) for piece in pieces]
    return parcels


def _pieces(ids: list[str], seams: gpd.GeoDataFrame) -> list[list[str]]:
    """Return the blocks as contiguous pieces; blocks are neighbours when a seam lies between them."""
    place = {block: i for i, block in enumerate(ids)}
    a, b = seams["block_a"].map(place), seams["block_b"].map(place)
    joined = (a.notna() & b.notna()).to_numpy()
    rows, columns = a[joined].to_numpy(dtype=np.int64), b[joined].to_numpy(dtype=np.int64)
    graph = coo_array((np.ones(len(rows)), (rows, columns)), shape=(len(ids), len(ids)))
    count, label = connected_components(graph, directed=False)
    return [[ids[i] for i in np.flatnonzero(label == piece)] for piece in range(count)]


def _move_texts(
    *, whole: bool, origin: tuple[str, str], target: tuple[str, str], parcel: tuple[str, str]
) -> tuple[str, str]:
    """Return one move as a sentence that stands alone."""
    (a, a_en), (b, b_en), (zh, en) = origin, target, parcel
    if whole:
        return f"撤销{a},将{a}整体划入{b}管辖", f"Abolish {a_en}; all of {a_en} passes to {b_en}"
    return f"将{a}内{zh}划入{b}管辖", f"The part of {a_en} {en} passes to {b_en}"


def _action(identity: str, fate: str, moves: pd.DataFrame, words: _Words) -> tuple[str, str]:
    """Return what happens to one old community, as the plan states it."""
    a, a_en = words.today(identity)
    own = moves[moves["from_id"] == identity]
    if fate == "abolished" and len(own) == 0:
        return f"撤销{a}(现有范围不足一个完整地块)", f"Abolish {a_en} (it holds no whole block today)"
    if fate == "abolished" and own["whole"].iloc[0]:
        return str(own["text_zh"].iloc[0]), str(own["text_en"].iloc[0])
    name, name_en = words.then(identity) if identity in words.new.index else (a, a_en)
    kept = (f"{a}更名为{name}", f"Rename {a_en} {name_en}") if name != a else (f"保留{a}", f"Keep {a_en}")
    head = (f"撤销{a}", f"Abolish {a_en}") if fate == "abolished" else kept
    homes = own.groupby("to_id")["households"].sum()
    targets = sorted(homes.index, key=lambda target: (-int(homes[target]), target))
    owner = "" if fate == "abolished" else f"{a}内"
    clauses, clauses_en = [], []
    for target in targets:
        parcels = own[own["to_id"] == target]
        zh, en = list(parcels["bounds_zh"]), list(parcels["bounds_en"])
        b, b_en = words.then(target)
        many = len(parcels)
        if many == 1:
            clauses.append(f"将{owner}{zh[0]}划入{b}管辖")
            clauses_en.append(f"its land {en[0]} passes to {b_en}")
        else:
            joined = "、".join(zh[:-1]) + "和" + zh[-1]
            clauses.append(f"将{owner}{joined}{_NUMERALS.get(many, many)}个区域划入{b}管辖")
            listed = "; ".join(f"({i}) {text}" for i, text in enumerate(en, start=1))
            clauses_en.append(f"{_WORDS.get(many, many)} areas of it pass to {b_en}: {listed}")
    if not clauses:
        return head
    return f"{head[0]},{';'.join(clauses)}", _sentences_en([head[1], *clauses_en])


# ── the two lists of communities ─────────────────────────────────────────────────────────────────────────────────────
def _communities_table(ledger: gpd.GeoDataFrame, words: _Words) -> gpd.GeoDataFrame:
    shapes = _shapes(ledger, ledger["after"])
    bounds = describe_bounds(
        gpd.GeoDataFrame(geometry=shapes), words.seams, ledger["after"],
        names=words.new, outside=words.outside, estates=words.estates,
    )  # fmt: skip
    now = _totals(ledger, ["after"], (*_COUNTS, "estates_count"))
    before = _totals(ledger, ["before"], ("households", "people")).reindex(now.index)
    table = _named(words.new)
    table[["households", "people", "area_m2"]] = now[["households", "people", "area_m2"]]
    table["blocks_count"] = ledger.groupby("after").size().astype("Int64")
    table[["buildings_count", "estates_count"]] = now[["buildings_count", "estates_count"]]
    table[["households_before", "people_before"]] = before.astype("Int64")
    table["status"] = [_status(ledger, identity) for identity in table.index]
    table[list(bounds.columns)] = bounds
    texts = [_outcome(str(i), str(table.loc[i, "status"]), bounds.loc[i], words) for i in table.index]
    table["text_zh"], table["text_en"] = [zh for zh, _ in texts], [en for _, en in texts]
    table["name_proposed"] = words.new["name_proposed"].astype(bool)
    table["note_zh"], table["note_en"] = _no_text(words.new["note_zh"]), _no_text(words.new["note_en"])
    return _framed(table, shapes, "community_id")


def _status(ledger: gpd.GeoDataFrame, identity: object) -> str:
    then, now = ledger["before"] == identity, ledger["after"] == identity
    if not then.any():
        return "created"
    return "kept" if then.equals(now) else "changed"


def _outcome(identity: str, status: str, bounds: pd.Series, words: _Words) -> tuple[str, str]:
    """Return what one community of the plan is: kept, changed or set up, and its range."""
    b, b_en = words.then(identity)
    reach, reach_en = bounds["bounds_to_zh"], bounds["bounds_to_en"]
    if status == "created":
        return f"设立{b},范围为{reach}", f"Set up {b_en}: {reach_en}"
    a, a_en = words.today(identity)
    head, head_en = (f"{a}更名为{b},", [f"Rename {a_en} {b_en}"]) if a != b else ("", [])
    if status == "kept":
        return f"{head}保留{b},范围不变:{reach}", _sentences_en([*head_en, f"Keep {b_en} unchanged: {reach_en}"])
    return f"{head}调整{b}范围,调整后{reach}", _sentences_en([*head_en, f"Adjust {b_en}; it then reaches {reach_en}"])


def _sentences_en(sentences: Sequence[str]) -> str:
    """Return English sentences in a row, the last without its full stop; Vil. at an end has one full stop, not two."""
    *first, last = (text[:1].upper() + text[1:] for text in sentences)
    return " ".join([*(f"{text.removesuffix('.')}." for text in first), last])


def _before_table(
    ledger: gpd.GeoDataFrame, communities: gpd.GeoDataFrame | None, words: _Words, moves: gpd.GeoDataFrame
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
    totals = _totals(ledger, ["before"], ("households", "people", "area_m2")).reindex(old.index)
    table[["households", "people", "area_m2"]] = totals
    fates = [_fate(ledger, identity) for identity in old.index]
    table["fate"] = pd.Series(fates, index=old.index, dtype="str")
    table["heir_id"] = pd.Series([i if fate != "abolished" else None for i, fate in zip(old.index, fates, strict=True)],
                                 index=old.index, dtype="str")  # fmt: skip
    texts = [_action(identity, fate, moves, words) for identity, fate in zip(old.index, fates, strict=True)]
    table["text_zh"] = pd.Series([zh for zh, _ in texts], index=old.index, dtype="str")
    table["text_en"] = pd.Series([en for _, en in texts], index=old.index, dtype="str")
    return _framed(table, shapes, "community_id")


def _fate(ledger: gpd.GeoDataFrame, identity: str) -> str:
    then, now = ledger["before"] == identity, ledger["after"] == identity
    if not now.any():
        return "abolished"
    gave, received = bool((then & ~now).any()), bool((now & ~then).any())
    return {(False, False): "kept", (False, True): "received", (True, False): "gave", (True, True): "exchanged"}[
        gave, received
    ]


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
