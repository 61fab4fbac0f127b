"""What an operation found, as writes into a study's storage: layers as collections, one document, files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from api.operations.examinations import Examined
from api.operations.gaps import Gapped
from api.operations.programmes import Programmed
from api.operations.siting import Found
from api.storage.records import Source, Write
from geo.conversion import Conversions
from geo.study import Study


@dataclass(frozen=True)
class Result:
    """One run's layers and what is known of them, ready to be kept.

    Attributes
    ----------
    source, id
        Whose collections they are: `<source>.<id>.<frame>`.
    frames
        Frame → rows, as in the GeoPackage that the operation writes.
    params
        What the catalogue needs to make its layers again (`layers.served.layers_of`).
    title_zh, title_en
    """

    source: Source
    id: str
    frames: Mapping[str, Any]
    params: Mapping[str, Any]
    title_zh: str
    title_en: str
    extra: Mapping[str, Any] = field(default_factory=dict)


def gaps_result(done: Gapped, result_id: str) -> Result:
    """Return the layers of gaps."""
    raise NotImplementedError


def siting_result(found: Found, result_id: str, study: Study) -> Result:
    """Return the layers of an answer of siting."""
    raise NotImplementedError


def examination_result(examined: Examined, result_id: str) -> Result:
    """Return the layers of an examination."""
    raise NotImplementedError


def programme_result(done: Programmed, result_id: str) -> Result:
    """Return the layers of a programme."""
    raise NotImplementedError


def conversion_result(found: Conversions, result_id: str) -> Result:
    """Return the layer of villages and compounds by the way they go."""
    raise NotImplementedError


def result_writes(result: Result, *, by: str, at: str, job: str = "") -> Sequence[Write]:
    """Return what keeps a result: its collections and its document."""
    raise NotImplementedError
