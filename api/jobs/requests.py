"""Execute requests: read, checked against the process and the study, and put into the queue."""

import base64
import binascii
import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from api.errors import BadRequestError, OutOfDateError
from api.jobs.documents import linked_key
from api.jobs.inputs import ExportInputs, Inputs
from api.jobs.processes import Process, process_of
from api.jobs.queue import Job, Queue, new_job_id
from api.storage import StudyStore
from api.storage.plans import PLAN
from api.storage.records import FileWrite
from geo.errors import Fault

_UPLOAD_ID = re.compile(r"u-[0-9a-f]{16}")
MOST_INLINE = 20 * 1024 * 1024
"""Bytes of a file given in the request itself."""


@dataclass(frozen=True)
class Checked:
    """A request that can be put into the queue."""

    store: StudyStore
    process: Process
    inputs: Inputs
    job_id: str
    files: tuple[FileWrite, ...] = ()
    wanted: Mapping[str, Any] = field(default_factory=dict)
    response: str = "document"

    def put(self, queue: Queue, *, by: str) -> Job:
        """Keep the files that came with it, and put it into the queue."""
        if self.files:
            self.store.commit(self.files, by=by, action="files of a job", note=f"job {self.job_id}")
        request = {
            "inputs": self.inputs.model_dump(mode="json", exclude_unset=True), "outputs": dict(self.wanted),
            "response": self.response,
        }  # fmt: skip
        return queue.put(self.process.id, request, by=by, job_id=self.job_id)


def checked(
    store: StudyStore, process_id: str, request: Mapping[str, Any], *, judge: Callable[[str, bytes], None] | None = None
) -> Checked:
    """Return a request that can be done as far as can be told before it is begun.

    Parameters
    ----------
    store, process_id, request
    judge
        Looks at a file that came in the request itself, by its name; raises what is wrong with it.

    Raises
    ------
    NotFoundError
        When there is no such process.
    BadRequestError
        With every fault of inputs and outputs.
    OutOfDateError
        When it would make a plan under an id that is taken.
    """
    process, job_id = process_of(process_id), new_job_id()
    given, files = _local(process, request.get("inputs") or {}, store, job_id)
    inputs = process.read(given)
    wanted, response = request.get("outputs") or {}, request.get("response") or "document"
    faults = [
        *_file_faults(store, inputs, files), *_reference_faults(store, process, inputs),
        *_output_faults(process, wanted, response),
    ]  # fmt: skip
    if request.get("subscriber"):
        faults.append(Fault("subscriber: callbacks are not offered", "read the job's events, or ask for its status"))
    if faults:
        raise BadRequestError(faults)
    for each in files if judge is not None else ():
        judge(PurePosixPath(each.key).name, each.content or b"")  # type: ignore[misc]
    plan_id = getattr(inputs, "id", None)
    if process_id == "plan" and plan_id is not None and store.document(PLAN, plan_id) is not None:
        raise OutOfDateError(f"there is a plan {plan_id} already", "give another id, or none")
    return Checked(store, process, inputs, job_id, files, wanted, response)


def _local(
    process: Process, given: Mapping[str, Any], store: StudyStore, job_id: str
) -> tuple[dict[str, Any], tuple[FileWrite, ...]]:
    """Return the inputs with keys in place of links and of files in base64, and those files."""
    files: list[FileWrite] = []
    inputs: dict[str, Any] = {}
    for name, value in given.items():
        if name in process.inputs.FILES:
            many = isinstance(value, list)
            keys = [_key(name, each, store, job_id, files) for each in (value if many else [value])]
            inputs[name] = keys if many or _takes_many(process, name) else keys[0]
        elif isinstance(value, Mapping) and value.keys() >= {"value"} and value.keys() <= {"value", "mediaType"}:
            inputs[name] = value["value"]  # qualified, as the standard has it
        else:
            inputs[name] = value
    return inputs, tuple(files)


def _takes_many(process: Process, name: str) -> bool:
    return "tuple" in str(process.inputs.model_fields[name].annotation)


def _key(name: str, value: Any, store: StudyStore, job_id: str, files: list[FileWrite]) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, str) and _UPLOAD_ID.fullmatch(value):
        return _uploaded(store, value, f"inputs.{name}")
    if not isinstance(value, Mapping):
        return value
    if isinstance(value.get("href"), str):
        return linked_key(store.study_id, value["href"], f"inputs.{name}")
    if isinstance(value.get("value"), str) and value.get("encoding", "base64") == "base64":
        if len(value["value"]) > MOST_INLINE * 4 / 3:
            raise BadRequestError(Fault(f"inputs.{name}: the file is larger than {MOST_INLINE:,} bytes",
                                        "upload it, and give its key"))  # fmt: skip
        try:
            content = base64.b64decode(value["value"], validate=True)
        except (binascii.Error, ValueError) as error:
            raise BadRequestError(Fault(f"inputs.{name}: the value is not base64", "encode the file")) from error
        called = PurePosixPath(str(value.get("name") or f"{name}-{len(files) + 1}")).name[:100]
        kind = value.get("mediaType")
        made = FileWrite(f"jobs/{job_id}/in/{called}", kind if isinstance(kind, str) else "application/octet-stream",
                         content)  # fmt: skip
        files.append(made)
        return made.key
    raise BadRequestError(Fault(f"inputs.{name} is neither a key, a link nor a file in base64",
                                "see the description of the process"))  # fmt: skip


def _uploaded(store: StudyStore, upload_id: str, what: str) -> str:
    """Return the key of an upload's file."""
    upload = store.document("upload", upload_id)
    if upload is None:
        there = [each.id for each in store.documents("upload")][:20]
        raise BadRequestError(Fault(f"{what}: there is no upload {upload_id}",
                                    f"use one of {', '.join(there) or 'none: there is none'}"))  # fmt: skip
    return str(upload.body["key"])


def _file_faults(store: StudyStore, inputs: Inputs, files: tuple[FileWrite, ...]) -> list[Fault]:
    asked = set(inputs.file_keys()) - {each.key for each in files}
    if not asked:
        return []
    there = store.files()
    return [
        Fault(f"there is no file {key}", f"upload it first{_near(key, list(there))}")
        for key in sorted(asked) if key not in there
    ]  # fmt: skip


def _reference_faults(store: StudyStore, process: Process, inputs: Inputs) -> list[Fault]:
    """Return what is wrong with plans, earlier results and collections that the inputs name."""
    asked = [(PLAN, name, "") for name in inputs.PLANS] + [("result", name, f"{process.id}.") for name in inputs.RUNS]
    faults = [
        Fault(f"inputs.{name}: there is no {process.id if prefix else 'plan'} {value}",
              f"use one of {', '.join(_ids(store, kind, prefix)) or 'none: there is none yet'}")
        for kind, name, prefix in asked
        if (value := getattr(inputs, name)) is not None and store.document(kind, prefix + value) is None
    ]  # fmt: skip
    if isinstance(inputs, ExportInputs):
        known = store.collections()
        faults += [
            Fault(f"inputs.collections: there is no collection {each}", f"see the list{_near(each, list(known))}")
            for each in inputs.collections if each not in known
        ]  # fmt: skip
    return faults


def _ids(store: StudyStore, kind: str, prefix: str) -> list[str]:
    return [each.id.removeprefix(prefix) for each in store.documents(kind) if each.id.startswith(prefix)][:20]


def _output_faults(process: Process, wanted: Any, response: Any) -> list[Fault]:  # noqa: ANN401 - JSON
    known = [each.id for each in process.outputs]
    if not isinstance(wanted, Mapping):
        return [Fault("outputs is not an object", "give output → {} for each that is wanted")]
    faults = [Fault(f"there is no output {name}", f"use some of {', '.join(known)}") for name in wanted
              if name not in known]  # fmt: skip
    if response not in ("document", "raw"):
        faults.append(Fault(f"response {response!r} is not offered", "use document, or raw with one output"))
    elif response == "raw" and len(wanted) != 1:
        faults.append(Fault("response raw is offered for one output", "name one output, or ask for document"))
    return faults


def _near(key: str, there: list[str]) -> str:
    near = difflib.get_close_matches(key, there, n=3)
    return f"; there is {', '.join(near)}" if near else ""
