"""From texts to structure: the four bounds, landmarks, house numbers and actions that a Chinese or English text states.

The text is cut into items at its commas and stops outside brackets, and each item is read by what it begins or ends
with: 东至A路 opens a side, A路以西 closes one, 将…划入B encloses what moves. What is not understood is a `Remark` with
its place. Only plain searches run over the text, so that no text takes long.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from geo.boundary_text.words import (
    EXCLAVE,
    ISLAND,
    OPPOSITE,
    OUTER_BORDERS,
    PLOT,
    SIDES,
    UNNAMED,
    ZH,
    Bounds,
    Chain,
    Edge,
    Note,
    Remark,
    Side,
)
from geo.errors import Fault, InputError

LONGEST: Final = 8000
"""A text of more characters is refused: the longest published sentence has a few hundred."""

Deed = Literal["abolish", "keep", "create", "rename", "adjust", "transfer", "divide"]


@dataclass(frozen=True)
class Area:
    """Land that a text means, by whatever it says of it."""

    bounds: Bounds = field(default_factory=lambda: Bounds((), (), (), ()))
    """Sides that are not told are empty; notes (含, 不含) stand here in any case."""
    landmarks: tuple[str, ...] = ()
    """A—B—C片区: places it lies between, in the text's order."""
    doors: tuple[str, ...] = ()
    """House numbers, each written out: 888弄1-3号, 888弄5-12号."""
    limits: tuple[Edge, ...] = ()
    """Lines that bound it, the text does not say on which side: 以210国路为界."""
    name: str = ""
    """What it is called: 老街片区, or the community of which all is meant."""
    within: str = ""
    """The community it is part of: 将A社区内…."""


@dataclass(frozen=True)
class Action:
    """What a sentence does to a community."""

    kind: Deed
    community: str
    """Who is abolished, kept, set up, renamed, adjusted, divided, or gives; "" where the text leaves it open."""
    areas: tuple[Area, ...] = ()
    """What moves, or the new range; nothing means all of it (整体划入)."""
    targets: tuple[str, ...] = ()
    """Who receives; the new name; the parts of a division."""
    sources: tuple[str, ...] = ()
    """Of whom a new community is made, where the text tells."""


@dataclass(frozen=True)
class ParsedBounds:
    """A text, understood."""

    text: str
    area: Area
    """The land the text describes outside of any action."""
    actions: tuple[Action, ...] = ()
    households: int | None = None
    people: int | None = None
    area_km2: float | None = None
    remarks: tuple[Remark, ...] = ()
    """Every fragment that was not understood."""

    @property
    def land(self) -> Area:
        """The land the text describes: its own, or the one range or parcel that its actions tell."""
        told = [area for action in self.actions for area in action.areas]
        return told[0] if self.area == Area() and len(told) == 1 else self.area

    @property
    def bounds(self) -> Bounds:
        """The four bounds of `land`."""
        return self.land.bounds

    @property
    def unresolved(self) -> tuple[str, ...]:
        """The fragments that were not understood."""
        return tuple(remark.fragment for remark in self.remarks)


def parse_bounds(text: str) -> ParsedBounds:
    """Return what a text on a boundary says.

    Understood are both forms (东至A路, A路以西; "east to", "west of") with their verbs, directions in any order and
    combined, chains, aliases and notes in brackets; landmarks, house numbers, households, people and km²; and the
    actions of a plan's sentences (撤销, 保留, 设立, 调整, 更名, 划入, 划分). Half and full width are the same.

    Raises
    ------
    InputError
        When the text is empty, longer than `LONGEST`, or says nothing of the kind.

    Examples
    --------
    >>> parsed = parse_bounds("东至白马路，南至苏州路、西接青鱼路、北接杭州西路(含奥园小区)。8540户,20536人")
    >>> parsed.bounds.east[0][0].name, parsed.bounds.notes[0].name, parsed.households, parsed.people
    ('白马路', '奥园小区', 8540, 20536)
    >>> parse_bounds("撤销甲社区,将甲社区整体划入乙社区管辖").actions[1]
    Action(kind='transfer', community='甲社区', areas=(), targets=('乙社区',), sources=())
    """
    if not isinstance(text, str) or not text.strip():
        raise InputError(Fault("the text of a boundary is empty", "write it as 东至A路,南至B路,西至C路,北至D路"))
    if len(text) > LONGEST:
        raise InputError(
            Fault(f"the text of a boundary has {len(text)} characters; at most {LONGEST} are read",
                  "give one community or one sentence at a time")
        )  # fmt: skip
    plain = text.translate(_HALF)
    english = _English(plain)
    parsed = english.read(text) if english.heads else _made_of(plain, text)
    figures = (parsed.households, parsed.people, parsed.area_km2)
    if parsed.area == Area() and not parsed.actions and all(figure is None for figure in figures):
        shown = text.strip()[:40]
        raise InputError(
            Fault(f"nothing in this text is a boundary: {shown!r}", "write it as 东至A路,南至B路,西至C路,北至D路")
        )
    return parsed


_MADE_OF: Final = re.compile(r"设立([^,;。\n]{1,60}),(由([^,;。\n]{1,300})组成)(?=,)")


def _made_of(plain: str, text: str) -> ParsedBounds:
    """Return what a Chinese text says; 设立N,由A整体、B的部分区域组成,范围为… names its sources first."""
    found = list(_MADE_OF.finditer(plain))
    for one in found:
        plain = f"{plain[: one.start(2)]}{',' * (one.end(2) - one.start(2))}{plain[one.end(2) :]}"
    parsed = _Chinese(plain).read(text)
    share = re.compile(r"(?:的?部分区域|整体|全部)$")
    sources = {
        one[1].strip(): tuple(share.sub("", name.strip()) for name in re.split("[、和]", one[3])) for one in found
    }
    actions = tuple(
        replace(action, sources=sources[action.community])
        if action.kind == "create" and action.community in sources
        else action
        for action in parsed.actions
    )
    return replace(parsed, actions=actions)


# ── what both languages share ────────────────────────────────────────────────────────────────────────────────────────
_HALF: Final = str.maketrans(
    {"，": ",", "；": ";", "：": ":", "（": "(", "）": ")", "〔": "(", "〕": ")", "【": "(", "】": ")", "[": "(",
     "]": ")", "\u3000": " ", "\xa0": " ", "–": "—", "―": "—", "─": "—", "－": "-", "～": "-",
     "．": ".", "\t": " ", "\r": "\n", **{chr(0xFF10 + i): str(i) for i in range(10)}}
)  # fmt: skip
"""Signs that mean the same, one character for one, so that places in the text stay."""

_AXIS: Final[dict[str, Side]] = {zh: side for side, zh in ZH.items()}
_UNNAMED_LINES: Final[dict[str, tuple[str, str, str]]] = {
    word: (zh, en, kind) for kind, (zh, en) in reversed(list(UNNAMED.items())) for word in (zh, en)
}
_OUTER: Final[dict[str, tuple[str, str]]] = {word: (zh, en) for zh, en in OUTER_BORDERS.items() for word in (zh, en)}
_PAIRS: Final[dict[str, tuple[str, str]]] = {word: pair for pair in (EXCLAVE, ISLAND) for word in pair}


def _masked(text: str) -> str:
    """Return the text with everything in brackets blanked; a bracket that is never closed opens nothing."""
    letters, opened = list(text), []
    for i, letter in enumerate(text):
        if letter == "(":
            opened.append(i)
        elif letter == ")" and opened:
            start = opened.pop()
            if not opened:
                letters[start : i + 1] = "\0" * (i + 1 - start)
    return "".join(letters)


def _edge(name: str, beyond: tuple[str, ...] = (), aliases: tuple[str, ...] = ()) -> Edge:
    """Return the line of that name: an unnamed one, a border, or a feature of its own."""
    pairs = tuple((other, other) for other in beyond)
    if name in _UNNAMED_LINES:
        zh, en, kind = _UNNAMED_LINES[name]
        outer = next((_OUTER[alias] for alias in aliases if alias in _OUTER), None)
        if outer:
            return Edge(f"{zh}({outer[0]})", f"{en} ({outer[1]})", kind, named=False, beyond=pairs)
        return Edge(zh, en, kind, named=False, beyond=pairs, aliases=aliases)
    if name in _OUTER:
        return Edge(*_OUTER[name], "study_edge", named=False, beyond=pairs, aliases=aliases)
    if name in PLOT:
        return Edge(*PLOT, "none", named=False, beyond=pairs, aliases=aliases)
    border = re.fullmatch(r"(?:与)?(.+?)(?:的?边界|交界|界)|(?:the )?border (?:of|with) (.+)", name)
    if border:
        unit = border[1] or border[2]
        return Edge(f"{unit}界", f"the border of {unit}", "border", named=False, beyond=pairs, aliases=aliases)
    return Edge(name, name, "other", beyond=pairs, aliases=aliases)


def _note(included: bool, name: str) -> Note:
    zh, en = _PAIRS.get(name, (name, name))
    return Note(included, zh, en)


@dataclass
class _Draft:
    """An area while it is read."""

    sides: dict[Side, list[Chain]] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    landmarks: list[str] = field(default_factory=list)
    doors: list[str] = field(default_factory=list)
    limits: list[Edge] = field(default_factory=list)
    name: str = ""
    within: str = ""

    def area(self) -> Area:
        east, south, west, north = (tuple(self.sides.get(side, ())) for side in SIDES)
        return Area(
            Bounds(east, south, west, north, tuple(dict.fromkeys(self.notes))), tuple(self.landmarks),
            tuple(self.doors), tuple(self.limits), self.name, self.within,
        )  # fmt: skip


class _Reader:
    """What is read so far, and what was not understood."""

    def __init__(self, plain: str, *, inside: bool = False) -> None:
        self.plain = plain
        self.inside = inside  # of a detached part, which has no detached parts of its own
        self.masked = _masked(plain)
        self.draft = _Draft()
        self.actions: list[Action] = []
        self.remarks: list[Remark] = []
        self.figures: dict[str, float] = {}

    def puzzled(self, start: int, end: int) -> None:
        """Note that a fragment was not understood; blanks and stops are not worth a word."""
        fragment = self.plain[start:end]
        bare = fragment.strip(" \n,;.。、:")
        if bare:
            at = start + fragment.index(bare[0])
            self.remarks.append(Remark(bare, at, f"看不懂“{bare}”(第{at + 1}字)", f"not understood: {bare!r} at {at}"))

    def brackets(self, start: int, end: int) -> tuple[int, list[tuple[int, int]]]:
        """Return where the name before the first bracket ends, and the inside of each bracket; note what follows."""
        groups, at = [], start
        while at < end and self.masked[at] != "\0":
            at += 1
        named = at
        while at < end:
            if self.masked[at] != "\0":
                rest = at
                while at < end and self.masked[at] != "\0":
                    at += 1
                self.puzzled(rest, at)
                continue
            opened, depth = at, 0
            while at < end:
                depth += {"(": 1, ")": -1}.get(self.plain[at], 0)
                at += 1
                if depth == 0:
                    break
            groups.append((opened + 1, at - 1))
        return named, groups

    def result(self, text: str) -> ParsedBounds:
        households, people = self.figures.get("households"), self.figures.get("people")
        return ParsedBounds(
            text, self.draft.area(), tuple(self.actions),
            None if households is None else int(households), None if people is None else int(people),
            self.figures.get("area_km2"), tuple(sorted(self.remarks, key=lambda remark: remark.position)),
        )  # fmt: skip


# ── Chinese ──────────────────────────────────────────────────────────────────────────────────────────────────────────
_DIRECTION = "(东南|东北|西南|西北|[东南西北])"
_HEAD = re.compile(rf"{_DIRECTION}(?:面|侧|边|部)?(?:起至|毗邻|接壤|至|起|临|靠|倚|接|抵|邻|到|以|依|连)(?:于|近)?")
_ALONE = re.compile(rf"{_DIRECTION}(?:面|侧|边)?")
_CLOSING = re.compile(rf"以{_DIRECTION}(?:侧|面)?")
_BARE_NAME = re.compile(r"(?:大道|路|街|道|巷|里|山|河|界)?")
_FILLERS = re.compile(r"(?:同时|另外|并且|其中|以及|另|并|其|现|拟|[一二三四五六七八九十\d]{1,3}、)")
_OPENERS = re.compile(r"(?:其)?(?:管辖|调整后的?|具体)?(?:四至)?(?:范围|边界)?(?:为|是|不变|调整为)?|调整后|四至")
_UNIT = r"(?:社区|居民委员会|村民委员会|居委会|村委会|居民区|村|里|区域|片区)"
_WITHIN = re.compile(rf"([^、,()以]{{1,40}}?{_UNIT}|[^\u3400-\u9fff、,()]{{1,60}})内")
_MOVES = re.compile(r"(?:划入|划归|划给|并入|列入|纳入)到?")
_MOVED = re.compile(r"(?:社区)?(?:管辖|管理)(?:范围)?$")
_COUNTED = re.compile(r"(?:等)?([两二三四五六七八九十\d]{1,3})个(?:区域|地块|片区|部分)$")
_TAKEN_AS = re.compile(r"(?:等)?(?:的)?(?:区域|地块|部分|范围)$")
_FACTS = re.compile(r"(?:约|共|辖区|现有|常住|总|居民|人口|面积|为|有|户数|人数| )*(\d[\d,]*(?:\.\d+)?)(?:余|多)? *"
                    r"(?P<unit>户|人|平方公里|平方千米|km²|km2|公顷)(?:居民)?")  # fmt: skip
_DIVIDED = re.compile(r"为界(?:划分|拆分|分)(?:为|成)")
_DOORS = re.compile(r"(.{0,40}弄)?(\d+(?:-\d+)?(?:号|幢|栋)(?:楼)?)")
_ENDS_AS_AREA = re.compile(r"(?:范围|片区|区域|一带|地块|园区)$")
_MIDDLE_TO = re.compile(r"(?<=[路街道巷弄河渠江桥])至(?=[^\0])")
_NUMBERS = {"两": 2, **{numeral: i for i, numeral in enumerate("一二三四五六七八九十", start=1)}}


@dataclass(frozen=True)
class _Item:
    start: int
    end: int
    before: str
    """The sign before it."""


class _Chinese(_Reader):
    """Reads item by item; `pending` are names that wait for what closes them (A路、B路以西)."""

    def __init__(self, plain: str, *, inside: bool = False) -> None:
        super().__init__(plain, inside=inside)
        self.open: tuple[Side, ...] = ()
        self.directions: tuple[Side, ...] = ()
        self.pending: list[_Item] = []
        self.moving: list[_Draft] | None = None
        self.subject = ""
        self.lane = ""

    def read(self, text: str) -> ParsedBounds:
        for item in self._items():
            if item.before in ";。\n":
                self._end_of_clause()
            self._item(item.start, item.end, item)
        self._end_of_clause()
        return self.result(text)

    def _items(self) -> Iterator[_Item]:
        start, before = 0, "\n"
        masked = self.masked
        for i, sign in enumerate(masked):
            digits = 0 < i < len(masked) - 1 and masked[i - 1].isdigit() and masked[i + 1].isdigit()
            splits = sign in ";。\n:、" or (sign == "," and not digits)
            # 和 parts two areas after a side that is closed: …以东和…以南
            splits = splits or (sign == "和" and bool(re.search(r"以[东南西北]{1,2}\0*$", masked[max(0, i - 300) : i])))
            if splits:
                yield _Item(start, i, before)
                start, before = i + 1, "," if sign == ":" else sign
        yield _Item(start, len(masked), before)

    # ── one item ─────────────────────────────────────────────────────────────────────────────────────────────────────
    def _item(self, start: int, end: int, item: _Item) -> None:  # noqa: PLR0912 - one branch per kind of item
        start, end = self._trimmed(start, end)
        masked = self.masked
        if start >= end:
            return
        fact = _FACTS.fullmatch(masked, start, end)
        if fact:
            self._fact(fact)
            return
        filler = _FILLERS.match(masked, start, end)
        if filler and filler.end() < end and masked[filler.end()] in "将撤保设以东南西北":
            start = start if _HEAD.match(masked, start, end) else filler.end()
        opener = _OPENERS.match(masked, start, end)
        if opener and opener.end() > start and (opener.end() == end or _HEAD.match(masked, opener.end(), end)):
            start = opener.end()
            if start == end:
                return
        if masked[start] == "将":
            self._begin_move()
            start += 1
        moves = _MOVES.search(masked, start, end)
        if moves and (self.moving is not None or not _HEAD.match(masked, start, end)):
            if self.moving is None:
                self._begin_move()
            self._moved(start, moves.start(), moves.end(), end, item)
            return
        if self.moving is not None and not self.moving[-1].within:
            start = self._within(start, end)
            if start >= end:
                return
        if self.moving is None and self._deed(start, end):
            return
        alone = _ALONE.fullmatch(masked, start, end)
        if alone:
            self.directions += _directions(alone[1])
            return
        head = _HEAD.match(masked, start, end)
        if head and not self._is_bare(head.end(), end):
            self._flush()
            self.open = tuple(dict.fromkeys([*self.directions, *_directions(head[1])]))
            self.directions = ()
            self._add_chain(head.end(), end, told_before=())
            return
        closings = list(_CLOSING.finditer(masked, start, end))
        if closings:
            self._close(start, closings[-1], end)
            return
        divided = _DIVIDED.search(masked, start, end)
        if divided:
            self._divide(start, divided, end)
            return
        if self.open and item.before == "、" and not _DOORS.fullmatch(masked, start, end):
            self._add_chain(start, end, told_before=self.open)
            return
        if not self._doors(start, end):
            self.pending.append(_Item(start, end, item.before))

    def _trimmed(self, start: int, end: int) -> tuple[int, int]:
        while start < end and self.plain[start] in " \n":
            start += 1
        while end > start and self.plain[end - 1] in " \n":
            end -= 1
        return start, end

    def _is_bare(self, start: int, end: int) -> bool:
        """Return whether what follows a side's verb is no name, so that it is a name itself: 东临路以西."""
        name = _CLOSING.sub("", re.split("[—\0-]", self.masked[start:end], maxsplit=1)[0])
        return _BARE_NAME.fullmatch(name) is not None and start < end

    def _fact(self, fact: re.Match[str]) -> None:
        amount = float(fact[1].replace(",", ""))
        unit = fact["unit"]
        key = {"户": "households", "人": "people"}.get(unit, "area_km2")
        if key in self.figures:
            self.puzzled(*fact.span())
        else:
            self.figures[key] = amount / 100 if unit == "公顷" else amount

    # ── lines ────────────────────────────────────────────────────────────────────────────────────────────────────────
    def _add_chain(self, start: int, end: int, *, told_before: tuple[Side, ...]) -> None:
        area = self.moving[-1] if self.moving is not None else self.draft
        chain = self._chain(start, end, area)
        for side in told_before or self.open:
            if not told_before and area.sides.get(side):
                self.puzzled(start, end)  # a side is told twice
            elif chain:
                area.sides.setdefault(side, []).append(chain)

    def _chain(self, start: int, end: int, area: _Draft) -> Chain:
        masked, edges, at = self.masked, [], start
        cuts = [i for i in range(start, end) if self._joins(i, start, end)]
        for cut in [*cuts, end]:
            edge = self._edge(*self._trimmed(at, cut), area)
            if edge is not None:
                edges.append(edge)
            at = cut + 1
        return tuple(edges) if masked else ()

    def _joins(self, i: int, start: int, end: int) -> bool:
        """Return whether the sign at i joins two lines of a chain."""
        sign, masked = self.masked[i], self.masked
        if sign == "—":
            return True
        if sign == "-":
            around = masked[max(start, i - 1) : i] + masked[i + 1 : min(end, i + 2)]
            return not (len(around) == 2 and around.isascii() and around.isalnum())
        return sign == "至" and i > start and _MIDDLE_TO.match(masked, i, end) is not None

    def _edge(self, start: int, end: int, area: _Draft) -> Edge | None:
        if start >= end:
            return None
        named, groups = self.brackets(start, end)
        omitted = re.search("…+", self.masked[start:named])
        if omitted:
            self.puzzled(start + omitted.start(), named)
            named = start + omitted.start()
        name = self.plain[start:named].strip()
        closing = _CLOSING.search(name)
        if closing and closing.end() == len(name) and closing.start() > 0:
            name = name[: closing.start()]  # 南靠黄荆山以北 says its side twice
        name = re.sub(r"(?<=.)(?:为界|围合的?区域|止)$", "", name)
        beyond: list[str] = []
        aliases: list[str] = []
        for a, b in groups:
            inside = self.plain[a:b].strip()
            border = re.fullmatch(r"与(.+)交界", inside)
            limit = re.fullmatch(r"以(.+)为界", inside)
            if border:
                beyond += _listed(border[1])
            elif limit:
                area.limits.append(_edge(limit[1]))
            elif inside.startswith(("含", "不含", "包括", "包含", "不包括", "除")):
                self._notes(a, b, area)
            elif inside:
                aliases += _listed(inside)
        if not name:
            self.remarks += [] if not aliases else [
                Remark(alias, start, f"“{alias}”前没有名称", f"{alias!r} follows no name") for alias in aliases
            ]  # fmt: skip
            return None
        return _edge(name, tuple(beyond), tuple(aliases))

    def _notes(self, start: int, end: int, area: _Draft) -> None:
        apart = re.match(rf"(不含|含)({EXCLAVE[0]}|{ISLAND[0]}):", self.plain[start:end])
        if apart and not self.inside:
            inner = _Chinese(" " * (start + apart.end()) + self.plain[start + apart.end() : end], inside=True)
            bounds = inner.read("").bounds
            area.notes.append(Note(apart[1] == "含", *_PAIRS[apart[2]], bounds))
            self.remarks += inner.remarks
            return
        included: bool | None = None
        for part in re.finditer(r"[^,;、]+", self.plain[start:end]):
            words = part[0].strip()
            sign = re.match(r"不含|不包括|除|含|包括|包含", words)
            if sign:
                included = not sign[0].startswith(("不", "除"))
                words = words[sign.end() :]
                if sign[0] == "除":
                    words = re.sub(r"(?:以外|之外|外)$", "", words)
            if included is not None and words.strip(" :"):
                area.notes.append(_note(included, words.strip(" :")))

    def _close(self, start: int, closing: re.Match[str], end: int) -> None:
        """Read A路以西: the names that waited and this one are the east; a side told already begins a new area."""
        sides = tuple(OPPOSITE[side] for side in _directions(closing[1]))
        area = self.moving[-1] if self.moving is not None else self.draft
        if any(side in area.sides for side in sides):
            if self.moving is None:
                self.puzzled(start, end)
                return
            area = _Draft(within=area.within)
            self.moving.append(area)
        waiting = [(item.start, item.end) for item in self.pending] + [(start, closing.start())]
        self.pending, self.open = [], ()
        for a, b in waiting:
            chain = self._chain(a, b, area)
            if chain:
                for side in sides:
                    area.sides.setdefault(side, []).append(chain)
        named, groups = self.brackets(closing.end(), end)
        for a, b in groups:
            limit = re.fullmatch(r"以(.+)为界", self.plain[a:b].strip())
            if limit:
                area.limits.append(_edge(limit[1]))
            elif self.plain[a:b].strip().startswith(("含", "不含", "包括", "包含", "不包括", "除")):
                self._notes(a, b, area)
            else:
                self.puzzled(a, b)
        rest = self.plain[closing.end() : named].strip().removeprefix("的").removeprefix("之")
        if rest and not _COUNTED.fullmatch(rest) and not _TAKEN_AS.fullmatch(rest):
            if _ENDS_AS_AREA.search(rest) and not area.name:
                area.name = rest
            else:
                self.puzzled(closing.end(), named)

    # ── what a plan does ─────────────────────────────────────────────────────────────────────────────────────────────
    def _begin_move(self) -> None:
        self._flush()
        self.open, self.moving = (), [_Draft()]

    def _within(self, start: int, end: int) -> int:
        """Read A社区内 at the beginning of what moves; return where the rest begins."""
        within = _WITHIN.match(self.masked, start, end)
        if within is None or self.moving is None:
            return start
        self.moving[-1].within = within[1].strip()
        return within.end()

    def _moved(self, start: int, verb: int, target: int, end: int, item: _Item) -> None:
        """Read …划入B社区管辖: what stands before the verb is the last of what moves."""
        moving = self.moving or [self.draft]
        if not moving[0].within:
            start = self._within(start, verb)
        count = _COUNTED.search(self.masked, start, verb)
        stop = count.start() if count else verb
        whole = re.search(r"(?:整体|全部|整建制)(?:一并)?$", self.masked[start:stop])
        if whole:
            stop = start + whole.start()
        closes = any(True for _ in _CLOSING.finditer(self.masked, start, stop))
        if closes or self.pending or _HEAD.match(self.masked, start, stop):
            self._item(start, stop, item) if start < stop else None
        elif start < stop:
            self.pending.append(_Item(start, stop, item.before))
        named, groups = self.brackets(target, end)
        for a, b in groups:
            self.puzzled(a, b)
        receiver = _MOVED.sub("", self.plain[target:named].strip()) or self.plain[target:named].strip()
        if self.plain[target:named].strip().endswith(("社区管辖", "社区管理")):
            receiver += "" if receiver.endswith("社区") else "社区"
        within = moving[0].within or self.subject
        areas = [draft.area() for draft in moving if draft != _Draft(within=draft.within)]
        for waiting in self.pending:
            areas += self._called(waiting)
        self.pending, self.moving, self.open = [], None, ()
        giver = within
        if whole and len(areas) == 1 and areas[0] == Area(name=areas[0].name):
            giver, areas = areas[0].name, []
        areas = [area if area.name and not _has_sides(area) else _inside(area, within) for area in areas]
        if count:
            told = _NUMBERS.get(count[1], int(count[1]) if count[1].isdigit() else 0)
            if told != len(areas):
                self.remarks.append(
                    Remark(count[0], count.start(), f"说是{told}个区域,读到{len(areas)}个",
                           f"{told} areas are announced, {len(areas)} were found")
                )  # fmt: skip
        self.actions.append(Action("transfer", giver, tuple(areas), (receiver,)))

    def _called(self, item: _Item) -> list[Area]:
        """Return the areas that are only called by name: 老街片区和工业园区."""
        areas, at = [], item.start
        for cut in [*(i for i in range(item.start, item.end) if self.masked[i] == "和"), item.end]:
            draft = _Draft()
            named, groups = self.brackets(*self._trimmed(at, cut))
            self._read_brackets(groups, draft)
            start, _ = self._trimmed(at, cut)
            chain = [part.strip() for part in re.split("—+", self.plain[start:named]) if part.strip()]
            if len(chain) > 1:
                draft.landmarks = [*chain[:-1], *([last] if (last := _ENDS_AS_AREA.sub("", chain[-1])) else [])]
            else:
                draft.name = chain[0] if chain else ""
            if draft != _Draft():
                areas.append(draft.area())
            at = cut + 1
        return areas

    def _read_brackets(self, groups: list[tuple[int, int]], draft: _Draft) -> None:
        for a, b in groups:
            inside = self.plain[a:b].strip()
            limit = re.fullmatch(r"以(.+)为界", inside)
            if limit:
                draft.limits.append(_edge(limit[1]))
            elif inside.startswith(("含", "不含", "包括", "包含", "不包括", "除")):
                self._notes(a, b, draft)
            else:
                self.puzzled(a, b)

    def _deed(self, start: int, end: int) -> bool:
        """Read 撤销A, 保留A, 设立A, 调整A范围, A更名为B; return whether it was one of these."""
        words = self.plain[start:end]
        for verb, kind in _DEEDS:
            if words.startswith(verb) and len(words) > len(verb):
                self._flush()
                name = re.sub(r"(?:的?管辖)?(?:范围|边界)$", "", words[len(verb) :]).strip()
                name, note = self._unbracketed(name, start + len(verb))
                if kind in ("abolish", "keep"):
                    self.subject = name
                    self.actions += [Action(kind, unit) for unit in _listed(name)]
                else:
                    self._describe(kind, name)
                self.remarks += note
                return True
        renamed = re.search(r"(?:更名为|改名为|改称)", words)
        if renamed and renamed.start() > 0:
            self._flush()
            old, new = words[: renamed.start()].strip(), words[renamed.end() :].strip()
            self.actions.append(Action("rename", old, targets=(new,)))
            self.subject = self.subject or old
            return True
        return False

    def _unbracketed(self, name: str, at: int) -> tuple[str, list[Remark]]:
        head, sign, rest = name.partition("(")
        inside = rest.removesuffix(")")
        if not sign or not inside:
            return name, []
        told = Remark(inside, at + len(head) + 1, f"看不懂“{inside}”", f"not understood: {inside!r}")
        return head.strip(), [told]

    def _describe(self, kind: Deed, name: str) -> None:
        """Begin the range of a community: the bounds that follow are its own."""
        self._settle()
        self.draft = _Draft()
        self.subject = name
        self.actions.append(Action(kind, name))

    def _settle(self) -> None:
        """Give the bounds read since the last action that has a range to that action."""
        area = self.draft.area()
        owner = next((i for i in reversed(range(len(self.actions))) if self.actions[i].kind in _RANGED), None)
        if owner is not None and area != Area() and not self.actions[owner].areas:
            done = self.actions[owner]
            self.actions[owner] = Action(done.kind, done.community, (area,), done.targets)
            self.draft = _Draft()

    def _divide(self, start: int, divided: re.Match[str], end: int) -> None:
        """Read (A社区)以L为界划分为B和C."""
        by = self.masked.rfind("以", start, divided.start())
        line = self.plain[by + 1 : divided.start()].strip() if by >= 0 else ""
        parts = [part for name in _listed(self.plain[divided.end() : end]) for part in name.split("和")]
        if by < 0 or not line or len(parts) < 2:
            self.puzzled(start, end)
            return
        whole = self.plain[start:by].removeprefix("将").strip()
        self.actions.append(
            Action("divide", whole, (Area(limits=(_edge(line),)),), tuple(part.strip() for part in parts))
        )

    # ── landmarks, doors, leftovers ──────────────────────────────────────────────────────────────────────────────────
    def _doors(self, start: int, end: int) -> bool:
        found = _DOORS.fullmatch(self.masked, start, end)
        if found is None:
            self.lane = ""
            return False
        self.lane = (found[1] or self.lane).strip()
        self.draft.doors.append(self.lane + found[2])
        return True

    def _flush(self) -> None:
        """Read the names that nothing has closed: landmarks (A—B—C片区), or they are not understood."""
        waiting, self.pending = self.pending, []
        for item in waiting:
            named, groups = self.brackets(item.start, item.end)
            name = self.plain[item.start : named].strip()
            chain = [part.strip() for part in re.split("—+", name) if part.strip()]
            area = _ENDS_AS_AREA.search(name) is not None
            if not self.draft.landmarks and ((len(chain) > 1 and not self.draft.sides) or (area and len(chain) > 1)):
                last = _ENDS_AS_AREA.sub("", chain[-1])
                self.draft.landmarks = [*chain[:-1], *([last] if last else [])]
            elif area and not self.draft.name and not self.draft.sides:
                self.draft.name = name
            else:
                self.puzzled(item.start, item.end)
                continue
            self._read_brackets(groups, self.draft)

    def _end_of_clause(self) -> None:
        if self.moving is not None:
            for draft in self.moving:
                if draft != _Draft():
                    self.puzzled(*self._clause_of_move())
                    break
            self.moving = None
        self._flush()
        self._settle()
        for side in self.directions:
            self.remarks.append(
                Remark(ZH[side], 0, f"“{ZH[side]}”后没有边界", f"nothing follows the direction {side!r}")
            )
        self.open, self.directions, self.lane = (), (), ""

    def _clause_of_move(self) -> tuple[int, int]:
        """Return the whole text from its last 将: a move that names no receiver."""
        return max(0, self.masked.rfind("将")), len(self.plain)


_DEEDS: Final[tuple[tuple[str, Deed], ...]] = (
    ("撤销", "abolish"), ("撤并", "abolish"), ("保留", "keep"), ("设立", "create"), ("新设立", "create"),
    ("新设", "create"), ("成立", "create"), ("新建", "create"), ("调整", "adjust"),
)  # fmt: skip
_RANGED: Final = ("create", "adjust", "keep")


def _directions(word: str) -> tuple[Side, ...]:
    return tuple(_AXIS[letter] for letter in word)


def _listed(words: str) -> list[str]:
    return [part.strip() for part in re.split(r"[、,]", words) if part.strip()]


def _has_sides(area: Area) -> bool:
    return any(area.bounds.side(side) for side in SIDES)


def _inside(area: Area, within: str) -> Area:
    return Area(area.bounds, area.landmarks, area.doors, area.limits, area.name, area.within or within)


# ── English ──────────────────────────────────────────────────────────────────────────────────────────────────────────
_HEADS_EN = re.compile(r"\b(?:(north|south)-?)?(east|west|north|south) (to|of) (?=\S)", re.IGNORECASE)
_SHORTENED = re.compile(r"\b(?:Vil|Rd|St|Ave|Av|Blvd|Sec|Ln|Dr|Mt|Hwy|Ctr)$", re.IGNORECASE)
_FACTS_EN = re.compile(r"(\d[\d,]*(?:\.\d+)?) *(households|people|residents|km²|km2|square kilometres)", re.IGNORECASE)


class _English(_Reader):
    """Reads "east to A – B and C, south to D (including E; excluding F)" and "west of A, north of B"."""

    def __init__(self, plain: str, *, inside: bool = False) -> None:
        super().__init__(plain, inside=inside)
        self.heads = [head for head in _HEADS_EN.finditer(self.masked) if self._begins(head)]

    def read(self, text: str) -> ParsedBounds:
        heads = self.heads
        facts = list(_FACTS_EN.finditer(self.masked))
        for fact in facts:
            unit = fact[2].lower()
            key = {"households": "households", "people": "people", "residents": "people"}.get(unit, "area_km2")
            self.figures.setdefault(key, float(fact[1].replace(",", "")))
        first = heads[0].start() if heads else len(self.plain)
        self._around(0, first, facts)
        ends = [head.start() for head in heads[1:]] + [len(self.plain)]
        for head, end in zip(heads, ends, strict=True):
            stop = next((fact.start() for fact in facts if head.end() <= fact.start() < end), end)
            stop = min(stop, next((i for i in range(head.end(), end) if self.masked[i] in ";\n"), end))
            self._side(head, stop)
            self._around(stop, end, facts)
        return self.result(text)

    def _begins(self, head: re.Match[str]) -> bool:
        before = self.masked[: head.start()].rstrip(" ")
        return not before or before[-1] in ",;:.\n" or before.endswith(" and")

    def _around(self, start: int, end: int, facts: list[re.Match[str]]) -> None:
        at = start
        for fact in facts:
            if start <= fact.start() < end:
                self.puzzled(at, fact.start())
                at = fact.end()
        self.puzzled(at, end)

    def _side(self, head: re.Match[str], end: int) -> None:
        words = [word.lower() for word in head.group(1, 2) if word]
        told: list[Side] = [side for word in words for side in SIDES if side == word]
        sides = told if head[3].lower() == "to" else [OPPOSITE[side] for side in told]
        start = head.end()
        while end > start and (self.plain[end - 1] in " ,;" or self._is_stop(end - 1)):
            end -= 1
        if self.masked[start:end].endswith(" and"):
            end -= 4
        chains: list[Chain] = []
        for a, b in self._split(start, end, re.compile(" and ")):
            edges = [self._edge(c, d) for c, d in self._split(a, b, re.compile(" ?— ?| - "))]
            chains.append(tuple(edge for edge in edges if edge is not None))
        for side in sides:
            if side in self.draft.sides:
                self.puzzled(head.start(), end)
            else:
                self.draft.sides[side] = [chain for chain in chains if chain]

    def _is_stop(self, i: int) -> bool:
        """Return whether the full stop at i ends a sentence, and not a short word: Xitun Vil."""
        return self.plain[i] == "." and _SHORTENED.search(self.plain, 0, i) is None

    def _split(self, start: int, end: int, at: re.Pattern[str]) -> list[tuple[int, int]]:
        parts = []
        for cut in at.finditer(self.masked, start, end):
            parts.append((start, cut.start()))
            start = cut.end()
        return [*parts, (start, end)]

    def _edge(self, start: int, end: int) -> Edge | None:
        named, groups = self.brackets(start, end)
        name = self.plain[start:named].strip(" ,")
        beyond: list[str] = []
        aliases: list[str] = []
        for a, b in groups:
            inside = self.plain[a:b].strip()
            if inside.startswith("border with "):
                beyond += _listed(inside.removeprefix("border with "))
            elif inside.startswith(("including ", "excluding ")):
                self._notes(a, inside)
            else:
                aliases += _listed(inside)
        if not name:
            self.puzzled(start, end)
            return None
        return _edge(name, tuple(beyond), tuple(aliases))

    def _notes(self, at: int, inside: str) -> None:
        apart = re.match(rf"(including|excluding) ({EXCLAVE[1]}|{ISLAND[1]}): ", inside)
        if apart and not self.inside:
            inner = _English(" " * (at + apart.end()) + inside[apart.end() :], inside=True)
            self.draft.notes.append(Note(apart[1] == "including", *_PAIRS[apart[2]], inner.read("").bounds))
            self.remarks += inner.remarks
            return
        for part in inside.split(";"):
            sign, _, names = part.strip().partition(" ")
            self.draft.notes += [_note(sign == "including", name) for name in _listed(names)]
