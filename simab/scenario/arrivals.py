"""How requests of a segment arrive: their gaps, and how the rate goes over a day, a week, a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from functools import reduce
from typing import Annotated, Final, Literal

from pydantic import Field, field_validator, model_validator

from simab.description import Description, Duration, PositiveDuration
from simab.errors import InvalidInput
from simab.profiles.curve_pieces import Between, of_pieces, through
from simab.profiles.gaps import Gaps, Poisson
from simab.profiles.rate_curve import Knot, RateCurve, product
from simab.text.clock_hours import hours_by_the_clock
from simab.units import parse_duration

__all__ = [
    "MOST_POINTS",
    "Arrivals",
    "DailyShape",
    "Modulation",
    "PointsShape",
    "Shape",
    "Spike",
    "State",
    "WeeklyShape",
    "goes_by_date",
    "repeated_points",
]

_HOURS: Final = 24
_DAYS: Final = 7
MOST_POINTS: Final = 100_000
"""Of a rate in a run, and changes of a rate by chance: they are kept one by one."""
Factor = Annotated[float, Field(ge=0, le=1e4)]


class PointsShape(Description):
    """The rate at instants of the run, as multiples of the segment's rate."""

    kind: Literal["points"] = "points"
    points: Annotated[dict[str, Factor], Field(min_length=1)]
    """Multiples by time from the start: `{0s: 1, 8h: 3, 20h: 1}`. Before the first and after the
    last it stays as it is there."""
    between: Between = "linear"
    """How it goes from one to the next: in a straight line, or it stays until the next."""
    repeats_every: PositiveDuration | None = None
    """After how long the points begin anew, the first following upon the last."""

    def __hash__(self) -> int:
        return hash((self.between, self.repeats_every, *sorted(self.points.items())))

    @field_validator("points")
    @classmethod
    def _are_times(cls, points: dict[str, float]) -> dict[str, float]:
        times = [parse_duration(text) for text in points]
        if len(set(times)) < len(times):
            raise InvalidInput("two points lie at the same time; keep one of them")
        return points

    @model_validator(mode="after")
    def _end_before_they_repeat(self) -> PointsShape:
        last_ns = max(map(parse_duration, self.points))
        if self.repeats_every is not None and last_ns >= self.repeats_every:
            raise InvalidInput("a point lies after the shape repeats; let it repeat later")
        return self

    def curve(self, start: datetime | None, horizon_ns: int) -> tuple[Knot, ...]:
        """The multiple from 0 to the horizon."""
        points = sorted((parse_duration(text), each) for text, each in self.points.items())
        cycle_ns = self.repeats_every
        if cycle_ns is not None:
            cycles = range(-1, horizon_ns // cycle_ns + 2)
            points = [(cycle * cycle_ns + at, each) for cycle in cycles for at, each in points]
        return through(points, self.between, horizon_ns)


class DailyShape(Description):
    """The rate by the hour of the day where the clients live, as multiples of the segment's rate.

    It needs `starts_at`. A day of daylight changes has 23 or 25 hours.
    """

    kind: Literal["daily"] = "daily"
    hours: Annotated[tuple[Factor, ...], Field(min_length=_HOURS, max_length=_HOURS)]
    """Multiples from 0 h to 23 h."""
    between: Between = "linear"
    """Straight from the middle of an hour to that of the next, or the same all hour."""

    def curve(self, start: datetime | None, horizon_ns: int) -> tuple[Knot, ...]:
        """The multiple from 0 to the horizon."""
        return _by_hours(lambda _: self.hours, self.between, start, horizon_ns)


class WeeklyShape(Description):
    """The rate by the hour of the week, from Monday 0 h on, as multiples of the segment's rate.

    It needs `starts_at`.
    """

    kind: Literal["weekly"] = "weekly"
    hours: Annotated[
        tuple[Factor, ...], Field(min_length=_HOURS * _DAYS, max_length=_HOURS * _DAYS)
    ]
    """Multiples for the 168 hours."""
    between: Between = "linear"
    """Straight from the middle of an hour to that of the next, or the same all hour."""

    def curve(self, start: datetime | None, horizon_ns: int) -> tuple[Knot, ...]:
        """The multiple from 0 to the horizon."""
        return _by_hours(
            lambda day: self.hours[day.weekday() * _HOURS :][:_HOURS],
            self.between,
            start,
            horizon_ns,
        )


Shape = Annotated[PointsShape | DailyShape | WeeklyShape, Field(discriminator="kind")]
"""Any of the shapes; `kind` says which in a file."""


def goes_by_date(shape: Shape | None) -> bool:
    """Whether a shape depends on the hour of the day."""
    return isinstance(shape, DailyShape | WeeklyShape)


def repeated_points(shape: Shape | None, horizon_ns: int) -> int:
    """How many points a shape that is repeated has in a run; 0 for all others."""
    if not isinstance(shape, PointsShape) or shape.repeats_every is None:
        return 0
    return horizon_ns // shape.repeats_every * len(shape.points)


class Spike(Description):
    """For a while the rate is a multiple of what it would be."""

    at: Duration
    """When it begins."""
    lasts: PositiveDuration
    """How long the rate stays at the multiple."""
    times: Factor
    """The multiple: 0 is a stop."""
    ramp: Duration = 0
    """How long the rate takes to get there from `at` on, and to come back afterwards."""

    def curve(self, horizon_ns: int) -> tuple[Knot, ...]:
        """The multiple from 0 to the horizon."""
        there, back = self.at + self.ramp, self.at + self.ramp + self.lasts
        pieces = [
            (0, self.at, 1.0, 1.0),
            (self.at, there, 1.0, self.times),
            (there, back, self.times, self.times),
            (back, back + self.ramp, self.times, 1.0),
            (back + self.ramp, max(horizon_ns, back + self.ramp + 1), 1.0, 1.0),
        ]
        return of_pieces(pieces, horizon_ns)


class State(Description):
    """One of the states between which a rate changes at random."""

    times: Factor
    """The rate in it, as a multiple."""
    lasts: PositiveDuration
    """How long it lasts on average; exponential."""


class Modulation(Description):
    """A rate that changes at random, by other times in every replication (Markov-modulated).

    After a state any of the others follows with the same probability. A run starts in a state with
    the probability that it has in the long run.
    """

    states: Annotated[tuple[State, ...], Field(min_length=2, max_length=20)]
    """The states."""

    @property
    def mean(self) -> float:
        """The multiple in the long run."""
        lasting = [state.lasts for state in self.states]
        return sum(
            state.times * lasts / sum(lasting)
            for state, lasts in zip(self.states, lasting, strict=True)
        )


class Arrivals(Description):
    """In which way requests come one after the other, and how the rate changes.

    Shape, spikes and modulation multiply each other and the segment's rate. Where the rate changes,
    gaps are longer and shorter in proportion: they are of the given law in operational time.
    """

    gaps: Gaps = Poisson()
    """From one request to the next, at a rate that stays as it is."""
    shape: Shape | None = None
    """How the rate goes over the day, the week or the run."""
    spikes: Annotated[tuple[Spike, ...], Field(max_length=200)] = ()
    """When it is higher or lower for a while."""
    modulation: Modulation | None = None
    """How it changes at random."""

    @property
    def by_date(self) -> bool:
        """Whether the rate depends on the hour of the day."""
        return goes_by_date(self.shape)

    def points(self, horizon_ns: int) -> int:
        """How many points a shape that is repeated has in a run; 0 for all others."""
        return repeated_points(self.shape, horizon_ns)

    def curve(self, start: datetime | None, horizon_ns: int) -> RateCurve | None:
        """What the rate is multiplied by at each time, but for the modulation; None where by 1.

        `start` is the date at which the run starts, where the clients live.
        """
        curves = [spike.curve(horizon_ns) for spike in self.spikes]
        if self.shape is not None:
            curves.append(self.shape.curve(start, horizon_ns))
        return RateCurve(reduce(product, curves)) if curves else None


def _by_hours(
    factors_of: Callable[[date], Sequence[float]],
    between: Between,
    start: datetime | None,
    horizon_ns: int,
) -> tuple[Knot, ...]:
    """The multiple from 0 to the horizon, by the hours of each day where the clients live."""
    if start is None:
        raise InvalidInput("hours of the day have no meaning without a date; add starts_at")
    hours = [
        (since if between == "constant" else (since + until) // 2, factors_of(day)[hour])
        for since, until, day, hour in hours_by_the_clock(start, horizon_ns)
    ]
    return through(hours, between, horizon_ns)
