"""Rollouts and ramps that compare with a baseline in place of the control, on hand-made looks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from scipy import stats

from simab.explain import explain, warnings
from simab.policies import Observation, Promote, RollBack, SetWeights
from simab.policies.rollouts.ramp_by_power import RampByPower
from simab.policies.rollouts.risk_budgeted_ramp import RiskBudgetedRamp
from simab.policies.rollouts.safe_rollout import SafeRollout
from simab.scenario.models import Scenario
from simab.stats.label_totals import LabelTotals
from tests.policies.fake_metrics import MINUTE, FakeMetrics, observation, requests, successes
from tests.world.building import scenario, variant

NONE = successes(0, 0)
WEIGHTS = {"old": 0.8, "copy": 0.1, "new": 0.1}
POLICIES: dict[str, dict[str, Any]] = {
    "safe_rollout": {"stages": ["10%", "50%"], "bake": "2min", "tight_at": 500},
    "ramp_by_power": {"degradation": 0.1, "spread": 0.4, "risk": 0.001, "first_share": "10%"},
    "risk_budgeted_ramp": {
        "budget": 100,
        "typical_loss": 0.05,
        "spread": 0.4,
        "every": "10min",
        "change_takes": "0s",
    },
}


def at(minute: int, **labels: LabelTotals) -> Observation:
    """All three with their labels, and 100 requests a minute without errors."""
    names = ("old", "copy", "new")
    windows = {(name, each): requests([10.0] * 100) for name in names for each in range(minute)}
    metrics = FakeMetrics(dict.fromkeys(names, NONE) | labels, windows, minute * MINUTE)
    return observation(metrics, now_ns=minute * MINUTE, weights=WEIGHTS)


def test_a_safe_rollout_finds_harm_against_the_baseline_alone() -> None:
    """Both new variants are right less often at first than the control: no harm; then harm."""
    policy = SafeRollout.model_validate(POLICIES["safe_rollout"] | {"baseline": "copy"})
    (action,), state = policy.decide(None, at(1))
    assert isinstance(action, SetWeights)
    assert action.weights == pytest.approx(WEIGHTS)
    _, state = policy.decide(state, at(2))
    good, bad = successes(900, 100), successes(600, 400)
    assert policy.decide(state, at(3, old=good, copy=bad, new=bad))[0] == ()
    (action,), _ = policy.decide(state, at(3, old=bad, copy=good, new=bad))
    assert isinstance(action, RollBack)
    assert "900/1000 of copy" in action.because
    alone = SafeRollout.model_validate(POLICIES["safe_rollout"])
    _, state = alone.decide(alone.decide(None, at(1))[1], at(2))
    (action,), _ = alone.decide(state, at(3, old=good, copy=bad, new=bad))
    assert isinstance(action, RollBack)


def test_a_stage_by_power_lasts_as_long_as_two_equal_parts_take() -> None:
    """At a share of s each has twice the information that a stage takes, whatever the control has.

    (2.486 x .4 / .1)^2 = 98.9, and twice that of both.
    """
    policy = RampByPower.model_validate(POLICIES["ramp_by_power"] | {"baseline": "copy"})
    information = ((stats.norm.isf(0.05) + stats.norm.ppf(0.8)) * 4.0) ** 2
    assert policy.labels_of_a_stage(0.1) == pytest.approx(2 * information / 0.1)
    (action,), state = policy.decide(None, at(1))
    assert isinstance(action, SetWeights)
    assert action.weights == pytest.approx(WEIGHTS)
    _, state = policy.decide(state, at(2))
    fewer, more = int(2 * information), int(2 * information) + 1
    for labels, goes_on in ((fewer, False), (more, True)):
        own = successes(round(0.8 * labels), labels - round(0.8 * labels))
        _, after = policy.decide(state, at(3, old=successes(9000, 1000), copy=own, new=own))
        assert after is not None
        assert (after.stage == 2) == goes_on


def test_a_budget_is_kept_against_the_baseline() -> None:
    """A loss against the control that the baseline has too is none; one against it is."""
    policy = RiskBudgetedRamp.model_validate(POLICIES["risk_budgeted_ramp"] | {"baseline": "copy"})
    (action,), state = policy.decide(None, at(1))
    assert isinstance(action, SetWeights)
    first = action.weights["new"]
    assert action.weights == pytest.approx({"old": 1 - 2 * first, "copy": first, "new": first})
    _, state = policy.decide(state, at(2))
    good, bad = successes(900, 100), successes(800, 200)
    (worse,), _ = policy.decide(state, at(12, old=good, copy=good, new=bad))
    found = policy.decide(state, at(12, old=good, copy=bad, new=bad))[0]
    assert isinstance(worse, RollBack)
    assert not any(isinstance(each, RollBack) for each in found)


@pytest.mark.parametrize("kind", POLICIES)
def test_no_share_above_a_half_leaves_room(kind: str) -> None:
    """And what is absent is not written out."""
    classes = {"safe_rollout": SafeRollout, "ramp_by_power": RampByPower}
    policy: Any = classes.get(kind, RiskBudgetedRamp)
    large: dict[str, Any] = {"largest_share": 0.6}
    if kind == "safe_rollout":
        large = {"stages": [0.1, 0.6]}
    with pytest.raises(ValidationError, match=r"0\.6 leaves no such share to the baseline"):
        policy.model_validate(POLICIES[kind] | large | {"baseline": "copy"})
    assert "baseline" not in policy.model_validate(POLICIES[kind] | large).model_dump()


def played(kind: str, **copy: Any) -> Scenario:
    """Twelve hours of ten requests a second."""
    plain = {"latency": {"kind": "constant", "value": "1ms"}, "error_rate": 0}
    variants = {"old": 1, "new": 0, "copy": 0}
    return scenario(
        {name: variant(weight=weight, **plain) for name, weight in variants.items()}
        | {"copy": variant(weight=0, **plain | copy)},
        rate="10/s",
        horizon="12h",
        policies={"ramp": {"kind": kind, "baseline": "copy"} | POLICIES[kind]},
    )


@pytest.mark.parametrize("kind", POLICIES)
def test_a_baseline_unlike_the_control_is_warned_of(kind: str) -> None:
    """As in releases; and what ramps do is said of the three."""
    assert not [each for each in warnings(played(kind)) if "compares the candidate with" in each]
    unlike = played(kind, error_rate=0.1)
    (said,) = [each for each in warnings(unlike) if "compares the candidate with" in each]
    assert "“copy”, which has another error_rate than “old”" in said
    text = " ".join(explain(played(kind)).sentences)
    if kind == "ramp_by_power":
        assert "first stage with 1,978 labelled requests of the two and the baseline" in text


def test_a_ramp_with_a_baseline_errs_as_rarely_as_it_says() -> None:
    """Of equal variants, 200 ramps by hand: rolled back in half of alpha at most."""
    policy = RampByPower.model_validate(
        POLICIES["ramp_by_power"] | {"baseline": "copy", "largest_share": "20%", "risk": 1}
    )
    rng, runs, rolled = np.random.default_rng(5), 200, 0
    for _ in range(runs):
        state: Any = None
        right = {"copy": 0, "new": 0}
        for look in range(1, 40):
            right = {name: own + int(rng.binomial(50, 0.8)) for name, own in right.items()}
            labels = {name: successes(own, 50 * look - own) for name, own in right.items()}
            actions, state = policy.decide(state, at(1, **labels)._replace(now_ns=look * MINUTE))
            if any(isinstance(each, RollBack | Promote) for each in actions):
                rolled += isinstance(actions[0], RollBack)
                break
        assert state.finished
    assert rolled <= stats.binom.ppf(0.9999, runs, 0.025)
