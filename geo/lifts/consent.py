"""Whether the owners of a stair or building have agreed to a lift: article 278's two tests, and what is still missing.

Areas are whole square centimetres and shares are fractions: nothing is rounded before it is compared.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from math import ceil
from typing import Literal

import pandas as pd

from geo.errors import Fault, InputError
from geo.lifts.ledger import DEVELOPER, Ledger, natural
from geo.standards.lift_rules import LiftRules

Scope = Literal["unit", "building"]
"""Whose owners are asked: those of one stair (单元), or of the whole building (幢)."""

Counting = Literal["owner", "co_owner", "flat"]
"""Who is one person: the owner or owners of a flat together, with all their flats; every co-owner; every flat."""

Verdict = Literal["met", "missed", "unknown"]

TESTS = ("participation_area", "participation_persons", "agreement_area", "agreement_persons")
"""The four comparisons of article 278, in the order in which they are told."""

_CM2 = 10_000


@dataclass(frozen=True)
class Person:
    """One person of a vote: what he answered, his area [cm²], and whether the area of some of his flats is unknown."""

    key: str
    answer: str
    area_cm2: Fraction
    area_unknown: bool = False


@dataclass(frozen=True)
class Missing:
    """What one vote still lacks.

    Attributes
    ----------
    at_least : int
        Persons who must still agree by the tests of persons alone: it holds whatever unknown areas may be.
    unasked : int or None
        Fewest persons among those who have not voted who must agree; None when all of them would not suffice, or areas
        are unknown.
    anyone : int or None
        The same, when those who abstained or refused may be won over too; None when areas are unknown.
    changed : int or None
        How many of `anyone` have to change their answer: as few as that number allows.
    area_cm2 : Fraction or None
        Least area that must still agree, among those who have not voted; None when areas are unknown.
    """

    at_least: int
    unasked: int | None
    anyone: int | None
    changed: int | None
    area_cm2: Fraction | None


@dataclass(frozen=True)
class Consents:
    """The votes of a ledger.

    Attributes
    ----------
    scope, counting
        Whose owners are asked, and who is one person.
    rules, edition
        The rules that it was counted by.
    table : DataFrame
        One row for each stair or building, index `vote_id` (`JZ00012/2`, or `JZ00012`). Columns:

        - building_id, unit (empty for a building as a whole), flats, flats_without_area, persons;
        - area_m2 (NaN when that of a flat is unknown), known_area_m2;
        - participants, agreed, against, abstained, unasked: persons;
        - participant_area_m2, agreed_area_m2: known areas;
        - participation_area, participation_persons, agreement_area, agreement_persons: met, missed or unknown;
        - verdict: `agreed`, `missing` or `unknown`;
        - missing_at_least, missing_unasked, missing_anyone, missing_changed (Int64), missing_area_m2 (see `Missing`);
        - reason_zh, reason_en.
    notes : tuple of (str, str)
        How it was counted, assumptions, what is unknown; in Chinese and English.
    """

    scope: Scope
    counting: Counting
    rules: str
    edition: str
    table: pd.DataFrame
    notes: tuple[tuple[str, str], ...]

    def by_building(self) -> pd.DataFrame:
        """Return the number of votes of every building (index `building_id`): votes, agreed, missing, unknown."""
        counts = pd.crosstab(self.table["building_id"], self.table["verdict"])
        counts = counts.reindex(columns=["agreed", "missing", "unknown"], fill_value=0)
        counts.insert(0, "votes", counts.sum(axis=1))
        counts.columns.name = None
        return counts


def count_consent(ledger: Ledger, *, rules: LiftRules, scope: Scope = "unit", counting: Counting = "owner") -> Consents:
    """Return how every stair or building of a ledger has voted on a lift, and what is still missing.

    Owners of at least 2/3 of the exclusive area and at least 2/3 of the persons must take part, and of those at least
    3/4 by area and 3/4 by persons must agree (Civil Code, article 278, item 7). Who has not voted takes no part; who
    abstains does. Flats whose area is unknown make a test by area unknown, unless it comes out the same whatever they
    measure.

    Parameters
    ----------
    ledger
        The flats, their owners and answers (`geo.lifts.ledger.read_ledger`).
    rules
        The shares, with their source.
    scope
        Whose owners vote together. A building of which no stair is named is one vote either way.
    counting
        Who is one person. `owner`: the owners of a flat together, with all flats of the same owners (judicial
        interpretation of 2009 as amended in 2020, article 9; that co-owners are one is our reading). `co_owner`: every
        co-owner, with an even part of the area. `flat`: every flat.

    Raises
    ------
    InputError
        With every person whose rows give different answers: one person has one vote.
    """
    flats = ledger.flats.assign(stair="" if scope == "building" else ledger.flats["unit"])
    votes = sorted(flats.groupby(["building_id", "stair"], sort=False), key=lambda each: tuple(map(natural, each[0])))
    faults: list[Fault] = []
    rows = []
    for (building, unit), some in votes:
        vote = f"{building}/{unit}" if unit else str(building)
        persons, wrong = _persons(some, counting, vote, ledger.file)
        faults += wrong
        if not wrong:
            rows.append({"vote_id": vote, "building_id": building, "unit": unit, **_counted(some, persons, rules)})
    if faults:
        raise InputError(faults)
    table = pd.DataFrame(rows).set_index("vote_id")
    whole = ("missing_at_least", "missing_unasked", "missing_anyone", "missing_changed")
    table = table.astype({**dict.fromkeys(whole, "Int64"), "area_m2": "float64", "missing_area_m2": "float64"})
    notes = (*ledger.notes, *_notes(flats, rules, scope, counting))
    return Consents(scope, counting, rules.name, rules.edition, table, notes)


def passes(share: Fraction, yes: Fraction, no: Fraction, *, yes_unknown: bool, no_unknown: bool) -> Verdict:
    """Return whether `yes` is at least `share` of `yes + no`, whatever unknown positive parts either may have.

    Nobody at all is no majority: 0 of 0 is missed.

    Examples
    --------
    >>> passes(Fraction(2, 3), Fraction(2), Fraction(1), yes_unknown=False, no_unknown=False)
    'met'
    >>> passes(Fraction(2, 3), Fraction(2), Fraction(1), yes_unknown=True, no_unknown=True)
    'unknown'
    """
    holds = yes >= share * (yes + no)
    somebody = yes + no > 0 or yes_unknown or no_unknown
    if holds and somebody and not no_unknown:
        return "met"
    if not somebody or (not yes_unknown and (not holds or yes == 0)):
        return "missed"
    return "unknown"


def missing_votes(persons: Iterable[Person], rules: LiftRules) -> Missing:
    """Return what a vote still lacks: the fewest further votes in favour that meet all four comparisons.

    Who agrees after not having voted takes part, too, so that more is asked of agreement; who changes his answer to
    agreement takes part already. Of either kind, for every number of them, those with most area serve best; so the best
    pair of numbers is found by going through one and looking up the other. Exact, whatever the areas.
    """
    people = list(persons)
    voted = [one for one in people if one.answer != "none"]
    agreed = [one for one in voted if one.answer == "agree"]
    unasked = [one for one in people if one.answer == "none"]
    against = [one for one in voted if one.answer != "agree"]
    heads = _Tally(rules, *(Fraction(len(some)) for some in (people, voted, agreed)))
    by_persons = list(_pairs(heads, len(unasked), len(against)))
    at_least = min(i + j for i, j in by_persons)
    if any(one.area_unknown for one in people):
        return Missing(at_least, None, None, None, None)
    ground = _Tally(rules, *(sum((one.area_cm2 for one in some), Fraction(0)) for some in (people, voted, agreed)))
    asked, changed = _largest_first(unasked), _largest_first(against)
    pairs = [
        (most, j)
        for i, j in by_persons
        if (area := ground.needed(changed[j])) is not None
        and (most := max(i, bisect_left(asked, area))) <= len(unasked)
    ]
    fewest, swayed = min(((i + j, j) for i, j in pairs))
    return Missing(at_least, next((i for i, j in pairs if j == 0), None), fewest, swayed, ground.needed(Fraction(0)))


@dataclass(frozen=True)
class _Tally:
    """Persons or areas of a vote: of all, of those who take part, of those who agree."""

    rules: LiftRules
    whole: Fraction
    part: Fraction
    favour: Fraction

    def needed(self, changed: Fraction) -> Fraction | None:
        """Return how much must come from those who have not voted, when `changed` changes to agreement.

        None when nothing suffices. Who comes from outside counts in both: favour + x >= share * (part + x).
        """
        agree = self.rules.agreement_share
        short = agree * self.part - self.favour - changed
        if short > 0 and agree == 1:
            return None
        more = short / (1 - agree) if agree < 1 else Fraction(0)
        return max(Fraction(0), self.rules.participation_share * self.whole - self.part, more)


def _pairs(heads: _Tally, unasked: int, against: int) -> Iterator[tuple[int, int]]:
    """Yield (new voters, changed answers) that meet both tests of persons: for each second, the least first."""
    for j in range(against + 1):
        needed = heads.needed(Fraction(j))
        if needed is not None and ceil(needed) <= unasked:
            yield ceil(needed), j


def _largest_first(persons: Iterable[Person]) -> list[Fraction]:
    """Return the area of the largest none, one, two … of some persons."""
    return list(accumulate(sorted((one.area_cm2 for one in persons), reverse=True), initial=Fraction(0)))


def _persons(flats: pd.DataFrame, counting: Counting, vote: str, file: str) -> tuple[list[Person], list[Fault]]:
    """Return the persons of a vote in the order of their flats, and whose rows give different answers."""
    owners: dict[tuple[str, str], list[str]] = {}
    facts: dict[tuple[str, str], int | None] = {}
    answers: dict[str, set[str]] = {}
    held: dict[str, list[tuple[int | None, int]]] = {}
    said: list[tuple[tuple[str, str], str, str]] = []
    for unit, flat, owner, area, answer in zip(
        *(flats[column] for column in ("unit", "flat", "owner", "area_cm2", "answer")), strict=True
    ):
        place = (unit, flat)
        owners.setdefault(place, []).append(owner)
        facts[place] = None if pd.isna(area) else int(area)
        said.append((place, owner, answer))
    for place, some in owners.items():
        for key in sorted(some) if counting == "co_owner" else [_person(place, some, counting)]:
            held.setdefault(key, []).append((facts[place], len(some) if counting == "co_owner" else 1))
    for place, owner, answer in said:
        key = owner if counting == "co_owner" else _person(place, owners[place], counting)
        answers.setdefault(key, set()).update({answer} - {"none"})
    faults = [
        Fault(f"vote {vote}: person {key} gives different answers ({', '.join(sorted(given))})",
              "one person has one vote: correct the rows, or count otherwise (--counting)", ids=(vote,), file=file)
        for key, given in answers.items() if len(given) > 1
    ]  # fmt: skip
    persons = [
        Person(key, next(iter(answers[key]), "none"),
               sum((Fraction(area, parts) for area, parts in areas if area is not None), Fraction(0)),
               any(area is None for area, _ in areas))
        for key, areas in held.items()
    ]  # fmt: skip
    return persons, faults


def _person(place: tuple[str, str], owners: Sequence[str], counting: Counting) -> str:
    """Return who counts as the person of a flat: the developer, its owners together, or the flat itself."""
    if counting == "flat":
        return "/".join(part for part in place if part)
    return DEVELOPER if DEVELOPER in owners else "+".join(sorted(owners))


def _counted(flats: pd.DataFrame, persons: Sequence[Person], rules: LiftRules) -> dict[str, object]:
    """Return one row of the table: the figures of one vote."""
    by = {
        answer: [one for one in persons if one.answer == answer] for answer in ("agree", "against", "abstain", "none")
    }
    voted = [one for one in persons if one.answer != "none"]
    others = [*by["against"], *by["abstain"]]
    join, agree = rules.participation_share, rules.agreement_share
    tests: dict[str, Verdict] = {}
    for name, share, yes, no in (("participation", join, voted, by["none"]), ("agreement", agree, by["agree"], others)):
        tests[f"{name}_area"] = passes(share, _area(yes), _area(no), yes_unknown=_gaps(yes), no_unknown=_gaps(no))
        tests[f"{name}_persons"] = passes(share, Fraction(len(yes)), Fraction(len(no)), yes_unknown=False,
                                          no_unknown=False)  # fmt: skip
    met = set(tests.values())
    verdict = "missing" if "missed" in met else "unknown" if "unknown" in met else "agreed"
    lacks = Missing(0, 0, 0, 0, Fraction(0)) if verdict == "agreed" else missing_votes(persons, rules)
    single = flats.drop_duplicates(["unit", "flat"])
    known = _area(persons)
    sides = {"participation": (voted, by["none"]), "agreement": (by["agree"], others)}
    zh, en = _reasons(tests, sides, verdict, lacks)
    return {
        "flats": len(single), "flats_without_area": int(single["area_cm2"].isna().sum()), "persons": len(persons),
        "area_m2": float("nan") if _gaps(persons) else float(known / _CM2), "known_area_m2": float(known / _CM2),
        "participants": len(voted), "agreed": len(by["agree"]), "against": len(by["against"]),
        "abstained": len(by["abstain"]), "unasked": len(by["none"]),
        "participant_area_m2": float(_area(voted) / _CM2), "agreed_area_m2": float(_area(by["agree"]) / _CM2),
        **tests, "verdict": verdict, "missing_at_least": lacks.at_least, "missing_unasked": lacks.unasked,
        "missing_anyone": lacks.anyone, "missing_changed": lacks.changed,
        "missing_area_m2": float("nan") if lacks.area_cm2 is None else float(lacks.area_cm2 / _CM2),
        "reason_zh": zh, "reason_en": en,
    }  # fmt: skip


def _area(persons: Iterable[Person]) -> Fraction:
    return sum((one.area_cm2 for one in persons), Fraction(0))


def _gaps(persons: Iterable[Person]) -> bool:
    return any(one.area_unknown for one in persons)


_WORDS: dict[str, tuple[str, str]] = {
    "met": ("达到", "met"), "missed": ("未达到", "not met"), "unknown": ("未知", "unknown"),
    "participation": ("参与表决", "taking part"), "agreement": ("同意", "in favour"),
}  # fmt: skip


def _reasons(
    tests: dict[str, Verdict],
    sides: Mapping[str, tuple[Sequence[Person], Sequence[Person]]],
    verdict: str,
    lacks: Missing,
) -> tuple[str, str]:
    """Return the four comparisons with their figures, and what is missing, in Chinese and English."""
    said_zh, said_en = [], []
    for name, (yes, no) in sides.items():
        zh, en = _WORDS[name]
        heads, area = _WORDS[tests[f"{name}_persons"]], _WORDS[tests[f"{name}_area"]]
        gap = _gaps([*yes, *no])
        known = _share(_area(yes), _area(yes) + _area(no))
        rest_zh, rest_en = (",另有面积未知的套", ", and flats of unknown area") if gap else ("", "")
        said_zh.append(f"{zh}:人数{len(yes)}/{len(yes) + len(no)}({heads[0]}),面积{known}平方米{rest_zh}({area[0]})")
        said_en.append(
            f"{en}: {len(yes)} of {len(yes) + len(no)} persons ({heads[1]}), {known} m²{rest_en} ({area[1]})"
        )
    end_zh, end_en = _lacking(verdict, lacks)
    return ";".join(said_zh) + "。" + end_zh, "; ".join(said_en) + ". " + end_en


def _share(part: Fraction, whole: Fraction) -> str:
    """Return two areas and their share; the share is cut off, not rounded, so that it never looks like enough."""
    if not whole:
        return "0/0"
    return f"{float(part / _CM2):,.2f}/{float(whole / _CM2):,.2f} ({int(10_000 * part / whole) / 100:.2f}%)"


def _lacking(verdict: str, lacks: Missing) -> tuple[str, str]:
    if verdict == "agreed":
        return "四项均达到,表决通过。", "All four are met: the vote is carried."
    if lacks.anyone is None:
        return (
            f"有专有面积未知,面积一项待核;仅按人数至少还须{lacks.at_least}人同意。",
            f"Areas are unknown, so the tests by area are open; by persons {lacks.at_least} or more must still agree.",
        )
    if lacks.unasked is None:
        return (
            f"未表决者全部同意也不够;至少还须{lacks.anyone}人同意,其中{lacks.changed}人须改变意见。",
            f"Those who have not voted do not suffice; at least {lacks.anyone} more must agree, {lacks.changed} of "
            "them by changing their answer.",
        )
    area = float(lacks.area_cm2 or 0) / _CM2
    more_zh = more_en = ""
    if lacks.anyone < lacks.unasked:
        more_zh = f";若有{lacks.changed}人改变意见,共{lacks.anyone}人即可"
        more_en = f"; or {lacks.anyone} in all if {lacks.changed} change their answer"
    return (
        f"未表决者中至少还须{lacks.unasked}人同意,其面积合计不少于{area:,.2f}平方米{more_zh}。",
        f"Of those who have not voted at least {lacks.unasked} more must agree, with {area:,.2f} m² or more{more_en}.",
    )


def _notes(flats: pd.DataFrame, rules: LiftRules, scope: Scope, counting: Counting) -> Iterator[tuple[str, str]]:
    yield f"依据:{rules.source}{rules.clause}", f"By: {rules.source_en}, {rules.clause_en}"
    yield f"计数依据:{rules.counting_source}", f"Counted by: {rules.counting_source_en}"
    yield rules.note_zh, rules.note_en
    asked = {"unit": ("单元", "stair"), "building": ("幢", "building")}[scope]
    yield (
        f"表决范围:{asked[0]}(本软件的理解,可另选)",
        f"Asked are the owners of each {asked[1]} (our reading; a choice)",
    )
    who = {
        "owner": ("人数按业主计:同一业主的数套、同一套的共有人均按一人计",
                  "Persons are owners: several flats of one owner, and co-owners of one flat, count as one"),
        "co_owner": ("人数按共有人分别计,面积均分(另选口径)",
                     "Every co-owner is a person with an even part of the area (a choice)"),
        "flat": ("人数按套计:每套一人(另选口径)", "Every flat is a person (a choice)"),
    }[counting]  # fmt: skip
    yield who
    shared = flats.groupby(["building_id", "unit", "flat"])["answer"].agg(lambda given: {"none"} < set(given))
    if counting != "co_owner" and shared.any():
        yield (
            f"{int(shared.sum())}套仅部分共有人表决,按已表决者的意见计(本软件的理解)",
            f"flats of which only some co-owners voted: {int(shared.sum())}; their answer counts for it (our reading)",
        )
    yield "业主以编号代替,姓名等信息不输出", "Owners are numbered; names go into no output"
