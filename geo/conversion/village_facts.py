"""What the tables say of villages and compounds: who lives in a range, what adjoins it, what fills which blocks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo.partition.actions.names import block_of, old_names
from geo.schema import OUTSIDE


@dataclass(frozen=True)
class Facts:
    """The tables as the rules read them: text ids, sorted; what lies in which block."""

    blocks: gpd.GeoDataFrame
    seams: gpd.GeoDataFrame
    communities: gpd.GeoDataFrame
    kinds: Mapping[str, str]
    said: pd.DataFrame
    estates: gpd.GeoDataFrame | None
    estate_blocks: Mapping[str, tuple[str, ...]]
    homes: pd.DataFrame | None
    """Buildings where somebody lives, or may: households, block, register (community_id or ""), estate (or "")."""

    def called(self, identity: str) -> tuple[str, str]:
        """Return how a community is called, in Chinese and English."""
        return str(self.said.loc[identity, "said"]), str(self.said.loc[identity, "said_en"])

    def households(self, ids: Sequence[str]) -> int | None:
        """Return the households of some blocks; None when none is known."""
        return known_sum(self.blocks.loc[list(ids), "households"])

    def inside(self, community: str) -> list[str]:
        """Return the blocks of a community."""
        return list(self.blocks.index[self.blocks["community_id"] == community])

    def borders(self, ids: Sequence[str]) -> dict[str, float]:
        """Return the length [m] of the border that blocks share with each community around them."""
        own = set(ids)
        a, b = self.seams["block_a"].isin(own), self.seams["block_b"].isin(own)
        edge = self.seams[(a ^ b) & (self.seams["block_b"] != OUTSIDE)]
        other = edge["block_b"].where(edge["block_a"].isin(own), edge["block_a"])
        lengths = edge["length_m"].groupby(other.map(self.blocks["community_id"])).sum()
        return {str(i): float(m) for i, m in lengths.items() if m > 0}


def read_facts(
    blocks: gpd.GeoDataFrame, seams: gpd.GeoDataFrame, communities: gpd.GeoDataFrame,
    estates: gpd.GeoDataFrame | None, buildings: gpd.GeoDataFrame | None,
) -> Facts:  # fmt: skip
    """Return the tables as the rules read them; they are checked already."""
    known = communities.set_axis(communities.index.astype(str), axis=0).sort_index()
    ledger = blocks.set_axis(blocks.index.astype(str), axis=0).sort_index()
    ledger["households"] = pd.to_numeric(ledger["households"]).astype("Int64")
    people = ledger["people"] if "people" in ledger.columns else pd.Series(pd.NA, ledger.index, dtype="Int64")
    ledger["people"] = pd.to_numeric(people).astype("Int64")
    said = old_names(ledger.assign(before=""), known)
    compounds = None if estates is None else estates.set_axis(estates.index.astype(str), axis=0).sort_index()
    return Facts(
        blocks=ledger, seams=seams, communities=known, kinds=known["kind"].astype(str).to_dict(), said=said,
        estates=compounds, estate_blocks={} if compounds is None else _estate_blocks(ledger, compounds),
        homes=None if buildings is None else _homes(ledger, buildings, compounds),
    )  # fmt: skip


def _estate_blocks(ledger: gpd.GeoDataFrame, estates: gpd.GeoDataFrame) -> dict[str, tuple[str, ...]]:
    """Return the blocks that a compound is made of: those it fills to more than half; none when it fills no block."""
    shapes, land = estates.geometry.to_numpy(), ledger.geometry.to_numpy()
    estate, block = shapely.STRtree(land).query(shapes, predicate="intersects")
    filled = shapely.area(shapely.intersection(shapes[estate], land[block])) > 0.5 * shapely.area(land[block])
    found: dict[str, tuple[str, ...]] = {str(name): () for name in estates.index}
    for name, number in sorted(zip(estate[filled].tolist(), block[filled].tolist(), strict=True)):
        found[str(estates.index[name])] += (str(ledger.index[number]),)
    return found


def _homes(
    ledger: gpd.GeoDataFrame, buildings: gpd.GeoDataFrame, estates: gpd.GeoDataFrame | None
) -> pd.DataFrame | None:
    if "households" not in buildings.columns or buildings["households"].isna().all():
        return None
    lived = buildings[pd.to_numeric(buildings["households"]).fillna(1) > 0]
    place = block_of(lived, ledger)
    table = pd.DataFrame({
        "households": pd.to_numeric(lived["households"]).astype("Int64").array,
        "block": [str(ledger.index[i]) if i >= 0 else "" for i in place],
        "register": _texts(lived, "community_id"), "estate": _texts(lived, "estate_id"),
    })  # fmt: skip
    if estates is not None and len(estates) and len(lived):
        points = shapely.point_on_surface(lived.geometry.to_numpy())
        thing, estate = shapely.STRtree(estates.geometry.to_numpy()).query(points, predicate="intersects")
        inside = dict(sorted(zip(thing.tolist(), estate.tolist(), strict=True), reverse=True))
        spot = [str(estates.index[inside[i]]) if i in inside else "" for i in range(len(lived))]
        table["estate"] = [own or other for own, other in zip(table["estate"], spot, strict=True)]
    return table


def _texts(frame: gpd.GeoDataFrame, column: str) -> list[str]:
    if column not in frame.columns:
        return [""] * len(frame)
    return ["" if pd.isna(value) else str(value) for value in frame[column]]


def known_sum(values: pd.Series) -> int | None:
    """Return a sum of counts; None when none of them is known."""
    total = values.sum(min_count=1)
    return None if pd.isna(total) else int(total)


def count_of(row: pd.Series, column: str) -> int | None:
    """Return one count of a row; None when it is unknown or there is no such column."""
    value = row.get(column)
    return None if pd.isna(value) else int(value)


def home_of(estate: str, blocks: tuple[str, ...], town: Facts) -> str | None:
    """Return the community that most of a compound's blocks lie in by area, or its inner point."""
    assert town.estates is not None  # noqa: S101 - see _compound
    if blocks:
        own = town.blocks.loc[list(blocks)]
        areas = own.geometry.area.groupby(own["community_id"].to_numpy()).sum()
        return str(areas.idxmax()) if len(areas) else None
    place = block_of(town.estates.loc[[estate]], town.blocks)[0]
    home = town.blocks["community_id"].iloc[place] if place >= 0 else None
    return None if pd.isna(home) else str(home)


@dataclass(frozen=True)
class Mixed:
    """How mixed a village's range is: the households that are not its own, where that is known.

    `residents` are those that the register gives to a neighbourhood, by its id; `blocks` are those in which most known
    households are not the village's own; `zh` and `en` say it.
    """

    zh: str
    en: str
    share: float = np.nan
    households: int | None = None
    residents: Mapping[str, int] = field(default_factory=dict)
    blocks: tuple[str, ...] = ()


def mixing(
    village: str, blocks: Sequence[str], households: int | None, town: Facts, *, survey: pd.DataFrame, taken: set[str]
) -> Mixed:
    """Return how mixed a village's range is, by the survey, else by buildings, else by compounds.

    Compounds that get a community of their own (`taken`) are left out: they leave the village.
    """
    counted = _by_buildings(set(blocks), town, taken) or _by_compounds(set(blocks), households, town, taken)
    if village in survey.index and "mixed_share" in survey.columns and pd.notna(survey.loc[village, "mixed_share"]):
        share = float(survey.loc[village, "mixed_share"])
        return Mixed(
            f"调查:范围内非本村住户占{share:.0%}",
            f"survey: {share:.0%} of the households in its range are not the village's own",
            share, None, *((counted.residents, counted.blocks) if counted else ()),
        )  # fmt: skip
    return counted or Mixed(
        "范围内混居情况未知,暂按不混居处理,待核",
        "how mixed its range is, is not known; taken as not mixed until shown",
    )


def _by_buildings(blocks: set[str], town: Facts, taken: set[str]) -> Mixed | None:
    if town.homes is None:
        return None
    here = town.homes[town.homes["block"].isin(blocks) & ~town.homes["estate"].isin(taken)]
    here = here[here["households"].notna()]
    total = int(here["households"].sum())
    if not total:
        return None
    register = here["register"].map(lambda i: town.kinds.get(i, "") == "community").astype(bool)
    foreign = here[register | (here["estate"] != "")]
    residents = here[register].groupby("register")["households"].sum()
    number = int(foreign["households"].sum())
    by_block = here.groupby("block")["households"].sum()
    most = foreign.groupby("block")["households"].sum().reindex(by_block.index, fill_value=0) * 2 > by_block
    return Mixed(
        f"范围内已知{total}户中有{number}户({number / total:.0%})属社区登记或住在小区",
        f"of {total:,} known households in its range {number:,} ({number / total:.0%}) are registered with a "
        "neighbourhood, or live in a compound",
        number / total, number, {str(i): int(n) for i, n in residents.items()},
        tuple(sorted(str(block) for block in most.index[most])),
    )  # fmt: skip


def _by_compounds(blocks: set[str], households: int | None, town: Facts, taken: set[str]) -> Mixed | None:
    if town.estates is None or "households" not in town.estates.columns or households is None:
        return None
    places = block_of(town.estates, town.blocks)
    inside = [
        str(i) for i, place in zip(town.estates.index, places, strict=True)
        if place >= 0 and town.blocks.index[place] in blocks and i not in taken
    ]  # fmt: skip
    counts = pd.to_numeric(town.estates.loc[inside, "households"])
    leaving = [i for i in sorted(taken) if set(town.estate_blocks[i]) & blocks]
    rest = households - sum(count_of(town.estates.loc[i], "households") or 0 for i in leaving)
    if counts.isna().any() or rest <= 0:
        return None
    number = int(counts.sum())
    share = min(1.0, number / rest)
    return Mixed(
        f"范围内{rest}户中有{number}户({share:.0%})住在小区",
        f"of {rest:,} households in its range {number:,} ({share:.0%}) live in compounds",
        share, number, {}, tuple(sorted({block for i in inside for block in town.estate_blocks[i]} & blocks)),
    )  # fmt: skip


def overlaps(village: str, town: Facts) -> dict[str, float]:
    """Return the area [m²] that the ranges of neighbourhoods share with a village's."""
    shape = town.communities.geometry[village]
    near = [i for i in town.communities.index if town.kinds[i] == "community"]
    shared = shapely.area(shapely.intersection(shape, town.communities.geometry.loc[near].to_numpy()))
    return {i: float(m2) for i, m2 in zip(near, shared, strict=True) if m2 > 1e-3 * shape.area}


def neighbour_of(
    village: str, blocks: Sequence[str], residents: Mapping[str, int], overlap: Mapping[str, float], town: Facts
) -> str | None:
    """Return the neighbourhood to merge with: most residents inside, then most overlap, then the longest border."""
    borders = town.borders(blocks)

    def same_town(other: str) -> bool:
        if "town" not in town.communities.columns:
            return True
        a, b = town.communities.loc[village, "town"], town.communities.loc[other, "town"]
        return bool(pd.isna(a) or pd.isna(b) or a == b)

    known = [i for i in borders if town.kinds.get(i) == "community" and same_town(i)]
    if not known:
        return None
    return min(known, key=lambda i: (-residents.get(i, 0), -overlap.get(i, 0.0), -borders[i], i))
