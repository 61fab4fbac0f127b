"""Survey Qinghe (清河镇), the demo town: `python data/make_survey.py [--out DIR] [--study FILE] [--all] [--seed N]`.

Nothing in it was measured: findings are drawn by age, structure, storeys, lift, gas and by how well a place is kept, so
that the examination of a town can be tried out. The same seed gives the same files, byte for byte.

| file | what |
|---|---|
| `survey-2025.xlsx` | the pilot: six estates in May 2025 |
| `survey-2026.xlsx` | the examination of March to August 2026: six homes in ten; the pilot's findings |
| `sites.xlsx` | share of owners who want the works, and what the office declares of each estate |
| `projects.xlsx` | renovation projects of 2025 and 2026 |
| `ledger.xlsx` | who owns which flat of four houses that lack a lift, and what the owners answered |
| `farmhouses.xlsx` | the register of farm houses of seven villages |
| `costs.xlsx` | unit costs: examples, no prices |

These lie in the repository; the workbooks list the buildings that were visited, and all estates. With `--all` also:

| file | what |
|---|---|
| `survey-dirty.xlsx`, `survey-dirty-planted.csv` | a part of it as hurried people fill it in, and the list of errors |
| `photos/`, `photos-dirty/` | small drawings in place of photos |
"""

import argparse
import tempfile
from pathlib import Path

import pandas as pd
from survey import farmhouses, registers
from survey.dirty import write_dirty
from survey.homes import homes
from survey.photos import write_photos
from survey.records import EXAMINED_ON, SEED, Survey, chance, make_surveys

from api.operations.surveys import with_units
from api.operations.town import demo_town, import_study, make_blocks, put_households
from geo.programme.costs import write_cost_sheet
from geo.standards.costs import load_costs
from geo.standards.indicators import load_catalogue
from geo.standards.menu import load_menu
from geo.standards.rules import load_site_rules
from geo.study import Study, read_study, write_study
from geo.survey.read import SurveyRead
from geo.survey.store import store
from layers.office import settle
from layers.sheets import Sheet, book_of, save_book
from layers.survey_book import write_survey_xlsx

CATALOGUE = "examination-2025"
MARK = "演示数据，全部虚构"
FOLDER = Path(__file__).resolve().parent / "qinghe"


def demo_study(path: Path) -> Study:
    """Return Qinghe with blocks, households and examination units, and write it to `path`."""
    import_study([], path, mapping=demo_town())
    make_blocks(path)
    study = with_units(put_households(path)[0], load_catalogue(CATALOGUE))
    write_study(study, path)
    return study


def as_read(survey: Survey, file: str) -> SurveyRead:
    """Return a survey as if it had been read from `file`."""
    return SurveyRead(file, survey.observations, survey.findings)


def write_survey(study: Study, folder: Path, *, seed: int = SEED) -> None:
    """Write the files that lie in the repository into `folder`.

    Parameters
    ----------
    study : Study
        Qinghe, with blocks, households and units.
    folder : Path
        Made when it is not there.
    seed : int
        Another seed makes another survey.
    """
    folder.mkdir(parents=True, exist_ok=True)
    catalogue, rules = load_catalogue(CATALOGUE), load_site_rules("old-estates-2021")
    surveys = dict(
        zip(("survey-2025.xlsx", "survey-2026.xlsx"), make_surveys(study, catalogue, seed=seed), strict=True)
    )
    for name, survey in surveys.items():
        write_survey_xlsx(visited(study, survey), catalogue, folder / name, answers=as_read(survey, name))
    found = surveys["survey-2026.xlsx"].findings
    write_sheets(folder / "ledger.xlsx", registers.ownership(study, found, chance(seed, 22)))
    write_sheets(folder / "projects.xlsx", {"改造项目": registers.projects(study, found, chance(seed, 23))})
    write_sheets(folder / "sites.xlsx", {"小区": registers.sites(study, rules, chance(seed, 24))})
    costs = folder / "costs.xlsx"
    write_cost_sheet(costs, load_menu("renovation-menu-2020"), costs=load_costs("example-costs"))
    costs.write_bytes(settle(costs.read_bytes()))
    houses = farmhouses.register(study, homes(study, chance(seed, 1)), chance(seed, 21))
    write_sheets(folder / "farmhouses.xlsx", {"农房": houses})


def write_exercises(study: Study, folder: Path, *, seed: int = SEED) -> None:
    """Write the dirty workbook, the list of its errors, and the photos that findings name, into `folder`."""
    catalogue = load_catalogue(CATALOGUE)
    survey = as_read(make_surveys(study, catalogue, seed=seed)[1], "")
    known, _ = store(study, survey, on=EXAMINED_ON)
    write_dirty(known, catalogue, survey, folder / "survey-dirty.xlsx")
    write_photos(survey.findings, folder / "photos")


def visited(study: Study, survey: Survey) -> Study:
    """Return the study with those buildings only that a survey is about: the rows of its workbook."""
    buildings = study["buildings"]
    here = buildings[buildings.index.isin(survey.observations["subject_id"])]
    return study.having({"buildings": here}, step="visited")


def write_sheets(path: Path, tables: dict[str, pd.DataFrame]) -> None:
    """Write tables as the sheets of a workbook, headings first; a cell that is not known stays empty."""
    sheets = [
        Sheet(name, [(str(column), "") for column in table], table.astype(object).where(table.notna(), None).to_numpy())
        for name, table in tables.items()
    ]
    save_book(book_of(sheets, MARK, path.stem), path)


def main() -> None:
    """Read the options and write the survey."""
    parser = argparse.ArgumentParser(description="Survey the demo town Qinghe.")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder to write into")
    parser.add_argument("--study", type=Path, help="a study of Qinghe; made from the town's files when not given")
    parser.add_argument("--all", action="store_true", help="write the dirty workbook and photos, too")
    parser.add_argument("--seed", type=int, default=SEED, help="another seed makes another survey")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as draft:
        given = options.study
        study = demo_study(Path(draft) / "study.gpkg") if given is None else with_units(
            read_study(given), load_catalogue(CATALOGUE))  # fmt: skip
    write_survey(study, options.out, seed=options.seed)
    if options.all:
        write_exercises(study, options.out, seed=options.seed)


if __name__ == "__main__":
    main()
