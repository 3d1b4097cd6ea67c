"""When metric windows are published, and which never are: after a delay, and outages in between."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from simab.scenario.models import Scenario
from simab.scenario.timeline import MetricsOutage

__all__ = ["Publication"]


@dataclass(frozen=True, slots=True)
class Publication:
    """A window is published when its delay is over; within `held` spans nothing is.

    Spans (from, until) are in order and do not touch. `lost` are the windows that never are
    published, as ranges (first, one after the last) in order.
    """

    period_ns: int
    delay_ns: int
    held: tuple[tuple[int, int], ...]
    lost: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, scenario: Scenario) -> Publication:
        """By the metrics of a scenario and its timeline."""
        period_ns, delay_ns = scenario.metrics.period, scenario.metrics.publication_delay
        outages = [each for each in scenario.timeline if isinstance(each, MetricsOutage)]
        lost = [
            (
                max(-(-(each.at - delay_ns) // period_ns) - 1, 0),
                max(-(-(each.at + each.lasts - delay_ns) // period_ns) - 1, 0),
            )
            for each in outages
            if each.windows == "lost"
        ]
        held = [(each.at, each.at + each.lasts) for each in outages]
        return cls(period_ns, delay_ns, _merged(held), _merged(lost))

    def until_ns(self, now_ns: int) -> int:
        """End of the newest window that is published, or would be if it were not lost."""
        for since_ns, until_ns in self.held:
            if since_ns <= now_ns < until_ns:
                now_ns = since_ns - 1  # what is due when an outage begins is held up
                break
        seen_ns = now_ns - self.delay_ns
        return seen_ns - seen_ns % self.period_ns if seen_ns > 0 else 0

    def next_ns(self, now_ns: int) -> int:
        """When the next window is published."""
        due_ns = self.until_ns(now_ns) + self.period_ns + self.delay_ns
        for since_ns, until_ns in self.held:
            if since_ns <= due_ns < until_ns:
                return until_ns
        return due_ns

    def kept(self, first: int, last: int) -> Sequence[tuple[int, int]]:
        """The windows from `first` up to, not including, `last` that are not lost, as ranges."""
        return [(first, last)] if not self.lost else [*self._between(first, last)]

    def _between(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        for lost_first, lost_last in self.lost:
            if first < min(lost_first, last):
                yield first, min(lost_first, last)
            first = max(first, lost_last)
        if first < last:
            yield first, last


def _merged(spans: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Spans in order, those that overlap or touch as one, without empty ones."""
    found: list[tuple[int, int]] = []
    for first, last in sorted(span for span in spans if span[0] < span[1]):
        if found and first <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], last)
        else:
            found.append((first, last))
    return tuple(found)
