"""Floating catchments beside PySAL access: 2SFCA, E2SFCA with zones and with gaussian decay, 3SFCA, to 1e-9.

    .venv/bin/python bench/catchment.py [--peer PYTHON] [--homes N] [--places N] [--seed N]

Cases: a town drawn by chance (5,000 homes, 60 places, walks round the corner), Qinghe (homes of the embedded town, all
facilities of known capacity, walks along its streets), and Taichung's Xitun where ../shared/cases has it (homes of its
census, all facilities, counted as 1 each). Both sides are given the same walks, people and capacities. PySAL access
runs in its own interpreter (--peer; it is only compared with). Seconds are CPU seconds of the calculation alone, the
best of three. Exit code 0 only where every difference is below 1e-9 of the value and no calculation takes longer than
the peer's.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from time import process_time

import numpy as np
import pandas as pd

from api.operations.town import demo_town, import_study, make_blocks, put_households
from geo.access.catchment import Decay, catchment, gaussian, steps
from geo.access.reach import Pairs, within
from geo.gaps.demand import demand
from geo.ingest.town import import_files
from geo.network.build import network_of
from geo.study import Study

ROOT = Path(__file__).parents[1]
XITUN = ROOT.parent / "shared" / "cases" / "taichung_xitun" / "taichung_xitun.gpkg"
LIMIT_M, ZONES, WIDTH_M, ENOUGH = 1500.0, {500.0: 1.0, 1000.0: 0.68, 1500.0: 0.22}, 600.0, 1e-9
TIMES = 3
METHODS: dict[str, tuple[str, Decay | None]] = {
    "2SFCA": ("2sfca", None),
    "E2SFCA zones": ("e2sfca", steps(ZONES)),
    "E2SFCA gaussian": ("e2sfca", gaussian(WIDTH_M)),
    "3SFCA zones": ("3sfca", steps(ZONES)),
    "3SFCA gaussian": ("3sfca", gaussian(WIDTH_M)),
}

PEER = f"""
import logging, sys, time
logging.disable()
import numpy as np, pandas as pd
from access import Access, weights
given = np.load(sys.argv[1])
people = pd.DataFrame({{"id": np.arange(len(given["people"])), "people": given["people"]}})
places = pd.DataFrame({{"id": np.arange(len(given["room"])), "room": given["room"]}})
walks = pd.DataFrame({{"from": given["origin"], "to": given["place"], "cost": given["walk"]}})
zones, width, limit = {ZONES!r}, {WIDTH_M!r}, {LIMIT_M!r}
out = {{}}
for name, three, weigh in (
    ("2SFCA", False, None), ("E2SFCA zones", False, weights.step_fn(zones)),
    ("E2SFCA gaussian", False, weights.gaussian(width)), ("3SFCA zones", True, weights.step_fn(zones)),
    ("3SFCA gaussian", True, weights.gaussian(width)),
):
    town = Access(demand_df=people, demand_index="id", demand_value="people", supply_df=places, supply_index="id",
                  supply_value="room", cost_df=walks.copy(), cost_origin="from", cost_dest="to", cost_name="cost")
    seconds = []
    for _ in range({TIMES}):
        begin = time.process_time()
        (town.three_stage_fca if three else town.two_stage_fca)(name="x", max_cost=limit, weight_fn=weigh)
        seconds.append(time.process_time() - begin)
    out[name + " seconds"] = min(seconds)
    out[name] = town.access_df["x_room"].reindex(people["id"]).to_numpy(float)
np.savez(sys.argv[2], **out)
"""


def drawn(homes: int, places: int, seed: int) -> tuple[Pairs, pd.Series, pd.Series]:
    """Return a town 6 km wide: walks round the corner, towers and houses, small places and large, some without room."""
    rng = np.random.default_rng(seed)
    xy, at = rng.uniform(0, 6000, (homes, 2)), rng.uniform(0, 6000, (places, 2))
    metres = np.abs(xy[:, None] - at[None]).sum(axis=2)
    origin, place = np.nonzero(metres <= LIMIT_M)
    walk = metres[origin, place]
    order = np.lexsort((place, walk, origin))
    origin, place, walk = origin[order], place[order], walk[order]
    pairs = Pairs(pd.RangeIndex(homes), pd.RangeIndex(places), origin, place, walk, walk / 70)
    people = rng.choice([3, 12, 40, 200], homes, p=[0.4, 0.3, 0.2, 0.1]) * rng.uniform(0.5, 1.5, homes)
    room = np.where(rng.random(places) < 0.05, 0.0, rng.lognormal(4, 1, places))
    return pairs, pd.Series(people), pd.Series(room)


def walked(study: Study, *, counted: bool) -> tuple[Pairs, pd.Series, pd.Series]:
    """Return a real town: homes of known people, facilities of known capacity (or all, 1 each), and the walks."""
    homes = demand(study)
    homes = homes[homes["people"] > 0]
    room = study["facilities"]["capacity"].astype("float64")
    room = pd.Series(1.0, room.index) if counted else room.dropna()
    pairs = within(network_of(study), homes, study["facilities"].loc[room.index].geometry, LIMIT_M)
    return pairs, homes["people"], room


def qinghe(folder: Path) -> Study:
    """Return the embedded town with blocks, and its households placed."""
    town = folder / "qinghe.gpkg"
    import_study([], town, mapping=demo_town())
    make_blocks(town)
    return put_households(town)[0]


def xitun() -> Study:
    """Return Taichung's Xitun."""
    return import_files([XITUN], mapping=ROOT / "docs" / "examples" / "taichung_xitun.toml")


def compared(name: str, town: tuple[Pairs, pd.Series, pd.Series], peer: str) -> bool:
    """Print both for each method, and return whether all lines are reached."""
    pairs, people, room = town
    print(f"\n{name}: {len(people):,} homes, {len(room):,} places, {len(pairs):,} walks of at most {LIMIT_M:g} m")
    with tempfile.TemporaryDirectory() as folder:
        given, answered = Path(folder) / "given.npz", Path(folder) / "answered.npz"
        np.savez(given, people=people.reindex(pairs.origins).to_numpy(float), origin=pairs.origin, place=pairs.place,
                 room=room.reindex(pairs.places).to_numpy(float), walk=pairs.walk_m)  # fmt: skip
        subprocess.run([peer, "-W", "ignore", "-c", PEER, str(given), str(answered)], check=True)
        theirs = dict(np.load(answered))
    reached = True
    for method, (key, decay) in METHODS.items():
        took = []
        for _ in range(TIMES):
            begin = process_time()
            found = catchment(pairs, people, room, at_most=LIMIT_M, method=key, decay=decay).homes
            took.append(process_time() - begin)
        seconds = min(took)
        ours, other = found["access"].to_numpy(), theirs[method]
        # PySAL leaves out homes that reach nothing.
        other = np.where(np.isnan(other) & (found["places"] == 0), 0.0, other)
        difference = float(np.max(np.abs(ours - other) / np.maximum(np.abs(other), 1e-300), initial=0.0))
        good = difference <= ENOUGH and seconds <= theirs[method + " seconds"]
        reached &= good
        print(f"  {'reached' if good else 'MISSED '}  {method:16} largest difference {difference:.1e}, mean access "
              f"{ours.mean():.6f}; {seconds:.3f} s, PySAL {theirs[method + ' seconds']:.3f} s")  # fmt: skip
    return reached


def main() -> int:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--peer", help="a Python with PySAL access 1.1; without it, this one")
    ask.add_argument("--homes", type=int, default=5000)
    ask.add_argument("--places", type=int, default=60)
    ask.add_argument("--seed", type=int, default=7)
    asked = ask.parse_args()
    peer = asked.peer or sys.executable
    look = [peer, "-c", "import access"]
    if shutil.which(peer) is None or subprocess.run(look, check=False, capture_output=True).returncode:
        print(f"{peer} has no PySAL access: give --peer a Python that has (pip install access==1.1.10)")
        return 1
    reached = compared("drawn town", drawn(asked.homes, asked.places, asked.seed), peer)
    with tempfile.TemporaryDirectory() as folder:
        reached &= compared("Qinghe", walked(qinghe(Path(folder)), counted=False), peer)
    if XITUN.exists():
        reached &= compared("Taichung Xitun", walked(xitun(), counted=True), peer)
    else:
        print("\nTaichung Xitun: ../shared/cases is not there")
    print("\nevery line is reached" if reached else "\nnot every line is reached")
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
