"""How large a run and a study are: memory and time, before anything is played."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from simab import units
from simab.scenario.models import Scenario
from simab.scenario.wording import duration_text, number_text
from simab.stats.label_totals import SCORE_BINS
from simab.stats.request_totals import LATENCY_BUCKETS

__all__ = [
    "MOST_RUN_BYTES",
    "MOST_STUDY_ROWS",
    "SCORED",
    "SizeForecast",
    "run_bytes",
    "size_of",
    "size_sentence",
]

MOST_RUN_BYTES: Final = 4 * 2**30
"""What the counts of one run may take: two runs at once, and the machine still has memory."""
MOST_STUDY_ROWS: Final = 2_000_000
"""Replications of all policies together; a row with its key takes about a kilobyte."""

SCORED: Final = frozenset({"classifier", "joint_table"})
"""Kinds of quality whose answers have scores, which are counted too."""

# Bytes of the arrays that a run counts in, by window or label bucket and variant.
_REQUEST_COUNTS: Final = 8 * 16
_LABEL_COUNTS: Final = 8 * 8
_SCORE_COUNTS: Final = 4 * 2 * SCORE_BINS
_REWARD_COUNTS: Final = 8 * 4
# Seconds on one processor, rounded up from benchmarks/results.md; no machine is measured here.
_PER_REQUEST_S: Final = 0.2e-6
_PER_LOOK_S: Final = 50e-6
_PER_RUN_S: Final = 5e-3


@dataclass(frozen=True, slots=True)
class SizeForecast:
    """What a study takes: requests and looks of a run, bytes of a run's counts, rows, seconds.

    `seconds` are those of one processor for the whole study, at stated rates of a usual machine.
    """

    requests: float
    looks: int
    run_bytes: int
    rows: int
    seconds: float


def run_bytes(windows: int, buckets: int, variants: int, *, scored: bool, earning: bool) -> int:
    """Memory of the counts of one run; both data planes count in the same arrays."""
    by_window = windows * variants * (_REQUEST_COUNTS + 4 * LATENCY_BUCKETS)
    per_bucket = _LABEL_COUNTS + scored * _SCORE_COUNTS + earning * _REWARD_COUNTS
    return by_window + buckets * variants * per_bucket


def size_of(scenario: Scenario) -> SizeForecast:
    """The forecast of a scenario's study."""
    horizon, period = scenario.horizon, scenario.metrics.period
    kinds = {variant.quality.kind for variant in scenario.endpoint.variants.values()}
    requests = math.fsum(each.rate for each in scenario.traffic.values()) * units.seconds(horizon)
    looks = (horizon - 1) // scenario.controller.interval
    rows = len(scenario.policies) * scenario.study.replications
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
        ),
        rows=rows,
        seconds=rows * run_s,
    )


def size_sentence(forecast: SizeForecast) -> str:
    """What the study takes, in words, with the rates that this rests on."""
    mebibytes = max(forecast.run_bytes / 2**20, 1.0)
    return (
        f"The study plays {number_text(forecast.rows)} runs: about "
        f"{duration_text(forecast.seconds)} on one processor, at {_PER_REQUEST_S * 1e6:g} us a "
        f"request and {_PER_LOOK_S * 1e6:g} us a look; a run counts in "
        f"{number_text(round(mebibytes))} MiB."
    )
