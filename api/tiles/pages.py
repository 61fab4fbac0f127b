"""Pages of tilesets and tile matrix sets for people in a browser."""

from collections.abc import Mapping
from typing import Any

from api.deps import Here
from api.features.describe import title_of
from api.pages import Crumb, asked, page, trail
from api.storage.records import Collection
from layers.words import Lang

GEODATA = "http://www.opengis.net/def/rel/ogc/1.0/geodata"
GRIDS_ZH: Mapping[str, str] = {"WebMercatorQuad": "Web 墨卡托，网页地图通用", "CGCS2000Quad": "CGCS2000 经纬度"}


def tilesets(at: Here, collection: Collection | None, made: Mapping[str, Any], lang: Lang) -> str:
    """Return the page of the tilesets of a collection, or of the study as a whole."""
    here = _link(made, "self")
    listed = [(_link(each, "self"), _link(each, "self").rpartition("/")[2], each) for each in made["tilesets"]]
    values = {
        "title": _tiles(lang), "crumbs": trail(at, lang, *_above(collection, lang)), "here": here, "tilesets": listed,
        "of": title_of(collection, lang) if collection else trail(at, lang)[0][1], "grids": GRIDS_ZH,
        "sets": f"{at.base}/tileMatrixSets", "collections": f"{at.base}/collections",
    }  # fmt: skip
    return page("tilesets.html", lang, values)


def tileset(at: Here, collection: Collection | None, made: Mapping[str, Any], lang: Lang) -> str:
    """Return the page of one tileset: where its tiles are, and what is in them."""
    here = _link(made, "self")
    above = f"{_above(collection, lang)[-1][0]}/tiles" if collection else "tiles"
    grid = here.partition("?")[0].rpartition("/")[2]
    values = {
        "title": grid, "crumbs": trail(at, lang, *_above(collection, lang), (above, _tiles(lang))), "here": here,
        "made": made, "item": _link(made, "item"), "set": f"{at.base}/tileMatrixSets/{grid}",
        "tilejson": asked(here, "f=tilejson") if grid == "WebMercatorQuad" else "",
        "xyz": _link(made, "item").replace("{tileMatrix}", "{z}").replace("{tileRow}", "{y}")
        .replace("{tileCol}", "{x}"),
        "layers": [(each, _link(each, GEODATA)) for each in made["layers"]],
    }  # fmt: skip
    return page("tileset.html", lang, values)


def matrix_sets(base: str, made: Mapping[str, Any], lang: Lang) -> str:
    """Return the page of the tile matrix sets below `base`: the server's address, or a study's."""
    values = {"title": _sets(lang), "crumbs": _below(base, lang), "here": f"{base}/tileMatrixSets",
              "sets": made["tileMatrixSets"], "grids": GRIDS_ZH}  # fmt: skip
    return page("matrix_sets.html", lang, values)


def matrix_set(base: str, made: Mapping[str, Any], lang: Lang) -> str:
    """Return the page of one tile matrix set: its levels."""
    here = f"{base}/tileMatrixSets"
    values = {"title": made["id"], "crumbs": [*_below(base, lang), (here, _sets(lang))], "here": f"{here}/{made['id']}",
              "made": made, "about": GRIDS_ZH.get(made["id"], "") if lang == "zh" else made["title"]}  # fmt: skip
    return page("matrix_set.html", lang, values)


def _above(collection: Collection | None, lang: Lang) -> list[Crumb]:
    return [] if collection is None else [(f"collections/{collection.id}", title_of(collection, lang))]


def _below(base: str, lang: Lang) -> list[Crumb]:
    root, found, study = base.partition("/studies/")
    crumbs = [(f"{root}/studies", "规划项目" if lang == "zh" else "Studies")]
    return [*crumbs, (base, study)] if found else crumbs


def _link(made: Mapping[str, Any], rel: str) -> str:
    return next((str(each["href"]) for each in made["links"] if each["rel"] == rel), "")


def _tiles(lang: Lang) -> str:
    return "矢量瓦片" if lang == "zh" else "Vector tiles"


def _sets(lang: Lang) -> str:
    return "瓦片矩阵集" if lang == "zh" else "Tile matrix sets"
