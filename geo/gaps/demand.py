"""Where people live, as points: how many, how many households, children and old people, and how that is known."""

from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.errors import Fault, InputError
from geo.study import Study

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Words = npt.NDArray[np.object_]

COUNTS: Final = ("people", "households")
AGES: Final = ("children", "elders")
PLACES: Final = ("building", "block", "census", "community")
"""What a point stands for: a building; the people of a block who are in none of its buildings; a whole area."""

SOURCES: Final = {
    "building": ("逐栋登记", "counted building by building"), "block": ("地块总数", "total of the block"),
    "estate": ("小区总数分摊", "shared out from the estate's total"),
    "census": ("普查区总数", "total of the census area"),
    "community": ("社区(村)总数", "total of the community or village"),
    "raster": ("人口栅格", "population raster"), "floor_area": ("按建筑面积估算", "estimated from floor area"),
    "household_size": ("由户数推算", "assumed from households"), "none": ("未知", "unknown"),
}  # fmt: skip
"""Where a number of people, children or old people comes from, in Chinese and English."""

_HOMES: Final = ("residential", "mixed")
_COLUMNS: Final = ("place", *COUNTS, *AGES, "building_id", "block_id", "estate_id", "community_id", "source",
                   "source_zh", "source_en", "children_source", "elders_source", "geometry")  # fmt: skip


def demand(study: Study) -> gpd.GeoDataFrame:
    """Return the homes of a town as points, with what is known of the people in each.

    A building with people is a point; people of a block who are in none of its buildings are a point on the block, or
    points on the census areas that lie in it where there are several. Where blocks know nobody, buildings must all be
    known, or census areas and then communities stand for their people. Nothing is lost: the people and the households
    add up to the blocks' (else the buildings', the census areas'); a block's total holds even against its buildings,
    whose numbers are then taken in proportion. Nothing is guessed: what is unknown stays unknown (NaN).

    Parameters
    ----------
    study
        Best after `shequ blocks` and `shequ households`. Its tables buildings, blocks, census, communities and estates
        are read as far as there are any.

    Returns
    -------
    GeoDataFrame
        Index `demand_id` (the building's id; `block:…`, `block:…/census id`, `census:…`, `community:…`), sorted.
        Columns: `place`, one of `PLACES`; `people`, `households`, `children` (up to 14), `elders` (60 and over, 65
        where the source counts so): float, NaN unknown; `building_id`, `block_id`, `estate_id`, `community_id`: missing
        where it lies in none; `source`, `children_source`, `elders_source`: where the numbers come
        from, keys of `SOURCES`, with `source_zh`, `source_en`; geometry: a point inside, in the study's CRS. People in
        a home or block of whom nobody knows are a row of NaN; places without people are left out.

    Raises
    ------
    InputError
        When no table tells where anybody lives, or some homes are unknown and no block is told.

    Notes
    -----
    Children and old people are those of the building where it tells them, else the share they have among the people of
    the smallest area that tells them: of the census area, else of the community, less what its buildings tell.
    """
    points = _points(study)
    points = _with_areas(points, study)
    for age in AGES:
        points[age], points[f"{age}_source"] = _of_age(points, study, age)
    titles = points["source"].map(SOURCES)
    points["source_zh"], points["source_en"] = titles.str[0], titles.str[1]
    words = [column for column in _COLUMNS if column not in (*COUNTS, *AGES, "geometry")]
    points = points.astype({**dict.fromkeys(words, "str"), **dict.fromkeys((*COUNTS, *AGES), "float64")})
    return gpd.GeoDataFrame(points[list(_COLUMNS)], geometry="geometry", crs=study.crs).sort_index()


# ── points ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def _points(study: Study) -> pd.DataFrame:
    """Return the points with people, or of unknown people: place, counts, source, building_id, block_id, geometry."""
    buildings, blocks = _sorted(study, "buildings"), _sorted(study, "blocks")
    if blocks is not None and blocks["people"].notna().any():
        return _of_blocks(blocks, buildings, _sorted(study, "census"))
    if buildings is not None and buildings["people"].notna().any():
        homes = _rows(buildings, "building")
        unknown = _unknown_homes(buildings)
        if unknown.any():
            raise InputError(
                Fault(
                    f"{int(unknown.sum())} homes of unknown people, and no block is told",
                    "place people first: shequ blocks STUDY, then shequ households STUDY",
                    table="buildings", ids=tuple(buildings.index[unknown]),
                )
            )  # fmt: skip
        return homes[_lived_in(homes)]
    return _of_areas(study)


def _of_blocks(
    blocks: gpd.GeoDataFrame, buildings: gpd.GeoDataFrame | None, census: gpd.GeoDataFrame | None
) -> pd.DataFrame:
    """Return buildings, and what the blocks hold beside them; both together add up to the blocks."""
    land = _rows(blocks, "block")
    if buildings is None:
        return _spread(land[_lived_in(land) | land["people"].isna()], census)
    homes = _rows(buildings, "building")
    told = buildings["block_id"] if "block_id" in buildings.columns else pd.Series(np.nan, index=buildings.index)
    homes["block_id"] = told.where(told.notna(), _at(homes["geometry"], blocks)).to_numpy("object")
    inside = homes["block_id"].isin(blocks.index).to_numpy()
    homes, unknown = homes[inside].copy(), _unknown_homes(buildings)[inside]
    before = homes["people"]
    for count in COUNTS:
        homes[count], land[count] = _settled(homes[count], homes["block_id"], land.set_index("block_id")[count])
    kept = (homes["people"] / before).where(before > 0, 1.0)
    homes[list(AGES)] = homes[list(AGES)].mul(kept, axis=0)
    open_blocks = land.loc[land["people"].isna(), "block_id"]
    homes = homes[_lived_in(homes) | (unknown & homes["block_id"].isin(open_blocks).to_numpy())]
    alone = land["people"].isna() & ~land["block_id"].isin(homes["block_id"])
    return pd.concat([homes, _spread(land[_lived_in(land) | alone], census)])


def _settled(counts: pd.Series, block_id: pd.Series, totals: pd.Series) -> tuple[Floats, Floats]:
    """Return the buildings' counts and what the blocks hold beside them, so that both add up to the blocks' totals.

    Where buildings hold more than their block, they are taken in proportion. Where a block is unknown, so is the rest.
    """
    total = totals.to_numpy("float64")
    held = counts.groupby(block_id).sum().reindex(totals.index, fill_value=0.0).to_numpy("float64")
    over = held > total
    share = pd.Series(np.divide(total, held, out=np.ones(len(held)), where=over), index=totals.index)
    return (counts * share.loc[block_id].to_numpy()).to_numpy(), np.where(over, 0.0, total - held)


def _spread(land: pd.DataFrame, census: gpd.GeoDataFrame | None) -> pd.DataFrame:
    """Return the blocks' rest on the census areas whose inner points lie in them, in proportion, where several do."""
    if census is None or not len(land):
        return land
    told = census[(census["people"].fillna(0) > 0).to_numpy(bool)]
    inner = shapely.point_on_surface(told.geometry.to_numpy())
    cells = pd.DataFrame(
        {
            "block_id": _at(inner, gpd.GeoSeries(land["shape"].array, index=land["block_id"].array)),
            "cell": told.index.to_numpy("object"), "weight": _numbers(told, "people"), "geometry": inner,
        }
    ).dropna(subset=["block_id"])  # fmt: skip
    cells = cells[cells.groupby("block_id")["cell"].transform("size") > 1]
    cells["share"] = cells["weight"] / cells.groupby("block_id")["weight"].transform("sum")
    whole = land[~land["block_id"].isin(cells["block_id"]).to_numpy()]
    parts = land.drop(columns="geometry").rename_axis("whole").reset_index().merge(cells, on="block_id")
    for count in COUNTS:
        parts[count] *= parts["share"]
    parts.index = pd.Index(parts["whole"] + "/" + parts["cell"])
    return pd.concat([whole, parts[whole.columns]])


def _of_areas(study: Study) -> pd.DataFrame:
    """Return census areas, and the communities in which none of them lies, as points at an inner point."""
    census, communities = _sorted(study, "census"), _sorted(study, "communities")
    parts = [_rows(frame, place) for frame, place in ((census, "census"), (communities, "community"))
             if frame is not None and frame["people"].notna().any()]  # fmt: skip
    if not parts:
        raise InputError(
            Fault("no table tells where anybody lives",
                  "import people of buildings, census areas or communities, or a population raster; then shequ blocks "
                  "STUDY and shequ households STUDY")
        )  # fmt: skip
    if len(parts) == 2:
        first = parts[0][parts[0]["people"].notna().to_numpy()]
        covered = set(_at(first["geometry"], communities))
        parts = [first, parts[1][~parts[1]["shape_id"].isin(covered).to_numpy()]]
    points = pd.concat(parts)
    return points[_lived_in(points) | points["people"].isna().to_numpy()]


def _rows(frame: gpd.GeoDataFrame, place: str) -> pd.DataFrame:
    """Return a row for each place of a table: its counts as floats, a point inside it, and its ids."""
    shapes = frame.geometry.to_numpy()
    ids = frame.index.to_numpy("object")
    told = frame["people"].notna().to_numpy()
    named = frame["people_source"].fillna(place) if "people_source" in frame.columns else pd.Series(place, frame.index)
    named = named.where(named != "building", place)  # what a block holds beside its buildings
    return pd.DataFrame(
        {
            "place": place,
            **{count: frame[count].to_numpy("float64", na_value=np.nan) for count in COUNTS},
            **{age: _numbers(frame, age) for age in AGES},
            "source": np.where(told, named, "none"),
            "building_id": ids if place == "building" else np.nan,
            "block_id": ids if place == "block" else np.nan,
            "shape_id": ids, "shape": shapes, "geometry": shapely.point_on_surface(shapes),
        },
        index=pd.Index(ids if place == "building" else [f"{place}:{each}" for each in ids], name="demand_id"),
    )  # fmt: skip


def _lived_in(points: pd.DataFrame) -> Flags:
    return np.asarray((points[list(COUNTS)] > 0).any(axis=1))


def _unknown_homes(buildings: gpd.GeoDataFrame) -> Flags:
    """Return the buildings in which people live by their use, and nobody knows how many."""
    return np.asarray(buildings["people"].isna() & buildings["use"].isin(_HOMES), dtype=bool)


def _numbers(frame: gpd.GeoDataFrame, column: str) -> Floats:
    if column not in frame.columns:
        return np.full(len(frame), np.nan)
    return np.asarray(frame[column].to_numpy("float64", na_value=np.nan), dtype=np.float64)


def _sorted(study: Study, name: str) -> gpd.GeoDataFrame | None:
    """Return a table in the order of its ids, or None when it has no rows."""
    frame = study.get(name)
    return None if frame is None or frame.empty else frame.sort_index()


# ── areas ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def _with_areas(points: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Return the points with the block, estate and community each lies in; what the register says outranks the map."""
    points = points.copy()
    register = study.get("buildings")
    blocks, estates, communities = (_sorted(study, name) for name in ("blocks", "estates", "communities"))
    if blocks is not None:
        points["block_id"] = points["block_id"].where(points["block_id"].notna(), _at(points["geometry"], blocks))
    for kind, areas in (("estate", estates), ("community", communities)):
        column = f"{kind}_id"
        on_map = pd.Series(
            np.nan if areas is None else _at(points["geometry"], areas), index=points.index, dtype=object
        )
        said = pd.Series(np.nan, index=points.index, dtype=object)
        if register is not None and areas is not None:
            said = points["building_id"].map(register[column].astype(object))
            said = said.where(said.isin(areas.index))
        points[column] = said.where(said.notna(), on_map)
    if blocks is not None and communities is not None:
        of_block = points["block_id"].map(blocks["community_id"].astype(object))
        points["community_id"] = points["community_id"].where(points["community_id"].notna(), of_block)
    return points


def _at(points: npt.ArrayLike, areas: gpd.GeoDataFrame | gpd.GeoSeries) -> Words:
    """Return the id of the first area, in the order of ids, that holds each point; NaN in none."""
    shapes = np.asarray(points, dtype=object)
    point, area = shapely.STRtree(areas.geometry.to_numpy()).query(shapes, predicate="intersects")
    first = np.full(len(shapes), len(areas))
    np.minimum.at(first, point, area)
    return np.asarray(np.append(areas.index.to_numpy("object"), np.nan)[first], dtype=object)


# ── ages ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def _of_age(points: pd.DataFrame, study: Study, age: str) -> tuple[Floats, Words]:
    """Return children, or old people, of each point, and whether itself, its census area or its community tells."""
    known = points[age].to_numpy("float64").copy()
    source = np.where(np.isnan(known), "none", points["place"]).astype(object)
    people = points["people"].to_numpy("float64")
    for place in ("census", "community"):
        areas = _sorted(study, "census" if place == "census" else "communities")
        if areas is None or age not in areas.columns or not areas[age].notna().any():
            continue
        at = _at(points["geometry"], areas) if place == "census" else points["community_id"].to_numpy("object")
        told = source != "none"
        of_told = pd.DataFrame({"at": at, "of_age": known, "people": people})[told].groupby("at").sum()
        of_told = of_told.reindex(areas.index, fill_value=0.0)
        left = np.maximum(_numbers(areas, age) - of_told["of_age"].to_numpy(), 0.0)
        of_whom = areas["people"].to_numpy("float64", na_value=np.nan) - of_told["people"].to_numpy()
        share = np.divide(left, of_whom, out=np.full(len(left), np.nan), where=of_whom > 0)
        found = pd.Series(at).map(pd.Series(np.minimum(share, 1.0), index=areas.index)).to_numpy("float64") * people
        fits = ~told & ~np.isnan(found)
        known[fits], source[fits] = found[fits], place
    return known, source
