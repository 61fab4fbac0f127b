"""Unit costs of measures: what one square metre, metre, flat or lift costs, from where, of which day.

A price list is a TOML file with one table `[costs]` and its rows as `[[cost]]`. The one that comes with shequ holds
examples, marked as such, so that a programme can be tried out; real prices are the user's.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from geo.standards.files import Key, Text, read_standard, shipped


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class UnitCost(_Frozen):
    """What one unit of a measure costs.

    Attributes
    ----------
    measure : str
        The measure's key on the menu.
    yuan : float
        Price of one unit [yuan].
    per : str
        The unit, as on the menu: m2, m, count, flats, lift, site …
    source : str
        Where the price is from.
    dated : str
        Of which day it is, as ISO text; empty when nobody knows.
    example : bool
        It is an example, no price: whatever is computed from it says so.
    region : str
        Where it holds; empty: anywhere.
    """

    measure: Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
    yuan: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    per: Text
    source: Text
    dated: str = ""
    example: bool = False
    region: str = ""
    note_zh: str = ""
    note_en: str = ""


class Costs(_Frozen):
    """A named list of unit costs, one per measure."""

    name: Key
    edition: Text
    title_zh: Text
    title_en: Text
    source: Text
    source_en: str = ""
    note_zh: str = ""
    note_en: str = ""
    costs: Annotated[tuple[UnitCost, ...], Field(min_length=1)]

    def of(self, measure: str) -> UnitCost | None:
        """Return the unit cost of that measure, or None when the list has none: an unknown price is not zero."""
        return next((each for each in self.costs if each.measure == measure), None)

    @property
    def examples(self) -> tuple[str, ...]:
        """The measures whose price is an example, in order."""
        return tuple(each.measure for each in self.costs if each.example)


def load_costs(name_or_path: str | Path) -> Costs:
    """Return the price list of that name (`example-costs`), or the one in the TOML file at that path.

    Raises
    ------
    StandardError
        When there is none, or the file is wrong: with file, field, value and remedy.

    Examples
    --------
    >>> load_costs("example-costs").of("lift").example
    True
    """
    return read_standard(name_or_path, "costs", Costs, rows={"cost": "costs"}, check=_contradictions)


def list_costs() -> list[Costs]:
    """Return the price lists that come with shequ, by name."""
    return [load_costs(path) for path in shipped("costs")]


def _contradictions(costs: Costs) -> Iterator[str]:
    """Yield a sentence for everything in a price list that cannot hold together."""
    measures = [each.measure for each in costs.costs]
    for twice in sorted({key for key in measures if measures.count(key) > 1}):
        yield f"measure {twice} has two prices\n  remedy: keep one; other regions go into a list of their own"
    for each in costs.costs:
        if each.dated and not _is_day(each.dated):
            yield f"measure {each.measure}: dated = {each.dated!r} is no day\n  remedy: write it like 2026-03-01"


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
