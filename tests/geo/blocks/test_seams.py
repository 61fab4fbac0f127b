"""Seams from pieces of border: one row for each pair and feature, short stretches folded, names in two languages."""

import numpy as np
import pandas as pd
import pytest

from geo.blocks.lines import features_of
from geo.blocks.seams import Borders, seam_table


def features(*rows):
    """Each row: kind, name, English name, barrier."""
    columns = ["kind", "name", "name_en", "barrier"]
    table = pd.DataFrame(rows, columns=columns).assign(oneway=-1, roundabout=False, origin="road", row="r")
    return features_of([table])


def pieces(*rows):
    """Each row: x from, x to (along y = 0), left block, right block, feature."""
    start = np.array([(row[0], 0.0) for row in rows])
    end = np.array([(row[1], 0.0) for row in rows])
    left, right, feature = (np.array([row[i] for row in rows]) for i in (2, 3, 4))
    return Borders(start, end, left, right, feature)


ROADS = features(
    ("primary", "甲路", "Jia Road", False), ("primary", "甲路", "", False), ("river", "清河", "Qing River", True)
)


def table(*rows, ids=("B1", "B2")):
    return seam_table(pieces(*rows), ROADS, list(ids), "EPSG:32650")


def test_one_row_for_each_feature_and_pieces_become_one_line():
    seams = table((0, 50, 0, 1, 0), (50, 120, 0, 1, 1), (120, 200, 0, 1, 2))
    assert list(zip(seams.feature_name, seams.feature_name_en, seams.length_m, strict=True)) == [
        ("清河", "Qing River", 80), ("甲路", "Jia Road", 120)]  # fmt: skip
    assert list(seams.geom_type) == ["LineString", "LineString"]
    assert list(seams.barrier) == [True, False]
    assert list(seams.index) == ["S00001", "S00002"]


def test_a_border_with_a_gap_is_one_row_of_two_parts():
    seams = table((0, 50, 0, 1, 0), (90, 120, 0, 1, 0))
    assert list(seams.geom_type) == ["MultiLineString"]
    assert seams.length_m.to_list() == [80]


def test_short_stretches_take_the_longest_name_but_keep_their_length():
    seams = table((0, 11, 0, 1, 2), (11, 120, 0, 1, 0))
    assert seams[["feature_name", "length_m"]].to_numpy().tolist() == [["甲路", 120]]
    assert table((0, 11, 0, 1, 2)).feature_name.to_list() == ["清河"]


def test_pairs_are_ordered_as_text_and_outside_comes_last():
    seams = table((0, 50, 1, 0, 0), (50, 120, -1, 1, -1), ids=("z", "a"))
    assert seams[["block_a", "block_b"]].to_numpy().tolist() == [["a", "z"], ["a", "outside"]]
    assert seams.feature_name.isna().sum() == 1


def test_no_pieces_no_rows():
    empty = Borders(np.empty((0, 2)), np.empty((0, 2)), *(np.empty(0, np.int64) for _ in range(3)))
    assert len(seam_table(empty, ROADS, ["B1"], "EPSG:32650")) == 0


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 0, 1]])
def test_order_of_pieces_does_not_matter(order):
    rows = [(0, 50, 0, 1, 0), (50, 120, 1, 0, 1), (120, 200, 0, 1, 2)]
    one, two = table(*rows), table(*(rows[i] for i in order))
    assert one.drop(columns="geometry").equals(two.drop(columns="geometry"))
