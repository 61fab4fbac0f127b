"""What workbook, document and page say of measures and programmes: money, classes, payers, sites by year."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from layers.words import Lang, is_missing, number, value_word, word

PAYERS = ("public", "residents", "social")
CLASSES = ("basic", "improve", "upgrade")
WAN = 10_000.0


def money_wan(yuan: object) -> float | None:
    """Return yuan as 万元 with two decimals; None where it is missing."""
    return None if is_missing(yuan) else round(float(str(yuan)) / WAN, 2)


def wan_text(yuan: object, lang: Lang) -> str:
    """Return yuan as 万元, in words where it is unknown."""
    return word("unknown", lang) if is_missing(yuan) else number(float(str(yuan)) / WAN, lang, digits=1)


def class_word(name: object, lang: Lang) -> str:
    """Return 基础类, 完善类 or 提升类."""
    return value_word("class", name, lang)


def price_word(row: Mapping[str, Any] | pd.Series, lang: Lang) -> str:
    """Return what kind of price a measure has: an example, one that was supplied, none."""
    if not is_missing(row.get("priced")) and bool(row["priced"]):
        return word("price.example" if bool(row["example_cost"]) else "price.user", lang)
    return word("price.management" if row.get("remedy") == "management" else "price.none", lang)


def payer_words(row: Mapping[str, Any] | pd.Series, lang: Lang) -> str | None:
    """Return who pays which share of a measure; None without a cost."""
    total = row.get("cost_yuan")
    if is_missing(total) or float(str(total)) <= 0:
        return None
    shares = [(payer, float(str(row[f"{payer}_yuan"])) / float(str(total))) for payer in PAYERS
              if not is_missing(row[f"{payer}_yuan"]) and float(str(row[f"{payer}_yuan"])) > 0]  # fmt: skip
    gap, comma = ("", "、") if lang == "zh" else (" ", ", ")
    return comma.join(f"{word(f'payer_{payer}', lang)}{gap}{share:.0%}" for payer, share in shares)


def quantity_text(row: Mapping[str, Any] | pd.Series, lang: Lang) -> str:
    """Return a measure's quantity with its unit."""
    if is_missing(row["quantity"]):
        return word("unknown", lang)
    value = float(str(row["quantity"]))
    shown = number(value, lang, digits=0 if value.is_integer() or value >= 100 else 1)
    return f"{shown}{'' if lang == 'zh' else ' '}{value_word('extent_unit', row['unit'], lang)}"
