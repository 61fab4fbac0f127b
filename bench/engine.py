"""The boundary engine beside METIS restarts and GerryChain, on published instances, and as towns grow.

usage: python bench/engine.py [--quick] [--peers FOLDER] [--peer-python PATH]
       python bench/engine.py --scaling

Every line of the table has a goal and says whether it is reached; the exit code is 0 only when all are. Real graphs
have limits of ±10%, the published instances those of their table; every cut edge counts 1. Ours runs a fixed number of
proposals on one core; each peer then gets the seconds that took, on one core as well. Figures are medians of five
seeds; seconds of ours are CPU seconds of the search without compiling. Whatever is measured runs in a process of its
own, so that the peak memory is its own. `--scaling` draws docs/images/engine_scaling.png and does nothing else.
"""

import argparse
import csv
import functools
import importlib.util
import json
import math
import multiprocessing
import resource
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np
from scipy.spatial import Delaunay

from geo.partition.search import Problem, Result, make_problem, partition_graph, pieces_of

ROOT = Path(__file__).resolve().parents[1]
PEERS = ROOT.parent / "shared" / "bench"
PEER_PYTHON = Path(sys.executable)
PICTURE = ROOT / "docs" / "images" / "engine_scaling.png"
SHARE = 0.1
SEEDS = 5
CORES = 2
GRAPHS = {  # name: parts, proposals, share of the cut edges of METIS and of GerryChain that ours may have
    "NM499": (15, 5e7, 1.0, 1.0),
    "NJ2k": (60, 6e8, 0.95, 0.9),
    "PA3k": (100, 4e8, 0.95, 0.9),
    "TX8k": (250, 5e8, 0.95, 0.9),
}
QUICK = {"NM499": 5e7, "NJ2k": 4e8}
"""Proposals of the graphs of a quick run."""
COUNTIES, TRACTS = 3e8, 2e8
QUICK_COUNTIES = 1.5e8
FIRST = ("TX8k", 1.2e7)
SIZES = (500, 1000, 2000, 4000, 8000, 16000, 32000)
PART_SIZE, EFFORT, TOWNS = 32, 5_000, 3
"""Blocks of a part, proposals for each block, and runs, of the growing towns."""


@dataclass(frozen=True)
class Line:
    """One line of the table."""

    what: str
    ours: str
    peer: str
    goal: str
    reached: bool

    def __str__(self) -> str:
        return f"{self.what:44}{self.ours:>16}{self.peer:>16}{self.goal:>16}   {'yes' if self.reached else 'NO'}"


def peers_module(folder: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("peers_engine", folder / "peers_engine.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def real_graph(folder: Path, name: str) -> tuple[Problem, int]:
    pop, edges = peers_module(folder).load(name)
    k = GRAPHS[name][0]
    low, high = math.ceil(pop.sum() / k * (1 - SHARE)), math.floor(pop.sum() / k * (1 + SHARE))
    return make_problem(pop, edges, np.ones(len(edges)), low, high), k


def instance(folder: Path, row: dict[str, str]) -> tuple[Problem, int]:
    pop, edges = peers_module(folder).load(row["instance"])
    low, high = int(row["min_pop"]), int(row["max_pop"])
    return make_problem(pop, edges, np.ones(len(edges)), low, high), int(row["k"])


def town(n: int, seed: int = 1) -> tuple[Problem, int]:
    """Return a planar town: jittered points joined by Delaunay triangles, households spread unevenly."""
    rng = np.random.default_rng(seed)
    side = math.isqrt(n)
    grid = np.stack(np.meshgrid(np.arange(side + 1), np.arange(side + 1)), axis=-1).reshape(-1, 2)[:n]
    corners = Delaunay(grid + rng.uniform(-0.4, 0.4, grid.shape)).simplices
    edges = np.unique(np.sort(np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [0, 2]]])), axis=0)
    households = rng.gamma(2.0, 50.0, n).astype(np.int64)
    k = n // PART_SIZE
    mean = households.sum() / k
    return make_problem(
        households, edges, np.ones(len(edges)), math.ceil(mean * (1 - SHARE)), math.floor(mean * (1 + SHARE))
    ), k


def compile_first() -> None:
    ring = np.array([(i, (i + 1) % 9) for i in range(9)])
    partition_graph(make_problem(np.ones(9), ring, np.ones(9), 4, 5), 2, proposals=100_000)
    partition_graph(make_problem(np.ones(9), ring, np.ones(9), 4, 4), 2, proposals=1000)


def kept(problem: Problem, result: Result, k: int) -> bool:
    """Return whether every hard rule holds, measured here and not by the search."""
    load = np.zeros((k, problem.weights.shape[1]), dtype=np.int64)
    np.add.at(load, result.part, problem.weights)
    whole = pieces_of(problem, result.part)[0] == k == len(set(result.part.tolist()))
    return bool(whole and (load >= problem.low).all() and (load <= problem.high).all())


def search(make: Callable[..., tuple[Problem, int]], arguments: tuple, proposals: float, seeds: int) -> dict:
    """Return the figures of a search, one of each for every seed."""
    compile_first()
    problem, k = make(*arguments)
    rows: dict = {"cut": [], "seconds": [], "kept": []}
    for seed in range(1, seeds + 1):
        start = time.process_time()
        result = partition_graph(problem, k, proposals=int(proposals), seed=seed)
        rows["seconds"].append(time.process_time() - start)
        rows["cut"].append(result.cost if result.feasible else math.inf)
        rows["kept"].append(kept(problem, result, k))
    return rows | {"mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def prove(folder: Path, row: dict[str, str]) -> dict:
    """Return the exact solution's figures."""
    from geo.partition.exact import solve_exactly  # noqa: PLC0415 - only this line needs it

    compile_first()
    problem, k = instance(folder, row)
    start = time.process_time()
    found = partition_graph(problem, k, proposals=int(COUNTIES / 10), seed=1)
    begun = (found.cost, found.part) if found.feasible else None
    optimum = solve_exactly(problem, [k], start=begun, deadline=time.monotonic() + 300)
    return {"cut": optimum.cost, "proven": bool(optimum.proven), "seconds": time.process_time() - start}


def send(out: multiprocessing.Queue, work: Callable[..., dict], arguments: tuple) -> None:
    warnings.simplefilter("ignore")
    try:
        out.put(work(*arguments))
    except Exception as error:  # noqa: BLE001 - the table says what went wrong, and the line is not reached
        out.put({"error": f"{type(error).__name__}: {error}"})


def apart(work: Callable[..., dict], *arguments: object) -> dict:
    """Run in a process of its own."""
    context = multiprocessing.get_context("spawn")
    out = context.Queue()
    process = context.Process(target=send, args=(out, work, arguments))
    process.start()
    answer = out.get(timeout=3600)
    process.join()
    return answer


def peer(options: argparse.Namespace, who: str, name: str, seconds: float) -> list[float] | str:
    """Return the peer's cut edges for every seed (infinite: no plan within limits), or why it could not run."""
    cuts = []
    for seed in range(1, SEEDS + 1):
        arguments = [who, name, str(GRAPHS[name][0]), str(SHARE), str(seconds), str(seed)]
        done = subprocess.run(
            [options.peer_python, options.peers / "peers_engine.py", *arguments],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            return f"{who} could not be run: {done.stderr.strip().splitlines()[-1]}"
        best = json.loads(done.stdout.splitlines()[-1])["best"]
        sound = best is not None and not best["out_of_range"] and not best["extra_pieces"]
        cuts.append(best["cut"] if sound else math.inf)
    return cuts


def graph_lines(options: argparse.Namespace, name: str) -> list[Line]:
    """Return our cut edges beside the peers', and whether our plans keep every rule."""
    k, proposals, *shares = GRAPHS[name]
    proposals = QUICK[name] if options.quick else proposals
    ours = apart(search, real_graph, (options.peers, name), proposals, SEEDS)
    if "error" in ours:
        return [Line(name, ours["error"], "", "", False)]
    seconds = max(1.0, statistics.mean(ours["seconds"]))
    cut = statistics.median(ours["cut"])
    answers = [peer(options, who, name, seconds) for who in ("metis", "gerrychain")]
    lines = []
    for who, share, answer in zip(("METIS restarts", "GerryChain"), shares, answers, strict=True):
        what = f"{name} k={k}, cut edges, {who}, {seconds:.1f} s"
        if isinstance(answer, str):
            print(answer, file=sys.stderr)
            lines.append(Line(what, f"{cut:g}", "could not run", f"{100 * (1 - share):.0f}% fewer", False))
            continue
        theirs = statistics.median(answer)
        goal = theirs * share
        lines.append(Line(what, f"{cut:g}", f"{theirs:g}", f"<= {goal:.1f}", cut <= goal))
    lines.append(Line(f"{name}, plans that keep every rule", f"{sum(ours['kept'])} of {SEEDS}", "", "all",
                      all(ours["kept"])))  # fmt: skip
    lines.append(Line(f"{name}, peak memory", f"{ours['mb']:.0f} MB", "", "<= 500 MB", ours["mb"] <= 500))
    return lines


def instance_lines(options: argparse.Namespace, row: dict[str, str]) -> list[Line]:
    """Return whether a published instance's best plan is found, and for counties whether it is proven."""
    name, best = row["instance"], int(row["best_cut_edges"])
    county = name.endswith("county")
    effort = (QUICK_COUNTIES if options.quick else COUNTIES) if county else TRACTS
    ours = apart(search, instance, (options.peers, row), effort, SEEDS)
    if "error" in ours:
        return [Line(name, ours["error"], "", "", False)]
    cut, seconds = statistics.median(ours["cut"]), max(ours["seconds"])
    goal = best if county else (best - 1 if row["status"] == "open" else math.floor(best * 1.02))
    limit = 10 if county else 60
    lines = [
        Line(f"{name}, cut edges within {limit} s", f"{cut:g} in {seconds:.1f} s", str(best), f"<= {goal}",
             cut <= goal and seconds <= limit and all(ours["kept"]))
    ]  # fmt: skip
    if county:
        proof = apart(prove, options.peers, row)
        if "error" in proof:
            print(f"{name}: {proof['error']}", file=sys.stderr)
            lines.append(Line(f"{name}, proven", "could not run", "", f"{best} in 120 s", False))
        else:
            reached = proof["proven"] and proof["cut"] == best and proof["seconds"] <= 120
            said = "" if proof["proven"] else "not proven, "
            lines.append(Line(f"{name}, proven", f"{said}{proof['cut']:g} in {proof['seconds']:.1f} s", "",
                              f"{best} in 120 s", reached))  # fmt: skip
    return lines


def first_line(options: argparse.Namespace) -> Line:
    """Return how long the first plan within all limits takes on the largest graph."""
    name, proposals = FIRST
    ours = apart(search, real_graph, (options.peers, name), proposals, SEEDS)
    what = f"{name}, first plan within limits"
    if "error" in ours:
        return Line(what, ours["error"], "", "", False)
    seconds = statistics.median(ours["seconds"])
    return Line(what, f"{seconds:.2f} s", "", "<= 3 s", seconds <= 3 and all(ours["kept"]))


def scaling(sizes: tuple[int, ...], picture: Path | None, towns: int = TOWNS) -> list[Line]:
    """Return how the cost of a plan grows with the town at a fixed size of the communities."""
    seconds = []
    sound = True
    for n in sizes:
        ours = apart(search, town, (n,), n * EFFORT, towns)
        if "error" in ours:
            return [Line("growth of the cost", ours["error"], "", "", False)]
        seconds.append(statistics.median(ours["seconds"]))
        sound &= all(ours["kept"])
        print(f"  {n:>6} blocks, {n // PART_SIZE:>5} parts: {seconds[-1]:7.2f} s CPU, {ours['mb']:.0f} MB", flush=True)
    slope = float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])
    allowed = float(np.polyfit(np.log(sizes), np.log([n * math.log(n) for n in sizes]), 1)[0])
    if picture:
        draw(sizes, seconds, picture)
    what = f"cost grows as n to the power of, {sizes[0]:,}-{sizes[-1]:,}"
    return [
        Line(what, f"{slope:.2f}", "", f"<= {allowed:.2f} n log n", slope <= allowed),
        Line("growing towns, plans that keep every rule", "all" if sound else "not all", "", "all", sound),
    ]


def draw(sizes: tuple[int, ...], seconds: list[float], picture: Path) -> None:
    """Draw the seconds beside n log n through the middle of the measurements."""
    import matplotlib as mpl  # noqa: PLC0415 - only the picture needs it

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    n = np.array(sizes)
    shape = n * np.log(n)
    figure, axes = plt.subplots(figsize=(6.4, 4.0), layout="constrained")
    axes.loglog(n, shape * np.exp(np.mean(np.log(np.array(seconds) / shape))), "--", color="0.6", label="n log n")
    axes.loglog(n, seconds, "o-", color="#1f6f8b", label=f"shequ, {EFFORT:,} proposals a block")
    axes.set(xlabel=f"blocks ({PART_SIZE} to a community)", ylabel="CPU seconds", title="Cost of a plan as towns grow")
    axes.set_xticks(n, [f"{size:,}" for size in sizes])
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    axes.legend()
    picture.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(picture, dpi=120, metadata={"Software": None})


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer graphs and smaller towns, under five minutes")
    parser.add_argument("--scaling", action="store_true", help=f"only the growing towns; draws {PICTURE.name}")
    parser.add_argument("--peers", type=Path, default=PEERS, help="folder of peers_engine.py, graphs and instances")
    parser.add_argument("--peer-python", type=Path, default=PEER_PYTHON, help="interpreter that has the peers")
    options = parser.parse_args()
    print(f"{'':44}{'ours':>16}{'peer, known':>16}{'goal':>16}   reached")
    lines: list[Line] = []

    def show(more: list[Line]) -> None:
        lines.extend(more)
        for line in more:
            print(line, flush=True)

    if options.scaling:
        show(scaling(SIZES, PICTURE))
        return 0 if all(line.reached for line in lines) else 1
    if not (options.peers / "peers_engine.py").is_file():
        print(f"there is no peers_engine.py in {options.peers}; name its folder with --peers", file=sys.stderr)
        return 2
    with (options.peers / "instances" / "instances.csv").open() as file:
        rows = list(csv.DictReader(file))
    if options.quick:
        rows = [row for row in rows if row["instance"].endswith("county") or row["status"] == "open"]
    jobs: list[Callable[[], list[Line]]] = [
        functools.partial(graph_lines, options, name) for name in (reversed(QUICK) if options.quick else GRAPHS)
    ]
    jobs += [functools.partial(instance_lines, options, row) for row in reversed(rows)]
    jobs.append(lambda: [first_line(options)])
    sizes = tuple(n for n in SIZES if n <= 8000) if options.quick else SIZES
    jobs.append(lambda: scaling(sizes, None, towns=1 if options.quick else TOWNS))
    with ThreadPoolExecutor(CORES) as pool:  # each job keeps one core busy, ours and the peers' alike
        for more in pool.map(lambda job: job(), jobs):
            show(more)
    missed = sum(not line.reached for line in lines)
    print(f"{len(lines) - missed} of {len(lines)} lines reached")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
