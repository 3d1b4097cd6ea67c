"""Latency by size made ready to be played: what each unit of the scenario's columns takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from simab.errors import InvalidInput
from simab.profiles.by_size import FACTOR_ONE, BySize
from simab.scenario.models import Scenario

__all__ = ["SizePlan", "columns_of", "require_no_sizes", "size_plan"]


@dataclass(frozen=True, slots=True)
class SizePlan:
    """What a request takes before its factor, in ns: `base_ns` and `per_unit_ns` of each column."""

    base_ns: int
    per_unit_ns: tuple[int, ...]

    def service_ns(self, factor: int, sizes: Sequence[int]) -> int:
        """How long a worker is busy, where the factor is `factor` / FACTOR_ONE."""
        work = self.base_ns
        for size, per_unit_ns in zip(sizes, self.per_unit_ns, strict=True):
            work += size * per_unit_ns
        if factor != FACTOR_ONE:
            work = int(float(work) * (float(factor) / FACTOR_ONE))
        return max(work, 1)


def columns_of(scenario: Scenario) -> tuple[str, ...]:
    """The columns of sizes that some variant's latency goes by, each once."""
    latencies = [variant.latency for variant in scenario.endpoint.variants.values()]
    found = [name for each in latencies if isinstance(each, BySize) for name in each.per_unit]
    return tuple(dict.fromkeys(found))


def size_plan(latency: BySize, columns: Sequence[str]) -> SizePlan:
    """What a unit of each of the scenario's columns takes."""
    return SizePlan(latency.base, tuple(latency.per_unit.get(name, 0) for name in columns))


def require_no_sizes(scenario: Scenario) -> None:
    """Refuse a scenario for requests from outside where latency goes by size: they say none.

    Raises:
        InvalidInput: with the variant.
    """
    for name, variant in scenario.endpoint.variants.items():
        if isinstance(variant.latency, BySize):
            raise InvalidInput(
                f"endpoint.variants.{name}.latency goes by_size, and requests from outside say no "
                "size; give it another kind, such as lognormal"
            )
