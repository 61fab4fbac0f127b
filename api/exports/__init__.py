"""Files to take away: one collection, or a whole study, as the caller may see it."""
