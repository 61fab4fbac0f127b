"""Plans to choose from, and villages to convert, as document and workbook list them."""

from collections.abc import Callable

import pandas as pd

from geo.partition.alternatives import Alternatives
from layers.words import WORDS, Lang, is_missing, number, value_word, word

SHARES = ("loss", "distance")
"""Columns that are shares, 0 to 1."""
_DIGITS = {"objective": 4, "km2": 2}


def alternative_columns(found: Alternatives, lang: Lang) -> list[tuple[str, str, Callable[[object], str]]]:
    """Return the columns of `Alternatives.table` in their order: name, heading with its unit, how a value is shown."""
    other = "name_en" if lang == "zh" else "name_zh"
    columns = [str(column) for column in found.table.columns if column != other]
    return [(column, column_heading(column, lang), _shown(column, lang)) for column in columns]


def column_heading(column: str, lang: Lang) -> str:
    """Return what a column is called: a word, or a term with its unit.

    Examples
    --------
    >>> column_heading("change_households", "zh"), column_heading("land_km2", "en"), column_heading("k", "en")
    ('变动（户）', 'land (km²)', 'Communities')
    """
    term, _, unit = column.partition("_")
    if f"term.{term}" not in WORDS:
        return word("aim" if term == "name" else column, lang)
    head, shown = word(f"term.{term}", lang), value_word("unit", unit, lang)
    return f"{head}（{shown}）" if lang == "zh" else f"{head} ({shown})"


def conversion_reasons(row: pd.Series, lang: Lang) -> str:
    """Return why a case has its type, and who decided otherwise, as a sentence begins."""
    said = row[f"reasons_{lang}"]
    return "" if is_missing(said) else str(said)[:1].upper() + str(said)[1:]


def _shown(column: str, lang: Lang) -> Callable[[object], str]:
    if column.startswith("name_"):
        return str
    if column in SHARES:
        return lambda value: f"{float(str(value)):.1%}"
    if column == "pareto":
        return lambda value: word("yes" if value else "no", lang)
    digits = _DIGITS.get(column, _DIGITS.get(column.rpartition("_")[2], 0))
    return lambda value: number(value, lang, digits=digits)
