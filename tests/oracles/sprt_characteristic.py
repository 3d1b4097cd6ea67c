"""How often and how soon Wald's test ends, for Bernoulli trials: exactly, and as Wald approximated.

Exact values follow the law of the successes over the trials (all that can be reached), so that
nothing is simulated. Wald 1947, sections 3.4 and 3.5 and appendix A.2, is the approximation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simab.errors import InvalidInput
from simab.stats.checks import require_level
from simab.stats.sprt import SprtBounds, require_two_shares

__all__ = ["SprtCharacteristic", "exact_characteristic", "wald_characteristic"]


@dataclass(frozen=True, slots=True)
class SprtCharacteristic:
    """Probability that the test accepts the alternative, and its expected trials, at one share."""

    accept_alternative: float
    expected_trials: float


def exact_characteristic(
    p0: float, p1: float, bounds: SprtBounds, *, share: float
) -> SprtCharacteristic:
    """The characteristic at the true `share`, summed trial by trial until 1e-13 is left to go on.

    Raises InvalidInput for p0 and p1 that are equal or not strictly between 0 and 1, a share not
    strictly between 0 and 1, bounds that do not enclose 0, or a test that expects to go on for
    more than 100,000 trials, which would take a minute.
    """
    require_two_shares(p0, p1)
    require_level("share", share)
    _require_bounds(bounds)
    _require_an_end(p0, p1, bounds, share)
    if p1 < p0:
        # Count failures instead: then a further count always speaks for the alternative.
        p0, p1, share = 1.0 - p0, 1.0 - p1, 1.0 - share
    per_success, per_failure = math.log(p1 / p0), math.log((1.0 - p1) / (1.0 - p0))
    going_on: NDArray[np.float64] = np.ones(1)  # probability of fewest, fewest + 1, ... successes
    fewest = trials = 0
    alternative, expected, left = 0.0, 0.0, 1.0
    while left > _NEGLIGIBLE:
        expected += left  # E[N] is the sum of the probabilities to go on
        trials += 1
        going_on = _after_a_trial(going_on, share)
        first, end = 0, going_on.size
        while first < end and _ratio(fewest + end - 1, trials, per_success, per_failure) >= (
            bounds.upper
        ):
            end -= 1
            alternative += float(going_on[end])
        while first < end and _ratio(fewest + first, trials, per_success, per_failure) <= (
            bounds.lower
        ):
            first += 1
        fewest += first
        going_on = going_on[first:end]
        left = float(going_on.sum())
    return SprtCharacteristic(alternative, expected)


def wald_characteristic(
    p0: float, p1: float, bounds: SprtBounds, *, share: float
) -> SprtCharacteristic:
    """Wald's approximation at the true `share`, which takes the bounds to be hit exactly.

    The expected trials are too few by what the last trial overshoots: some per cent for shares
    near each other, a third for tests of a few trials. Raises InvalidInput as
    `exact_characteristic`.
    """
    require_two_shares(p0, p1)
    require_level("share", share)
    _require_bounds(bounds)
    per_success, per_failure = math.log(p1 / p0), math.log((1.0 - p1) / (1.0 - p0))
    mean = share * per_success + (1.0 - share) * per_failure
    power = _root_of_moments(share, per_success, per_failure)
    if abs(power) < 1e-6:
        # The drift vanishes: the limit is a walk without drift between the bounds.
        accept = -bounds.lower / (bounds.upper - bounds.lower)
        square = share * per_success**2 + (1.0 - share) * per_failure**2
        return SprtCharacteristic(accept, -bounds.lower * bounds.upper / square)
    down, up = math.expm1(power * bounds.lower), math.expm1(power * bounds.upper)
    accept = -down / (up - down)
    expected = (accept * bounds.upper + (1.0 - accept) * bounds.lower) / mean
    return SprtCharacteristic(accept, expected)


def _after_a_trial(going_on: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    after = np.zeros(going_on.size + 1)
    after[:-1] = (1.0 - share) * going_on
    after[1:] += share * going_on
    return after


def _ratio(successes: int, trials: int, per_success: float, per_failure: float) -> float:
    return successes * per_success + (trials - successes) * per_failure


def _root_of_moments(share: float, per_success: float, per_failure: float) -> float:
    """The h other than 0 with E[exp(h x log ratio of a trial)] = 1; 0 where the mean is 0."""
    from scipy.optimize import brentq

    mean = share * per_success + (1.0 - share) * per_failure

    def log_moment(h: float) -> float:
        first, second = h * per_success, h * per_failure
        largest = max(first, second)
        return largest + math.log(
            share * math.exp(first - largest) + (1.0 - share) * math.exp(second - largest)
        )

    # Convex with root 0 and slope `mean` there: the other root lies on the other side.
    step = -math.copysign(1e-7, mean)
    if mean == 0.0 or log_moment(step) >= 0.0:
        return 0.0
    far = step
    while log_moment(far) < 0.0:
        far *= 2.0
    return float(brentq(log_moment, far / 2.0, far, xtol=1e-14))


def _require_an_end(p0: float, p1: float, bounds: SprtBounds, share: float) -> None:
    expected = wald_characteristic(p0, p1, bounds, share=share).expected_trials
    if expected > _MOST_EXPECTED_TRIALS:
        raise InvalidInput(
            f"p0 = {p0!r}, p1 = {p1!r} at share {share!r}: expects {expected:.3g} trials, must be "
            f"at most {_MOST_EXPECTED_TRIALS}. Use wald_characteristic, which is good there."
        )


def _require_bounds(bounds: SprtBounds) -> None:
    if not bounds.lower < 0.0 < bounds.upper:
        raise InvalidInput(
            f"bounds = ({bounds.lower!r}, {bounds.upper!r}): must enclose 0, where the test starts."
            " Use sprt_bounds."
        )


_NEGLIGIBLE: Final = 1e-13
_MOST_EXPECTED_TRIALS: Final = 100_000
