"""A scenario made ready to be played: names become numbers, profiles become tables."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from itertools import accumulate
from math import ceil, gcd
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from simab.draws import Draws, salt_of, stream_of
from simab.errors import InvalidInput
from simab.policies.immature import Immature
from simab.profiles.activity import client_thresholds
from simab.profiles.by_size import BySize
from simab.profiles.outcomes import RequestOutcome, score_bins, word_thresholds
from simab.profiles.quantile_table import QuantileTable
from simab.profiles.rate_curve import TICKS_PER_NS, RateCurve
from simab.profiles.wide_products import high_products
from simab.scenario.arrivals import Arrivals, Modulation
from simab.scenario.models import Scenario
from simab.scenario.parts import Segment
from simab.scenario.serving import Variant
from simab.stats.label_totals import SCORE_BINS
from simab.text.untrusted import visible
from simab.world.conditions import ConditionTables, outcomes_met
from simab.world.given_plans import SessionPlan, TracePlan, session_plan, trace_plan
from simab.world.label_plan import LabelCounting, LabelPlan
from simab.world.maturity import Maturity
from simab.world.propensities import ClientPropensities, PropensityPlan, propensity_plans
from simab.world.publication import Publication
from simab.world.size_plans import SizePlan, columns_of, require_no_sizes, size_plan

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
Thresholds: TypeAlias = NDArray[np.uint64]


@dataclass(frozen=True, slots=True, eq=False)
class VariantPlan:
    """One variant: capacity, latency table (ns), errors (words below the threshold).

    Its instances are those of the variant number `host`, mostly its own. Where latency goes
    `by_size`, the table is that of the factor.
    """

    name: str
    salt: int
    host: int
    workers: int
    queue_limit: int | None
    least_outstanding: bool
    latency: QuantileTable
    error_below: int
    by_size: SizePlan | None = None

    def service_ns(self, word: int, sizes: Sequence[int]) -> int:
        """How long a worker is busy with a request of this word and these sizes."""
        drawn = max(self.latency.draw(word), 1)
        return drawn if self.by_size is None else self.by_size.service_ns(drawn, sizes)


@dataclass(frozen=True, slots=True, eq=False)
class SegmentPlan:
    """One segment: its stream of draws, gap table (ticks), clients, and whom requests name.

    Client i asks where i of the `client_thresholds` are at or below a word; where there are none,
    all clients are equal.

    A request whose target word falls in part i of `target_thresholds` names `targets[i]`
    (NO_VARIANT: it goes by weight). With `paired`, request n names paired[n % len(paired)] and has
    the content number n // len(paired). A segment that is `called` has no arrivals of its own: its
    requests come when a session makes them. One whose word is below `carried_below` is answered as
    by the variant that its client met before; its client leaves after a bad answer where another
    word is below `leaves_below`.

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
    carried_below: int = 0
    leaves_below: int = 0
    curve: RateCurve | None = None
    modulation: Modulation | None = None
    trace: TracePlan | None = None
    sessions: SessionPlan | None = None

    @property
    def remembers(self) -> bool:
        """Whether its clients know whom they met before, or leave after a bad answer."""
        return self.carried_below > 0 or self.leaves_below > 0

    def client_of(self, word: int) -> int:
        """Who asks, by number within the segment."""
        if len(self.client_thresholds):
            return int(np.searchsorted(self.client_thresholds, np.uint64(word), side="right"))
        return word * self.clients >> 64

    def clients_of(self, words: NDArray[np.uint64]) -> NDArray[np.int64]:
        """The same of many words."""
        if len(self.client_thresholds):
            return np.searchsorted(self.client_thresholds, words, side="right").astype(np.int64)
        return high_products(words, np.uint64(self.clients)).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Blueprint:
    """Everything that does not change from one replication to the next."""

    scenario: Scenario
    variants: tuple[VariantPlan, ...]
    segments: tuple[SegmentPlan, ...]
    conditions: ConditionTables
    propensities: tuple[PropensityPlan, ...]
    publication: Publication
    label_delay: QuantileTable
    never_labelled_below: int
    horizon_ns: int
    period_ns: int
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
        if called:
            require_no_sizes(scenario)
        segments = [_segment(name, segment, scenario) for name, segment in scenario.traffic.items()]
        conditions = ConditionTables.of(scenario, called=called)
        return cls(
            scenario=scenario,
            variants=tuple(
                _variant(name, variant, scenario)
                for name, variant in scenario.endpoint.variants.items()
            ),
            segments=(*segments, *([_caller(segments[0].gaps, len(names))] if called else ())),
            conditions=conditions,
            propensities=propensity_plans(scenario, conditions),
            publication=Publication.of(scenario),
            label_delay=scenario.labels.delay.table(),
            never_labelled_below=share_threshold(scenario.labels.never),
            horizon_ns=scenario.horizon,
            period_ns=scenario.metrics.period,
            interval_ns=scenario.controller.interval,
            # Every tick and every window ends on a multiple of this.
            label_resolution_ns=gcd(scenario.controller.interval, scenario.metrics.period),
            watched=frozenset(map(names.index, watched)),
            labels=LabelPlan.of(scenario, conditions.samplers, None),
        )

    def counting(self, immature: Immature | None) -> Blueprint:
        """The same world, in which labels count as a rule treats the immature."""
        if immature == self.immature:
            return self
        if immature not in self._counting:
            labels = LabelPlan.of(self.scenario, self.conditions.samplers, immature)
            self._counting[immature] = replace(self, labels=labels, immature=immature)
        return self._counting[immature]

    @cached_property
    def _counting(self) -> dict[Immature | None, Blueprint]:
        return {}

    @cached_property
    def maturity(self) -> Maturity | None:
        """What a rule that weighs answers by their age goes by; None for any other."""
        if self.labels is None or self.labels.counting is not LabelCounting.WEIGHT:
            return None
        buckets = ceil(self.horizon_ns / self.label_resolution_ns)
        return Maturity(self.labels, self.label_resolution_ns, buckets)

    @cached_property
    def score_bins(self) -> NDArray[np.uint8]:
        """The bin of score histograms that counts each cell of scores, shape (SCORE_CELLS,)."""
        return score_bins(self.conditions.samplers, SCORE_BINS)

    @cached_property
    def clients_before(self) -> tuple[int, ...]:
        """Of each segment, how many clients the segments before it have; at the end, all."""
        return tuple(accumulate((each.clients for each in self.segments), initial=0))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the variants, in the order of their numbers."""
        return tuple(variant.name for variant in self.variants)

    def clients_of(self, draws: Draws) -> ClientPropensities:
        """What the clients of a replication are like."""
        shape = len(self.segments), len(self.variants), len(self.conditions.samplers)
        return ClientPropensities.of(self.propensities, draws, shape)

    def answers_met(self, place: tuple[int, int, int], started_ns: int, row: int) -> int:
        """The number of the answers of which a request has one, by the word of its row.

        The place is the segment, the variant and the instance that began with it at `started_ns`.
        """
        segment, variant, instance = place
        usual = self.conditions.outcomes_of[segment][variant]
        met = self.conditions.met(segment, variant, instance)
        return outcomes_met(met, started_ns, row, usual)

    def outcome(
        self, place: tuple[int, int, int], started_ns: int, words: tuple[int, int]
    ) -> RequestOutcome:
        """What an answer is, given by the words of its row and its score; all clients are alike."""
        row, score = words
        sampler = self.conditions.samplers[self.answers_met(place, started_ns, row)]
        return sampler.draw(row, score, self.variants[place[1]].salt)

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
    latency = variant.latency
    by_size = size_plan(latency, columns_of(scenario)) if isinstance(latency, BySize) else None
    return VariantPlan(
        name=name,
        salt=salt_of(name),
        host=list(scenario.endpoint.variants).index(variant.instances_of or name),
        workers=variant.workers,
        queue_limit=variant.queue_limit,
        least_outstanding=variant.instance_routing == "least_outstanding_requests",
        latency=latency.factors() if isinstance(latency, BySize) else latency.table(),
        error_below=share_threshold(variant.error_rate),
        by_size=by_size,
    )


def _segment(name: str, segment: Segment, scenario: Scenario) -> SegmentPlan:
    names, arrivals = list(scenario.endpoint.variants), segment.arrivals or Arrivals()
    rate, trace = segment.rate, trace_plan(segment.trace, names, columns_of(scenario))
    if segment.sessions is not None:
        rate /= segment.sessions.mean_requests
    named = [(names.index(target), Fraction(share)) for target, share in segment.targets.items()]
    rest = 1 - sum((share for _, share in named), Fraction(0))
    parts = [*named, (NO_VARIANT, rest)] if rest > 0 else named
    targets, thresholds = targets_by_number(names)
    if trace is None or trace.targets is None:
        targets = tuple(target for target, _ in parts)
        thresholds = word_thresholds([share for _, share in parts])
    return SegmentPlan(
        name=name,
        stream=stream_of(name),
        # A trace has no gaps to be drawn: any will do.
        gaps=arrivals.gaps.table(1e9 / (rate or 1.0) * TICKS_PER_NS),
        clients=segment.clients,
        client_thresholds=client_thresholds(segment.activity, segment.clients),
        targets=targets,
        target_thresholds=thresholds,
        paired=tuple(names.index(target) for target in segment.paired_targets),
        labelled=segment.labelled,
        carried_below=share_threshold(segment.carry_over),
        leaves_below=share_threshold(segment.opt_out),
        curve=arrivals.curve(scenario.start, scenario.horizon),
        modulation=arrivals.modulation,
        trace=trace,
        sessions=session_plan(segment.sessions),
    )


def targets_by_number(variants: Sequence[str] | range) -> tuple[tuple[int, ...], Thresholds]:
    """Targets of a segment whose request names variant n - 1 where its word is n, none at 0."""
    numbers = range(len(variants))
    return (NO_VARIANT, *numbers), np.arange(1, len(variants) + 1, dtype=np.uint64)


def _caller(gaps: QuantileTable, variants: int) -> SegmentPlan:
    """One client, whose request names its variant by number."""
    targets, thresholds = targets_by_number(range(variants))
    return SegmentPlan(
        name=CALLER,
        stream=stream_of(CALLER),
        gaps=gaps,  # any: it has no arrivals of its own
        clients=1,
        client_thresholds=np.zeros(0, dtype=np.uint64),
        targets=targets,
        target_thresholds=thresholds,
        paired=(),
        labelled=True,
        called=True,
    )


def share_threshold(share: float) -> int:
    """The word below which something of this probability happens; 2**64 for a share of 1."""
    return int(Fraction(share) * _WORD)
