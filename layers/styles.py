"""Colours, widths and classes: what things look like on the page, in QGIS and in the printed maps.

All colours carry dark text; below / within / above and the seam classes can be told apart by people who do not see red
and green as different. Widths are CSS pixels (1/96 inch).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

Against = Literal["below", "within", "above", "unknown"]

INK = "#1F2A37"
PAPER = "#F7F6F2"
SEAL = "#B3261E"
"""The red of official documents: marks, and what moves."""
OTHER_PLAN = "#6A2C91"
"""Borders of another plan laid over this one: a colour no ground, road or water has."""

COMMUNITY_COLOURS = (
    "#F5CDA7", "#BCD7EA", "#CFE3B0", "#DCCBE8", "#F3E19A", "#F4BFC4", "#B2DDD3", "#E0D3BD", "#C3CBF0", "#E3E8A4",
)  # fmt: skip
"""Neighbours get different ones of these; ink reads well on each."""

Pattern = Literal["solid", "hatch", "none"]


@dataclass(frozen=True)
class Symbol:
    """How one class is drawn. Widths and radius in CSS pixels, dashes as (on, off, ...) in pixels, opacity 0 to 1."""

    fill: str = ""
    fill_opacity: float = 1.0
    pattern: Pattern = "solid"
    stroke: str = ""
    width: float = 1.0
    stroke_opacity: float = 1.0
    dash: tuple[float, ...] = ()
    radius: float = 0.0


@dataclass(frozen=True)
class StyleClass:
    """One line of a legend: the value (or the range `lower <= x < upper`) it stands for, its words, its symbol."""

    value: str
    label_zh: str
    label_en: str
    symbol: Symbol
    lower: float | None = None
    upper: float | None = None


@dataclass(frozen=True)
class Style:
    """How a layer is drawn: one symbol, one per value of `column`, or one per range of numbers in `column`."""

    kind: Literal["single", "categories", "ranges"]
    classes: tuple[StyleClass, ...]
    column: str = ""

    def class_of(self, value: object) -> int:
        """Return the position of the class that holds `value`; the last class holds whatever no other does."""
        if self.kind == "single":
            return 0
        for position, each in enumerate(self.classes):
            if self.kind == "categories" and each.value == str(value):
                return position
            if self.kind == "ranges" and _holds(each, value):
                return position
        return len(self.classes) - 1


def _holds(each: StyleClass, value: object) -> bool:
    if not isinstance(value, (int, float)) or value != value:  # noqa: PLR0124 - NaN is the only number unlike itself
        return False
    return (each.lower is None or value >= each.lower) and (each.upper is None or value < each.upper)


SEAM_GROUPS: Mapping[str, tuple[str, ...]] = {
    "expressway": ("motorway", "motorway_link", "trunk", "trunk_link"),
    "primary": ("primary", "primary_link"),
    "secondary": ("secondary", "secondary_link"),
    "tertiary": ("tertiary", "tertiary_link"),
    "street": ("unclassified", "residential", "living_street", "service", "pedestrian", "road", "busway",
               "construction", "proposed"),
    "path": ("track", "cycleway", "bridleway", "footway", "path", "steps", "corridor"),
    "water": ("river", "canal", "stream", "drain", "water"),
    "railway": ("railway",),
    "wall": ("wall", "cliff", "other"),
    "border": ("border",),
    "study_edge": ("study_edge",),
    "none": ("none",),
}  # fmt: skip
"""Legend class of a seam → the feature classes in it."""

_GROUP_OF = {name: group for group, names in SEAM_GROUPS.items() for name in names}

SEAM_SYMBOLS: Mapping[str, Symbol] = {
    "expressway": Symbol(stroke="#7F2704", width=4.5),
    "primary": Symbol(stroke="#C84A0A", width=4.0),
    "secondary": Symbol(stroke="#EE8A2A", width=3.4),
    "tertiary": Symbol(stroke="#D9B44A", width=2.8),
    "street": Symbol(stroke="#8A8F98", width=2.2),
    "path": Symbol(stroke="#9AA0A8", width=1.6, dash=(3, 3)),
    "water": Symbol(stroke="#2A78B8", width=3.6),
    "railway": Symbol(stroke="#2B2B2B", width=3.0, dash=(8, 4)),
    "wall": Symbol(stroke="#7A5A36", width=2.4),
    "border": Symbol(stroke="#7B3FA0", width=2.4, dash=(6, 4)),
    "study_edge": Symbol(stroke=INK, width=3.0),
    "none": Symbol(stroke="#C79BD8", width=1.8, dash=(2, 4)),
}

ROAD_SYMBOLS: Mapping[str, Symbol] = {
    "expressway": Symbol(stroke="#FBE2A6", width=5.0),
    "primary": Symbol(stroke="#FFF1C9", width=4.2),
    "secondary": Symbol(stroke="#FFFFFF", width=3.4),
    "tertiary": Symbol(stroke="#FFFFFF", width=2.6),
    "street": Symbol(stroke="#FFFFFF", width=1.6),
    "path": Symbol(stroke="#FFFFFF", width=1.0, dash=(3, 3)),
}
ROAD_CASING = "#A9A294"
"""The thin edge on both sides of a road, so that white roads show on every ground."""

BARRIER_SYMBOLS: Mapping[str, Symbol] = {
    "water": Symbol(fill="#B9D6EB", stroke="#8FBDE0", width=3.0),
    "railway": Symbol(stroke="#5A5F66", width=2.2, dash=(8, 5)),
    "other": Symbol(stroke="#A08C72", width=1.4, dash=(2, 3)),
}

FACILITY_COLOURS: Mapping[str, str] = {
    "health": "#C0392B", "education": "#2874A6", "elderly": "#884EA0", "civic": "#B3261E",
    "culture": "#1E8449", "shop": "#CA6F1E", "transport": "#515A5A", "other": "#7F8C8D",
}  # fmt: skip

_FACILITY_WORDS: Mapping[str, tuple[str, ...]] = {
    "health": ("hospital", "clinic", "doctor", "pharmacy", "health", "dentist", "医", "药", "卫生"),
    "education": ("school", "kindergarten", "nursery", "college", "university", "education", "childcare", "学",
                  "幼", "托", "教育"),
    "elderly": ("elder", "nursing_home", "old_age", "senior", "养老", "老年", "照料"),
    "civic": (
        "service_station", "station_service", "community_centre", "community_center", "community_service", "townhall",
              "police", "post", "fire", "party", "property_office", "服务站", "居委会", "综合服务", "警", "邮"),
    "culture": ("sport", "fitness", "library", "culture", "park", "playground", "pitch", "theatre", "museum", "square",
                "文化", "体育", "健身", "公园", "活动"),
    "shop": ("shop", "supermarket", "market", "store", "convenience", "restaurant", "canteen", "bank", "laundry",
             "mall", "店", "市场", "超市", "餐", "商"),
    "transport": ("bus", "parking", "station", "subway", "charging", "车", "站"),
}  # fmt: skip

AGAINST_FILLS: Mapping[Against, str] = {
    "below": "#7FB6DE", "within": "#DCE8D3", "above": "#F09A5E", "unknown": "#E4E2DD",
}  # fmt: skip
"""Households against the limits: blue is small, orange is large, pale green keeps the limits."""

DENSITY_BREAKS = (10.0, 25.0, 50.0, 100.0, 200.0)
"""Household density classes [households per hectare]: 100 to 200 is usual for Chinese slab and tower estates."""

DENSITY_FILLS = ("#FDF6E3", "#FBE3B4", "#F7C27D", "#EC9350", "#D4603A", "#9E2F2B")

CONVERSION_FILLS = {"T1": "#8FBF6F", "T2": "#E8A54B", "T3": "#5E9BD1", "none": "#E4E2DD"}
"""Which way villages and compounds go: in place, merged, a community of their own, not at all."""

UNKNOWN_SYMBOL = Symbol(fill="#6B7280", fill_opacity=0.55, pattern="hatch", stroke="#6B7280", width=0.8)
"""What nobody has looked at: grey lines on paper, like nothing that was surveyed."""

SEVERITY_FILLS = {"very_serious": "#A51D1D", "serious": "#E8772E", "general": "#F3CE5B", "none": "#CFE3C4"}
"""The gravest open finding of a place; the pale green one was surveyed whole and has none."""

SEVERITY_PALE = {
    "very_serious": "F2B5AD",
    "serious": "F9D0AE",
    "general": "FBEDBF",
    "none": "E6F1DF",
    "unknown": "DDDFE2",
}
"""The same behind the text of a table's cell, without the #."""

STATE_FILLS = {"found": "#D4502A", "remedied": "#3E7CB1", "clear": "#CFE3C4", "not_applicable": "#EFEBE0"}
"""What is known of one indicator at one place; blue was found and has been put right."""

COVERAGE_FILLS = {"all": "#2F6DA3", "most": "#85B2D6", "part": "#D3E3F0"}
"""Surveyed whole, by half and more, by less."""

SHARE_BREAKS = (0.0001, 0.1, 0.25, 0.5)
SHARE_FILLS = ("#CFE3C4", "#FBE3B4", "#F5B65F", "#E8772E", "#A9321B")
"""Share of the surveyed places of a block that have the problem."""

PHASE_FILLS = ("#7A1F5C", "#C2452D", "#E39A2D", "#8CB83F", "#2E9C8F", "#3471B8", "#6B56A8", "#8C6D4B", "#4F7A3A",
               "#B0567F", "#5C6F82", "#C9A13B", "#31808F", "#9A4F3C", "#767676")  # fmt: skip
"""Years of a programme, in their order."""

DECISION_FILLS = {"demolish": "#B5473C", "alter": "#EDBB4A", "use": "#3E8E7E"}
"""What becomes of farm houses: 拆, 改, 用; what is not decided is hatched."""

COVER_FILLS = {"covered": "#A9C7E2", "new": "#1B7F5A", "not": "#EBB168"}
"""Homes that a facility of today covers, that a new site covers, that none covers."""

DISTANCE_BREAKS = (300.0, 500.0, 800.0, 1200.0, 2000.0)
DISTANCE_FILLS = ("#2E7FA8", "#7DB9C9", "#CFE3C4", "#F6D67A", "#EE9350", "#B5403A")
"""Walks to the nearest facility [m]."""

SAVED_BREAKS = (1.0, 200.0, 500.0, 1000.0)
SAVED_FILLS = ("#0F5C40", "#2F9169", "#8CC7A2", "#CDE5CF", "#E4DFD2")
SAVED_FIRST = "#6A2C91"
"""How much shorter a walk has become [m], the most first; whoever could reach none before."""

GAINED_FILLS = ("#E4DFD2", "#A8D5BA", "#4FA37C", "#14563D")
"""By how many facilities a home is newly covered: none, one, two, more."""

SITE_FILLS = {"yes": SEAL, "hand": "#6A2C91", "no": "#FFFFFF", "unfit": "#C9C4B7"}
"""Candidates: chosen, set by hand, not chosen, of no use."""

SITED_FACILITY = Symbol(fill="#24476B", stroke="#FFFFFF", width=1.2, radius=5.0)

REACHED_FILLS = {"near": "#2B6CA3", "within": "#A3C9E6", "beyond": "#F5B45F", "far": "#B8382A"}
"""Walks to the nearest facility: blue within reach, orange and red not."""

GAP_FILLS = {"missing": "#A51D1D", "far": "#E8772E", "small": "#F3CE5B", "full": "#8E6BB0", "met": "#CFE3C4",
             "not_asked": "#EFEBE0"}  # fmt: skip
"""What is known of a requirement in a community; unknown is hatched."""

GAP_PALE = {"missing": "F2B5AD", "far": "F9D0AE", "small": "FBEDBF", "full": "DDD0EA", "met": "E6F1DF",
            "unknown": "DDDFE2", "not_asked": "F4F2EC"}  # fmt: skip
"""The same behind the text of a table's cell, without the #."""

SCORE_BREAKS = (0.4, 0.6, 0.8, 0.95)
SCORE_FILLS = ("#A9321B", "#E8772E", "#F5CE6B", "#CFE3B0", "#6FAE8C")
"""Scores from 0 (everything is lacking) to 1 (nothing is)."""

ACCESS_FILLS = {"none": "#B8382A", "low": "#F5B45F", "under": "#F6E7B4", "over": "#A9D3C4", "high": "#2E8A7A"}
"""Supply per 1,000 people against the average."""

REACH_SYMBOL = Symbol(fill="#3B7DB5", fill_opacity=0.13, stroke="#2B6CA3", width=1.2, stroke_opacity=0.75)
COUNTED_SYMBOL = Symbol(fill=INK, stroke="#FFFFFF", width=1.4, radius=5.5)
WAYS_SYMBOL = Symbol(stroke="#5F8F6B", width=0.8)

UNIT_SYMBOL = Symbol(pattern="none", stroke="#6A2C91", width=2.4, dash=(9, 4))
FINDING_SYMBOL = Symbol(stroke="#FFFFFF", width=0.9, radius=3.6)

STUDY_AREA_SYMBOL = Symbol(pattern="none", stroke=INK, width=2.6, dash=(10, 3, 2, 3))
CENSUS_SYMBOL = Symbol(pattern="none", stroke="#7B3FA0", width=1.2, dash=(2, 2))
PASSAGE_SYMBOLS: Mapping[str, Symbol] = {
    "gate": Symbol(fill="#FFFFFF", stroke="#6B705C", width=2.0, radius=3.4),
    "crossing": Symbol(fill="#2A78B8", stroke="#FFFFFF", width=1.0, radius=3.2),
    "level_crossing": Symbol(fill="#2B2B2B", stroke="#FFFFFF", width=1.0, radius=3.2),
}
PREMISES_SYMBOLS: Mapping[str, Symbol] = {
    "idle_building": Symbol(fill="#C9A227", fill_opacity=0.85, stroke=INK, width=1.0, radius=4.5),
    "idle_land": Symbol(fill="#A9C46C", fill_opacity=0.85, stroke=INK, width=1.0, radius=4.5),
    "public_land": Symbol(fill="#7FB6DE", fill_opacity=0.85, stroke=INK, width=1.0, radius=4.5),
    "growing": Symbol(fill="#B889C9", fill_opacity=0.85, stroke=INK, width=1.0, radius=4.5),
}

ESTATE_SYMBOL = Symbol(pattern="none", stroke="#6B705C", width=1.1, dash=(4, 2))
MOVE_SYMBOL = Symbol(fill=SEAL, fill_opacity=0.9, pattern="hatch", stroke=SEAL, width=1.5)


def seam_group(feature_class: object) -> str:
    """Return the legend class of a seam's feature class; what is not known counts as `none`."""
    return _GROUP_OF.get(str(feature_class), "none")


def road_group(road_class: object) -> str:
    """Return the legend class of an OSM road class."""
    group = _GROUP_OF.get(str(road_class), "street")
    return group if group in ROAD_SYMBOLS else "street"


def barrier_group(kind: object) -> str:
    """Return the legend class of a barrier kind."""
    group = _GROUP_OF.get(str(kind), "other")
    return group if group in BARRIER_SYMBOLS else "other"


def facility_group(category: object) -> str:
    """Return the legend class of a facility's category, in whichever language it is written.

    Examples
    --------
    >>> facility_group("kindergarten"), facility_group("社区服务站"), facility_group("lighthouse")
    ('education', 'civic', 'other')
    """
    text = str(category).lower()
    for group, words in _FACILITY_WORDS.items():
        if any(text == each or each in text for each in words):
            return group
    return "other"


def against(households: float | None, low: float | None, high: float | None) -> Against:
    """Tell whether a number of households is below, within or above the limits (each may be absent)."""
    if households is None or households != households:  # noqa: PLR0124 - NaN is the only number unlike itself
        return "unknown"
    if low is not None and households < low:
        return "below"
    if high is not None and households > high:
        return "above"
    return "within"


def neighbour_colours(vertices: Iterable[str], edges: Iterable[tuple[str, str]], colours: int) -> dict[str, int]:
    """Colour a graph so that neighbours differ; the same graph gives the same colours, in whatever order it comes.

    Vertices are taken most-hemmed-in first (DSATUR), ties by number of neighbours, then by id. Each takes the colour
    used least so far among those its neighbours do not have, so that the whole palette shows. Where colours run out,
    the one that fewest neighbours have is taken.

    Parameters
    ----------
    vertices
        Ids.
    edges
        Pairs of ids that touch; loops and unknown ids are ignored.
    colours
        How many colours there are.

    Returns
    -------
    dict
        Id → colour, 0 to `colours - 1`.

    Examples
    --------
    >>> neighbour_colours("abc", [("a", "b"), ("b", "c")], 3)
    {'a': 1, 'b': 0, 'c': 2}
    """
    order = sorted(set(vertices))
    near: dict[str, set[str]] = {vertex: set() for vertex in order}
    for a, b in edges:
        if a != b and a in near and b in near:
            near[a].add(b)
            near[b].add(a)
    chosen: dict[str, int] = {}
    used = [0] * colours
    while len(chosen) < len(order):
        vertex = min(
            (v for v in order if v not in chosen),
            key=lambda v: (-len({chosen[n] for n in near[v] if n in chosen}), -len(near[v]), v),
        )
        taken = [chosen[n] for n in sorted(near[vertex]) if n in chosen]
        colour = min(range(colours), key=lambda c: (taken.count(c), used[c], c))
        chosen[vertex] = colour
        used[colour] += 1
    return {vertex: chosen[vertex] for vertex in order}


def ranges(
    breaks: tuple[float, ...], fills: tuple[str, ...], stroke: str, unit: tuple[str, str]
) -> tuple[StyleClass, ...]:
    """Return one class per range between `breaks` (one more than breaks), the unit standing at the last."""
    edges = (None, *breaks, None)
    made = []
    for position, (lower, upper) in enumerate(pairwise(edges)):
        if lower is None:
            label = f"< {upper:g}"
        elif upper is None:
            label = f"≥ {lower:g}"
        else:
            label = f"{lower:g}–{upper:g}"
        symbol = Symbol(fill=fills[position], fill_opacity=0.9, stroke=stroke, width=0.6)
        made.append(StyleClass(label, f"{label} {unit[0]}", f"{label} {unit[1]}", symbol, lower, upper))
    return tuple(made)
