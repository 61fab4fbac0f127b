"""Steps that make a study anew keep what surveys have put into it."""

from pathlib import Path

import geopandas as gpd
import pandas as pd
import shapely

from api.operations.surveys import with_units
from api.operations.town import import_study, make_blocks, put_households
from geo.standards import load_catalogue
from geo.study import Study, read_study, write_study
from tests.api.test_cli import town


def test_a_new_import_keeps_surveys(tmp_path: Path) -> None:
    source, out = town(tmp_path), tmp_path / "study.gpkg"
    import_study([source], out)
    study = read_study(out)
    middle = shapely.Point(500_020, 3_340_020)
    seen = pd.DataFrame({"subject": "building", "subject_id": "b1", "item": "3a", "state": "found"}, index=["o1"])
    findings = gpd.GeoDataFrame(
        {"subject": "building", "subject_id": "b1", "code": "3a", "severity": "general", "status": "open"},
        index=["f1"], geometry=[middle], crs=study.crs,
    )  # fmt: skip
    write_study(study.having({"observations": seen, "findings": findings}), out)

    import_study([source], out)
    again = read_study(out)
    assert again["observations"].index.tolist() == ["o1"]
    assert again["findings"].geometry.iloc[0].distance(middle) < 1e-6


def test_units_keep_their_ids_on_the_same_ground(tmp_path: Path) -> None:
    out = tmp_path / "study.gpkg"
    import_study([town(tmp_path)], out)
    make_blocks(out)
    put_households(out)
    catalogue = load_catalogue("examination-2025")
    study = with_units(read_study(out), catalogue)
    (first,) = study["units"].index

    def other(part: float) -> Study:
        """The study as if its unit had been another, on that part of the ground, and its blocks cut anew."""
        bounds = study["units"].total_bounds
        ground = study["units"].geometry.intersection(
            shapely.box(*bounds[:2], bounds[0] + part * (bounds[2] - bounds[0]), bounds[3])
        )
        units = study["units"].set_geometry(ground).rename({first: "U07"}).assign(name="七号")
        return study.having({"units": units, "blocks": study["blocks"].drop(columns="unit_id")})

    same = with_units(other(1.0), catalogue)
    assert same["units"]["name"].to_dict() == {"U07": "七号"}
    assert set(same["blocks"]["unit_id"].dropna()) == {"U07"}
    moved = with_units(other(0.5), catalogue)
    assert moved["units"].index.tolist() == ["U01"]
    assert set(moved["blocks"]["unit_id"].dropna()) == {"U01"}
