"""Pages for people who open an address of the API in a browser: small, without scripts, in both languages."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from fastapi.responses import HTMLResponse

from layers.words import Lang

if TYPE_CHECKING:
    import jinja2

    from api.deps import Here

TEMPLATES = Path(__file__).resolve().parent / "templates"

Crumb = tuple[str, str]
_Form = TypeVar("_Form")


@cache
def _environment() -> "jinja2.Environment":
    import jinja2  # noqa: PLC0415 - programs ask for no pages

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )  # fmt: skip


def page(name: str, lang: Lang, values: Mapping[str, Any]) -> str:
    """Return the template `name` of `api/templates/` (it extends base.html) filled with `values`.

    Templates say every text with `t("中文", "English")`, and link to other pages with `to(address)`. `values` has
    `title`; `crumbs`: (address, text) of the pages above, outermost first; `here`: the address of this page, whose
    other language and JSON are linked.
    """

    def t(zh: str, en: str) -> str:
        return en if lang == "en" else zh

    def to(address: str) -> str:
        return asked(address, f"f=html&lang={lang}")

    made = _environment().get_template(name)
    return made.render(lang=lang, t=t, to=to, asked=asked, moment=moment, number=number, **values)


def as_html(made: str, **headers: str) -> HTMLResponse:
    """Return a page as an answer; browsers ask for it anew each time."""
    kept = {"Cache-Control": "private, max-age=0, must-revalidate", "Vary": "Accept, Accept-Language"}
    return HTMLResponse(made, headers={**kept, **headers})


def trail(at: "Here", lang: Lang, *more: Crumb) -> list[Crumb]:
    """Return the pages above one of a study: the study, then `more` (their addresses begin behind the study's)."""
    name = (at.store.name_en or at.store.name) if lang == "en" else at.store.name
    return [(at.base, name), *((f"{at.base}/{address}", text) for address, text in more)]


def language_of(accepted: str | None) -> Lang:
    """Return the language of pages for who sends this Accept-Language: Chinese, unless English comes first."""
    return "en" if (accepted or "").lower().startswith("en") else "zh"


def preferred(accept: str | None, offered: Mapping[_Form, Sequence[str]]) -> _Form | None:
    """Return which of the offered forms a client would rather have; None when it takes none of them.

    Parameters
    ----------
    accept
        The header Accept; without one the client takes anything.
    offered
        Media types of each form, the form that is given when the client does not care first.

    Examples
    --------
    >>> offered = {"json": ("application/json",), "html": ("text/html",)}
    >>> preferred("text/html,application/xhtml+xml,*/*;q=0.8", offered), preferred("*/*", offered)
    ('html', 'json')
    """
    if not accept or accept == "*/*":
        return next(iter(offered))
    best: tuple[float, int, _Form | None] = (0.0, 0, None)
    for kind, weight in _accepted(accept):
        for order, (form, types) in enumerate(offered.items()):
            if weight and any(_fits(kind, each) for each in types):
                found = (weight + (0.0005 if "*" not in kind else 0), -order, form)
                best = found if best[2] is None or found[:2] > best[:2] else best
    return best[2]


def _accepted(accept: str) -> Iterator[tuple[str, float]]:
    for each in accept[:2000].lower().split(","):
        kind, _, rest = each.partition(";")
        weight = 1.0
        for parameter in rest.split(";"):
            name, _, value = parameter.strip().partition("=")
            if name == "q":
                try:
                    weight = float(value)
                except ValueError:
                    weight = 0.0
        yield kind.strip(), weight


def _fits(kind: str, offered: str) -> bool:
    return kind in ("*/*", offered) or kind == f"{offered.partition('/')[0]}/*"


def asked(address: str, query: str) -> str:
    """Return an address with one more query behind what it has.

    Examples
    --------
    >>> asked("/jobs", "f=html"), asked("/jobs?limit=9", "f=html")
    ('/jobs?f=html', '/jobs?limit=9&f=html')
    """
    return f"{address}{'&' if '?' in address else '?'}{query}"


def moment(at: str | None) -> str:
    """Return a time (UTC, ISO 8601) as pages show it.

    Examples
    --------
    >>> moment("2026-11-22T10:51:45.053Z"), moment(None)
    ('2026-11-22 10:51:45 UTC', '')
    """
    return f"{datetime.fromisoformat(at):%Y-%m-%d %H:%M:%S} UTC" if at else ""


def number(value: float | None, digits: int = 2) -> str:
    """Return a number with thousands apart, and no zeros at its end.

    Examples
    --------
    >>> number(10900.0), number(0.6120273, 3), number(None)
    ('10,900', '0.612', '')
    """
    if value is None:
        return ""
    told = f"{value:,.{digits}f}"
    return told.rstrip("0").rstrip(".") if "." in told else told
