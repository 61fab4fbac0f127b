"""The survey as records: observations and findings with ids, days, photos, and what became of them."""

from dataclasses import dataclass
from datetime import date, timedelta

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo.schema import conform
from geo.standards.indicators import Catalogue
from geo.study import Study
from survey import campaigns, estates, problems, town
from survey.campaigns import EXAMINATION_2026, PILOT, PILOT_2025, Campaign
from survey.homes import homes

SEED = 2026
EXAMINED_ON = "2026-09-30"
"""The day as of which the town is examined, a month after the last visit."""
REMEDIED = {"timed": 0.72, "best_effort": 0.3}
"""Share of the pilot's findings that was put right within the year, by class of problem."""
DUE_DAYS = {"very_serious": 30, "serious": 90, "general": 180}
"""Days within which a problem of the class 限时 has to be put right."""
PHOTOGRAPHED = {"very_serious": 1.0, "serious": 0.6, "general": 0.25}


@dataclass(frozen=True)
class Survey:
    """A survey of the demo town: `observations` and `findings` as `geo.schema` has them."""

    observations: pd.DataFrame
    findings: gpd.GeoDataFrame


def make_surveys(study: Study, catalogue: Catalogue, *, seed: int = SEED) -> tuple[Survey, Survey]:
    """Return the pilot of 2025 and the examination of 2026.

    The pilot looked at six estates. The examination went there again: what was put right in the meantime is done or
    checked, the rest is still there under its old id; and it went to most other estates and to many blocks outside.

    Parameters
    ----------
    study : Study
        Qinghe with blocks and households; with `units`, school places are told by unit.
    catalogue : Catalogue
        Supplies units of extent, severities, classes of problems.
    seed : int
        The same seed makes the same surveys of the same study.
    """
    seen = homes(study, chance(seed, 1))
    visited = campaigns.surveyed(seen, chance(seed, 2))
    pilot = seen[seen["estate_id"].isin(PILOT)]
    first = campaigns.visits(pilot, PILOT_2025)
    before = _findings(study, catalogue, problems.look(pilot, chance(seed, 3)), first, PILOT_2025, chance(seed, 4))
    asked = problems.answers(pilot, _pairs(before), chance(seed, 5))
    earlier = Survey(_observations(asked, first), before)

    there = seen[visited]
    days = campaigns.visits(there, EXAMINATION_2026)
    fresh = problems.look(there, chance(seed, 6))
    known = fresh["building_id"].isin(pilot.index)
    fresh = fresh[~known | (chance(seed, 7).random(len(fresh)) < 0.15)]
    now = _findings(study, catalogue, fresh, days, EXAMINATION_2026, chance(seed, 8))
    now = _handled(now, chance(seed, 9))
    followed = _followed(before, catalogue, chance(seed, 10))
    standing = pd.concat([followed, now])
    answered = problems.answers(
        there, _pairs(standing[standing["status"].isin(["open", "scheduled"])]), chance(seed, 11)
    )

    sheet = estates.sheets(study, seen, visited, chance(seed, 12))
    when = _days_of_places(days, there["estate_id"]).reindex(sheet.index)
    lacking = _findings(study, catalogue, _lacks(study, sheet), when, EXAMINATION_2026, chance(seed, 13), "estate")
    parts = [_observations(answered, days), _measured(sheet, catalogue, when), _estate_answers(sheet, lacking, when)]
    units = study.get("units")
    if units is not None and not units.empty:
        parts.append(_places(estates.school_places(units, chance(seed, 14))))
    parts.append(_town(catalogue))
    lacking.index = [f"{EXAMINATION_2026.prefix}-X{n:04d}" for n in range(1, len(lacking) + 1)]
    findings = pd.concat([standing, lacking])
    findings = conform(gpd.GeoDataFrame(findings, crs=study.crs), "findings").sort_index()
    return earlier, Survey(conform(pd.concat(parts), "observations").sort_index(), findings)


def chance(seed: int, part: int) -> np.random.Generator:
    """Return chance of its own for each part, so that one part's draws leave the others as they are."""
    return np.random.default_rng([seed, part])


def _pairs(findings: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({"building_id": findings["subject_id"].to_numpy(), "code": findings["code"].to_numpy()})


def _findings(
    study: Study, catalogue: Catalogue, rows: pd.DataFrame, visits: pd.DataFrame, campaign: Campaign,
    rng: np.random.Generator, subject: str = "building",
) -> gpd.GeoDataFrame:  # fmt: skip
    """Return findings, open, with ids of the campaign, in order of rows (`building_id` or `estate_id`, code …)."""
    about = rows[f"{subject}_id"]
    codes = [catalogue.codes[code][1] for code in rows["code"]]
    severity = np.array([code.severity_of(extent) for code, extent in zip(codes, rows["extent"], strict=True)])
    worse = (severity == "general") & (rng.random(len(rows)) < 0.06)
    severity = np.where(worse, "serious", severity)
    day = visits["surveyed_on"].reindex(about).to_numpy()
    due = [_due(code.problem, s, d, campaign) for code, s, d in zip(codes, severity, day, strict=True)]
    ids = [f"{campaign.prefix}-{n:05d}" for n in range(1, len(rows) + 1)]
    pictured = rng.random(len(rows)) < pd.Series(severity).map(PHOTOGRAPHED).to_numpy()
    second = rng.random(len(rows)) < 0.15
    photo = [f"{i}.jpg;{i}b.jpg" if p and s else f"{i}.jpg" if p else None
             for i, p, s in zip(ids, pictured, second, strict=True)]  # fmt: skip
    table = study[f"{subject}s"].loc[about]
    middle = table.geometry.representative_point().to_numpy()
    given = rng.random(len(rows)) < (0.12 if subject == "building" else 0.8)
    point = np.where(given, _nearby(table.geometry.to_numpy(), middle, rng), middle)
    estate = about if subject == "estate" else table["estate_id"].where(table["estate_id"].isin(study["estates"].index))
    frame = gpd.GeoDataFrame(
        {
            "subject": subject,
            "subject_id": about.to_numpy(),
            "building_id": about.to_numpy() if subject == "building" else None,
            "estate_id": estate.to_numpy(),
            "code": rows["code"].to_numpy(),
            "severity": severity,
            "extent": [e if code.extent else np.nan for code, e in zip(codes, rows["extent"], strict=True)],
            "extent_unit": [code.extent or None for code in codes],
            "location": rows["location"].to_numpy(),
            "place_given": given,
            "surveyed_on": day,
            "surveyor": visits["surveyor"].reindex(about).to_numpy(),
            "photo": photo,
            "note": rows["note"].replace("", None).to_numpy(),
            "status": "open",
            "due_on": due,
            "done_on": None,
        },
        geometry=point,
        crs=study.crs,
        index=pd.Index(ids, name="finding_id"),
    )
    frame.loc[frame["extent"].isna(), "extent_unit"] = None
    return conform(frame, "findings")


def _nearby(shapes: np.ndarray, middle: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a place in each shape, to the decimetre: a third of the way from its middle to a corner."""
    corner = np.array([shapely.get_coordinates(shape)[int(r * 1e6) % 4] for shape, r in
                       zip(shapes, rng.random(len(shapes)), strict=True)]).reshape(-1, 2)  # fmt: skip
    at = shapely.get_coordinates(middle)
    there = shapely.points(np.round(at + (corner - at) / 3, 1))
    return np.where(shapely.contains(shapes, there), there, shapely.points(np.round(at, 1)))


def _due(problem: str, severity: str, day: str, campaign: Campaign) -> str | None:
    """Return the day by which a finding has to be put right; 尽力 ones got a year in the pilot, and none since."""
    if problem != "timed" and campaign is not PILOT_2025:
        return None
    days = DUE_DAYS[severity] if problem == "timed" else 365
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()


def _handled(findings: gpd.GeoDataFrame, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Return this year's findings: half of what was due is done, some clutter too; some works are planned."""
    draw = rng.random(len(findings))
    due = (findings["due_on"].fillna("9999") <= EXAMINED_ON).to_numpy()
    quick = (findings["code"].isin(["3g", "3h"]).to_numpy() & (draw < 0.12)) | (due & (draw < 0.5))
    planned = ~quick & (draw > 0.84)
    later = pd.to_datetime(findings["surveyed_on"]) + pd.to_timedelta(rng.integers(2, 30, len(findings)), "D")
    return _status(findings, quick, planned, later, rng)


def _followed(before: gpd.GeoDataFrame, catalogue: Catalogue, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Return the pilot's findings a year later: put right, planned, or as they were."""
    problem = before["code"].map({code: each.problem for code, (_, each) in catalogue.codes.items()})
    draw = rng.random(len(before))
    done = draw < problem.map(REMEDIED).to_numpy()
    planned = ~done & (draw > 0.85)
    later = pd.to_datetime(before["surveyed_on"]) + pd.to_timedelta(rng.integers(20, 300, len(before)), "D")
    return _status(before, done, planned, later, rng)


def _status(
    findings: gpd.GeoDataFrame, done: np.ndarray, planned: np.ndarray, later: pd.Series, rng: np.random.Generator
) -> gpd.GeoDataFrame:
    checked = done & (rng.random(len(findings)) < 0.35)
    status = np.select([checked, done, planned], ["checked", "done", "scheduled"], default="open")
    ended = later.dt.strftime("%Y-%m-%d").where(done, None)
    return conform(findings.assign(status=status, done_on=ended), "findings")


def _days_of_places(visits: pd.DataFrame, estate: pd.Series) -> pd.DataFrame:
    """Return the last visit's day and surveyor of each estate."""
    last = visits.assign(estate=estate).dropna(subset="estate").sort_values(["estate", "surveyed_on"], kind="stable")
    return last.groupby("estate")[["surveyed_on", "surveyor"]].last()


def _lacks(study: Study, sheet: pd.DataFrame) -> pd.DataFrame:
    """Return what the sheets of estates show to be missing, as rows of findings."""
    homes_of = study["buildings"].groupby("estate_id")["households"].sum().reindex(sheet.index).astype(float)
    demand = sheet["parking_demand"].fillna(homes_of)
    bays = demand - sheet["parking_spaces"]
    chargers = sheet["ev_demand"] - sheet["ev_private"] - 3 * sheet["ev_public"]
    few = (sheet["ground_m2"] < 150) | (sheet["green_count"] < 1)
    smart = sheet[["parcel_box", "parcel_locker", "security_system"]].min(axis=1) < 1
    rows = []
    for code, there, extent, location in (
        ("14", bays > 0, bays, "小区内道路及停车位"),
        ("15", chargers > 0, chargers, "停车位"),
        ("16", (sheet["ebike_spaces"] < sheet["ebike_demand"]) | (sheet["ebike_wires"] > 0),
         (sheet["ebike_demand"] - sheet["ebike_spaces"]).clip(lower=1), "楼前空地"),
        ("17", few, (150 - sheet["ground_m2"]).clip(lower=1), "小区中心"),
        ("18", sheet["footpath_m"] > 0, sheet["footpath_m"], "小区主路两侧"),
        ("19", sheet["unsorted"] > 0, None, "垃圾投放点"),
        ("20", sheet["unmanaged"] > 0, None, "整个小区"),
        ("21", smart, None, "小区出入口"),
    ):  # fmt: skip
        ids = sheet.index[there]
        rows.append(
            pd.DataFrame(
                {
                    "estate_id": ids,
                    "code": code,
                    "extent": np.nan if extent is None else extent[there].to_numpy(),
                    "location": location,
                    "note": "",
                }
            )
        )
    return pd.concat(rows).sort_values(["estate_id", "code"], kind="stable", ignore_index=True)


def _records(subject: str, rows: pd.DataFrame) -> pd.DataFrame:
    """Return observations of a subject from columns subject_id, item, state, value, surveyed_on, surveyor, source."""
    frame = rows.assign(subject=subject)
    frame.index = [f"{subject}:{i}:{item}" for i, item in zip(rows["subject_id"], rows["item"], strict=True)]
    return conform(frame.rename_axis("observation_id"), "observations")


def _observations(answered: pd.DataFrame, visits: pd.DataFrame) -> pd.DataFrame:
    rows = answered.rename(columns={"building_id": "subject_id"})
    return _records("building", rows.join(visits, on="subject_id"))


def _measured(sheet: pd.DataFrame, catalogue: Catalogue, when: pd.DataFrame) -> pd.DataFrame:
    asked = [key for key in sheet if key in catalogue.items]
    rows = sheet[asked].reset_index(names="subject_id").melt("subject_id", var_name="item")
    rows = rows.dropna(subset="value").assign(state="measured")
    return _records("estate", rows.join(when, on="subject_id"))


def _estate_answers(sheet: pd.DataFrame, lacking: pd.DataFrame, when: pd.DataFrame) -> pd.DataFrame:
    hits = set(zip(lacking["subject_id"], lacking["code"], strict=True))
    codes = [str(n) for n in range(14, 22)]
    rows = pd.DataFrame(
        [(each, code, "found" if (each, code) in hits else "clear") for each in sheet.index for code in codes],
        columns=["subject_id", "item", "state"],
    )
    return _records("estate", rows.join(when, on="subject_id"))


def _places(places: pd.DataFrame) -> pd.DataFrame:
    rows = places.reset_index(names="subject_id").melt("subject_id", var_name="item")
    return _records("unit", rows.assign(state="measured", surveyed_on="2026-06-30", surveyor="镇教育指导中心"))


def _town(catalogue: Catalogue) -> pd.DataFrame:
    figures = {f"value_{key}": figure for key, figure in town.ENTERED.items() if catalogue.by_key(key)}
    figures |= {key: figure for key, figure in town.ITEMS.items() if key in catalogue.items}
    rows = pd.DataFrame(
        [(key, value, f"{town.SOURCE}（{office}）", office) for key, (value, office) in figures.items()],
        columns=["item", "value", "source", "surveyor"],
    )
    return _records("town", rows.assign(subject_id="town", state="measured", surveyed_on=town.DAY))
