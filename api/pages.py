"""Pages for people who open an address of the API in a browser: small, without scripts, in both languages."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from layers.words import Lang

TEMPLATES = Path(__file__).resolve().parent / "templates"


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )  # fmt: skip


def page(name: str, lang: Lang, values: Mapping[str, Any]) -> str:
    """Return the template `name` of `api/templates/` (it extends base.html) filled with `values`.

    Templates say every text with `t("中文", "English")`. `values` has `title`; `crumbs`: (address, text) of the
    pages above, outermost first; `here`: the address of this page, whose other language and JSON are linked.
    """

    def t(zh: str, en: str) -> str:
        return en if lang == "en" else zh

    return _environment().get_template(name).render(lang=lang, t=t, **values)
