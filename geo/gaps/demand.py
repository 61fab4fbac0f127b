"""Where people live, as points: how many, how many households, children and old people, and how that is known."""

import geopandas as gpd

from geo.study import Study


def demand(study: Study) -> gpd.GeoDataFrame:
    """Return the homes of a town as points, with what is known of the people in each.

    A building with people is a point; people of a block who are in none of its buildings are a point on the block; where
    there are neither, census areas and then communities take their place. Nothing is lost and nothing guessed: the
    people add up to what the finest table that is complete says, and what is unknown stays unknown (NaN).

    Parameters
    ----------
    study
        After `shequ households` best; its tables buildings, blocks, census, communities as far as there are any.

    Returns
    -------
    GeoDataFrame
        Index `demand_id`, sorted. Columns `people`, `households`, `children` (up to 14), `elders` (60 and over, 65
        where the source counts so): float, NaN unknown; `building_id`, `block_id`, `estate_id`, `community_id`: missing
        where it lies in none; `source`, `source_zh`, `source_en`: where the number of people comes from; `ages`: where
        children and elders come from; geometry: point in the study's CRS.

    Raises
    ------
    InputError
        When no table of the study tells where anybody lives.
    """
    raise NotImplementedError(study.name)
