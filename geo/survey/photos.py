"""Photos of findings: names in the survey, files in a folder."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

_SPLIT = re.compile(r"[;；,，、\n]+")
_PATH = re.compile(r"[/\\:／＼：]|^\.\.?$")
_IMAGES = (".jpg", ".jpeg", ".png", ".heic", ".webp", ".bmp", ".tif", ".tiff", ".gif")
_SAME = {".jpeg": ".jpg", ".tiff": ".tif"}


@dataclass(frozen=True)
class Photos:
    """The photos in a folder, to be found by names that differ in case, width or ending.

    `names` are all files, sorted, a name twice where two folders have it; `exact` gives the files of a name as it is
    written, `alike` those of a folded one.
    """

    names: tuple[str, ...] = ()
    exact: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    alike: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def find(self, name: str) -> tuple[str, ...]:
        """Return the files that a name in the survey means: one when all is well, none, or several."""
        folded = _folded(name)
        return self.exact.get(name, ()) or self.alike.get(folded, ()) or self.alike.get(f"{folded}.*", ())

    def unnamed(self, named: Iterable[str]) -> tuple[str, ...]:
        """Return the files that nobody names."""
        return tuple(sorted(set(self.names) - set(named)))


def list_photos(folder: Path) -> Photos:
    """Return the photos in a folder and the folders in it; files that are no images are passed over."""
    names = sorted(each.name for each in folder.rglob("*") if each.suffix.lower() in _IMAGES and each.is_file())
    exact: dict[str, tuple[str, ...]] = {}
    alike: dict[str, tuple[str, ...]] = {}
    for name in names:
        exact[name] = (*exact.get(name, ()), name)
        folded = _folded(name)
        for key in (folded, f"{folded.rpartition('.')[0]}.*"):
            alike[key] = (*alike.get(key, ()), name)
    return Photos(tuple(names), exact, alike)


def split_names(text: str) -> tuple[str, ...]:
    """Return the names in a cell, which ; , and 、 divide.

    >>> split_names("IMG_1.jpg；IMG_2.jpg、")
    ('IMG_1.jpg', 'IMG_2.jpg')
    """
    return tuple(each.strip() for each in _SPLIT.split(text) if each.strip()) if _SPLIT.search(text) else (text,)


def has_path(name: str) -> bool:
    r"""Return whether a name holds a path, which a name of a photo must not.

    >>> has_path("a/b.jpg"), has_path(r"C:\b.jpg"), has_path(".."), has_path("b.jpg")
    (True, True, True, False)
    """
    return _PATH.search(name) is not None


def _folded(name: str) -> str:
    """Return a name in lower case and half width, its ending in one spelling."""
    stem, dot, end = unicodedata.normalize("NFKC", name).casefold().strip().rpartition(".")
    return f"{stem.strip()}{_SAME.get(dot + end, dot + end)}" if dot else end
