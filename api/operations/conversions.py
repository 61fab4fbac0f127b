"""Villages turned into communities: what a survey and a plan of the land say, and the type of each case."""

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import pandas as pd
import shapely
from pyproj import CRS

from api.operations.files import placed, read_bytes, require_file_place
from api.operations.sheets import Sheet, write_sheets
from geo.conversion import Conversions, Override, classify_conversions
from geo.conversion.eligibility import FLAGS, SURVEY_COLUMNS
from geo.errors import Fault, InputError
from geo.ingest.formats import open_file
from geo.standards import Profile
from geo.study import read_study
from layers.words import Lang

LARGEST_SURVEY = 10_000_000
"""A survey of more bytes, or that unpacks to ten times as many, is refused."""
MOST_ROWS, MOST_COLUMNS = 20_000, 200

_ID = "community_id"
_HEADINGS: Mapping[str, str] = {
    "村编号": _ID, "编号": _ID, "社区编号": _ID, "id": _ID, "人均耕地(平方米)": "arable_m2_per_head",
    "非农就业比例": "nonfarm_share", "混杂比例": "mixed_share", "资产债权债务已清理": "assets_settled",
    "产权制度改革已完成": "reform_done", "产权明晰": "property_clear", "来源": "source",
}  # fmt: skip
"""Chinese headings that are understood."""
_YES, _NO = ("true", "yes", "y", "1", "是", "已完成", "有"), ("false", "no", "n", "0", "否", "未完成", "无")


def convert_study(
    path: Path,
    *,
    profile: Profile,
    survey: pd.DataFrame | None = None,
    construction_land: Path | None = None,
    overrides: Mapping[str, Override] | None = None,
) -> Conversions:
    """Return the type of every village and compound of a study, with reasons, evidence and the four conditions.

    Parameters
    ----------
    path, profile
    survey
        What was found in the villages (`read_survey`).
    construction_land
        A file with the boundary of the construction land.
    overrides
        conversion_id → the type that a planner set.

    Raises
    ------
    InputError
        When the study lacks blocks or communities, or a value cannot be.
    """
    study = read_study(path)
    if study["blocks"]["households"].isna().all():
        raise InputError(Fault("no block has households yet", "run: shequ households STUDY", table="blocks"))
    land = None if construction_land is None else read_construction_land(construction_land, study.crs)
    return classify_conversions(
        study["blocks"], study["seams"], study["communities"], profile=profile, estates=study.get("estates"),
        buildings=study.get("buildings"), survey=survey, construction_land=land, overrides=overrides,
    )  # fmt: skip


def overriding(given: str, *, by: str) -> tuple[str, Override]:
    """Return what `ID=TYPE[@NEIGHBOUR]:REASON` says.

    Examples
    --------
    >>> overriding("CU05=T2@SQ01:两村已合署办公", by="镇政府")[1].neighbour_id
    'SQ01'
    """
    name, _, rest = given.partition("=")
    kind, _, why = rest.replace("\uff1a", ":", 1).partition(":")
    kind, _, neighbour = kind.partition("@")
    if not name or kind not in ("T1", "T2", "T3", "none") or not why.strip():
        raise InputError(Fault(f"the override {given!r} is not understood",
                               "write ID=TYPE:REASON, TYPE one of T1, T2 (T2@NEIGHBOUR), T3, none"))  # fmt: skip
    return name, Override(type=kind, who=by, why=why.strip(), neighbour_id=neighbour or None)  # type: ignore[arg-type]


def read_survey(path: Path) -> pd.DataFrame:
    """Return the survey of villages in a CSV or Excel file.

    Its first row names the columns: community_id, and any of `geo.conversion.eligibility.SURVEY_COLUMNS`, or their
    Chinese headings; yes and no may be 是 and 否. An empty cell is unknown.

    Raises
    ------
    InputError
        When it is no such file, too large, or has no column community_id or ids twice.
    """
    content = read_bytes(path, LARGEST_SURVEY)
    end = path.suffix.lower()
    if end not in (".csv", ".xlsx"):
        raise InputError(Fault(f"surveys ending in {end or 'nothing'} are not read", "save it as .csv or .xlsx",
                               file=str(path)))  # fmt: skip
    return placed(path, lambda: _survey(_csv_rows(content) if end == ".csv" else _xlsx_rows(content)))


def _survey(rows: list[list[Any]]) -> pd.DataFrame:
    if not rows:
        raise InputError(Fault("the survey is empty", f"give columns {_ID}, {', '.join(SURVEY_COLUMNS)}"))
    names = [_heading(value) for value in rows[0]]
    if _ID not in names:
        raise InputError(Fault(f"the survey has no column {_ID} (it has {', '.join(filter(None, names)) or 'none'})",
                               f"name the villages by their id in a column {_ID}"))  # fmt: skip
    if twice := sorted({name for name in names if name and names.count(name) > 1}):
        raise InputError(Fault(f"the survey has several columns {', '.join(twice)}", "keep one of each"))
    kept = [i for i, name in enumerate(names) if name]
    cells = [[_cell(row[i]) if i < len(row) else None for i in kept] for row in rows[1:]]
    table = pd.DataFrame([row for row in cells if any(value is not None for value in row)],
                         columns=[names[i] for i in kept], dtype="object")  # fmt: skip
    if table[_ID].isna().any():
        raise InputError(Fault(f"{int(table[_ID].isna().sum())} rows of the survey have no {_ID}", "fill it in"))
    table = table.set_index(table.pop(_ID).map(_id_text))
    for column in set(FLAGS) & set(table.columns):
        table[column] = table[column].map(_flag).astype("object")
    for column in (set(SURVEY_COLUMNS) - {*FLAGS, "source"}) & set(table.columns):
        table[column] = table[column].map(_number).astype("object")
    return table


def _heading(value: object) -> str:
    text = str(value if value is not None else "").strip().translate({0xFF08: "(", 0xFF09: ")"})
    return _HEADINGS.get(text, _HEADINGS.get(text.lower(), text))


def _cell(value: object) -> object:
    if isinstance(value, str):
        return value.strip() or None
    return value


def _id_text(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _flag(value: object) -> object:
    """Return yes and no as flags; what is neither stays, for the check to name it."""
    text = str(value).strip().lower()
    return None if value is None else True if text in _YES else False if text in _NO else value


def _number(value: object) -> object:
    """Return numbers written as text; a percentage as a share. What is no number stays, for the check to name it."""
    if not isinstance(value, str):
        return value
    text = value.replace(",", "").replace("\uff05", "%")
    try:
        return float(text[:-1]) / 100 if text.endswith("%") else float(text)
    except ValueError:
        return value


def _csv_rows(content: bytes) -> list[list[Any]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = content.decode("gb18030")
        except UnicodeDecodeError as error:
            raise InputError(Fault(f"the survey is neither UTF-8 nor GBK text (byte {error.start})", "save it as UTF-8")
                             ) from error  # fmt: skip
    try:
        return _limited(csv.reader(io.StringIO(text, newline="")))
    except csv.Error as error:
        raise InputError(Fault(f"the survey is no CSV ({error})", "save it again as CSV, or as .xlsx")) from error


def _xlsx_rows(content: bytes) -> list[list[Any]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            unpacked = sum(part.file_size for part in packed.infolist())
        if unpacked <= 10 * LARGEST_SURVEY:
            book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
            return _limited(book.worksheets[0].iter_rows(values_only=True))
    except InputError:
        raise
    except Exception as error:  # a damaged workbook fails in dozens of ways
        raise InputError(Fault(f"the workbook cannot be read ({type(error).__name__}: {error})",
                               "save it again as .xlsx, or as CSV")) from error  # fmt: skip
    raise InputError(Fault("the workbook unpacks to more than 100 MB", "keep only the sheet of the survey"))


def _limited(rows: Iterable[Iterable[Any]]) -> list[list[Any]]:
    kept: list[list[Any]] = []
    for row in rows:
        cells = list(row)
        if len(kept) > MOST_ROWS or len(cells) > MOST_COLUMNS:
            raise InputError(Fault(f"the survey has more than {MOST_ROWS:,} rows or {MOST_COLUMNS} columns",
                                   "give one row for each village"))  # fmt: skip
        kept.append(cells)
    return kept


def read_construction_land(path: Path, crs: CRS) -> gpd.GeoDataFrame:
    """Return the areas of a file, in the coordinates of the study.

    Raises
    ------
    InputError
        When it holds no areas, several layers of them, or says nothing of its coordinates.
    """
    opened = open_file(path)
    layers = [opened.read(name, None) for name in opened.layers]
    layers = [one for one in layers if one.frame.geom_type.isin(("Polygon", "MultiPolygon")).any()]
    if len(layers) != 1:
        which = f"several layers of areas ({', '.join(one.name for one in layers)})" if layers else "no areas"
        raise InputError(Fault(f"the file holds {which}; one layer is wanted", "save the boundary of the construction "
                               "land as a file of its own", file=str(path)))  # fmt: skip
    frame = layers[0].frame
    if layers[0].crs is None:
        raise InputError(Fault("the file says nothing of its coordinates", "save it with its reference system",
                               file=str(path), layer=layers[0].name))  # fmt: skip
    areas = frame[frame.geom_type.isin(("Polygon", "MultiPolygon"))].set_crs(layers[0].crs, allow_override=True)
    areas = areas.to_crs(crs)
    return areas.set_geometry(shapely.make_valid(areas.geometry.to_numpy())).set_crs(crs, allow_override=True)


def save_conversions(conversions: Conversions, path: Path, *, lang: Lang = "zh") -> None:
    """Write the classification as an Excel workbook."""
    require_file_place(path)
    if path.suffix.lower() != ".xlsx":
        raise InputError(Fault(f"{path.name} is no name of a workbook", "let it end in .xlsx", file=str(path)))
    other = "_en" if lang == "zh" else "_zh"
    table = conversions.table.drop(columns="geometry")
    kept = pd.DataFrame(table[[column for column in table.columns if not column.endswith(other)]])
    write_sheets([Sheet.of("村改居" if lang == "zh" else "conversions", kept)], path)
