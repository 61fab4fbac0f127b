"""How people walk: speeds by who walks, and what a walking network takes as a way."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Speed:
    """How fast one kind of people walks.

    Attributes
    ----------
    key, title_zh, title_en : str
    metres_per_minute : float
        On level ground [m/min].
    steps_share : float
        Speed on stairs, measured on the plan, as a share of that on level ground.
    note_zh, note_en : str
        Where the figures are from.
    """

    key: str
    title_zh: str
    title_en: str
    metres_per_minute: float
    steps_share: float
    note_zh: str
    note_en: str


_READING_ZH = "一刻钟便民生活圈按每分钟60至80米步行计;本软件的理解"
_READING_EN = "15-minute circles count 60 to 80 m a minute on foot; our reading"

SPEEDS: Final[Mapping[str, Speed]] = {
    speed.key: speed
    for speed in (
        Speed("adult", "成年人", "adults", 70.0, 0.5, _READING_ZH, _READING_EN),
        Speed("elder", "老年人", "the old", 50.0, 0.35, _READING_ZH, _READING_EN),
        Speed("child", "儿童", "children", 60.0, 0.5, _READING_ZH, _READING_EN),
    )
}
"""Speeds by key: `adult`, `elder`, `child`."""


@dataclass(frozen=True)
class WalkOptions:
    """What is a way on foot, and what is not.

    Attributes
    ----------
    never_walked : tuple of str
        Road classes nobody walks along, where the table does not say `walkable` itself.
    arterials : tuple of str
        Road classes that people cross only where there is a crossing.
    crossed_at : tuple of str
        Road classes whose junction with an arterial is a crossing (signals, zebra).
    crossing_near_m : float
        A mapped crossing belongs to the arterial within this distance [m].
    gate_near_m : float
        A gate belongs to the closed estate, or the wall, within this distance [m].
    node_m : float
        Ends of lines closer than this are one place [m].
    gap_m : float
        A loose end this close to a line of the same level is led on to it, and reported [m].
    join_m : float
        A place farther than this from every way it can reach is not joined, and reported [m].
    entrance_m : float
        The outline of a park, a school or a square is entered from every way that comes this near [m].
    front_m, front_way_m : float
        A facility (a point) in a closed estate that is this near to its outline is also entered from the street
        outside, where one runs this near to the outline: shops along the street have their doors there [m].
    slope_step_m : float
        Slope is taken over pieces of about this length [m].
    """

    never_walked: tuple[str, ...] = ("motorway", "motorway_link", "busway", "construction", "proposed")
    arterials: tuple[str, ...] = ("trunk", "trunk_link", "primary", "primary_link")
    crossed_at: tuple[str, ...] = ("trunk", "primary", "secondary", "tertiary")
    crossing_near_m: float = 15.0
    gate_near_m: float = 20.0
    node_m: float = 0.1
    gap_m: float = 1.5
    join_m: float = 500.0
    entrance_m: float = 15.0
    front_m: float = 10.0
    front_way_m: float = 30.0
    slope_step_m: float = 20.0
