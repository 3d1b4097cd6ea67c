"""Rates of the sample-ratio check: a section of reports/policies."""
