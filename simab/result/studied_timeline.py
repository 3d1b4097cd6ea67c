"""What changes during a run, as frozen records: entries in words, epochs, misleading totals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["EpochResult", "PooledReading", "StudiedTimeline"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochResult:
    """A span of the run: from when on in words, and the variants' true metric in it on average."""

    since: str
    since_s: float
    until_s: float
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class PooledReading:
    """Whether all requests of a run together say another thing than every phase of its weights.

    Of a policy, over so many `runs` in which both variants served in two phases or more: how many
    were `misled` so, and of these the mean of the candidate's gain over the control by all requests
    (`pooled`) and the mean of its smallest gain in absolute terms within a phase (`within`); NaN
    where none was. Gains are true means of the requests answered: chance has no part in them.
    """

    policy: str
    runs: int
    misled: int
    pooled: float
    within: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StudiedTimeline:
    """The timeline of a scenario: its entries in words, what is true in each epoch, who leads."""

    sentences: tuple[str, ...]
    metric: str
    epochs: tuple[EpochResult, ...]
    pooled: tuple[PooledReading, ...]
