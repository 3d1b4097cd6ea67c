"""The requests of a stretch of constant weights.

Where weights change on the way, error rates and latencies of unlike times are mixed.
"""

from __future__ import annotations

from typing import NamedTuple

from simab.policies.observation import MetricsView, Observation
from simab.policies.two_proportions import TwoProportions

__all__ = ["ConstantWeightPeriod"]

Weights = tuple[tuple[str, float], ...]


class ConstantWeightPeriod(NamedTuple):
    """Since when the weights are what they are; only windows from then on belong to it."""

    weights: Weights = ()
    since_ns: int = 0

    def followed(self, observation: Observation) -> ConstantWeightPeriod:
        """The same stretch while the weights stay; else a new one that begins now.

        A change was in force a little before the tick that sees it, so nothing of an earlier split
        is counted.
        """
        weights = tuple(observation.weights.items())
        if weights == self.weights:
            return self
        return ConstantWeightPeriod(weights, observation.now_ns if self.weights else 0)

    def span(self, metrics: MetricsView) -> tuple[int, int]:
        """First and last instant of the published windows that lie in the stretch."""
        period_ns = metrics.period_ns
        first_ns = -(-self.since_ns // period_ns) * period_ns
        return first_ns, max(metrics.published_until_ns, first_ns)

    def errors(self, observation: Observation) -> TwoProportions:
        """5XX responses of invocations, for control and candidate."""
        since_ns, until_ns = self.span(observation.metrics)
        if since_ns == until_ns:
            return TwoProportions(0, 0, 0, 0)
        control, candidate = (
            observation.metrics.requests(name, since_ns, until_ns)
            for name in (observation.control, observation.candidate)
        )
        return TwoProportions(
            control.failed + control.rejected,
            control.invocations,
            candidate.failed + candidate.rejected,
            candidate.invocations,
        )
