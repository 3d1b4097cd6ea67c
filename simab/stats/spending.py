"""Boundaries by error spending: looks at any information, in numbers not known beforehand.

A spending function says how much error may be used up by information fraction t, 0 at 0 and all
of it from t = 1 on (Lan and DeMets 1983). Here it always counts the error of ONE side; a two-sided
design spends it on either side. Codes differ in how they get the O'Brien-Fleming type for a
two-sided alpha, and with it the bounds; for two looks at .05:

- each side spends 2 - 2 Phi(z of (alpha / 2) / 2 / sqrt t): bounds 2.963 and 1.969. So gsDesign
  (sfLDOF with alpha .025), rpact (asOF), R's ldbounds and Spotify's port of it; pass
  `obrien_fleming_spending(0.025)`.
- both sides together spend 2 - 2 Phi(z of alpha / 2 / sqrt t), half each: bounds 2.772 and 1.979.
  So Jennison and Turnbull (2000, section 7.2); pass `obrien_fleming_spending_of_both_sides(0.05)`.
- short scripts test each look at what it may spend as if it were a test of its own: 2.77 and 2.01.
  That forgets that looks are correlated and errs on the safe side; see `increment_bounds`.

The Pocock type is proportional to alpha: there both ways are one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simab.errors import InvalidInput
from simab.stats.checks import require_level, require_same_length
from simab.stats.group_sequential import Survivors, advance, require_information, tails
from simab.stats.interval import normal_quantile

__all__ = [
    "Spending",
    "bound_for_tail",
    "hwang_shih_decani_spending",
    "increment_bounds",
    "obrien_fleming_spending",
    "obrien_fleming_spending_of_both_sides",
    "pocock_spending",
    "power_spending",
    "spending_bounds",
    "spending_increments",
]

Spending = Callable[[float], float]


def obrien_fleming_spending(alpha: float) -> Spending:
    """2 - 2 Phi(z / sqrt t) with z the quantile of alpha / 2, for one side's `alpha`."""
    require_level("alpha", alpha)
    z = normal_quantile(1.0 - alpha / 2.0)
    return lambda t: min(math.erfc(z / math.sqrt(2.0 * t)), alpha) if t > 0.0 else 0.0


def obrien_fleming_spending_of_both_sides(alpha: float) -> Spending:
    """Half of 2 - 2 Phi(z / sqrt t), z the quantile of alpha / 2, for a two-sided `alpha`."""
    both = obrien_fleming_spending(alpha)
    return lambda t: both(t) / 2.0


def pocock_spending(alpha: float) -> Spending:
    """Alpha ln(1 + (e - 1) t): near Pocock's boundary (Lan and DeMets 1983)."""
    require_level("alpha", alpha)
    return lambda t: alpha * math.log1p((math.e - 1.0) * min(max(t, 0.0), 1.0))


def power_spending(alpha: float, exponent: float) -> Spending:
    """Alpha t^exponent (Kim and DeMets 1987). Raises InvalidInput for an exponent not above 0."""
    require_level("alpha", alpha)
    if not exponent > 0.0:
        raise InvalidInput(
            f"exponent = {exponent!r}: must be above 0. Use 1 (evenly) to 3 (mostly late)."
        )
    return lambda t: float(alpha * min(max(t, 0.0), 1.0) ** exponent)


def hwang_shih_decani_spending(alpha: float, gamma: float) -> Spending:
    """Alpha (1 - e^(-gamma t)) / (1 - e^(-gamma)): Hwang, Shih and DeCani 1990 (gsDesign sfHSD)."""
    require_level("alpha", alpha)
    if gamma == 0.0:
        return power_spending(alpha, 1.0)
    whole = math.expm1(-gamma)
    return lambda t: alpha * math.expm1(-gamma * min(max(t, 0.0), 1.0)) / whole


def spending_bounds(
    information: ArrayLike,
    spending: Spending,
    *,
    two_sided: bool = True,
    calendar: ArrayLike | None = None,
) -> NDArray[np.float64]:
    """The upper z bound of each look; information as fractions of the planned total (shape: k).

    `spending` is the error of the upper side. Two-sided, the lower bounds are the negatives; else
    nothing stops below. A look that may spend less than 1e-15 gets the bound inf. A look past
    fraction 1 has nothing left to spend and gets inf as well: plan the total generously. The
    bounds of the first looks do not depend on the later ones.

    With `calendar`, the fraction of the planned time at each look, error is spent by time, and
    information only says how looks correlate, in any unit (Lan and DeMets 1989, Statistics in
    Medicine 8:1191; gsDesign's usTime): for tests that end on a day, however many requests come.
    Raises InvalidInput for information or a calendar that does not rise from above 0, unequal
    lengths, or a spending function that falls.
    """
    times = require_information(information)
    spent_at = times if calendar is None else require_information(calendar)
    require_same_length("information and calendar", times, spent_at)
    survivors = Survivors(0.0, np.zeros(1), np.ones(1))
    bounds = np.empty(times.size)
    for look, error in enumerate(spending_increments(spent_at, spending)):
        time = float(times[look])
        bound = bound_for_tail(survivors, time, error)
        bounds[look] = bound
        if look + 1 < times.size:
            within = (-bound if two_sided else -math.inf, bound)
            gap = float(times[look + 1]) - time
            survivors = advance(survivors, time, within, 0.0, next_gap=gap)
    return bounds


def increment_bounds(information: ArrayLike, spending: Spending) -> NDArray[np.float64]:
    """The z bounds of looks that are each tested at what they may spend, correlation forgotten.

    By Bonferroni's inequality they reject at most as often as planned; `spending_bounds` uses all
    of the error. Raises InvalidInput as `spending_bounds`.
    """
    increments = spending_increments(require_information(information), spending)
    return np.array(
        [normal_quantile(1.0 - error) if error > _LEAST_ERROR else math.inf for error in increments]
    )


def spending_increments(times: NDArray[np.float64], spending: Spending) -> list[float]:
    """The error that each look may spend. Raises InvalidInput if the function ever falls."""
    spent = [0.0, *(float(spending(float(time))) for time in times)]
    increments = [later - earlier for earlier, later in pairwise(spent)]
    if not all(increment >= 0.0 for increment in increments):
        raise InvalidInput(
            f"spending gives {spent[1:]!r} at the looks: must never fall. "
            "A spending function rises from 0 at fraction 0 to the whole error at 1."
        )
    return increments


def bound_for_tail(
    survivors: Survivors, information: float, error: float, *, drift: float = 0.0
) -> float:
    """The z bound that a share `error` of all tests first crosses upwards at this look."""
    from scipy.optimize import brentq

    if error < _LEAST_ERROR:
        return math.inf

    def excess(bound: float) -> float:
        return tails(survivors, information, (-math.inf, bound), drift)[1] - error

    middle = drift * math.sqrt(information)
    low, high = middle - _FARTHEST, middle + _FARTHEST
    if excess(low) <= 0.0:
        return -math.inf  # fewer than that go on up to this look: all of them may stop
    return float(brentq(excess, low, high, xtol=1e-12, rtol=1e-12))


_LEAST_ERROR: Final = 1e-15  # the integration leaves out 2e-17 of the law
_FARTHEST: Final = 9.0
