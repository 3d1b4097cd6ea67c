"""What is known of metrics of quality by their names alone."""

from __future__ import annotations

from typing import Final

__all__ = ["COUNTED_AS_CORRECT"]

COUNTED_AS_CORRECT: Final = frozenset({"accuracy", "success_rate"})
"""Metrics that are the share of correct answers."""
