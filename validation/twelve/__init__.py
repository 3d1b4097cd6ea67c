"""Twelve rules on one scenario with four kinds of candidate: reports/twelve_policies."""
