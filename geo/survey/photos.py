"""Photos of findings: names in the survey, files in a folder."""
