"""Photos for the survey: small drawings in place of them, one for each name that a finding gives."""

import io
from pathlib import Path

import geopandas as gpd
import numpy as np
from PIL import Image, ImageDraw

SIZE = (160, 120)
GROUND = {"1": "#9a8f80", "2": "#b8a13a", "3": "#7d8893", "4": "#a6a08f", "6": "#6f7d6a", "7": "#8d7f95"}
"""Colour behind the findings of an indicator."""


def draw(finding_id: str, code: str, severity: str) -> bytes:
    """Return a JPEG of 160 × 120 with a crack for each step of severity, and the finding's id."""
    image = Image.new("RGB", SIZE, GROUND.get(code[0], "#8a8a8a"))
    pen = ImageDraw.Draw(image)
    rng = np.random.default_rng([ord(letter) for letter in finding_id])
    for _ in range(1 + ("general", "serious", "very_serious").index(severity)):
        steps = np.cumsum(rng.normal(0, 9, (7, 2)), axis=0) + rng.uniform((20, 15), (140, 95))
        pen.line([tuple(point) for point in steps.tolist()], fill="#2b2622", width=2)
    pen.rectangle((0, 106, 160, 120), fill="#1f2a37")
    pen.text((4, 107), f"{finding_id}  {code}", fill="#ffffff")
    content = io.BytesIO()
    image.save(content, "JPEG", quality=60)
    return content.getvalue()


def write_photos(findings: gpd.GeoDataFrame, folder: Path) -> int:
    """Write the photos that these findings name, and return how many they are."""
    folder.mkdir(parents=True, exist_ok=True)
    named = findings[findings["photo"].notna()]
    number = 0
    for key, code, severity, names in zip(
        named.index, named["code"], named["severity"], named["photo"].str.split(";"), strict=True
    ):
        for name in names:
            (folder / name).write_bytes(draw(Path(name).stem or key, code, severity))
            number += 1
    return number
