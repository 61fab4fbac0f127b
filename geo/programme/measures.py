"""Findings turned into measures: what to do, how much of it, at what cost for whom, and how much it is needed."""

COLUMNS = (
    "key", "title_zh", "title_en", "class_", "safety", "trench", "elder_child", "remedy", "subject", "subject_id",
    "site_id", "site_name", "community_id", "finding_ids", "codes", "numbers", "quantity", "quantity_low",
    "quantity_high", "unit", "quantity_source_zh", "quantity_source_en", "unit_yuan", "price_source", "cost_yuan",
    "public_yuan", "residents_yuan", "social_yuan", "need", "severity", "households", "households_known", "years_open",
    "trench_group", "needs", "excludes", "priced", "example_cost", "ready", "why_not_zh", "why_not_en",
)  # fmt: skip
"""Columns of a table of measures, index measure_id (`key:subject:subject_id`), geometry the subject's.

key, title_zh, title_en, class_ (basic, improve, upgrade), safety, trench, elder_child (flags), remedy (works, management)
of the menu; subject, subject_id; site_id (`estate_id`, `block:<block_id>`, `unit:<unit_id>`), site_name, community_id
(missing where none); finding_ids, codes, numbers (of indicators), joined by ;; quantity in `unit`, between quantity_low
and quantity_high (NaN unknown), with its source as a sentence; unit_yuan, price_source; cost_yuan and its parts
public_yuan, residents_yuan, social_yuan (NaN without price or quantity); need and what it is made of (severity,
households, households_known, years_open); trench_group (measures of one group are done in the same year; missing:
none); needs, excludes (keys of the menu joined by ;); priced, example_cost (flags); ready (it can be chosen), else
why_not_zh, why_not_en.
"""
