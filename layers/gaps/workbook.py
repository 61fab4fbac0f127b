"""Gaps of facilities as an Excel workbook: what every community has and lacks, for how many people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from geo.gaps.before_after import six_ones
from geo.gaps.result import LACKING
from geo.partition.scorecard import SIX_ONES
from layers.gaps.facts import (
    about,
    area_names,
    lacking,
    limit_text,
    mean_score,
    notes,
    scope_word,
    six_titles,
    standard_title,
    title,
    typeset,
    uncovered_places,
)
from layers.gaps.frames import FEWEST_PEOPLE
from layers.sheets import COUNT, NUMBER, SHARE, Sheet, book_of, plain, save_book, text_or_none
from layers.styles import GAP_PALE
from layers.words import Lang, is_missing, study_name, word

if TYPE_CHECKING:
    from geo.gaps.result import GapChange, Gaps
    from geo.gaps.surfaces import Surfaces
    from geo.study import Study

CURVE_SHOWN_M = (300, 500, 800, 1000, 1500, 2000, 3000)
"""Walks at which the sheet of coverage counts people [m]."""

_WORST = 30
"""Characters a sheet's title has at most."""


def write_gaps_xlsx(
    gaps: Mapping[str, Gaps],
    path: Path,
    *,
    study: Study,
    surfaces: Surfaces | None = None,
    change: GapChange | None = None,
    lang: Lang = "zh",
) -> None:
    """Write a town's gaps as an Excel workbook, whole or not at all; the same ones give the same bytes.

    Overview; every requirement for the town; a matrix of communities and requirements for each standard; communities,
    estates, and places out of reach one by one; supply per 1,000 people and how evenly it is spread; people by
    distance; the six ones; with a plan what it changes; sources, assumptions. Text from data is always text. No
    number of people stands where fewer than ten households live.

    Parameters
    ----------
    gaps
        As `geo.gaps.gaps.gaps_of` returns them.
    path
        The file; one that is there is replaced.
    study
        Its name, and the names of estates.
    surfaces, change
        What else is known (`geo.gaps.surfaces.surfaces`, `geo.gaps.before_after.before_after`).
    lang
        Language of sheets, headings and sentences.
    """
    book = _Book(gaps, lang)
    sheets = [book.overview(), book.requirements(), *book.matrices(), book.communities(), book.estates(),
              book.uncovered(study), book.supply(surfaces), book.coverage(surfaces), book.six(change),
              *book.change(change), book.sources(), book.assumptions(surfaces, change),
              book.provenance(surfaces, change, study)]  # fmt: skip
    mark = f"{study_name(study, lang)} · {word('page.mark', lang)}"
    title_said = f"{study_name(study, lang)} {word('gaps.title', lang)}"
    save_book(book_of([each for each in sheets if each is not None and each.rows], mark, title_said), path)


class _Book:
    """The sheets, in one language."""

    def __init__(self, gaps: Mapping[str, Gaps], lang: Lang) -> None:
        self.gaps, self.lang = gaps, lang
        self.names = area_names(gaps, lang)

    def heads(self, *columns: tuple[str, str]) -> list[tuple[str, str]]:
        """Return headings with their number formats."""
        return [(word(f"gaps.head_{key}", self.lang), form) for key, form in columns]

    def sheet(self, key: str, columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[Any]], *,
              frozen_columns: int = 1, fills: Mapping[tuple[int, int], str] | None = None) -> Sheet:  # fmt: skip
        """Return a sheet."""
        return Sheet(word(f"gaps.sheet_{key}", self.lang), self.heads(*columns), rows, frozen_columns=frozen_columns,
                     fills=fills or {})  # fmt: skip

    def overview(self) -> Sheet:
        """Return one line for each standard."""
        rows = []
        for each in self.gaps.values():
            counts = each.communities["state"].value_counts()
            rows.append(
                [
                    standard_title(each, self.lang),
                    each.standard.edition,
                    len(each.standard.requirements),
                    len(each.scores),
                    plain(each.scores["people"].sum(min_count=1)),
                    plain(mean_score(each)),
                    int(sum(counts.get(state, 0) for state in LACKING)),
                    int(counts.get("met", 0)),
                    int(counts.get("unknown", 0)),
                    _worst(each, self.lang),
                ]
            )
        columns = (("standard", "@"), ("edition", "@"), ("needs", COUNT), ("communities", COUNT), ("people", COUNT),
                   ("score", "0"), ("lacking_pairs", COUNT), ("met_pairs", COUNT), ("unknown_pairs", COUNT),
                   ("worst", "@"))  # fmt: skip
        return self.sheet("overview", columns, rows)

    def requirements(self) -> Sheet:
        """Return one line for each requirement: the town as a whole."""
        rows: list[list[Any]] = []
        fills: dict[tuple[int, int], str] = {}
        for each in self.gaps.values():
            for rule in each.standard.requirements:
                row = each.requirements.loc[rule.key]
                worst = [state for state in (*LACKING, "unknown", "met") if row[f"areas_{state}"]]
                fills[len(rows), 2] = GAP_PALE[worst[0]] if worst else GAP_PALE["not_asked"]
                rows.append([
                    standard_title(each, self.lang), str(row[f"group_{self.lang}"]), title(rule, self.lang),
                    scope_word(rule, self.lang), limit_text(rule, self.lang), word(f"gap_who.{row['who']}", self.lang),
                    *(plain(row[name]) for name in ("facilities", "people")),
                    *(_whole(row[name]) for name in ("people_covered", "people_uncovered", "people_unknown")),
                    plain(row["covered_share"]), _whole(row["mean_m"]), _whole(row["farthest_m"]),
                    *(plain(row[f"areas_{state}"]) for state in ("missing", "far", "small", "full", "unknown", "met")),
                    *(_whole(row[name]) for name in ("area_short_m2", "area_short_most_m2", "places_short",
                                                     "places_short_most")),
                    self.said(row),
                ])  # fmt: skip
        columns = (("standard", "@"), ("group", "@"), ("need", "@"), ("scope", "@"), ("limit", "@"), ("who", "@"),
                   ("facilities", COUNT), ("people", COUNT), ("covered", COUNT), ("uncovered", COUNT),
                   ("people_unknown", COUNT), ("share", SHARE), ("mean", COUNT), ("farthest", COUNT),
                   ("missing", COUNT), ("far", COUNT), ("small", COUNT), ("full", COUNT), ("unknown", COUNT),
                   ("met", COUNT), ("area_short", COUNT), ("area_most", COUNT), ("places_short", COUNT),
                   ("places_most", COUNT), ("sentence", "@"))  # fmt: skip
        return self.sheet("requirements", columns, rows, frozen_columns=3, fills=fills)

    def matrices(self) -> list[Sheet]:
        """Return communities × requirements for each standard, coloured by state."""
        sheets = []
        for n, each in enumerate(self.gaps.values(), start=1):
            rules = each.standard.requirements
            rows: list[list[Any]] = []
            fills: dict[tuple[int, int], str] = {}
            ordered = each.scores.assign(key=each.scores.index.astype(str)).sort_values(["score", "key"])
            for key, area in ordered.iterrows():
                mine = each.communities.loc[key]
                for column, rule in enumerate(rules):
                    fills[len(rows), column + 3] = GAP_PALE[str(mine.loc[rule.key, "state"])]
                rows.append(
                    [
                        self.names[str(key)],
                        plain(area["people"]),
                        _points(area["score"]),
                        *(word(f"gap_state.{mine.loc[rule.key, 'state']}", self.lang) for rule in rules),
                    ]
                )
            heads = [*self.heads(("community", "@"), ("people", COUNT), ("score", "0")),
                     *((title(rule, self.lang), "@") for rule in rules)]  # fmt: skip
            name = f"{n} {standard_title(each, self.lang)}"
            for sign in "[]:*?/\\":
                name = name.replace(sign, " ")
            sheets.append(Sheet(name[:_WORST], heads, rows, frozen_columns=3, fills=fills))
        return sheets

    def communities(self) -> Sheet:
        """Return one line for each community and requirement, gravest first."""
        rows, fills = self._areas("communities")
        return self.sheet("communities", (("standard", "@"), ("community", "@"), *_AREA_COLUMNS), rows,
                          frozen_columns=4, fills=fills)  # fmt: skip

    def estates(self) -> Sheet:
        """Return what estates lack; no numbers of people where few live."""
        rows, fills = self._areas("estates")
        return self.sheet("estates", (("standard", "@"), ("estate", "@"), *_AREA_COLUMNS), rows, frozen_columns=4,
                          fills=fills)  # fmt: skip

    def _areas(self, of: str) -> tuple[list[list[Any]], dict[tuple[int, int], str]]:
        rows: list[list[Any]] = []
        fills: dict[tuple[int, int], str] = {}
        for each in self.gaps.values():
            table = each.communities if of == "communities" else each.estates
            if of == "estates":
                table = table[table["state"].isin(LACKING)]
            for (key, need), row in table.iterrows():
                few = of == "estates" and not row["people"] >= FEWEST_PEOPLE
                fills[len(rows), 3] = GAP_PALE[str(row["state"])]
                people = [None] * 3 if few else [_whole(row[name]) for name in
                          ("people", "people_covered", "people_uncovered")]  # fmt: skip
                rows.append([
                    standard_title(each, self.lang), self.names.get(str(key)) or _named(row, str(key), self.lang),
                    title(each.standard[str(need)], self.lang), word(f"gap_state.{row['state']}", self.lang), *people,
                    None if few else plain(row["covered_share"]), _whole(row["mean_m"]), _whole(row["farthest_m"]),
                    plain(row["count"]), plain(row["needed"]),
                    *(_whole(row[name]) for name in ("area_m2", "area_needed_m2", "area_short_m2", "places",
                                                     "places_needed", "places_short")),
                    plain(row["unmeasured"]), plain(row["severity"]), None if few else self.said(row),
                ])  # fmt: skip
        return rows, fills

    def uncovered(self, study: Study) -> Sheet:
        """Return where people out of reach live: estates, and blocks outside them."""
        rows = [
            [standard_title(self.gaps[name], self.lang), title(self.gaps[name].standard[need], self.lang),
             self.names.get(community, "") or None, place, people, homes]
            for name, need, community, place, people, homes in uncovered_places(self.gaps, study, self.lang)
        ]  # fmt: skip
        columns = (("standard", "@"), ("need", "@"), ("community", "@"), ("place", "@"), ("uncovered_residents", COUNT),
                   ("homes", COUNT))  # fmt: skip
        return self.sheet("uncovered", columns, rows, frozen_columns=2)

    def supply(self, surfaces: Surfaces | None) -> Sheet | None:
        """Return supply per 1,000 people, and how evenly it is spread."""
        if surfaces is None:
            return None
        rows = []
        for (name, need), row in surfaces.inequality.iterrows():
            if name not in self.gaps:
                continue
            each = self.gaps[str(name)]
            rows.append(
                [
                    standard_title(each, self.lang),
                    title(each.standard[str(need)], self.lang),
                    word(f"gap_unit.{row['unit']}", self.lang),
                    plain(row["facilities"]),
                    plain(row["facilities_unknown"]),
                    plain(row["capacity"]),
                    _whole(row["people"]),
                    _whole(row["people_without"]),
                    _whole(row["people_unknown"]),
                    *(
                        plain(row[name])
                        for name in ("mean_per_1000", "p10_per_1000", "p50_per_1000", "p90_per_1000", "gini")
                    ),
                ]
            )
        columns = (
            ("standard", "@"),
            ("need", "@"),
            ("unit", "@"),
            ("facilities", COUNT),
            ("unknown_size", COUNT),
            ("capacity", COUNT),
            ("people", COUNT),
            ("without", COUNT),
            ("people_unknown", COUNT),
            ("mean_supply", "0.000"),
            ("p10", "0.000"),
            ("p50", "0.000"),
            ("p90", "0.000"),
            ("gini", "0.00"),
        )
        return self.sheet("supply", columns, rows, frozen_columns=2)

    def coverage(self, surfaces: Surfaces | None) -> Sheet | None:
        """Return the share of people within some walks of each requirement."""
        if surfaces is None:
            return None
        shares = surfaces.coverage["share"]
        rows = []
        for name, each in self.gaps.items():
            for rule in each.standard.requirements:
                mine = shares.xs((name, rule.key), level=["standard", "requirement"])
                rows.append([standard_title(each, self.lang), title(rule, self.lang), limit_text(rule, self.lang),
                             *(plain(mine[walk]) for walk in CURVE_SHOWN_M)])  # fmt: skip
        heads = [*self.heads(("standard", "@"), ("need", "@"), ("limit", "@")),
                 *((f"≤ {walk:,} {word('unit.m', self.lang)}", SHARE) for walk in CURVE_SHOWN_M)]  # fmt: skip
        return Sheet(word("gaps.sheet_coverage", self.lang), heads, rows, frozen_columns=2)

    def six(self, change: GapChange | None) -> Sheet | None:
        """Return the matrix of the six ones, before and after a plan where there is one."""
        if change is not None and len(change.six_ones):
            table = change.six_ones
        elif "six-ones" in self.gaps:
            table = six_ones(self.gaps["six-ones"]).reset_index().assign(when="before")
        else:
            return None
        titles = six_titles(self.lang)
        rows: list[list[Any]] = []
        fills: dict[tuple[int, int], str] = {}
        for _, row in table.iterrows():
            for column, key in enumerate(SIX_ONES):
                state = "unknown" if is_missing(row[key]) else "missing" if row[key] == 0 else "met"
                fills[len(rows), column + 2] = GAP_PALE[state]
            rows.append(
                [
                    word(f"gaps.side_{row['when']}", self.lang),
                    _named(row, str(row["community_id"]), self.lang),
                    *(plain(row[key]) for key in SIX_ONES),
                    plain(row["lacking_count"]),
                    ("、" if self.lang == "zh" else ", ").join(
                        titles[key] for key in str(row["lacking"]).split(";") if key
                    ),
                ]
            )
        heads = [*self.heads(("side", "@"), ("community", "@")), *((titles[key], COUNT) for key in SIX_ONES),
                 *self.heads(("lacking_count", COUNT), ("lacking_which", "@"))]  # fmt: skip
        return Sheet(word("gaps.sheet_six", self.lang), heads, rows, frozen_columns=2, fills=fills)

    def change(self, change: GapChange | None) -> list[Sheet]:
        """Return what a plan changes: of each requirement, in communities, facilities that come together."""
        if change is None:
            return []
        known = [name for name in self.gaps if name in change.before]
        needs = [
            [
                standard_title(self.gaps[str(name)], self.lang),
                title(self.gaps[str(name)].standard[str(need)], self.lang),
                *(
                    plain(row[key])
                    for key in (
                        "communities_before",
                        "communities_after",
                        "lacking_before",
                        "lacking_after",
                        "unknown_before",
                        "unknown_after",
                    )
                ),
                *(
                    _whole(row[key])
                    for key in ("people_uncovered_before", "people_uncovered_after", "people_gain", "people_lose")
                ),
                word(f"gap_change.{row['change']}", self.lang),
                self.said(row),
            ]
            for (name, need), row in change.requirements.iterrows()
            if name in known
        ]
        areas: list[list[Any]] = []
        fills: dict[tuple[int, int], str] = {}
        for (name, key, need), row in change.communities.iterrows():
            if name not in known or row["change"] in {"same", "unknown"}:
                continue
            for column, when in ((3, "before"), (4, "after")):
                if not is_missing(row[f"state_{when}"]):
                    fills[len(areas), column] = GAP_PALE[str(row[f"state_{when}"])]
            areas.append([
                standard_title(self.gaps[str(name)], self.lang), _named(row, str(key), self.lang),
                title(self.gaps[str(name)].standard[str(need)], self.lang),
                *(None if is_missing(row[f"state_{when}"]) else word(f"gap_state.{row[f'state_{when}']}", self.lang)
                  for when in ("before", "after")),
                *(_whole(row[f"people_uncovered_{when}"]) for when in ("before", "after")),
                word(f"gap_change.{row['change']}", self.lang), self.said(row),
            ])  # fmt: skip
        shared = [
            [standard_title(self.gaps[str(row["standard"])], self.lang),
             title(self.gaps[str(row["standard"])].standard[str(row["requirement"])], self.lang), plain(row["count"]),
             plain(row["needed"]), plain(row["spare"]), self.said(row)]
            for _, row in change.sharing.iterrows() if row["standard"] in known
        ]  # fmt: skip
        return [
            self.sheet(
                "change_needs",
                (
                    ("standard", "@"),
                    ("need", "@"),
                    ("areas_before", COUNT),
                    ("areas_after", COUNT),
                    ("lacking_before", COUNT),
                    ("lacking_after", COUNT),
                    ("unknown_before", COUNT),
                    ("unknown_after", COUNT),
                    ("uncovered_before", COUNT),
                    ("uncovered_after", COUNT),
                    ("gain", COUNT),
                    ("lose", COUNT),
                    ("change", "@"),
                    ("sentence", "@"),
                ),
                needs,
                frozen_columns=2,
            ),
            self.sheet(
                "change_areas",
                (
                    ("standard", "@"),
                    ("community", "@"),
                    ("need", "@"),
                    ("state_before", "@"),
                    ("state_after", "@"),
                    ("uncovered_before", COUNT),
                    ("uncovered_after", COUNT),
                    ("change", "@"),
                    ("sentence", "@"),
                ),
                areas,
                frozen_columns=3,
                fills=fills,
            ),
            self.sheet(
                "sharing",
                (
                    ("standard", "@"),
                    ("need", "@"),
                    ("count", COUNT),
                    ("needed", COUNT),
                    ("spare", COUNT),
                    ("sentence", "@"),
                ),
                shared,
                frozen_columns=2,
            ),
        ]

    def sources(self) -> Sheet:
        """Return what each requirement asks for and where that is from."""
        rows = []
        for each in self.gaps.values():
            for rule in each.standard.requirements:
                row = each.requirements.loc[rule.key]
                source = (row["source"], row["clause"]) if self.lang == "zh" else (row["source_en"], row["clause_en"])
                rows.append([
                    standard_title(each, self.lang), each.standard.edition, title(rule, self.lang),
                    limit_text(rule, self.lang), rule.floor_area_min_m2, rule.site_area_min_m2, rule.per_people,
                    rule.places_per_1000, rule.area_per_100_households_m2, rule.weight,
                    word("yes" if rule.confirmed else "gaps.not_confirmed", self.lang),
                    *(text_or_none(typeset(part) if self.lang == "zh" else part) for part in source),
                    text_or_none(typeset(row["note_zh"]) if self.lang == "zh" else row["note_en"]),
                ])  # fmt: skip
        columns = (("standard", "@"), ("edition", "@"), ("need", "@"), ("limit", "@"), ("floor_min", COUNT),
                   ("site_min", COUNT), ("per_people", COUNT), ("places_1000", NUMBER), ("area_100", NUMBER),
                   ("weight", NUMBER), ("confirmed", "@"), ("source", "@"), ("clause", "@"), ("note", "@"))  # fmt: skip
        return self.sheet("sources", columns, rows, frozen_columns=3)

    def assumptions(self, surfaces: Surfaces | None, change: GapChange | None) -> Sheet:
        """Return what was assumed and what is unknown."""
        english = self.lang == "en"
        rows = [[label[english], note[english]] for label, note in notes(self.gaps, surfaces, change)]
        return self.sheet("assumptions", (("standard", "@"), ("note", "@")), rows)

    def provenance(self, surfaces: Surfaces | None, change: GapChange | None, study: Study) -> Sheet:
        """Return where everything is from."""
        english = self.lang == "en"
        rows = [[row.label[english], row.value[english]] for row in about(self.gaps, surfaces, change, study)]
        return self.sheet("provenance", (("item", "@"), ("value", "@")), rows)

    def said(self, row: pd.Series) -> str:
        """Return a row's sentence."""
        return typeset(row["text_zh"]) if self.lang == "zh" else str(row["text_en"])


_AREA_COLUMNS = (
    ("need", "@"), ("state", "@"), ("people", COUNT), ("covered", COUNT), ("uncovered", COUNT), ("share", SHARE),
    ("mean", COUNT), ("farthest", COUNT), ("count", COUNT), ("needed", COUNT), ("area", COUNT), ("area_needed", COUNT),
    ("area_short", COUNT), ("places", COUNT), ("places_needed", COUNT), ("places_short", COUNT), ("unmeasured", COUNT),
    ("severity", "0.00"), ("sentence", "@"),
)  # fmt: skip


def _worst(gaps: Gaps, lang: Lang) -> str:
    counts = sorted(((lacking(row), n, key) for n, (key, row) in enumerate(gaps.requirements.iterrows())),
                    key=lambda each: (-each[0], each[1]))  # fmt: skip
    shown = [title(gaps.standard[str(key)], lang) for count, _, key in counts[:3] if count]
    return ("、" if lang == "zh" else ", ").join(shown)


def _named(row: pd.Series, key: str, lang: Lang) -> str:
    first, second = ("name", "name_en") if lang == "zh" else ("name_en", "name")
    return next((str(row[each]) for each in (first, second) if not is_missing(row[each]) and str(row[each])), key)


def _whole(value: object) -> int | None:
    return None if is_missing(value) else round(float(str(value)))


def _points(score: object) -> int | None:
    return None if is_missing(score) else round(100 * float(str(score)))
