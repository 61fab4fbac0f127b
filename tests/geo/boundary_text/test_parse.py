"""Texts to structure: published sentences, both forms, and what is not understood."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.boundary_text import (
    SIDES,
    Action,
    Area,
    Bounds,
    Edge,
    Note,
    bounds_of_en,
    bounds_of_zh,
    bounds_to_en,
    bounds_to_zh,
    parse_bounds,
)
from geo.boundary_text.parse import LONGEST
from geo.errors import InputError
from layers.words import fullwidth


def told(bounds: Bounds) -> dict[str, list[list[str]]]:
    """Return side → chains of names, without the sides that are not told."""
    chains = {side: [[edge.name for edge in chain] for chain in bounds.side(side)] for side in SIDES}
    return {side: names for side, names in chains.items() if names}


# ── published sentences ──────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(("text", "expected"), [
    ("东至白马路,南至苏州路、西接青鱼路、北接杭州西路",
     {"east": [["白马路"]], "south": [["苏州路"]], "west": [["青鱼路"]], "north": [["杭州西路"]]}),
    ("东起沿湖路张吾祥湾,西临东钢中路(怡园路),南靠黄荆山以北,北倚骆驼山",
     {"east": [["沿湖路张吾祥湾"]], "west": [["东钢中路"]], "south": [["黄荆山"]], "north": [["骆驼山"]]}),
    ("东至广德路、南至淮南铁路线、西至郎溪路、北至新安江路",
     {"east": [["广德路"]], "south": [["淮南铁路线"]], "west": [["郎溪路"]], "north": [["新安江路"]]}),
    ("东至马岗社区交界", {"east": [["马岗社区界"]]}),
    ("南至老通扬运河,北至罗塘西路,东至中干河,西至双登大道",
     {"south": [["老通扬运河"]], "north": [["罗塘西路"]], "east": [["中干河"]], "west": [["双登大道"]]}),
    ("东至六和路-礼耕路-宸庆路、勤富路", {"east": [["六和路", "礼耕路", "宸庆路"], ["勤富路"]]}),
    ("白马路以西、苏州路以北、青鱼路以东、杭州西路以南",
     {"east": [["白马路"]], "south": [["苏州路"]], "west": [["青鱼路"]], "north": [["杭州西路"]]}),
    ("黔桂铁路以南的老街片区", {"north": [["黔桂铁路"]]}),
    ("东南至甲路，西、北以乙路为界",
     {"east": [["甲路"]], "south": [["甲路"]], "west": [["乙路"]], "north": [["乙路"]]}),
    ("四至范围：东至甲路至乙路，南至G15-3线——K2桥", {"east": [["甲路", "乙路"]], "south": [["G15-3线", "K2桥"]]}),
    ("东至至善里界—何安里界,西至至善路", {"east": [["至善里界", "何安里界"]], "west": [["至善路"]]}),
    ("East to Baima Road, north-west of Suzhou Road – K2 and the river",
     {"east": [["Baima Road"], ], "south": [["Suzhou Road", "K2"], ["the river"]]}),
])  # fmt: skip
def test_sides_of_published_sentences(text: str, expected: dict[str, list[list[str]]]) -> None:
    parsed = parse_bounds(text)
    if text.startswith("East"):  # north-west of a line: it is the south-east edge, and the east is told already
        assert parsed.unresolved == ("north-west of Suzhou Road — K2 and the river",)
    else:
        assert parsed.remarks == ()
    assert told(parsed.bounds) == expected


def test_brackets_are_aliases_stages_notes_or_neighbours() -> None:
    assert parse_bounds("西临东钢中路（怡园路）").bounds.west[0][0].aliases == ("怡园路",)
    noted = parse_bounds(
        "东起凤翔大道北,南至东城大道,西至海逸路,北至附城大道(含奥园小区、碧桂园,不含中职校)。8540户,20536人"
    )
    assert noted.bounds.notes == (
        Note(True, "奥园小区", "奥园小区"), Note(True, "碧桂园", "碧桂园"), Note(False, "中职校", "中职校")
    )  # fmt: skip
    assert (noted.households, noted.people, noted.area_km2, noted.remarks) == (8540, 20536, None, ())
    border = parse_bounds("东至无名道路(与马岗社区、冠山村交界),西至铁路线（镇界）").bounds
    assert border.east[0][0].beyond == (("马岗社区", "马岗社区"), ("冠山村", "冠山村"))
    assert border.west[0][0] == Edge("铁路线(镇界)", "the railway (the town border)", "railway", named=False)


def test_an_omission_is_reported_with_its_place() -> None:
    parsed = parse_bounds("东至鉴江东(河西段)…墙内")
    assert told(parsed.bounds) == {"east": [["鉴江东"]]}
    assert parsed.bounds.east[0][0].aliases == ("河西段",)
    assert [(remark.fragment, remark.position) for remark in parsed.remarks] == [("…墙内", 10)]


def test_house_numbers_share_their_lane() -> None:
    assert parse_bounds("888弄1-3号、5-12号").area.doors == ("888弄1-3号", "888弄5-12号")


def test_figures() -> None:
    parsed = parse_bounds("东至甲路,南至乙路。面积约1.5平方公里,共3,000户、9,500人")
    assert (parsed.area_km2, parsed.households, parsed.people) == (1.5, 3000, 9500)
    english = parse_bounds("west of A Road, north of the railway. 3,000 households")
    assert told(english.bounds) == {"east": [["A Road"]], "south": [["铁路线"]]}
    assert (english.households, english.remarks) == (3000, ())


# ── what a plan does ─────────────────────────────────────────────────────────────────────────────────────────────────
def sides(*names: str) -> Bounds:
    """Return bounds of one line each, east south west north; "" for none."""
    east, south, west, north = (((Edge(name, name, "other"),),) if name else () for name in names)
    return Bounds(east, south, west, north)


def test_whole_and_split_transfers() -> None:
    whole = parse_bounds("撤销A社区,将A社区整体划入B社区管辖")
    assert whole.actions == (Action("abolish", "A社区"), Action("transfer", "A社区", (), ("B社区",)))
    split = parse_bounds("撤销A社区,将P路以南、Q路以西、R路以北、S路以东划入B社区管辖;将T路以南、U路以西划入C社区管辖")
    assert split.actions == (
        Action("abolish", "A社区"),
        Action("transfer", "A社区", (Area(sides("Q路", "R路", "S路", "P路"), within="A社区"),), ("B社区",)),
        Action("transfer", "A社区", (Area(sides("U路", "", "", "T路"), within="A社区"),), ("C社区",)),
    )
    assert split.remarks == ()


def test_three_parcels_to_one_community() -> None:
    text = ("保留A社区,将A社区内甲路以南、乙路以西、丙路以北、丁路以东、甲路以南、戊路以西、丙路以北、乙路以东"
            "和己路以南、庚路以西、辛路以北、壬路以东三个区域划入D社区管辖")  # fmt: skip
    keep, transfer = parse_bounds(text).actions
    assert keep == Action("keep", "A社区")
    first, second, third = (area.bounds for area in transfer.areas)
    assert (first, second) == (sides("乙路", "丙路", "丁路", "甲路"), sides("戊路", "丙路", "乙路", "甲路"))
    assert third == sides("庚路", "辛路", "壬路", "己路")
    assert (transfer.community, transfer.targets) == ("A社区", ("D社区",))
    assert parse_bounds(text).remarks == ()
    assert parse_bounds(text.replace("三个", "四个")).unresolved == ("四个区域",), "four are announced, three found"


@pytest.mark.parametrize(("text", "action"), [
    ("冠山村更名为城南社区", Action("rename", "冠山村", targets=("城南社区",))),
    ("以新安江路为界划分为漕冲社区和兴漕社区",
     Action("divide", "", (Area(limits=(Edge("新安江路", "新安江路", "other"),)),), ("漕冲社区", "兴漕社区"))),
    ("设立N社区,范围为东至甲路,南至乙路,西至丙路,北至丁路",
     Action("create", "N社区", (Area(sides("甲路", "乙路", "丙路", "丁路")),))),
    ("调整B社区范围，调整后东至甲路，南至乙路，西至丙路，北至丁路",
     Action("adjust", "B社区", (Area(sides("甲路", "乙路", "丙路", "丁路")),))),
    ("保留B社区,范围不变:东至甲路,南至乙路,西至丙路,北至丁路",
     Action("keep", "B社区", (Area(sides("甲路", "乙路", "丙路", "丁路")),))),
    ("将甲社区全部并入乙社区", Action("transfer", "甲社区", (), ("乙社区",))),
    ("将西安里内甲路以南划入至善里管辖",
     Action("transfer", "西安里", (Area(sides("", "", "", "甲路"), within="西安里"),), ("至善里",))),
])  # fmt: skip
def test_other_actions(text: str, action: Action) -> None:
    parsed = parse_bounds(text)
    assert parsed.actions == (action,)
    assert parsed.remarks == ()


def test_landmarks_with_exclusions_and_additions() -> None:
    parsed = parse_bounds(
        "县医院—城关小学—汽车站范围(以210国路为界)(不含中职校),同时将工业园片区和物流园区列入城南社区管理"
    )
    assert parsed.area == Area(
        Bounds((), (), (), (), (Note(False, "中职校", "中职校"),)), ("县医院", "城关小学", "汽车站"),
        limits=(Edge("210国路", "210国路", "other"),),
    )  # fmt: skip
    assert parsed.actions == (Action("transfer", "", (Area(name="工业园片区"), Area(name="物流园区")), ("城南社区",)),)
    assert parsed.remarks == ()
    assert parse_bounds("黔桂铁路以南的老街片区").area == Area(sides("", "", "", "黔桂铁路"), name="老街片区")


# ── what is not understood ───────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(("text", "said"), [
    ("", "is empty"), ("  \n", "is empty"), ("东至甲路" * LONGEST, f"at most {LONGEST}"),
    ("天气很好", "nothing in this text is a boundary"), (",,,;、", "nothing in this text is a boundary"),
    ("hello there", "nothing in this text is a boundary"),
])  # fmt: skip
def test_texts_that_are_refused(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        parse_bounds(text)


@given(st.integers(0, 4), st.sampled_from(["胡言乱语", "另有一处", "(", "hm"]))
def test_nothing_is_dropped_in_silence(place: int, nonsense: str) -> None:
    parts = ["东至甲路", "南至乙路", "西至丙路", "北至丁路"]
    text = ",".join([*parts[:place], nonsense, *parts[place:]])
    parsed = parse_bounds(text)
    assert told(parsed.bounds) == told(sides("甲路", "乙路", "丙路", "丁路"))
    found = [(remark.fragment, remark.position) for remark in parsed.remarks]
    assert found == [(nonsense, text.index(nonsense))]


def test_a_side_told_twice_and_a_direction_without_a_line_are_reported() -> None:
    assert parse_bounds("东至甲路,东至乙路").unresolved == ("乙路",)
    assert parse_bounds("东至甲路,南").unresolved == ("南",)
    assert "将甲社区内乙路以南" in parse_bounds("东至甲路。将甲社区内乙路以南").unresolved[0]


@settings(max_examples=60, deadline=None)
@given(
    st.text(alphabet="东南西北至以将划入界甲路社区内的和、,，;。()（）—-…含不与交个三号弄1以为 撤销\n", max_size=120)
)
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parsed = parse_bounds(text)
    except InputError:
        return
    assert parsed.text == text
    plain = text.replace("（", "(").replace("）", ")").replace("，", ",")
    assert all(remark.fragment in plain or remark.fragment in "东南西北" for remark in parsed.remarks)


@pytest.mark.parametrize(
    "unit", ["以", "东至", "(", "甲—", "将", "以东和", "不含、(", "约共", "1-", "east to ", "与界", "东至甲(含飞地:"]
)
def test_long_nonsense_takes_no_time(unit: str) -> None:
    """Eight thousand characters of what a backtracking pattern stumbles over: the test would hang."""
    text = (unit * LONGEST)[: LONGEST - 4] + "东至甲路"
    try:
        parsed = parse_bounds(text)
    except InputError:
        return
    assert parsed.text == text


# ── there and back ───────────────────────────────────────────────────────────────────────────────────────────────────
NAME = st.one_of(
    st.text(alphabet="甲乙丙丁戊己庚辛", min_size=1, max_size=3).map(lambda name: name + "路"),
    st.sampled_from(["东临路", "北一街", "至善街", "清河", "Baima Road", "Xitun Vil. Lane", "臺灣大道1230巷", "K-1线"]),
)
UNITS = st.lists(st.sampled_from(["马岗社区", "至善里", "Magang", "Xi'an Vil."]), max_size=2, unique=True)


@st.composite
def edges(draw: st.DrawFn) -> Edge:
    """Any line as a text can say it: the same in both languages, its class as far as words tell."""
    beyond = tuple((unit, unit) for unit in draw(UNITS))
    aliases = tuple(draw(st.lists(st.sampled_from(["怡园路", "一期"]), max_size=2, unique=True)))
    name = draw(NAME)
    unit = draw(st.sampled_from(["马岗社区", "至善里", "Magang"]))
    return draw(st.sampled_from([
        Edge(name, name, "other", aliases=aliases),
        Edge(name, name, "other", aliases=aliases, beyond=beyond),
        Edge("无名道路", "an unnamed road", "motorway", named=False, beyond=beyond),
        Edge("铁路线(区界)", "the railway (the district border)", "railway", named=False),
        Edge("镇界", "the town border", "study_edge", named=False),
        Edge("地块边界", "the plot boundary", "none", named=False),
        Edge(f"{unit}界", f"the border of {unit}", "border", named=False),
    ]))  # fmt: skip


CHAINS = st.lists(st.lists(edges(), min_size=1, max_size=3).map(tuple), min_size=1, max_size=3).map(tuple)
NAMED = st.sampled_from(["奥园小区", "竹园等5个小区", "Zhuyuan", "马岗社区"]).map(lambda name: (name, name))
UNNAMED = st.sampled_from([("飞地", "a detached part"), ("内部地块", "an inner plot")])
NOTED = st.lists(st.tuples(st.booleans(), st.one_of(NAMED, UNNAMED)), max_size=3, unique=True).map(
    lambda notes: tuple(Note(included, *name) for included, name in sorted(notes, reverse=True))
)
APART = st.builds(Note, st.booleans(), st.just("飞地"), st.just("a detached part"),
                  st.builds(Bounds, CHAINS, CHAINS, CHAINS, CHAINS))  # fmt: skip
ALL_NOTES = st.builds(lambda named, apart: named + apart, NOTED, st.lists(APART, max_size=1).map(tuple))
BOUNDS = st.builds(Bounds, CHAINS, CHAINS, CHAINS, CHAINS, ALL_NOTES)


@settings(deadline=None, max_examples=60)
@given(BOUNDS, st.sampled_from(list(itertools.permutations(SIDES))))
def test_every_text_of_bounds_is_read_back(bounds: Bounds, order: tuple[str, ...]) -> None:
    """Both forms, both languages, any order of the sides, half or full width: the same bounds again."""
    for say in (bounds_to_zh, bounds_of_zh, bounds_to_en, bounds_of_en):
        text = say(bounds, order)  # type: ignore[arg-type]
        variants = [text]
        if say in (bounds_to_zh, bounds_of_zh):
            variants += [fullwidth(text), text.translate(str.maketrans(",;()", "，；（）"))]
        for variant in variants:
            parsed = parse_bounds(variant)
            assert parsed.bounds == bounds, variant
            assert parsed.remarks == ()


def test_a_new_community_tells_of_whom_it_is_made() -> None:
    parsed = parse_bounds(
        "设立新城西社区，由新城社区整体、文化社区和工农社区的部分区域组成，范围为东至学院路，南至清河大道"
    )
    assert parsed.unresolved == ()
    (action,) = parsed.actions
    assert (action.kind, action.community) == ("create", "新城西社区")
    assert action.sources == ("新城社区", "文化社区", "工农社区")
    assert action.areas[0].bounds.south[0][0].name == "清河大道"
