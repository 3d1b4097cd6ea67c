"""The records of requests, kept only if asked for: one row each, in columns of whole numbers."""

from __future__ import annotations

from typing import Final

__all__ = ["COPY", "RECORD_COLUMNS", "UNKNOWN"]

UNKNOWN: Final = -1
"""Stands for an instant, instance, label or score that is not known at the horizon."""
COPY: Final = -1
"""The attempt of a mirrored copy."""
RECORD_COLUMNS: Final = (
    "segment",
    "client",
    "variant",
    "instance",
    "arrived_ns",
    "started_ns",
    "finished_ns",
    "status",
    "attempt",
    "label",
    "score",
    "correct",
    "label_ns",
)
"""In order of arrival. Times in nanoseconds.

A request in flight at the horizon has status 0 and no finish; one still waiting has no start. A
label that arrives after the horizon keeps its `label_ns`, but what it says is unknown. A mirrored
copy stands after its request, with COPY for its attempt.
"""
