"""One file for each revision, oldest first by their numbers."""
