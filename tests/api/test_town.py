"""Steps that make a study anew keep what surveys have put into it."""

from pathlib import Path

import geopandas as gpd
import pandas as pd
import shapely

from api import operations
from geo.study import read_study, write_study
from tests.api.test_cli import town


def test_a_new_import_keeps_surveys_and_forgets_units(tmp_path: Path) -> None:
    source, out = town(tmp_path), tmp_path / "study.gpkg"
    operations.import_study([source], out)
    study = read_study(out)
    crs = study.crs
    middle = shapely.Point(500_020, 3_340_020)
    seen = pd.DataFrame({"subject": "building", "subject_id": "b1", "item": "3a", "state": "found"}, index=["o1"])
    findings = gpd.GeoDataFrame(
        {"subject": "building", "subject_id": "b1", "code": "3a", "severity": "general", "status": "open"},
        index=["f1"], geometry=[middle], crs=crs,
    )  # fmt: skip
    units = gpd.GeoDataFrame({"people": [30]}, index=["u1"], geometry=[middle.buffer(50)], crs=crs)
    write_study(study.having({"observations": seen, "findings": findings, "units": units}), out)

    operations.import_study([source], out)
    again = read_study(out)
    assert again["observations"].index.tolist() == ["o1"]
    assert again["findings"].geometry.iloc[0].distance(middle) < 1e-6
    assert again.get("units") is None


def test_units_go_when_blocks_are_cut_anew(tmp_path: Path) -> None:
    out = tmp_path / "study.gpkg"
    operations.import_study([town(tmp_path)], out)
    study = read_study(out)
    units = gpd.GeoDataFrame(
        {"people": [30]}, index=["u1"], geometry=[shapely.Point(500_020, 3_340_020).buffer(50)], crs=study.crs
    )
    write_study(study.having({"units": units}), out)
    assert operations.make_blocks(out).get("units") is None
    assert read_study(out).get("units") is None
