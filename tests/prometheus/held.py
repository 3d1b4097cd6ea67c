"""Series that a test writes down, as a source of queries. No tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from simab.prometheus.effort import Effort
from simab.prometheus.evaluation import value_at
from simab.prometheus.parsing import parsed
from simab.prometheus.queries import Answer, answer_query
from simab.prometheus.series import Family, Series

__all__ = ["Held", "counting"]


@dataclass
class Held:
    """Series by the name of their family; the present is `now_ms`."""

    series: dict[str, list[Series]] = field(default_factory=dict)
    now_ms: int = 3_600_000

    @property
    def names(self) -> Sequence[str]:
        return list(self.series)

    def family(self, name: str, look_at_time: Callable[[], None]) -> Family:
        look_at_time()
        found = self.series[name]
        return Family(tuple({label: 0 for each in found for label in each.labels}), found)

    def value(self, query: str, at_s: float = 60) -> Any:
        """What a query gives: a number, or values by their labels."""
        expression = parsed(query)
        found = value_at(expression, self, round(at_s * 1_000), Effort(float("inf")))
        if isinstance(found, float):
            return found
        return {
            ",".join(f"{name}={value}" for name, value in sorted(labels.items())): value
            for labels, value in found
        }

    def ask(self, query: str, **parameters: str) -> Answer:
        return answer_query(self, "/query", {"query": query, **parameters})


def counting(every_s: float, values: Sequence[float], first_s: float = 0, **labels: str) -> Series:
    """Samples at equal distances."""
    times_ms = (np.arange(len(values)) * every_s + first_s) * 1_000
    return Series(labels, times_ms.astype(np.int64), np.array(values, dtype=float))
