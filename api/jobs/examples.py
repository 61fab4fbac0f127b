"""A request to each process that could be sent as it stands: pages show it, and a test reads it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

EXAMPLES: Mapping[str, Mapping[str, Any]] = MappingProxyType({
    "import": {"files": ["uploads/town.gpkg"], "crs": "EPSG:4549"},
    "blocks": {"borders": "villages", "min_width_m": 20},
    "households": {"trust": "communities", "household_size": 2.6},
    "plan": {"id": "plan-1", "title": "方案一", "profile": "seed-3000",
             "options": {"min_households": 2400, "max_households": 3600, "effort": "normal"}},
    "alternatives": {"id": "choices", "count": 3, "options": {"effort": "quick"}},
    "report": {"plan": "plan-1", "lang": "en"},
    "convert": {"profile": "seed-3000"},
    "survey": {"files": ["uploads/survey.xlsx"], "valid_rows_only": False},
    "examine": {"id": "2026", "catalogue": "examination-2025", "today": "2026-11-01"},
    "programme": {"id": "2027-2029", "options": {"years": [2027, 2028, 2029],
                                                "budgets_yuan": [3_000_000, 3_000_000, 3_000_000]}},
    "gaps": {"id": "today", "standards": ["six-ones"]},
    "siting": {"id": "elders", "standard": "six-ones", "needs": ["elders"], "count": 3},
    "export": {"collections": ["communities", "buildings"], "format": "gpkg"},
})  # fmt: skip
"""Process → inputs. Ids of plans and keys of files are such as a study may have."""
