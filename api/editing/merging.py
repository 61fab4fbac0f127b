"""Whether two edits of one plan touch: those that do not can be made one after the other in any order."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from geo.partition.edits import Draft, State
from geo.partition.plan import Condition, Lock
from geo.partition.steps import Cut as CutStep
from geo.partition.steps import Locked, Merge, Split, Step
from geo.partition.town import Town


@dataclass(frozen=True)
class Touched:
    """What an edit touches: blocks, and the communities that have them before and after."""

    blocks: frozenset[str] = frozenset()
    communities: frozenset[str] = frozenset()

    def __or__(self, other: "Touched") -> "Touched":
        return Touched(self.blocks | other.blocks, self.communities | other.communities)

    def meets(self, other: "Touched") -> bool:
        """Tell whether both touch a block or a community."""
        return bool(self.blocks & other.blocks or self.communities & other.communities)


def touched(was: State, now: State, step: Step) -> Touched:
    """Return what one step touched between two states.

    Every block that is in another community now, and those communities; what the step names; with a lock, what it
    binds together or keeps apart, wherever that is. A community that the step set up is not counted: nobody else can
    have meant it.
    """
    before = np.array(was.ids, dtype=object)[was.part]
    after = np.array(now.ids, dtype=object)[now.part]
    moved = np.flatnonzero(before != after)
    blocks = {was.town.block_ids[i] for i in moved.tolist()}
    communities = {*before[moved], *after[moved], *_named(step)}
    if isinstance(step, Locked):
        bound = _bound(now.town, step.wish)
        blocks |= {now.town.block_ids[i] for i in bound}
        communities |= {*before[bound], *after[bound]}
    communities -= set(now.ids) - {*was.ids, *was.town.old_ids}
    return Touched(frozenset(blocks), frozenset(map(str, communities)))


def touched_by(draft: Draft, steps: Iterable[tuple[int, Step]]) -> Touched:
    """Return what steps of a draft touched; each with the position of the state it led to."""
    found = Touched()
    for position, step in steps:
        found |= touched(draft.states[position - 1], draft.states[position], step)
    return found


def _named(step: Step) -> set[str]:
    match step:
        case Merge():
            return {step.a, step.b}
        case Split() | CutStep():
            return {step.community}
        case Locked():
            return set()
        case _:
            return {step.to} if step.to is not None else set()


def _bound(town: Town, wish: Lock | Condition) -> list[int]:
    """Return the blocks that a lock or condition speaks of."""
    communities = {wish.community} if isinstance(wish, Condition) else set()
    ids = set(wish.ids)
    if wish.of == "communities":
        communities |= ids
    olds = [town.old_ids.index(each) for each in communities if each in town.old_ids]
    found = np.isin(town.old, olds)
    if wish.of == "blocks":
        found |= np.isin(np.array(town.block_ids, dtype=object), list(ids))
    elif wish.of == "estates":
        found |= np.isin(np.array(town.groups, dtype=object), list(ids))
    return [int(i) for i in np.flatnonzero(found)]
