"""An estate town of twelve buildings that can be counted by hand.

Two blocks side by side, 7,000 and 5,500 people, with an arterial road between them: together too many for one
examination unit, so each is one. The old estate E1 (1985) lies in the first, the new estate E2 (2020) in the second;
three buildings stand outside: T10 and T11 in the village V1, T12 in the community C1.

| id  | name | estate | floors | year | lift | heated | flats | housing group | found (done in brackets) | looked at  |
|-----|------|--------|--------|------|------|--------|-------|---------------|--------------------------|------------|
| T01 | 1号楼 | E1    | 6      | 1985 | no   | yes    | 24    | before_2000   | 1b 3a 3e 3g 4a 5 7a 8    | everything |
| T02 | 2号楼 | E1    | 6      | 1985 | no   | yes    | 24    | before_2000   | 2 6a 6c                  | everything |
| T03 | 3号楼 | E1    | 6      | 1998 | no   | yes    | 24    | before_2000   | 3h 8 9a (4d)             | everything |
| T04 | 4号楼 | E1    | 11     | 2003 | yes  | yes    | 44    | 2000_2010     | 3c                       | everything |
| T05 | 5号楼 | E1    | ?      | ?    | ?    | yes    | 24    | before_2000   | 6a                       | 1 and 2    |
| T06 | 6号楼 | E1    | 6      | 2008 | no   | yes    | 24    | 2000_2010     | 7b 10w                   | everything |
| T07 | 1号楼 | E2    | 18     | 2020 | yes  | yes    | 72    | after_2010    |                          | everything |
| T08 | 2号楼 | E2    | 18     | 2020 | yes  | yes    | 72    | after_2010    | 9c                       | everything |
| T09 | 3号楼 | E2    | 6      | 2021 | yes  | yes    | 36    | after_2010    | 7b                       | everything |
| T10 |       | -      | 3      | 1995 | no   | ?      | 1     | self_built    | 1d 4d                    | everything |
| T11 |       | -      | 1      | 1930 | no   | ?      | 2     | historic      | 5 (no number) 6c         | all but 10w|
| T12 |       | -      | 5      | 1999 | ?    | ?      | 20    | before_2000   |                          | nothing    |

T05 has its estate's year, 1985. 6b (heating) is answered "does not apply" of T10 and T11. The finding 5 of T01 says 6
flats. The residents of E1 were asked about ageing (0.4 want it) and digital works (0.7), those of E2 about ageing
(0.8) and digital works (0.5); nobody was asked about energy.

Housing by hand; n/a: does not apply, ?: not known. surveyed = found + clear, total = surveyed + ?.

| key | found | ? | n/a | value | upper | surveyed | total |
|---|---|---|---|---|---|---|---|
| structure | 01 10 | 12 |  | 2 | 3 | 11 | 12 |
| gas | 02 | 12 |  | 1 | 2 | 11 | 12 |
| stairs | 01 03 04 | 05 12 | 10 (self-built) | 3 | 5 | 9 | 11 |
| envelope | 01 10 | 05 12 |  | 2 | 4 | 10 | 12 |
| incomplete_flats | 01 11 | 05 12 |  | 6 + 1 = 7 flats | 6 + 2 + 24 + 20 | 10 | 12 |
| in 2023 | 01 11 | 05 12 |  | 2 buildings | 4 | 10 | 12 |
| pipes | 02 05 11 | 12 |  | 3 | 4 | 11 | 12 |
| ageing | 01 06 09 | 05 12 | 10 (self-built) | 1 (09; 0.4<0.5) | 3 | 9 | 11 |
| energy | 01 03 | 05 12 | 04 06 07 08 09 (2000) | 2, pending | 4 | 5 | 7 |
| digital | 03 08 | 05 12 |  | 2 | 4 | 10 | 12 |
| tap_water (2023) | 06 | 05 11 12 |  | 1 | 4 | 9 | 12 |

Residential areas by hand (U01 holds E1, U02 holds E2 and is new).

| key | E1 or U01 | E2 or U02 | value |
|---|---|---|---|
| elder_care | 0 m2: found | 400 m2 of 350: clear | 1 |
| childcare | 120 m2, existing: clear | 150 m2 of 200: found | 1 |
| kindergarten | 9 classes, 2,500, site 3,600 m2: clear | site not told: unknown | 0, 1/2 |
| school_places | 600 - 540 = 60 | 400 - ?: unknown, at most 400 | 60, 1/2 |
| parking | 240 households - 100 = 140; fire lane taken | 300 - 320: 0 | 140 |
| ev_charging | 50 - 10 - 3 x 6 = 22 | demand not told: unknown | 22, 1/2 |
| ebike_charging | no space: found | 60 of 40, no wires: clear | 1 |
| activity_ground | 200 m2 but no green: found | 900 m2; 6,000 m2 >= 5,500; 35 m wide: clear | 1 |
| footpaths | 120 m open (80 m done) | clear | 0.12 km |
| waste_sorting | found | clear | 1 |
| property_management | found | nobody looked | 1, 1/2 |
| smart_estate | no locker: found | all three: clear | 1 |
"""

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import pandas as pd
from pyproj import CRS
from shapely import LineString, Point, box

from geo.standards import load_catalogue
from geo.study import Study

EPSG = CRS.from_epsg(4549)
TODAY = "2026-09-30"

HOUSING: Mapping[str, tuple[float, float, int, int]] = {
    "structure": (2, 3, 11, 12), "gas": (1, 2, 11, 12), "stairs": (3, 5, 9, 11), "envelope": (2, 4, 10, 12),
    "incomplete_flats": (7, 52, 10, 12), "pipes": (3, 4, 11, 12), "ageing": (1, 3, 9, 11), "energy": (2, 4, 5, 7),
    "digital": (2, 4, 10, 12), "tap_water": (1, 4, 9, 12),
}  # fmt: skip
"""Value, upper bound, surveyed and total, as the table above has them; `incomplete_flats` for 2025."""

FLATS_2023 = (2, 4, 10, 12)

RESIDENTIAL: Mapping[str, tuple[float, float, int, int]] = {
    "elder_care": (1, 1, 2, 2), "childcare": (1, 1, 2, 2), "kindergarten": (0, 1, 1, 2),
    "school_places": (60, 460, 1, 2), "parking": (140, 140, 2, 2), "ev_charging": (22, np.nan, 1, 2),
    "ebike_charging": (1, 1, 2, 2), "activity_ground": (1, 1, 2, 2), "footpaths": (0.12, 0.12, 2, 2),
    "waste_sorting": (1, 1, 2, 2), "property_management": (1, 2, 1, 2), "smart_estate": (1, 1, 2, 2),
}  # fmt: skip

FOUND = {
    "T01": ("1b", "3a", "3e", "3g", "4a", "5", "7a", "8"), "T02": ("2", "6a", "6c"), "T03": ("3h", "9a"),
    "T04": ("3c",), "T05": ("6a",), "T06": ("7b", "10w"), "T08": ("9c",), "T09": ("7b",), "T10": ("1d", "4d"),
    "T11": ("5", "6c"),
}  # fmt: skip
"""Findings that are open; 8 of T03 was only observed, without a finding."""

_EXTENTS = {("T01", "4a"): (35.0, "m2"), ("T01", "5"): (6.0, "flats")}

_UNSEEN = {"T11": ("10w",)}
_OF_T05 = ("1a", "1b", "1c", "1d", "1e", "2")
"""What nobody looked at in T11, and all that was looked at in T05."""

ITEMS = {
    "E1": {
        "elder_care_m2": 0, "childcare_m2": 120, "kindergarten_classes": 9, "kindergarten_m2": 2500,
        "kindergarten_site_m2": 3600, "parking_spaces": 100, "fire_lane_occupied": 1, "ev_demand": 50,
        "ev_private": 10, "ev_public": 6, "ebike_spaces": 0, "ground_m2": 200, "green_count": 0, "parcel_box": 1,
        "parcel_locker": 0, "support_ageing": 0.4, "support_digital": 0.7,
    },
    "E2": {
        "elder_care_m2": 400, "childcare_m2": 150, "kindergarten_classes": 6, "kindergarten_m2": 2300,
        "parking_demand": 300, "parking_spaces": 320, "ev_private": 100, "ev_public": 4, "ebike_demand": 40,
        "ebike_spaces": 60, "ebike_wires": 0, "ground_m2": 900, "green_count": 2, "green_m2": 6000,
        "green_width_m": 35, "parcel_box": 1, "parcel_locker": 1, "security_system": 1, "support_ageing": 0.8,
        "support_digital": 0.5,
    },
    "U01": {"primary_demand": 600, "primary_places": 540},
    "U02": {"primary_demand": 400},
}  # fmt: skip

AREA_CODES = {("E2", "18"): "clear", ("E1", "19"): "found", ("E2", "19"): "clear"}


def twelve() -> Study:
    """Return the town with its survey."""
    tables = {**places(), "findings": findings(), "observations": observations()}
    return Study("十二栋", EPSG, {}, "Twelve").having(tables)


def places() -> dict[str, gpd.GeoDataFrame]:
    """Return the town before its survey."""
    return {
        "buildings": _buildings(), "estates": _estates(), "communities": _communities(), "blocks": _blocks(),
        "seams": _seams(),
    }  # fmt: skip


def _frame(rows: dict[str, dict[str, object]], shapes: list[object], name: str) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        list(rows.values()), index=pd.Index(list(rows), name=name, dtype="str"), geometry=shapes, crs=EPSG
    )


def _buildings() -> gpd.GeoDataFrame:
    none = None
    told = {
        "T01": ("1号楼", "E1", 6, 1985, False, 24), "T02": ("2号楼", "E1", 6, 1985, False, 24),
        "T03": ("3号楼", "E1", 6, 1998, False, 24), "T04": ("4号楼", "E1", 11, 2003, True, 44),
        "T05": ("5号楼", "E1", none, none, none, 24), "T06": ("6号楼", "E1", 6, 2008, False, 24),
        "T07": ("1号楼", "E2", 18, 2020, True, 72), "T08": ("2号楼", "E2", 18, 2020, True, 72),
        "T09": ("3号楼", "E2", 6, 2021, True, 36), "T10": (none, none, 3, 1995, False, 1),
        "T11": (none, none, 1, 1930, False, 2), "T12": (none, none, 5, 1999, none, 20),
    }  # fmt: skip
    rows = {
        key: {
            "name": name, "use": "residential", "floors": floors, "year_built": year, "lift": lift,
            "dwellings": flats, "estate_id": estate,
        }
        for key, (name, estate, floors, year, lift, flats) in told.items()
    }  # fmt: skip
    corners = [
        *((20 + 60 * (i % 3), 20 + 80 * (i // 3)) for i in range(6)),
        *((420 + 60 * i, 40) for i in range(3)), (30, 230), (120, 230), (600, 240),
    ]  # fmt: skip
    return _frame(rows, [box(x, y, x + 30, y + 12) for x, y in corners], "building_id")


def _estates() -> gpd.GeoDataFrame:
    rows: dict[str, dict[str, object]] = {
        "E1": {"name": "幸福里", "name_en": "Xingfu Lane", "year_built": 1985, "households": 240, "heated": True},
        "E2": {"name": "东园", "name_en": "East Garden", "year_built": 2020, "households": 180, "heated": True},
    }
    return _frame(rows, [box(0, 0, 200, 200), box(400, 0, 600, 200)], "estate_id")


def _communities() -> gpd.GeoDataFrame:
    rows: dict[str, dict[str, object]] = {
        "C1": {"name": "东社区", "kind": "community"},
        "V1": {"name": "西村", "kind": "village"},
    }
    village = box(0, 200, 300, 300)
    return _frame(rows, [box(0, 0, 700, 300).difference(village), village], "community_id")


def _blocks() -> gpd.GeoDataFrame:
    rows: dict[str, dict[str, object]] = {
        "B1": {"people": 7000, "households": 2600, "area_m2": 90_000.0, "community_id": "C1"},
        "B2": {"people": 5500, "households": 2000, "area_m2": 120_000.0, "community_id": "C1"},
    }
    return _frame(rows, [box(0, 0, 300, 300), box(300, 0, 700, 300)], "block_id")


def _seams() -> gpd.GeoDataFrame:
    rows: dict[str, dict[str, object]] = {
        "S1": {"block_a": "B1", "block_b": "B2", "length_m": 300.0, "feature_class": "primary", "feature_name": "大路"}
    }
    return _frame(rows, [LineString([(300, 0), (300, 300)])], "seam_id")


def findings() -> gpd.GeoDataFrame:
    """Return the findings: those of `FOUND`, what was put right, and those of the estate E1."""
    centres = _buildings().geometry.centroid
    rows: dict[str, dict[str, object]] = {}
    points: list[object] = []

    def add(
        subject: str, who: str, code: str, status: str, extent: tuple[float | None, str | None], at: object
    ) -> None:
        rows[f"F{len(rows) + 1:02d}"] = {
            "subject": subject, "subject_id": who, "code": code, "severity": "serious", "status": status,
            "extent": extent[0], "extent_unit": extent[1], "surveyed_on": "2026-03-01",
            "done_on": "2026-08-01" if status == "done" else None,
        }  # fmt: skip
        points.append(at)

    for home, codes in FOUND.items():
        for code in codes:
            add("building", home, code, "open", _EXTENTS.get((home, code), (None, None)), centres[home])
    add("building", "T03", "4d", "done", (12.0, "m2"), centres["T03"])
    add("estate", "E1", "18", "open", (120.0, "m"), Point(10, 10))
    add("estate", "E1", "18", "done", (80.0, "m"), Point(20, 10))
    add("estate", "E1", "20", "scheduled", (None, None), Point(100, 100))
    return _frame(rows, points, "finding_id")


def observations() -> pd.DataFrame:
    """Return the observations: every code of every surveyed building, and what was measured of estates and units."""
    codes = [code.code for each in load_catalogue("examination-2023").of("housing") for code in each.codes]
    rows: list[dict[str, object]] = []
    for home in (f"T{i:02d}" for i in range(1, 12)):
        for code in codes:
            if code in _UNSEEN.get(home, ()) or (home == "T05" and code not in _OF_T05):
                continue
            found = code in FOUND.get(home, ()) or (home, code) in (("T03", "8"), ("T03", "4d"))
            state = "not_applicable" if code == "6b" and home in ("T10", "T11") else "found" if found else "clear"
            rows.append({"subject": "building", "subject_id": home, "item": code, "state": state})
    for (estate, code), state in AREA_CODES.items():
        rows.append({"subject": "estate", "subject_id": estate, "item": code, "state": state})
    for area, items in ITEMS.items():
        for item, value in items.items():
            rows.append(
                {"subject": "estate" if area[0] == "E" else "unit", "subject_id": area, "item": item,
                 "state": "measured", "value": float(value)}
            )  # fmt: skip
    frame = pd.DataFrame(rows).assign(surveyed_on="2026-03-01")
    keys = frame["subject"] + ":" + frame["subject_id"] + ":" + frame["item"]
    return frame.set_index(pd.Index(keys, name="observation_id"))
