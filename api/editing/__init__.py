"""Edits over the web: single features, plans with their branches, findings, check-outs."""
