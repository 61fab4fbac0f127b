"""What workbook and document both say of a plan: names, transfer matrices, actions, repairs in groups."""

from collections import Counter
from dataclasses import dataclass

import pandas as pd

from geo.partition.actions import UNASSIGNED, PlanTables
from geo.study import Repair, Study
from layers.words import Lang, fullwidth, is_missing, name_in, word


@dataclass(frozen=True)
class RepairGroup:
    """Repairs of one kind: how many, and the sentence of the first."""

    table: str
    action: str
    code: str
    times: int
    sentence: str


def names(tables: PlanTables, lang: Lang) -> dict[str, str]:
    """Return the name of every community, today's and after (the later one where both have it)."""
    return {
        str(key): name_in(row, lang, or_else=str(key))
        for frame in (tables.communities_before, tables.communities)
        for key, row in frame.iterrows()
    }


def old_name(tables: PlanTables, key: object, lang: Lang) -> str:
    """Return what a community is called today; land of no community has a phrase of its own."""
    if is_missing(key):
        return UNASSIGNED[0 if lang == "zh" else 1]
    if key in tables.communities_before.index:
        return name_in(tables.communities_before.loc[str(key)], lang, or_else=str(key))
    return str(key)


def matrix(tables: PlanTables, column: str, lang: Lang) -> pd.DataFrame:
    """Return old communities × new communities, one number of the transfer matrix, missing where nothing moves.

    Parameters
    ----------
    tables
        The plan's tables.
    column
        `households`, `people`, `area_m2` or `buildings_count`.
    lang
        Language of the names in index and columns (positions keep the order of the ids).

    Returns
    -------
    DataFrame
        Index: names of today's communities; columns: names after. `attrs["same"]` holds the (row, column) positions
        where a community stays itself.
    """
    rows = tables.matrix.sort_values(["community_id_before", "community_id"], na_position="last")
    old = list(dict.fromkeys(None if is_missing(key) else str(key) for key in rows["community_id_before"]))
    new = sorted({str(key) for key in rows["community_id"]})
    values: list[list[float | None]] = [[None] * len(new) for _ in old]
    for before, after, value in zip(rows["community_id_before"], rows["community_id"], rows[column], strict=True):
        place = old.index(None if is_missing(before) else str(before))
        values[place][new.index(str(after))] = None if is_missing(value) else float(value)
    after_names = names(tables, lang)
    made = pd.DataFrame(
        values,
        index=[old_name(tables, key, lang) for key in old],
        columns=[after_names.get(key, key) for key in new],
        dtype="float64",
    )
    made.attrs["same"] = [(i, new.index(key)) for i, key in enumerate(old) if key in new]
    return made


def action_sentences(tables: PlanTables, lang: Lang) -> list[str]:
    """Return what the plan does, in official words: abolished, giving, created, then those that only receive."""
    text = f"text_{lang}"
    before, after = tables.communities_before, tables.communities
    chosen = [before.loc[before["fate"] == fate, text] for fate in ("abolished", "exchanged", "gave")]
    chosen.append(after.loc[after["status"] == "created", text])
    chosen.append(after.loc[after["status"] == "changed", text])
    return [str(sentence) for part in chosen for sentence in part.sort_index() if not is_missing(sentence)]


def note(row: pd.Series, lang: Lang) -> str:
    """Return what a reader must know of a community after: its note, and whether its name is only proposed."""
    proposed = row.get("name_proposed")
    unnamed = not is_missing(proposed) and bool(proposed)
    said = [row.get(f"note_{lang}"), word("report.name_proposed", lang) if unnamed else None]
    return ("；" if lang == "zh" else "; ").join(str(each) for each in said if not is_missing(each))


def kept_names(tables: PlanTables, lang: Lang) -> list[str]:
    """Return the names of the communities that stay exactly what they are."""
    kept = tables.communities[tables.communities["status"] == "kept"]
    return [name_in(row, lang, or_else=str(key)) for key, row in kept.sort_index().iterrows()]


def repair_groups(study: Study, lang: Lang) -> list[RepairGroup]:
    """Return the study's repairs by table, action and kind, most frequent first."""
    kinds = Counter((each.table, each.action, each.code) for each in study.repairs)
    first: dict[tuple[str, str, str], Repair] = {}
    for each in study.repairs:
        first.setdefault((each.table, each.action, each.code), each)
    ordered = sorted(kinds.items(), key=lambda pair: (-pair[1], pair[0]))
    return [RepairGroup(*kind, times, repair_sentence(first[kind], lang)) for kind, times in ordered]


def repair_sentence(repair: Repair, lang: Lang) -> str:
    """Return the repair's sentence in `lang`, or in the other language when it has none."""
    both = (fullwidth(repair.detail_zh), repair.detail) if lang == "zh" else (repair.detail, repair.detail_zh)
    return both[0] or both[1]


def table_word(table: str, lang: Lang) -> str:
    """Return the word for a table of the study."""
    words = {"blocks": "block", "seams": "seam", "communities": "community", "estates": "estate"}
    keys = {
        "roads": "layer.roads",
        "barriers": "layer.barriers",
        "buildings": "layer.buildings",
        "facilities": "facility",
    }
    key = words.get(table) or keys.get(table)
    return word(key, lang) if key else table
