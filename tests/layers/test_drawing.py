"""What printed maps have in common."""

import pytest
from matplotlib import font_manager

from layers.drawing import CHINESE_FONTS, chinese_font


def test_a_font_that_was_installed_after_matplotlib_made_its_list_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    if chinese_font() is None:
        pytest.skip("no font with Chinese characters on this machine")
    fonts = font_manager.fontManager
    files = {font.fname for font in fonts.ttflist if font.name in CHINESE_FONTS}
    monkeypatch.setattr(fonts, "ttflist", [font for font in fonts.ttflist if font.fname not in files])
    assert chinese_font() in CHINESE_FONTS
