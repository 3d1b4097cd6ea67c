"""The columns of outcomes that are averaged over runs, each declared once.

A column says how to read its value off a row, in which range it can lie, and how it is shown. CSV,
tables, the terminal, JSON and paired differences walk these declarations. VARIANT_COLUMNS have a
value for each variant, in files under `key[variant]`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from operator import attrgetter
from types import MappingProxyType
from typing import Final

from simab.result.run_summary import RunSummary

__all__ = ["COLUMNS", "VARIANT_COLUMNS", "Column", "RunLimits", "Shown", "Unit"]


@dataclass(frozen=True, slots=True)
class RunLimits:
    """What no run of a study can exceed.

    `shortfall` is by how much, at most, one request's expected metric misses the best variant's.
    Infinite where it is not known. The rest says whether a request can fail, be refused, or have a
    label that is still to come at the horizon, or break a guardrail: what no run can have needs no
    interval.
    """

    horizon_s: float = math.inf
    requests: float = math.inf
    shortfall: float = math.inf
    can_fail: bool = True
    can_be_refused: bool = True
    labels_come_late: bool = True
    guarded: bool = True

    @classmethod
    def of(
        cls,
        outcomes: Sequence[RunSummary],
        horizon_s: float = math.inf,
        shortfall: float = math.inf,
    ) -> RunLimits:
        """Limits of these rows, of requests the most that a run had; all else may happen."""
        most = max((outcome.requests_total for outcome in outcomes), default=0)
        return cls(horizon_s, float(most), shortfall)


class Unit(Enum):
    """What a column's numbers are, which says how they are written."""

    COUNT = "count"
    SHARE = "share of requests"
    SECONDS = "seconds"
    EXCESS_SECONDS = "seconds more than with equal variants"
    METRIC = "the objective's metric, added up over requests"
    GAIN = "the objective's metric"
    COST = "the currency of the scenario's prices"


class Shown(Enum):
    """Which table of the page has the column; every file has it anyway."""

    SUMMARY = "operating characteristics"
    COSTS = "what a run costs"
    HEALTH = "health"
    NOWHERE = "files only"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A number of each run: how to read it off a row, what it can be, and how it is shown.

    Its value is the attribute `key` of the row. It is at most `most`, infinite where only the
    policy or the traffic limits it, and never below 0, or, where it is `signed`, not further below
    than above. Runs are averaged with the interval of `simab.stats.cost_mean`.

    `title` and `note` head it in a table, `short` on the terminal (empty: not there); in the note
    `{worse}` stands for the worse variants, `{metric}` for the objective's metric, and in the title
    of a column with a value for each variant `{variant}` for that. `of_worse`: only a variant worse
    than the best adds to it, so tables have it only where one is. `where_known`: not every scenario
    says what it takes, so rows may lack it (None), and tables have it only where it is known.
    `of_some`: some runs of a policy may have it and others not; its mean is over those that do.
    `compared` are the words for more and for less of it where policies are compared in pairs (None:
    not). `spread`: the result also has its quantiles over runs.
    """

    key: str
    most: Callable[[RunLimits], float]
    signed: bool = False
    unit: Unit = Unit.COUNT
    title: str = ""
    note: str = "mean of a run"
    short: str = ""
    shown: Shown = Shown.NOWHERE
    of_worse: bool = False
    where_known: bool = False
    of_some: bool = False
    compared: tuple[str, str] | None = None
    spread: bool = False

    def values(self, outcomes: Sequence[RunSummary], variant: str | None = None) -> list[float]:
        """One value a run (NaN: not known); of a column by variant that of this one."""
        found = map(attrgetter(self.key), outcomes)
        chosen = [each if variant is None else each.get(variant, 0) for each in found]
        return [math.nan if each is None else float(each) for each in chosen]

    def range_of(self, values: Sequence[float], limits: RunLimits) -> tuple[float, float]:
        """What is possible; rounding may have carried a value a little further."""
        most = max(self.most(limits), *(abs(each) for each in values), 0.0)
        return -most if self.signed else 0.0, most


def _requests(limits: RunLimits) -> float:
    return limits.requests


def _breach(limits: RunLimits) -> float:
    return limits.horizon_s if limits.guarded else 0.0


def _failed(limits: RunLimits) -> float:
    return float(limits.can_fail)


def _all(_: RunLimits) -> float:
    return 1.0


def _refused(limits: RunLimits) -> float:
    return float(limits.can_be_refused)


def _in_error(limits: RunLimits) -> float:
    return float(limits.can_fail or limits.can_be_refused)


def _outstanding(limits: RunLimits) -> float:
    return limits.requests if limits.labels_come_late else 0.0


def _without_end(_: RunLimits) -> float:
    return math.inf


def _regret(limits: RunLimits) -> float:
    known = limits.requests and limits.shortfall
    return limits.requests * limits.shortfall if known else 0.0


_DECLARED: Final = (
    Column(
        key="requests_on_worse",
        most=_requests,
        title="Requests on worse variants",
        note="{worse}, mean",
        shown=Shown.SUMMARY,
        of_worse=True,
        compared=("more harm", "less harm"),
        spread=True,
    ),
    Column(key="requests_total", most=_without_end, title="Requests", shown=Shown.HEALTH),
    Column(
        key="failed_share",
        most=_failed,
        unit=Unit.SHARE,
        title="Failed requests",
        note="500, mean share",
        shown=Shown.HEALTH,
    ),
    Column(
        key="rejected_share",
        most=_refused,
        unit=Unit.SHARE,
        title="Refused requests",
        note="503, mean share",
        shown=Shown.HEALTH,
    ),
    Column(
        key="error_share",
        most=_in_error,
        unit=Unit.SHARE,
        title="Requests in error",
        note="500 or 503, mean",
        short="in error",
        shown=Shown.SUMMARY,
    ),
    Column(key="error_share_excess", most=_in_error, signed=True, unit=Unit.SHARE),
    Column(
        key="regret",
        most=_regret,
        unit=Unit.METRIC,
        title="Regret",
        note="{metric} {beyond} the best, summed over the answers of a run, mean",
        shown=Shown.COSTS,
        of_worse=True,
    ),
    Column(
        key="clients_on_worse",
        most=_requests,
        title="Clients on worse variants",
        note="{worse}, at least once, mean",
        shown=Shown.COSTS,
        of_worse=True,
        where_known=True,
    ),
    Column(
        key="cost_of_serving",
        most=_without_end,
        unit=Unit.COST,
        title="Cost of serving",
        note="requests and instance hours, mean",
        shown=Shown.COSTS,
        where_known=True,
    ),
    Column(
        key="cost_per_answer",
        most=_without_end,
        unit=Unit.COST,
        title="Cost of an answer",
        note="mean of runs",
        shown=Shown.COSTS,
        where_known=True,
    ),
    Column(key="guardrail_breach_s", most=_breach, unit=Unit.SECONDS),
    Column(
        key="guardrail_breach_excess_s",
        most=_breach,
        signed=True,
        unit=Unit.EXCESS_SECONDS,
        title="Guardrail breach",
        note="mean excess",
        short="breach in excess",
        shown=Shown.SUMMARY,
    ),
    Column(
        key="gain_estimate_error",
        most=_without_end,
        signed=True,
        unit=Unit.GAIN,
        title="Estimate less truth",
        note="estimated gain in {metric} of the promoted less its true gain, mean of the runs that "
        "promote a candidate by an estimate",
        shown=Shown.COSTS,
        where_known=True,
        of_some=True,
    ),
    Column(
        key="corrected_gain_error",
        most=_without_end,
        signed=True,
        unit=Unit.GAIN,
        title="Corrected estimate less truth",
        note="the same of the gain that is likeliest given that it was significant",
        shown=Shown.COSTS,
        where_known=True,
        of_some=True,
    ),
    Column(key="weight_changes", most=_without_end, title="Weight changes", shown=Shown.HEALTH),
    Column(key="actions_refused", most=_without_end, title="Refused actions", shown=Shown.HEALTH),
    # An endless queue could hold all requests of a run: a bound that says nothing.
    Column(
        key="in_flight_at_horizon",
        most=_without_end,
        title="In flight",
        note="at the horizon, mean",
        shown=Shown.HEALTH,
    ),
    Column(
        key="labels_outstanding",
        most=_outstanding,
        title="Labels outstanding",
        note="at the horizon, mean",
        shown=Shown.HEALTH,
    ),
)
COLUMNS: Final[Mapping[str, Column]] = MappingProxyType({each.key: each for each in _DECLARED})

_OF_VARIANTS: Final = (
    Column(key="requests_served", most=_requests, title="Answered by {variant}", shown=Shown.COSTS),
    Column(
        key="served_share",
        most=_all,
        unit=Unit.SHARE,
        title="Share of {variant}",
        note="of the answers, mean",
        shown=Shown.COSTS,
    ),
)
VARIANT_COLUMNS: Final[Mapping[str, Column]] = MappingProxyType(
    {each.key: each for each in _OF_VARIANTS}
)
