"""The ramp by power and risk: lengths and shares by hand, its errors and what it finds by play."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import pytest
from scipy import stats

from simab.policies import EndpointStatus, Observation, Promote, Refusal, RollBack, SetWeights
from simab.policies.rollouts.ramp_by_power import RampByPower
from simab.stats.label_totals import LabelTotals
from tests.policies.fake_metrics import MINUTE, FakeMetrics, earned, observation, successes

NONE = successes(0, 0)


def ramp(**fields: Any) -> RampByPower:
    """Four points lost are to be found; answers are right in 80 %."""
    plain = {"degradation": 0.04, "spread": 0.4, "risk": 0.001, "first_share": "10%"}
    return RampByPower.model_validate(plain | fields)


def at(minute: int, old: LabelTotals, new: LabelTotals, **fields: Any) -> Observation:
    metrics = FakeMetrics({"old": old, "new": new})
    return observation(metrics, now_ns=minute * MINUTE, **fields)


def begun(policy: RampByPower) -> Any:
    """The state once the first stage serves."""
    (action,), state = policy.decide(None, at(1, NONE, NONE))
    assert isinstance(action, SetWeights)
    assert action.weights == {"old": 0.9, "new": 0.1}
    return policy.decide(state, at(2, NONE, NONE))[1]


def test_a_stage_lasts_until_it_can_show_the_degradation() -> None:
    """9 n and n labels tell as much as 0.9 n pairs' half: n of the z-test at power .8."""
    policy = ramp()
    z = stats.norm.isf(0.05) + stats.norm.ppf(0.8)
    needed = math.ceil((z * 0.4 / 0.04) ** 2 / 0.9)
    for labels, steps in ((needed - 1, 0), (needed, 1)):
        new, old = round(0.8 * labels), round(7.2 * labels)
        seen = at(9, successes(old, 9 * labels - old), successes(new, labels - new))
        actions, state = policy.decide(begun(policy), seen)
        assert len(actions) == steps
        assert state is not None
        assert state.stage == 1 + steps


def test_the_next_share_is_what_risk_allows() -> None:
    """Expected loss s phi(u) - d Phi(-u) of the labels, and its share of the risk."""
    policy, labels = ramp(), 1000
    right = 795
    seen = at(9, successes(7200, 1800), successes(right, labels - right))
    (action,), state = policy.decide(begun(policy), seen)
    shares = np.array([7201 / 9002, (right + 1) / 1002])
    spread = math.sqrt((shares * (1 - shares) / [9000, 1000]).sum())
    u = -0.005 / spread
    loss = spread * stats.norm.pdf(u) + 0.005 * stats.norm.sf(u)
    assert 0.001 / loss < 0.5
    assert isinstance(action, SetWeights)
    assert action.weights["new"] == math.floor(0.001 / loss * 10_000) / 10_000
    assert f"expected loss {loss:.3g} a request" in action.because
    assert state is not None
    assert state.since_ns is None
    # Where that is less than now, the stage goes on with labels of its own.
    actions, state = ramp(risk=1e-6).decide(begun(policy), seen)
    assert actions == ()
    assert state is not None
    assert (state.stage, state.share, state.labelled) == (2, 0.1, (9000, 1000))


def test_a_loss_is_rolled_back_while_it_is_watched() -> None:
    """By the mixture of all labels; few are not looked at."""
    policy = ramp()
    seen = at(3, successes(7200, 1800), successes(600, 400))
    (action,), state = policy.decide(begun(policy), seen)
    assert isinstance(action, RollBack)
    assert policy.has_ended(state)
    assert policy.readings(begun(policy), state, seen)[0].passed is False
    assert "loss at 0.1: old 7200/9000 correct, new 600/1000" in action.because
    assert policy.decide(begun(policy), at(3, successes(99, 0), successes(9, 90)))[0] == ()


def test_a_gain_before_is_no_loss_later() -> None:
    """The watching test counts losses alone: 60 points ahead at first, then barely behind."""
    policy = ramp(degradation=0.01)
    _, state = policy.decide(begun(policy), at(3, successes(20, 80), successes(80, 20)))
    actions, after = policy.decide(state, at(4, successes(800, 200), successes(799, 201)))
    assert actions == ()
    assert after is not None
    assert after.p_value == 1.0


def test_it_is_promoted_after_a_stage_at_the_largest_share() -> None:
    """A gain allows half at once; the second stage needs labels of its own. Rewards are alike."""
    policy = ramp()
    first = at(9, successes(7200, 1800), successes(900, 100))
    (action,), state = policy.decide(begun(policy), first)
    assert isinstance(action, SetWeights)
    assert action.weights["new"] == 0.5
    _, state = policy.decide(state, at(10, successes(7200, 1800), successes(900, 100)))
    early = at(11, successes(7700, 1900), successes(1300, 150))
    assert policy.decide(state, early)[0] == ()
    late = at(19, successes(9600, 2400), successes(3600, 400))
    (action,), after = policy.decide(state, late)
    assert isinstance(action, Promote)
    assert action.variant == "new"
    assert policy.readings(state, after, late)[0].passed is True
    random = np.random.default_rng(2)
    old, new = (earned(random.normal(mean, 0.4, 3000).tolist()) for mean in (0.8, 0.7))
    assert isinstance(policy.decide(begun(policy), at(9, old, new))[0][0], RollBack)


def test_it_is_promoted_after_a_largest_share_of_a_third() -> None:
    """Which is no whole number of ten-thousandths, and yet is reached."""
    policy = ramp(largest_share=1 / 3)
    (action,), state = policy.decide(
        begun(policy), at(9, successes(7200, 1800), successes(900, 100))
    )
    assert isinstance(action, SetWeights)
    assert action.weights["new"] == 1 / 3
    _, state = policy.decide(state, at(10, successes(7200, 1800), successes(900, 100)))
    late = at(19, successes(9600, 2400), successes(3600, 400))
    (action,), _ = policy.decide(state, late)
    assert isinstance(action, Promote)
    assert action.variant == "new"


def test_it_ends_waits_and_asks_again() -> None:
    """The time is over, an update is under way, a stage was refused."""
    policy = ramp(maximum_duration="20min")
    (action,), _ = policy.decide(begun(policy), at(20, NONE, NONE))
    assert isinstance(action, Promote)
    assert action.variant == "old"
    assert policy.longest_ns() == 20 * MINUTE
    (asked,), state = policy.decide(None, at(1, NONE, NONE))
    refused = at(2, NONE, NONE, refused=(Refusal(asked, "busy"),))
    assert policy.decide(state, refused)[0][0].because == "asked again"
    busy = at(2, NONE, NONE, status=EndpointStatus.UPDATING)
    assert policy.decide(state, busy) == ((), state)
    with pytest.raises(ValueError, match=r"first_share = 0\.6 is above largest_share"):
        ramp(first_share="60%")


class Course(NamedTuple):
    """How a run ended, and how many requests of the candidate it took."""

    promoted: bool
    exposed: int


def course(policy: RampByPower, loss: float, random: np.random.Generator) -> Course:
    """500 requests a minute, labelled at once; each change is in force at the next."""
    state: Any = None
    share, minute = 0.0, 0
    counts = {"old": [0, 0], "new": [0, 0]}
    while True:
        minute += 1
        old, new = (successes(right, of - right) for right, of in counts.values())
        actions, state = policy.decide(state, at(minute, old, new))
        for action in actions:
            if not isinstance(action, SetWeights):
                return Course(isinstance(action, Promote), counts["new"][1])
            share = action.weights["new"]
        served = {"new": int(random.binomial(500, share))}
        served["old"] = 500 - served["new"]
        for name, right in (("old", 0.8), ("new", 0.8 - loss)):
            counts[name][0] += int(random.binomial(served[name], right))
            counts[name][1] += served[name]


@pytest.mark.long
def test_equal_variants_are_rolled_back_in_fewer_runs_than_half_of_alpha() -> None:
    """However often the watching test looks, and at whatever shares."""
    random, runs, alpha = np.random.default_rng(14), 600, 0.2
    courses = [course(ramp(alpha=alpha), 0.0, random) for _ in range(runs)]
    rolled_back = 1.0 - np.mean([each.promoted for each in courses])
    assert rolled_back < alpha / 2 + 3.9 * math.sqrt(alpha / 2 * (1 - alpha / 2) / runs)


@pytest.mark.long
def test_degradations_are_found_before_they_cost_much() -> None:
    """Of the size planned for nearly all, and of twice that size with far fewer requests."""
    random, runs = np.random.default_rng(15), 300
    found = {}
    for loss in (0.04, 0.08):
        courses = [course(ramp(), loss, random) for _ in range(runs)]
        promoted = np.mean([each.promoted for each in courses])
        assert promoted < 0.2  # what one stage may miss; there are two at least
        found[loss] = np.mean([each.exposed for each in courses])
    assert found[0.08] < found[0.04] / 2
