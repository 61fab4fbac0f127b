"""The walking network of real towns. Each README in ../shared/cases tells source and licence."""

import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

from geo.ingest.town import import_files
from geo.network import KINDS, LEFT, RIGHT, Network, network_of, walking_network

pytestmark = pytest.mark.cases


def check(network: Network) -> np.ndarray:
    """Check what every network keeps; return the share of its length that each piece has."""
    assert (network.length_m > 0).all()
    assert np.allclose(network.length_m, shapely.length(network.lines))
    assert np.array_equal(shapely.get_coordinates(shapely.get_point(network.lines, 0)), network.node_xy[network.edge_a])
    assert (network.component[network.edge_a] == network.component[network.edge_b]).all()
    assert (network.side == LEFT).sum() == (network.side == RIGHT).sum()
    assert all(np.isfinite(cost).all() for speed in network.minutes.values() for cost in speed)
    assert all(repair.detail and repair.detail_zh for repair in network.repairs)
    total = np.bincount(network.component[network.edge_a], network.length_m)
    return total / total.sum()


@pytest.mark.parametrize(
    ("town", "mapping", "km", "whole"),
    [
        ("monaco/monaco.osm.pbf", None, 120, 0.96),
        ("helsinki_centre/helsinki_centre.gpkg", None, 88, 0.98),
        ("nanjing_gulou/nanjing_gulou.gpkg", None, 80, 0.94),
        ("taichung_xitun/taichung_xitun.gpkg", "docs/examples/taichung_xitun.toml", 60, 0.98),
    ],
)
def test_networks_of_real_towns_hang_together(
    cases: Path, root: Path, town: str, mapping: str | None, km: float, whole: float
) -> None:
    network = network_of(import_files([cases / town], mapping=root / mapping if mapping else None))
    share = check(network)
    assert share[0] > whole
    once = network.length_m[network.side != RIGHT].sum()
    assert once / 1000 == pytest.approx(km, rel=0.03)


def test_monacos_stairs_are_stairs(cases: Path) -> None:
    network = network_of(import_files([cases / "monaco" / "monaco.osm.pbf"]))
    stairs = network.kind == KINDS.index("steps")
    assert stairs.sum() > 300
    assert network.minutes["adult"][0][stairs] == pytest.approx(network.length_m[stairs] / 35)


def test_wuhan_takes_less_than_a_second(cases: Path) -> None:
    """Seconds of this process, whatever else the machine does; the best of three."""
    streets = gpd.read_parquet(cases / "wuhan_streets" / "streets.parquet").rename(columns={"highway": "road_class"})
    streets = streets.set_crs(32650, allow_override=True)
    taken = []
    for _ in range(3):
        start = time.process_time()
        network = walking_network(streets)
        taken.append(time.process_time() - start)
    assert check(network)[0] > 0.99
    assert network.length_m[network.side != RIGHT].sum() == pytest.approx(6_706_000, rel=0.001)
    assert min(taken) <= 1.0


def test_the_demo_towns_estates_are_left_through_their_gates(root: Path) -> None:
    """Of 57 closed estates two have no gate; each of the others hangs together with the town, at gates only."""
    study = import_files([], mapping=root / "data" / "qinghe" / "mapping.toml")
    network = network_of(study)
    assert check(network)[0] > 0.98
    assert len(network.estate_ids) == 55
    gates = study["facilities"]
    gates = shapely.multipoints(shapely.get_coordinates(gates.geometry[gates["category"] == "gate"].array))
    outside = np.zeros(len(network.node_xy), bool)
    for end in (network.edge_a, network.edge_b):
        outside[end[network.estate < 0]] = True
    for estate in range(55):
        inside = network.estate == estate
        doors = np.unique(np.concatenate([network.edge_a[inside], network.edge_b[inside]]))
        assert (network.component[doors] == 0).all(), network.estate_ids[estate]
        doors = doors[outside[doors]]
        assert len(doors), network.estate_ids[estate]
        assert (shapely.distance(shapely.points(network.node_xy[doors]), gates) <= 20).all()
