"""Routes: collections and studies as files, map sheets, reports of plans."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from api.deps import Language, Planner, Viewer
from api.errors import BadRequestError
from api.exports.tables import export_collection, export_study
from geo.errors import Fault

router = APIRouter(tags=["exports"])

Kind = Literal["gpkg", "parquet", "fgb", "shp", "geojson", "dxf", "xlsx"]
GPKG = "application/geopackage+sqlite3"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
MEDIA_TYPES = (
    GPKG, "application/vnd.apache.parquet", "application/flatgeobuf", "application/zip", "application/geo+json",
    "image/vnd.dxf", XLSX,
)  # fmt: skip
"""Of the kinds, as `layers.formats.FORMATS` has them (which loads GDAL)."""


def _files(*media_types: str) -> dict[int | str, dict[str, Any]]:
    """Return the responses of a route that gives a file of one of these types."""
    content = {each: {"schema": {"type": "object"} if each.endswith("json") else {"type": "string", "format": "binary"}}
               for each in media_types}  # fmt: skip
    told = {"X-Shequ-Notes": {"description": "what the format could not hold, percent-encoded",
                              "schema": {"type": "string"}}}  # fmt: skip
    return {200: {"content": content, "headers": told}}


@router.get(
    "/studies/{study_id}/collections/{collection_id}/export", responses=_files(*MEDIA_TYPES), response_class=Response
)
def export_one(  # noqa: PLR0917 - FastAPI passes them by name
    request: Request,
    at: Viewer,
    lang: Language,
    collection_id: Annotated[str, Path(max_length=200)],
    f: Annotated[Kind, Query(description="the format")] = "gpkg",
    crs: Annotated[
        str | None, Query(max_length=200, description="of the file, e.g. EPSG:4490; else the study's own")
    ] = None,
    encoding: Annotated[Literal["utf-8", "gb18030"], Query(description="of a shapefile's texts")] = "utf-8",
) -> Response:
    """Return a collection as a file; filters are those of /items. What the format cannot hold is in X-Shequ-Notes."""
    pairs = request.query_params.multi_items()
    return export_collection(at, collection_id, pairs, kind=f, crs=crs, encoding=encoding, lang=lang)


@router.get("/studies/{study_id}/export", responses=_files(GPKG), response_class=Response)
def export_whole(at: Viewer, lang: Language) -> Response:
    """Return every collection that the caller may see in one GeoPackage, drawn as on the map."""
    return export_study(at, lang=lang)


@router.get("/studies/{study_id}/sheet", responses=_files("application/pdf", "image/png"), response_class=Response)
def draw_sheet(  # noqa: PLR0917 - FastAPI passes them by name
    at: Viewer,
    lang: Language,
    f: Annotated[Literal["pdf", "png"], Query(description="PDF for printing, or a picture of it")] = "pdf",
    layers: Annotated[
        str, Query(max_length=2_000, description="ids of layers (see /layers), comma between; else those of the map")
    ] = "",
    paper: Annotated[Literal["A3", "A4"], Query()] = "A3",
    orientation: Annotated[Literal["landscape", "portrait"] | None, Query(description="else the larger map")] = None,
    scale: Annotated[int | None, Query(ge=100, le=5_000_000, description="1 to this; else what fits")] = None,
    bbox: Annotated[
        str | None, Query(max_length=200, description="west,south,east,north in degrees; else the study")
    ] = None,
    title: Annotated[str, Query(max_length=120, description="else that of the plan or run")] = "",
    office: Annotated[str, Query(max_length=60, description="who made the sheet")] = "",
    number: Annotated[str, Query(max_length=60, description="map review number (审图号)")] = "",
    base: Annotated[bool, Query(description="roads, water and buildings below")] = True,
) -> Response:
    """Return a map sheet, true to scale, with legend, coordinates, sources and marks."""
    from api.exports.sheets import Asked, sheet_answer  # noqa: PLC0415 - drawing is loaded when it is asked for

    wanted = tuple(each for each in layers.split(",") if each)
    asked = Asked(
        wanted, bbox=_numbers(bbox), paper=paper, orientation=orientation, scale=scale, lang=lang, title=title,
        office=office, number=number, base=base,
    )  # fmt: skip
    return sheet_answer(at, asked, kind=f)


@router.get("/studies/{study_id}/plans/{plan_id}/report", responses=_files(DOCX, XLSX), response_class=Response)
def report_plan(
    at: Planner,
    lang: Language,
    plan_id: Annotated[str, Path(max_length=64)],
    f: Annotated[Literal["docx", "xlsx"], Query(description="Word or Excel")] = "docx",
) -> Response:
    """Return the report of a plan as it stands, in official form. It tells of households: planners and above."""
    from api.exports.reports import plan_report  # noqa: PLC0415 - reports are loaded when one is asked for

    return plan_report(at, plan_id, kind=f, lang=lang)


def _numbers(text: str | None) -> tuple[float, ...] | None:
    if text is None:
        return None
    try:
        return tuple(float(each) for each in text.split(","))
    except ValueError as error:
        raise BadRequestError(Fault(f"bbox: {text[:60]} are no numbers", "give west,south,east,north")) from error
