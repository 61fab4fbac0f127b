"""Farm houses: the register of parcel, house and household, and 拆/改/用 for each house with its reason."""

from geo.farmhouses.joining import Ground, read_parcels
from geo.farmhouses.register import Register, read_register
from geo.farmhouses.result import FarmHouses, HouseOverride
from geo.farmhouses.sorting import sort_houses

__all__ = ["FarmHouses", "Ground", "HouseOverride", "Register", "read_parcels", "read_register", "sort_houses"]
