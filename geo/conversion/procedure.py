"""The procedure of one conversion: steps, documents, votes and deadlines, with the articles they follow.

Articles are those of the Organic Law of the Villagers' Committees (村民委员会组织法) and of the Urban Residents'
Committees (城市居民委员会组织法), both of 2018. Where the law sets no deadline, days follow custom, and a step
says so.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import pandas as pd

from geo.errors import Fault, InputError
from geo.partition.plan import Note

Body = Literal["villagers_meeting", "household_meeting", "representatives", "residents_meeting"]

VILLAGES = ("村民委员会组织法", "Organic Law of the Villagers' Committees")
RESIDENTS = ("城市居民委员会组织法", "Organic Law of the Urban Residents' Committees")

NOTICE_DAYS = 10
"""Villagers are told so many days before their meeting (村民委员会组织法 art. 21)."""


@dataclass(frozen=True)
class Document:
    """One paper of the case file."""

    key: str
    zh: str
    en: str


@dataclass(frozen=True)
class Timetable:
    """Days after the proposal by which a step ends.

    The law sets one: villagers are told at least 10 days before their meeting (art. 21). The rest is custom: the plan
    of 2010 gave 15 days for votes and approvals and 15 more for the new organisations; notices elsewhere ask for
    comments for 7 working days to 30 days.
    """

    notice: int = 2
    meeting: int = 12
    request: int = 15
    approval: int = 30
    handover: int = 45
    comment_working_days: int = 7

    def __post_init__(self) -> None:
        days = [0, self.notice, self.meeting, self.request, self.approval, self.handover]
        if days != sorted(days):
            raise InputError(Fault(f"the timetable goes backwards: {days}", "give each step a later day"))
        if self.meeting - self.notice < NOTICE_DAYS:
            raise InputError(Fault(f"villagers would be told {self.meeting - self.notice} days before their meeting",
                                   f"leave {NOTICE_DAYS} days (村民委员会组织法 art. 21)"))  # fmt: skip


@dataclass(frozen=True)
class Step:
    """One step of the procedure.

    Attributes
    ----------
    number : int
    key : str
    title_zh, title_en, who_zh, who_en : str
        What is done, and by whom.
    rule_zh, rule_en : str
        What it must satisfy, with the article.
    documents : tuple of Document
    missing : tuple of Document
        Those of them that are not there yet.
    day : int
        Days after the proposal by which it ends.
    due : date or None
        The same from a start that was given.
    statutory : bool
        Whether the law sets the day, or custom does.
    """

    number: int
    key: str
    title_zh: str
    title_en: str
    who_zh: str
    who_en: str
    rule_zh: str
    rule_en: str
    documents: tuple[Document, ...]
    missing: tuple[Document, ...]
    day: int
    due: date | None
    statutory: bool

    @property
    def done(self) -> bool:
        """Whether every document of the step is there."""
        return not self.missing


@dataclass(frozen=True)
class Vote:
    """What a meeting decided: how many were entitled, present, in favour [people, or households' representatives].

    `authorised` says of a representatives' meeting whether a villagers' meeting authorised it: None when not recorded.
    """

    body: Body
    entitled: int
    present: int
    agreed: int
    authorised: bool | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.agreed <= self.present <= self.entitled or not self.entitled:
            raise InputError(
                Fault(f"a vote of {self.agreed} among {self.present} present of {self.entitled} cannot be",
                      "entitled ≥ present ≥ agreed ≥ 0")
            )  # fmt: skip


@dataclass(frozen=True)
class VoteResult:
    """Whether a vote holds: quorum, majority, the right body, and the sentence."""

    result: Literal["pass", "fail", "unknown"]
    quorate: bool
    carried: bool
    text_zh: str
    text_en: str
    warnings: tuple[Note, ...] = ()


@dataclass(frozen=True)
class Procedure:
    """The case file of one conversion: its steps in order, what is missing, what to mind."""

    case_id: str
    title_zh: str
    title_en: str
    steps: tuple[Step, ...]
    vote: VoteResult | None
    warnings: tuple[Note, ...]

    @property
    def missing(self) -> tuple[Document, ...]:
        """Every document that is not there yet, in the order of the steps."""
        return tuple(document for step in self.steps for document in step.missing)

    @property
    def next_step(self) -> Step | None:
        """The first step that is not done; None when all are."""
        return next((step for step in self.steps if not step.done), None)


_QUORUMS = {
    "villagers_meeting": ("村民会议", "the villagers' meeting", "十八周岁以上村民过半数",
                          "more than half of the adults", 1, 2, True, "第二十二条", "art. 22", VILLAGES),
    "household_meeting": ("村民会议(户代表)", "the villagers' meeting (one of each household)",
                          "三分之二以上的户的代表", "two thirds of the households", 2, 3, False, "第二十二条",
                          "art. 22", VILLAGES),
    "representatives": ("村民代表会议", "the representatives' meeting", "三分之二以上的组成人员",
                        "two thirds of its members", 2, 3, False, "第二十六条", "art. 26", VILLAGES),
    "residents_meeting": ("居民会议", "the residents' meeting", "过半数", "more than half of those entitled",
                          1, 2, True, "第九条", "art. 9", RESIDENTS),
}  # fmt: skip


def check_vote(vote: Vote) -> VoteResult:
    """Return whether a vote has quorum and majority, and whether its body may decide on ending a village.

    Notes
    -----
    Villagers' meeting: more than half of the adults, or two thirds of the households, present; more than half of those
    present agree (村民委员会组织法 art. 22). Its consent is what ending a village needs (art. 3); a representatives'
    meeting (two thirds present, more than half agree, art. 26) decides only what it was authorised to (arts. 24, 25).
    Residents' meeting: more than half present, more than half of them agree (城市居民委员会组织法 art. 9).
    """
    zh, en, need, need_en, top, bottom, strict, article, article_en, law = _QUORUMS[vote.body]
    have, mark = vote.present * bottom, vote.entitled * top
    quorate = have > mark if strict else have >= mark
    carried = vote.agreed * 2 > vote.present
    warnings: list[Note] = []
    result: Literal["pass", "fail", "unknown"] = "pass" if quorate and carried else "fail"
    if vote.body == "representatives" and vote.authorised is not True:
        said = "没有村民会议授权" if vote.authorised is False else "没有村民会议授权的记录"
        said_en = "no villagers' meeting authorised it" if vote.authorised is False else "no authorisation is on record"
        warnings.append(Note(
            zh=f"撤销村民委员会须经村民会议同意(《{VILLAGES[0]}》第三条);只由村民代表会议表决,{said},须召开村民会议",
            en=f"Ending a village needs the villagers' meeting (art. 3 of the {VILLAGES[1]}); only the representatives "
               f"voted and {said_en}: call the villagers' meeting",
        ))  # fmt: skip
        if result == "pass":
            result = "fail" if vote.authorised is False else "unknown"
    text_zh = (
        f"{zh}:应到{vote.entitled},实到{vote.present},{'达到' if quorate else '未达到'}{need};"
        f"同意{vote.agreed},{'超过' if carried else '未超过'}到会的半数(《{law[0]}》{article})"
    )
    text_en = (
        f"{en[:1].upper()}{en[1:]}: {vote.present:,} of {vote.entitled:,} present, {'' if quorate else 'short of '}"
        f"{need_en}; {vote.agreed:,} agreed, {'' if carried else 'not '}more than half of those present "
        f"({law[1]}, {article_en})"
    )
    return VoteResult(result, quorate, carried, text_zh, text_en, tuple(warnings))


def procedure(
    row: pd.Series, *, vote: Vote | None = None, there: Collection[str] = (), start: date | None = None,
    timetable: Timetable | None = None,
) -> Procedure:  # fmt: skip
    """Return the procedure of one conversion.

    Parameters
    ----------
    row
        A row of `Conversions.table` of type T1, T2 or T3.
    vote
        What the meeting decided, once it has: it is checked.
    there
        Keys of the documents that are there already.
    start
        Day of the proposal; steps then have dates.
    timetable

    Raises
    ------
    InputError
        For a row of type none, and documents nobody knows.
    """
    days = timetable or Timetable()
    kind = row["type"]
    if kind not in _DOCUMENTS:
        raise InputError(Fault(f"{row['name']} is not converted (type {kind}), so there is no procedure",
                               "choose a row of type T1, T2 or T3", ids=(str(row.name),)))  # fmt: skip
    drafts = _drafts(kind, days)
    known = {document.key for documents in _DOCUMENTS[kind].values() for document in documents}
    if strangers := tuple(sorted(set(there) - known)):
        raise InputError(Fault(f"nobody asks for these documents here: {', '.join(strangers)}",
                               f"use {', '.join(sorted(known))}"))  # fmt: skip
    steps = []
    for number, (key, titles, who, rules, day, statutory) in enumerate(drafts, start=1):
        documents = _DOCUMENTS[kind][key]
        missing = tuple(document for document in documents if document.key not in there)
        due = None if start is None else start + timedelta(days=day)
        steps.append(Step(number, key, *titles, *who, *rules, documents, missing, day, due, statutory))
    checked = None if vote is None else check_vote(vote)
    return Procedure(
        case_id=str(row.name), title_zh=f"{row['name']}:{row['text_zh']}",
        title_en=f"{row['name_en']}: {row['text_en']}",
        steps=tuple(steps), vote=checked, warnings=_warnings(row, vote, checked, there),
    )  # fmt: skip


def _warnings(
    row: pd.Series, vote: Vote | None, checked: VoteResult | None, there: Collection[str]
) -> tuple[Note, ...]:
    warnings = [] if checked is None else list(checked.warnings)
    if checked is not None and not (checked.quorate and checked.carried):
        warnings.append(Note(zh=f"表决不成立:{checked.text_zh}", en=f"The vote does not hold: {checked.text_en}"))
    if vote is not None and vote.body == "residents_meeting" and row["type"] in ("T1", "T2"):
        warnings.append(
            Note(
                zh=f"撤销村民委员会须经村民会议同意(《{VILLAGES[0]}》第三条),居民会议不能代替",
                en="Ending a village needs the villagers' meeting (art. 3); a residents' meeting is none",
            )
        )
    if vote is None and "vote_table" in there:
        warnings.append(
            Note(
                zh="有表决结果但未说明由哪个会议表决,请记录会议类型和人数",
                en="There is a vote table, but which body voted, and how many, is not recorded",
            )
        )
    for i in range(1, 5):
        if row.get(f"condition_{i}") == "unknown":
            warnings.append(Note(zh=f"村改居条件{i}待核", en=f"Condition {i} for conversion is still to be shown"))
        if row.get(f"condition_{i}") == "fail":
            warnings.append(Note(zh=f"不具备村改居条件{i}", en=f"Condition {i} for conversion is not met"))
    return tuple(warnings)


_D = {
    key: Document(key, zh, en)
    for key, zh, en in (
        ("proposal", "镇(街道)建议书", "proposal of the town or subdistrict"),
        ("survey", "村情调查表(土地、资产、收入福利、农业人口、就业、设施)", "survey of the village"),
        ("boundary", "界线说明(四至)和位置图", "description of the boundary, with a map"),
        ("meeting_notice", "村民会议通知(提前十天)", "notice of the villagers' meeting, 10 days ahead"),
        ("minutes", "村民会议记录", "minutes of the villagers' meeting"),
        ("vote_table", "签到册和表决结果表", "attendance list and vote table"),
        ("application", "村民委员会书面申请", "written application of the village"),
        ("roles", "人员过渡方案(村委会成员、村民代表、村民小组长)", "who takes over which role"),
        ("assets", "清产核资报告和集体资产处置方案", "audit and plan for the collective assets"),
        ("neighbour_minutes", "相邻社区居民会议记录", "minutes of the neighbourhood's residents' meeting"),
        ("opinions", "小区居民意见征求记录", "record of what the compound's residents say"),
        ("town_request", "镇(街道)请示(撤销村委会、设立居委会)", "request to the county or district government"),
        ("risk", "社会稳定风险评估", "assessment of risks to stability"),
        ("approval", "县(市、区)人民政府批复", "approval of the county or district government"),
        ("public_notice", "公告(名称、四至、面积、户数、人口、办公地点、意见期限)", "public notice"),
        ("election", "居委会选举(筹备小组)材料", "papers of the election or of the preparing group"),
        ("handover", "资产、账目、档案和印章移交清单", "hand-over list of assets, accounts, files and seals"),
    )
}  # fmt: skip


def _papers(*keys: str) -> tuple[Document, ...]:
    return tuple(_D[key] for key in keys)


_DOCUMENTS = {
    "T1": {
        "propose": _papers("proposal", "survey", "boundary"),
        "notify": _papers("meeting_notice"),
        "vote": _papers("minutes", "vote_table", "application", "roles", "assets"),
        "request": _papers("town_request", "risk"),
        "approve": _papers("approval"),
        "carry_out": _papers("public_notice", "election", "handover"),
    },
    "T3": {
        "propose": _papers("proposal", "boundary"),
        "consult": _papers("opinions"),
        "request": _papers("town_request"),
        "approve": _papers("approval"),
        "carry_out": _papers("public_notice", "election"),
    },
}
_DOCUMENTS["T2"] = {
    **_DOCUMENTS["T1"],
    "vote": _papers("minutes", "vote_table", "application", "roles", "assets", "neighbour_minutes"),
}

_Draft = tuple[str, tuple[str, str], tuple[str, str], tuple[str, str], int, bool]

_TOWN = ("镇人民政府(街道办事处)", "the town or subdistrict")
_COUNTY = ("县(市、区)人民政府", "the county or district government")


def _drafts(kind: str, days: Timetable) -> list[_Draft]:
    """Return (key, titles, who, rules, day, statutory) of every step."""
    comment = days.comment_working_days
    carry_out: _Draft = (
        "carry_out", ("公告、组建居民委员会、移交", "public notice, the new committee, hand-over"), _TOWN,
        (f"公告征求意见不少于{comment}个工作日(惯例);集体资产和村民权益不因改制减少;居委会依法选举(《{RESIDENTS[0]}》第八条)",
         f"comments for at least {comment} working days (custom); no collective asset or right is lost; the committee "
         f"is elected ({RESIDENTS[1]}, art. 8)"),
        days.handover, False,
    )  # fmt: skip
    if kind == "T3":
        return [
            ("propose", ("提出设立建议", "proposal"), _TOWN,
             (f"居委会的设立由不设区的市、市辖区人民政府决定(《{RESIDENTS[0]}》第六条)",
              f"the city or district decides on setting up a residents' committee ({RESIDENTS[1]}, art. 6)"), 0,
             False),
            ("consult", ("征求居民意见", "the residents are heard"), _TOWN,
             (f"召开居民会议的,过半数出席、出席人过半数通过(《{RESIDENTS[0]}》第九条)",
              f"a residents' meeting needs more than half present and more than half of them in favour "
              f"({RESIDENTS[1]}, art. 9)"), days.meeting, False),
            ("request", ("审查上报", "review and request"), _TOWN,
             ("附意见和界线说明", "with the opinions and the boundary"), days.request, False),
            ("approve", ("批复", "approval"), _COUNTY,
             (f"《{RESIDENTS[0]}》第六条", f"{RESIDENTS[1]}, art. 6"), days.approval, False),
            carry_out,
        ]  # fmt: skip
    both = kind == "T2"
    return [
        ("propose", ("提出建议", "proposal"), _TOWN,
         (f"由乡镇人民政府提出(《{VILLAGES[0]}》第三条)", f"the township proposes ({VILLAGES[1]}, art. 3)"), 0, False),
        ("notify", ("通知村民", "villagers are told"), ("村民委员会", "the villagers' committee"),
         (f"提前十天通知村民(《{VILLAGES[0]}》第二十一条)",
          f"10 days before the meeting ({VILLAGES[1]}, art. 21)"), days.notice, True),
        ("vote", ("村民会议讨论表决" + (",相邻社区居民会议讨论" if both else ""),
                  "the villagers' meeting votes" + ("; the neighbourhood's meeting is heard" if both else "")),
         ("村民会议", "the villagers' meeting"),
         (f"十八周岁以上村民过半数或三分之二以上的户的代表参加,到会人员过半数通过(《{VILLAGES[0]}》第三条、第二十二条);"
          "村民代表会议只能决定授权的事项(第二十四条至第二十六条)",
          "more than half of the adults or two thirds of the households present, more than half of those agree "
          f"({VILLAGES[1]}, arts. 3, 22); representatives decide only what they were authorised to (arts. 24-26)"),
         days.meeting, False),
        ("request", ("审查并请示撤销村委会、设立居委会", "review; request to end the village and set up the community"),
         _TOWN, ("附村申请和表决材料", "with the village's application and the papers of the vote"), days.request,
         False),
        ("approve", ("批复", "approval"), _COUNTY,
         (f"县级人民政府批准撤销村委会(《{VILLAGES[0]}》第三条),决定设立居委会(《{RESIDENTS[0]}》第六条)",
          f"the county approves ({VILLAGES[1]}, art. 3), the city or district decides ({RESIDENTS[1]}, art. 6)"),
         days.approval, False),
        carry_out,
    ]  # fmt: skip
