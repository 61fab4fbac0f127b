"""Zip archives, looked at before anything is unpacked: names, links, sizes, ratios, archives within."""

import shutil
import stat
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from api.uploads.limits import Limits
from geo.errors import Fault, InputError

_SMALL = 1_000_000
"""A file of fewer bytes may be packed as well as it will."""
_PACKED = (".zip", ".gz", ".bz2", ".xz", ".7z", ".rar", ".tar", ".tgz", ".kmz")
_HEADS = (b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!")
_UNREADABLE = (
    zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError, OSError,
    ValueError, KeyError,
)  # fmt: skip
SHAPEFILE = (".shp", ".shx", ".dbf", ".prj", ".cpg")
_NOISE = ("__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini")


def look(path: Path, limits: Limits) -> Sequence[zipfile.ZipInfo]:
    """Return the files of a zip after refusing one that is no good: nothing has been unpacked then.

    Raises
    ------
    InputError
        When it is no zip or damaged, holds links, names that lead out of a folder, too many or too large files, files
        that unpack to far more than they are, or the same name twice.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            found = [each for each in archive.infolist() if not each.is_dir()]
    except _UNREADABLE as error:
        raise _damaged(path, error) from error
    faults: list[Fault] = []

    def refuse(what: str, remedy: str) -> None:
        faults.append(Fault(what, remedy, file=path.name))

    if len(found) > limits.members:
        refuse(f"the zip holds {len(found):,} files; at most {limits.members} are read", "zip only what is wanted")
    total = sum(each.file_size for each in found)
    if total > limits.unpacked_bytes:
        refuse(f"the zip would unpack to {total / 1e6:,.0f} MB; at most {limits.unpacked_bytes / 1e6:,.0f} MB are read",
               "cut the data to the town first")  # fmt: skip
    names: set[str] = set()
    for each in found[: limits.members]:
        name = each.filename.replace("\\", "/")
        shown = name[:80]
        if name.startswith("/") or ":" in name or ".." in PurePosixPath(name).parts or "\x00" in name:
            refuse(f"the zip holds a file that would be written outside its folder: {shown}", "zip the files again")
        if stat.S_IFMT(each.external_attr >> 16) not in (0, stat.S_IFREG):
            refuse(f"the zip holds a link or device: {shown}", "zip the files themselves")
        if each.file_size > _SMALL and each.file_size > limits.ratio * max(each.compress_size, 1):
            refuse(f"{shown} unpacks to {each.file_size / max(each.compress_size, 1):,.0f} times its size; no map does",
                   "zip the files again")  # fmt: skip
        if each.flag_bits & 0x1:
            refuse(f"{shown} is locked with a password", "zip the files without one")
        if name.lower() in names:
            refuse(f"the zip holds {shown} twice", "zip the files again")
        names.add(name.lower())
    if faults:
        raise InputError(faults[:20])
    return found


def unpack_shapefile(path: Path, folder: Path, limits: Limits) -> Path:
    """Unpack the one shapefile of a zip into a folder, and return its .shp.

    Raises
    ------
    InputError
        As `look`; when there is not one shapefile in it, or an archive within the archive.
    """
    found = {each.filename.replace("\\", "/"): each for each in look(path, limits)}
    within = [name for name in found if name.lower().endswith(_PACKED)]
    if within:
        raise InputError(Fault(f"the zip holds an archive itself: {within[0][:80]}", "unpack it, and upload that",
                               file=path.name))  # fmt: skip
    shapes = [name for name in found if name.lower().endswith(".shp") and not _is_noise(name)]
    if len(shapes) != 1:
        listed = ", ".join(sorted(name[:60] for name in found)[:12]) or "nothing"
        raise InputError(Fault(f"the zip holds {len(shapes)} shapefiles; it must hold exactly one",
                               f"zip one shapefile with its .shx, .dbf and .prj (found: {listed})", file=path.name)
                         )  # fmt: skip
    wanted = PurePosixPath(shapes[0])
    left = limits.unpacked_bytes
    folder.mkdir()
    for name, each in found.items():
        own = PurePosixPath(name)
        if own.parent != wanted.parent or own.stem != wanted.stem or own.suffix.lower() not in SHAPEFILE:
            continue
        left -= _unpack(path, each, folder / f"layer{own.suffix.lower()}", left)
    return folder / "layer.shp"


def require_plain_book(path: Path, limits: Limits) -> None:
    """Refuse a workbook (.xlsx) that is a bomb, or whose parts define entities."""
    for each in look(path, limits):
        if not each.filename.lower().endswith((".xml", ".rels")):
            continue
        try:
            with zipfile.ZipFile(path) as archive, archive.open(each) as part:
                head = part.read(1 << 20)
        except _UNREADABLE as error:
            raise _damaged(path, error) from error
        if b"<!DOCTYPE" in head or b"<!ENTITY" in head or b"<\x00!\x00" in head:
            raise InputError(Fault(f"{each.filename[:80]} in the workbook defines entities, which no workbook does",
                                   "save it again as .xlsx", file=path.name))  # fmt: skip


def _unpack(path: Path, each: zipfile.ZipInfo, to: Path, most: int) -> int:
    """Write one file of a zip, whatever size it says it has; return how many bytes it had."""
    written = 0
    try:
        with zipfile.ZipFile(path) as archive, archive.open(each) as source, to.open("wb") as out:
            while chunk := source.read(1 << 20):
                if not written and chunk.startswith(_HEADS):
                    raise InputError(Fault(f"{each.filename[:80]} is an archive under another name",
                                           "unpack it, and upload that", file=path.name))  # fmt: skip
                written += len(chunk)
                if written > most:
                    raise InputError(Fault(f"the zip unpacks to more than it says, at {each.filename[:80]}",
                                           "zip the files again", file=path.name))  # fmt: skip
                out.write(chunk)
    except _UNREADABLE as error:
        raise _damaged(path, error) from error
    return written


def pack_shapefile(parts: Sequence[Path], to: Path) -> None:
    """Write the files of one shapefile into a zip."""
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in parts:
            with archive.open(part.name, "w", force_zip64=True) as out, part.open("rb") as source:
                shutil.copyfileobj(source, out)


def _is_noise(name: str) -> bool:
    return any(part in _NOISE for part in PurePosixPath(name).parts)


def _damaged(path: Path, error: Exception) -> InputError:
    line = str(error).strip().split("\n")[0][:160] or type(error).__name__
    return InputError(Fault(f"the archive is damaged or no zip ({line})", "make it again", file=path.name))
