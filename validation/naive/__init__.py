"""Rules that fail as they do in life: a section of reports/policies."""
