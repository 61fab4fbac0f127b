"""Blocks of Wuhan's streets (92,667 segments): ours beside momepy.enclosures, in one run.

    python bench/blocks.py [CASES] [--min-width 15] [--runs 1]

CASES is the folder of real towns (default: ../shared/cases beside the repository). Both get the same streets, of all
classes, within their convex hull. Printed for each: wall time and time on the processor [s], how far memory rose above
what the streets themselves take and the peak of the whole process [MB], number of blocks, slivers (no circle of 6 m, of
15 m fits in), and the tiling error: land covered by no block and land covered twice [m²]. Each method runs in a process
of its own. `agreement` is the share of the land on which both agree: it lies in two blocks each of which is the other's
largest overlap.

The exit code is 0 only when every target is reached.
"""

import argparse
import multiprocessing
import resource
import sys
import time
from pathlib import Path

import geopandas as gpd
import momepy
import numpy as np
import shapely

from geo.blocks import BlockOptions, cut_blocks

ROOT = Path(__file__).resolve().parent.parent
TARGETS = {"seconds": 8.0, "peak_mb": 1000.0, "slivers_6m": 0, "gap_m2": 1.0, "overlap_m2": 1.0}


def streets(cases: Path) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return the table of roads and the study area."""
    raw = gpd.read_parquet(cases / "wuhan_streets" / "streets.parquet")
    crs = "EPSG:32650"
    roads = gpd.GeoDataFrame(
        {"road_class": raw["highway"].astype(str).to_numpy(object)},
        geometry=raw.geometry.to_numpy(),
        index=[f"r{i}" for i in range(len(raw))],
        crs=crs,
    )
    hull = shapely.convex_hull(shapely.geometrycollections(roads.geometry.to_numpy()))
    return roads, gpd.GeoDataFrame(geometry=[hull], index=["hull"], crs=crs)


def ours(roads: gpd.GeoDataFrame, area: gpd.GeoDataFrame, min_width_m: float) -> tuple[np.ndarray, int]:
    classes = tuple(sorted(set(roads["road_class"])))
    result = cut_blocks(area, roads, options=BlockOptions(road_classes=classes, min_width_m=min_width_m))
    return result.blocks.geometry.to_numpy(), len(result.seams)


def momepys(roads: gpd.GeoDataFrame, area: gpd.GeoDataFrame, _: float) -> tuple[np.ndarray, int]:
    faces = momepy.enclosures(roads, limit=area.geometry, clip=True)
    return faces.geometry.to_numpy(), 0


METHODS = {"shequ": ours, "momepy": momepys}


def measure(name: str, cases: Path, min_width_m: float, runs: int, out: "multiprocessing.Queue") -> None:
    """Run one method in this process and put what was measured into the queue."""
    roads, area = streets(cases)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    seconds, cpu = [], []
    for _ in range(runs):
        started, busy = time.perf_counter(), time.process_time()
        shapes, seams = METHODS[name](roads, area, min_width_m)
        seconds.append(time.perf_counter() - started)
        cpu.append(time.process_time() - busy)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    out.put(({"seconds": min(seconds), "cpu_s": min(cpu), "rise_mb": peak - before, "peak_mb": peak,
                    "blocks": len(shapes), "seams": seams}, shapely.to_wkb(shapes)))  # fmt: skip


def judge(shapes: np.ndarray, area: gpd.GeoDataFrame) -> dict[str, float]:
    """Return slivers and the tiling error."""
    hull = area.geometry.iloc[0]
    whole = shapely.union_all(shapes)
    covered = shapely.area(shapely.intersection(whole, hull))
    return {
        "slivers_6m": int(shapely.is_empty(shapely.buffer(shapes, -3.0, quad_segs=4)).sum()),
        "slivers_15m": int(shapely.is_empty(shapely.buffer(shapes, -7.5, quad_segs=4)).sum()),
        "gap_m2": hull.area - covered,
        "overlap_m2": abs(shapely.area(shapes).sum() - shapely.area(whole)),
        "coverage_valid": bool(shapely.coverage_is_valid(shapes)),
    }


def agreement(one: np.ndarray, two: np.ndarray) -> float:
    """Return the share of land in pairs of blocks that are each other's largest overlap."""
    a, b = shapely.STRtree(two).query(one, predicate="intersects")
    shared = shapely.area(shapely.intersection(one[a], two[b]))
    best_a, best_b = np.zeros(len(one)), np.zeros(len(two))
    np.maximum.at(best_a, a, shared)
    np.maximum.at(best_b, b, shared)
    mutual = (shared == best_a[a]) & (shared == best_b[b])
    return float(shared[mutual].sum() / shapely.area(one).sum())


def main() -> int:
    """Run both, print the table, and say whether every target is reached."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="?", type=Path, default=ROOT.parent / "shared" / "cases")
    parser.add_argument("--min-width", type=float, default=15.0, help="min_width_m of ours")
    parser.add_argument("--runs", type=int, default=1, help="best of so many runs")
    arguments = parser.parse_args()
    rows, shapes = {}, {}
    context = multiprocessing.get_context("spawn")
    for name in METHODS:
        queue = context.Queue()
        task = (name, arguments.cases, arguments.min_width, arguments.runs, queue)
        process = context.Process(target=measure, args=task)
        process.start()
        rows[name], wkb = queue.get(timeout=600)
        shapes[name] = shapely.from_wkb(wkb)
        process.join()
    _, area = streets(arguments.cases)
    rows = {name: row | judge(shapes[name], area) for name, row in rows.items()}
    print(f"{'':16}" + "".join(f"{name:>14}" for name in rows))
    for key in next(iter(rows.values())):
        print(f"{key:16}" + "".join(f"{row[key]:>14,.3f}" if isinstance(row[key], float) else f"{row[key]!s:>14}"
                                    for row in rows.values()))  # fmt: skip
    print(f"{'agreement':16}{agreement(shapes['shequ'], shapes['momepy']):>14.3f}")
    missed = [f"{key} {rows['shequ'][key]:,.3f}, target {target:g}" for key, target in TARGETS.items()
              if rows["shequ"][key] > target]  # fmt: skip
    if not rows["shequ"]["coverage_valid"]:
        missed.append("the blocks are no valid coverage")
    print("every target is reached" if not missed else "missed: " + "; ".join(missed))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
