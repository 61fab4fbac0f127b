"""Routes: rasters as tiles, TileJSON, legends and values at a point."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import JSONResponse, Response

from api.deps import Here, Language, Viewer
from api.features.representation import AsPage
from api.pages import as_html
from api.rasters import pages
from api.rasters.documents import raster_entry, raster_list, tile_json, value_at
from api.rasters.rasters import Rasters, people_of_few, position, tile_of
from api.schemas import AS_HTML, UNCHANGED
from api.styles.answers import CHECKED, fresh
from api.styles.schemas import RasterEntry, RasterList, RasterValue, TileJson
from layers.tiles.grids import Tile

router = APIRouter(tags=["rasters"])

_PNG = "image/png"
LOOK = "1"
"""Goes up when the colours of rasters change."""

RasterName = Annotated[str, Path(description="population, dem, slope or hillshade", max_length=64)]
GridId = Annotated[str, Path(description="WebMercatorQuad or CGCS2000Quad", max_length=64)]


@router.get("/studies/{study_id}/rasters", response_model=RasterList, responses=UNCHANGED | AS_HTML)
def rasters(at: Viewer, lang: Language, as_page: AsPage) -> Response:
    """Return the rasters of the study."""
    made = raster_list(at, lang)
    return as_html(pages.rasters(at, made, lang)) if as_page else JSONResponse(made)


@router.get("/studies/{study_id}/rasters/{name}", response_model=RasterEntry, responses=UNCHANGED | AS_HTML)
def raster(at: Viewer, name: RasterName, lang: Language, as_page: AsPage) -> Response:
    """Return one raster: title, unit, bounds, legend, links to tiles."""
    made = raster_entry(at, at.server.part(Rasters).get(at.store, name), lang)
    return as_html(pages.raster(at, made, lang)) if as_page else JSONResponse(made)


@router.get("/studies/{study_id}/rasters/{name}/tiles/{grid}", response_model=TileJson, responses=UNCHANGED)
def tileset(at: Viewer, name: RasterName, grid: GridId, lang: Language) -> Response:
    """Return where the tiles of a raster are (TileJSON)."""
    return JSONResponse(tile_json(at, at.server.part(Rasters).get(at.store, name), grid, lang))


def _wanted(
    grid: GridId,
    level: Annotated[int, Path(ge=0, le=22)],
    row: Annotated[int, Path(ge=0, lt=2**31)],
    column: Annotated[int, Path(ge=0, lt=2**31)],
) -> Tile:
    return tile_of(grid, level, row, column)


@router.get(
    "/studies/{study_id}/rasters/{name}/tiles/{grid}/{level}/{row}/{column}.png", response_class=Response,
    responses=UNCHANGED | {200: {"content": {_PNG: {"schema": {"type": "string", "format": "binary"}}}}},
)  # fmt: skip
def tile(request: Request, at: Viewer, name: RasterName, wanted: Annotated[Tile, Depends(_wanted)]) -> Response:
    """Return a tile of 256 pixels; transparent where nothing is known."""
    served = at.server.part(Rasters).get(at.store, name)
    few = _few(at)
    tag = f"{served.tag}-{LOOK}{'' if few is None else 'a'}"
    unchanged = fresh(request, tag)
    if unchanged is not None:
        return unchanged
    headers = {"ETag": f'"{tag}"', "Cache-Control": CHECKED}
    return Response(served.tile(wanted, few=few), media_type=_PNG, headers=headers)


@router.get("/studies/{study_id}/rasters/{name}/point", response_model=RasterValue, responses=UNCHANGED)
def point(
    at: Viewer,
    name: RasterName,
    lang: Language,
    lon: Annotated[float, Query(description="degrees")],
    lat: Annotated[float, Query(description="degrees")],
) -> Response:
    """Return the value of a raster at a position; null where it is not known or not told."""
    here = position(lon, lat)
    served = at.server.part(Rasters).get(at.store, name)
    return Response(orjson.dumps(value_at(served, *here, few=_few(at), lang=lang)), media_type="application/json")


def _few(at: Here) -> float | None:
    if at.caller.sees_households(at.study_id):
        return None
    return people_of_few(at.server.settings.fewest_households)
