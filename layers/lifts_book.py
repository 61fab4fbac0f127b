"""Lifts on paper: votes with what is missing, the screen, lists to sign, cost shares; as a workbook and a document."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from geo.lifts import Consents, Ledger, Screen, Shares
from geo.lifts.feasibility import RULES
from geo.lifts.shares import funds
from geo.standards.lift_rules import LiftRules
from layers.paper import NUMERALS, Paper, first_up, stopped
from layers.sheets import COUNT, NUMBER, SHARE, Sheet, book_of, plain, save_book, text_or_none
from layers.words import Lang, fullwidth, is_missing, word

FILLS = {
    "agreed": "D7E8D4", "missing": "F6DCD3", "met": "D7E8D4", "missed": "F6DCD3", "pass": "D7E8D4", "fail": "F6DCD3",
    "fits": "D7E8D4", "unfit": "F6DCD3",
}  # fmt: skip
"""Colours of verdicts; what is unknown stays white."""

WORDS: dict[str, tuple[str, str]] = {
    "votes": ("表决汇总", "Votes"), "screen": ("可行性初筛", "Screen"), "verdicts": ("逐项结论", "Rule by rule"),
    "sign": ("意见签名表", "To sign"), "shares": ("费用分摊", "Cost shares"), "floors": ("分层分摊", "By floor"),
    "basis": ("依据与说明", "Sources and notes"), "title": ("既有住宅加装电梯", "Lifts in existing housing"),
    "vote_id": ("表决单位", "vote"), "building_id": ("楼栋编号", "building"), "unit": ("单元", "stair"),
    "flats": ("套数", "flats"), "flats_without_area": ("面积未知套数", "flats of unknown area"),
    "persons": ("业主人数", "persons"), "area_m2": ("专有面积(平方米)", "exclusive area (m²)"),
    "known_area_m2": ("已知专有面积(平方米)", "known exclusive area (m²)"),
    "participants": ("参与人数", "taking part"), "agreed": ("同意", "agree"), "against": ("不同意", "against"),
    "abstained": ("弃权", "abstain"), "unasked": ("未表决", "not voted"),
    "participant_area_m2": ("参与面积(平方米)", "area taking part (m²)"),
    "agreed_area_m2": ("同意面积(平方米)", "area agreeing (m²)"),
    "participation_area": ("参与面积达2/3", "2/3 of area take part"),
    "participation_persons": ("参与人数达2/3", "2/3 of persons take part"),
    "agreement_area": ("同意面积达3/4", "3/4 of that area agree"),
    "agreement_persons": ("同意人数达3/4", "3/4 of those persons agree"),
    "verdict": ("结论", "verdict"), "missing_at_least": ("按人数至少还须", "by persons, still at least"),
    "missing_unasked": ("未表决者中至少还须", "of those not voted, at least"),
    "missing_anyone": ("含改变意见者至少还须", "or in all, with changes"),
    "missing_changed": ("其中须改变意见", "of them changing"),
    "missing_area_m2": ("还差面积(平方米)", "area still missing (m²)"),
    "reason": ("说明", "reason"), "estate_id": ("小区编号", "estate"), "rule": ("规则", "rule"),
    "result": ("结论", "result"), "said": ("情况", "what is known"), "source": ("依据", "source"),
    "flat": ("房号", "flat"), "floor": ("所在层", "floor"),
    "answer": ("意见(同意/不同意/弃权)", "answer (agree / against / abstain)"),
    "signature": ("签名", "signature"), "day": ("日期", "date"), "coefficient": ("系数", "coefficient"),
    "share": ("占比", "share"), "yuan": ("分摊额(元)", "share (yuan)"), "total": ("合计", "total"),
    "item": ("项目", "item"), "text": ("内容", "text"), "note": ("说明", "note"),
    "agreed_": ("通过", "carried"), "missing_": ("未达到", "not reached"), "unknown_": ("未知", "unknown"),
    "met_": ("达到", "met"), "missed_": ("未达到", "not met"), "pass_": ("通过", "pass"), "fail_": ("不通过", "fail"),
    "fits_": ("可进一步设计", "go on to a design"), "unfit_": ("不宜", "unfit"), "whole": ("整幢", "whole building"),
    "unknown_yuan": ("未知", "unknown"),
}  # fmt: skip
"""Headings and verdicts (these end in _), in Chinese and English."""

_VOTE_COLUMNS = (
    ("vote_id", "@"), ("verdict", "@"), ("flats", COUNT), ("persons", COUNT), ("area_m2", NUMBER),
    ("flats_without_area", COUNT), ("participants", COUNT), ("agreed", COUNT), ("against", COUNT), ("abstained", COUNT),
    ("unasked", COUNT), ("participant_area_m2", NUMBER), ("agreed_area_m2", NUMBER), ("participation_area", "@"),
    ("participation_persons", "@"), ("agreement_area", "@"), ("agreement_persons", "@"), ("missing_at_least", COUNT),
    ("missing_unasked", COUNT), ("missing_anyone", COUNT), ("missing_changed", COUNT), ("missing_area_m2", NUMBER),
)  # fmt: skip
_VERDICTS = ("verdict", "participation_area", "participation_persons", "agreement_area", "agreement_persons")


def write_lifts_xlsx(
    path: Path,
    *,
    name: tuple[str, str],
    rules: LiftRules,
    screen: Screen,
    ledger: Ledger | None = None,
    consents: Consents | None = None,
    shares: Mapping[str, Shares] | None = None,
    lang: Lang = "zh",
) -> None:
    """Write what is known of lifts as an Excel workbook, whole or not at all.

    Sheets: votes with what is missing; lists to sign (flats only, no names, no answers); cost shares by flat and by
    floor; the screen, and its rules one by one for buildings that may get a lift; sources and notes.

    Parameters
    ----------
    path
        The file; one that is there is replaced.
    name
        The town, in Chinese and English.
    rules, screen, ledger, consents, shares
        As `geo.lifts` makes them; sheets of what is missing are left out. `shares` by vote.
    lang
        Language of sheets, headings and sentences.
    """
    sheets = []
    if consents is not None and ledger is not None:
        sheets += [_votes(consents, lang), _to_sign(ledger, lang)]
    if shares:
        sheets += [_shares(shares, lang), _by_floor(shares, lang)]
    sheets += [_screen(screen, lang), _verdicts(screen, lang), _basis(rules, screen, consents, shares or {}, lang)]
    town = name[lang == "en"]
    mark = f"{town} · {word('page.mark', lang)} · {rules.title_zh if lang == 'zh' else rules.title_en}"
    save_book(book_of(sheets, mark, f"{town} {_word('title', lang)}"), path)


def write_lifts_docx(
    path: Path,
    *,
    name: tuple[str, str],
    rules: LiftRules,
    consents: Consents,
    ledger: Ledger,
    shares: Mapping[str, Shares] | None = None,
    lang: Lang = "zh",
) -> None:
    """Write the votes as a Word document to hang out in the stair: results, what is missing, money, a list to sign.

    Parameters
    ----------
    path, name, rules, consents, ledger, shares, lang
        As for `write_lifts_xlsx`.
    """
    town = name[lang == "en"]
    paper = Paper(lang, title=f"{town} {_word('title', lang)}")
    law = f"{rules.source} {rules.clause}" if lang == "zh" else f"{rules.source_en}, {rules.clause_en}"
    counts = consents.table["verdict"].value_counts()
    rows = [(_word("basis", lang), _said(law, lang)),
            (_word("votes", lang), " · ".join(f"{_word(f'{key}_', lang)} {counts[key]}" for key in
                                              ("agreed", "missing", "unknown") if key in counts))]  # fmt: skip
    paper.cover(town, _word("title", lang), rows, _said(rules.note_zh if lang == "zh" else rules.note_en, lang))
    _section(paper, _word("votes", lang))
    table = consents.table
    paper.table(
        _word("votes", lang), [_word(key, lang) for key in ("vote_id", "verdict", "persons", "participants", "agreed",
                                                            "missing_unasked", "missing_area_m2")],
        [[str(vote), _word(f"{row['verdict']}_", lang), *(_number(row[key]) for key in
          ("persons", "participants", "agreed", "missing_unasked", "missing_area_m2"))]
         for vote, row in table.iterrows()],
        widths=(3.6, 2.0, 1.9, 1.9, 1.9, 2.4, 2.4), numbers=(2, 3, 4, 5, 6),
    )  # fmt: skip
    for vote, row in table.iterrows():
        paper.paragraph(f"{vote}: " + _said(row[f"reason_{lang}"], lang) if lang == "en" else
                        f"{vote}：" + _said(row["reason_zh"], lang))  # fmt: skip
    if shares:
        _section(paper, _word("shares", lang))
        for vote, each in shares.items():
            paper.table(
                f"{vote} {_word('floors', lang)}",
                [_word(key, lang) for key in ("floor", "flats", "area_m2", "coefficient", "yuan")],
                [[_number(floor), *(_number(one[key]) for key in ("flats", "area_m2", "coefficient", "yuan"))]
                 for floor, one in each.floors.iterrows()],
                widths=(2.2, 2.2, 4.0, 2.6, 4.0), numbers=(0, 1, 2, 3, 4),
            )  # fmt: skip
            for zh, en in each.notes:
                paper.paragraph(_sentence(zh if lang == "zh" else en, lang))
    _section(paper, _word("basis", lang))
    for title, text, source in funds(rules, lang=lang):
        paper.paragraph(_sentence(f"{title}:{text}({source})" if lang == "zh" else f"{title}: {text} ({source})", lang))
    for zh, en in consents.notes:
        paper.paragraph(_sentence(zh if lang == "zh" else en, lang))
    _section(paper, _word("sign", lang))
    sign = _to_sign(ledger, lang)
    for (building, unit), some in ledger.flats.drop_duplicates(["building_id", "unit", "flat"]).groupby(
        ["building_id", "unit"], sort=False
    ):
        paper.table(
            f"{building} {unit}".strip(), [heading for heading, _ in sign.columns[2:]],
            [[_number(row.floor), str(row.flat), _number(row.area_cm2, 10_000), "", "", ""]
             for row in some.itertuples()],
            widths=(1.6, 2.0, 2.8, 3.6, 3.4, 2.4), numbers=(0, 2), together=False,
        )  # fmt: skip
    paper.save(path)


def _votes(consents: Consents, lang: Lang) -> Sheet:
    columns = [(_word(key, lang), form) for key, form in _VOTE_COLUMNS] + [(_word("reason", lang), "@")]
    rows: list[list[Any]] = []
    fills: dict[tuple[int, int], str] = {}
    for position, (vote, row) in enumerate(consents.table.iterrows()):
        values: list[Any] = [str(vote)]
        for place, (key, _) in enumerate(_VOTE_COLUMNS[1:], start=1):
            values.append(_word(f"{row[key]}_", lang) if key in _VERDICTS else plain(row[key]))
            if key in _VERDICTS and row[key] in FILLS:
                fills[position, place] = FILLS[row[key]]
        rows.append([*values, _said(row[f"reason_{lang}"], lang)])
    return Sheet(_word("votes", lang), columns, rows, frozen_columns=2, fills=fills)


def _to_sign(ledger: Ledger, lang: Lang) -> Sheet:
    columns = [(_word(key, lang), form) for key, form in (
        ("building_id", "@"), ("unit", "@"), ("floor", "0"), ("flat", "@"), ("area_m2", NUMBER), ("answer", "@"),
        ("signature", "@"), ("day", "@"))]  # fmt: skip
    flats = ledger.flats.drop_duplicates(["building_id", "unit", "flat"])
    rows = [
        [row.building_id, row.unit, plain(row.floor), row.flat,
         None if is_missing(row.area_cm2) else int(row.area_cm2) / 10_000, None, None, None]
        for row in flats.itertuples()
    ]  # fmt: skip
    return Sheet(_word("sign", lang), columns, rows, frozen_columns=4)


def _shares(shares: Mapping[str, Shares], lang: Lang) -> Sheet:
    keys = (("building_id", "@"), ("unit", "@"), ("flat", "@"), ("floor", "0"), ("area_m2", NUMBER),
            ("coefficient", NUMBER), ("share", SHARE), ("yuan", NUMBER))  # fmt: skip
    rows = [
        [*(text_or_none(row[key]) for key in ("building_id", "unit", "flat")),
         *(plain(row[key]) for key in ("floor", "area_m2", "coefficient", "share", "yuan"))]
        for each in shares.values() for _, row in each.table.iterrows()
    ]  # fmt: skip
    known = [row[-1] for row in rows if row[-1] is not None]
    total = [_word("total", lang), *[None] * 6, round(sum(known), 2) if len(known) == len(rows) else None]
    return Sheet(_word("shares", lang), [(_word(key, lang), form) for key, form in keys], rows, frozen_columns=3,
                 total=total)  # fmt: skip


def _by_floor(shares: Mapping[str, Shares], lang: Lang) -> Sheet:
    keys = (("vote_id", "@"), ("floor", "0"), ("flats", COUNT), ("area_m2", NUMBER), ("coefficient", NUMBER),
            ("yuan", NUMBER))  # fmt: skip
    rows = [
        [vote, plain(floor), *(plain(row[key]) for key in ("flats", "area_m2", "coefficient", "yuan"))]
        for vote, each in shares.items() for floor, row in each.floors.iterrows()
    ]  # fmt: skip
    return Sheet(_word("floors", lang), [(_word(key, lang), form) for key, form in keys], rows, frozen_columns=2)


def _screen(screen: Screen, lang: Lang) -> Sheet:
    side = int(lang == "en")
    columns = [(_word("building_id", lang), "@"), (_word("estate_id", lang), "@"), (_word("verdict", lang), "@"),
               *((titles[side], "@") for titles in RULES.values()), (_word("reason", lang), "@")]  # fmt: skip
    rows: list[list[Any]] = []
    fills: dict[tuple[int, int], str] = {}
    for position, (key, row) in enumerate(screen.table.iterrows()):
        results = [row["verdict"], *(row[rule] for rule in RULES)]
        fills |= {(position, 2 + i): FILLS[one] for i, one in enumerate(results) if one in FILLS}
        rows.append([str(key), text_or_none(row["estate_id"]), *(_word(f"{one}_", lang) for one in results),
                     _said(row[f"reason_{lang}"], lang)])  # fmt: skip
    return Sheet(_word("screen", lang), columns, rows, fills=fills)


def _verdicts(screen: Screen, lang: Lang) -> Sheet:
    """Return the rules one by one for buildings that nothing speaks against; of others the screen says what does."""
    side = int(lang == "en")
    keys = ("building_id", "rule", "result", "said", "source")
    open_ = screen.table.index[screen.table["verdict"] != "unfit"]
    shown = screen.verdicts[screen.verdicts["building_id"].isin(open_)]
    rows = [
        [row["building_id"], RULES[row["rule"]][side], _word(f"{row['result']}_", lang),
         _said(row[f"said_{lang}"], lang), _said(row[f"source_{lang}"], lang)]
        for row in shown.to_dict("records")
    ]  # fmt: skip
    return Sheet(_word("verdicts", lang), [(_word(key, lang), "@") for key in keys], rows, frozen_columns=2)


def _basis(
    rules: LiftRules, screen: Screen, consents: Consents | None, shares: Mapping[str, Shares], lang: Lang
) -> Sheet:
    notes = [*(consents.notes if consents else ()), *screen.notes,
             *(note for each in list(shares.values())[:1] for note in each.notes)]  # fmt: skip
    rows: list[list[Any]] = [[title, text, source] for title, text, source in funds(rules, lang=lang)]
    rows += [[_word("note", lang), _said(zh if lang == "zh" else en, lang), None] for zh, en in dict.fromkeys(notes)]
    return Sheet(_word("basis", lang), [(_word(key, lang), "@") for key in ("item", "text", "source")], rows)


def _word(key: str, lang: Lang) -> str:
    text = WORDS[key][lang == "en"]
    return fullwidth(text) if lang == "zh" else text


def _said(text: str, lang: Lang) -> str:
    return fullwidth(text) if lang == "zh" else text


def _sentence(text: str, lang: Lang) -> str:
    return stopped(first_up(_said(text, lang), lang), lang)


def _number(value: Any, parts: int = 1) -> str:  # noqa: ANN401 - a number of pandas, or missing
    if is_missing(value):
        return "—"
    number = float(value) / parts
    return f"{number:,.0f}" if number.is_integer() and parts == 1 else f"{number:,.2f}"


def _section(paper: Paper, title: str) -> None:
    """Start the next section by a title that is no word of the plans' reports."""
    paper.sections_count += 1
    label = f"{NUMERALS[paper.sections_count - 1]}、" if paper.lang == "zh" else f"{paper.sections_count}  "
    heading = paper.document.add_heading(level=1)
    paper.run(heading, label + title, "heading", 16 if paper.lang == "zh" else 15)
