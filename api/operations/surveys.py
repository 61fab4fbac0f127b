"""Surveys: the workbook that surveyors fill in, and what is read back from them into the study."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from api.operations.files import LARGEST_REQUEST, read_bytes, require_file_place
from api.operations.telling import Told
from geo.errors import Fault, InputError
from geo.examination.units import examination_units
from geo.standards import Catalogue
from geo.study import Study, read_study, write_study
from geo.survey.kobo import SurveyMapping
from geo.survey.read import SurveyRead, read_survey
from geo.survey.store import Stored, store
from layers.sheets import Sheet, book_of, save_book
from layers.survey_book import write_survey_xlsx
from layers.words import Lang


@dataclass(frozen=True)
class Surveyed:
    """A study with surveys put in: what was read, and what storing each did."""

    study: Study
    reads: tuple[SurveyRead, ...]
    stored: tuple[Stored, ...]


def with_units(study: Study, catalogue: Catalogue) -> Study:
    """Return the study with its examination units; those it has of today's blocks are kept."""
    units, of_block, notes = examination_units(study, catalogue=catalogue)
    blocks = study.get("blocks")
    if blocks is None or not len(units) or blocks["unit_id"].dropna().equals(of_block.reindex(blocks.index).dropna()):
        return study
    tables = {"units": units, "blocks": blocks.assign(unit_id=of_block.reindex(blocks.index))}
    return study.having(tables, step="units", note={"said": [list(each) for each in notes]})


def make_survey(path: Path, out: Path, *, catalogue: Catalogue, lang: Lang = "zh", told: Told | None = None) -> Study:
    """Write the survey workbook of a study to `out`; the study gets its examination units, where it had none.

    Raises
    ------
    InputError
        When there is no such study, it has no buildings, or `out` is no place for a file.
    """
    require_file_place(out)
    study = read_study(path)
    if told:
        told("making examination units", 0.0)
    ready = with_units(study, catalogue)
    if told:
        told("writing the workbook", 0.3)
    write_survey_xlsx(ready, catalogue, out, lang=lang)
    if ready is not study:
        write_study(ready, path)
    return ready


def read_surveys(
    path: Path,
    files: Sequence[Path],
    *,
    catalogue: Catalogue,
    today: str,
    photos: Path | None = None,
    valid_rows_only: bool = False,
    mapping: SurveyMapping | None = None,
    told: Told | None = None,
) -> Surveyed | tuple[SurveyRead, ...]:
    """Put surveys into a study, all of them or none.

    Parameters
    ----------
    path, files
        The study file, and the surveys made for it.
    catalogue
        The edition they were made for.
    today
        The day of reading: later days are refused; history notes it for changes that have no day of their own.
    photos
        A folder with the surveys' photos.
    valid_rows_only
        Leave rows with faults out and put the others in.
    mapping
        For CSV and GeoJSON.
    told

    Returns
    -------
    Surveyed or tuple of SurveyRead
        What was stored; or, when one of the files may not be stored, what was read of each: nothing is stored then.
    """
    if photos is not None and not photos.is_dir():
        raise InputError(Fault("there is no such folder of photos", "correct --photos", file=str(photos)))
    before = study = with_units(read_study(path), catalogue)  # a workbook asks about units, too
    reads = []
    for number, file in enumerate(files):
        if told:
            told(f"reading {file.name}", 0.8 * number / len(files))
        reads.append(
            read_survey(file, study, catalogue, photos=photos, valid_rows_only=valid_rows_only, today=today,
                        mapping=mapping)
        )  # fmt: skip
    if not all(read.usable for read in reads):
        return tuple(reads)
    stored = []
    for read in reads:
        study, done = store(study, read, on=today)
        stored.append(done)
    if study is not before:
        if told:
            told("writing the study", 0.9)
        write_study(study, path)
    return Surveyed(study, tuple(reads), tuple(stored))


def read_survey_mapping(path: Path) -> SurveyMapping:
    """Return what a TOML file says of the columns of a CSV or GeoJSON survey.

    Raises
    ------
    InputError
        When it is no TOML, or a field is unknown or has a wrong value.
    """
    content = read_bytes(path, LARGEST_REQUEST)
    try:
        return SurveyMapping.model_validate(tomllib.loads(content.decode()))
    except ValidationError as error:
        raise InputError([
            Fault(f"{'.'.join(map(str, one['loc'])) or 'the mapping'}: {one['msg']}",
                  f"use the fields {', '.join(SurveyMapping.model_fields)}", file=str(path))
            for one in error.errors()
        ]) from error  # fmt: skip
    except (ValueError, RecursionError) as error:
        raise InputError(Fault(f"the file is not TOML ({error})", "correct the place it names",
                               file=str(path))) from error  # fmt: skip


def write_faults(reads: Sequence[SurveyRead], path: Path, *, lang: Lang = "zh") -> None:
    """Write every fault and warning of surveys as a workbook: file, sheet, cell, value, what is wrong, what to do."""
    english = lang == "en"
    headings = ("Level", "File", "Sheet", "Cell", "Column", "Value", "What is wrong", "What to do") if english else (
        "级别", "文件", "工作表", "单元格", "列名", "填写内容", "问题", "处理办法")  # fmt: skip
    levels = {"file": ("整表不能用", "file"), "row": ("该行不能用", "row"), "warning": ("提示", "warning")}
    rows = [
        [levels[each.level][english], Path(read.file).name, each.sheet, each.cell, each.heading, each.value,
         each.what_en if english else each.what_zh, each.remedy_en if english else each.remedy_zh]
        for read in reads
        for each in (*read.faults, *read.warnings)
    ]  # fmt: skip
    title = "What is wrong in the surveys" if english else "调查表问题清单"
    sheet = Sheet(title, [(heading, "@") for heading in headings], rows)
    save_book(book_of([sheet], title, title), path)
