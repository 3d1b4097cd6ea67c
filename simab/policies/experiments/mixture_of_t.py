"""One look of the always-valid t test, at what the labels say of two variants."""

from __future__ import annotations

import math

from simab.policies.experiments.by_user import UserEvidence
from simab.policies.experiments.evidence import Evidence
from simab.policies.experiments.two_means import MeanEvidence
from simab.policies.two_proportions import TwoProportions
from simab.stats.always_valid import MixtureTest
from simab.stats.label_totals import RewardTotals
from simab.stats.means import Moments
from simab.stats.mixture_t import mixture_t_log_ratio, mixture_t_test

__all__ = ["mixture_of_t"]


def mixture_of_t(seen: Evidence, mixing_variance: float) -> MixtureTest:
    """Of rewards and of users with each variant's own variance, of shares with one for both.

    Equal shares have one variance, and that of an arm without a hit is not 0.
    `mixing_variance` is the square of a typical effect in standard deviations of a value.
    """
    if isinstance(seen, UserEvidence):
        return _of_users(seen, mixing_variance)
    if isinstance(seen, MeanEvidence):
        rewards = seen.control_rewards, seen.candidate_rewards
        if not all(each.tells_spread for each in rewards):
            reason = "the spread of the rewards is not known yet"
            return MixtureTest(seen.difference, math.nan, math.nan, reason)
        return mixture_t_test(*map(_of_rewards, rewards), mixing_variance=mixing_variance)
    shares = seen.shares
    if shares is None:
        return MixtureTest(seen.difference, math.nan, math.nan, "no values of single requests")
    arms = _of_shares(shares)
    return mixture_t_test(*arms, mixing_variance=mixing_variance, equal_variances=True)


def _of_users(seen: UserEvidence, mixing_variance: float) -> MixtureTest:
    found, (users, new_users) = seen.found, seen.table.users
    if not found.variance > 0.0:
        reason = "the spread over users is not known yet"
        return MixtureTest(found.difference, math.nan, math.nan, reason)
    t = found.difference / math.sqrt(found.variance)
    effective = users * new_users / (users + new_users)
    log_ratio = mixture_t_log_ratio(t, found.degrees, effective, mixing_variance)
    return MixtureTest(found.difference, log_ratio, math.exp(min(-log_ratio, 0.0)))


def _of_rewards(rewards: RewardTotals) -> Moments:
    return Moments(rewards.count, rewards.mean, rewards.variance)


def _of_shares(shares: TwoProportions) -> tuple[Moments, Moments]:
    control, candidate = (
        Moments(total, _share(hits, total), _variance(hits, total))
        for hits, total in (shares[:2], shares[2:])
    )
    return control, candidate


def _share(hits: int, total: int) -> float:
    return hits / total if total else math.nan


def _variance(hits: int, total: int) -> float:
    return hits * (total - hits) / (total * (total - 1.0)) if total > 1 else math.nan
