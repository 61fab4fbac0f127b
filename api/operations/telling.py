"""How operations tell their callers how far they are."""

from collections.abc import Callable

Told = Callable[[str, float], None]
"""How long work tells its caller what it does and how far it is (0 to 1); it may raise to cancel."""
