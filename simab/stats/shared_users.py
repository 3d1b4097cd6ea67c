"""Two arms compared over users, some of whom may have met both: the paired delta method.

Each user's influence is what the user adds to the error of the difference: (y - R n) / N in an arm
with ratio R of N requests, the candidate's less the control's where a user is in both. The sum of
their squares is the variance. Without shared users it is that of `simab.stats.user_totals`; with
them it keeps the covariance of the arms (Deng, Knoblich and Lu 2018, arXiv 1803.06336, section 4).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simab.stats.interval import normal_quantile

__all__ = [
    "FEWEST_USERS",
    "UserArms",
    "UserDifference",
    "UserTable",
    "adjusted_difference",
    "ratio_arms",
    "ratio_difference",
    "user_table",
    "win_difference",
]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

FEWEST_USERS = 4
"""Of an arm: fewer may be alike by chance, and the variance would look far too small."""


@dataclass(frozen=True, slots=True, eq=False)
class UserTable:
    """One entry a user of either arm: requests and sums of values under control and candidate.

    Shapes: users. A user who has not met an arm has no requests there. `numbers` says who.
    """

    numbers: Integers
    requests: tuple[Floats, Floats]
    values: tuple[Floats, Floats]

    @property
    def users(self) -> tuple[int, int]:
        """How many met the control, and how many the candidate."""
        control, candidate = self.requests
        return int(np.count_nonzero(control)), int(np.count_nonzero(candidate))

    @property
    def shared(self) -> int:
        """How many met both."""
        return sum(self.users) - len(self.numbers)

    def of_means(self) -> UserTable:
        """Each user as one request whose value is the mean of the user's own in that arm."""
        asked = tuple((each > 0.0).astype(np.float64) for each in self.requests)
        pairs = zip(self.values, self.requests, strict=True)
        means = tuple(values / np.maximum(requests, 1.0) for values, requests in pairs)
        return UserTable(self.numbers, (asked[0], asked[1]), (means[0], means[1]))

    def of_totals(self) -> UserTable:
        """Each user as one request whose value is the sum of the user's own in that arm."""
        control, candidate = ((each > 0.0).astype(np.float64) for each in self.requests)
        return UserTable(self.numbers, (control, candidate), self.values)


@dataclass(frozen=True, slots=True)
class UserDifference:
    """The candidate's estimate less the control's and its variance; NaN while too little is known.

    `degrees` are Satterthwaite's degrees of freedom, of users. `theta` is what the difference
    before was multiplied by, 0 without adjustment, and `variance_factor` what adjusting left of the
    variance.
    """

    control: float
    candidate: float
    difference: float
    variance: float
    degrees: float
    theta: float = 0.0
    variance_factor: float = 1.0

    @property
    def z(self) -> float:
        """Where a normal law has the p-value of Student's t of these degrees; NaN if unknown."""
        p_value = self.p_value
        if not 0.0 < p_value < 1.0:  # beyond 38 standard errors nothing is left of a p-value
            return self.difference / math.sqrt(self.variance) if self.variance > 0.0 else math.nan
        return math.copysign(-normal_quantile(p_value / 2.0), self.difference)

    @property
    def p_value(self) -> float:
        """Of the two-sided test of no difference; NaN if unknown."""
        from scipy.special import stdtr

        if not self.variance > 0.0:
            return math.nan
        t = self.difference / math.sqrt(self.variance)
        return 2.0 * float(stdtr(self.degrees, -abs(t)))


class UserArms(NamedTuple):
    """Values a request in each arm, the variances of both, and their covariance.

    Variances are NaN while an arm has too few users, or users who are all alike.
    """

    control: float
    candidate: float
    control_variance: float
    candidate_variance: float
    covariance: float


def user_table(users: tuple[Integers, Integers], values: tuple[Floats, Floats]) -> UserTable:
    """The answers of two arms added up by user; `users` and `values` have an entry an answer."""
    both = np.concatenate(users)
    numbers, places = _numbered(both)
    cut = len(users[0])

    def added(part: slice, weights: Floats) -> Floats:
        sums = np.bincount(places[part], weights, minlength=len(numbers))
        return sums.astype(np.float64)

    control, candidate = slice(cut), slice(cut, None)
    ones = np.ones(cut), np.ones(len(both) - cut)
    return UserTable(
        numbers,
        (added(control, ones[0]), added(candidate, ones[1])),
        (added(control, values[0]), added(candidate, values[1])),
    )


def ratio_arms(table: UserTable) -> UserArms:
    """Both ratios with the parts of their difference's variance: own + other - 2 covariance."""
    control, candidate, influences = _arms(table.requests, table.values)
    own = [float(each @ each) for each in influences]
    if min(table.users) < FEWEST_USERS or not min(own) > 0.0:
        return UserArms(control, candidate, math.nan, math.nan, math.nan)
    covariance = float(influences[0] @ influences[1])
    return UserArms(control, candidate, own[0], own[1], covariance)


def ratio_difference(table: UserTable) -> UserDifference:
    """Values a request of the candidate less those of the control, over users."""
    return adjusted_difference(table, None)


def adjusted_difference(table: UserTable, covariate: Floats | None) -> UserDifference:
    """The same less theta times the difference of a covariate that no arm can have changed: CUPED.

    `covariate` has a value a user. Its difference is taken over the same requests, so that a user
    weighs as much in it as in the metric. theta leaves the least variance (Deng, Xu, Kohavi and
    Walker 2013, equation 4). None, or one that does not vary, leaves the difference as it is.
    """
    control, candidate, influences = _arms(table.requests, table.values)
    plain = candidate - control
    variance, degrees = _spread(influences, table.users)
    if covariate is None or math.isnan(variance) or not np.ptp(covariate) > 0.0:
        return UserDifference(control, candidate, plain, variance, degrees)
    weighed = table.requests[0] * covariate, table.requests[1] * covariate
    before_control, before_candidate, before = _arms(table.requests, weighed)
    metric_influence, before_influence = influences[1] - influences[0], before[1] - before[0]
    spread = float(before_influence @ before_influence)
    theta = float(metric_influence @ before_influence) / spread if spread > 0.0 else 0.0
    left = influences[0] - theta * before[0], influences[1] - theta * before[1]
    adjusted, degrees = _spread(left, table.users)
    difference = plain - theta * (before_candidate - before_control)
    factor = adjusted / variance if variance > 0.0 else math.nan
    return UserDifference(control, candidate, difference, adjusted, degrees, theta, factor)


def win_difference(table: UserTable) -> UserDifference:
    """P(a user's mean under the candidate is larger) + P(equal) / 2, less a half: by ranks.

    Mann and Whitney's probability with a variance of its own for each arm, from the users' mean
    ranks, so that it holds where only the spreads differ (Brunner and Munzel 2000, Biometrical
    Journal 42:17); users in both arms add what they are in each (DeLong, DeLong and Clarke-Pearson
    1988). `control` and `candidate` are the probabilities of the one and the other to be larger.
    """
    means = table.of_means()
    met = tuple(requests > 0.0 for requests in means.requests)
    if min(table.users) < 1:
        return UserDifference(math.nan, math.nan, math.nan, math.nan, math.nan)
    control, candidate = means.values[0][met[0]], means.values[1][met[1]]
    won, lost = _shares_below(control, candidate), _shares_below(candidate, control)
    probability = float(won.mean())
    influences = np.zeros(len(met[0])), np.zeros(len(met[1]))
    scales = [_small_sample(count) for count in table.users]
    influences[0][met[0]] = scales[0] * (lost - (1.0 - probability)) / len(control)
    influences[1][met[1]] = scales[1] * (won - probability) / len(candidate)
    variance, degrees = _spread(influences, table.users)
    return UserDifference(1.0 - probability, probability, probability - 0.5, variance, degrees)


def _numbered(users: Integers) -> tuple[Integers, Integers]:
    """The different numbers among these in order, and the place of each in them."""
    most = int(users.max(initial=0)) + 1
    if most > 16 * len(users):
        numbers, places = np.unique(users, return_inverse=True)
        return numbers, places
    there = np.zeros(most, dtype=np.bool_)  # no sorting: users are whole numbers from 0
    there[users] = True
    return np.flatnonzero(there), (np.cumsum(there) - 1)[users]


def _arms(
    requests: tuple[Floats, Floats], values: tuple[Floats, Floats]
) -> tuple[float, float, tuple[Floats, Floats]]:
    """Ratios of control and candidate, and the users' influences on each."""
    ratios, influences = [], []
    for own_requests, own_values in zip(requests, values, strict=True):
        total = float(own_requests.sum())
        ratio = float(own_values.sum()) / total if total else math.nan
        scale = _small_sample(int(np.count_nonzero(own_requests)))
        influences.append(scale * (own_values - ratio * own_requests) / max(total, 1.0))
        ratios.append(ratio)
    return ratios[0], ratios[1], (influences[0], influences[1])


def _small_sample(users: int) -> float:
    """Root of users / (users - 1): with it the squares sum to a sample variance."""
    return math.sqrt(users / (users - 1.0)) if users > 1 else 1.0


def _spread(influences: tuple[Floats, Floats], users: tuple[int, int]) -> tuple[float, float]:
    """Variance of the difference, and its degrees of freedom; NaN where an arm tells too little."""
    own = [float(each @ each) for each in influences]
    if min(users) < FEWEST_USERS or not min(own) > 0.0:
        return math.nan, math.nan
    error = influences[1] - influences[0]
    parts = sum(part**2 / (count - 1) for part, count in zip(own, users, strict=True))
    return float(error @ error), sum(own) ** 2 / parts


def _shares_below(others: Floats, values: Floats) -> Floats:
    """For each value, the share of the others below it, equal ones counted half."""
    ordered = np.sort(others)
    below = np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right")
    return below / (2.0 * len(others))
