"""What was asked of a plan beyond its profile - locks, conditions, rules for lines - in words."""

from collections.abc import Sequence
from dataclasses import dataclass

from geo.partition.actions import PlanTables
from geo.partition.plan import Condition, Lock, SeamRule
from layers.facts import names
from layers.styles import seam_group
from layers.words import LANGS, WORDS, Lang, word

TOLD = 6
"""Blocks and estates that a sentence names; the table has all."""


@dataclass(frozen=True)
class Requirement:
    """One lock, condition or rule of a request.

    Attributes
    ----------
    option : str
        Where it stands in the request: `locks`, `conditions` or `seams`.
    kind, of : str
        As there; `of` says what the ids are.
    community_id : str or None
        Whom a condition is said of.
    ids : tuple of str
    text_zh, text_en : str
    """

    option: str
    kind: str
    community_id: str | None
    of: str
    ids: tuple[str, ...]
    text_zh: str
    text_en: str

    def text(self, lang: Lang) -> str:
        """Return it in words."""
        return self.text_zh if lang == "zh" else self.text_en


def requirements(tables: PlanTables) -> list[Requirement]:
    """Return every lock, condition and rule for lines that the plan kept, in the order of the request."""
    options = tables.plan.options
    called = {lang: names(tables, lang) for lang in LANGS}

    def both(one: Lock | Condition | SeamRule) -> tuple[str, str]:
        zh, en = (_sentence(one, called[lang], lang) for lang in LANGS)
        return zh, en

    return [
        *(Requirement("locks", one.kind, None, one.of, one.ids, *both(one)) for one in options.locks),
        *(Requirement("conditions", one.kind, one.community, "" if one.kind == "office" else one.of, one.ids,
                      *both(one)) for one in options.conditions),
        *(Requirement("seams", one.rule, None, "seams", tuple(filter(None, (one.feature_class, one.feature_name))),
                      *both(one)) for one in options.seams),
    ]  # fmt: skip


def _sentence(one: Lock | Condition | SeamRule, called: dict[str, str], lang: Lang) -> str:
    if isinstance(one, Lock):
        return word(f"ask.lock.{one.kind}", lang, names=_things(one.of, one.ids, called, lang))
    if isinstance(one, Condition):
        told = {"community": called.get(one.community, one.community)}
        if one.ids:
            told["names"] = _things(one.of, one.ids, called, lang)
        return word(f"ask.{one.kind}", lang, **told)
    rule = "avoid" if one.rule == "prefer" and one.strength < 0 else one.rule
    return word(f"ask.{rule}", lang, names=_line(one, lang))


def _things(of: str, ids: Sequence[str], called: dict[str, str], lang: Lang) -> str:
    told = [called.get(each, each) for each in ids] if of == "communities" else list(ids)
    comma = "、" if lang == "zh" else ", "
    shown = comma.join(told[:TOLD])
    if len(told) > TOLD:
        shown = word("ask.more", lang, ids=shown, n=len(told))
    return shown if of == "communities" else word(f"ask.{of}", lang, ids=shown)


def _line(rule: SeamRule, lang: Lang) -> str:
    """Return the lines that a rule speaks of: a name, a kind of feature, or a name among that kind."""
    if rule.feature_class is None:
        return str(rule.feature_name)
    kind = WORDS[f"seam.{seam_group(rule.feature_class)}"][LANGS.index(lang)]
    if rule.feature_name is None:
        return kind
    return f"{rule.feature_name}（{kind}）" if lang == "zh" else f"{rule.feature_name} ({kind})"
