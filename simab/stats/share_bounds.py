"""Whether a share keeps a bound, asked as often as one likes: at every count of trials at once.

A mixture of likelihood ratios of one side of the bound exceeds 1 / alpha at any time with
probability at most alpha while the share is on the other side, or at the bound (Ville's inequality;
Robbins 1970, Annals of Mathematical Statistics 41:1397-1409). It holds for any number of trials.
"""

from __future__ import annotations

import math
from typing import Final

from simab.errors import InvalidInput
from simab.stats.checks import require_level, require_successes

__all__ = [
    "MOST_RUNS",
    "evidence",
    "is_beyond",
    "largest_plausible_share",
    "plausible_shares",
    "trials_to_tell",
]

MOST_RUNS: Final = 100_000_000
"""More are not looked at: what takes so many cannot be told."""
_BISECTIONS: Final = 60


def evidence(successes: int, trials: int, bound: float, *, above: bool) -> float:
    """Log of the likelihood ratio of the shares `above` (or below) the bound against the bound.

    The share is uniform on that side: with x successes in n trials, the log of the integral of
    q^x (1 - q)^(n - x) over that side, by its width, over b^x (1 - b)^(n - x) with b the bound.
    It is 0 without trials, and minus infinity where the other side is all that is plausible. Raises
    InvalidInput unless 0 <= successes <= trials and 0 < bound < 1.
    """
    from scipy.special import betainc, betaincc, betaln

    require_successes("successes", successes, trials)
    require_level("bound", bound)
    failures = trials - successes
    part_of = betaincc if above else betainc
    inside = float(part_of(successes + 1, failures + 1, bound))
    if not inside > 0.0:
        return -math.inf
    width = 1.0 - bound if above else bound
    at_bound = successes * math.log(bound) + failures * math.log1p(-bound)
    whole = float(betaln(successes + 1, failures + 1))
    return whole + math.log(inside) - math.log(width) - at_bound


def is_beyond(
    successes: int, trials: int, bound: float, *, above: bool, alpha: float = 0.025
) -> bool:
    """Whether the share lies `above` (or below) the bound, wrong with probability alpha at most.

    Over all looks together, at whatever counts of trials. Raises InvalidInput as `evidence`.
    """
    require_level("alpha", alpha)
    return evidence(successes, trials, bound, above=above) >= -math.log(alpha)


def largest_plausible_share(successes: int, trials: int, *, alpha: float = 0.025) -> float:
    """The smallest bound that the share is known to lie below, whenever one looks; 1 if none is.

    Raises InvalidInput unless 0 <= successes <= trials.
    """
    require_successes("successes", successes, trials)
    low, high = successes / trials if trials else 0.0, 1.0
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        if not low < middle < high:
            break
        known = is_beyond(successes, trials, middle, above=False, alpha=alpha)
        low, high = (low, middle) if known else (middle, high)
    return high


def plausible_shares(successes: int, trials: int, *, alpha: float = 0.025) -> tuple[float, float]:
    """Where the share lies, whenever one looks: wrong with probability alpha a side at most.

    Raises InvalidInput as `largest_plausible_share`.
    """
    low = 1.0 - largest_plausible_share(trials - successes, trials, alpha=alpha)
    return low, largest_plausible_share(successes, trials, alpha=alpha)


def trials_to_tell(
    share: float, bound: float, *, alpha: float = 0.025, power: float = 0.8
) -> int | None:
    """The least trials after which one look tells on which side of the bound this share lies.

    With probability `power` if the share is true. None where the share is the bound, or so near
    that a hundred million trials would not tell. Raises InvalidInput for a share outside 0 to 1, or
    a bound, alpha or power not strictly between.
    """
    for name, value in (("bound", bound), ("alpha", alpha), ("power", power)):
        require_level(name, value)
    if not 0.0 <= share <= 1.0:
        raise InvalidInput(f"share = {share!r}: must be from 0 to 1. Give a share of runs.")
    if share == bound:
        return None
    above = share > bound

    def tells(trials: int) -> bool:
        edge = _edge(trials, bound, above=above, alpha=alpha)
        if edge is None:
            return False
        return _tail(edge, trials, share, above=above) >= power

    high = 1
    while not tells(high):
        high *= 2
        if high > MOST_RUNS:
            return None
    low = high // 2
    while high - low > max(1, high // 200):  # to half a percent: the estimate is no better
        middle = (low + high) // 2
        low, high = (low, middle) if tells(middle) else (middle, high)
    return high


def _tail(edge: int, trials: int, share: float, *, above: bool) -> float:
    """The probability of so many successes or more; below: or fewer. By the incomplete beta."""
    from scipy.special import betainc, betaincc

    if above:
        return float(betainc(edge, trials - edge + 1, share)) if edge > 0 else 1.0
    return float(betaincc(edge + 1, trials - edge, share)) if edge < trials else 1.0


def _edge(trials: int, bound: float, *, above: bool, alpha: float) -> int | None:
    """The successes nearest to the bound that tell; None where none does."""
    extreme = trials if above else 0
    if not is_beyond(extreme, trials, bound, above=above, alpha=alpha):
        return None
    near = min(max(round(trials * bound), 0), trials)
    told, open_ = extreme, near
    while abs(told - open_) > 1:
        middle = (told + open_) // 2
        if is_beyond(middle, trials, bound, above=above, alpha=alpha):
            told = middle
        else:
            open_ = middle
    return told
