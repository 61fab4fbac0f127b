"""The processes: what can be asked for as a job, described as OGC API Processes wants it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from pydantic import ValidationError

from api.errors import BadRequestError, NotFoundError
from api.jobs import inputs as asked
from api.jobs import runs
from geo.errors import Fault
from layers.words import Lang, fullwidth

VERSION = "1.0.0"
NO_SUCH_PROCESS = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/no-such-process"

HTML = "text/html"
JSON = "application/json"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
GPKG = "application/geopackage+sqlite3"
ZIP = "application/zip"
MEDIA_TYPES: Mapping[str, str] = {
    ".html": HTML, ".json": JSON, ".xlsx": XLSX, ".docx": DOCX, ".gpkg": GPKG, ".zip": ZIP,
    ".geojson": "application/geo+json", ".fgb": "application/flatgeobuf", ".parquet": "application/vnd.apache.parquet",
    ".dxf": "image/vnd.dxf", ".pmtiles": "application/vnd.pmtiles", ".mbtiles": "application/vnd.mbtiles",
    ".pdf": "application/pdf",
}  # fmt: skip
"""By the end of a file's name."""


@dataclass(frozen=True)
class Output:
    """One thing that a process gives: a file by reference, or a JSON value (no media type)."""

    id: str
    title_zh: str
    title_en: str
    media_type: str = ""


_SUMMARY = Output("summary", "摘要", "What came of it, in figures")
_LAYERS = Output("collections", "图层", "The collections with its layers")
_MAP = Output("map", "地图", "Map, a page that needs no network", HTML)
_BOOK = Output("workbook", "表格", "Workbook", XLSX)
_PAPER = Output("document", "报告", "Document in official form", DOCX)
_QGIS = Output("geopackage", "GeoPackage 文件", "GeoPackage with QGIS styles", GPKG)
_PAPERS = (_MAP, _BOOK, _PAPER, _QGIS)
_PLAN = Output("plan", "方案文件", "The decision: which block belongs to which community", JSON)


Changes = Literal["tables", "plans", "layers"]


@dataclass(frozen=True)
class Process:
    """One process: all that is told of it, once.

    Attributes
    ----------
    id
    title_zh, title_en, about_zh, about_en
    inputs
        The model that it is asked with.
    does
        Does it, in a worker; imports what that needs when it is called.
    outputs
    changes
        What of the study it changes: its tables, its plans, its layers.
    example
        Inputs that could be sent as they stand. Ids of plans and keys of files are such as a study may have.
    confined
        It reads users' files: it is done in a process that may do nothing else (`api.jobs.confined`), and that imports
        these modules before.
    """

    id: str
    title_zh: str
    title_en: str
    about_zh: str
    about_en: str
    inputs: type[asked.Inputs]
    does: Callable[[Any, runs.Work], runs.Done]
    outputs: tuple[Output, ...]
    changes: tuple[Changes, ...]
    example: Mapping[str, Any]
    confined: tuple[str, ...] = ()

    def title(self, lang: Lang) -> str:
        """Return its title."""
        return self.title_en if lang == "en" else self.title_zh

    def about(self, lang: Lang) -> str:
        """Return what it does, in a sentence or two."""
        return self.about_en if lang == "en" else fullwidth(self.about_zh)

    def read(self, given: Mapping[str, Any]) -> asked.Inputs:
        """Return the inputs, every fault at once (BadRequestError)."""
        try:
            return self.inputs.model_validate(dict(given))
        except ValidationError as error:
            raise BadRequestError([
                Fault(f"inputs.{'.'.join(str(part) for part in one['loc']) or self.id}: {_plain(one['msg'])}",
                      f"see the description of the process {self.id}")
                for one in error.errors()[:20]
            ]) from error  # fmt: skip

    def run(self, given: asked.Inputs, work: runs.Work) -> runs.Done:
        """Do it.

        Raises
        ------
        InputError, StandardError
            When the inputs or the study are no good for it.
        InfeasibleError
            When the question has no answer.
        """
        done = self.does(given, work)
        return replace(done, summary=runs.typeset(done.summary))


PROCESSES: Mapping[str, Process] = {each.id: each for each in (
    Process("import", "导入", "Import",
            "把一个镇(街道)的源文件读入本项目,替换其数据表;调查记录保留。",
            "Read a town's files into the study in place of its tables; surveys and registers are carried over.",
            asked.ImportInputs, runs.import_files, (_SUMMARY,),
            changes=("tables",), example={"files": ["uploads/town.gpkg"], "crs": "EPSG:4549"},
            confined=("api.operations.town",)),
    Process("blocks", "划分街块", "Blocks",
            "沿道路、河流、铁路和现状界线把研究范围划分为街块。",
            "Cut the study area into blocks along roads, rivers, railways and borders of today.",
            asked.BlockInputs, runs.cut_blocks, (_SUMMARY,),
            changes=("tables",), example={"borders": "villages", "min_width_m": 20}),
    Process("households", "落户", "Households",
            "把户数和人口落到建筑和街块上,总数不变。",
            "Put dwellings, households and people onto buildings and blocks; totals are conserved.",
            asked.HouseholdInputs, runs.place_households, (_SUMMARY,),
            changes=("tables",), example={"trust": "communities", "household_size": 2.6}),
    Process("plan", "社区规模调整方案", "Plan",
            "在规模标准内重划或合并社区,并说明每一处调整。",
            "Redraw or merge the communities within the limits of a profile, every change explained.",
            asked.PlanInputs, runs.make_plan, (_SUMMARY, _LAYERS, _PLAN, *_PAPERS),
            changes=("plans",), example={"id": "plan-1", "title": "方案一", "profile": "seed-3000",
                                  "options": {"min_households": 2400, "max_households": 3600, "effort": "normal"}}),
    Process("alternatives", "比选方案", "Alternatives",
            "给出几个好而不同的方案,说明各自的得失。",
            "Several plans that are good and different, and what each gives up.",
            asked.AlternativesInputs, runs.make_alternatives, (_SUMMARY, _LAYERS, _BOOK),
            changes=("plans",), example={"id": "choices", "count": 3, "options": {"effort": "quick"}}),
    Process("report", "方案成果文件", "Report",
            "按指定语言和名称写出方案的地图、表格、报告和GeoPackage。",
            "Write a plan's map, tables, report and GeoPackage: in another language, or with other names.",
            asked.ReportInputs, runs.write_report, (_SUMMARY, _PLAN, *_PAPERS),
            changes=(), example={"plan": "plan-1", "lang": "en"}),
    Process("convert", "村改居", "Conversion of villages",
            "判定每个村和小区的村改居类型、理由和条件。",
            "Sort out which villages become communities, and which compounds get one of their own.",
            asked.ConvertInputs, runs.sort_villages, (_SUMMARY, _LAYERS, _BOOK),
            changes=("layers",), example={"profile": "seed-3000"},
            confined=("api.operations.conversions", "api.operations.results")),
    Process("survey", "收回调查表", "Read surveys",
            "把现场调查表收入本项目;有错的文件不收,逐格列出。",
            "Put filled-in surveys into the study; a file with a fault changes nothing, its faults are listed.",
            asked.SurveyInputs, runs.take_surveys, (_SUMMARY,),
            changes=("tables",), example={"files": ["uploads/survey.xlsx"], "valid_rows_only": False},
            confined=("api.operations.surveys",)),
    Process("examine", "体检", "Examination",
            "计算体检指标及其覆盖率,给老旧小区排序。",
            "Count the official indicators with their coverage, and rank the old estates.",
            asked.ExamineInputs, runs.examine, (_SUMMARY, _LAYERS, *_PAPERS),
            changes=("layers", "tables"),
            example={"id": "2026", "catalogue": "examination-2025", "today": "2026-11-01"},
            confined=("api.operations.examinations", "api.operations.programmes", "api.operations.results")),
    Process("programme", "更新改造计划", "Renovation programme",
            "在年度资金内安排改造措施,安全优先。",
            "Choose and phase renovation works under yearly budgets, safety first.",
            asked.ProgrammeInputs, runs.choose_works,
            (_SUMMARY, _LAYERS, Output("programme", "计划文件", "Which measure in which year", JSON), *_PAPERS),
            changes=("layers",), example={"id": "2027-2029", "options": {"years": [2027, 2028, 2029],
                                    "budgets_yuan": [3_000_000, 3_000_000, 3_000_000]}},
            confined=("api.operations.programmes", "api.operations.results")),
    Process("gaps", "设施缺口", "Gaps",
            "按标准查找步行可达范围内缺少、过小或已满的设施。",
            "Look for what is missing, too far, too small or full, for each community, estate and home, by walking.",
            asked.GapsInputs, runs.find_gaps, (_SUMMARY, _LAYERS, *_PAPERS),
            changes=("layers",), example={"id": "today", "standards": ["six-ones"]}),
    Process("siting", "设施选址", "Siting",
            "在备选点中选出受益最大的位置,或比较手工选点。",
            "Find where what is missing helps most, or compare places set by hand.",
            asked.SitingInputs, runs.find_sites, (_SUMMARY, _LAYERS, *_PAPERS),
            changes=("layers",), example={"id": "elders", "standard": "six-ones", "needs": ["elders"], "count": 3}),
    Process("export", "导出", "Export",
            "把图层写成文件或图幅带走。",
            "Write collections as a file or a map sheet to take away.",
            asked.ExportInputs, runs.export, (_SUMMARY, Output("file", "文件", "The file", "application/octet-stream")),
            changes=(), example={"collections": ["communities", "buildings"], "format": "gpkg"}),
)}  # fmt: skip


def process_of(process_id: str) -> Process:
    """Return the process of that id; NotFoundError when there is none."""
    if process_id not in PROCESSES:
        raise NotFoundError(
            f"there is no process {process_id}", f"use one of {', '.join(PROCESSES)}", type=NO_SUCH_PROCESS
        )
    return PROCESSES[process_id]


def summary(process: Process, lang: Lang, base: str) -> dict[str, Any]:
    """Return a process as the list has it; `base` is the address of the study."""
    here = f"{base}/processes/{process.id}"
    return {
        "id": process.id, "version": VERSION, "title": process.title(lang), "description": process.about(lang),
        "title_zh": process.title_zh, "title_en": process.title_en,
        "jobControlOptions": ["async-execute", "dismiss"], "outputTransmission": ["value", "reference"],
        "links": [
            {"href": here, "rel": "self", "type": JSON, "title": process.title(lang)},
            {"href": f"{here}/execution", "rel": "http://www.opengis.net/def/rel/ogc/1.0/execute", "type": JSON,
             "title": "开始" if lang == "zh" else "Execute"},
            {"href": f"{base}/jobs?processID={process.id}", "rel": "http://www.opengis.net/def/rel/ogc/1.0/job-list",
             "type": JSON, "title": "任务" if lang == "zh" else "Jobs"},
        ],
    }  # fmt: skip


def description(process: Process, lang: Lang, base: str) -> dict[str, Any]:
    """Return the description of a process: its inputs with their JSON schemas, and what it gives."""
    from api.openapi import down_to_3_0  # noqa: PLC0415 - workers describe nothing, and need no FastAPI

    schema = down_to_3_0(process.inputs.model_json_schema())
    defs = schema.get("$defs", {})
    required = set(schema.get("required", ()))
    inputs = {
        name: _input(name, each, lang, required=name in required, process=process, defs=defs)
        for name, each in schema.get("properties", {}).items()
    }
    outputs = {each.id: _output(each, lang) for each in process.outputs}
    return summary(process, lang, base) | {"inputs": inputs, "outputs": outputs}


def _input(
    name: str, schema: Mapping[str, Any], lang: Lang, *, required: bool, process: Process, defs: Mapping[str, Any]
) -> dict[str, Any]:
    kept = {key: value for key, value in schema.items() if key not in ("title", "title_zh", "description")}
    described: dict[str, Any] = {
        "title": schema.get("title_zh" if lang == "zh" else "title", name),
        "description": schema.get("description", ""),
        "minOccurs": 1 if required else 0,
        "maxOccurs": 1,
        "schema": _inlined(kept, defs),
    }
    if name in process.inputs.FILES:
        described["keywords"] = ["file"]
        described["description"] += " (the key of a file kept with the study, a link to one, or its content in base64)"
    return described


def _output(each: Output, lang: Lang) -> dict[str, Any]:
    title = each.title_zh if lang == "zh" else each.title_en
    if each.media_type:
        schema: dict[str, Any] = {"type": "string", "contentMediaType": each.media_type, "contentEncoding": "binary"}
    elif each.id == "collections":
        schema = {"type": "array", "items": {"type": "object", "properties": {"href": {"type": "string"}}}}
    else:
        schema = {"type": "object"}
    return {"title": title, "description": each.title_en, "schema": schema}


def _inlined(schema: Any, defs: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
    """Return a schema with what it refers to in its place: a description stands for itself."""
    if isinstance(schema, list):
        return [_inlined(each, defs) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    if "$ref" in schema:
        rest = {key: value for key, value in schema.items() if key != "$ref"}
        return _inlined(dict(defs[str(schema["$ref"]).rsplit("/", 1)[-1]]) | rest, defs)
    return {key: _inlined(value, defs) for key, value in schema.items()}


def _plain(message: str) -> str:
    return message.removeprefix("Value error, ")
