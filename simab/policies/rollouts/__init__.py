"""Rollouts by a plan: fixed steps, staged shares with limits, a majority of metrics."""
