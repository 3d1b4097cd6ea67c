"""The safe rollout on hand-made observations: harm, holds, stages and the end."""

from __future__ import annotations

from types import NoneType
from typing import Any

import numpy as np
import pytest

from simab.policies import (
    EndpointStatus,
    Hold,
    HoldReason,
    Observation,
    Promote,
    Refusal,
    RollBack,
    SetWeights,
)
from simab.policies.rollouts.safe_rollout import SafeRollout
from simab.policies.two_proportions import TwoProportions
from simab.stats.always_valid import confidence_sequence
from simab.stats.label_totals import LabelTotals
from simab.stats.request_totals import RequestTotals
from tests.policies.experiments import Look, standard_error
from tests.policies.fake_metrics import (
    AT_START,
    MINUTE,
    FakeMetrics,
    observation,
    requests,
    successes,
)

Windows = dict[tuple[str, int], RequestTotals]
HALF = {"old": 0.5, "new": 0.5}
NO_LABELS: dict[str, LabelTotals] = {}


def rollout(**fields: Any) -> SafeRollout:
    """Two stages of two minutes."""
    plain = {"stages": [0.1, 0.5], "bake": "2min", "tight_at": 500}
    return SafeRollout.model_validate(plain | fields)


def at(
    minute: int,
    weights: dict[str, float],
    windows: Windows | None = None,
    labels: dict[str, LabelTotals] | None = None,
    *,
    assigned: dict[str, int] | None = None,
    **fields: Any,
) -> Observation:
    metrics = FakeMetrics(
        labels or NO_LABELS, windows or {}, minute * MINUTE, assigned=assigned or {}
    )
    return observation(metrics, now_ns=minute * MINUTE, weights=weights, **fields)


def served(count: int, failed: int = 0) -> RequestTotals:
    return requests([40.0] * count, failed=failed)


def each_minute(old: RequestTotals, new: RequestTotals, minutes: range) -> Windows:
    return {
        (name, minute): window
        for name, window in (("old", old), ("new", new))
        for minute in minutes
    }


TENTH = {"old": 0.9, "new": 0.1}
USUAL = each_minute(served(90), served(10), range(4)) | each_minute(
    served(50), served(50), range(4, 9)
)


def walk(policy: SafeRollout, *seen: Observation) -> tuple[list[Any], Any]:
    """The action of each observation (None if there is none), and the last state."""
    state: Any = None
    found = []
    for each in seen:
        actions, state = policy.decide(state, each)
        found.append(actions[0] if actions else None)
    return found, state


def test_it_goes_through_its_stages_and_ships() -> None:
    """Start, two minutes of each stage, promotion: nothing was shown, and that is said."""
    seen = [at(minute, TENTH, USUAL) for minute in (1, 2, 3, 4)]
    seen += [at(minute, HALF, USUAL) for minute in (5, 6, 7, 8)]
    found, state = walk(rollout(), *seen)
    assert [type(each) for each in found] == [
        SetWeights,
        type(None),
        type(None),
        SetWeights,
        type(None),
        type(None),
        Promote,
        type(None),
    ]
    assert found[0].weights == TENTH
    assert found[3].weights == HALF
    assert "5XX 0/180 against 0/20" in found[3].because  # the windows of minutes 2 and 3
    assert found[6].variant == "new"
    assert "stage 0.5" in found[6].because
    assert "inconclusive ships" in found[6].because
    assert state.finished


def test_errors_roll_back_as_soon_as_they_are_significant() -> None:
    """40 of 100 requests fail within the bake of the first stage."""
    windows = {**USUAL, ("new", 2): served(100, 40)}
    found, state = walk(rollout(), *(at(minute, TENTH, windows) for minute in (1, 2, 3)))
    assert isinstance(found[2], RollBack)
    assert "harm at 0.1: 5XX 0/90 of old, 40/100 of new" in found[2].because
    assert state.finished


def test_wrong_answers_roll_back_and_right_ones_do_not() -> None:
    """Only labels that came in the stage count: those before it are left out."""
    before = {"old": successes(500, 0), "new": successes(0, 500)}
    for right, harm in ((30, True), (95, False)):
        during = {"old": successes(580, 20), "new": successes(right, 600 - right)}
        seen = [at(1, TENTH, USUAL, before), at(2, TENTH, USUAL, before)]
        found, _ = walk(rollout(), *seen, at(3, TENTH, USUAL, during))
        assert isinstance(found[2], RollBack) == harm
        if harm:
            assert f"correct 80/100 of old, {right}/100 of new" in found[2].because


def test_the_interval_is_the_confidence_sequence_of_smoothed_shares() -> None:
    """One hit and one miss are added under the variance; pairs are the harmonic mean."""
    interval = TwoProportions(0, 300, 3, 100).confidence_sequence(500, 0.9)
    shares = np.array([1 / 302, 4 / 102])
    spread = np.sqrt((shares * (1 - shares) / [300, 100]).sum() * 150)
    assert interval == confidence_sequence(0.03, spread, 150, target_count=500, level=0.9)
    assert TwoProportions(0, 0, 3, 3).confidence_sequence(500, 0.9).reason is not None
    # Three wrong answers of three are no proof.
    assert 0.0 in TwoProportions(9000, 10_000, 0, 3).confidence_sequence(5000, 0.95)


def test_a_stage_waits_for_the_minimum_of_requests() -> None:
    """20 requests of the candidate by the end of the bake, 30 a minute later."""
    seen = [at(minute, TENTH, USUAL) for minute in (1, 2, 3, 4)]
    later = each_minute(served(90), served(10), range(9))
    found, state = walk(rollout(minimum_requests=30), *seen, at(5, TENTH, later))
    assert found[1:3] == [None, None]
    assert found[3].reason is HoldReason.TOO_FEW_REQUESTS
    assert isinstance(found[4], SetWeights)
    assert "held at 1 ticks" in found[4].because
    assert state.stage == 1


def test_a_sample_ratio_mismatch_holds_the_stage() -> None:
    """300 of 1,000 requests a minute at a share of a tenth."""
    windows = each_minute(served(700), served(300), range(9))
    skewed = {"old": 700, "new": 300}
    seen = [at(minute, TENTH, windows, assigned=skewed) for minute in range(1, 7)]
    found, _ = walk(rollout(), *seen)
    assert [type(each) for each in found[1:]] == [NoneType, NoneType, Hold, NoneType, NoneType]
    assert found[3].reason is HoldReason.SAMPLE_RATIO
    found, _ = walk(rollout(maximum_duration="6min"), *seen)
    assert found[5].variant == "old"
    assert "not through after 6min" in found[5].because
    assert "sample ratio mismatch" in found[5].because
    unwatched, _ = walk(rollout(sample_ratio_alpha=None), *seen)
    assert isinstance(unwatched[3], SetWeights)


def test_a_guardrail_holds_the_stage() -> None:
    """Twice the control's latency is over its margin."""
    slow = each_minute(served(90), requests([80.0] * 10), range(9))
    seen = [at(minute, TENTH, slow) for minute in range(1, 7)]
    latency = {"metric": "latency_p50", "at_most_times": 1.5}
    found, _ = walk(rollout(guardrails=[latency]), *seen)
    assert [type(each) for each in found[1:]] == [NoneType, NoneType, Hold, NoneType, NoneType]
    assert found[3].reason is HoldReason.GUARDRAIL


def test_the_end_within_a_stage_keeps_the_control() -> None:
    """At the maximum duration, whatever the stage shows."""
    found, _ = walk(rollout(maximum_duration="3min"), *(at(m, TENTH, USUAL) for m in (1, 2, 3)))
    assert found[2].variant == "old"
    assert "the stage is not served out" in found[2].because


def test_it_waits_while_the_endpoint_updates_and_asks_again_when_refused() -> None:
    """A stage begins when its weights serve."""
    policy = rollout()
    updating = at(1, TENTH, USUAL, status=EndpointStatus.UPDATING)
    assert policy.decide(None, updating) == ((), None)
    (asked,), state = policy.decide(None, at(1, TENTH, USUAL))
    again, _ = policy.decide(state, at(2, TENTH, USUAL, refused=(Refusal(asked, "no"),)))
    assert again[0].weights == TENTH


def test_stages_must_rise() -> None:
    """As those of every canary."""
    with pytest.raises(ValueError, match="the stages do not rise"):
        rollout(stages=[0.5, 0.1])


def test_the_splits_are_the_stages() -> None:
    """The capacity check before a run sees each, and either variant alone."""
    shares = [split["new"] for split in rollout().splits("old", "new", AT_START)]
    assert shares == [0.1, 0.5, 0.0, 1.0]


def test_equal_variants_are_rolled_back_in_fewer_runs_than_alpha() -> None:
    """Five stages of forty looks at labels alone: below alpha, for looking does not add up."""
    random, runs, alpha = np.random.default_rng(12), 300, 0.2
    policy = SafeRollout.model_validate(
        {"bake": "40min", "alpha": alpha, "tight_at": 500, "maximum_duration": "10d"}
        | {"stages": [0.5], "sample_ratio_alpha": None}
    )
    rolled_back = 0
    for _ in range(runs):
        right = np.cumsum(random.binomial(50, 0.8, (40, 2)), axis=0).tolist()
        state: Any = None
        for minute, (old, new) in enumerate(right, start=1):
            counts = {"old": (old, 50 * minute), "new": (new, 50 * minute)}
            look = Look(minute * MINUTE, counts, {"old": 0.5, "new": 0.5})
            actions, state = policy.decide(state, look.observation)
            rolled_back += any(isinstance(action, RollBack) for action in actions)
            if state.finished:
                break
    assert rolled_back / runs < alpha / 2 + 3.0 * standard_error(alpha / 2, runs)
