"""How large a run and a study are: memory and time, before anything is played."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from simab import units
from simab.scenario.memory import SCORED, counted_clients, run_bytes
from simab.scenario.models import Scenario
from simab.scenario.worlds import worlds_of
from simab.text.durations import duration_text
from simab.text.numbers import counted, number_text, two_figures

__all__ = [
    "SizeForecast",
    "size_of",
    "size_sentence",
]

# Seconds on one processor, rounded up from benchmarks/results.md; no machine is measured here.
_PER_REQUEST_S: Final = 0.2e-6
_PER_LOOK_S: Final = 50e-6
_PER_RUN_S: Final = 5e-3


@dataclass(frozen=True, slots=True)
class SizeForecast:
    """What a study takes: requests and looks of a run, bytes of a run's counts, rows, seconds.

    `worlds` counts those that differ. `seconds` are those of one processor for the whole study, at
    stated rates of a usual machine.
    """

    requests: float
    looks: int
    run_bytes: int
    worlds: int
    rows: int
    seconds: float


def size_of(scenario: Scenario) -> SizeForecast:
    """The forecast of a scenario's study, in all of its worlds.

    Raises:
        InvalidInput: a world cannot be made of the scenario.
    """
    horizon, period = scenario.horizon, scenario.metrics.period
    kinds = {variant.quality.kind for variant in scenario.endpoint.variants.values()}
    requests = math.fsum(each.rate for each in scenario.traffic.values()) * units.seconds(horizon)
    looks = (horizon - 1) // scenario.controller.interval
    worlds = sum(world.same_as is None for world in worlds_of(scenario))
    rows = len(scenario.policies) * scenario.study.replications * worlds
    run_s = requests * _PER_REQUEST_S + looks * _PER_LOOK_S + _PER_RUN_S
    return SizeForecast(
        requests=requests,
        looks=looks,
        run_bytes=run_bytes(
            -(-horizon // period),
            -(-horizon // math.gcd(period, scenario.controller.interval)),
            len(scenario.endpoint.variants),
            scored=bool(kinds & SCORED),
            earning="numeric_reward" in kinds,
            clients=counted_clients(scenario),
        ),
        worlds=worlds,
        rows=rows,
        seconds=rows * run_s,
    )


def _in_worlds(worlds: int) -> str:
    return f" in {worlds} worlds" if worlds > 1 else ""


def size_sentence(forecast: SizeForecast) -> str:
    """What the study takes, in words, with the rates that this rests on."""
    mebibytes = max(forecast.run_bytes / 2**20, 1.0)
    return (
        f"The study plays {counted(forecast.rows, 'run')}{_in_worlds(forecast.worlds)}: about "
        f"{duration_text(two_figures(forecast.seconds))} on one processor, at "
        f"{_PER_REQUEST_S * 1e6:g} us a request, {_PER_LOOK_S * 1e6:g} us a look and "
        f"{_PER_RUN_S * 1e3:g} ms a run; the counts of a run take "
        f"{number_text(round(mebibytes))} MiB."
    )
