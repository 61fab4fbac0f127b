"""Walks, gaps and shares of whole towns, counted a second time by `tests.independent_walks`, which shares no code with
the product.

Each README in ../shared/cases tells source and licence.
"""

import math
import tomllib
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from scipy.optimize import linprog

from api.operations.files import read_plan
from geo.access.assignment import assign
from geo.access.catchment import catchment, thirds
from geo.access.reach import nearest, within
from geo.gaps.before_after import before_after
from geo.gaps.demand import demand
from geo.gaps.gaps import gaps_of
from geo.gaps.result import Gaps
from geo.network import Network
from geo.network.build import network_of
from geo.network.joins import join
from geo.raster import Raster
from geo.study import Study, read_study
from tests.command import done
from tests.independent_walks import Town

pytestmark = pytest.mark.cases

CENTIMETRE = 0.01
DRAWING_M = 0.3
"""Ends closer than 0.1 m are one place; which of them stands for it is left open, and a walk may pass several."""
SAMPLE = 80
COVERED_SHARE = 0.9
"""What a standard asks for where it names no share of its own (docs/gaps.md)."""
STANDARDS = ("six-ones", "demand-classes-15min")
TOWNS = {
    "qinghe": ("data/qinghe/mapping.toml", None),
    "taichung": ("docs/examples/taichung_xitun.toml", "taichung_xitun/taichung_xitun.gpkg"),
    "helsinki": (None, "helsinki_centre/helsinki_centre.gpkg"),
    "monaco": (None, "monaco/monaco.gpkg"),
    "nanjing": (None, "nanjing_gulou/nanjing_gulou.gpkg"),
}
"""Mapping in the repository, and file among the cases."""
KINDS = ("kindergarten", "park", "pharmacy", "sports_ground", "committee_office", "supermarket", "parking")


@dataclass(frozen=True)
class Place:
    """A town as the product sees it, and as it is counted here."""

    study: Study
    network: Network
    homes: gpd.GeoDataFrame
    town: Town


def ground(dem: Raster | None):
    """Return the height at a point, between the four cells around it."""
    if dem is None:
        return None
    values, (rows, columns), to_cell = dem.values.astype(float), dem.values.shape, ~dem.transform

    def between(a: float, b: float, share: float) -> float:
        return a if share == 0 else a * (1 - share) + b * share

    def height(x: float, y: float) -> float:
        column, row = to_cell.a * x + to_cell.b * y + to_cell.c, to_cell.d * x + to_cell.e * y + to_cell.f
        if not (0 <= column <= columns and 0 <= row <= rows):
            return math.nan
        column, row = min(max(column - 0.5, 0), columns - 1), min(max(row - 0.5, 0), rows - 1)
        j, i = int(column), int(row)
        right, below = min(j + 1, columns - 1), min(i + 1, rows - 1)
        upper, lower = (between(values[k, j], values[k, right], column - j) for k in (i, below))
        return between(upper, lower, row - i)

    return height


def read(name: str, cases: Path, root: Path, folder: Path) -> Place:
    """Make a town's study with the commands, and its ways twice."""
    mapping, file = TOWNS[name]
    path = folder / f"{name}.gpkg"
    files = [cases / file] if file else []
    done("import", *files, *(["--mapping", root / mapping] if mapping else []), "--out", path)
    done("blocks", path)
    done("households", path)
    study = read_study(path)
    town = Town(study["roads"], height=ground(study.rasters.get("dem")), **{
        table: study.get(table) for table in ("barriers", "estates", "passages", "facilities")
    })  # fmt: skip
    return Place(study, network_of(study), demand(study), town)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the studies."""
    return tmp_path_factory.mktemp("walks")


@pytest.fixture(scope="module")
def qinghe(cases: Path, root: Path, folder: Path) -> Place:
    """The demo town."""
    return read("qinghe", cases, root, folder)


@pytest.fixture(scope="module")
def own_walks(qinghe: Place) -> dict[str, pd.DataFrame]:
    """All walks of Qinghe's homes to the facilities that are asked for, counted here: metres, and adults' minutes."""
    asked = {category for rule in STANDARDS for each in rules(rule) for category in each["categories"]}
    offered = qinghe.study["facilities"]
    offered = offered[offered["category"].isin(asked | {"primary_school"})]
    homes = {name: qinghe.town.join(point) for name, point in qinghe.homes.geometry.items()}
    places = {name: qinghe.town.enter(shape) for name, shape in offered.geometry.items()}
    return {by: qinghe.town.walks(homes, places, by) for by in ("metres", "adult")}


def rules(name: str) -> list[dict]:
    """Return what a standard asks for, as its file says."""
    file = Path(__file__).parent.parent / "geo" / "standards" / f"{name}.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))["requirement"]


# ── walks ────────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("name", list(TOWNS))
def test_walks_are_those_counted_by_hand(
    name: str, cases: Path, root: Path, folder: Path, request: pytest.FixtureRequest
) -> None:
    place = request.getfixturevalue("qinghe") if name == "qinghe" else read(name, cases, root, folder)
    lived_in = place.homes[place.homes["people"] > 0]
    chosen = np.sort(np.random.default_rng(5).choice(len(lived_in), min(SAMPLE, len(lived_in)), replace=False))
    homes = lived_in.iloc[chosen]
    offered = place.study["facilities"]
    offered = offered[offered["category"].isin(KINDS)]
    own_homes = {home: place.town.join(point) for home, point in homes.geometry.items()}
    own_places = {one: place.town.enter(shapely.force_2d(shape)) for one, shape in offered.geometry.items()}

    joins = join(place.network, homes, entrances=False)
    off = pd.Series(joins.off_m, index=joins.index[joins.place])
    own_off = pd.Series({home: rows[0][2] for home, rows in own_homes.items() if rows})
    assert set(off.index) == set(own_off.index)
    assert off.to_numpy() == pytest.approx(own_off[off.index].to_numpy(), abs=CENTIMETRE)

    for by, speed, own_by in (("metres", "adult", "metres"), ("minutes", "adult", "adult"),
                              ("minutes", "elder", "elder")):  # fmt: skip
        found = nearest(place.network, homes, offered, by=by, speed=speed)
        value = "walk_m" if by == "metres" else "walk_min"
        kinds = sorted(set(offered["category"]))
        walk = pd.DataFrame({kind: found.loc[found["category"] == kind, value] for kind in kinds}, index=homes.index)
        own = place.town.walks(own_homes, own_places, own_by).T.groupby(offered["category"]).min().T[kinds]
        own = own.replace(math.inf, math.nan)
        assert (walk.isna() == own.isna()).all(axis=None)
        apart = (walk - own).abs().to_numpy() * (1.0 if by == "metres" else 50.0)
        apart = apart[np.isfinite(apart)]
        assert apart.max() < DRAWING_M
        assert (apart < CENTIMETRE).mean() > 0.97


# ── people ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_homes_hold_the_people_of_every_block(qinghe: Place) -> None:
    blocks, homes = qinghe.study["blocks"], qinghe.homes
    for count in ("people", "households"):
        held = homes.groupby("block_id")[count].sum().reindex(blocks.index, fill_value=0.0)
        assert held.to_numpy() == pytest.approx(blocks[count].astype(float).to_numpy(), abs=1e-6)
    counted = qinghe.study["buildings"].loc[homes["building_id"].dropna()]
    assert (homes["place"] == "building").sum() == len(counted) == (qinghe.study["buildings"]["people"] > 0).sum()


# ── gaps ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def recount(
    each: dict, homes: pd.DataFrame, stands: pd.Series, category: pd.Series, walks: dict[str, pd.DataFrame]
) -> pd.DataFrame:
    """Count one requirement in every community: homes have `community`, facilities stand in one."""
    of_kind = category.index[category.isin(each["categories"])]
    who = {"all": "people", "elders": "elders", "children": "children"}[each.get("who", "all")]
    rows = {}
    for community, lived in homes.groupby("community"):
        people, told = lived[who].fillna(0.0), lived[who].notna().any()
        if not told:  # nobody knows how many: all residents stand for them in shares and walks
            people = lived["people"].fillna(0.0)
        own = [one for one in of_kind if stands[one] == community]
        if each["scope"] == "community":
            metres = walks["metres"].loc[lived.index, own].min(axis=1)
            covered, lacking = (people.sum(), 0.0) if own else (0.0, 1.0)
            state = "met" if own else "missing"
        else:
            metres = walks["metres"].loc[lived.index, of_kind].min(axis=1)
            minutes = walks["adult"].loc[lived.index, of_kind].min(axis=1)
            reached = minutes <= each["minutes"]
            covered = people[reached].sum()
            harm = 0.5 + 0.5 * (minutes / each["minutes"] - 1).clip(0, 1)
            lacking = float((people * harm.where(~reached, 0.0)).sum() / people.sum())
            enough = each.get("covered_share_min", COVERED_SHARE) * people.sum() - 1e-9
            state = "met" if covered >= enough else "far" if own or covered > 0 else "missing"
            lacking = 1.0 if state == "missing" else lacking
        known = 1.0 if told else math.nan
        walked = metres[(people > 0) & np.isfinite(metres)]
        rows[community] = {
            "state": state, "count": len(own), "people": known * people.sum(),
            "people_covered": known * covered, "people_uncovered": known * (people.sum() - covered),
            "severity": lacking,
            "mean_m": float(np.average(walked, weights=people[walked.index])) if len(walked) else math.nan,
            "farthest_m": walked.max() if len(walked) else math.nan,
        }  # fmt: skip
    return pd.DataFrame(rows).T


def assert_same(gaps: Gaps, name: str, homes: pd.DataFrame, stands: pd.Series, place: Place, walks: dict) -> None:
    """Assert that every cell of a table of communities is what is counted here."""
    category = place.study["facilities"]["category"].reindex(walks["metres"].columns)
    for each in rules(name):
        own = recount(each, homes, stands, category, walks)
        table = gaps.communities.xs(each["key"], level="requirement")
        assert set(table.index) == set(own.index)
        own = own.reindex(table.index)
        assert table["state"].tolist() == own["state"].tolist(), each["key"]
        for column, near in (("count", 0), ("people", 1e-6), ("people_covered", 1e-6), ("people_uncovered", 1e-6),
                             ("severity", 1e-4), ("mean_m", 0.02), ("farthest_m", DRAWING_M)):  # fmt: skip
            mine, theirs = own[column].to_numpy(float), table[column].to_numpy(float)
            assert theirs == pytest.approx(mine, abs=near, nan_ok=True), (each["key"], column)


def lies_in(points: gpd.GeoSeries, areas: gpd.GeoSeries) -> pd.Series:
    """Return the id of the area each point lies in, "" for none."""
    tree = shapely.STRtree(areas.to_numpy())
    found = {}
    for name, point in points.items():
        inside = sorted(areas.index[tree.query(point, predicate="intersects")])
        found[name] = inside[0] if inside else ""
    return pd.Series(found, dtype=object)


@pytest.mark.parametrize("name", STANDARDS)
def test_the_gaps_of_every_community_are_those_counted_by_hand(
    qinghe: Place, own_walks: dict[str, pd.DataFrame], name: str
) -> None:
    communities = qinghe.study["communities"].geometry
    gaps = gaps_of(qinghe.study, standards=[name])[name]
    register = qinghe.study["buildings"]["community_id"]
    said = qinghe.homes["building_id"].map(register.astype(object))
    homes = qinghe.homes.assign(community=said.where(said.notna(), lies_in(qinghe.homes.geometry, communities)))
    stands = lies_in(qinghe.study["facilities"].geometry, communities)
    assert_same(gaps, name, homes[homes["community"] != ""], stands, qinghe, own_walks)


def test_the_gaps_before_and_after_a_plan_are_those_counted_by_hand(
    qinghe: Place, own_walks: dict[str, pd.DataFrame], folder: Path
) -> None:
    done("plan", folder / "qinghe.gpkg", "--out", folder / "plan")
    plan = read_plan(folder / "plan" / "plan.json")
    change = before_after(qinghe.study, plan, standards=list(STANDARDS))
    blocks = pyogrio.read_dataframe(folder / "plan" / "plan.gpkg", layer="blocks").set_index("block_id")
    at = lies_in(qinghe.study["facilities"].geometry, qinghe.study["blocks"].geometry)
    six = change.six_ones.set_index(["when", "community_id"])
    for when, column, found in (("before", "community_id_before", change.before),
                                ("after", "community_id", change.after)):  # fmt: skip
        owner = blocks[column]
        homes = qinghe.homes.assign(community=qinghe.homes["block_id"].map(owner))
        stands = at.map(owner)
        for name in STANDARDS:
            assert_same(found[name], name, homes, stands, qinghe, own_walks)
        for each in rules("six-ones"):
            kind = qinghe.study["facilities"]["category"].isin(each["categories"])
            own = stands[kind].value_counts().reindex(sorted(set(owner)), fill_value=0)
            assert six.loc[when][each["key"]].to_dict() == own.to_dict()


# ── shares ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_shared_places_are_those_counted_by_hand(qinghe: Place, own_walks: dict[str, pd.DataFrame]) -> None:
    """E2SFCA of Qinghe's primary schools, weights 1, 0.68, 0.22 by thirds of 1,500 m, home by home."""
    schools = qinghe.study["facilities"].query("category == 'primary_school' and capacity.notna()")
    capacity, people = schools["capacity"].astype(float), qinghe.homes["people"]
    pairs = within(qinghe.network, qinghe.homes, schools, 1500)
    found = catchment(pairs, people, capacity, at_most=1500, method="e2sfca", decay=thirds(1500)).access
    walk = own_walks["metres"][list(schools.index)]
    weight = {school: walk[school].map(lambda m: 1.0 if m <= 500 else 0.68 if m <= 1000 else 0.22 if m <= 1500 else 0.0)
              for school in schools.index}  # fmt: skip
    ratio = {school: capacity[school] / (weight[school] * people).sum() for school in schools.index}
    own = sum(weight[school] * ratio[school] for school in schools.index)
    # a walk that ends within a few centimetres of a zone's edge may fall on either side of it
    doubtful = (np.abs(walk.to_numpy()[:, :, None] - [500, 1000, 1500]) < DRAWING_M).any(axis=(1, 2))
    assert doubtful.mean() < 0.01
    apart = (found - own).abs() / own.max()
    assert apart[~doubtful].max() < 1e-3
    assert (found * people).sum() == pytest.approx(capacity.sum(), rel=1e-9)


def test_pupils_are_assigned_at_the_least_walk(qinghe: Place, own_walks: dict[str, pd.DataFrame]) -> None:
    """As many pupils as can be placed, and no shorter total walk: a linear programme over walks counted here."""
    schools = qinghe.study["facilities"].query("category == 'primary_school' and capacity.notna()")
    pupils = (qinghe.homes["people"] * 0.06).round()
    pupils = pupils[pupils > 0]
    capacity = schools["capacity"].astype(float)
    pairs = within(qinghe.network, qinghe.homes.loc[pupils.index], schools, 2500)
    found = assign(pairs, pupils, capacity)
    walk = own_walks["metres"].loc[pupils.index, list(schools.index)]
    home, school = np.nonzero(walk.to_numpy() <= 2500)
    metres = walk.to_numpy()[home, school]
    # a pupil more is worth more than any walk
    rows = np.concatenate([home, len(pupils) + school])
    limits = np.zeros((len(pupils) + len(schools), len(home)), dtype=np.float32)
    limits[rows, np.tile(np.arange(len(home)), 2)] = 1.0
    best = linprog(metres - 1e5, A_ub=limits, b_ub=[*pupils, *capacity], method="highs")
    assert best.status == 0
    trips = found.trips
    assert trips["people"].sum() == pytest.approx(best.x.sum(), abs=1e-6)
    assert (trips["people"] * trips["walk_m"]).sum() == pytest.approx((best.x * metres).sum(), rel=1e-5)
