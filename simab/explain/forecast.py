"""How large a run and a study are: memory and time, before anything is played."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from simab.explain.measured_pace import MeasuredPace, measured_pace
from simab.scenario.memory import SCORED, expected_requests, run_bytes
from simab.scenario.models import Scenario
from simab.scenario.worlds import worlds_of
from simab.text.durations import duration_text
from simab.text.numbers import counted, number_text, two_figures

__all__ = [
    "SizeForecast",
    "size_of",
    "size_sentence",
    "usual_run_s",
]

# Seconds on one processor, rounded up from benchmarks/results.md; no machine is measured here.
_PER_REQUEST_S: Final = 0.2e-6
_PER_LOOK_S: Final = 50e-6
_PER_RUN_S: Final = 5e-3
_ROW_BYTES: Final = 1500
"""Of a row with its key in memory, while a study is played and its result is made."""


@dataclass(frozen=True, slots=True)
class SizeForecast:
    """What a study takes: requests and looks of a run, bytes of a run's counts, rows, seconds.

    `worlds` counts those that differ. `seconds` are those of one processor for the whole study, and
    `measured` says what they rest on: runs of this "scenario", or of "others", on this machine, or
    "nothing", so that rates stated for a usual machine are taken. `study_bytes` are those of the
    rows and of one run at a time.
    """

    requests: float
    looks: int
    run_bytes: int
    worlds: int
    rows: int
    seconds: float
    study_bytes: int
    measured: str


def size_of(scenario: Scenario) -> SizeForecast:
    """The forecast of a scenario's study, in all of its worlds.

    Raises:
        InvalidInput: a world cannot be made of the scenario.
    """
    kinds = {variant.quality.kind for variant in scenario.endpoint.variants.values()}
    requests = expected_requests(scenario)
    looks = (scenario.horizon - 1) // scenario.controller.interval
    worlds = sum(world.same_as is None for world in worlds_of(scenario))
    rows = len(scenario.policies) * scenario.study.replications * worlds
    of_a_run = run_bytes(scenario, scored=bool(kinds & SCORED), earning="numeric_reward" in kinds)
    run_s, measured = _seconds_of_a_run(usual_run_s(scenario), measured_pace(scenario))
    return SizeForecast(
        requests=requests,
        looks=looks,
        run_bytes=of_a_run,
        worlds=worlds,
        rows=rows,
        seconds=rows * run_s,
        study_bytes=of_a_run + rows * _ROW_BYTES,
        measured=measured,
    )


def usual_run_s(scenario: Scenario) -> float:
    """Processor time of a run at the rates stated for a usual machine."""
    looks = (scenario.horizon - 1) // scenario.controller.interval
    requests = expected_requests(scenario)
    return requests * _PER_REQUEST_S + looks * _PER_LOOK_S + _PER_RUN_S


def _seconds_of_a_run(usual_s: float, pace: MeasuredPace | None) -> tuple[float, str]:
    if pace is None:
        return usual_s, "nothing"
    if pace.run_s is not None:
        return pace.run_s, "scenario"
    return usual_s * pace.factor, "others"


def _in_worlds(worlds: int) -> str:
    return f" in {worlds} worlds" if worlds > 1 else ""


def size_sentence(forecast: SizeForecast) -> str:
    """What the study takes, in words, with what this rests on."""
    mebibytes = max(forecast.run_bytes / 2**20, 1.0)
    whole = max(forecast.study_bytes / 2**20, 1.0)
    return (
        f"The study plays {counted(forecast.rows, 'run')}{_in_worlds(forecast.worlds)}: about "
        f"{duration_text(two_figures(forecast.seconds))} on one processor, "
        f"{_RESTS_ON[forecast.measured]}; the counts of a run take "
        f"{number_text(round(mebibytes))} MiB, the study {number_text(round(whole))} MiB."
    )


_RESTS_ON: Final = {
    "scenario": "as its runs took when they were last played on this machine",
    "others": "by the runs of another scenario that were last played on this machine",
    "nothing": (
        f"at {_PER_REQUEST_S * 1e6:g} us a request, {_PER_LOOK_S * 1e6:g} us a look and "
        f"{_PER_RUN_S * 1e3:g} ms a run, as nothing was measured on this machine yet"
    ),
}
