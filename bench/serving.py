"""Tiles and items of 200,000 buildings, beside tipg on PostGIS: the same tiles in one run.

    .venv/bin/python bench/serving.py [--peer PYTHON] [--buildings N] [--seed N]

A made-up city (seeded, no house over another, 5 to 9 corners a house) is put into a study file, and into a throw-away
PostGIS; `shequ serve` and tipg (its own interpreter, --peer; it is only ever compared with) are asked for the same
tiles with the same attributes, by the same client, nobody else asking. CPU is that of the whole server: for tipg its
process and all of PostgreSQL's. "Uncached" is with no memory for tiles. tipg is told to put all features into a tile
(by itself it stops at 10,000 without a word). Shown besides: requests a second from the cache and for "nothing
changed", whether every building is in the tiles of each level, whether every shape is valid and every id the same
everywhere; the first tile after a restart, counted from the start of the process (not the very first one, which
compiles what the machine never compiled: Python's modules, the encoder); memory; a durable edit. Exit code 1 where a
goal is missed.
"""

import argparse
import asyncio
import contextlib
import gzip
import json
import multiprocessing
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import shapely

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from layers.tiles.encoding import feature_ids  # noqa: E402
from layers.tiles.grids import GRIDS, Tile  # noqa: E402
from layers.tiles.projecting import Projection  # noqa: E402

EPSG = 4549
CENTRE = (514_000.0, 3_385_000.0)
LEVELS = {12: 4, 14: 12, 16: 48}
"""Level → tiles of it that are asked for, the fullest of the city's middle."""

BOXES_M = (600.0, 6_000.0)
"""Sides of the boxes in which items are asked for: a few streets, half the city."""

GRID = GRIDS["WebMercatorQuad"]
COLUMNS = ("building_id", "name", "use", "floors", "height_m", "year_built", "dwellings", "households")
WITHIN = {"cpu": 0.5, "cached": 40.0, "items": 0.1, "first_s": 2.0, "memory_mb": 700.0, "edit_ms": 10.0}


# ── the city ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def city(count: int, seed: int):
    """A city of `count` houses on plots of 30 m, denser in the middle; a table of `geo.schema`'s buildings."""
    import geopandas as gpd  # noqa: PLC0415
    import pandas as pd  # noqa: PLC0415

    rng = np.random.default_rng(seed)
    side = int(np.sqrt(count / 0.8)) + 1
    column, row = (each.ravel() for each in np.meshgrid(np.arange(side), np.arange(side)))
    away = np.hypot(column - side / 2, row - side / 2) / side
    plots = np.argsort(rng.random(side * side) + 1.2 * away, kind="stable")[:count]
    shapes = {
        0: [(0, 0), (1, 0), (1, 1), (0.5, 1.0001), (0, 1)],
        1: [(0, 0), (1, 0), (1, 0.45), (0.4, 0.45), (0.4, 1), (0, 1)],
        2: [(0, 0), (1, 0), (1, 1), (0.7, 1), (0.7, 0.5), (0.3, 0.5), (0.3, 1), (0, 1)],
        3: [(0, 0), (0.8, 0), (1, 0.2), (1, 1), (0.2, 1), (0, 0.8), (0, 0.4)],
    }
    kind = rng.integers(0, len(shapes), count)
    wide, deep = rng.uniform(9, 19, count), rng.uniform(7, 15, count)
    turn = rng.choice([0.0, 0.35, 0.8], count) + rng.normal(0, 0.04, count)
    x = CENTRE[0] + (column[plots] - side / 2) * 30.0
    y = CENTRE[1] + (row[plots] - side / 2) * 30.0
    geometry = np.empty(count, object)
    for which, corners in shapes.items():
        at = np.flatnonzero(kind == which)
        ring = np.array([*corners, corners[0]]) - 0.5
        u, v = ring[None, :, 0] * wide[at, None], ring[None, :, 1] * deep[at, None]
        cos, sin = np.cos(turn[at, None]), np.sin(turn[at, None])
        rings = np.stack([x[at, None] + u * cos - v * sin, y[at, None] + u * sin + v * cos], axis=-1)
        geometry[at] = shapely.polygons(rings)
    floors = rng.integers(1, 30, count)
    table = {
        "name": [f"{n % 97 + 1}号楼" if n % 5 == 0 else None for n in range(count)],
        "use": rng.choice(["residential", "mixed", "commercial", "office"], count, p=[0.7, 0.1, 0.1, 0.1]),
        "floors": floors.astype(float), "height_m": np.round(floors * 2.9, 1),
        "year_built": pd.array(rng.integers(1960, 2026, count), dtype="Int64"),
        "dwellings": pd.array(floors * rng.integers(0, 8, count), dtype="Int64"),
        "households": pd.array(floors * rng.integers(0, 7, count), dtype="Int64"),
    }  # fmt: skip
    index = pd.Index([f"JZ{n:06d}" for n in range(count)], name="building_id")
    return gpd.GeoDataFrame(table, index=index, geometry=geometry, crs=EPSG)


def write_city(buildings, path: Path) -> None:
    """Put the city into a study file."""
    from pyproj import CRS  # noqa: PLC0415

    from geo.study import Study, write_study  # noqa: PLC0415

    write_study(Study("大城", CRS.from_epsg(EPSG), {"buildings": buildings}, name_en="City"), path)


def fill_database(buildings, url: str) -> None:
    """Put the city into PostGIS."""
    import psycopg  # noqa: PLC0415

    with psycopg.connect(url, autocommit=True) as db:
        db.execute(
            "CREATE TABLE buildings (building_id text PRIMARY KEY, name text, use text, floors double precision, "
            "height_m double precision, year_built bigint, dwellings bigint, households bigint, "
            f"geometry geometry(Polygon, {EPSG}))"
        )
        plain = (
            buildings.drop(columns="geometry").astype(object).where(buildings.drop(columns="geometry").notna(), None)
        )
        shapes = shapely.to_wkb(shapely.set_srid(buildings.geometry.values, EPSG), hex=True, include_srid=True)
        with db.cursor() as cursor, cursor.copy("COPY buildings FROM STDIN") as copy:
            for key, row, shape in zip(plain.index, plain.itertuples(index=False), shapes, strict=True):
                copy.write_row((key, *row, shape))
        db.execute("CREATE INDEX ON buildings USING gist (geometry)")
        db.execute("VACUUM ANALYZE buildings")


# ── servers ──────────────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass
class Server:
    """A running server: its address, and the processes whose CPU counts."""

    name: str
    base: str
    process: subprocess.Popen
    beside: Callable[[], Sequence[int]] = field(default=lambda: ())

    def cpu(self) -> float:
        """CPU seconds used so far by all of its processes, ended children included."""
        return sum(_cpu(pid) for pid in (self.process.pid, *self.beside()))

    def memory_mb(self) -> float:
        """The most memory its own process ever held."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)


def _cpu(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return sum(int(each) for each in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def _children(pid: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(stat.read_text().rsplit(")", 1)[1].split()[1]) == pid:
                found.append(int(stat.parent.name))
    return found


@contextlib.contextmanager
def ours(path: Path, port: int, **settings: str) -> Iterator[Server]:
    """`shequ serve` on the study file."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    env |= {"PYTHONPYCACHEPREFIX": str(path.parent / "bytecode"), **settings}
    command = [sys.executable, "-m", "api.cli", "serve", f"city={path}", "--port", str(port)]
    with subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        server = Server("shequ", f"http://127.0.0.1:{port}", process)
        try:
            yield server
        finally:
            server.stop()


@contextlib.contextmanager
def tipg(python: Path, url: str, postmaster: int, port: int) -> Iterator[Server]:
    """tipg on the database."""
    env = {**os.environ, "DATABASE_URL": url, "TIPG_MAX_FEATURES_PER_TILE": "10000000", "TIPG_TILE_BUFFER": "64"}
    command = [python, "-m", "uvicorn", "tipg.main:app", "--port", str(port), "--log-level", "error"]
    with subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL) as process:
        server = Server("tipg", f"http://127.0.0.1:{port}", process, lambda: [postmaster, *_children(postmaster)])
        try:
            wait(server, "/")
            yield server
        finally:
            server.stop()


def get(server: Server, path: str, **headers: str) -> bytes:
    """Ask for something; the body, unpacked."""
    request = urllib.request.Request(server.base + path, headers=headers)
    with urllib.request.urlopen(request, timeout=120) as answer:
        body = answer.read()
        return gzip.decompress(body) if answer.headers.get("Content-Encoding") == "gzip" else body


def wait(server: Server, path: str) -> None:
    """Wait until it answers."""
    for _ in range(2_000):
        with contextlib.suppress(OSError):
            get(server, path)
            return
        time.sleep(0.01)
    raise RuntimeError(f"{server.name} does not start")


# ── what is asked ────────────────────────────────────────────────────────────────────────────────────────────────────
def tiles_of(projection: Projection, level: int, count: int) -> list[Tile]:
    """The `count` tiles of a level nearest to the middle of the city."""
    x, y = projection.exact(np.array([CENTRE]))[0]
    row, column = GRID.at(level, x, y)
    near = sorted(
        ((row + i, column + j) for i in range(-5, 6) for j in range(-5, 6)),
        key=lambda at: np.hypot(*(np.array(Tile(GRID, level, *at).bounds()).reshape(2, 2).mean(axis=0) - (x, y))),
    )
    return [Tile(GRID, level, *at) for at in near[:count]]


def our_path(tile: Tile) -> str:
    wanted = ",".join(COLUMNS[1:])
    return (f"/studies/city/collections/buildings/tiles/{GRID.id}/{tile.level}/{tile.row}/{tile.column}"
            f"?properties={wanted}")  # fmt: skip


def their_path(tile: Tile) -> str:
    return f"/collections/public.buildings/tiles/{GRID.id}/{tile.level}/{tile.column}/{tile.row}"


def boxes(count: int, seed: int, side_m: float) -> list[str]:
    """Boxes of a size, anywhere in the city, in longitude and latitude."""
    from pyproj import Transformer  # noqa: PLC0415

    rng = np.random.default_rng(seed)
    x, y = rng.uniform(-4_000, 4_000, (2, count)) + np.array(CENTRE)[:, None]
    lon, lat = Transformer.from_crs(EPSG, 4326, always_xy=True).transform(x, y)
    width, height = side_m / 96_000, side_m / 111_000
    return [f"{a:.6f},{b:.6f},{a + width:.6f},{b + height:.6f}" for a, b in zip(lon, lat, strict=True)]


def cpu_ms(server: Server, paths: Sequence[str], seconds: float = 3.0) -> float:
    """CPU milliseconds per request, asked one after the other for some seconds, each path as often as the others."""
    plain = {"Accept-Encoding": "identity"}
    for path in paths[:2]:
        get(server, path, **plain)
    began, asked, clock = server.cpu(), 0, time.perf_counter()
    while time.perf_counter() - clock < seconds:
        for path in paths:
            get(server, path, **plain)
            asked += 1
    time.sleep(0.1)
    return (server.cpu() - began) / asked * 1000


class _Asking(asyncio.Protocol):
    """One connection that asks for one path after the other."""

    def __init__(self, requests: list[bytes], first: int, count: list[int]) -> None:
        self.requests, self.at, self.count, self.missing, self.head = requests, first, count, 0, b""

    def connection_made(self, transport) -> None:
        self.transport = transport
        self.ask()

    def ask(self) -> None:
        self.transport.write(self.requests[self.at % len(self.requests)])
        self.at += 1

    def data_received(self, data: bytes) -> None:
        if self.missing:
            self.missing -= len(data)
        else:
            self.head += data
            end = self.head.find(b"\r\n\r\n")
            if end < 0:
                return
            length = re.search(rb"content-length: (\d+)", self.head[:end], re.IGNORECASE)
            self.missing = (int(length[1]) if length else 0) - (len(self.head) - end - 4)
            self.head = b""
        if self.missing == 0:
            self.count[0] += 1
            self.ask()


def _ask(port: int, requests: list[bytes], seconds: float, connections: int, found) -> None:
    import uvloop  # noqa: PLC0415

    async def run() -> None:
        loop, count = asyncio.get_running_loop(), [0]
        made = [
            await loop.create_connection(lambda n=n: _Asking(requests, n, count), "127.0.0.1", port)
            for n in range(connections)
        ]
        await asyncio.sleep(0.3)
        begun, clock = count[0], time.perf_counter()
        await asyncio.sleep(seconds)
        found.put((count[0] - begun) / (time.perf_counter() - clock))
        for transport, _ in made:
            transport.abort()

    uvloop.run(run())


def rate(
    server: Server, paths: Sequence[str], headers: Sequence[str] = (), seconds: float = 4.0, encoding: str = "gzip"
) -> float:
    """Requests per second, eight connections, compressed, as browsers ask, or plain; from a process of its own.

    `headers`: one more line for each path.
    """
    port = int(server.base.rsplit(":", 1)[1])
    more = headers or [""] * len(paths)
    requests = [
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept-Encoding: {encoding}\r\n{line}\r\n".encode()
        for path, line in zip(paths, more, strict=True)
    ]
    found = multiprocessing.get_context("spawn").Queue()
    asking = multiprocessing.get_context("spawn").Process(target=_ask, args=(port, requests, seconds, 8, found))
    asking.start()
    answer = found.get(timeout=seconds + 60)
    asking.join()
    return answer


# ── what comes back ──────────────────────────────────────────────────────────────────────────────────────────────────
def check(server: Server, projection: Projection, buildings, levels: Sequence[int]) -> dict[str, object]:
    """Whether all buildings are in the tiles of each level, all shapes valid, all ids those of the text ids."""
    import mapbox_vector_tile  # noqa: PLC0415
    import pyarrow as pa  # noqa: PLC0415

    wanted = dict(zip(buildings.index, feature_ids(pa.array(buildings.index)).tolist(), strict=True))
    left, bottom, right, top = buildings.total_bounds
    x, y = projection.exact(np.array([(left, bottom), (left, top), (right, bottom), (right, top)])).T
    said: dict[str, object] = {}
    for level in levels:
        first, last = GRID.at(level, x.min(), y.max()), GRID.at(level, x.max(), y.min())
        seen, wrong, invalid, shapes_seen = set(), 0, 0, 0
        for row in range(first[0], last[0] + 1):
            for column in range(first[1], last[1] + 1):
                body = get(server, our_path(Tile(GRID, level, row, column)))
                if not body:
                    continue
                features = mapbox_vector_tile.decode(body)["buildings"]["features"]
                seen |= {each["properties"]["id"] for each in features}
                wrong += sum(each["id"] != wanted[each["properties"]["id"]] for each in features)
                drawn = np.array([shapely.geometry.shape(each["geometry"]) for each in features])
                invalid += int((~shapely.is_valid(drawn) | (shapely.area(drawn) == 0)).sum())
                shapes_seen += len(drawn)
        said[f"z{level}"] = {"present": len(seen), "of": len(wanted), "shapes": shapes_seen, "invalid": invalid,
                             "wrong_ids": wrong}  # fmt: skip
    return said


def first_tile(path: Path, port: int, tile: Tile) -> tuple[float, float]:
    """Seconds from the start of the process to the first tile, and its CPU seconds until then."""
    began = time.perf_counter()
    with ours(path, port) as server:
        wait(server, our_path(tile))
        return time.perf_counter() - began, server.cpu()


def edit_ms(path: Path, buildings, count: int = 60) -> float:
    """Median milliseconds of a durable edit of one building."""
    from api.storage.embedded import EmbeddedStorage  # noqa: PLC0415
    from api.storage.records import FeatureWrite  # noqa: PLC0415

    storage = EmbeddedStorage({"city": path})
    store = storage.open("city")
    took = []
    for key in buildings.index[:: len(buildings) // count][:count]:
        row = store.rows("buildings", ids=[key]).to_pylist()[0]
        shape, version = row.pop("geometry"), row.pop("version")
        values = {name: value for name, value in row.items() if name not in ("id", "tx")} | {"name": "改"}
        write = FeatureWrite("buildings", key, "replace", values, shape, version)
        clock = time.perf_counter()
        store.commit([write], by="bench", action="edit")
        took.append((time.perf_counter() - clock) * 1000)
    storage.close()
    return statistics.median(took)


# ── the run ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def measure(server: Server, path_of, projection: Projection, items: Mapping[str, Sequence[str]]) -> dict[str, float]:
    """CPU per uncached tile of each level, and per page of items."""
    found = {f"z{level}": cpu_ms(server, [path_of(tile) for tile in tiles_of(projection, level, count)])
             for level, count in LEVELS.items()}  # fmt: skip
    return {**found, **{f"items, {side}": cpu_ms(server, some) for side, some in items.items()}}


def rates(server: Server, path_of, projection: Projection) -> dict[str, float]:
    """Requests per second for the tiles of each level."""
    found = {}
    for level, count in LEVELS.items():
        paths = [path_of(tile) for tile in tiles_of(projection, level, count)]
        for path in paths:
            get(server, path, **{"Accept-Encoding": "gzip"})
        found[f"z{level}"] = rate(server, paths)
        found[f"z{level}, plain"] = rate(server, paths, encoding="identity")
    return found


def mixed(path_of, projection: Projection) -> list[str]:
    """What a map asks for while somebody zooms in: a few tiles of level 12, more of 14, most of 16."""
    return [path_of(tile) for level, count in LEVELS.items() for tile in tiles_of(projection, level, count)]


def main() -> int:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--peer", type=Path, help="an interpreter that has tipg; none: our figures alone")
    ask.add_argument("--buildings", type=int, default=200_000)
    ask.add_argument("--seed", type=int, default=6)
    ask.add_argument("--port", type=int, default=18_400)
    options = ask.parse_args()

    buildings = city(options.buildings, options.seed)
    from pyproj import CRS  # noqa: PLC0415

    projection = Projection(CRS.from_epsg(EPSG), GRID, tuple(buildings.total_bounds))
    bbox = {f"{side:g} m": boxes(40, options.seed, side) for side in BOXES_M}
    result: dict[str, dict] = {"shequ": {}, "tipg": {}}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "city.gpkg"
        write_city(buildings, path)
        result["shequ"]["edit_ms"] = edit_ms(path, buildings)
        middle = tiles_of(projection, 14, 1)[0]
        first_tile(path, options.port, middle)  # compiles what was never compiled on this machine
        first = [first_tile(path, options.port + n, middle) for n in (1, 2, 3)]
        result["shequ"]["first_s"], result["shequ"]["first_cpu_s"] = map(statistics.median, zip(*first, strict=True))
        our_items = {side: [f"/studies/city/collections/buildings/items?limit=100&bbox={each}" for each in some]
                     for side, some in bbox.items()}  # fmt: skip
        with ours(path, options.port + 5, SHEQU_TILE_CACHE_BYTES="0") as server:
            wait(server, our_path(middle))
            result["shequ"] |= measure(server, our_path, projection, our_items)
            result["shequ"]["memory_mb"] = server.memory_mb()
            result["shequ"]["check"] = check(server, projection, buildings, list(LEVELS))
        with ours(path, options.port + 6) as server:
            wait(server, our_path(middle))
            result["shequ"]["rates"] = rates(server, our_path, projection)
            all_paths = mixed(our_path, projection)
            result["shequ"]["rates"]["mixed"] = rate(server, all_paths)
            result["shequ"]["rates"]["unchanged"] = rate(server, all_paths, [_seen(server, each) for each in all_paths])
        if options.peer is not None:
            from tests.api.postgis import ROLE, start  # noqa: PLC0415

            cluster = start()
            try:
                url = cluster.database()
                fill_database(buildings, url)
                tcp = f"postgresql://{ROLE}@127.0.0.1:{cluster.port}/{url.split('?')[0].rsplit('/', 1)[1]}"
                with tipg(options.peer, tcp, cluster.process.pid, options.port + 7) as server:
                    their_items = {side: [f"/collections/public.buildings/items?limit=100&bbox={each}" for each in some]
                                   for side, some in bbox.items()}  # fmt: skip
                    result["tipg"] |= measure(server, their_path, projection, their_items)
                    result["tipg"]["rates"] = rates(server, their_path, projection)
                    result["tipg"]["rates"]["mixed"] = rate(server, mixed(their_path, projection), seconds=8.0)
                    result["tipg"]["memory_mb"] = server.memory_mb()
            finally:
                cluster.stop()
    return show(result)


def _seen(server: Server, path: str) -> str:
    request = urllib.request.Request(server.base + path, headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request) as answer:
        return f"If-None-Match: {answer.headers['ETag']}\r\n"


def show(result: dict[str, dict]) -> int:
    """Print the table; 1 where a goal is missed."""
    us, them = result["shequ"], result["tipg"]
    missed = []

    def line(name: str, unit: str, ours_: float, theirs: float | None, goal: str, kept: bool | None) -> None:
        ratio = f"{ours_ / theirs:8.3f}" if theirs else " " * 8
        verdict = "" if kept is None else "reached" if kept else "MISSED"
        if kept is False:
            missed.append(name)
        other = f"{theirs:10.2f}" if theirs else " " * 10
        print(f"{name:34} {unit:6} {ours_:10.2f} {other} {ratio}  {goal:22} {verdict}")

    print(f"{'':34} {'':6} {'shequ':>10} {'tipg':>10} {'ratio':>8}")
    for key in (each for each in us if each.startswith(("z", "items"))):
        part = WITHIN["items"] if key.startswith("items") else WITHIN["cpu"]
        other = them.get(key)
        name = f"{key}, limit 100" if key.startswith("items") else f"tile {key}, uncached"
        line(name, "ms CPU", us[key], other, f"at most {part:g} of tipg", us[key] <= part * other if other else None)
    for key, value in us["rates"].items():
        other = them.get("rates", {}).get(key)
        kept = value >= WITHIN["cached"] * other if other else None
        line(f"from the cache, {key}", "req/s", value, other, f"at least {WITHIN['cached']:g} times", kept)
    line("first tile after a start", "s", us["first_s"], None, f"at most {WITHIN['first_s']:g}",
         us["first_s"] <= WITHIN["first_s"])  # fmt: skip
    line("CPU until then", "s", us["first_cpu_s"], None, "", None)
    line("memory, most", "MB", us["memory_mb"], them.get("memory_mb"), f"at most {WITHIN['memory_mb']:g}",
         us["memory_mb"] <= WITHIN["memory_mb"])  # fmt: skip
    line("durable edit, median", "ms", us["edit_ms"], None, f"at most {WITHIN['edit_ms']:g}",
         us["edit_ms"] <= WITHIN["edit_ms"])  # fmt: skip
    for level, said in us["check"].items():
        well = said["present"] == said["of"] and not said["invalid"] and not said["wrong_ids"]
        print(
            f"{level}: {said['present']:,} of {said['of']:,} buildings, {said['shapes']:,} shapes, "
            f"{said['invalid']} invalid, {said['wrong_ids']} ids that differ  {'reached' if well else 'MISSED'}"
        )
        if not well:
            missed.append(level)
    print(json.dumps(result))
    print("every goal reached" if not missed else f"missed: {', '.join(missed)}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
