"""A plan.json that was uploaded, or that a job left behind, in place of the plan in a request."""

import json
from collections.abc import Mapping
from typing import Any

from api.bodies import MOST_BYTES, read_json
from api.deps import Here, require
from api.errors import BadRequestError, TooLargeError
from api.jobs.documents import linked_key, role_for
from api.uploads import keeping
from geo.errors import Fault


def plan_text(at: Here, given: Mapping[str, Any] | str) -> bytes:
    """Return the JSON of a plan: the document itself, or what an upload or a kept file holds.

    Parameters
    ----------
    at
    given
        The plan; the id of an upload; the key of a kept file; or a link to one (`{"href": …}`).

    Raises
    ------
    BadRequestError
        When there is no such upload or file, or it holds no sound JSON: as of a body, with the place.
    TooLargeError
        When it is larger than a body may be.
    """
    if isinstance(given, Mapping) and given.keys() != {"href"}:
        return json.dumps(given).encode()
    key = _upload(at, given) if isinstance(given, str) else linked_key(at.study_id, str(given["href"]), "plan")
    require(at, role_for(key))
    size = at.store.files(key).get(key, ("", 0))[1]
    if size > MOST_BYTES:  # before it is in memory
        raise TooLargeError(f"the file {key} has {size:,} bytes; at most {MOST_BYTES:,} are read", "give the plan.json")
    kept = at.store.file(key)
    if kept is None:
        raise BadRequestError(Fault(f"plan: there is no file {key}", "upload it first, and give the upload's id"))
    content = kept[1].removeprefix(b"\xef\xbb\xbf")
    read_json(content, what=f"the file {key}")
    return content


def _upload(at: Here, given: str) -> str:
    """Return the key of an upload's file; a text that names none is a key itself."""
    upload = at.store.document(keeping.UPLOAD, given)
    if upload is None or not keeping.may(upload, at.caller, at.study_id):
        if given.startswith("u-"):
            raise BadRequestError(Fault(f"plan: there is no upload {given}", f"see {at.base}/uploads"))
        return given
    if upload.body.get("kind") != "plan":
        raise BadRequestError(Fault(f"plan: the upload {given} is a {upload.body.get('format')}, no plan",
                                    "upload a plan.json, as shequ plan writes it"))  # fmt: skip
    return str(upload.body["key"])
