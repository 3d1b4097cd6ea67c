"""Experiments without a simulator: one policy of each kind, and labels drawn beforehand to play.

A look sees cumulated counts; nothing else happens, so that thousands of runs take seconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simab.policies import EndpointStatus, Observation, Promote, SetWeights
from simab.policies.bandits.epsilon_greedy import EpsilonGreedy
from simab.policies.bandits.gaussian_thompson import GaussianThompson
from simab.policies.bandits.thompson import Thompson
from simab.policies.bandits.ucb1 import Ucb1
from simab.policies.experiments.always_valid import AlwaysValid
from simab.policies.experiments.bayesian import BayesianExperiment
from simab.policies.experiments.bayesian_rope import BayesianRope
from simab.policies.experiments.capped_sprt import CappedRatioTest
from simab.policies.experiments.group_sequential import GroupSequential
from simab.policies.experiments.naive_peeking import NaivePeeking
from simab.policies.experiments.sprt import SequentialProbabilityRatio
from simab.policies.policy import Policy
from simab.policies.rollouts.safe_rollout import SafeRollout
from simab.stats.classification import ConfusionCounts
from simab.stats.label_totals import LabelTotals
from simab.stats.request_totals import RequestTotals
from tests.policies.fake_metrics import MINUTE, requests

EVERY_EXPERIMENT: list[Policy] = [
    NaivePeeking(labelled_requests=20, alpha=0.3),
    GroupSequential(labelled_requests=60, boundary="obrien_fleming_spending", alpha=0.4),
    AlwaysValid.model_validate(
        {"labelled_requests": 10, "alpha": 0.4, "tight_at": 40, "looks_every": "2min"}
    ),
    SequentialProbabilityRatio(labelled_requests=10, p0=0.4, p1=0.6, alpha=0.2, beta=0.2),
    BayesianExperiment(
        labelled_requests=10, probability_better=0.8, expected_loss=0.1, inconclusive="ship"
    ),
    BayesianRope.model_validate(
        {
            "labelled_requests": 10,
            "rope": 0.05,
            "promote_at": 0.7,
            "candidate_prior": {"mean": 0.6, "worth": 5},
        }
    ),
    CappedRatioTest(labelled_requests=40, looks=5, alpha=0.3, beta=0.3),
    EpsilonGreedy.model_validate({"update_every": "2min", "maximum_duration": "8min"}),
    Ucb1.model_validate({"update_every": "2min"}),
    Thompson.model_validate({"update_every": "1min", "champion_for": 2}),
    GaussianThompson.model_validate({"update_every": "1min", "exploration": "3min"}),
    SafeRollout.model_validate({"bake": "1min", "tight_at": 20, "alpha": 0.5}),
]

_NO_MATRIX = ConfusionCounts()


@dataclass
class CountedLabels:
    """A metrics view that shows counts of right and labelled answers, and no requests."""

    counts: Mapping[str, Sequence[int]]
    published_until_ns: int = 0
    period_ns: int = MINUTE

    def requests(self, variant: str, since_ns: int, until_ns: int) -> RequestTotals:
        """None."""
        return requests()

    def labels(self, variant: str) -> LabelTotals:
        """The counts of a variant."""
        right, labelled = self.counts[variant]
        return LabelTotals(_NO_MATRIX, right, labelled - right, 0)


@dataclass
class Look:
    """What a policy may do at one look: one minute after the look before."""

    now_ns: int
    counts: Mapping[str, Sequence[int]]
    weights: Mapping[str, float] = field(default_factory=lambda: {"old": 1.0, "new": 1.0})

    @property
    def observation(self) -> Observation:
        """As the policy gets it."""
        return Observation(
            now_ns=self.now_ns,
            status=EndpointStatus.IN_SERVICE,
            weights=self.weights,
            instances={},
            control="old",
            candidate="new",
            metrics=CountedLabels(self.counts),
        )


@dataclass(frozen=True)
class Ending:
    """Who was promoted (None: nobody) and at which look, from 1."""

    winner: str | None
    look: int


def play(policy: Policy, old: Sequence[int], new: Sequence[int], labelled: Sequence[int]) -> Ending:
    """One run through cumulated right answers of both variants, of the same labelled requests."""
    state: Any = None
    for look, (right, new_right, each) in enumerate(zip(old, new, labelled, strict=True), start=1):
        counts = {"old": (right, each), "new": (new_right, each)}
        actions, state = policy.decide(state, Look(look * MINUTE, counts).observation)
        if actions:
            (action,) = actions
            assert isinstance(action, Promote)
            return Ending(action.variant, look)
    return Ending(None, len(labelled))


def plays(
    policy: Policy,
    shares: tuple[float, float],
    *,
    looks: int,
    labelled_per_look: int,
    runs: int,
    seed: int,
) -> list[Ending]:
    """Independent runs: each look adds as many labels to both, right with these probabilities."""
    random = np.random.default_rng(seed)
    steps = [random.binomial(labelled_per_look, share, (runs, looks)) for share in shares]
    old, new = (np.cumsum(step, axis=1).tolist() for step in steps)
    labelled = [labelled_per_look * look for look in range(1, looks + 1)]
    return [play(policy, *pair, labelled) for pair in zip(old, new, strict=True)]


def share_of(endings: Sequence[Ending], winner: str | None) -> float:
    """Share of the runs that ended so."""
    return sum(ending.winner == winner for ending in endings) / len(endings)


def standard_error(share: float, runs: int) -> float:
    """Monte Carlo error of a share of independent runs."""
    return float(np.sqrt(share * (1.0 - share) / runs))


def regrets(
    bandit: Policy, means: Mapping[str, float], *, pulls: int, runs: int, seed: int
) -> NDArray[np.float64]:
    """Pseudo-regret of each run, one request and its label after each update (shape: runs)."""
    random = np.random.default_rng(seed)
    gaps = {arm: max(means.values()) - mean for arm, mean in means.items()}
    return np.array(
        [
            sum(gaps[arm] for arm in _pulled(bandit, means, random.random((pulls, 2)).tolist()))
            for _ in range(runs)
        ]
    )


def _pulled(
    bandit: Policy, means: Mapping[str, float], draws: Sequence[Sequence[float]]
) -> Iterator[str]:
    """The arms that get the requests; a draw routes a request, another answers it."""
    counts = {arm: [0, 0] for arm in means}
    weights = dict.fromkeys(means, 1.0)
    state: Any = None
    for tick, (route, answer) in enumerate(draws, start=1):
        actions, state = bandit.decide(state, Look(tick, counts, weights).observation)
        for action in actions:
            assert isinstance(action, SetWeights)
            weights = dict(action.weights)
        arm = _routed(weights, route)
        counts[arm][0] += answer < means[arm]
        counts[arm][1] += 1
        yield arm


def _routed(weights: Mapping[str, float], route: float) -> str:
    """The arm on which a share of the whole weight falls."""
    left = route * sum(weights.values())
    for arm, weight in weights.items():
        if left < weight:
            return arm
        left -= weight
    return arm
