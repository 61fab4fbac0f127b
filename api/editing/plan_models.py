"""What is asked of plans and answered about them, as the API document shows it."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.schemas import Link
from api.storage.plans import BranchOf, PlanState, Turn
from geo.partition.plan import Note, Term

PlanId = Annotated[str, Field(description="lower-case letters, digits and hyphens", max_length=64)]
Title = Annotated[str, Field(max_length=200)]


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewPlan(_Asked):
    """A plan to be kept: the content of a plan.json or where it is kept, an id and titles."""

    id: PlanId
    title_zh: Title = ""
    title_en: Title = ""
    plan: dict[str, object] | Annotated[str, Field(min_length=1, max_length=300)] = Field(
        description="as shequ writes a plan into plan.json; or the id of an upload, the key of a kept file, or a link "
        "to one ({href})"
    )


class NewBranch(_Asked):
    """A plan of its own that begins where another stands."""

    id: PlanId
    title_zh: Title = ""
    title_en: Title = ""


class Titles(_Asked):
    """Other titles; what is left out stays."""

    title_zh: Title | None = None
    title_en: Title | None = None


class TurnAsked(_Asked):
    """A remark on a step of the plan's way; 审图号 when it is published with one."""

    note: Annotated[str, Field(max_length=2_000)] = ""
    review_number: Title = ""


class _Told(BaseModel):
    model_config = ConfigDict(extra="allow", from_attributes=True)


class ViolationTold(_Told):
    """A rule broken in one community."""

    rule: str
    community_id: str
    measured: float | None
    allowed: float | None
    text_zh: str
    text_en: str


class FindingTold(ViolationTold):
    """A rule that is broken, or was before the edit."""

    state: Literal["new", "changed", "stays", "healed"]
    measured_before: float | None = None


class TermTold(_Told):
    """What an edit does to one term: in its own unit, and in the weighted sum."""

    name: str
    unit: str
    before: float
    after: float
    difference: float
    weighted: float


class SizeTold(_Told):
    """What an edit does to one community; null where it is not there, or people are unknown."""

    community_id: str
    households_before: int | None
    households_after: int | None
    people_before: int | None
    people_after: int | None


class OfferTold(_Told):
    """An edit that would mend what this one broke: move `blocks` to `to`."""

    blocks: list[str]
    to: str
    text_zh: str
    text_en: str


class AnswerTold(_Told):
    """What an edit did."""

    text_zh: str
    text_en: str
    blocks: list[str]
    terms: list[TermTold]
    objective_before: float
    objective_after: float
    communities: list[SizeTold]
    violations: list[FindingTold]
    offers: list[OfferTold] = Field(default_factory=list)
    notes: list[Note] = Field(default_factory=list)


class CommunityTold(_Told):
    """One community of a plan."""

    id: str
    text_zh: str
    text_en: str
    blocks: int
    households: int | None
    people: int | None
    against_limits: str


class StepTold(_Told):
    """One edit, in words; `done` is false for what was undone and can be redone."""

    text_zh: str
    text_en: str
    done: bool


class PlanSummary(_Told):
    """One plan in the list."""

    id: str
    title_zh: str
    title_en: str
    state: PlanState
    version: int
    steps: int
    branch_of: BranchOf | None
    by: str
    at: str
    review_number: str
    links: list[Link] = Field(default_factory=list)


class Plans(_Told):
    """The plans of a study."""

    plans: list[PlanSummary]
    links: list[Link]


class PlanTold(PlanSummary):
    """A plan as it stands: what it measures, which rules it breaks, how it came about.

    `explained` tells whether the texts of its layers tell of the plan as it stands; propose or explain it to have them
    told anew.
    """

    explained: bool
    digest: str
    min_households: int
    target_households: int
    max_households: int
    min_people: int | None
    max_people: int | None
    objective: float
    terms: dict[str, Term]
    violations: list[ViolationTold]
    communities: list[CommunityTold]
    history: list[StepTold]
    can_undo: bool
    can_redo: bool
    notes: list[Note]
    turns: list[Turn]


class MergedTold(_Told):
    """Edits by others that an edit was put behind: they touch nothing that it touches."""

    seen: int = Field(description="the version that the client named")
    onto: int = Field(description="the version that the edit was made on")
    edits: list[str] = Field(description="what the others did, in English")
    edits_zh: list[str]


class EditTold(_Told):
    """What an edit did, and the plan as it stands now."""

    version: int
    tx: int
    merged: MergedTold | None = None
    answer: AnswerTold
    plan: PlanTold


class MovedBlock(_Told):
    """A block that is in another community in the second plan."""

    block_id: str
    from_id: str
    to_id: str
    households: int | None
    area_m2: float


class MovedPair(_Told):
    """The blocks between one pair of communities, summed up."""

    from_id: str
    to_id: str
    blocks: int
    households: int | None
    area_m2: float


class Comparison(_Told):
    """Two plans side by side: `first` is the one asked about, `second` the one it is compared with."""

    first: str
    second: str
    blocks: list[MovedBlock]
    pairs: list[MovedPair]
    terms: list[TermTold]
    objective_first: float
    objective_second: float
    violations: list[FindingTold]
    communities: list[SizeTold]


class CommunityText(_Told):
    """What an official plan says of one community: `today`'s fate, or the range of one of the plan's."""

    id: str
    name: str | None
    name_en: str | None
    text_zh: str | None
    text_en: str | None


class MoveText(_Told):
    """What an official plan says of one parcel that changes hands."""

    id: str
    from_id: str | None
    to_id: str
    text_zh: str | None
    text_en: str | None


class Texts(_Told):
    """The plan in the words of an official text."""

    version: int
    communities: list[CommunityText]
    today: list[CommunityText]
    moves: list[MoveText]
