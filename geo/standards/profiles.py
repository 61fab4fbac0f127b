"""Size profiles: how many households and people a community should have, by which text, in which edition.

A profile is a TOML file with one table `[profile]`. Those that come with shequ lie beside this file; a planner's own
may lie anywhere. A published edition is never edited: a correction is a new file.
"""

from itertools import pairwise
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from geo.standards.files import Key, Text, read_standard, shipped

Count = Annotated[int, Field(ge=0, strict=True)]


class Profile(BaseModel):
    """A named, cited set of thresholds for the size of a community.

    Attributes
    ----------
    name, edition : str
        What it is called in files, commands and plans, and which edition it is.
    title_zh, title_en : str
        Its title for readers.
    min_households, target_households, max_households : int
        Resident households of one community [households].
    min_people, target_people, max_people : int or None
        Resident people of one community [people]; None when the text says nothing.
    source, clause, source_en, clause_en : str
        Where the figures come from, and where in it.
    note_zh, note_en : str
        What is our reading rather than the text, and what else the text asks for.
    keep_villages, keep_estates : bool
        Whether villages (村, 村改居) and residential compounds (小区) stay whole unless the planner says otherwise.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Key
    title_zh: Text
    title_en: Text
    edition: Text
    min_households: Count
    target_households: Annotated[int, Field(ge=1, strict=True)]
    max_households: Annotated[int, Field(ge=1, strict=True)]
    min_people: Count | None = None
    target_people: Count | None = None
    max_people: Count | None = None
    source: Text
    clause: str = ""
    source_en: str = ""
    clause_en: str = ""
    note_zh: str = ""
    note_en: str = ""
    keep_villages: bool = True
    keep_estates: bool = True


def load_profile(name_or_path: str | Path) -> Profile:
    """Return the profile of that name, or the one in the TOML file at that path.

    Parameters
    ----------
    name_or_path : str or Path
        A name from `list_profiles`, or the path of a TOML file (it ends in `.toml`).

    Raises
    ------
    StandardError
        When the name is unknown, or the file is missing, is not TOML, lacks a field, has one nobody knows, or its
        minimum, target and maximum contradict each other. The message names file, field, value and remedy.

    Examples
    --------
    >>> load_profile("seed-3000").target_households
    3000
    """
    return read_standard(name_or_path, "profile", Profile, check=_contradictions)


def list_profiles() -> list[Profile]:
    """Return the profiles that come with shequ, by name.

    Examples
    --------
    >>> "beijing-2021" in [profile.name for profile in list_profiles()]
    True
    """
    return [load_profile(path) for path in shipped("profile")]


def _contradictions(profile: Profile) -> list[str]:
    """Return a sentence for every pair of thresholds that cannot hold together."""
    problems = []
    for what in ("households", "people"):
        ladder = [(f"{step}_{what}", getattr(profile, f"{step}_{what}")) for step in ("min", "target", "max")]
        present = [(field, value) for field, value in ladder if value is not None]
        problems += [
            f"{a} = {x} is above {b} = {y}\n  remedy: make {a} at most {b}"
            for (a, x), (b, y) in pairwise(present)
            if x > y
        ]
    return problems
