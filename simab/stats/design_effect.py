"""How much an analysis by request errs where users differ: the design effect and what follows.

Requests of a user share the user's propensity. The intra-class correlation says how alike they
are, the design effect by how much the variance of a share of requests is larger than that of as
many independent ones (Kish 1965, Survey Sampling, section 5.4).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from simab.errors import InvalidInput
from simab.stats.checks import require_level
from simab.stats.interval import normal_quantile
from simab.stats.proportions import normal_p_value

__all__ = [
    "ClusterTotals",
    "OneSplit",
    "ServedShare",
    "beta_intraclass_correlation",
    "design_effect",
    "intraclass_correlation",
    "naive_false_promotion",
    "requests_of_one_split",
]


@dataclass(frozen=True, slots=True)
class ClusterTotals:
    """Sums over users for an analysis of variance; y is the sum of a user's n values.

    `values_squared` adds up the squares of single values (for 0/1 outcomes their sum again), and
    `user_squares` is the sum of y^2 / n over users who asked at all.
    """

    users: int
    requests: float
    requests_squared: float
    values: float
    values_squared: float
    user_squares: float


def design_effect(
    mean_requests: float, mean_square_requests: float, intraclass_correlation: float
) -> float:
    """1 + (E m^2 / E m - 1) ICC for users with m requests each, unrelated to their propensity.

    E m^2 / E m is the mean number of requests of the user behind a request drawn at random
    (Eldridge, Ashby and Kerry 2006, International Journal of Epidemiology 35:1292, for clusters of
    unequal size). Raises InvalidInput for a mean not above 0, a mean square below its square, or
    a correlation outside -1 to 1.
    """
    if not 0.0 < mean_requests <= mean_square_requests / mean_requests < math.inf:
        raise InvalidInput(
            f"mean_requests = {mean_requests!r}, mean_square_requests = {mean_square_requests!r}: "
            "must be above 0, and the second at least the square of the first. "
            "Give the means of m and of m^2 over the users."
        )
    if not -1.0 <= intraclass_correlation <= 1.0:
        raise InvalidInput(
            f"intraclass_correlation = {intraclass_correlation!r}: must lie between -1 and 1. "
            "Give 1 / (alpha + beta + 1) for Beta propensities."
        )
    return 1.0 + (mean_square_requests / mean_requests - 1.0) * intraclass_correlation


def beta_intraclass_correlation(alpha: float, beta: float) -> float:
    """1 / (alpha + beta + 1): of 0/1 outcomes of users whose propensities are Beta(alpha, beta).

    The variance of propensities, p (1 - p) / (alpha + beta + 1), over an outcome's, p (1 - p).
    Raises InvalidInput for parameters not above 0.
    """
    if not (alpha > 0.0 and beta > 0.0):
        raise InvalidInput(
            f"alpha = {alpha!r}, beta = {beta!r}: must be above 0. Users with Beta(2, 8) succeed "
            "with a fifth of their requests on average."
        )
    return 1.0 / (alpha + beta + 1.0)


class ServedShare(NamedTuple):
    """A candidate's share of two or three variants, and for how long, in any unit."""

    share: float
    lasts: float


class OneSplit(NamedTuple):
    """Parts of all requests: those that are compared, and as many as one split would have."""

    compared: float
    as_many: float


def requests_of_one_split(stages: Sequence[ServedShare], *, baseline: bool = False) -> OneSplit:
    """What to put in place of all requests in a design effect where a candidate's share rises.

    A hash gives the candidate the users below its share, u < s_k in stage k, and the control the
    others, so that some have served both. With N requests in all, of which the candidate has T and
    the control C, a user at u has A(u) of his with the candidate and B(u) with the control, if all
    send as many. His part of the difference of means has the weight A / T - B / C, where one split
    would give 1 / T or 1 / C of all: `as_many` is E (A / T - B / C)^2 / (1 / T + 1 / C), over N.
    With a `baseline` in the control's place, of the candidate's size and of other users, it is
    E A^2 / (T N); less where a hash moves users from one of the two to the other. Raises
    InvalidInput for shares that do not rise strictly between 0 and 1.
    """
    shares = [each.share for each in stages]
    if not shares or [0.0, *shares, 1.0] != sorted({0.0, *shares, 1.0}):
        raise InvalidInput(f"stages = {stages!r}: shares must rise between 0 and 1.")
    whole = math.fsum(each.lasts for each in stages)
    candidate = math.fsum(each.share * each.lasts for each in stages) / whole
    control, since, before = 1.0 - candidate, 1.0, 0.0
    apart = squares = 0.0
    for each in (*stages, ServedShare(1.0, 0.0)):
        # Users from the share before to this one are the candidate's from this stage on.
        part, before = each.share - before, each.share
        apart += part * (since / candidate - (1.0 - since) / control) ** 2
        squares += part * since**2
        since -= each.lasts / whole
    if baseline:
        return OneSplit(2.0 * candidate, squares / candidate)
    return OneSplit(1.0, apart * candidate * control)


def naive_false_promotion(effect: float, *, alpha: float = 0.05) -> float:
    """How often a two-sided z test by request finds an equal candidate better.

    P(Z > z of alpha / 2 over the root of the design effect): alpha / 2 for an effect of 1. It finds
    the candidate worse as often. For many users, by the normal law. Raises InvalidInput for an
    effect not above 0 or an alpha not strictly between 0 and 1.
    """
    require_level("alpha", alpha)
    if not effect > 0.0:
        raise InvalidInput(
            f"effect = {effect!r}: must be above 0. Give the design effect, 1 for users all alike."
        )
    return normal_p_value(normal_quantile(1.0 - alpha / 2.0) / math.sqrt(effect), "larger")


def intraclass_correlation(totals: ClusterTotals) -> float:
    """Of the values of one user, by analysis of variance (Donner 1986).

    (B - W) / (B + (m - 1) W) with mean squares B between users and W within, and
    m = (N - sum n^2 / N) / (users - 1) for N requests of unequally active users; users without
    requests are not counted as users. Below 0 where the users are more alike than chance makes
    them. NaN with fewer than two users, no user with two requests, or values that are all equal.
    """
    if totals.users < 2 or totals.requests <= totals.users:
        return math.nan
    between = totals.user_squares - totals.values * totals.values / totals.requests
    within = totals.values_squared - totals.user_squares
    mean_between = max(between, 0.0) / (totals.users - 1)
    mean_within = max(within, 0.0) / (totals.requests - totals.users)
    size = (totals.requests - totals.requests_squared / totals.requests) / (totals.users - 1)
    whole = mean_between + (size - 1.0) * mean_within
    return (mean_between - mean_within) / whole if whole > 0.0 else math.nan
