"""Gaps of facilities as a GeoPackage that QGIS opens already drawn."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from layers.geopackage import write_geopackage
from layers.words import Lang

if TYPE_CHECKING:
    from geo.gaps.result import GapChange, Gaps
    from geo.gaps.surfaces import Surfaces
    from geo.network import Network
    from geo.study import Study


def write_gaps_gpkg(
    gaps: Mapping[str, Gaps],
    path: Path,
    *,
    study: Study,
    surfaces: Surfaces | None = None,
    network: Network | None = None,
    change: GapChange | None = None,
    lang: Lang = "zh",
) -> None:
    """Write a town's gaps to a GeoPackage, whole or not at all."""
    frames = {f"buildings_{name}": each.buildings for name, each in gaps.items()}
    plain = {f"requirements_{name}": each.requirements.reset_index() for name, each in gaps.items()}
    write_geopackage(path, frames, (), plain, lang)
