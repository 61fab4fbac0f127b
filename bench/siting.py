"""Siting models: known optima, random towns to a proof or a gap, and spopt beside.

    .venv/bin/python bench/siting.py [--instances DIR] [--peer PYTHON] [--peer-seconds S] [--seed N] [--only WORD]

Known: OR-Library's p-medians (pmed*.txt) and capacitated p-medians (pmedcap*.txt), São José dos Campos (SJC1.dat), from
--instances, ../shared/bench/siting where that is. Random towns: homes and sites drawn evenly over 10 × 10 km, or around
twelve centres; 1 to 100 people in each home; straight distances. spopt (with HiGHS) runs in an interpreter of its own
(--peer; this one where it has spopt), no longer than --peer-seconds for each problem. Seconds are by the clock, with
CPU seconds beside; loops are compiled before. Every line shows value, bound and gap. Lines marked `told` are not held
to a limit: there linear programs leave a gap of 0.1 to 2 % at the first bound (sites just enough to cover nearly
everything, or several within one dense centre), and what is known after some seconds is shown without a proof. Exit
code 0 only when every held line is reached; without known instances or without spopt it is 1.
"""

import argparse
import importlib.util
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import shortest_path
from scipy.spatial.distance import cdist

from geo.siting.capacitated_coverage import capacitated_mclp
from geo.siting.capacitated_median import capacitated_p_median
from geo.siting.centre import p_center
from geo.siting.choice import Choice
from geo.siting.covering import lscp, mclp
from geo.siting.median import p_median

ROOT = Path(__file__).parents[1]
KNOWN = ROOT.parent / "shared" / "bench" / "siting"
OPTIMA = {1: 5819, 3: 4250, 5: 1355, 7: 5631, 9: 2734, 11: 7696, 13: 4374, 15: 1729, 17: 6999, 19: 2845, 21: 9138,
          23: 4619, 25: 1828, 30: 1989, 35: 10400, 39: 9423}  # fmt: skip
SJC1 = 17288.99
SIDE_M, CENTRES = 10_000.0, 12

PEER = """
import json, sys, time, warnings
warnings.simplefilter("ignore")
import numpy as np, pulp
from spopt.locate import LSCP, MCLP, PMedian
given = np.load(sys.argv[1])
kind, seconds, begun = sys.argv[2], float(sys.argv[3]), time.monotonic()
metres, weight, reach, p = given["metres"], given["weight"], float(given["reach"]), int(given["p"])
if kind == "mclp":
    model = MCLP.from_cost_matrix(metres, weight, reach, p_facilities=p)
elif kind == "lscp":
    model = LSCP.from_cost_matrix(metres, reach)
else:
    model = PMedian.from_cost_matrix(metres, weight, p_facilities=p)
built = time.monotonic() - begun
model.problem.solve(pulp.HiGHS(msg=False, timeLimit=max(1.0, seconds - built)))
value = pulp.value(model.problem.objective)
status = pulp.LpStatus[model.problem.status] if model.problem.sol_status == 1 else "cut off"
print(json.dumps({"value": value, "built": built, "seconds": time.monotonic() - begun, "status": status}))
"""


class Board:
    """The lines, and whether all are reached."""

    def __init__(self, only: str) -> None:
        self.only, self.missed, self.ours = only, 0, {}

    def wants(self, name: str) -> bool:
        return self.only in name

    def say(self, name: str, text: str, good: bool, *, held: bool = True) -> None:
        self.missed += held and not good
        print(f"  {('ok  ' if good else 'NOT ') if held else 'told'} {name:<46} {text}", flush=True)

    def run(
        self, name: str, ask: Callable[[], Choice], *, gap: float, seconds: float, held: bool = True,
        value: float | None = None, within: float = 0.0,
    ) -> None:  # fmt: skip
        """Ask, and hold the answer to a gap, a time, and a known value where there is one."""
        if not self.wants(name):
            return
        cpu, clock = time.process_time(), time.monotonic()
        found = ask()
        cpu, clock = time.process_time() - cpu, time.monotonic() - clock
        self.ours[name] = (found, clock)
        good = clock <= seconds and (found.gap <= gap or value is not None)
        text = f"{found.value:12,.2f} bound {found.bound:12,.2f} gap {found.gap:8.4%} {clock:6.2f} s (CPU {cpu:6.2f})"
        if value is not None:
            good &= abs(found.value - value) <= within + 1e-9 * value
            text += f"  known {value:,.2f}"
        self.say(name, text, good, held=held)

    def beside(self, python: str | None, kind: str, name: str, limit: float, **given: object) -> None:
        """Ask spopt the same, and compare."""
        if not self.wants(name) or python is None:
            return
        mine, clock = self.ours[name]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "given.npz"
            np.savez(path, **given)
            try:
                ran = subprocess.run([python, "-c", PEER, str(path), kind, str(limit)], capture_output=True, text=True,
                                     timeout=limit + 30, check=True)  # fmt: skip
                told = json.loads(ran.stdout.strip().splitlines()[-1])
            except subprocess.TimeoutExpired:
                self.say(f"  spopt, {name}", f"no answer in {limit + 30:.0f} s; ours {clock:.2f} s, ratio over "
                         f"{(limit + 30) / clock:.0f}", True)  # fmt: skip
                return
            except subprocess.CalledProcessError as failed:
                self.say(f"  spopt, {name}", failed.stderr.strip().splitlines()[-1], False)
                return
        theirs, best = told["value"], told["status"] == "Optimal"
        sign = 1.0 if kind == "mclp" else -1.0
        room = (1e-4 if kind == "pmedian" else 1e-6) * abs(mine.value)
        good = theirs is None or (sign * (mine.value - theirs) >= -room)
        if theirs is not None and best:
            good &= sign * (mine.bound - theirs) >= -1e-6 * abs(theirs)
        shown = "none" if theirs is None else f"{theirs:,.2f}"
        self.say(f"  spopt, {name}", f"{shown:>12} {told['status']} in {told['seconds']:.1f} s (built in "
                 f"{told['built']:.1f}); ours {clock:.2f} s, ratio {told['seconds'] / clock:.0f}",
                 good and clock <= told["seconds"])  # fmt: skip


def town(kind: str, homes: int, sites: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return metres from homes to sites, and people in homes."""
    centres = rng.uniform(0.1 * SIDE_M, 0.9 * SIDE_M, (CENTRES, 2))

    def drawn(count: int) -> np.ndarray:
        if kind == "even":
            return rng.uniform(0, SIDE_M, (count, 2))
        around = centres[rng.integers(0, CENTRES, count)] + rng.normal(0, SIDE_M / 20, (count, 2))
        return np.clip(around, 0, SIDE_M)

    return cdist(drawn(homes), drawn(sites)), rng.integers(1, 101, homes).astype(float)


def pmed(path: Path) -> tuple[np.ndarray, int]:
    """Return the shortest ways between all nodes of an OR-Library graph, and p; of repeated edges the last counts."""
    numbers = np.array(path.read_text().split(), dtype=float)
    n, p = int(numbers[0]), int(numbers[2])
    edges = {(min(a, b), max(a, b)): c for a, b, c in numbers[3:].reshape(-1, 3)}
    ends = np.array(list(edges), dtype=int) - 1
    graph = sparse.csr_array((np.array(list(edges.values())), (ends[:, 0], ends[:, 1])), shape=(n, n))
    return shortest_path(graph, directed=False), p


def pmedcap(path: Path) -> tuple[np.ndarray, np.ndarray, float, int, float]:
    """Return whole distances, demand, the sites' room, p and the known optimum."""
    numbers = np.array(path.read_text().split(), dtype=float)
    _, best, n, p, room = numbers[:5]
    rows = numbers[5 : 5 + 4 * int(n)].reshape(-1, 4)
    return np.floor(cdist(rows[:, 1:3], rows[:, 1:3]) + 1e-9), rows[:, 3], room, int(p), best


def known(board: Board, folder: Path) -> None:
    """Solve the instances with known optima."""
    print(f"known optima, {folder.name}")
    files = sorted(folder.glob("pmed[0-9]*.txt"), key=lambda path: int(path.stem[4:]))
    for path in files:
        best = OPTIMA.get(int(path.stem[4:]))
        if best is not None and board.wants(path.stem):
            cost, p = pmed(path)
            board.run(path.stem, lambda cost=cost, p=p: p_median(cost, np.ones(len(cost)), p, seconds=60), gap=0,
                      seconds=61, value=best)  # fmt: skip
    caps = sorted(folder.glob("pmedcap*.txt"))
    for path in caps:
        if board.wants(path.stem):
            cost, load, room, p, best = pmedcap(path)
            board.run(path.stem, lambda cost=cost, load=load, room=room, p=p: capacitated_p_median(
                cost, np.ones(len(cost)), np.full(len(cost), room), p, load=load, seconds=60), gap=0, seconds=61,
                value=best)  # fmt: skip
    sjc = folder / "SJC1.dat"
    if sjc.exists() and board.wants("SJC1"):
        numbers = np.array(sjc.read_text().split(), dtype=float)
        n, p = int(numbers[0]), int(numbers[1])
        rows = numbers[2 : 2 + 4 * n].reshape(-1, 4)
        cost = cdist(rows[:, :2], rows[:, :2])
        board.run("SJC1", lambda: capacitated_p_median(cost, np.ones(n), rows[:, 2], p, load=rows[:, 3], seconds=60),
                  gap=0, seconds=61, value=SJC1, within=0.006)  # fmt: skip
    if not files or not caps or not sjc.exists():
        board.say("known instances", f"none or not all of them in {folder}", False)


def covering(board: Board, rng: np.random.Generator, python: str | None, limit: float) -> None:
    """Cover everything, and the most with so many sites."""
    print("covering, 10,000 homes × 500 sites")
    for kind in ("even", "centres"):
        metres, people = town(kind, 10_000, 500, rng)
        for reach, p, held in (
            (400, 10, True), (400, 30, kind == "even"), (400, 80, kind == "even"), (800, 10, True),
            (800, 30, kind == "even"), (1200, 10, True), (1500, 30, True),
        ):  # fmt: skip
            cover = sparse.csr_array(metres <= reach)
            name = f"MCLP 10,000 × 500, {kind}, {reach} m, p {p}"
            board.run(name, lambda cover=cover, people=people, p=p: mclp(cover, people, p, seconds=10.0),
                      gap=1e-6, seconds=3.0, held=held)  # fmt: skip
            if reach == 400 and p == 30 and kind == "even":
                board.beside(python, "mclp", name, limit, metres=metres, weight=people, reach=reach, p=p)
        for reach in (400, 800):
            near = metres[(metres <= reach).any(axis=1)]
            cover = sparse.csr_array(near <= reach)
            name = f"LSCP 10,000 × 500, {kind}, {reach} m"
            board.run(name, lambda cover=cover: lscp(cover, seconds=30.0), gap=1e-6, seconds=1.0,
                      held=kind == "centres" or reach == 400)  # fmt: skip
            if reach == 400 and kind == "even":
                board.beside(python, "lscp", name, limit, metres=near, weight=people, reach=reach, p=0)


def centre(board: Board, rng: np.random.Generator) -> None:
    """Bring the farthest near."""
    print("p-center, 2,000 homes × 300 sites")
    for kind in ("even", "centres"):
        metres, _ = town(kind, 2_000, 300, rng)
        for p in (5, 20):
            board.run(f"p-center 2,000 × 300, {kind}, p {p}",
                      lambda metres=metres, p=p: p_center(metres, p, seconds=60.0), gap=1e-6, seconds=60.0)  # fmt: skip


def median(board: Board, rng: np.random.Generator, python: str | None, limit: float) -> None:
    """Make walks short on the whole."""
    print("p-median")
    for kind in ("even", "centres"):
        metres, people = town(kind, 2_000, 300, rng)
        for p in (10, 30):
            name = f"p-median 2,000 × 300, {kind}, p {p}"
            board.run(name, lambda metres=metres, people=people, p=p: p_median(metres, people, p, seconds=10.0),
                      gap=1e-4, seconds=10.5)  # fmt: skip
            if kind == "even" and p == 30:
                board.beside(python, "pmedian", name, limit, metres=metres, weight=people, reach=0.0, p=p)
    for kind in ("even", "centres"):
        metres, people = town(kind, 10_000, 500, rng)
        board.run(f"p-median 10,000 × 500, {kind}, p 50",
                  lambda metres=metres, people=people: p_median(metres, people, 50, seconds=60.0, gap=1e-4),
                  gap=2e-3, seconds=61.0)  # fmt: skip


def capacities(board: Board, rng: np.random.Generator) -> None:
    """Serve with limited room: the most people, or all with short walks."""
    print("limited room, 2,000 homes × 300 sites")
    for kind in ("even", "centres"):
        metres, people = town(kind, 2_000, 300, rng)
        about = rng.uniform(0.5, 1.5, 300)
        for reach, p, room, split in (
            (600, 30, 0.5, True), (1200, 10, 0.5, True), (1200, 10, 1.0, True), (1200, 30, 0.5, True),
            (1200, 30, 1.0, True), (2500, 10, 1.0, True), (1200, 30, 0.5, False),
        ):  # fmt: skip
            cover, capacity = sparse.csr_array(metres <= reach), np.round(about * room * people.sum() / p)
            whole = "" if split else ", whole"
            board.run(
                f"capacitated MCLP, {kind}, {reach} m, p {p}, room {room}{whole}",
                lambda cover=cover, people=people, capacity=capacity, p=p, split=split: capacitated_mclp(
                    cover, people, capacity, p, split=split, seconds=59.0, gap=0.01),
                gap=0.01, seconds=60.0,
            )  # fmt: skip
        for p, room in ((15, 2.0), (30, 1.3)):
            capacity = np.round(about * room * people.sum() / p)
            board.run(
                f"capacitated p-median, {kind}, p {p}, room {room}",
                lambda metres=metres, people=people, capacity=capacity, p=p: capacitated_p_median(
                    metres, people, capacity, p, seconds=60.0, gap=0.02),
                gap=0.02, seconds=62.0,
            )  # fmt: skip


def warm() -> None:
    """Have all loops compiled."""
    metres, people = town("even", 60, 12, np.random.default_rng(0))
    cover, capacity = sparse.csr_array(metres <= 3000), np.full(12, people.sum() / 2)
    lscp(cover[np.diff(cover.indptr) > 0])
    mclp(cover, people, 2)
    p_center(metres, 2)
    p_median(metres, people, 3, seconds=5)
    capacitated_mclp(cover, people, capacity, 3, seconds=5)
    capacitated_p_median(metres, people, capacity, 3, seconds=5)


def main() -> int:
    """Run the bench; return 0 when every held line is reached."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--instances", type=Path, default=KNOWN)
    parser.add_argument("--peer", default=None)
    parser.add_argument("--peer-seconds", type=float, default=120.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="only lines whose name holds this word")
    said = parser.parse_args()
    board, begun = Board(said.only), time.monotonic()
    python = said.peer or (sys.executable if importlib.util.find_spec("spopt") else None)
    if python is None:
        board.say("spopt", "not to be found here: give its interpreter with --peer", False)
    warm()
    # Each part draws from a stream of its own, so --only changes no town.
    streams = np.random.default_rng(said.seed).spawn(4)
    if said.instances.is_dir():
        known(board, said.instances)
    else:
        board.say("known instances", f"no folder {said.instances}: give one with --instances", False)
    covering(board, streams[0], python, said.peer_seconds)
    centre(board, streams[1])
    median(board, streams[2], python, said.peer_seconds)
    capacities(board, streams[3])
    took = (time.monotonic() - begun) / 60
    verdict = f"NOT reached: {board.missed} lines" if board.missed else "every held line is reached"
    print(f"{verdict}, {took:.1f} min")
    return 1 if board.missed else 0


if __name__ == "__main__":
    sys.exit(main())
