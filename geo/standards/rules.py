"""Rules for sites of renovation: the positive and the negative list, as data that a city may change.

A set is a TOML file with one table `[site_rules]` and its rules as `[[rule]]`. Each names the test that decides it; the
tests themselves are in `geo.examination.candidates` and answer pass, fail or unknown:

| test | what it looks at | limit |
|---|---|---|
| `built_by` | most of the site's buildings were completed by the end of that year | year |
| `in_town` | the site lies in a community or converted village, not in a village | – |
| `self_built_share_max` | the share of self-built buildings is at most | 0 to 1 |
| `consent_min` | the share of owners who want the works is at least | 0 to 1 |
| `surveyed_min` | the share of the housing questions that were answered is at least | 0 to 1 |
| `has_findings` | housing indicators found in the site, at least | count |
| `missing_facilities` | residential-area indicators found in the site, at least | count |
| `declared` | a yes or no of the user's for the site, under the rule's key; on the negative list yes breaks it | – |
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from geo.standards.files import Key, Text, read_standard, shipped

SiteTest = Literal[
    "built_by", "in_town", "self_built_share_max", "consent_min", "surveyed_min", "has_findings",
    "missing_facilities", "declared",
]  # fmt: skip
"""The tests a rule may name."""

SITE_TESTS: tuple[str, ...] = get_args(SiteTest)

UNITS = {
    "built_by": "year", "consent_min": "share", "surveyed_min": "share", "self_built_share_max": "share",
    "has_findings": "count", "missing_facilities": "count",
}  # fmt: skip
"""The unit of the limit, by test; tests that are not here have no limit."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SiteRule(_Frozen):
    """One rule for a site of renovation.

    Attributes
    ----------
    key, title_zh, title_en : str
        Its key, and what it asks for (positive list) or forbids (negative list).
    list : str
        `positive` (正面清单) or `negative` (负面清单).
    test : str
        What decides it: one of `SITE_TESTS`.
    limit, unit : float or None, str
        The limit, in the unit that `UNITS` gives for the test.
    severity : str
        `must`: a breach excludes the site; `should`: it is only said.
    source, source_en, clause, clause_en, note_zh, note_en : str
        Where it is from, and what of it is our reading.
    """

    key: Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
    list: Literal["positive", "negative"]
    title_zh: Text
    title_en: Text
    test: SiteTest
    limit: float | None = None
    unit: Literal["year", "share", "count", ""] = ""
    severity: Literal["must", "should"]
    source: Text
    source_en: Text
    clause: str = ""
    clause_en: str = ""
    note_zh: str = ""
    note_en: str = ""


class SiteRules(_Frozen):
    """A named, cited set of rules for sites of renovation.

    Attributes
    ----------
    built_by : int
        Sites completed by the end of that year are the object of renovation.
    consent_min : float
        The least share of owners who must want the works, 0 to 1.
    rules : tuple of SiteRule
        In the order in which verdicts are told.
    """

    name: Key
    edition: Text
    title_zh: Text
    title_en: Text
    source: Text
    source_en: Text
    note_zh: str = ""
    note_en: str = ""
    built_by: Annotated[int, Field(ge=1000)] = 2000
    consent_min: Annotated[float, Field(ge=0, le=1)]
    rules: Annotated[tuple[SiteRule, ...], Field(min_length=1)]

    def __getitem__(self, key: str) -> SiteRule:
        """Return the rule of that key."""
        for each in self.rules:
            if each.key == key:
                return each
        raise KeyError(key)

    def of(self, which: Literal["positive", "negative"]) -> tuple[SiteRule, ...]:
        """Return the rules of one of the two lists, in order."""
        return tuple(each for each in self.rules if each.list == which)


def load_site_rules(name_or_path: str | Path) -> SiteRules:
    """Return the rules of that name (`old-estates-2021`), or those in the TOML file at that path.

    Raises
    ------
    StandardError
        When there are none, or the file is wrong: with file, field, value and remedy.

    Examples
    --------
    >>> load_site_rules("old-estates-2021").built_by
    2000
    """
    return read_standard(name_or_path, "site_rules", SiteRules, rows={"rule": "rules"}, check=_contradictions)


def list_site_rules() -> list[SiteRules]:
    """Return the sets of rules that come with shequ, by name."""
    return [load_site_rules(path) for path in shipped("site_rules")]


def _contradictions(rules: SiteRules) -> Iterator[str]:
    """Yield a sentence for everything in a set of rules that cannot hold together."""
    keys = [each.key for each in rules.rules]
    for twice in sorted({key for key in keys if keys.count(key) > 1}):
        yield f"rule {twice} stands twice\n  remedy: give every rule a key of its own"
    for each in rules.rules:
        unit = UNITS.get(each.test, "")
        if unit and each.limit is None:
            yield f"rule {each.key}: the test {each.test} needs a limit\n  remedy: give limit, in {unit}"
        elif not unit and each.limit is not None:
            yield f"rule {each.key}: the test {each.test} has no limit\n  remedy: remove limit = {each.limit:g}"
        elif each.unit != unit:
            yield f"rule {each.key}: unit = {each.unit!r}\n  remedy: write unit = {unit!r}, the unit of {each.test}"
        elif unit == "share" and each.limit is not None and not 0 <= each.limit <= 1:
            yield f"rule {each.key}: limit = {each.limit:g} is no share\n  remedy: write a share from 0 to 1"
        for test, said in (("built_by", rules.built_by), ("consent_min", rules.consent_min)):
            if each.test == test and each.limit is not None and each.limit != said:
                yield (
                    f"rule {each.key}: limit = {each.limit:g}, but {test} = {said:g}\n"
                    f"  remedy: let {test} and the rule's limit say the same"
                )
