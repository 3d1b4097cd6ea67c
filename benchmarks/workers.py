"""Wall time of a study with two local workers against one."""

from __future__ import annotations

import time
from collections.abc import Iterator

from benchmarks.figures import Effort, Figure, at_least
from benchmarks.scenarios import Shape
from simab import compare
from simab.study import local_workers

__all__ = ["two_workers"]

REPLICATIONS = 1_000
REQUESTS = 100_000
REPEATS = 3  # each takes the better part of a minute


def two_workers(effort: Effort) -> Iterator[Figure]:
    """1,000 replications of 100,000 requests, with the start of the workers and their end."""
    scenario = Shape(REQUESTS).scenario()
    replications = effort.count(REPLICATIONS, least=2)

    def study_s(workers: int) -> float:
        before_s = time.perf_counter()
        with local_workers(workers, scenario) as executor:
            compare(scenario, replications=replications, seed=1, executor=executor)
        return time.perf_counter() - before_s

    seconds: dict[int, list[float]] = {1: [], 2: []}
    for repeat in range(min(effort.repeats, REPEATS)):
        for workers in (1, 2) if repeat % 2 == 0 else (2, 1):
            seconds[workers].append(study_s(workers))
    ratios = tuple(one / two for one, two in zip(seconds[1], seconds[2], strict=True))
    yield Figure("one worker / two workers", "x wall", ratios, at_least(1.8))
    for workers, values in seconds.items():
        yield Figure(f"{workers} of them", "s wall", tuple(values))
