"""What one rule does with one kind of candidate, over all its runs, as a row of a table.

The rows are written as CSV and read back, so that pages are made of what is committed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Final

from simab.analyse import RunSummary, Verdict
from simab.result import Mean, Proportion, Quantiles
from simab.result.columns import COLUMNS, RunLimits
from simab.stats.cost_intervals import cost_mean
from simab.stats.intervals import quantile_interval, share_interval
from validation.csv_rows import csv_text, read_rows

__all__ = ["CandidateRates", "rates_of", "read_rates", "share", "write_rates"]


@dataclass(frozen=True, slots=True)
class CandidateRates:
    """Runs of a rule by ending, its times to a decision, what it cost, when the control was alone.

    Times are in seconds and infinite beyond the horizon. `worse` is the mean number of requests of
    users on the worse variant, NaN where neither is worse. `control` runs end with all weighted
    traffic on the control; half of all runs have got there by `control_p50`.
    """

    version: str
    rule: str
    runs: int
    promoted: int
    kept: int
    rolled_back: int
    undecided: int
    decided_p10: float
    decided_p50: float
    decided_p90: float
    worse: float
    worse_low: float
    worse_high: float
    worse_approximate: bool
    control: int
    control_p50: float

    @property
    def promotions(self) -> Proportion:
        """The share of runs that promoted the candidate."""
        return share(self.promoted, self.runs)

    @property
    def stopped(self) -> Proportion:
        """The share of runs that kept the control or went back to it."""
        return share(self.kept + self.rolled_back, self.runs)

    @property
    def decided(self) -> Quantiles:
        """The times to a decision, NaN where a quantile lies beyond the horizon."""
        low, middle, high = (
            each if math.isfinite(each) else math.nan
            for each in (self.decided_p10, self.decided_p50, self.decided_p90)
        )
        return Quantiles(self.runs - self.undecided, low, middle, high, math.nan, math.nan)

    @property
    def requests_on_worse(self) -> Mean:
        """The mean number of requests on the worse variant, with its interval."""
        return Mean(self.worse, self.worse_low, self.worse_high, self.worse_approximate)


def share(count: int, runs: int) -> Proportion:
    """A share of runs with its 95 % interval."""
    interval = share_interval(count, runs)
    return Proportion(count, count / runs, interval.low, interval.high)


def rates_of(
    version: str, rule: str, control: str, rows: Sequence[RunSummary], *, one_is_worse: bool
) -> CandidateRates:
    """The row of these runs."""
    count = {verdict: sum(row.verdict is verdict for row in rows) for verdict in Verdict}
    # From the start on where nothing was moved.
    alone = [
        math.inf if row.ends_with != control or row.ends_with_since_s is None
        else row.ends_with_since_s
        for row in rows
    ]  # fmt: skip
    decided = [row.time_to_decision_s for row in rows]
    low, middle, high = (quantile_interval(decided, p).estimate for p in (0.1, 0.5, 0.9))
    worse, worse_low, worse_high, approximate = _worse(rows) if one_is_worse else _NEITHER
    return CandidateRates(
        version=version,
        rule=rule,
        runs=len(rows),
        promoted=count[Verdict.PROMOTED_CANDIDATE],
        kept=count[Verdict.KEPT_CONTROL],
        rolled_back=count[Verdict.ROLLED_BACK],
        undecided=count[Verdict.UNDECIDED],
        decided_p10=low,
        decided_p50=middle,
        decided_p90=high,
        worse=worse,
        worse_low=worse_low,
        worse_high=worse_high,
        worse_approximate=approximate,
        control=sum(map(math.isfinite, alone)),
        control_p50=quantile_interval(alone, 0.5).estimate,
    )


_NEITHER: Final = (math.nan, math.nan, math.nan, False)


def _worse(rows: Sequence[RunSummary]) -> tuple[float, float, float, bool]:
    column = COLUMNS["requests_on_worse"]
    values = column.values(rows)
    found = cost_mean(values, *column.range_of(values, RunLimits.of(rows)))
    return found.estimate, found.interval.low, found.interval.high, found.approximate


def write_rates(rates: Iterable[CandidateRates]) -> str:
    """All rows as CSV; empty where a number is not known or a time is beyond the horizon."""
    header = (field.name for field in fields(CandidateRates))
    return csv_text(header, ([_written(value) for value in astuple(each)] for each in rates))


def _written(value: object) -> object:
    if not isinstance(value, float):
        return value
    return f"{value:.9g}" if math.isfinite(value) else ""


def read_rates(path: Path) -> list[CandidateRates]:
    """The rows of a file that `write_rates` wrote."""
    return read_rows(path, CandidateRates, _absent)


def _absent(name: str) -> float:
    return math.nan if name.startswith("worse") else math.inf
