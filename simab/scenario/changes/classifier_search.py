"""By how much a classifier's scores have to be pulled apart to move a metric by an effect."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import copysign
from typing import Final, NamedTuple

from simab.profiles.quality import Classifier
from simab.profiles.truth import truth_of
from simab.scenario.changes.shifts import shifted_classifier

__all__ = ["Reach", "log_odds_of", "pulls_apart"]

_FIRST: Final = 0.25
_LARGEST: Final = 8.0  # odds 3,000 times as large leave hardly an answer that can still change
_CLOSE: Final = 1e-8  # scores are whole numbers of 2**-30, and metrics move in steps of about that
_MOST_STEPS: Final = 60


class Reach(NamedTuple):
    """The smallest and the largest effect that there can be, where the one asked for cannot."""

    low: float
    high: float


def pulls_apart(metric: str) -> bool:
    """Whether the classes' scores move away from each other; else all of them move up."""
    return metric != "positive_rate"


@lru_cache(maxsize=1024)
def log_odds_of(
    classifier: str, positive_share: float | None, metric: str, effect: float
) -> float | Reach:
    """The shift at which the metric lies `effect` above that of the classifier (as JSON), or 1e-8
    further from 0 at most. Each try takes two tables of quantiles, so the answer is kept.
    """
    control = Classifier.model_validate_json(classifier)

    def metric_at(log_odds: float) -> float:
        shifted = shifted_classifier(control, log_odds, apart=pulls_apart(metric))
        return truth_of(shifted.sampler({}, positive_share)).metric(metric)

    if effect == 0:
        return 0.0
    start = truth_of(control.sampler({}, positive_share)).metric(metric)
    rises = metric_at(_FIRST) >= start
    way = 1.0 if rises == (effect > 0) else -1.0
    goal = abs(effect) + _CLOSE / 2

    def excess(distance: float) -> float:
        """How far beyond the goal the metric is at a distance from the control; rises with it."""
        return copysign(1.0, effect) * (metric_at(way * distance) - start) - goal

    found = _distance(excess, goal)
    if found is not None:
        return way * found
    ends = sorted(metric_at(end) - start for end in (-_LARGEST, _LARGEST))
    return Reach(*ends)


def _distance(excess: Callable[[float], float], goal: float) -> float | None:
    """Where the excess is 0 within half of what is close; None where that is too far away.

    False position with the Illinois rule: the end that stays counts half, so that both close in.
    """
    low, high = (0.0, -goal), (_FIRST, excess(_FIRST))
    while not high[1] >= 0:
        if high[0] >= _LARGEST:
            return None
        distance = min(2 * high[0], _LARGEST)
        low, high = high, (distance, excess(distance))
    stayed = 0
    for _ in range(_MOST_STEPS):
        distance = (low[0] * high[1] - high[0] * low[1]) / (high[1] - low[1])
        value = excess(distance)
        if abs(value) <= _CLOSE / 2:
            return distance
        if value < 0:
            low, high = (distance, value), (high[0], high[1] / (2 if stayed < 0 else 1))
            stayed = -1
        else:
            low, high = (low[0], low[1] / (2 if stayed > 0 else 1)), (distance, value)
            stayed = 1
    return high[0]
