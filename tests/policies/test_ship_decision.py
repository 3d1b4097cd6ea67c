"""One decision by many metrics: what is asked of each, what is shipped, and how often it errs."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

import simab
from simab.draws import Draws
from simab.policies import Observation, Promote
from simab.policies.answers import Answers
from simab.policies.experiments.decision_metrics import DecisionMetric
from simab.policies.experiments.requests_with_margin import Span
from simab.policies.experiments.ship_decision import ShipByMetrics, ShipState
from simab.run.simulation import play_run
from simab.stats.label_estimates import metric_estimate
from simab.stats.margin_tests import Margin
from simab.stats.shared_users import ratio_difference, user_table
from simab.world import Blueprint
from tests.policies.fake_metrics import (
    MINUTE,
    FakeMetrics,
    confusion,
    earned,
    observation,
    requests,
    successes,
)

NO_SPAN = Span(0, 0)
BUSY = Path(__file__).resolve().parents[2] / "scenarios" / "many_metrics.yaml"
BETTER = {"metric": "success_rate", "role": "success"}


def rule(*metrics: dict[str, Any], **fields: Any) -> ShipByMetrics:
    plain: dict[str, Any] = {"labelled_requests": 100, "batches": 5, "metrics": list(metrics)}
    return ShipByMetrics.model_validate(plain | fields)


def decided(policy: ShipByMetrics, seen: Observation) -> Promote:
    (action,), state = policy.decide(None, seen)
    assert isinstance(action, Promote)
    assert policy.has_ended(state)
    assert policy.decide(state, seen) == ((), state)
    return action


def windows(name: str, latency_ms: float, failed: int = 0, minutes: int = 10) -> dict[Any, Any]:
    """Twenty requests a minute around a latency, which goes up and down a little."""
    return {
        (name, minute): requests(
            [latency_ms * (1 + 0.02 * ((minute + place) % 5 - 2)) for place in range(20)],
            failed=failed,
        )
        for minute in range(minutes)
    }


def seen_of(labels: dict[str, Any], shown: dict[Any, Any] | None = None) -> Observation:
    return observation(FakeMetrics(labels, shown or {}, published_until_ns=10 * MINUTE))


def test_one_success_metric_is_enough_at_its_part_of_alpha() -> None:
    """By hand, z = .06 / sqrt(.87 x .13 x 2 / 400) = 2.52 and p = .0058: below .01, not .005."""
    seen = seen_of({"old": successes(336, 64), "new": successes(360, 40)})
    five = rule(BETTER, *({"metric": name, "role": "success"} for name in LATENCIES[:4]))
    action = decided(five, seen)
    assert action.variant == "new"
    assert action.because.startswith("ship: better: success_rate 0.9 against 0.84, better p = 0.00")
    strict = rule(BETTER, alpha=0.005)
    action = decided(strict, seen)
    assert action.variant == "old"
    assert action.because.startswith("keep: no gain shown: success_rate 0.9 against 0.84")


LATENCIES = ("latency_mean", "latency_p50", "latency_p90", "latency_p99")


def test_a_guardrail_has_to_be_shown_not_to_be_worse() -> None:
    """Without windows it shows nothing; a slow candidate is kept, a fast one shipped."""
    labels = {"old": successes(300, 100), "new": successes(360, 40)}
    guarded = rule(BETTER, {"metric": "latency_mean", "role": "guardrail", "margin": 10})
    unseen = decided(guarded, observation(FakeMetrics(labels)))
    assert unseen.variant == "old"
    assert "(0 windows: 5 batches take as many)" in unseen.because
    slow = decided(guarded, seen_of(labels, windows("old", 100) | windows("new", 112)))
    assert slow.variant == "old"
    assert "guardrail not cleared: latency_mean 112.0ms against 100.0ms, not worse p = " in (
        slow.because
    )
    fast = decided(guarded, seen_of(labels, windows("old", 100) | windows("new", 105)))
    assert fast.variant == "new"


def test_a_metric_that_is_worse_stops_the_candidate() -> None:
    """By its role, or each of them: a guardrail within its margin may be worse than the control."""
    labels = {"old": successes(300, 100), "new": successes(360, 40)}
    seen = seen_of(labels, windows("old", 100) | windows("new", 105))
    within = {"metric": "latency_mean", "role": "guardrail", "margin": 10}
    watched = {"metric": "latency_p90", "role": "deterioration"}
    assert decided(rule(BETTER, within, deterioration="all"), seen).variant == "old"
    action = decided(rule(BETTER, within, watched), seen)
    assert action.variant == "old"
    assert action.because.startswith("keep: better: success_rate")
    assert "; worse: latency_p90 10" in action.because
    tolerated = watched | {"margin": 20}
    assert decided(rule(BETTER, within, tolerated), seen).variant == "new"


def test_a_split_that_is_not_as_asked_keeps_the_control() -> None:
    """Whatever the metrics say."""
    labels = {"old": successes(300, 100), "new": successes(360, 40)}
    metrics = FakeMetrics(labels, assigned={"old": 500, "new": 300})
    action = decided(rule(BETTER, sample_ratio_alpha=0.001), observation(metrics))
    assert action.variant == "old"
    assert action.because.startswith("keep: sample ratio mismatch")


def test_it_waits_for_its_sample_or_its_time() -> None:
    """And says so."""
    few = observation(FakeMetrics({"old": successes(99, 0), "new": successes(300, 0)}))
    assert rule(BETTER).decide(None, few)[0] == ()
    assert rule(BETTER).next_look(ShipState(), few).labelled == ((("old",), 100), (("new",), 100))
    timed = rule(BETTER, labelled_requests=None, duration="12min")
    assert timed.decide(None, few)[0] == ()
    assert timed.next_look(ShipState(), few).at_ns == timed.longest_ns() == 12 * MINUTE
    assert timed.decide(None, few._replace(now_ns=12 * MINUTE))[0]


def test_windows_count_since_the_weights_were_set() -> None:
    """Of ten windows the first three are of another split; seven make five batches."""
    faster = {"metric": "latency_mean", "role": "success"}
    policy = rule(faster, labelled_requests=None, duration="10min")
    shown = windows("old", 100) | windows("new", 90)
    early = observation(FakeMetrics(windows=shown), now_ns=0, weights={"old": 9.0, "new": 1.0})
    _, state = policy.decide(None, early)
    changed = observation(FakeMetrics(windows=shown), now_ns=3 * MINUTE)
    _, state = policy.decide(state, changed)
    now = observation(FakeMetrics(windows=shown, published_until_ns=10 * MINUTE))
    span = Span.of(state.stretch, now, 5)
    assert span.windows == 7
    assert [each.invocations for each in span.control] == [20, 20, 40, 20, 40]
    assert Span.of(state.stretch, now, 8).control == ()


@pytest.mark.parametrize("name", ["f1", "roc_auc", "brier"])
def test_other_metrics_of_labels_have_the_variance_of_their_estimate(name: Any) -> None:
    """A relative margin multiplies the control's; lower is better for Brier."""
    old, new = confusion(40, 10, 12, 60), confusion(50, 9, 8, 70)
    seen = observation(FakeMetrics({"old": old, "new": new}))
    metric = DecisionMetric(metric=name, role="guardrail", margin=0.1, difference="relative")
    a, b = metric_estimate(name, old), metric_estimate(name, new)
    factor = 1.1 if name == "brier" else 0.9
    found = metric.contrast(seen, NO_SPAN, metric.tested_margin)
    gain = b.value - factor * a.value
    assert found.contrast == pytest.approx(-gain if name == "brier" else gain)
    assert found.standard_error == pytest.approx(math.sqrt(factor**2 * a.variance + b.variance))


def test_recall_is_a_share_of_positives_and_rewards_are_means() -> None:
    """By SciPy, and by the counts."""
    seen = observation(
        FakeMetrics({"old": confusion(40, 9, 20, 9), "new": confusion(50, 1, 10, 1)})
    )
    recall = DecisionMetric(metric="recall", role="success")
    pooled = 90 / 120
    error = math.sqrt(pooled * (1 - pooled) * 2 / 60)
    found = recall.contrast(seen, NO_SPAN, Margin())
    assert found.p_not_worse == pytest.approx(stats.norm.sf((50 / 60 - 40 / 60) / error))
    rng = np.random.default_rng(8)
    old, new = rng.exponential(40, 50), rng.exponential(50, 60)
    seen = observation(FakeMetrics({"old": earned(old.tolist()), "new": earned(new.tolist())}))
    found = DecisionMetric(metric="reward", role="success").contrast(seen, NO_SPAN, Margin())
    known = stats.ttest_ind(new, old, equal_var=False, alternative="greater")
    assert found.p_not_worse == pytest.approx(known.pvalue)
    lower = DecisionMetric(metric="reward", role="success", direction="lower")
    found = lower.contrast(seen, NO_SPAN, lower.tested_margin)
    assert found.p_not_worse == pytest.approx(1 - known.pvalue)


def test_errors_that_come_in_clusters_say_less_than_by_request() -> None:
    """Ten failures in one minute of ten: batches see that, and requests do not."""
    labels = {"old": successes(300, 100), "new": successes(360, 40)}
    shown = windows("old", 100) | windows("new", 100)
    shown[("new", 4)] = requests([100.0] * 20, failed=10)
    seen = seen_of(labels, shown)
    span = Span.of(ShipState().stretch.followed(seen), seen, 10)
    margin = Margin(0.1, higher_is_better=False)
    batched, plain = (
        DecisionMetric(metric="error_rate", role="guardrail", margin=0.1, unit=unit).contrast(
            seen, span, margin
        )
        for unit in ("batch", "request")
    )
    assert batched.contrast == plain.contrast == pytest.approx(0.05)
    assert batched.standard_error == pytest.approx(math.sqrt(10 / 9 * (9**2 + 9 * 1)) / 200)
    assert batched.standard_error > 2 * plain.standard_error
    assert batched.degrees == 9


class OfUsers(FakeMetrics):
    """Answers of 40 users to each arm, of whom ten met both."""

    def answers(self, variant: str) -> Answers:
        rng = np.random.default_rng(1 if variant == "old" else 2)
        users = rng.integers(0, 40, 400) + (30 if variant == "new" else 0)
        values = np.exp(rng.normal(3 + users % 7 / 5, 0.3))
        nothing = np.zeros(400, dtype=np.int64)
        return Answers(nothing, users, values, nothing, nothing)


def test_by_user_values_and_percentiles_have_the_error_of_users() -> None:
    """A relative margin multiplies the control's values before they are added up."""
    seen = observation(OfUsers())
    old, new = seen.metrics.answers("old"), seen.metrics.answers("new")
    mean = DecisionMetric.model_validate(
        {"metric": "reward", "role": "guardrail", "margin": "10%", "difference": "relative",
         "unit": "user"}
    )  # fmt: skip
    found = mean.contrast(seen, NO_SPAN, mean.tested_margin)
    known = ratio_difference(user_table((old.users, new.users), (0.9 * old.values, new.values)))
    assert found.a == pytest.approx(old.values.mean())
    assert found.contrast == pytest.approx(new.values.mean() - 0.9 * old.values.mean())
    assert found.standard_error == pytest.approx(math.sqrt(known.variance))
    assert found.degrees == known.degrees
    errors = {}
    for unit in (None, "request"):
        median = DecisionMetric(metric="reward_p50", role="success", unit=unit)
        found = median.contrast(seen, NO_SPAN, Margin())
        assert found.b == pytest.approx(np.quantile(new.values, 0.5, method="inverted_cdf"))
        errors[unit] = found.standard_error
    assert errors[None] > 1.2 * errors["request"]
    assert rule({"metric": "reward_p50", "role": "success"}).reads_answers()


def test_it_looks_at_what_its_metrics_are() -> None:
    """Quality by any metric of labels; latency and errors by theirs."""
    assert rule({"metric": "reward_p90", "role": "success"}).looks_at() == ("quality",)
    watched = rule(BETTER, {"metric": "error_rate", "role": "deterioration"})
    assert watched.looks_at() == ("quality", "errors")
    assert rule({"metric": "latency_p99", "role": "success"}).looks_at() == ("latency",)


def test_each_question_is_read_at_the_decision() -> None:
    """With its level, and whether it went well."""
    labels = {"old": successes(300, 100), "new": successes(360, 40)}
    seen = seen_of(labels, windows("old", 100) | windows("new", 112))
    policy = rule(
        BETTER,
        {"metric": "latency_mean", "role": "guardrail", "margin": 10},
        {"metric": "error_rate", "role": "deterioration"},
    )
    _, state = policy.decide(None, seen)
    readings = policy.readings(None, state, seen)
    assert [each.name for each in readings] == [
        "success success_rate", "guardrail latency_mean", "deterioration error_rate",
    ]  # fmt: skip
    assert [each.passed for each in readings] == [True, False, True]
    assert readings[0].reading.endswith("(level 0.05)")
    assert not policy.readings(state, state, seen)


def test_of_two_equal_variants_few_are_shipped_and_few_at_the_margin() -> None:
    """Two success metrics that are one and the same come to half of alpha; a guardrail to alpha."""
    rng = np.random.default_rng(6)
    twice = rule(BETTER, {"metric": "accuracy", "role": "success"}, alpha=0.1)
    guarded = rule(BETTER, {"metric": "accuracy", "role": "guardrail", "margin": 0.05}, alpha=0.1)
    equal = [_ships(twice, *rng.binomial(500, 0.8, 2).tolist()) for _ in range(1500)]
    right = rng.binomial(500, [0.8, 0.75], (1500, 2))
    worse = [_ships(guarded, *pair) for pair in right.tolist()]
    assert sum(equal) <= stats.binom.ppf(0.9999, 1500, 0.05)
    assert sum(equal) >= stats.binom.ppf(0.0001, 1500, 0.05)
    assert sum(worse) <= stats.binom.ppf(0.9999, 1500, 0.1)


def _ships(policy: ShipByMetrics, right: int, new_right: int) -> bool:
    labels = {"old": successes(right, 500 - right), "new": successes(new_right, 500 - new_right)}
    return decided(policy, observation(FakeMetrics(labels))).variant == "new"


@dataclass(frozen=True)
class Drawn(FakeMetrics):
    """Answers of users whose own level moves all their rewards; nobody meets both variants."""

    rng: np.random.Generator = field(default_factory=np.random.default_rng)

    def answers(self, variant: str) -> Answers:
        users = np.repeat(np.arange(150), 1 + self.rng.poisson(9, 150))
        levels = self.rng.normal(0.0, 0.6, 150)[users]
        values = np.exp(levels + self.rng.normal(0.0, 0.6, users.size))
        nothing = np.zeros(users.size, dtype=np.int64)
        return Answers(nothing, users + 150 * (variant == "new"), values, nothing, nothing)


@pytest.mark.parametrize("name", ["reward", "reward_p50", "reward_p90"])
def test_of_users_who_differ_tests_by_user_err_as_rarely_as_they_say(name: Any) -> None:
    """Half of the spread is that of users, of ten requests each: by request it is far too often."""
    seen, runs = observation(Drawn(rng=np.random.default_rng(31))), 300
    by_user, by_request = (
        DecisionMetric(metric=name, role="success", unit=unit) for unit in ("user", "request")
    )
    found = sum(by_user.contrast(seen, NO_SPAN, Margin()).p_not_worse <= 0.05 for _ in range(runs))
    assert found <= stats.binom.ppf(0.9999, runs, 0.06)  # of 150 users: nearly normal
    if name != "reward":  # by request the reward has totals, and no answers
        plain = [by_request.contrast(seen, NO_SPAN, Margin()).p_not_worse for _ in range(runs)]
        assert sum(each <= 0.05 for each in plain) > stats.binom.ppf(0.9999, runs, 0.06)


class Asking:
    """Looks once, after an hour, and writes down whether latencies are found to be better."""

    def __init__(self, metrics: dict[str, DecisionMetric]) -> None:
        self.metrics = metrics
        self.found: dict[str, list[bool]] = {name: [] for name in metrics}

    def decide(self, state: Any, seen: Observation) -> tuple[tuple[()], Any]:
        if state is None and seen.now_ns >= 60 * MINUTE:
            span = Span.of(ShipState().stretch.followed(seen), seen, 20)
            for name, metric in self.metrics.items():
                contrast = metric.contrast(seen, span, Margin(higher_is_better=False))
                self.found[name].append(contrast.p_not_worse <= 0.05)
            return (), True
        return (), state


@pytest.mark.long
def test_in_a_busy_queue_batches_err_as_rarely_as_they_say_and_requests_do_not() -> None:
    """Two equal queues at load .8: alpha for batches; several times as often by request."""
    scenario = simab.load(BUSY)
    written = scenario.model_dump(mode="json")
    written["endpoint"]["variants"]["new"] = written["endpoint"]["variants"]["current"]
    equal = simab.Scenario.model_validate(written)
    asking = Asking(
        {
            f"{name} by {unit}": DecisionMetric.model_validate(
                {"metric": name, "role": "success", "unit": unit}
            )
            for name in ("latency_mean", "latency_p99")
            for unit in ("batch", "request")
        }
    )
    blueprint, runs = Blueprint.of(equal), 300
    for replication in range(runs):
        play_run(blueprint, ("asking", asking), Draws(17, replication))
    for name, found in asking.found.items():
        assert len(found) == runs
        if name.endswith("batch"):
            # Batches are not quite independent, nor normal: a point and a half more.
            assert sum(found) <= stats.binom.ppf(0.9999, runs, 0.065), name
        else:
            assert sum(found) >= stats.binom.ppf(0.0001, runs, 0.25), name
