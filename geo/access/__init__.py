"""Walking access: what is nearest, what is within reach, how far that reaches, and how full it is."""
