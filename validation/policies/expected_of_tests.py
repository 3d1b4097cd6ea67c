"""How often a rule that decides by correct answers promotes, as theory has it.

Shares are taken as normal and labels as arriving evenly; information at a look is the mean number
of labels an arm. The error of both is below half a point with thousands of labels an arm.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.optimize import brentq

from simab.policies.bandits.bandit import Bandit
from simab.policies.experiments.always_valid import AlwaysValid
from simab.policies.experiments.bayesian import BayesianExperiment
from simab.policies.experiments.experiment import LookingExperiment
from simab.policies.experiments.fixed_horizon import FixedHorizonTest
from simab.policies.experiments.group_sequential import GroupSequential
from simab.policies.experiments.naive_peeking import NaivePeeking
from simab.policies.experiments.sprt import SequentialProbabilityRatio
from simab.policies.rollouts.manual_schedule import ManualSchedule
from simab.policies.rollouts.metric_majority import MetricMajority
from simab.scenario import Scenario
from simab.stats.always_valid import mixture_z_bound, tuned_mixing_variance
from simab.stats.boundary_families import obrien_fleming_bounds, pocock_bounds
from simab.stats.futility import futility_design
from simab.stats.group_sequential import crossing_probabilities
from simab.stats.spending import (
    obrien_fleming_spending,
    pocock_spending,
    spending_bounds,
)
from simab.stats.sprt import bernoulli_log_ratio, sprt_bounds

__all__ = ["looks_of", "promotion_by_theory"]

Floats = NDArray[np.float64]


def promotion_by_theory(scenario: Scenario, rule: str, gain: float) -> float | None:
    """Probability that the rule promotes a candidate that is right so much more often.

    None where there is no theory that is not a simulation itself.
    """
    policy, share = scenario.policies[rule], _share(scenario)
    match policy:
        case ManualSchedule():
            return 1.0
        case Bandit() if gain == 0.0:
            return 0.5  # somebody is crowned, and both are alike
        case MetricMajority():
            return _ahead(scenario, policy, share, share + gain)
        case SequentialProbabilityRatio():
            return _ratio_test(scenario, policy, share + gain)
        case FixedHorizonTest():
            labels = _labels_at_ticks(scenario)
            look = next(each for each in labels if each >= policy.sample)
            return _crossed([look], [_two_sided(policy.alpha)], share, gain)
        case GroupSequential():
            return _group_sequential(scenario, policy, share, gain)
        case AlwaysValid():
            looks = looks_of(scenario, policy)
            return _crossed(looks, [_always_valid(policy, n, share) for n in looks], share, gain)
        case NaivePeeking():
            looks = looks_of(scenario, policy)
            return _crossed(looks, [_two_sided(policy.alpha)] * len(looks), share, gain)
        case BayesianExperiment():
            looks = looks_of(scenario, policy)
            return _crossed(looks, [_posterior(policy, n, share) for n in looks], share, gain)
        case _:
            return None


def _share(scenario: Scenario) -> float:
    quality = scenario.endpoint.variants[scenario.objective.control].model_dump()["quality"]
    return float(quality["probability"])


def _labels_at_ticks(scenario: Scenario) -> list[float]:
    """Mean labels of each arm at every tick, with even weights and a constant delay of labels."""
    delay = scenario.labels.model_dump()["delay"]["value"]
    rate = sum(segment.rate for segment in scenario.traffic.values()) / 2.0
    answered = 1.0 - scenario.endpoint.variants[scenario.objective.control].error_rate
    ticks = range(scenario.controller.interval, scenario.horizon, scenario.controller.interval)
    return [max(tick - delay, 0) / 1e9 * rate * answered for tick in ticks]


def looks_of(scenario: Scenario, policy: LookingExperiment) -> list[float]:
    """Mean labels of each arm at every look of a policy that looks every so often."""
    every = max((policy.looks_every or 0) // scenario.controller.interval, 1)
    labels = [each for each in _labels_at_ticks(scenario) if each >= policy.labelled_requests]
    return labels[::every]


def _group_sequential(
    scenario: Scenario, policy: GroupSequential, share: float, gain: float
) -> float:
    labels, total = _labels_at_ticks(scenario), policy.labelled_requests
    times = [look / policy.looks for look in range(1, policy.looks + 1)]
    looks = [next(each for each in labels if each >= total * time) for time in times]
    alpha = policy.alpha
    spending = pocock_spending if policy.boundary == "pocock_spending" else obrien_fleming_spending
    if policy.beta is not None:
        design = futility_design(times, spending(alpha / 2.0), spending(policy.beta))
        return _crossed(looks, design.upper, share, gain, lower=design.lower)
    match policy.boundary:
        case "pocock":
            bounds = pocock_bounds(policy.looks, alpha=alpha)
        case "obrien_fleming":
            bounds = obrien_fleming_bounds(policy.looks, alpha=alpha)
        case _:
            reached = [round(each / total, 2) for each in looks]
            bounds = spending_bounds(reached, spending(alpha / 2.0))
    return _crossed(looks, bounds, share, gain)


def _always_valid(policy: AlwaysValid, labels: float, share: float) -> float:
    """The z from which the mixture test, or the confidence sequence, decides at so many labels.

    The policy's mixture takes each arm's own variance, this the control's for both.
    """
    if policy.typical_effect is None:
        mixing = tuned_mixing_variance(1.0, policy.tight_at, alpha=policy.alpha)
        return mixture_z_bound(1.0 / labels, mixing, alpha=policy.alpha)
    variance = 2.0 * share * (1.0 - share) / labels
    return mixture_z_bound(variance, policy.typical_effect**2, alpha=policy.alpha)


def _crossed(
    looks: Sequence[float],
    upper: Sequence[float] | Floats,
    share: float,
    gain: float,
    *,
    lower: Floats | None = None,
) -> float:
    """Probability that z crosses the upper bound first; looks in labels of each arm.

    The lower bound mirrors the upper one unless it is given.
    """
    variance = share * (1.0 - share) + (share + gain) * (1.0 - share - gain)
    below = -np.array(upper) if lower is None else lower
    crossing = crossing_probabilities(looks, upper, below, drift=gain / math.sqrt(variance))
    return float(crossing.upper.sum())


def _ratio_test(scenario: Scenario, policy: SequentialProbabilityRatio, share: float) -> float:
    """Wald's test, looked at once a tick: the law of right answers, cut at both bounds."""
    bounds = sprt_bounds(policy.alpha, policy.beta)
    going_on, labelled, promoted = np.ones(1), 0, 0.0
    for mean in map(round, _labels_at_ticks(scenario)):
        new = mean - labelled
        if new <= 0:
            continue
        labelled = mean
        going_on = np.convolve(going_on, stats.binom.pmf(np.arange(new + 1), new, share))
        least, most = (
            bernoulli_log_ratio(right, labelled, policy.p0, policy.p1) for right in (0, labelled)
        )
        ratios = np.linspace(least, most, labelled + 1)  # it grows by as much for each right answer
        promoted += float(going_on[ratios >= bounds.upper].sum())
        going_on = np.where((ratios < bounds.upper) & (ratios > bounds.lower), going_on, 0.0)
    return promoted


def _two_sided(alpha: float) -> float:
    return float(stats.norm.isf(alpha / 2.0))


def _posterior(policy: BayesianExperiment, labels: float, share: float) -> float:
    """The z at which a flat prior's posterior reaches the policy's threshold."""
    if policy.probability_better is not None:
        return float(stats.norm.ppf(policy.probability_better))
    spread = math.sqrt(2.0 * share * (1.0 - share) / labels)
    allowed = (policy.expected_loss or 0.0) / spread

    def excess(z: float) -> float:
        return float(stats.norm.pdf(z) - z * stats.norm.sf(z)) - allowed

    return 0.0 if excess(0.0) <= 0.0 else float(brentq(excess, 0.0, 10.0))


def _ahead(scenario: Scenario, policy: MetricMajority, control: float, candidate: float) -> float:
    """Probability that the candidate's share of right answers is higher; a tie is the control's."""
    mean = next(each for each in _labels_at_ticks(scenario) if each >= policy.labelled_requests)
    shares, masses = _law_of_share(mean, policy.labelled_requests, control)
    order = np.argsort(shares, kind="stable")
    shares, below = shares[order], np.concatenate(([0.0], np.cumsum(masses[order])))
    better, weights = _law_of_share(mean, policy.labelled_requests, candidate)
    return float(weights @ below[np.searchsorted(shares, better, side="left")])


def _law_of_share(mean: float, least: int, share: float) -> tuple[Floats, Floats]:
    """Values of right / labelled and their probabilities; labelled is Poisson, at least `least`."""
    counts = np.arange(least, int(stats.poisson.isf(1e-9, mean)) + 1)
    chances = stats.poisson.pmf(counts, mean)
    values, masses = [], []
    for count, chance in zip(counts, chances / chances.sum(), strict=True):
        right = np.arange(count + 1)
        values.append(right / count)
        masses.append(chance * stats.binom.pmf(right, count, share))
    return np.concatenate(values), np.concatenate(masses)
