"""A rule on distributions of durations: even their rarest values must fit into the clock."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from simab.documents.violations import Path, Violation, violation_at_key
from simab.profiles import BySize, DurationProfile
from simab.profiles.quantile_table import RAREST
from simab.scenario.parts import UncheckedScenario
from simab.scenario.serving import Variant

__all__ = ["rarest_label_delays_can_be_simulated", "rarest_latencies_can_be_simulated"]

_LARGEST_NS: Final = 2**62


def rarest_latencies_can_be_simulated(
    _: UncheckedScenario, variant: Variant, path: Path
) -> Iterator[Violation]:
    """A p99 far above the median makes one request in a million million last for centuries."""
    if not isinstance(variant.latency, BySize):  # a trace says how long it takes
        yield from _too_long(variant.latency, (*path, "latency"))


def rarest_label_delays_can_be_simulated(scenario: UncheckedScenario) -> Iterator[Violation]:
    """A label arrives within that time as well."""
    for path, delay in scenario.labels.delays():
        yield from _too_long(delay, ("labels", *path))


def _too_long(profile: DurationProfile, path: Path) -> Iterator[Violation]:
    with np.errstate(over="ignore"):
        rarest_ns = profile.quantile_of_survival_ns(RAREST)
    if rarest_ns[0] > _LARGEST_NS:
        rule = "spreads so far that its rarest values are longer than 146 years"
        remedy = "Lower the p99 (or the cv), or raise the median."
        yield violation_at_key(path, rule, remedy)
