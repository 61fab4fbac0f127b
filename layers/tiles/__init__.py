"""Map tiles: the grids, the encoder, and archives of them."""
