"""A scenario made ready to be played: names become numbers, profiles become tables."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from itertools import accumulate
from math import gcd
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simab.draws import salt_of, stream_of
from simab.errors import InvalidInput
from simab.policies.immature import Immature
from simab.profiles.activity import client_thresholds
from simab.profiles.outcomes import OutcomeSampler, score_bins, word_thresholds
from simab.profiles.quantile_table import QuantileTable
from simab.profiles.rate_curve import TICKS_PER_NS, RateCurve
from simab.scenario.arrivals import Arrivals, Modulation
from simab.scenario.models import Scenario
from simab.scenario.parts import Segment
from simab.scenario.serving import Variant
from simab.stats.label_totals import SCORE_BINS
from simab.text.untrusted import visible
from simab.world.label_plan import LabelPlan

__all__ = [
    "CALLER",
    "NO_VARIANT",
    "Blueprint",
    "SegmentPlan",
    "VariantPlan",
    "share_threshold",
]

NO_VARIANT: Final = -1
CALLER: Final = ""
"""The name of the segment of requests that are made one by one from outside."""
_WORD: Final = 1 << 64


@dataclass(frozen=True, slots=True, eq=False)
class VariantPlan:
    """One variant: capacity, latency table (ns), outcomes, errors (words below the threshold)."""

    name: str
    salt: int
    workers: int
    queue_limit: int | None
    least_outstanding: bool
    latency: QuantileTable
    outcomes: OutcomeSampler
    error_below: int


@dataclass(frozen=True, slots=True, eq=False)
class SegmentPlan:
    """One segment: its stream of draws, gap table (ticks), clients, and whom requests name.

    Client i asks where i of the `client_thresholds` are at or below a word; where there are none,
    all clients are equal.

    A request whose target word falls in part i of `target_thresholds` names `targets[i]`
    (NO_VARIANT: it goes by weight). With `paired`, request n names paired[n % len(paired)] and has
    the content number n // len(paired). A segment that is `called` has no arrivals of its own: its
    requests come when a session makes them.

    Gaps are those of operational time: `curve` and `modulation` say how fast that goes.
    """

    name: str
    stream: int
    gaps: QuantileTable
    clients: int
    client_thresholds: NDArray[np.uint64]
    targets: tuple[int, ...]
    target_thresholds: NDArray[np.uint64]
    paired: tuple[int, ...]
    labelled: bool
    called: bool = False
    curve: RateCurve | None = None
    modulation: Modulation | None = None

    def client_of(self, word: int) -> int:
        """Who asks, by number within the segment."""
        if len(self.client_thresholds):
            return int(np.searchsorted(self.client_thresholds, np.uint64(word), side="right"))
        return word * self.clients >> 64


@dataclass(frozen=True, eq=False)
class Blueprint:
    """Everything that does not change from one replication to the next."""

    scenario: Scenario
    variants: tuple[VariantPlan, ...]
    segments: tuple[SegmentPlan, ...]
    label_delay: QuantileTable
    never_labelled_below: int
    horizon_ns: int
    period_ns: int
    publication_delay_ns: int
    interval_ns: int
    label_resolution_ns: int
    watched: frozenset[int]
    labels: LabelPlan | None
    """The course of the labels; None where `label_delay` and `never_labelled_below` are all."""
    immature: Immature | None = None

    @classmethod
    def of(
        cls, scenario: Scenario, watched: Collection[str] = (), *, called: bool = False
    ) -> Blueprint:
        """Tabulate a scenario; a run counts the clients that met one of the variants `watched`.

        If it is `called`, a last segment holds the requests that are made from outside.
        """
        names = list(scenario.endpoint.variants)
        segments = [_segment(name, segment, scenario) for name, segment in scenario.traffic.items()]
        variants = tuple(
            _variant(name, variant, scenario)
            for name, variant in scenario.endpoint.variants.items()
        )
        return cls(
            scenario=scenario,
            variants=variants,
            segments=(*segments, *([_caller(segments[0].gaps, len(names))] if called else ())),
            label_delay=scenario.labels.delay.table(),
            never_labelled_below=share_threshold(scenario.labels.never),
            horizon_ns=scenario.horizon,
            period_ns=scenario.metrics.period,
            publication_delay_ns=scenario.metrics.publication_delay,
            interval_ns=scenario.controller.interval,
            # Every tick and every window ends on a multiple of this.
            label_resolution_ns=gcd(scenario.controller.interval, scenario.metrics.period),
            watched=frozenset(map(names.index, watched)),
            labels=LabelPlan.of(scenario, tuple(each.outcomes for each in variants), None),
        )

    def counting(self, immature: Immature | None) -> Blueprint:
        """The same world, in which labels count as a rule treats the immature."""
        if immature == self.immature:
            return self
        if immature not in self._counting:
            outcomes = tuple(variant.outcomes for variant in self.variants)
            labels = LabelPlan.of(self.scenario, outcomes, immature)
            self._counting[immature] = replace(self, labels=labels, immature=immature)
        return self._counting[immature]

    @cached_property
    def _counting(self) -> dict[Immature | None, Blueprint]:
        return {}

    @cached_property
    def score_bins(self) -> NDArray[np.uint8]:
        """The bin of score histograms that counts each cell of scores, shape (SCORE_CELLS,)."""
        return score_bins([variant.outcomes for variant in self.variants], SCORE_BINS)

    @cached_property
    def clients_before(self) -> tuple[int, ...]:
        """Of each segment, how many clients the segments before it have; at the end, all."""
        return tuple(accumulate((each.clients for each in self.segments), initial=0))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the variants, in the order of their numbers."""
        return tuple(variant.name for variant in self.variants)

    def number_of(self, variant: str) -> int:
        """The number of a variant.

        Raises:
            InvalidInput: the scenario has no such variant.
        """
        if variant not in self.names:
            raise InvalidInput(
                f"variant = {visible(repr(variant))}: the scenario has no such variant; name one "
                f"of {', '.join(self.names)}"
            )
        return self.names.index(variant)


def _variant(name: str, variant: Variant, scenario: Scenario) -> VariantPlan:
    return VariantPlan(
        name=name,
        salt=salt_of(name),
        workers=variant.workers,
        queue_limit=variant.queue_limit,
        least_outstanding=variant.instance_routing == "least_outstanding_requests",
        latency=variant.latency.table(),
        outcomes=variant.quality.sampler(scenario.outcome_tables, scenario.labels.positive_share),
        error_below=share_threshold(variant.error_rate),
    )


def _segment(name: str, segment: Segment, scenario: Scenario) -> SegmentPlan:
    names, arrivals = list(scenario.endpoint.variants), segment.arrivals or Arrivals()
    named = [(names.index(target), Fraction(share)) for target, share in segment.targets.items()]
    rest = 1 - sum((share for _, share in named), Fraction(0))
    parts = [*named, (NO_VARIANT, rest)] if rest > 0 else named
    return SegmentPlan(
        name=name,
        stream=stream_of(name),
        gaps=arrivals.gaps.table(1e9 / segment.rate * TICKS_PER_NS),
        clients=segment.clients,
        client_thresholds=client_thresholds(segment.activity, segment.clients),
        targets=tuple(target for target, _ in parts),
        target_thresholds=word_thresholds([share for _, share in parts]),
        paired=tuple(names.index(target) for target in segment.paired_targets),
        labelled=segment.labelled,
        curve=arrivals.curve(scenario.start, scenario.horizon),
        modulation=arrivals.modulation,
    )


def _caller(gaps: QuantileTable, variants: int) -> SegmentPlan:
    """One client, whose request names variant n - 1 where its target word is n, and none at 0."""
    return SegmentPlan(
        name=CALLER,
        stream=stream_of(CALLER),
        gaps=gaps,  # any: it has no arrivals of its own
        clients=1,
        client_thresholds=np.zeros(0, dtype=np.uint64),
        targets=(NO_VARIANT, *range(variants)),
        target_thresholds=np.arange(1, variants + 1, dtype=np.uint64),
        paired=(),
        labelled=True,
        called=True,
    )


def share_threshold(share: float) -> int:
    """The word below which something of this probability happens; 2**64 for a share of 1."""
    return int(Fraction(share) * _WORD)
