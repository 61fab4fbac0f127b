"""The area that somebody's right to edit is limited to, and what lies in it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from api.deps import Here
from api.errors import NotAllowedError
from api.features.snapshot import Snapshots

INSIDE_M = 0.05
"""A shape may stand out of the area by this much [m]: coordinates are rounded on their way."""

INSIDE_SHARE = 0.95
"""Share of a block that must lie in the area: outlines of blocks and of areas are drawn by different hands."""

_SHOWN = 20

MayChange = Callable[[Sequence[str], Sequence[BaseGeometry]], None]
"""Refuses a step that changes these blocks (ids, shapes), where its planner may not: NotAllowedError."""


@dataclass(frozen=True)
class Area:
    """An area somebody edits in: collection and id of it, and its shape; None where it is not there (any more)."""

    who: str
    collection: str
    id: str
    shape: BaseGeometry | None

    def holds(self, shapes: Iterable[BaseGeometry | None]) -> bool:
        """Tell whether there are shapes, and all of them lie in the area."""
        placed = [shape for shape in shapes if shape is not None]
        reach = None if self.shape is None else shapely.buffer(self.shape, INSIDE_M)
        return reach is not None and bool(placed) and all(shapely.covers(reach, shape) for shape in placed)

    def require_blocks(self, ids: Sequence[str], shapes: Sequence[BaseGeometry]) -> None:
        """Refuse a step of a plan that changes blocks outside of the area.

        Raises
        ------
        NotAllowedError
            `more["blocks"]` names those outside, `more["reasons_zh"]` says so in Chinese.
        """
        outside = [block for block, inside in zip(ids, self._blocks(shapes), strict=True) if not inside]
        if not outside:
            return
        some = ", ".join(outside[:_SHOWN]) + (" …" if len(outside) > _SHOWN else "")
        text = (f"{self.who} edits in {self.collection} {self.id} only, and {len(outside)} of the {len(ids)} blocks "
                f"that this changes lie outside: {some}")  # fmt: skip
        text_zh = (f"{self.who}只能在{self.collection} {self.id}范围内修改；此步涉及的{len(ids)}个街坊地块中有"
                   f"{len(outside)}个在范围外：{some}")  # fmt: skip
        raise NotAllowedError(text, "change blocks of the area alone, or ask who works there, or an admin",
                              reasons=[text], reasons_zh=[text_zh], blocks=outside)  # fmt: skip

    def _blocks(self, shapes: Sequence[BaseGeometry]) -> Sequence[bool]:
        if self.shape is None:
            return [False] * len(shapes)
        there = np.asarray(shapes, dtype=object)
        within = shapely.area(shapely.intersection(there, self.shape))
        inside: Sequence[bool] = (within >= INSIDE_SHARE * shapely.area(there)).tolist()
        return inside


def area_of(at: Here) -> Area | None:
    """Return the area that the caller edits in; None where that is the whole study."""
    named = at.caller.area.get(at.study_id)
    if named is None:
        return None
    collection, area_id = named
    shape = None
    if collection in at.store.collections():
        snapshot = at.server.part(Snapshots).get(at.store, collection)
        position = snapshot.position(area_id)
        shape = snapshot.geometry[position] if position is not None else None
    return Area(at.caller.name, collection, area_id, shape)


def may_change(at: Here) -> MayChange | None:
    """Return what refuses steps of plans outside of the caller's area; None where the caller edits everywhere."""
    area = area_of(at)
    return None if area is None else area.require_blocks
