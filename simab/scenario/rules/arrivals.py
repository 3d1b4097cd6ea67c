"""Rules on how requests of a segment arrive: their rate must be known, and can be played."""

from __future__ import annotations

from collections.abc import Iterator

from simab import units
from simab.documents.violations import Path, Violation
from simab.errors import InvalidInput
from simab.profiles.rate_curve import TICKS_PER_NS, require_countable
from simab.scenario.arrivals import MOST_POINTS, Arrivals
from simab.scenario.parts import Segment, UncheckedScenario
from simab.scenario.rates import curve_of, mean_rate_per_s
from simab.text.dates import after

__all__ = [
    "after_the_run",
    "hours_have_a_date",
    "repeated_shapes_can_be_kept",
    "some_requests_come",
    "spikes_lie_within_the_run",
    "starts_at_a_time_that_there_is",
    "states_can_be_drawn",
    "without_a_date",
]


def hours_have_a_date(
    scenario: UncheckedScenario, segment: Segment, path: Path
) -> Iterator[Violation]:
    """Which hour of the day it is depends on when a run starts."""
    if segment.arrivals is not None and segment.arrivals.by_date and scenario.start is None:
        yield without_a_date((*path, "arrivals", "shape", "kind"))


def without_a_date(path: Path) -> Violation:
    """That what goes by the hour of the day has no day."""
    rule = "goes by the hour of the day, and the scenario does not say when it starts"
    remedy = "Add `starts_at: 2026-03-01T09:00`, and `time_zone` where it is not UTC."
    return Violation(path, rule, remedy)


def starts_at_a_time_that_there_is(scenario: UncheckedScenario) -> Iterator[Violation]:
    """Clocks that go forward leave out an hour."""
    start = scenario.start
    if start is None:
        return
    there = after(start, 0)
    if there.replace(tzinfo=None) != start.replace(tzinfo=None):
        rule = f"does not come in {scenario.time_zone}, where the clock goes forward over it"
        remedy = f"Write {there.replace(tzinfo=None).isoformat(timespec='minutes')}, or another."
        yield Violation(("starts_at",), rule, remedy)


def spikes_lie_within_the_run(
    scenario: UncheckedScenario, segment: Segment, path: Path
) -> Iterator[Violation]:
    """What begins after the run has ended would be read as if it had been tried."""
    spikes = segment.arrivals.spikes if segment.arrivals is not None else ()
    for number, spike in enumerate(spikes):
        if spike.at >= scenario.horizon:
            place = (*path, "arrivals", "spikes", number, "at")
            yield after_the_run(scenario, place)


def after_the_run(scenario: UncheckedScenario, place: Path) -> Violation:
    """That something begins after the run."""
    rule = f"begins when the run of {units.format_duration(scenario.horizon)} is over"
    return Violation(place, rule, "Let it begin earlier, or raise horizon.")


def repeated_shapes_can_be_kept(
    scenario: UncheckedScenario, segment: Segment, path: Path
) -> Iterator[Violation]:
    """Every repetition of a shape is kept by itself."""
    points = segment.arrivals.points(scenario.horizon) if segment.arrivals else 0
    if points > MOST_POINTS:
        rule = f"gives the rate {points:,} points, at most {MOST_POINTS:,} are kept"
        remedy = "Let the shape last longer, or shorten horizon."
        yield Violation((*path, "arrivals", "shape", "repeats_every"), rule, remedy)


def states_can_be_drawn(
    scenario: UncheckedScenario, segment: Segment, path: Path
) -> Iterator[Violation]:
    """Each change of state is drawn before a run begins."""
    modulation = segment.arrivals and segment.arrivals.modulation
    if modulation:
        mean_ns = sum(state.lasts for state in modulation.states) / len(modulation.states)
        if scenario.horizon / mean_ns > MOST_POINTS:
            rule = (
                f"changes about {scenario.horizon / mean_ns:,.0f} times in a run, at most "
                f"{MOST_POINTS:,} times are played"
            )
            remedy = "Let the states last longer, or shorten horizon."
            yield Violation((*path, "arrivals", "modulation", "states"), rule, remedy)


def some_requests_come(
    scenario: UncheckedScenario, segment: Segment, path: Path
) -> Iterator[Violation]:
    """A segment that never sends anything is left out, and operational time can be counted."""
    if segment.arrivals is None or not segment.rate:
        return
    modulation = segment.arrivals.modulation
    highest = max(state.times for state in modulation.states) if modulation else 1.0
    try:
        rate = mean_rate_per_s(scenario, segment)
        curve = curve_of(scenario, segment)
        total_ns = highest * (scenario.horizon if curve is None else curve.total)
        gaps = segment.arrivals.gaps.table(1e9 / segment.rate * TICKS_PER_NS)
        require_countable(total_ns, int(gaps.edges[-1]))
    except InvalidInput as error:
        yield Violation(
            (*path, "arrivals", *_with_multiples(segment.arrivals)),
            str(error),
            "Lower multiples or horizon, or raise the rate.",
        )
        return
    if rate == 0.0:
        horizon = units.format_duration(scenario.horizon)
        rule = f"leave no request in the {horizon} of a run"
        yield Violation((*path, "arrivals"), rule, "Raise a multiple above 0 in that time.")


def _with_multiples(arrivals: Arrivals) -> Path:
    """The field that alone has multiples of the rate; none where several have."""
    fields = [name for name in ("shape", "spikes", "modulation") if getattr(arrivals, name)]
    return (fields[0],) if len(fields) == 1 else ()
