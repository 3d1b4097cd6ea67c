"""What happens during a run: faults, drift and outages, and what others do to the endpoint."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Annotated, Final, Literal

from pydantic import Field, field_validator, model_validator

from simab.description import Description, Duration, Name, PositiveDuration, Share
from simab.errors import InvalidInput
from simab.profiles import QualityProfile
from simab.profiles.curve_pieces import of_pieces
from simab.profiles.strength import Strength
from simab.scenario.arrivals import PointsShape, Shape, goes_by_date, repeated_points
from simab.text.dates import zone_of

__all__ = ["MOST_CHANGES", "Conditions", "MetricsOutage", "TimelineEntry", "WeightChange"]

MOST_CHANGES: Final = 200
_UNCHANGED: Final = 1.0
_BY_ITSELF: Final = ("at", "ramp", "lasts", "fade", "repeats_every")


class Conditions(Description):
    """From some time on variants answer more slowly, fail more often, or answer otherwise.

    The strength of it is 0 before `at`, rises to 1 within `ramp`, stays there for `lasts`, or to
    the end, and falls back to 0 within `fade`. At half its strength a latency is multiplied by half
    as much more, a request fails with half the probability, and half of the answers are of the
    other quality. A request meets what holds when a worker begins with it; of two that both give
    another quality the later in the list goes first.
    """

    kind: Literal["conditions"] = "conditions"
    name: str = ""
    """A few words that name it in reports."""
    at: Duration = 0
    """When it begins."""
    ramp: Duration = 0
    """How long it takes to its full strength."""
    lasts: PositiveDuration | None = None
    """How long it stays at full strength; to the end of the run if absent."""
    fade: Duration = 0
    """How long it takes to go away after that, at an even pace. For what is true in the end only
    what is left of it at the horizon counts."""
    repeats_every: PositiveDuration | None = None
    """After how long it happens again."""
    strength: Shape | None = None
    """Its strength from 0 to 1 by the time of the run, the hour of the day or of the week, in place
    of the five above."""
    variants: Annotated[tuple[Name, ...], Field(max_length=100)] = ()
    """Which variants it hits; all if absent."""
    segments: Annotated[tuple[Name, ...], Field(max_length=100)] = ()
    """Of which segments it hits the requests; of all if absent."""
    instance: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    """Which instance of the variants it hits, by number from 0; all if absent."""
    latency_times: Annotated[float, Field(gt=0, le=1e4)] = _UNCHANGED
    """What the time that a worker is busy with a request is multiplied by."""
    error_rate: Share = 0.0
    """Share of the requests that end with a 500, of those that would not without it."""
    quality: QualityProfile | None = None
    """What answers are like in place of the variant's quality; of the same kind."""

    def __hash__(self) -> int:
        return hash((self.name, self.at, self.ramp, self.lasts, self.fade, self.repeats_every))

    @field_validator("strength")
    @classmethod
    def _is_a_share(cls, shape: Shape | None) -> Shape | None:
        values = (
            shape.points.values() if isinstance(shape, PointsShape) else getattr(shape, "hours", ())
        )
        if any(value > 1 for value in values):
            raise InvalidInput("a strength lies between 0 and 1; divide all by the largest")
        return shape

    @model_validator(mode="after")
    def _is_described_once(self) -> Conditions:
        if (self.latency_times, self.error_rate, self.quality) == (_UNCHANGED, 0.0, None):
            raise InvalidInput("changes nothing; give it latency_times, error_rate or quality")
        fields = Conditions.model_fields
        given = [name for name in _BY_ITSELF if getattr(self, name) != fields[name].default]
        if self.strength is not None and given:
            raise InvalidInput(f"a strength leaves no room for {given[0]}; give one of the two")
        if self.repeats_every is None:
            if self.fade and self.lasts is None:
                raise InvalidInput("what fades does not last to the end; add `lasts`")
        elif self.lasts is None or self.ramp + self.lasts + self.fade > self.repeats_every:
            raise InvalidInput(
                "has to be over before it repeats: ramp, lasts and fade are at most repeats_every; "
                "add `lasts`, or let it repeat later"
            )
        return self

    def hits(self, segment: str, variant: str) -> bool:
        """Whether requests of a segment meet it at a variant."""
        return (not self.segments or segment in self.segments) and self.hits_variant(variant)

    def hits_variant(self, variant: str) -> bool:
        """Whether any request meets it at a variant."""
        return not self.variants or variant in self.variants

    @property
    def by_date(self) -> bool:
        """Whether its strength depends on the hour of the day."""
        return goes_by_date(self.strength)

    @property
    def repeats(self) -> bool:
        """Whether it comes again and again, by itself or by the clock."""
        shape = self.strength
        if isinstance(shape, PointsShape):
            return shape.repeats_every is not None
        return shape is not None or self.repeats_every is not None

    def knots(self, horizon_ns: int) -> int:
        """How many points its strength has in a run."""
        if self.repeats_every is None:
            return repeated_points(self.strength, horizon_ns)
        return 5 * (horizon_ns // self.repeats_every + 1)

    def strength_over(self, start: datetime | None, horizon_ns: int) -> Strength:
        """Its strength from 0 to the horizon; `start` is the date at which the run starts."""
        return _strength(self, start, zone_of(start), horizon_ns)

    def _pieces(self, at_ns: int, horizon_ns: int) -> list[tuple[int, int, float, float]]:
        full_ns = at_ns + self.ramp
        fading_ns = max(horizon_ns, full_ns) if self.lasts is None else full_ns + self.lasts
        return [
            (at_ns, full_ns, 0.0, 1.0),
            (full_ns, fading_ns, 1.0, 1.0),
            (fading_ns, fading_ns + self.fade, 1.0, 0.0),
        ]


class WeightChange(Description):
    """Somebody else sets the weights, past the policy.

    It is refused, as any change is, while the endpoint is updating.
    """

    kind: Literal["weights"] = "weights"
    name: str = ""
    """A few words that name it in reports."""
    at: PositiveDuration
    """When they ask for it."""
    weights: dict[Name, Annotated[float, Field(ge=0, le=1e9)]]
    """The weights that change; those of variants that are not named stay as they are."""


class MetricsOutage(Description):
    """For a while no metrics are published: they come when it is over, or never."""

    kind: Literal["metrics_outage"] = "metrics_outage"
    name: str = ""
    """A few words that name it in reports."""
    at: Duration = 0
    """When it begins."""
    lasts: PositiveDuration
    """How long no window is published."""
    windows: Literal["late", "lost"] = "late"
    """Whether windows that would have been published meanwhile are when it is over, or are
    lost: they count as windows without a request."""


TimelineEntry = Annotated[Conditions | WeightChange | MetricsOutage, Field(discriminator="kind")]
"""Anything that a timeline may list; `kind` says which in a file."""


@lru_cache(maxsize=256)
def _strength(
    conditions: Conditions, start: datetime | None, _zone: str, horizon_ns: int
) -> Strength:
    if conditions.strength is not None:
        return Strength(conditions.strength.curve(start, horizon_ns))
    cycle_ns = conditions.repeats_every or horizon_ns
    pieces, last_ns = [], 0
    for at_ns in range(conditions.at, max(horizon_ns, conditions.at + 1), cycle_ns):
        own = conditions._pieces(at_ns, horizon_ns)
        pieces += [(last_ns, at_ns, 0.0, 0.0), *own]
        last_ns = own[-1][1]
    pieces.append((last_ns, max(horizon_ns, last_ns) + 1, 0.0, 0.0))
    return Strength(of_pieces(pieces, horizon_ns))
