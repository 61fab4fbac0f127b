"""What communities are called, before and after a plan: names that stay, that were decided, that a rule proposes.

A community that lives on keeps its name. A new one is called after its main estate, else after the community of today
that most of its households come from, with a direction, else after its longest road, else by a number.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo.boundary_text import TOWN_BORDER, unit_name
from geo.errors import Fault, InputError
from geo.schema import ROAD_CLASSES

STUDY_BORDER = ("规划范围界", "the edge of the study area")
"""How the outer edge is called where no community says what town it is."""

_TOWN_BORDERS = (
    (("街道", "街道办事处"), ("街道界", "the subdistrict border")),
    (("乡",), ("乡界", "the township border")),
    (("区", "區"), ("区界", "the district border")),
    (("县", "縣"), ("县界", "the county border")),
    (("市",), ("市界", "the city border")),
)
_UNIT = re.compile(r"(社区|居民委员会|村民委员会|居委会|村委会|小区|村)$")
_UNIT_EN = re.compile(r"\s+(Residential Community|Community|Village|Vil\.|Estate|Neighbou?rhood)$", re.IGNORECASE)
_ALLEY_UNIT = re.compile(r"(?<=..)里$")
"""里 is a unit of its own (何安里), but not in names of two characters (万里)."""
_EIGHT = (("东", "East"), ("东北", "North-East"), ("北", "North"), ("西北", "North-West"),
          ("西", "West"), ("西南", "South-West"), ("南", "South"), ("东南", "South-East"))  # fmt: skip
_MAIN_ESTATE_SHARE = 0.3
"""An estate with this share of a new community's land gives it its name."""
_MAIN_ORIGIN_SHARE = 0.5
"""So does the old community that most of its households come from, with a direction."""


def outer_border(communities: gpd.GeoDataFrame | None) -> tuple[str, str]:
    """Return what the study's outer edge is called, after the town that all communities lie in."""
    if communities is None or len(communities) == 0:
        return STUDY_BORDER
    towns = set(communities["town"].dropna().astype(str).str.strip()) if "town" in communities.columns else set()
    town = towns.pop() if len(towns) == 1 else ""
    return next((called for endings, called in _TOWN_BORDERS if town.endswith(endings)), TOWN_BORDER)


def block_of(things: gpd.GeoDataFrame, ledger: gpd.GeoDataFrame) -> np.ndarray:
    """Return the position of the block that holds each thing's inner point, -1 for none."""
    points = shapely.point_on_surface(things.geometry.to_numpy())
    thing, block = shapely.STRtree(ledger.geometry.to_numpy()).query(points, predicate="intersects")
    first = np.full(len(things), len(ledger), dtype=np.int64)
    np.minimum.at(first, thing, block)
    return np.where(first == len(ledger), -1, first)


def old_names(ledger: gpd.GeoDataFrame, communities: gpd.GeoDataFrame | None) -> pd.DataFrame:
    """Return today's communities: name, name_en, kind, and how a text calls them (said, said_en)."""
    rows = {}
    if communities is not None:
        kinds = communities["kind"] if "kind" in communities.columns else pd.Series("community", communities.index)
        english = communities["name_en"] if "name_en" in communities.columns else pd.Series(None, communities.index)
        known = communities["name"] if "name" in communities.columns else pd.Series(None, communities.index)
        for identity, name, name_en, kind in zip(communities.index, known, english, kinds, strict=True):
            zh = str(identity) if pd.isna(name) else str(name).strip()
            en = "" if pd.isna(name_en) else str(name_en).strip()
            rows[str(identity)] = _naming(zh, en, str(kind))
    for identity in sorted(set(ledger["before"]) - {""}):
        rows.setdefault(identity, _naming(identity, "", "community"))
    return pd.DataFrame.from_dict(dict(sorted(rows.items())), orient="index", columns=_NAMING, dtype="object")


@dataclass(frozen=True)
class Words:
    """What sentences are made from: lines, names before and after, estates, what the outer edge is called."""

    seams: gpd.GeoDataFrame
    old: pd.DataFrame
    new: pd.DataFrame
    estates: gpd.GeoDataFrame | None
    outside: tuple[str, str]

    def today(self, identity: str) -> tuple[str, str]:
        """Return how today's community is called, in Chinese and English."""
        return str(self.old.loc[identity, "said"]), str(self.old.loc[identity, "said_en"])

    def then(self, identity: str) -> tuple[str, str]:
        """Return how a community of the plan is called, in Chinese and English."""
        return str(self.new.loc[identity, "said"]), str(self.new.loc[identity, "said_en"])


_NAMING = ["name", "name_en", "kind", "said", "said_en"]


def _naming(name: str, name_en: str, kind: str) -> tuple[str, str, str, str, str]:
    said = unit_name(name, kind)
    return name, name_en, kind, said, name_en or said


def new_names(
    ledger: gpd.GeoDataFrame,
    old: pd.DataFrame,
    seams: gpd.GeoDataFrame,
    estates: gpd.GeoDataFrame | None,
    decided: dict[str, tuple[str, str]],
) -> pd.DataFrame:
    """Return the communities after: the columns of `old_names`, where the name comes from, and notes.

    Raises
    ------
    InputError
        When a name was decided for a community that the plan does not have, or one that another community bears.
    """
    taken = {*old["said"], *(unit_name(zh) for zh, _ in decided.values())}
    rows = {}
    for identity, part in ledger.groupby("after", sort=True):
        origins = sorted(set(part["before"]) - {""})
        kind = _kind([str(old.loc[origin, "kind"]) for origin in origins])
        source = "kept"
        if identity in decided:
            (zh, en), source = decided[str(identity)], "decided"
        elif identity in old.index:
            zh, en = old.loc[identity, "name"], old.loc[identity, "name_en"]
        else:
            zh, en = next(
                (zh, en)
                for zh, en in _proposals(part, ledger, old, seams, estates, kind=kind)
                if unit_name(zh, kind) not in taken
            )
            source = "proposed"
        naming = _naming(zh, en, kind)
        taken.add(naming[3])
        rows[identity] = (*naming, source, *_note(kind, origins, old, heir=str(identity)))
    columns = [*_NAMING, "name_source", "note_zh", "note_en"]
    new = pd.DataFrame.from_dict(rows, orient="index", columns=columns, dtype="object")
    _check_decided(new, set(decided))
    return new


def _check_decided(new: pd.DataFrame, decided: set[str]) -> None:
    """Refuse names for communities that are not there, and one name for two communities."""
    faults = []
    if strangers := tuple(sorted(decided - set(new.index))):
        faults.append(Fault(f"names are given to communities the plan does not have: {', '.join(strangers)}",
                            "use the ids of the plan's communities", table="communities", ids=strangers))  # fmt: skip
    for said, bearers in new.groupby("said", sort=True).groups.items():
        if len(bearers) > 1 and decided & set(bearers):
            ids = tuple(sorted(str(bearer) for bearer in bearers))
            faults.append(Fault(f"two communities would be called {said}: {', '.join(ids)}",
                                "give one of them another name", table="communities", ids=ids))  # fmt: skip
    if faults:
        raise InputError(faults)


def _kind(kinds: list[str]) -> str:
    """Return the kind of a result: what all of its land is, else a community."""
    return kinds[0] if len(set(kinds)) == 1 else "community"


def _note(kind: str, origins: list[str], old: pd.DataFrame, *, heir: str) -> tuple[str, str]:
    """Return what a mixture asks for: consent for village land (村委会组织法 art. 3), collective assets left alone."""
    zh, en = [], []
    villages = [origin for origin in origins if old.loc[origin, "kind"] == "village"]
    said, said_en = _called(villages, old)
    if kind == "village" and len(villages) > 1:
        zh.append(f"由{said}合并而成,村的撤并须分别经村民会议同意并报县级政府批准")
        en.append(f"a merger of {said_en}: each needs its villagers' meeting's consent and the county's approval")
    elif heir in villages and kind != "village":
        strangers, strangers_en = _called([origin for origin in origins if origin not in villages], old)
        zh.append(f"{said}划入了{strangers}的土地,须先经村民会议同意并完成村改居、另定名称")
        en.append(f"{said_en} takes in land of {strangers_en}: "
                  "it needs the villagers' meeting's consent, conversion and a new name first")  # fmt: skip
    elif villages and kind != "village":
        zh.append(f"含{said}的土地,并入社区须先经村民会议同意并完成村改居")
        en.append(f"contains land of {said_en}: it needs the villagers' meeting's consent and conversion first")
    converted = [origin for origin in origins if old.loc[origin, "kind"] == "converted"]
    if converted and (kind != "converted" or len(origins) > 1):
        said, said_en = _called(converted, old)
        zh.append(f"含村改居社区{said}的土地,原集体资产与成员权益不变")
        en.append(f"contains land of {said_en}, converted from villages: "
                  "collective assets and members' rights stay as they are")  # fmt: skip
    return ";".join(zh), "; ".join(en)


def _called(communities: list[str], old: pd.DataFrame) -> tuple[str, str]:
    """Return what a text calls several communities of today."""
    names, english = old.loc[communities, "said"], old.loc[communities, "said_en"]
    return "、".join(names), ", ".join(english)


def _proposals(
    part: gpd.GeoDataFrame,
    ledger: gpd.GeoDataFrame,
    old: pd.DataFrame,
    seams: gpd.GeoDataFrame,
    estates: gpd.GeoDataFrame | None,
    *,
    kind: str,
) -> Iterable[tuple[str, str]]:
    """Yield names for a new community, the best first: main estate, old community and direction, main road, number."""
    unit, unit_en = ("村", "Village") if kind == "village" else ("社区", "Community")
    bases = [*_estate_names(part, ledger, estates), *_origin_names(part, ledger, old), *_road_names(part, seams)]
    for zh, en in bases:
        chinese = _is_chinese(zh) and not _ALLEY_UNIT.search(zh)
        yield (f"{zh}{unit}" if chinese else zh), (f"{en} {unit_en}" if en and chinese and zh != en else en)
    yield from ((f"新设第{i}{unit}", f"New {unit_en} {i}") for i in range(1, len(ledger) + 2))


def _estate_names(
    part: gpd.GeoDataFrame, ledger: gpd.GeoDataFrame, estates: gpd.GeoDataFrame | None
) -> list[tuple[str, str]]:
    """Return the name of the largest estate when it makes up a good share of the part."""
    if estates is None or len(estates) == 0:
        return []
    block = block_of(estates, ledger)
    here = estates[np.isin(block, ledger.index.get_indexer(part.index)) & (block >= 0) & estates["name"].notna()]
    size = pd.Series(here.geometry.area.to_numpy(), index=here.index)
    if len(here) == 0 or size.max() < _MAIN_ESTATE_SHARE * part["area_m2"].sum():
        return []
    main = min(here.index[size == size.max()])
    english = here.loc[main, "name_en"] if "name_en" in here.columns else None
    return [(_base(str(here.loc[main, "name"])), "" if pd.isna(english) else _base_en(str(english)))]


def _origin_names(part: gpd.GeoDataFrame, ledger: gpd.GeoDataFrame, old: pd.DataFrame) -> list[tuple[str, str]]:
    """Return the name of the old community most households come from, with the part's direction in it."""
    homes = part["households"].fillna(0).astype(float) + part["area_m2"] * 1e-9  # land decides where nobody lives
    origins = homes.groupby(part["before"]).sum().drop("", errors="ignore")
    if len(origins) == 0 or origins.max() < _MAIN_ORIGIN_SHARE * homes.sum():
        return []
    origin = str(origins.idxmax())
    name, name_en = str(old.loc[origin, "name"]), str(old.loc[origin, "name_en"])
    where = _directions(part, ledger[ledger["before"] == origin])
    if not _is_chinese(name):
        return [(f"{_base(name)} {en}", f"{_base_en(name_en or name)} {en}") for _, en in where]
    if _ALLEY_UNIT.search(name):  # 惠來里 → 惠來南里, Huilai Vil. → Huilai South Vil.
        unit = _UNIT_EN.search(name_en)
        after = unit[0] if unit else ""
        return [(f"{name[:-1]}{zh}里", f"{_base_en(name_en)} {en}{after}" if name_en else "") for zh, en in where]
    return [(f"{_base(name)}{zh}", f"{_base_en(name_en)} {en}" if name_en else "") for zh, en in where]


def _directions(part: gpd.GeoDataFrame, origin: gpd.GeoDataFrame) -> list[tuple[str, str]]:
    """Return where a part lies in its old community: the nearest of four directions, then of eight."""
    here, there = _centre(part), _centre(origin)
    turn = math.degrees(math.atan2(here[1] - there[1], here[0] - there[0]))
    eighth = _EIGHT[round(turn / 45) % 8]
    quarter = _EIGHT[round(turn / 90) % 4 * 2]
    return [quarter] if eighth == quarter else [quarter, eighth]


def _centre(part: gpd.GeoDataFrame) -> tuple[float, float]:
    centres, areas = part.geometry.centroid, part.geometry.area
    return float((centres.x * areas).sum() / areas.sum()), float((centres.y * areas).sum() / areas.sum())


def _road_names(part: gpd.GeoDataFrame, seams: gpd.GeoDataFrame) -> list[tuple[str, str]]:
    """Return the longest named roads in and around a part."""
    near = seams[seams["block_a"].isin(part.index) | seams["block_b"].isin(part.index)]
    near = near[near["feature_name"].notna() & near["feature_class"].isin(ROAD_CLASSES)]
    lengths = near.groupby("feature_name")["length_m"].sum().round(3)
    english = near.dropna(subset=["feature_name_en"]).groupby("feature_name")["feature_name_en"].min()
    longest = sorted(lengths.index, key=lambda name: (-lengths[name], name))
    return [(str(name), str(english.get(name, ""))) for name in longest]


def _base(name: str) -> str:
    return _UNIT.sub("", name.strip()) or name


def _base_en(name: str) -> str:
    return _UNIT_EN.sub("", name.strip()) or name


def _is_chinese(name: str) -> bool:
    return any("\u3400" <= letter <= "\u9fff" for letter in name)
