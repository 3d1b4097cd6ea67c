"""Experiments with several candidates: who is promoted, who is dropped, and how often wrongly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from simab.policies import EndpointStatus, Observation, Promote, SetWeights
from simab.policies.bandits.thompson import Thompson
from simab.policies.experiments.always_valid import AlwaysValid
from simab.policies.experiments.bayesian import BayesianExperiment
from simab.policies.experiments.experiment import Experiment
from simab.policies.experiments.fixed_horizon import FixedHorizonTest
from simab.policies.experiments.group_sequential import GroupSequential
from simab.policies.experiments.naive_peeking import NaivePeeking
from tests.policies.experiments import CountedLabels
from tests.policies.fake_metrics import MINUTE

SEVEN = tuple(f"new{number}" for number in range(1, 8))


def seen(
    look: int, counts: Mapping[str, Sequence[int]], weights: Mapping[str, float] | None = None
) -> Observation:
    """At a look, right and labelled answers of the control `old` and of candidates."""
    names = tuple(name for name in counts if name != "old")
    return Observation(
        now_ns=look * MINUTE,
        status=EndpointStatus.IN_SERVICE,
        weights=weights or dict.fromkeys(counts, 1.0),
        instances={},
        control="old",
        candidate=names[0],
        metrics=CountedLabels(counts),
        several=names,
    )


def winner_of(policy: Experiment, rights: np.ndarray, labelled: int) -> str | None:
    """Who is promoted, shape of right answers so far (looks, arms), the control first."""
    state: Any = None
    names = ("old", *SEVEN[: rights.shape[1] - 1])
    weights = dict.fromkeys(names, 1.0)
    for look, own in enumerate(rights, start=1):
        counts = {name: (int(n), labelled * look) for name, n in zip(names, own, strict=True)}
        actions, state = policy.decide(state, seen(look, counts, weights))
        for action in actions:
            if isinstance(action, Promote):
                return action.variant
            assert isinstance(action, SetWeights)
            weights = {**weights, **action.weights}
    return None


def promotions(policy: Experiment, shares: Sequence[float], looks: int, runs: int) -> list[str]:
    """Who is promoted in each of some runs with 200 labels a look and arm."""
    rng = np.random.default_rng(7)
    right = rng.binomial(200, shares, size=(runs, looks, len(shares))).cumsum(axis=1)
    return [winner_of(policy, each, 200) or "" for each in right]


def test_the_largest_of_the_significant_gains_wins() -> None:
    counts = {"old": (100, 1000), "new1": (140, 1000), "new2": (160, 1000), "new3": (100, 1000)}
    (promote,), _ = FixedHorizonTest(labelled_requests=1000).decide(None, seen(1, counts))
    assert isinstance(promote, Promote)
    assert promote.variant == "new2"
    assert promote.because.endswith("(3 candidates: dunnett)")


def test_one_that_is_significant_alone_is_not_among_seven() -> None:
    """Z = 2.2, p = .028 alone: with Bonferroni .19, with Dunnett for seven candidates .15."""
    counts = {"old": (100, 1000), "new1": (132, 1000)}
    others = dict.fromkeys(SEVEN[1:], (100, 1000))
    for correction, winner in (("none", "new1"), ("dunnett", "old"), ("bonferroni", "old")):
        policy = FixedHorizonTest(labelled_requests=1000, correction=correction)
        (promote,), _ = policy.decide(None, seen(1, {**counts, **others}))
        assert isinstance(promote, Promote)
        assert promote.variant == winner, correction


def test_a_correction_changes_nothing_for_one_candidate() -> None:
    counts = {"old": (100, 1000), "new1": (132, 1000)}
    for policy in (
        FixedHorizonTest(labelled_requests=1000),
        GroupSequential(labelled_requests=1000),
        AlwaysValid(labelled_requests=1000, tight_at=1000),
    ):
        alone = policy.decide(None, seen(1, counts)._replace(several=()))
        assert policy.decide(None, seen(1, counts))[1].look == alone[1].look
        assert policy.one_of(1) is policy


def test_losers_are_dropped_and_their_traffic_goes_to_the_others() -> None:
    counts = {"old": (150, 1000), "new1": (80, 1000), "new2": (155, 1000)}
    policy = GroupSequential(labelled_requests=2000, looks=2, boundary="pocock")
    weights = {"old": 2.0, "new1": 1.0, "new2": 1.0}
    (action,), state = policy.decide(None, seen(1, counts, weights))
    assert isinstance(action, SetWeights)
    assert action.weights == pytest.approx({"old": 8 / 3, "new1": 0.0, "new2": 4 / 3})
    assert "new1 is dropped" in action.because
    later = {"old": (300, 2000), "new1": (400, 1000), "new2": (400, 2000)}
    (promote,), _ = policy.decide(state, seen(2, later))
    assert isinstance(promote, Promote)
    assert promote.variant == "new2"  # what is dropped does not come back


def test_those_behind_at_an_interim_look_are_dropped_where_asked() -> None:
    counts = {"old": (150, 1000), "new1": (145, 1000), "new2": (155, 1000)}
    plan = {"labelled_requests": 2000, "looks": 2}
    assert GroupSequential.model_validate(plan).decide(None, seen(1, counts))[0] == ()
    policy = GroupSequential.model_validate(plan | {"drops_below": 0.0})
    (action,), state = policy.decide(None, seen(1, counts))
    assert isinstance(action, SetWeights)
    assert state.dropped == ("new1",)


def test_a_look_waits_for_the_labels_of_all() -> None:
    counts = {"old": (150, 1000), "new1": (190, 1000), "new2": (180, 900)}
    assert FixedHorizonTest(labelled_requests=1000).decide(None, seen(1, counts))[0] == ()


def test_the_best_of_all_is_a_question_to_the_posteriors_of_all() -> None:
    """Two that are equally good: neither is best with 95 %, though both beat the control."""
    counts = {"old": (100, 1000), "new1": (150, 1000), "new2": (150, 1000)}
    policy = BayesianExperiment(labelled_requests=10)
    assert policy.decide(None, seen(1, counts))[0] == ()
    clear = {"old": (100, 1000), "new1": (150, 1000), "new2": (200, 1000)}
    (promote,), _ = policy.decide(None, seen(1, clear))
    assert isinstance(promote, Promote)
    assert promote.variant == "new2"
    worse = {"old": (200, 1000), "new1": (150, 1000), "new2": (140, 1000)}
    (keep,), _ = policy.decide(None, seen(1, worse))
    assert isinstance(keep, Promote)
    assert keep.variant == "old"


def test_bandits_divide_traffic_between_all() -> None:
    actions, _ = Thompson.model_validate({"update_every": "1min"}).decide(
        None,
        seen(
            1,
            {"old": (0, 0), "new1": (0, 0), "new2": (0, 0)},
            {"old": 1.0, "new1": 0.0, "new2": 0.0},
        ),
    )
    (action,) = actions
    assert isinstance(action, SetWeights)
    assert action.weights == pytest.approx({"old": 1 / 3, "new1": 1 / 3, "new2": 1 / 3}, abs=1e-5)


@pytest.mark.parametrize(
    ("policy", "fields"),
    [
        (GroupSequential, {"boundary": "pocock_spending", "correction": "dunnett"}),
        (GroupSequential, {"correction": "holm"}),
        (AlwaysValid, {"correction": "dunnett"}),
    ],
)
def test_a_correction_that_a_kind_lacks_is_refused(
    policy: type[Experiment], fields: dict[str, Any]
) -> None:
    with pytest.raises(ValidationError, match="is none of this kind"):
        policy.model_validate({"labelled_requests": 100, **fields})


@pytest.mark.long
@pytest.mark.parametrize(
    ("policy", "looks", "low", "high"),
    [
        # Seven independent-looking chances of 2.5 % with a common control: by Dunnett's integral
        # one side of z = 1.96 is passed by any of seven with 11.5 %.
        (FixedHorizonTest(labelled_requests=200, correction="none"), 1, 0.1149, 0.1149),
        (FixedHorizonTest(labelled_requests=200), 1, 0.0, 0.025),
        (FixedHorizonTest(labelled_requests=200, correction="holm"), 1, 0.0, 0.025),
        (FixedHorizonTest(labelled_requests=200, correction="bonferroni"), 1, 0.0, 0.025),
        (GroupSequential(labelled_requests=1000, boundary="pocock"), 5, 0.0, 0.025),
        (GroupSequential(labelled_requests=1000, drops_below=0.0), 5, 0.0, 0.025),
        (GroupSequential(labelled_requests=1000, boundary="pocock_spending"), 5, 0.0, 0.025),
        (AlwaysValid(labelled_requests=200, tight_at=1000), 5, 0.0, 0.025),
        (NaivePeeking(labelled_requests=200), 5, 0.2, 1.0),
    ],
)
def test_family_wise_false_promotion_of_seven_equal_arms(
    policy: Experiment, looks: int, low: float, high: float
) -> None:
    """Promotions of any of seven candidates that are all as the control, at alpha 5 % two-sided."""
    runs = 2000
    found = promotions(policy, [0.3] * 8, looks, runs)
    share = float(np.mean([name not in ("", "old") for name in found]))
    assert share <= high + 3.9 * np.sqrt(high * (1 - high) / runs)
    assert share >= low - 3.9 * np.sqrt(low * (1 - low) / runs)


@pytest.mark.long
def test_the_better_one_of_seven_is_found_by_fewer_labels_where_losers_are_dropped() -> None:
    """Seven candidates, one better by 10 points at 1,000 labels an arm: all find it, none errs."""
    shares = [0.3, 0.4, *[0.3] * 6]
    for policy in (
        FixedHorizonTest(labelled_requests=1000),
        GroupSequential(labelled_requests=1000, boundary="pocock", drops_below=0.0),
    ):
        found = promotions(policy, shares, 5, 400)
        assert np.mean([name == "new1" for name in found]) > 0.9
        assert np.mean([name in SEVEN[1:] for name in found]) < 0.025 + 3.9 * np.sqrt(0.025 / 400)
