"""Is the candidate's share worse than the control's by less than a margin? A one-sided z-test.

Only `math` loads with this module: the test runs at every controller tick.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from simab.errors import InvalidInput
from simab.stats.checks import require_successes
from simab.stats.proportions import normal_p_value

__all__ = ["NonInferiorityTest", "non_inferiority_test"]


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
    section 4.2). Farrington and Manning's test, which restricts the variance to the margin, is
    another. Margin 0 asks for superiority. An arm without trials, or variance 0, gives NaN and a
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
