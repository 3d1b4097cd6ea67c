"""Wald's sequential probability ratio test of one share: its bounds, and the step of each look.

p0 is the share under the null hypothesis and p1 the one under the alternative; trials of one arm,
one after the other (Wald 1947, Sequential Analysis, chapters 3 and 5). Only `math` loads with this
module.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from simab.errors import InvalidInput
from simab.stats.checks import require_level, require_successes

__all__ = [
    "SprtBounds",
    "SprtLines",
    "SprtVerdict",
    "bernoulli_log_ratio",
    "require_two_shares",
    "sprt_bounds",
    "sprt_lines",
    "sprt_verdict",
]

SprtVerdict = Literal["null", "alternative", "continue"]


@dataclass(frozen=True, slots=True)
class SprtBounds:
    """The log likelihood ratios at which the null (`lower`) or the alternative is accepted."""

    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class SprtLines:
    """The same bounds as parallel lines for the successes s after n trials.

    The null is accepted at s <= slope n - `accept`, the alternative at s >= slope n + `reject`.
    """

    slope: float
    accept: float
    reject: float


def sprt_bounds(alpha: float, beta: float) -> SprtBounds:
    """Wald's bounds log(beta / (1 - alpha)) and log((1 - beta) / alpha).

    They ignore by how far the last trial overshoots, so that the errors are mostly smaller than
    asked for; their sum never exceeds alpha + beta. Raises InvalidInput for errors not strictly
    between 0 and 1, or that sum to 1 or more.
    """
    require_level("alpha", alpha)
    require_level("beta", beta)
    if alpha + beta >= 1.0:
        raise InvalidInput(
            f"alpha + beta = {alpha + beta!r}: must be below 1, which a coin achieves. "
            "Ask for errors such as 0.05 and 0.1."
        )
    return SprtBounds(math.log(beta / (1.0 - alpha)), math.log((1.0 - beta) / alpha))


def bernoulli_log_ratio(successes: int, trials: int, p0: float, p1: float) -> float:
    """Log likelihood ratio of share p1 against p0 after all trials so far; 0 without trials.

    Raises InvalidInput unless 0 <= successes <= trials, and for shares that are equal or not
    strictly between 0 and 1.
    """
    require_successes("successes", successes, trials)
    require_two_shares(p0, p1)
    failures = trials - successes
    return successes * math.log(p1 / p0) + failures * math.log((1.0 - p1) / (1.0 - p0))


def sprt_verdict(log_ratio: float, bounds: SprtBounds) -> SprtVerdict:
    """What the test says: a bound that is reached exactly decides. NaN goes on."""
    if log_ratio >= bounds.upper:
        return "alternative"
    return "null" if log_ratio <= bounds.lower else "continue"


def sprt_lines(p0: float, p1: float, *, alpha: float, beta: float) -> SprtLines:
    """The bounds as lines of an acceptance chart (NIST/SEMATECH e-Handbook, section 6.2.6).

    Meant for p0 < p1. Raises InvalidInput as `sprt_bounds` and `bernoulli_log_ratio`.
    """
    bounds = sprt_bounds(alpha, beta)
    require_two_shares(p0, p1)
    per_success = math.log(p1 / p0)
    per_failure = math.log((1.0 - p1) / (1.0 - p0))
    scale = per_success - per_failure
    return SprtLines(-per_failure / scale, -bounds.lower / scale, bounds.upper / scale)


def require_two_shares(p0: float, p1: float) -> None:
    """Refuse shares that are equal or not strictly between 0 and 1."""
    if not (0.0 < p0 < 1.0 and 0.0 < p1 < 1.0 and p0 != p1):
        raise InvalidInput(
            f"p0 = {p0!r}, p1 = {p1!r}: must differ and lie strictly between 0 and 1. "
            "Give the share expected and the smallest one that would matter."
        )
