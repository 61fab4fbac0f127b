"""Roles and rights: what a caller may do in a study."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Role = Literal["viewer", "surveyor", "planner", "approver", "admin"]
Sight = Literal["households", "aggregates", "public"]
"""How much somebody sees of a study: also figures of single households; everything else; what a town shows to all."""

ROLES: tuple[Role, ...] = ("viewer", "surveyor", "planner", "approver", "admin")
"""Each may do what those before it may. A surveyor edits findings, a planner tables and plans and starts jobs, an
approver approves and publishes, an admin keeps accounts, backups and studies."""

HOUSEHOLD_COLUMNS: Mapping[str, frozenset[str]] = {
    "buildings": frozenset({"dwellings", "households", "people", "children", "elders"}),
    "farmhouses": frozenset({"household_id", "people", "parcel_id"}),
    "findings": frozenset({"surveyor"}),
    "observations": frozenset({"surveyor"}),
    "finding_history": frozenset({"by"}),
    "measures": frozenset({"need", "why_zh", "why_en"}),
    "sites": frozenset({"need_met", "need_all"}),
}
"""Frame → columns that tell of single households or persons; only planners and above see them. The need that works
answer is weighed by the households of the house; rows that tell are in `api.features.visible`."""

COUNTS = frozenset({"households", "people", "dwellings", "children", "elders"})
"""Columns that are sums over households; below k they are not told to those without the right."""


@dataclass(frozen=True)
class Caller:
    """Who asks.

    Attributes
    ----------
    name
        As the log keeps it.
    roles
        Study id → role; `*` is every study.
    area
        Study id → collection and id of the area that edits must lie in, e.g. ("communities", "SQ01"); absent: anywhere.
    public
        Somebody without an account or a role, whom the settings let look: sees what `api.accounts.public` shows.
    """

    name: str
    roles: Mapping[str, Role] = field(default_factory=dict)
    area: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    public: bool = False

    def role(self, study_id: str) -> Role | None:
        """Return the caller's role in a study."""
        return self.roles.get(study_id) or self.roles.get("*")

    def may(self, study_id: str, role: Role) -> bool:
        """Tell whether the caller has at least this role in the study."""
        own = self.role(study_id)
        return own is not None and ROLES.index(own) >= ROLES.index(role)

    def sees_households(self, study_id: str) -> bool:
        """Tell whether figures of single households may be shown."""
        return self.may(study_id, "planner")

    def sight(self, study_id: str) -> Sight:
        """Return how much the caller sees: what is kept for one sight is never given to another."""
        if self.public:
            return "public"
        return "households" if self.sees_households(study_id) else "aggregates"


OWNER = Caller("owner", {"*": "admin"})
"""The one planner of a server that only this machine can reach."""

ANONYMOUS = Caller("anonymous", {"*": "viewer"}, public=True)
"""Who has not said who they are, where the settings let such people look."""
