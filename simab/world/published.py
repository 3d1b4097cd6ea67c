"""What production shows of the books at one moment: windows after their delay, arrived labels."""

from __future__ import annotations

from dataclasses import dataclass

from simab.stats.label_totals import LabelTotals
from simab.stats.request_totals import RequestTotals
from simab.world.books import Books

__all__ = ["PublishedMetrics"]


@dataclass(frozen=True, slots=True)
class PublishedMetrics:
    """The metrics visible at `now_ns`, which is a controller's tick."""

    books: Books
    now_ns: int

    @property
    def period_ns(self) -> int:
        """Length of a metric window."""
        return self.books.blueprint.period_ns

    @property
    def published_until_ns(self) -> int:
        """End of the newest window whose publication delay is over."""
        seen_ns = max(self.now_ns - self.books.blueprint.publication_delay_ns, 0)
        return seen_ns // self.period_ns * self.period_ns

    def requests(self, variant: str, since_ns: int, until_ns: int) -> RequestTotals:
        """Totals of the published windows that lie within [since, until)."""
        first = -(-since_ns // self.period_ns)
        last = min(until_ns, self.published_until_ns) // self.period_ns
        return self.books.request_totals(self._number(variant), first, max(first, last))

    def labels(self, variant: str) -> LabelTotals:
        """Totals of all labels that have arrived before now."""
        until = self.now_ns // self.books.blueprint.label_resolution_ns
        return self.books.label_totals(self._number(variant), 0, until)

    def _number(self, variant: str) -> int:
        return self.books.blueprint.names.index(variant)
