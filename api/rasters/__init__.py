"""Rasters of a study as tiles and values at points: people, heights, slope, light."""
