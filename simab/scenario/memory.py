"""The memory that a run's counts take, and how much a run and a study may take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from simab.stats.label_totals import SCORE_BINS
from simab.stats.request_totals import LATENCY_BUCKETS

if TYPE_CHECKING:
    from simab.scenario.parts import UncheckedScenario

__all__ = [
    "MOST_KEPT_CLIENTS",
    "MOST_RUN_BYTES",
    "MOST_STUDY_ROWS",
    "MOST_UNEQUAL_CLIENTS",
    "SCORED",
    "counted_clients",
    "run_bytes",
]

MOST_RUN_BYTES: Final = 4 * 2**30
"""What the counts of one run may take: two runs at once, and the machine still has memory."""
MOST_STUDY_ROWS: Final = 2_000_000
"""Replications of all policies together; a row with its key takes about a kilobyte."""

MOST_UNEQUAL_CLIENTS: Final = 1_000_000
"""Clients of a segment whose activity differs: a table of 16 bytes each is drawn from."""
MOST_KEPT_CLIENTS: Final = 10_000_000
"""Clients of whom a run remembers which variant they have: 8 to 16 bytes each."""

SCORED: Final = frozenset({"classifier", "joint_table"})
"""Kinds of quality whose answers have scores, which are counted too."""

# Bytes of the arrays that a run counts in, by window or label bucket and variant.
_REQUEST_COUNTS: Final = 8 * 16
_LABEL_COUNTS: Final = 8 * 8
_SCORE_COUNTS: Final = 4 * 2 * SCORE_BINS
_REWARD_COUNTS: Final = 8 * 4


def run_bytes(
    windows: int, buckets: int, variants: int, *, scored: bool, earning: bool, clients: int = 0
) -> int:
    """Memory of the counts of one run; both data planes count in the same arrays.

    `clients` are those of which a study counts who met a worse variant: a bit each.
    """
    by_window = windows * variants * (_REQUEST_COUNTS + 4 * LATENCY_BUCKETS)
    per_bucket = _LABEL_COUNTS + scored * _SCORE_COUNTS + earning * _REWARD_COUNTS
    return by_window + buckets * variants * per_bucket + clients // 8


def counted_clients(scenario: UncheckedScenario) -> int:
    """The clients that a run keeps a bit of; 0 where nobody asks to count them."""
    if not scenario.objective.count_clients:
        return 0
    return sum(segment.clients for segment in scenario.traffic.values())
