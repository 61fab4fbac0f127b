"""A town of 4 x 4 blocks, 300 m each, that everything in tests/layers is drawn from.

Today                     after
    H C D D                   C C D N
    C C D D                   C C D D
    A A B B                   C C B B      A's upper half goes to C, its lower half to B
    A A B V                   B B B V      H is abolished whole into C; N is new, cut off from D; V is a kept village

Streets run along every block edge; the middle one from west to east is the river 清河.
"""

from dataclasses import replace
from typing import Any

import geopandas as gpd
import pandas as pd
from pyproj import CRS
from shapely.geometry import LineString, Point, box

from geo.conversion import Override, classify_conversions
from geo.partition.actions import PlanTables, explain_plan
from geo.partition.alternatives import Alternatives
from geo.partition.plan import Note, Plan, PlanOptions, Term
from geo.standards import load_profile
from geo.study import Repair, Study
from layers.review import Reasons, Review, review_plan

METRES = CRS.from_epsg(4549)
SIDE = 300.0
LEFT, BOTTOM = 500_000.0, 3_350_000.0

BEFORE = ("HCDD", "CCDD", "AABB", "AABV")
AFTER = ("CCDN", "CCDD", "CCBB", "BBBV")
NAMES = {
    "A": ("青石社区", "Qingshi"),
    "B": ("柳岸社区", "Liu'an"),
    "C": ("文昌社区", "Wenchang"),
    "D": ("东门社区", "Dongmen"),
    "H": ("河口社区", "Hekou"),
    "V": ("赵家村", "Zhaojia Village"),
    "N": ("新城社区", "Xincheng"),
}
FATES = {"A": "abolished", "H": "abolished", "B": "received", "C": "received", "D": "gave", "V": "kept"}
HOUSEHOLDS = {"A": 420, "B": 610, "C": 380, "D": 700, "H": 260, "V": 640}
STREETS_NS = (
    ("西环路", "Xihuan Road", "primary"),
    ("学院路", "Xueyuan Road", "tertiary"),
    ("人民路", "Renmin Road", "primary"),
    ("柳巷", "Liu Lane", "residential"),
    ("东环路", "Donghuan Road", "secondary"),
)
STREETS_EW = (
    ("南环路", "Nanhuan Road", "primary"),
    ("中山路", "Zhongshan Road", "secondary"),
    ("清河", "Qing River", "river"),
    ("解放路", "Jiefang Road", "tertiary"),
    ("北环路", "Beihuan Road", "primary"),
)

BOUNDS = "中山路以北、人民路以西、清河以南、西环路以东"


def block_id(column: int, row: int) -> str:
    return f"b{column}{row}"


def corner(column: float, row: float) -> tuple[float, float]:
    return LEFT + column * SIDE, BOTTOM + row * SIDE


def square(column: int, row: int) -> Any:
    return box(*corner(column, row), *corner(column + 1, row + 1))


CELLS = [(column, row) for row in range(4) for column in range(4)]


def blocks_table() -> gpd.GeoDataFrame:
    rows = []
    for column, row in CELLS:
        before, after = BEFORE[3 - row][column], AFTER[3 - row][column]
        households = HOUSEHOLDS[before] if (column, row) != (0, 0) else 6
        rows.append(
            {
                "block_id": block_id(column, row),
                "households": households,
                "people": households * 3,
                "dwellings": households + 10,
                "area_m2": SIDE**2,
                "group_id": pd.NA,
                "community_id": after,
                "community_id_before": before,
                "moved": before != after,
                "geometry": square(column, row),
            }
        )
    frame = gpd.GeoDataFrame(rows, crs=METRES).set_index("block_id")
    return frame.astype(
        {
            "households": "Int64",
            "people": "Int64",
            "dwellings": "Int64",
            "group_id": "str",
            "community_id": "str",
            "community_id_before": "str",
        }
    )


def seams_table(blocks: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    rows = []
    for column, row in CELLS:
        edges = (
            ((column + 1, row), STREETS_NS[column + 1], (corner(column + 1, row), corner(column + 1, row + 1))),
            ((column, row + 1), STREETS_EW[row + 1], (corner(column, row + 1), corner(column + 1, row + 1))),
            ((column - 1, row), STREETS_NS[0], (corner(0, row), corner(0, row + 1))) if column == 0 else None,
            ((column, row - 1), STREETS_EW[0], (corner(column, 0), corner(column + 1, 0))) if row == 0 else None,
        )
        for edge in edges:
            if edge is None:
                continue
            neighbour, (name, name_en, feature), ends = edge
            inside = neighbour in CELLS
            a, b = block_id(column, row), block_id(*neighbour) if inside else "outside"
            a, b = sorted((a, b)) if inside else (a, b)
            after = [blocks["community_id"].get(x) for x in (a, b)]
            before = [blocks["community_id_before"].get(x) for x in (a, b)]
            rows.append(
                {
                    "seam_id": f"s{len(rows):03d}",
                    "block_a": a,
                    "block_b": b,
                    "length_m": SIDE,
                    "feature_name": name,
                    "feature_name_en": name_en,
                    "feature_class": feature,
                    "barrier": feature == "river",
                    "community_a": after[0],
                    "community_b": after[1],
                    "cut": after[0] != after[1],
                    "cut_before": before[0] != before[1],
                    "geometry": LineString(ends),
                }
            )
    return gpd.GeoDataFrame(rows, crs=METRES).set_index("seam_id").astype({"community_b": "str"})


def communities_table(blocks: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    today = blocks.groupby("community_id_before")[["households", "people"]].sum()
    rows = []
    for key, part in blocks.groupby("community_id", sort=True):
        new, same = key not in today.index, key in "DV" and key == "V"
        rows.append(
            {
                "community_id": key,
                "name": NAMES[key][0],
                "name_en": NAMES[key][1],
                "kind": "village" if key == "V" else "community",
                "households": part["households"].sum(),
                "people": part["people"].sum(),
                "area_m2": part["area_m2"].sum(),
                "blocks_count": len(part),
                "buildings_count": 3 * len(part),
                "estates_count": 1,
                "households_before": pd.NA if new else today.loc[key, "households"],
                "people_before": pd.NA if new else today.loc[key, "people"],
                "status": "created" if new else "kept" if same else "changed",
                "fate": "created" if new else FATES[key],
                "renamed": False,
                "bounds_to_zh": "东至人民路、南至中山路、西至西环路、北至北环路",
                "bounds_of_zh": "人民路以西、中山路以北、西环路以东、北环路以南",
                "bounds_to_en": "east to Renmin Road, west to Xihuan Road, north to Beihuan Road",
                "bounds_of_en": "west of Renmin Road, east of Xihuan Road, south of Beihuan Road",
                "text_zh": f"{'新设' if new else '保留'}{NAMES[key][0]}",
                "text_en": f"{'Set up' if new else 'Keep'} {NAMES[key][1]}",
                "name_source": "proposed" if new else "kept",
                "name_proposed": new,
                "note_zh": "名称待定" if new else pd.NA,
                "note_en": "name to be decided" if new else pd.NA,
                "geometry": part.geometry.union_all(),
            }
        )
    return _counted(gpd.GeoDataFrame(rows, crs=METRES).set_index("community_id"))


def communities_before_table(blocks: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    rows = []
    for key, part in blocks.groupby("community_id_before", sort=True):
        rows.append(
            {
                "community_id": key,
                "name": NAMES[key][0],
                "name_en": NAMES[key][1],
                "kind": "village" if key == "V" else "community",
                "locked": key == "V",
                "households": part["households"].sum(),
                "people": part["people"].sum(),
                "area_m2": part["area_m2"].sum(),
                "blocks_count": len(part),
                "buildings_count": 3 * len(part),
                "fate": FATES[key],
                "heir_id": pd.NA if FATES[key] == "abolished" else key,
                "renamed": False,
                "text_zh": f"{NAMES[key][0]}:{FATES[key]}",
                "text_en": f"{NAMES[key][1]}: {FATES[key]}",
                "geometry": part.geometry.union_all(),
            }
        )
    return _counted(gpd.GeoDataFrame(rows, crs=METRES).set_index("community_id"))


def _counted(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    counts = ("households", "people", "households_before", "people_before", "blocks_count", "buildings_count")
    return frame.astype({name: "Int64" for name in counts if name in frame})


def moves_table(blocks: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    rows = []
    moved = blocks[blocks["moved"]]
    for number, ((old, new), part) in enumerate(moved.groupby(["community_id_before", "community_id"], sort=True), 1):
        whole = old == "H"
        (a, a_en), (b, b_en) = NAMES[old], NAMES[new]
        rows.append(
            {
                "move_id": f"m{number}",
                "from_id": old,
                "from_name": a,
                "to_id": new,
                "to_name": b,
                "households": part["households"].sum(),
                "people": part["people"].sum(),
                "area_m2": part["area_m2"].sum(),
                "buildings_count": 3 * len(part),
                "whole": whole,
                "bounds_zh": BOUNDS,
                "bounds_en": "north of Zhongshan Road, west of Renmin Road, east of Xihuan Road",
                "place_zh": BOUNDS,
                "place_en": "north of Zhongshan Road, west of Renmin Road, east of Xihuan Road",
                "text_zh": f"撤销{a},将{a}整体划入{b}管辖" if whole else f"将{BOUNDS}划入{b}管辖",
                "text_en": f"{a_en} is abolished and goes to {b_en} whole"
                if whole
                else f"Part of {a_en} goes to {b_en}",
                "geometry": part.geometry.union_all(),
            }
        )
    return _counted(gpd.GeoDataFrame(rows, crs=METRES).set_index("move_id"))


def plan_tables() -> PlanTables:
    blocks = blocks_table()
    matrix = (
        blocks.reset_index()
        .groupby(["community_id_before", "community_id"], as_index=False)
        .agg(
            households=("households", "sum"),
            people=("people", "sum"),
            area_m2=("area_m2", "sum"),
            buildings_count=("block_id", "size"),
        )
    )
    profile = load_profile("henan-2022")
    term = Term(value=1234.5, unit="m", weight=1.0, scale=1000.0, weighted=1.2345)
    plan = Plan(
        assignment=blocks["community_id"].to_dict(),
        profile=profile,
        options=PlanOptions(k=5, seed=7),
        seed=7,
        engine_version="1",
        min_households=profile.min_households,
        max_households=profile.max_households,
        k=5,
        terms={"seam": term},
        notes=(Note(zh="人口按每户三人估算", en="people estimated at three a household"),),
    )
    terms = pd.DataFrame(
        [
            {
                "term": "seam",
                "value": 1234.5,
                "unit": "m",
                "weight": 1.0,
                "weighted": 1.2345,
                "meaning_zh": "边界沿支路小巷的长度",
                "meaning_en": "borders along lanes",
            }
        ]
    )
    violations = pd.DataFrame(columns=["rule", "community_id", "measured", "allowed", "text_zh", "text_en"])
    return PlanTables(
        blocks=blocks,
        seams=seams_table(blocks),
        communities=communities_table(blocks),
        communities_before=communities_before_table(blocks),
        moves=moves_table(blocks),
        matrix=matrix,
        violations=violations,
        terms=terms,
        plan=plan,
    )


def named(tables: PlanTables, key: str, name: str) -> PlanTables:
    """The same plan with one community (before, after and in the moves) under another name in both languages."""
    communities, before, moves = tables.communities.copy(), tables.communities_before.copy(), tables.moves.copy()
    for frame in (communities, before):
        if key in frame.index:
            frame.loc[key, ["name", "name_en"]] = name
    moves.loc[moves["from_id"] == key, "from_name"] = name
    moves.loc[moves["to_id"] == key, ["to_name", "text_zh", "text_en"]] = name
    return replace(tables, communities=communities, communities_before=before, moves=moves)


def study() -> Study:
    lines = [
        (name, en, cls, LineString([corner(i, -0.2), corner(i, 4.2)])) for i, (name, en, cls) in enumerate(STREETS_NS)
    ]
    lines += [
        (name, en, cls, LineString([corner(-0.2, i), corner(4.2, i)])) for i, (name, en, cls) in enumerate(STREETS_EW)
    ]
    frame = gpd.GeoDataFrame(lines, columns=["name", "name_en", "cls", "geometry"], crs=METRES)
    roads = frame[frame["cls"] != "river"].rename(columns={"cls": "road_class"})
    rivers = frame[frame["cls"] == "river"].rename(columns={"cls": "kind"})
    houses = [
        box(x + 30 + 80 * i, y + 60 + 120 * j, x + 85 + 80 * i, y + 78 + 120 * j)
        for x, y in (corner(*cell) for cell in CELLS)
        for i in range(3)
        for j in range(2)
    ]
    spots = [
        ("社区服务站", "文昌服务站", corner(0.7, 2.6)),
        ("kindergarten", "河口幼儿园", corner(0.3, 3.5)),
        ("clinic", "柳岸卫生站", corner(2.4, 1.4)),
        ("market", "东门菜市场", corner(3.3, 2.4)),
    ]
    tables = {
        "roads": roads.set_index(pd.Index([f"r{i}" for i in range(len(roads))], name="road_id")),
        "barriers": rivers.set_index(pd.Index(["w0"], name="barrier_id")),
        "buildings": gpd.GeoDataFrame(
            {"use": "residential"},
            geometry=houses,
            crs=METRES,
            index=pd.Index([f"h{i}" for i in range(len(houses))], name="building_id"),
        ),
        "estates": gpd.GeoDataFrame(
            {"name": ["河口花园"], "name_en": ["Hekou Garden"]},
            crs=METRES,
            geometry=[box(*corner(0.1, 3.1), *corner(0.9, 3.9))],
            index=pd.Index(["e0"], name="estate_id"),
        ),
        "facilities": gpd.GeoDataFrame(
            {"category": [s[0] for s in spots], "name": [s[1] for s in spots]},
            crs=METRES,
            geometry=[Point(s[2]) for s in spots],
            index=pd.Index([f"f{i}" for i in range(len(spots))], name="facility_id"),
        ),
    }
    repairs = (
        Repair("buildings", "h1", "repaired", "self_intersection", "outline crossed itself", "轮廓自相交,已修复"),
        Repair("buildings", "h2", "repaired", "self_intersection", "outline crossed itself", "轮廓自相交,已修复"),
        Repair("blocks", "b00", "estimated", "households", "households estimated from floors", "按楼层估算户数"),
    )
    empty = Study("清河镇", METRES, {}, name_en="Qinghe Town")
    return empty.having(tables, step="import", repairs=repairs)


def today() -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Blocks, seams and communities as the study has them: what the engine reads."""
    blocks = blocks_table()
    seams = seams_table(blocks).drop(columns=["community_a", "community_b", "cut", "cut_before"])
    communities = communities_before_table(blocks)[["name", "name_en", "kind", "locked", "households", "geometry"]]
    return blocks.drop(columns="moved").assign(community_id=blocks["community_id_before"]), seams, communities


def first_division() -> PlanTables:
    """The same plan for a town that has no communities today."""
    blocks, seams, _ = today()
    nobody = blocks.assign(community_id=pd.array([pd.NA] * len(blocks), dtype="str"))
    return explain_plan(plan_tables().plan, blocks=nobody, seams=seams)


def alternatives(tables: PlanTables) -> Alternatives:
    """This plan as A, and as B a plan of two halves, west and east."""
    halves = {block: "C" if block[1] in "01" else "D" for block in tables.plan.assignment}
    other = tables.plan.model_copy(update={"assignment": halves, "k": 2})
    ids = pd.Index(["A", "B"], dtype="str", name="plan_id")
    columns = {
        "name_zh": ["按给定权重最优", "界线清晰优先"], "name_en": ["best under the weights", "clear borders first"],
        "k": [5, 2], "households_min": [640, 3646], "households_max": [2256, 4290], "seam_m": [1234.5, 900.0],
        "change_households": [2166.0, 3000.0], "land_km2": [0.54, 0.9], "objective": [1.2345, 1.3],
        "loss": [0.0, 0.0531], "distance": [0.0, 0.42], "households_apart": [0, 3333], "pareto": [True, True],
    }  # fmt: skip
    tried = {
        "name_zh": ["按给定权重", "共设三个社区"], "name_en": ["the weights as given", "3 communities"], "seed": [7, 7],
        "objective": [1.2345, float("nan")], "plan_id": ["A", None], "why_zh": ["作为方案A提供", "无解或未找到"],
        "why_en": ["offered as plan A", "no plan"],
    }  # fmt: skip
    told = {
        "text_zh": ["方案A:最优。", "方案B:得:界线;失:户。"],
        "text_en": ["Plan A is best.", "Plan B gains borders."],
    }
    return Alternatives(
        plans={"A": tables.plan, "B": other},
        made_with={"A": tables.plan.options, "B": tables.plan.options},
        table=pd.DataFrame(columns, index=ids),
        distances=pd.DataFrame([[0.0, 0.42], [0.42, 0.0]], index=ids, columns=list(ids)),
        gives_up=pd.DataFrame(told, index=ids),
        tried=pd.DataFrame(tried),
        notes=(Note(zh="需要三个方案,只找到两个。", en="Three were asked for, two were found."),),
    )


def review(tables: PlanTables, of: Study) -> Review:
    """Everything a review may hold."""
    blocks, seams, communities = today()
    estates = of.tables["estates"].assign(closed=True, year_built=2010, households=1500)
    conversions = classify_conversions(
        blocks, seams, communities, profile=tables.plan.profile, estates=estates,
        overrides={"V": Override("T2", who="张三", why="两委已商定", neighbour_id="B")},
    )  # fmt: skip
    blocks_told = {"b00": ("只有6户。", "Only 6 households."), "b10": ("划入则更长。", "It would be longer.")}
    reasons = Reasons({"C": ("因为清河。", "Because of the river.")}, blocks_told)
    return review_plan(tables, of, reasons=reasons, conversions=conversions, alternatives=alternatives(tables))
