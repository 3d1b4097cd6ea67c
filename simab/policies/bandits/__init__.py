"""Bandits: rules that shift the traffic towards the arm that does best, again and again."""
