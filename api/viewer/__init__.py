"""What the map page of a study asks the server beside the standard's answers: its own files, names, freshness."""
