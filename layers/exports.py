"""A plan as a GeoPackage that QGIS opens already drawn: layers in metres with their ids, and their styles inside."""

from pathlib import Path

import pandas as pd

from geo.partition.actions import PlanTables
from layers.catalogue import catalogue, conversions_layer
from layers.features import layer_frames, typeset
from layers.geopackage import Drawn, write_geopackage
from layers.provenance import plan_limits
from layers.requirements import requirements
from layers.review import Review, typeset_review
from layers.words import Lang

SPATIAL = ("communities_before", "communities", "blocks", "seams", "moves")
PLAIN = ("matrix", "violations", "terms")


def write_plan_gpkg(tables: PlanTables, path: Path, *, lang: Lang = "zh", review: Review | None = None) -> None:
    """Write a plan's layers and tables to a GeoPackage, whole or not at all; the same plan gives the same bytes.

    Layers `blocks`, `seams`, `communities`, `communities_before` and `moves` carry their ids as columns and their QGIS
    styles in the table `layer_styles`: QGIS draws each as on the page. `communities` and `communities_before` have a
    second style, households against the limits. `matrix`, `violations`, `terms` and `requirements` (what was asked)
    are tables without geometry. A review adds a layer `conversions`, and tables `scorecard`, `heirs` and `alternatives`
    (the community of every block in each plan), as far as it has them.

    Parameters
    ----------
    tables
        The plan's tables; their metric CRS is kept.
    path
        The file; one that is there is replaced.
    lang
        Language of legends, labels and column aliases in QGIS.
    review
        What else is known of the plan (`layers.review.review_plan`).
    """
    drawn = plan_drawn(tables, review=review)
    write_geopackage(path, drawn.frames, drawn.styles, drawn.plain, lang)


def plan_drawn(tables: PlanTables, *, review: Review | None = None) -> Drawn:
    """Return the layers, tables and styles of a plan as `write_plan_gpkg` writes them."""
    tables, review = typeset(tables), typeset_review(review)
    limits = plan_limits(tables)
    frames = layer_frames(tables, {}, limits)
    styles = [layer for layer in catalogue(limits) if layer.table in SPATIAL]
    spatial = [*SPATIAL]
    if review.conversions is not None:
        frames["conversions"] = review.conversions.table
        styles.append(conversions_layer())
        spatial.append("conversions")
    plain = {name: getattr(tables, name) for name in PLAIN} | _tables(tables, review)
    return Drawn({name: frames[name] for name in spatial}, styles, plain)


def _tables(tables: PlanTables, review: Review) -> dict[str, pd.DataFrame]:
    """Return what was asked of the plan, and the tables that the review has."""
    columns = ["number", "option", "kind", "community_id", "of", "ids", "text_zh", "text_en"]
    asked = [
        (number, one.option, one.kind, one.community_id, one.of, ", ".join(one.ids), one.text_zh, one.text_en)
        for number, one in enumerate(requirements(tables), start=1)
    ]
    made = {"requirements": pd.DataFrame(asked, columns=columns)}
    if review.scorecard is not None:
        made["scorecard"] = review.scorecard.measures
    if review.heirs is not None:
        made["heirs"] = review.heirs.reset_index()
    if review.alternatives is not None:
        plans = {f"plan_{name}": dict(plan.assignment) for name, plan in review.alternatives.plans.items()}
        made["alternatives"] = pd.DataFrame(plans).rename_axis("block_id").reset_index()
    return made
