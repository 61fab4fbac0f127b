"""The town of two blocks and four houses."""

import pytest
from shapely import box

from tests.geo.households.towns import square, table


@pytest.fixture
def blocks():
    """Two blocks side by side, 100 m each: k1 from x = 0, k2 from x = 100."""
    return table({"k1": box(0, 0, 100, 100), "k2": box(100, 0, 200, 100)})


@pytest.fixture
def homes():
    """Four houses of 10 x 10 m and one floor: a and b on k1, c and d on k2."""
    return table(
        {"a": square(10, 10), "b": square(30, 10), "c": square(110, 10), "d": square(130, 10)},
        use=["residential"] * 4,
        floors=[1.0] * 4,
    )
