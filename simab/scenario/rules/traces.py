"""Rules on traces, sessions and sizes: a segment arrives in one way, and its file can be played."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from simab.documents.violations import Path, Violation, violation_at_key
from simab.errors import InvalidInput
from simab.profiles.by_size import BySize
from simab.scenario.parts import Segment, UncheckedScenario
from simab.scenario.replay import replay, rows_of
from simab.scenario.serving import Variant
from simab.scenario.sized import largest_ns, sized_segments
from simab.scenario.suggestions import remedy_for_name
from simab.scenario.trace import MOST_GIVEN
from simab.text.lists import listed, named
from simab.units import LONGEST_DURATION_NS, seconds

__all__ = [
    "largest_requests_can_be_simulated",
    "segments_arrive_in_one_way",
    "segments_have_a_rate_or_a_trace",
    "sessions_can_be_held",
    "sizes_come_with_requests",
    "traces_can_be_replayed",
    "traces_name_variants",
]


_FEWEST_PER_S: Final = 1e-5


def segments_have_a_rate_or_a_trace(
    _: UncheckedScenario, segment: Segment, path: Path
) -> Iterator[Violation]:
    """How many requests come is said once."""
    if not segment.rate and segment.trace is None:
        remedy = "Add it, for example `rate: 2/s`."
        yield violation_at_key((*path, "rate"), "required", remedy)
    if segment.rate and segment.trace is not None:
        remedy = "Leave it out; `speed` and `keep` of the trace change how many requests come."
        yield Violation((*path, "rate"), "is said by the trace", remedy)


def segments_arrive_in_one_way(
    _: UncheckedScenario, segment: Segment, path: Path
) -> Iterator[Violation]:
    """A trace says when each request comes, and leaves nothing to a law."""
    if segment.trace is None:
        return
    for field in ("arrivals", "sessions"):
        if getattr(segment, field) is not None:
            remedy = "Keep one of the two; put the other into a segment of its own."
            yield violation_at_key((*path, field), "is given together with trace", remedy)
    if segment.trace.target is not None and (segment.targets or segment.paired_targets):
        field = "targets" if segment.targets else "paired_targets"
        remedy = "Keep that, or `target` of the trace."
        yield violation_at_key((*path, field), "is given together with trace.target", remedy)


def traces_can_be_replayed(
    scenario: UncheckedScenario, segment: Segment, path: Path
) -> Iterator[Violation]:
    """The file holds what is asked of it, and some of it lies within the run."""
    if segment.trace is None:
        return
    place = (*path, "trace", "file")
    try:
        found = replay(segment.trace, scenario.horizon)
    except InvalidInput as error:
        rule, _, remedy = str(error).rpartition("; ")
        yield Violation(place, rule, f"{remedy[:1].upper()}{remedy[1:]}.", shows_value=False)
        return
    if not len(found.arrived_ns):
        remedy = "Lower `offset`, lengthen horizon, or let it `loop`."
        yield Violation(place, "has no request in the time of a run", remedy)


def traces_name_variants(
    scenario: UncheckedScenario, segment: Segment, path: Path
) -> Iterator[Violation]:
    """A target in a trace is a variant that the scenario describes."""
    trace, variants = segment.trace, scenario.endpoint.variants
    if trace is None or trace.target is None:
        return
    try:
        rows = rows_of(trace)
    except InvalidInput:  # another rule says so
        return
    for name in rows.target_names:
        if name not in variants:
            rule = f"holds {named(name)} in {trace.file}, which is not a variant"
            yield Violation((*path, "trace", "target"), rule, remedy_for_name(name, variants))


def sizes_come_with_requests(
    scenario: UncheckedScenario, variant: Variant, path: Path
) -> Iterator[Violation]:
    """Latency by size needs a size of every request that may come to the variant."""
    if not isinstance(variant.latency, BySize):
        return
    for name, segment in sized_segments(scenario, str(path[-1])):
        given = segment.trace.sizes if segment.trace is not None else ()
        lacking = [each for each in variant.latency.per_unit if each not in given]
        if lacking:
            rule = f"needs {listed(lacking)} of every request, which {named(name)} does not give"
            remedy = (
                f"Name the columns in `traffic.{name}.trace.sizes`, or send {named(name)} to "
                "other variants by `targets`."
            )
            yield violation_at_key((*path, "latency", "per_unit"), rule, remedy)


def largest_requests_can_be_simulated(
    scenario: UncheckedScenario, variant: Variant, path: Path
) -> Iterator[Violation]:
    """The largest request of a trace takes no longer than the longest duration."""
    if not isinstance(variant.latency, BySize):
        return
    for name, segment in sized_segments(scenario, str(path[-1])):
        try:
            longest_ns = largest_ns(variant.latency, segment)
        except (InvalidInput, AssertionError, ValueError):  # another rule says so
            continue
        if longest_ns > LONGEST_DURATION_NS:
            days = seconds(1) * longest_ns / 86_400
            rule = f"lets the largest request of {named(name)} take {days:,.0f} days, at most 366"
            remedy = "Lower it, `cv` or `scale`, or check the column."
            yield violation_at_key((*path, "latency", "per_unit"), rule, remedy)


def sessions_can_be_held(
    scenario: UncheckedScenario, segment: Segment, path: Path
) -> Iterator[Violation]:
    """Sessions are drawn before a run begins, and their requests held by their times."""
    if segment.sessions is None or not segment.rate:
        return
    a_session = segment.sessions.mean_requests
    if segment.rate / a_session < _FEWEST_PER_S:
        rule = f"begin less than {_FEWEST_PER_S * 86_400:.2g} times a day, too seldom to be drawn"
        remedy = "Raise the rate, or lower the requests of a session."
        yield violation_at_key((*path, "sessions"), rule, remedy)
    expected = segment.rate * seconds(scenario.horizon)
    if segment.arrivals is not None and segment.arrivals.spikes:
        expected *= max(1.0, *(spike.times for spike in segment.arrivals.spikes))
    if expected > MOST_GIVEN:
        rule = f"are about {expected:,.0f} requests in a run, at most {MOST_GIVEN:,} are held"
        yield violation_at_key((*path, "sessions"), rule, "Lower the rate, or shorten horizon.")
    longest = np.float64(segment.sessions.gap.table().edges[-1])
    if longest > LONGEST_DURATION_NS:
        rule = "spreads so far that its rarest gaps are longer than 366 days"
        yield violation_at_key((*path, "sessions", "gap"), rule, "Lower its p99 or its cv.")
