"""schemathesis asks what an OpenAPI document says, rightly and wrongly, with names that exist and with others."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.api.served import STUDY_ID

CHECKS = ("not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance")
ROOT = Path(__file__).resolve().parents[2]
_GIVEN: dict[str, Sequence[str | int]] = {
    "study_id": [STUDY_ID],
    "collection_id": ["buildings", "communities", "findings", "roads", "facilities", "blocks", "observations",
                      "plan.p1.communities", "plan.p1.moves"],
    "feature_id": ["JZ001", "JZ002", "JZ003", "SQ01", "R1", "F1", "B0001"],
    "style_id": ["default", "buildings", "plan.p1"],
    "grid": ["WebMercatorQuad", "CGCS2000Quad"], "level": [0, 12, 14],
    "row": [0, 6743, 1685], "column": [0, 13652, 3413],
    "raster": ["population", "dem", "slope", "hillshade"],
    "process_id": ["export", "gaps", "siting", "plan", "report", "examine", "households", "import"],
    "plan_id": ["p1"], "finding_id": ["building:JZ001:3a:1", "building:JZ004:3a:1"], "tx": [1, 3, 4, 5],
    "sprite": ["shequ.json", "shequ.png", "shequ@2x.png"], "stack": ["DejaVu Sans"], "characters": ["0-255", "256-511"],
    "version": ['"1"', '"2"', '"3"'], "lon": [120.001, 120.006], "lat": [30.181, 30.185], "said": ["路", "1-1"],
    "no_version": ['"999999"'], "no_job": ["20260101-00000000"],
}  # fmt: skip
"""Names that exist in the small town. Its second transaction, which is not taken back, made the plan."""
_WHERE = {
    "collectionId": "collection_id", "tileMatrixSetId": "grid", "tileMatrix": "level", "tileRow": "row",
    "tileCol": "column", "name": "raster", "file": "sprite", "key": "file_key",
}  # fmt: skip
"""Path parameters that are called otherwise than what they name."""

_ASKED = {"lon": "lon", "lat": "lat", "q": "said", "with": "plan_id", "collections": "collection_id"}


@dataclass(frozen=True)
class Checked:
    """What a run found."""

    cases: int
    passed: bool
    report: str


def prepare(study: str) -> dict[str, Sequence[str]]:
    """Have the server of the town do a job and keep its file; return the names of both."""
    asked = {"inputs": {"collections": ["buildings"], "format": "geojson"}}
    job = httpx.post(f"{study}/processes/export/execution", json=asked, timeout=60).json()["jobID"]
    end = time.monotonic() + 180
    while (told := httpx.get(f"{study}/jobs/{job}", timeout=60).json())["status"] != "successful":
        assert told["status"] in ("accepted", "running"), told
        assert time.monotonic() < end, told
        time.sleep(0.1)
    files = [each["key"] for each in httpx.get(f"{study}/files", timeout=60).json()["files"]]
    return {"job_id": [job], "file_key": files}


def check(
    document: str, folder: Path, made: Mapping[str, Sequence[str]], *, examples: int, seed: int,
    phases: str = "coverage,fuzzing", leave_out: str = "",
) -> Checked:  # fmt: skip
    """Run schemathesis on the document at this address: systematic cases, and `examples` drawn ones an operation."""
    config = folder / "schemathesis.toml"
    config.write_text(_configuration({**_GIVEN, **made}), encoding="utf-8")
    command = [
        sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run", document,
        "--checks", ",".join(CHECKS),
        "--phases", phases, "--max-examples", str(examples), "--seed", str(seed), "--no-shrink", "--no-color",
        "--generation-database", "none", "--warnings", "off",
        *(("--exclude-path-regex", leave_out) if leave_out else ()),
    ]  # fmt: skip
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder,
                         env=os.environ | {"PYTHONPATH": str(ROOT)})  # fmt: skip
    report = run.stdout + run.stderr
    counted = next((line for line in report.splitlines() if " generated" in line), "0")
    told = min((at for word in ("= FAILURES", "= ERRORS") if (at := report.find(word)) >= 0), default=0)
    short = "\n".join(line[:400] for line in report[told:].splitlines())
    return Checked(int(counted.split()[0]), run.returncode == 0, short[:40_000])


def _configuration(given: Mapping[str, Sequence[str | int]]) -> str:
    bound = [*((name, name) for name in given), *_WHERE.items()]
    return "\n".join([
        "continue-on-failure = true", "max-stream-events = 5", "request-timeout = 60.0",
        'hooks = "tests.clients.contract_hooks"',
        "[dictionaries]", *(f"{name} = {{ values = {json.dumps(values)} }}" for name, values in given.items()),
        "[parameters]",
        *(f'"path.{name}" = {{ dictionary = "{of}", probability = 0.85 }}' for name, of in bound if of in given),
        '"header.if-match" = { dictionary = "version", probability = 0.7 }',
        *(f'"query.{name}" = {{ dictionary = "{of}", probability = 0.5 }}' for name, of in _ASKED.items()),
        # What is deleted cannot be asked for any more: these name what is not there.
        "[[operations]]", 'include-method = "DELETE"', 'include-path-regex = "/plans/"',
        "[operations.parameters]", '"header.if-match" = { dictionary = "no_version" }',
        "[[operations]]", 'include-method = "DELETE"', 'include-path-regex = "/jobs/"',
        "[operations.parameters]", '"path.job_id" = { dictionary = "no_job" }', "",
    ])  # fmt: skip
