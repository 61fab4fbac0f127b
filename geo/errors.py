"""The one error tree.

ShequError
├── InputError        the data is unusable: which file, layer, rows, and what to do
├── StandardError     a profile or standard is wrong
└── InfeasibleError   the question has no answer: which rules collide
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

SHOWN_IDS = 8


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with the data: what, where, and what to do about it."""

    what: str
    remedy: str
    table: str | None = None
    ids: tuple[str, ...] = ()
    file: str | None = None
    layer: str | None = None

    def __str__(self) -> str:
        places = [
            f"file {self.file}" if self.file else "",
            f"layer {self.layer}" if self.layer else "",
            f"table {self.table}" if self.table else "",
            f"rows {_some(self.ids)}" if self.ids else "",
        ]
        where = ", ".join(place for place in places if place)
        return f"{self.what}\n  where:  {where or 'the request'}\n  remedy: {self.remedy}"


class ShequError(Exception):
    """Base of everything shequ raises on purpose."""


class InputError(ShequError):
    """The data cannot be used. Carries every fault found, with table and row ids for the map."""

    def __init__(self, faults: Fault | Iterable[Fault]) -> None:
        self.faults = (faults,) if isinstance(faults, Fault) else tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


class StandardError(ShequError):
    """A profile or standard file is wrong."""


class InfeasibleError(ShequError):
    """The request has no answer. `reasons` (in Chinese: `reasons_zh`) are the rules that collide, a sentence each."""

    def __init__(
        self, reasons: Sequence[str], *, reasons_zh: Sequence[str] = (), table: str | None = None,
        ids: Iterable[str] = (),
    ) -> None:  # fmt: skip
        self.reasons = tuple(reasons)
        self.reasons_zh = tuple(reasons_zh)
        self.table = table
        self.ids = tuple(ids)
        super().__init__("\n".join(self.reasons))


def _some(ids: Sequence[str]) -> str:
    more = len(ids) - SHOWN_IDS
    shown = ", ".join(str(i) for i in ids[:SHOWN_IDS])
    return f"{shown} and {more} more" if more > 0 else shown
