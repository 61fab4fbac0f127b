"""Which old estates come first: candidates for renovation with visible points, and the rules each meets or breaks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd

from geo.study import Study

if TYPE_CHECKING:
    from geo.examination.result import Examination
    from geo.standards.rules import SiteRules


@dataclass(frozen=True)
class Candidates:
    """Sites for renovation in their order.

    Attributes
    ----------
    table : GeoDataFrame
        Index site_id (estate_id, or `block:<block_id>`), best first: rank (Int64, NA for excluded sites), group
        ("candidate", "to_confirm", "unknown_year", "excluded"), name, name_en, community_id, year_built, households,
        buildings, findings, … points_total, reasons_zh, reasons_en; the site's geometry.
    parts : DataFrame
        One row per site and part of its points: site_id, part, title_zh, title_en, raw, unit, share, weight, points,
        known (False: the part's data are missing, and it gives no points).
    verdicts : DataFrame
        One row per site and rule: site_id, rule, list, severity, verdict ("pass", "fail", "unknown"), measured,
        allowed, text_zh, text_en, source.
    """

    table: gpd.GeoDataFrame
    parts: pd.DataFrame
    verdicts: pd.DataFrame
    notes: tuple[tuple[str, str], ...] = ()


def candidates(
    study: Study,
    examination: "Examination",
    *,
    rules: "SiteRules",
    consent: pd.Series | None = None,
    weights: Mapping[str, float] | None = None,
) -> Candidates:
    """Return the candidates for renovation, ranked, with the rules each meets or breaks."""
    raise NotImplementedError
