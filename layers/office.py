"""What workbook and document have in common: safe text, and files that are the same when their content is."""

import io
import os
import re
import tempfile
import zipfile
from datetime import UTC, datetime
from pathlib import Path

FIXED_TIME = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)
"""Stands where an office file wants a time of writing: the same plan gives the same file."""

_ZIP_TIME = (2000, 1, 1, 0, 0, 0)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_MODIFIED = re.compile(rb"(<\w+:(?:created|modified)[^>]*>)[^<]*(<)")
_TERMS = b'xmlns:%s="http://purl.org/dc/terms/"'
_PREFIX = re.compile(rb'xmlns:(\w+)="http://purl.org/dc/terms/"')


def clean(text: str) -> str:
    """Return the text without the control characters that office files cannot hold."""
    return _CONTROL.sub("", text)


def settle(content: bytes) -> bytes:
    """Return an office file (a zip) with fixed times, in the file and in its properties."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            part = source.read(name)
            if name == "docProps/core.xml":
                part = _MODIFIED.sub(rb"\g<1>2000-01-01T00:00:00Z\g<2>", _usual_prefix(part))
            info = zipfile.ZipInfo(name, _ZIP_TIME)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o600 << 16
            target.writestr(info, part)
    return out.getvalue()


def _usual_prefix(part: bytes) -> bytes:
    """Return the properties with the prefix dcterms, whatever another library of this process calls that namespace."""
    found = _PREFIX.search(part)
    if found is None or found[1] == b"dcterms":
        return part
    other = found[1]
    for before, after in ((_TERMS % other, _TERMS % b"dcterms"), (other + b":W3CDTF", b"dcterms:W3CDTF"),
                          (b"<" + other + b":", b"<dcterms:"), (b"</" + other + b":", b"</dcterms:")):  # fmt: skip
        part = part.replace(before, after)
    return part


def write_whole(content: bytes, path: Path) -> None:
    """Write bytes to `path`, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".shequ-") as folder:
        draft = Path(folder) / "draft"
        draft.write_bytes(content)
        os.replace(draft, path)
