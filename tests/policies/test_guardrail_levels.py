"""A guardrail passes a candidate that is worse by the whole margin in at most alpha of the runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from simab.policies import Promote
from simab.policies.experiments.experiment import Experiment
from simab.policies.experiments.fixed_horizon import FixedHorizonTest
from simab.policies.experiments.group_sequential import GroupSequential
from simab.policies.experiments.naive_peeking import NaivePeeking
from simab.stats.non_inferiority import restricted_non_inferiority_test
from simab.stats.request_totals import RequestTotals
from tests.policies.fake_metrics import MINUTE, FakeMetrics, observation, requests, successes

MARGIN, CONTROL_RATE = 0.01, 0.005
GUARDED: dict[str, Any] = {"guardrails": [{"metric": "error_rate", "margin": MARGIN}]}
NOTHING = requests()
BETTER = {"old": successes(600, 400), "new": successes(900, 100)}


def served(count: int, failed: int) -> RequestTotals:
    """Counts alone, without latencies."""
    return NOTHING._replace(invocations=count, failed=failed)


def passed(policy: Experiment, excess: float, *, runs: int, looks: int, each: int) -> int:
    """Runs in which the candidate, whose answers are far better, is promoted within the looks."""
    random = np.random.default_rng(11)
    promoted = 0
    for _ in range(runs):
        failed = [
            random.binomial(each, rate, looks) for rate in (CONTROL_RATE, CONTROL_RATE + excess)
        ]
        windows = {
            (name, minute): served(each, int(count))
            for name, counts in zip(("old", "new"), failed, strict=True)
            for minute, count in enumerate(counts)
        }
        promoted += _is_promoted(policy, windows, looks)
    return promoted


def _is_promoted(policy: Experiment, windows: dict[Any, Any], looks: int) -> bool:
    state: Any = None
    for minute in range(1, looks + 1):
        metrics = CumulatedMetrics(BETTER, windows, minute * MINUTE)
        seen = observation(metrics, now_ns=minute * MINUTE)
        actions, state = policy.decide(state, seen)
        promoted = [action.variant for action in actions if isinstance(action, Promote)]
        if promoted:
            return promoted == ["new"]
    return False


class CumulatedMetrics(FakeMetrics):
    """Counts only: the histograms of a thousand looks would take the time of the test."""

    def requests(self, variant: str, since_ns: int, until_ns: int) -> Any:
        """The sum of invocations and failures of the windows asked for."""
        parts = [
            self.windows[variant, minute]
            for minute in range(since_ns // self.period_ns, until_ns // self.period_ns)
        ]
        return NOTHING._replace(
            invocations=sum(part.invocations for part in parts),
            failed=sum(part.failed for part in parts),
        )


def most(runs: int, alpha: float = 0.05) -> int:
    """What chance allows for a rate of alpha, but once in ten thousand."""
    return int(stats.binom(runs, alpha).isf(1e-4))


def test_looks_at_every_tick_pass_a_candidate_at_the_margin_at_most_at_alpha() -> None:
    """60 runs of 40 looks: at the full level each, a fifth of them and more would pass."""
    policy = NaivePeeking.model_validate({"labelled_requests": 100, **GUARDED})
    assert passed(policy, MARGIN, runs=60, looks=40, each=100) <= most(60)


def test_an_equal_candidate_passes_at_some_look() -> None:
    """The price of looking is time: at 5,000 requests an arm nearly every run has passed."""
    policy = NaivePeeking.model_validate({"labelled_requests": 100, **GUARDED})
    assert passed(policy, 0.0, runs=40, looks=50, each=100) >= 36


@pytest.mark.long
def test_many_runs_of_long_looking_keep_alpha() -> None:
    """The boundary candidate, at 100 looks of every tick."""
    policy = NaivePeeking.model_validate({"labelled_requests": 100, **GUARDED})
    assert passed(policy, MARGIN, runs=300, looks=100, each=150) <= most(300)


def test_a_single_planned_look_takes_the_whole_alpha() -> None:
    """4 against 4 errors of 900 pass the one look of a fixed horizon, and not one of many."""
    windows = {(name, 0): served(900, 4) for name in ("old", "new")}
    fixed = FixedHorizonTest.model_validate({"labelled_requests": 100, **GUARDED})
    peeking = NaivePeeking.model_validate({"labelled_requests": 100, **GUARDED})
    assert _is_promoted(fixed, windows, 1)
    assert not _is_promoted(peeking, windows, 1)


def test_planned_looks_share_alpha() -> None:
    """Of ten looks each tests at alpha / 10: what has p between that and alpha is held."""
    windows = {
        ("old", 0): served(1000, 8),
        ("new", 0): served(1000, 9),
    }
    p_value = restricted_non_inferiority_test(
        8,
        1000,
        9,
        1000,
        margin=MARGIN,
    ).p_value
    assert 0.005 < p_value < 0.05
    planned = {"labelled_requests": 10_000, "boundary": "pocock", **GUARDED}
    one = GroupSequential.model_validate(planned | {"looks": 10})
    _, state = one.decide(
        None, observation(CumulatedMetrics(BETTER, windows, MINUTE), now_ns=MINUTE)
    )
    assert (state.look, state.holds, state.finished) == (1, 1, False)
