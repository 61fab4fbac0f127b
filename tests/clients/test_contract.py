"""The API keeps what its documents say, whatever it is asked: no server error, no undocumented answer."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft4Validator

from tests.clients.contract import check, prepare
from tests.running import Served

definitions = pytest.importorskip("schemathesis.specs.openapi.definitions")


def test_the_document_of_a_study(served: Served, tmp_path: Path) -> None:
    """As a client sees it that is pointed at the study: paths begin at the landing page."""
    found = check(f"{served.study}/api", tmp_path, prepare(served.study), examples=2, seed=6)
    assert found.passed, found.report
    assert found.cases > 1000, found.report


def test_the_whole_document(served: Served, tmp_path: Path) -> None:
    found = check(f"{served.base}/api", tmp_path, {}, examples=2, seed=6, phases="fuzzing")
    assert found.passed, found.report
    assert found.cases > 150, found.report


@pytest.mark.parametrize("where", ["/api", "/studies/town/api"])
def test_the_documents_are_openapi_3_0(served: Served, where: str) -> None:
    """By the JSON schema of OpenAPI 3.0, which refuses every word that only 3.1 knows."""
    document = httpx.get(served.base + where, timeout=60).json()
    assert document["openapi"] == "3.0.3"
    faults = [f"{'/'.join(map(str, each.path))}: {each.message[:300]}"
              for each in Draft4Validator(definitions.OPENAPI_30).iter_errors(document)]  # fmt: skip
    assert not faults, faults[:5]
    ids = [each["operationId"] for path in document["paths"].values() for each in path.values() if "responses" in each]
    assert len(ids) == len(set(ids))
    missing = [ref for ref in _references(document) if not _there(document, ref)]
    assert not missing, missing[:5]


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for each in part.values():
            yield from _references(each)
    elif isinstance(part, list):
        for each in part:
            yield from _references(each)


def _there(document: Any, reference: str) -> bool:
    for name in reference.removeprefix("#/").split("/"):
        document = document.get(name) if isinstance(document, dict) else None
    return document is not None
