"""Play a run on an engine and say in which parts two runs differ, bit for bit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from hashlib import blake2b
from typing import Any

import numpy as np
import pytest

from simab.draws import Draws
from simab.policies import Action, Observation
from simab.run.simulation import Run, play_run
from simab.stats.label_totals import LabelTotals
from simab.stats.request_totals import RequestTotals
from simab.world import Blueprint
from simab.world.compiled import plane
from simab.world.compiled.plane import CompiledPlane
from simab.world.reference import traffic
from simab.world.run_counts import ARRAYS
from tests.world.drawn_runs import Play

__all__ = [
    "Played",
    "blocks_of_arrivals",
    "compiled_plane",
    "differences",
    "fingerprint",
    "play_on",
    "shown",
]


FRAMES = ("requests", "windows", "decisions", "splits", "scalings")
READINGS = 6  # how often in a run all metrics are read, which takes longer than playing it


@dataclass
class Watch:
    """A policy that asks what the script says, and keeps what it was shown at that moment."""

    play: Play
    seen: list[Any] = field(default_factory=list)

    def decide(self, state: int | None, observation: Observation) -> tuple[Any, int]:
        """The actions of this tick; the state counts the ticks."""
        tick = (state or 0) + 1
        scenario = self.play.scenario
        stride = max(scenario.horizon // scenario.controller.interval // READINGS, 1)
        self.seen.append(shown(observation, with_metrics=tick % stride == 0))
        return self.play.actions(tick), tick


@dataclass(frozen=True, slots=True)
class Played:
    """A run, and what its policy was shown."""

    run: Run
    seen: list[Any]


def play_on(
    engine: str,
    play: Play,
    *,
    record_requests: bool = True,
    blueprint: Blueprint | None = None,
) -> Played:
    """Play on one engine; a blueprint made before saves the time to tabulate the scenario."""
    watch = Watch(play)
    run = play_run(
        (blueprint or Blueprint.of(play.scenario)).counting(play.immature),
        ("watch", watch),
        Draws(play.seed, play.replication),
        engine=engine,
        record_requests=record_requests,
    )
    return Played(run, watch.seen)


@contextmanager
def compiled_plane(
    *, log_chunk: int | None = None, first_ring: int | None = None
) -> Iterator[None]:
    """Make the compiled plane keep its log in other chunks, or start with other rings."""
    with pytest.MonkeyPatch.context() as patch:
        if log_chunk is not None:
            patch.setattr(plane, "CompiledPlane", partial(CompiledPlane, log_chunk=log_chunk))
        if first_ring is not None:
            patch.setattr(plane, "_FIRST_RING", first_ring)
        yield


@contextmanager
def blocks_of_arrivals(size: int) -> Iterator[None]:
    """Make the reference draw so many arrivals at once: fewer are quicker in a short run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(traffic, "_CHUNK", size)
        yield


def differences(first: Played, second: Played, *, frames: bool = True) -> list[str]:
    """The parts in which two runs differ; none where they are the same bit for bit."""
    run_counts = zip(_arrays(first.run).items(), _arrays(second.run).items(), strict=True)
    found = [name for (name, one), (_, other) in run_counts if not _same(one, other)]
    if first.run.decision_log.decisions != second.run.decision_log.decisions:
        found.append("decisions")
    if first.run.decision_log.splits != second.run.decision_log.splits:
        found.append("splits")
    if first.run.decision_log.scalings != second.run.decision_log.scalings:
        found.append("scalings")
    if first.run.totals != second.run.totals:
        found.append("Run.totals")
    if first.seen != second.seen:
        found.append("what the policy saw")
    if frames:
        found += [
            f"Run.{name}"
            for name in FRAMES
            if not getattr(first.run, name).equals(getattr(second.run, name))
        ]
    return found


def fingerprint(played: Played) -> str:
    """A hash of all that `differences` compares: to keep many runs in little memory."""
    digest = blake2b(digest_size=16)
    for name, array in _arrays(played.run).items():
        if array is not None:
            digest.update(f"{name} {array.dtype} {array.shape}".encode())
            digest.update(np.ascontiguousarray(array).data)
    digest.update(repr((played.run.decision_log, played.seen)).encode())
    return digest.hexdigest()


def _arrays(run: Run) -> dict[str, Any]:
    run_counts = {f"run_counts.{name}": getattr(run.data.run_counts, name) for name in ARRAYS}
    return run_counts | {"records": run.data.records}


def _same(one: Any, other: Any) -> bool:
    if one is None or other is None:
        return one is other
    return one.dtype == other.dtype and np.array_equal(one, other)


def shown(observation: Observation, *, with_metrics: bool = True) -> tuple[Any, ...]:
    """A copy of an observation, whose metrics are otherwise read when they are asked for."""
    names = [
        *observation.weights,
        *(n for n in observation.instances if n not in observation.weights),
    ]
    values: tuple[Any, ...] = (
        observation.now_ns,
        observation.status,
        tuple(observation.weights.items()),
        tuple(observation.instances.items()),
        observation.metrics.published_until_ns,
        tuple(_words(refusal.action, refusal.reason) for refusal in observation.refused),
    )
    if with_metrics:
        metrics, until = observation.metrics, observation.now_ns
        assigned = metrics.assignments()
        values += (assigned.unit, assigned.split, tuple(assigned.counts.items()))
        values += tuple(
            (_requests(metrics.requests(name, 0, until)), _labels(metrics.labels(name)))
            for name in names
        )
    return values


def _words(action: Action, reason: str) -> tuple[str, str]:
    return repr(action), reason


def _requests(totals: RequestTotals) -> tuple[Any, ...]:
    return (
        totals.invocations,
        totals.answered,
        totals.failed,
        totals.rejected,
        totals.latency_sum_ns,
        blake2b(totals.latency_histogram.tobytes()).digest(),
    )


def _labels(totals: LabelTotals) -> tuple[Any, ...]:
    return (
        totals.confusion,
        totals.successes,
        totals.failures,
        totals.squared_error_sum,
        blake2b(totals.score_histogram.tobytes()).digest(),
        totals.rewards,
    )
