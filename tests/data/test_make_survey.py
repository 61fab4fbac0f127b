"""The demo survey is believable, holds together, and reads back as it was made; every planted error is found."""

import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from types import ModuleType

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from geo.errors import InputError
from geo.examination.candidates import read_sites
from geo.examination.progress import progress, read_projects
from geo.farmhouses.register import read_register
from geo.lifts import count_consent, read_building_facts, read_ledger
from geo.programme.costs import read_cost_sheet
from geo.schema import conform
from geo.standards.indicators import Catalogue, load_catalogue
from geo.standards.lift_rules import load_lift_rules
from geo.standards.menu import load_menu
from geo.standards.rules import load_site_rules
from geo.study import Study
from geo.survey.faults import KINDS
from geo.survey.read import SurveyRead, read_survey
from geo.survey.store import store

TODAY = "2026-09-30"
UNSOLVED = ("open", "scheduled")


@dataclass(frozen=True)
class Made:
    """The study of Qinghe, its surveys as they were made, and the folder with their files."""

    study: Study
    catalogue: Catalogue
    pilot: SurveyRead
    survey: SurveyRead
    folder: Path

    @property
    def homes(self) -> gpd.GeoDataFrame:
        buildings = self.study["buildings"]
        return buildings[buildings["use"].isin(["residential", "mixed"])]


@pytest.fixture(scope="session")
def script(root: Path) -> Iterator[ModuleType]:
    """The script, with its package beside it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(root / "data"))
        import make_survey

        yield make_survey
        for name in [each for each in sys.modules if each == "make_survey" or each.split(".")[0] == "survey"]:
            del sys.modules[name]


@pytest.fixture(scope="session")
def made(script: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("survey")
    study = script.demo_study(folder / "study.gpkg")
    catalogue = load_catalogue("examination-2025")
    pilot, survey = (script.as_read(each, "") for each in script.make_surveys(study, catalogue))
    script.write_survey(study, folder)
    script.write_exercises(study, folder)
    return Made(study, catalogue, pilot, survey, folder)


def looked_at(survey: SurveyRead) -> pd.Index:
    seen = survey.observations
    return pd.Index(seen.loc[seen["subject"] == "building", "subject_id"].unique())


# ── is it believable ─────────────────────────────────────────────────────────────────────────────────────────────────
def test_six_homes_in_ten_were_surveyed_by_estates(made: Made) -> None:
    homes = made.homes
    seen = pd.Series(homes.index.isin(looked_at(made.survey)), index=homes.index)
    assert 0.55 <= seen.mean() <= 0.65
    of_estates = seen.groupby(homes["estate_id"]).mean()
    whole, none = (of_estates == 1).sum(), (of_estates == 0).sum()
    assert whole >= 40
    assert none >= 8
    assert whole + none >= 0.8 * len(of_estates)
    villages = made.study["communities"].query("kind == 'village'").index
    rural = homes["block_id"].map(made.study["blocks"]["community_id"]).isin(villages) & homes["estate_id"].isna()
    assert seen[rural].mean() < 0.5 < seen[~rural].mean()


def test_what_is_wrong_follows_from_age_structure_and_lifts(made: Made) -> None:
    homes = made.homes.loc[looked_at(made.survey)]
    found = made.survey.findings.query("subject == 'building'")
    rate = found.groupby("subject_id").size().reindex(homes.index).fillna(0)
    inside = homes["estate_id"].notna()
    year = homes["year_built"].astype("float64")
    assert rate[inside & (year < 1990)].mean() > 2 * rate[inside & (year >= 2010)].mean()

    def share(code: str, where: pd.Series) -> float:
        return float(homes.index.isin(found.loc[found["code"] == code, "subject_id"])[where.to_numpy()].mean())

    everywhere = pd.Series(True, index=homes.index)
    brick = homes["structure"].eq("砖混") & year.between(1968, 1989)
    assert share("1b", everywhere) < 0.03
    assert share("1b", brick) > 2 * share("1b", ~brick)
    assert share("3g", inside) > 0.3, "clutter in the stairs is everywhere"
    nineties = year.between(1990, 1999)
    assert share("4d", nineties) > 1.3 * share("4d", ~nineties)
    walk_up = inside & homes["floors"].between(5, 6)
    assert share("7a", walk_up) > 0.6
    gas = found.loc[found["code"] == "2", "subject_id"].map(year).dropna()
    assert (gas <= 2006).mean() > 0.9


def test_findings_hold_together(made: Made) -> None:
    found, codes = made.survey.findings, made.catalogue.codes
    conform(found, "findings")
    assert set(found["code"]) <= set(codes)
    code = found["code"].map({key: each for key, (_, each) in codes.items()})
    assert (
        found["extent_unit"].fillna("") == code.map(lambda each: each.extent).where(found["extent"].notna(), "")
    ).all()
    ranks = {"general": 0, "serious": 1, "very_serious": 2}
    least = [ranks[each.severity_of(extent)] for each, extent in zip(code, found["extent"], strict=True)]
    assert (found["severity"].map(ranks) >= least).all()
    new = found[found.index.str.startswith("QH26")]
    days = new["surveyed_on"].map(date.fromisoformat)
    assert days.between(date(2026, 3, 1), date(2026, 8, 31)).all()
    assert (days.map(date.weekday) < 5).all()
    assert (found["due_on"].dropna() > found["surveyed_on"][found["due_on"].notna()]).all()
    done = found["status"].isin(["done", "checked"])
    assert (found["done_on"].notna() == done).all()
    assert (found.loc[done, "done_on"] >= found.loc[done, "surveyed_on"]).all()
    assert (found["done_on"].dropna() <= TODAY).all()
    outlines = made.study["buildings"].geometry
    given = found[found["place_given"] & (found["subject"] == "building")]
    assert given.geometry.distance(outlines.loc[given["subject_id"]], align=False).max() < 1


def test_answers_agree_with_findings(made: Made) -> None:
    seen = made.survey.observations
    seen = seen[seen["state"] != "measured"].set_index(["subject_id", "item"])["state"]
    found = made.survey.findings.set_index(["subject_id", "code"])
    unsolved = found.index[found["status"].isin(UNSOLVED)].unique()
    assert (seen.reindex(unsolved) == "found").all()
    assert set(seen.index[seen == "found"]) == set(unsolved)
    solved = found.index.difference(unsolved)
    assert seen.reindex(solved).dropna().isin(["clear", "not_applicable"]).all()


def test_what_the_pilot_found_was_followed_up(made: Made) -> None:
    before, now = made.pilot.findings, made.survey.findings
    assert before["status"].eq("open").all()
    assert before.index.isin(now.index).all()
    after = now.loc[before.index]
    assert 0.4 < after["status"].isin(["done", "checked"]).mean() < 0.8
    assert (after["subject_id"] == before["subject_id"]).all()
    assert after["due_on"].notna().any()


def test_figures_by_hand_say_that_they_are_invented(made: Made) -> None:
    town = made.survey.observations.query("subject == 'town'")
    assert len(town) >= 20
    assert town["source"].str.startswith("演示数据").all()
    known = {f"value_{each.key}" for each in made.catalogue.indicators if each.method == "entered"} | set(
        made.catalogue.items
    )
    assert set(town["item"]) <= known
    assert len(known - set(town["item"])) > 0, "some figures nobody supplied"


def test_the_same_seed_makes_the_same_survey_whatever_the_order_of_rows(made: Made, script: ModuleType) -> None:
    shuffled = {
        name: made.study[name].sample(frac=1, random_state=1) for name in ("buildings", "estates", "blocks")
    }  # fmt: skip
    _, again = script.make_surveys(replace(made.study, tables={**made.study.tables, **shuffled}), made.catalogue)
    pd.testing.assert_frame_equal(again.observations, made.survey.observations)
    pd.testing.assert_frame_equal(pd.DataFrame(again.findings), pd.DataFrame(made.survey.findings))
    _, other = script.make_surveys(made.study, made.catalogue, seed=7)
    assert not other.observations.equals(made.survey.observations)


# ── does it read back ────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture(scope="session")
def read(made: Made) -> tuple[SurveyRead, SurveyRead]:
    """The two workbooks, read."""
    files = [made.folder / name for name in ("survey-2025.xlsx", "survey-2026.xlsx")]
    return tuple(read_survey(file, made.study, made.catalogue, today=TODAY) for file in files)  # type: ignore[return-value]


def test_the_workbooks_read_back_as_they_were_made(made: Made, read: tuple[SurveyRead, SurveyRead]) -> None:
    for again, first in zip(read, (made.pilot, made.survey), strict=True):
        assert again.faults == ()
        seen, was = again.observations.sort_index(), first.observations.sort_index()
        columns = [column for column in was if column != "source"]
        pd.testing.assert_frame_equal(seen[columns], was[columns])
        seen, was = again.findings.sort_index(), first.findings.sort_index()
        columns = [column for column in was if column not in {"source", "geometry"}]
        pd.testing.assert_frame_equal(pd.DataFrame(seen[columns]), pd.DataFrame(was[columns]))
        assert seen.geometry.distance(was.geometry, align=False).max() < 0.1


def test_stored_one_after_the_other_they_leave_a_history_and_never_double(
    made: Made, read: tuple[SurveyRead, SurveyRead]
) -> None:
    study, first = store(made.study, read[0], on="2025-06-30")
    study, _ = store(study, read[1], on=TODAY)
    assert first.new == len(read[0].findings)
    assert len(study["findings"]) == len(read[1].findings)
    history = study["finding_history"]
    changed = history[history["column"] == "status"]
    assert set(changed["after"]) >= {"done", "checked", "scheduled"}
    again, third = store(study, read[1], on=TODAY)
    assert (third.new, third.changed) == (0, 0)
    for name in ("findings", "observations", "finding_history"):
        pd.testing.assert_frame_equal(pd.DataFrame(again[name]), pd.DataFrame(study[name]))


# ── planted errors ───────────────────────────────────────────────────────────────────────────────────────────────────
def test_every_planted_error_is_reported_in_one_pass_and_nothing_is_stored(made: Made) -> None:
    planted = pd.read_csv(made.folder / "survey-dirty-planted.csv", keep_default_na=False)
    levels = planted["kind"].map(lambda kind: KINDS[kind].level)
    assert planted.loc[levels != "warning", "kind"].nunique() >= 60
    assert planted.loc[levels == "warning", "kind"].nunique() >= 12
    study, _ = store(made.study, made.survey, on=TODAY)
    read = read_survey(
        made.folder / "survey-dirty.xlsx", study, made.catalogue, photos=made.folder / "photos-dirty", today=TODAY
    )
    told = {(each.kind, each.sheet, each.cell) for each in (*read.faults, *read.warnings)}
    missed = [row for row in planted[["kind", "sheet", "cell"]].itertuples(index=False, name=None) if row not in told]
    assert missed == []
    assert all(each.what_zh and each.what_en and each.remedy_zh and each.remedy_en for each in read.faults)
    invented = {(each.kind, each.sheet, each.cell) for each in read.faults} - set(
        planted[["kind", "sheet", "cell"]].itertuples(index=False, name=None)
    )
    assert invented == set(), "rows that nobody spoilt are blamed"
    before = {name: study[name].copy() for name in ("findings", "observations", "finding_history")}
    with pytest.raises(InputError) as refused:
        store(study, read, on=TODAY)
    assert len(refused.value.faults) == len(read.faults)
    for name, table in before.items():
        pd.testing.assert_frame_equal(pd.DataFrame(study[name]), pd.DataFrame(table))


# ── what lies in the repository ──────────────────────────────────────────────────────────────────────────────────────
def parts_of(book: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(book) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def test_the_files_in_the_repository_are_these_and_small(made: Made, root: Path) -> None:
    kept = root / "data" / "qinghe"
    made_anew = sorted(file.name for file in made.folder.glob("*.xlsx") if "dirty" not in file.name)
    assert made_anew == sorted(file.name for file in kept.glob("*.xlsx"))
    for name in made_anew:
        assert parts_of(kept / name) == parts_of(made.folder / name), f"{name}: run data/make_survey.py"
    assert sum((kept / name).stat().st_size for name in made_anew) < 2_000_000


def test_prices_are_examples(made: Made) -> None:
    menu = load_menu("renovation-menu-2020")
    costs = read_cost_sheet(made.folder / "costs.xlsx", menu).require()
    assert {each.measure for each in costs.costs} == set(costs.examples)


# ── the other lists ──────────────────────────────────────────────────────────────────────────────────────────────────
def test_the_ledger_has_stairs_that_pass_and_stairs_that_fail(made: Made) -> None:
    ledger = read_ledger(made.folder / "ledger.xlsx")
    facts = read_building_facts(made.folder / "ledger.xlsx")
    assert facts is not None
    assert len(facts) == 4
    votes = count_consent(ledger, rules=load_lift_rules()).table
    assert len(votes) == 12
    assert votes.groupby("building_id")["verdict"].agg(lambda said: (said == "agreed").all()).any(), "one house agrees"
    assert {"agreed", "missing"} <= set(votes["verdict"])
    assert votes["area_m2"].isna().sum() == 1, "one stair has a flat of unknown area"
    assert (votes["participation_persons"] == "missed").any(), "too few took part"
    failed = votes[(votes["participation_persons"] == "met") & (votes["agreement_persons"] == "missed")]
    assert len(failed), "enough took part, and too few agreed"


def test_the_projects_have_started_and_late_ones(made: Made) -> None:
    projects = read_projects(made.folder / "projects.xlsx")
    figures = progress(projects, year=2026, as_of=TODAY).figures
    assert 0 < figures.loc["started_sites", "share"] < 1
    assert figures.loc["started_households", "known"] < figures.loc["started_households", "total"]


def test_offices_answer_for_old_estates_only(made: Made) -> None:
    consent, declared = read_sites(made.folder / "sites.xlsx", load_site_rules("old-estates-2021"))
    year = made.study["estates"]["year_built"].astype("float64")
    assert (year.reindex(consent.index) <= 2000).all()
    assert consent.between(0, 1).all()
    assert declared.isna().to_numpy().any()
    assert np.nanmean(declared["plan_consulted"].astype("float64")) > 0.5


def test_the_register_of_farm_houses_has_holes(made: Made) -> None:
    register = read_register(made.folder / "farmhouses.xlsx", on=TODAY)
    houses = register.houses
    assert len(houses) > 2000
    assert set(houses["community_id"]) == {f"CU0{n}" for n in range(1, 8)}
    assert houses.loc[houses["community_id"] == "CU07", "danger_grade"].isna().all()
    assert 0.05 < houses["permitted"].isna().mean() < 0.3
