"""The words of a survey: what drop-downs offer in both languages, and what else surveyors write for the same."""

import re
import unicodedata
from collections.abc import Mapping

LISTS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "result": {"found": ("有", "Found"), "clear": ("无", "Clear"), "not_applicable": ("不涉及", "Not applicable")},
    "severity": {
        "general": ("一般", "General"), "serious": ("严重", "Serious"), "very_serious": ("很严重", "Very serious"),
    },
    "status": {
        "open": ("待整治", "Open"), "scheduled": ("已列入计划", "Scheduled"), "done": ("已整治", "Done"),
        "checked": ("已复核", "Checked"),
    },
    "subject": {
        "building": ("住宅楼", "Building"), "estate": ("小区", "Estate"), "unit": ("体检单元", "Unit"),
        "block": ("街坊", "Block"), "town": ("全域", "Town"),
    },
    "extent_unit": {"m2": ("平方米", "m²"), "m": ("米", "m"), "count": ("处", "count"), "flats": ("套", "flats")},
    "flag": {"yes": ("是", "Yes"), "no": ("否", "No")},
}  # fmt: skip
"""Drop-down → key → its words, Chinese and English."""

_OTHER: Mapping[str, Mapping[str, str]] = {
    "result": {
        **dict.fromkeys(("是", "√", "✓", "✔", "有问题", "存在", "yes", "y", "true", "1"), "found"),
        **dict.fromkeys(("否", "×", "✗", "✘", "没有", "不存在", "无问题", "正常", "no", "n", "false", "0", "none"),
        "clear"),
        **dict.fromkeys(("不适用", "无此项", "na", "n/a"), "not_applicable"),
    },
    "severity": {**dict.fromkeys(("轻微", "较轻", "轻度"), "general"), **dict.fromkeys(("较严重", "较重"), "serious"),
                 **dict.fromkeys(("非常严重", "特别严重", "重大"), "very_serious")},
    "status": {**dict.fromkeys(("未整治", "未整改", "待整改"), "open"), "计划整治": "scheduled",
               **dict.fromkeys(("已整改", "已完成", "完成", "closed"), "done"), **dict.fromkeys(("已验收",
               "已销号"), "checked")},
    "subject": {**dict.fromkeys(("楼栋", "住宅", "楼", "栋", "建筑"), "building"), "单元": "unit", "街区": "block",
                **dict.fromkeys(("城区", "镇", "街道", "全镇"), "town")},
    "extent_unit": {**dict.fromkeys(("㎡", "m^2", "平米", "平方", "sqm"), "m2"), **dict.fromkeys(("延米", "公尺"), "m"),
                    **dict.fromkeys(("个", "只", "具", "盏", "pcs"), "count"), "户": "flats"},
    "flag": {**dict.fromkeys(("有", "√", "✓", "✔", "y", "true", "1"), "yes"),
             **dict.fromkeys(("无", "没有", "×", "✗", "n", "false", "0"), "no")},
}  # fmt: skip

UNKNOWN = ("-", "--", "—", "——", "/", "?", "不详", "未知", "不明", "未查", "未调查", "unknown", "null", "nan")
"""Words that mean that nothing is known (in lower case, half width)."""

_EXACT = {
    name: {form.casefold(): key for key, pair in words.items() for form in (key, *pair)}
    for name, words in LISTS.items()
}


_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def printable(text: str) -> str:
    r"""Return text without what no document may hold: control characters, halves of characters.

    >>> printable("渗\x01水\n二层")
    '渗水\n二层'
    """
    return text if text.isprintable() else _CONTROLS.sub("", text)


def plain(text: str) -> str:
    """Return text in half-width characters, without blanks around it.

    >>> plain("　３层 ")
    '3层'
    """
    return text.strip(" \t\r\n\u3000\u00a0\ufeff\u200b") if text.isascii() else unicodedata.normalize(
        "NFKC", text
    ).strip(" \t\r\n\u3000\u00a0\ufeff\u200b")  # fmt: skip


def understand(text: str, words: str) -> tuple[str | None, bool]:
    """Return the key that a text means in a list of words, and whether it is written as the drop-down has it.

    None when it means nothing there; "" when it says that nothing is known.

    >>> understand("无", "result"), understand(" × ", "result")
    (('clear', True), ('clear', False))
    >>> understand("不详", "flag"), understand("也许", "result")
    (('', False), (None, False))
    """
    folded = text.casefold()
    if folded in _EXACT[words]:
        return _EXACT[words][folded], True
    folded = plain(text).casefold()
    if folded in _EXACT[words]:
        return _EXACT[words][folded], False
    if folded in _OTHER[words]:
        return _OTHER[words][folded], False
    return ("", False) if folded in UNKNOWN else (None, False)


def said(words: str, key: str, lang: str) -> str:
    """Return the drop-down's word for a key."""
    return LISTS[words][key][lang == "en"]
