"""Size profiles: how many households and people a community should have, by which text, in which edition.

A profile is a TOML file with one table `[profile]`. Those that come with shequ lie beside this file; a planner's own
may lie anywhere. A published edition is never edited: a correction is a new file.
"""

import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from geo.errors import StandardError

_HERE = Path(__file__).parent

Count = Annotated[int, Field(ge=0, strict=True)]
Text = Annotated[str, Field(min_length=1)]


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

    name: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
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
    text = str(name_or_path)
    if not text.endswith(".toml"):
        path = _HERE / f"{text}.toml"
        known = [profile.name for profile in list_profiles()]
        if text not in known:
            raise StandardError(
                f"there is no profile {text!r}\n"
                f"  remedy: use one of {', '.join(known)}, or the path of your own TOML file"
            )
        return _read(path)
    return _read(Path(text))


def list_profiles() -> list[Profile]:
    """Return the profiles that come with shequ, by name.

    Examples
    --------
    >>> "beijing-2021" in [profile.name for profile in list_profiles()]
    True
    """
    return [_read(path) for path in sorted(_HERE.glob("*.toml")) if "profile" in _toml(path)]


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise _wrong(path, "there is no such file", "correct the path, or use the name of a profile") from error
    except OSError as error:
        raise _wrong(path, f"the file cannot be read ({error.strerror})", "check the path and its rights") from error
    except UnicodeDecodeError as error:
        raise _wrong(path, f"the file is not UTF-8 text (byte {error.start})", "save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise _wrong(path, f"the file is not TOML: {error}", "correct the line it names") from error


def _read(path: Path) -> Profile:
    data = _toml(path)
    table = data.get("profile")
    if not isinstance(table, dict):
        raise _wrong(path, "the file has no table [profile]", "put the thresholds under [profile]")
    if strangers := sorted(set(data) - {"profile"}):
        raise _wrong(path, f"unknown table or key {', '.join(strangers)}", "put everything under [profile]")
    try:
        profile = Profile.model_validate(table)
    except ValidationError as error:
        raise _wrong_fields(path, error) from error
    problems = list(_contradictions(profile))
    if problems:
        raise StandardError("\n".join(problem.replace("FILE", str(path)) for problem in problems))
    return profile


def _contradictions(profile: Profile) -> list[str]:
    """Return a sentence for every pair of thresholds that cannot hold together."""
    problems = []
    for what in ("households", "people"):
        ladder = [(f"{step}_{what}", getattr(profile, f"{step}_{what}")) for step in ("min", "target", "max")]
        present = [(field, value) for field, value in ladder if value is not None]
        problems += [
            f"FILE: {a} = {x} is above {b} = {y}\n  remedy: make {a} at most {b}"
            for (a, x), (b, y) in pairwise(present)
            if x > y
        ]
    return problems


def _wrong(path: Path, what: str, remedy: str) -> StandardError:
    return StandardError(f"{path}: {what}\n  remedy: {remedy}")


def _wrong_fields(path: Path, error: ValidationError) -> StandardError:
    lines = []
    for one in error.errors():
        name = ".".join(str(part) for part in one["loc"])
        if one["type"] == "missing":
            lines.append(f"{path}: field {name} is missing\n  remedy: add it under [profile]")
        elif one["type"] == "extra_forbidden":
            known = ", ".join(Profile.model_fields)
            lines.append(f"{path}: unknown field {name} = {one['input']!r}\n  remedy: use one of {known}")
        else:
            lines.append(f"{path}: field {name} = {one['input']!r}: {one['msg']}\n  remedy: correct the value")
    return StandardError("\n".join(lines))
