"""Numbers over replications with their 95 % intervals; NaN stands for what is not known."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Ecdf", "Ending", "Mean", "Proportion", "Quantiles", "Spread"]


@dataclass(frozen=True, slots=True)
class Proportion:
    """A share of the replications with its interval."""

    count: int
    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Ending(Proportion):
    """How often a variant has all traffic at the end, and since when at the median of these."""

    since_s: float


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Quantiles over all replications, NaN beyond the horizon, and the median's interval."""

    decided: int
    p10: float
    p50: float
    p90: float
    p50_low: float
    p50_high: float


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean over replications with its interval, and what is to be said of that.

    `approximate`: the interval may be too short, for the reason given. A reason without the mark
    says how the interval was made, or why it is withheld (NaN ends).
    """

    mean: float
    low: float
    high: float
    approximate: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Spread:
    """How a number of each run is spread over the replications: each is the value of some run.

    `p5` is the smallest value that 5 % of the runs do not exceed, and so on.
    """

    least: float
    p5: float
    p25: float
    p50: float
    p75: float
    p95: float
    most: float


@dataclass(frozen=True, slots=True)
class Ecdf:
    """Share of all replications that have decided by each time."""

    time_s: tuple[float, ...]
    share: tuple[float, ...]
