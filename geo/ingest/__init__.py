"""Files that users give, read into checked tables with a list of what was mended."""
