"""What a study's maps look like: the tree of layers with legends, MapLibre style documents, points of names, arrows."""
