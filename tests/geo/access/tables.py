"""Walks between homes and places as a table, and as the pairs that a search would return."""

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from geo.access.reach import Pairs

PACE = 70.0
"""[m/min]"""


def pairs_of(walks: pd.DataFrame) -> Pairs:
    """Return a table (a row per home, a column per place, metres, NaN: no way) as pairs."""
    metres = walks.to_numpy(float)
    origin, place = np.nonzero(~np.isnan(metres))
    walk = metres[origin, place]
    order = np.lexsort((walks.columns.to_numpy()[place], walk, origin))
    origin, place, walk = origin[order].astype(np.int64), place[order].astype(np.int64), walk[order]
    return Pairs(walks.index, walks.columns, origin, place, walk, walk / PACE)


@st.composite
def tables(draw, *, most_homes: int = 8, most_places: int = 4, people: tuple[int, int] = (1, 40)):
    """Draw walks (some missing), people by home and room by place."""
    homes, places = draw(st.integers(1, most_homes)), draw(st.integers(1, most_places))
    index = pd.Index([f"h{i}" for i in range(homes)])
    columns = pd.Index([f"p{j}" for j in range(places)])
    one = st.one_of(st.integers(0, 900), st.none())
    walks = [[draw(one) for _ in range(places)] for _ in range(homes)]
    demand = pd.Series([draw(st.integers(*people)) for _ in range(homes)], index, dtype=float)
    capacity = pd.Series([draw(st.integers(0, 80)) for _ in range(places)], columns, dtype=float)
    return pd.DataFrame(walks, index, columns, dtype=float), demand, capacity
