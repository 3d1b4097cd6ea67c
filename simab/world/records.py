"""The records of requests, kept only if asked for: one row each, in columns of whole numbers."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["COPY", "RECORD_COLUMNS", "UNKNOWN", "places_in_segments"]

Integers = NDArray[np.int64]

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


def places_in_segments(records: Integers, counted: Integers) -> Integers:
    """The number of each request within its segment, from 0; of a copy 0.

    `counted`, shape (segments,), are those before these records, and afterwards with them.
    """
    segments = records[:, RECORD_COLUMNS.index("segment")]
    requests = records[:, RECORD_COLUMNS.index("attempt")] != COPY
    places = np.zeros(len(records), dtype=np.int64)
    for segment in range(len(counted)):
        own = np.flatnonzero(requests & (segments == segment))
        places[own] = counted[segment] + np.arange(len(own))
        counted[segment] += len(own)
    return places
