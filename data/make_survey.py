"""Survey Qinghe (清河镇), the demo town: `python data/make_survey.py --out DIR [--study FILE] [--photos] [--seed N]`.

Nothing in it was measured: findings are drawn by age, structure, storeys, lift, gas and by how well a place is kept, so
that the examination of a town can be tried out. The same seed gives the same files, byte for byte.

| file | what |
|---|---|
| `study.gpkg` | Qinghe with blocks, households and examination units; only where no study is given |
| `survey-2025.xlsx` | the pilot: six estates in May 2025 |
| `survey.xlsx` | the examination of March to August 2026: six homes in ten, and what became of the pilot's findings |
| `survey-dirty.xlsx`, `survey-dirty-planted.csv` | a part of it as hurried people fill it in, and the list of errors |
| `photos/`, `photos-dirty/` | small drawings in place of photos, with `--photos` |
| `ledger.xlsx` | who owns which flat of three houses that lack a lift, and what the owners answered |
| `projects.xlsx` | renovation projects of 2025 and 2026 |
| `sites.xlsx` | share of owners who want the works, and what the office declares of each estate |
| `farmhouses.xlsx` | the register of farm houses of seven villages |
| `costs.xlsx` | unit costs: examples, no prices |
"""

import argparse
from pathlib import Path

import pandas as pd
from survey import farmhouses, registers
from survey.dirty import TODAY, write_dirty
from survey.homes import homes
from survey.photos import write_photos
from survey.records import SEED, Survey, chance, make_surveys

from api.operations.surveys import with_units
from api.operations.town import demo_town, import_study, make_blocks, put_households
from geo.standards.indicators import load_catalogue
from geo.standards.rules import load_site_rules
from geo.study import Study, read_study, write_study
from geo.survey.read import SurveyRead
from geo.survey.store import store
from layers.sheets import Sheet, book_of, save_book
from layers.survey_book import write_survey_xlsx

CATALOGUE = "examination-2025"
MARK = "演示数据，全部虚构"


def demo_study(path: Path) -> Study:
    """Return Qinghe with blocks, households and examination units, and write it to `path`."""
    import_study([], path, mapping=demo_town())
    make_blocks(path)
    study = with_units(put_households(path), load_catalogue(CATALOGUE))
    write_study(study, path)
    return study


def as_read(survey: Survey, file: str) -> SurveyRead:
    """Return a survey as if it had been read from `file`."""
    return SurveyRead(file, survey.observations, survey.findings)


def write_survey(study: Study, folder: Path, *, seed: int = SEED, photos: bool = False) -> None:
    """Write every file of the survey of Qinghe into `folder`.

    Parameters
    ----------
    study : Study
        Qinghe, with blocks, households and units.
    folder : Path
        Made when it is not there.
    seed : int
        Another seed makes another survey.
    photos : bool
        Draw the photos that findings name, too.
    """
    folder.mkdir(parents=True, exist_ok=True)
    catalogue = load_catalogue(CATALOGUE)
    pilot, survey = (as_read(each, "") for each in make_surveys(study, catalogue, seed=seed))
    write_survey_xlsx(study, catalogue, folder / "survey-2025.xlsx", answers=pilot)
    write_survey_xlsx(study, catalogue, folder / "survey.xlsx", answers=survey)
    known, _ = store(study, survey, on=TODAY)
    write_dirty(known, catalogue, survey, folder / "survey-dirty.xlsx")
    seen = homes(study, chance(seed, 1))
    found = survey.findings
    write_sheets(folder / "ledger.xlsx", registers.ownership(study, found, chance(seed, 22)))
    write_sheets(folder / "projects.xlsx", {"改造项目": registers.projects(study, found, chance(seed, 23))})
    rules = load_site_rules("old-estates-2021")
    write_sheets(folder / "sites.xlsx", {"小区": registers.sites(study, rules, chance(seed, 24))})
    write_sheets(folder / "farmhouses.xlsx", {"农房": farmhouses.register(study, seen, chance(seed, 21))})
    if photos:
        write_photos(found, folder / "photos")


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
    parser.add_argument("--out", type=Path, required=True, help="folder to write into")
    parser.add_argument("--study", type=Path, help="a study of Qinghe; made from the town's files when not given")
    parser.add_argument("--photos", action="store_true", help="draw the photos that findings name")
    parser.add_argument("--seed", type=int, default=SEED, help="another seed makes another survey")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    study = with_units(read_study(options.study), load_catalogue(CATALOGUE)) if options.study else demo_study(
        options.out / "study.gpkg")  # fmt: skip
    write_survey(study, options.out, seed=options.seed, photos=options.photos)


if __name__ == "__main__":
    main()
