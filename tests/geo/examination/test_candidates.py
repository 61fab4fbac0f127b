"""Candidates of a town of four estates and a block of houses, by hand; laws; two real towns that know little."""

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS
from shapely import box

from geo.errors import InputError
from geo.examination.candidates import GROUPS, PARTS, WEIGHTS, Candidates, candidates, read_sites
from geo.examination.examine import examine
from geo.examination.result import Examination
from geo.standards.indicators import load_catalogue
from geo.standards.rules import SiteRules, load_site_rules
from geo.study import Study, read_study
from tests.command import here

METRES = CRS.from_epsg(32650)
TODAY = "2026-09-30"
CATALOGUE = load_catalogue("examination-2025")
RULES = load_site_rules("old-estates-2021")
DECLARED = [rule for rule in RULES.rules if rule.test == "declared"]
ESTATES = {"old": 1985, "young": 2010, "vague": None, "rural": 1980}


def table(rows: dict[str, dict[str, object]]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(pd.DataFrame.from_dict(rows, orient="index"), geometry="geometry", crs=METRES)


def town(findings: tuple[tuple[str, str], ...] = (("old-1", "1b"), ("old-1", "3a"), ("young-1", "3a"))) -> Study:
    """Five blocks of 200 m in a row, west to east.

    `old` (1985), `young` (2010) and `vague` (no year) are estates of four homes, each in a block of its own; the fourth
    block has two houses outside estates, of 1990 and of no year; `rural` (1980) lies in a village in the fifth.
    Findings are (building, code).
    """
    places = {"old": 0, "young": 200, "vague": 400, "rural": 800}
    estates = {name: {"name": f"{name}苑", "name_en": name, "year_built": ESTATES[name], "households": 100,
                      "geometry": box(x + 20, 20, x + 180, 180)} for name, x in places.items()}  # fmt: skip
    blocks = {f"b{i}": {"geometry": box(200 * i, 0, 200 * i + 200, 200), "people": 900} for i in range(5)}
    homes = {
        f"{name}-{i}": {"use": "residential", "floors": 6, "households": 25, "estate_id": name,
                        "geometry": box(x + 30 * i, 40, x + 30 * i + 20, 80)}
        for name, x in places.items() for i in range(1, 5)
    }  # fmt: skip
    for i, year in ((1, 1990), (2, None)):
        homes[f"house-{i}"] = {"use": "residential", "floors": 6, "households": 10, "year_built": year,
                               "geometry": box(600 + 40 * i, 40, 620 + 40 * i, 60)}  # fmt: skip
    communities = {"c": {"kind": "community", "name": "城中社区", "geometry": box(0, 0, 800, 200)},
                   "v": {"kind": "village", "name": "下沙村", "geometry": box(800, 0, 1000, 200)}}  # fmt: skip
    seen = {
        f"f{i}": {"subject": "building", "subject_id": home, "building_id": home, "code": code, "severity": "serious",
                  "status": "open", "surveyed_on": "2026-04-01", "geometry": homes[home]["geometry"].centroid}
        for i, (home, code) in enumerate(findings)
    }  # fmt: skip
    tables = {"estates": table(estates), "blocks": table(blocks), "buildings": table(homes),
              "communities": table(communities)}  # fmt: skip
    if seen:
        tables["findings"] = table(seen)
    return Study("town", METRES, {}).having(tables)


def declarations(*sites: str, **against: bool) -> pd.DataFrame:
    """Everything on the positive list is so, nothing on the negative; `against` says otherwise by rule."""
    good = {rule.key: rule.list == "positive" for rule in DECLARED}
    return pd.DataFrame([{**good, **against}] * len(sites), index=list(sites))


@dataclass(frozen=True)
class Town:
    study: Study
    examination: Examination

    def ranked(self, **options: object) -> Candidates:
        return candidates(self.study, self.examination, rules=RULES, **options)  # type: ignore[arg-type]


def by_part(found: Candidates) -> pd.DataFrame:
    return found.parts.set_index(["site_id", "part"])


def by_rule(found: Candidates) -> pd.DataFrame:
    return found.verdicts.set_index(["site_id", "rule"]).sort_index()


@pytest.fixture(scope="module")
def five() -> Town:
    study = town()
    return Town(study, examine(study, catalogue=CATALOGUE, today=TODAY))


ALL = ("old", "young", "vague", "rural", "block:b3")


def test_groups_of_a_town_by_hand(five: Town) -> None:
    found = five.ranked(consent=pd.Series(0.8, index=list(ALL)), declared=declarations(*ALL))
    groups = found.table["group"].to_dict()
    assert groups == {"old": "candidate", "vague": "unknown_year", "block:b3": "unknown_year", "rural": "excluded",
                      "young": "excluded"}  # fmt: skip
    assert found.table.index[0] == "old"
    assert found.table.loc["old", "rank"] == 1
    assert found.table.loc[["rural", "young"], "rank"].isna().all()
    assert found.table.loc["rural", "failed"] == "in_town"
    assert found.table.loc["young", "failed"] == "completed_by_2000"
    assert found.table.loc["block:b3", ["name", "name_en", "buildings", "households"]].tolist() == [
        "街坊b3",
        "block b3",
        2,
        20,
    ]
    assert found.table.crs == METRES
    assert found.table.index.name == "site_id"
    assert found.notes[0] == ("候选1个、待核实0个、年代不详2个、不列入2个",
                              "candidate: 1, to be confirmed: 0, year not known: 2, excluded: 2")  # fmt: skip


def test_points_by_hand(five: Town) -> None:
    found = five.ranked(consent=pd.Series({"old": 0.8}))
    parts = by_part(found).loc["old"]
    assert list(parts.index) == list(PARTS)
    assert parts.loc["safety", ["share", "weight", "points"]].tolist() == [0.25, 30.0, 7.5], "1 of 4 homes"
    assert parts.loc["consent", "points"] == pytest.approx(16.0)
    assert parts.loc["age", "points"] == pytest.approx(10 * 15 / 40), "1985 is 15 of 40 years before 2000"
    states = five.examination.states
    old = states[states["subject_id"].str.startswith("old-") & (states["state"] != "not_applicable")]
    assert parts.loc["condition", "share"] == pytest.approx(2 / len(old)), "two indicators found in one home"
    assert found.table.loc["old", "points_total"] == pytest.approx(parts["points"].sum())
    most = (found.parts["share_most"] * found.parts["weight"]).groupby(found.parts["site_id"]).sum()
    assert found.table.loc["old", "points_most"] == pytest.approx(most["old"])
    assert parts.loc["safety", "share_most"] == 1.0, "nobody looked whether the other three are safe"
    assert parts.loc["safety", "text_en"] == "homes with a safety problem: 1 of 4, 3 unknown"


def test_reasons_name_what_was_found_and_what_is_missing(five: Town) -> None:
    found = five.ranked().table
    old = found.loc["old"]
    assert old["reasons_zh"].startswith("4栋中4栋在2000年底前建成;有安全隐患的住宅(栋)1/4,3未知;住房指标1、3有问题")
    assert "consent not known" in old["reasons_en"]
    assert "to be confirmed: “residents want it”" in old["reasons_en"]
    assert f"rules to be declared: {sum(rule.severity == 'must' for rule in DECLARED)}" in old["reasons_en"]
    assert "不符合“位于城市或县城(城关镇)”:位于村" in found.loc["rural", "reasons_zh"]
    assert "year not known" in found.loc["vague", "reasons_en"]


def test_every_rule_has_a_verdict_with_its_source_for_every_site(five: Town) -> None:
    verdicts = by_rule(five.ranked())
    assert len(verdicts) == len(ALL) * len(RULES.rules)
    assert set(verdicts["verdict"]) == {"pass", "fail", "unknown"}
    assert (verdicts["source"] != "").all()
    assert verdicts.loc[("young", "completed_by_2000"), ["verdict", "measured", "allowed"]].tolist() == [
        "fail",
        2010.0,
        2000.0,
    ]
    assert verdicts.loc[("block:b3", "completed_by_2000"), "text_en"] == (
        "completed by the end of 2000: 1 of 2 completed by the end of 2000, 1 of unknown year"
    )
    assert verdicts.loc[("old", "residents_willing"), "verdict"] == "unknown"


@pytest.mark.parametrize(
    ("consent", "group"), [(0.9, "candidate"), (2 / 3, "candidate"), (0.5, "excluded"), (np.nan, "to_confirm")]
)
def test_consent_that_is_weak_excludes_and_that_is_unknown_does_not(five: Town, consent: float, group: str) -> None:
    found = five.ranked(consent=pd.Series({"old": consent}), declared=declarations("old"))
    assert found.table.loc["old", "group"] == group


def test_what_is_declared_decides(five: Town) -> None:
    consent = pd.Series({"old": 0.9})
    trees = five.ranked(consent=consent, declared=declarations("old", old_trees=True)).table.loc["old"]
    assert (trees["group"], trees["failed"]) == ("excluded", "old_trees")
    assert "负面清单“砍伐老树”:申报:是" in trees["reasons_zh"]
    unplanned = five.ranked(consent=consent, declared=declarations("old", plan_per_estate=False)).table.loc["old"]
    assert (unplanned["group"], unplanned["failed"]) == ("excluded", "plan_per_estate")
    partly = declarations("old").drop(columns="acceptance")
    assert five.ranked(consent=consent, declared=partly).table.loc["old", "to_confirm"] == "acceptance"


def test_a_should_that_fails_excludes_nobody(five: Town) -> None:
    found = five.ranked(consent=pd.Series({"old": 0.9}), declared=declarations("old"))
    assert by_rule(found).loc[("old", "surveyed"), ["severity", "verdict"]].tolist() == ["should", "fail"]
    assert found.table.loc["old", "group"] == "candidate"


def test_rules_may_be_wider(five: Town) -> None:
    wide = [rule.model_copy(update={"limit": 2010}) if rule.test == "built_by" else rule for rule in RULES.rules]
    rules = SiteRules.model_validate(
        {**RULES.model_dump(), "built_by": 2010, "rules": [each.model_dump() for each in wide]}
    )
    found = candidates(five.study, five.examination, rules=rules)
    assert found.table.loc["young", "group"] == "to_confirm"


def test_a_study_without_any_survey_is_ranked_by_what_it_knows() -> None:
    study = town(findings=())
    found = Town(study, examine(study, catalogue=CATALOGUE, today=TODAY)).ranked()
    assert sorted(found.table.index) == sorted(ALL), "nothing is dropped"
    assert (found.table["points_most"] > found.table["points_total"]).all()
    safety = found.parts[found.parts["part"] == "safety"]
    assert safety["raw"].isna().all(), "unknown, not zero"
    assert (safety["share_most"] == 1).all()
    assert not safety["known"].any()
    assert (by_rule(found).xs("has_findings", level="rule")["verdict"] == "unknown").all()


# ── lists and refusals ───────────────────────────────────────────────────────────────────────────────────────────────
def test_consent_and_declarations_are_read_from_a_list(tmp_path: Path, five: Town) -> None:
    path = tmp_path / "sites.csv"
    path.write_text("小区编号,同意率,砍伐老树,acceptance\nold,0.9,否,是\nyoung,,是,\n", "utf-8")
    consent, declared = read_sites(path, RULES)
    assert consent["old"] == 0.9
    assert np.isnan(consent["young"])
    assert declared.loc["young", "old_trees"]
    assert declared.loc["young", "acceptance"] is pd.NA
    found = by_rule(five.ranked(consent=consent, declared=declared))["verdict"]
    assert found[("old", "old_trees")] == "pass"
    assert found[("young", "old_trees")] == "fail"


def test_every_fault_of_a_list_of_sites_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "sites.csv"
    path.write_text("小区编号,同意率,砍伐老树\nold,86,否\nold,0.5,也许\n,0.5,\n", "utf-8")
    with pytest.raises(InputError) as refused:
        read_sites(path, RULES)
    said = [(fault.what, fault.ids) for fault in refused.value.faults]
    assert said == [
        ("同意率 '86': is above 1", ("row 2",)), ("砍伐老树 '也许': is neither yes nor no", ("row 3",)),
        ("小区编号 is empty", ("row 4",)), ("a site stands twice", ("row 2", "row 3")),
    ]  # fmt: skip


def test_what_cannot_be_is_refused_at_once(five: Town) -> None:
    with pytest.raises(InputError) as refused:
        five.ranked(
            consent=pd.Series([86.0, 0.5, 0.5], index=["old", "young", "young"]),
            declared=pd.DataFrame({"old_tree": [True]}, index=["elsewhere"]), weights={"age": -1.0, "beauty": 1.0},
        )  # fmt: skip
    said = [fault.what for fault in refused.value.faults]
    assert said == [
        "consent: sites stand twice", "declarations: ids that are no site: 1", "consent holds 86.0",
        "declarations: no rule is called old_tree", "the weight age = -1.0 cannot be",
        "the weight beauty = 1.0 cannot be",
    ]  # fmt: skip


# ── laws ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
@settings(max_examples=15, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=len(ALL), max_size=len(ALL)), st.sampled_from(ALL), st.floats(0, 1))
def test_more_consent_never_lowers_a_site(five: Town, shares: list[float], site: str, more: float) -> None:
    consent = pd.Series(shares, index=list(ALL))
    raised = consent.copy()
    raised[site] = consent[site] + more * (1 - consent[site])
    declared = declarations(*ALL)
    before, after = (five.ranked(consent=each, declared=declared).table
                     for each in (consent, raised))  # fmt: skip
    order = list(GROUPS)
    assert order.index(after.loc[site, "group"]) <= order.index(before.loc[site, "group"])
    assert list(after.index).index(site) <= list(before.index).index(site)
    assert after.loc[site, "points_total"] >= before.loc[site, "points_total"]


@settings(max_examples=6, deadline=None)
@given(st.permutations(ALL), st.integers(0, 1000))
def test_the_order_of_rows_does_not_matter(five: Town, sites: list[str], seed: int) -> None:
    consent = pd.Series({site: (i + 1) / 6 for i, site in enumerate(ALL)})
    mixed = five.study.having(
        {name: five.study[name].sample(frac=1, random_state=seed) for name in ("estates", "buildings", "findings")}
    )
    expected = five.ranked(consent=consent)
    found = candidates(
        mixed, examine(mixed, catalogue=CATALOGUE, today=TODAY), rules=RULES, consent=consent[list(sites)]
    )
    pd.testing.assert_frame_equal(pd.DataFrame(found.table), pd.DataFrame(expected.table))
    pd.testing.assert_frame_equal(found.verdicts, expected.verdicts)
    pd.testing.assert_frame_equal(found.parts, expected.parts)


@settings(max_examples=6, deadline=None)
@given(
    st.sets(
        st.tuples(st.sampled_from(["old-1", "old-2", "vague-1"]), st.sampled_from(["1b", "2", "4a", "6a"])), max_size=4
    )
)
def test_another_finding_never_takes_points_away(findings: set[tuple[str, str]]) -> None:
    few, more = (town(tuple(sorted(each))) for each in (findings, findings | {("old-3", "3a")}))
    before, after = (
        candidates(each, examine(each, catalogue=CATALOGUE, today=TODAY), rules=RULES).table for each in (few, more)
    )
    assert (after["points_total"].sort_index() >= before["points_total"].sort_index() - 1e-9).all()


def test_weights_are_a_hundred_points() -> None:
    assert sum(WEIGHTS.values()) == 100.0
    assert set(WEIGHTS) == set(PARTS)


# ── real towns ───────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.cases
@pytest.mark.parametrize(
    ("file", "known"),
    [("nanjing_gulou/nanjing_gulou.gpkg", 0), ("helsinki_centre/helsinki_centre.gpkg", 10)],
)
def test_towns_without_a_survey_are_all_there_and_say_what_is_unknown(
    cases: Path, tmp_path: Path, file: str, known: int
) -> None:
    path = tmp_path / "town.gpkg"
    for command in (("import", cases / file, "--out", path), ("blocks", path)):
        run = here(*command)
        assert run.returncode == 0, run.stderr
    study = read_study(path)
    found = candidates(study, examine(study, catalogue=CATALOGUE, today=TODAY), rules=RULES)
    assert len(found.table) >= len(study["estates"])
    assert set(study["estates"].index) <= set(found.table.index)
    assert (found.table["group"] != "candidate").all(), "consent is not known"
    assert int(found.table["year_built"].notna().sum()) >= known
    assert not found.table["reasons_zh"].eq("").any()
    assert np.isfinite(found.table["points_total"]).all()
