"""How much there is to do: façades, roofs, stairs, pipes and flats from footprints and storeys, each with its source.

Nothing is silent: a quantity is measured, taken from the register, estimated between a low and a high and said so, or
unknown (NaN).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from pydantic import BaseModel, ConfigDict, Field
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial.distance import pdist, squareform

Floats = npt.NDArray[np.float64]

BUILDING_QUANTITIES = (
    "floors", "height_m", "facade_m2", "roof_m2", "stairwells", "stair_flights", "riser_m", "pipe_run_m", "flats",
)  # fmt: skip
"""What is worked out for every building; each with `_low`, `_high`, `_zh` and `_en` beside it."""

HOMES_FROM = {
    "block": ("街区户数分摊", "shared out from the block's households"),
    "estate": ("小区户数分摊", "shared out from the estate's households"),
    "census": ("普查区户数分摊", "shared out from the census area's households"),
    "community": ("社区户数分摊", "shared out from the community's households"),
    "raster": ("人口栅格推算", "made from the population raster"),
    "floor_area": ("建筑面积推算", "made from floor area"),
}
"""`households_source` of a building whose households nobody counted, in words (`geo.households.SOURCES`)."""

KNOWN_ENOUGH = 10
"""Buildings of known storeys that are needed to estimate the others' from them."""


class QuantityOptions(BaseModel):
    """What footprints and storeys do not say. All are our own reading of ordinary housing, and may be changed.

    Attributes
    ----------
    storey_m : float
        Height of a storey, where the building's height is not known [m].
    opening_share : float
        Share of a façade that is windows and doors.
    flats_per_landing, flats_per_landing_most : float
        Flats at a landing: the usual (一梯两户) and the most; the most gives the fewest stairwells.
    stairwell_m, stairwell_least_m, stairwell_most_m : float
        Length of building that one stairwell serves, where the flats are not known [m]. What is worked out from flats
        is never more than the outline has room for: half its perimeter by the least length.
    empty_share : float
        Flats that may stand empty beyond the households that were counted, as a share of these.
    estimate_spread : float
        How far off flats may be, either way, that were made from floor area, or shared out from the total of a block,
        an estate or a community: a share of the number.
    estimate_floors : bool
        Estimate unknown storeys from the study's other housing (middle, 10th and 90th of 100). Otherwise they, and
        what follows from them, stay unknown.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    storey_m: Annotated[float, Field(gt=0, le=10)] = 3.0
    opening_share: Annotated[float, Field(ge=0, lt=1)] = 0.25
    flats_per_landing: Annotated[float, Field(gt=0)] = 2.0
    flats_per_landing_most: Annotated[float, Field(gt=0)] = 4.0
    stairwell_m: Annotated[float, Field(gt=0)] = 18.0
    stairwell_least_m: Annotated[float, Field(gt=0)] = 12.0
    stairwell_most_m: Annotated[float, Field(gt=0)] = 30.0
    empty_share: Annotated[float, Field(ge=0, le=1)] = 0.15
    estimate_spread: Annotated[float, Field(ge=0, lt=1)] = 0.3
    estimate_floors: bool = True


@dataclass(frozen=True)
class Amount:
    """A quantity: value between low and high (NaN unknown), and where it is from."""

    value: float
    low: float
    high: float
    source_zh: str
    source_en: str

    @staticmethod
    def unknown(zh: str, en: str) -> "Amount":
        """Return a quantity that nobody knows, and why."""
        return Amount(np.nan, np.nan, np.nan, zh, en)


@dataclass(frozen=True)
class _Column:
    """One quantity of all buildings."""

    value: Floats
    low: Floats
    high: Floats
    zh: list[str]
    en: list[str]


def building_quantities(buildings: gpd.GeoDataFrame, *, options: QuantityOptions | None = None) -> pd.DataFrame:
    """Return the quantities of buildings.

    Parameters
    ----------
    buildings : GeoDataFrame
        The table `buildings`, in metres; those that are examined: storeys are estimated from them, and walls that two
        of them share are no façade.
    options : QuantityOptions, optional

    Returns
    -------
    DataFrame
        Index building_id, in the same order. For each of `BUILDING_QUANTITIES` its value, `<name>_low`, `<name>_high`
        (NaN unknown) and the sentences `<name>_zh`, `<name>_en` on its source. facade_m2: outer walls without openings;
        roof_m2: the footprint; stairwells, stair_flights (storeys less one, for each stairwell); riser_m: one line up
        every stairwell; pipe_run_m: one line along the building; flats.
    """
    o = options or QuantityOptions()
    count = len(buildings)
    shapes = buildings.geometry.to_numpy()
    floors = _floors(buildings, o)
    height = _height(buildings, floors, o)
    perimeter = shapely.length(shapes) - _party_walls(shapes)
    long_side = _long_sides(shapes)
    walls = 1 - o.opening_share
    facade = _scaled(
        height, perimeter * walls,
        f"外墙:外露周长×高度×(1−门窗占比{o.opening_share:.0%})",
        f"outer walls: free perimeter × height × (1 − {o.opening_share:.0%} openings)",
    )  # fmt: skip
    area = shapely.area(shapes)
    roof = _Column(area, area, area, ["屋面:建筑基底面积"] * count, ["roof: area of the footprint"] * count)
    flats = _flats(buildings, o)
    room = np.maximum(1.0, np.floor(shapely.length(shapes) / 2 / o.stairwell_least_m))
    stairwells = _stairwells(flats, floors, long_side, room, o)
    flights = _product(
        _less_one(floors), stairwells, "楼梯段:(层数−1)×单元数", "stair flights: (storeys − 1) × stairwells"
    )
    riser = _product(
        height, stairwells, "立管:高度×单元数(每种管线一根)", "risers: height × stairwells (one for each kind of line)"
    )
    along = _Column(
        long_side, long_side, long_side, ["横管:沿建筑长边"] * count, ["horizontal run: along the building"] * count
    )
    flats = _flats_estimated(flats, floors, stairwells, o)
    named = zip(
        BUILDING_QUANTITIES, (floors, height, facade, roof, stairwells, flights, riser, along, flats), strict=True
    )
    columns: dict[str, object] = {}
    for name, column in named:
        columns[name], columns[f"{name}_low"], columns[f"{name}_high"] = column.value, column.low, column.high
        columns[f"{name}_zh"], columns[f"{name}_en"] = column.zh, column.en
    return pd.DataFrame(columns, index=buildings.index)


def amount(table: pd.DataFrame, building: str, name: str) -> Amount:
    """Return one quantity of one building."""
    at = table.index.get_loc(building)
    value, low, high = (float(table[f"{name}{end}"].iloc[at]) for end in ("", "_low", "_high"))
    return Amount(value, low, high, str(table[f"{name}_zh"].iloc[at]), str(table[f"{name}_en"].iloc[at]))


def site_run(
    site: str,
    buildings: gpd.GeoDataFrame,
    *,
    area: shapely.Geometry | None = None,
    roads: gpd.GeoDataFrame | None = None,
) -> Amount:
    """Return the length of lines under a site: along its own roads, else the shortest net between its buildings [m].

    Parameters
    ----------
    site : str
        What it is called in messages.
    buildings : GeoDataFrame
        The site's.
    area : Geometry, optional
        The estate; without it there are no inner roads to follow.
    roads : GeoDataFrame, optional
        The study's roads.
    """
    if area is not None and roads is not None and len(roads):
        near = roads.geometry.iloc[roads.sindex.query(area, predicate="intersects")].to_numpy()
        inside = float(shapely.length(shapely.intersection(near, area)).sum()) if len(near) else 0.0
        if inside > 0:
            return Amount(
                inside,
                inside,
                inside,
                "室外管线:小区内部道路长度",
                "lines outdoors: length of the estate's inner roads",
            )
    points = shapely.get_coordinates(shapely.centroid(buildings.geometry.to_numpy()))
    if len(points) < 2:
        return Amount.unknown(f"{site}没有内部道路,也没有两栋以上建筑,室外管线长度未知",
                              f"{site} has no inner roads and fewer than two buildings: the length of lines is unknown"
                              )  # fmt: skip
    net = float(minimum_spanning_tree(squareform(pdist(points))).sum())
    return Amount(net, net, 1.5 * net, "室外管线(估计):连接各栋的最短网长,上限按1.5倍",
                  "lines outdoors (estimate): the shortest net that joins the buildings; at most half as much again"
                  )  # fmt: skip


def total(parts: list[Amount], zh: str, en: str) -> Amount:
    """Return the sum of quantities; unknown when one of them is, with what is known as the low."""
    value = sum(each.value for each in parts)
    low = float(np.nansum([each.low for each in parts])) if parts else np.nan
    high = sum(each.high for each in parts)
    sources_zh = "、".join(dict.fromkeys(each.source_zh for each in parts))
    sources_en = "; ".join(dict.fromkeys(each.source_en for each in parts))
    if not parts:
        return Amount.unknown(f"{zh}:没有建筑", f"{en}: there are no buildings")
    return Amount(float(value), low, float(high), f"{zh}合计({sources_zh})", f"{en}, summed ({sources_en})")


def figures(table: pd.DataFrame) -> pd.DataFrame:
    """Return a summary of quantities: for each its sum, low and high, and how many buildings are known or estimated.

    Returns
    -------
    DataFrame
        Index name (`BUILDING_QUANTITIES` but floors and height_m). `value`, `low`, `high` (sums over buildings that
        have one), `known` (low = high), `estimated`, `unknown` (counts of buildings).
    """
    rows: dict[str, Mapping[str, float]] = {}
    for name in BUILDING_QUANTITIES[2:]:
        value, low, high = (table[f"{name}{end}"].to_numpy(float) for end in ("", "_low", "_high"))
        unknown = np.isnan(value)
        sure = ~unknown & (low == high)
        rows[name] = {
            "value": float(np.nansum(value)), "low": float(np.nansum(low)), "high": float(np.nansum(high)),
            "known": int(sure.sum()), "estimated": int((~sure & ~unknown).sum()), "unknown": int(unknown.sum()),
        }  # fmt: skip
    return pd.DataFrame(rows).T.astype({"known": "int64", "estimated": "int64", "unknown": "int64"}).rename_axis("name")


# ── parts ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def _read(buildings: pd.DataFrame, name: str) -> Floats:
    if name not in buildings:
        return np.full(len(buildings), np.nan)
    return np.asarray(pd.to_numeric(buildings[name]).astype("float64"))


def _floors(buildings: pd.DataFrame, o: QuantityOptions) -> _Column:
    said, tall = _read(buildings, "floors"), _read(buildings, "height_m")
    said = np.where(said >= 1, np.round(said), np.nan)
    from_height = np.where(tall >= 2, np.maximum(1, np.round(tall / o.storey_m)), np.nan)
    known = np.where(np.isnan(said), from_height, said)
    sure = known[~np.isnan(known)]
    low, high, value = known.copy(), known.copy(), known.copy()
    unknown = np.isnan(known)
    can = o.estimate_floors and len(sure) >= KNOWN_ENOUGH
    if can:
        middle, least, most = (float(np.round(np.quantile(sure, q))) for q in (0.5, 0.1, 0.9))
        value[unknown], low[unknown], high[unknown] = middle, least, most
        guess = (f"层数估计:未登记,取已知{len(sure)}栋的中位数{middle:g}层({least:g}–{most:g})",
                 f"storeys estimated: not registered; the middle of {len(sure):,} known buildings, {middle:g} "
                 f"({least:g} to {most:g})")  # fmt: skip
    else:
        guess = ("层数未知", "storeys unknown")
    zh, en = [], []
    for i in range(len(known)):
        if not np.isnan(said[i]):
            zh.append("层数:登记")
            en.append("storeys: register")
        elif not np.isnan(from_height[i]):
            zh.append(f"层数:高度÷{o.storey_m:g}米")
            en.append(f"storeys: height ÷ {o.storey_m:g} m")
        else:
            zh.append(guess[0])
            en.append(guess[1])
    return _Column(value, low, high, zh, en)


def _height(buildings: pd.DataFrame, floors: _Column, o: QuantityOptions) -> _Column:
    tall = _read(buildings, "height_m")
    known = tall >= 2
    value, low, high = (np.where(known, tall, part * o.storey_m) for part in (floors.value, floors.low, floors.high))
    zh = ["高度:登记" if k else f"高度:层数×{o.storey_m:g}米;{text}" for k, text in zip(known, floors.zh, strict=True)]
    en = ["height: register" if k else f"height: storeys × {o.storey_m:g} m; {text}"
          for k, text in zip(known, floors.en, strict=True)]  # fmt: skip
    return _Column(value, low, high, zh, en)


def _party_walls(shapes: npt.NDArray[np.object_]) -> Floats:
    """Return the length of each outline that another building's outline runs along [m]."""
    shared = np.zeros(len(shapes))
    if len(shapes) < 2:
        return shared
    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    apart = one < other
    one, other = one[apart], other[apart]
    edges = shapely.boundary(shapes)
    along = shapely.length(shapely.intersection(edges[one], edges[other]))
    np.add.at(shared, one, along)
    np.add.at(shared, other, along)
    return np.minimum(shared, shapely.length(shapes))


def _long_sides(shapes: npt.NDArray[np.object_]) -> Floats:
    boxes = shapely.oriented_envelope(shapes)
    sides = np.zeros(len(shapes))
    for i, box in enumerate(boxes):
        corners = shapely.get_coordinates(box)
        sides[i] = np.hypot(*np.diff(corners[:3], axis=0).T).max() if len(corners) >= 3 else shapely.length(box)
    return sides


def _flats(buildings: pd.DataFrame, o: QuantityOptions) -> _Column:
    """Return flats: registered, else made from households, which were counted themselves or are an estimate too."""
    told, homes = _read(buildings, "dwellings"), _read(buildings, "households")
    told, homes = (np.where(each > 0, each, np.nan) for each in (told, homes))
    told_from, homes_from = (_sources(buildings, name) for name in ("dwellings_source", "households_source"))
    registered = ~np.isnan(told) & np.isin(told_from, ("", "building"))
    rough = np.isin(homes_from, tuple(HOMES_FROM))
    value = np.where(np.isnan(told), homes, told)
    fewest = np.fmin(value, homes)
    most = np.fmax(value, np.ceil(homes * (1 + o.empty_share) - 1e-9))
    fewest = np.where(np.isnan(fewest), value, fewest)
    most = np.where(np.isnan(most), value, most)
    low = np.where(rough, np.maximum(1.0, np.floor(fewest * (1 - o.estimate_spread) + 1e-9)), fewest)
    high = np.where(rough, np.ceil(most * (1 + o.estimate_spread) - 1e-9), most)
    low, high = (np.where(registered, told, each) for each in (low, high))
    unknown = np.isnan(value)
    low, high = (np.where(unknown, np.nan, each) for each in (low, high))
    zh, en = [], []
    for none, sure, source in zip(unknown, registered, homes_from, strict=True):
        if none:
            told_zh, told_en = "套数未知", "flats unknown"
        elif sure:
            told_zh, told_en = "套数:登记", "flats: register"
        elif source in HOMES_FROM:
            how, how_en = HOMES_FROM[source]
            told_zh = f"套数(估计):户数由{how},上下各{o.estimate_spread:.0%}"
            told_en = f"flats (estimate): households {how_en}, give or take {o.estimate_spread:.0%}"
        else:
            told_zh = f"套数(估计):按户数,上限至少加{o.empty_share:.0%}空置"
            told_en = f"flats (estimate): households, with at least {o.empty_share:.0%} more empty as the high"
        zh.append(told_zh)
        en.append(told_en)
    return _Column(value, low, high, zh, en)


def _sources(buildings: pd.DataFrame, name: str) -> npt.NDArray[np.object_]:
    if name not in buildings:
        return np.full(len(buildings), "", dtype=object)
    return np.asarray(buildings[name].astype("object").where(buildings[name].notna(), ""), dtype=object)


def _stairwells(flats: _Column, floors: _Column, long_side: Floats, room: Floats, o: QuantityOptions) -> _Column:
    """Return stairwells: from flats at each landing, as far as the outline has `room`, else from the length."""

    def by_flats(many: Floats, storeys: Floats, each: float) -> Floats:
        return np.asarray(np.maximum(1.0, np.ceil(many / np.maximum(storeys, 1) / each - 1e-9)))

    def by_length(each: float) -> Floats:
        return np.asarray(np.maximum(1.0, np.round(long_side / each)))

    can = ~np.isnan(flats.value) & ~np.isnan(floors.value)
    wanted = by_flats(flats.value, floors.value, o.flats_per_landing)
    fewest = by_flats(flats.low, floors.high, o.flats_per_landing_most)
    most = by_flats(flats.high, floors.low, o.flats_per_landing)
    full = can & (wanted > room)
    value = np.where(can, np.minimum(wanted, room), by_length(o.stairwell_m))
    low = np.where(can, np.minimum(fewest, room), by_length(o.stairwell_most_m))
    high = np.where(can, np.minimum(most, room), by_length(o.stairwell_least_m))
    each = f"{o.flats_per_landing:g}"
    zh, en = [], []
    for known, over, n, flats_zh, flats_en, floors_zh, floors_en in zip(
        can, full, room, flats.zh, flats.en, floors.zh, floors.en, strict=True
    ):
        if known:
            zh.append(f"单元数(估计):{flats_zh}÷({floors_zh})÷每层{each}户")
            en.append(f"stairwells (estimate): ({flats_en}) ÷ ({floors_en}) ÷ {each} flats at a landing")
        else:
            zh.append(f"单元数(估计):建筑长度÷{o.stairwell_m:g}米")
            en.append(f"stairwells (estimate): length of the building ÷ {o.stairwell_m:g} m")
        if over:
            zh[-1] += f",以轮廓放得下的{n:g}个为限(半周长÷{o.stairwell_least_m:g}米)"
            en[-1] += f", no more than the {n:g} its outline has room for (half perimeter ÷ {o.stairwell_least_m:g} m)"
    return _Column(value, np.minimum(low, value), np.maximum(high, value), zh, en)


def _flats_estimated(flats: _Column, floors: _Column, stairwells: _Column, o: QuantityOptions) -> _Column:
    unknown = np.isnan(flats.value)
    low_each, most = min(1.0, o.flats_per_landing), o.flats_per_landing_most
    value = np.where(unknown, floors.value * stairwells.value * o.flats_per_landing, flats.value)
    low = np.where(unknown, floors.low * stairwells.low * low_each, flats.low)
    high = np.where(unknown, floors.high * stairwells.high * most, flats.high)
    zh = [f"套数(估计):层数×单元数×每层{o.flats_per_landing:g}户;{s}" if u else t
          for u, t, s in zip(unknown, flats.zh, floors.zh, strict=True)]  # fmt: skip
    en = [f"flats (estimate): storeys × stairwells × {o.flats_per_landing:g} at a landing; {s}" if u else t
          for u, t, s in zip(unknown, flats.en, floors.en, strict=True)]  # fmt: skip
    return _Column(value, low, high, zh, en)


def _less_one(floors: _Column) -> _Column:
    value, low, high = (np.maximum(0.0, part - 1) for part in (floors.value, floors.low, floors.high))
    return _Column(value, low, high, floors.zh, floors.en)


def _scaled(column: _Column, factor: Floats, zh: str, en: str) -> _Column:
    return _Column(column.value * factor, column.low * factor, column.high * factor,
                   [f"{zh};{text}" for text in column.zh], [f"{en}; {text}" for text in column.en])  # fmt: skip


def _product(one: _Column, other: _Column, zh: str, en: str) -> _Column:
    return _Column(one.value * other.value, one.low * other.low, one.high * other.high,
                   [f"{zh};{a};{b}" for a, b in zip(one.zh, other.zh, strict=True)],
                   [f"{en}; {a}; {b}" for a, b in zip(one.en, other.en, strict=True)])  # fmt: skip
