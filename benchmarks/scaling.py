"""Cost a request as one dimension of the endpoint grows and all others stay.

A level is played from a ready blueprint, as a study does, and as often as it takes to make up the
same number of requests; levels take turns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from statistics import median

from benchmarks.figures import Effort, Figure, at_most
from benchmarks.measuring import in_turn
from benchmarks.playing import play_blueprint
from benchmarks.scenarios import Shape
from simab.world import Blueprint

__all__ = ["SWEEPS"]

REQUESTS = 1_000_000
LARGEST = 100_000_000
REPEATS = 3
EVEN = 1.25
"""What counts as flat: the dearest level costs at most a quarter more than the cheapest."""

Play = Callable[[], int]


def by_requests(effort: Effort) -> Iterator[Figure]:
    """At 400 requests a second, from 100,000 to 100 million: a longer run has more windows."""
    counts = [10**power for power in range(5, 9) if 10**power <= LARGEST]
    plays = {f"{count:,}": _playing(Shape(effort.count(count)), effort) for count in counts}
    yield from _costs("requests", plays, effort, even=True)


def by_rate(effort: Effort) -> Iterator[Figure]:
    """A million requests at 10 to 100,000 a second: without ticks, whose number differs."""
    plays = {
        f"{rate:,}/s": _playing(Shape(effort.count(REQUESTS), rate_per_s=rate), effort, ticks=False)
        for rate in (10, 100, 1_000, 10_000, 100_000)
    }
    yield from _costs("rate", plays, effort, even=True)


def by_variants(effort: Effort) -> Iterator[Figure]:
    """From two variants to ten, the most that an endpoint has."""
    yield from _sweep("variants", (2, 3, 5, 10), effort)


def by_instances(effort: Effort) -> Iterator[Figure]:
    """From one instance a variant to a hundred."""
    yield from _sweep("instances", (1, 2, 10, 30, 100), effort)


def by_workers(effort: Effort) -> Iterator[Figure]:
    """From one worker an instance to 64."""
    yield from _sweep("workers", (1, 4, 16, 64), effort)


def by_windows(effort: Effort) -> Iterator[Figure]:
    """A million requests in 60 to 100,000 windows."""
    yield from _sweep("windows", (60, 1_000, 10_000, 100_000), effort)


def by_segments(effort: Effort) -> Iterator[Figure]:
    """From one population of clients to twenty, at the same total rate."""
    yield from _sweep("segments", (1, 2, 5, 20), effort)


def by_routing(effort: Effort) -> Iterator[Figure]:
    """Every way to choose the variant, and to choose the instance."""
    requests = effort.count(REQUESTS)
    shapes = {
        kind: Shape(requests, variant_routing=kind)
        for kind in ("weighted_random", "sticky_hash", "smooth_weighted_round_robin")
    }
    least = "least_outstanding_requests"
    shapes[least] = Shape(requests, instance_routing=least)
    shapes[f"{least}, 30 instances"] = Shape(requests, instance_routing=least, instances=30)
    shapes["queue limit 10"] = Shape(requests, queue_limit=10)
    yield from _costs(
        "routing", {name: _playing(shape, effort) for name, shape in shapes.items()}, effort
    )


def by_recording(effort: Effort) -> Iterator[Figure]:
    """Without and with a record of every request."""
    shape = Shape(effort.count(REQUESTS))
    plays = {
        name: _playing(shape, effort, record_requests=record)
        for name, record in (("off", False), ("on", True))
    }
    yield from _costs("recording", plays, effort)


SWEEPS = (
    by_requests,
    by_rate,
    by_variants,
    by_instances,
    by_workers,
    by_windows,
    by_segments,
    by_routing,
    by_recording,
)


def _sweep(dimension: str, levels: tuple[int, ...], effort: Effort) -> Iterator[Figure]:
    requests = effort.count(REQUESTS)
    plays = {
        f"{level:,}": _playing(Shape(requests, **{dimension: level}), effort) for level in levels
    }
    yield from _costs(dimension, plays, effort)


def _playing(
    shape: Shape, effort: Effort, *, ticks: bool = True, record_requests: bool = False
) -> Play:
    blueprint = Blueprint.of(shape.scenario())
    times = max(effort.count(REQUESTS) // shape.requests, 1)
    return lambda: sum(
        play_blueprint(blueprint, number, ticks=ticks, record_requests=record_requests)
        for number in range(times)
    )


def _costs(
    dimension: str, plays: Mapping[str, Play], effort: Effort, *, even: bool = False
) -> Iterator[Figure]:
    costs = in_turn(
        dict(plays),
        warm_up={"": _playing(Shape(1_000), effort)},
        repeats=min(effort.repeats, REPEATS),
    )
    for level, values in costs.items():
        yield Figure(f"{dimension}: {level}", "us/request", values)
    medians = [median(values) for values in costs.values()]
    spread = max(medians) / min(medians)
    yield Figure(
        f"{dimension}: dearest / cheapest", "x", (spread,), at_most(EVEN) if even else None
    )
