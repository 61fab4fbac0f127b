"""The four bounds of every shape, in both official forms, in Chinese and in English."""

import geopandas as gpd
import pandas as pd

from geo.boundary_text.trace import trace_bounds
from geo.boundary_text.words import TOWN_BORDER, bounds_of_en, bounds_of_zh, bounds_to_en, bounds_to_zh


def describe_bounds(
    shapes: gpd.GeoDataFrame,
    seams: gpd.GeoDataFrame,
    assignment: pd.Series,
    *,
    names: pd.DataFrame | None = None,
    neighbours: pd.Series | None = None,
    outside: tuple[str, str] = TOWN_BORDER,
    estates: gpd.GeoDataFrame | None = None,
) -> pd.DataFrame:
    """Return the four bounds of every shape, in both official forms, in Chinese and in English.

    Parameters
    ----------
    shapes, seams, assignment, names, neighbours, outside, estates
        As in `trace_bounds`.

    Returns
    -------
    DataFrame
        Index of `shapes`; text columns bounds_to_zh (东至A路…), bounds_of_zh (A路以西…), bounds_to_en, bounds_of_en.

    Raises
    ------
    InputError
        As in `trace_bounds`.

    Examples
    --------
    >>> from shapely import LineString, box
    >>> shapes = gpd.GeoDataFrame(index=["A"], geometry=[box(0, 0, 100, 100)], crs=32650)
    >>> seams = gpd.GeoDataFrame(
    ...     {"block_a": "b1", "block_b": "outside", "feature_class": "residential", "feature_name_en": None,
    ...      "feature_name": ["白马路", "苏州路", "青鱼路", "杭州西路"]},
    ...     geometry=[LineString(p) for p in ([(100, 0), (100, 100)], [(0, 0), (100, 0)],
    ...                                       [(0, 0), (0, 100)], [(0, 100), (100, 100)])], crs=32650)
    >>> texts = describe_bounds(shapes, seams, pd.Series({"b1": "A"})).loc["A"]
    >>> texts["bounds_to_zh"]
    '东至白马路,南至苏州路,西至青鱼路,北至杭州西路'
    >>> texts["bounds_of_zh"]
    '白马路以西、苏州路以北、青鱼路以东、杭州西路以南'
    """
    traced = trace_bounds(
        shapes, seams, assignment, names=names, neighbours=neighbours, outside=outside, estates=estates
    )
    sayings = {
        "bounds_to_zh": bounds_to_zh,
        "bounds_of_zh": bounds_of_zh,
        "bounds_to_en": bounds_to_en,
        "bounds_of_en": bounds_of_en,
    }
    texts = {column: [say(traced[shape]) for shape in shapes.index] for column, say in sayings.items()}
    return pd.DataFrame(texts, index=shapes.index, dtype="str")
