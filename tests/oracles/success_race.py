"""The race of two arms' successes: stop when one leads by enough, or when enough have happened.

Evan Miller's simple sequential A/B test (2015, evanmiller.org/sequential-ab-testing.html): with
traffic split evenly only successes are watched, each of them b's with probability one half under
equality. Exact for rare successes, whose order is then a fair coin's.
"""

from __future__ import annotations

import math
from typing import Literal

from simab.errors import InvalidInput
from simab.stats.checks import require_level, require_probability, require_trials

__all__ = ["RaceVerdict", "race_lead", "race_verdict", "race_win_probability"]

RaceVerdict = Literal["b", "none", "continue"]


def race_verdict(successes_a: int, successes_b: int, *, limit: int, lead: int) -> RaceVerdict:
    """Says "b" once its successes exceed a's by `lead`, "none" once both together reach `limit`.

    Look after every success: a lead that came and went between two looks does not count here.
    Raises InvalidInput for a negative count, or a limit or lead below 1.
    """
    _require_rule(limit, lead)
    if successes_a < 0 or successes_b < 0:
        raise InvalidInput(
            f"successes_a = {successes_a!r}, successes_b = {successes_b!r}: must not be negative. "
            "Count the successes of each arm."
        )
    if successes_b - successes_a >= lead:
        return "b"
    return "none" if successes_a + successes_b >= limit else "continue"


def race_win_probability(limit: int, lead: int, *, share: float = 0.5) -> float:
    """Probability that b ever leads by `lead` within `limit` successes, each b's with `share`.

    At one half this is the error of the one-sided test; the reflection principle gives it exactly
    (Feller 1968, section III.7). The relative lift of b's rate is share / (1 - share) - 1. Raises
    InvalidInput for a limit or lead below 1, or a share outside 0 to 1.
    """
    from scipy.special import bdtrc

    _require_rule(limit, lead)
    require_probability("share", share)
    if lead > limit:
        return 0.0
    if share in (0.0, 1.0):
        return share
    # b leads by at least `lead` in the end with this many of its successes or more.
    enough = -(-(limit + lead) // 2)
    at_the_end = float(bdtrc(enough - 1, limit, share))
    # Paths that touch the lead and end below it mirror those that end above it: a mirrored path
    # has as many successes of b as the path has of a, beyond the lead.
    above = (limit + lead) // 2 + 1
    if above > limit:
        return at_the_end
    swapped = float(bdtrc(above - 1, limit, 1.0 - share))
    return at_the_end + swapped * math.exp(lead * math.log(share / (1.0 - share)))


def race_lead(limit: int, *, alpha: float = 0.05) -> int:
    """The smallest lead that b reaches within `limit` successes with probability at most `alpha`.

    About 2 sqrt(limit) at .05. Raises InvalidInput for a limit below 1, an alpha not strictly
    between 0 and 1, or one that even a lead of all successes exceeds.
    """
    require_level("alpha", alpha)
    low, high = 1, limit
    _require_rule(limit, 1)
    if race_win_probability(limit, limit) > alpha:
        raise InvalidInput(
            f"limit = {limit!r}: must be larger, for a lead of all successes has an error above "
            f"{alpha!r}. Wait for more successes."
        )
    while low < high:
        middle = (low + high) // 2
        if race_win_probability(limit, middle) <= alpha:
            high = middle
        else:
            low = middle + 1
    return low


def _require_rule(limit: int, lead: int) -> None:
    require_trials("limit", limit)
    require_trials("lead", lead)
