"""Examination units (体检单元): 5,000 to 12,000 people, cut or joined from blocks and estates along arterial roads.

The boundary engine (`geo.partition`) divides the blocks with people as the weight. What is too large for one unit and
can be cut is cut; what is too small is joined to its neighbours; what can be neither stays as it is, and is said.
"""

from itertools import count
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.errors import InfeasibleError
from geo.partition.atoms import CONTACT_M
from geo.partition.plan import PlanOptions, Weights
from geo.partition.solve import make_plan
from geo.partition.town import pieces
from geo.schema import OUTSIDE, conform, empty
from geo.standards.indicators import Catalogue
from geo.standards.profiles import Profile
from geo.study import Study

Notes = tuple[tuple[str, str], ...]

PEOPLE_PER_HOUSEHOLD: Final = 2.62
"""People of a household where a block tells only its households: mean family household of the seventh census (2020)."""

PROPOSALS_PER_BLOCK: Final = 350
"""How long the engine looks, for each block: a tenth of a second for a hundred blocks."""

FEWEST_PROPOSALS: Final = 40_000

CUTS: Final = {
    "motorway": -1.0, "motorway_link": -1.0, "trunk": -1.0, "trunk_link": -1.0, "primary": -1.0, "primary_link": -1.0,
    "secondary": -0.7, "secondary_link": -0.7, "border": 0.0,
}  # fmt: skip
"""Cost of a metre of edge instead of the engine's own: arterial roads (主干路、次干路) are what units are cut along."""

NUMBERS: Final = (1.0, 0.93, 1.08, 0.86)
"""Numbers of units that are tried, as multiples of the people divided by the middle of the limits."""

SAME_GROUND: Final = 0.98
"""Units that share so much of the ground of both are the same unit."""

LADDER: Final = (0.8, 0.4, 0.0)
"""Shares of the least size that are tried one after another where the least size itself has no answer."""


def examination_units(
    study: Study, *, catalogue: Catalogue, seed: int = 0
) -> tuple[gpd.GeoDataFrame, "pd.Series[str]", Notes]:
    """Return the examination units of a study, the unit of each block, and what has to be said about them.

    Parameters
    ----------
    study : Study
        With `blocks` (people known) and `seams`; the blocks of an estate (`group_id`) stay together. A table `units`
        that its blocks refer to is taken as it is.
    catalogue : Catalogue
        Its `unit_min_people` and `unit_max_people` are the limits.
    seed : int
        Chance: the same study with the same seed has the same units, whatever the order of its rows.

    Returns
    -------
    units : GeoDataFrame
        The table `units` of `geo.schema` in the study's CRS, index unit_id (`U01` …); empty when there are no blocks,
        no seams between them, or nothing is known of their people.
    of_block : Series
        Index block_id: unit_id; missing for blocks that are in none.
    notes : tuple of (str, str)
        In Chinese and English.
    """
    blocks, seams = study.get("blocks"), study.get("seams")
    if blocks is None or seams is None or not len(blocks):
        return (
            empty("units", study.crs),
            pd.Series([], index=pd.Index([], dtype="str", name="block_id"), dtype="str"),
            (
                (
                    "没有地块或地块之间的边线,无法划分体检单元,以小区为单元。",
                    "There are no blocks, or no seams between them, to make units of; each estate is its own.",
                ),
            ),
        )
    blocks = blocks.sort_index()
    kept = study.get("units")
    if kept is not None and _refer(blocks, kept):
        return kept.sort_index(), blocks["unit_id"], _sizes(kept, catalogue)
    people, notes = _people(blocks)
    if not np.nansum(people):
        said = (
            "地块没有人口和户数,无法划分体检单元,以小区为单元。",
            "Nothing is known of the people of any block, so there are no units; each estate is its own.",
        )
        return empty("units", study.crs), pd.Series(np.nan, index=blocks.index, dtype="str"), (said,)
    part, said_of_parts = _divide(blocks, seams, people, catalogue, seed)
    units, of_block = _table(blocks, part, people, study, catalogue)
    said_of_ids: Notes = ()
    if kept is not None and len(kept):
        units, of_block, said_of_ids = _with_known_ids(units, of_block, kept)
    return units, of_block, (*notes, *said_of_parts, *_sizes(units, catalogue), *said_of_ids)


def unit_of_areas(areas: gpd.GeoDataFrame, blocks: gpd.GeoDataFrame, column: str = "unit_id") -> "pd.Series[str]":
    """Return, for each area, the value of a column of the blocks that holds most of its land; missing in none."""
    if not len(areas) or not len(blocks):
        return pd.Series(np.nan, index=areas.index, dtype="str")
    shapes = blocks.geometry.to_numpy()
    row, block = shapely.STRtree(shapes).query(areas.geometry.to_numpy(), predicate="intersects")
    shared = shapely.area(shapely.intersection(areas.geometry.to_numpy()[row], shapes[block]))
    pairs = pd.DataFrame({"row": row, "value": blocks[column].to_numpy(dtype=object)[block], "shared": shared})
    sums = pairs.dropna(subset=["value"]).groupby(["row", "value"], sort=True)["shared"].sum().reset_index()
    best = sums.sort_values(["row", "shared", "value"], ascending=[True, False, True]).drop_duplicates("row")
    out = np.full(len(areas), np.nan, dtype=object)
    out[best["row"].to_numpy()] = best["value"].to_numpy()
    return pd.Series(out, index=areas.index, dtype="str")


def _refer(blocks: gpd.GeoDataFrame, units: gpd.GeoDataFrame) -> bool:
    """Return whether the blocks were made into these very units."""
    named = blocks["unit_id"].dropna()
    return bool(len(named) and len(units) and set(named) == set(units.index))


def _people(blocks: gpd.GeoDataFrame) -> tuple[npt.NDArray[np.float64], Notes]:
    """Return the people of each block, from its households where nobody counted them; NaN where nothing is known."""
    people = blocks["people"].astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan)
    made = np.round(
        blocks["households"].astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan) * PEOPLE_PER_HOUSEHOLD
    )
    notes: list[tuple[str, str]] = []
    filled = np.isnan(people) & ~np.isnan(made)
    if filled.any():
        notes.append(
            (
                f"{int(filled.sum())}个地块只有户数,按每户{PEOPLE_PER_HOUSEHOLD}人(第七次全国人口普查,2020)折算人口。",
                f"{int(filled.sum()):,} blocks tell only households; {PEOPLE_PER_HOUSEHOLD} people each "
                "(seventh national census, 2020).",
            )
        )
    people = np.where(np.isnan(people), made, people)
    lost = int(np.isnan(people).sum())
    if lost:
        notes.append(
            (
                f"{lost}个地块人口未知,划分单元时按0计。",
                f"The people of {lost:,} blocks are not known; they count as 0 where units are made.",
            )
        )
    return people, tuple(notes)


def _divide(
    blocks: gpd.GeoDataFrame, seams: gpd.GeoDataFrame, people: npt.NDArray[np.float64], catalogue: Catalogue, seed: int
) -> tuple[npt.NDArray[np.int64], Notes]:
    """Return the unit of each block as a number, and what was done where the limits could not be kept."""
    count = pd.Series(np.nan_to_num(people).astype(np.int64), index=blocks.index)
    group = blocks["group_id"].astype("object")
    most, notes = catalogue.unit_max_people, []
    of_group = count.groupby(group).sum()
    large = sorted(of_group.index[of_group > most])
    if large:
        group = group.mask(group.isin(large))
        notes.append(
            (
                f"{'、'.join(large[:5])}等{len(large)}个小区超过{most:,}人,允许在其内部道路处划开。",
                f"{len(large)} estates have more than {most:,} people ({', '.join(large[:5])}); "
                "they may be cut along the lines inside them.",
            )
        )
    alone = (count > most).to_numpy()
    part = np.full(len(blocks), -1, dtype=np.int64)
    part[alone] = np.arange(int(alone.sum()))
    rest = blocks[~alone].assign(
        households=count[~alone].astype("Int64"), people=pd.NA, community_id=pd.NA, group_id=group[~alone]
    )
    inner = seams[seams["block_a"].isin(rest.index) & (seams["block_b"].isin(rest.index))].sort_index()
    for mainland in _mainlands(rest, inner):
        land = rest.loc[mainland]
        lines = inner[inner["block_a"].isin(mainland) & inner["block_b"].isin(mainland)]
        found = _planned(land, lines, catalogue, seed)
        part[blocks.index.get_indexer(mainland)] = found + part.max() + 1
    return part, tuple(notes)


def _mainlands(blocks: gpd.GeoDataFrame, seams: gpd.GeoDataFrame) -> list["pd.Index[str]"]:
    """Return the pieces of land that hang together; uninhabited ones go with the nearest inhabited one."""
    if not len(blocks):
        return []
    length = seams.groupby(["block_a", "block_b"])["length_m"].transform("sum")
    touching = seams[(length >= CONTACT_M) & (seams["block_b"] != OUTSIDE)]
    a, b = (blocks.index.get_indexer(touching[c]) for c in ("block_a", "block_b"))
    count, label = pieces(len(blocks), np.asarray(a), np.asarray(b))
    lived_in = np.bincount(label, blocks["households"].astype("int64"), minlength=count) > 0
    if lived_in.any() and not lived_in.all():
        shapes = blocks.geometry.to_numpy()
        near = np.flatnonzero(lived_in[label])
        for empty_piece in np.flatnonzero(~lived_in):
            own = np.flatnonzero(label == empty_piece)
            label[own] = label[near[np.argmin(shapely.distance(shapely.union_all(shapes[own]), shapes[near]))]]
    return [blocks.index[label == one] for one in np.unique(label)]


def _planned(
    blocks: gpd.GeoDataFrame, seams: gpd.GeoDataFrame, catalogue: Catalogue, seed: int
) -> npt.NDArray[np.int64]:
    """Return the unit of each block of one piece of land, 0, 1 …; the nearest to the limits that there is."""
    least, most = catalogue.unit_min_people, catalogue.unit_max_people
    total = int(blocks["households"].sum())
    one = np.zeros(len(blocks), dtype=np.int64)
    if total <= most or len(blocks) == 1:
        return one
    target = round((least + most) / 2)
    profile = Profile(
        name="examination-units", title_zh="体检单元", title_en="Examination units", edition=catalogue.edition,
        min_households=0, target_households=target, max_households=most, source=catalogue.source,
        keep_villages=False, keep_estates=True,
    )  # fmt: skip
    fewest, wanted = -(-total // most), total / target
    numbers = dict.fromkeys(max(fewest, round(wanted * factor)) for factor in NUMBERS)
    for share in (1.0, *LADDER):
        for number in numbers:
            options = PlanOptions(
                min_households=int(least * share), target_households=target, max_households=most, k=number,
                keep_villages=False, keep_estates=True, allow_islands=True, cut_costs=dict(CUTS), seed=seed,
                weights=Weights(change=0.0, land=0.0, mixed=0.0, abolished=0.0),
                effort=max(FEWEST_PROPOSALS, PROPOSALS_PER_BLOCK * len(blocks)),
            )  # fmt: skip
            try:
                plan = make_plan(blocks, seams, None, profile=profile, options=options)
            except InfeasibleError:
                continue
            named = [plan.assignment[block] for block in blocks.index]
            return np.unique(named, return_inverse=True)[1].astype(np.int64)
    # Not even with units of any smallness: every block (or estate) is then one by itself, which the table says.
    loose = blocks["group_id"].where(blocks["group_id"].notna(), pd.Series(blocks.index, blocks.index))
    return np.unique(loose.astype(str).to_numpy(), return_inverse=True)[1].astype(np.int64)


def _table(
    blocks: gpd.GeoDataFrame, part: npt.NDArray[np.int64], people: npt.NDArray[np.float64], study: Study,
    catalogue: Catalogue,
) -> tuple[gpd.GeoDataFrame, "pd.Series[str]"]:  # fmt: skip
    """Return the table of units, numbered in the order of their first blocks, and the unit of each block."""
    _, first, inverse = np.unique(part, return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(first))
    number = rank[inverse]
    digits = max(2, len(str(len(first))))
    names = np.array([f"U{i + 1:0{digits}d}" for i in range(len(first))], dtype=object)
    of_block = pd.Series(names[number], index=blocks.index, dtype="str", name="unit_id")
    known = np.bincount(number, ~np.isnan(people))
    total = pd.Series(np.bincount(number, np.nan_to_num(people)), index=names)
    size = np.select(
        [known == 0, total < catalogue.unit_min_people, total > catalogue.unit_max_people],
        ["unknown", "below", "above"], "within",
    )  # fmt: skip
    by_unit = blocks.groupby(of_block)
    households = blocks["households"].astype("Float64").groupby(of_block).sum(min_count=1).round().astype("Int64")
    estates = study.get("estates")
    in_unit = pd.Series(dtype="str") if estates is None else unit_of_areas(estates, blocks.assign(unit_id=of_block))
    frame = gpd.GeoDataFrame(
        {
            "name": [f"{i + 1}号体检单元" for i in range(len(names))],
            "name_en": [f"Examination unit {i + 1}" for i in range(len(names))],
            "households": households.reindex(names),
            "people": total.where(known > 0).round().astype("Int64"),
            "blocks_count": by_unit.size().reindex(names).astype("Int64"),
            "estates_count": in_unit.value_counts().reindex(names, fill_value=0).astype("Int64"),
            "community_ids": by_unit["community_id"]
            .agg(lambda ids: ";".join(sorted(set(ids.dropna()))))
            .reindex(names),
            "size": size,
        },
        index=pd.Index(names, name="unit_id"),
        geometry=[shapely.coverage_union_all(blocks.geometry.to_numpy()[number == i]) for i in range(len(names))],
        crs=study.crs,
    )
    return conform(frame, "units"), of_block


def _with_known_ids(
    units: gpd.GeoDataFrame, of_block: "pd.Series[str]", kept: gpd.GeoDataFrame
) -> tuple[gpd.GeoDataFrame, "pd.Series[str]", Notes]:
    """Return units where the same ground has the id it had before, and other ground an id that none had.

    What a survey told of a unit that is no more is then of an unknown unit, and never of another one.
    """
    taken = {int(number) for one in kept.index if (number := str(one).removeprefix("U")).isdecimal()}
    free = (number for number in count(1) if number not in taken)
    new, old = units.geometry.to_numpy(), kept.geometry.to_numpy()
    here, there = shapely.STRtree(old).query(new, predicate="intersects")
    shared = shapely.area(shapely.intersection(new[here], old[there]))
    same = shared >= SAME_GROUND * np.maximum(shapely.area(new[here]), shapely.area(old[there]))
    before = dict(zip(here[same].tolist(), kept.index[there[same]], strict=True))
    changed = [i for i in range(len(units)) if i not in before]
    digits = max(2, len(str(max(taken, default=0) + len(changed))))
    numbers = {i: next(free) for i in changed}
    ids = [str(before[i]) if i in before else f"U{numbers[i]:0{digits}d}" for i in range(len(units))]
    names = [kept["name"][ids[i]] if i in before else f"{numbers[i]}号体检单元" for i in range(len(units))]
    names_en = [kept["name_en"][ids[i]] if i in before else f"Examination unit {numbers[i]}" for i in range(len(units))]
    renamed = units.assign(name=names, name_en=names_en).set_axis(pd.Index(ids, name="unit_id"))
    gone = sorted(set(kept.index) - set(ids))
    said = () if not gone else ((
        f"体检单元重新划分,原{'、'.join(gone[:8])}等{len(gone)}个单元不再存在,其调查记录不再计入。",
        f"Units were drawn anew: {len(gone)} of before ({', '.join(gone[:8])}) are no more; what was told of them "
        "is not counted.",
    ),)  # fmt: skip
    places = dict(zip(units.index, ids, strict=True))
    return renamed.sort_index(), of_block.map(places).astype("str"), said


def _sizes(units: gpd.GeoDataFrame, catalogue: Catalogue) -> Notes:
    """Return what has to be said of units outside the limits."""
    notes = []
    least, most = catalogue.unit_min_people, catalogue.unit_max_people
    for size, zh, en in (
        ("below", f"不足{least:,}人,周边没有可以合并的地块,评价时与相邻单元合并考虑设施",
         f"have fewer than {least:,} people and nothing to join; the neighbours' facilities count for them"),
        ("above", f"超过{most:,}人,已无法再划开,按人口比例放大配建要求",
         f"have more than {most:,} people and cannot be cut further; what they need is scaled by their people"),
    ):  # fmt: skip
        names = units.index[units["size"] == size].tolist()
        if names:
            notes.append(
                (
                    f"{'、'.join(names[:8])}等{len(names)}个体检单元{zh}。",
                    f"{len(names)} units ({', '.join(names[:8])}) {en}.",
                )
            )
    return tuple(notes)
