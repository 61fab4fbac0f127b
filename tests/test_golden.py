"""What the demo town gives, held against what it gave: totals first, then tables.

When a change is meant to move these figures: `pytest tests/test_golden.py --golden-update`, look at the map before and
after, and say in the commit why the new result is better.
"""

import json
from pathlib import Path

import pytest

from tests.independent import layer

GOLDEN = Path(__file__).parent / "golden" / "qinghe.json"


def figures(demo: Path) -> dict[str, dict[str, float]]:
    """Return the demo's figures, from its files alone."""
    plan = json.loads((demo / "plan.json").read_text(encoding="utf-8"))
    blocks = layer(demo / "plan.gpkg", "blocks", "block_id")
    seams = layer(demo / "plan.gpkg", "seams", "seam_id")
    after = layer(demo / "plan.gpkg", "communities", "community_id")
    moves = layer(demo / "plan.gpkg", "moves", "move_id")
    return {
        "totals": {
            "blocks": len(blocks),
            "area_m2": blocks.geometry.area.sum(),
            "households": int(blocks["households"].sum()),
            "people": int(blocks["people"].sum()),
            "communities": len(after),
            "moves": len(moves),
            "households_moved": int(moves["households"].sum()),
        },
        "seams_km": (seams.groupby("feature_class")["length_m"].sum() / 1000).to_dict(),
        "households": after["households"].astype(int).to_dict(),
        "people": after["people"].astype(int).to_dict(),
        "area_km2": (after.geometry.area / 1e6).to_dict(),
        "terms": {name: term["value"] for name, term in plan["terms"].items()},
    }


def test_the_demo_town_gives_what_it_gave(demo: Path, request: pytest.FixtureRequest) -> None:
    seen = figures(demo)
    if request.config.getoption("--golden-update"):
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(json.dumps(seen, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    for table, rows in golden.items():
        assert seen[table] == pytest.approx(rows, rel=1e-5, abs=1e-3), table
