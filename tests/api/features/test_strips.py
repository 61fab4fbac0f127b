"""Boxes found by strips are those that are found by looking at every one."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from api.features.strips import Strips

side = st.integers(-50, 50).map(float)
size = st.sampled_from([0.0, 1.0, 3.0, 60.0])
box = st.tuples(side, side, size, size).map(lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3]))
nowhere = st.just((np.nan,) * 4)


@given(st.lists(box | nowhere, max_size=60), box)
def test_strips_find_what_meets_the_box(given_boxes, wanted) -> None:
    boxes = np.array(given_boxes, dtype=float).reshape(-1, 4)
    left, bottom, right, top = wanted
    met = (boxes[:, 0] <= right) & (boxes[:, 2] >= left) & (boxes[:, 1] <= top) & (boxes[:, 3] >= bottom)
    assert Strips(boxes).within(wanted).tolist() == np.flatnonzero(met).tolist()
