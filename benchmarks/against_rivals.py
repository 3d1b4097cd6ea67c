"""Cost a request against other programs, and against drawing the random numbers alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import numpy as np

from benchmarks.figures import Effort, Figure, Target, at_least, at_most
from benchmarks.measuring import Contender, Pairs, paired
from benchmarks.playing import play_scenario
from benchmarks.scenarios import Shape, plain_pair
from benchmarks.simpy_endpoint import play_simpy

__all__ = [
    "against_cimba",
    "against_ciw",
    "against_heap",
    "against_sfc64",
    "against_simpy",
    "load_cimba_first",
]

WORDS_DRAWN = 9
"""A block of four words for the service, one for the outcome, and a quarter of one for the
gap."""
WORDS_USED = 7
"""Of these the scenario needs: gap, variant, instance, latency, label, score, delay.

Error and never-labelled decide nothing where no such share is set.
"""
BUFFER = 4096


def load_cimba_first() -> None:
    """Cimba 0.9 teaches Numba its types, and comes too late once Numba has compiled anything.

    Called by the command and not done on import, since worker processes import this as well.
    """
    with suppress(ImportError):
        import cimba  # noqa: F401


def against_simpy(effort: Effort) -> Iterator[Figure]:
    """Everything on, against an idiomatic SimPy model of the same endpoint."""
    pairs = paired(
        lambda requests: play_simpy(Shape(requests)),
        _play_everything_on,
        (effort.count(200_000), effort.count(10_000_000)),
        repeats=effort.repeats,
    )
    yield from _figures("SimPy", pairs, at_least(400))


def against_cimba(effort: Effort) -> Iterator[Figure]:
    """The plain M/M/4 pair, against Cimba."""
    from benchmarks.cimba_pair import play_cimba

    yield from _on_the_pair("Cimba", play_cimba, (2_000_000, 10_000_000), effort, at_least(13))


def against_ciw(effort: Effort) -> Iterator[Figure]:
    """The plain M/M/4 pair, against Ciw."""
    from benchmarks.ciw_pair import play_ciw

    yield from _on_the_pair("Ciw", play_ciw, (20_000, 10_000_000), effort)


def against_heap(effort: Effort) -> Iterator[Figure]:
    """The plain M/M/4 pair, against a bare loop over a heap."""
    from benchmarks.heap_pair import play_heap

    yield from _on_the_pair("Pure-Python heap", play_heap, (200_000, 10_000_000), effort)


def against_sfc64(effort: Effort) -> Iterator[Figure]:
    """Everything on, against NumPy's SFC64 drawing as many doubles."""
    requests = effort.count(10_000_000)
    pairs = paired(
        _play_everything_on, _draw_sfc64, (requests, WORDS_DRAWN * requests), repeats=effort.repeats
    )
    for words, target in ((WORDS_DRAWN, at_most(2.8)), (WORDS_USED, None)):
        ratios = tuple(ratio / words for ratio in pairs.ratios)
        which = "drawn" if words == WORDS_DRAWN else "used"
        yield Figure(f"simab / SFC64 for the {words} words a request {which}", "x", ratios, target)
    yield Figure("simab", "us/request", pairs.first_us)
    yield Figure("SFC64", "ns/double", tuple(value * 1e3 for value in pairs.second_us))


def _on_the_pair(
    name: str,
    rival: Contender,
    counts: tuple[int, int],
    effort: Effort,
    target: Target | None = None,
) -> Iterator[Figure]:
    pairs = paired(
        rival,
        lambda requests: play_scenario(plain_pair(requests)),
        (effort.count(counts[0]), effort.count(counts[1])),
        repeats=effort.repeats,
    )
    yield from _figures(name, pairs, target)


def _figures(name: str, pairs: Pairs, target: Target | None) -> Iterator[Figure]:
    yield Figure(f"{name} / simab", "x", pairs.ratios, target)
    yield Figure(name, "us/request", pairs.first_us)
    yield Figure("simab", "us/request", pairs.second_us)


def _play_everything_on(requests: int) -> int:
    return play_scenario(Shape(requests).scenario())


def _draw_sfc64(doubles: int) -> int:
    generator = np.random.Generator(np.random.SFC64(1))
    buffer = np.empty(BUFFER)
    fills = -(-doubles // BUFFER)
    for _ in range(fills):
        generator.random(out=buffer)
    return fills * BUFFER
