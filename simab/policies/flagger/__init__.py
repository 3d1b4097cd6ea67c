"""Flagger as its source has it: a canary analysis at every tick, and its metric checks."""
