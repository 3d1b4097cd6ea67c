"""The interval of a mean reward from totals alone: a count, a mean and squared deviations."""

from __future__ import annotations

import math
from typing import Final

from simab.stats.checks import require_level
from simab.stats.interval import Interval
from simab.stats.label_totals import RewardTotals

__all__ = ["FEWEST_EARNINGS", "effective_earnings", "reward_interval"]

FEWEST_EARNINGS: Final = 25


def effective_earnings(rewards: RewardTotals) -> float:
    """How many equal earnings would spread as these do: (sum)^2 / (sum of squares).

    Counted from the lowest reward, so that it is at most the number of answers that earned more.
    """
    above = rewards.mean - rewards.lowest
    squares = rewards.squared_deviations + rewards.count * above * above
    return (rewards.count * above) ** 2 / squares if squares > 0.0 else 0.0


def reward_interval(rewards: RewardTotals, *, level: float = 0.95) -> Interval:
    """Interval of the mean: the outer ends of Student's t and of t for the logarithm.

    The latter reaches as far above in ratio as below, counted from the lowest reward. Undefined,
    with a reason, under 25 effective earnings, or for rewards that are all alike: where 8 % of
    answers earn, 50 labels hold some four of them, and the normal interval covers .84. Raises
    InvalidInput unless 0 < level < 1.
    """
    from scipy.special import stdtrit

    require_level("level", level)
    earnings = effective_earnings(rewards)
    if not rewards.tells_spread or earnings < FEWEST_EARNINGS:
        reason = f"{earnings:.0f} effective earnings: an interval takes {FEWEST_EARNINGS}"
        return Interval.undefined(level, reason)
    above = rewards.mean - rewards.lowest
    margin = float(stdtrit(rewards.count - 1, 0.5 + level / 2.0)) * rewards.standard_error
    low = min(above - margin, above * math.exp(-margin / above))
    high = max(above + margin, above * math.exp(margin / above))
    return Interval(rewards.lowest + max(low, 0.0), rewards.lowest + high, level)
