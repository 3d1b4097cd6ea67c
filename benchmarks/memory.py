"""Peak memory against the number of requests, each in a fresh process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Effort, Figure, at_most
from benchmarks.scenarios import Shape

__all__ = ["many_windows", "peak_memory"]

PROBE = Path(__file__).with_name("memory_probe.py")
COUNTS = (1_000_000, 10_000_000, 100_000_000)
HORIZON_S = 3_600
RATE_PER_S = COUNTS[0] / HORIZON_S
WEEK_S, WEEK_RATE_PER_S = 7 * 24 * 3_600, 100
REPEATS = 3  # the spread is a few pages


def peak_memory(effort: Effort) -> Iterator[Figure]:
    """1, 10 and 100 million requests: in the same hour, and at the same rate."""
    _peak_mib(Shape(1_000))  # compiles, where nothing is cached yet
    peaks = {}
    for count in COUNTS:
        requests = effort.count(count)
        shape = Shape(requests, rate_per_s=requests / HORIZON_S)
        peaks[count] = _peaks_mib(shape, effort)
        yield Figure(f"{_millions(count)}, one hour", "MiB", peaks[count])
    ratio = tuple(a / b for a, b in zip(peaks[COUNTS[-1]], peaks[COUNTS[0]], strict=True))
    yield Figure("100 million / 1 million, one hour", "x", ratio, at_most(1.2))
    for count in COUNTS[1:]:
        shape = Shape(effort.count(count), rate_per_s=RATE_PER_S)
        hours = count // COUNTS[0]
        yield Figure(f"{_millions(count)}, {hours} hours", "MiB", _peaks_mib(shape, effort))


def many_windows(effort: Effort) -> Iterator[Figure]:
    """A week of windows of a second at 100 requests/s, and of minutes; answers right or wrong."""
    week = effort.count(WEEK_S)
    for period_s, target in ((60, None), (1, at_most(1_024))):
        shape = Shape(
            week * WEEK_RATE_PER_S,
            rate_per_s=WEEK_RATE_PER_S,
            windows=week // period_s,
            scored=False,
        )
        name = f"{week // 3_600:,} hours in windows of {period_s} s"
        yield Figure(name, "MiB", _peaks_mib(shape, effort), target)


def _peaks_mib(shape: Shape, effort: Effort) -> tuple[float, ...]:
    return tuple(_peak_mib(shape) for _ in range(min(effort.repeats, REPEATS)))


def _peak_mib(shape: Shape) -> float:
    done = subprocess.run(
        [sys.executable, str(PROBE)],
        input=shape.scenario().model_dump_json(),
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout.split()[1]) / 1024


def _millions(count: int) -> str:
    return f"{count // 1_000_000} million requests"
