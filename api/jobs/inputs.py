"""What each process is asked with: models whose JSON schemas stand in the process descriptions.

Every field has a title in both languages. Fields that name what is kept with the study are listed, so that a request
that names what is not there is refused at once.
"""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from geo.partition.plan import PlanOptions

Text = Annotated[str, Field(max_length=200)]
Id = Annotated[str, Field(min_length=1, max_length=200)]
ResultId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
FileKey = Annotated[str, Field(min_length=1, max_length=300, pattern=r"^[^\x00-\x1f\\]+$")]
Standard = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,63}$")]
"""The name of something that comes with shequ: a profile, a standard, a catalogue. Never a path."""
Day = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
Speed = Literal["adult", "elder", "child"]
Seconds = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]
Yuan = Annotated[float, Field(ge=0, le=1e13, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Number = Annotated[float, Field(allow_inf_nan=False)]

MOST_LISTED = 10_000
"""Ids in one list, at most."""


def _said(default: Any, zh: str, en: str, about: str = "", **limits: Any) -> Any:  # noqa: ANN401 - pydantic's
    return Field(default, title=en, description=about or en, json_schema_extra={"title_zh": zh}, **limits)


class Inputs(BaseModel):
    """What any process may be asked with."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    FILES: ClassVar[frozenset[str]] = frozenset()
    """Fields that hold keys of files."""
    PLANS: ClassVar[frozenset[str]] = frozenset()
    """Fields that hold ids of plans."""
    RUNS: ClassVar[frozenset[str]] = frozenset()
    """Fields that hold ids of earlier results of the same process."""

    def file_keys(self) -> list[str]:
        """Return the keys of all files it names."""
        given = [getattr(self, name) for name in sorted(self.FILES)]
        return [key for each in given for key in ((each,) if isinstance(each, str) else each or ())]


class WithLanguage(Inputs):
    """What gives files that people read."""

    lang: Literal["zh", "en"] = _said("zh", "文件语言", "Language of files")


class WithResult(WithLanguage):
    """What gives layers."""

    id: ResultId | None = _said(
        None, "结果编号", "Id of the result",
        "Its layers are called <process>.<id>.<layer>; a run under the same id takes their place. By default a new id.",
    )  # fmt: skip
    title: Text = _said("", "标题", "Title")
    title_en: Text = _said("", "英文标题", "Title in English")


# ── a study's own tables ─────────────────────────────────────────────────────────────────────────────────────────────
class ImportInputs(Inputs):
    """A town's files."""

    FILES = frozenset({"files", "mapping", "area"})

    files: tuple[FileKey, ...] = _said(
        (), "源文件", "Source files", "Keys of files kept with the study: GeoPackage, GeoJSON, zipped shapefile, "
        "GeoParquet, FlatGeobuf, GeoTIFF, .osm.pbf, .osm", max_length=100,
    )  # fmt: skip
    mapping: FileKey | None = _said(
        None, "对照文件", "Mapping", "A TOML file: which source layer and column is which (docs/import.md)"
    )
    crs: Text | None = _said(None, "坐标系", "Metric CRS", "Of the study, and of layers that state none")
    name: Text | None = _said(None, "名称", "Name of the town")
    name_en: Text | None = _said(None, "英文名称", "The same in English")
    area: FileKey | None = _said(None, "研究范围文件", "A file with the outline of the study area")

    @model_validator(mode="after")
    def _something(self) -> "ImportInputs":
        if not self.files and self.mapping is None:
            raise ValueError("there is nothing to import: give files, or a mapping that names them")
        return self


class BlockInputs(Inputs):
    """How a study is cut into blocks."""

    source: Literal["census", "communities", "blocks"] | None = _said(
        None, "直接采用的图层", "Ready-made areas", "Take these areas as blocks instead of cutting"
    )
    roads: tuple[Text, ...] | None = _said(
        None, "切分道路等级", "Road classes that cut", "By default residential and wider", min_length=1, max_length=50
    )
    borders: Literal["all", "villages", "none"] = _said("all", "现状界线", "Borders of today that cut too")
    min_width_m: Annotated[float, Field(ge=0, le=10_000, allow_inf_nan=False)] | None = _said(
        None, "最小宽度(米)", "No block is thinner than this [m]"
    )


class HouseholdInputs(Inputs):
    """How households are put onto buildings and blocks."""

    trust: Literal["communities", "census"] = _said(
        "communities", "以谁的总数为准", "Whose totals are kept where census areas and communities disagree"
    )
    household_size: Annotated[float, Field(gt=0, le=20, allow_inf_nan=False)] | None = _said(
        None, "户均人口", "People per household where only one is known"
    )
    estimate: bool = _said(True, "按建筑面积估算", "Estimate from floor area where nothing is known")


# ── plans ────────────────────────────────────────────────────────────────────────────────────────────────────────────
class _Plan(WithResult):
    profile: Standard = _said("seed-3000", "规模标准", "Profile of sizes", "A profile's name")
    options: PlanOptions = _said(PlanOptions(), "要求", "What is asked of it", "All options of a plan (docs/engine.md)")
    advice: bool = _said(
        True, "无解时给出出路", "Advice", "Look for the nearest requests that would work, when this one has no answer"
    )


class PlanInputs(_Plan):
    """What one plan is made by."""

    PLANS = frozenset({"start"})

    start: ResultId | None = _said(None, "从哪个方案开始", "A plan of the same blocks to begin from")
    names: dict[Id, tuple[Text, Text]] = _said(
        {}, "已定名称", "Names that were decided", "Community id → Chinese and English name", max_length=MOST_LISTED
    )
    heirs: dict[Id, Id | None] = _said(
        {}, "名称由谁沿用", "Who carries on a name", "Community of today → community of the plan; null: nobody",
        max_length=MOST_LISTED,
    )  # fmt: skip


class AlternativesInputs(_Plan):
    """What several plans are made by; each is kept under the id with -a, -b … behind it."""

    count: Annotated[int, Field(ge=1, le=26)] = _said(4, "方案数", "Plans wanted")
    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,61}$")] | None = _said(
        None, "方案编号", "Id of the plans", "Each plan gets a letter behind it; by default a new id"
    )


class ReportInputs(WithLanguage):
    """A plan whose files are written: in another language, or with other names."""

    PLANS = frozenset({"plan"})

    plan: ResultId = _said(..., "方案", "Plan")
    names: dict[Id, tuple[Text, Text]] = _said({}, "已定名称", "Names that were decided", max_length=MOST_LISTED)
    heirs: dict[Id, Id | None] = _said({}, "名称由谁沿用", "Who carries on a name", max_length=MOST_LISTED)


class OverrideInput(BaseModel):
    """The type of a village or compound that a planner set."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Id
    type: Literal["T1", "T2", "T3", "none"]
    neighbour: Id | None = None
    why: Annotated[str, Field(min_length=1, max_length=500)]


class ConvertInputs(WithResult):
    """How villages are sorted."""

    FILES = frozenset({"survey", "construction_land"})

    profile: Standard = _said("seed-3000", "规模标准", "Profile of sizes")
    survey: FileKey | None = _said(None, "村情调查表", "Survey of villages", "CSV or .xlsx (docs/conversion.md)")
    construction_land: FileKey | None = _said(None, "城镇开发边界", "Boundary of the construction land")
    overrides: tuple[OverrideInput, ...] = _said((), "人工判定", "Types set by hand", max_length=MOST_LISTED)


# ── examination and renovation ───────────────────────────────────────────────────────────────────────────────────────
class SurveyInputs(Inputs):
    """Surveys that are put into the study."""

    FILES = frozenset({"files", "mapping"})

    files: tuple[FileKey, ...] = _said(..., "调查表", "Surveys", min_length=1, max_length=100)
    catalogue: Standard = _said("examination-2025", "指标体系", "Catalogue of indicators")
    today: Day | None = _said(None, "日期", "Day of reading")
    mapping: FileKey | None = _said(None, "对照文件", "Mapping", "TOML, for CSV and GeoJSON")
    valid_rows_only: bool = _said(False, "只收合格行", "Leave rows with faults out")


class ExamineInputs(WithResult):
    """What an examination counts by."""

    FILES = frozenset({"costs", "sites", "projects"})

    catalogue: Standard = _said("examination-2025", "指标体系", "Catalogue of indicators")
    today: Day | None = _said(None, "日期", "The day it is counted as of")
    rules: Standard = _said("old-estates-2021", "老旧小区清单", "Positive and negative list for old estates")
    menu: Standard = _said("renovation-menu-2020", "改造措施清单", "Which measure answers which finding")
    costs: FileKey | None = _said(None, "单价表", "Unit costs", "Without it: examples, marked as such")
    sites: FileKey | None = _said(None, "小区申报表", "List of sites: consent and declarations")
    projects: FileKey | None = _said(None, "项目表", "Projects, for the statistics of progress")
    year: Annotated[int, Field(ge=1990, le=2200)] | None = _said(None, "统计年度", "Plan year of those statistics")


class ProgrammeInputs(WithResult):
    """What a programme is made by."""

    FILES = frozenset({"costs", "ledger"})
    RUNS = frozenset({"start"})

    options: dict[str, Any] = _said(
        ..., "要求", "What is asked of it", "Years, budgets_yuan, and all other options of a programme "
        "(docs/programme.md)", max_length=100,
    )  # fmt: skip
    catalogue: Standard = _said("examination-2025", "指标体系", "Catalogue of indicators")
    today: Day | None = _said(None, "日期", "The day findings are open as of")
    menu: Standard = _said("renovation-menu-2020", "改造措施清单", "Which measure answers which finding")
    costs: FileKey | None = _said(None, "单价表", "Unit costs", "Without it: examples, marked as such")
    ledger: FileKey | None = _said(None, "产权名册", "Ownership ledger")
    lift_consent: tuple[Id, ...] = _said((), "同意加装电梯的楼栋", "Buildings whose owners consent to a lift",
                                         max_length=MOST_LISTED)  # fmt: skip
    start: ResultId | None = _said(None, "从哪个计划开始", "A programme to begin from")
    curve: tuple[Yuan, ...] = _said((), "增加资金(元)", "Extra money for the curve [yuan]", max_length=20)


# ── facilities ───────────────────────────────────────────────────────────────────────────────────────────────────────
class GapsInputs(WithResult):
    """What gaps are looked for by."""

    PLANS = frozenset({"plan"})

    standards: tuple[Standard, ...] = _said(
        ("six-ones", "demand-classes-15min", "gb50180-2018"), "设施标准", "Standards", min_length=1, max_length=8
    )
    plan: ResultId | None = _said(None, "方案", "Plan", "Gaps before it and after it")
    speed: Speed = _said("adult", "步行速度", "Whose walking speed minutes are counted at")


class SitingInputs(WithResult):
    """What sites are sought for."""

    needs: tuple[Id, ...] = _said(
        ..., "所需设施", "Requirements", "Keys of the standard's requirements; several share premises", min_length=1,
        max_length=30,
    )  # fmt: skip
    standard: Standard = _said("six-ones", "设施标准", "Standard that they stand in")
    model: Literal["mclp", "lscp", "p_median", "p_center", "capacitated_mclp", "capacitated_p_median"] | None = _said(
        None, "模型", "Model", "For one requirement alone; by default mclp"
    )
    count: Annotated[int, Field(ge=1, le=1_000)] | None = _said(None, "新增处数上限", "New sites at most")
    budget: Yuan | None = _said(None, "资金(元)", "What the sites may cost together [yuan]")
    capacity: Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False)] | None = _said(
        None, "每处容量", "Places of a site where they are unknown"
    )
    here: dict[Text, tuple[Id | tuple[Number, Number], ...]] = _said(
        {}, "手工选点", "Places by hand", "Option → points (metres of the study, or longitude and latitude) or ids of "
        "candidates: they are compared", max_length=20,
    )  # fmt: skip
    equity: Literal["none", "worst_first"] | Share | None = _said(
        None, "公平", "Who comes first", "none, worst_first, or the least covered share of every community"
    )
    complexes: Annotated[int, Field(ge=0, le=100)] = _said(0, "服务综合体", "Embedded complexes, at least")
    prices: tuple[Yuan, Yuan, Yuan] | None = _said(
        None, "单价(元/㎡)", "Prices", "Yuan per m² of fitting out rooms, building, laying out ground"
    )
    kinds: tuple[Text, ...] | None = _said(None, "备选点种类", "Kinds of candidates", min_length=1, max_length=10)
    keep: tuple[Id, ...] = _said((), "必选", "Candidates that must be used", max_length=MOST_LISTED)
    leave_out: tuple[Id, ...] = _said((), "不选", "Candidates that may not be", max_length=MOST_LISTED)
    count_small: bool = _said(True, "偏小设施计入", "Whether too small facilities of today count as there")
    speed: Speed = _said("adult", "步行速度", "Whose walking speed minutes are counted at")
    seconds: Seconds = _said(60.0, "搜索时间(秒)", "About how long to search [s]")

    @model_validator(mode="after")
    def _one_question(self) -> "SitingInputs":
        """Refuse what the question would not look at, as the command line does: nothing is left aside in silence."""
        if self.here:
            if len(self.needs) > 1:
                raise ValueError("here compares places for one need: give one")
            for name in ("model", "count", "budget", "capacity", "equity", "complexes", "prices", "keep", "leave_out"):
                if getattr(self, name) not in (None, 0, (), "none"):
                    raise ValueError(f"here compares the places as they are; {name} says nothing to it: leave it out")
        elif self.shared:
            for name in ("model", "capacity"):
                if getattr(self, name) is not None:
                    raise ValueError(f"{name} is for one need alone, without equity, complexes or prices: leave it out")
        elif self.capacity is not None and not (self.model or "").startswith("capacitated"):
            raise ValueError("capacity is for the capacitated models: leave it out, or choose one of them")
        return self

    @property
    def shared(self) -> bool:
        """Whether premises are fitted out and shared under a budget."""
        return not self.here and (
            len(self.needs) > 1 or self.equity not in (None, "none") or bool(self.complexes) or self.prices is not None
        )


# ── out of the study ─────────────────────────────────────────────────────────────────────────────────────────────────
class ExportInputs(WithLanguage):
    """What is written as a file to take away."""

    collections: tuple[Annotated[str, Field(min_length=1, max_length=200)], ...] = _said(
        ..., "图层", "Collections", "Ids of the collections", min_length=1, max_length=100
    )
    format: Literal["gpkg", "geojson", "fgb", "parquet", "shp", "dxf", "xlsx", "pmtiles", "mbtiles", "pdf"] = _said(
        "gpkg", "格式", "Format", "pmtiles, mbtiles: tiles for use without a network; pdf: a map sheet"
    )
    encoding: Literal["utf-8", "gb18030"] = _said("utf-8", "文字编码", "Encoding", "Of a shapefile's texts")
    maxzoom: int = _said(16, "最大级别", "Deepest level", "Of tiles", ge=0, le=18)
    paper: Literal["A3", "A4"] = _said("A3", "纸张", "Paper", "Of a map sheet")
    scale: int | None = _said(
        None, "比例尺分母", "Scale", "Of a map sheet, 1 to this number; else as large as fits", ge=100, le=5_000_000
    )
    title: Text = _said("", "图名", "Title", "Of a map sheet")
