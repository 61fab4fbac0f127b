"""The parts of the demo town's generator; `make_town.py` is the way in."""
