"""Reading what a plan does: why a block is where it is, the scorecard, and bounds in words."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely

from api.operations.files import write_file
from api.operations.plans import Planned, explained, units
from api.operations.telling import Told
from geo.boundary_text import Ground, Located, ParsedBounds, parse_bounds
from geo.errors import Fault, InputError
from geo.network.build import network_of
from geo.partition import explain
from geo.partition.actions.names import outer_border
from geo.partition.edits import open_draft
from geo.partition.explain import BlockReasons, CommunityReasons
from geo.partition.plan import Plan
from geo.partition.scorecard import Scorecard
from geo.partition.scorecard import score_plan as score_tables
from geo.study import Study, read_study
from layers.features import to_lonlat


def explain_block(path: Path, plan: Plan, block: str) -> BlockReasons:
    """Return why a block is where it is: what each neighbouring community instead would change.

    Raises
    ------
    InputError
        When plan and study do not belong together, or there is no such block.
    """
    study = read_study(path)
    return explain.explain_block(open_draft(plan, *units(study, plan.options)), block)


def explain_community(path: Path, plan: Plan, community: str) -> CommunityReasons:
    """Return why a community is what it is: its part of every term, its mergers, the units on its border.

    Raises
    ------
    InputError
        When plan and study do not belong together, or the plan has no such community.
    """
    study = read_study(path)
    return explain.explain_community(open_draft(plan, *units(study, plan.options)), community)


def score_plan(path: Path, plan: Plan) -> tuple[Planned, Scorecard]:
    """Return a plan's scorecard, with the plan explained."""
    study = read_study(path)
    planned = explained(study, plan)
    tables = {name: study.get(name) for name in ("facilities", "buildings", "estates", "roads")}
    network = network_of(study) if study.get("roads") is not None else None
    return planned, score_tables(planned.tables, profile=plan.profile, network=network, **tables)


# ── bounds in words ──────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Understood:
    """A text of bounds, read on a study.

    Attributes
    ----------
    parsed : ParsedBounds
        What the text says.
    located : Located
        The land it means here.
    households, people : int or None
        On that land; None where unknown.
    area_m2 : float
    crs : str
        Of the land.
    """

    parsed: ParsedBounds
    located: Located
    households: int | None
    people: int | None
    area_m2: float
    crs: str


def locate_text(path: Path, text: str, *, plan: Plan | None = None) -> Understood:
    """Return what a text of bounds says and the land that it means on a study.

    Parameters
    ----------
    path, text
    plan
        The communities that the text speaks of; by default today's.

    Raises
    ------
    InputError
        When the text says nothing of a boundary, or the study has no blocks.
    """
    parsed = parse_bounds(text)
    study = read_study(path)
    blocks, ground = _ground(study, None if plan is None else explained(study, plan))
    located = ground.locate(parsed.land)
    inside = blocks.loc[list(located.blocks)]
    households, people = (
        int(n) if pd.notna(n := inside[column].sum(min_count=1)) else None for column in ("households", "people")
    )
    return Understood(parsed, located, households, people, float(inside.geometry.area.sum()), str(study.crs))


def check_texts(path: Path, plan: Plan, *, told: Told | None = None) -> pd.DataFrame:
    """Return for every community of a plan whether a reader of its bounds finds the blocks that are meant.

    Returns
    -------
    DataFrame
        Index community_id; name, name_en, text (东至…), returned (the very blocks), agreement (share of the land, meant
        or understood, on which both agree), missing and strange (blocks not found, and found besides), remarks_zh,
        remarks_en.
    """
    study = read_study(path)
    planned = explained(study, plan)
    blocks, ground = _ground(study, planned)
    area = blocks.geometry.area
    rows = []
    communities = planned.tables.communities
    for number, (key, row) in enumerate(communities.iterrows()):
        if told:
            told(f"reading the bounds of {key}", number / len(communities))
        meant = {block for block, community in planned.plan.assignment.items() if community == key}
        text = str(row["bounds_to_zh"])
        found, remarks = _read_back(ground, text)
        both, either = float(area[list(meant & found)].sum()), float(area[list(meant | found)].sum())
        rows.append((row["name"], row["name_en"], text, meant == found, both / either, tuple(sorted(meant - found)),
                     tuple(sorted(found - meant)), ";".join(zh for zh, _ in remarks),
                     "; ".join(en for _, en in remarks)))  # fmt: skip
    columns = ["name", "name_en", "text", "returned", "agreement", "missing", "strange", "remarks_zh", "remarks_en"]
    return pd.DataFrame(rows, columns=columns, index=communities.index)


def _read_back(ground: Ground, text: str) -> tuple[set[str], list[tuple[str, str]]]:
    try:
        parsed = parse_bounds(text)
    except InputError as error:
        return set(), [(str(fault.what), str(fault.what)) for fault in error.faults]
    located = ground.locate(parsed.land)
    return set(located.blocks), [(one.text_zh, one.text_en) for one in (*parsed.remarks, *located.remarks)]


def _ground(study: Study, planned: Planned | None) -> tuple[gpd.GeoDataFrame, Ground]:
    communities, estates = study.get("communities"), study.get("estates")
    options: dict[str, Any] = {
        "estates": estates,
        "places": _named(study.get("facilities")),
        "outside": outer_border(communities),
    }
    if planned is None:
        blocks = study["blocks"]
        return blocks, Ground(blocks, study["seams"], names=communities, **options)
    blocks, seams, _ = units(study, planned.plan.options)
    after = pd.Series(dict(planned.plan.assignment))
    return blocks, Ground(blocks, seams, neighbours=after, names=planned.tables.communities, **options)


def _named(facilities: gpd.GeoDataFrame | None) -> gpd.GeoDataFrame | None:
    if facilities is None or "name" not in facilities.columns:
        return None
    return facilities[facilities["name"].notna()]


def write_land(shape: shapely.Geometry, crs: str, path: Path, *, properties: dict[str, object]) -> None:
    """Write land as GeoJSON in WGS 84, whole or not at all.

    Raises
    ------
    InputError
        When there is no land, or no file can be written there.
    """
    if shapely.is_empty(shape):
        raise InputError(Fault("nothing of the text was found on the study, so there is no land to write",
                               "correct the names that were not found"))  # fmt: skip
    degrees = to_lonlat(gpd.GeoDataFrame(geometry=[shape], crs=crs)).geometry.iloc[0]
    feature = {"type": "Feature", "properties": properties, "geometry": _turned_right(degrees)}
    content = {"type": "FeatureCollection", "features": [feature]}
    write_file(path, (json.dumps(content, ensure_ascii=False, allow_nan=False) + "\n").encode())


def _turned_right(shape: shapely.Geometry) -> dict[str, object]:
    """Return the GeoJSON of areas: outer rings counter-clockwise (RFC 7946)."""
    parts: Sequence[shapely.Polygon] = [shapely.geometry.polygon.orient(part) for part in shapely.get_parts(shape)]
    whole = parts[0] if len(parts) == 1 else shapely.MultiPolygon(list(parts))
    return dict(shapely.geometry.mapping(whole))
