"""Argo Rollouts as its source has it: canary steps, analysis runs, conditions, replica shares."""
