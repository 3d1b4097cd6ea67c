"""Policies that wait for labels and decide once: the walk-through's rule and the fixed test."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy import stats

from simab.policies import EndpointStatus, Observation, Promote
from simab.policies.actions import Hold
from simab.policies.experiments.fixed_horizon import FixedHorizonTest
from simab.policies.rollouts.metric_majority import MetricMajority
from simab.stats.label_totals import LabelTotals
from tests.policies.fake_metrics import (
    MINUTE,
    FakeMetrics,
    confusion,
    observation,
    requests,
    successes,
)


def labelled(old: LabelTotals, new: LabelTotals, **fields: Any) -> Observation:
    return observation(FakeMetrics({"old": old, "new": new}), **fields)


def verdict(policy: Any, seen: Observation) -> str | None:
    """Who is promoted; None while nothing happens."""
    actions, state = policy.decide(None, seen)
    if not actions:
        assert not is_over(state)
        return None
    (action,) = actions
    assert isinstance(action, Promote)
    assert action.because
    assert is_over(state)
    assert policy.decide(state, seen) == ((), state)
    return action.variant


def is_over(state: Any) -> bool:
    return bool(getattr(state, "finished", state))


BOTH = [MetricMajority(labelled_requests=120), FixedHorizonTest(labelled_requests=120)]
both = pytest.mark.parametrize("policy", BOTH, ids=lambda policy: policy.kind)


@both
@pytest.mark.parametrize(("old", "new"), [(119, 200), (200, 119), (0, 500), (0, 0)])
def test_they_wait_until_both_variants_have_the_labels(policy: Any, old: int, new: int) -> None:
    """The smaller count is what matters."""
    assert verdict(policy, labelled(confusion(tn=old), confusion(tn=new))) is None


@both
def test_they_decide_at_the_count_itself(policy: Any) -> None:
    """At least the count: 120 of 120 is enough."""
    assert verdict(policy, labelled(confusion(tn=119, fp=1), confusion(tn=120))) is not None


@both
def test_they_do_nothing_while_the_endpoint_is_updating(policy: Any) -> None:
    """An action would be refused."""
    seen = labelled(confusion(tn=50, fp=150), confusion(tn=200), status=EndpointStatus.UPDATING)
    assert verdict(policy, seen) is None


def test_the_walk_throughs_120_rows_go_to_the_candidate() -> None:
    """Tp 16 fp 1 fn 4 tn 99 against 17, 2, 3, 98: recall, F1 and AUC outvote precision.

    The published confusion counts of the vendor's walk-through; accuracy ties at 115/120.
    """
    policy = MetricMajority(labelled_requests=120)
    seen = labelled(confusion(16, 1, 4, 99), confusion(17, 2, 3, 98))
    (action,), _ = policy.decide(None, seen)
    assert action.variant == "new"
    assert "old is ahead on 1 of 5 metrics (precision)" in action.because
    assert "new on 3 (recall, f1, roc_auc_binary)" in action.because


def test_all_334_rows_go_to_the_control() -> None:
    """37, 3, 11, 283 against 36, 4, 12, 282: the control is ahead on all five."""
    policy = MetricMajority(labelled_requests=334)
    seen = labelled(confusion(37, 3, 11, 283), confusion(36, 4, 12, 282))
    (action,), _ = policy.decide(None, seen)
    assert action.variant == "old"
    assert "old is ahead on 5 of 5" in action.because


def test_a_tie_of_metrics_keeps_the_control() -> None:
    """Equal on all, and one won each: more metrics are needed to move."""
    policy = MetricMajority(labelled_requests=100)
    assert verdict(policy, labelled(confusion(20, 5, 5, 70), confusion(20, 5, 5, 70))) == "old"
    one_each = MetricMajority(labelled_requests=100, metrics=("precision", "recall"))
    # precision 20/25 against 22/30, recall 20/25 against 22/25
    assert verdict(one_each, labelled(confusion(20, 5, 5, 70), confusion(22, 8, 3, 67))) == "old"


def test_an_undefined_metric_is_nobodys() -> None:
    """Without positives only accuracy is defined, and decides alone."""
    policy = MetricMajority(labelled_requests=100)
    seen = labelled(confusion(tn=95, fp=5), confusion(tn=96, fp=4))
    (action,), _ = policy.decide(None, seen)
    assert action.variant == "new"
    # precision is 0 / 4 and 0 / 5: both 0, a tie; recall and AUC are 0 / 0
    assert "new on 1 (accuracy)" in action.because


def test_lower_is_better_for_the_brier_score() -> None:
    """More right answers means a lower score here, and wins."""
    policy = MetricMajority(labelled_requests=100, metrics=("brier",))
    assert verdict(policy, labelled(confusion(20, 5, 5, 70), confusion(22, 4, 3, 71))) == "new"
    assert verdict(policy, labelled(confusion(22, 4, 3, 71), confusion(20, 5, 5, 70))) == "old"


def test_successes_are_compared_by_their_share() -> None:
    """success_rate of 90/100 against 180/199."""
    policy = MetricMajority(labelled_requests=100, metrics=("success_rate",))
    assert verdict(policy, labelled(successes(90, 10), successes(180, 19))) == "new"
    assert verdict(policy, labelled(successes(90, 10), successes(179, 21))) == "old"


def test_latencies_and_errors_are_compared_over_all_published_windows() -> None:
    """Both lower: 20 and 30 ms of two windows; 1 of 4 failed against 1 of 5. None before any."""
    windows = {
        ("old", 0): requests([40.0, 20.0], failed=1),
        ("old", 1): requests([30.0, 30.0]),
        ("new", 0): requests([20.0, 20.0], failed=1),
        ("new", 1): requests([20.0, 20.0, 20.0]),
    }
    labels = {"old": successes(80, 20), "new": successes(80, 20)}
    for metric in ("latency_mean", "latency_p90", "error_rate"):
        policy = MetricMajority(labelled_requests=100, metrics=(metric,))
        seen = observation(FakeMetrics(labels, windows, published_until_ns=2 * MINUTE))
        assert verdict(policy, seen) == "new"
        (reading,) = policy.readings(None, True, seen)
        assert reading.passed
        assert verdict(policy, observation(FakeMetrics(labels, windows))) == "old"


@given(
    st.tuples(st.integers(1, 400), st.integers(1, 400)),
    st.tuples(st.integers(1, 400), st.integers(1, 400)),
    st.sampled_from([0.01, 0.05, 0.2]),
)
def test_the_fixed_test_is_the_pooled_chi_square(
    old: tuple[int, int], new: tuple[int, int], alpha: float
) -> None:
    """SciPy's chi-square of the 2 x 2 table without correction, and the sign, give the verdict."""
    policy = FixedHorizonTest(labelled_requests=2, alpha=alpha)
    p_value = stats.chi2_contingency([old, new], correction=False).pvalue
    gain = new[0] / sum(new) - old[0] / sum(old)
    expected = "new" if p_value < alpha and gain > 0 else "old"
    if abs(p_value / alpha - 1) > 1e-9:
        assert verdict(policy, labelled(successes(*old), successes(*new))) == expected


def test_the_sample_follows_from_effect_and_power() -> None:
    """Accuracies of 320 and 318 of the 334 rows take about 18,800 requests an arm to tell apart."""
    policy = FixedHorizonTest(baseline=318 / 334, effect=2 / 334)
    assert round(policy.sample, -2) == 18_800
    assert FixedHorizonTest(baseline="95.2%", effect=0.006, power=0.9).sample > 25_000
    short = labelled(successes(policy.sample - 1, 0), successes(policy.sample - 1, 0))
    assert verdict(policy, short) is None
    enough = labelled(successes(policy.sample, 0), successes(policy.sample, 0))
    assert verdict(policy, enough) == "old"


def test_the_smaller_of_two_unequal_arms_needs_fewer() -> None:
    """At 9:1 both arms' variances are planned: about (1 + 1/9) / 2 of the equal sample."""
    policy = FixedHorizonTest(baseline=0.9, effect=0.02)
    fewer = policy.sample_at(1 / 9)
    assert fewer == pytest.approx(policy.sample * 5 / 9, rel=0.06)
    assert verdict(policy, labelled(successes(9 * fewer, 0), successes(fewer, 0))) == "old"
    assert verdict(policy, labelled(successes(9 * fewer - 90, 0), successes(fewer - 10, 0))) is None
    counted = FixedHorizonTest(labelled_requests=500)
    assert counted.sample_at(1 / 9) == 500


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({}, "no sample; give labelled_requests, or baseline and effect"),
        ({"baseline": 0.9}, "need each other"),
        ({"effect": 0.02}, "need each other"),
        ({"baseline": 0.9, "effect": 0.02, "labelled_requests": 5}, "keep the one or the others"),
        ({"baseline": 0.9, "effect": 0.1}, "add up to 1 or more"),
    ],
)
def test_a_sample_is_given_in_one_way(fields: dict[str, Any], rule: str) -> None:
    """By its count, or by what it is to find."""
    with pytest.raises(ValidationError, match=rule):
        FixedHorizonTest(**fields)


def test_a_guardrail_holds_the_fixed_test_to_the_control() -> None:
    """There is no later look at which it could recover."""
    limit = {"metric": "error_rate", "margin": 0.01}
    policy = FixedHorizonTest.model_validate({"labelled_requests": 100, "guardrails": [limit]})
    seen = labelled(successes(80, 20), successes(95, 5))
    assert verdict(FixedHorizonTest(labelled_requests=100), seen) == "new"
    (hold, action), _ = policy.decide(None, seen)
    assert isinstance(hold, Hold)
    assert action.variant == "old"
    assert "held to the end by" in action.because


def test_a_significant_loss_keeps_the_control() -> None:
    """P is far below alpha, but the candidate is the worse one."""
    policy = FixedHorizonTest(labelled_requests=100)
    assert verdict(policy, labelled(successes(95, 5), successes(50, 50))) == "old"


def test_a_test_without_variance_keeps_the_control() -> None:
    """All right in both: p is NaN, which is below no alpha."""
    policy = FixedHorizonTest(labelled_requests=100)
    actions, _ = policy.decide(None, labelled(successes(100, 0), successes(100, 0)))
    assert actions[0].variant == "old"
    assert "p = not known" in actions[0].because


def test_the_reason_holds_the_numbers() -> None:
    """Counts, difference, p and alpha: the report quotes them."""
    policy = FixedHorizonTest(labelled_requests=100)
    actions, _ = policy.decide(None, labelled(successes(80, 20), successes(95, 5)))
    because = actions[0].because
    p_value = stats.chi2_contingency([[80, 20], [95, 5]], correction=False).pvalue
    assert "old 80/100 correct, new 95/100" in because
    assert "+0.1500" in because
    assert f"p = {p_value:.3g} (alpha 0.05)" in because
    assert not math.isnan(p_value)
