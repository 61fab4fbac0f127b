"""The scorecard as outputs show it: measures numbered once, values as readers write them, headings in their groups."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pandas as pd

from geo.partition.scorecard import SIX_ONES, UNITS, Scorecard
from layers.words import Lang, is_missing, word

GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "principles": ("standard", "territory", "function", "interest"),
    "tests": ("management", "resources", "working"),
    "favourables": ("stability", "city", "convenience", "self_government", "six_ones"),
}
"""The headings of a scorecard as the official texts group them."""

VERDICT_FILLS: Final[Mapping[str, str]] = {"better": "DCE8D3", "worse": "FBE3D2"}
"""Colours of what gets better and worse."""


@dataclass(frozen=True)
class Heading:
    """One principle, test or favourable: its own measures, and those that another heading shows already.

    Attributes
    ----------
    id, group : str
    summary : Series
        Its row of `Scorecard.summary`.
    measures : DataFrame
        The rows of `Scorecard.measures` that appear here first; index is their number from 1.
    also : tuple of int
        Numbers of those that speak for it too.
    """

    id: str
    group: str
    summary: pd.Series
    measures: pd.DataFrame
    also: tuple[int, ...]


def headings(card: Scorecard) -> list[Heading]:
    """Return the headings in their order, every measure under the first one it speaks for."""
    measures = card.measures
    first = measures.drop_duplicates("measure")
    numbers = {str(name): number for number, name in enumerate(first["measure"], start=1)}
    made = []
    for group, names in GROUPS.items():
        for name in names:
            own = first[first["principle"] == name]
            own = own.set_axis(pd.Index([numbers[str(each)] for each in own["measure"]], name="number"), axis=0)
            here = measures.loc[measures["principle"] == name, "measure"]
            also = tuple(sorted(numbers[str(each)] for each in here if numbers[str(each)] not in own.index))
            made.append(Heading(name, group, card.summary.loc[name], own, also))
    return made


def verdicts(card: Scorecard) -> dict[str, int]:
    """Return how many measures get better, worse, stay, change for neither, are unknown; each counted once."""
    counted = card.measures.drop_duplicates("measure")["verdict"].value_counts()
    return {name: int(counted.get(name, 0)) for name in ("better", "worse", "unchanged", "changed", "unknown")}


def measure_text(value: object, unit: str, lang: Lang) -> str:
    """Return a value as readers write it, with its unit where that is not in the title.

    Examples
    --------
    >>> measure_text(0.6629, "share", "zh"), measure_text(2793, "households", "zh"), measure_text(559.3, "m", "en")
    ('66.3%', '2,793户', '559 m')
    """
    if is_missing(value):
        return word("unknown", lang)
    chinese, decimals = UNITS[unit]
    amount = round(float(str(value)), decimals) + 0.0
    if unit == "share":
        return f"{amount:.1%}"
    if lang == "zh":
        return f"{amount:,.{decimals}f}{chinese}"
    return f"{amount:,.{decimals}f}" + (f" {unit}" if unit in ("m", "km", "km²") else "")


def change_text(row: pd.Series, lang: Lang) -> str:
    """Return a measure's title with both its values."""
    was, now = (measure_text(row[when], str(row["unit"]), lang) for when in ("before", "after"))
    arrow = f"{was}→{now}" if lang == "zh" else f" {was} → {now}"
    return f"{row[f'title_{lang}']}{arrow}"


def unknown_measures(card: Scorecard, lang: Lang) -> str:
    """Return the numbers of the measures that are not known of the plan, by the reason; empty where all are."""
    numbers = {number: row for each in headings(card) for number, row in each.measures.iterrows()}
    reasons: dict[str, list[str]] = {}
    for number, row in numbers.items():
        if is_missing(row["after"]):
            reasons.setdefault(str(row[f"note_{lang}"]), []).append(str(number))
    if lang == "zh":
        return "；".join(f"第{'、'.join(found)}项（{why}）" for why, found in reasons.items())
    return "; ".join(f"no. {', '.join(found)} ({why})" for why, found in reasons.items())


def shared_rooms(card: Scorecard, called: Mapping[str, str], lang: Lang) -> str:
    """Return which community comes to have several of one kind of the six ones, and how many.

    Parameters
    ----------
    card
    called
        Community id → name.
    lang
    """
    said = []
    for community, part in card.sharing.groupby("community_id", sort=True):
        kinds = [
            f"{SIX_ONES[one][0]}{count}处" if lang == "zh" else f"{SIX_ONES[one][1]} {count}"
            for one, count in zip(part["one"], part["count"], strict=True)
        ]
        name = called.get(str(community), str(community))
        said.append(f"{name}有{'、'.join(kinds)}" if lang == "zh" else f"{name} ({', '.join(kinds)})")
    return ("；" if lang == "zh" else "; ").join(said)
