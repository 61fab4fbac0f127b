"""Surveys: the forms that surveyors fill in, and what is read back from them into findings and observations."""
