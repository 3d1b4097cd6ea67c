"""Is the candidate's share worse than the control's by less than a margin? At one look, or at any.

Only `math` loads with this module: the tests run at controller ticks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from simab.errors import InvalidInput
from simab.stats.checks import require_successes
from simab.stats.proportions import normal_p_value

__all__ = [
    "NonInferiorityTest",
    "errors_at_the_margin",
    "non_inferiority_log_evidence",
    "non_inferiority_test",
    "restricted_non_inferiority_test",
]

# Of the mixture: what a candidate that equals the control gets, and what any other two rates get.
_EQUAL: Final = 0.8
_APART: Final = 1.0 - _EQUAL


@dataclass(frozen=True, slots=True)
class NonInferiorityTest:
    """Share b - share a, and z and p of "b is worse by the margin or more": small p, b will do.

    Where the test is undefined `z` and `p_value` are NaN and `reason` says why.
    """

    difference: float
    z: float
    p_value: float
    reason: str | None = None


def non_inferiority_test(
    successes_a: int,
    trials_a: int,
    successes_b: int,
    trials_b: int,
    *,
    margin: float,
    smaller_is_better: bool = False,
) -> NonInferiorityTest:
    """Wald's test, each arm with its own variance, of candidate b against control a.

    z = (p_b - p_a + margin) / sqrt(p_a (1 - p_a) / n_a + p_b (1 - p_b) / n_b); for errors and other
    shares that should be small, (p_a - p_b + margin) over the same (Chow, Shao and Wang 2008,
    section 4.2). Where failures are few it passes too often: `restricted_non_inferiority_test`
    does not. Margin 0 asks for superiority. An arm without trials, or variance 0, gives NaN and a
    reason. Raises InvalidInput unless 0 <= successes <= trials and 0 <= margin < 1.
    """
    require_successes("successes_a", successes_a, trials_a)
    require_successes("successes_b", successes_b, trials_b)
    if not 0.0 <= margin < 1.0:
        raise InvalidInput(
            f"margin = {margin!r}: must be at least 0 and below 1. "
            "Give the largest loss that you would accept, as a share."
        )
    if not (trials_a and trials_b):
        reason = f"arm {'b' if trials_a else 'a'} has no trials"
        return NonInferiorityTest(math.nan, math.nan, math.nan, reason)
    share_a, share_b = successes_a / trials_a, successes_b / trials_b
    difference = share_b - share_a
    variance = share_a * (1.0 - share_a) / trials_a + share_b * (1.0 - share_b) / trials_b
    if variance <= 0.0:
        reason = "each arm had only successes or only failures: the variance is 0"
        return NonInferiorityTest(difference, math.nan, math.nan, reason)
    gain = -difference if smaller_is_better else difference
    z = (gain + margin) / math.sqrt(variance)
    return NonInferiorityTest(difference, z, normal_p_value(z, "larger"))


def restricted_non_inferiority_test(
    errors_a: int, trials_a: int, errors_b: int, trials_b: int, *, margin: float
) -> NonInferiorityTest:
    """The test at one look of rates of errors, with the variance of rates that the margin parts.

    z = (p_a - p_b + margin) over the standard error at the likeliest rates of which b's lies the
    margin above a's (Farrington and Manning 1990). Its size is at most alpha, or hardly above,
    however few the errors. An arm without trials gives NaN and a reason. Raises InvalidInput unless
    0 <= errors <= trials and 0 < margin < 1.
    """
    _require_errors(errors_a, trials_a, errors_b, trials_b, margin)
    if not (trials_a and trials_b):
        reason = f"arm {'b' if trials_a else 'a'} has no trials"
        return NonInferiorityTest(math.nan, math.nan, math.nan, reason)
    difference = errors_b / trials_b - errors_a / trials_a
    rate_a, rate_b = errors_at_the_margin(errors_a, trials_a, errors_b, trials_b, margin)
    variance = rate_a * (1.0 - rate_a) / trials_a + rate_b * (1.0 - rate_b) / trials_b
    if variance <= 0.0:
        reason = "the variance at the margin is 0"
        return NonInferiorityTest(difference, math.nan, math.nan, reason)
    z = (margin - difference) / math.sqrt(variance)
    return NonInferiorityTest(difference, z, normal_p_value(z, "larger"))


def errors_at_the_margin(
    errors_a: int, trials_a: int, errors_b: int, trials_b: int, margin: float
) -> tuple[float, float]:
    """The likeliest shares of errors of which b's lies the margin above a's.

    The likelihood of a's share has one peak in [0, 1 - margin], found by halving. Both arms must
    have trials.
    """
    low, high = 0.0, 1.0 - margin
    while (share := (low + high) / 2.0) not in (low, high):
        other = share + margin
        if other < 1.0 and (
            errors_a / share + errors_b / other
            > (trials_a - errors_a) / (1.0 - share) + (trials_b - errors_b) / (1.0 - other)
        ):
            low = share
        else:
            high = share
        if high - low < 1e-12:
            break
    return share, min(share + margin, 1.0)


def non_inferiority_log_evidence(
    errors_a: int, trials_a: int, errors_b: int, trials_b: int, margin: float
) -> float:
    """Log of the evidence that b's rate of errors exceeds a's by less than the margin, at any time.

    A mixture of likelihoods, drawn up before the data, over the largest likelihood of rates that
    lie the margin or more apart. For each such pair of rates the mixture over its likelihood is a
    martingale from 1, so the evidence reaches 1 / alpha at any look ever with probability at most
    alpha: Ville's inequality, by universal inference (Wasserman, Ramdas and Balakrishnan 2020,
    section 8). It is exact, however few the errors are and however the trials were shared out by
    what had been seen. Eight tenths of the mixture have one rate for both, two tenths a rate for
    each; a rate is Beta(1/2, 1/(2 margin)), so that most of it is of the margin's size. 0 without
    trials. Raises InvalidInput unless 0 <= errors <= trials and 0 < margin < 1.
    """
    _require_errors(errors_a, trials_a, errors_b, trials_b, margin)
    if not (trials_a and trials_b):
        return 0.0
    equal = math.log(_EQUAL) + _log_mixture(errors_a + errors_b, trials_a + trials_b, margin)
    apart = (
        math.log(_APART)
        + _log_mixture(errors_a, trials_a, margin)
        + _log_mixture(errors_b, trials_b, margin)
    )
    most, least = max(equal, apart), min(equal, apart)
    mixture = most + math.log1p(math.exp(least - most))
    rate_a, rate_b = errors_a / trials_a, errors_b / trials_b
    if rate_b - rate_a < margin:
        rate_a, rate_b = errors_at_the_margin(errors_a, trials_a, errors_b, trials_b, margin)
    likeliest = _log_likelihood(errors_a, trials_a, rate_a) + _log_likelihood(
        errors_b, trials_b, rate_b
    )
    return mixture - likeliest


def _require_errors(
    errors_a: int, trials_a: int, errors_b: int, trials_b: int, margin: float
) -> None:
    require_successes("errors_a", errors_a, trials_a)
    require_successes("errors_b", errors_b, trials_b)
    if not 0.0 < margin < 1.0:
        raise InvalidInput(
            f"margin = {margin!r}: must be above 0 and below 1. "
            "Give the smallest excess that you would not accept, as a share."
        )


def _log_mixture(errors: int, trials: int, margin: float) -> float:
    """Log likelihood of a sequence with so many errors, over the Beta law of rates."""
    a, b = 0.5, 0.5 / margin
    return _log_beta(a + errors, b + trials - errors) - _log_beta(a, b)


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def _log_likelihood(errors: int, trials: int, rate: float) -> float:
    """Log likelihood of a sequence with so many errors; an event of probability 0 gives -inf."""
    failed = errors * math.log(rate) if errors and rate > 0.0 else (-math.inf if errors else 0.0)
    passed = trials - errors
    if not passed:
        return failed
    return failed + (passed * math.log1p(-rate) if rate < 1.0 else -math.inf)
