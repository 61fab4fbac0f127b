"""What maps and reports show; the only place that leaves metres for degrees."""
