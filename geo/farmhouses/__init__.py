"""Farm houses: the register of parcel, house and household, and 拆/改/用 for each house with its reason."""

from geo.farmhouses.result import FarmHouses, HouseOverride

__all__ = ["FarmHouses", "HouseOverride"]
