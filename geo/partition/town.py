"""A town as the engine reads it: arrays over blocks, seams, communities and atoms."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from geo.partition.plan import Limits, Lock, Note, PlanOptions

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

WholeKind = Literal["village", "converted", "community", "estate", "together", "as_is", "forbid_cut"]


@dataclass(frozen=True)
class Whole:
    """Blocks that must stay together, and why: `zh` and `en` name it in a sentence."""

    kind: WholeKind
    id: str
    zh: str
    en: str
    blocks: tuple[int, ...]
    pieces: int = 1


@dataclass(frozen=True)
class Town:
    """Everything the engine knows about a town, as arrays over sorted blocks and over atoms.

    Attributes
    ----------
    limits, options : Limits, PlanOptions
    block_ids : tuple of str
        Sorted; arrays over blocks follow this order.
    households, people, area_m2 : arrays over blocks
        Unknown counts stand as 0; `notes` say how many.
    people_known : bool
        Whether any block has people; people limits hold only then.
    x_m, y_m : arrays over blocks
        A point inside each block [m].
    old_ids : tuple of str
        Today's communities, sorted.
    old : array over blocks
        Position in `old_ids`, -1 where a block has no community.
    villages : array over old_ids
        Whether it is a village (村), not a community of residents (社区), converted ones included.
    names_zh, names_en : tuples over old_ids
        "梁沟村(V05)", "village Lianggou (V05)".
    office_xy : array (communities, 2)
        Offices of today's communities [m], NaN where unknown.
    way_m : array (blocks, communities)
        From each block's homes to each of these offices [m]: walked where the blocks' table says so (`WALK_COLUMN`),
        else straight times `detour`. NaN where the office is unknown.
    detour : float
        How much longer walks are than straight lines here: the median of those that are known, 1 where none is.
    groups : tuple over blocks
        The estate (`group_id`) of each block, empty where there is none.
    town : array over blocks
        Number of the town; communities never join across.
    town_names : tuple of str
    seam_a, seam_b : arrays over inner seams
        Blocks on both sides.
    seam_m, seam_cost : arrays over inner seams
        Length [m] and cost of a metre of border.
    seam_names, seam_classes : tuples over inner seams
        What each follows, for sentences; and of what class that is.
    cross, uncut : arrays over inner seams
        Seams no community may span; seams no border may follow.
    wholes : tuple of Whole
        What must stay together.
    fixed : mapping from old community (position) to its blocks
        Communities that stay exactly as they are.
    apart : tuple of (Lock, sets of blocks)
        Locks that keep blocks apart.
    labels : tuple of int
        Communities (positions in `old_ids`) that conditions speak of: each of them lives on.
    anchor : array over labels
        The block that stays with the community of the label, whatever happens.
    pin : array over blocks
        Position in `labels` of the community that the block must be in, -1 for any.
    bar : array (blocks, labels)
        Whether the block must not be in the community of the label.
    shun : array (labels, labels)
        Whether the two must not have a common border.
    office : array over old_ids
        The block that each community's office stands in, -1 where unknown.
    atom : array over blocks
        The atom of each block; atoms are numbered by their first block.
    notes : tuple of Note
        Assumptions made.
    """

    limits: Limits
    options: PlanOptions
    block_ids: tuple[str, ...]
    households: Ints
    people: Ints
    area_m2: Floats
    people_known: bool
    x_m: Floats
    y_m: Floats
    old_ids: tuple[str, ...]
    old: Ints
    villages: Flags
    names_zh: tuple[str, ...]
    names_en: tuple[str, ...]
    office_xy: Floats
    groups: tuple[str, ...]
    town: Ints
    town_names: tuple[str, ...]
    seam_a: Ints
    seam_b: Ints
    seam_m: Floats
    seam_cost: Floats
    seam_names: tuple[str, ...]
    seam_classes: tuple[str, ...]
    cross: Flags
    uncut: Flags
    wholes: tuple[Whole, ...]
    fixed: tuple[int, ...]
    apart: tuple[tuple[Lock, tuple[frozenset[int], ...]], ...]
    atom: Ints
    labels: tuple[int, ...] = ()
    anchor: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    pin: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    bar: Flags = field(default_factory=lambda: np.zeros((0, 0), dtype=bool))
    shun: Flags = field(default_factory=lambda: np.zeros((0, 0), dtype=bool))
    office: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    way_m: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    detour: float = 1.0
    notes: tuple[Note, ...] = ()
    conflicts: tuple[str, ...] = ()

    @property
    def touching(self) -> Flags:
        """Inner seams that a community could span: common borders that count as touching."""
        return np.asarray(~self.cross & (self.town[self.seam_a] == self.town[self.seam_b]), dtype=np.bool_)

    @property
    def atoms_count(self) -> int:
        """Number of atoms."""
        return int(self.atom.max()) + 1

    def by_atom(self, values: npt.NDArray[np.generic]) -> Floats:
        """Return the sums of a column of blocks over atoms."""
        return np.asarray(
            np.bincount(self.atom, values.astype(np.float64), minlength=self.atoms_count), dtype=np.float64
        )

    def atom_name(self, atom: int, *, chinese: bool = False) -> str:
        """Return what a sentence calls an atom."""
        blocks = np.flatnonzero(self.atom == atom)
        inside = [w for w in self.wholes if w.blocks and self.atom[w.blocks[0]] == atom and len(w.blocks) > 1]
        if len(blocks) == 1 and self.options.mode == "merge" and self.old[blocks[0]] >= 0:
            return (self.names_zh if chinese else self.names_en)[int(self.old[blocks[0]])]
        if len(blocks) == 1 or not inside:
            word = "地块" if chinese else "block"
            return f"{word} {self.block_ids[blocks[0]]}"
        names = [w.zh if chinese else w.en for w in inside]
        shown = names[:3] + ([f"… ({len(names)})"] if len(names) > 3 else [])
        return ("与" if chinese else " with ").join(shown)


def capital(text: str) -> str:
    """Return the text with its first letter large, as the first word of a sentence."""
    return text[:1].upper() + text[1:]


def pieces(count: int, a: Ints, b: Ints) -> tuple[int, Ints]:
    """Return the connected pieces of a graph: how many, and the piece of each vertex, numbered by first vertex."""
    graph = coo_array((np.ones(len(a), dtype=np.int8), (a, b)), shape=(count, count))
    found, label = connected_components(graph, directed=False)
    _, first = np.unique(label, return_index=True)
    rank = np.empty(found, dtype=np.int64)
    rank[np.argsort(first, kind="stable")] = np.arange(found)
    return int(found), rank[label]
