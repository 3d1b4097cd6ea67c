"""Simpson's paradox in a run: all requests together say what no phase of its weights says.

Where weights move while answers drift, one variant has more of the requests of the good times than
the other, and a mean over all of them compares times instead of variants.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simab.analyse.truth import ScenarioTruth
from simab.policies.metrics import OF_EARNINGS
from simab.profiles.truth import Truth, metric_difference
from simab.run.simulation import Run
from simab.stats.classification import METRICS, ConfusionCounts
from simab.world.run_counts import RequestColumn

__all__ = ["Gains", "answers_by_window", "gains_of", "pooled_metric"]

_FEWEST_PHASES: Final = 2
_MEANS: Final = ("success_rate", "accuracy", "brier", *OF_EARNINGS)
_WHOLE: Final = 10**15  # the parts that an answer is counted in, as counts are whole


@dataclass(frozen=True, slots=True)
class Gains:
    """By how much the candidate is better: by all requests answered, and in each phase."""

    pooled: float
    phases: tuple[float, ...]

    @property
    def mislead(self) -> bool:
        """Whether every phase says one thing, and all together the opposite."""
        signs = {np.sign(each) for each in self.phases}
        return len(signs) == 1 and -np.sign(self.pooled) in signs - {0.0}


def gains_of(run: Run, truth: ScenarioTruth) -> Gains | None:
    """True means of what both variants answered; None without two phases in which both did.

    Answers count for the window in which they ended. A window in which weights change belongs to no
    phase, and what comes after the last of these phases to no total: it compares nothing.
    """
    if truth.over_time is None:
        return None
    counts, objective = run.data.run_counts, run.scenario.objective
    roles = [
        counts.blueprint.names.index(name) for name in (objective.candidate, objective.control)
    ]
    period_ns, names = counts.blueprint.period_ns, counts.blueprint.names
    if objective.metric == "roc_auc":
        return None  # that of several windows together does not follow from theirs
    truths = truth.over_time.in_windows(period_ns, len(counts.requests))
    served = answers_by_window(run)

    def gain(windows: slice) -> float | None:
        candidate, control = (
            pooled_metric(
                objective.metric, truths[names[role]][windows], served[windows, role].tolist()
            )
            for role in roles
        )
        found = objective.sign * metric_difference(candidate, control)
        return None if math.isnan(found) else found

    edges_ns = [split.at_ns for split in run.decision_log.splits]
    spans = zip(edges_ns, [*edges_ns[1:], run.scenario.horizon], strict=True)
    windows = [
        slice(-(-since_ns // period_ns), until_ns // period_ns) for since_ns, until_ns in spans
    ]
    phases = [(each, found) for each in windows if (found := gain(each)) is not None]
    if len(phases) < _FEWEST_PHASES:
        return None
    pooled = gain(slice(0, phases[-1][0].stop))
    return None if pooled is None else Gains(pooled, tuple(found for _, found in phases))


def answers_by_window(run: Run) -> NDArray[np.int64]:
    """How many requests of users each variant answered, shape (windows, variants)."""
    requests = run.data.run_counts.requests
    answered: NDArray[np.int64] = requests[:, :, RequestColumn.ANSWERED]
    return answered - requests[:, :, RequestColumn.COPIES_ANSWERED]


def pooled_metric(metric: str, truths: Sequence[Truth], answers: Sequence[int]) -> float:
    """The true metric of all answers of some windows together; NaN where it does not exist.

    `answers` are how many there were in each. Rates and means are averaged over answers; a metric
    that divides cells of the confusion table is that of their sums. The AUC, which does not follow
    from that of windows, counts as not known.
    """
    known = [(truth, each) for truth, each in zip(truths, answers, strict=True) if each]
    total = sum(each for _, each in known)
    if not total:
        return math.nan
    if metric == "roc_auc":
        return math.nan
    if metric in _MEANS:
        return math.fsum(truth.metric(metric) * each for truth, each in known) / total
    cells = [0.0] * 4
    for truth, each in known:
        if truth.confusion is None:
            return math.nan
        share = each / (total * sum(truth.confusion))
        cells = [cell + share * own for cell, own in zip(cells, truth.confusion, strict=True)]
    return METRICS[metric](ConfusionCounts(*(round(cell * _WHOLE) for cell in cells)))
