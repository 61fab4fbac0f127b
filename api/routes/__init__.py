"""The web: a route is three lines."""
