"""Options that are refused."""

import numpy as np
import pytest

from geo.errors import InputError
from geo.households import HouseholdOptions


@pytest.mark.parametrize(
    ("option", "value"),
    [("household_size", 0), ("occupancy", -1), ("mixed_share", 1.2), ("flat_m2", np.nan), ("trust", "hearsay")],
)
def test_impossible_options_are_refused(option, value):
    with pytest.raises(InputError, match=option):
        HouseholdOptions(**{option: value})
