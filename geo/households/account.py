"""The account: tables out, what each area asked for and got, a summary by source, and what could not be kept."""

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo.households.options import SOURCES, HouseholdOptions
from geo.households.remainder import Flags, Floats, Ints, Words, sums
from geo.households.report import Report
from geo.households.sharing import Amounts
from geo.households.town import Town
from geo.households.zones import TABLES, lookup

_CROWDED_M2 = 15.0
"""Floor area [m²] per household below which a building's share is reported as implausible."""
_UNIT = {"households": ("户", "households"), "people": ("人", "people")}
_NOTES = {
    "building": ("逐栋登记的户数、套数或人口", "counts per building: households, dwellings or people"),
    "block": ("地块自带的总数", "totals the blocks brought along"),
    "estate": ("小区总数按住宅建筑面积分摊", "estate totals shared by residential floor area"),
    "census": ("普查区总数按住宅建筑面积分摊", "census totals shared by residential floor area"),
    "community": ("社区(村)总数按住宅建筑面积分摊", "community totals shared by residential floor area"),
    "raster": ("人口栅格", "the population raster"),
    "floor_area": ("按建筑面积估算", "estimated from floor area"),
    "household_size": ("由户数按户均人口推算的人口", "people assumed from households by household size"),
    "none": ("无人居住或无依据", "nobody lives there, or nothing is known"),
}


# --- tables out -----------------------------------------------------------------------------------------------------


def buildings_table(town: Town, amounts: Mapping[str, Amounts]) -> gpd.GeoDataFrame | None:
    """Return the buildings with each measure, its source, their block and their floor area."""
    buildings, rows, homes = town.buildings, town.rows, town.homes
    if buildings is None:
        return None
    frame, inside = buildings.frame, buildings.block >= 0
    out = {}
    for measure, amount in amounts.items():
        value, source = buildings.counted[measure].copy(), np.full(len(frame), "none", dtype=object)
        source[~np.isnan(value)] = "building"
        value[inside & ~buildings.lived_in] = 0  # nobody lives there, as far as its use tells
        value[rows], source[rows] = amount.value[:homes], amount.source[:homes]
        source[np.isnan(value)] = "none"
        out[measure] = _counts_column(value, frame.index)
        out[f"{measure}_source"] = pd.Series(source, frame.index, dtype="str")
    made = np.zeros(len(frame), dtype=bool)
    made[rows] = (out["households_source"].to_numpy()[rows] == "building") & np.isnan(town.known["households"])
    out["households_made"] = pd.Series(made, frame.index)
    blocks = np.append(town.land.ids, np.nan)[buildings.block]
    out["block_id"] = pd.Series(blocks, frame.index, dtype="str")
    area = pd.Series(np.where(buildings.floor_area > 0, buildings.floor_area, np.nan), frame.index)
    return _geometry_last(frame.assign(**out, residential_m2=area))


def blocks_table(
    town: Town, amounts: Mapping[str, Amounts], communities: gpd.GeoDataFrame | None, options: HouseholdOptions
) -> gpd.GeoDataFrame:
    """Return the blocks with each measure, its source, and (where communities are given) today's community."""
    frame, standing = town.land.blocks, _standing(town)
    empty_zero = bool(standing.any()) and options.estimate
    out: dict[str, pd.Series] = {}
    for measure, amount in amounts.items():
        known = _known_blocks(town, amount, (standing > 0) | empty_zero)
        source = _main_source(town, amount, "floor_area" if empty_zero else "none")
        source[~known] = "none"
        if "block" in town.zones and measure != "dwellings":
            zones = town.zones["block"]
            told = ~np.isnan(zones.given[measure])
            source[lookup(town.land.ids, zones.ids)[told]] = "block"
        total = sums(amount.filled, town.block, len(frame))
        out[measure] = _counts_column(np.where(known, total, np.nan), frame.index)
        out[f"{measure}_source"] = pd.Series(source, frame.index, dtype="str")
    out["buildings_count"] = _counts_column(standing, frame.index)
    out["area_m2"] = frame["area_m2"].fillna(frame.geometry.area)
    if communities is not None and "community" in town.zones:
        out["community_id"] = _main_community(town, amounts["households"])
    return _geometry_last(frame.assign(**out))


def _standing(town: Town) -> Ints:
    """Return how many buildings stand on each block."""
    blocks = np.empty(0, dtype=np.int64) if town.buildings is None else town.buildings.block
    return np.bincount(blocks[blocks >= 0], minlength=len(town.land.blocks))


def _known_blocks(town: Town, amount: Amounts, accounted: Flags) -> Flags:
    """Return the blocks whose number is known: no home is left out, and half the land if not the buildings speaks."""
    n, unknown = len(town.land.blocks), np.isnan(amount.value)
    lost = sums(unknown & ~town.is_face, town.block, n) > 0
    heard = sums(np.where(unknown, 0, town.open_m2), town.block, n) >= 0.5 * sums(town.open_m2, town.block, n)
    return np.asarray(~lost & (heard | accounted), dtype=bool)


def _main_source(town: Town, amount: Amounts, otherwise: str) -> Words:
    """Return for each block the source of most of its amount; by land where there is none, then by trust."""
    sources = np.array([*SOURCES, "households"], dtype=object)
    code = pd.Categorical(amount.source, categories=sources).codes
    block, first = _largest(town, code, amount, ~np.isnan(amount.value))
    out = np.full(len(town.land.blocks), otherwise, dtype=object)
    out[block] = sources[first]
    return out


def _main_community(town: Town, households: Amounts) -> pd.Series:
    """Return each block's community of today: where most of its households live, else most of its land."""
    zone = town.zone["community"]
    block, first = _largest(town, zone, households, zone >= 0)
    out = np.full(len(town.land.blocks), np.nan, dtype=object)
    out[block] = town.zones["community"].ids[first]
    return pd.Series(out, town.land.blocks.index, dtype="str")


def _largest(town: Town, key: NDArray[np.integer], amount: Amounts, chosen: Flags) -> tuple[Ints, Ints]:
    """Return blocks, and of each the key with most amount, else land, else the smallest; among the chosen atoms."""
    table = pd.DataFrame({"block": town.block, "key": key, "amount": amount.filled, "land": town.open_m2})[chosen]
    both = table.groupby(["block", "key"], as_index=False)[["amount", "land"]].sum()
    both = both.sort_values(["block", "amount", "land", "key"], ascending=[True, False, False, True], kind="stable")
    first = both.drop_duplicates("block")
    return first["block"].to_numpy(), first["key"].to_numpy()


def _counts_column(values: NDArray[np.generic], index: pd.Index) -> pd.Series:
    return pd.Series(pd.array(values, dtype="Int64"), index)


def _geometry_last(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return frame[[*(c for c in frame.columns if c != frame.geometry.name), frame.geometry.name]]


# --- checks and summary ---------------------------------------------------------------------------------------------


def checks_table(town: Town, households: Amounts, people: Amounts) -> pd.DataFrame:
    """Return one row per area with a total: given, used, placed, and the difference (see `Placement.checks`)."""
    parts = []
    for kind, zones in town.zones.items():
        columns: dict[str, object] = {"kind": kind, "zone_id": zones.ids, "inside_share": zones.inside}
        for measure, amount in (("households", households), ("people", people)):
            placed = sums(amount.filled, town.zone[kind], len(zones.ids))
            columns[f"{measure}_given"] = pd.array(zones.given[measure], dtype="Int64")
            columns[f"{measure}_used"] = pd.array(zones.used(measure), dtype="Int64")
            columns[f"{measure}_placed"] = pd.array(placed, dtype="Int64")
            columns[f"{measure}_difference"] = pd.array(placed - zones.used(measure), dtype="Int64")
        parts.append(pd.DataFrame(columns)[zones.told])
    names = [f"{m}_{c}" for m in ("households", "people") for c in ("given", "used", "placed", "difference")]
    if not parts:
        return pd.DataFrame({c: pd.array([], dtype="object") for c in ("kind", "zone_id", "inside_share", *names)})
    return pd.concat(parts, ignore_index=True)


def summary_table(
    town: Town, blocks: gpd.GeoDataFrame, buildings: gpd.GeoDataFrame | None, households: Amounts, people: Amounts
) -> pd.DataFrame:
    """Return one row per source that gave anything; blocks whose households stay missing count under none."""
    kept = ~blocks["households"].isna().to_numpy()[town.block]
    total = float(households.filled[kept].sum())
    rows = []
    for source in SOURCES:
        mine, heads = kept & (households.source == source), kept & (people.source == source)
        amount = float(households.filled[mine].sum())
        in_blocks = len(np.unique(town.block[mine & (households.filled > 0)]))
        if source == "none":
            in_blocks = int((blocks["households_source"] == "none").sum())
        standing = 0
        if buildings is not None:
            standing = int(((buildings["households_source"] == source) & buildings["block_id"].notna()).sum())
        row = {
            "source": source, "buildings": standing, "blocks": in_blocks, "households": int(amount),
            "people": int(people.filled[heads].sum()), "share": amount / total if total else 0.0,
            "note_zh": _NOTES[source][0], "note_en": _NOTES[source][1],
        }  # fmt: skip
        if any(row[c] for c in ("buildings", "blocks", "households", "people")):
            rows.append(row)
    columns = ["source", "buildings", "blocks", "households", "people", "share", "note_zh", "note_en"]
    return pd.DataFrame(rows, columns=columns)


# --- findings -------------------------------------------------------------------------------------------------------


def tell_findings(
    town: Town, households: Amounts, people: Amounts, report: Report, *, blocks: gpd.GeoDataFrame, checks: pd.DataFrame
) -> None:
    """Report what stays unknown, what found no home or hardly room, totals not kept, and borders across blocks."""
    blank = town.land.ids[blocks["households"].isna().to_numpy()]
    if len(blank):
        report.tell("no_households_known", "blocks", blank)
    _tell_directs(town, households, people, report)
    _tell_crowded(town, households, report)
    _tell_conflicts(town, households, people, report)
    _tell_straddled(blocks, checks, report)


def _tell_directs(town: Town, households: Amounts, people: Amounts, report: Report) -> None:
    """Report areas without a home to take their total."""
    for kind, zones in town.zones.items():
        bare = (households.direct[kind] > 0) | (people.direct[kind] > 0)
        if kind == "block" or not bare.any():
            continue
        amount = int(households.direct[kind].sum())
        report.tell("placed_on_land", TABLES[kind], zones.ids[bare], amount=amount, how=town.land.measure)


def _tell_crowded(town: Town, households: Amounts, report: Report) -> None:
    """Report homes too small for their share."""
    value, area = households.value[: town.homes], town.floor[: town.homes]
    shared = (households.source[: town.homes] != "building") & (value > 0)
    crowded = shared & (area < _CROWDED_M2 * value)
    if crowded.any():
        amount, names = int(value[crowded].sum()), town.names[crowded]
        report.tell("crowded", "buildings", names, amount=amount, least=_CROWDED_M2)


def _tell_conflicts(town: Town, households: Amounts, people: Amounts, report: Report) -> None:
    """Report each area whose total could not be kept, and in one line per kind those a more trusted total overruled."""
    for kind, zones in town.zones.items():
        table, ids = TABLES[kind], zones.ids
        for measure, amount in (("households", households), ("people", people)):
            unit, used, left = _UNIT[measure], zones.used(measure), amount.left[kind]
            theirs = ~np.isnan(used)  # households made from people carry no total to defend
            for i in np.flatnonzero((left != 0) & theirs):
                code = "total_not_reached" if left[i] > 0 else "known_above_total"
                kept = ("地块总数", "the block's total") if kind == "block" else ("已知数", "what is known")
                parts = used[i] - left[i]
                report.tell(code, table, [ids[i]], total=used[i], parts=parts, left=left[i], unit=unit, kept=kept)
            placed = sums(amount.filled, town.zone[kind], len(ids))
            gap: Floats = np.where(theirs & (left == 0), placed - used, 0)
            if gap.any():
                lost, widest = gap != 0, float(gap[np.argmax(np.abs(gap))])
                total, parts = used[lost].sum(), placed[lost].sum()
                report.tell("overruled", table, ids[lost], total=total, parts=parts, widest=widest, unit=unit)


def _tell_straddled(blocks: gpd.GeoDataFrame, checks: pd.DataFrame, report: Report) -> None:
    """Report communities whose blocks together hold another number than they do: a block counts with one community."""
    placed = checks[checks["kind"] == "community"].set_index("zone_id")["households_placed"]
    by_block = blocks.groupby("community_id")["households"].sum().reindex(placed.index, fill_value=0)
    for community in placed.index[(by_block != placed).fillna(value=False)]:
        amount, counted = int(placed[community]), int(by_block[community])
        report.tell("border_straddled", "communities", [community], amount=amount, counted=counted)
