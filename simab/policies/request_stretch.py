"""The requests of a stretch of constant weights, and whether the router split them as asked.

Where weights change on the way, the counts of the whole run follow no single ratio, and error rates
of unlike times are mixed: a test of the sample ratio over a ramp cries wolf.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from simab.policies.observation import MetricsView, Observation
from simab.policies.two_shares import TwoShares
from simab.stats.sample_ratio import sequential_share_test

__all__ = ["RequestStretch"]

# Quickest for mismatches of one or two percentage points, as a stretch of some thousand requests
# can show; the test's own default is for half a point, and takes a hundred thousand.
_CONCENTRATION: Final = 1_000.0

Weights = tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class RequestStretch:
    """Since when the weights are what they are; only windows from then on belong to it."""

    weights: Weights = ()
    since_ns: int = 0

    def followed(self, observation: Observation) -> RequestStretch:
        """The same stretch while the weights stay; else a new one that begins now.

        A change was in force a little before the tick that sees it, so nothing of an earlier split
        is counted.
        """
        weights = tuple(observation.weights.items())
        if weights == self.weights:
            return self
        return RequestStretch(weights, observation.now_ns if self.weights else 0)

    def span(self, metrics: MetricsView) -> tuple[int, int]:
        """First and last instant of the published windows that lie in the stretch."""
        period_ns = metrics.period_ns
        first_ns = -(-self.since_ns // period_ns) * period_ns
        return first_ns, max(metrics.published_until_ns, first_ns)

    def errors(self, observation: Observation) -> TwoShares:
        """5XX responses of invocations, for control and candidate."""
        since_ns, until_ns = self.span(observation.metrics)
        if since_ns == until_ns:
            return TwoShares(0, 0, 0, 0)
        control, candidate = (
            observation.metrics.requests(name, since_ns, until_ns)
            for name in (observation.control, observation.candidate)
        )
        return TwoShares(
            control.failed + control.rejected,
            control.invocations,
            candidate.failed + candidate.rejected,
            candidate.invocations,
        )

    def ratio_mismatch(self, metrics: MetricsView, alpha: float) -> str:
        """What is wrong with the split, in words; empty while nothing is.

        By a test that may be looked at any time (Lindon and Malek 2022). Requests that name a
        variant themselves count as well, for production could not tell them from the others.
        """
        since_ns, until_ns = self.span(metrics)
        shares = _shares(self.weights)
        if since_ns == until_ns or len(shares) < 2:
            return ""
        counts = [metrics.requests(name, since_ns, until_ns).invocations for name in shares]
        test = sequential_share_test(counts, list(shares.values()), concentration=_CONCENTRATION)
        if test.p_value > alpha:
            return ""
        split = " : ".join(f"{count}" for count in counts)
        asked = " : ".join(f"{share:.3g}" for share in shares.values())
        return (
            f"sample ratio mismatch: {split} requests at shares {asked}, p = {test.p_value:.2g} "
            f"(alpha {alpha:g})"
        )


def _shares(weights: Weights) -> dict[str, float]:
    """Shares of the variants with a weight: the others still answer what they had before."""
    total = sum(weight for _, weight in weights)
    return {name: weight / total for name, weight in weights if weight > 0.0}
