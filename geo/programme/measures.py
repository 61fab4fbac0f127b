"""Findings turned into measures: what to do, how much of it, at what cost for whom, and how much it is needed."""

from collections.abc import Collection

import geopandas as gpd

COLUMNS = (
    "key", "title_zh", "title_en", "class_", "safety", "trench", "elder_child", "remedy", "subject", "subject_id",
    "site_id", "site_name", "community_id", "finding_ids", "codes", "numbers", "quantity", "quantity_low",
    "quantity_high", "unit", "quantity_source_zh", "quantity_source_en", "unit_yuan", "price_source", "cost_yuan",
    "public_yuan", "residents_yuan", "social_yuan", "need", "severity", "households", "households_known", "years_open",
    "trench_group", "needs", "excludes", "priced", "example_cost", "ready", "why_not_zh", "why_not_en",
)  # fmt: skip
"""Columns of a table of measures; see `measures`."""
