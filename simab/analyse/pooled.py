"""Simpson's paradox in a run: all requests together say what no phase of its weights says.

Where weights move while answers drift, one variant has more of the requests of the good times than
the other, and a mean over all of them compares times instead of variants.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from simab.analyse.truth import ScenarioTruth
from simab.profiles.truth import metric_difference
from simab.run.simulation import Run
from simab.world.run_counts import RequestColumn

__all__ = ["Gains", "gains_of"]

_FEWEST_PHASES: Final = 2


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
    values = truth.over_time.values_by_window(names, period_ns, len(counts.requests))
    served = counts.requests[:, :, RequestColumn.ANSWERED]
    served = served - counts.requests[:, :, RequestColumn.COPIES_ANSWERED]

    def gain(windows: slice) -> float | None:
        weights = served[windows][:, roles]
        totals = weights.sum(axis=0)
        if not totals.all():
            return None
        candidate, control = (weights * values[windows][:, roles]).sum(axis=0) / totals
        return objective.sign * metric_difference(float(candidate), float(control))

    edges_ns = [split.at_ns for split in run.decision_log.splits]
    spans = zip(edges_ns, [*edges_ns[1:], run.scenario.horizon], strict=True)
    windows = [
        slice(-(-since_ns // period_ns), until_ns // period_ns) for since_ns, until_ns in spans
    ]
    phases = [(each, found) for each in windows if (found := gain(each)) is not None]
    if len(phases) < _FEWEST_PHASES:
        return None
    pooled = gain(slice(0, phases[-1][0].stop))
    assert pooled is not None
    return Gains(pooled, tuple(found for _, found in phases))
