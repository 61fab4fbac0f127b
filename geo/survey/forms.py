"""The forms of a survey: which there are for a study, what each asks of whom, and how a workbook lays them out.

Forms follow from the catalogue: its codes and items, by the indicators that belong together, for the buildings, estates
and units that the study has. One form is one sheet. Beside them stand the sheet of findings, one row for each problem
seen, and the sheet of values entered by hand for the town.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import pandas as pd
import shapely

from geo.schema import SUBJECTS
from geo.standards.indicators import Catalogue, Code, Indicator, Item
from geo.study import Study

FORMAT = 1
"""Version of the workbook's layout; a newer one is refused politely."""

FORM_ROW, KEY_ROW, TITLE_ROW, NOTE_ROW, HEAD_ROW, FIRST_ROW = 1, 2, 3, 4, 5, 6
"""Rows of a sheet, from 1: the form's key (hidden), the columns' keys (hidden), title, note, headings, first data."""

MARK = "shequ-form:"
"""Stands in A1 of every sheet that is read back, before the key of its form."""

META_SHEET, LISTS_SHEET = "_shequ", "_lists"
"""Hidden sheets: what the workbook was made for, and the words of its drop-downs."""

FINDINGS, TOWN, GUIDE = "findings", "town", "guide"
"""Keys of the sheets that are no form: findings, values of the town entered by hand, how to fill in."""

CHECK_KEY = "_id"
"""The hidden column that repeats the id a row was made for: an id that was typed over shows."""

VALUE = "value_"
"""Item of a value entered by hand: `value_` and the key of its indicator."""

Kind = Literal["id", "text", "day", "word", "result", "number", "count", "share", "flag", "photos"]
"""What a column holds. `result`: the problem is there, is not, or the question does not arise."""


@dataclass(frozen=True)
class Field:
    """One column of a form: its machine key, headings, kind, unit, and the catalogue's code or item behind it."""

    key: str
    title_zh: str
    title_en: str
    kind: Kind
    unit: str = ""
    width: float = 12
    """Width of its column [characters]."""
    words: str = ""
    """The list of words it takes (`geo.survey.words.LISTS`)."""
    locked: bool = False
    """Filled in by shequ, not by surveyors."""
    code: Code | None = None
    item: Item | None = None


@dataclass(frozen=True)
class Form:
    """One sheet of the survey.

    Attributes
    ----------
    key, title_zh, title_en : str
        Its key and names; the name is the sheet's.
    subject : str
        What its rows are (`geo.schema.SUBJECTS`).
    rows : pandas.DataFrame
        The rows it is filled with: index the subject's id; columns name, estate, address (text, "" where unknown).
    fields : tuple of Field
        What is asked: codes and items, in order.
    """

    key: str
    title_zh: str
    title_en: str
    subject: str
    rows: pd.DataFrame
    fields: tuple[Field, ...]

    @property
    def columns(self) -> tuple[Field, ...]:
        """All its columns: who, when, what is asked, and the hidden id."""
        return (*WHO[self.subject], *WHEN, *self.fields, CHECK)


def _who(zh: str, en: str, estate: bool = True) -> tuple[Field, ...]:
    return (
        Field("id", f"{zh}编号", f"{en} id", "id", width=16, locked=True),
        Field("name", "名称", "Name", "text", width=18, locked=True),
        *((Field("estate", "所属小区", "Estate", "text", width=18, locked=True),) if estate else ()),
        Field("address", "地址", "Address", "text", width=22, locked=True),
    )


WHO: Mapping[str, tuple[Field, ...]] = {
    "building": _who("楼栋", "Building"),
    "estate": _who("小区", "Estate", estate=False),
    "unit": _who("体检单元", "Unit", estate=False),
}
"""The locked columns that say whom a row is about."""

WHEN = (
    Field("surveyed_on", "调查日期", "Surveyed on", "day", width=12),
    Field("surveyor", "调查人", "Surveyor", "text", width=11),
)
CHECK = Field(CHECK_KEY, "校验", "Check", "text", width=4, locked=True)

FINDING_FIELDS = (
    Field("finding_id", "问题编号", "Finding id", "id", width=20),
    Field("subject", "对象", "Subject", "word", words="subject", width=10),
    Field("subject_id", "对象编号", "Subject id", "id", width=16),
    Field("code", "问题代码", "Code", "text", words="code", width=9),
    Field("severity", "严重程度", "Severity", "word", words="severity", width=11),
    Field("extent", "规模", "Extent", "number", width=9),
    Field("extent_unit", "规模单位", "Unit of extent", "word", words="extent_unit", width=9),
    Field("location", "具体位置", "Where", "text", width=22),
    Field("x", "X 坐标/经度", "X / longitude", "number", width=13),
    Field("y", "Y 坐标/纬度", "Y / latitude", "number", width=13),
    *WHEN,
    Field("photo", "照片文件名", "Photos", "photos", width=24),
    Field("note", "备注", "Note", "text", width=26),
    Field("status", "整治状态", "Status", "word", words="status", width=11),
    Field("due_on", "整治期限", "Due on", "day", width=12),
    Field("done_on", "完成日期", "Done on", "day", width=12),
)
"""Columns of the sheet of findings."""

TOWN_FIELDS = (
    Field("item", "指标代码", "Key", "id", width=18, locked=True),
    Field("number", "序号", "No.", "text", width=6, locked=True),
    Field("name", "指标", "Indicator", "text", width=34, locked=True),
    Field("unit", "单位", "Unit", "text", width=10, locked=True),
    Field("how", "取得方式", "How it is got", "text", width=14, locked=True),
    Field("value", "数值", "Value", "number", width=12),
    Field("source", "数据来源（必填）", "Source (required)", "text", width=34),
    Field("surveyed_on", "数据日期", "Date of the figure", "day", width=12),
    Field("surveyor", "填报人", "Filled in by", "text", width=11),
)
"""Columns of the sheet of values entered by hand."""

FINDINGS_TITLES = ("问题明细", "Findings")
TOWN_TITLES = ("手工填报", "Entered by hand")
GUIDE_TITLES = ("填表说明", "How to fill in")

_WHOLE = ("个", "条", "栋", "套", "起", "座", "处", "家")
"""Units in which an indicator of the town is a whole number."""

_GROUPS: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("structure", "结构安全", "Structure", ("structure",)),
    ("gas", "燃气", "Gas", ("gas",)),
    ("stairs", "楼道", "Stairs and corridors", ("stairs",)),
    ("envelope", "围护", "Envelope", ("envelope",)),
    ("pipes", "成套与管线", "Flats and pipes", ("incomplete_flats", "pipes", "tap_water")),
    ("upgrading", "适老与节能数字化", "Age, energy, digital", ("ageing", "energy", "digital")),
    ("services", "养老托育教育", "Elders and children", ("elder_care", "childcare", "kindergarten", "school_places")),
    ("parking", "停车与充电", "Parking and charging", ("parking", "ev_charging", "ebike_charging")),
    ("grounds", "场地与步行", "Grounds and paths", ("activity_ground", "footpaths")),
    ("management", "环境与管理", "Management", ("waste_sorting", "property_management", "smart_estate")),
)
"""Indicators that are surveyed together on one sheet; what no group names has a sheet of its own."""

_SUFFIXES = {"building": ("", ""), "estate": ("", ""), "unit": ("（单元）", " (units)")}


def forms(study: Study, catalogue: Catalogue) -> tuple[Form, ...]:
    """Return the forms of a study's survey, in the order of their sheets; forms without rows are left out.

    Buildings are those of use residential, mixed or unknown. Where the study has no examination units, what is asked
    of units is asked of estates.

    Parameters
    ----------
    study
        With buildings, and estates and units where it has them.
    catalogue
        The edition whose codes and items are asked for.
    """
    rows = {subject: subject_rows(study, subject) for subject in WHO}
    asked_of: dict[str, set[str]] = {subject: set() for subject in WHO}
    found = []
    for key, zh, en, members in _grouped(catalogue):
        fields: dict[str, list[Field]] = {subject: [] for subject in WHO}
        for indicator in members:
            for subject, one in _asked(indicator):
                where = "estate" if subject == "unit" and rows["unit"].empty else subject
                if where in fields and one.key not in asked_of[where]:
                    asked_of[where].add(one.key)
                    fields[where].append(one)
        many = len({subject for indicator in members for subject, _ in _asked(indicator)} & set(WHO)) > 1
        for subject, asked in fields.items():
            if asked and not rows[subject].empty:
                more_zh, more_en = _SUFFIXES[subject]
                name = (f"{zh}{more_zh}", f"{en}{more_en}")
                if many and subject == "estate" and fields["building"]:
                    name = (f"{zh}（小区）", f"{en} (estates)")
                label = key if not many else f"{key}_{subject}"
                found.append(Form(label, name[0][:31], name[1][:31], subject, rows[subject], tuple(asked)))
    order = list(WHO)
    return tuple(sorted(found, key=lambda form: order.index(form.subject)))


def subjects_of(indicator: Indicator) -> tuple[str, ...]:
    """Return what the indicator's findings may be about: our reading of the manual's forms.

    Dwellings are looked at by building; 小区 indicators by compound, or by examination unit; those of blocks and of
    the city by block, or for the whole town.
    """
    if indicator.dimension == "housing":
        return ("building",)
    if indicator.dimension == "residential":
        return ("estate", "unit")
    return ("block", "town")


def subject_rows(study: Study, subject: str) -> pd.DataFrame:
    """Return the subjects of a kind that a survey may be about.

    Parameters
    ----------
    study, subject
        A study, and `building`, `estate`, `unit`, `block` or `town`.

    Returns
    -------
    pandas.DataFrame
        Index: the id, in order of the estate and then the id. Columns: name, estate (its name), address; text, "" when
        unknown. `town` has the one row `town`.
    """
    if subject not in SUBJECTS:
        raise ValueError(f"{subject!r} is no subject")
    if subject == "town":
        return pd.DataFrame({"name": [study.name], "estate": "", "address": ""}, index=pd.Index(["town"], dtype="str"))
    table = study.get(f"{subject}s")
    if table is None or table.empty:
        return pd.DataFrame({"name": [], "estate": [], "address": []}, index=pd.Index([], dtype="str"), dtype="str")
    if subject == "building":
        table = table[table["use"].isna() | table["use"].isin(("residential", "mixed", "unknown"))]
    estate = pd.Series("", index=table.index, dtype="str")
    estates = study.get("estates")
    if subject == "building" and estates is not None:
        named = estates["name"].fillna(pd.Series(estates.index, index=estates.index))
        estate = table["estate_id"].map(named).fillna("").astype("str")
    texts = {
        column: table[column].fillna("").astype("str")
        if column in table
        else pd.Series("", index=table.index, dtype="str")
        for column in ("name", "address")
    }
    rows = pd.DataFrame({"name": texts["name"], "estate": estate, "address": texts["address"]}, index=table.index)
    return rows.rename_axis("id").reset_index().sort_values(["estate", "id"], kind="stable").set_index("id")


def town_rows(catalogue: Catalogue) -> pd.DataFrame:
    """Return the rows of the sheet of values entered by hand: block and city indicators, and items of the town.

    Returns
    -------
    pandas.DataFrame
        Index: the observation's item (`value_<indicator key>`, or an item's key). Columns: number (text), title_zh,
        title_en, unit_zh, unit_en, entered (flag: this is the only way to get it), share (flag: stored 0 to 1), percent
        (flag: 0 to 100), count (flag: whole).
    """
    rows = {}
    for indicator in catalogue.of("block", "city"):
        percent = indicator.unit_zh in ("%", "％")
        rows[f"{VALUE}{indicator.key}"] = {
            "number": str(indicator.number), "title_zh": indicator.title_zh, "title_en": indicator.title_en,
            "unit_zh": indicator.unit_zh, "unit_en": indicator.unit_en, "entered": indicator.method == "entered",
            "share": False, "percent": percent, "count": indicator.unit_zh in _WHOLE,
        }  # fmt: skip
    for key, (indicator, item) in catalogue.items.items():
        if item.subject == "town":
            rows[key] = {
                "number": str(indicator.number), "title_zh": item.title_zh, "title_en": item.title_en,
                "unit_zh": item.unit, "unit_en": item.unit, "entered": True, "share": item_kind(item) == "share",
                "percent": False, "count": item_kind(item) == "count",
            }  # fmt: skip
    columns = ["number", "title_zh", "title_en", "unit_zh", "unit_en", "entered", "share", "percent", "count"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def item_kind(item: Item) -> Kind:
    """Return what kind of value an item has, by its unit."""
    unit = item.unit.lower()
    if unit == "flag":
        return "flag"
    if unit in ("percent", "share", "%"):
        return "share"
    whole = ("count", "people", "households", "classes", "places", "spaces", "dwellings", "flats")
    return "count" if unit in whole else "number"


def study_mark(study: Study) -> str:
    """Return a short mark of the study that a workbook is for: its name, coordinates and extent decide it."""
    area = study.get("study_area")
    table = study.get("buildings") if area is None or area.empty else area
    where = "" if table is None or table.empty else ",".join(f"{each:.0f}" for each in table.total_bounds)
    text = f"{study.name}|{study.crs.to_epsg() or study.crs.to_wkt()}|{where}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def study_bounds(study: Study, margin_m: float = 200.0) -> tuple[float, float, float, float] | None:
    """Return the extent in which findings may lie [m: west, south, east, north], or None when nothing says."""
    for name in ("study_area", "buildings", "estates", "blocks"):
        table = study.get(name)
        if table is not None and not table.empty:
            west, south, east, north = shapely.total_bounds(table.geometry.to_numpy())
            return west - margin_m, south - margin_m, east + margin_m, north + margin_m
    return None


def fields_on(form: Form, catalogue: Catalogue) -> tuple[Field, ...]:
    """Return what a sheet of the form may ask: its fields, and on estates what is asked of units."""
    if form.subject != "estate":
        return form.fields
    mine = {field.key for field in form.fields}
    of_units = [
        each for each in all_fields(catalogue).values() if each.item is not None and each.item.subject == "unit"
    ]
    return (*form.fields, *(each for each in of_units if each.key not in mine))


def all_fields(catalogue: Catalogue) -> dict[str, Field]:
    """Return a field for every code and item of a catalogue, by its key."""
    found: dict[str, Field] = {}
    for indicator in catalogue.indicators:
        for _, one in _asked(indicator):
            found.setdefault(one.key, one)
    return found


def _grouped(catalogue: Catalogue) -> Iterator[tuple[str, str, str, list[Indicator]]]:
    """Yield (key, title_zh, title_en, indicators) of every group of the housing and residential indicators."""
    members = catalogue.of("housing", "residential")
    named: set[str] = set()
    for key, zh, en, keys in _GROUPS:
        here = [each for each in members if each.key in keys]
        named |= set(keys)
        if here:
            yield key, zh, en, here
    for each in members:
        if each.key not in named:
            yield each.key, each.title_zh, each.title_en, [each]


def _asked(indicator: Indicator) -> Iterator[tuple[str, Field]]:
    """Yield (subject, field) of everything an indicator asks."""
    of_codes = subjects_of(indicator)[0]
    for code in indicator.codes:
        yield of_codes, Field(code.code, code.title_zh, code.title_en, "result", words="result", code=code, width=13)
    for item in indicator.items:
        kind = item_kind(item)
        words = "flag" if kind == "flag" else ""
        yield (
            item.subject,
            Field(item.key, item.title_zh, item.title_en, kind, item.unit, words=words, item=item, width=13),
        )
