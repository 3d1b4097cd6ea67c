"""Routing fairness: what one run's requests say of the split, and what many runs say together."""
