"""Physical examination (城市体检): what was found, counted into the official indicators."""
