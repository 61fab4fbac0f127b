"""The steps by which a plan is edited by hand, as drafts and requests write them."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from geo.partition.plan import Condition, Lock

MOST_STEPS = 5000
"""Most steps of one draft."""

Id = Annotated[str, Field(min_length=1, max_length=200)]
Number = Annotated[float, Field(allow_inf_nan=False)]


class _Step(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Move(_Step):
    """Blocks go to a community; None is a new one."""

    do: Literal["move"] = "move"
    blocks: Annotated[tuple[Id, ...], Field(min_length=1)]
    to: Id | None


class Merge(_Step):
    """Two communities become one; `heir` says whose id lives on."""

    do: Literal["merge"] = "merge"
    a: Id
    b: Id
    heir: Id | None = None


class Split(_Step):
    """A community is split along lines, or into parts."""

    do: Literal["split"] = "split"
    community: Id
    along: tuple[Id, ...] | None = None
    parts: Annotated[int, Field(ge=1, le=10_000)] | None = None


class Cut(_Step):
    """A community is cut by a line in the study's coordinates [m]."""

    do: Literal["cut"] = "cut"
    community: Id
    line: Annotated[tuple[tuple[Number, Number], ...], Field(min_length=2, max_length=10_000)]


class Locked(_Step):
    """A lock or condition is added or taken back."""

    do: Literal["lock", "unlock"]
    wish: Lock | Condition


Step = Move | Merge | Split | Cut | Locked
