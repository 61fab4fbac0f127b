"""The page itself and its scripts: built from `web/` by `python -m layers.assets`."""

import re
from pathlib import Path

from starlette.responses import FileResponse, HTMLResponse, Response

from api.errors import NotFoundError

FOLDER = Path(__file__).resolve().parents[1] / "static" / "viewer"

POLICY = (
    "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
"""Nothing but what this server sends: no script in the page, none made on the fly, nobody else's pictures."""

_KINDS = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".md": "text/plain; charset=utf-8"}
_NAMED_BY_CONTENT = re.compile(r"-[\w-]{8}\.\w+$")


def map_page(folder: Path = FOLDER) -> Response:
    """Return the page, the same for every study; it works out from its own address which one it shows.

    Raises
    ------
    NotFoundError
        When it has not been built (in a checkout; an installed shequ has it).
    """
    path = folder / "index.html"
    if not path.is_file():
        raise NotFoundError("the map page has not been built", "run once, with npm at hand: python -m layers.assets")
    return HTMLResponse(
        path.read_text(encoding="utf-8"), headers={"content-security-policy": POLICY, "cache-control": "no-cache"}
    )


def part(name: str, *, zipped: bool, folder: Path = FOLDER) -> Response:
    """Return a script, style sheet or picture of the page; `zipped` when the browser understands gzip.

    Names hold a digest of what is in the file, so browsers keep them for good.
    """
    path = folder / name
    kind = _KINDS.get(path.suffix)
    if kind is None or path.parent != folder or not path.is_file():
        raise NotFoundError(f"the map page has no part {name}", "load the page anew: it may have been updated")
    kept = "public, max-age=31536000, immutable" if _NAMED_BY_CONTENT.search(name) else "no-cache"
    headers = {"cache-control": kept, "vary": "accept-encoding", "content-security-policy": POLICY}
    compressed = folder / f"{name}.gz"
    if zipped and compressed.is_file():
        return FileResponse(compressed, media_type=kind, headers={**headers, "content-encoding": "gzip"})
    return FileResponse(path, media_type=kind, headers=headers)
