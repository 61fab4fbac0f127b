"""Facilities: the six of every community, daily life, schools, parks, gates."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import Point

from town import plan
from town.people import Home
from town.quarters import Estate, Site


@dataclass(frozen=True)
class Facility:
    """One row of the facility layer."""

    facility_id: str
    shape: Point
    category: str
    name: str
    name_en: str
    capacity: int | None = None
    floor_area_m2: float | None = None


CATEGORIES: dict[str, tuple[str, str]] = {
    "committee_office": ("居委会办公场所", "Residents' Committee Office"),
    "service_station": ("社区服务站", "Community Service Station"),
    "nursery": ("幼托所", "Nursery"),
    "culture_room": ("文体活动室", "Culture and Sports Room"),
    "elder_room": ("老年活动室", "Elders' Room"),
    "parking": ("便民停车场", "Public Car Park"),
    "convenience_store": ("便利店", "Convenience Store"),
    "pharmacy": ("药店", "Pharmacy"),
    "market": ("菜市场", "Food Market"),
    "supermarket": ("超市", "Supermarket"),
    "health_station": ("社区卫生服务站", "Health Station"),
    "health_centre": ("卫生服务中心", "Health Centre"),
    "hospital": ("医院", "Hospital"),
    "kindergarten": ("幼儿园", "Kindergarten"),
    "primary_school": ("小学", "Primary School"),
    "middle_school": ("中学", "Middle School"),
    "park": ("公园", "Park"),
    "post": ("快递网点", "Parcel Station"),
    "restaurant": ("餐饮", "Restaurant"),
    "breakfast": ("早餐店", "Breakfast Shop"),
    "laundry": ("洗染店", "Laundry"),
    "hairdresser": ("理发店", "Hairdresser"),
    "repair": ("维修点", "Repair Shop"),
    "bank": ("银行", "Bank"),
    "toilet": ("公共厕所", "Public Toilet"),
    "bus_station": ("汽车站", "Coach Station"),
    "train_station": ("火车站", "Railway Station"),
    "government": ("政府机关", "Town Government"),
    "sports_ground": ("运动场", "Sports Ground"),
    "elder_home": ("养老院", "Home for the Aged"),
    "canteen": ("老年食堂", "Elders' Canteen"),
    "gate": ("小区出入口", "Estate Gate"),
}
"""Categories with their Chinese word and English noun."""

SIX: dict[str, tuple[str, ...]] = {
    "committee_office": (
        "SQ01",
        "SQ02",
        "SQ03",
        "SQ04",
        "SQ05",
        "SQ06",
        "SQ07",
        "CG01",
        "CG02",
        "CU01",
        "CU02",
        "CU03",
        "CU04",
        "CU05",
        "CU06",
        "CU07",
    ),
    "service_station": ("SQ01", "SQ02", "SQ03", "SQ04", "SQ05", "CG01", "CG02", "CU01", "CU03", "CU05"),
    "nursery": ("SQ02", "SQ03", "SQ04", "CG01", "CU01"),
    "culture_room": ("SQ01", "SQ02", "SQ03", "SQ04", "SQ05", "CG01", "CG02", "CU02", "CU03", "CU06"),
    "elder_room": ("SQ01", "SQ02", "SQ04", "SQ04", "SQ07", "CG02", "CU01", "CU03", "CU04", "CU05", "CU06"),
    "parking": ("SQ01", "SQ02", "SQ03", "SQ03", "SQ03", "SQ04", "SQ04", "SQ05", "SQ06", "CG01", "CU01", "CU02", "CU05"),
    "health_station": ("SQ01", "SQ03", "SQ04", "SQ05", "CG01", "CU01", "CU03", "CU05", "CU06"),
    "kindergarten": (
        "SQ01",
        "SQ02",
        "SQ03",
        "SQ03",
        "SQ03",
        "SQ04",
        "SQ04",
        "SQ05",
        "CG01",
        "CG02",
        "CU01",
        "CU02",
        "CU03",
        "CU05",
    ),
    "supermarket": ("SQ02", "SQ03", "SQ03", "SQ04", "SQ05", "CG01", "CU01", "CU02"),
    "toilet": (
        "SQ01",
        "SQ01",
        "SQ01",
        "SQ02",
        "SQ02",
        "SQ04",
        "SQ06",
        "CG01",
        "CG02",
        "CU01",
        "CU03",
        "CU04",
        "CU05",
        "CU06",
    ),
    "market": ("CG01", "CU01", "CU05"),
    "elder_home": ("SQ04", "CU03"),
    "canteen": ("SQ01", "SQ04", "CG02", "CU05"),
}
"""Who has what: the list is the town's plan of services, with its gaps."""

SHOPS: dict[str, float] = {
    "convenience_store": 2.6,
    "pharmacy": 0.62,
    "post": 0.75,
    "restaurant": 2.4,
    "breakfast": 0.9,
    "laundry": 0.35,
    "hairdresser": 0.9,
    "repair": 0.4,
    "bank": 0.3,
}
"""Shops per thousand households, before the favour below."""

FAVOUR = {
    "SQ01": 1.5,
    "SQ02": 1.9,
    "SQ03": 0.7,
    "SQ04": 1.2,
    "SQ05": 0.65,
    "SQ06": 1.8,
    "SQ07": 0.8,
    "CG01": 1.0,
    "CG02": 0.7,
    "CU01": 0.8,
    "CU02": 0.35,
    "CU03": 0.6,
    "CU04": 0.5,
    "CU05": 0.6,
    "CU06": 0.6,
    "CU07": 0.4,
}
"""Trade gathers in the old town and at the station, and has not followed to the east."""

STEMS: tuple[tuple[str, str], ...] = (
    ("乐家", "Lejia"),
    ("惠民", "Huimin"),
    ("好邻居", "Good Neighbour"),
    ("永和", "Yonghe"),
    ("清河", "Qinghe"),
    ("益康", "Yikang"),
    ("百姓", "Baixing"),
    ("万家", "Wanjia"),
    ("同德", "Tongde"),
    ("阿珍", "A-Zhen"),
    ("老街", "Old Street"),
    ("江边", "Riverside"),
    ("福来", "Fulai"),
    ("天天", "Every Day"),
    ("四季", "Four Seasons"),
    ("新丰", "Xinfeng"),
    ("桥头", "Bridge End"),
    ("金桂", "Jingui"),
    ("春天", "Spring"),
    ("顺风", "Shunfeng"),
    ("家和", "Jiahe"),
    ("喜洋", "Xiyang"),
    ("明月", "Mingyue"),
    ("广源", "Guangyuan"),
    ("瑞丰", "Ruifeng"),
    ("一品", "Yipin"),
    ("老王", "Lao Wang"),
    ("小城", "Little Town"),
    ("宏达", "Hongda"),
    ("青青", "Qingqing"),
)
SUFFIX = {
    "pharmacy": ("大药房", "Pharmacy"),
    "post": ("快递驿站", "Parcel Station"),
    "restaurant": ("饭店", "Restaurant"),
    "breakfast": ("早点铺", "Breakfast Shop"),
    "laundry": ("洗衣店", "Laundry"),
    "hairdresser": ("理发店", "Hairdresser"),
    "repair": ("维修部", "Repair Shop"),
    "bank": ("银行营业所", "Bank Branch"),
    "convenience_store": ("便利店", "Convenience Store"),
    "supermarket": ("超市", "Supermarket"),
}
AREAS = {
    "committee_office": (90, 420),
    "service_station": (160, 900),
    "nursery": (150, 420),
    "culture_room": (80, 600),
    "elder_room": (60, 380),
    "convenience_store": (35, 110),
    "pharmacy": (60, 180),
    "market": (900, 3200),
    "supermarket": (320, 2400),
    "health_station": (110, 320),
    "kindergarten": (1600, 4300),
    "primary_school": (6200, 12800),
    "middle_school": (13500, 26000),
    "hospital": (24000, 31000),
    "post": (25, 90),
    "restaurant": (60, 420),
    "breakfast": (20, 60),
    "laundry": (25, 70),
    "hairdresser": (20, 70),
    "repair": (15, 45),
    "bank": (150, 600),
    "toilet": (30, 80),
    "elder_home": (2400, 5200),
    "canteen": (90, 220),
}
CAPACITY = {
    "nursery": (30, 80),
    "kindergarten": (180, 420),
    "primary_school": (700, 1900),
    "middle_school": (1200, 2400),
    "hospital": (260, 340),
    "parking": (40, 260),
    "elder_home": (60, 140),
    "elder_room": (20, 70),
    "canteen": (24, 60),
}
ORDINAL = ("第一", "第二", "第三", "第四", "第五", "第六", "第七", "第八", "第九", "第十")


def furnish(
    homes: list[Home],
    estates: list[Estate],
    sites: list[Site],
    estate_names: dict[str, tuple[str, str]],
    station: Point,
    rng: np.random.Generator,
) -> list[Facility]:
    """Return all facilities, each in or beside a building that fits it."""
    found: list[tuple[Point, str, str, str]] = []
    by_unit: dict[str, list[Home]] = defaultdict(list)
    for home in homes:
        by_unit[home.community_id].append(home)
    found += _public(by_unit, rng)
    found += _shops(by_unit, rng)
    found += _sites(sites)
    found.append((station, "train_station", "清河站", "Qinghe Railway Station"))
    for estate in estates:
        zh, en = estate_names[estate.estate_id]
        for i, gate in enumerate(estate.gates):
            side = ("正门", "Main Gate") if i == 0 else ("侧门", "Side Gate")
            found.append((gate, "gate", zh + side[0], f"{en} {side[1]}"))
    out = []
    for i, (shape, category, name, name_en) in enumerate(found):
        area = AREAS.get(category)
        places = CAPACITY.get(category)
        known = rng.random() > 0.08
        out.append(
            Facility(
                f"SS{i + 1:04d}",
                shapely.transform(shape, lambda xy: np.round(xy, 2)),
                category,
                name,
                name_en,
                int(rng.integers(*places) // 10 * 10) if places and known else None,
                float(round(rng.uniform(*area))) if area and known else None,
            )
        )
    return out


def _public(by_unit: dict[str, list[Home]], rng: np.random.Generator) -> list[tuple[Point, str, str, str]]:
    """Return the facilities of `SIX`, near where most of a unit's households live."""
    titles = {u.community_id: (u.name, u.name_en) for u in plan.UNITS}
    count: dict[tuple[str, str], int] = defaultdict(int)
    found = []
    for category, who in SIX.items():
        for unit in who:
            homes = by_unit[unit]
            lived = [h for h in homes if h.households]
            pick = int(
                rng.choice(len(lived), p=np.array([h.households for h in lived]) / sum(h.households for h in lived))
            )
            if category in ("committee_office", "service_station"):
                weights = np.array([h.households for h in lived], float)
                xs = np.array([h.building.shape.centroid.coords[0] for h in lived])
                middle = Point(np.average(xs, axis=0, weights=weights) + rng.normal(0, 90, 2))
            else:
                middle = lived[pick].building.shape.centroid
            fitting = [h for h in homes if h.building.use in ("commercial", "public", "mixed", "office")] or homes
            near = min(fitting, key=lambda h: h.building.shape.distance(middle))
            point = near.building.shape.representative_point()
            if category == "parking":
                point = Point(point.x + 14, point.y + 9)
            count[category, unit] += 1
            n = count[category, unit]
            zh, en = titles[unit]
            noun_zh, noun_en = CATEGORIES[category]
            if category == "committee_office":
                noun_zh, noun_en = (
                    ("居委会", "Residents' Committee") if zh.endswith("社区") else ("村委会", "Villagers' Committee")
                )
            if category == "service_station":
                zh, noun_zh = zh.removesuffix("社区"), "社区服务站" if zh.endswith("社区") else "便民服务站"
            suffix = ("", "") if n == 1 else (f"({n}号)", f" No. {n}")
            found.append((point, category, f"{zh}{noun_zh}{suffix[0]}", f"{en} {noun_en}{suffix[1]}"))
    return found


def _shops(by_unit: dict[str, list[Home]], rng: np.random.Generator) -> list[tuple[Point, str, str, str]]:
    """Return shops at ground floors, more where trade has always been."""
    found = []
    turn: dict[str, int] = defaultdict(int)
    for unit in plan.UNITS:
        homes = by_unit[unit.community_id]
        fronts = [h for h in homes if h.building.use in ("commercial", "mixed")]
        fronts = fronts or [h for h in homes if h.building.style == "house"]
        for category, per_thousand in SHOPS.items():
            n = round(per_thousand * FAVOUR[unit.community_id] * unit.households / 1000 + rng.uniform(-0.4, 0.4))
            for k in sorted(rng.choice(len(fronts), min(n, len(fronts)), replace=False)):
                stem = STEMS[(turn[category] * 7 + len(category)) % len(STEMS)]
                turn[category] += 1
                word = SUFFIX[category]
                where = unit.name.removesuffix("社区").removesuffix("村")
                found.append(
                    (
                        fronts[int(k)].building.shape.representative_point(),
                        category,
                        f"{stem[0]}{word[0]}({where}店)",
                        f"{stem[1]} {word[1]} ({unit.name_en.split(' ')[0]})",
                    )
                )
    return found


def _sites(sites: list[Site]) -> list[tuple[Point, str, str, str]]:
    """Return one point for every school, hospital, park, market and stadium."""
    words = {
        "hospital": ("hospital", "清河镇人民医院", "Qinghe People's Hospital"),
        "government": ("government", "清河镇人民政府", "Qinghe Town Government"),
        "bus_station": ("bus_station", "清河汽车站", "Qinghe Coach Station"),
        "stadium": ("sports_ground", "清河镇体育中心", "Qinghe Sports Centre"),
    }
    numbers: dict[str, int] = defaultdict(int)
    parks = iter((("清河公园", "Qinghe Park"), ("滨江公园", "Riverside Park"), ("文化公园", "Culture Park")))
    titles = {
        u.community_id: (u.name.removesuffix("社区").removesuffix("村"), u.name_en.split(" ")[0]) for u in plan.UNITS
    }
    found = []
    for site in sites:
        point = site.shape.representative_point()
        if site.use in words:
            found.append((point, *words[site.use]))
        elif site.use in ("primary_school", "middle_school"):
            n = numbers[site.use]
            numbers[site.use] += 1
            zh, en = ("小学", "Primary School") if site.use == "primary_school" else ("中学", "Middle School")
            found.append((point, site.use, f"清河镇{ORDINAL[n]}{zh}", f"Qinghe No. {n + 1} {en}"))
        elif site.use == "market_hall":
            zh, en = titles[site.community_id]
            numbers[site.community_id] += 1
            suffix = "" if numbers[site.community_id] == 1 else "第二"
            found.append((point, "market", f"{zh}{suffix}农贸市场", f"{en} Food Market"))
        elif site.use == "park":
            zh, en = next(parks)
            found.append((point, "park", zh, en))
        elif site.use == "green" and site.shape.area > 4000:
            zh, en = titles[site.community_id]
            numbers["green" + site.community_id] += 1
            n = numbers["green" + site.community_id]
            found.append(
                (point, "park", f"{zh}{'' if n == 1 else n}街心公园", f"{en} Pocket Park{'' if n == 1 else f' {n}'}")
            )
    return found
