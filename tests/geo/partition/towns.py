"""Towns for tests: grids of square blocks, 100 m a side, with lanes between them unless a test says otherwise."""

from collections.abc import Mapping, Sequence

import geopandas as gpd
import numpy as np
from shapely import box
from shapely.geometry import LineString

from geo.schema import conform

CRS = "EPSG:4549"
SIDE = 100.0


def grid(
    households: Sequence[Sequence[int | None]],
    *,
    communities: Sequence[str] = (),
    groups: Mapping[str, str] | None = None,
    features: Mapping[tuple[str, str], tuple[str, str]] | None = None,
    people: float | None = None,
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return blocks and seams of a grid town.

    Row r, column c (from the top left) is block "r-c", e.g. "0-3". `communities` draws today's communities with one
    letter a block, "." for none. `features` maps ("v", "2") - the vertical line left of column 2 - or ("h", "1") - the
    horizontal line above row 1 - to (class, name). `None` as households leaves a hole.
    """
    rows, ids, shapes, olds = [], [], [], []
    for r, line in enumerate(households):
        for c, number in enumerate(line):
            if number is None:
                continue
            ids.append(f"{r}-{c}")
            rows.append(number)
            shapes.append(box(c * SIDE, -(r + 1) * SIDE, (c + 1) * SIDE, -r * SIDE))
            letter = communities[r][c] if communities else "."
            olds.append(None if letter == "." else letter)
    blocks = gpd.GeoDataFrame(
        {"households": rows, "community_id": olds, "group_id": [(groups or {}).get(i) for i in ids],
         "area_m2": SIDE**2, "people": [None if people is None else round(people * h) for h in rows]},
        index=ids, geometry=shapes, crs=CRS,
    )  # fmt: skip
    seams = []
    have = set(ids)
    for name in ids:
        r, c = map(int, name.split("-"))
        right, below = f"{r}-{c + 1}", f"{r + 1}-{c}"
        for other, key, line in (
            (right, ("v", str(c + 1)), [((c + 1) * SIDE, -r * SIDE), ((c + 1) * SIDE, -(r + 1) * SIDE)]),
            (below, ("h", str(r + 1)), [(c * SIDE, -(r + 1) * SIDE), ((c + 1) * SIDE, -(r + 1) * SIDE)]),
        ):
            a, b = (*sorted((name, other)),) if other in have else (name, "outside")
            kind, road = (features or {}).get(key, ("residential", f"{key[0]}{key[1]} lane"))
            seams.append((a, b, kind if other in have else "study_edge", road, LineString(line)))
    columns = list(zip(*seams, strict=True))
    frame = gpd.GeoDataFrame(
        {"block_a": columns[0], "block_b": columns[1], "feature_class": columns[2], "feature_name": columns[3],
         "length_m": SIDE, "barrier": False},
        index=[f"s{i:03d}" for i in range(len(seams))], geometry=list(columns[4]), crs=CRS,
    )  # fmt: skip
    return conform(blocks, "blocks"), conform(frame, "seams")


def register(kinds: Mapping[str, str], **columns: Sequence[object]) -> gpd.GeoDataFrame:
    """Return a communities table with these ids and kinds; the shapes do not matter to the engine."""
    ids = list(kinds)
    frame = gpd.GeoDataFrame(
        {"kind": list(kinds.values()), "name": [f"{i}社" for i in ids], "name_en": [f"{i}ville" for i in ids],
         **columns},
        index=ids, geometry=[box(0, 0, 1, 1)] * len(ids), crs=CRS,
    )  # fmt: skip
    return conform(frame, "communities")


def random_grid(rng: np.random.Generator, side: int, *, old: int = 0) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return a grid town of `side` x `side` blocks with random households and `old` striped communities."""
    numbers = rng.integers(0, 400, size=(side, side)).tolist()
    letters = ["".join(chr(65 + (c * old) // side) for c in range(side)) for _ in range(side)] if old else ()
    return grid(numbers, communities=letters, features={("v", str(side // 2)): ("primary", "Main Road")}, people=3.1)
