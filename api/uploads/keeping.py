"""Uploads that were looked at and kept with a study, until they are used, deleted, or old."""

import hashlib
import re
import secrets
import shutil
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from api.accounts.rights import Caller
from api.errors import BadRequestError, NotFoundError, TooLargeError
from api.storage import StudyStore
from api.storage.records import Document, DocumentWrite, FileWrite
from api.uploads.archives import SHAPEFILE, pack_shapefile
from api.uploads.kinds import require_known
from api.uploads.opening import Opener
from geo.errors import Fault

UPLOAD = "upload"
"""Kind of the document of an upload: what is in it, who gave it and when; `key` is its file."""
KEPT_DAYS = 30
MOST_UPLOADS = 500
MOST_KEPT_BYTES = 4 * 1024**3
"""Of all uploads of one study together."""
LARGEST = 900 * 1024 * 1024
"""What one file may be that is kept with a study, whatever the settings allow to be sent."""

_ODD = re.compile(r"[^\w .()（）\[\]【】·+,、，-]", re.UNICODE)


@dataclass(frozen=True)
class Part:
    """One file of a request: what it is called, and its content."""

    name: str
    content: BinaryIO


class Uploads:
    """Takes files from outside into studies. A part of the server: `server.part(Uploads)`."""

    def __init__(self, opener: Opener | None = None) -> None:
        self.opener = opener or Opener()
        self._one_at_a_time = threading.Lock()

    def take(self, store: StudyStore, parts: Sequence[Part], *, by: str, mend: bool) -> Document:
        """Look at a file, or the parts of one shapefile, and keep it; a file that is refused leaves nothing behind.

        Raises
        ------
        BadRequestError
            When it is not one file.
        WrongTypeError, TooLargeError, InputError
            When it is no good: where, and what to do.
        """
        self._sweep(store)
        with self.opener.room() as folder:
            path = _placed(parts, folder)
            told, cost = self.opener.judge(path, mend=mend)
            with self._one_at_a_time:  # a large file is in memory while it is kept
                return _kept(store, path, told | {"cpu_s": cost.cpu_s}, by=by, mend=mend)

    def judge(self, name: str, content: bytes) -> None:
        """Look at a file that came with a request for a job; what is wrong with it is raised."""
        with self.opener.room() as folder:
            path = folder / plain_name(name)
            path.write_bytes(content)
            self.opener.judge(path, mend=True)

    def rows(self, store: StudyStore, upload_id: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Return rows for one of the study's tables out of an upload; see `appending.table_rows`."""
        document = require(store, upload_id)
        kept = store.file(str(document.body["key"]))
        if kept is None:
            raise NotFoundError(f"the file of the upload {upload_id} is gone", "upload it again")
        with self.opener.room() as folder:
            path = folder / str(document.body["name"])
            path.write_bytes(kept[1])
            del kept
            return self.opener.rows(path, asked)[0]

    def close(self) -> None:
        """End the processes that look at files."""
        self.opener.close()

    def _sweep(self, store: StudyStore) -> None:
        """Delete uploads that are old; refuse more when there are too many."""
        uploads, now = store.documents(UPLOAD), _now()
        old = [each for each in uploads if str(each.body["until"]) < now.isoformat(timespec="seconds")]
        if old:
            writes = [write for each in old for write in _gone(each)]
            store.commit(writes, by="shequ", action="uploads expired", note=f"{len(old)} uploads")
        kept = sum(int(each.body["bytes"]) for each in uploads) - sum(int(each.body["bytes"]) for each in old)
        if len(uploads) - len(old) >= MOST_UPLOADS or kept >= MOST_KEPT_BYTES:
            raise TooLargeError(f"the study keeps {len(uploads):,} uploads of {kept / 1e6:,.0f} MB, and takes no more",
                                "delete those that are not needed any more")  # fmt: skip


def require(store: StudyStore, upload_id: str) -> Document:
    """Return the document of an upload; NotFoundError when there is none."""
    document = store.document(UPLOAD, upload_id)
    if document is None:
        raise NotFoundError(f"there is no upload {upload_id}", "see the list of uploads; old ones are deleted")
    return document


def may(document: Document, caller: Caller, study_id: str) -> bool:
    """Tell whether somebody may see and use an upload: who gave it, and planners."""
    return caller.may(study_id, "planner") or document.body["by"] == caller.name


def delete(store: StudyStore, upload_id: str, *, by: str) -> None:
    """Delete an upload with its file."""
    document = require(store, upload_id)
    store.commit(_gone(document), by=by, action="upload deleted", note=f"upload {upload_id}")


def plain_name(given: str) -> str:
    r"""Return a file's name without folders, signs that mean something elsewhere, or more length than is good.

    >>> plain_name("../../etc/道路 v2?.gpkg"), plain_name("C:\\data\\a.shp"), plain_name(".geojson")
    ('道路 v2_.gpkg', 'a.shp', 'upload.geojson')
    """
    name = PurePosixPath(given.replace("\\", "/")).name
    name = "".join(sign for sign in name if sign.isprintable())
    stem, dot, end = _ODD.sub("_", name).strip(" ").lstrip("-+").partition(".")
    stem = stem.strip() or "upload"
    whole = f"{stem}{dot}{end}"
    while len(whole.encode()) > 120:
        stem = stem[:-1]
        whole = f"{stem}{dot}{end}" if stem else f"upload{dot}{end[-20:]}"
    return whole


def _placed(parts: Sequence[Part], folder: Path) -> Path:
    """Write what was sent into a folder as one file: the parts of a shapefile become its zip."""
    names = [plain_name(each.name) for each in parts]
    if not parts:
        raise BadRequestError(Fault("there is no file in the request", "send one as the part `file` of a form"))
    loose = [name.lower().endswith(SHAPEFILE) for name in names]
    if any(loose):
        return _shapefile(parts, names, loose, folder)
    if len(parts) > 1:
        raise BadRequestError(Fault(f"the request holds {len(parts)} files", "upload one at a time; only the parts of "
                                    "one shapefile belong together"))  # fmt: skip
    require_known(names[0])
    path = folder / names[0]
    _write(parts[0], path)
    return path


def _shapefile(parts: Sequence[Part], names: Sequence[str], loose: Sequence[bool], folder: Path) -> Path:
    stems = {name.rpartition(".")[0].lower() for name in names}
    ends = [name.rpartition(".")[2].lower() for name in names]
    if not all(loose) or len(stems) != 1 or len(set(ends)) < len(ends) or not {"shp", "dbf", "shx"} <= set(ends):
        raise BadRequestError(Fault(f"the files are not the parts of one shapefile: {', '.join(names)[:200]}",
                                    "send .shp, .shx, .dbf, .prj and .cpg of the same name, or one zip of them")
                              )  # fmt: skip
    stem = names[0].rpartition(".")[0]
    loose_folder = folder / "parts"
    loose_folder.mkdir()
    paths = []
    for part, end in zip(parts, ends, strict=True):
        paths.append(loose_folder / f"{stem}.{end}")
        _write(part, paths[-1])
    path = folder / f"{stem}.zip"
    pack_shapefile(paths, path)
    shutil.rmtree(loose_folder)
    return path


def _write(part: Part, path: Path) -> None:
    part.content.seek(0)
    with path.open("wb") as out:
        shutil.copyfileobj(part.content, out, 1 << 20)


def _kept(store: StudyStore, path: Path, told: Mapping[str, Any], *, by: str, mend: bool) -> Document:
    size = path.stat().st_size
    if size > LARGEST:
        raise TooLargeError(f"{path.name} has {size:,} bytes; at most {LARGEST:,} are kept", "cut it to the town")
    content = path.read_bytes()
    upload_id, now = f"u-{secrets.token_hex(8)}", _now()
    key = f"uploads/{upload_id}/{path.name}"
    body = {
        "name": path.name, "key": key, "bytes": size, "sha256": hashlib.sha256(content).hexdigest(), "by": by,
        "at": now.isoformat(timespec="seconds"),
        "until": (now + timedelta(days=KEPT_DAYS)).isoformat(timespec="seconds"), "mend": mend, **told,
    }  # fmt: skip
    transaction = store.commit(
        [FileWrite(key, str(told["media_type"]), content), DocumentWrite(UPLOAD, upload_id, body, expected=0)],
        by=by, action="file uploaded", note=f"{upload_id} {path.name}"[:200],
    )  # fmt: skip
    return Document(UPLOAD, upload_id, 1, transaction.tx, body)


def _gone(document: Document) -> list[FileWrite | DocumentWrite]:
    return [FileWrite(str(document.body["key"]), "", None), DocumentWrite(UPLOAD, document.id, None)]


def _now() -> datetime:
    return datetime.now(UTC)
