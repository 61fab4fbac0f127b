"""What was drawn by hand: the outline of Qinghe, its river, rails, main roads, quarters and sixteen units.

Coordinates are metres east and north of the town's centre, on straightened ground; `warp` lays them on the real ground,
where nothing is quite straight.
"""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from town.curves import G, Pair

CRS = "EPSG:4549"
ORIGIN = (500_400.0, 3_340_600.0)
"""Easting and northing of the town's centre: CGCS2000, 3-degree Gauss-Krueger, central meridian 120 E."""
SCALE = 1.06


def warp(xy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the easting and northing of points drawn on straightened ground."""
    r = np.hypot(xy[:, 0] - 150, xy[:, 1] - 100)
    t = np.clip((r - 1900) / 2700, 0, 1)
    squeeze = (0.635 + 0.365 * t * t * (3 - 2 * t))[:, None]  # the built-up middle is drawn larger than it is
    x, y = (xy * squeeze).T
    bent = np.column_stack([x + 110 * np.sin(y / 1500 + 0.8), y + 130 * np.sin(x / 2100 + 0.3) + 0.035 * x])
    return bent * SCALE + ORIGIN


def on_ground(shape: G) -> G:
    """Return a hand-drawn shape in town coordinates."""
    return shapely.transform(shape, warp)


@dataclass(frozen=True)
class Road:
    """A road drawn by hand. `gap_m` > 0 makes it two oneway carriageways that far apart."""

    name: str
    name_en: str
    road_class: str
    points: tuple[Pair, ...]
    gap_m: float = 0.0


OUTLINE: tuple[Pair, ...] = (
    (-4350, 1350), (-4250, 1900), (-3900, 2500), (-3350, 2750), (-2900, 3150), (-2300, 3120), (-1750, 3400),
    (-1050, 3700), (-500, 3560), (100, 3480), (700, 3660), (1350, 3800), (1900, 3560), (2400, 3580), (2900, 3200),
    (3300, 2980), (3560, 2500), (3900, 2150), (3960, 1650), (4250, 1300), (4480, 850), (4520, 450), (4700, 120),
    (4820, -300), (4900, -800), (4720, -1300), (4790, -1750), (4400, -2150), (4150, -2600), (3600, -2750),
    (3100, -3080), (2450, -3050), (1900, -3300), (1250, -3250), (650, -3420), (-50, -3200), (-700, -3480),
    (-1400, -3390), (-1900, -3560), (-2500, -3280), (-3150, -3150), (-3550, -2700), (-4150, -2480), (-4420, -1950),
    (-4800, -1600), (-4720, -1100), (-4950, -650), (-4700, -100), (-4780, 350), (-4480, 800),
)  # fmt: skip

RIVER: tuple[Pair, ...] = (
    (-5600, -950), (-4900, -780), (-4200, -560), (-3400, -800), (-2600, -560), (-1900, -480), (-1200, -700),
    (-500, -860),
    (200, -640), (900, -380), (1600, -330), (2300, -520), (3000, -420), (3700, -30), (4400, 120), (5500, 60),
)  # fmt: skip
STREAMS: tuple[tuple[str, str, str, tuple[Pair, ...]], ...] = (
    ("西溪", "West Brook", "stream", ((-2750, 3400), (-2600, 3000), (-2500, 2500), (-2720, 1900), (-2560, 1300),
         (-2720, 700),
                                      (-2600, 100), (-2680, -560))),
    ("北溪", "North Brook", "stream", ((350, 3900), (420, 3400), (330, 2950), (520, 2450), (420, 2050), (560, 1750))),
    ("东溪", "East Brook", "stream", ((3300, 2980), (3560, 2500), (3900, 2150), (3960, 1650), (4250, 1300), (4480, 850),
                                      (4520, 450), (4560, 120))),
    ("南塘河", "Nantang Canal", "canal", ((-1350, -660), (-1400, -1150), (-1330, -1600), (-1420, -2100), (-1300, -2650),
                                        (-1420, -3450))),
    ("石桥港", "Shiqiao Drain", "drain", ((2700, -440), (2720, -900), (2690, -1500), (2740, -2100), (2700, -3100))),
)  # fmt: skip
BORDER_STREAM = "东溪"
"""The stream the study's eastern edge runs along."""
RAILWAY: tuple[Pair, ...] = (
    (-5500, -2150), (-4400, -2060), (-3000, -1920), (-1500, -1790), (0, -1700), (1400, -1670), (2800, -1560),
    (4000, -1380),
    (5600, -1050),
)  # fmt: skip
EXPRESSWAY: tuple[Pair, ...] = (
    (3020, 4300), (3180, 3300), (3330, 2400), (3400, 1500), (3400, 900), (3370, 200), (3350, -500), (3380, -1300),
    (3500, -2200), (3640, -3000), (3700, -3700),
)  # fmt: skip
INTERCHANGE: Pair = (3400, 985)
ROUNDABOUTS: tuple[tuple[Pair, float], ...] = (((-560, 1560), 26.0), ((2180, 250), 32.0))
"""Centre (snapped to the nearest crossing) and radius in metres."""

ROADS: tuple[Road, ...] = (
    Road("清河大道", "Qinghe Avenue", "primary",
         ((-5300, 700), (-4400, 690), (-3500, 660), (-2700, 760), (-1900, 850), (-1200, 840), (-500, 800), (200, 800),
          (900, 830), (1520, 860), (2180, 890), (2780, 930), (3400, 985), (4200, 1010), (5200, 1100)), 26.0),
    Road("建设路", "Jianshe Road", "primary",
         ((880, 2700), (880, 2200), (900, 1750), (900, 1300), (900, 830), (930, 200), (960, -380), (1010, -900),
          (1040, -1400), (1050, -1670), (1100, -2300), (1180, -2800), (1300, -3900)), 22.0),
    Road("迎宾大道", "Yingbin Avenue", "secondary",
         ((2200, 2760), (2190, 2200), (2180, 1790), (2180, 1320), (2180, 890), (2180, 250), (2170, -500), (2190, -1300),
          (2220, -1600), (2260, -2280), (2350, -3600)), 18.0),
    Road("中山路", "Zhongshan Road", "secondary",
         ((-900, 3800), (-780, 3300), (-840, 2850), (-700, 2400), (-640, 1980), (-560, 1560), (-530, 1200),
          (-500, 800), (-450, 450), (-460, 90), (-400, -300),
          (-370, -860), (-310, -1420), (-260, -1710), (-200, -2320), (-120, -2850), (-20, -3700))),
    Road("人民路", "Renmin Road", "secondary",
         ((-2700, 180), (-1900, 160), (-1300, 60), (-460, 90), (240, 160), (930, 200), (1520, 225), (2180, 250),
          (2780, 260), (3420, 280), (3500, 285))),
    Road("工业大道", "Gongye Avenue", "secondary",
         ((-2000, -2390), (-1350, -2370), (-200, -2320), (430, -2320), (1100, -2300), (1700, -2290), (2260, -2280),
          (2950, -2250), (3510, -2220), (4130, -2090), (4900, -1980))),
    Road("环城北路", "Huancheng North Road", "secondary",
         ((-1960, 1280), (-1250, 1420), (-560, 1560), (220, 1680), (900, 1750), (1520, 1770), (2180, 1790),
          (2780, 1800),
          (3360, 1830), (3980, 1900))),
    Road("西环路", "Xihuan Road", "tertiary",
         ((-1860, 2420), (-1900, 1800), (-1920, 1290), (-1900, 850), (-1900, 160), (-1890, -480), (-1930, -1250),
          (-1960, -1830), (-1950, -2390), (-1900, -2750), (-1880, -3700))),
    Road("解放路", "Jiefang Road", "tertiary",
         ((170, 2150), (220, 1680), (210, 1240), (200, 800), (240, 160), (180, -420), (170, -560))),
    Road("学院路", "Xueyuan Road", "tertiary",
         ((1540, 2680), (1530, 2200), (1520, 1770), (1520, 1310), (1520, 860), (1520, 225), (1550, -210))),
    Road("创业路", "Chuangye Road", "tertiary",
         ((2790, 2600), (2785, 2200), (2780, 1800), (2780, 1330), (2780, 930), (2780, 260), (2800, -330))),
    Road("和平路", "Heping Road", "tertiary",
         ((-1240, 1150), (-530, 1200), (210, 1240), (900, 1300), (1520, 1310), (2180, 1320), (2780, 1330),
          (3350, 1340), (3490, 1345))),
    Road("新华路", "Xinhua Road", "tertiary",
         ((-700, 1980), (170, 2090), (880, 2200), (1530, 2200), (2190, 2200), (2785, 2200), (3340, 2240),
          (3450, 2250))),
    Road("文化路", "Wenhua Road", "tertiary",
         ((-1900, 500), (-1250, 480), (-450, 450), (220, 470), (920, 510), (1520, 540), (2180, 570), (2780, 590),
          (3330, 610), (3490, 618))),
    Road("鼓楼路", "Gulou Road", "tertiary",
         ((-1240, 1440), (-1220, 840), (-1250, 480), (-1300, 60), (-1180, -680))),
    Road("南苑路", "Nanyuan Road", "tertiary",
         ((-1010, -840), (-1050, -1400), (-1060, -1700), (-1065, -1860))),
    Road("复兴路", "Fuxing Road", "tertiary",
         ((330, -690), (380, -1010), (400, -1410), (400, -1640), (400, -1790))),
    Road("站前路", "Zhanqian Road", "tertiary",
         ((-1960, -1480), (-1050, -1420), (-310, -1420), (400, -1420), (1040, -1400), (1600, -1350), (2190, -1300),
          (2700, -1230), (3380, -1130), (3500, -1115))),
    Road("春江路", "Chunjiang Road", "tertiary",
         ((-1400, -1060), (-1030, -1080), (-340, -1130), (380, -1010), (1010, -900), (1600, -860), (2180, -900),
          (2700, -900))),
    Road("兴业路", "Xingye Road", "tertiary",
         ((1060, -1950), (1700, -1960), (2240, -1920), (2720, -1880), (3460, -1830), (3600, -1815))),
    Road("科技路", "Keji Road", "tertiary", ((1600, -1540), (1620, -1640), (1680, -1960), (1700, -2290),
         (1720, -2720))),
    Road("物流路", "Wuliu Road", "tertiary", ((-200, -2760), (600, -2730), (1170, -2750), (1720, -2720), (2290, -2680),
         (2720, -2640))),
    Road("山前路", "Shanqian Road", "tertiary",
         ((-4900, 1050), (-4300, 1330), (-3700, 1680), (-3000, 2000), (-2560, 2160), (-1860, 2360), (-1250, 2300),
          (-690, 2400),
          (170, 2620), (880, 2640), (1540, 2620), (2200, 2700), (2790, 2540), (3320, 2500), (3800, 2320),
          (4300, 2240))),
    Road("西溪路", "Xixi Road", "tertiary",
         ((-3500, 1790), (-3460, 1200), (-3480, 660), (-3420, 60), (-3380, -420), (-3360, -820), (-3400, -1350),
          (-3330, -1880),
          (-3300, -2400), (-3250, -3400))),
    Road("下沙路", "Xiasha Road", "tertiary",
         ((-5200, -1350), (-4600, -1330), (-4000, -1270), (-3400, -1350), (-2700, -1300), (-1930, -1250),
          (-1390, -1300))),
    Road("南山路", "Nanshan Road", "tertiary",
         ((-4350, -2330), (-3700, -2450), (-3300, -2400), (-2600, -2480), (-1950, -2390))),
    Road("石桥路", "Shiqiao Road", "tertiary",
         ((-2600, -2480), (-2300, -2800), (-1890, -2860), (-1350, -2780), (-800, -2900), (-110, -2890), (600, -3010),
          (1200, -2960), (1800, -3050), (2330, -3000))),
    Road("高桥路", "Gaoqiao Road", "tertiary",
         ((4260, 1010), (4130, 560), (4090, 80), (4120, -500), (4070, -1000), (4100, -1380), (4130, -2090))),
    Road("塘头路", "Tangtou Road", "tertiary",
         ((-3460, 1270), (-2950, 1330), (-2560, 1330), (-1920, 1260))),
    Road("新民路", "Xinmin Road", "tertiary", ((-1960, 1800), (-1500, 1830), (-1050, 1890), (-620, 1960))),
    Road("东风路", "Dongfeng Road", "tertiary", ((220, 1220), (420, 1420), (640, 1580), (910, 1830))),
    Road("渔港路", "Yugang Road", "unclassified", ((-4800, 250), (-4200, 170), (-3430, 120), (-2700, 180))),
)  # fmt: skip
BANK_ROADS: tuple[tuple[str, str, str, float, float, float], ...] = (
    ("沿江路", "Yanjiang Road", "secondary", 1.0, -3420, 3360),
    ("江南路", "Jiangnan Road", "tertiary", -1.0, -1950, 2750),
)
"""Roads along the river: name, class, side (1 = left bank), from and to easting on straightened ground."""
BANK_ROAD_OFFSET_M = 112.0

WIDTHS_M = {
    "motorway": 14.0, "motorway_link": 6.0, "primary": 11.0, "secondary": 14.0, "tertiary": 10.0, "unclassified": 6.0,
    "residential": 6.5, "living_street": 3.0, "service": 3.0, "track": 2.5, "footway": 1.5, "pedestrian": 4.0,
}  # fmt: skip
"""From a road's line to where buildings may begin."""


@dataclass(frozen=True)
class Quarter:
    """Part of the town with one pattern: its streets are spaced so that blocks have about `block_ha`."""

    name: str
    ring: tuple[Pair, ...]
    block_ha: float
    sway_m: float = 0.0
    tilt_deg: float = 0.0


QUARTERS: tuple[Quarter, ...] = (
    Quarter("core", ((-1310, -720), (220, -720), (240, 800), (-1220, 840)), 1.9, 11.0, 14.0),
    Quarter("belt", ((-1960, -520), (-1290, -560), (-1200, 480), (-1220, 840), (240, 800), (240, -560), (960, -360),
         (900, 1760),
                     (210, 2080), (-660, 1980), (-1240, 1430), (-1960, 1290)), 3.6, 4.0, 4.0),
    Quarter("south", ((-1400, -900), (-350, -960), (930, -480), (2180, -640), (2700, -560), (2700, -1560),
         (1040, -1660),
                      (-1060, -1720), (-1940, -1800), (-1930, -1250), (-1890, -480)), 4.0, 4.0, 3.0),
    Quarter("west", ((-2720, -520), (-1960, -520), (-1930, 1290), (-2560, 1330), (-2700, 700)), 4.6, 5.0, 5.0),
    Quarter("new", ((900, -220), (3350, -300), (3360, 1800), (3340, 2240), (880, 2200)), 7.5, 0.0, 0.5),
    Quarter("industry", ((-200, -1740), (1050, -1700), (2250, -1620), (3420, -1500), (3540, -2240), (2720, -2680),
         (2290, -2700),
                         (-200, -2780)), 10.0, 0.0, 1.0),
)  # fmt: skip


@dataclass(frozen=True)
class Unit:
    """One of today's communities and villages. `seeds` are points: each large block goes to the nearest one."""

    community_id: str
    name: str
    name_en: str
    kind: str
    locked: bool
    households: int
    people_each: float
    seeds: tuple[Pair, ...]


UNITS: tuple[Unit, ...] = (
    Unit("SQ01", "鼓楼社区", "Gulou Community", "community", False, 1640, 2.35,
         ((-850, 250), (-850, -200), (-850, 640), (-1050, -480), (-800, -700))),
    Unit("SQ02", "中山社区", "Zhongshan Community", "community", False, 2210, 2.42,
         ((-120, 300), (-120, -150), (-120, 640), (0, -500), (560, 0), (560, 330), (560, 660), (560, -300))),
    Unit("SQ03", "新城社区", "Xincheng Community", "community", False, 8980, 2.72,
         ((1220, 0), (1220, 380), (1220, 690), (1220, 1080), (1220, 1540), (1860, 0), (1860, 400), (1860, 720),
          (1860, 1100),
          (1860, 1550), (1220, 1980), (1860, 1980))),
    Unit("SQ04", "文化社区", "Wenhua Community", "community", False, 4630, 2.55,
         ((-140, 1000), (-140, 1400), (550, 1050), (550, 1500), (500, 1900), (-300, 1800), (-880, 1000), (-880, 1320))),
    Unit("SQ05", "江南社区", "Jiangnan Community", "community", False, 3280, 2.58,
         ((-100, -1020), (650, -800), (650, -1150), (-100, -1280), (1300, -600), (1300, -1100), (-700, -1000),
          (1800, -650))),
    Unit("SQ06", "站前社区", "Zhanqian Community", "community", False, 1260, 2.4,
         ((0, -1560), (700, -1550), (-700, -1560), (0, -2000), (500, -2000), (-700, -1250))),
    Unit("SQ07", "工农社区", "Gongnong Community", "community", False, 910, 2.2,
         ((1350, -1800), (1350, -2120), (1950, -1800), (1950, -2100), (2500, -2080), (3000, -2050), (450, -2550),
          (1400, -2520),
          (2000, -2480), (2500, -2450), (2400, -1750), (3000, -1700), (800, -2550))),
    Unit("CG01", "塘头社区", "Tangtou Community", "converted", True, 2480, 2.62,
         ((-2250, 480), (-2250, 1030), (-1580, 650), (-1600, 300), (-1600, 1100), (-2250, 0), (-1600, -200),
          (-2300, -330))),
    Unit("CG02", "南塘社区", "Nantang Community", "converted", True, 2640, 2.6,
         ((-1650, -1350), (-1650, -900), (-1200, -1250), (-1650, -1600), (-1200, -1000), (-1220, -1550))),
    Unit("CU01", "北庄村", "Beizhuang Village", "village", True, 3190, 2.7,
         ((2480, 2000), (3050, 2000), (2480, 2400), (3050, 2380), (2700, 3000), (1850, 2450), (1200, 2420),
          (1300, 3000),
          (3000, 1550), (3700, 2150), (500, 2400), (-200, 3000), (0, 2500))),
    Unit("CU02", "东河村", "Donghe Village", "village", True, 2870, 2.66,
         ((2480, 700), (2480, 1120), (3080, 700), (3080, 1130), (2480, 50), (3080, 0), (2480, 420), (3080, 430),
          (3700, 600), (3800, 1450), (2480, 1550), (3700, 0), (4300, 500))),
    Unit("CU03", "西溪村", "Xixi Village", "village", True, 1490, 2.85,
         ((-3900, 400), (-3900, -100), (-3050, 400), (-3050, -100), (-3950, 1000), (-4300, -300), (-3000, 1000),
          (-3000, -450),
          (-2640, 900))),
    Unit("CU04", "山前村", "Shanqian Village", "village", True, 1120, 2.8,
         ((-3000, 1700), (-2200, 1800), (-3600, 2100), (-3300, 2300), (-3000, 2600), (-2200, 2700), (-1300, 1700),
          (-1300, 2100), (-1400, 2900), (-300, 2250))),
    Unit("CU05", "下沙村", "Xiasha Village", "village", True, 1930, 2.78,
         ((-3900, -1000), (-2700, -950), (-4100, -1700), (-2700, -1600), (-2300, -800))),
    Unit("CU06", "石桥村", "Shiqiao Village", "village", True, 820, 2.9,
         ((-3700, -2250), (-2650, -2150), (-1650, -2150), (-2800, -2800), (-1650, -3050), (-800, -2550), (-700, -3150),
          (400, -3150), (1300, -3100), (-800, -2050), (-1650, -2600), (2000, -3100))),
    Unit("CU07", "高桥村", "Gaoqiao Village", "village", True, 550, 2.95,
         ((3700, -700), (4400, -700), (3800, -1700), (4400, -1700), (3000, -750), (3900, -2400), (3000, -2700),
          (3000, -1350),
          (2400, -1100), (3100, -1000))),
)  # fmt: skip


@dataclass(frozen=True)
class HistoricBorder:
    """A border of today that no road follows: land of `giver` inside `ring` belongs to `taker`.

    `cut` is the part of the ring where the border runs across blocks.
    """

    giver: str
    taker: str
    cut: tuple[Pair, ...]
    ring: tuple[Pair, ...]


HISTORIC_BORDERS: tuple[HistoricBorder, ...] = (
    # an old parish line through a block of new estates, east of Yingbin Avenue
    HistoricBorder("CU02", "SQ03", ((2120, 80), (2330, 110), (2380, 20), (2370, -400)),
                   ((2120, 80), (2330, 110), (2380, 20), (2370, -400), (2100, -400))),
    # the temple's land west of Zhongshan Road
    HistoricBorder("SQ01", "SQ02", ((-380, -60), (-600, -85), (-640, -250), (-350, -270)),
                   ((-380, -60), (-600, -85), (-640, -250), (-350, -270))),
    # across the fields below the hills
    HistoricBorder("CU04", "CU03", ((-4250, 1270), (-4180, 1640), (-3900, 1860), (-3640, 1640)),
                   ((-4250, 1270), (-4180, 1640), (-3900, 1860), (-3640, 1640), (-3900, 1300))),
)  # fmt: skip


@dataclass(frozen=True)
class Hamlet:
    """A cluster of village houses (自然村): where, how large, and which way its rows run."""

    community_id: str
    name: str
    name_en: str
    center: Pair
    area_ha: float
    angle_deg: float = 0.0
    stretch: float = 1.5


HAMLETS: tuple[Hamlet, ...] = (
    Hamlet("CU03", "西溪", "Xixi", (-3750, 480), 15.0, 4, 1.5),
    Hamlet("CU03", "渔家埠", "Yujiabu", (-4150, -80), 8.0, 8, 1.8),
    Hamlet("CU03", "王家", "Wangjia", (-3050, 360), 11.0, -3, 1.3),
    Hamlet("CU03", "沈家弄", "Shenjianong", (-3950, 1020), 7.0, 14, 1.7),
    Hamlet("CU03", "柳家", "Liujia", (-3020, 1010), 5.0, -6, 1.6),
    Hamlet("CU04", "山前", "Shanqian", (-2950, 2330), 12.0, 20, 1.9),
    Hamlet("CU04", "岭脚", "Lingjiao", (-2150, 2560), 10.0, 16, 1.8),
    Hamlet("CU04", "杨家坞", "Yangjiawu", (-1500, 2560), 9.0, -4, 1.4),
    Hamlet("CU04", "上山", "Shangshan", (-3560, 2130), 6.0, 28, 2.0),
    Hamlet("CU05", "下沙", "Xiasha", (-3720, -1180), 15.0, 3, 1.8),
    Hamlet("CU05", "沙埠", "Shabu", (-2750, -1120), 12.0, -6, 1.5),
    Hamlet("CU05", "周家", "Zhoujia", (-2450, -1560), 9.0, 8, 1.4),
    Hamlet("CU05", "吴家塘", "Wujiatang", (-4180, -1560), 7.0, -8, 1.5),
    Hamlet("CU06", "石桥", "Shiqiao", (-1650, -2720), 8.0, -4, 1.6),
    Hamlet("CU06", "南山头", "Nanshantou", (-3150, -2350), 6.0, 10, 1.5),
    Hamlet("CU06", "陆家桥", "Lujiaqiao", (-700, -2780), 6.0, -8, 1.7),
    Hamlet("CU06", "谢家", "Xiejia", (500, -3060), 4.0, 6, 1.6),
    Hamlet("CU07", "高桥", "Gaoqiao", (4220, -480), 7.0, 10, 1.6),
    Hamlet("CU07", "朱家浜", "Zhujiabang", (3800, -1500), 5.0, 12, 1.5),
    Hamlet("CU07", "丁家", "Dingjia", (3100, -2500), 4.0, 0, 1.5),
    Hamlet("CU01", "北庄", "Beizhuang", (2480, 2420), 10.0, 4, 1.6),
    Hamlet("CU01", "庙前", "Miaoqian", (1250, 2480), 9.0, 6, 1.9),
    Hamlet("CU01", "后山", "Houshan", (480, 2560), 6.0, 12, 1.6),
    Hamlet("CU02", "东河", "Donghe", (3080, -40), 10.0, 3, 1.5),
    Hamlet("CU02", "前村", "Qiancun", (3820, 640), 8.0, 8, 1.6),
    Hamlet("CU02", "桥头", "Qiaotou", (3760, 1480), 6.0, 6, 1.4),
)  # fmt: skip

PONDS: tuple[tuple[str, str, Pair, float, float, float], ...] = (
    ("龙王水库", "Longwang Reservoir", (-2650, 2880), 5.2, 80.0, 2.2),
    ("镜湖", "Mirror Pond", (2480, 1180), 1.1, 20.0, 1.5),
    ("后塘", "Back Pond", (-3350, 250), 0.5, 0.0, 1.6),
    ("莲花塘", "Lotus Pond", (-3320, -1180), 0.6, 30.0, 1.4),
    ("北塘", "North Pond", (-1800, -2560), 0.4, 0.0, 1.3),
)  # fmt: skip
"""Standing water: names, centre, hectares, direction, stretch."""

GREENHOUSES: tuple[tuple[Pair, float, float], ...] = (
    ((-3050, -1720), 1.4, 4.0), ((-2350, -2150), 1.0, -6.0), ((4250, -1750), 1.2, 10.0),
)  # fmt: skip
"""Fields under plastic: centre, hectares, direction."""

STATION: Pair = (-60, -1640)
"""Where the passenger station stands, on the north side of the rails."""

LANDMARKS: tuple[tuple[str, str, Pair, float, float, int, int], ...] = (
    ("清河站", "public", STATION, 74.0, 17.0, 2, 2009),
    ("城隍庙", "religious", (-900, -40), 26.0, 30.0, 1, 1872),
    ("龙山寺", "religious", (-1150, 3050), 30.0, 34.0, 1, 1906),
    ("文峰塔", "religious", (260, -470), 9.0, 9.0, 7, 1786),
)  # fmt: skip
"""Single buildings everyone knows: name, use, place, width, depth, floors, year."""
