"""The commands `lifts` and `farmhouses`: consent to lifts in existing housing; 拆, 改, 用 of farm houses."""
# ruff: noqa: PLC0415, PLR0917 - commands import late, so that --help is quick; their options are given by name

from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.console import Lang, Language, StudyFile, count, progress_bar, say, show_files, show_table, title, unknown

if TYPE_CHECKING:
    from api.operations.lifts import Lifts
    from geo.farmhouses import FarmHouses
    from geo.study import Study


class Asked(StrEnum):
    """Whose owners vote together: those of a stair (单元), or of a building (幢)."""

    unit = "unit"
    building = "building"


class Person(StrEnum):
    """Who is one person: owners with all their flats, every co-owner, every flat."""

    owner = "owner"
    co_owner = "co_owner"
    flat = "flat"


class Shared(StrEnum):
    """How the cost is shared: floor coefficient × area, floor coefficient per flat, area alone (article 283)."""

    coefficient_area = "coefficient_area"
    coefficient_flat = "coefficient_flat"
    area = "area"


_WORDS = {
    "vote": ("表决单位", "vote"), "persons": ("人数", "persons"), "part": ("参与", "taking part"),
    "yes": ("同意", "agree"),
    "verdict": ("结论", "verdict"), "more": ("还须", "still needed"), "agreed": ("通过", "carried"),
    "missing": ("未达到", "not reached"), "unknown": ("未知", "unknown"), "fits": ("可进一步设计", "go on to a design"),
    "unfit": ("不宜", "unfit"), "screen": ("可行性初筛", "screen"), "rule": ("规则", "rule"), "pass": ("通过", "pass"),
    "fail": ("不通过", "fail"), "village": ("村", "village"), "houses": ("农房", "houses"),
    "people": ("人口", "people"),
    "demolish": ("拆", "demolish"), "alter": ("改", "alter"), "use": ("用", "use"), "undecided": ("待定", "undecided"),
    "back": ("腾退平方米", "land back, m²"), "all": ("合计", "all"), "checks": ("核查", "what does not fit"),
    "yuan": ("每套分摊(元)", "a flat pays (yuan)"), "votes": ("表决", "votes"),
}  # fmt: skip
_SHOWN = 30
"""Votes and checks that are listed on the screen; the workbook has all."""


def consent_lifts(
    study: StudyFile,
    ledger: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Ownership ledger, CSV or .xlsx: 楼栋编号 单元 房号 所在层 专有面积 业主 表决意见."
        ),
    ] = None,
    buildings: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="楼栋编号 已有电梯 楼梯形式 列入拆迁计划 层数. Default: a sheet 楼栋 of the ledger."
        ),
    ] = None,
    scope: Annotated[Asked, typer.Option(help="Whose owners vote together.")] = Asked.unit,
    counting: Annotated[Person, typer.Option(help="Who is one person.")] = Person.owner,
    cost: Annotated[str | None, typer.Option(metavar="YUAN", help="What one lift costs: shares are made.")] = None,
    public: Annotated[str, typer.Option(metavar="YUAN", help="What others pay of it, for each lift.")] = "0",
    share: Annotated[Shared, typer.Option(help="How the rest is shared.")] = Shared.coefficient_area,
    coefficients: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The owners' own table, 楼层 and 系数. Default: an example, marked as one."),
    ] = None,
    rules: Annotated[str, typer.Option(help="Rules by name, or a TOML file of your own.")] = "lift-consent",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="DIR", help="Folder for lifts.xlsx and lifts.docx.")
    ] = None,
    lang: Language = Lang.zh,
) -> None:
    """Lifts in existing housing: have the owners agreed, what is missing, where one fits, who pays what.

    Consent is counted as the Civil Code asks (article 278): owners of two thirds of the area and two thirds of the
    persons take part; three quarters of both agree. Names of owners go into no output. What is unknown stays unknown.

    Examples: `shequ lifts town.gpkg` (the screen alone) · `shequ lifts town.gpkg --ledger owners.xlsx --out lifts` ·
    `shequ lifts town.gpkg --ledger owners.xlsx --cost 650000 --public 200000 --coefficients floors.csv -o lifts`
    """
    from api.operations import lifts as operations
    from geo.standards.lift_rules import load_lift_rules

    if out is not None:
        operations.require_lifts_place(out)
    with progress_bar() as told:
        told("counting votes", 0.0)
        found = operations.consent_lifts(
            study, rules=load_lift_rules(rules), ledger=ledger, buildings=buildings, scope=scope.value,
            counting=counting.value, cost_yuan=cost, public_yuan=public, basis=share.value, coefficients=coefficients,
        )  # fmt: skip
        files = [] if out is None else operations.write_lifts(found, out, lang=lang.value)
    _show_votes(found, lang)
    _show_screen(found, lang)
    show_files(files)


def sort_farmhouses(
    study: StudyFile,
    register: Annotated[
        Path,
        typer.Option(
            metavar="FILE", help="CSV or .xlsx: a row for each house, or sheets 房屋, 宗地, 户 (docs/farmhouses.md)."
        ),
    ],
    parcels: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Outlines of parcels with a column 宗地编号 (parcel_id).")
    ] = None,
    parcel_cap: Annotated[
        float | None,
        typer.Option(metavar="M2", min=1, help="Largest homestead of a household, as the province sets it."),
    ] = None,
    rules: Annotated[str, typer.Option(help="Rules by name, or a TOML file of your own.")] = "farm-houses",
    override: Annotated[
        list[str] | None, typer.Option(metavar="ID=DECISION:REASON", help="Decide by hand: 拆, 改, 用; and why.")
    ] = None,
    by: Annotated[str, typer.Option(help="Who decided on the overrides.")] = "规划人员",
    on: Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="Day of the decision. Default: today.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE.xlsx", help="Write ledger and totals as a workbook.")
    ] = None,
    lang: Language = Lang.zh,
) -> None:
    """Decide on farm houses: demolish, alter or use (拆、改、用), each with its reason, by rules that can be edited.

    The register is joined to the buildings by id, by coordinates or by parcels, and checked. Where it does not suffice,
    the house stays undecided and says what is missing. The table `farmhouses` of the study is replaced. Names of people
    are neither read nor kept.

    Examples: `shequ farmhouses town.gpkg --register houses.xlsx --parcel-cap 140 --out houses-decided.xlsx` ·
    `shequ farmhouses town.gpkg --register houses.xlsx --override "F0012=用:村集体租作民宿" --by 村民会议`
    """
    from api.operations import farmhouses as operations
    from geo.standards.farmhouse_rules import load_farm_house_rules

    decided = dict(operations.deciding(one, by=by) for one in override or ())
    limits = load_farm_house_rules(rules)
    if parcel_cap is not None:
        limits = limits.model_copy(update={"parcel_cap_m2": parcel_cap})
    if out is not None:
        operations.require_farmhouses_place(out)
    with progress_bar() as told:
        told("sorting farm houses", 0.0)
        found, done = operations.sort_farmhouses(
            study, register, rules=limits, on=on or date.today().isoformat(), parcels=parcels, overrides=decided,
        )  # fmt: skip
        if out is not None:
            operations.save_farmhouses(found, done, out, lang=lang.value)
    _show_houses(found, done, lang)
    show_files([study, *([out] if out else [])])


def _word(key: str, lang: Lang) -> str:
    return _WORDS[key][lang == Lang.en]


def _show_votes(found: "Lifts", lang: Lang) -> None:
    if found.consents is None:
        return
    table = found.consents.table
    counts = table["verdict"].value_counts()
    title("  ".join(f"{_word(key, lang)} {counts[key]}" for key in ("agreed", "missing", "unknown") if key in counts))
    paid = {vote: each.table["yuan"] for vote, each in found.shares}
    heads = [_word(key, lang) for key in ("vote", "persons", "part", "yes", "verdict", "more")]
    rows = []
    for vote, row in table.head(_SHOWN).iterrows():
        more = row["missing_unasked"] if not unknown(row["missing_unasked"]) else row["missing_anyone"]
        least = f"≥ {row['missing_at_least']}" if unknown(more) else count(more)
        line = [vote, *(count(row[key]) for key in ("persons", "participants", "agreed")),
                _word(row["verdict"], lang), least]  # fmt: skip
        if paid:
            yuan = paid[str(vote)]
            line.append("?" if yuan.isna().any() else f"{yuan.min():,.2f} – {yuan.max():,.2f}")
        rows.append(line)
    show_table([*heads, *([_word("yuan", lang)] if paid else [])], rows)
    for vote, row in table[table["verdict"] != "agreed"].head(_SHOWN).iterrows():
        say(f"{vote}: {row[f'reason_{lang.value}']}")
    if found.strangers:
        listed = ", ".join(found.strangers[:8])
        number = len(found.strangers)
        say({"zh": f"台账中{number}幢不在图上:{listed}",
             "en": f"{number} buildings of the ledger are not in the study: {listed}"}[lang.value])  # fmt: skip
    for zh, en in found.consents.notes:
        say("• " + (zh if lang == Lang.zh else en))


def _show_screen(found: "Lifts", lang: Lang) -> None:
    from geo.lifts.feasibility import RULES

    table = found.screen.table
    counts = table["verdict"].value_counts()
    said = "  ".join(f"{_word(key, lang)} {counts.get(key, 0):,}" for key in ("fits", "unknown", "unfit"))
    title(f"{_word('screen', lang)}  {said}")
    rows = [
        (
            titles[lang == Lang.en],
            *(f"{int((table[rule] == result).sum()):,}" for result in ("pass", "unknown", "fail")),
        )
        for rule, titles in RULES.items()
    ]
    show_table([_word(key, lang) for key in ("rule", "pass", "unknown", "fail")], rows)


def _show_houses(found: "FarmHouses", study: "Study", lang: Lang) -> None:
    table = found.villages
    parts = ("demolish", "alter", "use", "unknown")
    name = study["communities"]["name" if lang == Lang.zh else "name_en"].dropna().to_dict()
    called = {**name, "all": _word("all", lang), "unknown": _word("unknown", lang)}
    heads = [
        _word(key, lang) for key in ("village", "houses", "people", "demolish", "alter", "use", "undecided", "back")
    ]
    columns = ["houses", "people", *(f"{one}_houses" for one in parts), "land_back_m2"]
    rows = [(called.get(key, key), *(count(row[column]) for column in columns)) for key, row in table.iterrows()]
    show_table(heads, rows)
    side = lang.value
    seen = found.checks.assign(kind=found.checks[f"said_{side}"].str.split(":").str[0])
    counts = seen.groupby("kind", sort=False).size()
    if len(counts):
        say(f"{_word('checks', lang)}: " + "  ".join(f"{kind} {number}" for kind, number in counts.items()))
    for zh, en in found.notes:
        say("• " + (zh if lang == Lang.zh else en))
