"""What the controllers' statistics cost: a call of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Final

from benchmarks.figures import Effort, Figure, at_most
from benchmarks.measuring import cpu_us_each
from simab.stats.always_valid import confidence_sequence, two_proportion_mixture_test
from simab.stats.bayes import FLAT, probability_better
from simab.stats.non_inferiority import non_inferiority_test
from simab.stats.proportions import two_proportion_test
from simab.stats.sprt import bernoulli_log_ratio, sprt_bounds, sprt_verdict

__all__ = ["statistics_of_a_look"]

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


def statistics_of_a_look(effort: Effort) -> Iterator[Figure]:
    """A call of each test that a controller may take at every tick."""
    for name, (call, bound_us) in CALLS.items():
        times = effort.count(2_000, least=20)
        call()
        costs = tuple(cpu_us_each(partial(_often, call, times)) for _ in range(effort.repeats))
        yield Figure(name, "us", costs, at_most(bound_us))


def _often(call: Callable[[], Any], times: int) -> int:
    for _ in range(times):
        call()
    return times
