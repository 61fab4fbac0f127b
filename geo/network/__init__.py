"""The walking network: streets and paths as people walk them, and the places joined to them."""

from geo.network.build import network_of, walking_network
from geo.network.network import BOTH, KINDS, LEFT, RIGHT, Joins, Network
from geo.network.options import SPEEDS, Speed, WalkOptions

__all__ = [
    "BOTH", "KINDS", "LEFT", "RIGHT", "SPEEDS", "Joins", "Network", "Speed", "WalkOptions", "network_of",
    "walking_network",
]  # fmt: skip
