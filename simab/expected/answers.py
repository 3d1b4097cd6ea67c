"""How often a rule that decides by correct answers promotes, as theory has it.

Shares are taken as normal and labels as arriving evenly; information at a look is the mean number
of labels an arm. The error of both is below half a point with thousands of labels an arm.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.optimize import brentq

from simab.expected.assumptions import equally_right, only_sets
from simab.policies.bandits.bandit import Bandit
from simab.policies.experiments.always_valid import AlwaysValid
from simab.policies.experiments.bayesian import BayesianExperiment
from simab.policies.experiments.capped_sprt import CappedRatioTest
from simab.policies.experiments.experiment import LookingExperiment
from simab.policies.experiments.fixed_horizon import FixedHorizonTest
from simab.policies.experiments.group_sequential import GroupSequential
from simab.policies.experiments.naive_peeking import NaivePeeking
from simab.policies.experiments.sprt import SequentialProbabilityRatio
from simab.policies.rollouts.manual_schedule import ManualSchedule
from simab.policies.rollouts.metric_majority import MetricMajority
from simab.profiles.durations import Constant
from simab.profiles.quality import Success
from simab.scenario import Scenario
from simab.stats.always_valid import mixture_z_bound, tuned_mixing_variance
from simab.stats.boundary_families import obrien_fleming_bounds, pocock_bounds
from simab.stats.capped_sprt import CappedSprt, capped_sprt
from simab.stats.futility import futility_design
from simab.stats.group_sequential import crossing_probabilities
from simab.stats.spending import (
    obrien_fleming_spending,
    pocock_spending,
    spending_bounds,
)
from simab.stats.sprt import bernoulli_log_ratio, sprt_bounds

__all__ = ["looks_of", "promotion_by_answers"]

Floats = NDArray[np.float64]
_FEWEST: Final = 9.0  # right and wrong answers at the first look: fewer are no normal share
_MOST_LOOKS: Final = 200  # each takes an integration
_MOST_LABELS: Final = 50_000  # of an exact law
_MOST_COUNTED: Final = 5_000  # of all pairs of counts
# What the theory of each rule knows of its parameters; all others have to be at their defaults.
_FIXED: Final = ("labelled_requests", "alpha", "baseline", "effect", "power")
_SEQUENTIAL: Final = ("labelled_requests", "looks", "boundary", "alpha", "beta")
_CAPPED: Final = ("labelled_requests", "looks", "alpha", "beta")
_RATIO: Final = ("labelled_requests", "p0", "p1", "alpha", "beta")
_LOOKING: Final = ("labelled_requests", "looks_every", "alpha")
_ALWAYS: Final = (*_LOOKING, "method", "tight_at", "typical_effect")
_METHODS: Final = ("confidence_sequence", "mixture")
_MAJORITY: Final = ("labelled_requests", "metrics")
_ONE_METRIC: Final = ("success_rate",)
_POSTERIOR: Final = (*_LOOKING, "probability_better", "expected_loss")


def promotion_by_answers(scenario: Scenario, policy: object) -> float | None:
    """Probability that the rule promotes the candidate.

    None where there is no theory that is not a simulation itself, or where its assumptions do not
    hold: other parameters than it knows, too few answers to be normal, or a horizon that may or may
    not give the labels.
    """
    match policy:
        case ManualSchedule() if only_sets(policy, "steps"):
            return _scheduled(scenario, policy)
        case Bandit() if _crowns(scenario, policy) and equally_right(scenario):
            return 0.5  # somebody is crowned, and both are alike
        case MetricMajority() if only_sets(policy, *_MAJORITY) and policy.metrics == _ONE_METRIC:
            return _ahead(scenario, policy)
        case SequentialProbabilityRatio() if only_sets(policy, *_RATIO):
            return _ratio_test(scenario, policy)
        case FixedHorizonTest() if only_sets(policy, *_FIXED):
            return _planned(scenario, policy.sample, 1, lambda _: [_two_sided(policy.alpha)])
        case GroupSequential() if only_sets(policy, *_SEQUENTIAL):
            return _group_sequential(scenario, policy)
        case CappedRatioTest() if only_sets(policy, *_CAPPED):
            return _capped(scenario, policy)
        case AlwaysValid() if only_sets(policy, *_ALWAYS) and policy.method in _METHODS:
            share = _shares(scenario)[0]
            return _looked(scenario, policy, lambda labels: _always_valid(policy, labels, share))
        case NaivePeeking() if only_sets(policy, *_LOOKING):
            return _looked(scenario, policy, lambda _: _two_sided(policy.alpha))
        case BayesianExperiment() if only_sets(policy, *_POSTERIOR) and _one_threshold(policy):
            share = _shares(scenario)[0]
            return _looked(scenario, policy, lambda labels: _posterior(policy, labels, share))
        case _:
            return None


def _shares(scenario: Scenario) -> tuple[float, float]:
    """How often control and candidate are right."""
    objective = scenario.objective
    qualities = [
        scenario.endpoint.variants[name].quality
        for name in (objective.control, objective.candidate)
    ]
    control, candidate = (each.probability for each in qualities if isinstance(each, Success))
    return control, candidate


def _scheduled(scenario: Scenario, policy: ManualSchedule) -> float | None:
    """Certain, where one step promotes, and all steps surely come before the horizon."""
    promoted = [step.promote for step in policy.steps if step.promote is not None]
    last = policy.steps[-1]
    steps = len(policy.steps)
    latest = last.at + steps * (scenario.endpoint.weight_update + scenario.controller.interval)
    if len(promoted) != 1 or last.promote is None or latest >= scenario.horizon:
        return None
    return float(last.promote == scenario.objective.candidate)


def _crowns(scenario: Scenario, policy: Bandit) -> bool:
    """Whether it surely names one of the two before the horizon."""
    ends, needed = policy.maximum_duration, scenario.endpoint.weight_update
    if ends is None or not only_sets(policy, "update_every", "maximum_duration"):
        return False
    return ends + 2 * needed + 2 * scenario.controller.interval < scenario.horizon


def _one_threshold(policy: BayesianExperiment) -> bool:
    return (policy.probability_better is None) != (policy.expected_loss is None)


def _normal(labels: float, scenario: Scenario) -> bool:
    """Whether so many answers of each arm hold enough right and wrong ones to be normal."""
    return all(labels * min(share, 1.0 - share) >= _FEWEST for share in _shares(scenario))


def _reached(labels: Sequence[float], needed: float) -> bool | None:
    """Whether the last tick surely has the labels; None where chance decides."""
    most, spread = labels[-1] if labels else 0.0, 4.0 * math.sqrt(max(needed, 1.0))
    if most < needed - spread:
        return False
    return True if most >= needed + spread else None


def _planned(
    scenario: Scenario,
    total: float,
    looks: int,
    bounds: Callable[[Sequence[float]], Sequence[float] | Floats],
    lower: Callable[[Sequence[float]], Floats] | None = None,
) -> float | None:
    """Looks at equal parts of a total, each at its first tick; `bounds` of the labels there."""
    labels = _labels_at_ticks(scenario)
    reached = _reached(labels, total)
    if not reached:
        return None if reached is None or looks > 1 else 0.0
    parts = [total * look / looks for look in range(1, looks + 1)]
    taken = [next(each for each in labels if each >= part) for part in parts]
    if len(set(taken)) < looks or not _normal(taken[0], scenario):
        return None
    below = None if lower is None else lower(taken)
    return _crossed(taken, bounds(taken), scenario, lower=below)


def _looked(
    scenario: Scenario, policy: LookingExperiment, bound: Callable[[float], float]
) -> float | None:
    """Looks every so often, `bound` being that of z at so many labels of each arm."""
    reached = _reached(_labels_at_ticks(scenario), policy.labelled_requests)
    if not reached:
        return 0.0 if reached is False else None
    looks = looks_of(scenario, policy)
    if len(looks) > _MOST_LOOKS or not _normal(looks[0], scenario):
        return None
    return _crossed(looks, [bound(labels) for labels in looks], scenario)


def _labels_at_ticks(scenario: Scenario) -> list[float]:
    """Mean labels of each arm at every tick, with even weights and a constant delay of labels."""
    assert isinstance(scenario.labels.delay, Constant)
    delay = round(scenario.labels.delay.value * scenario.labels.delay.scale)
    rate = sum(segment.rate for segment in scenario.traffic.values()) / 2.0
    answered = 1.0 - scenario.endpoint.variants[scenario.objective.control].error_rate
    ticks = range(scenario.controller.interval, scenario.horizon, scenario.controller.interval)
    return [max(tick - delay, 0) / 1e9 * rate * answered for tick in ticks]


def looks_of(scenario: Scenario, policy: LookingExperiment) -> list[float]:
    """Mean labels of each arm at every look of a policy that looks every so often."""
    every = max((policy.looks_every or 0) // scenario.controller.interval, 1)
    labels = [each for each in _labels_at_ticks(scenario) if each >= policy.labelled_requests]
    return labels[::every]


def _capped(scenario: Scenario, policy: CappedRatioTest) -> float | None:
    def design(taken: Sequence[float]) -> CappedSprt:
        information = [each / policy.labelled_requests for each in taken]
        return capped_sprt(information, alpha=policy.alpha, beta=policy.beta)

    total, looks = policy.labels_needed(1.0), policy.most_looks
    return _planned(
        scenario, total, looks, lambda taken: design(taken).upper, lambda taken: design(taken).lower
    )


def _group_sequential(scenario: Scenario, policy: GroupSequential) -> float | None:
    alpha, total = policy.alpha, policy.labelled_requests
    times = [look / policy.looks for look in range(1, policy.looks + 1)]
    spending = pocock_spending if policy.boundary == "pocock_spending" else obrien_fleming_spending
    if policy.beta is not None:
        design = futility_design(times, spending(alpha / 2.0), spending(policy.beta))
        upper, lower = design.upper, design.lower
        return _planned(scenario, total, policy.looks, lambda _: upper, lambda _: lower)

    def bounds(taken: Sequence[float]) -> Sequence[float] | Floats:
        match policy.boundary:
            case "pocock":
                return pocock_bounds(policy.looks, alpha=alpha)
            case "obrien_fleming":
                return obrien_fleming_bounds(policy.looks, alpha=alpha)
            case _:
                reached = [round(each / total, 2) for each in taken]
                return spending_bounds(reached, spending(alpha / 2.0))

    return _planned(scenario, total, policy.looks, bounds)


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
    scenario: Scenario,
    *,
    lower: Floats | None = None,
) -> float:
    """Probability that z crosses the upper bound first; looks in labels of each arm.

    The lower bound mirrors the upper one unless it is given.
    """
    control, candidate = _shares(scenario)
    variance = control * (1.0 - control) + candidate * (1.0 - candidate)
    below = -np.array(upper) if lower is None else lower
    drift = (candidate - control) / math.sqrt(variance)
    crossing = crossing_probabilities(looks, upper, below, drift=drift)
    return float(crossing.upper.sum())


def _ratio_test(scenario: Scenario, policy: SequentialProbabilityRatio) -> float | None:
    """Wald's test, looked at once a tick: the law of right answers, cut at both bounds."""
    labels = [each for each in _labels_at_ticks(scenario) if each >= policy.labelled_requests]
    if not labels or labels[-1] > _MOST_LABELS or len(labels) > _MOST_LOOKS:
        return None
    share, bounds = _shares(scenario)[1], sprt_bounds(policy.alpha, policy.beta)
    going_on, labelled, promoted = np.ones(1), 0, 0.0
    for mean in map(round, labels):
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


def _ahead(scenario: Scenario, policy: MetricMajority) -> float | None:
    """Probability that the candidate's share of right answers is higher; a tie is the control's."""
    labels = _labels_at_ticks(scenario)
    if not _reached(labels, policy.labelled_requests):
        return None
    control, candidate = _shares(scenario)
    mean = next(each for each in labels if each >= policy.labelled_requests)
    if mean > _MOST_COUNTED:
        return None
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
