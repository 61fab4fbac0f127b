"""Routes: collections and studies as files."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from api.deps import Language, Viewer
from api.exports.tables import export_collection, export_study
from api.schemas import FILE, PROBLEMS, WRITE_PROBLEMS

router = APIRouter(tags=["exports"])

Kind = Literal["gpkg", "parquet", "fgb", "shp", "geojson", "dxf", "xlsx"]
FAULTS = PROBLEMS | {422: WRITE_PROBLEMS[422]} | FILE


@router.get("/studies/{study_id}/collections/{collection_id}/export", responses=FAULTS, response_class=Response)
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


@router.get("/studies/{study_id}/export", responses=FAULTS, response_class=Response)
def export_whole(at: Viewer, lang: Language) -> Response:
    """Return every collection that the caller may see in one GeoPackage, drawn as on the map."""
    return export_study(at, lang=lang)
