"""Walking access on a large network beside pandana and scipy: the nearest five, and everything within 15 minutes.

    .venv/bin/python bench/access.py [--peer PYTHON] [--streets FILE] [--origins N] [--facilities N] [--seed N]

Wuhan's streets (82,891 nodes), every class walked and no arterial doubled, so that all walk the same graph; 100,000
homes beside them, 480 facilities in 8 categories, walks up to 2 km and up to 20 km; for the sums, 45,000 nodes and
walks of 15 minutes at 70 m a minute. pandana 0.8 runs in its own interpreter (--peer; it is only ever compared with),
each in a process of its own, one after the other. Preparation counts from the table of segments: the network, homes and
facilities joined to it (pandana: to nodes), its hierarchy; reading the file and importing do not count. Seconds are CPU
seconds of all threads; wall clock beside them. Memory is the most a process ever held, each with its own form of the
answer: pandana a wide table per category with metres and numbers of facilities, this software `nearest_each`, arrays of
metres, minutes and numbers of facilities; its long table (`nearest`) is made afterwards and shown apart. The kernels'
compile time, without a cache, is shown apart. Exit code 0 only where every line is reached.
"""

# Both interpreters read this file, so each side imports what it alone has:
# ruff: noqa: PLC0415

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter, process_time

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

STREETS = Path(__file__).parents[2] / "shared" / "cases" / "wuhan_streets" / "streets.parquet"
CATEGORIES, NEAREST, WITHIN_M = 8, 5, 1050.0
LIMITS_M = {"nearest_2": 2_000.0, "nearest_20": 20_000.0}
TOTAL, QUERY, SUMS, CENTIMETRE = 10.0, 5.0, 3.0, 0.01


class Clock:
    """CPU and wall seconds of named steps."""

    def __init__(self) -> None:
        self.steps: dict[str, list[float]] = {}
        self.peaks: dict[str, float] = {}

    def __call__(self, name: str, work):
        cpu, wall = process_time(), perf_counter()
        out = work()
        self.steps[name] = [process_time() - cpu, perf_counter() - wall]
        return out

    def peak(self, name: str) -> None:
        """Note the most memory this process held so far."""
        self.peaks[name] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def places(streets: gpd.GeoDataFrame, origins: int, facilities: int, seed: int) -> dict[str, np.ndarray]:
    """Return homes and facilities up to some 40 m beside streets, a category each, people of homes, and nodes."""
    rng = np.random.default_rng(seed)
    lines = streets.geometry.to_numpy()

    def beside(count: int) -> np.ndarray:
        line = lines[rng.integers(0, len(lines), count)]
        on = shapely.line_interpolate_point(line, rng.random(count), normalized=True)
        return shapely.get_coordinates(on) + rng.normal(0, 20, (count, 2))

    ends = np.unique(np.concatenate([shapely.get_coordinates(shapely.get_point(lines, k)) for k in (0, -1)]), axis=0)
    return {
        "homes": beside(origins),
        "people": rng.integers(1, 200, origins).astype(float),
        "facilities": beside(facilities),
        "category": rng.permutation(np.arange(facilities) % CATEGORIES),
        "level": levels(streets),
        "nodes": ends[np.sort(rng.permutation(len(ends))[:45_000])],
    }


def levels(streets: gpd.GeoDataFrame) -> np.ndarray:
    """Return a level for each segment, such that those that cross without a common end pass over each other.

    The file has no levels, and its edges meet at common ends only: so does the peer's graph.
    """
    lines = streets.geometry.to_numpy()
    one, other = shapely.STRtree(lines).query(lines, predicate="crosses")
    start = np.searchsorted(one, np.arange(len(lines) + 1))
    level = np.zeros(len(lines), dtype=np.int64)
    for k in np.unique(one):
        crossed = other[start[k] : start[k + 1]]
        taken = set(level[crossed[crossed < k]].tolist())
        level[k] = next(each for each in range(len(taken) + 1) if each not in taken)
    return level


def ours(file: Path, given: dict[str, np.ndarray], what: str, clock: Clock) -> dict[str, np.ndarray]:
    """Return what this software finds."""
    from geo.access.reach import nearest_each, tally
    from geo.network import WalkOptions
    from geo.network.build import walking_network
    from geo.network.joins import join

    streets = gpd.read_parquet(file, columns=["highway", "geometry"])
    options = WalkOptions(never_walked=(), arterials=())
    roads = streets.rename(columns={"highway": "road_class"}).set_axis([f"w{k}" for k in range(len(streets))])
    roads["level"] = given["level"]
    crs, streets = streets.crs, None
    clock("kernels", lambda: warm(what, walking_network, join, nearest_each, tally))
    network = clock("network", lambda: walking_network(roads, options=options))
    roads = None
    homes = gpd.GeoSeries(shapely.points(given["homes"]), crs=crs)
    if what in LIMITS_M:
        shops = gpd.GeoDataFrame(
            {"category": [f"c{k}" for k in given["category"]]},
            index=[f"f{k:06d}" for k in range(len(given["category"]))],
            geometry=shapely.points(given["facilities"]), crs=crs,
        )  # fmt: skip
        joined = clock("joins", lambda: join(network, homes, entrances=False))
        homes = None
        found = clock("query", lambda: nearest_each(network, joined, shops, n=NEAREST, at_most=LIMITS_M[what]))
        clock.peak("peak_mb")
        rows = clock("rows", found.frame)
        clock.peak("rows_mb")
        out = np.full(found.walk_m.shape, np.nan)
        out[rows.index, rows["category"].cat.codes, rows["rank"] - 1] = rows["walk_m"]
        same = np.array_equal(out, found.walk_m.astype(float), equal_nan=True)
        return {"walk_m": found.walk_m, "same": np.array(same)}
    nodes = gpd.GeoSeries(shapely.points(given["nodes"]), crs=crs)
    joined = clock("joins", lambda: [join(network, each, entrances=False) for each in (homes, nodes)])
    people = pd.DataFrame({"people": given["people"]})
    sums = clock("query", lambda: tally(network, joined[1], WITHIN_M, places=joined[0], values=people))
    return {name: sums[name].to_numpy() for name in sums}


def warm(what: str, walking_network, join, nearest_each, tally) -> None:
    """Walk once on a street with one house: kernels are compiled, or loaded where that was done before."""
    street = gpd.GeoDataFrame({"road_class": ["street"]}, index=["w"], geometry=[shapely.LineString([(0, 0), (9, 0)])],
                              crs=32650)  # fmt: skip
    network = walking_network(street)
    house = join(network, gpd.GeoSeries([shapely.Point(3, 3)], index=["h"], crs=32650))
    if what in LIMITS_M:
        nearest_each(network, house, house)
    else:
        tally(network, house, 5.0, places=house, values=pd.DataFrame({"n": [1.0]}, index=["h"]))


def pandana(file: Path, given: dict[str, np.ndarray], what: str, clock: Clock) -> dict[str, np.ndarray]:
    """Return what pandana finds: walks between the nodes nearest to the places."""
    import pandana as peer

    streets = [gpd.read_parquet(file, columns=["highway", "geometry"])]

    def build():
        lines = streets.pop().geometry.to_numpy()
        ends = shapely.get_coordinates([shapely.get_point(lines, 0), shapely.get_point(lines, -1)])
        node, at = np.unique(ends, axis=0, return_inverse=True)
        table = pd.DataFrame({"u": at[: len(lines)], "v": at[len(lines) :], "m": shapely.length(lines)})
        nodes = pd.DataFrame(node, columns=["x", "y"])
        return peer.Network(nodes["x"], nodes["y"], table["u"], table["v"], table[["m"]])

    network = clock("network", build)
    if what in LIMITS_M:
        most = LIMITS_M[what]
        at = clock("joins", lambda: network.get_node_ids(given["homes"][:, 0], given["homes"][:, 1]))

        def goals() -> None:
            for one in range(CATEGORIES):
                xy = pd.DataFrame(given["facilities"][given["category"] == one])
                network.set_pois(f"c{one}", most, NEAREST, xy[0], xy[1])

        clock("goals", goals)
        found = clock(
            "query",
            lambda: [
                network.nearest_pois(most, f"c{one}", num_pois=NEAREST, include_poi_ids=True).loc[at]
                for one in range(CATEGORIES)
            ],
        )
        clock.peak("peak_mb")
        return {"rows": np.array([len(each) for each in found])}

    def load() -> None:
        network.set(network.get_node_ids(given["homes"][:, 0], given["homes"][:, 1]), pd.Series(given["people"]), "p")
        network.set(network.node_ids, pd.Series(1.0, index=network.node_ids), "n")

    clock("joins", load)
    at = network.get_node_ids(given["nodes"][:, 0], given["nodes"][:, 1])
    clock("precompute", lambda: network.precompute(WITHIN_M))
    sums = clock("query", lambda: [network.aggregate(WITHIN_M, type="sum", decay="flat", name=name) for name in "np"])
    return {"nodes": sums[0].loc[at].to_numpy(), "people": sums[1].loc[at].to_numpy()}


def work(who: str, what: str, folder: Path, streets: Path) -> None:
    """Run one of the two on one question, and leave figures and results in the folder."""
    clock = Clock()
    out = {"ours": ours, "pandana": pandana}[who](streets, dict(np.load(folder / "places.npz")), what, clock)
    if "peak_mb" not in clock.peaks:
        clock.peak("peak_mb")
    np.savez(folder / f"{who}_{what}.npz", **out)
    (folder / f"{who}_{what}.json").write_text(json.dumps({"steps": clock.steps, **clock.peaks}))


def main() -> int:
    """Run all, compare, and say what was reached."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", default=sys.executable, help="a Python that has pandana")
    parser.add_argument("--streets", type=Path, default=STREETS)
    parser.add_argument("--origins", type=int, default=100_000)
    parser.add_argument("--facilities", type=int, default=480)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--work", nargs=3, metavar=("WHO", "WHAT", "FOLDER"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.work:
        work(asked.work[0], asked.work[1], Path(asked.work[2]), asked.streets)
        return 0
    if not asked.streets.exists():
        print(f"no street network at {asked.streets}: give one by --streets")
        return 1
    if subprocess.run([asked.peer, "-c", "import pandana, geopandas"], capture_output=True, check=False).returncode:
        print(f"{asked.peer} has no pandana: give a Python that has it by --peer")
        return 1
    began = perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        reached = compare(asked, Path(folder))
    print(f"{perf_counter() - began:.0f} s in all")
    return 0 if reached else 1


def run(asked: argparse.Namespace, who: str, what: str, folder: Path, environment: dict[str, str]) -> dict:
    """Run one side in a process of its own; return its steps and its peak."""
    python = asked.peer if who == "pandana" else sys.executable
    command = [python, __file__, "--streets", str(asked.streets), "--work", who, what, str(folder)]
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{who} failed on {what}:\n{done.stderr}")
    return json.loads((folder / f"{who}_{what}.json").read_text())


def compare(asked: argparse.Namespace, folder: Path) -> bool:
    """Run all sides, print a line for each figure, and return whether every line is reached."""
    streets = gpd.read_parquet(asked.streets, columns=["highway", "geometry"])
    np.savez(folder / "places.npz", **places(streets, asked.origins, asked.facilities, asked.seed))
    cache = folder / "cache"
    reached = []

    def line(text: str, good: bool) -> None:
        reached.append(good)
        print(f"{'ok  ' if good else 'FAIL'} {text}", flush=True)

    titles = {what: f"nearest {NEAREST} of {CATEGORIES} categories within {most / 1000:g} km"
              for what, most in LIMITS_M.items()}  # fmt: skip
    for what, title in {**titles, "within": "within 15 minutes"}.items():
        peer = run(asked, "pandana", what, folder, {})
        fresh = {"NUMBA_CACHE_DIR": str(cache)}
        # the second limit finds compiled what the first left
        cold = None if what == "nearest_20" else run(asked, "ours", what, folder, fresh)
        mine = run(asked, "ours", what, folder, fresh)
        for who, figures in (("pandana", peer), ("ours", mine)):
            steps = ", ".join(f"{name} {cpu:.2f} ({wall:.2f})" for name, (cpu, wall) in figures["steps"].items())
            print(f"     {title}, {who}: {steps}; CPU s (wall clock); {figures['peak_mb']:.0f} MB")
        loading = mine["steps"].pop("kernels")[0]
        if cold:
            compiling = cold["steps"]["kernels"][0]
            print(
                f"     {title}: kernels compiled in {compiling:.1f} CPU s the first time, loaded in {loading:.2f} after"
            )
        if "rows" in mine["steps"]:
            print(f"     {title}, our long table besides: {mine['steps'].pop('rows')[0]:.2f} CPU s, "
                  f"{mine['rows_mb']:.0f} MB with both")  # fmt: skip
        total = [sum(cpu for cpu, _ in figures["steps"].values()) for figures in (peer, mine)]
        times = TOTAL if what in LIMITS_M else SUMS
        line(
            f"{title}, preparation included: {total[0] / total[1]:.1f} times faster (at least {times:g})",
            total[0] / total[1] >= times,
        )
        # what pandana prepares for its queries alone, its range searches, belongs to the query
        asked_for = [sum(figures["steps"].get(name, [0.0])[0] for name in ("precompute", "query"))
                     for figures in (peer, mine)]  # fmt: skip
        ratio = asked_for[0] / asked_for[1]
        if what in LIMITS_M:
            line(f"{title}, query alone: {ratio:.1f} times faster (at least {QUERY:g})", ratio >= QUERY)
        else:
            print(f"     {title}, query alone: {ratio:.1f} times faster")
        line(
            f"{title}, memory with the answer: {mine['peak_mb']:.0f} MB, pandana {peer['peak_mb']:.0f} MB",
            mine["peak_mb"] <= peer["peak_mb"],
        )
    # last, since a process starts with the peak of the one that started it
    for what in ("nearest", "within"):
        for text, good in exact(asked, what, folder):
            line(text, good)
    return all(reached)


def exact(asked: argparse.Namespace, what: str, folder: Path) -> list[tuple[str, bool]]:
    """Return how far results are from scipy's Dijkstra, which walks the same network with each place as a node."""
    from scipy import sparse
    from scipy.sparse.csgraph import dijkstra

    from geo.network import WalkOptions
    from geo.network.build import walking_network
    from geo.network.joins import join

    streets, given = gpd.read_parquet(asked.streets), dict(np.load(folder / "places.npz"))
    network = walking_network(
        streets.rename(columns={"highway": "road_class"}).assign(level=given["level"])
        .set_axis([f"w{k}" for k in range(len(streets))]), options=WalkOptions(never_walked=(), arterials=()),
    )  # fmt: skip
    homes = join(network, gpd.GeoSeries(shapely.points(given["homes"]), crs=streets.crs))
    goals = "facilities" if what == "nearest" else "nodes"
    others = join(network, gpd.GeoSeries(shapely.points(given[goals]), crs=streets.crs))
    edge, along = (np.concatenate([getattr(each, name) for each in (homes, others)]) for name in ("edge", "along_m"))
    nodes = len(network.node_xy)
    size = nodes + len(edge)
    # each edge is cut at the places on it
    order = np.lexsort((along, edge))
    which = np.concatenate([np.arange(len(network.edge_a)), edge[order], np.arange(len(network.edge_a))])
    at = np.concatenate([np.zeros(len(network.edge_a)), along[order], network.length_m])
    node = np.concatenate([network.edge_a, nodes + order, network.edge_b])
    chain = np.lexsort((np.repeat([0, 1, 2], [len(network.edge_a), len(edge), len(network.edge_a)]), which))
    same = which[chain][1:] == which[chain][:-1]
    u, v = node[chain][:-1][same], node[chain][1:][same]
    # adding up would be wrong for edges side by side, and 0 means none
    table = pd.DataFrame({"u": np.minimum(u, v), "v": np.maximum(u, v),
                          "m": np.maximum(np.diff(at[chain])[same], 1e-9)}).groupby(["u", "v"])["m"].min()  # fmt: skip
    ends = table.index.get_level_values("u"), table.index.get_level_values("v")
    graph = sparse.csr_array((table.to_numpy(), ends), shape=(size, size))
    cpu = process_time()
    if what == "nearest":
        found = dijkstra(graph, directed=False, indices=nodes + len(homes) + others.place)[
            :, nodes : nodes + len(homes)
        ]
        walk = found.T + others.off_m + homes.off_m[:, None]
        print(f"     scipy's Dijkstra from {len(others)} facilities took {process_time() - cpu:.1f} CPU s")
        lines = []
        for name, most in sorted(LIMITS_M.items(), key=lambda each: -each[1]):
            result, text = np.load(folder / f"ours_{name}.npz"), f"nearest within {most / 1000:g} km, against scipy"
            walk[walk > most] = np.nan
            truth = np.stack(
                [np.sort(walk[:, given["category"] == one], axis=1)[:, :NEAREST] for one in range(CATEGORIES)], axis=1
            )
            off = np.nanmax(np.abs(truth - result["walk_m"]))
            lines += [
                (f"{text}: {off * 1000:.4f} mm at most", bool(off < CENTIMETRE)),
                (f"{text}: the same walks exist", bool((np.isnan(truth) == np.isnan(result["walk_m"])).all())),
                (f"{text}: the long table says the same", bool(result["same"])),
            ]
        return lines
    result = np.load(folder / "ours_within.npz")
    some = np.random.default_rng(asked.seed).permutation(len(others))[:2000]
    off_m = np.concatenate([np.zeros(nodes), homes.off_m, np.full(len(others), np.inf)])
    wrong = 0
    for part in np.array_split(some, 20):
        walk = dijkstra(graph, directed=False, indices=nodes + len(homes) + part, limit=WITHIN_M + 1)
        walk = walk + off_m + others.off_m[part][:, None]
        # a walk within a hair of the limit may fall on either side
        least, most = (walk <= WITHIN_M - CENTIMETRE), (walk <= WITHIN_M + CENTIMETRE)
        for name, weight in (("nodes", np.r_[np.ones(nodes), np.zeros(size - nodes)]),
                             ("people", np.r_[np.zeros(nodes), given["people"], np.zeros(len(others))])):  # fmt: skip
            got = result[name][part]
            wrong += int(((got < least @ weight - 1e-6) | (got > most @ weight + 1e-6)).sum())
    return [(f"within, against scipy: {wrong} of {2 * len(some)} sums differ", wrong == 0)]


if __name__ == "__main__":
    sys.exit(main())
