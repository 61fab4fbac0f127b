"""What workbook and document both say of a plan: names, transfer matrices, actions, repairs in groups."""

from collections import Counter
from dataclasses import dataclass

import pandas as pd

from geo.partition.actions import UNASSIGNED, PlanTables
from geo.partition.plan import Plan
from geo.schema import OUTSIDE
from geo.study import Repair, Study
from layers.words import Lang, fullwidth, is_missing, name_in, number, value_word, word

_LEAST_GAP = 0.001
"""A smaller gap is told as less than this."""


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
    """Return what the plan does, in official words: abolished, giving, created, receiving, then mere new names."""
    text = f"text_{lang}"
    before, after = tables.communities_before, tables.communities
    chosen = [before.loc[before["fate"] == fate, text] for fate in ("abolished", "exchanged", "gave")]
    chosen.append(after.loc[after["status"] == "created", text])
    chosen.append(after.loc[after["status"] == "changed", text])
    chosen.append(before.loc[before["fate"] == "renamed", text])
    return [str(sentence) for part in chosen for sentence in part.sort_index() if not is_missing(sentence)]


def note(row: pd.Series, lang: Lang) -> str:
    """Return what a reader must know of a community after: its note, and whether its name is only proposed."""
    proposed = row.get("name_proposed")
    unnamed = not is_missing(proposed) and bool(proposed)
    said = [row.get(f"note_{lang}"), word("report.name_proposed", lang) if unnamed else None]
    return ("；" if lang == "zh" else "; ").join(str(each) for each in said if not is_missing(each))


def change_words(row: pd.Series, lang: Lang) -> str:
    """Return what happens to a community after: its range, and whether its name changes."""
    if row["fate"] == "renamed":
        return value_word("fate", "renamed", lang)
    status = value_word("status", row["status"], lang)
    return word("report.renamed_changed", lang, status=status) if bool(row["renamed"]) else status


def kept_names(tables: PlanTables, lang: Lang) -> list[str]:
    """Return the names of the communities that stay exactly what they are, name included."""
    kept = tables.communities[tables.communities["fate"] == "kept"]
    return [name_in(row, lang, or_else=str(key)) for key, row in kept.sort_index().iterrows()]


def proof_sentence(plan: Plan, lang: Lang) -> str:
    """Return in plain words how good a plan is known to be: the best, at most so much from it, or merely found."""
    if plan.proven:
        return word("report.proof_best", lang)
    said = []
    if plan.gap is not None:
        share = f"{plan.gap:.1%}" if plan.gap >= _LEAST_GAP else f"<{_LEAST_GAP:.1%}"
        said.append(word("report.proof_gap", lang, share=share))
    if plan.pairs_checked:
        said.append(word("report.proof_pairs", lang))
    said = said or [word("report.proof_none", lang)]
    if plan.stopped_early:
        said.append(word("about.stopped", lang))
    return ("；" if lang == "zh" else "; ").join(said)


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
    return value_word("table", table, lang)


def household_sources(tables: PlanTables, study: Study) -> dict[str, float]:
    """Return how many of the plan's households come from which source, the largest first.

    A merge takes the communities' own totals (`register`), and those of the blocks for the communities without one. In
    a redraw each building tells its source, and what a block holds beyond its buildings has the block's own source.
    Empty when the study does not say it.
    """
    used, found = tables.blocks["households"], pd.Series(dtype="float64")
    if tables.plan.options.mode == "merge":
        own = _register(study).reindex(used.index)
        found = pd.Series({"register": own.sum(), "block": used[own.isna()].astype("float64").sum()})
    else:
        blocks, buildings = study.tables.get("blocks"), study.tables.get("buildings")
        if blocks is None or "households_source" not in blocks.columns:
            return {}
        rest = blocks["households"].astype("float64").fillna(0)
        if buildings is not None and {"block_id", "households_source"} <= set(buildings.columns):
            homes = buildings[buildings["block_id"].isin(blocks.index)]
            counts = homes["households"].astype("float64").fillna(0)
            found = counts.groupby(homes["households_source"]).sum()
            rest = (rest - counts.groupby(homes["block_id"]).sum().reindex(rest.index).fillna(0)).clip(lower=0)
        found = found.add(rest.groupby(blocks["households_source"]).sum(), fill_value=0)
    known = found[found > 0].sort_index().sort_values(ascending=False, kind="stable")
    return {str(source): float(households) for source, households in known.items()}


def sources_sentence(tables: PlanTables, study: Study, lang: Lang) -> str:
    """Return where the households come from with the share of each source, or "" when the study does not say it."""
    found = household_sources(tables, study)
    total = sum(found.values())
    said = [
        f"{value_word('source', source, lang)} {number(homes, lang)}{'户' if lang == 'zh' else ''}"
        + (f"（{homes / total:.1%}）" if lang == "zh" else f" ({homes / total:.1%})")
        for source, homes in found.items()
    ]
    return ("、" if lang == "zh" else ", ").join(said)


def register_gap(tables: PlanTables, study: Study) -> tuple[float, float] | None:
    """Return the communities' own totals and what the plan's households of today's communities have more than they do.

    None when a community has no total of its own, or the two are the same.
    """
    own = _register(study)
    used = tables.communities_before["households"].astype("float64")
    if len(own) == 0 or own.isna().any() or used.isna().all() or used.sum() == own.sum():
        return None
    return float(own.sum()), float(used.sum() - own.sum())


def _register(study: Study) -> pd.Series:
    communities = study.tables.get("communities")
    if communities is None or "households" not in communities.columns:
        return pd.Series(dtype="float64")
    return communities["households"].astype("float64").set_axis(communities.index.astype(str))


@dataclass(frozen=True)
class Borders:
    """How long the borders between the communities of a plan are [m], and the shares of what they follow."""

    length_m: float
    lines: float
    old: float
    none: float


def borders(tables: PlanTables) -> Borders | None:
    """Return what the borders between the communities after follow; None when there is but one community."""
    cut = tables.seams[tables.seams["cut"] & (tables.seams["block_b"] != OUTSIDE)]
    length = float(cut["length_m"].sum())
    if length <= 0:
        return None
    of = {kind: float(cut.loc[cut["feature_class"] == kind, "length_m"].sum()) / length for kind in ("border", "none")}
    return Borders(length, 1 - of["border"] - of["none"], of["border"], of["none"])
