"""Walks on the networks of real towns, against scipy's Dijkstra, to the centimetre.

Each README in ../shared/cases tells source and licence.
"""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from geo.access.reach import nearest, tally, within
from geo.network import Network
from geo.network.build import walking_network
from geo.network.joins import islanders, join
from tests.geo.access.reference import walks_by_scipy

pytestmark = pytest.mark.cases

TOWNS = ("helsinki_centre", "monaco", "taichung_xitun", "nanjing_gulou", "wuhan_streets")
HOMES, CENTIMETRE, PACE = 60, 0.01, 70.0


def streets(cases: Path, town: str) -> gpd.GeoDataFrame:
    """Return a town's ways as the roads table has them."""
    if town == "wuhan_streets":
        table = gpd.read_parquet(cases / town / "streets.parquet")
    else:
        table = gpd.read_file(cases / town / f"{town}.gpkg", layer="roads").pipe(
            lambda t: t.to_crs(t.estimate_utm_crs())
        )
        table["level"] = pd.to_numeric(table["layer"], errors="coerce").fillna(0)
        for name in ("bridge", "tunnel"):
            table[name] = table[name].notna() & (table[name] != "no")
    table = table[table["highway"].notna()].rename(columns={"highway": "road_class"})
    kept = [name for name in ("road_class", "level", "bridge", "tunnel") if name in table]
    return table.set_axis([f"w{k}" for k in range(len(table))])[[*kept, "geometry"]]


@pytest.fixture(scope="module", params=TOWNS)
def town(request: pytest.FixtureRequest, cases: Path) -> tuple[Network, gpd.GeoSeries, gpd.GeoDataFrame]:
    """Return a town's network, homes beside its ways, and facilities: points, and squares to be entered."""
    network = walking_network(streets(cases, request.param))
    rng = np.random.default_rng(5)

    def beside(count: int) -> np.ndarray:
        line = network.lines[rng.integers(0, len(network.lines), count)]
        on = shapely.line_interpolate_point(line, rng.random(count), normalized=True)
        return shapely.get_coordinates(on) + rng.normal(0, 25, (count, 2))

    homes = gpd.GeoSeries(shapely.points(beside(HOMES)), index=[f"h{k:02d}" for k in range(HOMES)], crs=network.crs)
    shapes = np.concatenate([shapely.points(beside(30)), shapely.buffer(shapely.points(beside(10)), 60)])
    goals = gpd.GeoDataFrame(
        {"category": ["shop", "clinic", "park", "park"] * 10}, index=[f"f{k:02d}" for k in range(40)], geometry=shapes,
        crs=network.crs,
    )  # fmt: skip
    return network, homes, goals


@pytest.mark.parametrize("by", ["metres", "minutes"])
def test_every_walk_equals_dijkstra_to_the_centimetre(town, by: str) -> None:
    network, homes, goals = town
    origins, places = join(network, homes, entrances=False), join(network, goals)
    expected = walks_by_scipy(network, origins, places, by)
    walk, metre = ("walk_m", 1.0) if by == "metres" else ("walk_min", 1 / PACE)
    pairs = within(network, origins, places, np.inf, by=by).frame()
    got = pairs.pivot_table(index="origin_id", columns="place_id", values=walk)
    got = got.reindex(index=homes.index, columns=goals.index)
    assert (got.isna() == np.isinf(expected)).all(axis=None)
    assert np.nanmax(np.abs(got - expected.where(np.isfinite(expected)))) < CENTIMETRE * metre
    found = nearest(network, origins, goals, n=3, by=by)
    assert len(found)
    for category, some in found.groupby("category", observed=True):
        of_it = np.sort(expected.loc[:, goals.index[goals["category"] == category]].to_numpy(), axis=1)[:, :3]
        home = homes.index.get_indexer(some.index)
        assert some[walk].to_numpy() == pytest.approx(of_it[home, some["rank"] - 1], abs=CENTIMETRE * metre)
        assert len(some) == np.isfinite(of_it).sum()


def test_sums_within_reach_equal_the_walks_within_it(town) -> None:
    network, homes, goals = town
    most = 1050.0 + 1e-4
    found = tally(network, homes, most, places=goals)
    pairs = within(network, homes, goals, most)
    count = np.bincount(pairs.origin, minlength=len(homes))
    joined = found["places"].notna().to_numpy()
    assert (found["places"].to_numpy() == count)[joined].all()
    assert (found["street_m"][joined] > 0).all()


def test_nearly_all_homes_are_joined_and_islands_are_told(town) -> None:
    network, homes, _ = town
    joins = join(network, homes, entrances=False)
    assert len(joins.why_not) <= HOMES / 10
    on_main = network.component[network.edge_a[joins.edge]] == 0
    assert set(islanders(network, joins)) == set(joins.index[joins.place[~on_main]])
    assert (joins.off_m <= network.options.join_m).all()
