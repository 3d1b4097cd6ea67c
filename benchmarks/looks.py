"""What the controllers' statistics cost: a call of each, and a look of each experiment in a run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

import numpy as np
from pydantic import TypeAdapter

from benchmarks.figures import Effort, Figure, at_most
from benchmarks.measuring import cpu_us_each
from benchmarks.scenarios import Shape
from simab.draws import Draws
from simab.policies import Action, Observation, PolicyDescription
from simab.policies.policy import Policy
from simab.stats.always_valid import confidence_sequence, two_proportion_mixture_test
from simab.stats.bayes import FLAT, probability_better
from simab.stats.non_inferiority import non_inferiority_test
from simab.stats.proportions import two_proportion_test
from simab.stats.sprt import bernoulli_log_ratio, sprt_bounds, sprt_verdict
from simab.world import Blueprint, play

__all__ = ["look_of_each_experiment", "statistics_of_a_look"]

_BOUNDS: Final = sprt_bounds(0.05, 0.1)
CALLS: Final[Mapping[str, tuple[Callable[[], Any], float]]] = {
    "two_proportion_test": (lambda: two_proportion_test(320, 334, 318, 334), 20),
    "non_inferiority_test": (lambda: non_inferiority_test(320, 334, 318, 334, margin=0.02), 20),
    "a step of the SPRT": (
        lambda: sprt_verdict(bernoulli_log_ratio(320, 334, 0.9, 0.95), _BOUNDS),
        20,
    ),
    "two_proportion_mixture_test": (
        lambda: two_proportion_mixture_test(320, 334, 318, 334, mixing_variance=1e-4),
        20,
    ),
    "confidence_sequence": (lambda: confidence_sequence(0.1, 1.0, 334, target_count=500), 20),
    "probability_better": (
        lambda: probability_better(FLAT.after(320, 334), FLAT.after(318, 334)),
        200,
    ),
}
"""What is called, and how many microseconds it may take."""

_LATE: Final = 10**9
"""Labelled requests that no run reaches: the experiment looks at every tick and never ends."""
_NO_ALARM: Final[dict[str, Any]] = {"sample_ratio_alpha": None}
_BANDIT: Final[dict[str, Any]] = {"update_every": "1min", "champion_at": 0.999_999}
EXPERIMENTS: Final[Mapping[str, tuple[dict[str, Any], float]]] = {
    "always_valid": ({"labelled_requests": 100, "alpha": 1e-9, "tight_at": _LATE, **_NO_ALARM}, 60),
    "sprt": ({"labelled_requests": 50, "p0": "70%", "p1": "70.001%", **_NO_ALARM}, 60),
    "naive_peeking": ({"labelled_requests": 100, "alpha": 1e-9, **_NO_ALARM}, 60),
    "group_sequential": ({"labelled_requests": _LATE, **_NO_ALARM}, 60),
    "bayesian": ({"labelled_requests": 100, "probability_better": 0.999_999, **_NO_ALARM}, 200),
    "epsilon_greedy": (_BANDIT, 200),
    "ucb1": (_BANDIT, 200),
    "thompson": (_BANDIT, 200),
    "gaussian_thompson": ({"update_every": "1min"}, 60),
}
"""The fields of each experiment, set so that it goes on looking, and microseconds for a look."""


class Timed:
    """Stands before a policy and notes the CPU time of each of its decisions."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self.spent_us: list[float] = []

    def decide(self, state: Any, observation: Observation) -> tuple[Sequence[Action], Any]:
        """The policy's, timed."""
        before_s = time.process_time()
        decision = self._policy.decide(state, observation)
        self.spent_us.append((time.process_time() - before_s) * 1e6)
        return decision


def statistics_of_a_look(effort: Effort) -> Iterator[Figure]:
    """A call of each test that a controller may take at every tick."""
    for name, (call, bound_us) in CALLS.items():
        times = effort.count(2_000, least=20)
        call()
        costs = tuple(cpu_us_each(partial(_often, call, times)) for _ in range(effort.repeats))
        yield Figure(name, "us", costs, at_most(bound_us))


def look_of_each_experiment(effort: Effort) -> Iterator[Figure]:
    """A look of each experiment in a run with labels: the median over its ticks."""
    for kind, (fields, bound_us) in EXPERIMENTS.items():
        blueprint = _endpoint(effort, kind, fields)
        (policy,) = blueprint.scenario.policies.values()
        costs = []
        for replication in range(effort.repeats):
            timed = Timed(policy)
            play(blueprint, timed, Draws(1, replication), engine="compiled", record_requests=False)
            costs.append(float(np.median(timed.spent_us)))
        yield Figure(kind, "us", tuple(costs), at_most(bound_us))


def _often(call: Callable[[], Any], times: int) -> int:
    for _ in range(times):
        call()
    return times


def _endpoint(effort: Effort, kind: str, fields: Mapping[str, Any]) -> Blueprint:
    ticks = effort.count(1_000, least=4)
    scenario = Shape(ticks * 600, rate_per_s=10.0, windows=ticks).scenario()
    policy = TypeAdapter[Policy](PolicyDescription).validate_python({"kind": kind, **fields})
    objective = scenario.objective.model_copy(update={"metric": "accuracy"})
    return Blueprint.of(
        scenario.model_copy(update={"policies": {kind: policy}, "objective": objective})
    )
