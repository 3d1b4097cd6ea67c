"""What a rollout watches: the means of both variants since it began, and their interval."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from simab.policies.rollouts.watched_metrics import Arm, Arms, Watch, WatchedMetric, compared
from simab.stats.always_valid import confidence_sequence
from simab.stats.shared_users import ratio_difference, user_table
from tests.policies.fake_metrics import (
    MINUTE,
    FakeMetrics,
    earned,
    observation,
    requests,
    successes,
)
from tests.policies.one_by_one import OneByOne, answers


def watched(**fields: Any) -> WatchedMetric:
    return WatchedMetric.model_validate({"metric": "error_rate"} | fields)


def test_requests_count_from_the_first_whole_window_on() -> None:
    """The watch begins within minute 1, whose window is left out; minutes 2 and 3 are read."""
    windows = {("old", minute): requests([40.0] * 10, failed=minute) for minute in range(4)}
    windows |= {("new", minute): requests([80.0] * 5, rejected=1) for minute in range(4)}
    seen = observation(FakeMetrics(windows=windows, published_until_ns=4 * MINUTE))
    watch = Watch.begun(seen._replace(now_ns=MINUTE + 1))
    control, candidate, _ = watch.arms("error_rate", seen)
    assert (control.size, control.mean) == (20, 5 / 20)
    assert (candidate.size, candidate.mean) == (12, 2 / 12)
    assert control.variance == pytest.approx(6 / 22 * 16 / 22)  # a hit and a miss more
    early = observation(FakeMetrics(windows=windows, published_until_ns=2 * MINUTE))
    assert watch.arms("error_rate", early)[0].size == 0


def test_the_mean_latency_is_exact_and_its_spread_that_of_the_buckets() -> None:
    """Buckets are known to 0.8 %, so that the spread is near the sample's own."""
    latencies = np.random.default_rng(3).lognormal(4, 0.6, 400).tolist()
    windows = {("old", 0): requests(latencies), ("new", 0): requests([40.0] * 9)}
    seen = observation(FakeMetrics(windows=windows, published_until_ns=MINUTE))
    control, candidate, _ = Watch.begun(seen._replace(now_ns=0)).arms("latency_mean", seen)
    assert control.mean == pytest.approx(np.mean(latencies), rel=1e-6)
    assert control.variance == pytest.approx(np.var(latencies, ddof=1), rel=0.02)
    assert math.isnan(candidate.variance)  # all alike: no spread is known


def test_labels_before_the_watch_are_left_out() -> None:
    """Right answers, and rewards by their sums."""
    before = FakeMetrics({"old": successes(50, 50), "new": successes(1, 0)})
    after = FakeMetrics({"old": successes(130, 70), "new": successes(31, 10)})
    watch = Watch.begun(observation(before))
    control, candidate, _ = watch.arms("success_rate", observation(after))
    assert (control.size, control.mean) == (100, 0.8)
    assert (candidate.size, candidate.mean) == (40, 0.75)
    first, later = [4.0, 9.0, 2.0], [5.0, 1.0, 7.0, 6.0, 3.5]
    watch = Watch.begun(observation(FakeMetrics({"old": earned(first), "new": earned(first)})))
    whole = FakeMetrics({"old": earned([*first, *later]), "new": earned(first)})
    control, candidate, _ = watch.arms("reward", observation(whole))
    assert (control.size, candidate.size) == (5, 0)
    assert control.mean == pytest.approx(np.mean(later))
    assert control.variance == pytest.approx(np.var(later, ddof=1))


def test_by_user_both_means_have_the_errors_of_users() -> None:
    """Of the requests since the watch began; users who met both have a covariance."""
    random = np.random.default_rng(6)
    users = np.repeat(np.arange(50), random.geometric(1 / 8, 50))
    values = (random.random(len(users)) < random.beta(2, 8, 50)[users]).astype(float)
    new, arrived_ns = random.random(len(users)) < 0.3, np.arange(len(users)) * 10 - 40
    both = {
        name: answers(users[chosen], values[chosen], arrived_ns[chosen])
        for name, chosen in (("old", ~new), ("new", new))
    }
    metrics: Any = OneByOne(both)
    seen = observation(metrics)
    found = Watch.begun(seen._replace(now_ns=0)).arms("success_rate", seen, "user")
    later = {name: each.arrived(0) for name, each in both.items()}
    assert len(later["old"]) < len(both["old"])
    pairs = [(later["old"].users, later["new"].users), (later["old"].values, later["new"].values)]
    expected = ratio_difference(user_table(*pairs))
    assert found.control.size == len(later["old"])
    assert found.control.mean == pytest.approx(later["old"].values.mean())
    absolute = compared(watched(metric="success_rate"), found, level=0.9, tight_at=None)
    error = math.sqrt(expected.variance)
    normal = stats.norm.interval(0.9, expected.difference, error)
    assert (absolute.low, absolute.high) == pytest.approx(normal)
    assert found.covariance != 0.0
    few = Watch.begun(seen._replace(now_ns=int(arrived_ns[-3])))
    metric = watched(metric="success_rate")
    unknown = compared(metric, few.arms("success_rate", seen, "user"), level=0.9, tight_at=None)
    assert unknown.reason is not None


def test_by_user_the_interval_of_a_relative_difference_covers() -> None:
    """Monte Carlo: users who meet both arms, a true relative difference of 25 %, 90 % intervals.

    Band: 3.9 standard errors of 1,500 runs, and a point for the delta method of 150 users.
    """
    random, runs, users = np.random.default_rng(9), 1500, np.repeat(np.arange(150), 12)
    metric = watched(metric="success_rate", difference="relative")
    held = 0
    for _ in range(runs):
        own = random.beta(4, 6, 150)[users]
        new = random.random(len(users)) < 0.4
        values = (random.random(len(users)) < own * np.where(new, 1.25, 1.0)).astype(float)
        table = user_table((users[~new], users[new]), (values[~new], values[new]))
        held += 0.25 in compared(metric, Arms.of_users(table), level=0.9, tight_at=None)
    assert abs(held / runs - 0.9) < 3.9 * math.sqrt(0.09 / runs) + 0.01


def test_the_interval_of_an_absolute_difference() -> None:
    """SciPy's normal law for a posterior; the confidence sequence of the harmonic mean of sizes."""
    arms = Arms(Arm(400, 0.1, 0.09), Arm(100, 0.14, 0.12))
    error = math.sqrt(0.09 / 400 + 0.12 / 100)
    metric = watched()
    credible = compared(metric, arms, level=0.9, tight_at=None)
    assert (credible.low, credible.high) == pytest.approx(stats.norm.interval(0.9, 0.04, error))
    sequential = compared(metric, arms, level=0.9, tight_at=500)
    spread = error * math.sqrt(160)
    expected = confidence_sequence(0.04, spread, 160, target_count=500, level=0.9)
    assert (sequential.low, sequential.high) == pytest.approx((expected.low, expected.high))


def test_the_interval_of_a_relative_difference_covers() -> None:
    """Monte Carlo: of 4,000 drawn pairs of means a 90 % interval of b / a - 1 holds the true 20 %.

    Band: 3.9 standard errors, and half a point for the delta method.
    """
    random, runs, size = np.random.default_rng(8), 4000, 400
    old = random.normal(10.0, 4.0, (runs, size))
    new = random.normal(12.0, 4.0, (runs, size))
    metric, held = watched(metric="latency_mean", difference="relative"), 0
    for a, b in zip(old, new, strict=True):
        arms = Arms(
            Arm(size, float(a.mean()), float(a.var(ddof=1))),
            Arm(size, float(b.mean()), float(b.var(ddof=1))),
        )
        held += 0.2 in compared(metric, arms, level=0.9, tight_at=None)
    assert abs(held / runs - 0.9) < 3.9 * math.sqrt(0.09 / runs) + 0.005


def test_a_relative_difference_of_a_loss_is_a_part_of_its_size() -> None:
    """From -10 to -16 is worse by 60 %, and a release that tolerates a fifth is not let through."""
    arms = Arms(Arm(400, -10.0, 1.0), Arm(400, -16.0, 1.0))
    metric = watched(metric="reward", difference="relative", threshold=0.2)
    found = compared(metric, arms, level=0.9, tight_at=None)
    assert -0.6 in found
    assert metric.is_worse(found)


@pytest.mark.parametrize(
    ("arms", "why"),
    [
        (Arms(Arm(0, math.nan, math.nan), Arm(5, 0.1, 0.1)), "a variant has nothing yet"),
        (Arms(Arm(5, 0.0, 0.1), Arm(5, 0.1, 0.1)), "the control's value is 0"),
        (Arms(Arm(3, 1.0, math.nan), Arm(5, 0.1, 0.1)), "the spread is not known yet"),
    ],
)
def test_what_is_not_known_is_no_regression(arms: Arms, why: str) -> None:
    """NaN, with its reason."""
    metric = watched(difference="relative")
    interval = compared(metric, arms, level=0.9, tight_at=100)
    assert interval.reason == why
    assert not metric.is_worse(interval)
    assert why in metric.reading(arms, interval)


def test_worse_is_above_for_errors_and_below_for_right_answers() -> None:
    """The whole interval beyond the threshold."""
    arms = Arms(Arm(1000, 0.1, 0.09), Arm(1000, 0.2, 0.16))  # 0.069 to 0.131 at 95 %
    for threshold, worse in ((0.0, True), (0.06, True), (0.08, False)):
        metric = watched(threshold=threshold)
        interval = compared(metric, arms, level=0.95, tight_at=None)
        assert metric.is_worse(interval) == worse
        right = watched(metric="success_rate", threshold=threshold)
        assert (
            right.is_worse(
                compared(right, Arms(arms.candidate, arms.control), level=0.95, tight_at=None)
            )
            == worse
        )
        assert not right.is_worse(interval)
