"""The boundary engine beside METIS restarts on real dual graphs: equal weights, limits ±10%, same seconds.

usage: python bench/engine.py [--all] [--long] [--peers FOLDER] [--seed N]

Ours runs a fixed number of proposals; METIS then restarts for the seconds that took. Every run has a process of its
own, so that the peak memory is its own; compiling is timed apart. Exits 0 only if every plan of ours keeps its limits,
is contiguous, and cuts no more edges than METIS.
"""

import argparse
import importlib.util
import json
import math
import multiprocessing
import resource
import sys
import time
import warnings
from pathlib import Path
from types import ModuleType

import numpy as np

from geo.partition.search import make_problem, partition_graph

PEERS = Path(__file__).resolve().parents[2] / "shared" / "bench"
SHARE = 0.1
RUNS = {"NJ2k": (60, 300_000_000), "TX8k": (250, 500_000_000)}
MORE_RUNS = {"NM499": (15, 50_000_000), "PA3k": (100, 400_000_000)}
LONG = 5


def peers_module(folder: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("peers_engine", folder / "peers_engine.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(who: str, folder: Path, name: str, k: int, amount: float, seed: int, out: multiprocessing.Queue) -> None:
    warnings.simplefilter("ignore")  # the peers' calls of pymetis are deprecated
    peers = peers_module(folder)
    pop, edges = peers.load(name)
    low, high = math.ceil(pop.sum() / k * (1 - SHARE)), math.floor(pop.sum() / k * (1 + SHARE))
    compile_s = 0.0
    if who == "shequ":
        ring = np.array([(i, (i + 1) % 9) for i in range(9)])
        start = time.perf_counter()
        partition_graph(make_problem(np.ones(9), ring, np.ones(9), 4, 5), 2, proposals=1000)
        compile_s = time.perf_counter() - start
        problem = make_problem(pop, edges, np.ones(len(edges)), low, high)
        start = time.perf_counter()
        result = partition_graph(problem, k, proposals=int(amount), seed=seed, starts=2)
        seconds = time.perf_counter() - start
        best = peers.measure(pop, edges, result.part, low, high)
    else:
        start = time.perf_counter()
        best = peers.metis(pop, edges, k, SHARE, low, high, amount, seed)["best"]
        seconds = time.perf_counter() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    out.put({"who": who, "graph": name, "n": len(pop), "best": best, "seconds": seconds, "mb": memory,
             "compile_s": compile_s, "low": low, "high": high})  # fmt: skip


def apart(*arguments: object) -> dict:
    context = multiprocessing.get_context("spawn")
    out = context.Queue()
    process = context.Process(target=run, args=(*arguments, out))
    process.start()
    answer = out.get(timeout=1800)
    process.join()
    return answer


def sound(best: dict | None, k: int) -> bool:
    return best is not None and best["k"] == k and not best["out_of_range"] and not best["extra_pieces"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true", help="NM499 and PA3k as well")
    parser.add_argument("--long", action="store_true", help=f"{LONG} times the proposals")
    parser.add_argument("--peers", type=Path, default=PEERS, help="folder of peers_engine.py and graphs/")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the rows to this file as well")
    options = parser.parse_args()
    if not (options.peers / "peers_engine.py").is_file():
        print(f"there is no peers_engine.py in {options.peers}; name its folder with --peers", file=sys.stderr)
        return 2
    good, rows = True, []
    heads = f"{'cut edges':>10}  {'limits':7}{'whole':7}{'seconds':>8}{'peak MB':>9}{'compile s':>11}"
    print(f"{'graph':8}{'n':>6}{'k':>5}  {'engine':8}{heads}")
    for name, (k, proposals) in {**RUNS, **(MORE_RUNS if options.all else {})}.items():
        amount = proposals * (LONG if options.long else 1)
        ours = apart("shequ", options.peers, name, k, amount, options.seed)
        metis = apart("METIS", options.peers, name, k, ours["seconds"], options.seed)
        for row in (ours, metis):
            best = row["best"] or {"cut": -1, "out_of_range": -1, "extra_pieces": -1}
            print(f"{name:8}{row['n']:>6}{k:>5}  {row['who']:8}{best['cut']:>10}  "
                  f"{'held' if not best['out_of_range'] else 'broken':7}{'yes' if not best['extra_pieces'] else 'no':7}"
                  f"{row['seconds']:>8.1f}{row['mb']:>9.0f}{row['compile_s']:>11.1f}", flush=True)  # fmt: skip
        good &= sound(ours["best"], k)
        good &= metis["best"] is None or ours["best"]["cut"] <= metis["best"]["cut"]
        rows += [ours, metis]
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
