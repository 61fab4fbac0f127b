"""An answer of siting as an Excel workbook."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from geo.siting.result import REASONS, Placed, Sited, WhatIf
from layers.programme.facts import money_wan
from layers.sheets import COUNT, NUMBER, SHARE, Sheet, book_of, plain, save_book
from layers.siting.facts import (
    UNFIT,
    Answer,
    area_sums,
    basis,
    community_names,
    kind_word,
    listed,
    option_title,
    people_cell,
    place_name,
    proof,
    reach_word,
    scenes_of,
    site_frame,
    summary,
    title_of,
    told,
)
from layers.words import Lang, is_missing, name_in, study_name, word

if TYPE_CHECKING:
    from geo.study import Study

_CHOSEN, _UNFIT, _EXAMPLE = "DDEBDD", "E9E6DD", "FBEDBF"
_TENTH = "#,##0.0"
_PEOPLE_FIRST = ("people_reach", "people_new", "residents_new", "elders_new", "children_new", "people_only", "users")
_WALKS = ("mean_before", "mean_after", "p95_before", "p95_after")


def write_siting_xlsx(answer: Answer, path: Path, *, study: Study, lang: Lang = "zh") -> None:
    """Write an answer of siting as an Excel workbook, whole or not at all; the same answer gives the same bytes.

    The answer in words; sites and what each adds; of a `Placed` what goes into each of the premises, by facility and
    with its costs (examples coloured); of a `WhatIf` the options side by side; before and after; step by step; every
    candidate with the reason; communities and estates; basis, proof and assumptions. Money is in 10,000 yuan; numbers
    of few people are not told.

    Parameters
    ----------
    answer
        As `geo.siting` returns it.
    path
        The file; one that is there is replaced.
    study
        The study it was made for.
    lang
        Language of sheets, headings and sentences.
    """
    book = _Book(answer, study, lang)
    if isinstance(answer, Sited):
        sheets = [book.summary(), book.sites(answer), book.totals(answer), book.steps(answer),
                  book.candidates(answer), book.areas("community_id"), book.areas("estate_id")]  # fmt: skip
    elif isinstance(answer, Placed):
        sheets = [book.summary(), book.premises(answer), book.rooms(answer), book.gains(answer),
                  book.fillings(answer), book.candidates(answer), book.refused(answer), book.shares(answer),
                  book.limits(answer)]  # fmt: skip
    else:
        sheets = [book.summary(), book.options(answer), book.points(answer), book.by_community()]
    sheets.append(book.basis())
    name = study_name(study, lang)
    title = f"{name}{'' if lang == 'zh' else ' · '}{title_of(answer, lang)}"
    save_book(book_of([each for each in sheets if each.rows], f"{name} · {word('page.mark', lang)}", title), path)


class _Book:
    """The sheets of one answer in one language."""

    def __init__(self, answer: Answer, study: Study, lang: Lang) -> None:
        self.answer, self.study, self.lang = answer, study, lang
        self.scenes = scenes_of(answer)
        self.communities = community_names(study, lang)
        self.comma = "、" if lang == "zh" else ", "
        rows = site_frame(answer, study)
        self.names = {str(key): place_name(row, key, lang) for key, row in rows.iterrows()}

    def _heads(self, *keys: tuple[str, str]) -> list[tuple[str, str]]:
        return [(word(f"siting.{key}", self.lang), form) for key, form in keys]

    def _sheet(self, title: str, heads: list[tuple[str, str]], rows: Sequence[Sequence[Any]], **more: Any) -> Sheet:  # noqa: ANN401
        return Sheet(word(f"siting.sheet_{title}", self.lang), heads, rows, **more)

    def _people(self, row: pd.Series, *columns: str) -> list[Any]:
        return [people_cell(row[column], self.lang) for column in columns]

    def _wan(self, yuan: object) -> float | str | None:
        """Return money in 10,000 yuan; what is unknown says so."""
        return word("siting.cost_unknown", self.lang) if is_missing(yuan) else money_wan(yuan)

    def _community(self, key: object) -> str | None:
        return None if is_missing(key) else self.communities.get(str(key), str(key))

    def summary(self) -> Sheet:
        """Return the answer in sentences, and how good it is known to be."""
        rows = [[text] for text in [*summary(self.answer, self.lang), *proof(self.answer, self.lang)]]
        if isinstance(self.answer, Placed) and not self.answer.costs_given:
            rows.append([word("siting.costs_example", self.lang)])
        return self._sheet("summary", [(word("siting.said", self.lang), "@")], rows)

    def sites(self, answer: Sited) -> Sheet:
        """Return the chosen sites by what each adds."""
        heads = self._heads(
            ("rank", "0"), ("site", "@"), ("site_id", "@"), ("kind", "@"), ("community", "@"), ("cost", NUMBER),
            ("capacity", COUNT), *((column, COUNT) for column in _PEOPLE_FIRST), *((each, COUNT) for each in _WALKS),
            ("next", "@"), ("next_people", COUNT), ("where", "@"), ("said", "@"),
        )  # fmt: skip
        rows = [
            [int(row["rank"]), self.names[str(key)], str(key), kind_word(row["kind"], self.lang),
             self._community(row["community_id"]), self._wan(row["cost"]), plain(row["capacity"]),
             *self._gain(row), told(row[f"text_{self.lang}"], self.lang)]
            for key, row in answer.sites.iterrows()
        ]  # fmt: skip
        return self._sheet("sites", heads, rows, frozen_columns=2)

    def _gain(self, row: pd.Series) -> list[Any]:
        """Return what a site gives to a requirement: people, walks, the next best, where."""
        walks = [plain(None if is_missing(row[f"{each}_m"]) else round(row[f"{each}_m"])) for each in _WALKS]
        following = None if is_missing(row["next_id"]) else self.names.get(str(row["next_id"]), str(row["next_id"]))
        return [*self._people(row, *_PEOPLE_FIRST), *walks, following, people_cell(row["next_people"], self.lang),
                told(row[f"communities_{self.lang}"], self.lang)]  # fmt: skip

    def totals(self, answer: Sited) -> Sheet:
        """Return every total before and after."""
        heads = self._heads(("measure", "@"), ("before", COUNT), ("after", COUNT), ("change", "+#,##0;-#,##0;0"))
        rows: list[list[Any]] = []
        forms: dict[tuple[int, int], str] = {}
        for column in answer.totals.columns:
            before, after = (answer.totals.loc[when, column] for when in ("before", "after"))
            share, minutes = column == "covered_share", column == "mean_min"
            if share or minutes:
                form, change = (SHARE, "+0.0%;-0.0%;0.0%") if share else (_TENTH, "+0.0;-0.0;0.0")
                forms |= {(len(rows), 1): form, (len(rows), 2): form, (len(rows), 3): change}
            digits = 4 if share else 1 if minutes else 0
            told_as = [None if is_missing(each) else round(float(each), digits)
                       for each in (before, after, after - before)]  # fmt: skip
            rows.append([word(f"siting.{column}", self.lang), *told_as])
        return self._sheet("totals", heads, rows, forms=forms)

    def steps(self, answer: Sited) -> Sheet:
        """Return what the first, the first two … sites give."""
        heads = self._heads(("number", "0"), ("added", "@"), ("people_new", COUNT), ("people_covered", COUNT),
                            ("covered_share", SHARE), ("mean_m", COUNT), ("p95_m", COUNT),
                            ("cost_total", NUMBER))  # fmt: skip
        rows = [
            [int(str(n)), self._added(row["site_id"]), *self._people(row, "people_new", "people_covered"),
             plain(row["covered_share"]), *(_round(row[each]) for each in ("mean_m", "p95_m")),
             self._wan(row["cost_total"])]
            for n, row in answer.steps.iterrows()
        ]  # fmt: skip
        return self._sheet("steps", heads, rows, frozen_columns=2)

    def _added(self, site: object) -> str:
        return word("siting.before", self.lang) if is_missing(site) else self.names.get(str(site), str(site))

    def candidates(self, answer: Sited | Placed) -> Sheet:
        """Return every candidate with what it alone would give and why it was or was not taken."""
        alone: tuple[tuple[str, str], ...] = (("people_reach", COUNT), ("people_alone", COUNT))
        if isinstance(answer, Placed):
            alone = (("value_alone", COUNT),)
        heads = self._heads(
            ("site", "@"), ("site_id", "@"), ("kind", "@"), ("community", "@"), ("floor_area", COUNT),
            ("ground", COUNT), ("cost", NUMBER), *alone, ("reason", "@"), ("why", "@"),
        )  # fmt: skip
        ranked = answer.candidates.assign(
            _unfit=answer.candidates["reason"].isin(UNFIT), _rank=answer.sites["rank"].reindex(answer.candidates.index)
        )
        table = ranked.sort_values(["_rank", "_unfit", alone[-1][0]], ascending=[True, True, False], kind="stable")
        rows: list[list[Any]] = []
        fills: dict[tuple[int, int], str] = {}
        for key, row in table.iterrows():
            fill = _CHOSEN if row["chosen"] else _UNFIT if row["reason"] in UNFIT else ""
            if fill:
                fills[len(rows), len(heads) - 2] = fill
            given = [_round(row["value_alone"])] if isinstance(answer, Placed) else self._people(
                row, *(name for name, _ in alone))  # fmt: skip
            rows.append([
                self.names[str(key)], str(key), kind_word(row["kind"], self.lang),
                self._community(row["community_id"]), _round(row["floor_area_m2"]), _round(row["site_area_m2"]),
                self._wan(row["cost"]), *given, REASONS[row["reason"]][self.lang == "en"],
                told(row[f"reason_{self.lang}"], self.lang),
            ])  # fmt: skip
        return self._sheet("candidates", heads, rows, fills=fills)

    def areas(self, column: str) -> Sheet:
        """Return the communities or estates of the first scene before and after, the worst share after first."""
        what = column.removesuffix("_id")
        heads = self._heads((what, "@"), ("site_id", "@"), ("people", COUNT), ("people_covered", COUNT),
                            ("share_before", SHARE), ("share_after", SHARE), ("mean_before", COUNT),
                            ("mean_after", COUNT))  # fmt: skip
        table = self.study.get("communities" if what == "community" else "estates")
        sums = area_sums(self.scenes[0], column).sort_values(["share_after", "people"], ascending=[True, False],
                                                             kind="stable")  # fmt: skip
        rows = [
            [self._area_name(table, key), str(key), *self._people(row, "people", "covered_after"),
             plain(row["share_before"]), plain(row["share_after"]),
             *(_round(row[each]) for each in ("mean_before_m", "mean_after_m"))]
            for key, row in sums.iterrows()
        ]  # fmt: skip
        return self._sheet("communities" if what == "community" else "estates", heads, rows)

    def _area_name(self, table: pd.DataFrame | None, key: object) -> str:
        return str(key) if table is None or key not in table.index else name_in(table.loc[key], self.lang, str(key))

    def premises(self, answer: Placed) -> Sheet:
        """Return the premises that are used, with what goes in and what it costs."""
        heads = self._heads(
            ("rank", "0"), ("site", "@"), ("site_id", "@"), ("kind", "@"), ("community", "@"), ("requirements", "@"),
            ("functions", "0"), ("complex", "@"), ("floor_area", COUNT), ("used", COUNT), ("spare", COUNT),
            ("site_cost", NUMBER), ("fitting_cost", NUMBER), ("cost", NUMBER), ("value", COUNT), ("value_only", COUNT),
            ("next", "@"), ("next_value", COUNT), ("said", "@"),
        )  # fmt: skip
        rows = [
            [int(row["rank"]), self.names[str(key)], str(key), kind_word(row["kind"], self.lang),
             self._community(row["community_id"]), row[f"requirements_{self.lang}"].replace(";", self.comma),
             int(row["functions"]), word("yes" if row["complex"] else "no", self.lang),
             *(_round(row[each]) for each in ("floor_area_m2", "used_m2", "spare_m2")),
             *(self._wan(row[each]) for each in ("site_cost", "fitting_cost", "cost")),
             _round(row["value"]), _round(row["value_only"]),
             None if is_missing(row["next_id"]) else self.names.get(str(row["next_id"]), str(row["next_id"])),
             _round(row["next_value"]), told(row[f"text_{self.lang}"], self.lang)]
            for key, row in answer.sites.iterrows()
        ]  # fmt: skip
        fills = {} if answer.costs_given else {(n, c): _EXAMPLE for n in range(len(rows)) for c in (12, 13)}
        return self._sheet("sites", heads, rows, frozen_columns=2, fills=fills)

    def rooms(self, answer: Placed) -> Sheet:
        """Return what goes into which premises, with its area, its cost and what it gives."""
        heads = self._heads(
            ("site", "@"), ("requirement", "@"), ("need", COUNT), ("need_site", COUNT), ("unit_cost", COUNT),
            ("cost", NUMBER), *((column, COUNT) for column in _PEOPLE_FIRST), *((each, COUNT) for each in _WALKS),
            ("next", "@"), ("next_people", COUNT), ("where", "@"), ("said", "@"),
        )  # fmt: skip
        titles = self._titles()
        rows = [
            [self.names[str(site)], titles[str(key)], _round(row["need_m2"]), _round(row["need_site_m2"]),
             _round(row["unit_cost"]), self._wan(row["cost"]), *self._gain(row),
             told(row[f"text_{self.lang}"], self.lang)]
            for (site, key), row in answer.rooms.iterrows()
        ]  # fmt: skip
        fills = {} if answer.costs_given else {(n, c): _EXAMPLE for n in range(len(rows)) for c in (4, 5)}
        return self._sheet("rooms", heads, rows, frozen_columns=2, fills=fills)

    def _titles(self) -> dict[str, str]:
        return {scene.key: scene.title[self.lang == "en"] for scene in self.scenes}

    def gains(self, answer: Placed) -> Sheet:
        """Return what is reached for every facility that was asked for."""
        titles = self._titles()
        heads = self._heads(
            ("requirement", "@"), ("weight", NUMBER), ("people", COUNT), ("rooms", "0"), ("area", COUNT),
            ("cost", NUMBER), ("people_new", COUNT), ("elders_new", COUNT), ("children_new", COUNT),
            ("share_before", SHARE), ("share_after", SHARE), ("mean_before", COUNT), ("mean_after", COUNT),
            ("said", "@"),
        )  # fmt: skip
        rows = [
            [titles[str(key)], plain(row["weight"]), *self._people(row, "people"), int(row["rooms"]),
             _round(row["m2"]), self._wan(row["cost"]), *self._people(row, "people_new", "elders_new", "children_new"),
             plain(row["share_before"]), plain(row["share_after"]),
             *(_round(row[each]) for each in ("mean_before_m", "mean_after_m")),
             told(row[f"text_{self.lang}"], self.lang)]
            for key, row in answer.gains.iterrows()
        ]  # fmt: skip
        fills = {} if answer.costs_given else {(n, 5): _EXAMPLE for n in range(len(rows))}
        return self._sheet("gains", heads, rows, fills=fills)

    def fillings(self, answer: Placed) -> Sheet:
        """Return what the first, the first two … premises give."""
        heads = self._heads(("number", "0"), ("added", "@"), ("value", COUNT), ("value_total", COUNT),
                            ("cost_total", NUMBER), ("worst", "@"), ("worst_share", SHARE))  # fmt: skip
        rows = [
            [int(str(n)), self._added(row["site_id"]), _round(row["value"]), _round(row["value_total"]),
             self._wan(row["cost_total"]), self._community(row["worst_id"]), plain(row["worst_share"])]
            for n, row in answer.steps.iterrows()
        ]  # fmt: skip
        return self._sheet("steps", heads, rows, frozen_columns=2)

    def refused(self, answer: Placed) -> Sheet:
        """Return what could not go where, and why."""
        titles = self._titles()
        heads = self._heads(("site", "@"), ("requirement", "@"), ("reason", "@"), ("why", "@"))
        rows = [
            [self.names[str(site)], titles[str(key)], REASONS[row["reason"]][self.lang == "en"],
             told(row[f"reason_{self.lang}"], self.lang)]
            for (site, key), row in answer.refused.iterrows()
        ]  # fmt: skip
        return self._sheet("refused", heads, rows, frozen_columns=2)

    def shares(self, answer: Placed) -> Sheet:
        """Return the covered share of every community, for every facility, before and after."""
        titles = self._titles() | {"all": word("siting.all_together", self.lang)}
        keys = ["all", *(key for key in titles if key != "all")]
        heads = self._heads(("community", "@"), ("people", COUNT))
        for key in keys:
            heads += [(f"{titles[key]} · {word(f'siting.{when}', self.lang)}", SHARE) for when in ("before", "after")]
        rows = []
        people = answer.communities["people"]
        for community in answer.communities.index.get_level_values("community_id").unique():
            mine = answer.communities.loc[community]
            most = people.loc[community].drop("all", errors="ignore").max()
            shares = [plain(mine.loc[key, f"share_{when}"]) if key in mine.index else None
                      for key in keys for when in ("before", "after")]  # fmt: skip
            rows.append([self._community(community), people_cell(most, self.lang), *shares])
        return self._sheet("communities", heads, rows, frozen_columns=2)

    def limits(self, answer: Placed) -> Sheet:
        """Return what every facility needs and what a square metre of it costs; examples are coloured."""
        heads = self._heads(("requirement", "@"), ("reach", "@"), ("need", COUNT), ("need_site", COUNT),
                            ("unit_cost_least", COUNT), ("unit_cost_most", COUNT))  # fmt: skip
        titles = self._titles()
        rows = [
            [titles[str(key)], reach_word(row["limit_m"], row["limit_min"], self.lang),
             *(_round(row[each]) for each in ("need_m2", "need_site_m2", "unit_cost_least", "unit_cost_most"))]
            for key, row in answer.limits.iterrows()
        ]  # fmt: skip
        fills = {} if answer.costs_given else {(n, c): _EXAMPLE for n in range(len(rows)) for c in (4, 5)}
        return self._sheet("limits", heads, rows, fills=fills)

    def options(self, answer: WhatIf) -> Sheet:
        """Return the options side by side, the best first."""
        people = ("people_new", "residents_new", "elders_new", "children_new", "people_covered")
        heads = self._heads(
            ("rank", "0"), ("option", "@"), ("sites", "0"), ("site", "@"), *((each, COUNT) for each in people),
            ("covered_share", SHARE), ("share_of_best", SHARE), ("mean_m", COUNT), ("p95_m", COUNT),
            ("farthest_m", COUNT), ("worst", "@"), ("worst_share", SHARE), ("cost", NUMBER), ("where", "@"),
            ("said", "@"),
        )  # fmt: skip
        rows: list[list[Any]] = []
        fills: dict[tuple[int, int], str] = {}
        for option, row in answer.options.iterrows():
            if str(option) == "today" or str(option).startswith("best "):
                fills |= {(len(rows), n): _UNFIT for n in range(len(heads))}
            rows.append([
                int(row["rank"]), option_title(str(option), self.lang), int(row["sites"]),
                self.comma.join(self.names.get(site, site) for site in listed(row["site_ids"])),
                *self._people(row, *people), plain(row["covered_share"]), plain(row["share_of_best"]),
                *(_round(row[each]) for each in ("mean_m", "p95_m", "farthest_m")),
                self._community(row["worst_community_id"]), plain(row["worst_community_share"]),
                self._wan(row["cost"]), told(row[f"communities_{self.lang}"], self.lang),
                told(row[f"text_{self.lang}"], self.lang),
            ])  # fmt: skip
        return self._sheet("options", heads, rows, frozen_columns=2, fills=fills)

    def points(self, answer: WhatIf) -> Sheet:
        """Return the points of every option."""
        heads = self._heads(("option", "@"), ("site", "@"), ("kind", "@"), ("people_reach", COUNT),
                            ("people_alone", COUNT), ("why", "@"))  # fmt: skip
        rows = [
            [option_title(str(option), self.lang), place_name(row, site, self.lang), kind_word(row["kind"], self.lang),
             *self._people(row, "people_reach", "people_alone"), told(row[f"reason_{self.lang}"], self.lang)]
            for (option, site), row in answer.points.iterrows()
        ]  # fmt: skip
        return self._sheet("points", heads, rows, frozen_columns=2)

    def by_community(self) -> Sheet:
        """Return the covered share of every community today and with every option."""
        heads = self._heads(("community", "@"), ("people", COUNT), ("before", SHARE))
        heads += [(scene.title[self.lang == "en"], SHARE) for scene in self.scenes]
        sums = [area_sums(scene, "community_id") for scene in self.scenes]
        order = sums[0].sort_values(["share_before", "people"], ascending=[True, False], kind="stable").index
        rows = [
            [self._community(key), people_cell(sums[0].loc[key, "people"], self.lang),
             plain(sums[0].loc[key, "share_before"]), *(plain(each.loc[key, "share_after"]) for each in sums)]
            for key in order
        ]  # fmt: skip
        return self._sheet("by_community", heads, rows)

    def basis(self) -> Sheet:
        """Return what the answer rests on."""
        side = int(self.lang == "en")
        heads = [(word("item", self.lang), "@"), (word("value", self.lang), "@")]
        rows = [[row.label[side], row.value[side]] for row in basis(self.answer, self.study)]
        return self._sheet("about", heads, rows)


def _round(value: object) -> float | None:
    """Return a number as a whole one, or nothing where it is missing."""
    return None if is_missing(value) else round(float(str(value)))
