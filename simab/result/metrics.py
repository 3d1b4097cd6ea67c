"""What is known of metrics by their names alone."""

from __future__ import annotations

from typing import Final

__all__ = ["COUNTED_AS_CORRECT", "OF_REQUESTS"]

COUNTED_AS_CORRECT: Final = frozenset({"accuracy", "success_rate"})
"""Metrics that are the share of correct answers."""
OF_REQUESTS: Final = frozenset(
    {
        "error_rate",
        "latency_mean",
        "latency_p50",
        "latency_p90",
        "latency_p95",
        "latency_p99",
        "latency_p99.9",
    }
)
"""Metrics that are known without labels."""
