"""What a request costs by part: drawn, prepared, served, booked.

The loops of the kernel are run over blocks of one segment, up to each part in turn; a part is the
difference to the one before. Small pieces and their lower quantile: the median of long ones would
measure what else the machine does.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numba import njit

from benchmarks.figures import Effort, Figure
from benchmarks.scenarios import Shape, plain_pair
from simab.draws import Draws
from simab.scenario.models import Scenario
from simab.world import Blueprint
from simab.world.compiled.arrivals import draw_block
from simab.world.compiled.booking import book
from simab.world.compiled.draws import OPTIONS
from simab.world.compiled.plane import CompiledPlane
from simab.world.compiled.preparing import prepare
from simab.world.compiled.serving import serve
from simab.world.compiled.streams import BLOCK
from simab.world.session import Session

__all__ = ["parts_of_a_request"]

_PARTS = ("draws and arrivals", "routing, service, outcome", "queues", "windows and labels")
_REQUESTS = 200_000
_BLOCKS_AT_ONCE = 20
_QUANTILE = 0.05


def parts_of_a_request(effort: Effort) -> Iterator[Figure]:
    """Everything on, and the plain pair: nanoseconds a request by part of the kernel."""
    loops = _loops()
    requests = effort.count(_REQUESTS, least=2 * _BLOCKS_AT_ONCE * BLOCK)
    for title, scenario in {
        "everything on": Shape(requests).scenario(),
        "the plain pair": plain_pair(requests),
    }.items():
        up_to_ns = _ns_a_request(scenario, requests, loops, effort.repeats)
        for part, spent_ns in zip(_PARTS, np.diff([0.0, *up_to_ns]).tolist(), strict=True):
            yield Figure(f"{title}: {part}", "ns wall", (spent_ns,))
        yield Figure(f"{title}: all", "ns wall", (up_to_ns[-1],))


def _ns_a_request(
    scenario: Scenario, requests: int, loops: Sequence[Callable[..., None]], repeats: int
) -> list[float]:
    blueprint = Blueprint.of(scenario)
    spent_ns: list[list[float]] = [[] for _ in loops]
    pieces = requests // (_BLOCKS_AT_ONCE * BLOCK) - 1  # what remains is before the horizon
    for _ in range(repeats):
        for loop, spent in zip(loops, spent_ns, strict=True):
            state = _state(Session(blueprint, Draws(1, 0))._plane)
            loop(state, 1)
            for _ in range(pieces):
                began_ns = time.perf_counter_ns()
                loop(state, _BLOCKS_AT_ONCE)
                spent.append((time.perf_counter_ns() - began_ns) / (_BLOCKS_AT_ONCE * BLOCK))
    return [float(np.quantile(spent, _QUANTILE)) for spent in spent_ns]


def _state(plane: Any) -> tuple[Any, ...]:
    assert isinstance(plane, CompiledPlane)
    return (
        plane._constants,
        plane._routing,
        plane._streams,
        plane._instances,
        plane._run_counts,
        plane._log,
        plane._position,
    )


def _loops() -> list[Callable[..., None]]:
    """The loops of the kernel over so many blocks: the first part, the first two, and so on."""
    end, only = np.int64(1 << 62), np.uint64(0)

    def loop(parts: int) -> Callable[..., None]:
        @njit(**OPTIONS)
        def go(state, blocks):  # type: ignore[no-untyped-def]
            constants, routing, streams, instances, counts, log, position = state
            for _ in range(blocks):
                streams[only].cursor = streams[only].booked = BLOCK
                draw_block(constants, streams, only)
                if parts > 1:
                    prepare(constants, routing, streams, only, 0)
                if parts > 2:
                    serve(constants, routing, streams, instances, counts, log, position, only, end)
                if parts > 3:
                    book(constants, routing, streams, instances, counts, log, only)

        return go  # type: ignore[no-any-return]

    return [loop(parts) for parts in range(1, len(_PARTS) + 1)]
