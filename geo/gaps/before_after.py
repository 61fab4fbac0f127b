"""What a plan of boundaries changes: what every community has and lacks before it and after it.

Facilities and homes stay where they are; what changes is whose they are. A merger pools what its parts had; a split
leaves what there was on one side. On both sides a community is the blocks that belong to it, so that what has not moved
is the same before and after.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.errors import Fault, InputError
from geo.gaps.demand import demand as homes_of
from geo.gaps.gaps import GapOptions, find_gaps, loaded
from geo.gaps.result import CHANGE_COLUMNS, LACKING, STATE_WORDS, GapChange, Gaps
from geo.gaps.scene import Floats, place_in, sums, texts
from geo.network import Network
from geo.network.build import network_of
from geo.partition.actions import PlanTables, explain_plan
from geo.partition.plan import Plan
from geo.partition.scorecard import SIX_ONES
from geo.standards.facilities import FacilityStandard, Requirement, load_facility_standard
from geo.study import Study

Side = Literal["before", "after"]
Pair = tuple[str, str]

_FIGURES: Final = (
    "state", "count", "needed", "people", "people_uncovered", "area_short_m2", "places_short", "severity",
)  # fmt: skip
_TEXT: Final = ("name", "name_en", "title_zh", "title_en", "group", "state")
_SAME: Final = 1e-9
_BLOCKS_NOTE: Final = (
    "规划前后的社区均按其所含地块划定;跨社区的地块计入其较大部分所在的社区。",
    "Before and after, a community is the blocks that belong to it; a block across a border counts for the community "
    "that has the larger part of it.",
)


def before_after(
    study: Study,
    plan: Plan | PlanTables,
    *,
    standards: Sequence[FacilityStandard | str | Path] = ("six-ones",),
    speed: str = "adult",
    network: Network | None = None,
    demand: gpd.GeoDataFrame | None = None,
    options: GapOptions | None = None,
) -> GapChange:
    """Return the six-ones matrix and the gaps of a town before and after a plan.

    Parameters
    ----------
    study : Study
        With blocks, seams, facilities and roads.
    plan : Plan or PlanTables
        A plan of these blocks, or what `geo.partition.actions.explain_plan` made of it.
    standards : sequence of FacilityStandard, str or Path
        Their names differ. The six ones are always counted; they are judged where they are among these.
    speed, network, demand, options
        As `geo.gaps.gaps_of`.

    Returns
    -------
    GapChange

    Raises
    ------
    InputError
        The plan is not of these blocks, there are no communities today, two standards have one name, or as
        `geo.gaps.find_gaps`.
    """
    rules = [loaded(one) for one in standards]
    tables = plan if isinstance(plan, PlanTables) else _explained(study, plan)
    if faults := _faults(tables, rules, study):
        raise InputError(faults)
    six = load_facility_standard("six-ones")
    every = rules if any(one.name == six.name for one in rules) else [*rules, six]
    network = network if network is not None else network_of(study)
    demand = demand if demand is not None else homes_of(study)
    sides: dict[Side, dict[str, Gaps]] = {"before": {}, "after": {}}
    areas = {side: areas_from_blocks(tables, side) for side in ("before", "after")}
    for side, found in sides.items():
        homes = demand.assign(community_id=_community_of(demand, tables, side))
        for one in every:
            found[one.name] = find_gaps(
                homes, study["facilities"], network, standard=one, communities=areas[side],
                estates=study.get("estates"), buildings=study.get("buildings"), speed=speed, options=options,
            )  # fmt: skip
    wanted = {one.name for one in rules}
    before, after = ({name: gaps for name, gaps in sides[side].items() if name in wanted} for side in sides)
    return GapChange(
        before=before,
        after=after,
        communities=_communities(before, after, tables),
        requirements=_requirements(before, after),
        residents=_residents(before, after),
        homes=_homes(before, after),
        six_ones=_six_ones(sides["before"][six.name], sides["after"][six.name]),
        sharing=_sharing(after, study["facilities"], areas, tables),
        notes=(_BLOCKS_NOTE, *_notes(before, after)),
    )


def areas_from_blocks(tables: PlanTables, side: Side) -> gpd.GeoDataFrame:
    """Return the communities of one side as the land of their blocks: index community_id; name, name_en, geometry.

    Parameters
    ----------
    tables : PlanTables
    side : {"before", "after"}
    """
    column = "community_id_before" if side == "before" else "community_id"
    said = tables.communities_before if side == "before" else tables.communities
    blocks = tables.blocks.sort_index()
    owner = texts(blocks, column)
    ids = sorted(set(owner) - {""})
    shapes = blocks.geometry.to_numpy()
    index = pd.Index(ids, dtype="str", name="community_id")
    names = said[["name", "name_en"]].reindex(index)
    land = [shapely.union_all(shapes[owner == one]) for one in ids]
    return gpd.GeoDataFrame(names, geometry=land, crs=blocks.crs)


def _explained(study: Study, plan: Plan) -> PlanTables:
    return explain_plan(
        plan, blocks=study["blocks"], seams=study["seams"], communities=study.get("communities"),
        buildings=study.get("buildings"), estates=study.get("estates"),
    )  # fmt: skip


def _faults(tables: PlanTables, rules: Sequence[FacilityStandard], study: Study) -> list[Fault]:
    faults = []
    if not (texts(tables.blocks, "community_id_before") != "").any():
        faults.append(Fault("there are no communities today, so nothing to compare the plan with",
                            "import the communities, or judge the plan alone (gaps_of with its communities)",
                            table="communities"))  # fmt: skip
    names = [one.name for one in rules]
    if not names:
        faults.append(Fault("no standard is named", "name at least one, e.g. six-ones"))
    if twice := sorted({name for name in names if names.count(name) > 1}):
        faults.append(Fault(f"standards of the same name: {', '.join(twice)}", "give each a name of its own"))
    lost = tuple(sorted(set(study["blocks"].index.astype(str)) ^ set(tables.blocks.index.astype(str))))
    if lost:
        faults.append(Fault(f"{len(lost)} blocks are in the study or in the plan only", "make the plan anew",
                            table="blocks", ids=lost))  # fmt: skip
    return faults


def _community_of(demand: gpd.GeoDataFrame, tables: PlanTables, side: Side) -> npt.NDArray[np.object_]:
    """Return the community of each home's block: as its column says, else by place; "" for none."""
    blocks = tables.blocks.sort_index()
    owner = texts(blocks, "community_id_before" if side == "before" else "community_id")
    at = pd.Index(blocks.index.astype(str)).get_indexer(pd.Index(texts(demand, "block_id")))
    lost = np.flatnonzero(at < 0)
    if len(lost):
        at[lost] = place_in(demand.geometry.to_numpy()[lost], blocks)
    return np.where(at >= 0, owner[at], "")


def _side(gaps: Mapping[str, Gaps]) -> pd.DataFrame:
    """Return what is compared, by standard, community and requirement."""
    columns = [*_TEXT[:-1], *_FIGURES, "text_zh", "text_en"]
    parts = {name: one.communities[columns] for name, one in gaps.items()}
    return pd.concat(parts, names=["standard"])


def _communities(before: Mapping[str, Gaps], after: Mapping[str, Gaps], tables: PlanTables) -> pd.DataFrame:
    old, new = _side(before), _side(after)
    order = {key: i for i, key in enumerate(dict.fromkeys(
        (name, each.key) for name, one in before.items() for each in one.standard.requirements
    ))}  # fmt: skip
    rows = old.index.union(new.index)
    place = [(list(before).index(name), community, order[name, key]) for name, community, key in rows]
    rows = rows[np.lexsort(tuple(zip(*place, strict=True))[::-1])] if len(rows) else rows
    a, b = old.reindex(rows), new.reindex(rows)
    frame = pd.DataFrame(index=rows)
    for column in _TEXT[:-1]:
        frame[column] = b[column].where(b[column].notna(), a[column])
    fate = pd.concat([tables.communities_before["fate"], tables.communities["fate"]])
    fate = fate[~fate.index.duplicated(keep="last")]
    frame["fate"] = fate.reindex(rows.get_level_values("community_id")).to_numpy()
    for column in _FIGURES:
        frame[f"{column}_before"], frame[f"{column}_after"] = a[column], b[column]
    severity = frame["severity_after"] - frame["severity_before"]
    frame["change"] = np.select(
        [a["state"].isna(), b["state"].isna(),
         (severity.isna() | (a["state"] == "unknown") | (b["state"] == "unknown")) & (a["state"] != b["state"]),
         severity < -_SAME, severity > _SAME],
        ["new", "ended", "unknown", "better", "worse"], "same",
    )  # fmt: skip
    frame["was_zh"], frame["now_zh"], frame["was_en"], frame["now_en"] = (
        a["text_zh"], b["text_zh"], a["text_en"], b["text_en"]
    )  # fmt: skip
    said = [_sentence(row, heirs) for row, heirs in
            zip(frame.to_dict("records"), _heirs(rows, before, after, new), strict=True)]  # fmt: skip
    frame["text_zh"], frame["text_en"] = [zh for zh, _ in said], [en for _, en in said]
    text = (*_TEXT[:-1], "fate", "state_before", "state_after", "change", "text_zh", "text_en")
    return frame[list(CHANGE_COLUMNS)].astype(dict.fromkeys(text, "str"))


def _heirs(
    rows: pd.MultiIndex, before: Mapping[str, Gaps], after: Mapping[str, Gaps], new: pd.DataFrame
) -> list[list[Pair]]:
    """Return for each row where the people of a community that ends then belong, and what is known of it there."""
    found = []
    goes = {name: _goes(was, after[name]) for name, was in before.items()}
    for name, community, key in rows:
        heirs = [] if (name, community, key) in new.index else goes[name].get(community, [])
        there = [new.loc[(name, heir, key)] for heir in heirs]
        words = [STATE_WORDS[one["state"]] for one in there]
        found.append([(f"{one['name']}({zh})", f"{one['name_en']} ({en})")
                      for one, (zh, en) in zip(there, words, strict=True)])  # fmt: skip
    return found


def _sentence(row: Mapping[str, Any], heirs: Sequence[Pair]) -> Pair:
    if row["change"] == "ended":
        zh, en = f"规划前:{row['was_zh']}规划后该社区撤销", f"Before: {row['was_en']} Afterwards it is no more"
        if heirs:
            zh += f",居民划入{'、'.join(zh_ for zh_, _ in heirs)}"
            en += f"; its people go to {', '.join(en_ for _, en_ in heirs)}"
        return zh + "。", en + "."
    if row["change"] == "new":
        return f"新设社区:{row['now_zh']}", f"A new community: {row['now_en']}"
    (was_zh, was_en), (now_zh, now_en) = STATE_WORDS[row["state_before"]], STATE_WORDS[row["state_after"]]
    if row["change"] == "same" and row["state_before"] == row["state_after"]:
        return f"不变:{row['now_zh']}", f"As before: {row['now_en']}"
    return f"由{was_zh}变为{now_zh}:{row['now_zh']}", f"From {was_en} to {now_en}: {row['now_en']}"


def _requirements(before: Mapping[str, Gaps], after: Mapping[str, Gaps]) -> pd.DataFrame:
    rows, index = [], []
    for name, was in before.items():
        people, old, new = was.buildings["people"].to_numpy(), _reached(was), _reached(after[name])
        for r, each in enumerate(was.standard.requirements):
            row = _town(each, was, after[name])
            for side, reached in (("before", old[:, r]), ("after", new[:, r])):
                known = np.isfinite(reached).any()
                row[f"people_uncovered_{side}"] = float(np.nansum(people[reached == 0])) if known else np.nan
            row["people_gain"] = float(np.nansum(people[(old[:, r] == 0) & (new[:, r] == 1)]))
            row["people_lose"] = float(np.nansum(people[(old[:, r] == 1) & (new[:, r] == 0)]))
            row["change"] = _change(row)
            row["text_zh"], row["text_en"] = _town_words(row)
            rows.append(row)
            index.append((name, each.key))
    return pd.DataFrame(rows, index=pd.MultiIndex.from_tuples(index, names=["standard", "requirement"]))


def _town(each: Requirement, was: Gaps, now: Gaps) -> dict[str, Any]:
    row: dict[str, Any] = {"title_zh": each.title_zh, "title_en": each.title_en, "group": each.group}
    for side, gaps in (("before", was), ("after", now)):
        state = gaps.communities.xs(each.key, level="requirement")["state"]
        row[f"communities_{side}"] = len(state)
        row[f"lacking_{side}"] = int(state.isin(LACKING).sum())
        row[f"unknown_{side}"] = int((state == "unknown").sum())
    return row


def _change(row: Mapping[str, Any]) -> str:
    if row["unknown_before"] == row["communities_before"] and row["unknown_after"] == row["communities_after"]:
        return "unknown"
    more = row["people_uncovered_after"] - row["people_uncovered_before"]
    if np.isnan(more) or abs(more) < _SAME:
        more = row["lacking_after"] - row["lacking_before"]
    return "same" if more == 0 else "worse" if more > 0 else "better"


def _town_words(row: Mapping[str, Any]) -> Pair:
    zh = (f"{row['title_zh']}:有缺口的社区由{row['communities_before']}个中的{row['lacking_before']}个变为"
          f"{row['communities_after']}个中的{row['lacking_after']}个")  # fmt: skip
    en = (f"{row['title_en']}: communities with a gap go from {row['lacking_before']} of {row['communities_before']} "
          f"to {row['lacking_after']} of {row['communities_after']}")  # fmt: skip
    if not np.isnan(row["people_uncovered_after"] - row["people_uncovered_before"]):
        zh += (f";未覆盖由{row['people_uncovered_before']:,.0f}人变为{row['people_uncovered_after']:,.0f}人"
               f"({row['people_gain']:,.0f}人新覆盖,{row['people_lose']:,.0f}人失去)")  # fmt: skip
        en += (f"; people without go from {row['people_uncovered_before']:,.0f} to "
               f"{row['people_uncovered_after']:,.0f} ({row['people_gain']:,.0f} gain it, "
               f"{row['people_lose']:,.0f} lose it)")  # fmt: skip
    return zh + "。", en + "."


def _residents(before: Mapping[str, Gaps], after: Mapping[str, Gaps]) -> pd.DataFrame:
    """Return for today's communities what their people have before and after, wherever they then belong."""
    parts = {}
    for name, was in before.items():
        ids, area = was.scores.index, was.scores.index.get_indexer(pd.Index(was.buildings["community_id"]))
        people, old, new = was.buildings["people"].to_numpy(), _reached(was), _reached(after[name])
        goes = _goes(was, after[name])
        for r, each in enumerate(was.standard.requirements):
            a, b = old[:, r], new[:, r]
            counted = {"people_covered_before": a == 1, "people_covered_after": b == 1,
                       "people_gain": (a == 0) & (b == 1), "people_lose": (a == 1) & (b == 0)}  # fmt: skip
            parts[name, each.key] = pd.DataFrame(
                {"to_ids": [";".join(goes[one]) for one in ids], "people": sums(people, area, len(ids)),
                 **{key: sums(people * which, area, len(ids)) for key, which in counted.items()}},
                index=ids,
            )  # fmt: skip
    frame = pd.concat(parts, names=["standard", "requirement", "community_id"]).swaplevel(1, 2)
    rows = [(name, one, each.key) for name, was in before.items() for one in was.scores.index
            for each in was.standard.requirements]  # fmt: skip
    index = pd.MultiIndex.from_tuples(rows, names=["standard", "community_id", "requirement"])
    return frame.reindex(index).astype({"to_ids": "str"})


def _reached(gaps: Gaps) -> Floats:
    """Return whether each home (rows) has each requirement (columns): 1, 0, NaN unknown."""
    flags = gaps.homes["reached"].astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan)
    return np.asarray(flags.reshape(len(gaps.buildings), len(gaps.standard.requirements)))


def _goes(was: Gaps, now: Gaps) -> dict[str, list[str]]:
    """Return for each of today's communities where its people then belong, most people first."""
    homes = pd.DataFrame({"people": was.buildings["people"].fillna(0.0), "old": was.buildings["community_id"],
                          "new": now.buildings["community_id"]}).dropna(subset=["old", "new"])  # fmt: skip
    moved = homes.groupby(["old", "new"])["people"].sum().reset_index()
    moved = moved.sort_values(["old", "people", "new"], ascending=[True, False, True])
    found: dict[str, list[str]] = {str(one): [] for one in was.scores.index}
    for old, new in zip(moved["old"], moved["new"], strict=True):
        found[str(old)].append(str(new))
    return found


def _homes(before: Mapping[str, Gaps], after: Mapping[str, Gaps]) -> pd.DataFrame:
    """Return the homes whose reach changes, and to what."""
    parts = {}
    for name, was in before.items():
        now = after[name]
        both = pd.DataFrame({f"{column}_{side}": gaps.homes[column] for column in ("reached", "facility_id")
                             for side, gaps in (("before", was), ("after", now))})  # fmt: skip
        moved = (both["reached_before"] != both["reached_after"]).fillna(value=False).to_numpy(dtype=bool)
        rows = both[moved]
        home = rows.index.get_level_values("demand_id")
        parts[name] = pd.DataFrame(
            {
                "people": was.buildings["people"].reindex(home).to_numpy(),
                "change": np.where(rows["reached_after"].to_numpy(dtype=bool), "gains", "loses"),
                "community_before": was.buildings["community_id"].reindex(home).to_numpy(),
                "community_after": now.buildings["community_id"].reindex(home).to_numpy(),
                "facility_before": rows["facility_id_before"].to_numpy(),
                "facility_after": rows["facility_id_after"].to_numpy(),
            },
            index=rows.index,
        )
    columns = ["people", "change", "community_before", "community_after", "facility_before", "facility_after"]
    return pd.concat(parts, names=["standard"]).astype(dict.fromkeys(columns[1:], "str"))


def six_ones(gaps: Gaps) -> pd.DataFrame:
    """Return the presence matrix of 六个一: how many of each one every community has.

    Parameters
    ----------
    gaps : Gaps
        By the standard `six-ones`, or another that asks for its keys.

    Returns
    -------
    DataFrame
        Index community_id, sorted; name, name_en, the number of each of `SIX_ONES` (`<NA>` where the town names none),
        lacking (keys of those it has none of, joined by ;), lacking_count.
    """
    table = gaps.communities
    counts = pd.DataFrame({key: table["count"].xs(key, level="requirement") for key in SIX_ONES})
    frame = gaps.scores[["name", "name_en"]].join(counts)
    none = (counts == 0).fillna(value=False)
    frame["lacking"] = [";".join(counts.columns[row]) for row in none.to_numpy(dtype=bool)]
    frame["lacking_count"] = none.sum(axis=1).astype("Int64")
    return pd.DataFrame(frame).astype({"lacking": "str"})


def _six_ones(before: Gaps, after: Gaps) -> pd.DataFrame:
    sides = [six_ones(gaps).reset_index().assign(when=when) for when, gaps in (("before", before), ("after", after))]
    frame = pd.concat(sides, ignore_index=True)
    return frame[["when", "community_id", "name", "name_en", *SIX_ONES, "lacking", "lacking_count"]].astype(
        {"when": "str", "community_id": "str"}
    )


def _sharing(
    after: Mapping[str, Gaps], facilities: gpd.GeoDataFrame, areas: Mapping[str, gpd.GeoDataFrame], tables: PlanTables
) -> pd.DataFrame:
    """Return what communities have together that came from several of today's."""
    was, now = (place_in(facilities.geometry.to_numpy(), areas[side]) for side in ("before", "after"))
    old_ids, new_ids = areas["before"].index.to_numpy(dtype=object), areas["after"].index.to_numpy(dtype=object)
    names = {one: _names(tables.communities_before, one) for one in old_ids}
    rows = []
    for name, gaps in after.items():
        for each in gaps.standard.requirements:
            if each.scope != "community":
                continue
            counted = each.counts(facilities["category"])
            for i, community in enumerate(new_ids):
                here = counted & (now == i)
                origins = sorted(set(old_ids[was[here & (was >= 0)]]))
                if len(origins) > 1:
                    one = gaps.communities.loc[(community, each.key)]
                    rows.append((name, community, each.key, *_shared(one, each, origins, names)))
    columns = ["standard", "community_id", "requirement", "count", "from_ids", "needed", "spare", "text_zh", "text_en"]
    frame = pd.DataFrame(rows, columns=columns)
    text = ("standard", "community_id", "requirement", "from_ids", "text_zh", "text_en")
    return frame.astype({**dict.fromkeys(text, "str"), **dict.fromkeys(("count", "needed", "spare"), "Int64")})


def _shared(row: pd.Series, each: Requirement, origins: Sequence[str], names: Mapping[str, Pair]) -> tuple[Any, ...]:
    """Return the columns of `GapChange.sharing` from count on."""
    count, needed = int(row["count"]), row["needed"]
    spare = pd.NA if pd.isna(needed) else max(0, count - int(needed))
    zh = f"{row['name']}有{each.title_zh}{count}处(原属{'、'.join(names[one][0] for one in origins)})"
    whence = ", ".join(names[one][1] for one in origins)
    en = f"{row['name_en']} has {count} of the kind “{each.title_en}” (from {whence})"
    if pd.notna(spare) and spare > 0:
        zh = f"{zh},超出需要{spare}处,可统筹共用或调整用途"
        en = f"{en}, {spare} more than needed: to be shared or put to another use"
    return count, ";".join(origins), needed, spare, f"{zh}。", f"{en}."


def _names(table: gpd.GeoDataFrame, community: str) -> Pair:
    if community not in table.index:
        return community, community
    zh, en = (table.loc[community, column] for column in ("name", "name_en"))
    plain = community if pd.isna(zh) else str(zh)
    return plain, plain if pd.isna(en) else str(en)


def _notes(before: Mapping[str, Gaps], after: Mapping[str, Gaps]) -> list[Pair]:
    """Return what both sides said, once each."""
    return list(dict.fromkeys(note for side in (before, after) for gaps in side.values() for note in gaps.notes))
