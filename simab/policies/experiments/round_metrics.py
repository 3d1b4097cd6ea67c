"""The metrics of a round: what has come since it began, in its own time."""

from __future__ import annotations

from dataclasses import dataclass

from simab.policies.answers import Answers
from simab.policies.observation import Assignments, MetricsView
from simab.stats.label_totals import LabelTotals
from simab.stats.request_totals import RequestTotals

__all__ = ["RoundMetrics"]


@dataclass(frozen=True, slots=True)
class RoundMetrics:
    """A view of metrics from `since_ns` on, whose times count from then.

    Labels are those that arrived since, whichever request they are of; so each label counts in one
    round. Answers, which are read one by one, are those of requests that came since.
    """

    whole: MetricsView
    since_ns: int

    @property
    def period_ns(self) -> int:
        """Length of a metric window."""
        return self.whole.period_ns

    @property
    def published_until_ns(self) -> int:
        """End of the newest window that is visible; 0 when none since the start is."""
        return max(self.whole.published_until_ns - self.since_ns, 0)

    def requests(self, variant: str, since_ns: int, until_ns: int) -> RequestTotals:
        """Totals of the published windows that lie within [since, until)."""
        return self.whole.requests(variant, *self._span(since_ns, until_ns))

    def invocations_per_instance(self, variant: str, since_ns: int, until_ns: int) -> float:
        """In these windows, the sum over requests of 1 / instances at the time of each."""
        return self.whole.invocations_per_instance(variant, *self._span(since_ns, until_ns))

    def assignments(self) -> Assignments:
        """Whom the weights in force have sent where, since they took effect."""
        return self.whole.assignments()

    def labels(self, variant: str) -> LabelTotals:
        """Totals of the labels that have arrived since."""
        now = self.whole.labels(variant)
        if not self.since_ns:
            return now
        return now.since(self.whole.as_of(self.since_ns).labels(variant))

    def answers(self, variant: str) -> Answers:
        """The labelled answers to requests that came since, one by one."""
        return self.whole.answers(variant).arrived(self.since_ns)

    def as_of(self, earlier_ns: int) -> RoundMetrics:
        """What was visible at an instant that is not after now."""
        return RoundMetrics(self.whole.as_of(self.since_ns + earlier_ns), self.since_ns)

    def _span(self, since_ns: int, until_ns: int) -> tuple[int, int]:
        """Whole windows of the endpoint within a span of the round."""
        period_ns = self.period_ns
        first_ns = -(-(self.since_ns + since_ns) // period_ns) * period_ns
        return first_ns, max((self.since_ns + until_ns) // period_ns * period_ns, first_ns)
