"""Long work: a queue that outlives the server, workers with limits, progress."""
