"""How ramps that compute their shares end with a candidate that is as good as the control.

Their courses depend on what is seen, so some hundreds of them are drawn: sums of values with normal
errors, of requests that come evenly and labels that are their mean delay late. What the watching
test of a ramp by power rolls back, half of its alpha at most, is left out.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simab.policies.explaining.setting import LabelFlow
from simab.policies.rollouts.ramp_by_power import RampByPower
from simab.policies.rollouts.ramp_shares import share_up_to
from simab.policies.rollouts.risk_budgeted_ramp import RiskBudgetedRamp
from simab.stats.bayes import Normal, expected_loss_normal
from simab.stats.ramp_budget import largest_exposure

__all__ = ["RampEndings", "endings_by_budget", "endings_by_power"]

Floats = NDArray[np.float64]
_COURSES: Final = 1000
_SHORTER_COURSES: Final = 300
_MOST_STAGES: Final = 300
_NOTHING: Final = Normal(0.0, 0.0)


class RampEndings(NamedTuple):
    """Of drawn courses when each ends, infinite where it does not, and whether by a promotion.

    `earliest_ns` is when a candidate is promoted at the earliest, whatever is seen.
    """

    ends_ns: Floats
    promoted: NDArray[np.bool_]
    earliest_ns: float

    def promoted_by(self, until_ns: float) -> float:
        """The share of courses that are promoted by then."""
        return float((self.promoted & (self.ends_ns <= until_ns)).mean())

    def open_at(self, until_ns: float) -> float:
        """The share of courses that have not ended by then."""
        return float((self.ends_ns > until_ns).mean())

    @property
    def usual_promotion_ns(self) -> float:
        """The median time of those that are promoted; NaN without any."""
        found = self.ends_ns[self.promoted]
        return float(np.median(found)) if len(found) else math.nan


class _Sums:
    """Labels of both in one course, and the sums of their errors."""

    def __init__(self, flow: LabelFlow, random: np.random.Generator, *, baseline: bool) -> None:
        self._flow, self._random, self._baseline = flow, random, baseline
        self._counts, self._errors = [0.0, 0.0], [0.0, 0.0]

    def serve(self, share: float, lasts_ns: float) -> None:
        """Answer for so long with such a share of the candidate."""
        labels = self._flow.labels * lasts_ns
        other = share if self._baseline else 1.0 - share
        for arm, count in enumerate((other * labels, share * labels)):
            if count > 0.0:
                spread = math.sqrt(self._flow.variance * count)
                self._counts[arm] += count
                self._errors[arm] += spread * self._random.standard_normal()

    @property
    def candidate(self) -> float:
        """Labels of the candidate."""
        return self._counts[1]

    @property
    def difference(self) -> Normal | None:
        """What is seen of it, with its standard error; None before both have labels."""
        control, candidate = self._counts
        if not min(control, candidate) > 0.0:
            return None
        found = self._errors[1] / candidate - self._errors[0] / control
        variance = self._flow.variance * (1.0 / control + 1.0 / candidate)
        return Normal(found, math.sqrt(variance))


@lru_cache(maxsize=16)
def endings_by_power(flow: LabelFlow, policy: RampByPower) -> RampEndings:
    """Stage by stage, each as long as its labels take."""
    first, largest = policy.first_share, policy.largest_share
    entering_ns = flow.changing_ns + flow.late_ns
    earliest_ns = flow.interval_ns + entering_ns + _stage_ns(flow, policy, first)
    if first < largest:
        earliest_ns += entering_ns + _stage_ns(flow, policy, largest)
    random = _generator()
    ends_ns = np.array([_course_by_power(flow, policy, random) for _ in range(_COURSES)])
    return RampEndings(ends_ns, np.isfinite(ends_ns), earliest_ns)


def _stage_ns(flow: LabelFlow, policy: RampByPower, share: float) -> float:
    return policy.labels_of_a_stage(share) / flow.labels


def _course_by_power(flow: LabelFlow, policy: RampByPower, random: np.random.Generator) -> float:
    """When one course ends; infinite where that takes very many stages."""
    sums = _Sums(flow, random, baseline=policy.baseline is not None)
    share = policy.first_share
    now_ns = flow.interval_ns + flow.changing_ns + flow.late_ns
    for _ in range(_MOST_STAGES):
        lasts_ns = _stage_ns(flow, policy, share)
        end_ns = _to_a_look(math.ceil(now_ns + lasts_ns), flow.interval_ns)
        sums.serve(share, end_ns - now_ns)
        now_ns, seen = float(end_ns), sums.difference
        if share >= policy.largest_share:
            return now_ns
        assert seen is not None
        loss = expected_loss_normal(_NOTHING, seen)
        at_risk = policy.risk / loss if loss > 0.0 else math.inf
        following = share_up_to(policy.largest_share, at_risk)
        if following > share:
            share, now_ns = following, now_ns + flow.changing_ns + flow.late_ns
    return math.inf


@lru_cache(maxsize=16)
def endings_by_budget(flow: LabelFlow, policy: RiskBudgetedRamp) -> RampEndings:
    """Step by step."""
    first_ns = float(_to_a_look(flow.first_window_ns, flow.interval_ns))
    random = _generator()
    found = [_course_by_budget(flow, policy, first_ns, random) for _ in range(_SHORTER_COURSES)]
    return RampEndings(
        np.array([ends_ns for ends_ns, _ in found]),
        np.array([promoted for _, promoted in found]),
        first_ns + policy.every,
    )


def _course_by_budget(
    flow: LabelFlow, policy: RiskBudgetedRamp, now_ns: float, random: np.random.Generator
) -> tuple[float, bool]:
    """When one course ends, and whether by a promotion."""
    share, changing_ns = flow.share, float(policy.change_takes)
    sums = _Sums(flow, random, baseline=policy.baseline is not None)
    exposed = flow.requests * share * now_ns
    sums.serve(share, max(now_ns - flow.late_ns, 0.0))
    for step in range(policy.steps + 1):
        coming = flow.requests * (policy.every + changing_ns)
        ahead = exposed + flow.requests * share * changing_ns
        allowed = _allowed(policy, sums, ahead)
        if step and allowed >= coming:
            return now_ns, True
        if step == policy.steps or allowed < policy.smallest_share * coming:
            return now_ns, step == policy.steps and policy.inconclusive == "ship"
        following = share_up_to(policy.largest_share, allowed / coming)
        changes = not math.isclose(following, share, abs_tol=1e-9)
        takes_ns = flow.changing_ns if changes else 0.0
        exposed += flow.requests * (share * takes_ns + following * policy.every)
        new_ns = max(policy.every - flow.late_ns, 0.0) if changes else float(policy.every)
        sums.serve(share, takes_ns + policy.every - new_ns)
        sums.serve(following, new_ns)
        now_ns, share = now_ns + takes_ns + policy.every, following
        changing_ns = takes_ns or changing_ns
    raise AssertionError  # the last step ends every course


def _allowed(policy: RiskBudgetedRamp, sums: _Sums, exposed: float) -> float:
    """How many requests more keep the budget."""
    seen, prior = sums.difference, policy.typical_loss**2
    loss = Normal(0.0, policy.typical_loss)
    if seen is not None:
        variance = seen.standard_deviation**2
        weight = prior / (prior + variance)
        loss = Normal(-weight * seen.mean, math.sqrt(weight * variance))
    return largest_exposure(
        policy.budget,
        loss,
        exposed=exposed,
        known=0.0 if seen is None else min(sums.candidate, exposed),
        spread=policy.spread,
        risk=policy.risk / (policy.steps + 1),
    )


def _generator() -> np.random.Generator:
    """The same numbers each time, so that one file is always told the same."""
    return np.random.Generator(np.random.Philox(key=0))


def _to_a_look(span_ns: int, interval_ns: int) -> int:
    return max(-(-span_ns // interval_ns), 1) * interval_ns
