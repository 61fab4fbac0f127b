"""A review: what is known of a plan beyond its tables."""

import docx
import pytest

from geo.partition.edits import open_draft
from layers import review as reviews
from layers.reports import write_plan_docx
from layers.review import Review, plan_reasons, review_plan, typeset_review
from tests.layers import town


@pytest.fixture(scope="module")
def draft(tables):
    return open_draft(tables.plan, *town.today())


def test_a_review_has_scorecard_and_heirs_of_the_same_plan(tables, study):
    found = review_plan(tables, study)
    assert list(found.heirs.index) == list(tables.communities_before.index)
    assert list(found.heirs["heir_id"].dropna()) == ["B", "C", "D", "V"]
    assert "青石社区的最大部分" in found.heirs.loc["A", "text_zh"]
    measures = found.scorecard.measures.set_index("measure")
    assert measures.loc["households_moved", "after"].max() == tables.moves["households"].sum()
    assert (found.reasons, found.conversions, found.alternatives) == (None, None, None)


def test_a_first_division_has_no_heirs_and_nothing_to_compare_with(study, tmp_path):
    tables = town.first_division()
    found = review_plan(tables, study)
    assert found.heirs is None
    assert found.scorecard.measures["before"].isna().all()
    write_plan_docx(tables, tmp_path / "a.docx", study=study, review=found)
    made = docx.Document(tmp_path / "a.docx")
    text = "\n".join(paragraph.text for paragraph in made.paragraphs)
    assert "现状无社区划分，以下按四项原则" in text
    assert "变好" not in text
    assert "（没有现状社区）" in text
    heads = [[cell.text for cell in table.rows[0].cells] for table in made.tables]
    assert heads.count(["序号", "指标", "方案"]) == 3


def test_reasons_call_communities_by_their_names(tables, draft):
    found = plan_reasons(draft, tables)
    assert set(found.communities) == set(tables.communities.index)
    assert "b10" in found.blocks
    assert "新城社区" in found.blocks["b23"][0]
    assert "Xincheng" in found.blocks["b23"][1]
    for zh, en in (*found.communities.values(), *found.blocks.values()):
        assert not any(f"({key})" in text for key in town.NAMES for text in (zh, en.replace("（", "(")))
        assert "，" not in en
        assert "," not in zh


def test_reasons_of_large_towns_are_left_out(tables, draft, monkeypatch):
    monkeypatch.setattr(reviews, "MOST_EXPLAINED", len(tables.blocks) - 1)
    assert plan_reasons(draft, tables) is None


def test_chinese_sentences_of_a_review_get_chinese_signs(review):
    told = typeset_review(review)
    assert (
        told.conversions.table.loc["V", "text_zh"] == "撤销赵家村村民委员会（640户），与柳岸社区合并设立一个居民委员会"
    )
    assert told.alternatives.gives_up.loc["B", "text_zh"] == "方案B：得：界线；失：户。"
    assert review.alternatives.gives_up.loc["B", "text_zh"] == "方案B:得:界线;失:户。", "the input is not changed"
    assert typeset_review(None) == Review()
