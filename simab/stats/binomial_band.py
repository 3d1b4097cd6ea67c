"""Whether a count is what a probability predicts, but for what may be wrong with that itself."""

from __future__ import annotations

from typing import Final

from simab.stats.checks import require_successes

__all__ = ["STANDARD_ERRORS", "count_agrees"]

STANDARD_ERRORS: Final = 3.0
"""Half width of a band: its tails are those of a normal law at so many standard errors."""


def count_agrees(
    successes: int,
    trials: int,
    probability: float,
    *,
    allowed: float = 0.0,
    standard_errors: float = STANDARD_ERRORS,
) -> bool:
    """Whether a binomial count would lie as far off no more rarely than a normal value does.

    The probability may be wrong by `allowed` itself. At 3 standard errors each tail has 0.13 %.
    """
    from scipy import stats

    require_successes("successes", successes, trials)
    tail = float(stats.norm.sf(standard_errors))
    low, high = max(probability - allowed, 0.0), min(probability + allowed, 1.0)
    least, most = stats.binom(trials, low).ppf(tail), stats.binom(trials, high).isf(tail)
    return bool(least <= successes <= most)
