"""What an operation found, as writes into a study's storage: its layers as collections, and a document about them.

The layers are those of the GeoPackage that the operation writes, under the same names, so that QGIS, the map page and
every client of the server see one thing. The document `result` has what the catalogue needs to draw them again.
"""
# ruff: noqa: PLC0415 - each run is of one kind, and imports what draws that

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd

from api.storage.frames import collection_of, to_rows
from api.storage.records import CollectionWrite, DocumentWrite, Source, Write
from layers.words import WORDS

if TYPE_CHECKING:
    from api.operations.examinations import Examined
    from api.operations.gaps import Gapped
    from api.operations.programmes import Programmed
    from api.operations.siting import Found
    from geo.conversion import Conversions

RESULT = "result"
"""Kind of the document."""


@dataclass(frozen=True)
class Result:
    """The layers of one run, ready to be kept.

    Attributes
    ----------
    source
        What kind of run.
    title
        In Chinese and English.
    frames
        Frame → rows in the study's CRS, with the columns that styles classify by.
    params
        What the catalogue needs to make its entries of them again (JSON values).
    """

    source: Source
    title: tuple[str, str]
    frames: Mapping[str, gpd.GeoDataFrame]
    params: Mapping[str, Any]


def gaps_result(done: "Gapped") -> Result:
    """Return the layers of gaps; before a plan and after it where there is one."""
    from layers.gaps.frames import standard_titles
    from layers.gaps.geopackage import gaps_drawn
    from layers.served import gaps_params

    drawn = gaps_drawn(done.gaps, study=done.study, surfaces=done.surfaces, network=done.network, change=done.change)
    standards = standard_titles(done.gaps)
    title = ("、".join(zh for _, (zh, _) in standards), ", ".join(en for _, (_, en) in standards))
    params = gaps_params(done.gaps, after=done.change is not None)
    return Result("gaps", (f"设施缺口：{title[0]}", f"Gaps: {title[1]}"), drawn.frames, params)


def siting_result(found: "Found") -> Result:
    """Return the layers of an answer of siting; `params` are the arguments of `layers.catalogue.siting_layers`."""
    from layers.siting.facts import scenes_of
    from layers.siting.geopackage import siting_drawn

    drawn = siting_drawn(found.answer, study=found.study)
    scenes = [(str(number), each.title) for number, each in enumerate(scenes_of(found.answer), start=1)]
    return Result("siting", ("设施选址", "Siting"), drawn.frames, {"scenes": _plain(scenes)})


def examination_result(examined: "Examined") -> Result:
    """Return the layers of an examination; `params` name the catalogue that `examination_layers` are made from."""
    from layers.examination.geopackage import examination_drawn

    found = examined.examination
    drawn = examination_drawn(found, candidates=examined.candidates, progress=examined.progress, study=examined.study)
    named = found.catalogue
    title = (f"体检：{named.title_zh}", f"Examination: {named.title_en}")
    return Result("examination", title, drawn.frames, {"catalogue": named.name})


def programme_result(done: "Programmed") -> Result:
    """Return the layers of a programme; `params` are the arguments of `layers.catalogue.programme_layers`."""
    from layers.programme.geopackage import programme_drawn

    drawn = programme_drawn(done.programme, done.measures, study=done.study)
    years = [int(year) for year in done.programme.years.index]
    span = (str(years[0]), str(years[-1]))
    title = (f"更新改造计划{span[0]}—{span[1]}", f"Renovation programme {span[0]}–{span[1]}")
    return Result("programme", title, drawn.frames, {"years": years})


def conversion_result(found: "Conversions") -> Result:
    """Return the layer of villages and compounds by the way they go."""
    from layers.features import typeset_frame

    return Result("conversion", ("村改居", "Conversion of villages"), {"conversions": typeset_frame(found.table)}, {})


def result_writes(result: Result, result_id: str, *, by: str, at: str, job: str = "") -> Sequence[Write]:
    """Return what keeps a result under an id, in place of what an earlier run kept under it.

    Parameters
    ----------
    result
    result_id
        Lower-case letters, digits, hyphens.
    by, at, job
        Who asked for it, when (UTC, ISO 8601), the job that made it.
    """
    collections = []
    for name, frame in result.frames.items():
        made = collection_of(frame, f"{result.source}.{result_id}.{name}")
        zh, en = WORDS.get(f"layer.{name}", (name, name))
        kept = replace(made, source=result.source, result_id=result_id, editable=False, title_zh=zh, title_en=en)
        collections.append(CollectionWrite(kept, to_rows(frame, kept)))
    body = {
        "source": result.source, "id": result_id, "title_zh": result.title[0], "title_en": result.title[1],
        "params": dict(result.params), "by": by, "at": at, "job": job,
    }  # fmt: skip
    return [*collections, DocumentWrite(RESULT, f"{result.source}.{result_id}", body)]


def result_collections(result: Result, result_id: str) -> list[str]:
    """Return the ids of the collections that `result_writes` keeps."""
    return [f"{result.source}.{result_id}.{name}" for name in result.frames]


def _plain(titles: Sequence[tuple[str, tuple[str, str]]]) -> list[list[Any]]:
    return [[key, list(pair)] for key, pair in titles]
