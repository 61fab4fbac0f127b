"""What was asked of a plan, in words."""

import re
from dataclasses import replace

import pytest

from geo.partition.plan import Condition, Lock, PlanOptions, SeamRule
from layers.provenance import provenance
from layers.requirements import requirements
from tests.layers import town

OPTIONS = PlanOptions(
    locks=(
        Lock(kind="as_is", ids=("V",)), Lock(kind="together", ids=("A", "H")),
        Lock(kind="apart", ids=("b00", "b01", "b02", "b03", "b10", "b11", "b12"), of="blocks"),
    ),
    conditions=(
        Condition(kind="has", community="C", ids=("b03",)),
        Condition(kind="lacks", community="C", ids=("e0",), of="estates"),
        Condition(kind="office", community="B"), Condition(kind="not_touching", community="V", ids=("D", "N")),
    ),
    seams=(
        SeamRule(rule="forbid_cross", feature_name="清河"), SeamRule(rule="prefer", feature_class="primary"),
        SeamRule(rule="prefer", feature_class="residential", feature_name="柳巷", strength=-1),
        SeamRule(rule="forbid_cut", feature_class="river"),
    ),
    minimal_change=True,
)  # fmt: skip
SAID = [
    ("赵家村保持原状", "Zhaojia Village kept exactly as today"),
    ("青石社区、河口社区须在同一社区", "Qingshi, Hekou in one community"),
    ("街坊b00、b01、b02、b03、b10、b11等7处须在不同社区",
     "blocks b00, b01, b02, b03, b10, b11 and others, 7 in all in different communities"),
    ("街坊b03须在文昌社区", "blocks b03 with Wenchang"),
    ("小区e0不得在文昌社区", "estates e0 not with Wenchang"),
    ("柳岸社区的办公场所须在其范围内", "Liu'an keeps its own office inside"),
    ("赵家村不得与东门社区、新城社区相邻", "Zhaojia Village without a common border with Dongmen, Xincheng"),
    ("不得跨越清河", "no community across 清河"),
    ("主干路宜作边界", "borders along primary road preferred"),
    ("柳巷（街巷）不宜作边界", "borders along 柳巷 (street, lane) avoided"),
    ("河流水系不得作边界", "river, canal, water never a border"),
]  # fmt: skip


@pytest.fixture(scope="module")
def asked(tables):
    return replace(tables, plan=tables.plan.model_copy(update={"options": OPTIONS}))


def test_every_lock_condition_and_rule_is_said_in_both_languages(asked):
    found = requirements(asked)
    assert [(one.text_zh, one.text_en) for one in found] == SAID
    assert [one.option for one in found] == ["locks"] * 3 + ["conditions"] * 4 + ["seams"] * 4
    assert (found[6].community_id, found[6].ids, found[6].of) == ("V", ("D", "N"), "communities")


def test_nothing_asked_says_nothing(tables):
    assert requirements(tables) == []


def test_provenance_tells_requests_in_words_not_in_code(asked):
    told = {row.label[0]: row.value for row in provenance(asked, town.study())}
    assert told["参数：锁定"][0] == "；".join(zh for zh, _ in SAID[:3])
    assert told["参数：单个社区的条件"][1] == "; ".join(en for _, en in SAID[3:7])
    assert told["参数：最小调整"] == ("是", "yes")
    weights = {"weights": {"change": 6}, "cut_costs": {"primary": -0.5}}
    other = replace(asked, plan=asked.plan.model_copy(update={"options": PlanOptions.read(weights)}))
    told = {row.label[0]: row.value for row in provenance(other, town.study())}
    assert told["参数：权重"] == ("变动 6", "change 6")
    assert not any(re.search(r"[{}\[\]]", value[0]) for value in told.values())
