"""The series of one endpoint in each family, out of its counters and its weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from simab.aws.live_endpoint import LiveEndpoint
from simab.aws.scraped.counters import COLUMNS, SUM, bound_column
from simab.aws.scraped.naming import BOUND, CODES, NAMINGS, Histogram, Naming, bound_text
from simab.prometheus.series import Series
from simab.world.control import SplitEntry

__all__ = ["FAMILIES", "Scrapes"]

Column: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Scrapes:
    """What was scraped of an endpoint.

    `rows` has for variants of the world the counters, shape (scrapes, columns of `counters`); those
    that are not there have counted nothing. `times_ms` are since
    1970, `world_ns` since the endpoint began. At `gone_ms` a deleted one was not there any more.
    `control` is a variant of the world.
    """

    endpoint: LiveEndpoint
    rows: Mapping[int, NDArray[np.float64]]
    times_ms: NDArray[np.int64]
    world_ns: NDArray[np.int64]
    gone_ms: tuple[int, ...]
    namespace: str
    control: str

    def columns(self, variant: str) -> NDArray[np.float64]:
        """The counters of a variant of the platform, shape (scrapes, columns)."""
        names = self.endpoint.serving.blueprint.names
        numbers = [names.index(each) for each in self.endpoint.played(variant)]
        counted = [self.rows[number] for number in numbers if number in self.rows]
        if len(counted) == 1:
            return counted[0]
        found = np.zeros((len(self.times_ms), COLUMNS))
        for each in counted:
            found += each
        return found

    def counter(
        self, labels: Mapping[str, str], values: Column, first: int, factor: float = 1.0
    ) -> Series:
        """A series that is seen from a scrape on."""
        return Series(labels, self.times_ms[first:], values[first:], factor, self.gone_ms)

    def places(self, naming: Naming) -> Iterator[tuple[Mapping[str, str], NDArray[np.float64]]]:
        """The label sets of each variant, with its counters."""
        for variant in self.endpoint.names:
            columns = self.columns(variant)
            is_control = self.control in self.endpoint.played(variant)
            for place in naming.places(
                self.endpoint.name, variant, self.namespace, is_control=is_control
            ):
                yield place, columns


def _first(counter: Column) -> int:
    """The first scrape by which something was counted."""
    return int(np.searchsorted(counter, 0, side="right"))


def _served(columns: NDArray[np.float64]) -> Column:
    answered_or_failed: Column = columns[:, 0] + columns[:, 1]
    return answered_or_failed


def _requests(naming: Naming, scrapes: Scrapes) -> Iterator[Series]:
    for place, columns in scrapes.places(naming):
        for number, code in enumerate(CODES):
            counter = columns[:, number]
            if (first := _first(counter)) < len(counter):
                yield scrapes.counter({**place, **naming.coded(code)}, counter, first)


def _buckets(naming: Naming, histogram: Histogram, scrapes: Scrapes) -> Iterator[Series]:
    for place, columns in scrapes.places(naming):
        served = _served(columns)
        first = _first(served)
        if first == len(served):
            continue
        for bound, bound_ns in zip(histogram.bounds, histogram.bounds_ns, strict=True):
            counter = columns[:, bound_column(bound_ns)]
            yield scrapes.counter({**place, BOUND: bound_text(bound)}, counter, first)
        yield scrapes.counter({**place, BOUND: "+Inf"}, served, first)


def _sums(naming: Naming, histogram: Histogram, scrapes: Scrapes) -> Iterator[Series]:
    for place, columns in scrapes.places(naming):
        if (first := _first(_served(columns))) < len(columns):
            yield scrapes.counter(place, columns[:, SUM], first, 1 / histogram.unit_ns)


def _counts(naming: Naming, histogram: Histogram, scrapes: Scrapes) -> Iterator[Series]:
    del histogram
    for place, columns in scrapes.places(naming):
        served = _served(columns)
        if (first := _first(served)) < len(served):
            yield scrapes.counter(place, served, first)


def _gauges(
    shown: Callable[[SplitEntry], Mapping[str, float]], scrapes: Scrapes
) -> Iterator[Series]:
    """What is in force at each scrape, of each variant while it is on the endpoint."""
    endpoint = scrapes.endpoint
    splits = endpoint.serving.splits
    in_force = np.searchsorted([each.at_ns for each in splits], scrapes.world_ns, side="right") - 1
    for variant in endpoint.names:
        worlds = endpoint.played(variant)
        there = np.array([any(each in split.weights for each in worlds) for split in splits])
        values = np.array(
            [float(sum(shown(split).get(each, 0) for each in worlds)) for split in splits]
        )
        seen = there[in_force]
        left = np.flatnonzero(seen[:-1] & ~seen[1:]) + 1
        gone_ms = (*scrapes.times_ms[left].tolist(), *scrapes.gone_ms)
        labels = {"endpoint": endpoint.name, "variant": variant}
        if seen.any():
            yield Series(labels, scrapes.times_ms[seen], values[in_force][seen], 1.0, gone_ms)


def _labels_of(naming: Naming, *more: str) -> tuple[str, ...]:
    return (*naming.templates[0], *more)


Family: TypeAlias = tuple[tuple[str, ...], Callable[[Scrapes], Iterator[Series]]]


def _families() -> Iterator[tuple[str, Family]]:
    own = ("endpoint", "variant")
    yield "simab_variant_weight", (own, partial(_gauges, _weights))
    yield "simab_variant_instances", (own, partial(_gauges, _instances))
    for naming in NAMINGS:
        coded = _labels_of(naming, *naming.coded("200"))
        yield naming.requests, (coded, partial(_requests, naming))
        for histogram in naming.histograms:
            if histogram.bounds:
                labels = _labels_of(naming, BOUND)
                yield f"{histogram.name}_bucket", (labels, partial(_buckets, naming, histogram))
            plain = _labels_of(naming)
            yield f"{histogram.name}_sum", (plain, partial(_sums, naming, histogram))
            yield f"{histogram.name}_count", (plain, partial(_counts, naming, histogram))


def _weights(split: SplitEntry) -> Mapping[str, float]:
    return split.weights


def _instances(split: SplitEntry) -> Mapping[str, float]:
    return split.instances


FAMILIES: Final = dict(_families())
"""Of each name its labels, and what makes the series of an endpoint."""
