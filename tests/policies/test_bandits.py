"""Bandits on hand-made counts, and their regret by play against published kinds of simulation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from simab.policies import EndpointStatus, Promote, SetWeights
from simab.policies.bandits.bandit import Bandit
from simab.policies.bandits.epsilon_greedy import EpsilonGreedy
from simab.policies.bandits.gaussian_thompson import GaussianThompson
from simab.policies.bandits.thompson import Thompson
from simab.policies.bandits.ucb1 import Ucb1
from simab.stats.bayes import Beta, probability_better
from tests.policies.experiments import Look, regrets
from tests.policies.fake_metrics import AT_START, MINUTE, FakeMetrics, earned, observation

EVERY = [EpsilonGreedy, Ucb1, Thompson, GaussianThompson]
every_bandit = pytest.mark.parametrize("kind", EVERY, ids=lambda kind: kind.__name__)
PLAIN = {"update_every": "1min", "floor": 0.0, "champion_at": None}


def build(kind: type[Bandit], **fields: Any) -> Bandit:
    return kind.model_validate(PLAIN | fields)


def after(
    bandit: Bandit, counts: dict[str, tuple[int, int]], *, minute: int = 2, state: Any = None
) -> tuple[Any, Any]:
    """The action (None if there is none) at the update on these counts, and the state after it."""
    if state is None:
        even = dict.fromkeys(counts, 1.0 / len(counts))
        _, state = bandit.decide(None, Look(MINUTE, counts, even).observation)
    weights = dict.fromkeys(counts, 0.7)  # no rule asks for these
    actions, state = bandit.decide(state, Look(minute * MINUTE, counts, weights).observation)
    return (actions[0] if actions else None), state


def weights(bandit: Bandit, old: tuple[int, int], new: tuple[int, int]) -> list[float]:
    action, _ = after(bandit, {"old": old, "new": new})
    assert isinstance(action, SetWeights)
    assert f"new {new[0]}/{new[1]}" in action.because
    return list(action.weights.values())


def test_epsilon_is_shared_by_all_and_the_rest_goes_ahead() -> None:
    """Epsilon .2 over two arms: .1 and .9; level arms share evenly."""
    bandit = build(EpsilonGreedy, epsilon=0.2)
    assert weights(bandit, (8, 10), (9, 10)) == pytest.approx([0.1, 0.9])
    assert weights(bandit, (9, 10), (18, 20)) == pytest.approx([0.5, 0.5])
    # An arm that was never tried goes before one that was never wrong.
    assert weights(bandit, (10, 10), (0, 0)) == pytest.approx([0.1, 0.9])


def test_ucb1_goes_to_the_highest_bound() -> None:
    """8/10 + sqrt(2 ln 110 / 10) = 1.77 beats 90/100 + sqrt(2 ln 110 / 100) = 1.21 (by hand)."""
    bandit = build(Ucb1)
    assert weights(bandit, (8, 10), (90, 100)) == [1.0, 0.0]
    assert weights(bandit, (80, 100), (90, 100)) == [0.0, 1.0]
    assert weights(bandit, (10, 10), (0, 0)) == [0.0, 1.0]
    assert weights(bandit, (0, 0), (0, 0)) == [0.5, 0.5]


def test_thompson_gives_the_posterior_probability_to_be_best() -> None:
    """Beta(2, 1) is above Beta(1, 2) with probability 5/6 (by hand); three arms by simulation."""
    assert weights(build(Thompson), (0, 1), (1, 1)) == pytest.approx([1 / 6, 5 / 6], abs=1e-6)
    prior = build(Thompson, prior_successes=3, prior_failures=2)
    expected = probability_better(Beta(5, 4), Beta(7, 2))
    assert weights(prior, (2, 4), (4, 4))[1] == pytest.approx(expected, abs=1e-6)
    counts = {"old": (80, 100), "new": (85, 100), "third": (9, 10)}
    action, _ = after(build(Thompson, arms=list(counts)), counts)
    random, draws = np.random.default_rng(1), 200_000
    sampled = random.beta([81, 86, 10], [21, 16, 2], (draws, 3)).argmax(axis=1)
    found = np.bincount(sampled) / draws
    # Three standard errors of a share near one half.
    assert list(action.weights.values()) == pytest.approx(found.tolist(), abs=3 * 0.5 / draws**0.5)


def test_gaussian_thompson_compares_normal_posteriors() -> None:
    """With hardly any prior: Phi(difference / standard error), smoothed by one hit and one miss."""
    bandit = build(GaussianThompson, prior_standard_deviation=1000.0)
    shares = np.array([81 / 102, 91 / 102])
    error = np.sqrt((shares * (1 - shares) / 100).sum())
    expected = stats.norm.cdf(0.1 / error)
    assert weights(bandit, (80, 100), (90, 100))[1] == pytest.approx(expected, abs=2e-6)
    # Without labels the prior is all there is: even.
    assert weights(bandit, (0, 0), (0, 0)) == pytest.approx([0.5, 0.5])


def shares_of_rewards(old: list[float], new: list[float], **fields: Any) -> tuple[list[float], str]:
    bandit = build(GaussianThompson, prior_mean=0, prior_standard_deviation=1e6, **fields)
    even = {"old": 0.7, "new": 0.7}
    metrics = FakeMetrics({"old": earned(old), "new": earned(new)})
    _, state = bandit.decide(None, observation(metrics, now_ns=MINUTE, weights=even))
    actions, _ = bandit.decide(state, observation(metrics, now_ns=3 * MINUTE, weights=even))
    action = actions[0]
    assert isinstance(action, SetWeights)
    return list(action.weights.values()), action.because


def test_gaussian_thompson_takes_numeric_rewards() -> None:
    """Phi(difference / error), the variance of a mean of n being s^2 / n (n - 1) / (n - 3)."""
    random = np.random.default_rng(5)
    old, new = random.normal(40, 30, 60).tolist(), random.normal(45, 20, 90).tolist()
    error = np.sqrt(
        sum(np.var(own, ddof=1) * stats.t(len(own) - 1).var() / len(own) for own in (old, new))
    )
    expected = stats.norm.cdf((np.mean(new) - np.mean(old)) / error)
    shares, because = shares_of_rewards(old, new)
    assert shares[1] == pytest.approx(expected, abs=2e-6)
    assert f"old {np.mean(old):.6g} on average of 60" in because


def test_rewards_that_do_not_tell_their_spread_leave_the_prior() -> None:
    """Fewer than four, or all alike: as if that arm had none, so that nothing looks certain."""
    assert shares_of_rewards([1.0, 2.0, 9.0], [50.0, 60.0, 71.0])[0] == pytest.approx([0.5, 0.5])
    assert shares_of_rewards([0.0] * 50, [0.0] * 80)[0] == pytest.approx([0.5, 0.5])


def test_three_normal_posteriors() -> None:
    """Two arms alike and one far behind share evenly."""
    counts = {"old": (90, 100), "new": (90, 100), "third": (10, 100)}
    action, _ = after(build(GaussianThompson, arms=list(counts)), counts)
    assert list(action.weights.values()) == pytest.approx([0.5, 0.5, 0.0], abs=1e-6)


@every_bandit
def test_every_arm_keeps_the_floor(kind: type[Bandit]) -> None:
    """However far behind: and shares still sum to 1."""
    split = weights(build(kind, floor="5%"), (100, 1000), (900, 1000))
    assert min(split) >= 0.05
    assert sum(split) == pytest.approx(1.0)


@every_bandit
def test_the_exploration_is_even_and_then_updates_come_in_time(kind: type[Bandit]) -> None:
    """Even at the first tick, nothing before the window is over, then every three minutes."""
    bandit = build(kind, exploration="4min", update_every="3min")
    counts = {"old": (10, 100), "new": (90, 100)}
    state: Any = None
    asked = []
    for minute in range(1, 12):
        look = Look(minute * MINUTE, counts, {"old": 9.0, "new": 1.0})
        actions, state = bandit.decide(state, look.observation)
        asked += [minute] * len(actions)
        if minute == 1:
            assert actions[0].weights == {"old": 0.5, "new": 0.5}
    assert asked == [1, 4, 7, 10]


@every_bandit
def test_weights_that_stay_are_not_asked_for(kind: type[Bandit]) -> None:
    """An update costs a minute of `Updating`: there is none for nothing."""
    bandit = build(kind)
    counts = {"old": (0, 0), "new": (0, 0)}
    look = Look(MINUTE, counts, {"old": 0.5, "new": 0.5}).observation
    actions, state = bandit.decide(None, look)
    assert actions == ()
    look = Look(2 * MINUTE, counts, {"old": 0.5, "new": 0.5}).observation
    assert bandit.decide(state, look)[0] == ()


@every_bandit
def test_nothing_is_done_during_an_update(kind: type[Bandit]) -> None:
    """Not even the first action."""
    assert build(kind).decide(None, observation(status=EndpointStatus.UPDATING)) == ((), None)


@every_bandit
def test_a_champion_must_hold_for_its_updates(kind: type[Bandit]) -> None:
    """Two updates on end at .95; a doubtful one between starts the count anew."""
    bandit = build(kind, champion_at=0.95, champion_for=2)
    clear, doubtful = (
        {"old": (50, 100), "new": (80, 100)},
        {"old": (50, 100), "new": (52, 100)},
    )
    state: Any = None
    kinds = []
    for minute, counts in enumerate((clear, doubtful, clear, clear), start=2):
        action, state = after(bandit, counts, minute=minute, state=state)
        kinds.append(type(action))
    assert kinds == [SetWeights] * 3 + [Promote]
    assert action.variant == "new"
    assert "P(new best) = 1.0000 for 2 updates (asked 0.95)" in action.because
    assert after(bandit, clear, minute=9, state=state) == (None, state)


@every_bandit
def test_at_the_end_the_highest_posterior_mean_is_promoted(kind: type[Bandit]) -> None:
    """By the maximum duration, of equals the control."""
    bandit = build(kind, maximum_duration="5min")
    action, state = after(bandit, {"old": (50, 100), "new": (52, 100)}, minute=5)
    assert isinstance(action, Promote)
    assert action.variant == "new"
    assert "highest posterior mean" in action.because
    assert state.finished
    assert after(bandit, {"old": (5, 10), "new": (5, 10)}, minute=5)[0].variant == "old"


@every_bandit
def test_arms_that_are_not_deployed_are_left_out(kind: type[Bandit]) -> None:
    """Without any the bandit does nothing."""
    bandit = build(kind, arms=["third", "fourth"])
    assert bandit.decide(None, Look(MINUTE, {}).observation) == ((), None)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"arms": ["old"]}, "two variants or more"),
        ({"arms": ["old", "old"]}, "each named once"),
        ({"floor": 0.5}, "leaves nothing to divide"),
    ],
)
def test_arms_and_floor_are_checked(fields: Any, message: str) -> None:
    """Two arms at least, and something to share out between them."""
    with pytest.raises(ValueError, match=message):
        build(Thompson, **fields)


def test_the_splits_are_those_of_the_floor() -> None:
    """The capacity check before a run sees even shares, either arm ahead, and either alone."""
    splits = build(Thompson, floor=0.1).splits("old", "new", AT_START)
    assert [list(split.values()) for split in splits] == [
        [0.5, 0.5],
        [0.9, 0.1],
        [0.1, 0.9],
        [1.0, 0.0],
        [0.0, 1.0],
    ]


A, B, C, E = (0.9, 0.8), (0.9, 0.6), (0.55, 0.45), (0.05, 0.04)
EPSILON = {"epsilon": 0.1}
LOW10 = (0.1, 0.05, 0.05, 0.05, 0.02, 0.02, 0.02, 0.01, 0.01, 0.01)

# Mean pseudo-regret and its standard error in independent simulations of the textbook policies,
# which choose an arm for each request: Thompson by sampling, epsilon-greedy by a coin.
REGRETS = [
    (Thompson, {}, E, 100, 0.470, 0.0024, 200),
    (Ucb1, {}, A, 100, 3.888, 0.0126, 100),
    (EpsilonGreedy, EPSILON, C, 100, 3.391, 0.0558, 300),
]
LONG_REGRETS = [
    (EpsilonGreedy, EPSILON, B, 100, 3.645, 0.0775, 500),
    (Ucb1, {}, LOW10, 100, 6.461, 0.0033, 100),
    (Ucb1, {}, C, 1000, 25.176, 0.1044, 40),
    (Ucb1, {}, B, 100, 6.769, 0.0307, 400),
    (Thompson, {}, C, 100, 3.323, 0.0374, 300),
    (EpsilonGreedy, EPSILON, A, 1000, 10.723, 0.2108, 400),
    (Thompson, {}, A, 1000, 6.647, 0.1253, 100),
    (Thompson, {}, B, 1000, 3.977, 0.0501, 100),
    (Thompson, {}, C, 1000, 12.118, 0.1923, 100),
    (Ucb1, {}, B, 5000, 39.612, 0.1479, 50),
    (Ucb1, {}, LOW10, 1000, 61.523, 0.032, 50),
    (EpsilonGreedy, EPSILON, E, 1000, 3.865, 0.0589, 400),
    (EpsilonGreedy, EPSILON, LOW10, 1000, 33.006, 0.4912, 200),
]


@pytest.mark.parametrize(
    ("kind", "fields", "means", "pulls", "published", "error", "runs"),
    [*REGRETS, *(pytest.param(*each, marks=pytest.mark.long) for each in LONG_REGRETS)],
)
def test_the_regret_is_that_of_the_textbook_policy(
    kind: type[Bandit],
    fields: dict[str, Any],
    means: tuple[float, ...],
    pulls: int,
    published: float,
    error: float,
    runs: int,
) -> None:
    """Shares at every request lose as much as the choices they stand for: four standard errors."""
    names = ["old", "new", *(f"arm {number}" for number in range(2, len(means)))]
    bandit = build(kind, **fields, arms=names, update_every="1ns")
    found = regrets(bandit, dict(zip(names, means, strict=True)), pulls=pulls, runs=runs, seed=11)
    own = found.std(ddof=1) / np.sqrt(runs)
    assert abs(found.mean() - published) < 4.0 * np.hypot(own, error)
    # Resolved: one and a half times the regret, or half of it, would be noticed.
    assert 4.0 * np.hypot(own, error) < 0.5 * published


@pytest.mark.parametrize("kind", [EpsilonGreedy, Ucb1, Thompson])
@pytest.mark.parametrize("seed", range(20))
def test_no_arm_is_preferred_for_its_place(kind: type[Bandit], seed: int) -> None:
    """With the counts of the arms exchanged the weights are exchanged, or the other is promoted."""
    numbers = np.random.default_rng(seed)
    totals = numbers.integers(50, 3_000, 2).tolist()
    one, other = ((int(numbers.binomial(total, 0.9)), total) for total in totals)
    bandit = build(kind, champion_at=0.95, maximum_duration="1h")
    for minute in (2, 61):
        first, _ = after(bandit, {"old": one, "new": other}, minute=minute)
        second, _ = after(bandit, {"old": other, "new": one}, minute=minute)
        swap = {"old": "new", "new": "old"}
        if isinstance(first, Promote):
            assert isinstance(second, Promote)
            assert second.variant == swap[first.variant]
        elif first is not None:
            assert second.weights["old"] == pytest.approx(first.weights["new"], abs=2e-6)
