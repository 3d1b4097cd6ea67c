"""Finished A/B tests, replayed: what rules would have concluded of them, and when."""
