"""Boundaries to words: the four bounds (四至) of a community or of any set of blocks, as an official plan states them.

The same bounds are said in two ways that are easily confused: 东至A路 ("east to A Road") names the line on the EAST
side, and A路以西 ("west of A Road") says the same thing, for what lies west of A has A as its east edge. Both forms,
in Chinese and in English, are made from one `Bounds`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from geo.schema import ROAD_CLASSES

Side = Literal["east", "south", "west", "north"]

SIDES: Final[tuple[Side, ...]] = ("east", "south", "west", "north")
"""东南西北, the order of a description; the half-plane form of a transfer goes north, east, south, west."""

CLOCKWISE: Final[tuple[Side, ...]] = ("north", "east", "south", "west")

ZH: Final[Mapping[Side, str]] = {"east": "东", "south": "南", "west": "西", "north": "北"}
OPPOSITE: Final[Mapping[Side, Side]] = {"east": "west", "west": "east", "north": "south", "south": "north"}

TOWN_BORDER: Final = ("镇界", "the town border")
"""How the study's outer edge is called where it follows no named line, in Chinese and in English."""

OUTER_BORDERS: Final[Mapping[str, str]] = {
    "镇界": "the town border",
    "乡界": "the township border",
    "街道界": "the subdistrict border",
    "区界": "the district border",
    "县界": "the county border",
    "市界": "the city border",
    "规划范围界": "the edge of the study area",
}
"""Words for a study's outer edge that are understood in any text, Chinese → English."""

_UNIT_ENDINGS = ("社区", "村", "里", "居委会", "村委会", "居民委员会", "村民委员会", "居民区", "小区居", "嘎查")
UNNAMED: Mapping[str, tuple[str, str]] = {
    **dict.fromkeys(ROAD_CLASSES, ("无名道路", "an unnamed road")),
    **dict.fromkeys(("track", "cycleway", "bridleway", "footway", "path", "steps", "corridor"),
                    ("无名小路", "an unnamed path")),
    "river": ("无名河流", "an unnamed river"),
    "canal": ("无名渠道", "an unnamed canal"),
    "stream": ("无名溪流", "an unnamed stream"),
    "drain": ("无名沟渠", "an unnamed drain"),
    "railway": ("铁路线", "the railway"),
    "wall": ("围墙", "a wall"),
    "cliff": ("陡坎", "a cliff"),
    "water": ("水域", "a water body"),
}  # fmt: skip
PLOT: Final = ("地块边界", "the plot boundary")
ISLAND: Final = ("内部地块", "an inner plot")
EXCLAVE: Final = ("飞地", "a detached part")


@dataclass(frozen=True)
class Edge:
    """One line that bounds a shape: a road, a river, a railway, a neighbour's border, the town's border."""

    name: str
    """As said in Chinese: the feature's own name, or what stands for one (无名道路, 马岗社区界)."""
    name_en: str
    """The same in English; the Chinese name where no other is known."""
    feature_class: str
    """As in `seams.feature_class`."""
    named: bool = True
    """The name is a feature's own name."""
    beyond: tuple[tuple[str, str], ...] = ()
    """The communities whose border an unnamed line is: (Chinese, English), in walking order."""
    aliases: tuple[str, ...] = ()
    """Other names, or the stage, that a text gives in brackets after it: 东钢中路(怡园路)."""


Chain = tuple[Edge, ...]
"""Lines that follow each other along one side (A路—B路)."""


@dataclass(frozen=True)
class Remark:
    """A fragment of a text that was not understood, or not found on the study."""

    fragment: str
    position: int
    """Where it begins in the text, in characters; 0 where it belongs to no place."""
    text_zh: str
    text_en: str


@dataclass(frozen=True)
class Note:
    """Land a reader would not expect: a hole that is left out, a detached part that belongs."""

    included: bool
    name: str
    name_en: str
    bounds: "Bounds | None" = None
    """Where it lies, when no name of its own says so: 含飞地:东至A路,南至B路,西至C路,北至D路."""


@dataclass(frozen=True)
class Bounds:
    """The four bounds of a shape. Each side holds chains; several chains mean that the side steps back (L-shapes)."""

    east: tuple[Chain, ...]
    south: tuple[Chain, ...]
    west: tuple[Chain, ...]
    north: tuple[Chain, ...]
    notes: tuple[Note, ...] = ()

    def side(self, side: Side) -> tuple[Chain, ...]:
        """Return the chains of one side, north to south or west to east."""
        chains: tuple[Chain, ...] = getattr(self, side)
        return chains


def unit_name(name: str, kind: str = "community") -> str:
    """Return a community's name as an official text says it: with 社区 or 村, once.

    Names without Chinese characters, and names that already say what they are, stay as they are.

    Examples
    --------
    >>> unit_name("清河"), unit_name("清河社区"), unit_name("冠山", "village"), unit_name("何安里"), unit_name("Kallio")
    ('清河社区', '清河社区', '冠山村', '何安里', 'Kallio')
    """
    if not any("\u3400" <= letter <= "\u9fff" for letter in name) or name.endswith(_UNIT_ENDINGS):
        return name
    return name + ("村" if kind == "village" else "社区")


# ── words ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def bounds_to_zh(bounds: Bounds, order: Sequence[Side] = SIDES) -> str:
    """Return 东至A路,南至B路,西至C路,北至D路."""
    sides = (f"{ZH[side]}至{_chains_zh(bounds.side(side))}" for side in order)
    return ",".join(sides) + _notes_zh(bounds.notes)


def bounds_of_zh(bounds: Bounds, order: Sequence[Side] = SIDES) -> str:
    """Return A路以西、B路以北、C路以东、D路以南: the shape lies west of its east edge."""
    sides = (f"{_chains_zh(bounds.side(side))}以{ZH[OPPOSITE[side]]}" for side in order)
    return "、".join(sides) + _notes_zh(bounds.notes)


def bounds_to_en(bounds: Bounds, order: Sequence[Side] = SIDES) -> str:
    """Return "east to A Road, south to B Road, west to C Road, north to D Road"."""
    return ", ".join(f"{side} to {_chains_en(bounds.side(side))}" for side in order) + _notes_en(bounds.notes)


def bounds_of_en(bounds: Bounds, order: Sequence[Side] = SIDES) -> str:
    """Return "west of A Road, north of B Road, east of C Road, south of D Road"."""
    sides = (f"{OPPOSITE[side]} of {_chains_en(bounds.side(side))}" for side in order)
    return ", ".join(sides) + _notes_en(bounds.notes)


def _chains_zh(chains: tuple[Chain, ...]) -> str:
    return "、".join("—".join(_edge_zh(edge) for edge in chain) for chain in chains)


def _edge_zh(edge: Edge) -> str:
    also = f"({'、'.join(edge.aliases)})" if edge.aliases else ""
    beyond = f"(与{'、'.join(zh for zh, _ in edge.beyond)}交界)" if edge.beyond else ""
    return edge.name + also + beyond


def _chains_en(chains: tuple[Chain, ...]) -> str:
    return " and ".join(" – ".join(_edge_en(edge) for edge in chain) for chain in chains)


def _edge_en(edge: Edge) -> str:
    also = f" ({', '.join(edge.aliases)})" if edge.aliases else ""
    beyond = f" (border with {', '.join(en for _, en in edge.beyond)})" if edge.beyond else ""
    return edge.name_en + also + beyond


def _notes_zh(notes: tuple[Note, ...]) -> str:
    plain = [note for note in notes if note.bounds is None]
    parts = [
        word + "、".join(note.name for note in plain if note.included is included)
        for included, word in ((True, "含"), (False, "不含"))
        if any(note.included is included for note in plain)
    ]
    apart = [
        f"({'含' if note.included else '不含'}{note.name}:{bounds_to_zh(note.bounds)})" for note in notes if note.bounds
    ]
    return "".join([f"({','.join(parts)})" if parts else "", *apart])


def _notes_en(notes: tuple[Note, ...]) -> str:
    plain = [note for note in notes if note.bounds is None]
    parts = [
        word + ", ".join(note.name_en for note in plain if note.included is included)
        for included, word in ((True, "including "), (False, "excluding "))
        if any(note.included is included for note in plain)
    ]
    apart = [
        f" ({'including' if note.included else 'excluding'} {note.name_en}: {bounds_to_en(note.bounds)})"
        for note in notes
        if note.bounds
    ]
    return "".join([f" ({'; '.join(parts)})" if parts else "", *apart])
